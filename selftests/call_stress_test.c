// SPDX-License-Identifier: GPL-2.0
/*
 * Clients call without end, servers answer, and every so often a server is
 * killed wherever it is. Each call is answered once, by whom it was served, or
 * reported as lost; then nothing is left.
 *
 * MBOX_CALLS in the environment is how many calls there are.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "mbox_test_call.h"

#define CLIENTS		8
#define SERVERS		3
#define CALLS		10000
#define KILL_EVERY	500

/**
 * struct score - what all processes share
 * @calls: how many are to be made
 * @next: the next call's number
 * @over: how many are over
 * @answered: of these, how many by a reply
 * @reset: and how many by an error that tells of a dead server
 * @wrong: what should not be
 * @taken: how often each call was taken by a server
 */
struct score {
	unsigned int calls;
	unsigned int next;
	unsigned int over;
	unsigned int answered;
	unsigned int reset;
	unsigned int wrong;
	unsigned char taken[];
};

FIXTURE(stress) {
	int dev;
	int box;
	int shared;	/* an endpoint that all servers share */
	struct score *score;
	struct mt_child server[SERVERS];
};

FIXTURE_SETUP(stress)
{
	unsigned int calls = atoi(getenv("MBOX_CALLS") ?: "0") ?: CALLS;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, mt_name("stress"), 16, 64, 0);
	ASSERT_LE(0, self->box);
	self->shared = mt_open_fd(self->dev, self->box, MBOX_O_READ);
	ASSERT_LE(0, self->shared);
	self->score = mmap(NULL, sizeof(*self->score) + calls,
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, self->score);
	self->score->calls = calls;
}

FIXTURE_TEARDOWN(stress)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

static unsigned int add(unsigned int *counter)
{
	return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static unsigned int look(unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static __u64 answer_of(unsigned int number)
{
	return number * 2654435761ULL + 12345;
}

/* What should not be, but once or twice in words. */
static void complain(struct score *score, const char *what, unsigned int number,
		     int ret)
{
	if (add(&score->wrong) < 5)
		fprintf(stderr, "# %s: call %u: %d\n", what, number, ret);
}

/* Calls of even numbers are repeatable: only these may be served again. */
static void serve(struct score *score, int box)
{
	unsigned int number = 0;
	__u64 reply;
	struct mbox_recv msg = {
		.buf = (uintptr_t)&number,
		.buf_size = sizeof(number),
		.reply_buf = (uintptr_t)&reply,
	};
	int ret;

	while (!(ret = mt_recvmsg(box, &msg))) {
		if (msg.len != sizeof(number) || number >= score->calls)
			abort();
		if (__atomic_fetch_add(&score->taken[number], 1,
				       __ATOMIC_RELAXED) && number % 2)
			complain(score, "served again", number,
				 msg.deliveries);
		reply = answer_of(number);
		msg.reply_token = msg.token;
		msg.reply_len = sizeof(reply);
	}
	complain(score, "server", number, ret);
	_exit(1);
}

static void client(struct score *score, int box)
{
	unsigned int number;

	while ((number = add(&score->next)) < score->calls) {
		__u64 reply = 0;
		struct mbox_call call = {
			.flags = number % 2 ? 0 : MBOX_REPEATABLE,
			.buf = (uintptr_t)&number,
			.len = sizeof(number),
			.priority = number % 3,
			.reply_buf = (uintptr_t)&reply,
			.reply_size = sizeof(reply),
		};
		int ret = mt_callmsg(box, &call);

		if (ret == sizeof(reply) && reply == answer_of(number))
			add(&score->answered);
		else if (ret == -ECONNRESET && number % 2)
			add(&score->reset);
		else
			complain(score, "client", number, ret);
		if (ret == sizeof(reply) && !score->taken[number])
			complain(score, "answered by nobody", number, ret);
		add(&score->over);
	}
}

/* A server on the endpoint of all, or on one of its own. */
static void fork_server(struct mt_child *child, int dev, int shared, bool own,
			struct score *score)
{
	if (mt_fork(child, NULL))
		return;
	serve(score, own ? mt_open_fd(dev, shared, MBOX_O_READ) : shared);
}

/* Longer than any test would take, if all calls are asked for. */
TEST_F_TIMEOUT(stress, servers_are_killed, 600)
{
	unsigned int kills = 0, next_kill = KILL_EVERY, i;
	struct score *score = self->score;
	struct mt_child clients[CLIENTS];
	struct mbox_stat stat;

	for (i = 0; i < SERVERS; i++)
		fork_server(&self->server[i], self->dev, self->shared, i == 0,
			    score);
	for (i = 0; i < CLIENTS; i++) {
		if (!mt_fork(&clients[i], NULL)) {
			client(score, self->box);
			_exit(0);
		}
	}
	while (look(&score->over) < score->calls) {
		unsigned int before = look(&score->over);

		ASSERT_TRUE(MT_UNTIL(look(&score->over) > before ||
				     look(&score->over) >= score->calls));
		if (look(&score->over) < next_kill)
			continue;
		i = kills++ % SERVERS;
		next_kill += KILL_EVERY;
		mt_child_kill(&self->server[i]);
		fork_server(&self->server[i], self->dev, self->shared, i == 0,
			    score);
	}
	for (i = 0; i < CLIENTS; i++)
		EXPECT_EQ(0, mt_child_end(&clients[i]));
	for (i = 0; i < SERVERS; i++)
		mt_child_kill(&self->server[i]);

	EXPECT_EQ(0, score->wrong);
	EXPECT_EQ(score->calls, score->answered + score->reset);
	/* a server that dies has had one call at most */
	EXPECT_GE(kills, score->reset);
	EXPECT_LE(score->calls / KILL_EVERY - 1, kills);
	stat = mt_stat_of(self->box);
	EXPECT_EQ(score->calls, stat.sent);
	EXPECT_EQ(score->answered, stat.received);
	EXPECT_EQ(0, stat.msgs);
	EXPECT_EQ(0, stat.held);
	EXPECT_EQ(0, stat.bytes);
	EXPECT_EQ(0, stat.waiting_senders);
	TH_LOG("%u answered, %u reset, %u servers killed", score->answered,
	       score->reset, kills);
}

TEST_HARNESS_MAIN
