// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX and System V message queues.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "bench.h"

/* The name is taken away at once: the queue ends with its descriptors. */
static void posix_open(struct channel *c)
{
	struct mq_attr attr = {
		.mq_maxmsg = c->depth > MAX_MSGS ? c->depth : MAX_MSGS,
		.mq_msgsize = c->size,
	};
	char name[64];

	if ((size_t)attr.mq_maxmsg * c->size > ROOM)
		attr.mq_maxmsg = ROOM / c->size;
	snprintf(name, sizeof(name), "/mbox-bench-%d", getpid());
	c->in = must(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
	c->out = c->in;
	must(mq_unlink(name));
}

static void posix_close(struct channel *c)
{
	mq_close(c->in);
}

static void posix_send_priority(struct channel *c, void *buf,
				unsigned int priority)
{
	must(mq_send(c->in, buf, c->size, priority));
}

static void posix_send(struct channel *c, void *buf)
{
	must(mq_send(c->in, buf, c->size, 0));
}

static void posix_recv(struct channel *c, void *buf)
{
	must(mq_receive(c->out, buf, c->size, NULL));
}

const struct transport posix_transport = {
	.name = "posix",
	.can = CAN_PRIORITY | CAN_SHARE | CAN_FILL | CAN_MANY,
	.open = posix_open,
	.close = posix_close,
	.send = posix_send,
	.recv = posix_recv,
	.send_priority = posix_send_priority,
};

/* Types begin at 1. */
static void *with_type(void *buf, long type)
{
	long *msg = (long *)buf - 1;

	*msg = type + 1;
	return msg;
}

static void sysv_open(struct channel *c)
{
	struct msqid_ds ds;

	c->in = must(msgget(IPC_PRIVATE, 0600));
	c->out = c->in;
	must(msgctl(c->in, IPC_STAT, &ds));
	ds.msg_qbytes = ROOM;
	must(msgctl(c->in, IPC_SET, &ds));
}

static void sysv_close(struct channel *c)
{
	msgctl(c->in, IPC_RMID, NULL);
}

static void sysv_send_type(struct channel *c, void *buf, unsigned int type)
{
	must(msgsnd(c->in, with_type(buf, type), c->size, 0));
}

static void sysv_send(struct channel *c, void *buf)
{
	must(msgsnd(c->in, with_type(buf, 0), c->size, 0));
}

static void sysv_recv(struct channel *c, void *buf)
{
	must(msgrcv(c->out, (long *)buf - 1, c->size, 0, 0));
}

static void sysv_recv_type(struct channel *c, void *buf, unsigned int type)
{
	must(msgrcv(c->out, (long *)buf - 1, c->size, type + 1, 0));
}

const struct transport sysv_transport = {
	.name = "sysv",
	.can = CAN_TYPE | CAN_SHARE | CAN_FILL | CAN_MANY,
	.open = sysv_open,
	.close = sysv_close,
	.send = sysv_send,
	.recv = sysv_recv,
	.send_type = sysv_send_type,
	.recv_type = sysv_recv_type,
};
