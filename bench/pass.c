// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that pass: one way within a process, singly and in batches, and
 * there and back between two processes.
 */
#include "bench.h"

/**
 * struct pass - what a loop works on
 * @go: from here
 * @back: to here; for a round trip only
 * @out: to be sent
 * @in: what was received
 * @interrupts: that the last loop took, to wake the other CPU
 */
struct pass {
	struct channel go, back;
	void *out, *in;
	unsigned long interrupts;
};

static void pass_init(struct pass *p, size_t size)
{
	p->out = buffer_alloc(size);
	p->in = buffer_alloc(size);
}

static void pass_destroy(struct pass *p)
{
	buffer_free(p->out);
	buffer_free(p->in);
}

/* What is measured without a look at the data must have passed it on. */
static void verify(const struct pass *p, size_t size)
{
	if (memcmp(p->in, p->out, size) != 0)
		die("%s: not what was sent", p->go.t->name);
}

static void fill(struct pass *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)p->out)[i] = i * 7 + i / 251;
	memset(p->in, 0, size);
}

static void loop_oneway(void *data, unsigned long n)
{
	struct pass *p = data;

	while (n--) {
		p->go.t->send(&p->go, p->out);
		p->go.t->recv(&p->go, p->in);
	}
}

static double once_way(struct run *r, void (*loop)(void *data, unsigned long n))
{
	struct pass p;
	double figure;

	pass_init(&p, r->c->size);
	channel_open(&p.go, r->t, r->c->size, 1);
	fill(&p, r->c->size);
	loop(&p, 1);
	verify(&p, r->c->size);
	figure = time_loop(r, loop, &p);
	channel_close(&p.go);
	pass_destroy(&p);
	return figure;
}

static double once_oneway(struct run *r)
{
	return once_way(r, loop_oneway);
}

/* The same by calls that know nothing of messages. */
static void loop_files(void *data, unsigned long n)
{
	struct pass *p = data;

	while (n--) {
		must(write(p->go.in, p->out, p->go.size));
		must(read(p->go.out, p->in, p->go.size));
	}
}

static double once_files(struct run *r)
{
	return once_way(r, loop_files);
}

static void send_singly(struct channel *c, void *buf)
{
	for (int i = 0; i < BATCH; i++)
		c->t->send(c, (char *)buf + i * c->size);
}

static void recv_singly(struct channel *c, void *buf)
{
	for (int i = 0; i < BATCH; i++)
		c->t->recv(c, (char *)buf + i * c->size);
}

static void loop_batch(void *data, unsigned long n)
{
	struct pass *p = data;

	while (n--) {
		if (p->go.t->send_many)
			p->go.t->send_many(&p->go, p->out);
		else
			send_singly(&p->go, p->out);
		if (p->go.t->recv_many)
			p->go.t->recv_many(&p->go, p->in);
		else
			recv_singly(&p->go, p->in);
	}
}

static double once_batch(struct run *r)
{
	struct pass p;
	double figure;

	pass_init(&p, r->c->size);
	channel_open(&p.go, r->t, r->c->size, BATCH);
	fill(&p, BATCH * r->c->size);
	loop_batch(&p, 1);
	verify(&p, BATCH * r->c->size);
	figure = time_loop(r, loop_batch, &p);
	channel_close(&p.go);
	pass_destroy(&p);
	return figure / BATCH;
}

static void serve(void *data)
{
	struct pass *p = data;

	if (p->go.t->serve)
		p->go.t->serve(&p->go, p->in);
	for (;;) {
		p->go.t->recv(&p->go, p->in);
		p->back.t->send(&p->back, p->in);
	}
}

static void loop_roundtrip(void *data, unsigned long n)
{
	struct pass *p = data;

	while (n--) {
		if (p->go.t->call) {
			p->go.t->call(&p->go, p->out, p->in);
			continue;
		}
		p->go.t->send(&p->go, p->out);
		p->back.t->recv(&p->back, p->in);
	}
}

static void loop_pingpong(void *data, unsigned long n)
{
	struct pass *p = data;
	unsigned long before = wakeup_interrupts();

	loop_roundtrip(data, n);
	p->interrupts = wakeup_interrupts() - before;
}

/* There and back; the server is on CPU @cpu, if that is not -1. */
static double roundtrip(struct run *r, struct pass *p, int cpu,
			void (*loop)(void *data, unsigned long n))
{
	double figure;
	pid_t server;

	pass_init(p, r->c->size);
	channel_open(&p->go, r->t, r->c->size, 1);
	channel_open(&p->back, r->t, r->c->size, 1);
	server = start_process(cpu, serve, p);
	fill(p, r->c->size);
	loop_roundtrip(p, 1);
	verify(p, r->c->size);
	figure = time_loop(r, loop, p);
	stop_process(server);
	channel_close(&p->go);
	channel_close(&p->back);
	pass_destroy(p);
	return figure;
}

static double once_roundtrip(struct run *r)
{
	struct pass p;

	return roundtrip(r, &p, -1, loop_roundtrip);
}

static double once_pingpong(struct run *r)
{
	struct pass p;
	double figure;

	run_on(0);
	figure = roundtrip(r, &p, 1, loop_pingpong);
	r->more = (double)p.interrupts / r->n;
	return figure;
}

const struct bench_case pass_cases[] = {
	{ "oneway", "oneway", 64, .floor = true, .once = once_oneway },
	{ "oneway", "oneway", 4096, .floor = true, .once = once_oneway },
	{ "oneway", "oneway", 65536, .floor = true, .once = once_oneway },
	{ "files", "files", 64, .needs = CAN_FILES, .once = once_files },
	{ "batch", "batch", 64, .floor = true, .once = once_batch },
	{ "roundtrip", "roundtrip", 64, .floor = true, .once = once_roundtrip },
	{ "roundtrip", "roundtrip", 4096, .floor = true, .once = once_roundtrip },
	{ "roundtrip", "roundtrip", 65536, .floor = true, .once = once_roundtrip },
	{ "pingpong", "pingpong", 64, .cpus = 2, .once = once_pingpong,
	  .more_name = "interrupts", .more_unit = "interrupts" },
	{}
};
