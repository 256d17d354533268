/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that sends or receives one message, and may have to wait for it.
 *
 *	struct mt_task task = { .fd = box };
 *
 *	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
 *	ASSERT_EQ(0, mt_send(box, "x", 1, 0, 0));
 *	EXPECT_EQ(1, mt_task_end(&task));
 */
#ifndef MBOX_TEST_TASK_H
#define MBOX_TEST_TASK_H

#include <poll.h>
#include <pthread.h>

#include "mbox_test_util.h"

/**
 * struct mt_task - a thread in a system call
 * @fd: the descriptor that it uses
 * @send: mt_task_send: the message; without a buffer it is in @data
 * @recv: mt_task_recv: how to receive; without a buffer the data goes to @data
 * @poll: mt_task_poll: the events that it waits for
 * @data: what it sends or has received
 * @ret: when it is done: what the system call returned, or -errno
 * @tid: its thread id
 * @thread: for mt_task_end()
 * @again: repeat the call after EINTR
 * @done: it has returned
 * @interrupted: how often @again was needed
 */
struct mt_task {
	int fd;
	struct mbox_send send;
	struct mbox_recv recv;
	struct pollfd poll;
	char data[256];
	int ret;
	pid_t tid;
	pthread_t thread;
	bool again;
	bool done;
	unsigned int interrupted;
	int (*call)(struct mt_task *task);
};

/* The calls: each returns the length of the message or -errno. */

static inline int mt_task_send(struct mt_task *task)
{
	task->send.buf = task->send.buf ?: (uintptr_t)task->data;
	return mt_sendmsg(task->fd, &task->send) ?: (int)task->send.len;
}

static inline int mt_task_recv(struct mt_task *task)
{
	if (!task->recv.buf) {
		task->recv.buf = (uintptr_t)task->data;
		task->recv.buf_size = sizeof(task->data);
	}
	return mt_recvmsg(task->fd, &task->recv) ?: (int)task->recv.len;
}

static inline int mt_task_poll(struct mt_task *task)
{
	int ret;

	task->poll.fd = task->fd;
	ret = poll(&task->poll, 1, -1);
	return ret < 0 ? -errno : task->poll.revents;
}

static inline void *mt_task_main(void *arg)
{
	struct mt_task *task = arg;

	__atomic_store_n(&task->tid, mt_gettid(), __ATOMIC_RELEASE);
	do {
		task->ret = task->call(task);
	} while (task->again && task->ret == -EINTR && ++task->interrupted);
	__atomic_store_n(&task->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static inline pid_t mt_task_tid(struct mt_task *task)
{
	return __atomic_load_n(&task->tid, __ATOMIC_ACQUIRE);
}

static inline bool mt_task_is_done(struct mt_task *task)
{
	return __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
}

static inline void mt_task_start(struct mt_task *task,
				 int (*call)(struct mt_task *task))
{
	task->call = call;
	task->tid = 0;
	task->done = false;
	task->interrupted = 0;
	if (pthread_create(&task->thread, NULL, mt_task_main, task))
		abort();
}

static inline bool mt_task_is_blocked(struct mt_task *task)
{
	pid_t tid = mt_task_tid(task);

	return tid && !mt_task_is_done(task) &&
	       mt_is_blocked(tid, task->call == mt_task_poll ? __NR_poll :
							       __NR_ioctl);
}

/* Wait until the task is blocked or done; true if it is blocked. */
static inline bool mt_task_settle(struct mt_task *task)
{
	return MT_UNTIL(mt_task_is_blocked(task) || mt_task_is_done(task)) &&
	       !mt_task_is_done(task);
}

/* Start a task; true once it is blocked. */
static inline bool mt_task_blocks(struct mt_task *task,
				  int (*call)(struct mt_task *task))
{
	mt_task_start(task, call);
	return mt_task_settle(task);
}

/* Wait for the end of a task's call, and return its result. */
static inline int mt_task_end(struct mt_task *task)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 20;
	if (pthread_clockjoin_np(task->thread, NULL, CLOCK_MONOTONIC, &end))
		return -EINPROGRESS;
	return task->ret;
}

/* Have SIGUSR1 caught, with @flags such as SA_RESTART, and counted. */

static unsigned int mt_signals;

static inline void mt_on_signal(int sig)
{
	__atomic_add_fetch(&mt_signals, 1, __ATOMIC_RELAXED);
}

static inline void mt_catch(int flags)
{
	struct sigaction action = {
		.sa_handler = mt_on_signal,
		.sa_flags = flags,
	};

	sigaction(SIGUSR1, &action, NULL);
}

static inline unsigned int mt_caught(void)
{
	return __atomic_load_n(&mt_signals, __ATOMIC_RELAXED);
}

static inline void mt_task_signal(struct mt_task *task)
{
	pthread_kill(task->thread, SIGUSR1);
}

/* How often a thread has gone to sleep: it grows when it was woken. */
static inline long mt_switches(pid_t tid)
{
	static const char field[] = "voluntary_ctxt_switches:";
	char path[64], line[256];
	long switches = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, sizeof(field) - 1))
			switches = atol(line + sizeof(field) - 1);
	if (file)
		fclose(file);
	return switches;
}

#endif /* MBOX_TEST_TASK_H */
