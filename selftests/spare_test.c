// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that messages have had is used again: nothing of one is to be seen in
 * another, and it never comes to be another memory cgroup's.
 *
 * MBOX_STRESS multiplies the number of messages.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "mbox_test_call.h"
#include "mbox_test_child.h"
#include "mbox_test_slab.h"
#include "mbox_test_util.h"

#define CGROUP	"/sys/fs/cgroup"

FIXTURE(spare) {
	int dev;
	int box;
};

FIXTURE_SETUP(spare)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, 1000, 4096, 4096 * 1000);
	ASSERT_LE(0, self->box);
}

FIXTURE_TEARDOWN(spare)
{
	MT_TEARDOWN(self->dev);
}

/* All sizes around those that are kept, and where data comes to be apart. */
TEST_F(spare, nothing_of_one_is_in_another)
{
	static const int sizes[] = { 1, 7, 8, 33, 63, 64, 65, 127, 128, 129, 383,
				     384, 385, 3967, 3968, 3969, 4096 };
	char out[4096], in[4096 + 1];
	int a, b, round;

	for (round = 0; round < 2; round++)
		for (a = 0; a < (int)ARRAY_SIZE(sizes); a++)
			for (b = 0; b < (int)ARRAY_SIZE(sizes); b++) {
				int len = sizes[round ? a : b];

				memset(out, 'A' + b, len);
				memset(in, '-', sizeof(in));
				ASSERT_EQ(0, mt_send(self->box, out, len, b, 0));
				ASSERT_EQ(len, mt_recv(self->box, in,
						       sizeof(in), 0));
				ASSERT_EQ(0, memcmp(in, out, len));
				ASSERT_EQ('-', in[len]);
			}
}

/* Nor is what became of one told of another. */
TEST_F(spare, of_what_became_of_one)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT };
	struct mbox_send call = { .flags = MBOX_ASYNC, .reply_size = 8 };
	int back = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_LE(0, back);
	ASSERT_EQ(0, mt_send(self->box, NULL, 0, 0, 0));
	ASSERT_EQ(0, mt_nack(self->box, mt_lease(self->box), 0));
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(1U, msg.deliveries);
	ASSERT_EQ(0, mt_send(self->box, NULL, 0, 0, 0));
	ASSERT_EQ(0, mt_recvmsg(self->box, &msg));
	EXPECT_EQ(0U, msg.deliveries);

	call.reply_fd = back;
	ASSERT_EQ(0, mt_sendmsg(self->box, &call));
	ASSERT_EQ(0, mt_reply(self->box, mt_lease(self->box), NULL, 0, -2));
	ASSERT_EQ(0, mt_recvmsg(back, &msg));
	EXPECT_EQ(-2, msg.status);
	ASSERT_EQ(0, mt_sendmsg(self->box, &call));
	ASSERT_EQ(1, mt_purge(self->box));
	ASSERT_EQ(0, mt_recvmsg(back, &msg));
	EXPECT_EQ(ECANCELED, msg.error);
	EXPECT_EQ(0, msg.status);
}

/* ---- many at once -------------------------------------------------------------------- */

struct crowd {
	int box;
	int count;
	int received;
	int bad;
};

static void *crowd_send(void *arg)
{
	struct crowd *all = arg;
	__u64 data[16];
	int i, n;

	for (i = 0; i < all->count; i++) {
		struct mbox_send send = {
			.buf = (uintptr_t)data,
			.len = 8 * (1 + i % 16),
			.type = 1000LL * i + mt_gettid(),
		};

		for (n = 0; n < 16; n++)
			data[n] = send.type;
		if (mt_sendmsg(all->box, &send))
			__atomic_fetch_add(&all->bad, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *crowd_receive(void *arg)
{
	struct crowd *all = arg;
	__u64 data[16];
	int i;

	for (i = 0; i < all->count; i++) {
		struct mbox_recv recv = {
			.buf = (uintptr_t)data,
			.buf_size = sizeof(data),
		};
		unsigned int n;

		if (mt_recvmsg(all->box, &recv) || recv.len % 8 || !recv.len)
			__atomic_fetch_add(&all->bad, 1, __ATOMIC_RELAXED);
		for (n = 0; n < recv.len / 8; n++)
			if (data[n] != (__u64)recv.type)
				__atomic_fetch_add(&all->bad, 1,
						   __ATOMIC_RELAXED);
		__atomic_fetch_add(&all->received, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(spare, of_many_at_once, 120)
{
	struct crowd all = {
		.box = self->box,
		.count = 2000 * atoi(getenv("MBOX_STRESS") ?: "1"),
	};
	pthread_t threads[6];
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    i % 2 ? crowd_send : crowd_receive,
					    &all));
	for (i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(3 * all.count, all.received);
	EXPECT_EQ(0, all.bad);
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
}

/* ---- how much ------------------------------------------------------------------------- */

#define BOXES	300

/* A few are kept of however many, and none when the mailbox has gone. */
TEST_F(spare, is_bounded_and_goes_with_its_mailbox)
{
	unsigned long before, after;
	int boxes[BOXES], i, n;
	char buf[64] = {};

	before = mt_slab_bytes();
	if (!before)
		SKIP(return, "this kernel does not tell what slabs hold");
	for (i = 0; i < BOXES; i++) {
		boxes[i] = mt_sized(self->dev, NULL, 200, 64, 0);
		ASSERT_LE(0, boxes[i]);
		for (n = 0; n < 200; n++)
			ASSERT_EQ(0, mt_send(boxes[i], buf, 64, 0, 0));
		for (n = 0; n < 200; n++)
			ASSERT_EQ(64, mt_recv(boxes[i], buf, 64, 0));
	}
	/* 32 of 192 bytes, and no more than 1 KiB for who has sent */
	after = mt_slab_bytes();
	EXPECT_GE(BOXES * (32ul * 192 + 1024) * 21 / 20, after - before);
	TH_LOG("%lu bytes a mailbox", (after - before) / BOXES);
	for (i = 0; i < BOXES; i++)
		close(boxes[i]);
	/* what is closed last may take a moment */
	EXPECT_TRUE(MT_UNTIL(mt_slab_bytes() < before + BOXES * 512ul));
}

/* ---- memory cgroups ------------------------------------------------------------------ */

#define EACH	32

static int cgroup_write(const char *name, const char *file, const char *text)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), CGROUP "/%s/%s", name, file);
	fd = open(path, O_WRONLY);
	ret = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long cgroup_memory(const char *name)
{
	char path[128];
	long bytes = -1;
	FILE *file;

	snprintf(path, sizeof(path), CGROUP "/%s/memory.current", name);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%ld", &bytes) != 1)
			bytes = -1;
		fclose(file);
	}
	return bytes;
}

/* In the cgroup @name, send 64 bytes @EACH times to each box. */
static void send_from(struct __test_metadata *_metadata, const char *name,
		      const int *boxes, bool receive)
{
	struct mt_child child;
	char data[64] = {};
	int i, n;

	if (!mt_fork(&child, NULL)) {
		ASSERT_EQ(0, cgroup_write(name, "cgroup.procs", "0"));
		for (i = 0; i < BOXES; i++) {
			for (n = 0; n < EACH; n++)
				ASSERT_EQ(0, mt_send(boxes[i], data, 64, 0, 0));
			for (n = 0; n < EACH && receive; n++)
				ASSERT_EQ(64, mt_recv(boxes[i], data, 64, 0));
		}
		MT_CHILD_EXIT();
	}
	EXPECT_EQ(0, mt_child_end(&child));
}

/*
 * What is charged is told in steps of some hundred KiB, so there is to be a lot.
 * Who sends last is charged for what then is queued, though there is memory left
 * of what another had sent.
 */
TEST_F(spare, stays_in_its_cgroup)
{
	const long all = BOXES * EACH * 192;
	int boxes[BOXES], i;
	long mem;

	mkdir(CGROUP "/mbox-a", 0700);
	mkdir(CGROUP "/mbox-b", 0700);
	if (cgroup_memory("mbox-a") < 0)
		SKIP(return, "there are no memory cgroups");
	for (i = 0; i < BOXES; i++) {
		boxes[i] = mt_sized(self->dev, NULL, EACH, 64, 0);
		ASSERT_LE(0, boxes[i]);
	}
	send_from(_metadata, "mbox-a", boxes, true);
	mem = cgroup_memory("mbox-b");
	send_from(_metadata, "mbox-b", boxes, false);
	mem = cgroup_memory("mbox-b") - mem;
	EXPECT_LT(all / 2, mem);
	TH_LOG("%ld KiB of messages, %ld KiB charged", all / 1024, mem / 1024);

	for (i = 0; i < BOXES; i++)
		close(boxes[i]);
	rmdir(CGROUP "/mbox-a");
	rmdir(CGROUP "/mbox-b");
}

TEST_HARNESS_MAIN
