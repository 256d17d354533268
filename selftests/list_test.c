// SPDX-License-Identifier: GPL-2.0
/*
 * The list of the objects of a network namespace, which a cursor walks.
 */
#include "mbox_test_util.h"

#define OBJECTS 12

FIXTURE(list) {
	int dev;
	int fds[OBJECTS];
	__u64 ids[OBJECTS];
};

/* Mailboxes and regions in turn, with a name or without. */
FIXTURE_SETUP(list)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	for (i = 0; i < OBJECTS; i++) {
		struct mbox_create attr = {
			.flags = MT_RW,
			.kind = i % 2 ? MBOX_KIND_REGION : MBOX_KIND_MAILBOX,
			.lifetime = MBOX_LIFE_KERNEL,
			.region_size = i % 2 ? 4096 : 0,
		};

		self->fds[i] = mt_create(self->dev,
					 i % 3 ? mt_name("listed") : NULL,
					 &attr);
		ASSERT_LE(0, self->fds[i]);
		self->ids[i] = mt_stat_of(self->fds[i]).id;
	}
}

FIXTURE_TEARDOWN(list)
{
	int i;

	for (i = 0; i < OBJECTS; i++)
		mt_unlink_target(self->dev, mt_by_fd(self->fds[i]));
	MT_TEARDOWN(self->dev);
}

static int list(int dev, struct mbox_stat *stat, __u64 after)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	stat->id = after;
	return mt_ioctl(dev, MBOX_IOC_LIST, stat);
}

TEST_F(list, shows_each_once_as_stat_does)
{
	struct mbox_stat listed = {}, stat;
	int i;

	for (i = 0; i < OBJECTS; i++) {
		ASSERT_EQ(0, list(self->dev, &listed, listed.id));
		EXPECT_EQ(self->ids[i], listed.id);
		ASSERT_EQ(0, mt_stat(self->fds[i], &stat));
		EXPECT_EQ(0, memcmp(&stat, &listed, sizeof(stat)));
	}
	EXPECT_EQ(-ENOENT, list(self->dev, &listed, listed.id));
}

TEST_F(list, cursor_is_any_number)
{
	__u64 last = self->ids[OBJECTS - 1];
	struct mbox_stat stat;

	EXPECT_EQ(0, list(self->dev, &stat, 0));
	EXPECT_EQ(self->ids[0], stat.id);
	EXPECT_EQ(0, list(self->dev, &stat, self->ids[0] - 1));
	EXPECT_EQ(self->ids[0], stat.id);
	EXPECT_EQ(0, list(self->dev, &stat, last - 1));
	EXPECT_EQ(last, stat.id);
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, last));
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, last + 1));
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, 1ULL << 63));
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, ~0ULL));
}

/* What is output in the struct does not steer the walk. */
TEST_F(list, ignores_outputs)
{
	struct mbox_stat stat;

	memset(&stat, 0xff, sizeof(stat));
	stat.size = sizeof(stat);
	stat.flags = 0;
	stat.id = self->ids[0];
	EXPECT_EQ(0, mt_ioctl(self->dev, MBOX_IOC_LIST, &stat));
	EXPECT_EQ(self->ids[1], stat.id);
	EXPECT_EQ(strlen(stat.name), (size_t)stat.name_len);
}

/* What is unlinked or created during a walk; the others show all the same. */
TEST_F(list, changes_during_a_walk)
{
	struct mbox_stat stat = {};
	int i, later = -1;

	for (i = 0; i < OBJECTS; i++) {
		ASSERT_EQ(0, list(self->dev, &stat, stat.id));
		EXPECT_EQ(self->ids[i], stat.id);
		/* the one at the cursor, and the next one */
		if (i == 4) {
			EXPECT_EQ(0, mt_unlink_target(self->dev,
						      mt_by_fd(self->fds[4])));
			EXPECT_EQ(0, mt_unlink_target(self->dev,
						      mt_by_fd(self->fds[5])));
			later = mt_mailbox(self->dev, mt_name("later"), MT_RW);
			EXPECT_LE(0, later);
			i++;
		}
	}
	/* a new object has a higher id than all before */
	EXPECT_EQ(0, list(self->dev, &stat, stat.id));
	EXPECT_EQ(mt_stat_of(later).id, stat.id);
	EXPECT_EQ(0, mt_unlink_target(self->dev, mt_by_id(stat.id)));
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, stat.id));
	close(later);
}

TEST_F(list, leaves_out_what_has_no_id)
{
	int anonymous = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_stat stat;

	ASSERT_LE(0, anonymous);
	EXPECT_EQ(0, mt_unlink_target(self->dev,
				      mt_by_fd(self->fds[OBJECTS - 1])));
	EXPECT_EQ(0, list(self->dev, &stat, self->ids[OBJECTS - 3]));
	EXPECT_EQ(self->ids[OBJECTS - 2], stat.id);
	EXPECT_EQ(-ENOENT, list(self->dev, &stat, stat.id));
	close(anonymous);
}

/* As ls shows files that one may not read. */
TEST_F(list, needs_no_permission)
{
	struct mt_child child;
	struct mbox_stat stat;

	if (!mt_fork(&child, &mt_user_a)) {
		int dev = mt_device();

		EXPECT_EQ(0, list(dev, &stat, 0));
		EXPECT_EQ(self->ids[0], stat.id);
		EXPECT_EQ(-EACCES, mt_open_id(dev, stat.id, MBOX_O_READ));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
