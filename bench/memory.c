// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory, by what /proc/slabinfo says of all caches before and after
 * there are 10,000 of something more.
 */
#include <fcntl.h>

#include "bench.h"

/* What was given back a moment ago may have an RCU grace period to go. */
static double slab_bytes(void)
{
	unsigned long objects, size;
	char line[512];
	double sum = 0;
	FILE *f;

	sleep(2);
	f = fopen("/proc/slabinfo", "r");
	if (!f)
		die("/proc/slabinfo: %m");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %lu %*u %lu", &objects, &size) == 2)
			sum += (double)objects * size;
	fclose(f);
	return sum;
}

static double once_messages(struct run *r)
{
	void *buf = buffer_alloc(r->c->size);
	struct channel c;
	double bytes;

	channel_open(&c, r->t, r->c->size, DEPTH + 1);
	/* what is made for the first one is not the message's */
	c.t->send(&c, buf);
	bytes = slab_bytes();
	for (int i = 0; i < DEPTH; i++)
		c.t->send(&c, buf);
	bytes = slab_bytes() - bytes;
	channel_close(&c);
	buffer_free(buf);
	return bytes / DEPTH;
}

/* The table of descriptors is the process's. */
static void make_room_for_fds(int nr)
{
	must(dup2(STDIN_FILENO, nr));
	close(nr);
}

static double once_objects(struct run *r)
{
	struct channel *c = calloc(DEPTH, sizeof(*c));
	double bytes;

	make_room_for_fds(2 * DEPTH);
	bytes = slab_bytes();
	for (int i = 0; i < DEPTH; i++)
		channel_open(&c[i], r->t, r->c->size, 1);
	bytes = slab_bytes() - bytes;
	for (int i = 0; i < DEPTH; i++)
		channel_close(&c[i]);
	free(c);
	return bytes / DEPTH;
}

const struct bench_case memory_cases[] = {
	{ "memory", "memory-message", 64, DEPTH, .repetitions = 3,
	  .unit = "bytes", .needs = CAN_FILL, .once = once_messages },
	{ "memory", "memory-mailbox", 64, DEPTH, .repetitions = 3,
	  .unit = "bytes", .needs = CAN_MANY, .once = once_objects },
	{}
};
