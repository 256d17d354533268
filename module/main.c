// SPDX-License-Identifier: GPL-2.0
/*
 * The module and /dev/mbox, the factory of mailboxes and regions. A descriptor
 * of it stands for the network namespace in which it was opened.
 */
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include "mbox.h"

static int mbox_device_open(struct inode *inode, struct file *file)
{
	file->private_data = mbox_registry_get_current();
	return nonseekable_open(inode, file);
}

static int mbox_device_release(struct inode *inode, struct file *file)
{
	mbox_registry_put(file->private_data);
	return 0;
}

static const struct file_operations mbox_device_fops = {
	.owner = THIS_MODULE,
	.open = mbox_device_open,
	.release = mbox_device_release,
	.unlocked_ioctl = mbox_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* Everybody may open it: permission is a matter of each object. */
static struct miscdevice mbox_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mbox",
	.fops = &mbox_device_fops,
	.mode = 0666,
};

static int __init mbox_init(void)
{
	int ret;

	ret = mbox_region_init();
	if (ret)
		return ret;
	ret = mbox_mailbox_init();
	if (ret)
		return ret;
	ret = mbox_endpoint_init();
	if (ret)
		goto mailbox_exit;
	ret = mbox_names_init();
	if (ret)
		goto endpoint_exit;
	ret = misc_register(&mbox_device);
	if (!ret)
		return 0;
	mbox_names_exit();
endpoint_exit:
	mbox_endpoint_exit();
mailbox_exit:
	mbox_mailbox_exit();
	return ret;
}

static void __exit mbox_exit(void)
{
	misc_deregister(&mbox_device);
	mbox_names_exit();
	mbox_endpoint_exit();
	mbox_mailbox_exit();
}

module_init(mbox_init);
module_exit(mbox_exit);

MODULE_DESCRIPTION("Mailboxes and shared regions through /dev/mbox");
MODULE_AUTHOR("The mbox authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
