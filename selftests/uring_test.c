// SPDX-License-Identifier: GPL-2.0
/*
 * Reads, writes and polls of a mailbox through io_uring, which waits for them in
 * the place of the task: each completes when it can, once.
 */
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "mbox_test_io.h"

/* ---- a ring -------------------------------------------------------------- */

struct ring {
	int fd;
	unsigned int *sq_tail;
	unsigned int *sq_mask;
	unsigned int *sq_array;
	unsigned int *cq_head;
	unsigned int *cq_tail;
	unsigned int *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *ring_map(int fd, size_t size, off_t offset)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 offset);

	if (mem == MAP_FAILED)
		abort();
	return mem;
}

/* A ring for a few requests; its descriptor is -errno where there is none. */
static struct ring ring_create(void)
{
	struct io_uring_params p = {};
	struct ring ring = { .fd = syscall(__NR_io_uring_setup, 8, &p) };
	char *sq, *cq;

	if (ring.fd < 0) {
		ring.fd = -errno;
		return ring;
	}
	sq = ring_map(ring.fd, p.sq_off.array + p.sq_entries * sizeof(__u32),
		      IORING_OFF_SQ_RING);
	cq = ring_map(ring.fd,
		      p.cq_off.cqes + p.cq_entries * sizeof(*ring.cqes),
		      IORING_OFF_CQ_RING);
	ring.sqes = ring_map(ring.fd, p.sq_entries * sizeof(*ring.sqes),
			     IORING_OFF_SQES);
	ring.sq_tail = (void *)(sq + p.sq_off.tail);
	ring.sq_mask = (void *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (void *)(sq + p.sq_off.array);
	ring.cq_head = (void *)(cq + p.cq_off.head);
	ring.cq_tail = (void *)(cq + p.cq_off.tail);
	ring.cq_mask = (void *)(cq + p.cq_off.ring_mask);
	ring.cqes = (void *)(cq + p.cq_off.cqes);
	return ring;
}

static void ring_put(struct ring *ring, struct io_uring_sqe sqe)
{
	unsigned int tail = *ring->sq_tail, i = tail & *ring->sq_mask;

	ring->sqes[i] = sqe;
	ring->sq_array[i] = i;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* Submit what was put; how many requests those were. */
static int ring_submit(struct ring *ring)
{
	return syscall(__NR_io_uring_enter, ring->fd, 8, 0, 0, NULL, 0);
}

static int ring_start(struct ring *ring, struct io_uring_sqe sqe)
{
	ring_put(ring, sqe);
	return ring_submit(ring);
}

static unsigned int ring_done(struct ring *ring)
{
	return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) -
	       *ring->cq_head;
}

/* The result of the next completion, once there is one, and of which request. */
static int ring_take(struct ring *ring, __u64 *id)
{
	struct io_uring_cqe *cqe;
	int ret;

	if (!MT_UNTIL(ring_done(ring)))
		return -ETIME;
	cqe = &ring->cqes[*ring->cq_head & *ring->cq_mask];
	*id = cqe->user_data;
	ret = cqe->res;
	__atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
	return ret;
}

static int ring_result(struct ring *ring)
{
	__u64 id;

	return ring_take(ring, &id);
}

static int ring_do(struct ring *ring, struct io_uring_sqe sqe)
{
	return ring_start(ring, sqe) == 1 ? ring_result(ring) : -errno;
}

static struct io_uring_sqe request(int op, int fd, const void *addr, int len)
{
	return (struct io_uring_sqe){
		.opcode = op,
		.fd = fd,
		.addr = (uintptr_t)addr,
		.len = len,
		.off = -1ULL,
	};
}

static struct io_uring_sqe reading(int fd, void *buf, int size)
{
	return request(IORING_OP_READ, fd, buf, size);
}

static struct io_uring_sqe writing(int fd, const char *text)
{
	return request(IORING_OP_WRITE, fd, text, strlen(text));
}

/* ---- the tests ----------------------------------------------------------- */

/* The two ends of a mailbox for two messages. */
FIXTURE(uring) {
	int dev;
	int in;
	int out;
	struct ring ring;
	char data[64];
	struct mt_child child;
};

FIXTURE_SETUP(uring)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 2, 64, 0);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
	self->ring = ring_create();
}

FIXTURE_TEARDOWN(uring)
{
	MT_TEARDOWN(self->dev);
}

#define NO_RING	"this kernel has no io_uring for us"

static bool fill(int out)
{
	return mt_write_text(out, "one") == 3 && mt_write_text(out, "two") == 3;
}

TEST_F(uring, a_read_is_a_message)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_TRUE(fill(self->out));
	EXPECT_EQ(3, ring_do(&self->ring, reading(self->in, self->data, 64)));
	EXPECT_EQ(0, memcmp(self->data, "one", 3));
	EXPECT_EQ(1, mt_stat_of(self->in).msgs);
}

TEST_F(uring, a_write_is_a_message)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)self->data,
		.buf_size = sizeof(self->data),
	};

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	EXPECT_EQ(5, ring_do(&self->ring, writing(self->out, "hello")));
	ASSERT_EQ(0, mt_recvmsg(self->in, &msg));
	EXPECT_EQ(5, msg.len);
	EXPECT_EQ(0, memcmp(self->data, "hello", 5));
	EXPECT_EQ(getpid(), msg.pid);
	EXPECT_EQ(0, msg.uid);
}

TEST_F(uring, vectors_are_a_message)
{
	char b[64];
	struct iovec out[] = { { "sca", 3 }, { "tter", 4 } };
	struct iovec in[] = { { self->data, 4 }, { b, sizeof(b) } };

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	EXPECT_EQ(7, ring_do(&self->ring, request(IORING_OP_WRITEV, self->out,
						  out, 2)));
	EXPECT_EQ(1, mt_stat_of(self->in).msgs);
	EXPECT_EQ(7, ring_do(&self->ring, request(IORING_OP_READV, self->in,
						  in, 2)));
	EXPECT_EQ(0, memcmp(self->data, "scat", 4));
	EXPECT_EQ(0, memcmp(b, "ter", 3));
}

TEST_F(uring, a_read_completes_when_a_message_comes)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_EQ(1, ring_start(&self->ring,
				reading(self->in, self->data, 64)));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_EQ(0, mt_send(self->out, "hello", 5, 3, 0));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_EQ(0, memcmp(self->data, "hello", 5));
	EXPECT_EQ(0, mt_stat_of(self->in).msgs);
}

TEST_F(uring, a_write_completes_when_there_is_room)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_TRUE(fill(self->out));
	ASSERT_EQ(1, ring_start(&self->ring, writing(self->out, "three")));
	EXPECT_EQ(0, ring_done(&self->ring));
	EXPECT_EQ(2, mt_stat_of(self->in).sent);
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_TRUE(mt_reads(self->in, "two"));
	EXPECT_TRUE(mt_reads(self->in, "three"));
}

/* The same when io_uring's own threads do the work. */
TEST_F(uring, in_a_thread_of_the_kernel)
{
	struct io_uring_sqe in = reading(self->in, self->data, 64);
	struct io_uring_sqe out = writing(self->out, "three");

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	in.flags = IOSQE_ASYNC;
	out.flags = IOSQE_ASYNC;
	ASSERT_EQ(1, ring_start(&self->ring, in));
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_EQ(0, memcmp(self->data, "hello", 5));

	ASSERT_TRUE(fill(self->out));
	ASSERT_EQ(1, ring_start(&self->ring, out));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_TRUE(mt_reads(self->in, "two"));
	EXPECT_TRUE(mt_reads(self->in, "three"));
}

/* Of several reads, each message completes one. */
TEST_F(uring, each_message_completes_one_read)
{
	char data[3][8] = {};
	int i, lens = 0;

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	for (i = 0; i < 3; i++)
		ring_put(&self->ring, reading(self->in, data[i], 8));
	ASSERT_EQ(3, ring_submit(&self->ring));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_EQ(1, mt_write(self->out, "a", 1));
	EXPECT_EQ(1, ring_result(&self->ring));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_EQ(2, mt_write(self->out, "bb", 2));
	ASSERT_EQ(4, mt_write(self->out, "cccc", 4));
	for (i = 0; i < 2; i++)
		lens += ring_result(&self->ring);
	EXPECT_EQ(2 + 4, lens);
	EXPECT_EQ('a' + 'b' + 'c', data[0][0] + data[1][0] + data[2][0]);
	EXPECT_EQ(3, mt_stat_of(self->in).received);
}

/* What was read from one mailbox goes on to another in the same submission. */
TEST_F(uring, a_linked_write_sends_what_was_read)
{
	int to = mt_mailbox(self->dev, NULL, MT_RW);
	struct io_uring_sqe in = reading(self->in, self->data, 5);

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	in.flags = IOSQE_IO_LINK;
	ring_put(&self->ring, in);
	ring_put(&self->ring, request(IORING_OP_WRITE, to, self->data, 5));
	ASSERT_EQ(2, ring_submit(&self->ring));
	EXPECT_EQ(0, mt_stat_of(to).sent);
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_EQ(5, ring_result(&self->ring));
	EXPECT_TRUE(mt_reads(to, "hello"));
}

/* ---- how they fail ------------------------------------------------------- */

TEST_F(uring, what_fails_loses_nothing)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_TRUE(fill(self->out));
	EXPECT_EQ(-EMSGSIZE, ring_do(&self->ring,
				     reading(self->in, self->data, 2)));
	EXPECT_EQ(-EFAULT, ring_do(&self->ring, reading(self->in, NULL, 64)));
	EXPECT_EQ(-EBADF, ring_do(&self->ring,
				  reading(self->out, self->data, 64)));
	EXPECT_EQ(-EBADF, ring_do(&self->ring, writing(self->in, "x")));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(-EFAULT, ring_do(&self->ring, request(IORING_OP_WRITE,
							self->out, NULL, 1)));
	EXPECT_EQ(1, mt_stat_of(self->in).msgs);
	EXPECT_TRUE(mt_reads(self->in, "two"));
}

TEST_F(uring, not_this_time)
{
	struct io_uring_sqe in = reading(self->in, self->data, 64);
	struct io_uring_sqe out = writing(self->out, "x");

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	in.rw_flags = RWF_NOWAIT;
	out.rw_flags = RWF_NOWAIT;
	EXPECT_EQ(-EAGAIN, ring_do(&self->ring, in));
	EXPECT_EQ(1, ring_do(&self->ring, out));
	EXPECT_EQ(1, ring_do(&self->ring, out));
	EXPECT_EQ(-EAGAIN, ring_do(&self->ring, out));
	EXPECT_EQ(1, ring_do(&self->ring, in));
}

TEST_F(uring, a_read_ends_with_the_last_writer)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_EQ(1, ring_start(&self->ring,
				reading(self->in, self->data, 64)));
	close(self->out);
	EXPECT_EQ(0, ring_result(&self->ring));
	EXPECT_EQ(0, ring_do(&self->ring, reading(self->in, self->data, 64)));
}

TEST_F(uring, a_write_ends_with_the_last_reader)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_TRUE(fill(self->out));
	ASSERT_EQ(1, ring_start(&self->ring, writing(self->out, "three")));
	EXPECT_EQ(0, ring_done(&self->ring));
	close(self->in);
	EXPECT_EQ(-EPIPE, ring_result(&self->ring));
	EXPECT_EQ(-EPIPE, ring_do(&self->ring, writing(self->out, "x")));
}

TEST_F(uring, a_cancelled_read_takes_nothing)
{
	struct io_uring_sqe in = reading(self->in, self->data, 64);
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 1,
		.user_data = 2,
	};
	__u64 id;
	int i, ret;

	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	in.user_data = 1;
	ASSERT_EQ(1, ring_start(&self->ring, in));
	ASSERT_EQ(1, ring_start(&self->ring, cancel));
	for (i = 0; i < 2; i++) {
		ret = ring_take(&self->ring, &id);
		EXPECT_GE(0, ret);
		EXPECT_TRUE(id == 2 || ret == -ECANCELED || ret == -EINTR);
	}
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_TRUE(mt_reads(self->in, "hello"));
	EXPECT_EQ(0, ring_done(&self->ring));
}

/* It ends with the process, message or not. */
TEST_F(uring, a_killed_reader_takes_nothing)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	if (!mt_fork(&self->child, NULL)) {
		struct ring ring = ring_create();

		ring_start(&ring, reading(self->in, self->data, 64));
		mt_tell(self->child.sock, 1);
		mt_hear(self->child.sock);
		_exit(1);
	}
	ASSERT_EQ(1, mt_hear(self->child.sock));
	mt_child_kill(&self->child);
	ASSERT_EQ(5, mt_write(self->out, "hello", 5));
	EXPECT_TRUE(mt_reads(self->in, "hello"));
}

/* ---- poll ---------------------------------------------------------------- */

static struct io_uring_sqe polling(int fd, unsigned int events)
{
	struct io_uring_sqe sqe = request(IORING_OP_POLL_ADD, fd, NULL, 0);

	sqe.off = 0;
	sqe.poll32_events = events;
	return sqe;
}

TEST_F(uring, a_poll_completes_with_an_event)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	EXPECT_EQ(POLLOUT, ring_do(&self->ring, polling(self->out, POLLOUT)));
	ASSERT_EQ(1, ring_start(&self->ring, polling(self->in, POLLIN)));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_TRUE(fill(self->out));
	EXPECT_EQ(POLLIN, ring_result(&self->ring));
	ASSERT_EQ(1, ring_start(&self->ring, polling(self->out, POLLOUT)));
	EXPECT_EQ(0, ring_done(&self->ring));
	EXPECT_TRUE(mt_reads(self->in, "one"));
	EXPECT_EQ(POLLOUT, ring_result(&self->ring));
}

TEST_F(uring, a_filter_holds_for_polls_and_reads)
{
	if (self->ring.fd < 0)
		SKIP(return, NO_RING);
	ASSERT_EQ(0, mt_filter(self->in, mt_type(7)));
	ASSERT_EQ(1, ring_start(&self->ring, polling(self->in, POLLIN)));
	ASSERT_EQ(0, mt_send_text(self->out, "eight", 8));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_EQ(0, mt_send_text(self->out, "seven", 7));
	EXPECT_EQ(POLLIN, ring_result(&self->ring));
	EXPECT_TRUE(mt_reads(self->in, "seven"));

	ASSERT_EQ(1, ring_start(&self->ring,
				reading(self->in, self->data, 64)));
	EXPECT_EQ(0, ring_done(&self->ring));
	ASSERT_EQ(0, mt_send_text(self->out, "7", 7));
	EXPECT_EQ(1, ring_result(&self->ring));
	EXPECT_EQ('7', self->data[0]);
}

TEST_HARNESS_MAIN
