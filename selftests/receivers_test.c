// SPDX-License-Identifier: GPL-2.0
/*
 * From an exclusive mailbox one at a time receives, in whatever way, and others
 * are told that it is busy. Links and broadcasts have tests of their own.
 */
#include "mbox_test_policy.h"
#include "mbox_test_slow.h"

/* ---- ways to receive ------------------------------------------------------- */

static int recv_dontwait(int fd)
{
	return mt_get(fd);
}

static int recv_waiting(int fd)
{
	struct mbox_recv msg = {};

	return mt_getmsg(fd, &msg);
}

static int recv_deadline(int fd)
{
	struct mbox_recv msg = { .deadline = mt_deadline(3600 * 1000) };

	return mt_getmsg(fd, &msg);
}

static int recv_match(int fd)
{
	struct mbox_recv msg = { .match = mt_type(7) };

	return mt_getmsg(fd, &msg);
}

static int recv_lease(int fd)
{
	struct mbox_recv msg = { .flags = MBOX_LEASE };
	int ret = mt_getmsg(fd, &msg);

	return ret < 0 ? ret : mt_ack(fd, msg.token) ?: ret;
}

static int recv_lease_dontwait(int fd)
{
	__s64 token = mt_lease(fd);

	return token < 0 ? token : mt_ack(fd, token);
}

/* Batches that only one message is there for: that one. */
static int recv_batch_of(int fd, unsigned int nr, unsigned int flags)
{
	char letters[9];
	int error, ret = mt_get_batch(fd, letters, nr, flags, &error);

	return ret < 0 ? ret : letters[0];
}

static int recv_batch(int fd)
{
	return recv_batch_of(fd, 1, 0);
}

static int recv_batch_dontwait(int fd)
{
	return recv_batch_of(fd, 8, MBOX_DONTWAIT);
}

static int recv_read(int fd)
{
	char letter;

	return read(fd, &letter, 1) == 1 ? letter : -errno;
}

static int (* const forms[])(int fd) = {
	recv_dontwait, recv_waiting, recv_deadline, recv_match, recv_lease,
	recv_lease_dontwait, recv_batch, recv_batch_dontwait, recv_read,
};

/* A thread that receives in one of these ways. */
struct former {
	struct mt_task task;
	int (*form)(int fd);
};

static int task_form(struct mt_task *task)
{
	return ((struct former *)task)->form(task->fd);
}

static bool former_blocks(struct former *former, int fd, int (*form)(int fd))
{
	*former = (struct former){ .task.fd = fd, .form = form };
	return mt_task_blocks(&former->task, task_form);
}

/* ---- one at a time --------------------------------------------------------- */

FIXTURE(exclusive) {
	int dev;
	int box;
	int other;	/* another endpoint of it */
	struct former first;
	struct mt_task task;
	struct mt_slow slow;
};

FIXTURE_SETUP(exclusive)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = MT_POLICY(self->dev, NULL,
			      .receivers = MBOX_RECEIVERS_EXCLUSIVE);
	ASSERT_LE(0, self->box);
	self->other = mt_open_fd(self->dev, self->box, MT_RW);
	ASSERT_LE(0, self->other);
	mt_catch(0);
}

FIXTURE_TEARDOWN(exclusive)
{
	MT_TEARDOWN(self->dev);
}

/* Is every further receive refused, of this endpoint and of another? */
static bool all_busy(int box, int other)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i](box) != -EBUSY || forms[i](other) != -EBUSY) {
			fprintf(stderr, "# way %zu to receive\n", i);
			return false;
		}
	return true;
}

TEST_F(exclusive, while_one_waits_others_are_busy)
{
	static int (* const first[])(int fd) = {
		recv_waiting, recv_deadline, recv_lease, recv_batch,
	};
	size_t i;

	EXPECT_EQ(MBOX_RECEIVERS_EXCLUSIVE, mt_stat_of(self->box).receivers);
	for (i = 0; i < ARRAY_SIZE(first); i++) {
		ASSERT_TRUE(former_blocks(&self->first, self->box, first[i]));
		EXPECT_TRUE(all_busy(self->box, self->other));
		EXPECT_EQ(1, mt_stat_of(self->box).waiting_receivers);
		ASSERT_EQ(0, mt_put(self->box, 'a'));
		EXPECT_EQ('a', mt_task_end(&self->first.task));
		EXPECT_EQ(-EAGAIN, mt_get(self->other));
	}
}

/* As long as the first is not through with it, though it has its message. */
TEST_F(exclusive, while_one_is_under_way_others_are_busy)
{
	struct mbox_stat stat;

	ASSERT_TRUE(mt_slow_init(&self->slow));
	self->task.fd = self->box;
	self->task.recv.buf = (uintptr_t)self->slow.page;
	self->task.recv.buf_size = 1;
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	mt_task_start(&self->task, mt_task_recv);
	ASSERT_TRUE(mt_slow_is_wanted(&self->slow));
	EXPECT_TRUE(all_busy(self->box, self->other));
	stat = mt_stat_of(self->box);
	EXPECT_EQ(1, stat.msgs);
	EXPECT_EQ(1, stat.held);
	mt_slow_give(&self->slow);
	EXPECT_EQ(1, mt_task_end(&self->task));
	EXPECT_EQ('a', self->slow.page[0]);
	EXPECT_EQ('b', mt_get(self->other));
}

/* One that fails in the middle is over as well, and loses nothing. */
TEST_F(exclusive, when_one_has_failed_another_may)
{
	ASSERT_TRUE(mt_slow_init(&self->slow));
	self->task.fd = self->box;
	self->task.recv.buf = (uintptr_t)self->slow.page;
	self->task.recv.buf_size = 1;
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	mt_task_start(&self->task, mt_task_recv);
	ASSERT_TRUE(mt_slow_is_wanted(&self->slow));
	EXPECT_EQ(-EBUSY, mt_get(self->other));
	mt_slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->task));
	EXPECT_EQ('a', mt_get(self->other));

	EXPECT_EQ(-EAGAIN, mt_get(self->box));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 1, 0));
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, NULL, 0, 0));
	EXPECT_EQ('b', mt_get(self->other));
}

TEST_F(exclusive, when_one_has_left_another_may)
{
	struct mt_child child;

	ASSERT_TRUE(mt_getter_blocks(&self->task, self->box));
	mt_task_signal(&self->task);
	EXPECT_EQ(-EINTR, mt_task_end(&self->task));
	EXPECT_EQ(-EAGAIN, mt_get(self->other));

	self->task.recv.deadline = mt_deadline(20);
	mt_task_start(&self->task, mt_task_recv);
	EXPECT_EQ(-ETIMEDOUT, mt_task_end(&self->task));
	EXPECT_EQ(-EAGAIN, mt_get(self->other));

	mt_worker_start(&child, NULL,
			mt_open_fd(self->dev, self->box, MBOX_O_READ));
	ASSERT_TRUE(mt_worker_blocks(&child, MT_GET));
	EXPECT_EQ(-EBUSY, mt_get(self->other));
	mt_child_kill(&child);
	EXPECT_EQ(-EAGAIN, mt_get(self->other));
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_get(self->other));
}

/* A message that is held is one that has been received. */
TEST_F(exclusive, leases_keep_nobody_out)
{
	__s64 token[2];

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	token[0] = mt_lease(self->box);
	ASSERT_LT(0, token[0]);
	token[1] = mt_lease(self->other);
	ASSERT_LT(0, token[1]);
	EXPECT_EQ(-EAGAIN, mt_get(self->other));

	/* what comes back goes to the one who waits, as always */
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->other));
	EXPECT_EQ(0, mt_ack(self->other, token[1]));
	EXPECT_EQ(-EBUSY, mt_get(self->box));
	EXPECT_EQ(0, mt_nack(self->box, token[0], 0));
	EXPECT_EQ('a', mt_getter_end(&self->task));
}

/* Whoever waits for something else keeps others out, too. */
TEST_F(exclusive, what_is_not_wanted_is_for_later)
{
	ASSERT_TRUE(mt_match_blocks(&self->task, self->box, mt_type(7)));
	ASSERT_EQ(0, mt_put_typed(self->box, 'a', 8, 0));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ(-EBUSY, mt_get(self->other));
	ASSERT_EQ(0, mt_put_typed(self->box, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(&self->task));
	EXPECT_EQ('a', mt_get(self->other));
}

/* To poll is not to receive, nor is to send or to look. */
TEST_F(exclusive, others_may_do_all_else)
{
	struct mt_task poller;

	ASSERT_TRUE(mt_poller_blocks(&poller, self->other, POLLIN));
	ASSERT_TRUE(mt_match_blocks(&self->task, self->box, mt_type(7)));
	EXPECT_EQ(POLLOUT, mt_events(self->other));
	EXPECT_EQ(0, mt_put(self->other, 'a'));
	EXPECT_EQ(POLLIN, mt_task_end(&poller));
	EXPECT_EQ(POLLIN | POLLOUT, mt_events(self->other));
	EXPECT_EQ(1, mt_purge(self->other));
	EXPECT_EQ(0, mt_put_typed(self->other, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(&self->task));
}

TEST_F(exclusive, who_looks_is_in_nobodys_way)
{
	struct mt_task looker = {
		.fd = self->other,
		.recv.flags = MBOX_PEEK,
	};
	struct mbox_recv look = { .flags = MBOX_DONTWAIT | MBOX_PEEK };

	ASSERT_TRUE(mt_task_blocks(&looker, mt_task_recv));
	ASSERT_TRUE(mt_match_blocks(&self->task, self->box, mt_type(7)));
	ASSERT_EQ(0, mt_put(self->other, 'a'));
	EXPECT_EQ('a', mt_getter_end(&looker));
	EXPECT_EQ('a', mt_getmsg(self->other, &look));
	/* nor does he let anybody in */
	EXPECT_EQ(-EBUSY, mt_get(self->other));
	ASSERT_EQ(0, mt_put_typed(self->other, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(&self->task));
	EXPECT_EQ('a', mt_get(self->other));
}

/* Reply-and-receive: the reply is given, and that is not taken back. */
TEST_F(exclusive, a_reply_is_given_all_the_same)
{
	int w = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.reply_buf = (uintptr_t)"yes",
		.reply_len = 4,
	};
	struct mt_caller caller = {};

	ASSERT_TRUE(mt_caller_blocks(&caller, w, "?"));
	msg.reply_token = mt_lease(self->box);
	ASSERT_TRUE(mt_getter_blocks(&self->task, self->other));
	EXPECT_EQ(-EBUSY, mt_getmsg(self->box, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_EQ(4, mt_caller_end(&caller));
	EXPECT_STREQ("yes", caller.reply);
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(&self->task));
}

TEST_F(exclusive, of_three_processes)
{
	struct mt_child child[3];
	int i;

	for (i = 0; i < 3; i++)
		mt_worker_start(&child[i], NULL,
				mt_open_fd(self->dev, self->box, MBOX_O_READ));
	for (i = 0; i < 3; i++) {
		struct mt_child *one = &child[i];
		struct mt_child *two = &child[(i + 1) % 3];

		ASSERT_TRUE(mt_worker_blocks(one, MT_GET));
		EXPECT_EQ(-EBUSY, mt_worker_does(two, MT_GET));
		EXPECT_EQ(-EBUSY, mt_worker_does(two, MT_TRY));
		EXPECT_EQ(-EBUSY, mt_worker_does(two, MT_LEASE));
		ASSERT_EQ(0, mt_put(self->box, 'a' + i));
		EXPECT_EQ('a' + i, mt_hear(one->sock));
		EXPECT_EQ(-EAGAIN, mt_worker_does(two, MT_TRY));
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

TEST_HARNESS_MAIN
