// SPDX-License-Identifier: GPL-2.0
/*
 * A batch waits for the first of its messages, or for room for that, and for no
 * other. Nothing is lost or done twice when that wait is interrupted.
 */
#include "mbox_test_batch.h"
#include "mbox_test_match.h"

/**
 * struct batch - a thread in a batch
 * @task: its base, started by mt_task_start()
 * @send: how it sends
 * @recv: how it receives
 * @sends: what it sends: the numbers in @number
 * @recvs: what it receives, to @number
 * @nr: how many messages it is of
 */
struct batch {
	struct mt_task task;
	struct mbox_send_batch send;
	struct mbox_recv_batch recv;
	struct mbox_send_item sends[MBOX_BATCH_MAX];
	struct mbox_recv_item recvs[MBOX_BATCH_MAX];
	int number[MBOX_BATCH_MAX];
	int nr;
};

FIXTURE(batch) {
	int dev;
	int box;	/* for five messages */
	struct batch batch[2];
	struct mt_task task[3];
};

FIXTURE_SETUP(batch)
{
	struct batch *batch;
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 5, 100, 0);
	ASSERT_LE(0, self->box);
	for (batch = self->batch; batch < self->batch + 2; batch++) {
		batch->task.fd = self->box;
		batch->nr = 5;
		for (i = 0; i < MBOX_BATCH_MAX; i++) {
			batch->number[i] = i;
			batch->sends[i].buf = (uintptr_t)&batch->number[i];
			batch->sends[i].len = sizeof(int);
			batch->recvs[i].buf = (uintptr_t)&batch->number[i];
			batch->recvs[i].buf_size = sizeof(int);
		}
	}
	mt_catch(0);
}

FIXTURE_TEARDOWN(batch)
{
	MT_TEARDOWN(self->dev);
}

static int send_batch(struct mt_task *task)
{
	struct batch *batch = (struct batch *)task;

	return mt_send_batchmsg(task->fd, &batch->send, batch->sends,
				batch->nr);
}

static int recv_batch(struct mt_task *task)
{
	struct batch *batch = (struct batch *)task;

	return mt_recv_batchmsg(task->fd, &batch->recv, batch->recvs,
				batch->nr);
}

#define PUT(number) ASSERT_EQ(0, mt_send_number(self->box, number, 0, 0))

/* Fill the mailbox with numbers from 100 on. */
#define FILL() do {							\
	int __i;							\
									\
	for (__i = 100; __i < 105; __i++)				\
		PUT(__i);						\
} while (0)

/* ---- receiving ---------------------------------------------------------------------- */

TEST_F(batch, takes_what_there_is)
{
	struct batch *batch = &self->batch[0];

	PUT(7);
	PUT(8);
	EXPECT_EQ(2, recv_batch(&batch->task));
	EXPECT_EQ(EAGAIN, batch->recv.error);
	EXPECT_EQ(7, batch->number[0]);
	EXPECT_EQ(8, batch->number[1]);
	/* also where there is still time */
	PUT(9);
	batch->recv.deadline = mt_deadline(100000);
	EXPECT_EQ(1, recv_batch(&batch->task));
	EXPECT_EQ(EAGAIN, batch->recv.error);
	batch->recv.deadline = mt_deadline(1);
	EXPECT_EQ(-ETIMEDOUT, recv_batch(&batch->task));
	batch->recv.flags = MBOX_DONTWAIT;
	EXPECT_EQ(-EAGAIN, recv_batch(&batch->task));
}

TEST_F(batch, waits_for_the_first_message)
{
	struct batch *batch = &self->batch[0];

	ASSERT_TRUE(mt_task_blocks(&batch->task, recv_batch));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_receivers);
	PUT(7);
	EXPECT_EQ(1, mt_task_end(&batch->task));
	EXPECT_EQ(EAGAIN, batch->recv.error);
	EXPECT_EQ(7, batch->number[0]);
	EXPECT_EQ(1, batch->recvs[0].seq);
}

/* It gets the first, and of the others as many as it finds. */
TEST_F(batch, sent_to_one_that_is_waited_for)
{
	struct batch *to = &self->batch[0], *from = &self->batch[1];
	int n, i;

	ASSERT_TRUE(mt_task_blocks(&to->task, recv_batch));
	from->nr = 3;
	EXPECT_EQ(3, send_batch(&from->task));
	EXPECT_EQ(0, from->send.error);
	n = mt_task_end(&to->task);
	EXPECT_LE(1, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, i < n ? to->number[i] : mt_recv_next(self->box));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->box));
}

/* One message is for one of those who wait, also if they come together. */
TEST_F(batch, sent_to_several_who_wait)
{
	struct batch *from = &self->batch[1];
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_TRUE(mt_match_blocks(&self->task[i], self->box,
					    mt_any()));
	EXPECT_EQ(5, send_batch(&from->task));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, mt_task_number(&self->task[i]));
	EXPECT_EQ(3, mt_recv_next(self->box));
	EXPECT_EQ(4, mt_recv_next(self->box));
}

/* It waits for the first that matches. */
TEST_F(batch, waits_for_what_it_selects)
{
	struct batch *batch = &self->batch[0];

	batch->recv.match = mt_type(7);
	ASSERT_TRUE(mt_task_blocks(&batch->task, recv_batch));
	PUT(1);
	EXPECT_TRUE(mt_task_settle(&batch->task));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	EXPECT_EQ(1, mt_task_end(&batch->task));
	EXPECT_EQ(2, batch->number[0]);
	EXPECT_EQ(1, mt_recv_next(self->box));
}

TEST_F(batch, descriptor_that_does_not_wait)
{
	struct batch *batch = &self->batch[0];

	ASSERT_EQ(0, fcntl(self->box, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, recv_batch(&batch->task));
	EXPECT_EQ(5, send_batch(&batch->task));
	EXPECT_EQ(-EAGAIN, send_batch(&batch->task));
	EXPECT_EQ(MBOX_LIMIT_MSGS, batch->send.refusal.limit);
}

/* ---- sending ---------------------------------------------------------------------------- */

TEST_F(batch, waits_for_room_for_the_first)
{
	struct batch *batch = &self->batch[0];
	int i;

	FILL();
	ASSERT_TRUE(mt_task_blocks(&batch->task, send_batch));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ(100, mt_recv_next(self->box));
	EXPECT_EQ(1, mt_task_end(&batch->task));
	EXPECT_EQ(EAGAIN, batch->send.error);
	EXPECT_EQ(MBOX_LIMIT_MSGS, batch->send.refusal.limit);
	for (i = 101; i < 105; i++)
		EXPECT_EQ(i, mt_recv_next(self->box));
	EXPECT_EQ(0, mt_recv_next(self->box));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->box));
}

TEST_F(batch, sends_on_where_there_is_room_for_more)
{
	struct batch *batch = &self->batch[0];
	int i;

	FILL();
	ASSERT_TRUE(mt_task_blocks(&batch->task, send_batch));
	EXPECT_EQ(5, mt_purge(self->box));
	EXPECT_EQ(5, mt_task_end(&batch->task));
	EXPECT_EQ(0, batch->send.error);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(i, mt_recv_next(self->box));
}

/* What the kernel returns is a small negative number, not one of 32 bits. */
TEST_F(batch, fails_with_an_errno)
{
	struct mbox_recv_item in = {};
	struct mbox_send_item out = {};
	struct mbox_recv_batch recv = {
		.size = sizeof(recv),
		.flags = MBOX_DONTWAIT,
		.items = (uintptr_t)&in,
		.nr = 1,
	};
	struct mbox_send_batch send = {
		.size = sizeof(send),
		.flags = MBOX_DONTWAIT,
		.items = (uintptr_t)&out,
		.nr = 1,
	};
	int full = mt_sized(self->dev, NULL, 1, 0, 0);

	errno = 0;
	EXPECT_EQ(-1, syscall(__NR_ioctl, full, MBOX_IOC_RECV_BATCH, &recv));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(1, syscall(__NR_ioctl, full, MBOX_IOC_SEND_BATCH, &send));
	errno = 0;
	EXPECT_EQ(-1, syscall(__NR_ioctl, full, MBOX_IOC_SEND_BATCH, &send));
	EXPECT_EQ(EAGAIN, errno);
	out.priority = MBOX_PRIORITY_MAX + 1;
	errno = 0;
	EXPECT_EQ(-1, syscall(__NR_ioctl, full, MBOX_IOC_SEND_BATCH, &send));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(batch, deadline_is_of_the_first)
{
	struct batch *batch = &self->batch[0];

	batch->send.deadline = mt_deadline(100000);
	batch->nr = 6;
	EXPECT_EQ(5, send_batch(&batch->task));
	EXPECT_EQ(EAGAIN, batch->send.error);
	batch->send.deadline = mt_deadline(1);
	EXPECT_EQ(-ETIMEDOUT, send_batch(&batch->task));
	EXPECT_EQ(MBOX_LIMIT_MSGS, batch->send.refusal.limit);
	EXPECT_EQ(5, mt_stat_of(self->box).sent);
}

/* ---- signals ------------------------------------------------------------------------------- */

TEST_F(batch, interrupted_has_done_nothing)
{
	struct batch *batch = &self->batch[0];

	ASSERT_TRUE(mt_task_blocks(&batch->task, recv_batch));
	mt_task_signal(&batch->task);
	EXPECT_EQ(-EINTR, mt_task_end(&batch->task));
	EXPECT_EQ(EINTR, batch->recv.error);
	FILL();
	ASSERT_TRUE(mt_task_blocks(&batch->task, send_batch));
	mt_task_signal(&batch->task);
	EXPECT_EQ(-EINTR, mt_task_end(&batch->task));
	EXPECT_EQ(EINTR, batch->send.error);
	EXPECT_EQ(5, mt_stat_of(self->box).sent);
	EXPECT_EQ(0, mt_stat_of(self->box).received);
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_senders);
}

TEST_F(batch, restarted_begins_anew)
{
	struct batch *batch = &self->batch[0];

	mt_catch(SA_RESTART);
	ASSERT_TRUE(mt_task_blocks(&batch->task, recv_batch));
	mt_task_signal(&batch->task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 1));
	ASSERT_TRUE(mt_task_settle(&batch->task));
	PUT(7);
	EXPECT_EQ(1, mt_task_end(&batch->task));
	EXPECT_EQ(7, batch->number[0]);
}

#define MESSAGES	6000

/* One who sends, or receives, all messages in batches of any size. */
static int send_all(struct mt_task *task)
{
	struct batch *batch = (struct batch *)task;
	unsigned int seed = 1;
	int next = 0, i, ret;

	while (next < MESSAGES) {
		batch->nr = 1 + rand_r(&seed) % 20;
		if (batch->nr > MESSAGES - next)
			batch->nr = MESSAGES - next;
		for (i = 0; i < batch->nr; i++)
			batch->number[i] = next + i;
		ret = send_batch(task);
		if (ret < 0 && ret != -EINTR)
			return ret;
		next += ret < 0 ? 0 : ret;
	}
	return next;
}

static int recv_all(struct mt_task *task)
{
	struct batch *batch = (struct batch *)task;
	unsigned int seed = 2;
	int next = 0, i, ret;

	while (next < MESSAGES) {
		batch->nr = 1 + rand_r(&seed) % 20;
		ret = recv_batch(task);
		if (ret < 0 && ret != -EINTR)
			return ret;
		for (i = 0; i < ret; i++)
			if (batch->number[i] != next++)
				return -EBADMSG;
	}
	return next;
}

/* Called away at any time, both lose nothing and do nothing twice. */
TEST_F_TIMEOUT(batch, all_come_once_and_in_order, 120)
{
	struct mt_task *from = &self->batch[0].task;
	struct mt_task *to = &self->batch[1].task;
	unsigned int i;

	mt_task_start(from, send_all);
	mt_task_start(to, recv_all);
	for (i = 0; !mt_task_is_done(to); i++) {
		mt_catch(i / 16 % 2 ? SA_RESTART : 0);
		if (!mt_task_is_done(from))
			mt_task_signal(from);
		mt_task_signal(to);
		sched_yield();
	}
	EXPECT_EQ(MESSAGES, mt_task_end(from));
	EXPECT_EQ(MESSAGES, mt_task_end(to));
	EXPECT_EQ(MESSAGES, mt_stat_of(self->box).received);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	TH_LOG("%u signals", mt_caught());
}

TEST_HARNESS_MAIN
