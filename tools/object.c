// SPDX-License-Identifier: GPL-2.0
/* NAME, id:N and pid:N on the command line, and opening them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mboxctl.h"

int device(void)
{
	static int dev = -1;
	int ret;

	if (dev >= 0)
		return dev;
	ret = mbox_device();
	if (ret >= 0) {
		dev = ret;
		return dev;
	}
	if (ret == -ENOENT || ret == -ENODEV || ret == -ENXIO) {
		complain(NULL, MBOX_DEVICE ": not there, is the module loaded?");
		exit(own_status(STATUS_ERROR));
	}
	complain(NULL, MBOX_DEVICE ": %s", strerror(-ret));
	exit(own_status(status_of(ret)));
}

static bool is_id(const char *arg)
{
	return !strncmp(arg, "id:", 3);
}

static bool is_pid(const char *arg)
{
	return !strncmp(arg, "pid:", 4);
}

void check_name(const char *name)
{
	if (is_id(name))
		usage_error("'%s' is an id, not a name", printable(name));
	if (is_pid(name))
		usage_error("'%s' is a process's inbox, not a name",
			    printable(name));
	if (!*name || strlen(name) > MBOX_NAME_MAX || strchr(name, '/'))
		usage_error("'%s' is not a name: 1 to %d bytes without '/'",
			    printable(name), MBOX_NAME_MAX);
}

void parse_target(const char *arg, __u32 kind, struct mbox_target *target)
{
	__u64 id;

	*target = (struct mbox_target) { .kind = kind };
	if (is_id(arg)) {
		if (opt_count64(arg + 3, &id))
			usage_error("'%s' is not an id: id: and a number from 1",
				    printable(arg));
		target->by = MBOX_BY_ID;
		target->id = id;
	} else if (is_pid(arg)) {
		if (opt_pid(arg + 4, &target->pid))
			usage_error("'%s' is not an inbox: pid: and a process id",
				    printable(arg));
		target->by = MBOX_BY_PID;
	} else {
		check_name(arg);
		target->by = MBOX_BY_NAME;
		target->name = (uintptr_t)arg;
		target->name_len = strlen(arg);
	}
}

static bool is_target(const struct mbox_target *target,
		      const struct mbox_stat *st)
{
	if (target->by == MBOX_BY_ID)
		return st->id == target->id;
	if (target->by == MBOX_BY_PID)
		return st->owner_pid == target->pid &&
		       st->state & MBOX_STATE_INBOX;
	return st->name_len == target->name_len &&
	       !memcmp(st->name, (const char *)(uintptr_t)target->name,
		       st->name_len);
}

/* What may not be opened can still be looked up among all that there is. */
static int stat_listed(const struct mbox_target *target, struct mbox_stat *st)
{
	int ret;

	st->id = target->by == MBOX_BY_ID ? target->id - 1 : 0;
	do {
		ret = mbox_list(device(), st);
	} while (ret >= 0 && !is_target(target, st));
	return ret;
}

int stat_target(const struct mbox_target *target, struct mbox_stat *st)
{
	int ret, fd = mbox_open_target(device(), target, 0);

	if (fd == -EACCES)
		return stat_listed(target, st);
	if (fd < 0)
		return fd;
	ret = mbox_stat(fd, st);
	close(fd);
	return ret;
}

/* The kernel says EACCES; who could, is in what anybody may see. */
static int fail_denied(const char *arg, const struct mbox_target *target)
{
	struct mbox_stat st = { };

	if (stat_listed(target, &st) < 0)
		return fail(arg, -EACCES);
	if (target->flags & MBOX_TARGET_OWNER && st.uid != target->owner)
		complain(arg, "permission denied: it belongs to user %s",
			 user_name(st.uid));
	else
		complain(arg, "permission denied: user %s, group %s, mode %04o",
			 user_name(st.uid), group_name(st.gid), st.mode);
	return status_of(-EACCES);
}

int fail_target(const char *arg, const struct mbox_target *target, int err)
{
	if (err == -EACCES)
		return fail_denied(arg, target);
	if (err == -EBUSY)
		complain(arg, "busy: it is a link, and has both its ends");
	else if (err == -ENOENT && target->by == MBOX_BY_PID)
		complain(arg, "no such process, or it has no inbox");
	else if (err == -EINVAL && target->kind == MBOX_KIND_MAILBOX)
		complain(arg, "is not a mailbox");
	else
		return fail(arg, err);
	return status_of(err);
}

static int open_target(const char *arg, const struct mbox_target *target,
		       unsigned int flags)
{
	int fd = mbox_open_target(device(), target, flags);

	return fd < 0 ? -fail_target(arg, target, fd) : fd;
}

int open_object(const char *arg, unsigned int flags)
{
	struct mbox_target target;

	parse_target(arg, MBOX_KIND_ANY, &target);
	return open_target(arg, &target, flags);
}

int open_mailbox(const char *arg, unsigned int flags, const __u32 *owner)
{
	struct mbox_target target;

	parse_target(arg, MBOX_KIND_MAILBOX, &target);
	if (owner) {
		target.flags = MBOX_TARGET_OWNER;
		target.owner = *owner;
	}
	return open_target(arg, &target, flags);
}

int each_operand(int argc, char **argv,
		 int (*fn)(const char *arg, void *data), void *data)
{
	struct mbox_target target;
	int i, ret, status = STATUS_OK;

	/* Nothing is done if the command line is wrong. */
	for (i = 0; i < argc; i++)
		parse_target(argv[i], MBOX_KIND_ANY, &target);
	for (i = 0; i < argc; i++) {
		ret = fn(argv[i], data);
		if (!status)
			status = ret;
	}
	return status;
}
