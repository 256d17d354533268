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

#include <linux/file.h>
#include <linux/uaccess.h>

/* 6.8 gave receive_fd() the place to write the descriptor to. */
static inline int mbox_receive_fd(struct file *file, int __user *ufd,
				  unsigned int flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	int fd = receive_fd(file, flags);

	/* There is no way back: that it can be written has been seen to. */
	if (fd >= 0 && put_user(fd, ufd))
		return -EFAULT;
	return fd;
#else
	return receive_fd(file, ufd, flags);
#endif
}

#endif /* MBOX_COMPAT_H */
