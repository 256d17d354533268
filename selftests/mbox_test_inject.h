/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Have commands fail at each place where they can: see inject_test.c.
 */
#ifndef MBOX_TEST_INJECT_H
#define MBOX_TEST_INJECT_H

#include "mbox_test_util.h"

#define DEBUGFS "/sys/kernel/debug/"

#define NOT_ABLE "this kernel has no fault injection"

static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

/* Get ready for failures; false if this kernel cannot have them. */
static inline bool inject_init(void)
{
	if (access(DEBUGFS "failslab", F_OK))
		return false;
	/* also where it may sleep; and without a report each time */
	if (!write_text(DEBUGFS "failslab/ignore-gfp-wait", "N"))
		abort();
	write_text(DEBUGFS "failslab/verbose", "0");
	write_text(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_text(DEBUGFS "fail_page_alloc/verbose", "0");
	write_text(DEBUGFS "fail_usercopy/verbose", "0");
	return true;
}

/**
 * struct walk - runs of one command, each of which fails one step later
 * @dev: device
 * @box: the mailbox in which nothing may change
 * @fail_nth: the calling task's file of that name
 * @nth: where the run fails
 * @hit: it came to that
 * @harmless: it did, but the run did not fail: what the kernel does beside the
 *	command, now and then, counts as well
 * @again: this is the second run that fails there
 * @before: what was so before
 * @nomem: runs that failed for want of memory
 * @fault: runs that failed to get at the caller's memory
 * @wrong: runs that failed otherwise, or left traces
 */
struct walk {
	int dev;
	int box;
	int fail_nth;
	int nth;
	bool hit;
	bool harmless;
	bool again;
	struct mt_state before;
	int nomem;
	int fault;
	int wrong;
};

#define WALK_END 300

static inline void walk_start(struct walk *walk, int dev, int box)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth",
		 mt_gettid());
	*walk = (struct walk){ .dev = dev, .box = box };
	walk->fail_nth = open(path, O_RDWR | O_CLOEXEC);
	if (walk->fail_nth < 0)
		abort();
}

static inline bool walk_next(struct walk *walk)
{
	if (walk->nth && !walk->hit)
		return false;
	/* What would have failed there has yet to. */
	walk->again = walk->harmless && !walk->again;
	if (!walk->again)
		walk->nth++;
	return walk->nth < WALK_END;
}

static inline void walk_arm(struct walk *walk)
{
	char text[16];

	walk->before = mt_state_of(walk->dev, walk->box, 0);
	snprintf(text, sizeof(text), "%d", walk->nth);
	if (pwrite(walk->fail_nth, text, strlen(text), 0) < 0)
		abort();
}

/*
 * How many steps were left, and no more of them. That is counted while it is
 * read and written, too, and may fail there: then the command was not hit.
 */
static inline int walk_disarm(struct walk *walk)
{
	char text[16] = "";
	int left = 1;

	if (pread(walk->fail_nth, text, sizeof(text) - 1, 0) > 0)
		left = atoi(text);
	pwrite(walk->fail_nth, "0", 1, 0);
	walk->hit = !left;
	return left;
}

static inline int walk_check(struct walk *walk, int ret)
{
	bool right = true;

	walk_disarm(walk);
	walk->harmless = walk->hit && ret >= 0;
	if (ret == -ENOMEM && walk->hit)
		walk->nomem++;
	else if (ret == -EFAULT && walk->hit)
		walk->fault++;
	else if (ret < 0)
		right = false;

	if (ret < 0 &&
	    !mt_state_is(walk->dev, walk->box, 0, &walk->before))
		right = false;
	if (!right) {
		fprintf(stderr, "# failure %d: result %d, hit %d\n", walk->nth,
			ret, walk->hit);
		walk->wrong++;
	}
	return ret;
}

/* Run @command, which fails at the walk's step; its result. */
#define INJECT(w, command) ({						\
	struct walk *__walk = (w);					\
									\
	walk_arm(__walk);						\
	walk_check(__walk, command);					\
})

/* At least so many allocations have failed, or nothing was tested. */
static inline void walk_end(struct __test_metadata *_metadata,
			    struct walk *walk, int least)
{
	EXPECT_EQ(0, walk->wrong);
	EXPECT_LE(least, walk->nomem);
	EXPECT_GT(WALK_END, walk->nth);
	close(walk->fail_nth);
}

#endif /* MBOX_TEST_INJECT_H */
