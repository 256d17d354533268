/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the floor, for mbox_floor.c and for the program that uses it.
 * Their arguments are the structs of the commands of mbox that they stand for.
 */
#ifndef MBOX_FLOOR_H
#define MBOX_FLOOR_H

#include <linux/ioctl.h>

#define FLOOR_NAME		"mbox-floor"
/* Bytes that fit into the buffer; messages of a batch, always as many. */
#define FLOOR_ROOM		65536
#define FLOOR_BATCH		32

#define FLOOR_SEND		_IO('F', 0)	/* struct mbox_send */
#define FLOOR_RECV		_IO('F', 1)	/* struct mbox_recv */
#define FLOOR_SEND_BATCH	_IO('F', 2)	/* struct mbox_send_batch */
#define FLOOR_RECV_BATCH	_IO('F', 3)	/* struct mbox_recv_batch */
#define FLOOR_CALL		_IO('F', 4)	/* struct mbox_call */
/* struct mbox_recv: replies if there is a reply_token, then receives */
#define FLOOR_SERVE		_IO('F', 5)

#endif /* MBOX_FLOOR_H */
