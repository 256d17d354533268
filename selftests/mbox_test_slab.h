/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's allocator has given out.
 */
#ifndef MBOX_TEST_SLAB_H
#define MBOX_TEST_SLAB_H

#include <stdio.h>
#include <string.h>

/*
 * Bytes of the kmalloc caches that are in use; 0 if the kernel does not say,
 * or if its objects are larger than their names.
 */
static inline unsigned long mt_slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long total = 0, active, all, size;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long named = 0;
		char *end = line + strcspn(line, " ");
		char unit = 0;

		if (sscanf(end, "%lu %lu %lu", &active, &all, &size) != 3 ||
		    strncmp(line, "kmalloc-", 8))
			continue;
		if (sscanf(line, "kmalloc-cg-%lu%c", &named, &unit) == 2 &&
		    unit == ' ' && named != size) {
			total = 0;
			break;
		}
		total += active * size;
	}
	if (file)
		fclose(file);
	return total;
}

#endif /* MBOX_TEST_SLAB_H */
