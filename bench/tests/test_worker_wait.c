// SPDX-License-Identifier: MIT
/* Who waits for a device, and what of it the measuring loop counts as waiting. */
#include <criterion/criterion.h>

#include "tests/fixture_worker.h"

TestSuite(worker_wait, .init = loop_set_up, .fini = loop_tear_down);

Test(worker_wait, lets_a_path_that_polls_wait_in_its_own_way_on_the_nanosecond_clock)
{
	device_use(&device_polled, RUN_CLOCK_NS, 1);
	device.vain = 3;
	loop_pass(100);
	cr_assert_eq(device.waits, device.looks);
	cr_assert_eq(loop.worker.empty_looks, 0);
	cr_assert_eq(loop.worker.wait, 0);
}

Test(worker_wait, lets_a_path_that_sleeps_wait_in_its_own_way_on_both_clocks)
{
	device_use(&device_sleeping, RUN_CLOCK_INSTRUCTIONS, 1);
	loop_pass(100);
	cr_assert_eq(device.waits, device.looks);
	cr_assert_eq(loop.worker.wait, 0);
	cr_assert_eq(loop.worker.nsamples, 100);
}

Test(worker_wait, counts_the_looks_that_found_nothing_apart)
{
	uint64_t sum = 0;

	device_use(&device_polled, RUN_CLOCK_INSTRUCTIONS, 1);
	device.vain = device.vain_left = 4;
	loop_pass(50);
	device_all_came_back();
	cr_assert_eq(loop.worker.ios, 50);
	cr_assert_eq(device.waits, 0);
	cr_assert_eq(device.looks, 50 * 5);
	/* The first of the four gave the operation to the device, which is work. */
	cr_assert_eq(loop.worker.empty_looks, 50 * 3);
	cr_assert_eq(loop.worker.nsamples, 50);
	for (unsigned int i = 0; i < 50; i++)
		sum += loop.worker.samples[i];
	cr_assert_eq(loop.worker.op_ticks, sum);
}

Test(worker_wait, takes_what_it_waited_out_of_what_the_operations_cost)
{
	device_use(&device_polled, RUN_CLOCK_INSTRUCTIONS, 1);
	/* In nanoseconds, so that the test knows how long a look takes at least. */
	loop.clock.tsc = false;
	device.vain = device.vain_left = 4;
	device.nap_ns = 1000000;
	loop_pass(10);
	/* Of five looks for each, three in vain. */
	cr_assert_geq(loop.worker.wait, 10 * 3 * device.nap_ns);
	cr_assert_geq(loop.worker.op_ticks, 10 * 2 * device.nap_ns);
	cr_assert_leq(loop.worker.wait + loop.worker.op_ticks,
		      loop.worker.end_ticks - loop.worker.start_ticks);
}

Test(worker_wait, counts_its_naps_as_waiting)
{
	device_use(&device_polled, RUN_CLOCK_INSTRUCTIONS, 1);
	loop.clock.tsc = false;
	device.vain = device.vain_left = 1;
	loop_pass(100);
	cr_assert_eq(loop.worker.empty_looks, 0);
	/* One of 20 us after the look that gave the operation to the device. */
	cr_assert_geq(loop.worker.wait, 100 * 20000);
}

Test(worker_wait, takes_what_the_path_spun_out_of_what_the_operations_cost)
{
	static const enum run_clock kinds[] = {RUN_CLOCK_NS, RUN_CLOCK_INSTRUCTIONS};

	for (unsigned int k = 0; k < 2; k++) {
		device_use(&device_sleeping, kinds[k], 1);
		device.spins = true;
		device.nap_ns = 1000000;
		loop_pass(10);
		cr_assert_eq(loop.worker.wait, loop.worker.job.spun);
		cr_assert_gt(loop.worker.wait, 0);
		cr_assert_leq(loop.worker.wait + loop.worker.op_ticks,
			      loop.worker.end_ticks - loop.worker.start_ticks);
		/* A total that goes on: the next pass counts its own part. */
		loop_pass(10);
		cr_assert_lt(loop.worker.wait, loop.worker.job.spun);
		cr_assert_leq(loop.worker.wait + loop.worker.op_ticks,
			      loop.worker.end_ticks - loop.worker.start_ticks);
	}
}

Test(worker_wait, that_looks_itself_waits_for_as_many_as_it_is_told)
{
	loop.workload.iodepth_batch_complete_min = 4;
	device_use(&device_polled, RUN_CLOCK_INSTRUCTIONS, 4);
	device.one_by_one = 1;
	loop_pass(40);
	device_all_came_back();
	/* Four are started, and four end, one in each look, before others are. */
	cr_assert_eq(device.looks, 40);
	cr_assert_eq(device.rounds, 9);
	cr_assert_eq(loop.worker.empty_looks, 0);
	cr_assert_eq(loop.worker.ios, 40);
}
