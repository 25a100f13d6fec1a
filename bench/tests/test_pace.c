// SPDX-License-Identifier: MIT
/* When operations are due, at a rate. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/pace.h"

#define SECOND 1000000000ull

static const struct clock ns = {.kind = RUN_CLOCK_NS, .ticks_per_s = SECOND};
static struct workload workload;

static void set_up(void)
{
	workload_defaults(&workload);
}

TestSuite(pace, .init = set_up);

Test(pace, random_starts_come_at_the_rate_and_have_no_memory)
{
	enum { N = 200000 };
	uint64_t last, gap, short_ones = 0, long_ones = 0, both_short = 0;
	double sum = 0, squares = 0;
	bool was_short = false;
	struct pace p;

	workload.rate_iops = 10000;
	workload.rate_process = RATE_POISSON;
	cr_assert_eq(pace_init(&p, &workload, &ns, 1), 0);
	pace_begin(&p, 0);
	last = p.next;
	for (unsigned int i = 0; i < N; i++) {
		pace_started(&p);
		gap = p.next - last;
		last = p.next;
		sum += (double)gap;
		squares += (double)gap * (double)gap;
		/* Half of an exponential distribution is below ln 2 of its mean. */
		both_short += was_short && gap < 69315;
		was_short = gap < 69315;
		short_ones += was_short;
		long_ones += gap > 500000;
	}
	/* Five standard deviations each, and the seed is fixed. */
	cr_expect_lt(fabs(sum / N - 100000), 5 * 100000 / sqrt(N));
	cr_expect_lt(fabs(squares / N / (sum / N) / (sum / N) - 2), 0.05);
	cr_expect_lt(fabs((double)short_ones / N - 0.5), 5 * 0.5 / sqrt(N));
	cr_expect_lt(fabs((double)both_short / N - 0.25), 5 * 0.5 / sqrt(N));
	cr_expect_lt(fabs((double)long_ones / N - exp(-5)), 5 * sqrt(exp(-5) / N));
	pace_free(&p);
}

Test(pace, random_gaps_have_exactly_the_mean_that_was_asked_for)
{
	static const uint64_t rates[] = {1, 777, 1000000};

	workload.rate_process = RATE_POISSON;
	for (unsigned int r = 0; r < 3; r++) {
		double sum = 0;
		struct pace p;

		workload.rate_iops = rates[r];
		cr_assert_eq(pace_init(&p, &workload, &ns, 1), 0);
		for (unsigned int i = 0; i < 1u << PACE_GAP_BITS; i++)
			sum += (double)p.gaps[i] / 65536;
		cr_expect_lt(fabs(sum / 65536 * (double)rates[r] / 1e9 - 1), 1e-6);
		pace_free(&p);
	}
}

Test(pace, a_rate_is_kept_to_the_last_tick)
{
	struct pace p;

	/* No whole number of nanoseconds lies between two of them. */
	workload.rate_iops = 700001;
	cr_assert_eq(pace_init(&p, &workload, &ns, 1), 0);
	pace_begin(&p, 0);
	for (unsigned int i = 0; i < 700001; i++)
		pace_started(&p);
	cr_expect_geq(p.next, SECOND - 20);
	cr_expect_leq(p.next, SECOND);
	pace_free(&p);
}
