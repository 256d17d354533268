// SPDX-License-Identifier: GPL-2.0
/*
 * Each command runs out of memory at each place where it can: the kernel fails
 * the first allocation, then the second, until the command gets through. Each
 * failure says so, and leaves everything as it was.
 *
 * For kernels with fault injection (failslab, and /proc/PID/fail-nth).
 */
#include "mbox_test_util.h"

#define FAILSLAB "/sys/kernel/debug/failslab/"

FIXTURE(inject) {
	int dev;
	char *name;
	int box;
	int fail_nth;
};

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

FIXTURE_SETUP(inject)
{
	char path[64];

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	if (access(FAILSLAB, F_OK))
		SKIP(return, "this kernel has no fault injection");
	ASSERT_TRUE(write_text(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_TRUE(write_text(FAILSLAB "verbose", "0"));
	snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth",
		 mt_gettid());
	self->fail_nth = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fail_nth);

	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
}

FIXTURE_TEARDOWN(inject)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/* The @nth allocation from now on fails, once. */
static void arm(int fail_nth, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	if (pwrite(fail_nth, text, strlen(text), 0) != (ssize_t)strlen(text))
		abort();
}

/* No more; did it come to that? */
static bool disarm(int fail_nth)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0 ||
	    pwrite(fail_nth, "0", 1, 0) != 1)
		abort();
	return atoi(text) == 0;
}

/*
 * @command (an expression) fails with ENOMEM until all of its allocations
 * succeed. At least @min of them must have been seen to fail, or this test
 * has not tested anything. Its result is then in @ret.
 */
#define WALK(min, ret, command) do {					\
	struct mt_state __before = mt_state_of(self->dev, self->box, 0); \
	int __nth, __failed = 0;					\
									\
	for (__nth = 1; __nth < 200; __nth++) {				\
		bool __hit;						\
									\
		arm(self->fail_nth, __nth);				\
		ret = command;						\
		__hit = disarm(self->fail_nth);				\
		if (!__hit)						\
			break;						\
		/* some allocations have another way to succeed */	\
		if (ret >= 0)						\
			break;						\
		__failed++;						\
		EXPECT_EQ(-ENOMEM, ret) {				\
			TH_LOG("at allocation %d", __nth);		\
		}							\
		EXPECT_TRUE(mt_state_is(self->dev, self->box, 0,	\
					&__before)) {			\
			TH_LOG("at allocation %d", __nth);		\
		}							\
	}								\
	EXPECT_LE(min, __failed);					\
	EXPECT_LE(0, ret);						\
} while (0)

/* An object, its file, its name; nothing is left, not even the name. */
TEST_F(inject, create)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_EXCL,
		.kind = MBOX_KIND_MAILBOX,
	};
	char *name = mt_name("new");
	int fd;

	WALK(4, fd, mt_create(self->dev, name, &attr));
	EXPECT_EQ(2U, mt_stat_of(self->box).endpoints +
		      mt_stat_of(fd).endpoints);
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	close(fd);

	/* without a name, and owned by this process */
	attr.lifetime = MBOX_LIFE_PROCESS;
	WALK(3, fd, mt_create(self->dev, NULL, &attr));
	close(fd);
	attr.lifetime = MBOX_LIFE_ANONYMOUS;
	WALK(3, fd, mt_create(self->dev, NULL, &attr));
	close(fd);
}

TEST_F(inject, create_region)
{
	char *name = mt_name("new");
	int fd;

	WALK(5, fd, mt_region(self->dev, name, MT_RW, 8192));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	close(fd);
}

TEST_F(inject, open)
{
	__u64 id = mt_stat_of(self->box).id;
	int fd;

	WALK(2, fd, mt_open(self->dev, self->name, MT_RW));
	close(fd);
	WALK(2, fd, mt_open_id(self->dev, id, MT_RW));
	close(fd);
	WALK(2, fd, mt_open_fd(self->dev, self->box, MT_RW));
	close(fd);
	WALK(2, fd, mt_mailbox(self->dev, self->name, MT_RW));
	close(fd);
}

/* From a descriptor that has sent before, and from a fresh one. */
TEST_F(inject, send)
{
	static char data[20000];
	int ret, fd;

	WALK(1, ret, mt_send(self->box, "more", 4, 0, 0));
	EXPECT_EQ(0, mt_purge(self->box) - 2);
	WALK(1, ret, mt_send(self->box, data, sizeof(data), 0, 0));
	EXPECT_EQ(1, mt_purge(self->box));

	fd = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, fd);
	WALK(2, ret, mt_send(fd, "first", 5, 0, 0));
	EXPECT_EQ(1U, mt_stat_of(fd).msgs);
	close(fd);
}

/* A user that was never seen before: what counts for it is made first. */
TEST_F(inject, first_send_of_a_user)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		char path[64];
		int ret;

		snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth",
			 mt_gettid());
		self->fail_nth = open(path, O_RDWR | O_CLOEXEC);
		EXPECT_LE(0, self->fail_nth);
		EXPECT_EQ(0, unshare(CLONE_NEWUSER));
		WALK(3, ret, mt_send(self->box, "first", 5, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(2U, mt_stat_of(self->box).msgs);
}

/* What frees or looks needs no memory. */
TEST_F(inject, others_cannot_run_out)
{
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 9 };
	struct mbox_usage usage;
	struct mbox_stat stat;
	char data[6];

	arm(self->fail_nth, 1);
	EXPECT_EQ(0, mt_stat(self->box, &stat));
	EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(6, mt_recv(self->box, data, sizeof(data), 0));
	EXPECT_EQ(-EAGAIN, mt_recv(self->box, data, 6, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_purge(self->box));
	EXPECT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_FALSE(disarm(self->fail_nth));
}

/* A namespace that cannot be made leaves nothing of ours. */
TEST_F(inject, network_namespace)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		int nth, failed = 0;
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth",
			 mt_gettid());
		self->fail_nth = open(path, O_RDWR | O_CLOEXEC);
		for (nth = 1; nth < 2000; nth++) {
			bool hit;
			int ret;

			arm(self->fail_nth, nth);
			ret = unshare(CLONE_NEWNET);
			hit = disarm(self->fail_nth);
			if (!hit)
				break;
			failed += !!ret;
		}
		EXPECT_LT(10, failed);
		EXPECT_LT(nth, 2000);
		close(self->dev);
		self->dev = mt_device();
		EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MT_RW));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
