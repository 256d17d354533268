// SPDX-License-Identifier: GPL-2.0
/*
 * read and write of a mailbox: one call is one message, and what fails loses
 * nothing. Those that wait have tests of their own.
 */
#include <sys/mman.h>
#include <sys/uio.h>

#include "mbox_test_fds.h"
#include "mbox_test_io.h"

/* The two ends of a mailbox for four messages of up to 64 bytes. */
FIXTURE(rw) {
	int dev;
	int in;
	int out;
};

FIXTURE_SETUP(rw)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 4, 64, 0);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
}

FIXTURE_TEARDOWN(rw)
{
	MT_TEARDOWN(self->dev);
}

/* So many messages are there, of so many bytes, and none was ever received. */
static bool holds(int fd, unsigned int msgs, unsigned int bytes)
{
	struct mbox_stat stat = mt_stat_of(fd);

	return stat.msgs == msgs && stat.bytes == bytes && !stat.held &&
	       stat.sent == msgs && !stat.received;
}

static struct iovec piece(void *base, size_t len)
{
	return (struct iovec){ .iov_base = base, .iov_len = len };
}

/* ---- one call, one message ----------------------------------------------- */

TEST_F(rw, a_write_is_a_message)
{
	char data[8];
	struct mbox_recv msg = { .buf = (uintptr_t)data, .buf_size = 8 };

	EXPECT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_EQ(3, mt_write(self->out, "you", 3));
	EXPECT_TRUE(holds(self->in, 2, 8));
	ASSERT_EQ(0, mt_recvmsg(self->in, &msg));
	EXPECT_EQ(5, msg.len);
	EXPECT_EQ(0, memcmp(data, "hello", 5));
	EXPECT_EQ(0, msg.priority);
	EXPECT_EQ(0, msg.type);
	EXPECT_EQ(1, msg.seq);
	EXPECT_EQ(getpid(), msg.pid);
	EXPECT_EQ(mt_gettid(), msg.tid);
}

TEST_F(rw, a_read_is_a_message)
{
	ASSERT_EQ(0, mt_send(self->out, "one", 3, 0, 0));
	ASSERT_EQ(0, mt_send(self->out, "three", 5, 0, 0));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(1, mt_stat_of(self->in).msgs);
	EXPECT_TRUE(mt_reads(self->in, "three"));
	EXPECT_EQ(2, mt_stat_of(self->in).received);
}

TEST_F(rw, writev_gathers_a_message)
{
	struct iovec iov[] = {
		piece("ga", 2), piece(NULL, 0), piece("the", 3), piece("r", 1),
	};

	EXPECT_EQ(6, writev(self->out, iov, 4));
	EXPECT_TRUE(holds(self->in, 1, 6));
	EXPECT_TRUE(mt_reads(self->in, "gather"));
}

/* Into as many pieces as it needs. */
TEST_F(rw, readv_scatters_a_message)
{
	char a[2], b[3], c[8] = "unused";
	struct iovec iov[] = {
		piece(a, 2), piece(NULL, 0), piece(b, 3), piece(c, 8),
	};

	ASSERT_EQ(4, mt_write(self->out, "scat", 4));
	ASSERT_EQ(3, mt_write(self->out, "ter", 3));
	EXPECT_EQ(4, readv(self->in, iov, 4));
	EXPECT_EQ(0, memcmp(a, "sc", 2));
	EXPECT_EQ(0, memcmp(b, "at", 2));
	EXPECT_STREQ("unused", c);
	EXPECT_TRUE(mt_reads(self->in, "ter"));
}

TEST_F(rw, the_highest_priority_is_read_first)
{
	ASSERT_EQ(3, mt_write(self->out, "0-1", 3));
	ASSERT_EQ(0, mt_send(self->out, "5", 1, 5, 0));
	ASSERT_EQ(3, mt_write(self->out, "0-2", 3));
	ASSERT_EQ(0, mt_send(self->out, "9", 1, 9, 0));
	EXPECT_TRUE(mt_reads(self->in, "9"));
	EXPECT_TRUE(mt_reads(self->in, "5"));
	EXPECT_TRUE(mt_reads(self->in, "0-1"));
	EXPECT_TRUE(mt_reads(self->in, "0-2"));
}

/* Of those that the endpoint's filter lets through. */
TEST_F(rw, a_filter_holds_for_reads)
{
	int other = mt_open_fd(self->dev, self->in, MBOX_O_READ);

	ASSERT_EQ(0, mt_nonblock(self->in));
	ASSERT_EQ(0, mt_filter(self->in, mt_type(7)));
	ASSERT_EQ(0, mt_send_text(self->out, "eight", 8));
	ASSERT_EQ(0, mt_send_text(self->out, "seven", 7));
	ASSERT_EQ(4, mt_write(self->out, "zero", 4));
	EXPECT_TRUE(mt_reads(self->in, "seven"));
	EXPECT_EQ(-EAGAIN, mt_read(self->in, NULL, 0));
	EXPECT_TRUE(mt_reads(other, "eight"));
	ASSERT_EQ(0, mt_filter(self->in, mt_any()));
	EXPECT_TRUE(mt_reads(self->in, "zero"));
}

/* ---- sizes --------------------------------------------------------------- */

TEST_F(rw, a_small_read_loses_nothing)
{
	char data[8] = "unused!";
	struct iovec iov[] = { piece(data, 2), piece(data + 2, 2) };

	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	ASSERT_EQ(1, mt_write(self->out, "x", 1));
	EXPECT_EQ(-EMSGSIZE, mt_read(self->in, data, 4));
	EXPECT_EQ(-EMSGSIZE, mt_read(self->in, data, 1));
	EXPECT_EQ(-EMSGSIZE, mt_read(self->in, NULL, 0));
	EXPECT_EQ(-1, readv(self->in, iov, 2));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_STREQ("unused!", data);
	EXPECT_TRUE(holds(self->in, 2, 6));
	EXPECT_EQ(5, mt_read(self->in, data, 5));
	EXPECT_TRUE(mt_reads(self->in, "x"));
}

TEST_F(rw, a_large_write_sends_nothing)
{
	char data[66] = "";
	struct iovec iov[] = { piece(data, 64), piece(data, 1) };

	EXPECT_EQ(-EMSGSIZE, mt_write(self->out, data, 65));
	EXPECT_EQ(-1, writev(self->out, iov, 2));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_TRUE(holds(self->in, 0, 0));
	EXPECT_EQ(64, mt_write(self->out, data, 64));
}

TEST_F(rw, a_fixed_size_is_the_size)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_FIXED,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 4,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	EXPECT_EQ(-EMSGSIZE, mt_write(box, "123", 3));
	EXPECT_EQ(-EMSGSIZE, mt_write(box, "12345", 5));
	EXPECT_EQ(-EMSGSIZE, mt_write(box, NULL, 0));
	EXPECT_EQ(4, mt_write(box, "1234", 4));
	EXPECT_TRUE(mt_reads(box, "1234"));
}

/* It is one, though it reads as the end of the file does. */
TEST_F(rw, a_message_without_data)
{
	ASSERT_EQ(0, mt_nonblock(self->in));
	EXPECT_EQ(0, mt_write(self->out, NULL, 0));
	EXPECT_EQ(0, mt_write(self->out, "", 0));
	EXPECT_TRUE(holds(self->in, 2, 0));
	EXPECT_EQ(0, mt_read(self->in, NULL, 0));
	EXPECT_EQ(1, mt_stat_of(self->in).msgs);
	EXPECT_TRUE(mt_reads(self->in, ""));
	EXPECT_EQ(2, mt_stat_of(self->in).received);
	EXPECT_EQ(-EAGAIN, mt_read(self->in, NULL, 0));
}

/* Of no bytes at all, readv and writev never come to the mailbox. */
TEST_F(rw, vectors_without_data)
{
	struct iovec iov[] = { piece(NULL, 0), piece(NULL, 0) };

	EXPECT_EQ(0, writev(self->out, iov, 2));
	EXPECT_TRUE(holds(self->in, 0, 0));
	ASSERT_EQ(0, mt_write(self->out, NULL, 0));
	EXPECT_EQ(0, readv(self->in, iov, 2));
	EXPECT_TRUE(holds(self->in, 1, 0));
}

/* ---- bad pointers -------------------------------------------------------- */

/* The end of a page behind which there is none. */
static char *edge(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || munmap(mem + page, page))
		abort();
	return mem + page;
}

TEST_F(rw, a_bad_pointer_loses_nothing)
{
	char *end = edge(), good[2];
	struct iovec iov[] = { piece(good, 2), piece(end, 16) };
	void * const bad[] = {
		NULL, end, end - 1, end - 4, (void *)0xffff888000000000ULL,
		(void *)-1UL,
	};
	int i;

	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	ASSERT_EQ(1, mt_write(self->out, "x", 1));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, mt_read(self->in, bad[i], 16));
	EXPECT_EQ(-1, readv(self->in, iov, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, readv(self->in, (struct iovec *)(end - 8), 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(holds(self->in, 2, 6));

	/* what is not written to need not be there */
	EXPECT_EQ(5, mt_read(self->in, end - 5, 16));
	EXPECT_EQ(0, memcmp(end - 5, "hello", 5));
	EXPECT_TRUE(mt_reads(self->in, "x"));
}

TEST_F(rw, a_bad_pointer_sends_nothing)
{
	char *end = edge();
	struct iovec iov[] = { piece("good", 4), piece(end - 1, 2) };
	void * const bad[] = { NULL, end, end - 4, (void *)-1UL };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, mt_write(self->out, bad[i], 5));
	EXPECT_EQ(-1, writev(self->out, iov, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(holds(self->in, 0, 0));
	EXPECT_EQ(4, mt_write(self->out, end - 4, 4));
}

/* ---- what there is not --------------------------------------------------- */

TEST_F(rw, the_end_of_the_file)
{
	char data[8];

	ASSERT_EQ(1, mt_write(self->out, "a", 1));
	ASSERT_EQ(1, mt_write(self->out, "b", 1));
	close(self->out);
	EXPECT_TRUE(mt_reads(self->in, "a"));
	EXPECT_TRUE(mt_reads(self->in, "b"));
	EXPECT_EQ(0, mt_read(self->in, data, 8));
	EXPECT_EQ(0, mt_read(self->in, data, 8));
	ASSERT_EQ(0, mt_nonblock(self->in));
	EXPECT_EQ(0, mt_read(self->in, data, 8));
	EXPECT_EQ(-EPIPE, mt_recv(self->in, data, 8, 0));
}

TEST_F(rw, no_reader_is_no_signal)
{
	struct sigaction action = { .sa_handler = mt_on_signal };

	ASSERT_EQ(0, sigaction(SIGPIPE, &action, NULL));
	ASSERT_EQ(1, mt_write(self->out, "a", 1));
	close(self->in);
	EXPECT_EQ(-EPIPE, mt_write(self->out, "b", 1));
	EXPECT_EQ(-EPIPE, mt_write(self->out, NULL, 0));
	EXPECT_EQ(0, mt_caught());
}

TEST_F(rw, each_direction_only)
{
	int neither = mt_open_fd(self->dev, self->in, 0);
	char data[8];

	ASSERT_LE(0, neither);
	ASSERT_EQ(1, mt_write(self->out, "a", 1));
	EXPECT_EQ(-EBADF, mt_write(self->in, "b", 1));
	EXPECT_EQ(-EBADF, mt_read(self->out, data, 8));
	EXPECT_EQ(-EBADF, mt_write(neither, "b", 1));
	EXPECT_EQ(-EBADF, mt_read(neither, data, 8));
	EXPECT_TRUE(holds(self->in, 1, 1));
}

TEST_F(rw, there_is_no_position)
{
	struct iovec iov = piece("abc", 3);
	char data[8];

	ASSERT_EQ(1, mt_write(self->out, "a", 1));
#define EXPECT_ESPIPE(call) do {					\
	EXPECT_EQ(-1, call);						\
	EXPECT_EQ(ESPIPE, errno);					\
} while (0)
	EXPECT_ESPIPE(lseek(self->in, 0, SEEK_CUR));
	EXPECT_ESPIPE(lseek(self->out, 0, SEEK_END));
	EXPECT_ESPIPE(pread(self->in, data, 8, 0));
	EXPECT_ESPIPE(pwrite(self->out, "b", 1, 1));
	EXPECT_ESPIPE(pwritev(self->out, &iov, 1, 0));
	iov = piece(data, 8);
	EXPECT_ESPIPE(preadv(self->in, &iov, 1, 1));
	EXPECT_TRUE(holds(self->in, 1, 1));
}

/* There is nothing to read in a region but by mapping it. */
TEST_F(rw, not_of_a_region)
{
	int region = mt_region(self->dev, NULL, MT_RW, 1);
	char data[8];

	ASSERT_LE(0, region);
	EXPECT_EQ(-EINVAL, mt_read(region, data, 8));
	EXPECT_EQ(-EINVAL, mt_write(region, "a", 1));
}

/* ---- what else a message can be ------------------------------------------ */

/* Who reads it has answered it, with nothing. */
TEST_F(rw, a_call_is_answered)
{
	struct mt_caller caller = {};

	ASSERT_TRUE(mt_caller_blocks(&caller, self->out, "ask"));
	EXPECT_EQ(4, mt_read(self->in, caller.reply, sizeof(caller.reply)));
	EXPECT_EQ(0, mt_caller_end(&caller));
	EXPECT_EQ(0, caller.call.status);
	EXPECT_EQ(0, mt_stat_of(self->in).held);
}

TEST_F(rw, descriptors_are_closed)
{
	int pair[2];

	ASSERT_TRUE(mt_pipe(pair));
	ASSERT_EQ(0, mt_send_fd(self->out, pair[1]));
	close(pair[1]);
	EXPECT_TRUE(mt_pipe_is_open(pair));
	EXPECT_TRUE(mt_reads(self->in, "data"));
	/* it has not come to be ours either */
	EXPECT_TRUE(mt_pipe_is_closed(pair));
	EXPECT_EQ(0, mt_fds_used(self->dev, 0));
}

TEST_HARNESS_MAIN
