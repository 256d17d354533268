// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and batches through a rendezvous, what it does where nobody is to wait,
 * and for how many it is at once.
 */
#include "mbox_test_async.h"
#include "mbox_test_policy.h"

FIXTURE(meet) {
	int dev;
	int box;
	struct mt_task task[4];
	struct mt_caller caller;
	struct mt_child child;
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

/* ---- calls ------------------------------------------------------------------- */

TEST_F(meet, call)
{
	__s64 token;

	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
	EXPECT_EQ(POLLIN, mt_events(self->box));
	token = mt_take_call(self->box);
	ASSERT_LT(0, token);
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	EXPECT_EQ(0, mt_reply(self->box, token, "yes", 4, 17));
	EXPECT_EQ(4, mt_caller_end(&self->caller));
	EXPECT_STREQ("yes", self->caller.reply);
	EXPECT_EQ(17, self->caller.call.status);
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* A server that waits, again and again: the way of most. */
TEST_F(meet, call_of_a_server_that_waits)
{
	struct mt_task *server = &self->task[0];
	int i;

	*server = (struct mt_task){ .fd = self->box };
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(mt_task_blocks(server, mt_task_recv));
		ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
		EXPECT_EQ(2, mt_task_end(server));
		EXPECT_EQ(MBOX_MSG_CALL, server->recv.msg_flags);
		EXPECT_EQ(0, mt_reply(self->box, server->recv.token,
				      &"0123456789"[i], 1, 0));
		EXPECT_EQ(1, mt_caller_end(&self->caller));
		EXPECT_EQ('0' + i, self->caller.reply[0]);
	}
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* It does not wait to be taken, but for the reply it does. */
TEST_F(meet, call_that_does_not_wait_for_a_server)
{
	struct mt_task *server = &self->task[0];

	EXPECT_EQ(-EAGAIN, mt_call_for(self->box, 0, MBOX_DONTWAIT));
	ASSERT_TRUE(mt_getter_blocks(server, self->box));
	self->caller.call.flags = MBOX_DONTWAIT;
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
	EXPECT_EQ('?', mt_getter_end(server));
	EXPECT_EQ(0, mt_reply(self->box, server->recv.token, "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&self->caller));
}

TEST_F(meet, call_that_nobody_takes)
{
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	struct mt_child *child = &self->child;

	/* in time */
	EXPECT_EQ(-ETIMEDOUT, mt_call_for(self->box, 20, 0));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_TRUE(mt_is_empty(self->box));
	/* or before the caller dies */
	if (!mt_fork(child, NULL)) {
		mt_call_for(self->box, 0, 0);
		_exit(1);
	}
	ASSERT_TRUE(mt_wait_blocked(child->pid));
	EXPECT_EQ(POLLIN, mt_events(self->box));
	mt_child_kill(child);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_TRUE(mt_is_empty(self->box));
	/* or ever */
	ASSERT_TRUE(mt_caller_blocks(&self->caller, w, "?"));
	close(self->box);
	EXPECT_EQ(-EPIPE, mt_caller_end(&self->caller));
}

/* It was taken: whether it was done is not known. */
TEST_F(meet, call_whose_server_dies)
{
	struct mt_child *child = &self->child;

	mt_worker_start(child, NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_READ));
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
	ASSERT_LT(0, mt_worker_does(child, MT_LEASE));
	mt_child_kill(child);
	EXPECT_EQ(-ECONNRESET, mt_caller_end(&self->caller));
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* One that may be served again is queued for the next. */
TEST_F(meet, call_that_is_served_again)
{
	struct mt_child *child = &self->child;
	__s64 token;

	mt_worker_start(child, NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_READ));
	self->caller.call.flags = MBOX_REPEATABLE;
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
	ASSERT_LT(0, mt_worker_does(child, MT_LEASE));
	mt_child_kill(child);
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	EXPECT_EQ(POLLIN, mt_events(self->box) & POLLIN);
	token = mt_take_call(self->box);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, mt_reply(self->box, token, "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&self->caller));
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* Interrupted while it waits for a server, and again while it is served. */
TEST_F(meet, call_goes_on_after_a_signal)
{
	struct mt_task *task = &self->caller.task;
	__s64 token;

	mt_catch(SA_RESTART);
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->box, "?"));
	mt_task_signal(task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 1));
	ASSERT_TRUE(mt_task_settle(task));
	token = mt_take_call(self->box);
	ASSERT_LT(0, token);
	mt_task_signal(task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 2));
	ASSERT_TRUE(mt_task_settle(task));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_EQ(0, mt_reply(self->box, token, "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&self->caller));
}

/* Its answer cannot be waited for there, but it can be asked there. */
TEST_F(meet, asynchronous_call)
{
	int back = mt_mailbox(self->dev, NULL, MT_RW);
	struct mt_task *server = &self->task[0];

	EXPECT_EQ(-EOPNOTSUPP, mt_ask(back, self->box, 10, 1));
	EXPECT_TRUE(mt_is_empty(back));
	EXPECT_EQ(-EAGAIN, mt_ask(self->box, back, 10, 2));
	EXPECT_TRUE(mt_is_empty(back));

	ASSERT_TRUE(mt_getter_blocks(server, self->box));
	EXPECT_EQ(0, mt_ask(self->box, back, 10, 3));
	EXPECT_EQ('a', mt_getter_end(server));
	EXPECT_EQ(MBOX_MSG_CALL, server->recv.msg_flags);
	EXPECT_EQ(0, mt_reply(self->box, server->recv.token, "yes", 3, 0));
	EXPECT_TRUE(mt_is_reply(back, 3, "yes"));
	EXPECT_TRUE(mt_is_empty(back));
}

/* ---- batches ------------------------------------------------------------------- */

/* Those who wait are met all at once. */
TEST_F(meet, batch_of_receives)
{
	char letters[9];
	int i, error;

	EXPECT_EQ(-EAGAIN, mt_get_batch(self->box, letters, 8, MBOX_DONTWAIT,
					&error));
	for (i = 0; i < 4; i++)
		ASSERT_TRUE(mt_putter_blocks(&self->task[i], self->box,
					     'a' + i, 0, 0));
	EXPECT_EQ(2, mt_get_batch(self->box, letters, 2, 0, &error));
	EXPECT_STREQ("ab", letters);
	EXPECT_EQ(0, error);
	EXPECT_EQ(2, mt_get_batch(self->box, letters, 8, 0, &error));
	EXPECT_STREQ("cd", letters);
	EXPECT_EQ(EAGAIN, error);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(1, mt_task_end(&self->task[i]));
	EXPECT_EQ(4, mt_stat_of(self->box).received);
}

static const struct mbox_send_item items[] = {
	{ .buf = (uintptr_t)"a", .len = 1 },
	{ .buf = (uintptr_t)"b", .len = 1 },
	{ .buf = (uintptr_t)"c", .len = 1 },
};

/* As many as there are receivers that wait. */
TEST_F(meet, batch_of_sends)
{
	int i, error;

	EXPECT_EQ(-EAGAIN, mt_send_batch(self->box, items, 3, MBOX_DONTWAIT,
					 &error));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->box));
	EXPECT_EQ(2, mt_send_batch(self->box, items, 3, MBOX_DONTWAIT,
				   &error));
	EXPECT_EQ(EAGAIN, error);
	for (i = 0; i < 2; i++)
		EXPECT_EQ('a' + i, mt_getter_end(&self->task[i]));

	for (i = 0; i < 3; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->box));
	EXPECT_EQ(3, mt_send_batch(self->box, items, 3, 0, &error));
	EXPECT_EQ(0, error);
	for (i = 0; i < 3; i++)
		EXPECT_EQ('a' + i, mt_getter_end(&self->task[i]));
}

static int task_send_batch(struct mt_task *task)
{
	int error, ret = mt_send_batch(task->fd, items, 3, 0, &error);

	task->data[0] = error;
	return ret;
}

/* The first one waits for a receiver, and the others do not. */
TEST_F(meet, batch_of_sends_that_waits)
{
	struct mt_task *sender = &self->task[0];

	*sender = (struct mt_task){ .fd = self->box };
	ASSERT_TRUE(mt_task_blocks(sender, task_send_batch));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_EQ(EAGAIN, sender->data[0]);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
}

/* ---- with other policies ----------------------------------------------------------- */

/* Who would wait is refused. */
TEST_F(meet, fails_where_nobody_waits)
{
	int box = MT_POLICY(self->dev, NULL, .when_full = MBOX_FULL_FAIL,
			    .flags = MBOX_CREATE_RENDEZVOUS);

	ASSERT_LE(0, box);
	EXPECT_EQ(-EAGAIN, mt_send(box, "x", 1, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_call_for(box, 0, 0));
	ASSERT_TRUE(mt_getter_blocks(&self->task[0], box));
	EXPECT_EQ(0, mt_send(box, "a", 1, 0, 0));
	EXPECT_EQ('a', mt_getter_end(&self->task[0]));
	EXPECT_EQ(-EAGAIN, mt_send(box, "x", 1, 0, 0));
}

/* Of those who wait for a sender, it is the turn of one. */
TEST_F(meet, in_turn)
{
	int box = MT_POLICY(self->dev, NULL, .turns = MBOX_TURNS_ROUND_ROBIN,
			    .flags = MBOX_CREATE_RENDEZVOUS);
	int other = mt_open_fd(self->dev, box, MBOX_O_READ);

	ASSERT_LE(0, other);
	ASSERT_TRUE(mt_getter_blocks(&self->task[0], box));
	ASSERT_TRUE(mt_getter_blocks(&self->task[1], box));
	ASSERT_TRUE(mt_getter_blocks(&self->task[2], other));
	EXPECT_EQ(0, mt_put(box, 'a'));
	EXPECT_EQ('a', mt_getter_end(&self->task[0]));
	EXPECT_EQ(0, mt_put(box, 'b'));
	EXPECT_EQ('b', mt_getter_end(&self->task[2]));
	EXPECT_EQ(0, mt_put(box, 'c'));
	EXPECT_EQ('c', mt_getter_end(&self->task[1]));
}

/* The one who receives keeps others from meeting the senders that wait. */
TEST_F(meet, one_at_a_time)
{
	int box = MT_POLICY(self->dev, NULL,
			    .receivers = MBOX_RECEIVERS_EXCLUSIVE,
			    .flags = MBOX_CREATE_RENDEZVOUS);

	ASSERT_LE(0, box);
	ASSERT_TRUE(mt_match_blocks(&self->task[0], box, mt_type(7)));
	ASSERT_TRUE(mt_putter_blocks(&self->task[1], box, 'a', 8, 0));
	EXPECT_EQ(-EBUSY, mt_get(box));
	EXPECT_EQ(0, mt_put_typed(box, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(&self->task[0]));
	EXPECT_EQ('a', mt_get(box));
	EXPECT_EQ(1, mt_task_end(&self->task[1]));
}

TEST_HARNESS_MAIN
