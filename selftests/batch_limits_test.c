// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch takes of what is limited is no more than its messages would take
 * one by one: so it fails where they would, and stands in nobody's way.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include "mbox_test_batch.h"
#include "mbox_test_child.h"
#include "mbox_test_limits.h"
#include "mbox_test_policy.h"
#include "mbox_test_task.h"

#define KIB	1024
#define SOME	16

static char data[64 * KIB];

FIXTURE(batch) {
	int dev;
	struct mt_limits saved;
	struct mbox_send_item items[SOME];
};

FIXTURE_SETUP(batch)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(mt_limits_save(&self->saved));
	for (i = 0; i < SOME; i++)
		self->items[i].buf = (uintptr_t)data;
}

FIXTURE_TEARDOWN(batch)
{
	EXPECT_TRUE(mt_limits_restore(&self->saved));
	MT_TEARDOWN(self->dev);
}

static __u64 bytes_of_root(int dev)
{
	struct mbox_usage usage;

	return mt_usage(dev, 0, &usage) ? ~0ULL : usage.bytes.used;
}

/* A small message goes in, and the large one behind it reaches the limit. */
TEST_F(batch, the_first_is_charged_first)
{
	int box = mt_sized(self->dev, NULL, 10, 64 * KIB, 0), error;
	struct mt_child child;

	ASSERT_LE(0, box);
	self->items[0].len = 100;
	self->items[1].len = 64 * KIB - 200;
	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 64 * KIB));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(1, mt_send_batch(box, self->items, 2, 0, &error));
		EXPECT_EQ(EDQUOT, error);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	close(box);
}

/* What one message is refused for is not told of another. */
TEST_F(batch, refusal_is_of_the_one_that_failed)
{
	struct mbox_send_batch batch = { .flags = MBOX_DONTWAIT };
	int box = MT_POLICY(self->dev, NULL,
			    .flags = MT_RW | MBOX_CREATE_RENDEZVOUS,
			    .msg_size = 64 * KIB);
	struct mt_child child;

	ASSERT_LE(0, box);
	self->items[0].len = 100;
	self->items[1].len = 64 * KIB;
	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 64 * KIB));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(-EAGAIN,
			  mt_send_batchmsg(box, &batch, self->items, 2));
		EXPECT_EQ(MBOX_LIMIT_NONE, batch.refusal.limit);
		EXPECT_EQ(0, batch.refusal.max);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	close(box);
}

/* ---- who waits ------------------------------------------------------------------------ */

struct sender {
	pthread_t thread;
	int box;
	struct mbox_send_item *items;
	int nr;
	int ret;
};

static void *send_items(void *arg)
{
	struct sender *s = arg;
	int error;

	s->ret = mt_send_batch(s->box, s->items, s->nr, 0, &error);
	return NULL;
}

static void check_blocked(struct __test_metadata *_metadata, int dev,
			  struct mbox_send_item *items, __u32 len)
{
	int box = mt_sized(dev, NULL, 2, 64 * KIB, 0), i;
	struct sender s = { .box = box, .items = items, .nr = SOME };
	__u64 before;

	ASSERT_LE(0, box);
	for (i = 0; i < SOME; i++)
		items[i].len = len;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, mt_send(box, data, 1, 0, 0));
	before = bytes_of_root(dev);
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, send_items, &s));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(box).waiting_senders == 1));
	/* itself, and what is drawn beside it */
	EXPECT_GT(len + 4 * 8 * KIB, bytes_of_root(dev) - before);
	EXPECT_EQ(1, mt_recv(box, data, 1, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(1, s.ret);
	EXPECT_EQ(2, mt_purge(box));
	close(box);
}

/* While the first one waits for room, the others take nothing. */
TEST_F(batch, that_waits_takes_for_one)
{
	check_blocked(_metadata, self->dev, self->items, 60 * KIB);
	check_blocked(_metadata, self->dev, self->items, 3 * KIB);
}

/* Whoever is not received is not met. */
TEST_F(batch, meets_whom_it_receives)
{
	int box = MT_POLICY(self->dev, NULL,
			    .flags = MT_RW | MBOX_CREATE_RENDEZVOUS,
			    .msg_size = 100);
	struct mbox_recv_item in[SOME] = {};
	struct sender s[SOME];
	int i, error;

	ASSERT_LE(0, box);
	for (i = 0; i < SOME; i++) {
		self->items[i].len = 10;
		s[i] = (struct sender){ .box = box, .nr = 1,
					.items = &self->items[i] };
		ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, send_items,
					    &s[i]));
		EXPECT_TRUE(MT_UNTIL((int)mt_stat_of(box).waiting_senders ==
				     i + 1));
		in[i].buf = i == 1 ? 0 : (uintptr_t)data;
		in[i].buf_size = 100;
	}
	EXPECT_EQ(1, mt_recv_batch(box, in, SOME, 0, &error));
	EXPECT_EQ(EFAULT, error);
	/* the one that was received, and the one that was to be */
	EXPECT_EQ(SOME - 2, mt_stat_of(box).waiting_senders);
	for (i = 1; i < SOME; i++)
		EXPECT_EQ(10, mt_recv(box, data, 100, 0));
	for (i = 0; i < SOME; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_EQ(1, s[i].ret);
	}
	close(box);
}

/* ---- who receives meanwhile ------------------------------------------------------------ */

struct receiver {
	pthread_t thread;
	int box;
	bool stop;
	bool refused;
};

static void *receive_items(void *arg)
{
	struct mbox_recv_item items[SOME];
	struct receiver *r = arg;
	char in[4 * KIB];
	int i, error;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < SOME; i++)
			items[i] = (struct mbox_recv_item){
				.buf = (uintptr_t)in,
				.buf_size = sizeof(in),
			};
		mt_recv_batch(r->box, items, SOME, MBOX_DONTWAIT, &error);
		if (error != EAGAIN && error)
			r->refused = true;
	}
	return NULL;
}

/* Send so often while @nr receive; returns how often that did not work. */
static int send_to(struct receiver *r, int nr, int box)
{
	int n = 5000 * atoi(getenv("MBOX_STRESS") ?: "1"), i, again = 0;

	for (i = 0; i < nr; i++) {
		r[i] = (struct receiver){ .box = box };
		pthread_create(&r[i].thread, NULL, receive_items, &r[i]);
	}
	while (n--)
		again += !!mt_send(box, data, 4 * KIB, 0, MBOX_DONTWAIT);
	for (i = 0; i < nr; i++) {
		__atomic_store_n(&r[i].stop, true, __ATOMIC_RELEASE);
		pthread_join(r[i].thread, NULL);
	}
	return again;
}

/* Some of eight may always be dropped, though a batch is received. */
TEST_F_TIMEOUT(batch, leaves_some_to_be_dropped, 120)
{
	int box = MT_POLICY(self->dev, NULL,
			    .when_full = MBOX_FULL_DROP_OLDEST,
			    .max_msgs = 8, .msg_size = 4 * KIB);
	struct receiver r;

	ASSERT_LE(0, box);
	EXPECT_EQ(0, send_to(&r, 1, box));
	close(box);
}

/* Of four that may be held, each of two threads finds one. */
TEST_F_TIMEOUT(batch, leaves_others_to_hold_some, 120)
{
	int box = mt_sized(self->dev, NULL, 1000, 4 * KIB, 1000 * 4 * KIB);
	__s64 limit = mt_param_get("endpoint_max_held");
	struct receiver r[2];

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 4));
	send_to(r, 2, box);
	EXPECT_FALSE(r[0].refused);
	EXPECT_FALSE(r[1].refused);
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
	mt_purge(box);
	close(box);
}

TEST_HARNESS_MAIN
