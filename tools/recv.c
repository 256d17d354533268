// SPDX-License-Identifier: GPL-2.0
/*
 * recv: messages to standard output.
 *
 * A message is taken from the mailbox when its data is in our buffer; if it
 * cannot be written then, it is lost, unless it was received under a lease. So
 * standard output is looked at before: no message is taken while nobody reads
 * the output, or while it takes no more. This is why recv waits in poll(2)
 * rather than in the receive itself, and has what it is to receive set as the
 * filter of its endpoint, which poll obeys.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mboxctl.h"

enum {
	OPT_COUNT	= 1 << 0,
	OPT_FOLLOW	= 1 << 1,
	OPT_DONTWAIT	= 1 << 2,
	OPT_TIMEOUT	= 1 << 3,
	OPT_LINES	= 1 << 4,
	OPT_INFO	= 1 << 5,
	OPT_JSON	= 1 << 6,
	OPT_OWNER	= 1 << 7,
	OPT_LEASE	= 1 << 8,
	OPT_PEEK	= 1 << 9,
	OPT_TRUNCATE	= 1 << 10,
};

/* Options that say which messages are bits of a match, above all others. */
#define OPT_MATCH(what)	((what) << 16)
#define MATCH_OF(flags)	((flags) >> 16)

#define MATCH_TYPES \
	(MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX | MBOX_MATCH_TYPE_NOT)

#define FIRST_BUFFER	4096

/**
 * struct receiver - where from, and how
 * @name: the mailbox, as on the command line
 * @fd: a descriptor of it
 * @flags: OPT_*
 * @match: which messages
 * @timeout: with OPT_TIMEOUT, how long to wait for each message
 * @truncate: with OPT_TRUNCATE, how much of each message is wanted
 * @count: messages wanted, without OPT_FOLLOW
 * @received: messages received
 * @msg: the last one
 * @buf: its data
 * @size: size of @buf
 */
struct receiver {
	const char *name;
	int fd;
	unsigned int flags;
	struct mbox_match match;
	__u64 timeout;
	__u32 truncate;
	__u64 count;
	__u64 received;
	struct mbox_recv msg;
	char *buf;
	size_t size;
};

/* An output that fails for certain. Nothing has been received, or is lost. */
static noreturn void output_failed(const struct receiver *rx, const char *why)
{
	complain(rx->name, "standard output: %s; no message was taken", why);
	exit(STATUS_ERROR);
}

static void check_output(const struct receiver *rx)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0)
		output_failed(rx, strerror(errno));
	if ((flags & O_ACCMODE) == O_RDONLY)
		output_failed(rx, "not open for writing");
}

/* Waits for a message (POLLIN), or for the output to take one (POLLOUT). */
static int wait_for(const struct receiver *rx, short event, __u64 deadline)
{
	struct pollfd fds[] = {
		{ .fd = STDOUT_FILENO, .events = event & POLLOUT },
		{ .fd = event & POLLIN ? rx->fd : -1, .events = POLLIN },
	};
	struct timespec left;
	int ret;

	do {
		ret = ppoll(fds, ARRAY_SIZE(fds), time_left(deadline, &left),
			    NULL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		output_failed(rx, "nobody reads it any more");
	return ret ? 0 : -ETIMEDOUT;
}

static int grow_buffer(struct receiver *rx, size_t size)
{
	char *buf = realloc(rx->buf, size);

	if (!buf)
		return -ENOMEM;
	rx->buf = buf;
	rx->size = size;
	return 0;
}

/* As large as most messages, or as all that is wanted of one. */
static int first_buffer(struct receiver *rx)
{
	if (!(rx->flags & OPT_TRUNCATE))
		return grow_buffer(rx, FIRST_BUFFER);
	return grow_buffer(rx, rx->truncate < MBOX_MSG_SIZE_MAX ?
				       rx->truncate : MBOX_MSG_SIZE_MAX);
}

static __u32 receive_flags(const struct receiver *rx)
{
	return MBOX_DONTWAIT |
	       (rx->flags & OPT_LEASE ? MBOX_LEASE : 0) |
	       (rx->flags & OPT_PEEK ? MBOX_PEEK : 0) |
	       (rx->flags & OPT_TRUNCATE ? MBOX_TRUNCATE : 0);
}

/* Receives if there is something, with as large a buffer as it needs. */
static int try_receive(struct receiver *rx)
{
	int ret = 0;

	do {
		if (ret == -EMSGSIZE && grow_buffer(rx, rx->msg.len))
			return -ENOMEM;
		rx->msg = (struct mbox_recv) {
			.flags = receive_flags(rx),
			.buf = (uintptr_t)rx->buf,
			.buf_size = rx->size,
		};
		ret = mbox_recvmsg(rx->fd, &rx->msg);
	} while (ret == -EMSGSIZE);
	return ret < 0 ? ret : 0;
}

static int receive(struct receiver *rx)
{
	__u64 deadline = 0;
	int ret;

	/* For as long as it takes: the time limit is for the message. */
	ret = wait_for(rx, POLLOUT, 0);
	if (ret)
		return ret;
	if (rx->flags & OPT_TIMEOUT)
		deadline = mbox_deadline(rx->timeout);
	for (;;) {
		ret = try_receive(rx);
		if (ret != -EAGAIN || rx->flags & OPT_DONTWAIT)
			return ret;
		/* Others may be faster: then there is more to wait for. */
		ret = wait_for(rx, POLLIN, deadline);
		if (ret)
			return ret;
	}
}

static int write_all(struct iovec *iov, int count)
{
	ssize_t done;

	while (count) {
		done = writev(STDOUT_FILENO, iov, count);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };

			poll(&out, 1, -1);
			continue;
		}
		if (done < 0)
			return -errno;
		for (; count && (size_t)done >= iov->iov_len; iov++, count--)
			done -= iov->iov_len;
		if (count) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
	return 0;
}

/* The message in the form asked for, from text that is made of it. */
static int write_form(struct receiver *rx)
{
	bool json = rx->flags & OPT_JSON;
	bool newline = rx->flags & (OPT_LINES | OPT_JSON);
	char *text = NULL;
	int ret;

	if (json)
		text = message_json(&rx->msg, rx->buf);
	else if (rx->flags & OPT_INFO)
		text = message_info(&rx->msg);
	if (!text && rx->flags & (OPT_JSON | OPT_INFO))
		return -ENOMEM;

	struct iovec iov[] = {
		{ text, text ? strlen(text) : 0 },
		{ rx->buf, json ? 0 : message_len(&rx->msg) },
		{ "\n", newline },
	};
	ret = write_all(iov, ARRAY_SIZE(iov));
	free(text);
	return ret;
}

/* What becomes of a message that could not be written. */
static const char *undo_receive(const struct receiver *rx)
{
	if (rx->flags & OPT_PEEK)
		return "left where it was";
	/* Nothing can be given back to a broadcast. */
	if (rx->msg.token && mbox_nack(rx->fd, rx->msg.token, 0) >= 0)
		return "given back";
	return "lost";
}

/* Writes the message; what is held is done with only then. */
static int write_message(struct receiver *rx)
{
	int ret = write_form(rx);
	__u64 token = rx->msg.token;

	if (!ret) {
		ret = token ? mbox_ack(rx->fd, token) : 0;
		/* Who called may have gone: no matter, it has been written. */
		return ret < 0 ? fail(rx->name, ret) : STATUS_OK;
	}
	complain(rx->name,
		 "standard output: %s; message %llu of %u bytes is %s",
		 strerror(-ret), rx->msg.seq, rx->msg.len, undo_receive(rx));
	return STATUS_ERROR;
}

static int fail_receive(const struct receiver *rx, int err)
{
	bool nothing = err == -EAGAIN || err == -ETIMEDOUT;

	/* Who follows takes what there is: that it stops is no failure. */
	if (rx->flags & OPT_FOLLOW && (nothing || err == -EPIPE))
		return STATUS_OK;
	if (!nothing)
		return fail(rx->name, err);
	complain(rx->name, "%s%s",
		 err == -ETIMEDOUT ? "timed out: " : "",
		 rx->received ? "no more messages" : "no message");
	return status_of(err);
}

static int receive_all(struct receiver *rx)
{
	int ret, status;

	ret = first_buffer(rx);
	while (!ret && (rx->flags & OPT_FOLLOW ||
			rx->received < rx->count)) {
		ret = receive(rx);
		if (ret)
			break;
		rx->received++;
		status = write_message(rx);
		if (status)
			return status;
	}
	return ret ? fail_receive(rx, ret) : STATUS_OK;
}

static int open_receiver(struct receiver *rx, const __u32 *owner)
{
	int ret;

	rx->fd = open_mailbox(rx->name, MBOX_O_READ, owner);
	if (rx->fd < 0)
		return -rx->fd;
	rx->match.what = MATCH_OF(rx->flags);
	if (!rx->match.what)
		return STATUS_OK;
	ret = mbox_filter(rx->fd, &rx->match);
	if (ret == -ESRCH) {
		complain(rx->name, "there is no process %d, nor a message from it",
			 rx->match.pid);
		return status_of(ret);
	}
	return ret < 0 ? fail(rx->name, ret) : STATUS_OK;
}

static void check_flags(unsigned int flags)
{
	unsigned int types = MATCH_OF(flags) & MATCH_TYPES;

	/* More than one bit is set. */
	if (types & (types - 1))
		usage_error("--type, --type-max and --not-type exclude each other");
	if (flags & OPT_PEEK && flags & (OPT_COUNT | OPT_FOLLOW | OPT_LEASE))
		usage_error("--peek excludes --count, --follow and --lease");
	if (flags & OPT_COUNT && flags & OPT_FOLLOW)
		usage_error("--count and --follow exclude each other");
	if (flags & OPT_DONTWAIT && flags & OPT_TIMEOUT)
		usage_error("--dontwait and --timeout exclude each other");
	if (flags & OPT_JSON && flags & (OPT_LINES | OPT_INFO))
		usage_error("--json excludes --lines and --info");
}

int cmd_recv(int argc, char **argv)
{
	struct receiver rx = { .count = 1 };
	__u32 owner = 0;
	const struct opt opts[] = {
		VALUE_OPT('c', "count", "N", "how many messages (default: 1)",
			  OPT_COUNT, opt_count64, &rx.count),
		FLAG_OPT('f', "follow", "all messages, until none can come",
			 OPT_FOLLOW),
		FLAG_OPT('d', "dontwait", "do not wait for messages",
			 OPT_DONTWAIT),
		VALUE_OPT('w', "timeout", "TIME", "wait so long for each at most",
			  OPT_TIMEOUT, opt_duration, &rx.timeout),
		VALUE_OPT('t', "type", "N", "only of this type",
			  OPT_MATCH(MBOX_MATCH_TYPE),
			  opt_type, &rx.match.type),
		VALUE_OPT('T', "type-max", "N", "of the lowest type up to N",
			  OPT_MATCH(MBOX_MATCH_TYPE_MAX),
			  opt_type, &rx.match.type),
		VALUE_OPT('n', "not-type", "N", "only of other types",
			  OPT_MATCH(MBOX_MATCH_TYPE_NOT),
			  opt_type, &rx.match.type),
		VALUE_OPT('F', "from", "PID", "only from this process",
			  OPT_MATCH(MBOX_MATCH_PID),
			  opt_pid, &rx.match.pid),
		VALUE_OPT('p', "min-priority", "N", "only of this priority or above",
			  OPT_MATCH(MBOX_MATCH_PRIORITY),
			  opt_priority, &rx.match.priority),
		FLAG_OPT('P', "peek", "leave the message in the mailbox",
			 OPT_PEEK),
		VALUE_OPT('s', "truncate", "SIZE", "cut off what is more than this",
			  OPT_TRUNCATE, opt_size32, &rx.truncate),
		FLAG_OPT('L', "lease", "keep each until it has been written",
			 OPT_LEASE),
		FLAG_OPT('l', "lines", "end each message with a newline",
			 OPT_LINES),
		FLAG_OPT('i', "info", "a line about each message before it",
			 OPT_INFO),
		FLAG_OPT('J', "json", "write each message as a line of JSON",
			 OPT_JSON),
		VALUE_OPT('e', "expect-owner", "USER", "only if USER owns the mailbox",
			  OPT_OWNER, opt_user, &owner),
		{ }
	};
	int first = parse_options(argc, argv, opts, &rx.flags, 1, 1);
	int status;

	check_flags(rx.flags);
	rx.name = argv[first];
	check_output(&rx);
	status = open_receiver(&rx, rx.flags & OPT_OWNER ? &owner : NULL);
	if (status)
		return status;
	status = receive_all(&rx);
	close(rx.fd);
	free(rx.buf);
	return status;
}
