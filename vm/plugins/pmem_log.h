/* SPDX-License-Identifier: MIT */
/*
 * What vm/plugins/pmem_order.c writes about the persistent memory, one record after the other:
 * a header, then for STORE and STORE_NT the 64 bytes of the line as they were after the store.
 */
#ifndef PMEM_LOG_H
#define PMEM_LOG_H

#include <stdint.h>

enum {
	PMEM_LOG_LINE = 64,
	/* Marks that are no thread's. */
	PMEM_LOG_START = 0xfffe, /* the log begins, with the medium as it is now */
	PMEM_LOG_END = 0xffff,
	/* How pmem_order.c knows a mark: a nop with this displacement. */
	PMEM_LOG_NOP = 0x6d617262,
};

enum pmem_log_kind {
	PMEM_LOG_STORE = 1, /* stays in the cache until it is flushed */
	PMEM_LOG_STORE_NT,  /* goes past the cache; there after a fence by the same processor */
	PMEM_LOG_FLUSH,     /* clwb, clflushopt: there after a fence by the same processor */
	PMEM_LOG_FLUSH_NOW, /* clflush: in order with the processor's stores */
	PMEM_LOG_FENCE,     /* sfence, mfence, xchg with memory, locked instructions */
	PMEM_LOG_MARK,      /* `line` is thread << 32 | number */
};

struct pmem_log_record {
	uint32_t kind;
	uint32_t cpu;
	uint64_t line; /* offset in the medium, a multiple of 64 */
};

/* The nop is the first instruction of a block of translated code: there the plugin sees RAX. */
static inline void pmem_log_mark(uint32_t thread, uint32_t number)
{
	__asm__ volatile("jmp 1f\n1:\t.byte 0x0f, 0x1f, 0x80\n\t.long %c1" ::"a"(
				 (uint64_t)thread << 32 | number),
			 "i"(PMEM_LOG_NOP)
			 : "memory");
}

#endif
