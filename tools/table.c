// SPDX-License-Identifier: GPL-2.0-only
/* Tables and JSON on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libsmartcols/libsmartcols.h>

#include "mboxctl.h"

static noreturn void no_memory(void)
{
	complain(NULL, "out of memory");
	exit(STATUS_ERROR);
}

struct libscols_table *table_new(const char *name, bool json)
{
	struct libscols_table *table = scols_new_table();

	if (!table || scols_table_set_name(table, name) ||
	    scols_table_enable_json(table, json) < 0)
		no_memory();
	return table;
}

void table_hide_headings(struct libscols_table *table)
{
	if (scols_table_enable_noheadings(table, true))
		no_memory();
}

void table_add_column(struct libscols_table *table,
		      const struct column *column)
{
	struct libscols_column *new;

	new = scols_table_new_column(table, column->name, 0,
				     column->number ? SCOLS_FL_RIGHT : 0);
	if (!new)
		no_memory();
	scols_column_set_json_type(new, column->number ? SCOLS_JSON_NUMBER :
							 SCOLS_JSON_STRING);
}

void table_add_row(struct libscols_table *table)
{
	if (!scols_table_new_line(table, NULL))
		no_memory();
}

void table_set(struct libscols_table *table, size_t column, const char *text)
{
	struct libscols_line *row;
	char *utf8 = NULL;

	row = scols_table_get_line(table, scols_table_get_nlines(table) - 1);
	if (scols_table_is_json(table)) {
		/* No text stands for null. */
		if (!text)
			return;
		utf8 = malloc(3 * strlen(text) + 1);
		if (!utf8)
			no_memory();
		utf8_copy(utf8, text);
		text = utf8;
	} else if (!text) {
		text = "-";
	}
	if (scols_line_set_data(row, column, text))
		no_memory();
	free(utf8);
}

void table_print(struct libscols_table *table)
{
	if (scols_print_table(table))
		no_memory();
	scols_unref_table(table);
}
