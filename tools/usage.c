// SPDX-License-Identifier: GPL-2.0
/* usage: what a user takes of the limits. */
#include <stdio.h>
#include <unistd.h>

#include "mboxctl.h"

static void add_limit(struct table *table, __u32 limit,
		      const struct mbox_counter *counter)
{
	char text[24];

	table_add_row(table);
	table_set(table, 0, mbox_limit_name(limit));
	snprintf(text, sizeof(text), "%llu", counter->used);
	table_set(table, 1, text);
	snprintf(text, sizeof(text), "%llu", counter->max);
	table_set(table, 2, text);
}

static void print_usage(const struct mbox_usage *usage, bool json)
{
	static const struct column columns[] = {
		{ "LIMIT", false }, { "USED", true }, { "MAX", true },
	};
	struct table table;
	size_t i;

	table_init(&table, "limits", json);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		table_add_column(&table, &columns[i]);
	add_limit(&table, MBOX_LIMIT_USER_BYTES, &usage->bytes);
	add_limit(&table, MBOX_LIMIT_USER_MAILBOXES, &usage->mailboxes);
	add_limit(&table, MBOX_LIMIT_USER_REGIONS, &usage->regions);
	add_limit(&table, MBOX_LIMIT_USER_REGION_BYTES, &usage->region_bytes);
	add_limit(&table, MBOX_LIMIT_USER_FDS, &usage->fds);
	add_limit(&table, MBOX_LIMIT_NS_OBJECTS, &usage->ns_objects);
	table_print(&table);
}

int cmd_usage(int argc, char **argv)
{
	const struct opt opts[] = {
		FLAG_OPT('J', "json", "write JSON", 1),
		{ }
	};
	struct mbox_usage usage = { };
	unsigned int json = 0;
	__u32 uid = geteuid();
	int first, ret;

	first = parse_options(argc, argv, opts, &json, 0, 1);
	if (first < argc && opt_user(argv[first], &uid))
		usage_error("'%s' is not a known user", printable(argv[first]));
	ret = mbox_usage(device(), uid, &usage);
	if (ret < 0)
		return fail(argv[first], ret);
	print_usage(&usage, json);
	return STATUS_OK;
}
