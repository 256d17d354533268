// SPDX-License-Identifier: GPL-2.0
/*
 * A message for all who listen.
 *
 * The queue of a broadcast is a log, of what some endpoint has yet to receive.
 * An endpoint has a cursor: the number of the message that it gets next; it
 * stands at the first message whose number is not below that, or at the end. A
 * message knows how many stand at it, so that the log is trimmed at its front
 * without looking at any endpoint:
 *
 *	log:	  17      18      20      21	  (19 has expired)
 *	here:	   1       0       2       0	  at the end: 3
 *
 * When a message leaves the log by another way, those who stand at it come to
 * stand at the next. That their number is then below the message's tells how
 * many they have missed. When one comes, it is where those at the end stand.
 *
 * What a receive claims is a copy, that is, an empty message which points to the
 * original and pins it. To the rest of the module it is a message as any other,
 * but that it takes no room, and comes back to its endpoint alone. It is charged
 * to who holds it, as if the data were copied for him: so who keeps it does not
 * do so at the sender's cost, who pays as long as it is in the log.
 *
 * All that an endpoint receives goes by its own filter. So a task waits only at
 * the end of the log, and what is published is for all who wait there.
 */
#include <linux/pid.h>
#include "mbox.h"
#include "trace.h"

/* The message that @ep stands at, or NULL at the end. */
static struct mbox_msg *mbox_cast_at_locked(struct mbox_mailbox *mb,
					    const struct mbox_endpoint *ep)
{
	const struct mbox_cursor at = { .seq = ep->cursor };

	lockdep_assert_held(&mb->obj.lock);

	return mbox_queue_from(&mb->queue, &at);
}

static void mbox_cast_count_locked(struct mbox_mailbox *mb, struct mbox_msg *at,
				   u32 n)
{
	lockdep_assert_held(&mb->obj.lock);

	if (at)
		at->here += n;
	else
		mb->at_end += n;
}

/*
 * @ep, which stands at @at, goes on to the message behind it. What is missing
 * before that, it has missed.
 */
static void mbox_cast_advance_locked(struct mbox_mailbox *mb,
				     struct mbox_endpoint *ep,
				     struct mbox_msg *at)
{
	lockdep_assert_held(&mb->obj.lock);

	at->here--;
	ep->missed += at->seq - ep->cursor;
	ep->cursor = at->seq + 1;
	mbox_cast_count_locked(mb, mbox_queue_next(&mb->queue, at), 1);
}

/* Let go of what nobody is to receive any more. */
static void mbox_cast_trim_locked(struct mbox_mailbox *mb,
				  struct mbox_after *after)
{
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	while ((msg = mbox_queue_first(&mb->queue)) && !msg->here) {
		mbox_dequeue_locked(mb, msg);
		mbox_vacate_locked(mb, msg, after);
		mbox_discard_locked(mb, msg, after);
	}
}

/* @ep begins to listen. */
void mbox_cast_join_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	ep->cursor = mb->seq + 1;
	mb->listeners++;
	mb->at_end++;
}

/* @ep listens no more. */
void mbox_cast_part_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			   struct mbox_after *after)
{
	struct mbox_msg *copy;

	lockdep_assert_held(&mb->obj.lock);

	while ((copy = mbox_queue_first(&ep->returned))) {
		mbox_queue_remove(&ep->returned, copy);
		mbox_discard_locked(mb, copy, after);
	}
	mb->listeners--;
	mbox_cast_count_locked(mb, mbox_cast_at_locked(mb, ep), -1);
	mbox_cast_trim_locked(mb, after);
}

/* @msg leaves the log: those who stand at it will not get it. */
void mbox_cast_leave_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	mbox_cast_count_locked(mb, mbox_queue_next(&mb->queue, msg), msg->here);
}

/* Undo that: it is in the log again. */
void mbox_cast_reenter_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	mbox_cast_count_locked(mb, mbox_queue_next(&mb->queue, msg), -msg->here);
}

/* @msg is gone: who had yet to come to it, but would not have wanted it? */
void mbox_cast_excuse_locked(struct mbox_mailbox *mb, const struct mbox_msg *msg)
{
	struct mbox_endpoint *ep;

	lockdep_assert_held(&mb->obj.lock);

	list_for_each_entry(ep, &mb->watchers, watch)
		if (ep->rule && ep->cursor <= msg->seq &&
		    !mbox_rule_admits(ep->rule, msg))
			ep->missed--;
}

static bool mbox_cast_wants(const struct mbox_endpoint *ep,
			    const struct mbox_msg *msg)
{
	return !ep->rule || mbox_rule_admits(ep->rule, msg);
}

/* @ep passes over what its filter does not let through, at last for good. */
static bool mbox_cast_pass_locked(struct mbox_mailbox *mb,
				  struct mbox_endpoint *ep)
{
	struct mbox_msg *msg;
	bool moved = false;

	lockdep_assert_held(&mb->obj.lock);

	while (ep->rule && (msg = mbox_cast_at_locked(mb, ep)) &&
	       !mbox_cast_wants(ep, msg)) {
		mbox_cast_advance_locked(mb, ep, msg);
		moved = true;
	}
	return moved;
}

/* What has come back to @ep and can still be received, or NULL. */
static struct mbox_msg *mbox_cast_returned_locked(struct mbox_mailbox *mb,
						  struct mbox_endpoint *ep,
						  struct mbox_after *after)
{
	struct mbox_msg *copy;

	lockdep_assert_held(&mb->obj.lock);

	while ((copy = mbox_queue_first(&ep->returned))) {
		bool expired = mbox_expired(copy);

		if (!expired && mbox_cast_wants(ep, copy))
			break;
		mbox_queue_remove(&ep->returned, copy);
		if (expired) {
			mb->expired++;
			ep->missed++;
		}
		mbox_discard_locked(mb, copy, after);
	}
	return copy;
}

/* What @ep receives next, or NULL. */
struct mbox_msg *mbox_cast_find_locked(struct mbox_mailbox *mb,
				       struct mbox_endpoint *ep,
				       struct mbox_after *after)
{
	struct mbox_msg *msg = mbox_cast_returned_locked(mb, ep, after);

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg))
		return msg;
	/* What is trimmed gives room to others, which may come to stand here. */
	while (mbox_cast_pass_locked(mb, ep))
		mbox_cast_trim_locked(mb, after);
	return mbox_cast_at_locked(mb, ep);
}

/* Would that find anything, before long? It changes nothing. */
bool mbox_cast_has_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	struct mbox_msg *msg;
	int n = 64;

	lockdep_assert_held(&mb->obj.lock);

	for (msg = mbox_queue_first(&ep->returned); msg && n--;
	     msg = mbox_queue_next(&ep->returned, msg))
		if (!mbox_expired(msg) && mbox_cast_wants(ep, msg))
			return true;
	for (msg = mbox_cast_at_locked(mb, ep); msg && n-- > 0;
	     msg = mbox_queue_next(&mb->queue, msg))
		if (mbox_cast_wants(ep, msg))
			return true;
	return false;
}

static u32 mbox_copy_cost(const struct mbox_msg *copy)
{
	return 8 * copy->head + copy->len;
}

/*
 * @w->copy becomes one of @msg, and is charged to who waits, or would: -EDQUOT if
 * that cannot be.
 */
static int mbox_cast_copy_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
				 struct mbox_msg *msg, bool force)
{
	struct mbox_msg *copy = w->copy;
	struct mbox_extra *extra = mbox_msg_extra(copy);
	struct mbox_refused why;

	lockdep_assert_held(&mb->obj.lock);

	copy->len = msg->len;
	if (mbox_share_charge_locked(mb, w->payer, mbox_copy_cost(copy), force,
				     &why))
		return -EDQUOT;
	msg->pins++;
	extra->original = msg;
	extra->payer = w->payer;
	extra->expiry = mbox_msg_expiry(msg);
	copy->share = msg->share;
	copy->tid = get_pid(msg->tid);
	copy->seq = msg->seq;
	copy->time = msg->time;
	copy->type = msg->type;
	copy->priority = msg->priority;
	copy->holder = w->ep;
	w->copy = NULL;
	return 0;
}

/* @copy is being freed. */
void mbox_cast_discard_locked(struct mbox_mailbox *mb, struct mbox_msg *copy,
			      struct mbox_after *after)
{
	struct mbox_extra *extra = mbox_msg_extra(copy);

	lockdep_assert_held(&mb->obj.lock);

	mbox_share_uncharge_locked(mb, extra->payer, mbox_copy_cost(copy),
				   after);
	mbox_unpin_locked(mb, extra->original, after);
}

/*
 * @w receives @msg, which mbox_cast_find_locked() has found: returns it, if it
 * is a copy that has come back, or the copy that it has become.
 */
struct mbox_msg *mbox_cast_take_locked(struct mbox_mailbox *mb,
				       struct mbox_waiter *w,
				       struct mbox_msg *msg, bool force,
				       struct mbox_after *after)
{
	struct mbox_endpoint *ep = w->ep;
	struct mbox_msg *copy = w->copy;
	int ret;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg->kind == MBOX_COPY)) {
		mbox_queue_remove(&ep->returned, msg);
		mbox_take_locked(mb, ep, msg, after);
		trace_mbox_claim(mb, msg);
		return msg;
	}
	ret = mbox_cast_copy_locked(mb, w, msg, force);
	if (ret)
		return ERR_PTR(ret);
	mbox_cast_advance_locked(mb, ep, msg);
	mbox_cast_pass_locked(mb, ep);
	mbox_take_locked(mb, ep, copy, after);
	trace_mbox_claim(mb, copy);
	mbox_cast_trim_locked(mb, after);
	return copy;
}

/* Give @msg, which is not in the log yet, to @w, who waits at the end of it. */
static bool mbox_cast_hand_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
				  struct mbox_msg *msg,
				  struct mbox_after *after)
{
	struct mbox_endpoint *ep = w->ep;
	struct mbox_msg *copy = w->copy;
	int ret = -EMSGSIZE;

	lockdep_assert_held(&mb->obj.lock);

	mbox_line_remove_locked(mb, w);
	if (msg->len > w->room)
		w->needed = msg->len;
	else
		ret = mbox_cast_copy_locked(mb, w, msg, false);
	if (ret) {
		mbox_waiter_done(w, ret, after);
		return false;
	}
	ep->missed += msg->seq - ep->cursor;
	ep->cursor = msg->seq + 1;
	mbox_hand_locked(mb, w, copy, after);
	return true;
}

/* The same for all in @line who have not got it. Returns how many now have. */
static u32 mbox_cast_line_locked(struct mbox_mailbox *mb,
				 struct rb_root_cached *line,
				 struct mbox_msg *msg, struct mbox_after *after)
{
	struct rb_node *node = rb_first_cached(line);
	u32 n = 0;

	lockdep_assert_held(&mb->obj.lock);

	while (node) {
		struct mbox_waiter *w = rb_entry(node, struct mbox_waiter, node);

		node = rb_next(node);
		if (w->ep->cursor <= msg->seq)
			n += mbox_cast_hand_locked(mb, w, msg, after);
	}
	return n;
}

/* @msg, which is in the room, is for all. */
void mbox_cast_publish_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      struct mbox_after *after)
{
	struct mbox_endpoint *ep;
	u32 n = mb->at_end;

	lockdep_assert_held(&mb->obj.lock);

	/* It may have waited for room too long. */
	if (mbox_expired(msg)) {
		mbox_lapse_locked(mb, msg, after);
		return;
	}
	list_for_each_entry(ep, &mb->watchers, watch) {
		if (mbox_cast_wants(ep, msg) || mbox_cast_at_locked(mb, ep))
			continue;
		/* What it has missed before, it shall still learn. */
		ep->missed += msg->seq - ep->cursor;
		ep->cursor = msg->seq + 1;
		n--;
	}
	mbox_show_locked(mb, msg, after);
	n -= mbox_cast_line_locked(mb, &mb->line, msg, after);
	n -= mbox_cast_line_locked(mb, &mb->choosy, msg, after);

	if (!mb->listeners) {
		mb->lost++;
		trace_mbox_drop(mb, msg, "lost");
	}
	/* Those who stand further ahead pass here as well. */
	if (!n && !mb->queue.count) {
		mbox_room_give_locked(mb, msg);
		mbox_discard_locked(mb, msg, after);
		return;
	}
	/* Who has got it by now is not told of it. */
	mbox_tell_message_locked(mb, msg, after);
	msg->here = n;
	mb->at_end -= n;
	msg->place = MBOX_QUEUED;
	mbox_queue_insert(&mb->queue, msg);
	mbox_expiry_add_locked(mb, msg);
}

/* Who waits in @line at @ep, or NULL. */
static struct mbox_waiter *mbox_cast_waiter(struct rb_root_cached *line,
					    const struct mbox_endpoint *ep)
{
	struct rb_node *node;

	for (node = rb_first_cached(line); node; node = rb_next(node)) {
		struct mbox_waiter *w = rb_entry(node, struct mbox_waiter, node);

		if (w->ep == ep)
			return w;
	}
	return NULL;
}

/* @copy, which is claimed, comes back to its endpoint. */
void mbox_cast_return_locked(struct mbox_mailbox *mb, struct mbox_msg *copy,
			     struct mbox_after *after)
{
	struct mbox_endpoint *ep = copy->holder;
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	copy->place = MBOX_NOWHERE;
	if (mbox_expired(copy) || !mbox_cast_wants(ep, copy)) {
		if (mbox_expired(copy)) {
			mb->expired++;
			ep->missed++;
		}
		mbox_discard_locked(mb, copy, after);
		return;
	}
	mbox_show_locked(mb, copy, after);
	while ((w = mbox_cast_waiter(&mb->line, ep) ?:
		    mbox_cast_waiter(&mb->choosy, ep))) {
		mbox_line_remove_locked(mb, w);
		if (copy->len <= w->room) {
			mbox_hand_locked(mb, w, copy, after);
			return;
		}
		w->needed = copy->len;
		mbox_waiter_done(w, -EMSGSIZE, after);
	}
	mbox_tell_message_locked(mb, copy, after);
	copy->place = MBOX_QUEUED;
	mbox_queue_insert(&ep->returned, copy);
}

/*
 * @ep holds the copy of @token no more. If it did when the end was told, those who
 * poll there were told in vain: it could still come back.
 */
void mbox_cast_end_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			  u64 token, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (mb->hushed && token <= mb->hush && mbox_mute_locked(ep) &&
	    !mbox_cast_has_locked(mb, ep))
		mbox_tell_end_locked(mb, after);
}

/* A purge is for the endpoint that asks. Returns how many it passes over. */
u32 mbox_cast_skip(struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;
	struct mbox_msg *msg;
	u64 last, count = 0;
	bool more;

	spin_lock(&mb->obj.lock);
	last = mb->seq;
	spin_unlock(&mb->obj.lock);

	do {
		int n = 32;

		mbox_after_init(&after);
		mbox_lock(mb);
		while ((msg = mbox_queue_first(&ep->returned)) && n) {
			mbox_queue_remove(&ep->returned, msg);
			mbox_discard_locked(mb, msg, &after);
			count++;
			n--;
		}
		while ((msg = mbox_cast_at_locked(mb, ep)) &&
		       msg->seq <= last && n) {
			mbox_cast_advance_locked(mb, ep, msg);
			count++;
			n--;
		}
		more = !n;
		mb->purged += 32 - n;
		mbox_cast_trim_locked(mb, &after);
		mbox_settle_locked(mb, &after);
		mbox_unlock(mb, &after);
		cond_resched();
	} while (more);
	return min_t(u64, count, INT_MAX);
}
