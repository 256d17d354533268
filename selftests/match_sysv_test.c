// SPDX-License-Identifier: GPL-2.0
/*
 * Selection by type is that of Linux's System V queues: the same messages,
 * received in the same way, come from both in the same order.
 */
#include <sys/ipc.h>
#include <sys/msg.h>

#include "mbox_test_match.h"

#define STEPS	4000

FIXTURE(sysv) {
	int dev;
	int box;
	int id;
	unsigned int seed;
};

FIXTURE_SETUP(sysv)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_sized(self->dev, NULL, STEPS, 64, 0);
	ASSERT_LE(0, self->box);
	self->id = msgget(IPC_PRIVATE, 0600);
	self->seed = 1;
}

FIXTURE_TEARDOWN(sysv)
{
	if (self->id >= 0)
		msgctl(self->id, IPC_RMID, NULL);
	MT_TEARDOWN(self->dev);
}

/* A message of there, whose text is here as long as the longest. */
struct sysv {
	long type;
	char text[64];
};

static int errno_of_here(int error)
{
	return error == ENOMSG ? -EAGAIN : error == E2BIG ? -EMSGSIZE : -error;
}

static int sysv_send(int id, int number, long type)
{
	struct sysv msg = { .type = type };

	memcpy(msg.text, &number, sizeof(number));
	return msgsnd(id, &msg, sizeof(number), IPC_NOWAIT) ? -errno : 0;
}

/* Receive what @match stands for there: the number, or the errno of here. */
static int sysv_recv(int id, const struct mbox_match *match, size_t size)
{
	bool except = match->what & MBOX_MATCH_TYPE_NOT;
	bool max = match->what & MBOX_MATCH_TYPE_MAX;
	struct sysv msg = {};
	int number, ret;

	ret = msgrcv(id, &msg, size, max ? -match->type : match->type,
		     IPC_NOWAIT | (except ? MSG_EXCEPT : 0));
	if (ret < 0)
		return errno_of_here(errno);
	memcpy(&number, msg.text, sizeof(number));
	return number;
}

static struct mbox_match draw_match(unsigned int *seed, int types)
{
	int type = 1 + rand_r(seed) % types;

	switch (rand_r(seed) % 4) {
	case 0:
		return mt_type(type);
	case 1:
		return mt_type_max(type);
	case 2:
		return mt_type_not(type);
	default:
		return mt_any();
	}
}

/* Receive from both; a buffer that is too small leaves the message in both. */
static bool same_comes(int id, int box, const struct mbox_match *match,
		       bool small)
{
	struct mbox_recv msg = { .flags = MBOX_DONTWAIT, .match = *match };
	int theirs = sysv_recv(id, match, small ? 0 : sizeof(int));
	int ours = small ? mt_recvmsg(box, &msg) : mt_recv_number(box, &msg);

	return ours == theirs;
}

TEST_F(sysv, types_are_selected_as_there)
{
	static const int types[] = { 2, 6, 300 };
	struct mbox_match match;
	int i, n, type;

	if (self->id < 0)
		SKIP(return, "no System V IPC");
	for (n = 0; n < ARRAY_SIZE(types); n++) {
		for (i = 0; i < STEPS / 3; i++) {
			if (rand_r(&self->seed) % 8 < (i / 200 % 2 ? 3 : 6)) {
				type = 1 + rand_r(&self->seed) % types[n];
				ASSERT_EQ(0, sysv_send(self->id, i, type));
				ASSERT_EQ(0, mt_send_number(self->box, i, type,
							    0));
				continue;
			}
			match = draw_match(&self->seed, types[n]);
			ASSERT_TRUE(same_comes(self->id, self->box, &match,
					       !(rand_r(&self->seed) % 8))) {
				TH_LOG("step %d, %u %lld", i, match.what,
				       match.type);
			}
		}
		match = mt_type_max(INT32_MAX);
		while (mt_stat_of(self->box).msgs)
			ASSERT_TRUE(same_comes(self->id, self->box, &match,
					       false));
		EXPECT_TRUE(same_comes(self->id, self->box, &match, false));
	}
}

/* MSG_NOERROR: as much as fits, and the message is gone; we tell how long. */
TEST_F(sysv, truncated_as_there)
{
	static const char text[] = "as much of this as fits";
	struct sysv theirs = { .type = 1 };
	char ours[sizeof(theirs.text)];
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT | MBOX_TRUNCATE,
		.buf = (uintptr_t)ours,
	};
	size_t size;

	if (self->id < 0)
		SKIP(return, "no System V IPC");
	for (size = 0; size < sizeof(ours); size++) {
		memcpy(theirs.text, text, sizeof(text));
		ASSERT_EQ(0, msgsnd(self->id, &theirs, sizeof(text), 0));
		ASSERT_EQ(0, mt_send(self->box, text, sizeof(text), 0, 0));
		memset(theirs.text, '-', sizeof(theirs.text));
		memset(ours, '-', sizeof(ours));
		msg.buf_size = size;
		EXPECT_LE(0, msgrcv(self->id, &theirs, size, 0, MSG_NOERROR));
		EXPECT_EQ(0, mt_recvmsg(self->box, &msg));
		EXPECT_EQ(0, memcmp(theirs.text, ours, sizeof(ours)));
		EXPECT_EQ(sizeof(text), msg.len);
	}
	EXPECT_EQ(0, mt_stat_of(self->box).msgs);
}

TEST_HARNESS_MAIN
