/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leases, calls and replies: the bare ioctls, and threads that call and serve.
 */
#ifndef MBOX_TEST_CALL_H
#define MBOX_TEST_CALL_H

#include "mbox_test_task.h"

/* ---- holding a message ------------------------------------------------- */

/* Receive under a lease, with all of @msg as given but size and that flag. */
static inline int mt_leasemsg(int fd, struct mbox_recv *msg)
{
	int ret;

	msg->flags |= MBOX_LEASE;
	ret = mt_recvmsg(fd, msg);
	msg->flags &= ~MBOX_LEASE;
	return ret;
}

/* The same without waiting and where the data does not matter: the token. */
static inline __s64 mt_lease(int fd)
{
	char data[256];
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	int ret = mt_leasemsg(fd, &msg);

	return ret ?: (__s64)msg.token;
}

static inline int mt_ack(int fd, __u64 token)
{
	struct mbox_ack arg = { .size = sizeof(arg), .token = token };

	return mt_ioctl(fd, MBOX_IOC_ACK, &arg);
}

static inline int mt_nack(int fd, __u64 token, __u64 delay)
{
	struct mbox_nack arg = {
		.size = sizeof(arg),
		.token = token,
		.delay = delay,
	};

	return mt_ioctl(fd, MBOX_IOC_NACK, &arg);
}

/* What is so of a message that is held: MBOX_MSG_*, or -errno. */
static inline int mt_held_state(int fd, __u64 token)
{
	struct mbox_held arg = { .size = sizeof(arg), .token = token };

	return mt_ioctl(fd, MBOX_IOC_HELD, &arg) ?: (int)arg.state;
}

/* The same where it does not matter whether the sender lives. */
static inline int mt_held(int fd, __u64 token)
{
	int ret = mt_held_state(fd, token);

	return ret < 0 ? ret : ret & ~MBOX_MSG_SENDER_LIVES;
}

/* The token of a call that is cancelled, or -errno. */
static inline __s64 mt_cancelled(int fd)
{
	struct mbox_held arg = { .size = sizeof(arg) };

	return mt_ioctl(fd, MBOX_IOC_HELD, &arg) ?: (__s64)arg.token;
}

/* ---- calls --------------------------------------------------------------- */

/* Call with all of @call as given but its size; the reply's length. */
static inline int mt_callmsg(int fd, struct mbox_call *call)
{
	call->size = sizeof(*call);
	return mt_ioctl(fd, MBOX_IOC_CALL, call) ?: (int)call->reply_len;
}

static inline int mt_reply(int fd, __u64 token, const void *buf, size_t len,
			   int status)
{
	struct mbox_reply arg = {
		.size = sizeof(arg),
		.token = token,
		.buf = (uintptr_t)buf,
		.len = len,
		.status = status,
	};

	return mt_ioctl(fd, MBOX_IOC_REPLY, &arg);
}

static inline int mt_cancel(int fd, __u64 id)
{
	struct mbox_cancel arg = { .size = sizeof(arg), .id = id };

	return mt_ioctl(fd, MBOX_IOC_CANCEL, &arg);
}

/* ---- a thread that calls ------------------------------------------------- */

/**
 * struct mt_caller - a thread in a call
 * @task: its base, started by mt_caller_start()
 * @call: how it calls; without a buffer it sends @question
 * @question: what is sent
 * @reply: what has come
 */
struct mt_caller {
	struct mt_task task;
	struct mbox_call call;
	char question[32];
	char reply[64];
};

static inline int mt_task_call(struct mt_task *task)
{
	struct mt_caller *caller = (struct mt_caller *)task;

	return mt_callmsg(task->fd, &caller->call);
}

/* Call @fd with the text @question from a new thread. */
static inline void mt_caller_start(struct mt_caller *caller, int fd,
				   const char *question)
{
	snprintf(caller->question, sizeof(caller->question), "%s", question);
	caller->task.fd = fd;
	caller->call.buf = (uintptr_t)caller->question;
	caller->call.len = strlen(question) + 1;
	caller->call.reply_buf = (uintptr_t)caller->reply;
	caller->call.reply_size = caller->call.reply_size ?:
				  sizeof(caller->reply);
	mt_task_start(&caller->task, mt_task_call);
}

/* The same; true once it waits. */
static inline bool mt_caller_blocks(struct mt_caller *caller, int fd,
				    const char *question)
{
	mt_caller_start(caller, fd, question);
	return mt_task_settle(&caller->task);
}

static inline int mt_caller_end(struct mt_caller *caller)
{
	return mt_task_end(&caller->task);
}

/* Call with a deadline @ms from now, and wait: the reply's length or -errno. */
static inline int mt_call_for(int fd, unsigned int ms, unsigned int flags)
{
	char reply[64];
	struct mbox_call call = {
		.flags = flags,
		.buf = (uintptr_t)"?",
		.len = 1,
		.reply_buf = (uintptr_t)reply,
		.reply_size = sizeof(reply),
		.deadline = ms ? mt_deadline(ms) : 0,
	};

	return mt_callmsg(fd, &call);
}

#endif /* MBOX_TEST_CALL_H */
