// SPDX-License-Identifier: GPL-2.0
/* send: arguments, lines, or the whole of standard input, as messages. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

enum {
	OPT_LINES	= 1 << 0,
	OPT_DONTWAIT	= 1 << 1,
	OPT_TIMEOUT	= 1 << 2,
	OPT_OWNER	= 1 << 3,
};

/**
 * struct sender - what is sent, and where to
 * @name: the mailbox, as on the command line
 * @fd: a descriptor of it
 * @attr: what is known of it
 * @flags: OPT_*
 * @timeout: with OPT_TIMEOUT, how long each message waits for room
 * @msg: what all messages have in common
 * @sent: messages sent
 */
struct sender {
	const char *name;
	int fd;
	struct mbox_stat attr;
	unsigned int flags;
	__u64 timeout;
	struct mbox_send msg;
	__u64 sent;
};

static int fail_size(const struct sender *sender, const char *object,
		     size_t len)
{
	bool fixed = sender->attr.state & MBOX_STATE_FIXED;

	/* More than fits is not read to its end, so its size is not known. */
	if (len > sender->attr.msg_size)
		complain(object, "too large: messages are of %s %u bytes",
			 fixed ? "exactly" : "at most", sender->attr.msg_size);
	else
		complain(object, "too small: %zu bytes, messages are of exactly %u bytes",
			 len, sender->attr.msg_size);
	return STATUS_ERROR;
}

static int fail_send(const struct sender *sender, int err, size_t len)
{
	char object[MBOX_NAME_MAX + 40];

	/* What came before has been sent: say which one failed. */
	if (sender->sent)
		snprintf(object, sizeof(object), "%s: message %llu",
			 sender->name, sender->sent + 1);
	else
		snprintf(object, sizeof(object), "%s", sender->name);
	if (err == -EMSGSIZE)
		return fail_size(sender, object, len);
	if (err == -EINVAL && sender->msg.priority &&
	    sender->attr.receivers == MBOX_RECEIVERS_BROADCAST) {
		complain(object, "it is a broadcast, which knows no priorities");
		return status_of(err);
	}
	return fail_room(object, err, &sender->attr, &sender->msg.refusal);
}

static int send_message(struct sender *sender, const char *buf, size_t len)
{
	struct mbox_send *msg = &sender->msg;
	int ret = -EMSGSIZE;

	msg->buf = (uintptr_t)buf;
	msg->len = len;
	if (sender->flags & OPT_TIMEOUT)
		msg->deadline = mbox_deadline(sender->timeout);
	if (len <= sender->attr.msg_size)
		ret = mbox_sendmsg(sender->fd, msg);
	if (ret < 0)
		return fail_send(sender, ret, len);
	sender->sent++;
	return STATUS_OK;
}

/* Standard input: one message, or with --lines one for each line. */
static int send_input(struct sender *sender)
{
	size_t max = (size_t)sender->attr.msg_size + 1;
	bool lines = sender->flags & OPT_LINES;
	char *buf = malloc(max);
	int status = STATUS_OK;
	ssize_t len;

	if (!buf)
		return fail(sender->name, -ENOMEM);
	do {
		len = read_message(buf, max, lines ? '\n' : EOF);
		if (ferror(stdin)) {
			complain(sender->name, "standard input: %s",
				 strerror(errno));
			status = STATUS_ERROR;
		} else if (len >= 0 || !lines) {
			/* An empty input is an empty message, no line is none. */
			status = send_message(sender, buf, len < 0 ? 0 : len);
		}
	} while (lines && len >= 0 && status == STATUS_OK);
	free(buf);
	return status;
}

static int send_all(struct sender *sender, int argc, char **argv)
{
	int i, status;

	if (!argc)
		return send_input(sender);
	for (i = 0; i < argc; i++) {
		status = send_message(sender, argv[i], strlen(argv[i]));
		if (status)
			return status;
	}
	return STATUS_OK;
}

int cmd_send(int argc, char **argv)
{
	struct sender sender = { };
	__u32 owner = 0;
	const struct opt opts[] = {
		VALUE_OPT('p', "priority", "N", "0 to 32767; higher is received first",
			  0, opt_priority, &sender.msg.priority),
		VALUE_OPT('t', "type", "N", "a number for the receiver",
			  0, opt_type, &sender.msg.type),
		VALUE_OPT('T', "ttl", "TIME", "drop it if nobody has it by then",
			  0, opt_ttl, &sender.msg.ttl),
		FLAG_OPT('l', "lines", "each line of the input is a message",
			 OPT_LINES),
		FLAG_OPT('d', "dontwait", "do not wait for room", OPT_DONTWAIT),
		VALUE_OPT('w', "timeout", "TIME", "wait so long for room at most",
			  OPT_TIMEOUT, opt_duration, &sender.timeout),
		VALUE_OPT('e', "expect-owner", "USER", "only if USER owns the mailbox",
			  OPT_OWNER, opt_user, &owner),
		{ }
	};
	int first = parse_options(argc, argv, opts, &sender.flags, 1, -1);
	int ret, operands = argc - first - 1;

	if (sender.flags & OPT_LINES && operands)
		usage_error("--lines is for standard input");
	if (sender.flags & OPT_DONTWAIT && sender.flags & OPT_TIMEOUT)
		usage_error("--dontwait and --timeout exclude each other");
	sender.name = argv[first];
	sender.msg.flags = sender.flags & OPT_DONTWAIT ? MBOX_DONTWAIT : 0;

	/* Write-only: a reader of our own would hide that nobody is left. */
	sender.fd = open_mailbox(sender.name, MBOX_O_WRITE,
				 sender.flags & OPT_OWNER ? &owner : NULL);
	if (sender.fd < 0)
		return -sender.fd;
	ret = mbox_stat(sender.fd, &sender.attr);
	if (ret < 0)
		return fail(sender.name, ret);
	return send_all(&sender, operands, argv + first + 1);
}
