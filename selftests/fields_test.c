// SPDX-License-Identifier: GPL-2.0
/*
 * Each field wrong alone, of the commands that make, find and change objects;
 * those that move messages are in fields_message_test.c. Built as a 32-bit
 * program too.
 */
#include "mbox_test_field.h"

static struct mbox_create valid_create(const char *name)
{
	return (struct mbox_create){
		.size = sizeof(struct mbox_create),
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.name = (uintptr_t)name,
		.name_len = strlen(name),
		.max_msgs = 10,
		.msg_size = 100,
		.max_bytes = 1000,
	};
}

TEST_F(field, create_mailbox)
{
	struct mbox_create valid = valid_create("other");
	int fd;

#define CREATE(error, ...) \
	WRONG(error, MBOX_IOC_CREATE, self->dev, valid, __VA_ARGS__)
	CREATE(-EINVAL, arg->kind = 0);
	CREATE(-EOPNOTSUPP, arg->kind = 3);
	CREATE(-EOPNOTSUPP, arg->kind = ~0U);
	CREATE(-EOPNOTSUPP, arg->lifetime = 4);
	CREATE(-EOPNOTSUPP, arg->lifetime = ~0U);
	CREATE(-EINVAL, arg->lifetime = MBOX_LIFE_ANONYMOUS);
	CREATE(-EFAULT, arg->name = 0);
	CREATE(-EFAULT, arg->name = (uintptr_t)self->none);
	CREATE(-EFAULT, arg->name = KERNEL_HALF);
	CREATE(-EFAULT, arg->name = LAST_BYTES);
	CREATE(-EFAULT, arg->name |= 1ULL << 63);
	CREATE(-EFAULT, arg->name = (uintptr_t)self->edge, arg->name_len = 9);
	CREATE(-EINVAL, arg->name_len = 0);
	CREATE(-ENAMETOOLONG, arg->name_len = 256);
	CREATE(-ENAMETOOLONG, arg->name_len = ~0U);
	CREATE(-EINVAL, arg->mode = 0600);
	CREATE(-EINVAL, arg->mode = 0601, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->mode = 0610, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->mode = 0700, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->mode = 01600, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->mode = 04600, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->mode = ~0U, arg->flags |= MBOX_CREATE_MODE);
	CREATE(-EINVAL, arg->owner = 1);
	CREATE(-EINVAL, arg->owner = ~0U, arg->flags |= MBOX_CREATE_OWNER);
	CREATE(-EINVAL, arg->reserved = 1);
	CREATE(-EINVAL, arg->reserved = 1U << 31);
	CREATE(-EINVAL, arg->msg_size = 1001);
	CREATE(-EINVAL, arg->max_bytes = 99);
	CREATE(-EINVAL, arg->msg_size = MBOX_MSG_SIZE_MAX + 1,
	       arg->max_bytes = ~0ULL);
	CREATE(-EINVAL, arg->msg_size = ~0U, arg->max_bytes = ~0ULL);
	CREATE(-EINVAL, arg->region_size = 1);
	CREATE(-EINVAL, arg->region_size = 1ULL << 63);
	CREATE(-EINVAL, arg->msg_size = 0, arg->flags |= MBOX_CREATE_FIXED);
	CREATE(-EINVAL, arg->max_deliveries = 65536);
	CREATE(-EINVAL, arg->max_deliveries = ~0U);
	CREATE(-EINVAL, arg->dead_letter = self->box, arg->max_deliveries = 1);
	CREATE(-EINVAL, arg->dead_letter = self->box,
	       arg->flags |= MBOX_CREATE_DEAD_LETTER);
	CREATE(-EBADF, arg->dead_letter = -1, arg->max_deliveries = 1,
	       arg->flags |= MBOX_CREATE_DEAD_LETTER);
	CREATE(-EINVAL, arg->dead_letter = self->region,
	       arg->max_deliveries = 1, arg->flags |= MBOX_CREATE_DEAD_LETTER);
	CREATE(-EOPNOTSUPP, arg->when_full = 4);
	CREATE(-EOPNOTSUPP, arg->when_full = ~0U);
	CREATE(-EOPNOTSUPP, arg->turns = 3);
	CREATE(-EOPNOTSUPP, arg->turns = 1U << 31);
	CREATE(-EOPNOTSUPP, arg->receivers = 4);
	CREATE(-EOPNOTSUPP, arg->receivers = ~0U);
	CREATE(-EINVAL, arg->reserved2 = 1);
	CREATE(-EINVAL, arg->reserved2 = 1U << 31);
#undef CREATE
	EXPECT_EQ(-ENOENT, mt_open(self->dev, "other", 0));

	/* and on the right side of each border */
	valid.msg_size = MBOX_MSG_SIZE_MAX;
	valid.max_bytes = MBOX_MSG_SIZE_MAX;
	valid.max_msgs = ~0U;
	valid.mode = 0666;
	valid.flags |= MBOX_CREATE_MODE | MBOX_CREATE_FIXED;
	fd = mt_ioctl(self->dev, MBOX_IOC_CREATE, &valid);
	EXPECT_LE(0, fd);
	EXPECT_EQ((__u32)MBOX_MSG_SIZE_MAX, mt_stat_of(fd).msg_size);
	EXPECT_EQ(~0U, mt_stat_of(fd).max_msgs);
	EXPECT_EQ((__u32)MBOX_STATE_FIXED | MBOX_STATE_LINKED,
		  mt_stat_of(fd).state);
	EXPECT_EQ(0, mt_unlink(self->dev, "other"));
}

/* With one of these flags the mailbox has no capacity, whatever it is. */
TEST_F(field, create_without_capacity)
{
	static const __u32 flags[] = {
		MBOX_CREATE_RENDEZVOUS, MBOX_CREATE_UNBOUNDED,
	};
	struct mbox_create valid = valid_create("other");
	size_t i;
	int fd;

	valid.max_msgs = 0;
	valid.max_bytes = 0;
#define CREATE(error, ...) \
	WRONG(error, MBOX_IOC_CREATE, self->dev, valid, __VA_ARGS__)
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		CREATE(-EINVAL, arg->flags |= flags[i], arg->max_msgs = 1);
		CREATE(-EINVAL, arg->flags |= flags[i], arg->max_bytes = 100);
		CREATE(-EINVAL, arg->flags |= flags[i],
		       arg->max_bytes = 1ULL << 63);
	}
	CREATE(-EINVAL, arg->flags |= flags[0] | flags[1]);
#undef CREATE
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct mbox_set none = { .size = sizeof(none) };
		struct mbox_create good = valid;

		good.flags |= flags[i];
		fd = mt_ioctl(self->dev, MBOX_IOC_CREATE, &good);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0U, mt_stat_of(fd).max_msgs);
		EXPECT_EQ(0U, mt_stat_of(fd).max_bytes);
		/* nor can it be given one */
		WRONG(-EINVAL, MBOX_IOC_SET, fd, none, arg->max_msgs = 1,
		      arg->flags = MBOX_SET_MAX_MSGS);
		WRONG(-EINVAL, MBOX_IOC_SET, fd, none, arg->max_bytes = 1000,
		      arg->flags = MBOX_SET_MAX_BYTES);
		EXPECT_EQ(0, mt_unlink(self->dev, "other"));
		close(fd);
	}
}

static struct mbox_create valid_inbox(void)
{
	return (struct mbox_create){
		.size = sizeof(struct mbox_create),
		.flags = MT_RW | MBOX_CREATE_INBOX,
		.kind = MBOX_KIND_MAILBOX,
	};
}

TEST_F(field, create_inbox)
{
	struct mbox_create valid = valid_inbox();
	int fd;

#define CREATE(error, ...) \
	WRONG(error, MBOX_IOC_CREATE, self->dev, valid, __VA_ARGS__)
	CREATE(-EINVAL, arg->name = (uintptr_t)"inbox", arg->name_len = 5);
	CREATE(-EINVAL, arg->lifetime = MBOX_LIFE_KERNEL);
	CREATE(-EINVAL, arg->lifetime = MBOX_LIFE_ANONYMOUS);
	CREATE(-EOPNOTSUPP, arg->lifetime = 4);
#undef CREATE
	fd = mt_ioctl(self->dev, MBOX_IOC_CREATE, &valid);
	EXPECT_LE(0, fd);
	EXPECT_EQ((__u32)MBOX_LIFE_PROCESS, mt_stat_of(fd).lifetime);
	EXPECT_TRUE(mt_stat_of(fd).state & MBOX_STATE_INBOX);
	EXPECT_EQ(getpid(), mt_stat_of(fd).owner_pid);
	EXPECT_EQ(0U, mt_stat_of(fd).name_len);
}

TEST_F(field, create_region)
{
	struct mbox_create valid = {
		.size = sizeof(valid),
		.flags = MT_RW,
		.kind = MBOX_KIND_REGION,
		.region_size = 100,
	};
	int fd;

#define CREATE(error, ...) \
	WRONG(error, MBOX_IOC_CREATE, self->dev, valid, __VA_ARGS__)
	CREATE(-EINVAL, arg->region_size = 0);
	CREATE(-EINVAL, arg->region_size = 1ULL << 63);
	CREATE(-EINVAL, arg->region_size = ~0ULL);
	CREATE(-EINVAL, arg->region_size = ~0ULL - 4096);
	CREATE(-EINVAL, arg->max_msgs = 1);
	CREATE(-EINVAL, arg->msg_size = 1);
	CREATE(-EINVAL, arg->max_bytes = 1);
	CREATE(-EINVAL, arg->flags |= MBOX_CREATE_FIXED);
	CREATE(-EINVAL, arg->max_deliveries = 1);
	CREATE(-EINVAL, arg->dead_letter = self->box);
	CREATE(-EINVAL, arg->reserved = 1);
	CREATE(-EINVAL, arg->when_full = MBOX_FULL_FAIL);
	CREATE(-EINVAL, arg->turns = MBOX_TURNS_ROUND_ROBIN);
	CREATE(-EINVAL, arg->receivers = MBOX_RECEIVERS_LINK);
	CREATE(-EINVAL, arg->reserved2 = 1);
	CREATE(-EINVAL, arg->flags |= MBOX_CREATE_RENDEZVOUS);
	CREATE(-EINVAL, arg->flags |= MBOX_CREATE_UNBOUNDED);
	CREATE(-EINVAL, arg->flags |= MBOX_CREATE_INBOX);
#undef CREATE
	fd = mt_ioctl(self->dev, MBOX_IOC_CREATE, &valid);
	EXPECT_LE(0, fd);
	EXPECT_EQ((__u64)sysconf(_SC_PAGESIZE), mt_stat_of(fd).region_size);
}

/* The fields of the ways in which the target is not given are 0. */
TEST_F(field, target)
{
	struct mbox_open valid[] = {
		{ .target = mt_by_name(self->name) },
		{ .target = mt_by_id(mt_stat_of(self->box).id) },
		{ .target = mt_by_fd(self->box) },
		{ .target = { .by = MBOX_BY_PID, .pid = getpid() } },
	};
	struct mbox_create inbox = valid_inbox();
	static const unsigned long cmd[] = { MBOX_IOC_OPEN, MBOX_IOC_UNLINK };
	size_t i, j;
	int fd;

	ASSERT_LE(0, mt_ioctl(self->dev, MBOX_IOC_CREATE, &inbox));
	for (i = 0; i < ARRAY_SIZE(cmd); i++) {
#define TARGET(error, ...) \
	WRONG(error, cmd[i], self->dev, valid[j], __VA_ARGS__)
		for (j = 0; j < ARRAY_SIZE(valid); j++) {
			valid[j].size = sizeof(valid[j]);
			TARGET(-EINVAL, arg->target.by = 0);
			TARGET(-EOPNOTSUPP, arg->target.by = 5);
			TARGET(-EOPNOTSUPP, arg->target.by = ~0U);
			TARGET(-EINVAL, arg->target.kind = MBOX_KIND_REGION);
			TARGET(-EOPNOTSUPP, arg->target.kind = 3);
			TARGET(-EOPNOTSUPP, arg->target.kind = ~0U);
			TARGET(-EOPNOTSUPP, arg->target.flags = 2);
			TARGET(-EOPNOTSUPP, arg->target.flags = 1U << 31);
			TARGET(-EINVAL, arg->target.owner = 1);
			TARGET(-EINVAL, arg->target.owner = ~0U,
			       arg->target.flags = MBOX_TARGET_OWNER);
			TARGET(-EACCES, arg->target.owner = 1,
			       arg->target.flags = MBOX_TARGET_OWNER);
			TARGET(-EINVAL, arg->target.reserved = 1);
			TARGET(-EINVAL, arg->target.reserved = 1U << 31);
		}
		j = 0;
		TARGET(-EINVAL, arg->target.id = 1);
		TARGET(-EINVAL, arg->target.fd = self->box);
		TARGET(-EINVAL, arg->target.fd = -1);
		TARGET(-EINVAL, arg->target.pid = getpid());
		TARGET(-EINVAL, arg->target.pid = -1);
		TARGET(-EINVAL, arg->target.name_len = 0);
		TARGET(-ENAMETOOLONG, arg->target.name_len = 256);
		TARGET(-EFAULT, arg->target.name = 0);
		TARGET(-EFAULT, arg->target.name = (uintptr_t)self->none);
		TARGET(-EFAULT, arg->target.name = KERNEL_HALF);
		TARGET(-EFAULT, arg->target.name |= 1ULL << 63);
		TARGET(-EFAULT, arg->target.name = (uintptr_t)self->edge,
		       arg->target.name_len = 9);
		j = 1;
		TARGET(-EINVAL, arg->target.name = (uintptr_t)self->name);
		TARGET(-EINVAL, arg->target.name_len = 1);
		TARGET(-EINVAL, arg->target.fd = self->box);
		TARGET(-EINVAL, arg->target.pid = getpid());
		j = 2;
		TARGET(-EINVAL, arg->target.name = (uintptr_t)self->name);
		TARGET(-EINVAL, arg->target.name_len = 1);
		TARGET(-EINVAL, arg->target.id = 1);
		TARGET(-EINVAL, arg->target.pid = getpid());
		TARGET(-EBADF, arg->target.fd = -1);
		j = 3;
		TARGET(-EINVAL, arg->target.name = (uintptr_t)self->name);
		TARGET(-EINVAL, arg->target.name_len = 1);
		TARGET(-EINVAL, arg->target.id = 1);
		TARGET(-EINVAL, arg->target.fd = self->box);
		TARGET(-EINVAL, arg->target.pid = 0);
		TARGET(-EINVAL, arg->target.pid = -1);
		TARGET(-EINVAL, arg->target.pid = INT32_MIN);
		TARGET(-ENOENT, arg->target.pid = INT32_MAX);
		TARGET(-ENOENT, arg->target.pid = getppid());
#undef TARGET
	}
	for (j = 0; j < ARRAY_SIZE(valid); j++) {
		fd = mt_ioctl(self->dev, MBOX_IOC_OPEN, &valid[j]);
		EXPECT_LE(0, fd);
		close(fd);
	}
}

TEST_F(field, set)
{
	struct mbox_set valid = {
		.size = sizeof(valid),
		.flags = MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE |
			 MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES,
		.mode = 0600,
		.max_msgs = 1,
		.max_bytes = MBOX_DEFAULT_MSG_SIZE,
	};
	struct mbox_set none = { .size = sizeof(none) };

#define SET(error, ...) \
	WRONG(error, MBOX_IOC_SET, self->box, valid, __VA_ARGS__)
	SET(-EINVAL, arg->uid = ~0U);
	SET(-EINVAL, arg->gid = ~0U);
	SET(-EINVAL, arg->mode = 01600);
	SET(-EINVAL, arg->mode = 0611);
	SET(-EINVAL, arg->mode = ~0U);
	SET(-EINVAL, arg->max_msgs = 0);
	SET(-EINVAL, arg->max_bytes = MBOX_DEFAULT_MSG_SIZE - 1);
	SET(-EINVAL, arg->max_bytes = 0);
#undef SET
#define SET(error, ...) \
	WRONG(error, MBOX_IOC_SET, self->box, none, __VA_ARGS__)
	SET(-EINVAL, arg->uid = 1);
	SET(-EINVAL, arg->gid = 1);
	SET(-EINVAL, arg->mode = 0600);
	SET(-EINVAL, arg->max_msgs = 1);
	SET(-EINVAL, arg->max_bytes = 1ULL << 32);
#undef SET
	WRONG(-EINVAL, MBOX_IOC_SET, self->region, none, arg->max_msgs = 1,
	      arg->flags = MBOX_SET_MAX_MSGS);
	WRONG(-EINVAL, MBOX_IOC_SET, self->region, none,
	      arg->max_bytes = 1ULL << 30, arg->flags = MBOX_SET_MAX_BYTES);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SET, &valid));
}

TEST_F(field, usage_and_stat)
{
	struct mbox_usage usage = { .size = sizeof(usage) };
	struct mbox_stat stat = { .size = sizeof(stat) };

	WRONG(-EINVAL, MBOX_IOC_USAGE, self->dev, usage, arg->uid = ~0U);
	WRONG(-EINVAL, MBOX_IOC_USAGE, self->dev, usage, arg->reserved = 1);

	/* outputs are not looked at, and all are written */
	memset(&stat, 0xff, sizeof(stat));
	stat.size = sizeof(stat);
	stat.flags = 0;
	EXPECT_EQ(0, mt_ioctl(self->region, MBOX_IOC_STAT, &stat));
	EXPECT_EQ(0U, stat.reserved);
	EXPECT_EQ((__u64)sysconf(_SC_PAGESIZE), stat.region_size);
	EXPECT_EQ(0U, stat.max_msgs);
	EXPECT_EQ(0U, stat.purged);
	EXPECT_EQ(0U, stat.lost);
	EXPECT_EQ(0U, stat.replaced);
	EXPECT_EQ(0U, stat.expired);
	EXPECT_EQ(0U, stat.when_full);
	EXPECT_EQ(0U, stat.turns);
	EXPECT_EQ(0U, stat.receivers);
	EXPECT_EQ(0U, stat.reserved2);
	EXPECT_EQ('\0', stat.name[0]);
	memset(&usage.bytes, 0xff, 6 * sizeof(usage.bytes));
	EXPECT_EQ(0, mt_ioctl(self->dev, MBOX_IOC_USAGE, &usage));
	EXPECT_EQ(1U, usage.mailboxes.used);
	EXPECT_EQ((__u64)sysconf(_SC_PAGESIZE), usage.region_bytes.used);
	EXPECT_EQ(2U, usage.ns_objects.used);
	EXPECT_EQ(0U, usage.fds.used);
}

TEST_HARNESS_MAIN
