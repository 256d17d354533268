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

/* Takes over the caller's reference to @payer, which may be missing. */
static struct mbox_share *mbox_share_new(struct mbox_payer *payer,
					 struct pid *pid, kgid_t gid)
{
	struct mbox_share *share = NULL;
	struct mbox_user *user = NULL;

	if (payer)
		share = kzalloc(sizeof(*share), GFP_KERNEL_ACCOUNT);
	if (share)
		user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user) {
		mbox_payer_put(payer);
		kfree(share);
		return NULL;
	}
	share->payer = payer;
	share->pid = get_pid(pid);
	share->ns = payer->ns;
	share->uid = payer->uid;
	share->gid = gid;
	share->queue = RB_ROOT;
	share->spare = user;
	user->uid = payer->uid;
	INIT_LIST_HEAD(&user->shares);
	mbox_queue_init(&user->pending);
	return share;
}

/* A share for the current task, to be given to mbox_share_find_locked(). */
struct mbox_share *mbox_share_alloc(void)
{
	return mbox_share_new(mbox_payer_get_current(), task_tgid(current),
			      current_egid());
}

/* A share for the same process and user, to be given to mbox_share_adopt(). */
struct mbox_share *mbox_share_clone(const struct mbox_share *share)
{
	refcount_inc(&share->payer->refs);
	return mbox_share_new(share->payer, share->pid, share->gid);
}

static void mbox_user_free_all(struct mbox_user *user)
{
	while (user) {
		struct mbox_user *next = user->next;

		WARN_ON_ONCE(user->msgs || user->bytes || user->pending.count);
		kfree(user);
		user = next;
	}
}

/* Free a list of shares that nothing points to any more. */
void mbox_share_free_all(struct mbox_share *share)
{
	while (share) {
		struct mbox_share *next = share->next;

		WARN_ON_ONCE(share->used || !RB_EMPTY_ROOT(&share->queue));
		mbox_user_free_all(share->spare);
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
			  kuid_t uid, kgid_t gid,
			  const struct user_namespace *ns)
{
	/* By process first: mbox_share_of_process() relies on it. */
	if (share->pid != pid)
		return pid < share->pid ? -1 : 1;
	if (!uid_eq(share->uid, uid))
		return uid_lt(uid, share->uid) ? -1 : 1;
	if (!gid_eq(share->gid, gid))
		return gid_lt(gid, share->gid) ? -1 : 1;
	if (share->ns != ns)
		return ns < share->ns ? -1 : 1;
	return 0;
}

/* Where the user @uid is in the mailbox, or is to be put. */
static struct rb_node **mbox_user_link(struct mbox_mailbox *mb, kuid_t uid,
				       struct rb_node **parent)
{
	struct rb_node **link = &mb->users.rb_node;

	*parent = NULL;
	while (*link) {
		struct mbox_user *user = rb_entry(*link, struct mbox_user, node);

		if (uid_eq(uid, user->uid))
			break;
		*parent = *link;
		link = uid_lt(uid, user->uid) ? &(*link)->rb_left :
						&(*link)->rb_right;
	}
	return link;
}

/* The user @uid in the mailbox, or NULL. */
struct mbox_user *mbox_user_find_locked(struct mbox_mailbox *mb, kuid_t uid)
{
	struct rb_node *parent;

	lockdep_assert_held(&mb->obj.lock);

	return rb_entry_safe(*mbox_user_link(mb, uid, &parent),
			     struct mbox_user, node);
}

/* @share is new in the mailbox, as its user may be. */
static void mbox_user_add_locked(struct mbox_mailbox *mb,
				 struct mbox_share *share)
{
	struct rb_node *parent;
	struct rb_node **link = mbox_user_link(mb, share->uid, &parent);
	struct mbox_user *user;

	lockdep_assert_held(&mb->obj.lock);

	if (*link) {
		user = rb_entry(*link, struct mbox_user, node);
	} else {
		user = share->spare;
		share->spare = NULL;
		rb_link_node(&user->node, parent, link);
		rb_insert_color(&user->node, &mb->users);
	}
	share->user = user;
	list_add_tail(&share->of_user, &user->shares);
}

/* @share leaves the mailbox, and its user may have been there for it only. */
static void mbox_user_remove_locked(struct mbox_mailbox *mb,
				    struct mbox_share *share)
{
	struct mbox_user *user = share->user;

	lockdep_assert_held(&mb->obj.lock);

	list_del(&share->of_user);
	if (!list_empty(&user->shares))
		return;
	rb_erase(&user->node, &mb->users);
	user->next = share->spare;
	share->spare = user;
}

/* The share of a process and user; *@spare goes in if there is none. */
static struct mbox_share *mbox_share_lookup_locked(struct mbox_mailbox *mb,
						   const struct pid *pid,
						   kuid_t uid, kgid_t gid,
						   const struct user_namespace *ns,
						   struct mbox_share **spare)
{
	struct rb_node **link = &mb->shares.rb_node, *parent = NULL;
	struct mbox_share *share;

	lockdep_assert_held(&mb->obj.lock);

	while (*link) {
		int cmp;

		parent = *link;
		share = rb_entry(parent, struct mbox_share, node);
		cmp = mbox_share_cmp(share, pid, uid, gid, ns);
		if (!cmp)
			return share;
		link = cmp < 0 ? &parent->rb_left : &parent->rb_right;
	}
	share = *spare;
	if (share) {
		*spare = NULL;
		rb_link_node(&share->node, parent, link);
		rb_insert_color(&share->node, &mb->shares);
		mbox_user_add_locked(mb, share);
	}
	return share;
}

/* The share of the process and user of *@spare, which it may become. */
struct mbox_share *mbox_share_adopt_locked(struct mbox_mailbox *mb,
					   struct mbox_share **spare)
{
	return mbox_share_lookup_locked(mb, (*spare)->pid, (*spare)->uid,
					(*spare)->gid, (*spare)->ns, spare);
}

/* See mbox_share_find_locked(): it is not the first to which @ep points. */
struct mbox_share *mbox_share_seek_locked(struct mbox_mailbox *mb,
					  struct mbox_endpoint *ep,
					  struct mbox_share **spare,
					  struct mbox_after *after)
{
	struct mbox_share *share, **slot;
	u32 i;

	lockdep_assert_held(&mb->obj.lock);

	for (i = 1; i < MBOX_EP_SHARES && ep->share[i]; i++)
		if (mbox_share_is_current(ep->share[i]))
			return ep->share[i];

	share = mbox_share_lookup_locked(mb, task_tgid(current),
					 current_euid(), current_egid(),
					 current_user_ns(), spare);
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

/* See mbox_share_put_locked(): nothing points to it any more. */
void mbox_share_remove_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			      struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	rb_erase(&share->node, &mb->shares);
	mbox_user_remove_locked(mb, share);
	share->next = mbox_chores(after)->dead;
	mbox_chores(after)->dead = share;
}

/* See mbox_share_charge_locked(): what @share has drawn is not enough. */
int mbox_share_draw_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			   u32 cost, bool force, struct mbox_refused *why)
{
	u64 idle = share->drawn - share->used, draw;
	struct mbox_refused chunk;

	lockdep_assert_held(&mb->obj.lock);

	/* Where no whole chunk is left, what is needed may be. */
	draw = max(cost - idle, MBOX_CHUNK);
	if (mbox_payer_charge(share->payer, MBOX_CHARGE_BYTES, draw, force,
			      &chunk)) {
		draw = cost - idle;
		if (mbox_payer_charge(share->payer, MBOX_CHARGE_BYTES, draw,
				      force, why))
			return -EDQUOT;
	}
	share->drawn += draw;
	return 0;
}

/* See mbox_share_release_locked(): it has drawn too much for what it uses. */
void mbox_share_return_locked(struct mbox_mailbox *mb, struct mbox_share *share)
{
	u64 idle = share->drawn - share->used;

	lockdep_assert_held(&mb->obj.lock);

	mbox_payer_uncharge(share->payer, MBOX_CHARGE_BYTES, idle - MBOX_CHUNK);
	share->drawn -= idle - MBOX_CHUNK;
}

/* The first share of @pid, which may have sent as several users; or NULL. */
static struct mbox_share *mbox_share_of_process(struct mbox_mailbox *mb,
						const struct pid *pid)
{
	struct rb_node *node = mb->shares.rb_node;
	struct mbox_share *first = NULL;

	while (node) {
		struct mbox_share *share;

		share = rb_entry(node, struct mbox_share, node);
		if (share->pid == pid)
			first = share;
		node = share->pid >= pid ? node->rb_left : node->rb_right;
	}
	return first;
}

static struct mbox_share *mbox_share_next(const struct mbox_share *share)
{
	return rb_entry_safe(rb_next(&share->node), struct mbox_share, node);
}

/* The first in @root that @rule admits. */
static struct mbox_msg *mbox_share_search(const struct rb_root *root,
					  const struct mbox_rule *rule)
{
	struct mbox_msg *msg = mbox_sender_first(root);

	while (msg && !mbox_rule_admits(rule, msg)) {
		if (msg->priority < rule->priority)
			return NULL;
		msg = mbox_sender_next(msg);
	}
	return msg;
}

/*
 * What @rule, which names the sender, selects. An answer is from who has replied,
 * but is charged to who has called.
 */
struct mbox_msg *mbox_share_first_locked(struct mbox_mailbox *mb,
					 const struct mbox_rule *rule)
{
	struct mbox_msg *best = mbox_share_search(&mb->queue.answers, rule);
	struct mbox_share *share = mbox_share_of_process(mb, rule->pid);

	lockdep_assert_held(&mb->obj.lock);

	for (; share && share->pid == rule->pid; share = mbox_share_next(share)) {
		struct mbox_msg *msg = mbox_share_search(&share->queue, rule);

		if (msg && (!best || mbox_before(msg, best)))
			best = msg;
	}
	return best;
}

/* Of the senders of messages that are here, the one that is @nr to the task. */
struct pid *mbox_share_process_locked(struct mbox_mailbox *mb, pid_t nr)
{
	struct rb_node *node;

	lockdep_assert_held(&mb->obj.lock);

	for (node = rb_first(&mb->shares); node; node = rb_next(node)) {
		struct mbox_share *share;

		share = rb_entry(node, struct mbox_share, node);
		if (share->used && pid_vnr(share->pid) == nr)
			return share->pid;
	}
	return NULL;
}

/* See mbox_charge_again(). */
bool mbox_charge_retry(struct mbox_charging *charge, int *ret)
{
	/* What has expired is dropped in steps. */
	if (*ret == -EINPROGRESS) {
		cond_resched();
		return true;
	}
	if (*ret != -ENODATA && *ret != -EDQUOT)
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
		share = mbox_share_find_locked(mb, ep, &charge.spare, &after);
		ret = !share ? -ENODATA :
			       mbox_share_charge_locked(mb, share, cost,
							charge.force, why);
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
