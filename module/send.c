// SPDX-License-Identifier: GPL-2.0
/*
 * From a sender into the mailbox.
 *
 * A message gets in at once if it is its turn and there is room, or if what is
 * there gives way to it, or if, in a rendezvous, nobody need wait. Otherwise its
 * sender waits, and whoever makes room puts it in. All that can fail is tried
 * before anything is changed for good.
 */
#include "mbox.h"
#include "trace.h"

/* The sender of a queued @msg takes it back: nobody has met it. */
static void mbox_withdraw_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
				 struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_msg_extra(msg)->meeting = NULL;
	mb->nr_meetings--;
	mb->withdrawn++;
	mbox_dequeue_locked(mb, msg);
	mbox_vacate_locked(mb, msg, after);
	mbox_discard_locked(mb, msg, after);
}

/* Take back what a waiter wanted. It is not done. */
static void mbox_leave_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
			      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (!w->msg) {
		mbox_line_remove_locked(mb, w);
	} else if (w->msg->place == MBOX_PENDING) {
		mbox_unpend_locked(mb, w->msg);
		w->msg->sender = NULL;
		/* It may have stood before one for which there is room. */
		mbox_fill_locked(mb, after);
	} else {
		mbox_withdraw_locked(mb, w->msg, after);
		w->msg = NULL;
	}
}

/*
 * Wait, having entered the mailbox as a waiter and let go of its lock, and
 * return how that ended.
 */
int mbox_block(struct mbox_mailbox *mb, struct mbox_waiter *w,
	       const struct mbox_deadline *until, struct mbox_refused *why)
{
	struct mbox_after after mbox_unset;
	int ret;

	trace_mbox_block(mb, w->rule ? "receive" : "send");
	ret = mbox_wait(w, until);
	if (!ret)
		return w->result;

	mbox_after_init(&after);
	mbox_lock(mb);
	if (w->done) {
		ret = w->result;
	} else {
		if (why && ret == -ETIMEDOUT)
			mbox_explain_msg_locked(mb, w->msg, why);
		mbox_leave_locked(mb, w, &after);
	}
	mbox_unlock(mb, &after);
	return ret;
}

/* See mbox_entry_locked(): there is a @limit, or others wait for room. */
u32 mbox_entry_by_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 u32 limit, struct mbox_msg **victims)
{
	struct mbox_msg *ahead = mbox_ahead_locked(mb, msg);

	lockdep_assert_held(&mb->obj.lock);

	if (!limit && ahead)
		limit = mbox_room_for_locked(mb, ahead) ?: MBOX_LIMIT_BYTES;
	if (limit && mbox_twin_locked(mb, msg))
		limit = 0;
	/* An answer's room is taken before there is anything to be answered. */
	if (limit && mb->when_full == MBOX_FULL_DROP_OLDEST &&
	    msg->kind != MBOX_ANSWER && !ahead)
		*victims = mbox_oust_locked(mb, msg, &limit);
	return limit;
}

/* They are gone for good. */
static void mbox_lose_locked(struct mbox_mailbox *mb, struct mbox_msg *victims,
			     struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	while (victims) {
		struct mbox_msg *msg = victims;

		victims = msg->next;
		mb->lost++;
		if (mbox_is_broadcast(mb))
			mbox_cast_excuse_locked(mb, msg);
		else
			mb->gone++;
		trace_mbox_drop(mb, msg, "lost");
		mbox_discard_locked(mb, msg, after);
	}
}

/* See mbox_commit_locked(): something may go for it. */
void mbox_supplant_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			  struct mbox_msg *victims, struct mbox_after *after)
{
	bool writable;

	lockdep_assert_held(&mb->obj.lock);

	/* What was there may have been larger: then there is room to spare. */
	writable = mbox_writable_locked(mb, mb->obj.uid);
	mbox_lose_locked(mb, victims, after);
	mbox_admit_locked(mb, msg, after);
	mbox_fill_locked(mb, after);
	mbox_room_change_locked(mb, writable, after);
}

/* In a rendezvous: is there somebody to meet @msg? */
static bool mbox_is_met_locked(struct mbox_mailbox *mb,
			       const struct mbox_msg *msg)
{
	return !mb->rendezvous || mbox_line_pick_locked(mb, msg);
}

/* The wait of @w, or of the call that @msg is, begins; it may be over at once. */
static __always_inline void mbox_begin_locked(struct mbox_endpoint *ep,
					      struct mbox_msg *msg,
					      struct mbox_waiter *w)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	w->task = current;
	w->ep = ep;
	w->msg = msg;
	msg->sender = NULL;
	if (mbox_msg_is_awaited(msg)) {
		mbox_call_begin_locked(ep, msg, w);
	} else if (unlikely(mb->rendezvous)) {
		mbox_msg_extra(msg)->meeting = w;
		mb->nr_meetings++;
	} else {
		msg->sender = w;
	}
}

/*
 * Admit @msg if it is its turn, or let it wait as @w. Returns 1 if it was
 * admitted, 0 if @w waits, or -errno and @why.
 */
static __always_inline int
mbox_enter_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
		  struct mbox_waiter *w, bool dontwait,
		  struct mbox_charging *charge, struct mbox_refused *why,
		  struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_share *share = msg->share;
	bool reserved = share;
	struct mbox_msg *victims;
	u32 limit;
	int ret;

	if (unlikely(mbox_deaf_locked(mb)))
		return -EPIPE;
	if (likely(!reserved)) {
		share = charge->mine;
		if (!share)
			share = mbox_share_find_locked(mb, ep, &charge->spare,
						       after);
		if (unlikely(!share))
			return -ENODATA;
		charge->mine = share;
		msg->share = share;
	}
	if (unlikely(mbox_expire_locked(mb, after))) {
		if (!reserved)
			msg->share = NULL;
		return -EINPROGRESS;
	}
	limit = mbox_entry_locked(mb, msg, &victims);
	dontwait |= mb->when_full == MBOX_FULL_FAIL;
	if (unlikely(dontwait && (limit || !mbox_is_met_locked(mb, msg)))) {
		mb->wanted = true;
		if (limit)
			mbox_explain_locked(mb, limit, share->user, why);
		ret = -EAGAIN;
		goto refused;
	}
	if (likely(!reserved)) {
		ret = mbox_share_charge_locked(mb, share, mbox_msg_cost(msg),
					       charge->force, why);
		if (unlikely(ret))
			goto refused;
	}

	/* No error from here on, but where nobody could be met after all. */
	if (unlikely(limit || mb->rendezvous) || mbox_msg_is_awaited(msg))
		mbox_begin_locked(ep, msg, w);
	if (unlikely(limit)) {
		mbox_pend_locked(mb, msg);
		return 0;
	}
	mbox_commit_locked(mb, msg, victims, after);
	if (likely(!mb->rendezvous || mbox_msg_is_awaited(msg)))
		return 1;
	/* It has been met, or its time to live was over at once. */
	if (w->done)
		return w->result ?: 1;
	if (!dontwait)
		return 0;
	mbox_withdraw_locked(mb, msg, after);
	return -EAGAIN;

refused:
	mbox_reinstate_locked(mb, victims);
	if (!reserved)
		msg->share = NULL;
	return ret;
}

/*
 * The same, all of it, for @nr messages, until one does not get in at once, or
 * there is a lot to be done without the lock.
 * Returns how many did; if none did, what is said above of the first, which is
 * NULL then if the mailbox has disposed of it.
 */
__always_inline int mbox_enter(struct mbox_endpoint *ep, struct mbox_msg **msgs,
			       u32 nr, struct mbox_waiter *w, bool dontwait,
			       struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_charging charge = {};
	u32 n = 0;
	int ret;

	if (unlikely(mb->rendezvous))
		nr = 1;
	do {
		struct mbox_after after mbox_unset;

		mbox_after_init(&after);
		mbox_lock(mb);
		do {
			w->done = false;
			w->msg = NULL;
			ret = mbox_enter_locked(ep, msgs[n], w, dontwait || n,
						&charge, why, &after);
		} while (likely(ret > 0) && ++n < nr && !after.gone);
		mbox_unlock(mb, &after);
		charge.mine = NULL;
	} while (!n && mbox_charge_again(&charge, &ret));

	if (unlikely(charge.spare))
		mbox_share_free_all(charge.spare);
	if (likely(n || !ret))
		return n;
	if (ret == -EAGAIN || ret == -EDQUOT)
		trace_mbox_refuse(mb, why->limit, ret);
	/* What was queued to be met, it has taken out itself. */
	if (mb->rendezvous && w->msg)
		*msgs = NULL;
	return ret;
}

/* See mbox_send_msgs(): the first one waits, as @w. */
int mbox_send_wait(struct mbox_endpoint *ep, struct mbox_msg **msgs, u32 nr,
		   struct mbox_waiter *w, const struct mbox_deadline *until,
		   struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	int ret;

	w->rule = NULL;
	/* While the first one waits, the others take no memory. */
	while (--nr) {
		mbox_unmake_msg(mb, msgs[nr]);
		msgs[nr] = NULL;
	}
	ret = mbox_block(mb, w, until, why);
	if (mb->rendezvous)
		*msgs = NULL;
	return ret ?: 1;
}
