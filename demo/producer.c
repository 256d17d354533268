// SPDX-License-Identifier: GPL-2.0
/*
 * A producer: reads its share of the files and sends it in pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "demo.h"

static unsigned char *slots;
static int free_slots;

/* The token of a free slot is a message like any other. */
static void take_slot(struct piece *p)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)&p->slot,
		.buf_size = sizeof(p->slot),
		.deadline = mbox_deadline(PATIENCE),
	};

	must(mbox_recvmsg(free_slots, &msg));
}

/* The mailbox of a worker is bounded: this is what slows a producer down. */
static void send_piece(const struct demo *d, unsigned int worker,
		       struct message *m, unsigned int priority)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)m,
		.len = sizeof(m->piece) + (m->piece.large ? 0 : m->piece.len),
		.priority = priority,
	};
	int inbox = d->inbox[worker];
	int ret = mbox_sendmsg(inbox, &msg);

	if (ret == -EAGAIN) {
		m->piece.no_room = true;
		msg.flags = 0;
		msg.deadline = mbox_deadline(PATIENCE);
		ret = mbox_sendmsg(inbox, &msg);
	}
	if (ret == -EPIPE)
		die("%s has gone: its mailbox has ended",
		    d->processes[worker].name);
	if (ret == -ETIMEDOUT)
		die("no room for too long: %s, %llu of %llu",
		    mbox_limit_name(msg.refusal.limit), msg.refusal.used,
		    msg.refusal.max);
	must(ret);
}

/* An empty file is one empty piece. */
static void stream_file(const struct demo *d, unsigned int nr,
			unsigned int worker, unsigned int priority)
{
	static struct message m;
	struct piece *p = &m.piece;
	const struct file *f = &d->files[nr];
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %m", f->path);
	*p = (struct piece){ .file = nr };
	do {
		unsigned long left = f->size - p->offset;
		void *to = m.data;

		p->len = left < SLOT_SIZE ? left : SLOT_SIZE;
		p->last = p->len == left;
		p->large = p->len > SMALL_MAX;
		p->no_room = false;
		if (p->large) {
			take_slot(p);
			to = slots + p->slot * SLOT_SIZE;
		}
		if (pread(fd, to, p->len, p->offset) != p->len)
			die("%s: not as it was", f->path);
		send_piece(d, worker, &m, priority);
		p->offset += p->len;
	} while (!p->last);
	close(fd);
}

/* The worker in whose mailbox the fewest messages wait. */
static unsigned int least_busy(const struct demo *d, unsigned int first)
{
	unsigned int best = 0, least = -1u;

	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		unsigned int nr = (first + i) % NR_WORKERS;
		struct mbox_stat stat;

		must(mbox_stat(d->inbox[nr], &stat));
		if (stat.msgs < least) {
			best = nr;
			least = stat.msgs;
		}
	}
	return best;
}

void producer_run(const struct demo *d, unsigned int nr)
{
	unsigned int priority = d->processes[NR_WORKERS + nr].priority;

	slots = slots_map(d, true);
	free_slots = must(mbox_open(d->dev, d->free_name, MBOX_O_READ));
	for (unsigned int i = nr; i < d->nr_files; i += NR_PRODUCERS)
		stream_file(d, i, least_busy(d, i), priority);
}
