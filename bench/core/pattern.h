/* SPDX-License-Identifier: MIT */
/*
 * What is written can be recognized when it is read: each 512-byte sector starts with a stamp that
 * says where it belongs and in which round it was written; the rest of the sector is fixed noise.
 * A block that came from the wrong place, from nowhere (zeros) or damaged is told from a right one.
 */
#ifndef BYPASS_PATTERN_H
#define BYPASS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_SECTOR 512u

struct pattern_stamp {
	uint64_t offset;     /* of this sector in the target, mixed with a constant */
	uint64_t generation; /* 1 = as laid out; writes count up */
};

#define PATTERN_OFFSET_MIX                                                                         \
	0x6279706173732121ull /* never zero, so zeros are never a right block                      \
			       */

/* Fills @buffer with noise once; stamps are then all that changes from write to write. */
void pattern_fill(void *buffer, size_t nbytes);

static inline void pattern_stamp_block(void *buffer, size_t nbytes, uint64_t offset,
				       uint64_t generation)
{
	for (size_t at = 0; at < nbytes; at += PATTERN_SECTOR) {
		struct pattern_stamp *stamp = (struct pattern_stamp *)((char *)buffer + at);

		stamp->offset = (offset + at) ^ PATTERN_OFFSET_MIX;
		stamp->generation = generation;
	}
}

struct pattern_fault {
	uint64_t offset;  /* of the first wrong sector in the target */
	const char *what; /* static: "wrong offset", "wrong generation", "damaged bytes" */
};

/*
 * 0 if @buffer holds the sectors of @offset with a generation between 1 and @newest; else -EILSEQ
 * and *fault says where and how.
 */
int pattern_check(const void *buffer, size_t nbytes, uint64_t offset, uint64_t newest,
		  struct pattern_fault *fault);

#endif
