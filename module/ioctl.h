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

int mbox_iter_get_iov(struct iov_iter *iter, struct iovec **iov,
		      unsigned int dir, u64 buf, u32 len, u32 nr);

/*
 * Where the data of a message comes from or goes to: @len bytes at @buf, or @nr
 * pieces that are named there. *@iov is to be freed.
 */
static inline int mbox_iter_get(struct iov_iter *iter, struct iovec **iov,
				unsigned int dir, u64 buf, u32 len, u32 nr)
{
	*iov = NULL;
	if (unlikely(nr))
		return mbox_iter_get_iov(iter, iov, dir, buf, len, nr);
	iov_iter_ubuf(iter, dir, u64_to_user_ptr(buf), len);
	return 0;
}

int mbox_draft_send(struct file *file, struct mbox_draft *draft,
		    const struct mbox_fds *fds,
		    const struct mbox_deadline *until,
		    struct mbox_refused *why);
ssize_t mbox_fetch(const struct mbox_msg *msg, struct iov_iter *to);
int mbox_receive(struct mbox_recv *r, const struct mbox_catch *catch,
		 struct iov_iter *to);
int mbox_draft_check(struct file *file, const struct mbox_draft *draft);
struct mbox_msg *mbox_draft_make(struct mbox_endpoint *ep,
				 struct mbox_draft *draft,
				 const struct mbox_fds *fds,
				 struct mbox_refused *why);
bool mbox_is_orphan(struct file *file);

enum mbox_end mbox_end_of(const struct mbox_msg *msg, u32 flags);
int mbox_take_get(struct mbox_take *take, struct mbox_mailbox *mb,
		  const struct mbox_match *match);

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
