// SPDX-License-Identifier: GPL-2.0
/*
 * Inboxes: a mailbox that is found by the process id, of a process and for it
 * alone. It ends with its process, and no other process comes by what is sent
 * to it.
 */
#include "mbox_test_pid.h"
#include "mbox_test_policy.h"

FIXTURE(inbox) {
	int dev;
	struct mt_child peer;
	struct mt_child other;
	struct mt_task task;
};

FIXTURE_SETUP(inbox)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(inbox)
{
	MT_TEARDOWN(self->dev);
}

static struct mbox_target by_pid(pid_t pid)
{
	return (struct mbox_target){ .by = MBOX_BY_PID, .pid = pid };
}

static int open_pid(int dev, pid_t pid, unsigned int flags)
{
	return mt_open_target(dev, by_pid(pid), flags);
}

/* The inbox of this process, to receive, with some attributes. */
#define INBOX(dev, ...)							\
	MT_POLICY(dev, NULL, .flags = MBOX_O_READ | MBOX_CREATE_INBOX,	\
		  __VA_ARGS__)

static int inbox(int dev)
{
	return INBOX(dev, .max_msgs = 100);
}

/* The end that sends to the inbox of @pid. */
static int to_pid(int dev, pid_t pid)
{
	return open_pid(dev, pid, MBOX_O_WRITE);
}

/* What a peer does: make an inbox, tell so, and wait to be told to go on. */
static int peer_begins(int dev, struct mt_child *peer)
{
	int box = inbox(dev);

	mt_tell(peer->sock, box < 0 ? box : 1);
	mt_hear(peer->sock);
	return box;
}

#define FORK_PEER() do {						\
	if (!mt_fork(&self->peer, NULL)) {				\
		peer_begins(self->dev, &self->peer);			\
		_exit(0);						\
	}								\
	ASSERT_EQ(1, mt_hear(self->peer.sock));				\
} while (0)

/* ---- what it is ---------------------------------------------------------- */

TEST_F(inbox, is_found_by_the_process_id)
{
	int in = inbox(self->dev), out = to_pid(self->dev, getpid());
	struct mbox_stat stat = mt_stat_of(in);

	ASSERT_LE(0, in);
	ASSERT_LE(0, out);
	EXPECT_EQ(stat.id, mt_stat_of(out).id);
	EXPECT_EQ(MBOX_STATE_LINKED | MBOX_STATE_INBOX, stat.state);
	EXPECT_EQ(MBOX_LIFE_PROCESS, stat.lifetime);
	EXPECT_EQ(getpid(), stat.owner_pid);
	EXPECT_EQ(0, stat.name_len);
	EXPECT_EQ(0600, stat.mode);
	EXPECT_EQ(0, mt_put(out, 'a'));
	EXPECT_EQ('a', mt_get(in));
	/* by its id, too */
	EXPECT_LE(0, mt_open_id(self->dev, stat.id, MBOX_O_WRITE));
}

TEST_F(inbox, has_no_name_and_is_the_process_s)
{
	char *name = mt_name("inbox");
	const struct mbox_create wrong[] = {
		{ .lifetime = MBOX_LIFE_KERNEL },
		{ .lifetime = MBOX_LIFE_ANONYMOUS },
		{ .kind = MBOX_KIND_REGION, .region_size = 1 },
	};
	struct mbox_create attr;
	int i;

	EXPECT_EQ(-EINVAL, MT_POLICY(self->dev, name,
				     .flags = MT_RW | MBOX_CREATE_INBOX));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		attr = wrong[i];
		attr.flags = MT_RW | MBOX_CREATE_INBOX;
		attr.kind = attr.kind ?: MBOX_KIND_MAILBOX;
		EXPECT_EQ(-EINVAL, mt_create(self->dev, NULL, &attr));
	}
	EXPECT_EQ(-ENOENT, to_pid(self->dev, getpid()));
	EXPECT_LE(0, INBOX(self->dev, .lifetime = MBOX_LIFE_PROCESS));
}

/* A process has one, as long as it has it. */
TEST_F(inbox, is_the_only_one)
{
	int first = inbox(self->dev), out = to_pid(self->dev, getpid());
	int second;

	ASSERT_LE(0, first);
	EXPECT_EQ(-EEXIST, inbox(self->dev));
	EXPECT_EQ(-EEXIST, INBOX(self->dev, .max_msgs = 1));
	close(first);
	/* its process holds it still */
	EXPECT_EQ(-EEXIST, inbox(self->dev));
	close(out);
	second = inbox(self->dev);
	EXPECT_LE(0, second);
	EXPECT_LE(0, to_pid(self->dev, getpid()));
}

TEST_F(inbox, is_not_the_child_s)
{
	int in = inbox(self->dev);

	ASSERT_LE(0, in);
	if (!mt_fork(&self->peer, NULL)) {
		int own;

		EXPECT_EQ(-ENOENT, to_pid(self->dev, getpid()));
		EXPECT_EQ(0, mt_put(to_pid(self->dev, getppid()), 'p'));
		own = inbox(self->dev);
		EXPECT_LE(0, own);
		EXPECT_EQ(0, mt_put(to_pid(self->dev, getpid()), 'c'));
		EXPECT_EQ('c', mt_get(own));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->peer));
	EXPECT_EQ('p', mt_get(in));
	EXPECT_EQ(-EAGAIN, mt_get(in));
}

static void *open_by_thread(void *arg)
{
	int dev = *(int *)arg;

	return (void *)(intptr_t)to_pid(dev, mt_gettid());
}

/* A process id: none of a thread, and none that is nobody's. */
TEST_F(inbox, is_of_no_thread)
{
	pthread_t thread;
	void *ret;

	ASSERT_LE(0, inbox(self->dev));
	pthread_create(&thread, NULL, open_by_thread, &self->dev);
	pthread_join(thread, &ret);
	EXPECT_EQ(-ENOENT, (intptr_t)ret);
	EXPECT_EQ(-ENOENT, to_pid(self->dev, getppid()));
	EXPECT_EQ(-ENOENT, to_pid(self->dev, INT32_MAX));
}

TEST_F(inbox, can_be_unlinked)
{
	int in = inbox(self->dev), out = to_pid(self->dev, getpid());

	ASSERT_LE(0, in);
	EXPECT_EQ(0, mt_unlink_target(self->dev, by_pid(getpid())));
	EXPECT_EQ(-ENOENT, to_pid(self->dev, getpid()));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev, by_pid(getpid())));
	EXPECT_EQ(0, mt_put(out, 'a'));
	EXPECT_EQ('a', mt_get(in));
}

/* ---- who may use it ------------------------------------------------------ */

TEST_F(inbox, is_opened_as_its_mode_permits)
{
	pid_t owner = getpid();
	int in = inbox(self->dev);
	struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0622 };

	ASSERT_LE(0, in);
	if (!mt_fork(&self->peer, &mt_user_a)) {
		EXPECT_EQ(-EACCES, to_pid(self->dev, owner));
		mt_tell(self->peer.sock, 1);
		mt_hear(self->peer.sock);
		EXPECT_EQ(-EACCES, open_pid(self->dev, owner, MBOX_O_READ));
		EXPECT_EQ(0, mt_put(to_pid(self->dev, owner), 'a'));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(self->peer.sock));
	ASSERT_EQ(0, mt_set(in, &set));
	mt_tell(self->peer.sock, 1);
	EXPECT_EQ(0, mt_child_end(&self->peer));
	EXPECT_EQ('a', mt_get(in));
	/* its user may do either, whatever the process */
	EXPECT_LE(0, open_pid(self->dev, owner, MT_RW));
}

TEST_F(inbox, is_of_the_user_who_is_expected)
{
	struct mbox_target target = by_pid(getpid());

	ASSERT_LE(0, inbox(self->dev));
	target.flags = MBOX_TARGET_OWNER;
	EXPECT_LE(0, mt_open_target(self->dev, target, MBOX_O_WRITE));
	target.owner = MT_UID_A;
	EXPECT_EQ(-EACCES, mt_open_target(self->dev, target, MBOX_O_WRITE));
}

/* A process id is of the namespace of who asks, and means the same process. */
TEST_F(inbox, is_found_by_each_namespace_s_id)
{
	pid_t outside = getpid();
	int in = inbox(self->dev);

	ASSERT_LE(0, in);
	if (!mt_fork(&self->peer, &mt_in_pidns)) {
		int box = inbox(self->dev);

		EXPECT_LE(0, box);
		EXPECT_EQ(1, mt_stat_of(box).owner_pid);
		mt_tell(self->peer.sock, 1);
		mt_hear(self->peer.sock);
		EXPECT_EQ('o', mt_get(box));
		EXPECT_EQ(-ENOENT, to_pid(self->dev, outside));
		EXPECT_EQ(0, mt_put(to_pid(self->dev, 1), 'i'));
		EXPECT_EQ('i', mt_get(box));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(self->peer.sock));
	EXPECT_EQ(0, mt_put(to_pid(self->dev, self->peer.pid), 'o'));
	EXPECT_EQ(0, mt_child_end(&self->peer));
	EXPECT_EQ(-EAGAIN, mt_get(in));
}

/* ---- its end ------------------------------------------------------------- */

TEST_F(inbox, ends_with_its_process)
{
	struct mt_task *task = &self->task;
	int out;

	FORK_PEER();
	out = to_pid(self->dev, self->peer.pid);
	ASSERT_LE(0, out);
	EXPECT_EQ(0, mt_put(out, 'a'));
	ASSERT_TRUE(mt_poller_blocks(task, out, POLLPRI));
	EXPECT_EQ(0, mt_child_end(&self->peer));
	EXPECT_EQ(POLLHUP, mt_task_end(task) & POLLHUP);
	EXPECT_EQ(-EPIPE, mt_put(out, 'b'));
	EXPECT_EQ(-ENOENT, to_pid(self->dev, self->peer.pid));
	EXPECT_EQ(MBOX_STATE_ENDED, mt_stat_of(out).state & ~MBOX_STATE_INBOX);
	/* nobody can receive any of it */
	EXPECT_EQ(0, mt_stat_of(out).msgs);
}

TEST_F(inbox, ends_for_those_who_wait)
{
	struct mt_task *task = &self->task;
	int out;

	if (!mt_fork(&self->peer, NULL)) {
		mt_tell(self->peer.sock, INBOX(self->dev, .max_msgs = 1));
		mt_hear(self->peer.sock);
		_exit(0);
	}
	ASSERT_LE(0, mt_hear(self->peer.sock));
	out = to_pid(self->dev, self->peer.pid);
	ASSERT_EQ(0, mt_put(out, 'a'));
	ASSERT_TRUE(mt_putter_blocks(task, out, 'b', 0, 0));
	mt_child_kill(&self->peer);
	EXPECT_EQ(-EPIPE, mt_task_end(task));
}

/* Its children hold it open, which does not make it theirs. */
TEST_F(inbox, ends_though_a_child_holds_it)
{
	int out, holder;

	if (!mt_fork(&self->peer, NULL)) {
		peer_begins(self->dev, &self->peer);
		holder = fork();
		if (!holder)
			mt_hear(self->peer.sock);
		_exit(0);
	}
	ASSERT_EQ(1, mt_hear(self->peer.sock));
	out = to_pid(self->dev, self->peer.pid);
	mt_tell(self->peer.sock, 1);
	ASSERT_EQ(self->peer.pid, waitpid(self->peer.pid, NULL, 0));
	EXPECT_EQ(-EPIPE, mt_put(out, 'a'));
	EXPECT_EQ(1, mt_stat_of(out).readers);
	close(self->peer.sock);
}

/*
 * Another process gets the process id: what was opened before does not reach
 * it, nor does anything before it has an inbox of its own.
 */
TEST_F(inbox, is_not_that_of_anothers_number)
{
	int old, new;

	FORK_PEER();
	old = to_pid(self->dev, self->peer.pid);
	ASSERT_LE(0, old);
	EXPECT_EQ(0, mt_put(old, 'a'));
	EXPECT_EQ(0, mt_child_end(&self->peer));

	if (!mt_fork_again(&self->peer)) {
		int box;

		mt_tell(self->peer.sock, 1);
		mt_hear(self->peer.sock);
		box = peer_begins(self->dev, &self->peer);
		EXPECT_EQ('n', mt_get(box));
		EXPECT_EQ(-EAGAIN, mt_get(box));
		MT_CHILD_EXIT();
	}
	ASSERT_LT(0, self->peer.pid);
	ASSERT_EQ(1, mt_hear(self->peer.sock));
	EXPECT_EQ(-ENOENT, to_pid(self->dev, self->peer.pid));
	EXPECT_EQ(-EPIPE, mt_put(old, 'b'));
	mt_tell(self->peer.sock, 1);

	ASSERT_EQ(1, mt_hear(self->peer.sock));
	EXPECT_EQ(-EPIPE, mt_put(old, 'c'));
	EXPECT_EQ(-EPIPE, mt_open_fd(self->dev, old, MBOX_O_WRITE));
	new = to_pid(self->dev, self->peer.pid);
	EXPECT_NE(mt_stat_of(old).id, mt_stat_of(new).id);
	EXPECT_EQ(0, mt_put(new, 'n'));
	EXPECT_EQ(0, mt_child_end(&self->peer));
}

/* Whom a filter names is a process, and never another with its number. */
TEST_F(inbox, a_filter_does_not_let_anothers_number_through)
{
	pid_t pid;
	int in = inbox(self->dev), all;

	ASSERT_LE(0, in);
	all = open_pid(self->dev, getpid(), MT_RW);
	mt_sender_fork(&self->peer);
	pid = self->peer.pid;
	ASSERT_EQ(0, mt_filter(in, mt_from(pid)));
	EXPECT_EQ(0, mt_send_from(&self->peer, all, 1, 0, 0));
	EXPECT_EQ(1, mt_recv_next(in));
	EXPECT_EQ(0, mt_sender_end(&self->peer));

	ASSERT_TRUE(mt_sender_again(&self->peer));
	EXPECT_EQ(0, mt_send_from(&self->peer, all, 2, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_recv_next(in));
	EXPECT_EQ(0, mt_events(in));
	EXPECT_EQ(2, mt_recv_next(all));
	/* until it is named itself */
	EXPECT_EQ(0, mt_send_from(&self->peer, all, 3, 0, 0));
	ASSERT_EQ(0, mt_filter(in, mt_from(pid)));
	EXPECT_EQ(3, mt_recv_next(in));
	EXPECT_EQ(0, mt_sender_end(&self->peer));
}

/* ---- who speaks to whom -------------------------------------------------- */

/* Symmetric: who receives names whom from. Asymmetric: he learns who it was. */
TEST_F(inbox, from_one_or_from_anyone)
{
	struct mt_child *a = &self->peer, *b = &self->other;
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	int in = inbox(self->dev), out;

	ASSERT_LE(0, in);
	out = to_pid(self->dev, getpid());
	mt_sender_fork(a);
	mt_sender_fork(b);
	EXPECT_EQ(0, mt_send_from(a, out, 1, 0, 9));
	EXPECT_EQ(0, mt_send_from(b, out, 2, 0, 0));
	EXPECT_EQ(0, mt_send_from(a, out, 3, 0, 0));
	EXPECT_EQ(2, mt_recv_match(in, mt_from(b->pid), MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv_match(in, mt_from(b->pid), MBOX_DONTWAIT));
	EXPECT_EQ(1, mt_recv_number(in, &msg));
	EXPECT_EQ(a->pid, msg.pid);
	EXPECT_EQ(0, mt_send_from(b, out, 4, 0, 1));
	EXPECT_EQ(4, mt_recv_number(in, &msg));
	EXPECT_EQ(b->pid, msg.pid);

	/* who waits for the one sleeps through the other */
	ASSERT_TRUE(mt_match_blocks(&self->task, in, mt_from(b->pid)));
	EXPECT_EQ(0, mt_send_from(a, out, 5, 0, 0));
	EXPECT_TRUE(mt_task_settle(&self->task));
	EXPECT_EQ(0, mt_send_from(b, out, 6, 0, 0));
	EXPECT_EQ(6, mt_task_number(&self->task));
	EXPECT_EQ(3, mt_recv_match(in, mt_from(a->pid), MBOX_DONTWAIT));
	EXPECT_EQ(5, mt_recv_match(in, mt_from(a->pid), MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_sender_end(a));
	EXPECT_EQ(0, mt_sender_end(b));
}

/* One side of a conversation: say i, hear i from the other, and from nobody else. */
static bool converse(int in, int out, pid_t with)
{
	int i;

	for (i = 0; i < 50; i++)
		if (mt_send_number(out, i, 0, 0) ||
		    mt_recv_match(in, mt_from(with), 0) != i)
			return false;
	return true;
}

/* Two processes, each with an inbox, while a third one talks to both. */
TEST_F(inbox, a_conversation_of_two_among_three)
{
	int in = inbox(self->dev), out, i;
	pid_t parent = getpid();

	ASSERT_LE(0, in);
	if (!mt_fork(&self->peer, NULL)) {
		int box = peer_begins(self->dev, &self->peer);

		EXPECT_TRUE(converse(box, to_pid(self->dev, parent), parent));
		EXPECT_EQ(40, mt_stat_of(box).msgs);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(self->peer.sock));
	out = to_pid(self->dev, self->peer.pid);
	if (!mt_fork(&self->other, NULL)) {
		int to[] = { out, to_pid(self->dev, parent) };

		for (i = 0; i < 80; i++)
			EXPECT_EQ(0, mt_send_number(to[i & 1], 1000, 0, 5));
		mt_tell(self->other.sock, 1);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(self->other.sock));
	EXPECT_EQ(0, mt_child_end(&self->other));
	mt_tell(self->peer.sock, 1);
	EXPECT_TRUE(converse(in, out, self->peer.pid));
	EXPECT_EQ(0, mt_child_end(&self->peer));
	EXPECT_EQ(40, mt_stat_of(in).msgs);
}

TEST_HARNESS_MAIN
