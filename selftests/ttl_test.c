// SPDX-License-Identifier: GPL-2.0
/*
 * Time to live: a message whose time is over is not delivered, is counted, and
 * gives its room back: when something is done with the mailbox, or at that time
 * if somebody waits for room.
 *
 * A message of one nanosecond has expired when its sender goes on. Where more
 * time has to pass, a test waits for what comes of it.
 */
#include "mbox_test_fds.h"
#include "mbox_test_policy.h"
#include "mbox_test_slow.h"

#define MSEC	1000000ULL
#define HOUR	(3600 * MT_NSEC_PER_SEC)
#define ROOM	3	/* messages */
#define BYTES	100

FIXTURE(ttl) {
	int dev;
	int box;
	struct mt_task task;
	struct mt_child child;
};

FIXTURE_SETUP(ttl)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, ROOM, BYTES, BYTES);
	ASSERT_LE(0, self->box);
	mt_catch(0);
}

FIXTURE_TEARDOWN(ttl)
{
	MT_TEARDOWN(self->dev);
}

static int put_ttl_sized(int box, char letter, __u64 ttl, __u32 len)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.ttl = ttl,
		.len = len,
	};

	return mt_putmsg(box, letter, &msg);
}

static int put_ttl(int box, char letter, __u64 ttl)
{
	return put_ttl_sized(box, letter, ttl, 1);
}

/* Until what has been sent by now, to live for @ttl, has expired. */
static bool wait_out(__u64 ttl)
{
	__u64 at = mt_now(CLOCK_MONOTONIC) + ttl;

	return MT_UNTIL(mt_now(CLOCK_MONOTONIC) > at);
}

/* ---- it is not delivered --------------------------------------------------------- */

TEST_F(ttl, over_is_never_delivered)
{
	struct mbox_stat stat;

	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(1, stat.expired);
	EXPECT_EQ(0, stat.received);
	EXPECT_EQ(0, stat.purged);
	EXPECT_EQ(0, stat.lost);
	EXPECT_EQ(0, stat.dropped);
}

TEST_F(ttl, not_over_is_as_without)
{
	ASSERT_EQ(0, put_ttl(self->box, 'a', HOUR));
	ASSERT_EQ(0, put_ttl(self->box, 'b', MBOX_TIME_MAX));
	ASSERT_EQ(0, put_ttl(self->box, 'c', 0));
	EXPECT_EQ(-EINVAL, put_ttl(self->box, 'x', MBOX_TIME_MAX + 1));
	EXPECT_EQ(-EINVAL, put_ttl(self->box, 'x', ~0ULL));
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
	EXPECT_STREQ("abc", mt_letters(self->box));
	EXPECT_EQ(0, mt_stat_of(self->box).expired);
}

TEST_F(ttl, over_after_its_time)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);

	ASSERT_EQ(0, put_ttl(self->box, 'a', 30 * MSEC));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_LE(before + 30 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
}

/* What is before it and behind it is as it would be without. */
TEST_F(ttl, over_among_others)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 1));
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	EXPECT_EQ('a', mt_getmsg(self->box, &msg));
	EXPECT_EQ('c', mt_getmsg(self->box, &msg));
	EXPECT_EQ(3, msg.seq);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* A receiver learns how many it has not got. */
TEST_F(ttl, over_is_missed)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 1));
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	ASSERT_EQ(0, mt_put(self->box, 'd'));
	EXPECT_EQ(2, mt_missed(self->box, 'c'));
	EXPECT_EQ(2, mt_missed(other, 'd'));
	ASSERT_EQ(0, mt_put(self->box, 'e'));
	EXPECT_EQ(0, mt_missed(self->box, 'e'));
}

/* Each kind of receive passes over it. */
TEST_F(ttl, over_for_every_receive)
{
	struct mbox_recv peek = { .flags = MBOX_DONTWAIT | MBOX_PEEK };
	struct mbox_recv typed = {
		.flags = MBOX_DONTWAIT,
		.match = mt_type(0),
	};
	char letters[9];
	int error;

	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &peek));
	ASSERT_EQ(0, put_ttl(self->box, 'b', 1));
	EXPECT_EQ(-EAGAIN, mt_getmsg(self->box, &typed));
	ASSERT_EQ(0, put_ttl(self->box, 'c', 1));
	EXPECT_EQ(-EAGAIN, mt_lease(self->box));
	ASSERT_EQ(0, put_ttl(self->box, 'd', 1));
	EXPECT_EQ(-EAGAIN, mt_get_batch(self->box, letters, 8, MBOX_DONTWAIT,
					&error));
	ASSERT_EQ(0, put_ttl(self->box, 'e', 1));
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->box));
	ASSERT_EQ(0, put_ttl(self->box, 'f', HOUR));
	EXPECT_EQ('f', mt_getter_end(&self->task));
	EXPECT_EQ(5, mt_stat_of(self->box).expired);
}

/* However many there are, of whatever order. */
TEST_F(ttl, over_for_many)
{
	enum { MANY = 1000 };
	int box = mt_mailbox(self->dev, NULL, MT_RW), i;

	ASSERT_LE(0, box);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, put_ttl(box, 'a', i % 3 ? 5 * MSEC + i : HOUR - i));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(box).expired == MANY * 2 / 3));
	EXPECT_EQ(MANY - MANY * 2 / 3, mt_stat_of(box).msgs);
	EXPECT_EQ(MANY - MANY * 2 / 3, mt_stat_of(box).bytes);
	EXPECT_EQ(MANY - MANY * 2 / 3, mt_purge(box));
}

/* ---- when it is seen ---------------------------------------------------------------- */

TEST_F(ttl, seen_by_stat)
{
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
}

TEST_F(ttl, seen_by_poll)
{
	int i;

	for (i = 0; i < ROOM; i++)
		ASSERT_EQ(0, put_ttl_sized(self->box, 'a', 1, 30));
	EXPECT_EQ(POLLOUT, mt_events(self->box));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	ASSERT_EQ(0, put_ttl(self->box, 'c', 1));
	EXPECT_EQ(POLLIN, mt_events(self->box));
	EXPECT_EQ('b', mt_get(self->box));
	EXPECT_EQ(POLLOUT, mt_events(self->box));
}

/* A sender finds the room that it took. */
TEST_F(ttl, seen_by_a_send)
{
	int i;

	for (i = 0; i < 3 * ROOM; i++)
		ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	ASSERT_EQ(0, put_ttl_sized(self->box, 'b', HOUR, BYTES));
	EXPECT_EQ(-EAGAIN, put_ttl(self->box, 'x', 1));
	EXPECT_EQ(3 * ROOM, mt_stat_of(self->box).expired);
	EXPECT_STREQ("b", mt_letters(self->box));
}

/* It goes with the mailbox, whether its time has come or not. */
TEST_F(ttl, not_seen_at_all)
{
	ASSERT_EQ(0, put_ttl(self->box, 'a', 1));
	ASSERT_EQ(0, put_ttl(self->box, 'b', MSEC));
	ASSERT_EQ(0, put_ttl(self->box, 'c', HOUR));
	close(self->box);
}

/* ---- who waits for room ---------------------------------------------------------------- */

/* Nobody does anything but wait: the time comes all the same. */
TEST_F(ttl, over_gives_room_to_one_who_waits)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, put_ttl(self->box, 'b', HOUR));
	ASSERT_EQ(0, put_ttl(self->box, 'c', 200 * MSEC));
	/* it is as well if it comes too late to wait */
	mt_putter_blocks(&self->task, self->box, 'd', 0, 0);
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_LE(before + 200 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_STREQ("abd", mt_letters(self->box));
}

/* So it is for one who polls. */
TEST_F(ttl, over_gives_room_to_one_who_polls)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);

	ASSERT_EQ(0, put_ttl_sized(self->box, 'a', 200 * MSEC, BYTES));
	mt_poller_blocks(&self->task, self->box, POLLOUT);
	EXPECT_EQ(POLLOUT, mt_task_end(&self->task));
	EXPECT_LE(before + 200 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* One is not enough for a message that takes the room of two. */
TEST_F(ttl, over_gives_room_until_it_is_enough)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);

	ASSERT_EQ(0, put_ttl_sized(self->box, 'a', 90 * MSEC, 50));
	ASSERT_EQ(0, put_ttl_sized(self->box, 'b', 40 * MSEC, 50));
	self->task = (struct mt_task){ .fd = self->box, .send.len = BYTES };
	mt_task_start(&self->task, mt_task_send);
	EXPECT_EQ(BYTES, mt_task_end(&self->task));
	EXPECT_LE(before + 90 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ(2, mt_stat_of(self->box).expired);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

/* Who leaves does not wait for that time any more, and the next one does. */
TEST_F(ttl, over_gives_room_to_one_who_waits_still)
{
	struct mt_task next;

	ASSERT_EQ(0, put_ttl_sized(self->box, 'a', 150 * MSEC, BYTES));
	self->task = (struct mt_task){ .fd = self->box, .send.len = BYTES };
	mt_task_start(&self->task, mt_task_send);
	next = (struct mt_task){ .fd = self->box, .send.len = 1 };
	mt_task_settle(&self->task);
	mt_task_start(&next, mt_task_send);
	mt_task_settle(&next);
	mt_task_signal(&self->task);
	/* the signal may come when it is in */
	if (mt_task_end(&self->task) == BYTES)
		mt_get(self->box);
	EXPECT_EQ(1, mt_task_end(&next));
	EXPECT_EQ(0, mt_get(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* It is as old as it is since its sender came, and not since it got in. */
TEST_F(ttl, over_while_its_sender_waits)
{
	ASSERT_EQ(0, put_ttl_sized(self->box, 'a', HOUR, BYTES));
	self->task = (struct mt_task){
		.fd = self->box,
		.send = { .len = 1, .ttl = 20 * MSEC },
	};
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_send));
	EXPECT_TRUE(wait_out(20 * MSEC));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	EXPECT_EQ(2, mt_stat_of(self->box).sent);
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

/* What is held has no time; from its put-back on it has what is left. */
TEST_F(ttl, over_gives_room_after_a_put_back)
{
	__u64 before = mt_now(CLOCK_MONOTONIC);
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_LEASE };

	ASSERT_EQ(0, put_ttl_sized(self->box, 'a', 200 * MSEC, BYTES));
	if (mt_getmsg(self->box, &msg) != 'a')
		SKIP(return, "the machine is too slow");
	self->task = (struct mt_task){ .fd = self->box, .send.len = 1 };
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_send));
	EXPECT_EQ(0, mt_nack(self->box, msg.token, 0));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_LE(before + 200 * MSEC, mt_now(CLOCK_MONOTONIC));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_EQ(0, mt_get(self->box));
}

/* ---- what is held ------------------------------------------------------------------------ */

/* Who has it has it, however long. */
TEST_F(ttl, over_while_it_is_held)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_LEASE };
	__u64 ttl = 500 * MSEC;
	struct mbox_stat stat;

	ASSERT_EQ(0, put_ttl(self->box, 'a', ttl));
	ASSERT_EQ('a', mt_getmsg(self->box, &msg));
	ASSERT_EQ(0, put_ttl(self->box, 'b', ttl));
	EXPECT_TRUE(wait_out(ttl));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(1, stat.held);
	EXPECT_EQ(1, stat.bytes);
	EXPECT_EQ(1, stat.expired);
	EXPECT_LE(0, mt_held(self->box, msg.token));
	EXPECT_EQ(0, mt_ack(self->box, msg.token));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(1, stat.expired);
	EXPECT_EQ(1, stat.received);
}

/* In time it goes back to its place; too late it is gone, and counted. */
TEST_F(ttl, over_when_it_comes_back)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_LEASE };
	__u64 ttl = 500 * MSEC;
	__u64 token;

	ASSERT_EQ(0, put_ttl(self->box, 'a', HOUR));
	ASSERT_EQ(0, put_ttl(self->box, 'b', ttl));
	ASSERT_EQ('a', mt_getmsg(self->box, &msg));
	token = msg.token;
	ASSERT_EQ('b', mt_getmsg(self->box, &msg));
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	self->task = (struct mt_task){ .fd = self->box, .send.len = 1 };
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_send));
	EXPECT_TRUE(wait_out(ttl));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ(0, mt_stat_of(self->box).expired);

	EXPECT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_EQ(0, mt_stat_of(self->box).expired);
	EXPECT_EQ(0, mt_nack(self->box, msg.token, 0));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ(1, mt_missed(self->box, 'a'));
	EXPECT_EQ(0, mt_missed(self->box, 'c'));
}

/* So it is when its receiver dies. */
TEST_F(ttl, over_when_its_receiver_dies)
{
	__u64 ttl = 500 * MSEC;

	mt_worker_start(&self->child, NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_READ));
	ASSERT_EQ(0, put_ttl(self->box, 'a', ttl));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	EXPECT_TRUE(wait_out(ttl));
	EXPECT_EQ(0, mt_stat_of(self->box).expired);
	mt_child_kill(&self->child);
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(-EAGAIN, mt_get(self->box));
}

/* Put off until later than it lives, it does not come. */
TEST_F(ttl, over_before_it_comes_back)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_LEASE };

	ASSERT_EQ(0, put_ttl(self->box, 'a', 500 * MSEC));
	ASSERT_EQ('a', mt_getmsg(self->box, &msg));
	ASSERT_EQ(0, mt_nack(self->box, msg.token, 600 * MSEC));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->box));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).expired == 1));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_TRUE(mt_task_settle(&self->task));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ('b', mt_getter_end(&self->task));
}

/* ---- what goes with it ------------------------------------------------------------------- */

TEST_F(ttl, not_of_calls)
{
	int back = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_send msg = {
		.flags = MBOX_ASYNC | MBOX_DONTWAIT,
		.reply_fd = back,
		.reply_size = 10,
		.ttl = HOUR,
	};

	EXPECT_EQ(-EINVAL, mt_putmsg(self->box, 'a', &msg));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(back).held);
	msg.ttl = 0;
	EXPECT_EQ(0, mt_putmsg(self->box, 'a', &msg));
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(back).msgs == 1));
}

TEST_F(ttl, of_each_in_a_batch)
{
	const struct mbox_send_item items[] = {
		{ .buf = (uintptr_t)"a", .len = 1, .ttl = 1 },
		{ .buf = (uintptr_t)"b", .len = 1 },
		{ .buf = (uintptr_t)"c", .len = 1, .ttl = HOUR },
		{ .buf = (uintptr_t)"x", .len = 1, .ttl = MBOX_TIME_MAX + 1 },
	};
	int error;

	EXPECT_EQ(3, mt_send_batch(self->box, items, 4, MBOX_DONTWAIT,
				   &error));
	EXPECT_EQ(EINVAL, error);
	EXPECT_STREQ("bc", mt_letters(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
}

struct batch {
	pthread_t thread;
	struct mt_slow slow;
	int box;
	int ret;
};

/* Of two messages, the first is slow to come from user memory. */
static void *send_two(void *arg)
{
	struct batch *b = arg;
	const struct mbox_send_item items[] = {
		{ .buf = (uintptr_t)b->slow.page, .len = 1 },
		{ .buf = (uintptr_t)"b", .len = 1, .ttl = MT_NSEC_PER_SEC },
	};
	int error;

	b->ret = mt_send_batch(b->box, items, 2, MBOX_DONTWAIT, &error);
	return NULL;
}

/* Each is sent as by itself: it begins when those before it are made. */
TEST_F(ttl, begins_with_its_own_send_in_a_batch)
{
	struct batch b = { .box = self->box };

	ASSERT_TRUE(mt_slow_init(&b.slow));
	ASSERT_EQ(0, pthread_create(&b.thread, NULL, send_two, &b));
	ASSERT_TRUE(mt_slow_is_wanted(&b.slow));
	ASSERT_TRUE(wait_out(MT_NSEC_PER_SEC));
	mt_slow_give(&b.slow);
	pthread_join(b.thread, NULL);
	EXPECT_EQ(2, b.ret);
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_stat_of(self->box).expired);
}

/* Descriptors that come with it are closed, and its memory is given back. */
TEST_F(ttl, over_closes_descriptors)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT, .ttl = 1 };
	int pair[2];

	ASSERT_TRUE(mt_pipe(pair));
	msg.fds = mt_fds(&pair[1], 1);
	ASSERT_EQ(0, mt_putmsg(self->box, 'a', &msg));
	close(pair[1]);
	EXPECT_EQ(1, mt_stat_of(self->box).expired);
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
}

TEST_HARNESS_MAIN
