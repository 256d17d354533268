// SPDX-License-Identifier: GPL-2.0
/*
 * Who may change, give away and unlink an object: its owner, or who has
 * CAP_IPC_OWNER, whatever the direction of the descriptor.
 */
#include "mbox_test_util.h"

#define EVERYTHING (MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE |	\
		    MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES)

FIXTURE(attr) {
	int dev;
	char *name;
	int box;
};

/* A mailbox of user A; everybody may open it. */
FIXTURE_SETUP(attr)
{
	struct mbox_set set = {
		.flags = MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE,
		.uid = MT_UID_A,
		.gid = MT_UID_A,
		.mode = 0666,
	};

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_set(self->box, &set));
}

FIXTURE_TEARDOWN(attr)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/* One attribute at a time, the others are not touched. */
TEST_F(attr, each_attribute)
{
	static const struct mbox_set set[] = {
		{ .flags = MBOX_SET_UID, .uid = MT_UID_B },
		{ .flags = MBOX_SET_GID, .gid = MT_UID_B },
		{ .flags = MBOX_SET_MODE, .mode = 0624 },
		{ .flags = MBOX_SET_MAX_MSGS, .max_msgs = 7 },
		{ .flags = MBOX_SET_MAX_BYTES, .max_bytes = 65536 },
	};
	struct mbox_stat expected, stat;
	size_t i;

	ASSERT_EQ(0, mt_stat(self->box, &expected));
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		struct mbox_set arg = set[i];

		EXPECT_EQ(0, mt_set(self->box, &arg));
		if (arg.flags & MBOX_SET_UID)
			expected.uid = arg.uid;
		if (arg.flags & MBOX_SET_GID)
			expected.gid = arg.gid;
		if (arg.flags & MBOX_SET_MODE)
			expected.mode = arg.mode;
		if (arg.flags & MBOX_SET_MAX_MSGS)
			expected.max_msgs = arg.max_msgs;
		if (arg.flags & MBOX_SET_MAX_BYTES)
			expected.max_bytes = arg.max_bytes;
		ASSERT_EQ(0, mt_stat(self->box, &stat));
		EXPECT_EQ(0, memcmp(&expected, &stat, sizeof(stat))) {
			TH_LOG("attribute %zu", i);
		}
	}
}

TEST_F(attr, all_or_none)
{
	const struct mbox_set good = {
		.flags = EVERYTHING,
		.uid = MT_UID_B,
		.gid = MT_UID_B,
		.mode = 0600,
		.max_msgs = 9,
		.max_bytes = 70000,
	};
	struct mbox_set set[] = { good, good, good, good, good };
	struct mt_state before = mt_state_of(self->dev, self->box, 0);
	size_t i;

	set[0].uid = -1;
	set[1].gid = -1;
	set[2].mode = 01600;
	set[3].max_msgs = 0;
	set[4].max_bytes = 65535;
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		EXPECT_EQ(-EINVAL, mt_set(self->box, &set[i]));
		EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before)) {
			TH_LOG("field %zu", i);
		}
	}
	set[0] = good;
	EXPECT_EQ(0, mt_set(self->box, &set[0]));
	EXPECT_EQ((__u32)MT_UID_B, mt_stat_of(self->box).uid);
	EXPECT_EQ(70000U, mt_stat_of(self->box).max_bytes);
}

/* The owner needs no direction, and others have no use of theirs. */
TEST_F(attr, owner_and_others)
{
	static const unsigned int access[] = { 0, MBOX_O_READ, MBOX_O_WRITE,
					       MT_RW };
	const struct mt_as *as[] = { &mt_user_a, &mt_user_b };
	struct mt_child child;
	size_t who, i;

	for (who = 0; who < 2; who++) {
		if (mt_fork(&child, as[who])) {
			EXPECT_EQ(0, mt_child_end(&child));
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(access); i++) {
			int fd = mt_open(self->dev, self->name, access[i]);
			struct mbox_set set = {
				.flags = MBOX_SET_MODE | MBOX_SET_MAX_MSGS,
				.mode = 0666,
				.max_msgs = 3 + i,
			};
			struct mt_state before;

			EXPECT_LE(0, fd);
			before = mt_state_of(self->dev, fd, geteuid());
			EXPECT_EQ(who ? -EACCES : 0, mt_set(fd, &set));
			EXPECT_EQ(!!who, mt_state_is(self->dev, fd, geteuid(),
						     &before));
			close(fd);
		}
		MT_CHILD_EXIT();
	}
}

/* Effective ids count, not real ones. */
TEST_F(attr, effective_id)
{
	struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0666 };
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		int fd = mt_open(self->dev, self->name, 0);

		EXPECT_EQ(0, setresuid(MT_UID_A, MT_UID_B, 0));
		EXPECT_EQ(-EACCES, mt_set(fd, &set));
		EXPECT_EQ(-EACCES, mt_unlink(self->dev, self->name));
		EXPECT_EQ(0, setresuid(MT_UID_B, MT_UID_A, 0));
		EXPECT_EQ(0, mt_set(fd, &set));
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* Who is in its group is not its owner. */
TEST_F(attr, group)
{
	static const struct mt_as in_group = { .uid = MT_UID_B,
					       .gid = MT_UID_A };
	struct mt_child child;

	if (!mt_fork(&child, &in_group)) {
		struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0600 };
		int fd = mt_open(self->dev, self->name, MT_RW);

		EXPECT_EQ(-EACCES, mt_set(fd, &set));
		EXPECT_EQ(-EACCES, mt_unlink(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

static int set_uid(int fd, uid_t uid)
{
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = uid };

	return mt_set(fd, &set);
}

static int set_gid(int fd, gid_t gid)
{
	struct mbox_set set = { .flags = MBOX_SET_GID, .gid = gid };

	return mt_set(fd, &set);
}

/* The owner cannot pass it off as another's, but to a group of one's own. */
TEST_F(attr, giving_away)
{
	gid_t groups[] = { 4004, 4005 };
	struct mt_child child;
	int fd;

	ASSERT_EQ(0, setgroups(2, groups));
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(0, setresgid(MT_UID_A, MT_UID_A, MT_UID_A));
		EXPECT_EQ(0, setresuid(MT_UID_A, MT_UID_A, MT_UID_A));
		fd = mt_open(self->dev, self->name, 0);
		EXPECT_EQ(-EACCES, set_uid(fd, MT_UID_B));
		EXPECT_EQ(-EACCES, set_uid(fd, 0));
		EXPECT_EQ(0, set_uid(fd, MT_UID_A));
		EXPECT_EQ(-EACCES, set_gid(fd, MT_UID_B));
		EXPECT_EQ(0, set_gid(fd, 4004));
		EXPECT_EQ(0, set_gid(fd, 4005));
		EXPECT_EQ(0, set_gid(fd, MT_UID_A));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	ASSERT_EQ(0, setgroups(0, NULL));
	EXPECT_EQ((__u32)MT_UID_A, mt_stat_of(self->box).uid);
	EXPECT_EQ((__u32)MT_UID_A, mt_stat_of(self->box).gid);
}

/* CAP_CHOWN lets an owner do it; it makes nobody an owner. */
TEST_F(attr, giving_away_with_the_capability)
{
	static const struct mt_as a = { .uid = MT_UID_A, .gid = MT_UID_A,
					.caps = 1ULL << CAP_CHOWN };
	static const struct mt_as b = { .uid = MT_UID_B, .gid = MT_UID_B,
					.caps = 1ULL << CAP_CHOWN };
	static const struct mt_as ipc = { .uid = MT_UID_B, .gid = MT_UID_B,
					  .caps = 1ULL << CAP_IPC_OWNER };
	static const struct mt_as * const refused[] = { &b, &ipc };
	struct mt_child child;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		if (mt_fork(&child, refused[i])) {
			EXPECT_EQ(0, mt_child_end(&child));
			continue;
		}
		fd = mt_open(self->dev, self->name, 0);
		EXPECT_EQ(-EACCES, set_uid(fd, MT_UID_B));
		EXPECT_EQ(-EACCES, set_gid(fd, 4004));
		MT_CHILD_EXIT();
	}
	if (!mt_fork(&child, &a)) {
		fd = mt_open(self->dev, self->name, MT_RW);
		EXPECT_EQ(0, set_gid(fd, MT_UID_B));
		EXPECT_EQ(0, set_uid(fd, MT_UID_B));
		/* it cannot be taken back */
		EXPECT_EQ(-EACCES, set_uid(fd, MT_UID_A));
		EXPECT_EQ(-EACCES, mt_unlink(self->dev, self->name));
		/* what is open stays so */
		EXPECT_EQ(0, mt_send(fd, "", 0, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ((__u32)MT_UID_B, mt_stat_of(self->box).uid);
	EXPECT_EQ((__u32)MT_UID_B, mt_stat_of(self->box).gid);
}

/* It stays charged to whoever made it. */
TEST_F(attr, giving_away_does_not_give_the_charge)
{
	struct mbox_usage usage;

	EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
	EXPECT_EQ(0U, usage.mailboxes.used);
	EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(1U, usage.mailboxes.used);
}

/* Permission is asked at open: what is open stays so. */
TEST_F(attr, mode_is_for_opens_to_come)
{
	struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0 };
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_b)) {
		int fd = mt_open(self->dev, self->name, MT_RW);
		char c;

		EXPECT_EQ(0, mt_tell(child.sock, fd));
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_EQ(-EACCES, mt_open(self->dev, self->name, MBOX_O_READ));
		EXPECT_EQ(0, mt_send(fd, "x", 1, 0, 0));
		EXPECT_EQ(1, mt_recv(fd, &c, 1, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_LE(0, mt_hear(child.sock));
	EXPECT_EQ(0, mt_set(self->box, &set));
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
}

/* By name, id and descriptor; write permission does not do. */
TEST_F(attr, unlink)
{
	__u64 id = mt_stat_of(self->box).id;
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_b)) {
		int fd = mt_open(self->dev, self->name, MT_RW);

		EXPECT_EQ(-EACCES, mt_unlink(self->dev, self->name));
		EXPECT_EQ(-EACCES, mt_unlink_target(self->dev, mt_by_id(id)));
		EXPECT_EQ(-EACCES, mt_unlink_target(self->dev, mt_by_fd(fd)));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_NE(0U, mt_stat_of(self->box).state & MBOX_STATE_LINKED);

	/* the owner needs no permission bit for it */
	if (!mt_fork(&child, &mt_user_a)) {
		struct mbox_set set = { .flags = MBOX_SET_MODE };
		int fd = mt_open(self->dev, self->name, 0);

		EXPECT_EQ(0, mt_set(fd, &set));
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0U, mt_stat_of(self->box).state);
}

TEST_F(attr, capability)
{
	static const struct mt_as with = { .uid = MT_UID_B, .gid = MT_UID_B,
					   .caps = 1ULL << CAP_IPC_OWNER };
	static const struct mt_as in_userns = { .uid = MT_UID_B,
						.gid = MT_UID_B,
						.ns = CLONE_NEWUSER };
	struct mt_child child;

	if (!mt_fork(&child, &in_userns)) {
		struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0640 };
		int fd = mt_open(self->dev, self->name, 0);

		EXPECT_EQ(-EACCES, mt_set(fd, &set));
		EXPECT_EQ(-EACCES, mt_unlink(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	if (!mt_fork(&child, &with)) {
		struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0640 };
		int fd = mt_open(self->dev, self->name, 0);

		EXPECT_EQ(0, mt_set(fd, &set));
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0640U, mt_stat_of(self->box).mode);
}

/* Ids are those of the caller's user namespace, in both directions. */
TEST_F(attr, ids_of_a_user_namespace)
{
	/* 0 is A, 1 is B, and no others */
	static const struct mt_as as = { .uid = MT_UID_A, .gid = MT_UID_A,
					 .ns = CLONE_NEWUSER | CLONE_NEWNET,
					 .map = "0 4001 2" };
	struct mt_child child;
	int fd;

	if (!mt_fork(&child, &as)) {
		int box = mt_mailbox(mt_device(), NULL, MT_RW);
		struct mbox_stat stat;

		EXPECT_EQ(-EINVAL, set_uid(box, 2));
		EXPECT_EQ(-EINVAL, set_uid(box, MT_UID_B));
		EXPECT_EQ(-EINVAL, set_gid(box, 2));
		EXPECT_EQ(0, set_uid(box, 1));
		EXPECT_EQ(0, set_gid(box, 1));
		EXPECT_EQ(0, mt_stat(box, &stat));
		EXPECT_EQ(1U, stat.uid);
		EXPECT_EQ(1U, stat.gid);
		EXPECT_EQ(0, mt_fd_send(child.sock, box));
		/* the parent makes root the owner, whom we have no id for */
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_EQ(0, mt_stat(box, &stat));
		EXPECT_EQ(65534U, stat.uid);
		EXPECT_EQ(65534U, stat.gid);

		/* our capabilities count for nothing outside */
		fd = mt_open(self->dev, self->name, 0);
		EXPECT_EQ(0U, mt_stat_of(fd).uid);
		EXPECT_EQ(-EACCES, set_uid(fd, 1));
		MT_CHILD_EXIT();
	}
	fd = mt_fd_recv(child.sock);
	EXPECT_EQ((__u32)MT_UID_B, mt_stat_of(fd).uid);
	EXPECT_EQ((__u32)MT_UID_B, mt_stat_of(fd).gid);
	EXPECT_EQ(0, set_uid(fd, 0));
	EXPECT_EQ(0, set_gid(fd, 0));
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
