/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data of a message on its way from user memory and to it.
 *
 * Most messages are small. What the general routines do before they copy costs
 * several times what copying so little does, and finds out what is known here:
 * that there is room for it, and that it is within one message. So small data
 * is copied in words, and all else by the general routines, without what hardened
 * usercopy would find out.
 */
#ifndef MBOX_DATA_H
#define MBOX_DATA_H

#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "message.h"

/* How much is copied in words. */
#define MBOX_WORDS_MAX	128

#define MBOX_W	sizeof(long)

#define mbox_get(type, to, from, fault)					\
	unsafe_get_user(*(type *)(to), (const type __user *)(from), fault)

#define mbox_put(type, to, from, fault)					\
	unsafe_put_user(*(const type *)(from), (type __user *)(to), fault)

/* Is it small, in one piece, and may words be anywhere? */
static inline bool mbox_data_is_small(const struct mbox_area *area, u32 len)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       len <= MBOX_WORDS_MAX && !area->iter;
}

static __always_inline bool mbox_words_get(u8 *to, const u8 __user *from,
					   u32 len)
{
	might_fault();
	if (!user_read_access_begin(from, len))
		return false;
	for (; len >= 4 * MBOX_W; len -= 4 * MBOX_W) {
		mbox_get(long, to, from, fault);
		mbox_get(long, to + MBOX_W, from + MBOX_W, fault);
		mbox_get(long, to + 2 * MBOX_W, from + 2 * MBOX_W, fault);
		mbox_get(long, to + 3 * MBOX_W, from + 3 * MBOX_W, fault);
		to += 4 * MBOX_W;
		from += 4 * MBOX_W;
	}
	for (; len >= MBOX_W; len -= MBOX_W, to += MBOX_W, from += MBOX_W)
		mbox_get(long, to, from, fault);
	for (; len; len--, to++, from++)
		mbox_get(u8, to, from, fault);
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

static __always_inline bool mbox_words_put(u8 __user *to, const u8 *from,
					   u32 len)
{
	might_fault();
	if (!user_write_access_begin(to, len))
		return false;
	for (; len >= 4 * MBOX_W; len -= 4 * MBOX_W) {
		mbox_put(long, to, from, fault);
		mbox_put(long, to + MBOX_W, from + MBOX_W, fault);
		mbox_put(long, to + 2 * MBOX_W, from + 2 * MBOX_W, fault);
		mbox_put(long, to + 3 * MBOX_W, from + 3 * MBOX_W, fault);
		to += 4 * MBOX_W;
		from += 4 * MBOX_W;
	}
	for (; len >= MBOX_W; len -= MBOX_W, to += MBOX_W, from += MBOX_W)
		mbox_put(long, to, from, fault);
	for (; len; len--, to++, from++)
		mbox_put(u8, to, from, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

/* The same for a small struct: @len is known when this is compiled. */
static __always_inline bool mbox_struct_get(void *to, const void __user *from,
					    u32 len)
{
	if (!IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS))
		return !copy_from_user(to, from, len);
	return mbox_words_get(to, from, len);
}

/*
 * Within user_read_access_begin(), read the bytes @at to @end of a struct, which
 * are whole words. Returns if that worked.
 */
static __always_inline bool mbox_span_get(void *to, const void __user *from,
					  u32 at, u32 end)
{
#pragma GCC unroll 32
	for (; at < end; at += MBOX_W)
		mbox_get(long, to + at, from + at, fault);
	return true;
fault:
	return false;
}

/* Write one word. Returns 0 or -EFAULT. */
static __always_inline int mbox_word_put(u64 value, u64 __user *to)
{
	if (!user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(value, to, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
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
