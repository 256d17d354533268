// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast while endpoints come and go: what is held and comes back, what is
 * passed over, thrown away or too large for one of them, and who is the last.
 */
#include "mbox_test_policy.h"

#define ENDS	3
#define ROOM	4	/* messages */

FIXTURE(life) {
	int dev;
	char *name;
	int w;
	int r[ENDS];
	struct mt_task task[ENDS];
	struct mt_child child;
};

FIXTURE_SETUP(life)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("broadcast");
	self->w = mt_broadcast(self->dev, self->name, MBOX_FULL_BLOCK, ROOM);
	ASSERT_LE(0, self->w);
	for (i = 0; i < ENDS; i++) {
		self->r[i] = mt_open(self->dev, self->name, MBOX_O_READ);
		ASSERT_LE(0, self->r[i]);
	}
}

FIXTURE_TEARDOWN(life)
{
	mt_unlink(self->dev, self->name);
	MT_TEARDOWN(self->dev);
}

static bool is_empty(int box)
{
	struct mbox_stat stat = mt_stat_of(box);

	return stat.kind && !stat.msgs && !stat.bytes && !stat.held;
}

/* Send these one after the other, without waiting. */
static int put_all(int w, const char *letters)
{
	int ret = 0;

	while (*letters && !ret)
		ret = mt_put(w, *letters++);
	return ret;
}

/* ---- under a lease ----------------------------------------------------------- */

TEST_F(life, lease_ends_with_an_ack)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	__u64 token;

	ASSERT_EQ(0, put_all(self->w, "ab"));
	msg.flags |= MBOX_LEASE;
	ASSERT_EQ('a', mt_getmsg(self->r[0], &msg));
	token = msg.token;
	EXPECT_NE(0, token);
	EXPECT_EQ(0, msg.deliveries);
	EXPECT_LE(0, mt_held(self->r[0], token));
	/* a token is good at its endpoint only */
	EXPECT_EQ(-ESTALE, mt_ack(self->r[1], token));
	EXPECT_EQ('b', mt_get(self->r[0]));
	EXPECT_STREQ("ab", mt_letters(self->r[1]));
	EXPECT_STREQ("ab", mt_letters(self->r[2]));
	EXPECT_EQ(0, mt_ack(self->r[0], token));
	EXPECT_EQ(-ESTALE, mt_ack(self->r[0], token));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_TRUE(is_empty(self->w));
}

/* It cannot be given back by hand: it is held until it is acked. */
TEST_F(life, lease_knows_no_nack)
{
	__s64 token;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	token = mt_lease(self->r[0]);
	ASSERT_LT(0, token);
	EXPECT_EQ(-EOPNOTSUPP, mt_nack(self->r[0], token, 0));
	EXPECT_EQ(-EOPNOTSUPP, mt_nack(self->r[0], token, 1000));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_EQ(0, mt_ack(self->r[0], token));
}

/* Each endpoint has its own. */
TEST_F(life, lease_of_each_endpoint)
{
	__s64 token[ENDS];
	int i;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	for (i = 0; i < ENDS; i++) {
		token[i] = mt_lease(self->r[i]);
		ASSERT_LT(0, token[i]);
	}
	for (i = 0; i < ENDS; i++) {
		EXPECT_EQ(-ESTALE, mt_ack(self->r[i], token[(i + 1) % ENDS]));
		EXPECT_EQ(0, mt_ack(self->r[i], token[i]));
	}
	EXPECT_TRUE(is_empty(self->w));
}

/* Who holds messages does not keep others from sending. */
TEST_F(life, lease_takes_no_room)
{
	__s64 token[ROOM];
	int i;

	close(self->r[1]);
	close(self->r[2]);
	for (i = 0; i < ROOM; i++) {
		ASSERT_EQ(0, mt_put(self->w, 'a' + i));
		token[i] = mt_lease(self->r[0]);
		ASSERT_LT(0, token[i]);
	}
	EXPECT_EQ(POLLOUT, mt_events(self->w));
	EXPECT_EQ(0, put_all(self->w, "efgh"));
	EXPECT_EQ(-EAGAIN, mt_put(self->w, 'x'));
	for (i = 0; i < ROOM; i++)
		EXPECT_EQ(0, mt_ack(self->r[0], token[i]));
	EXPECT_EQ(-EAGAIN, mt_put(self->w, 'x'));
	EXPECT_STREQ("efgh", mt_letters(self->r[0]));
	EXPECT_TRUE(is_empty(self->w));
}

/* What a process held comes back to its endpoint, and to no other. */
TEST_F(life, lease_of_one_who_dies)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };

	ASSERT_EQ(0, put_all(self->w, "abc"));
	mt_worker_start(&self->child, NULL, dup(self->r[0]));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	EXPECT_STREQ("abc", mt_letters(self->r[1]));
	mt_child_kill(&self->child);

	/* at its place */
	EXPECT_TRUE(MT_UNTIL(!mt_stat_of(self->w).held));
	EXPECT_EQ('a', mt_getmsg(self->r[0], &msg));
	EXPECT_EQ(1, msg.deliveries);
	EXPECT_EQ(1, msg.seq);
	EXPECT_EQ(0, msg.missed);
	EXPECT_STREQ("bc", mt_letters(self->r[0]));
	EXPECT_STREQ("", mt_letters(self->r[1]));
	EXPECT_STREQ("abc", mt_letters(self->r[2]));
	EXPECT_TRUE(is_empty(self->w));
}

/* Whoever waits there gets it; who waits elsewhere sleeps on. */
TEST_F(life, lease_of_one_with_a_filter_who_dies)
{
	ASSERT_EQ(0, mt_filter(self->r[0], mt_type(7)));
	ASSERT_EQ(0, mt_put_typed(self->w, 'a', 8, 0));
	ASSERT_EQ(0, mt_put_typed(self->w, 'b', 7, 0));
	mt_worker_start(&self->child, NULL, dup(self->r[0]));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	EXPECT_EQ(0, mt_events(self->r[0]));
	mt_child_kill(&self->child);
	EXPECT_EQ(POLLIN, mt_events(self->r[0]));
	EXPECT_STREQ("b", mt_letters(self->r[0]));
	EXPECT_STREQ("ab", mt_letters(self->r[1]));
	EXPECT_STREQ("ab", mt_letters(self->r[2]));
	EXPECT_TRUE(is_empty(self->w));
}

TEST_F(life, lease_that_comes_back_to_one_who_waits)
{
	struct mt_task *same = &self->task[0], *other = &self->task[1];
	long switches;

	ASSERT_EQ(0, mt_put(self->w, 'a'));
	mt_worker_start(&self->child, NULL, dup(self->r[0]));
	ASSERT_LT(0, mt_worker_does(&self->child, MT_LEASE));
	EXPECT_EQ('a', mt_get(self->r[1]));
	ASSERT_TRUE(mt_getter_blocks(same, self->r[0]));
	ASSERT_TRUE(mt_getter_blocks(other, self->r[1]));
	switches = mt_switches(mt_task_tid(other));
	mt_child_kill(&self->child);
	EXPECT_EQ('a', mt_getter_end(same));
	EXPECT_EQ(1, same->recv.deliveries);
	EXPECT_TRUE(mt_slept_on(other, switches));
	ASSERT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_EQ('b', mt_getter_end(other));
}

/* What an endpoint held goes with it. */
TEST_F(life, lease_of_an_endpoint_that_goes)
{
	ASSERT_EQ(0, put_all(self->w, "ab"));
	ASSERT_LT(0, mt_lease(self->r[0]));
	EXPECT_STREQ("ab", mt_letters(self->r[1]));
	EXPECT_STREQ("ab", mt_letters(self->r[2]));
	close(self->r[0]);
	EXPECT_TRUE(is_empty(self->w));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[1]));
	ASSERT_EQ(0, mt_put(self->w, 'c'));
	EXPECT_EQ('c', mt_get(self->r[1]));
}

/* ---- what one of them cannot take --------------------------------------------- */

/* It stays for the one whose buffer was too small or bad. */
TEST_F(life, small_buffer_is_one_endpoints_problem)
{
	struct mt_task *small = &self->task[0];
	char byte;

	*small = (struct mt_task){
		.fd = self->r[0],
		.recv = { .buf = (uintptr_t)&byte, .buf_size = 1 },
	};
	ASSERT_TRUE(mt_task_blocks(small, mt_task_recv));
	ASSERT_TRUE(mt_getter_blocks(&self->task[1], self->r[1]));
	ASSERT_EQ(0, mt_put_sized(self->w, 'a', 2, 0));
	EXPECT_EQ(-EMSGSIZE, mt_task_end(small));
	EXPECT_EQ(2, small->recv.len);
	EXPECT_EQ('a', mt_getter_end(&self->task[1]));
	EXPECT_EQ(-EMSGSIZE, mt_recv(self->r[2], &byte, 1, MBOX_DONTWAIT));
	EXPECT_EQ(-EFAULT, mt_recv(self->r[2], NULL, 2, MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_put(self->w, 'b'));
	EXPECT_STREQ("ab", mt_letters(self->r[0]));
	EXPECT_STREQ("b", mt_letters(self->r[1]));
	EXPECT_STREQ("ab", mt_letters(self->r[2]));
	EXPECT_TRUE(is_empty(self->w));
}

/* ---- filters -------------------------------------------------------------------- */

TEST_F(life, filter_passes_over_for_good)
{
	ASSERT_EQ(0, mt_filter(self->r[0], mt_type(7)));
	ASSERT_EQ(0, mt_put_typed(self->w, 'a', 1, 0));
	EXPECT_EQ(0, mt_events(self->r[0]));
	ASSERT_EQ(0, mt_put_typed(self->w, 'b', 7, 0));
	ASSERT_EQ(0, mt_put_typed(self->w, 'c', 2, 0));
	EXPECT_EQ(POLLIN, mt_events(self->r[0]));
	EXPECT_STREQ("b", mt_letters(self->r[0]));
	EXPECT_EQ(0, mt_events(self->r[0]));
	ASSERT_EQ(0, mt_filter(self->r[0], mt_any()));
	EXPECT_STREQ("", mt_letters(self->r[0]));
	ASSERT_EQ(0, mt_put_typed(self->w, 'd', 2, 0));
	EXPECT_STREQ("d", mt_letters(self->r[0]));
	EXPECT_STREQ("abcd", mt_letters(self->r[1]));
}

/* It holds for what is there already. */
TEST_F(life, filter_passes_over_what_is_there)
{
	ASSERT_EQ(0, mt_put_typed(self->w, 'a', 1, 0));
	ASSERT_EQ(0, mt_put_typed(self->w, 'b', 7, 0));
	ASSERT_EQ(0, mt_filter(self->r[0], mt_type(7)));
	EXPECT_STREQ("b", mt_letters(self->r[0]));
	ASSERT_EQ(0, mt_filter(self->r[1], mt_type(3)));
	EXPECT_EQ(0, mt_events(self->r[1]));
	EXPECT_STREQ("ab", mt_letters(self->r[2]));
}

/* Nobody waits for room because of what nobody is to receive. */
TEST_F(life, filter_gives_room)
{
	int i;

	for (i = 0; i < ENDS; i++)
		ASSERT_EQ(0, mt_filter(self->r[i], mt_type(7 + i)));
	for (i = 0; i < 3 * ROOM; i++)
		ASSERT_EQ(0, mt_put_typed(self->w, 'a', 1, 0));
	EXPECT_TRUE(is_empty(self->w));
	for (i = 0; i < ENDS; i++)
		ASSERT_EQ(0, mt_put_typed(self->w, 'a' + i, 7 + i, 0));
	EXPECT_EQ(ENDS, mt_stat_of(self->w).msgs);
	for (i = 0; i < ENDS; i++) {
		EXPECT_EQ('a' + i, mt_get(self->r[i]));
		EXPECT_EQ(-EAGAIN, mt_get(self->r[i]));
	}
	EXPECT_TRUE(is_empty(self->w));
}

TEST_F(life, filter_lets_sleep)
{
	struct mt_task *seven = &self->task[0], *poller = &self->task[1];
	struct mt_task *any = &self->task[2];
	long switches[2];

	ASSERT_EQ(0, mt_filter(self->r[0], mt_type(7)));
	ASSERT_TRUE(mt_getter_blocks(seven, self->r[0]));
	ASSERT_EQ(0, mt_filter(self->r[1], mt_type(8)));
	ASSERT_TRUE(mt_poller_blocks(poller, self->r[1], POLLIN));
	ASSERT_TRUE(mt_getter_blocks(any, self->r[2]));
	switches[0] = mt_switches(mt_task_tid(seven));
	switches[1] = mt_switches(mt_task_tid(poller));
	ASSERT_EQ(0, mt_put_typed(self->w, 'a', 1, 0));
	EXPECT_EQ('a', mt_getter_end(any));
	EXPECT_TRUE(mt_slept_on(seven, switches[0]));
	EXPECT_TRUE(mt_slept_on(poller, switches[1]));
	ASSERT_EQ(0, mt_put_typed(self->w, 'b', 7, 0));
	EXPECT_EQ('b', mt_getter_end(seven));
	EXPECT_TRUE(mt_slept_on(poller, switches[1]));
	ASSERT_EQ(0, mt_put_typed(self->w, 'c', 8, 0));
	EXPECT_EQ(POLLIN, mt_task_end(poller));
	EXPECT_EQ('c', mt_get(self->r[1]));
}

/* What one would not have got, one has not missed. */
TEST_F(life, filter_and_what_is_missed)
{
	char *name = mt_name("broadcast");
	int w, some, all, i;

	w = mt_broadcast(self->dev, name, MBOX_FULL_DROP_OLDEST, ROOM);
	some = mt_open(self->dev, name, MBOX_O_READ);
	all = mt_open(self->dev, name, MBOX_O_READ);
	ASSERT_EQ(0, mt_unlink(self->dev, name));
	ASSERT_EQ(0, mt_filter(some, mt_type(7)));
	/* six of type 7, and one of another after each: four are kept */
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, mt_put_typed(w, 'a' + i, 7, 0));
		ASSERT_EQ(0, mt_put_typed(w, 'A' + i, 1, 0));
	}
	EXPECT_EQ(8, mt_missed(all, 'e'));
	EXPECT_EQ(4, mt_missed(some, 'e'));
	EXPECT_STREQ("f", mt_letters(some));
	EXPECT_STREQ("EfF", mt_letters(all));
}

/* ---- purge ------------------------------------------------------------------------ */

TEST_F(life, purge_is_for_the_endpoint_that_asks)
{
	struct mt_task *sender = &self->task[0];

	ASSERT_EQ(0, put_all(self->w, "abcd"));
	EXPECT_EQ(-EBADF, mt_purge(self->w));
	EXPECT_EQ('a', mt_get(self->r[0]));
	EXPECT_EQ(3, mt_purge(self->r[0]));
	EXPECT_EQ(0, mt_purge(self->r[0]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_STREQ("abcd", mt_letters(self->r[1]));
	/* and gives room once nobody else is to receive it */
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	EXPECT_EQ(4, mt_purge(self->r[2]));
	EXPECT_EQ(3 + 4, mt_stat_of(self->w).purged);
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_STREQ("e", mt_letters(self->r[0]));
	EXPECT_STREQ("e", mt_letters(self->r[1]));
	EXPECT_STREQ("e", mt_letters(self->r[2]));
	EXPECT_TRUE(is_empty(self->w));
}

/* ---- endpoints that go ------------------------------------------------------------- */

TEST_F(life, close_of_the_slowest_gives_room)
{
	struct mt_task *sender = &self->task[0];

	ASSERT_EQ(0, put_all(self->w, "abcd"));
	EXPECT_STREQ("abcd", mt_letters(self->r[0]));
	EXPECT_EQ('a', mt_get(self->r[1]));
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	close(self->r[2]);
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_EQ(-EAGAIN, mt_put(self->w, 'f'));
	close(self->r[1]);
	EXPECT_EQ(0, put_all(self->w, "fgh"));
	EXPECT_STREQ("efgh", mt_letters(self->r[0]));
	EXPECT_EQ(0, mt_stat_of(self->w).lost);
}

TEST_F(life, death_of_the_slowest_gives_room)
{
	struct mt_task *sender = &self->task[0];

	mt_worker_start(&self->child, NULL, self->r[2]);
	ASSERT_EQ(0, put_all(self->w, "abcd"));
	EXPECT_STREQ("abcd", mt_letters(self->r[0]));
	EXPECT_STREQ("abcd", mt_letters(self->r[1]));
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	mt_child_kill(&self->child);
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_STREQ("e", mt_letters(self->r[0]));
}

/* Without an endpoint it is sent, and lost. */
TEST_F(life, without_anybody_it_is_lost)
{
	struct mt_task *sender = &self->task[0];
	int i;

	ASSERT_EQ(0, put_all(self->w, "abcd"));
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	for (i = 0; i < ENDS; i++)
		close(self->r[i]);
	EXPECT_EQ(1, mt_task_end(sender));
	EXPECT_TRUE(is_empty(self->w));
	EXPECT_LE(1, mt_stat_of(self->w).lost);
	i = mt_stat_of(self->w).lost;
	EXPECT_EQ(POLLOUT, mt_events(self->w));
	EXPECT_EQ(0, put_all(self->w, "fghijk"));
	EXPECT_EQ(i + 6, mt_stat_of(self->w).lost);
	EXPECT_TRUE(is_empty(self->w));

	self->r[0] = mt_open(self->dev, self->name, MBOX_O_READ);
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	ASSERT_EQ(0, mt_put(self->w, 'l'));
	EXPECT_EQ(0, mt_missed(self->r[0], 'l'));
}

/* Where nobody can come any more, it is EPIPE, as always. */
TEST_F(life, without_anybody_who_can_come)
{
	struct mt_task *sender = &self->task[0];

	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	ASSERT_EQ(0, put_all(self->w, "abcd"));
	ASSERT_TRUE(mt_putter_blocks(sender, self->w, 'e', 0, 0));
	close(self->r[0]);
	close(self->r[1]);
	EXPECT_TRUE(mt_task_settle(sender));
	close(self->r[2]);
	EXPECT_EQ(-EPIPE, mt_task_end(sender));
	EXPECT_EQ(-EPIPE, mt_put(self->w, 'f'));
	EXPECT_TRUE(mt_events(self->w) & POLLHUP);
}

/* Each has read all there is at its own time. */
TEST_F(life, end_comes_to_each_when_it_has_all)
{
	struct mt_task *first = &self->task[0];

	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	ASSERT_EQ(0, put_all(self->w, "ab"));
	EXPECT_STREQ("ab", mt_letters(self->r[0]));
	ASSERT_TRUE(mt_getter_blocks(first, self->r[0]));
	close(self->w);
	EXPECT_EQ(-EPIPE, mt_task_end(first));
	EXPECT_TRUE(mt_events(self->r[0]) & POLLHUP);
	EXPECT_EQ(POLLIN, mt_events(self->r[1]) & POLLIN);
	EXPECT_EQ('a', mt_get(self->r[1]));
	EXPECT_EQ('b', mt_get(self->r[1]));
	EXPECT_EQ(-EPIPE, mt_get(self->r[1]));
	EXPECT_EQ('a', mt_get(self->r[2]));
}

/* Nor does it come while something may come back to the endpoint. */
TEST_F(life, end_does_not_come_before_what_is_held)
{
	__s64 token;

	ASSERT_EQ(0, mt_unlink(self->dev, self->name));
	ASSERT_EQ(0, mt_put(self->w, 'a'));
	token = mt_lease(self->r[0]);
	ASSERT_LT(0, token);
	EXPECT_EQ('a', mt_get(self->r[1]));
	close(self->w);
	EXPECT_EQ(-EPIPE, mt_get(self->r[1]));
	EXPECT_EQ(-EAGAIN, mt_get(self->r[0]));
	EXPECT_EQ(0, mt_ack(self->r[0], token));
	EXPECT_EQ(-EPIPE, mt_get(self->r[0]));
}

/* The owner's end is that of the mailbox; what was sent is still to be had. */
TEST_F(life, owner_ends)
{
	char *name = mt_name("broadcast");
	int w, r[2];

	if (!mt_fork(&self->child, NULL)) {
		int box = MT_POLICY(self->dev, name, .flags = MBOX_O_WRITE,
				    .lifetime = MBOX_LIFE_PROCESS,
				    .receivers = MBOX_RECEIVERS_BROADCAST);

		mt_tell(self->child.sock, box < 0 ? box : 1);
		mt_hear(self->child.sock);
		_exit(0);
	}
	ASSERT_EQ(1, mt_hear(self->child.sock));
	w = mt_open(self->dev, name, MBOX_O_WRITE);
	r[0] = mt_open(self->dev, name, MBOX_O_READ);
	r[1] = mt_open(self->dev, name, MBOX_O_READ);
	ASSERT_EQ(0, put_all(w, "ab"));
	EXPECT_STREQ("ab", mt_letters(r[0]));
	ASSERT_TRUE(mt_getter_blocks(&self->task[0], r[0]));
	EXPECT_EQ(0, mt_child_end(&self->child));
	EXPECT_EQ(-EPIPE, mt_task_end(&self->task[0]));
	EXPECT_EQ(-EPIPE, mt_put(w, 'c'));
	EXPECT_STREQ("ab?", mt_letters(r[1]));
	EXPECT_EQ(-EPIPE, mt_get(r[1]));
}

TEST_HARNESS_MAIN
