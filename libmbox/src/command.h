/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every function of the library does: one ioctl, its result as a value.
 */
#ifndef LIBMBOX_COMMAND_H
#define LIBMBOX_COMMAND_H

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <mbox.h>

/* All else is hidden; the map file gives what this marks its version. */
#define MBOX_EXPORT	__attribute__((visibility("default")))

/*
 * The library fills in the size of a struct, and the kernel reads and writes
 * that much of it. A program compiled with an older header has allocated less:
 * where one of these grows, the functions that take it get a new version in
 * the map file, and the old version keeps the old size.
 */
#define MBOX_ABI(type, bytes) \
	static_assert(sizeof(type) == (bytes), #type " needs a new version")

MBOX_ABI(struct mbox_create, 120);
MBOX_ABI(struct mbox_target, 48);
MBOX_ABI(struct mbox_open, 56);
MBOX_ABI(struct mbox_stat, 448);
MBOX_ABI(struct mbox_set, 32);
MBOX_ABI(struct mbox_usage, 112);
MBOX_ABI(struct mbox_send, 120);
MBOX_ABI(struct mbox_recv, 208);
MBOX_ABI(struct mbox_held, 24);
MBOX_ABI(struct mbox_call, 136);
MBOX_ABI(struct mbox_reply, 48);
MBOX_ABI(struct mbox_send_item, 40);
MBOX_ABI(struct mbox_send_batch, 64);
MBOX_ABI(struct mbox_recv_item, 112);
MBOX_ABI(struct mbox_recv_batch, 56);
MBOX_ABI(struct mbox_match, 24);
MBOX_ABI(struct mbox_filter, 32);
MBOX_ABI(struct mbox_notify, 8);

static inline int mbox_command(int fd, unsigned long command, void *arg)
{
	int ret;

	/* An error that was not looked at is handed on, as it explains more. */
	if (fd < -1)
		return fd;
	ret = ioctl(fd, command, arg);
	return ret < 0 ? -errno : ret;
}

/* The kernel takes pointers as 64 bits, whatever the caller's are. */
static inline uint64_t mbox_pointer(const void *p)
{
	return (uintptr_t)p;
}

/* Lengths have 32 bits: of a buffer, no more than these is ever used. */
static inline uint32_t mbox_buffer_size(size_t size)
{
	return size < UINT32_MAX ? size : UINT32_MAX;
}

/*
 * The kernel judges names. One byte more than it allows is enough for that,
 * and a string of any length keeps its length within 32 bits.
 */
static inline uint32_t mbox_name_len(const char *name)
{
	return name ? strnlen(name, MBOX_NAME_MAX + 1) : 0;
}

#endif /* LIBMBOX_COMMAND_H */
