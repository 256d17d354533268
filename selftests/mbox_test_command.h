/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every command with valid data for it, and a state in which it succeeds.
 */
#ifndef MBOX_TEST_COMMAND_H
#define MBOX_TEST_COMMAND_H

#include "mbox_test_call.h"

enum on { ON_DEVICE, ON_OBJECT, ON_MAILBOX };

struct rig;

struct command {
	unsigned long nr;
	__u32 size;
	enum on on;
	__u32 flags;
	bool opens;
	bool writes;
	/* makes valid data, and a state in which the command succeeds */
	void (*fill)(struct rig *rig, void *arg);
};

/* The struct of the command lies in two pages; the next has no access. */
struct rig {
	const struct command *command;
	int dev;
	int box;
	int region;
	int victim;
	int answers;
	__u64 token;
	struct mt_task server;
	struct mt_caller caller;
	char *pages;
	size_t page;
};

static void fill_create(struct rig *rig, void *arg)
{
	struct mbox_create *create = arg;

	(void)rig;
	create->flags = MT_RW;
	create->kind = MBOX_KIND_MAILBOX;
}

static void fill_open(struct rig *rig, void *arg)
{
	struct mbox_open *open = arg;

	open->flags = MBOX_O_READ;
	open->target = mt_by_fd(rig->box);
}

static void fill_unlink(struct rig *rig, void *arg)
{
	struct mbox_unlink *unlink = arg;

	if (!(mt_stat_of(rig->victim).state & MBOX_STATE_LINKED)) {
		close(rig->victim);
		rig->victim = mt_mailbox(rig->dev, mt_name("victim"), MT_RW);
	}
	unlink->target = mt_by_id(mt_stat_of(rig->victim).id);
}

static void fill_nothing(struct rig *rig, void *arg)
{
	(void)rig;
	(void)arg;
}

static void fill_set(struct rig *rig, void *arg)
{
	struct mbox_set *set = arg;

	(void)rig;
	set->flags = MBOX_SET_MODE;
	set->mode = 0640;
}

static void fill_send(struct rig *rig, void *arg)
{
	struct mbox_send *send = arg;

	mt_purge(rig->box);
	send->flags = MBOX_DONTWAIT;
	send->buf = (uintptr_t)rig->pages;
	send->len = 1;
}

static void fill_recv(struct rig *rig, void *arg)
{
	static char data[16];
	struct mbox_recv *recv = arg;

	if (!mt_stat_of(rig->box).msgs)
		mt_send(rig->box, "hello", 5, 0, MBOX_DONTWAIT);
	recv->flags = MBOX_DONTWAIT;
	recv->buf = (uintptr_t)data;
	recv->buf_size = sizeof(data);
}

static void fill_send_batch(struct rig *rig, void *arg)
{
	static struct mbox_send_item item;
	struct mbox_send_batch *batch = arg;

	mt_purge(rig->box);
	item.buf = (uintptr_t)rig->pages;
	item.len = 1;
	batch->flags = MBOX_DONTWAIT;
	batch->items = (uintptr_t)&item;
	batch->nr = 1;
}

static void fill_recv_batch(struct rig *rig, void *arg)
{
	static char data[16];
	static struct mbox_recv_item item;
	struct mbox_recv_batch *batch = arg;

	if (!mt_stat_of(rig->box).msgs)
		mt_send(rig->box, "hello", 5, 0, MBOX_DONTWAIT);
	item.buf = (uintptr_t)data;
	item.buf_size = sizeof(data);
	batch->flags = MBOX_DONTWAIT;
	batch->items = (uintptr_t)&item;
	batch->nr = 1;
}

static void fill_filter(struct rig *rig, void *arg)
{
	struct mbox_filter *filter = arg;

	(void)rig;
	filter->match.what = MBOX_MATCH_TYPE;
	filter->match.type = 7;
}

/* No message comes while it is asked for, nor shall one end the test. */
static void fill_notify(struct rig *rig, void *arg)
{
	(void)rig;
	(void)arg;
	signal(SIGIO, SIG_IGN);
}

/* Have the box hold a message, or a call whose reply goes elsewhere. */
static __u64 hold(struct rig *rig, bool call)
{
	struct mbox_send send = {
		.flags = MBOX_ASYNC,
		.reply_fd = rig->answers,
	};

	if (rig->token && mt_held(rig->box, rig->token) >= 0)
		return rig->token;
	mt_purge(rig->answers);
	if (call && !mt_stat_of(rig->box).msgs)
		mt_sendmsg(rig->box, &send);
	else if (!mt_stat_of(rig->box).msgs)
		mt_send(rig->box, "hello", 5, 0, MBOX_DONTWAIT);
	rig->token = mt_lease(rig->box);
	return rig->token;
}

static void fill_ack(struct rig *rig, void *arg)
{
	((struct mbox_ack *)arg)->token = hold(rig, false);
}

static void fill_nack(struct rig *rig, void *arg)
{
	((struct mbox_nack *)arg)->token = hold(rig, false);
}

static void fill_held(struct rig *rig, void *arg)
{
	((struct mbox_held *)arg)->token = hold(rig, false);
}

static void fill_reply(struct rig *rig, void *arg)
{
	((struct mbox_reply *)arg)->token = hold(rig, true);
}

/* A server until an empty message comes. */
static int serve(struct mt_task *task)
{
	struct mbox_recv msg = {
		.buf = (uintptr_t)task->data,
		.buf_size = sizeof(task->data),
	};
	int ret;

	while (!(ret = mt_recvmsg(task->fd, &msg)) && msg.len)
		msg.reply_token = msg.token;
	return ret;
}

static void fill_call(struct rig *rig, void *arg)
{
	struct mbox_call *call = arg;

	if (!rig->server.fd) {
		rig->server.fd = rig->box;
		mt_task_start(&rig->server, serve);
	}
	mt_task_settle(&rig->server);
	call->buf = (uintptr_t)rig->pages;
	call->len = 1;
}

static void end_caller(struct rig *rig)
{
	if (!rig->caller.task.fd)
		return;
	mt_cancel(rig->box, rig->caller.call.id);
	mt_caller_end(&rig->caller);
	rig->caller = (struct mt_caller){};
}

/* A call that nobody takes. */
static void fill_cancel(struct rig *rig, void *arg)
{
	struct mbox_cancel *cancel = arg;

	if (!mt_stat_of(rig->box).msgs) {
		end_caller(rig);
		mt_caller_blocks(&rig->caller, rig->box, "?");
	}
	cancel->id = rig->caller.call.id;
}

/* What an entry of the table of commands is made of. */
#define COMMAND(number, type, kind, filler, ...) ((struct command){	\
	.nr = number,							\
	.size = sizeof(struct type),					\
	.on = kind,							\
	.fill = filler,							\
	__VA_ARGS__							\
})

#endif /* MBOX_TEST_COMMAND_H */
