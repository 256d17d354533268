/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that is not there until it is decided what becomes of it: who sends
 * from it or receives into it is kept in the middle of that.
 */
#ifndef MBOX_TEST_SLOW_H
#define MBOX_TEST_SLOW_H

#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "mbox_test_task.h"

struct mt_slow {
	char *page;
	size_t size;
	int uffd;
};

static inline bool mt_slow_init(struct mt_slow *slow)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	slow->size = sysconf(_SC_PAGESIZE);
	slow->page = mmap(NULL, slow->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slow->uffd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = (uintptr_t)slow->page;
	reg.range.len = slow->size;
	return slow->uffd >= 0 && !ioctl(slow->uffd, UFFDIO_API, &api) &&
	       !ioctl(slow->uffd, UFFDIO_REGISTER, &reg);
}

/* Wait until somebody waits for the page. */
static inline bool mt_slow_is_wanted(struct mt_slow *slow)
{
	struct pollfd poll_uffd = { .fd = slow->uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&poll_uffd, 1, 20000) == 1 &&
	       read(slow->uffd, &msg, sizeof(msg)) == sizeof(msg);
}

static inline void mt_slow_give(struct mt_slow *slow)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)slow->page, .len = slow->size },
	};

	ioctl(slow->uffd, UFFDIO_ZEROPAGE, &zero);
}

static inline void mt_slow_refuse(struct mt_slow *slow)
{
	struct uffdio_range range = {
		.start = (uintptr_t)slow->page,
		.len = slow->size,
	};

	munmap(slow->page, slow->size);
	ioctl(slow->uffd, UFFDIO_WAKE, &range);
}

#endif /* MBOX_TEST_SLOW_H */
