// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and replies.
 *
 * A call is a message that does not go when it is acked: it goes back to the
 * endpoint that has sent it, with the reply in the room that was set aside for
 * it. Until then the mailbox has it, as any message. It is one of the calls of
 * its endpoint from its entry on, under an id, so that a task that was
 * interrupted finds it again.
 *
 *   caller              mailbox                         server
 *   ------              -------                         ------
 *   enter  ----------->  pending, queued  ----------->  claimed, leased
 *   waits                                               replies (or ends)
 *   fetches  <---------  over                <--------  over
 *
 * If the caller gives up before it is over, the call is left to the mailbox:
 * what nobody has taken vanishes; what is held stays with its holder, who sees
 * that it is cancelled, and is freed when that is done with it.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include "data.h"
#include "mbox.h"
#include "trace.h"

static struct mbox_callinfo *mbox_call_entry(const struct rb_node *node)
{
	return rb_entry(node, struct mbox_callinfo, node);
}

static bool mbox_call_less(struct rb_node *a, const struct rb_node *b)
{
	return mbox_call_entry(a)->id < mbox_call_entry(b)->id;
}

static int mbox_call_cmp(const void *id, const struct rb_node *node)
{
	u64 a = *(const u64 *)id, b = mbox_call_entry(node)->id;

	return a < b ? -1 : a > b;
}

/* @msg becomes one of the calls of @ep, and @w waits for it. */
__always_inline void mbox_call_begin_locked(struct mbox_endpoint *ep,
					    struct mbox_msg *msg,
					    struct mbox_waiter *w)
{
	struct mbox_callinfo *call = mbox_msg_call(msg);

	lockdep_assert_held(&ep->obj->lock);

	call->caller = ep;
	call->waiter = w;
	rb_add(&call->node, &ep->calls, mbox_call_less);
}

/* It is the caller's again, or if there is none any more, nobody's. */
__always_inline void mbox_call_over_locked(struct mbox_mailbox *mb,
					   struct mbox_msg *msg, int result,
					   struct mbox_after *after)
{
	struct mbox_callinfo *call = mbox_msg_call(msg);
	struct mbox_waiter *waiter = call->waiter;

	lockdep_assert_held(&mb->obj.lock);

	if (call->answer)
		mbox_answer_note_locked(msg, result, after);
	if (!call->caller) {
		mbox_discard_locked(mb, msg, after);
		return;
	}
	call->over = true;
	call->result = result;
	call->waiter = NULL;
	if (waiter) {
		call->fetched = true;
		mbox_waiter_done(waiter, 0, after);
	}
}

/* The caller does not wait for it any more; @result is for a task that does. */
static void mbox_call_abandon_locked(struct mbox_mailbox *mb,
				     struct mbox_msg *msg, int result,
				     struct mbox_after *after)
{
	struct mbox_callinfo *call = mbox_msg_call(msg);
	struct mbox_waiter *waiter = call->waiter;

	lockdep_assert_held(&mb->obj.lock);

	rb_erase(&call->node, &call->caller->calls);
	call->caller = NULL;
	call->waiter = NULL;
	if (waiter)
		mbox_waiter_done(waiter, result, after);

	if (call->over) {
		mbox_discard_locked(mb, msg, after);
		return;
	}
	switch (msg->place) {
	case MBOX_PENDING:
		mbox_unpend_locked(mb, msg);
		trace_mbox_drop(mb, msg, "cancelled");
		mbox_discard_locked(mb, msg, after);
		/* It may have stood before one for which there is room. */
		mbox_fill_locked(mb, after);
		break;
	case MBOX_QUEUED:
		mbox_dequeue_locked(mb, msg);
		trace_mbox_drop(mb, msg, "cancelled");
		mbox_drop_locked(mb, msg, result, after);
		break;
	case MBOX_DELAYED:
		mbox_undelay_locked(mb, msg);
		trace_mbox_drop(mb, msg, "cancelled");
		mbox_drop_locked(mb, msg, result, after);
		break;
	case MBOX_LEASED:
		msg->holder->nr_cancelled++;
		mbox_tell_urgent_locked(mb, msg->holder, after);
		break;
	default:
		/* Whoever has claimed it will see. */
		break;
	}
}

/*
 * Wait for @msg, as @w, which is its waiter. Returns 0 when it is over and the
 * caller's. -ERESTARTSYS leaves it as it is, to be resumed; any other error
 * means that it is none of the caller's any more.
 */
static __always_inline int mbox_call_wait(struct mbox_endpoint *ep,
					  struct mbox_msg *msg,
					  struct mbox_waiter *w,
					  const struct mbox_deadline *until,
					  struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after mbox_unset;
	int ret;

	trace_mbox_block(mb, "call");
	ret = mbox_wait(w, until);
	if (!ret)
		return w->result;

	mbox_after_init(&after);
	mbox_lock(mb);
	if (w->done) {
		ret = w->result;
	} else if (ret == -ETIMEDOUT || fatal_signal_pending(current)) {
		if (ret == -ETIMEDOUT && msg->place == MBOX_PENDING)
			mbox_explain_msg_locked(mb, msg, why);
		mbox_msg_call(msg)->waiter = NULL;
		mbox_call_abandon_locked(mb, msg, ret, &after);
	} else {
		mbox_msg_call(msg)->waiter = NULL;
	}
	mbox_unlock(mb, &after);
	return ret;
}

/*
 * Send @msg as the call @id and wait for it. If it has not got in, *@msgp stays,
 * for the caller to unmake. Otherwise *@msgp is only there if it is over.
 */
__always_inline int mbox_call_send(struct mbox_endpoint *ep,
				   struct mbox_msg **msgp, u64 id,
				   const struct mbox_deadline *until,
				   struct mbox_refused *why)
{
	struct mbox_msg *msg = *msgp;
	struct mbox_waiter w mbox_unset;
	int ret;

	mbox_msg_call(msg)->id = id;
	ret = mbox_enter(ep, &msg, 1, &w, until->dontwait, why);
	if (ret < 0)
		return ret;
	ret = mbox_call_wait(ep, msg, &w, until, why);
	if (ret)
		*msgp = NULL;
	return ret;
}

/* Wait for the call @id again. *@msgp is as for mbox_call_send(). */
int mbox_call_resume(struct mbox_endpoint *ep, struct mbox_msg **msgp, u64 id,
		     const struct mbox_deadline *until, struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_waiter w = { .task = current, .ep = ep };
	struct mbox_msg *msg = NULL;
	struct rb_node *node;
	int ret = -ESTALE;

	spin_lock(&mb->obj.lock);
	node = rb_find(&id, &ep->calls, mbox_call_cmp);
	if (node) {
		struct mbox_callinfo *call = mbox_call_entry(node);

		msg = mbox_call_msg(call);
		if (call->waiter || call->fetched) {
			ret = -EBUSY;
		} else if (call->over) {
			ret = 0;
		} else {
			call->waiter = &w;
			ret = 1;
		}
	}
	if (!ret)
		mbox_msg_call(msg)->fetched = true;
	spin_unlock(&mb->obj.lock);

	if (ret == 1)
		ret = mbox_call_wait(ep, msg, &w, until, why);
	if (!ret)
		*msgp = msg;
	return ret;
}

/* The call that is over has been fetched; or else it stays, to be resumed. */
__always_inline void mbox_call_finish(struct mbox_endpoint *ep,
				      struct mbox_msg *msg, bool fetched)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after mbox_unset;

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_msg_call(msg)->fetched = false;
	if (fetched) {
		rb_erase(&mbox_msg_call(msg)->node, &ep->calls);
		mbox_discard_locked(mb, msg, &after);
	}
	mbox_unlock(mb, &after);
}

int mbox_call_cancel(struct mbox_endpoint *ep, u64 id)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after mbox_unset;
	struct rb_node *node;
	int ret = -ESTALE;

	mbox_after_init(&after);
	mbox_lock(mb);
	node = rb_find(&id, &ep->calls, mbox_call_cmp);
	if (node && !mbox_call_entry(node)->fetched) {
		mbox_call_abandon_locked(mb,
					 mbox_call_msg(mbox_call_entry(node)),
					 -ECANCELED, &after);
		ret = 0;
	}
	mbox_unlock(mb, &after);
	return ret;
}

/* The call of @ep with the lowest id above @id, or NULL. */
static struct mbox_callinfo *mbox_call_next_locked(struct mbox_endpoint *ep,
						   u64 id)
{
	struct rb_node *node = ep->calls.rb_node;
	struct mbox_callinfo *best = NULL;

	lockdep_assert_held(&ep->obj->lock);

	while (node) {
		struct mbox_callinfo *call = mbox_call_entry(node);

		if (call->id > id) {
			best = call;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/*
 * The calls of @process through @ep, or without @process all of @ep, are
 * cancelled: they have ended.
 */
void mbox_call_cancel_all(struct mbox_endpoint *ep, const struct pid *process)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_callinfo *call;
	u64 id = 0;

	do {
		struct mbox_after after mbox_unset;
		struct mbox_msg *msg;
		int step = 32;

		mbox_after_init(&after);
		mbox_lock(mb);
		while (step-- && (call = mbox_call_next_locked(ep, id))) {
			id = call->id;
			msg = mbox_call_msg(call);
			if (call->fetched ||
			    (process && msg->share->pid != process))
				continue;
			mbox_call_abandon_locked(mb, msg, -ECANCELED, &after);
		}
		mbox_unlock(mb, &after);
		cond_resched();
	} while (call);
}

/* Where the reply goes. */
static u8 *mbox_call_room(struct mbox_msg *msg)
{
	struct mbox_msg *answer = mbox_msg_call(msg)->answer;

	return answer ? mbox_msg_data(answer) : mbox_msg_call(msg)->reply;
}

/*
 * Answer the call that @ep holds under @token. The reply is copied without the
 * lock, into room that nobody else touches as long as the call is claimed: so a
 * token that is used twice at once is stale the second time, and a bad pointer
 * leaves it as it was. @files are taken if this succeeds.
 */
__always_inline int mbox_call_reply(struct mbox_endpoint *ep, u64 token,
				    void __user *buf, u32 len, s32 status,
				    struct mbox_files *files)
{
	struct mbox_area from = { buf, len };
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after mbox_unset;
	struct mbox_msg *msg;
	int ret = 0;

	spin_lock(&mb->obj.lock);
	msg = mbox_lease_find_locked(ep, token);
	if (!msg)
		ret = -ESTALE;
	else if (msg->kind != MBOX_CALL)
		ret = -EINVAL;
	else if (len > mbox_msg_call(msg)->reply_max)
		ret = -EMSGSIZE;
	else
		mbox_unlease_locked(ep, msg);
	spin_unlock(&mb->obj.lock);
	if (ret)
		return ret;

	if (!mbox_data_get(mbox_call_room(msg), &from, len)) {
		/* Who had received it may have ended meanwhile: now it is ours. */
		struct mbox_catch undone = { .msg = msg, .end = MBOX_END_LEASE };

		mbox_claim_end(ep, &undone, 1);
		return -EFAULT;
	}

	mbox_after_init(&after);
	mbox_lock(mb);
	if (mbox_msg_is_cancelled(msg))
		ret = -ECANCELED;
	mbox_msg_call(msg)->reply_len = len;
	mbox_msg_call(msg)->status = status;
	if (!ret)
		mbox_msg_call(msg)->files = files;
	mbox_ack_locked(ep, msg, &after);
	mbox_unlock(mb, &after);
	return ret;
}
