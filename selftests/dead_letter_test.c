// SPDX-License-Identifier: GPL-2.0
/*
 * What was delivered too often and came back each time goes to the dead-letter
 * mailbox, or is dropped, and is counted either way.
 */
#include "mbox_test_call.h"
#include "mbox_test_limits.h"

#define MAX	2	/* deliveries */

FIXTURE(dead) {
	int dev;
	int letters;	/* for two messages of 8 bytes */
	int box;
	char data[16];
	struct mbox_recv msg;
};

static int create_with(int dev, int letters, __u32 max_deliveries)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_DEAD_LETTER,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 16,
		.max_deliveries = max_deliveries,
		.dead_letter = letters,
	};

	return mt_create(dev, NULL, &attr);
}

FIXTURE_SETUP(dead)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->letters = mt_sized(self->dev, NULL, 2, 8, 0);
	ASSERT_LE(0, self->letters);
	self->box = create_with(self->dev, self->letters, MAX);
	ASSERT_LE(0, self->box);
	self->msg = (struct mbox_recv){
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->data,
		.buf_size = sizeof(self->data),
	};
}

FIXTURE_TEARDOWN(dead)
{
	MT_TEARDOWN(self->dev);
}

/* Take the first message and give it back, until it does not come any more. */
static int tire(int box, int times)
{
	while (times--) {
		__s64 token = mt_lease(box);
		int ret = token < 0 ? token : mt_nack(box, token, 0);

		if (ret)
			return ret;
	}
	return 0;
}

static int send_text(int box, const char *text)
{
	return mt_send(box, text, strlen(text) + 1, 7, MBOX_DONTWAIT);
}

TEST_F(dead, letter)
{
	struct mbox_stat stat;

	ASSERT_EQ(0, send_text(self->box, "tired"));
	ASSERT_EQ(0, tire(self->box, MAX - 1));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).dead);
	ASSERT_EQ(0, tire(self->box, 1));

	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(1, stat.dead);
	EXPECT_EQ(0, stat.dropped);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(1, mt_stat_of(self->letters).msgs);
	EXPECT_EQ(6, mt_stat_of(self->letters).bytes);
	ASSERT_EQ(0, mt_recvmsg(self->letters, &self->msg));
	EXPECT_STREQ("tired", self->data);
	EXPECT_EQ(7, self->msg.priority);
	EXPECT_EQ(getpid(), self->msg.pid);
	EXPECT_EQ(0, self->msg.deliveries);
	EXPECT_EQ(1, self->msg.seq);
}

/* A plain receive, and the end of a receiver, are deliveries as well. */
TEST_F(dead, by_ends_of_receivers)
{
	int r, i;

	ASSERT_EQ(0, send_text(self->box, "tired"));
	for (i = 0; i < MAX; i++) {
		EXPECT_EQ(1, mt_stat_of(self->box).msgs);
		r = mt_open_fd(self->dev, self->box, MBOX_O_READ);
		EXPECT_LT(0, mt_lease(r));
		close(r);
	}
	EXPECT_EQ(1, mt_stat_of(self->box).dead);
	EXPECT_EQ(1, mt_stat_of(self->letters).msgs);
	/* what was acked in time is not dead, a bad buffer no delivery */
	ASSERT_EQ(0, send_text(self->box, "fine"));
	ASSERT_EQ(0, tire(self->box, MAX - 1));
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 16, 0));
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, NULL, 0, 0));
	EXPECT_EQ(0, mt_ack(self->box, mt_lease(self->box)));
	EXPECT_EQ(1, mt_stat_of(self->box).dead);
}

TEST_F(dead, letter_wakes_who_waits)
{
	struct mt_task receiver = { .fd = self->letters };
	struct mt_task sender = { .fd = self->box, .send.len = 1 };
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 1 };

	ASSERT_EQ(0, mt_set(self->box, &set));
	ASSERT_EQ(0, send_text(self->box, "tired"));
	ASSERT_TRUE(mt_task_blocks(&receiver, mt_task_recv));
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	ASSERT_EQ(0, tire(self->box, MAX));
	EXPECT_EQ(6, mt_task_end(&receiver));
	/* and its room is free */
	EXPECT_EQ(1, mt_task_end(&sender));
}

/* Delayed and then too often: the delay does not matter any more. */
TEST_F(dead, not_put_off)
{
	ASSERT_EQ(0, send_text(self->box, "tired"));
	ASSERT_EQ(0, tire(self->box, MAX - 1));
	EXPECT_EQ(0, mt_nack(self->box, mt_lease(self->box), 1ULL << 62));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->letters).msgs);
}

TEST_F(dead, full)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, send_text(self->box, "tired"));
		ASSERT_EQ(0, tire(self->box, MAX));
		EXPECT_EQ(i + 1, mt_stat_of(self->box).dead);
	}
	EXPECT_EQ(1, mt_stat_of(self->box).dropped);
	EXPECT_EQ(2, mt_stat_of(self->letters).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

TEST_F(dead, too_large)
{
	ASSERT_EQ(0, send_text(self->box, "too large"));
	ASSERT_EQ(0, tire(self->box, MAX));
	EXPECT_EQ(1, mt_stat_of(self->box).dead);
	EXPECT_EQ(1, mt_stat_of(self->box).dropped);
	EXPECT_EQ(0, mt_stat_of(self->letters).msgs);
}

TEST_F(dead, of_another_fixed_size)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_FIXED,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 6,
	};
	int fixed = mt_create(self->dev, NULL, &attr);
	int box = create_with(self->dev, fixed, 1);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, send_text(box, "tired"));
	ASSERT_EQ(0, tire(box, 1));
	ASSERT_EQ(0, send_text(box, "tire"));
	ASSERT_EQ(0, tire(box, 1));
	EXPECT_EQ(2, mt_stat_of(box).dead);
	EXPECT_EQ(1, mt_stat_of(box).dropped);
	EXPECT_EQ(1, mt_stat_of(fixed).msgs);
}

/* Nobody is left to receive there. */
TEST_F(dead, deserted)
{
	int w = mt_open_fd(self->dev, self->letters, MBOX_O_WRITE);

	close(self->letters);
	ASSERT_EQ(0, send_text(self->box, "tired"));
	ASSERT_EQ(0, tire(self->box, MAX));
	EXPECT_EQ(1, mt_stat_of(self->box).dropped);
	EXPECT_EQ(0, mt_stat_of(w).msgs);
}

TEST_F(dead, ended)
{
	struct mt_child child;
	int letters, box;

	if (!mt_fork(&child, NULL)) {
		struct mbox_create attr = {
			.flags = MT_RW,
			.kind = MBOX_KIND_MAILBOX,
			.lifetime = MBOX_LIFE_PROCESS,
		};

		mt_fd_send(child.sock, mt_create(self->dev, NULL, &attr));
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	letters = mt_fd_recv(child.sock);
	box = create_with(self->dev, letters, 1);
	ASSERT_LE(0, box);
	EXPECT_EQ(0, mt_child_end(&child));
	ASSERT_EQ(0, send_text(box, "tired"));
	ASSERT_EQ(0, tire(box, 1));
	EXPECT_EQ(1, mt_stat_of(box).dropped);
	EXPECT_EQ(-EPIPE, create_with(self->dev, letters, 1));
}

TEST_F(dead, none_given)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, send_text(box, "tired"));
	ASSERT_EQ(0, tire(box, 1));
	EXPECT_EQ(1, mt_stat_of(box).dead);
	EXPECT_EQ(1, mt_stat_of(box).dropped);
	EXPECT_EQ(-EAGAIN, mt_lease(box));
}

/* With no limit on deliveries nothing dies. */
TEST_F(dead, never)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_LE(0, box);
	EXPECT_EQ(-EINVAL, create_with(self->dev, self->letters, 0));
	ASSERT_EQ(0, send_text(box, "again"));
	ASSERT_EQ(0, tire(box, 100));
	EXPECT_EQ(1, mt_stat_of(box).msgs);
	EXPECT_EQ(0, mt_stat_of(box).dead);
}

/* It is from who sent it, not who gave it back, and is charged to that. */
TEST_F(dead, keeps_its_sender)
{
	struct mbox_usage usage;
	struct mt_child child;
	pid_t pid;

	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, send_text(self->box, "mine"));
		MT_CHILD_EXIT();
	}
	pid = child.pid;
	EXPECT_EQ(0, mt_child_end(&child));
	ASSERT_EQ(0, tire(self->box, MAX));
	/* what may be drawn in advance goes with the endpoint */
	close(self->box);
	ASSERT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
	EXPECT_LT(0, usage.bytes.used);
	ASSERT_EQ(0, mt_recvmsg(self->letters, &self->msg));
	EXPECT_EQ(pid, self->msg.pid);
	EXPECT_EQ(pid, self->msg.tid);
	EXPECT_EQ(MT_UID_A, self->msg.uid);
	EXPECT_EQ(MT_UID_A, self->msg.gid);
	ASSERT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
	EXPECT_EQ(0, usage.bytes.used);
}

/* No chains, so no circles. */
TEST_F(dead, chains)
{
	int r = mt_open_fd(self->dev, self->letters, MBOX_O_READ);
	int region = mt_region(self->dev, NULL, MT_RW, 1);

	EXPECT_EQ(-EINVAL, create_with(self->dev, self->box, MAX));
	EXPECT_EQ(-EBADF, create_with(self->dev, r, MAX));
	EXPECT_EQ(-EBADF, create_with(self->dev, -1, MAX));
	EXPECT_EQ(-EBADF, create_with(self->dev, self->dev, MAX));
	EXPECT_GT(0, create_with(self->dev, region, MAX));
}

/* It lives as long as somebody may send letters to it, and is told of them. */
TEST_F(dead, outlives_its_descriptors)
{
	struct pollfd pollfd = { .events = POLLIN };
	int r = mt_open_fd(self->dev, self->letters, MBOX_O_READ);

	close(self->letters);
	pollfd.fd = r;
	EXPECT_EQ(-EAGAIN, mt_lease(r));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	ASSERT_EQ(0, send_text(self->box, "tired"));
	ASSERT_EQ(0, tire(self->box, MAX));
	EXPECT_LT(0, mt_lease(r));
	close(self->box);
	/* nobody can send there any more; what is held may still come back */
	close(r);
}

/* A call is answered with an error, and is no letter. */
TEST_F(dead, call)
{
	struct mt_caller caller = {};
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	ASSERT_TRUE(mt_caller_blocks(&caller, w, "?"));
	ASSERT_EQ(0, tire(self->box, MAX));
	EXPECT_EQ(-ECONNRESET, mt_caller_end(&caller));
	EXPECT_EQ(1, mt_stat_of(self->box).dead);
	EXPECT_EQ(0, mt_stat_of(self->letters).msgs);
}

TEST_HARNESS_MAIN
