// SPDX-License-Identifier: MIT
/* The three paths of our driver on the controller model, with a small loop in the worker's place.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/interrupted.h"
#include "core/pattern.h"
#include "core/target_userdrv.h"
#include "paths/path.h"
#include "userdrv/soft/ud_soft.h"

#define MIB       (1ull << 20)
#define HUGE_PAGE (2 * MIB)
#define MAX_DEPTH 128u
#define SIZE      (4 * MIB)

extern const struct path_ops path_userdrv_poll, path_userdrv_irq, path_userdrv_hybrid;
static const struct path_ops *const paths[] = {&path_userdrv_poll, &path_userdrv_irq,
					       &path_userdrv_hybrid};
#define NPATHS 3

static struct target target;
static struct workload workload;
static struct path_job job;
static struct path_io ios[MAX_DEPTH];
static struct clock ns_clock;
static struct error error;
/* Of what has ended: */
static struct path_io *idle[MAX_DEPTH];
static unsigned int nidle, nfailed, nwrong;
static int last_error;

static void done(struct path_job *j, struct path_io *io, int result)
{
	struct pattern_fault fault;

	cr_assert_eq(j, &job);
	cr_assert_lt(nidle, workload.iodepth, "an operation ended twice");
	idle[nidle++] = io;
	if (result) {
		nfailed++;
		last_error = result;
	} else if (!io->write) {
		nwrong += pattern_check(io->buffer, workload.bs, io->offset, target.generation,
					&fault) != 0;
	}
}

static void prepare(const char *text, uint64_t bs, unsigned int depth)
{
	clock_init(&ns_clock, RUN_CLOCK_NS);
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, SIZE, true, &error), 0, "%s", error.text);
	workload_defaults(&workload);
	workload.bs = bs;
	workload.size = SIZE;
	workload.iodepth = depth;
}

static int open_job(const struct path_ops *ops)
{
	size_t nbytes = (workload.bs * workload.iodepth + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	job = (struct path_job){.workload = &workload,
				.target = &target,
				.fd = -1,
				.ios = ios,
				.done = done,
				.patience_ns = PATH_PATIENCE_NS,
				.clock = &ns_clock};
	job.buffer = aligned_alloc(HUGE_PAGE, nbytes);
	job.buffer_nbytes = nbytes;
	cr_assert_not_null(job.buffer);
	pattern_fill(job.buffer, nbytes);
	nidle = nfailed = nwrong = 0;
	for (unsigned int i = 0; i < workload.iodepth; i++) {
		ios[i] = (struct path_io){.buffer = (char *)job.buffer + i * workload.bs};
		idle[nidle++] = &ios[i];
	}
	return ops->open(&job, &error);
}

static void close_job(const struct path_ops *ops)
{
	ops->close(&job);
	free(job.buffer);
}

static void end(void)
{
	target_close(&target);
}

static void start_one(const struct path_ops *ops, uint64_t number, bool write)
{
	struct path_io *io = idle[--nidle];

	io->offset = number * 7 % (SIZE / workload.bs) * workload.bs;
	io->write = write;
	if (write)
		pattern_stamp_block(io->buffer, workload.bs, io->offset, target.generation);
	cr_assert_eq(ops->start(&job, io), 0);
}

/* @n operations, always as many in flight as may be; gives how many ended well. */
static unsigned int run(const struct path_ops *ops, unsigned int n, bool write)
{
	unsigned int started = 0, finished = 0;
	int ret;

	while (finished < n) {
		while (nidle && started < n)
			start_one(ops, started++, write);
		ret = ops->reap(&job, 1);
		cr_assert_gt(ret, 0, "reap: %d", ret);
		finished += (unsigned int)ret;
		cr_assert_eq(started - finished, workload.iodepth - nidle);
	}
	return finished - nfailed;
}

static struct path_counters counted(const struct path_ops *ops)
{
	struct path_counters counters = {0};

	ops->count(&job, &counters);
	return counters;
}

static void reads_come_from_the_right_place(unsigned int depth)
{
	prepare("soft:latency=2us", 4096, depth);
	for (unsigned int i = 0; i < NPATHS; i++) {
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		cr_expect_eq(run(paths[i], 500, false), 500u, "%s", paths[i]->name);
		cr_expect_eq(nwrong, 0u, "%s: %u blocks are wrong", paths[i]->name, nwrong);
		close_job(paths[i]);
	}
}

Test(path_userdrv, reads_at_depth_1, .fini = end)
{
	reads_come_from_the_right_place(1);
}

Test(path_userdrv, reads_at_depth_8, .fini = end)
{
	reads_come_from_the_right_place(8);
}

Test(path_userdrv, reads_at_depth_128, .fini = end)
{
	reads_come_from_the_right_place(128);
}

Test(path_userdrv, writes_reach_their_places, .fini = end)
{
	const char *what = NULL;
	uint64_t where = 0;

	prepare("soft:bs=4k", 4096, 8);
	for (unsigned int i = 0; i < NPATHS; i++) {
		target.generation++;
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		cr_expect_eq(run(paths[i], 100, true), 100u, "%s", paths[i]->name);
		close_job(paths[i]);
		cr_expect_eq(target_verify(&target, &where, &what), 0, "%s at %lu", what, where);
		cr_expect_eq(target_count_newest(&target), 100 * 8);
	}
}

Test(path_userdrv, operations_larger_than_a_command_are_one_operation, .fini = end)
{
	/* The model's commands carry 128 KiB. */
	prepare("soft:", MIB, 4);
	for (unsigned int i = 0; i < NPATHS; i++) {
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		cr_expect_eq(run(paths[i], 40, false), 40u);
		cr_expect_eq(nwrong, 0u);
		close_job(paths[i]);
	}
}

Test(path_userdrv, a_closed_job_leaves_no_mapping_behind, .fini = end)
{
	struct ud_soft_stats before, after;

	prepare("soft:", 4096, 8);
	ud_soft_get_stats(target.userdrv->soft, &before);
	for (unsigned int i = 0; i < NPATHS; i++) {
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		run(paths[i], 8, false);
		close_job(paths[i]);
	}
	ud_soft_get_stats(target.userdrv->soft, &after);
	cr_expect_eq(after.mappings, before.mappings);
}

Test(path_userdrv, durable_writes_carry_fua, .fini = end)
{
	struct ud_soft_stats stats;

	prepare("soft:", 4096, 4);
	for (unsigned int durable = 0; durable < 2; durable++) {
		workload.durability = durable ? DURABILITY_DATA : DURABILITY_NONE;
		cr_assert_eq(open_job(&path_userdrv_poll), 0, "%s", error.text);
		run(&path_userdrv_poll, 20, true);
		close_job(&path_userdrv_poll);
		ud_soft_get_stats(target.userdrv->soft, &stats);
		cr_expect_eq(stats.fua_writes, durable ? 20u : 0u);
	}
}

Test(path_userdrv, min_0_looks_once_and_returns, .fini = end)
{
	prepare("soft:latency=1s", 4096, 1);
	for (unsigned int i = 0; i < NPATHS; i++) {
		uint64_t before;

		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		start_one(paths[i], 0, false);
		before = counted(paths[i]).doorbells;
		cr_expect_eq(paths[i]->reap(&job, 0), 0, "%s", paths[i]->name);
		cr_expect_eq(counted(paths[i]).doorbells, before + 1);
		cr_expect_eq(counted(paths[i]).sleeps, 0u);
		/* Closed with an operation outstanding: it ends, and nobody is told. */
		close_job(paths[i]);
		cr_expect_eq(nidle, 0u);
	}
}

Test(path_userdrv, reap_waits_for_as_many_as_it_is_told, .fini = end)
{
	prepare("soft:latency=100us", 4096, 8);
	for (unsigned int i = 0; i < NPATHS; i++) {
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		for (unsigned int n = 0; n < 8; n++)
			start_one(paths[i], n, false);
		cr_expect_eq(paths[i]->reap(&job, 8), 8, "%s", paths[i]->name);
		cr_expect_eq(paths[i]->reap(&job, 1), 0, "nothing is outstanding");
		close_job(paths[i]);
	}
}

Test(path_userdrv, a_batch_rings_once, .fini = end)
{
	uint64_t before;

	/* So long that none ends before all are started. */
	prepare("soft:latency=100ms", 4096, 8);
	cr_assert_eq(open_job(&path_userdrv_poll), 0, "%s", error.text);
	before = counted(&path_userdrv_poll).doorbells;
	for (unsigned int n = 0; n < 8; n++)
		start_one(&path_userdrv_poll, n, false);
	cr_expect_eq(counted(&path_userdrv_poll).doorbells, before);
	cr_expect_eq(path_userdrv_poll.reap(&job, 0), 0);
	cr_expect_eq(counted(&path_userdrv_poll).doorbells, before + 1);
	cr_expect_eq(path_userdrv_poll.reap(&job, 8), 8);
	close_job(&path_userdrv_poll);
}

Test(path_userdrv, only_interrupts_interrupt_and_only_waiting_sleeps, .fini = end)
{
	struct path_counters before, after;

	/* Longer than the hybrid's patience: each of its waits ends in a sleep. */
	prepare("soft:latency=1ms", 4096, 1);
	for (unsigned int i = 0; i < NPATHS; i++) {
		bool polled = paths[i]->traits & PATH_POLLED;

		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		before = counted(paths[i]);
		run(paths[i], 50, false);
		after = counted(paths[i]);
		cr_expect_eq(after.interrupts - before.interrupts, polled ? 0u : 50u, "%s: %lu",
			     paths[i]->name, after.interrupts - before.interrupts);
		cr_expect(polled ? after.sleeps == 0 : after.sleeps > 0, "%s: %lu sleeps",
			  paths[i]->name, after.sleeps);
		/* At depth 1 each operation rings twice: submitted, completed. */
		cr_expect_eq(after.doorbells - before.doorbells, 100u, "%s: %lu", paths[i]->name,
			     after.doorbells - before.doorbells);
		cr_expect_eq(after.resets, before.resets);
		close_job(paths[i]);
	}
}

Test(path_userdrv, hybrid_tells_how_long_it_looked_in_vain, .fini = end)
{
	prepare("soft:latency=1ms", 4096, 1);
	cr_assert_eq(open_job(&path_userdrv_hybrid), 0, "%s", error.text);
	run(&path_userdrv_hybrid, 10, false);
	cr_expect_gt(job.spun, 0u);
	close_job(&path_userdrv_hybrid);
	cr_assert_eq(open_job(&path_userdrv_irq), 0, "%s", error.text);
	run(&path_userdrv_irq, 10, false);
	cr_expect_eq(job.spun, 0u);
	close_job(&path_userdrv_irq);
}

static uint64_t interrupts_of(unsigned int threshold, uint64_t ns)
{
	struct path_counters before, after;

	workload.aggregation_threshold = threshold;
	workload.aggregation_ns = ns;
	cr_assert_eq(open_job(&path_userdrv_irq), 0, "%s", error.text);
	before = counted(&path_userdrv_irq);
	/* Eight at once, and then all of them are waited for. */
	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int n = 0; n < 8; n++)
			start_one(&path_userdrv_irq, n, false);
		cr_assert_eq(path_userdrv_irq.reap(&job, 8), 8);
	}
	after = counted(&path_userdrv_irq);
	close_job(&path_userdrv_irq);
	return after.interrupts - before.interrupts;
}

Test(path_userdrv, coalescing_saves_interrupts_and_goes_again, .fini = end)
{
	prepare("soft:latency=uniform:50us:2ms", 4096, 8);
	cr_expect_eq(interrupts_of(1, 0), 160u);
	/* One for each round, and now and then a second one on a busy machine. */
	cr_expect_leq(interrupts_of(8, 25500000), 40u);
	cr_expect_eq(interrupts_of(1, 0), 160u);
}

static void unavailable(const struct path_ops *ops, const char *reason, const char *remedy)
{
	struct unavailable why = {"", ""};

	cr_expect_eq(ops->probe(&workload, &target, &why), -EOPNOTSUPP);
	cr_expect(strstr(why.reason, reason), "%s", why.reason);
	cr_expect(strstr(why.remedy, remedy), "%s", why.remedy);
}

static void probe_target(const char *text)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	workload_defaults(&workload);
}

Test(path_userdrv, what_cannot_run_says_why)
{
	struct unavailable why = {"", ""};

	for (unsigned int i = 0; i < NPATHS; i++) {
		probe_target("file:/tmp");
		unavailable(paths[i], "file:/tmp is none", "soft:latency=10us");
		probe_target("soft:bs=4k");
		cr_expect_eq(paths[i]->probe(&workload, &target, &why), 0, "%s", why.reason);
		workload.numjobs = 16;
		cr_expect_eq(paths[i]->probe(&workload, &target, &why), 0, "%s", why.reason);
		workload.numjobs = 17;
		unavailable(paths[i], "for 16 jobs, and numjobs=17", "numjobs=16 or less");
		workload.numjobs = 1;
		workload.bs = 512;
		unavailable(paths[i], "logical blocks of 4096 bytes", "bs= a multiple of 4096");
		workload.bs = 4096;
		workload.iodepth = 1023;
		cr_expect_eq(paths[i]->probe(&workload, &target, &why), 0, "%s", why.reason);
		workload.iodepth = 1024;
		unavailable(paths[i], "takes 1023 operations of bs=4096", "iodepth=1023 or less");
		workload.bs = MIB;
		workload.iodepth = 128;
		unavailable(paths[i], "takes 127 operations of bs=1048576", "iodepth=127 or less");
		/* Room for 511, but the driver splits no more at once. */
		workload.bs = MIB / 4;
		workload.iodepth = 257;
		unavailable(paths[i], "takes 256 operations of bs=262144", "iodepth=256 or less");
	}
}

/* A controller with less than the model has here by itself. */
static void open_poor(unsigned int nqueues, unsigned int nvectors)
{
	struct ud_soft_config config;
	struct userdrv_target *u = calloc(1, sizeof(*u));

	probe_target("soft:");
	cr_assert_not_null(u);
	ud_soft_config_init(&config);
	config.nqueues = nqueues;
	config.nvectors = nvectors;
	cr_assert_eq(ud_soft_create(&config, &u->soft), 0);
	cr_assert_eq(ud_ctrlr_open(u->soft, NULL, &u->ctrlr), 0);
	u->ns = ud_ctrlr_ns(u->ctrlr, 0);
	target.userdrv = u;
}

Test(path_userdrv, jobs_are_as_many_as_the_controller_grants)
{
	struct unavailable why = {"", ""};

	open_poor(5, 2);
	workload.numjobs = 4;
	cr_expect_eq(path_userdrv_poll.probe(&workload, &target, &why), 0, "%s", why.reason);
	unavailable(&path_userdrv_irq, "queues with interrupts for 2 jobs", "numjobs=2 or less");
	workload.numjobs = 5;
	unavailable(&path_userdrv_poll, "queues for 4 jobs", "numjobs=4 or less");
	workload.numjobs = 2;
	cr_expect_eq(path_userdrv_hybrid.probe(&workload, &target, &why), 0, "%s", why.reason);
	target_close(&target);
	open_poor(2, 0);
	unavailable(&path_userdrv_irq, "for 0 jobs", "path=userdrv-poll");
	cr_expect_eq(path_userdrv_poll.probe(&workload, &target, &why), 0, "%s", why.reason);
	target_close(&target);
	/* The harness needs one for itself. */
	open_poor(1, 1);
	unavailable(&path_userdrv_poll, "for 0 jobs", "another controller");
	target_close(&target);
}

/* A controller whose limits the probe didn't know. */
Test(path_userdrv, open_refuses_what_the_probe_would_have, .fini = end)
{
	prepare("soft:bs=4k", 512, 1);
	cr_expect_eq(open_job(&path_userdrv_poll), -EINVAL);
	cr_expect(strstr(error.text, "use bs= a multiple of 4096"), "%s", error.text);
	free(job.buffer);
}

Test(path_userdrv, a_lost_device_ends_every_operation, .fini = end)
{
	for (unsigned int i = 0; i < NPATHS; i++) {
		unsigned int ended = 0;
		int ret = 0;

		prepare("soft:latency=500ms", 4096, 8);
		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		for (unsigned int n = 0; n < 8; n++)
			start_one(paths[i], n, false);
		cr_expect_eq(paths[i]->reap(&job, 0), 0);
		ud_soft_set_gone(target.userdrv->soft);
		/* The driver looks at a command that is late after a quarter of io_timeout_ms. */
		while (ret >= 0 && ended++ < 30)
			ret = paths[i]->reap(&job, 8);
		cr_expect_eq(ret, -ENODEV, "%s: %d", paths[i]->name, ret);
		cr_expect_eq(nidle, 8u);
		cr_expect_eq(nfailed, 8u);
		cr_expect_eq(last_error, -ENODEV);
		close_job(paths[i]);
		target_close(&target);
	}
}

Test(path_userdrv, a_refused_command_is_an_error_of_its_operation, .fini = end)
{
	prepare("soft:", 4096, 1);
	cr_assert_eq(open_job(&path_userdrv_poll), 0, "%s", error.text);
	cr_assert_eq(ud_soft_add_fault(target.userdrv->soft,
				       &(struct ud_soft_fault){
					       .kind = UD_SOFT_FAULT_STATUS,
					       .sqid = UD_SOFT_ANY_QUEUE,
					       .status = 0x281, /* unrecovered read error */
					       .nth = ud_soft_commands(target.userdrv->soft,
								       UD_SOFT_ANY_QUEUE),
				       }),
		     0);
	cr_expect_eq(run(&path_userdrv_poll, 3, false), 2u);
	cr_expect_eq(last_error, -EIO);
	close_job(&path_userdrv_poll);
}

Test(path_userdrv, waits_no_longer_than_it_is_told, .fini = end)
{
	prepare("soft:latency=1s", 4096, 1);
	for (unsigned int i = 0; i < NPATHS; i++) {
		uint64_t before = clock_raw_ns();

		cr_assert_eq(open_job(paths[i]), 0, "%s", error.text);
		start_one(paths[i], 0, false);
		job.patience_ns = 1000000;
		cr_expect_eq(paths[i]->reap(&job, 1), 0, "%s", paths[i]->name);
		cr_expect_geq(clock_raw_ns() - before, 1000000u);
		close_job(paths[i]);
	}
}

Test(path_userdrv, an_interrupted_run_stops_waiting, .fini = end)
{
	prepare("soft:latency=uniform:1ms:1s", 4096, 8);
	cr_assert_eq(open_job(&path_userdrv_irq), 0, "%s", error.text);
	for (unsigned int n = 0; n < 8; n++)
		start_one(&path_userdrv_irq, n, false);
	interrupted_signal = 2;
	cr_expect_lt(path_userdrv_irq.reap(&job, 8), 8);
	interrupted_signal = 0;
	close_job(&path_userdrv_irq);
}
