// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast: those who wait at an endpoint, for a message, for one that comes
 * back, or for the end, and what they are told of what they have missed.
 */
#include "mbox_test_policy.h"
#include "mbox_test_signal.h"

#define ROOM	4	/* messages */
#define MSEC	1000000ULL

FIXTURE(wait) {
	int dev;
	int w;
	int r[3];
	struct mt_task task[3];
	struct mt_child child;
};

FIXTURE_SETUP(wait)
{
	int box, i;

	mt_sig_block();
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			.receivers = MBOX_RECEIVERS_BROADCAST,
			.when_full = MBOX_FULL_DROP_OLDEST);
	self->w = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->w);
	for (i = 0; i < 3; i++) {
		self->r[i] = mt_open_fd(self->dev, box, MBOX_O_READ);
		ASSERT_LE(0, self->r[i]);
	}
	close(box);
}

FIXTURE_TEARDOWN(wait)
{
	MT_TEARDOWN(self->dev);
}

static int put_brief(int w, char letter, __u64 ttl)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT, .ttl = ttl };

	return mt_putmsg(w, letter, &msg);
}

/* Let so much time pass. */
static void outlive(__u64 ttl)
{
	__u64 end = mt_now(CLOCK_MONOTONIC) + ttl;

	while (mt_now(CLOCK_MONOTONIC) <= end)
		mt_pause();
}

/* A thread that looks at the next message, and has to wait for one. */
static bool peek_blocks(struct mt_task *task, int r)
{
	*task = (struct mt_task){ .fd = r, .recv.flags = MBOX_PEEK };
	return mt_task_blocks(task, mt_task_recv);
}

/* How many messages a look at this letter says were missed, or -errno. */
static __s64 peek_missed(int r, char letter)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_PEEK };
	int ret = mt_getmsg(r, &msg);

	return ret == letter ? (__s64)msg.missed : ret < 0 ? ret : -EBADMSG;
}

/* ---- the end ------------------------------------------------------------------ */

/* It is for all who wait at an endpoint, not for one of them. */
TEST_F(wait, end_is_for_all_at_an_endpoint)
{
	struct mt_task *task = self->task;

	ASSERT_TRUE(mt_getter_blocks(&task[0], self->r[0]));
	ASSERT_TRUE(mt_getter_blocks(&task[1], self->r[0]));
	ASSERT_TRUE(mt_poller_blocks(&task[2], self->r[0], POLLIN));
	close(self->w);
	EXPECT_EQ(-EPIPE, mt_getter_end(&task[0]));
	EXPECT_EQ(-EPIPE, mt_getter_end(&task[1]));
	EXPECT_EQ(POLLHUP, mt_task_end(&task[2]) & POLLHUP);
}

/* It comes when what is held, and might come back, has expired with its holder. */
TEST_F(wait, end_after_a_lease_has_expired)
{
	struct mt_task *waits = &self->task[0];

	mt_worker_start(&self->child, NULL, dup(self->r[0]));
	ASSERT_EQ(0, put_brief(self->w, 'a', 200 * MSEC));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	ASSERT_TRUE(mt_getter_blocks(waits, self->r[0]));
	close(self->w);
	EXPECT_TRUE(mt_task_settle(waits));
	outlive(200 * MSEC);
	mt_child_kill(&self->child);
	EXPECT_EQ(-EPIPE, mt_getter_end(waits));
}

/* Or when it is acked. */
TEST_F(wait, end_after_an_ack)
{
	struct mt_task *waits = &self->task[0];
	__s64 token;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	token = mt_lease(self->r[0]);
	ASSERT_LT(0, token);
	ASSERT_TRUE(mt_getter_blocks(waits, self->r[0]));
	close(self->w);
	EXPECT_TRUE(mt_task_settle(waits));
	EXPECT_EQ(0, mt_ack(self->r[0], token));
	EXPECT_EQ(-EPIPE, mt_getter_end(waits));
}

/* So it is for who polls. */
TEST_F(wait, end_after_an_ack_is_polled)
{
	struct mt_task *polls = &self->task[0];
	__s64 token;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	token = mt_lease(self->r[0]);
	ASSERT_LT(0, token);
	ASSERT_TRUE(mt_poller_blocks(polls, self->r[0], POLLIN));
	close(self->w);
	EXPECT_TRUE(mt_task_settle(polls));
	EXPECT_EQ(0, mt_ack(self->r[0], token));
	EXPECT_EQ(POLLHUP, mt_events(self->r[0]) & POLLHUP);
	EXPECT_TRUE(MT_UNTIL(mt_task_is_done(polls)));
	EXPECT_EQ(POLLHUP, polls->poll.revents & POLLHUP);
}

/* ---- what comes back ------------------------------------------------------------ */

/* Who only looks sees it, and leaves it there. */
TEST_F(wait, look_at_what_comes_back)
{
	struct mt_task *peeks = &self->task[0];

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	mt_worker_start(&self->child, NULL, dup(self->r[0]));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	ASSERT_TRUE(peek_blocks(peeks, self->r[0]));
	mt_child_kill(&self->child);
	EXPECT_EQ('a', mt_getter_end(peeks));
	EXPECT_EQ(1, peeks->recv.deliveries);
	EXPECT_EQ(0, peeks->recv.missed);
	EXPECT_EQ(0, mt_missed(self->r[0], 'a'));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
}

/* A message that could not be read in time is gone, as any other. */
TEST_F(wait, back_for_too_long)
{
	close(self->r[1]);
	close(self->r[2]);
	ASSERT_EQ(0, put_brief(self->w, 'a', 200 * MSEC));
	ASSERT_EQ(-EFAULT, mt_recv(self->r[0], NULL, 1, MBOX_DONTWAIT));
	EXPECT_EQ(POLLIN, mt_events(self->r[0]));
	outlive(200 * MSEC);
	EXPECT_EQ(0, mt_events(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_EQ(1, mt_stat_of(self->w).expired);
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ(1, mt_missed(self->r[0], 'b'));
}

/* Nor is it seen by who only looks. */
TEST_F(wait, look_at_what_was_back_for_too_long)
{
	ASSERT_EQ(0, put_brief(self->w, 'a', 200 * MSEC));
	ASSERT_EQ(-EFAULT, mt_recv(self->r[0], NULL, 1, MBOX_DONTWAIT));
	EXPECT_EQ(0, peek_missed(self->r[0], 'a'));
	outlive(200 * MSEC);
	EXPECT_EQ(-EAGAIN, peek_missed(self->r[0], 'a'));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ(1, peek_missed(self->r[0], 'b'));
	EXPECT_EQ(1, mt_missed(self->r[0], 'b'));
}

/* ---- what is told ---------------------------------------------------------------- */

/* Where a receiver that waits gets it, nobody else is to know. */
TEST_F(wait, message_for_a_receiver_is_no_signal)
{
	int i;

	ASSERT_TRUE(mt_sig_async(self->r[0], MT_SIG));
	ASSERT_EQ(0, mt_notify(self->r[1], MT_SIG_B));
	ASSERT_TRUE(mt_sig_async(self->r[2], MT_SIG_C));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->r[i]));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	for (i = 0; i < 2; i++)
		EXPECT_EQ('a', mt_getter_end(&self->task[i]));
	EXPECT_TRUE(mt_sig_is(MT_SIG_C, self->r[2], POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	/* the next one is for all */
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->r[0], POLL_IN));
	EXPECT_TRUE(mt_sig_is(MT_SIG_B, self->r[1], POLL_IN));
	EXPECT_TRUE(mt_sig_is(MT_SIG_C, self->r[2], POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
}

/* What has expired without having been seen keeps no signal back. */
TEST_F(wait, message_after_one_that_has_expired_is_told)
{
	ASSERT_EQ(0, put_brief(self->w, 'a', 1));
	ASSERT_EQ(0, mt_notify(self->r[0], MT_SIG));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->r[0], POLL_IN));
	EXPECT_EQ(1, mt_missed(self->r[0], 'b'));
}

/* Who polls an endpoint by itself, which is one that has a filter, sleeps on. */
TEST_F(wait, message_for_a_receiver_wakes_no_poller)
{
	struct mt_task *waits = &self->task[0], *polls = &self->task[1];
	long switches;

	ASSERT_EQ(0, mt_filter(self->r[0], mt_type_not(99)));
	ASSERT_TRUE(mt_poller_blocks(polls, self->r[0], POLLIN));
	ASSERT_TRUE(mt_getter_blocks(waits, self->r[0]));
	switches = mt_switches(mt_task_tid(polls));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	EXPECT_EQ('a', mt_getter_end(waits));
	EXPECT_TRUE(mt_slept_on(polls, switches));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ(POLLIN, mt_task_end(polls));
	EXPECT_EQ('a', mt_get(self->r[1]));
}

/* ---- what is missed --------------------------------------------------------------- */

/* A look tells what the receive after it would tell, however often. */
TEST_F(wait, look_tells_what_is_missed)
{
	int i;

	for (i = 0; i < ROOM + 2; i++)
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	EXPECT_EQ(2, peek_missed(self->r[0], 'c'));
	EXPECT_EQ(2, peek_missed(self->r[0], 'c'));
	ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	EXPECT_EQ(3, peek_missed(self->r[0], 'd'));
	EXPECT_EQ(3, mt_missed(self->r[0], 'd'));
	EXPECT_EQ(0, peek_missed(self->r[0], 'e'));
	EXPECT_EQ(0, mt_missed(self->r[0], 'e'));
}

/* So does one that had to wait. */
TEST_F(wait, look_that_waits_tells_what_is_missed)
{
	struct mt_task *peeks = &self->task[0];

	ASSERT_EQ(0, put_brief(self->w, 'a', 1));
	ASSERT_EQ(0, put_brief(self->w, 'b', 1));
	ASSERT_TRUE(peek_blocks(peeks, self->r[0]));
	ASSERT_EQ(0, mt_put(self->w, 'c'));
	EXPECT_EQ('c', mt_getter_end(peeks));
	EXPECT_EQ(2, peeks->recv.missed);
	EXPECT_EQ(2, peek_missed(self->r[0], 'c'));
	EXPECT_EQ(2, mt_missed(self->r[0], 'c'));
	EXPECT_EQ(2, mt_missed(self->r[1], 'c'));

	/* it is of the endpoint, whoever has received there */
	ASSERT_TRUE(peek_blocks(peeks, self->r[0]));
	ASSERT_TRUE(mt_getter_blocks(&self->task[1], self->r[0]));
	ASSERT_EQ(0, mt_put(self->w, 'd'));
	EXPECT_EQ('d', mt_getter_end(peeks));
	EXPECT_EQ(0, peeks->recv.missed);
	EXPECT_EQ('d', mt_getter_end(&self->task[1]));
	EXPECT_EQ(0, self->task[1].recv.missed);
}

TEST_HARNESS_MAIN
