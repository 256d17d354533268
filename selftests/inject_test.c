// SPDX-License-Identifier: GPL-2.0
/*
 * Each command fails at each place where it can: the kernel lets its first
 * allocation (or access to the caller's memory) fail, then its second, until
 * the command gets through. Each failure says so, and leaves all as it was.
 *
 * For kernels with fault injection: failslab and the like, and
 * /proc/PID/fail-nth.
 */
#include "mbox_test_inject.h"

FIXTURE(inject) {
	bool able;
	int dev;
	char *name;
	int box;
};

FIXTURE_SETUP(inject)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));

	self->able = inject_init();
}

FIXTURE_TEARDOWN(inject)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
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
