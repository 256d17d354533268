// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A server's loop: receive a request, have it handled, reply and receive the
 * next one in a single command.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "command.h"

/* For a start: most requests are smaller, and the first larger one tells. */
#define REQUEST_SIZE	4096

/**
 * struct server - what a loop needs beside the mailbox
 * @msg: the request, and with the next receive the reply to it
 * @buf: room for requests
 * @reply: room for replies
 * @size: how much of that there is
 */
struct server {
	struct mbox_recv msg;
	void *buf;
	void *reply;
	size_t size;
};

static int make_room(struct server *srv, uint32_t size)
{
	free(srv->buf);
	srv->buf = malloc(size);
	srv->msg.buf = mbox_pointer(srv->buf);
	srv->msg.buf_size = srv->buf ? size : 0;
	return srv->buf ? 0 : -ENOMEM;
}

/* Gives the reply that is due, and waits for a request of whatever size. */
static int next_request(int fd, struct server *srv)
{
	ssize_t ret;

	for (;;) {
		ret = mbox_recvmsg(fd, &srv->msg);
		if (ret >= 0)
			return 0;
		/* Where the token is left, it is the reply that failed. */
		if (ret != -EMSGSIZE || srv->msg.reply_token)
			return ret;
		ret = make_room(srv, srv->msg.len);
		if (ret < 0)
			return ret;
	}
}

/* What goes out with the next receive is from this request, or is nothing. */
static void clear_reply(struct mbox_recv *msg)
{
	msg->reply_token = 0;
	msg->reply_buf = 0;
	msg->reply_len = 0;
	msg->reply_status = 0;
	memset(&msg->reply_fds, 0, sizeof(msg->reply_fds));
}

/* The handler's result becomes the reply to a call. */
static void set_reply(struct server *srv, ssize_t result, size_t room)
{
	struct mbox_recv *msg = &srv->msg;

	if (result > (ssize_t)room)
		result = -EMSGSIZE;
	if (result < 0) {
		clear_reply(msg);
		msg->reply_status = result;
	} else {
		msg->reply_buf = mbox_pointer(srv->reply);
		msg->reply_len = result;
	}
	msg->reply_token = msg->token;
}

/* A broadcast takes nothing back, and is not to end the loop for that. */
static int end_message(int fd, uint64_t token, ssize_t result)
{
	int ret = result < 0 ? mbox_nack(fd, token, 0) : -EOPNOTSUPP;

	return ret == -EOPNOTSUPP ? mbox_ack(fd, token) : ret;
}

static int handle(int fd, struct server *srv, mbox_handler fn, void *data)
{
	struct mbox_recv *msg = &srv->msg;
	bool call = msg->msg_flags & MBOX_MSG_CALL;
	size_t room = 0;
	ssize_t result;

	if (call)
		room = srv->size < msg->reply_max ? srv->size : msg->reply_max;
	clear_reply(msg);
	result = fn(msg, srv->buf, srv->reply, room, data);

	/* The handler has taken the request over. */
	if (!msg->token) {
		clear_reply(msg);
		return 0;
	}
	if (call) {
		set_reply(srv, result, room);
		return 0;
	}
	clear_reply(msg);
	return end_message(fd, msg->token, result);
}

MBOX_EXPORT int mbox_serve(int fd, size_t size, mbox_handler fn, void *data)
{
	struct server srv = { .msg.flags = MBOX_LEASE, .size = size };
	int ret;

	/* Of no bytes, malloc() may give none. */
	srv.reply = malloc(size ? size : 1);
	ret = srv.reply ? make_room(&srv, REQUEST_SIZE) : -ENOMEM;
	while (ret >= 0) {
		ret = next_request(fd, &srv);
		if (ret >= 0)
			ret = handle(fd, &srv, fn, data);
	}
	/* A reply that cannot be given must not leave its caller waiting. */
	if (srv.msg.reply_token)
		mbox_reply(fd, srv.msg.reply_token, NULL, 0, ret);
	free(srv.buf);
	free(srv.reply);
	return ret == -EPIPE ? 0 : ret;
}
