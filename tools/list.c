// SPDX-License-Identifier: GPL-2.0
/* ls, stat: what there is, and all that is known of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mboxctl.h"

/* Of which kinds something is known. */
enum {
	MAILBOX		= 1 << MBOX_KIND_MAILBOX,
	REGION		= 1 << MBOX_KIND_REGION,
	ANY		= MAILBOX | REGION,
};

#define TEXT_MAX	(MBOX_NAME_MAX + 1)

/**
 * struct field - something that is known of an object
 * @column: its name
 * @kinds: of which kinds it is known
 * @text: how it is written; NULL for a number, which is then at
 * @offset: in struct mbox_stat, with
 * @size: bytes
 */
struct field {
	struct column column;
	unsigned int kinds;
	void (*text)(const struct mbox_stat *st, char *text);
	size_t offset;
	size_t size;
};

static void kind_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, st->kind == MBOX_KIND_REGION ? "region" : "mailbox");
}

static void lifetime_text(const struct mbox_stat *st, char *text)
{
	static const char * const lifetimes[] = {
		[MBOX_LIFE_KERNEL] = "kernel",
		[MBOX_LIFE_PROCESS] = "process",
		[MBOX_LIFE_ANONYMOUS] = "anonymous",
	};

	if (st->lifetime < ARRAY_SIZE(lifetimes) && lifetimes[st->lifetime])
		strcpy(text, lifetimes[st->lifetime]);
}

static void state_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, st->state & MBOX_STATE_ENDED ? "ended" :
		     st->state & MBOX_STATE_LINKED ? "linked" : "unlinked");
}

static void mode_text(const struct mbox_stat *st, char *text)
{
	snprintf(text, TEXT_MAX, "%04o", st->mode);
}

static void owner_text(const struct mbox_stat *st, char *text)
{
	snprintf(text, TEXT_MAX, "%s", user_name(st->uid));
}

static void group_text(const struct mbox_stat *st, char *text)
{
	snprintf(text, TEXT_MAX, "%s", group_name(st->gid));
}

static void size_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, st->state & MBOX_STATE_FIXED ? "fixed" : "variable");
}

static void capacity_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, capacity_word(st->state));
}

/* Where there is no capacity, there is no number to tell. */
static void max_msgs_text(const struct mbox_stat *st, char *text)
{
	if (st->max_msgs)
		snprintf(text, TEXT_MAX, "%u", st->max_msgs);
}

static void max_bytes_text(const struct mbox_stat *st, char *text)
{
	if (st->max_bytes)
		snprintf(text, TEXT_MAX, "%llu", st->max_bytes);
}

static void when_full_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, when_full_word(st->when_full));
}

static void turns_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, turns_word(st->turns));
}

static void receivers_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, receivers_word(st->receivers));
}

static void inbox_text(const struct mbox_stat *st, char *text)
{
	strcpy(text, st->state & MBOX_STATE_INBOX ? "yes" : "no");
}

static void pid_text(const struct mbox_stat *st, char *text)
{
	if (st->owner_pid)
		snprintf(text, TEXT_MAX, "%d", st->owner_pid);
}

static void name_text(const struct mbox_stat *st, char *text)
{
	snprintf(text, TEXT_MAX, "%s", st->name);
}

#define TEXT(heading, of, function) \
	{ .column = { .name = (heading) }, .kinds = (of), .text = (function) }
/* A number that is not always known. */
#define NUMBER(heading, of, function) \
	{ .column = { (heading), true }, .kinds = (of), .text = (function) }
#define U32(heading, of, member) \
	{ .column = { (heading), true }, .kinds = (of), \
	  .offset = offsetof(struct mbox_stat, member), .size = 4 }
#define U64(heading, of, member) \
	{ .column = { (heading), true }, .kinds = (of), \
	  .offset = offsetof(struct mbox_stat, member), .size = 8 }

static const struct field fields[] = {
	U64("ID", ANY, id),
	TEXT("KIND", ANY, kind_text),
	TEXT("LIFETIME", ANY, lifetime_text),
	TEXT("STATE", ANY, state_text),
	TEXT("MODE", ANY, mode_text),
	TEXT("OWNER", ANY, owner_text),
	TEXT("GROUP", ANY, group_text),
	U32("UID", ANY, uid),
	U32("GID", ANY, gid),
	NUMBER("PID", ANY, pid_text),
	TEXT("INBOX", MAILBOX, inbox_text),
	U32("ENDPOINTS", ANY, endpoints),
	U32("READERS", ANY, readers),
	U32("WRITERS", ANY, writers),
	U32("MSGS", MAILBOX, msgs),
	NUMBER("MAX_MSGS", MAILBOX, max_msgs_text),
	U64("BYTES", MAILBOX, bytes),
	NUMBER("MAX_BYTES", MAILBOX, max_bytes_text),
	TEXT("CAPACITY", MAILBOX, capacity_text),
	TEXT("WHEN_FULL", MAILBOX, when_full_text),
	TEXT("TURNS", MAILBOX, turns_text),
	TEXT("RECEIVERS", MAILBOX, receivers_text),
	U32("HELD", MAILBOX, held),
	U32("MSG_SIZE", MAILBOX, msg_size),
	TEXT("SIZES", MAILBOX, size_text),
	U32("WAITING_RECEIVERS", MAILBOX, waiting_receivers),
	U32("WAITING_SENDERS", MAILBOX, waiting_senders),
	U64("SENT", MAILBOX, sent),
	U64("RECEIVED", MAILBOX, received),
	U64("PURGED", MAILBOX, purged),
	U64("DEAD", MAILBOX, dead),
	U64("DROPPED", MAILBOX, dropped),
	U64("LOST", MAILBOX, lost),
	U64("REPLACED", MAILBOX, replaced),
	U64("EXPIRED", MAILBOX, expired),
	U64("REGION_SIZE", REGION, region_size),
	TEXT("NAME", ANY, name_text),
};

#define DEFAULT_COLUMNS \
	"ID,KIND,MODE,OWNER,READERS,WRITERS,MSGS,MAX_MSGS,BYTES,REGION_SIZE,NAME"

/* Writes the field into text; false if there is nothing to tell. */
static bool field_text(const struct field *field, const struct mbox_stat *st,
		       char *text)
{
	const char *at = (const char *)st + field->offset;
	__u64 wide;
	__u32 narrow;

	*text = 0;
	if (!(field->kinds & 1U << st->kind))
		return false;
	if (field->text) {
		field->text(st, text);
		return *text;
	}
	if (field->size == sizeof(narrow)) {
		memcpy(&narrow, at, sizeof(narrow));
		wide = narrow;
	} else {
		memcpy(&wide, at, sizeof(wide));
	}
	snprintf(text, TEXT_MAX, "%llu", wide);
	return true;
}

/* Which fields are columns, in which order. */
struct columns {
	const struct field *field[ARRAY_SIZE(fields)];
	size_t count;
};

static const struct field *find_field(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (strlen(fields[i].column.name) == len &&
		    !strncasecmp(fields[i].column.name, name, len))
			return &fields[i];
	return NULL;
}

static void all_columns(struct columns *columns)
{
	while (columns->count < ARRAY_SIZE(fields)) {
		columns->field[columns->count] = &fields[columns->count];
		columns->count++;
	}
}

static bool has_column(const struct columns *columns, const struct field *field)
{
	size_t i;

	for (i = 0; i < columns->count; i++)
		if (columns->field[i] == field)
			return true;
	return false;
}

static const char *parse_columns(const char *list, void *value)
{
	struct columns *columns = value;
	const struct field *field;
	size_t len;

	columns->count = 0;
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		field = find_field(list, len);
		if (!field)
			return "has an unknown column, see mboxctl(1)";
		if (has_column(columns, field))
			return "has a column twice";
		columns->field[columns->count++] = field;
		if (!list[len])
			return NULL;
	}
}

static void objects_table(struct table *table, const struct columns *columns,
			  bool json)
{
	size_t i;

	table_init(table, "objects", json);
	for (i = 0; i < columns->count; i++)
		table_add_column(table, &columns->field[i]->column);
}

static void add_object(struct table *table, const struct columns *columns,
		       const struct mbox_stat *st)
{
	char text[TEXT_MAX];
	size_t i;

	table_add_row(table);
	for (i = 0; i < columns->count; i++)
		table_set(table, i, field_text(columns->field[i], st, text) ?
				    text : NULL);
}

enum {
	OPT_JSON	= 1 << 0,
	OPT_NO_HEADINGS	= 1 << 1,
};

int cmd_ls(int argc, char **argv)
{
	struct columns columns = { };
	const struct opt opts[] = {
		FLAG_OPT('J', "json", "write JSON", OPT_JSON),
		FLAG_OPT('n', "noheadings", "no line of headings",
			 OPT_NO_HEADINGS),
		VALUE_OPT('o', "output", "LIST", "the columns to show",
			  0, parse_columns, &columns),
		{ }
	};
	struct mbox_stat st = { };
	unsigned int flags = 0;
	struct table table;
	int ret;

	parse_columns(DEFAULT_COLUMNS, &columns);
	parse_options(argc, argv, opts, &flags, 0, 0);
	objects_table(&table, &columns, flags & OPT_JSON);
	if (flags & OPT_NO_HEADINGS)
		table_hide_headings(&table);

	/* Each call tells of the object with the next higher id. */
	while ((ret = mbox_list(device(), &st)) >= 0)
		add_object(&table, &columns, &st);
	if (ret != -ENOENT)
		return fail(NULL, ret);
	table_print(&table);
	return STATUS_OK;
}

/* What stat shows of each object, and how; of JSON there is one table. */
struct stat_output {
	struct columns columns;
	bool json;
	struct table table;
	unsigned int shown;
};

/* An object as lines of a field and its value each. */
static void print_object(const struct columns *columns,
			 const struct mbox_stat *st)
{
	static const struct column both[] = {
		{ .name = "FIELD" }, { .name = "VALUE" },
	};
	char text[TEXT_MAX];
	struct table table;
	size_t i;

	table_init(&table, "object", false);
	table_hide_headings(&table);
	table_add_column(&table, &both[0]);
	table_add_column(&table, &both[1]);
	for (i = 0; i < columns->count; i++) {
		if (!field_text(columns->field[i], st, text))
			continue;
		table_add_row(&table);
		table_set(&table, 0, columns->field[i]->column.name);
		table_set(&table, 1, text);
	}
	table_print(&table);
}

static int stat_one(const char *arg, void *data)
{
	struct stat_output *output = data;
	struct mbox_target target;
	struct mbox_stat st = { };
	int ret;

	parse_target(arg, MBOX_KIND_ANY, &target);
	ret = stat_target(&target, &st);
	if (ret < 0)
		return fail_target(arg, &target, ret);
	if (output->json) {
		add_object(&output->table, &output->columns, &st);
		return STATUS_OK;
	}
	if (output->shown++)
		putchar('\n');
	print_object(&output->columns, &st);
	return STATUS_OK;
}

int cmd_stat(int argc, char **argv)
{
	const struct opt opts[] = {
		FLAG_OPT('J', "json", "write JSON", OPT_JSON),
		{ }
	};
	struct stat_output output = { };
	unsigned int flags = 0;
	int first, status;

	first = parse_options(argc, argv, opts, &flags, 1, -1);
	all_columns(&output.columns);
	output.json = flags & OPT_JSON;
	if (output.json)
		objects_table(&output.table, &output.columns, true);
	status = each_operand(argc - first, argv + first, stat_one,
			      &output);
	if (output.json)
		table_print(&output.table);
	return status;
}
