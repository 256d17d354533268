// SPDX-License-Identifier: GPL-2.0
/*
 * Some messages in one command: each is sent or received as it would be by
 * itself, but only the first one waits.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "ioctl.h"

static int mbox_send_item(struct file *file, const struct mbox_send_item *item,
			  const struct mbox_deadline *until,
			  struct mbox_refused *why)
{
	struct iov_iter from;
	struct mbox_draft draft = {
		.from = &from,
		.len = item->len,
		.priority = item->priority,
		.type = item->type,
		.ttl = item->ttl,
	};

	iov_iter_ubuf(&from, ITER_SOURCE, u64_to_user_ptr(item->buf),
		      item->len);
	return mbox_draft_check(file, &draft) ?:
	       mbox_draft_send(file, &draft, NULL, until, why);
}

/*
 * Write back how a batch of which @done are done ended, with @ret. If some are, it
 * is not to be restarted: they would be done again.
 */
static long mbox_batch_end(struct mbox_request *req, s32 *error, u32 done,
			   int ret)
{
	*error = ret == -ERESTARTSYS ? EINTR : -ret;
	mbox_request_reply(req);
	return done ? (long)done : ret;
}

static int mbox_batch_check(u32 nr, fmode_t mode, fmode_t wanted)
{
	if (!(mode & wanted))
		return -EBADF;
	return !nr || nr > MBOX_BATCH_MAX ? -EINVAL : 0;
}

long mbox_ioctl_send_batch(struct mbox_request *req)
{
	struct mbox_send_batch *b = &req->args.send_batch;
	const struct mbox_send_item __user *from = u64_to_user_ptr(b->items);
	struct mbox_send_batch __user *user = req->user;
	struct mbox_refused why = {};
	struct mbox_deadline until;
	u32 done;
	int ret;

	ret = mbox_batch_check(b->nr, req->file->f_mode, FMODE_WRITE) ?:
	      mbox_deadline_get(&until, req->file, b->flags, b->deadline);
	if (ret)
		return ret;

	/* That it can be told how it ended is seen to while there is a way back. */
	if (put_user(0, &user->error))
		return -EFAULT;
	for (done = 0; done < b->nr; done++) {
		struct mbox_send_item item;

		memset(&why, 0, sizeof(why));
		if (copy_from_user(&item, from + done, sizeof(item)))
			ret = -EFAULT;
		else if (item.reserved)
			ret = -EINVAL;
		else
			ret = mbox_send_item(req->file, &item, &until, &why);
		if (ret)
			break;
		until.dontwait = true;
	}
	memset(&b->refusal, 0, sizeof(b->refusal));
	mbox_refusal_fill(&b->refusal, &why, ret);
	return mbox_batch_end(req, &b->error, done, ret);
}

static void mbox_fill_item(struct mbox_recv_item *item,
			   const struct mbox_recv *r,
			   const struct mbox_msg *msg)
{
	struct mbox_fds fds;

	mbox_files_tell(mbox_msg_files(msg), &fds, 0);
	item->len = r->len;
	item->type = r->type;
	item->seq = r->seq;
	item->time = r->time;
	item->token = r->token;
	item->missed = r->missed;
	item->cookie = r->cookie;
	item->priority = r->priority;
	item->deliveries = r->deliveries;
	item->pid = r->pid;
	item->tid = r->tid;
	item->uid = r->uid;
	item->gid = r->gid;
	item->msg_flags = r->msg_flags;
	item->reply_max = r->reply_max;
	item->status = r->status;
	item->error = r->error;
	item->fds_lost = fds.lost;
	item->reserved = 0;
}

/* Receive a message as @user says, and describe it there. */
static int mbox_recv_item(struct mbox_request *req,
			  struct mbox_recv_item __user *user,
			  struct mbox_take *take,
			  const struct mbox_deadline *until)
{
	u32 flags = req->args.recv_batch.flags;
	struct mbox_recv_item item;
	struct iov_iter to;
	struct mbox_msg *msg;
	struct mbox_recv r;
	bool lease;
	int ret;

	if (copy_from_user(&item, user, sizeof(item)))
		return -EFAULT;
	take->room = flags & MBOX_TRUNCATE ? U32_MAX : item.buf_size;
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(item.buf), item.buf_size);
	msg = mbox_receive(req->file, take, until, &to, &r);
	if (IS_ERR(msg)) {
		ret = PTR_ERR(msg);
		if (ret == -EMSGSIZE && put_user(r.len, &user->len))
			ret = -EFAULT;
		return ret;
	}
	lease = flags & MBOX_LEASE || msg->kind == MBOX_CALL;
	if (!lease)
		r.token = 0;
	mbox_fill_item(&item, &r, msg);
	ret = copy_to_user(user, &item, sizeof(item)) ? -EFAULT : 0;
	mbox_received(req->file, take, msg, lease, ret);
	return ret;
}

long mbox_ioctl_recv_batch(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_recv_batch *b = &req->args.recv_batch;
	struct mbox_recv_item __user *to = u64_to_user_ptr(b->items);
	struct mbox_recv_batch __user *user = req->user;
	struct mbox_deadline until;
	struct mbox_take take;
	u32 done = 0;
	int ret;

	ret = mbox_batch_check(b->nr, req->file->f_mode, FMODE_READ) ?:
	      mbox_deadline_get(&until, req->file, b->flags, b->deadline) ?:
	      mbox_take_get(&take, mb, &b->match);
	if (ret)
		return ret;
	ret = put_user(0, &user->error) ?: mbox_exclude(mb);
	if (!ret) {
		for (; done < b->nr; done++) {
			ret = mbox_recv_item(req, to + done, &take, &until);
			if (ret)
				break;
			until.dontwait = true;
			/* The filter may be another by now. */
			if (!b->match.what)
				mbox_rule_put(&take.rule);
		}
		mbox_include(mb);
	}
	mbox_rule_put(&take.rule);
	if (unlikely(done && mbox_is_orphan(req->file)))
		mbox_lease_end_all(ep, task_tgid(current));
	return mbox_batch_end(req, &b->error, done, ret);
}
