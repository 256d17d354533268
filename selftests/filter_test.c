// SPDX-License-Identifier: GPL-2.0
/*
 * The filter of an endpoint: which messages its receives and polls are about,
 * where they do not say. Who waits for one type sleeps through another. epoll is
 * in filter_epoll_test.c.
 */
#include "mbox_test_batch.h"
#include "mbox_test_match.h"

FIXTURE(filter) {
	int dev;
	int box;	/* without a filter */
	int seven;	/* to receive what is of type 7 */
	struct mt_task task[6];
	long switches[6];
};

FIXTURE_SETUP(filter)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 20, 100, 0);
	ASSERT_LE(0, self->box);
	self->seven = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_LE(0, self->seven);
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(7)));
}

FIXTURE_TEARDOWN(filter)
{
	MT_TEARDOWN(self->dev);
}

static int events(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

/* Task @i waits in poll for a message through @fd. */
#define POLLS(i, endpoint) do {						\
	int __i = i;							\
	struct mt_task *__task = &self->task[__i];			\
									\
	__task->fd = endpoint;						\
	__task->poll.events = POLLIN;					\
	ASSERT_TRUE(mt_task_blocks(__task, mt_task_poll));		\
	self->switches[__i] = mt_switches(mt_task_tid(__task));		\
} while (0)

/* It waits in a receive that names nothing, or does. */
#define RECEIVES(i, endpoint, match) do {				\
	int __i = i;							\
	struct mt_task *__task = &self->task[__i];			\
									\
	ASSERT_TRUE(mt_match_blocks(__task, endpoint, match));		\
	self->switches[__i] = mt_switches(mt_task_tid(__task));		\
} while (0)

#define SLEEPS(i) do {							\
	int __i = i;							\
									\
	EXPECT_TRUE(mt_slept_on(&self->task[__i], self->switches[__i]));	\
} while (0)

#define PUT(number, type) \
	ASSERT_EQ(0, mt_send_number(self->box, number, type, 0))

/* ---- what holds for an endpoint ------------------------------------------------ */

TEST_F(filter, holds_for_receives_that_name_nothing)
{
	PUT(1, 8);
	PUT(2, 7);
	PUT(3, 8);
	PUT(4, 7);
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(4, mt_recv_next(self->seven));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	/* what is named is not looked at through it */
	EXPECT_EQ(1, mt_recv_match(self->seven, mt_type(8), MBOX_DONTWAIT));
	EXPECT_EQ(3, mt_recv_match(self->seven, mt_above(0), MBOX_DONTWAIT));
}

TEST_F(filter, holds_for_that_endpoint_only)
{
	int copy = dup(self->seven);
	struct mt_child child;

	PUT(1, 8);
	EXPECT_EQ(-EAGAIN, mt_recv_next(copy));
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
		EXPECT_EQ(0, mt_filter(self->seven, mt_type(8)));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	/* all who share it have it */
	EXPECT_EQ(1, mt_recv_next(copy));
	/* others receive what it leaves, and what it does not leave */
	PUT(2, 7);
	PUT(3, 8);
	EXPECT_EQ(2, mt_recv_next(self->box));
	EXPECT_EQ(3, mt_recv_next(self->box));
	close(copy);
}

TEST_F(filter, holds_for_a_batch)
{
	struct mbox_recv_item item[3] = {};
	int number[3], error, i;

	for (i = 0; i < 3; i++) {
		item[i].buf = (uintptr_t)&number[i];
		item[i].buf_size = sizeof(number[i]);
	}
	PUT(1, 8);
	PUT(2, 7);
	PUT(3, 7);
	EXPECT_EQ(2, mt_recv_batch(self->seven, item, 3, MBOX_DONTWAIT,
				   &error));
	EXPECT_EQ(EAGAIN, error);
	EXPECT_EQ(2, number[0]);
	EXPECT_EQ(3, number[1]);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

TEST_F(filter, holds_for_read)
{
	int number;

	ASSERT_EQ(0, fcntl(self->seven, F_SETFL, O_NONBLOCK));
	PUT(1, 8);
	EXPECT_EQ(-1, read(self->seven, &number, sizeof(number)));
	EXPECT_EQ(EAGAIN, errno);
	PUT(2, 7);
	EXPECT_EQ(sizeof(number), read(self->seven, &number, sizeof(number)));
	EXPECT_EQ(2, number);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

/* The last one set holds, and nothing named there is none. */
TEST_F(filter, is_replaced_and_taken_away)
{
	PUT(1, 7);
	PUT(2, 8);
	ASSERT_EQ(0, mt_filter(self->seven, mt_type_not(7)));
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	EXPECT_EQ(1, mt_recv_next(self->seven));
	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	ASSERT_EQ(0, mt_filter(self->seven, mt_above(3)));
	PUT(3, 7);
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
}

TEST_F(filter, that_is_refused_changes_nothing)
{
	int writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	struct mbox_match wrong = mt_both(mt_type(8), mt_type_max(8));

	EXPECT_EQ(-EINVAL, mt_filter(self->seven, wrong));
	EXPECT_EQ(-ESRCH, mt_filter(self->seven, mt_from(INT32_MAX)));
	EXPECT_EQ(-EBADF, mt_filter(writer, mt_type(8)));
	EXPECT_EQ(-EBADF, mt_filter(writer, mt_any()));
	PUT(1, 8);
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
	PUT(2, 7);
	EXPECT_EQ(2, mt_recv_next(self->seven));
	close(writer);
}

/* It does not follow the number to another process. */
TEST_F(filter, of_a_process_is_for_its_life)
{
	struct mt_child sender;

	mt_sender_fork(&sender);
	ASSERT_EQ(0, mt_filter(self->seven, mt_from(sender.pid)));
	ASSERT_EQ(0, mt_send_from(&sender, self->box, 1, 0, 0));
	EXPECT_EQ(0, mt_sender_end(&sender));
	ASSERT_TRUE(mt_sender_again(&sender));
	ASSERT_EQ(0, mt_send_from(&sender, self->box, 2, 0, 9));
	EXPECT_EQ(POLLIN, events(self->seven));
	EXPECT_EQ(1, mt_recv_next(self->seven));
	EXPECT_EQ(0, events(self->seven));
	EXPECT_EQ(-EAGAIN, mt_recv_next(self->seven));
	ASSERT_EQ(0, mt_filter(self->seven, mt_from(sender.pid)));
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(0, mt_sender_end(&sender));
}

/* ---- receivers that wait ----------------------------------------------------------- */

TEST_F(filter, receiver_sleeps_through_what_is_not_for_it)
{
	int i;

	RECEIVES(0, self->seven, mt_any());
	for (i = 0; i < 10; i++)
		PUT(i, 8);
	SLEEPS(0);
	PUT(10, 7);
	EXPECT_EQ(10, mt_task_number(&self->task[0]));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(i, mt_recv_next(self->box));
}

/* With a filter, without one, or by a match: who has waited longest of those. */
TEST_F(filter, message_goes_to_the_first_that_it_is_for)
{
	RECEIVES(0, self->seven, mt_any());
	RECEIVES(1, self->box, mt_any());
	RECEIVES(2, self->seven, mt_type(8));
	RECEIVES(3, self->seven, mt_any());
	RECEIVES(4, self->box, mt_type(7));
	RECEIVES(5, self->box, mt_any());
	PUT(1, 8);
	EXPECT_EQ(1, mt_task_number(&self->task[1]));
	PUT(2, 8);
	EXPECT_EQ(2, mt_task_number(&self->task[2]));
	SLEEPS(0);
	PUT(3, 7);
	EXPECT_EQ(3, mt_task_number(&self->task[0]));
	PUT(4, 7);
	EXPECT_EQ(4, mt_task_number(&self->task[3]));
	PUT(5, 7);
	EXPECT_EQ(5, mt_task_number(&self->task[4]));
	SLEEPS(5);
	PUT(6, 7);
	EXPECT_EQ(6, mt_task_number(&self->task[5]));
}

/* A receive goes by the filter that there was when it began. */
TEST_F(filter, set_later_is_for_receives_to_come)
{
	RECEIVES(0, self->seven, mt_any());
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(8)));
	PUT(1, 8);
	SLEEPS(0);
	RECEIVES(1, self->box, mt_type(9));
	EXPECT_EQ(1, mt_recv_next(self->seven));
	RECEIVES(2, self->seven, mt_any());
	PUT(2, 7);
	EXPECT_EQ(2, mt_task_number(&self->task[0]));
	SLEEPS(2);
	PUT(3, 8);
	EXPECT_EQ(3, mt_task_number(&self->task[2]));
	PUT(4, 9);
	EXPECT_EQ(4, mt_task_number(&self->task[1]));
}

TEST_F(filter, what_comes_back_is_for_who_waits_for_it)
{
	__s64 token;

	PUT(1, 7);
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	RECEIVES(0, self->seven, mt_any());
	ASSERT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_EQ(1, mt_task_number(&self->task[0]));
}

/* ---- poll ------------------------------------------------------------------------------ */

TEST_F(filter, poll_tells_of_what_is_let_through)
{
	int both = mt_open_fd(self->dev, self->box, MT_RW);

	ASSERT_EQ(0, mt_filter(both, mt_above(5)));
	PUT(1, 8);
	EXPECT_EQ(POLLIN | POLLOUT, events(self->box));
	EXPECT_EQ(0, events(self->seven));
	EXPECT_EQ(POLLOUT, events(both));
	PUT(2, 7);
	EXPECT_EQ(POLLIN, events(self->seven));
	EXPECT_EQ(POLLOUT, events(both));
	ASSERT_EQ(0, mt_send_number(self->box, 3, 8, 5));
	EXPECT_EQ(POLLIN | POLLOUT, events(both));
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(0, events(self->seven));
	EXPECT_EQ(POLLIN | POLLOUT, events(both));
	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	EXPECT_EQ(POLLIN, events(self->seven));
	close(both);
}

TEST_F(filter, poller_sleeps_through_what_is_not_for_it)
{
	int i;

	POLLS(0, self->seven);
	for (i = 0; i < 10; i++) {
		PUT(i, 8);
		SLEEPS(0);
	}
	EXPECT_EQ(0, mt_recv_next(self->box));
	EXPECT_EQ(9, mt_purge(self->box));
	SLEEPS(0);
	PUT(1, 7);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
}

/* Of those who poll, all are woken that could receive it, and no others. */
TEST_F(filter, pollers_with_and_without_one)
{
	int eight = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_EQ(0, mt_filter(eight, mt_type(8)));
	POLLS(0, self->seven);
	POLLS(1, eight);
	POLLS(2, self->box);
	POLLS(3, eight);
	PUT(1, 8);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[1]));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[2]));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[3]));
	SLEEPS(0);
	PUT(2, 7);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
	close(eight);
}

/* What a receiver gets wakes nobody who polls, whatever they look for. */
TEST_F(filter, poller_sleeps_while_a_receiver_is_served)
{
	int i;

	POLLS(0, self->seven);
	POLLS(1, self->box);
	for (i = 0; i < 4; i++) {
		RECEIVES(2, i % 2 ? self->seven : self->box, mt_any());
		PUT(i, 7);
		EXPECT_EQ(i, mt_task_number(&self->task[2]));
		SLEEPS(0);
		SLEEPS(1);
	}
	/* a receiver of something else is none */
	RECEIVES(2, self->box, mt_type(8));
	PUT(9, 7);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[1]));
	PUT(10, 8);
	EXPECT_EQ(10, mt_task_number(&self->task[2]));
}

TEST_F(filter, poller_wakes_when_one_is_set_that_matches)
{
	PUT(1, 8);
	PUT(2, 9);
	POLLS(0, self->seven);
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(6)));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(8)));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));

	ASSERT_EQ(0, mt_filter(self->seven, mt_type(7)));
	POLLS(0, self->seven);
	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
}

/* It holds for who polls already, too; and so does that there is none. */
TEST_F(filter, set_later_is_for_who_polls)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	POLLS(0, other);
	ASSERT_EQ(0, mt_filter(other, mt_type(7)));
	PUT(1, 8);
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	PUT(2, 7);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
	EXPECT_EQ(2, mt_purge(self->box));

	POLLS(0, other);
	ASSERT_EQ(0, mt_filter(other, mt_any()));
	EXPECT_TRUE(mt_task_settle(&self->task[0]));
	PUT(3, 8);
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
	close(other);
}

TEST_F(filter, poller_wakes_for_what_comes_back)
{
	__s64 token;

	PUT(1, 7);
	PUT(2, 8);
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	POLLS(0, self->seven);
	ASSERT_EQ(0, mt_nack(self->box, mt_lease(self->box), 0));
	SLEEPS(0);
	ASSERT_EQ(0, mt_nack(self->box, token, 0));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
}

/* Room and the end are for those with a filter as for others. */
/* A call that has been cancelled is no message: no filter is for that. */
TEST_F(filter, poller_wakes_for_a_cancelled_call)
{
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	struct mt_caller caller = { .call.type = 7 };
	struct mt_task *watcher = &self->task[0];

	*watcher = (struct mt_task){
		.fd = self->seven,
		.poll.events = POLLPRI,
	};
	ASSERT_TRUE(mt_caller_blocks(&caller, w, "?"));
	ASSERT_LT(0, mt_lease(self->seven));
	ASSERT_TRUE(mt_task_blocks(watcher, mt_task_poll));
	EXPECT_EQ(0, mt_cancel(w, caller.call.id));
	EXPECT_EQ(POLLPRI, mt_task_end(watcher));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&caller));
	close(self->seven);
	close(w);
}

TEST_F(filter, poller_wakes_for_room_and_the_end)
{
	int both = mt_open_fd(self->dev, self->box, MT_RW), i;
	struct mt_task *out = &self->task[0];

	ASSERT_EQ(0, mt_filter(both, mt_type(7)));
	for (i = 0; i < 20; i++)
		PUT(i, 8);
	out->fd = both;
	out->poll.events = POLLIN | POLLOUT;
	ASSERT_TRUE(mt_task_blocks(out, mt_task_poll));
	EXPECT_EQ(0, mt_recv_next(self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(out));
	EXPECT_EQ(19, mt_purge(self->box));

	POLLS(1, self->seven);
	close(both);
	SLEEPS(1);
	close(self->box);
	EXPECT_TRUE(mt_task_end(&self->task[1]) & POLLHUP);
	EXPECT_EQ(-EPIPE, mt_recv_next(self->seven));
}

TEST_HARNESS_MAIN
