// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets, of the three kinds.
 */
#include <sys/socket.h>

#include "bench.h"
#include "bytes.h"

static void open_pair(struct channel *c, int type)
{
	int fds[2], room = ROOM;

	must(socketpair(AF_UNIX, type, 0, fds));
	c->in = fds[0];
	c->out = fds[1];
	/* what counts is what the sender may have under way */
	must(setsockopt(c->in, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
	must(setsockopt(c->out, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
}

static void stream_open(struct channel *c)
{
	open_pair(c, SOCK_STREAM);
}

static void seqpacket_open(struct channel *c)
{
	open_pair(c, SOCK_SEQPACKET);
}

static void dgram_open(struct channel *c)
{
	open_pair(c, SOCK_DGRAM);
}

static void socket_close(struct channel *c)
{
	close(c->in);
	close(c->out);
}

static void packet_send(struct channel *c, void *buf)
{
	must(send(c->in, buf, c->size, 0));
}

static void packet_recv(struct channel *c, void *buf)
{
	must(recv(c->out, buf, c->size, 0));
}

/* Points the messages of a batch to their data, one behind the other. */
static struct mmsghdr *batch_of(const struct channel *c, void *buf)
{
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];

	for (int i = 0; i < BATCH; i++) {
		iov[i].iov_base = (char *)buf + i * c->size;
		iov[i].iov_len = c->size;
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return msgs;
}

static void packet_send_many(struct channel *c, void *buf)
{
	if (must(sendmmsg(c->in, batch_of(c, buf), BATCH, 0)) != BATCH)
		die("%s: a batch was not sent whole", c->t->name);
}

static void packet_recv_many(struct channel *c, void *buf)
{
	if (must(recvmmsg(c->out, batch_of(c, buf), BATCH, 0, NULL)) != BATCH)
		die("%s: a batch was not received whole", c->t->name);
}

const struct transport stream_transport = {
	.name = "stream",
	.open = stream_open,
	.close = socket_close,
	.send = bytes_send,
	.recv = bytes_recv,
	.send_many = packet_send_many,
	.recv_many = packet_recv_many,
};

const struct transport seqpacket_transport = {
	.name = "seqpacket",
	.can = CAN_SHARE | CAN_FILES,
	.open = seqpacket_open,
	.close = socket_close,
	.send = packet_send,
	.recv = packet_recv,
	.send_many = packet_send_many,
	.recv_many = packet_recv_many,
};

const struct transport dgram_transport = {
	.name = "dgram",
	.can = CAN_SHARE | CAN_FILES,
	.open = dgram_open,
	.close = socket_close,
	.send = packet_send,
	.recv = packet_recv,
	.send_many = packet_send_many,
	.recv_many = packet_recv_many,
};
