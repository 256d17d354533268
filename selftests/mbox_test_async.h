/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls whose reply comes as a message: nothing here waits for room or for a
 * message, and each mailbox of a test is read by its main thread.
 */
#ifndef MBOX_TEST_ASYNC_H
#define MBOX_TEST_ASYNC_H

#include "mbox_test_call.h"
#include "mbox_test_fds.h"

static inline struct mbox_send mt_request(int back, __u32 reply_size, __u64 cookie)
{
	return (struct mbox_send){
		.flags = MBOX_ASYNC | MBOX_DONTWAIT,
		.buf = (uintptr_t)"ask",
		.len = 4,
		.reply_fd = back,
		.reply_size = reply_size,
		.cookie = cookie,
	};
}

static inline int mt_ask(int box, int back, __u32 reply_size, __u64 cookie)
{
	struct mbox_send msg = mt_request(back, reply_size, cookie);

	return mt_sendmsg(box, &msg);
}

/* What mt_take() has received. */
static char mt_data[256];

static inline int mt_take(int box, struct mbox_recv *msg, unsigned int flags)
{
	memset(mt_data, 0, sizeof(mt_data));
	*msg = (struct mbox_recv){
		.flags = flags | MBOX_DONTWAIT,
		.buf = (uintptr_t)mt_data,
		.buf_size = sizeof(mt_data),
	};
	return mt_recvmsg(box, msg);
}

/* Take the next call, and tell its token, or -errno. */
static inline __s64 mt_take_call(int box)
{
	struct mbox_recv msg;
	int ret = mt_take(box, &msg, 0);

	return ret ?: msg.msg_flags == MBOX_MSG_CALL ? msg.token : -ENOMSG;
}

/* Is the next message the reply @text to the call @cookie? */
static inline bool mt_is_reply(int back, __u64 cookie, const char *text)
{
	struct mbox_recv msg;

	return !mt_take(back, &msg, 0) && msg.msg_flags == MBOX_MSG_REPLY &&
	       msg.cookie == cookie && !msg.error && !msg.token &&
	       msg.len == strlen(text) && !strcmp(text, mt_data);
}

/* Is the next message, when it is there, that the call has failed so? */
static inline bool mt_is_error(int back, __u64 cookie, int error)
{
	struct mbox_recv msg;

	return MT_UNTIL(mt_stat_of(back).msgs) && !mt_take(back, &msg, 0) &&
	       msg.msg_flags == MBOX_MSG_REPLY && msg.cookie == cookie &&
	       msg.error == error && !msg.status && !msg.len && !msg.pid &&
	       !msg.tid && msg.uid == 65534 && msg.gid == 65534;
}

static inline bool mt_is_empty(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return !stat.msgs && !stat.held && !stat.bytes && stat.kind;
}

#endif /* MBOX_TEST_ASYNC_H */
