// SPDX-License-Identifier: GPL-2.0
/*
 * The receivers that wait, and whose turn it is.
 *
 * They stand in two lines, those that take any message and those that want some,
 * so that the first of the former is at hand. In each they are in the order of
 * their rank, which the mailbox's turns are about, then in that of their coming.
 *
 * Round robin ranks by when the endpoint was last served. That changes while
 * others wait at the same endpoint: they are moved back when it is their turn.
 *
 * Who only peeks takes nothing from anybody, and waits aside.
 */
#include <linux/sched.h>
#include "mbox.h"

static struct mbox_waiter *mbox_line_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_waiter, node);
}

static bool mbox_line_less(struct rb_node *a, const struct rb_node *b)
{
	const struct mbox_waiter *x = mbox_line_entry(a);
	const struct mbox_waiter *y = mbox_line_entry(b);

	return x->rank != y->rank ? x->rank < y->rank : x->ticket < y->ticket;
}

static struct rb_root_cached *mbox_line_of(struct mbox_mailbox *mb,
					   const struct mbox_waiter *w)
{
	return w->rule->what ? &mb->choosy : &mb->line;
}

static u64 mbox_line_rank(const struct mbox_mailbox *mb,
			  const struct mbox_waiter *w)
{
	switch (mb->turns) {
	case MBOX_TURNS_ROUND_ROBIN:
		return w->ep->served;
	case MBOX_TURNS_PRIORITY:
		/* lower numbers are higher priorities; the deadline class's is -1 */
		return w->task->prio + 1;
	default:
		return 0;
	}
}

void mbox_line_add_locked(struct mbox_mailbox *mb, struct mbox_waiter *w)
{
	lockdep_assert_held(&mb->obj.lock);

	mb->nr_receivers++;
	if (w->peek) {
		list_add_tail(&w->list, &mb->peekers);
		return;
	}
	w->ep->nr_waiting++;
	w->rank = mbox_line_rank(mb, w);
	w->ticket = ++mb->tickets;
	rb_add_cached(&w->node, mbox_line_of(mb, w), mbox_line_less);
}

void mbox_line_remove_locked(struct mbox_mailbox *mb, struct mbox_waiter *w)
{
	lockdep_assert_held(&mb->obj.lock);

	mb->nr_receivers--;
	if (w->peek) {
		list_del(&w->list);
		return;
	}
	w->ep->nr_waiting--;
	rb_erase_cached(&w->node, mbox_line_of(mb, w));
}

/* The first in @line that takes @msg, if that is given. */
static struct mbox_waiter *mbox_line_search(struct mbox_mailbox *mb,
					    struct rb_root_cached *line,
					    const struct mbox_msg *msg)
{
	struct rb_node *node = rb_first_cached(line);
	struct mbox_waiter *w;

	while ((w = mbox_line_entry(node))) {
		if (msg && !mbox_rule_admits(w->rule, msg)) {
			node = rb_next(node);
			continue;
		}
		if (mb->turns != MBOX_TURNS_ROUND_ROBIN ||
		    w->rank == w->ep->served)
			break;
		/* It goes back, behind who is next or not that far. */
		node = rb_next(node);
		rb_erase_cached(&w->node, line);
		w->rank = w->ep->served;
		rb_add_cached(&w->node, line, mbox_line_less);
		if (!node || mbox_line_less(&w->node, node))
			node = &w->node;
	}
	return w;
}

/* See mbox_line_pick_locked(): somebody waits. */
struct mbox_waiter *mbox_line_choose_locked(struct mbox_mailbox *mb,
					    const struct mbox_msg *msg)
{
	struct mbox_waiter *any, *some;

	lockdep_assert_held(&mb->obj.lock);

	any = mbox_line_search(mb, &mb->line, NULL);
	if (likely(RB_EMPTY_ROOT(&mb->choosy.rb_root)))
		return any;
	some = mbox_line_search(mb, &mb->choosy, msg);
	if (!any || !some)
		return any ?: some;
	return mbox_line_less(&any->node, &some->node) ? any : some;
}

static struct mbox_waiter *mbox_line_vain(struct mbox_mailbox *mb,
					  struct rb_root_cached *line)
{
	struct rb_node *node = rb_first_cached(line);

	while (node && mbox_is_held_locked(mb, mbox_line_entry(node)->ep))
		node = rb_next(node);
	return mbox_line_entry(node);
}

/*
 * Nothing more is to be sent: one who waits in vain, as nothing is held that could
 * come back to him. NULL if there is none.
 */
struct mbox_waiter *mbox_line_vain_locked(struct mbox_mailbox *mb)
{
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	w = mbox_line_vain(mb, &mb->line) ?: mbox_line_vain(mb, &mb->choosy);
	if (w)
		return w;
	list_for_each_entry(w, &mb->peekers, list)
		if (!mbox_is_held_locked(mb, w->ep))
			return w;
	return NULL;
}
