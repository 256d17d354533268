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
 * A lease (hold.c) is a claim that outlives the command. A call (call.c) is a
 * message whose sender waits on after its admission, and which goes back to the
 * sender, with the reply, rather than being freed.
 *
 * Room that is given back goes to those who wait for it, in their order, before
 * any newcomer sees it. A sender is woken when its message is in.
 */
#include <linux/rcupdate.h>
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

void mbox_after_init(struct mbox_after *after)
{
	after->dead = NULL;
	after->gone = NULL;
	after->undeliverable = NULL;
	after->answers = NULL;
	after->nr_tasks = 0;
	after->messages = 0;
	after->room = false;
	after->hangup = false;
	after->urgent = false;
}

/* The RCU section keeps the tasks that mbox_waiter_done() lets go. */
void mbox_lock(struct mbox_mailbox *mb)
	__acquires(RCU) __acquires(&mb->obj.lock)
{
	rcu_read_lock();
	spin_lock(&mb->obj.lock);
}

/* Tell those who poll: @nr of the exclusive ones, or all if that is 0. */
static void mbox_tell(wait_queue_head_t *queue, __poll_t events, int nr)
{
	/*
	 * No barrier is needed to see them: who polls enters the wait queue
	 * before it looks at the mailbox under the lock. Either it has seen
	 * there what we have done, or we see it here.
	 */
	if (waitqueue_active(queue))
		__wake_up(queue, TASK_INTERRUPTIBLE, nr, poll_to_key(events));
}

/* Let go of the lock, and do what was noted to be done after that. May sleep. */
void mbox_unlock(struct mbox_mailbox *mb, struct mbox_after *after)
	__releases(RCU) __releases(&mb->obj.lock)
{
	u32 i;

	spin_unlock(&mb->obj.lock);
	for (i = 0; i < after->nr_tasks; i++)
		wake_up_process(after->tasks[i]);
	rcu_read_unlock();

	/*
	 * A message is for one. Room is for all, as is an end: nobody knows how
	 * many of those who wait for it can use it.
	 */
	if (after->messages)
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM,
			  after->messages);
	if (after->room)
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM, 0);
	if (unlikely(after->hangup)) {
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM | EPOLLHUP, 0);
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM | EPOLLHUP, 0);
	}
	if (unlikely(after->urgent))
		mbox_tell(&mb->readable, EPOLLPRI, 0);
	mbox_share_free_all(after->dead);
	mbox_msg_free_all(after->gone);
	if (unlikely(after->undeliverable))
		mbox_forward(mb, after->undeliverable);
	if (unlikely(after->answers))
		mbox_answer_deliver(after->answers);
}

/* @msg is now held, by a task that is in a command. */
static void mbox_take_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_CLAIMED;
	msg->token = ++mb->tokens;
	mb->held++;
}

/* Give @msg, which has its room, to a blocked receiver or to the queue. */
void mbox_offer_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
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
			mbox_take_locked(mb, msg);
			mbox_waiter_done(w, 0, after);
			return;
		}
		w->needed = msg->len;
		mbox_waiter_done(w, -EMSGSIZE, after);
	}
	msg->place = MBOX_QUEUED;
	msg->epoch = mb->epoch;
	mbox_queue_insert(&mb->queue, msg);
	after->messages++;
}

/* Take @msg in. There is room for it, or there will be: nothing can fail. */
void mbox_admit_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->share->msgs++;
	msg->share->bytes += msg->len;
	mb->bytes += msg->len;
	if (unlikely(msg->kind == MBOX_ANSWER && !msg->call->over)) {
		/* It has its room, and comes when there is an answer. */
		mbox_take_locked(mb, msg);
		return;
	}
	msg->seq = ++mb->seq;
	mbox_offer_locked(mb, msg, after);
}

/*
 * Take a message out of those that wait for room, and let its sender go, whose
 * wait for room is over; that of a call waits on. With an error as result the
 * message is the sender's again, and must not be touched any more.
 */
static void mbox_unpend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			       int result, struct mbox_after *after)
{
	struct mbox_waiter *sender = msg->sender;

	lockdep_assert_held(&mb->obj.lock);

	mbox_queue_remove(&mb->pending, msg);
	msg->place = MBOX_NOWHERE;
	msg->sender = NULL;
	if (!mbox_msg_is_awaited(msg))
		mbox_waiter_done(sender, result, after);
	else if (result)
		mbox_call_over_locked(mb, msg, result, after);
}

/* Give the room that there is to those who wait for it. */
void mbox_fill_locked(struct mbox_mailbox *mb, struct mbox_after *after)
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
			mbox_waiter_done(w, -EPIPE, after);
		}
		after->hangup = true;
	}
}

/* Say what a message that does not fit lacks, and who takes most of that. */
void mbox_explain_locked(struct mbox_mailbox *mb, struct mbox_refused *why)
{
	lockdep_assert_held(&mb->obj.lock);

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

/* Take back what a waiter wanted. It is not done. */
static void mbox_leave_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
			      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (w->msg) {
		mbox_queue_remove(&mb->pending, w->msg);
		w->msg->place = MBOX_NOWHERE;
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
	struct mbox_after after;
	int ret;

	ret = mbox_wait(w, until);
	if (!ret)
		return w->result;

	mbox_after_init(&after);
	mbox_lock(mb);
	if (w->done) {
		ret = w->result;
	} else {
		if (why && ret == -ETIMEDOUT)
			mbox_explain_locked(mb, why);
		mbox_leave_locked(mb, w, &after);
	}
	mbox_unlock(mb, &after);
	return ret;
}

/* Is it the turn of a message that comes now, and is there room for it? */
bool mbox_turn_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_msg *first = mbox_queue_first(&mb->pending);

	return mbox_fits_locked(mb, msg->len) &&
	       (!first || msg->priority > first->priority);
}

/*
 * Admit @msg if it is its turn, or let it wait as @w. Returns 0 if it was
 * admitted, 1 if it waits, or -errno and @why.
 */
static int mbox_enter_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
			     struct mbox_waiter *w, bool dontwait,
			     struct mbox_charging *charge,
			     struct mbox_refused *why, struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	bool turn = mbox_turn_locked(mb, msg);
	int ret;

	if (unlikely(mbox_deaf_locked(mb)))
		return -EPIPE;
	if (!turn && dontwait) {
		mbox_explain_locked(mb, why);
		return -EAGAIN;
	}
	if (likely(!msg->share)) {
		ret = mbox_charge_locked(ep, msg->cost, charge, &msg->share,
					 why, after);
		if (unlikely(ret))
			return ret;
	}

	/* No error from here on. */
	w->task = current;
	w->msg = msg;
	if (mbox_msg_is_awaited(msg))
		mbox_call_begin_locked(ep, msg, w);
	else
		msg->sender = w;
	if (likely(turn)) {
		mbox_admit_locked(mb, msg, after);
		return 0;
	}
	msg->seq = ++mb->tickets;
	msg->place = MBOX_PENDING;
	mbox_queue_insert(&mb->pending, msg);
	return 1;
}

/* The same, all of it. */
int mbox_enter(struct mbox_endpoint *ep, struct mbox_msg *msg,
	       struct mbox_waiter *w, bool dontwait, struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_charging charge = {};
	int ret;

	w->done = false;
	do {
		struct mbox_after after;

		mbox_after_init(&after);
		mbox_lock(mb);
		ret = mbox_enter_locked(ep, msg, w, dontwait, &charge, why,
					&after);
		mbox_unlock(mb, &after);
	} while (mbox_charge_again(&charge, &ret));

	mbox_share_free_all(charge.spare);
	return ret;
}

/*
 * Send @msg. On success it belongs to the mailbox; on failure, it is still the
 * caller's, to be unmade.
 */
int mbox_send_msg(struct mbox_endpoint *ep, struct mbox_msg *msg,
		  const struct mbox_deadline *until, struct mbox_refused *why)
{
	struct mbox_waiter w;
	int ret;

	ret = mbox_enter(ep, msg, &w, until->dontwait, why);
	if (ret == 1)
		ret = mbox_block(mbox_to_mailbox(ep->obj), &w, until, why);
	return ret;
}

/*
 * Claim the next message of at most @room bytes, or wait for it. It is then
 * held: ack it, lease it or put it back. -EMSGSIZE, and *@needed, if it is
 * larger.
 */
struct mbox_msg *mbox_claim(struct mbox_endpoint *ep, u32 room, u32 *needed,
			    const struct mbox_deadline *until)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_waiter w = { .task = current, .room = room };
	struct mbox_msg *msg;
	int ret = 0;

	spin_lock(&mb->obj.lock);
	msg = mbox_queue_first(&mb->queue);
	if (ep->nr_held >= mbox_lease_limit()) {
		ret = -EDQUOT;
	} else if (msg && msg->len > room) {
		w.needed = msg->len;
		ret = -EMSGSIZE;
	} else if (msg) {
		mbox_queue_remove(&mb->queue, msg);
		mbox_take_locked(mb, msg);
	} else if (mbox_mute_locked(mb)) {
		ret = -EPIPE;
	} else if (until->dontwait) {
		ret = -EAGAIN;
	} else {
		list_add_tail(&w.node, &mb->receivers);
		mb->nr_receivers++;
	}
	if (!ret)
		ep->nr_held++;
	spin_unlock(&mb->obj.lock);
	if (ret)
		goto failed;

	if (!msg) {
		ret = mbox_block(mb, &w, until, NULL);
		if (ret) {
			spin_lock(&mb->obj.lock);
			ep->nr_held--;
			spin_unlock(&mb->obj.lock);
			goto failed;
		}
		msg = w.msg;
	}
	return msg;

failed:
	*needed = w.needed;
	return ERR_PTR(ret);
}

/* A held message is done with: give back its room. */
void mbox_vacate_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			struct mbox_after *after)
{
	bool writable = mbox_writable_locked(mb);

	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_NOWHERE;
	mb->held--;
	mb->bytes -= msg->len;
	msg->share->msgs--;
	msg->share->bytes -= msg->len;
	mbox_settle_locked(mb, after);
	if (!writable && mbox_writable_locked(mb))
		after->room = true;
}

/* Nobody needs @msg, which has no room any more: give back its memory. */
void mbox_discard_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_share_uncharge_locked(mb, msg->share, msg->cost, after);
	msg->next = after->gone;
	after->gone = msg;
}

/* Throw away a held message. If it is a call, this is its @result. */
void mbox_drop_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, int result,
		      struct mbox_after *after)
{
	mbox_vacate_locked(mb, msg, after);
	if (msg->kind == MBOX_CALL)
		mbox_call_over_locked(mb, msg, result, after);
	else
		mbox_discard_locked(mb, msg, after);
}

/* The claimed message has been received. */
void mbox_ack(struct mbox_endpoint *ep, struct mbox_msg *msg)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;

	mbox_after_init(&after);
	mbox_lock(mb);
	ep->nr_held--;
	mb->received++;
	mbox_vacate_locked(mb, msg, &after);
	mbox_discard_locked(mb, msg, &after);
	mbox_unlock(mb, &after);
}

/* The claimed message has not been received: back to its place. */
void mbox_put_back(struct mbox_endpoint *ep, struct mbox_msg *msg)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;

	mbox_after_init(&after);
	mbox_lock(mb);
	ep->nr_held--;
	if (mbox_msg_is_cancelled(msg)) {
		mbox_drop_locked(mb, msg, -ECANCELED, &after);
	} else {
		mb->held--;
		mbox_offer_locked(mb, msg, &after);
	}
	mbox_unlock(mb, &after);
}

/*
 * Throw away what is queued or put off, calls with @result: claim all of it at once, then
 * give back the room in steps that let go of the lock. A call that is cancelled
 * meanwhile is known by its epoch. Returns how many messages there were.
 */
int mbox_purge(struct mbox_mailbox *mb, int result)
{
	struct mbox_queue all;
	u32 count, delayed;

	delayed = mbox_delayed_purge(mb, result);

	spin_lock(&mb->obj.lock);
	all = mb->queue;
	mbox_queue_init(&mb->queue);
	mb->epoch++;
	count = all.count;
	mb->held += count;
	spin_unlock(&mb->obj.lock);

	while (all.count) {
		struct mbox_after after;
		struct mbox_msg *msg;
		int step = 32;

		mbox_after_init(&after);
		mbox_lock(mb);
		while (step-- && (msg = mbox_queue_first(&all))) {
			mbox_queue_remove(&all, msg);
			mb->purged++;
			mbox_drop_locked(mb, msg, result, &after);
		}
		mbox_unlock(mb, &after);
		cond_resched();
	}
	return min_t(u64, (u64)count + delayed, INT_MAX);
}
