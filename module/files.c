// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that a message carries.
 *
 * A message holds files, and so must not be held by any of them, however far
 * down: then nobody could free it. Files that can hold others (Unix sockets,
 * io_uring) or messages (mailboxes) are therefore not taken, nor anonymous
 * inodes of which we do not know that they hold nothing.
 */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include "compat.h"
#include "mbox.h"

/**
 * struct mbox_files - files that a message carries
 * @payer: they are charged to, held
 * @count: how many
 * @file: the files, held
 */
struct mbox_files {
	struct mbox_payer *payer;
	u32 count;
	struct file *file[];
};

static bool mbox_anon_is_known(const struct file *file)
{
	static const char * const known[] = {
		"[eventfd]", "[eventpoll]", "[timerfd]", "[signalfd]",
		"[pidfd]", "inotify",
	};
	const char *name = file->f_path.dentry->d_name.name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

static bool mbox_file_may_travel(struct file *file)
{
	struct mbox_object *obj = mbox_file_object(file);
	struct socket *sock = sock_from_file(file);

	if (obj)
		return obj->ops->kind == MBOX_KIND_REGION;
	if (sock)
		return sock->sk->sk_family != AF_UNIX;
	if (file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC)
		return mbox_anon_is_known(file);
	return true;
}

static int mbox_files_add(struct mbox_files *files, int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	if (!mbox_file_may_travel(file)) {
		fput(file);
		return -EINVAL;
	}
	files->file[files->count++] = file;
	return 0;
}

/* See mbox_files_get(): what is left where there are some, or it is wrong. */
struct mbox_files *mbox_files_take(const struct mbox_fds *in,
				   struct mbox_refused *why)
{
	struct mbox_files *files;
	s32 fds[MBOX_FDS_MAX];
	int ret = 0;
	u32 i;

	if (in->nr > MBOX_FDS_MAX || in->lost || (in->fds && !in->nr))
		return ERR_PTR(-EINVAL);
	if (!in->nr)
		return NULL;
	if (copy_from_user(fds, u64_to_user_ptr(in->fds), in->nr * sizeof(s32)))
		return ERR_PTR(-EFAULT);

	files = kzalloc(struct_size(files, file, in->nr), GFP_KERNEL_ACCOUNT);
	if (!files)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < in->nr && !ret; i++)
		ret = mbox_files_add(files, fds[i]);
	if (!ret) {
		files->payer = mbox_payer_get_current();
		ret = files->payer ? 0 : -ENOMEM;
	}
	if (!ret) {
		ret = mbox_payer_charge_task(files->payer, MBOX_CHARGE_FDS,
					     in->nr, why);
		if (ret) {
			mbox_payer_put(files->payer);
			files->payer = NULL;
		}
	}
	if (!ret)
		return files;
	mbox_files_free(files);
	return ERR_PTR(ret);
}

void mbox_files_free(struct mbox_files *files)
{
	u32 i;

	if (!files)
		return;
	for (i = 0; i < files->count; i++)
		fput(files->file[i]);
	if (files->payer)
		mbox_payer_uncharge(files->payer, MBOX_CHARGE_FDS,
				    files->count);
	mbox_payer_put(files->payer);
	kfree(files);
}

/* How many of @files fit in @out, which can then be written, or -EFAULT. */
int mbox_files_fit(const struct mbox_files *files, const struct mbox_fds *out)
{
	u32 n = min(files->count, out->nr);

	if (clear_user(u64_to_user_ptr(out->fds), n * sizeof(s32)))
		return -EFAULT;
	return n;
}

/*
 * Install the first @n of @files in the current task's table, and write what
 * they have become to @out, which mbox_files_fit() has seen to. Returns how
 * many that were: a full table or a security module ends it.
 */
u32 mbox_files_install(const struct mbox_files *files,
		       const struct mbox_fds *out, u32 n, bool inherit)
{
	s32 __user *fds = u64_to_user_ptr(out->fds);
	u32 i;

	for (i = 0; i < n; i++)
		if (mbox_receive_fd(files->file[i], fds + i,
				    inherit ? 0 : O_CLOEXEC) < 0)
			break;
	return i;
}

u32 mbox_files_count(const struct mbox_files *files)
{
	return files->count;
}
