// SPDX-License-Identifier: GPL-2.0
/*
 * Who sent it: stamped from the task that sends, told in the terms of the one
 * that receives.
 */
#include <sys/wait.h>

#include "mbox_test_task.h"

/* What an id is called where it has no name: /proc/sys/kernel/overflowuid */
#define OVERFLOW	65534

FIXTURE(identity) {
	int dev;
	int box;
	struct mt_child child;
};

FIXTURE_SETUP(identity)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 2, 0, 0);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(identity)
{
	MT_TEARDOWN(self->dev);
}

static const struct mt_as user_a = { .uid = MT_UID_A, .gid = MT_UID_B };

static int put(int box)
{
	return mt_send(box, NULL, 0, 0, 0);
}

/* The next message; its fields say -1 if there is none. */
static struct mbox_recv take(int box)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	if (mt_recvmsg(box, &msg))
		memset(&msg, -1, sizeof(msg));
	return msg;
}

#define EXPECT_SENDER(msg, p, t, u, g) do {				\
	struct mbox_recv __msg = msg;					\
									\
	EXPECT_EQ(p, __msg.pid);					\
	EXPECT_EQ(t, __msg.tid);					\
	EXPECT_EQ(u, __msg.uid);					\
	EXPECT_EQ(g, __msg.gid);					\
} while (0)

struct thread {
	int box;
	pid_t tid;
};

static void *put_from_thread(void *arg)
{
	struct thread *t = arg;

	t->tid = mt_gettid();
	put(t->box);
	return NULL;
}

TEST_F(identity, of_process_and_thread)
{
	struct thread t = { .box = self->box };
	pthread_t thread;

	ASSERT_EQ(0, put(self->box));
	EXPECT_SENDER(take(self->box), getpid(), getpid(), 0, 0);
	pthread_create(&thread, NULL, put_from_thread, &t);
	pthread_join(thread, NULL);
	ASSERT_NE(getpid(), t.tid);
	EXPECT_SENDER(take(self->box), getpid(), t.tid, 0, 0);
}

/* Of several processes of a user, who send through one descriptor by turns. */
TEST_F(identity, of_each_process)
{
	int i;

	ASSERT_EQ(0, put(self->box));
	EXPECT_SENDER(take(self->box), getpid(), getpid(), 0, 0);
	for (i = 0; i < 3; i++) {
		if (!mt_fork(&self->child, NULL)) {
			EXPECT_EQ(0, put(self->box));
			MT_CHILD_EXIT();
		}
		ASSERT_EQ(0, mt_child_end(&self->child));
		ASSERT_EQ(0, put(self->box));
		EXPECT_SENDER(take(self->box), self->child.pid,
			      self->child.pid, 0, 0);
		EXPECT_SENDER(take(self->box), getpid(), getpid(), 0, 0);
	}
}

/* Who has opened it, or inherited or was given it, is of no account. */
TEST_F(identity, of_the_sender_not_the_opener)
{
	char *name = mt_name("identity");
	int box;

	box = mt_mailbox(self->dev, name, MT_RW);
	ASSERT_LE(0, box);
	if (!mt_fork(&self->child, &user_a)) {
		EXPECT_EQ(0, put(self->box));
		EXPECT_EQ(0, put(mt_fd_recv(self->child.sock)));
		EXPECT_EQ(-EACCES, mt_open(self->dev, name, MBOX_O_WRITE));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_fd_send(self->child.sock, box));
	ASSERT_EQ(0, mt_child_end(&self->child));
	EXPECT_SENDER(take(self->box), self->child.pid, self->child.pid,
		      MT_UID_A, MT_UID_B);
	EXPECT_SENDER(take(box), self->child.pid, self->child.pid,
		      MT_UID_A, MT_UID_B);
	ASSERT_EQ(0, mt_unlink(self->dev, name));
}

/* The effective ids, as they are when it sends. */
TEST_F(identity, of_the_moment)
{
	const struct {
		uid_t uid[3], seen;
	} steps[] = {
		{ { MT_UID_A, 0, 0 }, 0 },
		{ { 0, MT_UID_A, 0 }, MT_UID_A },
		{ { 0, 0, MT_UID_A }, 0 },
		{ { MT_UID_A, MT_UID_B, 0 }, MT_UID_B },
	};
	const uid_t *uid;
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		uid = steps[i].uid;
		if (!mt_fork(&self->child, NULL)) {
			EXPECT_EQ(0, setresgid(uid[0], uid[1], uid[2]));
			EXPECT_EQ(0, setresuid(uid[0], uid[1], uid[2]));
			EXPECT_EQ(0, put(self->box));
			/* what it is later does not count */
			EXPECT_EQ(0, setresuid(-1, uid[2], -1));
			MT_CHILD_EXIT();
		}
		ASSERT_EQ(0, mt_child_end(&self->child));
		EXPECT_SENDER(take(self->box), self->child.pid, self->child.pid,
			      steps[i].seen, steps[i].seen);
	}
}

/* Of one process, too, which is by turns one user and another. */
TEST_F(identity, of_each_moment)
{
	static const uid_t uids[] = { 0, MT_UID_A, MT_UID_B, 0, MT_UID_B };
	pid_t pid = getpid();
	int i;

	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		ASSERT_EQ(0, setegid(uids[i]));
		ASSERT_EQ(0, seteuid(uids[i]));
		ASSERT_EQ(0, put(self->box));
		ASSERT_EQ(0, seteuid(0));
		EXPECT_SENDER(take(self->box), pid, pid, uids[i], uids[i]);
		ASSERT_EQ(0, setegid(MT_UID_A));
		ASSERT_EQ(0, put(self->box));
		EXPECT_SENDER(take(self->box), pid, pid, 0, MT_UID_A);
	}
}

/* It waits for room, and gets it by somebody else's receiving. */
TEST_F(identity, of_one_who_waited)
{
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, put(self->box));
	if (!mt_fork(&self->child, &user_a)) {
		EXPECT_EQ(0, put(self->box));
		mt_hear(self->child.sock);
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(mt_wait_blocked(self->child.pid));
	for (i = 0; i < 2; i++)
		EXPECT_SENDER(take(self->box), getpid(), getpid(), 0, 0);
	EXPECT_SENDER(take(self->box), self->child.pid, self->child.pid,
		      MT_UID_A, MT_UID_B);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_F(identity, to_one_who_waited)
{
	struct mt_task task = { .fd = self->box };

	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
	if (!mt_fork(&self->child, &user_a)) {
		EXPECT_EQ(0, put(self->box));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
	ASSERT_EQ(0, mt_task_end(&task));
	EXPECT_SENDER(task.recv, self->child.pid, self->child.pid, MT_UID_A,
		      MT_UID_B);
}

/* Its number may be another's by now, but it was not another's then. */
TEST_F(identity, of_the_dead)
{
	struct thread t = { .box = self->box };
	pthread_t thread;

	if (!mt_fork(&self->child, &user_a)) {
		pthread_create(&thread, NULL, put_from_thread, &t);
		pthread_join(thread, NULL);
		mt_tell(self->child.sock, t.tid);
		MT_CHILD_EXIT();
	}
	t.tid = mt_hear(self->child.sock);
	ASSERT_EQ(0, mt_child_end(&self->child));
	ASSERT_EQ(-1, kill(self->child.pid, 0));
	EXPECT_SENDER(take(self->box), self->child.pid, t.tid, MT_UID_A,
		      MT_UID_B);
}

/* ---- namespaces ---------------------------------------------------------- */

/* Outside of a pid namespace, its processes have numbers, too. */
TEST_F(identity, from_a_pid_namespace)
{
	static const struct mt_as inside = { .ns = CLONE_NEWPID };

	if (!mt_fork(&self->child, &inside)) {
		EXPECT_EQ(1, getpid());
		EXPECT_EQ(0, put(self->box));
		EXPECT_EQ(0, put(self->box));
		EXPECT_SENDER(take(self->box), 1, 1, 0, 0);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&self->child));
	EXPECT_SENDER(take(self->box), self->child.pid, self->child.pid, 0, 0);
}

/* Inside, those outside have none. */
TEST_F(identity, to_a_pid_namespace)
{
	static const struct mt_as inside = { .ns = CLONE_NEWPID };

	ASSERT_EQ(0, put(self->box));
	if (!mt_fork(&self->child, &inside)) {
		EXPECT_SENDER(take(self->box), 0, 0, 0, 0);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&self->child));
}

/* There user A and group B are 0, and 7 is user B and group A. */
TEST_F(identity, in_a_user_namespace)
{
	static const struct mt_as inside = {
		.uid = MT_UID_A,
		.gid = MT_UID_A,
		.ns = CLONE_NEWUSER,
		.map = "0 4001 1\n7 4002 1",
	};
	static const struct mt_as user_b = { .uid = MT_UID_B, .gid = MT_UID_B };
	/* room for all: a user has a share of it only */
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	struct mt_child other;

	ASSERT_LE(0, box);
	ASSERT_EQ(4001, MT_UID_A);
	ASSERT_EQ(4002, MT_UID_B);
	ASSERT_EQ(0, put(box));
	if (!mt_fork(&other, &user_b)) {
		EXPECT_EQ(0, put(box));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&other));

	if (!mt_fork(&self->child, &inside)) {
		EXPECT_EQ(0, geteuid());
		EXPECT_SENDER(take(box), getppid(), getppid(), OVERFLOW,
			      OVERFLOW);
		EXPECT_SENDER(take(box), other.pid, other.pid, 7, 7);
		EXPECT_EQ(0, put(box));
		EXPECT_SENDER(take(box), getpid(), getpid(), 0, 0);
		EXPECT_EQ(0, put(box));
		EXPECT_EQ(0, setresgid(7, 7, 7));
		EXPECT_EQ(0, setresuid(7, 7, 7));
		EXPECT_EQ(0, put(box));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&self->child));
	EXPECT_SENDER(take(box), self->child.pid, self->child.pid,
		      MT_UID_A, MT_UID_A);
	EXPECT_SENDER(take(box), self->child.pid, self->child.pid,
		      MT_UID_B, MT_UID_B);
}

/* The time of sending is on the receiver's clock. */
TEST_F(identity, in_a_time_namespace)
{
	__u64 before = mt_now(CLOCK_MONOTONIC), after;
	const __u64 ahead = 1000 * MT_NSEC_PER_SEC;
	struct mbox_recv msg;

	ASSERT_EQ(0, put(self->box));
	after = mt_now(CLOCK_MONOTONIC);
	if (!mt_fork(&self->child, NULL)) {
		mt_child_timens(1000);
		msg = take(self->box);
		EXPECT_LE(before + ahead, msg.time);
		EXPECT_GE(after + ahead, msg.time);
		EXPECT_EQ(0, put(self->box));
		EXPECT_EQ(0, put(self->box));
		msg = take(self->box);
		EXPECT_LE(after + ahead, msg.time);
		EXPECT_GE(mt_now(CLOCK_MONOTONIC), msg.time);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&self->child));
	msg = take(self->box);
	EXPECT_LE(after, msg.time);
	EXPECT_GE(mt_now(CLOCK_MONOTONIC), msg.time);
}

/* What was sent before the namespace's beginning is as old as can be. */
TEST_F(identity, from_before_a_time_namespace)
{
	int second = mt_now(CLOCK_MONOTONIC) / MT_NSEC_PER_SEC + 1;

	ASSERT_EQ(0, put(self->box));
	ASSERT_TRUE(MT_UNTIL(mt_now(CLOCK_MONOTONIC) / MT_NSEC_PER_SEC >=
			     second));
	if (!mt_fork(&self->child, NULL)) {
		mt_child_timens(-second);
		EXPECT_EQ(0, take(self->box).time);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_HARNESS_MAIN
