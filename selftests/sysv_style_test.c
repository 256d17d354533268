// SPDX-License-Identifier: GPL-2.0
/*
 * What programs do with System V queues, done with libmbox. Each test runs
 * twice, with a queue and with a mailbox, and what comes out must be the same:
 * the adapter below is all that a port takes.
 */
#include <mbox.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "mbox_test_task.h"

#define QUEUE_BYTES	2048

struct message {
	long type;
	char text[64];
};

/**
 * struct style - the calls of System V, which return -errno here
 * @get: msgget(); with IPC_CREAT the capacity is QUEUE_BYTES
 * @snd: msgsnd()
 * @rcv: msgrcv()
 * @set_bytes: msgctl(IPC_SET) of msg_qbytes
 * @count: msgctl(IPC_STAT): msg_qnum
 * @bytes: msgctl(IPC_STAT): msg_cbytes
 * @remove: msgctl(IPC_RMID)
 * @nr_rcv: the system call that waits in @rcv
 * @nr_snd: likewise
 */
struct style {
	int (*get)(key_t key, int flags);
	int (*snd)(int id, const struct message *msg, size_t size, int flags);
	int (*rcv)(int id, struct message *msg, size_t size, long type,
		   int flags);
	int (*set_bytes)(int id, unsigned long bytes);
	int (*count)(int id);
	int (*bytes)(int id);
	int (*remove)(int id, key_t key);
	long nr_rcv;
	long nr_snd;
};

/* ---- with a queue -------------------------------------------------------- */

static int queue_get(key_t key, int flags)
{
	struct msqid_ds ds;
	int id = msgget(key, flags);

	if (id >= 0 && flags & IPC_CREAT && !msgctl(id, IPC_STAT, &ds)) {
		ds.msg_qbytes = QUEUE_BYTES;
		msgctl(id, IPC_SET, &ds);
	}
	return id < 0 ? -errno : id;
}

static int queue_snd(int id, const struct message *msg, size_t size, int flags)
{
	return msgsnd(id, msg, size, flags) ? -errno : 0;
}

static int queue_rcv(int id, struct message *msg, size_t size, long type,
		     int flags)
{
	int ret = msgrcv(id, msg, size, type, flags);

	return ret < 0 ? -errno : ret;
}

static int queue_set_bytes(int id, unsigned long bytes)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -errno;
	ds.msg_qbytes = bytes;
	return msgctl(id, IPC_SET, &ds) ? -errno : 0;
}

static int queue_count(int id)
{
	struct msqid_ds ds;

	return msgctl(id, IPC_STAT, &ds) ? -errno : (int)ds.msg_qnum;
}

static int queue_bytes(int id)
{
	struct msqid_ds ds;

	return msgctl(id, IPC_STAT, &ds) ? -errno : (int)ds.__msg_cbytes;
}

static int queue_remove(int id, key_t key)
{
	return msgctl(id, IPC_RMID, NULL) ? -errno : 0;
}

static const struct style queue = {
	.get = queue_get,
	.snd = queue_snd,
	.rcv = queue_rcv,
	.set_bytes = queue_set_bytes,
	.count = queue_count,
	.bytes = queue_bytes,
	.remove = queue_remove,
	.nr_rcv = __NR_msgrcv,
	.nr_snd = __NR_msgsnd,
};

/* ---- with a mailbox ------------------------------------------------------ */

static const char *box_name(key_t key)
{
	static char name[32];

	snprintf(name, sizeof(name), "sysv-%d", key);
	return name;
}

static int box_get(key_t key, int flags)
{
	struct mbox_create attr = {
		.mode = flags & 0666,
		.msg_size = sizeof(((struct message *)0)->text),
		.max_bytes = QUEUE_BYTES,
	};
	int fd, dev = mbox_device();

	if (dev < 0)
		return dev;
	if (flags & IPC_CREAT)
		fd = mbox_create(dev, box_name(key), MT_RW | MBOX_CREATE_MODE |
				 (flags & IPC_EXCL ? MBOX_CREATE_EXCL : 0),
				 &attr);
	else
		fd = mbox_open(dev, box_name(key), MT_RW);
	close(dev);
	return fd;
}

static int box_snd(int id, const struct message *msg, size_t size, int flags)
{
	struct mbox_send send = {
		.flags = flags & IPC_NOWAIT ? MBOX_DONTWAIT : 0,
		.buf = (uintptr_t)msg->text,
		.len = size,
		.type = msg->type,
	};

	return mbox_sendmsg(id, &send);
}

static struct mbox_match box_match(long type, int flags)
{
	struct mbox_match match = { .type = labs(type) };

	if (type < 0)
		match.what = MBOX_MATCH_TYPE_MAX;
	else if (type && flags & MSG_EXCEPT)
		match.what = MBOX_MATCH_TYPE_NOT;
	else if (type)
		match.what = MBOX_MATCH_TYPE;
	return match;
}

static int box_rcv(int id, struct message *msg, size_t size, long type,
		   int flags)
{
	struct mbox_recv recv = {
		.flags = (flags & IPC_NOWAIT ? MBOX_DONTWAIT : 0) |
			 (flags & MSG_NOERROR ? MBOX_TRUNCATE : 0),
		.buf = (uintptr_t)msg->text,
		.buf_size = size,
		.match = box_match(type, flags),
	};
	ssize_t ret = mbox_recvmsg(id, &recv);

	if (ret < 0)
		return ret == -EAGAIN ? -ENOMSG :
		       ret == -EMSGSIZE ? -E2BIG : ret;
	msg->type = recv.type;
	return (size_t)ret < size ? (size_t)ret : size;
}

static int box_set_bytes(int id, unsigned long bytes)
{
	struct mbox_set set = {
		.flags = MBOX_SET_MAX_BYTES,
		.max_bytes = bytes,
	};

	return mbox_set(id, &set);
}

static int box_count(int id)
{
	struct mbox_stat stat;
	int ret = mbox_stat(id, &stat);

	return ret ?: (int)stat.msgs;
}

static int box_bytes(int id)
{
	struct mbox_stat stat;
	int ret = mbox_stat(id, &stat);

	return ret ?: (int)stat.bytes;
}

static int box_remove(int id, key_t key)
{
	int dev = mbox_device(), ret;

	ret = mbox_unlink(dev, box_name(key));
	close(dev);
	close(id);
	return ret;
}

static const struct style mailbox = {
	.get = box_get,
	.snd = box_snd,
	.rcv = box_rcv,
	.set_bytes = box_set_bytes,
	.count = box_count,
	.bytes = box_bytes,
	.remove = box_remove,
	.nr_rcv = __NR_ioctl,
	.nr_snd = __NR_ioctl,
};

/* ---- the tests ----------------------------------------------------------- */

FIXTURE(sysv_style) {
	int dev;
	const struct style *is;
	key_t key;
	int id;
	struct mt_child child[4];
};

FIXTURE_VARIANT(sysv_style) {
	const struct style *style;
};

FIXTURE_VARIANT_ADD(sysv_style, queue) { .style = &queue };
FIXTURE_VARIANT_ADD(sysv_style, mailbox) { .style = &mailbox };

FIXTURE_SETUP(sysv_style)
{
	self->is = variant->style;
	self->key = 0x6d620000 + getpid();
	if (self->is == &mailbox) {
		self->dev = mt_device();
		ASSERT_LE(0, self->dev);
	}
	self->id = self->is->get(self->key, IPC_CREAT | IPC_EXCL | 0600);
	ASSERT_LE(0, self->id);
}

FIXTURE_TEARDOWN(sysv_style)
{
	if (self->id >= 0)
		self->is->remove(self->id, self->key);
	if (self->is == &mailbox)
		MT_TEARDOWN(self->dev);
}

static int put(const struct style *is, int id, long type, const char *text)
{
	struct message msg = { .type = type };

	snprintf(msg.text, sizeof(msg.text), "%s", text);
	return is->snd(id, &msg, strlen(text) + 1, IPC_NOWAIT);
}

/* Is the next message for msgrcv() with @type and @flags this one? */
static bool next_is(const struct style *is, int id, long type, int flags,
		    long want_type, const char *want)
{
	struct message msg = {};
	int ret = is->rcv(id, &msg, sizeof(msg.text), type, flags | IPC_NOWAIT);

	return ret == (int)strlen(want) + 1 && msg.type == want_type &&
	       !strcmp(msg.text, want);
}

static int next_error(const struct style *is, int id, long type)
{
	struct message msg;

	return is->rcv(id, &msg, sizeof(msg.text), type, IPC_NOWAIT);
}

TEST_F(sysv_style, keys)
{
	int id;

	EXPECT_EQ(-EEXIST, self->is->get(self->key,
					 IPC_CREAT | IPC_EXCL | 0600));
	EXPECT_EQ(-ENOENT, self->is->get(self->key + 1, 0600));
	id = self->is->get(self->key, IPC_CREAT | 0600);
	ASSERT_LE(0, id);
	EXPECT_EQ(0, put(self->is, id, 1, "there"));
	EXPECT_TRUE(next_is(self->is, self->id, 0, 0, 1, "there"));
	if (!mt_fork(&self->child[0], &mt_user_a)) {
		EXPECT_EQ(-EACCES, self->is->get(self->key, 0600));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
	EXPECT_EQ(0, self->is->remove(self->id, self->key));
	self->id = -1;
	EXPECT_EQ(-ENOENT, self->is->get(self->key, 0600));
}

TEST_F(sysv_style, types)
{
	const struct style *is = self->is;
	int id = self->id;

	EXPECT_EQ(0, put(is, id, 3, "a"));
	EXPECT_EQ(0, put(is, id, 2, "b"));
	EXPECT_EQ(0, put(is, id, 5, "c"));
	EXPECT_EQ(0, put(is, id, 2, "d"));
	EXPECT_EQ(0, put(is, id, 1, "e"));
	EXPECT_EQ(0, put(is, id, 3, "f"));
	EXPECT_EQ(6, is->count(id));
	EXPECT_EQ(12, is->bytes(id));
	EXPECT_EQ(-ENOMSG, next_error(is, id, 4));
	EXPECT_TRUE(next_is(is, id, 2, 0, 2, "b"));
	/* the lowest type comes first, of those up to 3 */
	EXPECT_TRUE(next_is(is, id, -3, 0, 1, "e"));
	EXPECT_TRUE(next_is(is, id, -3, 0, 2, "d"));
	EXPECT_TRUE(next_is(is, id, -3, 0, 3, "a"));
	EXPECT_TRUE(next_is(is, id, 3, MSG_EXCEPT, 5, "c"));
	EXPECT_EQ(-ENOMSG, next_error(is, id, -2));
	EXPECT_TRUE(next_is(is, id, 0, 0, 3, "f"));
	EXPECT_EQ(-ENOMSG, next_error(is, id, 0));
	EXPECT_EQ(0, is->count(id));
}

TEST_F(sysv_style, sizes)
{
	struct message msg = {};

	EXPECT_EQ(0, put(self->is, self->id, 1, "0123456789"));
	EXPECT_EQ(-E2BIG, self->is->rcv(self->id, &msg, 4, 0, 0));
	EXPECT_EQ(1, self->is->count(self->id));
	EXPECT_EQ(4, self->is->rcv(self->id, &msg, 4, 0, MSG_NOERROR));
	EXPECT_EQ(0, memcmp(msg.text, "0123", 5));
	EXPECT_EQ(0, self->is->count(self->id));
	EXPECT_EQ(0, self->is->snd(self->id, &msg, 0, 0));
	EXPECT_EQ(0, self->is->rcv(self->id, &msg, 4, 1, 0));
}

TEST_F(sysv_style, full)
{
	struct message msg = { .type = 1 };
	int i;

	ASSERT_EQ(0, self->is->set_bytes(self->id, 128));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, self->is->snd(self->id, &msg, 64, IPC_NOWAIT));
	EXPECT_EQ(-EAGAIN, self->is->snd(self->id, &msg, 1, IPC_NOWAIT));
	if (!mt_fork(&self->child[0], NULL)) {
		msg.type = 2;
		EXPECT_EQ(0, self->is->snd(self->id, &msg, 1, 0));
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child[0].pid,
					   self->is->nr_snd)));
	EXPECT_EQ(64, self->is->rcv(self->id, &msg, 64, 1, 0));
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
	EXPECT_EQ(1, self->is->rcv(self->id, &msg, 64, 2, 0));
}

/* A receiver that waits for a type sleeps through the others. */
TEST_F(sysv_style, waiting_for_a_type)
{
	struct message msg = {};

	if (!mt_fork(&self->child[0], NULL)) {
		EXPECT_EQ(2, self->is->rcv(self->id, &msg, 64, 7, 0));
		EXPECT_STREQ("7", msg.text);
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child[0].pid,
					   self->is->nr_rcv)));
	EXPECT_EQ(0, put(self->is, self->id, 8, "8"));
	EXPECT_EQ(0, put(self->is, self->id, 7, "7"));
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
	EXPECT_TRUE(next_is(self->is, self->id, 0, 0, 8, "8"));
}

/* ---- the exchange -------------------------------------------------------- */

/*
 * Requests are of types 1, which is urgent, to 3, and begin with the process id
 * of the client. This is the type of the reply: of one queue, each client
 * receives its own.
 */
enum { URGENT = 1, LAZY = 3, REQUESTS = 20, CLIENTS = 3 };

/* Serve until told to stop: how many requests that were, or -errno. */
static int serve(const struct style *is, key_t key)
{
	int served = 0, id = is->get(key, 0600), ret, pid, number;
	struct message msg;

	for (;;) {
		ret = is->rcv(id, &msg, sizeof(msg.text), -LAZY, 0);
		if (ret < 0)
			return ret;
		if (sscanf(msg.text, "%d %d", &pid, &number) != 2)
			return served;
		ret = snprintf(msg.text, sizeof(msg.text), "%d squared is %d",
			       number, number * number);
		msg.type = pid;
		ret = is->snd(id, &msg, ret + 1, 0);
		if (ret < 0)
			return ret;
		served++;
	}
}

/* Ask for squares from @from on, and get each of them. */
static bool ask(const struct style *is, key_t key, int from)
{
	int number, id = is->get(key, 0600), ret;
	struct message msg;
	char want[64];

	for (number = from; number < from + REQUESTS; number++) {
		msg.type = URGENT + number % LAZY;
		ret = snprintf(msg.text, sizeof(msg.text), "%d %d", getpid(),
			       number);
		if (is->snd(id, &msg, ret + 1, 0))
			return false;
		ret = snprintf(want, sizeof(want), "%d squared is %d", number,
			       number * number);
		if (is->rcv(id, &msg, sizeof(msg.text), getpid(), 0) !=
		    ret + 1 || msg.type != getpid() || strcmp(msg.text, want))
			return false;
	}
	return true;
}

TEST_F(sysv_style, a_server_and_its_clients)
{
	struct mt_child *server = &self->child[CLIENTS];
	int i;

	if (!mt_fork(server, NULL)) {
		EXPECT_EQ(CLIENTS * REQUESTS, serve(self->is, self->key));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < CLIENTS; i++) {
		if (mt_fork(&self->child[i], NULL))
			continue;
		EXPECT_LT(LAZY, getpid());
		EXPECT_TRUE(ask(self->is, self->key, 100 * i));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < CLIENTS; i++)
		EXPECT_EQ(0, mt_child_end(&self->child[i]));
	EXPECT_EQ(0, put(self->is, self->id, URGENT, "stop"));
	EXPECT_EQ(0, mt_child_end(server));
	EXPECT_EQ(0, self->is->count(self->id));
}

TEST_HARNESS_MAIN
