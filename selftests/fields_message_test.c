// SPDX-License-Identifier: GPL-2.0
/*
 * Each field wrong alone, of the commands that move messages. Built as a 32-bit
 * program too.
 */
#include "mbox_test_batch.h"
#include "mbox_test_field.h"

TEST_F(field, send)
{
	struct mbox_send valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->edge,
		.len = 8,
		.priority = MBOX_PRIORITY_MAX,
		.type = -1,
		.deadline = (1ULL << 63) - 1,
	};

#define SEND(error, ...) \
	WRONG(error, MBOX_IOC_SEND, self->box, valid, __VA_ARGS__)
	SEND(-EINVAL, arg->priority = MBOX_PRIORITY_MAX + 1);
	SEND(-EINVAL, arg->priority = ~0U);
	SEND(-EINVAL, arg->deadline = 1ULL << 63);
	SEND(-EINVAL, arg->deadline = ~0ULL);
	SEND(-EMSGSIZE, arg->len = MBOX_DEFAULT_MSG_SIZE + 1);
	SEND(-EMSGSIZE, arg->len = ~0U);
	SEND(-EFAULT, arg->len = 9);
	SEND(-EFAULT, arg->len = MBOX_DEFAULT_MSG_SIZE);
	SEND(-EFAULT, arg->buf = 0);
	SEND(-EFAULT, arg->buf = (uintptr_t)self->none);
	SEND(-EFAULT, arg->buf = KERNEL_HALF);
	SEND(-EFAULT, arg->buf = LAST_BYTES);
	SEND(-EFAULT, arg->buf |= 1ULL << 63);
	SEND(-EINVAL, arg->flags |= MBOX_REPEATABLE);
	SEND(-EINVAL, arg->reply_fd = self->box);
	SEND(-EINVAL, arg->reply_size = 1);
	SEND(-EINVAL, arg->cookie = 1ULL << 63);
	SEND(-EBADF, arg->reply_fd = -1, arg->flags |= MBOX_ASYNC);
	SEND(-EBADF, arg->reply_fd = self->region, arg->flags |= MBOX_ASYNC);
	SEND(-EMSGSIZE, arg->reply_fd = self->box, arg->reply_size = ~0U,
	     arg->flags |= MBOX_ASYNC);
	SEND(-EINVAL, arg->fds.lost = 1);
	SEND(-EINVAL, arg->fds.fds = (uintptr_t)self->edge);
	SEND(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	SEND(-EFAULT, arg->fds.nr = 1);
	SEND(-EFAULT, arg->fds.nr = 3, arg->fds.fds = (uintptr_t)self->edge);
	SEND(-EINVAL, arg->ttl = MBOX_TIME_MAX + 1);
	SEND(-EINVAL, arg->ttl = ~0ULL);
	SEND(-EINVAL, arg->ttl = 1, arg->reply_fd = self->box,
	     arg->flags |= MBOX_ASYNC);
	SEND(-EINVAL, arg->reserved = 1);
	SEND(-EINVAL, arg->reserved = 1U << 31);
#undef SEND
	valid.ttl = MBOX_TIME_MAX;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, &valid));
	/* no data, no pointer */
	valid.buf = 0;
	valid.len = 0;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, &valid));
	EXPECT_EQ(3U, mt_stat_of(self->box).msgs);
}

/* Pointers to pieces, and what is in them, to send and to receive alike. */
TEST_F(field, pieces)
{
	const struct mbox_iov good = {
		.base = (uintptr_t)self->edge,
		.len = 8,
	};
	struct mbox_iov iov = good;
	struct mbox_send send = {
		.size = sizeof(send),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&iov,
		.iov_nr = 1,
	};
	struct mbox_recv recv = {
		.size = sizeof(recv),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)&iov,
		.iov_nr = 1,
	};

#define BOTH(error, ...) do {						\
	int __error = error;						\
									\
	WRONG(__error, MBOX_IOC_SEND, self->box, send, __VA_ARGS__);	\
	iov = good;							\
	WRONG(__error, MBOX_IOC_RECV, self->box, recv, __VA_ARGS__);	\
	iov = good;							\
} while (0)
	BOTH(-EINVAL, arg->iov_nr = MBOX_IOV_MAX + 1);
	BOTH(-EINVAL, arg->iov_nr = ~0U);
	BOTH(-EFAULT, arg->buf = 0);
	BOTH(-EFAULT, arg->buf = (uintptr_t)self->none);
	BOTH(-EFAULT, arg->buf = (uintptr_t)self->edge);
	BOTH(-EFAULT, arg->buf = KERNEL_HALF);
	BOTH(-EFAULT, arg->buf = LAST_BYTES);
	BOTH(-EFAULT, arg->buf |= 1ULL << 63);
	BOTH(-EFAULT, iov.base = 0);
	BOTH(-EFAULT, iov.base = (uintptr_t)self->none);
	BOTH(-EFAULT, iov.base = KERNEL_HALF);
	BOTH(-EFAULT, iov.base = LAST_BYTES);
	BOTH(-EFAULT, iov.base |= 1ULL << 63);
	/* the message is of six bytes */
	BOTH(-EFAULT, iov.base += 3);
#undef BOTH
	WRONG(-EINVAL, MBOX_IOC_SEND, self->box, send, arg->len = 8);
	WRONG(-EINVAL, MBOX_IOC_RECV, self->box, recv, arg->buf_size = 8);
	WRONG(-EMSGSIZE, MBOX_IOC_SEND, self->box, send,
	      iov.len = MBOX_DEFAULT_MSG_SIZE + 1);
	WRONG(-EMSGSIZE, MBOX_IOC_SEND, self->box, send, iov.len = 1ULL << 32);
	WRONG(-EMSGSIZE, MBOX_IOC_RECV, self->box, recv, iov.len = 5);
	iov.len = 6;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV, &recv));
	EXPECT_EQ(6U, recv.len);
	EXPECT_EQ(0, memcmp("queued", self->edge, 6));
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND, &send));
	EXPECT_EQ(6U, mt_stat_of(self->box).bytes);
}

TEST_F(field, recv)
{
	struct mbox_recv valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)self->edge,
		.buf_size = 8,
		.deadline = (1ULL << 63) - 1,
	};

#define RECV(error, ...) \
	WRONG(error, MBOX_IOC_RECV, self->box, valid, __VA_ARGS__)
	RECV(-EINVAL, arg->deadline = 1ULL << 63);
	RECV(-EINVAL, arg->deadline = ~0ULL);
	RECV(-EINVAL, arg->reserved = 1);
	RECV(-EMSGSIZE, arg->buf_size = 5);
	RECV(-EMSGSIZE, arg->buf_size = 0);
	RECV(-EFAULT, arg->buf = 0);
	RECV(-EFAULT, arg->buf = (uintptr_t)self->none);
	RECV(-EFAULT, arg->buf = (uintptr_t)self->none - 5);
	RECV(-EFAULT, arg->buf = KERNEL_HALF);
	RECV(-EFAULT, arg->buf = LAST_BYTES);
	RECV(-EFAULT, arg->buf |= 1ULL << 63);
	RECV(-EINVAL, arg->reserved = 1U << 31);
	RECV(-ESTALE, arg->reply_token = 1);
	RECV(-ESTALE, arg->reply_token = 1ULL << 63);
	RECV(-EINVAL, arg->flags |= MBOX_PEEK | MBOX_LEASE);
	RECV(-EINVAL, arg->flags |= MBOX_PEEK, arg->reply_token = 1);
#undef RECV
	/* outputs are not looked at; a buffer may claim more than there is */
	memset(&valid.type, 0xff, (char *)&valid.reply_status -
	       (char *)&valid.type);
	memset(&valid.cookie, 0xff, (char *)&valid.match -
	       (char *)&valid.cookie);
	valid.missed = ~0ULL;
	valid.iov_nr = 0;
	valid.len = ~0U;
	valid.buf_size = 1U << 31;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV, &valid));
	EXPECT_EQ(0U, valid.token);
	EXPECT_EQ(0U, valid.msg_flags);
	EXPECT_EQ(0U, valid.deliveries);
	EXPECT_EQ(0U, valid.reply_max);
	EXPECT_EQ(0U, valid.cookie);
	EXPECT_EQ(0, valid.status);
	EXPECT_EQ(0, valid.error);
	EXPECT_EQ(0U, valid.missed);
	EXPECT_EQ(6U, valid.len);
	EXPECT_EQ(0, memcmp("queued", self->edge, 6));
	EXPECT_EQ(1U, valid.seq);
	EXPECT_EQ(0, valid.type);
	EXPECT_EQ(getpid(), valid.pid);
}

/* What is wrong in a match, wherever it is. */
static const struct {
	int error;
	struct mbox_match match;
} wrong_matches[] = {
	{ -EOPNOTSUPP, { .what = 0x20 } },
	{ -EOPNOTSUPP, { .what = 1U << 31 } },
	{ -EOPNOTSUPP, { .what = ~0U } },
	{ -EINVAL, { .priority = 1 } },
	{ -EINVAL, { .type = 1 } },
	{ -EINVAL, { .type = INT64_MIN } },
	{ -EINVAL, { .pid = 1 } },
	{ -EINVAL, { .pid = -1 } },
	{ -EINVAL, { .reserved = 1 } },
	{ -EINVAL, { .reserved = 1U << 31 } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE, .priority = 1 } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE_NOT, .pid = 1 } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE_MAX, .reserved = 1 } },
	{ -EINVAL, { .what = MBOX_MATCH_PRIORITY, .type = -1 } },
	{ -EINVAL, { .what = MBOX_MATCH_PID, .pid = 1, .type = 1 } },
	{ -EINVAL, { .what = MBOX_MATCH_PID, .pid = 1, .priority = 1 } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_NOT } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE_MAX | MBOX_MATCH_TYPE_NOT } },
	{ -EINVAL, { .what = MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX |
			     MBOX_MATCH_TYPE_NOT } },
	{ -ESRCH, { .what = MBOX_MATCH_PID } },
	{ -ESRCH, { .what = MBOX_MATCH_PID, .pid = INT32_MAX } },
};

TEST_F(field, match)
{
	char data[8];
	struct mbox_recv_item item = {
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	struct mbox_recv recv = {
		.size = sizeof(recv),
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	struct mbox_recv_batch batch = {
		.size = sizeof(batch),
		.flags = MBOX_DONTWAIT,
		.items = (uintptr_t)&item,
		.nr = 1,
	};
	struct mbox_filter filter = { .size = sizeof(filter) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong_matches); i++) {
		int error = wrong_matches[i].error;

		WRONG(error, MBOX_IOC_RECV, self->box, recv,
		      arg->match = wrong_matches[i].match);
		WRONG(error, MBOX_IOC_RECV_BATCH, self->box, batch,
		      arg->match = wrong_matches[i].match);
		WRONG(error, MBOX_IOC_FILTER, self->box, filter,
		      arg->match = wrong_matches[i].match);
	}
	filter.match.what = MBOX_MATCH_TYPE_NOT | MBOX_MATCH_PID |
			    MBOX_MATCH_PRIORITY;
	filter.match.type = INT64_MIN;
	filter.match.pid = getpid();
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_FILTER, &filter));
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV, &recv));
	EXPECT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
	EXPECT_EQ(1, mt_ioctl(self->box, MBOX_IOC_RECV_BATCH, &batch));
	EXPECT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
	recv.match = filter.match;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV, &recv));
}

TEST_F(field, send_batch)
{
	const struct mbox_send_item good = {
		.buf = (uintptr_t)self->edge,
		.len = 8,
		.priority = MBOX_PRIORITY_MAX,
		.type = INT64_MIN,
		.ttl = MBOX_TIME_MAX,
	};
	struct mbox_send_item item = good;
	struct mbox_send_batch valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.items = (uintptr_t)&item,
		.nr = 1,
		.deadline = (1ULL << 63) - 1,
	};

#define BATCH(error, ...) \
	WRONG(error, MBOX_IOC_SEND_BATCH, self->box, valid, __VA_ARGS__)
	BATCH(-EINVAL, arg->nr = 0);
	BATCH(-EINVAL, arg->nr = MBOX_BATCH_MAX + 1);
	BATCH(-EINVAL, arg->nr = ~0U);
	BATCH(-EINVAL, arg->deadline = 1ULL << 63);
	BATCH(-EINVAL, arg->deadline = ~0ULL);
	BATCH(-EFAULT, arg->items = 0);
	BATCH(-EFAULT, arg->items = (uintptr_t)self->none);
	BATCH(-EFAULT, arg->items = (uintptr_t)self->edge);
	BATCH(-EFAULT, arg->items = KERNEL_HALF);
	BATCH(-EFAULT, arg->items = LAST_BYTES);
	BATCH(-EFAULT, arg->items |= 1ULL << 63);
#define ITEM(error, ...) BATCH(error, item = good, __VA_ARGS__)
	ITEM(-EFAULT, item.buf = 0);
	ITEM(-EFAULT, item.buf = KERNEL_HALF);
	ITEM(-EFAULT, item.buf |= 1ULL << 63);
	ITEM(-EFAULT, item.len = 9);
	ITEM(-EMSGSIZE, item.len = MBOX_DEFAULT_MSG_SIZE + 1);
	ITEM(-EMSGSIZE, item.len = ~0U);
	ITEM(-EINVAL, item.priority = MBOX_PRIORITY_MAX + 1);
	ITEM(-EINVAL, item.priority = ~0U);
	ITEM(-EINVAL, item.ttl = MBOX_TIME_MAX + 1);
	ITEM(-EINVAL, item.ttl = 1ULL << 63);
	ITEM(-EINVAL, item.reserved = 1);
	ITEM(-EINVAL, item.reserved = 1ULL << 63);
#undef ITEM
#undef BATCH
	item = good;
	valid.error = ~0;
	EXPECT_EQ(1, mt_ioctl(self->box, MBOX_IOC_SEND_BATCH, &valid));
	EXPECT_EQ(0, valid.error);
	EXPECT_EQ(2U, mt_stat_of(self->box).msgs);
}

TEST_F(field, recv_batch)
{
	const struct mbox_recv_item good = {
		.buf = (uintptr_t)self->edge,
		.buf_size = 8,
	};
	struct mbox_recv_item item = good;
	struct mbox_recv_batch valid = {
		.size = sizeof(valid),
		.flags = MBOX_DONTWAIT,
		.items = (uintptr_t)&item,
		.nr = 1,
		.deadline = (1ULL << 63) - 1,
	};

#define BATCH(error, ...) \
	WRONG(error, MBOX_IOC_RECV_BATCH, self->box, valid, __VA_ARGS__)
	BATCH(-EINVAL, arg->nr = 0);
	BATCH(-EINVAL, arg->nr = MBOX_BATCH_MAX + 1);
	BATCH(-EINVAL, arg->nr = ~0U);
	BATCH(-EINVAL, arg->deadline = 1ULL << 63);
	BATCH(-EFAULT, arg->items = 0);
	BATCH(-EFAULT, arg->items = (uintptr_t)self->none);
	BATCH(-EFAULT, arg->items = (uintptr_t)self->edge);
	BATCH(-EFAULT, arg->items = KERNEL_HALF);
	BATCH(-EFAULT, arg->items = LAST_BYTES);
	BATCH(-EFAULT, arg->items |= 1ULL << 63);
#define ITEM(error, ...) BATCH(error, item = good, __VA_ARGS__)
	ITEM(-EFAULT, item.buf = 0);
	ITEM(-EFAULT, item.buf = KERNEL_HALF);
	ITEM(-EFAULT, item.buf |= 1ULL << 63);
	ITEM(-EFAULT, item.buf += 3);
	ITEM(-EMSGSIZE, item.buf_size = 5);
	ITEM(-EMSGSIZE, item.buf_size = 0);
#undef ITEM
#undef BATCH
	/* outputs are not looked at; a buffer may claim more than there is */
	memset(&item, 0xff, sizeof(item));
	item.buf = good.buf;
	item.buf_size = 1U << 31;
	valid.error = ~0;
	EXPECT_EQ(1, mt_ioctl(self->box, MBOX_IOC_RECV_BATCH, &valid));
	EXPECT_EQ(0, valid.error);
	EXPECT_EQ(6U, item.len);
	EXPECT_EQ(0, item.type);
	EXPECT_EQ(1U, item.seq);
	EXPECT_EQ(0U, item.token);
	EXPECT_EQ(0U, item.missed);
	EXPECT_EQ(0U, item.cookie);
	EXPECT_EQ(0U, item.deliveries);
	EXPECT_EQ(getpid(), item.pid);
	EXPECT_EQ(0U, item.msg_flags);
	EXPECT_EQ(0U, item.reply_max);
	EXPECT_EQ(0, item.status);
	EXPECT_EQ(0, item.error);
	EXPECT_EQ(0U, item.fds_lost);
	EXPECT_EQ(0U, item.reserved);
}

/* What is held is looked for only once the rest is right. */
TEST_F(field, leases)
{
	struct mbox_nack nack = { .size = sizeof(nack) };
	struct mbox_held held = { .size = sizeof(held) };
	struct mbox_ack ack = { .size = sizeof(ack) };

	nack.token = mt_lease(self->box);
	ASSERT_NE(0, nack.token);
	ack.token = nack.token;
	held.token = nack.token;
	WRONG(-EINVAL, MBOX_IOC_NACK, self->box, nack,
	      arg->delay = MBOX_TIME_MAX + 1);
	WRONG(-EINVAL, MBOX_IOC_NACK, self->box, nack, arg->delay = ~0ULL);
	WRONG(-ESTALE, MBOX_IOC_NACK, self->box, nack,
	      arg->token |= 1ULL << 63);
	WRONG(-ESTALE, MBOX_IOC_ACK, self->box, ack, arg->token |= 1ULL << 32);
	WRONG(-ESTALE, MBOX_IOC_HELD, self->box, held, arg->token = ~0ULL);
	held.state = ~0U;
	held.deliveries = ~0U;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_HELD, &held));
	EXPECT_EQ((__u32)MBOX_MSG_SENDER_LIVES, held.state);
	EXPECT_EQ(0U, held.deliveries);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_ACK, &ack));
}

TEST_F(field, call)
{
	struct mbox_call valid = {
		.size = sizeof(valid),
		.buf = (uintptr_t)self->edge,
		.len = 8,
		.priority = MBOX_PRIORITY_MAX,
		.reply_buf = (uintptr_t)self->edge,
		.reply_size = 8,
		.deadline = 1,
	};

#define CALL(error, ...) \
	WRONG(error, MBOX_IOC_CALL, self->box, valid, __VA_ARGS__)
	CALL(-EINVAL, arg->priority = MBOX_PRIORITY_MAX + 1);
	CALL(-EINVAL, arg->deadline = 1ULL << 63);
	CALL(-EINVAL, arg->reserved = 1);
	CALL(-EMSGSIZE, arg->len = MBOX_DEFAULT_MSG_SIZE + 1);
	CALL(-EMSGSIZE, arg->reply_size = MBOX_MSG_SIZE_MAX + 1);
	CALL(-EMSGSIZE, arg->reply_size = ~0U);
	CALL(-EFAULT, arg->len = 9);
	CALL(-EFAULT, arg->buf = 0);
	CALL(-EFAULT, arg->buf = KERNEL_HALF);
	CALL(-EFAULT, arg->buf |= 1ULL << 63);
	CALL(-ESTALE, arg->id = 1ULL << 63);
	CALL(-EINVAL, arg->fds.lost = 1);
	CALL(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	CALL(-EFAULT, arg->fds.nr = 1);
#undef CALL
	EXPECT_EQ(-ETIMEDOUT, mt_ioctl(self->box, MBOX_IOC_CALL, &valid));
	EXPECT_EQ(0U, valid.id);
}

TEST_F(field, reply)
{
	int answers = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.priority = 1,
		.reply_fd = answers,
		.reply_size = 9,
	};
	struct mbox_reply valid = {
		.size = sizeof(valid),
		.buf = (uintptr_t)self->edge,
		.len = 8,
	};

	ASSERT_EQ(0, mt_sendmsg(self->box, &send));
	valid.token = mt_lease(self->box);
#define REPLY(error, ...) \
	WRONG(error, MBOX_IOC_REPLY, self->box, valid, __VA_ARGS__)
	REPLY(-ESTALE, arg->token = 0);
	REPLY(-ESTALE, arg->token |= 1ULL << 63);
	REPLY(-EMSGSIZE, arg->len = 10);
	REPLY(-EMSGSIZE, arg->len = ~0U);
	REPLY(-EFAULT, arg->len = 9);
	REPLY(-EFAULT, arg->buf = 0);
	REPLY(-EFAULT, arg->buf = KERNEL_HALF);
	REPLY(-EFAULT, arg->buf |= 1ULL << 63);
	REPLY(-EINVAL, arg->fds.lost = 1);
	REPLY(-EINVAL, arg->fds.nr = MBOX_FDS_MAX + 1);
	REPLY(-EFAULT, arg->fds.nr = 1);
#undef REPLY
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_REPLY, &valid));
	close(answers);
}

TEST_HARNESS_MAIN
