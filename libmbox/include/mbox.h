/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MBOX_H
#define MBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/mbox.h>

#ifdef __cplusplus
extern "C" {
#endif

int mbox_device(void);

int mbox_create(int dev, const char *name, unsigned int flags,
		struct mbox_create *attr);
int mbox_region_create(int dev, const char *name, unsigned int flags,
		       size_t size, struct mbox_create *attr);
int mbox_open(int dev, const char *name, unsigned int flags);
int mbox_open_id(int dev, uint64_t id, unsigned int flags);
int mbox_open_fd(int dev, int fd, unsigned int flags);
int mbox_open_target(int dev, const struct mbox_target *target,
		     unsigned int flags);
int mbox_unlink(int dev, const char *name);
int mbox_unlink_target(int dev, const struct mbox_target *target);
int mbox_list(int dev, struct mbox_stat *stat);
int mbox_usage(int dev, uid_t uid, struct mbox_usage *usage);

int mbox_stat(int fd, struct mbox_stat *stat);
int mbox_set(int fd, struct mbox_set *set);

int mbox_send(int fd, const void *buf, size_t len, unsigned int priority);
int mbox_sendmsg(int fd, struct mbox_send *msg);
ssize_t mbox_recv(int fd, void *buf, size_t size, unsigned int *priority);
ssize_t mbox_recvmsg(int fd, struct mbox_recv *msg);
int mbox_purge(int fd);

int mbox_region_map(int fd, int prot, void **addr, size_t *size);

uint64_t mbox_deadline(uint64_t ns);
const char *mbox_limit_name(uint32_t limit);

#ifdef __cplusplus
}
#endif

#endif /* MBOX_H */
