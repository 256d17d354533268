// SPDX-License-Identifier: GPL-2.0
/*
 * A mailbox without bounds takes as much as its senders may have in all, so no
 * sender waits: there is room, or he has used up what is his.
 */
#include "mbox_test_limits.h"
#include "mbox_test_policy.h"

#define KIB	1024

FIXTURE(unbounded) {
	int dev;
	int box;
	struct mt_limits saved;
};

FIXTURE_SETUP(unbounded)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(mt_limits_save(&self->saved));
	self->box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_UNBOUNDED);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(unbounded)
{
	EXPECT_TRUE(mt_limits_restore(&self->saved));
	MT_TEARDOWN(self->dev);
}

TEST_F(unbounded, has_no_capacity)
{
	struct mbox_stat stat = mt_stat_of(self->box);
	struct mbox_set msgs = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 5 };
	struct mbox_set bytes = {
		.flags = MBOX_SET_MAX_BYTES,
		.max_bytes = 1 << 20,
	};

	EXPECT_EQ(MBOX_STATE_UNBOUNDED, stat.state & MBOX_STATE_UNBOUNDED);
	EXPECT_EQ(0, stat.max_msgs);
	EXPECT_EQ(0, stat.max_bytes);
	EXPECT_EQ(MBOX_DEFAULT_MSG_SIZE, stat.msg_size);
	EXPECT_EQ(-EINVAL, mt_set(self->box, &msgs));
	EXPECT_EQ(-EINVAL, mt_set(self->box, &bytes));
	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, NULL, .max_msgs = 1,
				     .flags = MBOX_CREATE_UNBOUNDED));
	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, NULL, .max_bytes = 1 << 20,
				     .flags = MBOX_CREATE_UNBOUNDED));
	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, NULL,
				     .flags = MBOX_CREATE_UNBOUNDED |
					      MBOX_CREATE_RENDEZVOUS));
}

TEST_F(unbounded, takes_more_messages_than_others)
{
	enum { MANY = 5 * MBOX_DEFAULT_MAX_MSGS };
	int i;

	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, mt_send_number(self->box, i, 0, 0));
	EXPECT_EQ(MANY, mt_stat_of(self->box).msgs);
	EXPECT_EQ(POLLIN | POLLOUT, mt_events(self->box));
	for (i = 0; i < MANY / 2; i++)
		ASSERT_EQ(i, mt_recv_next(self->box));
	EXPECT_EQ(MANY - MANY / 2, mt_purge(self->box));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

TEST_F(unbounded, takes_more_bytes_than_others)
{
	static char data[MBOX_DEFAULT_MSG_SIZE];
	enum { MANY = 3 * MBOX_DEFAULT_MAX_BYTES / MBOX_DEFAULT_MSG_SIZE };
	int i;

	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, mt_send(self->box, data, sizeof(data), 0, 0));
	EXPECT_EQ(MANY * sizeof(data), mt_stat_of(self->box).bytes);
	EXPECT_EQ(-EMSGSIZE, mt_send(self->box, data, sizeof(data) + 1, 0, 0));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(sizeof(data), mt_recv(self->box, data, sizeof(data),
						MBOX_DONTWAIT));
}

/* Send until it fails, waiting if it would; how often it did not fail. */
static int fill(int box, size_t len, struct mbox_send *last, int *error)
{
	static char data[4 * KIB];
	int n = 0;

	do {
		*last = (struct mbox_send){
			.buf = (uintptr_t)data,
			.len = len,
		};
		*error = mt_sendmsg(box, last);
	} while (!*error && ++n < 100000);
	return n;
}

/* What bounds it is what its sender may have in all mailboxes together. */
TEST_F(unbounded, stops_at_the_limit_of_the_user)
{
	const __u64 max = 256 * KIB;
	struct mbox_usage usage;
	struct mbox_send last;
	struct mt_child child;
	char data[1000];
	int n, error;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, max));
	if (!mt_fork(&child, &mt_user_a)) {
		n = fill(self->box, 1000, &last, &error);
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_LT(200, n);
		EXPECT_GT(262, n);
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_TRUE(mt_refusal_is(&last.refusal, MBOX_LIMIT_USER_BYTES,
					  MT_UID_A, usage.bytes.used,
					  usage.bytes.used, max));
		EXPECT_EQ(n, mt_stat_of(self->box).msgs);
		EXPECT_EQ(0, mt_stat_of(self->box).waiting_senders);
		/* what is received is his again */
		EXPECT_EQ(1000, mt_recv(self->box, data, sizeof(data), 0));
		EXPECT_EQ(1, fill(self->box, 1000, &last, &error));
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_EQ(n, mt_purge(self->box));
		EXPECT_EQ(n, fill(self->box, 1000, &last, &error));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_LT(0, mt_purge(self->box));
}

/* Nobody's messages are in another's way. */
TEST_F(unbounded, is_as_large_for_each_of_three_processes)
{
	static const struct mt_as *as[] = { &mt_user_a, &mt_user_b, NULL };
	struct mbox_send last;
	struct mt_child child[3];
	int i, error, n[3];

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 128 * KIB));
	for (i = 0; i < 2; i++) {
		if (!mt_fork(&child[i], as[i])) {
			n[i] = fill(self->box, 1000, &last, &error);
			EXPECT_EQ(-EDQUOT, error);
			mt_tell(child[i].sock, n[i]);
			mt_hear(child[i].sock);
			MT_CHILD_EXIT();
		}
		n[i] = mt_hear(child[i].sock);
	}
	EXPECT_LT(100, n[0]);
	EXPECT_EQ(n[0], n[1]);
	/* root is not refused */
	mt_worker_start(&child[2], as[2],
			mt_open_fd(self->dev, self->box, MBOX_O_WRITE));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, mt_worker_does(&child[2], 'a'));
	EXPECT_EQ(n[0] + n[1] + 300, mt_stat_of(self->box).msgs);
	/* the later ones have the sockets of the earlier ones */
	for (i = 2; i >= 0; i--)
		EXPECT_EQ(0, mt_child_end(&child[i]));
	EXPECT_EQ(n[0] + n[1] + 300, mt_purge(self->box));
}

/* One that conflates has one of each type, of as many as there are. */
TEST_F(unbounded, conflates)
{
	int box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_UNBOUNDED,
			    .when_full = MBOX_FULL_CONFLATE);
	enum { MANY = 2 * MBOX_DEFAULT_MAX_MSGS };
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int i;

	ASSERT_LE(0, box);
	for (i = 0; i < 2 * MANY; i++)
		ASSERT_EQ(0, mt_send_number(box, i, i % MANY, 0));
	EXPECT_EQ(MANY, mt_stat_of(box).msgs);
	EXPECT_EQ(MANY, mt_stat_of(box).replaced);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(MANY + i, mt_recv_number(box, &msg));
		ASSERT_EQ(i, msg.type);
	}
	EXPECT_EQ(-EAGAIN, mt_recv_next(box));
}

TEST_HARNESS_MAIN
