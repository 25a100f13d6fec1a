// SPDX-License-Identifier: MIT
/* Rounds in a row: do they still rise or fall? */
#include <math.h>

#include "core/statistics.h"

#define RANGE_MAX 0.20
#define SLOPE_MAX 0.10

struct statistics_line statistics_line(const double *values, size_t n)
{
	struct statistics_line line = {0, 0};
	double middle = ((double)n - 1) / 2, mean = 0, above = 0, below = 0;

	if (n == 0)
		return line;
	for (size_t i = 0; i < n; i++)
		mean += values[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		above += ((double)i - middle) * (values[i] - mean);
		below += ((double)i - middle) * ((double)i - middle);
	}
	line.slope = below > 0 ? above / below : 0;
	line.intercept = mean - line.slope * middle;
	return line;
}

static uint32_t parts_per_million(double share)
{
	return share < 4000 ? (uint32_t)(share * 1e6 + 0.5) : UINT32_MAX;
}

/* One window: its range and what its line rises, each of the average. */
static void window_shares(const uint64_t *rounds, double *range, double *slope)
{
	double values[STATISTICS_STEADY_ROUNDS], sum = 0, low = INFINITY, high = 0;

	for (size_t i = 0; i < STATISTICS_STEADY_ROUNDS; i++) {
		values[i] = (double)rounds[i];
		sum += values[i];
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	/* Rounds in which nothing at all was done are steady. */
	*range = *slope = 0;
	if (sum > 0) {
		double average = sum / STATISTICS_STEADY_ROUNDS;

		*range = (high - low) / average;
		*slope = fabs(statistics_line(values, STATISTICS_STEADY_ROUNDS).slope) *
			 (STATISTICS_STEADY_ROUNDS - 1) / average;
	}
}

struct statistics_steady statistics_steady_state(const uint64_t *rounds, size_t n)
{
	double range = 0, slope = 0, worst_range = 0, worst_slope = 0;
	struct statistics_steady result;

	for (size_t i = 0; i + STATISTICS_STEADY_ROUNDS <= n; i++) {
		window_shares(&rounds[i], &range, &slope);
		worst_range = fmax(worst_range, range);
		worst_slope = fmax(worst_slope, slope);
	}
	result.range_ppm = parts_per_million(worst_range);
	result.slope_ppm = parts_per_million(worst_slope);
	/* By what is shown, so that 20.0 % never stands beside "not steady". */
	result.steady = result.range_ppm <= RANGE_MAX * 1e6 && result.slope_ppm <= SLOPE_MAX * 1e6;
	return result;
}
