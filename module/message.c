// SPDX-License-Identifier: GPL-2.0
/*
 * One message: made of user memory before any lock is taken, stamped with who
 * sends it, freed after every lock is let go.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "mbox.h"

/*
 * Make a message of @len bytes at @buf, stamped from the current task. Process
 * and user are not in it: they are the share's that it is charged to.
 */
struct mbox_msg *mbox_msg_alloc(const void __user *buf, u32 len)
{
	struct mbox_msg *msg;

	BUILD_BUG_ON(offsetof(struct mbox_msg, data) > 128);

	msg = kvmalloc(struct_size(msg, data, len), GFP_KERNEL_ACCOUNT);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(msg->data, buf, len)) {
		kvfree(msg);
		return ERR_PTR(-EFAULT);
	}

	msg->sender = NULL;
	msg->share = NULL;
	msg->tid = get_pid(task_pid(current));
	msg->gid = current_egid();
	msg->time = ktime_get_ns();
	msg->len = len;
	return msg;
}

/* May sleep: a large message may have been mapped page by page. */
void mbox_msg_free(struct mbox_msg *msg)
{
	put_pid(msg->tid);
	kvfree(msg);
}

void mbox_msg_free_all(struct mbox_msg *first)
{
	while (first) {
		struct mbox_msg *msg = first;

		first = msg->next;
		mbox_msg_free(msg);
	}
}

/* What a message of @len bytes takes of its user's limit. */
u32 mbox_msg_cost(u32 len)
{
	return offsetof(struct mbox_msg, data) + len;
}
