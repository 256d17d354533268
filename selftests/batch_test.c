// SPDX-License-Identifier: GPL-2.0
/*
 * A batch is as many sends, or receives, in order, up to the first that fails:
 * what was done is done, and what was not done is as it was.
 */
#include <sys/mman.h>

#include "mbox_test_async.h"
#include "mbox_test_batch.h"
#include "mbox_test_match.h"

#define NR	(MBOX_BATCH_MAX + 1)
#define SIZE	32

FIXTURE(batch) {
	int dev;
	int box;	/* for 100 messages of at most 32 bytes */
	char *none;	/* an address without memory behind it */
	int error;
	char data[NR][SIZE];
	struct mbox_send_item send[NR];
	struct mbox_recv_item recv[NR];
};

FIXTURE_SETUP(batch)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages;
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 100, SIZE, 0);
	ASSERT_LE(0, self->box);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + page, page));
	self->none = pages + page;
	/* message @i is i + 1 bytes long, or a bit less, and all of it tells i */
	for (i = 0; i < NR; i++) {
		memset(self->data[i], i, SIZE);
		self->send[i] = (struct mbox_send_item){
			.buf = (uintptr_t)self->data[i],
			.len = 1 + i % SIZE,
			.type = 100 + i,
		};
	}
}

FIXTURE_TEARDOWN(batch)
{
	MT_TEARDOWN(self->dev);
}

/* The kernel's part of it is not looked at. */
#define TO_RECEIVE(nr) do {						\
	int __i, __nr = nr;						\
									\
	memset(self->recv, 0xff, sizeof(self->recv));			\
	memset(self->data, 0xff, sizeof(self->data));			\
	for (__i = 0; __i < __nr; __i++) {				\
		self->recv[__i].buf = (uintptr_t)self->data[__i];	\
		self->recv[__i].buf_size = SIZE;			\
	}								\
} while (0)

#define SEND(nr) \
	mt_send_batch(self->box, self->send, nr, MBOX_DONTWAIT, &self->error)
#define RECV(nr) \
	mt_recv_batch(self->box, self->recv, nr, MBOX_DONTWAIT, &self->error)

/* Is it message @i, whole and as it was sent? */
static bool is_message(const struct mbox_recv_item *item, const char *data,
		       int i)
{
	int n;

	for (n = 0; n < 1 + i % SIZE; n++)
		if (data[n] != i)
			return false;
	return item->len == n && item->type == 100 + i &&
	       item->pid == getpid() && item->tid == getpid() && !item->uid &&
	       !item->gid && !item->reserved && !item->missed;
}

/* Message @i is in item @n of what has been received. */
#define EXPECT_ITEM(n, i) do {						\
	int __n = n;							\
									\
	EXPECT_TRUE(is_message(&self->recv[__n], self->data[__n], i)) {	\
		TH_LOG("item %d", __n);					\
	}								\
} while (0)

/* ---- order ----------------------------------------------------------------------- */

TEST_F(batch, as_many_as_there_can_be)
{
	int i;

	EXPECT_EQ(MBOX_BATCH_MAX, SEND(MBOX_BATCH_MAX));
	EXPECT_EQ(0, self->error);
	EXPECT_EQ(MBOX_BATCH_MAX, mt_stat_of(self->box).msgs);
	TO_RECEIVE(MBOX_BATCH_MAX);
	EXPECT_EQ(MBOX_BATCH_MAX, RECV(MBOX_BATCH_MAX));
	EXPECT_EQ(0, self->error);
	for (i = 0; i < MBOX_BATCH_MAX; i++) {
		EXPECT_ITEM(i, i);
		EXPECT_EQ(i + 1, self->recv[i].seq);
		EXPECT_EQ(0, self->recv[i].token);
		EXPECT_EQ(0, self->recv[i].msg_flags);
		EXPECT_EQ(0, self->recv[i].fds_lost);
	}
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(MBOX_BATCH_MAX, mt_stat_of(self->box).received);
}

TEST_F(batch, of_none_or_too_many_is_invalid)
{
	static const unsigned int wrong[] = { 0, NR, 1U << 16, ~0U };
	struct mt_state before;
	int i;

	ASSERT_EQ(2, SEND(2));
	TO_RECEIVE(NR);
	before = mt_state_of(self->dev, self->box, 0);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, SEND(wrong[i]));
		EXPECT_EQ(-EINVAL, RECV(wrong[i]));
	}
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
}

/* The message that is received first comes first, whenever it was sent. */
TEST_F(batch, comes_by_priority)
{
	static const int order[] = { 3, 1, 2, 0 };
	int i;

	for (i = 0; i < 4; i++)
		self->send[i].priority = i == 3 ? MBOX_PRIORITY_MAX : i > 0;
	ASSERT_EQ(4, SEND(4));
	TO_RECEIVE(5);
	EXPECT_EQ(4, RECV(5));
	EXPECT_EQ(EAGAIN, self->error);
	for (i = 0; i < 4; i++) {
		EXPECT_ITEM(i, order[i]);
		EXPECT_EQ(order[i] + 1, self->recv[i].seq);
	}
	EXPECT_EQ(MBOX_PRIORITY_MAX, self->recv[0].priority);
	EXPECT_EQ(1, self->recv[1].priority);
}

/* Either side is free to use batches or not. */
TEST_F(batch, one_side_need_not_know)
{
	char data[SIZE];
	int i;

	ASSERT_EQ(3, SEND(3));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(1 + i, mt_recv(self->box, data, SIZE, 0));
		EXPECT_EQ(i, data[0]);
	}
	ASSERT_EQ(0, mt_send(self->box, "single", 7, 3, 0));
	TO_RECEIVE(1);
	EXPECT_EQ(1, RECV(1));
	EXPECT_STREQ("single", self->data[0]);
	EXPECT_EQ(3, self->recv[0].priority);
}

/* ---- the first that fails ------------------------------------------------------------- */

/* Message @k of 5 is wrong: those before it are sent, and nothing after it. */
#define SENDS_BEFORE(k, code, ...) do {					\
	int __k = k, __code = code;					\
	struct mbox_send_item __good = self->send[__k];			\
	struct mbox_send_item *item = &self->send[__k];			\
									\
	__VA_ARGS__;							\
	EXPECT_EQ(__k ?: -__code, SEND(5)) {				\
		TH_LOG("with %s at %d", #__VA_ARGS__, __k);		\
	}								\
	if (__k)							\
		EXPECT_EQ(__code, self->error);				\
	EXPECT_EQ(__k, mt_purge(self->box));				\
	*item = __good;							\
} while (0)

TEST_F(batch, sends_up_to_one_that_is_wrong)
{
	int k;

	for (k = 0; k < 5; k++) {
		SENDS_BEFORE(k, EFAULT, item->buf = 0);
		SENDS_BEFORE(k, EFAULT, item->buf = (uintptr_t)self->none);
		SENDS_BEFORE(k, EFAULT, item->buf = 1ULL << 63);
		SENDS_BEFORE(k, EMSGSIZE, item->len = SIZE + 1);
		SENDS_BEFORE(k, EMSGSIZE, item->len = ~0U);
		SENDS_BEFORE(k, EINVAL,
			     item->priority = MBOX_PRIORITY_MAX + 1);
		SENDS_BEFORE(k, EINVAL, item->ttl = MBOX_TIME_MAX + 1);
		SENDS_BEFORE(k, EINVAL, item->ttl = ~0ULL);
	}
	EXPECT_EQ(5, SEND(5));
	/* and what was not sent has taken no number */
	EXPECT_EQ(8 * (1 + 2 + 3 + 4) + 5, mt_stat_of(self->box).sent);
}

TEST_F(batch, sends_what_there_is_room_for)
{
	struct mbox_send_batch batch = { .flags = MBOX_DONTWAIT };
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 7 };

	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(7, mt_send_batchmsg(self->box, &batch, self->send, 10));
	EXPECT_EQ(EAGAIN, batch.error);
	EXPECT_EQ(MBOX_LIMIT_MSGS, batch.refusal.limit);
	EXPECT_EQ(7, batch.refusal.used);
	EXPECT_EQ(7, batch.refusal.max);
	EXPECT_EQ(0, batch.refusal.uid);
	memset(&batch.refusal, 0, sizeof(batch.refusal));
	EXPECT_EQ(-EAGAIN, mt_send_batchmsg(self->box, &batch, self->send, 10));
	EXPECT_EQ(MBOX_LIMIT_MSGS, batch.refusal.limit);
	EXPECT_EQ(7, mt_stat_of(self->box).msgs);
	EXPECT_EQ(7, mt_stat_of(self->box).sent);
}

/* A receive that fails at item @k of 5 leaves that message and all after it. */
#define RECEIVES_BEFORE(k, code, ...) do {				\
	int __k = k, __code = code, __i;				\
	struct mbox_recv_item *item = &self->recv[__k];			\
									\
	TO_RECEIVE(5);							\
	__VA_ARGS__;							\
	EXPECT_EQ(__k ?: -__code, RECV(5)) {				\
		TH_LOG("with %s at %d", #__VA_ARGS__, __k);		\
	}								\
	if (__k)							\
		EXPECT_EQ(__code, self->error);				\
	for (__i = 0; __i < __k; __i++)					\
		EXPECT_ITEM(__i, __i);					\
	if (__code == EMSGSIZE)						\
		EXPECT_EQ(1 + __k, item->len);				\
	EXPECT_EQ(5 - __k, mt_stat_of(self->box).msgs);			\
	EXPECT_EQ(0, mt_stat_of(self->box).held);			\
	TO_RECEIVE(5);							\
	EXPECT_EQ(5 - __k, RECV(5));					\
	for (__i = __k; __i < 5; __i++)					\
		EXPECT_ITEM(__i - __k, __i);				\
} while (0)

TEST_F(batch, receives_up_to_one_that_fails)
{
	struct mbox_send_item *good = self->send;
	char data[5][SIZE];
	int k, i, n;

	for (i = 0; i < 5; i++) {
		memset(data[i], i, SIZE);
		good[i].buf = (uintptr_t)data[i];
	}
	for (k = 0; k < 5; k++) {
		for (n = 0; n < 4; n++) {
			ASSERT_EQ(5, SEND(5));
			if (n == 0)
				RECEIVES_BEFORE(k, EMSGSIZE,
						item->buf_size = k);
			else if (n == 1)
				RECEIVES_BEFORE(k, EMSGSIZE,
						item->buf_size = 0);
			else if (n == 2)
				RECEIVES_BEFORE(k, EFAULT, item->buf = 0);
			else
				RECEIVES_BEFORE(k, EFAULT, item->buf =
						(uintptr_t)self->none);
		}
	}
}

/*
 * A batch is done in pieces of which nothing is to be seen: wherever one fails,
 * those before it are done, and those behind it wait in their order.
 */
TEST_F(batch, fails_at_any_place)
{
	enum { ALL = 40 };
	struct mbox_send_item good;
	char out[ALL][SIZE];
	int k, i;

	for (k = 0; k < ALL; k++) {
		memcpy(out[k], self->data[k], SIZE);
		self->send[k].buf = (uintptr_t)out[k];
	}
	for (k = 0; k < ALL; k++) {
		good = self->send[k];
		self->send[k].buf = (uintptr_t)self->none;
		ASSERT_EQ(k ?: -EFAULT, SEND(ALL));
		EXPECT_EQ(k, mt_purge(self->box));
		self->send[k] = good;

		ASSERT_EQ(ALL, SEND(ALL));
		TO_RECEIVE(ALL);
		self->recv[k].buf = (uintptr_t)self->none;
		ASSERT_EQ(k ?: -EFAULT, RECV(ALL));
		for (i = 0; i < k; i++)
			EXPECT_ITEM(i, i);
		EXPECT_EQ(0, mt_stat_of(self->box).held);
		TO_RECEIVE(ALL);
		ASSERT_EQ(ALL - k, RECV(ALL));
		for (i = k; i < ALL; i++)
			EXPECT_ITEM(i - k, i);
	}
}

/* A batch that ends in the middle of memory goes up to there, or not at all. */
TEST_F(batch, of_which_the_end_is_not_there)
{
	struct mbox_send_item *send = (void *)self->none;
	struct mbox_recv_item *recv = (void *)self->none;
	int ret, got;

	EXPECT_EQ(-EFAULT, mt_send_batch(self->box, NULL, 1, 0, &self->error));
	EXPECT_EQ(-EFAULT, mt_send_batch(self->box, send, 1, 0, &self->error));
	memcpy(send - 3, self->send, 3 * sizeof(*send));
	ret = mt_send_batch(self->box, send - 3, 5, MBOX_DONTWAIT,
			    &self->error);
	EXPECT_TRUE(ret == 3 || ret == -EFAULT);
	EXPECT_EQ(ret < 0 ? 0 : ret, mt_stat_of(self->box).msgs);

	mt_purge(self->box);
	ASSERT_EQ(5, SEND(5));
	EXPECT_EQ(-EFAULT, mt_recv_batch(self->box, NULL, 1, 0, &self->error));
	EXPECT_EQ(-EFAULT, mt_recv_batch(self->box, recv, 1, 0, &self->error));
	EXPECT_EQ(5, mt_stat_of(self->box).msgs);
	TO_RECEIVE(3);
	memcpy(recv - 3, self->recv, 3 * sizeof(*recv));
	got = mt_recv_batch(self->box, recv - 3, 5, MBOX_DONTWAIT,
			    &self->error);
	EXPECT_TRUE(got == 3 || got == -EFAULT);
	EXPECT_EQ(5 - (got < 0 ? 0 : got), mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
}

/* What cannot be told has not been received. */
TEST_F(batch, item_that_cannot_be_written)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *mem = self->none - page;
	struct mbox_recv_item *recv = (void *)mem;
	int got;

	ASSERT_EQ(5, SEND(5));
	TO_RECEIVE(5);
	memcpy(recv, self->recv, 5 * sizeof(*recv));
	ASSERT_EQ(0, mprotect(mem, page, PROT_READ));
	got = mt_recv_batch(self->box, recv, 5, MBOX_DONTWAIT, &self->error);
	EXPECT_EQ(-EFAULT, got);
	EXPECT_EQ(5, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(5, RECV(5));
	EXPECT_ITEM(4, 4);
}

/* ---- what receives do, items do ---------------------------------------------------- */

TEST_F(batch, truncates_each)
{
	int i;

	ASSERT_EQ(5, SEND(5));
	TO_RECEIVE(5);
	for (i = 0; i < 5; i++)
		self->recv[i].buf_size = 3;
	EXPECT_EQ(5, mt_recv_batch(self->box, self->recv, 5,
				   MBOX_DONTWAIT | MBOX_TRUNCATE,
				   &self->error));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(1 + i, self->recv[i].len);
		EXPECT_EQ(i < 3 ? 0 : MBOX_MSG_TRUNCATED,
			  self->recv[i].msg_flags);
		EXPECT_EQ(-1, self->data[i][3]);
	}
}

TEST_F(batch, selects_each)
{
	struct mbox_recv_batch batch = { .flags = MBOX_DONTWAIT };
	int i;

	for (i = 0; i < 6; i++)
		self->send[i].type = i % 2;
	ASSERT_EQ(6, SEND(6));
	TO_RECEIVE(6);
	batch.match = mt_type(1);
	EXPECT_EQ(3, mt_recv_batchmsg(self->box, &batch, self->recv, 6));
	EXPECT_EQ(EAGAIN, batch.error);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(2 * i + 2, self->recv[i].seq);
	EXPECT_EQ(-EAGAIN, mt_recv_batchmsg(self->box, &batch, self->recv, 6));
	batch.match = mt_type_max(1);
	EXPECT_EQ(3, mt_recv_batchmsg(self->box, &batch, self->recv, 3));
	EXPECT_EQ(0, batch.error);
}

/* Each has a token of its own, and each goes its own way. */
TEST_F(batch, leases_each)
{
	int i;

	ASSERT_EQ(4, SEND(4));
	TO_RECEIVE(6);
	EXPECT_EQ(4, mt_recv_batch(self->box, self->recv, 6,
				   MBOX_DONTWAIT | MBOX_LEASE, &self->error));
	EXPECT_EQ(4, mt_stat_of(self->box).held);
	for (i = 0; i < 4; i++) {
		EXPECT_ITEM(i, i);
		EXPECT_NE(0, self->recv[i].token);
		EXPECT_EQ(0, mt_held(self->box, self->recv[i].token) &
			     ~MBOX_MSG_SENDER_LIVES);
	}
	EXPECT_EQ(0, mt_ack(self->box, self->recv[2].token));
	EXPECT_EQ(0, mt_nack(self->box, self->recv[3].token, 0));
	EXPECT_EQ(0, mt_nack(self->box, self->recv[0].token, 0));
	EXPECT_EQ(0, mt_ack(self->box, self->recv[1].token));
	TO_RECEIVE(6);
	EXPECT_EQ(2, RECV(6));
	EXPECT_ITEM(0, 0);
	EXPECT_ITEM(1, 3);
	EXPECT_EQ(1, self->recv[0].deliveries);
	EXPECT_EQ(4, mt_stat_of(self->box).received);
}

TEST_F(batch, leases_as_many_as_an_endpoint_may_hold)
{
	__s64 limit = mt_param_get("endpoint_max_held");

	ASSERT_LT(0, limit);
	ASSERT_EQ(5, SEND(5));
	TO_RECEIVE(5);
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 2));
	EXPECT_EQ(2, mt_recv_batch(self->box, self->recv, 5,
				   MBOX_DONTWAIT | MBOX_LEASE, &self->error));
	EXPECT_EQ(EDQUOT, self->error);
	EXPECT_EQ(-EDQUOT, mt_recv_batch(self->box, self->recv, 5,
					 MBOX_DONTWAIT | MBOX_LEASE,
					 &self->error));
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
}

/* What was dropped is told once, with the first that comes after it. */
/* What it has received a moment ago it does not hold. */
TEST_F(batch, is_more_than_an_endpoint_may_hold)
{
	__s64 limit = mt_param_get("endpoint_max_held");
	char out[40][SIZE];
	int i;

	for (i = 0; i < 40; i++) {
		memcpy(out[i], self->data[i], SIZE);
		self->send[i].buf = (uintptr_t)out[i];
	}
	ASSERT_EQ(40, SEND(40));
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 3));
	TO_RECEIVE(40);
	EXPECT_EQ(40, RECV(40));
	for (i = 0; i < 40; i++)
		EXPECT_ITEM(i, i);
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
}

TEST_F(batch, missed_is_told_with_the_first)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 3,
		.when_full = MBOX_FULL_DROP_OLDEST,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	EXPECT_EQ(5, mt_send_batch(box, self->send, 5, 0, &self->error));
	TO_RECEIVE(5);
	EXPECT_EQ(3, mt_recv_batch(box, self->recv, 5, MBOX_DONTWAIT,
				   &self->error));
	EXPECT_EQ(3, self->recv[0].seq);
	EXPECT_EQ(2, self->recv[0].missed);
	EXPECT_EQ(0, self->recv[1].missed);
	EXPECT_EQ(0, self->recv[2].missed);
	close(box);
}

TEST_F(batch, each_has_its_time_to_live)
{
	self->send[0].ttl = 1;
	self->send[2].ttl = MBOX_TIME_MAX;
	ASSERT_EQ(3, SEND(3));
	TO_RECEIVE(3);
	EXPECT_EQ(2, RECV(3));
	EXPECT_EQ(2, self->recv[0].seq);
	EXPECT_EQ(1, self->recv[0].missed);
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* A call, a message with descriptors and a reply, in one. */
TEST_F(batch, of_calls_and_descriptors)
{
	int back = mt_mailbox(self->dev, NULL, MT_RW), pair[2];

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_ask(self->box, back, 9, 77));
	ASSERT_EQ(0, mt_send_fds(self->box, (int[]){ pair[1], pair[0] }, 2));
	ASSERT_EQ(1, SEND(1));
	close(pair[1]);
	TO_RECEIVE(3);
	EXPECT_EQ(3, RECV(3));
	EXPECT_EQ(MBOX_MSG_CALL, self->recv[0].msg_flags);
	EXPECT_EQ(9, self->recv[0].reply_max);
	EXPECT_EQ(0, self->recv[0].fds_lost);
	EXPECT_STREQ("ask", self->data[0]);
	EXPECT_EQ(2, self->recv[1].fds_lost);
	EXPECT_EQ(0, self->recv[1].token);
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	EXPECT_EQ(0, self->recv[2].fds_lost);
	EXPECT_ITEM(2, 0);

	/* a call is held, whether or not the batch is */
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	EXPECT_EQ(0, mt_reply(self->box, self->recv[0].token, "answer", 6, 5));
	TO_RECEIVE(1);
	EXPECT_EQ(1, mt_recv_batch(back, self->recv, 1, MBOX_DONTWAIT,
				   &self->error));
	EXPECT_EQ(MBOX_MSG_REPLY, self->recv[0].msg_flags);
	EXPECT_EQ(77, self->recv[0].cookie);
	EXPECT_EQ(5, self->recv[0].status);
	EXPECT_EQ(0, self->recv[0].error);
	EXPECT_EQ(6, self->recv[0].len);
	EXPECT_EQ(0, self->recv[0].token);
	close(back);
}

TEST_HARNESS_MAIN
