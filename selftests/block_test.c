// SPDX-License-Identifier: GPL-2.0
/*
 * To wait, for a message or for room: until there is one, until a deadline,
 * until a signal; while stopped and frozen; or not at all.
 *
 * Each test runs for both directions: a receive from an empty mailbox, and a
 * send to a full one.
 */
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mbox_test_task.h"

#define HOUR	(3600 * MT_NSEC_PER_SEC)

FIXTURE(block) {
	int dev;
	int box;
	struct mt_task task;
	struct mt_child child;
	int (*call)(struct mt_task *task);
};

FIXTURE_VARIANT(block) {
	bool send;
};

FIXTURE_VARIANT_ADD(block, recv) {
	.send = false,
};

FIXTURE_VARIANT_ADD(block, send) {
	.send = true,
};

FIXTURE_SETUP(block)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 1, 8, 8);
	ASSERT_LE(0, self->box);
	self->task = (struct mt_task){ .fd = self->box, .send.len = 1 };
	self->call = variant->send ? mt_task_send : mt_task_recv;
	if (variant->send)
		ASSERT_EQ(0, mt_send(self->box, "x", 1, 0, 0));
}

FIXTURE_TEARDOWN(block)
{
	MT_TEARDOWN(self->dev);
}

static void set_flags(struct mt_task *task, __u32 flags, __u64 deadline)
{
	task->send.flags = flags;
	task->recv.flags = flags;
	task->send.deadline = deadline;
	task->recv.deadline = deadline;
}

/* How many wait. */
static unsigned int waiting(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.waiting_receivers + stat.waiting_senders;
}

/* Does it hold what it did in the beginning, and does nobody wait? */
static bool untouched(int box, bool full)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.msgs == full && stat.sent == full && !stat.received &&
	       !stat.held && !stat.waiting_receivers && !stat.waiting_senders;
}

/* Make what is waited for be there; 1 if it worked. */
static int release(int box, bool send)
{
	char data[8];

	return send ? mt_recv(box, data, sizeof(data), MBOX_DONTWAIT) :
		      1 + mt_send(box, "x", 1, 0, MBOX_DONTWAIT);
}

TEST_F(block, until_released)
{
	struct mbox_stat stat;

	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(!variant->send, stat.waiting_receivers);
	EXPECT_EQ(variant->send, stat.waiting_senders);
	EXPECT_EQ(variant->send, stat.sent);
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, mt_task_end(&self->task));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.waiting_receivers + stat.waiting_senders);
	EXPECT_EQ(1 + variant->send, stat.sent);
	EXPECT_EQ(1, stat.received);
	EXPECT_EQ(variant->send, stat.msgs);
}

TEST_F(block, not_at_all)
{
	int nonblock, again, same;

	/* as asked in the call, whatever the deadline */
	set_flags(&self->task, MBOX_DONTWAIT, mt_deadline(10000));
	EXPECT_EQ(-EAGAIN, self->call(&self->task));
	set_flags(&self->task, 0, 0);

	/* as opened */
	nonblock = mt_open_fd(self->dev, self->box, MT_RW | MBOX_O_NONBLOCK);
	ASSERT_LE(0, nonblock);
	EXPECT_TRUE(fcntl(nonblock, F_GETFL) & O_NONBLOCK);
	self->task.fd = nonblock;
	EXPECT_EQ(-EAGAIN, self->call(&self->task));

	/* as set later, on this endpoint alone, by whatever descriptor */
	again = mt_open_fd(self->dev, self->box, MT_RW);
	ASSERT_LE(0, again);
	same = dup(again);
	ASSERT_EQ(0, fcntl(same, F_SETFL, O_NONBLOCK));
	self->task.fd = again;
	EXPECT_EQ(-EAGAIN, self->call(&self->task));
	ASSERT_EQ(0, fcntl(nonblock, F_SETFL, 0));
	self->task.fd = nonblock;
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

TEST_F(block, until_deadline)
{
	__u64 deadline = mt_deadline(30);

	self->task.send.refusal.limit = 99;
	set_flags(&self->task, 0, deadline);
	EXPECT_EQ(-ETIMEDOUT, self->call(&self->task));
	EXPECT_LE(deadline, mt_now(CLOCK_MONOTONIC));
	EXPECT_TRUE(untouched(self->box, variant->send));
	if (variant->send) {
		EXPECT_EQ(MBOX_LIMIT_MSGS, self->task.send.refusal.limit);
		EXPECT_EQ(1, self->task.send.refusal.used);
		EXPECT_EQ(1, self->task.send.refusal.max);
	}
}

TEST_F(block, until_realtime_deadline)
{
	__u64 deadline = mt_now(CLOCK_REALTIME) + 30 * 1000 * 1000;

	set_flags(&self->task, MBOX_REALTIME, deadline);
	EXPECT_EQ(-ETIMEDOUT, self->call(&self->task));
	EXPECT_LE(deadline, mt_now(CLOCK_REALTIME));
	EXPECT_TRUE(untouched(self->box, variant->send));
}

/* What needs no waiting is done, however late it is. */
TEST_F(block, after_deadline)
{
	const __u64 past[] = { 1, mt_now(CLOCK_MONOTONIC) };
	int i;

	for (i = 0; i < 4; i++) {
		set_flags(&self->task, i & 2 ? MBOX_REALTIME : 0, past[i & 1]);
		EXPECT_EQ(-ETIMEDOUT, self->call(&self->task));
	}
	EXPECT_TRUE(untouched(self->box, variant->send));
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, self->call(&self->task));
}

TEST_F(block, until_the_last_deadline)
{
	set_flags(&self->task, 0, 1ULL << 63);
	EXPECT_EQ(-EINVAL, self->call(&self->task));
	set_flags(&self->task, MBOX_REALTIME, ULLONG_MAX);
	EXPECT_EQ(-EINVAL, self->call(&self->task));
	set_flags(&self->task, 0, LLONG_MAX);
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

/* Set CLOCK_REALTIME to what it would be, and @step. */
static int step_clock(__s64 step)
{
	static __u64 offset;
	struct timespec ts;
	__u64 now;

	if (!offset)
		offset = mt_now(CLOCK_REALTIME) - mt_now(CLOCK_MONOTONIC);
	now = mt_now(CLOCK_MONOTONIC) + offset + step;
	ts.tv_sec = now / MT_NSEC_PER_SEC;
	ts.tv_nsec = now % MT_NSEC_PER_SEC;
	return clock_settime(CLOCK_REALTIME, &ts) ? -errno : 0;
}

TEST_F(block, until_a_realtime_that_moves)
{
	set_flags(&self->task, MBOX_REALTIME, mt_now(CLOCK_REALTIME) + 2 * HOUR);
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	ASSERT_EQ(0, step_clock(-HOUR));
	ASSERT_TRUE(mt_task_settle(&self->task));
	/* two hours from then on, but only one from the start */
	ASSERT_EQ(0, step_clock(HOUR));
	EXPECT_TRUE(mt_task_settle(&self->task));
	ASSERT_EQ(0, step_clock(2 * HOUR));
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&self->task));

	/* the other clock is not moved */
	set_flags(&self->task, 0, mt_deadline(3600 * 1000));
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	ASSERT_EQ(0, step_clock(9 * HOUR));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ(0, step_clock(0));
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

/* CLOCK_MONOTONIC is ahead there by more than a test may take. */
TEST_F(block, in_a_time_namespace)
{
	const __u64 ahead = 1000 * MT_NSEC_PER_SEC;
	struct mt_task *task = &self->task;
	struct mt_child child;
	__u64 deadline;

	if (!mt_fork(&child, NULL)) {
		mt_child_timens(1000);
		deadline = mt_deadline(30);
		ASSERT_LE(ahead, deadline);
		set_flags(task, 0, deadline);
		EXPECT_EQ(-ETIMEDOUT, self->call(task));
		EXPECT_LE(deadline, mt_now(CLOCK_MONOTONIC));
		/* long past, at the others' zero, just past */
		set_flags(task, 0, 1);
		EXPECT_EQ(-ETIMEDOUT, self->call(task));
		set_flags(task, 0, ahead);
		EXPECT_EQ(-ETIMEDOUT, self->call(task));
		set_flags(task, 0, mt_now(CLOCK_MONOTONIC));
		EXPECT_EQ(-ETIMEDOUT, self->call(task));
		/* this clock is the same everywhere */
		deadline = mt_now(CLOCK_REALTIME) + 30 * 1000 * 1000;
		set_flags(task, MBOX_REALTIME, deadline);
		EXPECT_EQ(-ETIMEDOUT, self->call(task));
		EXPECT_LE(deadline, mt_now(CLOCK_REALTIME));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(untouched(self->box, variant->send));
}

TEST_F(block, until_a_signal)
{
	mt_catch(0);
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	mt_task_signal(&self->task);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task));
	EXPECT_EQ(1, mt_caught());
	EXPECT_TRUE(untouched(self->box, variant->send));
}

TEST_F(block, on_after_a_signal)
{
	int i;

	mt_catch(SA_RESTART);
	ASSERT_TRUE(mt_task_blocks(&self->task, self->call));
	for (i = 1; i <= 5; i++) {
		mt_task_signal(&self->task);
		ASSERT_TRUE(MT_UNTIL(mt_caught() == i));
		ASSERT_TRUE(mt_task_settle(&self->task));
		ASSERT_TRUE(MT_UNTIL(waiting(self->box) == 1));
	}
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(1 + variant->send, mt_stat_of(self->box).sent);
}

/* The deadline is a time: to start over does not put it off. */
TEST_F(block, on_after_signals_until_deadline)
{
	__u64 deadline = mt_deadline(100);

	mt_catch(SA_RESTART);
	set_flags(&self->task, 0, deadline);
	mt_task_start(&self->task, self->call);
	EXPECT_TRUE(MT_UNTIL((mt_task_signal(&self->task),
			      mt_task_is_done(&self->task))));
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&self->task));
	EXPECT_LE(deadline, mt_now(CLOCK_MONOTONIC));
	EXPECT_LT(1, mt_caught());
	EXPECT_TRUE(untouched(self->box, variant->send));
}

/* A child in the call, with a handler for no signal at all. */
#define FORK_BLOCKED() do {						\
	if (!mt_fork(&self->child, NULL)) {				\
		EXPECT_EQ(1, self->call(&self->task));			\
		MT_CHILD_EXIT();					\
	}								\
	ASSERT_TRUE(mt_wait_blocked(self->child.pid));			\
	ASSERT_EQ(1, waiting(self->box));				\
} while (0)

static bool wait_stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

/* Who is stopped does not keep a place in line, and goes on afterwards. */
TEST_F(block, stopped)
{
	int i;

	FORK_BLOCKED();
	for (i = 0; i < 2; i++) {
		kill(self->child.pid, SIGSTOP);
		ASSERT_TRUE(wait_stopped(self->child.pid));
		EXPECT_EQ(0, waiting(self->box));
		kill(self->child.pid, SIGCONT);
		ASSERT_TRUE(mt_wait_blocked(self->child.pid));
		ASSERT_TRUE(MT_UNTIL(waiting(self->box) == 1));
	}
	kill(self->child.pid, SIGSTOP);
	ASSERT_TRUE(wait_stopped(self->child.pid));
	ASSERT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(!variant->send, mt_stat_of(self->box).msgs);
	kill(self->child.pid, SIGCONT);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

#define CGROUP	"/sys/fs/cgroup/mbox-test"

static bool cgroup_write(const char *file, int value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && dprintf(fd, "%d", value) > 0;

	close(fd);
	return good;
}

static bool cgroup_is_frozen(void)
{
	char line[64];
	FILE *file = fopen(CGROUP "/cgroup.events", "r");
	bool frozen = false;

	while (file && fgets(line, sizeof(line), file))
		frozen |= !strcmp(line, "frozen 1\n");
	if (file)
		fclose(file);
	return frozen;
}

TEST_F(block, frozen)
{
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup of version 2 at /sys/fs/cgroup");
	FORK_BLOCKED();
	EXPECT_TRUE(cgroup_write(CGROUP "/cgroup.procs", self->child.pid));
	EXPECT_TRUE(cgroup_write(CGROUP "/cgroup.freeze", 1));
	EXPECT_TRUE(MT_UNTIL(cgroup_is_frozen()));
	EXPECT_EQ(0, waiting(self->box));
	EXPECT_EQ(1, release(self->box, variant->send));
	EXPECT_EQ(!variant->send, mt_stat_of(self->box).msgs);
	EXPECT_TRUE(cgroup_write(CGROUP "/cgroup.freeze", 0));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_HARNESS_MAIN
