// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that come back later, and messages that must be gone by then.
 *
 * What is put off is held until it is due, and a timer sees to that. What has a
 * time to live is dropped by the next operation on the mailbox: then nobody can
 * have noticed that it was still there, unless somebody waits for its room. In
 * that case the timer comes as well.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include "mbox.h"
#include "trace.h"

/* How many messages are seen to before the lock is let go. */
#define MBOX_EXPIRE_STEP	64

static struct mbox_msg *mbox_delayed_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_msg, order);
}

static bool mbox_delayed_less(struct rb_node *a, const struct rb_node *b)
{
	return mbox_delayed_entry(a)->token < mbox_delayed_entry(b)->token;
}

static struct mbox_extra *mbox_expiry_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_extra, by_expiry);
}

static bool mbox_expiry_less(struct rb_node *a, const struct rb_node *b)
{
	return mbox_expiry_entry(a)->expiry < mbox_expiry_entry(b)->expiry;
}

static struct mbox_msg *mbox_extra_msg(struct mbox_extra *extra)
{
	return container_of((u64 *)extra, struct mbox_msg, body[0]);
}

/* Does somebody wait who would not notice by himself? */
static bool mbox_expiry_matters_locked(struct mbox_mailbox *mb)
{
	return mb->next_expiry != U64_MAX && !mbox_deaf_locked(mb) &&
	       (mb->wanted || mb->nr_pending || mb->nr_meetings);
}

/* Have the timer come when the first message is due, if it is for that. */
static void mbox_timer_start_locked(struct mbox_mailbox *mb)
{
	struct mbox_msg *msg = mbox_delayed_entry(rb_first(&mb->delayed));
	u64 at = msg ? msg->token : U64_MAX, now = ktime_get_ns();

	lockdep_assert_held(&mb->obj.lock);

	if (mbox_expiry_matters_locked(mb))
		at = min(at, mb->next_expiry);
	if (at == U64_MAX)
		return;
	at = at > now ? at - now : 0;
	mod_delayed_work(system_wq, &mb->timer,
			 min_t(u64, nsecs_to_jiffies64(at) + !!at,
			       MAX_JIFFY_OFFSET));
}

/* Put the claimed @msg off for @delay nanoseconds. */
void mbox_delay_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, u64 delay)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_DELAYED;
	msg->token = ktime_get_ns() + delay;
	rb_add(&msg->order, &mb->delayed, mbox_delayed_less);
	if (rb_first(&mb->delayed) == &msg->order)
		mbox_timer_start_locked(mb);
}

/* @msg, which was put off, is claimed. */
void mbox_undelay_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	rb_erase(&msg->order, &mb->delayed);
	msg->place = MBOX_CLAIMED;
}

static void mbox_expiry_update_locked(struct mbox_mailbox *mb)
{
	struct mbox_extra *first;

	first = mbox_expiry_entry(rb_first_cached(&mb->expiries));
	WRITE_ONCE(mb->next_expiry, first ? first->expiry : U64_MAX);
}

/* See mbox_expiry_add_locked(): it has a time to live. */
void mbox_expiry_set_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	rb_add_cached(&mbox_msg_extra(msg)->by_expiry, &mb->expiries,
		      mbox_expiry_less);
	mbox_expiry_update_locked(mb);
	mbox_expiry_watch_locked(mb);
}

/* See mbox_expiry_remove_locked(), likewise. */
void mbox_expiry_unset_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	rb_erase_cached(&mbox_msg_extra(msg)->by_expiry, &mb->expiries);
	mbox_expiry_update_locked(mb);
}

/* Somebody waits for room, or there is something to wait for. */
void mbox_expiry_watch_locked(struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_expiry_matters_locked(mb)))
		mbox_timer_start_locked(mb);
}

/* Drop up to @n messages that have expired. Returns whether there are more. */
static bool mbox_expire_some_locked(struct mbox_mailbox *mb, int n,
				    struct mbox_after *after)
{
	bool writable = mbox_writable_locked(mb, mb->obj.uid);
	u64 now = ktime_get_ns();

	lockdep_assert_held(&mb->obj.lock);

	while (mb->next_expiry <= now && n--) {
		struct rb_node *node = rb_first_cached(&mb->expiries);
		struct mbox_msg *msg = mbox_extra_msg(mbox_expiry_entry(node));

		mbox_dequeue_locked(mb, msg);
		mbox_lapse_locked(mb, msg, after);
	}
	mbox_settle_locked(mb, after);
	mbox_room_change_locked(mb, writable, after);
	return mb->next_expiry <= now;
}

/* See mbox_expire_locked(): there is something that may have expired. */
bool mbox_expire_due_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (mb->next_expiry > ktime_get_ns())
		return false;
	return mbox_expire_some_locked(mb, MBOX_EXPIRE_STEP, after);
}

/* Lock a mailbox from which all that has expired is gone. */
void mbox_lock_fresh(struct mbox_mailbox *mb, struct mbox_after *after)
	__acquires(&mb->obj.lock)
{
	mbox_after_init(after);
	mbox_lock(mb);
	while (unlikely(mbox_expire_locked(mb, after))) {
		mbox_unlock(mb, after);
		cond_resched();
		mbox_after_init(after);
		mbox_lock(mb);
	}
}

/* Drop what has expired. */
void mbox_expire(struct mbox_mailbox *mb)
{
	u64 next = READ_ONCE(mb->next_expiry);
	struct mbox_after after;

	if (likely(next == U64_MAX) || next > ktime_get_ns())
		return;
	mbox_lock_fresh(mb, &after);
	mbox_unlock(mb, &after);
}

/* Offer what was put off and is due. Returns whether there is more. */
static bool mbox_offer_due_locked(struct mbox_mailbox *mb,
				  struct mbox_after *after)
{
	int n = MBOX_EXPIRE_STEP;
	u64 now = ktime_get_ns();
	struct mbox_msg *msg;

	lockdep_assert_held(&mb->obj.lock);

	while ((msg = mbox_delayed_entry(rb_first(&mb->delayed))) &&
	       msg->token <= now) {
		if (!n--)
			return true;
		mbox_undelay_locked(mb, msg);
		mbox_restore_locked(mb, msg, after);
	}
	return false;
}

static void mbox_timer_work(struct work_struct *work)
{
	struct mbox_mailbox *mb = container_of(to_delayed_work(work),
					       struct mbox_mailbox, timer);
	bool more;

	mbox_expire(mb);
	do {
		struct mbox_after after;

		mbox_after_init(&after);
		mbox_lock(mb);
		more = mbox_offer_due_locked(mb, &after);
		if (!more)
			mbox_timer_start_locked(mb);
		mbox_unlock(mb, &after);
		cond_resched();
	} while (more);
}

void mbox_timer_init(struct mbox_mailbox *mb)
{
	mb->delayed = RB_ROOT;
	mb->expiries = RB_ROOT_CACHED;
	mb->next_expiry = U64_MAX;
	INIT_DELAYED_WORK(&mb->timer, mbox_timer_work);
}

/* Nobody can put anything off any more, nor wait for room. */
void mbox_timer_stop(struct mbox_mailbox *mb)
{
	cancel_delayed_work_sync(&mb->timer);
}

/* Throw away what is put off, calls with @result. Returns how many those were. */
u32 mbox_delayed_purge(struct mbox_mailbox *mb, int result)
{
	struct mbox_msg *msg;
	u32 count = 0;

	do {
		struct mbox_after after;
		int step = 32;

		mbox_after_init(&after);
		mbox_lock(mb);
		while (step-- &&
		       (msg = mbox_delayed_entry(rb_first(&mb->delayed)))) {
			mbox_undelay_locked(mb, msg);
			mb->purged++;
			count++;
			trace_mbox_drop(mb, msg, "purged");
			mbox_drop_locked(mb, msg, result, &after);
		}
		mbox_unlock(mb, &after);
		cond_resched();
	} while (msg);
	return count;
}
