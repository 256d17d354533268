// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a message through a mailbox:
 *
 *   send ---------------> admit --> offer --> a blocked receiver: held --+
 *     |  no room           ^          |                                  |
 *     +----> pending ------+          +-----> queue ---- claim --> held -+
 *             when room is given back           ^                        |
 *                                               +---- put back ----------+
 *                                                                        |
 *                                      gone, its room given back <- ack -+
 *
 * There is one of each of these steps, and every way to send or to receive is
 * made of them. A held message keeps its room, so a put-back always has some.
 * What an owner can choose are attributes that these steps look at: who waits
 * and who gets room is in room.c, who gets a message in line.c, a message for
 * all is in broadcast.c. What a receiver does is in receive.c.
 *
 * A lease (hold.c) is a claim that outlives the command. A call (call.c) is a
 * message whose sender waits on after its admission, and which goes back to the
 * sender, with the reply, rather than being freed. In a rendezvous the sender
 * waits on until its message is claimed.
 *
 * Room that is given back goes to those who wait for it, in their order, before
 * any newcomer sees it. A sender is woken when its message is in.
 */
#include <linux/sched/task.h>
#include "mbox.h"
#include "trace.h"

static noinline void mbox_do_chores(struct mbox_mailbox *mb,
				    const struct mbox_chores *chores)
{
	mbox_tell_pollers(mb, chores);
	if (chores->dead)
		mbox_share_free_all(chores->dead);
	if (chores->undeliverable)
		mbox_forward(mb, chores->undeliverable);
	if (chores->answers)
		mbox_answer_deliver(chores->answers);
}

/* See mbox_unlock(): there is more to do than to free messages. */
void mbox_conclude(struct mbox_mailbox *mb, struct mbox_after *after)
{
	u32 i;

	for (i = 0; i < after->nr_tasks; i++) {
		wake_up_process(after->tasks[i]);
		put_task_struct(after->tasks[i]);
	}
	if (unlikely(after->busy))
		mbox_do_chores(mb, &after->chores);
	if (after->gone)
		mbox_msg_free_all(mb, after->gone);
	/*
	 * Who was woken may be to run at once. Then let it: if what the current
	 * task is about to wait for is there before, neither need it go to sleep
	 * for that, nor anybody wake it.
	 */
	if (after->nr_tasks)
		cond_resched();
}

/* Into the queue, and into what else knows of queued messages. */
static __always_inline void mbox_insert_locked(struct mbox_mailbox *mb,
					       struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_QUEUED;
	mbox_queue_insert(&mb->queue, msg);
	mbox_expiry_add_locked(mb, msg);
}

/* What mbox_oust_locked() has taken out goes back. */
void mbox_reinstate_locked(struct mbox_mailbox *mb, struct mbox_msg *first)
{
	lockdep_assert_held(&mb->obj.lock);

	while (first) {
		struct mbox_msg *msg = first;

		first = msg->next;
		mbox_room_take_locked(mb, msg);
		mbox_insert_locked(mb, msg);
		if (mbox_is_broadcast(mb))
			mbox_cast_reenter_locked(mb, msg);
	}
}

/* See mbox_meet_locked(): he is there. */
void mbox_met_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, int result,
		     struct mbox_after *after)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);

	lockdep_assert_held(&mb->obj.lock);

	mb->nr_meetings--;
	mbox_waiter_done(extra->meeting, result, after);
	extra->meeting = NULL;
}

/*
 * How many messages @ep has missed since that was last told. It may be excused of
 * what it has yet to come to, see broadcast.c: then none.
 */
static s64 mbox_count_missed_locked(const struct mbox_mailbox *mb,
				    const struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	return ep->missed + mb->gone - ep->gone;
}

/* See mbox_missed_locked(): there may be some. */
u64 mbox_miss_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	s64 missed = mbox_count_missed_locked(mb, ep);

	ep->gone = mb->gone;
	ep->missed = min_t(s64, missed, 0);
	return max_t(s64, missed, 0);
}

/* What a receive of @msg through @ep would tell; who peeks learns it, too. */
u64 mbox_would_miss_locked(const struct mbox_mailbox *mb,
			   const struct mbox_endpoint *ep,
			   const struct mbox_msg *msg)
{
	s64 missed = mbox_count_missed_locked(mb, ep);

	if (mbox_is_broadcast(mb) && msg->kind != MBOX_COPY)
		missed += msg->seq - ep->cursor;
	return max_t(s64, missed, 0);
}

/* @w, who has left the line, gets @msg. */
void mbox_hand_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
		      struct mbox_msg *msg, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	w->msg = msg;
	w->missed = mbox_missed_locked(mb, w->ep);
	w->ep->nr_held++;
	mbox_take_locked(mb, w->ep, msg, after);
	trace_mbox_claim(mb, msg);
	mbox_waiter_done(w, 0, after);
}

/* Let those who wait to see a message see @msg. */
void mbox_show_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		      struct mbox_after *after)
{
	struct mbox_waiter *w, *next;

	lockdep_assert_held(&mb->obj.lock);

	list_for_each_entry_safe(w, next, &mb->peekers, list) {
		/* A copy is for its endpoint, which is what it goes by. */
		if (mbox_is_broadcast(mb) ?
		    (w->ep->rule && !mbox_rule_admits(w->ep->rule, msg)) ||
		    (msg->kind == MBOX_COPY && msg->holder != w->ep) :
		    !mbox_rule_admits(w->rule, msg))
			continue;
		mbox_line_remove_locked(mb, w);
		if (msg->len > w->room) {
			w->needed = msg->len;
			mbox_waiter_done(w, -EMSGSIZE, after);
			continue;
		}
		msg->pins++;
		w->msg = msg;
		w->missed = mbox_would_miss_locked(mb, w->ep, msg);
		mbox_waiter_done(w, 0, after);
	}
}

/*
 * Whose turn it is to receive @msg. Who has had his, but has no room for it, is
 * told so.
 */
static struct mbox_waiter *mbox_line_fit_locked(struct mbox_mailbox *mb,
						const struct mbox_msg *msg,
						struct mbox_after *after)
{
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	while ((w = mbox_line_pick_locked(mb, msg))) {
		mbox_line_remove_locked(mb, w);
		if (msg->len <= w->room)
			return w;
		w->needed = msg->len;
		mbox_waiter_done(w, -EMSGSIZE, after);
	}
	return NULL;
}

/* Give @msg, which has its room, to a blocked receiver or to the queue. */
__always_inline void mbox_offer_locked(struct mbox_mailbox *mb,
				       struct mbox_msg *msg,
				       struct mbox_after *after)
{
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_expired(msg))) {
		mbox_lapse_locked(mb, msg, after);
		return;
	}
	if (mb->nr_receivers) {
		if (unlikely(!list_empty(&mb->peekers)))
			mbox_show_locked(mb, msg, after);
		w = mbox_line_fit_locked(mb, msg, after);
		if (w) {
			mbox_hand_locked(mb, w, msg, after);
			return;
		}
	}
	mbox_tell_message_locked(mb, msg, after);
	mbox_insert_locked(mb, msg);
}

/* @msg takes the place of @twin, and its number if that keeps it there. */
static void mbox_replace_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
				struct mbox_msg *twin, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_dequeue_locked(mb, twin);
	mbox_room_give_locked(mb, twin);
	mb->replaced++;
	mb->gone++;
	if (msg->priority == twin->priority) {
		msg->seq = twin->seq;
		mb->kept++;
	} else {
		msg->seq = ++mb->seq;
	}
	trace_mbox_drop(mb, twin, "replaced");
	mbox_discard_locked(mb, twin, after);
}

/* Take @msg in. There is room for it, or there will be: nothing can fail. */
__always_inline void mbox_admit_locked(struct mbox_mailbox *mb,
				       struct mbox_msg *msg,
				       struct mbox_after *after)
{
	struct mbox_msg *twin;

	lockdep_assert_held(&mb->obj.lock);

	twin = mbox_twin_locked(mb, msg);
	mbox_room_take_locked(mb, msg);
	if (unlikely(msg->kind == MBOX_ANSWER && !mbox_msg_call(msg)->over)) {
		/* It has its room, and comes when there is an answer. */
		mbox_take_locked(mb, NULL, msg, after);
		return;
	}
	if (unlikely(twin))
		mbox_replace_locked(mb, msg, twin, after);
	else
		msg->seq = ++mb->seq;
	trace_mbox_send(mb, msg);
	if (unlikely(mbox_is_broadcast(mb)))
		mbox_cast_publish_locked(mb, msg, after);
	else
		mbox_offer_locked(mb, msg, after);
}

/*
 * Take a message out of those that wait for room, and let its sender go, whose
 * wait for room is over; that of a call waits on. With an error as result the
 * message is the sender's again, and must not be touched any more.
 */
static void mbox_release_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
				int result, struct mbox_after *after)
{
	struct mbox_waiter *sender = msg->sender;

	lockdep_assert_held(&mb->obj.lock);

	mbox_unpend_locked(mb, msg);
	msg->sender = NULL;
	if (!mbox_msg_is_awaited(msg))
		mbox_waiter_done(sender, result, after);
	else if (result)
		mbox_call_over_locked(mb, msg, result, after);
}

/* See mbox_fill_locked(): there are such. */
void mbox_give_room_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	while (mb->nr_pending &&
	       (msg = mbox_pending_next_locked(mb)) &&
	       (mbox_twin_locked(mb, msg) || !mbox_room_for_locked(mb, msg))) {
		mbox_release_locked(mb, msg, 0, after);
		mbox_admit_locked(mb, msg, after);
	}
}

/* Is there room, before something changes? Of interest if it is to be told. */
static bool mbox_was_writable_locked(struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	/* See mbox_tell_message_locked(). */
	if (likely(!waitqueue_active(&mb->writable) &&
		   list_empty(&mb->watchers)))
		return true;
	return mbox_writable_locked(mb, mb->obj.uid);
}

/* Tell of room where there is some, and was none, or none for somebody. */
__always_inline void mbox_room_change_locked(struct mbox_mailbox *mb,
					     bool writable,
					     struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(!writable || mb->wanted) &&
	    mbox_writable_locked(mb, mb->obj.uid))
		mbox_tell_room_locked(mb, after);
}

/* All senders who wait to get in, or to be met, do so in vain. */
static void mbox_refuse_all_locked(struct mbox_mailbox *mb,
				   struct mbox_after *after)
{
	struct mbox_msg *msg, *next;
	struct mbox_user *user;

	lockdep_assert_held(&mb->obj.lock);

	while ((user = list_first_entry_or_null(&mb->waiting, struct mbox_user,
						waiting)))
		mbox_release_locked(mb, mbox_queue_first(&user->pending),
				    -EPIPE, after);
	for (msg = mbox_queue_first(&mb->queue); msg && mb->nr_meetings;
	     msg = next) {
		next = mbox_queue_next(&mb->queue, msg);
		if (!mbox_msg_extra(msg) || !mbox_msg_extra(msg)->meeting)
			continue;
		mbox_meet_locked(mb, msg, -EPIPE, after);
		mbox_dequeue_locked(mb, msg);
		mbox_room_give_locked(mb, msg);
		mb->withdrawn++;
		mbox_discard_locked(mb, msg, after);
	}
}

/* See mbox_settle_locked(): there may be something to see to. */
void mbox_resettle_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	if ((mb->nr_pending || mb->nr_meetings) && mbox_deaf_locked(mb))
		mbox_refuse_all_locked(mb, after);
	mbox_fill_locked(mb, after);
	if (mbox_sourceless_locked(mb)) {
		/* What they wait for is not queued, or they would have it. */
		while ((w = mbox_line_vain_locked(mb))) {
			mbox_line_remove_locked(mb, w);
			mbox_waiter_done(w, -EPIPE, after);
		}
		if (!mb->hushed && !mb->held &&
		    (!mb->queue.count || mbox_is_broadcast(mb))) {
			mb->hushed = true;
			mb->hush = mb->tokens;
			mbox_tell_end_locked(mb, after);
		}
	}
}

/* @msg leaves the room, from being held or from nowhere. */
__always_inline void mbox_vacate_locked(struct mbox_mailbox *mb,
					struct mbox_msg *msg,
					struct mbox_after *after)
{
	bool writable = mbox_was_writable_locked(mb);

	lockdep_assert_held(&mb->obj.lock);

	/* A copy is not in the room: its original is, or was. */
	if (likely(msg->kind != MBOX_COPY)) {
		if (msg->place == MBOX_CLAIMED)
			mb->held--;
		mbox_room_give_locked(mb, msg);
	}
	msg->place = MBOX_NOWHERE;
	mbox_settle_locked(mb, after);
	mbox_room_change_locked(mb, writable, after);
	if (unlikely(msg->kind == MBOX_COPY))
		mbox_cast_end_locked(mb, msg->holder, msg->token, after);
}

/*
 * Nobody needs @msg, which has no room any more: give back its memory, or leave
 * that to the last of those who read it.
 */
__always_inline void mbox_discard_locked(struct mbox_mailbox *mb,
					 struct mbox_msg *msg,
					 struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg->pins)) {
		msg->state |= MBOX_DISCARD_LATER;
		/* Who holds copies of it has been charged for it. */
		if (mbox_is_broadcast(mb) && msg->kind != MBOX_COPY) {
			mbox_share_release_locked(mb, msg->share,
						  mbox_msg_cost(msg));
			msg->state |= MBOX_UNCHARGED;
		}
		return;
	}
	msg->next = after->gone;
	after->gone = msg;
	if (unlikely(msg->kind == MBOX_COPY))
		mbox_cast_discard_locked(mb, msg, after);
	else if (unlikely(msg->state & MBOX_UNCHARGED))
		mbox_share_put_locked(mb, msg->share, after);
	else
		mbox_share_uncharge_locked(mb, msg->share, mbox_msg_cost(msg),
					   after);
}

/* @msg, which has no room any more, is undeliverable. */
void mbox_forward_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg->pins)) {
		msg->state |= MBOX_FORWARD_LATER;
		return;
	}
	msg->next = mbox_chores(after)->undeliverable;
	mbox_chores(after)->undeliverable = msg;
}

/* One who has read @msg where it is does not look at it any more. */
void mbox_unpin_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after)
{
	u8 later = msg->state & (MBOX_DISCARD_LATER | MBOX_FORWARD_LATER);

	lockdep_assert_held(&mb->obj.lock);

	if (--msg->pins || likely(!later))
		return;
	msg->state &= ~later;
	if (later & MBOX_FORWARD_LATER)
		mbox_forward_locked(mb, msg, after);
	else
		mbox_discard_locked(mb, msg, after);
}

/* Throw away a message that is in the room. If it is a call, with @result. */
__always_inline void mbox_drop_locked(struct mbox_mailbox *mb,
				      struct mbox_msg *msg, int result,
				      struct mbox_after *after)
{
	mbox_vacate_locked(mb, msg, after);
	if (msg->kind == MBOX_CALL)
		mbox_call_over_locked(mb, msg, result, after);
	else
		mbox_discard_locked(mb, msg, after);
}

/* The time to live of @msg, which is in the room, has run out. */
void mbox_lapse_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mb->expired++;
	/* Of a broadcast, cursors tell. */
	if (mbox_is_broadcast(mb))
		mbox_cast_excuse_locked(mb, msg);
	else
		mb->gone++;
	msg->place = MBOX_NOWHERE;
	mbox_meet_locked(mb, msg, -ETIMEDOUT, after);
	mbox_room_give_locked(mb, msg);
	trace_mbox_drop(mb, msg, "expired");
	mbox_discard_locked(mb, msg, after);
}

/* The held @msg goes back to its place. */
void mbox_restore_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after)
{
	bool writable;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg->kind == MBOX_COPY)) {
		struct mbox_endpoint *ep = msg->holder;
		u64 token = msg->token;

		mbox_cast_return_locked(mb, msg, after);
		mbox_settle_locked(mb, after);
		mbox_cast_end_locked(mb, ep, token, after);
		return;
	}
	mb->held--;
	writable = mbox_writable_locked(mb, mb->obj.uid);
	mbox_offer_locked(mb, msg, after);
	/* It may have been too late. */
	mbox_settle_locked(mb, after);
	mbox_room_change_locked(mb, writable, after);
}
