// SPDX-License-Identifier: GPL-2.0
/*
 * Messages under a lease: received, not yet acked.
 *
 * A leased message is known to its endpoint by a token, and records the process
 * that received it. It is acked, nacked or replied to by any process that
 * shares the endpoint; when the one that received it ends, or the endpoint
 * does, it comes back. One that has come back too often is undeliverable.
 */
#include <linux/module.h>
#include <linux/pid.h>
#include "mbox.h"
#include "trace.h"

unsigned int mbox_endpoint_max_held = 1024;
module_param_named(endpoint_max_held, mbox_endpoint_max_held, uint, 0644);
MODULE_PARM_DESC(endpoint_max_held, "messages that an endpoint can hold");

static struct mbox_msg *mbox_lease_entry(struct rb_node *node)
{
	return rb_entry(node, struct mbox_msg, order);
}

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
__always_inline void mbox_lease_locked(struct mbox_endpoint *ep,
				       struct mbox_msg *msg,
				       struct mbox_after *after)
{
	lockdep_assert_held(&ep->obj->lock);

	msg->place = MBOX_LEASED;
	msg->holder = ep;
	msg->process = get_pid(task_tgid(current));
	rb_add(&msg->order, &ep->held, mbox_lease_less);
	if (mbox_msg_is_cancelled(msg)) {
		ep->nr_cancelled++;
		mbox_tell_urgent_locked(mbox_to_mailbox(ep->obj), ep, after);
	}
}

/* The leased @msg is claimed again. */
__always_inline void mbox_unlease_locked(struct mbox_endpoint *ep,
					 struct mbox_msg *msg)
{
	lockdep_assert_held(&ep->obj->lock);

	rb_erase(&msg->order, &ep->held);
	if (mbox_msg_is_cancelled(msg))
		ep->nr_cancelled--;
	msg->place = MBOX_CLAIMED;
	put_pid(msg->process);
	msg->process = NULL;
	/* A copy goes back to its endpoint. */
	if (msg->kind != MBOX_COPY)
		msg->holder = NULL;
}

/* The message that @ep holds under @token, or NULL. */
__always_inline struct mbox_msg *
mbox_lease_find_locked(struct mbox_endpoint *ep, u64 token)
{
	struct rb_node *node = rb_find(&token, &ep->held, mbox_lease_cmp);

	lockdep_assert_held(&ep->obj->lock);

	return node ? mbox_lease_entry(node) : NULL;
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
		mbox_forward_locked(mb, msg, after);
	} else if (delay) {
		mbox_delay_locked(mb, msg, delay);
	} else {
		mbox_restore_locked(mb, msg, after);
	}
}

int mbox_lease_nack(struct mbox_endpoint *ep, u64 token, u64 delay)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_after after;
	struct mbox_msg *msg;

	if (mbox_is_broadcast(mb))
		return -EOPNOTSUPP;
	mbox_after_init(&after);
	mbox_lock(mb);
	msg = mbox_lease_find_locked(ep, token);
	if (msg) {
		mbox_unlease_locked(ep, msg);
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
	msg = mbox_lease_find_locked(ep, token);
	if (msg) {
		mbox_unlease_locked(ep, msg);
		mbox_ack_locked(ep, msg, &after);
	}
	mbox_unlock(mb, &after);
	return msg ? 0 : -ESTALE;
}

/* Is its number still that of the process, and of no other? */
static bool mbox_process_lives(struct pid *pid)
{
	bool lives;

	rcu_read_lock();
	lives = pid && pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return lives;
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
		if (mbox_process_lives(mbox_msg_process(msg)))
			held->state |= MBOX_MSG_SENDER_LIVES;
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
		mbox_unlease_locked(ep, msg);
		ep->nr_held--;
		/* Whether an interrupted call was done, nobody can know. */
		if (msg->kind == MBOX_CALL && !mbox_msg_call(msg)->repeatable)
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
