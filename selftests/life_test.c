// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel-owned and anonymous mailboxes: how long they are there, and what
 * becomes of those who wait at one to which nobody can come any more.
 * Process-owned ones are in owner_test.c.
 */

#include "mbox_test_task.h"

FIXTURE(life) {
	int dev;
	int box;
	char *name;
};

FIXTURE_SETUP(life)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("life");
}

FIXTURE_TEARDOWN(life)
{
	MT_TEARDOWN(self->dev);
}

static int put(int box, char number)
{
	return mt_send(box, &number, 1, 0, MBOX_DONTWAIT);
}

/* The number of the next message, or -errno. */
static int take(int box)
{
	char number;
	int ret = mt_recv(box, &number, 1, MBOX_DONTWAIT);

	return ret < 0 ? ret : number;
}

/* Does neither name nor id resolve any more? */
static bool is_gone(int dev, const char *name, __u64 id)
{
	int box = mt_open(dev, name, MBOX_O_READ);

	close(box);
	return box == -ENOENT && mt_open_id(dev, id, MBOX_O_READ) == -ENOENT;
}

/* ---- kernel-owned -------------------------------------------------------- */

TEST_F(life, kernel_owned_stays)
{
	struct mt_child child;
	__u64 id;

	if (!mt_fork(&child, NULL)) {
		self->box = mt_mailbox(self->dev, self->name, MBOX_O_WRITE);
		EXPECT_EQ(0, put(self->box, 7));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&child));
	/* nobody has it open, and it is all there */
	self->box = mt_open(self->dev, self->name, MBOX_O_READ);
	ASSERT_LE(0, self->box);
	EXPECT_EQ(MBOX_LIFE_KERNEL, mt_stat_of(self->box).lifetime);
	EXPECT_EQ(MBOX_STATE_LINKED, mt_stat_of(self->box).state);
	EXPECT_EQ(7, take(self->box));
	id = mt_stat_of(self->box).id;
	close(self->box);
	self->box = mt_open_id(self->dev, id, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, put(self->box, 8));

	/* unlinked, it is open still; then it is gone, with its message */
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_TRUE(is_gone(self->dev, self->name, id));
	EXPECT_EQ(0, mt_stat_of(self->box).state);
	EXPECT_EQ(0, put(self->box, 9));
	EXPECT_EQ(8, take(self->box));
}

/* ---- anonymous ----------------------------------------------------------- */

TEST_F(life, anonymous_is_reached_by_descriptor)
{
	struct mbox_stat stat = { .size = sizeof(stat) };
	struct mbox_usage usage;
	int again;

	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	EXPECT_EQ(-ENOENT, mt_ioctl(self->dev, MBOX_IOC_LIST, &stat));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(MBOX_LIFE_ANONYMOUS, stat.lifetime);
	EXPECT_EQ(0, stat.state);
	EXPECT_EQ(-ENOENT, mt_open_id(self->dev, stat.id, MBOX_O_READ));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev, mt_by_id(stat.id)));

	again = mt_open_fd(self->dev, self->box, MT_RW);
	ASSERT_LE(0, again);
	ASSERT_EQ(0, put(self->box, 7));
	close(self->box);
	EXPECT_EQ(7, take(again));
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(1, usage.mailboxes.used);
	close(again);
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(0, usage.mailboxes.used);
	EXPECT_EQ(0, usage.bytes.used);
}

/* A descriptor on its way through a socket is one, too. */
TEST_F(life, anonymous_in_flight)
{
	int pair[2], box;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_EQ(0, put(self->box, 7));
	ASSERT_EQ(0, mt_fd_send(pair[0], self->box));
	close(self->box);
	box = mt_fd_recv(pair[1]);
	ASSERT_LE(0, box);
	EXPECT_EQ(0, mt_stat_of(box).state);
	EXPECT_EQ(7, take(box));
	EXPECT_EQ(0, put(box, 8));
}

/* ---- nobody at the other side -------------------------------------------- */

TEST_F(life, no_reader_left)
{
	int writer, reader;

	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	/* one's own descriptor counts, if it can receive */
	EXPECT_EQ(0, put(self->box, 7));
	writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	close(self->box);
	EXPECT_EQ(0, put(writer, 8));
	close(reader);
	EXPECT_EQ(-EPIPE, put(writer, 9));
	/* to wait makes no sense, either */
	EXPECT_EQ(-EPIPE, mt_send(writer, NULL, 0, 0, 0));
	EXPECT_EQ(0, mt_stat_of(writer).readers);
}

/* What nobody can receive any more is dropped, and charged to nobody. */
TEST_F(life, no_reader_ever)
{
	static char data[60000];
	struct mbox_usage usage;
	struct mbox_stat stat;
	int i, box;

	for (i = 0; i < 2; i++) {
		box = mt_mailbox(self->dev, i ? self->name : NULL, MT_RW);
		self->box = mt_open_fd(self->dev, box, MBOX_O_WRITE);
		ASSERT_EQ(0, mt_send(box, data, sizeof(data), 0, 0));
		ASSERT_EQ(0, mt_send(box, data, sizeof(data), 1, 0));
		close(box);
		if (i) {
			EXPECT_EQ(2, mt_stat_of(self->box).msgs);
			EXPECT_EQ(0, mt_unlink(self->dev, self->name));
		}
		stat = mt_stat_of(self->box);
		EXPECT_EQ(0, stat.msgs);
		EXPECT_EQ(0, stat.bytes);
		EXPECT_EQ(2, stat.purged);
		ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
		EXPECT_GT(sizeof(data), usage.bytes.used);
		close(self->box);
	}
}

TEST_F(life, no_writer_left)
{
	int reader, writer;

	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	EXPECT_EQ(-EAGAIN, take(self->box));
	reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	ASSERT_EQ(0, put(self->box, 7));
	close(self->box);
	ASSERT_EQ(0, put(writer, 8));
	close(writer);
	EXPECT_EQ(7, take(reader));
	EXPECT_EQ(8, take(reader));
	EXPECT_EQ(-EPIPE, take(reader));
	EXPECT_EQ(-EPIPE, mt_recv(reader, NULL, 0, 0));
}

/* By its name or id, somebody may come yet. */
TEST_F(life, somebody_may_come)
{
	int box;

	self->box = mt_mailbox(self->dev, self->name, MBOX_O_WRITE);
	ASSERT_LE(0, self->box);
	EXPECT_EQ(0, put(self->box, 7));
	box = mt_open(self->dev, self->name, MBOX_O_READ);
	close(self->box);
	EXPECT_EQ(7, take(box));
	EXPECT_EQ(-EAGAIN, take(box));

	/* but not after an unlink */
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_EQ(-EPIPE, take(box));
	close(box);

	box = mt_mailbox(self->dev, self->name, MBOX_O_WRITE);
	ASSERT_EQ(0, put(box, 7));
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_EQ(-EPIPE, put(box, 8));
}

/* A copy of the last descriptor is enough, whoever has it. */
TEST_F(life, others_hold_it)
{
	int pair[2], reader, writer;
	struct mt_child child;

	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	reader = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	close(self->box);

	/* dup */
	self->box = dup(reader);
	close(reader);
	EXPECT_EQ(0, put(writer, 1));

	/* a child */
	if (!mt_fork(&child, NULL)) {
		mt_hear(child.sock);
		_exit(0);
	}
	close(self->box);
	EXPECT_EQ(0, put(writer, 2));
	EXPECT_EQ(1, mt_stat_of(writer).readers);

	/* a socket */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	mt_child_end(&child);
	EXPECT_EQ(-EPIPE, put(writer, 3));
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	writer = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	ASSERT_EQ(0, mt_fd_send(pair[0], self->box));
	close(self->box);
	EXPECT_EQ(0, put(writer, 4));
	close(pair[0]);
	close(pair[1]);
	EXPECT_EQ(-EPIPE, put(writer, 5));
}

/* Those who wait are told, whichever way it comes. */
TEST_F(life, blocked_receivers_are_told)
{
	struct mt_task task[3] = {};
	int i;

	self->box = mt_mailbox(self->dev, self->name, MBOX_O_WRITE);
	for (i = 0; i < 3; i++) {
		task[i].fd = mt_open(self->dev, self->name, MBOX_O_READ);
		ASSERT_TRUE(mt_task_blocks(&task[i], mt_task_recv));
	}
	/* there is a writer, and there is a name; not for long */
	close(self->box);
	EXPECT_TRUE(mt_task_settle(&task[0]));
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EPIPE, mt_task_end(&task[i]));

	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	task[0].fd = mt_open(self->dev, self->name, MBOX_O_READ);
	ASSERT_TRUE(mt_task_blocks(&task[0], mt_task_recv));
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_TRUE(mt_task_settle(&task[0]));
	close(self->box);
	EXPECT_EQ(-EPIPE, mt_task_end(&task[0]));
}

TEST_F(life, blocked_senders_are_told)
{
	struct mt_task task[3] = {};
	int i, n;

	for (n = 0; n < 2; n++) {
		self->box = mt_sized(self->dev, self->name, 1, 0, 0);
		ASSERT_EQ(0, put(self->box, 1));
		for (i = 0; i < 3; i++) {
			task[i].fd = mt_open(self->dev, self->name,
					     MBOX_O_WRITE);
			ASSERT_TRUE(mt_task_blocks(&task[i], mt_task_send));
		}
		/* both ways of the last receiver and the name to go */
		if (n)
			close(self->box);
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
		if (!n) {
			EXPECT_TRUE(mt_task_settle(&task[0]));
			close(self->box);
		}
		for (i = 0; i < 3; i++) {
			EXPECT_EQ(-EPIPE, mt_task_end(&task[i]));
			close(task[i].fd);
		}
	}
}

TEST_HARNESS_MAIN
