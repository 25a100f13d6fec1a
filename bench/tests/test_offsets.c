// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/offsets.h"

#define BS      4096u
#define NBLOCKS 1000u
#define SIZE    ((uint64_t)BS * NBLOCKS)
#define BASE    (3 * SIZE)

static struct offsets start(bool sequential, bool once, uint64_t seed)
{
	struct offsets o;

	cr_assert_eq(offsets_init(&o, BASE, BS, SIZE, sequential, once, seed), 0);
	return o;
}

Test(offsets, random_order_visits_each_block_once_in_every_pass)
{
	struct offsets o = start(false, true, 1);

	for (unsigned int pass = 0; pass < 3; pass++) {
		unsigned char seen[NBLOCKS] = {0};

		for (unsigned int i = 0; i < NBLOCKS; i++)
			cr_assert_eq(seen[(offsets_next(&o) - BASE) / BS]++, 0);
	}
	offsets_free(&o);
}

Test(offsets, random_order_is_not_the_order_of_the_file)
{
	struct offsets o = start(false, true, 1);
	unsigned int in_place = 0;

	for (unsigned int i = 0; i < NBLOCKS; i++)
		in_place += offsets_next(&o) == BASE + (uint64_t)i * BS;
	/* One block in its place is what chance gives on average. */
	cr_assert_lt(in_place, 10);
	offsets_free(&o);
}

Test(offsets, random_order_gives_every_block_every_place)
{
	unsigned int first[4] = {0};

	for (uint64_t seed = 0; seed < 4000; seed++) {
		struct offsets o;

		cr_assert_eq(offsets_init(&o, 0, BS, 4 * BS, false, true, seed), 0);
		first[offsets_next(&o) / BS]++;
		offsets_free(&o);
	}
	for (unsigned int i = 0; i < 4; i++)
		cr_assert(first[i] > 800 && first[i] < 1200, "block %u first %u times", i,
			  first[i]);
}

Test(offsets, sequential_starts_at_the_base_and_wraps_at_the_end)
{
	struct offsets o = start(true, false, 1);

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < NBLOCKS; i++)
			cr_assert_eq(offsets_next(&o), BASE + (uint64_t)i * BS);
	}
	cr_assert_eq(offsets_next(&o), BASE);
	offsets_free(&o);
}

Test(offsets, sequential_needs_no_order_even_when_each_block_is_to_come_once)
{
	struct offsets o = start(true, true, 1);

	cr_assert_null(o.order);
	cr_assert_eq(offsets_next(&o), BASE);
	offsets_free(&o);
}

Test(offsets, random_draws_stay_in_the_region_and_reach_all_of_it)
{
	struct offsets o = start(false, false, 1);
	unsigned char seen[NBLOCKS] = {0};
	unsigned int distinct = 0;

	for (unsigned int i = 0; i < 20 * NBLOCKS; i++) {
		uint64_t offset = offsets_next(&o);

		cr_assert_geq(offset, BASE);
		cr_assert_lt(offset, BASE + SIZE);
		cr_assert_eq((offset - BASE) % BS, 0);
		distinct += !seen[(offset - BASE) / BS]++;
	}
	cr_assert_eq(distinct, NBLOCKS);
	offsets_free(&o);
}

Test(offsets, same_seed_gives_the_same_sequence)
{
	for (unsigned int once = 0; once < 2; once++) {
		struct offsets a = start(false, once, 42), b = start(false, once, 42);

		for (unsigned int i = 0; i < 2 * NBLOCKS; i++)
			cr_assert_eq(offsets_next(&a), offsets_next(&b));
		offsets_free(&a);
		offsets_free(&b);
	}
}

Test(offsets, another_seed_gives_another_sequence)
{
	for (unsigned int once = 0; once < 2; once++) {
		struct offsets a = start(false, once, 42), b = start(false, once, 43);
		unsigned int same = 0;

		for (unsigned int i = 0; i < NBLOCKS; i++)
			same += offsets_next(&a) == offsets_next(&b);
		cr_assert_lt(same, 10);
		offsets_free(&a);
		offsets_free(&b);
	}
}

Test(offsets, one_block_is_the_only_one)
{
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct offsets o;

		cr_assert_eq(offsets_init(&o, BASE, BS, BS, kind & 1, kind & 2, 7), 0);
		for (unsigned int i = 0; i < 10; i++)
			cr_assert_eq(offsets_next(&o), BASE);
		offsets_free(&o);
	}
}

Test(offsets, more_blocks_than_an_order_can_hold_are_refused)
{
	struct offsets o;

	cr_assert_eq(offsets_init(&o, 0, 512, 512ull << 32, false, true, 1), -EFBIG);
	offsets_free(&o);
	cr_assert_eq(offsets_init(&o, 0, 512, 512ull << 32, false, false, 1), 0);
	cr_assert_lt(offsets_next(&o), 512ull << 32);
	offsets_free(&o);
}

Test(offsets, numbers_drawn_are_below_their_limit)
{
	static const uint64_t limits[] = {1, 2, 3, 1000, 1ull << 40, UINT64_MAX};
	struct random r = {.s = 9};

	for (unsigned int l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		for (unsigned int i = 0; i < 1000; i++)
			cr_assert_lt(random_below(&r, limits[l]), limits[l]);
	}
}

/* The probability of each block, as the table has it. */
static void probabilities(const struct offsets *o, double *p)
{
	memset(p, 0, o->nblocks * sizeof(*p));
	for (uint64_t i = 0; i < o->nblocks; i++) {
		double itself = o->columns[i].itself * 0x1p-32;

		p[i] += itself / (double)o->nblocks;
		p[o->columns[i].alias] += (1 - itself) / (double)o->nblocks;
	}
}

static int larger_first(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static const unsigned int thetas[] = {1, 500, 990, 1200, 3000, 10000};
#define NTHETAS 6

Test(offsets, zipf_gives_each_rank_its_probability)
{
	for (unsigned int t = 0; t < NTHETAS; t++) {
		double p[NBLOCKS], sum = 0, theta = thetas[t] / 1000.0;
		struct offsets o;

		cr_assert_eq(offsets_init_zipf(&o, BASE, BS, SIZE, thetas[t], 1), 0);
		probabilities(&o, p);
		qsort(p, NBLOCKS, sizeof(p[0]), larger_first);
		for (unsigned int k = 1; k <= NBLOCKS; k++)
			sum += pow(k, -theta);
		for (unsigned int k = 1; k <= NBLOCKS; k++)
			cr_assert_lt(fabs(p[k - 1] - pow(k, -theta) / sum), 1e-9,
				     "theta %.3f, rank %u: %g and %g", theta, k, p[k - 1],
				     pow(k, -theta) / sum);
		offsets_free(&o);
	}
}

Test(offsets, zipf_draws_each_block_as_often_as_its_probability_says)
{
	enum { DRAWS = 1000000 };

	for (unsigned int t = 0; t < NTHETAS; t++) {
		static unsigned int seen[NBLOCKS];
		double p[NBLOCKS], chi = 0, rest = 0;
		unsigned int degrees = 0, rest_seen = 0;
		struct offsets o;

		cr_assert_eq(offsets_init_zipf(&o, BASE, BS, SIZE, thetas[t], 3), 0);
		probabilities(&o, p);
		memset(seen, 0, sizeof(seen));
		for (unsigned int i = 0; i < DRAWS; i++) {
			uint64_t offset = offsets_next(&o);

			cr_assert_eq((offset - BASE) % BS, 0);
			cr_assert_lt(offset - BASE, SIZE);
			seen[(offset - BASE) / BS]++;
		}
		for (unsigned int i = 0; i < NBLOCKS; i++) {
			double expected = p[i] * DRAWS;

			/* Blocks that are hardly ever drawn count as one. */
			if (expected < 10) {
				rest += expected;
				rest_seen += seen[i];
				continue;
			}
			chi += (seen[i] - expected) * (seen[i] - expected) / expected;
			degrees++;
		}
		if (rest > 10)
			chi += (rest_seen - rest) * (rest_seen - rest) / rest;
		/* Of a right one, five standard deviations above the mean. */
		cr_expect_lt(chi, degrees + 5 * sqrt(2.0 * degrees), "theta %.3f: %.0f of %u",
			     thetas[t] / 1000.0, chi, degrees);
		offsets_free(&o);
	}
}

Test(offsets, zipf_prefers_few_blocks_by_far)
{
	unsigned int seen[NBLOCKS] = {0}, hottest = 0;
	struct offsets o;

	cr_assert_eq(offsets_init_zipf(&o, 0, BS, SIZE, 1200, 5), 0);
	for (unsigned int i = 0; i < 100000; i++)
		seen[offsets_next(&o) / BS]++;
	for (unsigned int i = 0; i < NBLOCKS; i++)
		hottest = seen[i] > hottest ? seen[i] : hottest;
	/* 1 / (the sum of k^-1.2 to 1000) = 0.230; evenly it would be 100. */
	cr_expect(hottest > 22000 && hottest < 24100, "%u of 100000", hottest);
	offsets_free(&o);
}

Test(offsets, zipf_scatters_the_hot_blocks)
{
	double mean = 0;

	for (uint64_t seed = 0; seed < 1000; seed++) {
		double p[NBLOCKS];
		unsigned int hottest = 0;
		struct offsets o;

		cr_assert_eq(offsets_init_zipf(&o, 0, BS, SIZE, 1200, seed), 0);
		probabilities(&o, p);
		for (unsigned int i = 0; i < NBLOCKS; i++)
			hottest = p[i] > p[hottest] ? i : hottest;
		mean += hottest / 1000.0;
		offsets_free(&o);
	}
	/* Uniform in 0 to 999: five standard deviations of the mean of a thousand. */
	cr_expect(mean > 453 && mean < 547, "%.0f", mean);
}

Test(offsets, zipf_with_the_same_seed_is_the_same)
{
	struct offsets a, b;

	cr_assert_eq(offsets_init_zipf(&a, BASE, BS, SIZE, 1200, 42), 0);
	cr_assert_eq(offsets_init_zipf(&b, BASE, BS, SIZE, 1200, 42), 0);
	for (unsigned int i = 0; i < 1000; i++)
		cr_assert_eq(offsets_next(&a), offsets_next(&b));
	offsets_free(&a);
	offsets_free(&b);
}

Test(offsets, zipf_takes_one_block_and_no_more_than_its_table_may_have)
{
	struct offsets o;

	cr_assert_eq(offsets_init_zipf(&o, BASE, BS, BS, 1200, 1), 0);
	for (unsigned int i = 0; i < 10; i++)
		cr_assert_eq(offsets_next(&o), BASE);
	offsets_free(&o);
	cr_assert_eq(offsets_init_zipf(&o, 0, 512, 512ull * (OFFSETS_ZIPF_BLOCKS + 1), 1200, 1),
		     -EFBIG);
	offsets_free(&o);
}
