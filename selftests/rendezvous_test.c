// SPDX-License-Identifier: GPL-2.0
/*
 * Rendezvous: there is no room for messages, a sender waits until a receiver
 * has its message. Until then it can be withdrawn, and from then on it is sent,
 * whatever the receiver does with it. Calls and batches are the subject of
 * rendezvous_call_test.c.
 */
#include "mbox_test_policy.h"

FIXTURE(meet) {
	int dev;
	int box;
	struct mt_task task[4];
	struct mt_child child[3];
};

FIXTURE_SETUP(meet)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL,
			      .flags = MBOX_CREATE_RENDEZVOUS);
	ASSERT_LE(0, self->box);
	mt_catch(0);
}

FIXTURE_TEARDOWN(meet)
{
	MT_TEARDOWN(self->dev);
}

/* Is nobody there, and nothing? */
static bool is_deserted(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.kind && !stat.msgs && !stat.held && !stat.bytes &&
	       !stat.waiting_senders && !stat.waiting_receivers &&
	       mt_get(box) == -EAGAIN;
}

static unsigned int senders(int box)
{
	return mt_stat_of(box).waiting_senders;
}

TEST_F(meet, has_no_capacity)
{
	struct mbox_stat stat = mt_stat_of(self->box);
	struct mbox_set msgs = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 5 };
	struct mbox_set bytes = {
		.flags = MBOX_SET_MAX_BYTES,
		.max_bytes = 1 << 20,
	};

	EXPECT_EQ(MBOX_STATE_RENDEZVOUS, stat.state & MBOX_STATE_RENDEZVOUS);
	EXPECT_EQ(0, stat.max_msgs);
	EXPECT_EQ(0, stat.max_bytes);
	EXPECT_EQ(MBOX_DEFAULT_MSG_SIZE, stat.msg_size);
	EXPECT_EQ(-EINVAL, mt_set(self->box, &msgs));
	EXPECT_EQ(-EINVAL, mt_set(self->box, &bytes));
	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, NULL, .max_msgs = 1,
				     .flags = MBOX_CREATE_RENDEZVOUS));
	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, NULL, .max_bytes = 1 << 20,
				     .flags = MBOX_CREATE_RENDEZVOUS));
}

/* ---- the sender waits ---------------------------------------------------------- */

TEST_F(meet, sender_waits_for_a_receiver)
{
	struct mt_task *sender = &self->task[0];
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 7, 3));
	EXPECT_EQ(1, senders(self->box));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ(7, msg.type);
	EXPECT_EQ(3, msg.priority);
	EXPECT_EQ(mt_task_tid(sender), msg.tid);
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_EQ(1, mt_stat_of(self->box).sent);
	EXPECT_EQ(1, mt_stat_of(self->box).received);
	EXPECT_TRUE(is_deserted(self->box));
}

TEST_F(meet, sender_finds_a_receiver_that_waits)
{
	struct mt_task *receiver = &self->task[0];

	EXPECT_EQ(-EAGAIN, mt_put(self->box, 'x'));
	ASSERT_TRUE(mt_getter_blocks(receiver, self->box));
	EXPECT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(receiver));
	EXPECT_EQ(-EAGAIN, mt_put(self->box, 'x'));
	ASSERT_TRUE(mt_getter_blocks(receiver, self->box));
	EXPECT_EQ(0, mt_send(self->box, "b", 1, 0, 0));
	EXPECT_EQ('b', mt_getter_end(receiver));
	EXPECT_TRUE(is_deserted(self->box));
}

/* Who does not wait needs one that waits for such a message. */
TEST_F(meet, sender_finds_a_receiver_that_wants_it)
{
	struct mt_task *receiver = &self->task[0], *sender = &self->task[1];

	ASSERT_TRUE(mt_match_blocks(receiver, self->box, mt_type(7)));
	EXPECT_EQ(-EAGAIN, mt_put_typed(self->box, 'x', 8, 0));
	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 8, 0));
	EXPECT_TRUE(mt_task_settle(receiver));
	EXPECT_EQ(0, mt_put_typed(self->box, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(receiver));
	EXPECT_TRUE(mt_task_settle(sender));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_TRUE(is_deserted(self->box));
}

/* Of those who wait, the most important comes first, then the first. */
TEST_F(meet, senders_are_met_by_priority)
{
	static const int priority[] = { 0, 5, 5, 9 };
	static const int order[] = { 3, 1, 2, 0 };
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_TRUE(mt_putter_blocks(&self->task[i], self->box,
					     'a' + i, 0, priority[i]));
	EXPECT_EQ(4, senders(self->box));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ('a' + order[i], mt_get(self->box));
		EXPECT_EQ(1, mt_task_end(&self->task[order[i]]));
		EXPECT_EQ(3 - i, senders(self->box));
	}
}

TEST_F(meet, senders_are_met_by_type)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_TRUE(mt_putter_blocks(&self->task[i], self->box,
					     'a' + i, 10 + i, 0));
	msg.match = mt_type(9);
	EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &msg));
	msg.match = mt_type(12);
	EXPECT_EQ('c', mt_getmsg(self->box, &msg));
	EXPECT_EQ(1, mt_task_end(&self->task[2]));
	EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &msg));
	msg.match = mt_type_not(10);
	EXPECT_EQ('b', mt_getmsg(self->box, &msg));
	EXPECT_EQ(1, mt_task_end(&self->task[1]));
	msg.match = mt_type_max(20);
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ(1, mt_task_end(&self->task[0]));
	EXPECT_TRUE(mt_task_settle(&self->task[3]));
	msg.match = mt_from(getpid());
	EXPECT_EQ('d', mt_getmsg(self->box, &msg));
	EXPECT_EQ(1, mt_task_end(&self->task[3]));
}

/* The message is as large as it is, and a receiver of less gets nothing. */
TEST_F(meet, sender_of_too_much_waits_on)
{
	struct mt_task *sender = &self->task[0];
	char byte;

	*sender = (struct mt_task){ .fd = self->box, .send.len = 100 };
	ASSERT_TRUE(mt_task_blocks(sender, mt_task_send));
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, &byte, 1, MBOX_DONTWAIT));
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, &byte, 1, 0));
	EXPECT_TRUE(mt_task_settle(sender));
	EXPECT_EQ(1, senders(self->box));
	EXPECT_EQ(0, mt_get(self->box));
	EXPECT_EQ(100, mt_task_end(sender));
}

/* To look at it is not to meet. */
TEST_F(meet, sender_that_is_looked_at_waits_on)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_PEEK };

	EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &msg));
	ASSERT_TRUE(mt_putter_blocks(&self->task[0], self->box, 'a', 0, 0));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	EXPECT_EQ(1, senders(self->box));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task[0]));
}

/* ---- the message is withdrawn ------------------------------------------------------ */

TEST_F(meet, is_off_at_the_deadline)
{
	struct mt_task *sender = &self->task[0];

	*sender = (struct mt_task){ .fd = self->box, .send.len = 1 };
	sender->send.deadline = mt_deadline(30);
	mt_task_start(sender, mt_task_send);
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(sender));
	EXPECT_LE(sender->send.deadline, mt_now(CLOCK_MONOTONIC));
	EXPECT_TRUE(is_deserted(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).received);
	/* as is one whose deadline is over, unless somebody waits */
	EXPECT_EQ(-ETIMEDOUT, mt_task_send(sender));
	ASSERT_TRUE(mt_getter_blocks(&self->task[1], self->box));
	EXPECT_EQ(1, mt_task_send(sender));
	EXPECT_EQ(0, mt_getter_end(&self->task[1]));
}

/* Who does not wait is not met by one who cannot take the message. */
TEST_F(meet, is_off_where_the_receiver_has_no_space)
{
	struct mt_task *receiver = &self->task[0];
	char byte;

	*receiver = (struct mt_task){
		.fd = self->box,
		.recv = { .buf = (uintptr_t)&byte, .buf_size = 1 },
	};
	ASSERT_TRUE(mt_task_blocks(receiver, mt_task_recv));
	EXPECT_EQ(-EAGAIN, mt_put_sized(self->box, 'a', 2, 0));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(receiver));
	EXPECT_EQ(2, receiver->recv.len);
	EXPECT_EQ(0, mt_stat_of(self->box).sent);
	EXPECT_TRUE(is_deserted(self->box));
}

TEST_F(meet, is_off_when_its_time_is_over)
{
	struct mt_task *sender = &self->task[0];

	*sender = (struct mt_task){
		.fd = self->box,
		.send = { .len = 1, .ttl = 50000000 },
	};
	ASSERT_TRUE(mt_task_blocks(sender, mt_task_send));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(sender));
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
}

TEST_F(meet, is_off_after_a_signal)
{
	ASSERT_TRUE(mt_putter_blocks(&self->task[0], self->box, 'a', 0, 0));
	mt_task_signal(&self->task[0]);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task[0]));
	EXPECT_TRUE(is_deserted(self->box));
}

/* A signal whose handler restarts the call changes nothing. */
TEST_F(meet, is_on_after_a_signal)
{
	struct mt_task *sender = &self->task[0];
	int i;

	mt_catch(SA_RESTART);
	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 0, 0));
	for (i = 1; i <= 3; i++) {
		mt_task_signal(sender);
		ASSERT_TRUE(MT_UNTIL(mt_caught() == i));
		ASSERT_TRUE(mt_task_settle(sender));
		ASSERT_TRUE(MT_UNTIL(senders(self->box) == 1));
	}
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_TRUE(is_deserted(self->box));
}

TEST_F(meet, is_off_when_the_sender_dies)
{
	struct mt_task *next = &self->task[0];

	mt_worker_start(&self->child[0], NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_WRITE));
	ASSERT_TRUE(mt_worker_blocks(&self->child[0], 'a'));
	ASSERT_TRUE(mt_putter_blocks(next, self->box, 'b', 0, 0));
	mt_child_kill(&self->child[0]);
	EXPECT_EQ(1, senders(self->box));
	EXPECT_EQ('b', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(next));
	EXPECT_TRUE(is_deserted(self->box));
}

TEST_F(meet, is_off_when_nobody_can_come)
{
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	ASSERT_TRUE(mt_putter_blocks(&self->task[0], w, 'a', 0, 0));
	close(self->box);
	EXPECT_EQ(-EPIPE, mt_task_end(&self->task[0]));
	EXPECT_EQ(-EPIPE, mt_put(w, 'b'));
}

/* A purge is of what is queued, and not of those who wait to be met. */
TEST_F(meet, is_on_after_a_purge)
{
	ASSERT_TRUE(mt_putter_blocks(&self->task[0], self->box, 'a', 0, 0));
	EXPECT_EQ(0, mt_purge(self->box));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task[0]));
}

/* ---- after they have met ------------------------------------------------------------ */

/* The receiver could not read it: it stays, and has been sent. */
TEST_F(meet, what_was_not_read_is_queued)
{
	struct mt_task *sender = &self->task[0];
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 0, 0));
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 1, MBOX_DONTWAIT));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(1, mt_stat_of(self->box).bytes);
	EXPECT_EQ(POLLIN, mt_events(self->box) & POLLIN);
	/* that one is queued is no room for another */
	EXPECT_EQ(-EAGAIN, mt_put(self->box, 'x'));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ(0, msg.deliveries);
	EXPECT_TRUE(is_deserted(self->box));
}

/* So it is with one that is given back, however often. */
TEST_F(meet, what_is_given_back_is_queued)
{
	struct mt_task *sender = &self->task[0], *later = &self->task[1];
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	__s64 token;
	int i;

	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 0, 5));
	for (i = 0; i < 3; i++) {
		token = mt_lease(self->box);
		ASSERT_LT(0, token);
		if (!i)
			EXPECT_EQ(1, mt_task_end(sender));
		EXPECT_EQ(0, mt_nack(self->box, token, 0));
	}
	/* it is older than those who wait, and not more than that */
	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'b', 0, 5));
	ASSERT_TRUE(mt_putter_blocks(later, self->box, 'c', 0, 9));
	EXPECT_EQ('c', mt_get(self->box));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ(3, msg.deliveries);
	EXPECT_EQ('b', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_EQ(1, mt_task_end(later));
	EXPECT_TRUE(is_deserted(self->box));
}

/* And with one whose receiver has died. */
TEST_F(meet, what_a_dead_receiver_had_is_queued)
{
	struct mt_task *sender = &self->task[0], *receiver = &self->task[1];

	mt_worker_start(&self->child[0], NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_READ));
	ASSERT_TRUE(mt_putter_blocks(sender, self->box, 'a', 0, 0));
	ASSERT_LT(0, mt_worker_does(&self->child[0], MT_LEASE));
	EXPECT_EQ(1, mt_task_end(sender));
	ASSERT_TRUE(mt_getter_blocks(receiver, self->box));
	mt_child_kill(&self->child[0]);
	EXPECT_EQ('a', mt_getter_end(receiver));
	EXPECT_EQ(1, receiver->recv.deliveries);
	EXPECT_TRUE(is_deserted(self->box));
}

/* ---- poll ----------------------------------------------------------------------------- */

TEST_F(meet, poll_shows_who_waits)
{
	int r = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	EXPECT_EQ(0, mt_events(self->box));
	ASSERT_TRUE(mt_putter_blocks(&self->task[0], self->box, 'a', 0, 0));
	EXPECT_EQ(POLLIN, mt_events(self->box));
	EXPECT_EQ(POLLIN, mt_events(r));
	EXPECT_EQ(0, mt_events(w));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task[0]));
	EXPECT_EQ(0, mt_events(self->box));

	ASSERT_TRUE(mt_getter_blocks(&self->task[0], self->box));
	EXPECT_EQ(POLLOUT, mt_events(self->box));
	EXPECT_EQ(0, mt_events(r));
	EXPECT_EQ(POLLOUT, mt_events(w));
	EXPECT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ('b', mt_getter_end(&self->task[0]));
	EXPECT_EQ(0, mt_events(self->box));

	/* whatever it is that he wants */
	self->task[0] = (struct mt_task){};
	ASSERT_TRUE(mt_match_blocks(&self->task[0], self->box, mt_type(7)));
	EXPECT_EQ(POLLOUT, mt_events(w));
	EXPECT_EQ(0, mt_put_typed(self->box, 'c', 7, 0));
	EXPECT_EQ('c', mt_getter_end(&self->task[0]));
}

/* Who polls is woken by the other side, not by who polls there. */
TEST_F(meet, poll_waits_for_who_waits)
{
	struct mt_task *in = &self->task[0], *out = &self->task[1];
	struct mt_task *other = &self->task[2];

	ASSERT_TRUE(mt_poller_blocks(in, self->box, POLLIN));
	ASSERT_TRUE(mt_poller_blocks(out, self->box, POLLOUT));
	EXPECT_TRUE(mt_task_settle(in));
	ASSERT_TRUE(mt_putter_blocks(other, self->box, 'a', 0, 0));
	EXPECT_EQ(POLLIN, mt_task_end(in));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(other));
	EXPECT_TRUE(mt_task_settle(out));
	ASSERT_TRUE(mt_getter_blocks(other, self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(out));
	EXPECT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ('b', mt_getter_end(other));
}

/* Who looks at a message does not meet its sender. */
TEST_F(meet, poll_sleeps_while_somebody_looks)
{
	struct mt_task *out = &self->task[0], *looker = &self->task[1];
	struct mt_task *receiver = &self->task[2];
	long switches;

	ASSERT_TRUE(mt_poller_blocks(out, self->box, POLLOUT));
	switches = mt_switches(mt_task_tid(out));
	*looker = (struct mt_task){
		.fd = self->box,
		.recv.flags = MBOX_PEEK,
	};
	ASSERT_TRUE(mt_task_blocks(looker, mt_task_recv));
	EXPECT_EQ(0, mt_events(self->box));
	EXPECT_TRUE(mt_slept_on(out, switches));
	ASSERT_TRUE(mt_getter_blocks(receiver, self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(out));
	EXPECT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(looker));
	EXPECT_EQ('a', mt_getter_end(receiver));
}

/* An endpoint is told of what it wants only. */
TEST_F(meet, poll_goes_by_the_filter)
{
	int r = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_EQ(0, mt_filter(r, mt_type(7)));
	ASSERT_TRUE(mt_putter_blocks(&self->task[0], self->box, 'a', 8, 0));
	EXPECT_EQ(0, mt_events(r));
	EXPECT_EQ(-EAGAIN, mt_get(r));
	ASSERT_TRUE(mt_putter_blocks(&self->task[1], self->box, 'b', 7, 0));
	EXPECT_EQ(POLLIN, mt_events(r));
	EXPECT_EQ('b', mt_get(r));
	EXPECT_EQ(1, mt_task_end(&self->task[1]));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task[0]));
}

/* ---- processes -------------------------------------------------------------------------- */

/* One sends, and two receive in turn. */
TEST_F(meet, of_three_processes)
{
	struct mt_child *child = self->child;
	int i;

	for (i = 0; i < 3; i++)
		mt_worker_start(&child[i], NULL,
				mt_open_fd(self->dev, self->box, MT_RW));
	EXPECT_EQ(-EAGAIN, mt_worker_does(&child[1], MT_TRY));
	ASSERT_TRUE(mt_worker_blocks(&child[0], 'a'));
	EXPECT_EQ('a', mt_worker_does(&child[1], MT_TRY));
	EXPECT_EQ(0, mt_hear(child[0].sock));
	ASSERT_TRUE(mt_worker_blocks(&child[2], MT_GET));
	ASSERT_TRUE(mt_worker_blocks(&child[1], MT_GET));
	EXPECT_EQ(0, mt_worker_does(&child[0], 'b'));
	EXPECT_EQ(0, mt_worker_does(&child[0], 'c'));
	EXPECT_EQ('b', mt_hear(child[2].sock));
	EXPECT_EQ('c', mt_hear(child[1].sock));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
	EXPECT_TRUE(is_deserted(self->box));
}

TEST_HARNESS_MAIN
