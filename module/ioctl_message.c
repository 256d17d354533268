// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that move messages. What they have in common with the others,
 * ioctl.c has done: their struct is a copy, its flags are known.
 */
#include <linux/file.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "ioctl.h"

static struct mbox_mailbox *mbox_request_mailbox(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;

	return mbox_to_mailbox(ep->obj);
}

static int mbox_get_deadline(struct mbox_deadline *until, struct file *file,
			     u32 flags, u64 deadline)
{
	if (deadline > KTIME_MAX)
		return -EINVAL;
	until->dontwait = flags & MBOX_DONTWAIT || file->f_flags & O_NONBLOCK;
	until->realtime = flags & MBOX_REALTIME;
	until->forever = !deadline;
	until->at = deadline;
	if (until->forever || until->realtime)
		return 0;
	/* What is before the time namespace began has passed. */
	if (check_sub_overflow((s64)deadline, mbox_time_offset(), &until->at))
		until->at = KTIME_MAX;
	until->at = max_t(s64, until->at, 0);
	return 0;
}

/* What @draft has in common for a send and a call: may it be sent here? */
static int mbox_check_draft(struct mbox_request *req,
			    const struct mbox_draft *draft)
{
	struct mbox_mailbox *mb = mbox_request_mailbox(req);

	if (!(req->file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (draft->priority > MBOX_PRIORITY_MAX)
		return -EINVAL;
	if (draft->len > mb->msg_size ||
	    (mb->fixed && draft->len != mb->msg_size) ||
	    draft->reply_max > MBOX_MSG_SIZE_MAX)
		return -EMSGSIZE;
	return 0;
}

/* Make the message of @draft, with the files of @fds. */
static struct mbox_msg *mbox_make_whole(struct mbox_request *req,
					struct mbox_draft *draft,
					const struct mbox_fds *fds,
					struct mbox_refused *why)
{
	struct mbox_msg *msg;

	draft->files = mbox_files_get(fds, why);
	if (IS_ERR(draft->files))
		return ERR_CAST(draft->files);
	msg = mbox_make_msg(req->file->private_data, draft, why);
	if (IS_ERR(msg))
		mbox_files_free(draft->files);
	return msg;
}

/* With MBOX_ASYNC, make the draft that of a call, with room for its answer. */
static int mbox_get_answer(const struct mbox_send *s, struct mbox_draft *draft,
			   struct mbox_refused *why)
{
	struct mbox_object *obj;
	struct file *file;

	if (!(s->flags & MBOX_ASYNC))
		return s->reply_fd || s->reply_size || s->cookie ||
		       s->flags & MBOX_REPEATABLE ? -EINVAL : 0;

	file = fget(s->reply_fd);
	if (!file)
		return -EBADF;
	obj = mbox_file_object(file);
	if (obj && obj->ops->kind == MBOX_KIND_MAILBOX &&
	    file->f_mode & FMODE_WRITE)
		draft->answer = mbox_answer_reserve(file->private_data,
						    s->reply_size, s->cookie,
						    why);
	else
		draft->answer = ERR_PTR(-EBADF);
	fput(file);
	if (IS_ERR(draft->answer))
		return PTR_ERR(draft->answer);

	draft->kind = MBOX_CALL;
	draft->reply_max = s->reply_size;
	draft->repeatable = s->flags & MBOX_REPEATABLE;
	return 0;
}

long mbox_ioctl_send(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_send *s = &req->args.send;
	struct mbox_draft draft = {
		.buf = u64_to_user_ptr(s->buf),
		.len = s->len,
		.priority = s->priority,
		.type = s->type,
	};
	struct mbox_refused why = {};
	struct mbox_deadline until;
	struct mbox_msg *msg;
	int ret;

	ret = mbox_check_draft(req, &draft) ?:
	      mbox_get_deadline(&until, req->file, s->flags, s->deadline) ?:
	      mbox_get_answer(s, &draft, &why);
	if (ret)
		return mbox_request_refuse(req, &s->refusal, &why, ret);

	msg = mbox_make_whole(req, &draft, &s->fds, &why);
	ret = PTR_ERR_OR_ZERO(msg);
	if (likely(!ret)) {
		ret = mbox_send_msg(ep, msg, &until, &why);
		if (likely(!ret))
			return 0;
		mbox_unmake_msg(mbox_to_mailbox(ep->obj), msg);
	}
	if (draft.answer)
		mbox_answer_cancel(draft.answer);
	return mbox_request_refuse(req, &s->refusal, &why, ret);
}

/* Tell of @msg in the current task's terms. */
static void mbox_describe(struct mbox_recv *r, const struct mbox_msg *msg)
{
	struct user_namespace *ns = current_user_ns();

	r->len = msg->len;
	r->type = msg->type;
	r->seq = msg->seq;
	/* Before the time namespace began is as long ago as can be. */
	r->time = max_t(s64, ktime_add(msg->time, mbox_time_offset()), 0);
	r->priority = msg->priority;
	r->pid = pid_vnr(msg->share->pid);
	r->tid = pid_vnr(msg->tid);
	r->uid = from_kuid_munged(ns, msg->share->uid);
	r->gid = from_kgid_munged(ns, msg->gid);
	r->token = 0;
	r->msg_flags = 0;
	r->deliveries = msg->deliveries;
	r->reply_max = 0;
	r->cookie = 0;
	r->status = 0;
	r->error = 0;
	if (msg->kind == MBOX_CALL) {
		r->msg_flags = MBOX_MSG_CALL;
		r->reply_max = msg->call->reply_max;
	} else if (msg->kind == MBOX_ANSWER) {
		r->msg_flags = MBOX_MSG_REPLY;
		r->cookie = msg->call->cookie;
		r->status = msg->call->status;
		r->error = -msg->call->result;
		/* The share is the caller's, the answer is not. */
		r->pid = pid_vnr(msg->call->pid);
		r->uid = from_kuid_munged(ns, msg->call->uid);
	}
}

/*
 * Has the process closed its last descriptor of the endpoint while it was in
 * this command? Then what the command leaves behind would never come back: no
 * close is to come that could see to it.
 */
static bool mbox_request_is_orphan(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;

	return READ_ONCE(ep->departures) && !mbox_process_has_file(req->file);
}

static int mbox_give_reply(struct mbox_request *req, u64 token, u64 buf,
			   u32 len, s32 status, const struct mbox_fds *fds)
{
	struct mbox_refused why;
	struct mbox_files *files;
	int ret;

	files = mbox_files_get(fds, &why);
	if (IS_ERR(files))
		return PTR_ERR(files);
	ret = mbox_call_reply(req->file->private_data, token,
			      u64_to_user_ptr(buf), len, status, files);
	if (ret)
		mbox_files_free(files);
	if (ret == -EFAULT && mbox_request_is_orphan(req))
		mbox_lease_end_all(req->file->private_data,
				   task_tgid(current));
	return ret;
}

/*
 * The reply of a reply-and-receive. Once it is given, user space must not give
 * it again when the receive is restarted: see that its token can be cleared
 * while there is still a way back.
 */
static int mbox_reply_first(struct mbox_request *req)
{
	struct mbox_recv *r = &req->args.recv;
	u64 __user *token = req->user + offsetof(struct mbox_recv, reply_token);
	int ret;

	if (put_user(r->reply_token, token))
		return -EFAULT;
	ret = mbox_give_reply(req, r->reply_token, r->reply_buf, r->reply_len,
			      r->reply_status, &r->reply_fds);
	if (ret && ret != -ECANCELED)
		return ret;
	r->reply_token = 0;
	return put_user(r->reply_token, token);
}

/*
 * Install @nr of @files, of which @out tells already, and has been written. If
 * they turn out to be fewer, write it again: it could be written a moment ago,
 * and there is no way back.
 */
static void mbox_give_files(struct mbox_request *req,
			    const struct mbox_files *files,
			    struct mbox_fds *out, u32 nr)
{
	u32 n = mbox_files_install(files, out, nr,
				   req->args.head.flags & MBOX_INHERIT);

	if (n == nr)
		return;
	mbox_files_tell(files, out, n);
	mbox_request_reply(req);
}

/* Hand the claimed @msg to user space, or put it back. */
static int mbox_deliver(struct mbox_request *req, struct mbox_msg *msg)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_recv *r = &req->args.recv;
	bool lease = r->flags & MBOX_LEASE || msg->kind == MBOX_CALL;
	int nr, ret;

	mbox_describe(r, msg);
	if (lease)
		r->token = msg->token;

	nr = mbox_files_room(msg->files, &r->fds);
	mbox_files_tell(msg->files, &r->fds, max(nr, 0));
	if (unlikely(fatal_signal_pending(current)))
		ret = -EINTR;	/* nobody would see it */
	else if (nr < 0 ||
		 copy_to_user(u64_to_user_ptr(r->buf), msg->data, msg->len))
		ret = -EFAULT;
	else
		ret = mbox_request_reply(req);
	if (unlikely(!ret && nr))
		mbox_give_files(req, msg->files, &r->fds, nr);

	if (unlikely(ret))
		mbox_put_back(ep, msg);
	else if (lease)
		mbox_lease(ep, msg);
	else
		mbox_ack(ep, msg);

	if (lease && unlikely(mbox_request_is_orphan(req)))
		mbox_lease_end_all(ep, task_tgid(current));
	return ret;
}

long mbox_ioctl_recv(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_recv *r = &req->args.recv;
	struct mbox_deadline until;
	struct mbox_msg *msg;
	int ret;

	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	if (r->reserved || r->reserved2)
		return -EINVAL;
	ret = mbox_get_deadline(&until, req->file, r->flags, r->deadline);
	if (!ret && r->reply_token)
		ret = mbox_reply_first(req);
	if (ret)
		return ret;

	msg = mbox_claim(ep, r->buf_size, &r->len, &until);
	if (!IS_ERR(msg))
		return mbox_deliver(req, msg);

	ret = PTR_ERR(msg);
	if (ret == -EMSGSIZE)
		ret = mbox_request_reply(req) ?: ret;
	return ret;
}

long mbox_ioctl_purge(struct mbox_request *req)
{
	if (!(req->file->f_mode & FMODE_READ))
		return -EBADF;
	return mbox_purge(mbox_request_mailbox(req), -ECANCELED);
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

	if (n->delay > 1ULL << 62)
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

static int mbox_write_id(struct mbox_request *req)
{
	u64 __user *id = req->user + offsetof(struct mbox_call, id);

	return put_user(req->args.call.id, id);
}

/*
 * Send a new call. Its id is written before, so that whatever interrupts it, the
 * call is found again rather than sent twice.
 */
static int mbox_call_new(struct mbox_request *req, struct mbox_msg **msgp,
			 const struct mbox_deadline *until,
			 struct mbox_refused *why)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_call *c = &req->args.call;
	struct mbox_draft draft = {
		.buf = u64_to_user_ptr(c->buf),
		.len = c->len,
		.priority = c->priority,
		.type = c->type,
		.kind = MBOX_CALL,
		.repeatable = c->flags & MBOX_REPEATABLE,
		.reply_max = c->reply_size,
	};
	struct mbox_msg *msg;
	int ret;

	ret = mbox_check_draft(req, &draft);
	if (ret)
		return ret;
	msg = mbox_make_whole(req, &draft, &c->fds, why);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	*msgp = msg;
	c->id = mbox_call_next_id(mbox_to_mailbox(ep->obj));
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

/* Hand the reply, or what there is instead, to user space. */
static int mbox_call_fetch(struct mbox_request *req, struct mbox_msg *msg)
{
	struct mbox_callinfo *call = msg->call;
	struct mbox_call *c = &req->args.call;
	int nr = mbox_files_room(call->files, &c->reply_fds);
	int ret;

	c->reply_len = call->reply_len;
	c->status = call->status;
	if (call->reply_len > c->reply_size)
		return mbox_request_reply(req) ?: -EMSGSIZE;

	/* The id is there until all the rest is. */
	mbox_files_tell(call->files, &c->reply_fds, max(nr, 0));
	if (call->result)
		ret = mbox_request_reply(req);
	else if (nr < 0 ||
		 copy_to_user(u64_to_user_ptr(c->reply_buf), call->reply,
			      call->reply_len))
		ret = -EFAULT;
	else
		ret = mbox_request_reply(req);
	if (unlikely(!ret && nr))
		mbox_give_files(req, call->files, &c->reply_fds, nr);
	if (ret)
		return ret;
	c->id = 0;
	return mbox_write_id(req) ?: call->result;
}

long mbox_ioctl_call(struct mbox_request *req)
{
	struct mbox_endpoint *ep = req->file->private_data;
	struct mbox_call *c = &req->args.call;
	struct mbox_refused why = {};
	struct mbox_deadline until;
	struct mbox_msg *msg = NULL;
	int ret;

	if (!(req->file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (c->reserved)
		return -EINVAL;
	ret = mbox_get_deadline(&until, req->file, c->flags, c->deadline);
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
	if (unlikely(ret && mbox_request_is_orphan(req)))
		mbox_call_cancel_all(ep, task_tgid(current));
	return ret;
}
