/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches: the bare ioctls. What they return says how many; @error is what the
 * struct tells of the first that was not among them.
 */
#ifndef MBOX_TEST_BATCH_H
#define MBOX_TEST_BATCH_H

#include "mbox_test_util.h"

/* With all of @batch as given but its size and items. */
static inline int mt_send_batchmsg(int fd, struct mbox_send_batch *batch,
				   const struct mbox_send_item *items,
				   unsigned int nr)
{
	batch->size = sizeof(*batch);
	batch->items = (uintptr_t)items;
	batch->nr = nr;
	return mt_ioctl(fd, MBOX_IOC_SEND_BATCH, batch);
}

static inline int mt_recv_batchmsg(int fd, struct mbox_recv_batch *batch,
				   struct mbox_recv_item *items,
				   unsigned int nr)
{
	batch->size = sizeof(*batch);
	batch->items = (uintptr_t)items;
	batch->nr = nr;
	return mt_ioctl(fd, MBOX_IOC_RECV_BATCH, batch);
}

/* The same where flags are all there is to it. */
static inline int mt_send_batch(int fd, const struct mbox_send_item *items,
				unsigned int nr, unsigned int flags, int *error)
{
	struct mbox_send_batch batch = { .flags = flags, .error = -1 };
	int ret = mt_send_batchmsg(fd, &batch, items, nr);

	*error = batch.error;
	return ret;
}

static inline int mt_recv_batch(int fd, struct mbox_recv_item *items,
				unsigned int nr, unsigned int flags, int *error)
{
	struct mbox_recv_batch batch = { .flags = flags, .error = -1 };
	int ret = mt_recv_batchmsg(fd, &batch, items, nr);

	*error = batch.error;
	return ret;
}

#endif /* MBOX_TEST_BATCH_H */
