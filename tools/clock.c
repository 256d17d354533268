// SPDX-License-Identifier: GPL-2.0
/* Time, and how much of it is left. */
#include <time.h>

#include "mboxctl.h"

#define SECOND	1000000000

__u64 time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (__u64)SECOND + now.tv_nsec;
}

struct timespec *time_left(__u64 deadline, struct timespec *left)
{
	__u64 now;

	if (!deadline)
		return NULL;
	now = time_now();
	deadline = deadline > now ? deadline - now : 0;
	left->tv_sec = deadline / SECOND;
	left->tv_nsec = deadline % SECOND;
	return left;
}
