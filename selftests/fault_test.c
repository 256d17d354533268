// SPDX-License-Identifier: GPL-2.0
/*
 * A receive that fails loses nothing: the message is at its place again. A send
 * that fails leaves nothing.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "mbox_test_util.h"

/*
 * Three pages: one to read and write, one to read only, none.
 * The messages all are of LEN bytes, which tell their number.
 */
#define LEN	300

FIXTURE(fault) {
	int dev;
	int box;
	size_t page;
	char *mem;
};

FIXTURE_SETUP(fault)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->page = sysconf(_SC_PAGESIZE);
	self->mem = mmap(NULL, 3 * self->page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	ASSERT_EQ(0, mprotect(self->mem + self->page, self->page, PROT_READ));
	ASSERT_EQ(0, munmap(self->mem + 2 * self->page, self->page));
}

FIXTURE_TEARDOWN(fault)
{
	MT_TEARDOWN(self->dev);
}

static int send_number(int box, char number, unsigned int priority)
{
	char data[LEN];

	memset(data, number, sizeof(data));
	return mt_send(box, data, sizeof(data), priority, MBOX_DONTWAIT);
}

/* The number of the message received, or -errno. */
static int recv_number(int box)
{
	char data[LEN + 1];
	int ret, i;

	ret = mt_recv(box, data, sizeof(data), MBOX_DONTWAIT);
	if (ret < 0)
		return ret;
	for (i = 1; i < ret; i++)
		if (data[i] != data[0])
			return -EBADMSG;
	return ret == LEN ? data[0] : -EMSGSIZE;
}

/*
 * Messages 1 and 2 were queued, a receive of 1 has failed: all is as before,
 * also for those that come now.
 */
static bool all_in_place(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.msgs == 2 && !stat.held && stat.bytes == 2 * LEN &&
	       stat.sent == 2 && !stat.received &&
	       !send_number(box, 3, 5) && !send_number(box, 4, 6) &&
	       recv_number(box) == 4 && recv_number(box) == 1 &&
	       recv_number(box) == 2 && recv_number(box) == 3 &&
	       recv_number(box) == -EAGAIN;
}

TEST_F(fault, small_buffer)
{
	static const __u32 sizes[] = { 0, 1, LEN / 2, LEN - 1 };
	char data[LEN], want[LEN];
	struct mbox_recv msg;
	int i;

	memset(want, 0x55, LEN);
	memset(data, 0x55, LEN);
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		msg = (struct mbox_recv){
			.buf = sizes[i] ? (uintptr_t)data : 0,
			.buf_size = sizes[i],
		};
		EXPECT_EQ(-EMSGSIZE, mt_recvmsg(self->box, &msg));
		EXPECT_EQ(LEN, msg.len);
	}
	EXPECT_EQ(0, memcmp(data, want, LEN));
	EXPECT_TRUE(all_in_place(self->box));
}

TEST_F(fault, bad_buffer_to_receive)
{
	const uintptr_t mem = (uintptr_t)self->mem, page = self->page;
	const __u64 bad[] = {
		0, 8, mem + 2 * page, mem + page,
		/* good for the first byte, or for all but the last */
		mem + page - 1, mem + page - LEN + 1,
		/* half of it only, of which not a byte is there */
		mem + 2 * page - LEN / 2,
		/* the kernel's memory, and around the end of ours */
		0xffff888000000000ULL, 0x7ffffffff000ULL - 1, -1ULL, -LEN,
	};
	struct mbox_recv msg;
	int i;

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = (struct mbox_recv){ .buf = bad[i], .buf_size = LEN };
		EXPECT_EQ(-EFAULT, mt_recvmsg(self->box, &msg)) {
			TH_LOG("buffer at %llx", bad[i]);
		}
	}
	EXPECT_TRUE(all_in_place(self->box));
}

/* A large message is not in one piece, and fails in the middle. */
TEST_F(fault, bad_buffer_for_a_large_message)
{
	static char data[1 << 20], got[sizeof(data)];
	const size_t len = sizeof(data);
	char *mem;
	int box, i;

	box = mt_sized(self->dev, NULL, 0, len, 2 * len);
	ASSERT_LE(0, box);
	for (i = 0; i < len; i++)
		data[i] = i / 4096 + 3 * (i & 0xff);
	ASSERT_EQ(0, mt_send(box, data, len, 0, 0));
	mem = mmap(NULL, len + self->page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, munmap(mem + (len >> i), self->page));
		EXPECT_EQ(-EFAULT, mt_recv(box, mem + 1, len, 0));
		EXPECT_EQ(-EFAULT, mt_send(box, mem + 1, len, 0, 0));
	}
	EXPECT_EQ(1, mt_stat_of(box).msgs);
	EXPECT_EQ(1, mt_stat_of(box).sent);
	EXPECT_EQ(len, mt_recv(box, got, len, 0));
	EXPECT_EQ(0, memcmp(data, got, len));
	munmap(mem, len + self->page);
}

/* Write what asks for a message, at an address that need not be aligned. */
static void recv_at(char *place, char *data)
{
	struct mbox_recv msg = {
		.size = sizeof(msg),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = LEN,
	};

	memcpy(place, &msg, sizeof(msg));
}

/* The struct is as much part of a message as its data. */
TEST_F(fault, bad_struct_to_receive)
{
	const __u32 size = sizeof(struct mbox_recv);
	/* nothing of it can be written, or its head, or what is to but a byte */
	const __u32 writable[] = {
		0, 8, offsetof(struct mbox_recv, match) - 1,
	};
	char data[LEN], *next = self->mem + self->page;
	int i;

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		ASSERT_EQ(0, mprotect(next, self->page,
				      PROT_READ | PROT_WRITE));
		recv_at(next - writable[i], data);
		ASSERT_EQ(0, mprotect(next, self->page, PROT_READ));
		EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_RECV,
					    next - writable[i]));
	}
	EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_RECV, NULL));
	/* a struct of which the end is not there */
	ASSERT_EQ(0, mprotect(next, self->page, PROT_READ | PROT_WRITE));
	memcpy(next + self->page - sizeof(size), &size, sizeof(size));
	EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_RECV,
				    next + self->page - sizeof(size)));
	EXPECT_TRUE(all_in_place(self->box));
}

TEST_F(fault, bad_buffer_to_send)
{
	const uintptr_t mem = (uintptr_t)self->mem, page = self->page;
	const __u64 bad[] = {
		0, mem + 2 * page, mem + 2 * page - 1, mem + 2 * page - LEN + 1,
		0xffff888000000000ULL, -1ULL,
	};
	struct mt_state before;
	struct mbox_send msg;
	int i;

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	before = mt_state_of(self->dev, self->box, 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = (struct mbox_send){ .buf = bad[i], .len = LEN };
		EXPECT_EQ(-EFAULT, mt_sendmsg(self->box, &msg)) {
			TH_LOG("buffer at %llx", bad[i]);
		}
	}
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_EQ(1, recv_number(self->box));
}

/* Data and struct are only read, where there is nothing to tell. */
TEST_F(fault, read_only_to_send)
{
	struct mbox_send msg = {
		.size = sizeof(msg),
		.buf = (uintptr_t)self->mem + self->page,
		.len = LEN,
		.flags = MBOX_DONTWAIT,
	};
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 1 };

	memcpy(self->mem, &msg, sizeof(msg));
	ASSERT_EQ(0, mprotect(self->mem, self->page, PROT_READ));
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, self->mem));
	/* why there is no room cannot be told */
	ASSERT_EQ(0, mt_set(self->box, &set));
	EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_SEND, self->mem));
	EXPECT_EQ(1, mt_stat_of(self->box).sent);
	EXPECT_EQ(0, recv_number(self->box));
}

TEST_HARNESS_MAIN
