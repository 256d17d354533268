// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: memory of a fixed size that processes share, each as it may, and
 * that nobody can pull away under another.
 */
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "mbox_test_util.h"

#define PAGES	3

/* A region of three pages, mapped. */
FIXTURE(region) {
	int dev;
	int region;
	int reader;
	char *name;
	char *map;
	size_t page;
	size_t size;
};

FIXTURE_SETUP(region)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->size = PAGES * self->page;
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("region");
	self->region = mt_region(self->dev, self->name, MT_RW, self->size);
	ASSERT_LE(0, self->region);
	self->reader = mt_open(self->dev, self->name, MBOX_O_READ);
	ASSERT_LE(0, self->reader);
	self->map = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->region, 0);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(region)
{
	munmap(self->map, self->size);
	if (_metadata->passed)
		EXPECT_EQ(0, mt_unlink(self->dev, self->name));
	MT_TEARDOWN(self->dev);
}

/* 0 if it can be mapped, and is unmapped again; or -errno. */
static int try_map(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *map = mmap(NULL, size, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, size);
	return 0;
}

TEST_F(region, size_is_in_whole_pages)
{
	const size_t sizes[] = {
		1, self->page - 1, self->page, self->page + 1, 10000,
	};
	const __u64 bad[] = { 0, -1ULL, -self->page, 1ULL << 63 };
	int fd, i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fd = mt_region(self->dev, NULL, MT_RW, sizes[i]);
		ASSERT_LE(0, fd);
		EXPECT_EQ((sizes[i] + self->page - 1) & -self->page,
			  mt_stat_of(fd).region_size);
		close(fd);
	}
	EXPECT_EQ(-EINVAL, mt_region(self->dev, NULL, MT_RW, 0));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_GT(0, mt_region(self->dev, NULL, MT_RW, bad[i]));
}

/* All of it, at once, in pieces, and wherever it is mapped. */
TEST_F(region, is_shared)
{
	struct mt_child child;
	char *map, *last;
	size_t i;

	for (i = 0; i < self->size; i++)
		ASSERT_EQ(0, self->map[i]);
	if (!mt_fork(&child, NULL)) {
		int fd = mt_open(self->dev, self->name, MT_RW);

		munmap(self->map, self->size);
		map = mmap(self->map + (1 << 30), self->size,
			   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		close(fd);
		for (i = 0; i < self->size; i++)
			map[i] = i * 7 + i / self->page;
		mt_tell(child.sock, 1);
		mt_hear(child.sock);
		EXPECT_EQ(99, map[5]);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(child.sock));
	for (i = 0; i < self->size; i++)
		ASSERT_EQ((char)(i * 7 + i / self->page), self->map[i]);
	self->map[5] = 99;
	EXPECT_EQ(0, mt_child_end(&child));

	last = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->reader,
		    2 * self->page);
	ASSERT_NE(MAP_FAILED, last);
	EXPECT_EQ(0, memcmp(last, self->map + 2 * self->page, self->page));
	self->map[2 * self->page] = 42;
	EXPECT_EQ(42, last[0]);
	munmap(last, self->page);
}

/* What is mapped before a fork is shared after it. */
TEST_F(region, is_shared_over_fork)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		self->map[0] = 1;
		mt_tell(child.sock, 1);
		mt_hear(child.sock);
		EXPECT_EQ(2, self->map[self->size - 1]);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(child.sock));
	EXPECT_EQ(1, self->map[0]);
	self->map[self->size - 1] = 2;
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(region, ends_where_it_ends)
{
	const struct {
		size_t offset, pages;
		int ret;
	} pieces[] = {
		{ 0, 3, 0 }, { 0, 1, 0 }, { 1, 2, 0 }, { 2, 1, 0 },
		{ 0, 4, -EINVAL }, { 1, 3, -EINVAL }, { 2, 2, -EINVAL },
		{ 3, 1, -EINVAL }, { 4, 1, -EINVAL }, { 1UL << 20, 1, -EINVAL },
		{ 1UL << 40, 1, -EINVAL }, { (1UL << 51) - 1, 1, -EINVAL },
		{ 0, 1UL << 20, -EINVAL }, { 1, 1UL << 30, -EINVAL },
	};
	int i, n, ret;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		for (n = 0; n < 2; n++) {
			ret = try_map(n ? self->region : self->reader,
				      pieces[i].pages * self->page, PROT_READ,
				      MAP_SHARED,
				      pieces[i].offset * self->page);
			EXPECT_EQ(pieces[i].ret, ret) {
				TH_LOG("%zu pages from %zu", pieces[i].pages,
				       pieces[i].offset);
			}
		}
	}
	/* a size that is not of whole pages is rounded up */
	EXPECT_EQ(0, try_map(self->region, self->size - 1, PROT_READ,
			     MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, try_map(self->region, self->size + 1, PROT_READ,
				   MAP_SHARED, 0));
}

/* Ways to have more of it than there is. */
enum way { GROW, GROW_ELSEWHERE, GROW_MIDDLE, MAP_TWICE, REMAP, NR_WAYS };

/* Touch what is behind the end, if that can be mapped at all. */
static void touch_behind(enum way way, char *map, size_t size, size_t page)
{
	char *at = MAP_FAILED;

	switch (way) {
	case GROW:
		at = mremap(map, size, size + page, 0);
		break;
	case GROW_ELSEWHERE:
		at = mremap(map, size, size + page, MREMAP_MAYMOVE);
		break;
	case GROW_MIDDLE:
		at = mremap(map + page, page, size + page, MREMAP_MAYMOVE);
		break;
	case MAP_TWICE:
		at = mremap(map, 0, size + page, MREMAP_MAYMOVE);
		break;
	default:
		if (!syscall(__NR_remap_file_pages, map, page, 0, PAGES, 0))
			at = map - size;
	}
	if (at != MAP_FAILED)
		at[size] = 1;
}

/* Going behind the end harms nobody else. */
TEST_F(region, has_nothing_behind_its_end)
{
	struct mt_child child;
	int status;
	enum way way;
	size_t i;

	memset(self->map, 1, self->size);
	for (way = 0; way < NR_WAYS; way++) {
		if (!mt_fork(&child, NULL)) {
			touch_behind(way, self->map, self->size, self->page);
			_exit(0);
		}
		status = mt_child_end(&child);
		EXPECT_TRUE(!status || WTERMSIG(status) == SIGBUS) {
			TH_LOG("way %d: %x", way, status);
		}
		for (i = 0; i < self->size; i++)
			ASSERT_EQ(1, self->map[i]);
		EXPECT_EQ(self->size, mt_stat_of(self->region).region_size);
	}
}

TEST_F(region, is_not_private)
{
	const int prot[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };
	int i;

	for (i = 0; i < ARRAY_SIZE(prot); i++) {
		EXPECT_EQ(-EINVAL, try_map(self->region, self->size, prot[i],
					   MAP_PRIVATE, 0));
		EXPECT_EQ(-EINVAL, try_map(self->reader, self->size, prot[i],
					   MAP_PRIVATE, 0));
	}
}

/* To map for reading, and to map for writing, are different permissions. */
TEST_F(region, is_mapped_as_opened)
{
	int neither = mt_open(self->dev, self->name, 0);
	int writer = mt_open(self->dev, self->name, MBOX_O_WRITE);

	ASSERT_LE(0, neither);
	ASSERT_LE(0, writer);
	EXPECT_EQ(0, try_map(self->reader, self->size, PROT_READ, MAP_SHARED,
			     0));
	EXPECT_EQ(-EACCES, try_map(self->reader, self->size, PROT_WRITE,
				   MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, try_map(self->reader, self->size,
				   PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, try_map(writer, self->size, PROT_READ, MAP_SHARED,
				   0));
	EXPECT_EQ(-EACCES, try_map(neither, self->size, PROT_NONE, MAP_SHARED,
				   0));
	EXPECT_EQ(-EACCES, try_map(neither, self->size, PROT_READ, MAP_SHARED,
				   0));
}

/* Write to one's own memory as a debugger does, past its protection. */
static ssize_t poke(char *at, char value)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t ret = pwrite(fd, &value, 1, (uintptr_t)at);

	close(fd);
	return ret;
}

/* What was mapped for reading stays so. */
TEST_F(region, is_not_written_by_a_reader)
{
	char path[64], *map;
	int fd;

	memset(self->map, 1, self->size);
	map = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->reader, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, self->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, poke(map, 2));
	EXPECT_EQ(-1, madvise(map, self->size, MADV_REMOVE));
	EXPECT_EQ(-1, syscall(__NR_remap_file_pages, map, self->page, 0, 0, 0));
	EXPECT_EQ(-1, mprotect(map, self->page, PROT_READ | PROT_WRITE));

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-1, fd);
	fd = mt_open_fd(self->dev, self->reader, MT_RW);
	EXPECT_EQ(-EACCES, fd);

	EXPECT_EQ(1, self->map[0]);
	EXPECT_EQ(1, map[self->size - 1]);
	munmap(map, self->size);
}

/* Whatever is tried with @fd, a file of some sort of the region. */
static void resize_it(int fd, size_t size)
{
	char byte = 9;

	if (ftruncate(fd, 0) || ftruncate(fd, 10 * size))
		errno = 0;
	fallocate(fd, 0, 0, 10 * size);
	fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, size / PAGES);
	if (pwrite(fd, &byte, 1, 10 * size) < 0)
		errno = 0;
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
}

/* Not through the descriptor, nor through what /proc shows of it. */
TEST_F(region, is_not_resized)
{
	char path[128];
	int fd;

	memset(self->map, 1, self->size);
	resize_it(self->region, self->size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->region);
	EXPECT_EQ(-1, truncate(path, 0));
	fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	EXPECT_EQ(-1, fd);

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (long)self->map, (long)self->map + self->size);
	EXPECT_EQ(-1, truncate(path, 0));
	fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	EXPECT_EQ(-1, fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		resize_it(fd, self->size);
		EXPECT_EQ(self->size, lseek(fd, 0, SEEK_END));
		close(fd);
	}

	/* it is all there: or this would be a SIGBUS */
	EXPECT_EQ(1, self->map[0]);
	EXPECT_EQ(1, self->map[self->size - 1]);
	EXPECT_EQ(self->size, mt_stat_of(self->region).region_size);
	EXPECT_NE(0, try_map(self->region, self->size + self->page, PROT_READ,
			     MAP_SHARED, 0));
}

/* Memory is taken for what is used of it, and not more. */
TEST_F(region, can_be_large)
{
	const size_t size = 256UL << 20;
	int fd = mt_region(self->dev, NULL, MT_RW, size);
	size_t i;
	char *map;

	ASSERT_LE(0, fd);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < size; i += size / 8) {
		map[i] = i / (size / 8) + 1;
		map[i + size / 8 - 1] = -map[i];
	}
	for (i = 0; i < size; i += size / 8) {
		EXPECT_EQ(i / (size / 8) + 1, map[i]);
		EXPECT_EQ(-map[i], map[i + size / 8 - 1]);
	}
	EXPECT_EQ(0, map[size / 16]);
	munmap(map, size);
}

TEST_F(region, is_the_only_thing_to_map)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_LE(0, box);
	EXPECT_EQ(-ENODEV, try_map(box, self->page, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(-ENODEV, try_map(self->dev, self->page, PROT_READ,
				   MAP_SHARED, 0));
}

TEST_HARNESS_MAIN
