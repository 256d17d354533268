// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Leases: what becomes of a message that is held.
 */
#include "command.h"

MBOX_EXPORT int mbox_ack(int fd, uint64_t token)
{
	struct mbox_ack arg = { .size = sizeof(arg), .token = token };

	return mbox_command(fd, MBOX_IOC_ACK, &arg);
}

MBOX_EXPORT int mbox_nack(int fd, uint64_t token, uint64_t delay)
{
	struct mbox_nack arg = {
		.size = sizeof(arg),
		.token = token,
		.delay = delay,
	};

	return mbox_command(fd, MBOX_IOC_NACK, &arg);
}

MBOX_EXPORT int mbox_held(int fd, struct mbox_held *held)
{
	held->size = sizeof(*held);
	return mbox_command(fd, MBOX_IOC_HELD, held);
}

MBOX_EXPORT int mbox_sender_lives(int fd, uint64_t token)
{
	struct mbox_held held = { .token = token };
	int ret;

	/* What is not held has this token; to the kernel it is any call. */
	if (token == 0)
		return -ESTALE;
	ret = mbox_held(fd, &held);
	return ret < 0 ? ret : !!(held.state & MBOX_MSG_SENDER_LIVES);
}
