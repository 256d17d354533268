// SPDX-License-Identifier: GPL-2.0
/*
 * A message while it is being received, and a sender while it is being read
 * from: the other side's memory takes its time, and may not come at all. The
 * mailbox works on meanwhile.
 */
#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "mbox_test_task.h"

#define LEN	200

/* A page that is not there until it is decided what becomes of it. */
struct slow {
	char *page;
	size_t size;
	int uffd;
};

static bool slow_init(struct slow *slow)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	slow->size = sysconf(_SC_PAGESIZE);
	slow->page = mmap(NULL, slow->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slow->uffd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = (uintptr_t)slow->page;
	reg.range.len = slow->size;
	return slow->uffd >= 0 && !ioctl(slow->uffd, UFFDIO_API, &api) &&
	       !ioctl(slow->uffd, UFFDIO_REGISTER, &reg);
}

/* Wait until somebody waits for the page. */
static bool slow_is_wanted(struct slow *slow)
{
	struct pollfd poll_uffd = { .fd = slow->uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&poll_uffd, 1, 20000) == 1 &&
	       read(slow->uffd, &msg, sizeof(msg)) == sizeof(msg);
}

static void slow_give(struct slow *slow)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)slow->page, .len = slow->size },
	};

	ioctl(slow->uffd, UFFDIO_ZEROPAGE, &zero);
}

static void slow_refuse(struct slow *slow)
{
	struct uffdio_range range = {
		.start = (uintptr_t)slow->page,
		.len = slow->size,
	};

	munmap(slow->page, slow->size);
	ioctl(slow->uffd, UFFDIO_WAKE, &range);
}

/* A mailbox of two messages, and a task that will receive the first one. */
FIXTURE(held) {
	int dev;
	int box;
	struct slow slow;
	struct mt_task slowly;
	struct mt_task other;
};

FIXTURE_SETUP(held)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(slow_init(&self->slow));
	self->box = mt_sized(self->dev, NULL, 2, 0, 0);
	ASSERT_LE(0, self->box);
	self->slowly.fd = self->box;
	self->slowly.recv.buf = (uintptr_t)self->slow.page;
	self->slowly.recv.buf_size = LEN;
	self->slowly.send.buf = (uintptr_t)self->slow.page;
	self->slowly.send.len = LEN;
	self->other.fd = self->box;
}

FIXTURE_TEARDOWN(held)
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
	int ret = mt_recv(box, data, sizeof(data), MBOX_DONTWAIT);

	return ret < 0 ? ret : data[LEN - 1];
}

/* Start to receive the first of what is queued. */
#define HOLD_ONE() do {							\
	mt_task_start(&self->slowly, mt_task_recv);			\
	ASSERT_TRUE(slow_is_wanted(&self->slow));			\
	ASSERT_EQ(1, mt_stat_of(self->box).held);			\
} while (0)

TEST_F(held, is_out_of_sight)
{
	struct pollfd pollfd = { .fd = self->box, .events = POLLIN };
	struct mbox_stat stat;

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	HOLD_ONE();
	stat = mt_stat_of(self->box);
	EXPECT_EQ(1, stat.msgs);
	EXPECT_EQ(2 * LEN, stat.bytes);
	EXPECT_EQ(0, stat.received);

	/* others receive and send meanwhile */
	EXPECT_EQ(2, recv_number(self->box));
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(0, send_number(self->box, 3, 5));
	EXPECT_EQ(3, recv_number(self->box));
	EXPECT_FALSE(mt_task_is_done(&self->slowly));

	slow_give(&self->slow);
	EXPECT_EQ(LEN, mt_task_end(&self->slowly));
	EXPECT_EQ(1, self->slow.page[LEN - 1]);
	EXPECT_EQ(1, self->slowly.recv.seq);
	stat = mt_stat_of(self->box);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(3, stat.received);
}

TEST_F(held, is_put_back_at_its_place)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	HOLD_ONE();
	ASSERT_EQ(2, recv_number(self->box));
	ASSERT_EQ(0, send_number(self->box, 3, 5));
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	EXPECT_EQ(1, recv_number(self->box));
	EXPECT_EQ(0, send_number(self->box, 4, 6));
	EXPECT_EQ(4, recv_number(self->box));
	EXPECT_EQ(3, recv_number(self->box));
}

/* So that it can be put back, it counts in the capacity. */
TEST_F(held, keeps_its_room)
{
	struct mbox_send msg = { .flags = MBOX_DONTWAIT };

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	HOLD_ONE();
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	EXPECT_EQ(-EAGAIN, mt_sendmsg(self->box, &msg));
	EXPECT_EQ(MBOX_LIMIT_MSGS, msg.refusal.limit);
	EXPECT_EQ(2, msg.refusal.used);
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_send));

	/* until it has been received */
	slow_give(&self->slow);
	EXPECT_EQ(LEN, mt_task_end(&self->slowly));
	EXPECT_EQ(0, mt_task_end(&self->other));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
}

TEST_F(held, keeps_its_room_when_put_back)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	HOLD_ONE();
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_send));
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	EXPECT_TRUE(mt_task_settle(&self->other));
	EXPECT_EQ(1, recv_number(self->box));
	EXPECT_EQ(0, mt_task_end(&self->other));
}

TEST_F(held, goes_to_a_waiting_receiver_when_put_back)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	HOLD_ONE();
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_recv));
	ASSERT_EQ(1, mt_stat_of(self->box).waiting_receivers);
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(LEN, mt_task_end(&self->other));
	EXPECT_EQ(1, self->other.data[LEN - 1]);
}

TEST_F(held, wakes_pollers_when_put_back)
{
	self->other.poll.events = POLLIN;
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	HOLD_ONE();
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_poll));
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(POLLIN, mt_task_end(&self->other));
	EXPECT_EQ(1, recv_number(self->box));
}

TEST_F(held, survives_its_receiver)
{
	struct mt_child child;

	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	if (!mt_fork(&child, NULL)) {
		/* memory that userfaultfd watches is not watched in a child */
		if (slow_init(&self->slow))
			mt_recv(self->box, self->slow.page, LEN, 0);
		_exit(1);
	}
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).held == 1));
	ASSERT_EQ(1, mt_stat_of(self->box).msgs);
	mt_child_kill(&child);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, recv_number(self->box));
	EXPECT_EQ(2, recv_number(self->box));
}

/* Killed when he has been handed it, and has not run since. */
TEST_F(held, survives_a_receiver_that_does_not_wake)
{
	struct sched_param urgent = { .sched_priority = 1 };
	struct mt_child child;
	cpu_set_t one;
	char data[LEN];

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	if (!mt_fork(&child, NULL))
		_exit(mt_recv(self->box, data, LEN, 0));
	ASSERT_TRUE(mt_wait_blocked(child.pid));
	/* it runs once we do not */
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &urgent));
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	mt_child_kill(&child);
	EXPECT_EQ(0, mt_stat_of(self->box).held);
	EXPECT_EQ(1, recv_number(self->box));
}

TEST_F(held, is_not_purged)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	ASSERT_EQ(0, send_number(self->box, 2, 5));
	HOLD_ONE();
	EXPECT_EQ(1, mt_purge(self->box));
	EXPECT_EQ(1, mt_stat_of(self->box).held);
	EXPECT_EQ(1, mt_stat_of(self->box).purged);
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(1, recv_number(self->box));
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
}

/* Leave the mailbox with no descriptor to send; the new one can receive. */
static int drop_writers(int dev, int box)
{
	int reader = mt_open_fd(dev, box, MBOX_O_READ);

	dup2(reader, box);
	close(reader);
	return box;
}

/* It may come back, so it is not over for others before it was received. */
TEST_F(held, may_come_yet)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	drop_writers(self->dev, self->box);
	ASSERT_EQ(0, mt_stat_of(self->box).writers);
	HOLD_ONE();
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_recv));
	slow_give(&self->slow);
	EXPECT_EQ(LEN, mt_task_end(&self->slowly));
	EXPECT_EQ(-EPIPE, mt_task_end(&self->other));
	EXPECT_EQ(-EPIPE, recv_number(self->box));
}

TEST_F(held, did_come_yet)
{
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	drop_writers(self->dev, self->box);
	HOLD_ONE();
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_recv));
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(LEN, mt_task_end(&self->other));
	EXPECT_EQ(-EPIPE, recv_number(self->box));
}

/* Nor is it when the mailbox has ended: the message can still be received. */
TEST_F(held, outlives_its_mailbox)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_PROCESS,
	};
	char *name = mt_name("held");
	struct mt_child owner;

	if (!mt_fork(&owner, NULL)) {
		mt_tell(owner.sock, mt_create(self->dev, name, &attr));
		mt_hear(owner.sock);
		_exit(0);
	}
	ASSERT_LE(0, mt_hear(owner.sock));
	close(self->box);
	self->box = mt_open(self->dev, name, MT_RW);
	self->slowly.fd = self->box;
	self->other.fd = self->box;
	ASSERT_EQ(0, send_number(self->box, 1, 5));
	HOLD_ONE();
	ASSERT_TRUE(mt_task_blocks(&self->other, mt_task_recv));
	mt_child_end(&owner);
	ASSERT_EQ(MBOX_STATE_ENDED, mt_stat_of(self->box).state);
	EXPECT_TRUE(mt_task_settle(&self->other));
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
	slow_refuse(&self->slow);
	EXPECT_EQ(-EFAULT, mt_task_end(&self->slowly));
	EXPECT_EQ(LEN, mt_task_end(&self->other));
	EXPECT_EQ(-EPIPE, recv_number(self->box));
}

/* A sender whose data is slow to come is not in anybody's way. */
TEST_F(held, nothing_by_a_slow_sender)
{
	mt_task_start(&self->slowly, mt_task_send);
	ASSERT_TRUE(slow_is_wanted(&self->slow));
	EXPECT_EQ(0, send_number(self->box, 1, 0));
	EXPECT_EQ(1, recv_number(self->box));
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
	slow_give(&self->slow);
	EXPECT_EQ(LEN, mt_task_end(&self->slowly));
	EXPECT_EQ(0, recv_number(self->box));
	EXPECT_EQ(2, mt_stat_of(self->box).received);
}

TEST_F(held, nothing_by_a_dead_sender)
{
	struct mt_child child;

	if (!mt_fork(&child, NULL)) {
		if (slow_init(&self->slow))
			mt_send(self->box, self->slow.page, LEN, 0, 0);
		_exit(1);
	}
	ASSERT_TRUE(mt_wait_blocked(child.pid));
	EXPECT_EQ(0, mt_stat_of(self->box).sent);
	mt_child_kill(&child);
	EXPECT_EQ(0, mt_stat_of(self->box).sent);
	EXPECT_EQ(0, mt_stat_of(self->box).waiting_senders);
	EXPECT_EQ(-EAGAIN, recv_number(self->box));
	EXPECT_EQ(0, send_number(self->box, 1, 0));
	EXPECT_EQ(1, recv_number(self->box));
}

TEST_HARNESS_MAIN
