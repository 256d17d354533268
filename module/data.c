// SPDX-License-Identifier: GPL-2.0
/*
 * The data of a message on its way from user memory and to it.
 *
 * Most messages are small. What the general routines do before they copy costs
 * several times what copying so little does, and finds out what is known here:
 * that there is room for it, and that it is within one message. So small data
 * is copied in words, and all else by the general routines.
 */
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "mbox.h"

/* How much is copied in words. */
#define MBOX_WORDS_MAX	128

/*
 * Copy @len bytes between @to and @from, of which one is in user memory, with
 * @copy(to, from, type, fault).
 */
#define mbox_copy_words(to, from, len, copy, fault)			\
do {									\
	for (; (len) >= 4 * sizeof(long); (len) -= 4 * sizeof(long)) {	\
		copy(to, from, 0, unsigned long, fault);		\
		copy(to, from, 1, unsigned long, fault);		\
		copy(to, from, 2, unsigned long, fault);		\
		copy(to, from, 3, unsigned long, fault);		\
		(to) += 4 * sizeof(long);				\
		(from) += 4 * sizeof(long);				\
	}								\
	for (; (len) >= sizeof(long); (len) -= sizeof(long)) {		\
		copy(to, from, 0, unsigned long, fault);		\
		(to) += sizeof(long);					\
		(from) += sizeof(long);					\
	}								\
	for (; (len); (len)--) {					\
		copy(to, from, 0, u8, fault);				\
		(to)++;							\
		(from)++;						\
	}								\
} while (0)

#define mbox_copy_from(to, from, i, type, fault)			\
	unsafe_get_user(((type *)(to))[i],				\
			(const type __user *)(from) + (i), fault)

#define mbox_copy_to(to, from, i, type, fault)				\
	unsafe_put_user(((const type *)(from))[i],			\
			(type __user *)(to) + (i), fault)

/* Is it small, in one piece, and may words be anywhere? */
static bool mbox_data_is_small(const struct iov_iter *iter, u32 len)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       len <= MBOX_WORDS_MAX && iter_is_ubuf(iter);
}

static bool mbox_words_get(u8 *to, const u8 __user *from, u32 len)
{
	might_fault();
	if (!user_read_access_begin(from, len))
		return false;
	mbox_copy_words(to, from, len, mbox_copy_from, fault);
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

static bool mbox_words_put(u8 __user *to, const u8 *from, u32 len)
{
	might_fault();
	if (!user_write_access_begin(to, len))
		return false;
	mbox_copy_words(to, from, len, mbox_copy_to, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

/*
 * Copy @len bytes to @to, where there is room for them. Returns if that worked.
 * Here and below, the iterator is of no use afterwards.
 */
bool mbox_data_get(u8 *to, struct iov_iter *from, u32 len)
{
	if (unlikely(!len))
		return true;
	if (likely(mbox_data_is_small(from, len)))
		return mbox_words_get(to, from->ubuf + from->iov_offset, len);
	return copy_from_iter_full(to, len, from);
}

/* Copy @len bytes from @from, which are there. Returns if that worked. */
bool mbox_data_put(struct iov_iter *to, const u8 *from, u32 len)
{
	if (unlikely(!len))
		return true;
	if (likely(mbox_data_is_small(to, len)))
		return mbox_words_put(to->ubuf + to->iov_offset, from, len);
	return copy_to_iter(from, len, to) == len;
}
