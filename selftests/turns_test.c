// SPDX-License-Identifier: GPL-2.0
/*
 * Which of the receivers that wait gets the next message: who came first, whose
 * endpoint was served longest ago, or who is the most urgent.
 */
#include <sched.h>
#include <sys/resource.h>

#include "mbox_test_policy.h"

#define ENDS	4

/* ---- what holds for each of them ------------------------------------------ */

FIXTURE(turns) {
	int dev;
	int box;
	int end[ENDS];	/* endpoints to receive */
	struct mt_task task[ENDS];
	struct mt_child child[3];
};

FIXTURE_VARIANT(turns) {
	enum mbox_turns turns;
};

FIXTURE_VARIANT_ADD(turns, first_come) {
	.turns = MBOX_TURNS_FIRST_COME,
};

FIXTURE_VARIANT_ADD(turns, round_robin) {
	.turns = MBOX_TURNS_ROUND_ROBIN,
};

FIXTURE_VARIANT_ADD(turns, priority) {
	.turns = MBOX_TURNS_PRIORITY,
};

static bool open_ends(int dev, int box, int *end)
{
	int i;

	for (i = 0; i < ENDS; i++) {
		end[i] = mt_open_fd(dev, box, MBOX_O_READ);
		if (end[i] < 0)
			return false;
	}
	return true;
}

FIXTURE_SETUP(turns)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL, .turns = variant->turns);
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(open_ends(self->dev, self->box, self->end));
	mt_catch(0);
}

FIXTURE_TEARDOWN(turns)
{
	MT_TEARDOWN(self->dev);
}

TEST_F(turns, are_told)
{
	EXPECT_EQ(variant->turns, mt_stat_of(self->box).turns);
	EXPECT_EQ(MBOX_RECEIVERS_ANY, mt_stat_of(self->box).receivers);
	EXPECT_EQ(MBOX_FULL_BLOCK, mt_stat_of(self->box).when_full);
}

/* Of those who are alike, each is served once, in the order of their coming. */
TEST_F(turns, of_equals)
{
	int i;

	for (i = 0; i < ENDS; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->end[i]));
	for (i = 0; i < ENDS; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
		EXPECT_EQ('a' + i, mt_getter_end(&self->task[i]));
		EXPECT_EQ(ENDS - 1 - i,
			  mt_stat_of(self->box).waiting_receivers);
	}
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
}

/* The second time they come in the opposite order. */
TEST_F(turns, of_three_processes)
{
	struct mt_child *child = self->child;
	int i, first;

	for (i = 0; i < 3; i++)
		mt_worker_start(&child[i], NULL, self->end[i]);
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(mt_worker_blocks(&child[i], MT_GET));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	for (i = 0; i < 3; i++)
		EXPECT_EQ('a' + i, mt_hear(child[i].sock));

	for (i = 2; i >= 0; i--)
		ASSERT_TRUE(mt_worker_blocks(&child[i], MT_GET));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_put(self->box, 'd' + i));
	for (i = 0; i < 3; i++) {
		first = variant->turns == MBOX_TURNS_ROUND_ROBIN ? i : 2 - i;
		EXPECT_EQ('d' + first, mt_hear(child[i].sock));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

/* Who has too little room for it has had his turn. */
TEST_F(turns, of_a_small_buffer)
{
	struct mt_task *small = &self->task[0], *next = &self->task[1];

	small->fd = self->end[0];
	small->recv.buf = (uintptr_t)small->data;
	small->recv.buf_size = 9;
	ASSERT_TRUE(mt_task_blocks(small, mt_task_recv));
	ASSERT_TRUE(mt_getter_blocks(next, self->end[1]));
	ASSERT_EQ(0, mt_put_sized(self->box, 'a', 10, 0));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(small));
	EXPECT_EQ(10, small->recv.len);
	EXPECT_EQ('a', mt_getter_end(next));
}

/* Who is called away, times out or is killed leaves his turn to the next. */
TEST_F(turns, of_those_who_left)
{
	struct mt_task *called = &self->task[0], *late = &self->task[1];
	struct mt_task *next = &self->task[2];
	struct mt_child *killed = &self->child[0];

	ASSERT_TRUE(mt_getter_blocks(called, self->end[0]));
	*late = (struct mt_task){ .fd = self->end[1] };
	late->recv.deadline = mt_deadline(50);
	mt_task_start(late, mt_task_recv);
	mt_worker_start(killed, NULL, self->end[3]);
	ASSERT_TRUE(mt_worker_blocks(killed, MT_GET));
	ASSERT_TRUE(mt_getter_blocks(next, self->end[2]));

	mt_task_signal(called);
	EXPECT_EQ(-EINTR, mt_task_end(called));
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(late));
	mt_child_kill(killed);
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_receivers);
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(next));
}

/* Whoever's turn it is, it is not for a message that he does not want. */
TEST_F(turns, of_those_who_want_it)
{
	struct mt_task *seven = &self->task[0], *eight = &self->task[1];

	ASSERT_TRUE(mt_match_blocks(seven, self->end[0], mt_type(7)));
	ASSERT_TRUE(mt_match_blocks(eight, self->end[1], mt_type(8)));
	ASSERT_TRUE(mt_getter_blocks(&self->task[2], self->end[2]));
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 8, 0));
	EXPECT_EQ('a', mt_getter_end(eight));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 8, 0));
	EXPECT_EQ('b', mt_getter_end(&self->task[2]));
	ASSERT_EQ(0, mt_put_typed(self->box, 'c', 8, 0));
	EXPECT_TRUE(mt_task_settle(seven));
	ASSERT_EQ(0, mt_put_typed(self->box, 'd', 7, 0));
	EXPECT_EQ('d', mt_getter_end(seven));
	EXPECT_EQ('c', mt_get(self->box));
}

/* ---- the endpoint that was served longest ago ------------------------------- */

FIXTURE(robin) {
	int dev;
	int box;
	int end[ENDS];
	struct mt_task task[ENDS];
};

FIXTURE_SETUP(robin)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL,
			      .turns = MBOX_TURNS_ROUND_ROBIN);
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(open_ends(self->dev, self->box, self->end));
}

FIXTURE_TEARDOWN(robin)
{
	MT_TEARDOWN(self->dev);
}

/* Have a waiting receiver be served with @letter at the endpoint. */
static bool serve(struct mt_task *task, int box, int end, char letter)
{
	return mt_getter_blocks(task, end) && !mt_put(box, letter) &&
	       mt_getter_end(task) == letter;
}

TEST_F(robin, in_the_order_in_which_they_were_served)
{
	static const int served[] = { 2, 0, 3, 1 };
	int i;

	for (i = 0; i < ENDS; i++)
		ASSERT_TRUE(serve(&self->task[0], self->box,
				  self->end[served[i]], 'a' + i));
	for (i = 0; i < ENDS; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->end[i]));
	for (i = 0; i < ENDS; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'A' + i));
		EXPECT_EQ('A' + i, mt_getter_end(&self->task[served[i]]));
	}
}

/* Who was never served comes first. */
TEST_F(robin, a_newcomer_first)
{
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_TRUE(serve(&self->task[0], self->box, self->end[i],
				  'a'));
	for (i = 0; i < ENDS; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->end[i]));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ('b', mt_getter_end(&self->task[3]));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'c' + i));
		EXPECT_EQ('c' + i, mt_getter_end(&self->task[i]));
	}
}

/* Turns are those of endpoints: who waits twice is not served twice as often. */
TEST_F(robin, by_endpoint_and_not_by_task)
{
	static const int end[] = { 0, 0, 0, 1 };
	static const int order[] = { 0, 3, 1, 2 };
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i],
					     self->end[end[i]]));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
		EXPECT_EQ('a' + i, mt_getter_end(&self->task[order[i]]));
	}
}

/* What comes back goes to another one, if another one waits. */
/* Served means by whatever receive, also while another waits there. */
TEST_F(robin, though_served_meanwhile)
{
	int i;

	ASSERT_TRUE(mt_match_blocks(&self->task[0], self->end[0], mt_type(7)));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
		ASSERT_EQ(1, mt_recv_match(self->end[i], mt_type(8),
					   MBOX_DONTWAIT));
	}
	ASSERT_TRUE(mt_match_blocks(&self->task[1], self->end[1], mt_type(7)));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, mt_send_number(self->box, 2 + i, 7, 0));
		EXPECT_EQ(2 + i, mt_task_number(&self->task[i]));
	}
}

TEST_F(robin, for_what_comes_back)
{
	struct mt_task *holder = &self->task[0], *again = &self->task[1];

	*holder = (struct mt_task){ .fd = self->end[0] };
	holder->recv.flags = MBOX_LEASE;
	ASSERT_TRUE(mt_task_blocks(holder, mt_task_recv));
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(holder));
	ASSERT_TRUE(mt_getter_blocks(again, self->end[0]));
	ASSERT_TRUE(mt_getter_blocks(&self->task[2], self->end[1]));
	ASSERT_EQ(0, mt_nack(self->end[0], holder->recv.token, 0));
	EXPECT_EQ('a', mt_getter_end(&self->task[2]));
	EXPECT_EQ(1, self->task[2].recv.deliveries);
	EXPECT_TRUE(mt_task_settle(again));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ('b', mt_getter_end(again));
}

/* ---- by scheduling priority --------------------------------------------------- */

/* A receiver, and how it is scheduled. */
struct urgent {
	struct mt_task task;
	int policy;
	int priority;
	int nice;
};

FIXTURE(urgent) {
	int dev;
	int box;
	struct urgent task[6];
};

FIXTURE_SETUP(urgent)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL, .turns = MBOX_TURNS_PRIORITY);
	ASSERT_LE(0, self->box);
	mt_catch(SA_RESTART);
}

FIXTURE_TEARDOWN(urgent)
{
	MT_TEARDOWN(self->dev);
}

static int recv_urgently(struct mt_task *task)
{
	struct urgent *urgent = (struct urgent *)task;
	struct sched_param param = { .sched_priority = urgent->priority };

	if (sched_setscheduler(mt_gettid(), urgent->policy, &param) ||
	    setpriority(PRIO_PROCESS, mt_gettid(), urgent->nice))
		return -errno;
	return mt_task_recv(task);
}

static bool urgent_blocks(struct urgent *urgent, int box, int policy,
			  int priority, int nice)
{
	*urgent = (struct urgent){
		.task.fd = box,
		.policy = policy,
		.priority = priority,
		.nice = nice,
	};
	return mt_task_blocks(&urgent->task, recv_urgently);
}

/* Do the receivers get messages in this order? */
static bool served_in_order(struct urgent *task, int box, const int *order,
			    int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (mt_put(box, 'a' + i) ||
		    mt_getter_end(&task[order[i]].task) != 'a' + i)
			return false;
	return true;
}

TEST_F(urgent, first)
{
	static const struct {
		int policy;
		int priority;
	} how[] = {
		{ SCHED_OTHER, 0 }, { SCHED_FIFO, 10 }, { SCHED_RR, 50 },
		{ SCHED_OTHER, 0 }, { SCHED_RR, 10 }, { SCHED_FIFO, 90 },
	};
	static const int order[] = { 5, 2, 1, 4, 0, 3 };
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_TRUE(urgent_blocks(&self->task[i], self->box,
					  how[i].policy, how[i].priority, 0));
	EXPECT_TRUE(served_in_order(self->task, self->box, order, 6));
}

TEST_F(urgent, by_how_nice_they_are)
{
	static const int nice[] = { 0, 10, -10, 19, -10, 0 };
	static const int order[] = { 2, 4, 0, 5, 1, 3 };
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_TRUE(urgent_blocks(&self->task[i], self->box,
					  SCHED_OTHER, 0, nice[i]));
	EXPECT_TRUE(served_in_order(self->task, self->box, order, 6));
}

/* What counts is how urgent it was when it began to wait. */
TEST_F(urgent, when_it_began_to_wait)
{
	static const int order[] = { 1, 2, 0 };
	struct sched_param param = { .sched_priority = 50 };
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_TRUE(urgent_blocks(&self->task[i], self->box,
					  i ? SCHED_FIFO : SCHED_OTHER,
					  i ? 20 - i : 0, 0));
	ASSERT_EQ(0, sched_setscheduler(mt_task_tid(&self->task[0].task),
					SCHED_FIFO, &param));
	EXPECT_TRUE(served_in_order(self->task, self->box, order, 3));
}

/* It begins anew after a signal. */
TEST_F(urgent, when_it_began_to_wait_again)
{
	static const int order[] = { 0, 1 };
	struct sched_param param = { .sched_priority = 50 };
	struct mt_task *task = &self->task[0].task;
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_TRUE(urgent_blocks(&self->task[i], self->box,
					  i ? SCHED_FIFO : SCHED_OTHER,
					  i ? 20 : 0, 0));
	ASSERT_EQ(0, sched_setscheduler(mt_task_tid(task), SCHED_FIFO,
					&param));
	mt_task_signal(task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 1));
	ASSERT_TRUE(mt_task_settle(task));
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->box).waiting_receivers == 2));
	EXPECT_TRUE(served_in_order(self->task, self->box, order, 2));
}

TEST_F(urgent, of_three_processes)
{
	static const int priority[] = { 5, 0, 30 };
	static const int order[] = { 2, 0, 1 };
	struct mt_child child[3];
	int i;

	for (i = 0; i < 3; i++) {
		struct sched_param param = { .sched_priority = priority[i] };

		mt_worker_start(&child[i], NULL,
				mt_open_fd(self->dev, self->box, MBOX_O_READ));
		if (priority[i])
			ASSERT_EQ(0, sched_setscheduler(child[i].pid,
							SCHED_FIFO, &param));
		ASSERT_TRUE(mt_worker_blocks(&child[i], MT_GET));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
		EXPECT_EQ('a' + i, mt_hear(child[order[i]].sock));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

TEST_HARNESS_MAIN
