// SPDX-License-Identifier: GPL-2.0
/*
 * The life of descriptors that are under way: who pays for them, when they are
 * closed, and how they come with what is delivered again, called and replied.
 */
#include "mbox_test_call.h"
#include "mbox_test_fds.h"
#include "mbox_test_limits.h"

FIXTURE(fds_life) {
	int dev;
	int box;
	int pair[2];	/* the writing end is what is sent */
	__s64 max_fds;
};

FIXTURE_SETUP(fds_life)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(mt_pipe(self->pair));
	self->max_fds = mt_param_get("user_max_fds");
	ASSERT_LE(0, self->max_fds);
}

FIXTURE_TEARDOWN(fds_life)
{
	EXPECT_EQ(0, mt_param_set("user_max_fds", self->max_fds));
	close_range(self->dev + 1, ~0U, 0);
	if (_metadata->passed) {
		EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, 0)));
		EXPECT_TRUE(MT_UNTIL(!mt_fds_used(self->dev, MT_UID_A)));
	}
	MT_TEARDOWN(self->dev);
}

static const struct mt_as a_in_userns = { .uid = MT_UID_A, .gid = MT_UID_A,
					  .ns = CLONE_NEWUSER };

/* Send the pipe's writing end, and have no other. */
static int give(int box, int pair[2])
{
	int ret = mt_send_fd(box, pair[1]);

	close(pair[1]);
	return ret;
}

static bool is_writable(int fd, const int pair[2])
{
	char byte = 'x', got = 0;

	return write(fd, &byte, 1) == 1 && read(pair[0], &got, 1) == 1 &&
	       got == byte;
}

/* ---- closed ------------------------------------------------------------- */

TEST_F(fds_life, purged)
{
	ASSERT_EQ(0, give(self->box, self->pair));
	EXPECT_TRUE(mt_pipe_is_open(self->pair));
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

TEST_F(fds_life, mailbox_gone)
{
	ASSERT_EQ(0, give(self->box, self->pair));
	close(self->box);
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
}

/* Kept by a mailbox that nobody has open, until it is unlinked. */
TEST_F(fds_life, unlinked)
{
	char *name = mt_name("fds");
	int box = mt_mailbox(self->dev, name, MT_RW);

	ASSERT_EQ(0, give(box, self->pair));
	close(box);
	EXPECT_TRUE(mt_pipe_is_open(self->pair));
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
}

TEST_F(fds_life, delivered_too_often)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
	};
	int drop = mt_create(self->dev, NULL, &attr), dead, other[2], fd;

	ASSERT_LE(0, drop);
	ASSERT_EQ(0, give(drop, self->pair));
	EXPECT_EQ(0, mt_nack(drop, mt_lease(drop), 0));
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));

	/* they go along to a dead-letter mailbox */
	attr.flags |= MBOX_CREATE_DEAD_LETTER;
	attr.dead_letter = self->box;
	dead = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, dead);
	ASSERT_TRUE(mt_pipe(other));
	ASSERT_EQ(0, give(dead, other));
	EXPECT_EQ(0, mt_nack(dead, mt_lease(dead), 0));
	EXPECT_TRUE(mt_pipe_is_open(other));
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	fd = mt_recv_fd(self->box);
	EXPECT_TRUE(is_writable(fd, other));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	close(fd);
	EXPECT_TRUE(mt_pipe_is_closed(other));
}

TEST_F(fds_life, send_fails)
{
	int box = mt_sized(self->dev, NULL, 1, 8, 8), pair[2], i;
	struct mbox_send msg;
	struct mt_child child;
	int ends;

	ends = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_EQ(0, mt_send(box, "full", 4, 0, 0));
	for (i = 0; i < 5; i++) {
		static const int error[] = {
			-EAGAIN, -ETIMEDOUT, -EMSGSIZE, -EFAULT, -EPIPE,
		};

		ASSERT_TRUE(mt_pipe(pair));
		msg = (struct mbox_send){
			.flags = i ? 0 : MBOX_DONTWAIT,
			.buf = (uintptr_t)"123456789",
			.len = i == 2 ? 9 : 2,
			.fds = mt_fds(&pair[1], 1),
		};
		if (i == 1)
			msg.deadline = mt_deadline(20);
		if (i == 3)
			msg.buf = 8;
		if (i == 4)
			close(box);
		EXPECT_EQ(error[i], mt_sendmsg(ends, &msg));
		close(pair[1]);
		EXPECT_TRUE(mt_pipe_is_closed(pair));
		EXPECT_EQ(0, mt_fds_used(self->dev, 0));
		close(pair[0]);
	}

	/* killed while it waits for room */
	box = mt_sized(self->dev, NULL, 1, 8, 8);
	ASSERT_EQ(0, mt_send(box, "full", 4, 0, 0));
	if (!mt_fork(&child, NULL)) {
		msg = (struct mbox_send){ .fds = mt_fds(&self->pair[1], 1) };
		mt_sendmsg(box, &msg);
		_exit(1);
	}
	EXPECT_TRUE(mt_wait_blocked(child.pid));
	close(self->pair[1]);
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	EXPECT_TRUE(mt_pipe_is_open(self->pair));
	mt_child_kill(&child);
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

/* ---- charged ------------------------------------------------------------ */

TEST_F(fds_life, limit_of_a_user)
{
	int fds[4] = { self->dev, self->dev, self->dev, self->dev };
	struct mbox_send msg = { .fds = mt_fds(fds, 2) };
	struct mbox_usage usage;
	struct mbox_recv recv;
	struct mt_child child;

	ASSERT_EQ(0, mt_param_set("user_max_fds", 4));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, mt_send_fds(self->box, fds, 3));
		EXPECT_EQ(-EDQUOT, mt_sendmsg(self->box, &msg));
		EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_USER_FDS,
					  MT_UID_A, 3, 3, 4));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(3, usage.fds.used);
		EXPECT_EQ(4, usage.fds.max);
		EXPECT_EQ(0, mt_send_fd(self->box, self->dev));
		EXPECT_EQ(-EDQUOT, mt_send_fd(self->box, self->dev));
		EXPECT_EQ(0, mt_send_fds(self->box, NULL, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(4, mt_fds_used(self->dev, MT_UID_A));
	/* others are not concerned, and root is not refused */
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	EXPECT_EQ(0, mt_send_fds(self->box, fds, 4));
	EXPECT_EQ(0, mt_send_fds(self->box, fds, 4));
	EXPECT_EQ(8, mt_fds_used(self->dev, 0));
	/* who receives takes the charge from who has sent */
	EXPECT_EQ(0, mt_recv_fds(self->box, &recv, fds, 0, 0));
	EXPECT_EQ(1, mt_fds_used(self->dev, MT_UID_A));
	EXPECT_EQ(4, mt_purge(self->box));
	EXPECT_EQ(0, mt_fds_used(self->dev, MT_UID_A));
}

/* They work on either side, and the owner of the namespace pays. */
TEST_F(fds_life, user_namespaces)
{
	struct mbox_send msg = { .fds = mt_fds(&self->dev, 1) };
	struct mt_child child;
	int fd;

	ASSERT_EQ(0, mt_param_set("user_max_fds", 1));
	ASSERT_EQ(0, mt_send_fd(self->box, self->pair[1]));
	if (!mt_fork(&child, &a_in_userns)) {
		fd = mt_recv_fd(self->box);
		EXPECT_TRUE(is_writable(fd, self->pair));
		EXPECT_EQ(0, mt_send_fd(self->box, fd));
		EXPECT_EQ(1, mt_fds_used(self->dev, 0));
		EXPECT_EQ(-EDQUOT, mt_sendmsg(self->box, &msg));
		EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_USER_FDS,
					  0, 1, 1, 1));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_fds_used(self->dev, MT_UID_A));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	fd = mt_recv_fd(self->box);
	EXPECT_TRUE(is_writable(fd, self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, MT_UID_A));
}

/* ---- delivered again ---------------------------------------------------- */

TEST_F(fds_life, leased)
{
	struct mbox_recv msg;
	int fd[3], i;

	ASSERT_EQ(0, give(self->box, self->pair));
	for (i = 0; i < 3; i++) {
		/* none the second time: they are not lost for the third */
		ASSERT_EQ(0, mt_recv_fds(self->box, &msg, &fd[i], i != 1,
					 MBOX_LEASE));
		EXPECT_EQ(i, msg.deliveries);
		EXPECT_EQ(i != 1, msg.fds.nr);
		EXPECT_EQ(i == 1, msg.fds.lost);
		EXPECT_EQ(1, mt_fds_used(self->dev, 0));
		EXPECT_EQ(0, (i < 2 ? mt_nack(self->box, msg.token, 0) :
				      mt_ack(self->box, msg.token)));
	}
	EXPECT_NE(fd[0], fd[2]);
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	EXPECT_TRUE(is_writable(fd[0], self->pair));
	close(fd[0]);
	EXPECT_TRUE(is_writable(fd[2], self->pair));
	close(fd[2]);
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
}

/* ---- called and replied ------------------------------------------------- */

static int reply_fds(int box, __u64 token, const int *fds, unsigned int nr)
{
	struct mbox_reply reply = {
		.size = sizeof(reply),
		.token = token,
		.buf = (uintptr_t)"reply",
		.len = 6,
		.fds = mt_fds(fds, nr),
	};

	return mt_ioctl(box, MBOX_IOC_REPLY, &reply);
}

TEST_F(fds_life, call)
{
	int mine[2] = { -1, -1 }, theirs[2], bad[2] = { self->box, -1 };
	struct mt_caller caller = { .call = {
		.fds = mt_fds(&self->pair[1], 1),
		.reply_fds = mt_fds(mine, 2),
	} };
	struct mbox_recv msg;
	int fd = -1;

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "fd?"));
	close(self->pair[1]);
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, &fd, 1, 0));
	EXPECT_EQ(1, msg.fds.nr);
	EXPECT_TRUE(is_writable(fd, self->pair));
	close(fd);

	/* what cannot be sent leaves the token as it is */
	EXPECT_EQ(-EINVAL, reply_fds(self->box, msg.token, &bad[0], 1));
	EXPECT_EQ(-EBADF, reply_fds(self->box, msg.token, &bad[1], 1));
	EXPECT_EQ(-EFAULT, reply_fds(self->box, msg.token, NULL, 1));
	EXPECT_EQ(-EINVAL, reply_fds(self->box, msg.token, bad, 17));
	EXPECT_EQ(-ESTALE, reply_fds(self->box, msg.token + 1, &self->dev, 1));
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	ASSERT_TRUE(mt_pipe(theirs));
	EXPECT_EQ(0, reply_fds(self->box, msg.token, theirs, 2));
	close(theirs[0]);
	close(theirs[1]);
	EXPECT_EQ(6, mt_caller_end(&caller));
	EXPECT_EQ(2, caller.call.reply_fds.nr);
	EXPECT_EQ(0, caller.call.reply_fds.lost);
	EXPECT_EQ(FD_CLOEXEC, fcntl(mine[0], F_GETFD));
	EXPECT_TRUE(is_writable(mine[1], mine));
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

/* Reply and receive the next; the caller has no room for all of them. */
TEST_F(fds_life, reply_and_receive)
{
	int mine = -1, sent[3] = { self->dev, self->pair[1], self->pair[1] };
	struct mt_caller caller = { .call = {
		.flags = MBOX_INHERIT,
		.reply_fds = mt_fds(&mine, 1),
	} };
	struct mbox_recv msg;

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "one"));
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, NULL, 0, 0));
	msg.flags = MBOX_DONTWAIT;
	msg.reply_token = msg.token;
	msg.reply_fds = mt_fds(sent, 3);
	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(0, msg.reply_token);
	close(self->pair[1]);
	EXPECT_EQ(0, mt_caller_end(&caller));
	EXPECT_EQ(1, caller.call.reply_fds.nr);
	EXPECT_EQ(2, caller.call.reply_fds.lost);
	EXPECT_EQ(0, fcntl(mine, F_GETFD));
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

/* A reply that could not be handed over is there when the call is resumed. */
TEST_F(fds_life, resumed_call)
{
	struct mt_caller caller = { .call = { .reply_fds = mt_fds(NULL, 1) } };
	int box = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
	int fd = -1, i;
	__u64 token;

	for (i = 0; i < 2; i++) {
		caller.call.id = 0;
		caller.call.reply_fds = mt_fds(NULL, 1);
		ASSERT_TRUE(mt_caller_blocks(&caller, box, "again"));
		token = mt_lease(self->box);
		ASSERT_EQ(0, reply_fds(self->box, token, &self->pair[1], 1));
		EXPECT_EQ(-EFAULT, mt_caller_end(&caller));
		ASSERT_NE(0, caller.call.id);
		EXPECT_EQ(1, mt_fds_used(self->dev, 0));
		if (i)
			break;
		caller.call.reply_fds = mt_fds(&fd, 1);
		EXPECT_EQ(6, mt_callmsg(box, &caller.call));
		EXPECT_EQ(1, caller.call.reply_fds.nr);
		EXPECT_TRUE(is_writable(fd, self->pair));
		close(fd);
		EXPECT_EQ(0, mt_fds_used(self->dev, 0));
	}
	/* nor fetched at all: closed with the caller's endpoint */
	close(self->pair[1]);
	EXPECT_TRUE(mt_pipe_is_open(self->pair));
	close(box);
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

/* The caller has gone: neither its descriptors nor the reply's stay. */
TEST_F(fds_life, cancelled_call)
{
	struct mbox_recv msg;
	struct mt_child child;
	int other[2];

	ASSERT_TRUE(mt_pipe(other));
	if (!mt_fork(&child, NULL)) {
		struct mbox_call call = {
			.fds = mt_fds(&self->pair[1], 1),
			.reply_size = 6,
		};

		mt_callmsg(self->box, &call);
		_exit(1);
	}
	EXPECT_TRUE(mt_wait_blocked(child.pid));
	close(self->pair[1]);
	ASSERT_EQ(0, mt_recv_fds(self->box, &msg, NULL, 0, 0));
	EXPECT_EQ(1, msg.fds.lost);
	EXPECT_TRUE(mt_pipe_is_open(self->pair));
	mt_child_kill(&child);
	EXPECT_TRUE(MT_UNTIL(mt_cancelled(self->box) == (__s64)msg.token));
	EXPECT_EQ(1, mt_fds_used(self->dev, 0));
	EXPECT_EQ(-ECANCELED, reply_fds(self->box, msg.token, &other[1], 1));
	close(other[1]);
	EXPECT_TRUE(mt_pipe_is_closed(self->pair));
	EXPECT_TRUE(mt_pipe_is_closed(other));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

TEST_HARNESS_MAIN
