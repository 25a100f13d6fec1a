// SPDX-License-Identifier: MIT
/* What is ranked against what, and how the tables of the terminal say it. */
#include <criterion/criterion.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/rows.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

/* Lines that begin so stand in the tables of @run in this order; NULL ends them. */
__attribute__((sentinel)) static void tables_have(const struct run *run, ...)
{
	char *text = fixture_tables(run);
	const char *at = text, *start;
	va_list starts;

	va_start(starts, run);
	while ((start = va_arg(starts, const char *)) != NULL)
		at = fixture_line(at, start);
	va_end(starts);
	free(text);
}

static void tables_lack(const struct run *run, const char *words)
{
	char *text = fixture_tables(run);

	cr_assert_null(strstr(text, words), "'%s' is in:\n%s", words, text);
	free(text);
}

Test(report_tables, instructions_are_ranked_by_work_and_irq_with_the_fewest_first)
{
	struct run *run = fixture_run_instructions();

	tables_have(run, "4k randread", "mmap-private first", "buffered", "dax", "mmap-dax first",
		    "direct", "uring ", "once mapped, not ranked:", "mmap-dax again", NULL);
	run_free(run);
}

Test(report_tables, time_is_ranked_by_iops_with_the_most_first)
{
	struct run *run = fixture_run_ns();
	char *text = fixture_tables(run);

	tables_have(run, "path", "userdrv-poll", "uring ", "direct", "libaio", NULL);
	cr_assert_not_null(strstr(text, "latency us"), "the unit is in the heading");
	free(text);
	run_free(run);
}

Test(report_tables, the_frame_names_question_clock_machine_and_harness)
{
	struct run *run = fixture_run_ns();
	char *text = fixture_tables(run);

	cr_assert_eq(strncmp(text, "api-ladder: What does each API cost?", 36), 0);
	cr_assert_not_null(strstr(text, "clock ns, 9 runs, seed 7, 2m41s\n"));
	cr_assert_not_null(strstr(text, "PM9A3 1.92TB fw GDC7"));
	cr_assert_not_null(strstr(text, "kernel 6.12.9\n"));
	cr_assert_not_null(strstr(text, "; do:\n     cpupower frequency-set -g performance\n"));
	cr_assert_str_eq(strstr(text, "\n\nnull path"), "\n\nnull path 41 ns/op\n",
			 "the null path is the last line");
	free(text);
	run_free(run);
}

Test(report_tables, writes_of_different_durability_are_never_in_one_ranking)
{
	struct run *run = fixture_run_instructions();
	struct group *groups;
	size_t n;

	/* Even a group's name that forgot about durability doesn't mix them. */
	for (size_t i = 0; i < run->ncells; i++)
		strcpy(run->cells[i].group, "the same");
	cr_assert_eq(groups_make(run, &groups, &n), 0);
	cr_assert_eq(n, 2);
	for (size_t i = 0; i < n; i++)
		for (size_t row = 0; row < groups[i].nrows; row++)
			cr_assert_eq(groups[i].rows[row].cell->workload.durability,
				     groups[i].durability);
	groups_free(groups, n);
	run_free(run);
}

Test(report_tables, a_refuted_cell_is_never_ranked_and_says_what_was_observed)
{
	struct run *run = fixture_run_ns();
	char *text = fixture_tables(run);
	const char *unranked = fixture_line(text, "not ranked:");

	cr_assert_gt(strstr(text, "uring-iopoll"), unranked, "not above, with the best IOPS");
	fixture_line(unranked,
		     "uring-iopoll  REFUTED  completion came without an interrupt: observed "
		     "1.00");
	free(text);
	run_free(run);
}

Test(report_tables, a_reason_of_another_table_is_repeated_and_of_the_same_is_not)
{
	struct run *run = run_new();

	fixture_cell(run, "passthru", "a group", 0);
	fixture_cell(run, "passthru-iopoll", "a group", 0);
	fixture_cell(run, "passthru", "b group", 0);
	fixture_cell(run, "passthru-iopoll", "b group", 0);
	for (size_t i = 0; i < run->ncells; i++)
		cell_set_status(&run->cells[i], CELL_UNAVAILABLE, "chmod a+rw /dev/ng1n1",
				"/dev/ng1n1 can't be opened");
	tables_have(run, "a group", "passthru         UNAVAIL  /dev/ng1n1 can't be opened; chmod",
		    "passthru-iopoll  UNAVAIL  as above\n", "b group",
		    "passthru         UNAVAIL  /dev/ng1n1 can't be opened\n",
		    "passthru-iopoll  UNAVAIL  as above\n", NULL);
	run_free(run);
}

Test(report_tables, a_durable_store_that_faults_again_has_a_note_and_another_heading)
{
	struct run *run = run_new();
	struct cell *cell = fixture_cell(run, "mmap-dax", "a group", 2);

	cell->workload.rw = RW_RANDWRITE;
	cell->workload.durability = DURABILITY_DATA;
	cell->summary[1].faults_minor = fixture_quantity(1000, 1000, 1000);
	cell->summary[1].syscalls = fixture_quantity(1000, 1000, 1000);
	tables_have(run, "mmap-dax first", "the same accesses again, not ranked:", "mmap-dax again",
		    "NOTE mmap-dax faults in its second pass too: each msync write-protects ",
		    NULL);
	/* Made durable by the processor, as MAP_SYNC allows: nothing faults again. */
	cell->summary[1].faults_minor = cell->summary[1].syscalls = fixture_quantity(0, 0, 0);
	tables_have(run, "once mapped, not ranked:", NULL);
	tables_lack(run, "NOTE");
	run_free(run);
}

Test(report_tables, claims_that_were_not_observed_are_counted_below_with_the_reason)
{
	struct run *run = run_new();

	for (int i = 0; i < 3; i++)
		cell_add_evidence(fixture_cell(run, "direct", "a group", 1),
				  "one system call per I/O", "1.00", "raw_syscalls:sys_enter",
				  PHASE_WITNESS, i < 2 ? VERDICT_UNOBSERVED : VERDICT_HELD, "%s",
				  i < 2 ? "tracing needs root (tracefs)" : "1.00");
	tables_have(run,
		    "proof: 2 claims unobserved:\n"
		    "  2 of \"one system call per I/O\": tracing needs root (tracefs)\n\nnull path",
		    NULL);
	run_free(run);
	run = fixture_run_instructions();
	for (size_t i = 0; i < run->ncells; i++)
		for (size_t j = 0; j < run->cells[i].nevidence; j++)
			run->cells[i].evidence[j].verdict = VERDICT_HELD;
	tables_lack(run, "\nproof:");
	run_free(run);
}

Test(report_tables, many_targets_stand_below_the_tables)
{
	struct run *run = fixture_run_instructions();
	char *text, name[16];

	tables_have(run, "testbed:pmem/xfs: ", "path ", NULL);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "target-%d", i);
		json_object_set_new(run->targets, name, json_string("a disk"));
	}
	text = fixture_tables(run);
	tables_have(run, "path ", "testbed:pmem/xfs: ", "target-2: a disk", NULL);
	cr_assert_lt(strstr(text, "\npath "), strstr(text, "\ntestbed:pmem/xfs: "));
	free(text);
	run_free(run);
}

Test(report_tables, every_line_fits_in_80_columns)
{
	struct run *runs[] = {fixture_run_instructions(), fixture_run_ns(), fixture_run_queues()};
	struct cell *cell;

	cell = fixture_cell(runs[0], "a-path-whose-name-is-far-too-long",
			    "4k randread, hot, durability none, testbed:pmem/xfs", 2);
	for (int i = 0; i < 2; i++) {
		cell->summary[i].rank = fixture_quantity(UINT64_MAX, 1, UINT64_MAX);
		cell->summary[i].work = cell->summary[i].irq = cell->summary[i].copy =
			cell->summary[i].wait = cell->summary[i].fault = cell->summary[i].rank;
		cell->summary[i].syscalls = cell->summary[i].faults_minor = cell->summary[i].rank;
		cell->summary[i].spread_ppm = UINT32_MAX;
	}
	cell = fixture_cell(runs[0], "spdk",
			    "a group with a name as long as a line and then one "
			    "more line, file:/an/endless/path/without/any/space/"
			    "at/all/anywhere",
			    0);
	cell_set_status(cell, CELL_UNAVAILABLE,
			"a_remedy_of_one_word_that_is_longer_than_the_room_"
			"beside_the_names_of_the_cells_and_of_their_states",
			"not installed");
	fixture_ns_numbers(&runs[1]->cells[0], UINT64_MAX / 4096, 40000000000);
	for (size_t i = 0; i < 3; i++) {
		char *text = fixture_tables(runs[i]);

		cr_assert_leq(fixture_longest_line(text), 80, "\n%s", text);
		free(text);
		run_free(runs[i]);
	}
}

Test(report_tables, what_is_not_known_is_a_dash)
{
	struct run *run = run_new();
	char *text;

	fixture_cell(run, "direct", "a group", 1);
	text = fixture_tables(run);
	cr_assert_not_null(strstr(fixture_line(text, "direct"), "     -"));
	tables_have(run, "null path - ns/op", NULL);
	free(text);
	run_free(run);
}

Test(report_tables, emulated_time_is_named_and_not_ranked)
{
	struct run *run = fixture_run_ns();

	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].clock_use = CLOCK_USE_FUNCTION;
	tables_have(run, "emulated time: not a figure", NULL);
	/* The order of the suite, in which direct comes before the faster userdrv-poll. */
	tables_have(run, "direct", "userdrv-poll", NULL);
	run_free(run);
}

Test(report_tables, an_emulated_machine_makes_no_nanoseconds_whatever_the_cells_say)
{
	struct run *run = fixture_run_ns();

	json_object_set_new(run->environment, "accelerator", json_string("tcg"));
	tables_have(run, "emulated time: not a figure", NULL);
	run_free(run);
}

Test(report_tables, cells_that_differ_in_an_option_have_different_names)
{
	struct run *run = run_new();

	fixture_cell(run, "mmap-dax", "a group", 1);
	fixture_cell(run, "mmap-dax", "a group", 1)->workload.sync = true;
	tables_have(run, "mmap-dax  ", "mmap-dax sync", NULL);
	run_free(run);
}

/* Of the table of the group that begins with @group; has or lacks the @column. */
static void heading(const struct run *run, const char *group, const char *column, bool has)
{
	char *text = fixture_tables(run);
	const char *line = fixture_line(fixture_line(text, group), "path ");
	const char *at = strstr(line, column);

	cr_assert_eq(at && at < strchr(line, '\n'), has, "%s: '%s'\n%s", group, column, text);
	free(text);
}

Test(report_tables, waiting_and_doorbells_have_columns_where_there_are_any)
{
	struct run *run = fixture_run_queues();
	char *text = fixture_tables(run);

	heading(run, "4k randread, hot", " wait ", true);
	heading(run, "4k randread, hot", " doorb ", true);
	heading(run, "4k randread, QD32", " wait ", false);
	heading(run, "4k randread, QD32", " doorb ", true);
	cr_assert_not_null(strstr(fixture_line(text, "userdrv-poll "), " 18,460 "));
	free(text);
	run_free(run);
	run = fixture_run_instructions();
	heading(run, "4k randread", "wait", false);
	heading(run, "4k randread", "doorb", false);
	run_free(run);
	run = fixture_run_ns();
	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].summary[0].wait = fixture_quantity(7000, 7000, 7000);
	run->cells[1].summary[0].doorbells = fixture_quantity(2000, 2000, 2000);
	heading(run, "4k randread", "wait", false);
	heading(run, "4k randread", " doorb", true);
	run_free(run);
}

Test(report_tables, rows_are_named_by_what_the_suite_varies)
{
	struct run *run = fixture_run_queues();

	tables_have(run, "coalescing: 4k randread, QD32", "userdrv-poll ",
		    "userdrv-irq 32/25500us ", "userdrv-irq 8/100us ", "userdrv-irq 1/0 ", NULL);
	run_free(run);
}

Test(report_tables, a_table_that_is_too_wide_first_leaves_out_faults_that_did_not_happen)
{
	struct run *run = fixture_run_queues();
	char *text;

	/* So that each name stays on the line of its numbers. */
	heading(run, "coalescing", " spread ", true);
	heading(run, "coalescing", "faults", false);
	heading(run, "coalescing", "syscalls", true);
	snprintf(run->cells[5].row, sizeof(run->cells[5].row), "32/25500us and more");
	heading(run, "coalescing", "spread", false);
	heading(run, "coalescing", "faults", false);
	/* A fault that happened stays, whatever the width. */
	run->cells[8].summary[0].faults_minor = fixture_quantity(60, 60, 60);
	heading(run, "coalescing", "spread", false);
	heading(run, "coalescing", "faults", true);
	text = fixture_tables(run);
	cr_assert_leq(fixture_longest_line(text), 80);
	free(text);
	run_free(run);
}

Test(report_tables, cells_that_differ_in_coalescing_have_different_names)
{
	struct run *run = run_new();
	struct cell *cell;

	fixture_cell(run, "userdrv-irq", "a group", 1);
	cell = fixture_cell(run, "userdrv-irq", "a group", 1);
	cell->workload.aggregation_threshold = 8;
	cell->workload.aggregation_ns = 100000;
	tables_have(run, "userdrv-irq 1/0 ", "userdrv-irq 8/100us ", NULL);
	run_free(run);
}

Test(report_tables, names_of_users_send_no_escape_codes_to_the_terminal)
{
	struct run *run = fixture_run_instructions();
	char *text;

	strcpy(run->cells[0].group, "\033]0;title\a \033[2J \x9b"
				    "31m");
	text = fixture_tables(run);
	for (const char *c = text; *c; c++)
		cr_assert(*c == '\n' || !iscntrl((unsigned char)*c));
	free(text);
	run_free(run);
}

static int coloured_tables(FILE *out, const struct run *run)
{
	report_tables(out, run, true);
	return 0;
}

Test(report_tables, colour_only_repeats_what_the_words_say)
{
	struct run *run = fixture_run_instructions();
	char *plain = fixture_tables(run), *colored = fixture_report(coloured_tables, run);
	size_t length = 0;

	for (const char *c = colored; *c; c++) {
		if (*c == '\033')
			c = strchr(c, 'm');
		else
			colored[length++] = *c;
	}
	colored[length] = '\0';
	cr_assert_str_eq(plain, colored);
	free(plain);
	free(colored);
	run_free(run);
}
