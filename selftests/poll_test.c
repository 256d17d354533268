// SPDX-License-Identifier: GPL-2.0
/*
 * poll and select: readiness is told when there is something to do, and nobody
 * is woken before. epoll has tests of its own.
 */
#include <sys/select.h>

#include "mbox_test_task.h"

/* Two messages, of 100 bytes at most, of 150 bytes together. */
FIXTURE(poll) {
	int dev;
	int box;
	struct mt_task task[2];
};

FIXTURE_SETUP(poll)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 2, 100, 150);
	ASSERT_LE(0, self->box);
	for (i = 0; i < 2; i++)
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

	ASSERT_EQ(0, owner_fork(&child, self->dev, name));
	reader->fd = mt_open(self->dev, name, MBOX_O_READ);
	writer->fd = mt_open(self->dev, name, MBOX_O_WRITE);
	EXPECT_EQ(POLLIN, events(reader->fd));
	ASSERT_EQ(1, take(reader->fd));
	ASSERT_TRUE(poller_blocks(reader, POLLIN));
	ASSERT_EQ(0, put(writer->fd, 1));
	EXPECT_EQ(POLLIN, mt_task_end(reader));
	ASSERT_TRUE(poller_blocks(writer, POLLOUT));

	mt_child_end(&child);
	EXPECT_TRUE(mt_task_end(writer) & POLLHUP);
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
