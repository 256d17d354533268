/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a loop begins and ends, for plugin.c to see: an instruction that does
 * nothing (nopl with an offset of 32 bits), and that no compiler emits with one
 * of these.
 */
#ifndef BENCH_PROFILE_MARK_H
#define BENCH_PROFILE_MARK_H

#define MARK_BEGIN	0x6d626f31
#define MARK_END	0x6d626f32

#define MARK_OPCODE	{ 0x0f, 0x1f, 0x80 }
#define MARK_OPCODE_SIZE	3
#define MARK_SIZE	7

static inline void mark_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0"
		     : : "i"(MARK_BEGIN) : "memory");
}

static inline void mark_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0"
		     : : "i"(MARK_END) : "memory");
}

#endif /* BENCH_PROFILE_MARK_H */
