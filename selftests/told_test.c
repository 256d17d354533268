// SPDX-License-Identifier: GPL-2.0
/*
 * What commands that move messages write to their struct, and that they write
 * nothing else: neither over what the caller has there, nor what the kernel has
 * elsewhere. Whatever size the caller says that the struct has, and whatever is
 * where something is to be told. Built as a 32-bit program too.
 */
#include <sys/mman.h>

#include "mbox_test_call.h"

#define FILL	0xa5

/* A struct with what a newer one could have behind it. */
union arg {
	struct mbox_send send;
	struct mbox_recv recv;
	struct mbox_call call;
	unsigned char bytes[512];
};

FIXTURE(told) {
	int dev;
	int box;	/* of one message */
	union arg arg;
	union arg before;
	struct mt_task server;
};

FIXTURE_VARIANT(told) {
	unsigned int more;	/* bytes by which the struct is larger than ours */
};

FIXTURE_VARIANT_ADD(told, size_of_ours) {
	.more = 0,
};

FIXTURE_VARIANT_ADD(told, size_to_come) {
	.more = 16,
};

FIXTURE_SETUP(told)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 1, 64, 64);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(told)
{
	MT_TEARDOWN(self->dev);
}

/* FILL where a field only tells, then what the caller has to say. */
#define HIDE(field)	memset(&(field), FILL, sizeof(field))

/* What is told at @field of @arg has been looked at: it is as it was. */
static void looked_at(union arg *arg, const union arg *before, void *field,
		      size_t size)
{
	size_t at = (unsigned char *)field - arg->bytes;

	memcpy(field, before->bytes + at, size);
}

#define TOLD(field)							\
	looked_at(&self->arg, &self->before, &(field), sizeof(field))

#define RUN(command, ours)						\
({									\
	self->arg.send.size = (ours) + variant->more;			\
	self->before = self->arg;					\
	mt_ioctl(self->box, command, &self->arg);			\
})

#define NOTHING_ELSE()							\
	EXPECT_EQ(0, memcmp(&self->before, &self->arg, sizeof(self->arg)))

/* What a struct for the receive of a message into @data has before. */
static void fill_recv(struct mbox_recv *r, void *data, __u32 size)
{
	r->flags = MBOX_DONTWAIT;
	r->buf = (uintptr_t)data;
	r->buf_size = size;
	HIDE(r->len);
	HIDE(r->type);
	HIDE(r->seq);
	HIDE(r->time);
	HIDE(r->priority);
	HIDE(r->pid);
	HIDE(r->tid);
	HIDE(r->uid);
	HIDE(r->gid);
	HIDE(r->token);
	HIDE(r->msg_flags);
	HIDE(r->deliveries);
	HIDE(r->reply_max);
	HIDE(r->cookie);
	HIDE(r->status);
	HIDE(r->error);
	HIDE(r->missed);
}

TEST_F(told, of_a_send)
{
	struct mbox_send *s = &self->arg.send;

	*s = (struct mbox_send){
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)"question",
		.len = 8,
		.priority = 3,
		.type = -4,
	};
	HIDE(s->refusal);
	ASSERT_EQ(0, RUN(MBOX_IOC_SEND, sizeof(*s)));
	NOTHING_ELSE();

	ASSERT_EQ(-EAGAIN, RUN(MBOX_IOC_SEND, sizeof(*s)));
	EXPECT_EQ((__u32)MBOX_LIMIT_MSGS, s->refusal.limit);
	EXPECT_EQ(1U, s->refusal.total);
	EXPECT_EQ(1U, s->refusal.max);
	TOLD(s->refusal);
	NOTHING_ELSE();

	s->len = 65;
	ASSERT_EQ(-EMSGSIZE, RUN(MBOX_IOC_SEND, sizeof(*s)));
	NOTHING_ELSE();
}

TEST_F(told, of_a_receive)
{
	struct mbox_recv *r = &self->arg.recv;
	char data[64];

	fill_recv(r, data, 4);
	ASSERT_EQ(-EAGAIN, RUN(MBOX_IOC_RECV, sizeof(*r)));
	NOTHING_ELSE();

	ASSERT_EQ(0, mt_send(self->box, "hello", 5, 7, 0));
	ASSERT_EQ(-EMSGSIZE, RUN(MBOX_IOC_RECV, sizeof(*r)));
	EXPECT_EQ(5U, r->len);
	TOLD(r->len);
	NOTHING_ELSE();

	r->buf_size = sizeof(data);
	ASSERT_EQ(0, RUN(MBOX_IOC_RECV, sizeof(*r)));
	EXPECT_EQ(5U, r->len);
	EXPECT_EQ(0, r->type);
	EXPECT_EQ(1U, r->seq);
	EXPECT_GT(mt_now(CLOCK_MONOTONIC), r->time);
	EXPECT_EQ(7U, r->priority);
	EXPECT_EQ(getpid(), r->pid);
	EXPECT_EQ(mt_gettid(), r->tid);
	EXPECT_EQ(geteuid(), r->uid);
	EXPECT_EQ(getegid(), r->gid);
	EXPECT_EQ(0U, r->token);
	EXPECT_EQ(0U, r->msg_flags);
	EXPECT_EQ(0U, r->deliveries);
	EXPECT_EQ(0U, r->reply_max);
	EXPECT_EQ(0U, r->cookie);
	EXPECT_EQ(0, r->status);
	EXPECT_EQ(0, r->error);
	EXPECT_EQ(0U, r->missed);
	fill_recv(r, data, sizeof(data));
	NOTHING_ELSE();
}

/* The token of a reply is used up, and nothing else, where there is no message. */
TEST_F(told, of_a_reply_and_receive)
{
	struct mbox_recv *r = &self->arg.recv;
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.reply_size = 8,
	};
	int answers = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_LE(0, answers);
	send.reply_fd = answers;
	ASSERT_EQ(0, mt_sendmsg(self->box, &send));
	fill_recv(r, NULL, 0);
	r->reply_token = mt_lease(self->box);
	r->reply_buf = (uintptr_t)"answer";
	r->reply_len = 6;
	r->reply_status = -2;
	ASSERT_EQ(-EAGAIN, RUN(MBOX_IOC_RECV, sizeof(*r)));
	EXPECT_EQ(0U, r->reply_token);
	TOLD(r->reply_token);
	NOTHING_ELSE();
	EXPECT_EQ(1, mt_purge(answers));
}

static int serve(struct mt_task *task)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)task->data,
		.buf_size = sizeof(task->data),
		.reply_buf = (uintptr_t)"answer",
		.reply_status = -2,
	};
	int ret = mt_recvmsg(task->fd, &msg);

	if (ret)
		return ret;
	msg.reply_token = msg.token;
	msg.reply_len = 6;
	msg.flags = MBOX_DONTWAIT;
	return mt_recvmsg(task->fd, &msg);
}

TEST_F(told, of_a_call)
{
	struct mbox_call *c = &self->arg.call;
	char reply[8];

	*c = (struct mbox_call){
		.buf = (uintptr_t)"question",
		.len = 8,
		.priority = 3,
		.type = -4,
		.reply_buf = (uintptr_t)reply,
		.reply_size = sizeof(reply),
	};
	HIDE(c->reply_len);
	HIDE(c->status);
	HIDE(c->refusal);
	self->server.fd = self->box;
	ASSERT_TRUE(mt_task_blocks(&self->server, serve));
	ASSERT_EQ(0, RUN(MBOX_IOC_CALL, sizeof(*c)));
	EXPECT_EQ(-EAGAIN, mt_task_end(&self->server));
	EXPECT_EQ(6U, c->reply_len);
	EXPECT_EQ(-2, c->status);
	EXPECT_EQ(0U, c->id);
	TOLD(c->reply_len);
	TOLD(c->status);
	NOTHING_ELSE();

	ASSERT_EQ(0, mt_send(self->box, "hello", 5, 0, 0));
	c->flags = MBOX_DONTWAIT;
	ASSERT_EQ(-EAGAIN, RUN(MBOX_IOC_CALL, sizeof(*c)));
	EXPECT_EQ((__u32)MBOX_LIMIT_MSGS, c->refusal.limit);
	EXPECT_EQ(0U, c->id);
	TOLD(c->refusal);
	NOTHING_ELSE();
}

/* A struct that begins before @end, and of which @cut bytes are behind it. */
static void *cut(unsigned char *end, const void *arg, size_t size, size_t cut)
{
	return memcpy(end - size + cut, arg, size - cut);
}

/* A page behind which there is nothing: its end. */
static unsigned char *last_page(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	unsigned char *page = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page + size, size))
		abort();
	return page + size;
}

/* Wherever it begins; and where some of it is not there, nothing has happened. */
TEST_F(told, of_a_struct_at_the_end)
{
	unsigned char *end = last_page();
	struct mbox_recv r = { .size = sizeof(r), .flags = MBOX_DONTWAIT };
	struct mbox_send s = { .size = sizeof(s), .flags = MBOX_DONTWAIT };
	struct mbox_call c = { .size = sizeof(c), .flags = MBOX_DONTWAIT };
	size_t n;

	for (n = 1; n <= sizeof(s) - 4; n++)
		EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_SEND,
					    cut(end, &s, sizeof(s), n)));
	for (n = 1; n <= sizeof(c) - 4; n++)
		EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_CALL,
					    cut(end, &c, sizeof(c), n)));
	EXPECT_EQ(0U, mt_stat_of(self->box).sent);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_SEND,
			      cut(end - 3, &s, sizeof(s), 0)));
	EXPECT_EQ(-EAGAIN, mt_ioctl(self->box, MBOX_IOC_CALL,
				    cut(end - 5, &c, sizeof(c), 0)));
	for (n = 1; n <= sizeof(r) - 4; n++)
		EXPECT_EQ(-EFAULT, mt_ioctl(self->box, MBOX_IOC_RECV,
					    cut(end, &r, sizeof(r), n)));
	EXPECT_EQ(1U, mt_stat_of(self->box).msgs);
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_RECV,
			      cut(end - 1, &r, sizeof(r), 0)));
}

TEST_HARNESS_MAIN
