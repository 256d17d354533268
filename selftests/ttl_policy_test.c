// SPDX-License-Identifier: GPL-2.0
/*
 * Time to live where messages are dropped, replaced, broadcast or not bounded,
 * and with several processes that send and receive at once.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include "mbox_test_policy.h"

#define MSEC	1000000ULL
#define HOUR	(3600 * MT_NSEC_PER_SEC)
#define ROOM	3	/* messages */

FIXTURE(ttl) {
	int dev;
	int box;	/* for what a test sends to */
	int r[2];
	__u64 time;
	struct mt_task task;
	struct mt_child child[3];
};

FIXTURE_SETUP(ttl)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(ttl)
{
	MT_TEARDOWN(self->dev);
}

static int put_ttl(int box, char letter, __u64 ttl, __s64 type,
		   unsigned int priority)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.ttl = ttl,
		.type = type,
		.priority = priority,
	};

	return mt_putmsg(box, letter, &msg);
}

/* ---- with what is dropped and replaced ------------------------------------------ */

/* What has expired makes room before anything is dropped. */
TEST_F(ttl, before_the_oldest)
{
	self->box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			      .when_full = MBOX_FULL_DROP_OLDEST);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, put_ttl(self->box, 'a', HOUR, 0, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 1, 0, 9));
	ASSERT_EQ(0, put_ttl(self->box, 'c', HOUR, 0, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'd', 0, 0, 0));
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	ASSERT_EQ(0, put_ttl(self->box, 'e', HOUR, 0, 0));
	EXPECT_EQ(1, mt_stat_of(self->box).lost);
	/* both are missed */
	EXPECT_EQ(2, mt_missed(self->box, 'c'));
	EXPECT_STREQ("de", mt_letters(self->box));
}

/* What has expired is not there to be replaced. */
TEST_F(ttl, of_what_is_replaced)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	self->box = MT_POLICY(self->dev, NULL, .max_msgs = ROOM,
			      .when_full = MBOX_FULL_CONFLATE);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1, 1, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 0, 1, 0));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_EQ(0, mt_stat_of(self->box).replaced);
	EXPECT_EQ('b', mt_getmsg(self->box, &msg));
	EXPECT_EQ(2, msg.seq);
	EXPECT_EQ(1, msg.missed);

	/* the new one has a time of its own, or none */
	ASSERT_EQ(0, put_ttl(self->box, 'c', 5 * MSEC, 1, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'd', 10 * MSEC, 2, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'e', 0, 3, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'f', HOUR, 1, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'g', 1, 3, 0));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).msgs == 1));
	EXPECT_STREQ("f", mt_letters(self->box));
	EXPECT_EQ(5, mt_stat_of(self->box).expired +
		     mt_stat_of(self->box).replaced);
}

/* Without a bound, too, what has expired is gone. */
TEST_F(ttl, without_a_bound)
{
	int i;

	self->box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_UNBOUNDED);
	ASSERT_LE(0, self->box);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, put_ttl(self->box, 'a', i % 2 ? 1 : HOUR, 0, 0));
	EXPECT_EQ(50, mt_stat_of(self->box).expired);
	EXPECT_EQ(50, mt_stat_of(self->box).msgs);
	EXPECT_EQ(50, mt_stat_of(self->box).bytes);
}

/* ---- rendezvous -------------------------------------------------------------------- */

/* The send ends with it, though it has no deadline, and nobody does anything. */
TEST_F(ttl, of_a_rendezvous)
{
	struct mt_task *sender = &self->task;
	int i;

	self->box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_RENDEZVOUS);
	ASSERT_LE(0, self->box);
	for (i = 1; i <= 2; i++) {
		*sender = (struct mt_task){
			.fd = self->box,
			.send = { .len = 1, .ttl = 30 * MSEC },
		};
		mt_task_start(sender, mt_task_send);
		ASSERT_EQ(-ETIMEDOUT, mt_task_end(sender));
		EXPECT_EQ(i, mt_stat_of(self->box).expired);
		EXPECT_EQ(-EAGAIN, mt_get(self->box));
	}
	/* where it is over at once, the message has not been sent either */
	EXPECT_EQ(-EAGAIN, put_ttl(self->box, 'a', 1, 0, 0));
	sender->send.ttl = 1;
	mt_task_start(sender, mt_task_send);
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(sender));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_senders);
}

/* The time of one who waits behind others is his own. */
TEST_F(ttl, of_a_rendezvous_among_others)
{
	struct mt_task brief;

	self->box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_RENDEZVOUS);
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(mt_putter_blocks(&self->task, self->box, 'a', 0, 0));
	brief = (struct mt_task){
		.fd = self->box,
		.send = { .len = 1, .ttl = 30 * MSEC },
	};
	mt_task_start(&brief, mt_task_send);
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&brief));
	EXPECT_EQ(1, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

/* ---- broadcast -------------------------------------------------------------------- */

static int broadcast(int dev, enum mbox_when_full when_full, int *r)
{
	int box = MT_POLICY(dev, NULL, .max_msgs = ROOM, .when_full = when_full,
			    .receivers = MBOX_RECEIVERS_BROADCAST);
	int w = mt_open_fd(dev, box, MBOX_O_WRITE);

	r[0] = mt_open_fd(dev, box, MBOX_O_READ);
	r[1] = mt_open_fd(dev, box, MBOX_O_READ);
	close(box);
	return r[0] < 0 || r[1] < 0 ? -1 : w;
}

/* Who has received it in time has it, and who has not has missed it. */
TEST_F(ttl, of_a_broadcast)
{
	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->r[0]));
	ASSERT_EQ(0, put_ttl(self->box, 'a', 20 * MSEC, 0, 0));
	EXPECT_EQ('a', mt_getter_end(&self->task));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_missed(self->r[0], 'b'));
	EXPECT_EQ(1, mt_missed(self->r[1], 'b'));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[1]));
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

/* Nor is it shown to those who poll. */
/* Of what one wants, who is told of it with the next of that. */
TEST_F(ttl, of_a_broadcast_to_one_with_a_filter)
{
	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_filter(self->r[0], mt_type(7)));
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1, 7, 0));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 0, 8, 0));
	ASSERT_EQ(0, put_ttl(self->box, 'c', 0, 7, 0));
	EXPECT_EQ(1, mt_missed(self->r[0], 'c'));
	EXPECT_EQ(1, mt_missed(self->r[1], 'b'));
	EXPECT_STREQ("c", mt_letters(self->r[1]));
}

TEST_F(ttl, of_a_broadcast_that_nobody_has_received)
{
	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1, 0, 0));
	EXPECT_EQ(0, mt_events(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[1]));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).lost);
}

/* A sender that waits for a slow one waits no longer than the message lives. */
TEST_F(ttl, of_a_broadcast_gives_room)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);
	int i;

	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, put_ttl(self->box, 'a' + i,
				     i == 1 ? 200 * MSEC : HOUR, 0, 0));
	/* it is as well if it comes too late to wait */
	mt_putter_blocks(&self->task, self->box, 'd', 0, 0);
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_LE(before + 200 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ('a', mt_get(self->r[0]));
	EXPECT_STREQ("cd", mt_letters(self->r[0]));
	EXPECT_STREQ("acd", mt_letters(self->r[1]));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* It is not for those who wait for it either, once it is too old. */
TEST_F(ttl, of_a_broadcast_whose_sender_waits)
{
	struct mt_task sender;
	int i;

	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
	EXPECT_STREQ("abc", mt_letters(self->r[0]));
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->r[0]));
	sender = (struct mt_task){
		.fd = self->box,
		.send = { .len = 1, .ttl = 20 * MSEC },
		.data = { 'd' },
	};
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	/* as long as that it has waited already, and so long again */
	self->time = mt_now(CLOCK_MONOTONIC) + 20 * MSEC;
	EXPECT_TRUE(MT_UNTIL(mt_now(CLOCK_MONOTONIC) > self->time));
	EXPECT_STREQ("abc", mt_letters(self->r[1]));
	EXPECT_EQ(1, mt_task_end(&sender));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_EQ(ROOM + 1, mt_stat_of(self->box).sent);
	ASSERT_EQ(0, mt_put(self->box, 'e'));
	EXPECT_EQ('e', mt_getter_end(&self->task));
	EXPECT_EQ(1, self->task.recv.missed);
	EXPECT_EQ(1, mt_missed(self->r[1], 'e'));
}

/* Under a lease of one of them, it lives on for that one. */
/* What one held and gives back too late, his endpoint misses. */
TEST_F(ttl, of_a_broadcast_that_comes_back)
{
	struct mt_child *child = &self->child[0];
	struct mbox_recv msg = { .flags = MBOX_LEASE };

	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	if (!mt_fork(child, NULL)) {
		mt_tell(child->sock, mt_getmsg(self->r[0], &msg));
		mt_hear(child->sock);
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(mt_wait_blocked(child->pid));
	ASSERT_EQ(0, put_ttl(self->box, 'a', 20 * MSEC, 0, 0));
	EXPECT_EQ('a', mt_hear(child->sock));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	mt_child_kill(child);
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 2));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 0, 0, 0));
	EXPECT_EQ(1, mt_missed(self->r[0], 'b'));
	EXPECT_EQ(1, mt_missed(self->r[1], 'b'));
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

TEST_F(ttl, of_a_broadcast_that_is_held)
{
	struct mbox_recv msg = { .flags = MBOX_LEASE };

	self->box = broadcast(self->dev, MBOX_FULL_BLOCK, self->r);
	ASSERT_LE(0, self->box);
	self->task = (struct mt_task){ .fd = self->r[0], .recv = msg };
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_recv));
	ASSERT_EQ(0, put_ttl(self->box, 'a', 20 * MSEC, 0, 0));
	EXPECT_EQ('a', mt_getter_end(&self->task));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[1]));
	EXPECT_LE(0, mt_held(self->r[0], self->task.recv.token));
	EXPECT_EQ(0, mt_ack(self->r[0], self->task.recv.token));
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
}

/* ---- several at once ---------------------------------------------------------------- */

/* When it was sent is what @time says; how long it lives it says itself. */
struct parcel {
	__u64 ttl;
	unsigned int number;
};

/* Send parcels, half of which live for as long as a moment. */
static int send_parcels(int box, unsigned int messages, unsigned int seed)
{
	unsigned int i;
	int ret;

	for (i = 0; i < messages; i++) {
		struct parcel parcel = {
			.ttl = rand_r(&seed) % 2 ? rand_r(&seed) % MSEC : 0,
			.number = i,
		};
		struct mbox_send msg = {
			.buf = (uintptr_t)&parcel,
			.len = sizeof(parcel),
			.priority = rand_r(&seed) % 3,
			.ttl = parcel.ttl,
		};

		ret = mt_sendmsg(box, &msg);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Receive parcels until there are none and will be none. None may have been over
 * before the receive began. Returns how many have come, or -1.
 */
static int recv_parcels(int box, unsigned int seed)
{
	int ret, received = 0;
	struct parcel parcel;

	for (;;) {
		struct mbox_recv msg = {
			.flags = rand_r(&seed) % 8 ? 0 : MBOX_LEASE,
			.buf = (uintptr_t)&parcel,
			.buf_size = sizeof(parcel),
		};
		__u64 before = mt_now(CLOCK_MONOTONIC);

		ret = mt_recvmsg(box, &msg);
		if (ret)
			return ret == -EPIPE ? received : -1;
		received++;
		if (parcel.ttl && before > msg.time + parcel.ttl)
			return -1;
		if (msg.token && mt_ack(box, msg.token))
			return -1;
	}
}

/* Whatever is sent is received in time, or has expired. */
TEST_F_TIMEOUT(ttl, of_three_processes, 120)
{
	unsigned int messages = 3000 * atoi(getenv("MBOX_STRESS") ?: "1");
	struct mt_child *child = self->child;
	struct mbox_stat stat;
	int i, received = 0;

	self->box = mt_sized(self->dev, NULL, ROOM, 0, 0);
	ASSERT_LE(0, self->box);
	for (i = 0; i < 3; i++) {
		int end = mt_open_fd(self->dev, self->box,
				     i ? MBOX_O_READ : MBOX_O_WRITE);

		ASSERT_LE(0, end);
		if (!mt_fork(&child[i], NULL)) {
			close(self->box);
			EXPECT_EQ(1, mt_hear(child[i].sock));
			mt_tell(child[i].sock,
				i ? recv_parcels(end, i) :
				    send_parcels(end, messages, i));
			MT_CHILD_EXIT();
		}
		close(end);
	}
	self->r[0] = mt_open_fd(self->dev, self->box, 0);
	close(self->box);
	for (i = 0; i < 3; i++)
		mt_tell(child[i].sock, 1);
	EXPECT_EQ(0, mt_hear(child[0].sock));
	for (i = 2; i >= 0; i--) {
		if (i) {
			int got = mt_hear(child[i].sock);

			EXPECT_LT(0, got);
			received += got;
		}
		EXPECT_EQ(0, mt_child_end(&child[i]));
	}
	stat = mt_stat_of(self->r[0]);
	EXPECT_EQ(messages, stat.sent);
	EXPECT_EQ(received, stat.received);
	EXPECT_EQ(messages, stat.received + stat.expired);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(0, stat.bytes);
}

TEST_HARNESS_MAIN
