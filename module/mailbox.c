// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a mailbox: how it is made, changed, looked at and ended. What
 * happens to its messages is in transfer.c.
 */
#include <linux/slab.h>
#include "mbox.h"

/* It was linked, unlinked or ended, or other endpoints can use it now. */
static void mbox_mailbox_settle(struct mbox_object *obj)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	struct mbox_after after = {};

	spin_lock(&obj->lock);
	mbox_settle_locked(mb, &after);
	if (mbox_deaf_locked(mb))
		after.poll |= EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	mbox_unlock(mb, &after);
}

static void mbox_mailbox_stat(struct mbox_object *obj, struct mbox_stat *st)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);

	if (mb->fixed)
		st->state |= MBOX_STATE_FIXED;
	st->msg_size = mb->msg_size;

	spin_lock(&obj->lock);
	st->max_msgs = mb->max_msgs;
	st->max_bytes = mb->max_bytes;
	st->msgs = mb->queue.count;
	st->bytes = mb->bytes;
	st->held = mb->held;
	st->waiting_receivers = mb->nr_receivers;
	st->waiting_senders = mb->pending.count;
	st->sent = mb->seq;
	st->received = mb->received;
	st->purged = mb->purged;
	spin_unlock(&obj->lock);
}

/* Nobody else can see it any more. */
static void mbox_mailbox_destroy(struct mbox_object *obj)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	struct mbox_after after = {};
	struct mbox_msg *msg;

	WARN_ON_ONCE(mb->held || mb->pending.count || mb->nr_receivers);

	while ((msg = mbox_queue_first(&mb->queue))) {
		mbox_queue_remove(&mb->queue, msg);
		spin_lock(&obj->lock);
		msg->share->msgs--;
		mbox_share_uncharge_locked(mb, msg, &after);
		spin_unlock(&obj->lock);
		mbox_msg_free(msg);
		cond_resched();
	}
	mbox_share_free_all(after.dead);
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&mb->shares));
	mbox_payer_uncharge(obj->payer, MBOX_CHARGE_MAILBOXES, 1);
}

static const struct mbox_kind_ops mbox_mailbox_ops = {
	.kind = MBOX_KIND_MAILBOX,
	.settle = mbox_mailbox_settle,
	.stat = mbox_mailbox_stat,
	.destroy = mbox_mailbox_destroy,
};

/* A mailbox as planned, charged to @payer; the common part is the caller's. */
struct mbox_object *mbox_mailbox_alloc(const struct mbox_plan *plan,
				       struct mbox_payer *payer,
				       struct mbox_refused *why)
{
	struct mbox_mailbox *mb;
	int ret;

	ret = mbox_payer_charge_task(payer, MBOX_CHARGE_MAILBOXES, 1, why);
	if (ret)
		return ERR_PTR(ret);
	mb = kzalloc(sizeof(*mb), GFP_KERNEL_ACCOUNT);
	if (!mb) {
		mbox_payer_uncharge(payer, MBOX_CHARGE_MAILBOXES, 1);
		return ERR_PTR(-ENOMEM);
	}
	mb->obj.ops = &mbox_mailbox_ops;
	mb->msg_size = plan->msg_size;
	mb->fixed = plan->flags & MBOX_CREATE_FIXED;
	mb->max_msgs = plan->max_msgs;
	mb->max_bytes = plan->max_bytes;
	mbox_queue_init(&mb->queue);
	mbox_queue_init(&mb->pending);
	INIT_LIST_HEAD(&mb->receivers);
	mb->shares = RB_ROOT;
	init_waitqueue_head(&mb->poll);
	return &mb->obj;
}

/* Take on the capacities that @set names, which were found to be valid. */
void mbox_mailbox_resize(struct mbox_mailbox *mb, const struct mbox_set *set)
{
	struct mbox_after after = {};
	bool writable;

	spin_lock(&mb->obj.lock);
	writable = mbox_writable_locked(mb);
	if (set->flags & MBOX_SET_MAX_MSGS)
		mb->max_msgs = set->max_msgs;
	if (set->flags & MBOX_SET_MAX_BYTES)
		mb->max_bytes = set->max_bytes;
	mbox_settle_locked(mb, &after);
	if (!writable && mbox_writable_locked(mb))
		after.poll |= EPOLLOUT | EPOLLWRNORM;
	mbox_unlock(mb, &after);
}

/* @ep is about to go. */
void mbox_mailbox_forget(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	struct mbox_after after = {};

	spin_lock(&mb->obj.lock);
	if (ep->share)
		mbox_share_put_locked(mb, ep->share, &after);
	ep->share = NULL;
	mbox_unlock(mb, &after);
}

__poll_t mbox_mailbox_poll(struct mbox_mailbox *mb, struct file *file,
			   poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &mb->poll, wait);

	spin_lock(&mb->obj.lock);
	if (mb->obj.ended)
		events |= EPOLLHUP;
	if (file->f_mode & FMODE_READ) {
		if (mb->queue.count)
			events |= EPOLLIN | EPOLLRDNORM;
		if (mbox_mute_locked(mb))
			events |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	}
	if (file->f_mode & FMODE_WRITE) {
		if (mbox_writable_locked(mb))
			events |= EPOLLOUT | EPOLLWRNORM;
		if (mbox_deaf_locked(mb))
			events |= EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	}
	spin_unlock(&mb->obj.lock);
	return events;
}
