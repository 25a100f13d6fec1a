// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "core/statistics.h"

struct known_interval {
	unsigned int n, low, high;
	uint32_t coverage_ppm;
};

/* Computed with Python's fractions and math.comb, which are exact. */
static const struct known_interval known[] = {
	{1, 1, 1, 0},
	{2, 1, 2, 500000},
	{3, 1, 3, 750000},
	{5, 1, 5, 937500},
	{6, 1, 6, 968750},
	{8, 1, 8, 992188},
	{9, 2, 8, 960938},
	{10, 2, 9, 978516},
	{11, 2, 10, 988281},
	{12, 3, 10, 961426},
	{15, 4, 12, 964844},
	{20, 6, 15, 958611},
	{25, 8, 18, 956715},
	{27, 8, 20, 980843},
	{30, 10, 21, 957226},
	{51, 19, 33, 951126},
	{100, 40, 61, 964800},
	{999, 469, 531, 950244},
	{1000, 469, 532, 953709},
	{5000, 2431, 2570, 950684},
};

Test(median_interval, equals_the_exact_binomial)
{
	struct median_interval interval;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		interval = statistics_median_interval(known[i].n);
		cr_assert_eq(interval.low_rank, known[i].low, "n=%u", known[i].n);
		cr_assert_eq(interval.high_rank, known[i].high, "n=%u", known[i].n);
		cr_assert_eq(interval.coverage_ppm, known[i].coverage_ppm, "n=%u: %u", known[i].n,
			     interval.coverage_ppm);
	}
}

Test(median_interval, covers_95_percent_for_every_n_from_6)
{
	struct median_interval interval;
	unsigned int n;

	for (n = 6; n < 3000; n++) {
		interval = statistics_median_interval(n);
		cr_assert_geq(interval.coverage_ppm, 950000, "n=%u", n);
		cr_assert_geq(interval.low_rank, 1);
		cr_assert_eq(interval.low_rank + interval.high_rank, n + 1);
	}
}

Test(median_interval, holds_for_hundreds_of_thousands)
{
	struct median_interval interval = statistics_median_interval(400000);

	/* By the normal approximation, half a width is 1.96 * sqrt(n) / 2 = 620. */
	cr_assert_geq(interval.low_rank, 200000 - 622);
	cr_assert_leq(interval.low_rank, 200000 - 617);
	cr_assert_geq(interval.coverage_ppm, 950000);
}

Test(median_interval, of_nothing_is_nothing)
{
	struct median_interval interval = statistics_median_interval(0);

	cr_assert_eq(interval.low_rank, 0);
	cr_assert_eq(interval.high_rank, 0);
	cr_assert_eq(interval.coverage_ppm, 0);
}

Test(median, is_the_middle_value_of_an_odd_number)
{
	uint64_t values[] = {9, 1, 5};

	cr_assert_eq(statistics_median(values, 3), 5);
	cr_assert_eq(values[0], 1);
	cr_assert_eq(values[2], 9);
}

Test(median, is_the_mean_of_the_two_middle_values_rounded_down)
{
	uint64_t values[] = {10, 1, 5, 8};

	cr_assert_eq(statistics_median(values, 4), 6);
}

Test(median, does_not_overflow)
{
	uint64_t values[] = {UINT64_MAX, UINT64_MAX - 2};

	cr_assert_eq(statistics_median(values, 2), UINT64_MAX - 1);
}

Test(median, of_nothing_is_zero)
{
	cr_assert_eq(statistics_median(NULL, 0), 0);
}

/* Median 101, absolute deviations 0 1 1 2 2 3 4 9 and 10 or 11: median 2, limit 10.4. */
Test(outliers, are_those_beyond_three_and_a_half_robust_deviations)
{
	const uint64_t near[] = {98, 102, 100, 97, 103, 99, 101, 110, 111};
	const uint64_t far[] = {98, 102, 100, 97, 103, 99, 101, 110, 112};
	bool outlier[9];
	size_t i;

	cr_assert_eq(statistics_outliers(near, 9, outlier), 0);
	cr_assert_eq(statistics_outliers(far, 9, outlier), 1);
	for (i = 0; i < 9; i++)
		cr_assert_eq(outlier[i], i == 8);
}

Test(outliers, are_found_below_the_median_too)
{
	const uint64_t values[] = {1000, 1001, 1002, 998, 999, 1003, 10};
	bool outlier[7];

	cr_assert_eq(statistics_outliers(values, 7, outlier), 1);
	cr_assert(outlier[6]);
}

Test(outliers, are_found_among_exact_counts_where_most_are_equal)
{
	const uint64_t values[] = {2658, 2658, 2658, 2658, 2700, 2658, 2658, 2658, 2658};
	bool outlier[9];

	cr_assert_eq(statistics_outliers(values, 9, outlier), 1);
	cr_assert(outlier[4]);
}

Test(outliers, do_not_exist_among_equal_values_or_nothing)
{
	const uint64_t values[] = {7, 7, 7};
	bool outlier[3] = {true, true, true};

	cr_assert_eq(statistics_outliers(values, 3, outlier), 0);
	cr_assert_not(outlier[0] || outlier[1] || outlier[2]);
	cr_assert_eq(statistics_outliers(values, 0, outlier), 0);
}
