// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in the order in which they are received: the highest priority
 * first, the oldest of these first. Trees and lists are within the messages, so
 * that nothing here can fail. The caller holds the lock of whatever the queue is
 * in.
 *
 * Most messages go in behind the last and are taken out at the front. So a queue
 * is a tree and, behind all that is there, a tail: a short list, which costs a
 * fraction of what a tree does. When that is full, its first message goes to the
 * tree for each new one at its end. What goes in elsewhere is put into the tree,
 * or, where its place is within the tail, there after a look at each; that takes
 * no longer than a search of a large tree.
 *
 * A queue that is searched has indexes: by type, and of what each share has in
 * it. There are none until somebody searches. Then the index is built in steps,
 * between which the queue may change: from the first step on, what is inserted
 * is indexed as well, and each message knows which indexes it is in.
 */
#include "mbox.h"

/* Messages that an index takes in a step. */
#define MBOX_INDEX_STEP	64

static struct mbox_msg *mbox_queue_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_msg, order);
}

static struct mbox_msg *mbox_type_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_msg, by_type);
}

static struct mbox_msg *mbox_sender_entry(const struct rb_node *node)
{
	return rb_entry_safe(node, struct mbox_msg, by_sender);
}

void mbox_queue_init(struct mbox_queue *q)
{
	q->root = RB_ROOT_CACHED;
	q->last = NULL;
	INIT_HLIST_HEAD(&q->tail);
	q->end = NULL;
	q->count = 0;
	q->nr_tree = 0;
	q->index = 0;
	q->types = RB_ROOT;
	q->answers = RB_ROOT;
}

static bool mbox_type_less(struct rb_node *a, const struct rb_node *b)
{
	const struct mbox_msg *x = mbox_type_entry(a), *y = mbox_type_entry(b);

	return x->type != y->type ? x->type < y->type : mbox_before(x, y);
}

static bool mbox_sender_less(struct rb_node *a, const struct rb_node *b)
{
	return mbox_before(mbox_sender_entry(a), mbox_sender_entry(b));
}

static struct rb_root *mbox_sender_root(struct mbox_queue *q,
					const struct mbox_msg *msg)
{
	return msg->kind == MBOX_ANSWER ? &q->answers : &msg->share->queue;
}

/* Put @msg into those of @index that it is not in. */
static void mbox_queue_index_msg(struct mbox_queue *q, struct mbox_msg *msg,
				 u8 index)
{
	index &= ~msg->state;
	if (index & MBOX_BY_TYPE)
		rb_add(&msg->by_type, &q->types, mbox_type_less);
	if (index & MBOX_BY_SENDER)
		rb_add(&msg->by_sender, mbox_sender_root(q, msg),
		       mbox_sender_less);
	msg->state |= index;
}

static void mbox_tree_insert(struct mbox_queue *q, struct mbox_msg *msg)
{
	struct rb_node **link = &q->root.rb_root.rb_node, *parent = NULL;
	bool first = true, last = true;

	if (q->last && mbox_before(mbox_queue_entry(q->last), msg)) {
		parent = q->last;
		link = &parent->rb_right;
		first = false;
	}
	while (*link) {
		parent = *link;
		if (mbox_before(msg, mbox_queue_entry(parent))) {
			link = &parent->rb_left;
			last = false;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&msg->order, parent, link);
	rb_insert_color_cached(&msg->order, &q->root, first);
	if (last)
		q->last = &msg->order;
	q->nr_tree++;
}

static void mbox_tree_remove(struct mbox_queue *q, struct mbox_msg *msg)
{
	if (q->last == &msg->order)
		q->last = rb_prev(&msg->order);
	rb_erase_cached(&msg->order, &q->root);
	q->nr_tree--;
}

/* Put @msg, which is behind the first of the tail, but not the last, there. */
static void mbox_tail_insert(struct mbox_queue *q, struct mbox_msg *msg)
{
	struct hlist_node *node = q->end;

	while (mbox_before(msg, mbox_tail_entry(node)))
		node = mbox_tail_prev(q, node);
	hlist_add_behind(&msg->line, node);
	msg->state |= MBOX_IN_TAIL;
}

/* See mbox_queue_insert(), which does what is most common. */
void mbox_queue_place(struct mbox_queue *q, struct mbox_msg *msg)
{
	struct mbox_msg *first = mbox_tail_entry(q->tail.first);

	if (mbox_queue_ends_before(q, msg) ||
	    (!first && mbox_before(mbox_queue_entry(q->last), msg)))
		mbox_queue_append(q, msg);
	else if (!first || mbox_before(msg, first))
		mbox_tree_insert(q, msg);
	else
		mbox_tail_insert(q, msg);

	if (q->count - q->nr_tree > MBOX_TAIL_MAX) {
		mbox_queue_unlink(q, first);
		mbox_tree_insert(q, first);
	}
	if (unlikely(q->index))
		mbox_queue_index_msg(q, msg, q->index);
}

/* See mbox_queue_remove(), likewise. */
void mbox_queue_displace(struct mbox_queue *q, struct mbox_msg *msg)
{
	if (unlikely(msg->state & MBOX_BY_TYPE))
		rb_erase(&msg->by_type, &q->types);
	if (unlikely(msg->state & MBOX_BY_SENDER)) {
		rb_erase(&msg->by_sender, mbox_sender_root(q, msg));
		msg->group = 0;
	}
	msg->state &= ~(MBOX_BY_TYPE | MBOX_BY_SENDER);

	if (msg->state & MBOX_IN_TAIL)
		mbox_queue_unlink(q, msg);
	else
		mbox_tree_remove(q, msg);
}

struct mbox_msg *mbox_queue_next(const struct mbox_queue *q,
				 const struct mbox_msg *msg)
{
	struct rb_node *node;

	if (msg->state & MBOX_IN_TAIL)
		return mbox_tail_entry(msg->line.next);
	node = rb_next(&msg->order);
	return node ? mbox_queue_entry(node) : mbox_tail_entry(q->tail.first);
}

struct mbox_msg *mbox_queue_prev(const struct mbox_queue *q,
				 const struct mbox_msg *msg)
{
	struct hlist_node *node;

	if (!(msg->state & MBOX_IN_TAIL))
		return mbox_queue_entry(rb_prev(&msg->order));
	node = mbox_tail_prev(q, &msg->line);
	return node ? mbox_tail_entry(node) : mbox_queue_entry(q->last);
}

/* Is @msg before @at? */
static bool mbox_before_cursor(const struct mbox_msg *msg,
			       const struct mbox_cursor *at)
{
	return msg->priority > at->priority ||
	       (msg->priority == at->priority && msg->seq < at->seq);
}

/* The first one that is not before @at. */
struct mbox_msg *mbox_queue_from(const struct mbox_queue *q,
				 const struct mbox_cursor *at)
{
	struct rb_node *node = q->root.rb_root.rb_node;
	struct mbox_msg *best = NULL, *msg;
	struct hlist_node *line;

	while (node) {
		msg = mbox_queue_entry(node);
		if (mbox_before_cursor(msg, at)) {
			node = node->rb_right;
		} else {
			best = msg;
			node = node->rb_left;
		}
	}
	if (best)
		return best;
	/* Who follows a queue is near its end. */
	for (line = q->end; line; line = mbox_tail_prev(q, line)) {
		msg = mbox_tail_entry(line);
		if (mbox_before_cursor(msg, at))
			break;
		best = msg;
	}
	return best;
}

/* The oldest one of the lowest priority. */
struct mbox_msg *mbox_queue_lowest(const struct mbox_queue *q)
{
	struct mbox_msg *last = q->end ? mbox_tail_entry(q->end) :
					 mbox_queue_entry(q->last);
	struct mbox_cursor at = {};

	if (!last)
		return NULL;
	at.priority = last->priority;
	return mbox_queue_from(q, &at);
}

/*
 * Build @index, or go on with it, from @at on. Returns whether there is more to
 * do: then the caller lets go of the lock, and comes again.
 */
bool mbox_queue_index(struct mbox_queue *q, u8 index, struct mbox_cursor *at)
{
	struct mbox_msg *msg;
	int n = MBOX_INDEX_STEP;

	q->index |= index;
	for (msg = mbox_queue_from(q, at); msg && n--;
	     msg = mbox_queue_next(q, msg))
		mbox_queue_index_msg(q, msg, index);
	if (msg)
		*at = (struct mbox_cursor){ msg->priority, msg->seq };
	return msg;
}

/* The first one, in the index of types, of a type not below @type. */
static struct mbox_msg *mbox_queue_type_from(const struct mbox_queue *q,
					     s64 type)
{
	struct rb_node *node = q->types.rb_node;
	struct mbox_msg *best = NULL;

	while (node) {
		struct mbox_msg *msg = mbox_type_entry(node);

		if (msg->type >= type) {
			best = msg;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

struct mbox_msg *mbox_queue_of_type(const struct mbox_queue *q, s64 type)
{
	struct mbox_msg *msg = mbox_queue_type_from(q, type);

	return msg && msg->type == type ? msg : NULL;
}

/* The next one of the same type. */
struct mbox_msg *mbox_queue_next_of_type(const struct mbox_msg *msg)
{
	struct mbox_msg *next = mbox_type_entry(rb_next(&msg->by_type));

	return next && next->type == msg->type ? next : NULL;
}

struct mbox_msg *mbox_sender_first(const struct rb_root *root)
{
	return mbox_sender_entry(rb_first(root));
}

struct mbox_msg *mbox_sender_next(const struct mbox_msg *msg)
{
	return mbox_sender_entry(rb_next(&msg->by_sender));
}

/* The oldest one of the lowest priority that a share has in the queue. */
struct mbox_msg *mbox_sender_lowest(const struct rb_root *root)
{
	struct mbox_msg *last = mbox_sender_entry(rb_last(root)), *best = last;
	struct rb_node *node = root->rb_node;

	while (node) {
		struct mbox_msg *msg = mbox_sender_entry(node);

		if (msg->priority == last->priority) {
			best = msg;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/*
 * The lowest type of which @rule admits a message. Of a type, the first message
 * has the highest priority: if it is not admitted for that, none is.
 */
static struct mbox_msg *mbox_queue_type_max(const struct mbox_queue *q,
					    const struct mbox_rule *rule)
{
	struct mbox_msg *msg = mbox_queue_type_from(q, S64_MIN);

	while (msg && msg->type <= rule->type) {
		struct mbox_msg *m = msg;

		if (mbox_rule_admits(rule, m))
			return m;
		while (rule->what & MBOX_MATCH_PID &&
		       (m = mbox_queue_next_of_type(m)))
			if (mbox_rule_admits(rule, m))
				return m;
		if (msg->type == S64_MAX)
			break;
		msg = mbox_queue_type_from(q, msg->type + 1);
	}
	return NULL;
}

/* Is every message of @type? Only where there is an index. */
static bool mbox_queue_is_all(const struct mbox_queue *q, s64 type)
{
	return q->count && mbox_type_entry(rb_first(&q->types))->type == type &&
	       mbox_type_entry(rb_last(&q->types))->type == type;
}

/* What @rule selects, which does not look at the sender alone. */
struct mbox_msg *mbox_queue_typed(const struct mbox_queue *q,
				  const struct mbox_rule *rule)
{
	struct mbox_msg *msg;

	if (rule->what & MBOX_MATCH_TYPE_MAX)
		return mbox_queue_type_max(q, rule);
	if (rule->what & MBOX_MATCH_TYPE) {
		for (msg = mbox_queue_of_type(q, rule->type); msg;
		     msg = mbox_queue_next_of_type(msg))
			if (mbox_rule_admits(rule, msg))
				break;
			else if (msg->priority < rule->priority)
				return NULL;
		return msg;
	}
	if (rule->what & MBOX_MATCH_TYPE_NOT && mbox_queue_is_all(q, rule->type))
		return NULL;
	for (msg = mbox_queue_first(q); msg; msg = mbox_queue_next(q, msg))
		if (mbox_rule_admits(rule, msg))
			break;
		else if (msg->priority < rule->priority)
			return NULL;
	return msg;
}
