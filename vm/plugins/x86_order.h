/* SPDX-License-Identifier: MIT */
/* What an x86-64 instruction means for the order in which stores reach persistent memory. */
#ifndef X86_ORDER_H
#define X86_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_order {
	X86_OTHER,     /* may store; then through the cache */
	X86_STORE_NT,  /* non-temporal */
	X86_FLUSH,     /* clwb, clflushopt */
	X86_FLUSH_NOW, /* clflush */
	X86_FENCE,     /* sfence, mfence */
	X86_LOCKED,    /* a locked instruction, or xchg with memory */
	X86_MARK,      /* pmem_log_mark */
};

/* base + index * scale + displacement; registers as in an instruction's bits, -1: none. */
struct x86_address {
	int base;
	int index;
	unsigned int scale;
	int32_t displacement;
	bool relative; /* to the next instruction */
	bool segment;  /* FS or GS: not followed */
};

/* The address is filled in for FLUSH and FLUSH_NOW. */
enum x86_order x86_order_of(const uint8_t *bytes, size_t nbytes, struct x86_address *address);

#endif
