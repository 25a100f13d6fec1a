// SPDX-License-Identifier: MIT
/* Was the emulated disk faster than the program? From counts as passes in the testbed had them. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/runner_checks.h"

static struct cell cell;
static struct repetition repetition;

static void set_up(void)
{
	workload_defaults(&cell.workload);
	cell.clock_use = CLOCK_USE_MACHINE;
	repetition.npasses = 1;
	repetition.pass[0].ios = 1000;
}

TestSuite(raced, .init = set_up);

static bool raced(const char *path, uint64_t sleeps, uint64_t switches)
{
	repetition.pass[0].sleeps = sleeps;
	repetition.pass[0].context_switches = switches;
	return runner_raced(&cell, path_find(path), &repetition);
}

Test(raced, a_path_of_the_kernel_is_told_by_how_often_its_thread_left_the_cpu)
{
	cr_assert_not(raced("direct", 0, 1000));
	cr_assert_not(raced("direct", 0, 980));
	cr_assert(raced("direct", 0, 979));
}

/* A wait that finds its interrupt there already is counted too, and costs much less. */
Test(raced, our_driver_is_not_believed_more_sleeps_than_its_thread_had)
{
	cr_assert_not(raced("userdrv-irq", 1000, 999));
	cr_assert(raced("userdrv-irq", 1000, 971));
	cr_assert(raced("userdrv-irq", 916, 1000));
}

Test(raced, a_controller_model_s_own_thread_is_no_sleep_of_ours)
{
	cr_assert(raced("userdrv-irq", 900, 2900));
	cr_assert_not(raced("userdrv-irq", 1000, 2900));
}

Test(raced, nothing_follows_where_a_sleep_is_not_expected)
{
	cr_assert_not(raced("buffered", 0, 0));
	repetition.pass[0].wait = 5000;
	cr_assert_not(raced("userdrv-hybrid", 0, 786));
	repetition.pass[0].wait = 0;
	cell.workload.iodepth = 32;
	cr_assert_not(raced("userdrv-irq", 30, 30));
	cell.workload.iodepth = 1;
	cell.clock_use = CLOCK_USE_EXACT;
	cr_assert_not(raced("userdrv-irq", 0, 0));
}
