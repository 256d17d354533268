// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes that drop or replace messages, against a simple model of them, for
 * thousands of random messages of random size, type and priority.
 *
 * MBOX_STRESS multiplies the number of steps; MBOX_SEED is what they depend on.
 */
#include "mbox_test_policy.h"

#define STEPS	3000
#define ROOM	8
#define BYTES	100
#define LEN_MAX	40

struct letter {
	__u32 number;
	char rest[LEN_MAX - sizeof(__u32)];
};

struct entry {
	__u32 number;
	__u32 len;
	__u32 priority;
	__s64 type;
	__u64 order;
};

/* What a mailbox would hold; in no order. */
struct model {
	enum mbox_when_full when_full;
	struct entry entry[ROOM];
	int nr;
	__u32 bytes;
	__u64 last;
	__u64 missed;
	__u64 lost;
	__u64 replaced;
};

/* ---- the model -------------------------------------------------------------- */

static void take_out(struct model *m, struct entry *entry)
{
	m->bytes -= entry->len;
	*entry = m->entry[--m->nr];
}

static void put_in(struct model *m, const struct entry *entry)
{
	m->bytes += entry->len;
	m->entry[m->nr++] = *entry;
}

static bool fits(const struct model *m, const struct entry *new)
{
	return m->nr < ROOM && m->bytes + new->len <= BYTES;
}

/* The one to be received next. */
static struct entry *first_of(struct model *m)
{
	struct entry *best = m->nr ? m->entry : NULL;
	int i;

	for (i = 1; i < m->nr; i++) {
		struct entry *e = &m->entry[i];

		if (e->priority > best->priority ||
		    (e->priority == best->priority && e->order < best->order))
			best = e;
	}
	return best;
}

/* The one to be dropped next. */
static struct entry *victim_of(struct model *m)
{
	struct entry *best = m->nr ? m->entry : NULL;
	int i;

	for (i = 1; i < m->nr; i++) {
		struct entry *e = &m->entry[i];

		if (e->priority < best->priority ||
		    (e->priority == best->priority && e->order < best->order))
			best = e;
	}
	return best;
}

static struct entry *of_type(struct model *m, __s64 type)
{
	int i;

	for (i = 0; i < m->nr; i++)
		if (m->entry[i].type == type)
			return &m->entry[i];
	return NULL;
}

/* Drop what it takes, or nothing: then the new one does not fit. */
static void drop_for(struct model *m, const struct entry *new)
{
	struct model then = *m;
	struct entry *victim;

	while (!fits(&then, new)) {
		victim = victim_of(&then);
		if (!victim || victim->priority > new->priority)
			return;
		take_out(&then, victim);
		then.lost++;
		then.missed++;
	}
	*m = then;
}

static void replace_with(struct model *m, struct entry *new)
{
	struct entry *old = of_type(m, new->type);
	struct model then = *m;

	if (!old)
		return;
	take_out(&then, of_type(&then, new->type));
	if (!fits(&then, new))
		return;
	then.replaced++;
	then.missed++;
	if (old->priority == new->priority)
		new->order = old->order;
	*m = then;
}

static int model_send(struct model *m, struct entry *new)
{
	new->order = ++m->last;
	if (m->when_full == MBOX_FULL_DROP_OLDEST)
		drop_for(m, new);
	else
		replace_with(m, new);
	if (!fits(m, new))
		return -EAGAIN;
	put_in(m, new);
	return 0;
}

/* ---- the mailbox ------------------------------------------------------------- */

FIXTURE(model) {
	int dev;
	int box;
	unsigned int seed;
	unsigned int steps;
	struct model model;
};

FIXTURE_VARIANT(model) {
	enum mbox_when_full when_full;
};

FIXTURE_VARIANT_ADD(model, drop_oldest) {
	.when_full = MBOX_FULL_DROP_OLDEST,
};

FIXTURE_VARIANT_ADD(model, conflate) {
	.when_full = MBOX_FULL_CONFLATE,
};

FIXTURE_SETUP(model)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL, .when_full = variant->when_full,
			      .max_msgs = ROOM, .msg_size = LEN_MAX,
			      .max_bytes = BYTES);
	ASSERT_LE(0, self->box);
	self->model.when_full = variant->when_full;
	self->seed = atoi(getenv("MBOX_SEED") ?: "1");
	self->steps = STEPS * atoi(getenv("MBOX_STRESS") ?: "1");
}

FIXTURE_TEARDOWN(model)
{
	MT_TEARDOWN(self->dev);
}

static int box_send(int box, const struct entry *new)
{
	struct letter letter = { .number = new->number };
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&letter,
		.len = new->len,
		.type = new->type,
		.priority = new->priority,
	};

	return mt_sendmsg(box, &msg);
}

/* Does the mailbox give what the model does, and say the same of it? */
static bool recv_same(int box, struct model *m)
{
	struct entry *want = first_of(m);
	struct letter letter;
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&letter,
		.buf_size = sizeof(letter),
	};
	int ret = mt_recvmsg(box, &msg);
	bool same;

	if (!want)
		return ret == -EAGAIN;
	same = !ret && letter.number == want->number && msg.len == want->len &&
	       msg.type == want->type && msg.priority == want->priority &&
	       msg.missed == m->missed;
	if (!same)
		fprintf(stderr, "# %d: %u, not %u; missed %llu, not %llu\n",
			ret, letter.number, want->number,
			(unsigned long long)msg.missed,
			(unsigned long long)m->missed);
	m->missed = 0;
	take_out(m, want);
	return same;
}

static bool state_same(int box, const struct model *m)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.msgs == m->nr && stat.bytes == m->bytes &&
	       stat.lost == m->lost && stat.replaced == m->replaced;
}

TEST_F_TIMEOUT(model, is_what_the_mailbox_does, 120)
{
	struct model *model = &self->model;
	unsigned int step, *seed = &self->seed;

	for (step = 0; step < self->steps; step++) {
		struct entry new = {
			.number = step,
			.len = 4 + rand_r(seed) % (LEN_MAX - 3),
			.priority = rand_r(seed) % 3,
			.type = (rand_r(seed) % 5) - 2,
		};

		if (rand_r(seed) % 4) {
			ASSERT_EQ(model_send(model, &new),
				  box_send(self->box, &new));
		} else {
			ASSERT_TRUE(recv_same(self->box, model));
		}
		ASSERT_TRUE(state_same(self->box, model));
	}
	while (model->nr)
		ASSERT_TRUE(recv_same(self->box, model));
	EXPECT_LT(0, model->lost + model->replaced);
}

TEST_HARNESS_MAIN
