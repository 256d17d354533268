// SPDX-License-Identifier: GPL-2.0
/*
 * Every error of the table in <linux/mbox.h>, provoked at least once, and
 * nothing has changed after it. ENOMEM from inside is in inject_test.c.
 */
#include <sys/resource.h>

#include "mbox_test_batch.h"
#include "mbox_test_match.h"

FIXTURE(errors) {
	int dev;
	char *name;
	int box;	/* holds one message and has room for one more */
};

FIXTURE_SETUP(errors)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 2,
		.msg_size = 10,
	};

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_create(self->dev, self->name, &attr);
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 5, 0));
}

FIXTURE_TEARDOWN(errors)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/* The command fails with @error, and all is as before. */
#define FAILS(error, command) do {					\
	struct mt_state __before =					\
		mt_state_of(self->dev, self->box, geteuid());		\
									\
	EXPECT_EQ(error, command);					\
	EXPECT_TRUE(mt_state_is(self->dev, self->box, geteuid(),	\
				&__before));				\
} while (0)

static bool set_mode(int fd, __u32 mode)
{
	struct mbox_set set = { .flags = MBOX_SET_MODE, .mode = mode };

	return !mt_set(fd, &set);
}

TEST_F(errors, of_the_interface)
{
	struct {
		struct mbox_purge purge;
		__u64 more;
	} newer = { .purge.size = sizeof(newer), .more = 1 };
	struct mbox_purge purge = { .size = sizeof(purge), .flags = 1 };
	struct mbox_send send = { .priority = MBOX_PRIORITY_MAX + 1 };

	FAILS(-ENOTTY, mt_ioctl(self->box, _IO(MBOX_IOC_TYPE, 0x7f), &purge));
	FAILS(-ENOTTY, mt_ioctl(self->dev, MBOX_IOC_PURGE, &newer.purge));
	FAILS(-E2BIG, mt_ioctl(self->box, MBOX_IOC_PURGE, &newer));
	FAILS(-EOPNOTSUPP, mt_ioctl(self->box, MBOX_IOC_PURGE, &purge));
	FAILS(-EINVAL, mt_sendmsg(self->box, &send));
	FAILS(-EFAULT, mt_ioctl(self->box, MBOX_IOC_PURGE, NULL));
	FAILS(-EFAULT, mt_send(self->box, NULL, 1, 0, 0));
	FAILS(-EFAULT, mt_recv(self->box, NULL, 6, 0));
}

TEST_F(errors, of_names_and_rights)
{
	char long_name[257] = "";
	struct mt_child child;

	memset(long_name, 'l', 256);
	FAILS(-ENOENT, mt_open(self->dev, "none", MT_RW));
	FAILS(-ENOENT, mt_open_id(self->dev, 1ULL << 60, MT_RW));
	FAILS(-EEXIST, mt_mailbox(self->dev, self->name,
				  MT_RW | MBOX_CREATE_EXCL));
	FAILS(-EEXIST, mt_region(self->dev, self->name, MT_RW, 1));
	FAILS(-ENAMETOOLONG, mt_mailbox(self->dev, long_name, MT_RW));
	FAILS(-EBADF, mt_open_fd(self->dev, self->dev, 0));
	if (!mt_fork(&child, &mt_user_a)) {
		struct mbox_set set = { .flags = MBOX_SET_MODE };

		FAILS(-EACCES, mt_open(self->dev, self->name, MBOX_O_READ));
		FAILS(-EACCES, mt_mailbox(self->dev, self->name, MT_RW));
		FAILS(-EACCES, mt_unlink(self->dev, self->name));
		FAILS(-EACCES, mt_set(self->box, &set));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/* A process is not there, or has no inbox, or has one already. */
TEST_F(errors, of_processes)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_INBOX,
		.kind = MBOX_KIND_MAILBOX,
	};
	struct mbox_target target = { .by = MBOX_BY_PID, .pid = getpid() };
	int inbox;

	FAILS(-ESRCH, mt_recv_match(self->box, mt_from(INT32_MAX), 0));
	FAILS(-ESRCH, mt_filter(self->box, mt_from(INT32_MAX)));
	FAILS(-ENOENT, mt_open_target(self->dev, target, MT_RW));
	inbox = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, inbox);
	FAILS(-EEXIST, mt_create(self->dev, NULL, &attr));
	target.pid = INT32_MAX;
	FAILS(-ENOENT, mt_open_target(self->dev, target, MT_RW));
	close(inbox);
	target.pid = getpid();
	FAILS(-ENOENT, mt_open_target(self->dev, target, MT_RW));
}

TEST_F(errors, of_directions)
{
	int r = mt_open(self->dev, self->name, MBOX_O_READ);
	int w = mt_open(self->dev, self->name, MBOX_O_WRITE);
	struct mbox_notify notify = { .size = sizeof(notify) };
	struct mbox_recv_item recv = {};
	struct mbox_send_item send = {};
	int error;
	char c;

	FAILS(-EBADF, mt_send(r, "", 0, 0, 0));
	FAILS(-EBADF, mt_recv(w, &c, 1, 0));
	FAILS(-EBADF, mt_purge(w));
	FAILS(-EBADF, mt_send_batch(r, &send, 1, 0, &error));
	FAILS(-EBADF, mt_recv_batch(w, &recv, 1, 0, &error));
	FAILS(-EBADF, mt_filter(w, mt_type(7)));
	FAILS(-EBADF, mt_ioctl(w, MBOX_IOC_NOTIFY, &notify));
	FAILS(-EACCES, mt_open_fd(self->dev, r, MBOX_O_WRITE));
	close(r);
	close(w);
}

/* No descriptor is left: nothing is made, nothing is opened. */
TEST_F(errors, descriptors)
{
	struct rlimit limit;
	int fd = dup(self->dev);

	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = fd;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	FAILS(-EMFILE, mt_mailbox(self->dev, "none", MT_RW));
	FAILS(-EMFILE, mt_region(self->dev, "none", MT_RW, 1));
	FAILS(-EMFILE, mt_mailbox(self->dev, NULL, MT_RW));
	FAILS(-EMFILE, mt_open(self->dev, self->name, MT_RW));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-ENOENT, mt_open(self->dev, "none", 0));
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

/* Root may have any number of files, others only what the machine allows. */
TEST_F(errors, files)
{
	static const char path[] = "/proc/sys/fs/file-max";
	struct mt_child child;
	char saved[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT_LT(0, read(fd, saved, sizeof(saved) - 1));
	close(fd);
	ASSERT_TRUE(set_mode(self->box, 0666));
	if (!mt_fork(&child, &mt_user_a)) {
		EXPECT_EQ(0, mt_tell(child.sock, 0));
		EXPECT_EQ(0, mt_hear(child.sock));
		FAILS(-ENFILE, mt_mailbox(self->dev, "none", MT_RW));
		FAILS(-ENFILE, mt_region(self->dev, "none", MT_RW, 1));
		FAILS(-ENFILE, mt_open(self->dev, self->name, MT_RW));
		FAILS(-ENFILE, mt_open_fd(self->dev, self->box, MT_RW));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_hear(child.sock));
	EXPECT_TRUE(write_file(path, "0"));
	mt_tell(child.sock, 0);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_TRUE(write_file(path, saved));
	EXPECT_EQ(-ENOENT, mt_open(self->dev, "none", 0));
}

/* More than the machine has: the limits of users do not bind root. */
TEST_F(errors, memory)
{
	FAILS(-ENOMEM, mt_region(self->dev, "none", MT_RW, 1ULL << 46));
	FAILS(-ENOMEM, mt_region(self->dev, NULL, MT_RW, 1ULL << 46));
	EXPECT_EQ(-ENOENT, mt_open(self->dev, "none", 0));
}

TEST_F(errors, of_waiting)
{
	struct mbox_send send = { .deadline = 1 };
	struct mbox_recv recv = { .deadline = 1 };
	int empty = mt_mailbox(self->dev, NULL, MT_RW | MBOX_O_NONBLOCK);

	ASSERT_LE(0, empty);
	ASSERT_EQ(0, mt_send(self->box, "", 0, 0, 0));
	FAILS(-EAGAIN, mt_send(self->box, "", 0, 0, MBOX_DONTWAIT));
	FAILS(-EAGAIN, mt_recv(empty, NULL, 0, 0));
	FAILS(-ETIMEDOUT, mt_sendmsg(self->box, &send));
	send.flags = MBOX_REALTIME;
	FAILS(-ETIMEDOUT, mt_sendmsg(self->box, &send));
	close(empty);

	empty = mt_mailbox(self->dev, NULL, MT_RW);
	FAILS(-EAGAIN, mt_recv(empty, NULL, 0, MBOX_DONTWAIT));
	FAILS(-ETIMEDOUT, mt_recvmsg(empty, &recv));
	recv.flags = MBOX_REALTIME;
	FAILS(-ETIMEDOUT, mt_recvmsg(empty, &recv));
	close(empty);
}

/* What its attributes do not allow. */
TEST_F(errors, of_policies)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.max_msgs = 1,
		.when_full = MBOX_FULL_FAIL,
	};
	int box = mt_create(self->dev, NULL, &attr);
	struct mt_task receiver = {};

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_send(box, "", 0, 0, 0));
	FAILS(-EAGAIN, mt_send(box, "", 0, 0, 0));
	close(box);

	attr.receivers = MBOX_RECEIVERS_EXCLUSIVE;
	box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, box);
	ASSERT_TRUE(mt_match_blocks(&receiver, box, mt_any()));
	FAILS(-EBUSY, mt_recv(box, NULL, 0, 0));
	FAILS(-EBUSY, mt_recv(box, NULL, 0, MBOX_DONTWAIT));
	ASSERT_EQ(0, mt_send(box, "", 0, 0, 0));
	EXPECT_EQ(0, mt_task_end(&receiver));
	close(box);

	attr.receivers = MBOX_RECEIVERS_LINK;
	box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, box);
	ASSERT_LE(0, mt_open_fd(self->dev, box, MT_RW));
	FAILS(-EBUSY, mt_open_fd(self->dev, box, MBOX_O_READ));
	close(box);

	attr.receivers = MBOX_RECEIVERS_BROADCAST;
	box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, box);
	FAILS(-EINVAL, mt_send(box, "", 0, 1, 0));
	FAILS(-EOPNOTSUPP, mt_recv_match(box, mt_type(7), MBOX_DONTWAIT));
	FAILS(-EOPNOTSUPP, mt_call_for(box, 1, 0));
	close(box);
}

/* A descriptor that gets signals already has no room for a single one. */
TEST_F(errors, of_notification)
{
	struct mbox_notify notify = { .size = sizeof(notify) };

	ASSERT_EQ(0, fcntl(self->box, F_SETFL, O_ASYNC));
	FAILS(-EBUSY, mt_ioctl(self->box, MBOX_IOC_NOTIFY, &notify));
	ASSERT_EQ(0, fcntl(self->box, F_SETFL, 0));
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_NOTIFY, &notify));
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_NOTIFY, &notify));
	notify.flags = MBOX_NOTIFY_OFF;
	EXPECT_EQ(0, mt_ioctl(self->box, MBOX_IOC_NOTIFY, &notify));
}

static void on_signal(int signal)
{
	(void)signal;
}

/* A handler without SA_RESTART. */
TEST_F(errors, signal)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct mt_state before;
	struct mt_child child;
	int empty, sends;

	empty = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, empty);
	ASSERT_EQ(0, mt_send(self->box, "", 0, 0, 0));
	for (sends = 0; sends < 2; sends++) {
		before = mt_state_of(self->dev, self->box, 0);
		if (!mt_fork(&child, NULL)) {
			sigaction(SIGUSR1, &action, NULL);
			EXPECT_EQ(-EINTR, sends ?
				  mt_send(self->box, "", 0, 0, 0) :
				  mt_recv(empty, NULL, 0, 0));
			MT_CHILD_EXIT();
		}
		EXPECT_TRUE(mt_wait_blocked(child.pid));
		EXPECT_EQ(0, kill(child.pid, SIGUSR1));
		EXPECT_EQ(0, mt_child_end(&child));
		EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	}
	close(empty);
}

TEST_F(errors, of_size)
{
	char data[11];

	FAILS(-EMSGSIZE, mt_send(self->box, data, 11, 0, 0));
	FAILS(-EMSGSIZE, mt_recv(self->box, data, 5, 0));
	FAILS(-EMSGSIZE, mt_recv(self->box, NULL, 0, 0));
	FAILS(-EMSGSIZE, mt_recv(self->box, NULL, 0, MBOX_PEEK));
	/* it is still there, whole */
	EXPECT_EQ(6, mt_recv(self->box, data, sizeof(data), 0));
	EXPECT_EQ(0, memcmp("queued", data, 6));
}

/* SIGPIPE would end the test. */
TEST_F(errors, nobody_left)
{
	int box = mt_mailbox(self->dev, NULL, MT_RW);
	int r = mt_open_fd(self->dev, box, MBOX_O_READ);
	int w = mt_open_fd(self->dev, box, MBOX_O_WRITE);

	ASSERT_LE(0, w);
	close(box);
	EXPECT_EQ(0, mt_send(w, "", 0, 0, 0));
	close(r);
	FAILS(-EPIPE, mt_send(w, "", 0, 0, 0));
	FAILS(-EPIPE, mt_send(w, "", 0, 0, MBOX_DONTWAIT));
	close(w);

	box = mt_mailbox(self->dev, NULL, MT_RW);
	r = mt_open_fd(self->dev, box, MBOX_O_READ);
	EXPECT_EQ(0, mt_send(box, "", 0, 0, 0));
	close(box);
	EXPECT_EQ(0, mt_recv(r, NULL, 0, 0));
	FAILS(-EPIPE, mt_recv(r, NULL, 0, 0));
	close(r);
}

TEST_F(errors, of_tokens)
{
	__s64 token = mt_lease(self->box);

	ASSERT_LT(0, token);
	ASSERT_EQ(MBOX_MSG_SENDER_LIVES, mt_held_state(self->box, token));
	FAILS(-ESTALE, mt_ack(self->box, token + 1));
	FAILS(-ESTALE, mt_nack(self->box, 0, 0));
	FAILS(-ESTALE, mt_held(self->box, token + 1));
	FAILS(-ESTALE, mt_reply(self->box, token + 1, "", 0, 0));
	FAILS(-ESTALE, mt_cancel(self->box, token));
	FAILS(-ENOENT, mt_held(self->box, 0));
	FAILS(-EINVAL, mt_reply(self->box, token, "", 0, 0));
	EXPECT_EQ(0, mt_ack(self->box, token));
	FAILS(-ESTALE, mt_ack(self->box, token));
}

TEST_F(errors, of_calls)
{
	int server = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mbox_call resumed = { .id = ~0ULL };
	struct mt_caller caller = {}, second = {};
	__s64 token;

	FAILS(-EBADF, mt_call_for(server, 0, 0));
	FAILS(-ESTALE, mt_callmsg(self->box, &resumed));
	ASSERT_EQ(1, mt_purge(self->box));

	ASSERT_TRUE(mt_caller_blocks(&caller, self->box, "?"));
	second.call = caller.call;
	FAILS(-EBUSY, mt_callmsg(self->box, &second.call));
	EXPECT_LT(0, mt_lease(server));
	close(server);
	EXPECT_EQ(-ECONNRESET, mt_caller_end(&caller));

	ASSERT_TRUE(mt_caller_blocks(&second, self->box, "?") ||
		    mt_task_is_done(&second.task));
	EXPECT_EQ(-ESTALE, mt_caller_end(&second));

	second = (struct mt_caller){};
	ASSERT_TRUE(mt_caller_blocks(&second, self->box, "?"));
	token = mt_lease(self->box);
	EXPECT_EQ(0, mt_cancel(self->box, second.call.id));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&second));
	EXPECT_EQ(-ECANCELED, mt_reply(self->box, token, "", 0, 0));
}

/* An object that has ended cannot be opened. */
TEST_F(errors, ended)
{
	struct mt_child child;
	int fd;

	if (!mt_fork(&child, NULL)) {
		struct mbox_create attr = {
			.flags = MT_RW,
			.kind = MBOX_KIND_MAILBOX,
			.lifetime = MBOX_LIFE_PROCESS,
		};

		mt_fd_send(child.sock, mt_create(self->dev, NULL, &attr));
		mt_hear(child.sock);
		MT_CHILD_EXIT();
	}
	fd = mt_fd_recv(child.sock);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, mt_child_end(&child));
	EXPECT_EQ((__u32)MBOX_STATE_ENDED, mt_stat_of(fd).state);
	FAILS(-EPIPE, mt_open_fd(self->dev, fd, MT_RW));
	FAILS(-EPIPE, mt_open_fd(self->dev, fd, 0));
	FAILS(-EPIPE, mt_send(fd, "", 0, 0, 0));
	FAILS(-EPIPE, mt_recv(fd, NULL, 0, 0));
	close(fd);
}

TEST_HARNESS_MAIN
