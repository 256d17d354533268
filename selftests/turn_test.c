// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn it is: receivers in the order in which they came, senders by
 * priority and then in that order, and nobody is woken out of turn.
 */
#include "mbox_test_task.h"

#define MANY	50

FIXTURE(turn) {
	int dev;
	int box;
	struct mt_task task[MANY];
	long switches[MANY];
};

FIXTURE_SETUP(turn)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 10, 100, 100);
	ASSERT_LE(0, self->box);
	for (i = 0; i < MANY; i++) {
		self->task[i].fd = self->box;
		self->task[i].data[0] = i;
	}
	mt_catch(0);
}

FIXTURE_TEARDOWN(turn)
{
	MT_TEARDOWN(self->dev);
}

/* Send a message of a certain length that tells a number. */
static int put(int box, char number, size_t len)
{
	char data[100] = { number };

	return mt_send(box, data, len, 0, MBOX_DONTWAIT);
}

/* The number of the next message, or -errno. */
static int take(int box)
{
	char data[100];
	int ret = mt_recv(box, data, sizeof(data), MBOX_DONTWAIT);

	return ret < 0 ? ret : data[0];
}

/* A sender that has to wait with this. */
static bool sender_blocks(struct mt_task *task, __u32 len, unsigned int priority)
{
	task->send.len = len;
	task->send.priority = priority;
	return mt_task_blocks(task, mt_task_send);
}

TEST_F(turn, of_receivers)
{
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(mt_task_blocks(&self->task[i], mt_task_recv));
		ASSERT_EQ(i + 1, mt_stat_of(self->box).waiting_receivers);
	}
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, put(self->box, 10 + i, 1));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1, mt_task_end(&self->task[i]));
		EXPECT_EQ(10 + i, self->task[i].data[0]);
	}
}

/* Who has too little room for it learns how much it takes; the next gets it. */
TEST_F(turn, of_a_small_buffer)
{
	struct mt_task *small = &self->task[0], *next = &self->task[1];

	small->recv.buf = (uintptr_t)small->data;
	small->recv.buf_size = 9;
	ASSERT_TRUE(mt_task_blocks(small, mt_task_recv));
	ASSERT_TRUE(mt_task_blocks(next, mt_task_recv));
	ASSERT_EQ(0, put(self->box, 7, 10));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(small));
	EXPECT_EQ(10, small->recv.len);
	EXPECT_EQ(10, mt_task_end(next));
	EXPECT_EQ(7, next->data[0]);

	/* without another, it stays */
	ASSERT_TRUE(mt_task_blocks(small, mt_task_recv));
	ASSERT_EQ(0, put(self->box, 8, 10));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(small));
	EXPECT_EQ(8, take(self->box));
}

/* What is handed to one who waits is not there for one who comes later. */
TEST_F(turn, of_a_receiver_that_waits)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(mt_task_blocks(&self->task[0], mt_task_recv));
		ASSERT_EQ(0, put(self->box, i, 1));
		EXPECT_EQ(-EAGAIN, take(self->box));
		EXPECT_EQ(1, mt_task_end(&self->task[0]));
		EXPECT_EQ(i, self->task[0].data[0]);
	}
}

TEST_F(turn, of_senders)
{
	static const int priority[] = { 1, 5, 0, 5, 9, 1 };
	static const int order[] = { 4, 1, 3, 0, 5, 2 };
	int i;

	ASSERT_EQ(0, put(self->box, 99, 100));
	for (i = 0; i < 6; i++) {
		ASSERT_TRUE(sender_blocks(&self->task[i], 100, priority[i]));
		ASSERT_EQ(i + 1, mt_stat_of(self->box).waiting_senders);
	}
	EXPECT_EQ(99, take(self->box));
	for (i = 0; i < 6; i++) {
		/* one at a time */
		EXPECT_EQ(100, mt_task_end(&self->task[order[i]]));
		EXPECT_EQ(5 - i, mt_stat_of(self->box).waiting_senders);
		EXPECT_EQ(order[i], take(self->box));
	}
}

/*
 * A newcomer does not take the room of one that waits, though its message fits,
 * unless its priority is higher.
 */
TEST_F(turn, of_a_sender_that_waits)
{
	ASSERT_EQ(0, put(self->box, 98, 30));
	ASSERT_EQ(0, put(self->box, 99, 30));
	ASSERT_TRUE(sender_blocks(&self->task[0], 90, 0));
	EXPECT_EQ(-EAGAIN, put(self->box, 97, 10));
	EXPECT_EQ(-EAGAIN, put(self->box, 97, 0));
	EXPECT_EQ(0, mt_send(self->box, "\x60", 1, 1, MBOX_DONTWAIT));
	EXPECT_EQ(96, take(self->box));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	ASSERT_TRUE(sender_blocks(&self->task[1], 10, 0));
	EXPECT_EQ(98, take(self->box));
	EXPECT_EQ(-EAGAIN, put(self->box, 97, 10));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	EXPECT_TRUE(mt_task_settle(&self->task[1]));

	/* then there is room for both */
	EXPECT_EQ(99, take(self->box));
	EXPECT_EQ(90, mt_task_end(&self->task[0]));
	EXPECT_EQ(10, mt_task_end(&self->task[1]));
	EXPECT_EQ(0, take(self->box));
	EXPECT_EQ(1, take(self->box));
}

/* Small messages that always fit do not keep a large one out for ever. */
TEST_F(turn, of_a_large_message)
{
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, put(self->box, 10 + i, 10));
	ASSERT_TRUE(sender_blocks(&self->task[0], 100, 0));
	for (i = 1; i < 10; i++)
		ASSERT_TRUE(sender_blocks(&self->task[i], 10, 0));
	for (i = 0; i < 9; i++) {
		ASSERT_EQ(10 + i, take(self->box));
		ASSERT_EQ(-EAGAIN, put(self->box, 99, 10));
		ASSERT_EQ(10, mt_stat_of(self->box).waiting_senders);
	}
	ASSERT_EQ(19, take(self->box));
	EXPECT_EQ(100, mt_task_end(&self->task[0]));
	EXPECT_EQ(0, take(self->box));
	for (i = 1; i < 10; i++) {
		EXPECT_EQ(10, mt_task_end(&self->task[i]));
		EXPECT_EQ(i, take(self->box));
	}
}

/*
 * If the first in line, whose message does not fit, leaves, the next one's may.
 * Task 0 is the first, unless it is a child; task 1 is the next.
 */
TEST_F(turn, after_a_deadline)
{
	ASSERT_EQ(0, put(self->box, 99, 10));
	/* it is as well if this comes too late to be the next in line */
	self->task[0].send.deadline = mt_deadline(200);
	sender_blocks(&self->task[0], 100, 0);
	self->task[1].send.len = 40;
	mt_task_start(&self->task[1], mt_task_send);
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&self->task[0]));
	EXPECT_EQ(40, mt_task_end(&self->task[1]));
}

TEST_F(turn, after_a_signal)
{
	ASSERT_EQ(0, put(self->box, 99, 10));
	ASSERT_TRUE(sender_blocks(&self->task[0], 100, 0));
	ASSERT_TRUE(sender_blocks(&self->task[1], 40, 0));
	mt_task_signal(&self->task[0]);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task[0]));
	EXPECT_EQ(40, mt_task_end(&self->task[1]));
}

TEST_F(turn, after_a_kill)
{
	struct mt_child child;

	ASSERT_EQ(0, put(self->box, 99, 10));
	if (!mt_fork(&child, NULL)) {
		self->task[0].send.len = 100;
		mt_task_send(&self->task[0]);
		_exit(1);
	}
	ASSERT_TRUE(mt_wait_blocked(child.pid));
	ASSERT_TRUE(sender_blocks(&self->task[1], 40, 0));
	mt_child_kill(&child);
	EXPECT_EQ(40, mt_task_end(&self->task[1]));
}

/* More capacity is room for those who wait, as far as it goes. */
TEST_F(turn, after_more_capacity)
{
	struct mbox_set set = {
		.flags = MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES,
		.max_msgs = 10,
		.max_bytes = 300,
	};
	int i;

	ASSERT_EQ(0, put(self->box, 99, 100));
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(sender_blocks(&self->task[i], 100, 0));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(100, mt_task_end(&self->task[0]));
	EXPECT_EQ(100, mt_task_end(&self->task[1]));
	EXPECT_TRUE(mt_task_settle(&self->task[2]));
	EXPECT_EQ(99, take(self->box));
	EXPECT_EQ(100, mt_task_end(&self->task[2]));
}

#define ALL_ASLEEP(first, end) do {					\
	int __i;							\
									\
	for (__i = first; __i < (end); __i++) {				\
		ASSERT_TRUE(mt_task_settle(&self->task[__i]));		\
		ASSERT_EQ(self->switches[__i],				\
			  mt_switches(mt_task_tid(&self->task[__i])));	\
	}								\
} while (0)

/* One message wakes one receiver, however many wait. */
TEST_F(turn, to_wake_of_receivers)
{
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_TRUE(mt_task_blocks(&self->task[i], mt_task_recv));
		self->switches[i] = mt_switches(mt_task_tid(&self->task[i]));
	}
	ASSERT_EQ(MANY, mt_stat_of(self->box).waiting_receivers);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, put(self->box, i, 1));
		ASSERT_EQ(1, mt_task_end(&self->task[i]));
		if (i < 3)
			ALL_ASLEEP(i + 1, MANY);
	}
}

/* Room for one message wakes one sender. */
TEST_F(turn, to_wake_of_senders)
{
	int i;

	ASSERT_EQ(0, put(self->box, 99, 100));
	for (i = 0; i < MANY; i++) {
		ASSERT_TRUE(sender_blocks(&self->task[i], 100, 0));
		self->switches[i] = mt_switches(mt_task_tid(&self->task[i]));
	}
	EXPECT_EQ(99, take(self->box));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(100, mt_task_end(&self->task[i]));
		if (i < 3)
			ALL_ASLEEP(i + 1, MANY);
		ASSERT_EQ(i, take(self->box));
	}
}

/* Room that is too small for its message wakes no sender. */
TEST_F(turn, to_wake_of_a_large_message)
{
	ASSERT_EQ(0, put(self->box, 98, 40));
	ASSERT_EQ(0, put(self->box, 99, 60));
	ASSERT_TRUE(sender_blocks(&self->task[0], 60, 0));
	self->switches[0] = mt_switches(mt_task_tid(&self->task[0]));
	EXPECT_EQ(98, take(self->box));
	ALL_ASLEEP(0, 1);
	EXPECT_EQ(99, take(self->box));
	EXPECT_EQ(60, mt_task_end(&self->task[0]));
}

TEST_HARNESS_MAIN
