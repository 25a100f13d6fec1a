/* SPDX-License-Identifier: MIT */
/*
 * How a program in the testbed talks to vm/plugins/instruction_counts.c: by instructions that do
 * nothing, a nop each whose unused displacement says what is meant.
 */
#ifndef COUNT_MARKS_H
#define COUNT_MARKS_H

#include <stdint.h>

/* "BYP" and the mark's number. */
#define COUNT_MARK_BASE 0x42595000u

enum count_mark {
	COUNT_MARK_ARM,      /* from here on instructions can be counted; takes a moment */
	COUNT_MARK_BEGIN,    /* a stretch begins when the time stamp is next read */
	COUNT_MARK_END,      /* it ended when it was last read: instructions of an operation */
	COUNT_MARK_END_VAIN, /* it ended: they were waiting */
	COUNT_MARK_WRITE,    /* write the file, forget all counts, disarm */
	COUNT_MARKS,
};

#ifdef __x86_64__
/* nopl displacement(%rax): 7 bytes, 0f 1f 80 and the displacement. */
#define COUNT_MARK(mark)                                                                           \
	__asm__ volatile("nopl %c0(%%rax)" : : "i"(COUNT_MARK_BASE + (mark)) : "memory")
#else
#define COUNT_MARK(mark) ((void)(mark))
#endif

/*
 * Which mark the instruction of @nbytes bytes is; COUNT_MARKS if it is none.
 */
static inline enum count_mark count_mark_of(const uint8_t *bytes, uint64_t nbytes)
{
	uint32_t displacement;

	if (nbytes != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80)
		return COUNT_MARKS;
	displacement = (uint32_t)bytes[3] | (uint32_t)bytes[4] << 8 | (uint32_t)bytes[5] << 16 |
		       (uint32_t)bytes[6] << 24;
	if (displacement - COUNT_MARK_BASE >= COUNT_MARKS)
		return COUNT_MARKS;
	return (enum count_mark)(displacement - COUNT_MARK_BASE);
}

#endif
