// SPDX-License-Identifier: GPL-2.0
/*
 * Who may open what: mode bits, directions, the capability, and descriptors,
 * which carry the rights with which they were opened. Who may change an object
 * is in attr_test.c.
 *
 * Children use the descriptor of /dev/mbox that root has opened: it must not
 * lend them root's rights.
 */
#include "mbox_test_util.h"

#include <sys/stat.h>

#define CAP(cap) (1ULL << (cap))

FIXTURE(perm) {
	int dev;
	char *name;
	int box;
};

FIXTURE_SETUP(perm)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(perm)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

static int set_owner(int box, uid_t uid, gid_t gid, __u32 mode)
{
	struct mbox_set set = {
		.flags = MBOX_SET_UID | MBOX_SET_GID | MBOX_SET_MODE,
		.uid = uid,
		.gid = gid,
		.mode = mode,
	};

	return mt_set(box, &set);
}

/* Which accesses are granted by name, a bit each: read 4, write 2, both 1. */
static int granted(int dev, const char *name)
{
	static const unsigned int access[] = { MT_RW, MBOX_O_WRITE, MBOX_O_READ };
	int i, fd, bits = 0;

	for (i = 0; i < 3; i++) {
		fd = mt_open(dev, name, access[i]);
		if (fd >= 0) {
			bits |= 1 << i;
			close(fd);
		} else if (fd != -EACCES) {
			return fd;
		}
	}
	return bits;
}

/*
 * Every combination of bits for each class. The other classes have the
 * opposite bits: only the first class that fits counts, as for files.
 */
TEST_F(perm, mode_bits_of_each_class)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		int shift;
	} class[] = {
		{ MT_UID_A, MT_UID_A, 6 },
		{ MT_UID_A, MT_UID_B, 6 },
		{ MT_UID_B, MT_UID_A, 3 },
		{ MT_UID_B, MT_UID_B, 0 },
	};
	static const int bits[] = { 0, 2, 4, 6 };
	struct mt_child child;
	size_t i, j;

	if (!mt_fork(&child, &mt_user_a)) {
		while (mt_hear(child.sock) == 1)
			mt_tell(child.sock, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < ARRAY_SIZE(class); i++) {
		for (j = 0; j < ARRAY_SIZE(bits); j++) {
			int mine = 7 << class[i].shift;
			__u32 mode = (bits[j] << class[i].shift) |
				     (~(bits[j] * 0111) & 0666 & ~mine);
			int expected = bits[j] == 6 ? 7 : bits[j];

			ASSERT_EQ(0, set_owner(self->box, class[i].uid,
					       class[i].gid, mode));
			ASSERT_EQ(0, mt_tell(child.sock, 1));
			EXPECT_EQ(expected, mt_hear(child.sock)) {
				TH_LOG("uid %u gid %u mode %o", class[i].uid,
				       class[i].gid, mode);
			}
		}
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* Creating what is there is opening it. */
TEST_F(perm, create_or_open_asks_for_permission)
{
	struct mt_child child;

	ASSERT_EQ(0, set_owner(self->box, 0, 0, 0604));
	if (!mt_fork(&child, &mt_user_a)) {
		int fd;

		EXPECT_EQ(-EACCES, mt_mailbox(self->dev, self->name, MT_RW));
		EXPECT_EQ(-EACCES, mt_mailbox(self->dev, self->name,
					      MBOX_O_WRITE));
		fd = mt_mailbox(self->dev, self->name, MBOX_O_READ);
		EXPECT_LE(0, fd);
		close(fd);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1U, mt_stat_of(self->box).endpoints);
}

/* The creator is not asked: a mode may leave only senders, say. */
TEST_F(perm, creator_gets_what_it_asks_for)
{
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_a)) {
		struct mbox_create attr = {
			.flags = MT_RW | MBOX_CREATE_MODE,
			.kind = MBOX_KIND_MAILBOX,
			.mode = 0,
		};
		char *name = mt_name("mine"), c;
		int fd = mt_create(self->dev, name, &attr);

		EXPECT_EQ(0, mt_send(fd, "x", 1, 0, 0));
		EXPECT_EQ(1, mt_recv(fd, &c, 1, 0));
		EXPECT_EQ(0U, mt_stat_of(fd).mode);
		EXPECT_EQ(0, granted(self->dev, name));
		EXPECT_EQ(0, mt_unlink(self->dev, name));
		close(fd);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(perm, default_mode_is_the_owners_and_no_umask_applies)
{
	struct mbox_create attr = {
		.flags = MBOX_O_READ | MBOX_CREATE_MODE,
		.kind = MBOX_KIND_MAILBOX,
		.mode = 0666,
	};
	mode_t mask = umask(077);
	int fd = mt_create(self->dev, NULL, &attr);

	umask(mask);
	EXPECT_EQ(0666U, mt_stat_of(fd).mode);
	EXPECT_EQ(0600U, mt_stat_of(self->box).mode);
	close(fd);
}

/* Effective ids count, not real ones. */
TEST_F(perm, effective_ids_and_further_groups)
{
	static const struct mt_as root = {};
	gid_t groups[] = { 99, MT_UID_B };
	struct mt_child child;

	ASSERT_EQ(0, set_owner(self->box, MT_UID_A, MT_UID_B, 0240));
	if (!mt_fork(&child, &root)) {
		EXPECT_EQ(0, seteuid(MT_UID_A));
		EXPECT_EQ(2, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	if (!mt_fork(&child, &root)) {
		EXPECT_EQ(0, setgroups(2, groups));
		EXPECT_EQ(0, seteuid(MT_UID_B));
		EXPECT_EQ(4, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* CAP_IPC_OWNER overrides, nothing else does. */
TEST_F(perm, capability)
{
	const struct mt_as with = { .uid = MT_UID_A, .gid = MT_UID_A,
				    .caps = CAP(CAP_IPC_OWNER) };
	const struct mt_as others = { .uid = MT_UID_A, .gid = MT_UID_A,
				      .caps = CAP(CAP_DAC_OVERRIDE) |
					      CAP(CAP_SYS_ADMIN) |
					      CAP(CAP_SYS_RESOURCE) |
					      CAP(CAP_FOWNER) };
	struct mt_child child;

	ASSERT_EQ(0, set_owner(self->box, 0, 0, 0));
	if (!mt_fork(&child, &others)) {
		EXPECT_EQ(0, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	if (!mt_fork(&child, &with)) {
		EXPECT_EQ(7, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* All capabilities in a user namespace are none in the one above it. */
TEST_F(perm, capability_of_a_user_namespace)
{
	const struct mt_as alone = { .uid = MT_UID_A, .gid = MT_UID_A,
				     .ns = CLONE_NEWUSER };
	const struct mt_as both = { .uid = MT_UID_A, .gid = MT_UID_A,
				    .ns = CLONE_NEWUSER | CLONE_NEWNET,
				    .map = "0 4001 2" };
	struct mt_child child;

	ASSERT_EQ(0, set_owner(self->box, 0, 0, 0));
	if (!mt_fork(&child, &alone)) {
		int dev = mt_device();

		EXPECT_EQ(0, granted(dev, self->name));
		EXPECT_EQ(0, granted(self->dev, self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));

	/* but they hold for objects of a network namespace that it owns */
	if (!mt_fork(&child, &both)) {
		int dev = mt_device();
		int box = mt_mailbox(dev, self->name, MT_RW);

		EXPECT_EQ(0, set_owner(box, 1, 1, 0));
		EXPECT_EQ(7, granted(dev, self->name));
		EXPECT_EQ(0, granted(self->dev, self->name));
		/* the machine's root has them too */
		EXPECT_EQ(0, mt_fd_send(child.sock, dev));
		EXPECT_EQ(7, mt_hear(child.sock));
		EXPECT_EQ(0, setresuid(1, 1, 1));
		EXPECT_EQ(0, granted(dev, self->name));
		MT_CHILD_EXIT();
	}
	mt_tell(child.sock, granted(mt_fd_recv(child.sock), self->name));
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(perm, directions)
{
	int r = mt_open(self->dev, self->name, MBOX_O_READ);
	int w = mt_open(self->dev, self->name, MBOX_O_WRITE);
	int none = mt_open(self->dev, self->name, 0);
	struct mbox_stat stat;
	char c;

	ASSERT_EQ(0, mt_stat(self->box, &stat));
	EXPECT_EQ(4U, stat.endpoints);
	EXPECT_EQ(2U, stat.readers);
	EXPECT_EQ(2U, stat.writers);

	EXPECT_EQ(-EBADF, mt_send(r, "x", 1, 0, MBOX_DONTWAIT));
	EXPECT_EQ(-EBADF, mt_send(none, "x", 1, 0, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_send(w, "x", 1, 0, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_send(w, "y", 1, 0, MBOX_DONTWAIT));

	EXPECT_EQ(-EBADF, mt_recv(w, &c, 1, MBOX_DONTWAIT));
	EXPECT_EQ(-EBADF, mt_recv(none, &c, 1, MBOX_DONTWAIT));
	EXPECT_EQ(-EBADF, mt_purge(w));
	EXPECT_EQ(-EBADF, mt_purge(none));
	EXPECT_EQ(1, mt_recv(r, &c, 1, MBOX_DONTWAIT));
	EXPECT_EQ(1, mt_purge(r));
	close(r);
	close(w);
	close(none);
}

/*
 * A descriptor for neither direction: for the owner whatever the mode, and for
 * others who have any permission at all.
 */
TEST_F(perm, descriptor_without_access)
{
	static const struct {
		uid_t uid;
		__u32 mode;
		int error;
	} what[] = {
		{ MT_UID_A, 0000, 0 },
		{ MT_UID_A, 0066, 0 },
		{ MT_UID_B, 0000, -EACCES },
		{ MT_UID_B, 0660, -EACCES },
		{ MT_UID_B, 0004, 0 },
		{ MT_UID_B, 0002, 0 },
	};
	struct mt_child child;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		ASSERT_EQ(0, set_owner(self->box, what[i].uid, 0,
				       what[i].mode));
		if (!mt_fork(&child, &mt_user_a)) {
			int fd = mt_open(self->dev, self->name, 0);

			EXPECT_EQ(what[i].error, fd < 0 ? fd : 0);
			MT_CHILD_EXIT();
		}
		EXPECT_EQ(0, mt_child_end(&child)) {
			TH_LOG("uid %u mode %o", what[i].uid, what[i].mode);
		}
	}
	/* it shows all, and changes nothing but for the owner */
	ASSERT_EQ(0, set_owner(self->box, MT_UID_B, 0, 0004));
	if (!mt_fork(&child, &mt_user_a)) {
		int fd = mt_open(self->dev, self->name, 0);
		struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = 0666 };
		struct mbox_stat stat;

		EXPECT_EQ(0, mt_stat(fd, &stat));
		EXPECT_EQ(strlen(self->name), (size_t)stat.name_len);
		EXPECT_EQ(2U, stat.endpoints);
		EXPECT_EQ(1U, stat.readers);
		EXPECT_EQ(-EACCES, mt_set(fd, &set));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* As root, whom a mode would not stop either. */
TEST_F(perm, by_descriptor_never_gains)
{
	static const unsigned int access[] = { 0, MBOX_O_READ, MBOX_O_WRITE,
					       MT_RW };
	char path[64];
	size_t i, j;
	int from, fd;

	for (i = 0; i < ARRAY_SIZE(access); i++) {
		from = mt_open(self->dev, self->name, access[i]);
		ASSERT_LE(0, from);
		for (j = 0; j < ARRAY_SIZE(access); j++) {
			fd = mt_open_fd(self->dev, from, access[j]);
			EXPECT_EQ(access[j] & ~access[i] ? -EACCES : 0,
				  fd < 0 ? fd : 0);
			if (fd >= 0)
				close(fd);
		}
		snprintf(path, sizeof(path), "/proc/self/fd/%d", from);
		EXPECT_EQ(-1, open(path, O_RDWR));
		close(from);
	}
}

/* A descriptor stays good whoever holds it and whatever the mode becomes. */
TEST_F(perm, descriptor_passed_over_a_socket)
{
	struct mt_child child;
	int w;

	if (!mt_fork(&child, &mt_user_a)) {
		int fd = mt_fd_recv(child.sock), end;
		char c;

		EXPECT_EQ(0, mt_send(fd, "x", 1, 0, MBOX_DONTWAIT));
		EXPECT_EQ(-EBADF, mt_recv(fd, &c, 1, MBOX_DONTWAIT));
		EXPECT_EQ(0, granted(self->dev, self->name));
		end = mt_open_fd(self->dev, fd, MBOX_O_WRITE);
		EXPECT_EQ(0, mt_send(end, "x", 1, 0, MBOX_DONTWAIT));
		EXPECT_EQ(-EACCES, mt_open_fd(self->dev, fd, MBOX_O_READ));
		mt_tell(child.sock, 1);
		/* the parent takes all permission away */
		EXPECT_EQ(1, mt_hear(child.sock));
		EXPECT_EQ(0, mt_send(fd, "x", 1, 0, MBOX_DONTWAIT));
		MT_CHILD_EXIT();
	}
	w = mt_open(self->dev, self->name, MBOX_O_WRITE);
	EXPECT_EQ(0, mt_fd_send(child.sock, w));
	close(w);
	EXPECT_EQ(1, mt_hear(child.sock));
	ASSERT_EQ(0, set_owner(self->box, 0, 0, 0));
	mt_tell(child.sock, 1);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(3U, mt_stat_of(self->box).msgs);
}

/* A region's bits say how it may be mapped. */
TEST_F(perm, region)
{
	char *name = mt_name("region");
	int region = mt_region(self->dev, name, MT_RW, 4096);
	struct mt_child child;

	ASSERT_LE(0, region);
	ASSERT_EQ(0, set_owner(region, 0, 0, 0644));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(4, granted(self->dev, name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	close(region);
}

TEST_HARNESS_MAIN
