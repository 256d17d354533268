// SPDX-License-Identifier: GPL-2.0
/*
 * What each process, as a user, takes of a mailbox: room, which the mailbox
 * counts, and memory, which is charged to the user's payer.
 *
 * Memory is drawn from the payer in chunks, of which two at most stay unused:
 * so two mailboxes that a user sends to do not meet at the user's counter for
 * each message. A share goes, and what it has drawn goes back, when no message
 * and no endpoint points to it any more.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include "mbox.h"

#define MBOX_CHUNK	8192ULL

/* Takes over the caller's reference to @payer, which may be missing. */
static struct mbox_share *mbox_share_new(struct mbox_payer *payer,
					 struct pid *pid)
{
	struct mbox_share *share = NULL;

	if (payer)
		share = kzalloc(sizeof(*share), GFP_KERNEL_ACCOUNT);
	if (!share) {
		mbox_payer_put(payer);
		return NULL;
	}
	share->payer = payer;
	share->pid = get_pid(pid);
	share->ns = payer->ns;
	share->uid = payer->uid;
	return share;
}

/* A share for the current task, to be given to mbox_share_find_locked(). */
struct mbox_share *mbox_share_alloc(void)
{
	return mbox_share_new(mbox_payer_get_current(), task_tgid(current));
}

/* A share for the same process and user, to be given to mbox_share_adopt(). */
struct mbox_share *mbox_share_clone(const struct mbox_share *share)
{
	refcount_inc(&share->payer->refs);
	return mbox_share_new(share->payer, share->pid);
}

/* Free a list of shares that nothing points to any more. */
void mbox_share_free_all(struct mbox_share *share)
{
	while (share) {
		struct mbox_share *next = share->next;

		WARN_ON_ONCE(share->used || share->msgs);
		if (share->drawn)
			mbox_payer_uncharge(share->payer, MBOX_CHARGE_BYTES,
					    share->drawn);
		mbox_payer_put(share->payer);
		put_pid(share->pid);
		kfree(share);
		share = next;
	}
}

/* How a process and user compare with those of @share. */
static int mbox_share_cmp(const struct mbox_share *share, const struct pid *pid,
			  const struct user_namespace *ns, kuid_t uid)
{
	if (likely(share->pid == pid && uid_eq(share->uid, uid) &&
		   share->ns == ns))
		return 0;
	/* By user first: mbox_share_largest_locked() relies on it. */
	if (!uid_eq(share->uid, uid))
		return uid_lt(uid, share->uid) ? -1 : 1;
	if (share->pid != pid)
		return pid < share->pid ? -1 : 1;
	return ns < share->ns ? -1 : 1;
}

static bool mbox_share_is_current(const struct mbox_share *share)
{
	return !mbox_share_cmp(share, task_tgid(current), current_user_ns(),
			       current_euid());
}

/* The share of a process and user; *@spare goes in if there is none. */
static struct mbox_share *mbox_share_lookup_locked(struct mbox_mailbox *mb,
						   const struct pid *pid,
						   const struct user_namespace *ns,
						   kuid_t uid,
						   struct mbox_share **spare)
{
	struct rb_node **link = &mb->shares.rb_node, *parent = NULL;
	struct mbox_share *share;

	lockdep_assert_held(&mb->obj.lock);

	while (*link) {
		int cmp;

		parent = *link;
		share = rb_entry(parent, struct mbox_share, node);
		cmp = mbox_share_cmp(share, pid, ns, uid);
		if (!cmp)
			return share;
		link = cmp < 0 ? &parent->rb_left : &parent->rb_right;
	}
	share = *spare;
	if (share) {
		*spare = NULL;
		rb_link_node(&share->node, parent, link);
		rb_insert_color(&share->node, &mb->shares);
	}
	return share;
}

/* The share of the process and user of *@spare, which it may become. */
struct mbox_share *mbox_share_adopt_locked(struct mbox_mailbox *mb,
					   struct mbox_share **spare)
{
	return mbox_share_lookup_locked(mb, (*spare)->pid, (*spare)->ns,
					(*spare)->uid, spare);
}

/*
 * The current task's share, to which @ep then points. NULL if there is none and
 * no *@spare to make it of.
 */
struct mbox_share *mbox_share_find_locked(struct mbox_mailbox *mb,
					  struct mbox_endpoint *ep,
					  struct mbox_share **spare,
					  struct mbox_after *after)
{
	struct mbox_share *share, **slot;
	u32 i;

	lockdep_assert_held(&mb->obj.lock);

	for (i = 0; i < MBOX_EP_SHARES && ep->share[i]; i++)
		if (likely(mbox_share_is_current(ep->share[i])))
			return ep->share[i];

	share = mbox_share_lookup_locked(mb, task_tgid(current),
					 current_user_ns(), current_euid(),
					 spare);
	if (!share)
		return NULL;
	slot = &ep->share[ep->next_share++ % MBOX_EP_SHARES];
	if (*slot)
		mbox_share_put_locked(mb, *slot, after);
	share->refs++;
	*slot = share;
	return share;
}

/* @ep is about to go, and points to none any more. */
void mbox_share_forget_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			      struct mbox_after *after)
{
	u32 i;

	lockdep_assert_held(&mb->obj.lock);

	for (i = 0; i < MBOX_EP_SHARES && ep->share[i]; i++)
		mbox_share_put_locked(mb, ep->share[i], after);
}

void mbox_share_put_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			   struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (--share->refs)
		return;
	rb_erase(&share->node, &mb->shares);
	share->next = after->dead;
	after->dead = share;
}

/*
 * Charge @cost bytes to @share, for a message that then points to it. -EDQUOT
 * and @why if its user has reached a limit.
 */
int mbox_share_charge_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			     u32 cost, bool force, struct mbox_refused *why)
{
	u64 idle = share->drawn - share->used, draw;

	lockdep_assert_held(&mb->obj.lock);

	if (idle < cost) {
		/* Where no whole chunk is left, what is needed may be. */
		draw = max(cost - idle, MBOX_CHUNK);
		if (mbox_payer_charge(share->payer, MBOX_CHARGE_BYTES, draw,
				      force, why)) {
			draw = cost - idle;
			if (mbox_payer_charge(share->payer, MBOX_CHARGE_BYTES,
					      draw, force, why))
				return -EDQUOT;
		}
		share->drawn += draw;
	}
	share->used += cost;
	share->refs++;
	return 0;
}

void mbox_share_uncharge_locked(struct mbox_mailbox *mb,
				struct mbox_share *share, u32 cost,
				struct mbox_after *after)
{
	u64 idle;

	lockdep_assert_held(&mb->obj.lock);

	share->used -= cost;
	idle = share->drawn - share->used;
	if (idle > 2 * MBOX_CHUNK) {
		mbox_payer_uncharge(share->payer, MBOX_CHARGE_BYTES,
				    idle - MBOX_CHUNK);
		share->drawn -= idle - MBOX_CHUNK;
	}
	mbox_share_put_locked(mb, share, after);
}

/*
 * Which user takes most of the room that @why->limit counts. Not of every one
 * of thousands of processes: the lock is held.
 */
void mbox_share_largest_locked(struct mbox_mailbox *mb,
			       struct mbox_refused *why)
{
	kuid_t uid = INVALID_UID;
	struct rb_node *node;
	u64 used = 0;
	int n = 256;

	lockdep_assert_held(&mb->obj.lock);

	why->uid = current_euid();
	why->used = 0;
	for (node = rb_first(&mb->shares); node && n--; node = rb_next(node)) {
		struct mbox_share *share;

		share = rb_entry(node, struct mbox_share, node);
		if (!uid_eq(share->uid, uid))
			used = 0;
		uid = share->uid;
		used += why->limit == MBOX_LIMIT_MSGS ? share->msgs :
							share->bytes;
		if (used > why->used) {
			why->used = used;
			why->uid = uid;
		}
	}
}

/*
 * Charge @cost to the current task's share, which is then *@sharep. -ENODATA
 * if there is no share, -EDQUOT and @why if a limit is reached: see
 * mbox_charge_again().
 */
int mbox_charge_locked(struct mbox_endpoint *ep, u32 cost,
		       struct mbox_charging *charge, struct mbox_share **sharep,
		       struct mbox_refused *why, struct mbox_after *after)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_share *share;
	int ret;

	share = mbox_share_find_locked(mb, ep, &charge->spare, after);
	if (unlikely(!share))
		return -ENODATA;
	ret = mbox_share_charge_locked(mb, share, cost, charge->force, why);
	if (likely(!ret))
		*sharep = share;
	return ret;
}

/* Without the lock: may what has failed with *@ret succeed when tried again? */
bool mbox_charge_again(struct mbox_charging *charge, int *ret)
{
	if (likely(*ret != -ENODATA && *ret != -EDQUOT))
		return false;
	if (*ret == -EDQUOT) {
		if (charge->force || !capable(CAP_SYS_RESOURCE))
			return false;
		charge->force = true;
		return true;
	}
	charge->spare = mbox_share_alloc();
	if (charge->spare)
		return true;
	*ret = -ENOMEM;
	return false;
}

/* Charge @cost before the message is made. Returns the share that has it. */
struct mbox_share *mbox_reserve(struct mbox_endpoint *ep, u32 cost,
				struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_share *share = NULL;
	struct mbox_charging charge = {};
	int ret;

	do {
		struct mbox_after after;

		mbox_after_init(&after);
		mbox_lock(mb);
		ret = mbox_charge_locked(ep, cost, &charge, &share, why, &after);
		mbox_unlock(mb, &after);
	} while (mbox_charge_again(&charge, &ret));

	mbox_share_free_all(charge.spare);
	return ret ? ERR_PTR(ret) : share;
}

/* Undo that: the message has not come to be, or has not got in. */
void mbox_unreserve(struct mbox_mailbox *mb, struct mbox_share *share, u32 cost)
{
	struct mbox_after after;

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_share_uncharge_locked(mb, share, cost, &after);
	mbox_unlock(mb, &after);
}
