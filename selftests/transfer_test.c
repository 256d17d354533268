// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent is received: data, order, stamps, sizes and capacity.
 */
#include <sys/param.h>

#include "mbox_test_task.h"

FIXTURE(transfer) {
	int dev;
};

FIXTURE_SETUP(transfer)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(transfer)
{
	MT_TEARDOWN(self->dev);
}

/* Fill @buf with bytes that tell their place and @seed. */
static void pattern(char *buf, size_t len, __u32 seed)
{
	__u32 word;
	size_t i;

	for (i = 0; i < len; i += sizeof(word)) {
		word = (i + 1) * 2654435761U + seed * 40503U;
		memcpy(buf + i, &word, MIN(sizeof(word), len - i));
	}
}

/* Receive one message of @len bytes; true if it came whole and alone. */
static bool received(int box, size_t len, __u32 seed, size_t shift)
{
	const size_t guard = 64;
	char *want = malloc(len + guard + shift);
	char *got = malloc(len + guard + shift);
	bool good;

	memset(want, 0xa5, len + guard + shift);
	memset(got, 0xa5, len + guard + shift);
	pattern(want + shift, len, seed);
	good = mt_recv(box, got + shift, len + guard, MBOX_DONTWAIT) == len &&
	       !memcmp(want, got, len + guard + shift);
	free(want);
	free(got);
	return good;
}

/* Every size at which the way of storing or copying may change. */
TEST_F(transfer, sizes)
{
	static const size_t sizes[] = {
		0, 1, 2, 7, 8, 9, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025,
		4000, 4064, 4095, 4096, 4097, 8191, 8192, 8193, 65535, 65536,
		65537, 1 << 20, (1 << 20) + 1, (5 << 20) + 3,
	};
	char *data = malloc(6 << 20);
	size_t len, i, n;
	int box;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		len = sizes[i];
		box = mt_sized(self->dev, NULL, 3, len ?: 1, 3 * len ?: 1);
		ASSERT_LE(0, box);
		/* several, so that one message's data cannot be another's */
		for (n = 0; n < 3; n++) {
			pattern(data, len, n);
			ASSERT_EQ(0, mt_send(box, data, len, 0, MBOX_DONTWAIT));
		}
		memset(data, 0, len);
		EXPECT_EQ(3 * len, mt_stat_of(box).bytes);
		for (n = 0; n < 3; n++) {
			EXPECT_TRUE(received(box, len, n, 0)) {
				TH_LOG("message %zu of %zu bytes", n, len);
			}
		}
		EXPECT_EQ(0, mt_stat_of(box).bytes);
		close(box);
	}
	free(data);
}

TEST_F(transfer, alignment)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	static char data[9000];
	size_t from, to;

	ASSERT_LE(0, box);
	for (from = 0; from < 9; from++) {
		for (to = 0; to < 9; to += 1 + from % 2) {
			pattern(data + from, 8191, from);
			ASSERT_EQ(0, mt_send(box, data + from, 8191, 0, 0));
			EXPECT_TRUE(received(box, 8191, from, to)) {
				TH_LOG("from %zu to %zu", from, to);
			}
		}
	}
}

/* What a mailbox should hold: priorities in order of sending, -1 if gone. */
struct model {
	unsigned int sent;
	unsigned int queued;
	int priority[1500];
};

/* The number, from 1, of the message to be received next. */
static unsigned int model_next(const struct model *model)
{
	unsigned int i, best = 0;

	for (i = 1; i < model->sent; i++)
		if (model->priority[i] > model->priority[best])
			best = i;
	return best + 1;
}

static bool model_send(struct model *model, int box, unsigned int priority)
{
	model->priority[model->sent++] = priority;
	model->queued++;
	return !mt_send(box, &model->sent, sizeof(model->sent), priority,
			MBOX_DONTWAIT);
}

static bool model_recv(struct model *model, int box)
{
	unsigned int data, next = model_next(model);
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&data,
		.buf_size = sizeof(data),
	};
	bool good = !mt_recvmsg(box, &msg) && data == next && msg.seq == next &&
		    msg.priority == model->priority[next - 1];

	model->priority[next - 1] = -1;
	model->queued--;
	return good;
}

/* Random sends and receives, in waves, so that the queue is deep and empty. */
static bool order_is_right(int box, unsigned int priorities)
{
	static struct model model;
	unsigned int seed = priorities, bias;

	memset(&model, 0, sizeof(model));
	while (model.sent < ARRAY_SIZE(model.priority) || model.queued) {
		bias = model.sent / 300 % 2 ? 3 : 6;
		if (model.sent < ARRAY_SIZE(model.priority) &&
		    (!model.queued || rand_r(&seed) % 8 < bias)) {
			if (!model_send(&model, box, rand_r(&seed) % priorities))
				return false;
		} else if (!model_recv(&model, box)) {
			return false;
		}
	}
	return mt_recv(box, NULL, 0, MBOX_DONTWAIT) == -EAGAIN;
}

TEST_F(transfer, order)
{
	static const unsigned int priorities[] = {
		1, 2, 5, 64, MBOX_PRIORITY_MAX + 1,
	};
	size_t i;
	int box;

	for (i = 0; i < ARRAY_SIZE(priorities); i++) {
		box = mt_mailbox(self->dev, NULL, MT_RW);
		ASSERT_LE(0, box);
		EXPECT_TRUE(order_is_right(box, priorities[i])) {
			TH_LOG("with %u priorities", priorities[i]);
		}
		close(box);
	}
}

/* What the sender says and the kernel stamps comes with the right message. */
TEST_F(transfer, stamps)
{
	static const __s64 types[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
	static const int order[] = { 2, 4, 3, 1, 0 };
	struct mbox_send send = {};
	struct mbox_recv recv = {};
	__u64 before[6];
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	int i, n;

	ASSERT_LE(0, box);
	for (i = 0; i < 5; i++) {
		before[i] = mt_now(CLOCK_MONOTONIC);
		send.type = types[i];
		send.priority = i == 2 ? MBOX_PRIORITY_MAX : i;
		ASSERT_EQ(0, mt_sendmsg(box, &send));
	}
	before[5] = mt_now(CLOCK_MONOTONIC);
	for (n = 0; n < 5; n++) {
		i = order[n];
		memset(&recv, 0xff, sizeof(recv));
		recv.flags = MBOX_DONTWAIT;
		recv.deadline = 0;
		recv.iov_nr = 0;
		recv.buf_size = 0;
		recv.reply_token = 0;
		recv.reserved = 0;
		memset(&recv.fds, 0, sizeof(recv.fds));
		memset(&recv.match, 0, sizeof(recv.match));
		ASSERT_EQ(0, mt_recvmsg(box, &recv));
		EXPECT_EQ(0, recv.len);
		EXPECT_EQ(types[i], recv.type);
		EXPECT_EQ(i == 2 ? MBOX_PRIORITY_MAX : i, recv.priority);
		EXPECT_EQ(i + 1, recv.seq);
		EXPECT_LE(before[i], recv.time);
		EXPECT_GE(before[i + 1], recv.time);
		EXPECT_EQ(0, recv.reserved);
	}
}

/* A message that is refused takes no number and no room. */
TEST_F(transfer, message_size)
{
	char data[101] = "x";
	struct mbox_create fixed = {
		.flags = MT_RW | MBOX_CREATE_FIXED,
		.kind = MBOX_KIND_MAILBOX,
		.msg_size = 100,
	};
	struct mbox_recv recv = { .buf = (uintptr_t)data, .buf_size = 101 };
	struct mbox_stat stat;
	int boxes[2], i;

	boxes[0] = mt_create(self->dev, NULL, &fixed);
	boxes[1] = mt_sized(self->dev, NULL, 0, 100, 0);
	for (i = 0; i < 2; i++) {
		ASSERT_LE(0, boxes[i]);
		EXPECT_EQ(-EMSGSIZE, mt_send(boxes[i], data, 101, 0, 0));
		EXPECT_EQ(-EMSGSIZE, mt_send(boxes[i], data, ~0U, 0, 0));
		if (!i) {
			EXPECT_EQ(-EMSGSIZE, mt_send(boxes[i], data, 99, 0, 0));
			EXPECT_EQ(-EMSGSIZE, mt_send(boxes[i], data, 0, 0, 0));
		}
		ASSERT_EQ(0, mt_send(boxes[i], data, 100, 0, 0));
		stat = mt_stat_of(boxes[i]);
		EXPECT_EQ(i ? 0 : MBOX_STATE_FIXED,
			  stat.state & MBOX_STATE_FIXED);
		EXPECT_EQ(1, stat.msgs);
		EXPECT_EQ(100, stat.bytes);
		EXPECT_EQ(1, stat.sent);
		ASSERT_EQ(0, mt_recvmsg(boxes[i], &recv));
		EXPECT_EQ(100, recv.len);
		EXPECT_EQ(1, recv.seq);
	}
}

/* A message without data is a message: it waits in line and takes a place. */
TEST_F(transfer, no_data)
{
	int box = mt_sized(self->dev, NULL, 2, 1, 1);
	char data[2] = "ab";

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_send(box, NULL, 0, 0, 0));
	ASSERT_EQ(0, mt_send(box, data, 1, 0, 0));
	EXPECT_EQ(-EAGAIN, mt_send(box, NULL, 0, 0, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_recv(box, NULL, 0, MBOX_DONTWAIT));
	/* all bytes are taken, but it needs none */
	EXPECT_EQ(0, mt_send(box, NULL, 0, 0, MBOX_DONTWAIT));
	EXPECT_EQ(1, mt_recv(box, data, 2, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_recv(box, data, 2, MBOX_DONTWAIT));
	EXPECT_EQ('b', data[1]);
	EXPECT_EQ(-EAGAIN, mt_recv(box, NULL, 0, MBOX_DONTWAIT));
}

static int try_send(int box, size_t len, struct mbox_refusal *why)
{
	static char data[256];
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.len = len,
	};
	int ret;

	memset(&msg.refusal, 0xff, sizeof(msg.refusal));
	ret = mt_sendmsg(box, &msg);
	*why = msg.refusal;
	return ret;
}

TEST_F(transfer, capacity_in_messages)
{
	int box = mt_sized(self->dev, NULL, 3, 10, 1000);
	struct mbox_refusal why;
	char data[10];
	int i;

	ASSERT_LE(0, box);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, try_send(box, i, &why));
	ASSERT_EQ(-EAGAIN, try_send(box, 0, &why));
	EXPECT_EQ(MBOX_LIMIT_MSGS, why.limit);
	EXPECT_EQ(0, why.uid);
	EXPECT_EQ(3, why.used);
	EXPECT_EQ(3, why.max);
	ASSERT_EQ(0, mt_recv(box, data, 10, 0));
	EXPECT_EQ(0, try_send(box, 0, &why));
	EXPECT_EQ(-EAGAIN, try_send(box, 0, &why));
}

TEST_F(transfer, capacity_in_bytes)
{
	int box = mt_sized(self->dev, NULL, 0, 60, 100);
	struct mbox_refusal why;
	char data[60];

	ASSERT_LE(0, box);
	ASSERT_EQ(0, try_send(box, 60, &why));
	ASSERT_EQ(-EAGAIN, try_send(box, 41, &why));
	EXPECT_EQ(MBOX_LIMIT_BYTES, why.limit);
	EXPECT_EQ(0, why.uid);
	EXPECT_EQ(60, why.used);
	EXPECT_EQ(100, why.max);
	EXPECT_EQ(0, try_send(box, 40, &why));
	EXPECT_EQ(-EAGAIN, try_send(box, 1, &why));
	EXPECT_EQ(100, mt_stat_of(box).bytes);
	ASSERT_EQ(60, mt_recv(box, data, 60, 0));
	EXPECT_EQ(0, try_send(box, 60, &why));
	EXPECT_EQ(100, mt_stat_of(box).bytes);
}

/* The user who takes most of a full mailbox is named, not the last. */
TEST_F(transfer, capacity_taken_by)
{
	int box = mt_sized(self->dev, NULL, 3, 50, 100);
	static const struct mt_as other = { .uid = MT_UID_A };
	struct mbox_refusal why;
	struct mt_child child;
	char data[50];
	int i;

	ASSERT_LE(0, box);
	/* in whichever of its processes */
	for (i = 1; i <= 2; i++) {
		if (!mt_fork(&child, &other)) {
			EXPECT_EQ(0, try_send(box, 10 * i, &why));
			MT_CHILD_EXIT();
		}
		ASSERT_EQ(0, mt_child_end(&child));
	}
	ASSERT_EQ(0, try_send(box, 50, &why));
	ASSERT_EQ(-EAGAIN, try_send(box, 0, &why));
	EXPECT_EQ(MBOX_LIMIT_MSGS, why.limit);
	EXPECT_EQ(MT_UID_A, why.uid);
	EXPECT_EQ(2, why.used);
	EXPECT_EQ(3, why.total);
	EXPECT_EQ(3, why.max);

	/* of 20 bytes of one and 50 of the other, 50 is most */
	ASSERT_EQ(10, mt_recv(box, data, 50, 0));
	ASSERT_EQ(-EAGAIN, try_send(box, 50, &why));
	EXPECT_EQ(MBOX_LIMIT_BYTES, why.limit);
	EXPECT_EQ(0, why.uid);
	EXPECT_EQ(50, why.used);
	EXPECT_EQ(70, why.total);
	EXPECT_EQ(100, why.max);
}

TEST_F(transfer, capacity_change)
{
	int box = mt_sized(self->dev, NULL, 2, 10, 100);
	struct mbox_set set = { .flags = MBOX_SET_MAX_MSGS, .max_msgs = 4 };
	struct mbox_refusal why;
	char data[10];
	int i;

	ASSERT_LE(0, box);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, try_send(box, 10, &why));
	ASSERT_EQ(-EAGAIN, try_send(box, 10, &why));
	ASSERT_EQ(0, mt_set(box, &set));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, try_send(box, 10, &why));
	ASSERT_EQ(-EAGAIN, try_send(box, 10, &why));

	/* shrunk below what it holds, it drops nothing and takes nothing */
	set = (struct mbox_set){
		.flags = MBOX_SET_MAX_MSGS | MBOX_SET_MAX_BYTES,
		.max_msgs = 100,
		.max_bytes = 15,
	};
	ASSERT_EQ(0, mt_set(box, &set));
	EXPECT_EQ(4, mt_stat_of(box).msgs);
	EXPECT_EQ(15, mt_stat_of(box).max_bytes);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EAGAIN, try_send(box, 6, &why));
		EXPECT_EQ(MBOX_LIMIT_BYTES, why.limit);
		EXPECT_EQ(10, mt_recv(box, data, 10, 0));
	}
	EXPECT_EQ(-EAGAIN, try_send(box, 6, &why));
	EXPECT_EQ(0, try_send(box, 5, &why));
}

TEST_F(transfer, purge)
{
	int box = mt_sized(self->dev, NULL, 5, 0, 0);
	struct mt_task sender = { .fd = box, .send = { .len = 7 } };
	struct mbox_stat stat;
	struct mbox_recv recv = {};
	int i;

	ASSERT_LE(0, box);
	EXPECT_EQ(0, mt_purge(box));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mt_send(box, "data", 4, i, 0));
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));

	/* who waited for room is not dropped but let in */
	EXPECT_EQ(5, mt_purge(box));
	EXPECT_EQ(7, mt_task_end(&sender));
	stat = mt_stat_of(box);
	EXPECT_EQ(1, stat.msgs);
	EXPECT_EQ(7, stat.bytes);
	EXPECT_EQ(6, stat.sent);
	EXPECT_EQ(5, stat.purged);
	EXPECT_EQ(0, stat.received);

	recv.buf = (uintptr_t)sender.data;
	recv.buf_size = sizeof(sender.data);
	ASSERT_EQ(0, mt_recvmsg(box, &recv));
	EXPECT_EQ(6, recv.seq);
	EXPECT_EQ(1, mt_stat_of(box).received);
	EXPECT_EQ(0, mt_purge(box));
}

/* A message is charged to its sender until it has been received. */
TEST_F(transfer, usage)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	static char data[65536];
	struct mbox_usage usage;
	__u64 base;
	int i;

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	base = usage.bytes.used;
	for (i = 1; i <= 8; i++) {
		ASSERT_EQ(0, mt_send(box, data, sizeof(data), 0, 0));
		ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
		EXPECT_LE(base + i * sizeof(data), usage.bytes.used);
	}
	ASSERT_EQ(sizeof(data), mt_recv(box, data, sizeof(data), 0));
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_GT(base + 8 * sizeof(data), usage.bytes.used);
	EXPECT_EQ(7, mt_purge(box));
	ASSERT_EQ(0, mt_usage(self->dev, 0, &usage));
	EXPECT_GT(base + 2 * sizeof(data), usage.bytes.used);
}

TEST_HARNESS_MAIN
