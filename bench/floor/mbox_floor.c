// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: the least that a character device does for a message, in so many
 * system calls and with arguments of the size that mbox has. It is measured
 * beside mbox, to tell what no mailbox can go below.
 *
 * An open file is one buffer. What is sent is copied into it, what is received
 * out of it: there is no queue, nothing is allocated or charged, and nobody's
 * turn is looked after. A call wakes who serves, a reply who calls. There may be
 * one of each; more of them garble each other's messages, nothing else.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcuwait.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/mbox.h>
#include "args.h"
#include "mbox_floor.h"

/* Bytes of a struct mbox_recv that tell of a message: from @type on. */
#define FLOOR_TOLD	(offsetof(struct mbox_recv, reply_max) - \
			 offsetof(struct mbox_recv, type))

/* Whom the message in the buffer is for */
enum floor_turn {
	FLOOR_NOBODY,
	FLOOR_SERVER,
	FLOOR_CALLER,
};

/**
 * struct floor - an open file
 * @data: the message, or those of a batch one behind the other. In pages of its
 *	own: hardened usercopy is done with these soonest.
 * @len: of the message
 * @turn: enum floor_turn
 * @server: who waits for a request
 * @caller: who waits for a reply
 * @sent: arguments of a batch, copied as one
 * @received: likewise
 *
 * Arguments of a single message are read to the stack, which is not cleared
 * before, as the module reads them.
 */
struct floor {
	void *data;
	u32 len;
	int turn;
	struct rcuwait server, caller;
	union {
		struct mbox_send_item sent[FLOOR_BATCH];
		struct mbox_recv_item received[FLOOR_BATCH];
	};
};

static int floor_open(struct inode *inode, struct file *file)
{
	struct floor *floor = kzalloc(sizeof(*floor), GFP_KERNEL);

	if (!floor)
		return -ENOMEM;
	floor->data = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					       get_order(FLOOR_ROOM));
	if (!floor->data) {
		kfree(floor);
		return -ENOMEM;
	}
	rcuwait_init(&floor->server);
	rcuwait_init(&floor->caller);
	file->private_data = floor;
	return nonseekable_open(inode, file);
}

static int floor_release(struct inode *inode, struct file *file)
{
	struct floor *floor = file->private_data;

	free_pages((unsigned long)floor->data, get_order(FLOOR_ROOM));
	kfree(floor);
	return 0;
}

/* Data is copied as the module does: what is small, in words. Returns if it was. */
static __always_inline bool floor_get(void *to, u64 buf, u32 len)
{
	return len <= MBOX_WORDS_MAX ?
	       mbox_words_get(to, u64_to_user_ptr(buf), len) :
	       !copy_from_user(to, u64_to_user_ptr(buf), len);
}

static __always_inline bool floor_put(u64 buf, const void *from, u32 len)
{
	return len <= MBOX_WORDS_MAX ?
	       mbox_words_put(u64_to_user_ptr(buf), from, len) :
	       !copy_to_user(u64_to_user_ptr(buf), from, len);
}

static __always_inline int floor_fill(struct floor *floor, u64 buf, u32 len)
{
	if (len > FLOOR_ROOM)
		return -EMSGSIZE;
	if (!floor_get(floor->data, buf, len))
		return -EFAULT;
	floor->len = len;
	return 0;
}

/* Returns the length. */
static __always_inline int floor_drain(struct floor *floor, u64 buf, u32 size)
{
	u32 len = READ_ONCE(floor->len);

	if (len > size)
		return -EMSGSIZE;
	if (!floor_put(buf, floor->data, len))
		return -EFAULT;
	return len;
}

static long floor_send(struct floor *floor, void __user *user)
{
	struct mbox_send send __uninitialized;

	if (!mbox_read_send(&send, user))
		return -EFAULT;
	return floor_fill(floor, send.buf, send.len);
}

/*
 * What is left to do where the struct has been read: the data, and as many words of
 * the struct as tell of a message.
 */
static __always_inline long floor_deliver(struct floor *floor,
					  struct mbox_recv *recv,
					  struct mbox_recv __user *user)
{
	/* any but 0 */
	static const struct mbox_recv told = { .token = 1 };
	int ret = floor_drain(floor, recv->buf, recv->buf_size);

	if (ret < 0)
		return ret;
	if (!mbox_words_put((u8 __user *)&user->type, (const u8 *)&told.type,
			    FLOOR_TOLD))
		return -EFAULT;
	return put_user(ret, &user->len);
}

static long floor_recv(struct floor *floor, void __user *user)
{
	struct mbox_recv recv __uninitialized;

	if (!mbox_read_recv(&recv, user))
		return -EFAULT;
	return floor_deliver(floor, &recv, user);
}

static long floor_send_batch(struct floor *floor, void __user *user)
{
	struct mbox_send_batch batch __uninitialized;
	u32 at = 0;
	int i;

	if (copy_from_user(&batch, user, sizeof(batch)))
		return -EFAULT;
	if (batch.nr != FLOOR_BATCH)
		return -EINVAL;
	if (copy_from_user(floor->sent, u64_to_user_ptr(batch.items),
			   sizeof(floor->sent)))
		return -EFAULT;
	for (i = 0; i < FLOOR_BATCH; i++) {
		u32 len = floor->sent[i].len;

		if (len > FLOOR_ROOM - at)
			return -EMSGSIZE;
		if (!floor_get(floor->data + at, floor->sent[i].buf, len))
			return -EFAULT;
		at += len;
	}
	batch.error = 0;
	return copy_to_user(user, &batch, sizeof(batch)) ? -EFAULT : i;
}

/* Messages are as large as their buffers. */
static long floor_recv_batch(struct floor *floor, void __user *user)
{
	struct mbox_recv_batch batch __uninitialized;
	u32 at = 0;
	int i;

	if (copy_from_user(&batch, user, sizeof(batch)))
		return -EFAULT;
	if (batch.nr != FLOOR_BATCH)
		return -EINVAL;
	if (copy_from_user(floor->received, u64_to_user_ptr(batch.items),
			   sizeof(floor->received)))
		return -EFAULT;
	for (i = 0; i < FLOOR_BATCH; i++) {
		u32 len = floor->received[i].buf_size;

		if (len > FLOOR_ROOM - at)
			return -EMSGSIZE;
		if (!floor_put(floor->received[i].buf, floor->data + at, len))
			return -EFAULT;
		floor->received[i].len = len;
		at += len;
	}
	if (copy_to_user(u64_to_user_ptr(batch.items), floor->received,
			 sizeof(floor->received)))
		return -EFAULT;
	batch.error = 0;
	return copy_to_user(user, &batch, sizeof(batch)) ? -EFAULT : i;
}

/*
 * The message is @turn's, who waits at @wait, and runs at once if the scheduler
 * thinks so: then what we are to wait for is there, mostly, before we sleep, and
 * nobody has to wake us.
 */
static void floor_pass(struct floor *floor, int turn, struct rcuwait *wait)
{
	/* hands data and len over: pairs with floor_has_turn() */
	smp_store_release(&floor->turn, turn);
	rcuwait_wake_up(wait);
	cond_resched();
}

static bool floor_has_turn(struct floor *floor, int turn)
{
	/* takes data and len over: pairs with floor_pass() */
	return smp_load_acquire(&floor->turn) == turn;
}

static int floor_wait(struct floor *floor, int turn, struct rcuwait *wait)
{
	return rcuwait_wait_event(wait, floor_has_turn(floor, turn),
				  TASK_KILLABLE);
}

static long floor_call(struct floor *floor, void __user *user)
{
	struct mbox_call __user *to = user;
	struct mbox_call call __uninitialized;
	int ret;

	if (!mbox_read_call(&call, user))
		return -EFAULT;
	ret = floor_fill(floor, call.buf, call.len);
	if (ret)
		return ret;
	floor_pass(floor, FLOOR_SERVER, &floor->server);
	ret = floor_wait(floor, FLOOR_CALLER, &floor->caller);
	if (ret)
		return ret;
	ret = floor_drain(floor, call.reply_buf, call.reply_size);
	if (ret < 0)
		return ret;
	return put_user(ret, &to->reply_len);
}

static long floor_serve(struct floor *floor, void __user *user)
{
	struct mbox_recv recv __uninitialized;
	int ret;

	if (!mbox_read_recv(&recv, user))
		return -EFAULT;
	if (recv.reply_token) {
		ret = floor_fill(floor, recv.reply_buf, recv.reply_len);
		if (ret)
			return ret;
		floor_pass(floor, FLOOR_CALLER, &floor->caller);
	}
	ret = floor_wait(floor, FLOOR_SERVER, &floor->server);
	if (ret)
		return ret;
	return floor_deliver(floor, &recv, user);
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct floor *floor = file->private_data;

	switch (cmd) {
	case FLOOR_SEND:
		return floor_send(floor, user);
	case FLOOR_RECV:
		return floor_recv(floor, user);
	case FLOOR_SEND_BATCH:
		return floor_send_batch(floor, user);
	case FLOOR_RECV_BATCH:
		return floor_recv_batch(floor, user);
	case FLOOR_CALL:
		return floor_call(floor, user);
	case FLOOR_SERVE:
		return floor_serve(floor, user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.open = floor_open,
	.release = floor_release,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = FLOOR_NAME,
	.fops = &floor_fops,
};

module_misc_device(floor_device);

MODULE_DESCRIPTION("What a message through a character device costs at least");
MODULE_AUTHOR("The mbox authors");
MODULE_LICENSE("GPL");
