// SPDX-License-Identifier: GPL-2.0
/*
 * The floor, by the commands of floor/mbox_floor.c, with arguments prepared as
 * libmbox and mbox.c prepare them.
 */
#include <fcntl.h>
#include <mbox.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "floor/mbox_floor.h"

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

static void floor_open(struct channel *c)
{
	c->in = open("/dev/" FLOOR_NAME, O_RDWR);
	if (c->in < 0)
		err(1, "/dev/" FLOOR_NAME);
	c->out = c->in;
}

static void floor_close(struct channel *c)
{
	close(c->in);
}

static void floor_send(struct channel *c, void *buf)
{
	struct mbox_send msg = {
		.size = sizeof(msg),
		.buf = pointer(buf),
		.len = c->size,
	};

	must(ioctl(c->in, FLOOR_SEND, &msg));
}

static void floor_recv(struct channel *c, void *buf)
{
	struct mbox_recv msg = {
		.size = sizeof(msg),
		.buf = pointer(buf),
		.buf_size = c->size,
	};

	must(ioctl(c->out, FLOOR_RECV, &msg));
}

static void floor_send_many(struct channel *c, void *buf)
{
	static struct mbox_send_item items[BATCH];
	struct mbox_send_batch batch = {
		.size = sizeof(batch),
		.items = pointer(items),
		.nr = BATCH,
	};

	for (int i = 0; i < BATCH; i++) {
		items[i].buf = pointer(buf) + i * c->size;
		items[i].len = c->size;
	}
	must(ioctl(c->in, FLOOR_SEND_BATCH, &batch));
}

static void floor_recv_many(struct channel *c, void *buf)
{
	static struct mbox_recv_item items[BATCH];
	struct mbox_recv_batch batch = {
		.size = sizeof(batch),
		.items = pointer(items),
		.nr = BATCH,
	};

	for (int i = 0; i < BATCH; i++) {
		items[i].buf = pointer(buf) + i * c->size;
		items[i].buf_size = c->size;
	}
	must(ioctl(c->out, FLOOR_RECV_BATCH, &batch));
}

static void floor_call(struct channel *c, void *request, void *reply)
{
	struct mbox_call call = {
		.size = sizeof(call),
		.buf = pointer(request),
		.len = c->size,
		.reply_buf = pointer(reply),
		.reply_size = c->size,
	};

	must(ioctl(c->in, FLOOR_CALL, &call));
}

static void floor_serve(struct channel *c, void *buf)
{
	struct mbox_recv msg = {
		.size = sizeof(msg),
		.buf = pointer(buf),
		.buf_size = c->size,
	};

	for (;;) {
		must(ioctl(c->out, FLOOR_SERVE, &msg));
		msg.reply_token = msg.token;
		msg.reply_buf = pointer(buf);
		msg.reply_len = c->size;
	}
}

const struct transport floor_transport = {
	.name = "floor",
	.open = floor_open,
	.close = floor_close,
	.send = floor_send,
	.recv = floor_recv,
	.send_many = floor_send_many,
	.recv_many = floor_recv_many,
	.call = floor_call,
	.serve = floor_serve,
};
