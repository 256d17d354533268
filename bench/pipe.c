// SPDX-License-Identifier: GPL-2.0
/*
 * A pipe, and what reads and writes bytes rather than messages.
 */
#include <fcntl.h>

#include "bench.h"
#include "bytes.h"

static void pipe_open(struct channel *c)
{
	int fds[2];

	must(pipe(fds));
	c->out = fds[0];
	c->in = fds[1];
	must(fcntl(c->in, F_SETPIPE_SZ, ROOM));
}

static void pipe_close(struct channel *c)
{
	close(c->in);
	close(c->out);
}

void bytes_send(struct channel *c, void *buf)
{
	size_t done = 0;

	while (done < c->size)
		done += must(write(c->in, (char *)buf + done, c->size - done));
}

void bytes_recv(struct channel *c, void *buf)
{
	size_t done = 0;

	while (done < c->size)
		done += must(read(c->out, (char *)buf + done, c->size - done));
}

const struct transport pipe_transport = {
	.name = "pipe",
	.can = CAN_SHARE | CAN_FILES,
	.open = pipe_open,
	.close = pipe_close,
	.send = bytes_send,
	.recv = bytes_recv,
};
