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
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include "ioctl.h"

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

/* See mbox_iter_get(): of pieces. */
int mbox_iter_get_iov(struct iov_iter *iter, struct iovec **iov,
		      unsigned int dir, u64 buf, u32 len, u32 nr)
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

/* May what @draft is to become be sent through @file? */
int mbox_draft_check(struct file *file, const struct mbox_draft *draft)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (draft->priority > MBOX_PRIORITY_MAX || draft->ttl > MBOX_TIME_MAX)
		return -EINVAL;
	if (unlikely(mbox_is_broadcast(mb))) {
		if (draft->kind == MBOX_CALL)
			return -EOPNOTSUPP;
		if (draft->priority)
			return -EINVAL;
	}
	if (draft->len > mb->msg_size ||
	    (mb->fixed && draft->len != mb->msg_size) ||
	    draft->reply_max > MBOX_MSG_SIZE_MAX)
		return -EMSGSIZE;
	return 0;
}

/* Make the message of @draft, with the files of @fds, if that is given. */
struct mbox_msg *mbox_draft_make(struct mbox_endpoint *ep,
				 struct mbox_draft *draft,
				 const struct mbox_fds *fds,
				 struct mbox_refused *why)
{
	struct mbox_msg *msg;

	if (fds) {
		draft->files = mbox_files_get(fds, why);
		if (IS_ERR(draft->files))
			return ERR_CAST(draft->files);
	}
	msg = mbox_make_msg(ep, draft, why);
	if (IS_ERR(msg))
		mbox_files_free(draft->files);
	return msg;
}

/* Make the message and send it. */
int mbox_draft_send(struct file *file, struct mbox_draft *draft,
		    const struct mbox_fds *fds,
		    const struct mbox_deadline *until, struct mbox_refused *why)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_msg *msg;
	int ret;

	msg = mbox_draft_make(ep, draft, fds, why);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ret = mbox_send_msgs(ep, &msg, 1, until, why);
	if (likely(ret > 0))
		return 0;
	if (msg)
		mbox_unmake_msg(mbox_to_mailbox(ep->obj), msg);
	return ret;
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

/* Tell of the message of @catch in the current task's terms. */
static void mbox_describe(struct mbox_recv *r, const struct mbox_catch *catch)
{
	struct user_namespace *ns = current_user_ns();
	struct pid_namespace *pids = task_active_pid_ns(current);
	const struct mbox_msg *msg = catch->msg;
	const struct mbox_share *share = msg->share;
	const struct mbox_callinfo *call;

	r->len = msg->len;
	r->type = msg->type;
	r->seq = msg->seq;
	/* Before the time namespace began is as long ago as can be. */
	r->time = max_t(s64, ktime_add(msg->time, mbox_time_offset()), 0);
	r->priority = msg->priority;
	r->pid = pid_nr_ns(share->pid, pids);
	r->tid = msg->tid == share->pid ? r->pid : pid_nr_ns(msg->tid, pids);
	r->uid = mbox_uid_in(ns, share->uid);
	r->gid = mbox_gid_in(ns, share->gid);
	r->token = catch->end == MBOX_END_LEASE ? msg->token : 0;
	r->missed = catch->missed;
	r->msg_flags = 0;
	r->deliveries = msg->deliveries;
	r->reply_max = 0;
	r->cookie = 0;
	r->status = 0;
	r->error = 0;
	if (msg->kind == MBOX_CALL) {
		r->msg_flags = MBOX_MSG_CALL;
		r->reply_max = mbox_msg_call(msg)->reply_max;
	} else if (msg->kind == MBOX_ANSWER) {
		call = mbox_msg_call(msg);
		r->msg_flags = MBOX_MSG_REPLY;
		r->cookie = call->cookie;
		r->status = call->status;
		r->error = -call->result;
		/* The share is the caller's, the answer is not. */
		r->pid = pid_nr_ns(call->pid, pids);
		r->uid = mbox_uid_in(ns, call->uid);
		r->gid = mbox_gid_in(ns, call->gid);
	}
}

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
ssize_t mbox_fetch(const struct mbox_msg *msg, struct iov_iter *to)
{
	u32 len = min_t(u64, msg->len, iov_iter_count(to));

	if (unlikely(fatal_signal_pending(current)))
		return -EINTR;	/* nobody would see it */
	if (unlikely(!mbox_data_put(to, mbox_msg_data(msg), len)))
		return -EFAULT;
	return len;
}

/* Copy the data of the message of @catch to @to, and describe it in @r. */
int mbox_receive(struct mbox_recv *r, const struct mbox_catch *catch,
		 struct iov_iter *to)
{
	ssize_t len = mbox_fetch(catch->msg, to);

	if (unlikely(len < 0))
		return len;
	mbox_describe(r, catch);
	if (unlikely(len < catch->msg->len))
		r->msg_flags |= MBOX_MSG_TRUNCATED;
	return 0;
}
