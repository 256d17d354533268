/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What outlives a command: messages that are held under a lease, requests that wait
 * for their replies, and what came of them; and files on their way.
 */
#ifndef MBOX_HOLD_H
#define MBOX_HOLD_H

#include "transfer.h"

/* dead.c: messages that came back too often */

void mbox_forward(struct mbox_mailbox *mb, struct mbox_msg *first);

/* hold.c: messages under a lease */

void mbox_lease_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
		       struct mbox_after *after);
struct mbox_msg *mbox_lease_find_locked(struct mbox_endpoint *ep, u64 token);
void mbox_unlease_locked(struct mbox_endpoint *ep, struct mbox_msg *msg);
int mbox_lease_ack(struct mbox_endpoint *ep, u64 token);
int mbox_lease_nack(struct mbox_endpoint *ep, u64 token, u64 delay);
int mbox_lease_ask(struct mbox_endpoint *ep, struct mbox_held *held);
void mbox_lease_end_all(struct mbox_endpoint *ep, const struct pid *process);
void mbox_lease_depart(struct mbox_endpoint *ep, const struct pid *process);

extern unsigned int mbox_endpoint_max_held;

static inline u32 mbox_lease_limit(void)
{
	return READ_ONCE(mbox_endpoint_max_held);
}

/* call.c: requests and replies */

void mbox_call_begin_locked(struct mbox_endpoint *ep, struct mbox_msg *msg,
			    struct mbox_waiter *w);
void mbox_call_over_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			   int result, struct mbox_after *after);
int mbox_call_send(struct mbox_endpoint *ep, struct mbox_msg **msgp, u64 id,
		   const struct mbox_deadline *until, struct mbox_refused *why);
int mbox_call_resume(struct mbox_endpoint *ep, struct mbox_msg **msgp, u64 id,
		     const struct mbox_deadline *until,
		     struct mbox_refused *why);
void mbox_call_finish(struct mbox_endpoint *ep, struct mbox_msg *msg,
		      bool fetched);
int mbox_call_cancel(struct mbox_endpoint *ep, u64 id);
void mbox_call_cancel_all(struct mbox_endpoint *ep, const struct pid *process);
int mbox_call_reply(struct mbox_endpoint *ep, u64 token,
		    void __user *buf, u32 len, s32 status,
		    struct mbox_files *files);

/* answer.c: calls that nobody waits for */

struct mbox_msg *mbox_answer_reserve(struct mbox_endpoint *to, u32 size,
				     u64 cookie, struct mbox_refused *why);
void mbox_answer_cancel(struct mbox_msg *answer);
void mbox_answer_note_locked(struct mbox_msg *msg, int result,
			     struct mbox_after *after);
void mbox_answer_deliver(struct mbox_msg *first);

/* files.c: descriptors that a message carries */

struct mbox_files *mbox_files_take(const struct mbox_fds *in,
				   struct mbox_refused *why);
/*
 * The files of the @in descriptors of the current task, charged to it. NULL if
 * there are none.
 */
static inline struct mbox_files *mbox_files_get(const struct mbox_fds *in,
						struct mbox_refused *why)
{
	if (likely(!in->nr && !in->fds && !in->lost))
		return NULL;
	return mbox_files_take(in, why);
}

void mbox_files_free(struct mbox_files *files);
int mbox_files_fit(const struct mbox_files *files, const struct mbox_fds *out);
u32 mbox_files_count(const struct mbox_files *files);

/* How many of @files are lost where @n are installed. */
static inline u32 mbox_files_lost(const struct mbox_files *files, u32 n)
{
	return likely(!files) ? 0 : mbox_files_count(files) - n;
}

u32 mbox_files_install(const struct mbox_files *files,
		       const struct mbox_fds *out, u32 n, bool inherit);

#endif /* MBOX_HOLD_H */
