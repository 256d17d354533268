// SPDX-License-Identifier: GPL-2.0
/*
 * How long a region is there, and who pays for it how long: a mapping keeps it,
 * as a descriptor does.
 */
#include <sys/mman.h>

#include "mbox_test_limits.h"

FIXTURE(region_life) {
	int dev;
	int region;
	char *name;
	size_t page;
	size_t size;
	struct mt_limits limits;
};

FIXTURE_SETUP(region_life)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->size = 3 * self->page;
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("region");
	ASSERT_TRUE(mt_limits_save(&self->limits));
}

FIXTURE_TEARDOWN(region_life)
{
	EXPECT_TRUE(mt_limits_restore(&self->limits));
	MT_TEARDOWN(self->dev);
}

static char *map_all(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/* Is this all that is charged to @uid for regions? */
static bool charged(int dev, uid_t uid, __u64 regions, __u64 bytes)
{
	struct mbox_usage usage;

	return !mt_usage(dev, uid, &usage) &&
	       usage.regions.used == regions &&
	       usage.region_bytes.used == bytes;
}

TEST_F(region_life, kept_by_its_name)
{
	char *map;

	self->region = mt_region(self->dev, self->name, MT_RW, self->size);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 7, self->size);
	munmap(map, self->size);
	close(self->region);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));

	self->region = mt_open(self->dev, self->name, MT_RW);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(7, map[0]);
	EXPECT_EQ(7, map[self->size - 1]);
	munmap(map, self->size);
	close(self->region);
	EXPECT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_TRUE(charged(self->dev, 0, 0, 0));
}

TEST_F(region_life, kept_by_a_mapping)
{
	char *map;

	self->region = mt_region(self->dev, self->name, MT_RW, self->size);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	close(self->region);
	EXPECT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MBOX_O_READ));
	map[0] = 1;
	map[self->size - 1] = 2;

	/* to the last page of it */
	munmap(map + self->page, self->page);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
	EXPECT_EQ(1, map[0]);
	munmap(map, self->page);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
	EXPECT_EQ(2, map[self->size - 1]);
	munmap(map + 2 * self->page, self->page);
	EXPECT_TRUE(charged(self->dev, 0, 0, 0));
}

TEST_F(region_life, kept_by_a_mapping_of_a_child)
{
	struct mt_child child;
	char *map;

	self->region = mt_region(self->dev, NULL, MT_RW, self->size);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	close(self->region);
	if (!mt_fork(&child, NULL)) {
		mt_hear(child.sock);
		map[0] = 1;
		EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
		MT_CHILD_EXIT();
	}
	munmap(map, self->size);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(charged(self->dev, 0, 0, 0));
}

/* Ended, it is as good as before for those who have it. */
TEST_F(region_life, ended_with_its_process)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_REGION,
		.lifetime = MBOX_LIFE_PROCESS,
		.region_size = self->size,
	};
	struct mt_child child;
	char *map, *again;

	if (!mt_fork(&child, NULL)) {
		mt_tell(child.sock, mt_create(self->dev, self->name, &attr));
		mt_hear(child.sock);
		_exit(0);
	}
	ASSERT_LE(0, mt_hear(child.sock));
	self->region = mt_open(self->dev, self->name, MT_RW);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(child.pid, mt_stat_of(self->region).owner_pid);
	mt_child_end(&child);
	EXPECT_EQ(MBOX_STATE_ENDED, mt_stat_of(self->region).state);
	EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MT_RW));
	EXPECT_EQ(-EPIPE, mt_open_fd(self->dev, self->region, MT_RW));

	map[0] = 1;
	again = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_EQ(1, again[0]);
	munmap(again, self->size);
	close(self->region);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
	EXPECT_EQ(1, map[0]);
	munmap(map, self->size);
	EXPECT_TRUE(charged(self->dev, 0, 0, 0));
}

TEST_F(region_life, anonymous_in_flight)
{
	int pair[2], fd;
	char *map;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	self->region = mt_region(self->dev, NULL, MT_RW, self->size);
	map = map_all(self->region, self->size);
	ASSERT_NE(MAP_FAILED, map);
	map[0] = 1;
	munmap(map, self->size);
	ASSERT_EQ(0, mt_fd_send(pair[0], self->region));
	close(self->region);
	EXPECT_TRUE(charged(self->dev, 0, 1, self->size));
	fd = mt_fd_recv(pair[1]);
	map = map_all(fd, self->size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(1, map[0]);
	munmap(map, self->size);
}

/* ---- who may, and how much ----------------------------------------------- */

TEST_F(region_life, permission)
{
	static const struct mt_as user_a = { .uid = MT_UID_A, .gid = MT_UID_A };
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_MODE,
		.kind = MBOX_KIND_REGION,
		.mode = 0604,
		.region_size = self->size,
	};
	struct mt_child child;
	int fd;

	self->region = mt_create(self->dev, self->name, &attr);
	ASSERT_LE(0, self->region);
	if (!mt_fork(&child, &user_a)) {
		EXPECT_EQ(-EACCES, mt_open(self->dev, self->name, MT_RW));
		EXPECT_EQ(-EACCES, mt_open(self->dev, self->name,
					   MBOX_O_WRITE));
		fd = mt_open(self->dev, self->name, MBOX_O_READ);
		EXPECT_LE(0, fd);
		EXPECT_EQ(MAP_FAILED, map_all(fd, self->size));
		EXPECT_NE(MAP_FAILED, mmap(NULL, self->size, PROT_READ,
					   MAP_SHARED, fd, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_unlink(self->dev, self->name));
}

static int create(int dev, size_t size, struct mbox_refusal *why)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_REGION,
		.region_size = size,
	};
	int fd = mt_create(dev, NULL, &attr);

	*why = attr.refusal;
	return fd;
}

/* A region counts for its creator as long as it is mapped. */
TEST_F(region_life, quota)
{
	static const struct mt_as user_a = { .uid = MT_UID_A, .gid = MT_UID_A };
	struct mbox_refusal why;
	struct mt_child child;
	char *map;
	int fd;

	ASSERT_TRUE(mt_limit_set(MT_USER_REGIONS, 2));
	ASSERT_TRUE(mt_limit_set(MT_USER_REGION_BYTES, 5 * self->page));
	if (!mt_fork(&child, &user_a)) {
		fd = create(self->dev, self->size - 1, &why);
		map = map_all(fd, self->size);
		ASSERT_NE(MAP_FAILED, map);
		close(fd);
		EXPECT_EQ(-EDQUOT, create(self->dev, self->size, &why));
		EXPECT_EQ(MBOX_LIMIT_USER_REGION_BYTES, why.limit);
		EXPECT_EQ(3 * self->page, why.used);
		EXPECT_LE(0, create(self->dev, self->page, &why));
		EXPECT_EQ(-EDQUOT, create(self->dev, self->page, &why));
		EXPECT_EQ(MBOX_LIMIT_USER_REGIONS, why.limit);
		EXPECT_EQ(2, why.used);
		EXPECT_TRUE(charged(self->dev, MT_UID_A, 2, 4 * self->page));
		munmap(map, self->size);
		EXPECT_LE(0, create(self->dev, self->size, &why));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(charged(self->dev, MT_UID_A, 0, 0));
}

TEST_HARNESS_MAIN
