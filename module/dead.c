// SPDX-License-Identifier: GPL-2.0
/*
 * Dead letters: messages that came back too often, on their way to another
 * mailbox or out of the world. They keep their sender, and stay charged to it.
 */
#include "mbox.h"
#include "trace.h"

/* Move @msg into @mb, whose share for its sender @spare may become. */
static bool mbox_bury_locked(struct mbox_mailbox *mb, struct mbox_msg *msg,
			     struct mbox_share **spare,
			     struct mbox_after *after)
{
	struct mbox_share *share, *former = msg->share;
	struct mbox_refused why;
	struct mbox_msg *victims;

	if (msg->len > mb->msg_size || (mb->fixed && msg->len != mb->msg_size) ||
	    mbox_deaf_locked(mb))
		return false;
	share = mbox_share_adopt_locked(mb, spare);
	/* It is about to be given back in the other mailbox: no limit counts. */
	mbox_share_charge_locked(mb, share, mbox_msg_cost(msg), true, &why);
	msg->share = share;
	if (mbox_entry_locked(mb, msg, &victims)) {
		mbox_share_uncharge_locked(mb, share, mbox_msg_cost(msg), after);
		msg->share = former;
		return false;
	}
	msg->deliveries = 0;
	mbox_commit_locked(mb, msg, victims, after);
	return true;
}

/*
 * Move messages that @mb could not deliver to its dead-letter mailbox, or drop
 * them. They have no room in @mb any more, but are still charged there. The two
 * mailboxes are never locked together.
 */
void mbox_forward(struct mbox_mailbox *mb, struct mbox_msg *first)
{
	struct mbox_mailbox *to = mb->dead_letter;

	while (first) {
		struct mbox_msg *msg = first;
		struct mbox_share *share = msg->share, *spare;
		struct mbox_after after;
		u32 cost = mbox_msg_cost(msg);
		bool moved = false;

		first = msg->next;
		spare = to ? mbox_share_clone(share) : NULL;
		if (spare) {
			mbox_lock_fresh(to, &after);
			moved = mbox_bury_locked(to, msg, &spare, &after);
			mbox_unlock(to, &after);
			mbox_share_free_all(spare);
		}

		mbox_after_init(&after);
		mbox_lock(mb);
		if (!moved) {
			mb->dropped++;
			trace_mbox_drop(mb, msg, "undeliverable");
		}
		mbox_share_uncharge_locked(mb, share, cost, &after);
		mbox_unlock(mb, &after);
		if (!moved)
			mbox_msg_free(mb, msg);
	}
}
