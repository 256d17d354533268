// SPDX-License-Identifier: GPL-2.0
/*
 * Names and ids belong to the network namespace in which /dev/mbox was opened.
 *
 * In each test a child in a namespace of its own makes a mailbox of the same
 * name as one of the parent's, and hands over its descriptors: of the mailbox,
 * and of /dev/mbox.
 */
#include "mbox_test_util.h"

FIXTURE(netns) {
	int dev;
	char *name;
	int box;
	struct mt_child child;
	int their_dev;
	int their_box;
};

static void their_side(struct __test_metadata *_metadata, int sock,
		       const char *name)
{
	int dev = mt_device();
	int box = mt_mailbox(dev, name, MT_RW | MBOX_CREATE_EXCL);

	EXPECT_LE(0, box);
	EXPECT_EQ(0, mt_send(box, "theirs", 6, 0, 0));
	mt_fd_send(sock, dev);
	mt_fd_send(sock, box);
	close(dev);
	close(box);
	/* the namespace lives until the parent lets go */
	mt_hear(sock);
	MT_CHILD_EXIT();
}

FIXTURE_SETUP(netns)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("both");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_send(self->box, "ours", 4, 0, 0));

	if (!mt_fork(&self->child, &mt_in_netns))
		their_side(_metadata, self->child.sock, self->name);
	self->their_dev = mt_fd_recv(self->child.sock);
	ASSERT_LE(0, self->their_dev);
	self->their_box = mt_fd_recv(self->child.sock);
	ASSERT_LE(0, self->their_box);
}

FIXTURE_TEARDOWN(netns)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	mt_unlink_target(self->their_dev, mt_by_fd(self->their_box));
	close(self->box);
	close(self->their_box);
	MT_EXPECT_IDLE(self->their_dev, 0);
	MT_TEARDOWN(self->dev);
}

/* End the child, and wait until its namespace has gone. */
static bool their_namespace_ends(struct mt_child *child, int their_box)
{
	return !mt_child_end(child) &&
	       MT_UNTIL(!(mt_stat_of(their_box).state & MBOX_STATE_LINKED));
}

TEST_F(netns, same_name_is_two_mailboxes)
{
	char data[8];
	int fd;

	fd = mt_open(self->dev, self->name, MBOX_O_READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(4, mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT));
	close(fd);
	fd = mt_open(self->their_dev, self->name, MBOX_O_READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(6, mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT));
	close(fd);

	EXPECT_EQ(0, mt_unlink(self->their_dev, self->name));
	EXPECT_EQ(-ENOENT, mt_open(self->their_dev, self->name, MBOX_O_READ));
	EXPECT_NE(0U, mt_stat_of(self->box).state & MBOX_STATE_LINKED);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

/* Which namespace is that of the factory's open, not of its use. */
TEST_F(netns, factory_keeps_its_namespace)
{
	char *name = mt_name("made there");
	struct mt_child other;
	int fd;

	/* theirs, used by us */
	fd = mt_mailbox(self->their_dev, name, MT_RW);
	EXPECT_LE(0, fd);
	EXPECT_EQ(-ENOENT, mt_open(self->dev, name, MT_RW));
	EXPECT_EQ(0, mt_unlink(self->their_dev, name));
	close(fd);

	/* ours, used in a further namespace */
	if (!mt_fork(&other, &mt_in_netns)) {
		int dev = mt_device();

		EXPECT_LE(0, mt_open(self->dev, self->name, MT_RW));
		EXPECT_EQ(-ENOENT, mt_open(dev, self->name, MT_RW));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&other));
	EXPECT_EQ(0, mt_child_end(&self->child));
}

/* Ids are numbered in each namespace: the same number is another object. */
TEST_F(netns, ids_resolve_in_their_own)
{
	__u64 ours, theirs;
	int fds[8], i, fd;

	for (i = 0; i < 8; i++)
		fds[i] = mt_mailbox(self->their_dev, mt_name("n"), MT_RW);
	theirs = mt_stat_of(fds[7]).id;
	fd = mt_open_id(self->their_dev, theirs, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);

	fd = mt_open_id(self->dev, theirs, MT_RW);
	ours = mt_stat_of(self->box).id;
	if (fd >= 0) {
		/* then it must be the one of ours that has this number */
		EXPECT_EQ(ours, theirs);
		EXPECT_EQ(2U, mt_stat_of(self->box).endpoints);
		close(fd);
	} else {
		EXPECT_EQ(-ENOENT, fd);
	}
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, mt_unlink_target(self->their_dev,
					      mt_by_fd(fds[i])));
		close(fds[i]);
	}
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_F(netns, list_and_count_are_of_one)
{
	struct mbox_stat stat = { .size = sizeof(stat) };
	struct mbox_usage usage;

	EXPECT_EQ(0, mt_ioctl(self->their_dev, MBOX_IOC_LIST, &stat));
	EXPECT_EQ(mt_stat_of(self->their_box).id, stat.id);
	EXPECT_EQ(-ENOENT, mt_ioctl(self->their_dev, MBOX_IOC_LIST, &stat));

	EXPECT_EQ(0, mt_usage(self->their_dev, 0, &usage));
	EXPECT_EQ(1U, usage.ns_objects.used);
	/* users' limits are those of the machine */
	EXPECT_EQ(2U, usage.mailboxes.used);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

/* A descriptor is as good in any namespace. */
TEST_F(netns, open_by_descriptor_crosses)
{
	char data[8];
	int fd = mt_open_fd(self->dev, self->their_box, MBOX_O_READ);

	ASSERT_LE(0, fd);
	EXPECT_EQ(6, mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT));
	close(fd);
	EXPECT_EQ(0, mt_child_end(&self->child));
}

TEST_F(netns, names_go_with_it_and_descriptors_live_on)
{
	__u64 id = mt_stat_of(self->their_box).id;
	char data[8];
	int fd;

	EXPECT_TRUE(their_namespace_ends(&self->child, self->their_box));
	EXPECT_EQ(-ENOENT, mt_open(self->their_dev, self->name, MT_RW));
	EXPECT_EQ(-ENOENT, mt_open_id(self->their_dev, id, MT_RW));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->their_dev,
					    mt_by_fd(self->their_box)));
	/* as if unlinked: not ended */
	EXPECT_EQ(0U, mt_stat_of(self->their_box).state);
	EXPECT_EQ(6, mt_recv(self->their_box, data, 8, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_send(self->their_box, "still", 5, 0, 0));
	fd = mt_open_fd(self->their_dev, self->their_box, MBOX_O_READ);
	EXPECT_LE(0, fd);
	EXPECT_EQ(5, mt_recv(fd, data, sizeof(data), MBOX_DONTWAIT));
	close(fd);
	/* ours is another */
	EXPECT_NE(0U, mt_stat_of(self->box).state & MBOX_STATE_LINKED);
}

/* What nobody holds goes with the namespace, messages and all. */
TEST_F(netns, kernel_owned_goes_with_it)
{
	int fd = mt_mailbox(self->their_dev, mt_name("left"), MT_RW);
	struct mbox_usage usage;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mt_send(fd, "left behind", 11, 0, 0));
	close(fd);
	EXPECT_TRUE(their_namespace_ends(&self->child, self->their_box));
	/* theirs that is open, and ours */
	EXPECT_TRUE(MT_UNTIL(!mt_usage(self->dev, 0, &usage) &&
			     usage.mailboxes.used == 2));
}

/* Its factory can make nothing to be found, and still opens what it is given. */
TEST_F(netns, factory_of_a_dead_one)
{
	struct mbox_create kernel_owned = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_KERNEL,
	};
	struct mbox_stat stat = { .size = sizeof(stat) };
	int fd;

	EXPECT_TRUE(their_namespace_ends(&self->child, self->their_box));
	EXPECT_EQ(-ENOENT, mt_mailbox(self->their_dev, self->name, MT_RW));
	EXPECT_EQ(-ENOENT, mt_region(self->their_dev, self->name, MT_RW, 1));
	EXPECT_EQ(-ENOENT, mt_create(self->their_dev, NULL, &kernel_owned));
	EXPECT_EQ(-ENOENT, mt_ioctl(self->their_dev, MBOX_IOC_LIST, &stat));
	fd = mt_open_fd(self->their_dev, self->box, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_HARNESS_MAIN
