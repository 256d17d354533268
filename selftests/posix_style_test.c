// SPDX-License-Identifier: GPL-2.0
/*
 * What programs do with POSIX queues, done with libmbox. Each test runs twice,
 * with a queue and with a mailbox, and what comes out must be the same: the
 * adapter of mbox_test_posix.h is all that a port takes.
 */
#include "mbox_test_posix.h"
#include "mbox_test_signal.h"

#define SIZE	MT_POSIX_SIZE

FIXTURE(posix_style) {
	int dev;
	const struct mt_posix *is;
	char *name;
	int mq;
	struct mt_child child[4];
};

FIXTURE_VARIANT(posix_style) {
	const struct mt_posix *style;
};

FIXTURE_VARIANT_ADD(posix_style, queue) { .style = &mt_posix_queue };
FIXTURE_VARIANT_ADD(posix_style, mailbox) { .style = &mt_posix_mailbox };

FIXTURE_SETUP(posix_style)
{
	mt_sig_block();
	self->is = variant->style;
	if (self->is == &mt_posix_mailbox) {
		self->dev = mt_device();
		ASSERT_LE(0, self->dev);
	}
	self->name = mt_name("posix");
	self->mq = self->is->open(self->name, O_CREAT | O_EXCL | O_RDWR, 0600,
				  4);
	ASSERT_LE(0, self->mq);
}

FIXTURE_TEARDOWN(posix_style)
{
	self->is->unlink(self->name);
	if (self->is == &mt_posix_mailbox)
		MT_TEARDOWN(self->dev);
}

/* A further descriptor of the queue. */
static int open_again(const struct mt_posix *is, const char *name, int flags)
{
	return is->open(name, flags, 0, 0);
}

static int put(const struct mt_posix *is, int mq, const char *text,
	       unsigned int prio)
{
	return is->send(mq, text, strlen(text), prio);
}

static bool next_is(const struct mt_posix *is, int mq, const char *want,
		    unsigned int want_prio)
{
	char buf[SIZE];
	unsigned int prio;
	int ret = is->receive(mq, buf, sizeof(buf), &prio);

	return ret == (int)strlen(want) && !memcmp(buf, want, ret) &&
	       prio == want_prio;
}

TEST_F(posix_style, names)
{
	const struct mt_posix *is = self->is;
	char buf[SIZE];
	int in, out;

	EXPECT_EQ(-EEXIST, is->open(self->name, O_CREAT | O_EXCL | O_RDWR,
				    0600, 4));
	EXPECT_EQ(-ENOENT, open_again(is, mt_name("none"), O_RDWR));
	in = is->open(self->name, O_CREAT | O_RDONLY, 0600, 4);
	out = open_again(is, self->name, O_WRONLY);
	ASSERT_LE(0, in);
	ASSERT_LE(0, out);
	EXPECT_EQ(-EBADF, put(is, in, "x", 0));
	EXPECT_EQ(-EBADF, is->receive(out, buf, SIZE, NULL));
	if (!mt_fork(&self->child[0], &mt_user_a)) {
		EXPECT_EQ(-EACCES, open_again(is, self->name, O_RDONLY));
		EXPECT_EQ(-EACCES, is->unlink(self->name));
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&self->child[0]));
	EXPECT_EQ(0, is->unlink(self->name));
	EXPECT_EQ(-ENOENT, is->unlink(self->name));
	EXPECT_EQ(-ENOENT, open_again(is, self->name, O_RDWR));
	/* who has it open goes on */
	EXPECT_EQ(0, put(is, out, "still", 0));
	EXPECT_TRUE(next_is(is, in, "still", 0));
}

TEST_F(posix_style, priorities)
{
	struct mq_attr attr;
	int i;

	EXPECT_EQ(0, put(self->is, self->mq, "low", 1));
	EXPECT_EQ(0, put(self->is, self->mq, "top", 32767));
	EXPECT_EQ(0, put(self->is, self->mq, "first", 5));
	EXPECT_EQ(0, put(self->is, self->mq, "second", 5));
	EXPECT_EQ(-EINVAL, put(self->is, self->mq, "x", 32768));
	ASSERT_EQ(0, self->is->getattr(self->mq, &attr));
	EXPECT_EQ(4, attr.mq_curmsgs);
	EXPECT_EQ(4, attr.mq_maxmsg);
	EXPECT_EQ(SIZE, attr.mq_msgsize);
	EXPECT_EQ(0, attr.mq_flags);
	EXPECT_TRUE(next_is(self->is, self->mq, "top", 32767));
	EXPECT_TRUE(next_is(self->is, self->mq, "first", 5));
	EXPECT_TRUE(next_is(self->is, self->mq, "second", 5));
	EXPECT_TRUE(next_is(self->is, self->mq, "low", 1));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, put(self->is, self->mq, "", i));
	EXPECT_TRUE(next_is(self->is, self->mq, "", 1));
}

TEST_F(posix_style, sizes)
{
	char buf[SIZE + 1] = "";

	EXPECT_EQ(-EMSGSIZE, self->is->send(self->mq, buf, SIZE + 1, 0));
	EXPECT_EQ(0, self->is->send(self->mq, buf, SIZE, 0));
	EXPECT_EQ(-EMSGSIZE, self->is->receive(self->mq, buf, SIZE - 1, NULL));
	EXPECT_EQ(SIZE, self->is->receive(self->mq, buf, SIZE + 1, NULL));
}

TEST_F(posix_style, nonblocking)
{
	int mq = open_again(self->is, self->name, O_RDWR | O_NONBLOCK), i;
	struct mq_attr attr;
	char buf[SIZE];

	ASSERT_LE(0, mq);
	EXPECT_EQ(-EAGAIN, self->is->receive(mq, buf, SIZE, NULL));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, put(self->is, mq, "x", 0));
	EXPECT_EQ(-EAGAIN, put(self->is, mq, "x", 9));
	ASSERT_EQ(0, self->is->getattr(mq, &attr));
	EXPECT_EQ(O_NONBLOCK, attr.mq_flags);
	ASSERT_EQ(0, self->is->getattr(self->mq, &attr));
	EXPECT_EQ(0, attr.mq_flags);
}

/* Until a time of day; one that is past lets through what need not wait. */
TEST_F(posix_style, deadlines)
{
	__u64 past = mt_now(CLOCK_REALTIME) - MT_NSEC_PER_SEC, soon;
	char buf[SIZE];
	int i;

	EXPECT_EQ(-ETIMEDOUT, self->is->timedreceive(self->mq, buf, SIZE, past));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, self->is->timedsend(self->mq, "x", 1, past));
	EXPECT_EQ(-ETIMEDOUT, self->is->timedsend(self->mq, "x", 1, past));
	soon = mt_now(CLOCK_REALTIME) + 20000000;
	EXPECT_EQ(-ETIMEDOUT, self->is->timedsend(self->mq, "x", 1, soon));
	EXPECT_LE(soon, mt_now(CLOCK_REALTIME));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(1, self->is->timedreceive(self->mq, buf, SIZE, past));
	soon = mt_now(CLOCK_REALTIME) + 20000000;
	EXPECT_EQ(-ETIMEDOUT, self->is->timedreceive(self->mq, buf, SIZE, soon));
	EXPECT_LE(soon, mt_now(CLOCK_REALTIME));
}

/* Start a child that receives, or sends, and wait until it waits. */
static bool child_waits(struct mt_child *child, long nr)
{
	return MT_UNTIL(mt_is_blocked(child->pid, nr));
}

TEST_F(posix_style, waiting)
{
	struct mt_child *child = &self->child[0];
	int i;

	if (!mt_fork(child, NULL)) {
		EXPECT_TRUE(next_is(self->is, self->mq, "x", 3));
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(child_waits(child, self->is->nr_receive));
	EXPECT_EQ(0, put(self->is, self->mq, "x", 3));
	EXPECT_EQ(0, mt_child_end(child));

	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, put(self->is, self->mq, "x", i));
	if (!mt_fork(child, NULL)) {
		EXPECT_EQ(0, put(self->is, self->mq, "waited", 9));
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(child_waits(child, self->is->nr_send));
	EXPECT_TRUE(next_is(self->is, self->mq, "x", 3));
	EXPECT_EQ(0, mt_child_end(child));
	EXPECT_TRUE(next_is(self->is, self->mq, "waited", 9));
}

TEST_F(posix_style, notification)
{
	const struct mt_posix *is = self->is;
	struct mt_child *child = &self->child[0];
	int mq = self->mq;

	ASSERT_EQ(0, is->notify(mq, MT_SIG));
	EXPECT_EQ(0, put(is, mq, "x", 0));
	EXPECT_EQ(MT_SIG, mt_sig_next());
	EXPECT_EQ(0, put(is, mq, "x", 0));
	EXPECT_EQ(0, mt_sig_next());

	/* of a message that comes where there is none */
	ASSERT_EQ(0, is->notify(mq, MT_SIG));
	EXPECT_EQ(0, put(is, mq, "x", 0));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_TRUE(next_is(is, mq, "x", 0) && next_is(is, mq, "x", 0) &&
		    next_is(is, mq, "x", 0));

	/* and where nobody waits for it */
	if (!mt_fork(child, NULL)) {
		EXPECT_TRUE(next_is(is, mq, "y", 0));
		MT_CHILD_EXIT();
	}
	ASSERT_TRUE(child_waits(child, is->nr_receive));
	EXPECT_EQ(0, put(is, mq, "y", 0));
	EXPECT_EQ(0, mt_child_end(child));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(0, put(is, mq, "z", 0));
	EXPECT_EQ(MT_SIG, mt_sig_next());
	EXPECT_TRUE(next_is(is, mq, "z", 0));

	ASSERT_EQ(0, is->notify(mq, MT_SIG));
	ASSERT_EQ(0, is->notify(mq, 0));
	EXPECT_EQ(0, put(is, mq, "x", 0));
	EXPECT_EQ(0, mt_sig_next());
}

/* ---- the exchange -------------------------------------------------------- */

enum { REQUESTS = 20, CLIENTS = 3 };

/*
 * Serve until told to stop: a request is the name of the client's queue, and a
 * number. How many requests that were, or -errno.
 */
static int serve(const struct mt_posix *is, const char *name)
{
	int mq = is->open(name, O_RDONLY, 0, 0), served = 0, out, ret, number;
	char buf[SIZE + 1], back[SIZE];

	for (;;) {
		ret = is->receive(mq, buf, SIZE, NULL);
		if (ret < 0)
			return ret;
		buf[ret] = '\0';
		if (sscanf(buf, "%63s %d", back, &number) != 2)
			return served;
		out = is->open(back, O_WRONLY, 0, 0);
		ret = snprintf(buf, sizeof(buf), "%d squared is %d", number,
			       number * number);
		ret = is->send(out, buf, ret, 0);
		close(out);
		if (ret < 0)
			return ret;
		served++;
	}
}

/* Ask for squares from @from on, and get each of them in a queue of one's own. */
static bool ask(const struct mt_posix *is, const char *name, int from)
{
	char *mine = mt_name("client"), text[SIZE];
	int out = is->open(name, O_WRONLY, 0, 0), number;
	int in = is->open(mine, O_CREAT | O_EXCL | O_RDONLY, 0600, 1);
	bool good = in >= 0;

	for (number = from; good && number < from + REQUESTS; number++) {
		snprintf(text, sizeof(text), "%s %d", mine, number);
		good = !put(is, out, text, number % 3);
		snprintf(text, sizeof(text), "%d squared is %d", number,
			 number * number);
		good = good && next_is(is, in, text, 0);
	}
	return !is->unlink(mine) && good;
}

TEST_F(posix_style, a_server_and_its_clients)
{
	struct mt_child *server = &self->child[CLIENTS];
	struct mq_attr attr;
	int i;

	if (!mt_fork(server, NULL)) {
		EXPECT_EQ(CLIENTS * REQUESTS, serve(self->is, self->name));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < CLIENTS; i++) {
		if (mt_fork(&self->child[i], NULL))
			continue;
		EXPECT_TRUE(ask(self->is, self->name, 100 * i));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < CLIENTS; i++)
		EXPECT_EQ(0, mt_child_end(&self->child[i]));
	EXPECT_EQ(0, put(self->is, self->mq, "stop", 0));
	EXPECT_EQ(0, mt_child_end(server));
	ASSERT_EQ(0, self->is->getattr(self->mq, &attr));
	EXPECT_EQ(0, attr.mq_curmsgs);
}

TEST_HARNESS_MAIN
