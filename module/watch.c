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
 * One signal is what O_ASYNC gives, but from a list of its own, which is empty
 * once the signal is sent. The flag of the file says nothing of it: who changes
 * the file's flags meanwhile must not bring it back.
 */
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "mbox.h"

/* How much is looked at to find out whether a message is the first. */
#define MBOX_WATCH_STEPS	64

/* Tell those who poll: @nr of the exclusive ones, or all if that is 0. */
static void mbox_tell(wait_queue_head_t *queue, __poll_t events, int nr)
{
	/* For why no barrier is needed, see mbox_tell_message_locked(). */
	if (waitqueue_active(queue))
		__wake_up(queue, TASK_INTERRUPTIBLE, nr, poll_to_key(events));
}

/* Without the lock: do what was noted under it. */
void mbox_tell_pollers(struct mbox_mailbox *mb,
		       const struct mbox_chores *chores)
{
	/*
	 * A message is for one, unless it is broadcast. Room is for all, as is
	 * an end: nobody knows how many of those who wait for it can use it.
	 */
	if (chores->messages)
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM,
			  chores->all ? 0 : chores->messages);
	if (chores->room)
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM, 0);
	if (unlikely(chores->hangup)) {
		mbox_tell(&mb->readable, EPOLLIN | EPOLLRDNORM | EPOLLHUP, 0);
		mbox_tell(&mb->writable, EPOLLOUT | EPOLLWRNORM | EPOLLHUP, 0);
	}
	if (unlikely(chores->urgent))
		mbox_tell(&mb->readable, EPOLLPRI, 0);
}

/* Let @ep be among those who are told by themselves, if it is to be. */
static void mbox_watch_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep)
{
	lockdep_assert_held(&mb->obj.lock);

	if (!ep->apart && !ep->fasync && !ep->once)
		list_del_init(&ep->watch);
	else if (list_empty(&ep->watch))
		list_add_tail(&ep->watch, &mb->watchers);
}

/* Put @file on a list of those who get signals, or take it off, flag aside. */
static int mbox_once_set(struct file *file, int fd, bool on)
{
	struct mbox_endpoint *ep = file->private_data;
	bool async = ep->fasync;
	int ret = fasync_helper(fd, file, on, &ep->once);

	if (ret < 0)
		return ret;
	spin_lock(&file->f_lock);
	if (async)
		file->f_flags |= FASYNC;
	else
		file->f_flags &= ~FASYNC;
	spin_unlock(&file->f_lock);
	return 0;
}

/* The signal that was asked for, if it was; there is no other. */
static void mbox_signal_once_locked(struct mbox_mailbox *mb,
				    struct mbox_endpoint *ep, int band)
{
	lockdep_assert_held(&mb->obj.lock);

	if (!ep->once)
		return;
	kill_fasync(&ep->once, SIGIO, band);
	mbox_once_set(ep->file, -1, false);
	mbox_watch_locked(mb, ep);
}

/* Can nothing be received through @ep? */
static bool mbox_is_empty_locked(struct mbox_mailbox *mb,
				 struct mbox_endpoint *ep)
{
	const struct mbox_rule *rule = ep->rule;
	struct mbox_msg *msg;
	int n = MBOX_WATCH_STEPS;

	if (mbox_is_broadcast(mb))
		return !mbox_cast_has_locked(mb, ep);
	if (!rule || !mbox_rule_walks(rule))
		return !mbox_find_locked(ep, rule, NULL);
	/* This is for each of many: what is further behind goes unnoticed. */
	for (msg = mbox_queue_first(&mb->queue); msg && n--;
	     msg = mbox_queue_next(&mb->queue, msg))
		if (mbox_rule_admits(rule, msg))
			return false;
	return true;
}

static void mbox_tell_watcher_locked(struct mbox_mailbox *mb,
				     struct mbox_endpoint *ep, bool edge)
{
	if (ep->apart)
		mbox_tell(&ep->readable, EPOLLIN | EPOLLRDNORM, 1);
	kill_fasync(&ep->fasync, SIGIO, POLL_IN);
	if (edge)
		mbox_signal_once_locked(mb, ep, POLL_IN);
}

/* See mbox_tell_message_locked(). */
void mbox_tell_watchers_locked(struct mbox_mailbox *mb, struct mbox_msg *msg)
{
	struct mbox_endpoint *ep, *next;

	lockdep_assert_held(&mb->obj.lock);

	list_for_each_entry_safe(ep, next, &mb->watchers, watch) {
		if (!(ep->file->f_mode & FMODE_READ) ||
		    (msg->kind == MBOX_COPY ? msg->holder != ep :
		     mbox_is_broadcast(mb) && ep->cursor > msg->seq) ||
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
	struct mbox_endpoint *ep;

	lockdep_assert_held(&mb->obj.lock);

	mb->wanted = false;
	mbox_chores(after)->room = true;
	list_for_each_entry(ep, &mb->watchers, watch)
		if (ep->file->f_mode & FMODE_WRITE)
			kill_fasync(&ep->fasync, SIGIO, POLL_OUT);
}

/* It has ended, or its other side has. */
void mbox_tell_end_locked(struct mbox_mailbox *mb, struct mbox_after *after)
{
	struct mbox_endpoint *ep, *next;

	lockdep_assert_held(&mb->obj.lock);

	mbox_chores(after)->hangup = true;
	list_for_each_entry_safe(ep, next, &mb->watchers, watch) {
		if (ep->apart)
			mbox_tell(&ep->readable,
				  EPOLLIN | EPOLLRDNORM | EPOLLHUP, 0);
		kill_fasync(&ep->fasync, SIGIO, POLL_HUP);
		/* Who waits for one signal shall not wait for ever. */
		mbox_signal_once_locked(mb, ep, POLL_HUP);
	}
}

/* A call that @ep holds has been cancelled. */
void mbox_tell_urgent_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			     struct mbox_after *after)
{
	lockdep_assert_held(&mb->obj.lock);

	mbox_chores(after)->urgent = true;
	if (ep->apart)
		mbox_tell(&ep->readable, EPOLLPRI, 0);
	kill_fasync(&ep->fasync, SIGIO, POLL_PRI);
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
		mbox_chores(&after)->messages++;
		mbox_chores(&after)->all = true;
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
	/* All signals are more than one. */
	if (on && ep->once)
		mbox_once_set(file, -1, false);
	mbox_watch_locked(mbox_to_mailbox(ep->obj), ep);
	spin_unlock(&ep->obj->lock);
	return ret;
}

/* MBOX_IOC_NOTIFY: ask for one signal, or not any more. */
int mbox_watch_once(struct file *file, bool on)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	bool async, once;
	int ret;

	/* A signal that is being sent just now was asked for before. */
	spin_lock(&mb->obj.lock);
	async = ep->fasync;
	once = ep->once;
	spin_unlock(&mb->obj.lock);
	if (on && async)
		return -EBUSY;
	if (on && !once) {
		/* Unless somebody is named, it is for the one who asks. */
		ret = f_setown(file, task_tgid_vnr(current), 0) ?:
		      mbox_once_set(file, mbox_process_fd(file), true);
		if (ret)
			return ret;
	}
	/* Nobody looks at it before it is among the watchers. */
	spin_lock(&mb->obj.lock);
	if (!on && ep->once)
		mbox_once_set(file, -1, false);
	mbox_watch_locked(mb, ep);
	spin_unlock(&mb->obj.lock);
	return 0;
}

/* @ep is about to go. */
void mbox_watch_forget_locked(struct mbox_endpoint *ep)
{
	lockdep_assert_held(&ep->obj->lock);

	/* The flag that has it done for us may have been cleared meanwhile. */
	fasync_helper(-1, ep->file, 0, &ep->fasync);
	fasync_helper(-1, ep->file, 0, &ep->once);
	list_del_init(&ep->watch);
}
