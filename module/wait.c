// SPDX-License-Identifier: GPL-2.0
/*
 * A task that waits for a message or for room.
 *
 * Nobody is woken to look again: whoever makes what a waiter waits for gives it
 * the message or the room there and then, under object->lock, and wakes it
 * after letting go of the lock. The waiter may go as soon as it is done, woken
 * or not, and its struct is on its stack:
 *
 *   waker                                waiter
 *   -----                                ------
 *   lock                                 state = asleep
 *   leaves the mailbox; result, msg      full barrier        [barrier S]
 *   task = w->task
 *   store-release done  [barrier D]      load-acquire done   [barrier D]
 *   full barrier        [barrier S]      result, msg; its stack may go
 *   load state: hold task if asleep
 *   unlock
 *   wake task, put it
 *
 * Barrier D: who sees that it is done sees what it got. Barrier S: either the waker
 * sees that the waiter is asleep, or about to be, or the waiter sees that it is
 * done before it sleeps. So one that is running, as it has yet to sleep or has been
 * woken by something else, need not be woken. Not so with PREEMPT_RT: schedule()
 * may wait for a spinlock there, and who is woken from that is running for a moment,
 * but goes on to sleep. There all are woken.
 *
 * The task may even exit meanwhile. Its task_struct is there as long as the lock is
 * held, which is as good as rcu_read_lock() (as no preemption is; with PREEMPT_RT,
 * a spinlock takes that), and then because it is held.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "mbox.h"
#include "trace.h"

/* Returns 0 when the deadline has passed. */
static int mbox_sleep(const struct mbox_deadline *until)
{
	ktime_t at = until->at;

	return schedule_hrtimeout_range_clock(&at, rt_task(current) ? 0 :
					      current->timer_slack_ns,
					      HRTIMER_MODE_ABS,
					      until->realtime ? CLOCK_REALTIME :
								CLOCK_MONOTONIC);
}

/*
 * Sleep until done, and return 0. Before that, -ETIMEDOUT or -ERESTARTSYS when
 * the deadline has passed or a signal has come: the caller must then find out
 * under the lock whether it has been done nevertheless.
 */
__always_inline int mbox_wait(struct mbox_waiter *w,
			      const struct mbox_deadline *until)
{
	int ret = 0;

	for (;;) {
		/* barrier S */
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (smp_load_acquire(&w->done))		/* barrier D */
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (likely(until->forever)) {
			schedule();
		} else if (!mbox_sleep(until)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/*
 * Let a waiter go, which the caller has taken out of where it waited, with the
 * lock held. It must not be touched afterwards.
 */
void mbox_waiter_done(struct mbox_waiter *w, int result,
		      struct mbox_after *after)
{
	struct task_struct *task = w->task;

	lockdep_assert_held(&w->ep->obj->lock);

	trace_mbox_wake(w, result);
	w->result = result;
	smp_store_release(&w->done, true);		/* barrier D */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT)) {
		smp_mb();				/* barrier S */
		if (task_is_running(task))
			return;
	}
	/* Where crowds are let go, the rest are woken under the lock. */
	if (likely(after->nr_tasks < ARRAY_SIZE(after->tasks)))
		after->tasks[after->nr_tasks++] = get_task_struct(task);
	else
		wake_up_process(task);
}
