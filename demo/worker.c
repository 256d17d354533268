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
		.max_msgs = 4,
		.msg_size = sizeof(struct message),
		.max_bytes = 4 * sizeof(struct message),
	};

	return must(mbox_create(d->dev, d->inbox_name[nr],
				MBOX_O_READ | MBOX_CREATE_EXCL, &attr));
}

void worker_run(const struct demo *d, unsigned int nr)
{
	static struct message m;
	const unsigned char *slots = slots_map(d, false), *data;
	int inbox = make_inbox(d, nr);

	must(mbox_send(d->results_in, NULL, 0, 0));
	for (unsigned long turn = 1; ; turn++) {
		struct mbox_recv msg = {
			.buf = (uintptr_t)&m,
			.buf_size = sizeof(m),
		};
		struct result r = { 0 };
		long ret = mbox_recvmsg(inbox, &msg);

		/* Nothing is queued, and no producer is left: the work is done. */
		if (ret == -EPIPE)
			return;
		must(ret);

		r.piece = m.piece;
		r.producer = msg.pid;
		r.priority = msg.priority;
		r.ahead = msg.seq - turn;
		r.queued = now() - msg.time;
		data = m.piece.large ? slots + m.piece.slot * SLOT_SIZE : m.data;
		work(&m.piece, data, &r.counts);
		if (m.piece.large)
			must(mbox_send(d->free_slots, &m.piece.slot,
				       sizeof(m.piece.slot), 0));
		must(mbox_send(d->results_in, &r, sizeof(r), 0));
	}
}
