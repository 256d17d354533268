// SPDX-License-Identifier: GPL-2.0
/*
 * A message gathered from pieces of memory, and scattered to pieces: it is the
 * same message, and fails as one.
 */
#include <sys/mman.h>

#include "mbox_test_match.h"

#define LARGEST	200000

FIXTURE(iov) {
	int dev;
	int box;
	char *none;	/* an address without memory behind it */
	struct mbox_iov iov[MBOX_IOV_MAX + 1];
};

FIXTURE_SETUP(iov)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 0, LARGEST, 0);
	ASSERT_LE(0, self->box);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + page, page));
	self->none = pages + page;
}

FIXTURE_TEARDOWN(iov)
{
	MT_TEARDOWN(self->dev);
}

static void set(struct mbox_iov *iov, void *base, __u64 len)
{
	iov->base = (uintptr_t)base;
	iov->len = len;
}

static int gather(int box, const struct mbox_iov *iov, unsigned int nr)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)iov,
		.iov_nr = nr,
	};

	return mt_sendmsg(box, &msg);
}

/* The length received, or -errno. */
static int scatter_flags(int box, const struct mbox_iov *iov, unsigned int nr,
			 unsigned int flags)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT | flags,
		.buf = (uintptr_t)iov,
		.iov_nr = nr,
	};

	return mt_recvmsg(box, &msg) ?: (int)msg.len;
}

static int scatter(int box, const struct mbox_iov *iov, unsigned int nr)
{
	return scatter_flags(box, iov, nr, 0);
}

/* Divide @len bytes from @base on in @nr pieces, of lengths that vary. */
static void divide(struct mbox_iov *iov, unsigned int nr, char *base,
		   size_t len, unsigned int seed)
{
	size_t size;

	for (; nr; nr--, iov++) {
		size = nr > 1 ? rand_r(&seed) % (2 * (len / nr) + 1) : len;
		size = size > len ? len : size;
		set(iov, base, size);
		base += size;
		len -= size;
	}
}

static void pattern(char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = i + i / 251 + i / 65521;
}

/* ---- what is gathered and scattered ----------------------------------------------- */

/* Cut anywhere on the one side and anywhere else on the other. */
TEST_F(iov, pieces_make_one_message)
{
	static const size_t len[] = { 0, 1, 7, 500, 4096, 9001, LARGEST };
	static const unsigned int nr[] = { 1, 2, 3, 17, MBOX_IOV_MAX };
	static char data[LARGEST], got[LARGEST + 64];
	int i, n;

	pattern(data, sizeof(data));
	for (i = 0; i < ARRAY_SIZE(len) * ARRAY_SIZE(nr); i++) {
		n = i % ARRAY_SIZE(nr);
		divide(self->iov, nr[n], data, len[i / ARRAY_SIZE(nr)], i);
		ASSERT_EQ(0, gather(self->box, self->iov, nr[n]));
		ASSERT_EQ(len[i / ARRAY_SIZE(nr)], mt_stat_of(self->box).bytes);
		memset(got, '-', sizeof(got));
		n = (n + 1) % ARRAY_SIZE(nr);
		divide(self->iov, nr[n], got, sizeof(got), i + 1);
		ASSERT_EQ(len[i / ARRAY_SIZE(nr)],
			  scatter(self->box, self->iov, nr[n]));
		n = len[i / ARRAY_SIZE(nr)];
		EXPECT_EQ(0, memcmp(data, got, n));
		/* what is not filled is not touched */
		EXPECT_EQ('-', got[n]);
		EXPECT_EQ(0, memcmp(got + n, got + n + 1,
				    sizeof(got) - n - 1));
	}
}

/* Either side is free to use pieces or one buffer. */
TEST_F(iov, one_side_need_not_know)
{
	char got[4][3] = {};

	set(&self->iov[0], "ab", 2);
	set(&self->iov[1], "", 0);
	set(&self->iov[2], "cde", 3);
	ASSERT_EQ(0, gather(self->box, self->iov, 3));
	EXPECT_EQ(5, mt_recv(self->box, got, sizeof(got), MBOX_DONTWAIT));
	EXPECT_EQ(0, memcmp("abcde", got, 6));

	memset(got, 0, sizeof(got));
	ASSERT_EQ(0, mt_send(self->box, "abcde", 5, 0, MBOX_DONTWAIT));
	set(&self->iov[0], got[3], 2);
	set(&self->iov[1], NULL, 0);
	set(&self->iov[2], got[1], 1);
	set(&self->iov[3], got[0], 3);
	EXPECT_EQ(5, scatter(self->box, self->iov, 4));
	EXPECT_STREQ("ab", got[3]);
	EXPECT_STREQ("c", got[1]);
	EXPECT_STREQ("de", got[0]);
	EXPECT_STREQ("", got[2]);
}

/* Nothing at all is a message, too. */
TEST_F(iov, pieces_without_a_byte)
{
	int i;

	for (i = 0; i < MBOX_IOV_MAX; i++)
		set(&self->iov[i], i % 2 ? self->none : NULL, 0);
	ASSERT_EQ(0, gather(self->box, self->iov, MBOX_IOV_MAX));
	EXPECT_EQ(0, mt_stat_of(self->box).bytes);
	EXPECT_EQ(0, scatter(self->box, self->iov, MBOX_IOV_MAX));
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
}

TEST_F(iov, pieces_of_a_fixed_size_message)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_FIXED,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 5,
	};
	int box = mt_create(self->dev, NULL, &attr);

	set(&self->iov[0], "abc", 3);
	set(&self->iov[1], "def", 1);
	EXPECT_EQ(-EMSGSIZE, gather(box, self->iov, 2));
	set(&self->iov[1], "def", 3);
	EXPECT_EQ(-EMSGSIZE, gather(box, self->iov, 2));
	set(&self->iov[1], "def", 2);
	EXPECT_EQ(0, gather(box, self->iov, 2));
	EXPECT_EQ(5, mt_stat_of(box).bytes);
	close(box);
}

/* What is received may go where the pieces were told: they are told already. */
TEST_F(iov, pieces_are_read_once)
{
	char got[4] = {};

	ASSERT_EQ(0, mt_send(self->box, "overwrites the array", 20, 0, 0));
	set(&self->iov[0], self->iov, 16);
	set(&self->iov[1], got, 4);
	EXPECT_EQ(20, scatter(self->box, self->iov, 2));
	EXPECT_EQ(0, memcmp("overwrites the a", self->iov, 16));
	EXPECT_EQ(0, memcmp("rray", got, 4));
}

/* ---- together with other ways to receive --------------------------------------------- */

TEST_F(iov, peek_truncate_and_lease)
{
	char got[2][4] = {};

	ASSERT_EQ(0, mt_send(self->box, "abcdefgh", 8, 0, 0));
	set(&self->iov[0], got[1], 1);
	set(&self->iov[1], got[0], 4);
	EXPECT_EQ(-EMSGSIZE, scatter_flags(self->box, self->iov, 2,
					   MBOX_PEEK));
	EXPECT_EQ(8, scatter_flags(self->box, self->iov, 2,
				   MBOX_PEEK | MBOX_TRUNCATE));
	EXPECT_EQ(0, memcmp("a\0\0", got[1], 3));
	EXPECT_EQ(0, memcmp("bcde", got[0], 4));
	EXPECT_EQ(8, scatter_flags(self->box, self->iov, 2,
				   MBOX_LEASE | MBOX_TRUNCATE));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
}

TEST_F(iov, selection)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->iov,
		.iov_nr = 2,
		.match = mt_type(7),
	};
	struct mbox_send send = {
		.buf = (uintptr_t)self->iov,
		.iov_nr = 1,
		.type = 7,
	};
	char got[2] = {};

	ASSERT_EQ(0, mt_send(self->box, "no", 2, 9, 0));
	set(&self->iov[0], "ab", 2);
	ASSERT_EQ(0, mt_sendmsg(self->box, &send));
	set(&self->iov[0], &got[1], 1);
	set(&self->iov[1], &got[0], 1);
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(0, memcmp("ba", got, 2));
}

/* Who waits gets it in pieces. */
TEST_F(iov, wait)
{
	struct mt_task task = { .fd = self->box };

	set(&self->iov[0], task.data + 4, 2);
	set(&self->iov[1], task.data, 4);
	task.recv.buf = (uintptr_t)self->iov;
	task.recv.iov_nr = 2;
	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
	ASSERT_EQ(0, mt_send(self->box, "abcde", 5, 0, 0));
	EXPECT_EQ(5, mt_task_end(&task));
	EXPECT_EQ(0, memcmp("cde\0ab", task.data, 7));
}

/* ---- bad pieces ------------------------------------------------------------------------ */

/* The command fails so, and all is as it was. */
#define FAILS(error, command) do {					\
	struct mt_state __before = mt_state_of(self->dev, self->box, 0);	\
									\
	EXPECT_EQ(error, command);					\
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &__before));	\
} while (0)

TEST_F(iov, bad_piece_fails_the_whole)
{
	static const __u64 bad[] = {
		0, 0xffff800000000000ULL, ~0ULL, ~0ULL - 15,
	};
	static char data[LARGEST];
	int i, at;

	ASSERT_EQ(0, mt_send(self->box, data, 100, 0, 0));
	for (at = 0; at < 5; at++) {
		for (i = 0; i <= ARRAY_SIZE(bad); i++) {
			divide(self->iov, 5, data, 100, i);
			self->iov[at].base = i < ARRAY_SIZE(bad) ? bad[i] :
					     (uintptr_t)self->none - 1;
			self->iov[at].len = 10;
			FAILS(-EFAULT, gather(self->box, self->iov, 5));
			/* the pieces before it hold a part of the message */
			divide(self->iov, at, data, 60, i);
			self->iov[4].len += 100;
			if (at == 4)
				self->iov[4].len = 100;
			FAILS(-EFAULT, scatter(self->box, self->iov, 5));
		}
	}
	EXPECT_EQ(100, mt_recv(self->box, data, 100, MBOX_DONTWAIT));
}

/* A bad piece that the message does not come to is of no account. */
TEST_F(iov, bad_piece_behind_the_message)
{
	char got[4];

	ASSERT_EQ(0, mt_send(self->box, "abcd", 4, 0, 0));
	set(&self->iov[0], got, 4);
	set(&self->iov[1], self->none, 4);
	EXPECT_EQ(4, scatter(self->box, self->iov, 2));
	EXPECT_EQ(0, memcmp("abcd", got, 4));
}

TEST_F(iov, read_only_piece)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char got[4], *mem = self->none - page;

	strcpy(mem, "abcd");
	ASSERT_EQ(0, mprotect(mem, page, PROT_READ));
	set(&self->iov[0], mem, 2);
	set(&self->iov[1], mem + 2, 2);
	ASSERT_EQ(0, gather(self->box, self->iov, 2));
	FAILS(-EFAULT, scatter(self->box, self->iov, 2));
	set(&self->iov[0], got, 2);
	FAILS(-EFAULT, scatter(self->box, self->iov, 2));
	set(&self->iov[1], got + 2, 2);
	EXPECT_EQ(4, scatter(self->box, self->iov, 2));
	EXPECT_EQ(0, memcmp("abcd", got, 4));
}

/* The array itself, and how many it has. */
TEST_F(iov, bad_array)
{
	struct mbox_iov *end = (struct mbox_iov *)self->none;
	char data[4] = "abcd";
	int i;

	ASSERT_EQ(0, mt_send(self->box, data, 4, 0, 0));
	for (i = 0; i <= MBOX_IOV_MAX; i++)
		set(&self->iov[i], data, i < 4);
	FAILS(-EINVAL, gather(self->box, self->iov, MBOX_IOV_MAX + 1));
	FAILS(-EINVAL, gather(self->box, self->iov, ~0U));
	FAILS(-EINVAL, scatter(self->box, self->iov, MBOX_IOV_MAX + 1));
	FAILS(-EINVAL, scatter(self->box, self->iov, ~0U));
	FAILS(-EFAULT, gather(self->box, NULL, 1));
	FAILS(-EFAULT, scatter(self->box, NULL, 1));
	FAILS(-EFAULT, gather(self->box, end, 1));
	FAILS(-EFAULT, scatter(self->box, end, 1));
	/* of which the first is there, and the second is not */
	set(end - 1, data, 4);
	FAILS(-EFAULT, gather(self->box, end - 1, 2));
	FAILS(-EFAULT, scatter(self->box, end - 1, 2));
	EXPECT_EQ(4, scatter(self->box, end - 1, 1));
	EXPECT_EQ(0, gather(self->box, self->iov, MBOX_IOV_MAX));
	EXPECT_EQ(4, mt_stat_of(self->box).bytes);
}

/* The length of the whole is not that of the array, and cannot wrap. */
TEST_F(iov, lengths)
{
	static char data[LARGEST];
	struct mbox_send send = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->iov,
		.len = 4,
		.iov_nr = 1,
	};
	struct mbox_recv recv = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->iov,
		.buf_size = 4,
		.iov_nr = 1,
	};

	ASSERT_EQ(0, mt_send(self->box, data, 4, 0, 0));
	set(&self->iov[0], data, 4);
	FAILS(-EINVAL, mt_sendmsg(self->box, &send));
	FAILS(-EINVAL, mt_recvmsg(self->box, &recv));

	set(&self->iov[0], data, LARGEST);
	set(&self->iov[1], data, 1);
	FAILS(-EMSGSIZE, gather(self->box, self->iov, 2));
	set(&self->iov[0], data, 1ULL << 32);
	FAILS(-EMSGSIZE, gather(self->box, self->iov, 2));
	set(&self->iov[0], data, 1);
	FAILS(-EMSGSIZE, scatter(self->box, self->iov, 2));
}

/* Each alone may be a length; what they come to is none. */
TEST_F(iov, lengths_that_wrap)
{
	static const __u64 half[] = { 1ULL << 63, 1ULL << 31, ~0ULL };
	struct mt_state before;
	char data[4] = "abcd";
	int i, n, ret;

	ASSERT_EQ(0, mt_send(self->box, data, 4, 0, 0));
	before = mt_state_of(self->dev, self->box, 0);
	for (i = 0; i < ARRAY_SIZE(half); i++) {
		for (n = 0; n < 3; n++)
			set(&self->iov[n], data, n < 2 ? half[i] : 2);
		ret = gather(self->box, self->iov, 3);
		EXPECT_TRUE(ret == -EMSGSIZE || ret == -EINVAL);
		EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	}
}

TEST_HARNESS_MAIN
