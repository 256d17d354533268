// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device: what is asked of /dev/mbox and concerns no single object.
 */
#include <fcntl.h>

#include "command.h"

MBOX_EXPORT int mbox_device(void)
{
	int fd = open(MBOX_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

MBOX_EXPORT int mbox_list(int dev, struct mbox_stat *stat)
{
	__u64 after = stat->id;

	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	stat->id = after;
	return mbox_command(dev, MBOX_IOC_LIST, stat);
}

MBOX_EXPORT int mbox_usage(int dev, uid_t uid, struct mbox_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	usage->size = sizeof(*usage);
	usage->uid = uid;
	return mbox_command(dev, MBOX_IOC_USAGE, usage);
}

MBOX_EXPORT const char *mbox_limit_name(uint32_t limit)
{
	/* No default: the compiler tells when the enum has grown. */
	switch ((enum mbox_limit)limit) {
	case MBOX_LIMIT_NONE:
		return "no limit";
	case MBOX_LIMIT_MSGS:
		return "mailbox messages";
	case MBOX_LIMIT_BYTES:
		return "mailbox bytes";
	case MBOX_LIMIT_USER_BYTES:
		return "user message bytes";
	case MBOX_LIMIT_USER_MAILBOXES:
		return "user mailboxes";
	case MBOX_LIMIT_USER_REGIONS:
		return "user regions";
	case MBOX_LIMIT_USER_REGION_BYTES:
		return "user region bytes";
	case MBOX_LIMIT_NS_OBJECTS:
		return "namespace objects";
	case MBOX_LIMIT_USER_FDS:
		return "user message descriptors";
	case MBOX_LIMIT_SHARE_MSGS:
		return "mailbox messages per user";
	case MBOX_LIMIT_SHARE_BYTES:
		return "mailbox bytes per user";
	}
	return "unknown limit";
}
