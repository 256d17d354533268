// SPDX-License-Identifier: GPL-2.0
/*
 * To look at a message is as if nothing had happened. To take as much of it as
 * fits is to receive it.
 */
#include "mbox_test_call.h"
#include "mbox_test_fds.h"
#include "mbox_test_match.h"

FIXTURE(peek) {
	int dev;
	int box;	/* for three messages */
	char data[64];
	struct mbox_recv msg;
	struct mt_task task[4];
};

FIXTURE_SETUP(peek)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 3, 64, 0);
	ASSERT_LE(0, self->box);
	self->msg = (struct mbox_recv){
		.flags = MBOX_DONTWAIT | MBOX_PEEK,
		.buf = (uintptr_t)self->data,
		.buf_size = sizeof(self->data),
	};
}

FIXTURE_TEARDOWN(peek)
{
	MT_TEARDOWN(self->dev);
}

static int send_text(int box, const char *text, unsigned int priority)
{
	return mt_send(box, text, strlen(text) + 1, priority, MBOX_DONTWAIT);
}

/* The text received, and gone then; "" if there is none. */
static const char *recv_text(int box)
{
	static char data[64];
	int ret = mt_recv(box, data, sizeof(data), MBOX_DONTWAIT);

	return ret < 0 ? "" : data;
}

TEST_F(peek, leaves_everything_as_it_was)
{
	struct mbox_recv first;
	struct mt_state before;
	int i;

	ASSERT_EQ(0, send_text(self->box, "first", 5));
	ASSERT_EQ(0, send_text(self->box, "low", 1));
	before = mt_state_of(self->dev, self->box, 0);
	for (i = 0; i < 3; i++) {
		self->msg.token = 77;
		self->msg.deliveries = 77;
		ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
		EXPECT_STREQ("first", self->data);
		EXPECT_EQ(6, self->msg.len);
		EXPECT_EQ(1, self->msg.seq);
		EXPECT_EQ(5, self->msg.priority);
		EXPECT_EQ(getpid(), self->msg.pid);
		EXPECT_EQ(0, self->msg.token);
		EXPECT_EQ(0, self->msg.deliveries);
		EXPECT_EQ(0, self->msg.msg_flags);
	}
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	first = self->msg;

	/* what comes is what was looked at, and in the same order as ever */
	ASSERT_EQ(0, send_text(self->box, "second", 5));
	self->msg.flags = MBOX_DONTWAIT;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_STREQ("first", self->data);
	EXPECT_EQ(first.seq, self->msg.seq);
	EXPECT_EQ(first.time, self->msg.time);
	EXPECT_EQ(0, self->msg.deliveries);
	EXPECT_STREQ("second", recv_text(self->box));
	EXPECT_STREQ("low", recv_text(self->box));
}

/* It tells how often the message came before, and is no delivery itself. */
TEST_F(peek, is_no_delivery)
{
	__s64 token;

	ASSERT_EQ(0, send_text(self->box, "again", 0));
	token = mt_lease(self->box);
	/* what another holds is not to be seen */
	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->box, &self->msg));
	ASSERT_EQ(0, mt_nack(self->box, token, 0));
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(1, self->msg.deliveries);
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(1, self->msg.deliveries);
	self->msg.flags = MBOX_DONTWAIT;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(1, self->msg.deliveries);
}

/* Who holds as much as he may can look for what is next. */
TEST_F(peek, is_not_held)
{
	__s64 limit = mt_param_get("endpoint_max_held"), token;

	ASSERT_EQ(0, send_text(self->box, "held", 0));
	ASSERT_EQ(0, send_text(self->box, "next", 0));
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 1));
	token = mt_lease(self->box);
	EXPECT_LT(0, token);
	EXPECT_EQ(-EDQUOT, mt_lease(self->box));
	EXPECT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_STREQ("next", self->data);
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_STREQ("next", recv_text(self->box));
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
}

TEST_F(peek, that_fails_leaves_everything_as_it_was)
{
	struct mt_state before;

	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->box, &self->msg));
	self->msg.flags = MBOX_PEEK;
	self->msg.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, mt_recvmsg(self->box, &self->msg));
	ASSERT_EQ(0, send_text(self->box, "text", 0));
	before = mt_state_of(self->dev, self->box, 0);
	self->msg.buf_size = 4;
	EXPECT_EQ(-EMSGSIZE, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(5, self->msg.len);
	self->msg.buf_size = 5;
	self->msg.buf = 0;
	EXPECT_EQ(-EFAULT, mt_recvmsg(self->box, &self->msg));
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_STREQ("text", recv_text(self->box));
}

TEST_F(peek, selects_as_a_receive_does)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 8, 0));
	ASSERT_EQ(0, mt_send_number(self->box, 3, 7, 9));
	self->msg.match = mt_type(8);
	EXPECT_EQ(2, mt_recv_number(self->box, &self->msg));
	self->msg.match = mt_type_max(8);
	EXPECT_EQ(3, mt_recv_number(self->box, &self->msg));
	self->msg.match = mt_type(9);
	EXPECT_EQ(-EAGAIN, mt_recv_number(self->box, &self->msg));
	self->msg.match = mt_any();
	EXPECT_EQ(3, mt_recv_number(self->box, &self->msg));
	ASSERT_EQ(0, mt_filter(other, mt_type(8)));
	EXPECT_EQ(2, mt_recv_number(other, &self->msg));
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
	close(other);
}

/* What has been missed is told until a message is received. */
TEST_F(peek, goes_on_counting_what_is_missed)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 2,
		.when_full = MBOX_FULL_DROP_OLDEST,
	};
	int box = mt_create(self->dev, NULL, &attr), i;

	ASSERT_LE(0, box);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mt_send_number(box, i, 0, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(3, mt_recv_number(box, &self->msg));
		EXPECT_EQ(3, self->msg.missed);
	}
	ASSERT_EQ(0, mt_send_number(box, 5, 0, 0));
	self->msg.flags = MBOX_DONTWAIT;
	EXPECT_EQ(4, mt_recv_number(box, &self->msg));
	EXPECT_EQ(4, self->msg.missed);
	EXPECT_EQ(5, mt_recv_number(box, &self->msg));
	EXPECT_EQ(0, self->msg.missed);
	close(box);
}

/* They stay with the message; the peek tells how many there are. */
TEST_F(peek, gives_no_descriptors)
{
	int pair[2], fds[2] = { -1, -1 };
	struct mt_state before;

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_send_fd(self->box, pair[1]));
	close(pair[1]);
	before = mt_state_of(self->dev, self->box, 0);
	self->msg.fds = mt_fds(fds, 2);
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(0, self->msg.fds.nr);
	EXPECT_EQ(1, self->msg.fds.lost);
	EXPECT_EQ(-1, fds[0]);
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	EXPECT_TRUE(mt_pipe_is_open(pair));

	fds[0] = mt_recv_fd(self->box);
	EXPECT_LE(0, fds[0]);
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	close(fds[0]);
	EXPECT_TRUE(mt_pipe_is_closed(pair));
}

/* It has no token: who looks at a call has not taken it. */
TEST_F(peek, takes_no_call)
{
	struct mt_caller caller = {};

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "?"));
	self->msg.token = 77;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_STREQ("?", self->data);
	EXPECT_EQ(0, self->msg.token);
	EXPECT_EQ(MBOX_MSG_CALL, self->msg.msg_flags);
	EXPECT_EQ(sizeof(caller.reply), self->msg.reply_max);
	EXPECT_TRUE(mt_task_settle(&caller.task));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).held);

	self->msg.flags = MBOX_DONTWAIT;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_NE(0, self->msg.token);
	EXPECT_EQ(0, mt_reply(self->box, self->msg.token, "!", 2, 0));
	EXPECT_EQ(2, mt_caller_end(&caller));
}

TEST_F(peek, excludes_what_holds_or_replies)
{
	struct mt_caller caller = {};
	struct mt_state before;
	__s64 token;

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "?"));
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	ASSERT_EQ(0, send_text(self->box, "text", 0));
	before = mt_state_of(self->dev, self->box, 0);
	EXPECT_EQ(-EINVAL, mt_leasemsg(self->box, &self->msg));
	self->msg.reply_token = token;
	EXPECT_EQ(-EINVAL, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(token, self->msg.reply_token);
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_EQ(0, mt_reply(self->box, token, "!", 2, 0));
	EXPECT_EQ(2, mt_caller_end(&caller));
}

/* ---- while it waits -------------------------------------------------------------- */

/* A thread that looks at the next message; true once it waits. */
static bool peeker_blocks(struct mt_task *task, int box)
{
	task->fd = box;
	task->recv.flags = MBOX_PEEK;
	return mt_task_blocks(task, mt_task_recv);
}

/* All who look see it, and who receives gets it. */
TEST_F(peek, sees_what_comes_and_leaves_it_to_a_receiver)
{
	struct mt_task *receiver = &self->task[2];

	ASSERT_TRUE(peeker_blocks(&self->task[0], self->box));
	ASSERT_TRUE(peeker_blocks(&self->task[1], self->box));
	EXPECT_EQ(2, mt_stat_of(self->box).waiting_receivers);
	ASSERT_TRUE(mt_match_blocks(receiver, self->box, mt_any()));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[0]));
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	EXPECT_EQ(1, mt_task_number(receiver));
	EXPECT_EQ(1, self->task[0].recv.seq);
	EXPECT_EQ(0, self->task[0].recv.token);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->box).received);
}

TEST_F(peek, sees_what_comes_and_leaves_it_in_the_queue)
{
	struct mt_task *poller = &self->task[1];

	ASSERT_TRUE(peeker_blocks(&self->task[0], self->box));
	poller->fd = self->box;
	poller->poll.events = POLLIN;
	ASSERT_TRUE(mt_task_blocks(poller, mt_task_poll));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[0]));
	EXPECT_EQ(POLLIN, mt_task_end(poller));
	EXPECT_EQ(1, mt_recv_next(self->box));
}

/* If one before it receives all that comes, it sees one of those or waits on. */
TEST_F(peek, keeps_nobody_from_a_message)
{
	struct mt_task *receiver = &self->task[0], *peeker = &self->task[1];

	ASSERT_TRUE(mt_match_blocks(receiver, self->box, mt_any()));
	ASSERT_TRUE(peeker_blocks(peeker, self->box));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 7, 0));
	EXPECT_EQ(1, mt_task_number(receiver));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	EXPECT_LT(0, mt_task_number(peeker));
	EXPECT_EQ(2, mt_recv_next(self->box));
}

TEST_F(peek, sleeps_through_what_is_not_looked_for)
{
	struct mt_task *peeker = &self->task[0];
	long switches;

	peeker->recv.flags = MBOX_PEEK;
	ASSERT_TRUE(mt_match_blocks(peeker, self->box, mt_type(7)));
	switches = mt_switches(mt_task_tid(peeker));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 8, 0));
	EXPECT_TRUE(mt_slept_on(peeker, switches));
	ASSERT_EQ(0, mt_send_number(self->box, 2, 7, 0));
	EXPECT_EQ(2, mt_task_number(peeker));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
}

/* Who can never see one is told so. */
TEST_F(peek, ends_with_the_mailbox)
{
	int reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_TRUE(peeker_blocks(&self->task[0], reader));
	close(self->box);
	EXPECT_EQ(-EPIPE, mt_task_end(&self->task[0]));
	EXPECT_EQ(-EPIPE, mt_recvmsg(reader, &self->msg));
}

/* ---- as much as fits ----------------------------------------------------------------- */

TEST_F(peek, truncate_cuts_and_consumes)
{
	size_t size, i;

	for (size = 0; size < 12; size++) {
		ASSERT_EQ(0, send_text(self->box, "truncated", 0));
		memset(self->data, '-', sizeof(self->data));
		self->msg.flags = MBOX_DONTWAIT | MBOX_TRUNCATE;
		self->msg.buf = size ? (uintptr_t)self->data : 0;
		self->msg.buf_size = size;
		ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
		EXPECT_EQ(10, self->msg.len);
		EXPECT_EQ(size < 10 ? MBOX_MSG_TRUNCATED : 0,
			  self->msg.msg_flags);
		EXPECT_EQ(0, memcmp("truncated", self->data,
				    size < 10 ? size : 10));
		for (i = size < 10 ? size : 10; i < sizeof(self->data); i++)
			EXPECT_EQ('-', self->data[i]);
		EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	}
	EXPECT_EQ(12, mt_stat_of(self->box).received);
}

/* So one learns how long the next message is. */
TEST_F(peek, truncate_and_peek_leave_it_whole)
{
	ASSERT_EQ(0, send_text(self->box, "whole", 0));
	self->msg.flags |= MBOX_TRUNCATE;
	self->msg.buf_size = 0;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(6, self->msg.len);
	EXPECT_EQ(MBOX_MSG_TRUNCATED, self->msg.msg_flags);
	self->msg.buf_size = 3;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(0, memcmp("who", self->data, 3));
	EXPECT_STREQ("whole", recv_text(self->box));
}

/* A bad pointer is not a short buffer. */
TEST_F(peek, truncate_fails_on_a_bad_pointer)
{
	ASSERT_EQ(0, send_text(self->box, "whole", 0));
	self->msg.flags = MBOX_DONTWAIT | MBOX_TRUNCATE;
	self->msg.buf = 0;
	self->msg.buf_size = 3;
	EXPECT_EQ(-EFAULT, mt_recvmsg(self->box, &self->msg));
	EXPECT_STREQ("whole", recv_text(self->box));
}

/* What is given back is given back whole. */
TEST_F(peek, truncate_of_a_lease)
{
	ASSERT_EQ(0, send_text(self->box, "whole", 0));
	self->msg.flags = MBOX_DONTWAIT | MBOX_TRUNCATE;
	self->msg.buf_size = 3;
	ASSERT_EQ(0, mt_leasemsg(self->box, &self->msg));
	EXPECT_EQ(MBOX_MSG_TRUNCATED, self->msg.msg_flags);
	EXPECT_EQ(6, mt_stat_of(self->box).bytes);
	ASSERT_EQ(0, mt_nack(self->box, self->msg.token, 0));
	EXPECT_STREQ("whole", recv_text(self->box));
}

TEST_F(peek, truncate_of_a_call)
{
	struct mt_caller caller = {};

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "question"));
	self->msg.flags = MBOX_DONTWAIT | MBOX_TRUNCATE;
	self->msg.buf_size = 3;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(9, self->msg.len);
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_TRUNCATED, self->msg.msg_flags);
	EXPECT_EQ(0, mt_reply(self->box, self->msg.token, "!", 2, 0));
	EXPECT_EQ(2, mt_caller_end(&caller));
}

/* Who waits so is not passed over for his small buffer. */
TEST_F(peek, truncate_takes_its_turn)
{
	struct mt_task *task = &self->task[0];

	task->recv.flags = MBOX_TRUNCATE;
	task->recv.buf = (uintptr_t)task->data;
	task->recv.buf_size = 2;
	ASSERT_TRUE(mt_match_blocks(task, self->box, mt_any()));
	ASSERT_TRUE(mt_match_blocks(&self->task[1], self->box, mt_any()));
	ASSERT_EQ(0, send_text(self->box, "abcdef", 0));
	EXPECT_EQ(7, mt_task_end(task));
	EXPECT_EQ(MBOX_MSG_TRUNCATED, task->recv.msg_flags);
	EXPECT_EQ(0, memcmp("ab\0", task->data, 3));
	ASSERT_EQ(0, send_text(self->box, "next", 0));
	EXPECT_EQ(5, mt_task_end(&self->task[1]));
}

TEST_HARNESS_MAIN
