// SPDX-License-Identifier: GPL-2.0
/*
 * A user's share of a mailbox where something changes: its owner, or what is in
 * it, as messages are dropped or replaced. Shares as such are the subject of
 * fair_test.c.
 *
 * Root owns the mailbox and receives, user A sends.
 */
#include "mbox_test_policy.h"

#define ROOM	8	/* messages */

FIXTURE(share) {
	int dev;
	int box;
	struct mt_child user;
};

FIXTURE_SETUP(share)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(share)
{
	MT_TEARDOWN(self->dev);
}

/* A user who sends letters as he is told. */
static void user_start(struct mt_child *user, int dev, int box)
{
	mt_worker_start(user, &mt_user_a, mt_open_fd(dev, box, MBOX_O_WRITE));
}

/* Does a worker find no room? He waits, until this is over. */
static bool waits(struct mt_child *user)
{
	return mt_worker_blocks(user, 'w');
}

/* ---- the owner changes ----------------------------------------------------- */

/* Who waits for his share and becomes the owner has no share any more. */
TEST_F(share, of_one_who_becomes_the_owner)
{
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = MT_UID_A };
	int i;

	self->box = mt_sized(self->dev, NULL, ROOM, 0, 0);
	ASSERT_LE(0, self->box);
	user_start(&self->user, self->dev, self->box);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_put(self->box, 'o'));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_worker_does(&self->user, 'a'));
	ASSERT_TRUE(waits(&self->user));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(0, mt_hear(self->user.sock));
	/* now root has one */
	EXPECT_EQ(-EAGAIN, mt_put(self->box, 'o'));
	EXPECT_EQ(0, mt_worker_does(&self->user, 'a'));
	EXPECT_STREQ("oooaaawa", mt_letters(self->box));
	EXPECT_EQ(0, mt_child_end(&self->user));
}

/* And who polls for it is told. */
TEST_F(share, poll_of_one_who_becomes_the_owner)
{
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = MT_UID_A };
	int i;

	self->box = mt_sized(self->dev, NULL, ROOM, 0, 0);
	ASSERT_LE(0, self->box);
	for (i = 0; i < ROOM - 1; i++)
		ASSERT_EQ(0, mt_put(self->box, 'o'));
	if (!mt_fork(&self->user, &mt_user_a)) {
		struct pollfd out = { .fd = self->box, .events = POLLOUT };

		mt_tell(self->user.sock, poll(&out, 1, 0));
		mt_tell(self->user.sock, poll(&out, 1, -1));
		EXPECT_EQ(0, mt_put(self->box, 'a'));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(self->user.sock));
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->user.pid, __NR_poll)));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(1, mt_hear(self->user.sock));
	EXPECT_EQ(0, mt_child_end(&self->user));
}

/* ---- messages are dropped ---------------------------------------------------- */

/* Who has nothing in it gets in, even if the owner has filled it. */
TEST_F(share, of_one_who_comes_to_a_full_mailbox)
{
	int i;

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			      .when_full = MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
	user_start(&self->user, self->dev, self->box);
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	ASSERT_EQ(0, mt_worker_does(&self->user, 'u'));
	/* the owner's last one is still his */
	EXPECT_EQ(2, mt_stat_of(self->box).lost);
	EXPECT_EQ(ROOM - 1, mt_stat_of(self->box).msgs);
	/* from now on he has something to lose, and nobody else has */
	ASSERT_EQ(0, mt_worker_does(&self->user, 'v'));
	EXPECT_EQ(3, mt_stat_of(self->box).lost);
	EXPECT_EQ(0, mt_put(self->box, 'i'));
	EXPECT_EQ(3, mt_stat_of(self->box).lost);
	EXPECT_STREQ("cdefghvi", mt_letters(self->box));
	EXPECT_EQ(0, mt_child_end(&self->user));
}

/* ---- messages are replaced ---------------------------------------------------- */

#define LEN	100	/* of a large message */
#define TYPES	16

static int put(int box, char letter, __s64 type, __u32 len)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.type = type,
		.len = len,
	};

	return mt_putmsg(box, letter, &msg);
}

/* Replace, from the first type on, until it fails: how often it did not. */
static int replace_all(int box, __u32 len)
{
	int n = 0;

	while (n < TYPES && !put(box, 'u', n, len))
		n++;
	return n;
}

/* A user's share counts what he has put in place of others' messages. */
TEST_F(share, of_what_is_replaced)
{
	int i;

	self->box = MT_POLICY(self->dev, NULL, .msg_size = LEN,
			      .max_bytes = TYPES * LEN,
			      .when_full = MBOX_FULL_CONFLATE);
	ASSERT_LE(0, self->box);
	for (i = 0; i < TYPES; i++)
		ASSERT_EQ(0, put(self->box, 'o', i, 1));
	if (!mt_fork(&self->user, &mt_user_a)) {
		mt_tell(self->user.sock, replace_all(self->box, LEN));
		mt_hear(self->user.sock);
		/* by now it is full, and he has some of it */
		EXPECT_EQ(0, put(self->box, 'v', 0, LEN));
		EXPECT_EQ(-EAGAIN, put(self->box, 'v', TYPES - 1, LEN));
		EXPECT_EQ(0, put(self->box, 'v', 0, 10));
		EXPECT_EQ(0, put(self->box, 'v', 0, 10));
		EXPECT_EQ(0, put(self->box, 'v', 0, 0));
		MT_CHILD_EXIT();
	}
	i = mt_hear(self->user.sock);
	EXPECT_LE(1, i);
	EXPECT_GE(TYPES / 2, i);
	/* the owner has room for his own, and takes all of it */
	for (i = TYPES; !put(self->box, 'o', i, LEN); i++)
		ASSERT_GT(2 * TYPES, i);
	EXPECT_LT(TYPES, i);
	while (!put(self->box, 'o', i++, 1))
		ASSERT_GT(1000, i);
	mt_tell(self->user.sock, 1);
	EXPECT_EQ(0, mt_child_end(&self->user));
}

TEST_HARNESS_MAIN
