/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bit of user memory, copied in words.
 *
 * What the general routines do before they copy costs several times what copying
 * so little does, and finds out what is known here: that there is room for it.
 */
#ifndef MBOX_WORDS_H
#define MBOX_WORDS_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/* How much is copied in words. */
#define MBOX_WORDS_MAX	128

#define MBOX_W	sizeof(long)

#define mbox_get(type, to, from, fault)					\
	unsafe_get_user(*(type *)(to), (const type __user *)(from), fault)

#define mbox_put(type, to, from, fault)					\
	unsafe_put_user(*(const type *)(from), (type __user *)(to), fault)

/* Copy @len bytes. Returns if that worked. */
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

/* Likewise. */
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
	BUILD_BUG_ON(at % MBOX_W || end % MBOX_W);
#ifdef CONFIG_CC_IS_GCC
#pragma GCC unroll 32
#endif
	for (; at < end; at += MBOX_W)
		mbox_get(long, to + at, from + at, fault);
	return true;
fault:
	return false;
}

/* Write one word. Returns 0 or -EFAULT. */
static __always_inline int mbox_word_put(u64 value, u64 __user *to)
{
	might_fault();
	if (!user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(value, to, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

#endif /* MBOX_WORDS_H */
