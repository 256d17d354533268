// SPDX-License-Identifier: GPL-2.0
/*
 * Who pays for what: payers and their limits.
 *
 * A payer is a user of a user namespace. It is charged together with the owner
 * of that namespace, as a user of the namespace above, and so on to the top,
 * as the kernel does for what /proc/sys/user limits: whoever makes a namespace
 * gets no more than before by filling it with users.
 *
 * Payers come with the first thing charged to a user and go with the last one.
 * Their counters are shared by all mailboxes, so that nothing on the way of a
 * message may touch them each time: see share.c.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "mbox.h"

#define MBOX_PAYER_BITS		7

static struct hlist_head mbox_payers[1 << MBOX_PAYER_BITS];
static DEFINE_SPINLOCK(mbox_payers_lock);

static unsigned long long mbox_limits[MBOX_NR_CHARGES] = {
	[MBOX_CHARGE_BYTES]		= 64ULL << 20,
	[MBOX_CHARGE_MAILBOXES]		= 4096,
	[MBOX_CHARGE_REGIONS]		= 4096,
	[MBOX_CHARGE_REGION_BYTES]	= 1ULL << 30,
	[MBOX_CHARGE_FDS]		= 1024,
};

module_param_named(user_max_bytes, mbox_limits[MBOX_CHARGE_BYTES],
		   ullong, 0644);
MODULE_PARM_DESC(user_max_bytes, "kernel memory of a user's messages, in bytes");
module_param_named(user_max_mailboxes, mbox_limits[MBOX_CHARGE_MAILBOXES],
		   ullong, 0644);
MODULE_PARM_DESC(user_max_mailboxes, "mailboxes of a user");
module_param_named(user_max_regions, mbox_limits[MBOX_CHARGE_REGIONS],
		   ullong, 0644);
MODULE_PARM_DESC(user_max_regions, "regions of a user");
module_param_named(user_max_region_bytes, mbox_limits[MBOX_CHARGE_REGION_BYTES],
		   ullong, 0644);
MODULE_PARM_DESC(user_max_region_bytes, "size of a user's regions, in bytes");
module_param_named(user_max_fds, mbox_limits[MBOX_CHARGE_FDS], ullong, 0644);
MODULE_PARM_DESC(user_max_fds, "descriptors in a user's messages");

static const u32 mbox_limit_of[MBOX_NR_CHARGES] = {
	[MBOX_CHARGE_BYTES]		= MBOX_LIMIT_USER_BYTES,
	[MBOX_CHARGE_MAILBOXES]		= MBOX_LIMIT_USER_MAILBOXES,
	[MBOX_CHARGE_REGIONS]		= MBOX_LIMIT_USER_REGIONS,
	[MBOX_CHARGE_REGION_BYTES]	= MBOX_LIMIT_USER_REGION_BYTES,
	[MBOX_CHARGE_FDS]		= MBOX_LIMIT_USER_FDS,
};

u64 mbox_payer_limit(enum mbox_charge what)
{
	return READ_ONCE(mbox_limits[what]);
}

static struct hlist_head *mbox_payer_bucket(struct user_namespace *ns,
					    kuid_t uid)
{
	unsigned long key = (unsigned long)ns + __kuid_val(uid);

	return &mbox_payers[hash_long(key, MBOX_PAYER_BITS)];
}

static struct mbox_payer *mbox_payer_find_locked(struct user_namespace *ns,
						 kuid_t uid)
{
	struct mbox_payer *payer;

	lockdep_assert_held(&mbox_payers_lock);

	hlist_for_each_entry(payer, mbox_payer_bucket(ns, uid), node)
		if (payer->ns == ns && uid_eq(payer->uid, uid)) {
			refcount_inc(&payer->refs);
			return payer;
		}
	return NULL;
}

/* Returns a reference, or NULL if nothing is charged to that user. */
struct mbox_payer *mbox_payer_find(struct user_namespace *ns, kuid_t uid)
{
	struct mbox_payer *payer;

	spin_lock(&mbox_payers_lock);
	payer = mbox_payer_find_locked(ns, uid);
	spin_unlock(&mbox_payers_lock);
	return payer;
}

/* Returns a reference without those above it, or NULL without memory. */
static struct mbox_payer *mbox_payer_get(struct user_namespace *ns, kuid_t uid)
{
	struct mbox_payer *payer, *found;

	payer = mbox_payer_find(ns, uid);
	if (payer)
		return payer;

	payer = kzalloc(sizeof(*payer), GFP_KERNEL_ACCOUNT);
	if (!payer)
		return NULL;
	refcount_set(&payer->refs, 1);
	payer->uid = uid;

	spin_lock(&mbox_payers_lock);
	found = mbox_payer_find_locked(ns, uid);
	if (!found) {
		payer->ns = get_user_ns(ns);
		hlist_add_head(&payer->node, mbox_payer_bucket(ns, uid));
	}
	spin_unlock(&mbox_payers_lock);

	if (found) {
		kfree(payer);
		payer = found;
	}
	return payer;
}

/*
 * Returns a reference to the payer for what the current task does, or NULL
 * without memory. The chain is built from the top: a payer has its upper one
 * before anybody can be told of it, and keeps it.
 */
struct mbox_payer *mbox_payer_get_current(void)
{
	struct user_namespace *path[34], *ns = current_user_ns();
	kuid_t uid = current_euid();
	struct mbox_payer *up = NULL, *payer = NULL;
	int depth = 0;

	/* The kernel nests 32 levels below the initial one. */
	for (; ns && depth < ARRAY_SIZE(path); ns = ns->parent)
		path[depth++] = ns;

	while (depth--) {
		payer = mbox_payer_get(path[depth],
				       depth ? path[depth - 1]->owner : uid);
		if (!payer) {
			mbox_payer_put(up);
			return NULL;
		}
		/* Whoever found it in the table first: the upper one is the same. */
		if (up && cmpxchg(&payer->up, NULL, up))
			mbox_payer_put(up);
		up = payer;
	}
	return payer;
}

void mbox_payer_put(struct mbox_payer *payer)
{
	while (payer) {
		struct mbox_payer *up;
		bool last;

		spin_lock(&mbox_payers_lock);
		last = refcount_dec_and_test(&payer->refs);
		if (last)
			hlist_del(&payer->node);
		spin_unlock(&mbox_payers_lock);
		if (!last)
			return;

		up = payer->up;
		put_user_ns(payer->ns);
		kfree(payer);
		payer = up;
	}
}

/* Add @n if that stays within @max; tell what is used if it does not. */
static bool mbox_counter_add(atomic64_t *counter, u64 n, u64 max, u64 *used)
{
	s64 old = atomic64_read(counter);

	do {
		*used = old;
		if (n > max || *used > max - n)
			return false;
	} while (!atomic64_try_cmpxchg(counter, &old, old + n));
	return true;
}

/*
 * Charge @n of @what to @payer and those above it, or none. With @force limits
 * do not count. Returns -EDQUOT and fills in @why where one is reached.
 */
int mbox_payer_charge(struct mbox_payer *payer, enum mbox_charge what, u64 n,
		      bool force, struct mbox_refused *why)
{
	u64 max = mbox_payer_limit(what), used;
	struct mbox_payer *p, *undo;

	for (p = payer; p; p = p->up) {
		if (force)
			atomic64_add(n, &p->used[what]);
		else if (!mbox_counter_add(&p->used[what], n, max, &used))
			break;
	}
	if (!p)
		return 0;

	for (undo = payer; undo != p; undo = undo->up)
		atomic64_sub(n, &undo->used[what]);
	why->limit = mbox_limit_of[what];
	why->uid = p->uid;
	why->used = used;
	why->total = used;
	why->max = max;
	return -EDQUOT;
}

/* The same for the current task, which may be exempt. Not under a spinlock. */
int mbox_payer_charge_task(struct mbox_payer *payer, enum mbox_charge what,
			   u64 n, struct mbox_refused *why)
{
	int ret = mbox_payer_charge(payer, what, n, false, why);

	if (ret && capable(CAP_SYS_RESOURCE))
		return mbox_payer_charge(payer, what, n, true, why);
	return ret;
}

void mbox_payer_uncharge(struct mbox_payer *payer, enum mbox_charge what, u64 n)
{
	for (; payer; payer = payer->up)
		atomic64_sub(n, &payer->used[what]);
}
