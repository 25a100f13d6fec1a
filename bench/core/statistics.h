/* SPDX-License-Identifier: MIT */
/*
 * Medians and what they are worth, two samples beside each other, and rounds in a row. Where a
 * distribution is assumed, the comment of the function says so.
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
/* The same of real numbers, exactly in the middle; leaves @values alone. */
double statistics_middle(const double *values, size_t n);
/* Flags (in @outlier, n entries) values whose modified z-score (Iglewicz-Hoaglin) exceeds 3.5. */
size_t statistics_outliers(const uint64_t *values, size_t n, bool *outlier);

/*
 * Mann-Whitney: how probable it is that two samples of one kind lie at least this far apart, in
 * either direction. Up to 60 values together every arrangement is counted, ties included
 * (midranks), so it is exact; beyond that it is the normal approximation with the variance
 * corrected for ties and for continuity. 1 if a sample is empty.
 */
double statistics_mann_whitney(const double *a, size_t na, const double *b, size_t nb);
/* The smallest value that statistics_mann_whitney() can give for samples of these sizes. */
double statistics_mann_whitney_floor(size_t na, size_t nb);

struct statistics_shift {
	double estimate, low, high;
};

/*
 * By how much @b lies above @a: the median of all differences of pairs (Hodges and Lehmann), and
 * the order statistics of those differences that hold the true shift in at least 1 - @alpha of all
 * cases; the whole range where the samples are too small for that. Both samples need a value.
 */
struct statistics_shift statistics_shift(const double *a, size_t na, const double *b, size_t nb,
					 double alpha);

/* Probability that Student's t with @df degrees of freedom is at least |@t| from 0. */
double statistics_student_tail(double t, double df);
/* The t for which statistics_student_tail() is @p, 0 < p < 1. */
double statistics_student_quantile(double p, double df);
/* Holm's correction: each of @p becomes the smallest level at which its test would be rejected. */
void statistics_holm(double *p, size_t n);

/* The straight line through @n values at 0, 1, 2, ... that is nearest to them (least squares). */
struct statistics_line {
	double intercept, slope;
};
struct statistics_line statistics_line(const double *values, size_t n);

/* Rounds that SNIA's rule looks at together. */
#define STATISTICS_STEADY_ROUNDS 5

struct statistics_steady {
	bool steady;
	uint32_t range_ppm; /* largest - smallest, of the average */
	uint32_t slope_ppm; /* what the best line rises or falls over the window, of the average */
};

/*
 * SNIA's rule for the steady state: within five rounds the range is at most 20 % of the average,
 * and the best line changes by at most 10 % of it. It must hold in each five rounds that follow one
 * another, since a figure made of @n rounds is only as steady as all of them; the largest range and
 * slope are given. @n must be at least 5.
 */
struct statistics_steady statistics_steady_state(const uint64_t *rounds, size_t n);

#endif
