// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a message for which there is no room: it is refused, or the
 * oldest of the least important make room for it. To wait is the subject of
 * block_test.c and turn_test.c, to replace one that of conflate_test.c.
 */
#include "mbox_test_fds.h"
#include "mbox_test_policy.h"

#define ROOM	3	/* messages */
#define BYTES	300

static int create(int dev, enum mbox_when_full when_full)
{
	return MT_POLICY(dev, NULL, .when_full = when_full, .max_msgs = ROOM,
			 .msg_size = 250, .max_bytes = BYTES);
}

/* ---- fail ------------------------------------------------------------------ */

FIXTURE(fail) {
	int dev;
	int box;
	struct mt_child child[3];
};

FIXTURE_SETUP(fail)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = create(self->dev, MBOX_FULL_FAIL);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(fail)
{
	MT_TEARDOWN(self->dev);
}

/* Whoever would wait is refused as well, and is told why. */
TEST_F(fail, for_those_who_would_wait)
{
	const __u64 deadline[] = { 0, 1, mt_deadline(3600 * 1000) };
	int i;

	EXPECT_EQ(MBOX_FULL_FAIL, mt_stat_of(self->box).when_full);
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	for (i = 0; i < 6; i++) {
		struct mbox_send msg = {
			.flags = i & 1 ? MBOX_DONTWAIT : 0,
			.deadline = deadline[i / 2],
			.priority = i,
		};

		EXPECT_EQ(-EAGAIN, mt_putmsg(self->box, 'x', &msg));
		EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
		EXPECT_EQ(0, msg.refusal.uid);
		EXPECT_EQ(ROOM, msg.refusal.used);
		EXPECT_EQ(ROOM, msg.refusal.total);
		EXPECT_EQ(ROOM, msg.refusal.max);
	}
	EXPECT_EQ(0, mt_events(self->box) & POLLOUT);
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_put(self->box, 'd'));
	EXPECT_STREQ("bcd", mt_letters(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
}

TEST_F(fail, for_lack_of_bytes)
{
	struct mbox_send msg = { .len = 101 };

	ASSERT_EQ(0, mt_put_sized(self->box, 'a', 200, 0));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->box, 'b', &msg));
	EXPECT_EQ(MBOX_LIMIT_BYTES, msg.refusal.limit);
	EXPECT_EQ(200, msg.refusal.total);
	EXPECT_EQ(BYTES, msg.refusal.max);
	EXPECT_EQ(0, mt_put_sized(self->box, 'c', 100, 0));
	EXPECT_STREQ("ac", mt_letters(self->box));
}

TEST_F(fail, for_calls)
{
	int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_EQ(-EAGAIN, mt_call_for(self->box, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_call_for(self->box, 3600 * 1000, 0));
	EXPECT_STREQ("abc", mt_letters(self->box));
}

/* What is there, or comes back, is not what has failed. */
TEST_F(fail, for_nothing_that_has_room)
{
	__s64 token;

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	token = mt_lease(self->box);
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	EXPECT_EQ(-EAGAIN, mt_put(self->box, 'd'));
	EXPECT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_STREQ("abc", mt_letters(self->box));
}

TEST_F(fail, for_three_processes)
{
	int i;

	for (i = 0; i < 3; i++)
		mt_worker_start(&self->child[i], NULL,
				mt_open_fd(self->dev, self->box, MBOX_O_WRITE));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_worker_does(&self->child[i], 'a' + i));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EAGAIN, mt_worker_does(&self->child[i], 'x'));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_worker_does(&self->child[2], 'd'));
	EXPECT_EQ(-EAGAIN, mt_worker_does(&self->child[0], 'x'));
	EXPECT_STREQ("bcd", mt_letters(self->box));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&self->child[i]));
}

/* ---- drop the oldest -------------------------------------------------------- */

FIXTURE(drop) {
	int dev;
	int box;
	struct mt_task task;
	struct mt_child child[3];
};

FIXTURE_SETUP(drop)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = create(self->dev, MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(drop)
{
	MT_TEARDOWN(self->dev);
}

TEST_F(drop, makes_room_of_the_oldest)
{
	int i;

	EXPECT_EQ(MBOX_FULL_DROP_OLDEST, mt_stat_of(self->box).when_full);
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	for (; i < 3 * ROOM; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
		EXPECT_EQ(ROOM, mt_stat_of(self->box).msgs);
		EXPECT_EQ(i + 1 - ROOM, mt_stat_of(self->box).lost);
	}
	EXPECT_STREQ("ghi", mt_letters(self->box));
	EXPECT_EQ(3 * ROOM, mt_stat_of(self->box).sent);
	EXPECT_EQ(ROOM, mt_stat_of(self->box).received);
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

/* The lowest priority goes first, and of that the oldest. */
TEST_F(drop, makes_room_of_the_lowest_priority)
{
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 0, 5));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 0, 1));
	ASSERT_EQ(0, mt_put_typed(self->box, 'c', 0, 1));
	ASSERT_EQ(0, mt_put_typed(self->box, 'd', 0, 3));	/* for b */
	ASSERT_EQ(0, mt_put_typed(self->box, 'e', 0, 1));	/* for c */
	ASSERT_EQ(0, mt_put_typed(self->box, 'f', 0, 9));	/* for e */
	EXPECT_EQ(3, mt_stat_of(self->box).lost);
	EXPECT_STREQ("fad", mt_letters(self->box));
}

/* What is more important than the new one stays: the new one waits. */
TEST_F(drop, spares_what_is_of_a_higher_priority)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT, .priority = 4 };
	int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put_typed(self->box, 'a' + i, 0, 5));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->box, 'x', &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'd', 0, 4));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(0, mt_put_typed(self->box, 'e', 0, 5));
	EXPECT_EQ(1, mt_stat_of(self->box).lost);
	EXPECT_STREQ("bce", mt_letters(self->box));
}

/* As many as it takes, and none if that would not do. */
TEST_F(drop, makes_room_of_several)
{
	ASSERT_EQ(0, mt_put_sized(self->box, 'a', 100, 0));
	ASSERT_EQ(0, mt_put_sized(self->box, 'b', 100, 0));
	ASSERT_EQ(0, mt_put_sized(self->box, 'c', 100, 5));
	EXPECT_EQ(-EAGAIN, mt_put_sized(self->box, 'x', 201, 4));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	EXPECT_EQ(300, mt_stat_of(self->box).bytes);
	EXPECT_EQ(0, mt_put_sized(self->box, 'd', 101, 4));
	EXPECT_EQ(2, mt_stat_of(self->box).lost);
	EXPECT_EQ(201, mt_stat_of(self->box).bytes);
	EXPECT_EQ(0, mt_put_sized(self->box, 'e', 99, 0));
	EXPECT_EQ(2, mt_stat_of(self->box).lost);
	EXPECT_EQ(0, mt_put_sized(self->box, 'f', 250, 5));
	EXPECT_EQ(5, mt_stat_of(self->box).lost);
	EXPECT_STREQ("f", mt_letters(self->box));
	/* what can never have room is not given any */
	ASSERT_EQ(0, mt_put(self->box, 'g'));
	EXPECT_EQ(-EMSGSIZE, mt_put_sized(self->box, 'x', 251, 0));
	EXPECT_STREQ("g", mt_letters(self->box));
}

TEST_F(drop, spares_what_is_held)
{
	__s64 token[ROOM];
	int i;

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	token[0] = mt_lease(self->box);
	ASSERT_EQ(0, mt_put(self->box, 'd'));
	EXPECT_EQ(1, mt_stat_of(self->box).lost);
	token[1] = mt_lease(self->box);
	token[2] = mt_lease(self->box);
	EXPECT_EQ(-EAGAIN, mt_put_typed(self->box, 'x', 0, 9));
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'e', 0, 0));
	for (i = 1; i < ROOM; i++) {
		EXPECT_LE(0, mt_held(self->box, token[i]));
		EXPECT_EQ(0, mt_ack(self->box, token[i]));
	}
	EXPECT_EQ(1, mt_task_end(&self->task));
	/* what came back may be dropped, as the oldest */
	EXPECT_EQ(0, mt_nack(self->box, token[0], 0));
	ASSERT_EQ(0, mt_put(self->box, 'f'));
	ASSERT_EQ(0, mt_put(self->box, 'g'));
	EXPECT_EQ(2, mt_stat_of(self->box).lost);
	EXPECT_STREQ("efg", mt_letters(self->box));
}

/* Somebody waits for the reply. */
TEST_F(drop, spares_calls)
{
	struct mt_caller caller[ROOM] = {};
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE), i;
	__s64 token;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	/* a call, too, is a message that others make room for */
	for (i = 0; i < ROOM; i++) {
		ASSERT_TRUE(mt_caller_blocks(&caller[i], w, "?"));
		EXPECT_EQ(i + 1, mt_stat_of(self->box).lost);
	}
	EXPECT_EQ(-EAGAIN, mt_put_typed(self->box, 'x', 0, 9));
	EXPECT_EQ(ROOM, mt_stat_of(self->box).msgs);
	for (i = 0; i < ROOM; i++) {
		token = mt_lease(self->box);
		ASSERT_LT(0, token);
		EXPECT_EQ(0, mt_reply(self->box, token, "!", 1, 0));
		EXPECT_EQ(1, mt_caller_end(&caller[i]));
	}
	EXPECT_EQ(0, mt_put(self->box, 'd'));
	EXPECT_EQ(ROOM, mt_stat_of(self->box).lost);
}

/* A receiver learns how many it has not got, and from the numbers which. */
TEST_F(drop, is_told_to_each_endpoint)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ), late;
	int same = dup(other), i;
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_PEEK };

	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	late = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	EXPECT_EQ(0, mt_missed(late, 'e'));
	/* to look is not to be told */
	EXPECT_EQ('f', mt_getmsg(other, &msg));
	msg = (struct mbox_recv){ .flags = MBOX_DONTWAIT };
	EXPECT_EQ('f', mt_getmsg(other, &msg));
	EXPECT_EQ(4, msg.missed);
	EXPECT_EQ(6, msg.seq);
	EXPECT_EQ(0, mt_missed(same, 'g'));

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mt_put(self->box, 'A' + i));
	EXPECT_EQ(2, mt_missed(same, 'C'));
	EXPECT_EQ(6, mt_missed(self->box, 'D'));
	EXPECT_EQ(2, mt_missed(late, 'E'));
	EXPECT_EQ(6, mt_stat_of(self->box).lost);
}

/* A receive that fails tells nothing: the next one does. */
TEST_F(drop, is_told_with_what_is_received)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT, .buf_size = 1 };
	int i;

	for (i = 0; i < ROOM + 2; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_EQ(-EFAULT, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(2, mt_missed(self->box, 'c'));
	EXPECT_EQ(0, mt_missed(self->box, 'd'));
}

TEST_F(drop, is_told_to_one_who_waits)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ), i;

	for (i = 0; i < ROOM + 2; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_STREQ("cde", mt_letters(self->box));
	ASSERT_TRUE(mt_getter_blocks(&self->task, other));
	ASSERT_EQ(0, mt_put(self->box, 'f'));
	EXPECT_EQ('f', mt_getter_end(&self->task));
	EXPECT_EQ(2, self->task.recv.missed);
	ASSERT_EQ(0, mt_put(self->box, 'g'));
	EXPECT_EQ(0, mt_missed(other, 'g'));
}

TEST_F(drop, is_told_in_a_batch)
{
	struct mbox_recv_item items[ROOM] = {};
	char data[ROOM];
	int i, error;

	for (i = 0; i < 2 * ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	for (i = 0; i < ROOM; i++) {
		items[i].buf = (uintptr_t)&data[i];
		items[i].buf_size = 1;
	}
	ASSERT_EQ(ROOM, mt_recv_batch(self->box, items, ROOM, 0, &error));
	for (i = 0; i < ROOM; i++) {
		EXPECT_EQ('a' + ROOM + i, data[i]);
		EXPECT_EQ(i ? 0 : ROOM, items[i].missed);
	}
}

/* A purge, or the end of a receiver, is nothing that a mailbox has dropped. */
TEST_F(drop, is_not_to_purge)
{
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ(1, mt_purge(self->box));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ(0, mt_missed(self->box, 'b'));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	EXPECT_EQ(1, mt_stat_of(self->box).purged);
}

/* What is dropped with a message is closed. */
TEST_F(drop, closes_descriptors)
{
	int pair[2], i;

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_send_fd(self->box, pair[1]));
	close(pair[1]);
	EXPECT_TRUE(mt_pipe_is_open(pair));
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
}

/* More important messages get in before one that waits for room. */
TEST_F(drop, takes_who_can_before_one_who_waits)
{
	int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put_typed(self->box, 'a' + i, 0, 5));
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'x', 0, 4));
	ASSERT_EQ(0, mt_put_typed(self->box, 'd', 0, 5));
	EXPECT_EQ(1, mt_stat_of(self->box).lost);
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_STREQ("bcdx", mt_letters(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

/* What is left of the room that was made is for those who wait. */
TEST_F(drop, leaves_the_rest_to_one_who_waits)
{
	int box = MT_POLICY(self->dev, NULL, .max_msgs = 10, .msg_size = 100,
			    .max_bytes = BYTES,
			    .when_full = MBOX_FULL_DROP_OLDEST);
	int i;

	ASSERT_LE(0, box);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_put_sized(box, 'a' + i, 100, 5));
	ASSERT_TRUE(mt_putter_blocks(&self->task, box, 'd', 0, 4));
	ASSERT_EQ(0, mt_put_sized(box, 'e', 50, 5));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(1, mt_stat_of(box).lost);
	EXPECT_STREQ("bced", mt_letters(box));
}

/* Where there is room, but it is another's turn, nothing is dropped for it. */
TEST_F(drop, nothing_before_its_turn)
{
	int box = MT_POLICY(self->dev, NULL, .max_msgs = 10, .msg_size = 200,
			    .max_bytes = 250,
			    .when_full = MBOX_FULL_DROP_OLDEST);
	struct mt_task later = { .fd = box, .send = { .len = 60 } };

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_put_sized(box, 'a', 200, 5));
	ASSERT_EQ(0, mt_put_sized(box, 'b', 10, 0));
	self->task = (struct mt_task){
		.fd = box,
		.send = { .len = 100, .priority = 1 },
	};
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_send));
	/* with what would fit, and with what would have to drop something */
	EXPECT_EQ(-EAGAIN, mt_put_sized(box, 'x', 20, 1));
	EXPECT_EQ(-EAGAIN, mt_put_sized(box, 'x', 20, 0));
	EXPECT_EQ(-EAGAIN, mt_put_sized(box, 'x', 45, 1));
	ASSERT_TRUE(mt_task_blocks(&later, mt_task_send));
	EXPECT_EQ(0, mt_stat_of(box).lost);
	EXPECT_EQ(2, mt_stat_of(box).msgs);
	EXPECT_EQ('a', mt_get(box));
	EXPECT_EQ(100, mt_task_end(&self->task));
	EXPECT_EQ(60, mt_task_end(&later));
	EXPECT_EQ(0, mt_stat_of(box).lost);
}

TEST_F(drop, for_three_processes)
{
	struct mt_child *child = self->child;
	int i;

	for (i = 0; i < 3; i++)
		mt_worker_start(&child[i], NULL,
				mt_open_fd(self->dev, self->box, MT_RW));
	for (i = 0; i < 3 * ROOM; i++)
		EXPECT_EQ(0, mt_worker_does(&child[i % 3], 'a' + i));
	for (i = 0; i < 3; i++)
		EXPECT_EQ('g' + i, mt_worker_does(&child[i], MT_TRY));
	EXPECT_EQ(-EAGAIN, mt_worker_does(&child[0], MT_TRY));
	EXPECT_EQ(2 * ROOM, mt_stat_of(self->box).lost);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

TEST_HARNESS_MAIN
