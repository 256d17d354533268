// SPDX-License-Identifier: GPL-2.0
/*
 * One message: made of user memory before any lock is taken, stamped with who
 * sends it, charged to its user, freed after every lock is let go.
 *
 * In memory, one behind the other: the message; what only few have (struct
 * mbox_extra), in a call or an answer as the beginning of a struct
 * mbox_callinfo; the data; in a call, the room for its reply. That is beside the
 * request, which must stay whole, to be given to another server. In a large
 * message the data and that room are apart: each is then of a size that memory
 * is given in, where all together would be a bit above it, and be given twice as
 * much, that the kernel clears first.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "data.h"
#include "mbox.h"
#include "spare.h"

/* How much memory a message may take before anybody is charged for it. */
#define MBOX_UNPAID_MAX	(4 * PAGE_SIZE)

/* How large a message is without its data. */
static __always_inline size_t mbox_draft_head(const struct mbox_draft *draft,
					      bool extra)
{
	size_t head = offsetof(struct mbox_msg, body);

	static_assert(offsetof(struct mbox_msg, body) <= 128);
	static_assert(!(sizeof(struct mbox_extra) % 8));
	static_assert(!(sizeof(struct mbox_callinfo) % 8));
	if (draft->kind == MBOX_CALL || draft->kind == MBOX_ANSWER)
		head += sizeof(struct mbox_callinfo);
	else if (extra || draft->files || draft->ttl ||
		 head + draft->len > PAGE_SIZE)
		head += sizeof(struct mbox_extra);
	return head;
}

/* What it takes of its user's limit, which is what it needs of memory. */
static __always_inline u32 mbox_draft_cost(const struct mbox_draft *draft,
					   size_t head)
{
	return head + draft->len + (draft->answer ? 0 : draft->reply_max);
}

/*
 * Memory may have been that of another message: what is not set here, and below,
 * has no meaning before the message is in a place that gives it one.
 */
static __always_inline void mbox_msg_init(struct mbox_msg *msg, u8 kind,
					  size_t head)
{
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

/* What few have, files aside. Returns whether there is memory for it. */
static __always_inline bool mbox_msg_init_extra(struct mbox_mailbox *mb,
						struct mbox_msg *msg,
						const struct mbox_draft *draft,
						u32 cost)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);
	struct mbox_callinfo *call = mbox_msg_call(msg);

	extra->apart = NULL;
	extra->files = NULL;
	extra->expiry = draft->ttl ? msg->time + draft->ttl : 0;
	extra->meeting = NULL;
	if (msg->kind != MBOX_PLAIN) {
		call->answer = draft->answer;
		call->pid = NULL;
		call->caller = NULL;
		call->waiter = NULL;
		call->repeatable = draft->repeatable;
		call->over = false;
		call->fetched = false;
		call->result = 0;
		call->status = 0;
		call->cost = cost;
		call->reply_max = draft->reply_max;
		call->reply_len = 0;
		call->reply = mbox_msg_data(msg) + msg->len;
		call->files = NULL;
	}
	if (likely(cost <= PAGE_SIZE))
		return true;
	extra->apart = mbox_spare_data_alloc(&mb->spares, msg->len,
					     &extra->tag);
	if (!extra->apart || msg->kind != MBOX_CALL)
		return extra->apart;
	call->reply = mbox_spare_data_alloc(&mb->spares,
					    draft->answer ? 0 : draft->reply_max,
					    &call->reply_tag);
	return call->reply;
}

/*
 * Make a message, stamped from the current task. Process and user are not in
 * it: they are the share's that it is charged to.
 */
static __always_inline struct mbox_msg *
mbox_msg_alloc(struct mbox_mailbox *mb, const struct mbox_draft *draft,
	       size_t head, u32 cost)
{
	struct mbox_msg *msg;
	int ret = -ENOMEM;
	u8 *data;

	msg = mbox_spare_alloc(&mb->spares, cost <= PAGE_SIZE ? cost : head);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	mbox_msg_init(msg, draft->kind, head);
	msg->priority = draft->priority;
	msg->type = draft->type;
	msg->len = draft->len;
	msg->time = draft->time;
	data = (u8 *)msg + head;
	if (head > offsetof(struct mbox_msg, body)) {
		if (!mbox_msg_init_extra(mb, msg, draft, cost))
			goto free;
		data = mbox_msg_data(msg);
	}
	ret = -EFAULT;
	if (likely(draft->kind != MBOX_ANSWER) &&
	    !mbox_data_get(data, &draft->from, draft->len))
		goto free;
	if (unlikely(task_pid(current) != task_tgid(current)))
		msg->tid = get_pid(task_pid(current));
	if (unlikely(draft->files))
		mbox_msg_extra(msg)->files = draft->files;
	return msg;
free:
	mbox_msg_free(mb, msg);
	return ERR_PTR(ret);
}

/* An empty message, to become a copy of one of a broadcast. */
struct mbox_msg *mbox_copy_alloc(void)
{
	size_t head = offsetof(struct mbox_msg, body) +
		      sizeof(struct mbox_extra);
	struct mbox_msg *msg = kmalloc(head, GFP_KERNEL_ACCOUNT);

	if (!msg)
		return NULL;
	msg->group = 0;
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

static void mbox_msg_free_extra(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_extra *extra = mbox_msg_extra(msg);
	struct mbox_callinfo *call = mbox_msg_call(msg);

	if (unlikely(extra->files))
		mbox_files_free(extra->files);
	if (msg->kind == MBOX_CALL || msg->kind == MBOX_ANSWER) {
		if (unlikely(call->files))
			mbox_files_free(call->files);
		if (unlikely(call->pid))
			put_pid(call->pid);
	}
	if (likely(!extra->apart))
		return;
	mbox_spare_data_free(&mb->spares, extra->apart, extra->tag);
	if (msg->kind == MBOX_CALL)
		mbox_spare_data_free(&mb->spares, call->reply, call->reply_tag);
}

/*
 * Back to the mailbox that it was in, or to the system. May sleep: a large
 * message may have been mapped page by page.
 */
__always_inline void mbox_msg_free(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	if (unlikely(mbox_msg_extra(msg)))
		mbox_msg_free_extra(mb, msg);
	if (unlikely(msg->tid))
		put_pid(msg->tid);
	mbox_spare_free(&mb->spares, msg);
}

__always_inline void mbox_msg_free_all(struct mbox_mailbox *mb,
				       struct mbox_msg *first)
{
	while (first) {
		struct mbox_msg *msg = first;

		first = msg->next;
		mbox_msg_free(mb, msg);
	}
}

/*
 * Make a message. It is charged when it is sent, with the lock taken once, but a
 * large one before it takes any memory. NULL if it has more than a page, and the
 * draft is to be @small.
 */
__always_inline struct mbox_msg *mbox_make_msg(struct mbox_endpoint *ep,
					       const struct mbox_draft *draft,
					       struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	size_t head = mbox_draft_head(draft, mb->rendezvous);
	u32 cost = mbox_draft_cost(draft, head);
	struct mbox_share *share = NULL;
	struct mbox_msg *msg;

	if (unlikely(draft->small && cost > PAGE_SIZE))
		return NULL;
	if (unlikely(cost > MBOX_UNPAID_MAX)) {
		share = mbox_reserve(ep, cost, why);
		if (IS_ERR(share))
			return ERR_CAST(share);
	}
	msg = mbox_msg_alloc(mb, draft, head, cost);
	if (likely(!share))
		return msg;
	if (IS_ERR(msg))
		mbox_unreserve(mb, share, cost);
	else
		msg->share = share;
	return msg;
}

/* Undo that: it has not got in, or is back. */
void mbox_unmake_msg(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	if (msg->share)
		mbox_unreserve(mb, msg->share, mbox_msg_cost(msg));
	mbox_msg_free(mb, msg);
}
