// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of slots in shared memory, for one sender and one receiver, who sleep
 * on a futex when it is full or empty: what a program would write that trusts
 * the other side with its memory, and wants nothing that a kernel does for a
 * message. It does not spin.
 */
#include <limits.h>
#include <stdatomic.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "bench.h"

#define CACHE_LINE	64

/**
 * struct side - of the sender, or the receiver
 * @pos: slots that it is done with since the beginning
 * @sleeps: it waits for the other one's @pos to change
 * @pad: the other side has a cache line of its own
 */
struct side {
	atomic_uint pos;
	atomic_uint sleeps;
	char pad[CACHE_LINE - 2 * sizeof(atomic_uint)];
};

struct ring {
	struct side sender, receiver;
	size_t bytes;
	unsigned int nr;
	char pad[CACHE_LINE - sizeof(unsigned int) - sizeof(size_t)];
	char slots[];
};

static void ring_open(struct channel *c)
{
	unsigned int nr = ROOM / c->size;
	size_t bytes;

	if (nr > MAX_MSGS)
		nr = MAX_MSGS;
	bytes = sizeof(struct ring) + nr * c->size;
	c->ring = shared_alloc(bytes);
	c->ring->nr = nr;
	c->ring->bytes = bytes;
}

static void ring_close(struct channel *c)
{
	shared_free(c->ring, c->ring->bytes);
}

static void *slot(const struct channel *c, unsigned int pos)
{
	return c->ring->slots + pos % c->ring->nr * c->size;
}

/* Sleeps as long as the other side's position is @pos. */
static void wait_for(struct side *me, struct side *other, unsigned int pos)
{
	while (atomic_load(&other->pos) == pos) {
		atomic_store(&me->sleeps, 1);
		/* either the other side sees that, or the futex the new value */
		syscall(SYS_futex, &other->pos, FUTEX_WAIT, pos, NULL);
		atomic_store_explicit(&me->sleeps, 0, memory_order_relaxed);
	}
}

static void advance(struct side *me, struct side *other, unsigned int pos)
{
	atomic_store(&me->pos, pos + 1);
	if (atomic_load(&other->sleeps))
		syscall(SYS_futex, &me->pos, FUTEX_WAKE, INT_MAX);
}

static void ring_send(struct channel *c, void *buf)
{
	struct side *me = &c->ring->sender, *other = &c->ring->receiver;
	unsigned int pos = atomic_load_explicit(&me->pos, memory_order_relaxed);

	wait_for(me, other, pos - c->ring->nr);
	memcpy(slot(c, pos), buf, c->size);
	advance(me, other, pos);
}

static void ring_recv(struct channel *c, void *buf)
{
	struct side *me = &c->ring->receiver, *other = &c->ring->sender;
	unsigned int pos = atomic_load_explicit(&me->pos, memory_order_relaxed);

	wait_for(me, other, pos);
	memcpy(buf, slot(c, pos), c->size);
	advance(me, other, pos);
}

const struct transport futex_transport = {
	.name = "futex",
	.open = ring_open,
	.close = ring_close,
	.send = ring_send,
	.recv = ring_recv,
};
