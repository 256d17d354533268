// SPDX-License-Identifier: GPL-2.0
/*
 * Filters and epoll: which edges there are, and whom a message wakes.
 */
#include "mbox_test_epoll.h"
#include "mbox_test_match.h"

#define POLLERS	8

FIXTURE(filter) {
	int dev;
	int box;	/* without a filter */
	int seven;	/* to receive what is of type 7 */
	int edges;	/* an epoll of it, edge-triggered */
	struct mt_task task[POLLERS];
	long switches[POLLERS];
};

FIXTURE_SETUP(filter)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 20, 100, 0);
	ASSERT_LE(0, self->box);
	self->seven = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_LE(0, self->seven);
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(7)));
	self->edges = mt_epoll(self->seven, EPOLLIN | EPOLLET);
	ASSERT_LE(0, self->edges);
	ASSERT_EQ(0, mt_epoll_events(self->edges));
}

FIXTURE_TEARDOWN(filter)
{
	MT_TEARDOWN(self->dev);
}

#define PUT(number, type) \
	ASSERT_EQ(0, mt_send_number(self->box, number, type, 0))

/* There has been an edge, and it has been seen now. */
#define EDGE() do {							\
	EXPECT_EQ(EPOLLIN, mt_epoll_events(self->edges));		\
	EXPECT_EQ(0, mt_epoll_events(self->edges));			\
} while (0)

#define NO_EDGE() EXPECT_EQ(0, mt_epoll_events(self->edges))

/* ---- edges -------------------------------------------------------------------- */

TEST_F(filter, level_tells_of_what_is_let_through)
{
	int epfd = mt_epoll(self->seven, EPOLLIN);

	ASSERT_LE(0, epfd);
	PUT(1, 8);
	EXPECT_EQ(0, mt_epoll_events(epfd));
	PUT(2, 7);
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(0, mt_epoll_events(epfd));
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(8)));
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(9)));
	EXPECT_EQ(0, mt_epoll_events(epfd));
}

TEST_F(filter, each_message_let_through_is_an_edge)
{
	PUT(1, 8);
	NO_EDGE();
	PUT(2, 7);
	EDGE();
	PUT(3, 7);
	EDGE();
	EXPECT_EQ(2, mt_recv_next(self->seven));
	EXPECT_EQ(1, mt_recv_next(self->box));
	NO_EDGE();
}

TEST_F(filter, what_comes_back_is_an_edge)
{
	__s64 token;

	PUT(1, 7);
	EDGE();
	token = mt_lease(self->seven);
	ASSERT_LT(0, token);
	NO_EDGE();
	ASSERT_EQ(0, mt_nack(self->seven, token, 0));
	EDGE();
	/* a receive that fails */
	EXPECT_EQ(-EFAULT, mt_recv(self->box, NULL, 100, MBOX_DONTWAIT));
	EDGE();
	EXPECT_EQ(1, mt_recv_next(self->seven));

	PUT(2, 8);
	token = mt_lease(self->box);
	ASSERT_LT(0, token);
	ASSERT_EQ(0, mt_nack(self->box, token, 0));
	NO_EDGE();
}

TEST_F(filter, what_a_holder_leaves_behind_is_an_edge)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);

	PUT(1, 7);
	EDGE();
	ASSERT_LT(0, mt_lease(other));
	NO_EDGE();
	close(other);
	EDGE();
}

TEST_F(filter, one_that_matches_is_an_edge)
{
	PUT(1, 8);
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(6)));
	NO_EDGE();
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(8)));
	EDGE();
	ASSERT_EQ(0, mt_filter(self->seven, mt_type_not(6)));
	EDGE();
	ASSERT_EQ(0, mt_filter(self->seven, mt_type(7)));
	NO_EDGE();
	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	EDGE();
	PUT(2, 5);
	EDGE();
}

/* Set while it is in an epoll already, it holds for the messages to come. */
TEST_F(filter, set_later_is_for_edges_to_come)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int epfd = mt_epoll(other, EPOLLIN | EPOLLET);

	ASSERT_LE(0, epfd);
	ASSERT_EQ(0, mt_filter(other, mt_type(8)));
	PUT(1, 7);
	EXPECT_EQ(0, mt_epoll_events(epfd));
	PUT(2, 8);
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	EXPECT_EQ(0, mt_epoll_events(epfd));
	ASSERT_EQ(0, mt_filter(other, mt_type(7)));
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	EXPECT_EQ(2, mt_purge(self->box));

	ASSERT_EQ(0, mt_filter(self->seven, mt_any()));
	NO_EDGE();
	PUT(3, 8);
	EDGE();
	close(other);
}

/* Who was added before it was set waits among the others, and is not passed. */
TEST_F(filter, set_later_is_an_edge_behind_others)
{
	int other = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	int late = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	struct mt_task *first = self->task;
	int epfd;

	PUT(1, 8);
	first->poll.fd = mt_epoll(other, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	epfd = mt_epoll(late, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	ASSERT_EQ(EPOLLIN, mt_epoll_events(first->poll.fd));
	ASSERT_EQ(EPOLLIN, mt_epoll_events(epfd));
	mt_task_start(first, mt_task_epoll);
	ASSERT_TRUE(MT_UNTIL(mt_epoll_is_blocked(first)));
	EXPECT_EQ(0, mt_epoll_events(epfd));
	ASSERT_EQ(0, mt_filter(late, mt_type(8)));
	EXPECT_EQ(EPOLLIN, mt_epoll_events(epfd));
	EXPECT_EQ(EPOLLIN, mt_task_end(first));
	EXPECT_EQ(1, mt_recv_next(late));
	close(late);
	close(other);
}

TEST_F(filter, end_is_an_edge)
{
	PUT(1, 7);
	EDGE();
	EXPECT_EQ(1, mt_recv_next(self->seven));
	close(self->box);
	EXPECT_EQ(EPOLLIN | EPOLLHUP, mt_epoll_events(self->edges));
	NO_EDGE();
}

/* ---- whom a message wakes --------------------------------------------------------- */

/* Task @i waits in an epoll of an endpoint of its own, with this filter. */
#define WAITS(i, match, flags) do {					\
	int __i = i, __fd;						\
	struct mt_task *__task = &self->task[__i];			\
									\
	__fd = mt_open_fd(self->dev, self->box, MBOX_O_READ);		\
	ASSERT_EQ(0, mt_filter(__fd, match));				\
	ASSERT_TRUE(mt_epoll_blocks(__task, __fd, EPOLLIN | (flags)));	\
	self->switches[__i] = mt_switches(mt_task_tid(__task));		\
} while (0)

static int count_done(struct mt_task *task, int first, int end)
{
	int i, done = 0;

	for (i = first; i < end; i++)
		done += mt_task_is_done(&task[i]);
	return done;
}

/* Of these so many have been woken, and the rest have not for a moment. */
#define EXPECT_WOKEN(count, first, end) do {				\
	int __i = first, __last = end;					\
									\
	EXPECT_TRUE(MT_UNTIL(count_done(self->task, __i, __last) == \
			     (count)));					\
	for (; __i < __last; __i++) {					\
		struct mt_task *__task = &self->task[__i];		\
									\
		if (mt_task_is_done(__task))				\
			continue;					\
		EXPECT_TRUE(MT_UNTIL(mt_epoll_is_blocked(__task)));	\
		EXPECT_EQ(self->switches[__i],				\
			  mt_switches(mt_task_tid(__task)));		\
	}								\
} while (0)

/* Where all poll alike, all are woken that it is for. */
TEST_F(filter, message_wakes_all_that_it_is_for)
{
	int i;

	for (i = 0; i < POLLERS; i++)
		WAITS(i, i % 2 ? mt_type(7) : mt_type(8), 0);
	PUT(1, 8);
	EXPECT_TRUE(MT_UNTIL(count_done(self->task, 0, POLLERS) == 4));
	for (i = 0; i < POLLERS; i++)
		EXPECT_WOKEN(i % 2 ? 0 : 1, i, i + 1);
	PUT(2, 7);
	EXPECT_WOKEN(POLLERS, 0, POLLERS);
}

/*
 * With EPOLLEXCLUSIVE it wakes one of those without a filter, and each of the
 * others that it is for.
 */
TEST_F(filter, exclusive_message_wakes_one_of_those_without)
{
	int i;

	for (i = 0; i < 4; i++)
		WAITS(i, mt_any(), EPOLLEXCLUSIVE);
	for (i = 4; i < 6; i++)
		WAITS(i, mt_type(8), EPOLLEXCLUSIVE);
	for (i = 6; i < 8; i++)
		WAITS(i, mt_type(9), EPOLLEXCLUSIVE);
	PUT(1, 5);
	EXPECT_WOKEN(1, 0, 4);
	EXPECT_WOKEN(0, 4, 8);
	PUT(2, 8);
	EXPECT_WOKEN(2, 0, 4);
	EXPECT_WOKEN(2, 4, 6);
	EXPECT_WOKEN(0, 6, 8);
	PUT(3, 9);
	EXPECT_WOKEN(3, 0, 4);
	EXPECT_WOKEN(2, 6, 8);
}

/* The end is for all. */
TEST_F(filter, exclusive_end_wakes_all)
{
	int i;

	for (i = 0; i < POLLERS; i++)
		WAITS(i, i % 2 ? mt_any() : mt_type(8), EPOLLEXCLUSIVE);
	close(self->box);
	for (i = 0; i < POLLERS; i++)
		EXPECT_EQ(EPOLLIN | EPOLLHUP, mt_task_end(&self->task[i]));
}

/* A receiver that waits gets it, and all who poll sleep on. */
TEST_F(filter, message_for_a_receiver_wakes_no_poller)
{
	struct mt_task receiver = {};
	int i;

	for (i = 0; i < POLLERS; i++)
		WAITS(i, i % 2 ? mt_any() : mt_type(7), 0);
	ASSERT_TRUE(mt_match_blocks(&receiver, self->seven, mt_any()));
	PUT(1, 7);
	EXPECT_EQ(1, mt_task_number(&receiver));
	EXPECT_WOKEN(0, 0, POLLERS);
}

/* ---- a filter that changes all the time -------------------------------------------- */

#define MESSAGES	3000

struct changing {
	int fd;
	bool stop;
};

static void *change_filter(void *arg)
{
	struct changing *changing = arg;
	int i;

	for (i = 0; !__atomic_load_n(&changing->stop, __ATOMIC_RELAXED); i++)
		mt_filter(changing->fd, mt_type(7 + i % 2));
	/* so that an edge that was lost before is missed for good */
	mt_filter(changing->fd, mt_type(9));
	return NULL;
}

static void *send_numbers(void *arg)
{
	int *box = arg, i;

	for (i = 0; i < MESSAGES; i++) {
		struct mbox_send msg = {
			.buf = (uintptr_t)&i,
			.len = sizeof(i),
			.type = 7 + i % 3 % 2,
		};

		if (mt_sendmsg(*box, &msg))
			break;
	}
	return NULL;
}

/* Whatever is let through at a time is told of, and comes once. */
TEST_F_TIMEOUT(filter, no_edge_is_lost, 60)
{
	struct changing changing = { .fd = self->seven };
	static unsigned char got[MESSAGES];
	pthread_t changer, sender;
	struct epoll_event event;
	int n = 0, number;

	ASSERT_EQ(0, pthread_create(&changer, NULL, change_filter, &changing));
	ASSERT_EQ(0, pthread_create(&sender, NULL, send_numbers, &self->box));
	while (n < MESSAGES) {
		ASSERT_EQ(1, epoll_wait(self->edges, &event, 1, 20000));
		while ((number = mt_recv_next(self->seven)) >= 0) {
			ASSERT_EQ(0, got[number]++);
			n++;
		}
		ASSERT_EQ(-EAGAIN, number);
	}
	__atomic_store_n(&changing.stop, true, __ATOMIC_RELAXED);
	pthread_join(changer, NULL);
	pthread_join(sender, NULL);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
	while (mt_epoll_events(self->edges))
		;
	PUT(1, 8);
	NO_EDGE();
	PUT(2, 9);
	EDGE();
}

TEST_HARNESS_MAIN
