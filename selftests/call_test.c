// SPDX-License-Identifier: GPL-2.0
/*
 * A request and its reply: data, sizes, order, capacity; many of both sides.
 */
#include <sys/mman.h>

#include "mbox_test_call.h"

FIXTURE(call) {
	int dev;
	int client;
	int server;
	struct mt_caller caller;
};

FIXTURE_SETUP(call)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 3, 1 << 20, 3 << 20);
	ASSERT_LE(0, box);
	self->client = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	self->server = mt_open_fd(self->dev, box, MBOX_O_READ);
	ASSERT_LE(0, self->server);
	close(box);
}

FIXTURE_TEARDOWN(call)
{
	MT_TEARDOWN(self->dev);
}

#define CALL(...) do {							\
	self->caller = (struct mt_caller){ .call = { __VA_ARGS__ } };	\
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));	\
} while (0)

TEST_F(call, request_and_reply)
{
	char data[8] = "";
	struct mbox_recv msg = {
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	struct mbox_stat stat;

	CALL(.priority = 7, .type = -5);
	ASSERT_EQ(0, mt_recvmsg(self->server, &msg));
	EXPECT_STREQ("?", data);
	EXPECT_EQ(MBOX_MSG_CALL, msg.msg_flags);
	EXPECT_NE(0, msg.token);
	EXPECT_EQ(7, msg.priority);
	EXPECT_EQ(-5, msg.type);
	EXPECT_EQ(sizeof(self->caller.reply), msg.reply_max);
	EXPECT_EQ(0, msg.deliveries);
	EXPECT_EQ(getpid(), msg.pid);
	EXPECT_EQ(mt_task_tid(&self->caller.task), msg.tid);
	stat = mt_stat_of(self->client);
	EXPECT_EQ(1, stat.held);
	EXPECT_EQ(2, stat.bytes);
	EXPECT_NE(0, self->caller.call.id);

	EXPECT_EQ(0, mt_reply(self->server, msg.token, "answer", 7, -3));
	EXPECT_EQ(7, mt_caller_end(&self->caller));
	EXPECT_STREQ("answer", self->caller.reply);
	EXPECT_EQ(-3, self->caller.call.status);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(-ESTALE, mt_reply(self->server, msg.token, "", 1, 0));
	EXPECT_EQ(-ESTALE, mt_ack(self->server, msg.token));
	stat = mt_stat_of(self->client);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(1, stat.received);
}

/* Requests and replies of any size, each independent of the other. */
TEST_F(call, sizes)
{
	static const __u32 sizes[] = {
		0, 1, 8, 100, 4095, 4096, 4097, 65536, 1 << 20,
	};
	char *data = malloc(1 << 20), *got = malloc(1 << 20);
	char *reply = malloc(1 << 20);
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct mbox_recv msg = {
				.buf = (uintptr_t)got,
				.buf_size = 1 << 20,
			};

			memset(data, 'a' + i, sizes[i]);
			memset(reply, 0, sizes[j]);
			self->caller = (struct mt_caller){
				.task.fd = self->client,
				.call.buf = (uintptr_t)data,
				.call.len = sizes[i],
				.call.reply_buf = (uintptr_t)reply,
				.call.reply_size = sizes[j],
			};
			mt_task_start(&self->caller.task, mt_task_call);
			ASSERT_EQ(0, mt_recvmsg(self->server, &msg));
			ASSERT_EQ(sizes[i], msg.len);
			EXPECT_EQ(0, memcmp(data, got, sizes[i]));
			ASSERT_EQ(sizes[j], msg.reply_max);
			memset(got, 'A' + j, sizes[j]);
			EXPECT_EQ(-EMSGSIZE, mt_reply(self->server, msg.token,
						      got, sizes[j] + 1, 0));
			EXPECT_EQ(0, mt_reply(self->server, msg.token, got,
					      sizes[j], i));
			ASSERT_EQ(sizes[j], mt_caller_end(&self->caller));
			EXPECT_EQ(0, memcmp(got, reply, sizes[j]));
			EXPECT_EQ(i, self->caller.call.status);
		}
	}
	for (k = 0; k < 2; k++) {
		struct mbox_call call = {
			.buf = (uintptr_t)data,
			.len = k ? (1 << 20) + 1 : 1,
			.reply_size = k ? 1 : MBOX_MSG_SIZE_MAX + 1,
		};

		EXPECT_EQ(-EMSGSIZE, mt_callmsg(self->client, &call));
	}
	free(data);
	free(got);
	free(reply);
}

/* A reply that cannot be given leaves all as it was. */
TEST_F(call, bad_replies)
{
	__s64 token;

	CALL(.reply_size = 8);
	token = mt_lease(self->server);
	EXPECT_EQ(-EMSGSIZE, mt_reply(self->server, token, "", 9, 0));
	EXPECT_EQ(-EMSGSIZE, mt_reply(self->server, token, "", ~0U, 0));
	EXPECT_EQ(-EFAULT, mt_reply(self->server, token, NULL, 8, 0));
	EXPECT_EQ(MBOX_MSG_CALL, mt_held(self->server, token));
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	EXPECT_EQ(1, mt_stat_of(self->server).held);
	EXPECT_EQ(0, mt_reply(self->server, token, "finally", 8, 0));
	EXPECT_EQ(8, mt_caller_end(&self->caller));
	EXPECT_STREQ("finally", self->caller.reply);
}

/* The caller's buffer is not there when the reply comes: it is fetched again. */
TEST_F(call, bad_reply_buffer)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *none = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct mbox_call *call = &self->caller.call;
	__u64 id;

	self->caller = (struct mt_caller){ .call.reply_size = 8 };
	self->caller.task.fd = self->client;
	call->buf = (uintptr_t)"?";
	call->len = 2;
	call->reply_buf = (uintptr_t)none;
	ASSERT_TRUE(mt_task_blocks(&self->caller.task, mt_task_call));
	id = call->id;
	EXPECT_EQ(0, mt_reply(self->server, mt_lease(self->server), "here", 5,
			      9));
	EXPECT_EQ(-EFAULT, mt_caller_end(&self->caller));
	EXPECT_EQ(id, call->id);
	EXPECT_EQ(-EFAULT, mt_callmsg(self->client, call));
	/* with too little room neither is it lost */
	call->reply_buf = (uintptr_t)self->caller.reply;
	call->reply_size = 4;
	EXPECT_EQ(-EMSGSIZE, mt_callmsg(self->client, call));
	EXPECT_EQ(id, call->id);
	EXPECT_EQ(5, call->reply_len);
	call->reply_size = 5;
	EXPECT_EQ(5, mt_callmsg(self->client, call));
	EXPECT_STREQ("here", self->caller.reply);
	EXPECT_EQ(9, call->status);
	EXPECT_EQ(0, call->id);
	call->id = id;
	EXPECT_EQ(-ESTALE, mt_callmsg(self->client, call));
	EXPECT_EQ(1, mt_stat_of(self->client).sent);
}

/* The room of requests is taken by those that are served, too. */
TEST_F(call, capacity)
{
	struct mt_caller callers[4] = {};
	struct mbox_call full = { .flags = MBOX_DONTWAIT };
	__s64 token[3];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(mt_caller_blocks(&callers[i], self->client, "?"));
		token[i] = mt_lease(self->server);
	}
	EXPECT_EQ(-EAGAIN, mt_callmsg(self->client, &full));
	EXPECT_EQ(MBOX_LIMIT_MSGS, full.refusal.limit);
	EXPECT_EQ(3, full.refusal.total);
	EXPECT_EQ(0, full.id);
	full = (struct mbox_call){ .deadline = 1 };
	EXPECT_EQ(-ETIMEDOUT, mt_callmsg(self->client, &full));
	EXPECT_EQ(MBOX_LIMIT_MSGS, full.refusal.limit);
	EXPECT_EQ(0, full.id);

	ASSERT_TRUE(mt_caller_blocks(&callers[3], self->client, "last"));
	EXPECT_EQ(1, mt_stat_of(self->client).waiting_senders);
	EXPECT_EQ(-EAGAIN, mt_lease(self->server));
	/* a reply gives its room to it, and needs none itself */
	EXPECT_EQ(0, mt_reply(self->server, token[1], "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&callers[1]));
	token[1] = mt_lease(self->server);
	ASSERT_LT(0, token[1]);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mt_reply(self->server, token[i], "!", 1, 0));
	EXPECT_EQ(1, mt_caller_end(&callers[0]));
	EXPECT_EQ(1, mt_caller_end(&callers[2]));
	EXPECT_EQ(1, mt_caller_end(&callers[3]));
}

/* Served by priority; answered in whatever order. */
TEST_F(call, order)
{
	static const unsigned int priority[] = { 1, 9, 5 };
	static const char * const name[] = { "low", "high", "middle" };
	static const char * const want[] = { "high", "middle", "low" };
	struct mt_caller callers[3] = {};
	char data[3][8];
	__u64 token[3];
	int i;

	for (i = 0; i < 3; i++) {
		callers[i].call.priority = priority[i];
		ASSERT_TRUE(mt_caller_blocks(&callers[i], self->client,
					     name[i]));
	}
	for (i = 0; i < 3; i++) {
		struct mbox_recv msg = {
			.buf = (uintptr_t)data[i],
			.buf_size = sizeof(data[i]),
		};

		ASSERT_EQ(0, mt_recvmsg(self->server, &msg));
		EXPECT_STREQ(want[i], data[i]);
		token[i] = msg.token;
	}
	for (i = 2; i >= 0; i--)
		EXPECT_EQ(0, mt_reply(self->server, token[i], data[i],
				      strlen(data[i]) + 1, 0));
	for (i = 0; i < 3; i++) {
		EXPECT_LT(0, mt_caller_end(&callers[i]));
		EXPECT_STREQ(name[i], callers[i].reply);
	}
}

/* One thread takes the call, another one answers it. */
static int reply_task(struct mt_task *task)
{
	return mt_reply(task->fd, task->recv.token, "!", 1, 0);
}

TEST_F(call, answered_by_another_thread)
{
	struct mt_task thread = { .fd = self->server };

	CALL();
	thread.recv.token = mt_lease(self->server);
	mt_task_start(&thread, reply_task);
	EXPECT_EQ(0, mt_task_end(&thread));
	EXPECT_EQ(1, mt_caller_end(&self->caller));
}

/* ---- reply and receive in one -------------------------------------------- */

TEST_F(call, reply_and_receive)
{
	char data[8];
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	struct mt_caller second = {};
	__u64 token;

	CALL(.reply_size = 4);
	ASSERT_EQ(0, mt_recvmsg(self->server, &msg));
	token = msg.token;
	/* what is wrong with the reply comes first, and receives nothing */
	ASSERT_TRUE(mt_caller_blocks(&second, self->client, "next"));
	msg.reply_token = token;
	msg.reply_buf = (uintptr_t)"ok";
	msg.reply_len = 5;
	EXPECT_EQ(-EMSGSIZE, mt_recvmsg(self->server, &msg));
	EXPECT_EQ(token, msg.reply_token);
	msg.reply_len = 3;
	msg.reply_buf = 0;
	EXPECT_EQ(-EFAULT, mt_recvmsg(self->server, &msg));
	msg.reply_token = token + 100;
	EXPECT_EQ(-ESTALE, mt_recvmsg(self->server, &msg));
	EXPECT_EQ(1, mt_stat_of(self->server).msgs);

	/* the reply is given although the receive fails, and only once */
	msg.reply_token = token;
	msg.reply_buf = (uintptr_t)"ok";
	msg.reply_status = 6;
	msg.buf_size = 1;
	EXPECT_EQ(-EMSGSIZE, mt_recvmsg(self->server, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_EQ(3, mt_caller_end(&self->caller));
	EXPECT_STREQ("ok", self->caller.reply);
	EXPECT_EQ(6, self->caller.call.status);
	msg.reply_buf = 0;
	msg.reply_len = 0;
	msg.reply_status = 0;
	msg.buf_size = sizeof(data);
	EXPECT_EQ(0, mt_recvmsg(self->server, &msg));
	EXPECT_STREQ("next", data);

	/* that the caller is gone is no reason not to receive */
	EXPECT_EQ(0, mt_cancel(self->client, second.call.id));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&second));
	CALL();
	msg.reply_token = msg.token;
	EXPECT_EQ(0, mt_recvmsg(self->server, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_STREQ("?", data);
	msg.reply_token = msg.token;
	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->server, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_EQ(0, mt_caller_end(&self->caller));
}

/* ---- calls within calls --------------------------------------------------- */

/* Serves one call by another call to @next, with a deadline or without. */
struct middle {
	struct mt_task task;
	int next;
	__u64 deadline;
};

static int middle_task(struct mt_task *task)
{
	struct middle *middle = (struct middle *)task;
	char data[32];
	struct mbox_recv msg = {
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
	};
	struct mbox_call call = { .deadline = middle->deadline };
	int ret;

	ret = mt_recvmsg(task->fd, &msg);
	if (ret)
		return ret;
	call.buf = (uintptr_t)data;
	call.len = msg.len;
	call.reply_buf = (uintptr_t)data;
	call.reply_size = sizeof(data);
	ret = mt_callmsg(middle->next, &call);
	return mt_reply(task->fd, msg.token, data, ret < 0 ? 0 : ret, ret) ?:
	       ret;
}

TEST_F(call, nested)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW), late;
	int next = mt_open_fd(self->dev, box, MBOX_O_WRITE);

	ASSERT_LE(0, next);
	for (late = 0; late < 2; late++) {
		struct middle middle = {
			.task.fd = self->server,
			.next = next,
			.deadline = late ? mt_deadline(100) : 0,
		};
		__s64 token;

		CALL();
		mt_task_start(&middle.task, middle_task);
		ASSERT_TRUE(MT_UNTIL(mt_stat_of(box).msgs));
		token = mt_lease(box);
		ASSERT_LT(0, token);
		if (!late)
			EXPECT_EQ(0, mt_reply(box, token, "deep", 5, 0));
		EXPECT_EQ(late ? -ETIMEDOUT : 5, mt_task_end(&middle.task));
		EXPECT_EQ(late ? 0 : 5, mt_caller_end(&self->caller));
		EXPECT_EQ(late ? -ETIMEDOUT : 5, self->caller.call.status);
		if (late)
			EXPECT_EQ(-ECANCELED, mt_reply(box, token, "", 0, 0));
	}
	EXPECT_EQ(0, mt_stat_of(box).held);
}

/* ---- many of both --------------------------------------------------------- */

static int serve_task(struct mt_task *task)
{
	__u64 number = 0;
	struct mbox_recv msg = {
		.buf = (uintptr_t)&number,
		.buf_size = sizeof(number),
		.reply_buf = (uintptr_t)&number,
	};
	int ret;

	while (!(ret = mt_recvmsg(task->fd, &msg))) {
		number *= 3;
		msg.reply_token = msg.token;
		msg.reply_len = sizeof(number);
	}
	return ret;
}

static int ask_task(struct mt_task *task)
{
	__u64 i, number;

	for (i = 0; i < 200; i++) {
		struct mbox_call call = {
			.buf = (uintptr_t)&i,
			.len = sizeof(i),
			.reply_buf = (uintptr_t)&number,
			.reply_size = sizeof(number),
		};
		int ret = mt_callmsg(task->fd, &call);

		if (ret != sizeof(number) || number != 3 * i)
			return ret ?: -EBADMSG;
	}
	return 0;
}

TEST_F(call, many_clients_and_servers)
{
	struct mt_task servers[3] = {}, clients[5] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(servers); i++) {
		servers[i].fd = i ? mt_open_fd(self->dev, self->server,
					       MBOX_O_READ) : self->server;
		mt_task_start(&servers[i], serve_task);
	}
	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i].fd = i < 3 ? mt_open_fd(self->dev, self->client,
						   MBOX_O_WRITE) : self->client;
		mt_task_start(&clients[i], ask_task);
	}
	for (i = 0; i < ARRAY_SIZE(clients); i++)
		EXPECT_EQ(0, mt_task_end(&clients[i]));
	EXPECT_EQ(1000, mt_stat_of(self->server).received);
	EXPECT_EQ(0, mt_stat_of(self->server).held);
	for (i = 0; i < 3; i++)
		close(clients[i].fd);
	close(self->client);
	/* servers see that no client is left */
	for (i = 0; i < ARRAY_SIZE(servers); i++)
		EXPECT_EQ(-EPIPE, mt_task_end(&servers[i]));
}

TEST_HARNESS_MAIN
