// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch takes of what is limited is no more than its messages would take
 * one by one: so it fails where they would, and stands in nobody's way.
 */
#include "mbox_test_batch.h"
#include "mbox_test_child.h"
#include "mbox_test_limits.h"
#include "mbox_test_policy.h"
#include "mbox_test_slab.h"
#include "mbox_test_slow.h"

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

/* While the first one waits for room, the others are charged to nobody. */
TEST_F(batch, that_waits_is_charged_for_one)
{
	int box = mt_sized(self->dev, NULL, 2, 64 * KIB, 0), i;
	struct sender s = { .box = box, .items = self->items, .nr = SOME };
	__u64 before;

	ASSERT_LE(0, box);
	for (i = 0; i < SOME; i++)
		self->items[i].len = 60 * KIB;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, mt_send(box, data, 1, 0, 0));
	before = bytes_of_root(self->dev);
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, send_items, &s));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(box).waiting_senders == 1));
	/* itself, and what is drawn beside it */
	EXPECT_GT((60 + 4 * 8) * KIB, bytes_of_root(self->dev) - before);
	EXPECT_EQ(1, mt_recv(box, data, 1, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(1, s.ret);
	EXPECT_EQ(2, mt_purge(box));
	close(box);
}

/* Nor do they take memory, which shows where many wait. */
TEST_F(batch, that_waits_takes_memory_for_one)
{
	enum { SENDERS = 40 };
	int box = mt_sized(self->dev, NULL, 1, 64 * KIB, 0), i;
	unsigned long before = mt_slab_bytes();
	struct sender s[SENDERS];

	if (!before)
		SKIP(return, "this kernel does not tell what slabs hold");
	ASSERT_LE(0, box);
	for (i = 0; i < SOME; i++)
		self->items[i].len = 3 * KIB;
	ASSERT_EQ(0, mt_send(box, data, 1, 0, 0));
	for (i = 0; i < SENDERS; i++) {
		s[i] = (struct sender){ .box = box, .items = self->items,
					.nr = SOME };
		ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, send_items,
					    &s[i]));
	}
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(box).waiting_senders == SENDERS));
	/* 4 KiB each; of all, it would be 2.5 MiB */
	EXPECT_GT(SENDERS * 16 * KIB, mt_slab_bytes() - before);
	for (i = 0; i < SENDERS; i++)
		EXPECT_LE(0, mt_recv(box, data, sizeof(data), 0));
	for (i = 0; i < SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_EQ(1, s[i].ret);
	}
	EXPECT_EQ(1, mt_purge(box));
	close(box);
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
	struct mt_slow slow;
	int box;
	int ret;
};

static void *receive_items(void *arg)
{
	struct mbox_recv_item items[SOME];
	struct receiver *r = arg;
	int i, error;

	for (i = 0; i < SOME; i++)
		items[i] = (struct mbox_recv_item){
			.buf = (uintptr_t)r->slow.page,
			.buf_size = 10,
		};
	r->ret = mt_recv_batch(r->box, items, SOME, MBOX_DONTWAIT, &error);
	return NULL;
}

/* Of @nr messages in @box, a batch is in the middle of being received. */
static void begin_receive(struct __test_metadata *_metadata, struct receiver *r,
			  int box, int nr)
{
	*r = (struct receiver){ .box = box };
	ASSERT_LE(0, box);
	ASSERT_TRUE(mt_slow_init(&r->slow));
	while (nr--)
		ASSERT_EQ(0, mt_send(box, data, 10, 0, 0));
	ASSERT_EQ(0, pthread_create(&r->thread, NULL, receive_items, r));
	ASSERT_TRUE(mt_slow_is_wanted(&r->slow));
}

static int end_receive(struct receiver *r)
{
	mt_slow_give(&r->slow);
	pthread_join(r->thread, NULL);
	return r->ret;
}

/* Some of eight may always be dropped, though a batch is received. */
TEST_F(batch, leaves_some_to_be_dropped)
{
	int box = MT_POLICY(self->dev, NULL,
			    .when_full = MBOX_FULL_DROP_OLDEST,
			    .max_msgs = 8, .msg_size = 10);
	struct receiver r;
	int i;

	begin_receive(_metadata, &r, box, 8);
	EXPECT_GE(4, mt_stat_of(box).held);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, mt_send(box, data, 10, 0, MBOX_DONTWAIT));
	EXPECT_LT(0, end_receive(&r));
	close(box);
}

/* Of four that may be held, another finds one. */
TEST_F(batch, leaves_others_to_hold_some)
{
	int box = mt_sized(self->dev, NULL, 100, 10, 0);
	__s64 limit = mt_param_get("endpoint_max_held");
	struct receiver r;

	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 4));
	begin_receive(_metadata, &r, box, SOME);
	EXPECT_EQ(1, mt_stat_of(box).held);
	EXPECT_EQ(10, mt_recv(box, data, 10, MBOX_DONTWAIT));
	EXPECT_EQ(SOME - 1, end_receive(&r));
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
	close(box);
}

TEST_HARNESS_MAIN
