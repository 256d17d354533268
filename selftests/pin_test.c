// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps the module loaded: all that code of it could still be called for.
 * How it is loaded and unloaded is in module_test.sh.
 */
#include "mbox_test_util.h"

FIXTURE(pin) {
	int dev;
};

/* Each test closes this when it has got what it needs, and opens it again. */
FIXTURE_SETUP(pin)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(pin)
{
	MT_TEARDOWN(self->dev);
}

static int references(void)
{
	FILE *file = fopen("/sys/module/mbox/refcnt", "re");
	int count = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

/* Only tried where it must fail: nobody loads the module again. */
static bool is_pinned(void)
{
	if (references() <= 0)
		return false;
	return syscall(__NR_delete_module, "mbox", O_NONBLOCK) == -1 &&
	       errno == EWOULDBLOCK;
}

/* Each holds the module alone: with /dev/mbox closed, nothing else does. */
TEST_F(pin, descriptor_of_a_mailbox)
{
	int fd = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_LE(0, fd);
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	EXPECT_EQ(0, mt_send(fd, "", 0, 0, 0));
	close(fd);
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

TEST_F(pin, descriptor_of_a_region)
{
	int fd = mt_region(self->dev, NULL, MT_RW, 1);

	ASSERT_LE(0, fd);
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	close(fd);
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

/* The mapping has code behind it when it goes. */
TEST_F(pin, mapping)
{
	int fd = mt_region(self->dev, NULL, MT_RW, 1), page = getpagesize();
	struct mt_child child;
	char *map;

	ASSERT_LE(0, fd);
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_TRUE(map != MAP_FAILED);
	close(fd);
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	map[0] = 'm';

	/* a child's copy of it, too */
	if (!mt_fork(&child, NULL)) {
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_EQ('m', map[0]);
		MT_CHILD_EXIT();
	}
	munmap(map, page);
	EXPECT_TRUE(is_pinned());
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

/* Nobody has it open, but somebody will. */
TEST_F(pin, descriptor_in_flight)
{
	int pair[2], fd = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, mt_fd_send(pair[0], fd));
	close(fd);
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	fd = mt_fd_recv(pair[1]);
	EXPECT_EQ(0, mt_send(fd, "", 0, 0, 0));
	close(fd);
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

TEST_F(pin, name)
{
	char *name = mt_name("pinned");

	close(mt_mailbox(self->dev, name, MT_RW));
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	self->dev = mt_device();
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	close(self->dev);
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

/* It dies with its process, and so do its name and what it pins. */
TEST_F(pin, process_owned)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		struct mbox_create attr = {
			.flags = MT_RW,
			.kind = MBOX_KIND_MAILBOX,
			.lifetime = MBOX_LIFE_PROCESS,
		};

		EXPECT_LE(0, mt_create(self->dev, mt_name("owned"), &attr));
		close(self->dev);
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	close(self->dev);
	EXPECT_TRUE(is_pinned());
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(MT_UNTIL(!references()));
	self->dev = mt_device();
}

TEST_HARNESS_MAIN
