// SPDX-License-Identifier: GPL-2.0
/*
 * A link has two ends: endpoints that send or receive. What makes one, and what
 * does not, and when an end is free again.
 */
#include "mbox_test_policy.h"

FIXTURE(link) {
	int dev;
	char *name;
	int box;	/* the first end */
	struct mt_child child;
};

FIXTURE_SETUP(link)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("link");
	self->box = MT_POLICY(self->dev, self->name,
			      .receivers = MBOX_RECEIVERS_LINK);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(link)
{
	mt_unlink(self->dev, self->name);
	MT_TEARDOWN(self->dev);
}

/* Does every way to open a third endpoint fail, and change nothing? */
static bool is_taken(int dev, const char *name, int box)
{
	static const unsigned int how[] = {
		MT_RW, MBOX_O_READ, MBOX_O_WRITE,
	};
	struct mt_state before = mt_state_of(dev, box, 0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(how); i++)
		if (mt_open(dev, name, how[i]) != -EBUSY ||
		    mt_open_id(dev, before.stat.id, how[i]) != -EBUSY ||
		    mt_open_fd(dev, box, how[i]) != -EBUSY ||
		    mt_mailbox(dev, name, how[i]) != -EBUSY)
			return false;
	return mt_state_is(dev, box, 0, &before);
}

TEST_F(link, has_two_ends)
{
	static const unsigned int how[] = {
		MT_RW, MBOX_O_READ, MBOX_O_WRITE,
	};
	size_t i;
	int end;

	EXPECT_EQ(MBOX_RECEIVERS_LINK, mt_stat_of(self->box).receivers);
	for (i = 0; i < ARRAY_SIZE(how); i++) {
		end = mt_open(self->dev, self->name, how[i]);
		ASSERT_LE(0, end);
		EXPECT_EQ(2, mt_stat_of(self->box).endpoints);
		EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
		close(end);
	}
	/* other errors are as they are */
	EXPECT_EQ(-EEXIST, mt_mailbox(self->dev, self->name,
				      MT_RW | MBOX_CREATE_EXCL));
}

TEST_F(link, close_of_an_end_makes_room)
{
	int end = mt_open(self->dev, self->name, MT_RW), i;

	ASSERT_LE(0, end);
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(is_taken(self->dev, self->name, end));
		close(self->box);
		self->box = mt_open_fd(self->dev, end, MT_RW);
		ASSERT_LE(0, self->box);
	}
	close(end);
	close(self->box);
	self->box = mt_open(self->dev, self->name, MT_RW);
	EXPECT_LE(0, self->box);
	EXPECT_LE(0, mt_open(self->dev, self->name, MT_RW));
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
}

/* To look at it, and to change it, is not to have an end. */
TEST_F(link, open_for_neither_direction_does_not_count)
{
	int i, neither[5], end;

	for (i = 0; i < 4; i++) {
		neither[i] = mt_open(self->dev, self->name, 0);
		ASSERT_LE(0, neither[i]);
	}
	end = mt_open(self->dev, self->name, MT_RW);
	EXPECT_LE(0, end);
	neither[4] = mt_open(self->dev, self->name, 0);
	EXPECT_LE(0, neither[4]);
	EXPECT_EQ(7, mt_stat_of(end).endpoints);
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
	for (i = 0; i < 5; i++)
		close(neither[i]);
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
}

/* One created for neither direction has both its ends to give. */
TEST_F(link, creator_may_have_no_end)
{
	struct mbox_create attr = {
		.kind = MBOX_KIND_MAILBOX,
		.receivers = MBOX_RECEIVERS_LINK,
	};
	char *name = mt_name("link");
	int box = mt_create(self->dev, name, &attr);

	ASSERT_LE(0, box);
	EXPECT_LE(0, mt_open(self->dev, name, MBOX_O_WRITE));
	EXPECT_LE(0, mt_open(self->dev, name, MBOX_O_READ));
	EXPECT_EQ(-EBUSY, mt_open(self->dev, name, MBOX_O_READ));
	EXPECT_EQ(0, mt_unlink(self->dev, name));
}

TEST_F(link, duplicates_are_the_same_end)
{
	int copy = dup(self->box), end;

	end = mt_open(self->dev, self->name, MT_RW);
	EXPECT_LE(0, end);
	EXPECT_EQ(2, mt_stat_of(self->box).endpoints);
	/* an end is there until the last of them is closed */
	close(copy);
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
	copy = dup(end);
	close(end);
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
	close(copy);
	EXPECT_LE(0, mt_open(self->dev, self->name, MT_RW));
}

TEST_F(link, children_have_the_same_end)
{
	int end;

	if (!mt_fork(&self->child, NULL)) {
		EXPECT_EQ(1, mt_hear(self->child.sock));
		EXPECT_EQ(-EBUSY, mt_open_fd(self->dev, self->box, MT_RW));
		EXPECT_EQ('a', mt_get(self->box));
		EXPECT_EQ(0, mt_put(self->box, 'b'));
		MT_CHILD_EXIT();
	}
	end = mt_open(self->dev, self->name, MT_RW);
	ASSERT_LE(0, end);
	ASSERT_EQ(0, mt_put(end, 'a'));
	mt_tell(self->child.sock, 1);
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ('b', mt_get(end));
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
}

/* One that is passed is no further one, and is one as long as it is on its way */
TEST_F(link, passed_descriptors_are_the_same_end)
{
	int end = mt_open(self->dev, self->name, MT_RW), pair[2], got;

	ASSERT_LE(0, end);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(0, mt_fd_send(pair[0], end));
	close(end);
	EXPECT_TRUE(is_taken(self->dev, self->name, self->box));
	got = mt_fd_recv(pair[1]);
	ASSERT_LE(0, got);
	EXPECT_EQ(2, mt_stat_of(self->box).endpoints);
	EXPECT_EQ(0, mt_put(got, 'a'));
	EXPECT_EQ('a', mt_get(self->box));

	/* nobody fetches this one */
	ASSERT_EQ(0, mt_fd_send(pair[0], got));
	close(got);
	EXPECT_EQ(-EBUSY, mt_open(self->dev, self->name, MT_RW));
	close(pair[0]);
	close(pair[1]);
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).endpoints == 1));
	EXPECT_LE(0, mt_open(self->dev, self->name, MT_RW));
}

/* Two have a link, the third has not until one of them is gone. */
TEST_F(link, of_three_processes)
{
	struct mt_child *third = &self->child, child[2];
	int i;

	mt_worker_start(&child[0], NULL, self->box);
	self->box = mt_open(self->dev, self->name, 0);
	mt_worker_start(&child[1], NULL,
			mt_open(self->dev, self->name, MT_RW));
	if (!mt_fork(third, NULL)) {
		EXPECT_EQ(-EBUSY, mt_open(self->dev, self->name, MT_RW));
		mt_tell(third->sock, 1);
		EXPECT_EQ(1, mt_hear(third->sock));
		EXPECT_LE(0, mt_open(self->dev, self->name, MT_RW));
		MT_CHILD_EXIT();
	}
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(mt_worker_blocks(&child[i], MT_GET));
		EXPECT_EQ(0, mt_worker_does(&child[!i], 'a' + i));
		EXPECT_EQ('a' + i, mt_hear(child[i].sock));
	}
	EXPECT_EQ(1, mt_hear(third->sock));
	mt_child_kill(&child[0]);
	EXPECT_TRUE(MT_UNTIL(mt_stat_of(self->box).endpoints == 2));
	mt_tell(third->sock, 1);
	EXPECT_EQ(0, mt_child_end(third));
	EXPECT_EQ(0, mt_child_end(&child[1]));
}

/* Of those who come at once, as many get in as there is room for. */
struct opener {
	pthread_t thread;
	pthread_barrier_t *start;
	int dev;
	const char *name;
	int end;
};

static void *open_end(void *arg)
{
	struct opener *opener = arg;

	pthread_barrier_wait(opener->start);
	opener->end = mt_open(opener->dev, opener->name, MT_RW);
	return NULL;
}

TEST_F(link, of_many_at_once_is_two)
{
	enum { MANY = 8 };
	struct opener opener[MANY];
	pthread_barrier_t start;
	int round, i, open;

	pthread_barrier_init(&start, NULL, MANY);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < MANY; i++) {
			opener[i] = (struct opener){
				.start = &start,
				.dev = self->dev,
				.name = self->name,
			};
			pthread_create(&opener[i].thread, NULL, open_end,
				       &opener[i]);
		}
		for (open = i = 0; i < MANY; i++) {
			pthread_join(opener[i].thread, NULL);
			open += opener[i].end >= 0;
			EXPECT_TRUE(opener[i].end >= 0 ||
				    opener[i].end == -EBUSY);
		}
		ASSERT_EQ(1, open);
		for (i = 0; i < MANY; i++)
			if (opener[i].end >= 0)
				close(opener[i].end);
	}
}

TEST_HARNESS_MAIN
