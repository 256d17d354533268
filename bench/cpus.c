// SPDX-License-Identifier: GPL-2.0
/*
 * Two CPUs: whether two pairs of processes that have nothing to do with each
 * other get in each other's way, and what interrupts a wake-up takes.
 */
#include <stdatomic.h>

#include "bench.h"

#define WINDOW		100000		/* microseconds to count messages in */
#define SETTLE		20000

/**
 * struct pair - a sender and a receiver, on a CPU of their own
 * @c: what is between them
 * @received: how many messages, in shared memory
 */
struct pair {
	struct channel c;
	atomic_ulong *received;
	pid_t sender, receiver;
	void *buf;
};

static void pair_send(void *data)
{
	struct pair *p = data;

	for (;;)
		p->c.t->send(&p->c, p->buf);
}

static void pair_recv(void *data)
{
	struct pair *p = data;

	for (;;) {
		p->c.t->recv(&p->c, p->buf);
		++*p->received;
	}
}

static void pair_start(struct pair *p, struct run *r, int cpu)
{
	p->buf = buffer_alloc(r->c->size);
	p->received = shared_alloc(4096);
	channel_open(&p->c, r->t, r->c->size, 1);
	p->receiver = start_process(cpu, pair_recv, p);
	p->sender = start_process(cpu, pair_send, p);
}

static void pair_stop(struct pair *p)
{
	stop_process(p->sender);
	stop_process(p->receiver);
	channel_close(&p->c);
	shared_free(p->received, 4096);
	buffer_free(p->buf);
}

/* Messages a second of so many pairs. */
static double rate(struct run *r, int nr)
{
	unsigned long start, messages = 0;
	struct pair pairs[2];

	for (int i = 0; i < nr; i++)
		pair_start(&pairs[i], r, i);
	usleep(SETTLE);
	start = now();
	for (int i = 0; i < nr; i++)
		messages -= *pairs[i].received;
	usleep(WINDOW);
	for (int i = 0; i < nr; i++)
		messages += *pairs[i].received;
	start = now() - start;
	for (int i = 0; i < nr; i++)
		pair_stop(&pairs[i]);
	return (double)messages * SECOND / start;
}

static double once_pairs(struct run *r)
{
	double one = rate(r, 1);

	return rate(r, 2) / one;
}

unsigned long wakeup_interrupts(void)
{
	unsigned long sum = 0, on[2];
	char line[256], name[8];
	FILE *f = fopen("/proc/interrupts", "r");

	if (!f)
		die("/proc/interrupts: %m");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %7[A-Z]: %lu %lu", name, &on[0], &on[1]) == 3 &&
		    (!strcmp(name, "RES") || !strcmp(name, "CAL")))
			sum += on[0] + on[1];
	fclose(f);
	return sum;
}

const struct bench_case cpus_cases[] = {
	{ "pairs", "pairs", 64, 2, 2, .unit = "times", .once = once_pairs },
	{}
};
