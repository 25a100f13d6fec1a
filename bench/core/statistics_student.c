// SPDX-License-Identifier: MIT
/* Student's t, and what many tests at once do to their levels. */
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/statistics.h"

/*
 * The continued fraction of the incomplete beta function, from its front (Lentz's method). It
 * converges within tens of steps for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), value;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	value = d;
	for (int i = 1; i < 1000; i++) {
		double m = i, even, odd, step;

		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + even * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + even / c;
		c = fabs(c) < tiny ? tiny : c;
		value *= d * c;
		d = 1 + odd * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + odd / c;
		c = fabs(c) < tiny ? tiny : c;
		step = d * c;
		value *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return value;
}

/* The regularized incomplete beta function. */
static double beta_part(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double statistics_student_tail(double t, double df)
{
	if (isinf(t))
		return 0;
	return beta_part(df / 2, 0.5, df / (df + t * t));
}

/* By how much the logarithm of the tail falls per unit of t. */
static double tail_slope(double t, double df, double tail)
{
	double density =
		exp(lgamma((df + 1) / 2) - lgamma(df / 2) - (df + 1) / 2 * log1p(t * t / df)) /
		sqrt(df * acos(-1));

	return -2 * density / tail;
}

/* Newton's steps on the logarithm of the tail; one that leaves the bracket becomes a bisection. */
double statistics_student_quantile(double p, double df)
{
	double low = 0, high = 1, t;

	while (statistics_student_tail(high, df) > p && high < 1e15) {
		low = high;
		high *= 2;
	}
	t = (low + high) / 2;
	for (int i = 0; i < 100 && high - low > 1e-13 * high; i++) {
		double tail = statistics_student_tail(t, df);
		double step = (log(p) - log(tail)) / tail_slope(t, df, tail);

		if (tail > p)
			low = t;
		else
			high = t;
		if (fabs(step) < 1e-13 * t)
			break;
		t += step;
		if (!(t > low && t < high))
			t = (low + high) / 2;
	}
	return t;
}

static int compare_targets(const void *a, const void *b)
{
	double x = **(double *const *)a;
	double y = **(double *const *)b;

	return (x > y) - (x < y);
}

void statistics_holm(double *p, size_t n)
{
	double **sorted = memory_zeroed(n, sizeof(*sorted));
	double so_far = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = &p[i];
	qsort(sorted, n, sizeof(*sorted), compare_targets);
	for (size_t i = 0; i < n; i++) {
		double adjusted = fmin(1, *sorted[i] * (double)(n - i));

		so_far = fmax(so_far, adjusted);
		*sorted[i] = so_far;
	}
	free(sorted);
}
