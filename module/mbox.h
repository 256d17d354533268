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
 * What is of messages is in message.h, what is of mailboxes in mailbox.h, and what
 * happens to messages there in room.h, transfer.h and hold.h. The files in which
 * that is done are compiled as one, see path.c.
 *
 * Locks, outer to inner
 * ---------------------
 *
 * registry->lock	mutex. The names and ids of a namespace, the owner, mode
 *			and endpoint counts of its objects. Never taken to send
 *			or receive.
 * object->lock		spinlock. All that a send or a receive touches: queues,
 *			waiters, room, shares. Nothing faults, sleeps or
 *			allocates under it: what is to be done is noted in a
 *			struct mbox_after, and done by mbox_unlock(). Nor is
 *			anybody woken, but where more than a few tasks are let go
 *			at once, and for watchers (watch.c), which may go with the
 *			lock.
 * payer table lock	spinlock, a leaf. Which payers there are. Never taken
 *			under object->lock.
 *
 * Whether an object is linked or has ended, how many endpoints can receive and
 * send, and who owns it is written under both of the first two, and read under
 * either.
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

/*
 * A variable that is filled in before it is looked at: hardened kernels need not
 * clear it, which costs more than what else is done to some.
 */
#if __has_attribute(__uninitialized__)
#define mbox_unset	__attribute__((__uninitialized__))
#else
#define mbox_unset
#endif

struct net;
struct pid;
struct seq_file;
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
 * @inboxes: linked inboxes, by process
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
	struct rb_root inboxes;
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
struct mbox_object *mbox_registry_by_pid_locked(struct mbox_registry *reg,
						const struct pid *pid);
int mbox_names_init(void);
void mbox_names_exit(void);

/* object.c: what mailboxes and regions have in common */

/**
 * struct mbox_kind_ops - what differs between the kinds of object
 * @kind: enum mbox_kind
 * @settle: react to a change of @linked, @ended, @readers or @writers; called
 *	without object->lock; NULL where nothing need be done
 * @stat: fill in what is the kind's own
 * @show: likewise, for /proc/PID/fdinfo
 * @attach: an endpoint is to be; -errno if it may not; under registry->lock;
 *	NULL where any may
 * @release: an endpoint is about to go; NULL where nothing need be done
 * @poll: as the file operation; NULL where it is always ready
 * @mmap: as the file operation; NULL where there is nothing to map
 * @place: where to map; NULL likewise
 * @destroy: give back the kind's own
 * @free: and at last the object itself
 */
struct mbox_kind_ops {
	u32 kind;
	void (*settle)(struct mbox_object *obj);
	void (*stat)(struct mbox_object *obj, struct mbox_stat *st);
	void (*show)(struct mbox_endpoint *ep, struct seq_file *m);
	int (*attach)(struct mbox_object *obj, struct mbox_endpoint *ep);
	void (*release)(struct mbox_endpoint *ep);
	__poll_t (*poll)(struct mbox_object *obj, struct file *file,
			 poll_table *wait);
	int (*mmap)(struct mbox_object *obj, struct vm_area_struct *vma);
	unsigned long (*place)(struct mbox_object *obj, unsigned long addr,
			       unsigned long len, unsigned long pgoff,
			       unsigned long flags);
	void (*destroy)(struct mbox_object *obj);
	void (*free)(struct mbox_object *obj);
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
 * @by_name: in registry->names while linked, if it has a name, which an inbox
 *	has not
 * @by_pid: in registry->inboxes while linked, if it is one
 * @inbox: it is the inbox of @creator
 * @uid: owner, under both locks
 * @gid: group, under registry->lock, as all below up to @lock
 * @mode: permission bits
 * @endpoints: open files
 * @parties: those of them that can receive or send
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
	union {
		struct rb_node by_name;
		struct rb_node by_pid;
	};
	bool inbox;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	u32 endpoints;
	u32 parties;
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
	u8 when_full;
	u8 turns;
	u8 receivers;
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
	int pid;
};

struct mbox_object *mbox_object_build(struct mbox_registry *reg,
				      const struct mbox_plan *plan,
				      struct mbox_refused *why);
void mbox_object_get(struct mbox_object *obj);
void mbox_object_put(struct mbox_object *obj);
int mbox_object_attach_locked(struct mbox_object *obj, struct mbox_endpoint *ep,
			      fmode_t mode);
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

struct mbox_object *mbox_file_object(const struct file *file);
int mbox_process_fd(const struct file *file);
struct mbox_object *mbox_object_by_fd(int fd, fmode_t *mode);
int mbox_endpoint_create(struct mbox_registry *reg,
			 const struct mbox_plan *plan,
			 struct mbox_refused *why);
int mbox_endpoint_open(struct mbox_registry *reg, const struct mbox_goal *goal,
		       u32 flags);
int mbox_endpoint_unlink(struct mbox_registry *reg,
			 const struct mbox_goal *goal);
int mbox_endpoint_init(void);
void mbox_endpoint_exit(void);

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

#include "message.h"
#include "mailbox.h"
#include "transfer.h"
#include "hold.h"

#endif /* MBOX_H */
