/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals that tell of a mailbox: they are blocked, and fetched one by one. Who
 * sends a message has sent its signals when the send returns.
 */
#ifndef MBOX_TEST_SIGNAL_H
#define MBOX_TEST_SIGNAL_H

#include "mbox_test_io.h"

/* Signals of their own, which queue up. */
#define MT_SIG		(SIGRTMIN + 1)
#define MT_SIG_B	(SIGRTMIN + 2)
#define MT_SIG_C	(SIGRTMIN + 3)

static inline sigset_t mt_sig_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, MT_SIG);
	sigaddset(&set, MT_SIG_B);
	sigaddset(&set, MT_SIG_C);
	return set;
}

/* For a FIXTURE_SETUP: threads and children block them too. */
static inline void mt_sig_block(void)
{
	sigset_t set = mt_sig_set();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

static inline int mt_sig_fetch(siginfo_t *info, time_t seconds)
{
	sigset_t set = mt_sig_set();
	struct timespec ts = { .tv_sec = seconds };
	int sig;

	do {
		sig = sigtimedwait(&set, info, &ts);
	} while (sig < 0 && errno == EINTR);
	return sig < 0 ? 0 : sig;
}

/* The next signal, or 0 if there is none now. */
static inline int mt_sig_next(void)
{
	siginfo_t info;

	return mt_sig_fetch(&info, 0);
}

/* The same, once there is one. */
static inline int mt_sig_wait(void)
{
	siginfo_t info;

	return mt_sig_fetch(&info, 20);
}

/* Is the next signal this one, and does it tell that @fd is ready so? */
static inline bool mt_sig_is(int sig, int fd, int code)
{
	siginfo_t info;

	return mt_sig_fetch(&info, 0) == sig && info.si_fd == fd &&
	       info.si_code == code &&
	       (code != POLL_IN || info.si_band & POLLIN) &&
	       (code != POLL_OUT || info.si_band & POLLOUT);
}

/* Have @sig sent to this process whenever @fd gets ready. */
static inline bool mt_sig_async(int fd, int sig)
{
	int flags = fcntl(fd, F_GETFL);

	return !fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETSIG, sig) &&
	       !fcntl(fd, F_SETFL, flags | O_ASYNC);
}

static inline int mt_notify_flags(int fd, __u32 flags)
{
	struct mbox_notify arg = { .size = sizeof(arg), .flags = flags };

	return mt_ioctl(fd, MBOX_IOC_NOTIFY, &arg);
}

/* Ask for @sig once. */
static inline int mt_notify(int fd, int sig)
{
	if (fcntl(fd, F_SETSIG, sig))
		return -errno;
	return mt_notify_flags(fd, 0);
}

static inline int mt_notify_off(int fd)
{
	return mt_notify_flags(fd, MBOX_NOTIFY_OFF);
}

static inline bool mt_is_async(int fd)
{
	return fcntl(fd, F_GETFL) & O_ASYNC;
}

#endif /* MBOX_TEST_SIGNAL_H */
