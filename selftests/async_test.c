// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose reply comes as a message in a mailbox of the caller's choice: what
 * comes, from whom, and who can receive it. The room for it is the subject of
 * async_room_test.c.
 */
#include "mbox_test_async.h"

FIXTURE(async) {
	int dev;
	int box;	/* requests */
	int back;	/* replies */
};

FIXTURE_SETUP(async)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->back = mt_sized(self->dev, NULL, 3, 100, 150);
	ASSERT_LE(0, self->back);
}

FIXTURE_TEARDOWN(async)
{
	close_range(self->dev + 1, ~0U, 0);
	if (_metadata->passed) {
		EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
		MT_EXPECT_IDLE(self->dev, MT_UID_A);
	}
	MT_TEARDOWN(self->dev);
}

/* ---- replies ------------------------------------------------------------ */

TEST_F(async, reply)
{
	int pair[2], got[2], ret;
	struct mbox_recv msg;
	struct mt_child child;

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 0xdeadbeefcafeULL));
	if (!mt_fork(&child, &mt_user_a)) {
		struct mbox_reply reply = {
			.size = sizeof(reply),
			.buf = (uintptr_t)"answer",
			.len = 6,
			.status = -17,
			.fds = mt_fds(pair, 2),
		};

		EXPECT_EQ(0, mt_take(self->box, &msg, 0));
		EXPECT_EQ(MBOX_MSG_CALL, msg.msg_flags);
		EXPECT_EQ(10, msg.reply_max);
		EXPECT_EQ(0, msg.cookie);
		EXPECT_EQ(getppid(), msg.pid);
		EXPECT_STREQ("ask", mt_data);
		EXPECT_EQ(MBOX_MSG_CALL, mt_held(self->box, msg.token));
		reply.token = msg.token;
		EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_REPLY, &reply));
		EXPECT_EQ(-ESTALE, mt_ioctl(self->box, MBOX_IOC_REPLY, &reply));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));

	msg = (struct mbox_recv){
		.buf = (uintptr_t)mt_data,
		.buf_size = sizeof(mt_data),
		.fds = mt_fds(got, 2),
	};
	ret = mt_recvmsg(self->back, &msg);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(MBOX_MSG_REPLY, msg.msg_flags);
	EXPECT_EQ(0xdeadbeefcafeULL, msg.cookie);
	EXPECT_EQ(-17, msg.status);
	EXPECT_EQ(0, msg.error);
	EXPECT_EQ(6, msg.len);
	EXPECT_EQ(0, memcmp(mt_data, "answer", 6));
	EXPECT_EQ(child.pid, msg.pid);
	EXPECT_EQ(child.pid, msg.tid);
	EXPECT_EQ(MT_UID_A, msg.uid);
	EXPECT_EQ(MT_UID_A, msg.gid);
	EXPECT_EQ(0, msg.token);
	EXPECT_EQ(0, msg.reply_max);
	EXPECT_EQ(1, msg.seq);
	EXPECT_EQ(2, msg.fds.nr);
	EXPECT_EQ(1, write(got[1], "x", 1));
	EXPECT_EQ(1, read(got[0], mt_data, 1));
	EXPECT_EQ(0, mt_fds_used(self->dev, MT_UID_A));
	EXPECT_TRUE(mt_is_empty(self->back));
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* Given by an ack, and by a receive of the next. */
TEST_F(async, other_ways_to_reply)
{
	struct mbox_recv msg;
	__s64 token;

	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 2));
	token = mt_take_call(self->box);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_TRUE(mt_is_reply(self->back, 1, ""));

	token = mt_take_call(self->box);
	ASSERT_LT(0, token);
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 3));
	msg = (struct mbox_recv){
		.buf = (uintptr_t)mt_data,
		.buf_size = sizeof(mt_data),
		.reply_token = token,
		.reply_buf = (uintptr_t)"two",
		.reply_len = 3,
	};
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_EQ(MBOX_MSG_CALL, msg.msg_flags);
	EXPECT_TRUE(mt_is_reply(self->back, 2, "two"));
	/* one that is too long leaves the token as it is */
	EXPECT_EQ(-EMSGSIZE, mt_reply(self->box, msg.token, mt_data, 11, 0));
	EXPECT_EQ(-EFAULT, mt_reply(self->box, msg.token, NULL, 3, 0));
	EXPECT_EQ(0, mt_reply(self->box, msg.token, "0123456789", 10, 0));
	EXPECT_TRUE(mt_is_reply(self->back, 3, "0123456789"));
}

TEST_F(async, many_outstanding)
{
	static const char text[] = "12345678";
	enum { MANY = 300 };
	int back = mt_mailbox(self->dev, NULL, MT_RW), i;
	__s64 token[MANY];

	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, mt_ask(self->box, back, 8, i));
	EXPECT_EQ(MANY, mt_stat_of(back).held);
	EXPECT_EQ(MANY * 8, mt_stat_of(back).bytes);
	for (i = 0; i < MANY; i++) {
		token[i] = mt_take_call(self->box);
		ASSERT_LT(0, token[i]);
	}
	for (i = MANY - 1; i >= 0; i--)
		ASSERT_EQ(0, mt_reply(self->box, token[i], text, i % 9, 0));
	for (i = MANY - 1; i >= 0; i--)
		ASSERT_TRUE(mt_is_reply(back, i, strndupa(text, i % 9)));
	EXPECT_TRUE(mt_is_empty(back));
	EXPECT_TRUE(mt_is_empty(self->box));
}

/* ---- errors in place of a reply ----------------------------------------- */

TEST_F(async, server_killed)
{
	struct mbox_send again = mt_request(self->back, 10, 2);
	struct mt_child child;
	struct mbox_recv msg;

	again.flags |= MBOX_REPEATABLE;
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	ASSERT_EQ(0, mt_sendmsg(self->box, &again));
	if (!mt_fork(&child, NULL)) {
		EXPECT_LT(0, mt_take_call(self->box));
		EXPECT_LT(0, mt_take_call(self->box));
		mt_tell(child.sock, _metadata->passed);
		pause();
	}
	EXPECT_EQ(1, mt_hear(child.sock));
	EXPECT_EQ(-EAGAIN, mt_take(self->back, &msg, 0));
	mt_child_kill(&child);
	EXPECT_TRUE(mt_is_error(self->back, 1, ECONNRESET));

	/* the repeatable one goes to the next */
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).msgs));
	ASSERT_EQ(0, mt_take(self->box, &msg, 0));
	EXPECT_EQ(1, msg.deliveries);
	EXPECT_EQ(0, mt_reply(self->box, msg.token, "two", 3, 0));
	EXPECT_TRUE(mt_is_reply(self->back, 2, "two"));
	EXPECT_TRUE(mt_is_empty(self->back));
	EXPECT_TRUE(mt_is_empty(self->box));
}

TEST_F(async, deserted_and_purged)
{
	int server;

	/* one that is purged, one that nobody takes, one whose server goes */
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_TRUE(mt_is_error(self->back, 1, ECANCELED));
	server = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_LE(0, server);
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 2));
	ASSERT_LT(0, mt_take_call(server));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 3));
	close(server);
	EXPECT_TRUE(mt_is_error(self->back, 2, ECONNRESET));
	close(self->box);
	EXPECT_TRUE(mt_is_error(self->back, 3, EPIPE));
	EXPECT_TRUE(mt_is_empty(self->back));
}

TEST_F(async, delivered_too_often)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_ask(box, self->back, 10, 1));
	EXPECT_EQ(0, mt_nack(box, mt_take_call(box), 0));
	EXPECT_TRUE(mt_is_error(self->back, 1, ECONNRESET));
	EXPECT_TRUE(mt_is_empty(self->back));
}

/* ---- who receives replies ----------------------------------------------- */

/* Requests and replies in one mailbox, which may be too small for both. */
TEST_F(async, one_mailbox_for_both)
{
	int one = mt_sized(self->dev, NULL, 1, 10, 10);

	ASSERT_EQ(0, mt_ask(self->back, self->back, 10, 5));
	EXPECT_EQ(14, mt_stat_of(self->back).bytes);
	EXPECT_EQ(0, mt_reply(self->back, mt_take_call(self->back), "self", 4, 0));
	EXPECT_TRUE(mt_is_reply(self->back, 5, "self"));
	ASSERT_EQ(0, mt_ask(self->back, self->back, 10, 6));
	EXPECT_EQ(1, mt_purge(self->back));
	EXPECT_TRUE(mt_is_error(self->back, 6, ECANCELED));
	EXPECT_TRUE(mt_is_empty(self->back));

	EXPECT_EQ(-EAGAIN, mt_ask(one, one, 1, 7));
	EXPECT_TRUE(mt_is_empty(one));
}

/* As long as a reply may come, there is something to wait for. */
TEST_F(async, nothing_but_reservations)
{
	int reader = mt_open_fd(self->dev, self->back, MBOX_O_READ);
	struct pollfd poll_fd = { .fd = reader, .events = POLLIN };
	struct mt_task task = { .fd = reader }, poller = { .fd = reader };
	struct mbox_recv msg;
	__s64 token;

	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 2));
	close(self->back);
	EXPECT_EQ(-EAGAIN, mt_take(reader, &msg, 0));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, mt_purge(reader));
	token = mt_take_call(self->box);
	ASSERT_LT(0, token);

	poller.poll.events = POLLIN;
	ASSERT_TRUE(mt_task_blocks(&poller, mt_task_poll));
	EXPECT_EQ(0, mt_reply(self->box, token, "one", 3, 0));
	EXPECT_EQ(POLLIN, mt_task_end(&poller));
	EXPECT_TRUE(mt_is_reply(reader, 1, "one"));

	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_EQ(0, mt_task_end(&task));
	EXPECT_EQ(ECANCELED, task.recv.error);
	EXPECT_EQ(2, task.recv.cookie);

	EXPECT_EQ(-EPIPE, mt_take(reader, &msg, 0));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents & POLLHUP);
}

/* A reply that is held, and comes back, is the same. */
TEST_F(async, leased_reply)
{
	struct mbox_recv msg;
	int i;

	ASSERT_EQ(0, mt_ask(self->box, self->back, 10, 1));
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "held", 4, 9));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mt_take(self->back, &msg, MBOX_LEASE));
		EXPECT_EQ(MBOX_MSG_REPLY, msg.msg_flags);
		EXPECT_EQ(1, msg.cookie);
		EXPECT_EQ(9, msg.status);
		EXPECT_EQ(getpid(), msg.pid);
		EXPECT_EQ(i, msg.deliveries);
		EXPECT_STREQ("held", mt_data);
		EXPECT_EQ(-EINVAL, mt_reply(self->back, msg.token, "", 0, 0));
		EXPECT_EQ(0, (i < 2 ? mt_nack(self->back, msg.token, i) :
				      mt_ack(self->back, msg.token)));
		EXPECT_TRUE(MT_UNTIL(i == 2 || mt_stat_of(self->back).msgs));
	}
	EXPECT_TRUE(mt_is_empty(self->back));
}

/* One that is delivered too often goes where such messages go. */
TEST_F(async, dead_reply)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_DEAD_LETTER,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
		.dead_letter = self->back,
	};
	int back = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, back);
	ASSERT_EQ(0, mt_ask(self->box, back, 10, 1));
	EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box), "dead", 4, 0));
	EXPECT_EQ(0, mt_nack(back, mt_lease(back), 0));
	EXPECT_EQ(1, mt_stat_of(back).dead);
	EXPECT_EQ(0, mt_stat_of(back).dropped);
	EXPECT_EQ(1, mt_stat_of(self->back).msgs);
	EXPECT_TRUE(mt_is_reply(self->back, 1, "dead"));
	EXPECT_TRUE(mt_is_empty(self->back));
	EXPECT_TRUE(mt_is_empty(back));
}

TEST_HARNESS_MAIN
