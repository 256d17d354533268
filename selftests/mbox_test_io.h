/* SPDX-License-Identifier: GPL-2.0 */
/*
 * read and write on a descriptor of a mailbox, and threads that wait in them.
 */
#ifndef MBOX_TEST_IO_H
#define MBOX_TEST_IO_H

#include "mbox_test_match.h"

/* ---- the system calls ---------------------------------------------------- */

static inline int mt_read(int fd, void *buf, size_t size)
{
	int ret = read(fd, buf, size);

	return ret < 0 ? -errno : ret;
}

static inline int mt_write(int fd, const void *buf, size_t len)
{
	int ret = write(fd, buf, len);

	return ret < 0 ? -errno : ret;
}

static inline int mt_write_text(int fd, const char *text)
{
	return mt_write(fd, text, strlen(text));
}

/* Does the next read give just this? */
static inline bool mt_reads(int fd, const char *text)
{
	char data[256];
	size_t len = strlen(text);

	return mt_read(fd, data, sizeof(data)) == (int)len &&
	       !memcmp(data, text, len);
}

static inline int mt_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}

/* Send @text, of @type, without waiting. */
static inline int mt_send_text(int fd, const char *text, __s64 type)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)text,
		.len = strlen(text),
		.type = type,
	};

	return mt_sendmsg(fd, &msg);
}

/* ---- threads ------------------------------------------------------------- */

/* Calls of a struct mt_task: mt_task_write() sends @send.len bytes of @data. */

static inline int mt_task_read(struct mt_task *task)
{
	return mt_read(task->fd, task->data,
		       task->recv.buf_size ?: sizeof(task->data));
}

static inline int mt_task_write(struct mt_task *task)
{
	return mt_write(task->fd, task->data, task->send.len);
}

/* Start a task; true once it sleeps in system call @nr. */
static inline bool mt_task_sleeps(struct mt_task *task,
				  int (*call)(struct mt_task *task), long nr)
{
	mt_task_start(task, call);
	return MT_UNTIL(mt_task_is_done(task) ||
			(mt_task_tid(task) &&
			 mt_is_blocked(mt_task_tid(task), nr))) &&
	       !mt_task_is_done(task);
}

static inline bool mt_read_blocks(struct mt_task *task)
{
	return mt_task_sleeps(task, mt_task_read, __NR_read);
}

static inline bool mt_write_blocks(struct mt_task *task, const char *text)
{
	snprintf(task->data, sizeof(task->data), "%s", text);
	task->send.len = strlen(text);
	return mt_task_sleeps(task, mt_task_write, __NR_write);
}

#endif /* MBOX_TEST_IO_H */
