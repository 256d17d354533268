// SPDX-License-Identifier: GPL-2.0
/*
 * What a queued message costs the kernel: at most 192 bytes of slab for 64
 * bytes of data. Kernels that pad what they allocate, to find mistakes, cannot
 * be asked.
 */
#include "../kselftest_harness.h"
#include "mbox_test_slab.h"
#include "mbox_test_util.h"

#define MESSAGES	10000
#define DATA		64

FIXTURE(memory) {
	int dev;
	int box;
};

FIXTURE_SETUP(memory)
{
	self->dev = mt_device();
	ASSERT_GE(self->dev, 0);
	self->box = mt_sized(self->dev, NULL, MESSAGES, DATA, MESSAGES * DATA);
	ASSERT_GE(self->box, 0);
}

FIXTURE_TEARDOWN(memory)
{
	close(self->box);
	MT_TEARDOWN(self->dev);
}

TEST_F(memory, a_queued_message)
{
	char data[DATA] = { };
	unsigned long before, after;
	int i;

	/* What comes with the first message is not each message's. */
	ASSERT_EQ(0, mt_send(self->box, data, sizeof(data), 0, 0));
	before = mt_slab_bytes();
	if (!before)
		SKIP(return, "this kernel does not tell what slabs hold");

	for (i = 1; i < MESSAGES; i++)
		ASSERT_EQ(0, mt_send(self->box, data, sizeof(data), 0, 0));
	after = mt_slab_bytes();

	/*
	 * Others allocate meanwhile: a twentieth is theirs. The next size of
	 * the allocator, 256, would show.
	 */
	EXPECT_LE(after - before, MESSAGES * 192ul * 21 / 20);
	TH_LOG("%lu bytes of slab a message", (after - before) / MESSAGES);
}

TEST_HARNESS_MAIN
