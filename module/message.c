// SPDX-License-Identifier: GPL-2.0
/*
 * One message: made of user memory before any lock is taken, stamped with who
 * sends it, charged to its user, freed after every lock is let go.
 *
 * In memory, one behind the other: the message; what only few have (struct
 * mbox_extra), in a call or an answer as the beginning of a struct
 * mbox_callinfo; the data; in a call, the room for its reply. That is beside the
 * request, which must stay whole, to be given to another server.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "mbox.h"

/* Where the data of a message is. */
static size_t mbox_draft_head(const struct mbox_draft *draft, bool extra)
{
	size_t head = offsetof(struct mbox_msg, body);

	static_assert(offsetof(struct mbox_msg, body) == 128);
	static_assert(!(sizeof(struct mbox_extra) % 8));
	static_assert(!(sizeof(struct mbox_callinfo) % 8));
	if (draft->kind == MBOX_CALL || draft->kind == MBOX_ANSWER)
		head += sizeof(struct mbox_callinfo);
	else if (extra || draft->files || draft->ttl)
		head += sizeof(struct mbox_extra);
	return head;
}

/* What it takes of its user's limit, which is what is allocated for it. */
static u32 mbox_draft_cost(const struct mbox_draft *draft, size_t head)
{
	return head + draft->len + (draft->answer ? 0 : draft->reply_max);
}

static void mbox_msg_init(struct mbox_msg *msg, u8 kind, size_t head)
{
	msg->sender = NULL;
	msg->process = NULL;
	msg->token = 0;
	msg->share = NULL;
	msg->tid = NULL;
	msg->seq = 0;
	msg->pins = 0;
	msg->deliveries = 0;
	msg->place = MBOX_NOWHERE;
	msg->kind = kind;
	msg->state = 0;
	msg->head = head / 8;
}

static void mbox_msg_init_extra(struct mbox_msg *msg,
				const struct mbox_draft *draft, u32 cost)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);
	struct mbox_callinfo *call = mbox_msg_call(msg);

	memset(extra, 0, 8 * msg->head - offsetof(struct mbox_msg, body));
	extra->files = draft->files;
	if (draft->ttl)
		extra->expiry = msg->time + draft->ttl;
	if (msg->kind == MBOX_PLAIN)
		return;
	call->repeatable = draft->repeatable;
	call->reply_max = draft->reply_max;
	call->answer = draft->answer;
	call->cost = cost;
}

/*
 * Make a message, stamped from the current task. Process and user are not in
 * it: they are the share's that it is charged to.
 */
static struct mbox_msg *mbox_msg_alloc(const struct mbox_draft *draft,
				       size_t head, u32 cost)
{
	struct mbox_msg *msg;

	msg = cost <= PAGE_SIZE ? kmalloc(cost, GFP_KERNEL_ACCOUNT) :
				  kvmalloc(cost, GFP_KERNEL_ACCOUNT);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	mbox_msg_init(msg, draft->kind, head);
	msg->priority = draft->priority;
	msg->type = draft->type;
	msg->len = draft->len;
	if (draft->kind != MBOX_ANSWER &&
	    !copy_from_iter_full(mbox_msg_data(msg), draft->len, draft->from)) {
		kvfree(msg);
		return ERR_PTR(-EFAULT);
	}
	msg->tid = get_pid(task_pid(current));
	msg->time = ktime_get_ns();
	if (unlikely(mbox_msg_extra(msg)))
		mbox_msg_init_extra(msg, draft, cost);
	return msg;
}

/* An empty message, to become a copy of one of a broadcast. */
struct mbox_msg *mbox_copy_alloc(void)
{
	size_t head = offsetof(struct mbox_msg, body) +
		      sizeof(struct mbox_extra);
	struct mbox_msg *msg = kmalloc(head, GFP_KERNEL_ACCOUNT);

	if (!msg)
		return NULL;
	mbox_msg_init(msg, MBOX_COPY, head);
	memset(mbox_msg_extra(msg), 0, sizeof(struct mbox_extra));
	return msg;
}

/* Which process sent it. */
struct pid *mbox_msg_process(const struct mbox_msg *msg)
{
	return msg->kind == MBOX_ANSWER ? mbox_msg_call(msg)->pid :
					  msg->share->pid;
}

/* May sleep: a large message may have been mapped page by page. */
void mbox_msg_free(struct mbox_msg *msg)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);

	if (unlikely(extra))
		mbox_files_free(extra->files);
	if (msg->kind == MBOX_CALL || msg->kind == MBOX_ANSWER) {
		mbox_files_free(mbox_msg_call(msg)->files);
		put_pid(mbox_msg_call(msg)->pid);
	}
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
	bool extra = mbox_to_mailbox(ep->obj)->rendezvous;
	size_t head = mbox_draft_head(draft, extra);
	u32 cost = mbox_draft_cost(draft, head);
	struct mbox_share *share = NULL;
	struct mbox_msg *msg;

	if (cost > PAGE_SIZE) {
		share = mbox_reserve(ep, cost, why);
		if (IS_ERR(share))
			return ERR_CAST(share);
	}
	msg = mbox_msg_alloc(draft, head, cost);
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
		mbox_unreserve(mb, msg->share, mbox_msg_cost(msg));
	mbox_msg_free(msg);
}
