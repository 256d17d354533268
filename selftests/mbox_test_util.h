/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of mbox share.
 *
 * The wrappers below are the bare ioctls, so that a test sees what the kernel
 * does. They return what the ioctl returns, or -errno. A test waits until
 * something is so (MT_UNTIL, mt_wait_blocked), never for a while.
 */
#ifndef MBOX_TEST_UTIL_H
#define MBOX_TEST_UTIL_H

#include "../kselftest_harness.h"

#include <fcntl.h>
#include <linux/mbox.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "mbox_test_child.h"

#define MT_RW		(MBOX_O_READ | MBOX_O_WRITE)
#define MT_NSEC_PER_SEC	1000000000ULL

/* ---- time and state ---------------------------------------------------- */

static inline __u64 mt_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * MT_NSEC_PER_SEC + ts.tv_nsec;
}

/* An absolute deadline on CLOCK_MONOTONIC, @ms from now. */
static inline __u64 mt_deadline(unsigned int ms)
{
	return mt_now(CLOCK_MONOTONIC) + ms * 1000000ULL;
}

/* Let others run before a state is looked at again. */
static inline void mt_pause(void)
{
	struct timespec ts = { .tv_nsec = 1000000 };

	nanosleep(&ts, NULL);
}

/* Look until @cond is true; false if it is not after 20 seconds. */
#define MT_UNTIL(cond) ({						\
	__u64 __end = mt_deadline(20000);				\
	bool __true;							\
									\
	while (!(__true = (cond)) && mt_now(CLOCK_MONOTONIC) < __end)	\
		mt_pause();						\
	__true;								\
})

/* Is task @tid asleep, so that a signal wakes it, in system call @nr? */
static inline bool mt_is_blocked(pid_t tid, long nr)
{
	char path[64], line[512], *state;
	FILE *file;
	bool there;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	there = fgets(line, sizeof(line), file) && line[0] != 'r' &&
		strtol(line, NULL, 10) == nr;
	fclose(file);
	if (!there)
		return false;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	there = fgets(line, sizeof(line), file);
	fclose(file);
	state = there ? strrchr(line, ')') : NULL;
	return state && state[2] == 'S';
}

/* Wait until a thread or process is blocked in an ioctl. */
static inline bool mt_wait_blocked(pid_t tid)
{
	return MT_UNTIL(mt_is_blocked(tid, __NR_ioctl));
}

static inline pid_t mt_gettid(void)
{
	return syscall(__NR_gettid);
}

/* ---- commands ----------------------------------------------------------- */

static inline int mt_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* A new descriptor of /dev/mbox. */
static inline int mt_device(void)
{
	int fd = open(MBOX_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A name that nothing else has. */
static inline char *mt_name(const char *what)
{
	static unsigned int count;
	char *name;

	if (asprintf(&name, "test-%d-%u-%s", getpid(), count++, what) < 0)
		abort();
	return name;
}

/* Create with all fields of @attr as given but size and name. */
static inline int mt_create(int dev, const char *name,
			    struct mbox_create *attr)
{
	attr->size = sizeof(*attr);
	attr->name = (uintptr_t)name;
	attr->name_len = name ? strlen(name) : 0;
	return mt_ioctl(dev, MBOX_IOC_CREATE, attr);
}

/* A mailbox with default attributes; no name is an anonymous one. */
static inline int mt_mailbox(int dev, const char *name, unsigned int flags)
{
	struct mbox_create attr = {
		.flags = flags,
		.kind = MBOX_KIND_MAILBOX,
	};

	return mt_create(dev, name, &attr);
}

/* One to send and receive, of a certain capacity; 0 is the default. */
static inline int mt_sized(int dev, const char *name, __u32 max_msgs,
			   __u32 msg_size, __u64 max_bytes)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = max_msgs,
		.msg_size = msg_size,
		.max_bytes = max_bytes,
	};

	return mt_create(dev, name, &attr);
}

static inline int mt_region(int dev, const char *name, unsigned int flags,
			    __u64 size)
{
	struct mbox_create attr = {
		.flags = flags,
		.kind = MBOX_KIND_REGION,
		.region_size = size,
	};

	return mt_create(dev, name, &attr);
}

static inline struct mbox_target mt_by_name(const char *name)
{
	return (struct mbox_target){
		.by = MBOX_BY_NAME,
		.name = (uintptr_t)name,
		.name_len = strlen(name),
	};
}

static inline struct mbox_target mt_by_id(__u64 id)
{
	return (struct mbox_target){ .by = MBOX_BY_ID, .id = id };
}

static inline struct mbox_target mt_by_fd(int fd)
{
	return (struct mbox_target){ .by = MBOX_BY_FD, .fd = fd };
}

static inline int mt_open_target(int dev, struct mbox_target target,
				 unsigned int flags)
{
	struct mbox_open arg = {
		.size = sizeof(arg),
		.flags = flags,
		.target = target,
	};

	return mt_ioctl(dev, MBOX_IOC_OPEN, &arg);
}

static inline int mt_open(int dev, const char *name, unsigned int flags)
{
	return mt_open_target(dev, mt_by_name(name), flags);
}

static inline int mt_open_id(int dev, __u64 id, unsigned int flags)
{
	return mt_open_target(dev, mt_by_id(id), flags);
}

static inline int mt_open_fd(int dev, int fd, unsigned int flags)
{
	return mt_open_target(dev, mt_by_fd(fd), flags);
}

static inline int mt_unlink_target(int dev, struct mbox_target target)
{
	struct mbox_unlink arg = { .size = sizeof(arg), .target = target };

	return mt_ioctl(dev, MBOX_IOC_UNLINK, &arg);
}

static inline int mt_unlink(int dev, const char *name)
{
	return mt_unlink_target(dev, mt_by_name(name));
}

static inline int mt_stat(int fd, struct mbox_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	return mt_ioctl(fd, MBOX_IOC_STAT, stat);
}

/* The same where it cannot fail: all zero if it does. */
static inline struct mbox_stat mt_stat_of(int fd)
{
	struct mbox_stat stat;

	if (mt_stat(fd, &stat))
		memset(&stat, 0, sizeof(stat));
	return stat;
}

static inline int mt_set(int fd, struct mbox_set *set)
{
	set->size = sizeof(*set);
	return mt_ioctl(fd, MBOX_IOC_SET, set);
}

/* Send or receive with all fields of @msg as given but its size. */
static inline int mt_sendmsg(int fd, struct mbox_send *msg)
{
	msg->size = sizeof(*msg);
	return mt_ioctl(fd, MBOX_IOC_SEND, msg);
}

static inline int mt_recvmsg(int fd, struct mbox_recv *msg)
{
	msg->size = sizeof(*msg);
	return mt_ioctl(fd, MBOX_IOC_RECV, msg);
}

static inline int mt_send(int fd, const void *buf, size_t len,
			  unsigned int priority, unsigned int flags)
{
	struct mbox_send msg = {
		.flags = flags,
		.buf = (uintptr_t)buf,
		.len = len,
		.priority = priority,
	};

	return mt_sendmsg(fd, &msg);
}

/* The length received, or -errno. */
static inline int mt_recv(int fd, void *buf, size_t size, unsigned int flags)
{
	struct mbox_recv msg = {
		.flags = flags,
		.buf = (uintptr_t)buf,
		.buf_size = size,
	};
	int ret = mt_recvmsg(fd, &msg);

	return ret ?: (int)msg.len;
}

static inline int mt_purge(int fd)
{
	struct mbox_purge arg = { .size = sizeof(arg) };

	return mt_ioctl(fd, MBOX_IOC_PURGE, &arg);
}

/* ---- counters and limits ------------------------------------------------ */

static inline int mt_usage(int dev, uid_t uid, struct mbox_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	usage->size = sizeof(*usage);
	usage->uid = uid;
	return mt_ioctl(dev, MBOX_IOC_USAGE, usage);
}

/* Does @uid take nothing of any limit, and are there no objects at all? */
static inline bool mt_is_idle(int dev, uid_t uid)
{
	struct mbox_usage usage;

	return !mt_usage(dev, uid, &usage) && !usage.bytes.used &&
	       !usage.mailboxes.used && !usage.regions.used &&
	       !usage.region_bytes.used && !usage.ns_objects.used;
}

/* For a FIXTURE_TEARDOWN, once all descriptors but @dev are closed. */
#define MT_EXPECT_IDLE(dev, uid) EXPECT_TRUE(MT_UNTIL(mt_is_idle(dev, uid)))

/* Unlink all there is, so that a failed test does not fail the next. */
static inline void mt_sweep(int dev)
{
	struct mbox_stat stat = { .size = sizeof(stat) };

	while (!mt_ioctl(dev, MBOX_IOC_LIST, &stat))
		mt_unlink_target(dev, mt_by_id(stat.id));
}

/* A whole FIXTURE_TEARDOWN where @dev was opened before all other files. */
#define MT_TEARDOWN(dev) do {						\
	int __dev = dev;						\
									\
	close_range(__dev + 1, ~0U, 0);					\
	if (_metadata->passed) {					\
		MT_EXPECT_IDLE(__dev, 0);				\
		MT_EXPECT_IDLE(__dev, MT_UID_A);			\
		MT_EXPECT_IDLE(__dev, MT_UID_B);			\
	}								\
	if (!_metadata->passed)						\
		mt_sweep(__dev);					\
	close(__dev);							\
} while (0)

/*
 * All that can be seen to change of an object, of what @uid takes, and of the
 * process: the descriptor that comes next.
 */
struct mt_state {
	struct mbox_stat stat;
	struct mbox_usage usage;
	__u64 next;
};

static inline struct mt_state mt_state_of(int dev, int fd, uid_t uid)
{
	struct mt_state state;

	mt_stat(fd, &state.stat);
	mt_usage(dev, uid, &state.usage);
	state.next = dup(STDERR_FILENO);
	close(state.next);
	return state;
}

/* What a user may have drawn in advance for a mailbox, see mbox_usage. */
#define MT_UNUSED	16384

static inline bool mt_state_is(int dev, int fd, uid_t uid,
			       const struct mt_state *before)
{
	struct mt_state state = mt_state_of(dev, fd, uid);
	__s64 drawn = state.usage.bytes.used - before->usage.bytes.used;

	if (drawn >= -MT_UNUSED && drawn <= MT_UNUSED)
		state.usage.bytes.used = before->usage.bytes.used;
	return !memcmp(&state, before, sizeof(state));
}

/* A parameter of the module; -errno if it cannot be read or written. */
static inline __s64 mt_param_get(const char *param)
{
	char path[128], line[32] = "";
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/mbox/parameters/%s", param);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read(fd, line, sizeof(line) - 1);
	close(fd);
	return ret < 0 ? -EIO : strtoll(line, NULL, 10);
}

static inline int mt_param_set(const char *param, __u64 value)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/mbox/parameters/%s", param);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = dprintf(fd, "%llu\n", (unsigned long long)value);
	close(fd);
	return ret < 0 ? -EINVAL : 0;
}

#endif /* MBOX_TEST_UTIL_H */
