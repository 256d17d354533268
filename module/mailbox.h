/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mailboxes and those who use them: endpoints, tasks that wait, and what each
 * process takes. What they do to a message is in transfer.h.
 */
#ifndef MBOX_MAILBOX_H
#define MBOX_MAILBOX_H

#include <linux/cred.h>
#include <linux/workqueue.h>
#include "message.h"

struct mbox_mailbox;

/* endpoint.c: one open file of an object */

#define MBOX_EP_SHARES		8

/**
 * struct mbox_endpoint - one open file of an object
 * @obj: the object, held; NULL until the open has succeeded
 * @file: the file, which holds us
 * @share: mailbox: the shares that were last sent on: more than one where
 *	processes share the endpoint; under obj->lock
 * @next_share: which of them gives way to another
 * @owners: the process that owns a process-owned object has opened it
 * @departures: how often a process has closed its last descriptor of it while
 *	others held on; this and all below under obj->lock
 * @nr_held: messages claimed or leased through it
 * @nr_waiting: tasks that wait for one
 * @nr_cancelled: calls among them that have been cancelled
 * @held: leased messages, by token
 * @calls: calls sent through it that are not over, or not fetched
 * @rule: its filter, NULL for none
 * @watch: in mailbox->watchers, if it is told of messages by itself
 * @apart: it has had a filter: who polls it is in @readable from then on
 * @fasync: who gets signals
 * @once: who gets one signal, and the mailbox knows of it, see watch.c
 * @readable: those who poll for messages, once it is @apart
 * @served: round robin: the token of the message that it last got
 * @missed: how many messages it has missed that no receive has told
 * @gone: mailbox->gone, when that was last counted
 * @cursor: broadcast: number of the message that it gets next
 * @returned: broadcast: copies that have come back
 *
 * The directions it is open for are the file's FMODE_READ and FMODE_WRITE.
 */
struct mbox_endpoint {
	struct mbox_object *obj;
	struct file *file;
	struct mbox_share *share[MBOX_EP_SHARES];
	u32 next_share;
	bool owners;
	bool apart;
	u32 departures;
	u32 nr_held;
	u32 nr_waiting;
	u32 nr_cancelled;
	struct rb_root held;
	struct rb_root calls;
	struct mbox_rule *rule;
	struct list_head watch;
	struct fasync_struct *fasync;
	struct fasync_struct *once;
	wait_queue_head_t readable;
	u64 served;
	u64 missed;
	u64 gone;
	u64 cursor;
	struct mbox_queue returned;
} ____cacheline_aligned_in_smp;

/* wait.c: a task that waits */

/* How long to wait. */
struct mbox_deadline {
	bool dontwait;
	bool realtime;
	bool forever;
	ktime_t at;
};

/**
 * struct mbox_waiter - a task that waits in a mailbox, on its stack
 * @node: receivers: in a line of them, see line.c
 * @list: who peeks: in mailbox->peekers
 * @task: who
 * @ep: through which endpoint
 * @rule: receiver: what it wants; its caller's
 * @msg: sender: the message it wants to send; receiver: the one that it got
 * @copy: receiver of a broadcast: what that can be made of
 * @payer: likewise: to whom that is charged; counted in it
 * @rank: receiver: its place in the line, the lowest first
 * @ticket: likewise, among those of a rank
 * @room: receiver: how large a message it can take
 * @needed: receiver, with -EMSGSIZE: how large it is
 * @missed: receiver: how many it has missed
 * @result: 0 or -errno, once done
 * @peek: it wants to see a message, not to have it
 * @done: it may go; written under object->lock, see wait.c
 */
struct mbox_waiter {
	union {
		struct rb_node node;
		struct list_head list;
	};
	struct task_struct *task;
	struct mbox_endpoint *ep;
	const struct mbox_rule *rule;
	struct mbox_msg *msg;
	struct mbox_msg *copy;
	struct mbox_share *payer;
	u64 rank;
	u64 ticket;
	u32 room;
	u32 needed;
	u64 missed;
	int result;
	bool peek;
	bool done;
};

/**
 * struct mbox_chores - what seldom is to be done once object->lock is let go
 * @dead: shares to free
 * @undeliverable: messages to move to the dead-letter mailbox
 * @answers: to calls that are over, to deliver
 * @messages: how many messages pollers can be told of
 * @room: whether there is room now, where there was none
 * @hangup: whether there is an end to be told
 * @urgent: whether there is a cancelled call to be told
 * @all: whether a message is for all who poll
 */
struct mbox_chores {
	struct mbox_share *dead;
	struct mbox_msg *undeliverable;
	struct mbox_msg *answers;
	u32 messages;
	bool room;
	bool hangup;
	bool urgent;
	bool all;
};

/**
 * struct mbox_after - what to do once object->lock is let go
 * @gone: messages to free
 * @nr_tasks: how many of @tasks to wake
 * @busy: there are @chores; see mbox_chores()
 * @tasks: held
 * @chores: all else
 */
struct mbox_after {
	struct mbox_msg *gone;
	u32 nr_tasks;
	bool busy;
	struct task_struct *tasks[4];
	struct mbox_chores chores;
};

/* To note one. */
static inline struct mbox_chores *mbox_chores(struct mbox_after *after)
{
	if (!after->busy) {
		after->chores = (struct mbox_chores){};
		after->busy = true;
	}
	return &after->chores;
}

int mbox_wait(struct mbox_waiter *w, const struct mbox_deadline *until);
void mbox_waiter_done(struct mbox_waiter *w, int result,
		      struct mbox_after *after);

/* share.c: what a process takes of a mailbox */

/**
 * struct mbox_user - what a user takes of a mailbox
 * @node: in mailbox->users
 * @next: in a list of those to be freed
 * @uid: the user, whatever its user namespace
 * @shares: the shares of its processes
 * @msgs: messages in the room, see room.c
 * @bytes: their data
 * @pending: its messages that wait for room
 * @waiting: in mailbox->waiting, if there are any
 *
 * All under object->lock.
 */
struct mbox_user {
	union {
		struct rb_node node;
		struct mbox_user *next;
	};
	kuid_t uid;
	struct list_head shares;
	u32 msgs;
	u64 bytes;
	struct mbox_queue pending;
	struct list_head waiting;
};

/**
 * struct mbox_share - what one process, as one user, takes of a mailbox
 * @node: in mailbox->shares
 * @next: in a struct mbox_after
 * @payer: held
 * @pid: the process, held
 * @ns: the payer's, to compare with
 * @uid: the payer's
 * @gid: the process's effective group
 * @refs: messages and endpoints that point here
 * @drawn: bytes charged to @payer
 * @used: bytes of these in use: messages admitted, waiting for room or being
 *	made
 * @user: in the mailbox
 * @of_user: in the list of its shares
 * @spare: users to free with it: its own, before it is in the mailbox
 * @queue: its messages in the mailbox's queue, if that has such an index
 *
 * All under object->lock. Messages point here for who has sent them, so that
 * they need not count references to what threads share. What is charged is
 * drawn from the payer in chunks, so that a send or receive rarely touches a
 * counter that mailboxes share. For the same reason the payer is not looked at,
 * and no cache line is shared.
 */
struct mbox_share {
	union {
		struct rb_node node;
		struct mbox_share *next;
	};
	struct mbox_payer *payer;
	struct pid *pid;
	struct user_namespace *ns;
	kuid_t uid;
	kgid_t gid;
	u32 refs;
	u64 drawn;
	u64 used;
	struct mbox_user *user;
	struct list_head of_user;
	struct mbox_user *spare;
	struct rb_root queue;
} ____cacheline_aligned_in_smp;

struct mbox_share *mbox_share_alloc(void);
struct mbox_share *mbox_share_clone(const struct mbox_share *share);
struct mbox_share *mbox_share_adopt_locked(struct mbox_mailbox *mb,
					   struct mbox_share **spare);
void mbox_share_free_all(struct mbox_share *share);
struct mbox_share *mbox_share_seek_locked(struct mbox_mailbox *mb,
					  struct mbox_endpoint *ep,
					  struct mbox_share **spare,
					  struct mbox_after *after);

static inline bool mbox_share_is_current(const struct mbox_share *share)
{
	return share->pid == task_tgid(current) &&
	       uid_eq(share->uid, current_euid()) &&
	       gid_eq(share->gid, current_egid()) &&
	       share->ns == current_user_ns();
}

/*
 * The current task's share, to which @ep then points. NULL if there is none and
 * no *@spare to make it of.
 */
static inline struct mbox_share *
mbox_share_find_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
		       struct mbox_share **spare, struct mbox_after *after)
{
	if (likely(ep->share[0] && mbox_share_is_current(ep->share[0])))
		return ep->share[0];
	return mbox_share_seek_locked(mb, ep, spare, after);
}

void mbox_share_forget_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			      struct mbox_after *after);
struct mbox_msg *mbox_share_first_locked(struct mbox_mailbox *mb,
					 const struct mbox_rule *rule);
struct pid *mbox_share_process_locked(struct mbox_mailbox *mb, pid_t nr);
struct mbox_user *mbox_user_find_locked(struct mbox_mailbox *mb, kuid_t uid);

/*
 * What it takes to charge somebody: tried once, and again with more of it. Where
 * there are some messages, @mine is the share, as long as the lock is held.
 */
struct mbox_charging {
	struct mbox_share *mine;
	struct mbox_share *spare;
	bool force;
};

bool mbox_charge_retry(struct mbox_charging *charge, int *ret);

/* Without the lock: may what has failed with *@ret succeed when tried again? */
static inline bool mbox_charge_again(struct mbox_charging *charge, int *ret)
{
	return unlikely(*ret < 0) && mbox_charge_retry(charge, ret);
}

struct mbox_share *mbox_reserve(struct mbox_endpoint *ep, u32 cost,
				struct mbox_refused *why);
void mbox_unreserve(struct mbox_mailbox *mb, struct mbox_share *share, u32 cost);

/* mailbox.c: the life of a mailbox */

/**
 * struct mbox_mailbox - a mailbox
 * @obj: the common part
 * @msg_size: largest message
 * @fixed: every message is of exactly @msg_size
 * @rendezvous: a send meets a receive
 * @unbounded: it has no capacity
 * @when_full: enum mbox_when_full
 * @turns: enum mbox_turns
 * @receivers: enum mbox_receivers
 * @max_msgs: capacity; this and all below under obj.lock
 * @max_bytes: capacity
 * @queue: messages that can be received; of a broadcast, that some are to
 * @indexed: which indexes of it are complete
 * @msgs: messages in the room, see room.c
 * @bytes: their data
 * @wanted: somebody was refused room since it was last told of
 * @hushed: it has been told that nothing more is to come
 * @hush: then, the last token that had been given
 * @deafened: likewise, that nobody can receive any more
 * @nr_pending: messages that wait for room
 * @waiting: users that have such
 * @line: receivers that wait for any message, see line.c
 * @choosy: receivers that wait for some
 * @peekers: tasks that wait to see a message
 * @nr_receivers: how many there are of all of these
 * @receiving: exclusive: a receive is under way
 * @held: messages claimed, leased or put off, and not yet acked or put back; they
 *	keep their room
 * @nr_meetings: rendezvous: senders of queued messages that wait
 * @seq: number of the last message admitted
 * @tickets: number of the last one, message or receiver, that had to wait
 * @delayed: messages that are put off, until when
 * @expiries: queued messages that have a time to live, by its end
 * @next_expiry: the first of these ends, U64_MAX if there is none; read without
 *	the lock, for a hint
 * @timer: looks at both when the first is due
 * @listeners: broadcast: endpoints that it is for
 * @at_end: those of them that have received all there is
 * @tokens: number of the last token
 * @calls: number of the last call, not under any lock
 * @dead_letter: the mailbox that undeliverable messages go to, held
 * @max_deliveries: after how many deliveries they are; 0: never
 * @received: messages acked
 * @purged: messages thrown away
 * @dead: messages found undeliverable
 * @dropped: those of them that were dropped
 * @lost: messages dropped to make room
 * @replaced: messages replaced by another of their type
 * @kept: those of them whose number the other one has
 * @expired: messages that have expired
 * @withdrawn: messages that their sender took back
 * @gone: messages that a receiver has missed: lost, replaced or expired
 * @spares: memory for messages, not under any lock
 * @users: by user
 * @shares: by process and user
 * @watchers: endpoints that are told by themselves, see watch.c
 * @readable: endpoints that can receive and poll
 * @writable: endpoints that can send and poll
 */
struct mbox_mailbox {
	struct mbox_object obj;
	u32 msg_size;
	bool fixed;
	bool rendezvous;
	bool unbounded;
	u8 when_full;
	u8 turns;
	u8 receivers;
	u32 max_msgs;
	u64 max_bytes;
	struct mbox_queue queue;
	u8 indexed;
	bool wanted;
	bool hushed;
	bool deafened;
	bool receiving;
	u32 msgs;
	u64 bytes;
	u32 nr_pending;
	u32 nr_receivers;
	u32 held;
	u32 nr_meetings;
	struct list_head waiting;
	struct rb_root_cached line;
	struct rb_root_cached choosy;
	struct list_head peekers;
	u64 seq;
	u64 tickets;
	u64 hush;
	struct rb_root delayed;
	struct rb_root_cached expiries;
	u64 next_expiry;
	struct delayed_work timer;
	u32 listeners;
	u32 at_end;
	u32 max_deliveries;
	u64 tokens;
	atomic64_t calls;
	struct mbox_mailbox *dead_letter;
	u64 received;
	u64 purged;
	u64 dead;
	u64 dropped;
	u64 lost;
	u64 replaced;
	u64 kept;
	u64 expired;
	u64 withdrawn;
	u64 gone;
	struct mbox_spares spares;
	struct rb_root users;
	struct rb_root shares;
	struct list_head watchers;
	wait_queue_head_t readable;
	wait_queue_head_t writable;
};

static inline struct mbox_mailbox *mbox_to_mailbox(struct mbox_object *obj)
{
	return container_of(obj, struct mbox_mailbox, obj);
}

static inline bool mbox_is_broadcast(const struct mbox_mailbox *mb)
{
	return mb->receivers == MBOX_RECEIVERS_BROADCAST;
}

struct mbox_object *mbox_mailbox_alloc(const struct mbox_plan *plan,
				       struct mbox_payer *payer,
				       struct mbox_refused *why);
int mbox_mailbox_init(void);
void mbox_mailbox_exit(void);
void mbox_mailbox_resize(struct mbox_mailbox *mb, const struct mbox_set *set);

#endif /* MBOX_MAILBOX_H */
