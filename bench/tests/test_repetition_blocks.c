// SPDX-License-Identifier: MIT
/* Which blocks a repetition visits, in which order, and which it never visits again. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/fixture_repetition.h"

TestSuite(repetition_blocks, .init = once_set_up, .fini = once_tear_down);

Test(repetition_blocks, of_a_mapping_visits_the_same_blocks_in_the_same_order_twice)
{
	once.context.ops = &own_mapping;
	once_timed();
	cr_assert_eq(once.result.npasses, 2);
	cr_assert_eq(once.result.pass[0].kind, PASS_FIRST_TOUCH);
	cr_assert_eq(once.result.pass[1].kind, PASS_AGAIN);
	cr_assert_eq(once.result.pass[0].ios, ONCE_NBLOCKS);
	cr_assert_eq(once.result.pass[1].ios, ONCE_NBLOCKS);
	/* No rehearsal: a first touch is one only once. */
	cr_assert_eq(asked.ncalls, 2 * ONCE_NBLOCKS);
	for (unsigned int i = 0; i < ONCE_NBLOCKS; i++)
		cr_assert_eq(asked.offsets[i], asked.offsets[ONCE_NBLOCKS + i]);
}

Test(repetition_blocks, of_a_mapping_touches_each_block_for_the_first_time_once)
{
	once.context.ops = &own_mapping;
	/* More than there are blocks: the first pass ends with the last of them. */
	once.cell.workload.number_ios = 10 * ONCE_NBLOCKS;
	once_timed();
	cr_assert_eq(once.result.pass[0].ios, ONCE_NBLOCKS);
	once_each_block_once();
	cr_assert_eq(once.result.pass[1].ios, 10 * ONCE_NBLOCKS);
}

Test(repetition_blocks, of_part_of_a_mapping_returns_to_that_part_alone)
{
	once.context.ops = &own_mapping;
	once.cell.workload.number_ios = 50;
	once_timed();
	cr_assert_eq(asked.ncalls, 100);
	for (unsigned int i = 0; i < 50; i++)
		cr_assert_eq(asked.offsets[i], asked.offsets[50 + i]);
}

Test(repetition_blocks, of_a_mapping_with_time_left_returns_only_to_what_it_had_touched)
{
	once.context.ops = &own_mapping;
	once.cell.workload.runtime_ns = 2000000;
	once.cell.workload.time_based = true;
	/* The first operation takes all the time of the first pass. */
	own.nap_at = 1;
	once_timed();
	cr_assert_eq(once.result.pass[0].ios, 1);
	for (unsigned int i = 1; i < asked.ncalls && i < ONCE_LOG_MAX; i++)
		cr_assert_eq(asked.offsets[i], asked.offsets[0]);
}

Test(repetition_blocks, of_a_mapping_in_sequence_returns_to_its_beginning)
{
	once.context.ops = &own_mapping;
	once.cell.workload.rw = RW_READ;
	once.cell.workload.number_ios = 50;
	once_timed();
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(asked.offsets[i], (uint64_t)(i % 50) * ONCE_BS);
}

Test(repetition_blocks, with_a_cold_cache_never_repeats_a_block_not_even_one_of_the_rehearsal)
{
	static const enum rw kinds[] = {RW_RANDREAD, RW_READ};

	for (unsigned int k = 0; k < 2; k++) {
		once.cell.workload.rw = kinds[k];
		once.cell.workload.cache = CACHE_COLD;
		once.cell.workload.number_ios = 10 * ONCE_NBLOCKS;
		asked.ncalls = 0;
		once_timed();
		cr_assert_eq(asked.ncalls, ONCE_NBLOCKS);
		once_each_block_once();
		cr_assert_lt(once.result.pass[0].ios, ONCE_NBLOCKS);
		cr_assert_gt(once.result.pass[0].ios, ONCE_NBLOCKS / 2);
	}
}

Test(repetition_blocks, with_a_cold_cache_ends_with_the_last_block_whatever_time_is_left)
{
	once.cell.workload.cache = CACHE_COLD;
	once.cell.workload.runtime_ns = 3600ull * 1000000000;
	once.cell.workload.time_based = true;
	once_timed();
	cr_assert_eq(asked.ncalls, ONCE_NBLOCKS);
}

Test(repetition_blocks, of_several_jobs_gives_each_a_region_of_its_own)
{
	unsigned int of_job[4] = {0};

	once.cell.workload.numjobs = 4;
	once.cell.workload.cache = CACHE_COLD;
	once_timed();
	cr_assert_eq(asked.ncalls, 4 * ONCE_NBLOCKS);
	for (unsigned int i = 0; i < asked.ncalls; i++) {
		cr_assert_lt(asked.offsets[i] / once.cell.workload.size, 4);
		of_job[asked.offsets[i] / once.cell.workload.size]++;
	}
	for (unsigned int j = 0; j < 4; j++)
		cr_assert_eq(of_job[j], ONCE_NBLOCKS);
	cr_assert_eq(histogram_total(once.result.pass[0].latency), once.result.pass[0].ios);
	cr_assert_eq(once.result.pass[0].bytes, once.result.pass[0].ios * ONCE_BS);
}

Test(repetition_blocks, with_the_same_seed_repeats_the_same_offsets)
{
	uint64_t first[1000];

	once.cell.workload.number_ios = 500;
	once_timed();
	memcpy(first, asked.offsets, 500 * sizeof(first[0]));
	asked.ncalls = 0;
	once_timed();
	cr_assert_arr_eq(asked.offsets, first, 500 * sizeof(first[0]));
}
