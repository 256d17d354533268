// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Regions: into the address space.
 */
#include <sys/mman.h>

#include "command.h"

MBOX_EXPORT int mbox_region_map(int fd, int prot, void **addr, size_t *size)
{
	struct mbox_stat stat;
	void *p;
	int ret;

	ret = mbox_stat(fd, &stat);
	if (ret < 0)
		return ret;
	if (stat.kind != MBOX_KIND_REGION)
		return -EINVAL;
	if (stat.region_size > SIZE_MAX)
		return -ENOMEM;

	p = mmap(NULL, stat.region_size, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	if (size)
		*size = stat.region_size;
	return 0;
}
