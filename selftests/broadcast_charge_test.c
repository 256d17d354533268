// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast: who pays. What is in the log is charged to its sender, and what an
 * endpoint holds of it to who holds it, as a copy would be: so nobody can keep
 * messages at another's cost.
 *
 * User A sends, user B receives.
 */
#include "mbox_test_limits.h"
#include "mbox_test_policy.h"

#define ROOM	4	/* messages */
#define LEN	5000	/* bytes of each */
#define LIMIT	100000
#define MANY	50

FIXTURE(charge) {
	int dev;
	int w;
	int r;
	struct mt_child a;
	struct mt_child b;
	struct mt_limits limits;
};

FIXTURE_SETUP(charge)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(mt_limits_save(&self->limits));
	box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			.receivers = MBOX_RECEIVERS_BROADCAST,
			.when_full = MBOX_FULL_DROP_OLDEST);
	self->w = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	self->r = mt_open_fd(self->dev, box, MBOX_O_READ);
	ASSERT_LE(0, self->r);
	close(box);
}

FIXTURE_TEARDOWN(charge)
{
	EXPECT_TRUE(mt_limits_restore(&self->limits));
	MT_TEARDOWN(self->dev);
}

/* What a user has in messages, and has drawn for them in advance. */
static __s64 bytes(int dev, uid_t uid)
{
	struct mbox_usage usage;

	if (mt_usage(dev, uid, &usage))
		return -1;
	return usage.bytes.used;
}

/* Orders to the two. */
enum { SEND = 1, LEASE, LEASE_WAIT, ACK };

static int send_large(int w, char letter)
{
	static char data[LEN];

	memset(data, letter, LEN);
	return mt_send(w, data, LEN, 0, MBOX_DONTWAIT);
}

/* Receive under a lease, and keep the token: the number of those missed. */
static __s64 lease_large(int r, __u64 *tokens, int *nr, unsigned int flags)
{
	static char data[LEN];
	struct mbox_recv msg = {
		.flags = flags,
		.buf = (uintptr_t)data,
		.buf_size = LEN,
	};
	int ret = mt_leasemsg(r, &msg);

	if (ret)
		return ret;
	tokens[(*nr)++] = msg.token;
	return msg.len == LEN ? (__s64)msg.missed : -EBADMSG;
}

static __s64 ack_all(int r, const __u64 *tokens, int *nr)
{
	int ret = 0;

	while (*nr && !ret)
		ret = mt_ack(r, tokens[--*nr]);
	return ret;
}

static void user_main(int sock, int w, int r)
{
	__u64 tokens[2 * MANY];
	char letter = 'a';
	__s64 order;
	int nr = 0;

	while ((order = mt_hear(sock)) > 0) {
		if (order == SEND)
			mt_tell(sock, send_large(w, letter++));
		else if (order == ACK)
			mt_tell(sock, ack_all(r, tokens, &nr));
		else
			mt_tell(sock, lease_large(r, tokens, &nr,
						  order == LEASE ?
						  MBOX_DONTWAIT : 0));
	}
	_exit(0);
}

#define START() do {							\
	if (!mt_fork(&self->a, &mt_user_a)) {				\
		close(self->r);						\
		user_main(self->a.sock, self->w, -1);			\
	}								\
	if (!mt_fork(&self->b, &mt_user_b)) {				\
		close(self->w);						\
		user_main(self->b.sock, -1, self->r);			\
	}								\
} while (0)

#define END() do {							\
	EXPECT_EQ(0, mt_child_end(&self->b));				\
	EXPECT_EQ(0, mt_child_end(&self->a));				\
} while (0)

static __s64 does(struct mt_child *child, int order)
{
	return mt_worker_does(child, order);
}

/* Some is drawn in advance, and each message is more than its data. */
static bool is_about(__s64 bytes, __s64 expected)
{
	if (bytes >= expected && bytes <= expected + expected / 4 + MT_UNUSED)
		return true;
	fprintf(stderr, "# %lld bytes, not %lld\n", (long long)bytes,
		(long long)expected);
	return false;
}

/* However much is held, the sender pays for what is there to be received. */
TEST_F(charge, of_what_is_held_is_its_holders)
{
	int i;

	START();
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, does(&self->a, SEND));
		ASSERT_EQ(0, does(&self->b, LEASE));
		EXPECT_TRUE(is_about(bytes(self->dev, MT_UID_A), 0));
		EXPECT_TRUE(is_about(bytes(self->dev, MT_UID_B),
				     (i + 1) * LEN));
	}
	for (i = 0; i < 2 * ROOM; i++)
		ASSERT_EQ(0, does(&self->a, SEND));
	EXPECT_GE(ROOM * LEN + ROOM * LEN / 4 + MT_UNUSED,
		  bytes(self->dev, MT_UID_A));
	EXPECT_EQ(0, does(&self->b, ACK));
	EXPECT_TRUE(is_about(bytes(self->dev, MT_UID_B), 0));
	EXPECT_LT(0, mt_purge(self->r));
	EXPECT_TRUE(is_about(bytes(self->dev, MT_UID_A), 0));
	END();
}

/* Who has had all he may have gets no more, and loses nothing by that. */
TEST_F(charge, has_a_limit)
{
	__s64 ret;
	int n = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, LIMIT));
	START();
	do {
		ASSERT_EQ(0, does(&self->a, SEND));
		ret = does(&self->b, LEASE);
	} while (!ret && ++n < MANY);
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_GE(LIMIT / LEN, n);
	EXPECT_LE((LIMIT - MT_UNUSED) / LEN / 2, n);
	EXPECT_GE(LIMIT, bytes(self->dev, MT_UID_B));
	EXPECT_EQ(-EDQUOT, does(&self->b, LEASE));
	EXPECT_EQ(1, mt_stat_of(self->w).msgs);
	EXPECT_EQ(0, mt_stat_of(self->w).lost);
	/* with what he gives back, he can have it */
	EXPECT_EQ(0, does(&self->b, ACK));
	EXPECT_EQ(0, does(&self->b, LEASE));
	EXPECT_EQ(0, mt_stat_of(self->w).msgs);
	EXPECT_EQ(n + 1, mt_stat_of(self->w).sent);
	EXPECT_EQ(0, does(&self->b, ACK));
	END();
}

/* The same if he waits for it. */
TEST_F(charge, has_a_limit_for_who_waits)
{
	int n = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, LIMIT));
	START();
	for (;;) {
		__s64 ret;

		ASSERT_TRUE(mt_worker_blocks(&self->b, LEASE_WAIT));
		ASSERT_EQ(0, does(&self->a, SEND));
		ret = mt_hear(self->b.sock);
		if (ret == -EDQUOT)
			break;
		ASSERT_EQ(0, ret);
		ASSERT_GT(MANY, ++n);
	}
	EXPECT_EQ(1, mt_stat_of(self->w).msgs);
	EXPECT_EQ(0, mt_stat_of(self->w).lost);
	EXPECT_EQ(0, does(&self->b, ACK));
	EXPECT_EQ(0, does(&self->b, LEASE));
	EXPECT_EQ(0, mt_stat_of(self->w).msgs);
	END();
}

TEST_HARNESS_MAIN
