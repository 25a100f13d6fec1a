// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/histogram.h"

static struct histogram *new_histogram(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	cr_assert_not_null(h);
	return h;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

Test(histogram, stands_for_every_value_with_an_error_under_one_percent)
{
	uint64_t value = 1, stands;

	while (value < 1ull << 47) {
		stands = histogram_bucket_value(histogram_index(value));
		cr_assert_leq(distance(stands, value) * 100, value, "%lu became %lu", value,
			      stands);
		value += value / 1000 + 1;
	}
}

Test(histogram, keeps_values_below_256_exactly)
{
	uint64_t value;

	for (value = 0; value < 256; value++)
		cr_assert_eq(histogram_bucket_value(histogram_index(value)), value);
}

Test(histogram, has_buckets_that_follow_each_other_without_gap_or_overlap)
{
	unsigned int i;
	uint64_t low;

	for (i = 1; i < HISTOGRAM_BUCKETS; i++) {
		low = histogram_bucket_low(i);
		cr_assert_eq(histogram_index(low), i);
		cr_assert_eq(histogram_index(low - 1), i - 1);
	}
}

Test(histogram, puts_values_that_are_too_large_into_its_last_bucket)
{
	cr_assert_eq(histogram_index((1ull << 47) - 1), HISTOGRAM_BUCKETS - 1);
	cr_assert_eq(histogram_index(1ull << 47), HISTOGRAM_BUCKETS - 1);
	cr_assert_eq(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, gives_percentiles_by_nearest_rank)
{
	struct histogram *h = new_histogram();
	uint64_t value;

	for (value = 1; value <= 10; value++)
		histogram_record(h, value);
	cr_assert_eq(histogram_percentile(h, 0), 1);
	cr_assert_eq(histogram_percentile(h, 100000), 1);
	cr_assert_eq(histogram_percentile(h, 100001), 2);
	cr_assert_eq(histogram_percentile(h, 500000), 5);
	cr_assert_eq(histogram_percentile(h, 900000), 9);
	cr_assert_eq(histogram_percentile(h, 999999), 10);
	cr_assert_eq(histogram_percentile(h, 1000000), 10);
	free(h);
}

Test(histogram, that_is_empty_has_percentile_zero)
{
	struct histogram *h = new_histogram();

	cr_assert_eq(histogram_percentile(h, 500000), 0);
	cr_assert_eq(histogram_total(h), 0);
	free(h);
}

Test(histogram, gives_percentiles_of_more_values_than_a_million_times_fits_into_64_bits)
{
	struct histogram *h = new_histogram();

	h->count[10] = 1ull << 60;
	h->count[20] = 1ull << 60;
	cr_assert_eq(histogram_percentile(h, 500000), 10);
	cr_assert_eq(histogram_percentile(h, 500001), 20);
	free(h);
}

Test(histogram, sum_has_the_values_of_both)
{
	struct histogram *a = new_histogram(), *b = new_histogram();

	histogram_record(a, 5);
	histogram_record(a, 100000);
	histogram_record(b, 5);
	histogram_add(a, b);
	cr_assert_eq(histogram_total(a), 3);
	cr_assert_eq(a->count[histogram_index(5)], 2);
	cr_assert_eq(histogram_total(b), 1);
	free(a);
	free(b);
}

Test(histogram, keeps_every_count_when_it_is_rescaled)
{
	struct histogram *h = new_histogram();
	uint64_t value, p50, p99;

	for (value = 1; value < 1000000; value += 7)
		histogram_record(h, value);
	p50 = histogram_percentile(h, 500000);
	p99 = histogram_percentile(h, 990000);
	value = histogram_total(h);
	/* 2.5 GHz ticks to nanoseconds. */
	histogram_rescale(h, 1000, 2500);
	cr_assert_eq(histogram_total(h), value);
	cr_assert_leq(distance(histogram_percentile(h, 500000), p50 * 2 / 5) * 100, p50 * 2 / 5);
	cr_assert_leq(distance(histogram_percentile(h, 990000), p99 * 2 / 5) * 100, p99 * 2 / 5);
	free(h);
}

Test(histogram, rescaled_beyond_its_range_keeps_its_counts_in_the_last_bucket)
{
	struct histogram *h = new_histogram();

	histogram_record(h, 1ull << 46);
	histogram_rescale(h, UINT64_MAX, 1);
	cr_assert_eq(h->count[HISTOGRAM_BUCKETS - 1], 1);
	free(h);
}
