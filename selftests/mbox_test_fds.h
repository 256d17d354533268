/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors with messages.
 */
#ifndef MBOX_TEST_FDS_H
#define MBOX_TEST_FDS_H

#include "mbox_test_util.h"

static inline __u64 mt_fds_used(int dev, uid_t uid)
{
	struct mbox_usage usage;

	return mt_usage(dev, uid, &usage) ? ~0ULL : usage.fds.used;
}

static inline struct mbox_fds mt_fds(const int *fds, unsigned int nr)
{
	return (struct mbox_fds){ .fds = (uintptr_t)fds, .nr = nr };
}

static inline int mt_send_fds(int box, const int *fds, unsigned int nr)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)"data",
		.len = 4,
		.fds = mt_fds(fds, nr),
	};

	return mt_sendmsg(box, &msg);
}

static inline int mt_send_fd(int box, int fd)
{
	return mt_send_fds(box, &fd, 1);
}

/* All but the descriptors is as in @msg, whose data is thrown away. */
static inline int mt_recv_fds(int box, struct mbox_recv *msg, int *fds,
			      unsigned int nr, unsigned int flags)
{
	static char data[64];

	*msg = (struct mbox_recv){
		.flags = flags | MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
		.fds = mt_fds(fds, nr),
	};
	return mt_recvmsg(box, msg);
}

/* The only descriptor of a message, or -errno. */
static inline int mt_recv_fd(int box)
{
	struct mbox_recv msg;
	int fd = -1, ret = mt_recv_fds(box, &msg, &fd, 1, 0);

	return ret ?: msg.fds.nr == 1 && !msg.fds.lost ? fd : -ENODATA;
}

/* A pipe whose writing end is to be given away: see mt_pipe_is_closed(). */
static inline bool mt_pipe(int pair[2])
{
	return !pipe2(pair, O_NONBLOCK | O_CLOEXEC);
}

static inline bool mt_pipe_is_open(const int pair[2])
{
	char byte;

	return read(pair[0], &byte, 1) < 0 && errno == EAGAIN;
}

/* Has the last writer gone? That takes a moment where it was another task. */
static inline bool mt_pipe_is_closed(const int pair[2])
{
	return MT_UNTIL(!mt_pipe_is_open(pair));
}

#endif /* MBOX_TEST_FDS_H */
