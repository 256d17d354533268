// SPDX-License-Identifier: GPL-2.0
/*
 * The collector, which is the first process: waits for results and for the end
 * of its children at the same time, and shows how far things are.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "demo.h"

static int signals;

/* Signals come through a descriptor, to wait for them as for messages. */
void collector_init(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		die("signalfd: %m");
}

static unsigned int find(const struct demo *d, pid_t pid)
{
	for (unsigned int i = 0; i < NR_PROCESSES; i++)
		if (d->processes[i].pid == pid)
			return i;
	die("a message from process %d, which is a stranger", pid);
}

static void tally_add(struct tally *t, const struct result *r)
{
	t->pieces++;
	t->large += r->piece.large;
	t->bytes += r->piece.len;
	t->overtook += r->ahead > 0;
	t->overtaken += r->ahead < 0;
	t->queued += r->queued;
	t->no_room += r->piece.no_room;
}

/*
 * The kernel says who sent a message: here which worker it was, to the worker
 * which producer. It must be the producer that the file was left to.
 */
static void add_result(struct demo *d, unsigned int worker,
		       const struct result *r)
{
	struct file *f = &d->files[r->piece.file];
	unsigned int from = r->piece.file % NR_PRODUCERS;
	const struct process *producer = &d->processes[NR_WORKERS + from];

	if (r->producer != producer->pid || r->priority != producer->priority)
		die("%s: a piece from process %d with priority %u", f->name,
		    r->producer, r->priority);
	tally_add(&d->tally[worker][from], r);
	tally_add(&d->from[from], r);
	tally_add(&d->all, r);
	f->found.lines += r->counts.lines;
	f->found.words += r->counts.words;
	f->found.bytes += r->counts.bytes;
	if (r->piece.last) {
		strcpy(f->found.sha256, r->counts.sha256);
		f->worker = worker;
		f->is_complete = true;
		d->nr_complete++;
	}
}

static void take_results(struct demo *d)
{
	struct result r;
	struct mbox_recv msg = {
		.buf = (uintptr_t)&r,
		.buf_size = sizeof(r),
	};
	long len;

	while ((len = mbox_recvmsg(d->results_out, &msg)) >= 0) {
		if (len)
			add_result(d, find(d, msg.pid), &r);
		else
			d->nr_ready++;
	}
	/* Nothing is queued, and no process is left that could send. */
	d->ended = len == -EPIPE;
	if (len != -EPIPE && len != -EAGAIN)
		must(len);
}

/* A child that fails is the end of all: its part of the work is lost. */
static void reap(struct demo *d)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			die("stopped: %s", strsignal(info.ssi_signo));

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		d->nr_alive--;
		if (status)
			die("%s (process %d) is lost: %s",
			    d->processes[find(d, pid)].name, pid,
			    WIFEXITED(status) ? "it failed" :
			    strsignal(WTERMSIG(status)));
	}
}

/* In place on a terminal, a line now and then elsewhere. */
static void show_progress(const struct demo *d, bool last)
{
	static unsigned long next;
	bool tty = isatty(STDOUT_FILENO);
	unsigned long time = now();

	if (time < next && !last)
		return;
	next = time + (tty ? SECOND / 10 : 2 * SECOND);
	printf("%s%6.1f s: %lu pieces, %u of %u files, %.2f of %.2f MB%s",
	       tty ? "\r" : "", (time - d->start) / 1e9, d->all.pieces,
	       d->nr_complete, d->nr_files, d->all.bytes / 1e6, d->size / 1e6,
	       tty && !last ? "" : "\n");
	fflush(stdout);
}

/* Until the workers are ready, or until all processes have ended. */
void collector_run(struct demo *d, bool to_the_end)
{
	while (to_the_end ? !d->ended || d->nr_alive : d->nr_ready < NR_WORKERS) {
		struct pollfd fds[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = d->ended ? -1 : d->results_out, .events = POLLIN },
		};

		if (poll(fds, 2, PATIENCE / 1000000) == 0)
			die("nothing has happened for too long");
		if (fds[0].revents)
			reap(d);
		if (fds[1].revents)
			take_results(d);
		show_progress(d, false);
	}
	if (to_the_end)
		show_progress(d, true);
}
