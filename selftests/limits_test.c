// SPDX-License-Identifier: GPL-2.0
/*
 * How many objects a user and a namespace may have. Root is exempt, so it is
 * children that run into the limits. Limits of memory and of a mailbox are in
 * bytes_test.c.
 */
#include "mbox_test_limits.h"

FIXTURE(limits) {
	int dev;
	struct mt_limits saved;
};

FIXTURE_SETUP(limits)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(mt_limits_save(&self->saved));
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_TRUE(mt_limits_restore(&self->saved));
	MT_EXPECT_IDLE(self->dev, MT_UID_A);
	MT_EXPECT_IDLE(self->dev, MT_UID_B);
	MT_TEARDOWN(self->dev);
}

static const struct mt_as a_in_userns = { .uid = MT_UID_A, .gid = MT_UID_A,
					  .ns = CLONE_NEWUSER };
/* 0 is A, 1 is B */
static const struct mt_as a_and_b_in_userns = { .uid = MT_UID_A,
						.gid = MT_UID_A,
						.ns = CLONE_NEWUSER,
						.map = "0 4001 2" };
static const struct mt_as exempt_a = { .uid = MT_UID_A, .gid = MT_UID_A,
				       .caps = 1ULL << CAP_SYS_RESOURCE };

/* An anonymous object; a region if it has a size. */
static int make(int dev, __u64 region_size, struct mbox_refusal *refusal)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = region_size ? MBOX_KIND_REGION : MBOX_KIND_MAILBOX,
		.region_size = region_size,
	};
	int fd = mt_create(dev, NULL, &attr);

	*refusal = attr.refusal;
	return fd;
}

/* As often as it succeeds, ten times at most. */
static int make_all(int dev, __u64 region_size, struct mbox_refusal *refusal,
		    int *error)
{
	int n, fd;

	for (n = 0; n < 10; n++) {
		fd = make(dev, region_size, refusal);
		if (fd < 0) {
			*error = fd;
			break;
		}
	}
	return n;
}

TEST_F(limits, mailboxes)
{
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;
	int error = 0, fd;

	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 3));
	if (!mt_fork(&child, &mt_user_a)) {
		fd = make(self->dev, 0, &refusal);
		EXPECT_LE(0, fd);
		EXPECT_EQ(2, make_all(self->dev, 0, &refusal, &error));
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_MAILBOXES,
					  MT_UID_A, 3, 3, 3));
		/* nothing is left of what was refused */
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(3U, usage.mailboxes.used);
		EXPECT_EQ(3U, usage.mailboxes.max);
		EXPECT_EQ(3U, usage.ns_objects.used);
		/* regions are counted apart */
		EXPECT_LE(0, make(self->dev, 1, &refusal));
		/* one goes, one comes */
		close(fd);
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_EQ(-EDQUOT, make(self->dev, 0, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* It holds when a name is given, and the name stays free. */
TEST_F(limits, named_mailboxes)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_MODE,
		.kind = MBOX_KIND_MAILBOX,
		.mode = 0666,
	};
	char *name = mt_name("refused");
	struct mt_child child;
	int fd;

	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 0));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(-EDQUOT, mt_mailbox(self->dev, name, MT_RW));
		EXPECT_EQ(-EDQUOT, mt_mailbox(self->dev, name,
					      MT_RW | MBOX_CREATE_EXCL));
		EXPECT_EQ(-ENOENT, mt_open(self->dev, name, 0));
		/* to open what is there costs nothing */
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_LE(0, mt_mailbox(self->dev, name, MT_RW));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	fd = mt_create(self->dev, name, &attr);
	EXPECT_LE(0, fd);
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	close(fd);
}

TEST_F(limits, regions)
{
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;
	int error = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_REGIONS, 2));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(2, make_all(self->dev, 1, &refusal, &error));
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_REGIONS,
					  MT_UID_A, 2, 2, 2));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(2U, usage.regions.used);
		EXPECT_EQ(2U, usage.ns_objects.used);
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(limits, region_bytes)
{
	__u64 page = sysconf(_SC_PAGESIZE);
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;

	ASSERT_TRUE(mt_limit_set(MT_USER_REGION_BYTES, 3 * page));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(-EDQUOT, make(self->dev, 3 * page + 1, &refusal));
		EXPECT_TRUE(mt_refusal_is(&refusal,
					  MBOX_LIMIT_USER_REGION_BYTES,
					  MT_UID_A, 0, 0, 3 * page));
		/* sums do not overflow */
		EXPECT_EQ(-EDQUOT, make(self->dev, 1ULL << 62, &refusal));
		/* what counts is whole pages */
		EXPECT_LE(0, make(self->dev, page + 1, &refusal));
		EXPECT_EQ(-EDQUOT, make(self->dev, page + 1, &refusal));
		EXPECT_TRUE(mt_refusal_is(&refusal,
					  MBOX_LIMIT_USER_REGION_BYTES,
					  MT_UID_A, 2 * page, 2 * page,
					  3 * page));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(2 * page, usage.region_bytes.used);
		EXPECT_EQ(3 * page, usage.region_bytes.max);
		EXPECT_EQ(1U, usage.regions.used);
		EXPECT_EQ(1U, usage.ns_objects.used);
		EXPECT_LE(0, make(self->dev, page, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* Memory that is mapped is still there, though all descriptors are closed. */
TEST_F(limits, mapping_keeps_the_charge)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;

	ASSERT_TRUE(mt_limit_set(MT_USER_REGION_BYTES, page));
	if (!mt_fork(&child, &mt_user_a)) {
		int fd = make(self->dev, page, &refusal);
		void *map = mmap(NULL, page, PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

		EXPECT_TRUE(map != MAP_FAILED);
		close(fd);
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(page, usage.region_bytes.used);
		EXPECT_EQ(-EDQUOT, make(self->dev, page, &refusal));
		munmap(map, page);
		EXPECT_TRUE(MT_UNTIL(mt_is_idle(self->dev, MT_UID_A)));
		EXPECT_LE(0, make(self->dev, page, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* A has most, with names or without, so A is named, even to B. */
TEST_F(limits, objects_of_the_namespace)
{
	struct mbox_refusal refusal;
	struct mt_child a, b;
	char *names[3];
	int i;

	for (i = 0; i < 3; i++)
		names[i] = mt_name("object");
	ASSERT_TRUE(mt_limit_set(MT_NS_OBJECTS, 5));
	if (!mt_fork(&a, &mt_user_a)) {
		EXPECT_LE(0, mt_mailbox(self->dev, names[0], MT_RW));
		EXPECT_LE(0, mt_region(self->dev, names[1], MT_RW, 1));
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_EQ(0, mt_tell(a.sock, 0));
		EXPECT_EQ(0, mt_hear(a.sock));
		EXPECT_EQ(-ENOSPC, make(self->dev, 1, &refusal));
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_NS_OBJECTS,
					  MT_UID_A, 3, 5, 5));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(a.sock));
	if (!mt_fork(&b, &mt_user_b)) {
		struct mbox_usage usage;
		int fd;

		EXPECT_LE(0, mt_mailbox(self->dev, names[2], MT_RW));
		fd = make(self->dev, 0, &refusal);
		EXPECT_LE(0, fd);
		EXPECT_EQ(-ENOSPC, make(self->dev, 0, &refusal));
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_NS_OBJECTS,
					  MT_UID_A, 3, 5, 5));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_B, &usage));
		EXPECT_EQ(5U, usage.ns_objects.used);
		EXPECT_EQ(5U, usage.ns_objects.max);
		EXPECT_EQ(2U, usage.mailboxes.used);
		/* a taken name is refused for being taken */
		EXPECT_EQ(-EEXIST, mt_mailbox(self->dev, names[2],
					      MT_RW | MBOX_CREATE_EXCL));
		EXPECT_EQ(0, mt_tell(b.sock, 0));
		EXPECT_EQ(0, mt_hear(b.sock));
		close(fd);
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(b.sock));
	mt_tell(a.sock, 0);
	EXPECT_EQ(0, mt_child_end(&a));
	mt_tell(b.sock, 0);
	EXPECT_EQ(0, mt_child_end(&b));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_unlink(self->dev, names[i]));
}

/* Objects that others take with theirs are none of one's own. */
TEST_F(limits, two_users)
{
	struct mbox_refusal refusal;
	struct mt_child a, b;
	int error = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 2));
	if (!mt_fork(&a, &mt_user_a)) {
		EXPECT_EQ(2, make_all(self->dev, 0, &refusal, &error));
		EXPECT_EQ(0, mt_tell(a.sock, 0));
		mt_hear(a.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(a.sock));
	if (!mt_fork(&b, &mt_user_b)) {
		EXPECT_EQ(2, make_all(self->dev, 0, &refusal, &error));
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_MAILBOXES,
					  MT_UID_B, 2, 2, 2));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&b));
	EXPECT_EQ(0, mt_child_end(&a));
}

/*
 * A new user namespace brings no new limits, however deep, and its root, with
 * all capabilities in there, is not exempt.
 */
TEST_F(limits, user_namespace_resets_nothing)
{
	struct mbox_refusal refusal;
	struct mt_child a, inner;
	int error = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 3));
	if (!mt_fork(&a, &mt_user_a)) {
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_EQ(0, mt_tell(a.sock, 0));
		mt_hear(a.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(a.sock));
	if (!mt_fork(&inner, &a_in_userns)) {
		struct mbox_usage usage;

		EXPECT_EQ(1, make_all(self->dev, 0, &refusal, &error));
		EXPECT_EQ(-EDQUOT, error);
		/* it is the user outside whose limit is reached */
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_MAILBOXES,
					  0, 3, 3, 3));
		EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
		EXPECT_EQ(1U, usage.mailboxes.used);
		EXPECT_EQ(0, unshare(CLONE_NEWUSER));
		EXPECT_EQ(-EDQUOT, make(self->dev, 0, &refusal));
		EXPECT_EQ(3U, refusal.used);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&inner));
	EXPECT_EQ(0, mt_child_end(&a));
}

/* All users of a namespace together take from its owner, and only from it. */
TEST_F(limits, users_of_a_namespace_share_its_owners)
{
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;
	int error = 0;

	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 3));
	if (!mt_fork(&child, &a_and_b_in_userns)) {
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_EQ(0, setresuid(1, 1, 1));
		EXPECT_EQ(2, make_all(self->dev, 0, &refusal, &error));
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_MAILBOXES,
					  0, 3, 3, 3));
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
	EXPECT_EQ(3U, usage.mailboxes.used);
	EXPECT_EQ(0, mt_usage(self->dev, MT_UID_B, &usage));
	EXPECT_EQ(0U, usage.mailboxes.used);
	EXPECT_EQ(0, mt_child_end(&child));
}

/* Counted, never refused; nor is a refusal told that there was none. */
TEST_F(limits, capability_exempts)
{
	struct mbox_refusal refusal;
	struct mbox_usage usage;
	struct mt_child child;
	int limit, i;

	for (limit = 0; limit < MT_NR_LIMITS; limit++)
		ASSERT_TRUE(mt_limit_set(limit, 1));
	if (!mt_fork(&child, &exempt_a)) {
		for (i = 0; i < 4; i++) {
			EXPECT_LE(0, make(self->dev, i / 2, &refusal));
			EXPECT_EQ(0U, refusal.limit);
		}
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(2U, usage.mailboxes.used);
		EXPECT_EQ(2U, usage.regions.used);
		EXPECT_EQ(4U, usage.ns_objects.used);
		EXPECT_EQ(1U, usage.region_bytes.max);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* Where nothing is told, nothing is written: a const struct will do. */
TEST_F(limits, capability_exempts_with_a_const_struct)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct mbox_create *attr;
	int fd;

	attr = mmap(NULL, page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(attr != MAP_FAILED);
	attr->size = sizeof(*attr);
	attr->flags = MT_RW;
	attr->kind = MBOX_KIND_MAILBOX;
	ASSERT_EQ(0, mprotect(attr, page, PROT_READ));
	ASSERT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 0));
	ASSERT_TRUE(mt_limit_set(MT_NS_OBJECTS, 0));
	fd = mt_ioctl(self->dev, MBOX_IOC_CREATE, attr);
	EXPECT_LE(0, fd);
	close(fd);
}

/* Lowered below what is used, it takes nothing away and adds nothing. */
TEST_F(limits, change_at_run_time)
{
	struct mbox_refusal refusal;
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_a)) {
		int fd = make(self->dev, 0, &refusal);

		EXPECT_LE(0, make(self->dev, 0, &refusal));
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_EQ(-EDQUOT, make(self->dev, 0, &refusal));
		EXPECT_TRUE(mt_refusal_is(&refusal, MBOX_LIMIT_USER_MAILBOXES,
					  MT_UID_A, 2, 2, 1));
		EXPECT_EQ(0, mt_send(fd, "", 0, 0, 0));
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		EXPECT_EQ(0, mt_hear(child.sock));
		EXPECT_LE(0, make(self->dev, 0, &refusal));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	EXPECT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 1));
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_hear(child.sock));
	EXPECT_TRUE(mt_limit_set(MT_USER_MAILBOXES, 3));
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
