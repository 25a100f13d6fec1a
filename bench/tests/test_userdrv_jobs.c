// SPDX-License-Identifier: MIT
/* Several jobs on one controller of our driver, each with a queue pair of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/repetition.h"
#include "core/target_userdrv.h"
#include "userdrv/soft/ud_soft.h"

#define NJOBS   4u
#define BS      4096u
#define NBLOCKS 256u
#define NIOS    (NJOBS * NBLOCKS)

extern const struct path_ops path_userdrv_poll, path_userdrv_irq, path_userdrv_hybrid;
static const struct path_ops *const paths[] = {&path_userdrv_poll, &path_userdrv_irq,
					       &path_userdrv_hybrid};
#define NPATHS 3

static struct clock clock_;
static struct cell cell;
static struct target target;
static struct repetition result;
static struct repetition_context context;
static struct error error;

static void open_soft(const char *text)
{
	clock_init(&clock_, RUN_CLOCK_NS);
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, (uint64_t)NIOS * BS, true, &error), 0, "%s", error.text);
	workload_defaults(&cell.workload);
	cell.workload.bs = BS;
	cell.workload.size = (uint64_t)BS * NBLOCKS;
	cell.workload.numjobs = NJOBS;
	cell.workload.number_ios = NBLOCKS;
	context = (struct repetition_context){
		.clock = &clock_, .cell = &cell, .target = &target, .stride = BS, .seed = 1};
}

static void forget(void)
{
	free(result.pass[0].latency);
	memset(&result, 0, sizeof(result));
	cell_release(&cell);
	cell.evidence = NULL;
	cell.nevidence = 0;
	cell.status = CELL_PLANNED;
}

static void end(void)
{
	forget();
	target_close(&target);
}

static void all_held(void)
{
	cr_expect_gt(cell.nevidence, 0u);
	for (size_t i = 0; i < cell.nevidence; i++)
		cr_expect_neq(cell.evidence[i].verdict, VERDICT_REFUTED, "%s: %s: %s",
			      context.ops->name, cell.evidence[i].claim, cell.evidence[i].observed);
}

static void each_ends_once(enum rw rw, unsigned int iodepth)
{
	open_soft("soft:latency=10us");
	cell.workload.rw = rw;
	cell.workload.iodepth = iodepth;
	for (unsigned int i = 0; i < NPATHS; i++) {
		struct ud_soft_stats before, after;

		context.ops = paths[i];
		ud_soft_get_stats(target.userdrv->soft, &before);
		cr_assert_eq(repetition_timed(&context, &result, &error), 0, "%s", error.text);
		ud_soft_get_stats(target.userdrv->soft, &after);
		cr_expect_eq(result.pass[0].ios, NIOS);
		cr_expect_eq(histogram_total(result.pass[0].latency), NIOS);
		cr_expect_eq(result.pass[0].errors, 0u);
		/* Before the clock started each job had done an eighth of its blocks. */
		cr_expect_eq(after.io_commands - before.io_commands, NIOS + NIOS / 8);
		cr_expect_eq(after.outstanding, 0u);
		cr_expect_eq(after.dma_faults, 0u);
		all_held();
		forget();
	}
}

Test(userdrv_jobs, read_each_block_once, .fini = end)
{
	each_ends_once(RW_READ, 1);
}

Test(userdrv_jobs, read_many_at_once, .fini = end)
{
	each_ends_once(RW_RANDREAD, 8);
}

Test(userdrv_jobs, write_all_of_their_own_regions, .fini = end)
{
	const char *what = NULL;
	uint64_t where = 0;

	each_ends_once(RW_WRITE, 8);
	cr_expect_eq(target_verify(&target, &where, &what), 0, "%s at %lu", what, where);
	cr_expect_eq(target_count_newest(&target), NIOS * BS / 512);
}

Test(userdrv_jobs, that_sleep_have_an_interrupt_each_for_each, .fini = end)
{
	/* So long that the thread is asleep by then; one queue's interrupts are one queue's. */
	open_soft("soft:latency=1ms");
	cell.workload.number_ios = 64;
	context.ops = &path_userdrv_irq;
	cr_assert_eq(repetition_timed(&context, &result, &error), 0, "%s", error.text);
	cr_expect_eq(result.pass[0].interrupts, NJOBS * 64u, "%lu", result.pass[0].interrupts);
	/* Rung for the command and for its completion, by each. */
	cr_expect_eq(result.pass[0].doorbells, 2 * NJOBS * 64u, "%lu", result.pass[0].doorbells);
	all_held();
}

Test(userdrv_jobs, the_witness_is_one_of_them_and_finds_every_byte, .fini = end)
{
	open_soft("soft:latency=10us");
	cell.workload.rw = RW_RANDWRITE;
	for (unsigned int i = 0; i < NPATHS; i++) {
		context.ops = paths[i];
		cr_assert_eq(repetition_witness(&context, &error), 0, "%s", error.text);
		all_held();
		forget();
	}
}

Test(userdrv_jobs, all_end_when_the_controller_fails, .fini = end, .timeout = 120)
{
	for (unsigned int i = 0; i < NPATHS; i++) {
		open_soft("soft:latency=100us");
		context.ops = paths[i];
		cr_assert_eq(ud_soft_add_fault(target.userdrv->soft,
					       &(struct ud_soft_fault){
						       .kind = UD_SOFT_FAULT_FATAL,
						       .sqid = UD_SOFT_ANY_QUEUE,
						       .nth = ud_soft_commands(target.userdrv->soft,
									       UD_SOFT_ANY_QUEUE) +
							      500,
					       }),
			     0);
		/* It needs a reset, which only the thread that waits for the jobs can do. */
		cr_expect_lt(repetition_timed(&context, &result, &error), 0);
		cr_expect(strstr(error.text, "an operation failed"), "%s", error.text);
		cr_expect_eq(ud_ctrlr_nresets(target.userdrv->ctrlr), 1u);
		forget();
		target_close(&target);
	}
}

Test(userdrv_jobs, more_than_the_controller_has_queues_for_are_refused, .fini = end)
{
	open_soft("soft:");
	cell.workload.numjobs = 17;
	cell.workload.size = BS;
	context.ops = &path_userdrv_poll;
	cr_expect_eq(repetition_timed(&context, &result, &error), -EINVAL);
	cr_expect(strstr(error.text, "queues for 16 jobs"), "%s", error.text);
	cell.workload.numjobs = 16;
	cr_expect_eq(repetition_timed(&context, &result, &error), 0, "%s", error.text);
}
