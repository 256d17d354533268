// SPDX-License-Identifier: GPL-2.0
/*
 * read and write of a mailbox that wait, or are asked not to: as receives and
 * sends do, among which they take their turns.
 */
#include <poll.h>
#include <sys/uio.h>

#include "mbox_test_io.h"

/* The two ends of a mailbox for two messages. */
FIXTURE(rw_wait) {
	int dev;
	int in;
	int out;
	struct mt_task task;
	struct mt_child child;
};

FIXTURE_SETUP(rw_wait)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 2, 64, 0);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
}

FIXTURE_TEARDOWN(rw_wait)
{
	MT_TEARDOWN(self->dev);
}

static bool fill(int out)
{
	return mt_write_text(out, "one") == 3 && mt_write_text(out, "two") == 3;
}

/* ---- waiting ------------------------------------------------------------- */

TEST_F(rw_wait, a_read_waits_for_a_message)
{
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	EXPECT_EQ(1, mt_stat_of(self->in).waiting_receivers);
	ASSERT_EQ(0, mt_send(self->out, "hello", 5, 3, 0));
	EXPECT_EQ(5, mt_task_end(&self->task));
	EXPECT_EQ(0, memcmp(self->task.data, "hello", 5));
}

TEST_F(rw_wait, a_write_waits_for_room)
{
	ASSERT_TRUE(fill(self->out));
	self->task.fd = self->out;
	ASSERT_TRUE(mt_write_blocks(&self->task, "three"));
	EXPECT_EQ(1, mt_stat_of(self->in).waiting_senders);
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(5, mt_task_end(&self->task));
	EXPECT_TRUE(mt_reads(self->in, "two"));
	EXPECT_TRUE(mt_reads(self->in, "three"));
}

TEST_F(rw_wait, reads_and_receives_take_turns)
{
	struct mt_task receiver = { .fd = self->in };

	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	ASSERT_TRUE(mt_task_blocks(&receiver, mt_task_recv));
	ASSERT_EQ(1, mt_write(self->out, "1", 1));
	EXPECT_EQ(1, mt_task_end(&self->task));
	ASSERT_TRUE(mt_read_blocks(&self->task));
	ASSERT_EQ(0, mt_send(self->out, "22", 2, 0, 0));
	EXPECT_EQ(2, mt_task_end(&receiver));
	ASSERT_EQ(3, mt_write(self->out, "333", 3));
	EXPECT_EQ(3, mt_task_end(&self->task));
}

/* Writes are of priority 0, and wait as such. */
TEST_F(rw_wait, writes_and_sends_take_turns)
{
	struct mt_task sender = {
		.fd = self->out,
		.send = { .len = 1, .priority = 1 },
		.data = "s",
	};

	ASSERT_TRUE(fill(self->out));
	self->task.fd = self->out;
	ASSERT_TRUE(mt_write_blocks(&self->task, "w"));
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(1, mt_task_end(&sender));
	EXPECT_TRUE(mt_reads(self->in, "s"));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

/* The message that was too large for it goes to the next. */
TEST_F(rw_wait, a_small_read_that_waits)
{
	struct mt_task next = { .fd = self->in };

	self->task.fd = self->in;
	self->task.recv.buf_size = 4;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	ASSERT_TRUE(mt_read_blocks(&next));
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(&self->task));
	EXPECT_EQ(5, mt_task_end(&next));
	EXPECT_EQ(1, mt_stat_of(self->in).received);
}

/* It goes by the filter that there was when it began. */
TEST_F(rw_wait, a_filter_holds_while_it_waits)
{
	ASSERT_EQ(0, mt_filter(self->in, mt_type(7)));
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	ASSERT_EQ(0, mt_filter(self->in, mt_type(8)));
	ASSERT_EQ(0, mt_send_text(self->out, "eight", 8));
	ASSERT_EQ(0, mt_send_text(self->out, "7", 7));
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_TRUE(mt_reads(self->in, "eight"));
}

/* ---- how a wait ends ----------------------------------------------------- */

TEST_F(rw_wait, a_read_ends_with_the_last_writer)
{
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	close(self->out);
	EXPECT_EQ(0, mt_task_end(&self->task));
}

TEST_F(rw_wait, a_write_ends_with_the_last_reader)
{
	struct sigaction action = { .sa_handler = mt_on_signal };

	ASSERT_EQ(0, sigaction(SIGPIPE, &action, NULL));
	ASSERT_TRUE(fill(self->out));
	self->task.fd = self->out;
	ASSERT_TRUE(mt_write_blocks(&self->task, "three"));
	close(self->in);
	EXPECT_EQ(-EPIPE, mt_task_end(&self->task));
	EXPECT_EQ(0, mt_caught());
}

/* Of one owned by a process, too: what is left is read first. */
TEST_F(rw_wait, a_read_ends_with_the_owner)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_PROCESS,
	};
	int box;

	if (!mt_fork(&self->child, NULL)) {
		box = mt_create(self->dev, NULL, &attr);
		mt_fd_send(self->child.sock, box);
		mt_hear(self->child.sock);
		EXPECT_EQ(4, mt_write(box, "last", 4));
		MT_CHILD_EXIT();
	}
	box = mt_fd_recv(self->child.sock);
	ASSERT_LE(0, box);
	self->task.fd = box;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	ASSERT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(4, mt_task_end(&self->task));
	EXPECT_TRUE(mt_reads(box, ""));
	EXPECT_EQ(-EPIPE, mt_write(box, "x", 1));
}

TEST_F(rw_wait, a_signal_interrupts)
{
	mt_catch(0);
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	mt_task_signal(&self->task);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task));
	EXPECT_EQ(0, mt_stat_of(self->in).waiting_receivers);

	ASSERT_TRUE(fill(self->out));
	self->task.fd = self->out;
	ASSERT_TRUE(mt_write_blocks(&self->task, "three"));
	mt_task_signal(&self->task);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_TRUE(mt_reads(self->in, "two"));
	EXPECT_EQ(2, mt_stat_of(self->in).sent);
}

TEST_F(rw_wait, a_signal_restarts)
{
	mt_catch(SA_RESTART);
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	mt_task_signal(&self->task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 1));
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_EQ(5, mt_task_end(&self->task));

	ASSERT_TRUE(fill(self->out));
	self->task.fd = self->out;
	ASSERT_TRUE(mt_write_blocks(&self->task, "three"));
	mt_task_signal(&self->task);
	ASSERT_TRUE(MT_UNTIL(mt_caught() == 2));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(5, mt_task_end(&self->task));
	EXPECT_EQ(4, mt_stat_of(self->in).sent);
}

/* Who is killed has taken nothing. */
TEST_F(rw_wait, a_killed_reader)
{
	char data[64];

	if (!mt_fork(&self->child, NULL)) {
		mt_read(self->in, data, sizeof(data));
		_exit(1);
	}
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid, __NR_read)));
	mt_child_kill(&self->child);
	EXPECT_EQ(0, mt_stat_of(self->in).waiting_receivers);
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_TRUE(mt_reads(self->in, "hello"));
}

/* ---- not to wait --------------------------------------------------------- */

TEST_F(rw_wait, nonblocking)
{
	char data[8];

	ASSERT_EQ(0, mt_nonblock(self->in));
	ASSERT_EQ(0, mt_nonblock(self->out));
	EXPECT_EQ(-EAGAIN, mt_read(self->in, data, 8));
	ASSERT_TRUE(fill(self->out));
	EXPECT_EQ(-EAGAIN, mt_write(self->out, "three", 5));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(5, mt_write(self->out, "three", 5));
}

/* What RWF_NOWAIT asks for, on descriptors that wait. */
TEST_F(rw_wait, not_this_time)
{
	char data[8];
	struct iovec in = { .iov_base = data, .iov_len = sizeof(data) };
	struct iovec out = { .iov_base = "abc", .iov_len = 3 };
	int i;

	EXPECT_EQ(-1, preadv2(self->in, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(3, pwritev2(self->out, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(-1, pwritev2(self->out, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(3, preadv2(self->in, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(-1, preadv2(self->in, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	/* and to wait is still what they do otherwise */
	self->task.fd = self->in;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	close(self->out);
	EXPECT_EQ(0, mt_task_end(&self->task));
	EXPECT_EQ(0, preadv2(self->in, &in, 1, -1, RWF_NOWAIT));
}

/* ---- policies ------------------------------------------------------------ */

TEST_F(rw_wait, one_at_a_time_of_an_exclusive_mailbox)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.receivers = MBOX_RECEIVERS_EXCLUSIVE,
	};
	int box = mt_create(self->dev, NULL, &attr);
	char data[8];

	ASSERT_LE(0, box);
	self->task.fd = box;
	ASSERT_TRUE(mt_read_blocks(&self->task));
	EXPECT_EQ(-EBUSY, mt_read(box, data, 8));
	EXPECT_EQ(-EBUSY, mt_recv(box, data, 8, MBOX_DONTWAIT));
	ASSERT_EQ(1, mt_write(box, "a", 1));
	EXPECT_EQ(1, mt_task_end(&self->task));
	ASSERT_TRUE(mt_task_blocks(&self->task, mt_task_recv));
	EXPECT_EQ(-EBUSY, mt_read(box, data, 8));
	ASSERT_EQ(1, mt_write(box, "b", 1));
	EXPECT_EQ(1, mt_task_end(&self->task));
}

TEST_F(rw_wait, a_write_meets_a_read)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_RENDEZVOUS,
		.kind = MBOX_KIND_MAILBOX,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	self->task.fd = box;
	ASSERT_TRUE(mt_write_blocks(&self->task, "first"));
	EXPECT_TRUE(mt_reads(box, "first"));
	EXPECT_EQ(5, mt_task_end(&self->task));
	ASSERT_TRUE(mt_read_blocks(&self->task));
	EXPECT_EQ(6, mt_write(box, "second", 6));
	EXPECT_EQ(6, mt_task_end(&self->task));
}

TEST_HARNESS_MAIN
