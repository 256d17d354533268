// SPDX-License-Identifier: GPL-2.0
/*
 * A call that is interrupted is not over: it is waited for again under its id,
 * by the program or by the kernel, and its request is never sent twice.
 */
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mbox_test_call.h"

FIXTURE(signal) {
	int dev;
	int client;
	int server;
	struct mt_caller caller;
};

FIXTURE_SETUP(signal)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 2, 64, 0);
	ASSERT_LE(0, box);
	self->client = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	self->server = mt_open_fd(self->dev, box, MBOX_O_READ);
	ASSERT_LE(0, self->server);
	close(box);
	mt_catch(0);
}

FIXTURE_TEARDOWN(signal)
{
	MT_TEARDOWN(self->dev);
}

/* Have a thread call, and a signal interrupt it. */
#define INTERRUPT(...) do {						\
	self->caller = (struct mt_caller){ .call = { __VA_ARGS__ } };	\
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));	\
	mt_task_signal(&self->caller.task);				\
	ASSERT_EQ(-EINTR, mt_caller_end(&self->caller));		\
	ASSERT_NE(0, self->caller.call.id);				\
} while (0)

/* Wait for it again: at once, or in a thread until it blocks. */
#define RESUME() mt_callmsg(self->client, &self->caller.call)
#define RESUME_BLOCKS() \
	mt_task_blocks(&self->caller.task, mt_task_call)

static int answer(int server)
{
	return mt_reply(server, mt_lease(server), "!", 2, 5);
}

TEST_F(signal, resumed)
{
	__u64 id;
	int i;

	INTERRUPT();
	id = self->caller.call.id;
	/* the request is not looked at any more */
	self->caller.call.buf = 0;
	self->caller.call.len = ~0U;
	self->caller.call.priority = ~0U;
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(RESUME_BLOCKS());
		mt_task_signal(&self->caller.task);
		ASSERT_EQ(-EINTR, mt_caller_end(&self->caller));
		EXPECT_EQ(id, self->caller.call.id);
	}
	ASSERT_TRUE(RESUME_BLOCKS());
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(2, mt_caller_end(&self->caller));
	EXPECT_STREQ("!", self->caller.reply);
	EXPECT_EQ(5, self->caller.call.status);
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(1, mt_stat_of(self->client).sent);
	self->caller.call.id = id;
	EXPECT_EQ(-ESTALE, RESUME());
}

/* What comes meanwhile is there when it is asked for, whatever the deadline. */
TEST_F(signal, over_meanwhile)
{
	__s64 token;

	INTERRUPT();
	EXPECT_EQ(0, answer(self->server));
	self->caller.call.deadline = 1;
	EXPECT_EQ(2, RESUME());
	EXPECT_EQ(0, self->caller.call.id);

	INTERRUPT();
	token = mt_lease(self->server);
	EXPECT_LT(0, token);
	EXPECT_EQ(0, mt_held(self->server, token) & MBOX_MSG_CANCELLED);
	close(self->server);
	EXPECT_EQ(-ECONNRESET, RESUME());
	EXPECT_EQ(0, self->caller.call.id);

	EXPECT_EQ(-EPIPE, mt_call_for(self->client, 0, 0));
}

TEST_F(signal, resumed_with_a_deadline)
{
	__u64 id;

	INTERRUPT();
	id = self->caller.call.id;
	/* for the reply it waits, asked not to wait or not */
	self->caller.call.flags = MBOX_DONTWAIT;
	ASSERT_TRUE(RESUME_BLOCKS());
	mt_task_signal(&self->caller.task);
	ASSERT_EQ(-EINTR, mt_caller_end(&self->caller));
	self->caller.call.flags = 0;
	self->caller.call.deadline = mt_deadline(20);
	EXPECT_EQ(-ETIMEDOUT, RESUME());
	EXPECT_EQ(0, self->caller.call.id);
	EXPECT_EQ(0, mt_stat_of(self->client).msgs);
	self->caller.call.id = id;
	EXPECT_EQ(-ESTALE, RESUME());
}

TEST_F(signal, cancelled)
{
	int client = mt_open_fd(self->dev, self->client, MBOX_O_WRITE);
	__u64 id;

	INTERRUPT();
	id = self->caller.call.id;
	EXPECT_EQ(1, mt_stat_of(self->client).msgs);
	/* it is a call of its endpoint */
	EXPECT_EQ(-ESTALE, mt_cancel(client, id));
	EXPECT_EQ(-ESTALE, mt_cancel(self->client, id + 1));
	EXPECT_EQ(-ESTALE, mt_cancel(self->client, 0));
	EXPECT_EQ(-ESTALE, mt_callmsg(client, &self->caller.call));
	EXPECT_EQ(id, self->caller.call.id);
	EXPECT_EQ(0, mt_cancel(self->client, id));
	EXPECT_EQ(0, mt_stat_of(self->client).msgs);
	EXPECT_EQ(-ESTALE, mt_cancel(self->client, id));
	EXPECT_EQ(-ESTALE, RESUME());

	/* with the reply there already, it goes as well */
	INTERRUPT();
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	EXPECT_EQ(-ESTALE, RESUME());

	/* while another thread waits for it again */
	INTERRUPT();
	ASSERT_TRUE(RESUME_BLOCKS());
	EXPECT_EQ(0, mt_cancel(self->client, self->caller.call.id));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&self->caller));
	EXPECT_EQ(0, self->caller.call.id);
}

/* One at a time waits for it. */
TEST_F(signal, busy)
{
	struct mt_caller second = {};

	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));
	second.call = self->caller.call;
	EXPECT_EQ(-EBUSY, mt_callmsg(self->client, &second.call));
	EXPECT_EQ(self->caller.call.id, second.call.id);
	mt_task_signal(&self->caller.task);
	ASSERT_EQ(-EINTR, mt_caller_end(&self->caller));

	second.task.fd = self->client;
	ASSERT_TRUE(mt_task_blocks(&second.task, mt_task_call));
	EXPECT_EQ(-EBUSY, RESUME());
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(2, mt_caller_end(&second));
	EXPECT_EQ(-ESTALE, RESUME());
}

/* Closed after an interruption, nobody will ask for it any more. */
TEST_F(signal, closed)
{
	struct mt_child child;
	__s64 token;

	INTERRUPT();
	token = mt_lease(self->server);
	close(self->client);
	EXPECT_EQ(MBOX_MSG_CALL | MBOX_MSG_CANCELLED,
		  mt_held(self->server, token));
	EXPECT_EQ(-ECANCELED, mt_reply(self->server, token, "", 0, 0));

	/* nor by a process that has exited, whoever shares its endpoint */
	self->client = mt_mailbox(self->dev, NULL, MT_RW);
	if (!mt_fork(&child, NULL)) {
		INTERRUPT();
		EXPECT_EQ(1, mt_stat_of(self->client).msgs);
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(0, mt_stat_of(self->client).msgs);
	EXPECT_EQ(0, mt_stat_of(self->client).bytes);
}

/* Interrupted while there is no room, it keeps waiting for that, too. */
TEST_F(signal, without_room)
{
	struct mt_task second = { .fd = self->client, .send.len = 1 };

	ASSERT_EQ(0, mt_send(self->client, "1", 1, 0, 0));
	ASSERT_EQ(0, mt_send(self->client, "2", 1, 0, 0));
	INTERRUPT();
	EXPECT_EQ(1, mt_stat_of(self->client).waiting_senders);
	/* before who came after it */
	ASSERT_TRUE(mt_task_blocks(&second, mt_task_send));
	EXPECT_EQ(0, mt_ack(self->server, mt_lease(self->server)));
	EXPECT_EQ(0, mt_ack(self->server, mt_lease(self->server)));
	EXPECT_EQ(1, mt_task_end(&second));
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(2, RESUME());
	EXPECT_EQ(4, mt_stat_of(self->client).sent);
}

/* The kernel executes it again, and it is not sent again. */
TEST_F(signal, restarted)
{
	__u64 id;
	int i;

	mt_catch(SA_RESTART);
	ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));
	id = self->caller.call.id;
	for (i = 1; i <= 20; i++) {
		unsigned int before = mt_caught();

		mt_task_signal(&self->caller.task);
		ASSERT_TRUE(MT_UNTIL(mt_caught() > before));
		ASSERT_TRUE(mt_task_settle(&self->caller.task));
		EXPECT_EQ(1, mt_stat_of(self->client).sent);
	}
	EXPECT_EQ(id, self->caller.call.id);
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(2, mt_caller_end(&self->caller));
	EXPECT_EQ(-EAGAIN, mt_lease(self->server));
}

/* Signals at any point, with a handler that restarts and one that does not. */
TEST_F(signal, at_any_point)
{
	enum { CALLS = 100 };
	int i;

	for (i = 0; i < CALLS; i++) {
		mt_catch(i % 2 ? SA_RESTART : 0);
		self->caller = (struct mt_caller){ .task.again = true };
		mt_caller_start(&self->caller, self->client, "?");
		while (!mt_stat_of(self->server).msgs)
			mt_task_signal(&self->caller.task);
		EXPECT_EQ(0, answer(self->server));
		while (!mt_task_is_done(&self->caller.task))
			mt_task_signal(&self->caller.task);
		ASSERT_EQ(2, mt_caller_end(&self->caller));
		ASSERT_STREQ("!", self->caller.reply);
	}
	EXPECT_EQ(CALLS, mt_stat_of(self->client).sent);
	EXPECT_EQ(CALLS, mt_stat_of(self->client).received);
}

/* ---- the server's side ----------------------------------------------------- */

/* The reply is given once, however often the receive is. */
TEST_F(signal, reply_and_receive)
{
	struct mt_task server = { .fd = self->server };
	struct mt_caller next = {};
	int restart;

	for (restart = 0; restart < 2; restart++) {
		unsigned int before = mt_caught();

		mt_catch(restart ? SA_RESTART : 0);
		self->caller = (struct mt_caller){};
		ASSERT_TRUE(mt_caller_blocks(&self->caller, self->client, "?"));
		server.recv = (struct mbox_recv){
			.reply_token = mt_lease(self->server),
			.reply_buf = (uintptr_t)"!",
			.reply_len = 2,
		};
		ASSERT_TRUE(mt_task_blocks(&server, mt_task_recv));
		EXPECT_EQ(2, mt_caller_end(&self->caller));
		mt_task_signal(&server);
		ASSERT_TRUE(MT_UNTIL(mt_caught() > before));
		if (!restart) {
			EXPECT_EQ(-EINTR, mt_task_end(&server));
			EXPECT_EQ(0, server.recv.reply_token);
			continue;
		}
		ASSERT_TRUE(mt_task_settle(&server));
		next = (struct mt_caller){};
		mt_caller_start(&next, self->client, "next");
		EXPECT_EQ(5, mt_task_end(&server));
		EXPECT_EQ(0, server.recv.reply_token);
		EXPECT_EQ(0, mt_ack(self->server, server.recv.token));
		EXPECT_EQ(0, mt_caller_end(&next));
	}
}

/* ---- stopped, traced and frozen ------------------------------------------- */

static bool is_stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid &&
	       WIFSTOPPED(status);
}

/* A child whose call is under way; it expects the reply of answer(). */
#define FORK_CALLER(child) do {						\
	struct mt_child *__child = (child);				\
									\
	if (!mt_fork(__child, NULL)) {					\
		EXPECT_EQ(2, mt_call_for(self->client, 0, 0));		\
		MT_CHILD_EXIT();					\
	}								\
	ASSERT_TRUE(mt_wait_blocked(__child->pid));			\
} while (0)

TEST_F(signal, stopped)
{
	struct mt_child child;
	int i;

	FORK_CALLER(&child);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, kill(child.pid, SIGSTOP));
		ASSERT_TRUE(MT_UNTIL(is_stopped(child.pid)));
		EXPECT_EQ(1, mt_stat_of(self->server).msgs);
		if (i == 2)
			EXPECT_EQ(0, answer(self->server));
		ASSERT_EQ(0, kill(child.pid, SIGCONT));
		if (i < 2)
			ASSERT_TRUE(mt_wait_blocked(child.pid));
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_stat_of(self->server).sent);
}

TEST_F(signal, traced)
{
	struct mt_child child;
	int i, status;

	FORK_CALLER(&child);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child.pid, 0, 0));
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, child.pid, 0, 0));
		ASSERT_EQ(child.pid, waitpid(child.pid, &status, __WALL));
		EXPECT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(1, mt_stat_of(self->server).sent);
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, child.pid, 0, 0));
		ASSERT_TRUE(mt_wait_blocked(child.pid));
	}
	EXPECT_EQ(0, answer(self->server));
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_stat_of(self->server).sent);
}

#define CGROUP "/tmp/mbox-cgroup"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

static bool is_frozen(void)
{
	char line[64], value = '0';
	FILE *file = fopen(CGROUP "/mbox/cgroup.events", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "frozen ", 7))
			value = line[7];
	if (file)
		fclose(file);
	return value == '1';
}

TEST_F(signal, frozen)
{
	struct mt_child child;
	char pid[16];
	int i;

	mkdir("/tmp", 0777);
	mkdir(CGROUP, 0700);
	if (mount("none", CGROUP, "cgroup2", 0, NULL) || mkdir(CGROUP "/mbox", 0700))
		SKIP(return, "this machine has no cgroup v2 to mount");
	FORK_CALLER(&child);
	snprintf(pid, sizeof(pid), "%d", child.pid);
	ASSERT_TRUE(write_file(CGROUP "/mbox/cgroup.procs", pid));
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(write_file(CGROUP "/mbox/cgroup.freeze", "1"));
		EXPECT_TRUE(MT_UNTIL(is_frozen()));
		EXPECT_EQ(1, mt_stat_of(self->server).sent);
		if (i == 2)
			EXPECT_EQ(0, answer(self->server));
		ASSERT_TRUE(write_file(CGROUP "/mbox/cgroup.freeze", "0"));
		if (i < 2)
			ASSERT_TRUE(mt_wait_blocked(child.pid));
	}
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ(1, mt_stat_of(self->server).sent);
	EXPECT_EQ(0, rmdir(CGROUP "/mbox"));
	EXPECT_EQ(0, umount(CGROUP));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_HARNESS_MAIN
