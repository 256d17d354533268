// SPDX-License-Identifier: GPL-2.0
/*
 * What was done, in tables, and what of it is wrong.
 */
#include <ctype.h>
#include <unistd.h>

#include "demo.h"

static void print_tally(const char *worker, const char *from,
			const struct tally *t)
{
	printf("%-9s%-6s%7lu%6lu%6lu%10lu%9lu%10lu%7.1f ms%7lu\n",
	       worker, from, t->pieces, t->pieces - t->large, t->large,
	       t->bytes, t->overtook, t->overtaken,
	       t->pieces ? t->queued / 1e6 / t->pieces : 0, t->no_room);
}

void report_pieces(const struct demo *d)
{
	const struct process *producers = &d->processes[NR_WORKERS];

	printf("\n%-9s%-6s%7s%6s%6s%10s%9s%10s%10s%7s\n", "worker",
	       "from", "pieces", "small", "large", "bytes", "overtook",
	       "overtaken", "in queue", "waited");
	for (int w = 0; w < NR_WORKERS; w++)
		for (int p = 0; p < NR_PRODUCERS; p++)
			print_tally(p ? "" : d->processes[w].name,
				    producers[p].name, &d->tally[w][p]);
	for (int p = 0; p < NR_PRODUCERS; p++)
		print_tally(p ? "" : "all", producers[p].name, &d->from[p]);
	puts("overtook, overtaken: pieces received before, after their turn\n"
	     "in queue: mean time from send to receive\n"
	     "waited: pieces for which there was no room at once");

	puts("\nprocess            pid  priority");
	for (int i = 0; i < NR_PROCESSES; i++) {
		const struct process *p = &d->processes[i];

		printf("%-16s %5d", p->name, p->pid);
		if (i >= NR_WORKERS)
			printf("%10u", p->priority);
		putchar('\n');
	}
}

static unsigned int report_mailbox(const char *name, int fd)
{
	static const char * const owner[] = { "", "kernel", "process", "none" };
	struct mbox_stat s;
	bool wrong;

	must(mbox_stat(fd, &s));
	wrong = s.sent != s.received || s.msgs || s.bytes || s.held || s.purged;
	printf("%-22s %-7s %8llu %8llu %6u %6u  %s\n", name, owner[s.lifetime],
	       s.sent, s.received, s.msgs, s.held, wrong ? "WRONG" : "ok");
	return wrong;
}

unsigned int report_mailboxes(const struct demo *d)
{
	unsigned int wrong = 0;

	printf("\n%-22s %-7s %8s %8s %6s %6s\n", "mailbox", "owner", "sent",
	       "received", "queued", "held");
	for (int i = 0; i < NR_WORKERS; i++)
		wrong += report_mailbox(d->inbox_name[i], d->inbox_stat[i]);
	return wrong + report_mailbox(d->free_name, d->free_slots) +
	       report_mailbox("(results)", d->results_out);
}

unsigned int report_leftovers(const struct demo *d,
			      const struct mbox_usage *before)
{
	struct mbox_usage after;
	bool wrong;

	/* Exact as long as this user does nothing else with mbox. */
	must(mbox_usage(d->dev, geteuid(), &after));
	wrong = memcmp(&after, before, sizeof(after));
	printf("\nleft behind: %lld objects, %lld message bytes, %lld region bytes: %s\n",
	       after.ns_objects.used - before->ns_objects.used,
	       after.bytes.used - before->bytes.used,
	       after.region_bytes.used - before->region_bytes.used,
	       wrong ? "not as before" : "ok");
	return wrong;
}

static void print_counts(const struct counts *c, int digits)
{
	printf("%9lu %9lu %11lu  %-*.*s  ", c->lines, c->words, c->bytes,
	       digits, digits, c->sha256);
}

static void print_name(const char *name)
{
	for (; *name; name++)
		putchar(iscntrl((unsigned char)*name) ? '?' : *name);
	putchar('\n');
}

static bool is_wrong(const struct file *f)
{
	const struct counts *a = &f->found, *b = &f->expected;

	return !f->is_expected || !f->is_complete || a->lines != b->lines ||
	       a->words != b->words || a->bytes != b->bytes ||
	       strcmp(a->sha256, b->sha256);
}

unsigned int report_files(const struct demo *d)
{
	unsigned int wrong = 0;

	printf("\n%9s %9s %11s  %-16s  worker  result    file\n", "lines",
	       "words", "bytes", "sha256");
	for (unsigned int i = 0; i < d->nr_files; i++) {
		const struct file *f = &d->files[i];

		print_counts(&f->found, 16);
		printf("%6u  %-8s  ", f->worker, !f->is_expected ? "EXTRA" :
		       is_wrong(f) ? "MISMATCH" : "ok");
		print_name(f->name);
	}

	putchar('\n');
	for (unsigned int i = 0; i < d->nr_files; i++) {
		const struct file *f = &d->files[i];

		if (!is_wrong(f))
			continue;
		wrong++;
		print_name(f->name);
		print_counts(&f->found, 64);
		puts("found here");
		print_counts(&f->expected, 64);
		puts(f->is_expected ? "expected" : "expected no such file");
	}
	printf("compared with wc and sha256sum: %u files ok, %u wrong, %u missing\n",
	       d->nr_files - wrong, wrong, d->nr_missing);
	return wrong + d->nr_missing;
}
