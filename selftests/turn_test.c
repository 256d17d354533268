// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn it is: receivers in the order in which they came, senders by
 * priority and then in that order, and nobody is woken before his turn.
 */
#include "mbox_test_task.h"

#define MANY	50

FIXTURE(turn) {
	int dev;
	int box;
	struct mt_task task[MANY];
	long switches[MANY];
};

FIXTURE_SETUP(turn)
{
	int i;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	/* ten messages, or a hundred bytes */
	self->box = mt_sized(self->dev, NULL, 10, 100, 100);
	ASSERT_LE(0, self->box);
	for (i = 0; i < MANY; i++) {
		self->task[i].fd = self->box;
		self->task[i].data[0] = i;
	}
	catch_signals();
}

FIXTURE_TEARDOWN(turn)
{
	MT_TEARDOWN(self->dev);
}
