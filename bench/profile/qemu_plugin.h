/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What plugin.c uses of the interface for plugins of QEMU's emulator, in its
 * first version (QEMU 4.2 to 8.2): Debian's package has no header of it.
 */
#ifndef BENCH_PROFILE_QEMU_PLUGIN_H
#define BENCH_PROFILE_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;

#define QEMU_PLUGIN_INLINE_ADD_U64	0
#define QEMU_PLUGIN_CB_NO_REGS		0

/* What the plugin has: its version of the interface, and where it begins. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv);

/* Calls @fn for each block that is translated. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*fn)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
/* Adds @n to the uint64_t at @counter whenever @tb runs. */
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op,
					      void *counter, uint64_t n);
/* Calls @fn before each run of @insn. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned int cpu, void *data),
					    int flags, void *data);

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#endif /* BENCH_PROFILE_QEMU_PLUGIN_H */
