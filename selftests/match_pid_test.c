// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a process id stands for where messages are selected by their sender: the
 * process that has it now, or if none has, the one that had it. Never for
 * another one that gets the number later.
 */
#include <sys/wait.h>

#include "mbox_test_match.h"

FIXTURE(pid) {
	int dev;
	int box;
	struct mt_child sender;
	struct mt_child child;
	struct mt_task task;
};

FIXTURE_SETUP(pid)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	mt_sender_fork(&self->sender);
}

FIXTURE_TEARDOWN(pid)
{
	MT_TEARDOWN(self->dev);
}

static int take_from(int box, pid_t pid)
{
	return mt_recv_match(box, mt_from(pid), MBOX_DONTWAIT);
}

TEST_F(pid, of_a_process_that_has_sent_nothing)
{
	pid_t pid = self->sender.pid;

	EXPECT_EQ(-EAGAIN, take_from(self->box, pid));
	EXPECT_EQ(-EAGAIN, take_from(self->box, getppid()));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
	EXPECT_EQ(-ESRCH, take_from(self->box, pid));
}

TEST_F(pid, of_nobody)
{
	static const pid_t nobody[] = { 0, -1, INT32_MIN, INT32_MAX };
	struct mt_state before;
	int i;

	ASSERT_EQ(0, mt_send_number(self->box, 1, 0, 0));
	before = mt_state_of(self->dev, self->box, 0);
	for (i = 0; i < ARRAY_SIZE(nobody); i++) {
		EXPECT_EQ(-ESRCH, take_from(self->box, nobody[i]));
		/* who would wait does not wait */
		EXPECT_EQ(-ESRCH, mt_recv_match(self->box,
						mt_from(nobody[i]), 0));
	}
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

/* What it has sent outlives it, and can be named as long as it is there. */
TEST_F(pid, of_a_process_that_has_ended)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT | MBOX_LEASE };
	pid_t pid = self->sender.pid;
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, mt_send_from(&self->sender, self->box, i, 0, i));
		ASSERT_EQ(0, mt_send_number(self->box, 10 + i, 0, 9));
	}
	EXPECT_EQ(3, take_from(self->box, pid));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
	EXPECT_EQ(2, take_from(self->box, pid));
	msg.match = mt_both(mt_from(pid), mt_type(0));
	EXPECT_EQ(1, mt_recv_number(self->box, &msg));
	EXPECT_EQ(pid, msg.pid);
	EXPECT_EQ(0, take_from(self->box, pid));
	EXPECT_EQ(0, mt_nack(self->box, msg.token, 0));
	EXPECT_EQ(1, take_from(self->box, pid));
	EXPECT_EQ(-ESRCH, take_from(self->box, pid));
	EXPECT_EQ(4, mt_stat_of(self->box).msgs);
}

/* Nobody else can have the id of a process that has not been waited for. */
TEST_F(pid, of_a_process_that_nobody_has_waited_for)
{
	pid_t pid = self->sender.pid;
	siginfo_t info;

	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 1, 0, 0));
	mt_tell(self->sender.sock, -1);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(1, take_from(self->box, pid));
	EXPECT_EQ(-EAGAIN, take_from(self->box, pid));
	EXPECT_EQ(0, mt_child_end(&self->sender));
	EXPECT_EQ(-ESRCH, take_from(self->box, pid));
}

/* A call goes with its caller, and then there is nothing of his to be found. */
TEST_F(pid, of_a_caller_that_is_killed)
{
	pid_t pid;

	if (!mt_fork(&self->child, NULL)) {
		mt_call_for(self->box, 0, 0);
		_exit(1);
	}
	pid = self->child.pid;
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->box).msgs == 1));
	/* both indexes know it */
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type(9),
					 MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_both(mt_from(pid),
							    mt_above(1)),
					 MBOX_DONTWAIT));
	mt_child_kill(&self->child);
	EXPECT_EQ(-ESRCH, take_from(self->box, pid));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type(0),
					 MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

/* Who has the number now is meant, not who had it. */
TEST_F(pid, of_a_process_that_has_anothers_number)
{
	pid_t pid = self->sender.pid;

	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 1, 0, 0));
	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 2, 0, 0));
	EXPECT_EQ(1, take_from(self->box, pid));
	EXPECT_EQ(0, mt_sender_end(&self->sender));

	ASSERT_TRUE(mt_sender_again(&self->sender));
	EXPECT_EQ(-EAGAIN, take_from(self->box, pid));
	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 3, 0, 0));
	EXPECT_EQ(3, take_from(self->box, pid));
	EXPECT_EQ(-EAGAIN, take_from(self->box, pid));
	EXPECT_EQ(0, mt_sender_end(&self->sender));

	EXPECT_EQ(2, take_from(self->box, pid));
	EXPECT_EQ(-ESRCH, take_from(self->box, pid));
}

/* Who waits for a process does not get what another of its number sends. */
TEST_F(pid, of_a_wait_is_that_of_its_beginning)
{
	struct mt_task *task = &self->task;
	pid_t pid = self->sender.pid;

	ASSERT_TRUE(mt_match_blocks(task, self->box, mt_from(pid)));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
	ASSERT_TRUE(mt_sender_again(&self->sender));
	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 1, 0, 0));
	EXPECT_TRUE(mt_task_settle(task));
	EXPECT_EQ(1, take_from(self->box, pid));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
	mt_catch(0);
	mt_task_signal(task);
	EXPECT_EQ(-EINTR, mt_task_end(task));
}

/* Its threads and its user ids are of no account. */
static void *send_from_thread(void *arg)
{
	int *box = arg;

	mt_send_number(*box, 1, 0, 0);
	return (void *)(intptr_t)mt_gettid();
}

TEST_F(pid, of_a_process_with_threads)
{
	pthread_t thread;
	void *tid;

	pthread_create(&thread, NULL, send_from_thread, &self->box);
	pthread_join(thread, &tid);
	ASSERT_EQ(0, mt_send_number(self->box, 2, 0, 0));
	EXPECT_EQ(-ESRCH, take_from(self->box, (intptr_t)tid));
	/* nor has one that is there the id of a process */
	ASSERT_TRUE(mt_match_blocks(&self->task, self->box, mt_type(7)));
	EXPECT_EQ(-ESRCH, take_from(self->box, mt_task_tid(&self->task)));
	ASSERT_EQ(0, mt_send_number(self->box, 3, 7, 0));
	EXPECT_EQ(3, mt_task_number(&self->task));
	EXPECT_EQ(1, take_from(self->box, getpid()));
	EXPECT_EQ(2, take_from(self->box, getpid()));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

TEST_F(pid, of_a_process_that_becomes_another_user)
{
	static const int order[] = { 3, 1, 2, 4, 0 };
	int i;

	if (!mt_fork(&self->child, NULL)) {
		EXPECT_EQ(0, mt_send_number(self->box, 0, 0, 0));
		EXPECT_EQ(0, mt_send_number(self->box, 1, 0, 5));
		EXPECT_EQ(0, setresuid(-1, MT_UID_A, -1));
		EXPECT_EQ(0, mt_send_number(self->box, 2, 0, 5));
		EXPECT_EQ(0, mt_send_number(self->box, 3, 0, 9));
		EXPECT_EQ(0, setresuid(-1, 0, -1));
		EXPECT_EQ(0, mt_send_number(self->box, 4, 0, 5));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
	ASSERT_EQ(0, mt_send_number(self->box, 9, 0, 7));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(order[i], take_from(self->box, self->child.pid));
	EXPECT_EQ(9, mt_recv_next(self->box));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

/* Through whichever endpoint it has sent. */
TEST_F(pid, of_a_process_with_endpoints)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, mt_send_from(&self->sender, self->box, 9, 0, 9));
	ASSERT_EQ(0, mt_send_number(self->box, 1, 0, 0));
	ASSERT_EQ(0, mt_send_number(other, 2, 0, 0));
	ASSERT_EQ(0, mt_send_number(other, 3, 0, 1));
	close(other);
	EXPECT_EQ(3, take_from(self->box, getpid()));
	EXPECT_EQ(1, take_from(self->box, getpid()));
	EXPECT_EQ(2, take_from(self->box, getpid()));
	EXPECT_EQ(-EAGAIN, take_from(self->box, getpid()));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

/* A number is of the namespace of the task that asks. */
TEST_F(pid, of_the_receivers_namespace)
{
	pid_t outside = getpid();

	ASSERT_EQ(0, mt_send_number(self->box, 1, 0, 0));
	if (!mt_fork(&self->child, &mt_in_pidns)) {
		EXPECT_EQ(0, mt_send_number(self->box, 2, 0, 0));
		EXPECT_EQ(0, mt_send_number(self->box, 3, 0, 0));
		EXPECT_EQ(-ESRCH, take_from(self->box, outside));
		/* who cannot be seen from here has no number, not even that */
		EXPECT_EQ(-ESRCH, take_from(self->box, 0));
		EXPECT_EQ(2, take_from(self->box, 1));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(-EAGAIN, take_from(self->box, self->sender.pid));
	EXPECT_EQ(3, take_from(self->box, self->child.pid));
	EXPECT_EQ(1, take_from(self->box, outside));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

/* Who has ended is found by the number that he had in that namespace. */
TEST_F(pid, of_who_has_ended_in_the_receivers_namespace)
{
	struct mt_child inner;

	if (!mt_fork(&self->child, &mt_in_pidns)) {
		mt_sender_fork(&inner);
		EXPECT_EQ(0, mt_send_from(&inner, self->box, 1, 0, 0));
		EXPECT_EQ(0, mt_sender_end(&inner));
		EXPECT_LT(1, inner.pid);
		EXPECT_EQ(1, take_from(self->box, inner.pid));
		EXPECT_EQ(-ESRCH, take_from(self->box, inner.pid));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, mt_sender_end(&self->sender));
}

TEST_HARNESS_MAIN
