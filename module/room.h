/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a message takes of a mailbox, and whose turn it is: of its sender, to put it
 * in, and of those who receive, to get it.
 */
#ifndef MBOX_ROOM_H
#define MBOX_ROOM_H

#include "mailbox.h"

/* share.c: whom a message is charged to */

/* How much is drawn from a payer at once, and how much of it may be unused. */
#define MBOX_CHUNK	8192ULL
#define MBOX_IDLE_MAX	(2 * MBOX_CHUNK)

int mbox_share_draw_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			   u32 cost, bool force, struct mbox_refused *why);
void mbox_share_return_locked(struct mbox_mailbox *mb,
			      struct mbox_share *share);
void mbox_share_remove_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			      struct mbox_after *after);

/*
 * Charge @cost bytes to @share, for a message that then points to it. -EDQUOT
 * and @why if its user has reached a limit.
 */
static inline int mbox_share_charge_locked(struct mbox_mailbox *mb,
					   struct mbox_share *share, u32 cost,
					   bool force, struct mbox_refused *why)
{
	int ret;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(share->drawn - share->used < cost)) {
		ret = mbox_share_draw_locked(mb, share, cost, force, why);
		if (ret)
			return ret;
	}
	share->used += cost;
	share->refs++;
	return 0;
}

/* Undo that, but for the reference. */
static inline void mbox_share_release_locked(struct mbox_mailbox *mb,
					     struct mbox_share *share, u32 cost)
{
	lockdep_assert_held(&mb->obj.lock);

	share->used -= cost;
	if (unlikely(share->drawn - share->used > MBOX_IDLE_MAX))
		mbox_share_return_locked(mb, share);
}

static inline void mbox_share_put_locked(struct mbox_mailbox *mb,
					 struct mbox_share *share,
					 struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(!--share->refs))
		mbox_share_remove_locked(mb, share, after);
}

static inline void mbox_share_uncharge_locked(struct mbox_mailbox *mb,
					      struct mbox_share *share, u32 cost,
					      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_share_release_locked(mb, share, cost);
	mbox_share_put_locked(mb, share, after);
}

/* room.c: who may put how much into a mailbox */

u32 mbox_share_room_locked(const struct mbox_mailbox *mb,
			   const struct mbox_user *user, u32 len);

/* Which limit does a message of @len bytes of @uid's exceed, if any? */
static inline u32 mbox_room_locked(const struct mbox_mailbox *mb, kuid_t uid,
				   const struct mbox_user *user, u32 len)
{
	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mb->unbounded || mb->rendezvous))
		return 0;
	if (unlikely(mb->msgs >= mb->max_msgs))
		return MBOX_LIMIT_MSGS;
	if (unlikely(mb->bytes + len > mb->max_bytes))
		return MBOX_LIMIT_BYTES;
	if (likely(uid_eq(uid, mb->obj.uid)) || !mb->msgs)
		return 0;
	return mbox_share_room_locked(mb, user, len);
}

static inline u32 mbox_room_for_locked(const struct mbox_mailbox *mb,
				       const struct mbox_msg *msg)
{
	struct mbox_user *user = msg->share->user;

	lockdep_assert_held(&mb->obj.lock);

	return mbox_room_locked(mb, user->uid, user, msg->len);
}

struct mbox_msg *mbox_pending_before_locked(struct mbox_mailbox *mb,
					    const struct mbox_msg *msg);

/* The message that waits for room, and that @msg must not overtake; or NULL. */
static inline struct mbox_msg *mbox_ahead_locked(struct mbox_mailbox *mb,
						 const struct mbox_msg *msg)
{
	lockdep_assert_held(&mb->obj.lock);

	return likely(!mb->nr_pending) ? NULL :
					 mbox_pending_before_locked(mb, msg);
}

bool mbox_writable_locked(const struct mbox_mailbox *mb, kuid_t uid);

static inline void mbox_room_take_locked(struct mbox_mailbox *mb,
					 struct mbox_msg *msg)
{
	struct mbox_user *user = msg->share->user;

	lockdep_assert_held(&mb->obj.lock);

	user->msgs++;
	user->bytes += msg->len;
	mb->msgs++;
	mb->bytes += msg->len;
}

static inline void mbox_room_give_locked(struct mbox_mailbox *mb,
					 struct mbox_msg *msg)
{
	struct mbox_user *user = msg->share->user;

	lockdep_assert_held(&mb->obj.lock);

	user->msgs--;
	user->bytes -= msg->len;
	mb->msgs--;
	mb->bytes -= msg->len;
}

void mbox_room_shrink_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			     u32 len);
void mbox_explain_locked(struct mbox_mailbox *mb, u32 limit,
			 const struct mbox_user *user,
			 struct mbox_refused *why);
void mbox_explain_msg_locked(struct mbox_mailbox *mb, const struct mbox_msg *msg,
			     struct mbox_refused *why);
void mbox_want_locked(struct mbox_mailbox *mb);
void mbox_pend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_unpend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
struct mbox_msg *mbox_pending_next_locked(struct mbox_mailbox *mb);
struct mbox_msg *mbox_conflated_locked(struct mbox_mailbox *mb,
				       const struct mbox_msg *msg);

/* The queued message that @msg is to replace, where there is one. */
static inline struct mbox_msg *mbox_twin_locked(struct mbox_mailbox *mb,
						const struct mbox_msg *msg)
{
	return likely(mb->when_full != MBOX_FULL_CONFLATE) ||
	       msg->kind != MBOX_PLAIN ? NULL : mbox_conflated_locked(mb, msg);
}

struct mbox_msg *mbox_oust_locked(struct mbox_mailbox *mb,
				  const struct mbox_msg *msg, u32 *limit);
void mbox_reinstate_locked(struct mbox_mailbox *mb, struct mbox_msg *first);

/* line.c: the receivers that wait, and whose turn it is */

void mbox_line_add_locked(struct mbox_mailbox *mb, struct mbox_waiter *w);
void mbox_line_remove_locked(struct mbox_mailbox *mb, struct mbox_waiter *w);
struct mbox_waiter *mbox_line_vain_locked(struct mbox_mailbox *mb);
struct mbox_waiter *mbox_line_choose_locked(struct mbox_mailbox *mb,
					    const struct mbox_msg *msg);

/* Whose turn it is, of those that take @msg; NULL if nobody does. */
static inline struct mbox_waiter *mbox_line_pick_locked(struct mbox_mailbox *mb,
							const struct mbox_msg *msg)
{
	if (likely(RB_EMPTY_ROOT(&mb->line.rb_root) &&
		   RB_EMPTY_ROOT(&mb->choosy.rb_root)))
		return NULL;
	return mbox_line_choose_locked(mb, msg);
}

#endif /* MBOX_ROOM_H */
