// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving by priority and by type from a queue of some length, which stays as
 * it is: what was received is sent again. The receive alone counts.
 */
#include <mbox.h>

#include "bench.h"

/**
 * struct queue - what a loop works on
 * @c: the channel
 * @nr: messages in it
 * @seed: of the next random number
 * @ns: what the receives of the last loop have taken
 */
struct queue {
	struct channel c;
	unsigned int nr;
	unsigned long seed;
	unsigned long ns;
	void *buf;
};

/* The same ones in each run, on each transport. */
static unsigned int random_below(struct queue *q, unsigned int limit)
{
	q->seed = q->seed * 6364136223846793005ul + 1442695040888963407ul;
	return (q->seed >> 33) % limit;
}

static void send_priority(struct queue *q)
{
	q->c.t->send_priority(&q->c, q->buf,
			      random_below(q, MBOX_PRIORITY_MAX + 1));
}

static void loop_priority(void *data, unsigned long n)
{
	struct queue *q = data;
	unsigned long start;

	q->ns = 0;
	while (n--) {
		start = now();
		q->c.t->recv(&q->c, q->buf);
		q->ns += now() - start;
		send_priority(q);
	}
}

/* There is one message of each type. */
static void loop_type(void *data, unsigned long n)
{
	struct queue *q = data;
	unsigned long start;
	unsigned int type;

	q->ns = 0;
	while (n--) {
		type = random_below(q, q->nr);
		start = now();
		q->c.t->recv_type(&q->c, q->buf, type);
		q->ns += now() - start;
		q->c.t->send_type(&q->c, q->buf, type);
	}
}

/* What it takes to look at the clock: it is part of each receive. */
static double clock_cost(void)
{
	unsigned long start, ns = 0;

	for (int i = 0; i < 1000; i++) {
		start = now();
		ns += now() - start;
	}
	return ns / 1000.0;
}

static void queue_open(struct queue *q, struct run *r)
{
	*q = (struct queue) { .nr = r->c->nr, .seed = 1 };
	q->buf = buffer_alloc(r->c->size);
	channel_open(&q->c, r->t, r->c->size, q->nr + 1);
}

static double queue_measure(struct queue *q, struct run *r,
			    void (*loop)(void *data, unsigned long n))
{
	double figure;

	time_loop(r, loop, q);
	figure = (double)q->ns / r->n - clock_cost();
	channel_close(&q->c);
	buffer_free(q->buf);
	return figure;
}

static double once_priority(struct run *r)
{
	struct queue q;

	queue_open(&q, r);
	for (unsigned int i = 0; i < q.nr; i++)
		send_priority(&q);
	return queue_measure(&q, r, loop_priority);
}

static double once_type(struct run *r)
{
	struct queue q;

	queue_open(&q, r);
	for (unsigned int i = 0; i < q.nr; i++)
		r->t->send_type(&q.c, q.buf, i);
	return queue_measure(&q, r, loop_type);
}

const struct bench_case select_cases[] = {
	{ "priority", "priority-1", 64, 1,
	  .needs = CAN_PRIORITY, .once = once_priority },
	{ "priority", "priority-10000", 64, DEPTH,
	  .needs = CAN_PRIORITY, .once = once_priority },
	{ "type", "type-1", 64, 1, .needs = CAN_TYPE, .once = once_type },
	{ "type", "type-10000", 64, DEPTH, .needs = CAN_TYPE, .once = once_type },
	{}
};
