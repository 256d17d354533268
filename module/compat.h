/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel versions. No other file names a version.
 */
#ifndef MBOX_COMPAT_H
#define MBOX_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mbox needs Linux 6.1 or later"
#endif

/* 6.3 made vm_flags read-only but for these accessors. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void mbox_vma_flags_clear(struct vm_area_struct *vma,
					unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#else
#define mbox_vma_flags_clear(vma, flags)	vm_flags_clear(vma, flags)
#endif

/* 7.0 gave shmem .mmap_prepare in place of .mmap. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static inline int mbox_call_mmap(struct file *file, struct vm_area_struct *vma)
{
	return file->f_op->mmap(file, vma);
}
#else
static inline int mbox_call_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (file->f_op->mmap)
		return file->f_op->mmap(file, vma);
	return compat_vma_mmap(file, vma);
}
#endif

#endif /* MBOX_COMPAT_H */
