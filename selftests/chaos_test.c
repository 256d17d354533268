// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: threads that share descriptors do anything to a few
 * names, and are killed at any point. Nothing may fail in a way that it should
 * not, counters must agree with each other at any time, and nothing may stay.
 *
 * MBOX_STRESS multiplies how much is done.
 */
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "mbox_test_task.h"

#define WORKERS		4
#define THREADS		3
#define NAMES		4
#define DESCRIPTORS	8
#define STEPS		2000
#define LARGEST		9000

FIXTURE(chaos) {
	int dev;
	int steps;
	char *names[NAMES];
	unsigned int *trouble;
};

/* What a thread works with; the descriptors are for all of its process. */
struct hand {
	pthread_t thread;
	int dev;
	int steps;
	char **names;
	int *fds;
	unsigned int *trouble;
	unsigned int seed;
	unsigned char data[LARGEST];
};

FIXTURE_SETUP(chaos)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->steps = STEPS * atoi(getenv("MBOX_STRESS") ?: "1");
	self->trouble = mmap(NULL, sizeof(*self->trouble),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->trouble);
	for (i = 0; i < NAMES; i++)
		self->names[i] = mt_name("chaos");
}

FIXTURE_TEARDOWN(chaos)
{
	MT_TEARDOWN(self->dev);
}

static unsigned int draw(struct hand *hand, unsigned int n)
{
	return rand_r(&hand->seed) % n;
}

static void complain(struct hand *hand, const char *what, long ret)
{
	__atomic_add_fetch(hand->trouble, 1, __ATOMIC_RELAXED);
	fprintf(stderr, "# %s: %ld\n", what, ret);
}

/* Anything may have happened to the descriptor and to the object. */
static void check(struct hand *hand, const char *what, int ret)
{
	switch (ret) {
	case -EAGAIN: case -ETIMEDOUT: case -EPIPE: case -ENOENT: case -EEXIST:
	case -EACCES: case -EBADF: case -EINVAL: case -EMSGSIZE: case -EFAULT:
	case -ENOTTY:
		return;
	}
	if (ret < 0)
		complain(hand, what, ret);
}

static int *pick(struct hand *hand)
{
	return &hand->fds[draw(hand, DESCRIPTORS)];
}

/* Have @fd instead of one of the descriptors. */
static void keep(struct hand *hand, const char *what, int fd)
{
	check(hand, what, fd);
	if (fd < 0)
		return;
	fd = __atomic_exchange_n(pick(hand), fd, __ATOMIC_RELAXED);
	if (fd >= 0)
		close(fd);
}

static __u64 soon(struct hand *hand)
{
	return mt_now(CLOCK_MONOTONIC) + 1 + draw(hand, 500000);
}

static void do_create(struct hand *hand)
{
	struct mbox_create attr = {
		.flags = draw(hand, 4) | MBOX_O_NONBLOCK * !draw(hand, 3),
		.lifetime = draw(hand, 4),
	};

	if (draw(hand, 3)) {
		attr.kind = MBOX_KIND_MAILBOX;
		attr.max_msgs = 1 + draw(hand, 6);
		attr.msg_size = LARGEST;
	} else {
		attr.kind = MBOX_KIND_REGION;
		attr.region_size = 1 + draw(hand, 20000);
	}
	keep(hand, "create", mt_create(hand->dev,
				       attr.lifetime == MBOX_LIFE_ANONYMOUS ?
				       NULL : hand->names[draw(hand, NAMES)],
				       &attr));
}

static void do_open(struct hand *hand)
{
	unsigned int flags = draw(hand, 4);

	if (draw(hand, 2))
		keep(hand, "open", mt_open(hand->dev,
					   hand->names[draw(hand, NAMES)],
					   flags));
	else
		keep(hand, "open", mt_open_fd(hand->dev, *pick(hand), flags));
}

static void do_close(struct hand *hand)
{
	close(__atomic_exchange_n(pick(hand), -1, __ATOMIC_RELAXED));
}

static void do_unlink(struct hand *hand)
{
	check(hand, "unlink", mt_unlink(hand->dev,
					hand->names[draw(hand, NAMES)]));
}

static void do_send(struct hand *hand)
{
	struct mbox_send msg = {
		.flags = MBOX_DONTWAIT * !draw(hand, 2),
		.buf = draw(hand, 20) ? (uintptr_t)hand->data : 8,
		.len = draw(hand, 10) ? draw(hand, 300) : draw(hand, LARGEST),
		.priority = draw(hand, 3),
		.deadline = soon(hand),
	};

	memset(hand->data, msg.len, msg.len);
	check(hand, "send", mt_sendmsg(*pick(hand), &msg));
}

static void do_recv(struct hand *hand)
{
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT * !draw(hand, 2),
		.buf = draw(hand, 20) ? (uintptr_t)hand->data : 8,
		.buf_size = draw(hand, 10) ? LARGEST : draw(hand, 100),
		.deadline = soon(hand),
	};
	int ret = mt_recvmsg(*pick(hand), &msg);
	__u32 i;

	check(hand, "receive", ret);
	for (i = 0; !ret && i < msg.len; i++)
		if (hand->data[i] != (unsigned char)msg.len)
			return complain(hand, "data", i);
}

static void do_stat(struct hand *hand)
{
	struct mbox_stat stat;
	int ret = mt_stat(*pick(hand), &stat);

	check(hand, "stat", ret);
	if (ret || stat.kind != MBOX_KIND_MAILBOX)
		return;
	if (stat.sent != stat.received + stat.purged + stat.msgs + stat.held)
		complain(hand, "messages do not add up", stat.msgs);
	if (!stat.msgs && !stat.held && stat.bytes)
		complain(hand, "bytes without messages", stat.bytes);
	if (stat.msgs && stat.waiting_receivers)
		complain(hand, "receivers wait", stat.waiting_receivers);
	if (!stat.msgs && !stat.held && stat.waiting_senders)
		complain(hand, "senders wait", stat.waiting_senders);
	if (stat.bytes > stat.max_bytes)
		complain(hand, "too much", stat.bytes);
}

static void do_list(struct hand *hand)
{
	struct mbox_stat stat = { .size = sizeof(stat) };
	__u64 last = 0;

	while (!mt_ioctl(hand->dev, MBOX_IOC_LIST, &stat)) {
		if (stat.id <= last)
			return complain(hand, "list", stat.id);
		last = stat.id;
	}
}

/* Not below what it may hold: so that it never holds too much. */
static void do_set(struct hand *hand)
{
	struct mbox_set set = {
		.flags = MBOX_SET_MODE | MBOX_SET_MAX_MSGS,
		.mode = 0600 | draw(hand, 7),
		.max_msgs = 1 + draw(hand, 10),
	};

	check(hand, "set", mt_set(*pick(hand), &set));
}

static void do_map(struct hand *hand)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			 *pick(hand), 0);

	if (map == MAP_FAILED)
		return;
	map[draw(hand, 4096)]++;
	munmap(map, 4096);
}

static void do_poll(struct hand *hand)
{
	struct pollfd poll_two[] = {
		{ .fd = *pick(hand), .events = POLLIN },
		{ .fd = *pick(hand), .events = POLLOUT },
	};

	check(hand, "poll", poll(poll_two, 2, draw(hand, 2)));
}

static void *do_all(void *arg)
{
	struct hand *hand = arg;

	while (hand->steps--) {
		switch (draw(hand, 40)) {
		case 0 ... 2:
			do_create(hand);
			break;
		case 3 ... 5:
			do_open(hand);
			break;
		case 6:
			do_close(hand);
			break;
		case 7:
			do_unlink(hand);
			break;
		case 8:
			check(hand, "purge", mt_purge(*pick(hand)));
			break;
		case 9:
			do_list(hand);
			break;
		case 10:
			do_set(hand);
			break;
		case 11:
			do_map(hand);
			break;
		case 12:
			do_poll(hand);
			break;
		case 13 ... 14:
			do_stat(hand);
			break;
		case 15 ... 27:
			do_send(hand);
			break;
		default:
			do_recv(hand);
		}
	}
	return NULL;
}

static void work(char **names, unsigned int *trouble, int steps)
{
	static struct hand hands[THREADS];
	int fds[DESCRIPTORS];
	int i;

	memset(fds, -1, sizeof(fds));
	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){
			.dev = mt_device(),
			.steps = steps,
			.names = names,
			.fds = fds,
			.trouble = trouble,
			.seed = getpid() * THREADS + i,
		};
		pthread_create(&hands[i].thread, NULL, do_all, &hands[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(hands[i].thread, NULL);
	_exit(0);
}

static pid_t start(char **names, unsigned int *trouble, int steps)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(names, trouble, steps);
	return 0;
}

TEST_F_TIMEOUT(chaos, leaves_nothing, 120)
{
	pid_t workers[WORKERS], victim;
	unsigned int seed = 1;
	int i, status;

	for (i = 0; i < WORKERS; i++)
		workers[i] = start(self->names, self->trouble, self->steps);
	/* as long as these do their work, others do not come to their end */
	for (;;) {
		victim = start(self->names, self->trouble, self->steps);
		for (i = rand_r(&seed) % 10; i; i--)
			mt_pause();
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
		if (waitpid(workers[0], &status, WNOHANG) == workers[0])
			break;
	}
	EXPECT_EQ(0, status);
	for (i = 1; i < WORKERS; i++) {
		waitpid(workers[i], &status, 0);
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, *self->trouble);
	for (i = 0; i < NAMES; i++)
		mt_unlink(self->dev, self->names[i]);
}

TEST_HARNESS_MAIN
