// SPDX-License-Identifier: GPL-2.0
/*
 * A message under a lease is with its receiver until that acks it. Whatever
 * happens to the receiver before, the message is delivered to another one.
 */
#include <sys/wait.h>

#include "mbox_test_call.h"

FIXTURE(lease) {
	int dev;
	int box;	/* for three messages */
	char data[64];
	struct mbox_recv msg;
};

FIXTURE_SETUP(lease)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 3, 64, 0);
	ASSERT_LE(0, self->box);
	self->msg = (struct mbox_recv){
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->data,
		.buf_size = sizeof(self->data),
	};
}

FIXTURE_TEARDOWN(lease)
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

TEST_F(lease, token_lives_until_ack)
{
	struct mbox_stat stat;
	__u64 token;

	ASSERT_EQ(0, send_text(self->box, "one", 5));
	ASSERT_EQ(0, mt_leasemsg(self->box, &self->msg));
	token = self->msg.token;
	EXPECT_NE(0, token);
	EXPECT_EQ(0, self->msg.msg_flags);
	EXPECT_EQ(0, self->msg.deliveries);
	EXPECT_EQ(0, self->msg.reply_max);
	EXPECT_STREQ("one", self->data);
	EXPECT_EQ(5, self->msg.priority);

	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(1, stat.held);
	EXPECT_EQ(4, stat.bytes);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, mt_held(self->box, token));
	EXPECT_EQ(0, mt_held(self->box, token));
	EXPECT_EQ(-EAGAIN, mt_lease(self->box));

	EXPECT_EQ(0, mt_ack(self->box, token));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(1, stat.received);
	EXPECT_EQ(-ESTALE, mt_ack(self->box, token));
	EXPECT_EQ(-ESTALE, mt_nack(self->box, token, 0));
	EXPECT_EQ(-ESTALE, mt_held(self->box, token));
}

/* A receive without a lease has no token to give. */
TEST_F(lease, without_one)
{
	ASSERT_EQ(0, send_text(self->box, "one", 0));
	self->msg.token = 77;
	self->msg.deliveries = 77;
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(0, self->msg.token);
	EXPECT_EQ(0, self->msg.deliveries);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(-ESTALE, mt_ack(self->box, 0));
	EXPECT_EQ(-ENOENT, mt_held(self->box, 0));
}

TEST_F(lease, nack_puts_back_at_its_place)
{
	static const char * const order[] = { "high", "first", "second" };
	__s64 token[3];
	size_t i;

	ASSERT_EQ(0, send_text(self->box, "first", 5));
	ASSERT_EQ(0, send_text(self->box, "second", 5));
	ASSERT_EQ(0, send_text(self->box, "high", 9));
	for (i = 0; i < 3; i++) {
		token[i] = mt_lease(self->box);
		ASSERT_LT(0, token[i]);
	}
	/* in any order: each knows its place */
	EXPECT_EQ(0, mt_nack(self->box, token[2], 0));
	EXPECT_EQ(0, mt_nack(self->box, token[0], 0));
	EXPECT_EQ(0, mt_nack(self->box, token[1], 0));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ESTALE, mt_ack(self->box, token[i]));
		ASSERT_EQ(0, mt_leasemsg(self->box, &self->msg));
		EXPECT_STREQ(order[i], self->data);
		EXPECT_EQ(1, self->msg.deliveries);
		/* never one that was there before */
		EXPECT_LT(token[2], (__s64)self->msg.token);
		EXPECT_EQ(0, mt_ack(self->box, self->msg.token));
	}
}

/* It is the same message, and says how often it came. */
TEST_F(lease, deliveries_are_counted)
{
	struct mbox_recv first = {};
	unsigned int i;

	ASSERT_EQ(0, send_text(self->box, "again", 3));
	for (i = 0; i < 5; i++) {
		struct mbox_held held = { .size = sizeof(held) };

		ASSERT_EQ(0, mt_leasemsg(self->box, &self->msg));
		if (!i)
			first = self->msg;
		EXPECT_EQ(i, self->msg.deliveries);
		EXPECT_EQ(first.seq, self->msg.seq);
		EXPECT_EQ(first.time, self->msg.time);
		EXPECT_EQ(getpid(), self->msg.pid);
		EXPECT_EQ(3, self->msg.priority);
		held.token = self->msg.token;
		ASSERT_EQ(0, mt_ioctl(self->box, MBOX_IOC_HELD, &held));
		EXPECT_EQ(i, held.deliveries);
		EXPECT_EQ(self->msg.token, held.token);
		ASSERT_EQ(0, mt_nack(self->box, self->msg.token, 0));
	}
	/* a plain receive says so too; one that fails does not count */
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, self->data, 1, 0));
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 64, 0));
	ASSERT_EQ(0, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(5, self->msg.deliveries);
	EXPECT_EQ(1, mt_stat_of(self->box).sent);
	EXPECT_EQ(1, mt_stat_of(self->box).received);
}

TEST_F(lease, keeps_its_room)
{
	struct pollfd pollfd = { .fd = self->box, .events = POLLIN | POLLOUT };
	struct mt_task sender = { .fd = self->box, .send.len = 4 };
	__s64 token;

	ASSERT_EQ(0, send_text(self->box, "one", 0));
	ASSERT_EQ(0, send_text(self->box, "two", 0));
	token = mt_lease(self->box);
	ASSERT_EQ(0, send_text(self->box, "three", 0));
	EXPECT_EQ(-EAGAIN, send_text(self->box, "four", 0));
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN, pollfd.revents);

	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	EXPECT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_TRUE(mt_task_settle(&sender));
	token = mt_lease(self->box);
	EXPECT_TRUE(mt_task_settle(&sender));
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_EQ(4, mt_task_end(&sender));
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
	EXPECT_STREQ("two", recv_text(self->box));
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, pollfd.revents);
}

/* What is held may come back: nobody who waits is sent home for good. */
TEST_F(lease, put_back_wakes)
{
	int r = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mt_task receiver = { .fd = other };
	struct mt_task poller = { .fd = other, .poll.events = POLLIN };
	__s64 token;

	ASSERT_EQ(0, send_text(self->box, "one", 0));
	close(self->box);
	token = mt_lease(r);
	ASSERT_LT(0, token);
	ASSERT_TRUE(mt_task_blocks(&poller, mt_task_poll));
	EXPECT_EQ(0, mt_nack(r, token, 0));
	EXPECT_EQ(POLLIN, mt_task_end(&poller) & POLLIN);

	token = mt_lease(r);
	ASSERT_TRUE(mt_task_blocks(&receiver, mt_task_recv));
	close(r);
	EXPECT_EQ(4, mt_task_end(&receiver));
	EXPECT_EQ(2, receiver.recv.deliveries);
	EXPECT_EQ(-EPIPE, mt_lease(other));

	/* and if it does not come back, it is for good */
	ASSERT_EQ(0, mt_stat_of(other).held);
}

TEST_F(lease, last_ack_sends_home)
{
	int r = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mt_task receiver = { .fd = r };
	__s64 token;

	ASSERT_EQ(0, send_text(self->box, "one", 0));
	close(self->box);
	token = mt_lease(r);
	ASSERT_LT(0, token);
	ASSERT_TRUE(mt_task_blocks(&receiver, mt_task_recv));
	EXPECT_EQ(0, mt_ack(r, token));
	EXPECT_EQ(-EPIPE, mt_task_end(&receiver));
}

TEST_F(lease, nack_with_delay)
{
	struct mt_task receiver = { .fd = self->box };
	__u64 before, token;

	ASSERT_EQ(0, send_text(self->box, "late", 9));
	ASSERT_EQ(0, send_text(self->box, "early", 0));
	token = mt_lease(self->box);
	before = mt_now(CLOCK_MONOTONIC);
	ASSERT_EQ(0, mt_nack(self->box, token, 50000000));
	EXPECT_EQ(-ESTALE, mt_ack(self->box, token));
	/* not there, but it has its room, and what comes after it is not late */
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	EXPECT_EQ(11, mt_stat_of(self->box).bytes);
	EXPECT_STREQ("early", recv_text(self->box));
	mt_task_start(&receiver, mt_task_recv);
	EXPECT_EQ(5, mt_task_end(&receiver));
	EXPECT_STREQ("late", receiver.data);
	EXPECT_EQ(1, receiver.recv.deliveries);
	EXPECT_LE(before + 50000000, mt_now(CLOCK_MONOTONIC));
}

/* The one put off for longest comes last, whoever was put off first. */
TEST_F(lease, delays_of_several)
{
	static const __u64 delay[] = { 90000000, 30000000, 60000000 };
	static const char * const name[] = { "90", "30", "60" };
	struct mt_task receiver;
	__s64 token[3];
	size_t i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_text(self->box, name[i], 0));
	for (i = 0; i < 3; i++)
		token[i] = mt_lease(self->box);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_nack(self->box, token[i], delay[i]));
	EXPECT_EQ(3, mt_stat_of(self->box).held);
	for (i = 0; i < 3; i++) {
		static const char * const want[] = { "30", "60", "90" };

		receiver = (struct mt_task){ .fd = self->box };
		mt_task_start(&receiver, mt_task_recv);
		EXPECT_EQ(3, mt_task_end(&receiver));
		EXPECT_STREQ(want[i], receiver.data);
	}
}

/* Put off for ever, it goes with a purge. */
TEST_F(lease, delay_of_ages)
{
	__s64 token;

	ASSERT_EQ(0, send_text(self->box, "never", 0));
	token = mt_lease(self->box);
	EXPECT_EQ(-EINVAL, mt_nack(self->box, token, (1ULL << 62) + 1));
	EXPECT_EQ(0, mt_held(self->box, token));
	EXPECT_EQ(0, mt_nack(self->box, token, 1ULL << 62));
	EXPECT_EQ(-EAGAIN, mt_lease(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
}

TEST_F(lease, foreign_and_forged_tokens)
{
	int other = mt_open_fd(self->dev, self->box, MT_RW);
	int writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	int copy = dup(self->box);
	__u64 token;
	int bit;

	ASSERT_EQ(0, send_text(self->box, "mine", 0));
	token = mt_lease(self->box);
	EXPECT_EQ(-ESTALE, mt_ack(other, token));
	EXPECT_EQ(-ESTALE, mt_nack(other, token, 0));
	EXPECT_EQ(-ESTALE, mt_held(other, token));
	EXPECT_EQ(-ESTALE, mt_reply(other, token, NULL, 0, 0));
	EXPECT_EQ(-ESTALE, mt_ack(writer, token));
	EXPECT_EQ(-ESTALE, mt_ack(self->box, 0));
	EXPECT_EQ(-ESTALE, mt_nack(self->box, 0, 0));
	for (bit = 0; bit < 64; bit++)
		EXPECT_EQ(-ESTALE, mt_ack(self->box, token ^ (1ULL << bit)));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	/* what is no call has no reply */
	EXPECT_EQ(-EINVAL, mt_reply(self->box, token, "", 1, 0));
	EXPECT_EQ(0, mt_held(self->box, token));
	/* the same endpoint by another descriptor */
	EXPECT_EQ(0, mt_ack(copy, token));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
}

TEST_F(lease, as_many_as_an_endpoint_may_hold)
{
	__s64 limit = mt_param_get("endpoint_max_held"), token;
	int other = mt_open_fd(self->dev, self->box, MT_RW);

	ASSERT_LT(0, limit);
	ASSERT_EQ(0, send_text(self->box, "one", 0));
	ASSERT_EQ(0, send_text(self->box, "two", 0));
	ASSERT_EQ(0, send_text(self->box, "three", 0));
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 2));
	EXPECT_LT(0, mt_lease(self->box));
	token = mt_lease(self->box);
	EXPECT_LT(0, token);
	EXPECT_EQ(-EDQUOT, mt_lease(self->box));
	EXPECT_EQ(-EDQUOT, mt_recvmsg(self->box, &self->msg));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	/* of each endpoint, not of the mailbox */
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_LT(0, mt_lease(other));
	EXPECT_EQ(-EAGAIN, mt_lease(self->box));
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
}

/* The end of an endpoint gives back all that it holds. */
TEST_F(lease, endpoint_closed)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int copy = dup(other);

	ASSERT_EQ(0, send_text(self->box, "one", 0));
	ASSERT_EQ(0, send_text(self->box, "two", 0));
	EXPECT_LT(0, mt_lease(other));
	EXPECT_LT(0, mt_lease(other));
	close(copy);
	EXPECT_EQ(2, mt_stat_of(self->box).held);
	close(other);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	ASSERT_EQ(0, mt_leasemsg(self->box, &self->msg));
	EXPECT_STREQ("one", self->data);
	EXPECT_EQ(1, self->msg.deliveries);
	EXPECT_STREQ("two", recv_text(self->box));
}

/* Put off, it is nobody's, and comes although who put it off is gone. */
TEST_F(lease, endpoint_closed_after_nack)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mt_task receiver = { .fd = self->box };

	ASSERT_EQ(0, send_text(self->box, "one", 0));
	ASSERT_EQ(0, mt_nack(other, mt_lease(other), 20000000));
	close(other);
	mt_task_start(&receiver, mt_task_recv);
	EXPECT_EQ(4, mt_task_end(&receiver));
	EXPECT_EQ(1, receiver.recv.deliveries);
}

TEST_HARNESS_MAIN
