// SPDX-License-Identifier: GPL-2.0
/*
 * Who is told, and how, that something has come.
 *
 * Who polls for messages of an endpoint without a filter waits at the mailbox,
 * with all the others, and a message wakes one of them if they want that. These
 * are told once the lock is let go.
 *
 * An endpoint that has a filter, or gets signals, is a watcher: it is told of
 * what it can receive, by itself and under the lock, as it may go with it. Who
 * polls it waits at the endpoint. Once it has had a filter it stays that way, as
 * epoll does not ask again where to wait.
 *
 * One signal is what O_ASYNC gives, taken back as the signal is sent.
 */
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "mbox.h"

/* Tell those who poll: @nr of the exclusive ones, or all if that is 0. */
static void mbox_tell(wait_queue_head_t *queue, __poll_t events, int nr)
{
	/*
	 * No barrier is needed to see them: who polls enters the wait queue
	 * before it looks at the mailbox under the lock. Either it has seen
	 * there what we have done, or we see it here.
	 */
	if (waitqueue_active(queue))
		__wake_up(queue, TASK_INTERRUPTIBLE, nr, poll_to_key(events));
}

/* Without the lock: do what was noted under it. */
void mbox_tell_pollers(struct mbox_mailbox *mb, const struct mbox_after *after)
{
	/*
	 * A message is for one, unless it is broadcast. Room is for all, as is
	 * an end: nobody knows how many of those who wait for it can use it.
	 */
	if (after->messages)
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM,
			  after->all ? 0 : after->messages);
	if (after->room)
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM, 0);
	if (unlikely(after->hangup)) {
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM | EPOLLHUP, 0);
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM | EPOLLHUP, 0);
	}
	if (unlikely(after->urgent))
		mbox_tell(&mb->readable, EPOLLPRI, 0);
}

/* Let @ep be among those who are told by themselves, if it is to be. */
static void mbox_watch_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	if (!ep->apart && !ep->fasync)
		list_del_init(&ep->watch);
	else if (list_empty(&ep->watch))
		list_add_tail(&ep->watch, &mb->watchers);
}

static void mbox_signal_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			       int band)
{
	lockdep_assert_held(&mb->obj.lock);

	kill_fasync(&ep->fasync, SIGIO, band);
	if (!ep->once)
		return;
	ep->once = false;
	fasync_helper(-1, ep->file, 0, &ep->fasync);
	mbox_watch_locked(mb, ep);
}

/* Can nothing be received through @ep, which waits for the first thing? */
static bool mbox_is_empty_locked(struct mbox_mailbox *mb,
				 struct mbox_endpoint *ep)
{
	if (mbox_is_broadcast(mb))
		return ep->cursor > mb->seq && !ep->returned.count;
	return !mbox_find_locked(ep, ep->rule, NULL);
}

static void mbox_tell_watcher_locked(struct mbox_mailbox *mb,
				     struct mbox_endpoint *ep, bool edge)
{
	if (ep->apart)
		mbox_tell(&ep->readable, EPOLLIN | EPOLLRDNORM, 1);
	if (ep->fasync && (!ep->once || edge))
		mbox_signal_locked(mb, ep, POLL_IN);
}

/* @msg is about to be queued: of a broadcast, a copy for its holder alone. */
void mbox_tell_message_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			      struct mbox_after *after)
{
	struct mbox_endpoint *ep, *next;

	lockdep_assert_held(&mb->obj.lock);

	after->messages++;
	after->all = mbox_is_broadcast(mb);
	list_for_each_entry_safe(ep, next, &mb->watchers, watch) {
		if (!(ep->file->f_mode & FMODE_READ) ||
		    (msg->kind == MBOX_COPY && msg->holder != ep) ||
		    (ep->rule && !mbox_rule_admits(ep->rule, msg)))
			continue;
		mbox_tell_watcher_locked(mb, ep,
					 ep->once &&
					 mbox_is_empty_locked(mb, ep));
	}
}

/* There is room again. */
void mbox_tell_room_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_endpoint *ep, *next;

	lockdep_assert_held(&mb->obj.lock);

	mb->wanted = false;
	after->room = true;
	list_for_each_entry_safe(ep, next, &mb->watchers, watch)
		if (ep->file->f_mode & FMODE_WRITE && ep->fasync && !ep->once)
			mbox_signal_locked(mb, ep, POLL_OUT);
}

/* It has ended, or its other side has. */
void mbox_tell_end_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_endpoint *ep, *next;

	lockdep_assert_held(&mb->obj.lock);

	after->hangup = true;
	list_for_each_entry_safe(ep, next, &mb->watchers, watch) {
		if (ep->apart)
			mbox_tell(&ep->readable,
				  EPOLLIN | EPOLLRDNORM | EPOLLHUP, 0);
		/* Who waits for one signal shall not wait for ever. */
		if (ep->fasync)
			mbox_signal_locked(mb, ep, POLL_HUP);
	}
}

/* A call that @ep holds has been cancelled. */
void mbox_tell_urgent_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			     struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	after->urgent = true;
	if (ep->apart)
		mbox_tell(&ep->readable, EPOLLPRI, 0);
	if (ep->fasync && !ep->once)
		mbox_signal_locked(mb, ep, POLL_PRI);
}

/* MBOX_IOC_FILTER */
int mbox_watch_rule(struct mbox_endpoint *ep, const struct mbox_match *match)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_rule *rule, *old;
	struct mbox_after after;
	bool empty;
	int ret;

	rule = kmalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return -ENOMEM;
	ret = mbox_rule_get(rule, match, mb);
	if (ret) {
		kfree(rule);
		return ret;
	}
	mbox_index(mb, rule);
	if (!rule->what) {
		kfree(rule);
		rule = NULL;
	}

	mbox_after_init(&after);
	mbox_lock(mb);
	empty = !mbox_find_locked(ep, ep->rule, &after);
	old = ep->rule;
	ep->rule = rule;
	ep->apart |= !!rule;
	mbox_watch_locked(mb, ep);
	if (mbox_find_locked(ep, rule, &after)) {
		mbox_tell_watcher_locked(mb, ep, empty);
		/* Who polls it since before it was apart waits at the mailbox. */
		after.messages++;
		after.all = true;
	}
	mbox_unlock(mb, &after);

	if (old)
		mbox_rule_put(old);
	kfree(old);
	return 0;
}

/* The file operation, for who sets or clears O_ASYNC. */
int mbox_watch_fasync(int fd, struct file *file, int on)
{
	struct mbox_endpoint *ep = file->private_data;
	int ret = fasync_helper(fd, file, on, &ep->fasync);

	/* A file whose open has failed has no object. */
	if (ret < 0 || !ep->obj || ep->obj->ops->kind != MBOX_KIND_MAILBOX)
		return ret;
	spin_lock(&ep->obj->lock);
	ep->once = false;
	mbox_watch_locked(mbox_to_mailbox(ep->obj), ep);
	spin_unlock(&ep->obj->lock);
	return ret;
}

/* MBOX_IOC_NOTIFY: ask for one signal, or not any more. */
int mbox_watch_once(struct file *file, bool on)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	bool once, async;
	int ret;

	spin_lock(&mb->obj.lock);
	once = ep->once;
	async = ep->fasync;
	if (once && !on) {
		ep->once = false;
		fasync_helper(-1, file, 0, &ep->fasync);
		mbox_watch_locked(mb, ep);
	}
	spin_unlock(&mb->obj.lock);
	if (!on || once)
		return 0;
	if (async)
		return -EBUSY;

	/* Unless somebody is named already, it is for the one who asks. */
	ret = f_setown(file, task_tgid_vnr(current), 0);
	if (ret)
		return ret;
	/* Nobody looks at it before it is among the watchers. */
	ret = fasync_helper(mbox_process_fd(file), file, 1, &ep->fasync);
	if (ret < 0)
		return ret;
	spin_lock(&mb->obj.lock);
	ep->once = true;
	mbox_watch_locked(mb, ep);
	spin_unlock(&mb->obj.lock);
	return 0;
}

/* @ep is about to go. */
void mbox_watch_forget_locked(struct mbox_endpoint *ep)
{
	lockdep_assert_held(&ep->obj->lock);

	list_del_init(&ep->watch);
}
