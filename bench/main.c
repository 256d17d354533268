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
 */
#include <termios.h>

#include "bench.h"

static const struct bench_case *const all_cases[] = {
	pass_cases, select_cases, many_cases, memory_cases, cpus_cases,
};

#define for_each_case(c) \
	for (size_t i_ = 0; i_ < sizeof(all_cases) / sizeof(all_cases[0]); i_++) \
		for (const struct bench_case *c = all_cases[i_]; c->group; c++)

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
	for_each_case(c)
		printf("%s %s %s-%zu %u\n", c->group, c->name, c->name, c->size,
		       c->cpus ? c->cpus : 1);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int cpus;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 3)
		errx(2, "usage: mbox-bench list | mbox-bench CPUS CGROUP [CASE...]");
	cpus = atoi(argv[1]);
	cgroup = argv[2];
	limits_raise();
	for_each_case(c)
		if ((c->cpus ? c->cpus : 1) == cpus && is_named(c, argv + 3))
			nr_steps += measure_steps(c);
	for_each_case(c)
		if ((c->cpus ? c->cpus : 1) == cpus && is_named(c, argv + 3))
			measure(c);
	return 0;
}
