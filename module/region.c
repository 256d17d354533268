// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory of a fixed size.
 *
 * What is mapped is a file of shmem's, behind which the region steps back: a
 * mapping holds that file, not our descriptor. It outlives the object, so the
 * memory stays charged to who created it, and the module stays loaded, until
 * this backing file is released. For that it has shmem's file operations with
 * our release and owner.
 *
 * Its size is sealed, lest anybody who gets at it behind our back (there is
 * /proc/pid/map_files) shrinks it under those who map it.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include "compat.h"
#include "mbox.h"

static struct file_operations mbox_backing_fops __ro_after_init;
static int (*mbox_shmem_release)(struct inode *, struct file *) __ro_after_init;

/* What a backing file is charged. */
struct mbox_backing {
	struct mbox_payer *payer;
	u64 size;
};

static struct mbox_region *mbox_to_region(struct mbox_object *obj)
{
	return container_of(obj, struct mbox_region, obj);
}

static int mbox_backing_charge(struct mbox_backing *backing,
			       struct mbox_refused *why)
{
	int ret;

	ret = mbox_payer_charge_task(backing->payer, MBOX_CHARGE_REGIONS, 1,
				     why);
	if (ret)
		return ret;
	ret = mbox_payer_charge_task(backing->payer, MBOX_CHARGE_REGION_BYTES,
				     backing->size, why);
	if (ret)
		mbox_payer_uncharge(backing->payer, MBOX_CHARGE_REGIONS, 1);
	return ret;
}

static void mbox_backing_free(struct mbox_backing *backing)
{
	mbox_payer_uncharge(backing->payer, MBOX_CHARGE_REGIONS, 1);
	mbox_payer_uncharge(backing->payer, MBOX_CHARGE_REGION_BYTES,
			    backing->size);
	mbox_payer_put(backing->payer);
	kfree(backing);
}

static int mbox_backing_release(struct inode *inode, struct file *file)
{
	mbox_backing_free(file->private_data);
	file->private_data = NULL;
	return mbox_shmem_release ? mbox_shmem_release(inode, file) : 0;
}

/* A file of @size bytes, charged to @payer until it is released. */
static struct file *mbox_backing_create(struct mbox_payer *payer, u64 size,
					struct mbox_refused *why)
{
	struct mbox_backing *backing;
	struct file *file;
	int ret;

	backing = kzalloc(sizeof(*backing), GFP_KERNEL_ACCOUNT);
	if (!backing)
		return ERR_PTR(-ENOMEM);
	backing->payer = payer;
	backing->size = size;
	ret = mbox_backing_charge(backing, why);
	if (ret) {
		kfree(backing);
		return ERR_PTR(ret);
	}
	refcount_inc(&payer->refs);

	/* Memory is reserved now rather than found missing at a fault. */
	file = shmem_file_setup("mbox", size, 0);
	if (IS_ERR(file)) {
		mbox_backing_free(backing);
		/* ENOSPC is that there was no inode to be had. */
		return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
	}
	SHMEM_I(file_inode(file))->seals = F_SEAL_SEAL | F_SEAL_SHRINK |
					   F_SEAL_GROW;
	file->private_data = backing;
	__module_get(THIS_MODULE);
	file->f_op = &mbox_backing_fops;
	return file;
}

static void mbox_region_stat(struct mbox_object *obj, struct mbox_stat *st)
{
	st->region_size = mbox_to_region(obj)->size;
}

static void mbox_region_show(struct mbox_endpoint *ep, struct seq_file *m)
{
	seq_printf(m, "mbox-size:\t%llu\n", mbox_to_region(ep->obj)->size);
}

static void mbox_region_destroy(struct mbox_object *obj)
{
	fput(mbox_to_region(obj)->backing);
}

static void mbox_region_free(struct mbox_object *obj)
{
	kfree(mbox_to_region(obj));
}

static int mbox_region_mmap(struct mbox_object *obj, struct vm_area_struct *vma)
{
	struct mbox_region *region = mbox_to_region(obj);
	u64 pages = region->size >> PAGE_SHIFT;

	/* VM_SHARED is missing where the descriptor is read-only. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;

	vma_set_file(vma, region->backing);
	return region->backing->f_op->mmap(region->backing, vma);
}

static unsigned long mbox_region_place(struct mbox_object *obj, unsigned long addr,
				       unsigned long len, unsigned long pgoff,
				       unsigned long flags)
{
	struct file *backing = mbox_to_region(obj)->backing;

	/*
	 * The file it must not see: it has our file operations. Without one, it
	 * goes by the mount that ours is on.
	 */
	return backing->f_op->get_unmapped_area(NULL, addr, len, pgoff, flags);
}

static const struct mbox_kind_ops mbox_region_ops = {
	.kind = MBOX_KIND_REGION,
	.stat = mbox_region_stat,
	.show = mbox_region_show,
	.mmap = mbox_region_mmap,
	.place = mbox_region_place,
	.destroy = mbox_region_destroy,
	.free = mbox_region_free,
};

/* A region as planned, charged to @payer; the common part is the caller's. */
struct mbox_object *mbox_region_alloc(const struct mbox_plan *plan,
				      struct mbox_payer *payer,
				      struct mbox_refused *why)
{
	struct mbox_region *region;
	struct file *backing;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ERR_PTR(-ENOMEM);
	region->obj.ops = &mbox_region_ops;
	region->size = plan->region_size;
	backing = mbox_backing_create(payer, region->size, why);
	if (IS_ERR(backing)) {
		kfree(region);
		return ERR_CAST(backing);
	}
	region->backing = backing;
	return &region->obj;
}

int __init mbox_region_init(void)
{
	struct file *file;

	file = shmem_file_setup("mbox", PAGE_SIZE, VM_NORESERVE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mbox_backing_fops = *file->f_op;
	mbox_shmem_release = file->f_op->release;
	mbox_backing_fops.owner = THIS_MODULE;
	mbox_backing_fops.release = mbox_backing_release;
	fput(file);
	return 0;
}
