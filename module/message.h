/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages: what one is, in which order they are, and which of them one wants.
 * Nothing here knows of locks, of tasks or of mailboxes.
 */
#ifndef MBOX_MESSAGE_H
#define MBOX_MESSAGE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/mbox.h>

struct mbox_endpoint;
struct mbox_files;
struct mbox_mailbox;
struct mbox_refused;
struct mbox_share;
struct mbox_waiter;
struct pid;

/* message.c: one message */

/* What a message is. */
enum mbox_msg_kind {
	MBOX_PLAIN,
	MBOX_CALL,
	MBOX_ANSWER,		/* to an asynchronous call */
	MBOX_COPY,		/* of a broadcast, for one endpoint */
};

/* Where a message is. */
enum mbox_place {
	MBOX_NOWHERE,		/* being made, over, or on its way out */
	MBOX_PENDING,		/* waits for room */
	MBOX_QUEUED,		/* can be received */
	MBOX_CLAIMED,		/* held by a task in a command */
	MBOX_LEASED,		/* held by an endpoint under a token */
	MBOX_DELAYED,		/* put off */
};

/* Bits of a message's @state. */
#define MBOX_BY_TYPE		0x01	/* it is in the index of types */
#define MBOX_BY_SENDER		0x02	/* it is in the index of senders */
#define MBOX_DISCARD_LATER	0x04	/* what to do once it is not pinned */
#define MBOX_FORWARD_LATER	0x08	/* likewise */
#define MBOX_UNCHARGED		0x10	/* nobody pays for it but who holds it */
#define MBOX_IN_TAIL		0x20	/* it is at the tail of a queue */

/**
 * struct mbox_msg - a message
 * @order: in a queue, but at its tail; among those that are held or put off
 * @line: at the tail of a queue
 * @next: in a list of messages to be freed
 * @by_type: queued: in the index of types
 * @here: queued, of a broadcast: how many endpoints are to receive it next
 * @sender: pending: the task that waits for room for it; NULL for a call
 * @holder: leased: the endpoint that holds it; of a copy, whose it is
 * @process: leased: the process that received it, held; otherwise NULL
 * @token: claimed or leased: its token; put off: the time until when
 * @by_sender: queued: in the index of senders
 * @group: else: the memory cgroup that it is charged to, see spare.h; 0: it is
 *	not to be used again
 * @share: the sending process and user; counted in it, but by a copy
 * @tid: sending thread, held; NULL: the one that the process began with; of an
 *	answer: nobody
 * @seq: among equal priorities, lower ones first; while waiting for room, the
 *	order of arrival, and from the admission on the mailbox's number
 * @time: CLOCK_MONOTONIC, of the initial time namespace
 * @type: any number
 * @len: bytes of data
 * @pins: tasks that read it where it is, and copies of it: it stays in memory
 * @priority: higher ones first
 * @deliveries: how often it has been delivered and has come back
 * @place: enum mbox_place
 * @kind: enum mbox_msg_kind
 * @state: see above
 * @head: where its data is, in units of eight bytes: more than the struct if it
 *	has a struct mbox_extra
 * @body: that, and the data
 *
 * What is written before the message is admitted does not change afterwards;
 * the rest is under object->lock. It has 128 bytes at most: with 64 bytes of data a
 * message then fits 192 bytes of slab.
 */
struct mbox_msg {
	union {
		struct rb_node order;
		struct hlist_node line;
		struct mbox_msg *next;
	};
	union {
		struct rb_node by_type;
		u32 here;
		struct {
			union {
				struct mbox_waiter *sender;
				struct mbox_endpoint *holder;
			};
			struct pid *process;
			u64 token;
		};
	};
	union {
		struct rb_node by_sender;
		u64 group;
	};
	struct mbox_share *share;
	struct pid *tid;
	u64 seq;
	u64 time;
	s64 type;
	u32 len;
	u32 pins;
	u16 priority;
	u16 deliveries;
	u8 place;
	u8 kind;
	u8 state;
	u8 head;
	u64 body[] __aligned(8);
};

/**
 * struct mbox_extra - what few messages have
 * @apart: its data, where that is not behind it, see message.c
 * @tag: then, of the memory for that, see spare.h
 * @files: that it carries, if any
 * @expiry: when its time to live ends, on CLOCK_MONOTONIC; 0: never
 * @by_expiry: queued, with an @expiry: in mailbox->expiries
 * @meeting: of a rendezvous: the task that waits until it is received
 * @original: of a copy: what it is of, pinned
 * @payer: of a copy: the share of who holds it, to which it is charged
 */
struct mbox_extra {
	u8 *apart;
	u64 tag;
	struct mbox_files *files;
	u64 expiry;
	struct rb_node by_expiry;
	struct mbox_waiter *meeting;
	struct mbox_msg *original;
	struct mbox_share *payer;
};

/**
 * struct mbox_callinfo - what makes a message a call or an answer
 * @extra: as of others
 * @node: in @caller's calls, by @id
 * @answer: asynchronous call: the message that its reply goes into
 * @to: answer: the mailbox that it goes to, held until it is there
 * @cookie: answer: the caller's
 * @pid: answer: who has replied, held
 * @uid: answer: who has replied
 * @gid: answer: likewise
 * @caller: the endpoint whose call it is; NULL once nobody waits for a reply
 * @waiter: the task that waits, if one does
 * @id: for the caller to find it again
 * @repeatable: may be served again
 * @over: there is a reply or an error; of an answer: it has been delivered
 * @fetched: a task is copying the reply to user memory
 * @result: 0 or -errno, once over
 * @status: the server's, once over
 * @cost: bytes that are charged for the message
 * @reply: room for the reply
 * @reply_tag: where that is apart, likewise
 * @reply_max: how much
 * @reply_len: its length, once over
 * @files: that the reply carries, if any
 *
 * All under object->lock. A call belongs to its caller once it is over. Before,
 * the mailbox has it, and frees it when it is over and has no caller any more.
 * The reply is written by who holds the message, before it is over.
 */
struct mbox_callinfo {
	struct mbox_extra extra;
	struct rb_node node;
	struct mbox_msg *answer;
	struct mbox_mailbox *to;
	u64 cookie;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	struct mbox_endpoint *caller;
	struct mbox_waiter *waiter;
	u64 id;
	bool repeatable;
	bool over;
	bool fetched;
	int result;
	s32 status;
	u32 cost;
	u32 reply_max;
	u32 reply_len;
	u8 *reply;
	u64 reply_tag;
	struct mbox_files *files;
};

/* NULL if it has none. */
static inline struct mbox_extra *mbox_msg_extra(const struct mbox_msg *msg)
{
	return msg->head > offsetof(struct mbox_msg, body) / 8 ?
	       (struct mbox_extra *)msg->body : NULL;
}

/* Of a call or an answer. */
static inline struct mbox_callinfo *mbox_msg_call(const struct mbox_msg *msg)
{
	return (struct mbox_callinfo *)msg->body;
}

static inline struct mbox_msg *mbox_call_msg(const struct mbox_callinfo *call)
{
	return container_of((const u64 *)call, struct mbox_msg, body[0]);
}

static inline u8 *mbox_msg_data(const struct mbox_msg *msg)
{
	const struct mbox_extra *extra;

	if (unlikely(msg->kind == MBOX_COPY))
		msg = mbox_msg_extra(msg)->original;
	extra = mbox_msg_extra(msg);
	if (unlikely(extra && extra->apart))
		return extra->apart;
	return (u8 *)msg + 8 * msg->head;
}

static inline struct mbox_files *mbox_msg_files(const struct mbox_msg *msg)
{
	const struct mbox_extra *extra = mbox_msg_extra(msg);

	if (likely(!extra))
		return NULL;
	if (msg->kind == MBOX_COPY)
		return mbox_msg_files(extra->original);
	return extra->files;
}

static inline u64 mbox_msg_expiry(const struct mbox_msg *msg)
{
	const struct mbox_extra *extra = mbox_msg_extra(msg);

	return unlikely(extra) ? extra->expiry : 0;
}

/* What a message takes of its user's limit. */
static inline u32 mbox_msg_cost(const struct mbox_msg *msg)
{
	if (msg->kind == MBOX_CALL || msg->kind == MBOX_ANSWER)
		return mbox_msg_call(msg)->cost;
	return 8 * msg->head + msg->len;
}

/* Does a task, or will one, wait for what becomes of it? */
static inline bool mbox_msg_is_awaited(const struct mbox_msg *msg)
{
	return msg->kind == MBOX_CALL && !mbox_msg_call(msg)->answer;
}

/* A call that somebody has sent, and does not want answered any more. */
static inline bool mbox_msg_is_cancelled(const struct mbox_msg *msg)
{
	return mbox_msg_is_awaited(msg) && !mbox_msg_call(msg)->caller;
}

/**
 * struct mbox_area - where data is in user memory, or is to go
 * @at: where it begins
 * @len: how many bytes there are, or fit
 * @iter: if they are not in one piece: what tells where, instead of @at
 */
struct mbox_area {
	void __user *at;
	u32 len;
	struct iov_iter *iter;
};

/*
 * What a message is to be made of. @files becomes the message's, once there is
 * one. @ttl is how long it may live, 0 for ever. @from has at least @len bytes.
 * Where @small is set, none is made that takes more than a page of memory.
 */
struct mbox_draft {
	struct mbox_files *files;
	struct mbox_area from;
	u32 len;
	u32 priority;
	s64 type;
	u64 ttl;
	u64 time;
	u8 kind;
	bool repeatable;
	bool small;
	u32 reply_max;
	struct mbox_msg *answer;
};

struct mbox_msg *mbox_make_msg(struct mbox_endpoint *ep,
			       const struct mbox_draft *draft,
			       struct mbox_refused *why);
void mbox_unmake_msg(struct mbox_mailbox *mb, struct mbox_msg *msg);
struct mbox_msg *mbox_copy_alloc(void);
struct pid *mbox_msg_process(const struct mbox_msg *msg);
void mbox_msg_free(struct mbox_mailbox *mb, struct mbox_msg *msg);
void mbox_msg_free_all(struct mbox_mailbox *mb, struct mbox_msg *first);

/* spare.h: messages to be used again */

#define MBOX_SPARE_SIZES	4

/* Messages that nobody needs now, by their size; see spare.h. */
struct mbox_spares {
	struct mbox_msg *first[MBOX_SPARE_SIZES];
};

void mbox_spares_destroy(struct mbox_spares *spares);

/* rule.c: which messages one wants */

/**
 * struct mbox_rule - the kernel's form of struct mbox_match
 * @what: MBOX_MATCH_*
 * @priority: see there
 * @type: see there
 * @pid: the process, held
 */
struct mbox_rule {
	u32 what;
	u32 priority;
	s64 type;
	struct pid *pid;
};

int mbox_rule_make(struct mbox_rule *rule, const struct mbox_match *match,
		   struct mbox_mailbox *mb);

/* The rule for @match, to be put; on an error there is none. */
static inline int mbox_rule_get(struct mbox_rule *rule,
				const struct mbox_match *match,
				struct mbox_mailbox *mb)
{
	*rule = (struct mbox_rule){};
	if (likely(!match->what && !match->priority && !match->type &&
		   !match->pid && !match->reserved))
		return 0;
	return mbox_rule_make(rule, match, mb);
}

void mbox_rule_copy(struct mbox_rule *to, const struct mbox_rule *from);
void mbox_rule_clear(struct mbox_rule *rule);

static inline void mbox_rule_put(struct mbox_rule *rule)
{
	if (unlikely(rule->what))
		mbox_rule_clear(rule);
}

bool mbox_rule_walks(const struct mbox_rule *rule);
bool mbox_rule_admits(const struct mbox_rule *rule, const struct mbox_msg *msg);

/* queue.c: messages in order; no locks, no sleeping, no user memory */

/* How many messages are the tail of a queue at most. */
#define MBOX_TAIL_MAX	32

/**
 * struct mbox_queue - messages in the order in which they are received
 * @root: all but the tail
 * @last: the last of these
 * @tail: the last ones of all, in a list
 * @end: the last of these
 * @count: how many there are of all
 * @nr_tree: how many of these are in @root
 * @index: MBOX_BY_TYPE, MBOX_BY_SENDER: which indexes there are
 * @types: by type, then in that order
 * @answers: with MBOX_BY_SENDER: answers, in that order: their sender is not
 *	their share's
 */
struct mbox_queue {
	struct rb_root_cached root;
	struct rb_node *last;
	struct hlist_head tail;
	struct hlist_node *end;
	u32 count;
	u32 nr_tree;
	u8 index;
	struct rb_root types;
	struct rb_root answers;
};

/* How far the messages of a queue have been gone through. */
struct mbox_cursor {
	u32 priority;
	u64 seq;
};

#define MBOX_CURSOR_START { .priority = U32_MAX }

void mbox_queue_init(struct mbox_queue *q);
void mbox_queue_place(struct mbox_queue *q, struct mbox_msg *msg);
void mbox_queue_displace(struct mbox_queue *q, struct mbox_msg *msg);

static inline struct mbox_msg *mbox_tail_entry(struct hlist_node *node)
{
	return hlist_entry_safe(node, struct mbox_msg, line);
}

/* No two messages of a queue have the same @seq. */
static inline bool mbox_before(const struct mbox_msg *a,
			       const struct mbox_msg *b)
{
	return likely(a->priority == b->priority) ? a->seq < b->seq :
						    a->priority > b->priority;
}

/* Is it clear that @msg goes in behind all of @q? */
static inline bool mbox_queue_ends_before(const struct mbox_queue *q,
					  const struct mbox_msg *msg)
{
	return q->end ? mbox_before(mbox_tail_entry(q->end), msg) :
			!q->root.rb_leftmost;
}

static inline void mbox_queue_append(struct mbox_queue *q, struct mbox_msg *msg)
{
	if (q->end)
		hlist_add_behind(&msg->line, q->end);
	else
		hlist_add_head(&msg->line, &q->tail);
	q->end = &msg->line;
	msg->state |= MBOX_IN_TAIL;
}

/* Most messages go in behind the last, see queue.c. */
static inline void mbox_queue_insert(struct mbox_queue *q, struct mbox_msg *msg)
{
	bool room = q->count++ - q->nr_tree < MBOX_TAIL_MAX;

	if (likely(mbox_queue_ends_before(q, msg) && room && !q->index))
		mbox_queue_append(q, msg);
	else
		mbox_queue_place(q, msg);
}

/* The one before @node in the tail of @q, or NULL. */
static inline struct hlist_node *mbox_tail_prev(const struct mbox_queue *q,
						const struct hlist_node *node)
{
	return node->pprev == &q->tail.first ? NULL :
	       container_of(node->pprev, struct hlist_node, next);
}

static inline void mbox_queue_unlink(struct mbox_queue *q, struct mbox_msg *msg)
{
	if (q->end == &msg->line)
		q->end = mbox_tail_prev(q, &msg->line);
	__hlist_del(&msg->line);
	msg->state &= ~MBOX_IN_TAIL;
}

static inline void mbox_queue_remove(struct mbox_queue *q, struct mbox_msg *msg)
{
	q->count--;
	if (likely(msg->state & MBOX_IN_TAIL && !q->index))
		mbox_queue_unlink(q, msg);
	else
		mbox_queue_displace(q, msg);
}

/* The functions below return NULL where there is no such message. */

static inline struct mbox_msg *mbox_queue_first(const struct mbox_queue *q)
{
	return unlikely(q->root.rb_leftmost) ?
	       rb_entry(q->root.rb_leftmost, struct mbox_msg, order) :
	       mbox_tail_entry(q->tail.first);
}

struct mbox_msg *mbox_queue_next(const struct mbox_queue *q,
				 const struct mbox_msg *msg);
struct mbox_msg *mbox_queue_prev(const struct mbox_queue *q,
				 const struct mbox_msg *msg);
struct mbox_msg *mbox_queue_from(const struct mbox_queue *q,
				 const struct mbox_cursor *at);
struct mbox_msg *mbox_queue_lowest(const struct mbox_queue *q);
struct mbox_msg *mbox_queue_of_type(const struct mbox_queue *q, s64 type);
struct mbox_msg *mbox_queue_next_of_type(const struct mbox_msg *msg);
bool mbox_queue_index(struct mbox_queue *q, u8 index, struct mbox_cursor *at);
struct mbox_msg *mbox_sender_first(const struct rb_root *root);
struct mbox_msg *mbox_sender_lowest(const struct rb_root *root);
struct mbox_msg *mbox_sender_next(const struct mbox_msg *msg);
struct mbox_msg *mbox_queue_typed(const struct mbox_queue *q,
				  const struct mbox_rule *rule);

#endif /* MBOX_MESSAGE_H */
