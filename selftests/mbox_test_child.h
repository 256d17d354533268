/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children of a test, as other users and in other namespaces.
 *
 * A child is forked in the middle of a test and may use EXPECT_* and ASSERT_*:
 *
 *	struct mt_child child;
 *
 *	if (!mt_fork(&child, &mt_user_a)) {
 *		EXPECT_EQ(-EACCES, mt_open(dev, name, MBOX_O_READ));
 *		MT_CHILD_EXIT();
 *	}
 *	EXPECT_EQ(0, mt_child_end(&child));
 *
 * Parent and child talk over child.sock: mt_tell(), mt_hear(), mt_fd_send(),
 * mt_fd_recv().
 */
#ifndef MBOX_TEST_CHILD_H
#define MBOX_TEST_CHILD_H

#include "../kselftest_harness.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Two ids that own nothing in the guest. */
#define MT_UID_A	4001
#define MT_UID_B	4002

/**
 * struct mt_as - as whom and where a child runs
 * @uid: its user id; 0 stays root, with all capabilities
 * @gid: its group id, and no further groups
 * @caps: mask of the capabilities (1ULL << CAP_*) that it keeps with @uid
 * @ns: CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWNET: new namespaces, made by
 *	@uid; the child is the first process of its pid namespace
 * @map: CLONE_NEWUSER: its uid and gid map; NULL maps @uid and @gid to 0
 */
struct mt_as {
	uid_t uid;
	gid_t gid;
	__u64 caps;
	unsigned int ns;
	const char *map;
};

static const struct mt_as mt_user_a = { .uid = MT_UID_A, .gid = MT_UID_A };
static const struct mt_as mt_user_b = { .uid = MT_UID_B, .gid = MT_UID_B };
static const struct mt_as mt_in_netns = { .ns = CLONE_NEWNET };
static const struct mt_as mt_in_pidns = { .ns = CLONE_NEWPID };

struct mt_child {
	pid_t pid;
	int sock;
};

/* Send a number to the other side, and read one; -EPIPE if it is gone. */
static inline int mt_tell(int sock, __s64 value)
{
	ssize_t ret = send(sock, &value, sizeof(value), MSG_NOSIGNAL);

	return ret == sizeof(value) ? 0 : -EPIPE;
}

static inline __s64 mt_hear(int sock)
{
	__s64 value;
	ssize_t ret = recv(sock, &value, sizeof(value), MSG_WAITALL);

	return ret == sizeof(value) ? value : -EPIPE;
}

static inline int mt_fd_send(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static inline int mt_fd_recv(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -EPIPE;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static inline void mt_child_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# child: %s: %s\n", what, strerror(errno));
	_exit(126);
}

/* Become @as->uid, with no capabilities but @as->caps. */
static inline void mt_child_ids(const struct mt_as *as)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	if (!as->uid && !as->gid)
		return;
	mt_child_check(!setgroups(0, NULL), "setgroups");
	mt_child_check(!setresgid(as->gid, as->gid, as->gid), "setresgid");
	if (!as->uid)
		return;
	mt_child_check(!prctl(PR_SET_KEEPCAPS, 1), "keep capabilities");
	mt_child_check(!setresuid(as->uid, as->uid, as->uid), "setresuid");
	data[0].permitted = as->caps;
	data[0].effective = as->caps;
	data[1].permitted = as->caps >> 32;
	data[1].effective = as->caps >> 32;
	mt_child_check(!syscall(__NR_capset, &head, data), "capset");
}

/* The child cannot write its own map: the uid it maps may be anyone's. */
static inline int mt_child_map(pid_t pid, const struct mt_as *as)
{
	static const char * const file[] = { "uid_map", "gid_map" };
	char path[64], map[64];
	int fd, i, ret;

	for (i = 0; i < 2; i++) {
		snprintf(map, sizeof(map), "0 %u 1", i ? as->gid : as->uid);
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, file[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		ret = dprintf(fd, "%s", as->map ?: map);
		close(fd);
		if (ret < 0)
			return -EPERM;
	}
	return 0;
}

/*
 * Fork; @as may be NULL. Returns the child's pid, 0 in the child. The child is
 * ready when this returns in the parent, and dies with the parent.
 */
static inline pid_t mt_fork(struct mt_child *child, const struct mt_as *as)
{
	static const struct mt_as same;
	int pair[2];

	as = as ?: &same;
	fflush(NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	/* what the C library does in fork(), a robust mutex needs */
	if (as->ns & CLONE_NEWPID)
		child->pid = syscall(__NR_clone, CLONE_NEWPID | SIGCHLD,
				     0, 0, 0, 0);
	else
		child->pid = fork();
	if (child->pid < 0)
		abort();
	child->sock = pair[!child->pid];
	close(pair[!!child->pid]);
	if (child->pid) {
		if (mt_hear(child->sock) != 1 ||
		    ((as->ns & CLONE_NEWUSER) && mt_child_map(child->pid, as)) ||
		    mt_tell(child->sock, 1))
			abort();
		return child->pid;
	}
	mt_child_ids(as);
	mt_child_check(!unshare(as->ns & ~CLONE_NEWPID), "unshare");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mt_child_check(!mt_tell(child->sock, 1), "parent");
	mt_child_check(mt_hear(child->sock) == 1, "parent");
	return 0;
}

/* Enter a time namespace where CLOCK_MONOTONIC is @seconds ahead. */
static inline void mt_child_timens(int seconds)
{
	int fd;

	mt_child_check(!unshare(CLONE_NEWTIME), "new time namespace");
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	mt_child_check(dprintf(fd, "monotonic %d 0\n", seconds) > 0, "offset");
	close(fd);
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	mt_child_check(!setns(fd, CLONE_NEWTIME), "enter time namespace");
	close(fd);
}

/* How a child ends: its expectations decide its status. */
#define MT_CHILD_EXIT() _exit(!_metadata->passed)

/* Let go of the child and wait for its end: 0 if all it expected was so. */
static inline int mt_child_end(struct mt_child *child)
{
	int status = -1;

	close(child->sock);
	waitpid(child->pid, &status, 0);
	return status;
}

static inline void mt_child_kill(struct mt_child *child)
{
	kill(child->pid, SIGKILL);
	mt_child_end(child);
}

#endif /* MBOX_TEST_CHILD_H */
