// SPDX-License-Identifier: MIT
/* What half a block costs, from which a report tells what copying costs. */
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/fixture_repetition.h"

static uint64_t cost[PASSES_MAX];

static void half_block(void)
{
	cr_assert_eq(repetition_half_block(&once.context, cost, &once.error), 0, "%s",
		     once.error.text);
}

static void is_refused(void)
{
	cr_assert_eq(repetition_half_block(&once.context, cost, &once.error), -EOPNOTSUPP);
}

static void set_up(void)
{
	once_set_up();
	clock_init(&once.clock, RUN_CLOCK_INSTRUCTIONS);
}

TestSuite(repetition_half_block, .init = set_up, .fini = once_tear_down);

Test(repetition_half_block, of_half_blocks_works_with_half_the_bytes)
{
	half_block();
	cr_assert_gt(asked.ncalls, 0);
	cr_assert_eq(asked.sizes_seen, asked.ncalls * (uint64_t)ONCE_BS / 2);
	cr_assert_eq(once.cell.workload.bs, ONCE_BS);
	cr_assert_eq(once.cell.nrepetitions, 0);
	cr_assert_eq(once.cell.nevidence, 0);
}

Test(repetition_half_block, of_half_blocks_is_refused_where_half_means_nothing)
{
	once.cell.workload.bs = 512;
	is_refused();
	once.cell.workload.bs = ONCE_BS;
	once.cell.workload.access = ACCESS_TOUCH;
	is_refused();
	cr_assert_eq(asked.ncalls, 0);
}

Test(repetition_half_block, of_half_blocks_is_refused_where_the_device_copies)
{
	static struct path_ops path;

	path = own_plain;
	once.context.ops = &path;
	path.traits = PATH_NOTHING | PATH_USER_DRIVER;
	is_refused();
	path.traits = PATH_NOTHING | PATH_NO_CACHE;
	once.target.device.known = true;
	is_refused();
	cr_assert_eq(asked.ncalls, 0);
	/* On a device of memory the CPU copies, in the kernel. */
	once.target.device.memory = true;
	half_block();
	cr_assert_gt(asked.ncalls, 0);
	cr_assert_gt(cost[0], 0);
}
