// SPDX-License-Identifier: GPL-2.0
/*
 * Is the process that sent a message that is held still there? While it is, its
 * process id is no other's; once it has been waited for, the answer is no,
 * whoever has the number then.
 */
#include <sys/wait.h>

#include "mbox_test_match.h"

FIXTURE(sender) {
	int dev;
	int box;
	struct mt_child child;
	struct mbox_recv msg;
};

FIXTURE_SETUP(sender)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(sender)
{
	MT_TEARDOWN(self->dev);
}

/* Does the sender of the held message live? 1 or 0, or -errno. */
static int lives(int fd, const struct mbox_recv *msg)
{
	int state = mt_held_state(fd, msg->token);

	return state < 0 ? state : !!(state & MBOX_MSG_SENDER_LIVES);
}

/* Hold the next message. */
static int hold(int fd, struct mbox_recv *msg)
{
	*msg = (struct mbox_recv){ .flags = MBOX_DONTWAIT | MBOX_LEASE };
	return mt_recv_number(fd, msg);
}

static int pidfd_of(pid_t pid)
{
	int fd = syscall(__NR_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* A child has sent 1, which is held here. */
#define HOLD_OF_CHILD() do {						\
	mt_sender_fork(&self->child);					\
	ASSERT_EQ(0, mt_send_from(&self->child, self->box, 1, 0, 0));	\
	ASSERT_EQ(1, hold(self->box, &self->msg));			\
	ASSERT_EQ(self->child.pid, self->msg.pid);			\
} while (0)

TEST_F(sender, lives_until_it_is_waited_for)
{
	siginfo_t info;

	HOLD_OF_CHILD();
	EXPECT_EQ(1, lives(self->box, &self->msg));
	mt_tell(self->child.sock, -1);
	ASSERT_EQ(0, waitid(P_PID, self->msg.pid, &info, WEXITED | WNOWAIT));
	/* as long as it is not, the number cannot be another's */
	EXPECT_EQ(1, lives(self->box, &self->msg));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, lives(self->box, &self->msg));
	/* and what it has sent is as good as before */
	EXPECT_EQ(0, mt_nack(self->box, self->msg.token, 0));
	EXPECT_EQ(1, mt_recv_next(self->box));
}

TEST_F(sender, killed)
{
	HOLD_OF_CHILD();
	EXPECT_EQ(1, lives(self->box, &self->msg));
	mt_child_kill(&self->child);
	EXPECT_EQ(0, lives(self->box, &self->msg));
}

TEST_F(sender, may_be_the_receiver)
{
	ASSERT_EQ(0, mt_send_number(self->box, 1, 0, 0));
	ASSERT_EQ(1, hold(self->box, &self->msg));
	EXPECT_EQ(1, lives(self->box, &self->msg));
}

/* It is asked for the message, which must be held, and by this endpoint. */
TEST_F(sender, of_a_held_message_only)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	HOLD_OF_CHILD();
	EXPECT_EQ(-ESTALE, lives(other, &self->msg));
	EXPECT_EQ(0, mt_ack(self->box, self->msg.token));
	EXPECT_EQ(-ESTALE, lives(self->box, &self->msg));
	EXPECT_EQ(0, mt_sender_end(&self->child));
}

/* ---- another with its number --------------------------------------------- */

/* What it is for: open a pidfd, ask, and know whose it is. */
TEST_F(sender, is_who_the_pidfd_is_of)
{
	siginfo_t info;
	int pidfd;

	HOLD_OF_CHILD();
	pidfd = pidfd_of(self->msg.pid);
	ASSERT_LE(0, pidfd);
	ASSERT_EQ(1, lives(self->box, &self->msg));
	EXPECT_EQ(0, syscall(__NR_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	EXPECT_EQ(0, waitid(P_PID, self->child.pid, &info, WEXITED));
	EXPECT_EQ(CLD_KILLED, info.si_code);
	close(self->child.sock);
}

TEST_F(sender, is_not_another_with_its_number)
{
	struct mbox_recv second;

	HOLD_OF_CHILD();
	EXPECT_EQ(0, mt_sender_end(&self->child));
	EXPECT_EQ(-ESRCH, pidfd_of(self->msg.pid));

	ASSERT_TRUE(mt_sender_again(&self->child));
	EXPECT_LE(0, pidfd_of(self->msg.pid));
	EXPECT_EQ(0, lives(self->box, &self->msg));
	/* not even when that one has sent, too */
	ASSERT_EQ(0, mt_send_from(&self->child, self->box, 2, 0, 0));
	ASSERT_EQ(2, hold(self->box, &second));
	EXPECT_EQ(self->msg.pid, second.pid);
	EXPECT_EQ(1, lives(self->box, &second));
	EXPECT_EQ(0, lives(self->box, &self->msg));
	EXPECT_EQ(0, mt_sender_end(&self->child));
	EXPECT_EQ(0, lives(self->box, &second));
	EXPECT_EQ(0, lives(self->box, &self->msg));
}

/* Many times over, the number goes from one to the next. */
TEST_F(sender, is_none_of_many_with_its_number)
{
	struct mbox_recv msgs[20];
	int i, k;

	mt_sender_fork(&self->child);
	for (i = 0; i < ARRAY_SIZE(msgs); i++) {
		ASSERT_EQ(0, mt_send_from(&self->child, self->box, i, 0, 0));
		ASSERT_EQ(i, hold(self->box, &msgs[i]));
		EXPECT_EQ(msgs[0].pid, msgs[i].pid);
		for (k = 0; k <= i; k++)
			EXPECT_EQ(k == i, lives(self->box, &msgs[k]));
		EXPECT_EQ(0, mt_sender_end(&self->child));
		ASSERT_TRUE(mt_sender_again(&self->child));
	}
	EXPECT_EQ(0, mt_sender_end(&self->child));
}

/* In a pid namespace, its own numbers are used again. */
TEST_F(sender, is_not_another_of_its_namespace)
{
	struct mt_child inner;
	struct mbox_recv msg;

	if (!mt_fork(&self->child, &mt_in_pidns)) {
		mt_sender_fork(&inner);
		EXPECT_EQ(0, mt_send_from(&inner, self->box, 1, 0, 0));
		EXPECT_EQ(1, hold(self->box, &msg));
		EXPECT_EQ(inner.pid, msg.pid);
		EXPECT_EQ(1, lives(self->box, &msg));
		EXPECT_EQ(0, mt_sender_end(&inner));
		EXPECT_TRUE(mt_sender_again(&inner));
		EXPECT_LE(0, pidfd_of(msg.pid));
		EXPECT_EQ(0, lives(self->box, &msg));
		EXPECT_EQ(0, mt_sender_end(&inner));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
}

/* Who cannot see the sender can still ask. */
TEST_F(sender, of_another_namespace)
{
	struct mt_child inner;

	HOLD_OF_CHILD();
	EXPECT_EQ(0, mt_nack(self->box, self->msg.token, 0));
	if (!mt_fork(&inner, &mt_in_pidns)) {
		EXPECT_EQ(1, hold(self->box, &self->msg));
		EXPECT_EQ(0, self->msg.pid);
		EXPECT_EQ(1, lives(self->box, &self->msg));
		mt_tell(inner.sock, 1);
		mt_hear(inner.sock);
		EXPECT_EQ(0, lives(self->box, &self->msg));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(inner.sock));
	EXPECT_EQ(0, mt_sender_end(&self->child));
	EXPECT_EQ(0, mt_child_end(&inner));
}

/* ---- a process and its threads ------------------------------------------- */

static void *send_by_thread(void *arg)
{
	mt_send_number(*(int *)arg, 1, 0, 0);
	return NULL;
}

TEST_F(sender, is_the_process_not_the_thread)
{
	pthread_t thread;

	pthread_create(&thread, NULL, send_by_thread, &self->box);
	pthread_join(thread, NULL);
	ASSERT_EQ(1, hold(self->box, &self->msg));
	ASSERT_NE(self->msg.pid, self->msg.tid);
	EXPECT_EQ(1, lives(self->box, &self->msg));
}

static void *outlive(void *arg)
{
	mt_hear(*(int *)arg);
	_exit(0);
}

/* Its first thread can end before the others. */
TEST_F(sender, lives_without_its_first_thread)
{
	pthread_t thread;
	char path[64], state[128] = "";
	int fd;

	if (!mt_fork(&self->child, NULL)) {
		pthread_create(&thread, NULL, outlive, &self->child.sock);
		mt_send_number(self->box, 1, 0, 0);
		mt_tell(self->child.sock, 1);
		syscall(__NR_exit, 0);
	}
	ASSERT_EQ(1, mt_hear(self->child.sock));
	ASSERT_EQ(1, hold(self->box, &self->msg));
	snprintf(path, sizeof(path), "/proc/%d/stat", self->child.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(MT_UNTIL(pread(fd, state, sizeof(state) - 1, 0) > 0 &&
			     strstr(state, ") Z ")));
	EXPECT_EQ(1, lives(self->box, &self->msg));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, lives(self->box, &self->msg));
}

TEST_F(sender, lives_through_exec)
{
	if (!mt_fork(&self->child, NULL)) {
		mt_send_number(self->box, 1, 0, 0);
		dup2(self->child.sock, STDIN_FILENO);
		execlp("cat", "cat", NULL);
		_exit(1);
	}
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid, __NR_read)));
	ASSERT_EQ(1, hold(self->box, &self->msg));
	EXPECT_EQ(1, lives(self->box, &self->msg));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, lives(self->box, &self->msg));
}

/* ---- other messages ------------------------------------------------------ */

TEST_F(sender, of_a_call)
{
	if (!mt_fork(&self->child, NULL)) {
		mt_call_for(self->box, 0, 0);
		_exit(1);
	}
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->box).msgs));
	self->msg.token = mt_lease(self->box);
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_SENDER_LIVES,
		  mt_held_state(self->box, self->msg.token));
	mt_child_kill(&self->child);
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_CANCELLED,
		  mt_held_state(self->box, self->msg.token));
}

/* Dead letters keep their sender. */
TEST_F(sender, of_a_dead_letter)
{
	int dead = self->box, box;
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_DEAD_LETTER,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
		.dead_letter = dead,
	};

	box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, box);
	mt_sender_fork(&self->child);
	ASSERT_EQ(0, mt_send_from(&self->child, box, 1, 0, 0));
	ASSERT_EQ(1, hold(box, &self->msg));
	ASSERT_EQ(0, mt_nack(box, self->msg.token, 0));
	ASSERT_EQ(1, hold(dead, &self->msg));
	EXPECT_EQ(self->child.pid, self->msg.pid);
	EXPECT_EQ(1, lives(dead, &self->msg));
	EXPECT_EQ(0, mt_sender_end(&self->child));
	ASSERT_TRUE(mt_sender_again(&self->child));
	EXPECT_EQ(0, lives(dead, &self->msg));
	EXPECT_EQ(0, mt_sender_end(&self->child));
}

TEST_HARNESS_MAIN
