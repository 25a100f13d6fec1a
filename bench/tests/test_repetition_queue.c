// SPDX-License-Identifier: MIT
/* A repetition with several operations in flight: what it takes from the path, and its waiting. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/interrupted.h"
#include "tests/fixture_repetition.h"

TestSuite(repetition_queue, .init = once_set_up, .fini = once_tear_down);

/* A path with several in flight, which ends them in the order of their start. */
struct queue {
	struct path_io *io[16];
	unsigned int n, vain_left;
	uint64_t starts;
};

static struct {
	unsigned int vain;       /* looks that find nothing after each that found some */
	unsigned int unwaited;   /* looks without a minimum */
	uint64_t spun_ns, spuns; /* each wait spins so long, and how many did */
	uint64_t interrupts;
} behaviour;

static int queue_open(struct path_job *job, struct error *e)
{
	int ret = own_open(job, e);

	if (!ret)
		job->own = calloc(1, sizeof(struct queue));
	return ret;
}

static void queue_close(struct path_job *job)
{
	free(job->own);
	own_close(job);
}

static int queue_start(struct path_job *job, struct path_io *io)
{
	struct queue *q = job->own;
	int ret = own_submit(job, io->offset, io->write);

	if (ret)
		return ret;
	q->io[q->n++] = io;
	q->starts++;
	return 0;
}

static int queue_reap(struct path_job *job, unsigned int min)
{
	struct queue *q = job->own;
	unsigned int ended = q->n;

	behaviour.unwaited += min == 0;
	if (behaviour.spun_ns) {
		nanosleep(&(struct timespec){.tv_nsec = (long)behaviour.spun_ns}, NULL);
		job->spun += behaviour.spun_ns;
		behaviour.spuns++;
	}
	if (!min && q->vain_left) {
		q->vain_left--;
		return 0;
	}
	q->vain_left = behaviour.vain;
	for (unsigned int i = 0; i < ended; i++)
		job->done(job, q->io[i], 0);
	q->n = 0;
	return (int)ended;
}

static void queue_count(const struct path_job *job, struct path_counters *counters)
{
	const struct queue *q = job->own;

	counters->doorbells = q->starts;
	counters->sleeps = 2 * q->starts;
	counters->interrupts = behaviour.interrupts++ ? q->starts : 0;
}

#define QUEUE(name_, traits_)                                                                      \
	{                                                                                          \
		.name = name_, .traits = PATH_NOTHING | (traits_), .open = queue_open,             \
		.start = queue_start, .reap = queue_reap, .count = queue_count,                    \
		.close = queue_close,                                                              \
	}
static const struct path_ops sleeping = QUEUE("sleeping", PATH_SLEEPS);
static const struct path_ops polled = QUEUE("polled", PATH_POLLED);
static const struct path_ops driver = QUEUE("driver", PATH_SLEEPS | PATH_USER_DRIVER);

static void use_queue(const struct path_ops *ops, enum run_clock kind, unsigned int iodepth)
{
	clock_init(&once.clock, kind);
	once.context.ops = ops;
	once.cell.workload.iodepth = iodepth;
	once.cell.workload.iodepth_batch_submit = 0;
	once.cell.workload.number_ios = 100;
}

Test(repetition_queue, takes_what_the_path_counted_during_the_pass_alone)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 4);
	once.cell.workload.numjobs = 2;
	once_timed();
	/* More were started, before the clock was. */
	cr_assert_gt(asked.ncalls, 200);
	cr_assert_eq(once.result.pass[0].ios, 200);
	cr_assert_eq(once.result.pass[0].doorbells, 200);
	cr_assert_eq(once.result.pass[0].sleeps, 400);
	cr_assert_eq(histogram_total(once.result.pass[0].latency), 200);
}

Test(repetition_queue, of_a_polled_path_charges_the_cpu_with_no_waiting)
{
	const struct pass_result *pass = &once.result.pass[0];

	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	behaviour.vain = 3;
	once_timed();
	/* Rounds of four; the first look of each gave them to the device. */
	cr_assert_eq(pass->empty_looks, 100 / 4 * 2);
	cr_assert_gt(pass->wait, 0);
	cr_assert(pass->machine_known);
	cr_assert_gt(pass->op_total, 0);
	cr_assert_eq(pass->machine, pass->op_total);
	cr_assert_eq(pass->thread, pass->op_total);
	cr_assert_leq(pass->wait + pass->op_total, pass->duration);
	/* Of several in flight none has a cost of its own. */
	cr_assert_eq(pass->op_median, 0);
}

Test(repetition_queue, of_a_polled_path_with_one_in_flight_has_an_exact_median)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 1);
	once_timed();
	cr_assert_gt(once.result.pass[0].op_median, 0);
	cr_assert_geq(once.result.pass[0].machine, once.result.pass[0].op_total);
}

Test(repetition_queue, of_a_polled_path_adds_up_what_its_jobs_waited)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	once.cell.workload.numjobs = 3;
	behaviour.vain = 2;
	once_timed();
	cr_assert_eq(once.result.pass[0].empty_looks, 3 * 100 / 4);
	/* Their waits overlap: together they may be longer than the pass. */
	cr_assert_eq(once.result.pass[0].machine, once.result.pass[0].op_total);
}

Test(repetition_queue, takes_what_the_path_spun_out_of_the_cpu_time)
{
	use_queue(&sleeping, RUN_CLOCK_INSTRUCTIONS, 1);
	/* The test knows nanoseconds, and the ticks of this clock are their own unit. */
	once.clock.tsc = false;
	once.cell.workload.number_ios = 20;
	behaviour.spun_ns = 1000000;
	once_timed();
	cr_assert_gt(behaviour.spuns, 20);
	cr_assert_eq(once.result.pass[0].wait, 20 * behaviour.spun_ns);
	/* It only pretends to spin, and uses far less of the CPU than it says. */
	cr_assert_eq(once.result.pass[0].thread, 0);
	cr_assert_leq(once.result.pass[0].op_total + once.result.pass[0].wait,
		      once.result.pass[0].duration);
	if (once.result.pass[0].machine_known)
		cr_assert_leq(once.result.pass[0].machine + once.result.pass[0].wait,
			      once.result.pass[0].duration);
}

Test(repetition_queue, on_the_nanosecond_clock_leaves_the_thread_its_cpu_time)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 1);
	once.cell.workload.number_ios = 20;
	behaviour.spun_ns = 1000000;
	once_timed();
	cr_assert_gt(once.result.pass[0].wait, 0);
	cr_assert_gt(once.result.pass[0].thread, 0);
	cr_assert_not(once.result.pass[0].machine_known);
}

Test(repetition_queue, asks_the_path_for_the_interrupts_of_a_model_alone)
{
	use_queue(&driver, RUN_CLOCK_NS, 1);
	once_timed();
	cr_assert_not(once.result.pass[0].interrupts_known);
	behaviour.interrupts = 0;
	once.target.kind = TARGET_USERDRV;
	once_timed();
	cr_assert(once.result.pass[0].interrupts_known);
	cr_assert_gt(once.result.pass[0].interrupts, 0);
	/* Of a real one only the kernel can tell, and of this one it can't. */
	snprintf(once.target.device.pci, sizeof(once.target.device.pci), "none");
	once.target.device.known = true;
	once_timed();
	cr_assert_not(once.result.pass[0].interrupts_known);
	once.target.kind = TARGET_NULL;
}

Test(repetition_queue, with_several_in_flight_whose_start_fails_says_so)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 8);
	own.fail_at = 120;
	once_fails(-EIO);
	cr_assert_eq(asked.ncalls, 120);
	cr_assert_not_null(strstr(once.error.text, "sleeping on null:"), "%s", once.error.text);
	cr_assert_eq(once.result.npasses, 0);
	cr_assert_eq(asked.nclosed, asked.nopened);
}

Test(repetition_queue, interrupted_with_several_in_flight_is_none)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 8);
	own.interrupt_at = 100;
	once_fails(-EINTR);
	cr_assert_eq(asked.ncalls, 100);
	cr_assert_eq(once.result.npasses, 0);
	cr_assert_eq(asked.nclosed, 1);
}

Test(repetition_queue, with_several_in_flight_and_a_cold_cache_repeats_no_block)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 8);
	once.cell.workload.cache = CACHE_COLD;
	once.cell.workload.number_ios = 10 * ONCE_NBLOCKS;
	once_timed();
	cr_assert_eq(asked.ncalls, ONCE_NBLOCKS);
	once_each_block_once();
}

Test(repetition_queue, witnesses_a_polled_path_waiting_in_its_own_way)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	once.cell.workload.number_ios = ONCE_NBLOCKS;
	once_witnessed();
	cr_assert_eq(behaviour.unwaited, 0);
	cr_assert_eq(asked.ncalls, ONCE_NBLOCKS);
	once_each_block_once();
}
