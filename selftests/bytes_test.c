// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a user's messages, the room of a mailbox, and who is named
 * when either is used up.
 */
#include "mbox_test_limits.h"

#define KIB 1024

FIXTURE(bytes) {
	int dev;
	struct mt_limits saved;
	int box;
	char data[8 * KIB];
};

/* A mailbox of root's that takes more than the limit of a user. */
FIXTURE_SETUP(bytes)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 100000,
		.max_bytes = 16 << 20,
		.msg_size = 1 << 20,
	};

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(mt_limits_save(&self->saved));
	self->box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(bytes)
{
	EXPECT_TRUE(mt_limits_restore(&self->saved));
	close(self->box);
	MT_EXPECT_IDLE(self->dev, MT_UID_A);
	MT_EXPECT_IDLE(self->dev, MT_UID_B);
	MT_TEARDOWN(self->dev);
}

static __u64 used_by(int dev, uid_t uid)
{
	struct mbox_usage usage;

	return mt_usage(dev, uid, &usage) ? ~0ULL : usage.bytes.used;
}

/* Send until it fails, blocking if it would; how often it succeeded. */
static int fill(int box, const void *data, size_t len, struct mbox_send *last)
{
	int n;

	for (n = 0; n < 100000; n++) {
		*last = (struct mbox_send){
			.buf = (uintptr_t)data,
			.len = len,
		};
		if (mt_sendmsg(box, last))
			break;
	}
	return n;
}

/* Headers count too; nothing is lost at the end but less than a message. */
TEST_F(bytes, limit_is_exact)
{
	static const size_t len[] = { 0, 1, 64, 4000, sizeof(self->data) };
	const __u64 max = 256 * KIB;
	struct mt_child child;
	size_t i;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, max));
	if (!mt_fork(&child, &mt_user_a)) {
		for (i = 0; i < ARRAY_SIZE(len); i++) {
			struct mbox_send last;
			__u64 used;
			int n;

			n = fill(self->box, self->data, len[i], &last);
			EXPECT_EQ(EDQUOT, errno);
			used = used_by(self->dev, MT_UID_A);
			EXPECT_GE(max, used);
			EXPECT_LT(max - len[i] - 256, used);
			EXPECT_LT(n * len[i], used);
			EXPECT_GT(n * (len[i] * 2 + 256), used);
			EXPECT_TRUE(mt_refusal_is(&last.refusal,
						  MBOX_LIMIT_USER_BYTES,
						  MT_UID_A, used, used, max));
			EXPECT_EQ((__u32)n, mt_stat_of(self->box).msgs);
			EXPECT_EQ(n, mt_purge(self->box));
		}
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(bytes, refused_send_changes_nothing)
{
	static const char large[64 * KIB];
	struct mt_child child;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 64 * KIB));
	if (!mt_fork(&child, &mt_user_a)) {
		struct mbox_send last;
		struct mt_state before;
		char c;

		/* more than all there is: it is not even looked at */
		EXPECT_EQ(-EDQUOT, mt_send(self->box, large, sizeof(large),
					   0, 0));
		EXPECT_EQ(-EDQUOT, mt_send(self->box, NULL, sizeof(large),
					   0, 0));
		fill(self->box, self->data, 100, &last);
		before = mt_state_of(self->dev, self->box, MT_UID_A);
		EXPECT_EQ(-EDQUOT, mt_send(self->box, self->data, 100, 9, 0));
		EXPECT_EQ(-EDQUOT, mt_send(self->box, self->data, 100, 0,
					   MBOX_DONTWAIT));
		EXPECT_TRUE(mt_state_is(self->dev, self->box, MT_UID_A,
					&before));
		/* one goes, one comes */
		EXPECT_EQ(-EMSGSIZE, mt_recv(self->box, &c, 1, 0));
		EXPECT_EQ(100, mt_recv(self->box, self->data, 100, 0));
		EXPECT_EQ(0, mt_send(self->box, self->data, 100, 0, 0));
		EXPECT_EQ(-EDQUOT, mt_send(self->box, self->data, 100, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* What would have made room for a message stays if that has no memory. */
static int check_drops_nothing(int dev, int full, char *data,
			       enum mbox_receivers receivers)
{
	static const int left[] = { 102, 103, 3000, 3001, -EAGAIN };
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 4,
		.when_full = MBOX_FULL_DROP_OLDEST,
		.receivers = receivers,
	};
	int box = mt_create(dev, NULL, &attr), i, wrong = 0;
	struct mbox_send last;

	for (i = 0; i < 4; i++)
		wrong += !!mt_send(box, data, 100 + i, 0, 0);
	fill(full, data, 1000, &last);
	wrong += last.refusal.limit != MBOX_LIMIT_USER_BYTES;
	/* for two there is enough in what is drawn for the mailbox */
	wrong += mt_send(box, data, 3000, 0, 0) != 0;
	wrong += mt_send(box, data, 3001, 0, 0) != 0;
	wrong += mt_send(box, data, 3002, 0, 0) != -EDQUOT;
	wrong += mt_stat_of(box).msgs != 4 || mt_stat_of(box).lost != 2 ||
		 mt_stat_of(box).bytes != 102 + 103 + 3000 + 3001;
	/* who receives a broadcast may be charged for that */
	mt_purge(full);
	for (i = 0; i < ARRAY_SIZE(left); i++)
		wrong += mt_recv(box, data, 8 * KIB, MBOX_DONTWAIT) != left[i];
	wrong += mt_stat_of(box).msgs || mt_stat_of(box).bytes;
	close(box);
	return wrong;
}

TEST_F(bytes, refused_send_drops_nothing)
{
	static const enum mbox_receivers receivers[] = {
		MBOX_RECEIVERS_ANY, MBOX_RECEIVERS_BROADCAST,
	};
	struct mt_child child;
	int i;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 64 * KIB));
	for (i = 0; i < ARRAY_SIZE(receivers); i++) {
		if (!mt_fork(&child, &mt_user_a)) {
			EXPECT_EQ(0, check_drops_nothing(self->dev, self->box,
							 self->data,
							 receivers[i]));
			MT_CHILD_EXIT();
		}
		EXPECT_EQ(0, mt_child_end(&child));
		mt_purge(self->box);
	}
}

/* All that a user has queued anywhere counts; another user is not disturbed. */
TEST_F(bytes, of_all_mailboxes)
{
	struct mt_child a, b;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 256 * KIB));
	if (!mt_fork(&a, &mt_user_a)) {
		struct mbox_send last;
		int n, sum = 0, i;

		n = fill(self->box, self->data, 1000, &last);
		EXPECT_EQ(n, mt_purge(self->box));
		for (i = 0; i < 4; i++) {
			int fd = mt_mailbox(self->dev, NULL, MT_RW);

			while (sum < n * (i + 1) / 4 &&
			       !mt_send(fd, self->data, 1000, 0, 0))
				sum++;
		}
		/* up to the chunk that each mailbox may have drawn */
		EXPECT_LT(n - 5 * 16, sum);
		EXPECT_GE(n, sum);
		EXPECT_EQ(0, mt_tell(a.sock, 0));
		mt_hear(a.sock);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(a.sock));
	if (!mt_fork(&b, &mt_user_b)) {
		EXPECT_EQ(0, mt_send(self->box, self->data, 8 * KIB, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&b));
	EXPECT_EQ(0, mt_child_end(&a));
}

/*
 * The one who sends pays: not who made the mailbox, nor who opened the
 * descriptor; and pays until the message is received, however long gone.
 */
TEST_F(bytes, sender_pays_until_received)
{
	struct mt_child child;
	__u64 used;
	int fd = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);

	ASSERT_LE(0, fd);
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, mt_send(fd, self->data, 8 * KIB, 0, 0));
		EXPECT_EQ(0, mt_send(fd, self->data, 100, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	close(fd);
	EXPECT_EQ(0U, used_by(self->dev, 0));
	used = used_by(self->dev, MT_UID_A);
	EXPECT_LT(8U * KIB + 100, used);
	EXPECT_EQ(8 * KIB, mt_recv(self->box, self->data, 8 * KIB, 0));
	EXPECT_LT(100U, used_by(self->dev, MT_UID_A));
	EXPECT_EQ(100, mt_recv(self->box, self->data, 100, 0));
	EXPECT_EQ(0U, used_by(self->dev, MT_UID_A));
}

/*
 * Nothing of what has gone is counted. The user keeps a mailbox: with its last
 * object the kernel may forget a user, and all mistakes in counting with it.
 */
TEST_F(bytes, all_comes_back)
{
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_a)) {
		int box = mt_mailbox(self->dev, NULL, MT_RW), i, fd;
		struct mbox_usage before, usage;

		EXPECT_LE(0, box);
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &before));
		EXPECT_EQ(1U, before.mailboxes.used);
		for (i = 0; i < 4; i++) {
			/* received, purged, deserted, and a region */
			fd = i < 3 ? mt_mailbox(self->dev, NULL, MT_RW) :
				     mt_region(self->dev, NULL, MT_RW, 10000);
			EXPECT_LE(0, fd);
			if (i < 3)
				EXPECT_EQ(0, mt_send(fd, self->data,
						     8 * KIB, 0, 0));
			if (i == 0)
				EXPECT_EQ(8 * KIB, mt_recv(fd, self->data,
							   8 * KIB, 0));
			if (i == 1)
				EXPECT_EQ(1, mt_purge(fd));
			close(fd);
			EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
			EXPECT_EQ(0, memcmp(&before, &usage, sizeof(usage))) {
				TH_LOG("after %d", i);
			}
		}
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* What is drawn in advance does not grow with what has passed. */
TEST_F(bytes, traffic_leaves_little)
{
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_a)) {
		int i, fd = mt_open_fd(self->dev, self->box, MBOX_O_WRITE);
		int kept = mt_mailbox(self->dev, NULL, MT_RW);

		EXPECT_LE(0, kept);
		for (i = 0; i < 200; i++)
			EXPECT_EQ(0, mt_send(fd, self->data, 8 * KIB, 0, 0));
		for (i = 0; i < 200; i++)
			EXPECT_EQ(8 * KIB, mt_recv(self->box, self->data,
						   8 * KIB, 0));
		EXPECT_GE(16U * KIB, used_by(self->dev, MT_UID_A));
		close(fd);
		EXPECT_EQ(0U, used_by(self->dev, MT_UID_A));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_F(bytes, user_namespace_resets_nothing)
{
	static const struct mt_as inside = { .uid = MT_UID_A, .gid = MT_UID_A,
					     .ns = CLONE_NEWUSER };
	const __u64 max = 64 * KIB;
	struct mt_child a, inner;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, max));
	if (!mt_fork(&a, &mt_user_a)) {
		EXPECT_EQ(0, mt_send(self->box, self->data, 8 * KIB, 0, 0));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&a));
	if (!mt_fork(&inner, &inside)) {
		struct mbox_send last;
		int n = fill(self->box, self->data, 1000, &last);

		EXPECT_EQ(EDQUOT, errno);
		EXPECT_GT(56, n);
		EXPECT_EQ((__u32)MBOX_LIMIT_USER_BYTES, last.refusal.limit);
		EXPECT_EQ(0U, last.refusal.uid);
		EXPECT_LT(max - 1300, last.refusal.used);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&inner));
	EXPECT_LT(max - 1300, used_by(self->dev, MT_UID_A));
}

/* Root in the initial user namespace, and who has the capability there. */
TEST_F(bytes, capability_exempts)
{
	static const struct mt_as as = { .uid = MT_UID_A, .gid = MT_UID_A,
					 .caps = 1ULL << CAP_SYS_RESOURCE };
	struct mt_child child;

	ASSERT_TRUE(mt_limit_set(MT_USER_BYTES, 1));
	if (!mt_fork(&child, &as)) {
		EXPECT_EQ(0, mt_send(self->box, self->data, 8 * KIB, 0, 0));
		EXPECT_EQ(0, mt_send(self->box, self->data, 8 * KIB, 0, 0));
		EXPECT_LT(16U * KIB, used_by(self->dev, MT_UID_A));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_send(self->box, self->data, 8 * KIB, 0, 0));
}

/* @n messages of @len bytes, as another user. */
static int send_as(const struct mt_as *as, int box, size_t len, int n)
{
	static char data[KIB];
	struct mt_child child;

	if (!mt_fork(&child, as)) {
		while (n-- && !mt_send(box, data, len, 0, MBOX_DONTWAIT))
			;
		_exit(n != -1);
	}
	return mt_child_end(&child);
}

static int full_box(int dev, uid_t owner)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 8,
		.max_bytes = 1000,
		.msg_size = 800,
	};
	struct mbox_set set = { .flags = MBOX_SET_UID, .uid = owner };
	int box = mt_create(dev, NULL, &attr);

	return mt_set(box, &set) ?: box;
}

/* A has most messages, B most bytes: which of them depends on what lacks. */
TEST_F(bytes, full_mailbox_names_who_filled_it)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->data,
		.len = 400,
	};
	int box = full_box(self->dev, MT_UID_A);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_send(box, self->data, 30, 0, 0));
	ASSERT_EQ(0, send_as(&mt_user_b, box, 600, 1));
	ASSERT_EQ(0, send_as(&mt_user_a, box, 10, 4));

	EXPECT_EQ(-EAGAIN, mt_sendmsg(box, &msg));
	EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_BYTES, MT_UID_B,
				  600, 670, 1000));
	ASSERT_EQ(0, send_as(&mt_user_a, box, 10, 2));
	msg.len = 10;
	EXPECT_EQ(-EAGAIN, mt_sendmsg(box, &msg));
	EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_MSGS, MT_UID_A,
				  6, 8, 8));
	/* the same at the end of a deadline, passed before or meanwhile */
	msg.flags = 0;
	msg.deadline = 1;
	memset(&msg.refusal, 0, sizeof(msg.refusal));
	EXPECT_EQ(-ETIMEDOUT, mt_sendmsg(box, &msg));
	EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_MSGS, MT_UID_A,
				  6, 8, 8));
	msg.deadline = mt_deadline(20);
	memset(&msg.refusal, 0, sizeof(msg.refusal));
	EXPECT_EQ(-ETIMEDOUT, mt_sendmsg(box, &msg));
	EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_MSGS, MT_UID_A,
				  6, 8, 8));
	EXPECT_EQ(8U, mt_stat_of(box).msgs);
	close(box);
}

/* It is told in the caller's ids; a stranger there is the overflow id. */
TEST_F(bytes, refusal_in_a_user_namespace)
{
	static const struct mt_as as = { .uid = MT_UID_A, .gid = MT_UID_A,
					 .ns = CLONE_NEWUSER };
	int box = full_box(self->dev, MT_UID_B);
	struct mt_child child;

	ASSERT_LE(0, box);
	ASSERT_EQ(0, send_as(&mt_user_b, box, 10, 6));
	if (!mt_fork(&child, &as)) {
		struct mbox_send msg = { .flags = MBOX_DONTWAIT };

		EXPECT_EQ(0, mt_sendmsg(box, &msg));
		mt_tell(child.sock, 1);
		EXPECT_EQ(1, mt_hear(child.sock));
		EXPECT_EQ(-EAGAIN, mt_sendmsg(box, &msg));
		EXPECT_TRUE(mt_refusal_is(&msg.refusal, MBOX_LIMIT_MSGS, 65534,
					  7, 8, 8));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(1, mt_hear(child.sock));
	EXPECT_EQ(0, send_as(&mt_user_b, box, 10, 1));
	EXPECT_EQ(0, mt_tell(child.sock, 1));
	EXPECT_EQ(0, mt_child_end(&child));
	close(box);
}

/* A refusal is of its own command: success leaves none behind. */
TEST_F(bytes, no_refusal_without_one)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT };
	struct mbox_refusal before;

	memset(&msg.refusal, 0x55, sizeof(msg.refusal));
	before = msg.refusal;
	EXPECT_EQ(0, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(0, memcmp(&before, &msg.refusal, sizeof(before)));
}

/* What others take is theirs to know, or for the capability. */
TEST_F(bytes, usage_of_oneself_and_of_others)
{
	static const struct mt_as with = { .uid = MT_UID_A, .gid = MT_UID_A,
					   .caps = 1ULL << CAP_IPC_OWNER };
	static const struct mt_as inside = { .uid = MT_UID_A, .gid = MT_UID_A,
					     .ns = CLONE_NEWUSER,
					     .map = "0 4001 2" };
	static const struct mt_as root = {};
	struct mbox_usage usage;
	struct mt_child child;

	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(-EACCES, mt_usage(self->dev, MT_UID_B, &usage));
		EXPECT_EQ(-EACCES, mt_usage(self->dev, 0, &usage));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	if (!mt_fork(&child, &with)) {
		EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
		EXPECT_EQ(1U, usage.mailboxes.used);
		EXPECT_EQ(self->saved.value[MT_USER_BYTES], usage.bytes.max);
		EXPECT_EQ(self->saved.value[MT_USER_REGIONS],
			  usage.regions.max);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	/* one's own user namespace it is in which that counts */
	if (!mt_fork(&child, &inside)) {
		EXPECT_EQ(0, mt_usage(self->dev, 0, &usage));
		EXPECT_EQ(0, mt_usage(self->dev, 1, &usage));
		EXPECT_EQ(0U, usage.mailboxes.used);
		EXPECT_EQ(-EINVAL, mt_usage(self->dev, 2, &usage));
		EXPECT_EQ(-EINVAL, mt_usage(self->dev, MT_UID_A, &usage));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	/* the real id is one's own too */
	if (!mt_fork(&child, &root)) {
		EXPECT_EQ(0, setresuid(MT_UID_B, MT_UID_A, 0));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_A, &usage));
		EXPECT_EQ(0, mt_usage(self->dev, MT_UID_B, &usage));
		EXPECT_EQ(-EACCES, mt_usage(self->dev, 0, &usage));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

TEST_HARNESS_MAIN
