/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arguments of the commands that matter most, read at once: of each struct, what
 * is looked at. What only tells the caller something stays as it was in our copy,
 * and nobody may look at it there. Returns whether it could be read, and is of the
 * size that ours has.
 */
#ifndef MBOX_ARGS_H
#define MBOX_ARGS_H

#include <linux/stddef.h>
#include <linux/mbox.h>
#include "words.h"

static __always_inline bool mbox_read_send(struct mbox_send *s,
					   const struct mbox_send __user *user)
{
	bool good;

	might_fault();
	if (!user_read_access_begin(user, sizeof(*user)))
		return false;
	good = mbox_span_get(s, user, 0,
			     offsetof(struct mbox_send, refusal)) &&
	       mbox_span_get(s, user, offsetof(struct mbox_send, fds),
			     sizeof(*s));
	user_read_access_end();
	return good && s->size == sizeof(*s);
}

static __always_inline bool mbox_read_recv(struct mbox_recv *r,
					   const struct mbox_recv __user *user)
{
	bool good;

	might_fault();
	if (!user_read_access_begin(user, sizeof(*user)))
		return false;
	good = mbox_span_get(r, user, 0, offsetof(struct mbox_recv, type)) &&
	       mbox_span_get(r, user, offsetof(struct mbox_recv, priority),
			     offsetof(struct mbox_recv, pid)) &&
	       mbox_span_get(r, user, offsetof(struct mbox_recv, reply_max),
			     offsetof(struct mbox_recv, cookie)) &&
	       mbox_span_get(r, user, offsetof(struct mbox_recv, match),
			     sizeof(*r));
	user_read_access_end();
	return good && r->size == sizeof(*r);
}

static __always_inline bool mbox_read_call(struct mbox_call *c,
					   const struct mbox_call __user *user)
{
	bool good;

	might_fault();
	if (!user_read_access_begin(user, sizeof(*user)))
		return false;
	good = mbox_span_get(c, user, 0,
			     offsetof(struct mbox_call, refusal)) &&
	       mbox_span_get(c, user, offsetof(struct mbox_call, fds),
			     sizeof(*c));
	user_read_access_end();
	return good && c->size == sizeof(*c);
}

#endif /* MBOX_ARGS_H */
