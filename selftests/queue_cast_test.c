// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcasts, compared with a plain model of them, whose depth swings between
 * none and more than a hundred: each endpoint is at another place of it, and
 * gets all from there on, or learns how many it has missed.
 *
 * MBOX_STRESS multiplies the number of mailboxes; MBOX_SEED is what all depends on.
 */
#include "mbox_test_policy.h"
#include "mbox_test_queue.h"

#define MAILBOXES	20
#define STEPS		500
#define EARS		3

/* One that listens. */
struct ear {
	int fd;
	int next;		/* the number that it gets, if that is there */
	int back;		/* one that has come back to it, or -1 */
	__u64 missed;
};

/* Numbers are one below what the mailbox counts. */
struct cast {
	char *name;
	int box;		/* open to send only */
	unsigned int seed;
	unsigned int goal;
	int max;
	int first;		/* of those that are there */
	int last;		/* one more than that of the last of these */
	struct ear ear[EARS];
};

FIXTURE(cast) {
	int dev;
	struct cast cast;
};

FIXTURE_VARIANT(cast) {
	enum mbox_when_full when_full;
};

FIXTURE_VARIANT_ADD(cast, keep) {
	.when_full = MBOX_FULL_BLOCK,
};

FIXTURE_VARIANT_ADD(cast, drop_oldest) {
	.when_full = MBOX_FULL_DROP_OLDEST,
};

FIXTURE_SETUP(cast)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->cast.seed = mt_seed();
}

FIXTURE_TEARDOWN(cast)
{
	MT_TEARDOWN(self->dev);
}

/* Begin to listen, once more if @ear has before. */
static bool cast_open(struct cast *c, int dev, struct ear *ear)
{
	if (ear->fd)
		close(ear->fd);
	*ear = (struct ear){
		.fd = mt_open(dev, c->name, MBOX_O_READ),
		.next = c->last,
		.back = -1,
	};
	return ear->fd >= 0;
}

/* What all have received is gone. */
static bool cast_same(struct cast *c)
{
	int least = c->last, i;

	for (i = 0; i < EARS; i++)
		if (c->ear[i].next < least)
			least = c->ear[i].next;
	if (c->first < least)
		c->first = least;
	return mt_stat_of(c->box).msgs == c->last - c->first;
}

static bool cast_send(struct cast *c, bool drops)
{
	int ret = mt_send_number(c->box, c->last, 0, 0);

	if (c->last - c->first == c->max) {
		if (!drops)
			return ret == -EAGAIN;
		c->first++;
	}
	c->last++;
	return !ret;
}

/* What comes next: it has come back, or it is there; -1 if neither is so. */
static int cast_next(struct cast *c, struct ear *ear)
{
	int next = ear->next > c->first ? ear->next : c->first;

	if (ear->back >= 0)
		return ear->back;
	return next < c->last ? next : -1;
}

/* It leaves what is there, and what was before it was missed. */
static void cast_pass(struct ear *ear, int number)
{
	if (number == ear->back) {
		ear->back = -1;
		return;
	}
	ear->missed += number - ear->next;
	ear->next = number + 1;
}

static bool cast_recv(struct cast *c, struct ear *ear, bool peek)
{
	int want = cast_next(c, ear), number;
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	__u64 missed = ear->missed;

	if (peek)
		msg.flags |= MBOX_PEEK;
	number = mt_recv_number(ear->fd, &msg);
	if (want < 0)
		return number == -EAGAIN;
	if (want != ear->back)
		missed += want - ear->next;
	if (!peek) {
		cast_pass(ear, want);
		ear->missed = 0;
	}
	if (number == want && msg.seq == want + 1 && msg.missed == missed)
		return true;
	fprintf(stderr, "# %d, not %d; missed %llu, not %llu\n", number, want,
		(unsigned long long)msg.missed, (unsigned long long)missed);
	return false;
}

/* It cannot be taken, and comes back, to this one alone. */
static bool cast_fail(struct cast *c, struct ear *ear)
{
	int want = cast_next(c, ear);
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT, .buf_size = 4 };
	int ret = mt_recvmsg(ear->fd, &msg);

	if (want < 0)
		return ret == -EAGAIN;
	cast_pass(ear, want);
	ear->back = want;
	return ret == -EFAULT;
}

static bool cast_purge(struct cast *c, struct ear *ear)
{
	int ret = mt_purge(ear->fd), n = 0, number;

	for (; (number = cast_next(c, ear)) >= 0; n++)
		cast_pass(ear, number);
	return ret == n;
}

static bool cast_step(struct cast *c, int dev, bool drops)
{
	struct ear *ear = &c->ear[mt_draw(&c->seed, EARS)];
	int n;

	if (mt_grows(&c->seed, &c->goal, c->last - c->first))
		return cast_send(c, drops);
	switch (mt_draw(&c->seed, 12)) {
	case 0:
		return cast_recv(c, ear, true);
	case 1:
		return cast_fail(c, ear);
	case 2:
		return mt_draw(&c->seed, 10) || cast_purge(c, ear);
	case 3:
		return mt_draw(&c->seed, 10) || cast_open(c, dev, ear);
	default:
		/* one is further behind than another */
		for (n = mt_draw(&c->seed, 8); n; n--)
			if (!cast_recv(c, ear, false))
				return false;
		return true;
	}
}

TEST_F_TIMEOUT(cast, is_that_of_the_model, 240)
{
	bool drops = variant->when_full == MBOX_FULL_DROP_OLDEST;
	struct cast *c = &self->cast;
	unsigned int nr = MAILBOXES * atoi(getenv("MBOX_STRESS") ?: "1");
	unsigned int i, j, step;

	for (i = 0; i < nr; i++) {
		*c = (struct cast){
			.seed = c->seed,
			.name = mt_name("cast"),
			.max = 1 + mt_draw(&c->seed, MT_DEPTH),
		};
		c->box = mt_broadcast(self->dev, c->name, variant->when_full,
				      c->max);
		ASSERT_LE(0, c->box);
		for (j = 0; j < EARS; j++)
			ASSERT_TRUE(cast_open(c, self->dev, &c->ear[j]));
		for (step = 0; step < STEPS; step++)
			ASSERT_TRUE(cast_step(c, self->dev, drops) &&
				    cast_same(c)) {
				TH_LOG("MBOX_SEED=%u: mailbox %u, step %u, %d queued",
				       mt_seed(), i, step, c->last - c->first);
			}
		EXPECT_EQ(0, mt_unlink(self->dev, c->name));
		free(c->name);
		close_range(self->dev + 1, ~0U, 0);
	}
}

TEST_HARNESS_MAIN
