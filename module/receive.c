// SPDX-License-Identifier: GPL-2.0
/*
 * From the mailbox to a receiver, and back.
 *
 * A receive claims a message, copies it to user memory without the lock, and
 * acks it: so a failure in between puts the message back where it was. What it
 * wants is a rule, its own or its endpoint's; which message that selects, and who
 * of those who wait for one gets it, is looked up here and in line.c.
 *
 * Who only peeks pins the message: it stays where it is, and if another receives
 * it meanwhile, its memory stays until the last pin is gone.
 */
#include "mbox.h"
#include "trace.h"

#define MBOX_MATCH_TYPES	(MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX | \
				 MBOX_MATCH_TYPE_NOT)

/* See mbox_find_locked(): it may be another than the first of the queue. */
struct mbox_msg *mbox_search_locked(struct mbox_endpoint *ep,
				    const struct mbox_rule *rule,
				    struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	if (mbox_is_broadcast(mb))
		return mbox_cast_find_locked(mb, ep, after);
	/* By type, unless what the sender has sent is less to go through. */
	if (rule->what & MBOX_MATCH_PID &&
	    !(rule->what & (MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX)))
		return mbox_share_first_locked(mb, rule);
	return mbox_queue_typed(&mb->queue, rule);
}

/* Is anything held that may come back to @ep? */
bool mbox_is_held_locked(const struct mbox_mailbox *mb,
			 const struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_is_broadcast(mb)))
		return ep->nr_held;
	return mb->held;
}

/* Where nothing was found: will there never be anything? */
bool mbox_mute_locked(struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	return mbox_sourceless_locked(mb) && !mbox_is_held_locked(mb, ep);
}

/* See that the indexes are there that @rule needs. May take a while. */
void mbox_index(struct mbox_mailbox *mb, const struct mbox_rule *rule)
{
	struct mbox_cursor at = MBOX_CURSOR_START;
	u8 index = 0;
	bool more;

	if (rule->what & MBOX_MATCH_TYPES)
		index |= MBOX_BY_TYPE;
	if (rule->what & MBOX_MATCH_PID)
		index |= MBOX_BY_SENDER;
	index &= ~READ_ONCE(mb->indexed);
	if (likely(!index) || mbox_is_broadcast(mb))
		return;
	do {
		spin_lock(&mb->obj.lock);
		more = mbox_queue_index(&mb->queue, index, &at);
		if (!more)
			WRITE_ONCE(mb->indexed, mb->indexed | index);
		spin_unlock(&mb->obj.lock);
		cond_resched();
	} while (more);
}

/* Begin to be the one who receives from an exclusive mailbox. */
int mbox_exclude_others(struct mbox_mailbox *mb)
{
	int ret = 0;

	spin_lock(&mb->obj.lock);
	if (mb->receiving)
		ret = -EBUSY;
	mb->receiving = true;
	spin_unlock(&mb->obj.lock);
	return ret;
}

void mbox_include_others(struct mbox_mailbox *mb)
{
	spin_lock(&mb->obj.lock);
	mb->receiving = false;
	spin_unlock(&mb->obj.lock);
}

/* @msg was found: it, or what stands for it, becomes @catch's. */
static __always_inline int
mbox_claim_found_locked(struct mbox_endpoint *ep, struct mbox_take *take,
			struct mbox_waiter *w, struct mbox_msg *msg,
			struct mbox_catch *catch, bool force,
			struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(msg->len > catch->room)) {
		take->needed = msg->len;
		return -EMSGSIZE;
	}
	catch->msg = msg;
	if (unlikely(take->peek)) {
		catch->missed = mbox_would_miss_locked(mb, ep, msg);
		msg->pins++;
		return 1;
	}
	if (unlikely(mbox_is_broadcast(mb))) {
		msg = mbox_cast_take_locked(mb, w, msg, force, after);
		if (IS_ERR(msg))
			return PTR_ERR(msg);
		catch->msg = msg;
	} else {
		mbox_dequeue_locked(mb, msg);
		mbox_take_locked(mb, ep, msg, after);
		trace_mbox_claim(mb, msg);
	}
	ep->nr_held++;
	catch->missed = mbox_missed_locked(mb, ep);
	return 1;
}

/* Let @w wait for what @take wants. */
static noinline void mbox_await_locked(struct mbox_endpoint *ep,
				       struct mbox_take *take,
				       struct mbox_waiter *w, u32 room,
				       struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	w->task = current;
	w->rule = &take->rule;
	w->msg = NULL;
	w->room = room;
	w->needed = 0;
	w->missed = 0;
	w->peek = take->peek;
	w->done = false;
	mbox_line_add_locked(mb, w);
	/* Whoever polls for somebody to meet, here is one. */
	if (unlikely(mb->rendezvous && !take->peek))
		mbox_tell_room_locked(mb, after);
}

/*
 * Claim what @take wants: 1; or let @w wait: 0. There is no error from the
 * moment when something has changed.
 */
static __always_inline int
mbox_claim_locked(struct mbox_endpoint *ep, struct mbox_take *take,
		  struct mbox_waiter *w, struct mbox_catch *catch,
		  bool dontwait, struct mbox_charging *charge,
		  struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(!take->peek &&
		     ep->nr_held + ep->nr_waiting >= mbox_lease_limit()))
		return -ENOSPC;
	/* A copy is charged to who gets it. */
	if (unlikely(w->copy && !w->payer)) {
		w->payer = mbox_share_find_locked(mb, ep, &charge->spare, after);
		if (!w->payer)
			return -ENODATA;
		w->payer->refs++;
	}
	if (unlikely(mbox_expire_locked(mb, after)))
		return -EINPROGRESS;
	if (unlikely(ep->rule && !take->rule.what))
		mbox_rule_copy(&take->rule, ep->rule);
	msg = mbox_find_locked(ep, &take->rule, after);
	if (likely(msg))
		return mbox_claim_found_locked(ep, take, w, msg, catch,
					       charge->force, after);
	if (mbox_mute_locked(ep))
		return -EPIPE;
	if (dontwait)
		return -EAGAIN;
	mbox_await_locked(ep, take, w, catch->room, after);
	return 0;
}

/*
 * How many of @nr messages may be claimed at once. Who claims them one by one
 * leaves the others to be dropped or replaced meanwhile, and others to hold some.
 */
static u32 mbox_claim_limit_locked(const struct mbox_endpoint *ep, u32 nr)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	/* What is claimed in a rendezvous is met. A copy is made one by one. */
	if (unlikely(mb->rendezvous || mbox_is_broadcast(mb)) ||
	    ep->nr_held + ep->nr_waiting + 4 * nr > mbox_lease_limit())
		return 1;
	if (unlikely(mb->when_full != MBOX_FULL_BLOCK))
		return clamp(mb->queue.count / 2, 1U, nr);
	return nr;
}

/* The same, all of it, for @nr messages: only the first is waited for. */
static __always_inline int mbox_claim_or_wait(struct mbox_endpoint *ep,
					      struct mbox_take *take,
					      struct mbox_waiter *w,
					      struct mbox_catch *catch, u32 nr,
					      bool dontwait)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_charging charge = {};
	u32 n = 0;
	int ret;

	do {
		struct mbox_after after mbox_unset;

		mbox_after_init(&after);
		mbox_lock(mb);
		if (nr > 1)
			nr = mbox_claim_limit_locked(ep, nr);
		do {
			ret = mbox_claim_locked(ep, take, w, catch + n,
						dontwait || n, &charge, &after);
		} while (ret > 0 && ++n < nr);
		mbox_unlock(mb, &after);
	} while (!n && mbox_charge_again(&charge, &ret));

	if (unlikely(charge.spare))
		mbox_share_free_all(charge.spare);
	if (likely(n))
		return n;
	/* The other limit, for which nobody is charged. */
	return ret == -ENOSPC ? -EDQUOT : ret;
}

/* A receive of a broadcast is over: what was prepared for it goes. */
static void mbox_claim_tidy(struct mbox_mailbox *mb, struct mbox_waiter *w)
{
	struct mbox_after after mbox_unset;

	if (w->payer) {
		mbox_after_init(&after);
		mbox_lock(mb);
		mbox_share_put_locked(mb, w->payer, &after);
		mbox_unlock(mb, &after);
	}
	if (w->copy)
		mbox_msg_free(mb, w->copy);
}

/*
 * Claim what @take wants, or wait for it: up to @nr messages, but wait for the
 * first only. Returns how many there are in @catch. They are then held, until
 * mbox_claim_end() is told how that ended; of who peeks, they are pinned.
 * -EMSGSIZE, and @take->needed, if the first is too large.
 */
__always_inline int mbox_claim(struct mbox_endpoint *ep, struct mbox_take *take,
			       const struct mbox_deadline *until,
			       struct mbox_catch *catch, u32 nr)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_waiter w mbox_unset;
	int ret;

	w.ep = ep;
	w.copy = NULL;
	w.payer = NULL;
	if (unlikely(take->rule.what))
		mbox_index(mb, &take->rule);
	if (unlikely(mbox_is_broadcast(mb) && !take->peek)) {
		w.copy = mbox_copy_alloc();
		if (!w.copy)
			return -ENOMEM;
	}
	ret = mbox_claim_or_wait(ep, take, &w, catch, nr, until->dontwait);
	if (!ret) {
		ret = mbox_block(mb, &w, until, NULL) ?: 1;
		catch->msg = w.msg;
		catch->missed = w.missed;
		take->needed = w.needed;
	}
	if (unlikely(w.copy || w.payer))
		mbox_claim_tidy(mb, &w);
	return ret;
}

/* The held @msg has been received. */
__always_inline void mbox_ack_locked(struct mbox_endpoint *ep,
				     struct mbox_msg *msg,
				     struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	ep->nr_held--;
	mb->received++;
	trace_mbox_ack(mb, msg);
	mbox_drop_locked(mb, msg, 0, after);
}

/*
 * The claimed message has not been received: back to its place. Nor has it been
 * told how many were missed.
 */
static noinline void mbox_put_back_locked(struct mbox_endpoint *ep,
					  const struct mbox_catch *catch,
					  struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	ep->nr_held--;
	ep->missed += catch->missed;
	if (mbox_msg_is_cancelled(catch->msg))
		mbox_drop_locked(mb, catch->msg, -ECANCELED, after);
	else
		mbox_restore_locked(mb, catch->msg, after);
}

/* The receive of the @nr messages that were claimed is over. */
__always_inline void mbox_claim_end(struct mbox_endpoint *ep,
				    const struct mbox_catch *catch, u32 nr)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after mbox_unset;

	mbox_after_init(&after);
	mbox_lock(mb);
	for (; nr; nr--, catch++) {
		switch (catch->end) {
		case MBOX_END_ACK:
			mbox_ack_locked(ep, catch->msg, &after);
			break;
		case MBOX_END_LEASE:
			mbox_lease_locked(ep, catch->msg, &after);
			break;
		case MBOX_END_PEEK:
			mbox_unpin_locked(mb, catch->msg, &after);
			break;
		default:
			mbox_put_back_locked(ep, catch, &after);
		}
	}
	mbox_unlock(mb, &after);
}

/* A message whose sender waits to be met stays: it is not queued to him. */
static bool mbox_purges(const struct mbox_msg *msg, u64 last)
{
	const struct mbox_extra *extra = mbox_msg_extra(msg);

	return msg->seq <= last && !(extra && extra->meeting);
}

/*
 * Throw away some of what was queued when @last was the last message, from @at
 * on, calls with @result. Returns whether there is more to look at.
 */
static bool mbox_purge_some_locked(struct mbox_mailbox *mb,
				   struct mbox_cursor *at, u64 last,
				   int result, u32 *count,
				   struct mbox_after *after)
{
	struct mbox_msg *msg;
	int step = 32;

	lockdep_assert_held(&mb->obj.lock);

	while ((msg = mbox_queue_from(&mb->queue, at)) && step--) {
		if (mbox_purges(msg, last)) {
			*at = (struct mbox_cursor){ msg->priority,
						    msg->seq + 1 };
			mbox_dequeue_locked(mb, msg);
			mb->purged++;
			(*count)++;
			trace_mbox_drop(mb, msg, "purged");
			mbox_drop_locked(mb, msg, result, after);
		} else if (msg->seq <= last) {
			*at = (struct mbox_cursor){ msg->priority,
						    msg->seq + 1 };
		} else if (msg->priority) {
			/* What is behind it has come later still. */
			*at = (struct mbox_cursor){ msg->priority - 1 };
		} else {
			return false;
		}
	}
	return msg;
}

/*
 * Throw away what is queued or put off, calls with @result, in steps that let go
 * of the lock. Returns how many messages there were.
 */
u32 mbox_purge_all(struct mbox_mailbox *mb, int result)
{
	struct mbox_cursor at = MBOX_CURSOR_START;
	u32 count = mbox_delayed_purge(mb, result);
	bool more;
	u64 last;

	mbox_expire(mb);
	spin_lock(&mb->obj.lock);
	last = mb->seq;
	spin_unlock(&mb->obj.lock);

	do {
		struct mbox_after after mbox_unset;

		mbox_after_init(&after);
		mbox_lock(mb);
		more = mbox_purge_some_locked(mb, &at, last, result, &count,
					      &after);
		mbox_unlock(mb, &after);
		cond_resched();
	} while (more);
	return count;
}

/* MBOX_IOC_PURGE */
int mbox_purge(struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	if (mbox_is_broadcast(mb))
		return min_t(u32, mbox_cast_skip(ep), INT_MAX);
	return min_t(u32, mbox_purge_all(mb, -ECANCELED), INT_MAX);
}
