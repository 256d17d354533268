// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint: one open file of an object. How a descriptor comes to be, by
 * creating or by opening, and how it goes.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include "mbox.h"
#include "trace.h"

/* Of their own: kmalloc() would give half as much again. */
static struct kmem_cache *mbox_endpoints;

static const struct file_operations mbox_endpoint_fops;

/* The object that @file is an endpoint of, or NULL. */
struct mbox_object *mbox_file_object(const struct file *file)
{
	struct mbox_endpoint *ep = file->private_data;

	return file->f_op == &mbox_endpoint_fops ? ep->obj : NULL;
}

static int mbox_is_endpoint_of(const void *obj, struct file *file,
			       unsigned int fd)
{
	return mbox_file_object(file) == obj;
}

/* Has the process exited, or is it about to? */
static bool mbox_process_is_gone(struct pid *pid)
{
	struct task_struct *task;
	bool gone;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	gone = !task || !atomic_read(&task->signal->live);
	rcu_read_unlock();
	return gone;
}

/* Is that the descriptor table of the process (of its first thread)? */
static bool mbox_process_has_table(struct pid *pid, fl_owner_t table)
{
	struct task_struct *task;
	bool has;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	has = task && READ_ONCE(task->files) == table;
	rcu_read_unlock();
	return has;
}

/*
 * A process-owned object ends when its process exits, or closes its last
 * descriptor of it, which other processes may still hold. This is called at
 * every close of a descriptor, with the table that it was in.
 *
 * At exit that table is no longer the task's, and must not be searched: only
 * some kernels have emptied the slots by then. A table other than the first
 * thread's is that of a thread which has one of its own, and says nothing of
 * the process.
 */
static void mbox_owner_flush(struct mbox_object *obj, fl_owner_t table)
{
	bool ours = task_tgid(current) == obj->creator;

	if (ours && mbox_process_is_gone(obj->creator)) {
		mbox_object_unlink(obj, true);
		return;
	}
	if (current->files != table ||
	    !mbox_process_has_table(obj->creator, table))
		return;
	if (!iterate_fd(current->files, 0, mbox_is_endpoint_of, obj))
		mbox_object_unlink(obj, true);
}

static int mbox_is_file(const void *file, struct file *other, unsigned int fd)
{
	return other == file ? fd + 1 : 0;
}

/* The lowest descriptor of @file in the current task's table, or -1. */
int mbox_process_fd(const struct file *file)
{
	return iterate_fd(current->files, 0, mbox_is_file, file) - 1;
}

/*
 * Likewise, what a process holds of a mailbox comes back when it ends, though
 * others share the endpoint, and nobody waits for its calls any more.
 */
static void mbox_holder_flush(struct mbox_endpoint *ep, struct file *file,
			      fl_owner_t table)
{
	struct pid *process = task_tgid(current);

	if (!mbox_process_is_gone(process) &&
	    (current->files != table ||
	     !mbox_process_has_table(process, table) ||
	     mbox_process_fd(file) >= 0))
		return;
	mbox_lease_depart(ep, process);
	mbox_call_cancel_all(ep, process);
}

static int mbox_endpoint_flush(struct file *file, fl_owner_t table)
{
	struct mbox_endpoint *ep = file->private_data;

	/* Otherwise it is about to be released, which sees to everything. */
	if (ep->obj->ops->kind == MBOX_KIND_MAILBOX && file_count(file) > 1)
		mbox_holder_flush(ep, file, table);
	if (ep->obj->lifetime == MBOX_LIFE_PROCESS)
		mbox_owner_flush(ep->obj, table);
	return 0;
}

/*
 * A table that the process has shared with another may go with the other, when
 * the process is gone. Then the end comes as a file that it has opened is
 * released.
 */
static int mbox_endpoint_release(struct inode *inode, struct file *file)
{
	struct mbox_endpoint *ep = file->private_data;

	if (ep->obj) {
		if (ep->owners && mbox_process_is_gone(ep->obj->creator))
			mbox_object_unlink(ep->obj, true);
		if (ep->obj->ops->release)
			ep->obj->ops->release(ep);
		mbox_object_detach(ep->obj, file->f_mode);
	}
	kmem_cache_free(mbox_endpoints, ep);
	return 0;
}

static __poll_t mbox_endpoint_poll(struct file *file, poll_table *wait)
{
	struct mbox_object *obj = mbox_file_object(file);

	return obj->ops->poll ? obj->ops->poll(obj, file, wait) :
				DEFAULT_POLLMASK;
}

static void mbox_endpoint_show(struct seq_file *m, struct file *file)
{
	struct mbox_object *obj = mbox_file_object(file);
	bool mailbox = obj->ops->kind == MBOX_KIND_MAILBOX;

	seq_printf(m, "mbox-kind:\t%s\n", mailbox ? "mailbox" : "region");
	seq_printf(m, "mbox-id:\t%llu\n", obj->id);
	if (obj->name_len) {
		seq_puts(m, "mbox-name:\t");
		seq_escape_mem(m, obj->name, obj->name_len, ESCAPE_SPACE |
			       ESCAPE_SPECIAL | ESCAPE_NULL, NULL);
		seq_putc(m, '\n');
	}
	obj->ops->show(file->private_data, m);
}

static int mbox_endpoint_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mbox_object *obj = mbox_file_object(file);

	return obj->ops->mmap ? obj->ops->mmap(obj, vma) : -ENODEV;
}

/* Where to map: shmem knows what suits huge pages. */
static unsigned long mbox_endpoint_place(struct file *file, unsigned long addr,
					 unsigned long len,
					 unsigned long pgoff,
					 unsigned long flags)
{
	struct mbox_object *obj = mbox_file_object(file);

	if (!obj->ops->place)
		return -ENODEV;
	return obj->ops->place(obj, addr, len, pgoff, flags);
}

static const struct file_operations mbox_endpoint_fops = {
	.owner = THIS_MODULE,
	.flush = mbox_endpoint_flush,
	.release = mbox_endpoint_release,
	.read_iter = mbox_read_iter,
	.write_iter = mbox_write_iter,
	.poll = mbox_endpoint_poll,
	.fasync = mbox_watch_fasync,
	.show_fdinfo = mbox_endpoint_show,
	.mmap = mbox_endpoint_mmap,
	.get_unmapped_area = mbox_endpoint_place,
	.unlocked_ioctl = mbox_object_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* A file with an endpoint of no object yet. Just fput() it to undo that. */
static struct file *mbox_endpoint_file(u32 flags)
{
	struct mbox_endpoint *ep;
	struct file *file;
	int mode;

	switch (flags & (MBOX_O_READ | MBOX_O_WRITE)) {
	case MBOX_O_READ:
		mode = O_RDONLY;
		break;
	case MBOX_O_WRITE:
		mode = O_WRONLY;
		break;
	case MBOX_O_READ | MBOX_O_WRITE:
		mode = O_RDWR;
		break;
	default:
		mode = O_ACCMODE;	/* neither */
	}
	if (flags & MBOX_O_NONBLOCK)
		mode |= O_NONBLOCK;

	ep = kmem_cache_zalloc(mbox_endpoints, GFP_KERNEL);
	if (!ep)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&ep->readable);
	INIT_LIST_HEAD(&ep->watch);
	mbox_queue_init(&ep->returned);
	file = anon_inode_getfile("[mbox]", &mbox_endpoint_fops, ep, mode);
	if (IS_ERR(file)) {
		kmem_cache_free(mbox_endpoints, ep);
		return file;
	}
	ep->file = file;
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;
	return file;
}

/*
 * A new descriptor, and its file in *@filep. Success is certain from then on,
 * but for what mbox_endpoint_done() is told.
 */
static int mbox_endpoint_prepare(u32 flags, struct file **filep)
{
	int fd;

	fd = get_unused_fd_flags(flags & MBOX_O_INHERIT ? 0 : O_CLOEXEC);
	if (fd < 0)
		return fd;
	*filep = mbox_endpoint_file(flags);
	if (IS_ERR(*filep)) {
		put_unused_fd(fd);
		return PTR_ERR(*filep);
	}
	return fd;
}

/* Install the descriptor, or undo it if @ret is an error. */
static int mbox_endpoint_done(int fd, struct file *file,
			      struct mbox_object *obj, int ret)
{
	struct mbox_endpoint *ep = file->private_data;

	if (ret) {
		put_unused_fd(fd);
		fput(file);
		return ret;
	}
	ep->obj = obj;
	ep->owners = obj->lifetime == MBOX_LIFE_PROCESS &&
		     obj->creator == task_tgid(current);
	fd_install(fd, file);
	return fd;
}

/* The object at which @fd points, with a reference, or -EBADF. */
struct mbox_object *mbox_object_by_fd(int fd, fmode_t *mode)
{
	struct mbox_object *obj = ERR_PTR(-EBADF);
	struct file *file = fget(fd);

	if (!file)
		return obj;
	if (mbox_file_object(file)) {
		obj = mbox_file_object(file);
		mbox_object_get(obj);
		*mode = file->f_mode;
	}
	fput(file);
	return obj;
}

/*
 * Find @goal: returns the object with a reference, its registry locked, and in
 * *@mode what the given descriptor can do, if that is how it was found.
 */
static struct mbox_object *mbox_find_and_lock(struct mbox_registry *reg,
					      const struct mbox_goal *goal,
					      fmode_t *mode)
{
	struct mbox_object *obj;
	struct pid *pid;
	int ret = 0;

	if (goal->by == MBOX_BY_FD) {
		obj = mbox_object_by_fd(goal->fd, mode);
		if (IS_ERR(obj))
			return obj;
		mutex_lock(&obj->registry->lock);
	} else {
		pid = goal->by == MBOX_BY_PID ? find_get_pid(goal->pid) : NULL;
		mutex_lock(&reg->lock);
		if (goal->by == MBOX_BY_ID)
			obj = mbox_registry_by_id_locked(reg, goal->id);
		else if (goal->by == MBOX_BY_PID)
			obj = mbox_registry_by_pid_locked(reg, pid);
		else
			obj = mbox_registry_by_name_locked(reg, goal->name,
							   goal->name_len);
		put_pid(pid);
		if (!obj) {
			mutex_unlock(&reg->lock);
			return ERR_PTR(-ENOENT);
		}
		mbox_object_get(obj);
	}

	if (goal->kind != MBOX_KIND_ANY && goal->kind != obj->ops->kind)
		ret = -EINVAL;
	else if (goal->check_owner && !uid_eq(goal->owner, obj->uid))
		ret = -EACCES;
	if (ret) {
		mutex_unlock(&obj->registry->lock);
		mbox_object_put(obj);
		return ERR_PTR(ret);
	}
	return obj;
}

/* May @goal, found with what its descriptor can do, be opened with @flags? */
static bool mbox_may_open_locked(struct mbox_object *obj,
				 const struct mbox_goal *goal, fmode_t mode,
				 u32 flags)
{
	if (goal->by == MBOX_BY_FD)
		return (!(flags & MBOX_O_READ) || mode & FMODE_READ) &&
		       (!(flags & MBOX_O_WRITE) || mode & FMODE_WRITE);
	return mbox_object_permits_locked(obj, flags);
}

/* MBOX_IOC_OPEN: returns a descriptor. */
int mbox_endpoint_open(struct mbox_registry *reg, const struct mbox_goal *goal,
		       u32 flags)
{
	struct mbox_object *obj;
	struct file *file;
	fmode_t mode = 0;
	int fd, ret;

	fd = mbox_endpoint_prepare(flags, &file);
	if (fd < 0)
		return fd;
	obj = mbox_find_and_lock(reg, goal, &mode);
	if (IS_ERR(obj))
		return mbox_endpoint_done(fd, file, NULL, PTR_ERR(obj));

	if (!mbox_may_open_locked(obj, goal, mode, flags))
		ret = -EACCES;
	else
		ret = mbox_object_attach_locked(obj, file->private_data,
						file->f_mode);
	mutex_unlock(&obj->registry->lock);

	fd = mbox_endpoint_done(fd, file, obj, ret);
	mbox_object_put(obj);
	return fd;
}

static int mbox_endpoint_create_new(struct mbox_registry *reg,
				    const struct mbox_plan *plan,
				    struct mbox_refused *why)
{
	struct mbox_object *obj;
	struct file *file;
	int fd, ret = 0;

	fd = mbox_endpoint_prepare(plan->flags, &file);
	if (fd < 0)
		return fd;
	obj = mbox_object_build(reg, plan, why);
	if (IS_ERR(obj))
		return mbox_endpoint_done(fd, file, NULL, PTR_ERR(obj));

	mutex_lock(&reg->lock);
	if (plan->lifetime != MBOX_LIFE_ANONYMOUS)
		ret = mbox_registry_link_locked(reg, obj);
	if (!ret)
		ret = mbox_object_attach_locked(obj, file->private_data,
						file->f_mode);
	mutex_unlock(&reg->lock);

	if (!ret)
		trace_mbox_create(obj);
	fd = mbox_endpoint_done(fd, file, obj, ret);
	mbox_object_put(obj);
	return fd;
}

/* MBOX_IOC_CREATE: returns a descriptor of a new object or the existing one. */
int mbox_endpoint_create(struct mbox_registry *reg,
			 const struct mbox_plan *plan,
			 struct mbox_refused *why)
{
	const struct mbox_goal goal = {
		.by = MBOX_BY_NAME,
		.kind = plan->kind,
		.check_owner = plan->flags & MBOX_CREATE_OWNER,
		.owner = plan->owner,
		.name = plan->name,
		.name_len = plan->name_len,
	};
	bool open = plan->name_len && !(plan->flags & MBOX_CREATE_EXCL);
	int ret;

	/* That a name is taken counts before there being room for another. */
	if (plan->name_len && !open &&
	    mbox_registry_has_name(reg, plan->name, plan->name_len))
		return -EEXIST;

	/* Between the two, others may create it or unlink it: look again. */
	while (!fatal_signal_pending(current)) {
		if (open) {
			ret = mbox_endpoint_open(reg, &goal, plan->flags);
			if (ret == -EINVAL)
				return -EEXIST;		/* of another kind */
			if (ret != -ENOENT)
				return ret;
		}
		ret = mbox_endpoint_create_new(reg, plan, why);
		if (ret != -EEXIST || !open)
			return ret;
		cond_resched();
	}
	return -EINTR;
}

/* MBOX_IOC_UNLINK */
int mbox_endpoint_unlink(struct mbox_registry *reg,
			 const struct mbox_goal *goal)
{
	struct mbox_object *obj;
	fmode_t mode;
	int ret;

	obj = mbox_find_and_lock(reg, goal, &mode);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = mbox_object_unlink_task(obj);
	mbox_object_put(obj);
	return ret;
}

int __init mbox_endpoint_init(void)
{
	mbox_endpoints = KMEM_CACHE(mbox_endpoint, SLAB_ACCOUNT);
	return mbox_endpoints ? 0 : -ENOMEM;
}

void mbox_endpoint_exit(void)
{
	kmem_cache_destroy(mbox_endpoints);
}
