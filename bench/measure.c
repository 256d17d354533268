// SPDX-License-Identifier: GPL-2.0
/*
 * Repetitions, of which the median counts, and the processes that cases need.
 *
 * All transports take turns at a case, so that what else happens in the guest,
 * or on a host with two CPUs at work, hits none of them alone.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench.h"
#include "profile/mark.h"

#define REPETITIONS	5
#define NR_TRANSPORTS	9
/* A repetition takes about so long: instructions, or with two CPUs time. */
#define REPETITION	6000000ul
#define REPETITION_2	60000000ul
/* So far apart may they be, in parts of one; and so often is that tried. */
#define MAX_SPREAD	0.01
#define TRIES		3
/* Turns of a loop to find out how long one takes. */
#define TRIAL		16
#define HEADROOM	64

static const struct transport *const transports[NR_TRANSPORTS] = {
	&mbox_transport, &pipe_transport, &stream_transport,
	&seqpacket_transport, &dgram_transport, &posix_transport,
	&sysv_transport, &futex_transport, &floor_transport,
};

/* For a profile: the only transport, and how many turns its loop has, once. */
static const struct transport *only;
static unsigned long turns;

void measure_only(const char *transport, unsigned long n)
{
	for (int t = 0; t < NR_TRANSPORTS; t++)
		if (!strcmp(transports[t]->name, transport))
			only = transports[t];
	if (!only)
		die("there is no transport '%s'", transport);
	turns = n;
}

void *buffer_alloc(size_t size)
{
	char *p = aligned_alloc(4096, (HEADROOM + BATCH * size + 4095) & -4096);

	if (!p)
		die("out of memory");
	memset(p, 0x5a, HEADROOM + BATCH * size);
	return p + HEADROOM;
}

void buffer_free(void *buf)
{
	free((char *)buf - HEADROOM);
}

void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("out of memory");
	return p;
}

void shared_free(void *p, size_t size)
{
	munmap(p, size);
}

void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

pid_t start_process(int cpu, void (*fn)(void *data), void *data)
{
	pid_t pid;

	fflush(stdout);
	pid = must(fork());
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cpu >= 0)
		run_on(cpu);
	fn(data);
	_exit(0);
}

void stop_process(pid_t pid)
{
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
}

double time_loop(struct run *r, void (*loop)(void *data, unsigned long n),
		 void *data)
{
	unsigned long start, end, length = REPETITION;

	if (r->c->cpus > 1)
		length = REPETITION_2;
	if (turns)
		r->n = turns;
	if (!r->n) {
		loop(data, TRIAL);
		start = now();
		loop(data, TRIAL);
		r->n = 1 + length * TRIAL / (now() - start);
	}
	loop(data, 1 + r->n / 8);
	mark_begin();
	start = now();
	loop(data, r->n);
	end = now();
	mark_end();
	return (double)(end - start) / r->n;
}

static bool takes_part(const struct bench_case *c, const struct transport *t)
{
	if (only && t != only)
		return false;
	if (t == &floor_transport)
		return c->floor;
	if (c->only)
		return t == c->only;
	return (t->can & c->needs) == c->needs;
}

static unsigned int repetitions(const struct bench_case *c)
{
	if (turns)
		return 1;
	return c->repetitions ? c->repetitions : REPETITIONS;
}

unsigned int measure_steps(const struct bench_case *c)
{
	unsigned int count = 0;

	for (int i = 0; i < NR_TRANSPORTS; i++)
		count += takes_part(c, transports[i]);
	return count * repetitions(c);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The spread is that of the figures in the middle, in parts of one: what the
 * median could have been as well.
 */
static double median(double *figures, unsigned int nr, double *spread)
{
	double middle;

	qsort(figures, nr, sizeof(*figures), compare);
	middle = figures[nr / 2];
	*spread = 0;
	if (nr > 2 && middle > 0)
		*spread = (figures[nr - 2] - figures[1]) / middle;
	return middle;
}

/**
 * struct figures - what a transport has shown in a case
 * @r: the run
 * @figure: of each repetition
 * @more: likewise, of the second figure
 * @median: of the first
 * @spread: of the first
 */
struct figures {
	struct run r;
	double figure[REPETITIONS], more[REPETITIONS];
	double median, spread;
};

static void tell(const struct bench_case *c, struct figures *f)
{
	const char *unit = c->unit;
	double figure, spread;

	if (!unit)
		unit = c->cpus > 1 ? "ns" : "instructions";
	tell_figure(c, f->r.t, c->name, unit, f->median, f->spread);
	if (!c->more_name)
		return;
	figure = median(f->more, repetitions(c), &spread);
	tell_figure(c, f->r.t, c->more_name, c->more_unit, figure, spread);
}

/* All repetitions of those transports of which no figure is good yet. */
static void repeat(const struct bench_case *c, struct figures *all,
		   const bool *pending)
{
	for (unsigned int i = 0; i < repetitions(c); i++) {
		for (int t = 0; t < NR_TRANSPORTS; t++) {
			struct figures *f = &all[t];

			if (!pending[t])
				continue;
			tell_progress(c, transports[t]);
			f->r.c = c;
			f->r.t = transports[t];
			f->figure[i] = c->once(&f->r);
			f->more[i] = f->r.more;
		}
	}
}

/*
 * Counted instructions repeat. Where they do not, something else went on, and
 * they are counted again, some times. Times of two CPUs are as they are.
 */
void measure(const struct bench_case *c)
{
	unsigned int nr = repetitions(c), tries = c->cpus > 1 ? 1 : TRIES;
	static struct figures all[NR_TRANSPORTS];
	bool pending[NR_TRANSPORTS];

	memset(all, 0, sizeof(all));
	for (int t = 0; t < NR_TRANSPORTS; t++)
		pending[t] = takes_part(c, transports[t]);
	while (tries--) {
		repeat(c, all, pending);
		for (int t = 0; t < NR_TRANSPORTS; t++) {
			struct figures *f = &all[t];

			if (!pending[t])
				continue;
			f->median = median(f->figure, nr, &f->spread);
			pending[t] = f->spread > MAX_SPREAD;
		}
	}
	for (int t = 0; t < NR_TRANSPORTS; t++)
		if (takes_part(c, transports[t]))
			tell(c, &all[t]);
}
