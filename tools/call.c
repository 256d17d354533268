// SPDX-License-Identifier: GPL-2.0
/* call: a request, and its reply to standard output. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

enum {
	OPT_OWNER	= 1 << 0,
	OPT_TIMEOUT	= 1 << 1,
	OPT_REPEATABLE	= 1 << 2,
};

#define DEFAULT_REPLY_SIZE	65536

/**
 * struct caller - what is asked, and whom
 * @name: the mailbox, as on the command line
 * @fd: a descriptor of it
 * @attr: what is known of it
 * @call: the call
 * @request: the data of the request, if it is not on the command line
 * @reply: the data of the reply
 */
struct caller {
	const char *name;
	int fd;
	struct mbox_stat attr;
	struct mbox_call call;
	char *request;
	char *reply;
};

static int fail_call(const struct caller *caller, int err)
{
	const struct mbox_call *call = &caller->call;

	if (err == -EMSGSIZE && call->len > caller->attr.msg_size)
		complain(caller->name, "too large: messages are of at most %u bytes",
			 caller->attr.msg_size);
	else if (err == -EMSGSIZE)
		complain(caller->name, "too small: messages are of exactly %u bytes",
			 caller->attr.msg_size);
	else if (err == -ETIMEDOUT && !call->refusal.limit)
		complain(caller->name, "timed out: no reply");
	else if (err == -EOPNOTSUPP &&
		 caller->attr.receivers == MBOX_RECEIVERS_BROADCAST)
		complain(caller->name, "it is a broadcast, which takes no calls");
	else
		fail_room(caller->name, err, &caller->attr, &call->refusal);
	return own_status(status_of(err));
}

/* Standard input, which is known to be too large one byte above the limit. */
static int read_request(struct caller *caller)
{
	size_t max = (size_t)caller->attr.msg_size + 1;
	ssize_t len;

	caller->request = malloc(max);
	if (!caller->request)
		return own_status(fail(caller->name, -ENOMEM));
	len = read_message(caller->request, max, EOF);
	if (ferror(stdin)) {
		complain(caller->name, "standard input: %s", strerror(errno));
		return own_status(STATUS_ERROR);
	}
	caller->call.buf = (uintptr_t)caller->request;
	caller->call.len = len < 0 ? 0 : len;
	return STATUS_OK;
}

/* The server's word, where it fits into an exit status. */
static int reply_status(const struct caller *caller)
{
	int status = caller->call.status;

	if (status >= 0 && status <= 255)
		return status;
	if (status > 255) {
		complain(caller->name, "the server's status is %d", status);
		return 255;
	}
	complain(caller->name, "the server says: %s", strerror(-(long)status));
	return own_status(STATUS_ERROR);
}

static int do_call(struct caller *caller)
{
	struct mbox_call *call = &caller->call;
	ssize_t ret = -EMSGSIZE;

	caller->reply = malloc(call->reply_size);
	if (!caller->reply)
		return own_status(fail(caller->name, -ENOMEM));
	call->reply_buf = (uintptr_t)caller->reply;
	/* What was not read to its end must not be sent. */
	if (call->len <= caller->attr.msg_size)
		ret = mbox_callmsg(caller->fd, call);
	if (ret < 0)
		return fail_call(caller, ret);
	if (fwrite(caller->reply, 1, ret, stdout) != (size_t)ret ||
	    fflush(stdout)) {
		complain(caller->name, "standard output: %s; the reply is lost",
			 strerror(errno));
		/* Said once is enough: finish() shall not say it again. */
		clearerr(stdout);
		return own_status(STATUS_ERROR);
	}
	return reply_status(caller);
}

/* Opens the mailbox, and asks for a request that is not there yet. */
static int prepare(struct caller *caller, const __u32 *owner)
{
	int ret;

	/* Write-only: a reader of our own would hide that nobody is left. */
	caller->fd = open_mailbox(caller->name, MBOX_O_WRITE, owner);
	if (caller->fd < 0)
		return own_status(-caller->fd);
	ret = mbox_stat(caller->fd, &caller->attr);
	if (ret < 0)
		return own_status(fail(caller->name, ret));
	return caller->call.buf ? STATUS_OK : read_request(caller);
}

int cmd_call(int argc, char **argv)
{
	struct caller caller = { .call.reply_size = DEFAULT_REPLY_SIZE };
	unsigned int flags = 0;
	__u64 timeout = 0;
	__u32 owner = 0;
	const struct opt opts[] = {
		VALUE_OPT('w', "timeout", "TIME", "wait so long at most, for all of it",
			  OPT_TIMEOUT, opt_duration, &timeout),
		VALUE_OPT('s', "reply-size", "SIZE", "how large a reply may be (64K)",
			  0, opt_size32, &caller.call.reply_size),
		FLAG_OPT('r', "repeatable", "may be served again if the server ends",
			 OPT_REPEATABLE),
		VALUE_OPT('p', "priority", "N", "0 to 32767; higher is received first",
			  0, opt_priority, &caller.call.priority),
		VALUE_OPT('t', "type", "N", "a number for the server",
			  0, opt_type, &caller.call.type),
		VALUE_OPT('e', "expect-owner", "USER", "only if USER owns the mailbox",
			  OPT_OWNER, opt_user, &owner),
		{ }
	};
	int first = parse_options(argc, argv, opts, &flags, 1, 2);
	int status;

	if (caller.call.reply_size > MBOX_MSG_SIZE_MAX)
		usage_error("--reply-size is at most %u bytes",
			    MBOX_MSG_SIZE_MAX);
	caller.name = argv[first];
	if (first + 1 < argc) {
		caller.call.buf = (uintptr_t)argv[first + 1];
		caller.call.len = strlen(argv[first + 1]);
	}
	status = prepare(&caller, flags & OPT_OWNER ? &owner : NULL);
	if (status)
		return status;

	/* The time that the request took to come is not the server's. */
	if (flags & OPT_TIMEOUT)
		caller.call.deadline = mbox_deadline(timeout);
	if (flags & OPT_REPEATABLE)
		caller.call.flags = MBOX_REPEATABLE;
	status = do_call(&caller);
	free(caller.request);
	free(caller.reply);
	return status;
}
