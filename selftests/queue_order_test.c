// SPDX-License-Identifier: GPL-2.0
/*
 * The order of messages, compared with a plain model of it: a mailbox whose depth
 * swings between none and more than a hundred, so that messages go in and out at
 * the front, at the end, and anywhere between, in what is short and what is long.
 * Many mailboxes, as each begins anew and is searched from some moment on.
 *
 * MBOX_STRESS multiplies the number of mailboxes; MBOX_SEED is what all depends on.
 */
#include "mbox_test_queue.h"

#define MAILBOXES	20
#define STEPS		500

FIXTURE(order) {
	int dev;
	struct mt_queue queue;
};

FIXTURE_VARIANT(order) {
	unsigned int priorities;	/* at most */
	unsigned int types;
	bool searched;
};

FIXTURE_VARIANT_ADD(order, few_priorities) {
	.priorities = 3,
	.types = 1,
};

FIXTURE_VARIANT_ADD(order, many_priorities) {
	.priorities = MBOX_PRIORITY_MAX + 1,
	.types = 1,
};

FIXTURE_VARIANT_ADD(order, few_priorities_searched) {
	.priorities = 3,
	.types = 500,
	.searched = true,
};

FIXTURE_VARIANT_ADD(order, many_priorities_searched) {
	.priorities = MBOX_PRIORITY_MAX + 1,
	.types = 500,
	.searched = true,
};

FIXTURE_VARIANT_ADD(order, few_types_searched) {
	.priorities = 3,
	.types = 4,
	.searched = true,
};

FIXTURE_SETUP(order)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->queue.seed = mt_seed();
}

FIXTURE_TEARDOWN(order)
{
	MT_TEARDOWN(self->dev);
}

static bool send_one(struct mt_queue *q)
{
	struct mt_item new = mt_queue_draw(q);
	struct mbox_send msg = {};

	mt_queue_sent(q, &new);
	return !mt_item_send(q->box, &new, &msg);
}

static bool send_some(struct mt_queue *q)
{
	int nr = 1 + mt_draw(&q->seed, MT_BATCH), number[MT_BATCH], error, i;
	struct mbox_send_item items[MT_BATCH];

	for (i = 0; i < nr; i++) {
		struct mt_item new = mt_queue_draw(q);

		mt_queue_sent(q, &new);
		number[i] = new.number;
		items[i] = (struct mbox_send_item){
			.buf = (uintptr_t)&number[i],
			.len = new.len,
			.priority = new.priority,
			.type = new.type,
		};
	}
	return mt_send_batch(q->box, items, nr, MBOX_DONTWAIT, &error) == nr &&
	       !error;
}

static bool do_step(struct mt_queue *q)
{
	if (!mt_queue_grows(q))
		return mt_queue_other(q);
	return mt_draw(&q->seed, 20) ? send_one(q) : send_some(q);
}

TEST_F_TIMEOUT(order, is_that_of_the_model, 240)
{
	int nr = MAILBOXES * atoi(getenv("MBOX_STRESS") ?: "1"), i, step;
	struct mt_queue *q = &self->queue;

	for (i = 0; i < nr; i++) {
		int box = mt_mailbox(self->dev, NULL, MT_RW), from;

		ASSERT_LE(0, box);
		mt_queue_begin(q, box,
			       1 + mt_draw(&q->seed, variant->priorities),
			       variant->types);
		from = mt_draw(&q->seed, STEPS);
		for (step = 0; step < STEPS; step++) {
			q->searched = variant->searched && step >= from;
			ASSERT_TRUE(do_step(q) && mt_queue_same(q)) {
				TH_LOG("MBOX_SEED=%u: mailbox %d, step %d, %u queued",
				       mt_seed(), i, step, q->queued.nr);
			}
		}
		ASSERT_TRUE(mt_queue_drain(q)) {
			TH_LOG("MBOX_SEED=%u: mailbox %d, at its end",
			       mt_seed(), i);
		}
		close(box);
	}
}

TEST_HARNESS_MAIN
