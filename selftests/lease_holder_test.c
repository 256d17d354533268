// SPDX-License-Identifier: GPL-2.0
/*
 * Who holds a message: the process that has received it, for all that share the
 * endpoint. When it ends, or lets go of the endpoint, what it held comes back at
 * once, and what others hold of the same endpoint does not.
 */
#include <sys/wait.h>

#include "mbox_test_call.h"

FIXTURE(holder) {
	int dev;
	int box;	/* to send, and to look */
	int shared;	/* the endpoint that the workers inherit */
	struct mt_child worker[2];
};

FIXTURE_SETUP(holder)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->shared = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_LE(0, self->shared);
}

FIXTURE_TEARDOWN(holder)
{
	MT_TEARDOWN(self->dev);
}

static int send_number(int box, __u32 number)
{
	return mt_send(box, &number, sizeof(number), 0, MBOX_DONTWAIT);
}

/* Receive under a lease, which may take a while: its number and token. */
static int lease_number(int box, __u32 *number, __u64 *token, __u32 *deliveries)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)number,
		.buf_size = sizeof(*number),
		.deadline = mt_deadline(20000),
	};
	int ret = mt_leasemsg(box, &msg);

	*token = msg.token;
	*deliveries = msg.deliveries;
	return ret;
}

/* A worker tells what it gets (number, token, deliveries) as often as asked. */
static void worker_main(struct mt_child *child, int box)
{
	__u32 number, deliveries;
	__u64 token;

	while (mt_hear(child->sock) == 1) {
		mt_tell(child->sock, lease_number(box, &number, &token,
						  &deliveries));
		mt_tell(child->sock, number);
		mt_tell(child->sock, token);
		mt_tell(child->sock, deliveries);
	}
}

/* Fork the workers, none of which has the mailbox by another endpoint. */
#define WORKERS() do {							\
	int __i;							\
									\
	for (__i = 0; __i < 2; __i++) {					\
		if (!mt_fork(&self->worker[__i], NULL)) {		\
			if (__i)					\
				close(self->worker[0].sock);		\
			close(self->box);				\
			worker_main(&self->worker[__i], self->shared);	\
			_exit(0);					\
		}							\
	}								\
} while (0)

struct taken {
	int ret;
	__u32 number;
	__u64 token;
	__u32 deliveries;
};

static struct taken hear_taken(struct mt_child *worker)
{
	struct taken taken;

	taken.ret = mt_hear(worker->sock);
	taken.number = mt_hear(worker->sock);
	taken.token = mt_hear(worker->sock);
	taken.deliveries = mt_hear(worker->sock);
	return taken;
}

static struct taken take(struct mt_child *worker)
{
	mt_tell(worker->sock, 1);
	return hear_taken(worker);
}

/* One worker is killed, and what it held comes to the other, which waits. */
TEST_F(holder, killed)
{
	struct taken one, two, again;

	WORKERS();
	ASSERT_EQ(0, send_number(self->box, 1));
	ASSERT_EQ(0, send_number(self->box, 2));
	one = take(&self->worker[0]);
	two = take(&self->worker[1]);
	EXPECT_EQ(0, one.ret);
	EXPECT_EQ(1, one.number);
	EXPECT_EQ(2, two.number);
	EXPECT_EQ(2, mt_stat_of(self->box).held);

	mt_tell(self->worker[1].sock, 1);
	ASSERT_TRUE(mt_wait_blocked(self->worker[1].pid));
	mt_child_kill(&self->worker[0]);
	again = hear_taken(&self->worker[1]);
	EXPECT_EQ(0, again.ret);
	EXPECT_EQ(1, again.number);
	EXPECT_EQ(1, again.deliveries);
	EXPECT_EQ(-ESTALE, mt_ack(self->shared, one.token));

	/* that of the other stayed with it, and its process is who acks */
	EXPECT_EQ(2, mt_stat_of(self->box).held);
	EXPECT_EQ(0, mt_ack(self->shared, two.token));
	EXPECT_EQ(0, mt_ack(self->shared, again.token));
	EXPECT_EQ(2, mt_stat_of(self->box).received);
	EXPECT_EQ(0, mt_child_end(&self->worker[1]));
}

/* One that exits leaves what it held; what it has acked does not come again. */
TEST_F(holder, exits)
{
	struct taken one, two;

	WORKERS();
	ASSERT_EQ(0, send_number(self->box, 1));
	ASSERT_EQ(0, send_number(self->box, 2));
	one = take(&self->worker[0]);
	two = take(&self->worker[0]);
	EXPECT_EQ(0, mt_ack(self->shared, one.token));
	EXPECT_EQ(0, mt_child_end(&self->worker[0]));
	one = take(&self->worker[1]);
	EXPECT_EQ(2, one.number);
	EXPECT_EQ(1, one.deliveries);
	EXPECT_LT(two.token, one.token);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_child_end(&self->worker[1]));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

/* Its last descriptor counts, not each one. */
TEST_F(holder, closes)
{
	struct mt_child child;

	ASSERT_EQ(0, send_number(self->box, 1));
	if (!mt_fork(&child, NULL)) {
		int copy = dup(self->shared);

		EXPECT_LT(0, mt_lease(self->shared));
		close(self->shared);
		EXPECT_EQ(1, mt_stat_of(self->box).held);
		close(copy);
		EXPECT_EQ(0, mt_stat_of(self->box).held);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

/* Others that share the endpoint may come and go. */
TEST_F(holder, is_not_its_children)
{
	struct mt_child child;
	__s64 token;

	ASSERT_EQ(0, send_number(self->box, 1));
	token = mt_lease(self->shared);
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(0, mt_held(self->shared, token));
		close(self->shared);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(0, mt_ack(self->shared, token));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(-ESTALE, mt_ack(self->shared, token));
	EXPECT_EQ(1, mt_stat_of(self->box).received);
}

static int lease_task(struct mt_task *task)
{
	return mt_lease(task->fd);
}

/* A thread may end: its process holds the message, and other threads ack it. */
TEST_F(holder, is_not_a_thread)
{
	struct mt_task taker = { .fd = self->shared };
	int token;

	ASSERT_EQ(0, send_number(self->box, 1));
	mt_task_start(&taker, lease_task);
	token = mt_task_end(&taker);
	EXPECT_LT(0, token);
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	EXPECT_EQ(0, mt_held(self->shared, token));
	EXPECT_EQ(0, mt_ack(self->shared, token));
}

/* Take a message, and be a program that waits until its input is closed. */
#define EXEC(flags) ({							\
	struct mt_child __child;					\
									\
	if (!mt_fork(&__child, NULL)) {					\
		fcntl(self->shared, F_SETFD, flags);			\
		mt_lease(self->shared);					\
		dup2(__child.sock, 0);					\
		execlp("cat", "cat", NULL);				\
	}								\
	__child;							\
})

TEST_F(holder, stays_over_exec)
{
	struct mt_child child;

	ASSERT_EQ(0, send_number(self->box, 1));
	child = EXEC(0);
	EXPECT_TRUE(MT_UNTIL(mt_is_blocked(child.pid, __NR_read)));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	mt_child_end(&child);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

TEST_F(holder, ends_by_exec)
{
	struct mt_child child;

	ASSERT_EQ(0, send_number(self->box, 1));
	child = EXEC(FD_CLOEXEC);
	EXPECT_TRUE(MT_UNTIL(mt_is_blocked(child.pid, __NR_read)));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	mt_child_end(&child);
}

/* In flight the endpoint lives on, but its holder has let go. */
TEST_F(holder, sends_its_descriptor_away)
{
	struct mt_child child;
	int fd;

	ASSERT_EQ(0, send_number(self->box, 1));
	if (!mt_fork(&child, NULL)) {
		int own = mt_open_fd(self->dev, self->box, MBOX_O_READ);

		EXPECT_LT(0, mt_lease(own));
		EXPECT_EQ(0, mt_fd_send(child.sock, own));
		EXPECT_EQ(1, mt_stat_of(self->box).held);
		close(own);
		EXPECT_EQ(0, mt_stat_of(self->box).held);
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	fd = mt_fd_recv(child.sock);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_LT(0, mt_lease(fd));
	/* a mailbox that ends lets its holders finish */
	close(self->shared);
	close(self->box);
	EXPECT_EQ(1, mt_stat_of(fd).held);
}

static int wait_task(struct mt_task *task)
{
	task->recv.flags = MBOX_LEASE;
	return mt_task_recv(task);
}

/*
 * A descriptor closed while a thread waits in a receive through it: nobody in
 * that process could ack what comes, nor tell of its end.
 */
TEST_F(holder, closes_while_it_waits)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		struct mt_task waiter = { .fd = self->shared };

		EXPECT_TRUE(mt_task_blocks(&waiter, wait_task));
		close(self->shared);
		EXPECT_EQ(0, send_number(self->box, 1));
		mt_task_end(&waiter);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
}

/* Killed at any point of receive and ack: nothing is lost, nothing comes twice. */
TEST_F(holder, killed_at_any_point)
{
	enum { ROUNDS = 10, EACH = 50 };
	unsigned char seen[ROUNDS * EACH] = {};
	__u32 i, round, number, deliveries, sum;
	struct mt_child child;
	__u64 token;
	__s64 told;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < EACH; i++)
			ASSERT_EQ(0, send_number(self->box, round * EACH + i));
		if (!mt_fork(&child, NULL)) {
			while (!lease_number(self->shared, &number, &token,
					     &deliveries))
				if (!mt_ack(self->shared, token))
					mt_tell(child.sock, number);
			_exit(0);
		}
		/* after some, wherever it is then */
		told = mt_hear(child.sock);
		ASSERT_LE(0, told);
		seen[told]++;
		kill(child.pid, SIGKILL);
		while ((told = mt_hear(child.sock)) >= 0)
			seen[told]++;
		mt_child_end(&child);
	}
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	while (mt_stat_of(self->box).msgs) {
		ASSERT_EQ(0, lease_number(self->shared, &number, &token,
					  &deliveries));
		ASSERT_EQ(0, mt_ack(self->shared, token));
		seen[number]++;
	}
	/* one of a round may have been acked, but not told any more */
	for (i = 0, sum = 0; i < ROUNDS * EACH; i++) {
		EXPECT_GE(1, seen[i]);
		sum += seen[i];
	}
	EXPECT_LE(ROUNDS * EACH - ROUNDS, sum);
	EXPECT_EQ(ROUNDS * EACH, mt_stat_of(self->box).received);
}

TEST_HARNESS_MAIN
