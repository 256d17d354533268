// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a mailbox: how it is made, changed, looked at and ended. What
 * happens to its messages is in transfer.c.
 */
#include <linux/cred.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "mbox.h"

/* Of their own: kmalloc() would give half as much again. */
static struct kmem_cache *mbox_mailboxes;

/* It was linked, unlinked or ended, or other endpoints can use it now. */
static void mbox_mailbox_settle(struct mbox_object *obj)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	struct mbox_after after;
	bool deserted;

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_settle_locked(mb, &after);
	if (mbox_deaf_locked(mb) && !mb->deafened) {
		mb->deafened = true;
		mbox_tell_end_locked(mb, &after);
	}
	deserted = !obj->linked && !obj->readers;
	mbox_unlock(mb, &after);

	/* What nobody can ever receive, nobody shall pay for. */
	if (deserted) {
		mbox_timer_stop(mb);
		mbox_purge_all(mb, -EPIPE);
	}
}

static void mbox_mailbox_stat(struct mbox_object *obj, struct mbox_stat *st)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	struct mbox_after after;

	if (mb->fixed)
		st->state |= MBOX_STATE_FIXED;
	if (mb->rendezvous)
		st->state |= MBOX_STATE_RENDEZVOUS;
	if (mb->unbounded)
		st->state |= MBOX_STATE_UNBOUNDED;
	if (obj->inbox)
		st->state |= MBOX_STATE_INBOX;
	st->msg_size = mb->msg_size;
	st->when_full = mb->when_full;
	st->turns = mb->turns;
	st->receivers = mb->receivers;

	mbox_lock_fresh(mb, &after);
	st->max_msgs = mb->max_msgs;
	st->max_bytes = mb->max_bytes;
	st->msgs = mb->queue.count;
	st->bytes = mb->bytes;
	st->held = mb->held;
	st->waiting_receivers = mb->nr_receivers;
	st->waiting_senders = mb->nr_pending + mb->nr_meetings;
	st->sent = mb->seq + mb->kept - mb->withdrawn;
	st->received = mb->received;
	st->purged = mb->purged;
	st->dead = mb->dead;
	st->dropped = mb->dropped;
	st->lost = mb->lost;
	st->replaced = mb->replaced;
	st->expired = mb->expired;
	mbox_unlock(mb, &after);
}

/* For /proc/PID/fdinfo: what a person who debugs wants to know. */
static void mbox_mailbox_show(struct mbox_endpoint *ep, struct seq_file *m)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	u32 msgs, max_msgs, held, receivers, senders;
	u64 bytes, max_bytes;

	spin_lock(&mb->obj.lock);
	msgs = mb->queue.count;
	max_msgs = mb->max_msgs;
	bytes = mb->bytes;
	max_bytes = mb->max_bytes;
	held = ep->nr_held;
	receivers = mb->nr_receivers;
	senders = mb->nr_pending + mb->nr_meetings;
	spin_unlock(&mb->obj.lock);

	if (max_msgs) {
		seq_printf(m, "mbox-msgs:\t%u of %u\n", msgs, max_msgs);
		seq_printf(m, "mbox-bytes:\t%llu of %llu\n", bytes, max_bytes);
	} else {
		seq_printf(m, "mbox-msgs:\t%u\n", msgs);
		seq_printf(m, "mbox-bytes:\t%llu\n", bytes);
	}
	seq_printf(m, "mbox-held:\t%u\n", held);
	seq_printf(m, "mbox-waiting:\t%u receivers %u senders\n", receivers,
		   senders);
}

/* A link has two ends, and a broadcast must know who listens. */
static int mbox_mailbox_attach(struct mbox_object *obj, struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);
	fmode_t mode = ep->file->f_mode;

	lockdep_assert_held(&obj->registry->lock);

	if (mb->receivers == MBOX_RECEIVERS_LINK && obj->parties >= 2 &&
	    mode & (FMODE_READ | FMODE_WRITE))
		return -EBUSY;
	spin_lock(&obj->lock);
	ep->gone = mb->gone;
	if (mbox_is_broadcast(mb) && mode & FMODE_READ)
		mbox_cast_join_locked(mb, ep);
	spin_unlock(&obj->lock);
	return 0;
}

static void mbox_mailbox_release(struct mbox_endpoint *ep)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;

	mbox_lease_end_all(ep, NULL);
	mbox_call_cancel_all(ep, NULL);

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_watch_forget_locked(ep);
	if (mbox_is_broadcast(mb) && ep->file->f_mode & FMODE_READ)
		mbox_cast_part_locked(mb, ep, &after);
	mbox_share_forget_locked(mb, ep, &after);
	mbox_unlock(mb, &after);

	if (ep->rule)
		mbox_rule_put(ep->rule);
	kfree(ep->rule);
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
	struct mbox_after after;
	__poll_t events = 0;

	if (!(file->f_mode & (FMODE_READ | FMODE_WRITE)))
		return EPOLLERR;
	if (file->f_mode & FMODE_READ)
		poll_wait(file, ep->apart ? &ep->readable : &mb->readable,
			  wait);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &mb->writable, wait);

	mbox_lock_fresh(mb, &after);
	if (obj->ended)
		events |= EPOLLHUP;
	if (file->f_mode & FMODE_READ) {
		if (mbox_find_locked(ep, ep->rule, &after))
			events |= EPOLLIN | EPOLLRDNORM;
		else if (mbox_mute_locked(ep))
			events |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
		if (ep->nr_cancelled)
			events |= EPOLLPRI;
	}
	if (file->f_mode & FMODE_WRITE) {
		if (mbox_writable_locked(mb, current_euid()))
			events |= EPOLLOUT | EPOLLWRNORM;
		else
			mbox_want_locked(mb);
		if (mbox_deaf_locked(mb))
			events |= EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	}
	mbox_unlock(mb, &after);
	return events;
}

/* Nobody else can see it any more. */
static void mbox_mailbox_destroy(struct mbox_object *obj)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(obj);

	WARN_ON_ONCE(mb->held || mb->nr_pending || mb->nr_receivers ||
		     mb->nr_meetings || mb->listeners || mb->at_end ||
		     mb->msgs || mb->bytes);

	/* Without endpoints it was deserted, and nothing is left. */
	WARN_ON_ONCE(mb->queue.count || !RB_EMPTY_ROOT(&mb->delayed) ||
		     !RB_EMPTY_ROOT(&mb->shares) ||
		     !RB_EMPTY_ROOT(&mb->users));
	if (mb->dead_letter)
		mbox_object_remove_source(&mb->dead_letter->obj);
	mbox_spares_destroy(&mb->spares);
	mbox_payer_uncharge(obj->payer, MBOX_CHARGE_MAILBOXES, 1);
}

static void mbox_mailbox_free(struct mbox_object *obj)
{
	kmem_cache_free(mbox_mailboxes, mbox_to_mailbox(obj));
}

static const struct mbox_kind_ops mbox_mailbox_ops = {
	.kind = MBOX_KIND_MAILBOX,
	.settle = mbox_mailbox_settle,
	.stat = mbox_mailbox_stat,
	.show = mbox_mailbox_show,
	.attach = mbox_mailbox_attach,
	.release = mbox_mailbox_release,
	.poll = mbox_mailbox_poll,
	.destroy = mbox_mailbox_destroy,
	.free = mbox_mailbox_free,
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
	if (obj->ops != &mbox_mailbox_ops ||
	    mbox_to_mailbox(obj)->dead_letter ||
	    mbox_to_mailbox(obj)->rendezvous ||
	    mbox_is_broadcast(mbox_to_mailbox(obj)))
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
	mb = kmem_cache_zalloc(mbox_mailboxes, GFP_KERNEL);
	if (!mb) {
		mbox_payer_uncharge(payer, MBOX_CHARGE_MAILBOXES, 1);
		return ERR_PTR(-ENOMEM);
	}
	mb->obj.ops = &mbox_mailbox_ops;
	mb->msg_size = plan->msg_size;
	mb->fixed = plan->flags & MBOX_CREATE_FIXED;
	mb->max_msgs = plan->max_msgs;
	mb->max_bytes = plan->max_bytes;
	mb->rendezvous = plan->flags & MBOX_CREATE_RENDEZVOUS;
	mb->unbounded = plan->flags & MBOX_CREATE_UNBOUNDED;
	mb->when_full = plan->when_full;
	mb->turns = plan->turns;
	mb->receivers = plan->receivers;
	mb->max_deliveries = plan->max_deliveries;
	mbox_queue_init(&mb->queue);
	/* What the policy looks for; there is nothing to index yet. */
	if (mb->when_full == MBOX_FULL_CONFLATE)
		mb->queue.index = MBOX_BY_TYPE;
	else if (mb->when_full == MBOX_FULL_DROP_OLDEST)
		mb->queue.index = MBOX_BY_SENDER;
	mb->indexed = mb->queue.index;
	INIT_LIST_HEAD(&mb->waiting);
	INIT_LIST_HEAD(&mb->peekers);
	INIT_LIST_HEAD(&mb->watchers);
	mb->line = RB_ROOT_CACHED;
	mb->choosy = RB_ROOT_CACHED;
	mb->shares = RB_ROOT;
	mb->users = RB_ROOT;
	mbox_timer_init(mb);
	init_waitqueue_head(&mb->readable);
	init_waitqueue_head(&mb->writable);
	ret = mbox_mailbox_point(mb, plan->dead_letter);
	if (ret) {
		mbox_payer_uncharge(payer, MBOX_CHARGE_MAILBOXES, 1);
		kmem_cache_free(mbox_mailboxes, mb);
		return ERR_PTR(ret);
	}
	return &mb->obj;
}

/* Take on what @set names, which was found to be valid, as far as room goes. */
void mbox_mailbox_resize(struct mbox_mailbox *mb, const struct mbox_set *set)
{
	struct mbox_after after;
	bool writable;

	mbox_after_init(&after);
	mbox_lock(mb);
	writable = mbox_writable_locked(mb, mb->obj.uid);
	if (set->flags & MBOX_SET_MAX_MSGS)
		mb->max_msgs = set->max_msgs;
	if (set->flags & MBOX_SET_MAX_BYTES)
		mb->max_bytes = set->max_bytes;
	mbox_settle_locked(mb, &after);
	mbox_room_change_locked(mb, writable, &after);
	mbox_unlock(mb, &after);
}

int __init mbox_mailbox_init(void)
{
	mbox_mailboxes = KMEM_CACHE(mbox_mailbox, SLAB_ACCOUNT);
	return mbox_mailboxes ? 0 : -ENOMEM;
}

void mbox_mailbox_exit(void)
{
	kmem_cache_destroy(mbox_mailboxes);
}
