// SPDX-License-Identifier: GPL-2.0
/*
 * Exactly one wake-up a message, with many processes that wait for it: each goes
 * to sleep again for each message that it was woken for, and never otherwise,
 * so the sum of their voluntary context switches grows by one a message.
 *
 * MBOX_RECEIVERS and MBOX_MESSAGES say how many of each; 200 and 10000 if not.
 */
#include <sys/mman.h>

#include "mbox_test_policy.h"

FIXTURE(wake) {
	int dev;
	int box;
	unsigned int receivers;
	unsigned int messages;
	pid_t *pid;
	unsigned int *got;	/* by each; in memory that all share */
	int sender;
	unsigned int each;	/* how many a message is for */
	unsigned int round;	/* messages that are one for each of them */
	__u64 done;		/* all that they have received */
};

FIXTURE_VARIANT(wake) {
	enum mbox_turns turns;
	enum mbox_receivers receivers;
	unsigned int flags;
	unsigned int share;	/* of the messages */
};

FIXTURE_VARIANT_ADD(wake, first_come) {
	.share = 1,
};

FIXTURE_VARIANT_ADD(wake, round_robin) {
	.turns = MBOX_TURNS_ROUND_ROBIN,
	.share = 5,
};

FIXTURE_VARIANT_ADD(wake, priority) {
	.turns = MBOX_TURNS_PRIORITY,
	.share = 5,
};

FIXTURE_VARIANT_ADD(wake, rendezvous) {
	.flags = MBOX_CREATE_RENDEZVOUS,
	.share = 5,
};

FIXTURE_VARIANT_ADD(wake, broadcast) {
	.receivers = MBOX_RECEIVERS_BROADCAST,
	.share = 5,
};

static unsigned int number_of(const char *name, unsigned int otherwise)
{
	unsigned int number = atoi(getenv(name) ?: "0");

	return number ?: otherwise;
}

/* A receiver, until nothing can come any more. */
static void receive(int end, unsigned int *got)
{
	unsigned int number;

	while (mt_recv(end, &number, sizeof(number), 0) == sizeof(number))
		__atomic_add_fetch(got, 1, __ATOMIC_RELEASE);
	_exit(0);
}

static pid_t receiver_start(int dev, int box, unsigned int *got)
{
	int end = mt_open_fd(dev, box, MBOX_O_READ);
	pid_t pid = fork();

	if (pid) {
		close(end);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(box);
	receive(end, got);
	return 0;
}

static bool all_wait(const pid_t *pid, unsigned int nr)
{
	while (nr--)
		if (!mt_wait_blocked(pid[nr]))
			return false;
	return true;
}

static __u64 sum_of_switches(const pid_t *pid, unsigned int nr)
{
	__u64 sum = 0;

	while (nr--)
		sum += mt_switches(pid[nr]);
	return sum;
}

/*
 * With PREEMPT_RT, who finds a lock taken goes to sleep for it, which is counted
 * like any other sleep. How many of these there may be of @messages: still far
 * from a crowd that is woken for each.
 */
static __u64 sleeps_for_locks(__u64 messages)
{
	return access("/sys/kernel/realtime", F_OK) ? 0 : messages;
}

static __u64 sum_of_got(unsigned int *got, unsigned int nr)
{
	__u64 sum = 0;

	while (nr--)
		sum += __atomic_load_n(&got[nr], __ATOMIC_ACQUIRE);
	return sum;
}

static int send_numbers(int box, unsigned int nr)
{
	int ret = 0;

	for (; nr && !ret; nr--)
		ret = mt_send(box, &nr, sizeof(nr), 0, 0);
	return ret;
}

/* Send messages, until all have received what is theirs, and wait again. */
static bool exchange(FIXTURE_DATA(wake) * self, unsigned int messages)
{
	unsigned int nr = self->receivers;

	self->done += (__u64)messages * self->each;
	return !send_numbers(self->sender, messages) &&
	       MT_UNTIL(sum_of_got(self->got, nr) == self->done) &&
	       all_wait(self->pid, nr) &&
	       mt_stat_of(self->box).waiting_receivers == nr;
}

FIXTURE_SETUP(wake)
{
	bool broadcast = variant->receivers == MBOX_RECEIVERS_BROADCAST;
	unsigned int i;
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->receivers = number_of("MBOX_RECEIVERS", 200);
	self->messages = number_of("MBOX_MESSAGES", 10000) / variant->share;
	self->each = broadcast ? self->receivers : 1;
	self->round = broadcast ? 1 : self->receivers;
	box = MT_POLICY(self->dev, NULL, .turns = variant->turns,
			.receivers = variant->receivers,
			.flags = variant->flags);
	ASSERT_LE(0, box);
	self->pid = calloc(self->receivers, sizeof(*self->pid));
	self->got = mmap(NULL, self->receivers * sizeof(*self->got),
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	ASSERT_NE(MAP_FAILED, self->got);
	for (i = 0; i < self->receivers; i++) {
		self->pid[i] = receiver_start(self->dev, box, &self->got[i]);
		ASSERT_LT(0, self->pid[i]);
	}
	self->sender = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->sender);
	/* one that can receive would be one more for a broadcast */
	self->box = mt_open_fd(self->dev, box, 0);
	ASSERT_LE(0, self->box);
	close(box);
	/* the first time they may sleep for other reasons, such as page faults */
	ASSERT_TRUE(all_wait(self->pid, self->receivers));
	ASSERT_TRUE(exchange(self, self->round));
}

/* The end of the sender is theirs. */
FIXTURE_TEARDOWN(wake)
{
	unsigned int i;

	close(self->sender);
	for (i = 0; i < self->receivers; i++)
		waitpid(self->pid[i], NULL, 0);
	MT_TEARDOWN(self->dev);
}

/*
 * All wait; then there is a message for each of them. For who waits a hand-over
 * is exactly one wake-up, and there is nothing else to be woken by.
 */
TEST_F_TIMEOUT(wake, of_one_for_each_message, 300)
{
	unsigned int nr = self->receivers, i;
	__u64 switches, before = self->done, messages;

	switches = sum_of_switches(self->pid, nr);
	while (self->done < before + self->messages)
		ASSERT_TRUE(exchange(self, self->round));
	messages = self->done - before;
	switches = sum_of_switches(self->pid, nr) - switches;
	EXPECT_LE(messages, switches);
	EXPECT_GE(messages + sleeps_for_locks(messages), switches);
	/* and nobody is left out */
	for (i = 0; i < nr; i++)
		EXPECT_EQ(self->done / nr, self->got[i]);
}

/*
 * As fast as it goes: who finds a message does not sleep, so there may be less
 * than one, and never more.
 */
TEST_F_TIMEOUT(wake, of_no_more_than_one, 300)
{
	unsigned int nr = self->receivers;
	__u64 switches, before = self->done, messages;

	switches = sum_of_switches(self->pid, nr);
	ASSERT_TRUE(exchange(self, self->messages / self->each));
	messages = self->done - before;
	EXPECT_LT(0, messages);
	EXPECT_GE(messages + sleeps_for_locks(messages),
		  sum_of_switches(self->pid, nr) - switches);
}

TEST_HARNESS_MAIN
