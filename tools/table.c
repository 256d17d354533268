// SPDX-License-Identifier: GPL-2.0
/* Tables and JSON on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libsmartcols/libsmartcols.h>

#include "mboxctl.h"

void table_init(struct table *table, const char *name, bool json)
{
	table->json = json;
	table->row = NULL;
	table->scols = scols_new_table();
	if (!table->scols || scols_table_set_name(table->scols, name) ||
	    scols_table_enable_json(table->scols, json))
		no_memory();
}

void table_hide_headings(struct table *table)
{
	if (scols_table_enable_noheadings(table->scols, true))
		no_memory();
}

void table_add_column(struct table *table, const struct column *column)
{
	int flags = column->number ? SCOLS_FL_RIGHT : 0;
	int type = column->number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING;
	struct libscols_column *new;

	new = scols_table_new_column(table->scols, column->name, 0, flags);
	if (!new || scols_column_set_json_type(new, type))
		no_memory();
}

void table_add_row(struct table *table)
{
	table->row = scols_table_new_line(table->scols, NULL);
	if (!table->row)
		no_memory();
}

void table_set(struct table *table, size_t column, const char *text)
{
	char *utf8;

	if (!table->json) {
		if (scols_line_set_data(table->row, column, text ?: "-"))
			no_memory();
		return;
	}
	/* A cell without data is a null. */
	if (!text)
		return;
	utf8 = malloc(UTF8_COPY_MAX(strlen(text)));
	if (!utf8)
		no_memory();
	utf8_copy(utf8, text);
	if (scols_line_refer_data(table->row, column, utf8))
		no_memory();
}

char *table_text(struct table *table)
{
	char *text;

	if (scols_print_table_to_string(table->scols, &text) || !text)
		no_memory();
	scols_unref_table(table->scols);
	return text;
}

void table_print(struct table *table)
{
	if (scols_print_table(table->scols))
		no_memory();
	scols_unref_table(table->scols);
}
