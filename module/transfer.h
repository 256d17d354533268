/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of a message through a mailbox: the steps of which every send and every
 * receive is made, and what they look at. The top of transfer.c has the picture.
 */
#ifndef MBOX_TRANSFER_H
#define MBOX_TRANSFER_H

#include "room.h"

/* watch.c: who is told, and how, that something has come */

void mbox_tell_watchers_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);

/* @msg is about to be queued: of a broadcast, a copy for its holder alone. */
static inline void mbox_tell_message_locked(struct mbox_mailbox *mb,
					    struct mbox_msg *msg,
					    struct mbox_after *after)
{
	/*
	 * No barrier is needed to see who polls: he enters the wait queue before
	 * he looks at the mailbox under the lock. Either he has left that before
	 * we came, and we see him here, or he will see there what we have done.
	 */
	if (unlikely(waitqueue_active(&mb->readable))) {
		mbox_chores(after)->messages++;
		mbox_chores(after)->all = mbox_is_broadcast(mb);
	}
	if (unlikely(!list_empty(&mb->watchers)))
		mbox_tell_watchers_locked(mb, msg);
}

void mbox_tell_room_locked(struct mbox_mailbox *mb, struct mbox_after *after);
void mbox_tell_end_locked(struct mbox_mailbox *mb, struct mbox_after *after);
void mbox_tell_urgent_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			     struct mbox_after *after);
void mbox_tell_pollers(struct mbox_mailbox *mb,
		       const struct mbox_chores *chores);
int mbox_watch_rule(struct mbox_endpoint *ep, const struct mbox_match *match);
int mbox_watch_fasync(int fd, struct file *file, int on);
int mbox_watch_once(struct file *file, bool on);
void mbox_watch_forget_locked(struct mbox_endpoint *ep);

/* expire.c: messages that come back later, or must be gone by then */

void mbox_expire(struct mbox_mailbox *mb);
bool mbox_expire_due_locked(struct mbox_mailbox *mb, struct mbox_after *after);
void mbox_lock_fresh(struct mbox_mailbox *mb, struct mbox_after *after)
	__acquires(&mb->obj.lock);

/* Has the time to live of @msg run out? */
static inline bool mbox_expired(const struct mbox_msg *msg)
{
	u64 expiry = mbox_msg_expiry(msg);

	return unlikely(expiry) && expiry <= ktime_get_ns();
}

/*
 * Drop what has expired: the first thing to do with a locked mailbox. Returns
 * whether there is more: then let go of the lock, and come again.
 */
static inline bool mbox_expire_locked(struct mbox_mailbox *mb,
				      struct mbox_after *after)
{
	return unlikely(mb->next_expiry != U64_MAX) &&
	       mbox_expire_due_locked(mb, after);
}

void mbox_expiry_set_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_expiry_unset_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);

/* @msg is queued now. */
static inline void mbox_expiry_add_locked(struct mbox_mailbox *mb,
					  struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_msg_expiry(msg)))
		mbox_expiry_set_locked(mb, msg);
}

/* @msg is not queued any more. */
static inline void mbox_expiry_remove_locked(struct mbox_mailbox *mb,
					     struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_msg_expiry(msg)))
		mbox_expiry_unset_locked(mb, msg);
}

void mbox_expiry_watch_locked(struct mbox_mailbox *mb);
void mbox_delay_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, u64 delay);
void mbox_undelay_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_timer_init(struct mbox_mailbox *mb);
void mbox_timer_stop(struct mbox_mailbox *mb);
u32 mbox_delayed_purge(struct mbox_mailbox *mb, int result);

/* broadcast.c: a message for all */

void mbox_cast_join_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep);
void mbox_cast_part_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			   struct mbox_after *after);
void mbox_cast_publish_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      struct mbox_after *after);
void mbox_cast_return_locked(struct mbox_mailbox *mb, struct mbox_msg *copy,
			     struct mbox_after *after);
void mbox_cast_leave_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
struct mbox_msg *mbox_cast_find_locked(struct mbox_mailbox *mb,
				       struct mbox_endpoint *ep,
				       struct mbox_after *after);
void mbox_cast_end_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			  u64 token, struct mbox_after *after);
void mbox_cast_reenter_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
struct mbox_msg *mbox_cast_take_locked(struct mbox_mailbox *mb,
				       struct mbox_waiter *w,
				       struct mbox_msg *msg, bool force,
				       struct mbox_after *after);
bool mbox_cast_has_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep);
void mbox_cast_excuse_locked(struct mbox_mailbox *mb,
			     const struct mbox_msg *msg);
void mbox_cast_discard_locked(struct mbox_mailbox *mb, struct mbox_msg *copy,
			      struct mbox_after *after);
u32 mbox_cast_skip(struct mbox_endpoint *ep);

/* transfer.c: the way of a message */

static inline void mbox_after_init(struct mbox_after *after)
{
	after->gone = NULL;
	after->nr_tasks = 0;
	after->busy = false;
}

static inline void mbox_lock(struct mbox_mailbox *mb)
	__acquires(&mb->obj.lock)
{
	spin_lock(&mb->obj.lock);
}

void mbox_conclude(struct mbox_mailbox *mb, struct mbox_after *after);

/* Let go of the lock, and do what was noted to be done after that. May sleep. */
static __always_inline void mbox_unlock(struct mbox_mailbox *mb,
					struct mbox_after *after)
	__releases(&mb->obj.lock)
{
	spin_unlock(&mb->obj.lock);
	if (after->nr_tasks || unlikely(after->busy))
		mbox_conclude(mb, after);
	else if (after->gone)
		mbox_msg_free_all(mb, after->gone);
}

/* Can nobody receive what is sent now, ever? */
static inline bool mbox_deaf_locked(const struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	/* Of a broadcast, who is about to go does not listen any more. */
	return mb->obj.ended ||
	       (!mb->obj.linked && !(mbox_is_broadcast(mb) ? mb->listeners :
							     mb->obj.readers));
}

/* Can nothing be sent any more? */
static inline bool mbox_sourceless_locked(const struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	return mb->obj.ended || (!mb->obj.linked && !mb->obj.writers);
}

/* @msg is taken out of the queue, and of what else knows of queued messages. */
static inline void mbox_dequeue_locked(struct mbox_mailbox *mb,
				       struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_is_broadcast(mb)))
		mbox_cast_leave_locked(mb, msg);
	mbox_expiry_remove_locked(mb, msg);
	mbox_queue_remove(&mb->queue, msg);
	msg->place = MBOX_NOWHERE;
}

void mbox_met_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, int result,
		     struct mbox_after *after);

/* Whoever waits to be met by a receiver of @msg has been, or never will be. */
static inline void mbox_meet_locked(struct mbox_mailbox *mb,
				    struct mbox_msg *msg, int result,
				    struct mbox_after *after)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(extra && extra->meeting))
		mbox_met_locked(mb, msg, result, after);
}

/*
 * @msg is now held, by a task that is in a command on @ep; of an answer that has
 * only its room, by nobody.
 */
static inline void mbox_take_locked(struct mbox_mailbox *mb,
				    struct mbox_endpoint *ep,
				    struct mbox_msg *msg,
				    struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_CLAIMED;
	msg->process = NULL;
	msg->token = ++mb->tokens;
	if (ep)
		ep->served = msg->token;
	if (unlikely(msg->kind == MBOX_COPY))
		return;
	msg->holder = NULL;
	mb->held++;
	mbox_meet_locked(mb, msg, 0, after);
}

void mbox_hand_locked(struct mbox_mailbox *mb, struct mbox_waiter *w,
		      struct mbox_msg *msg, struct mbox_after *after);
void mbox_show_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		      struct mbox_after *after);
u64 mbox_miss_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep);

/* How many messages @ep has missed since that was last told: it is told now. */
static inline u64 mbox_missed_locked(struct mbox_mailbox *mb,
				     struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	return likely(mb->gone == ep->gone && !ep->missed) ?
	       0 : mbox_miss_locked(mb, ep);
}

u64 mbox_would_miss_locked(const struct mbox_mailbox *mb,
			   const struct mbox_endpoint *ep,
			   const struct mbox_msg *msg);
void mbox_lapse_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_admit_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_offer_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_restore_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after);
void mbox_vacate_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			struct mbox_after *after);
void mbox_discard_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after);
void mbox_forward_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after);
void mbox_unpin_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_drop_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, int result,
		      struct mbox_after *after);
void mbox_give_room_locked(struct mbox_mailbox *mb, struct mbox_after *after);

/* Give the room that there is to those who wait for it. */
static inline void mbox_fill_locked(struct mbox_mailbox *mb,
				    struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mb->nr_pending))
		mbox_give_room_locked(mb, after);
}

void mbox_room_change_locked(struct mbox_mailbox *mb, bool writable,
			     struct mbox_after *after);
void mbox_resettle_locked(struct mbox_mailbox *mb, struct mbox_after *after);

/*
 * See to all that follows from a change of room, of what is held, or of who can
 * come: give room to senders, send home who waits for nothing.
 */
static __always_inline void mbox_settle_locked(struct mbox_mailbox *mb,
					       struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mb->nr_pending || mb->nr_meetings ||
		     mbox_sourceless_locked(mb)))
		mbox_resettle_locked(mb, after);
}

/* send.c: from a sender into the mailbox */

int mbox_block(struct mbox_mailbox *mb, struct mbox_waiter *w,
	       const struct mbox_deadline *until, struct mbox_refused *why);
u32 mbox_entry_by_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 u32 limit, struct mbox_msg **victims);

/*
 * Which limit keeps @msg out, if any? What must go to let it in is then in
 * *@victims, out of the queue.
 */
static inline u32 mbox_entry_locked(struct mbox_mailbox *mb,
				    struct mbox_msg *msg,
				    struct mbox_msg **victims)
{
	u32 limit = mbox_room_for_locked(mb, msg);

	lockdep_assert_held(&mb->obj.lock);

	*victims = NULL;
	return likely(!limit && !mb->nr_pending) ?
	       0 : mbox_entry_by_locked(mb, msg, limit, victims);
}

void mbox_supplant_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			  struct mbox_msg *victims, struct mbox_after *after);

/* Admit @msg, for which @victims have made room; or it replaces another. */
static __always_inline void mbox_commit_locked(struct mbox_mailbox *mb,
					       struct mbox_msg *msg,
					       struct mbox_msg *victims,
					       struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (likely(!victims && mb->when_full != MBOX_FULL_CONFLATE))
		mbox_admit_locked(mb, msg, after);
	else
		mbox_supplant_locked(mb, msg, victims, after);
}

int mbox_enter(struct mbox_endpoint *ep, struct mbox_msg **msgs, u32 nr,
	       struct mbox_waiter *w, bool dontwait, struct mbox_refused *why);
int mbox_send_wait(struct mbox_endpoint *ep, struct mbox_msg **msgs, u32 nr,
		   struct mbox_waiter *w, const struct mbox_deadline *until,
		   struct mbox_refused *why);

/*
 * Send up to @nr messages, of which the first one may have to wait. Returns how
 * many were sent: these belong to the mailbox. The others are still the caller's,
 * to be unmade, but for those that are NULL then.
 */
static __always_inline int mbox_send_msgs(struct mbox_endpoint *ep,
					  struct mbox_msg **msgs, u32 nr,
					  const struct mbox_deadline *until,
					  struct mbox_refused *why)
{
	struct mbox_waiter w mbox_unset;
	int ret = mbox_enter(ep, msgs, nr, &w, until->dontwait, why);

	return likely(ret) ? ret : mbox_send_wait(ep, msgs, nr, &w, until, why);
}

/* receive.c: from the mailbox to a receiver, and back */

/**
 * struct mbox_take - what a receiver wants
 * @rule: which message; nothing named: as the endpoint's filter says
 * @peek: only to see it
 * @needed: out: with -EMSGSIZE, how large it is
 */
struct mbox_take {
	struct mbox_rule rule;
	bool peek;
	u32 needed;
};

/* How a receive ends. */
enum mbox_end {
	MBOX_END_PUT_BACK,	/* nothing has come of it */
	MBOX_END_ACK,
	MBOX_END_LEASE,
	MBOX_END_PEEK,
};

/**
 * struct mbox_catch - a message that a receiver gets
 * @msg: out: held; of who peeks, pinned
 * @missed: out: how many were missed before it
 * @room: how large a message it can take
 * @end: what becomes of it
 */
struct mbox_catch {
	struct mbox_msg *msg;
	u64 missed;
	u32 room;
	enum mbox_end end;
};

struct mbox_msg *mbox_search_locked(struct mbox_endpoint *ep,
				    const struct mbox_rule *rule,
				    struct mbox_after *after);

/*
 * What @rule selects of what can be received through @ep, or NULL. A broadcast
 * goes by the endpoint's own rule; only that needs @after.
 */
static inline struct mbox_msg *mbox_find_locked(struct mbox_endpoint *ep,
						const struct mbox_rule *rule,
						struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mbox_is_broadcast(mb) || (rule && rule->what)))
		return mbox_search_locked(ep, rule, after);
	return mbox_queue_first(&mb->queue);
}

bool mbox_is_held_locked(const struct mbox_mailbox *mb,
			 const struct mbox_endpoint *ep);
bool mbox_mute_locked(struct mbox_endpoint *ep);
void mbox_index(struct mbox_mailbox *mb, const struct mbox_rule *rule);
int mbox_exclude_others(struct mbox_mailbox *mb);
void mbox_include_others(struct mbox_mailbox *mb);

/* Of an exclusive mailbox there is one receive at a time. */
static inline int mbox_exclude(struct mbox_mailbox *mb)
{
	return likely(mb->receivers != MBOX_RECEIVERS_EXCLUSIVE) ? 0 :
	       mbox_exclude_others(mb);
}

/* It is over. */
static inline void mbox_include(struct mbox_mailbox *mb)
{
	if (unlikely(mb->receivers == MBOX_RECEIVERS_EXCLUSIVE))
		mbox_include_others(mb);
}

int mbox_claim(struct mbox_endpoint *ep, struct mbox_take *take,
	       const struct mbox_deadline *until, struct mbox_catch *catch,
	       u32 nr);
void mbox_claim_end(struct mbox_endpoint *ep, const struct mbox_catch *catch,
		    u32 nr);
void mbox_ack_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
		     struct mbox_after *after);
int mbox_purge(struct mbox_endpoint *ep);
u32 mbox_purge_all(struct mbox_mailbox *mb, int result);

/* rw.c: read and write */

ssize_t mbox_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t mbox_write_iter(struct kiocb *iocb, struct iov_iter *from);

#endif /* MBOX_TRANSFER_H */
