// SPDX-License-Identifier: GPL-2.0
/*
 * The end is told once: where the last writer of an anonymous mailbox is gone,
 * when its last message is, and not before, nor with each of them.
 */
#include "mbox_test_epoll.h"
#include "mbox_test_policy.h"
#include "mbox_test_signal.h"

FIXTURE(end) {
	int dev;
	int w;
	int r;
};

FIXTURE_VARIANT(end) {
	enum mbox_receivers receivers;
};

FIXTURE_VARIANT_ADD(end, any) {
	.receivers = MBOX_RECEIVERS_ANY,
};

FIXTURE_VARIANT_ADD(end, broadcast) {
	.receivers = MBOX_RECEIVERS_BROADCAST,
};

FIXTURE_SETUP(end)
{
	int box;

	mt_sig_block();
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = MT_POLICY(self->dev, NULL, .receivers = variant->receivers);
	self->w = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	self->r = mt_open_fd(self->dev, box, MBOX_O_READ);
	ASSERT_LE(0, self->r);
	close(box);
}

FIXTURE_TEARDOWN(end)
{
	MT_TEARDOWN(self->dev);
}

/* How many signals there are now, all of which tell of the end at @fd. */
static int hangups(int fd)
{
	siginfo_t info;
	int n = 0;

	while (mt_sig_fetch(&info, 0)) {
		if (info.si_fd != fd || info.si_code != POLL_HUP)
			return -1;
		n++;
	}
	return n;
}

/* How often there is something new to tell of. */
static int edges(int epfd)
{
	int n = 0;

	while (mt_epoll_events(epfd))
		n++;
	return n;
}

/* Of a broadcast the end is told when it comes, as each reads at his own time. */
TEST_F(end, is_told_once)
{
	bool at_once = variant->receivers == MBOX_RECEIVERS_BROADCAST;
	int epfd = mt_epoll(self->r, EPOLLIN | EPOLLET), i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
	ASSERT_TRUE(mt_sig_async(self->r, MT_SIG));
	EXPECT_EQ(1, edges(epfd));
	close(self->w);
	EXPECT_EQ(at_once, hangups(self->r));
	EXPECT_EQ(at_once, edges(epfd));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ('a' + i, mt_get(self->r));
		EXPECT_EQ(0, hangups(self->r));
		EXPECT_EQ(0, edges(epfd));
		EXPECT_EQ(0, mt_events(self->r) & POLLHUP);
	}
	EXPECT_EQ('a' + i, mt_get(self->r));
	EXPECT_EQ(!at_once, hangups(self->r));
	EXPECT_EQ(!at_once, edges(epfd));
	EXPECT_EQ(POLLHUP, mt_events(self->r) & POLLHUP);
	EXPECT_EQ(-EPIPE, mt_get(self->r));
	EXPECT_EQ(0, hangups(self->r));
}

/* So it is with what is held: it may come back. */
TEST_F(end, is_told_after_the_last_ack)
{
	__s64 token[2];
	int i;

	if (variant->receivers == MBOX_RECEIVERS_BROADCAST)
		return;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
		token[i] = mt_lease(self->r);
		ASSERT_LT(0, token[i]);
	}
	ASSERT_TRUE(mt_sig_async(self->r, MT_SIG));
	close(self->w);
	EXPECT_EQ(0, hangups(self->r));
	EXPECT_EQ(0, mt_ack(self->r, token[1]));
	EXPECT_EQ(0, hangups(self->r));
	EXPECT_EQ(0, mt_ack(self->r, token[0]));
	EXPECT_EQ(1, hangups(self->r));
}

/* One signal is not spent while there is something to receive. */
TEST_F(end, notify_is_for_the_very_end)
{
	if (variant->receivers == MBOX_RECEIVERS_BROADCAST)
		return;
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	ASSERT_EQ(0, mt_notify(self->r, MT_SIG));
	close(self->w);
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ('a', mt_get(self->r));
	EXPECT_EQ(0, mt_sig_next());
	EXPECT_EQ('b', mt_get(self->r));
	EXPECT_EQ(1, hangups(self->r));
}

/* Who comes and goes after that is nobody's affair. */
TEST_F(end, is_not_told_again)
{
	int epfd, i;

	close(self->w);
	ASSERT_TRUE(mt_sig_async(self->r, MT_SIG));
	epfd = mt_epoll(self->r, EPOLLIN | EPOLLET);
	EXPECT_EQ(1, edges(epfd));
	EXPECT_EQ(0, hangups(self->r));
	for (i = 0; i < 3; i++) {
		int other = mt_open_fd(self->dev, self->r, MBOX_O_READ);

		ASSERT_LE(0, other);
		EXPECT_EQ(0, hangups(self->r));
		close(other);
		EXPECT_EQ(0, hangups(self->r));
	}
	EXPECT_EQ(0, edges(epfd));
}

/* It is the same for who sends, when nobody is left to receive. */
TEST_F(end, is_told_to_senders_once)
{
	int epfd = mt_epoll(self->w, EPOLLOUT | EPOLLET), i;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	ASSERT_TRUE(mt_sig_async(self->w, MT_SIG));
	EXPECT_EQ(1, edges(epfd));
	close(self->r);
	EXPECT_EQ(1, hangups(self->w));
	EXPECT_EQ(1, edges(epfd));
	for (i = 0; i < 3; i++) {
		close(mt_open_fd(self->dev, self->w, MBOX_O_WRITE));
		EXPECT_EQ(0, hangups(self->w));
	}
	EXPECT_EQ(0, edges(epfd));
	EXPECT_EQ(-EPIPE, mt_put(self->w, 'b'));
}

TEST_HARNESS_MAIN
