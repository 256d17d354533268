// SPDX-License-Identifier: GPL-2.0
/*
 * Some messages in one command: each is sent or received as it would be by
 * itself, but only the first one waits.
 *
 * They go in chunks, so that the mailbox is locked for each chunk and not for each
 * message: what is to be sent is made before and goes in together, what is received
 * is claimed together, copied without the lock, and acked together. Where one of a
 * chunk cannot be done, those before it are, and it begins the next chunk: what is
 * wrong with it is told by what happens there.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "data.h"
#include "ioctl.h"

#define MBOX_CHUNK_MAX	16

/*
 * The message that @user tells of. NULL if it is large and not the @first: nobody
 * is charged for these before all of them are made. All are sent at *@time, but
 * that is now where one has a time to live: those before it have taken theirs.
 */
static __always_inline struct mbox_msg *
mbox_make_item(struct file *file, const struct mbox_send_item __user *user,
	       bool first, u64 *time, struct mbox_refused *why)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_send_item item mbox_unset;
	struct mbox_draft draft mbox_unset;
	int ret;

	if (!mbox_struct_get(&item, user, sizeof(item)))
		return ERR_PTR(-EFAULT);
	if (item.reserved)
		return ERR_PTR(-EINVAL);
	if (unlikely(item.ttl))
		*time = ktime_get_ns();
	draft = (struct mbox_draft){
		.from = { u64_to_user_ptr(item.buf), item.len },
		.len = item.len,
		.priority = item.priority,
		.type = item.type,
		.ttl = item.ttl,
		.time = *time,
		.kind = MBOX_PLAIN,
		.small = !first,
	};
	ret = mbox_draft_check(file, &draft);
	if (ret)
		return ERR_PTR(ret);
	return mbox_draft_make(ep, &draft, NULL, why);
}

/*
 * Send up to @nr messages that are told of at @from. Returns how many were sent,
 * or how the first one failed, and @why.
 */
static int mbox_send_chunk(struct file *file,
			   const struct mbox_send_item __user *from, u32 nr,
			   const struct mbox_deadline *until,
			   struct mbox_refused *why)
{
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_msg *msgs[MBOX_CHUNK_MAX] mbox_unset;
	u64 now = ktime_get_ns();
	u32 i, n;
	int ret;

	nr = mb->rendezvous ? 1 : min_t(u32, nr, MBOX_CHUNK_MAX);
	memset(why, 0, sizeof(*why));
	for (n = 0; n < nr; n++) {
		msgs[n] = mbox_make_item(file, from + n, !n, &now, why);
		if (IS_ERR_OR_NULL(msgs[n]))
			break;
	}
	if (!n)
		return PTR_ERR(msgs[0]);
	/* What is wrong with a later one is not told of these. */
	memset(why, 0, sizeof(*why));
	ret = mbox_send_msgs(ep, msgs, n, until, why);
	for (i = max(ret, 0); i < n; i++)
		if (msgs[i])
			mbox_unmake_msg(mb, msgs[i]);
	return ret;
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
	struct mbox_refused why;
	struct mbox_deadline until;
	u32 done = 0;
	int ret;

	ret = mbox_batch_check(b->nr, req->file->f_mode, FMODE_WRITE) ?:
	      mbox_deadline_get(&until, req->file, b->flags, b->deadline);
	if (ret)
		return ret;

	/* That it can be told how it ended is seen to while there is a way back. */
	if (put_user(0, &user->error))
		return -EFAULT;
	while (done < b->nr) {
		ret = mbox_send_chunk(req->file, from + done, b->nr - done,
				      &until, &why);
		if (ret < 0)
			break;
		done += ret;
		ret = 0;
		until.dontwait = true;
	}
	memset(&b->refusal, 0, sizeof(b->refusal));
	mbox_refusal_fill(&b->refusal, &why, ret);
	return mbox_batch_end(req, &b->error, done, ret);
}

/* Where the data of a message is to go: what an item begins with. */
struct mbox_dest {
	u64 buf;
	u32 size;
	u32 unused;
};

static_assert(offsetof(struct mbox_recv_item, buf) ==
	      offsetof(struct mbox_dest, buf) &&
	      offsetof(struct mbox_recv_item, buf_size) ==
	      offsetof(struct mbox_dest, size));

/* Where the data of @nr messages is to go, as far as that can be read. */
static u32 mbox_read_items(struct mbox_catch *catch, struct mbox_dest *dests,
			   const struct mbox_recv_item __user *user, u32 nr,
			   u32 flags)
{
	u32 n;

	for (n = 0; n < nr; n++) {
		if (!mbox_struct_get(dests + n, user + n, sizeof(*dests)))
			break;
		catch[n].room = flags & MBOX_TRUNCATE ? U32_MAX : dests[n].size;
	}
	return n;
}

/*
 * Receive up to @nr messages as @user says, and describe them there. Returns how
 * many, or how the first one failed.
 */
static int mbox_recv_chunk(struct mbox_request *req, struct mbox_take *take,
			   struct mbox_recv_item __user *user, u32 nr,
			   const struct mbox_deadline *until)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_catch catch[MBOX_CHUNK_MAX] mbox_unset;
	struct mbox_dest dests[MBOX_CHUNK_MAX] mbox_unset;
	u32 flags = req->args.recv_batch.flags;
	struct mbox_files *files;
	u32 i, n;
	int ret;

	nr = mbox_read_items(catch, dests, user,
			     min_t(u32, nr, MBOX_CHUNK_MAX), flags);
	if (!nr)
		return -EFAULT;
	ret = mbox_claim(ep, take, until, catch, nr);
	if (ret == -EMSGSIZE)
		return put_user(take->needed, &user->len) ?: ret;
	if (ret < 0)
		return ret;

	nr = ret;
	for (n = 0; n < nr; n++) {
		struct mbox_area to = { u64_to_user_ptr(dests[n].buf),
					dests[n].size };

		catch[n].end = mbox_end_of(catch[n].msg, flags);
		files = mbox_msg_files(catch[n].msg);
		ret = mbox_receive_item(user + n, catch + n, &to,
					mbox_files_lost(files, 0));
		if (ret)
			break;
	}
	for (i = n; i < nr; i++)
		catch[i].end = MBOX_END_PUT_BACK;
	mbox_claim_end(ep, catch, nr);
	return n ?: ret;
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
		while (done < b->nr) {
			ret = mbox_recv_chunk(req, &take, to + done,
					      b->nr - done, &until);
			if (ret < 0)
				break;
			done += ret;
			ret = 0;
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
