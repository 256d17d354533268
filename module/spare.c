// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that nobody needs any more: what seldom happens to them, see spare.h.
 */
#include "spare.h"

static struct mbox_msg *mbox_spare_join(struct mbox_msg *a, struct mbox_msg *b,
					u32 max)
{
	if (a && b && a->len < b->len)
		swap(a, b);
	while (b) {
		struct mbox_msg *msg = b;

		b = msg->next;
		a = mbox_spare_push(a, msg, max);
	}
	return a;
}

/* See mbox_spare_put(): somebody has come between. */
void mbox_spare_put_again(struct mbox_msg **slot, struct mbox_msg *first,
			  u32 max)
{
	do {
		first = mbox_spare_join(first, xchg(slot, NULL), max);
	} while (cmpxchg(slot, NULL, first));
}

/* See mbox_spare_alloc(): there is none of that size to be used again. */
struct mbox_msg *mbox_spare_new(int i, u64 group)
{
	struct mbox_msg *msg = kmalloc(mbox_spare_sizes[i].size,
				       GFP_KERNEL_ACCOUNT);

	/* It may have come to another cgroup meanwhile. */
	if (msg)
		msg->group = group == mbox_memory_group() ?
			     mbox_spare_tag(group, i) : 0;
	return msg;
}

/* Memory for @size bytes of data. @tag tells where to it is to be freed. */
void *mbox_spare_data_alloc(struct mbox_spares *spares, u32 size, u64 *tag)
{
	struct mbox_msg *msg;

	*tag = 0;
	if (unlikely(!mbox_spare_is_data(size)))
		return kvmalloc(size, GFP_KERNEL_ACCOUNT);
	msg = mbox_spare_take(spares, MBOX_SPARE_DATA);
	if (likely(msg))
		*tag = msg->group;
	return msg;
}

void mbox_spare_data_free(struct mbox_spares *spares, void *data, u64 tag)
{
	struct mbox_msg *msg = data;

	if (unlikely(!tag)) {
		kvfree(data);
		return;
	}
	msg->group = tag;
	mbox_spare_free(spares, msg);
}

/* Nobody else can see them any more. */
void mbox_spares_destroy(struct mbox_spares *spares)
{
	int i;

	for (i = 0; i < MBOX_SPARE_SIZES; i++) {
		struct mbox_msg *msg = spares->first[i];

		while (msg) {
			struct mbox_msg *next = msg->next;

			kfree(msg);
			msg = next;
		}
	}
}
