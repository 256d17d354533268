// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers that wait for certain messages: each message goes to the first of
 * them that it is for, and the others sleep through it.
 */
#include "mbox_test_match.h"

#define MANY	50

FIXTURE(wait) {
	int dev;
	int box;
	struct mt_task task[MANY];
	long switches[MANY];
};

FIXTURE_SETUP(wait)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 20, 100, 0);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(wait)
{
	MT_TEARDOWN(self->dev);
}

/* Task @i waits for what matches. */
#define WAITS(i, match) do {						\
	int __i = i;							\
	struct mt_task *__task = &self->task[__i];			\
									\
	ASSERT_TRUE(mt_match_blocks(__task, self->box, match));		\
	self->switches[__i] = mt_switches(mt_task_tid(__task));		\
} while (0)

/* It has not been woken. */
#define SLEEPS(i) do {							\
	int __i = i;							\
									\
	EXPECT_TRUE(mt_slept_on(&self->task[__i], self->switches[__i]));	\
} while (0)

TEST_F(wait, message_goes_to_the_first_that_it_is_for)
{
	WAITS(0, mt_type(7));
	WAITS(1, mt_any());
	WAITS(2, mt_type(8));
	WAITS(3, mt_type(7));
	WAITS(4, mt_any());
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 8, 0));
	EXPECT_EQ(2, mt_task_number(&self->task[2]));
	SLEEPS(0);
	SLEEPS(3);
	SLEEPS(4);
	ASSERT_EQ(0, mt_send_number(self->box, 3, 7, 0));
	EXPECT_EQ(3, mt_task_number(&self->task[0]));
	ASSERT_EQ(0, mt_send_number(self->box, 4, 7, 0));
	EXPECT_EQ(4, mt_task_number(&self->task[3]));
	SLEEPS(4);
	ASSERT_EQ(0, mt_send_number(self->box, 5, 7, 0));
	EXPECT_EQ(5, mt_task_number(&self->task[4]));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_receivers);
}

/* It is there for who comes later, and keeps nobody who waits from his own. */
TEST_F(wait, message_that_is_for_nobody_stays)
{
	int i;

	WAITS(0, mt_type(7));
	WAITS(1, mt_above(5));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, mt_send_number(self->box, i, 8, 4));
	SLEEPS(0);
	SLEEPS(1);
	EXPECT_EQ(10, mt_stat_of(self->box).msgs);
	ASSERT_EQ(0, mt_send_number(self->box, 10, 7, 0));
	EXPECT_EQ(10, mt_task_number(&self->task[0]));
	SLEEPS(1);
	ASSERT_EQ(0, mt_send_number(self->box, 11, 8, 5));
	EXPECT_EQ(11, mt_task_number(&self->task[1]));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(i, mt_recv_next(self->box));
}

/* Which message does not wake one who waits for these, and which does. */
TEST_F(wait, each_criterion_holds_for_who_waits)
{
	const struct {
		struct mbox_match match;
		__s64 other;
		unsigned int lower;
		__s64 type;
		unsigned int priority;
	} waits[] = {
		{ mt_type(7), 8, 9, 7, 0 },
		{ mt_type(INT64_MIN), INT64_MAX, 0, INT64_MIN, 0 },
		{ mt_type_max(3), 4, 9, 3, 0 },
		{ mt_type_max(3), 4, 9, -5, 0 },
		{ mt_type_not(7), 7, 9, 8, 0 },
		{ mt_above(5), 0, 4, 0, 5 },
		{ mt_both(mt_type(7), mt_above(5)), 7, 4, 7, 6 },
		{ mt_both(mt_type(7), mt_above(5)), 8, 6, 7, 6 },
		{ mt_both(mt_type_max(7), mt_above(5)), 7, 4, 6, 5 },
		{ mt_both(mt_type_not(7), mt_above(5)), 7, 9, 6, 5 },
		{ mt_both(mt_type_not(7), mt_from(getpid())), 7, 0, 6, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waits); i++) {
		WAITS(0, waits[i].match);
		ASSERT_EQ(0, mt_send_number(self->box, 1, waits[i].other,
					    waits[i].lower));
		SLEEPS(0);
		ASSERT_EQ(0, mt_send_number(self->box, 2, waits[i].type,
					    waits[i].priority));
		EXPECT_EQ(2, mt_task_number(&self->task[0])) {
			TH_LOG("wait %zu", i);
		}
		EXPECT_EQ(1, mt_recv_next(self->box));
	}
}

/* Of two who wait for a process each gets what that sends. */
TEST_F(wait, process_that_is_waited_for)
{
	struct mt_child sender[2];
	int i;

	for (i = 0; i < 2; i++) {
		mt_sender_fork(&sender[i]);
		WAITS(i, mt_from(sender[i].pid));
	}
	ASSERT_EQ(0, mt_send_number(self->box, 9, 0, 0));
	SLEEPS(0);
	SLEEPS(1);
	ASSERT_EQ(0, mt_send_from(&sender[1], self->box, 1, 0, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	SLEEPS(0);
	ASSERT_EQ(0, mt_send_from(&sender[0], self->box, 2, 0, 0));
	EXPECT_EQ(2, mt_task_number(&self->task[0]));
	EXPECT_EQ(9, mt_recv_next(self->box));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, mt_sender_end(&sender[i]));
}

/* One message wakes the one that waits for it, however many wait. */
TEST_F(wait, many_who_wait_for_one_type_each)
{
	int i, n;

	for (i = 0; i < MANY; i++)
		WAITS(i, mt_type(i));
	for (i = MANY - 1; i >= 0; i--) {
		ASSERT_EQ(0, mt_send_number(self->box, 100 + i, i, 0));
		EXPECT_EQ(100 + i, mt_task_number(&self->task[i]));
		EXPECT_EQ(i, self->task[i].recv.type);
		for (n = 0; n < i && i >= MANY - 3; n++)
			SLEEPS(n);
	}
}

TEST_F(wait, what_comes_back_is_for_who_waits_for_it)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT | MBOX_LEASE,
		.match = mt_type(7),
	};

	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	ASSERT_EQ(1, mt_recv_number(self->box, &msg));
	WAITS(0, mt_type(8));
	WAITS(1, mt_type(7));
	EXPECT_EQ(0, mt_nack(self->box, msg.token, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	EXPECT_EQ(1, self->task[1].recv.deliveries);
	SLEEPS(0);

	/* what is put off, too, when its time comes */
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	ASSERT_EQ(2, mt_recv_number(self->box, &msg));
	WAITS(1, mt_type(7));
	EXPECT_EQ(0, mt_nack(self->box, msg.token, 1000000));
	EXPECT_EQ(2, mt_task_number(&self->task[1]));
	SLEEPS(0);
	EXPECT_EQ(0, mt_send_number(self->box, 3, 8, 0));
	EXPECT_EQ(3, mt_task_number(&self->task[0]));
}

/* Only who would get it learns that his buffer is too small. */
TEST_F(wait, small_buffer_counts_for_what_matches)
{
	struct mt_task *small = &self->task[0];

	small->recv.buf = (uintptr_t)small->data;
	small->recv.buf_size = 1;
	WAITS(0, mt_type(7));
	WAITS(1, mt_any());
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	SLEEPS(0);
	WAITS(1, mt_type(7));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(small));
	EXPECT_EQ(sizeof(int), small->recv.len);
	EXPECT_EQ(2, mt_task_number(&self->task[1]));
}

/* A sender that is let in meets who waits for what it sends. */
TEST_F(wait, message_of_a_sender_that_waited)
{
	int box = mt_sized(self->dev, NULL, 1, 0, 0), number = 2;
	struct mt_task sender = {
		.fd = box,
		.send = {
			.buf = (uintptr_t)&number,
			.len = sizeof(number),
			.type = 7,
		},
	};

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_send_number(box, 1, 8, 0));
	ASSERT_TRUE(mt_match_blocks(&self->task[0], box, mt_type(7)));
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	EXPECT_EQ(1, mt_recv_next(box));
	EXPECT_EQ(sizeof(int), mt_task_end(&sender));
	EXPECT_EQ(2, mt_task_number(&self->task[0]));
	close(box);
}

TEST_F(wait, call_is_for_who_waits_for_its_type)
{
	struct mt_caller caller = { .call.type = 7 };
	int i;

	for (i = 0; i < 2; i++)
		WAITS(i, mt_type(8 - i));
	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "?"));
	EXPECT_EQ(2, mt_task_end(&self->task[1]));
	EXPECT_EQ(MBOX_MSG_CALL, self->task[1].recv.msg_flags);
	SLEEPS(0);
	EXPECT_EQ(0, mt_reply(self->box, self->task[1].recv.token, "", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&caller));
	EXPECT_EQ(0, mt_send_number(self->box, 3, 8, 0));
	EXPECT_EQ(3, mt_task_number(&self->task[0]));
}

/* ---- who goes before he has got any -------------------------------------------- */

TEST_F(wait, deadline_passes_though_others_come)
{
	self->task[0].recv.deadline = mt_deadline(50);
	self->task[0].recv.match = mt_type(7);
	self->task[0].fd = self->box;
	mt_task_start(&self->task[0], mt_task_recv);
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&self->task[0]));
	EXPECT_EQ(1, mt_recv_next(self->box));
}

TEST_F(wait, signal_that_restarts_keeps_the_match)
{
	mt_catch(SA_RESTART);
	WAITS(0, mt_type(7));
	mt_task_signal(&self->task[0]);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 1));
	ASSERT_TRUE(mt_task_settle(&self->task[0]));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	EXPECT_EQ(2, mt_task_number(&self->task[0]));

	mt_catch(0);
	WAITS(0, mt_type(7));
	mt_task_signal(&self->task[0]);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task[0]));
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_receivers);
	EXPECT_EQ(1, mt_recv_next(self->box));
}

TEST_F(wait, next_gets_it_if_the_first_is_killed)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		mt_recv_match(self->box, mt_type(7), 0);
		_exit(1);
	}
	ASSERT_TRUE(mt_wait_blocked(child.pid));
	WAITS(0, mt_type(7));
	mt_child_kill(&child);
	SLEEPS(0);
	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[0]));
}

/* Nobody can send what he waits for any more, and what there was is gone. */
TEST_F(wait, end_is_for_all)
{
	int reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mt_task *task = self->task;

	ASSERT_LE(0, reader);
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	ASSERT_TRUE(mt_match_blocks(&task[0], reader, mt_type(7)));
	ASSERT_TRUE(mt_match_blocks(&task[1], reader, mt_above(1)));
	close(self->box);
	EXPECT_EQ(1, mt_recv_match(reader, mt_type(8), MBOX_DONTWAIT));
	EXPECT_EQ(-EPIPE, mt_task_end(&task[0]));
	EXPECT_EQ(-EPIPE, mt_task_end(&task[1]));
	EXPECT_EQ(-EPIPE, mt_recv_match(reader, mt_type(8), 0));
}

TEST_HARNESS_MAIN
