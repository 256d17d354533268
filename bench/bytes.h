/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages through what knows no messages: all bytes, in any pieces.
 */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

struct channel;

void bytes_send(struct channel *c, void *buf);
void bytes_recv(struct channel *c, void *buf);

#endif /* BENCH_BYTES_H */
