// SPDX-License-Identifier: GPL-2.0
/*
 * A broadcast with much to do: some send, some receive from the first message to
 * the last, and others come and go, with messages that they hold. Everyone gets
 * all that is sent, in order, or learns exactly how much of it he has not got.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include "mbox_test_policy.h"

#define MESSAGES	2000	/* of each sender */
#define ROOM		8

enum { SENDERS = 2, RECEIVERS = 3, GUESTS = 2 };

struct word {
	unsigned int sender;
	unsigned int number;
};

/* A thread: a sender, a receiver or a guest. */
struct party {
	pthread_t thread;
	unsigned int nr;
	unsigned int messages;
	int dev;
	int fd;
	unsigned int seed;
	bool stop;
	/* what a receiver has seen at an endpoint */
	unsigned int last[SENDERS];
	__u64 seq;
	__u64 got;
	__u64 missed;
	unsigned int bad;
};

FIXTURE(stress) {
	int dev;
	int box;
	unsigned int messages;
	struct party sender[SENDERS];
	struct party receiver[RECEIVERS];
	struct party guest[GUESTS];
};

FIXTURE_VARIANT(stress) {
	enum mbox_when_full when_full;
};

FIXTURE_VARIANT_ADD(stress, block) {
	.when_full = MBOX_FULL_BLOCK,
};

FIXTURE_VARIANT_ADD(stress, drop_oldest) {
	.when_full = MBOX_FULL_DROP_OLDEST,
};

FIXTURE_SETUP(stress)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			      .when_full = variant->when_full,
			      .receivers = MBOX_RECEIVERS_BROADCAST);
	ASSERT_LE(0, self->box);
	self->messages = MESSAGES * atoi(getenv("MBOX_STRESS") ?: "1");
}

FIXTURE_TEARDOWN(stress)
{
	MT_TEARDOWN(self->dev);
}

static void party_start(struct party *party, unsigned int nr, int dev, int fd,
			unsigned int messages, void *(*run)(void *party))
{
	*party = (struct party){
		.nr = nr,
		.messages = messages,
		.dev = dev,
		.fd = fd,
		.seed = nr + 1,
	};
	if (pthread_create(&party->thread, NULL, run, party))
		abort();
}

static void *send_all(void *arg)
{
	struct party *party = arg;
	struct word word = { .sender = party->nr };

	while (word.number++ < party->messages)
		party->bad += !!mt_send(party->fd, &word, sizeof(word), 0, 0);
	close(party->fd);
	return NULL;
}

/* Receive a message, as @msg says, and look at what has come. */
static int recv_one(struct party *party, struct mbox_recv *msg)
{
	struct word word;
	int ret;

	msg->buf = (uintptr_t)&word;
	msg->buf_size = sizeof(word);
	ret = mt_recvmsg(party->fd, msg);
	if (ret)
		return ret;
	if (msg->len != sizeof(word) || word.sender >= SENDERS ||
	    word.number <= party->last[word.sender]) {
		party->bad++;
		return -EBADMSG;
	}
	party->last[word.sender] = word.number;
	/* the first one of an endpoint may be any */
	if (party->seq && msg->seq != party->seq + 1 + msg->missed)
		party->bad++;
	party->seq = msg->seq;
	party->got++;
	party->missed += msg->missed;
	return 0;
}

/* Receive all, some under a lease, until nothing can come any more. */
static void *recv_all(void *arg)
{
	struct party *party = arg;
	struct mbox_recv msg;
	int ret;

	do {
		msg = (struct mbox_recv){};
		if (rand_r(&party->seed) % 4 == 0)
			msg.flags = MBOX_LEASE;
		ret = recv_one(party, &msg);
		if (!ret && msg.token && mt_ack(party->fd, msg.token))
			party->bad++;
	} while (!ret);
	if (ret != -EPIPE)
		party->bad++;
	return NULL;
}

/* Stay for some messages, and leave with what is not acked. */
static void visit(struct party *party)
{
	int n = rand_r(&party->seed) % 20, ret = 0;

	memset(party->last, 0, sizeof(party->last));
	party->seq = 0;
	while (n-- && !ret) {
		struct mbox_recv msg = {
			.flags = rand_r(&party->seed) % 2 ? MBOX_LEASE : 0,
			.deadline = mt_deadline(2),
		};

		ret = recv_one(party, &msg);
		if (!ret && msg.token && rand_r(&party->seed) % 2)
			mt_ack(party->fd, msg.token);
	}
	if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
		party->bad++;
}

static void *come_and_go(void *arg)
{
	struct party *party = arg;
	int host = party->fd;

	while (!__atomic_load_n(&party->stop, __ATOMIC_RELAXED)) {
		party->fd = mt_open_fd(party->dev, host, MBOX_O_READ);
		if (party->fd < 0) {
			party->bad++;
			break;
		}
		visit(party);
		close(party->fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(stress, each_gets_all_or_knows_what_is_missing, 300)
{
	struct party *receiver = self->receiver;
	__u64 all = (__u64)SENDERS * self->messages, lost;
	int i, fd;

	for (i = 0; i < RECEIVERS; i++) {
		fd = mt_open_fd(self->dev, self->box, MBOX_O_READ);
		ASSERT_LE(0, fd);
		party_start(&receiver[i], i, self->dev, fd, 0, recv_all);
	}
	for (i = 0; i < GUESTS; i++)
		party_start(&self->guest[i], i, self->dev, receiver[0].fd, 0,
			    come_and_go);
	for (i = 0; i < SENDERS; i++) {
		fd = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
		ASSERT_LE(0, fd);
		party_start(&self->sender[i], i, self->dev, fd, self->messages,
			    send_all);
	}
	/* it was an endpoint, too, that did not receive */
	close(self->box);

	for (i = 0; i < SENDERS; i++) {
		pthread_join(self->sender[i].thread, NULL);
		EXPECT_EQ(0, self->sender[i].bad);
	}
	for (i = 0; i < RECEIVERS; i++) {
		pthread_join(receiver[i].thread, NULL);
		EXPECT_EQ(0, receiver[i].bad);
		EXPECT_EQ(all, receiver[i].got + receiver[i].missed);
		if (variant->when_full == MBOX_FULL_BLOCK)
			EXPECT_EQ(all, receiver[i].got);
	}
	for (i = 0; i < GUESTS; i++) {
		__atomic_store_n(&self->guest[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(self->guest[i].thread, NULL);
		EXPECT_EQ(0, self->guest[i].bad);
	}
	lost = mt_stat_of(receiver[0].fd).lost;
	for (i = 0; i < RECEIVERS; i++)
		EXPECT_LE(receiver[i].missed, lost);
	EXPECT_EQ(all, mt_stat_of(receiver[0].fd).sent);
	EXPECT_EQ(0, mt_stat_of(receiver[0].fd).msgs);
	EXPECT_EQ(0, mt_stat_of(receiver[0].fd).held);
	EXPECT_EQ(0, mt_stat_of(receiver[0].fd).bytes);
}

TEST_HARNESS_MAIN
