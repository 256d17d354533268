/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that carry out commands share. */
#ifndef MBOX_IOCTL_H
#define MBOX_IOCTL_H

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
	} args;
};

/* ioctl.c */
int mbox_request_reply(struct mbox_request *req);
int mbox_request_refuse(struct mbox_request *req, struct mbox_refusal *out,
			const struct mbox_refused *why, int ret);

/* ioctl_message.c */
long mbox_ioctl_send(struct mbox_request *req);
long mbox_ioctl_recv(struct mbox_request *req);
long mbox_ioctl_purge(struct mbox_request *req);
long mbox_ioctl_ack(struct mbox_request *req);
long mbox_ioctl_nack(struct mbox_request *req);
long mbox_ioctl_held(struct mbox_request *req);
long mbox_ioctl_call(struct mbox_request *req);
long mbox_ioctl_reply(struct mbox_request *req);
long mbox_ioctl_cancel(struct mbox_request *req);

#endif /* MBOX_IOCTL_H */
