// SPDX-License-Identifier: GPL-2.0
/*
 * One message: made of user memory before any lock is taken, stamped with who
 * sends it, charged to its user, freed after every lock is let go.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "mbox.h"

/* Where in a call's allocation its callinfo is: behind the data. */
static size_t mbox_callinfo_offset(u32 len)
{
	return ALIGN(offsetof(struct mbox_msg, data) + len,
		     __alignof__(struct mbox_callinfo));
}

/* What a message takes of its user's limit, which is what it is allocated. */
static u32 mbox_draft_cost(const struct mbox_draft *draft)
{
	if (draft->kind == MBOX_PLAIN)
		return offsetof(struct mbox_msg, data) + draft->len;
	return mbox_callinfo_offset(draft->len) +
	       offsetof(struct mbox_callinfo, reply) +
	       (draft->answer ? 0 : draft->reply_max);
}

/*
 * Make a message, stamped from the current task. Process and user are not in
 * it: they are the share's that it is charged to. A call has its reply's room
 * from the beginning, and beside the request: that must stay whole, to be
 * given to another server.
 */
static struct mbox_msg *mbox_msg_alloc(const struct mbox_draft *draft)
{
	u32 cost = mbox_draft_cost(draft);
	struct mbox_msg *msg;

	BUILD_BUG_ON(offsetof(struct mbox_msg, data) > 128);

	msg = kvmalloc(cost, GFP_KERNEL_ACCOUNT);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	if (draft->kind != MBOX_ANSWER &&
	    copy_from_user(msg->data, draft->buf, draft->len)) {
		kvfree(msg);
		return ERR_PTR(-EFAULT);
	}

	msg->call = NULL;
	if (draft->kind != MBOX_PLAIN) {
		msg->call = (void *)msg + mbox_callinfo_offset(draft->len);
		memset(msg->call, 0, sizeof(*msg->call));
		msg->call->repeatable = draft->repeatable;
		msg->call->reply_max = draft->reply_max;
		msg->call->answer = draft->answer;
	}
	msg->files = draft->files;
	msg->sender = NULL;
	msg->share = NULL;
	msg->process = NULL;
	msg->token = 0;
	msg->deliveries = 0;
	msg->place = MBOX_NOWHERE;
	msg->kind = draft->kind;
	msg->cost = cost;
	msg->priority = draft->priority;
	msg->type = draft->type;
	msg->tid = get_pid(task_pid(current));
	msg->gid = current_egid();
	msg->time = ktime_get_ns();
	msg->len = draft->len;
	return msg;
}

/* May sleep: a large message may have been mapped page by page. */
void mbox_msg_free(struct mbox_msg *msg)
{
	mbox_files_free(msg->files);
	if (msg->call) {
		mbox_files_free(msg->call->files);
		put_pid(msg->call->pid);
	}
	put_pid(msg->process);
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

/*
 * Make a message. A small one is charged when it is sent, with the lock taken
 * once; a large one is charged before it takes any memory.
 */
struct mbox_msg *mbox_make_msg(struct mbox_endpoint *ep,
			       const struct mbox_draft *draft,
			       struct mbox_refused *why)
{
	u32 cost = mbox_draft_cost(draft);
	struct mbox_share *share = NULL;
	struct mbox_msg *msg;

	if (cost > PAGE_SIZE) {
		share = mbox_reserve(ep, cost, why);
		if (IS_ERR(share))
			return ERR_CAST(share);
	}
	msg = mbox_msg_alloc(draft);
	if (!IS_ERR(msg))
		msg->share = share;
	else if (share)
		mbox_unreserve(mbox_to_mailbox(ep->obj), share, cost);
	return msg;
}

/* Undo that: it has not got in, or is back. */
void mbox_unmake_msg(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	if (msg->share)
		mbox_unreserve(mb, msg->share, msg->cost);
	mbox_msg_free(msg);
}
