// SPDX-License-Identifier: GPL-2.0
/*
 * qemu-system-x86_64 -plugin profile.so,out=FILE
 *
 * Counts how often each block of code runs between the two marks of mark.h, for
 * a guest with one CPU, and writes FILE when it comes to the second one:
 *
 *	ADDRESS INSTRUCTIONS RUNS
 *
 * A block is what QEMU translates as one: instructions up to the next jump. It is
 * counted whole, and has more than one line where it was translated again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "qemu_plugin.h"

int qemu_plugin_version = 1;

/* They stay for ever: code that was translated may run again at any time. */
struct block {
	struct block *next;
	unsigned long address, instructions, runs;
};

static struct block *blocks;
static const char *out;

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (struct block *b = blocks; b; b = b->next)
		b->runs = 0;
}

static void end(unsigned int cpu, void *data)
{
	FILE *f = fopen(out, "w");

	(void)cpu;
	(void)data;
	if (!f) {
		fprintf(stderr, "profile: %s: %s\n", out, strerror(errno));
		exit(1);
	}
	for (struct block *b = blocks; b; b = b->next)
		if (b->runs)
			fprintf(f, "%016lx %lu %lu\n", b->address,
				b->instructions, b->runs);
	if (fclose(f)) {
		fprintf(stderr, "profile: %s: %s\n", out, strerror(errno));
		exit(1);
	}
}

/* The offset in an instruction that looks like a mark, or 0. */
static uint32_t mark_in(const struct qemu_plugin_insn *insn)
{
	static const unsigned char opcode[MARK_OPCODE_SIZE] = MARK_OPCODE;
	const char *code = qemu_plugin_insn_data(insn);
	uint32_t what;

	if (qemu_plugin_insn_size(insn) != MARK_SIZE ||
	    memcmp(code, opcode, sizeof(opcode)))
		return 0;
	memcpy(&what, code + sizeof(opcode), sizeof(what));
	return what;
}

static void watch_marks(const struct qemu_plugin_tb *tb)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t what = mark_in(insn);

		if (what == MARK_BEGIN || what == MARK_END)
			qemu_plugin_register_vcpu_insn_exec_cb(insn,
							       what == MARK_BEGIN ? begin : end,
							       QEMU_PLUGIN_CB_NO_REGS,
							       NULL);
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = malloc(sizeof(*b));

	(void)id;
	if (!b) {
		fputs("profile: out of memory\n", stderr);
		exit(1);
	}
	*b = (struct block) {
		.next = blocks,
		.address = qemu_plugin_tb_vaddr(tb),
		.instructions = qemu_plugin_tb_n_insns(tb),
	};
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &b->runs, 1);
	watch_marks(tb);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fputs("usage: -plugin profile.so,out=FILE\n", stderr);
		return 1;
	}
	out = strdup(argv[0] + 4);
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
