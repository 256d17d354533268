// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that nobody waits for: the reply comes as a message in a mailbox of the
 * caller's choice.
 *
 * That message, the answer, is made when the call is: it is charged to the
 * caller and has its room in the reply mailbox from then on, where it counts as
 * held. The call points to it. When the call is over, in whatever way, the
 * answer is filled in and offered there. It cannot fail for want of anything;
 * only if nobody can receive in the reply mailbox any more, it is dropped.
 *
 * The two mailboxes are never locked together: the answer passes from the one to
 * the other in a struct mbox_after.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include "mbox.h"

/*
 * An answer of at most @size bytes with @cookie, with its room in the mailbox of
 * @to, or an error and @why: it does not wait for room.
 */
struct mbox_msg *mbox_answer_reserve(struct mbox_endpoint *to, u32 size,
				     u64 cookie, struct mbox_refused *why)
{
	struct mbox_mailbox *mb = mbox_to_mailbox(to->obj);
	struct mbox_draft draft = { .kind = MBOX_ANSWER, .len = size };
	struct mbox_waiter unused mbox_unset;
	struct mbox_msg *answer;
	int ret;

	if (mb->rendezvous || mbox_is_broadcast(mb))
		return ERR_PTR(-EOPNOTSUPP);
	if (size > mb->msg_size || mb->fixed)
		return ERR_PTR(-EMSGSIZE);
	answer = mbox_make_msg(to, &draft, why);
	if (IS_ERR(answer))
		return answer;
	mbox_msg_call(answer)->cookie = cookie;
	ret = mbox_enter(to, &answer, 1, &unused, true, why);
	if (ret < 0) {
		mbox_unmake_msg(mb, answer);
		return ERR_PTR(ret);
	}
	mbox_object_get(&mb->obj);
	mbox_msg_call(answer)->to = mb;
	return answer;
}

/* Undo that: its call has not come to be. */
void mbox_answer_cancel(struct mbox_msg *answer)
{
	struct mbox_mailbox *mb = mbox_msg_call(answer)->to;
	struct mbox_after after;

	mbox_after_init(&after);
	mbox_lock(mb);
	mbox_drop_locked(mb, answer, 0, &after);
	mbox_unlock(mb, &after);
	mbox_object_put(&mb->obj);
}

/* The call of @answer is over: note that it is to be delivered. */
void mbox_answer_note_locked(struct mbox_msg *msg, int result,
			     struct mbox_after *after)
{
	struct mbox_callinfo *call = mbox_msg_call(msg);
	struct mbox_msg *answer = call->answer;
	struct mbox_callinfo *info = mbox_msg_call(answer);

	call->answer = NULL;
	info->result = result;
	info->status = call->status;
	info->reply_len = call->reply_len;
	info->extra.files = call->files;
	call->files = NULL;
	answer->next = mbox_chores(after)->answers;
	mbox_chores(after)->answers = answer;
}

/* A reply is from who gives it; an error is from nobody. */
static void mbox_answer_stamp(struct mbox_msg *answer)
{
	struct mbox_callinfo *info = mbox_msg_call(answer);

	answer->time = ktime_get_ns();
	put_pid(answer->tid);
	answer->tid = NULL;
	info->gid = INVALID_GID;
	info->uid = INVALID_UID;
	if (info->result)
		return;
	answer->tid = get_pid(task_pid(current));
	info->gid = current_egid();
	info->uid = current_euid();
	info->pid = get_pid(task_tgid(current));
}

/* Let it be received. It needs only as much room as it is long. */
static void mbox_answer_offer_locked(struct mbox_mailbox *mb,
				     struct mbox_msg *answer,
				     struct mbox_after *after)
{
	struct mbox_callinfo *info = mbox_msg_call(answer);
	bool writable = mbox_writable_locked(mb, mb->obj.uid);

	lockdep_assert_held(&mb->obj.lock);

	/* An ended mailbox can still be drained, if anybody is there. */
	if (!mb->obj.linked && !mb->obj.readers) {
		mbox_drop_locked(mb, answer, 0, after);
		return;
	}
	mbox_room_shrink_locked(mb, answer, info->reply_len);
	mb->held--;
	info->over = true;
	answer->seq = ++mb->seq;
	mbox_offer_locked(mb, answer, after);
	mbox_settle_locked(mb, after);
	mbox_room_change_locked(mb, writable, after);
}

/* Deliver the answers of calls that are over. No lock is held. */
void mbox_answer_deliver(struct mbox_msg *first)
{
	while (first) {
		struct mbox_msg *answer = first;
		struct mbox_mailbox *mb = mbox_msg_call(answer)->to;
		struct mbox_after after;

		first = answer->next;
		mbox_answer_stamp(answer);
		mbox_after_init(&after);
		mbox_lock(mb);
		mbox_answer_offer_locked(mb, answer, &after);
		mbox_unlock(mb, &after);
		mbox_object_put(&mb->obj);
	}
}
