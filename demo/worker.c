// SPDX-License-Identifier: GPL-2.0
/*
 * A worker: counts and hashes the pieces that come to its mailbox.
 */
#include <ctype.h>
#include <errno.h>
#include <nettle/sha2.h>

#include "demo.h"

/* The file that a producer is in the middle of. */
static struct stream {
	unsigned int file;
	unsigned long offset;
	bool in_word;
	struct sha256_ctx sha256;
} streams[NR_PRODUCERS];

/* As wc does in the C locale: what cannot be printed does not begin a word. */
static void count(struct stream *s, const unsigned char *data, struct counts *c)
{
	for (unsigned long i = 0; i < c->bytes; i++) {
		c->lines += data[i] == '\n';
		if (isspace(data[i])) {
			s->in_word = false;
		} else if (isprint(data[i]) && !s->in_word) {
			s->in_word = true;
			c->words++;
		}
	}
}

static void work(const struct piece *p, const unsigned char *data,
		 struct counts *c)
{
	struct stream *s = &streams[p->file % NR_PRODUCERS];
	unsigned char digest[SHA256_DIGEST_SIZE];

	if (!p->offset) {
		*s = (struct stream){ .file = p->file };
		sha256_init(&s->sha256);
	}
	if (p->file != s->file || p->offset != s->offset)
		die("out of order: file %u at %lu", p->file, p->offset);
	s->offset += p->len;

	c->bytes = p->len;
	count(s, data, c);
	sha256_update(&s->sha256, p->len, data);
	if (!p->last)
		return;
	sha256_digest(&s->sha256, sizeof(digest), digest);
	for (unsigned int i = 0; i < sizeof(digest); i++)
		sprintf(c->sha256 + 2 * i, "%02x", digest[i]);
}

/* It ends with this process: then senders fail rather than wait. */
static int make_inbox(const struct demo *d, unsigned int nr)
{
	struct mbox_create attr = {
		.lifetime = MBOX_LIFE_PROCESS,
		.max_msgs = 16,
		.msg_size = sizeof(struct message),
		.max_bytes = 4 * sizeof(struct message),
	};
	struct mbox_send ready = { .type = WORKER_READY };
	int inbox = must(mbox_create(d->dev, d->inbox_name[nr],
				     MBOX_O_READ | MBOX_CREATE_EXCL, &attr),
			 "create a mailbox");

	must(mbox_sendmsg(d->results_in, &ready), "say that it is ready");
	return inbox;
}

void worker_run(const struct demo *d, unsigned int nr)
{
	static struct message m;
	const unsigned char *slots = slots_map(d, false);
	int inbox = make_inbox(d, nr);

	for (unsigned long turn = 1; ; turn++) {
		struct mbox_recv in = {
			.buf = (uintptr_t)&m,
			.buf_size = sizeof(m),
		};
		struct result r = { 0 };
		struct mbox_send out = {
			.type = WORKER_RESULT,
			.buf = (uintptr_t)&r,
			.len = sizeof(r),
		};
		long ret = mbox_recvmsg(inbox, &in);

		/* Nothing is queued, and no producer is left: the work is done. */
		if (ret == -EPIPE)
			return;
		must(ret, "receive a piece");

		r.piece = m.piece;
		r.producer = in.pid;
		r.priority = in.priority;
		r.ahead = in.seq - turn;
		r.queued = now() - in.time;
		if (m.piece.large) {
			work(&m.piece, slots + m.piece.slot * SLOT_SIZE,
			     &r.counts);
			must(mbox_send(d->free_slots, &m.piece.slot,
				       sizeof(m.piece.slot), 0),
			     "give a slot back");
		} else {
			work(&m.piece, m.data, &r.counts);
		}
		must(mbox_sendmsg(d->results_in, &out), "send a result");
	}
}
