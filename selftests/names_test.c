// SPDX-License-Identifier: GPL-2.0
/*
 * Names and ids: what may be a name, create and open, the expected owner,
 * unlink, ids, and the list. Network namespaces are in netns_test.c.
 */
#include "mbox_test_util.h"

FIXTURE(names) {
	int dev;
	char *name;
	int box;
	struct mbox_stat stat;
};

FIXTURE_SETUP(names)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_stat(self->box, &self->stat));
}

FIXTURE_TEARDOWN(names)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

static struct mbox_create mailbox_attr(const void *name, __u32 len)
{
	return (struct mbox_create){
		.size = sizeof(struct mbox_create),
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.name = (uintptr_t)name,
		.name_len = len,
	};
}

static struct mbox_target target_named(const void *name, __u32 len)
{
	struct mbox_target target = mt_by_name("");

	target.name = (uintptr_t)name;
	target.name_len = len;
	return target;
}

/* Create, open and unlink a name of any bytes; the first error. */
static int try_name(int dev, const void *name, __u32 len)
{
	struct mbox_create attr = mailbox_attr(name, len);
	struct mbox_stat stat;
	int fd, ret;

	fd = mt_ioctl(dev, MBOX_IOC_CREATE, &attr);
	if (fd < 0)
		return fd;
	mt_stat(fd, &stat);
	close(fd);
	if (stat.name_len != len || memcmp(stat.name, name, len) ||
	    stat.name[len])
		return -EPROTO;
	fd = mt_open_target(dev, target_named(name, len), MBOX_O_READ);
	if (fd < 0)
		return fd;
	ret = mt_stat_of(fd).id == stat.id ? 0 : -ESTALE;
	close(fd);
	return mt_unlink_target(dev, target_named(name, len)) ?: ret;
}

/* The same error from each command that takes a name. */
static int refuse_name(int dev, const void *name, __u32 len)
{
	struct mbox_create attr = mailbox_attr(name, len);
	struct mbox_target target = target_named(name, len);
	int error = mt_ioctl(dev, MBOX_IOC_CREATE, &attr);

	if (mt_open_target(dev, target, MBOX_O_READ) != error ||
	    mt_unlink_target(dev, target) != error)
		return -EPROTO;
	return error;
}

TEST_F(names, length)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	EXPECT_EQ(0, try_name(self->dev, name, 1));
	EXPECT_EQ(0, try_name(self->dev, name, 254));
	EXPECT_EQ(0, try_name(self->dev, name, 255));
	EXPECT_EQ(-ENAMETOOLONG, refuse_name(self->dev, name, 256));
	EXPECT_EQ(-ENAMETOOLONG, refuse_name(self->dev, name, 257));
	EXPECT_EQ(-ENAMETOOLONG, refuse_name(self->dev, name, ~0U));
}

TEST_F(names, any_byte_but_slash_and_nul)
{
	char name[] = "a?b", byte[1];
	int c;

	for (c = 0; c < 256; c++) {
		name[1] = c;
		byte[0] = c;
		if (c == '/' || !c) {
			EXPECT_EQ(-EINVAL, refuse_name(self->dev, name, 3));
			EXPECT_EQ(-EINVAL, refuse_name(self->dev, byte, 1));
			name[2] = c;
			EXPECT_EQ(-EINVAL, refuse_name(self->dev, name, 3));
			name[2] = 'b';
		} else {
			EXPECT_EQ(0, try_name(self->dev, name, 3));
			EXPECT_EQ(0, try_name(self->dev, byte, 1));
		}
	}
	EXPECT_EQ(0, try_name(self->dev, "..", 2));
}

TEST_F(names, are_their_bytes_and_length)
{
	static const char * const other[] = { "abc", "ab", "abd", "abcd", "ABC", "a" };
	int fds[ARRAY_SIZE(other)];
	size_t i;

	/* "abcdef" of length 3 is "abc" */
	fds[0] = mt_mailbox(self->dev, "abc", MT_RW | MBOX_CREATE_EXCL);
	ASSERT_LE(0, fds[0]);
	fds[1] = mt_open_target(self->dev, target_named("abcdef", 3), 0);
	EXPECT_EQ(mt_stat_of(fds[0]).id, mt_stat_of(fds[1]).id);
	close(fds[1]);

	for (i = 1; i < ARRAY_SIZE(other); i++) {
		fds[i] = mt_mailbox(self->dev, other[i],
				    MT_RW | MBOX_CREATE_EXCL);
		EXPECT_LE(0, fds[i]);
	}
	for (i = 0; i < ARRAY_SIZE(other); i++) {
		EXPECT_EQ(0, mt_unlink(self->dev, other[i]));
		EXPECT_EQ(0U, mt_stat_of(fds[i]).state & MBOX_STATE_LINKED);
		close(fds[i]);
	}
}

TEST_F(names, create_or_open)
{
	struct mbox_create attr = {
		.flags = MBOX_O_READ,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 3,
		.msg_size = 100,
		.max_bytes = 1000,
		.mode = 0666,
	};
	struct mbox_stat stat;
	int fd;

	attr.flags |= MBOX_CREATE_MODE | MBOX_CREATE_FIXED;
	fd = mt_create(self->dev, self->name, &attr);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mt_stat(fd, &stat));
	EXPECT_EQ(self->stat.id, stat.id);
	EXPECT_EQ(2U, stat.endpoints);
	/* the attributes given did not count */
	EXPECT_EQ((__u32)MBOX_DEFAULT_MAX_MSGS, stat.max_msgs);
	EXPECT_EQ((__u32)MBOX_DEFAULT_MSG_SIZE, stat.msg_size);
	EXPECT_EQ((__u64)MBOX_DEFAULT_MAX_BYTES, stat.max_bytes);
	EXPECT_EQ((__u32)MBOX_DEFAULT_MODE, stat.mode);
	EXPECT_EQ((__u32)MBOX_STATE_LINKED, stat.state);
	/* the access did */
	EXPECT_EQ(-EBADF, mt_send(fd, "", 0, 0, MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv(fd, NULL, 0, MBOX_DONTWAIT));
	close(fd);
}

TEST_F(names, taken)
{
	EXPECT_EQ(-EEXIST, mt_mailbox(self->dev, self->name,
				      MT_RW | MBOX_CREATE_EXCL));
	EXPECT_EQ(-EEXIST, mt_region(self->dev, self->name, MT_RW, 4096));
	EXPECT_EQ(-EEXIST, mt_region(self->dev, self->name,
				     MT_RW | MBOX_CREATE_EXCL, 4096));
	EXPECT_EQ(1U, mt_stat_of(self->box).endpoints);
}

TEST_F(names, kinds)
{
	struct mbox_target target = mt_by_name(self->name);
	struct mbox_target by_id = mt_by_id(self->stat.id);
	struct mbox_target by_fd = mt_by_fd(self->box);
	int fd;

	target.kind = MBOX_KIND_REGION;
	by_id.kind = MBOX_KIND_REGION;
	by_fd.kind = MBOX_KIND_REGION;
	EXPECT_EQ(-EINVAL, mt_open_target(self->dev, target, MT_RW));
	EXPECT_EQ(-EINVAL, mt_open_target(self->dev, by_id, MT_RW));
	EXPECT_EQ(-EINVAL, mt_open_target(self->dev, by_fd, MT_RW));
	EXPECT_EQ(-EINVAL, mt_unlink_target(self->dev, target));
	EXPECT_EQ(-EINVAL, mt_unlink_target(self->dev, by_id));
	EXPECT_EQ(-EINVAL, mt_unlink_target(self->dev, by_fd));

	target.kind = MBOX_KIND_MAILBOX;
	fd = mt_open_target(self->dev, target, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, mt_unlink_target(self->dev, target));
}

TEST_F(names, open_by_id_and_descriptor)
{
	int by_id = mt_open_id(self->dev, self->stat.id, MT_RW);
	int by_fd = mt_open_fd(self->dev, self->box, MT_RW);
	char c;

	ASSERT_LE(0, by_id);
	ASSERT_LE(0, by_fd);
	EXPECT_EQ(3U, mt_stat_of(self->box).endpoints);
	EXPECT_EQ(0, mt_send(by_id, "x", 1, 0, 0));
	EXPECT_EQ(1, mt_recv(by_fd, &c, 1, MBOX_DONTWAIT));
	close(by_id);
	close(by_fd);
	EXPECT_EQ(1U, mt_stat_of(self->box).endpoints);
}

TEST_F(names, no_such_object)
{
	__u64 ids[] = { 0, self->stat.id + 1000, 1ULL << 63, ~0ULL };
	size_t i;

	EXPECT_EQ(-ENOENT, mt_open(self->dev, "no such name", MT_RW));
	EXPECT_EQ(-ENOENT, mt_unlink(self->dev, "no such name"));
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ENOENT, mt_open_id(self->dev, ids[i], MT_RW));
		EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev,
						    mt_by_id(ids[i])));
	}
	EXPECT_EQ(-EBADF, mt_open_fd(self->dev, -1, MT_RW));
	EXPECT_EQ(-EBADF, mt_open_fd(self->dev, 1 << 20, MT_RW));
	EXPECT_EQ(-EBADF, mt_open_fd(self->dev, self->dev, MT_RW));
	EXPECT_EQ(-EBADF, mt_open_fd(self->dev, STDERR_FILENO, MT_RW));
	EXPECT_EQ(-EBADF, mt_unlink_target(self->dev, mt_by_fd(-1)));
	EXPECT_EQ(-EBADF, mt_unlink_target(self->dev, mt_by_fd(self->dev)));
}

/* The flag counts, not whether the id is 0: root is an owner like others. */
TEST_F(names, expected_owner)
{
	struct mbox_target target = mt_by_name(self->name);
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = MT_UID_A };
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_OWNER,
		.kind = MBOX_KIND_MAILBOX,
	};
	char *fresh = mt_name("fresh");
	int fd;

	target.flags = MBOX_TARGET_OWNER;
	fd = mt_open_target(self->dev, target, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);

	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(-EACCES, mt_open_target(self->dev, target, MT_RW));
	EXPECT_EQ(-EACCES, mt_open_target(self->dev, target, 0));
	EXPECT_EQ(-EACCES, mt_unlink_target(self->dev, target));
	EXPECT_EQ(-EACCES, mt_create(self->dev, self->name, &attr));
	EXPECT_EQ(1U, mt_stat_of(self->box).endpoints);

	target.owner = MT_UID_A;
	attr.owner = MT_UID_A;
	fd = mt_open_target(self->dev, target, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);
	fd = mt_create(self->dev, self->name, &attr);
	EXPECT_LE(0, fd);
	close(fd);
	/* nobody was there before: ours */
	fd = mt_create(self->dev, fresh, &attr);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0U, mt_stat_of(fd).uid);
	close(fd);
	EXPECT_EQ(0, mt_unlink(self->dev, fresh));
	EXPECT_EQ(0, mt_unlink_target(self->dev, target));
}

/* Does @box still take and give a message? */
static bool works(int box)
{
	char c = 0;

	return !mt_send(box, "w", 1, 0, MBOX_DONTWAIT) &&
	       mt_recv(box, &c, 1, MBOX_DONTWAIT) == 1 && c == 'w';
}

TEST_F(names, unlinked_lives_on)
{
	struct mbox_stat stat;
	char data[4];
	int fd;

	ASSERT_EQ(0, mt_send(self->box, "kept", 4, 0, 0));
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));

	EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MT_RW));
	EXPECT_EQ(-ENOENT, mt_open_id(self->dev, self->stat.id, MT_RW));
	EXPECT_EQ(-ENOENT, mt_unlink(self->dev, self->name));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev,
					    mt_by_id(self->stat.id)));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev, mt_by_fd(self->box)));

	ASSERT_EQ(0, mt_stat(self->box, &stat));
	EXPECT_EQ(0U, stat.state);
	EXPECT_EQ(self->stat.id, stat.id);
	EXPECT_EQ(4, mt_recv(self->box, data, 4, MBOX_DONTWAIT));
	EXPECT_TRUE(works(self->box));
	fd = mt_open_fd(self->dev, self->box, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);
}

/* What nobody can receive any more is thrown away, and charged no longer. */
TEST_F(names, unlinked_without_receivers_is_emptied)
{
	int w = mt_open(self->dev, self->name, MBOX_O_WRITE);
	struct mbox_usage usage;

	ASSERT_LE(0, w);
	ASSERT_EQ(0, mt_send(w, "one", 3, 0, 0));
	ASSERT_EQ(0, mt_send(w, "two", 3, 0, 0));
	close(self->box);
	self->box = -1;
	/* somebody can still come */
	EXPECT_EQ(2U, mt_stat_of(w).msgs);
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	EXPECT_EQ(0U, mt_stat_of(w).msgs);
	EXPECT_EQ(2U, mt_stat_of(w).purged);
	EXPECT_EQ(0U, mt_stat_of(w).bytes);
	EXPECT_EQ(-EPIPE, mt_send(w, "three", 5, 0, 0));
	close(w);
	EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(0U, usage.bytes.used);
}

TEST_F(names, free_at_once)
{
	struct mbox_stat stat;
	int fd;

	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	fd = mt_region(self->dev, self->name, MT_RW | MBOX_CREATE_EXCL, 4096);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mt_stat(fd, &stat));
	EXPECT_NE(self->stat.id, stat.id);
	EXPECT_EQ((__u32)MBOX_KIND_REGION, stat.kind);
	/* the former holder of the name does not take it away */
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev, mt_by_fd(self->box)));
	EXPECT_NE(0U, mt_stat_of(fd).state & MBOX_STATE_LINKED);
	EXPECT_EQ(0, mt_unlink_target(self->dev, mt_by_fd(fd)));
	close(fd);
}

TEST_F(names, object_without_descriptor_goes_with_its_name)
{
	struct mbox_usage usage;

	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
	close(self->box);
	self->box = -1;
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_EQ(1U, usage.mailboxes.used);
	EXPECT_LT(6U, usage.bytes.used);
	ASSERT_EQ(0, mt_unlink_target(self->dev, mt_by_id(self->stat.id)));
	MT_EXPECT_IDLE(self->dev, 0);
}

/* It stays, and others find it by its id. */
TEST_F(names, kernel_owned_without_name)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_KERNEL,
	};
	struct mbox_stat stat;
	int fd = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mt_stat(fd, &stat));
	EXPECT_EQ(0U, stat.name_len);
	EXPECT_EQ('\0', stat.name[0]);
	EXPECT_EQ((__u32)MBOX_STATE_LINKED, stat.state);
	close(fd);
	fd = mt_open_id(self->dev, stat.id, MT_RW);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, mt_unlink_target(self->dev, mt_by_id(stat.id)));
}

TEST_F(names, anonymous_resolves_by_descriptor_only)
{
	int fd = mt_mailbox(self->dev, NULL, MT_RW), other;
	struct mbox_stat stat;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mt_stat(fd, &stat));
	EXPECT_EQ((__u32)MBOX_LIFE_ANONYMOUS, stat.lifetime);
	EXPECT_EQ(0U, stat.state);
	EXPECT_EQ(-ENOENT, mt_open_id(self->dev, stat.id, MT_RW));
	EXPECT_EQ(-ENOENT, mt_unlink_target(self->dev, mt_by_fd(fd)));
	other = mt_open_fd(self->dev, fd, MT_RW);
	EXPECT_LE(0, other);
	close(other);
	close(fd);
}

TEST_F(names, ids_are_never_used_again)
{
	__u64 last = self->stat.id;
	struct mbox_stat stat;
	int i, fd;

	/* not even where nothing is left that has one */
	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	for (i = 0; i < 100; i++) {
		fd = i % 3 ? mt_mailbox(self->dev, "again", MT_RW) :
			     mt_region(self->dev, "again", MT_RW, 4096);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, mt_stat(fd, &stat));
		ASSERT_LT(last, stat.id);
		last = stat.id;
		ASSERT_EQ(0, mt_unlink(self->dev, "again"));
		close(fd);
	}
}

TEST_HARNESS_MAIN
