// SPDX-License-Identifier: GPL-2.0
/*
 * One signal when a message comes where there was none: MBOX_IOC_NOTIFY, as
 * mq_notify(), but of any number of endpoints.
 */
#include "mbox_test_pid.h"
#include "mbox_test_signal.h"

FIXTURE(notify) {
	int dev;
	int in;
	int out;
	struct mt_child child;
};

FIXTURE_SETUP(notify)
{
	int box;

	mt_sig_block();
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 4, 64, 0);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
}

FIXTURE_TEARDOWN(notify)
{
	MT_TEARDOWN(self->dev);
}

static int put(int out)
{
	return mt_send_text(out, "x", 0);
}

static int take(int in)
{
	char data[64];

	return mt_recv(in, data, sizeof(data), MBOX_DONTWAIT);
}

/* A message comes, goes, and has been told of so often. */
static bool told(int in, int out, int sig)
{
	return !put(out) && mt_sig_next() == sig && !mt_sig_next() &&
	       take(in) == 1;
}

/* ---- when ---------------------------------------------------------------- */

TEST_F(notify, of_one_message)
{
	int i;

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, put(self->out));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(0, mt_sig_next());
	/* and not again, whatever comes */
	for (i = 0; i < 2; i++)
		ASSERT_EQ(1, take(self->in));
	EXPECT_TRUE(told(self->in, self->out, 0));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG_B));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG_B));
	EXPECT_TRUE(told(self->in, self->out, 0));
}

TEST_F(notify, not_of_one_beside_others)
{
	int i;

	ASSERT_EQ(0, put(self->out));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(0, mt_sig_next());
	for (i = 0; i < 2; i++)
		ASSERT_EQ(1, take(self->in));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
}

TEST_F(notify, not_of_one_that_a_receiver_gets)
{
	struct mt_task task = { .fd = self->in };

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_TRUE(mt_task_blocks(&task, mt_task_recv));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(1, mt_task_end(&task));
	ASSERT_TRUE(mt_read_blocks(&task));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(1, mt_task_end(&task));
	EXPECT_EQ(0, mt_sig_next());
	/* it still is to come */
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
}

TEST_F(notify, not_of_room)
{
	int box = mt_sized(self->dev, NULL, 1, 64, 0);
	int both = mt_open_fd(self->dev, box, MT_RW);

	ASSERT_LE(0, both);
	ASSERT_EQ(0, put(box));
	ASSERT_EQ(0, mt_notify(both, MT_SIG));
	EXPECT_EQ(-EAGAIN, put(both));
	ASSERT_EQ(1, take(box));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_TRUE(told(box, both, MT_SIG));
	close(both);
	close(box);
}

TEST_F(notify, of_one_that_comes_back)
{
	__s64 token;

	ASSERT_EQ(0, put(self->out));
	token = mt_lease(self->in);
	ASSERT_LT(0, token);
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, mt_nack(self->in, token, 0));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(1, take(self->in));
}

/* What others could receive is of no account. */
TEST_F(notify, of_what_the_filter_lets_through)
{
	int other = mt_open_fd(self->dev, self->in, MBOX_O_READ);

	ASSERT_EQ(0, mt_filter(self->in, mt_type(7)));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, mt_notify(other, MT_SIG_B));
	ASSERT_EQ(0, mt_send_text(self->out, "eight", 8));
	EXPECT_TRUE(mt_sig_is(MT_SIG_B, other, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	ASSERT_EQ(0, mt_notify(other, MT_SIG_B));
	ASSERT_EQ(0, mt_send_text(self->out, "seven", 7));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_TRUE(mt_reads(self->in, "seven"));
}

/* What nobody has seen, and cannot see any more, is not there. */
TEST_F(notify, of_one_after_another_has_expired)
{
	struct mbox_send brief = { .flags = MBOX_DONTWAIT, .ttl = 1 };

	ASSERT_EQ(0, mt_sendmsg(self->out, &brief));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, put(self->out));
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_IN));
	EXPECT_EQ(1, take(self->in));
}

/* Or who waits for a message waits for ever. */
TEST_F(notify, of_the_end)
{
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	close(self->out);
	EXPECT_TRUE(mt_sig_is(MT_SIG, self->in, POLL_HUP));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_TRUE(mt_reads(self->in, ""));
}

/* ---- asking -------------------------------------------------------------- */

TEST_F(notify, sigio_if_nothing_else_is_said)
{
	ASSERT_EQ(0, mt_notify_flags(self->in, 0));
	EXPECT_TRUE(told(self->in, self->out, SIGIO));
}

TEST_F(notify, by_each_endpoint_that_asks)
{
	int in[3], i;

	for (i = 0; i < 3; i++) {
		in[i] = mt_open_fd(self->dev, self->in, MBOX_O_READ);
		ASSERT_EQ(0, mt_notify(in[i], MT_SIG + i));
	}
	ASSERT_EQ(0, put(self->out));
	/* the lower number comes first */
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(mt_sig_is(MT_SIG + i, in[i], POLL_IN));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(1, take(in[0]));
	/* those who ask again are told again */
	ASSERT_EQ(0, mt_notify(in[1], MT_SIG));
	EXPECT_TRUE(told(in[2], self->out, MT_SIG));
}

TEST_F(notify, twice_is_once)
{
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	EXPECT_TRUE(told(self->in, self->out, 0));
}

TEST_F(notify, taken_back)
{
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, mt_notify_off(self->in));
	EXPECT_TRUE(told(self->in, self->out, 0));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
}

/*
 * The file's flags do not tell of it: who changes another of them, with what they
 * were before the signal came, does not make it all signals, nor takes it back.
 */
TEST_F(notify, is_apart_from_the_flags)
{
	int flags;

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	EXPECT_FALSE(mt_is_async(self->in));
	flags = fcntl(self->in, F_GETFL);
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	ASSERT_EQ(0, fcntl(self->in, F_SETFL, flags | O_NONBLOCK));
	EXPECT_TRUE(told(self->in, self->out, 0));

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, fcntl(self->in, F_SETFL, flags));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	EXPECT_FALSE(mt_is_async(self->in));
}

/* Who gets all signals need not ask for one. */
TEST_F(notify, gives_way_to_o_async)
{
	int i;

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	EXPECT_TRUE(mt_is_async(self->in));
	ASSERT_EQ(0, fcntl(self->in, F_SETFL, 0));
	EXPECT_TRUE(told(self->in, self->out, 0));
}

TEST_F(notify, excludes_o_async)
{
	int i;

	ASSERT_TRUE(mt_sig_async(self->in, MT_SIG));
	EXPECT_EQ(-EBUSY, mt_notify_flags(self->in, 0));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	EXPECT_TRUE(mt_is_async(self->in));
	ASSERT_EQ(0, fcntl(self->in, F_SETFL, 0));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	EXPECT_TRUE(told(self->in, self->out, MT_SIG));
	EXPECT_TRUE(told(self->in, self->out, 0));
}

TEST_F(notify, takes_a_receiving_end)
{
	int neither = mt_open_fd(self->dev, self->in, 0);

	EXPECT_EQ(-EBADF, mt_notify_flags(self->out, 0));
	EXPECT_EQ(-EBADF, mt_notify_flags(neither, 0));
	EXPECT_FALSE(mt_is_async(self->out));
}

/* ---- whom ---------------------------------------------------------------- */

/* The endpoint is shared, and it is for the one who asks. */
TEST_F(notify, the_caller)
{
	if (!mt_fork(&self->child, NULL)) {
		EXPECT_EQ(0, mt_notify(self->in, MT_SIG));
		mt_tell(self->child.sock, 1);
		EXPECT_EQ(MT_SIG, mt_sig_wait());
		EXPECT_EQ(0, mt_sig_next());
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(self->child.sock));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, mt_sig_next());
}

/* Of one message, with an endpoint each. */
TEST_F(notify, each_process_that_asks)
{
	struct mt_child child[3];
	int i, in;

	for (i = 0; i < 3; i++) {
		if (mt_fork(&child[i], NULL))
			continue;
		in = mt_open_fd(self->dev, self->in, MBOX_O_READ);
		EXPECT_EQ(0, mt_notify(in, MT_SIG));
		mt_tell(child[i].sock, 1);
		mt_hear(child[i].sock);
		EXPECT_TRUE(mt_sig_is(MT_SIG, in, POLL_IN));
		EXPECT_EQ(0, mt_sig_next());
		MT_CHILD_EXIT();
	}
	for (i = 0; i < 3; i++)
		ASSERT_EQ(1, mt_hear(child[i].sock));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, put(self->out));
	for (i = 0; i < 3; i++) {
		mt_tell(child[i].sock, 1);
		EXPECT_EQ(0, mt_child_end(&child[i]));
	}
	EXPECT_EQ(0, mt_sig_next());
}

TEST_F(notify, whom_f_setown_names)
{
	if (!mt_fork(&self->child, NULL)) {
		EXPECT_EQ(MT_SIG, mt_sig_wait());
		EXPECT_EQ(0, mt_sig_next());
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, fcntl(self->in, F_SETOWN, self->child.pid));
	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, mt_sig_next());
}

/* Who asked has ended: nobody is told, least of all who has its number now. */
TEST_F(notify, nobody_with_anothers_number)
{
	if (!mt_fork(&self->child, NULL)) {
		EXPECT_EQ(0, mt_notify(self->in, MT_SIG));
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(0, mt_child_end(&self->child));
	if (!mt_fork_again(&self->child)) {
		mt_tell(self->child.sock, 1);
		mt_hear(self->child.sock);
		EXPECT_EQ(0, mt_sig_next());
		MT_CHILD_EXIT();
	}
	ASSERT_LT(0, self->child.pid);
	ASSERT_EQ(1, mt_hear(self->child.sock));
	ASSERT_EQ(0, put(self->out));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ(1, take(self->in));
}

/* ---- closing it ---------------------------------------------------------- */

TEST_F(notify, until_it_is_closed)
{
	int other = mt_open_fd(self->dev, self->in, MBOX_O_READ);
	int copy = dup(self->in);

	ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
	close(self->in);
	EXPECT_TRUE(told(other, self->out, MT_SIG));
	ASSERT_EQ(0, mt_notify(copy, MT_SIG));
	close(copy);
	EXPECT_TRUE(told(other, self->out, 0));
}

/* Which of the signals of a test has @pid pending? */
static bool has_pending(pid_t pid)
{
	char path[64], line[256];
	unsigned long long pending = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "ShdPnd: %llx", &pending) == 1)
			break;
	if (file)
		fclose(file);
	return pending & 1ULL << (MT_SIG - 1);
}

/* A child that asks for a signal with a new endpoint, and becomes cat. */
static void fork_cat(struct mt_child *child, int dev, int in, int flags)
{
	if (mt_fork(child, NULL))
		return;
	if (mt_notify(mt_open_fd(dev, in, MBOX_O_READ | flags), MT_SIG))
		_exit(1);
	dup2(child->sock, STDIN_FILENO);
	execlp("cat", "cat", NULL);
	_exit(1);
}

/* exec leaves the process as it is, but closes the endpoint, unless asked. */
TEST_F(notify, until_exec_closes_it)
{
	fork_cat(&self->child, self->dev, self->in, 0);
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid, __NR_read)));
	EXPECT_EQ(2, mt_stat_of(self->in).endpoints);
	ASSERT_EQ(0, put(self->out));
	EXPECT_FALSE(has_pending(self->child.pid));
	EXPECT_EQ(0, mt_child_end(&self->child));
	ASSERT_EQ(1, take(self->in));

	fork_cat(&self->child, self->dev, self->in, MBOX_O_INHERIT);
	ASSERT_TRUE(MT_UNTIL(mt_is_blocked(self->child.pid, __NR_read)));
	EXPECT_EQ(3, mt_stat_of(self->in).endpoints);
	ASSERT_EQ(0, put(self->out));
	EXPECT_TRUE(has_pending(self->child.pid));
	EXPECT_EQ(0, mt_child_end(&self->child));
}

/* ---- what it is for ------------------------------------------------------ */

/* Ask, take what there is, and sleep: nothing is left lying. */
TEST_F(notify, no_message_is_overlooked)
{
	enum { CHILDREN = 3, EACH = 100 };
	struct mt_child child[CHILDREN];
	int i, received = 0;

	for (i = 0; i < CHILDREN; i++) {
		if (mt_fork(&child[i], NULL))
			continue;
		for (i = 0; i < EACH; i++)
			EXPECT_EQ(0, mt_send(self->out, "x", 1, 0, 0));
		MT_CHILD_EXIT();
	}
	while (received < CHILDREN * EACH) {
		ASSERT_EQ(0, mt_notify(self->in, MT_SIG));
		while (take(self->in) == 1)
			received++;
		if (received < CHILDREN * EACH)
			ASSERT_EQ(MT_SIG, mt_sig_wait());
	}
	EXPECT_EQ(-EAGAIN, take(self->in));
	for (i = 0; i < CHILDREN; i++)
		EXPECT_EQ(0, mt_child_end(&child[i]));
}

TEST_HARNESS_MAIN
