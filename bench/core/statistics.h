/* SPDX-License-Identifier: MIT */
/*
 * Medians and what they are worth. No distribution is assumed.
 */
#ifndef BYPASS_STATISTICS_H
#define BYPASS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ranks (1-based) of the two order statistics that enclose the median. */
struct median_interval {
	unsigned int low_rank, high_rank;
	uint32_t coverage_ppm; /* exact, from the binomial distribution */
};

/*
 * The narrowest symmetric interval of order statistics whose exact coverage of the median is at
 * least 95 %; the whole range where @n is too small for that (n < 6), with its true coverage.
 * n = 9 gives ranks 2 and 8: 96.1 %.
 */
struct median_interval statistics_median_interval(unsigned int n);
/* Sorts @values. Even n: mean of the two middle values, rounded down. 0 for n = 0. */
uint64_t statistics_median(uint64_t *values, size_t n);
/* Flags (in @outlier, n entries) values whose modified z-score (Iglewicz-Hoaglin) exceeds 3.5. */
size_t statistics_outliers(const uint64_t *values, size_t n, bool *outlier);

#endif
