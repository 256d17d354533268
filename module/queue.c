// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in the order in which they are received: the highest priority
 * first, the oldest of these first. The tree is within the messages, so that
 * nothing here can fail. The caller holds the lock of whatever the queue is in.
 *
 * Both ends are kept at hand: most messages go in behind the last and are taken
 * out at the front.
 */
#include "mbox.h"

static struct mbox_msg *mbox_queue_entry(struct rb_node *node)
{
	return rb_entry(node, struct mbox_msg, order);
}

/* No two messages of a queue have the same @seq. */
static bool mbox_queue_before(const struct mbox_msg *a, const struct mbox_msg *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->seq < b->seq;
}

void mbox_queue_init(struct mbox_queue *q)
{
	q->root = RB_ROOT_CACHED;
	q->last = NULL;
	q->count = 0;
}

void mbox_queue_insert(struct mbox_queue *q, struct mbox_msg *msg)
{
	struct rb_node **link = &q->root.rb_root.rb_node, *parent = NULL;
	bool first = true, last = true;

	if (q->last && mbox_queue_before(mbox_queue_entry(q->last), msg)) {
		parent = q->last;
		link = &parent->rb_right;
		first = false;
	}
	while (*link) {
		parent = *link;
		if (mbox_queue_before(msg, mbox_queue_entry(parent))) {
			link = &parent->rb_left;
			last = false;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&msg->order, parent, link);
	rb_insert_color_cached(&msg->order, &q->root, first);
	if (last)
		q->last = &msg->order;
	q->count++;
}

void mbox_queue_remove(struct mbox_queue *q, struct mbox_msg *msg)
{
	if (q->last == &msg->order)
		q->last = rb_prev(&msg->order);
	rb_erase_cached(&msg->order, &q->root);
	q->count--;
}

struct mbox_msg *mbox_queue_first(const struct mbox_queue *q)
{
	struct rb_node *node = rb_first_cached(&q->root);

	return node ? mbox_queue_entry(node) : NULL;
}
