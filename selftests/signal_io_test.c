// SPDX-License-Identifier: GPL-2.0
/*
 * Signals of O_ASYNC: to whom F_SETOWN says, which one F_SETSIG says, at the
 * edges that poll has. MBOX_IOC_NOTIFY has tests of its own.
 */
#include "mbox_test_signal.h"

/* The two ends of a mailbox for messages of 100 bytes at most, 150 together. */
FIXTURE(signal_io) {
	int dev;
	int in;
	int out;
	struct mt_child child[3];
};

FIXTURE_SETUP(signal_io)
{
	int box;

	mt_sig_block();
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 10, 100, 150);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
}

FIXTURE_TEARDOWN(signal_io)
{
	MT_TEARDOWN(self->dev);
}

static int put(int fd, size_t len)
{
	static char data[100];

	return mt_send(fd, data, len, 0, MBOX_DONTWAIT);
}

static int take(int fd)
{
	char data[100];

	return mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT);
}

/* ---- what is told -------------------------------------------------------- */

TEST_F(signal_io, sigio_if_nothing_else_is_said)
{
	ASSERT_TRUE(mt_sig_async(self->in, 0));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(SIGIO, mt_sig_next());
	EXPECT_EQ(0, mt_sig_next());
}

TEST_F(signal_io, each_message_is_told)
{
	int i;

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, put(self->out, i));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(0, take(self->in));
	ASSERT_EQ(1, mt_write(self->out, "x", 1));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
}

TEST_F(signal_io, a_message_that_comes_back_is_told)
{
	__s64 token;

	ASSERT_EQ(0, put(self->out, 1));
	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(-EFAULT, mt_recv(self->in, NULL, 100, 0));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	token = mt_lease(self->in);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(0, mt_nack(self->in, token, 0));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
}

/* Who has found no room is told of it. */
/* Of a broadcast, to the endpoint to which it comes back. */
TEST_F(signal_io, what_comes_back_to_another_is_not_told)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.receivers = MBOX_RECEIVERS_BROADCAST,
	};
	int box = mt_create(self->dev, NULL, &attr);
	int other = mt_open_fd(self->dev, box, MBOX_O_READ);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, put(box, 1));
	ASSERT_TRUE(mt_sig_async(box, MT_SIG));
	ASSERT_TRUE(mt_sig_async(other, MT_SIG_B));
	EXPECT_EQ(-EFAULT, mt_recv(box, NULL, 100, 0));
	EXPECT_TRUE(mt_sig_is(MT_SIG, box, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	close(other);
	close(box);
}

TEST_F(signal_io, room_for_the_largest_is_told)
{
	ASSERT_TRUE(mt_sig_async(self->out, MT_SIG));
	ASSERT_EQ(0, put(self->out, 60));
	ASSERT_EQ(0, put(self->out, 70));
	EXPECT_EQ(-EAGAIN, put(self->out, 100));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(60, take(self->in));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(70, take(self->in));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->out, POLL_OUT));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(0, put(self->out, 100));
}

/* Though nobody does anything: the time of what was in the way has come. */
TEST_F(signal_io, room_of_what_has_expired_is_told)
{
	static char data[100];
	struct mbox_send msg = {
		.buf = (uintptr_t)data,
		.len = sizeof(data),
		.ttl = 50000000,
	};
	siginfo_t info = {};

	ASSERT_TRUE(mt_sig_async(self->out, MT_SIG));
	ASSERT_EQ(0, mt_sendmsg(self->out, &msg));
	ASSERT_EQ(-EAGAIN, put(self->out, 100));
	EXPECT_EQ(MT_SIG, mt_sig_fetch(&info, 20));
	EXPECT_EQ(self->out, info.si_fd);
	EXPECT_EQ(POLL_OUT, info.si_code);
	EXPECT_EQ(0, put(self->out, 100));
	EXPECT_EQ(1, mt_stat_of(self->out).expired);
	EXPECT_EQ(0, mt_sig_next());
}

TEST_F(signal_io, the_end_is_told)
{
	siginfo_t info;

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	close(self->out);
	EXPECT_EQ(MT_SIG, mt_sig_fetch(&info, 0));
	EXPECT_EQ(self->in, info.si_fd);
	EXPECT_TRUE(mt_reads(self->in, ""));
}

/* ---- what is not told ---------------------------------------------------- */

TEST_F(signal_io, each_direction_only)
{
	int both;

	ASSERT_TRUE(mt_sig_async(self->out, MT_SIG));
	ASSERT_EQ(0, put(self->out, 100));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(-EAGAIN, put(self->out, 100));
	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG_B));
	EXPECT_EQ(100, take(self->in));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->out, POLL_OUT));
	EXPECT_EQ(0, mt_sig_next());

	both = mt_sized(self->dev, NULL, 1, 0, 0);
	ASSERT_TRUE(mt_sig_async(both, MT_SIG_C));
	ASSERT_EQ(0, put(both, 1));
	EXPECT_TRUE(mt_sig_is(MT_SIG_C, both, POLL_IN));
	EXPECT_EQ(-EAGAIN, put(both, 1));
	EXPECT_EQ(1, take(both));
	EXPECT_TRUE(mt_sig_is(MT_SIG_C, both, POLL_OUT));
	EXPECT_EQ(0, mt_sig_next());
}

/* A receiver that waits gets it, and nobody else is to know. */
TEST_F(signal_io, not_what_goes_to_a_receiver)
{
	struct mt_task task = { .fd = self->in };
	int other = mt_open_fd(self->dev, self->in, MBOX_O_READ);

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	ASSERT_TRUE(mt_sig_async(other, MT_SIG_B));
	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
	ASSERT_EQ(0, put(self->out, 5));
	EXPECT_EQ(5, mt_task_end(&task));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_TRUE(mt_read_blocks(&task));
	ASSERT_EQ(0, put(self->out, 5));
	EXPECT_EQ(5, mt_task_end(&task));
	EXPECT_EQ(0, mt_sig_next());
}

TEST_F(signal_io, of_what_the_filter_lets_through)
{
	ASSERT_EQ(0, mt_filter(self->in, mt_type(7)));
	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	ASSERT_EQ(0, mt_send_text(self->out, "eight", 8));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, mt_send_text(self->out, "seven", 7));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_TRUE(mt_reads(self->in, "seven"));
	/* a filter with which something can be received is an edge */
	ASSERT_EQ(0, mt_filter(self->in, mt_type(9)));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, mt_filter(self->in, mt_type(8)));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_TRUE(mt_reads(self->in, "eight"));
	ASSERT_EQ(0, mt_filter(self->in, mt_any()));
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
}

/* It is the open file that is asked, and its last descriptor that ends it. */
TEST_F(signal_io, until_it_is_taken_back_or_closed)
{
	int other = mt_open_fd(self->dev, self->in, MBOX_O_READ), copy;

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	ASSERT_EQ(0, fcntl(self->in, F_SETFL, 0));
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(0, mt_sig_next());

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	copy = dup(self->in);
	close(self->in);
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(MT_SIG, mt_sig_next());
	close(copy);
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(1, take(other));
}

/* ---- who is told --------------------------------------------------------- */

/* A child that tells which signal it has got. */
static void fork_listener(struct mt_child *child)
{
	if (mt_fork(child, NULL))
		return;
	mt_tell(child->sock, mt_sig_wait());
	mt_hear(child->sock);
	_exit(mt_sig_next());
}

/* Let go of it: 0 if that was all. */
static int end_listener(struct mt_child *child)
{
	mt_tell(child->sock, 1);
	return mt_child_end(child);
}

static int own(int fd, int type, pid_t pid)
{
	struct f_owner_ex owner = { .type = type, .pid = pid };

	if (!mt_sig_async(fd, MT_SIG) || fcntl(fd, F_SETOWN_EX, &owner))
		return -errno;
	return 0;
}

TEST_F(signal_io, to_a_process)
{
	fork_listener(&self->child[0]);
	fork_listener(&self->child[1]);
	ASSERT_EQ(0, own(self->in, F_OWNER_PID, self->child[0].pid));
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(MT_SIG, mt_hear(self->child[0].sock));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(0, end_listener(&self->child[0]));
	/* its owner gone, it tells nobody */
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, own(self->in, F_OWNER_PID, self->child[1].pid));
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(MT_SIG, mt_hear(self->child[1].sock));
	EXPECT_EQ(0, end_listener(&self->child[1]));
}

static void *listen_in_thread(void *arg)
{
	pid_t *tid = arg;

	__atomic_store_n(tid, mt_gettid(), __ATOMIC_RELEASE);
	return (void *)(intptr_t)mt_sig_wait();
}

TEST_F(signal_io, to_a_thread)
{
	pthread_t thread;
	pid_t tid = 0;
	void *sig;

	pthread_create(&thread, NULL, listen_in_thread, &tid);
	ASSERT_TRUE(MT_UNTIL(__atomic_load_n(&tid, __ATOMIC_ACQUIRE)));
	ASSERT_EQ(0, own(self->in, F_OWNER_TID, tid));
	ASSERT_EQ(0, put(self->out, 1));
	EXPECT_EQ(0, mt_sig_next());
	pthread_join(thread, &sig);
	EXPECT_EQ(MT_SIG, (intptr_t)sig);
}

TEST_F(signal_io, to_a_process_group)
{
	pid_t group;
	int i;

	for (i = 0; i < 2; i++)
		fork_listener(&self->child[i]);
	group = self->child[0].pid;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, setpgid(self->child[i].pid, group));
	ASSERT_EQ(0, own(self->in, F_OWNER_PGRP, group));
	ASSERT_EQ(0, put(self->out, 1));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(MT_SIG, mt_hear(self->child[i].sock));
		EXPECT_EQ(0, end_listener(&self->child[i]));
	}
	EXPECT_EQ(0, mt_sig_next());
}

/*
 * Three processes, each with an endpoint and a filter: each is told of what is
 * for it, and gets it.
 */
TEST_F(signal_io, each_process_of_its_own)
{
	struct mt_child *child = self->child;
	int i, in;

	for (i = 0; i < 3; i++) {
		if (mt_fork(&child[i], NULL))
			continue;
		in = mt_open_fd(self->dev, self->in, MBOX_O_READ);
		EXPECT_EQ(0, i ? mt_filter(in, mt_type(i)) : 0);
		EXPECT_TRUE(mt_sig_async(in, MT_SIG));
		mt_tell(child[i].sock, 1);
		mt_hear(child[i].sock);
		EXPECT_TRUE(mt_sig_is(MT_SIG, in, POLL_IN));
		EXPECT_EQ(!i, mt_sig_is(MT_SIG, in, POLL_IN));
		EXPECT_EQ(0, mt_sig_next());
		EXPECT_EQ(0, i ? mt_read(in, &i, 0) : 0);
		MT_CHILD_EXIT();
	}
	for (i = 0; i < 3; i++)
		ASSERT_EQ(1, mt_hear(child[i].sock));
	ASSERT_EQ(0, mt_send_text(self->out, "", 1));
	ASSERT_EQ(0, mt_send_text(self->out, "", 2));
	for (i = 0; i < 3; i++) {
		mt_tell(child[i].sock, 1);
		EXPECT_EQ(0, mt_child_end(&child[i]));
	}
	EXPECT_EQ(2, mt_stat_of(self->in).received);
	EXPECT_EQ(0, mt_sig_next());
}

TEST_HARNESS_MAIN
