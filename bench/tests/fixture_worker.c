// SPDX-License-Identifier: MIT
#include "tests/fixture_worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/interrupted.h"

struct worker_fixture loop;
struct worker_device device;

void loop_set_up(void)
{
	clock_init(&loop.clock, RUN_CLOCK_NS);
	workload_defaults(&loop.workload);
	loop.workload.iodepth_batch_submit = 0;
	loop.workload.bs = LOOP_BS;
	loop.workload.size = (uint64_t)LOOP_BS * LOOP_NBLOCKS;
	loop.target.kind = TARGET_FILE;
	loop.target.fd = -1;
	loop.target.generation = 1;
}

void loop_tear_down(void)
{
	interrupted_signal = 0;
	worker_free(&loop.worker);
}

void loop_use(const struct path_ops *ops)
{
	worker_free(&loop.worker);
	cr_assert_eq(worker_init(&loop.worker, ops, &loop.clock, &loop.workload, &loop.target, 0,
				 loop.workload.bs, 1),
		     0);
	loop.worker.job.generation = 1;
}

void loop_pass(uint64_t ios)
{
	worker_pass(&loop.worker, &(struct pass_limits){.ios = ios, .ticks = UINT64_MAX});
}

void loop_pass_of_ticks(uint64_t ticks)
{
	worker_pass(&loop.worker, &(struct pass_limits){.ios = UINT64_MAX, .ticks = ticks});
}

void loop_fill(void *buffer, uint64_t offset)
{
	pattern_fill(buffer, LOOP_BS);
	pattern_stamp_block(buffer, LOOP_BS, offset, 1);
}

void loop_each_block_once(const unsigned int *seen)
{
	for (unsigned int i = 0; i < LOOP_NBLOCKS; i++)
		cr_assert_eq(seen[i], 1, "block %u: %u times", i, seen[i]);
}

int device_start(struct path_job *job, struct path_io *io)
{
	struct pattern_fault fault;

	if (++device.starts == device.fail_start_at)
		return -ENODEV;
	device.rounds += device.ends != device.ends_at_start;
	device.ends_at_start = device.ends;
	/* Whatever is in flight owns its buffer. */
	for (unsigned int i = 0; i < device.n; i++)
		device.wrong += device.queue[i] == io || device.queue[i]->buffer == io->buffer;
	if (device.n == job->workload->iodepth) {
		device.wrong++;
		return -EBUSY;
	}
	device.queue[device.n++] = io;
	device.most = device.n > device.most ? device.n : device.most;
	device.seen[(io->offset - job->base) / LOOP_BS]++;
	if (io->write)
		device.wrong += pattern_check(io->buffer, LOOP_BS, io->offset, job->generation,
					      &fault) != 0;
	return 0;
}

static int device_give(struct path_job *job)
{
	(void)job;
	return ++device.gives == device.refuse_at ? -EPIPE : 0;
}

static void device_end_one(struct path_job *job)
{
	unsigned int i = (unsigned int)random_below(&device.random, device.n);
	struct path_io *io = device.queue[i];
	int error = 0;

	device.queue[i] = device.queue[--device.n];
	device.ends++;
	if (!io->write)
		loop_fill(io->buffer, io->offset + (device.damage ? LOOP_BS : 0));
	/* From the one on, each that ends has failed, and in another way. */
	if (device.fail_end_at && device.ends >= device.fail_end_at) {
		error = device.ends == device.fail_end_at ? -ENODEV : -EIO;
		if (error == -ENODEV)
			device.starts_at_failure = device.starts;
	}
	if (device.ends == device.interrupt_at)
		interrupted_signal = SIGINT;
	job->done(job, io, error);
}

int device_reap(struct path_job *job, unsigned int min)
{
	uint64_t start = clock_ticks(job->clock);
	unsigned int n;

	device.largest_min = min > device.largest_min ? min : device.largest_min;
	device.waits += min > 0;
	if (++device.looks == device.break_at)
		return -EPIPE;
	if (device.nap_ns)
		nanosleep(&(struct timespec){.tv_nsec = (long)device.nap_ns}, NULL);
	if (device.spins)
		job->spun += clock_ticks(job->clock) - start;
	if (min > device.n) {
		device.wrong++;
		return -EINVAL;
	}
	if (!min && device.vain_left) {
		device.vain_left--;
		return 0;
	}
	device.vain_left = device.vain;
	n = min + (unsigned int)random_below(&device.random, device.n - min + 1);
	n = device.one_by_one || n == 0 ? 1 : n;
	for (unsigned int i = 0; i < n; i++)
		device_end_one(job);
	return (int)n;
}

const struct path_ops device_sleeping = {.name = "sleeping",
					 .start = device_start,
					 .give = device_give,
					 .reap = device_reap,
					 .traits = PATH_SLEEPS};
const struct path_ops device_polled = {.name = "polled",
				       .start = device_start,
				       .give = device_give,
				       .reap = device_reap,
				       .traits = PATH_POLLED};

void device_use(const struct path_ops *ops, enum run_clock kind, unsigned int iodepth)
{
	clock_init(&loop.clock, kind);
	loop.workload.iodepth = iodepth;
	loop_use(ops);
	memset(&device, 0, sizeof(device));
	device.random.s = 1;
}

void device_all_came_back(void)
{
	cr_assert_eq(device.n, 0, "%u in flight", device.n);
	cr_assert_eq(device.wrong, 0);
	cr_assert_eq(loop.worker.nfree, loop.workload.iodepth);
}
