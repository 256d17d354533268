// SPDX-License-Identifier: GPL-2.0
/*
 * epoll, by level and by edge, and how many it wakes.
 */
#include <sys/epoll.h>

#include "mbox_test_task.h"

#define POLLERS	8

FIXTURE(epoll) {
	int dev;
	int box;
	struct mt_task task[POLLERS];
	struct mt_task sender[2];
	long switches[POLLERS];
};

FIXTURE_SETUP(epoll)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 10, 100, 150);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(epoll)
{
	MT_TEARDOWN(self->dev);
}

static int put(int box, size_t len)
{
	static char data[100];

	return mt_send(box, data, len, 0, MBOX_DONTWAIT);
}

static int take(int box)
{
	char data[100];

	return mt_recv(box, data, sizeof(data), MBOX_DONTWAIT);
}

static int epoll_of(int fd, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) ? -errno : epfd;
}

/* The events there are; 0 for none. */
static int epoll_events(int epfd)
{
	struct epoll_event event;
	int ret = epoll_wait(epfd, &event, 1, 0);

	return ret == 1 ? (int)event.events : ret;
}

TEST_F(epoll, level)
{
	int epfd = epoll_of(self->box, EPOLLIN | EPOLLOUT);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(EPOLLOUT, epoll_events(epfd));
	EXPECT_EQ(EPOLLOUT, epoll_events(epfd));
	ASSERT_EQ(0, put(self->box, 100));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	ASSERT_EQ(100, take(self->box));
	EXPECT_EQ(EPOLLOUT, epoll_events(epfd));
}

TEST_F(epoll, edge_of_messages)
{
	int epfd = epoll_of(self->box, EPOLLIN | EPOLLET);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(0, epoll_events(epfd));
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
	/* each message is an edge */
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
	ASSERT_EQ(1, take(self->box));
	EXPECT_EQ(0, epoll_events(epfd));
	/* and so is one that is put back */
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 100, 0));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
}

TEST_F(epoll, edge_of_room)
{
	int epfd = epoll_of(self->box, EPOLLOUT | EPOLLET);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(EPOLLOUT, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
	ASSERT_EQ(0, put(self->box, 100));
	EXPECT_EQ(0, epoll_events(epfd));
	ASSERT_EQ(100, take(self->box));
	EXPECT_EQ(EPOLLOUT, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
}

TEST_F(epoll, oneshot)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	int epfd = epoll_of(self->box, event.events);

	ASSERT_LE(0, epfd);
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(0, epoll_events(epfd));
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_MOD, self->box, &event));
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));
}

TEST_F(epoll, edge_of_the_end)
{
	int reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int epfd = epoll_of(reader, EPOLLIN | EPOLLET);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(0, epoll_events(epfd));
	close(self->box);
	EXPECT_EQ(EPOLLIN | EPOLLHUP, epoll_events(epfd));
	EXPECT_EQ(0, epoll_events(epfd));
}

/* ---- how many are woken -------------------------------------------------- */

/* Wait for the next events of the epoll in @poll.fd. */
static int epoll_one(struct mt_task *task)
{
	struct epoll_event event;
	int ret = epoll_wait(task->poll.fd, &event, 1, -1);

	return ret == 1 ? (int)event.events : -errno;
}

/* The same, after those that there are already. */
static int epoll_two(struct mt_task *task)
{
	int ret = epoll_one(task);

	return ret < 0 ? ret : epoll_one(task);
}

static bool epoll_is_blocked(struct mt_task *task)
{
	return mt_task_tid(task) &&
	       mt_is_blocked(mt_task_tid(task), __NR_epoll_wait);
}

static unsigned int count_done(struct mt_task *tasks)
{
	unsigned int i, done = 0;

	for (i = 0; i < POLLERS; i++)
		done += mt_task_is_done(&tasks[i]);
	return done;
}

/* Each of the pollers has an epoll and an endpoint of its own. */
#define POLLERS_BLOCK(call, flags) do {					\
	struct mt_task *__task = self->task;				\
	int __i;							\
									\
	for (__i = 0; __i < POLLERS; __i++, __task++) {			\
		__task->poll.fd = epoll_of(mt_open_fd(self->dev, self->box, \
						      MBOX_O_READ),	\
					   EPOLLIN | (flags));		\
		ASSERT_LE(0, __task->poll.fd);				\
		mt_task_start(__task, call);				\
	}								\
	for (__i = 0; __i < POLLERS; __i++) {				\
		__task = &self->task[__i];				\
		ASSERT_TRUE(MT_UNTIL(epoll_is_blocked(__task)));	\
		self->switches[__i] = mt_switches(mt_task_tid(__task));	\
	}								\
} while (0)

/* So many have been woken, and the rest have not even for a moment. */
#define EXPECT_WOKEN(count) do {					\
	struct mt_task *__task = self->task;				\
	int __i;							\
									\
	EXPECT_TRUE(MT_UNTIL(count_done(self->task) == (count)));	\
	for (__i = 0; __i < POLLERS; __i++, __task++) {			\
		if (mt_task_is_done(__task))				\
			continue;					\
		EXPECT_TRUE(MT_UNTIL(epoll_is_blocked(__task)));	\
		EXPECT_EQ(self->switches[__i],				\
			  mt_switches(mt_task_tid(__task)));		\
	}								\
} while (0)

/* Without EPOLLEXCLUSIVE all are. */
TEST_F(epoll, all)
{
	POLLERS_BLOCK(epoll_one, 0);
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_WOKEN(POLLERS);
}

/* For a message one of them is woken. */
TEST_F(epoll, exclusive)
{
	int i;

	POLLERS_BLOCK(epoll_one, EPOLLEXCLUSIVE);
	for (i = 1; i <= POLLERS; i++) {
		ASSERT_EQ(0, put(self->box, 1));
		EXPECT_WOKEN(i);
		ASSERT_EQ(1, take(self->box));
	}
	for (i = 0; i < POLLERS; i++)
		EXPECT_EQ(EPOLLIN, mt_task_end(&self->task[i]));
}

/* One who cannot receive is not woken in the place of one who can. */
TEST_F(epoll, exclusive_for_readers)
{
	struct mt_task *writer = &self->sender[0];
	long switches;

	writer->poll.fd = epoll_of(mt_open_fd(self->dev, self->box,
					      MBOX_O_WRITE),
				   EPOLLIN | EPOLLEXCLUSIVE);
	ASSERT_LE(0, writer->poll.fd);
	mt_task_start(writer, epoll_one);
	ASSERT_TRUE(MT_UNTIL(epoll_is_blocked(writer)));
	switches = mt_switches(mt_task_tid(writer));
	POLLERS_BLOCK(epoll_one, EPOLLEXCLUSIVE);
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_WOKEN(1);
	EXPECT_EQ(switches, mt_switches(mt_task_tid(writer)));
}

/* For two messages that come at once, two. */
TEST_F(epoll, exclusive_for_two)
{
	int i;

	ASSERT_EQ(0, put(self->box, 100));
	for (i = 0; i < 2; i++) {
		self->sender[i].fd = self->box;
		self->sender[i].send.len = 70;
		ASSERT_TRUE(mt_task_blocks(&self->sender[i], mt_task_send));
	}
	/* there is a message, so that the first events come at once */
	POLLERS_BLOCK(epoll_two, EPOLLEXCLUSIVE | EPOLLET);
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_EQ(70, mt_task_end(&self->sender[0]));
	EXPECT_EQ(70, mt_task_end(&self->sender[1]));
	EXPECT_WOKEN(2);
}

/* A message for all is. */
TEST_F(epoll, exclusive_of_a_broadcast)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.receivers = MBOX_RECEIVERS_BROADCAST,
	};

	close(self->box);
	self->box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, self->box);
	POLLERS_BLOCK(epoll_one, EPOLLEXCLUSIVE);
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_WOKEN(POLLERS);
}

/* The end is for all. */
TEST_F(epoll, exclusive_end)
{
	int i;

	POLLERS_BLOCK(epoll_one, EPOLLEXCLUSIVE);
	close(self->box);
	for (i = 0; i < POLLERS; i++)
		EXPECT_EQ(EPOLLIN | EPOLLHUP, mt_task_end(&self->task[i]));
}

TEST_HARNESS_MAIN
