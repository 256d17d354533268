// SPDX-License-Identifier: GPL-2.0
/*
 * A receive that names which message it wants gets the first of those, and the
 * others stay as they are. Who waits for what is in match_wait_test.c, what
 * stands for a process in match_pid_test.c.
 */
#include "mbox_test_async.h"
#include "mbox_test_match.h"

FIXTURE(match) {
	int dev;
	int box;
	struct mt_child sender[2];
	pid_t pid[3];	/* the test's own, and theirs */
};

FIXTURE_SETUP(match)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->pid[0] = getpid();
	for (i = 0; i < 2; i++) {
		mt_sender_fork(&self->sender[i]);
		self->pid[i + 1] = self->sender[i].pid;
	}
}

FIXTURE_TEARDOWN(match)
{
	int i;

	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, mt_sender_end(&self->sender[i]));
	MT_TEARDOWN(self->dev);
}

/* The messages that most tests choose from, by number; by whom: see @pid. */
static const struct {
	__s64 type;
	unsigned int priority;
	int sender;
} mixed[] = {
	{ 5, 0, 0 },
	{ 3, 2, 1 },
	{ 7, 0, 2 },
	{ 3, 2, 0 },
	{ -1, 1, 1 },
	{ 5, 9, 2 },
	{ 3, 0, 1 },
	{ 9, 2, 0 },
};

/* In which order they are received if nothing is named. */
static const int plain[] = { 5, 1, 3, 7, 4, 0, 2, 6 };

static bool send_mixed(int box, struct mt_child *senders)
{
	struct mt_child *by;
	int i;

	for (i = 0; i < ARRAY_SIZE(mixed); i++) {
		by = mixed[i].sender ? &senders[mixed[i].sender - 1] : NULL;
		if (mt_send_from(by, box, i, mixed[i].type, mixed[i].priority))
			return false;
	}
	return true;
}

static bool is_among(int number, const int *list, size_t n)
{
	while (n--)
		if (list[n] == number)
			return true;
	return false;
}

/* Those that match come as @want, then none; then the others as ever. */
static bool comes_as(int box, struct mbox_match match, const int *want,
		     size_t n)
{
	int number;
	size_t i;

	for (i = 0; i < n; i++) {
		number = mt_recv_match(box, match, MBOX_DONTWAIT);
		if (number == want[i])
			continue;
		fprintf(stderr, "# %d came for %d\n", number, want[i]);
		return false;
	}
	if (mt_recv_match(box, match, MBOX_DONTWAIT) != -EAGAIN)
		return false;
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		if (!is_among(plain[i], want, n) &&
		    mt_recv_next(box) != plain[i])
			return false;
	return mt_recv_next(box) == -EAGAIN;
}

/* Of the mixed messages, these match, in this order. */
#define EXPECT_ORDER(match, ...) do {					\
	const int __want[] = { __VA_ARGS__ };				\
									\
	ASSERT_TRUE(send_mixed(self->box, self->sender));		\
	EXPECT_TRUE(comes_as(self->box, match, __want,			\
			     ARRAY_SIZE(__want))) {			\
		TH_LOG("with %s", #match);				\
	}								\
	mt_purge(self->box);						\
} while (0)

/* ---- each criterion alone -------------------------------------------------- */

TEST_F(match, nothing_named_is_any_message)
{
	EXPECT_ORDER(mt_any(), 5, 1, 3, 7, 4, 0, 2, 6);
}

/* As msgrcv() with a positive number, but for priorities. */
TEST_F(match, type_is_that_type_only)
{
	EXPECT_ORDER(mt_type(3), 1, 3, 6);
	EXPECT_ORDER(mt_type(5), 5, 0);
	EXPECT_ORDER(mt_type(-1), 4);
	EXPECT_ORDER(mt_type(4));
	EXPECT_ORDER(mt_type(0));
}

/* As with a negative one: the lowest type, whatever its priority. */
TEST_F(match, type_max_is_the_lowest_type_first)
{
	EXPECT_ORDER(mt_type_max(5), 4, 1, 3, 6, 5, 0);
	EXPECT_ORDER(mt_type_max(4), 4, 1, 3, 6);
	EXPECT_ORDER(mt_type_max(3), 4, 1, 3, 6);
	EXPECT_ORDER(mt_type_max(-1), 4);
	EXPECT_ORDER(mt_type_max(-2));
	EXPECT_ORDER(mt_type_max(INT64_MIN));
	EXPECT_ORDER(mt_type_max(INT64_MAX), 4, 1, 3, 6, 5, 0, 2, 7);
}

/* As with MSG_EXCEPT. */
TEST_F(match, type_not_is_all_others)
{
	EXPECT_ORDER(mt_type_not(3), 5, 7, 4, 0, 2);
	EXPECT_ORDER(mt_type_not(5), 1, 3, 7, 4, 2, 6);
	EXPECT_ORDER(mt_type_not(4), 5, 1, 3, 7, 4, 0, 2, 6);
}

TEST_F(match, pid_is_what_that_process_sent)
{
	EXPECT_ORDER(mt_from(self->pid[0]), 3, 7, 0);
	EXPECT_ORDER(mt_from(self->pid[1]), 1, 4, 6);
	EXPECT_ORDER(mt_from(self->pid[2]), 5, 2);
}

TEST_F(match, priority_is_that_or_above)
{
	EXPECT_ORDER(mt_above(0), 5, 1, 3, 7, 4, 0, 2, 6);
	EXPECT_ORDER(mt_above(1), 5, 1, 3, 7, 4);
	EXPECT_ORDER(mt_above(2), 5, 1, 3, 7);
	EXPECT_ORDER(mt_above(3), 5);
	EXPECT_ORDER(mt_above(10));
	EXPECT_ORDER(mt_above(MBOX_PRIORITY_MAX));
}

TEST_F(match, type_is_any_number)
{
	static const __s64 types[] = { 0, INT64_MAX, -1, INT64_MIN, 1 };
	static const int ascending[] = { 3, 2, 0, 4, 1 };
	int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < 5; i++)
			ASSERT_EQ(0, mt_send_number(self->box, i, types[i],
						    i % 2));
		for (i = 0; i < 5; i++)
			EXPECT_EQ(round ? ascending[i] : i,
				  mt_recv_match(self->box, round ?
						mt_type_max(INT64_MAX) :
						mt_type(types[i]),
						MBOX_DONTWAIT));
		EXPECT_EQ(-EAGAIN, mt_recv_next(self->box));
	}
	ASSERT_EQ(0, mt_send_number(self->box, 1, INT64_MAX, 0));
	ASSERT_EQ(0, mt_send_number(self->box, 2, INT64_MIN, 0));
	EXPECT_EQ(2, mt_recv_match(self->box, mt_type_max(INT64_MIN),
				   MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type_not(INT64_MAX),
					 MBOX_DONTWAIT));
}

/* ---- several together ---------------------------------------------------------- */

TEST_F(match, all_that_is_named_must_hold)
{
	pid_t *pid = self->pid;

	EXPECT_ORDER(mt_both(mt_type(3), mt_above(1)), 1, 3);
	EXPECT_ORDER(mt_both(mt_type(3), mt_above(3)));
	EXPECT_ORDER(mt_both(mt_type(5), mt_above(1)), 5);
	EXPECT_ORDER(mt_both(mt_type_not(3), mt_above(2)), 5, 7);
	EXPECT_ORDER(mt_both(mt_from(pid[0]), mt_above(1)), 3, 7);
	EXPECT_ORDER(mt_both(mt_from(pid[1]), mt_above(9)));
	EXPECT_ORDER(mt_both(mt_type(3), mt_from(pid[1])), 1, 6);
	EXPECT_ORDER(mt_both(mt_type(7), mt_from(pid[1])));
	EXPECT_ORDER(mt_both(mt_type_not(3), mt_from(pid[0])), 7, 0);
	EXPECT_ORDER(mt_both(mt_both(mt_type(3), mt_from(pid[1])),
			     mt_above(1)), 1);
	EXPECT_ORDER(mt_both(mt_both(mt_type_not(3), mt_from(pid[0])),
			     mt_above(1)), 7);
}

/* The lowest type is that of those that the rest holds for. */
TEST_F(match, type_max_is_of_those_that_match_otherwise)
{
	pid_t *pid = self->pid;

	EXPECT_ORDER(mt_both(mt_type_max(5), mt_above(1)), 4, 1, 3, 5);
	EXPECT_ORDER(mt_both(mt_type_max(5), mt_above(2)), 1, 3, 5);
	EXPECT_ORDER(mt_both(mt_type_max(5), mt_above(9)), 5);
	EXPECT_ORDER(mt_both(mt_type_max(7), mt_from(pid[2])), 5, 2);
	EXPECT_ORDER(mt_both(mt_type_max(9), mt_from(pid[0])), 3, 0, 7);
	EXPECT_ORDER(mt_both(mt_both(mt_type_max(9), mt_from(pid[0])),
			     mt_above(1)), 3, 7);
}

/* ---- what does not come stays ---------------------------------------------------- */

TEST_F(match, failure_leaves_all_as_it_was)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.match = mt_type(3),
	};
	static const int order[] = { 1, 3, 6 };
	struct mt_state before;

	ASSERT_TRUE(send_mixed(self->box, self->sender));
	before = mt_state_of(self->dev, self->box, 0);
	EXPECT_EQ(-EMSGSIZE, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(sizeof(int), msg.len);
	msg.buf_size = sizeof(int);
	EXPECT_EQ(-EFAULT, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type(4),
					 MBOX_DONTWAIT));
	msg.flags = 0;
	msg.match = mt_above(10);
	msg.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, mt_recv_number(self->box, &msg));
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &before));
	EXPECT_TRUE(comes_as(self->box, mt_type(3), order, 3));
}

/* Back at its place, it is found as before. */
TEST_F(match, put_back_is_found_again)
{
	static const int order[] = { 1, 3, 6 };
	struct mbox_recv msg = { .match = mt_type(3) };
	__u64 token[3];
	int i;

	ASSERT_TRUE(send_mixed(self->box, self->sender));
	for (i = 0; i < 3; i++) {
		msg.flags = MBOX_DONTWAIT | MBOX_LEASE;
		ASSERT_EQ(order[i], mt_recv_number(self->box, &msg));
		EXPECT_EQ(3, msg.type);
		token[i] = msg.token;
	}
	EXPECT_EQ(-EAGAIN, mt_recv_number(self->box, &msg));
	msg.match = mt_both(mt_type(3), mt_from(self->pid[1]));
	EXPECT_EQ(-EAGAIN, mt_recv_number(self->box, &msg));
	EXPECT_EQ(0, mt_nack(self->box, token[2], 0));
	EXPECT_EQ(0, mt_nack(self->box, token[0], 0));
	EXPECT_EQ(0, mt_nack(self->box, token[1], 0));
	msg.flags = MBOX_DONTWAIT | MBOX_PEEK;
	EXPECT_EQ(1, mt_recv_number(self->box, &msg));
	EXPECT_EQ(1, msg.deliveries);
	EXPECT_TRUE(comes_as(self->box, mt_type(3), order, 3));
}

/* One that is put off is not there until its time comes. */
TEST_F(match, put_off_is_not_found)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT | MBOX_LEASE,
		.match = mt_type(7),
	};

	ASSERT_TRUE(send_mixed(self->box, self->sender));
	ASSERT_EQ(2, mt_recv_number(self->box, &msg));
	ASSERT_EQ(0, mt_nack(self->box, msg.token, MBOX_TIME_MAX));
	EXPECT_EQ(-EAGAIN, mt_recv_number(self->box, &msg));
	ASSERT_EQ(0, mt_send_number(self->box, 20, 7, 0));
	ASSERT_EQ(20, mt_recv_number(self->box, &msg));
	ASSERT_EQ(0, mt_nack(self->box, msg.token, 1));
	msg.flags = 0;
	EXPECT_EQ(20, mt_recv_number(self->box, &msg));
	EXPECT_EQ(8, mt_purge(self->box));
}

TEST_F(match, purge_leaves_nothing_to_find)
{
	int round;

	for (round = 0; round < 3; round++) {
		ASSERT_TRUE(send_mixed(self->box, self->sender));
		EXPECT_EQ(1, mt_recv_match(self->box, mt_type(3), 0));
		EXPECT_EQ(3, mt_recv_match(self->box, mt_from(self->pid[0]),
					   0));
		EXPECT_EQ(6, mt_purge(self->box));
		EXPECT_EQ(-EAGAIN, mt_recv_match(self->box,
						 mt_type_max(INT64_MAX),
						 MBOX_DONTWAIT));
		EXPECT_EQ(-EAGAIN, mt_recv_match(self->box,
						 mt_from(self->pid[1]),
						 MBOX_DONTWAIT));
		EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type_not(1),
						 MBOX_DONTWAIT));
	}
	EXPECT_ORDER(mt_type(3), 1, 3, 6);
}

/* Whatever is queued when the first one asks. */
TEST_F(match, first_one_to_ask_may_come_late)
{
	int box = mt_sized(self->dev, NULL, 4000, 0, 0), n, i;
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.match = mt_type_max(INT64_MAX),
	};
	__s64 type = INT64_MIN;
	__u64 seq = 0;

	ASSERT_LE(0, box);
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(0, mt_send_number(box, i, i * 7919 % 50 - 25, 0));
	/* from the middle, so that there is something to either side */
	for (n = 0; mt_recv_match(box, mt_type(3), MBOX_DONTWAIT) >= 0; n++)
		;
	EXPECT_EQ(60, n);
	for (n = 0; (i = mt_recv_number(box, &msg)) >= 0; n++) {
		ASSERT_EQ(i * 7919 % 50 - 25, msg.type);
		ASSERT_TRUE(msg.type > type ||
			    (msg.type == type && msg.seq > seq));
		type = msg.type;
		seq = msg.seq;
	}
	EXPECT_EQ(-EAGAIN, i);
	EXPECT_EQ(2940, n);
	close(box);
}

/* Each message for all endpoints is not for one to pick. */
TEST_F(match, broadcast_has_none)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.receivers = MBOX_RECEIVERS_BROADCAST,
	};
	int box = mt_create(self->dev, NULL, &attr);

	ASSERT_LE(0, box);
	ASSERT_EQ(0, mt_send_number(box, 1, 7, 0));
	EXPECT_EQ(-EOPNOTSUPP, mt_recv_match(box, mt_type(7), MBOX_DONTWAIT));
	EXPECT_EQ(1, mt_recv_next(box));
	close(box);
}

/* ---- calls ---------------------------------------------------------------------------- */

TEST_F(match, cancelled_call_is_not_found)
{
	struct mt_caller caller[3] = {};
	int i;

	for (i = 0; i < 3; i++) {
		caller[i].call.type = i;
		ASSERT_TRUE(mt_caller_blocks(&caller[i], self->box, "?"));
	}
	/* there are indexes from now on */
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type(9),
					 MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_from(self->pid[1]),
					 MBOX_DONTWAIT));
	EXPECT_EQ(0, mt_cancel(self->box, caller[1].call.id));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&caller[1]));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_type(1),
					 MBOX_DONTWAIT));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_both(mt_type(1),
							    mt_from(getpid())),
					 MBOX_DONTWAIT));
	EXPECT_EQ(2, mt_stat_of(self->box).msgs);
	/* a purge cancels the others */
	EXPECT_EQ(2, mt_purge(self->box));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&caller[0]));
	EXPECT_EQ(-ECANCELED, mt_caller_end(&caller[2]));
	EXPECT_EQ(-EAGAIN, mt_recv_match(self->box, mt_from(getpid()),
					 MBOX_DONTWAIT));
}

/* A server takes what it can do, and replies as it takes the next. */
TEST_F(match, calls_are_taken_by_type)
{
	static const char * const question[] = { "a", "b", "c" };
	struct mt_caller caller[3] = {};
	char data[32];
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf = (uintptr_t)data,
		.buf_size = sizeof(data),
		.match = mt_type(7),
	};
	int i;

	for (i = 0; i < 3; i++) {
		caller[i].call.type = i == 1 ? 8 : 7;
		ASSERT_TRUE(mt_caller_blocks(&caller[i], self->box,
					     question[i]));
	}
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_STREQ("a", data);
	msg.reply_token = msg.token;
	msg.reply_buf = (uintptr_t)"A";
	msg.reply_len = 2;
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_STREQ("c", data);
	EXPECT_EQ(2, mt_caller_end(&caller[0]));
	msg.reply_token = msg.token;
	EXPECT_EQ(-EAGAIN, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(0, msg.reply_token);
	EXPECT_EQ(2, mt_caller_end(&caller[2]));
	EXPECT_EQ(1, mt_stat_of(self->box).msgs);
	msg.match = mt_type(8);
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_STREQ("b", data);
	EXPECT_EQ(0, mt_reply(self->box, msg.token, "B", 2, 0));
	EXPECT_EQ(2, mt_caller_end(&caller[1]));
}

/* An answer is from who gave it; where none was given, it is from nobody. */
TEST_F(match, answer_is_from_the_server)
{
	int back = mt_mailbox(self->dev, NULL, MT_RW);
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	struct mt_child server;

	ASSERT_LE(0, back);
	EXPECT_EQ(-EAGAIN, mt_recv_match(back, mt_from(getpid()),
					 MBOX_DONTWAIT));
	if (!mt_fork(&server, NULL)) {
		EXPECT_EQ(0, mt_tell(server.sock, 1));
		EXPECT_EQ(1, mt_hear(server.sock));
		EXPECT_EQ(0, mt_reply(self->box, mt_take_call(self->box),
				      "done", 4, 0));
		mt_tell(server.sock, 2);
		mt_hear(server.sock);
		MT_CHILD_EXIT();
	}
	ASSERT_EQ(1, mt_hear(server.sock));
	ASSERT_EQ(0, mt_ask(self->box, back, 4, 11));
	ASSERT_EQ(0, mt_ask(self->box, back, 4, 12));
	ASSERT_EQ(0, mt_send_number(back, 1, 0, 0));
	mt_tell(server.sock, 1);
	ASSERT_EQ(2, mt_hear(server.sock));
	EXPECT_EQ(1, mt_purge(self->box));

	ASSERT_TRUE(MT_UNTIL(mt_stat_of(back).msgs == 3));
	msg.match = mt_from(server.pid);
	EXPECT_LE(0, mt_recv_number(back, &msg));
	EXPECT_EQ(11, msg.cookie);
	EXPECT_EQ(server.pid, msg.pid);
	EXPECT_EQ(-EAGAIN, mt_recv_number(back, &msg));
	msg.match = mt_from(getpid());
	EXPECT_EQ(1, mt_recv_number(back, &msg));
	EXPECT_EQ(-EAGAIN, mt_recv_number(back, &msg));
	EXPECT_TRUE(mt_is_error(back, 12, ECANCELED));
	EXPECT_EQ(0, mt_child_end(&server));
	close(back);
}

TEST_HARNESS_MAIN
