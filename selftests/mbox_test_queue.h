/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mailbox and a model of it, an array of messages in the order in which they
 * are received; and random receives of all kinds, which must give the same from
 * both. What is sent is up to the test.
 */
#ifndef MBOX_TEST_QUEUE_H
#define MBOX_TEST_QUEUE_H

#include "mbox_test_batch.h"
#include "mbox_test_match.h"

#define MT_DEPTH	120	/* up to which the number of messages swings */
#define MT_ITEMS	256	/* more than there ever are */
#define MT_WORDS	10	/* of data; the first is the message's number */
#define MT_BATCH	40

struct mt_item {
	int number;
	__u32 len;
	__u32 priority;
	__u32 deliveries;
	__s64 type;
	__u64 seq;
	__u64 token;		/* 0 if it is not held */
	bool call;
};

struct mt_items {
	unsigned int nr;
	struct mt_item at[MT_ITEMS];
};

/* Where messages are picked from, to be received by what they are. */
enum mt_where { MT_ANYWHERE, MT_FRONT, MT_BACK };

struct mt_queue {
	int box;
	unsigned int seed;
	unsigned int goal;	/* the depth that it swings to */
	enum mt_where where;
	unsigned int priorities;
	unsigned int types;
	bool searched;		/* may be received by type or sender */
	int numbers;		/* given so far */
	__u64 seq;		/* of the mailbox's last message */
	__u64 missed;
	struct mt_items queued;
	struct mt_items held;	/* in no order */
};

/* ---- random numbers ---------------------------------------------------------- */

/* What all depends on, for a failure to be told with. */
static inline unsigned int mt_seed(void)
{
	return atoi(getenv("MBOX_SEED") ?: "1");
}

static inline unsigned int mt_draw(unsigned int *seed, unsigned int n)
{
	return rand_r(seed) % n;
}

/* Go on with another mailbox, which is empty. */
static inline void mt_queue_begin(struct mt_queue *q, int box,
				  unsigned int priorities, unsigned int types)
{
	*q = (struct mt_queue){
		.box = box,
		.seed = q->seed,
		.priorities = priorities,
		.types = types,
	};
}

/* Is it time to send, with @depth messages there? */
static inline bool mt_grows(unsigned int *seed, unsigned int *goal,
			    unsigned int depth)
{
	if (!mt_draw(seed, 60))
		*goal = mt_draw(seed, 7) * MT_DEPTH / 6;
	return mt_draw(seed, 8) ? depth < *goal : depth < MT_DEPTH;
}

static inline bool mt_queue_grows(struct mt_queue *q)
{
	if (!mt_draw(&q->seed, 40))
		q->where = mt_draw(&q->seed, 3);
	return mt_grows(&q->seed, &q->goal, q->queued.nr + q->held.nr);
}

/* ---- the model ----------------------------------------------------------------- */

static inline void mt_items_insert(struct mt_items *items,
				   const struct mt_item *new)
{
	struct mt_item *at = &items->at[items->nr++];

	for (; at > items->at; at--) {
		if (new->priority < at[-1].priority ||
		    (new->priority == at[-1].priority && new->seq > at[-1].seq))
			break;
		*at = at[-1];
	}
	*at = *new;
}

static inline struct mt_item mt_items_remove(struct mt_items *items,
					     unsigned int i)
{
	struct mt_item item = items->at[i];

	items->nr--;
	memmove(&items->at[i], &items->at[i + 1],
		(items->nr - i) * sizeof(item));
	return item;
}

static inline bool mt_item_matches(const struct mt_item *item,
				   const struct mbox_match *match)
{
	if (match->what & MBOX_MATCH_TYPE && item->type != match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_MAX && item->type > match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_NOT && item->type == match->type)
		return false;
	return !(match->what & MBOX_MATCH_PRIORITY) ||
	       item->priority >= match->priority;
}

/* Which one comes; the number of items if none does. All are sent by us. */
static inline unsigned int mt_queue_find(const struct mt_queue *q,
					 const struct mbox_match *match)
{
	const struct mt_item *item = q->queued.at, *best = NULL;
	unsigned int i;

	for (i = 0; i < q->queued.nr; i++) {
		if (!mt_item_matches(&item[i], match))
			continue;
		if (!(match->what & MBOX_MATCH_TYPE_MAX))
			return i;
		if (!best || item[i].type < best->type)
			best = &item[i];
	}
	return best ? best - item : i;
}

/* ---- what is sent ---------------------------------------------------------------- */

/* A new message, to be put into the mailbox and the model. */
static inline struct mt_item mt_queue_draw(struct mt_queue *q)
{
	return (struct mt_item){
		.number = q->numbers++,
		.len = sizeof(int),
		.priority = mt_draw(&q->seed, q->priorities),
		.type = mt_draw(&q->seed, q->types),
		.seq = q->seq + 1,
	};
}

/* It has been sent, and is the mailbox's last unless it has taken a place. */
static inline void mt_queue_sent(struct mt_queue *q, const struct mt_item *new)
{
	if (new->seq > q->seq)
		q->seq = new->seq;
	mt_items_insert(&q->queued, new);
}

/* With all of @msg as given but what the model knows. */
static inline int mt_item_send(int box, const struct mt_item *item,
			       struct mbox_send *msg)
{
	int data[MT_WORDS] = { item->number };

	msg->flags |= MBOX_DONTWAIT;
	msg->buf = (uintptr_t)data;
	msg->len = item->len;
	msg->priority = item->priority;
	msg->type = item->type;
	return mt_sendmsg(box, msg);
}

/* ---- what is received ------------------------------------------------------------ */

/* A match for one of those that are there, if there is any. */
static inline struct mbox_match mt_queue_match(struct mt_queue *q)
{
	unsigned int nr = q->queued.nr, n = nr > 8 ? 8 : nr;
	struct mt_item item = {};

	if (q->where == MT_ANYWHERE)
		n = nr;
	if (n) {
		n = mt_draw(&q->seed, n);
		item = q->queued.at[q->where == MT_BACK ? nr - 1 - n : n];
	}
	if (!q->searched || !mt_draw(&q->seed, 6))
		return mt_draw(&q->seed, 4) ? mt_any() : mt_above(item.priority);
	switch (mt_draw(&q->seed, 9)) {
	case 0:
		return mt_type_max(item.type);
	case 1:
		return mt_both(mt_type_max(item.type), mt_above(item.priority));
	case 2:
		return mt_type_not(item.type);
	case 3:
		return mt_from(getpid());
	case 4:
		return mt_both(mt_from(getpid()), mt_type_not(item.type));
	case 5:
		return mt_both(mt_type(item.type), mt_above(item.priority));
	default:
		return mt_type(item.type);
	}
}

/* Is what came, @got, the one at @i? Then it is received in the model as well. */
static inline bool mt_queue_got(struct mt_queue *q, unsigned int i,
				const struct mt_item *got, __u64 missed,
				unsigned int flags)
{
	struct mt_item want = q->queued.at[i];
	bool peek = flags & MBOX_PEEK;

	if (got->number != want.number || got->seq != want.seq ||
	    got->priority != want.priority || got->type != want.type ||
	    got->len != want.len || got->deliveries != want.deliveries ||
	    got->call != want.call || missed != q->missed) {
		fprintf(stderr, "# %d, not %d; seq %llu, not %llu; missed %llu, not %llu\n",
			got->number, want.number, (unsigned long long)got->seq,
			(unsigned long long)want.seq,
			(unsigned long long)missed,
			(unsigned long long)q->missed);
		return false;
	}
	if (!peek)
		q->missed = 0;
	if (!got->token != (peek || !(want.call || flags & MBOX_LEASE)))
		return false;
	if (peek)
		return true;
	want = mt_items_remove(&q->queued, i);
	want.token = got->token;
	if (want.token)
		q->held.at[q->held.nr++] = want;
	return true;
}

static inline bool mt_queue_recv(struct mt_queue *q, struct mbox_match match,
				 unsigned int flags)
{
	unsigned int i = mt_queue_find(q, &match);
	int data[MT_WORDS] = { -1 }, ret;
	struct mbox_recv msg = {
		.flags = flags | MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
		.match = match,
	};
	struct mt_item got;

	ret = mt_recvmsg(q->box, &msg);
	if (ret || i == q->queued.nr)
		return ret == -EAGAIN && i == q->queued.nr;
	got = (struct mt_item){
		.number = data[0],
		.len = msg.len,
		.priority = msg.priority,
		.deliveries = msg.deliveries,
		.type = msg.type,
		.seq = msg.seq,
		.token = msg.token,
		.call = msg.msg_flags & MBOX_MSG_CALL,
	};
	return mt_queue_got(q, i, &got, msg.missed, flags);
}

/* Some at once; at times one has a bad buffer, and all from there on go back. */
static inline bool mt_queue_batch(struct mt_queue *q, struct mbox_match match,
				  unsigned int flags)
{
	int nr = 1 + mt_draw(&q->seed, MT_BATCH), error, ret, i;
	int bad = mt_draw(&q->seed, 3) ? nr : mt_draw(&q->seed, nr);
	struct mbox_recv_item items[MT_BATCH] = {}, *item;
	int data[MT_BATCH][MT_WORDS];
	struct mbox_recv_batch batch = {
		.flags = flags | MBOX_DONTWAIT,
		.match = match,
	};

	for (i = 0; i < nr; i++) {
		items[i].buf = i == bad ? 0 : (uintptr_t)data[i];
		items[i].buf_size = sizeof(data[i]);
	}
	ret = mt_recv_batchmsg(q->box, &batch, items, nr);
	for (i = 0; i < nr; i++) {
		unsigned int at = mt_queue_find(q, &match);
		struct mt_item got;

		error = at == q->queued.nr ? EAGAIN : i == bad ? EFAULT : 0;
		if (error)
			break;
		if (i >= ret)
			return false;
		item = &items[i];
		got = (struct mt_item){
			.number = data[i][0],
			.len = item->len,
			.priority = item->priority,
			.deliveries = item->deliveries,
			.type = item->type,
			.seq = item->seq,
			.token = item->token,
			.call = item->msg_flags & MBOX_MSG_CALL,
		};
		if (!mt_queue_got(q, at, &got, item->missed, flags))
			return false;
	}
	return batch.error == error && ret == (i ?: -error);
}

/* Let up to @n go that are held, in any order, most of them to come again. */
static inline bool mt_queue_release(struct mt_queue *q, unsigned int n)
{
	while (n-- && q->held.nr) {
		struct mt_item item = mt_items_remove(&q->held,
						      mt_draw(&q->seed, q->held.nr));
		__u64 token = item.token;

		if (!mt_draw(&q->seed, 4)) {
			if (mt_ack(q->box, token))
				return false;
			continue;
		}
		item.token = 0;
		item.deliveries++;
		mt_items_insert(&q->queued, &item);
		if (mt_nack(q->box, token, 0))
			return false;
	}
	return true;
}

static inline bool mt_queue_purge(struct mt_queue *q)
{
	unsigned int nr = q->queued.nr;

	q->queued.nr = 0;
	return mt_purge(q->box) == nr;
}

/* Anything but a send. */
static inline bool mt_queue_other(struct mt_queue *q)
{
	struct mbox_match match = mt_queue_match(q);

	switch (mt_draw(&q->seed, 16)) {
	case 0: case 1:
		return mt_queue_recv(q, match, MBOX_PEEK);
	case 2: case 3:
		return mt_queue_recv(q, match, MBOX_LEASE);
	case 4:
		return mt_queue_batch(q, match, MBOX_LEASE);
	case 5: case 6:
		return mt_queue_release(q, 1 + mt_draw(&q->seed, 30));
	case 7:
		return mt_queue_batch(q, match, 0);
	case 8:
		return mt_draw(&q->seed, 20) || mt_queue_purge(q);
	default:
		return mt_queue_recv(q, match, 0);
	}
}

/* Does the mailbox have as many as the model? */
static inline bool mt_queue_same(const struct mt_queue *q)
{
	struct mbox_stat stat = mt_stat_of(q->box);

	return stat.msgs == q->queued.nr && stat.held == q->held.nr;
}

/* All that is left comes in order, and then there is nothing. */
static inline bool mt_queue_drain(struct mt_queue *q)
{
	do {
		if (!mt_queue_release(q, MT_ITEMS) ||
		    !mt_queue_recv(q, mt_any(), 0))
			return false;
	} while (q->queued.nr || q->held.nr);
	return mt_queue_recv(q, mt_any(), 0) && mt_queue_same(q);
}

#endif /* MBOX_TEST_QUEUE_H */
