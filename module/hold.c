// SPDX-License-Identifier: GPL-2.0
/*
 * Messages under a lease: received, not yet acked.
 *
 * A leased message is known to its endpoint by a token, and records the process
 * that received it. It is acked, nacked or replied to by any process that
 * shares the endpoint; when the one that received it ends, or the endpoint
 * does, it comes back. One that has come back too often is undeliverable.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include "mbox.h"

static unsigned int mbox_endpoint_max_held = 1024;
module_param_named(endpoint_max_held, mbox_endpoint_max_held, uint, 0644);
MODULE_PARM_DESC(endpoint_max_held, "messages that an endpoint can hold");

u32 mbox_lease_limit(void)
{
	return READ_ONCE(mbox_endpoint_max_held);
}

static struct mbox_msg *mbox_lease_entry(struct rb_node *node)
{
	return rb_entry(node, struct mbox_msg, order);
}

/* Both trees of messages here are sorted by what is in @token. */
static bool mbox_lease_less(struct rb_node *a, const struct rb_node *b)
{
	return mbox_lease_entry(a)->token <
	       rb_entry(b, struct mbox_msg, order)->token;
}

static int mbox_lease_cmp(const void *token, const struct rb_node *node)
{
	u64 a = *(const u64 *)token;
	u64 b = rb_entry(node, struct mbox_msg, order)->token;

	return a < b ? -1 : a > b;
}

/* The claimed @msg stays with @ep, for the current process, under its token. */
void mbox_lease(struct mbox_endpoint *ep, struct mbox_msg *msg)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;

	/* The process that had it before may not be this one. */
	put_pid(msg->process);
	msg->process = get_pid(task_tgid(current));

	mbox_after_init(&after);
	mbox_lock(mb);
	msg->place = MBOX_LEASED;
	msg->holder = ep;
	rb_add(&msg->order, &ep->held, mbox_lease_less);
	if (mbox_msg_is_cancelled(msg)) {
		ep->nr_cancelled++;
		after.urgent = true;
	}
	mbox_unlock(mb, &after);
}

static void mbox_lease_remove_locked(struct mbox_endpoint *ep,
				     struct mbox_msg *msg)
{
	lockdep_assert_held(&ep->obj->lock);

	rb_erase(&msg->order, &ep->held);
	if (mbox_msg_is_cancelled(msg))
		ep->nr_cancelled--;
	msg->place = MBOX_CLAIMED;
	msg->holder = NULL;
}

/* The message that @ep holds under @token, or NULL. */
struct mbox_msg *mbox_lease_find_locked(struct mbox_endpoint *ep, u64 token)
{
	struct rb_node *node = rb_find(&token, &ep->held, mbox_lease_cmp);

	lockdep_assert_held(&ep->obj->lock);

	return node ? mbox_lease_entry(node) : NULL;
}

/* The message of @token is claimed again; NULL if @ep holds none such. */
struct mbox_msg *mbox_unlease_locked(struct mbox_endpoint *ep, u64 token)
{
	struct mbox_msg *msg = mbox_lease_find_locked(ep, token);

	if (msg)
		mbox_lease_remove_locked(ep, msg);
	return msg;
}

/* Look at what is put off in @delay nanoseconds, not before. */
static void mbox_delay_start(struct mbox_mailbox *mb, u64 delay)
{
	mod_delayed_work(system_wq, &mb->timer,
			 min_t(u64, nsecs_to_jiffies64(delay) + 1,
			       MAX_JIFFY_OFFSET));
}

/* Put the claimed @msg off for @delay nanoseconds. */
static void mbox_delay_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      u64 delay)
{
	lockdep_assert_held(&mb->obj.lock);

	msg->place = MBOX_DELAYED;
	msg->token = ktime_get_ns() + delay;
	rb_add(&msg->order, &mb->delayed, mbox_lease_less);
	if (rb_first(&mb->delayed) == &msg->order)
		mbox_delay_start(mb, delay);
}

/* The claimed @msg comes back undone, to be received again after @delay. */
static void mbox_return_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			       u64 delay, struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	if (msg->deliveries < U16_MAX)
		msg->deliveries++;

	if (mbox_msg_is_cancelled(msg)) {
		mbox_drop_locked(mb, msg, -ECANCELED, after);
	} else if (mb->max_deliveries && msg->deliveries >= mb->max_deliveries) {
		mb->dead++;
		if (msg->kind == MBOX_CALL) {
			mbox_drop_locked(mb, msg, -ECONNRESET, after);
			return;
		}
		mbox_vacate_locked(mb, msg, after);
		msg->next = after->undeliverable;
		after->undeliverable = msg;
	} else if (delay) {
		mbox_delay_locked(mb, msg, delay);
	} else {
		mb->held--;
		mbox_offer_locked(mb, msg, after);
	}
}

int mbox_lease_nack(struct mbox_endpoint *ep, u64 token, u64 delay)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;
	struct mbox_msg *msg;

	mbox_after_init(&after);
	mbox_lock(mb);
	msg = mbox_unlease_locked(ep, token);
	if (msg) {
		ep->nr_held--;
		mbox_return_locked(mb, msg, delay, &after);
	}
	mbox_unlock(mb, &after);
	return msg ? 0 : -ESTALE;
}

int mbox_lease_ack(struct mbox_endpoint *ep, u64 token)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;
	struct mbox_msg *msg;

	mbox_after_init(&after);
	mbox_lock(mb);
	msg = mbox_unlease_locked(ep, token);
	if (msg) {
		ep->nr_held--;
		mb->received++;
		mbox_drop_locked(mb, msg, 0, &after);
	}
	mbox_unlock(mb, &after);
	return msg ? 0 : -ESTALE;
}

/* MBOX_IOC_HELD */
int mbox_lease_ask(struct mbox_endpoint *ep, struct mbox_held *held)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	u64 token = held->token;
	struct rb_node *node;
	int ret = token ? -ESTALE : -ENOENT;

	spin_lock(&mb->obj.lock);
	if (token)
		node = rb_find(&token, &ep->held, mbox_lease_cmp);
	else
		node = ep->nr_cancelled ? rb_first(&ep->held) : NULL;
	while (node && !token && !mbox_msg_is_cancelled(mbox_lease_entry(node)))
		node = rb_next(node);
	if (node) {
		struct mbox_msg *msg = mbox_lease_entry(node);

		held->token = msg->token;
		held->deliveries = msg->deliveries;
		held->state = 0;
		if (msg->kind == MBOX_CALL)
			held->state |= MBOX_MSG_CALL;
		if (mbox_msg_is_cancelled(msg))
			held->state |= MBOX_MSG_CANCELLED;
		ret = 0;
	}
	spin_unlock(&mb->obj.lock);
	return ret;
}

/*
 * What @process has received through @ep, or without @process all that @ep
 * holds, comes back: they have ended.
 */
void mbox_lease_end_all(struct mbox_endpoint *ep, const struct pid *process)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct rb_node *node, *next;
	struct mbox_after after;

	mbox_after_init(&after);
	mbox_lock(mb);
	for (node = rb_first(&ep->held); node; node = next) {
		struct mbox_msg *msg = mbox_lease_entry(node);

		next = rb_next(node);
		if (process && msg->process != process)
			continue;
		mbox_lease_remove_locked(ep, msg);
		ep->nr_held--;
		/* Whether an interrupted call was done, nobody can know. */
		if (msg->kind == MBOX_CALL && !msg->call->repeatable)
			mbox_drop_locked(mb, msg, -ECONNRESET, &after);
		else
			mbox_return_locked(mb, msg, 0, &after);
	}
	mbox_unlock(mb, &after);
}

/* @process has closed its last descriptor of @ep, or exits. */
void mbox_lease_depart(struct mbox_endpoint *ep, const struct pid *process)
{
	spin_lock(&ep->obj->lock);
	WRITE_ONCE(ep->departures, ep->departures + 1);
	spin_unlock(&ep->obj->lock);
	mbox_lease_end_all(ep, process);
}

/* Offer what was put off and is due, and come again for the rest. */
static void mbox_delayed_work(struct work_struct *work)
{
	struct mbox_mailbox *mb = container_of(to_delayed_work(work),
					       struct mbox_mailbox, timer);
	u64 now = ktime_get_ns();
	struct mbox_after after;
	struct rb_node *node;
	int step = 32;

	mbox_after_init(&after);
	mbox_lock(mb);
	while ((node = rb_first(&mb->delayed))) {
		struct mbox_msg *msg = mbox_lease_entry(node);

		if (msg->token > now || !step--) {
			mbox_delay_start(mb, msg->token > now ?
					 msg->token - now : 0);
			break;
		}
		rb_erase(node, &mb->delayed);
		mb->held--;
		mbox_offer_locked(mb, msg, &after);
	}
	mbox_unlock(mb, &after);
}

void mbox_delayed_init(struct mbox_mailbox *mb)
{
	mb->delayed = RB_ROOT;
	INIT_DELAYED_WORK(&mb->timer, mbox_delayed_work);
}

/* Throw away what is put off, calls with @result. Returns how many those were. */
u32 mbox_delayed_purge(struct mbox_mailbox *mb, int result)
{
	struct rb_node *node;
	u32 count = 0;

	do {
		struct mbox_after after;
		int step = 32;

		mbox_after_init(&after);
		mbox_lock(mb);
		while (step-- && (node = rb_first(&mb->delayed))) {
			rb_erase(node, &mb->delayed);
			mb->purged++;
			count++;
			mbox_drop_locked(mb, mbox_lease_entry(node), result,
					 &after);
		}
		mbox_unlock(mb, &after);
		cond_resched();
	} while (node);
	return count;
}

/* Nobody can put anything off any more. */
void mbox_delayed_stop(struct mbox_mailbox *mb)
{
	cancel_delayed_work_sync(&mb->timer);
}
