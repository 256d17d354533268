// SPDX-License-Identifier: GPL-2.0
/*
 * What mailboxes and regions have in common: creation, lifetime, permission
 * and attributes.
 *
 * An object is linked (its id and name resolve), and has endpoints. Its
 * lifetime says what the one has to do with the other:
 *
 *   kernel-owned	linked until it is unlinked; ends when that has been done
 *			and the last endpoint is gone
 *   process-owned	ends with its creator, or with its last endpoint
 *   anonymous		never linked; ends with its last endpoint
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "mbox.h"

static struct mbox_object *mbox_object_alloc(const struct mbox_plan *plan,
					     struct mbox_payer *payer,
					     struct mbox_refused *why)
{
	if (plan->kind == MBOX_KIND_REGION)
		return mbox_region_alloc(plan, payer, why);
	return mbox_mailbox_alloc(plan, payer, why);
}

/* An object as planned, neither linked nor with endpoints: one reference. */
struct mbox_object *mbox_object_build(struct mbox_registry *reg,
				      const struct mbox_plan *plan,
				      struct mbox_refused *why)
{
	struct mbox_payer *payer;
	struct mbox_object *obj;
	const char *name = NULL;
	int ret;

	if (plan->name_len) {
		name = kmemdup(plan->name, plan->name_len, GFP_KERNEL_ACCOUNT);
		if (!name)
			return ERR_PTR(-ENOMEM);
	}
	payer = mbox_payer_get_current();
	if (!payer) {
		ret = -ENOMEM;
		goto free_name;
	}
	ret = mbox_registry_charge(reg, payer, why);
	if (ret)
		goto put_payer;
	obj = mbox_object_alloc(plan, payer, why);
	if (IS_ERR(obj)) {
		ret = PTR_ERR(obj);
		goto uncharge;
	}

	kref_init(&obj->ref);
	spin_lock_init(&obj->lock);
	obj->payer = payer;
	mbox_registry_get(reg);
	obj->registry = reg;
	obj->id = mbox_registry_next_id(reg);
	obj->lifetime = plan->lifetime;
	if (plan->lifetime == MBOX_LIFE_PROCESS)
		obj->creator = get_pid(task_tgid(current));
	obj->name = name;
	obj->name_len = plan->name_len;
	obj->uid = current_euid();
	obj->gid = current_egid();
	obj->mode = plan->mode;
	obj->inbox = plan->flags & MBOX_CREATE_INBOX;
	return obj;

uncharge:
	mbox_registry_uncharge(reg, payer);
put_payer:
	mbox_payer_put(payer);
free_name:
	kfree(name);
	return ERR_PTR(ret);
}

static void mbox_object_free(struct kref *ref)
{
	struct mbox_object *obj = container_of(ref, struct mbox_object, ref);

	WARN_ON_ONCE(obj->linked || obj->endpoints);

	obj->ops->destroy(obj);
	mbox_registry_uncharge(obj->registry, obj->payer);
	mbox_registry_put(obj->registry);
	mbox_payer_put(obj->payer);
	put_pid(obj->creator);
	kfree(obj->name);
	obj->ops->free(obj);
}

void mbox_object_get(struct mbox_object *obj)
{
	kref_get(&obj->ref);
}

/* May sleep. */
void mbox_object_put(struct mbox_object *obj)
{
	kref_put(&obj->ref, mbox_object_free);
}

/* May the current task change or unlink it? */
bool mbox_object_owned_locked(const struct mbox_object *obj)
{
	lockdep_assert_held(&obj->registry->lock);

	return uid_eq(current_euid(), obj->uid) ||
	       ns_capable(obj->registry->user_ns, CAP_IPC_OWNER);
}

/*
 * May the current task open it for @access, MBOX_O_READ and MBOX_O_WRITE? With
 * neither, those may who can do anything with it: others could only keep it.
 */
bool mbox_object_permits_locked(const struct mbox_object *obj, u32 access)
{
	umode_t granted = obj->mode, wanted = 0;

	lockdep_assert_held(&obj->registry->lock);

	if (access & MBOX_O_READ)
		wanted |= 4;
	if (access & MBOX_O_WRITE)
		wanted |= 2;
	if (uid_eq(current_euid(), obj->uid))
		granted >>= 6;
	else if (in_egroup_p(obj->gid))
		granted >>= 3;
	if (wanted ? !(wanted & ~granted) : granted & 6)
		return true;
	return wanted ? ns_capable(obj->registry->user_ns, CAP_IPC_OWNER) :
			mbox_object_owned_locked(obj);
}

static void mbox_object_settle(struct mbox_object *obj)
{
	if (obj->ops->settle)
		obj->ops->settle(obj);
}

/*
 * Take id and name away, and with @end let it end as well. The caller settles
 * it, and if it was linked, puts the reference of that.
 */
static bool mbox_object_unlink_locked(struct mbox_object *obj, bool end)
{
	bool linked = obj->linked;

	lockdep_assert_held(&obj->registry->lock);

	if (linked)
		mbox_registry_unlink_locked(obj->registry, obj);
	if (end) {
		spin_lock(&obj->lock);
		obj->ended = true;
		spin_unlock(&obj->lock);
	}
	return linked;
}

/* What follows from that, once the lock is let go. */
static void mbox_object_unlinked(struct mbox_object *obj, bool linked)
{
	mbox_object_settle(obj);
	if (linked)
		mbox_object_put(obj);
}

/* The same, all of it. */
void mbox_object_unlink(struct mbox_object *obj, bool end)
{
	bool linked;

	mutex_lock(&obj->registry->lock);
	linked = mbox_object_unlink_locked(obj, end);
	mutex_unlock(&obj->registry->lock);
	mbox_object_unlinked(obj, linked);
}

/*
 * For the current task: -EACCES if it is not its to unlink, -ENOENT if it was
 * not linked. Lets go of the registry's lock.
 */
int mbox_object_unlink_task(struct mbox_object *obj)
{
	bool owned, linked;

	lockdep_assert_held(&obj->registry->lock);

	owned = mbox_object_owned_locked(obj);
	linked = owned && mbox_object_unlink_locked(obj, false);
	mutex_unlock(&obj->registry->lock);

	if (!owned)
		return -EACCES;
	mbox_object_unlinked(obj, linked);
	return linked ? 0 : -ENOENT;
}

static void mbox_object_count_locked(struct mbox_object *obj, fmode_t mode,
				     int n)
{
	lockdep_assert_held(&obj->registry->lock);

	obj->endpoints += n;
	if (mode & (FMODE_READ | FMODE_WRITE))
		obj->parties += n;
	spin_lock(&obj->lock);
	if (mode & FMODE_READ)
		obj->readers += n;
	if (mode & FMODE_WRITE)
		obj->writers += n;
	spin_unlock(&obj->lock);
}

/* One more endpoint, and a reference for it. -EPIPE if the object has ended. */
int mbox_object_attach_locked(struct mbox_object *obj, struct mbox_endpoint *ep,
			      fmode_t mode)
{
	int ret;

	lockdep_assert_held(&obj->registry->lock);

	if (obj->ended)
		return -EPIPE;
	if (obj->ops->attach) {
		ret = obj->ops->attach(obj, ep);
		if (ret)
			return ret;
	}
	mbox_object_count_locked(obj, mode, 1);
	mbox_object_get(obj);
	return 0;
}

/*
 * @obj gets messages from another object, which counts as a sender and holds a
 * reference, but is no endpoint: it does not keep @obj from ending.
 */
int mbox_object_add_source(struct mbox_object *obj)
{
	int ret = -EPIPE;

	mutex_lock(&obj->registry->lock);
	spin_lock(&obj->lock);
	if (!obj->ended) {
		obj->writers++;
		mbox_object_get(obj);
		ret = 0;
	}
	spin_unlock(&obj->lock);
	mutex_unlock(&obj->registry->lock);
	return ret;
}

void mbox_object_remove_source(struct mbox_object *obj)
{
	mutex_lock(&obj->registry->lock);
	spin_lock(&obj->lock);
	obj->writers--;
	spin_unlock(&obj->lock);
	mutex_unlock(&obj->registry->lock);

	mbox_object_settle(obj);
	mbox_object_put(obj);
}

/* One endpoint less. */
void mbox_object_detach(struct mbox_object *obj, fmode_t mode)
{
	struct mbox_registry *reg = obj->registry;
	bool linked = false;

	mutex_lock(&reg->lock);
	mbox_object_count_locked(obj, mode, -1);
	if (!obj->endpoints && obj->lifetime != MBOX_LIFE_KERNEL)
		linked = mbox_object_unlink_locked(obj, true);
	mutex_unlock(&reg->lock);

	mbox_object_unlinked(obj, linked);
	mbox_object_put(obj);
}

void mbox_object_stat(struct mbox_object *obj, struct mbox_stat *st)
{
	struct user_namespace *ns = current_user_ns();

	st->id = obj->id;
	st->kind = obj->ops->kind;
	st->lifetime = obj->lifetime;
	st->owner_pid = pid_vnr(obj->creator);
	st->name_len = obj->name_len;
	memcpy(st->name, obj->name, obj->name_len);

	mutex_lock(&obj->registry->lock);
	st->state = 0;
	if (obj->linked)
		st->state |= MBOX_STATE_LINKED;
	if (obj->ended)
		st->state |= MBOX_STATE_ENDED;
	st->mode = obj->mode;
	st->uid = from_kuid_munged(ns, obj->uid);
	st->gid = from_kgid_munged(ns, obj->gid);
	st->endpoints = obj->endpoints;
	st->readers = obj->readers;
	st->writers = obj->writers;
	mutex_unlock(&obj->registry->lock);

	obj->ops->stat(obj, st);
}

static int mbox_object_check_set(struct mbox_object *obj,
				 const struct mbox_set *set)
{
	if (set->flags & MBOX_SET_MODE && set->mode & ~0666)
		return -EINVAL;
	if (!(set->flags & (MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES)))
		return 0;
	if (obj->ops->kind != MBOX_KIND_MAILBOX ||
	    mbox_to_mailbox(obj)->rendezvous || mbox_to_mailbox(obj)->unbounded)
		return -EINVAL;
	if (set->flags & MBOX_SET_MAX_MSGS && !set->max_msgs)
		return -EINVAL;
	if (set->flags & MBOX_SET_MAX_BYTES &&
	    set->max_bytes < mbox_to_mailbox(obj)->msg_size)
		return -EINVAL;
	return 0;
}

/*
 * May the current task change what @set names? Who could give an object away
 * could pass it off as another's: as for files, that takes a capability.
 */
static bool mbox_object_may_set_locked(struct mbox_object *obj,
				       const struct mbox_set *set, kuid_t uid,
				       kgid_t gid)
{
	bool chown = set->flags & MBOX_SET_UID && !uid_eq(uid, obj->uid);
	bool chgrp = set->flags & MBOX_SET_GID && !gid_eq(gid, obj->gid);

	if (!mbox_object_owned_locked(obj))
		return false;
	if (!chown && (!chgrp || in_egroup_p(gid)))
		return true;
	return ns_capable(obj->registry->user_ns, CAP_CHOWN);
}

/* Change the attributes that @set names, all or none. */
int mbox_object_set(struct mbox_object *obj, const struct mbox_set *set)
{
	kuid_t uid = make_kuid(current_user_ns(), set->uid);
	kgid_t gid = make_kgid(current_user_ns(), set->gid);
	int ret;

	if ((set->flags & MBOX_SET_UID && !uid_valid(uid)) ||
	    (set->flags & MBOX_SET_GID && !gid_valid(gid)))
		return -EINVAL;
	ret = mbox_object_check_set(obj, set);
	if (ret)
		return ret;

	mutex_lock(&obj->registry->lock);
	if (!mbox_object_may_set_locked(obj, set, uid, gid)) {
		mutex_unlock(&obj->registry->lock);
		return -EACCES;
	}
	if (set->flags & MBOX_SET_UID) {
		spin_lock(&obj->lock);
		obj->uid = uid;
		spin_unlock(&obj->lock);
	}
	if (set->flags & MBOX_SET_GID)
		obj->gid = gid;
	if (set->flags & MBOX_SET_MODE)
		obj->mode = set->mode;
	mutex_unlock(&obj->registry->lock);

	/* The owner, too, matters to who may have how much room. */
	if (set->flags & (MBOX_SET_UID | MBOX_SET_MAX_MSGS |
			  MBOX_SET_MAX_BYTES) &&
	    obj->ops->kind == MBOX_KIND_MAILBOX)
		mbox_mailbox_resize(mbox_to_mailbox(obj), set);
	return 0;
}
