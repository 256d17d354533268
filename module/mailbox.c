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
	struct mbox_after after;
	bool deserted;

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_settle_locked(mb, &after);
	if (mbox_deaf_locked(mb))
		after.hangup = true;
	deserted = !obj->linked && !obj->readers;
	mbox_unlock(mb, &after);

	/* What nobody can ever receive, nobody shall pay for. */
	if (deserted) {
		mbox_delayed_stop(mb);
		mbox_purge(mb, -EPIPE);
	}
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
	st->dead = mb->dead;
	st->dropped = mb->dropped;
	spin_unlock(&obj->lock);
}

static void mbox_mailbox_release(struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;

	mbox_lease_end_all(ep, NULL);
	mbox_call_cancel_all(ep, NULL);

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_share_forget_locked(mb, ep, &after);
	mbox_unlock(mb, &after);
}

/*
 * Readers and writers are told apart by what their descriptor can do, lest one
 * is woken in the place of another and can do nothing with it.
 */
static __poll_t mbox_mailbox_poll(struct mbox_object *obj, struct file *file,
				  poll_table *wait)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	struct mbox_endpoint *ep = file->private_data;
	__poll_t events = 0;

	if (!(file->f_mode & (FMODE_READ | FMODE_WRITE)))
		return EPOLLERR;
	if (file->f_mode & FMODE_READ)
		poll_wait(file, &mb->readable, wait);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &mb->writable, wait);

	spin_lock(&obj->lock);
	if (obj->ended)
		events |= EPOLLHUP;
	if (file->f_mode & FMODE_READ) {
		if (mb->queue.count)
			events |= EPOLLIN | EPOLLRDNORM;
		if (ep->nr_cancelled)
			events |= EPOLLPRI;
		if (mbox_mute_locked(mb))
			events |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	}
	if (file->f_mode & FMODE_WRITE) {
		if (mbox_writable_locked(mb))
			events |= EPOLLOUT | EPOLLWRNORM;
		if (mbox_deaf_locked(mb))
			events |= EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	}
	spin_unlock(&obj->lock);
	return events;
}

/* Nobody else can see it any more. */
static void mbox_mailbox_destroy(struct mbox_object *obj)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);

	WARN_ON_ONCE(mb->held || mb->pending.count || mb->nr_receivers);

	/* Without endpoints it was deserted, and nothing is left. */
	WARN_ON_ONCE(mb->queue.count || !RB_EMPTY_ROOT(&mb->delayed) ||
		     !RB_EMPTY_ROOT(&mb->shares));
	if (mb->dead_letter)
		mbox_object_remove_source(&mb->dead_letter->obj);
	mbox_payer_uncharge(obj->payer, MBOX_CHARGE_MAILBOXES, 1);
}

static const struct mbox_kind_ops mbox_mailbox_ops = {
	.kind = MBOX_KIND_MAILBOX,
	.settle = mbox_mailbox_settle,
	.stat = mbox_mailbox_stat,
	.release = mbox_mailbox_release,
	.poll = mbox_mailbox_poll,
	.destroy = mbox_mailbox_destroy,
};

/*
 * Undeliverable messages go to @obj: it is told of a sender. It must not send on
 * what it gets, lest messages go round.
 */
static int mbox_mailbox_point(struct mbox_mailbox *mb, struct mbox_object *obj)
{
	int ret;

	if (!obj)
		return 0;
	if (obj->ops != &mbox_mailbox_ops || mbox_to_mailbox(obj)->dead_letter)
		return -EINVAL;
	ret = mbox_object_add_source(obj);
	if (!ret)
		mb->dead_letter = mbox_to_mailbox(obj);
	return ret;
}

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
	mb->max_deliveries = plan->max_deliveries;
	mbox_delayed_init(mb);
	init_waitqueue_head(&mb->readable);
	init_waitqueue_head(&mb->writable);
	ret = mbox_mailbox_point(mb, plan->dead_letter);
	if (ret) {
		mbox_payer_uncharge(payer, MBOX_CHARGE_MAILBOXES, 1);
		kfree(mb);
		return ERR_PTR(ret);
	}
	return &mb->obj;
}

/* Take on the capacities that @set names, which were found to be valid. */
void mbox_mailbox_resize(struct mbox_mailbox *mb, const struct mbox_set *set)
{
	struct mbox_after after;
	bool writable;

	mbox_after_init(&after);
	mbox_lock(mb);
	writable = mbox_writable_locked(mb);
	if (set->flags & MBOX_SET_MAX_MSGS)
		mb->max_msgs = set->max_msgs;
	if (set->flags & MBOX_SET_MAX_BYTES)
		mb->max_bytes = set->max_bytes;
	mbox_settle_locked(mb, &after);
	if (!writable && mbox_writable_locked(mb))
		after.room = true;
	mbox_unlock(mb, &after);
}
