// SPDX-License-Identifier: MIT
/* Several jobs on one controller of our driver, each with a queue pair of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/target_userdrv.h"
#include "tests/fixture_repetition.h"
#include "userdrv/soft/ud_soft.h"

#define NJOBS 4u
#define NIOS  (NJOBS * ONCE_NBLOCKS)

extern const struct path_ops path_userdrv_poll, path_userdrv_irq, path_userdrv_hybrid;
static const struct path_ops *const paths[] = {&path_userdrv_poll, &path_userdrv_irq,
					       &path_userdrv_hybrid};
#define NPATHS 3

TestSuite(userdrv_jobs, .init = once_set_up, .fini = once_tear_down);

static void open_soft(const char *text)
{
	once_use_target(text, (uint64_t)NIOS * ONCE_BS);
	once.cell.workload.numjobs = NJOBS;
	once.cell.workload.number_ios = ONCE_NBLOCKS;
}

static void all_held(void)
{
	cr_expect_gt(once.cell.nevidence, 0u);
	for (size_t i = 0; i < once.cell.nevidence; i++)
		cr_expect_neq(once.cell.evidence[i].verdict, VERDICT_REFUTED, "%s: %s: %s",
			      once.context.ops->name, once.cell.evidence[i].claim,
			      once.cell.evidence[i].observed);
}

static void each_ends_once(enum rw rw, unsigned int iodepth)
{
	open_soft("soft:latency=10us");
	once.cell.workload.rw = rw;
	once.cell.workload.iodepth = iodepth;
	for (unsigned int i = 0; i < NPATHS; i++) {
		struct ud_soft_stats before, after;

		once.context.ops = paths[i];
		ud_soft_get_stats(once.target.userdrv->soft, &before);
		once_timed();
		ud_soft_get_stats(once.target.userdrv->soft, &after);
		cr_expect_eq(once.result.pass[0].ios, NIOS);
		cr_expect_eq(histogram_total(once.result.pass[0].latency), NIOS);
		cr_expect_eq(once.result.pass[0].errors, 0u);
		/* Before the clock started each job had done an eighth of its blocks. */
		cr_expect_eq(after.io_commands - before.io_commands, NIOS + NIOS / 8);
		cr_expect_eq(after.outstanding, 0u);
		cr_expect_eq(after.dma_faults, 0u);
		all_held();
		once_forget_cell();
	}
}

Test(userdrv_jobs, read_each_block_once)
{
	each_ends_once(RW_READ, 1);
}

Test(userdrv_jobs, read_many_at_once)
{
	each_ends_once(RW_RANDREAD, 8);
}

Test(userdrv_jobs, write_all_of_their_own_regions)
{
	const char *what = NULL;
	uint64_t where = 0;

	each_ends_once(RW_WRITE, 8);
	cr_expect_eq(target_verify(&once.target, &where, &what), 0, "%s at %lu", what, where);
	cr_expect_eq(target_count_newest(&once.target), NIOS * ONCE_BS / 512);
}

Test(userdrv_jobs, that_sleep_have_an_interrupt_each_for_each)
{
	/* So long that the thread is asleep by then; one queue's interrupts are one queue's. */
	open_soft("soft:latency=1ms");
	once.cell.workload.number_ios = 64;
	once.context.ops = &path_userdrv_irq;
	once_timed();
	cr_expect_eq(once.result.pass[0].interrupts, NJOBS * 64u, "%lu",
		     once.result.pass[0].interrupts);
	/* Rung for the command and for its completion, by each. */
	cr_expect_eq(once.result.pass[0].doorbells, 2 * NJOBS * 64u, "%lu",
		     once.result.pass[0].doorbells);
	all_held();
}

Test(userdrv_jobs, the_witness_is_one_of_them_and_finds_every_byte)
{
	open_soft("soft:latency=10us");
	once.cell.workload.rw = RW_RANDWRITE;
	for (unsigned int i = 0; i < NPATHS; i++) {
		once.context.ops = paths[i];
		once_witnessed();
		all_held();
		once_forget_cell();
	}
}

Test(userdrv_jobs, all_end_when_the_controller_fails, .timeout = 120)
{
	for (unsigned int i = 0; i < NPATHS; i++) {
		open_soft("soft:latency=100us");
		once.context.ops = paths[i];
		cr_assert_eq(
			ud_soft_add_fault(once.target.userdrv->soft,
					  &(struct ud_soft_fault){
						  .kind = UD_SOFT_FAULT_FATAL,
						  .sqid = UD_SOFT_ANY_QUEUE,
						  .nth = ud_soft_commands(once.target.userdrv->soft,
									  UD_SOFT_ANY_QUEUE) +
							 500,
					  }),
			0);
		/* It needs a reset, which only the thread that waits for the jobs can do. */
		cr_expect_lt(repetition_timed(&once.context, &once.result, &once.error), 0);
		cr_expect(strstr(once.error.text, "an operation failed"), "%s", once.error.text);
		cr_expect_eq(ud_ctrlr_nresets(once.target.userdrv->ctrlr), 1u);
		once_forget_cell();
		target_close(&once.target);
	}
}

Test(userdrv_jobs, more_than_the_controller_has_queues_for_are_refused)
{
	open_soft("soft:");
	once.cell.workload.numjobs = 17;
	once.cell.workload.size = ONCE_BS;
	once.context.ops = &path_userdrv_poll;
	once_fails(-EINVAL);
	cr_expect(strstr(once.error.text, "queues for 16 jobs"), "%s", once.error.text);
	once.cell.workload.numjobs = 16;
	once_timed();
}
