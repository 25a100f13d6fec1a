// SPDX-License-Identifier: MIT
/*
 * The statistics against what others compute. Unless a comment says otherwise the expected values
 * are from R 4.2.2 (Debian's r-base-core 4.2.2.20221110-2) with the functions named, and the data
 * are those that come with R.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/histogram.h"
#include "core/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_near(double value, double expected, double share)
{
	return fabs(value - expected) <= share * fabs(expected) + 1e-300;
}

/* Hollander and Wolfe (1973), p. 69 f.: permeability of a membrane at term and at 12 to 26 weeks.
 */
static const double at_term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
static const double early[] = {1.15, 0.88, 0.90, 0.74, 1.21};

/* datasets::airquality: wind in tenths of miles per hour in May, and in June and July. */
static const double wind_may[] = {74, 80,  126, 115, 143, 149, 86,  138, 201, 86, 69,
				  97, 92,  109, 132, 115, 120, 184, 115, 97,  97, 166,
				  97, 120, 166, 149, 80,  120, 149, 57,  74};
static const double wind_summer[] = {86,  97,  161, 92,  86,  143, 97,  69,  138, 115, 109, 92, 80,
				     138, 115, 149, 207, 92,  115, 103, 63,  17,  46,  63,  80, 80,
				     103, 115, 149, 80,  41,  92,  92,  109, 46,  109, 51,  63, 57,
				     74,  86,  143, 149, 149, 143, 69,  103, 63,  51,  115, 69, 97,
				     115, 86,  80,  86,  120, 74,  74,  74,  92};
/* datasets::airquality: temperature in July and in August. */
static const double warm_july[] = {84, 85, 81, 84, 83, 83, 88, 92, 92, 89, 82, 73, 81, 91, 80, 81,
				   82, 84, 87, 85, 74, 81, 82, 86, 85, 82, 86, 88, 86, 83, 81};
static const double warm_august[] = {81, 81, 82, 86, 85, 87, 89, 90, 90, 92, 86, 86, 82, 80, 79, 77,
				     79, 76, 78, 78, 77, 72, 75, 79, 81, 86, 88, 97, 94, 96, 94};

/* datasets::rivers, miles; datasets::cars, feet to stop. */
static const uint64_t rivers[] = {
	735, 320,  325,  392,  524,  450,  1459, 135, 465,  600, 330, 336, 280, 315, 870, 906,
	202, 329,  290,  1000, 600,  505,  1450, 840, 1243, 890, 350, 407, 286, 280, 525, 720,
	390, 250,  327,  230,  265,  850,  210,  630, 260,  230, 360, 730, 600, 306, 390, 420,
	291, 710,  340,  217,  281,  352,  259,  250, 470,  680, 570, 350, 300, 560, 900, 625,
	332, 2348, 1171, 3710, 2315, 2533, 780,  280, 410,  460, 260, 255, 431, 350, 760, 618,
	338, 981,  1306, 500,  696,  605,  250,  411, 1054, 735, 233, 435, 490, 310, 460, 383,
	375, 1270, 545,  445,  1885, 380,  300,  380, 377,  425, 276, 210, 800, 420, 350, 360,
	538, 1100, 1205, 314,  237,  610,  360,  540, 1038, 424, 310, 300, 444, 301, 268, 620,
	215, 652,  900,  525,  246,  360,  529,  500, 720,  270, 430, 671, 1770};
static const uint64_t cars[] = {2,  10, 4,  22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28,  26, 34,
				34, 46, 26, 36, 60, 80, 20, 26, 54, 32, 40, 32, 40, 50, 42,  56, 76,
				84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85};

/* wilcox.test(at_term, early, exact = TRUE, conf.int = TRUE) */
Test(mann_whitney, is_exact_for_the_data_of_hollander_and_wolfe)
{
	struct statistics_shift shift;

	cr_assert(
		is_near(statistics_mann_whitney(at_term, 10, early, 5), 0.254412254412254, 1e-12));
	cr_assert(
		is_near(statistics_mann_whitney(early, 5, at_term, 10), 0.254412254412254, 1e-12));
	shift = statistics_shift(early, 5, at_term, 10, 0.05);
	cr_assert(is_near(shift.estimate, 0.305, 1e-12), "%g", shift.estimate);
	cr_assert(is_near(shift.low, -0.15, 1e-12), "%g", shift.low);
	cr_assert(is_near(shift.high, 0.76, 1e-12), "%g", shift.high);
}

/* wilcox.test(a, b, exact = TRUE, conf.int = TRUE) and the same with a and b exchanged */
Test(mann_whitney, finds_a_shift_and_its_interval_in_both_directions)
{
	const double a[] = {12.1, 11.2, 13.7, 10.9, 12.8, 11.9, 14.2, 12.3};
	const double b[] = {10.1, 11.1, 9.8, 12.0, 10.7, 9.9, 11.0};
	struct statistics_shift up = statistics_shift(b, 7, a, 8, 0.05);
	struct statistics_shift down = statistics_shift(a, 8, b, 7, 0.05);

	cr_assert(is_near(statistics_mann_whitney(a, 8, b, 7), 0.00590520590520591, 1e-12));
	cr_assert(is_near(up.estimate, 1.7, 1e-12));
	cr_assert(is_near(up.low, 0.5, 1e-12));
	cr_assert(is_near(up.high, 3.0, 1e-12));
	cr_assert(is_near(down.estimate, -1.7, 1e-12));
	cr_assert(is_near(down.low, -3.0, 1e-12));
	cr_assert(is_near(down.high, -0.5, 1e-12));
}

/*
 * Enumerated: s <- combn(rank(c(a, b)), length(a), sum); the share of s that is as far from its
 * expectation as sum(rank(c(a, b))[1:length(a)]).
 */
Test(mann_whitney, counts_every_arrangement_of_tied_values)
{
	const double a1[] = {1, 2, 2, 3, 3}, b1[] = {3, 3, 4, 5, 5, 6};
	const double a2[] = {1587, 1587, 1587, 1588}, b2[] = {1588, 1590, 1590, 1590, 1590};
	const double a3[] = {7, 7, 7}, b3[] = {7, 7, 7};
	const double a4[] = {1, 1, 1, 2, 9}, b4[] = {1, 2, 2, 2, 3, 3, 3};

	cr_assert(is_near(statistics_mann_whitney(a1, 5, b1, 6), 0.0216450216450216, 1e-12));
	cr_assert(is_near(statistics_mann_whitney(a2, 4, b2, 5), 0.0238095238095238, 1e-12));
	cr_assert_eq(statistics_mann_whitney(a3, 3, b3, 3), 1);
	cr_assert(is_near(statistics_mann_whitney(a4, 5, b4, 7), 0.303030303030303, 1e-12));
}

/* wilcox.test(a, b, exact = FALSE, correct = TRUE): both have ties and more than 60 values. */
Test(mann_whitney, of_many_values_is_the_normal_approximation_corrected_for_ties)
{
	cr_assert(is_near(
		statistics_mann_whitney(wind_may, COUNT(wind_may), wind_summer, COUNT(wind_summer)),
		0.0094694838956804, 1e-10));
	cr_assert(is_near(statistics_mann_whitney(warm_july, COUNT(warm_july), warm_august,
						  COUNT(warm_august)),
			  0.718872736783933, 1e-10));
}

/* 2 / choose(n + m, n): three boots against three can never reach 5 %. */
Test(mann_whitney, can_not_go_below_its_floor)
{
	const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};

	cr_assert(is_near(statistics_mann_whitney_floor(3, 3), 0.1, 1e-12));
	cr_assert(is_near(statistics_mann_whitney_floor(5, 5), 0.00793650793650794, 1e-12));
	cr_assert(is_near(statistics_mann_whitney_floor(5, 10), 0.000666000666000666, 1e-12));
	cr_assert(is_near(statistics_mann_whitney_floor(26, 26), 4.03292046399341e-15, 1e-12));
	cr_assert_eq(statistics_mann_whitney_floor(1, 1), 1);
	cr_assert(is_near(statistics_mann_whitney(low, 3, high, 3), 0.1, 1e-12));
	cr_assert(is_near(statistics_mann_whitney(high, 5, low, 5), 0.00793650793650794, 1e-12));
}

Test(mann_whitney, of_nothing_says_nothing)
{
	const double one[] = {1};

	cr_assert_eq(statistics_mann_whitney(one, 1, NULL, 0), 1);
	cr_assert_eq(statistics_mann_whitney(NULL, 0, one, 1), 1);
	cr_assert_eq(statistics_mann_whitney(one, 1, one, 1), 1);
}

struct known_t {
	double t, df, p;
};

/* 2 * pt(-t, df) and qt(1 - p / 2, df) */
Test(student, has_the_tails_and_quantiles_of_r)
{
	const struct known_t tail[] = {
		{0.5, 1, 0.704832764699134},     {2.776445, 4, 0.0500000053820916},
		{5.1, 8, 0.000929850198670069},  {1.2, 2.5, 0.331438837665877},
		{12, 3, 0.00124501580078934},    {0, 7, 1},
		{40, 200, 2.24873965352023e-97},
	};
	const struct known_t quantile[] = {
		{12.7062047361747, 1, 0.05},     {2.77644510519779, 4, 0.05},
		{2.30600413520417, 8, 0.05},     {8.61030158137952, 4, 0.001},
		{1.33675716732731, 16, 0.2},     {0.905703285180532, 6, 0.4},
		{3.20732125322107, 100, 0.0018}, {1.95996635681411, 1e6, 0.05},
	};

	for (size_t i = 0; i < COUNT(tail); i++) {
		cr_assert(is_near(statistics_student_tail(tail[i].t, tail[i].df), tail[i].p, 1e-9),
			  "t=%g", tail[i].t);
		cr_assert(
			is_near(statistics_student_tail(-tail[i].t, tail[i].df), tail[i].p, 1e-9));
	}
	for (size_t i = 0; i < COUNT(quantile); i++)
		cr_assert(is_near(statistics_student_quantile(quantile[i].p, quantile[i].df),
				  quantile[i].t, 1e-8),
			  "p=%g df=%g", quantile[i].p, quantile[i].df);
	cr_assert_eq(statistics_student_tail(INFINITY, 4), 0);
}

/* p.adjust(p, "holm") */
Test(holm, corrects_for_the_number_of_tests)
{
	double p[] = {0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 0.9};
	const double expected[] = {0.060, 0.160, 0.150, 0.035, 1, 0.160, 1};

	statistics_holm(p, 7);
	for (size_t i = 0; i < 7; i++)
		cr_assert(is_near(p[i], expected[i], 1e-12), "%zu: %g", i, p[i]);
	statistics_holm(NULL, 0);
}

/* coef(lm(y ~ x)), x from 0; the second are the first twelve of cars. */
Test(line, is_that_of_least_squares)
{
	const double rising[] = {98, 102, 101, 105, 110};
	struct statistics_line line = statistics_line(rising, 5);
	double stop[12];

	cr_assert(is_near(line.intercept, 97.8, 1e-12));
	cr_assert(is_near(line.slope, 2.7, 1e-12));
	for (size_t i = 0; i < 12; i++)
		stop[i] = (double)cars[i];
	line = statistics_line(stop, 12);
	cr_assert(is_near(line.intercept, 7.46153846153847, 1e-12));
	cr_assert(is_near(line.slope, 1.68881118881119, 1e-12));
	line = statistics_line(rising, 1);
	cr_assert_eq(line.intercept, 98);
	cr_assert_eq(line.slope, 0);
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t *sorted(const uint64_t *values, size_t n)
{
	uint64_t *copy = calloc(n, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = values[i];
	qsort(copy, n, sizeof(*copy), compare_values);
	return copy;
}

/* Ranks from pbinom(): the narrowest pair that covers at least 95 %; values from sort(). */
Test(median_interval, is_that_of_the_binomial_for_known_data)
{
	struct median_interval interval = statistics_median_interval(COUNT(rivers));
	uint64_t *values = sorted(rivers, COUNT(rivers));

	cr_assert_eq(COUNT(rivers), 141);
	cr_assert_eq(values[interval.low_rank - 1], 380);
	cr_assert_eq(values[interval.high_rank - 1], 500);
	cr_assert_eq(interval.coverage_ppm, 957120);
	cr_assert_eq(statistics_median(values, COUNT(rivers)), 425);
	free(values);
	interval = statistics_median_interval(COUNT(cars));
	values = sorted(cars, COUNT(cars));
	cr_assert_eq(values[interval.low_rank - 1], 28);
	cr_assert_eq(values[interval.high_rank - 1], 50);
	cr_assert_eq(interval.coverage_ppm, 967161);
	cr_assert_eq(statistics_median(values, COUNT(cars)), 36);
	free(values);
}

/* 0.6745 * (v - median(v)) / mad(v, constant = 1) above 3.5: twelve of the 141 rivers. */
Test(outliers, are_those_of_r_among_the_rivers)
{
	const uint64_t expected[] = {1459, 1450, 1243, 2348, 3710, 2315,
				     2533, 1306, 1270, 1885, 1205, 1770};
	bool outlier[COUNT(rivers)];
	size_t found = 0;

	cr_assert_eq(statistics_outliers(rivers, COUNT(rivers), outlier), COUNT(expected));
	for (size_t i = 0; i < COUNT(rivers); i++) {
		if (outlier[i])
			cr_assert_eq(rivers[i], expected[found++]);
	}
	cr_assert_eq(found, COUNT(expected));
}

/* quantile(cars$dist, c(0.5, 0.9, 0.99), type = 1) is by nearest rank, as ours are. */
Test(percentiles, are_those_of_r_by_nearest_rank)
{
	struct histogram *h = calloc(1, sizeof(*h));

	for (size_t i = 0; i < COUNT(cars); i++)
		histogram_record(h, cars[i]);
	cr_assert_eq(histogram_percentile(h, 500000), 36);
	cr_assert_eq(histogram_percentile(h, 900000), 80);
	cr_assert_eq(histogram_percentile(h, 990000), 120);
	free(h);
}

/* Worked by hand: mean 100, range 20, so 20 %; the line rises 0.2 in each round. */
Test(steady_state, holds_at_its_limits_and_not_beyond)
{
	const uint64_t at[] = {90, 110, 100, 100, 100}, beyond[] = {89, 110, 101, 100, 100};
	const uint64_t slow[] = {95, 98, 100, 103, 104}, fast[] = {94, 97, 100, 103, 106};
	struct statistics_steady steady = statistics_steady_state(at, 5);

	cr_assert(steady.steady);
	cr_assert_eq(steady.range_ppm, 200000);
	cr_assert_eq(steady.slope_ppm, 40000);
	cr_assert_not(statistics_steady_state(beyond, 5).steady);
	/* Slopes 2.3 and 3: over four steps 9.2 % and 12 % of 100, with ranges far below 20 %. */
	steady = statistics_steady_state(slow, 5);
	cr_assert(steady.steady);
	cr_assert_eq(steady.slope_ppm, 92000);
	steady = statistics_steady_state(fast, 5);
	cr_assert_not(steady.steady);
	cr_assert_eq(steady.range_ppm, 120000);
	cr_assert_eq(steady.slope_ppm, 120000);
}

Test(steady_state, needs_all_rounds_not_the_last_five)
{
	const uint64_t settled[] = {200, 150, 100, 100, 100, 100, 100, 100, 100};

	cr_assert_not(statistics_steady_state(settled, 9).steady);
	cr_assert(statistics_steady_state(settled + 2, 7).steady);
}

Test(steady_state, falls_as_it_rises_and_nothing_is_steady)
{
	const uint64_t falling[] = {106, 103, 100, 97, 94}, nothing[] = {0, 0, 0, 0, 0};

	cr_assert_eq(statistics_steady_state(falling, 5).slope_ppm, 120000);
	cr_assert_not(statistics_steady_state(falling, 5).steady);
	cr_assert(statistics_steady_state(nothing, 5).steady);
}

Test(middle, is_between_the_two_middle_values_and_leaves_the_order_alone)
{
	const double values[] = {9, 1, 4, 2};

	cr_assert_eq(statistics_middle(values, 4), 3);
	cr_assert_eq(statistics_middle(values, 3), 4);
	cr_assert_eq(statistics_middle(values, 0), 0);
	cr_assert_eq(values[0], 9);
}
