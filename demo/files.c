// SPDX-License-Identifier: GPL-2.0
/*
 * Which files there are, and what is expected of each.
 */
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "demo.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Symbolic links are left out: what they point to need not be in here. */
void files_scan(struct demo *d, const char *dir)
{
	FTS *fts = fts_open((char *[]){ (char *)dir, NULL },
			    FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		struct file f = { 0 };

		if (e->fts_errno)
			die("%s: %s", e->fts_path, strerror(e->fts_errno));
		if (e->fts_info != FTS_F)
			continue;
		f.path = strdup(e->fts_path);
		f.name = f.path + strlen(dir);
		f.name += strspn(f.name, "/");
		f.size = e->fts_statp->st_size;
		d->files = reallocarray(d->files, d->nr_files + 1, sizeof(f));
		if (!f.path || !d->files)
			die("out of memory");
		d->files[d->nr_files++] = f;
		d->size += f.size;
	}
	if (!fts || fts_close(fts))
		die("%s: %m", dir);
}

static void expect(struct demo *d, const char *name, const struct counts *c)
{
	for (unsigned int i = 0; i < d->nr_files; i++) {
		struct file *f = &d->files[i];

		if (!strcmp(f->name, name)) {
			f->is_expected = true;
			f->expected = *c;
			return;
		}
	}
	d->nr_missing++;
	printf("MISSING: %s\n", name);
}

/* Each line is: sha256 lines words bytes name. */
void files_expect(struct demo *d, const char *list)
{
	FILE *in = fopen(list, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned int nr = 0;

	if (!in)
		die("%s: %m", list);
	while (getline(&line, &room, in) > 0) {
		struct counts c = { 0 };
		int name = 0;

		nr++;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%64s %lu %lu %lu%n", c.sha256, &c.lines,
			   &c.words, &c.bytes, &name) != 4 ||
		    line[name] != ' ')
			die("%s:%u: not a line of counts", list, nr);
		expect(d, line + name + 1, &c);
	}
	free(line);
	fclose(in);
}
