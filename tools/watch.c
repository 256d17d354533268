// SPDX-License-Identifier: GPL-2.0
/*
 * watch: mailboxes as they change.
 *
 * It looks at them in the list of all objects, as ls does. So it needs no
 * permission, and is not an endpoint of what it watches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

enum {
	OPT_COUNT	= 1 << 0,
	OPT_JSON	= 1 << 1,
};

#define DEFAULT_INTERVAL	1000000000
#define MIN_INTERVAL		10000000

/**
 * struct row - a mailbox at some time
 * @st: all that is known of it
 * @has_rates: it was there before, and so there are
 * @send_rate: messages sent, and
 * @recv_rate: messages received in a second since then
 */
struct row {
	struct mbox_stat st;
	bool has_rates;
	double send_rate;
	double recv_rate;
};

/**
 * struct look - what a look at the mailboxes has shown
 * @time: when it was
 * @rows: the mailboxes, sorted by id
 * @count: how many
 * @room: how many fit into @rows
 */
struct look {
	__u64 time;
	struct row *rows;
	size_t count;
	size_t room;
};

/**
 * struct watch - what is watched, and how
 * @ids: ids of the mailboxes that are named, sorted; none: all that there are
 * @nr_ids: how many
 * @now: the last look
 * @before: the one before
 * @flags: OPT_*
 * @interval: time from one look to the next
 * @count: with OPT_COUNT, how often to look
 * @looks: how often it has
 * @screen: the table stays in its place on the terminal
 */
struct watch {
	__u64 *ids;
	size_t nr_ids;
	struct look now;
	struct look before;
	unsigned int flags;
	__u64 interval;
	__u64 count;
	__u64 looks;
	bool screen;
};

/* --- looking --- */

static void add_row(struct look *look, const struct mbox_stat *st)
{
	struct row *rows = look->rows;

	if (look->count == look->room) {
		look->room = 2 * look->room + 16;
		rows = reallocarray(rows, look->room, sizeof(*rows));
		if (!rows)
			no_memory();
		look->rows = rows;
	}
	rows[look->count++] = (struct row) { .st = *st };
}

static int look_at_all(struct look *look)
{
	struct mbox_stat st = { };
	int ret;

	while ((ret = mbox_list(device(), &st)) >= 0)
		if (st.kind == MBOX_KIND_MAILBOX)
			add_row(look, &st);
	return ret;
}

static int look_at_named(const struct watch *watch, struct look *look)
{
	struct mbox_stat st = { };
	int ret = 0;
	size_t i;

	for (i = 0; i < watch->nr_ids && ret >= 0; i++) {
		/* The next one after the id before it, if that is not gone. */
		st.id = watch->ids[i] - 1;
		ret = mbox_list(device(), &st);
		if (ret >= 0 && st.id == watch->ids[i])
			add_row(look, &st);
	}
	return ret;
}

static void set_rates(struct look *now, const struct look *before)
{
	double seconds = (now->time - before->time) / 1e9;
	const struct row *old = before->rows;
	const struct row *end = old + before->count;
	struct row *row;

	for (row = now->rows; row < now->rows + now->count; row++) {
		while (old < end && old->st.id < row->st.id)
			old++;
		if (old == end || old->st.id != row->st.id || seconds <= 0)
			continue;
		row->has_rates = true;
		row->send_rate = (row->st.sent - old->st.sent) / seconds;
		row->recv_rate = (row->st.received - old->st.received) /
				 seconds;
	}
}

static int look(struct watch *watch)
{
	struct look recycled = watch->before;
	int ret;

	watch->before = watch->now;
	watch->now = recycled;
	watch->now.count = 0;
	watch->now.time = time_now();
	if (watch->ids)
		ret = look_at_named(watch, &watch->now);
	else
		ret = look_at_all(&watch->now);
	set_rates(&watch->now, &watch->before);
	return ret < 0 && ret != -ENOENT ? ret : 0;
}

/* --- showing --- */

static const struct column columns[] = {
	{ "ID", true }, { "MSGS", true }, { "MAX_MSGS", true },
	{ "HELD", true }, { "SEND_RATE", true }, { "RECV_RATE", true },
	{ "WAIT_SEND", true }, { "WAIT_RECV", true }, { "DROPS", true },
	{ "NAME", false },
};

static void set_number(struct table *table, size_t column, __u64 number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	table_set(table, column, text);
}

static void set_rate(struct table *table, size_t column, bool known, double rate)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", rate);
	table_set(table, column, known ? text : NULL);
}

/* The cells of a row, in the order of the columns. */
static void add_cells(struct table *table, const struct row *row)
{
	const struct mbox_stat *st = &row->st;
	size_t i = 0;

	table_add_row(table);
	set_number(table, i++, st->id);
	set_number(table, i++, st->msgs);
	if (st->max_msgs)
		set_number(table, i++, st->max_msgs);
	else
		table_set(table, i++, NULL);
	set_number(table, i++, st->held);
	set_rate(table, i++, row->has_rates, row->send_rate);
	set_rate(table, i++, row->has_rates, row->recv_rate);
	set_number(table, i++, st->waiting_senders);
	set_number(table, i++, st->waiting_receivers);
	set_number(table, i++, st->lost + st->replaced + st->expired +
			       st->dropped);
	table_set(table, i++, st->name_len ? st->name : NULL);
}

/* The first of the rows as a table. */
static char *rows_text(const struct look *look, size_t count, bool json)
{
	struct table table;
	size_t i;

	table_init(&table, "mailboxes", json);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		table_add_column(&table, &columns[i]);
	for (i = 0; i < count; i++)
		add_cells(&table, &look->rows[i]);
	return table_text(&table);
}

/* No more lines than the terminal has, one of which is the cursor's. */
static char *screen_text(const struct look *look)
{
	size_t lines = screen_lines() - 1;
	size_t count = look->count;
	char *table, *text;
	int ret;

	/* Below the headings; and what is left out takes a line as well. */
	if (lines > 2 && count > lines - 1)
		count = lines - 2;
	table = rows_text(look, count, false);
	if (!look->count)
		ret = asprintf(&text, "no mailboxes\n");
	else if (count < look->count)
		ret = asprintf(&text, "%s\nand %zu more\n", table,
			       look->count - count);
	else
		ret = asprintf(&text, "%s\n", table);
	if (ret < 0)
		no_memory();
	free(table);
	return text;
}

/* JSON needs no line breaks, nor what is between them and the next word. */
static void put_line(const char *json)
{
	while (*json) {
		size_t len = strcspn(json, "\n");

		fwrite(json, 1, len, stdout);
		json += len;
		json += strspn(json, "\n ");
	}
	putchar('\n');
}

static void show(const struct watch *watch)
{
	bool json = watch->flags & OPT_JSON;
	char *text;

	if (watch->screen) {
		screen_draw(screen_text(&watch->now));
		return;
	}
	text = rows_text(&watch->now, watch->now.count, json);
	if (json)
		put_line(text);
	else
		printf("%s%s\n", watch->looks ? "\n" : "",
		       watch->now.count ? text : "no mailboxes");
	free(text);
}

/* Waits for the time of the next look. */
static void wait_for_next(const struct watch *watch, __u64 deadline)
{
	while (screen_wait(deadline) == SCREEN_REDRAW) {
		show(watch);
		fflush(stdout);
	}
}

static int look_and_show(struct watch *watch)
{
	__u64 deadline;
	int ret;

	for (;;) {
		deadline = mbox_deadline(watch->interval);
		ret = look(watch);
		if (ret)
			return ret;
		/* All that were named are gone. */
		if (watch->ids && !watch->now.count)
			return 0;
		show(watch);
		/* What fails is complained of at the end. */
		if (fflush(stdout))
			return 0;
		if (++watch->looks == watch->count && watch->flags & OPT_COUNT)
			return 0;
		wait_for_next(watch, deadline);
	}
}

/* Keeps the ids sorted, and each but once. */
static void add_id(struct watch *watch, __u64 id)
{
	size_t i = 0;

	while (i < watch->nr_ids && watch->ids[i] < id)
		i++;
	if (i < watch->nr_ids && watch->ids[i] == id)
		return;
	memmove(&watch->ids[i + 1], &watch->ids[i],
		(watch->nr_ids - i) * sizeof(*watch->ids));
	watch->ids[i] = id;
	watch->nr_ids++;
}

static int add_named(const char *arg, void *data)
{
	struct watch *watch = data;
	struct mbox_target target;
	struct mbox_stat st = { };
	int ret;

	parse_target(arg, MBOX_KIND_MAILBOX, &target);
	ret = stat_target(&target, &st);
	if (ret >= 0 && st.kind != MBOX_KIND_MAILBOX)
		ret = -EINVAL;
	if (ret < 0)
		return fail_target(arg, &target, ret);
	add_id(watch, st.id);
	return STATUS_OK;
}

int cmd_watch(int argc, char **argv)
{
	struct watch watch = { .interval = DEFAULT_INTERVAL };
	const struct opt opts[] = {
		VALUE_OPT('i', "interval", "TIME", "look so often (default: 1s)",
			  0, opt_duration, &watch.interval),
		VALUE_OPT('c', "count", "N", "end after so many looks",
			  OPT_COUNT, opt_count64, &watch.count),
		FLAG_OPT('J', "json", "write a line of JSON for each look",
			 OPT_JSON),
		{ }
	};
	int first = parse_options(argc, argv, opts, &watch.flags, 0, -1);
	int ret, names = argc - first, status = STATUS_OK;

	if (watch.interval < MIN_INTERVAL)
		usage_error("--interval is at least 10ms");
	if (names) {
		watch.ids = calloc(names, sizeof(*watch.ids));
		if (!watch.ids)
			no_memory();
		status = each_operand(names, argv + first, add_named, &watch);
		if (!watch.nr_ids)
			return status;
	}
	watch.screen = !(watch.flags & OPT_JSON) && screen_open();
	ret = look_and_show(&watch);
	screen_close();
	return ret ? fail(NULL, ret) : status;
}
