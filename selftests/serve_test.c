// SPDX-License-Identifier: GPL-2.0
/*
 * What libmbox adds to calls: a call that is not sent twice, and the loop of a
 * server. Each test has the two ends of one anonymous mailbox, so that servers
 * end when the sending one is closed.
 */
#include <mbox.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "mbox_test_util.h"

#define SIZE	64

FIXTURE(serve)
{
	int dev;
	int in;
	int out;
};

FIXTURE_SETUP(serve)
{
	int both;

	self->dev = mbox_device();
	ASSERT_GE(self->dev, 0);
	both = mbox_create(self->dev, NULL, MT_RW, NULL);
	ASSERT_GE(both, 0);
	self->in = mbox_open_fd(self->dev, both, MBOX_O_READ);
	ASSERT_GE(self->in, 0);
	self->out = mbox_open_fd(self->dev, both, MBOX_O_WRITE);
	ASSERT_GE(self->out, 0);
	close(both);
}

FIXTURE_TEARDOWN(serve)
{
	MT_TEARDOWN(self->dev);
}

static int count_fds(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* ---- servers ------------------------------------------------------------ */

/*
 * What the first byte of a request asks for: to be sent back ('e'), more than
 * fits ('m'), a status of -ENOENT ('f'), data and a status of 7 ('s'), wrong
 * descriptors ('d'), not to be answered yet ('k').
 */
static ssize_t answer(struct mbox_recv *request, const void *buf, void *reply,
		      size_t size, void *data)
{
	__u64 *kept = data;

	switch (request->len ? *(const char *)buf : 'e') {
	case 'm':
		return size + 1;
	case 'f':
		return -ENOENT;
	case 'd':
		request->reply_fds.fds = 1;
		request->reply_fds.nr = 1;
		return 0;
	case 'k':
		*kept = request->token;
		request->token = 0;
		return 0;
	case 's':
		request->reply_status = 7;
	}
	if (request->len > size)
		return request->len;
	memcpy(reply, buf, request->len);
	return request->len;
}

struct server {
	pthread_t thread;
	int fd;
	size_t size;
	mbox_handler fn;
	void *data;
	pid_t tid;
	int ret;
};

static void *serve(void *data)
{
	struct server *server = data;

	__atomic_store_n(&server->tid, mt_gettid(), __ATOMIC_RELEASE);
	server->ret = mbox_serve(server->fd, server->size, server->fn,
				 server->data);
	return NULL;
}

static void start(struct server *server)
{
	if (!server->fn)
		server->fn = answer;
	pthread_create(&server->thread, NULL, serve, server);
}

static int end(struct server *server)
{
	pthread_join(server->thread, NULL);
	return server->ret;
}

static bool is_waiting(struct server *server)
{
	pid_t tid = __atomic_load_n(&server->tid, __ATOMIC_ACQUIRE);

	return tid && mt_is_blocked(tid, __NR_ioctl);
}

/* A handler of signals that does not restart what they interrupt. */
static void no_restart(int sig)
{
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = no_restart };

	sigaction(SIGUSR1, &sa, NULL);
}

/* ---- tests -------------------------------------------------------------- */

TEST_F(serve, results)
{
	struct server server = { .fd = self->in, .size = SIZE };
	char reply[SIZE];
	struct mbox_call call = {
		.buf = (uintptr_t)"status",
		.len = 6,
		.reply_buf = (uintptr_t)reply,
		.reply_size = SIZE,
	};

	start(&server);
	EXPECT_EQ(5, mbox_call(self->out, "echo!", 5, reply, SIZE));
	EXPECT_EQ(0, memcmp(reply, "echo!", 5));
	EXPECT_EQ(0, mbox_call(self->out, NULL, 0, NULL, 0));
	EXPECT_EQ(-ENOENT, mbox_call(self->out, "f", 1, reply, SIZE));
	EXPECT_EQ(-EMSGSIZE, mbox_call(self->out, "m", 1, reply, SIZE));
	/* room of the caller and room of the server */
	EXPECT_EQ(-EMSGSIZE, mbox_call(self->out, "echo!", 5, reply, 4));
	EXPECT_EQ(5, mbox_call(self->out, "echo!", 5, reply, 5));
	EXPECT_EQ(6, mbox_callmsg(self->out, &call));
	EXPECT_EQ(7, call.status);
	EXPECT_EQ(6, mbox_call(self->out, "status", 6, reply, SIZE));
	/* what one request has set, the next one has not */
	call.buf = (uintptr_t)"echo";
	call.len = 4;
	EXPECT_EQ(4, mbox_callmsg(self->out, &call));
	EXPECT_EQ(0, call.status);
	close(self->out);
	EXPECT_EQ(0, end(&server));
}

TEST_F(serve, larger_and_larger_requests)
{
	struct server server = { .fd = self->in, .size = 65536 };
	static char request[65536], reply[65536];
	size_t i, len;

	for (i = 0; i < sizeof(request); i++)
		request[i] = 'e' + i % 7;
	start(&server);
	for (len = 4095; len <= 65536; len += 61441 / 7) {
		memset(reply, 0, sizeof(reply));
		EXPECT_EQ(len, mbox_call(self->out, request, len, reply,
					 sizeof(reply)));
		EXPECT_EQ(0, memcmp(request, reply, len));
	}
	close(self->out);
	EXPECT_EQ(0, end(&server));
}

static void *call_often(void *data)
{
	int i, fd = *(int *)data;
	char request[SIZE], reply[SIZE];
	long wrong = 0;

	for (i = 0; i < 500; i++) {
		int len = snprintf(request, sizeof(request), "e %d %d",
				   mt_gettid(), i);

		if (mbox_call(fd, request, len, reply, SIZE) != len ||
		    memcmp(request, reply, len))
			wrong++;
	}
	return (void *)wrong;
}

TEST_F(serve, many_threads)
{
	struct server servers[3] = { };
	pthread_t callers[4];
	void *wrong;
	size_t i;

	for (i = 0; i < 3; i++) {
		servers[i].fd = self->in;
		servers[i].size = SIZE;
		start(&servers[i]);
	}
	for (i = 0; i < 4; i++)
		pthread_create(&callers[i], NULL, call_often, &self->out);
	for (i = 0; i < 4; i++) {
		pthread_join(callers[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_EQ(2000, mt_stat_of(self->in).received);
	close(self->out);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, end(&servers[i]));
}

/* The reply has been given whenever the loop ends. */
TEST_F(serve, signals_end_it)
{
	struct server server = { .fd = self->in, .size = SIZE };
	char reply[SIZE];

	catch_signals();
	start(&server);
	EXPECT_EQ(2, mbox_call(self->out, "e1", 2, reply, SIZE));
	ASSERT_TRUE(MT_UNTIL(is_waiting(&server)));
	pthread_kill(server.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, end(&server));
	EXPECT_EQ(0, mt_stat_of(self->in).held);
}

TEST_F(serve, until_there_is_no_more)
{
	__u64 kept = 0;
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mbox_send(self->out, "e", 1, 0));
	fcntl(self->in, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, mbox_serve(self->in, SIZE, answer, &kept));
	EXPECT_EQ(3, mt_stat_of(self->in).received);
	close(self->out);
	EXPECT_EQ(0, mbox_serve(self->in, SIZE, answer, &kept));
}

struct tries {
	int failing;
	unsigned int deliveries;
};

static ssize_t try(struct mbox_recv *request, const void *buf, void *reply,
		   size_t size, void *data)
{
	struct tries *tries = data;

	tries->deliveries = request->deliveries;
	/* A message has no room for a reply, and holds until this returns. */
	if (size || request->msg_flags & MBOX_MSG_CALL || !request->token)
		return 0;
	return tries->failing-- > 0 ? -EIO : 1;
}

TEST_F(serve, messages_come_back_until_done)
{
	struct tries tries = { .failing = 3 };

	EXPECT_EQ(0, mbox_send(self->out, "job", 3, 0));
	fcntl(self->in, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, mbox_serve(self->in, SIZE, try, &tries));
	EXPECT_EQ(3, tries.deliveries);
	EXPECT_EQ(-1, tries.failing);
	EXPECT_EQ(1, mt_stat_of(self->in).received);
}

struct caller {
	pthread_t thread;
	int fd;
	const char *request;
	pid_t tid;
	char reply[SIZE];
	ssize_t ret;
};

static void *call(void *data)
{
	struct caller *caller = data;

	__atomic_store_n(&caller->tid, mt_gettid(), __ATOMIC_RELEASE);
	caller->ret = mbox_call(caller->fd, caller->request, 1, caller->reply,
				SIZE);
	return NULL;
}

static void start_call(struct caller *caller)
{
	pthread_create(&caller->thread, NULL, call, caller);
}

static ssize_t end_call(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->ret;
}

TEST_F(serve, requests_can_be_taken_over)
{
	__u64 kept = 0;
	struct server server = {
		.fd = self->in, .size = SIZE, .data = &kept,
	};
	struct caller caller = { .fd = self->out, .request = "k" };
	char reply[SIZE];

	start(&server);
	start_call(&caller);
	ASSERT_TRUE(MT_UNTIL(__atomic_load_n(&kept, __ATOMIC_ACQUIRE)));
	/* The server goes on meanwhile. */
	EXPECT_EQ(1, mbox_call(self->out, "e", 1, reply, SIZE));
	EXPECT_EQ(0, mbox_reply(self->in, kept, "later", 5, 0));
	EXPECT_EQ(5, end_call(&caller));
	EXPECT_EQ(0, memcmp(caller.reply, "later", 5));
	EXPECT_EQ(-ESTALE, mbox_reply(self->in, kept, "again", 5, 0));
	close(self->out);
	EXPECT_EQ(0, end(&server));
}

/* A caller is not left to wait for a reply that cannot be given. */
TEST_F(serve, wrong_replies_end_it)
{
	struct server server = { .fd = self->in, .size = SIZE };
	char reply[SIZE];

	start(&server);
	EXPECT_EQ(-EFAULT, mbox_call(self->out, "d", 1, reply, SIZE));
	EXPECT_EQ(-EFAULT, end(&server));
	EXPECT_EQ(0, mt_stat_of(self->in).held);
}

static ssize_t slow(struct mbox_recv *request, const void *buf, void *reply,
		    size_t size, void *data)
{
	struct pollfd fds = { .fd = *(int *)data, .events = POLLPRI };
	struct mbox_held held = { .token = 0 };

	if (*(const char *)buf != 's')
		return answer(request, buf, reply, size, NULL);
	poll(&fds, 1, -1);
	return mbox_held(fds.fd, &held) || held.token != request->token ||
	       held.state != (MBOX_MSG_CALL | MBOX_MSG_CANCELLED);
}

TEST_F(serve, callers_that_are_gone)
{
	struct server server = {
		.fd = self->in, .size = SIZE, .fn = slow, .data = &self->in,
	};
	char reply[SIZE];
	struct mbox_call call = {
		.buf = (uintptr_t)"s",
		.len = 1,
		.reply_buf = (uintptr_t)reply,
		.reply_size = SIZE,
		.deadline = mbox_deadline(50000000),
	};

	start(&server);
	EXPECT_EQ(-ETIMEDOUT, mbox_callmsg(self->out, &call));
	EXPECT_EQ(0, call.id);
	EXPECT_EQ(1, mbox_call(self->out, "e", 1, reply, SIZE));
	close(self->out);
	EXPECT_EQ(0, end(&server));
}

/* However often it is interrupted, a call is sent once, and gets its reply. */
TEST_F(serve, a_call_is_sent_once)
{
	struct caller caller = { .fd = self->out, .request = "x" };
	struct mbox_recv msg = { .size = 0 };
	char buf[SIZE];
	int i;

	catch_signals();
	start_call(&caller);
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(MT_UNTIL(caller.tid &&
				     mt_is_blocked(caller.tid, __NR_ioctl)));
		pthread_kill(caller.thread, SIGUSR1);
	}
	msg.buf = (uintptr_t)buf;
	msg.buf_size = SIZE;
	EXPECT_EQ(1, mbox_recvmsg(self->in, &msg));
	pthread_kill(caller.thread, SIGUSR1);
	EXPECT_EQ(0, mbox_reply(self->in, msg.token, "y", 1, 0));
	EXPECT_EQ(1, end_call(&caller));
	EXPECT_EQ('y', caller.reply[0]);
	EXPECT_EQ(1, mt_stat_of(self->in).sent);
}

/* A call in full returns, and is called again or given up. */
TEST_F(serve, interrupted_calls)
{
	char buf[SIZE];
	struct mbox_call call = {
		.buf = (uintptr_t)"x",
		.len = 1,
		.reply_buf = (uintptr_t)buf,
		.reply_size = SIZE,
	};
	struct itimerval timer = { .it_value.tv_usec = 50000 };
	struct sigaction sa = { .sa_handler = no_restart };
	__u64 id;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_EQ(-EINTR, mbox_callmsg(self->out, &call));
	id = call.id;
	EXPECT_NE(0, id);
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_EQ(-EINTR, mbox_callmsg(self->out, &call));
	EXPECT_EQ(id, call.id);
	EXPECT_EQ(1, mt_stat_of(self->in).sent);
	EXPECT_EQ(0, mbox_cancel(self->out, id));
	EXPECT_EQ(-ESTALE, mbox_cancel(self->out, id));
	EXPECT_EQ(-ESTALE, mbox_callmsg(self->out, &call));
	EXPECT_EQ(0, mt_stat_of(self->in).msgs);
}

/* No call is left behind that nobody knows, whatever it fails with. */
TEST_F(serve, a_bad_pointer_for_the_reply)
{
	struct server server = { .fd = self->in, .size = SIZE };

	start(&server);
	EXPECT_EQ(-EFAULT, mbox_call(self->out, "e", 1, (void *)1, SIZE));
	EXPECT_EQ(0, mt_stat_of(self->in).held + mt_stat_of(self->in).msgs);
	close(self->out);
	EXPECT_EQ(0, end(&server));
}

/* Who receives a call without knowing of calls has answered it. */
TEST_F(serve, plain_receive_of_a_call)
{
	struct caller caller = { .fd = self->out, .request = "x" };
	char buf[SIZE];

	start_call(&caller);
	EXPECT_EQ(1, mbox_recv(self->in, buf, SIZE, NULL));
	EXPECT_EQ(0, end_call(&caller));
	EXPECT_EQ(0, mt_stat_of(self->in).held);
}

/* Descriptors that come with requests are not taken, and do not pile up. */
TEST_F(serve, descriptors_are_not_taken)
{
	__s32 fds[] = { 0, 1 };
	struct mbox_send msg = {
		.buf = (uintptr_t)"e",
		.len = 1,
		.fds = { .fds = (uintptr_t)fds, .nr = 2 },
	};
	int before = count_fds();

	EXPECT_EQ(0, mbox_sendmsg(self->out, &msg));
	fcntl(self->in, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, mbox_serve(self->in, SIZE, answer, NULL));
	EXPECT_EQ(before, count_fds());
}

TEST_HARNESS_MAIN
