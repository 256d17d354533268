/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that carry out commands share. */
#ifndef MBOX_IOCTL_H
#define MBOX_IOCTL_H

#include <linux/uio.h>
#include "mbox.h"

/* What every argument struct starts with. */
struct mbox_head {
	u32 size;
	u32 flags;
};

/**
 * struct mbox_request - one ioctl under way
 * @file: the descriptor
 * @user: the argument
 * @user_size: how large it is to the caller
 * @size: how large it is to us
 * @args: our copy
 */
struct mbox_request {
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
		struct mbox_ack ack;
		struct mbox_nack nack;
		struct mbox_held held;
		struct mbox_call call;
		struct mbox_reply reply;
		struct mbox_cancel cancel;
		struct mbox_send_batch send_batch;
		struct mbox_recv_batch recv_batch;
		struct mbox_filter filter;
		struct mbox_notify notify;
	} args;
};

/* ioctl.c */
int mbox_request_reply(struct mbox_request *req);
bool mbox_refusal_fill(struct mbox_refusal *out, const struct mbox_refused *why,
		       int ret);
int mbox_request_refuse(struct mbox_request *req, struct mbox_refusal *out,
			const struct mbox_refused *why, int ret);

/* deliver.c: what read and write have in common with the commands */

int mbox_deadline_set(struct mbox_deadline *until, u64 deadline);

/* How long a command with these @flags and @deadline is to wait. */
static inline int mbox_deadline_get(struct mbox_deadline *until,
				    struct file *file, u32 flags, u64 deadline)
{
	until->dontwait = flags & MBOX_DONTWAIT || file->f_flags & O_NONBLOCK;
	until->realtime = flags & MBOX_REALTIME;
	until->forever = !deadline;
	until->at = 0;
	return likely(!deadline) ? 0 : mbox_deadline_set(until, deadline);
}

/* The area that @iter stands for. */
static inline struct mbox_area mbox_area_of(struct iov_iter *iter)
{
	struct mbox_area area = {
		.len = min_t(size_t, iov_iter_count(iter), U32_MAX),
	};

	if (likely(iter_is_ubuf(iter)))
		area.at = iter->ubuf + iter->iov_offset;
	else
		area.iter = iter;
	return area;
}

int mbox_iov_iter(struct iov_iter *iter, struct iovec **iov, unsigned int dir,
		  u64 buf, u32 len, u32 nr);

/*
 * Where the data of a message comes from or goes to: @len bytes at @buf, or @nr
 * pieces that are named there, as @iter then tells. *@iov is to be freed.
 */
static __always_inline int mbox_area_get(struct mbox_area *area,
					 struct iov_iter *iter,
					 struct iovec **iov, unsigned int dir,
					 u64 buf, u32 len, u32 nr)
{
	int ret;

	*iov = NULL;
	*area = (struct mbox_area){ .at = u64_to_user_ptr(buf), .len = len };
	if (likely(!nr))
		return 0;
	ret = mbox_iov_iter(iter, iov, dir, buf, len, nr);
	if (!ret)
		*area = mbox_area_of(iter);
	return ret;
}

ssize_t mbox_fetch(const struct mbox_msg *msg, const struct mbox_area *to);
int mbox_receive(struct mbox_recv __user *user, const struct mbox_catch *catch,
		 const struct mbox_area *to, u32 fds, u32 lost);
int mbox_receive_item(struct mbox_recv_item __user *user,
		      const struct mbox_catch *catch,
		      const struct mbox_area *to, u32 lost);
int mbox_draft_check_cast(u8 kind, u32 priority);

/* May what @draft is to become be sent through @file? */
static __always_inline int mbox_draft_check(struct file *file,
					    const struct mbox_draft *draft)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	int ret;

	if (unlikely(!(file->f_mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(draft->priority > MBOX_PRIORITY_MAX ||
		     draft->ttl > MBOX_TIME_MAX))
		return -EINVAL;
	if (unlikely(mbox_is_broadcast(mb))) {
		ret = mbox_draft_check_cast(draft->kind, draft->priority);
		if (ret)
			return ret;
	}
	if (unlikely(draft->len > mb->msg_size ||
		     (mb->fixed && draft->len != mb->msg_size) ||
		     draft->reply_max > MBOX_MSG_SIZE_MAX))
		return -EMSGSIZE;
	return 0;
}

/* Make the message of @draft, with the files of @fds, if that is given. */
static __always_inline struct mbox_msg *
mbox_draft_make(struct mbox_endpoint *ep, struct mbox_draft *draft,
		const struct mbox_fds *fds, struct mbox_refused *why)
{
	struct mbox_msg *msg;

	if (fds) {
		draft->files = mbox_files_get(fds, why);
		if (IS_ERR(draft->files))
			return ERR_CAST(draft->files);
	}
	msg = mbox_make_msg(ep, draft, why);
	if (IS_ERR(msg) && unlikely(draft->files))
		mbox_files_free(draft->files);
	return msg;
}

/* Make the message and send it. */
static __always_inline int mbox_draft_send(struct file *file,
					   struct mbox_draft *draft,
					   const struct mbox_fds *fds,
					   const struct mbox_deadline *until,
					   struct mbox_refused *why)
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

bool mbox_is_orphan(struct file *file);

/* What is to become of the claimed @msg, if all goes well. */
static inline enum mbox_end mbox_end_of(const struct mbox_msg *msg, u32 flags)
{
	if (unlikely(flags & MBOX_PEEK))
		return MBOX_END_PEEK;
	return flags & MBOX_LEASE || msg->kind == MBOX_CALL ? MBOX_END_LEASE :
							      MBOX_END_ACK;
}

/* What a receive that says @match wants: to be put, its rule. */
static inline int mbox_take_get(struct mbox_take *take, struct mbox_mailbox *mb,
				const struct mbox_match *match)
{
	take->peek = false;
	/* Each endpoint of a broadcast has its place in it, and one only. */
	if (unlikely(match->what && mbox_is_broadcast(mb)))
		return -EOPNOTSUPP;
	return mbox_rule_get(&take->rule, match, mb);
}

/* batch.c */
long mbox_ioctl_send_batch(struct mbox_request *req);
long mbox_ioctl_recv_batch(struct mbox_request *req);

/* ioctl_message.c */
long mbox_ioctl_send(struct mbox_request *req);
long mbox_ioctl_recv(struct mbox_request *req);
long mbox_ioctl_filter(struct mbox_request *req);
long mbox_ioctl_notify(struct mbox_request *req);
long mbox_ioctl_purge(struct mbox_request *req);
long mbox_ioctl_ack(struct mbox_request *req);
long mbox_ioctl_nack(struct mbox_request *req);
long mbox_ioctl_held(struct mbox_request *req);
long mbox_ioctl_call(struct mbox_request *req);
long mbox_ioctl_reply(struct mbox_request *req);
long mbox_ioctl_cancel(struct mbox_request *req);

#endif /* MBOX_IOCTL_H */
