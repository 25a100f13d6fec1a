// SPDX-License-Identifier: MIT
/* One repetition: what it does and counts, and how it fails. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/fixture_repetition.h"

TestSuite(repetition, .init = once_set_up, .fini = once_tear_down);

Test(repetition, counts_each_operation_and_its_bytes)
{
	once.cell.workload.number_ios = 1000;
	once_timed();
	cr_assert_eq(once.result.npasses, 1);
	cr_assert_eq(once.result.pass[0].kind, PASS_ALL);
	cr_assert_eq(once.result.pass[0].ios, 1000);
	cr_assert_eq(once.result.pass[0].bytes, 1000 * ONCE_BS);
	cr_assert_eq(once.result.pass[0].errors, 0);
	cr_assert_eq(histogram_total(once.result.pass[0].latency), 1000);
}

Test(repetition, does_the_whole_size_once_when_no_number_is_given)
{
	once_timed();
	cr_assert_eq(once.result.pass[0].ios, ONCE_NBLOCKS);
}

Test(repetition, closes_what_it_opened)
{
	once.cell.workload.numjobs = 3;
	once_timed();
	cr_assert_eq(asked.nopened, 3);
	cr_assert_eq(asked.nclosed, 3);
}

Test(repetition, whose_operation_fails_stops_and_says_so)
{
	own.fail_at = 200;
	once_fails(-EIO);
	cr_assert_eq(asked.ncalls, 200);
	cr_assert_not_null(strstr(once.error.text, "plain on null:"), "%s", once.error.text);
	cr_assert_not_null(strstr(once.error.text, strerror(EIO)), "%s", once.error.text);
	cr_assert_not_null(strchr(once.error.text, ';'), "%s", once.error.text);
	cr_assert_eq(once.result.npasses, 0);
	cr_assert_eq(asked.nclosed, asked.nopened);
}

Test(repetition, whose_operation_fails_before_the_clock_starts_stops_too)
{
	own.fail_at = 1;
	once_fails(-EIO);
	cr_assert_eq(asked.ncalls, 1);
	cr_assert_eq(once.result.npasses, 0);
}

Test(repetition, with_one_failing_job_of_several_fails)
{
	once.cell.workload.numjobs = 4;
	once.cell.workload.number_ios = 1000;
	own.fail_at = 1500;
	once_fails(-EIO);
	cr_assert_eq(asked.nclosed, 4);
}

Test(repetition, that_cannot_open_its_path_passes_the_sentence_on_and_does_nothing)
{
	once.cell.workload.numjobs = 3;
	own.fail_open_at = 2;
	once_fails(-EACCES);
	cr_assert_str_eq(once.error.text, "own path: no; give another");
	cr_assert_eq(asked.ncalls, 0);
	cr_assert_eq(asked.nclosed, 1);
}

Test(repetition, interrupted_is_none)
{
	own.interrupt_at = 200;
	once_fails(-EINTR);
	cr_assert_eq(asked.ncalls, 200);
	cr_assert_eq(once.result.npasses, 0);
	cr_assert_eq(asked.nclosed, 1);
}

Test(repetition, that_writes_makes_a_generation_and_one_that_reads_does_not)
{
	once.target.generation = 1;
	once_timed();
	cr_assert_eq(once.target.generation, 1);
	once.cell.workload.rw = RW_RANDWRITE;
	once_timed();
	cr_assert_eq(once.target.generation, 2);
}

Test(repetition, that_writes_to_a_private_mapping_leaves_the_file_its_generation)
{
	once.target.generation = 1;
	once.cell.workload.rw = RW_RANDWRITE;
	once.context.ops = &own_private_mapping;
	once_timed();
	cr_assert_eq(once.target.generation, 1);
}

Test(repetition, of_a_path_that_counts_nothing_counts_nothing)
{
	once_timed();
	cr_assert_eq(once.result.pass[0].doorbells, 0);
	cr_assert_eq(once.result.pass[0].sleeps, 0);
	cr_assert_eq(once.result.pass[0].wait, 0);
	cr_assert_eq(once.result.pass[0].empty_looks, 0);
}
