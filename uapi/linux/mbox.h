/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * mbox: mailboxes and shared regions through /dev/mbox.
 *
 * This header is the reference of the interface. Everything is a file
 * descriptor: one of /dev/mbox (a factory) makes, opens, lists and unlinks
 * objects; one of an object (a mailbox or a region) uses it. Every command is
 * an ioctl whose argument is one of the structs below.
 *
 * General rules
 * -------------
 *
 * - The first field of every struct is its size in bytes, as the caller was
 *   compiled. A caller older than the kernel gets zeros for what it does not
 *   know, a newer one is served as long as the part unknown to the kernel is
 *   zero.
 * - Unknown flags are refused, reserved fields must be zero.
 * - Layouts are the same for 32- and 64-bit programs. Pointers are 64 bits
 *   wide, sizes are in bytes, times in nanoseconds, unless said otherwise.
 * - Fields marked "out" are ignored on entry and written by the kernel. Others
 *   stay as the caller has them, unless they say otherwise.
 * - A command that fails leaves everything as it was, and nothing is lost.
 * - User and group ids are those of the caller's user namespace, process ids
 *   those of the caller's pid namespace, times on CLOCK_MONOTONIC those of the
 *   caller's time namespace.
 *
 * poll(2), select(2) and epoll(7) on a mailbox
 * --------------------------------------------
 *
 * POLLIN	a message can be received, of those that the descriptor's filter
 *		(MBOX_IOC_FILTER) lets through; of a rendezvous, also one whose
 *		sender waits
 * POLLOUT	a message of the largest size can be sent without waiting, by the
 *		user who asks; of a rendezvous, a receiver waits. Where both sides
 *		only poll, they never meet.
 * POLLHUP	the mailbox has ended; with POLLIN or POLLOUT also that a receive
 *		or a send fails with EPIPE
 *
 * POLLPRI	a call that the descriptor holds has been cancelled
 * POLLERR	the descriptor is open for neither direction
 *
 * Each for the directions of the descriptor. A message that goes to a blocked
 * receiver wakes nobody who polls. Edges (EPOLLET) are: a message is queued, or
 * comes back; a filter is set with which something can be received; room for a
 * message of the largest size comes; POLLHUP comes. With EPOLLEXCLUSIVE a
 * message wakes one of those without a filter; room and POLLHUP wake all. Who
 * uses it sets the filter before adding the descriptor: what was added before
 * takes its turn among those without one. A region is always ready.
 *
 * Signals (O_ASYNC with F_SETOWN and F_SETSIG, as on a socket) come at the same
 * edges, with POLL_IN, POLL_OUT, POLL_PRI or POLL_HUP; MBOX_IOC_NOTIFY asks for a
 * single one.
 *
 * read(2) and write(2) of a mailbox
 * ---------------------------------
 *
 * A write is a send of one message, of priority 0 and type 0, a read a receive
 * of one; readv and writev gather and scatter it. They wait and fail as those
 * commands do (EPIPE without a SIGPIPE), but a read returns 0 where a receive
 * fails with EPIPE: the end of the file. So does a message without data, which
 * is what a write of 0 bytes sends, and a read of 0 bytes receives (a readv or
 * writev of none does nothing). A message
 * that is larger than what is read is EMSGSIZE and stays. A call that is read is
 * answered at once, without data and with status 0; descriptors that come with a
 * message are closed. There is no position in it (ESPIPE). EINVAL of a region.
 *
 * mmap(2) of a region
 * -------------------
 *
 * Needs MBOX_O_READ, and MBOX_O_WRITE as well to map for writing (EACCES).
 * MAP_SHARED only (MAP_PRIVATE is EINVAL), nothing beyond the end (EINVAL);
 * whoever grows a mapping past it with mremap(2) gets a SIGBUS there, and
 * nobody else does. A mapping keeps the memory, and keeps it charged, after the
 * descriptor is closed and the region has ended. ENODEV for a mailbox.
 *
 * Errors
 * ------
 *
 * ENOTTY		unknown command, or not one for this kind of descriptor
 * E2BIG		the struct is larger than the kernel knows and its tail
 *			is not zero, or it is larger than a page
 * EOPNOTSUPP		a flag or a value that this version does not know, or
 *			values that it does not serve together
 * EINVAL		a wrong or inconsistent field, a reserved field not zero
 * EFAULT		a bad pointer; nothing was lost
 * ESRCH		no such process
 * ENOENT		no such object; nor can one be made, where the network
 *			namespace of the factory descriptor is gone
 * EEXIST		the name is taken, or the process has an inbox already
 * EACCES		permission denied
 * EBADF		not a descriptor of the right object, or not open for
 *			this direction
 * ENAMETOOLONG		a name of more than 255 bytes
 * EMFILE ENFILE	no descriptor or file left, as for open(2)
 * ENOMEM		the kernel is out of memory
 * EAGAIN		would have to wait, and was asked not to
 * ETIMEDOUT		the deadline passed
 * EINTR		a signal came and its handler does not restart the call;
 *			nothing was sent or received
 * EMSGSIZE		too large for the mailbox, not of its fixed size, or too
 *			large for the receiver's buffer (the message stays
 *			queued, and the size that it needs is returned)
 * EDQUOT		the limit of a user is reached, see struct mbox_refusal
 * ENOSPC		the limit of the namespace is reached, likewise
 * EPIPE		the mailbox has ended, or nobody is left at its other
 *			side and nobody can come; a call was not taken by
 *			anybody; never a SIGPIPE
 * ECONNRESET		a call was taken and its server ended without a reply:
 *			whether it was done is not known
 * ECANCELED		the call was cancelled
 * ESTALE		no such token or call: used up, another endpoint's, or
 *			never given
 * EBUSY		another task waits for that call; another receives, of an
 *		exclusive mailbox; a link has both its ends; the descriptor
 *		already gets signals
 */
#ifndef _UAPI_LINUX_MBOX_H
#define _UAPI_LINUX_MBOX_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MBOX_DEVICE		"/dev/mbox"

/* Names are 1 to this many bytes, any but '/' and NUL. */
#define MBOX_NAME_MAX		255
/* Priorities are 0 to this; a higher one is received first. */
#define MBOX_PRIORITY_MAX	32767

/* What a zero in struct mbox_create stands for. */
#define MBOX_DEFAULT_MODE	0600
#define MBOX_DEFAULT_MAX_MSGS	1024
#define MBOX_DEFAULT_MSG_SIZE	65536	/* or all of max_bytes, if less */
#define MBOX_DEFAULT_MAX_BYTES	1048576	/* or one largest message, if more */
/* Descriptors that a message can carry. */
#define MBOX_FDS_MAX		16
/* Pieces that a message can be gathered from or scattered to. */
#define MBOX_IOV_MAX		1024
/* Messages of a batch. */
#define MBOX_BATCH_MAX		64
/* The longest time to live, and delay: 2^62 nanoseconds, 146 years. */
#define MBOX_TIME_MAX		0x4000000000000000ULL
/* The largest message that any mailbox can be made for. */
#define MBOX_MSG_SIZE_MAX	(16 << 20)

#define MBOX_IOC_TYPE		0xBB

/* Commands by number; the argument structs and full numbers are below. */
enum {
	/* on a descriptor of /dev/mbox */
	MBOX_CMD_CREATE		= 0x00,
	MBOX_CMD_OPEN		= 0x01,
	MBOX_CMD_UNLINK		= 0x02,
	MBOX_CMD_LIST		= 0x03,
	MBOX_CMD_USAGE		= 0x04,
	/* on a descriptor of any object */
	MBOX_CMD_STAT		= 0x10,
	MBOX_CMD_SET		= 0x11,
	/* on a descriptor of a mailbox */
	MBOX_CMD_SEND		= 0x20,
	MBOX_CMD_RECV		= 0x21,
	MBOX_CMD_PURGE		= 0x22,
	MBOX_CMD_ACK		= 0x23,
	MBOX_CMD_NACK		= 0x24,
	MBOX_CMD_HELD		= 0x25,
	MBOX_CMD_CALL		= 0x26,
	MBOX_CMD_REPLY		= 0x27,
	MBOX_CMD_CANCEL		= 0x28,
	MBOX_CMD_SEND_BATCH	= 0x29,
	MBOX_CMD_RECV_BATCH	= 0x2a,
	MBOX_CMD_FILTER		= 0x2b,
	MBOX_CMD_NOTIFY		= 0x2c,
};

/**
 * enum mbox_kind - what an object is
 * @MBOX_KIND_ANY: in a target only: whatever the object is
 * @MBOX_KIND_MAILBOX: a queue of messages
 * @MBOX_KIND_REGION: shared memory
 */
enum mbox_kind {
	MBOX_KIND_ANY		= 0,
	MBOX_KIND_MAILBOX	= 1,
	MBOX_KIND_REGION	= 2,
};

/**
 * enum mbox_lifetime - when an object ends
 * @MBOX_LIFE_DEFAULT: kernel-owned if it has a name, anonymous otherwise
 * @MBOX_LIFE_KERNEL: kernel-owned. It stays, descriptors open or not, until
 *	it is unlinked (as a POSIX or System V queue does), and keeps the
 *	module from being unloaded.
 * @MBOX_LIFE_PROCESS: process-owned. It ends when the process that created it
 *	exits or closes its last descriptor of it, even if a forked child still
 *	holds one, or when its last descriptor anywhere is closed. exec(2)
 *	without close-on-exec keeps ownership. Where processes share a
 *	descriptor table (CLONE_FILES), it is the table that counts; a thread
 *	with a table of its own does not count.
 * @MBOX_LIFE_ANONYMOUS: it lives as long as its descriptors. It has no name,
 *	and its id does not resolve: others get it by inheriting or by being
 *	passed a descriptor.
 *
 * An ended mailbox takes no more messages (EPIPE). What it holds can still be
 * received through descriptors that are open, and then they get EPIPE too.
 * An ended region stays mapped and usable where it is mapped or open.
 */
enum mbox_lifetime {
	MBOX_LIFE_DEFAULT	= 0,
	MBOX_LIFE_KERNEL	= 1,
	MBOX_LIFE_PROCESS	= 2,
	MBOX_LIFE_ANONYMOUS	= 3,
};

/**
 * enum mbox_limit - which limit refused
 * @MBOX_LIMIT_NONE: no limit was involved
 * @MBOX_LIMIT_MSGS: the capacity of the mailbox in messages (EAGAIN,
 *	ETIMEDOUT); the uid is the one that takes most of it
 * @MBOX_LIMIT_BYTES: the capacity of the mailbox in bytes (likewise)
 * @MBOX_LIMIT_USER_BYTES: kernel memory of a user's messages that are queued,
 *	waiting for room or being received, headers included; drawn in chunks
 *	for each mailbox and process (EDQUOT)
 * @MBOX_LIMIT_USER_MAILBOXES: mailboxes created by a user (EDQUOT)
 * @MBOX_LIMIT_USER_REGIONS: regions created by a user (EDQUOT)
 * @MBOX_LIMIT_USER_REGION_BYTES: bytes of these regions (EDQUOT)
 * @MBOX_LIMIT_NS_OBJECTS: objects in the network namespace (ENOSPC); the uid
 *	is the one that has created most of them
 * @MBOX_LIMIT_USER_FDS: descriptors in a user's messages (EDQUOT)
 * @MBOX_LIMIT_SHARE_MSGS: a user's share of the mailbox in messages (EAGAIN,
 *	ETIMEDOUT): see struct mbox_create
 * @MBOX_LIMIT_SHARE_BYTES: a user's share of it in bytes (likewise)
 *
 * A user's limits hold for the effective user id of the task that sends or
 * creates and, if it is in a user namespace of its own, for the owner of that
 * namespace and of each of its ancestors, as for the limits in
 * /proc/sys/user. The limits themselves are parameters of the module. Tasks
 * with CAP_SYS_RESOURCE in the initial user namespace are counted, never
 * refused.
 */
enum mbox_limit {
	MBOX_LIMIT_NONE			= 0,
	MBOX_LIMIT_MSGS			= 1,
	MBOX_LIMIT_BYTES		= 2,
	MBOX_LIMIT_USER_BYTES		= 3,
	MBOX_LIMIT_USER_MAILBOXES	= 4,
	MBOX_LIMIT_USER_REGIONS		= 5,
	MBOX_LIMIT_USER_REGION_BYTES	= 6,
	MBOX_LIMIT_NS_OBJECTS		= 7,
	MBOX_LIMIT_USER_FDS		= 8,
	MBOX_LIMIT_SHARE_MSGS		= 9,
	MBOX_LIMIT_SHARE_BYTES		= 10,
};

/**
 * enum mbox_when_full - what a mailbox does with a message for which it has no
 *	room
 * @MBOX_FULL_BLOCK: its sender waits
 * @MBOX_FULL_FAIL: it is refused (EAGAIN), whether or not its sender would wait
 * @MBOX_FULL_DROP_OLDEST: the oldest of those of the lowest priority makes room
 *	for it, if that priority is not above its own; a user who has had his
 *	share loses his own. Up to 256 messages make room for one. Where that is
 *	not enough, its sender waits.
 * @MBOX_FULL_CONFLATE: full or not, it replaces a queued message of its type, and
 *	takes that one's place and number if their priorities are equal. It counts
 *	in its sender's share, unless it is no larger than one that is his own.
 *	Without one and without room, its sender waits.
 *
 * Messages that are held are never dropped or replaced, nor are calls, which do
 * not replace either. All of this is counted: see @lost and @replaced in
 * mbox_stat and @missed in mbox_recv.
 */
enum mbox_when_full {
	MBOX_FULL_BLOCK		= 0,
	MBOX_FULL_FAIL		= 1,
	MBOX_FULL_DROP_OLDEST	= 2,
	MBOX_FULL_CONFLATE	= 3,
};

/**
 * enum mbox_turns - which of the receivers that wait gets the next message
 * @MBOX_TURNS_FIRST_COME: who waits longest
 * @MBOX_TURNS_ROUND_ROBIN: who waits at the endpoint that was served longest ago,
 *	by whatever receive
 * @MBOX_TURNS_PRIORITY: who had the highest scheduling priority when it began
 *	to wait, then who waits longest
 *
 * Of those, always, whose filter lets the message through.
 */
enum mbox_turns {
	MBOX_TURNS_FIRST_COME	= 0,
	MBOX_TURNS_ROUND_ROBIN	= 1,
	MBOX_TURNS_PRIORITY	= 2,
};

/**
 * enum mbox_receivers - who may receive, and what a message is for
 * @MBOX_RECEIVERS_ANY: any number may receive, and each message is for one
 * @MBOX_RECEIVERS_EXCLUSIVE: likewise, but one at a time: while a receive is
 *	under way, or waits, another is EBUSY; who only peeks does not count
 * @MBOX_RECEIVERS_LINK: two endpoints at most, whatever they are open for; an
 *	open of a third is EBUSY. One open for neither direction does not count;
 *	fork, dup and passing a descriptor make none.
 * @MBOX_RECEIVERS_BROADCAST: each message is for each endpoint that was open
 *	for receiving when it was sent; its data is kept once. First in, first
 *	out (a priority is EINVAL, MBOX_MATCH_TYPE_MAX in a filter changes
 *	nothing in that). With MBOX_FULL_DROP_OLDEST an endpoint that is slow
 *	loses the oldest messages and learns how many (@missed), otherwise
 *	senders wait for it, and for one whose filter was set while it was
 *	behind, until it looks. Nobody takes turns (@turns is 0, or EINVAL).
 *	Without any such endpoint a message is lost, and counted as such. What
 *	mbox_stat counts as received or purged, it counts for each endpoint. An
 *	endpoint's filter passes over messages for good; a match in a single
 *	receive or batch, calls, MBOX_IOC_NACK, @max_deliveries and dead
 *	letters, MBOX_CREATE_RENDEZVOUS and MBOX_FULL_CONFLATE are EOPNOTSUPP,
 *	and so is an asynchronous call with its replies to come here. What is
 *	held takes no room, is not in mbox_stat's @held, and is charged to who
 *	receives, as a copy would be (EDQUOT). A receive that waits goes by the
 *	filter as it is when a message comes. A purge is for the endpoint that
 *	asks.
 */
enum mbox_receivers {
	MBOX_RECEIVERS_ANY		= 0,
	MBOX_RECEIVERS_EXCLUSIVE	= 1,
	MBOX_RECEIVERS_LINK		= 2,
	MBOX_RECEIVERS_BROADCAST	= 3,
};

/**
 * struct mbox_refusal - why there was no room
 * @limit: out: enum mbox_limit
 * @uid: out: the user whose use of it is told; the overflow id if not mapped
 * @used: out: how much that user takes of it: messages, bytes or objects
 * @total: out: how much is taken of it, by all that it holds for
 * @max: out: the limit
 *
 * Written when a command fails with EAGAIN, ETIMEDOUT, EDQUOT or ENOSPC. Who
 * takes most of a full mailbox is looked for among 256 processes at most.
 */
struct mbox_refusal {
	__u32 limit;
	__u32 uid;
	__aligned_u64 used;
	__aligned_u64 total;
	__aligned_u64 max;
};

/* How to open: the low bits of @flags in mbox_create and mbox_open. */
#define MBOX_O_READ		0x00000001	/* to receive, or to map */
#define MBOX_O_WRITE		0x00000002	/* to send, or to map for writing */
#define MBOX_O_NONBLOCK		0x00000004	/* O_NONBLOCK on the descriptor */
#define MBOX_O_INHERIT		0x00000008	/* not close-on-exec */

/* Flags of mbox_create alone. */
#define MBOX_CREATE_EXCL	0x00000100	/* EEXIST if the name is taken */
#define MBOX_CREATE_MODE	0x00000200	/* @mode is given */
#define MBOX_CREATE_FIXED	0x00000400	/* each message of exactly @msg_size */
#define MBOX_CREATE_OWNER	0x00000800	/* existing: only if @owner owns it */
#define MBOX_CREATE_DEAD_LETTER	0x00001000	/* @dead_letter is given */
#define MBOX_CREATE_RENDEZVOUS	0x00002000	/* no room: sender meets receiver */
#define MBOX_CREATE_UNBOUNDED	0x00004000	/* only users' limits count */
#define MBOX_CREATE_INBOX	0x00008000	/* the inbox of the process */

/**
 * struct mbox_create - MBOX_IOC_CREATE: create an object and open it
 * @size: sizeof(struct mbox_create)
 * @flags: MBOX_O_* and MBOX_CREATE_*
 * @kind: MBOX_KIND_MAILBOX or MBOX_KIND_REGION
 * @lifetime: enum mbox_lifetime
 * @name: pointer to the name, which needs no terminating NUL; 0 for none
 * @name_len: length of the name in bytes; 0 for none
 * @mode: with MBOX_CREATE_MODE, the permission bits of user, group and others:
 *	4 to receive (map for reading), 2 to send (map for writing). No umask
 *	is applied (System V); other bits are EINVAL. Otherwise 0, and the mode
 *	is MBOX_DEFAULT_MODE.
 * @owner: with MBOX_CREATE_OWNER, the user id that must own an object that is
 *	there already (EACCES otherwise): names are a flat space in which anybody
 *	may have come first. Otherwise 0.
 * @reserved: 0
 * @max_msgs: mailbox: capacity in messages
 * @msg_size: mailbox: size of the largest message; with MBOX_CREATE_FIXED, of
 *	every message. At most MBOX_MSG_SIZE_MAX.
 * @max_bytes: mailbox: capacity in bytes of message data; not below @msg_size
 * @region_size: region: its size, which must not be zero; it is rounded up to
 *	whole pages and never changes
 * @refusal: out: on EDQUOT and ENOSPC, why
 * @max_deliveries: mailbox: how often a message may be delivered under a lease
 *	and come back. After that it goes to the dead-letter mailbox, or is
 *	dropped and counted where there is none or it is full; a call ends with
 *	ECONNRESET. 0 for any number; at most 65535
 * @dead_letter: mailbox, with MBOX_CREATE_DEAD_LETTER: a descriptor, open for
 *	writing, of the mailbox that such messages go to, which must have no
 *	dead-letter mailbox itself (EINVAL), nor may @max_deliveries be 0 then.
 *	They keep their sender, and stay charged to it; their deliveries are
 *	counted anew. It must be neither a rendezvous nor a broadcast (EINVAL).
 *	Otherwise 0.
 * @when_full: mailbox: enum mbox_when_full
 * @turns: mailbox: enum mbox_turns
 * @receivers: mailbox: enum mbox_receivers
 * @reserved2: 0
 *
 * A name that exists is opened, as open(2) does with O_CREAT, unless
 * MBOX_CREATE_EXCL is given; the attributes are then not looked at (mq_open),
 * permission is. EEXIST if it names an object of another kind. The creator gets
 * the access it asks for, whatever the mode says.
 *
 * The owner is the caller's effective user and group id. Messages that a
 * mailbox holds while they are being received count in its capacity. For
 * fields of the other kind of object, give 0.
 *
 * No user but the owner can fill a mailbox. A user may take as much of each
 * capacity as would be left free (of messages, one more): half of it if alone,
 * a third each of two; whoever has nothing in it may have one message. The last
 * sixteenth, at least one message of two or more, is kept for the owner. Into
 * an empty mailbox goes whatever it can take. Who has had his share, or finds
 * only the owner's left, waits for room, or gets EAGAIN with MBOX_LIMIT_SHARE_*
 * (@max is then what he may take as things are), while others send on. It is the
 * same for all users but the owner: no capability counts.
 *
 * With MBOX_CREATE_RENDEZVOUS a send returns when a receiver has claimed the
 * message (zero buffering). Until then it can be withdrawn: by a signal, the
 * deadline, the end of the sender. After that it is sent; if it comes back, it is
 * queued. With MBOX_DONTWAIT a send needs a receiver that waits (EAGAIN with
 * MBOX_LIMIT_NONE), and so does each message of a batch but the first. If its
 * time to live runs out, the send is ETIMEDOUT. @when_full can
 * be MBOX_FULL_BLOCK or MBOX_FULL_FAIL, and asynchronous calls cannot be
 * answered to it (EOPNOTSUPP).
 *
 * With MBOX_CREATE_UNBOUNDED the mailbox takes as much as users' limits allow;
 * @when_full can be MBOX_FULL_BLOCK or MBOX_FULL_CONFLATE. With either of the two
 * flags, and not with both, @max_msgs and @max_bytes are 0, for good.
 *
 * With MBOX_CREATE_INBOX it is the inbox of the process: others open it by the
 * process id (MBOX_BY_PID), as its mode permits. It is process-owned (a
 * @lifetime of 0 means that), and has no name. A process can have one in each
 * network namespace (EEXIST), another when that is unlinked or has ended.
 * When the process ends, so does the inbox; whoever gets its process id later
 * gets none of what is sent through descriptors of it (EPIPE).
 *
 * Return: a new descriptor, close-on-exec unless MBOX_O_INHERIT.
 */
struct mbox_create {
	__u32 size;
	__u32 flags;
	__u32 kind;
	__u32 lifetime;
	__aligned_u64 name;
	__u32 name_len;
	__u32 mode;
	__u32 owner;
	__u32 reserved;
	__u32 max_msgs;
	__u32 msg_size;
	__aligned_u64 max_bytes;
	__aligned_u64 region_size;
	struct mbox_refusal refusal;
	__u32 max_deliveries;
	__s32 dead_letter;
	__u32 when_full;
	__u32 turns;
	__u32 receivers;
	__u32 reserved2;
};

#define MBOX_IOC_CREATE		_IO(MBOX_IOC_TYPE, MBOX_CMD_CREATE)

/**
 * enum mbox_by - how a target is found
 * @MBOX_BY_NAME: by @name and @name_len
 * @MBOX_BY_ID: by @id. Each network namespace counts its own, and uses none
 *	again as long as the module is loaded.
 * @MBOX_BY_FD: by @fd, a descriptor of the object
 * @MBOX_BY_PID: by @pid, the inbox of that process (ENOENT if it has none, or
 *	there is no such process; EINVAL below 1)
 */
enum mbox_by {
	MBOX_BY_NAME	= 1,
	MBOX_BY_ID	= 2,
	MBOX_BY_FD	= 3,
	MBOX_BY_PID	= 4,
};

/* Flags of mbox_target. */
#define MBOX_TARGET_OWNER	0x00000001	/* only if @owner owns it, or EACCES */

/**
 * struct mbox_target - which object
 * @by: enum mbox_by; fields of the other ways must be 0
 * @kind: enum mbox_kind; EINVAL if the object is of another kind
 * @flags: MBOX_TARGET_*
 * @owner: the user id expected, with MBOX_TARGET_OWNER; 0 otherwise
 * @name: pointer to the name
 * @name_len: its length in bytes
 * @fd: a descriptor
 * @id: an id
 * @pid: a process id, in the caller's pid namespace
 * @reserved: 0
 */
struct mbox_target {
	__u32 by;
	__u32 kind;
	__u32 flags;
	__u32 owner;
	__aligned_u64 name;
	__u32 name_len;
	__s32 fd;
	__aligned_u64 id;
	__s32 pid;
	__u32 reserved;
};

/**
 * struct mbox_open - MBOX_IOC_OPEN: open an object
 * @size: sizeof(struct mbox_open)
 * @flags: MBOX_O_*. Neither MBOX_O_READ nor MBOX_O_WRITE gives a descriptor
 *	for MBOX_IOC_STAT and MBOX_IOC_SET, to the owner whatever the mode, and to
 *	others who have any permission.
 * @target: the object
 *
 * By name or id, permission is checked against the caller's effective ids;
 * CAP_IPC_OWNER, in the user namespace that owns the network namespace,
 * overrides it. By descriptor, the new one can do what the given one can, or
 * less (EACCES): so an anonymous mailbox gets an end that can only send.
 * An object that has ended is EPIPE.
 *
 * Each open is an endpoint of its own: it has its own direction and its own
 * O_NONBLOCK, which duplicates and children share.
 *
 * Return: a new descriptor, close-on-exec unless MBOX_O_INHERIT.
 */
struct mbox_open {
	__u32 size;
	__u32 flags;
	struct mbox_target target;
};

#define MBOX_IOC_OPEN		_IO(MBOX_IOC_TYPE, MBOX_CMD_OPEN)

/**
 * struct mbox_unlink - MBOX_IOC_UNLINK: take an object's name and id away
 * @size: sizeof(struct mbox_unlink)
 * @flags: 0
 * @target: the object
 *
 * For the owner, or with CAP_IPC_OWNER (EACCES otherwise). The name is free at
 * once. The object lives on until its last descriptor (and mapping) is closed;
 * nobody can open it any more but through a descriptor. What is queued can be
 * received as long as there is a descriptor that can receive. ENOENT if it has
 * neither name nor id (any more).
 *
 * Return: 0.
 */
struct mbox_unlink {
	__u32 size;
	__u32 flags;
	struct mbox_target target;
};

#define MBOX_IOC_UNLINK		_IO(MBOX_IOC_TYPE, MBOX_CMD_UNLINK)

/* Bits of @state in mbox_stat. */
#define MBOX_STATE_LINKED	0x00000001	/* id (and name, if any) resolve */
#define MBOX_STATE_ENDED	0x00000002	/* it has ended */
#define MBOX_STATE_FIXED	0x00000004	/* MBOX_CREATE_FIXED */
#define MBOX_STATE_RENDEZVOUS	0x00000008	/* MBOX_CREATE_RENDEZVOUS */
#define MBOX_STATE_UNBOUNDED	0x00000010	/* MBOX_CREATE_UNBOUNDED */
#define MBOX_STATE_INBOX	0x00000020	/* MBOX_CREATE_INBOX */

/**
 * struct mbox_stat - MBOX_IOC_STAT: what an object is and how it is doing
 * @size: sizeof(struct mbox_stat)
 * @flags: 0
 * @id: out: its id; in MBOX_IOC_LIST also an input
 * @kind: out: enum mbox_kind
 * @lifetime: out: enum mbox_lifetime, never MBOX_LIFE_DEFAULT
 * @state: out: MBOX_STATE_*
 * @mode: out: permission bits
 * @uid: out: owner
 * @gid: out: group
 * @owner_pid: out: process-owned: the process, 0 if not in the caller's pid
 *	namespace
 * @name_len: out: length of the name, 0 if it has none
 * @endpoints: out: open files of it
 * @readers: out: those that can receive (map for reading)
 * @writers: out: those that can send (map for writing)
 * @msg_size: out: mailbox: as created
 * @max_msgs: out: mailbox: capacity in messages; 0 where it has none
 * @msgs: out: mailbox: messages that can be received now
 * @max_bytes: out: mailbox: capacity in bytes; 0 where it has none
 * @bytes: out: mailbox: bytes of data in @msgs and @held
 * @held: out: mailbox: messages being received, under a lease, or put off
 * @waiting_receivers: out: mailbox: tasks blocked in a receive
 * @waiting_senders: out: mailbox: tasks blocked in a send
 * @reserved: out: 0
 * @sent: out: mailbox: messages accepted since its creation
 * @received: out: mailbox: messages received since
 * @purged: out: mailbox: messages thrown away since, by MBOX_IOC_PURGE or
 *	because nobody could receive them any more
 * @dead: out: mailbox: messages delivered too often, moved or dropped
 * @dropped: out: mailbox: those of them that were dropped
 * @region_size: out: region: its size
 * @lost: out: mailbox: messages dropped since to make room, or because nobody
 *	was there to receive a broadcast
 * @replaced: out: mailbox: messages replaced since, by MBOX_FULL_CONFLATE
 * @expired: out: mailbox: messages whose time to live has run out since
 * @when_full: out: mailbox: enum mbox_when_full
 * @turns: out: mailbox: enum mbox_turns
 * @receivers: out: mailbox: enum mbox_receivers
 * @reserved2: out: 0
 * @name: out: the name and a NUL
 *
 * Needs no permission beyond a descriptor, and MBOX_IOC_LIST not even that: the
 * names, owners and numbers of linked objects are public in their namespace.
 *
 * Return: 0.
 *
 * MBOX_IOC_LIST, on a descriptor of /dev/mbox, takes the same struct: it tells
 * of the object with the lowest id above @id among those with an id in the
 * namespace, or fails with ENOENT. Start with 0 and go on from each
 * @id returned: what is created or unlinked meanwhile may or may not show,
 * everything else shows once.
 */
struct mbox_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__u32 kind;
	__u32 lifetime;
	__u32 state;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__s32 owner_pid;
	__u32 name_len;
	__u32 endpoints;
	__u32 readers;
	__u32 writers;
	__u32 msg_size;
	__u32 max_msgs;
	__u32 msgs;
	__aligned_u64 max_bytes;
	__aligned_u64 bytes;
	__u32 held;
	__u32 waiting_receivers;
	__u32 waiting_senders;
	__u32 reserved;
	__aligned_u64 sent;
	__aligned_u64 received;
	__aligned_u64 purged;
	__aligned_u64 dead;
	__aligned_u64 dropped;
	__aligned_u64 region_size;
	__aligned_u64 lost;
	__aligned_u64 replaced;
	__aligned_u64 expired;
	__u32 when_full;
	__u32 turns;
	__u32 receivers;
	__u32 reserved2;
	char name[MBOX_NAME_MAX + 1];
};

#define MBOX_IOC_STAT		_IO(MBOX_IOC_TYPE, MBOX_CMD_STAT)
#define MBOX_IOC_LIST		_IO(MBOX_IOC_TYPE, MBOX_CMD_LIST)

/* Flags of mbox_set: which attributes to change. */
#define MBOX_SET_UID		0x00000001
#define MBOX_SET_GID		0x00000002
#define MBOX_SET_MODE		0x00000004
#define MBOX_SET_MAX_MSGS	0x00000008
#define MBOX_SET_MAX_BYTES	0x00000010

/**
 * struct mbox_set - MBOX_IOC_SET: change attributes, all or none
 * @size: sizeof(struct mbox_set)
 * @flags: MBOX_SET_*; fields not named must be 0
 * @uid: new owner; to change it takes CAP_CHOWN as well
 * @gid: new group; one that the caller is not in takes CAP_CHOWN as well
 * @mode: new permission bits, for opens to come
 * @max_msgs: mailbox: new capacity in messages, 1 or more (EINVAL for one that
 *	has no capacity)
 * @max_bytes: mailbox: new capacity in bytes, not below the message size
 *	(likewise)
 *
 * For the owner, or with CAP_IPC_OWNER (EACCES otherwise), whatever the
 * direction of the descriptor. Capabilities count in the user namespace that
 * owns the network namespace. Giving an object away does not give away what it
 * is charged to. Shrinking a mailbox drops nothing: it takes no new message
 * until it is below its capacity.
 *
 * Return: 0.
 */
struct mbox_set {
	__u32 size;
	__u32 flags;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 max_msgs;
	__aligned_u64 max_bytes;
};

#define MBOX_IOC_SET		_IO(MBOX_IOC_TYPE, MBOX_CMD_SET)

/* Flags of mbox_send, mbox_recv, mbox_call and batches: see each. */
#define MBOX_DONTWAIT		0x00000001	/* EAGAIN rather than wait */
#define MBOX_REALTIME		0x00000002	/* @deadline is on CLOCK_REALTIME */
#define MBOX_LEASE		0x00000004	/* recv: hold it until it is acked */
#define MBOX_REPEATABLE		0x00000008	/* call: may be served again */
#define MBOX_INHERIT		0x00000010	/* fds received: not close-on-exec */
#define MBOX_ASYNC		0x00000020	/* send: a call, see @reply_fd */
#define MBOX_PEEK		0x00000040	/* recv: leave it where it is */
#define MBOX_TRUNCATE		0x00000080	/* recv: what does not fit is lost */

/**
 * struct mbox_iov - a piece of memory
 * @base: pointer to it
 * @len: its length in bytes
 */
struct mbox_iov {
	__aligned_u64 base;
	__aligned_u64 len;
};

/* Bits of @what in mbox_match. */
#define MBOX_MATCH_TYPE		0x00000001	/* of type @type */
#define MBOX_MATCH_TYPE_MAX	0x00000002	/* of the lowest type up to @type */
#define MBOX_MATCH_TYPE_NOT	0x00000004	/* of any type but @type */
#define MBOX_MATCH_PID		0x00000008	/* sent by process @pid */
#define MBOX_MATCH_PRIORITY	0x00000010	/* of priority @priority or above */

/**
 * struct mbox_match - which messages
 * @what: MBOX_MATCH_*: all that is named must hold; 0 for any message. Of the
 *	three that look at the type one at most (EINVAL).
 * @priority: see @what; 0 if not named there, as all below
 * @type: see @what
 * @pid: see @what: a process id in the caller's pid namespace. It stands for the
 *	process that has it now, or if there is none, for the one that had it and
 *	whose messages are in the mailbox (ESRCH if there is none either); never
 *	for another that gets the number later.
 * @reserved: 0
 *
 * Of the messages that match, the one of the highest priority is received, the
 * oldest of these; with MBOX_MATCH_TYPE_MAX, of those of the lowest type among
 * all that match otherwise (System V's msgrcv(): a positive msgtyp, MSG_EXCEPT,
 * a negative one). Each
 * alone costs the same however many messages are queued, but
 * MBOX_MATCH_TYPE_NOT, which may pass over those of that type; so may
 * combinations.
 */
struct mbox_match {
	__u32 what;
	__u32 priority;
	__s64 type;
	__s32 pid;
	__u32 reserved;
};

/**
 * struct mbox_fds - descriptors that a message carries
 * @fds: pointer to an array of __s32
 * @nr: sending: how many, at most MBOX_FDS_MAX. Receiving: how many fit; out:
 *	how many have come
 * @lost: out, receiving: how many more the message carries, for which there was
 *	no place in the array or in the process (MSG_CTRUNC); sending: 0
 *
 * The receiver gets descriptors of the same open files, as with SCM_RIGHTS,
 * close-on-exec unless MBOX_INHERIT, if its security modules allow. Each delivery
 * of a message gives them anew.
 *
 * A descriptor opened with O_PATH is EBADF. Refused (EINVAL) are those that could
 * hold messages or files in turn, so that nothing can come to hold itself: of
 * mailboxes, Unix sockets, io_uring, and of anonymous inodes but eventfd, epoll,
 * timerfd, signalfd, inotify, pidfd and regions.
 */
struct mbox_fds {
	__aligned_u64 fds;
	__u32 nr;
	__u32 lost;
};

/* Bits of @msg_flags in mbox_recv, and of @state in mbox_held. */
#define MBOX_MSG_CALL		0x00000001	/* the sender waits for a reply */
#define MBOX_MSG_CANCELLED	0x00000002	/* but not any more */
#define MBOX_MSG_REPLY		0x00000004	/* the reply to an asynchronous call */
#define MBOX_MSG_TRUNCATED	0x00000008	/* it did not fit, and was cut */
#define MBOX_MSG_SENDER_LIVES	0x00000010	/* held: see mbox_held */

/**
 * struct mbox_send - MBOX_IOC_SEND: send a message
 * @size: sizeof(struct mbox_send)
 * @flags: MBOX_DONTWAIT, MBOX_REALTIME, MBOX_ASYNC, MBOX_REPEATABLE
 * @buf: pointer to the data, or with @iov_nr to an array of struct mbox_iov
 * @len: its length in bytes; 0 is a message too. With @iov_nr 0: the length is
 *	that of all pieces
 * @priority: 0 to MBOX_PRIORITY_MAX
 * @type: any number, handed to the receiver (System V's message type)
 * @deadline: absolute time in nanoseconds on CLOCK_MONOTONIC (with
 *	MBOX_REALTIME on CLOCK_REALTIME, whose steps move it) until which to wait
 *	for room, not above 2^63 - 1; 0 waits for ever. One in the past still
 *	sends if there is room (mq_timedsend).
 * @refusal: out: on EAGAIN, ETIMEDOUT and EDQUOT, what there was no room in
 * @fds: descriptors to send along
 * @reply_fd: with MBOX_ASYNC, a descriptor of the mailbox that the reply shall go
 *	to, open for writing (EBADF), of variable message size; 0 otherwise
 * @reply_size: with MBOX_ASYNC, how much a reply may take; 0 otherwise
 * @cookie: with MBOX_ASYNC, any number, to know the reply by; 0 otherwise
 * @ttl: time to live in nanoseconds, at most MBOX_TIME_MAX; 0 for ever. A
 *	message that is older is never delivered: it is dropped, counted as
 *	expired, and gives its room back at the next operation on the mailbox,
 *	or when its time has come if somebody waits for room, or polls for it.
 *	One that is held does not expire, but is dropped if it comes back too
 *	late. It begins when the send does, also if that waits for room, and
 *	anew if a signal restarts it. Not with MBOX_ASYNC: a call has a deadline
 *	(EINVAL)
 * @iov_nr: 0, or how many pieces @buf points to, at most MBOX_IOV_MAX
 * @reserved: 0
 *
 * With MBOX_ASYNC the message is a call, as with MBOX_IOC_CALL, but the reply
 * comes as a message with MBOX_MSG_REPLY, or in its place one that tells why
 * there is none. The room for it is taken in the reply mailbox at once (EAGAIN if
 * there is none: it does not wait for that), and charged to the caller. The call
 * cannot be cancelled, and does not end with the caller. Where the reply mailbox
 * is the one that it is sent to, its own reply's room may be what it waits for.
 *
 * Waits, where the mailbox is full, for room; those who wait get it by the
 * priority of their messages, then in the order in which they came, and a
 * newcomer does not overtake those of its own priority or above. Limits of
 * users fail at once. O_NONBLOCK on the descriptor is as MBOX_DONTWAIT. The
 * message is charged to the effective user of the task that sends it. EPIPE
 * where nobody can ever receive it: the mailbox has ended, or it has no name or
 * id (any more) and no descriptor that can receive. A receiving descriptor of
 * one's own counts: open write-only. A signal whose handler restarts the call
 * costs its place among those who wait, here and in a receive.
 *
 * Return: 0 once the message is in the mailbox, or with a receiver.
 */
struct mbox_send {
	__u32 size;
	__u32 flags;
	__aligned_u64 buf;
	__u32 len;
	__u32 priority;
	__s64 type;
	__aligned_u64 deadline;
	struct mbox_refusal refusal;
	struct mbox_fds fds;
	__s32 reply_fd;
	__u32 reply_size;
	__aligned_u64 cookie;
	__aligned_u64 ttl;
	__u32 iov_nr;
	__u32 reserved;
};

#define MBOX_IOC_SEND		_IO(MBOX_IOC_TYPE, MBOX_CMD_SEND)

/**
 * struct mbox_recv - MBOX_IOC_RECV: receive a message, or reply and receive
 * @size: sizeof(struct mbox_recv)
 * @flags: MBOX_DONTWAIT, MBOX_REALTIME, MBOX_LEASE, MBOX_INHERIT, MBOX_PEEK,
 *	MBOX_TRUNCATE
 * @buf: pointer to where the data goes, or with @iov_nr to an array of struct
 *	mbox_iov
 * @buf_size: how much fits there; with @iov_nr 0
 * @len: out: length of the message, even if it was truncated; on EMSGSIZE the
 *	length needed
 * @deadline: as in mbox_send, to wait for a message
 * @type: out: as sent
 * @seq: out: the how-manieth message of the mailbox it is, from 1
 * @time: out: when it was sent, on CLOCK_MONOTONIC; 0 if that was before the
 *	time namespace began
 * @priority: out: as sent
 * @iov_nr: 0, or how many pieces @buf points to, at most MBOX_IOV_MAX
 * @pid: out: sender's process id; 0 if not in the receiver's pid namespace
 * @tid: out: sender's thread id; likewise
 * @uid: out: sender's effective user id; the overflow id if not mapped
 * @gid: out: sender's effective group id; likewise
 * @token: out: what MBOX_IOC_ACK, MBOX_IOC_NACK and MBOX_IOC_REPLY take, on this
 *	endpoint only; 0 if the message is not held
 * @msg_flags: out: MBOX_MSG_*
 * @deliveries: out: how often it was delivered before, under a lease
 * @reply_max: out: call: how large a reply may be
 * @reply_status: see @reply_token
 * @reply_token: if not 0, that call is replied to first, as by MBOX_IOC_REPLY
 *	with @reply_buf, @reply_len and @reply_status, not looked at otherwise. An
 *	error of that, ECANCELED aside, is returned and nothing is received. Once
 *	the reply is given (or its call found cancelled), 0 is written here, so
 *	that whatever then ends the receive, it can be called again.
 * @reply_buf: see @reply_token
 * @reply_len: see @reply_token
 * @reserved: 0
 * @reply_fds: see @reply_token
 * @fds: where received descriptors go
 * @cookie: out: of a reply: as sent with the call
 * @status: out: of a reply: the server's
 * @error: out: of a reply: 0, or in place of a reply the errno that
 *	MBOX_IOC_CALL would have failed with; there is no sender then
 * @match: which message; if nothing is named there, what the endpoint's filter
 *	(MBOX_IOC_FILTER) lets through, which is not looked at otherwise
 * @missed: out: how many messages were dropped, replaced or have expired since
 *	the last receive through the endpoint, or since it was opened; of a
 *	broadcast, of those that it would have got, which is known once it comes
 *	to where they were
 *
 * With MBOX_PEEK the message stays where it is, as if nothing had happened:
 * nothing is held, descriptors stay with it (@fds tells how many as lost), and
 * @missed goes on counting. It waits for a message, but takes no turn and gets
 * none: another may receive it at once. It excludes MBOX_LEASE and @reply_token
 * (EINVAL). With MBOX_TRUNCATE a message that is larger than the buffer is cut
 * rather than EMSGSIZE.
 *
 * With MBOX_LEASE, and for every call, the message stays held, and keeps its
 * room, until it is acked, nacked or replied to, by any process that shares the
 * endpoint. If the process that received it exits or closes its last descriptor
 * of the endpoint before, or the endpoint goes, it goes back to its place, and
 * its count of deliveries goes up; a call ends with ECONNRESET unless it is
 * repeatable. An endpoint can hold as many messages as the module's parameter
 * endpoint_max_held says (EDQUOT).
 *
 * Receives the message of the highest priority, the oldest of these, of those
 * that match. The message leaves the mailbox when its data and this struct have
 * been written: a bad pointer (EFAULT) or a small buffer (EMSGSIZE) leaves it
 * at its place. Whose turn it is (enum mbox_turns) is served first; one whose
 * buffer is too small for the message that comes gets EMSGSIZE, and the next
 * one gets the message. EPIPE where no message can ever come: the mailbox has
 * ended and is empty; or it is empty, has no name or id (any more), and no
 * descriptor that can send.
 *
 * Return: 0.
 */
struct mbox_recv {
	__u32 size;
	__u32 flags;
	__aligned_u64 buf;
	__u32 buf_size;
	__u32 len;
	__aligned_u64 deadline;
	__s64 type;
	__aligned_u64 seq;
	__aligned_u64 time;
	__u32 priority;
	__u32 iov_nr;
	__s32 pid;
	__s32 tid;
	__u32 uid;
	__u32 gid;
	__aligned_u64 token;
	__u32 msg_flags;
	__u32 deliveries;
	__u32 reply_max;
	__s32 reply_status;
	__aligned_u64 reply_token;
	__aligned_u64 reply_buf;
	__u32 reply_len;
	__u32 reserved;
	struct mbox_fds reply_fds;
	struct mbox_fds fds;
	__aligned_u64 cookie;
	__s32 status;
	__s32 error;
	__aligned_u64 missed;
	struct mbox_match match;
};

#define MBOX_IOC_RECV		_IO(MBOX_IOC_TYPE, MBOX_CMD_RECV)

/**
 * struct mbox_ack - MBOX_IOC_ACK: a held message is done with
 * @size: sizeof(struct mbox_ack)
 * @flags: 0
 * @token: as received (ESTALE if it is not held by this endpoint)
 *
 * The message is gone and its room is given back. For a call it is a reply of
 * no data and status 0.
 *
 * Return: 0.
 */
struct mbox_ack {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
};

#define MBOX_IOC_ACK		_IO(MBOX_IOC_TYPE, MBOX_CMD_ACK)

/**
 * struct mbox_nack - MBOX_IOC_NACK: give a held message back
 * @size: sizeof(struct mbox_nack)
 * @flags: 0
 * @token: as received (ESTALE if it is not held by this endpoint)
 * @delay: nanoseconds to put it off for, at most MBOX_TIME_MAX; it keeps its room
 *	meanwhile. 0 for none
 *
 * It goes back to its place, and its count of deliveries goes up, or it goes
 * the way of what was delivered too often (see @max_deliveries in mbox_create).
 * A call goes back too, whether it is repeatable or not: who gives it back says
 * that it was not done.
 *
 * Return: 0.
 */
struct mbox_nack {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 delay;
};

#define MBOX_IOC_NACK		_IO(MBOX_IOC_TYPE, MBOX_CMD_NACK)

/**
 * struct mbox_held - MBOX_IOC_HELD: ask after a held message
 * @size: sizeof(struct mbox_held)
 * @flags: 0
 * @token: as received (ESTALE if it is not held by this endpoint); or 0 for any
 *	call that has been cancelled, which is then written here (ENOENT if there
 *	is none): what to do on POLLPRI
 * @state: out: MBOX_MSG_*. MBOX_MSG_SENDER_LIVES: the process that sent it has
 *	not ended, or has not been waited for: as long as that is so, its process
 *	id is no other's. So after pidfd_open(2) of the @pid received, this tells
 *	whether the pidfd is the sender's.
 * @deliveries: out: as received
 *
 * Return: 0.
 */
struct mbox_held {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__u32 state;
	__u32 deliveries;
};

#define MBOX_IOC_HELD		_IO(MBOX_IOC_TYPE, MBOX_CMD_HELD)

/**
 * struct mbox_call - MBOX_IOC_CALL: send a request and wait for its reply
 * @size: sizeof(struct mbox_call)
 * @flags: MBOX_DONTWAIT (not for room: EAGAIN; for the reply it always waits),
 *	MBOX_REALTIME, MBOX_REPEATABLE (if its server ends without a reply,
 *	another one shall get it), MBOX_INHERIT
 * @buf: pointer to the request
 * @len: its length in bytes
 * @priority: as in mbox_send
 * @type: as in mbox_send
 * @deadline: as in mbox_send, for room and reply together
 * @id: 0, or that of a call that was interrupted, to wait for it again: the
 *	rest but the reply, flags and deadline is not looked at then. Written
 *	before the call is sent; 0 when it is over. A call is not over after
 *	EINTR, nor after EFAULT if the id is not 0.
 * @reply_buf: pointer to where the reply goes
 * @reply_size: how much fits there, which is what a reply may take: its room is
 *	set aside, and charged to the caller, until the call is over
 * @reply_len: out: length of the reply
 * @status: out: a number that the server has given with the reply
 * @reserved: 0
 * @refusal: out: as in mbox_send
 * @fds: descriptors to send along
 * @reply_fds: where descriptors that come with the reply go
 *
 * Errors beside those of mbox_send: EPIPE if nobody took it and nobody can,
 * ECONNRESET if who took it ended without a reply, ECANCELED if it was cancelled
 * (MBOX_IOC_CANCEL) or purged, ESTALE if @id is no call of this endpoint, EBUSY
 * if another task waits for it. At ETIMEDOUT it is cancelled.
 *
 * If the process that calls ends, or closes its last descriptor of the endpoint,
 * its calls are cancelled: those not taken vanish, those taken are shown to
 * their holder as cancelled.
 *
 * Return: 0 with a reply.
 */
struct mbox_call {
	__u32 size;
	__u32 flags;
	__aligned_u64 buf;
	__u32 len;
	__u32 priority;
	__s64 type;
	__aligned_u64 deadline;
	__aligned_u64 id;
	__aligned_u64 reply_buf;
	__u32 reply_size;
	__u32 reply_len;
	__s32 status;
	__u32 reserved;
	struct mbox_refusal refusal;
	struct mbox_fds fds;
	struct mbox_fds reply_fds;
};

#define MBOX_IOC_CALL		_IO(MBOX_IOC_TYPE, MBOX_CMD_CALL)

/**
 * struct mbox_reply - MBOX_IOC_REPLY: answer a call
 * @size: sizeof(struct mbox_reply)
 * @flags: 0
 * @token: as received (ESTALE if it is not held by this endpoint, EINVAL if it
 *	is not a call)
 * @buf: pointer to the reply
 * @len: its length in bytes; EMSGSIZE if it is more than the caller allows, and
 *	the token stays valid, as it does with EFAULT
 * @status: any number, handed to the caller
 * @fds: descriptors to send along
 *
 * Never waits, and needs memory for descriptors only. ECANCELED if the caller
 * does not wait any more: the token is used up all the same.
 *
 * Return: 0.
 */
struct mbox_reply {
	__u32 size;
	__u32 flags;
	__aligned_u64 token;
	__aligned_u64 buf;
	__u32 len;
	__s32 status;
	struct mbox_fds fds;
};

#define MBOX_IOC_REPLY		_IO(MBOX_IOC_TYPE, MBOX_CMD_REPLY)

/**
 * struct mbox_cancel - MBOX_IOC_CANCEL: give a call up
 * @size: sizeof(struct mbox_cancel)
 * @flags: 0
 * @id: of a call of this endpoint (ESTALE if there is none)
 *
 * Who waits for it gets ECANCELED.
 *
 * Return: 0.
 */
struct mbox_cancel {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
};

#define MBOX_IOC_CANCEL		_IO(MBOX_IOC_TYPE, MBOX_CMD_CANCEL)

/* Batches: their items never grow; another form of them gets another command. */

/**
 * struct mbox_send_item - a message of a batch to send
 * @buf: as in mbox_send
 * @len: as in mbox_send
 * @priority: as in mbox_send
 * @type: as in mbox_send
 * @ttl: as in mbox_send
 * @reserved: 0
 */
struct mbox_send_item {
	__aligned_u64 buf;
	__u32 len;
	__u32 priority;
	__s64 type;
	__aligned_u64 ttl;
	__aligned_u64 reserved;
};

/**
 * struct mbox_send_batch - MBOX_IOC_SEND_BATCH: send some messages
 * @size: sizeof(struct mbox_send_batch)
 * @flags: MBOX_DONTWAIT, MBOX_REALTIME
 * @items: pointer to an array of struct mbox_send_item
 * @nr: how many, 1 to MBOX_BATCH_MAX
 * @error: out: the errno that the first message which was not sent met, or 0.
 *	It must be writable before any is sent (EFAULT)
 * @deadline: as in mbox_send, for the first message: the others do not wait
 * @refusal: out: as in mbox_send, of the message that @error is of
 *
 * The same as a send of each, in order, up to the first that cannot be sent.
 * Those that get in together may have one time, which is when they were sent; a
 * time to live begins with its own message.
 *
 * Return: how many were sent; if there is an error with the first, that.
 */
struct mbox_send_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 items;
	__u32 nr;
	__s32 error;
	__aligned_u64 deadline;
	struct mbox_refusal refusal;
};

#define MBOX_IOC_SEND_BATCH	_IO(MBOX_IOC_TYPE, MBOX_CMD_SEND_BATCH)

/**
 * struct mbox_recv_item - a message of a batch that is received
 * @buf: as in mbox_recv, as all below
 * @buf_size: how much fits there
 * @len: out
 * @type: out
 * @seq: out
 * @time: out
 * @token: out
 * @missed: out
 * @cookie: out
 * @priority: out
 * @deliveries: out
 * @pid: out
 * @tid: out
 * @uid: out
 * @gid: out
 * @msg_flags: out
 * @reply_max: out
 * @status: out
 * @error: out
 * @fds_lost: out: how many descriptors came with it, which are closed
 * @reserved: out: 0
 */
struct mbox_recv_item {
	__aligned_u64 buf;
	__u32 buf_size;
	__u32 len;
	__s64 type;
	__aligned_u64 seq;
	__aligned_u64 time;
	__aligned_u64 token;
	__aligned_u64 missed;
	__aligned_u64 cookie;
	__u32 priority;
	__u32 deliveries;
	__s32 pid;
	__s32 tid;
	__u32 uid;
	__u32 gid;
	__u32 msg_flags;
	__u32 reply_max;
	__s32 status;
	__s32 error;
	__u32 fds_lost;
	__u32 reserved;
};

/**
 * struct mbox_recv_batch - MBOX_IOC_RECV_BATCH: receive some messages
 * @size: sizeof(struct mbox_recv_batch)
 * @flags: MBOX_DONTWAIT, MBOX_REALTIME, MBOX_LEASE, MBOX_TRUNCATE
 * @items: pointer to an array of struct mbox_recv_item
 * @nr: how many, 1 to MBOX_BATCH_MAX
 * @error: out: the errno that the receive which came last met, or 0 if as many
 *	as asked for were received; on EMSGSIZE the @len of its item is written.
 *	It must be writable before any is received (EFAULT)
 * @deadline: as in mbox_recv, for the first message: the others do not wait
 * @match: as in mbox_recv
 *
 * The same as a receive of each, in order, up to the first that fails. They are
 * taken a few at a time: if one cannot be handed over, it goes back to its place
 * and those that were taken with it behind it to theirs; another receiver did
 * not find them meanwhile.
 *
 * Return: how many were received; if the first fails, its error.
 */
struct mbox_recv_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 items;
	__u32 nr;
	__s32 error;
	__aligned_u64 deadline;
	struct mbox_match match;
};

#define MBOX_IOC_RECV_BATCH	_IO(MBOX_IOC_TYPE, MBOX_CMD_RECV_BATCH)

/**
 * struct mbox_filter - MBOX_IOC_FILTER: have an endpoint see some messages only
 * @size: sizeof(struct mbox_filter)
 * @flags: 0
 * @match: which; nothing named there takes the filter away
 *
 * It holds for receives through the endpoint that do not name others, for read,
 * poll and signals, for all who share the endpoint, from now on; a receive that
 * waits already goes by what held when it began, unless it is of a broadcast.
 * Others may receive what it leaves. Needs a descriptor that can receive (EBADF).
 *
 * Return: 0.
 */
struct mbox_filter {
	__u32 size;
	__u32 flags;
	struct mbox_match match;
};

#define MBOX_IOC_FILTER		_IO(MBOX_IOC_TYPE, MBOX_CMD_FILTER)

/* Flags of mbox_notify. */
#define MBOX_NOTIFY_OFF		0x00000001	/* not any more */

/**
 * struct mbox_notify - MBOX_IOC_NOTIFY: ask for one signal
 * @size: sizeof(struct mbox_notify)
 * @flags: 0, or MBOX_NOTIFY_OFF to take it back
 *
 * The next message that can be received through the endpoint where none could
 * (as far as can be seen without going through what is queued) sends a signal,
 * once, unless a receiver that waits gets it (mq_notify()); so does the end,
 * after which none can come (POLLHUP). It is SIGIO, or what
 * F_SETSIG says (then si_fd and si_band tell of what), and goes to whom
 * F_SETOWN or F_SETOWN_EX names; if nobody is named, the calling process is
 * from then on. EBUSY where O_ASYNC is set, which brings every signal; to set it
 * takes this back. To ask again is no error; any number of endpoints may ask.
 * Needs a descriptor that can receive (EBADF).
 *
 * Return: 0.
 */
struct mbox_notify {
	__u32 size;
	__u32 flags;
};

#define MBOX_IOC_NOTIFY		_IO(MBOX_IOC_TYPE, MBOX_CMD_NOTIFY)

/**
 * struct mbox_purge - MBOX_IOC_PURGE: throw away what is queued
 * @size: sizeof(struct mbox_purge)
 * @flags: 0
 *
 * Drops the messages that were queued or put off when it was called, not those
 * that are being received nor those of senders that wait for room or to be
 * received, who get it. Of a broadcast, those that the endpoint has not received.
 * Needs a descriptor that can receive (EBADF).
 *
 * Return: how many were dropped, or the largest int.
 */
struct mbox_purge {
	__u32 size;
	__u32 flags;
};

#define MBOX_IOC_PURGE		_IO(MBOX_IOC_TYPE, MBOX_CMD_PURGE)

/**
 * struct mbox_counter - a limit and how much of it is used
 * @used: out: in use
 * @max: out: the limit
 */
struct mbox_counter {
	__aligned_u64 used;
	__aligned_u64 max;
};

/**
 * struct mbox_usage - MBOX_IOC_USAGE: what a user takes of the limits
 * @size: sizeof(struct mbox_usage)
 * @flags: 0
 * @uid: the user, as seen from the caller's user namespace
 * @reserved: 0
 * @bytes: out: MBOX_LIMIT_USER_BYTES. These are drawn in chunks for each
 *	mailbox that a process sends to, of which 16 KiB may be unused as long as
 *	an endpoint is open through which it has sent.
 * @mailboxes: out: MBOX_LIMIT_USER_MAILBOXES
 * @regions: out: MBOX_LIMIT_USER_REGIONS
 * @region_bytes: out: MBOX_LIMIT_USER_REGION_BYTES
 * @ns_objects: out: MBOX_LIMIT_NS_OBJECTS, of the whole namespace
 * @fds: out: MBOX_LIMIT_USER_FDS
 *
 * For one's own effective or real user id; for others' with CAP_IPC_OWNER in
 * one's own user namespace (EACCES otherwise). EINVAL for an id that has no
 * mapping.
 *
 * Return: 0.
 */
struct mbox_usage {
	__u32 size;
	__u32 flags;
	__u32 uid;
	__u32 reserved;
	struct mbox_counter bytes;
	struct mbox_counter mailboxes;
	struct mbox_counter regions;
	struct mbox_counter region_bytes;
	struct mbox_counter ns_objects;
	struct mbox_counter fds;
};

#define MBOX_IOC_USAGE		_IO(MBOX_IOC_TYPE, MBOX_CMD_USAGE)

#endif /* _UAPI_LINUX_MBOX_H */
