// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/PID/fdinfo tells of a descriptor of a mailbox or a region.
 */
#include "mbox_test_policy.h"

#define ABSENT	"(absent)"

FIXTURE(fdinfo) {
	int dev;
	int box;
	char *name;
	struct mt_task task[2];
};

FIXTURE_SETUP(fdinfo)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("fdinfo");
	self->box = mt_sized(self->dev, self->name, 3, 100, 250);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(fdinfo)
{
	mt_unlink(self->dev, self->name);
	MT_TEARDOWN(self->dev);
}

/* What follows "@key:" and a tab in the file of @fd, in a process; ABSENT. */
static const char *info_of(pid_t pid, int fd, const char *key)
{
	static char value[512];
	char path[64], line[512];
	size_t len = strlen(key);
	FILE *file;

	strcpy(value, ABSENT);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, len) && !strncmp(line + len, ":\t", 2))
			snprintf(value, sizeof(value), "%.*s",
				 (int)strcspn(line + len + 2, "\n"),
				 line + len + 2);
	if (file)
		fclose(file);
	return value;
}

static const char *info(int fd, const char *key)
{
	return info_of(getpid(), fd, key);
}

static const char *number(__u64 n)
{
	static char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return text;
}

TEST_F(fdinfo, what_it_is)
{
	int region = mt_region(self->dev, mt_name("region"), MT_RW, 5000);
	size_t page = sysconf(_SC_PAGESIZE);
	struct mbox_stat stat = mt_stat_of(region);

	EXPECT_STREQ("mailbox", info(self->box, "mbox-kind"));
	EXPECT_STREQ(number(mt_stat_of(self->box).id),
		     info(self->box, "mbox-id"));
	EXPECT_STREQ(self->name, info(self->box, "mbox-name"));
	EXPECT_STREQ(ABSENT, info(self->box, "mbox-size"));

	EXPECT_STREQ("region", info(region, "mbox-kind"));
	EXPECT_STREQ(number(stat.id), info(region, "mbox-id"));
	EXPECT_STREQ(stat.name, info(region, "mbox-name"));
	EXPECT_STREQ(number((5000 + page - 1) / page * page),
		     info(region, "mbox-size"));
	EXPECT_STREQ(ABSENT, info(region, "mbox-msgs"));
	EXPECT_STREQ(ABSENT, info(region, "mbox-held"));
	EXPECT_STREQ(ABSENT, info(region, "mbox-waiting"));
	EXPECT_EQ(0, mt_unlink_target(self->dev, mt_by_fd(region)));
}

TEST_F(fdinfo, without_a_name)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	int region = mt_region(self->dev, NULL, MT_RW, 1);

	EXPECT_STREQ("mailbox", info(box, "mbox-kind"));
	EXPECT_STREQ(number(mt_stat_of(box).id), info(box, "mbox-id"));
	EXPECT_STREQ(ABSENT, info(box, "mbox-name"));
	EXPECT_STREQ("region", info(region, "mbox-kind"));
	EXPECT_STREQ(ABSENT, info(region, "mbox-name"));
}

/* The device itself is none. */
TEST_F(fdinfo, of_the_device)
{
	EXPECT_STREQ(ABSENT, info(self->dev, "mbox-kind"));
	EXPECT_STREQ(ABSENT, info(self->dev, "mbox-id"));
}

/* Whatever is in a name, it is one line, and no other can be made of it. */
TEST_F(fdinfo, a_name_is_one_line)
{
	char name[64];
	int box;

	snprintf(name, sizeof(name), "%d\nmbox-kind:\tregion", getpid());
	box = mt_mailbox(self->dev, name, MT_RW);
	ASSERT_LE(0, box);
	EXPECT_STREQ("mailbox", info(box, "mbox-kind"));
	EXPECT_STRNE(ABSENT, info(box, "mbox-name"));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
}

TEST_F(fdinfo, messages_and_bytes)
{
	EXPECT_STREQ("0 of 3", info(self->box, "mbox-msgs"));
	EXPECT_STREQ("0 of 250", info(self->box, "mbox-bytes"));
	ASSERT_EQ(0, mt_put_sized(self->box, 'a', 100, 0));
	ASSERT_EQ(0, mt_put_sized(self->box, 'b', 30, 0));
	EXPECT_STREQ("2 of 3", info(self->box, "mbox-msgs"));
	EXPECT_STREQ("130 of 250", info(self->box, "mbox-bytes"));
	EXPECT_EQ('a', mt_get(self->box));
	EXPECT_STREQ("1 of 3", info(self->box, "mbox-msgs"));
	EXPECT_STREQ("30 of 250", info(self->box, "mbox-bytes"));
}

/* By this endpoint: others hold their own. */
TEST_F(fdinfo, held)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	__s64 token;

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	ASSERT_EQ(0, mt_put(self->box, 'b'));
	EXPECT_STREQ("0", info(self->box, "mbox-held"));
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	EXPECT_STREQ("1", info(self->box, "mbox-held"));
	EXPECT_STREQ("0", info(other, "mbox-held"));
	ASSERT_LT(0, mt_lease(other));
	EXPECT_STREQ("1", info(self->box, "mbox-held"));
	EXPECT_STREQ("1", info(other, "mbox-held"));
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_STREQ("0", info(self->box, "mbox-held"));
}

TEST_F(fdinfo, waiting)
{
	struct mt_task *task = self->task;
	int i;

	EXPECT_STREQ("0 receivers 0 senders", info(self->box, "mbox-waiting"));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(mt_getter_blocks(&task[i], self->box));
	EXPECT_STREQ("2 receivers 0 senders", info(self->box, "mbox-waiting"));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, mt_put(self->box, 'a'));
	for (i = 0; i < 2; i++)
		EXPECT_EQ('a', mt_getter_end(&task[i]));

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_put(self->box, 'b'));
	ASSERT_TRUE(mt_putter_blocks(&task[0], self->box, 'c', 0, 0));
	EXPECT_STREQ("0 receivers 1 senders", info(self->box, "mbox-waiting"));
	EXPECT_EQ('b', mt_get(self->box));
	EXPECT_EQ(1, mt_task_end(&task[0]));
	EXPECT_STREQ("0 receivers 0 senders", info(self->box, "mbox-waiting"));
}

/* Who waits at an endpoint holds nothing, but counts in what it may hold. */
TEST_F(fdinfo, waiting_is_not_holding)
{
	__s64 limit = mt_param_get("endpoint_max_held"), token;
	struct mt_task *waits = &self->task[0];
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	ASSERT_LT(0, limit);
	ASSERT_TRUE(mt_getter_blocks(waits, self->box));
	EXPECT_STREQ("0", info(self->box, "mbox-held"));
	ASSERT_EQ(0, mt_param_set("endpoint_max_held", 1));
	EXPECT_EQ(-EDQUOT, mt_get(self->box));
	EXPECT_EQ(-EAGAIN, mt_get(other));
	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_EQ('a', mt_getter_end(waits));
	EXPECT_EQ(-EAGAIN, mt_get(self->box));

	ASSERT_EQ(0, mt_put(self->box, 'b'));
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	ASSERT_EQ(0, mt_put(self->box, 'c'));
	EXPECT_EQ(-EDQUOT, mt_get(self->box));
	EXPECT_EQ(0, mt_ack(self->box, token));
	EXPECT_EQ('c', mt_get(self->box));
	EXPECT_EQ(0, mt_param_set("endpoint_max_held", limit));
}

/* Where there is no capacity, the limit is 0, as in struct mbox_stat. */
TEST_F(fdinfo, without_a_capacity)
{
	int box = MT_POLICY(self->dev, NULL, .flags = MBOX_CREATE_UNBOUNDED);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_put_sized(box, 'a', 10, 0));
	EXPECT_STREQ("1", info(box, "mbox-msgs"));
	EXPECT_STREQ("10", info(box, "mbox-bytes"));
}

/* Of any process's descriptors, and of whatever direction. */
TEST_F(fdinfo, of_others)
{
	int neither = mt_open_fd(self->dev, self->box, 0);
	pid_t parent = getpid();
	struct mt_child child;

	ASSERT_EQ(0, mt_put(self->box, 'a'));
	EXPECT_STREQ("1 of 3", info(neither, "mbox-msgs"));
	if (!mt_fork(&child, NULL)) {
		close(self->box);
		EXPECT_STREQ(ABSENT, info(self->box, "mbox-kind"));
		EXPECT_STREQ(self->name, info_of(parent, self->box,
						 "mbox-name"));
		EXPECT_STREQ("1 of 3", info_of(parent, self->box, "mbox-msgs"));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
