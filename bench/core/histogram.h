/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram of durations, for one thread.
 *
 * A value below 256 has a bucket of its own; above, each power of two is cut into 128 equal
 * buckets, so a bucket is at most 1/128 (0.79 %) as wide as the values in it are large. All
 * memory is in the structure: recording allocates nothing and takes a handful of instructions.
 * Values are in the clock's unit (TSC ticks while measuring; see histogram_rescale).
 */
#ifndef BYPASS_HISTOGRAM_H
#define BYPASS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_SUB      (1u << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_OCTAVES  40 /* values to 2^47: 39 hours in ns */
#define HISTOGRAM_BUCKETS  (HISTOGRAM_SUB * (HISTOGRAM_OCTAVES + 1))

struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS];
};

/* Index of the bucket that holds @value; larger values go to the last bucket. */
static inline unsigned int histogram_index(uint64_t value)
{
	unsigned int shift, index;

	/* The |1 keeps clz defined for small values, which then get shift 0. */
	shift = 63 - (unsigned int)__builtin_clzll(value | HISTOGRAM_SUB);
	shift -= HISTOGRAM_SUB_BITS;
	index = shift * HISTOGRAM_SUB + (unsigned int)(value >> shift);
	return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_record(struct histogram *h, uint64_t value)
{
	h->count[histogram_index(value)]++;
}

/* Smallest value of bucket @index. */
uint64_t histogram_bucket_low(unsigned int index);
/* The value that stands for bucket @index: its middle, or itself where the bucket holds one. */
uint64_t histogram_bucket_value(unsigned int index);
uint64_t histogram_total(const struct histogram *h);
void histogram_add(struct histogram *into, const struct histogram *from);
/*
 * The value at or below which @parts_per_million of all recorded values lie (nearest rank);
 * 1,000,000 gives the largest. 0 for an empty histogram.
 */
uint64_t histogram_percentile(const struct histogram *h, uint32_t parts_per_million);
/* Re-bin from ticks to another unit: each value becomes value * @mul / @div. */
void histogram_rescale(struct histogram *h, uint64_t mul, uint64_t div);

#endif
