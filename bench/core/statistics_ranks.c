// SPDX-License-Identifier: MIT
/* Two samples beside each other, by the ranks of their values: no distribution is assumed. */
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "core/memory.h"

/* Values of both samples together, up to which every arrangement is counted. */
#define EXACT_MAX 60

struct ranked {
	double value;
	bool first; /* of the first sample */
	size_t rank2;
};

static int compare_ranked(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->value;
	double y = ((const struct ranked *)b)->value;

	return (x > y) - (x < y);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Both samples, sorted, with twice their midranks, which are whole. @ties becomes the sum of t^3 -
 * t over values that stand t times.
 */
static struct ranked *rank(const double *a, size_t na, const double *b, size_t nb, double *ties)
{
	size_t n = na + nb, i, end;
	struct ranked *all = memory_zeroed(n, sizeof(*all));

	for (i = 0; i < n; i++) {
		all[i].value = i < na ? a[i] : b[i - na];
		all[i].first = i < na;
	}
	qsort(all, n, sizeof(*all), compare_ranked);
	*ties = 0;
	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && all[end].value == all[i].value; end++)
			;
		*ties += pow((double)(end - i), 3) - (double)(end - i);
		for (size_t k = i; k < end; k++)
			all[k].rank2 = i + 1 + end;
	}
	return all;
}

/*
 * ways[sum] for all sums of @taken of the doubled ranks: how many choices of so many values have
 * that sum. The caller frees it. Ranks of n values sum up to n (n + 1) when doubled.
 */
static double *count_choices(const struct ranked *all, size_t n, size_t taken)
{
	size_t width = n * (n + 1) + 1;
	double *ways = memory_zeroed((taken + 1) * width, sizeof(*ways));
	double *result = memory_zeroed(width, sizeof(*result));
	size_t reached = 0; /* no sum is larger yet */

	ways[0] = 1;
	for (size_t i = 0; i < n; i++) {
		reached += all[i].rank2;
		/* Backwards, so that no value is taken twice. */
		for (size_t k = i < taken ? i + 1 : taken; k > 0; k--) {
			const double *from = &ways[(k - 1) * width];
			double *to = &ways[k * width];

			for (size_t sum = all[i].rank2; sum <= reached; sum++)
				to[sum] += from[sum - all[i].rank2];
		}
	}
	for (size_t sum = 0; sum < width; sum++)
		result[sum] = ways[taken * width + sum];
	free(ways);
	return result;
}

static double exact(const struct ranked *all, size_t n, size_t na, size_t sum2)
{
	double *ways = count_choices(all, n, na);
	size_t mean2 = na * (n + 1);
	size_t distance = sum2 > mean2 ? sum2 - mean2 : mean2 - sum2;
	double total = 0, far = 0;

	for (size_t sum = 0; sum <= n * (n + 1); sum++) {
		total += ways[sum];
		if ((sum > mean2 ? sum - mean2 : mean2 - sum) >= distance)
			far += ways[sum];
	}
	free(ways);
	return far / total;
}

static double approximate(size_t na, size_t nb, double u, double ties)
{
	double n = (double)(na + nb), pairs = (double)na * (double)nb;
	double variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)));
	double distance = fabs(u - pairs / 2) - 0.5;

	if (variance <= 0 || distance <= 0)
		return 1;
	return erfc(distance / sqrt(variance) / sqrt(2));
}

double statistics_mann_whitney(const double *a, size_t na, const double *b, size_t nb)
{
	struct ranked *all;
	size_t n = na + nb, sum2 = 0;
	double ties, p;

	if (na == 0 || nb == 0)
		return 1;
	all = rank(a, na, b, nb, &ties);
	for (size_t i = 0; i < n; i++)
		sum2 += all[i].first ? all[i].rank2 : 0;
	if (n <= EXACT_MAX)
		p = exact(all, n, na, sum2);
	else
		p = approximate(na, nb, (double)sum2 / 2 - (double)na * (double)(na + 1) / 2, ties);
	free(all);
	return p;
}

double statistics_mann_whitney_floor(size_t na, size_t nb)
{
	double choices = 1;

	for (size_t i = 1; i <= na; i++)
		choices *= (double)(nb + i) / (double)i;
	return choices > 2 ? 2 / choices : 1;
}

/* The z that a normal value exceeds in either direction with probability @alpha. */
static double normal_quantile(double alpha)
{
	double low = 0, high = 40;

	while (high - low > 1e-12) {
		double middle = (low + high) / 2;

		if (erfc(middle / sqrt(2)) > alpha)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * How many of the smallest differences lie outside of the interval: the most for which the chance
 * that so few differences of two like samples are negative is at most @alpha / 2.
 */
static size_t outside(size_t na, size_t nb, double alpha)
{
	size_t n = na + nb, pairs = na * nb, lowest2 = na * (na + 1), k;
	struct ranked *all;
	double *ways, total = 0, tail = 0;

	if (n > EXACT_MAX) {
		double sigma = sqrt((double)pairs * (double)(n + 1) / 12);
		double edge = (double)pairs / 2 - normal_quantile(alpha) * sigma;

		return edge > 0 ? (size_t)edge : 0;
	}
	all = memory_zeroed(n, sizeof(*all));
	for (k = 0; k < n; k++)
		all[k].rank2 = 2 * (k + 1);
	ways = count_choices(all, n, na);
	for (size_t sum = 0; sum <= n * (n + 1); sum++)
		total += ways[sum];
	for (k = 0; k < pairs; k++) {
		tail += ways[lowest2 + 2 * k] / total;
		if (tail > alpha / 2)
			break;
	}
	free(ways);
	free(all);
	return k;
}

struct statistics_shift statistics_shift(const double *a, size_t na, const double *b, size_t nb,
					 double alpha)
{
	size_t pairs = na * nb, k = outside(na, nb, alpha);
	double *difference = memory_zeroed(pairs, sizeof(*difference));
	struct statistics_shift shift;

	for (size_t i = 0; i < pairs; i++)
		difference[i] = b[i % nb] - a[i / nb];
	qsort(difference, pairs, sizeof(*difference), compare_doubles);
	k = k > 0 ? k - 1 : 0;
	shift.estimate = statistics_middle(difference, pairs);
	shift.low = difference[k];
	shift.high = difference[pairs - 1 - k];
	free(difference);
	return shift;
}
