// SPDX-License-Identifier: GPL-2.0
/*
 * The reply mailbox of a call whose reply comes as a message: the room that is
 * set aside there, and mailboxes that will not do.
 */
#include <sys/eventfd.h>

#include "mbox_test_async.h"

FIXTURE(async_room) {
	int dev;
	int box;	/* requests */
	int back;	/* replies */
};

FIXTURE_SETUP(async_room)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->back = mt_sized(self->dev, NULL, 3, 100, 150);
	ASSERT_LE(0, self->back);
}

FIXTURE_TEARDOWN(async_room)
{
	close_range(self->dev + 1, ~0U, 0);
	if (_metadata->passed) {
		EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
		MT_EXPECT_IDLE(self->dev, MT_UID_A);
	}
	MT_TEARDOWN(self->dev);
}

TEST_F(async_room, room_is_reserved)
{
	struct mt_task sender = { .fd = self->back, .send = { .len = 60 } };
	struct mt_task poller = { .fd = self->back,
				  .poll = { .events = POLLOUT } };
	struct mbox_send msg = mt_request(self->back, 51, 2);
	struct mbox_stat stat;

	ASSERT_EQ(0, mt_ask(self->box, self->back, 100, 1));
	stat = mt_stat_of(self->back);
	EXPECT_EQ(1, stat.held);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(100, stat.bytes);
	/* it is refused at once, though it might wait */
	msg.flags &= ~MBOX_DONTWAIT;
	EXPECT_EQ(-EAGAIN, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(MBOX_LIMIT_BYTES, msg.refusal.limit);
	EXPECT_EQ(100, msg.refusal.total);
	EXPECT_EQ(150, msg.refusal.max);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(-EAGAIN, mt_send(self->back, mt_data, 51, 0, MBOX_DONTWAIT));

	/* a shorter reply gives the rest back: who waits gets it */
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "", 0, 0));
	EXPECT_EQ(60, mt_task_end(&sender));
	EXPECT_EQ(60, mt_stat_of(self->back).bytes);
	EXPECT_EQ(2, mt_purge(self->back));

	/* and who polls is told */
	ASSERT_EQ(0, mt_ask(self->box, self->back, 100, 1));
	ASSERT_TRUE(mt_task_blocks(&poller, mt_task_poll));
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "", 0, 0));
	EXPECT_TRUE(MT_UNTIL(mt_task_is_done(&poller)));
	/* this wakes it in any case */
	EXPECT_EQ(1, mt_purge(self->back));
	mt_send(self->back, "", 0, 0, 0);
	EXPECT_EQ(1, mt_purge(self->back));
	EXPECT_EQ(POLLOUT, mt_task_end(&poller) & POLLOUT);
}

TEST_F(async_room, replies_count_as_messages)
{
	struct mbox_send msg = mt_request(self->back, 0, 4);
	int i;

	for (i = 1; i <= 2; i++)
		ASSERT_EQ(0, mt_ask(self->box, self->back, 10, i));
	/* what comes between them takes nothing from them */
	ASSERT_EQ(0, mt_send(self->back, "other", 5, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ(3, msg.refusal.total);
	EXPECT_EQ(3, msg.refusal.max);
	EXPECT_EQ(-EAGAIN, mt_send(self->back, "", 0, 0, MBOX_DONTWAIT));
	for (i = 1; i <= 2; i++)
		EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "reply", 5, 0));
	EXPECT_EQ(3, mt_stat_of(self->back).msgs);
	EXPECT_EQ(5, mt_recv(self->back, mt_data, sizeof(mt_data), 0));
	EXPECT_TRUE(mt_is_reply(self->back, 1, "reply"));
	EXPECT_TRUE(mt_is_reply(self->back, 2, "reply"));
	EXPECT_TRUE(mt_is_empty(self->back));
}

/* A call that is refused has dropped nothing where its reply would have gone. */
TEST_F(async_room, nothing_is_dropped_for_a_reply)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 2,
		.when_full = MBOX_FULL_DROP_OLDEST,
	};
	int small = mt_sized(self->dev, NULL, 1, 0, 0);
	int back = mt_create(self->dev, NULL, &attr);
	struct mbox_send msg;

	ASSERT_LE(0, back);
	ASSERT_EQ(0, mt_send(back, "a", 1, 0, 0));
	ASSERT_EQ(0, mt_send(back, "b", 1, 0, 0));
	msg = mt_request(back, 10, 1);
	EXPECT_EQ(-EAGAIN, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	msg = mt_request(back, 10, 1);
	msg.buf = 8;
	EXPECT_GT(0, mt_sendmsg(self->box, &msg));
	ASSERT_EQ(0, mt_send(small, "full", 4, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_ask(small, back, 10, 1));
	EXPECT_EQ(2, mt_stat_of(back).msgs);
	EXPECT_EQ(0, mt_stat_of(back).held);

	/* nor has one that fails where there is room for the reply */
	EXPECT_EQ(1, mt_recv(back, mt_data, sizeof(mt_data), 0));
	EXPECT_EQ('a', mt_data[0]);
	EXPECT_EQ(-EFAULT, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(-EAGAIN, mt_ask(small, back, 10, 1));
	EXPECT_EQ(1, mt_stat_of(back).msgs);
	EXPECT_EQ(0, mt_stat_of(back).held);
	EXPECT_EQ(0, mt_stat_of(back).lost);

	/* what comes does not drop the room of one that is on its way */
	EXPECT_EQ(0, mt_ask(self->box, back, 10, 1));
	EXPECT_EQ(0, mt_send(back, "c", 1, 0, 0));
	EXPECT_EQ(1, mt_stat_of(back).lost);
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "d", 1, 0));
	EXPECT_EQ(2, mt_stat_of(back).msgs);
	EXPECT_EQ(1, mt_stat_of(back).lost);
}

/* What the reply may take is charged to the caller until it is received. */
TEST_F(async_room, charged_to_the_caller)
{
	struct mbox_usage usage;
	struct mt_child child;
	int back = mt_mailbox(self->dev, NULL, MT_RW);

	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, mt_ask(self->box, back, 65536, 1));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_LE(65536, usage.bytes.used);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	/* the call does not end with the caller */
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "late", 4, 0));
	EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
	EXPECT_LE(65536, usage.bytes.used);
	EXPECT_TRUE(mt_is_reply(back, 1, "late"));
}

/* ---- a reply mailbox that will not do ----------------------------------- */

TEST_F(async_room, wrong_reply_mailbox)
{
	struct mbox_create fixed = {
		.flags = MT_RW | MBOX_CREATE_FIXED,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 10,
	};
	int bad[] = {
		-1, 9999, self->dev, mt_region(self->dev, NULL, MT_RW, 1),
		open("/dev/null", O_RDWR), eventfd(0, 0),
		mt_open_fd(self->dev, self->back, MBOX_O_READ),
		mt_open_fd(self->dev, self->back, 0),
	};
	struct mt_state box = mt_state_of(self->dev, self->box, 0);
	struct mt_state back = mt_state_of(self->dev, self->back, 0);
	int i, fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EBADF, mt_ask(self->box, bad[i], 10, 1));
	EXPECT_EQ(-EMSGSIZE, mt_ask(self->box, self->back, 101, 1));
	EXPECT_EQ(-EMSGSIZE, mt_ask(self->box, self->back, ~0U, 1));
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &box));
	EXPECT_TRUE(mt_state_is(self->dev, self->back, 0, &back));
	fd = mt_create(self->dev, NULL, &fixed);
	EXPECT_EQ(-EMSGSIZE, mt_ask(self->box, fd, 10, 1));
	EXPECT_TRUE(mt_is_empty(fd));
	/* one that can only be sent to is what it should be */
	fd = mt_open_fd(self->dev, self->back, MBOX_O_WRITE);
	EXPECT_EQ(0, mt_ask(self->box, fd, 100, 1));
}

/* A call that is not sent leaves no room taken behind. */
TEST_F(async_room, request_refused)
{
	int small = mt_sized(self->dev, NULL, 1, 4, 4), bad = -1;
	struct mbox_send msg = mt_request(self->back, 10, 1);
	int deaf;

	deaf = mt_open_fd(self->dev, small, MBOX_O_WRITE);
	ASSERT_EQ(0, mt_send(small, "full", 4, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_ask(small, self->back, 10, 1));
	msg.flags &= ~MBOX_DONTWAIT;
	msg.deadline = mt_deadline(20);
	EXPECT_EQ(-ETIMEDOUT, mt_sendmsg(small, &msg));
	msg.len = 5;
	EXPECT_EQ(-EMSGSIZE, mt_sendmsg(small, &msg));
	msg = mt_request(self->back, 10, 1);
	msg.buf = 8;
	EXPECT_EQ(-EFAULT, mt_sendmsg(self->box, &msg));
	msg = mt_request(self->back, 10, 1);
	msg.fds = mt_fds(&bad, 1);
	EXPECT_EQ(-EBADF, mt_sendmsg(self->box, &msg));
	msg = mt_request(self->back, 10, 1);
	msg.priority = MBOX_PRIORITY_MAX + 1;
	EXPECT_EQ(-EINVAL, mt_sendmsg(self->box, &msg));
	close(small);
	EXPECT_EQ(-EPIPE, mt_ask(deaf, self->back, 10, 1));
	close(deaf);
	EXPECT_TRUE(mt_is_empty(self->back));
	EXPECT_EQ(0, mt_stat_of(self->back).sent);
	/* nor does a mailbox that nobody can read take one */
	deaf = mt_open_fd(self->dev, self->back, MBOX_O_WRITE);
	close(self->back);
	EXPECT_EQ(-EPIPE, mt_ask(self->box, deaf, 10, 1));
	EXPECT_TRUE(mt_is_empty(self->box));
	EXPECT_TRUE(mt_is_empty(deaf));
}

/* Nobody is left to receive it: the server does not see that. */
TEST_F(async_room, reply_mailbox_gone)
{
	struct mbox_reply reply = { .size = sizeof(reply) };
	int pair[2], writer;

	ASSERT_TRUE(mt_pipe(pair));
	writer = mt_open_fd(self->dev, self->back, MBOX_O_WRITE);
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 2));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 3));
	close(self->back);
	EXPECT_EQ(3, mt_stat_of(writer).held);
	reply.token = mt_take_call(self->box);
	reply.fds = mt_fds(&pair[1], 1);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_REPLY, &reply));
	close(pair[1]);
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_EQ(2, mt_stat_of(writer).held);
	close(writer);
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "late", 4, 0));
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_TRUE(mt_is_empty(self->box));
}

TEST_HARNESS_MAIN
