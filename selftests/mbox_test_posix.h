/* SPDX-License-Identifier: GPL-2.0 */
/*
 * POSIX queues, and the same calls on mailboxes with libmbox.
 */
#ifndef MBOX_TEST_POSIX_H
#define MBOX_TEST_POSIX_H

#include <mbox.h>
#include <mqueue.h>

#include "mbox_test_util.h"

/* Of the messages of all queues. */
#define MT_POSIX_SIZE	64

/**
 * struct mt_posix - the calls of POSIX, which return -errno here
 * @open: mq_open(); with O_CREAT for @maxmsg messages of MT_POSIX_SIZE bytes
 * @send: mq_send()
 * @receive: mq_receive()
 * @timedsend: mq_timedsend(), until a time of CLOCK_REALTIME in nanoseconds
 * @timedreceive: mq_timedreceive(), likewise
 * @notify: mq_notify() by a signal, or not any more where that is 0
 * @getattr: mq_getattr()
 * @unlink: mq_unlink()
 * @nr_receive: the system call that waits in @receive
 * @nr_send: likewise
 */
struct mt_posix {
	int (*open)(const char *name, int flags, mode_t mode, long maxmsg);
	int (*send)(int mq, const char *buf, size_t len, unsigned int prio);
	int (*receive)(int mq, char *buf, size_t size, unsigned int *prio);
	int (*timedsend)(int mq, const char *buf, size_t len, __u64 until);
	int (*timedreceive)(int mq, char *buf, size_t size, __u64 until);
	int (*notify)(int mq, int sig);
	int (*getattr)(int mq, struct mq_attr *attr);
	int (*unlink)(const char *name);
	long nr_receive;
	long nr_send;
};

/* ---- with a queue -------------------------------------------------------- */

static inline int mt_error_or(int ret)
{
	return ret < 0 ? -errno : ret;
}

static inline const char *mt_queue_name(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/%s", name);
	return path;
}

static inline int mt_queue_open(const char *name, int flags, mode_t mode,
				long maxmsg)
{
	struct mq_attr attr = {
		.mq_maxmsg = maxmsg,
		.mq_msgsize = MT_POSIX_SIZE,
	};

	return mt_error_or(mq_open(mt_queue_name(name), flags, mode,
				   maxmsg ? &attr : NULL));
}

static inline int mt_queue_send(int mq, const char *buf, size_t len,
				unsigned int prio)
{
	return mt_error_or(mq_send(mq, buf, len, prio));
}

static inline int mt_queue_receive(int mq, char *buf, size_t size,
				   unsigned int *prio)
{
	return mt_error_or(mq_receive(mq, buf, size, prio));
}

static inline struct timespec mt_timespec_of(__u64 ns)
{
	return (struct timespec){
		.tv_sec = ns / MT_NSEC_PER_SEC,
		.tv_nsec = ns % MT_NSEC_PER_SEC,
	};
}

static inline int mt_queue_timedsend(int mq, const char *buf, size_t len,
				     __u64 until)
{
	struct timespec ts = mt_timespec_of(until);

	return mt_error_or(mq_timedsend(mq, buf, len, 0, &ts));
}

static inline int mt_queue_timedreceive(int mq, char *buf, size_t size,
					__u64 until)
{
	struct timespec ts = mt_timespec_of(until);

	return mt_error_or(mq_timedreceive(mq, buf, size, NULL, &ts));
}

static inline int mt_queue_notify(int mq, int sig)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = sig,
	};

	return mt_error_or(mq_notify(mq, sig ? &event : NULL));
}

static inline int mt_queue_getattr(int mq, struct mq_attr *attr)
{
	return mt_error_or(mq_getattr(mq, attr));
}

static inline int mt_queue_unlink(const char *name)
{
	return mt_error_or(mq_unlink(mt_queue_name(name)));
}

static const struct mt_posix mt_posix_queue = {
	.open = mt_queue_open,
	.send = mt_queue_send,
	.receive = mt_queue_receive,
	.timedsend = mt_queue_timedsend,
	.timedreceive = mt_queue_timedreceive,
	.notify = mt_queue_notify,
	.getattr = mt_queue_getattr,
	.unlink = mt_queue_unlink,
	.nr_receive = __NR_mq_timedreceive,
	.nr_send = __NR_mq_timedsend,
};

/* ---- with a mailbox ------------------------------------------------------ */

static inline unsigned int mt_box_flags(int flags)
{
	int access = flags & O_ACCMODE;

	return (access != O_WRONLY ? MBOX_O_READ : 0) |
	       (access != O_RDONLY ? MBOX_O_WRITE : 0) |
	       (flags & O_NONBLOCK ? MBOX_O_NONBLOCK : 0) |
	       (flags & O_EXCL ? MBOX_CREATE_EXCL : 0);
}

static inline int mt_box_open(const char *name, int flags, mode_t mode,
			      long maxmsg)
{
	struct mbox_create attr = {
		.mode = mode,
		.max_msgs = maxmsg,
		.msg_size = MT_POSIX_SIZE,
	};
	int dev = mbox_device(), fd;

	if (dev < 0)
		return dev;
	if (flags & O_CREAT)
		fd = mbox_create(dev, name,
				 mt_box_flags(flags) | MBOX_CREATE_MODE, &attr);
	else
		fd = mbox_open(dev, name, mt_box_flags(flags));
	close(dev);
	return fd;
}

static inline int mt_box_send(int fd, const char *buf, size_t len,
			      unsigned int prio)
{
	return mbox_send(fd, buf, len, prio);
}

static inline int mt_box_receive(int fd, char *buf, size_t size,
				 unsigned int *prio)
{
	return mbox_recv(fd, buf, size, prio);
}

static inline int mt_box_timedsend(int fd, const char *buf, size_t len,
				   __u64 until)
{
	struct mbox_send msg = {
		.flags = MBOX_REALTIME,
		.buf = (uintptr_t)buf,
		.len = len,
		.deadline = until,
	};

	return mbox_sendmsg(fd, &msg);
}

static inline int mt_box_timedreceive(int fd, char *buf, size_t size,
				      __u64 until)
{
	struct mbox_recv msg = {
		.flags = MBOX_REALTIME,
		.buf = (uintptr_t)buf,
		.buf_size = size,
		.deadline = until,
	};

	return mbox_recvmsg(fd, &msg);
}

static inline int mt_box_getattr(int fd, struct mq_attr *attr)
{
	struct mbox_stat stat;
	int ret = mbox_stat(fd, &stat);

	*attr = (struct mq_attr){
		.mq_flags = fcntl(fd, F_GETFL) & O_NONBLOCK,
		.mq_maxmsg = stat.max_msgs,
		.mq_msgsize = stat.msg_size,
		.mq_curmsgs = stat.msgs,
	};
	return ret;
}

static inline int mt_box_unlink(const char *name)
{
	int dev = mbox_device(), ret;

	if (dev < 0)
		return dev;
	ret = mbox_unlink(dev, name);
	close(dev);
	return ret;
}

static const struct mt_posix mt_posix_mailbox = {
	.open = mt_box_open,
	.send = mt_box_send,
	.receive = mt_box_receive,
	.timedsend = mt_box_timedsend,
	.timedreceive = mt_box_timedreceive,
	.notify = mbox_notify,
	.getattr = mt_box_getattr,
	.unlink = mt_box_unlink,
	.nr_receive = __NR_ioctl,
	.nr_send = __NR_ioctl,
};

#endif /* MBOX_TEST_POSIX_H */
