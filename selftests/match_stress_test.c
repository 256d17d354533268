// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that select while others send and receive, from the moment at which
 * the first one asks: each message is received once, by one whom it is for.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include "mbox_test_match.h"

#define EARLY		3000	/* messages that are there before */
#define SENDERS		2
#define MATCHERS	4
#define RECEIVERS	2	/* of anything */
#define TYPES		40

/* What all of them share. */
struct crowd {
	int dev;
	int box;
	int last;
	int received;
	int bad;
	unsigned char *got;	/* how often, of each number */
	pthread_barrier_t start;
};

struct hand {
	pthread_t thread;
	struct crowd *all;
	struct mbox_match match;
	unsigned int flags;
	int first;		/* sender: of its numbers */
	int fd;
};

FIXTURE(stress) {
	struct crowd all;
};

FIXTURE_SETUP(stress)
{
	int count = 3000 * atoi(getenv("MBOX_STRESS") ?: "1");
	struct crowd *all = &self->all;

	all->dev = mt_device();
	ASSERT_LE(0, all->dev);
	all->box = mt_sized(all->dev, NULL, EARLY + 500, 0, 0);
	ASSERT_LE(0, all->box);
	all->last = EARLY + SENDERS * count;
	all->got = calloc(all->last, 1);
	pthread_barrier_init(&all->start, NULL,
			     SENDERS + MATCHERS + RECEIVERS);
}

FIXTURE_TEARDOWN(stress)
{
	free(self->all.got);
	MT_TEARDOWN(self->all.dev);
}

static int send_one(int fd, int number)
{
	struct mbox_send msg = {
		.buf = (uintptr_t)&number,
		.len = sizeof(number),
		.priority = number * 31 % 3,
		.type = number * 7919 % TYPES,
	};

	return mt_sendmsg(fd, &msg);
}

static void *send_all(void *arg)
{
	struct hand *hand = arg;
	struct crowd *all = hand->all;
	int i;

	pthread_barrier_wait(&all->start);
	for (i = hand->first; i < all->last; i += SENDERS)
		if (send_one(hand->fd, i))
			__atomic_add_fetch(&all->bad, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Is it one of those that were asked for, as it was sent? */
static bool is_right(const struct mbox_match *match, int number,
		     const struct mbox_recv *msg)
{
	if (msg->type != number * 7919 % TYPES ||
	    msg->priority != number * 31 % 3)
		return false;
	if (match->what & MBOX_MATCH_TYPE && msg->type != match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_MAX && msg->type > match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_NOT && msg->type == match->type)
		return false;
	return msg->priority >= match->priority;
}

static void count(struct crowd *all, int number)
{
	__atomic_add_fetch(&all->got[number], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&all->received, 1, __ATOMIC_SEQ_CST);
}

/* Under a lease, each message comes twice, the second time for good. */
static int release(struct hand *hand, const struct mbox_recv *msg)
{
	if (!msg->deliveries)
		return mt_nack(hand->fd, msg->token, 0) ?: -EAGAIN;
	return mt_ack(hand->fd, msg->token);
}

static void *recv_all(void *arg)
{
	struct hand *hand = arg;
	struct crowd *all = hand->all;
	struct mbox_recv msg;
	int number, ret;

	pthread_barrier_wait(&all->start);
	while (__atomic_load_n(&all->received, __ATOMIC_SEQ_CST) < all->last) {
		msg = (struct mbox_recv){
			.flags = hand->flags,
			.match = hand->match,
			.deadline = mt_deadline(10),
		};
		number = mt_recv_number(hand->fd, &msg);
		ret = number < 0 ? number : 0;
		if (!ret && !is_right(&hand->match, number, &msg))
			__atomic_add_fetch(&all->bad, 1, __ATOMIC_RELAXED);
		if (!ret && hand->flags & MBOX_LEASE)
			ret = release(hand, &msg);
		if (!ret)
			count(all, number);
		else if (ret != -ETIMEDOUT && ret != -EAGAIN)
			__atomic_add_fetch(&all->bad, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* The received are as many as were sent, and each came once. */
static bool each_once(struct crowd *all)
{
	struct mbox_stat stat = mt_stat_of(all->box);
	int i;

	for (i = 0; i < all->last; i++)
		if (all->got[i] != 1)
			return false;
	return !all->bad && !stat.msgs && !stat.held &&
	       stat.received == all->last;
}

/* Send those that are there before anybody asks. */
static bool begin(struct crowd *all)
{
	int i;

	for (i = 0; i < EARLY; i++)
		if (send_one(all->box, i))
			return false;
	return true;
}

/* Start one of each; those who select do so as in @match. */
static void run(struct crowd *all, const struct mbox_match *match,
		unsigned int flags)
{
	struct hand hands[SENDERS + MATCHERS + RECEIVERS] = {};
	struct hand *hand = hands;
	int i;

	for (i = 0; i < SENDERS + MATCHERS + RECEIVERS; i++, hand++) {
		hand->all = all;
		hand->fd = mt_open_fd(all->dev, all->box, MT_RW);
		hand->first = EARLY + i;
		if (i >= SENDERS && i < SENDERS + MATCHERS) {
			hand->match = match[i - SENDERS];
			hand->flags = flags;
		}
		if (pthread_create(&hand->thread, NULL,
				   i < SENDERS ? send_all : recv_all, hand))
			abort();
	}
	while (hand-- > hands)
		pthread_join(hand->thread, NULL);
}

/* Four who ask for different things, all at once, and are the first to ask. */
TEST_F_TIMEOUT(stress, each_message_once, 120)
{
	const struct mbox_match match[MATCHERS] = {
		mt_type(7),
		mt_type_max(5),
		mt_both(mt_type_not(0), mt_above(1)),
		mt_from(getpid()),
	};

	ASSERT_TRUE(begin(&self->all));
	run(&self->all, match, 0);
	EXPECT_TRUE(each_once(&self->all));
}

/* What is given back is found again while others look for the same. */
TEST_F_TIMEOUT(stress, each_message_once_with_leases, 120)
{
	const struct mbox_match match[MATCHERS] = {
		mt_type_max(TYPES),
		mt_both(mt_from(getpid()), mt_above(1)),
		mt_type_not(3),
		mt_type(3),
	};

	ASSERT_TRUE(begin(&self->all));
	run(&self->all, match, MBOX_LEASE);
	EXPECT_TRUE(each_once(&self->all));
}

struct purger {
	struct crowd *all;
	int purged;
};

static void *purge_all(void *arg)
{
	struct purger *purger = arg;
	struct crowd *all = purger->all;
	int n;

	do {
		n = mt_purge(all->box);
		purger->purged += n;
		__atomic_add_fetch(&all->received, n, __ATOMIC_SEQ_CST);
		mt_pause();
	} while (__atomic_load_n(&all->received, __ATOMIC_SEQ_CST) < all->last);
	return NULL;
}

/* Some ask while another throws everything away: it is the one or the other. */
TEST_F_TIMEOUT(stress, each_message_received_or_purged, 120)
{
	const struct mbox_match match[MATCHERS] = {
		mt_type(7),
		mt_type_max(5),
		mt_from(getpid()),
		mt_type_not(1),
	};
	struct crowd *all = &self->all;
	struct purger purger = { .all = all };
	int i, twice = 0, received = 0;
	pthread_t thread;

	ASSERT_TRUE(begin(all));
	ASSERT_EQ(0, pthread_create(&thread, NULL, purge_all, &purger));
	run(all, match, 0);
	pthread_join(thread, NULL);
	for (i = 0; i < all->last; i++) {
		twice += all->got[i] > 1;
		received += all->got[i];
	}
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, all->bad);
	EXPECT_EQ(all->last, received + purger.purged);
	EXPECT_EQ(0, mt_stat_of(all->box).msgs);
	EXPECT_EQ(purger.purged, mt_stat_of(all->box).purged);
}

TEST_HARNESS_MAIN
