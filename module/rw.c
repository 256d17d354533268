// SPDX-License-Identifier: GPL-2.0
/*
 * read and write on a mailbox: a message each, for what knows nothing of mailboxes
 * but has a descriptor of one. A region has nothing to read.
 */
#include <linux/fs.h>
#include "ioctl.h"

static void mbox_kiocb_deadline(struct mbox_deadline *until, struct kiocb *iocb)
{
	*until = (struct mbox_deadline){ .forever = true };
	until->dontwait = iocb->ki_flags & IOCB_NOWAIT ||
			  iocb->ki_filp->f_flags & O_NONBLOCK;
}

ssize_t mbox_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct mbox_endpoint *ep = file->private_data;
	struct mbox_mailbox *mb = mbox_to_mailbox(ep->obj);
	struct mbox_deadline until mbox_unset;
	struct mbox_catch catch mbox_unset;
	struct mbox_area area = mbox_area_of(to);
	struct mbox_take take = {};
	ssize_t ret;

	if (unlikely(ep->obj->ops->kind != MBOX_KIND_MAILBOX))
		return -EINVAL;
	mbox_kiocb_deadline(&until, iocb);
	ret = mbox_exclude(mb);
	if (ret)
		return ret;
	catch.room = area.len;
	ret = mbox_claim(ep, &take, &until, &catch, 1);
	if (ret > 0) {
		ret = mbox_fetch(catch.msg, &area);
		catch.end = ret < 0 ? MBOX_END_PUT_BACK : MBOX_END_ACK;
		mbox_claim_end(ep, &catch, 1);
	} else if (ret == -EPIPE) {
		/* Nothing is to come: that is the end of a file. */
		ret = 0;
	}
	mbox_include(mb);
	mbox_rule_put(&take.rule);
	return ret;
}

ssize_t mbox_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct mbox_endpoint *ep = iocb->ki_filp->private_data;
	struct mbox_area area = mbox_area_of(from);
	u64 now = ktime_get_ns();
	struct mbox_draft draft = {
		.from = area,
		.len = area.len,
		.time = now,
		.kind = MBOX_PLAIN,
	};
	struct mbox_deadline until mbox_unset;
	struct mbox_refused why = {};
	ssize_t len = draft.len;

	if (unlikely(ep->obj->ops->kind != MBOX_KIND_MAILBOX))
		return -EINVAL;
	mbox_kiocb_deadline(&until, iocb);
	return mbox_draft_check(iocb->ki_filp, &draft) ?:
	       mbox_draft_send(iocb->ki_filp, &draft, NULL, &until, &why) ?:
	       len;
}
