// SPDX-License-Identifier: GPL-2.0
/*
 * Leases, calls and replies fail at each place where they can, as the other
 * commands do in inject_test.c. Nothing may be lost by that, nor be sent or
 * answered twice.
 */
#include "mbox_test_call.h"
#include "mbox_test_inject.h"

/* What is shorter is copied in words, which never fail but for the caller. */
#define LEN	200

static const char text[LEN] = "yes";

FIXTURE(inject) {
	bool able;
	int dev;
	int box;
	int answers;	/* where replies to asynchronous calls go */
};

FIXTURE_SETUP(inject)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->box = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->box);
	self->answers = mt_mailbox(self->dev, NULL, MT_RW);
	ASSERT_LE(0, self->answers);
	/* what a user draws for a mailbox at first use is drawn now */
	ASSERT_EQ(0, mt_send(self->box, "first", 5, 0, 0));
	ASSERT_EQ(1, mt_purge(self->box));
	ASSERT_EQ(0, mt_send(self->answers, "first", 5, 0, 0));
	ASSERT_EQ(1, mt_purge(self->answers));
	self->able = inject_init();
}

FIXTURE_TEARDOWN(inject)
{
	MT_TEARDOWN(self->dev);
}

TEST_F(inject, lease)
{
	char data[LEN];
	struct walk walk;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	ASSERT_EQ(0, mt_send(self->box, text, LEN, 0, 0));
	walk_start(&walk, self->dev, self->box);
	while (walk_next(&walk)) {
		struct mbox_recv msg = {
			.flags = MBOX_DONTWAIT,
			.buf = (uintptr_t)data,
			.buf_size = sizeof(data),
		};

		if (INJECT(&walk, mt_leasemsg(self->box, &msg)))
			continue;
		/* and that it was not received is no delivery */
		EXPECT_EQ(0, msg.deliveries);
		EXPECT_EQ(0, mt_ack(self->box, msg.token));
		ASSERT_EQ(0, mt_send(self->box, text, LEN, 0, 0));
	}
	walk_end(_metadata, &walk, 0);
	EXPECT_EQ(0, walk.nomem);
	EXPECT_LT(0, walk.fault);
}

/* Neither needs memory. */
TEST_F(inject, what_is_held)
{
	int way;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (way = 0; way < 4; way++) {
		struct walk walk;

		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			__s64 token;
			int ret = -1;

			mt_purge(self->box);
			ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));
			token = mt_lease(self->box);
			ASSERT_LT(0, token);
			walk_arm(&walk);
			switch (way) {
			case 0:
				ret = mt_ack(self->box, token);
				break;
			case 1:
				ret = mt_nack(self->box, token, 0);
				break;
			case 2:
				ret = mt_nack(self->box, token, 1000);
				break;
			case 3:
				ret = mt_held(self->box, token);
				break;
			}
			walk_check(&walk, ret);
			if (ret || way == 3)
				ASSERT_EQ(0, mt_ack(self->box, token));
			ASSERT_TRUE(MT_UNTIL(!mt_stat_of(self->box).held));
		}
		walk_end(_metadata, &walk, 0);
		EXPECT_EQ(0, walk.nomem);
	}
}

/* Threads fail on their own: the server does not. */
static int serve(struct mt_task *task)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)task->data,
		.buf_size = sizeof(task->data),
		.reply_buf = (uintptr_t)text,
	};
	int ret;

	while (!(ret = mt_recvmsg(task->fd, &msg))) {
		if (!msg.token)
			return 0;
		msg.reply_token = msg.token;
		msg.reply_len = LEN;
	}
	return ret;
}

/* Either it was not sent, or its reply can still be fetched. */
TEST_F(inject, call)
{
	struct mt_task server = { .fd = self->box };
	unsigned int calls = 0, resumed = 0, room;
	static char reply[80000];
	struct walk walk;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	ASSERT_TRUE(mt_task_blocks(&server, serve));
	/* what a reply may take makes a call large, too */
	for (room = LEN; room <= sizeof(reply); room *= 400) {
		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			struct mbox_call call = {
				.buf = (uintptr_t)"question",
				.len = 8,
				.reply_buf = (uintptr_t)reply,
				.reply_size = room,
			};
			int ret;

			memset(reply, 0, sizeof(reply));
			ASSERT_TRUE(mt_task_settle(&server));
			walk_arm(&walk);
			ret = mt_callmsg(self->box, &call);
			walk_disarm(&walk);
			if (ret == -EFAULT && walk.hit && call.id) {
				resumed++;
				ret = mt_callmsg(self->box, &call);
			}
			if (ret == LEN) {
				calls++;
				EXPECT_STREQ("yes", reply);
			} else {
				EXPECT_TRUE(walk.hit);
				EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT);
				EXPECT_EQ(0, call.id);
				walk.nomem += ret == -ENOMEM;
			}
			EXPECT_EQ(calls + 1, mt_stat_of(self->box).sent);
			EXPECT_EQ(calls, mt_stat_of(self->box).received);
		}
		/* a large one has a second way to get its memory */
		walk_end(_metadata, &walk, room < 4096 ? 1 : 0);
	}
	EXPECT_LT(0, resumed);
	EXPECT_EQ(0, mt_send(self->box, "", 0, 0, 0));
	EXPECT_EQ(0, mt_task_end(&server));
}

/* The room for its reply is not taken by a call that is not sent. */
TEST_F(inject, asynchronous_call)
{
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.reply_fd = self->answers,
		.reply_size = 100,
	};
	struct walk walk;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	walk_start(&walk, self->dev, self->box);
	while (walk_next(&walk)) {
		int ret = INJECT(&walk, mt_sendmsg(self->box, &send));

		EXPECT_EQ(!ret, mt_stat_of(self->answers).held);
		EXPECT_EQ(!ret, mt_purge(self->box));
		EXPECT_EQ(!ret, mt_purge(self->answers));
	}
	walk_end(_metadata, &walk, 2);
}

/* Needs no memory; where it fails, the call can be answered again. */
TEST_F(inject, reply)
{
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.reply_fd = self->answers,
		.reply_size = 100,
	};
	struct walk walk;
	int first;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	for (first = 0; first < 2; first++) {
		walk_start(&walk, self->dev, self->box);
		while (walk_next(&walk)) {
			struct mbox_recv msg = {
				.flags = MBOX_DONTWAIT,
				.reply_buf = (uintptr_t)"reply",
				.reply_len = 6,
			};
			__s64 token;
			int ret;

			ASSERT_EQ(0, mt_sendmsg(self->box, &send));
			token = mt_lease(self->box);
			ASSERT_LT(0, token);
			msg.reply_token = token;
			walk_arm(&walk);
			ret = first ? mt_recvmsg(self->box, &msg) :
			      mt_reply(self->box, token, "reply", 6, 0);
			walk_disarm(&walk);
			if (ret == -EFAULT && mt_held(self->box, token) > 0) {
				EXPECT_EQ(0, mt_stat_of(self->answers).msgs);
				EXPECT_EQ(0, mt_reply(self->box, token, "reply",
						      6, 0));
				ret = 0;
			} else if (first) {
				/* given, and there was nothing to receive */
				EXPECT_TRUE(ret == -EAGAIN || ret == -EFAULT);
				ret = 0;
			}
			EXPECT_EQ(0, ret);
			EXPECT_EQ(0, mt_stat_of(self->box).held);
			EXPECT_EQ(1, mt_stat_of(self->answers).msgs);
			EXPECT_EQ(6, mt_stat_of(self->answers).bytes);
			EXPECT_EQ(1, mt_purge(self->answers));
		}
		walk_end(_metadata, &walk, 0);
	}
}

/* No letter is lost for want of memory without being counted. */
TEST_F(inject, dead_letter)
{
	struct mbox_create attr = {
		.flags = MT_RW | MBOX_CREATE_DEAD_LETTER,
		.kind = MBOX_KIND_MAILBOX,
		.max_deliveries = 1,
		.dead_letter = self->answers,
	};
	struct walk walk;
	int box;

	if (!self->able)
		SKIP(return, NOT_ABLE);
	box = mt_create(self->dev, NULL, &attr);
	ASSERT_LE(0, box);
	walk_start(&walk, self->dev, box);
	while (walk_next(&walk)) {
		struct mbox_stat before = mt_stat_of(box), after;
		__s64 token;
		int ret;

		ASSERT_EQ(0, mt_send(box, "tired", 5, 0, 0));
		token = mt_lease(box);
		walk_arm(&walk);
		ret = mt_nack(box, token, 0);
		walk_disarm(&walk);
		if (ret) {
			EXPECT_EQ(-EFAULT, ret);
			EXPECT_EQ(0, mt_nack(box, token, 0));
		}
		after = mt_stat_of(box);
		EXPECT_EQ(before.dead + 1, after.dead);
		EXPECT_EQ(0, after.held);
		EXPECT_EQ(after.dropped > before.dropped ? 0 : 1,
			  mt_purge(self->answers));
		walk.nomem += after.dropped > before.dropped;
	}
	walk_end(_metadata, &walk, 1);
}

TEST_HARNESS_MAIN
