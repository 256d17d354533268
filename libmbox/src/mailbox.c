// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mailboxes: send, receive, look, purge, and the time until which to wait.
 */
#include <time.h>

#include "command.h"

MBOX_EXPORT int mbox_send(int fd, const void *buf, size_t len,
			  unsigned int priority)
{
	struct mbox_send msg = {
		.buf = mbox_pointer(buf),
		.len = len,
		.priority = priority,
	};

	/* The field has 32 bits; what they do not hold, no mailbox does. */
	if (len > UINT32_MAX)
		return -EMSGSIZE;
	return mbox_sendmsg(fd, &msg);
}

MBOX_EXPORT int mbox_sendmsg(int fd, struct mbox_send *msg)
{
	msg->size = sizeof(*msg);
	return mbox_command(fd, MBOX_IOC_SEND, msg);
}

static ssize_t receive(int fd, void *buf, size_t size, unsigned int *priority,
		       unsigned int flags)
{
	struct mbox_recv msg = {
		.flags = flags,
		.buf = mbox_pointer(buf),
		.buf_size = mbox_buffer_size(size),
	};
	ssize_t ret = mbox_recvmsg(fd, &msg);

	if (ret >= 0 && priority)
		*priority = msg.priority;
	/* A call: nobody learns its token, so nobody else can answer it. */
	if (ret >= 0 && msg.token)
		mbox_ack(fd, msg.token);
	return ret;
}

MBOX_EXPORT ssize_t mbox_recv(int fd, void *buf, size_t size,
			      unsigned int *priority)
{
	return receive(fd, buf, size, priority, 0);
}

MBOX_EXPORT ssize_t mbox_peek(int fd, void *buf, size_t size,
			      unsigned int *priority)
{
	return receive(fd, buf, size, priority, MBOX_PEEK);
}

MBOX_EXPORT ssize_t mbox_recvmsg(int fd, struct mbox_recv *msg)
{
	int ret;

	msg->size = sizeof(*msg);
	ret = mbox_command(fd, MBOX_IOC_RECV, msg);
	return ret < 0 ? ret : (ssize_t)msg->len;
}

MBOX_EXPORT int mbox_purge(int fd)
{
	struct mbox_purge arg = { .size = sizeof(arg) };

	return mbox_command(fd, MBOX_IOC_PURGE, &arg);
}

MBOX_EXPORT uint64_t mbox_deadline(uint64_t ns)
{
	struct timespec now;
	__u64 t;

	clock_gettime(CLOCK_MONOTONIC, &now);
	t = (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (ns > INT64_MAX - t)
		return INT64_MAX;
	/* 0 would mean for ever, and a new time namespace may start there. */
	return t + ns ? t + ns : 1;
}
