// SPDX-License-Identifier: GPL-2.0
/*
 * What would hold peers back is raised as far as it goes, so that none is
 * slower, or smaller, than it can be.
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "bench.h"

static const struct {
	const char *path, *value;
} settings[] = {
	{ "/proc/sys/fs/pipe-max-size", "1048576" },
	{ "/proc/sys/fs/pipe-user-pages-soft", "0" },
	{ "/proc/sys/fs/mqueue/queues_max", "65536" },
	{ "/proc/sys/fs/mqueue/msg_max", "65536" },
	{ "/proc/sys/fs/mqueue/msgsize_max", "1048576" },
	{ "/proc/sys/kernel/msgmax", "1048576" },
	{ "/proc/sys/kernel/msgmnb", "1048576" },
	{ "/proc/sys/kernel/msgmni", "32000" },
	{ "/proc/sys/net/core/wmem_max", "2097152" },
	{ "/proc/sys/net/core/rmem_max", "2097152" },
	{ "/proc/sys/net/unix/max_dgram_qlen", "16384" },
	{ "/proc/sys/fs/nr_open", "1048576" },
	/* tasks of real-time priority are not held up for the others */
	{ "/proc/sys/kernel/sched_rt_runtime_us", "-1" },
};

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		warn("%s", path);
	close(fd);
}

static void unlimit(int resource, rlim_t limit)
{
	struct rlimit rlim = { limit, limit };

	must(setrlimit(resource, &rlim));
}

void limits_raise(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		set(settings[i].path, settings[i].value);
	unlimit(RLIMIT_MSGQUEUE, RLIM_INFINITY);
	unlimit(RLIMIT_NOFILE, 65536);
	unlimit(RLIMIT_RTPRIO, 99);
}
