// SPDX-License-Identifier: GPL-2.0
/*
 * usage: mbox-bench list
 *	  mbox-bench CPUS CGROUP [CASE...]
 *
 * Runs the cases that take so many CPUs, or of these the ones that are named by
 * group (roundtrip), name (priority-1) or name and size (roundtrip-64), and
 * calls the cgroup that it is in CGROUP. It writes lines for the host:
 *
 *	@ CGROUP STEP TOTAL CASE SIZE TRANSPORT
 *	= CGROUP,CASE,TRANSPORT,SIZE,FIGURE,UNIT,SPREAD
 *
 * SPREAD says how far the repetitions were apart, in percent.
 *
 * For profile/run, from the environment: BENCH_TRANSPORT is the only one that is
 * measured then, with BENCH_TURNS turns of the loop, once.
 */
#include <termios.h>

#include "bench.h"

static const struct bench_case *const all_cases[] = {
	pass_cases, select_cases, many_cases, memory_cases, cpus_cases,
};

/* In the order of the tables. */
static const struct bench_case *cases[64];
static unsigned int nr_cases;

static const char *cgroup;
static unsigned int step, nr_steps;

/* The line is out before something is measured, which it would disturb. */
void tell_progress(const struct bench_case *c, const struct transport *t)
{
	/* what is measured again is no further step */
	if (step < nr_steps)
		step++;
	printf("@ %s %u %u %s %zu %s\n", cgroup, step, nr_steps, c->name,
	       c->size, t->name);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

void tell_figure(const struct bench_case *c, const struct transport *t,
		 const char *name, const char *unit, double figure, double spread)
{
	printf("= %s,%s,%s,%zu,%.*f,%s,%.1f\n", cgroup, name, t->name, c->size,
	       figure < 100 ? 2 : 0, figure, unit, spread * 100);
	fflush(stdout);
}

static unsigned int cpus_of(const struct bench_case *c)
{
	return c->cpus ? c->cpus : 1;
}

static bool is_named(const struct bench_case *c, char **names)
{
	char full[64];

	if (!*names)
		return true;
	snprintf(full, sizeof(full), "%s-%zu", c->name, c->size);
	for (; *names; names++)
		if (!strcmp(*names, c->group) || !strcmp(*names, c->name) ||
		    !strcmp(*names, full))
			return true;
	return false;
}

/* GROUP NAME NAME-SIZE CPUS: what a case can be selected by, and needs */
static int list(void)
{
	for (unsigned int i = 0; i < nr_cases; i++) {
		const struct bench_case *c = cases[i];

		printf("%s %s %s-%zu %u\n", c->group, c->name, c->name, c->size,
		       cpus_of(c));
	}
	return 0;
}

/* Those for so many CPUs, or for any; of these, those that are named. */
static void select_cases_for(unsigned int cpus, char **names)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_cases); i++) {
		for (const struct bench_case *c = all_cases[i]; c->group; c++) {
			if (cpus && (cpus_of(c) != cpus || !is_named(c, names)))
				continue;
			if (nr_cases == ARRAY_SIZE(cases))
				die("too many cases");
			cases[nr_cases++] = c;
			nr_steps += measure_steps(c);
		}
	}
}

int main(int argc, char **argv)
{
	const char *transport = getenv("BENCH_TRANSPORT");
	const char *turns = getenv("BENCH_TURNS");

	if (argc == 2 && !strcmp(argv[1], "list")) {
		select_cases_for(0, NULL);
		return list();
	}
	/* It changes settings of the machine, and does not set them back. */
	if (getppid() != 1)
		errx(2, "only to be run in a guest, by its first process");
	if (argc < 3)
		errx(2, "usage: mbox-bench list | mbox-bench CPUS CGROUP [CASE...]");
	if (transport && turns)
		measure_only(transport, strtoul(turns, NULL, 0));
	select_cases_for(atoi(argv[1]), argv + 3);
	cgroup = argv[2];
	limits_raise();
	for (unsigned int i = 0; i < nr_cases; i++)
		measure(cases[i]);
	return 0;
}
