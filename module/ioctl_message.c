// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that move messages. What they have in common with the others,
 * ioctl.c has done: their struct is a copy, its flags are known.
 */
#include <linux/file.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "data.h"
#include "ioctl.h"

/*
 * With MBOX_ASYNC, what the reply is to go into: an answer that has its room, or
 * an error. NULL otherwise.
 */
static struct mbox_msg *mbox_get_answer(const struct mbox_send *s,
					struct mbox_refused *why)
{
	struct mbox_object *obj;
	struct mbox_msg *answer;
	struct file *file;

	if (likely(!(s->flags & MBOX_ASYNC)))
		return s->reply_fd || s->reply_size || s->cookie ||
		       s->flags & MBOX_REPEATABLE ? ERR_PTR(-EINVAL) : NULL;

	file = fget(s->reply_fd);
	if (!file)
		return ERR_PTR(-EBADF);
	obj = mbox_file_object(file);
	if (obj && obj->ops->kind == MBOX_KIND_MAILBOX &&
	    file->f_mode & FMODE_WRITE)
		answer = mbox_answer_reserve(file->private_data, s->reply_size,
					     s->cookie, why);
	else
		answer = ERR_PTR(-EBADF);
	fput(file);
	return answer;
}

long mbox_ioctl_send(struct mbox_request *req)
{
	struct mbox_send *s = &req->args.send;
	struct iov_iter pieces mbox_unset;
	u64 now = ktime_get_ns();
	struct mbox_draft draft = {
		.priority = s->priority,
		.type = s->type,
		.ttl = s->ttl,
		.time = now,
		.kind = s->flags & MBOX_ASYNC ? MBOX_CALL : MBOX_PLAIN,
	};
	struct mbox_refused why = {};
	struct mbox_deadline until mbox_unset;
	struct iovec *iov;
	int ret;

	if (s->reserved || (s->ttl && s->flags & MBOX_ASYNC))
		return -EINVAL;
	ret = mbox_area_get(&draft.from, &pieces, &iov, ITER_SOURCE, s->buf,
			    s->len, s->iov_nr);
	if (ret)
		return ret;
	draft.len = draft.from.len;
	ret = mbox_draft_check(req->file, &draft) ?:
	      mbox_deadline_get(&until, req->file, s->flags, s->deadline);
	if (likely(!ret)) {
		draft.answer = mbox_get_answer(s, &why);
		ret = PTR_ERR_OR_ZERO(draft.answer);
	}
	if (likely(!ret)) {
		draft.repeatable = s->flags & MBOX_REPEATABLE;
		draft.reply_max = s->reply_size;
		ret = mbox_draft_send(req->file, &draft, &s->fds, &until, &why);
		if (unlikely(ret && draft.answer))
			mbox_answer_cancel(draft.answer);
	}
	if (unlikely(iov))
		kfree(iov);
	return likely(!ret) ? 0 : mbox_request_refuse(req, &s->refusal, &why, ret);
}

static __always_inline int mbox_give_reply(struct mbox_request *req, u64 token,
					   u64 buf, u32 len, s32 status,
					   const struct mbox_fds *fds)
{
	struct mbox_refused why;
	struct mbox_files *files;
	int ret;

	files = mbox_files_get(fds, &why);
	if (IS_ERR(files))
		return PTR_ERR(files);
	ret = mbox_call_reply(req->file->private_data, token,
			      u64_to_user_ptr(buf), len, status, files);
	if (unlikely(ret && files))
		mbox_files_free(files);
	if (ret == -EFAULT && mbox_is_orphan(req->file))
		mbox_lease_end_all(req->file->private_data,
				   task_tgid(current));
	return ret;
}

/*
 * The reply of a reply-and-receive. Once it is given, user space must not give
 * it again when the receive is restarted: see that its token can be cleared
 * while there is still a way back.
 */
static __always_inline int mbox_reply_first(struct mbox_request *req)
{
	struct mbox_recv *r = &req->args.recv;
	u64 __user *token = req->user + offsetof(struct mbox_recv, reply_token);
	int ret;

	if (mbox_word_put(r->reply_token, token))
		return -EFAULT;
	ret = mbox_give_reply(req, r->reply_token, r->reply_buf, r->reply_len,
			      r->reply_status, &r->reply_fds);
	if (ret && ret != -ECANCELED)
		return ret;
	r->reply_token = 0;
	return mbox_word_put(0, token);
}

/*
 * Install @nr of @files, of which @out tells already, and has been written. If
 * they turn out to be fewer, write it again: it could be written a moment ago,
 * and there is no way back.
 */
static void mbox_give_files(struct mbox_request *req,
			    const struct mbox_files *files,
			    const struct mbox_fds *out,
			    struct mbox_fds __user *user, u32 nr)
{
	u32 n = mbox_files_install(files, out, nr,
				   req->args.head.flags & MBOX_INHERIT);

	if (n == nr || put_user(n, &user->nr))
		return;
	put_user(mbox_files_lost(files, n), &user->lost);
}

/* Hand over the message of @catch: its data, what is to be told of it, files. */
static int mbox_deliver(struct mbox_request *req,
			const struct mbox_catch *catch,
			const struct mbox_area *to)
{
	struct mbox_files *files = mbox_msg_files(catch->msg);
	struct mbox_recv __user *user = req->user;
	struct mbox_fds *out = &req->args.recv.fds;
	int nr = 0, ret;

	/* What is only looked at keeps its files. */
	if (unlikely(files && catch->end != MBOX_END_PEEK))
		nr = mbox_files_fit(files, out);
	if (unlikely(nr < 0))
		return nr;
	ret = mbox_receive(user, catch, to, nr, mbox_files_lost(files, nr));
	if (unlikely(!ret && nr))
		mbox_give_files(req, files, out, &user->fds, nr);
	return ret;
}

/* Receive as @take and the request say, the reply being given. */
static __always_inline int mbox_recv_one(struct mbox_request *req,
					 struct mbox_take *take,
					 const struct mbox_deadline *until)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_recv *r = &req->args.recv;
	struct mbox_catch catch mbox_unset;
	struct iov_iter pieces mbox_unset;
	struct mbox_area to;
	struct iovec *iov;
	int ret;

	ret = mbox_area_get(&to, &pieces, &iov, ITER_DEST, r->buf, r->buf_size,
			    r->iov_nr);
	if (ret)
		return ret;
	take->peek = r->flags & MBOX_PEEK;
	catch.room = r->flags & MBOX_TRUNCATE ? U32_MAX : to.len;
	ret = mbox_claim(ep, take, until, &catch, 1);
	if (likely(ret > 0)) {
		catch.end = mbox_end_of(catch.msg, r->flags);
		ret = mbox_deliver(req, &catch, &to);
		if (unlikely(ret && catch.end != MBOX_END_PEEK))
			catch.end = MBOX_END_PUT_BACK;
		mbox_claim_end(ep, &catch, 1);
		if (catch.end == MBOX_END_LEASE &&
		    unlikely(mbox_is_orphan(req->file)))
			mbox_lease_end_all(ep, task_tgid(current));
	} else if (ret == -EMSGSIZE) {
		struct mbox_recv __user *user = req->user;

		ret = put_user(take->needed, &user->len) ?: ret;
	}
	if (unlikely(iov))
		kfree(iov);
	return ret;
}

long mbox_ioctl_recv(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_recv *r = &req->args.recv;
	struct mbox_deadline until mbox_unset;
	struct mbox_take take mbox_unset;
	int ret;

	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	if (r->reserved || (r->iov_nr && r->buf_size) ||
	    (r->flags & MBOX_PEEK && (r->flags & MBOX_LEASE || r->reply_token)))
		return -EINVAL;
	ret = mbox_deadline_get(&until, req->file, r->flags, r->deadline) ?:
	      mbox_take_get(&take, mb, &r->match);
	if (ret)
		return ret;
	if (r->reply_token)
		ret = mbox_reply_first(req);
	/* Who only peeks is not in anybody's way. */
	if (!ret && !(r->flags & MBOX_PEEK))
		ret = mbox_exclude(mb);
	if (!ret) {
		ret = mbox_recv_one(req, &take, &until);
		if (!(r->flags & MBOX_PEEK))
			mbox_include(mb);
	}
	mbox_rule_put(&take.rule);
	return ret;
}

long mbox_ioctl_filter(struct mbox_request *req)
{
	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	return mbox_watch_rule(req->file->private_data, &req->args.filter.match);
}

long mbox_ioctl_notify(struct mbox_request *req)
{
	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	return mbox_watch_once(req->file,
			       !(req->args.notify.flags & MBOX_NOTIFY_OFF));
}

long mbox_ioctl_purge(struct mbox_request *req)
{
	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	return mbox_purge(req->file->private_data);
}

/*
 * Tokens are given to endpoints that can receive only: the others know none.
 */
long mbox_ioctl_ack(struct mbox_request *req)
{
	return mbox_lease_ack(req->file->private_data, req->args.ack.token);
}

long mbox_ioctl_nack(struct mbox_request *req)
{
	struct mbox_nack *n = &req->args.nack;

	if (n->delay > MBOX_TIME_MAX)
		return -EINVAL;
	return mbox_lease_nack(req->file->private_data, n->token, n->delay);
}

long mbox_ioctl_held(struct mbox_request *req)
{
	return mbox_lease_ask(req->file->private_data, &req->args.held) ?:
	       mbox_request_reply(req);
}

long mbox_ioctl_reply(struct mbox_request *req)
{
	struct mbox_reply *r = &req->args.reply;

	return mbox_give_reply(req, r->token, r->buf, r->len, r->status,
			       &r->fds);
}

long mbox_ioctl_cancel(struct mbox_request *req)
{
	return mbox_call_cancel(req->file->private_data, req->args.cancel.id);
}

static __always_inline int mbox_write_id(struct mbox_request *req)
{
	u64 __user *id = req->user + offsetof(struct mbox_call, id);

	return mbox_word_put(req->args.call.id, id);
}

/*
 * Send a new call. Its id is written before, so that whatever interrupts it, the
 * call is found again rather than sent twice.
 */
static __always_inline int mbox_call_new(struct mbox_request *req,
					 struct mbox_msg **msgp,
					 const struct mbox_deadline *until,
					 struct mbox_refused *why)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_call *c = &req->args.call;
	u64 now = ktime_get_ns();
	struct mbox_draft draft = {
		.from = { u64_to_user_ptr(c->buf), c->len },
		.len = c->len,
		.priority = c->priority,
		.type = c->type,
		.time = now,
		.kind = MBOX_CALL,
		.repeatable = c->flags & MBOX_REPEATABLE,
		.reply_max = c->reply_size,
	};
	struct mbox_msg *msg;
	int ret;

	ret = mbox_draft_check(req->file, &draft);
	if (ret)
		return ret;
	msg = mbox_draft_make(ep, &draft, &c->fds, why);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	*msgp = msg;
	c->id = atomic64_inc_return(&mbox_to_mailbox(ep->obj)->calls);
	ret = mbox_write_id(req);
	if (!ret)
		ret = mbox_call_send(ep, msgp, c->id, until, why);
	/* It has not got in: then it has not been. */
	if (ret && *msgp) {
		mbox_unmake_msg(mbox_to_mailbox(ep->obj), msg);
		*msgp = NULL;
	}
	return ret;
}

/* Write how a call ended, and at last @id: it is there until all the rest is. */
static __always_inline int mbox_call_tell(struct mbox_call __user *user,
					  const struct mbox_callinfo *call,
					  u32 fds, u32 lost, u64 id)
{
	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	unsafe_put_user(call->reply_len, &user->reply_len, fault);
	unsafe_put_user(call->status, &user->status, fault);
	unsafe_put_user(fds, &user->reply_fds.nr, fault);
	unsafe_put_user(lost, &user->reply_fds.lost, fault);
	unsafe_put_user(id, &user->id, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/* Hand the reply, or what there is instead, to user space. */
static int mbox_call_fetch(struct mbox_request *req, struct mbox_msg *msg)
{
	struct mbox_callinfo *call = mbox_msg_call(msg);
	struct mbox_call __user *user = req->user;
	struct mbox_call *c = &req->args.call;
	struct mbox_area to = { u64_to_user_ptr(c->reply_buf), call->reply_len };
	int nr = 0, ret;

	if (unlikely(call->reply_len > c->reply_size))
		return mbox_call_tell(user, call, c->reply_fds.nr,
				      c->reply_fds.lost, c->id) ?: -EMSGSIZE;
	if (unlikely(call->files))
		nr = mbox_files_fit(call->files, &c->reply_fds);

	if (unlikely(nr < 0) ||
	    (likely(!call->result) &&
	     !mbox_data_put(&to, call->reply, call->reply_len)))
		return -EFAULT;
	ret = mbox_call_tell(user, call, nr, mbox_files_lost(call->files, nr), 0);
	if (unlikely(!ret && nr))
		mbox_give_files(req, call->files, &c->reply_fds,
				&user->reply_fds, nr);
	return ret ?: call->result;
}

long mbox_ioctl_call(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_call *c = &req->args.call;
	struct mbox_refused why = {};
	struct mbox_deadline until mbox_unset;
	struct mbox_msg *msg = NULL;
	int ret;

	if (!(req->file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (c->reserved)
		return -EINVAL;
	ret = mbox_deadline_get(&until, req->file, c->flags, c->deadline);
	if (ret)
		return ret;

	if (c->id)
		ret = mbox_call_resume(ep, &msg, c->id, &until, &why);
	else
		ret = mbox_call_new(req, &msg, &until, &why);
	if (!ret) {
		ret = mbox_call_fetch(req, msg);
		mbox_call_finish(ep, msg, ret != -EFAULT && ret != -EMSGSIZE);
	} else if (ret != -ERESTARTSYS && ret != -ESTALE && ret != -EBUSY) {
		/* It is over. If that cannot be written, ESTALE will tell. */
		c->id = 0;
		mbox_write_id(req);
		ret = mbox_request_refuse(req, &c->refusal, &why, ret);
	}
	if (unlikely(ret && mbox_is_orphan(req->file)))
		mbox_call_cancel_all(ep, task_tgid(current));
	return ret;
}
