// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at messages that others receive at the same time: what is seen is
 * whole, whoever has taken it meanwhile, and each is received once.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include "mbox_test_match.h"

#define PEEKERS		4
#define SENDERS		2
#define RECEIVERS	2
#define HANDS		(PEEKERS + SENDERS + RECEIVERS)
#define LARGEST		9000	/* more than is kept in one piece, perhaps */

/* What all of them share. */
struct crowd {
	int box;
	int last;
	int received;
	int seen;
	int bad;
	unsigned char *got;	/* how often, of each number */
};

struct hand {
	pthread_t thread;
	struct crowd *all;
	int nr;
	char data[LARGEST];
};

FIXTURE(peek) {
	int dev;
	struct crowd all;
	struct hand hand[HANDS];
};

FIXTURE_SETUP(peek)
{
	struct crowd *all = &self->all;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	all->box = mt_sized(self->dev, NULL, 5, LARGEST, 0);
	ASSERT_LE(0, all->box);
	all->last = 3000 * atoi(getenv("MBOX_STRESS") ?: "1");
	all->got = calloc(all->last, 1);
}

FIXTURE_TEARDOWN(peek)
{
	free(self->all.got);
	MT_TEARDOWN(self->dev);
}

static void add(int *count, int n)
{
	__atomic_add_fetch(count, n, __ATOMIC_SEQ_CST);
}

static size_t length_of(int number)
{
	return sizeof(number) + number * 7919 % (LARGEST - sizeof(number) + 1);
}

/* A message begins with its number, and all the rest of it tells it, too. */
static void fill(char *data, int number)
{
	memcpy(data, &number, sizeof(number));
	memset(data + sizeof(number), number,
	       length_of(number) - sizeof(number));
}

/* The number of a message that is whole; -1 if it is not. */
static int number_of(const char *data, const struct mbox_recv *msg)
{
	size_t len = msg->len, i;
	int number;

	memcpy(&number, data, sizeof(number));
	if (len < sizeof(number) || number < 0 || len != length_of(number) ||
	    msg->type != number % 10)
		return -1;
	for (i = sizeof(number); i < len; i++)
		if (data[i] != (char)number)
			return -1;
	return number;
}

static void *send_all(void *arg)
{
	struct hand *hand = arg;
	int i;

	for (i = hand->nr; i < hand->all->last; i += SENDERS) {
		struct mbox_send msg = {
			.buf = (uintptr_t)hand->data,
			.len = length_of(i),
			.priority = i % 3,
			.type = i % 10,
		};

		fill(hand->data, i);
		if (mt_sendmsg(hand->all->box, &msg))
			add(&hand->all->bad, 1);
	}
	return NULL;
}

/* Receive the next message that matches, or look at it: 0 or -errno. */
static int recv_one(struct hand *hand, unsigned int flags,
		    struct mbox_match match, int *number)
{
	struct mbox_recv msg = {
		.flags = flags,
		.buf = (uintptr_t)hand->data,
		.buf_size = sizeof(hand->data),
		.deadline = mt_deadline(10),
		.match = match,
	};
	int ret = mt_recvmsg(hand->all->box, &msg);

	if (ret)
		return ret == -ETIMEDOUT || ret == -EAGAIN ? -EAGAIN : ret;
	*number = number_of(hand->data, &msg);
	return *number < 0 || *number >= hand->all->last ? -EBADMSG : 0;
}

static bool is_over(struct crowd *all)
{
	return __atomic_load_n(&all->received, __ATOMIC_SEQ_CST) >= all->last;
}

static void *recv_all(void *arg)
{
	struct hand *hand = arg;
	struct crowd *all = hand->all;
	int number, ret;

	while (!is_over(all)) {
		ret = recv_one(hand, 0, mt_any(), &number);
		if (!ret) {
			__atomic_add_fetch(&all->got[number], 1,
					   __ATOMIC_RELAXED);
			add(&all->received, 1);
		} else if (ret != -EAGAIN) {
			add(&all->bad, 1);
		}
	}
	return NULL;
}

/* By turns without waiting, with a match, and waiting for what comes. */
static void *peek_all(void *arg)
{
	struct hand *hand = arg;
	struct crowd *all = hand->all;
	int i, number, ret;

	for (i = hand->nr; !is_over(all); i++) {
		ret = recv_one(hand,
			       MBOX_PEEK | (i % 4 ? MBOX_DONTWAIT : 0),
			       i % 3 ? mt_any() : mt_type(i % 10), &number);
		if (!ret)
			add(&all->seen, 1);
		else if (ret != -EAGAIN)
			add(&all->bad, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(peek, while_others_receive, 120)
{
	struct crowd *all = &self->all;
	int i, wrong = 0;

	for (i = 0; i < HANDS; i++) {
		self->hand[i].all = all;
		self->hand[i].nr = i;
		ASSERT_EQ(0, pthread_create(&self->hand[i].thread, NULL,
					    i < SENDERS ? send_all :
					    i < SENDERS + RECEIVERS ? recv_all :
					    peek_all, &self->hand[i]));
	}
	for (i = 0; i < HANDS; i++)
		pthread_join(self->hand[i].thread, NULL);
	for (i = 0; i < all->last; i++)
		wrong += all->got[i] != 1;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, all->bad);
	EXPECT_EQ(0, mt_stat_of(all->box).msgs);
	EXPECT_EQ(0, mt_stat_of(all->box).held);
	EXPECT_EQ(all->last, mt_stat_of(all->box).received);
	TH_LOG("%d messages, seen %d times", all->last, all->seen);
}

TEST_HARNESS_MAIN
