// SPDX-License-Identifier: GPL-2.0
/*
 * Fairness of room: nobody but the owner can fill a mailbox. A user may take as
 * much as would be left free, whoever has nothing in it gets one message in, the
 * last sixteenth is the owner's, and who waits for a share of his own holds
 * nobody else up.
 *
 * Root owns the mailbox and receives. Users send, one process each, which does
 * what it is told.
 */
#include "mbox_test_policy.h"

enum { USERS = 5 };

/* What a user can be told to do; the result is a number. */
enum order {
	FILL	= 1,	/* send until it fails: how often it did not */
	SEND,		/* one message, without waiting */
	WAIT,		/* the same, waiting */
	WAIT_HIGH,	/* the same, of a high priority */
	WAIT_TIME,	/* until a deadline */
	POLL,		/* what poll says at once */
	POLL_WAIT,	/* what it says when it says something */
	LIMIT, UID, USED, TOTAL, MAX,	/* of the last refusal */
};

FIXTURE(fair) {
	int dev;
	int box;
	struct mt_child user[USERS];
};

FIXTURE_SETUP(fair)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(fair)
{
	MT_TEARDOWN(self->dev);
}

/* ---- a user ------------------------------------------------------------------- */

static int fill(int box, struct mbox_send *msg, __u32 len)
{
	int n = 0;

	do {
		*msg = (struct mbox_send){
			.flags = MBOX_DONTWAIT,
			.len = len,
		};
	} while (!mt_putmsg(box, 'a', msg) && ++n < 10000);
	return n;
}

static int wait_for_room(int box, struct mbox_send *msg, __u32 len, int order)
{
	*msg = (struct mbox_send){
		.len = len,
		.priority = order == WAIT_HIGH ? 9 : 0,
		.deadline = order == WAIT_TIME ? mt_deadline(20) : 0,
	};
	return mt_putmsg(box, 'w', msg);
}

static int poll_out(int box)
{
	struct pollfd pollfd = { .fd = box, .events = POLLOUT };

	return poll(&pollfd, 1, -1) == 1 ? pollfd.revents : -errno;
}

static __s64 user_do(int box, int order, struct mbox_send *msg, __u32 len)
{
	switch (order) {
	case FILL:
		return fill(box, msg, len);
	case SEND:
		*msg = (struct mbox_send){ .flags = MBOX_DONTWAIT, .len = len };
		return mt_putmsg(box, 'a', msg);
	case WAIT:
	case WAIT_HIGH:
	case WAIT_TIME:
		return wait_for_room(box, msg, len, order);
	case POLL:
		return mt_events(box);
	case POLL_WAIT:
		return poll_out(box);
	case LIMIT:
		return msg->refusal.limit;
	case UID:
		return msg->refusal.uid;
	case USED:
		return msg->refusal.used;
	case TOTAL:
		return msg->refusal.total;
	}
	return msg->refusal.max;
}

/* Start user @nr, who has no endpoint but his own, for messages of @len bytes. */
static void user_start(struct mt_child *user, int dev, int box, int nr,
		       __u32 len)
{
	const struct mt_as as = { .uid = MT_UID_A + nr, .gid = MT_UID_A + nr };
	int end = mt_open_fd(dev, box, MBOX_O_WRITE);
	struct mbox_send msg = {};
	__s64 order;

	if (mt_fork(user, &as)) {
		close(end);
		return;
	}
	close(box);
	while ((order = mt_hear(user->sock)) > 0)
		mt_tell(user->sock, user_do(end, order, &msg, len));
	_exit(0);
}

static __s64 user_does(struct mt_child *user, enum order order)
{
	return mt_worker_does(user, order);
}

/* The same where it has to wait; the result is for mt_hear(). */
static bool user_blocks(struct mt_child *user, enum order order)
{
	mt_tell(user->sock, order);
	return MT_UNTIL(mt_is_blocked(user->pid, order == POLL_WAIT ?
						 __NR_poll : __NR_ioctl));
}

/* Does the user's last refusal tell of his share, of which he has taken all? */
static bool is_of_share(struct mt_child *user, enum mbox_limit limit, uid_t uid,
			__u64 used)
{
	if (user_does(user, LIMIT) == limit && user_does(user, UID) == uid &&
	    user_does(user, USED) == used && user_does(user, MAX) == used)
		return true;
	fprintf(stderr, "# limit %lld uid %lld used %lld max %lld\n",
		user_does(user, LIMIT), user_does(user, UID),
		user_does(user, USED), user_does(user, MAX));
	return false;
}

/* The later ones have the sockets of the earlier ones. */
static bool users_end(struct mt_child *user, int nr)
{
	bool good = true;

	while (nr--)
		good &= !mt_child_end(&user[nr]);
	return good;
}

/* A mailbox for 16 messages of one byte, and users who send to it. */
#define START(nr) do {							\
	int __i;							\
									\
	self->box = mt_sized(self->dev, NULL, 16, 1, 0);		\
	ASSERT_LE(0, self->box);					\
	for (__i = 0; __i < (nr); __i++)				\
		user_start(&self->user[__i], self->dev, self->box,	\
			   __i, 1);					\
} while (0)

/* ---- how much is allowed ---------------------------------------------------------- */

/* Each takes as much as he leaves, or one message; the last one is the owner's. */
TEST_F(fair, shares_of_messages)
{
	static const int share[] = { 8, 4, 2, 1, 0 };
	struct mbox_send msg = { .flags = MBOX_DONTWAIT };
	int i;

	START(USERS);
	for (i = 0; i < USERS; i++) {
		EXPECT_EQ(share[i], user_does(&self->user[i], FILL));
		EXPECT_EQ(-EAGAIN, user_does(&self->user[i], SEND));
		if (share[i])
			EXPECT_TRUE(is_of_share(&self->user[i],
						MBOX_LIMIT_SHARE_MSGS,
						MT_UID_A + i, share[i]));
	}
	EXPECT_EQ(15, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_put(self->box, 'o'));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->box, 'o', &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ(MT_UID_A, msg.refusal.uid);
	EXPECT_EQ(8, msg.refusal.used);
	EXPECT_EQ(16, msg.refusal.total);
	EXPECT_EQ(16, msg.refusal.max);
	EXPECT_TRUE(users_end(self->user, USERS));
}

TEST_F(fair, shares_of_bytes)
{
	static const int share[] = { 8, 4, 2, 1, 0 };
	int i;

	self->box = mt_sized(self->dev, NULL, 10000, 100, 1600);
	ASSERT_LE(0, self->box);
	for (i = 0; i < USERS; i++) {
		struct mt_child *user = &self->user[i];

		user_start(user, self->dev, self->box, i, 100);
		EXPECT_EQ(share[i], user_does(user, FILL));
		if (share[i])
			EXPECT_TRUE(is_of_share(user, MBOX_LIMIT_SHARE_BYTES,
						MT_UID_A + i, 100 * share[i]));
	}
	EXPECT_EQ(1500, mt_stat_of(self->box).bytes);
	EXPECT_EQ(0, mt_put_sized(self->box, 'o', 100, 0));
	EXPECT_EQ(-EAGAIN, mt_put_sized(self->box, 'o', 0, 0));
	EXPECT_TRUE(users_end(self->user, USERS));
}

/* Two who send in turn have a third each. */
TEST_F(fair, shares_of_two_who_send_in_turn)
{
	int i, n[2] = {};

	START(2);
	for (i = 0; i < 20; i++)
		n[i % 2] += !user_does(&self->user[i % 2], SEND);
	EXPECT_LE(5, n[0]);
	EXPECT_GE(6, n[0]);
	EXPECT_LE(5, n[1]);
	EXPECT_GE(6, n[1]);
	EXPECT_TRUE(users_end(self->user, 2));
}

/* The owner has no share: all of it is his. */
TEST_F(fair, owner_may_fill_it)
{
	struct mbox_send msg;

	START(1);
	EXPECT_EQ(16, fill(self->box, &msg, 1));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ(0, msg.refusal.uid);
	EXPECT_EQ(16, msg.refusal.used);
	EXPECT_EQ(-EAGAIN, user_does(&self->user[0], SEND));
	EXPECT_EQ(MBOX_LIMIT_MSGS, user_does(&self->user[0], LIMIT));
	EXPECT_EQ(0, user_does(&self->user[0], UID));
	EXPECT_EQ(16, user_does(&self->user[0], USED));
	EXPECT_EQ(16, user_does(&self->user[0], TOTAL));
	EXPECT_TRUE(users_end(self->user, 1));
}

/* He is who owns it now. */
TEST_F(fair, owner_may_change)
{
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = MT_UID_A };

	START(2);
	EXPECT_EQ(8, user_does(&self->user[0], FILL));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(8, user_does(&self->user[0], FILL));
	EXPECT_EQ(16, mt_purge(self->box));
	EXPECT_EQ(8, user_does(&self->user[1], FILL));
	EXPECT_TRUE(users_end(self->user, 2));
}

/* It is the user that counts, in however many processes. */
TEST_F(fair, shares_are_of_users)
{
	int i;

	self->box = mt_sized(self->dev, NULL, 16, 1, 0);
	ASSERT_LE(0, self->box);
	for (i = 0; i < 3; i++)
		user_start(&self->user[i], self->dev, self->box, i / 2, 1);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, user_does(&self->user[0], SEND));
	EXPECT_EQ(3, user_does(&self->user[1], FILL));
	EXPECT_EQ(-EAGAIN, user_does(&self->user[0], SEND));
	EXPECT_TRUE(is_of_share(&self->user[0], MBOX_LIMIT_SHARE_MSGS, MT_UID_A,
				8));
	EXPECT_EQ(4, user_does(&self->user[2], FILL));
	EXPECT_TRUE(users_end(self->user, 3));
}

/* What is held is there still. */
TEST_F(fair, shares_count_what_is_held)
{
	__s64 token;

	START(1);
	EXPECT_EQ(8, user_does(&self->user[0], FILL));
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	EXPECT_EQ(-EAGAIN, user_does(&self->user[0], SEND));
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_EQ(1, user_does(&self->user[0], FILL));
	EXPECT_TRUE(users_end(self->user, 1));
}

/* Into an empty mailbox goes what it can take, however little that is. */
TEST_F(fair, small_mailboxes)
{
	struct mbox_send msg;
	int i;

	for (i = 1; i <= 2; i++) {
		self->box = mt_sized(self->dev, NULL, i, 100, 100);
		user_start(&self->user[0], self->dev, self->box, 0, 100);
		user_start(&self->user[1], self->dev, self->box, 1, 1);
		EXPECT_EQ(1, user_does(&self->user[0], FILL));
		EXPECT_EQ(-EAGAIN, user_does(&self->user[1], SEND));
		EXPECT_EQ('a', mt_get(self->box));
		EXPECT_EQ(1, user_does(&self->user[1], FILL));
		/* of two, one is for the owner */
		EXPECT_EQ(i - 1, fill(self->box, &msg, 1));
		EXPECT_TRUE(users_end(self->user, 2));
		close(self->box);
	}
}

/* Who has nothing in it gets one message in, as large as fits. */
TEST_F(fair, one_large_message)
{
	self->box = mt_sized(self->dev, NULL, 100, 160, 160);
	ASSERT_LE(0, self->box);
	user_start(&self->user[0], self->dev, self->box, 0, 1);
	user_start(&self->user[1], self->dev, self->box, 1, 140);
	EXPECT_EQ(0, user_does(&self->user[0], SEND));
	EXPECT_EQ(1, user_does(&self->user[1], FILL));
	EXPECT_EQ(141, mt_stat_of(self->box).bytes);
	EXPECT_TRUE(users_end(self->user, 2));
}

/* ---- who waits ------------------------------------------------------------------------ */

TEST_F(fair, who_waits_for_his_share_gets_it)
{
	struct mt_child *user = &self->user[0];

	START(1);
	EXPECT_EQ(8, user_does(user, FILL));
	EXPECT_EQ(-ETIMEDOUT, user_does(user, WAIT_TIME));
	EXPECT_TRUE(is_of_share(user, MBOX_LIMIT_SHARE_MSGS, MT_UID_A, 8));
	ASSERT_TRUE(user_blocks(user, WAIT));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_hear(user->sock));
	EXPECT_EQ(8, mt_stat_of(self->box).msgs);
	EXPECT_TRUE(users_end(self->user, 1));
}

/* What others have taken meanwhile is less for him. */
TEST_F(fair, who_waits_does_not_hold_up_others)
{
	struct mt_child *one = &self->user[0], *two = &self->user[1];
	int i;

	START(2);
	EXPECT_EQ(8, user_does(one, FILL));
	ASSERT_TRUE(user_blocks(one, WAIT_HIGH));
	/* neither a newcomer of a lower priority, nor the owner */
	EXPECT_EQ(4, user_does(two, FILL));
	EXPECT_EQ(0, mt_put_typed(self->box, 'o', 0, 9));
	EXPECT_EQ('o', mt_get(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	/* he gets in when he has five of nine: then seven are free */
	for (i = 0; i < 2; i++) {
		EXPECT_EQ('a', mt_get(self->box));
		EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	}
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_hear(one->sock));
	EXPECT_EQ('w', mt_get(self->box));
	EXPECT_TRUE(users_end(self->user, 2));
}

/* Of two who wait, room goes to the one who may have it. */
TEST_F(fair, who_waits_is_not_overtaken_by_himself)
{
	struct mt_child *large = &self->user[0], *small = &self->user[1];

	self->box = mt_sized(self->dev, NULL, 16, 60, 160);
	ASSERT_LE(0, self->box);
	user_start(large, self->dev, self->box, 0, 60);
	user_start(small, self->dev, self->box, 0, 1);
	EXPECT_EQ(0, user_does(large, SEND));
	ASSERT_TRUE(user_blocks(large, WAIT));
	EXPECT_EQ(-EAGAIN, user_does(small, SEND));
	EXPECT_EQ(0, user_does(small, WAIT_HIGH));
	EXPECT_EQ('w', mt_get(self->box));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_hear(large->sock));
	EXPECT_EQ(0, user_does(small, SEND));
	EXPECT_STREQ("wa", mt_letters(self->box));
	EXPECT_TRUE(users_end(self->user, 2));
}

TEST_F(fair, who_waits_does_not_hold_up_one_who_waits_behind_him)
{
	struct mt_child *one = &self->user[0], *two = &self->user[1];
	struct mbox_send msg;

	START(2);
	EXPECT_EQ(8, user_does(one, FILL));
	EXPECT_EQ(8, fill(self->box, &msg, 1));
	ASSERT_TRUE(user_blocks(one, WAIT_HIGH));
	ASSERT_TRUE(user_blocks(two, WAIT));
	EXPECT_EQ('a', mt_get(self->box));
	/* the last one is for the owner, who does not want it */
	EXPECT_EQ(2, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(0, mt_hear(two->sock));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	/* the first one gets in when the owner's are received, at the latest */
	while (mt_stat_of(self->box).waiting_senders)
		ASSERT_LT(0, mt_get(self->box));
	EXPECT_EQ(0, mt_hear(one->sock));
	EXPECT_TRUE(users_end(self->user, 2));
}

/* ---- what poll promises ------------------------------------------------------------------ */

/* Room is for the one who asks. */
TEST_F(fair, poll_is_for_the_one_who_asks)
{
	struct mt_child *one = &self->user[0], *two = &self->user[1];

	START(2);
	EXPECT_EQ(POLLOUT, user_does(one, POLL));
	EXPECT_EQ(8, user_does(one, FILL));
	EXPECT_EQ(0, user_does(one, POLL));
	EXPECT_EQ(POLLOUT, user_does(two, POLL));
	EXPECT_EQ(POLLIN | POLLOUT, mt_events(self->box));
	ASSERT_TRUE(user_blocks(one, POLL_WAIT));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(POLLOUT, mt_hear(one->sock));
	EXPECT_EQ(0, user_does(one, SEND));
	EXPECT_TRUE(users_end(self->user, 2));
}

/* ---- with what is done when it is full ------------------------------------------------------ */

/* Who has had his share drops his own, and others' stay. */
TEST_F(fair, oldest_is_ones_own)
{
	struct mt_child *one = &self->user[0], *two = &self->user[1];
	int i;

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = 16,
			      .when_full = MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
	user_start(one, self->dev, self->box, 0, 1);
	user_start(two, self->dev, self->box, 1, 1);
	EXPECT_EQ(0, mt_put(self->box, 'o'));
	EXPECT_EQ(0, user_does(two, WAIT));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, user_does(one, SEND));
	/* of 14, as many as are left free */
	EXPECT_EQ(2 + 7, mt_stat_of(self->box).msgs);
	EXPECT_EQ(43, mt_stat_of(self->box).lost);
	EXPECT_EQ('o', mt_get(self->box));
	EXPECT_EQ('w', mt_get(self->box));
	EXPECT_STREQ("aaaaaaa", mt_letters(self->box));
	EXPECT_TRUE(users_end(self->user, 2));
}

/* Also where the owner has filled what was left. */
TEST_F(fair, oldest_is_ones_own_though_it_is_full)
{
	struct mt_child *user = &self->user[0];
	int i;

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = 16,
			      .when_full = MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
	user_start(user, self->dev, self->box, 0, 1);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0, i / 4 == 1 ? user_does(user, SEND) :
					  mt_put(self->box, 'o'));
	EXPECT_EQ(0, user_does(user, SEND));
	/* two, and two are left free */
	EXPECT_EQ(12 + 2, mt_stat_of(self->box).msgs);
	EXPECT_STREQ("ooooaooooooooa", mt_letters(self->box));
	EXPECT_TRUE(users_end(self->user, 1));
}

/* Where nothing of his can be dropped, he waits, or is refused. */
TEST_F(fair, oldest_is_of_no_higher_priority)
{
	struct mt_child *user = &self->user[0];
	int i;

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = 16,
			      .when_full = MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
	user_start(user, self->dev, self->box, 0, 1);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, user_does(user, WAIT_HIGH));
	EXPECT_EQ(0, mt_put(self->box, 'o'));
	EXPECT_EQ(-EAGAIN, user_does(user, SEND));
	EXPECT_TRUE(is_of_share(user, MBOX_LIMIT_SHARE_MSGS, MT_UID_A, 8));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	EXPECT_TRUE(users_end(self->user, 1));
}

/* Who would wait for his share is refused where nobody waits. */
TEST_F(fair, failure_is_of_the_share_too)
{
	struct mt_child *one = &self->user[0], *two = &self->user[1];

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = 16,
			      .when_full = MBOX_FULL_FAIL);
	ASSERT_LE(0, self->box);
	user_start(one, self->dev, self->box, 0, 1);
	user_start(two, self->dev, self->box, 1, 1);
	EXPECT_EQ(8, user_does(one, FILL));
	EXPECT_EQ(-EAGAIN, user_does(one, WAIT));
	EXPECT_TRUE(is_of_share(one, MBOX_LIMIT_SHARE_MSGS, MT_UID_A, 8));
	EXPECT_EQ(0, user_does(two, WAIT));
	EXPECT_TRUE(users_end(self->user, 2));
}

TEST_HARNESS_MAIN
