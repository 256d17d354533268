// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of endpoints of a broadcast that change while somebody waits, or while
 * there is something in the log: what is passed over is neither received, nor
 * missed, nor in anybody's way; and nothing else is lost.
 */
#include "mbox_test_policy.h"

#define ROOM	3	/* messages */
#define MSEC	1000000ULL

FIXTURE(filter) {
	int dev;
	int w;
	int r;
	struct mt_task task[2];
};

/* A broadcast with these fields of struct mbox_create, and an endpoint each. */
#define CREATE(...) do {						\
	int __box = MT_POLICY(self->dev, NULL,				\
			      .receivers = MBOX_RECEIVERS_BROADCAST,	\
			      __VA_ARGS__);				\
									\
	self->w = mt_open_fd(self->dev, __box, MBOX_O_WRITE);		\
	self->r = mt_open_fd(self->dev, __box, MBOX_O_READ);		\
	ASSERT_LE(0, self->r);						\
	close(__box);							\
} while (0)

FIXTURE_SETUP(filter)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(filter)
{
	MT_TEARDOWN(self->dev);
}

static int put(int w, char letter, __s64 type)
{
	return mt_put_typed(w, letter, type, 0);
}

static int put_large(int w, char letter, __s64 type, __u32 len)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.type = type,
		.len = len,
	};

	return mt_putmsg(w, letter, &msg);
}

/* Is the log empty, and is all of its room there? */
static bool is_usable(int w, int r)
{
	struct mbox_stat stat = mt_stat_of(w);
	int i;

	if (!stat.kind || stat.msgs || stat.bytes || stat.lost)
		return false;
	for (i = 0; i < ROOM; i++)
		if (put(w, 'A' + i, 2))
			return false;
	return put(w, 'x', 2) == -EAGAIN && !strcmp("ABC", mt_letters(r)) &&
	       !mt_stat_of(w).msgs;
}

/* ---- while a receiver waits -------------------------------------------------- */

/* Who waits goes by the filter that there is when a message comes. */
TEST_F(filter, taken_away_from_one_who_waits)
{
	struct mt_task *waits = &self->task[0];

	CREATE(.max_msgs = ROOM);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(2)));
	ASSERT_TRUE(mt_getter_blocks(waits, self->r));
	ASSERT_EQ(0, mt_filter(self->r, mt_any()));
	ASSERT_EQ(0, put(self->w, 'x', 1));
	ASSERT_EQ(0, put(self->w, 'y', 2));
	EXPECT_EQ('x', mt_getter_end(waits));
	EXPECT_EQ(0, waits->recv.missed);
	EXPECT_EQ(0, mt_missed(self->r, 'y'));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

TEST_F(filter, given_to_one_who_waits)
{
	struct mt_task *waits = &self->task[0];

	CREATE(.max_msgs = ROOM);
	ASSERT_TRUE(mt_getter_blocks(waits, self->r));
	ASSERT_EQ(0, mt_filter(self->r, mt_type(2)));
	ASSERT_EQ(0, put(self->w, 'x', 1));
	EXPECT_TRUE(mt_task_settle(waits));
	ASSERT_EQ(0, put(self->w, 'y', 2));
	EXPECT_EQ('y', mt_getter_end(waits));
	EXPECT_EQ(0, waits->recv.missed);
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

TEST_F(filter, exchanged_while_one_waits)
{
	struct mt_task *waits = &self->task[0];

	CREATE(.max_msgs = ROOM);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	ASSERT_TRUE(mt_getter_blocks(waits, self->r));
	ASSERT_EQ(0, mt_filter(self->r, mt_type(2)));
	ASSERT_EQ(0, put(self->w, 'n', 2));
	ASSERT_EQ(0, put(self->w, 'p', 1));
	EXPECT_EQ('n', mt_getter_end(waits));
	EXPECT_EQ(0, waits->recv.missed);
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

/* The same with two who wait, and with one who only looks. */
TEST_F(filter, exchanged_while_several_wait)
{
	struct mt_task *waits = self->task;
	struct mt_task peeks = { .recv.flags = MBOX_PEEK };
	int i;

	CREATE(.max_msgs = ROOM);
	peeks.fd = self->r;
	ASSERT_EQ(0, mt_filter(self->r, mt_type(3)));
	ASSERT_TRUE(mt_getter_blocks(&waits[0], self->r));
	ASSERT_TRUE(mt_task_blocks(&peeks, mt_task_recv));
	ASSERT_EQ(0, mt_filter(self->r, mt_type_not(3)));
	ASSERT_TRUE(mt_getter_blocks(&waits[1], self->r));
	ASSERT_EQ(0, put(self->w, 'x', 3));
	EXPECT_TRUE(mt_task_settle(&peeks));
	EXPECT_TRUE(mt_task_settle(&waits[0]));
	EXPECT_TRUE(mt_task_settle(&waits[1]));
	ASSERT_EQ(0, put(self->w, 'a', 1));
	EXPECT_EQ('a', mt_getter_end(&peeks));
	EXPECT_EQ('a', mt_getter_end(&waits[0]));
	ASSERT_EQ(0, put(self->w, 'b', 1));
	EXPECT_EQ('b', mt_getter_end(&waits[1]));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, waits[i].recv.missed);
	EXPECT_TRUE(is_usable(self->w, self->r));
}

/* ---- room ----------------------------------------------------------------------- */

/* What is passed over gives its room, to a message that is then received. */
TEST_F(filter, room_of_what_it_passes_over)
{
	struct mt_task *sender = &self->task[0];

	CREATE(.msg_size = 100, .max_bytes = 100);
	ASSERT_EQ(0, put_large(self->w, 'a', 1, 1));
	ASSERT_EQ(0, put_large(self->w, 'b', 2, 99));
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	*sender = (struct mt_task){
		.fd = self->w,
		.send = { .len = 2, .type = 1 },
		.data = "cc",
	};
	ASSERT_TRUE(mt_task_blocks(sender, mt_task_send));
	EXPECT_EQ(0, mt_missed(self->r, 'a'));
	EXPECT_EQ(0, mt_missed(self->r, 'c'));
	EXPECT_EQ(2, mt_task_end(sender));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_EQ(0, mt_stat_of(self->w).bytes);
}

/* Of two senders that get in so, the first may be passed over as well. */
TEST_F(filter, room_for_several_who_wait)
{
	struct mt_task *sender = self->task;

	CREATE(.max_msgs = ROOM);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(2)));
	ASSERT_EQ(0, put(self->w, 'M', 2));
	ASSERT_EQ(0, put(self->w, 'X', 1));
	ASSERT_EQ(0, put(self->w, 'Y', 1));
	ASSERT_TRUE(mt_putter_blocks(&sender[0], self->w, 'C', 1, 0));
	ASSERT_TRUE(mt_putter_blocks(&sender[1], self->w, 'D', 2, 0));
	EXPECT_EQ(0, mt_missed(self->r, 'M'));
	EXPECT_EQ(0, mt_missed(self->r, 'D'));
	EXPECT_EQ(1, mt_task_end(&sender[0]));
	EXPECT_EQ(1, mt_task_end(&sender[1]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

/* It is not in the way until somebody looks again. */
TEST_F(filter, room_after_a_receive)
{
	CREATE(.max_msgs = 2);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	ASSERT_EQ(0, put(self->w, 'a', 1));
	ASSERT_EQ(0, put(self->w, 'b', 2));
	EXPECT_EQ('a', mt_get(self->r));
	EXPECT_EQ(0, mt_stat_of(self->w).msgs);
	EXPECT_EQ(0, mt_stat_of(self->w).bytes);
	EXPECT_EQ(0, put(self->w, 'c', 1));
	EXPECT_EQ(0, put(self->w, 'd', 1));
	EXPECT_STREQ("cd", mt_letters(self->r));
}

/* ---- what has come back ------------------------------------------------------------ */

/* A message that could not be read is subject to the filter as any other. */
TEST_F(filter, excludes_what_has_come_back)
{
	CREATE(.max_msgs = ROOM);
	ASSERT_EQ(0, put(self->w, 'a', 1));
	ASSERT_EQ(0, put(self->w, 'b', 2));
	EXPECT_EQ(-EFAULT, mt_recv(self->r, NULL, 1, MBOX_DONTWAIT));
	EXPECT_EQ(POLLIN, mt_events(self->r));
	ASSERT_EQ(0, mt_filter(self->r, mt_type(3)));
	EXPECT_EQ(0, mt_events(self->r));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	ASSERT_EQ(0, put(self->w, 'c', 3));
	EXPECT_EQ(POLLIN, mt_events(self->r));
	EXPECT_EQ(0, mt_missed(self->r, 'c'));
	/* and that for good */
	ASSERT_EQ(0, mt_filter(self->r, mt_any()));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

TEST_F(filter, lets_through_what_has_come_back)
{
	CREATE(.max_msgs = ROOM);
	ASSERT_EQ(0, put(self->w, 'a', 1));
	ASSERT_EQ(0, put(self->w, 'b', 2));
	EXPECT_EQ(-EFAULT, mt_recv(self->r, NULL, 1, MBOX_DONTWAIT));
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	EXPECT_EQ(POLLIN, mt_events(self->r));
	EXPECT_EQ(0, mt_missed(self->r, 'a'));
	EXPECT_EQ(0, mt_events(self->r));
	ASSERT_EQ(0, mt_filter(self->r, mt_any()));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
	EXPECT_TRUE(is_usable(self->w, self->r));
}

/* ---- what is missed ---------------------------------------------------------------- */

/* What expires in the middle of the log is missed by those who wanted it. */
TEST_F(filter, and_what_has_expired)
{
	struct mbox_send brief = {
		.flags = MBOX_DONTWAIT,
		.type = 2,
		.ttl = 20 * MSEC,
	};
	char data;
	struct mbox_recv peek = {
		.flags = MBOX_DONTWAIT | MBOX_PEEK,
		.buf = (uintptr_t)&data,
		.buf_size = 1,
	};
	int all;

	CREATE(.max_msgs = ROOM);
	all = mt_open_fd(self->dev, self->r, MBOX_O_READ);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	ASSERT_EQ(0, put(self->w, 'a', 1));
	ASSERT_EQ(0, mt_putmsg(self->w, 'b', &brief));
	ASSERT_EQ(0, put(self->w, 'c', 1));
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->w).expired == 1));
	ASSERT_EQ(0, mt_recvmsg(self->r, &peek));
	EXPECT_EQ('a', data);
	EXPECT_EQ(0, peek.missed);
	EXPECT_EQ(0, mt_missed(self->r, 'a'));
	EXPECT_EQ(0, mt_missed(self->r, 'c'));
	EXPECT_EQ(0, mt_missed(all, 'a'));
	EXPECT_EQ(1, mt_missed(all, 'c'));
}

/* So it is with what was dropped to make room, seen by who is behind it. */
TEST_F(filter, and_what_was_dropped)
{
	int all, i;

	CREATE(.max_msgs = ROOM, .when_full = MBOX_FULL_DROP_OLDEST);
	all = mt_open_fd(self->dev, self->r, MBOX_O_READ);
	ASSERT_EQ(0, mt_filter(self->r, mt_type(1)));
	ASSERT_EQ(0, put(self->w, 'a', 1));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, put(self->w, 'v' + i, 2));
	ASSERT_EQ(0, put(self->w, 'b', 1));
	EXPECT_EQ(1, mt_missed(self->r, 'b'));
	EXPECT_EQ(3, mt_missed(all, 'x'));
	EXPECT_STREQ("yb", mt_letters(all));
	EXPECT_EQ(-EAGAIN, mt_get(self->r));
}

TEST_HARNESS_MAIN
