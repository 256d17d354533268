// SPDX-License-Identifier: GPL-2.0
/*
 * Selection compared with a plain model of it: random messages of several
 * senders, received in every way by random matches, must come as from a list
 * that is looked through.
 *
 * MBOX_STRESS multiplies the number of steps.
 */
#include "mbox_test_batch.h"
#include "mbox_test_match.h"

#define SENDERS		4	/* the test itself and its children */
#define STEPS		3000
#define LIVE		4096	/* messages at a time, at most */

/* A message that has been sent and is not gone. */
struct message {
	int number;		/* from 0; what the mailbox counts is one more */
	__s64 type;
	unsigned int priority;
	int sender;
	unsigned int deliveries;
	__u64 token;		/* 0 if it is queued */
};

/* What kind of messages there are. */
struct kind {
	__s64 lowest;		/* of the types */
	unsigned int types;
	__u64 step;		/* from one to the next */
	unsigned int priorities;
	unsigned int early;	/* messages before anything is received */
};

struct model {
	const struct kind *kind;
	int box;
	int filtered;		/* another endpoint, and its filter */
	struct mbox_match filter;
	struct mt_child sender[SENDERS];
	pid_t pid[SENDERS];
	bool ended[SENDERS];
	unsigned int seed;
	int sent;
	unsigned int nr;
	struct message live[LIVE];	/* in no order */
};

FIXTURE(model) {
	int dev;
	struct model model;
};

FIXTURE_VARIANT(model) {
	struct kind kind;
};

FIXTURE_VARIANT_ADD(model, few_types) {
	.kind = { .lowest = -1, .types = 3, .step = 1, .priorities = 2 },
};

FIXTURE_VARIANT_ADD(model, many_types) {
	.kind = { .lowest = -5, .types = 100, .step = 1, .priorities = 5 },
};

FIXTURE_VARIANT_ADD(model, any_number) {
	.kind = {
		.lowest = INT64_MIN,
		.types = 16,
		.step = 0x1111111111111111ULL,
		.priorities = MBOX_PRIORITY_MAX + 1,
	},
};

FIXTURE_VARIANT_ADD(model, one_priority) {
	.kind = { .lowest = 1, .types = 6, .step = 1, .priorities = 1 },
};

/* All there is has to be indexed when the first one asks. */
FIXTURE_VARIANT_ADD(model, late) {
	.kind = { .types = 20, .step = 7, .priorities = 3, .early = 3000 },
};

FIXTURE_SETUP(model)
{
	struct model *m = &self->model;
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	m->kind = &variant->kind;
	m->seed = variant->kind.types;
	m->box = mt_sized(self->dev, NULL, LIVE, sizeof(int),
			  LIVE * sizeof(int));
	ASSERT_LE(0, m->box);
	m->filtered = mt_open_fd(self->dev, m->box, MBOX_O_READ);
	ASSERT_LE(0, m->filtered);
	m->pid[0] = getpid();
	for (i = 1; i < SENDERS; i++) {
		mt_sender_fork(&m->sender[i]);
		m->pid[i] = m->sender[i].pid;
	}
}

FIXTURE_TEARDOWN(model)
{
	struct model *m = &self->model;
	int i;

	for (i = 1; i < SENDERS; i++)
		if (!m->ended[i])
			EXPECT_EQ(0, mt_sender_end(&m->sender[i]));
	MT_TEARDOWN(self->dev);
}

/* ---- the model ----------------------------------------------------------------- */

static bool matches(const struct mbox_match *match, const pid_t *pid,
		    const struct message *msg)
{
	if (match->what & MBOX_MATCH_TYPE && msg->type != match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_MAX && msg->type > match->type)
		return false;
	if (match->what & MBOX_MATCH_TYPE_NOT && msg->type == match->type)
		return false;
	if (match->what & MBOX_MATCH_PID && pid[msg->sender] != match->pid)
		return false;
	return !(match->what & MBOX_MATCH_PRIORITY) ||
	       msg->priority >= match->priority;
}

/* Is @a received before @b, where both match? */
static bool precedes(const struct mbox_match *match, const struct message *a,
		     const struct message *b)
{
	if (match->what & MBOX_MATCH_TYPE_MAX && a->type != b->type)
		return a->type < b->type;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->number < b->number;
}

/* The message that is to come; NULL for none. */
static struct message *next_of(struct model *m, const struct mbox_match *match)
{
	struct message *msg, *best = NULL;

	for (msg = m->live; msg < m->live + m->nr; msg++)
		if (!msg->token && matches(match, m->pid, msg) &&
		    (!best || precedes(match, msg, best)))
			best = msg;
	return best;
}

static void forget(struct model *m, struct message *msg)
{
	*msg = m->live[--m->nr];
}

/* How many are queued, or held, of a sender or of all (-1). */
static unsigned int count_of(const struct model *m, bool held, int sender)
{
	const struct message *msg;
	unsigned int n = 0;

	for (msg = m->live; msg < m->live + m->nr; msg++)
		n += !!msg->token == held &&
		     (sender < 0 || msg->sender == sender);
	return n;
}

/* ---- random steps ---------------------------------------------------------------- */

static unsigned int draw(struct model *m, unsigned int n)
{
	return rand_r(&m->seed) % n;
}

static __s64 draw_type(struct model *m)
{
	return m->kind->lowest + draw(m, m->kind->types) * m->kind->step;
}

static struct mbox_match draw_match(struct model *m)
{
	__s64 type = draw_type(m);
	struct mbox_match match = mt_any();

	switch (draw(m, 4)) {
	case 1:
		match = mt_type(type);
		break;
	case 2:
		match = mt_type_max(type);
		break;
	case 3:
		match = mt_type_not(type);
		break;
	}
	if (!draw(m, 3))
		match = mt_both(match, mt_from(m->pid[draw(m, SENDERS)]));
	if (!draw(m, 3))
		match = mt_both(match, mt_above(draw(m, m->kind->priorities)));
	return match;
}

/* One of those that are held; NULL if there is none. */
static struct message *draw_held(struct model *m)
{
	struct message *msg, *one = NULL;
	unsigned int n = 0;

	for (msg = m->live; msg < m->live + m->nr; msg++)
		if (msg->token && !draw(m, ++n))
			one = msg;
	return one;
}

static bool do_send(struct model *m)
{
	struct message *msg = &m->live[m->nr++];
	int by;

	do {
		by = draw(m, SENDERS);
	} while (m->ended[by]);
	*msg = (struct message){
		.number = m->sent++,
		.type = draw_type(m),
		.priority = draw(m, m->kind->priorities),
		.sender = by,
	};
	return !mt_send_from(by ? &m->sender[by] : NULL, m->box, msg->number,
			     msg->type, msg->priority);
}

/* Is @ret what comes where nothing matches? */
static bool is_nothing(const struct model *m, const struct mbox_match *match,
		       int ret)
{
	int i;

	for (i = 0; i < SENDERS; i++) {
		if (!(match->what & MBOX_MATCH_PID) || !m->ended[i] ||
		    m->pid[i] != match->pid)
			continue;
		/* one who is gone is known by his messages */
		if (!count_of(m, false, i) && !count_of(m, true, i))
			return ret == -ESRCH;
		if (!count_of(m, false, i))
			return ret == -ESRCH || ret == -EAGAIN;
	}
	return ret == -EAGAIN;
}

static bool is_message(const struct model *m, const struct message *want,
		       int number, const struct mbox_recv *msg)
{
	return number == want->number && msg->seq == want->number + 1 &&
	       msg->type == want->type && msg->priority == want->priority &&
	       msg->pid == m->pid[want->sender] &&
	       msg->deliveries == want->deliveries && !msg->missed;
}

/* Receive so, by @match or, if that is NULL, by the filter. */
static bool do_recv(struct model *m, const struct mbox_match *match,
		    unsigned int flags)
{
	struct message *want = next_of(m, match ?: &m->filter);
	struct mbox_recv msg = {
		.flags = flags | MBOX_DONTWAIT,
		.match = match ? *match : mt_any(),
	};
	int number = mt_recv_number(match ? m->box : m->filtered, &msg);

	if (!want)
		return match ? is_nothing(m, match, number) :
			       number == -EAGAIN;
	if (!is_message(m, want, number, &msg))
		return false;
	if (flags & MBOX_LEASE)
		want->token = msg.token;
	else if (!(flags & MBOX_PEEK))
		forget(m, want);
	return true;
}

/* A receive that must fail, because of its size or of its buffer. */
static bool do_fail(struct model *m, const struct mbox_match *match)
{
	struct message *want = next_of(m, match);
	bool small = draw(m, 2);
	struct mbox_recv msg = {
		.flags = MBOX_DONTWAIT,
		.buf_size = small ? 3 : 4,
		.match = *match,
	};
	int ret = mt_recvmsg(m->box, &msg);

	if (!want)
		return is_nothing(m, match, ret);
	return small ? ret == -EMSGSIZE && msg.len == 4 : ret == -EFAULT;
}

static bool do_batch(struct model *m, const struct mbox_match *match)
{
	struct mbox_recv_batch batch = {
		.flags = MBOX_DONTWAIT,
		.match = *match,
	};
	struct mbox_recv_item item[5] = {};
	int nr = 1 + draw(m, 5), number[5], ret, i;
	struct message *want;

	for (i = 0; i < nr; i++) {
		item[i].buf = (uintptr_t)&number[i];
		item[i].buf_size = sizeof(number[i]);
	}
	ret = mt_recv_batchmsg(m->box, &batch, item, nr);
	for (i = 0; i < nr && (want = next_of(m, match)); i++) {
		if (i >= ret || number[i] != want->number ||
		    item[i].type != want->type ||
		    item[i].seq != want->number + 1)
			return false;
		forget(m, want);
	}
	if (!i)
		return is_nothing(m, match, ret);
	return ret == i && (i == nr ? !batch.error :
			    batch.error == EAGAIN ||
			    is_nothing(m, match, -batch.error));
}

/* Let one go that is held, for good or back to its place. */
static bool do_release(struct model *m)
{
	struct message *msg = draw_held(m);
	__u64 token = msg ? msg->token : 0;

	if (!msg)
		return true;
	if (draw(m, 3)) {
		msg->token = 0;
		msg->deliveries++;
		return !mt_nack(m->box, token, 0);
	}
	forget(m, msg);
	return !mt_ack(m->box, token);
}

static bool do_filter(struct model *m, const struct mbox_match *match)
{
	int ret = mt_filter(m->filtered, *match);

	if (ret)
		return ret == -ESRCH && is_nothing(m, match, ret);
	m->filter = *match;
	return true;
}

static bool do_poll(struct model *m)
{
	struct pollfd pollfd = { .fd = m->filtered, .events = POLLIN };

	return poll(&pollfd, 1, 0) == !!next_of(m, &m->filter);
}

static bool do_purge(struct model *m)
{
	unsigned int i = m->nr, n = count_of(m, false, -1);

	while (i--)
		if (!m->live[i].token)
			forget(m, &m->live[i]);
	return mt_purge(m->box) == n;
}

static bool do_stat(struct model *m)
{
	struct mbox_stat stat = mt_stat_of(m->box);

	return stat.msgs == count_of(m, false, -1) &&
	       stat.held == count_of(m, true, -1) && stat.sent == m->sent;
}

/* Anything but a send. */
static bool do_other(struct model *m)
{
	struct mbox_match match = draw_match(m);

	switch (draw(m, 16)) {
	case 0:
		return do_recv(m, NULL, 0) && do_poll(m);
	case 1:
		return do_filter(m, &match) && do_poll(m);
	case 2: case 3:
		return do_recv(m, &match, MBOX_PEEK);
	case 4: case 5:
		return do_recv(m, &match, MBOX_LEASE);
	case 6: case 7:
		return do_release(m);
	case 8:
		return do_fail(m, &match) && do_stat(m);
	case 9:
		return do_batch(m, &match);
	case 10:
		return draw(m, 30) || do_purge(m);
	default:
		return do_recv(m, &match, 0);
	}
}

/* In waves, so that there is much, little and nothing at times. */
static bool do_step(struct model *m, int step)
{
	unsigned int sends = step / 400 % 2 ? 3 : 6;

	if (m->nr < LIVE && draw(m, 8) < sends)
		return do_send(m);
	return do_other(m);
}

/* All that is left comes in order, by a match that holds for all. */
static bool drains(struct model *m)
{
	const struct mbox_match all = mt_type_max(INT64_MAX);

	while (count_of(m, true, -1))
		if (!do_release(m))
			return false;
	while (m->nr)
		if (!do_recv(m, &all, 0))
			return false;
	return do_stat(m) && do_recv(m, &all, 0);
}

TEST_F_TIMEOUT(model, everything_comes_as_from_a_list, 240)
{
	int steps = STEPS * atoi(getenv("MBOX_STRESS") ?: "1"), i;
	struct model *m = &self->model;

	while (m->sent < variant->kind.early)
		ASSERT_TRUE(do_send(m));
	for (i = 0; i < steps; i++) {
		ASSERT_TRUE(do_step(m, i)) {
			TH_LOG("step %d, message %d", i, m->sent);
		}
		if (i != steps / 2)
			continue;
		/* from now on there are messages of one that has ended */
		EXPECT_EQ(0, mt_sender_end(&m->sender[3]));
		m->ended[3] = true;
	}
	ASSERT_TRUE(drains(m));
}

TEST_HARNESS_MAIN
