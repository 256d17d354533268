// SPDX-License-Identifier: GPL-2.0
/*
 * The commands: their table, and the border between what user space gives us
 * and what the rest of the module can rely on. Each struct is read once,
 * checked as a copy, and written back from there.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "mbox.h"

/* What every argument struct starts with. */
struct mbox_head {
	u32 size;
	u32 flags;
};

/**
 * struct mbox_call - one ioctl under way
 * @file: the descriptor
 * @user: the argument
 * @user_size: how large it is to the caller
 * @size: how large it is to us
 * @args: our copy
 */
struct mbox_call {
	struct file *file;
	void __user *user;
	u32 user_size;
	u32 size;
	union {
		struct mbox_head head;
		struct mbox_create create;
		struct mbox_open open;
		struct mbox_unlink unlink;
		struct mbox_stat stat;
		struct mbox_set set;
		struct mbox_send send;
		struct mbox_recv recv;
		struct mbox_purge purge;
		struct mbox_usage usage;
	} args;
};

#define MBOX_OPEN_FLAGS		(MBOX_O_READ | MBOX_O_WRITE | \
				 MBOX_O_NONBLOCK | MBOX_O_INHERIT)
#define MBOX_CREATE_FLAGS	(MBOX_OPEN_FLAGS | MBOX_CREATE_EXCL | \
				 MBOX_CREATE_MODE | MBOX_CREATE_FIXED | \
				 MBOX_CREATE_OWNER)
#define MBOX_SET_FLAGS		(MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE | \
				 MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES)
#define MBOX_WAIT_FLAGS		(MBOX_DONTWAIT | MBOX_REALTIME)

/* Write our copy back, as much of it as the caller knows. */
static int mbox_call_reply(struct mbox_call *call)
{
	u32 size = min(call->user_size, call->size);

	return copy_to_user(call->user, &call->args, size) ? -EFAULT : 0;
}

/* Write back why the command fails with @ret, which is returned. */
static int mbox_call_refuse(struct mbox_call *call, struct mbox_refusal *out,
			    const struct mbox_refused *why, int ret)
{
	if (ret != -EDQUOT && ret != -ENOSPC && ret != -EAGAIN &&
	    ret != -ETIMEDOUT)
		return ret;
	out->limit = why->limit;
	out->uid = from_kuid_munged(current_user_ns(), why->uid);
	out->used = why->used;
	out->total = why->total;
	out->max = why->max;
	return mbox_call_reply(call) ?: ret;
}

/* Copy a name in: @buf has room for MBOX_NAME_MAX bytes. */
static int mbox_get_name(char *buf, u64 name, u32 len)
{
	if (len > MBOX_NAME_MAX)
		return -ENAMETOOLONG;
	if (copy_from_user(buf, u64_to_user_ptr(name), len))
		return -EFAULT;
	if (memchr(buf, '/', len) || memchr(buf, '\0', len))
		return -EINVAL;
	return 0;
}

static int mbox_get_owner(kuid_t *owner, u32 uid, bool given)
{
	if (!given)
		return uid ? -EINVAL : 0;
	*owner = make_kuid(current_user_ns(), uid);
	return uid_valid(*owner) ? 0 : -EINVAL;
}

static int mbox_get_deadline(struct mbox_deadline *until, struct file *file,
			     u32 flags, u64 deadline)
{
	if (deadline > KTIME_MAX)
		return -EINVAL;
	until->dontwait = flags & MBOX_DONTWAIT || file->f_flags & O_NONBLOCK;
	until->realtime = flags & MBOX_REALTIME;
	until->forever = !deadline;
	until->at = deadline;
	if (until->forever || until->realtime)
		return 0;
	/* What is before the time namespace began has passed. */
	if (check_sub_overflow((s64)deadline, mbox_time_offset(), &until->at))
		until->at = KTIME_MAX;
	until->at = max_t(s64, until->at, 0);
	return 0;
}

static int mbox_get_lifetime(struct mbox_plan *plan, u32 lifetime)
{
	switch (lifetime) {
	case MBOX_LIFE_DEFAULT:
		plan->lifetime = plan->name_len ? MBOX_LIFE_KERNEL :
						  MBOX_LIFE_ANONYMOUS;
		return 0;
	case MBOX_LIFE_ANONYMOUS:
		if (plan->name_len)
			return -EINVAL;
		fallthrough;
	case MBOX_LIFE_KERNEL:
	case MBOX_LIFE_PROCESS:
		plan->lifetime = lifetime;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int mbox_get_mailbox(struct mbox_plan *plan,
			    const struct mbox_create *c)
{
	if (c->region_size)
		return -EINVAL;
	if (c->flags & MBOX_CREATE_FIXED && !c->msg_size)
		return -EINVAL;

	plan->msg_size = c->msg_size;
	if (!plan->msg_size) {
		plan->msg_size = MBOX_DEFAULT_MSG_SIZE;
		if (c->max_bytes && c->max_bytes < plan->msg_size)
			plan->msg_size = c->max_bytes;
	}
	plan->max_msgs = c->max_msgs ?: MBOX_DEFAULT_MAX_MSGS;
	plan->max_bytes = c->max_bytes ?:
			  max_t(u64, MBOX_DEFAULT_MAX_BYTES, plan->msg_size);
	if (plan->msg_size > MBOX_MSG_SIZE_MAX ||
	    plan->max_bytes < plan->msg_size)
		return -EINVAL;
	return 0;
}

static int mbox_get_region(struct mbox_plan *plan, const struct mbox_create *c)
{
	if (c->max_msgs || c->msg_size || c->max_bytes ||
	    c->flags & MBOX_CREATE_FIXED)
		return -EINVAL;
	if (!c->region_size || c->region_size > MAX_LFS_FILESIZE - PAGE_SIZE)
		return -EINVAL;
	plan->region_size = PAGE_ALIGN(c->region_size);
	return 0;
}

static long mbox_ioctl_create(struct mbox_call *call)
{
	struct mbox_create *c = &call->args.create;
	struct mbox_refused why = {};
	char name[MBOX_NAME_MAX];
	struct mbox_plan plan = {
		.kind = c->kind,
		.flags = c->flags,
		.mode = MBOX_DEFAULT_MODE,
		.name = name,
		.name_len = c->name_len,
	};
	int ret;

	if (c->reserved || (c->name && !c->name_len))
		return -EINVAL;
	ret = mbox_get_name(name, c->name, c->name_len);
	if (ret)
		return ret;
	ret = mbox_get_owner(&plan.owner, c->owner, c->flags & MBOX_CREATE_OWNER);
	if (ret)
		return ret;
	ret = mbox_get_lifetime(&plan, c->lifetime);
	if (ret)
		return ret;
	if (c->flags & MBOX_CREATE_MODE)
		plan.mode = c->mode;
	else if (c->mode)
		return -EINVAL;
	if (plan.mode & ~0666)
		return -EINVAL;

	switch (c->kind) {
	case MBOX_KIND_ANY:
		return -EINVAL;
	case MBOX_KIND_MAILBOX:
		ret = mbox_get_mailbox(&plan, c);
		break;
	case MBOX_KIND_REGION:
		ret = mbox_get_region(&plan, c);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	if (ret)
		return ret;

	ret = mbox_endpoint_create(call->file->private_data, &plan, &why);
	return mbox_call_refuse(call, &c->refusal, &why, ret);
}

/* Copy a target in: @name has room for MBOX_NAME_MAX bytes. */
static int mbox_get_goal(struct mbox_goal *goal, const struct mbox_target *t,
			 char *name)
{
	if (t->flags & ~MBOX_TARGET_OWNER || t->kind > MBOX_KIND_REGION ||
	    t->by > MBOX_BY_FD)
		return -EOPNOTSUPP;
	if ((t->by != MBOX_BY_NAME && (t->name || t->name_len)) ||
	    (t->by != MBOX_BY_ID && t->id) ||
	    (t->by != MBOX_BY_FD && t->fd))
		return -EINVAL;

	goal->by = t->by;
	goal->kind = t->kind;
	goal->name = name;
	goal->name_len = t->name_len;
	goal->id = t->id;
	goal->fd = t->fd;
	goal->check_owner = t->flags & MBOX_TARGET_OWNER;
	if (!t->by || (t->by == MBOX_BY_NAME && !t->name_len))
		return -EINVAL;
	return mbox_get_owner(&goal->owner, t->owner, goal->check_owner) ?:
	       mbox_get_name(name, t->name, t->name_len);
}

static long mbox_ioctl_open(struct mbox_call *call)
{
	struct mbox_open *o = &call->args.open;
	char name[MBOX_NAME_MAX];
	struct mbox_goal goal;
	int ret;

	ret = mbox_get_goal(&goal, &o->target, name);
	if (ret)
		return ret;
	return mbox_endpoint_open(call->file->private_data, &goal, o->flags);
}

static long mbox_ioctl_unlink(struct mbox_call *call)
{
	char name[MBOX_NAME_MAX];
	struct mbox_goal goal;
	int ret;

	ret = mbox_get_goal(&goal, &call->args.unlink.target, name);
	if (ret)
		return ret;
	return mbox_endpoint_unlink(call->file->private_data, &goal);
}

static struct mbox_object *mbox_call_object(struct mbox_call *call)
{
	struct mbox_endpoint *ep = call->file->private_data;

	return ep->obj;
}

static long mbox_reply_stat(struct mbox_call *call, struct mbox_object *obj)
{
	struct mbox_stat *st = &call->args.stat;

	memset(st, 0, sizeof(*st));
	st->size = call->user_size;
	mbox_object_stat(obj, st);
	return mbox_call_reply(call);
}

static long mbox_ioctl_stat(struct mbox_call *call)
{
	return mbox_reply_stat(call, mbox_call_object(call));
}

static long mbox_ioctl_list(struct mbox_call *call)
{
	struct mbox_registry *reg = call->file->private_data;
	struct mbox_object *obj;
	long ret;

	mutex_lock(&reg->lock);
	obj = mbox_registry_after_locked(reg, call->args.stat.id);
	if (obj)
		mbox_object_get(obj);
	mutex_unlock(&reg->lock);
	if (!obj)
		return -ENOENT;

	ret = mbox_reply_stat(call, obj);
	mbox_object_put(obj);
	return ret;
}

static long mbox_ioctl_set(struct mbox_call *call)
{
	struct mbox_set *s = &call->args.set;

	if ((!(s->flags & MBOX_SET_UID) && s->uid) ||
	    (!(s->flags & MBOX_SET_GID) && s->gid) ||
	    (!(s->flags & MBOX_SET_MODE) && s->mode) ||
	    (!(s->flags & MBOX_SET_MAX_MSGS) && s->max_msgs) ||
	    (!(s->flags & MBOX_SET_MAX_BYTES) && s->max_bytes))
		return -EINVAL;
	return mbox_object_set(mbox_call_object(call), s);
}

static void mbox_count_usage(struct mbox_counter *out,
			     const struct mbox_payer *payer,
			     enum mbox_charge what)
{
	out->used = payer ? atomic64_read(&payer->used[what]) : 0;
	out->max = mbox_payer_limit(what);
}

static long mbox_ioctl_usage(struct mbox_call *call)
{
	struct mbox_registry *reg = call->file->private_data;
	struct mbox_usage *u = &call->args.usage;
	kuid_t uid = make_kuid(current_user_ns(), u->uid);
	struct mbox_payer *payer;

	if (u->reserved || !uid_valid(uid))
		return -EINVAL;
	if (!uid_eq(uid, current_euid()) && !uid_eq(uid, current_uid()) &&
	    !ns_capable(current_user_ns(), CAP_IPC_OWNER))
		return -EACCES;

	payer = mbox_payer_find(current_user_ns(), uid);
	mbox_count_usage(&u->bytes, payer, MBOX_CHARGE_BYTES);
	mbox_count_usage(&u->mailboxes, payer, MBOX_CHARGE_MAILBOXES);
	mbox_count_usage(&u->regions, payer, MBOX_CHARGE_REGIONS);
	mbox_count_usage(&u->region_bytes, payer, MBOX_CHARGE_REGION_BYTES);
	mbox_payer_put(payer);
	mbox_registry_usage(reg, &u->ns_objects);
	return mbox_call_reply(call);
}

/*
 * Make a message of user memory. A small one is charged when it is sent, with
 * the lock taken once. A large one is charged before it takes any memory.
 */
static struct mbox_msg *mbox_make_msg(struct mbox_endpoint *ep,
				      const void __user *buf, u32 len,
				      struct mbox_refused *why)
{
	struct mbox_share *share = NULL;
	struct mbox_msg *msg;

	if (len > PAGE_SIZE) {
		share = mbox_reserve(ep, len, why);
		if (IS_ERR(share))
			return ERR_CAST(share);
	}
	msg = mbox_msg_alloc(buf, len);
	if (!IS_ERR(msg))
		msg->share = share;
	else if (share)
		mbox_unreserve(mbox_to_mailbox(ep->obj), share, len);
	return msg;
}

static long mbox_ioctl_send(struct mbox_call *call)
{
	struct mbox_endpoint *ep = call->file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_send *s = &call->args.send;
	struct mbox_refused why = {};
	struct mbox_deadline until;
	struct mbox_msg *msg;
	int ret;

	if (!(call->file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (s->priority > MBOX_PRIORITY_MAX)
		return -EINVAL;
	ret = mbox_get_deadline(&until, call->file, s->flags, s->deadline);
	if (ret)
		return ret;
	if (s->len > mb->msg_size || (mb->fixed && s->len != mb->msg_size))
		return -EMSGSIZE;

	msg = mbox_make_msg(ep, u64_to_user_ptr(s->buf), s->len, &why);
	if (IS_ERR(msg))
		return mbox_call_refuse(call, &s->refusal, &why, PTR_ERR(msg));
	msg->priority = s->priority;
	msg->type = s->type;
	ret = mbox_send_msg(ep, msg, &until, &why);
	if (likely(!ret))
		return 0;
	mbox_msg_free(msg);
	return mbox_call_refuse(call, &s->refusal, &why, ret);
}

/* Tell of @msg in the current task's terms. */
static void mbox_describe(struct mbox_recv *r, const struct mbox_msg *msg)
{
	struct user_namespace *ns = current_user_ns();

	r->len = msg->len;
	r->type = msg->type;
	r->seq = msg->seq;
	/* Before the time namespace began is as long ago as can be. */
	r->time = max_t(s64, ktime_add(msg->time, mbox_time_offset()), 0);
	r->priority = msg->priority;
	r->pid = pid_vnr(msg->share->pid);
	r->tid = pid_vnr(msg->tid);
	r->uid = from_kuid_munged(ns, msg->share->uid);
	r->gid = from_kgid_munged(ns, msg->gid);
}

static long mbox_ioctl_recv(struct mbox_call *call)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(mbox_call_object(call));
	struct mbox_recv *r = &call->args.recv;
	struct mbox_deadline until;
	struct mbox_msg *msg;
	int ret;

	if (!(call->file->f_mode & FMODE_READ))
		return -EBADF;
	if (r->reserved)
		return -EINVAL;
	ret = mbox_get_deadline(&until, call->file, r->flags, r->deadline);
	if (ret)
		return ret;

	msg = mbox_claim(mb, r->buf_size, &r->len, &until);
	if (IS_ERR(msg)) {
		ret = PTR_ERR(msg);
		if (ret == -EMSGSIZE)
			ret = mbox_call_reply(call) ?: ret;
		return ret;
	}

	mbox_describe(r, msg);
	if (unlikely(fatal_signal_pending(current)))
		ret = -EINTR;	/* nobody would see it */
	else if (copy_to_user(u64_to_user_ptr(r->buf), msg->data, msg->len))
		ret = -EFAULT;
	else
		ret = mbox_call_reply(call);

	if (likely(!ret))
		mbox_ack(mb, msg);
	else
		mbox_put_back(mb, msg);
	return ret;
}

static long mbox_ioctl_purge(struct mbox_call *call)
{
	if (!(call->file->f_mode & FMODE_READ))
		return -EBADF;
	return mbox_purge(mbox_to_mailbox(mbox_call_object(call)));
}

/* Descriptors that take a command. */
#define MBOX_ON_DEVICE		BIT(0)
#define MBOX_ON_MAILBOX		BIT(MBOX_KIND_MAILBOX)
#define MBOX_ON_REGION		BIT(MBOX_KIND_REGION)
#define MBOX_ON_OBJECT		(MBOX_ON_MAILBOX | MBOX_ON_REGION)

/**
 * struct mbox_command - a command
 * @size: of its struct
 * @min: of its struct in the first version that had it, for ever
 * @flags: that it knows
 * @on: MBOX_ON_*
 * @run: called with a struct of which size and flags have been checked
 */
struct mbox_command {
	u32 size;
	u32 min;
	u32 flags;
	u32 on;
	long (*run)(struct mbox_call *call);
};

static const struct mbox_command mbox_commands[] = {
	[MBOX_CMD_CREATE] = { sizeof(struct mbox_create), 96,
			      MBOX_CREATE_FLAGS, MBOX_ON_DEVICE,
			      mbox_ioctl_create },
	[MBOX_CMD_OPEN] = { sizeof(struct mbox_open), 48,
			    MBOX_OPEN_FLAGS, MBOX_ON_DEVICE,
			    mbox_ioctl_open },
	[MBOX_CMD_UNLINK] = { sizeof(struct mbox_unlink), 48,
			      0, MBOX_ON_DEVICE,
			      mbox_ioctl_unlink },
	[MBOX_CMD_LIST] = { sizeof(struct mbox_stat), 392,
			    0, MBOX_ON_DEVICE,
			    mbox_ioctl_list },
	[MBOX_CMD_USAGE] = { sizeof(struct mbox_usage), 96,
			     0, MBOX_ON_DEVICE,
			     mbox_ioctl_usage },
	[MBOX_CMD_STAT] = { sizeof(struct mbox_stat), 392,
			    0, MBOX_ON_OBJECT,
			    mbox_ioctl_stat },
	[MBOX_CMD_SET] = { sizeof(struct mbox_set), 32,
			   MBOX_SET_FLAGS, MBOX_ON_OBJECT,
			   mbox_ioctl_set },
	[MBOX_CMD_SEND] = { sizeof(struct mbox_send), 72,
			    MBOX_WAIT_FLAGS, MBOX_ON_MAILBOX,
			    mbox_ioctl_send },
	[MBOX_CMD_RECV] = { sizeof(struct mbox_recv), 80,
			    MBOX_WAIT_FLAGS, MBOX_ON_MAILBOX,
			    mbox_ioctl_recv },
	[MBOX_CMD_PURGE] = { sizeof(struct mbox_purge), 8,
			     0, MBOX_ON_MAILBOX,
			     mbox_ioctl_purge },
};

static long mbox_ioctl(struct file *file, unsigned int cmd, unsigned long arg,
		       u32 on)
{
	unsigned int nr = _IOC_NR(cmd);
	const struct mbox_command *c;
	struct mbox_call call;
	int ret;

	if (cmd != _IO(MBOX_IOC_TYPE, nr) || nr >= ARRAY_SIZE(mbox_commands))
		return -ENOTTY;
	c = &mbox_commands[array_index_nospec(nr, ARRAY_SIZE(mbox_commands))];
	if (!(c->on & on))
		return -ENOTTY;

	call.file = file;
	call.user = (void __user *)arg;
	call.size = c->size;
	if (get_user(call.user_size, (u32 __user *)call.user))
		return -EFAULT;
	if (call.user_size < c->min)
		return -EINVAL;
	if (call.user_size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&call.args, c->size, call.user,
				    call.user_size);
	if (ret)
		return ret;
	/* It may have been changed between the two reads. */
	call.args.head.size = call.user_size;
	if (call.args.head.flags & ~c->flags)
		return -EOPNOTSUPP;
	return c->run(&call);
}

/* On a descriptor of /dev/mbox. */
long mbox_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return mbox_ioctl(file, cmd, arg, MBOX_ON_DEVICE);
}

/* On a descriptor of a mailbox or a region. */
long mbox_object_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct mbox_endpoint *ep = file->private_data;

	return mbox_ioctl(file, cmd, arg, BIT(ep->obj->ops->kind));
}
