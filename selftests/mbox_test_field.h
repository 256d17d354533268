/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Each field wrong alone, in data that is otherwise valid: what the field says
 * must be looked at, and nothing may have happened.
 */
#ifndef MBOX_TEST_FIELD_H
#define MBOX_TEST_FIELD_H

#include "mbox_test_call.h"

FIXTURE(field) {
	int dev;
	char *name;
	int box;
	int region;
	char *none;	/* an address without memory behind it */
	char *edge;	/* eight bytes before that */
};

FIXTURE_SETUP(field)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("box");
	self->box = mt_mailbox(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	self->region = mt_region(self->dev, NULL, MT_RW, 1);
	ASSERT_LE(0, self->region);
	ASSERT_EQ(0, mt_send(self->box, "queued", 6, 0, 0));

	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(pages != MAP_FAILED);
	ASSERT_EQ(0, munmap(pages + page, page));
	self->none = pages + page;
	self->edge = self->none - 8;
}

FIXTURE_TEARDOWN(field)
{
	mt_unlink_target(self->dev, mt_by_fd(self->box));
	MT_TEARDOWN(self->dev);
}

/* Bit patterns that are no user address in any program. */
#define KERNEL_HALF	0xffff800000000000ULL
#define LAST_BYTES	0xfffffffffffffff8ULL

/* @valid with one field changed, or two; fails with @error, changes nothing */
#define WRONG(error, cmd, fd, valid, ...) do {				\
	struct mt_state __before = mt_state_of(self->dev, self->box, 0); \
	__typeof__(valid) __arg = (valid), *arg = &__arg;		\
									\
	__VA_ARGS__;							\
	EXPECT_EQ(error, mt_ioctl(fd, cmd, arg)) {			\
		TH_LOG("with %s", #__VA_ARGS__);			\
	}								\
	EXPECT_TRUE(mt_state_is(self->dev, self->box, 0, &__before));	\
} while (0)

#endif /* MBOX_TEST_FIELD_H */
