// SPDX-License-Identifier: GPL-2.0
/*
 * poll, select and epoll: readiness is told when there is something to do, to
 * as many as are needed, and no more.
 */
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>

#include "mbox_test_task.h"

#define POLLERS	8

/* Two messages, of 100 bytes at most, of 150 bytes together. */
FIXTURE(poll) {
	int dev;
	int box;
	struct mt_task task[POLLERS + 1];
	long switches[POLLERS + 1];
};

FIXTURE_SETUP(poll)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 2, 100, 150);
	ASSERT_LE(0, self->box);
	for (i = 0; i <= POLLERS; i++)
		self->task[i].fd = self->box;
}

FIXTURE_TEARDOWN(poll)
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

static int events(int box)
{
	struct pollfd pollfd = { .fd = box, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

/* Wait in poll for these events. */
static bool poller_blocks(struct mt_task *task, int events)
{
	task->poll.events = events;
	return mt_task_blocks(task, mt_task_poll);
}

static bool slept_on(struct mt_task *task, long switches)
{
	return mt_task_settle(task) &&
	       mt_switches(mt_task_tid(task)) == switches;
}

TEST_F(poll, tells_what_can_be_done)
{
	EXPECT_EQ(POLLOUT, events(self->box));
	ASSERT_EQ(0, put(self->box, 0));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->box));
	ASSERT_EQ(0, put(self->box, 0));
	EXPECT_EQ(POLLIN, events(self->box));
	ASSERT_EQ(0, take(self->box));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->box));
	ASSERT_EQ(0, take(self->box));
	EXPECT_EQ(POLLOUT, events(self->box));
}

/* POLLOUT: whatever is sent, it fits. */
TEST_F(poll, promises_room_for_the_largest)
{
	ASSERT_EQ(0, put(self->box, 51));
	EXPECT_EQ(POLLIN, events(self->box));
	ASSERT_EQ(51, take(self->box));
	ASSERT_EQ(0, put(self->box, 50));
	EXPECT_EQ(POLLIN | POLLOUT, events(self->box));
	EXPECT_EQ(0, put(self->box, 100));
	EXPECT_EQ(POLLIN, events(self->box));
}

/* An endpoint is told of what it can do. */
TEST_F(poll, tells_by_direction)
{
	int neither = mt_open_fd(self->dev, self->box, 0);
	int reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	EXPECT_EQ(0, events(reader));
	EXPECT_EQ(POLLOUT, events(writer));
	ASSERT_EQ(0, put(self->box, 100));
	EXPECT_EQ(POLLIN, events(reader));
	EXPECT_EQ(0, events(writer));
	EXPECT_EQ(POLLERR, events(neither));
}

TEST_F(poll, select)
{
	struct timeval now = {};
	fd_set in, out;
	int i;

	for (i = 0; i < 2; i++) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(self->box, &in);
		FD_SET(self->box, &out);
		ASSERT_EQ(1, select(self->box + 1, &in, &out, NULL, &now));
		EXPECT_EQ(i == 1, !!FD_ISSET(self->box, &in));
		EXPECT_EQ(i == 0, !!FD_ISSET(self->box, &out));
		put(self->box, 100);
	}
}

TEST_F(poll, wakes_for_a_message)
{
	ASSERT_TRUE(poller_blocks(&self->task[0], POLLIN));
	ASSERT_TRUE(poller_blocks(&self->task[1], POLLIN));
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[0]));
	EXPECT_EQ(POLLIN, mt_task_end(&self->task[1]));
}

TEST_F(poll, wakes_for_room)
{
	struct mbox_set set = { .flags = MBOX_SET_MAX_BYTES, .max_bytes = 151 };
	struct mt_task *task = &self->task[0];

	ASSERT_EQ(0, put(self->box, 100));
	ASSERT_TRUE(poller_blocks(task, POLLOUT));
	ASSERT_EQ(100, take(self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(task));

	ASSERT_EQ(0, put(self->box, 51));
	ASSERT_TRUE(poller_blocks(task, POLLOUT));
	ASSERT_EQ(1, mt_purge(self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(task));

	ASSERT_EQ(0, put(self->box, 51));
	ASSERT_TRUE(poller_blocks(task, POLLOUT));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(POLLOUT, mt_task_end(task));
}

/* A message that is handed to a blocked receiver is not announced. */
TEST_F(poll, sleeps_while_receivers_are_served)
{
	struct mt_task *receiver = &self->task[0], *poller = &self->task[1];
	long switches;
	int i;

	ASSERT_TRUE(poller_blocks(poller, POLLIN));
	switches = mt_switches(mt_task_tid(poller));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(mt_task_blocks(receiver, mt_task_recv));
		ASSERT_EQ(0, put(self->box, 1));
		EXPECT_EQ(1, mt_task_end(receiver));
		ASSERT_TRUE(slept_on(poller, switches));
	}
	ASSERT_EQ(0, put(self->box, 1));
	EXPECT_EQ(POLLIN, mt_task_end(poller));
}

/* Nor is room that goes to a sender who waits, or that is not enough. */
TEST_F(poll, sleeps_while_there_is_no_room)
{
	struct mt_task *sender = &self->task[0], *poller = &self->task[1];
	long switches;

	ASSERT_EQ(0, put(self->box, 60));
	ASSERT_EQ(0, put(self->box, 70));
	ASSERT_TRUE(poller_blocks(poller, POLLOUT));
	switches = mt_switches(mt_task_tid(poller));
	sender->send.len = 10;
	ASSERT_TRUE(mt_task_blocks(sender, mt_task_send));
	EXPECT_EQ(60, take(self->box));
	EXPECT_EQ(10, mt_task_end(sender));
	EXPECT_TRUE(slept_on(poller, switches));
	EXPECT_EQ(70, take(self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(poller));
}

/* Who waits for the one is not woken for the other. */
TEST_F(poll, sleeps_through_the_other_direction)
{
	struct mt_task *in = &self->task[0], *out = &self->task[1];
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 3 };
	long switches;

	ASSERT_TRUE(poller_blocks(in, POLLIN));
	switches = mt_switches(mt_task_tid(in));
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_TRUE(slept_on(in, switches));
	ASSERT_EQ(0, put(self->box, 60));
	EXPECT_EQ(POLLIN, mt_task_end(in));

	ASSERT_TRUE(poller_blocks(out, POLLOUT));
	switches = mt_switches(mt_task_tid(out));
	ASSERT_EQ(0, put(self->box, 60));
	EXPECT_TRUE(slept_on(out, switches));
	EXPECT_EQ(2, mt_purge(self->box));
	EXPECT_EQ(POLLOUT, mt_task_end(out));
}

/* ---- epoll --------------------------------------------------------------- */

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

TEST_F(poll, epoll_level)
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

TEST_F(poll, epoll_edge_of_messages)
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

TEST_F(poll, epoll_edge_of_room)
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

TEST_F(poll, epoll_oneshot)
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

/* Wait on the epoll in @poll.fd. */
static int epoll_one(struct mt_task *task)
{
	struct epoll_event event;
	int ret = epoll_wait(task->poll.fd, &event, 1, -1);

	return ret == 1 ? (int)event.events : -errno;
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
static bool exclusive_pollers_block(int dev, int box, struct mt_task *tasks,
				    long *switches)
{
	struct mt_task *task;
	int i, fd;

	for (i = 0; i < POLLERS; i++) {
		task = &tasks[i];
		fd = mt_open_fd(dev, box, MBOX_O_READ);
		task->poll.fd = epoll_of(fd, EPOLLIN | EPOLLEXCLUSIVE);
		mt_task_start(task, epoll_one);
		if (fd < 0 || task->poll.fd < 0 ||
		    !MT_UNTIL(epoll_is_blocked(task)))
			return false;
		switches[i] = mt_switches(mt_task_tid(task));
	}
	return true;
}

/* For a message one of them is woken, not all. */
TEST_F(poll, epoll_exclusive)
{
	struct mbox_set set = {
		.flags = MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES,
		.max_msgs = POLLERS,
		.max_bytes = 100 * POLLERS,
	};
	int i, n;

	ASSERT_EQ(0, mt_set(self->box, &set));
	ASSERT_TRUE(exclusive_pollers_block(self->dev, self->box, self->task,
					    self->switches));
	for (n = 1; n <= POLLERS; n++) {
		ASSERT_EQ(0, put(self->box, 1));
		ASSERT_TRUE(MT_UNTIL(count_done(self->task) == n));
		for (i = 0; i < POLLERS; i++) {
			if (mt_task_is_done(&self->task[i]))
				continue;
			ASSERT_TRUE(MT_UNTIL(epoll_is_blocked(&self->task[i])));
			ASSERT_EQ(self->switches[i],
				  mt_switches(mt_task_tid(&self->task[i])));
		}
		ASSERT_EQ(1, take(self->box));
	}
	for (i = 0; i < POLLERS; i++)
		EXPECT_EQ(EPOLLIN, mt_task_end(&self->task[i]));
}

/* The end is for all. */
TEST_F(poll, epoll_exclusive_end)
{
	int i;

	ASSERT_TRUE(exclusive_pollers_block(self->dev, self->box, self->task,
					    self->switches));
	close(self->box);
	for (i = 0; i < POLLERS; i++)
		EXPECT_EQ(EPOLLIN | EPOLLHUP, mt_task_end(&self->task[i]));
}

/* ---- the end ------------------------------------------------------------- */

/* A child that owns a mailbox with one message in it, until it is let go. */
static int owner_fork(struct mt_child *child, int dev, const char *name)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_PROCESS,
		.max_msgs = 1,
	};
	int box;

	if (!mt_fork(child, NULL)) {
		box = mt_create(dev, name, &attr);
		mt_tell(child->sock, box < 0 ? box : put(box, 1));
		mt_hear(child->sock);
		_exit(0);
	}
	return mt_hear(child->sock);
}

TEST_F(poll, hangs_up_when_it_ends)
{
	struct mt_task *reader = &self->task[0], *writer = &self->task[1];
	char *name = mt_name("hup");
	struct mt_child child;
	int epfd;

	ASSERT_EQ(0, owner_fork(&child, self->dev, name));
	reader->fd = mt_open(self->dev, name, MBOX_O_READ);
	writer->fd = mt_open(self->dev, name, MBOX_O_WRITE);
	EXPECT_EQ(POLLIN, events(reader->fd));
	ASSERT_EQ(1, take(reader->fd));
	ASSERT_TRUE(poller_blocks(reader, POLLIN));
	ASSERT_EQ(0, put(writer->fd, 1));
	EXPECT_EQ(POLLIN, mt_task_end(reader));
	ASSERT_TRUE(poller_blocks(writer, POLLOUT));
	epfd = epoll_of(reader->fd, EPOLLIN | EPOLLET);
	EXPECT_EQ(EPOLLIN, epoll_events(epfd));

	mt_child_end(&child);
	EXPECT_TRUE(mt_task_end(writer) & POLLHUP);
	EXPECT_EQ(EPOLLIN | EPOLLHUP, epoll_events(epfd));
	EXPECT_EQ(POLLIN | POLLHUP, events(reader->fd));
	/* what is left can be received, and then it says so still */
	EXPECT_EQ(1, take(reader->fd));
	EXPECT_TRUE(events(reader->fd) & POLLHUP);
	EXPECT_EQ(-EPIPE, take(reader->fd));
	EXPECT_TRUE(events(writer->fd) & POLLHUP);
}

TEST_F(poll, hangs_up_while_empty)
{
	struct mt_task *reader = &self->task[0];
	char *name = mt_name("hup");
	struct mt_child child;

	ASSERT_EQ(0, owner_fork(&child, self->dev, name));
	reader->fd = mt_open(self->dev, name, MBOX_O_READ);
	ASSERT_EQ(1, take(reader->fd));
	ASSERT_TRUE(poller_blocks(reader, POLLIN));
	mt_child_end(&child);
	EXPECT_TRUE(mt_task_end(reader) & POLLHUP);
}

/* Whoever would get EPIPE does not sleep on. */
TEST_F(poll, wakes_when_nobody_is_left)
{
	struct mt_task *reader = &self->task[0], *writer = &self->task[1];

	reader->fd = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_TRUE(poller_blocks(reader, POLLIN));
	close(self->box);
	EXPECT_TRUE(mt_task_end(reader) & POLLHUP);
	EXPECT_EQ(-EPIPE, take(reader->fd));
	close(reader->fd);

	self->box = mt_sized(self->dev, NULL, 1, 0, 0);
	writer->fd = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	ASSERT_EQ(0, put(self->box, 1));
	ASSERT_TRUE(poller_blocks(writer, POLLOUT));
	close(self->box);
	EXPECT_TRUE(mt_task_end(writer) & POLLHUP);
	EXPECT_EQ(-EPIPE, put(writer->fd, 1));
}

TEST_HARNESS_MAIN
