// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls: the request, the reply, and giving up.
 */
#include "command.h"

/*
 * Nobody but this function knows the id of the call. So it goes on waiting
 * after a signal, and leaves no call behind that nobody can resume.
 */
MBOX_EXPORT ssize_t mbox_call(int fd, const void *req, size_t len,
			      void *reply, size_t size)
{
	struct mbox_call call = {
		.buf = mbox_pointer(req),
		.len = len,
		.reply_buf = mbox_pointer(reply),
		.reply_size = mbox_buffer_size(size),
	};
	ssize_t ret;

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	do {
		ret = mbox_callmsg(fd, &call);
	} while (ret == -EINTR && call.id);
	if (ret >= 0)
		return call.status < 0 ? call.status : ret;
	if (call.id)
		mbox_cancel(fd, call.id);
	return ret;
}

MBOX_EXPORT ssize_t mbox_callmsg(int fd, struct mbox_call *call)
{
	int ret;

	call->size = sizeof(*call);
	ret = mbox_command(fd, MBOX_IOC_CALL, call);
	return ret < 0 ? ret : (ssize_t)call->reply_len;
}

MBOX_EXPORT int mbox_cancel(int fd, uint64_t id)
{
	struct mbox_cancel arg = { .size = sizeof(arg), .id = id };

	return mbox_command(fd, MBOX_IOC_CANCEL, &arg);
}

MBOX_EXPORT int mbox_reply(int fd, uint64_t token, const void *buf, size_t len,
			   int status)
{
	struct mbox_reply reply = {
		.token = token,
		.buf = mbox_pointer(buf),
		.len = len,
		.status = status,
	};

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	return mbox_replymsg(fd, &reply);
}

MBOX_EXPORT int mbox_replymsg(int fd, struct mbox_reply *reply)
{
	reply->size = sizeof(*reply);
	return mbox_command(fd, MBOX_IOC_REPLY, reply);
}
