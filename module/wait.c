// SPDX-License-Identifier: GPL-2.0
/*
 * A task that waits for a message or for room.
 *
 * Nobody is woken to look again: whoever makes what a waiter waits for decides
 * on it under object->lock (takes it), gives it the message or the room there
 * and then, and wakes it after letting go of the lock. From the taking on the
 * waiter's struct, which is on its stack, belongs to the waker, until done:
 *
 *   waker                                waiter
 *   -----                                ------
 *   lock; result, msg; taken = true
 *   unlock                               (deadline or signal: lock, sees taken,
 *                                        unlock, waits on for done)
 *   task = w->task
 *   store-release done  [barrier D]      load-acquire done  [barrier D]
 *   wake task                            result, msg; its stack may go
 *
 * The task may exit as soon as it is done, but its task_struct stays until an
 * RCU grace period later: that is what the waker's RCU section is for.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>
#include "mbox.h"

/*
 * Sleep until done, and return 0. Before that, -ETIMEDOUT or -ERESTARTSYS when
 * the deadline has passed or a signal has come: the caller must then find out
 * under the lock whether it has been taken. Without @until neither counts.
 */
int mbox_wait(struct mbox_waiter *w, const struct mbox_deadline *until)
{
	ktime_t at = until ? until->at : 0;
	ktime_t *expires = until && !until->forever ? &at : NULL;
	unsigned int state = until ? TASK_INTERRUPTIBLE | TASK_FREEZABLE :
				     TASK_UNINTERRUPTIBLE;
	int ret = 0;

	for (;;) {
		set_current_state(state);
		if (smp_load_acquire(&w->done))		/* barrier D */
			break;
		if (until && signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (!schedule_hrtimeout_range_clock(expires,
						    current->timer_slack_ns,
						    HRTIMER_MODE_ABS,
						    until && until->realtime ?
						    CLOCK_REALTIME :
						    CLOCK_MONOTONIC)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/* Decide on a waiter, which the caller has removed from where it waited. */
void mbox_waiter_take(struct mbox_waiter *w, int result,
		      struct mbox_after *after)
{
	w->result = result;
	w->taken = true;
	w->next = NULL;
	if (after->wake)
		after->wake_last->next = w;
	else
		after->wake = w;
	after->wake_last = w;
}

/* Wake all that were taken, in the order in which they were. */
void mbox_waiters_wake(struct mbox_waiter *w)
{
	while (w) {
		struct mbox_waiter *next = w->next;
		struct task_struct *task = w->task;

		rcu_read_lock();
		smp_store_release(&w->done, true);	/* barrier D */
		wake_up_process(task);
		rcu_read_unlock();
		w = next;
	}
}

/* CLOCK_MONOTONIC in the caller's time namespace, less the initial one's. */
ktime_t mbox_time_offset(void)
{
	struct timespec64 offset = {};

	timens_add_monotonic(&offset);
	return timespec64_to_ktime(offset);
}
