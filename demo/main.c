// SPDX-License-Identifier: GPL-2.0
/*
 * The demo from beginning to end: makes the objects, starts the processes, has
 * the results collected, reports, and leaves nothing behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "demo.h"

static struct demo demo = {
	.processes = {
		{ "worker 0" }, { "worker 1" }, { "worker 2" },
		[NR_WORKERS] = { "low", 0 }, { "normal", 10 }, { "high", 20 },
	},
};

/* Kernel-owned objects stay until somebody unlinks them. */
static void remove_names(void)
{
	if (getpid() != demo.pid)
		return;
	mbox_unlink(demo.dev, demo.region_name);
	mbox_unlink(demo.dev, demo.free_name);
}

static void name_objects(struct demo *d)
{
	d->pid = getpid();
	sprintf(d->region_name, "demo-%d.region", d->pid);
	sprintf(d->free_name, "demo-%d.free", d->pid);
	for (int i = 0; i < NR_WORKERS; i++)
		sprintf(d->inbox_name[i], "demo-%d.worker-%d", d->pid, i);
	atexit(remove_names);
}

/* A token for each slot goes into the mailbox: all are free. */
static void make_slots(struct demo *d)
{
	struct mbox_create attr = {
		.lifetime = MBOX_LIFE_KERNEL,
		.max_msgs = NR_SLOTS,
		.msg_size = sizeof(unsigned int),
	};
	int fd = must(mbox_region_create(d->dev, d->region_name,
					 MBOX_CREATE_EXCL, NR_SLOTS * SLOT_SIZE,
					 NULL));

	close(fd);
	d->free_slots = must(mbox_create(d->dev, d->free_name, MBOX_O_READ |
					 MBOX_O_WRITE | MBOX_O_NONBLOCK |
					 MBOX_CREATE_EXCL | MBOX_CREATE_FIXED,
					 &attr));
	for (unsigned int slot = 0; slot < NR_SLOTS; slot++)
		must(mbox_send(d->free_slots, &slot, sizeof(slot), 0));
}

/* Workers look at pieces and cannot change them. A mapping keeps the region. */
unsigned char *slots_map(const struct demo *d, bool to_write)
{
	int flags = MBOX_O_READ | (to_write ? MBOX_O_WRITE : 0);
	int prot = PROT_READ | (to_write ? PROT_WRITE : 0);
	int fd = must(mbox_open(d->dev, d->region_name, flags));
	void *map;

	must(mbox_region_map(fd, prot, &map, NULL));
	close(fd);
	return map;
}

/* Two ends, as of a pipe: who receives learns when all who send have gone. */
static void make_results(struct demo *d)
{
	struct mbox_create attr = {
		.max_msgs = 64,
		.msg_size = sizeof(struct result),
	};
	unsigned int read = MBOX_O_READ | MBOX_O_NONBLOCK;
	int fd = must(mbox_create(d->dev, NULL, read | MBOX_O_WRITE, &attr));

	d->results_in = must(mbox_open_fd(d->dev, fd, MBOX_O_WRITE));
	d->results_out = must(mbox_open_fd(d->dev, fd, read));
	close(fd);
}

static void start(struct demo *d, unsigned int nr)
{
	static char name[32];
	struct process *p = &d->processes[nr];

	fflush(stdout);
	p->pid = fork();
	if (p->pid < 0)
		die("cannot fork: %m");
	if (p->pid > 0) {
		d->nr_alive++;
		return;
	}
	/* However the first process ends, no other one stays. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "mbox-demo: %s", p->name);
	program_invocation_short_name = name;
	close(d->results_out);
	if (nr < NR_WORKERS)
		worker_run(d, nr);
	else
		producer_run(d, nr - NR_WORKERS);
	_exit(0);
}

/*
 * Producers inherit what sends to each worker. Its name has done its duty then:
 * without a name, and once no sender is left, no message can ever come. That is
 * how a worker learns that the work is done.
 */
static void start_producers(struct demo *d)
{
	for (int i = 0; i < NR_WORKERS; i++) {
		const char *name = d->inbox_name[i];

		d->inbox[i] = must(mbox_open(d->dev, name, MBOX_O_WRITE));
		d->inbox_stat[i] = must(mbox_open(d->dev, name, 0));
		must(mbox_unlink(d->dev, name));
	}
	for (int i = NR_WORKERS; i < NR_PROCESSES; i++)
		start(d, i);
	for (int i = 0; i < NR_WORKERS; i++)
		close(d->inbox[i]);
	close(d->results_in);
}

/* Each slot must have come home once: its token is there, nothing else is. */
static void take_back_slots(struct demo *d)
{
	unsigned int slot, seen = 0;

	for (int i = 0; i < NR_SLOTS; i++) {
		must(mbox_recv(d->free_slots, &slot, sizeof(slot), NULL));
		seen |= 1u << slot;
	}
	if (seen != (1u << NR_SLOTS) - 1)
		die("not every slot has come back");
}

int main(int argc, char **argv)
{
	struct demo *d = &demo;
	struct mbox_usage before;
	unsigned int wrong;

	if (argc != 3)
		errx(2, "usage: mbox-demo directory expected");
	files_scan(d, argv[1]);
	files_expect(d, argv[2]);
	if (!d->nr_files)
		die("%s: no files", argv[1]);
	d->start = now();
	d->dev = must(mbox_device());
	must(mbox_usage(d->dev, geteuid(), &before));
	name_objects(d);
	make_slots(d);
	make_results(d);

	collector_init();
	for (int i = 0; i < NR_WORKERS; i++)
		start(d, i);
	collector_run(d, false);
	start_producers(d);
	collector_run(d, true);

	take_back_slots(d);
	report_pieces(d);
	wrong = report_mailboxes(d);
	for (int i = 0; i < NR_WORKERS; i++)
		close(d->inbox_stat[i]);
	close(d->free_slots);
	close(d->results_out);
	remove_names();
	wrong += report_leftovers(d, &before);
	wrong += report_files(d);
	puts(wrong ? "\nFAILED" : "\nPASSED");
	return wrong ? 1 : 0;
}
