/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel we need, and where kernels differ. No other file names a version.
 */
#ifndef MBOX_COMPAT_H
#define MBOX_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mbox needs Linux 6.1 or later"
#endif

/* Without it, what looks like shmem is ramfs, and has none of its properties. */
#if !IS_ENABLED(CONFIG_SHMEM) || !IS_ENABLED(CONFIG_NET)
#error "mbox needs a kernel with CONFIG_SHMEM and CONFIG_NET"
#endif

#endif /* MBOX_COMPAT_H */
