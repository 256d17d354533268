/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mailboxes with policies, messages that are known by their first letter, and
 * processes that send and receive these as they are told.
 */
#ifndef MBOX_TEST_POLICY_H
#define MBOX_TEST_POLICY_H

#include "mbox_test_batch.h"
#include "mbox_test_match.h"

#define MT_LETTER_MAX	256

static inline int mt_policy(int dev, const char *name, struct mbox_create attr)
{
	attr.kind = MBOX_KIND_MAILBOX;
	if (!(attr.flags & MT_RW))
		attr.flags |= MT_RW;
	return mt_create(dev, name, &attr);
}

/*
 * A mailbox with some fields of struct mbox_create, to send and to receive
 * unless these say otherwise: MT_POLICY(dev, NULL, .max_msgs = 3)
 */
#define MT_POLICY(dev, name, ...)					\
	mt_policy(dev, name, (struct mbox_create){ __VA_ARGS__ })

/* One to broadcast with, open to send only. */
static inline int mt_broadcast(int dev, const char *name,
			       enum mbox_when_full when_full, __u32 max_msgs)
{
	return MT_POLICY(dev, name, .flags = MBOX_O_WRITE,
			 .receivers = MBOX_RECEIVERS_BROADCAST,
			 .when_full = when_full, .max_msgs = max_msgs);
}

/* ---- letters -------------------------------------------------------------- */

/* Send a letter with all of @msg as given but its data, of @msg->len or 1. */
static inline int mt_putmsg(int box, char letter, struct mbox_send *msg)
{
	char data[MT_LETTER_MAX];

	memset(data, letter, sizeof(data));
	msg->buf = (uintptr_t)data;
	msg->len = msg->len ?: 1;
	return mt_sendmsg(box, msg);
}

/* The same without waiting. */
static inline int mt_put_typed(int box, char letter, __s64 type,
			       unsigned int priority)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.type = type,
		.priority = priority,
	};

	return mt_putmsg(box, letter, &msg);
}

static inline int mt_put_sized(int box, char letter, __u32 len,
			       unsigned int priority)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.len = len,
		.priority = priority,
	};

	return mt_putmsg(box, letter, &msg);
}

static inline int mt_put(int box, char letter)
{
	return mt_put_typed(box, letter, 0, 0);
}

/* The next letter, with all of @msg as given but its buffer; or -errno. */
static inline int mt_getmsg(int box, struct mbox_recv *msg)
{
	char data[MT_LETTER_MAX] = "";
	int ret;

	msg->buf = (uintptr_t)data;
	msg->buf_size = sizeof(data);
	ret = mt_recvmsg(box, msg);
	return ret ?: data[0];
}

/* The same without waiting. */
static inline int mt_get(int box)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	return mt_getmsg(box, &msg);
}

/* How many messages the receive of this letter says were missed, or -errno. */
static inline __s64 mt_missed(int box, char letter)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int ret = mt_getmsg(box, &msg);

	return ret == letter ? (__s64)msg.missed : ret < 0 ? ret : -EBADMSG;
}

/* Receive all letters that there are; what follows "?" is another end of it. */
static inline const char *mt_letters(int box)
{
	static char letters[MT_LETTER_MAX];
	int n = 0, letter = 0;

	while (n < MT_LETTER_MAX - 2 && (letter = mt_get(box)) >= 0)
		letters[n++] = letter;
	if (letter != -EAGAIN)
		letters[n++] = '?';
	letters[n] = '\0';
	return letters;
}

/* Receive up to @nr letters, 8 at most, as a batch: how many, or -errno. */
static inline int mt_get_batch(int box, char *letters, unsigned int nr,
			       unsigned int flags, int *error)
{
	char data[8][MT_LETTER_MAX];
	struct mbox_recv_item items[8] = {};
	int i, ret;

	for (i = 0; i < 8; i++) {
		items[i].buf = (uintptr_t)data[i];
		items[i].buf_size = MT_LETTER_MAX;
	}
	ret = mt_recv_batch(box, items, nr, flags, error);
	for (i = 0; i < ret; i++)
		letters[i] = data[i][0];
	letters[ret < 0 ? 0 : ret] = '\0';
	return ret;
}

/* What poll says at once. */
static inline int mt_events(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

/* ---- threads --------------------------------------------------------------- */

/* A thread that sends a letter, and has to wait. */
static inline bool mt_putter_blocks(struct mt_task *task, int box, char letter,
				    __s64 type, unsigned int priority)
{
	*task = (struct mt_task){
		.fd = box,
		.send = { .len = 1, .type = type, .priority = priority },
		.data = { letter },
	};
	return mt_task_blocks(task, mt_task_send);
}

/* A thread that receives, and has to wait. */
static inline bool mt_getter_blocks(struct mt_task *task, int box)
{
	*task = (struct mt_task){ .fd = box };
	return mt_task_blocks(task, mt_task_recv);
}

/* The letter it has got, or -errno. */
static inline int mt_getter_end(struct mt_task *task)
{
	int ret = mt_task_end(task);

	return ret < 0 ? ret : task->data[0];
}

/* A thread that waits for these events. */
static inline bool mt_poller_blocks(struct mt_task *task, int box, int events)
{
	*task = (struct mt_task){ .fd = box, .poll.events = events };
	return mt_task_blocks(task, mt_task_poll);
}

/* ---- processes ------------------------------------------------------------- */

/* What a process can be told to do; any letter: to send that. */
enum mt_order {
	MT_GET		= 1,	/* receive */
	MT_TRY		= 2,	/* the same without waiting */
	MT_LEASE	= 3,	/* likewise, under a lease, and tell the token */
};

static inline __s64 mt_worker_do(int box, int order)
{
	struct mbox_send send = {};
	struct mbox_recv recv = {};

	switch (order) {
	case MT_GET:
		return mt_getmsg(box, &recv);
	case MT_TRY:
		return mt_get(box);
	case MT_LEASE:
		return mt_lease(box);
	}
	return mt_putmsg(box, order, &send);
}

/*
 * Fork a process that does what it is told at @box, and has nothing else open.
 * The descriptor is closed here: it is to be the worker's own.
 */
static inline void mt_worker_start(struct mt_child *child,
				   const struct mt_as *as, int box)
{
	__s64 order;
	int fd;

	if (mt_fork(child, as)) {
		close(box);
		return;
	}
	for (fd = STDERR_FILENO + 1; fd < 128; fd++)
		if (fd != box && fd != child->sock)
			close(fd);
	while ((order = mt_hear(child->sock)) > 0)
		mt_tell(child->sock, mt_worker_do(box, order));
	_exit(0);
}

/* Have it done, and learn the result: a letter, a token, 0, or -errno. */
static inline __s64 mt_worker_does(struct mt_child *child, int order)
{
	mt_tell(child->sock, order);
	return mt_hear(child->sock);
}

/* Have it begun; true once it waits. The result is for mt_hear(). */
static inline bool mt_worker_blocks(struct mt_child *child, int order)
{
	mt_tell(child->sock, order);
	return mt_wait_blocked(child->pid);
}

#endif /* MBOX_TEST_POLICY_H */
