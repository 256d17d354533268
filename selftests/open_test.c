// SPDX-License-Identifier: GPL-2.0
/*
 * What a descriptor is: an endpoint of its own for each open, with its own
 * direction and its own O_NONBLOCK, which duplicates share.
 */
#include "mbox_test_util.h"

FIXTURE(open) {
	int dev;
	char *name;
	int box;
	int region;
};

FIXTURE_SETUP(open)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	self->region = mt_region(self->dev, NULL, MT_RW, 1);
	ASSERT_LE(0, self->region);
}

FIXTURE_TEARDOWN(open)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

TEST_F(open, close_on_exec_unless_asked)
{
	int plain[] = {
		mt_mailbox(self->dev, NULL, MT_RW),
		mt_region(self->dev, NULL, MT_RW, 1),
		mt_open(self->dev, self->name, MT_RW),
		mt_open_fd(self->dev, self->region, 0),
	};
	int inherit[] = {
		mt_mailbox(self->dev, NULL, MT_RW | MBOX_O_INHERIT),
		mt_region(self->dev, NULL, MT_RW | MBOX_O_INHERIT, 1),
		mt_open(self->dev, self->name, MT_RW | MBOX_O_INHERIT),
		mt_mailbox(self->dev, self->name, MT_RW | MBOX_O_INHERIT),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		EXPECT_EQ(FD_CLOEXEC, fcntl(plain[i], F_GETFD));
		EXPECT_EQ(0, fcntl(inherit[i], F_GETFD));
	}
}

/* As fcntl(2) tells it; neither direction shows as O_ACCMODE. */
TEST_F(open, direction_shows)
{
	static const struct {
		unsigned int flags;
		int mode;
	} what[] = {
		{ 0, O_ACCMODE },
		{ MBOX_O_READ, O_RDONLY },
		{ MBOX_O_WRITE, O_WRONLY },
		{ MT_RW, O_RDWR },
	};
	int objects[] = { self->box, self->region };
	struct mbox_stat stat;
	size_t i, j;
	int fd;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		for (j = 0; j < ARRAY_SIZE(objects); j++) {
			fd = mt_open_fd(self->dev, objects[j], what[i].flags);
			EXPECT_EQ(what[i].mode,
				  fcntl(fd, F_GETFL) & O_ACCMODE);
			ASSERT_EQ(0, mt_stat(fd, &stat));
			EXPECT_EQ(2U, stat.endpoints);
			EXPECT_EQ(what[i].flags & MBOX_O_READ ? 2U : 1U,
				  stat.readers);
			EXPECT_EQ(what[i].flags & MBOX_O_WRITE ? 2U : 1U,
				  stat.writers);
			close(fd);
			EXPECT_EQ(1U, mt_stat_of(objects[j]).endpoints);
		}
	}
}

/* A call that does not wait, where it is not asked by a flag of its own. */
TEST_F(open, nonblock_is_the_endpoints)
{
	int other = mt_open(self->dev, self->name, MT_RW | MBOX_O_NONBLOCK);
	int copy = dup(other);
	struct mbox_recv soon = { .deadline = 1 };

	EXPECT_EQ(O_NONBLOCK, fcntl(other, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(self->box, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, mt_recvmsg(other, &soon));
	EXPECT_EQ(-EAGAIN, mt_recvmsg(copy, &soon));
	EXPECT_EQ(-ETIMEDOUT, mt_recvmsg(self->box, &soon));

	/* changed through one, it is changed for both */
	ASSERT_EQ(0, fcntl(copy, F_SETFL, 0));
	EXPECT_EQ(-ETIMEDOUT, mt_recvmsg(other, &soon));
	ASSERT_EQ(0, fcntl(self->box, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->box, &soon));
	EXPECT_EQ(-ETIMEDOUT, mt_recvmsg(other, &soon));
}

/* Duplicates and children hold the endpoint that there is. */
TEST_F(open, duplicates_are_no_endpoints)
{
	struct mt_child child;
	int copy = dup(self->box);

	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(1U, mt_stat_of(copy).endpoints);
		mt_tell(child.sock, 0);
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	EXPECT_EQ(1U, mt_stat_of(self->box).endpoints);
	close(self->box);
	EXPECT_EQ(1U, mt_stat_of(copy).endpoints);
	self->box = mt_open(self->dev, self->name, MT_RW);
	close(copy);
	EXPECT_EQ(2U, mt_stat_of(self->box).endpoints);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).endpoints == 1));
}

/* A kind of file that takes ioctls, poll and mmap, and nothing else as yet. */
TEST_F(open, what_else_files_do_is_refused)
{
	int fds[] = { self->box, self->region, self->dev };
	char c = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] != self->box) {
			EXPECT_EQ(-1, read(fds[i], &c, 1));
			EXPECT_EQ(-1, write(fds[i], &c, 1));
		}
		EXPECT_EQ(-1, ftruncate(fds[i], 0));
	}
	EXPECT_EQ(0U, mt_stat_of(self->box).msgs);
	EXPECT_EQ((__u64)sysconf(_SC_PAGESIZE),
		  mt_stat_of(self->region).region_size);
}

TEST_HARNESS_MAIN
