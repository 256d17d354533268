// SPDX-License-Identifier: GPL-2.0
/*
 * Who may put how much into a mailbox.
 *
 * In the room is what has been admitted and not been acked yet, wherever it is.
 * Room is what the capacities leave, and of that a user other than the owner has
 * a share: as much as it leaves free, so that alone it has half, of two each has
 * a third, and there is always some for one more. The owner may fill the
 * mailbox, and the last sixteenth is his.
 *
 * Who finds no room waits at its user. So a user who has had his share holds up
 * nobody but himself: of the others, the one with the highest priority is next,
 * of these the one that came first, and no smaller message gets past it.
 */
#include "mbox.h"

/* How much is looked at to find something that may be dropped. */
#define MBOX_OUST_STEPS	64
/* How many messages are dropped for one. */
#define MBOX_OUST_MAX	256

static u64 mbox_reserve_of(u64 max)
{
	return max / 16;
}

static u64 mbox_reserve_msgs(u32 max)
{
	return max > 1 ? max_t(u32, mbox_reserve_of(max), 1) : 0;
}

/* How much of a capacity is left, were @n added to the @used. */
static s64 mbox_left(u64 max, u64 used, u64 n)
{
	return (s64)min_t(u64, max, S64_MAX) - (s64)(used + n);
}

/* Which limit of its share would @user exceed with @len bytes more, if any? */
u32 mbox_share_room_locked(const struct mbox_mailbox *mb,
			   const struct mbox_user *user, u32 len)
{
	s64 msgs = mbox_left(mb->max_msgs, mb->msgs, 1);
	s64 bytes = mbox_left(mb->max_bytes, mb->bytes, len);

	lockdep_assert_held(&mb->obj.lock);

	if (!mb->msgs || (user && uid_eq(user->uid, mb->obj.uid)))
		return 0;
	if (msgs < (s64)mbox_reserve_msgs(mb->max_msgs))
		return MBOX_LIMIT_SHARE_MSGS;
	if (bytes < (s64)mbox_reserve_of(mb->max_bytes))
		return MBOX_LIMIT_SHARE_BYTES;
	if (!user || !user->msgs)
		return 0;
	if (user->msgs > msgs)
		return MBOX_LIMIT_SHARE_MSGS;
	if ((s64)(user->bytes + len) > bytes)
		return MBOX_LIMIT_SHARE_BYTES;
	return 0;
}

/*
 * Of the messages that wait for room, the one that gets it next, and that no
 * other one may overtake; NULL if all of them are their users' own affair.
 */
struct mbox_msg *mbox_pending_next_locked(struct mbox_mailbox *mb)
{
	struct mbox_msg *best = NULL;
	struct mbox_user *user;

	lockdep_assert_held(&mb->obj.lock);

	list_for_each_entry(user, &mb->waiting, waiting) {
		struct mbox_msg *msg = mbox_queue_first(&user->pending);

		if ((!best || mbox_before(msg, best)) &&
		    !mbox_share_room_locked(mb, user, msg->len))
			best = msg;
	}
	return best;
}

/* See mbox_ahead_locked(): there are such that wait. */
struct mbox_msg *mbox_pending_before_locked(struct mbox_mailbox *mb,
					    const struct mbox_msg *msg)
{
	struct mbox_msg *first;

	lockdep_assert_held(&mb->obj.lock);

	/* Those of its own user are before it, even if they wait for a share. */
	first = mbox_queue_first(&msg->share->user->pending);
	if (!first || msg->priority > first->priority)
		first = mbox_pending_next_locked(mb);
	return first && msg->priority <= first->priority ? first : NULL;
}

/* May @uid send a message of the largest size without waiting? */
bool mbox_writable_locked(const struct mbox_mailbox *mb, kuid_t uid)
{
	struct mbox_user *user = NULL;

	lockdep_assert_held(&mb->obj.lock);

	if (unlikely(mb->rendezvous))
		return !RB_EMPTY_ROOT(&mb->line.rb_root) ||
		       !RB_EMPTY_ROOT(&mb->choosy.rb_root);
	if (!uid_eq(uid, mb->obj.uid) || mb->nr_pending)
		user = mbox_user_find_locked((struct mbox_mailbox *)mb, uid);
	if (mbox_room_locked(mb, uid, user, mb->msg_size))
		return false;
	if (likely(!mb->nr_pending))
		return true;
	return !(user && user->pending.count) &&
	       !mbox_pending_next_locked((struct mbox_mailbox *)mb);
}

/* @msg, which is in the room, has only @len bytes of data after all. */
void mbox_room_shrink_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			     u32 len)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->share->user->bytes -= msg->len - len;
	mb->bytes -= msg->len - len;
	msg->len = len;
}

/* Say what a message of @user's lacks, and who takes most of it. */
void mbox_explain_locked(struct mbox_mailbox *mb, u32 limit,
			 const struct mbox_user *user, struct mbox_refused *why)
{
	bool msgs = limit == MBOX_LIMIT_MSGS || limit == MBOX_LIMIT_SHARE_MSGS;
	bool share = limit == MBOX_LIMIT_SHARE_MSGS ||
		     limit == MBOX_LIMIT_SHARE_BYTES;
	struct rb_node *node;
	u64 others, reserve;
	int n = 256;

	lockdep_assert_held(&mb->obj.lock);

	mbox_want_locked(mb);
	why->limit = limit;
	why->total = msgs ? mb->msgs : mb->bytes;
	why->max = msgs ? mb->max_msgs : mb->max_bytes;
	why->uid = user->uid;
	why->used = msgs ? user->msgs : user->bytes;
	if (share) {
		others = why->total - why->used;
		reserve = msgs ? mbox_reserve_msgs(why->max) :
				 mbox_reserve_of(why->max);
		reserve = min(why->max, reserve + others);
		others = min(why->max, others);
		why->max = min((why->max - others + msgs) / 2,
			       why->max - reserve);
		return;
	}
	/* Not of every one of thousands of users: the lock is held. */
	why->used = 0;
	for (node = rb_first(&mb->users); node && n--; node = rb_next(node)) {
		struct mbox_user *u = rb_entry(node, struct mbox_user, node);
		u64 used = msgs ? u->msgs : u->bytes;

		if (used > why->used) {
			why->used = used;
			why->uid = u->uid;
		}
	}
}

/* Say what @msg, which waits, waits for. */
void mbox_explain_msg_locked(struct mbox_mailbox *mb, const struct mbox_msg *msg,
			     struct mbox_refused *why)
{
	/* What it lacks is no room, but somebody to meet. */
	if (mb->rendezvous)
		return;
	/* Or there may be room, but it is not its turn. */
	mbox_explain_locked(mb, mbox_room_for_locked(mb, msg) ?:
				MBOX_LIMIT_BYTES, msg->share->user, why);
}

/* Somebody wants room, and wants to be told of it. */
void mbox_want_locked(struct mbox_mailbox *mb)
{
	lockdep_assert_held(&mb->obj.lock);

	mb->wanted = true;
	mbox_expiry_watch_locked(mb);
}

/* Let @msg wait for room. */
void mbox_pend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_user *user = msg->share->user;

	lockdep_assert_held(&mb->obj.lock);

	msg->seq = ++mb->tickets;
	msg->place = MBOX_PENDING;
	if (!user->pending.count)
		list_add_tail(&user->waiting, &mb->waiting);
	mbox_queue_insert(&user->pending, msg);
	mb->nr_pending++;
	mbox_want_locked(mb);
}

void mbox_unpend_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_user *user = msg->share->user;

	lockdep_assert_held(&mb->obj.lock);

	mbox_queue_remove(&user->pending, msg);
	if (!user->pending.count)
		list_del(&user->waiting);
	mb->nr_pending--;
	msg->place = MBOX_NOWHERE;
}

/* May @msg, which is queued, be dropped or replaced? */
static bool mbox_msg_is_loose(const struct mbox_msg *msg)
{
	const struct mbox_extra *extra = mbox_msg_extra(msg);

	return msg->kind == MBOX_PLAIN && !(extra && extra->meeting);
}

/* May @msg take the room of @twin? Its user's share counts if it is more. */
static bool mbox_may_replace_locked(struct mbox_mailbox *mb,
				    const struct mbox_msg *msg,
				    struct mbox_msg *twin)
{
	bool fits;

	if (msg->len <= twin->len && msg->share->user == twin->share->user)
		return true;
	mbox_room_give_locked(mb, twin);
	fits = !mbox_room_for_locked(mb, msg);
	mbox_room_take_locked(mb, twin);
	return fits;
}

/* See mbox_twin_locked(): @msg may replace another. */
struct mbox_msg *mbox_conflated_locked(struct mbox_mailbox *mb,
				       const struct mbox_msg *msg)
{
	int n = MBOX_OUST_STEPS;
	struct mbox_msg *twin;

	lockdep_assert_held(&mb->obj.lock);

	twin = mbox_queue_of_type(&mb->queue, msg->type);
	while (twin && !mbox_msg_is_loose(twin) && n--)
		twin = mbox_queue_next_of_type(twin);
	if (!twin || !mbox_msg_is_loose(twin) ||
	    !mbox_may_replace_locked(mb, msg, twin))
		return NULL;
	return twin;
}

/* The oldest message of the lowest priority that may go, up to @priority. */
static struct mbox_msg *mbox_victim_of_all_locked(struct mbox_mailbox *mb,
						  u32 priority)
{
	struct mbox_msg *group = mbox_queue_lowest(&mb->queue), *msg;
	int n = MBOX_OUST_STEPS;
	struct mbox_msg *next;
	struct mbox_cursor at;

	while (group && group->priority <= priority) {
		for (msg = group; msg && n--;
		     msg = mbox_queue_next(&mb->queue, msg)) {
			if (msg->priority != group->priority)
				break;
			if (mbox_msg_is_loose(msg))
				return msg;
		}
		next = mbox_queue_prev(&mb->queue, group);
		if (n < 0 || !next)
			return NULL;
		/* the oldest of the next higher priority */
		at = (struct mbox_cursor){ next->priority };
		group = mbox_queue_from(&mb->queue, &at);
	}
	return NULL;
}

/* The same of @user's messages. */
static struct mbox_msg *mbox_victim_of_user_locked(const struct mbox_user *user,
						   u32 priority)
{
	struct mbox_msg *best = NULL, *msg;
	struct mbox_share *share;
	int n = MBOX_OUST_STEPS;

	list_for_each_entry(share, &user->shares, of_user) {
		if (!n--)
			break;
		msg = mbox_sender_lowest(&share->queue);
		while (msg && n && !mbox_msg_is_loose(msg)) {
			msg = mbox_sender_next(msg);
			n--;
		}
		if (!n)
			break;
		if (!msg || msg->priority > priority)
			continue;
		if (!best || msg->priority < best->priority ||
		    (msg->priority == best->priority && msg->seq < best->seq))
			best = msg;
	}
	return best;
}

/*
 * Take out of the queue what must go to make room for @msg, which lacks *@limit.
 * Returns these messages, and a *@limit of 0, if that is possible; otherwise
 * nothing has changed.
 */
struct mbox_msg *mbox_oust_locked(struct mbox_mailbox *mb,
				  const struct mbox_msg *msg, u32 *limit)
{
	struct mbox_user *user = msg->share->user;
	struct mbox_msg *out = NULL, *victim;
	u32 lacking = *limit;
	int n = MBOX_OUST_MAX;
	bool own;

	lockdep_assert_held(&mb->obj.lock);

	/* Who has nothing here to lose has not had more than his share. */
	own = user->msgs && mbox_share_room_locked(mb, user, msg->len);
	while (lacking) {
		if (!n--)
			victim = NULL;
		else if (own)
			victim = mbox_victim_of_user_locked(user,
							    msg->priority);
		else
			victim = mbox_victim_of_all_locked(mb, msg->priority);
		if (!victim) {
			mbox_reinstate_locked(mb, out);
			return NULL;
		}
		mbox_dequeue_locked(mb, victim);
		mbox_room_give_locked(mb, victim);
		victim->next = out;
		out = victim;
		lacking = mbox_room_for_locked(mb, msg);
	}
	*limit = 0;
	return out;
}
