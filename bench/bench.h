/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mbox-bench: mbox beside its peers, in the same guest, by the same loops.
 *
 * A transport is a way for messages: mbox, a pipe, a queue. A case is what is
 * measured: it makes channels of a transport, runs a loop over them, and says
 * what one turn of it has cost. README.md tells what the figures mean.
 */
#ifndef BENCH_H
#define BENCH_H

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/types.h>

#define SECOND		1000000000ul
#define BATCH		32
#define DEPTH		10000		/* of a long queue; so many mailboxes */
#define ROOM		1048576		/* bytes that a channel can hold */
#define MAX_MSGS	1024		/* and messages, where they are counted */

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define die(...)	errx(1, __VA_ARGS__)

/* What has to succeed: its result, or the end. As of the C library, and ours. */
#define must(call)	check(call, #call)

static inline long check(long ret, const char *call)
{
	if (ret < 0)
		die("%s: %s", call, strerror(ret == -1 ? errno : -ret));
	return ret;
}

static inline unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

struct ring;

/**
 * struct channel - what messages of one size pass through, in one direction
 * @t: how
 * @size: of each message
 * @depth: messages that it has to hold
 * @in: where to send
 * @out: where to receive; may be the same
 * @ring: the ring in shared memory
 */
struct channel {
	const struct transport *t;
	size_t size;
	unsigned int depth;
	int in, out;
	struct ring *ring;
};

/* Bits of @can in a transport. */
#define CAN_PRIORITY	0x01
#define CAN_TYPE	0x02
#define CAN_SHARE	0x04	/* any number of receivers, each message for one */
#define CAN_FILL	0x08	/* holds 10,000 small messages */
#define CAN_MANY	0x10	/* 10,000 of them can be open */
#define CAN_FILES	0x20	/* write() sends a message, read() receives it */

/**
 * struct transport - a way for messages
 * @name: of a single word
 * @can: CAN_*
 * @open: makes a channel, from @t, @size and @depth
 * @close: the end of it, for the process that calls
 * @send: waits for room
 * @recv: waits for a message, and takes it whole
 * @send_many: BATCH messages, which lie one behind the other
 * @recv_many: likewise
 * @send_key: with a priority or a type
 * @recv_type: the oldest one of a type
 * @call: sends a request and waits for its reply; NULL where that takes a
 *	second channel
 * @serve: receives requests and answers them, for ever
 *
 * Buffers are those of buffer_alloc().
 */
struct transport {
	const char *name;
	unsigned int can;
	void (*open)(struct channel *c);
	void (*close)(struct channel *c);
	void (*send)(struct channel *c, void *buf);
	void (*recv)(struct channel *c, void *buf);
	void (*send_many)(struct channel *c, void *buf);
	void (*recv_many)(struct channel *c, void *buf);
	void (*send_priority)(struct channel *c, void *buf, unsigned int priority);
	void (*send_type)(struct channel *c, void *buf, unsigned int type);
	void (*recv_type)(struct channel *c, void *buf, unsigned int type);
	void (*call)(struct channel *c, void *request, void *reply);
	void (*serve)(struct channel *c, void *buf);
};

extern const struct transport mbox_transport, pipe_transport, stream_transport,
	seqpacket_transport, dgram_transport, posix_transport, sysv_transport,
	futex_transport, floor_transport;

static inline void channel_open(struct channel *c, const struct transport *t,
				size_t size, unsigned int depth)
{
	*c = (struct channel) {
		.t = t, .size = size, .depth = depth, .in = -1, .out = -1,
	};
	t->open(c);
}

static inline void channel_close(struct channel *c)
{
	c->t->close(c);
}

/* Raises what would hold peers back; says what could not be raised. */
void limits_raise(void);

/*
 * For a batch of messages. System V wants the type right in front of the data:
 * there is room for it.
 */
void *buffer_alloc(size_t size);
void buffer_free(void *buf);

/**
 * struct run - a case that is being measured, for one transport
 * @c: the case
 * @t: the transport
 * @n: turns of the loop in a repetition, 0 to find out
 * @more: what else is to be told: see @more_name of the case
 */
struct run {
	const struct bench_case *c;
	const struct transport *t;
	unsigned long n;
	double more;
};

/**
 * struct bench_case - something to measure
 * @group: what it is selected by, together with others
 * @name: of the case
 * @size: of its messages
 * @nr: how many there are of what the case is about
 * @cpus: that it needs
 * @repetitions: of which the median counts; 0 for the usual number
 * @unit: of its figure; NULL for instructions, or with two CPUs nanoseconds
 * @needs: CAN_* of the transports that take part
 * @only: the only transport that does
 * @floor: the floor, which is no transport for other cases, does as well
 * @once: one repetition: makes what it takes, and returns the figure
 * @more_name: name of a second figure, if there is one
 * @more_unit: and its unit
 */
struct bench_case {
	const char *group, *name;
	size_t size;
	unsigned int nr, cpus, repetitions;
	const char *unit;
	unsigned int needs;
	const struct transport *only;
	bool floor;
	double (*once)(struct run *r);
	const char *more_name, *more_unit;
};

extern const struct bench_case pass_cases[], select_cases[], many_cases[],
	memory_cases[], cpus_cases[];

/* Runs the loop for a while first, then says what a turn of it costs. */
double time_loop(struct run *r, void (*loop)(void *data, unsigned long n),
		 void *data);
/* Measures a case with every transport that takes part. */
void measure(const struct bench_case *c);
/* From now on only one transport, and a loop of @n turns, once. */
void measure_only(const char *transport, unsigned long n);
/* How many lines of progress that will tell. */
unsigned int measure_steps(const struct bench_case *c);
/* What ends when its parent does; @cpu is where it runs, or -1. */
pid_t start_process(int cpu, void (*fn)(void *data), void *data);
void stop_process(pid_t pid);
void run_on(int cpu);
void *shared_alloc(size_t size);
void shared_free(void *p, size_t size);
/* Those that wake a CPU to run or do something, on two CPUs since boot. */
unsigned long wakeup_interrupts(void);

/* Of main.c: a line for the host. */
void tell_progress(const struct bench_case *c, const struct transport *t);
void tell_figure(const struct bench_case *c, const struct transport *t,
		 const char *name, const char *unit, double figure, double spread);

#endif /* BENCH_H */
