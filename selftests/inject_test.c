// SPDX-License-Identifier: GPL-2.0
/*
 * Each command fails at each place where it can: the kernel lets its first
 * allocation (or access to the caller's memory) fail, then its second, until
 * the command gets through. Each failure says so, and leaves all as it was.
 *
 * For kernels with fault injection: failslab and the like, and
 * /proc/PID/fail-nth.
 */
#include "mbox_test_util.h"

#define DEBUGFS "/sys/kernel/debug/"

#define NOT_ABLE "this kernel has no fault injection"

FIXTURE(inject) {
	bool able;
	int dev;
	char *name;
	int box;
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
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));

	self->able = !access(DEBUGFS "failslab", F_OK);
	if (!self->able)
		return;
	/* also where it may sleep; and without a report each time */
	ASSERT_TRUE(write_text(DEBUGFS "failslab/ignore-gfp-wait", "N"));
	write_text(DEBUGFS "failslab/verbose", "0");
	write_text(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_text(DEBUGFS "fail_page_alloc/verbose", "0");
	write_text(DEBUGFS "fail_usercopy/verbose", "0");
}

FIXTURE_TEARDOWN(inject)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/**
 * struct walk - runs of one command, each of which fails one step later
 * @dev: device
 * @box: the mailbox in which nothing may change
 * @fail_nth: the calling task's file of that name
 * @nth: where the run fails
 * @hit: it came to that
 * @before: what was so before
 * @nomem: runs that failed for want of memory
 * @fault: runs that failed to get at the caller's memory
 * @wrong: runs that failed otherwise, or left traces
 */
struct walk {
	int dev;
	int box;
	int fail_nth;
	int nth;
	bool hit;
	struct mt_state before;
	int nomem;
	int fault;
	int wrong;
};

#define WALK_END 300

static void walk_start(struct walk *walk, int dev, int box)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth",
		 mt_gettid());
	*walk = (struct walk){ .dev = dev, .box = box };
	walk->fail_nth = open(path, O_RDWR | O_CLOEXEC);
	if (walk->fail_nth < 0)
		abort();
}

static bool walk_next(struct walk *walk)
{
	if (walk->nth && !walk->hit)
		return false;
	return ++walk->nth < WALK_END;
}

static void walk_arm(struct walk *walk)
{
	char text[16];

	walk->before = mt_state_of(walk->dev, walk->box, 0);
	snprintf(text, sizeof(text), "%d", walk->nth);
	if (pwrite(walk->fail_nth, text, strlen(text), 0) < 0)
		abort();
}

/*
 * How many steps were left, and no more of them. That is counted while it is
 * read and written, too, and may fail there: then the command was not hit.
 */
static int walk_disarm(struct walk *walk)
{
	char text[16] = "";
	int left = 1;

	if (pread(walk->fail_nth, text, sizeof(text) - 1, 0) > 0)
		left = atoi(text);
	pwrite(walk->fail_nth, "0", 1, 0);
	walk->hit = !left;
	return left;
}

static int walk_check(struct walk *walk, int ret)
{
	bool right = true;

	walk_disarm(walk);
	if (ret == -ENOMEM && walk->hit)
		walk->nomem++;
	else if (ret == -EFAULT && walk->hit)
		walk->fault++;
	else if (ret < 0)
		right = false;

	if (ret < 0 &&
	    !mt_state_is(walk->dev, walk->box, 0, &walk->before))
		right = false;
	if (!right) {
		fprintf(stderr, "# failure %d: result %d, hit %d\n", walk->nth,
			ret, walk->hit);
		walk->wrong++;
	}
	return ret;
}

/* Run @command, which fails at the walk's step; its result. */
#define INJECT(w, command) ({						\
	struct walk *__walk = (w);					\
									\
	walk_arm(__walk);						\
	walk_check(__walk, command);					\
})

/* At least so many allocations have failed, or nothing was tested. */
static void walk_end(struct __test_metadata *_metadata, struct walk *walk,
		     int least)
{
	EXPECT_EQ(0, walk->wrong);
	EXPECT_LE(least, walk->nomem);
	EXPECT_GT(WALK_END, walk->nth);
	close(walk->fail_nth);
}

/* What of its descriptor, object, name, payer and file there is at the time */
TEST_F(inject, create)
{
	static const struct {
		__u32 kind;
		__u32 lifetime;
		int least;
	} what[] = {
		{ MBOX_KIND_MAILBOX, MBOX_LIFE_KERNEL, 4 },
		{ MBOX_KIND_MAILBOX, MBOX_LIFE_PROCESS, 4 },
		{ MBOX_KIND_MAILBOX, MBOX_LIFE_ANONYMOUS, 3 },
		{ MBOX_KIND_REGION, MBOX_LIFE_KERNEL, 6 },
		{ MBOX_KIND_REGION, MBOX_LIFE_ANONYMOUS, 5 },
	};
	char *name = mt_name("new");
	struct walk walk;
	size_t i;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		bool named = what[i].lifetime != MBOX_LIFE_ANONYMOUS;

		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			struct mbox_create attr = {
				.flags = MT_RW | MBOX_CREATE_EXCL,
				.kind = what[i].kind,
				.lifetime = what[i].lifetime,
			};
			int fd;

			if (what[i].kind == MBOX_KIND_REGION)
				attr.region_size = 8192;
			fd = INJECT(&walk, mt_create(self->dev,
						     named ? name : NULL,
						     &attr));
			EXPECT_EQ(named && fd >= 0 ? 0 : -ENOENT,
				  mt_unlink(self->dev, name));
			close(fd);
		}
		walk_end(_metadata, &walk, what[i].least);
	}
}

TEST_F(inject, open)
{
	struct mbox_target target[] = {
		mt_by_name(self->name),
		mt_by_id(mt_stat_of(self->box).id),
		mt_by_fd(self->box),
	};
	struct walk walk;
	size_t i;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (i = 0; i < ARRAY_SIZE(target); i++) {
		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk))
			close(INJECT(&walk, mt_open_target(self->dev,
							   target[i], MT_RW)));
		walk_end(_metadata, &walk, 2);
	}
	walk_start(&walk, self->dev, self->box);
	while (walk_next(&walk))
		close(INJECT(&walk, mt_mailbox(self->dev, self->name, MT_RW)));
	walk_end(_metadata, &walk, 2);
}

/* Through a descriptor that has sent before, and through a fresh one. */
TEST_F(inject, send)
{
	/* a large message has a second way to get its memory */
	static const struct {
		size_t len;
		int least;
	} what[] = { { 0, 1 }, { 64, 1 }, { 20000, 0 }, { 65536, 0 } };
	static char data[65536];
	struct walk walk;
	int fresh, ret;
	size_t i;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			ret = INJECT(&walk, mt_send(self->box, data,
						    what[i].len, 0, 0));
			EXPECT_EQ(ret ? 1 : 2, mt_purge(self->box));
			ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
		}
		walk_end(_metadata, &walk, what[i].least);
	}

	walk_start(&walk, self->dev, self->box);
	while (walk_next(&walk)) {
		fresh = mt_mailbox(self->dev, NULL, MT_RW);
		ret = INJECT(&walk, mt_send(fresh, "first", 5, 0, 0));
		EXPECT_EQ(ret ? 0U : 1U, mt_stat_of(fresh).msgs);
		close(fresh);
	}
	walk_end(_metadata, &walk, 2);
}

/* A user that was never seen before: what counts for it is made first. */
TEST_F(inject, first_send_of_a_user)
{
	struct mt_child child;
	struct walk walk;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(0, unshare(CLONE_NEWUSER));
		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			int fresh = mt_open_fd(self->dev, self->box, MT_RW);

			INJECT(&walk, mt_send(fresh, "first", 5, 0, 0));
			/* once nothing of it is left, the user is forgotten */
			mt_purge(fresh);
			close(fresh);
		}
		walk_end(_metadata, &walk, 3);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* To receive, to look and to give back needs no memory. */
TEST_F(inject, others_cannot_run_out)
{
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 9 };
	struct mbox_usage usage;
	struct mbox_stat stat;
	char data[6];
	int i;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (i = 0; i < 6; i++) {
		struct walk walk;

		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			int ret = -1;

			walk_arm(&walk);
			switch (i) {
			case 0:
				ret = mt_stat(self->box, &stat);
				break;
			case 1:
				ret = mt_usage(self->dev, 0, &usage);
				break;
			case 2:
				ret = mt_set(self->box, &set);
				break;
			case 3:
				ret = mt_recv(self->box, data, 6, 0);
				break;
			case 4:
				ret = mt_purge(self->box);
				break;
			case 5:
				ret = mt_unlink(self->dev, self->name);
				break;
			}
			walk_check(&walk, ret);
			mt_purge(self->box);
			ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
		}
		walk_end(_metadata, &walk, 0);
		EXPECT_EQ(0, walk.nomem);
	}
}

/* How many steps a new network namespace takes. */
static int count_steps(struct walk *walk)
{
	walk->nth = 100000;
	walk_arm(walk);
	if (unshare(CLONE_NEWNET))
		return -1;
	return walk->nth - walk_disarm(walk);
}

/* Ours is the last thing that it gets. */
TEST_F(inject, network_namespace)
{
	struct mt_child child;
	struct walk walk;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	if (!mt_fork(&child, NULL)) {
		int last, ret, failed = 0;

		walk_start(&walk, self->dev, self->box);
		/* the first time takes more */
		count_steps(&walk);
		last = count_steps(&walk);
		EXPECT_LT(20, last);
		for (walk.nth = last - 40; walk.nth <= last; walk.nth++) {
			walk_arm(&walk);
			ret = unshare(CLONE_NEWNET);
			walk_disarm(&walk);
			EXPECT_TRUE(!ret || (walk.hit && errno == ENOMEM));
			failed += !!ret;
		}
		EXPECT_LT(2, failed);
		close(self->dev);
		self->dev = mt_device();
		EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MT_RW));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
