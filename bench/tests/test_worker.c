// SPDX-License-Identifier: MIT
/* The measuring loop, on paths that do nothing but look at what they are given. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/interrupted.h"
#include "tests/fixture_worker.h"

static struct {
	unsigned int calls, writes, wrong;
	unsigned int seen[LOOP_NBLOCKS];
	unsigned int fail_at, interrupt_at;
	int result;
	bool damage; /* reads leave a wrong block */
	uint64_t last_offset;
} looked;

static int look(struct path_job *job, uint64_t offset, bool write)
{
	struct pattern_fault fault;

	looked.calls++;
	looked.last_offset = offset;
	looked.seen[(offset - job->base) / LOOP_BS]++;
	if (write) {
		looked.writes++;
		/* What is to be written must be what a later check will look for. */
		looked.wrong +=
			pattern_check(job->buffer, LOOP_BS, offset, job->generation, &fault) != 0;
	} else {
		loop_fill(job->buffer, offset + (looked.damage ? LOOP_BS : 0));
	}
	if (looked.calls == looked.fail_at)
		return looked.result;
	if (looked.calls == looked.interrupt_at)
		interrupted_signal = SIGINT;
	return 0;
}

static const struct path_ops looking = {.name = "looking", .submit = look};
static const struct path_ops looking_map = {
	.name = "looking-map", .submit = look, .traits = PATH_MAPPING};

static void look_by(const struct path_ops *ops)
{
	loop_use(ops);
	memset(&looked, 0, sizeof(looked));
}

static void set_up(void)
{
	loop_set_up();
	look_by(&looking);
}

TestSuite(worker, .init = set_up, .fini = loop_tear_down);

Test(worker, does_as_many_operations_as_it_is_told_and_records_each)
{
	loop_pass(1000);
	cr_assert_eq(looked.calls, 1000);
	cr_assert_eq(loop.worker.ios, 1000);
	cr_assert_eq(histogram_total(&loop.worker.latency), 1000);
	cr_assert_eq(loop.worker.errors, 0);
	cr_assert_eq(loop.worker.writes, 0);
	cr_assert_geq(loop.worker.end_ticks, loop.worker.start_ticks);
}

Test(worker, told_to_do_nothing_does_nothing)
{
	loop_pass(0);
	cr_assert_eq(looked.calls, 0);
	cr_assert_eq(histogram_total(&loop.worker.latency), 0);
}

Test(worker, begins_each_pass_with_an_empty_histogram)
{
	loop_pass(100);
	loop_pass(7);
	cr_assert_eq(loop.worker.ios, 7);
	cr_assert_eq(histogram_total(&loop.worker.latency), 7);
}

Test(worker, ends_when_its_time_is_over)
{
	loop_pass_of_ticks(1000);
	cr_assert_geq(loop.worker.ios, 1);
	cr_assert_geq(loop.worker.end_ticks - loop.worker.start_ticks, 1000);
	cr_assert_eq(histogram_total(&loop.worker.latency), loop.worker.ios);
}

Test(worker, stops_at_the_first_operation_that_fails)
{
	looked.fail_at = 42;
	looked.result = -ENODEV;
	loop_pass(1000);
	cr_assert_eq(looked.calls, 42);
	cr_assert_eq(loop.worker.errors, 1);
	cr_assert_eq(loop.worker.first_error, -ENODEV);
	/* The failed one is no measurement. */
	cr_assert_eq(loop.worker.ios, 41);
	cr_assert_eq(histogram_total(&loop.worker.latency), 41);
}

Test(worker, forgets_a_failure_with_the_next_pass)
{
	looked.fail_at = 3;
	looked.result = -EIO;
	loop_pass(10);
	loop_pass(10);
	cr_assert_eq(loop.worker.errors, 0);
	cr_assert_eq(loop.worker.first_error, 0);
	cr_assert_eq(loop.worker.ios, 10);
}

Test(worker, stops_after_the_operation_that_was_interrupted)
{
	looked.interrupt_at = 5;
	loop_pass(1000);
	cr_assert_eq(looked.calls, 5);
	cr_assert_eq(loop.worker.ios, 5);
	cr_assert_eq(loop.worker.first_error, 0);
}

Test(worker, writes_blocks_that_say_where_they_belong)
{
	loop.workload.rw = RW_RANDWRITE;
	look_by(&looking);
	loop.worker.job.generation = 3;
	loop_pass(500);
	cr_assert_eq(loop.worker.writes, 500);
	cr_assert_eq(looked.writes, 500);
	cr_assert_eq(looked.wrong, 0);
}

Test(worker, mixing_does_about_half_of_each_and_the_same_ones_with_the_same_seed)
{
	unsigned int first;

	loop.workload.rw = RW_RANDRW;
	look_by(&looking);
	loop_pass(10000);
	first = looked.writes;
	cr_assert(first > 4500 && first < 5500, "%u writes of 10000", first);
	cr_assert_eq(loop.worker.writes, first);
	cr_assert_eq(looked.wrong, 0);
	look_by(&looking);
	loop_pass(10000);
	cr_assert_eq(looked.writes, first);
}

Test(worker, told_so_visits_some_blocks_more_than_others_and_the_witness_each_once)
{
	unsigned int most = 0;

	loop.workload.zipf_thousandths = 2000;
	look_by(&looking);
	loop_pass(10000);
	for (unsigned int i = 0; i < LOOP_NBLOCKS; i++)
		most = looked.seen[i] > most ? looked.seen[i] : most;
	/* 1 / (the sum of k^-2 to 64) = 0.614; evenly it would be 156. */
	cr_assert(most > 5800 && most < 6500, "%u of 10000", most);
	memset(&looked, 0, sizeof(looked));
	cr_assert_eq(worker_visit_once(&loop.worker, 1), 0);
	loop_pass(LOOP_NBLOCKS);
	loop_each_block_once(looked.seen);
}

Test(worker, told_a_cold_cache_visits_each_block_once)
{
	loop.workload.cache = CACHE_COLD;
	look_by(&looking);
	loop_pass(LOOP_NBLOCKS);
	loop_each_block_once(looked.seen);
}

Test(worker, on_a_mapping_visits_each_block_once)
{
	look_by(&looking_map);
	loop_pass(LOOP_NBLOCKS);
	loop_each_block_once(looked.seen);
}

Test(worker, of_the_second_job_works_behind_the_first)
{
	struct worker second;

	cr_assert_eq(worker_init(&second, &looking, &loop.clock, &loop.workload, &loop.target, 1,
				 loop.workload.bs, 1),
		     0);
	second.job.generation = 1;
	cr_assert_eq(second.job.base, loop.workload.size);
	worker_pass(&second, &(struct pass_limits){.ios = 200, .ticks = UINT64_MAX});
	cr_assert_geq(looked.last_offset, loop.workload.size);
	cr_assert_lt(looked.last_offset, 2 * loop.workload.size);
	worker_free(&second);
}

Test(worker, finds_what_it_read_right)
{
	loop_pass(1000);
	cr_assert_null(loop.worker.fault.what);
}

Test(worker, notices_that_it_read_the_wrong_block_and_where)
{
	looked.damage = true;
	loop_pass(1);
	cr_assert_str_eq(loop.worker.fault.what, "wrong offset");
	cr_assert_eq(loop.worker.fault.offset, looked.last_offset);
}

Test(worker, remembers_the_first_wrong_block_of_all_its_passes)
{
	uint64_t first;

	looked.damage = true;
	loop_pass(1);
	first = loop.worker.fault.offset;
	looked.damage = false;
	loop_pass(1000);
	cr_assert_str_eq(loop.worker.fault.what, "wrong offset");
	cr_assert_eq(loop.worker.fault.offset, first);
}

Test(worker, expects_nothing_of_a_file_that_is_not_ours)
{
	loop.target.foreign = true;
	looked.damage = true;
	loop_pass(1000);
	cr_assert_null(loop.worker.fault.what);
}

Test(worker, has_a_buffer_for_huge_pages_that_was_touched_beforehand)
{
	unsigned char resident;

	cr_assert_eq((uintptr_t)loop.worker.job.buffer % (2ul << 20), 0);
	cr_assert_eq(mincore(loop.worker.job.buffer, 1, &resident), 0);
	cr_assert_eq(resident & 1, 1);
}

Test(worker, keeps_single_durations_on_the_instruction_clock_only)
{
	loop_pass(100);
	cr_assert_null(loop.worker.samples);
	clock_init(&loop.clock, RUN_CLOCK_INSTRUCTIONS);
	look_by(&looking);
	loop_pass(100);
	cr_assert_eq(loop.worker.nsamples, 100);
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_neq(loop.worker.samples[i], UINT32_MAX);
}

Test(worker, keeps_no_more_single_durations_than_it_has_room_for)
{
	clock_init(&loop.clock, RUN_CLOCK_INSTRUCTIONS);
	look_by(&looking);
	loop_pass(WORKER_SAMPLES + 100);
	cr_assert_eq(loop.worker.ios, WORKER_SAMPLES + 100);
	cr_assert_eq(loop.worker.nsamples, WORKER_SAMPLES);
}
