// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast: each endpoint gets each message, once and in order, whatever the
 * others do; the data is there once. Who is slow loses the oldest, or is waited
 * for. Endpoints that come and go are the subject of broadcast_life_test.c.
 */
#include "mbox_test_fds.h"
#include "mbox_test_policy.h"

#define ENDS	3
#define ROOM	4	/* messages */

FIXTURE(broadcast) {
	int dev;
	char *name;
	int w;
	int r[ENDS];
	struct mt_task task[ENDS + 1];
	struct mt_child child[ENDS];
};

FIXTURE_VARIANT(broadcast) {
	enum mbox_when_full when_full;
};

FIXTURE_VARIANT_ADD(broadcast, block) {
	.when_full = MBOX_FULL_BLOCK,
};

FIXTURE_VARIANT_ADD(broadcast, fail) {
	.when_full = MBOX_FULL_FAIL,
};

FIXTURE_VARIANT_ADD(broadcast, drop_oldest) {
	.when_full = MBOX_FULL_DROP_OLDEST,
};

FIXTURE_SETUP(broadcast)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("broadcast");
	self->w = mt_broadcast(self->dev, self->name, variant->when_full, ROOM);
	ASSERT_LE(0, self->w);
	for (i = 0; i < ENDS; i++) {
		self->r[i] = mt_open(self->dev, self->name, MBOX_O_READ);
		ASSERT_LE(0, self->r[i]);
	}
}

FIXTURE_TEARDOWN(broadcast)
{
	mt_unlink(self->dev, self->name);
	MT_TEARDOWN(self->dev);
}

/* Is all of it received, and its room given back? */
static bool is_empty(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.kind && !stat.msgs && !stat.bytes && !stat.held;
}

/* ---- who gets what --------------------------------------------------------- */

TEST_F(broadcast, gives_each_endpoint_each_message_once)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int i;

	EXPECT_EQ(MBOX_RECEIVERS_BROADCAST, mt_stat_of(self->w).receivers);
	EXPECT_EQ(variant->when_full, mt_stat_of(self->w).when_full);
	ASSERT_EQ(0, mt_put_typed(self->w, 'a', -7, 0));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ(2, mt_stat_of(self->w).sent);
	for (i = 0; i < ENDS; i++) {
		EXPECT_EQ('a', mt_getmsg(self->r[i], &msg));
		EXPECT_EQ(-7, msg.type);
		EXPECT_EQ(1, msg.seq);
		EXPECT_EQ(1, msg.len);
		EXPECT_EQ(getpid(), msg.pid);
		EXPECT_EQ(0, msg.token);
		EXPECT_EQ(0, msg.missed);
		EXPECT_EQ('b', mt_getmsg(self->r[i], &msg));
		EXPECT_EQ(2, msg.seq);
		EXPECT_EQ(-EAGAIN, mt_get(self->r[i]));
	}
	EXPECT_TRUE(is_empty(self->w));
	EXPECT_EQ(0, mt_stat_of(self->w).lost);
}

TEST_F(broadcast, to_three_processes)
{
	int i;

	for (i = 0; i < ENDS; i++)
		mt_worker_start(&self->child[i], NULL, self->r[i]);
	/* two wait, and the third comes later */
	ASSERT_TRUE(mt_worker_blocks(&self->child[0], MT_GET));
	ASSERT_TRUE(mt_worker_blocks(&self->child[1], MT_GET));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ('a', mt_hear(self->child[0].sock));
	EXPECT_EQ('a', mt_hear(self->child[1].sock));
	EXPECT_EQ('a', mt_worker_does(&self->child[2], MT_TRY));
	for (i = 0; i < ENDS; i++) {
		EXPECT_EQ('b', mt_worker_does(&self->child[i], MT_TRY));
		EXPECT_EQ(-EAGAIN, mt_worker_does(&self->child[i], MT_TRY));
		EXPECT_EQ(0, mt_child_end(&self->child[i]));
	}
	EXPECT_TRUE(is_empty(self->w));
}

/* Who shares an endpoint shares what comes there. */
TEST_F(broadcast, is_once_for_those_who_share_an_endpoint)
{
	int copy = dup(self->r[0]);

	mt_worker_start(&self->child[0], NULL, dup(copy));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	ASSERT_EQ(0, mt_put(self->w, 'c'));
	EXPECT_EQ('a', mt_worker_does(&self->child[0], MT_TRY));
	EXPECT_EQ('b', mt_get(copy));
	EXPECT_EQ('c', mt_get(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_worker_does(&self->child[0], MT_TRY));
	EXPECT_STREQ("abc", mt_letters(self->r[1]));
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
}

/* A sender that can receive is one of those that receive. */
TEST_F(broadcast, is_heard_by_its_sender)
{
	int both = mt_open(self->dev, self->name, MT_RW);

	ASSERT_EQ(0, mt_put(both, 'a'));
	EXPECT_EQ('a', mt_get(both));
	EXPECT_EQ('a', mt_get(self->r[0]));
	EXPECT_EQ(-EBADF, mt_get(self->w));
	EXPECT_EQ(-EBADF, mt_put(self->r[0], 'b'));
}

TEST_F(broadcast, is_for_those_who_were_there_when_it_was_sent)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int late[2], i;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	late[0] = mt_open(self->dev, self->name, MBOX_O_READ);
	EXPECT_EQ(-EAGAIN, mt_get(late[0]));
	EXPECT_EQ(0, mt_events(late[0]));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	late[1] = mt_open_fd(self->dev, self->r[0], MBOX_O_READ);
	ASSERT_EQ(0, mt_put(self->w, 'c'));
	EXPECT_EQ('b', mt_getmsg(late[0], &msg));
	EXPECT_EQ(2, msg.seq);
	EXPECT_EQ(0, msg.missed);
	EXPECT_STREQ("c", mt_letters(late[0]));
	EXPECT_STREQ("c", mt_letters(late[1]));
	for (i = 0; i < ENDS; i++)
		EXPECT_STREQ("abc", mt_letters(self->r[i]));
	EXPECT_TRUE(is_empty(self->w));
}

/* All who wait get it at once; of those at one endpoint, one does. */
TEST_F(broadcast, wakes_one_of_each_endpoint)
{
	int i;

	for (i = 0; i < ENDS; i++)
		ASSERT_TRUE(mt_getter_blocks(&self->task[i], self->r[i]));
	ASSERT_TRUE(mt_getter_blocks(&self->task[ENDS], self->r[0]));
	EXPECT_EQ(ENDS + 1, mt_stat_of(self->w).waiting_receivers);
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	for (i = 0; i < ENDS; i++)
		EXPECT_EQ('a', mt_getter_end(&self->task[i]));
	EXPECT_TRUE(mt_task_settle(&self->task[ENDS]));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ('b', mt_getter_end(&self->task[ENDS]));
	EXPECT_STREQ("", mt_letters(self->r[0]));
	EXPECT_STREQ("b", mt_letters(self->r[1]));
}

TEST_F(broadcast, is_polled_by_endpoint)
{
	struct mt_task *in = &self->task[0];

	ASSERT_TRUE(mt_poller_blocks(in, self->r[0], POLLIN));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	EXPECT_EQ(POLLIN, mt_task_end(in));
	EXPECT_EQ('a', mt_get(self->r[0]));
	EXPECT_EQ(0, mt_events(self->r[0]));
	EXPECT_EQ(POLLIN, mt_events(self->r[1]));
	EXPECT_EQ(POLLOUT, mt_events(self->w));
}

TEST_F(broadcast, can_be_looked_at)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_PEEK };

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ('a', mt_getmsg(self->r[0], &msg));
	EXPECT_EQ('a', mt_getmsg(self->r[0], &msg));
	EXPECT_STREQ("ab", mt_letters(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_getmsg(self->r[0], &msg));
	EXPECT_STREQ("ab", mt_letters(self->r[1]));
}

TEST_F(broadcast, comes_in_batches)
{
	char letters[9];
	int i, error;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	EXPECT_EQ('a', mt_get(self->r[0]));
	EXPECT_EQ(3, mt_get_batch(self->r[0], letters, 8, MBOX_DONTWAIT,
				  &error));
	EXPECT_STREQ("bcd", letters);
	EXPECT_EQ(EAGAIN, error);
	EXPECT_EQ(2, mt_get_batch(self->r[1], letters, 2, 0, &error));
	EXPECT_STREQ("ab", letters);
	EXPECT_EQ(0, error);
	EXPECT_EQ(-EAGAIN, mt_get_batch(self->r[0], letters, 8, MBOX_DONTWAIT,
					&error));
}

/* ---- what it is made of ------------------------------------------------------ */

/* Each gets it, and it is there, and paid for, once. */
TEST_F(broadcast, data_is_kept_once)
{
	enum { MANY = 50, LEN = 65536 };
	static char out[LEN], in[LEN];
	struct mbox_usage usage;
	int r[MANY], i;
	__u64 before;

	memset(out, 'x', LEN);
	for (i = 0; i < MANY; i++) {
		r[i] = i < ENDS ? self->r[i] :
				  mt_open(self->dev, self->name, MBOX_O_READ);
		ASSERT_LE(0, r[i]);
	}
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	before = usage.bytes.used;
	ASSERT_EQ(0, mt_send(self->w, out, LEN, 0, MBOX_DONTWAIT));
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_LE(before + LEN, usage.bytes.used);
	EXPECT_GE(before + LEN + MT_UNUSED, usage.bytes.used);
	EXPECT_EQ(1, mt_stat_of(self->w).msgs);
	EXPECT_EQ(LEN, mt_stat_of(self->w).bytes);
	for (i = 0; i < MANY; i++) {
		memset(in, 0, LEN);
		ASSERT_EQ(LEN, mt_recv(r[i], in, LEN, MBOX_DONTWAIT));
		ASSERT_EQ(0, memcmp(in, out, LEN));
		EXPECT_EQ(i == MANY - 1, is_empty(self->w));
	}
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_GE(before + MT_UNUSED, usage.bytes.used);
}

/* Each gets descriptors of its own; the last one takes those of the message. */
TEST_F(broadcast, brings_descriptors_to_each)
{
	int pair[2], got[ENDS], i;

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_send_fd(self->w, pair[1]));
	close(pair[1]);
	for (i = 0; i < ENDS; i++) {
		got[i] = mt_recv_fd(self->r[i]);
		ASSERT_LE(0, got[i]);
	}
	for (i = 0; i < ENDS; i++) {
		EXPECT_TRUE(mt_pipe_is_open(pair));
		close(got[i]);
	}
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

TEST_F(broadcast, has_no_priorities)
{
	struct mbox_send_item item = { .priority = 1 };
	int error;

	EXPECT_EQ(-EINVAL, mt_put_typed(self->w, 'a', 0, 1));
	EXPECT_EQ(-EINVAL, mt_put_typed(self->w, 'a', 0, MBOX_PRIORITY_MAX));
	EXPECT_EQ(-EINVAL, mt_send_batch(self->w, &item, 1, 0, &error));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_EQ(0, mt_stat_of(self->w).sent);
}

/* ---- what it cannot ----------------------------------------------------------- */

TEST_F(broadcast, takes_no_calls)
{
	int back = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_send async = {
		.flags = MBOX_ASYNC | MBOX_DONTWAIT,
		.reply_fd = back,
		.reply_size = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, mt_call_for(self->w, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, mt_call_for(self->w, 0, MBOX_DONTWAIT));
	EXPECT_EQ(-EOPNOTSUPP, mt_putmsg(self->w, 'a', &async));
	EXPECT_TRUE(is_empty(back));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
}

/* A filter does that; see broadcast_life_test.c. */
TEST_F(broadcast, is_not_selected_in_a_single_receive)
{
	struct mbox_match match[] = {
		mt_type(7), mt_type_max(7), mt_type_not(7), mt_from(getpid()),
		mt_above(0),
	};
	struct mbox_recv_item item = {};
	size_t i;

	ASSERT_EQ(0, mt_put_typed(self->w, 'a', 7, 0));
	for (i = 0; i < ARRAY_SIZE(match); i++) {
		struct mbox_recv msg = { .match = match[i] };
		struct mbox_recv_batch batch = { .match = match[i] };

		EXPECT_EQ(-EOPNOTSUPP, mt_getmsg(self->r[0], &msg));
		EXPECT_EQ(-EOPNOTSUPP, mt_recv_batchmsg(self->r[0], &batch,
							&item, 1));
	}
	EXPECT_EQ('a', mt_get(self->r[0]));
}

TEST_F(broadcast, goes_with_no_other_policy)
{
	int letters = mt_mailbox(self->dev, NULL, MT_RW);

	EXPECT_EQ(-EOPNOTSUPP,
		  MT_POLICY(self->dev, NULL,
			    .flags = MBOX_CREATE_RENDEZVOUS,
			    .receivers = MBOX_RECEIVERS_BROADCAST));
	EXPECT_EQ(-EOPNOTSUPP,
		  MT_POLICY(self->dev, NULL,
			    .receivers = MBOX_RECEIVERS_BROADCAST,
			    .when_full = MBOX_FULL_CONFLATE));
	EXPECT_EQ(-EOPNOTSUPP,
		  MT_POLICY(self->dev, NULL,
			    .flags = MBOX_CREATE_DEAD_LETTER,
			    .receivers = MBOX_RECEIVERS_BROADCAST,
			    .max_deliveries = 2, .dead_letter = letters));
	/* nor can it be where dead letters go to */
	EXPECT_EQ(-EINVAL,
		  MT_POLICY(self->dev, NULL,
			    .flags = MBOX_CREATE_DEAD_LETTER,
			    .max_deliveries = 2, .dead_letter = self->w));
}

/* ---- slow endpoints ----------------------------------------------------------- */

/* The first reads all that is sent, and the others nothing of these ten. */
static int send_ten(int w, int fast)
{
	int i, ret;

	for (i = 0; i < 10; i++) {
		ret = mt_put(w, 'a' + i);
		if (ret)
			return ret;
		if (mt_missed(fast, 'a' + i))
			return -EBADMSG;
	}
	return 0;
}

TEST_F(broadcast, to_a_slow_one_that_loses_the_oldest)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	if (variant->when_full != MBOX_FULL_DROP_OLDEST)
		return;
	close(self->r[2]);
	ASSERT_EQ(0, send_ten(self->w, self->r[0]));
	EXPECT_EQ(6, mt_stat_of(self->w).lost);
	EXPECT_EQ('g', mt_getmsg(self->r[1], &msg));
	EXPECT_EQ(6, msg.missed);
	EXPECT_EQ(7, msg.seq);
	EXPECT_EQ(0, mt_missed(self->r[1], 'h'));
	/* it is counted anew from then on */
	ASSERT_EQ(0, mt_put(self->w, 'k'));
	ASSERT_EQ(0, mt_put(self->w, 'l'));
	ASSERT_EQ(0, mt_put(self->w, 'm'));
	EXPECT_EQ(1, mt_missed(self->r[1], 'j'));
	EXPECT_STREQ("klm", mt_letters(self->r[1]));
	EXPECT_STREQ("klm", mt_letters(self->r[0]));
	EXPECT_EQ(7, mt_stat_of(self->w).lost);
	EXPECT_TRUE(is_empty(self->w));
}

/* Each slow one misses what it has not received of what was dropped. */
TEST_F(broadcast, to_slow_ones_that_miss_different_things)
{
	if (variant->when_full != MBOX_FULL_DROP_OLDEST)
		return;
	ASSERT_EQ(0, mt_put(self->w, 'x'));
	EXPECT_EQ('x', mt_get(self->r[2]));
	ASSERT_EQ(0, send_ten(self->w, self->r[2]));
	EXPECT_EQ(7, mt_stat_of(self->w).lost);
	EXPECT_EQ(7, mt_missed(self->r[0], 'g'));
	ASSERT_EQ(0, mt_put(self->w, 'k'));
	EXPECT_EQ(8, mt_missed(self->r[1], 'h'));
	EXPECT_EQ(0, mt_missed(self->r[0], 'h'));
	EXPECT_STREQ("ijk", mt_letters(self->r[0]));
	EXPECT_STREQ("ijk", mt_letters(self->r[1]));
	EXPECT_STREQ("k", mt_letters(self->r[2]));
}

/* A sender waits for the slowest, and for nobody else. */
TEST_F(broadcast, to_a_slow_one_that_is_waited_for)
{
	struct mt_task *sender = &self->task[0], *out = &self->task[1];
	struct mbox_send msg = { .flags = MBOX_DONTWAIT };
	int i;

	if (variant->when_full != MBOX_FULL_BLOCK)
		return;
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->w, 'x', &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ(ROOM, msg.refusal.total);
	EXPECT_EQ(ROOM, msg.refusal.max);
	EXPECT_EQ(0, mt_events(self->w));
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	ASSERT_TRUE(mt_poller_blocks(out, self->w, POLLOUT));
	EXPECT_STREQ("abcd", mt_letters(self->r[0]));
	EXPECT_EQ('a', mt_get(self->r[1]));
	EXPECT_TRUE(mt_task_settle(sender));
	EXPECT_EQ('a', mt_get(self->r[2]));
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_TRUE(mt_task_settle(out));
	EXPECT_STREQ("bcde", mt_letters(self->r[2]));
	EXPECT_TRUE(mt_task_settle(out));
	EXPECT_EQ('b', mt_get(self->r[1]));
	EXPECT_EQ(POLLOUT, mt_task_end(out));
	EXPECT_STREQ("cde", mt_letters(self->r[1]));
	EXPECT_STREQ("e", mt_letters(self->r[0]));
	EXPECT_EQ(0, mt_stat_of(self->w).lost);
}

TEST_F(broadcast, to_a_slow_one_that_fails_its_sender)
{
	struct mbox_send msg = {};
	int i;

	if (variant->when_full != MBOX_FULL_FAIL)
		return;
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	EXPECT_STREQ("abcd", mt_letters(self->r[0]));
	EXPECT_STREQ("abcd", mt_letters(self->r[1]));
	EXPECT_EQ(-EAGAIN, mt_putmsg(self->w, 'x', &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ('a', mt_get(self->r[2]));
	EXPECT_EQ(0, mt_putmsg(self->w, 'e', &msg));
	EXPECT_STREQ("bcde", mt_letters(self->r[2]));
	EXPECT_STREQ("e", mt_letters(self->r[0]));
}

TEST_HARNESS_MAIN
