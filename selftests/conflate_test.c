// SPDX-License-Identifier: GPL-2.0
/*
 * Conflate: of each type the newest message is kept, in the place of the one
 * that it replaces if that is as important.
 */
#include "mbox_test_fds.h"
#include "mbox_test_policy.h"

#define ROOM	3	/* messages */
#define BYTES	200	/* of data; one message may take all but two */

FIXTURE(conflate) {
	int dev;
	int box;
	struct mt_task task;
	struct mt_child child[3];
};

FIXTURE_SETUP(conflate)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL, .when_full = MBOX_FULL_CONFLATE,
			      .max_msgs = ROOM, .msg_size = 198,
			      .max_bytes = BYTES);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(conflate)
{
	MT_TEARDOWN(self->dev);
}

static int put_large(int box, char letter, __s64 type, __u32 len)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.type = type,
		.len = len,
	};

	return mt_putmsg(box, letter, &msg);
}

/* ---- what it replaces -------------------------------------------------------- */

/* Full or not, in its place and with its number. */
TEST_F(conflate, replaces_its_type_in_place)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	struct mbox_stat stat;

	EXPECT_EQ(MBOX_FULL_CONFLATE, mt_stat_of(self->box).when_full);
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 2, 0));
	ASSERT_EQ(0, put_large(self->box, 'c', 1, 50));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(2, stat.msgs);
	EXPECT_EQ(51, stat.bytes);
	EXPECT_EQ(3, stat.sent);
	EXPECT_EQ(1, stat.replaced);
	EXPECT_EQ(0, stat.lost);
	EXPECT_EQ('c', mt_getmsg(self->box, &msg));
	EXPECT_EQ(1, msg.type);
	EXPECT_EQ(1, msg.seq);
	EXPECT_EQ(50, msg.len);
	EXPECT_EQ(1, msg.missed);
	EXPECT_EQ('b', mt_getmsg(self->box, &msg));
	EXPECT_EQ(2, msg.seq);
	EXPECT_EQ(0, msg.missed);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	/* what was received is not there to be replaced */
	ASSERT_EQ(0, mt_put_typed(self->box, 'd', 1, 0));
	EXPECT_EQ(0, mt_missed(self->box, 'd'));
	EXPECT_EQ(1, mt_stat_of(self->box).replaced);
}

/* It is the new one in all else: who sent it, what it says, how important. */
TEST_F(conflate, is_the_new_message)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	__u64 between;

	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 3));
	between = mt_now(CLOCK_MONOTONIC);
	if (!mt_fork(&self->child[0], NULL)) {
		EXPECT_EQ(0, mt_put_typed(self->box, 'b', 1, 3));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
	EXPECT_EQ('b', mt_getmsg(self->box, &msg));
	EXPECT_EQ(self->child[0].pid, msg.pid);
	EXPECT_EQ(3, msg.priority);
	EXPECT_EQ(1, msg.seq);
	EXPECT_LE(between, msg.time);
}

/* With another priority it is where it would be, and has the next number. */
TEST_F(conflate, replaces_another_priority_elsewhere)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 2, 5));
	ASSERT_EQ(0, mt_put_typed(self->box, 'c', 3, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'd', 1, 5));	/* for a */
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
	EXPECT_EQ('b', mt_getmsg(self->box, &msg));
	EXPECT_EQ('d', mt_getmsg(self->box, &msg));
	EXPECT_EQ(4, msg.seq);
	EXPECT_EQ('c', mt_getmsg(self->box, &msg));

	/* and so it is where it is less important */
	ASSERT_EQ(0, mt_put_typed(self->box, 'e', 1, 9));
	ASSERT_EQ(0, mt_put_typed(self->box, 'f', 2, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'g', 1, 0));	/* for e */
	EXPECT_STREQ("fg", mt_letters(self->box));
	EXPECT_EQ(2, mt_stat_of(self->box).replaced);
}

TEST_F(conflate, tells_types_apart)
{
	static const __s64 types[] = { 0, -1, 1LL << 32 };
	int i, j;

	for (j = 0; j < 3; j++)
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, mt_put_typed(self->box, "abcABC123"[3 * j + i],
						  types[i], 0));
	EXPECT_EQ(6, mt_stat_of(self->box).replaced);
	EXPECT_EQ(-EAGAIN, mt_put_typed(self->box, 'x', 1, 0));
	EXPECT_STREQ("123", mt_letters(self->box));
}

/* Selection by type goes by what is there now. */
TEST_F(conflate, is_found_by_its_type)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.match = mt_type(2),
	};
	char letter;

	for (letter = 'a'; letter < 'e'; letter++) {
		ASSERT_EQ(0, mt_put_typed(self->box, letter, 1, letter % 2));
		ASSERT_EQ(0, mt_put_typed(self->box, letter + 16, 2, 0));
		EXPECT_EQ(letter + 16, mt_getmsg(self->box, &msg));
		EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &msg));
	}
	EXPECT_STREQ("d", mt_letters(self->box));
}

/* ---- what it does not replace ---------------------------------------------------- */

TEST_F(conflate, spares_what_is_held)
{
	__s64 token;

	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	token = mt_lease(self->box);
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 1, 0));
	EXPECT_EQ(0, mt_stat_of(self->box).replaced);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	ASSERT_EQ(0, mt_put_typed(self->box, 'c', 1, 0));	/* for b */
	EXPECT_EQ(1, mt_stat_of(self->box).replaced);
	/* it comes back to its place, before that */
	EXPECT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_STREQ("ac", mt_letters(self->box));
}

/* Who waits for room need not, once there is something to replace. */
TEST_F(conflate, replaces_what_comes_back_while_it_waits)
{
	__s64 token;

	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	token = mt_lease(self->box);
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 2, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'c', 3, 0));
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'd', 1, 0));
	EXPECT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(1, mt_stat_of(self->box).replaced);
	EXPECT_STREQ("dbc", mt_letters(self->box));
}

TEST_F(conflate, spares_calls)
{
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	struct mt_caller caller = { .call.type = 1 };
	__s64 token;

	ASSERT_TRUE(mt_caller_blocks(&caller, w, "?"));
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 1, 0));	/* for a */
	EXPECT_EQ(1, mt_stat_of(self->box).replaced);
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, mt_reply(self->box, token, "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&caller));
	EXPECT_STREQ("b", mt_letters(self->box));
}

/* Who waits for messages gets each of them. */
TEST_F(conflate, hands_each_to_those_who_wait)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(mt_getter_blocks(&self->task, self->box));
		ASSERT_EQ(0, mt_put_typed(self->box, 'a' + i, 1, 0));
		EXPECT_EQ('a' + i, mt_getter_end(&self->task));
	}
	EXPECT_EQ(0, mt_stat_of(self->box).replaced);
}

/* What goes with a message that is replaced is closed. */
TEST_F(conflate, closes_descriptors)
{
	int pair[2];

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_send_fd(self->box, pair[1]));
	close(pair[1]);
	EXPECT_TRUE(mt_pipe_is_open(pair));
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 1, 0));
	EXPECT_TRUE(mt_pipe_is_open(pair));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
}

/* ---- room ---------------------------------------------------------------------------- */

/* Without one to replace, and without room, it waits. */
TEST_F(conflate, waits_where_there_is_nothing_to_replace)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT, .type = 4 };
	int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put_typed(self->box, 'a' + i, i, 0));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->box, 'x', &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'd', 4, 0));
	/* those who need no room do not wait behind it */
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put_typed(self->box, 'A' + i, i, 0));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ('A', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_STREQ("BCd", mt_letters(self->box));
	EXPECT_EQ(ROOM, mt_stat_of(self->box).replaced);
}

/* One that is larger needs the room that it takes in addition. */
TEST_F(conflate, needs_room_for_a_larger_one)
{
	struct mbox_stat stat;

	ASSERT_EQ(0, put_large(self->box, 'a', 1, 100));
	ASSERT_EQ(0, put_large(self->box, 'b', 2, 60));
	EXPECT_EQ(-EAGAIN, put_large(self->box, 'x', 1, 141));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(160, stat.bytes);
	EXPECT_EQ(2, stat.msgs);
	EXPECT_EQ(0, stat.replaced);
	EXPECT_EQ(0, put_large(self->box, 'c', 1, 140));
	EXPECT_EQ(200, mt_stat_of(self->box).bytes);
	EXPECT_EQ(1, mt_stat_of(self->box).replaced);
	EXPECT_STREQ("cb", mt_letters(self->box));
}

/* One that is smaller gives room to who waits for it. */
TEST_F(conflate, gives_room_with_a_smaller_one)
{
	struct mt_task *poller = &self->task;
	struct mt_task sender;

	ASSERT_EQ(0, put_large(self->box, 'a', 1, 100));
	ASSERT_EQ(0, put_large(self->box, 'b', 2, 100));
	ASSERT_TRUE(mt_putter_blocks(&sender, self->box, 'c', 3, 0));
	ASSERT_EQ(0, put_large(self->box, 'd', 2, 99));
	EXPECT_EQ(1, mt_task_end(&sender));
	EXPECT_EQ(200, mt_stat_of(self->box).bytes);
	EXPECT_STREQ("adc", mt_letters(self->box));

	/* and tells who polls for it: there is room for the largest again */
	ASSERT_EQ(0, mt_put_typed(self->box, 'e', 1, 0));
	ASSERT_EQ(0, put_large(self->box, 'f', 2, 100));
	ASSERT_TRUE(mt_poller_blocks(poller, self->box, POLLOUT));
	ASSERT_EQ(0, mt_put_typed(self->box, 'g', 2, 0));
	EXPECT_EQ(POLLOUT, mt_task_end(poller));
	EXPECT_STREQ("eg", mt_letters(self->box));
}

TEST_F(conflate, for_three_processes)
{
	struct mt_child *child = self->child;
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int i;

	for (i = 0; i < 3; i++)
		mt_worker_start(&child[i], NULL,
				mt_open_fd(self->dev, self->box, MT_RW));
	/* letters of a worker are all of one type */
	for (i = 0; i < 6; i++)
		EXPECT_EQ(0, mt_worker_does(&child[i % 3], 'a' + i));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ('f', mt_getmsg(self->box, &msg));
	EXPECT_EQ(child[2].pid, msg.pid);
	EXPECT_EQ(5, msg.missed);
	ASSERT_TRUE(mt_worker_blocks(&child[0], MT_GET));
	ASSERT_TRUE(mt_worker_blocks(&child[1], MT_GET));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_worker_does(&child[2], 'g' + i));
	EXPECT_EQ('g', mt_hear(child[0].sock));
	EXPECT_EQ('h', mt_hear(child[1].sock));
	EXPECT_EQ('i', mt_worker_does(&child[1], MT_TRY));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

TEST_HARNESS_MAIN
