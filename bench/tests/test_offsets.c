// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
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
