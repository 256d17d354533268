/* SPDX-License-Identifier: GPL-2.0 */
/*
 * epoll: what there is, and threads that wait for it.
 */
#ifndef MBOX_TEST_EPOLL_H
#define MBOX_TEST_EPOLL_H

#include <sys/epoll.h>

#include "mbox_test_task.h"

/* A new epoll with one descriptor in it. */
static inline int mt_epoll(int fd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) ? -errno : epfd;
}

/* The events there are; 0 for none. */
static inline int mt_epoll_events(int epfd)
{
	struct epoll_event event;
	int ret = epoll_wait(epfd, &event, 1, 0);

	return ret == 1 ? (int)event.events : ret;
}

/* Wait for the next events of the epoll in @poll.fd. */
static inline int mt_task_epoll(struct mt_task *task)
{
	struct epoll_event event;
	int ret = epoll_wait(task->poll.fd, &event, 1, -1);

	return ret == 1 ? (int)event.events : -errno;
}

static inline bool mt_epoll_is_blocked(struct mt_task *task)
{
	return mt_task_tid(task) &&
	       mt_is_blocked(mt_task_tid(task), __NR_epoll_wait);
}

/* A thread that waits for @events of @fd in an epoll of its own. */
static inline bool mt_epoll_blocks(struct mt_task *task, int fd, __u32 events)
{
	task->poll.fd = mt_epoll(fd, events);
	if (task->poll.fd < 0)
		return false;
	mt_task_start(task, mt_task_epoll);
	return MT_UNTIL(mt_epoll_is_blocked(task));
}

#endif /* MBOX_TEST_EPOLL_H */
