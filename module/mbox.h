/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mbox: what the files of the module share.
 *
 * Who holds whom
 * --------------
 *
 *   file of /dev/mbox ------> registry (one a network namespace)
 *                               |  ids and names, as long as linked
 *                               v
 *   file = endpoint ---------> object: mailbox or region ----> payer, registry
 *                               |         |
 *      mailbox: messages, shares|         | region: backing shmem file <- vma
 *                               v         v
 *                         share -> payer  charge -> payer
 *
 * Arrows are counted references. Beside these, a mailbox holds its dead-letter
 * mailbox, which can have none itself, and the answer to an asynchronous call
 * the mailbox that it will go to: neither keeps that from ending. An object can
 * be used while it is linked or has an endpoint. It points to its registry and
 * never to the network namespace, so that neither keeps the other alive. A
 * message belongs to the mailbox from its admission on; before that, to the
 * task that sends it.
 *
 * Locks, outer to inner
 * ---------------------
 *
 * registry->lock	mutex. The names and ids of a namespace, the owner, mode
 *			and endpoint counts of its objects. Never taken to send
 *			or receive.
 * object->lock		spinlock. All that a send or a receive touches: queues,
 *			waiters, room, shares. Nothing faults, sleeps or
 *			allocates under it, nor wakes, but where more than a few
 *			tasks are let go at once: what is to be done is noted in a
 *			struct mbox_after, and done by mbox_unlock(). An RCU section
 *			goes around it, see wait.c.
 * payer table lock	spinlock, a leaf. Which payers there are. Never taken
 *			under object->lock.
 *
 * Whether an object is linked or has ended and how many endpoints can receive
 * and send is written under both of the first two, and read under either.
 */
#ifndef MBOX_H
#define MBOX_H

#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/mbox.h>

struct net;
struct pid;
struct user_namespace;

/* quota.c: who pays for what */

enum mbox_charge {
	MBOX_CHARGE_BYTES,
	MBOX_CHARGE_MAILBOXES,
	MBOX_CHARGE_REGIONS,
	MBOX_CHARGE_REGION_BYTES,
	MBOX_CHARGE_FDS,
	MBOX_NR_CHARGES
};

/**
 * struct mbox_payer - a user of a user namespace, as a bearer of charges
 * @node: in the table of payers, under its lock
 * @refs: one for each share, object and backing file, and each payer below
 * @uid: the user
 * @ns: the user namespace, held
 * @up: the owner of @ns, in the namespace above; held; NULL at the top. What
 *	is charged here is charged there too, so that a new namespace brings no
 *	fresh limits.
 * @used: what is charged
 */
struct mbox_payer {
	struct hlist_node node;
	refcount_t refs;
	kuid_t uid;
	struct user_namespace *ns;
	struct mbox_payer *up;
	atomic64_t used[MBOX_NR_CHARGES];
};

/* The kernel's form of struct mbox_refusal. */
struct mbox_refused {
	u32 limit;
	kuid_t uid;
	u64 used;
	u64 total;
	u64 max;
};

struct mbox_payer *mbox_payer_get_current(void);
struct mbox_payer *mbox_payer_find(struct user_namespace *ns, kuid_t uid);
void mbox_payer_put(struct mbox_payer *payer);
int mbox_payer_charge(struct mbox_payer *payer, enum mbox_charge what, u64 n,
		      bool force, struct mbox_refused *why);
int mbox_payer_charge_task(struct mbox_payer *payer, enum mbox_charge what,
			   u64 n, struct mbox_refused *why);
void mbox_payer_uncharge(struct mbox_payer *payer, enum mbox_charge what,
			 u64 n);
u64 mbox_payer_limit(enum mbox_charge what);

/* names.c: which objects a namespace has */

/**
 * struct mbox_registry - the objects of a network namespace
 * @ref: the namespace's, one of each object and of each file of /dev/mbox
 * @user_ns: the user namespace that owns the network namespace, held
 * @lock: see the top of this file
 * @objects: how many objects there are, with or without an id
 * @tenants: how many each payer has
 * @names: linked objects with a name, by name
 * @ids: linked objects, by id
 * @last_id: the id given last
 * @dead: the namespace is gone; nothing can be linked any more
 */
struct mbox_registry {
	struct kref ref;
	struct user_namespace *user_ns;
	struct mutex lock;	/* names, ids, see the top of this file */
	u32 objects;
	struct rb_root tenants;
	struct rb_root names;
	struct rb_root ids;
	u64 last_id;
	bool dead;
};

struct mbox_object;
struct mbox_endpoint;
struct mbox_mailbox;

struct mbox_registry *mbox_registry_get_current(void);
void mbox_registry_get(struct mbox_registry *reg);
void mbox_registry_put(struct mbox_registry *reg);
int mbox_registry_charge(struct mbox_registry *reg, struct mbox_payer *payer,
			 struct mbox_refused *why);
void mbox_registry_uncharge(struct mbox_registry *reg,
			    struct mbox_payer *payer);
void mbox_registry_usage(struct mbox_registry *reg, struct mbox_counter *out);
bool mbox_registry_has_name(struct mbox_registry *reg, const char *name,
			    u32 len);
u64 mbox_registry_next_id(struct mbox_registry *reg);
int mbox_registry_link_locked(struct mbox_registry *reg,
			      struct mbox_object *obj);
void mbox_registry_unlink_locked(struct mbox_registry *reg,
				 struct mbox_object *obj);
struct mbox_object *mbox_registry_by_name_locked(struct mbox_registry *reg,
						 const char *name, u32 len);
struct mbox_object *mbox_registry_by_id_locked(struct mbox_registry *reg,
					       u64 id);
struct mbox_object *mbox_registry_after_locked(struct mbox_registry *reg,
					       u64 id);
int mbox_names_init(void);
void mbox_names_exit(void);

/* object.c: what mailboxes and regions have in common */

/**
 * struct mbox_kind_ops - what differs between the kinds of object
 * @kind: enum mbox_kind
 * @settle: react to a change of @linked, @ended, @readers or @writers; called
 *	without object->lock; NULL where nothing need be done
 * @stat: fill in what is the kind's own
 * @release: an endpoint is about to go; NULL where nothing need be done
 * @poll: as the file operation; NULL where it is always ready
 * @mmap: as the file operation; NULL where there is nothing to map
 * @place: where to map; NULL likewise
 * @destroy: give back the kind's own; the object itself the caller frees
 */
struct mbox_kind_ops {
	u32 kind;
	void (*settle)(struct mbox_object *obj);
	void (*stat)(struct mbox_object *obj, struct mbox_stat *st);
	void (*release)(struct mbox_endpoint *ep);
	__poll_t (*poll)(struct mbox_object *obj, struct file *file,
			 poll_table *wait);
	int (*mmap)(struct mbox_object *obj, struct vm_area_struct *vma);
	unsigned long (*place)(struct mbox_object *obj, unsigned long addr,
			       unsigned long len, unsigned long pgoff,
			       unsigned long flags);
	void (*destroy)(struct mbox_object *obj);
};

/**
 * struct mbox_object - the common part of a mailbox and a region
 * @ref: one while linked, one of each endpoint
 * @ops: its kind
 * @registry: held
 * @payer: held; pays for the object
 * @creator: process-owned: the process that created it, held
 * @id: never used again
 * @lifetime: enum mbox_lifetime
 * @name_len: length of @name; 0 if it has none
 * @name: its own allocation
 * @by_id: in registry->ids while linked
 * @by_name: in registry->names while linked, if it has a name
 * @uid: owner, under registry->lock as are @gid and @mode
 * @gid: group
 * @mode: permission bits
 * @endpoints: open files, under registry->lock
 * @lock: see the top of this file
 * @readers: endpoints that can receive, under both locks
 * @writers: endpoints that can send, under both locks
 * @linked: the id (and name) resolve, under both locks
 * @ended: it has ended, under both locks
 */
struct mbox_object {
	struct kref ref;
	const struct mbox_kind_ops *ops;
	struct mbox_registry *registry;
	struct mbox_payer *payer;
	struct pid *creator;
	u64 id;
	u8 lifetime;
	u8 name_len;
	const char *name;
	struct rb_node by_id;
	struct rb_node by_name;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	u32 endpoints;
	spinlock_t lock;	/* messages, see the top of this file */
	u32 readers;
	u32 writers;
	bool linked;
	bool ended;
};

/* What a create command asks for, validated and in the kernel's terms. */
struct mbox_plan {
	u32 kind;
	u32 lifetime;
	u32 flags;
	umode_t mode;
	kuid_t owner;
	const char *name;
	u32 name_len;
	u32 max_msgs;
	u32 msg_size;
	u64 max_bytes;
	u64 region_size;
	u32 max_deliveries;
	struct mbox_object *dead_letter;
};

/* A struct mbox_target, validated and in the kernel's terms. */
struct mbox_goal {
	u32 by;
	u32 kind;
	bool check_owner;
	kuid_t owner;
	const char *name;
	u32 name_len;
	int fd;
	u64 id;
};

struct mbox_object *mbox_object_build(struct mbox_registry *reg,
				      const struct mbox_plan *plan,
				      struct mbox_refused *why);
void mbox_object_get(struct mbox_object *obj);
void mbox_object_put(struct mbox_object *obj);
int mbox_object_attach_locked(struct mbox_object *obj, fmode_t mode);
void mbox_object_detach(struct mbox_object *obj, fmode_t mode);
int mbox_object_add_source(struct mbox_object *obj);
void mbox_object_remove_source(struct mbox_object *obj);
void mbox_object_unlink(struct mbox_object *obj, bool end);
int mbox_object_unlink_task(struct mbox_object *obj);
bool mbox_object_owned_locked(const struct mbox_object *obj);
bool mbox_object_permits_locked(const struct mbox_object *obj, u32 access);
void mbox_object_stat(struct mbox_object *obj, struct mbox_stat *st);
int mbox_object_set(struct mbox_object *obj, const struct mbox_set *set);

/* endpoint.c: one open file of an object */

struct mbox_share;

#define MBOX_EP_SHARES		8

/**
 * struct mbox_endpoint - one open file of an object
 * @obj: the object, held; NULL until the open has succeeded
 * @share: mailbox: the shares that were last sent on: more than one where
 *	processes share the endpoint; under obj->lock
 * @next_share: which of them gives way to another
 * @owners: the process that owns a process-owned object has opened it
 * @departures: how often a process has closed its last descriptor of it while
 *	others held on; this and all below under obj->lock
 * @nr_held: messages claimed or leased through it
 * @nr_cancelled: calls among them that have been cancelled
 * @held: leased messages, by token
 * @calls: calls sent through it that are not over, or not fetched
 *
 * The directions it is open for are the file's FMODE_READ and FMODE_WRITE.
 */
struct mbox_endpoint {
	struct mbox_object *obj;
	struct mbox_share *share[MBOX_EP_SHARES];
	u32 next_share;
	bool owners;
	u32 departures;
	u32 nr_held;
	u32 nr_cancelled;
	struct rb_root held;
	struct rb_root calls;
} ____cacheline_aligned_in_smp;

struct mbox_object *mbox_file_object(const struct file *file);
bool mbox_process_has_file(const struct file *file);
struct mbox_object *mbox_object_by_fd(int fd, fmode_t *mode);
int mbox_endpoint_create(struct mbox_registry *reg,
			 const struct mbox_plan *plan,
			 struct mbox_refused *why);
int mbox_endpoint_open(struct mbox_registry *reg, const struct mbox_goal *goal,
		       u32 flags);
int mbox_endpoint_unlink(struct mbox_registry *reg,
			 const struct mbox_goal *goal);

/* message.c: one message */

/* Where a message is. */
enum mbox_place {
	MBOX_NOWHERE,		/* being made, over, or on its way out */
	MBOX_PENDING,		/* waits for room */
	MBOX_QUEUED,		/* can be received */
	MBOX_CLAIMED,		/* held by a task in a command */
	MBOX_LEASED,		/* held by an endpoint under a token */
	MBOX_DELAYED,		/* put off */
};

/**
 * struct mbox_msg - a message
 * @order: in the queue; among those that wait for room, are held or put off
 * @next: in a list of messages to be freed
 * @sender: pending: the task that waits for room for it; NULL for a call
 * @holder: leased: the endpoint that holds it
 * @share: the sending process and user; counted in it
 * @tid: sending thread, held
 * @gid: sender's effective group
 * @priority: higher ones first
 * @seq: among equal priorities, lower ones first; while waiting for room, the
 *	order of arrival, and from the admission on the mailbox's number
 * @time: CLOCK_MONOTONIC, of the initial time namespace
 * @type: any number
 * @token: claimed or leased: its token; put off: the time until when
 * @process: leased: the process that received it, held
 * @call: for a call or an answer: within the same allocation
 * @files: that it carries, if any
 * @len: bytes of @data
 * @cost: bytes that are charged for it
 * @deliveries: how often it has been delivered and has come back
 * @place: enum mbox_place
 * @kind: enum mbox_msg_kind
 * @epoch: queued: the mailbox's at the time; an older one is being purged
 * @data: the message
 *
 * What is written before the message is admitted does not change afterwards;
 * the rest is under object->lock. 128 bytes of header at most: with 64 bytes
 * of data a message then fits 192 bytes of slab.
 */
struct mbox_msg {
	union {
		struct rb_node order;
		struct mbox_msg *next;
	};
	union {
		struct mbox_waiter *sender;
		struct mbox_endpoint *holder;
	};
	struct mbox_share *share;
	struct pid *tid;
	kgid_t gid;
	u32 priority;
	u64 seq;
	u64 time;
	s64 type;
	u64 token;
	struct pid *process;
	struct mbox_callinfo *call;
	struct mbox_files *files;
	u32 len;
	u32 cost;
	u16 deliveries;
	u8 place;
	u8 kind;
	u32 epoch;
	u8 data[];
};

/* What a message is. */
enum mbox_msg_kind {
	MBOX_PLAIN,
	MBOX_CALL,
	MBOX_ANSWER,		/* to an asynchronous call */
};

/**
 * struct mbox_callinfo - what makes a message a call or an answer
 * @node: in @caller's calls, by @id
 * @msg: the message that it is of
 * @answer: asynchronous call: the message that its reply goes into
 * @to: answer: the mailbox that it goes to, held until it is there
 * @cookie: answer: the caller's
 * @pid: answer: who has replied, held
 * @uid: answer: who has replied
 * @caller: the endpoint whose call it is; NULL once nobody waits for a reply
 * @waiter: the task that waits, if one does
 * @id: for the caller to find it again
 * @repeatable: may be served again
 * @over: there is a reply or an error; of an answer: it has been delivered
 * @fetched: a task is copying the reply to user memory
 * @result: 0 or -errno, once over
 * @status: the server's, once over
 * @reply_max: room for the reply
 * @reply_len: its length, once over
 * @files: that the reply carries, if any
 * @reply: the reply; written by who holds the message, before it is over
 *
 * All under object->lock. A call belongs to its caller once it is over. Before,
 * the mailbox has it, and frees it when it is over and has no caller any more.
 */
struct mbox_callinfo {
	struct rb_node node;
	struct mbox_msg *msg;
	struct mbox_msg *answer;
	struct mbox_mailbox *to;
	u64 cookie;
	struct pid *pid;
	kuid_t uid;
	struct mbox_endpoint *caller;
	struct mbox_waiter *waiter;
	u64 id;
	bool repeatable;
	bool over;
	bool fetched;
	int result;
	s32 status;
	u32 reply_max;
	u32 reply_len;
	struct mbox_files *files;
	u8 reply[];
};

/*
 * What a message is to be made of. @files becomes the message's, once there is
 * one.
 */
struct mbox_draft {
	struct mbox_files *files;
	const void __user *buf;
	u32 len;
	u32 priority;
	s64 type;
	u8 kind;
	bool repeatable;
	u32 reply_max;
	struct mbox_msg *answer;
};

/* Does a task, or will one, wait for what becomes of it? */
static inline bool mbox_msg_is_awaited(const struct mbox_msg *msg)
{
	return msg->kind == MBOX_CALL && !msg->call->answer;
}

/* A call that somebody has sent, and does not want answered any more. */
static inline bool mbox_msg_is_cancelled(const struct mbox_msg *msg)
{
	return mbox_msg_is_awaited(msg) && !msg->call->caller;
}

struct mbox_msg *mbox_make_msg(struct mbox_endpoint *ep,
			       const struct mbox_draft *draft,
			       struct mbox_refused *why);
void mbox_unmake_msg(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_msg_free(struct mbox_msg *msg);
void mbox_msg_free_all(struct mbox_msg *first);

/* queue.c: messages in order; no locks, no sleeping, no user memory */

struct mbox_queue {
	struct rb_root_cached root;
	struct rb_node *last;
	u32 count;
};

void mbox_queue_init(struct mbox_queue *q);
void mbox_queue_insert(struct mbox_queue *q, struct mbox_msg *msg);
void mbox_queue_remove(struct mbox_queue *q, struct mbox_msg *msg);
struct mbox_msg *mbox_queue_first(const struct mbox_queue *q);

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
 * @node: receivers: in mailbox->receivers
 * @task: who
 * @msg: sender: the message it wants to send; receiver: the one that it got
 * @room: receiver: how large a message it can take
 * @needed: receiver, with -EMSGSIZE: how large it is
 * @result: 0 or -errno, once done
 * @done: it may go; written under object->lock, see wait.c
 */
struct mbox_waiter {
	struct list_head node;
	struct task_struct *task;
	struct mbox_msg *msg;
	u32 room;
	u32 needed;
	int result;
	bool done;
};

/**
 * struct mbox_after - what to do once object->lock is let go
 * @dead: shares to free
 * @gone: messages to free
 * @undeliverable: messages to move to the dead-letter mailbox
 * @answers: to calls that are over, to deliver
 * @nr_tasks: how many of @tasks to wake
 * @messages: how many messages pollers can be told of
 * @room: whether there is room now, where there was none
 * @hangup: whether there is an end to be told
 * @urgent: whether there is a cancelled call to be told
 * @tasks: to wake
 */
struct mbox_after {
	struct mbox_share *dead;
	struct mbox_msg *gone;
	struct mbox_msg *undeliverable;
	struct mbox_msg *answers;
	u32 nr_tasks;
	u32 messages;
	bool room;
	bool hangup;
	bool urgent;
	struct task_struct *tasks[4];
};

int mbox_wait(struct mbox_waiter *w, const struct mbox_deadline *until);
void mbox_waiter_done(struct mbox_waiter *w, int result,
		      struct mbox_after *after);
ktime_t mbox_time_offset(void);

/* share.c: what a process takes of a mailbox */

/**
 * struct mbox_share - what one process, as one user, takes of a mailbox
 * @node: in mailbox->shares
 * @next: in a struct mbox_after
 * @payer: held
 * @pid: the process, held
 * @ns: the payer's, to compare with
 * @uid: the payer's
 * @msgs: messages that are admitted
 * @refs: messages and endpoints that point here
 * @drawn: bytes charged to @payer
 * @used: bytes of these in use: messages admitted, waiting for room or being
 *	made
 * @bytes: data of the messages that are admitted
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
	u32 msgs;
	u32 refs;
	u64 drawn;
	u64 used;
	u64 bytes;
} ____cacheline_aligned_in_smp;

struct mbox_mailbox;

struct mbox_share *mbox_share_alloc(void);
struct mbox_share *mbox_share_clone(const struct mbox_share *share);
struct mbox_share *mbox_share_adopt_locked(struct mbox_mailbox *mb,
					   struct mbox_share **spare);
void mbox_share_free_all(struct mbox_share *share);
struct mbox_share *mbox_share_find_locked(struct mbox_mailbox *mb,
					  struct mbox_endpoint *ep,
					  struct mbox_share **spare,
					  struct mbox_after *after);
int mbox_share_charge_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			     u32 cost, bool force, struct mbox_refused *why);
void mbox_share_uncharge_locked(struct mbox_mailbox *mb,
				struct mbox_share *share, u32 cost,
				struct mbox_after *after);
void mbox_share_put_locked(struct mbox_mailbox *mb, struct mbox_share *share,
			   struct mbox_after *after);
void mbox_share_forget_locked(struct mbox_mailbox *mb, struct mbox_endpoint *ep,
			      struct mbox_after *after);
void mbox_share_largest_locked(struct mbox_mailbox *mb,
			       struct mbox_refused *why);

/* What it takes to charge somebody: tried once, and again with more of it. */
struct mbox_charging {
	struct mbox_share *spare;
	bool force;
};

int mbox_charge_locked(struct mbox_endpoint *ep, u32 cost,
		       struct mbox_charging *charge, struct mbox_share **sharep,
		       struct mbox_refused *why, struct mbox_after *after);
bool mbox_charge_again(struct mbox_charging *charge, int *ret);
struct mbox_share *mbox_reserve(struct mbox_endpoint *ep, u32 cost,
				struct mbox_refused *why);
void mbox_unreserve(struct mbox_mailbox *mb, struct mbox_share *share, u32 cost);

/* mailbox.c: the life of a mailbox */

/**
 * struct mbox_mailbox - a mailbox
 * @obj: the common part
 * @msg_size: largest message
 * @fixed: every message is of exactly @msg_size
 * @max_msgs: capacity; this and all below under obj.lock
 * @max_bytes: capacity
 * @queue: messages that can be received
 * @pending: messages of senders that wait for room
 * @receivers: receivers that wait, the longest waiting first; the queue is
 *	empty while there is one
 * @nr_receivers: how many
 * @held: messages claimed, leased or put off, and not yet acked or put back; they
 *	keep their room
 * @bytes: data of @queue and of what is held
 * @seq: number of the last message admitted
 * @tickets: number of the last message that had to wait for room
 * @delayed: messages that are put off, until when
 * @timer: looks at them when the first is due
 * @tokens: number of the last token or call id
 * @epoch: number of purges
 * @dead_letter: the mailbox that undeliverable messages go to, held
 * @max_deliveries: after how many deliveries they are; 0: never
 * @received: messages acked
 * @purged: messages thrown away
 * @dead: messages found undeliverable
 * @dropped: those of them that were dropped
 * @shares: by user
 * @readable: endpoints that can receive and poll
 * @writable: endpoints that can send and poll
 */
struct mbox_mailbox {
	struct mbox_object obj;
	u32 msg_size;
	bool fixed;
	u32 max_msgs;
	u64 max_bytes;
	struct mbox_queue queue;
	struct mbox_queue pending;
	struct list_head receivers;
	u32 nr_receivers;
	u32 held;
	u64 bytes;
	u64 seq;
	u64 tickets;
	struct rb_root delayed;
	struct delayed_work timer;
	u64 tokens;
	u32 epoch;
	u32 max_deliveries;
	struct mbox_mailbox *dead_letter;
	u64 received;
	u64 purged;
	u64 dead;
	u64 dropped;
	struct rb_root shares;
	wait_queue_head_t readable;
	wait_queue_head_t writable;
};

static inline struct mbox_mailbox *mbox_to_mailbox(struct mbox_object *obj)
{
	return container_of(obj, struct mbox_mailbox, obj);
}

struct mbox_object *mbox_mailbox_alloc(const struct mbox_plan *plan,
				       struct mbox_payer *payer,
				       struct mbox_refused *why);
void mbox_mailbox_resize(struct mbox_mailbox *mb, const struct mbox_set *set);

/* transfer.c: the way of a message */

void mbox_after_init(struct mbox_after *after);
void mbox_lock(struct mbox_mailbox *mb)
	__acquires(RCU) __acquires(&mb->obj.lock);
void mbox_unlock(struct mbox_mailbox *mb, struct mbox_after *after)
	__releases(RCU) __releases(&mb->obj.lock);
bool mbox_deaf_locked(const struct mbox_mailbox *mb);
bool mbox_mute_locked(const struct mbox_mailbox *mb);
bool mbox_writable_locked(const struct mbox_mailbox *mb);
bool mbox_turn_locked(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_admit_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_offer_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
		       struct mbox_after *after);
void mbox_vacate_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			struct mbox_after *after);
void mbox_discard_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			 struct mbox_after *after);
void mbox_drop_locked(struct mbox_mailbox *mb, struct mbox_msg *msg, int result,
		      struct mbox_after *after);
void mbox_fill_locked(struct mbox_mailbox *mb, struct mbox_after *after);
void mbox_settle_locked(struct mbox_mailbox *mb, struct mbox_after *after);
void mbox_explain_locked(struct mbox_mailbox *mb, struct mbox_refused *why);

int mbox_enter(struct mbox_endpoint *ep, struct mbox_msg *msg,
	       struct mbox_waiter *w, bool dontwait, struct mbox_refused *why);
int mbox_send_msg(struct mbox_endpoint *ep, struct mbox_msg *msg,
		  const struct mbox_deadline *until, struct mbox_refused *why);
struct mbox_msg *mbox_claim(struct mbox_endpoint *ep, u32 room, u32 *needed,
			    const struct mbox_deadline *until);
void mbox_ack(struct mbox_endpoint *ep, struct mbox_msg *msg);
void mbox_put_back(struct mbox_endpoint *ep, struct mbox_msg *msg);
int mbox_purge(struct mbox_mailbox *mb, int result);

/* dead.c: messages that came back too often */

void mbox_forward(struct mbox_mailbox *mb, struct mbox_msg *first);

/* hold.c: messages under a lease */

void mbox_lease(struct mbox_endpoint *ep, struct mbox_msg *msg);
struct mbox_msg *mbox_lease_find_locked(struct mbox_endpoint *ep, u64 token);
struct mbox_msg *mbox_unlease_locked(struct mbox_endpoint *ep, u64 token);
int mbox_lease_ack(struct mbox_endpoint *ep, u64 token);
int mbox_lease_nack(struct mbox_endpoint *ep, u64 token, u64 delay);
int mbox_lease_ask(struct mbox_endpoint *ep, struct mbox_held *held);
void mbox_lease_end_all(struct mbox_endpoint *ep, const struct pid *process);
void mbox_lease_depart(struct mbox_endpoint *ep, const struct pid *process);
void mbox_delayed_init(struct mbox_mailbox *mb);
u32 mbox_delayed_purge(struct mbox_mailbox *mb, int result);
void mbox_delayed_stop(struct mbox_mailbox *mb);
u32 mbox_lease_limit(void);

/* call.c: requests and replies */

void mbox_call_begin_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
			    struct mbox_waiter *w);
void mbox_call_over_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			   int result, struct mbox_after *after);
u64 mbox_call_next_id(struct mbox_mailbox *mb);
int mbox_call_send(struct mbox_endpoint *ep, struct mbox_msg **msgp, u64 id,
		   const struct mbox_deadline *until, struct mbox_refused *why);
int mbox_call_resume(struct mbox_endpoint *ep, struct mbox_msg **msgp, u64 id,
		     const struct mbox_deadline *until,
		     struct mbox_refused *why);
void mbox_call_finish(struct mbox_endpoint *ep, struct mbox_msg *msg,
		      bool fetched);
int mbox_call_cancel(struct mbox_endpoint *ep, u64 id);
void mbox_call_cancel_all(struct mbox_endpoint *ep, const struct pid *process);
int mbox_call_reply(struct mbox_endpoint *ep, u64 token,
		    const void __user *buf, u32 len, s32 status,
		    struct mbox_files *files);

/* answer.c: calls that nobody waits for */

struct mbox_msg *mbox_answer_reserve(struct mbox_endpoint *to, u32 size,
				     u64 cookie, struct mbox_refused *why);
void mbox_answer_cancel(struct mbox_msg *answer);
void mbox_answer_note_locked(struct mbox_msg *call, int result,
			     struct mbox_after *after);
void mbox_answer_deliver(struct mbox_msg *first);

/* files.c: descriptors that a message carries */

struct mbox_files *mbox_files_get(const struct mbox_fds *in,
				  struct mbox_refused *why);
void mbox_files_free(struct mbox_files *files);
int mbox_files_room(const struct mbox_files *files, const struct mbox_fds *out);
u32 mbox_files_install(const struct mbox_files *files,
		       const struct mbox_fds *out, u32 n, bool inherit);
void mbox_files_tell(const struct mbox_files *files, struct mbox_fds *out,
		     u32 n);

/* region.c: shared memory */

/**
 * struct mbox_region - shared memory
 * @obj: the common part
 * @backing: the file on shmem that is mapped, held
 * @size: in bytes, whole pages
 */
struct mbox_region {
	struct mbox_object obj;
	struct file *backing;
	u64 size;
};

struct mbox_object *mbox_region_alloc(const struct mbox_plan *plan,
				      struct mbox_payer *payer,
				      struct mbox_refused *why);
int mbox_region_init(void);

/* ioctl.c */

long mbox_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long mbox_object_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* MBOX_H */
