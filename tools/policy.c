// SPDX-License-Identifier: GPL-2.0
/* How a mailbox delivers: the words for it, on command lines and in tables. */
#include <ctype.h>
#include <string.h>

#include "mboxctl.h"

/* Each list ends with a NULL. */
static const char * const full_words[] = {
	[MBOX_FULL_BLOCK] = "block",
	[MBOX_FULL_FAIL] = "fail",
	[MBOX_FULL_DROP_OLDEST] = "drop-oldest",
	[MBOX_FULL_CONFLATE] = "conflate",
	NULL
};

static const char * const turns_words[] = {
	[MBOX_TURNS_FIRST_COME] = "first-come",
	[MBOX_TURNS_ROUND_ROBIN] = "round-robin",
	[MBOX_TURNS_PRIORITY] = "priority",
	NULL
};

static const char * const receivers_words[] = {
	[MBOX_RECEIVERS_ANY] = "any",
	[MBOX_RECEIVERS_EXCLUSIVE] = "exclusive",
	[MBOX_RECEIVERS_LINK] = "link",
	[MBOX_RECEIVERS_BROADCAST] = "broadcast",
	NULL
};

/* A kernel that is newer than we are may have more of them. */
static const char *word_of(const char * const *words, __u32 value)
{
	while (*words && value--)
		words++;
	return *words ?: "unknown";
}

const char *when_full_word(__u32 when_full)
{
	return word_of(full_words, when_full);
}

const char *turns_word(__u32 turns)
{
	return word_of(turns_words, turns);
}

const char *receivers_word(__u32 receivers)
{
	return word_of(receivers_words, receivers);
}

const char *capacity_word(__u32 state)
{
	if (state & MBOX_STATE_RENDEZVOUS)
		return "rendezvous";
	return state & MBOX_STATE_UNBOUNDED ? "unbounded" : "bounded";
}

/* Which of the words the len bytes are. */
static bool find_word(const char * const *words, const char *word, size_t len,
		      __u32 *value)
{
	__u32 i;

	for (i = 0; words[i]; i++) {
		if (strlen(words[i]) == len && !memcmp(words[i], word, len)) {
			*value = i;
			return true;
		}
	}
	return false;
}

const char *opt_when_full(const char *arg, void *value)
{
	return find_word(full_words, arg, strlen(arg), value) ? NULL :
		"is none of block, fail, drop-oldest and conflate";
}

const char *opt_capacity(const char *arg, void *value)
{
	struct mbox_create *attr = value;

	if (isdigit((unsigned char)*arg))
		return opt_count(arg, &attr->max_msgs);
	if (!strcmp(arg, "rendezvous"))
		attr->flags |= MBOX_CREATE_RENDEZVOUS;
	else if (!strcmp(arg, "unbounded"))
		attr->flags |= MBOX_CREATE_UNBOUNDED;
	else
		return "is neither a number, nor rendezvous or unbounded";
	return NULL;
}

const char *opt_policy(const char *arg, void *value)
{
	struct mbox_create *attr = value;
	bool turns = false, receivers = false;
	bool *given;
	size_t len;

	for (;; arg += len + 1) {
		len = strcspn(arg, ",");
		if (find_word(turns_words, arg, len, &attr->turns))
			given = &turns;
		else if (find_word(receivers_words, arg, len,
				   &attr->receivers))
			given = &receivers;
		else
			return "has an unknown word, see mboxctl(1)";
		if (*given)
			return "has words that exclude each other";
		*given = true;
		if (!arg[len])
			return NULL;
	}
}
