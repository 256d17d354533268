// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Batches: some messages with one command.
 */
#include "command.h"

MBOX_EXPORT int mbox_send_many(int fd, const struct mbox_send_item *items,
			       unsigned int nr)
{
	struct mbox_send_batch batch = {
		.items = mbox_pointer(items),
		.nr = nr,
	};

	return mbox_send_batch(fd, &batch);
}

MBOX_EXPORT int mbox_send_batch(int fd, struct mbox_send_batch *batch)
{
	batch->size = sizeof(*batch);
	return mbox_command(fd, MBOX_IOC_SEND_BATCH, batch);
}

MBOX_EXPORT int mbox_recv_many(int fd, struct mbox_recv_item *items,
			       unsigned int nr)
{
	struct mbox_recv_batch batch = {
		.items = mbox_pointer(items),
		.nr = nr,
	};
	int i, ret = mbox_recv_batch(fd, &batch);

	/*
	 * Calls, as in mbox_recv(): a program that expects none would look for
	 * no token, and hold what fills the mailbox until it ends.
	 */
	for (i = 0; i < ret; i++) {
		if (items[i].token)
			mbox_ack(fd, items[i].token);
		items[i].token = 0;
	}
	return ret;
}

MBOX_EXPORT int mbox_recv_batch(int fd, struct mbox_recv_batch *batch)
{
	batch->size = sizeof(*batch);
	return mbox_command(fd, MBOX_IOC_RECV_BATCH, batch);
}
