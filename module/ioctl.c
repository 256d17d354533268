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
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "args.h"
#include "ioctl.h"

#define MBOX_OPEN_FLAGS		(MBOX_O_READ | MBOX_O_WRITE | \
				 MBOX_O_NONBLOCK | MBOX_O_INHERIT)
#define MBOX_CREATE_FLAGS	(MBOX_OPEN_FLAGS | MBOX_CREATE_EXCL | \
				 MBOX_CREATE_MODE | MBOX_CREATE_FIXED | \
				 MBOX_CREATE_OWNER | MBOX_CREATE_DEAD_LETTER | \
				 MBOX_CREATE_RENDEZVOUS | \
				 MBOX_CREATE_UNBOUNDED | MBOX_CREATE_INBOX)
#define MBOX_SET_FLAGS		(MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE | \
				 MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES)
#define MBOX_WAIT_FLAGS		(MBOX_DONTWAIT | MBOX_REALTIME)
#define MBOX_SEND_FLAGS		(MBOX_WAIT_FLAGS | MBOX_ASYNC | MBOX_REPEATABLE)
#define MBOX_RECV_FLAGS		(MBOX_WAIT_FLAGS | MBOX_LEASE | MBOX_INHERIT | \
				 MBOX_PEEK | MBOX_TRUNCATE)
#define MBOX_BATCH_FLAGS	(MBOX_WAIT_FLAGS | MBOX_LEASE | MBOX_TRUNCATE)
#define MBOX_CALL_FLAGS		(MBOX_WAIT_FLAGS | MBOX_REPEATABLE | \
				 MBOX_INHERIT)

/*
 * Read the argument of a command that matters most. This fails where the caller's
 * struct is of another size than ours, or cannot be read.
 */
static __always_inline bool mbox_request_read_ours(struct mbox_request *req,
						   unsigned int nr)
{
	req->user_size = req->size;
	/* The words that are read may be anywhere. */
	if (!IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS))
		return false;
	switch (nr) {
	case MBOX_CMD_SEND:
		return likely(mbox_read_send(&req->args.send, req->user));
	case MBOX_CMD_RECV:
		return likely(mbox_read_recv(&req->args.recv, req->user));
	case MBOX_CMD_CALL:
		return likely(mbox_read_call(&req->args.call, req->user));
	default:
		return false;
	}
}

/* Read an argument, of which the least size is @min. */
static int mbox_request_read(struct mbox_request *req, u32 min)
{
	int ret;

	if (get_user(req->user_size, (u32 __user *)req->user))
		return -EFAULT;
	if (req->user_size < min)
		return -EINVAL;
	if (req->user_size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&req->args, req->size, req->user,
				    req->user_size);
	/* It may have been changed between the two reads. */
	req->args.head.size = req->user_size;
	return ret;
}

/* Write our copy back, as much of it as the caller knows. */
int mbox_request_reply(struct mbox_request *req)
{
	return copy_to_user(req->user, &req->args,
			    min(req->user_size, req->size)) ? -EFAULT : 0;
}

/* Tell why a command fails with @ret, if there is something to tell. */
bool mbox_refusal_fill(struct mbox_refusal *out, const struct mbox_refused *why,
		       int ret)
{
	if (ret != -EDQUOT && ret != -ENOSPC && ret != -EAGAIN &&
	    ret != -ETIMEDOUT)
		return false;
	out->limit = why->limit;
	out->uid = from_kuid_munged(current_user_ns(), why->uid);
	out->used = why->used;
	out->total = why->total;
	out->max = why->max;
	return true;
}

/* Write back to @out why the command fails with @ret, which is returned. */
int mbox_request_refuse(struct mbox_request *req, struct mbox_refusal *out,
			const struct mbox_refused *why, int ret)
{
	void __user *user = req->user + ((u8 *)out - (u8 *)&req->args);

	/* It is in the first version of each struct that has one, see the table. */
	static_assert(offsetofend(struct mbox_create, refusal) <= 120);
	static_assert(offsetofend(struct mbox_send, refusal) <= 120);
	static_assert(offsetofend(struct mbox_call, refusal) <= 136);

	if (!mbox_refusal_fill(out, why, ret))
		return ret;
	return copy_to_user(user, out, sizeof(*out)) ? -EFAULT : ret;
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

static int mbox_get_lifetime(struct mbox_plan *plan, u32 lifetime)
{
	if (plan->flags & MBOX_CREATE_INBOX) {
		if (plan->name_len || (lifetime != MBOX_LIFE_DEFAULT &&
				       lifetime != MBOX_LIFE_PROCESS))
			return lifetime > MBOX_LIFE_ANONYMOUS ? -EOPNOTSUPP :
								-EINVAL;
		plan->lifetime = MBOX_LIFE_PROCESS;
		return 0;
	}
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

/* How a mailbox is to deliver. */
static int mbox_get_policy(struct mbox_plan *plan, const struct mbox_create *c)
{
	bool rendezvous = c->flags & MBOX_CREATE_RENDEZVOUS;
	bool unbounded = c->flags & MBOX_CREATE_UNBOUNDED;

	if (c->when_full > MBOX_FULL_CONFLATE ||
	    c->turns > MBOX_TURNS_PRIORITY ||
	    c->receivers > MBOX_RECEIVERS_BROADCAST)
		return -EOPNOTSUPP;
	if (c->receivers == MBOX_RECEIVERS_BROADCAST) {
		if (rendezvous || c->when_full == MBOX_FULL_CONFLATE ||
		    c->max_deliveries || c->flags & MBOX_CREATE_DEAD_LETTER)
			return -EOPNOTSUPP;
		if (c->turns)
			return -EINVAL;
	}
	if ((rendezvous && unbounded) ||
	    ((rendezvous || unbounded) && (c->max_msgs || c->max_bytes)) ||
	    (rendezvous && c->when_full > MBOX_FULL_FAIL) ||
	    (unbounded && (c->when_full == MBOX_FULL_FAIL ||
			   c->when_full == MBOX_FULL_DROP_OLDEST)))
		return -EINVAL;
	plan->when_full = c->when_full;
	plan->turns = c->turns;
	plan->receivers = c->receivers;
	return 0;
}

static int mbox_get_mailbox(struct mbox_plan *plan,
			    const struct mbox_create *c)
{
	int ret = mbox_get_policy(plan, c);

	if (ret)
		return ret;
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
	plan->max_deliveries = c->max_deliveries;
	plan->max_msgs = c->max_msgs ?: MBOX_DEFAULT_MAX_MSGS;
	plan->max_bytes = c->max_bytes ?:
			  max_t(u64, MBOX_DEFAULT_MAX_BYTES, plan->msg_size);
	if (plan->msg_size > MBOX_MSG_SIZE_MAX ||
	    plan->max_deliveries > U16_MAX ||
	    plan->max_bytes < plan->msg_size)
		return -EINVAL;
	/* These have no capacity: that none is shown is all it is for. */
	if (c->flags & (MBOX_CREATE_RENDEZVOUS | MBOX_CREATE_UNBOUNDED)) {
		plan->max_msgs = 0;
		plan->max_bytes = 0;
	}
	return 0;
}

static int mbox_get_region(struct mbox_plan *plan, const struct mbox_create *c)
{
	if (c->max_msgs || c->msg_size || c->max_bytes || c->max_deliveries ||
	    c->when_full || c->turns || c->receivers ||
	    c->flags & (MBOX_CREATE_FIXED | MBOX_CREATE_DEAD_LETTER |
			MBOX_CREATE_RENDEZVOUS | MBOX_CREATE_UNBOUNDED |
			MBOX_CREATE_INBOX))
		return -EINVAL;
	if (!c->region_size || c->region_size > MAX_LFS_FILESIZE - PAGE_SIZE)
		return -EINVAL;
	plan->region_size = PAGE_ALIGN(c->region_size);
	return 0;
}

/* The mailbox for undeliverable messages, with a reference. */
static int mbox_get_dead_letter(struct mbox_plan *plan,
				const struct mbox_create *c)
{
	fmode_t mode;

	if (!(c->flags & MBOX_CREATE_DEAD_LETTER))
		return c->dead_letter ? -EINVAL : 0;
	if (!c->max_deliveries)
		return -EINVAL;
	plan->dead_letter = mbox_object_by_fd(c->dead_letter, &mode);
	if (IS_ERR(plan->dead_letter))
		return PTR_ERR(plan->dead_letter);
	if (mode & FMODE_WRITE)
		return 0;
	mbox_object_put(plan->dead_letter);
	return -EBADF;
}

static long mbox_ioctl_create(struct mbox_request *req)
{
	struct mbox_create *c = &req->args.create;
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

	if (c->reserved || c->reserved2 || (c->name && !c->name_len))
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

	ret = mbox_get_dead_letter(&plan, c);
	if (ret)
		return ret;
	ret = mbox_endpoint_create(req->file->private_data, &plan, &why);
	if (plan.dead_letter)
		mbox_object_put(plan.dead_letter);
	return mbox_request_refuse(req, &c->refusal, &why, ret);
}

/* Copy a target in: @name has room for MBOX_NAME_MAX bytes. */
static int mbox_get_goal(struct mbox_goal *goal, const struct mbox_target *t,
			 char *name)
{
	if (t->flags & ~MBOX_TARGET_OWNER || t->kind > MBOX_KIND_REGION ||
	    t->by > MBOX_BY_PID)
		return -EOPNOTSUPP;
	if ((t->by != MBOX_BY_NAME && (t->name || t->name_len)) ||
	    (t->by != MBOX_BY_ID && t->id) ||
	    (t->by != MBOX_BY_FD && t->fd) ||
	    (t->by == MBOX_BY_PID ? t->pid <= 0 : t->pid) || t->reserved)
		return -EINVAL;

	goal->by = t->by;
	goal->kind = t->kind;
	goal->name = name;
	goal->name_len = t->name_len;
	goal->id = t->id;
	goal->fd = t->fd;
	goal->pid = t->pid;
	goal->check_owner = t->flags & MBOX_TARGET_OWNER;
	if (!t->by || (t->by == MBOX_BY_NAME && !t->name_len))
		return -EINVAL;
	return mbox_get_owner(&goal->owner, t->owner, goal->check_owner) ?:
	       mbox_get_name(name, t->name, t->name_len);
}

static long mbox_ioctl_open(struct mbox_request *req)
{
	struct mbox_open *o = &req->args.open;
	char name[MBOX_NAME_MAX];
	struct mbox_goal goal;
	int ret;

	ret = mbox_get_goal(&goal, &o->target, name);
	if (ret)
		return ret;
	return mbox_endpoint_open(req->file->private_data, &goal, o->flags);
}

static long mbox_ioctl_unlink(struct mbox_request *req)
{
	char name[MBOX_NAME_MAX];
	struct mbox_goal goal;
	int ret;

	ret = mbox_get_goal(&goal, &req->args.unlink.target, name);
	if (ret)
		return ret;
	return mbox_endpoint_unlink(req->file->private_data, &goal);
}

static struct mbox_object *mbox_request_object(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;

	return ep->obj;
}

static long mbox_reply_stat(struct mbox_request *req, struct mbox_object *obj)
{
	struct mbox_stat *st = &req->args.stat;

	memset(st, 0, sizeof(*st));
	st->size = req->user_size;
	mbox_object_stat(obj, st);
	return mbox_request_reply(req);
}

static long mbox_ioctl_stat(struct mbox_request *req)
{
	return mbox_reply_stat(req, mbox_request_object(req));
}

static long mbox_ioctl_list(struct mbox_request *req)
{
	struct mbox_registry *reg = req->file->private_data;
	struct mbox_object *obj;
	long ret;

	mutex_lock(&reg->lock);
	obj = mbox_registry_after_locked(reg, req->args.stat.id);
	if (obj)
		mbox_object_get(obj);
	mutex_unlock(&reg->lock);
	if (!obj)
		return -ENOENT;

	ret = mbox_reply_stat(req, obj);
	mbox_object_put(obj);
	return ret;
}

static long mbox_ioctl_set(struct mbox_request *req)
{
	struct mbox_set *s = &req->args.set;

	if ((!(s->flags & MBOX_SET_UID) && s->uid) ||
	    (!(s->flags & MBOX_SET_GID) && s->gid) ||
	    (!(s->flags & MBOX_SET_MODE) && s->mode) ||
	    (!(s->flags & MBOX_SET_MAX_MSGS) && s->max_msgs) ||
	    (!(s->flags & MBOX_SET_MAX_BYTES) && s->max_bytes))
		return -EINVAL;
	return mbox_object_set(mbox_request_object(req), s);
}

static void mbox_count_usage(struct mbox_counter *out,
			     const struct mbox_payer *payer,
			     enum mbox_charge what)
{
	out->used = payer ? atomic64_read(&payer->used[what]) : 0;
	out->max = mbox_payer_limit(what);
}

static long mbox_ioctl_usage(struct mbox_request *req)
{
	struct mbox_registry *reg = req->file->private_data;
	struct mbox_usage *u = &req->args.usage;
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
	mbox_count_usage(&u->fds, payer, MBOX_CHARGE_FDS);
	mbox_payer_put(payer);
	mbox_registry_usage(reg, &u->ns_objects);
	return mbox_request_reply(req);
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
	long (*run)(struct mbox_request *req);
};

static const struct mbox_command mbox_commands[] = {
	[MBOX_CMD_CREATE] = { sizeof(struct mbox_create), 120,
			      MBOX_CREATE_FLAGS, MBOX_ON_DEVICE,
			      mbox_ioctl_create },
	[MBOX_CMD_OPEN] = { sizeof(struct mbox_open), 56,
			    MBOX_OPEN_FLAGS, MBOX_ON_DEVICE,
			    mbox_ioctl_open },
	[MBOX_CMD_UNLINK] = { sizeof(struct mbox_unlink), 56,
			      0, MBOX_ON_DEVICE,
			      mbox_ioctl_unlink },
	[MBOX_CMD_LIST] = { sizeof(struct mbox_stat), 448,
			    0, MBOX_ON_DEVICE,
			    mbox_ioctl_list },
	[MBOX_CMD_USAGE] = { sizeof(struct mbox_usage), 112,
			     0, MBOX_ON_DEVICE,
			     mbox_ioctl_usage },
	[MBOX_CMD_STAT] = { sizeof(struct mbox_stat), 448,
			    0, MBOX_ON_OBJECT,
			    mbox_ioctl_stat },
	[MBOX_CMD_SET] = { sizeof(struct mbox_set), 32,
			   MBOX_SET_FLAGS, MBOX_ON_OBJECT,
			   mbox_ioctl_set },
	[MBOX_CMD_SEND] = { sizeof(struct mbox_send), 120,
			    MBOX_SEND_FLAGS, MBOX_ON_MAILBOX,
			    mbox_ioctl_send },
	[MBOX_CMD_RECV] = { sizeof(struct mbox_recv), 208,
			    MBOX_RECV_FLAGS, MBOX_ON_MAILBOX,
			    mbox_ioctl_recv },
	[MBOX_CMD_PURGE] = { sizeof(struct mbox_purge), 8,
			     0, MBOX_ON_MAILBOX,
			     mbox_ioctl_purge },
	[MBOX_CMD_ACK] = { sizeof(struct mbox_ack), 16,
			   0, MBOX_ON_MAILBOX,
			   mbox_ioctl_ack },
	[MBOX_CMD_NACK] = { sizeof(struct mbox_nack), 24,
			    0, MBOX_ON_MAILBOX,
			    mbox_ioctl_nack },
	[MBOX_CMD_HELD] = { sizeof(struct mbox_held), 24,
			    0, MBOX_ON_MAILBOX,
			    mbox_ioctl_held },
	[MBOX_CMD_CALL] = { sizeof(struct mbox_call), 136,
			    MBOX_CALL_FLAGS, MBOX_ON_MAILBOX,
			    mbox_ioctl_call },
	[MBOX_CMD_REPLY] = { sizeof(struct mbox_reply), 48,
			     0, MBOX_ON_MAILBOX,
			     mbox_ioctl_reply },
	[MBOX_CMD_CANCEL] = { sizeof(struct mbox_cancel), 16,
			      0, MBOX_ON_MAILBOX,
			      mbox_ioctl_cancel },
	[MBOX_CMD_SEND_BATCH] = { sizeof(struct mbox_send_batch), 64,
				  MBOX_WAIT_FLAGS, MBOX_ON_MAILBOX,
				  mbox_ioctl_send_batch },
	[MBOX_CMD_RECV_BATCH] = { sizeof(struct mbox_recv_batch), 56,
				  MBOX_BATCH_FLAGS, MBOX_ON_MAILBOX,
				  mbox_ioctl_recv_batch },
	[MBOX_CMD_FILTER] = { sizeof(struct mbox_filter), 32,
			      0, MBOX_ON_MAILBOX,
			      mbox_ioctl_filter },
	[MBOX_CMD_NOTIFY] = { sizeof(struct mbox_notify), 8,
			      MBOX_NOTIFY_OFF, MBOX_ON_MAILBOX,
			      mbox_ioctl_notify },
};

/* Carry out the command @nr. */
static __always_inline long mbox_command_run(struct file *file, unsigned int nr,
					     unsigned long arg, u32 on)
{
	const struct mbox_command *c = &mbox_commands[nr];
	/* Nobody looks at more of it than is read, so it need not be cleared. */
	struct mbox_request req mbox_unset;
	int ret;

	if (!(c->on & on))
		return -ENOTTY;

	req.file = file;
	req.user = (void __user *)arg;
	req.size = c->size;
	if (!mbox_request_read_ours(&req, nr)) {
		ret = mbox_request_read(&req, c->min);
		if (ret)
			return ret;
	}
	if (req.args.head.flags & ~c->flags)
		return -EOPNOTSUPP;
	return c->run(&req);
}

static noinline long mbox_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg, u32 on)
{
	unsigned int nr = _IOC_NR(cmd);

	if (cmd != _IO(MBOX_IOC_TYPE, nr) || nr >= ARRAY_SIZE(mbox_commands))
		return -ENOTTY;
	nr = array_index_nospec(nr, ARRAY_SIZE(mbox_commands));
	return mbox_command_run(file, nr, arg, on);
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
	u32 on = BIT(ep->obj->ops->kind);

	/* Of the ones that matter most, the compiler knows what the table says. */
	switch (cmd) {
	case MBOX_IOC_SEND:
		return mbox_command_run(file, MBOX_CMD_SEND, arg, on);
	case MBOX_IOC_RECV:
		return mbox_command_run(file, MBOX_CMD_RECV, arg, on);
	case MBOX_IOC_CALL:
		return mbox_command_run(file, MBOX_CMD_CALL, arg, on);
	default:
		return mbox_ioctl(file, cmd, arg, on);
	}
}
