/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child that owns a mailbox, which is open here, too, and so can be looked
 * at. The fixture has dev, box, name and owner.
 */
#ifndef MBOX_TEST_OWNER_H
#define MBOX_TEST_OWNER_H

#include "mbox_test_task.h"

static inline bool ended(int box)
{
	return mt_stat_of(box).state & MBOX_STATE_ENDED;
}

static inline int create(int dev, const char *name)
{
	struct mbox_create attr = {
		.flags = MT_RW,
		.kind = MBOX_KIND_MAILBOX,
		.lifetime = MBOX_LIFE_PROCESS,
		.max_msgs = 3,
	};

	return mt_create(dev, name, &attr);
}

static inline int put(int box, char number)
{
	return mt_send(box, &number, 1, 0, MBOX_DONTWAIT);
}

/* The number of the next message, or -errno. */
static inline int take(int box)
{
	char number;
	int ret = mt_recv(box, &number, 1, MBOX_DONTWAIT);

	return ret < 0 ? ret : number;
}

/*
 * Fork a child that creates the mailbox and then does @act with it. It exits
 * at the latest when the socket is closed on our side.
 */
#define OWNER(act) do {							\
	if (!mt_fork(&self->owner, NULL)) {				\
		int box = create(self->dev, self->name);		\
									\
		mt_tell(self->owner.sock, box < 0 ? box : 1);		\
		mt_hear(self->owner.sock);				\
		act(self->owner.sock, box);				\
		_exit(0);						\
	}								\
	ASSERT_EQ(1, mt_hear(self->owner.sock));			\
	self->box = mt_open(self->dev, self->name, MT_RW);		\
	ASSERT_LE(0, self->box);					\
	ASSERT_FALSE(ended(self->box));					\
	mt_tell(self->owner.sock, 1);					\
} while (0)

/* Let the child go on, and wait until it has done its next step. */
#define STEP() do {							\
	mt_tell(self->owner.sock, 1);					\
	ASSERT_EQ(2, mt_hear(self->owner.sock));			\
} while (0)

/* The other side of STEP: to be told to do a step, and that it is done. */
static inline bool next(int sock)
{
	return mt_hear(sock) == 1;
}

static inline void done(int sock)
{
	mt_tell(sock, 2);
}

#endif /* MBOX_TEST_OWNER_H */
