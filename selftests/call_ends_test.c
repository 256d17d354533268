// SPDX-License-Identifier: GPL-2.0
/*
 * Every way in which a call can end without a reply: who is told, and how.
 */
#include "mbox_test_call.h"

FIXTURE(ends) {
	int dev;
	int client;	/* can send only */
	int server;	/* can receive only, as can the other */
	int other;
	struct mt_caller caller;
};

FIXTURE_SETUP(ends)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 2, 64, 0);
	ASSERT_LE(0, box);
	self->client = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	self->server = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->other = mt_open_fd(self->dev, box, MBOX_O_READ);
	ASSERT_LE(0, self->other);
	close(box);
}

FIXTURE_TEARDOWN(ends)
{
	MT_TEARDOWN(self->dev);
}

/* Have a call wait, and nobody take it yet. */
#define CALL(...) do {							\
	self->caller = (struct mt_caller){ .call = { __VA_ARGS__ } };	\
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));	\
} while (0)

#define ENDS(error) EXPECT_EQ(error, mt_caller_end(&self->caller))

/* No message, nothing held, no room taken. */
#define EXPECT_EMPTY() do {						\
	struct mbox_stat __stat = mt_stat_of(self->client);		\
									\
	EXPECT_EQ(0, __stat.msgs);					\
	EXPECT_EQ(0, __stat.held);					\
	EXPECT_EQ(0, __stat.bytes);					\
	EXPECT_EQ(0, __stat.waiting_senders);				\
} while (0)

/* ---- the server ends ------------------------------------------------------ */

TEST_F(ends, server_closes_before_it_takes)
{
	__s64 token;

	CALL();
	close(self->server);
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	token = mt_lease(self->other);
	ASSERT_LT(0, token);
	EXPECT_EQ(MBOX_MSG_CALL, mt_held(self->other, token));
	EXPECT_EQ(0, mt_reply(self->other, token, "!", 2, 0));
	ENDS(2);
	EXPECT_STREQ("!", self->caller.reply);
	EXPECT_EMPTY();
}

TEST_F(ends, no_server_and_none_can_come)
{
	CALL();
	close(self->server);
	close(self->other);
	ENDS(-EPIPE);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(-EPIPE, mt_callmsg(self->client, &self->caller.call));
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(-EPIPE, mt_call_for(self->client, 0, MBOX_REPEATABLE));
	EXPECT_EMPTY();
}

/* By its name or id somebody may still come. */
TEST_F(ends, no_server_yet)
{
	char *name = mt_name("service");
	int client = mt_mailbox(self->dev, name, MBOX_O_WRITE), server;

	EXPECT_EQ(-ETIMEDOUT, mt_call_for(client, 20, 0));
	EXPECT_EQ(0, mt_stat_of(client).msgs);
	ASSERT_TRUE(mt_caller_blocks(&self->caller, client, "?"));
	server = mt_open(self->dev, name, MBOX_O_READ);
	EXPECT_EQ(0, mt_reply(server, mt_lease(server), "!", 2, 0));
	ENDS(2);
	EXPECT_EQ(0, mt_unlink(self->dev, name));
}

TEST_F(ends, unlinked_without_a_server)
{
	char *name = mt_name("service");
	int client = mt_mailbox(self->dev, name, MBOX_O_WRITE);

	ASSERT_TRUE(mt_caller_blocks(&self->caller, client, "?"));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	ENDS(-EPIPE);
	EXPECT_EQ(-EPIPE, mt_call_for(client, 0, 0));
}

TEST_F(ends, unlinked_while_served)
{
	char *name = mt_name("service");
	int client = mt_mailbox(self->dev, name, MBOX_O_WRITE);
	int server = mt_open(self->dev, name, MBOX_O_READ);
	__s64 token;

	ASSERT_TRUE(mt_caller_blocks(&self->caller, client, "?"));
	token = mt_lease(server);
	EXPECT_EQ(0, mt_unlink(self->dev, name));
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	EXPECT_EQ(0, mt_reply(server, token, "!", 2, 0));
	ENDS(2);
}

TEST_F(ends, server_closes_after_it_took)
{
	CALL();
	EXPECT_LT(0, mt_lease(self->server));
	close(self->server);
	ENDS(-ECONNRESET);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EMPTY();
	EXPECT_EQ(-EAGAIN, mt_lease(self->other));
}

/* The same where nobody is left at all: what happened to it counts. */
TEST_F(ends, only_server_closes_after_it_took)
{
	close(self->other);
	CALL();
	EXPECT_LT(0, mt_lease(self->server));
	close(self->server);
	ENDS(-ECONNRESET);
	EXPECT_EMPTY();
}

TEST_F(ends, repeatable_goes_to_the_next)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	char data[8];

	CALL(.flags = MBOX_REPEATABLE);
	EXPECT_LT(0, mt_lease(self->server));
	close(self->server);
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	msg.buf = (uintptr_t)data;
	msg.buf_size = sizeof(data);
	ASSERT_EQ(0, mt_recvmsg(self->other, &msg));
	EXPECT_EQ(1, msg.deliveries);
	EXPECT_EQ(0, mt_reply(self->other, msg.token, "!", 2, 0));
	ENDS(2);
	EXPECT_EMPTY();
}

/* It went back, and then nobody took it. */
TEST_F(ends, repeatable_and_no_next)
{
	close(self->other);
	CALL(.flags = MBOX_REPEATABLE);
	EXPECT_LT(0, mt_lease(self->server));
	close(self->server);
	ENDS(-EPIPE);
	EXPECT_EMPTY();
}

/* A server process that is killed, where others share its endpoint. */
TEST_F(ends, server_killed)
{
	struct mt_child child;
	unsigned int repeatable;

	for (repeatable = 0; repeatable < 2; repeatable++) {
		CALL(.flags = repeatable ? MBOX_REPEATABLE : 0);
		if (!mt_fork(&child, NULL)) {
			mt_tell(child.sock, mt_lease(self->server));
			pause();
		}
		EXPECT_LT(0, mt_hear(child.sock));
		EXPECT_FALSE(mt_task_is_done(&self->caller.task));
		mt_child_kill(&child);
		if (repeatable)
			EXPECT_EQ(0, mt_reply(self->server,
					      mt_lease(self->server), "!", 2,
					      0));
		ENDS(repeatable ? 2 : -ECONNRESET);
		EXPECT_EMPTY();
	}
}

/* Given back by hand it was not done, repeatable or not. */
TEST_F(ends, server_gives_it_back)
{
	CALL();
	EXPECT_EQ(0, mt_nack(self->server, mt_lease(self->server), 0));
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	EXPECT_EQ(0, mt_nack(self->other, mt_lease(self->other), 1000000));
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->client).msgs));
	/* an ack is a reply of nothing */
	EXPECT_EQ(0, mt_ack(self->server, mt_lease(self->server)));
	ENDS(0);
	EXPECT_EQ(0, self->caller.call.status);
	EXPECT_EMPTY();
}

/* Put off, and then nobody is left. */
TEST_F(ends, server_puts_it_off_and_closes)
{
	close(self->other);
	CALL();
	EXPECT_EQ(0, mt_nack(self->server, mt_lease(self->server), 1ULL << 60));
	EXPECT_TRUE(mt_task_settle(&self->caller.task));
	close(self->server);
	ENDS(-EPIPE);
	EXPECT_EMPTY();
}

/* ---- the client ends ------------------------------------------------------ */

TEST_F(ends, deadline_before_it_is_taken)
{
	struct mbox_stat stat;

	EXPECT_EQ(-ETIMEDOUT, mt_call_for(self->client, 20, 0));
	stat = mt_stat_of(self->client);
	EXPECT_EQ(1, stat.sent);
	EXPECT_EQ(0, stat.received);
	EXPECT_EMPTY();
	EXPECT_EQ(-EAGAIN, mt_lease(self->server));
}

/* What the server sees of a call that is not waited for any more. */
#define EXPECT_CANCELLED(taken) do {					\
	__s64 __token = (taken);					\
	struct pollfd __poll = { .fd = self->server, .events = POLLPRI }; \
									\
	EXPECT_EQ(1, poll(&__poll, 1, 0));				\
	EXPECT_EQ(POLLPRI, __poll.revents);				\
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_CANCELLED,			\
		  mt_held(self->server, __token));			\
	EXPECT_EQ(__token, mt_cancelled(self->server));			\
	/* and nobody else */						\
	__poll.fd = self->other;					\
	EXPECT_EQ(0, poll(&__poll, 1, 0));				\
	EXPECT_EQ(-ENOENT, mt_cancelled(self->other));			\
	/* it has its room until the server is done */			\
	EXPECT_EQ(1, mt_stat_of(self->client).held);			\
	EXPECT_EQ(2, mt_stat_of(self->client).bytes);			\
	EXPECT_EQ(-ECANCELED, mt_reply(self->server, __token, "!", 2, 0));	\
	EXPECT_EQ(-ESTALE, mt_reply(self->server, __token, "!", 2, 0));	\
	EXPECT_EQ(-ENOENT, mt_cancelled(self->server));			\
	__poll.fd = self->server;					\
	EXPECT_EQ(0, poll(&__poll, 1, 0));				\
	EXPECT_EMPTY();							\
} while (0)

TEST_F(ends, deadline_while_served)
{
	__s64 token;

	CALL(.deadline = mt_deadline(300));
	token = mt_lease(self->server);
	ASSERT_LT(0, token);
	EXPECT_EQ(-ENOENT, mt_cancelled(self->server));
	ENDS(-ETIMEDOUT);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_CANCELLED(token);
}

TEST_F(ends, deadline_on_the_other_clock)
{
	__s64 token;

	CALL(.flags = MBOX_REALTIME,
	     .deadline = mt_now(CLOCK_REALTIME) + 300000000);
	token = mt_lease(self->server);
	ENDS(-ETIMEDOUT);
	EXPECT_CANCELLED(token);
}

/* The id is there before the call is: another thread can cancel it. */
TEST_F(ends, cancelled_before_it_is_taken)
{
	CALL();
	EXPECT_EQ(1, mt_stat_of(self->client).msgs);
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	EXPECT_EMPTY();
	ENDS(-ECANCELED);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(-EAGAIN, mt_lease(self->server));
}

TEST_F(ends, cancelled_while_served)
{
	struct mt_task watcher = {
		.fd = self->server,
		.poll.events = POLLPRI,
	};
	__s64 token;
	__u64 id;

	CALL();
	token = mt_lease(self->server);
	id = self->caller.call.id;
	ASSERT_TRUE(mt_task_blocks(&watcher, mt_task_poll));
	EXPECT_EQ(0, mt_cancel(self->client, id));
	EXPECT_EQ(POLLPRI, mt_task_end(&watcher));
	ENDS(-ECANCELED);
	EXPECT_EQ(-ESTALE, mt_cancel(self->client, id));
	EXPECT_CANCELLED(token);
}

/* Cancelled, and then neither answered nor given back by hand. */
TEST_F(ends, cancelled_and_server_closes)
{
	CALL(.flags = MBOX_REPEATABLE);
	EXPECT_LT(0, mt_lease(self->server));
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	ENDS(-ECANCELED);
	close(self->server);
	EXPECT_EMPTY();
	EXPECT_EQ(-EAGAIN, mt_lease(self->other));
}

TEST_F(ends, cancelled_and_given_back)
{
	int way;

	for (way = 0; way < 3; way++) {
		__s64 token;

		CALL();
		token = mt_lease(self->server);
		EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
		ENDS(-ECANCELED);
		EXPECT_EQ(0, way == 2 ? mt_ack(self->server, token) :
			     mt_nack(self->server, token, way * 1000000000ULL));
		EXPECT_EMPTY();
		EXPECT_EQ(-ENOENT, mt_cancelled(self->server));
	}
}

TEST_F(ends, cancelled_while_put_off)
{
	CALL();
	EXPECT_EQ(0, mt_nack(self->server, mt_lease(self->server), 1ULL << 60));
	EXPECT_EQ(1, mt_stat_of(self->client).held);
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	ENDS(-ECANCELED);
	EXPECT_EMPTY();
}

/* While it waits for room: those behind it come forward. */
TEST_F(ends, cancelled_while_it_waits_for_room)
{
	struct mt_task sender = { .fd = self->client, .send.len = 4 };
	struct mbox_set set = {
		.flags = MBOX_SET_MAX_BYTES,
		.max_bytes = 64,
	};
	static char large[62];

	ASSERT_EQ(0, mt_set(self->client, &set));
	ASSERT_EQ(0, mt_send(self->client, "full", 4, 0, 0));
	self->caller.call = (struct mbox_call){ .reply_size = 1 };
	self->caller.task.fd = self->client;
	self->caller.call.buf = (uintptr_t)large;
	self->caller.call.len = sizeof(large);
	self->caller.call.reply_buf = (uintptr_t)self->caller.reply;
	ASSERT_TRUE(mt_task_blocks(&self->caller.task, mt_task_call));
	EXPECT_EQ(1, mt_stat_of(self->client).waiting_senders);
	ASSERT_TRUE(mt_task_blocks(&sender, mt_task_send));
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	ENDS(-ECANCELED);
	EXPECT_EQ(4, mt_task_end(&sender));
	EXPECT_EQ(2, mt_stat_of(self->client).msgs);
}

/* A child calls, and is killed; its parent has the endpoint all the time. */
static pid_t fork_caller(struct mt_child *child, int client)
{
	if (!mt_fork(child, NULL)) {
		mt_call_for(client, 0, 0);
		_exit(1);
	}
	return child->pid;
}

TEST_F(ends, client_killed)
{
	struct mt_child child;
	__s64 token;

	ASSERT_TRUE(mt_wait_blocked(fork_caller(&child, self->client)));
	EXPECT_EQ(1, mt_stat_of(self->client).msgs);
	mt_child_kill(&child);
	EXPECT_EMPTY();

	ASSERT_TRUE(mt_wait_blocked(fork_caller(&child, self->client)));
	token = mt_lease(self->server);
	ASSERT_LT(0, token);
	mt_child_kill(&child);
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_CANCELLED,
		  mt_held(self->server, token));
	EXPECT_EQ(token, mt_cancelled(self->server));
	EXPECT_EQ(-ECANCELED, mt_reply(self->server, token, "!", 1, 0));
	EXPECT_EMPTY();
}

/* ---- the mailbox ends ----------------------------------------------------- */

TEST_F(ends, purged)
{
	__s64 token;

	CALL();
	EXPECT_EQ(1, mt_purge(self->server));
	ENDS(-ECANCELED);
	EXPECT_EMPTY();
	EXPECT_EQ(1, mt_stat_of(self->client).purged);

	/* one that is being served is not queued */
	CALL();
	token = mt_lease(self->server);
	EXPECT_EQ(0, mt_purge(self->other));
	EXPECT_EQ(0, mt_reply(self->server, token, "!", 2, 0));
	ENDS(2);
}

/* The process that owns it ends: those who wait for room are sent home. */
TEST_F(ends, owner_ends)
{
	struct mt_caller served = {}, queued = {}, waits = {};
	struct mt_child owner;
	int client, server;
	__s64 token;

	if (!mt_fork(&owner, NULL)) {
		struct mbox_create attr = {
			.flags = MT_RW,
			.kind = MBOX_KIND_MAILBOX,
			.lifetime = MBOX_LIFE_PROCESS,
			.max_msgs = 2,
		};

		mt_fd_send(owner.sock, mt_create(self->dev, NULL, &attr));
		mt_hear(owner.sock);
		_exit(0);
	}
	server = mt_fd_recv(owner.sock);
	client = mt_open_fd(self->dev, server, MBOX_O_WRITE);
	ASSERT_LE(0, client);
	ASSERT_TRUE(mt_caller_blocks(&served, client, "served"));
	token = mt_lease(server);
	ASSERT_TRUE(mt_caller_blocks(&queued, client, "queued"));
	ASSERT_TRUE(mt_caller_blocks(&waits, client, "waits"));
	EXPECT_EQ(0, mt_child_end(&owner));

	EXPECT_EQ(-EPIPE, mt_caller_end(&waits));
	EXPECT_EQ(-EPIPE, mt_call_for(client, 0, 0));
	/* what it holds can be received, and answered, while there is a server */
	EXPECT_TRUE(mt_task_settle(&served.task));
	EXPECT_TRUE(mt_task_settle(&queued.task));
	EXPECT_EQ(0, mt_reply(server, token, "!", 2, 0));
	EXPECT_EQ(2, mt_caller_end(&served));
	close(server);
	EXPECT_EQ(-EPIPE, mt_caller_end(&queued));
}

TEST_HARNESS_MAIN
