// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/runner.h"
#include "core/suite.h"
#include "tests/fixture_files.h"

static char *folder;
static struct suite *suite;
static struct run *run;
static struct error error;
static struct runner_options options;

static void set_up(void)
{
	folder = fixture_folder_make();
	options = (struct runner_options){.clock = RUN_CLOCK_NS, .runs = 3, .quiet = true};
}

static void tear_down(void)
{
	interrupted_signal = 0;
	run_free(run);
	suite_free(suite);
	fixture_folder_remove(folder);
}

TestSuite(runner, .init = set_up, .fini = tear_down);

/* Makes a run of the cells in @sections; %s is the test's folder. */
static int plan(uint64_t seed, const char *sections)
{
	char text[2048];
	int n;

	run_free(run);
	suite_free(suite);
	n = snprintf(text, sizeof(text),
		     "[suite]\nquestion=?\n[global]\nsize=64k\nnumber_ios=20\ntarget=%s\n", folder);
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", sections);
	cr_assert_eq(suite_parse(&suite, "test", text, &error), 0, "%s", error.text);
	run = run_new();
	run->seed = seed;
	return runner_plan(run, suite, &error);
}

static void execute(uint64_t seed, const char *sections)
{
	cr_assert_eq(plan(seed, sections), 0, "%s", error.text);
	cr_assert_eq(runner_execute(run, &options, &error), 0, "%s", error.text);
}

static struct cell *cell_of(const char *path)
{
	for (size_t i = 0; i < run->ncells; i++) {
		if (strcmp(run->cells[i].workload.path, path) == 0)
			return &run->cells[i];
	}
	cr_assert_fail("no cell of path %s", path);
	return NULL;
}

/* Four reading cells, told apart by their block size. */
#define READS "[r]\nrw=randread\npath=buffered\neach.bs=512,1k,2k,4k\n"

/* orders[repetition][cell] of a run of READS. */
static void note_orders(unsigned int orders[3][4])
{
	for (size_t c = 0; c < 4; c++) {
		cr_assert_eq(run->cells[c].nrepetitions, 3);
		for (size_t r = 0; r < 3; r++)
			orders[r][c] = run->cells[c].repetitions[r].order;
	}
}

Test(runner, measures_every_cell_as_often_as_it_is_told)
{
	execute(1, READS);
	cr_assert(run->complete);
	for (size_t c = 0; c < run->ncells; c++) {
		cr_assert_eq(run->cells[c].status, CELL_MEASURED, "%s", run->cells[c].reason);
		cr_assert_eq(run->cells[c].nrepetitions, 3);
		for (size_t r = 0; r < 3; r++)
			cr_assert_eq(run->cells[c].repetitions[r].pass[0].ios, 20);
	}
	cr_assert(run->null_known);
}

Test(runner, with_the_same_seed_takes_the_same_order)
{
	unsigned int first[3][4], second[3][4];

	execute(7, READS);
	note_orders(first);
	execute(7, READS);
	note_orders(second);
	cr_assert_arr_eq(first, second, sizeof(first));
}

Test(runner, with_another_seed_takes_another_order)
{
	unsigned int first[3][4], second[3][4];

	execute(7, READS);
	note_orders(first);
	execute(8, READS);
	note_orders(second);
	cr_assert_arr_neq(first, second, sizeof(first));
}

Test(runner, lets_reading_cells_take_turns)
{
	unsigned int orders[3][4];

	execute(1, READS);
	note_orders(orders);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int c = 0; c < 4; c++)
			cr_assert_eq(orders[round][c] / 4, round);
	}
}

Test(runner, keeps_the_rounds_of_a_writing_cell_together_and_after_the_reads)
{
	execute(1, "[w]\npath=buffered\neach.rw=randwrite,write,randread,randrw\n");
	for (size_t c = 0; c < run->ncells; c++) {
		const struct repetition *r = run->cells[c].repetitions;

		cr_assert_eq(run->cells[c].nrepetitions, 3);
		for (unsigned int i = 1; i < 3; i++)
			cr_assert_eq(r[i].order, r[0].order + i);
		if (!rw_writes(run->cells[c].workload.rw))
			cr_assert_eq(r[0].order, 0);
	}
}

Test(runner, says_of_every_repetition_when_it_came)
{
	unsigned char seen[12] = {0};
	unsigned int orders[3][4];

	execute(1, READS);
	note_orders(orders);
	for (unsigned int i = 0; i < 12; i++)
		cr_assert_eq(seen[orders[i / 4][i % 4]]++, 0);
}

Test(runner, goes_on_without_the_cells_that_can_not_run)
{
	execute(1, "[r]\nrw=randread\neach.path=dax,buffered,mmap-dax\n"
		   "[elsewhere]\nrw=randread\npath=mmap-shared\ntarget=/no/such/folder/file\n"
		   "[testbed]\nrw=randread\npath=mmap-private\ntarget=testbed:none/xfs\n");
	cr_assert_eq(cell_of("buffered")->status, CELL_MEASURED);
	cr_assert_eq(cell_of("mmap-shared")->status, CELL_UNAVAILABLE);
	cr_assert_not_null(strstr(cell_of("mmap-shared")->reason, "/no/such/folder"));
	cr_assert_eq(cell_of("mmap-private")->status, CELL_UNAVAILABLE);
	cr_assert_str_eq(cell_of("mmap-private")->remedy, "bypass run SUITE --testbed");
	cr_assert_eq(cell_of("mmap-private")->nrepetitions, 0);
	cr_assert(run->complete);
}

Test(runner, goes_on_without_a_cell_whose_target_fails)
{
	char path[200], sections[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/small", folder);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs("not sixty-four KiB", f), 0);
	fclose(f);
	snprintf(sections, sizeof(sections),
		 "[r]\nrw=randread\npath=buffered\n"
		 "[small]\nrw=randread\npath=mmap-shared\ntarget=%s\n",
		 path);
	execute(1, sections);
	cr_assert_eq(cell_of("buffered")->status, CELL_MEASURED);
	cr_assert_eq(cell_of("mmap-shared")->status, CELL_FAILED);
	cr_assert_not_null(strstr(cell_of("mmap-shared")->reason, "has 18 bytes"));
}

Test(runner, leaves_nothing_in_the_folder)
{
	char command[200];

	execute(1, "[r]\neach.rw=randread,randwrite\neach.path=buffered,mmap-shared\n");
	snprintf(command, sizeof(command), "test -z \"$(ls -A '%s')\"", folder);
	cr_assert_eq(system(command), 0);
}

Test(runner, interrupted_before_it_began_measures_nothing)
{
	cr_assert_eq(plan(1, READS), 0);
	interrupted_signal = SIGINT;
	cr_assert_eq(runner_execute(run, &options, &error), -EINTR);
	cr_assert_not(run->complete);
	for (size_t c = 0; c < run->ncells; c++) {
		cr_assert_eq(run->cells[c].status, CELL_PLANNED);
		cr_assert_eq(run->cells[c].nrepetitions, 0);
	}
}

/* Interrupts once the first cell has some repetitions. */
static void *interrupt_later(void *nothing)
{
	const volatile size_t *measured = &run->cells[0].nrepetitions;

	while (*measured < 3)
		usleep(100);
	interrupted_signal = SIGINT;
	return nothing;
}

Test(runner, interrupted_keeps_what_it_measured_and_is_not_complete)
{
	pthread_t thread;

	/* More than could ever be done. */
	options.runs = 10000000;
	cr_assert_eq(plan(1, READS), 0);
	cr_assert_eq(pthread_create(&thread, NULL, interrupt_later, NULL), 0);
	cr_assert_eq(runner_execute(run, &options, &error), -EINTR);
	pthread_join(thread, NULL);
	cr_assert_not(run->complete);
	for (size_t c = 0; c < run->ncells; c++) {
		const struct cell *cell = &run->cells[c];

		cr_assert_eq(cell->status, CELL_MEASURED);
		cr_assert_geq(cell->nrepetitions, 1);
		/* Whole ones only. */
		for (size_t r = 0; r < cell->nrepetitions; r++)
			cr_assert_eq(cell->repetitions[r].pass[0].ios, 20);
		cr_assert(cell->summary[0].iops.known);
	}
}

Test(runner, refuses_a_path_or_target_that_it_does_not_know)
{
	cr_assert_eq(plan(1, "[r]\npath=teleport\n"), -EINVAL);
	cr_assert_not_null(strstr(error.text, "'teleport'"));
	cr_assert_eq(plan(1, "[r]\npath=buffered\ntarget=nowhere\n"), -EINVAL);
	cr_assert_not_null(strstr(error.text, "'nowhere'"));
}

Test(runner, refuses_blocks_whose_bytes_it_could_not_check)
{
	cr_assert_eq(plan(1, "[r]\npath=buffered\nbs=512\n"), 0);
	suite->cells[0].workload.bs = 1000;
	suite->cells[0].workload.size = 64000;
	run_free(run);
	run = run_new();
	cr_assert_eq(runner_plan(run, suite, &error), -EINVAL);
	cr_assert_not_null(strstr(error.text, "512"), "%s", error.text);
}

Test(runner, gives_every_cell_a_name_of_its_own)
{
	cr_assert_eq(plan(1, "[a]\neach.path=buffered,mmap-shared\neach.rw=randread,randwrite\n"
			     "each.cache=hot,cold\neach.bs=4k,8k\n"
			     "[b]\neach.path=buffered,mmap-shared\neach.number_ios=1,2\n"),
		     0, "%s", error.text);
	cr_assert_eq(run->ncells, 20);
	for (size_t i = 0; i < run->ncells; i++) {
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(run->cells[i].id, run->cells[j].id);
	}
}

Test(runner, groups_cells_that_differ_in_the_path_alone)
{
	cr_assert_eq(plan(1, "[a]\nrw=randread\neach.path=buffered,direct\neach.bs=4k,8k\n"), 0);
	for (size_t i = 0; i < run->ncells; i++) {
		for (size_t j = 0; j < i; j++)
			cr_assert_eq(strcmp(run->cells[i].group, run->cells[j].group) == 0,
				     run->cells[i].workload.bs == run->cells[j].workload.bs);
	}
}

Test(runner, groups_the_dax_and_the_plain_half_of_one_medium_together)
{
	cr_assert_eq(plan(1, "[a]\nrw=randread\neach.path=buffered,dax\ntarget=testbed:pmem/xfs\n"),
		     0);
	cr_assert_str_eq(cell_of("dax")->workload.target, "testbed:pmem-dax/xfs");
	cr_assert_str_eq(cell_of("buffered")->workload.target, "testbed:pmem/xfs");
	cr_assert_str_eq(cell_of("dax")->group, cell_of("buffered")->group);
}

Test(runner, foretells_the_bytes_that_it_will_write)
{
	uint64_t memory;

	cr_assert_eq(plan(1, "[r]\nrw=randread\npath=buffered\n"), 0);
	cr_assert_eq(runner_bytes_written(run, 3, &memory), 64 * 1024);
	cr_assert_eq(plan(1, "[r]\neach.rw=randread,randwrite\npath=buffered\n"), 0);
	/* Laid out once for both, then twenty blocks of 4 KiB in three runs. */
	cr_assert_geq(runner_bytes_written(run, 3, &memory), 64 * 1024 + 3 * 20 * 4096);
	cr_assert_eq(memory, 0);
	cr_assert_eq(plan(1, "[r]\nrw=randread\npath=null\n"), 0);
	cr_assert_eq(runner_bytes_written(run, 3, &memory), 0);
}

Test(runner, tells_bytes_in_memory_from_those_in_files)
{
	uint64_t memory;

	cr_assert_eq(plan(1, "[r]\nrw=randread\npath=buffered\n"
			     "[s]\nrw=randread\npath=userdrv-poll\n"
			     "target=soft:latency=1us,size=1m\n"),
		     0, "%s", error.text);
	cr_assert_eq(runner_bytes_written(run, 3, &memory), 2 * 64 * 1024);
	cr_assert_eq(memory, 64 * 1024);
}

static void execute_counting(const char *sections)
{
	cr_assert_eq(plan(1, sections), 0, "%s", error.text);
	run->clock = options.clock = RUN_CLOCK_INSTRUCTIONS;
	cr_assert_eq(runner_execute(run, &options, &error), 0, "%s", error.text);
}

Test(runner, ranks_a_polled_path_on_the_exact_count_and_one_that_sleeps_on_the_machine_s)
{
	execute_counting("[r]\nrw=randread\neach.path=userdrv-poll,userdrv-irq,userdrv-hybrid\n"
			 "target=soft:\n"
			 "[f]\nrw=randread\neach.path=uring-iopoll,uring,buffered\n");
	cr_assert_eq(cell_of("userdrv-poll")->clock_use, CLOCK_USE_EXACT);
	cr_assert_eq(cell_of("uring-iopoll")->clock_use, CLOCK_USE_EXACT);
	cr_assert_eq(cell_of("userdrv-irq")->clock_use, CLOCK_USE_MACHINE);
	cr_assert_eq(cell_of("userdrv-hybrid")->clock_use, CLOCK_USE_MACHINE);
	cr_assert_eq(cell_of("uring")->clock_use, CLOCK_USE_MACHINE);
	cr_assert_eq(cell_of("buffered")->clock_use, CLOCK_USE_EXACT);
}

Test(runner, expects_no_sleep_for_each_where_one_can_end_several_or_none_is_needed)
{
	execute_counting("[d]\nrw=randread\npath=userdrv-irq\niodepth=8\ntarget=soft:\n"
			 "[h]\nrw=randread\npath=userdrv-hybrid\ntarget=soft:\n");
	for (size_t c = 0; c < run->ncells; c++) {
		cr_assert_eq(run->cells[c].status, CELL_MEASURED, "%s", run->cells[c].reason);
		cr_assert_eq(run->cells[c].nrepetitions, 3);
	}
	for (size_t i = 0; i < run->nwarnings; i++)
		cr_assert_str_neq(run->warnings[i].code, "raced", "%s", run->warnings[i].text);
}

static const char *warning_text(const char *code)
{
	for (size_t i = 0; i < run->nwarnings; i++) {
		if (strcmp(run->warnings[i].code, code) == 0)
			return run->warnings[i].text;
	}
	return NULL;
}

Test(runner, counts_latency_of_an_open_loop_from_the_intended_start_and_says_so)
{
	execute(1, "[r]\nrw=randread\npath=buffered\neach.rate_iops=0,1000\n");
	cr_assert_eq(run->cells[0].latency_from, LATENCY_FROM_START);
	cr_assert_not(run->cells[0].repetitions[0].pass[0].backlog_known);
	cr_assert_eq(run->cells[1].latency_from, LATENCY_FROM_INTENDED_START);
	cr_assert(run->cells[1].repetitions[0].pass[0].backlog_known);
	/* Twenty at a thousand in a second, whatever the machine does meanwhile. */
	cr_assert_geq(run->cells[1].repetitions[0].pass[0].duration, 20000000 - 1000000);
}

Test(runner, warns_once_of_a_target_that_did_not_keep_up)
{
	unsigned int warnings = 0;

	/* A thousandth of what is asked for, at most. */
	execute(1, "[r]\nrw=randread\neach.path=userdrv-poll,userdrv-irq\n"
		   "target=soft:latency=1ms\nrate_iops=1000000\n");
	for (size_t i = 0; i < run->nwarnings; i++)
		warnings += strcmp(run->warnings[i].code, "saturated") == 0;
	cr_assert_eq(warnings, 2u);
	cr_assert_not_null(strstr(warning_text("saturated"), "userdrv-poll@soft:"));
	for (size_t c = 0; c < run->ncells; c++)
		cr_assert_eq(run->cells[c].status, CELL_MEASURED);
}

Test(runner, does_not_warn_of_a_closed_loop_or_one_that_is_rarely_asked)
{
	execute(1, "[r]\nrw=randread\nnumber_ios=3\npath=buffered\neach.rate_iops=0,20\n");
	cr_assert_null(warning_text("saturated"));
}

Test(runner, knows_no_rates_and_pauses_by_the_instruction_clock)
{
	execute_counting("[r]\nrw=randread\npath=buffered\nrate_iops=1000\n"
			 "[t]\nrw=randread\npath=mmap-shared\nthinktime=1ms\n"
			 "[n]\nrw=randread\npath=direct\n");
	cr_assert_eq(cell_of("buffered")->status, CELL_UNAVAILABLE);
	cr_assert_not_null(strstr(cell_of("buffered")->reason, "rate_iops is a question of time"));
	cr_assert_not_null(strstr(cell_of("buffered")->remedy, "--testbed=ns"));
	cr_assert_eq(cell_of("mmap-shared")->status, CELL_UNAVAILABLE);
	cr_assert_not_null(strstr(cell_of("mmap-shared")->reason, "thinktime"));
	cr_assert_neq(cell_of("direct")->status, CELL_UNAVAILABLE);
}

Test(runner, keeps_no_table_of_more_blocks_than_it_may)
{
	execute(1, "[z]\nrw=randread\npath=null\nsize=128g\nrandom_distribution=zipf:1.2\n"
		   "[u]\nrw=randread\npath=null\nsize=128g\n");
	cr_assert_eq(run->cells[0].status, CELL_UNAVAILABLE);
	cr_assert_not_null(strstr(run->cells[0].reason, "16777216 at most"));
	cr_assert_neq(run->cells[1].status, CELL_UNAVAILABLE);
}

static uint64_t foretold(const char *sections)
{
	uint64_t memory;

	cr_assert_eq(plan(1, sections), 0, "%s", error.text);
	return runner_bytes_written(run, 3, &memory);
}

static uint64_t bytes_written;

/* Instead of the C library's. */
ssize_t pwrite(int fd, const void *buffer, size_t nbytes, off_t at)
{
	ssize_t n = syscall(SYS_pwrite64, fd, buffer, nbytes, at);

	bytes_written += n > 0 ? (uint64_t)n : 0;
	return n;
}

Test(runner, writes_all_as_often_as_told_before_a_writing_cell)
{
	static const char cells[] = "[w]\nrw=randwrite\npath=buffered\nnumjobs=2\n";
	uint64_t foretold_before = foretold(cells), before;
	char sections[200];

	cr_assert_eq(runner_execute(run, &options, &error), 0, "%s", error.text);
	before = bytes_written;
	snprintf(sections, sizeof(sections), "%sprecondition=3\n", cells);
	cr_assert_eq(foretold(sections), foretold_before + 3 * 2 * 65536);
	bytes_written = 0;
	cr_assert_eq(runner_execute(run, &options, &error), 0, "%s", error.text);
	/* Once for the cell, not for each of its three repetitions. */
	cr_assert_eq(bytes_written, before + 3 * 2 * 65536);
	cr_assert_eq(run->cells[0].status, CELL_MEASURED, "%s", run->cells[0].reason);
}

Test(runner, preconditions_nothing_that_is_only_read)
{
	cr_assert_eq(suite_parse(&suite, "test",
				 "[suite]\nquestion=?\n[r]\nrw=randread\npath=buffered\n"
				 "target=/tmp\nprecondition=1\n",
				 &error),
		     -EINVAL);
	cr_assert_not_null(strstr(error.text, "use a writing rw"), "%s", error.text);
}
