// SPDX-License-Identifier: MIT
#include "core/statistics.h"

#include <stdlib.h>

#include "core/memory.h"

#define COVERAGE 0.95L

/* Probability that exactly @successes of @n fair coins show heads, for @successes = n / 2. */
static long double central_probability(unsigned int n)
{
	long double probability = 1;
	unsigned int i;

	/*
	 * C(2m, m) / 4^m as a product of factors near 1, so that no n overflows or underflows. An
	 * odd n has two central terms, each C(n + 1, (n + 1) / 2) / 2^(n + 1).
	 */
	for (i = 1; i <= (n + 1) / 2; i++)
		probability *= (long double)(2ull * i - 1) / (long double)(2ull * i);
	return probability;
}

/*
 * The interval from the k-th smallest to the k-th largest value misses the median when fewer than k
 * values lie on one side of it, so it covers with the probability that a binomial(n, 1/2) lies in
 * k .. n - k. We start in the middle and widen, which makes the first hit the narrowest.
 */
struct median_interval statistics_median_interval(unsigned int n)
{
	struct median_interval interval = {0, 0, 0};
	unsigned int k = (n + 1) / 2;
	long double probability, coverage;

	if (n == 0)
		return interval;
	probability = central_probability(n);
	coverage = n % 2 ? 0 : probability;
	/* LAB 2.3: widen, from the k-th smallest to the k-th largest, until that covers enough => */
	while (coverage < COVERAGE && k > 1) {
		/* From P(k) to P(k - 1); for odd n the two central terms are equal. */
		if (n % 2 == 0 || k != (n + 1) / 2)
			probability *= (long double)k / (long double)(n - k + 1);
		k--;
		coverage += 2 * probability;
	}
	/* LAB end */
	interval.low_rank = k;
	interval.high_rank = n + 1 - k;
	interval.coverage_ppm = (uint32_t)(coverage * 1000000 + 0.5L);
	return interval;
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t statistics_median(uint64_t *values, size_t n)
{
	uint64_t low, high;

	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare_values);
	low = values[(n - 1) / 2];
	high = values[n / 2];
	return low + (high - low) / 2;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double statistics_middle(const double *values, size_t n)
{
	double *sorted = memory_zeroed(n, sizeof(*sorted));
	double middle = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = values[i];
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	if (n > 0)
		middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
	free(sorted);
	return middle;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * How far a value may lie from the median: 3.5 robust standard deviations. That is the median
 * absolute deviation / 0.6745 or, where more than half of the values are equal and it is zero, the
 * mean absolute deviation * 1.2533 (both estimate sigma of a normal distribution).
 */
static long double permitted_distance(uint64_t *distances, size_t n)
{
	uint64_t median = statistics_median(distances, n);
	long double sum = 0;
	size_t i;

	if (median)
		return 3.5L * (long double)median / 0.6745L;
	for (i = 0; i < n; i++)
		sum += (long double)distances[i];
	return 3.5L * 1.253314L * sum / (long double)n;
}

size_t statistics_outliers(const uint64_t *values, size_t n, bool *outlier)
{
	uint64_t *scratch = memory_zeroed(n, sizeof(*scratch));
	long double limit;
	size_t i, found = 0;
	uint64_t median;

	for (i = 0; i < n; i++)
		scratch[i] = values[i];
	median = statistics_median(scratch, n);
	for (i = 0; i < n; i++)
		scratch[i] = distance(values[i], median);
	limit = n ? permitted_distance(scratch, n) : 0;
	for (i = 0; i < n; i++) {
		outlier[i] = (long double)distance(values[i], median) > limit;
		found += outlier[i];
	}
	free(scratch);
	return found;
}
