// SPDX-License-Identifier: GPL-2.0
/*
 * A hand-over against a signal, a kill or a deadline: whoever comes first, no
 * message is lost, none comes twice, and the next in line is not forgotten.
 *
 * MBOX_STRESS multiplies how often each race is run.
 */
#include <sys/mman.h>

#include "mbox_test_task.h"

FIXTURE(race) {
	int dev;
	int box;
	int scale;
	struct mt_task task[2];
};

FIXTURE_SETUP(race)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 1, 0, 0);
	ASSERT_LE(0, self->box);
	self->scale = atoi(getenv("MBOX_STRESS") ?: "1");
	for (i = 0; i < 2; i++)
		self->task[i].fd = self->box;
	mt_catch(0);
}

FIXTURE_TEARDOWN(race)
{
	MT_TEARDOWN(self->dev);
}

/* Vary by how much the one comes before the other. */
static void spin(int i)
{
	int n = i * 7919 % 1000;

	while (n--)
		__asm__ volatile("" ::: "memory");
}

static int put(int box, int number)
{
	return mt_send(box, &number, sizeof(number), 0, MBOX_DONTWAIT);
}

/* The number of the next message, or -errno. */
static int take(int box)
{
	int number;
	int ret = mt_recv(box, &number, sizeof(number), MBOX_DONTWAIT);

	return ret < 0 ? ret : number;
}

static int number_of(struct mt_task *task)
{
	int number;

	memcpy(&number, task->data, sizeof(number));
	return number;
}

static void set_number(struct mt_task *task, int number)
{
	memcpy(task->data, &number, sizeof(number));
	task->send.len = sizeof(number);
}

/* The state of the mailbox once all is over, with @msgs messages. */
static bool settled(int box, unsigned int msgs)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.msgs == msgs && !stat.held && !stat.waiting_receivers &&
	       !stat.waiting_senders &&
	       stat.sent == stat.received + stat.purged + msgs;
}

/*
 * A message for the first of two that wait, which is called away: either it has
 * it and the next waits on, or the next has it.
 */
TEST_F(race, message_or_signal)
{
	struct mt_task *first = &self->task[0], *next = &self->task[1];
	int i, ret, interrupted = 0;

	for (i = 0; i < 100 * self->scale; i++) {
		ASSERT_TRUE(mt_task_blocks(first, mt_task_recv));
		ASSERT_TRUE(mt_task_blocks(next, mt_task_recv));
		if (i & 1)
			ASSERT_EQ(0, put(self->box, i));
		spin(i);
		mt_task_signal(first);
		spin(i / 2);
		if (!(i & 1))
			ASSERT_EQ(0, put(self->box, i));
		ret = mt_task_end(first);
		if (ret == -EINTR) {
			interrupted++;
		} else {
			ASSERT_EQ(sizeof(int), ret);
			EXPECT_EQ(i, number_of(first));
			ASSERT_EQ(0, put(self->box, i));
		}
		ASSERT_EQ(sizeof(int), mt_task_end(next));
		EXPECT_EQ(i, number_of(next));
		ASSERT_TRUE(settled(self->box, 0));
	}
	TH_LOG("interrupted %d of %d", interrupted, i);
}

/* Room for the first of two, who is called away: likewise. */
TEST_F(race, room_or_signal)
{
	struct mt_task *first = &self->task[0], *next = &self->task[1];
	int i, ret, interrupted = 0;

	for (i = 0; i < 100 * self->scale; i++) {
		ASSERT_EQ(0, put(self->box, -1000));
		set_number(first, 2 * i);
		set_number(next, 2 * i + 1);
		ASSERT_TRUE(mt_task_blocks(first, mt_task_send));
		ASSERT_TRUE(mt_task_blocks(next, mt_task_send));
		if (i & 1)
			ASSERT_EQ(-1000, take(self->box));
		spin(i);
		mt_task_signal(first);
		spin(i / 2);
		if (!(i & 1))
			ASSERT_EQ(-1000, take(self->box));
		ret = mt_task_end(first);
		if (ret == -EINTR) {
			interrupted++;
		} else {
			ASSERT_EQ(sizeof(int), ret);
			ASSERT_EQ(2 * i, take(self->box));
		}
		ASSERT_EQ(sizeof(int), mt_task_end(next));
		ASSERT_TRUE(settled(self->box, 1));
		ASSERT_EQ(2 * i + 1, take(self->box));
	}
	TH_LOG("interrupted %d of %d", interrupted, i);
}

/* A message for a receiver that is killed: received, or still there. */
TEST_F(race, message_or_kill)
{
	int *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct mt_child child;
	int i, left = 0;

	ASSERT_NE(MAP_FAILED, shared);
	for (i = 1; i <= 40 * self->scale; i++) {
		*shared = 0;
		if (!mt_fork(&child, NULL)) {
			mt_recv(self->box, shared, sizeof(*shared), 0);
			for (;;)
				pause();
		}
		ASSERT_TRUE(mt_wait_blocked(child.pid));
		if (i & 1)
			ASSERT_EQ(0, put(self->box, i));
		spin(i);
		kill(child.pid, SIGKILL);
		spin(i / 2);
		if (!(i & 1))
			ASSERT_EQ(0, put(self->box, i));
		mt_child_end(&child);
		if (mt_stat_of(self->box).msgs) {
			left++;
			ASSERT_EQ(i, take(self->box));
		} else {
			ASSERT_EQ(i, *shared);
		}
		ASSERT_TRUE(settled(self->box, 0));
	}
	TH_LOG("left %d of %d", left, i - 1);
}

/* Room for a sender that is killed: it has sent, or the room is there. */
TEST_F(race, room_or_kill)
{
	struct mt_child child;
	int i, left = 0;

	for (i = 1; i <= 40 * self->scale; i++) {
		ASSERT_EQ(0, put(self->box, -1000));
		if (!mt_fork(&child, NULL)) {
			mt_send(self->box, &i, sizeof(i), 0, 0);
			for (;;)
				pause();
		}
		ASSERT_TRUE(mt_wait_blocked(child.pid));
		if (i & 1)
			ASSERT_EQ(-1000, take(self->box));
		spin(i);
		kill(child.pid, SIGKILL);
		spin(i / 2);
		if (!(i & 1))
			ASSERT_EQ(-1000, take(self->box));
		mt_child_end(&child);
		if (mt_stat_of(self->box).msgs) {
			ASSERT_EQ(i, take(self->box));
		} else {
			left++;
			ASSERT_EQ(0, put(self->box, i));
			ASSERT_EQ(i, take(self->box));
		}
		ASSERT_TRUE(settled(self->box, 0));
	}
	TH_LOG("not sent %d of %d", left, i - 1);
}

/* A message at the very time of a deadline. */
TEST_F(race, message_or_deadline)
{
	struct mt_task *task = &self->task[0];
	int i, ret, late = 0;
	__u64 deadline;

	for (i = 0; i < 300 * self->scale; i++) {
		deadline = mt_now(CLOCK_MONOTONIC) + 1000000;
		task->recv.deadline = deadline;
		mt_task_start(task, mt_task_recv);
		while (mt_now(CLOCK_MONOTONIC) + 100000 < deadline)
			;
		spin(i);
		ASSERT_EQ(0, put(self->box, i));
		ret = mt_task_end(task);
		if (ret == -ETIMEDOUT) {
			late++;
			ASSERT_TRUE(settled(self->box, 1));
			ASSERT_EQ(i, take(self->box));
		} else {
			ASSERT_EQ(sizeof(int), ret);
			ASSERT_EQ(i, number_of(task));
			ASSERT_TRUE(settled(self->box, 0));
		}
	}
	TH_LOG("timed out %d of %d", late, i);
}

TEST_F(race, room_or_deadline)
{
	struct mt_task *task = &self->task[0];
	int i, ret, late = 0;
	__u64 deadline;

	for (i = 0; i < 300 * self->scale; i++) {
		ASSERT_EQ(0, put(self->box, -1000));
		deadline = mt_now(CLOCK_MONOTONIC) + 1000000;
		task->send.deadline = deadline;
		set_number(task, i);
		mt_task_start(task, mt_task_send);
		while (mt_now(CLOCK_MONOTONIC) + 100000 < deadline)
			;
		spin(i);
		ASSERT_EQ(-1000, take(self->box));
		ret = mt_task_end(task);
		if (ret == -ETIMEDOUT) {
			late++;
			ASSERT_TRUE(settled(self->box, 0));
		} else {
			ASSERT_EQ(sizeof(int), ret);
			ASSERT_EQ(i, take(self->box));
			ASSERT_TRUE(settled(self->box, 0));
		}
	}
	TH_LOG("timed out %d of %d", late, i);
}

TEST_HARNESS_MAIN
