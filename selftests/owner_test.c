// SPDX-License-Identifier: GPL-2.0
/*
 * A process-owned mailbox ends when its process exits or closes its last
 * descriptor of it, and not before, whatever others do with theirs.
 */
#include <sys/wait.h>

#include "mbox_test_owner.h"

FIXTURE(owner) {
	int dev;
	int box;
	char *name;
	struct mt_child owner;
};

FIXTURE_SETUP(owner)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("owner");
}

FIXTURE_TEARDOWN(owner)
{
	MT_TEARDOWN(self->dev);
}

/* Does neither name nor id resolve any more? */
static bool is_gone(int dev, const char *name, __u64 id)
{
	int box = mt_open(dev, name, MBOX_O_READ);

	close(box);
	return box == -ENOENT && mt_open_id(dev, id, MBOX_O_READ) == -ENOENT;
}

static void wait_only(int sock, int box)
{
	mt_hear(sock);
}

TEST_F(owner, ends_with_its_process)
{
	struct mbox_stat stat;

	OWNER(wait_only);
	stat = mt_stat_of(self->box);
	EXPECT_EQ(MBOX_LIFE_PROCESS, stat.lifetime);
	EXPECT_EQ(MBOX_STATE_LINKED, stat.state);
	EXPECT_EQ(self->owner.pid, stat.owner_pid);
	ASSERT_EQ(0, put(self->box, 7));
	ASSERT_EQ(0, put(self->box, 8));
	mt_child_end(&self->owner);

	/* it takes nothing, but has still what it had */
	EXPECT_EQ(MBOX_STATE_ENDED, mt_stat_of(self->box).state);
	EXPECT_EQ(-EPIPE, put(self->box, 9));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	EXPECT_EQ(7, take(self->box));
	EXPECT_EQ(-EPIPE, put(self->box, 9));
	EXPECT_EQ(8, take(self->box));
	EXPECT_EQ(-EPIPE, take(self->box));
	EXPECT_EQ(-EPIPE, mt_recv(self->box, NULL, 0, 0));

	/* and nobody else comes to it, whose name is free */
	EXPECT_TRUE(is_gone(self->dev, self->name, stat.id));
	EXPECT_EQ(-EPIPE, mt_open_fd(self->dev, self->box, MBOX_O_READ));
	close(mt_mailbox(self->dev, self->name, MT_RW | MBOX_CREATE_EXCL));
	EXPECT_EQ(0, mt_unlink(self->dev, self->name));
}

TEST_F(owner, ends_with_its_killed_process)
{
	OWNER(wait_only);
	mt_child_kill(&self->owner);
	EXPECT_TRUE(ended(self->box));
}

TEST_F(owner, ends_for_those_who_wait)
{
	struct mt_task task[2] = {};
	int i;

	OWNER(wait_only);
	for (i = 0; i < 2; i++) {
		task[i].fd = self->box;
		ASSERT_TRUE(mt_task_blocks(&task[i], mt_task_recv));
	}
	mt_child_end(&self->owner);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EPIPE, mt_task_end(&task[i]));
	close(self->box);

	OWNER(wait_only);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, put(self->box, i));
	for (i = 0; i < 2; i++) {
		task[i].fd = self->box;
		ASSERT_TRUE(mt_task_blocks(&task[i], mt_task_send));
	}
	mt_child_end(&self->owner);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EPIPE, mt_task_end(&task[i]));
	EXPECT_EQ(3, mt_stat_of(self->box).msgs);
}

/* Unlinked and opened by others, it is still its creator's. */
TEST_F(owner, ends_unlinked)
{
	OWNER(wait_only);
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	ASSERT_EQ(0, put(self->box, 7));
	EXPECT_FALSE(ended(self->box));
	mt_child_end(&self->owner);
	EXPECT_TRUE(ended(self->box));
	EXPECT_EQ(7, take(self->box));
	EXPECT_EQ(-EPIPE, take(self->box));
}

static void close_four(int sock, int box)
{
	int copy[3], i;

	for (i = 0; i < 3; i++)
		copy[i] = dup(box);
	for (i = 0; i < 4; i++) {
		if (next(sock))
			close(i ? copy[i - 1] : box);
		done(sock);
	}
	mt_hear(sock);
}

TEST_F(owner, ends_at_the_last_close)
{
	int i;

	OWNER(close_four);
	for (i = 0; i < 3; i++) {
		STEP();
		EXPECT_FALSE(ended(self->box));
	}
	STEP();
	EXPECT_TRUE(ended(self->box));
	mt_child_end(&self->owner);
}

static void close_by_dup2(int sock, int box)
{
	if (next(sock))
		dup2(0, box);
	done(sock);
	mt_hear(sock);
}

static void close_by_range(int sock, int box)
{
	if (next(sock))
		close_range(box, box, 0);
	done(sock);
	mt_hear(sock);
}

TEST_F(owner, ends_by_every_kind_of_close)
{
	OWNER(close_by_dup2);
	STEP();
	EXPECT_TRUE(ended(self->box));
	mt_child_end(&self->owner);
	OWNER(close_by_range);
	STEP();
	EXPECT_TRUE(ended(self->box));
	mt_child_end(&self->owner);
}

static void close_first_endpoint(int sock, int box)
{
	int dev = mt_device(), other = mt_open_fd(dev, box, 0);

	if (next(sock))
		close(box);
	done(sock);
	if (next(sock))
		close(other);
	done(sock);
	mt_hear(sock);
}

/* Any descriptor of the object will do. */
TEST_F(owner, ends_at_the_close_of_the_last_endpoint)
{
	OWNER(close_first_endpoint);
	STEP();
	EXPECT_FALSE(ended(self->box));
	STEP();
	EXPECT_TRUE(ended(self->box));
	mt_child_end(&self->owner);
}

/* A child of the owner's holds it, and tells what a send there comes to. */
static void fork_and_exit(int sock, int box)
{
	if (fork())
		return;
	if (next(sock))
		mt_tell(sock, put(box, 9));
	mt_hear(sock);
}

TEST_F(owner, ends_though_a_child_holds_it)
{
	OWNER(fork_and_exit);
	ASSERT_EQ(self->owner.pid, waitpid(self->owner.pid, NULL, 0));
	EXPECT_TRUE(ended(self->box));
	mt_tell(self->owner.sock, 1);
	EXPECT_EQ(-EPIPE, mt_hear(self->owner.sock));
	close(self->owner.sock);
}

static void fork_and_close_there(int sock, int box)
{
	pid_t pid = fork();

	if (!pid) {
		close(box);
		if (next(sock))
			_exit(0);
	}
	done(sock);
	waitpid(pid, NULL, 0);
	done(sock);
	mt_hear(sock);
}

/* What its children do with their descriptors is not the owner's. */
TEST_F(owner, stays_though_a_child_closes_it)
{
	OWNER(fork_and_close_there);
	ASSERT_EQ(2, mt_hear(self->owner.sock));
	STEP();
	EXPECT_FALSE(ended(self->box));
	mt_child_end(&self->owner);
	EXPECT_TRUE(ended(self->box));
}

static void send_and_close(int sock, int box)
{
	put(box, 7);
	mt_fd_send(sock, box);
	close(box);
	done(sock);
	mt_hear(sock);
}

/* Nor does a descriptor in flight keep it. */
TEST_F(owner, ends_in_flight)
{
	int box;

	OWNER(send_and_close);
	EXPECT_TRUE(MT_UNTIL(ended(self->box)));
	box = mt_fd_recv(self->owner.sock);
	ASSERT_LE(0, box);
	EXPECT_EQ(7, take(box));
	EXPECT_EQ(-EPIPE, take(box));
	mt_child_end(&self->owner);
}

TEST_HARNESS_MAIN
