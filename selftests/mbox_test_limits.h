/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The limits, which are parameters of the module: set and put back.
 */
#ifndef MBOX_TEST_LIMITS_H
#define MBOX_TEST_LIMITS_H

#include "mbox_test_util.h"

enum mt_limit {
	MT_USER_BYTES,
	MT_USER_MAILBOXES,
	MT_USER_REGIONS,
	MT_USER_REGION_BYTES,
	MT_NS_OBJECTS,
	MT_NR_LIMITS
};

static const char * const mt_limit_param[] = {
	[MT_USER_BYTES]		= "user_max_bytes",
	[MT_USER_MAILBOXES]	= "user_max_mailboxes",
	[MT_USER_REGIONS]	= "user_max_regions",
	[MT_USER_REGION_BYTES]	= "user_max_region_bytes",
	[MT_NS_OBJECTS]		= "ns_max_objects",
};

struct mt_limits {
	__s64 value[MT_NR_LIMITS];
};

static inline bool mt_limit_set(enum mt_limit limit, __u64 value)
{
	return !mt_param_set(mt_limit_param[limit], value);
}

static inline bool mt_limits_save(struct mt_limits *limits)
{
	int i;

	for (i = 0; i < MT_NR_LIMITS; i++) {
		limits->value[i] = mt_param_get(mt_limit_param[i]);
		if (limits->value[i] < 0)
			return false;
	}
	return true;
}

static inline bool mt_limits_restore(const struct mt_limits *limits)
{
	bool good = true;
	int i;

	for (i = 0; i < MT_NR_LIMITS; i++)
		good &= mt_limit_set(i, limits->value[i]);
	return good;
}

/* Is this what a refusal should say? */
static inline bool mt_refusal_is(const struct mbox_refusal *refusal,
				 enum mbox_limit limit, uid_t uid, __u64 used,
				 __u64 total, __u64 max)
{
	if (refusal->limit == limit && refusal->uid == uid &&
	    refusal->used == used && refusal->total == total &&
	    refusal->max == max)
		return true;
	fprintf(stderr, "# limit %u uid %u used %llu total %llu max %llu\n",
		refusal->limit, refusal->uid,
		(unsigned long long)refusal->used,
		(unsigned long long)refusal->total,
		(unsigned long long)refusal->max);
	return false;
}

#endif /* MBOX_TEST_LIMITS_H */
