/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages that nobody needs any more, kept to be used again.
 *
 * To have memory given and charged, and to give it back, costs as much as half of
 * all else that is done to a small message; and a page is cleared first. So a
 * mailbox keeps a few that have passed through it, and a page or two for the data
 * of larger ones: a bit of memory that is part of a mailbox in use, as the pages
 * that a pipe keeps are. It stays charged to the memory cgroup of who has sent
 * them, and is used again by that alone.
 *
 * They are taken and given without a lock: all of a size at once, in exchange for
 * none, of which one is used and the rest put back. Whoever comes between finds
 * none, and leaves some that are joined with the rest.
 *
 * Where the kernel is built to find a use after free (KASAN), or is to wipe what
 * is freed (init_on_free), nothing is kept: the one would not be found, the other
 * not be done.
 */
#ifndef MBOX_SPARE_H
#define MBOX_SPARE_H

#include <linux/cgroup.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "mbox.h"

/*
 * The sizes, which are the allocator's, and how many of each are kept: for plain
 * messages of up to 64 and 128 bytes, for calls, and for data that takes more than
 * half of it.
 */
static const struct {
	u32 size;
	u32 max;
} mbox_spare_sizes[MBOX_SPARE_SIZES] = {
	{ 192, 32 },
	{ 256, 4 },
	{ 512, 4 },
	{ 4096, 2 },
};

#define MBOX_SPARE_DATA		(MBOX_SPARE_SIZES - 1)

/* Is the last of the sizes right for @size bytes? */
static inline bool mbox_spare_is_data(u32 size)
{
	u32 max = mbox_spare_sizes[MBOX_SPARE_DATA].size;

	return size > max / 2 && size <= max;
}

/*
 * What the current task allocates is charged to the memory cgroup that this
 * stands for; no two ever have the same. 0: who knows.
 */
static __always_inline u64 mbox_memory_group(void)
{
#ifdef CONFIG_MEMCG
	struct cgroup_subsys_state *css;
	u64 group;

	if (unlikely(current->active_memcg))
		return 0;
	/* What RCU protects, this does as well, and in place. */
	rcu_read_lock_sched();
	css = task_css_check(current, memory_cgrp_id,
			     rcu_read_lock_sched_held());
	group = css->serial_nr;
	rcu_read_unlock_sched();
	return group;
#else
	return 1;
#endif
}

#define MBOX_SPARE_SHIFT	2

/* What a message of size @i has as its @group: 0 if it is not to be kept. */
static inline u64 mbox_spare_tag(u64 group, int i)
{
	static_assert(MBOX_SPARE_SIZES <= 1 << MBOX_SPARE_SHIFT);
	return group ? group << MBOX_SPARE_SHIFT | i : 0;
}

static inline int mbox_spare_index(const struct mbox_msg *msg)
{
	return msg->group & ((1 << MBOX_SPARE_SHIFT) - 1);
}

/* In a list, @len is how many there are from this one on. */
static inline struct mbox_msg *mbox_spare_push(struct mbox_msg *first,
					       struct mbox_msg *msg, u32 max)
{
	u32 len = first ? first->len : 0;

	if (unlikely(len >= max)) {
		kfree(msg);
		return first;
	}
	msg->next = first;
	msg->len = len + 1;
	return msg;
}

void mbox_spare_put_again(struct mbox_msg **slot, struct mbox_msg *first,
			  u32 max);
struct mbox_msg *mbox_spare_new(int i, u64 group);
void *mbox_spare_data_alloc(struct mbox_spares *spares, u32 size, u64 *tag);
void mbox_spare_data_free(struct mbox_spares *spares, void *data, u64 tag);

static inline void mbox_spare_put(struct mbox_msg **slot,
				  struct mbox_msg *first, u32 max)
{
	if (unlikely(cmpxchg(slot, NULL, first)))
		mbox_spare_put_again(slot, first, max);
}

/* Memory of size @i, of which only @group is set; or NULL. */
static __always_inline struct mbox_msg *
mbox_spare_take(struct mbox_spares *spares, int i)
{
	struct mbox_msg **slot = &spares->first[i];
	u64 group = mbox_memory_group();
	struct mbox_msg *msg;

	msg = READ_ONCE(*slot) ? xchg(slot, NULL) : NULL;
	if (unlikely(!msg))
		return mbox_spare_new(i, group);
	if (msg->next)
		mbox_spare_put(slot, msg->next, mbox_spare_sizes[i].max);
	if (likely(msg->group >> MBOX_SPARE_SHIFT == group))
		return msg;
	kfree(msg);
	return mbox_spare_new(i, group);
}

/* Memory for a message of @size bytes, likewise. */
static __always_inline struct mbox_msg *
mbox_spare_alloc(struct mbox_spares *spares, u32 size)
{
	struct mbox_msg *msg;
	int i = 0;

	while (i < MBOX_SPARE_DATA && size > mbox_spare_sizes[i].size)
		i++;
	if (likely(i < MBOX_SPARE_DATA) || mbox_spare_is_data(size))
		return mbox_spare_take(spares, i);
	msg = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (msg)
		msg->group = 0;
	return msg;
}

/* Nobody needs @msg any more. */
static inline void mbox_spare_free(struct mbox_spares *spares,
				   struct mbox_msg *msg)
{
	int i = mbox_spare_index(msg);
	u32 max = mbox_spare_sizes[i].max;
	struct mbox_msg **slot = &spares->first[i];

	if (unlikely(!msg->group) || IS_ENABLED(CONFIG_KASAN) ||
	    want_init_on_free()) {
		kfree(msg);
		return;
	}
	mbox_spare_put(slot, mbox_spare_push(xchg(slot, NULL), msg, max), max);
}

#endif /* MBOX_SPARE_H */
