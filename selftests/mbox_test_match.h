/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Selection: which messages, who sends them, and who waits for them.
 *
 * A message is a number here, 0 or more:
 *
 *	struct mt_child sender;
 *
 *	mt_sender_fork(&sender);
 *	ASSERT_EQ(0, mt_send_from(&sender, box, 1, 7, 0));
 *	EXPECT_EQ(1, mt_recv_match(box, mt_from(sender.pid), MBOX_DONTWAIT));
 *	EXPECT_EQ(0, mt_sender_end(&sender));
 */
#ifndef MBOX_TEST_MATCH_H
#define MBOX_TEST_MATCH_H

#include <linux/sched.h>

#include "mbox_test_call.h"

/* ---- which messages ------------------------------------------------------ */

static inline struct mbox_match mt_any(void)
{
	return (struct mbox_match){};
}

static inline struct mbox_match mt_type(__s64 type)
{
	return (struct mbox_match){ .what = MBOX_MATCH_TYPE, .type = type };
}

static inline struct mbox_match mt_type_max(__s64 type)
{
	return (struct mbox_match){ .what = MBOX_MATCH_TYPE_MAX, .type = type };
}

static inline struct mbox_match mt_type_not(__s64 type)
{
	return (struct mbox_match){ .what = MBOX_MATCH_TYPE_NOT, .type = type };
}

static inline struct mbox_match mt_from(pid_t pid)
{
	return (struct mbox_match){ .what = MBOX_MATCH_PID, .pid = pid };
}

/* Of this priority or above. */
static inline struct mbox_match mt_above(unsigned int priority)
{
	return (struct mbox_match){
		.what = MBOX_MATCH_PRIORITY,
		.priority = priority,
	};
}

/* What the one names and what the other names, which are different things. */
static inline struct mbox_match mt_both(struct mbox_match a,
					struct mbox_match b)
{
	return (struct mbox_match){
		.what = a.what | b.what,
		.priority = a.priority | b.priority,
		.type = a.type | b.type,
		.pid = a.pid | b.pid,
	};
}

static inline int mt_filter(int fd, struct mbox_match match)
{
	struct mbox_filter arg = { .size = sizeof(arg), .match = match };

	return mt_ioctl(fd, MBOX_IOC_FILTER, &arg);
}

/* ---- numbers --------------------------------------------------------------- */

static inline int mt_send_number(int fd, int number, __s64 type,
				 unsigned int priority)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&number,
		.len = sizeof(number),
		.priority = priority,
		.type = type,
	};

	return mt_sendmsg(fd, &msg);
}

/* The number, with all of @msg as given but its size and buffer; or -errno. */
static inline int mt_recv_number(int fd, struct mbox_recv *msg)
{
	int number, ret;

	msg->buf = (uintptr_t)&number;
	msg->buf_size = sizeof(number);
	ret = mt_recvmsg(fd, msg);
	return ret ?: number;
}

static inline int mt_recv_match(int fd, struct mbox_match match,
				unsigned int flags)
{
	struct mbox_recv msg = { .flags = flags, .match = match };

	return mt_recv_number(fd, &msg);
}

/* The number of the next message, whatever it is, without waiting. */
static inline int mt_recv_next(int fd)
{
	return mt_recv_match(fd, mt_any(), MBOX_DONTWAIT);
}

/* ---- who waits --------------------------------------------------------------- */

/* A receiver of what matches; true once it waits. */
static inline bool mt_match_blocks(struct mt_task *task, int fd,
				   struct mbox_match match)
{
	task->fd = fd;
	task->recv.match = match;
	return mt_task_blocks(task, mt_task_recv);
}

/* The number that a receiver has got, when it is done; or -errno. */
static inline int mt_task_number(struct mt_task *task)
{
	int ret = mt_task_end(task), number;

	if (ret < 0)
		return ret;
	memcpy(&number, task->data, sizeof(number));
	return number;
}

/* Does a task wait, and has it not been woken since mt_switches()? */
static inline bool mt_slept_on(struct mt_task *task, long switches)
{
	return mt_task_settle(task) &&
	       mt_switches(mt_task_tid(task)) == switches;
}

/* ---- who sends ----------------------------------------------------------------- */

static inline void mt_sender_main(int sock)
{
	__s64 fd, number, type, priority;

	while ((fd = mt_hear(sock)) >= 0) {
		number = mt_hear(sock);
		type = mt_hear(sock);
		priority = mt_hear(sock);
		mt_tell(sock, mt_send_number(fd, number, type, priority));
	}
	_exit(0);
}

/* A child that sends what it is told, through the descriptors that it has. */
static inline void mt_sender_fork(struct mt_child *child)
{
	if (!mt_fork(child, NULL))
		mt_sender_main(child->sock);
}

/* Have a child send; without one, the caller itself does. */
static inline int mt_send_from(struct mt_child *child, int fd, int number,
			       __s64 type, unsigned int priority)
{
	if (!child)
		return mt_send_number(fd, number, type, priority);
	mt_tell(child->sock, fd);
	mt_tell(child->sock, number);
	mt_tell(child->sock, type);
	mt_tell(child->sock, priority);
	return mt_hear(child->sock);
}

/* Have it exit, and wait for it: its process id is nobody's then. */
static inline int mt_sender_end(struct mt_child *child)
{
	mt_tell(child->sock, -1);
	return mt_child_end(child);
}

/* A new sender that has the process id of one that has ended. */
static inline bool mt_sender_again(struct mt_child *child)
{
	pid_t pid = child->pid;
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	child->pid = syscall(__NR_clone3, &args, sizeof(args));
	if (!child->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mt_sender_main(pair[1]);
	}
	child->sock = pair[0];
	close(pair[1]);
	return child->pid == pid;
}

#endif /* MBOX_TEST_MATCH_H */
