// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are dropped or replaced, compared with a plain model of it, in
 * mailboxes whose depth swings between none and more than a hundred. Among them
 * are calls, which stay.
 *
 * MBOX_STRESS multiplies the number of mailboxes; MBOX_SEED is what all depends on.
 */
#include "mbox_test_policy.h"
#include "mbox_test_queue.h"

#define MAILBOXES	20
#define STEPS		500
#define CALLS		16	/* at a time; they are passed over, in some steps */

struct room {
	enum mbox_when_full when_full;
	__u32 max_msgs;
	__u32 max_bytes;
	int back;		/* for replies */
};

FIXTURE(policy) {
	int dev;
	struct room room;
	struct mt_queue queue;
};

FIXTURE_VARIANT(policy) {
	enum mbox_when_full when_full;
	unsigned int priorities;	/* at most */
	bool searched;
};

FIXTURE_VARIANT_ADD(policy, drop_of_few_priorities) {
	.when_full = MBOX_FULL_DROP_OLDEST,
	.priorities = 4,
};

FIXTURE_VARIANT_ADD(policy, drop_of_many_priorities) {
	.when_full = MBOX_FULL_DROP_OLDEST,
	.priorities = 1000,
};

FIXTURE_VARIANT_ADD(policy, drop_where_searched) {
	.when_full = MBOX_FULL_DROP_OLDEST,
	.priorities = 4,
	.searched = true,
};

FIXTURE_VARIANT_ADD(policy, conflate_few_priorities) {
	.when_full = MBOX_FULL_CONFLATE,
	.priorities = 3,
	.searched = true,
};

FIXTURE_VARIANT_ADD(policy, conflate_many_priorities) {
	.when_full = MBOX_FULL_CONFLATE,
	.priorities = 1000,
	.searched = true,
};

FIXTURE_SETUP(policy)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->room.when_full = variant->when_full;
	self->queue.seed = mt_seed();
}

FIXTURE_TEARDOWN(policy)
{
	MT_TEARDOWN(self->dev);
}

static bool fits(const struct room *room, const struct mt_items *queued,
		 const struct mt_items *held, const struct mt_item *new)
{
	__u32 bytes = new->len;
	unsigned int i;

	for (i = 0; i < queued->nr; i++)
		bytes += queued->at[i].len;
	for (i = 0; i < held->nr; i++)
		bytes += held->at[i].len;
	return queued->nr + held->nr < room->max_msgs &&
	       bytes <= room->max_bytes;
}

/* The oldest of the lowest priority that may be dropped, or -1. */
static int victim_of(const struct mt_items *queued, __u32 priority)
{
	int i = queued->nr, best = -1;

	while (i--) {
		if (queued->at[i].call)
			continue;
		if (best >= 0 && queued->at[i].priority > queued->at[best].priority)
			break;
		best = i;
	}
	return best >= 0 && queued->at[best].priority <= priority ? best : -1;
}

/* Drop what it takes, or nothing: then the new one does not fit. */
static void drop_for(struct mt_queue *q, const struct room *room,
		     const struct mt_item *new)
{
	struct mt_items rest = q->queued;
	int victim;

	while (!fits(room, &rest, &q->held, new)) {
		victim = victim_of(&rest, new->priority);
		if (victim < 0)
			return;
		mt_items_remove(&rest, victim);
	}
	q->missed += q->queued.nr - rest.nr;
	q->queued = rest;
}

/* Replace the first one of the same type, if there is one. */
static void replace_with(struct mt_queue *q, struct mt_item *new)
{
	struct mt_item old;
	unsigned int i;

	for (i = 0; i < q->queued.nr; i++)
		if (q->queued.at[i].type == new->type && !q->queued.at[i].call)
			break;
	if (i == q->queued.nr || new->call)
		return;
	old = mt_items_remove(&q->queued, i);
	q->missed++;
	if (old.priority == new->priority)
		new->seq = old.seq;
}

static unsigned int calls_of(const struct mt_items *items)
{
	unsigned int i, n = 0;

	for (i = 0; i < items->nr; i++)
		n += items->at[i].call;
	return n;
}

/* Most are small, some need the room of many. */
static bool send_one(struct mt_queue *q, const struct room *room)
{
	struct mt_item new = mt_queue_draw(q);
	struct mbox_send msg = {};
	int ret;

	if (!mt_draw(&q->seed, 8))
		new.len *= MT_WORDS;
	if (!mt_draw(&q->seed, 5) &&
	    calls_of(&q->queued) + calls_of(&q->held) < CALLS) {
		new.call = true;
		msg.flags = MBOX_ASYNC;
		msg.reply_fd = room->back;
	}
	ret = mt_item_send(q->box, &new, &msg);
	if (room->when_full == MBOX_FULL_DROP_OLDEST)
		drop_for(q, room, &new);
	else
		replace_with(q, &new);
	if (!fits(room, &q->queued, &q->held, &new))
		return ret == -EAGAIN;
	mt_queue_sent(q, &new);
	return !ret;
}

TEST_F_TIMEOUT(policy, is_that_of_the_model, 240)
{
	unsigned int nr = MAILBOXES * atoi(getenv("MBOX_STRESS") ?: "1");
	unsigned int i, step, from;
	struct mt_queue *q = &self->queue;
	struct room *room = &self->room;
	int box;

	for (i = 0; i < nr; i++) {
		room->max_msgs = 1 + mt_draw(&q->seed, MT_DEPTH);
		if (variant->when_full != MBOX_FULL_DROP_OLDEST)
			room->max_msgs = MT_ITEMS;
		room->max_bytes = 6 * room->max_msgs + 64;
		room->back = mt_mailbox(self->dev, NULL, MT_RW);
		ASSERT_LE(0, room->back);
		box = MT_POLICY(self->dev, NULL, .when_full = room->when_full,
				.max_msgs = room->max_msgs,
				.max_bytes = room->max_bytes);
		ASSERT_LE(0, box);
		mt_queue_begin(q, box,
			       1 + mt_draw(&q->seed, variant->priorities),
			       1 + mt_draw(&q->seed, 400));
		from = mt_draw(&q->seed, STEPS);
		for (step = 0; step < STEPS; step++) {
			q->searched = variant->searched && step >= from;
			ASSERT_TRUE((mt_queue_grows(q) ? send_one(q, room) :
							 mt_queue_other(q)) &&
				    mt_queue_same(q)) {
				TH_LOG("MBOX_SEED=%u: mailbox %u, step %u, %u queued",
				       mt_seed(), i, step, q->queued.nr);
			}
		}
		ASSERT_TRUE(mt_queue_drain(q)) {
			TH_LOG("MBOX_SEED=%u: mailbox %u, at its end",
			       mt_seed(), i);
		}
		close(box);
		close(room->back);
	}
}

TEST_HARNESS_MAIN
