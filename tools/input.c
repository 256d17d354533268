// SPDX-License-Identifier: GPL-2.0
/* Standard input as messages. */
#include <stdio.h>

#include "mboxctl.h"

ssize_t read_message(char *buf, size_t max, int delimiter)
{
	size_t len = 0;
	int c = EOF;

	while (len < max && (c = getchar_unlocked()) != EOF && c != delimiter)
		buf[len++] = c;
	return c == EOF && !len ? -1 : (ssize_t)len;
}
