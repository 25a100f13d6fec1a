// SPDX-License-Identifier: MIT
/* runner_plan: which cells stand in one table, and what they are called there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/runner.h"
#include "core/suite.h"

static struct run *planned(const char *rows, const char *sections)
{
	struct suite *suite = NULL;
	struct error e = {""};
	struct run *run = run_new();
	char text[1024];

	snprintf(text, sizeof(text), "[suite]\nquestion=?\n%s%s", rows, sections);
	cr_assert_eq(suite_parse(&suite, "test", text, &e), 0, "%s", e.text);
	cr_assert_eq(runner_plan(run, suite, &e), 0, "%s", e.text);
	suite_free(suite);
	return run;
}

static void cell_is(const struct run *run, size_t i, const char *group, const char *row)
{
	cr_assert_lt(i, run->ncells);
	cr_assert_str_eq(run->cells[i].group, group);
	cr_assert_str_eq(run->cells[i].row, row, "cell %zu: '%s', expected '%s'", i,
			 run->cells[i].row, row);
}

Test(runner_plan, names_a_depth_above_one_in_the_group)
{
	struct run *run = planned("", "[d]\ntarget=file:/tmp\npath=uring\neach.iodepth=1,32\n");

	cell_is(run, 0, "d: 4k randread, hot, durability none, file:/tmp", "");
	cell_is(run, 1, "d: 4k randread, QD32, hot, durability none, file:/tmp", "");
	cr_assert_not_null(strstr(run->cells[1].id, "randread 4k QD32 hot"));
	run_free(run);
	run = planned("", "[d]\ntarget=file:/tmp\npath=uring\niodepth=32\n"
			  "iodepth_batch_complete_min=8\n");
	cell_is(run, 0, "d: 4k randread, QD32, batches of 8, hot, durability none, file:/tmp", "");
	run_free(run);
}

Test(runner_plan, names_the_depth_in_however_long_a_group)
{
	struct run *run =
		planned("", "[a section whose name is as long as inih allows..]\n"
			    "target=file:/tmp/a/folder/whose/name/is/so/long/that/it/is/cut"
			    "\npath=uring\niodepth=4096\n"
			    "iodepth_batch_complete_min=4096\nnumjobs=256\nbs=512\n");

	cr_assert_not_null(strstr(run->cells[0].group, "512 randread, QD4096, batches of 4096, "));
	run_free(run);
}

Test(runner_plan, gives_each_option_of_the_queue_an_id_of_its_own)
{
	struct run *run =
		planned("", "[d]\ntarget=file:/tmp\npath=uring\niodepth=8\n"
			    "each.iodepth_batch_complete_min=1,2\n[a]\ntarget=soft:size=64m\n"
			    "path=userdrv-irq\neach.aggregation_threshold=1,2\neach.aggregation_"
			    "time=0,100us\n");

	for (size_t i = 0; i < run->ncells; i++) {
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(run->cells[i].id, run->cells[j].id);
	}
	run_free(run);
}

/* Results are compared by id: that of a cell that was there before must not change. */
Test(runner_plan, keeps_the_ids_of_stored_results)
{
	struct run *run = planned("", "[read]\npath=dax\ntarget=testbed:pmem/xfs\nsize=8m\n"
				      "number_ios=1000\n");

	cr_assert_str_eq(run->cells[0].id,
			 "read/dax@testbed:pmem-dax/xfs randread 4k hot none 2d14de52");
	run_free(run);
}

Test(runner_plan, tells_rows_apart_by_the_options_that_the_suite_names)
{
	struct run *run = planned("rows=iodepth,bs\n", "[d]\ntarget=file:/tmp\niodepth=1\n"
						       "each.path=direct,uring\neach.bs=4k,64k\n"
						       "[q]\ntarget=file:/tmp\npath=uring\n"
						       "each.iodepth=1,8\n");

	cell_is(run, 0, "d: randread, hot, durability none, file:/tmp", "4k");
	cell_is(run, 1, "d: randread, hot, durability none, file:/tmp", "64k");
	cell_is(run, 2, "d: randread, hot, durability none, file:/tmp", "QD1/4k");
	cell_is(run, 3, "d: randread, hot, durability none, file:/tmp", "QD1/64k");
	cell_is(run, 4, "q: randread, hot, durability none, file:/tmp", "QD1/4k");
	cell_is(run, 5, "q: randread, hot, durability none, file:/tmp", "QD8/4k");
	run_free(run);
}

Test(runner_plan, says_nothing_of_rows_that_a_section_does_not_sweep)
{
	struct run *run = planned("rows=aggregation_threshold,aggregation_time\n",
				  "[global]\ntarget=soft:size=64m\nsize=1m\n"
				  "[plain]\neach.path=userdrv-poll,userdrv-irq\n"
				  "[swept]\neach.path=userdrv-irq\naggregation_time=100us\n"
				  "each.aggregation_threshold=1,8\n[beside]\npath=userdrv-poll\n");

	cr_assert_str_eq(run->cells[0].row, "");
	cr_assert_str_eq(run->cells[1].row, "");
	cr_assert_str_eq(run->cells[2].row, "1/100us");
	cr_assert_str_eq(run->cells[3].row, "8/100us");
	cr_assert_str_eq(run->cells[2].group, run->cells[3].group);
	cr_assert_str_eq(run->cells[4].row, "");
	run_free(run);
}

Test(runner_plan, compares_both_drivers_of_a_disk)
{
	static const char *const disks[] = {"nvme:S64GN1", "testbed:disk"};
	char text[128], expected[64];

	for (size_t i = 0; i < 2; i++) {
		struct run *run;

		snprintf(text, sizeof(text), "[d]\ntarget=%s\neach.path=uring,userdrv-poll\n",
			 disks[i]);
		run = planned("", text);
		snprintf(expected, sizeof(expected), "%s/vfio", disks[i]);
		cr_assert_str_eq(run->cells[0].workload.target, disks[i]);
		cr_assert_str_eq(run->cells[1].workload.target, expected);
		cr_assert_str_eq(run->cells[0].group, run->cells[1].group);
		cr_assert_not_null(strstr(run->cells[1].group, disks[i]));
		run_free(run);
	}
}

Test(runner_plan, leaves_other_targets_as_they_are)
{
	struct run *run = planned("", "[d]\nsize=1m\neach.target=pci:0000:00:04.0,soft:size=64m\n"
				      "path=userdrv-poll\n[k]\ntarget=nvme:S64GN1/vfio\n"
				      "path=userdrv-poll\n");

	cr_assert_str_eq(run->cells[0].workload.target, "pci:0000:00:04.0");
	cr_assert_str_eq(run->cells[1].workload.target, "soft:size=64m");
	cr_assert_str_eq(run->cells[2].workload.target, "nvme:S64GN1/vfio");
	run_free(run);
}
