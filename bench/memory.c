// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory, by what /proc/slabinfo says of all caches before and after
 * there are 10,000 of something more.
 */
#include "bench.h"

#define MAX_CACHES	1024

/**
 * struct cache - a line of /proc/slabinfo
 * @name: of the cache
 * @objects: in it
 * @size: of each
 */
struct cache {
	char name[64];
	unsigned long objects, size;
};

struct slabs {
	struct cache caches[MAX_CACHES];
	unsigned int nr;
};

static struct slabs before, after;

/* What was given back a moment ago may have an RCU grace period to go. */
static void slabs_read(struct slabs *slabs)
{
	char line[512];
	FILE *f;

	sleep(2);
	f = fopen("/proc/slabinfo", "r");
	if (!f)
		die("/proc/slabinfo: %m");
	slabs->nr = 0;
	while (fgets(line, sizeof(line), f) && slabs->nr < MAX_CACHES) {
		struct cache *c = &slabs->caches[slabs->nr];

		if (sscanf(line, "%63s %lu %*u %lu", c->name, &c->objects,
			   &c->size) == 3)
			slabs->nr++;
	}
	fclose(f);
}

static unsigned long objects_before(const char *name)
{
	for (unsigned int i = 0; i < before.nr; i++)
		if (!strcmp(before.caches[i].name, name))
			return before.caches[i].objects;
	return 0;
}

/*
 * Of each cache, whole objects for each of the 10,000. All bytes together tell
 * a little more: in that are some slabs that were filled by others, and the
 * kernel's own notes on whom it has charged the objects to, 8 bytes for each.
 */
static double growth(struct run *r)
{
	double whole = 0, all = 0, objects;

	for (unsigned int i = 0; i < after.nr; i++) {
		const struct cache *c = &after.caches[i];

		objects = (double)c->objects - objects_before(c->name);
		objects /= DEPTH;
		all += objects * c->size;
		if (objects > 0)
			whole += (unsigned long)(objects + 0.5) * c->size;
	}
	r->more = all;
	return whole;
}

static double once_messages(struct run *r)
{
	void *buf = buffer_alloc(r->c->size);
	struct channel c;

	channel_open(&c, r->t, r->c->size, DEPTH + 1);
	/* what is made for the first one is not the message's */
	c.t->send(&c, buf);
	slabs_read(&before);
	for (int i = 0; i < DEPTH; i++)
		c.t->send(&c, buf);
	slabs_read(&after);
	channel_close(&c);
	buffer_free(buf);
	return growth(r);
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

	make_room_for_fds(2 * DEPTH);
	slabs_read(&before);
	for (int i = 0; i < DEPTH; i++)
		channel_open(&c[i], r->t, r->c->size, 1);
	slabs_read(&after);
	for (int i = 0; i < DEPTH; i++)
		channel_close(&c[i]);
	free(c);
	return growth(r);
}

const struct bench_case memory_cases[] = {
	{ "memory", "memory-message", 64, DEPTH, .repetitions = 3,
	  .unit = "bytes", .needs = CAN_FILL, .once = once_messages,
	  .more_name = "memory-message-all", .more_unit = "bytes" },
	{ "memory", "memory-mailbox", 64, DEPTH, .repetitions = 3,
	  .unit = "bytes", .needs = CAN_MANY, .once = once_objects,
	  .more_name = "memory-mailbox-all", .more_unit = "bytes" },
	{}
};
