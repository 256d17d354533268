// SPDX-License-Identifier: GPL-2.0
/* What went wrong, in words and as an exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

static void complain_va(const char *object, const char *fmt, va_list args)
{
	/* What was said before on standard output comes before. */
	fflush(stdout);
	fputs("mboxctl: ", stderr);
	if (command)
		fputs(command->name, stderr);
	if (command && object)
		fprintf(stderr, " %s", printable(object));
	if (command)
		fputs(": ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void complain(const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain_va(object, fmt, args);
	va_end(args);
}

void usage_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain_va(NULL, fmt, args);
	va_end(args);
	exit(STATUS_USAGE);
}

int status_of(int err)
{
	switch (-err) {
	case 0:
		return STATUS_OK;
	case ENOENT:
		return STATUS_NO_ENTRY;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case EAGAIN:
	case ETIMEDOUT:
		return STATUS_NOT_NOW;
	case EPIPE:
		return STATUS_GONE;
	case EDQUOT:
	case ENOSPC:
		return STATUS_LIMIT;
	default:
		return STATUS_ERROR;
	}
}

static const char *words(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such mailbox or region";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EEXIST:
		return "the name is taken";
	case EPIPE:
		return "gone: it has ended, or nobody can come to its other side";
	case ENAMETOOLONG:
		return "the name is too long";
	default:
		return strerror(-err);
	}
}

int fail(const char *object, int err)
{
	complain(object, "%s", words(err));
	return status_of(err);
}

struct text {
	char buf[256];
	size_t len;
};

PRINTF_LIKE(2, 3)
static void add(struct text *text, const char *fmt, ...)
{
	size_t room = sizeof(text->buf) - text->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->buf + text->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		text->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* Who has the largest part of the total; says no more than is known. */
static void add_share(struct text *text, const struct mbox_refusal *refusal,
		      __u64 total)
{
	if (!refusal->used)
		return;
	add(text, ", %s (%llu) from user %s",
	    refusal->used > total / 2 ? "most of them" : "the largest part",
	    refusal->used, user_name(refusal->uid));
}

static void add_full(struct text *text, int fd,
		     const struct mbox_refusal *refusal)
{
	bool msgs = refusal->limit == MBOX_LIMIT_MSGS;
	struct mbox_stat st = { };
	__u64 used = refusal->max;

	/* The refusal tells of one user; how full it is, the mailbox knows. */
	if (mbox_stat(fd, &st) >= 0)
		used = msgs ? (__u64)st.msgs + st.held : st.bytes;
	add(text, "full: %llu of %llu %s", used,
	    refusal->max, msgs ? "messages" : "bytes");
	add_share(text, refusal, used);
	if (st.waiting_senders)
		add(text, ", waiting senders: %u", st.waiting_senders);
}

int fail_refused(const char *object, int err, int fd,
		 const struct mbox_refusal *refusal)
{
	struct text text = { };

	switch (refusal->limit) {
	case MBOX_LIMIT_NONE:
		return fail(object, err);
	case MBOX_LIMIT_MSGS:
	case MBOX_LIMIT_BYTES:
		add_full(&text, fd, refusal);
		break;
	case MBOX_LIMIT_NS_OBJECTS:
		add(&text, "limit reached: %llu objects in the namespace",
		    refusal->max);
		add_share(&text, refusal, refusal->max);
		break;
	default:
		add(&text, "limit reached: %s: %llu of %llu used by user %s",
		    mbox_limit_name(refusal->limit), refusal->used,
		    refusal->max, user_name(refusal->uid));
	}
	complain(object, "%s%s", err == -ETIMEDOUT ? "timed out: " : "",
		 text.buf);
	return status_of(err);
}
