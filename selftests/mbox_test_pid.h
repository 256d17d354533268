/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Process ids that are used again.
 */
#ifndef MBOX_TEST_PID_H
#define MBOX_TEST_PID_H

#include <linux/sched.h>

#include "mbox_test_child.h"

/*
 * Fork a child with the process id of one that has ended, in @child, which must
 * have been waited for. Returns the id, or 0 in the child; -errno if it is not
 * to be had. Otherwise as mt_fork().
 */
static inline pid_t mt_fork_again(struct mt_child *child)
{
	pid_t pid = child->pid;
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	int pair[2];

	fflush(NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	child->pid = syscall(__NR_clone3, &args, sizeof(args));
	if (child->pid < 0)
		child->pid = -errno;
	child->sock = pair[!child->pid];
	close(pair[!!child->pid]);
	if (!child->pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child->pid;
}

#endif /* MBOX_TEST_PID_H */
