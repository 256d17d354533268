// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors with messages: which of them travel, what the receiver gets, who
 * pays for them, and that they are closed when nobody can have them any more.
 */
#include <linux/userfaultfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "mbox_test_fds.h"

FIXTURE(fds) {
	int dev;
	int box;
};

FIXTURE_SETUP(fds)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(fds)
{
	close_range(self->dev + 1, ~0U, 0);
	if (_metadata->passed)
		EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
	MT_TEARDOWN(self->dev);
}

/* ---- what travels ------------------------------------------------------- */

/* A descriptor, what comes at its @peer, and whether it works. */
struct kind {
	const char *name;
	int (*make)(int dev, int *peer);
	bool (*works)(int fd, int peer);
};

/* What is written to the one is read from the other. */
static bool passes_data(int fd, int peer)
{
	__u64 out = 4711, in = 0;

	if (write(fd, &out, sizeof(out)) != sizeof(out))
		return false;
	if (pread(peer, &in, sizeof(in), 0) != sizeof(in) &&
	    read(peer, &in, sizeof(in)) != sizeof(in))
		return false;
	return in == out;
}

static int with_duplicate(int fd, int *peer)
{
	*peer = dup(fd);
	return fd;
}

static int make_eventfd(int dev, int *peer)
{
	return with_duplicate(eventfd(0, 0), peer);
}

static int make_pipe_end(int dev, int *peer)
{
	int pair[2];

	if (pipe(pair))
		return -1;
	*peer = pair[0];
	return pair[1];
}

static int make_memfd(int dev, int *peer)
{
	return with_duplicate(memfd_create("test", 0), peer);
}

static int make_file(int dev, int *peer)
{
	return with_duplicate(open("/tmp", O_TMPFILE | O_RDWR, 0600), peer);
}

static int make_region(int dev, int *peer)
{
	return with_duplicate(mt_region(dev, NULL, MT_RW, 4096), peer);
}

static bool region_works(int fd, int peer)
{
	char *a = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
	char *b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, peer, 0);

	if (a == MAP_FAILED || b == MAP_FAILED)
		return false;
	a[17] = 42;
	return b[17] == 42;
}

static int make_epoll(int dev, int *peer)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	*peer = eventfd(0, 0);
	return epoll_ctl(fd, EPOLL_CTL_ADD, *peer, &event) ? -1 : fd;
}

static bool epoll_works(int fd, int peer)
{
	struct epoll_event event;

	return !epoll_wait(fd, &event, 1, 0) && !eventfd_write(peer, 1) &&
	       epoll_wait(fd, &event, 1, 0) == 1;
}

static int make_timerfd(int dev, int *peer)
{
	return with_duplicate(timerfd_create(CLOCK_MONOTONIC, 0), peer);
}

static bool timerfd_works(int fd, int peer)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	__u64 times;

	return !timerfd_settime(fd, 0, &soon, NULL) &&
	       read(peer, &times, sizeof(times)) == sizeof(times);
}

static int make_signalfd(int dev, int *peer)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return with_duplicate(signalfd(-1, &set, 0), peer);
}

static bool signalfd_works(int fd, int peer)
{
	struct signalfd_siginfo info;

	return !raise(SIGUSR2) &&
	       read(fd, &info, sizeof(info)) == sizeof(info) &&
	       info.ssi_signo == SIGUSR2;
}

static int make_inotify(int dev, int *peer)
{
	return with_duplicate(inotify_init(), peer);
}

static bool inotify_works(int fd, int peer)
{
	return inotify_add_watch(fd, "/tmp", IN_CREATE) > 0;
}

static int make_pidfd(int dev, int *peer)
{
	return with_duplicate(syscall(__NR_pidfd_open, getpid(), 0), peer);
}

static bool pidfd_works(int fd, int peer)
{
	return !syscall(__NR_pidfd_send_signal, fd, 0, NULL, 0);
}

static int make_netlink(int dev, int *peer)
{
	return with_duplicate(socket(AF_NETLINK, SOCK_RAW, 0), peer);
}

static bool netlink_works(int fd, int peer)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       domain == AF_NETLINK;
}

static const struct kind travels[] = {
	{ "eventfd", make_eventfd, passes_data },
	{ "pipe", make_pipe_end, passes_data },
	{ "memfd", make_memfd, passes_data },
	{ "file", make_file, passes_data },
	{ "region", make_region, region_works },
	{ "epoll", make_epoll, epoll_works },
	{ "timerfd", make_timerfd, timerfd_works },
	{ "signalfd", make_signalfd, signalfd_works },
	{ "inotify", make_inotify, inotify_works },
	{ "pidfd", make_pidfd, pidfd_works },
	{ "netlink socket", make_netlink, netlink_works },
};

/* The sender has closed its own when the receiver, a process, gets it. */
TEST_F(fds, what_travels)
{
	struct mt_child child;
	unsigned int i;
	int fd, peer;

	for (i = 0; i < ARRAY_SIZE(travels); i++) {
		/* not every kernel has this one */
		if (travels[i].make == make_inotify &&
		    access("/proc/sys/fs/inotify", F_OK))
			continue;
		fd = travels[i].make(self->dev, &peer);
		ASSERT_LE(0, fd)
			TH_LOG("%s: %m", travels[i].name);
		ASSERT_EQ(0, mt_send_fd(self->box, fd))
			TH_LOG("%s", travels[i].name);
		close(fd);
		EXPECT_EQ(1, mt_fds_used(self->dev, 0));
		if (!mt_fork(&child, NULL)) {
			fd = mt_recv_fd(self->box);
			EXPECT_LE(0, fd);
			EXPECT_TRUE(travels[i].works(fd, peer));
			MT_CHILD_EXIT();
		}
		EXPECT_EQ(0, mt_child_end(&child))
			TH_LOG("%s", travels[i].name);
		EXPECT_EQ(0, mt_fds_used(self->dev, 0));
		close(peer);
	}
}

/* Is @fd refused without any effect? It is closed here. */
static bool is_refused(int dev, int box, int fd)
{
	int fds[3] = { eventfd(0, 0), fd, eventfd(0, 0) };
	struct mt_state before = mt_state_of(dev, box, 0);
	bool good;

	if (fd < 0)
		return false;
	good = mt_send_fd(box, fd) == -EINVAL && mt_send_fds(box, fds, 3) == -EINVAL &&
	       mt_state_is(dev, box, 0, &before) && fcntl(fd, F_GETFD) >= 0;
	close(fds[0]);
	close(fds[2]);
	close(fd);
	return good;
}

/* What could hold the message, or a file that holds it. */
TEST_F(fds, what_does_not)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int pair[2], i;

	EXPECT_TRUE(is_refused(self->dev, self->box, dup(self->box)));
	EXPECT_TRUE(is_refused(self->dev, self->box,
			       mt_mailbox(self->dev, NULL, MT_RW)));
	EXPECT_TRUE(is_refused(self->dev, self->box,
			       mt_open_fd(self->dev, self->box, 0)));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, pair));
		EXPECT_TRUE(is_refused(self->dev, self->box, pair[0]));
		EXPECT_TRUE(is_refused(self->dev, self->box, pair[1]));
		EXPECT_TRUE(is_refused(self->dev, self->box,
				       socket(AF_UNIX, types[i], 0)));
	}
	EXPECT_TRUE(is_refused(self->dev, self->box,
			       syscall(__NR_userfaultfd, UFFD_USER_MODE_ONLY)));
}

TEST_F(fds, io_uring)
{
	/* its parameters are 30 words, zero for the defaults */
	__u32 params[30] = {};
	int fd = syscall(__NR_io_uring_setup, 1, params);

	if (fd < 0)
		SKIP(return, "no io_uring here");
	EXPECT_TRUE(is_refused(self->dev, self->box, fd));
}

/* ---- wrong arguments ---------------------------------------------------- */

TEST_F(fds, arguments)
{
	struct mbox_send msg = { .buf = (uintptr_t)"x", .len = 1 };
	struct mt_state before;
	int fds[MBOX_FDS_MAX + 1], i;

	for (i = 0; i <= MBOX_FDS_MAX; i++)
		fds[i] = self->dev;
	before = mt_state_of(self->dev, self->box, 0);

	EXPECT_EQ(-EINVAL, mt_send_fds(self->box, fds, MBOX_FDS_MAX + 1));
	EXPECT_EQ(-EINVAL, mt_send_fds(self->box, fds, ~0U));
	EXPECT_EQ(-EINVAL, mt_send_fds(self->box, fds, 0));
	EXPECT_EQ(-EFAULT, mt_send_fds(self->box, NULL, 1));
	EXPECT_EQ(-EFAULT, mt_send_fds(self->box, (int *)8, 1));
	msg.fds = mt_fds(fds, 1);
	msg.fds.lost = 1;
	EXPECT_EQ(-EINVAL, mt_sendmsg(self->box, &msg));
	msg.fds = (struct mbox_fds){ .lost = 1 };
	EXPECT_EQ(-EINVAL, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(-EBADF, mt_send_fd(self->box, -1));
	EXPECT_EQ(-EBADF, mt_send_fd(self->box, 9999));
	fds[MBOX_FDS_MAX - 1] = -1;
	EXPECT_EQ(-EBADF, mt_send_fds(self->box, fds, MBOX_FDS_MAX));
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));

	fds[MBOX_FDS_MAX - 1] = self->dev;
	EXPECT_EQ(0, mt_send_fds(self->box, fds, MBOX_FDS_MAX));
	EXPECT_EQ(MBOX_FDS_MAX, mt_fds_used(self->dev, 0));
}

static unsigned int count_fds(void)
{
	unsigned int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Where they cannot be told of, nothing is installed and nothing is lost. */
TEST_F(fds, bad_array_of_the_receiver)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int bad[2] = { eventfd(3, 0), eventfd(4, 0) };
	int got[2] = { -1, -1 }, i;
	int *where[] = { NULL, (int *)8, page };
	struct mbox_recv msg;
	unsigned int count;
	eventfd_t value;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, mt_send_fds(self->box, bad, 2));
	count = count_fds();
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, mt_recv_fds(self->box, &msg, where[i], 2, 0));
		EXPECT_EQ(-EFAULT,
			  mt_recv_fds(self->box, &msg, where[i], 2, MBOX_LEASE));
	}
	EXPECT_EQ(count, count_fds());
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(2, mt_fds_used(self->dev, 0));

	/* no more of the array is looked at than is needed */
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, got, ~0U, 0));
	EXPECT_EQ(2, msg.fds.nr);
	EXPECT_EQ(0, msg.fds.lost);
	EXPECT_EQ(0, msg.deliveries);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, eventfd_read(got[i], &value));
		EXPECT_EQ(3 + i, value);
	}
	/* nor is any of it for a message that has none */
	ASSERT_EQ(0, mt_send(self->box, "x", 1, 0, 0));
	EXPECT_EQ(0, mt_recv_fds(self->box, &msg, (int *)8, 5, 0));
	EXPECT_EQ(0, msg.fds.nr);
	EXPECT_EQ(0, msg.fds.lost);
}

/* ---- what the receiver gets --------------------------------------------- */

TEST_F(fds, short_array)
{
	int pair[2], fds[5], got[5], i, j;
	struct mbox_recv msg;

	for (i = 0; i <= 5; i++) {
		ASSERT_TRUE(mt_pipe(pair));
		for (j = 0; j < 5; j++)
			fds[j] = pair[1];
		ASSERT_EQ(0, mt_send_fds(self->box, fds, 5));
		close(pair[1]);
		memset(got, 0xff, sizeof(got));
		ASSERT_EQ(0, mt_recv_fds(self->box, &msg, i ? got : NULL, i, 0));
		EXPECT_EQ(4, msg.len);
		EXPECT_EQ(i, msg.fds.nr);
		EXPECT_EQ(5 - i, msg.fds.lost);
		EXPECT_EQ(0, mt_fds_used(self->dev, 0));
		while (msg.fds.nr--) {
			EXPECT_TRUE(mt_pipe_is_open(pair));
			EXPECT_EQ(0, close(got[msg.fds.nr]));
		}
		/* what was lost is closed */
		EXPECT_TRUE(mt_pipe_is_closed(pair));
	}
}

TEST_F(fds, full_table)
{
	struct rlimit limit = { 64, 64 };
	int fds[3] = { self->dev, self->dev, self->dev }, got[3];
	struct mbox_recv msg;
	int room, last, i;

	for (room = 0; room < 3; room++)
		ASSERT_EQ(0, mt_send_fds(self->box, fds, 3));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	do
		last = dup(self->dev);
	while (last >= 0 && last < 63);
	ASSERT_EQ(63, last);
	for (room = 0; room < 3; room++) {
		close_range(64 - room, 63 + !room, 0);
		ASSERT_EQ(0, mt_recv_fds(self->box, &msg, got, 3, 0));
		EXPECT_EQ(4, msg.len);
		EXPECT_EQ(room, msg.fds.nr);
		EXPECT_EQ(3 - room, msg.fds.lost);
		for (i = 0; i < room; i++)
			EXPECT_EQ(64 - room + i, got[i]);
	}
	/* for what follows */
	close_range(60, 63, 0);
}

TEST_F(fds, close_on_exec)
{
	struct mbox_recv msg;
	int fd = -1;

	ASSERT_EQ(0, mt_send_fd(self->box, self->dev));
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, &fd, 1, 0));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	ASSERT_EQ(0, mt_send_fd(self->box, self->dev));
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, &fd, 1, MBOX_INHERIT));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
}

TEST_HARNESS_MAIN
