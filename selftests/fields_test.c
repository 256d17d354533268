// SPDX-License-Identifier: GPL-2.0
/*
 * Each field wrong alone, in data that is otherwise valid: what the field says
 * must be looked at, and nothing may have happened. Built as a 32-bit program
 * too.
 */
#include "mbox_test_call.h"

FIXTURE(field) {
	int dev;
	char *name;
	int box;
	int region;
	char *none;	/* an address without memory behind it */
	char *edge;	/* eight bytes before that */
};

FIXTURE_SETUP(field)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	self->region = mt_region(self->dev, NULL, MT_RW, 1);
	ASSERT_LE(0, self->region);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));

	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(pages != MAP_FAILED);
	ASSERT_EQ(0, munmap(pages + page, page));
	self->none = pages + page;
	self->edge = self->none - 8;
}

FIXTURE_TEARDOWN(field)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/* Bit patterns that are no user address in any program. */
#define KERNEL_HALF	0xffff800000000000ULL
#define LAST_BYTES	0xfffffffffffffff8ULL

/* @valid with one field changed, or two; fails with @error, changes nothing */
#define WRONG(error, cmd, fd, valid, ...) do {				\
	struct mt_state __before = mt_state_of(self->dev, self->box, 0); \
	__typeof__(valid) __arg = (valid), *arg = &__arg;		\
									\
	__VA_ARGS__;							\
	EXPECT_EQ(error, mt_ioctl(fd, cmd, arg)) {			\
		TH_LOG("with %s", #__VA_ARGS__);			\
	}								\
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &__before));	\
} while (0)

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
	};
	static const unsigned long cmd[] = { MBOX_IOC_OPEN, MBOX_IOC_UNLINK };
	size_t i, j;
	int fd;

	for (i = 0; i < ARRAY_SIZE(cmd); i++) {
#define TARGET(error, ...) \
	WRONG(error, cmd[i], self->dev, valid[j], __VA_ARGS__)
		for (j = 0; j < ARRAY_SIZE(valid); j++) {
			valid[j].size = sizeof(valid[j]);
			TARGET(-EINVAL, arg->target.by = 0);
			TARGET(-EOPNOTSUPP, arg->target.by = 4);
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
		}
		j = 0;
		TARGET(-EINVAL, arg->target.id = 1);
		TARGET(-EINVAL, arg->target.fd = self->box);
		TARGET(-EINVAL, arg->target.fd = -1);
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
		j = 2;
		TARGET(-EINVAL, arg->target.name = (uintptr_t)self->name);
		TARGET(-EINVAL, arg->target.name_len = 1);
		TARGET(-EINVAL, arg->target.id = 1);
		TARGET(-EBADF, arg->target.fd = -1);
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

TEST_F(field, send)
{
	struct mbox_send valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->edge,
		.len = 8,
		.priority = MBOX_PRIORITY_MAX,
		.type = -1,
		.deadline = (1ULL << 63) - 1,
	};

#define SEND(error, ...) \
	WRONG(error, MBOX_IOC_SEND, self->box, valid, __VA_ARGS__)
	SEND(-EINVAL, arg->priority = MBOX_PRIORITY_MAX + 1);
	SEND(-EINVAL, arg->priority = ~0U);
	SEND(-EINVAL, arg->deadline = 1ULL << 63);
	SEND(-EINVAL, arg->deadline = ~0ULL);
	SEND(-EMSGSIZE, arg->len = MBOX_DEFAULT_MSG_SIZE + 1);
	SEND(-EMSGSIZE, arg->len = ~0U);
	SEND(-EFAULT, arg->len = 9);
	SEND(-EFAULT, arg->len = MBOX_DEFAULT_MSG_SIZE);
	SEND(-EFAULT, arg->buf = 0);
	SEND(-EFAULT, arg->buf = (uintptr_t)self->none);
	SEND(-EFAULT, arg->buf = KERNEL_HALF);
	SEND(-EFAULT, arg->buf = LAST_BYTES);
	SEND(-EFAULT, arg->buf |= 1ULL << 63);
	SEND(-EINVAL, arg->flags |= MBOX_REPEATABLE);
	SEND(-EINVAL, arg->reply_fd = self->box);
	SEND(-EINVAL, arg->reply_size = 1);
	SEND(-EINVAL, arg->cookie = 1ULL << 63);
	SEND(-EBADF, arg->reply_fd = -1, arg->flags |= MBOX_ASYNC);
	SEND(-EBADF, arg->reply_fd = self->region, arg->flags |= MBOX_ASYNC);
	SEND(-EMSGSIZE, arg->reply_fd = self->box, arg->reply_size = ~0U,
	     arg->flags |= MBOX_ASYNC);
	SEND(-EINVAL, arg->fds.lost = 1);
	SEND(-EINVAL, arg->fds.fds = (uintptr_t)self->edge);
	SEND(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	SEND(-EFAULT, arg->fds.nr = 1);
	SEND(-EFAULT, arg->fds.nr = 3, arg->fds.fds = (uintptr_t)self->edge);
#undef SEND
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, &valid));
	/* no data, no pointer */
	valid.buf = 0;
	valid.len = 0;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, &valid));
	EXPECT_EQ(3U, mt_stat_of(self->box).msgs);
}

TEST_F(field, recv)
{
	struct mbox_recv valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->edge,
		.buf_size = 8,
		.deadline = (1ULL << 63) - 1,
	};

#define RECV(error, ...) \
	WRONG(error, MBOX_IOC_RECV, self->box, valid, __VA_ARGS__)
	RECV(-EINVAL, arg->deadline = 1ULL << 63);
	RECV(-EINVAL, arg->deadline = ~0ULL);
	RECV(-EINVAL, arg->reserved = 1);
	RECV(-EMSGSIZE, arg->buf_size = 5);
	RECV(-EMSGSIZE, arg->buf_size = 0);
	RECV(-EFAULT, arg->buf = 0);
	RECV(-EFAULT, arg->buf = (uintptr_t)self->none);
	RECV(-EFAULT, arg->buf = (uintptr_t)self->none - 5);
	RECV(-EFAULT, arg->buf = KERNEL_HALF);
	RECV(-EFAULT, arg->buf = LAST_BYTES);
	RECV(-EFAULT, arg->buf |= 1ULL << 63);
	RECV(-EINVAL, arg->reserved2 = 1);
	RECV(-ESTALE, arg->reply_token = 1);
	RECV(-ESTALE, arg->reply_token = 1ULL << 63);
#undef RECV
	/* outputs are not looked at; a buffer may claim more than there is */
	memset(&valid.type, 0xff, (char *)&valid.reply_status -
	       (char *)&valid.type);
	memset(&valid.cookie, 0xff, sizeof(valid) -
	       ((char *)&valid.cookie - (char *)&valid));
	valid.reserved = 0;
	valid.len = ~0U;
	valid.buf_size = 1U << 31;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV, &valid));
	EXPECT_EQ(0U, valid.token);
	EXPECT_EQ(0U, valid.msg_flags);
	EXPECT_EQ(0U, valid.deliveries);
	EXPECT_EQ(0U, valid.reply_max);
	EXPECT_EQ(0U, valid.cookie);
	EXPECT_EQ(0, valid.status);
	EXPECT_EQ(0, valid.error);
	EXPECT_EQ(6U, valid.len);
	EXPECT_EQ(0, memcmp("queued", self->edge, 6));
	EXPECT_EQ(1U, valid.seq);
	EXPECT_EQ(0, valid.type);
	EXPECT_EQ(getpid(), valid.pid);
}

/* What is held is looked for only once the rest is right. */
TEST_F(field, leases)
{
	struct mbox_nack nack = { .size = sizeof(nack) };
	struct mbox_held held = { .size = sizeof(held) };
	struct mbox_ack ack = { .size = sizeof(ack) };

	nack.token = mt_lease(self->box);
	ASSERT_NE(0, nack.token);
	ack.token = nack.token;
	held.token = nack.token;
	WRONG(-EINVAL, MBOX_IOC_NACK, self->box, nack,
	      arg->delay = (1ULL << 62) + 1);
	WRONG(-EINVAL, MBOX_IOC_NACK, self->box, nack, arg->delay = ~0ULL);
	WRONG(-ESTALE, MBOX_IOC_NACK, self->box, nack,
	      arg->token |= 1ULL << 63);
	WRONG(-ESTALE, MBOX_IOC_ACK, self->box, ack, arg->token |= 1ULL << 32);
	WRONG(-ESTALE, MBOX_IOC_HELD, self->box, held, arg->token = ~0ULL);
	held.state = ~0U;
	held.deliveries = ~0U;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_HELD, &held));
	EXPECT_EQ(0U, held.state);
	EXPECT_EQ(0U, held.deliveries);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_ACK, &ack));
}

TEST_F(field, call)
{
	struct mbox_call valid = {
		.size = sizeof(valid),
		.buf = (uintptr_t)self->edge,
		.len = 8,
		.priority = MBOX_PRIORITY_MAX,
		.reply_buf = (uintptr_t)self->edge,
		.reply_size = 8,
		.deadline = 1,
	};

#define CALL(error, ...) \
	WRONG(error, MBOX_IOC_CALL, self->box, valid, __VA_ARGS__)
	CALL(-EINVAL, arg->priority = MBOX_PRIORITY_MAX + 1);
	CALL(-EINVAL, arg->deadline = 1ULL << 63);
	CALL(-EINVAL, arg->reserved = 1);
	CALL(-EMSGSIZE, arg->len = MBOX_DEFAULT_MSG_SIZE + 1);
	CALL(-EMSGSIZE, arg->reply_size = MBOX_MSG_SIZE_MAX + 1);
	CALL(-EMSGSIZE, arg->reply_size = ~0U);
	CALL(-EFAULT, arg->len = 9);
	CALL(-EFAULT, arg->buf = 0);
	CALL(-EFAULT, arg->buf = KERNEL_HALF);
	CALL(-EFAULT, arg->buf |= 1ULL << 63);
	CALL(-ESTALE, arg->id = 1ULL << 63);
	CALL(-EINVAL, arg->fds.lost = 1);
	CALL(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	CALL(-EFAULT, arg->fds.nr = 1);
#undef CALL
	EXPECT_EQ(-ETIMEDOUT, mt_ioctl(self->box, MBOX_IOC_CALL, &valid));
	EXPECT_EQ(0U, valid.id);
}

TEST_F(field, reply)
{
	int answers = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.priority = 1,
		.reply_fd = answers,
		.reply_size = 9,
	};
	struct mbox_reply valid = {
		.size = sizeof(valid),
		.buf = (uintptr_t)self->edge,
		.len = 8,
	};

	ASSERT_EQ(0, mt_sendmsg(self->box, &send));
	valid.token = mt_lease(self->box);
#define REPLY(error, ...) \
	WRONG(error, MBOX_IOC_REPLY, self->box, valid, __VA_ARGS__)
	REPLY(-ESTALE, arg->token = 0);
	REPLY(-ESTALE, arg->token |= 1ULL << 63);
	REPLY(-EMSGSIZE, arg->len = 10);
	REPLY(-EMSGSIZE, arg->len = ~0U);
	REPLY(-EFAULT, arg->len = 9);
	REPLY(-EFAULT, arg->buf = 0);
	REPLY(-EFAULT, arg->buf = KERNEL_HALF);
	REPLY(-EFAULT, arg->buf |= 1ULL << 63);
	REPLY(-EINVAL, arg->fds.lost = 1);
	REPLY(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	REPLY(-EFAULT, arg->fds.nr = 1);
#undef REPLY
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_REPLY, &valid));
	close(answers);
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
	EXPECT_EQ('\0', stat.name[0]);
	memset(&usage.bytes, 0xff, 6 * sizeof(usage.bytes));
	EXPECT_EQ(0, mt_ioctl(self->dev, MBOX_IOC_USAGE, &usage));
	EXPECT_EQ(1U, usage.mailboxes.used);
	EXPECT_EQ((__u64)sysconf(_SC_PAGESIZE), usage.region_bytes.used);
	EXPECT_EQ(2U, usage.ns_objects.used);
	EXPECT_EQ(0U, usage.fds.used);
}

TEST_HARNESS_MAIN
