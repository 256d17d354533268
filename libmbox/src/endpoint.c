// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Endpoints: which messages one sees, and that it sends a signal.
 */
#include <fcntl.h>

#include "command.h"

MBOX_EXPORT int mbox_filter(int fd, const struct mbox_match *match)
{
	struct mbox_filter filter = { .size = sizeof(filter) };

	if (match)
		filter.match = *match;
	return mbox_command(fd, MBOX_IOC_FILTER, &filter);
}

static int notify(int fd, unsigned int flags)
{
	struct mbox_notify arg = { .size = sizeof(arg), .flags = flags };

	return mbox_command(fd, MBOX_IOC_NOTIFY, &arg);
}

/*
 * The number comes first: in between, a message would send SIGIO, which
 * kills who does not expect it.
 */
MBOX_EXPORT int mbox_notify(int fd, int signo)
{
	int before, ret;

	if (signo == 0)
		return notify(fd, MBOX_NOTIFY_OFF);
	if (fd < -1)
		return fd;
	before = fcntl(fd, F_GETSIG);
	if (before < 0 || fcntl(fd, F_SETSIG, signo) < 0)
		return -errno;
	ret = notify(fd, 0);
	/* The descriptor may be in use for O_ASYNC, or be no mailbox's. */
	if (ret < 0)
		fcntl(fd, F_SETSIG, before);
	return ret;
}
