// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes and threads at a few mailboxes, some of which are killed,
 * called away or late: every message that was accepted is received, once.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "mbox_test_task.h"

#define BOXES		3
#define WORKERS		6	/* processes; the first half of them send */
#define SENDERS		(WORKERS / 2)
#define THREADS		2	/* in each */
#define MESSAGES	4000

/* What a message has become: of the sender's side, and of the receiver's. */
struct entry {
	unsigned char tried;
	unsigned char sent;
	unsigned char got;
	unsigned char torn;	/* may be with one who was killed */
};

/* Where a thread receives, so that it is seen what it had when it was killed */
struct slot {
	unsigned int id;	/* 0 for none */
	unsigned char data[500];
};

/* In memory that all processes share. */
struct ledger {
	unsigned int next;
	unsigned int last;
	unsigned int bad;
	struct slot slots[WORKERS][THREADS];
	struct entry entries[];
};

FIXTURE(stress) {
	int dev;
	char *names[BOXES];
	int boxes[BOXES];
	struct ledger *ledger;
	pid_t workers[WORKERS];
	unsigned int seed;
};

/* A thread of a worker. */
struct hand {
	pthread_t thread;
	int dev;
	int worker;
	int nr;
	char **names;
	struct ledger *ledger;
	unsigned int seed;
	int box;
	int fd;
};

FIXTURE_SETUP(stress)
{
	unsigned int messages = MESSAGES * atoi(getenv("MBOX_STRESS") ?: "1");
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->ledger = mmap(NULL, sizeof(struct ledger) +
				  (messages + 1) * sizeof(struct entry),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, self->ledger);
	self->ledger->last = messages;
	for (i = 0; i < BOXES; i++) {
		self->names[i] = mt_name("stress");
		close(mt_sized(self->dev, self->names[i], 6 - i, 500, 1000));
		self->boxes[i] = mt_open(self->dev, self->names[i],
					 MBOX_O_READ);
		ASSERT_LE(0, self->boxes[i]);
	}
	mt_catch(0);
}

FIXTURE_TEARDOWN(stress)
{
	MT_TEARDOWN(self->dev);
}

static void fill(struct slot *slot, unsigned int id, size_t len)
{
	slot->id = id;
	memset(slot->data, id * 31, len);
}

static bool is_whole(const struct slot *slot, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (slot->data[i] != (unsigned char)(slot->id * 31))
			return false;
	return true;
}

/* Not at all, until a deadline that is near, or for ever. */
static void choose_wait(struct hand *hand, __u32 *flags, __u64 *deadline)
{
	*flags = 0;
	*deadline = 0;
	switch (rand_r(&hand->seed) % 4) {
	case 0:
		*flags = MBOX_DONTWAIT;
		break;
	case 1:
		*deadline = mt_now(CLOCK_MONOTONIC) +
			    rand_r(&hand->seed) % 2000000;
	}
}

/* Go to another mailbox now and then. */
static bool choose_box(struct hand *hand, unsigned int flags)
{
	if (hand->fd >= 0 && rand_r(&hand->seed) % 16)
		return true;
	if (hand->fd >= 0)
		close(hand->fd);
	hand->box = rand_r(&hand->seed) % BOXES;
	hand->fd = mt_open(hand->dev, hand->names[hand->box], flags);
	return hand->fd >= 0;
}

static bool is_retry(int ret)
{
	return ret == -EAGAIN || ret == -ETIMEDOUT || ret == -EINTR;
}

/* Send messages until the last one is. */
static void *send_all(void *arg)
{
	struct hand *hand = arg;
	struct ledger *ledger = hand->ledger;
	struct mbox_send msg;
	struct slot slot;
	unsigned int id;
	size_t len;
	int ret;

	for (;;) {
		id = __atomic_add_fetch(&ledger->next, 1, __ATOMIC_SEQ_CST);
		if (id > ledger->last)
			return NULL;
		len = rand_r(&hand->seed) % 400;
		fill(&slot, id, len);
		ledger->entries[id].tried = 1;
		do {
			if (!choose_box(hand, MBOX_O_WRITE)) {
				ledger->bad++;
				return NULL;
			}
			msg = (struct mbox_send){
				.buf = (uintptr_t)&slot,
				.len = offsetof(struct slot, data) + len,
				.priority = rand_r(&hand->seed) % 3,
			};
			choose_wait(hand, &msg.flags, &msg.deadline);
			ret = mt_sendmsg(hand->fd, &msg);
		} while (is_retry(ret));
		if (ret)
			ledger->bad++;
		ledger->entries[id].sent = 1;
	}
}

/* Receive messages until there are none and will be none. */
static void *recv_all(void *arg)
{
	struct hand *hand = arg;
	struct ledger *ledger = hand->ledger;
	struct slot *slot = &ledger->slots[hand->worker][hand->nr];
	struct mbox_recv msg;
	int ret = 0;

	/* the names go at the end */
	while (choose_box(hand, MBOX_O_READ)) {
		msg = (struct mbox_recv){
			.buf = (uintptr_t)slot,
			.buf_size = sizeof(*slot),
		};
		choose_wait(hand, &msg.flags, &msg.deadline);
		ret = mt_recvmsg(hand->fd, &msg);
		if (is_retry(ret))
			continue;
		if (ret)
			break;
		if (!is_whole(slot, msg.len - offsetof(struct slot, data)))
			ledger->bad++;
		__atomic_add_fetch(&ledger->entries[slot->id].got, 1,
				   __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->id, 0, __ATOMIC_SEQ_CST);
	}
	if (ret && ret != -EPIPE)
		ledger->bad++;
	return NULL;
}

static void work(struct ledger *ledger, char **names, int worker)
{
	struct hand hands[THREADS];
	sigset_t usr1;
	int i;

	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){
			.dev = mt_device(),
			.worker = worker,
			.nr = i,
			.names = names,
			.ledger = ledger,
			.seed = getpid() * THREADS + i,
			.fd = -1,
		};
		pthread_create(&hands[i].thread, NULL,
			       worker < SENDERS ? send_all : recv_all,
			       &hands[i]);
	}
	/* signals are for those who send and receive */
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(hands[i].thread, NULL);
	_exit(0);
}

static pid_t start(struct ledger *ledger, char **names, int worker)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(ledger, names, worker);
	return 0;
}

/* Kill a worker, and see what it may have received. */
static void stop(struct ledger *ledger, pid_t pid, int worker)
{
	struct slot *slot;
	int i;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (i = 0; i < THREADS; i++) {
		slot = &ledger->slots[worker][i];
		if (slot->id)
			ledger->entries[slot->id].torn = 1;
		slot->id = 0;
	}
}

static bool have_ended(const pid_t *workers, int count)
{
	siginfo_t info;
	int i;

	for (i = 0; i < count; i++) {
		info.si_pid = 0;
		waitid(P_PID, workers[i], &info, WEXITED | WNOHANG | WNOWAIT);
		if (!info.si_pid)
			return false;
	}
	return true;
}

/*
 * Kill one of them or call it away, lest all receivers wait at one mailbox and
 * all senders at another. One that has come to its end is left alone.
 */
static unsigned int disturb(struct ledger *ledger, pid_t *workers, char **names,
			    unsigned int *seed)
{
	int i = rand_r(seed) % WORKERS;

	if (have_ended(&workers[i], 1))
		return 0;
	if (rand_r(seed) % 4) {
		kill(workers[i], SIGUSR1);
		return 0;
	}
	stop(ledger, workers[i], i);
	workers[i] = start(ledger, names, i);
	return 1;
}

/* What is left when nobody receives any more. */
static void drain(struct ledger *ledger, int box)
{
	struct slot slot;

	while (mt_recv(box, &slot, sizeof(slot), MBOX_DONTWAIT) >= 0)
		ledger->entries[slot.id].got++;
}

TEST_F_TIMEOUT(stress, every_message_once, 120)
{
	unsigned int id, lost = 0, twice = 0, ghosts = 0, killed = 0;
	struct ledger *ledger = self->ledger;
	struct mbox_stat stat;
	struct entry *entry;
	int i, n, status;

	for (i = 0; i < WORKERS; i++)
		self->workers[i] = start(ledger, self->names, i);
	while (!have_ended(self->workers, SENDERS)) {
		killed += disturb(ledger, self->workers, self->names,
				  &self->seed);
		mt_pause();
	}
	for (i = 0; i < WORKERS; i++) {
		/* with the senders the names go, which ends the others' wait */
		for (n = 0; i == SENDERS && n < BOXES; n++)
			EXPECT_EQ(0, mt_unlink(self->dev, self->names[n]));
		waitpid(self->workers[i], &status, 0);
		EXPECT_EQ(0, status);
	}
	for (i = 0; i < BOXES; i++) {
		drain(ledger, self->boxes[i]);
		stat = mt_stat_of(self->boxes[i]);
		EXPECT_EQ(stat.sent, stat.received);
		EXPECT_EQ(0, stat.msgs + stat.held + stat.bytes +
			     stat.waiting_receivers + stat.waiting_senders);
		EXPECT_EQ(1, stat.endpoints);
	}
	for (id = 1; id <= ledger->last; id++) {
		entry = &ledger->entries[id];
		lost += entry->sent && !entry->got && !entry->torn;
		twice += entry->got > 1;
		ghosts += entry->got && !entry->tried;
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, ghosts);
	EXPECT_EQ(0, ledger->bad);
	TH_LOG("%u messages, %u kills", ledger->last, killed);
}

TEST_HARNESS_MAIN
