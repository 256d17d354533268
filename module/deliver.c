// SPDX-License-Identifier: GPL-2.0
/*
 * From user memory into a mailbox and back, for whatever brings a message there:
 * a command, a batch of them, read and write.
 */
#include <linux/file.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include "data.h"
#include "ioctl.h"

/* CLOCK_MONOTONIC in the caller's time namespace, less the initial one's. */
static ktime_t mbox_time_offset(void)
{
#ifdef CONFIG_TIME_NS
	const struct timespec64 *offset =
		&current->nsproxy->time_ns->offsets.monotonic;

	if (unlikely(offset->tv_sec || offset->tv_nsec))
		return timespec64_to_ktime(*offset);
#endif
	return 0;
}

/* See mbox_deadline_get(): there is one. */
int mbox_deadline_set(struct mbox_deadline *until, u64 deadline)
{
	if (deadline > KTIME_MAX)
		return -EINVAL;
	until->at = deadline;
	if (until->realtime)
		return 0;
	/* What is before the time namespace began has passed. */
	if (check_sub_overflow((s64)deadline, mbox_time_offset(), &until->at))
		until->at = KTIME_MAX;
	until->at = max_t(s64, until->at, 0);
	return 0;
}

/* The pieces of a struct mbox_iov array, as the kernel has them. */
static int mbox_iov_get(struct iovec *iov, const struct mbox_iov __user *from,
			u32 nr)
{
	size_t total = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct mbox_iov piece;

		if (copy_from_user(&piece, from + i, sizeof(piece)))
			return -EFAULT;
		/* More than any message has is as good as that. */
		piece.len = min_t(u64, piece.len, MAX_RW_COUNT - total);
		total += piece.len;
		iov[i].iov_base = u64_to_user_ptr(piece.base);
		iov[i].iov_len = piece.len;
	}
	return 0;
}

/* See mbox_area_get(): of pieces. */
int mbox_iov_iter(struct iov_iter *iter, struct iovec **iov, unsigned int dir,
		  u64 buf, u32 len, u32 nr)
{
	size_t total = 0;
	int ret;
	u32 i;

	if (len || nr > MBOX_IOV_MAX)
		return -EINVAL;
	*iov = kmalloc_array(nr, sizeof(**iov), GFP_KERNEL_ACCOUNT);
	if (!*iov)
		return -ENOMEM;
	ret = mbox_iov_get(*iov, u64_to_user_ptr(buf), nr);
	if (ret) {
		kfree(*iov);
		*iov = NULL;
		return ret;
	}
	for (i = 0; i < nr; i++)
		total += (*iov)[i].iov_len;
	iov_iter_init(iter, dir, *iov, nr, total);
	return 0;
}

/* See mbox_data_get(): by the general routines. */
bool mbox_data_get_large(u8 *to, struct iov_iter *iter, void __user *at, u32 len)
{
	struct iov_iter whole mbox_unset;

	if (!iter) {
		iov_iter_ubuf(&whole, ITER_SOURCE, at, len);
		iter = &whole;
	}
	return _copy_from_iter(to, len, iter) == len;
}

/* See mbox_data_put(): likewise. */
bool mbox_data_put_large(struct iov_iter *iter, void __user *at, const u8 *from,
			 u32 len)
{
	struct iov_iter whole mbox_unset;

	if (!iter) {
		iov_iter_ubuf(&whole, ITER_DEST, at, len);
		iter = &whole;
	}
	return _copy_to_iter(from, len, iter) == len;
}

/* See mbox_draft_check(): what a broadcast does not take. */
int mbox_draft_check_cast(u8 kind, u32 priority)
{
	if (kind == MBOX_CALL)
		return -EOPNOTSUPP;
	return priority ? -EINVAL : 0;
}

/* As the kernel's own functions say, but they look up even what is no question. */
static u32 mbox_uid_in(struct user_namespace *ns, kuid_t uid)
{
	return likely(ns == &init_user_ns && uid_valid(uid)) ?
	       __kuid_val(uid) : from_kuid_munged(ns, uid);
}

static u32 mbox_gid_in(struct user_namespace *ns, kgid_t gid)
{
	return likely(ns == &init_user_ns && gid_valid(gid)) ?
	       __kgid_val(gid) : from_kgid_munged(ns, gid);
}

static pid_t mbox_pid_in(struct pid_namespace *ns, struct pid *pid)
{
	return likely(pid && ns_of_pid(pid) == ns) ?
	       pid->numbers[pid->level].nr : pid_nr_ns(pid, ns);
}

/*
 * What is told of a message besides what is in it, in the current task's terms;
 * see struct mbox_recv.
 */
struct mbox_account {
	u64 time;
	s32 pid;
	s32 tid;
	u32 uid;
	u32 gid;
	u64 token;
	u32 msg_flags;
	u32 reply_max;
	u64 cookie;
	s32 status;
	s32 error;
};

/* The share is the caller's, the answer is not. */
static __always_inline void mbox_account_answer(struct mbox_account *a,
						const struct mbox_msg *msg,
						struct user_namespace *ns,
						struct pid_namespace *pids)
{
	const struct mbox_callinfo *call = mbox_msg_call(msg);

	a->msg_flags |= MBOX_MSG_REPLY;
	a->cookie = call->cookie;
	a->status = call->status;
	a->error = -call->result;
	a->pid = mbox_pid_in(pids, call->pid);
	a->tid = mbox_pid_in(pids, msg->tid);
	a->uid = mbox_uid_in(ns, call->uid);
	a->gid = mbox_gid_in(ns, call->gid);
}

/* Of the message of @catch, of which @len bytes were copied. */
static __always_inline struct mbox_account
mbox_account_of(const struct mbox_catch *catch, u32 len)
{
	struct user_namespace *ns = current_user_ns();
	struct pid_namespace *pids = ns_of_pid(task_pid(current));
	const struct mbox_msg *msg = catch->msg;
	const struct mbox_share *share = msg->share;
	struct mbox_account a = {
		/* Before the time namespace began is as long ago as can be. */
		.time = max_t(s64, ktime_add(msg->time, mbox_time_offset()), 0),
		.pid = mbox_pid_in(pids, share->pid),
		.uid = mbox_uid_in(ns, share->uid),
		.gid = mbox_gid_in(ns, share->gid),
		.token = catch->end == MBOX_END_LEASE ? msg->token : 0,
		.msg_flags = unlikely(len < msg->len) ? MBOX_MSG_TRUNCATED : 0,
	};

	a.tid = likely(!msg->tid) ? a.pid : mbox_pid_in(pids, msg->tid);
	if (msg->kind == MBOX_CALL) {
		a.msg_flags |= MBOX_MSG_CALL;
		a.reply_max = mbox_msg_call(msg)->reply_max;
	} else if (unlikely(msg->kind == MBOX_ANSWER)) {
		mbox_account_answer(&a, msg, ns, pids);
	}
	return a;
}

/*
 * Write that, and what is in the message of @catch, where it has the same names:
 * to a mbox_recv or a mbox_recv_item. If it cannot be written, on at fault.
 */
#define mbox_account_put(account, catch, user)				\
do {									\
	const struct mbox_account *_a = (account);			\
	const struct mbox_catch *_c = (catch);				\
	const struct mbox_msg *_m = _c->msg;				\
	typeof(user) _u = (user);					\
									\
	unsafe_put_user(_m->len, &_u->len, fault);			\
	unsafe_put_user(_m->type, &_u->type, fault);			\
	unsafe_put_user(_m->seq, &_u->seq, fault);			\
	unsafe_put_user(_a->time, &_u->time, fault);			\
	unsafe_put_user(_m->priority, &_u->priority, fault);		\
	unsafe_put_user(_a->pid, &_u->pid, fault);			\
	unsafe_put_user(_a->tid, &_u->tid, fault);			\
	unsafe_put_user(_a->uid, &_u->uid, fault);			\
	unsafe_put_user(_a->gid, &_u->gid, fault);			\
	unsafe_put_user(_a->token, &_u->token, fault);			\
	unsafe_put_user(_c->missed, &_u->missed, fault);		\
	unsafe_put_user(_a->msg_flags, &_u->msg_flags, fault);		\
	unsafe_put_user(_m->deliveries, &_u->deliveries, fault);	\
	unsafe_put_user(_a->reply_max, &_u->reply_max, fault);		\
	unsafe_put_user(_a->cookie, &_u->cookie, fault);		\
	unsafe_put_user(_a->status, &_u->status, fault);		\
	unsafe_put_user(_a->error, &_u->error, fault);			\
} while (0)

/*
 * Has the process closed its last descriptor of the endpoint while it was in
 * this command? Then what the command leaves behind would never come back: no
 * close is to come that could see to it.
 */
bool mbox_is_orphan(struct file *file)
{
	struct mbox_endpoint *ep = file->private_data;

	return READ_ONCE(ep->departures) && mbox_process_fd(file) < 0;
}

/*
 * Copy the data of @msg to @to, as much as goes in there. Returns how much that
 * is, or -errno: then it has not been received.
 */
__always_inline ssize_t mbox_fetch(const struct mbox_msg *msg,
				   const struct mbox_area *to)
{
	u32 len = min(msg->len, to->len);

	if (unlikely(fatal_signal_pending(current)))
		return -EINTR;	/* nobody would see it */
	if (unlikely(!mbox_data_put(to, mbox_msg_data(msg), len)))
		return -EFAULT;
	return len;
}

/* The data of the message of @catch goes to @to; @a is what is to be told of it. */
static __always_inline int mbox_hand_over(struct mbox_account *a,
					  const struct mbox_catch *catch,
					  const struct mbox_area *to)
{
	ssize_t len = mbox_fetch(catch->msg, to);

	if (unlikely(len < 0))
		return len;
	*a = mbox_account_of(catch, len);
	return 0;
}

/*
 * Hand over the message of @catch: its data to @to, what is told of it, and that
 * @fds descriptors come with it and @lost do not, to @user. What that has besides
 * stays as the caller has it. -EFAULT means that it has not been received.
 */
__always_inline int mbox_receive(struct mbox_recv __user *user,
				 const struct mbox_catch *catch,
				 const struct mbox_area *to, u32 fds, u32 lost)
{
	struct mbox_account a mbox_unset;
	int ret = mbox_hand_over(&a, catch, to);

	if (unlikely(ret))
		return ret;
	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	mbox_account_put(&a, catch, user);
	unsafe_put_user(fds, &user->fds.nr, fault);
	unsafe_put_user(lost, &user->fds.lost, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/* The same for one of a batch, which gives no descriptors. */
__always_inline int mbox_receive_item(struct mbox_recv_item __user *user,
				      const struct mbox_catch *catch,
				      const struct mbox_area *to, u32 lost)
{
	struct mbox_account a mbox_unset;
	int ret = mbox_hand_over(&a, catch, to);

	if (unlikely(ret))
		return ret;
	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	mbox_account_put(&a, catch, user);
	unsafe_put_user(lost, &user->fds_lost, fault);
	unsafe_put_user(0, &user->reserved, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}
