/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mbox-demo: real files go through mailboxes and come out counted and hashed.
 *
 *	producer low    --+             +--> worker 0 --+
 *	producer normal --+--  pieces --+--> worker 1 --+-- results --> collector
 *	producer high   --+             +--> worker 2 --+
 *	        ^                               |
 *	        +----------  free slots  -------+
 *
 * Every box is a process. A producer cuts files into pieces. A small piece
 * travels in a message; a large one is put into a slot of a shared region, and
 * the message says which. A slot belongs to whoever holds its token: the tokens
 * of free slots are the messages of a mailbox.
 *
 * A checksum needs the pieces of a file in order. So all pieces of a file go
 * to one worker, from one producer, at one priority: within a priority, a
 * mailbox is first in, first out.
 *
 * The three lifetimes of an object, each where it fits:
 *	kernel-owned	the region and the free slots: no single process's own
 *	process-owned	the mailbox of a worker: if it dies, senders learn at once
 *	anonymous	the results: nobody but these processes needs them
 */
#ifndef DEMO_H
#define DEMO_H

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/types.h>
#include <mbox.h>

#define NR_WORKERS	3
#define NR_PRODUCERS	3
#define NR_PROCESSES	(NR_WORKERS + NR_PRODUCERS)
#define NR_SLOTS	16
#define SLOT_SIZE	16384ul
#define SMALL_MAX	4096ul
#define SECOND		1000000000ul
#define PATIENCE	(30 * SECOND)	/* nobody waits as long, if all is well */

struct piece {
	unsigned long offset;		/* in the file */
	unsigned int file, len, slot;
	bool large, last;		/* in a slot; the file ends here */
	bool no_room;			/* the producer had to wait for room */
};

/* To a worker. A large piece leaves the data out. */
struct message {
	struct piece piece;
	unsigned char data[SMALL_MAX];
};

struct counts {
	unsigned long lines, words, bytes;
	char sha256[65];
};

/* To the collector. An empty message says that a worker is ready. */
struct result {
	struct piece piece;
	struct counts counts;	/* of the piece; the last has the file's sha256 */
	pid_t producer;		/* these four as the kernel told the worker */
	unsigned int priority;
	long ahead;		/* of its turn, in messages; negative if late */
	unsigned long queued;	/* from send to receive, in ns */
};

struct file {
	char *path, *name;	/* the name is the path below the directory */
	unsigned long size;
	bool is_expected, is_complete;
	unsigned int worker;
	struct counts expected, found;
};

struct tally {
	unsigned long pieces, large, bytes;
	unsigned long overtook, overtaken, queued, no_room;
};

struct process {
	const char *name;
	unsigned int priority;
	pid_t pid;
};

struct demo {
	struct file *files;
	unsigned int nr_files, nr_missing, nr_complete;
	unsigned long size, start;		/* in bytes; in ns */

	struct process processes[NR_PROCESSES];	/* workers, then producers */
	unsigned int nr_ready, nr_alive;
	bool ended;				/* no result will come any more */
	struct tally tally[NR_WORKERS][NR_PRODUCERS], from[NR_PRODUCERS], all;

	char region_name[32], free_name[32], inbox_name[NR_WORKERS][32];
	pid_t pid;
	int dev, free_slots;
	int results_in, results_out;		/* to send; to receive */
	int inbox[NR_WORKERS];			/* to send */
	int inbox_stat[NR_WORKERS];		/* only to look at */
};

/* On a line of its own: the progress line may be there. */
#define die(...)	(fputs("\n", stderr), errx(1, __VA_ARGS__))

/* A call into libmbox that has to succeed: its result, or the end. */
#define must(call)	check(call, #call)

static inline long check(long ret, const char *call)
{
	if (ret < 0)
		die("%s: %s", call, strerror(-ret));
	return ret;
}

static inline unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

void files_scan(struct demo *d, const char *dir);
void files_expect(struct demo *d, const char *list);

unsigned char *slots_map(const struct demo *d, bool to_write);
void producer_run(const struct demo *d, unsigned int nr);
void worker_run(const struct demo *d, unsigned int nr);
void collector_init(void);
void collector_run(struct demo *d, bool to_the_end);

/* What was done; how much of it is wrong. */
void report_pieces(const struct demo *d);
unsigned int report_mailboxes(const struct demo *d);
unsigned int report_leftovers(const struct demo *d,
			      const struct mbox_usage *before);
unsigned int report_files(const struct demo *d);

#endif /* DEMO_H */
