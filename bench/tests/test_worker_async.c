// SPDX-License-Identifier: MIT
/* The measuring loop with several operations in flight. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/interrupted.h"
#include "tests/fixture_worker.h"

TestSuite(worker_async, .init = loop_set_up, .fini = loop_tear_down);

Test(worker_async, keeps_as_many_in_flight_as_it_is_told_and_does_each_once)
{
	loop.workload.cache = CACHE_COLD;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	loop_pass(LOOP_NBLOCKS);
	device_all_came_back();
	cr_assert_eq(device.most, DEVICE_DEPTH);
	cr_assert_eq(device.starts, LOOP_NBLOCKS);
	cr_assert_eq(loop.worker.ios, LOOP_NBLOCKS);
	cr_assert_eq(histogram_total(&loop.worker.latency), LOOP_NBLOCKS);
	loop_each_block_once(device.seen);
	cr_assert_eq(loop.worker.errors, 0);
	cr_assert_null(loop.worker.fault.what);
}

Test(worker_async, of_an_asynchronous_path_starts_no_more_than_it_is_told)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	loop_pass(0);
	cr_assert_eq(device.starts, 0);
	cr_assert_eq(device.looks, 0);
	loop_pass(3);
	device_all_came_back();
	cr_assert_eq(device.starts, 3);
	cr_assert_eq(loop.worker.ios, 3);
	/* The queue is as it was before. */
	loop_pass(1000);
	device_all_came_back();
	cr_assert_eq(loop.worker.ios, 1000);
	cr_assert_eq(histogram_total(&loop.worker.latency), 1000);
}

Test(worker_async, whose_time_is_over_waits_for_what_is_in_flight)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	/* The first look takes longer than there is time: the others come late. */
	device.nap_ns = 1000000;
	device.one_by_one = 1;
	loop_pass_of_ticks(1000);
	device_all_came_back();
	cr_assert_geq(loop.worker.ios, 1);
	cr_assert_eq(loop.worker.ios, device.starts);
	cr_assert_leq(loop.worker.ios, DEVICE_DEPTH);
}

Test(worker_async, waits_for_as_many_at_once_as_it_is_told_while_there_are_so_many)
{
	loop.workload.iodepth_batch_complete_min = 5;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	loop_pass(1003);
	/* The device refuses to wait for more than it has. */
	device_all_came_back();
	cr_assert_eq(device.largest_min, 5);
	cr_assert_eq(loop.worker.ios, 1003);
	loop_pass(3);
	device_all_came_back();
	cr_assert_eq(loop.worker.ios, 3);
}

Test(worker_async, stops_at_an_asynchronous_failure_and_takes_back_what_is_in_flight)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.fail_end_at = 42;
	loop_pass(1000);
	device_all_came_back();
	cr_assert_eq(loop.worker.first_error, -ENODEV);
	cr_assert_eq(loop.worker.errors, device.ends - 41);
	cr_assert_eq(loop.worker.ios, 41);
	cr_assert_eq(histogram_total(&loop.worker.latency), 41);
	cr_assert_eq(device.starts, device.starts_at_failure);
	/* And the next pass knows nothing of it. */
	device.fail_end_at = 0;
	loop_pass(10);
	cr_assert_eq(loop.worker.errors, 0);
	cr_assert_eq(loop.worker.ios, 10);
}

Test(worker_async, that_can_not_start_one_takes_back_the_others)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.fail_start_at = 5;
	loop_pass(1000);
	device_all_came_back();
	cr_assert_eq(device.starts, 5);
	cr_assert_eq(loop.worker.first_error, -ENODEV);
	cr_assert_eq(loop.worker.errors, 1);
	cr_assert_eq(loop.worker.ios, 4);
}

Test(worker_async, gives_up_when_the_queue_itself_is_broken)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.break_at = 7;
	loop_pass(1000);
	cr_assert_eq(device.looks, 7);
	cr_assert_eq(loop.worker.first_error, -EPIPE);
	cr_assert_eq(loop.worker.errors, 1);
	cr_assert_eq(loop.worker.ios, device.ends);
	cr_assert_gt(device.n, 0);
}

Test(worker_async, that_is_interrupted_takes_back_what_is_in_flight)
{
	static const struct path_ops *const kinds[] = {&device_sleeping, &device_polled};

	for (unsigned int k = 0; k < 2; k++) {
		device_use(kinds[k], RUN_CLOCK_INSTRUCTIONS, DEVICE_DEPTH);
		device.interrupt_at = 9;
		device.one_by_one = 1;
		device.vain = 2;
		loop_pass(1000);
		device_all_came_back();
		/* Nine had room to end and to be followed by others. */
		cr_assert_leq(device.starts, 9 + DEVICE_DEPTH);
		cr_assert_eq(loop.worker.ios, device.starts);
		cr_assert_eq(loop.worker.first_error, 0);
		interrupted_signal = 0;
	}
}

Test(worker_async, writes_from_a_buffer_of_its_own_for_each_in_flight)
{
	loop.workload.rw = RW_RANDWRITE;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	loop.worker.job.generation = 3;
	loop_pass(500);
	device_all_came_back();
	cr_assert_eq(loop.worker.writes, 500);
	cr_assert_eq((uintptr_t)loop.worker.job.buffer % (2ul << 20), 0);
	cr_assert_eq(loop.worker.job.buffer_nbytes % (2ul << 20), 0);
	for (unsigned int i = 0; i < DEVICE_DEPTH; i++)
		cr_assert_eq(loop.worker.job.ios[i].buffer,
			     (char *)loop.worker.job.buffer + i * LOOP_BS);
}

Test(worker_async, has_room_for_all_that_is_in_flight)
{
	loop.workload.bs = 1 << 20;
	loop.workload.size = 64 << 20;
	device_use(&device_sleeping, RUN_CLOCK_NS, 5);
	cr_assert_eq(loop.worker.job.buffer_nbytes, 6 << 20);
	memset(loop.worker.job.ios[4].buffer, 0xff, 1 << 20);
}

Test(worker_async, mixing_in_flight_counts_the_writes)
{
	loop.workload.rw = RW_RANDRW;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	loop_pass(10000);
	device_all_came_back();
	cr_assert(loop.worker.writes > 4500 && loop.worker.writes < 5500, "%u writes",
		  (unsigned int)loop.worker.writes);
	cr_assert_null(loop.worker.fault.what);
}

Test(worker_async, notices_a_wrong_block_in_the_buffer_that_it_came_to)
{
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.damage = true;
	loop_pass(DEVICE_DEPTH);
	cr_assert_str_eq(loop.worker.fault.what, "wrong offset");
	cr_assert_eq(device.seen[loop.worker.fault.offset / LOOP_BS] > 0, true);
}

Test(worker_async, gives_what_it_starts_to_the_device_in_batches_of_what_it_is_told)
{
	loop.workload.iodepth_batch_submit = 2;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.one_by_one = 1;
	loop_pass(40);
	device_all_came_back();
	cr_assert_eq(device.most, DEVICE_DEPTH);
	cr_assert_eq(loop.worker.ios, 40);
	/* Three times while there was room for more; then each that ends makes room for one. */
	cr_assert_eq(device.gives, 3);
	cr_assert_eq(device.looks, 40);
	cr_assert_eq(device.waits, 40);
}

Test(worker_async, ends_what_it_has_started_when_the_device_takes_no_more)
{
	loop.workload.iodepth_batch_submit = 2;
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	device.refuse_at = 2;
	loop_pass(40);
	device_all_came_back();
	cr_assert_eq(device.starts, 4);
	cr_assert_eq(loop.worker.first_error, -EPIPE);
	cr_assert_eq(loop.worker.ios, 4);
}

Test(worker_async, keeps_no_single_durations_of_what_was_in_flight_together)
{
	device_use(&device_polled, RUN_CLOCK_INSTRUCTIONS, DEVICE_DEPTH);
	loop_pass(1000);
	cr_assert_null(loop.worker.samples);
	cr_assert_eq(loop.worker.nsamples, 0);
	cr_assert_gt(loop.worker.op_ticks, 0);
}
