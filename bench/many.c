// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that there are many: of mailboxes that are open, and of receivers
 * that wait at one.
 */
#include <sched.h>
#include <stdatomic.h>

#include "bench.h"

#define NR_RECEIVERS	16
#define NR_TURNS	DEPTH

/**
 * struct crowd - what a loop works on: the channels that are open
 * @c: the channels
 * @nr: how many
 * @next: the one whose turn it is
 */
struct crowd {
	struct channel *c;
	unsigned int nr, next;
	void *out, *in;
};

static void loop_crowd(struct crowd *m, unsigned long n)
{
	struct channel *c;

	while (n--) {
		c = &m->c[m->next];
		m->next = m->next + 1 < m->nr ? m->next + 1 : 0;
		c->t->send(c, m->out);
		c->t->recv(c, m->in);
	}
}

/* Each of them has its turn, and before that one that does not count. */
static double once_crowd(struct run *r)
{
	struct crowd m = { .nr = r->c->nr };
	unsigned long start, ns;

	m.out = buffer_alloc(r->c->size);
	m.in = buffer_alloc(r->c->size);
	m.c = calloc(m.nr, sizeof(*m.c));
	for (unsigned int i = 0; i < m.nr; i++)
		channel_open(&m.c[i], r->t, r->c->size, 1);
	loop_crowd(&m, NR_TURNS);
	start = now();
	loop_crowd(&m, NR_TURNS);
	ns = now() - start;
	for (unsigned int i = 0; i < m.nr; i++)
		channel_close(&m.c[i]);
	free(m.c);
	buffer_free(m.out);
	buffer_free(m.in);
	return (double)ns / NR_TURNS;
}

/**
 * struct audience - receivers that wait at one channel
 * @c: the channel
 * @received: what all of them have received, in shared memory
 * @pids: who they are
 * @nr: how many
 */
struct audience {
	struct channel c;
	atomic_ulong *received;
	pid_t pids[NR_RECEIVERS];
	unsigned int nr;
	void *buf;
};

/*
 * On one CPU, who is of a higher real-time priority runs as soon as it is woken:
 * it has received and waits again before the sender goes on.
 */
static void set_priority(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	must(sched_setscheduler(0, policy, &param));
}

static void attend(void *data)
{
	struct audience *a = data;

	set_priority(SCHED_FIFO, 2);
	for (;;) {
		a->c.t->recv(&a->c, a->buf);
		++*a->received;
	}
}

/* How often the receivers have gone to sleep. */
static unsigned long switches(const struct audience *a)
{
	unsigned long sum = 0, count;
	char path[64], line[128];
	FILE *f;

	for (unsigned int i = 0; i < a->nr; i++) {
		snprintf(path, sizeof(path), "/proc/%d/status", a->pids[i]);
		f = fopen(path, "r");
		if (!f)
			die("%s: %m", path);
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
				sum += count;
		fclose(f);
	}
	return sum;
}

static void loop_audience(void *data, unsigned long n)
{
	struct audience *a = data;

	while (n--)
		a->c.t->send(&a->c, a->buf);
}

static void audience_open(struct audience *a, struct run *r)
{
	a->nr = r->c->nr;
	a->buf = buffer_alloc(r->c->size);
	a->received = shared_alloc(4096);
	channel_open(&a->c, r->t, r->c->size, 1);
	set_priority(SCHED_FIFO, 1);
	for (unsigned int i = 0; i < a->nr; i++)
		a->pids[i] = start_process(-1, attend, a);
	/* they run, and wait */
	usleep(100000);
}

static void audience_close(struct audience *a)
{
	for (unsigned int i = 0; i < a->nr; i++)
		stop_process(a->pids[i]);
	set_priority(SCHED_OTHER, 0);
	channel_close(&a->c);
	shared_free(a->received, 4096);
	buffer_free(a->buf);
}

static double once_audience(struct run *r)
{
	struct audience a = {};
	unsigned long slept;
	double figure;

	audience_open(&a, r);
	figure = time_loop(r, loop_audience, &a);
	*a.received = 0;
	slept = switches(&a);
	loop_audience(&a, r->n);
	if (*a.received != r->n)
		die("%s: %lu of %lu messages were received at once",
		    r->t->name, *a.received, r->n);
	r->more = (double)(switches(&a) - slept) / r->n;
	audience_close(&a);
	return figure;
}

const struct bench_case many_cases[] = {
	{ "mailboxes", "mailboxes-1", 64, 1, .repetitions = 3,
	  .needs = CAN_MANY, .once = once_crowd },
	{ "mailboxes", "mailboxes-10000", 64, DEPTH, .repetitions = 3,
	  .needs = CAN_MANY, .once = once_crowd },
	{ "receivers", "receivers-1", 64, 1,
	  .needs = CAN_SHARE, .once = once_audience,
	  .more_name = "wakeups-1", .more_unit = "switches" },
	{ "receivers", "receivers-16", 64, NR_RECEIVERS,
	  .needs = CAN_SHARE, .once = once_audience,
	  .more_name = "wakeups-16", .more_unit = "switches" },
	{}
};
