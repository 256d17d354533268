/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data of a message on its way from user memory and to it. Most messages are
 * small and in one piece: these are copied in words, all others by the general
 * routines, without what hardened usercopy would find out, as it is known here to
 * be within one message.
 */
#ifndef MBOX_DATA_H
#define MBOX_DATA_H

#include <linux/uio.h>
#include "message.h"
#include "words.h"

/* Is it small, in one piece, and may words be anywhere? */
static inline bool mbox_data_is_small(const struct mbox_area *area, u32 len)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       len <= MBOX_WORDS_MAX && !area->iter;
}

bool mbox_data_get_large(u8 *to, struct iov_iter *iter, void __user *at,
			 u32 len);
bool mbox_data_put_large(struct iov_iter *iter, void __user *at, const u8 *from,
			 u32 len);

/*
 * Copy @len bytes to @to, where there is room for them. Returns if that worked.
 * Here and below, an iterator is of no use afterwards.
 */
static __always_inline bool mbox_data_get(u8 *to, const struct mbox_area *from,
					  u32 len)
{
	if (unlikely(!len))
		return true;
	if (likely(mbox_data_is_small(from, len)))
		return mbox_words_get(to, from->at, len);
	return mbox_data_get_large(to, from->iter, from->at, len);
}

/* Copy @len bytes from @from, which are there. Returns if that worked. */
static __always_inline bool mbox_data_put(const struct mbox_area *to,
					  const u8 *from, u32 len)
{
	if (unlikely(!len))
		return true;
	if (likely(mbox_data_is_small(to, len)))
		return mbox_words_put(to->at, from, len);
	return mbox_data_put_large(to->iter, to->at, from, len);
}

#endif /* MBOX_DATA_H */
