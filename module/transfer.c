// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a message:
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
 * made of them. A receive claims, copies to user memory without the lock and
 * acks, so a failure in between puts the message back where it was. A held
 * message keeps its room, so a put-back always has some.
 *
 * Room that is given back goes to those who wait for it, in their order, before
 * any newcomer sees it. A sender is woken when its message is in.
 */
#include <linux/capability.h>
#include <linux/sched/signal.h>
#include "mbox.h"

/* Can nobody receive what is sent now, ever? */
bool mbox_deaf_locked(const struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	return mb->obj.ended || (!mb->obj.linked && !mb->obj.readers);
}

/* Is there nothing to receive, and will there never be? */
bool mbox_mute_locked(const struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	return (mb->obj.ended || (!mb->obj.linked && !mb->obj.writers)) &&
	       !mb->queue.count && !mb->held;
}

static bool mbox_fits_locked(const struct mbox_mailbox *mb, u32 len)
{
	lockdep_assert_held(&mb->obj.lock);

	return mb->queue.count + mb->held < mb->max_msgs &&
	       mb->bytes + len <= mb->max_bytes;
}

/* May a message of the largest size be sent without waiting? */
bool mbox_writable_locked(const struct mbox_mailbox *mb)
{
	return !mb->pending.count && mbox_fits_locked(mb, mb->msg_size);
}

/* Let go of the lock, and do what was noted to be done after that. */
void mbox_unlock(struct mbox_mailbox *mb, struct mbox_after *after)
	__releases(&mb->obj.lock)
{
	spin_unlock(&mb->obj.lock);

	mbox_waiters_wake(after->wake);
	/*
	 * No barrier is needed: who polls enters the wait queue before it looks
	 * at the mailbox under the lock. Either it has seen what we did there,
	 * or we see it here.
	 */
	if (after->poll && waitqueue_active(&mb->poll))
		wake_up_interruptible_poll(&mb->poll, after->poll);
	mbox_share_free_all(after->dead);
}

/* Give @msg, which has its room, to a blocked receiver or to the queue. */
static void mbox_offer_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      struct mbox_after *after)
{
	struct mbox_waiter *w;

	lockdep_assert_held(&mb->obj.lock);

	while ((w = list_first_entry_or_null(&mb->receivers, struct mbox_waiter,
					     node))) {
		list_del(&w->node);
		mb->nr_receivers--;
		if (msg->len <= w->room) {
			w->msg = msg;
			mb->held++;
			mbox_waiter_take(w, 0, after);
			return;
		}
		w->needed = msg->len;
		mbox_waiter_take(w, -EMSGSIZE, after);
	}
	mbox_queue_insert(&mb->queue, msg);
	after->poll |= EPOLLIN | EPOLLRDNORM;
}

/* Take @msg in. There is room for it, or there will be: nothing can fail. */
static void mbox_admit_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->seq = ++mb->seq;
	msg->share->msgs++;
	msg->share->bytes += msg->len;
	mb->bytes += msg->len;
	mbox_offer_locked(mb, msg, after);
}

/* Take a sender's message out of those that wait for room. */
static void mbox_unpend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			       int result, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_queue_remove(&mb->pending, msg);
	mbox_waiter_take(msg->sender, result, after);
	msg->sender = NULL;
}

/* Give the room that there is to those who wait for it. */
static void mbox_fill_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	while ((msg = mbox_queue_first(&mb->pending)) &&
	       mbox_fits_locked(mb, msg->len)) {
		mbox_unpend_locked(mb, msg, 0, after);
		mbox_admit_locked(mb, msg, after);
	}
}

/*
 * See to all that follows from a change of room, of what is held, or of who can
 * come: give room to senders, send home who waits for nothing.
 */
void mbox_settle_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_waiter *w, *next;
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mb->pending.count && mbox_deaf_locked(mb)))
		while ((msg = mbox_queue_first(&mb->pending)))
			mbox_unpend_locked(mb, msg, -EPIPE, after);
	mbox_fill_locked(mb, after);
	if (unlikely(mbox_mute_locked(mb))) {
		list_for_each_entry_safe(w, next, &mb->receivers, node) {
			list_del(&w->node);
			mb->nr_receivers--;
			mbox_waiter_take(w, -EPIPE, after);
		}
		after->poll |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	}
}

/* Say what a message that does not fit lacks, and who takes most of that. */
static void mbox_explain_locked(struct mbox_mailbox *mb, u32 len,
				struct mbox_refused *why)
{
	lockdep_assert_held(&mb->obj.lock);

	/* Behind others, it is the first of them that lacks room. */
	if (mbox_fits_locked(mb, len) && mb->pending.count)
		len = mbox_queue_first(&mb->pending)->len;

	if (mb->queue.count + mb->held >= mb->max_msgs) {
		why->limit = MBOX_LIMIT_MSGS;
		why->total = mb->queue.count + mb->held;
		why->max = mb->max_msgs;
	} else {
		why->limit = MBOX_LIMIT_BYTES;
		why->total = mb->bytes;
		why->max = mb->max_bytes;
	}
	mbox_share_largest_locked(mb, why);
}

/* Take back what a waiter wanted. It has not been taken. */
static void mbox_leave_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
			      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (w->msg) {
		mbox_queue_remove(&mb->pending, w->msg);
		w->msg->sender = NULL;
		/* It may have stood before one for which there is room. */
		mbox_fill_locked(mb, after);
	} else {
		list_del(&w->node);
		mb->nr_receivers--;
	}
}

/*
 * Wait, having entered the mailbox as a waiter and let go of its lock, and
 * return how that ended.
 */
static int mbox_block(struct mbox_mailbox *mb, struct mbox_waiter *w,
		      const struct mbox_deadline *until,
		      struct mbox_refused *why)
{
	struct mbox_after after = {};
	int ret;

	ret = mbox_wait(w, until);
	if (!ret)
		return w->result;

	spin_lock(&mb->obj.lock);
	if (w->taken) {
		spin_unlock(&mb->obj.lock);
		mbox_wait(w, NULL);
		return w->result;
	}
	if (why && ret == -ETIMEDOUT)
		mbox_explain_locked(mb, w->msg->len, why);
	mbox_leave_locked(mb, w, &after);
	mbox_unlock(mb, &after);
	return ret;
}

/* Is it the turn of a message that comes now, and is there room for it? */
static bool mbox_turn_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_msg *first = mbox_queue_first(&mb->pending);

	return mbox_fits_locked(mb, msg->len) &&
	       (!first || msg->priority > first->priority);
}

/*
 * Admit @msg if it is its turn, or let it wait as @w. Returns 0 if it was
 * admitted, 1 if it waits, -ENODATA without a *@spare share where one is
 * needed, or -errno and @why.
 */
static int mbox_enter_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
			     struct mbox_waiter *w, struct mbox_share **spare,
			     bool dontwait, bool force,
			     struct mbox_refused *why, struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	bool turn = mbox_turn_locked(mb, msg);
	struct mbox_share *share;
	int ret;

	if (unlikely(mbox_deaf_locked(mb)))
		return -EPIPE;
	if (!turn && dontwait) {
		mbox_explain_locked(mb, msg->len, why);
		return -EAGAIN;
	}
	share = mbox_share_find_locked(mb, ep, spare, after);
	if (unlikely(!share))
		return -ENODATA;
	ret = mbox_share_charge_locked(mb, share, msg, force, why);
	if (unlikely(ret))
		return ret;

	/* No error from here on. */
	if (likely(turn)) {
		mbox_admit_locked(mb, msg, after);
		return 0;
	}
	w->task = current;
	w->msg = msg;
	msg->sender = w;
	msg->seq = ++mb->tickets;
	mbox_queue_insert(&mb->pending, msg);
	return 1;
}

/*
 * Send @msg. On success it belongs to the mailbox; on failure, it is still the
 * caller's, charged to nobody.
 */
int mbox_send_msg(struct mbox_endpoint *ep, struct mbox_msg *msg,
		  const struct mbox_deadline *until, struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_share *spare = NULL;
	bool force = false;
	int ret;

	for (;;) {
		struct mbox_after after = {};
		struct mbox_waiter w = {};

		spin_lock(&mb->obj.lock);
		ret = mbox_enter_locked(ep, msg, &w, &spare, until->dontwait,
					force, why, &after);
		mbox_unlock(mb, &after);

		if (ret == 1)
			ret = mbox_block(mb, &w, until, why);
		if (ret == -ENODATA) {
			spare = mbox_share_alloc();
			if (!spare)
				return -ENOMEM;
		} else if (ret == -EDQUOT && !force &&
			   capable(CAP_SYS_RESOURCE)) {
			force = true;
		} else {
			break;
		}
	}

	if (unlikely(ret && msg->share)) {
		struct mbox_after after = {};

		spin_lock(&mb->obj.lock);
		mbox_share_uncharge_locked(mb, msg, &after);
		mbox_unlock(mb, &after);
	}
	mbox_share_free_all(spare);
	return ret;
}

/*
 * Claim the next message of at most @room bytes, or wait for it. It is then
 * held: ack it or put it back. -EMSGSIZE, and *@needed, if it is larger.
 */
struct mbox_msg *mbox_claim(struct mbox_mailbox *mb, u32 room, u32 *needed,
			    const struct mbox_deadline *until)
{
	struct mbox_waiter w = { .task = current, .room = room };
	struct mbox_msg *msg;
	int ret = 0;

	spin_lock(&mb->obj.lock);
	msg = mbox_queue_first(&mb->queue);
	if (msg && msg->len > room) {
		w.needed = msg->len;
		ret = -EMSGSIZE;
	} else if (msg) {
		mbox_queue_remove(&mb->queue, msg);
		mb->held++;
	} else if (mbox_mute_locked(mb)) {
		ret = -EPIPE;
	} else if (until->dontwait) {
		ret = -EAGAIN;
	} else {
		list_add_tail(&w.node, &mb->receivers);
		mb->nr_receivers++;
	}
	spin_unlock(&mb->obj.lock);

	if (!msg && !ret) {
		ret = mbox_block(mb, &w, until, NULL);
		msg = w.msg;
	}
	if (ret) {
		*needed = w.needed;
		return ERR_PTR(ret);
	}
	return msg;
}

/* A claimed message is gone for good: give back its room. It is not freed. */
static void mbox_release_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
				struct mbox_after *after)
{
	bool writable = mbox_writable_locked(mb);

	lockdep_assert_held(&mb->obj.lock);

	mb->held--;
	mb->bytes -= msg->len;
	msg->share->msgs--;
	msg->share->bytes -= msg->len;
	mbox_share_uncharge_locked(mb, msg, after);
	mbox_settle_locked(mb, after);
	if (!writable && mbox_writable_locked(mb))
		after->poll |= EPOLLOUT | EPOLLWRNORM;
}

/* The claimed message has been received. */
void mbox_ack(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_after after = {};

	spin_lock(&mb->obj.lock);
	mb->received++;
	mbox_release_locked(mb, msg, &after);
	mbox_unlock(mb, &after);
	mbox_msg_free(msg);
}

/* The claimed message has not been received: back to its place. */
void mbox_put_back(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_after after = {};

	spin_lock(&mb->obj.lock);
	mb->held--;
	mbox_offer_locked(mb, msg, &after);
	mbox_unlock(mb, &after);
}

/*
 * Throw away what is queued: claim all of it at once, then give back the room
 * in steps that let go of the lock. Returns how many messages that were.
 */
int mbox_purge(struct mbox_mailbox *mb)
{
	struct mbox_queue all;
	u32 count;

	spin_lock(&mb->obj.lock);
	all = mb->queue;
	mbox_queue_init(&mb->queue);
	count = all.count;
	mb->held += count;
	spin_unlock(&mb->obj.lock);

	while (all.count) {
		struct mbox_after after = {};
		struct mbox_msg *gone = NULL, *msg;
		int step = 32;

		spin_lock(&mb->obj.lock);
		while (step-- && (msg = mbox_queue_first(&all))) {
			mbox_queue_remove(&all, msg);
			mb->purged++;
			mbox_release_locked(mb, msg, &after);
			msg->next = gone;
			gone = msg;
		}
		mbox_unlock(mb, &after);
		mbox_msg_free_all(gone);
		cond_resched();
	}
	return min_t(u32, count, INT_MAX);
}
