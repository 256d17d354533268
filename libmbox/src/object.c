// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects, mailboxes and regions alike: create, open, unlink, look at, change.
 */
#include "command.h"

static int create(int dev, const char *name, unsigned int flags,
		  struct mbox_create *attr)
{
	attr->size = sizeof(*attr);
	attr->flags = flags;
	attr->name = mbox_pointer(name);
	attr->name_len = mbox_name_len(name);
	return mbox_command(dev, MBOX_IOC_CREATE, attr);
}

MBOX_EXPORT int mbox_create(int dev, const char *name, unsigned int flags,
			    struct mbox_create *attr)
{
	struct mbox_create defaults = { 0 };

	if (!attr)
		attr = &defaults;
	attr->kind = MBOX_KIND_MAILBOX;
	return create(dev, name, flags, attr);
}

MBOX_EXPORT int mbox_region_create(int dev, const char *name,
				   unsigned int flags, size_t size,
				   struct mbox_create *attr)
{
	struct mbox_create defaults = { 0 };

	if (!attr)
		attr = &defaults;
	attr->kind = MBOX_KIND_REGION;
	attr->region_size = size;
	return create(dev, name, flags, attr);
}

MBOX_EXPORT int mbox_inbox(int dev, unsigned int flags,
			   struct mbox_create *attr)
{
	return mbox_create(dev, NULL, flags | MBOX_CREATE_INBOX, attr);
}

static struct mbox_target target_by_name(const char *name)
{
	return (struct mbox_target) {
		.by = MBOX_BY_NAME,
		.name = mbox_pointer(name),
		.name_len = mbox_name_len(name),
	};
}

MBOX_EXPORT int mbox_open(int dev, const char *name, unsigned int flags)
{
	struct mbox_target target = target_by_name(name);

	return mbox_open_target(dev, &target, flags);
}

MBOX_EXPORT int mbox_open_id(int dev, uint64_t id, unsigned int flags)
{
	struct mbox_target target = { .by = MBOX_BY_ID, .id = id };

	return mbox_open_target(dev, &target, flags);
}

MBOX_EXPORT int mbox_open_fd(int dev, int fd, unsigned int flags)
{
	struct mbox_target target = { .by = MBOX_BY_FD, .fd = fd };

	return mbox_open_target(dev, &target, flags);
}

MBOX_EXPORT int mbox_open_pid(int dev, pid_t pid, unsigned int flags)
{
	struct mbox_target target = { .by = MBOX_BY_PID, .pid = pid };

	return mbox_open_target(dev, &target, flags);
}

MBOX_EXPORT int mbox_open_target(int dev, const struct mbox_target *target,
				 unsigned int flags)
{
	struct mbox_open arg = {
		.size = sizeof(arg),
		.flags = flags,
		.target = *target,
	};

	return mbox_command(dev, MBOX_IOC_OPEN, &arg);
}

MBOX_EXPORT int mbox_unlink(int dev, const char *name)
{
	struct mbox_target target = target_by_name(name);

	return mbox_unlink_target(dev, &target);
}

MBOX_EXPORT int mbox_unlink_target(int dev, const struct mbox_target *target)
{
	struct mbox_unlink arg = {
		.size = sizeof(arg),
		.target = *target,
	};

	return mbox_command(dev, MBOX_IOC_UNLINK, &arg);
}

MBOX_EXPORT int mbox_stat(int fd, struct mbox_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	return mbox_command(fd, MBOX_IOC_STAT, stat);
}

MBOX_EXPORT int mbox_set(int fd, struct mbox_set *set)
{
	set->size = sizeof(*set);
	return mbox_command(fd, MBOX_IOC_SET, set);
}
