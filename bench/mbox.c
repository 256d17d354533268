// SPDX-License-Identifier: GPL-2.0
/*
 * mbox, as a program uses it: by the plain functions of the library, and of a batch
 * and of who serves with structs that are prepared once.
 */
#include <mbox.h>

#include "bench.h"

static int device = -1;

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

static void mbox_bench_open(struct channel *c)
{
	struct mbox_create attr = { .max_msgs = MAX_MSGS, .max_bytes = ROOM };

	if (device < 0)
		device = must(mbox_device());
	if (c->depth > MAX_MSGS)
		attr.max_msgs = c->depth;
	c->in = must(mbox_create(device, NULL, MBOX_O_READ | MBOX_O_WRITE, &attr));
	c->out = c->in;
}

static void mbox_bench_close(struct channel *c)
{
	close(c->in);
}

static void mbox_bench_send(struct channel *c, void *buf)
{
	must(mbox_send(c->in, buf, c->size, 0));
}

static void mbox_bench_recv(struct channel *c, void *buf)
{
	must(mbox_recv(c->out, buf, c->size, NULL));
}

static void mbox_bench_send_many(struct channel *c, void *buf)
{
	static struct mbox_send_item items[BATCH];

	for (int i = 0; i < BATCH; i++) {
		items[i].buf = pointer(buf) + i * c->size;
		items[i].len = c->size;
	}
	if (must(mbox_send_many(c->in, items, BATCH)) != BATCH)
		die("mbox: a batch was not sent whole");
}

static void mbox_bench_recv_many(struct channel *c, void *buf)
{
	static struct mbox_recv_item items[BATCH];

	for (int i = 0; i < BATCH; i++) {
		items[i].buf = pointer(buf) + i * c->size;
		items[i].buf_size = c->size;
	}
	if (must(mbox_recv_many(c->out, items, BATCH)) != BATCH)
		die("mbox: a batch was not received whole");
}

static void mbox_bench_send_priority(struct channel *c, void *buf,
				     unsigned int priority)
{
	must(mbox_send(c->in, buf, c->size, priority));
}

static void mbox_bench_send_type(struct channel *c, void *buf, unsigned int type)
{
	struct mbox_send msg = {
		.buf = pointer(buf),
		.len = c->size,
		.type = type,
	};

	must(mbox_sendmsg(c->in, &msg));
}

static void mbox_bench_recv_type(struct channel *c, void *buf, unsigned int type)
{
	struct mbox_recv msg = {
		.buf = pointer(buf),
		.buf_size = c->size,
		.match = { .what = MBOX_MATCH_TYPE, .type = type },
	};

	must(mbox_recvmsg(c->out, &msg));
}

static void mbox_bench_call(struct channel *c, void *request, void *reply)
{
	must(mbox_call(c->in, request, c->size, reply, c->size));
}

static void mbox_bench_serve(struct channel *c, void *buf)
{
	struct mbox_recv msg = { .buf = pointer(buf), .buf_size = c->size };

	for (;;) {
		must(mbox_recvmsg(c->out, &msg));
		msg.reply_token = msg.token;
		msg.reply_buf = pointer(buf);
		msg.reply_len = c->size;
	}
}

const struct transport mbox_transport = {
	.name = "mbox",
	.can = CAN_PRIORITY | CAN_TYPE | CAN_SHARE | CAN_FILL | CAN_MANY |
	       CAN_FILES,
	.open = mbox_bench_open,
	.close = mbox_bench_close,
	.send = mbox_bench_send,
	.recv = mbox_bench_recv,
	.send_many = mbox_bench_send_many,
	.recv_many = mbox_bench_recv_many,
	.send_priority = mbox_bench_send_priority,
	.send_type = mbox_bench_send_type,
	.recv_type = mbox_bench_recv_type,
	.call = mbox_bench_call,
	.serve = mbox_bench_serve,
};
