/* SPDX-License-Identifier: MIT */
/*
 * All that a program can do to persistent memory. The checks record each call and know from it what
 * a power cut may take. On the real thing pmem_store is memcpy, pmem_flush is CLWB for each line
 * that it touches, pmem_fence is SFENCE and pmem_map is mmap.
 */
#ifndef LAB_PMEM_H
#define LAB_PMEM_H

#include <stddef.h>
#include <stdint.h>

#define PMEM_LINE_NBYTES 64u /* what a processor's cache writes back at once */

/*
 * Stores @nbytes at @to. They are in the processor's cache then, which may write a line back at any
 * time, or not before the power is gone. Each aligned word of 8 bytes arrives as a whole or not at
 * all; the words of one call in no certain order.
 */
void pmem_store(void *to, const void *from, size_t nbytes);
/* One store of an aligned word. */
void pmem_store_word(uint64_t *to, uint64_t value);
/* Begins to write back each line of these bytes, with what was stored in it so far. */
void pmem_flush(const void *from, size_t nbytes);
/* Waits until all that was flushed is on the medium. */
void pmem_fence(void);
/*
 * Maps the first @nbytes of the file @fd for reading and writing with mmap's @flags. 0, or what
 * mmap would have in errno, negative.
 */
int pmem_map(int fd, size_t nbytes, int flags, void **address);

#endif
