// SPDX-License-Identifier: MIT
/* What is ranked against what, and how tables and CSV say it. */
#include <criterion/criterion.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/report.h"
#include "report/rows.h"
#include "tests/fixture_run.h"

static char *tables_of(const struct run *run, bool color)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_tables(out, run, color);
	fclose(out);
	return text;
}

static char *csv_of(const struct run *run)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(report_csv(out, run), 0);
	fclose(out);
	return text;
}

/* Where the line that begins with @start begins in @text, from @from on; fails if nowhere. */
static const char *line_of(const char *from, const char *start)
{
	for (const char *line = from; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, start, strlen(start)) == 0)
			return line;
	}
	cr_assert_fail("no line begins with '%s' in:\n%s", start, from);
	return NULL;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0, width = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80);
		if (width > longest)
			longest = width;
	}
	return longest;
}

Test(report_tables, instructions_are_ranked_by_work_and_irq_with_the_fewest_first)
{
	struct run *run = fixture_run_instructions();
	char *text = tables_of(run, false);
	static const char *const order[] = {"mmap-private first",       "buffered",      "dax",
					    "mmap-dax first",           "direct",        "uring ",
					    "once mapped, not ranked:", "mmap-dax again"};
	const char *at = line_of(text, "4k randread");

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		at = line_of(at, order[i]);
	free(text);
	run_free(run);
}

Test(report_tables, time_is_ranked_by_iops_with_the_most_first)
{
	struct run *run = fixture_run_ns();
	char *text = tables_of(run, false);
	const char *at = line_of(text, "path");

	at = line_of(at, "userdrv-poll");
	at = line_of(at, "uring ");
	at = line_of(at, "direct");
	line_of(at, "libaio");
	cr_assert_not_null(strstr(text, "latency us"), "the unit is in the heading");
	free(text);
	run_free(run);
}

Test(report_tables, the_frame_names_question_clock_machine_and_harness)
{
	struct run *run = fixture_run_ns();
	char *text = tables_of(run, false);

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
	char *text = tables_of(run, false);
	const char *unranked = line_of(text, "not ranked:");

	cr_assert_gt(strstr(text, "uring-iopoll"), unranked, "not above, with the best IOPS");
	line_of(unranked, "uring-iopoll  REFUTED  completion came without an interrupt: observed "
			  "1.00");
	free(text);
	run_free(run);
}

Test(report_tables, a_reason_of_another_table_is_repeated_and_of_the_same_is_not)
{
	struct run *run = run_new();
	char *text;
	const char *at;

	fixture_cell(run, "passthru", "a group", 0);
	fixture_cell(run, "passthru-iopoll", "a group", 0);
	fixture_cell(run, "passthru", "b group", 0);
	fixture_cell(run, "passthru-iopoll", "b group", 0);
	for (size_t i = 0; i < run->ncells; i++)
		cell_set_status(&run->cells[i], CELL_UNAVAILABLE, "chmod a+rw /dev/ng1n1",
				"/dev/ng1n1 can't be opened");
	text = tables_of(run, false);
	at = line_of(text, "a group");
	at = line_of(at, "passthru         UNAVAIL  /dev/ng1n1 can't be opened; chmod");
	at = line_of(at, "passthru-iopoll  UNAVAIL  as above\n");
	at = line_of(at, "b group");
	at = line_of(at, "passthru         UNAVAIL  /dev/ng1n1 can't be opened\n");
	line_of(at, "passthru-iopoll  UNAVAIL  as above\n");
	free(text);
	run_free(run);
}

Test(report_tables, a_durable_store_that_faults_again_has_a_note_and_another_heading)
{
	struct run *run = run_new();
	struct cell *cell = fixture_cell(run, "mmap-dax", "a group", 2);
	char *text;
	const char *at;

	cell->workload.rw = RW_RANDWRITE;
	cell->workload.durability = DURABILITY_DATA;
	cell->summary[1].faults_minor = fixture_quantity(1000, 1000, 1000);
	cell->summary[1].syscalls = fixture_quantity(1000, 1000, 1000);
	text = tables_of(run, false);
	at = line_of(text, "mmap-dax first");
	at = line_of(at, "the same accesses again, not ranked:");
	at = line_of(at, "mmap-dax again");
	line_of(at, "NOTE mmap-dax faults in its second pass too: each msync write-protects ");
	free(text);
	/* Made durable by the processor, as MAP_SYNC allows: nothing faults again. */
	cell->summary[1].faults_minor = cell->summary[1].syscalls = fixture_quantity(0, 0, 0);
	text = tables_of(run, false);
	line_of(text, "once mapped, not ranked:");
	cr_assert_null(strstr(text, "NOTE"), "%s", text);
	free(text);
	run_free(run);
}

Test(report_tables, claims_that_were_not_observed_are_counted_below_with_the_reason)
{
	struct run *run = run_new();
	char *text;

	for (int i = 0; i < 3; i++)
		cell_add_evidence(fixture_cell(run, "direct", "a group", 1),
				  "one system call per I/O", "1.00", "raw_syscalls:sys_enter",
				  PHASE_WITNESS, i < 2 ? VERDICT_UNOBSERVED : VERDICT_HELD, "%s",
				  i < 2 ? "tracing needs root (tracefs)" : "1.00");
	text = tables_of(run, false);
	line_of(text,
		"proof: 2 claims unobserved:\n"
		"  2 of \"one system call per I/O\": tracing needs root (tracefs)\n\nnull path");
	free(text);
	run_free(run);
	run = fixture_run_instructions();
	for (size_t i = 0; i < run->ncells; i++)
		for (size_t j = 0; j < run->cells[i].nevidence; j++)
			run->cells[i].evidence[j].verdict = VERDICT_HELD;
	text = tables_of(run, false);
	cr_assert_null(strstr(text, "\nproof:"));
	free(text);
	run_free(run);
}

Test(report_tables, many_targets_stand_below_the_tables)
{
	struct run *run = fixture_run_instructions();
	char *text = tables_of(run, false), name[16];

	line_of(line_of(text, "testbed:pmem/xfs: "), "path ");
	free(text);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "target-%d", i);
		json_object_set_new(run->targets, name, json_string("a disk"));
	}
	text = tables_of(run, false);
	line_of(line_of(line_of(text, "path "), "testbed:pmem/xfs: "), "target-2: a disk");
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
		char *text = tables_of(runs[i], false);

		cr_assert_leq(longest_line(text), 80, "\n%s", text);
		free(text);
		run_free(runs[i]);
	}
}

Test(report_tables, what_is_not_known_is_a_dash)
{
	struct run *run = run_new();
	char *text;

	fixture_cell(run, "direct", "a group", 1);
	text = tables_of(run, false);
	cr_assert_not_null(strstr(line_of(text, "direct"), "     -"));
	line_of(text, "null path - ns/op");
	free(text);
	run_free(run);
}

Test(report_tables, emulated_time_is_named_and_not_ranked)
{
	struct run *run = fixture_run_ns();
	char *text;

	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].clock_use = CLOCK_USE_FUNCTION;
	text = tables_of(run, false);
	line_of(text, "emulated time: not a figure");
	/* The order of the suite, in which direct comes before the faster userdrv-poll. */
	line_of(line_of(text, "direct"), "userdrv-poll");
	free(text);
	run_free(run);
}

Test(report_tables, an_emulated_machine_makes_no_nanoseconds_whatever_the_cells_say)
{
	struct run *run = fixture_run_ns();
	char *text;

	json_object_set_new(run->environment, "accelerator", json_string("tcg"));
	text = tables_of(run, false);
	line_of(text, "emulated time: not a figure");
	free(text);
	run_free(run);
}

Test(report_tables, cells_that_differ_in_an_option_have_different_names)
{
	struct run *run = run_new();
	char *text;

	fixture_cell(run, "mmap-dax", "a group", 1);
	fixture_cell(run, "mmap-dax", "a group", 1)->workload.sync = true;
	text = tables_of(run, false);
	line_of(line_of(text, "mmap-dax  "), "mmap-dax sync");
	free(text);
	run_free(run);
}

/* The heading of the table of the group that begins with @group. */
static char *heading_of(const char *text, const char *group)
{
	const char *line = line_of(line_of(text, group), "path ");

	return strndup(line, strcspn(line, "\n"));
}

Test(report_tables, waiting_and_doorbells_have_columns_where_there_are_any)
{
	struct run *run = fixture_run_queues(), *plain = fixture_run_instructions();
	char *text = tables_of(run, false), *heading;

	heading = heading_of(text, "4k randread, hot");
	cr_assert(strstr(heading, " wait ") && strstr(heading, " doorb "), "%s", heading);
	free(heading);
	heading = heading_of(text, "4k randread, QD32");
	cr_assert(!strstr(heading, " wait ") && strstr(heading, " doorb "), "%s", heading);
	free(heading);
	cr_assert_not_null(strstr(line_of(text, "userdrv-poll "), " 18,460 "));
	free(text);
	text = tables_of(plain, false);
	heading = heading_of(text, "4k randread");
	cr_assert(!strstr(heading, "wait") && !strstr(heading, "doorb"), "%s", heading);
	free(heading);
	free(text);
	run_free(plain);
	run_free(run);
	run = fixture_run_ns();
	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].summary[0].wait = fixture_quantity(7000, 7000, 7000);
	run->cells[1].summary[0].doorbells = fixture_quantity(2000, 2000, 2000);
	text = tables_of(run, false);
	heading = heading_of(text, "4k randread");
	cr_assert(!strstr(heading, "wait") && strstr(heading, " doorb"), "%s", heading);
	free(heading);
	free(text);
	run_free(run);
}

Test(report_tables, rows_are_named_by_what_the_suite_varies)
{
	struct run *run = fixture_run_queues();
	char *text = tables_of(run, false);
	const char *at = line_of(text, "coalescing: 4k randread, QD32");

	at = line_of(at, "userdrv-poll ");
	at = line_of(at, "userdrv-irq 32/25500us ");
	at = line_of(at, "userdrv-irq 8/100us ");
	line_of(at, "userdrv-irq 1/0 ");
	free(text);
	run_free(run);
}

Test(report_tables, a_table_that_is_too_wide_first_leaves_out_faults_that_did_not_happen)
{
	struct run *run = fixture_run_queues();
	char *text = tables_of(run, false), *heading = heading_of(text, "coalescing");

	/* So that each name stays on the line of its numbers. */
	cr_assert(strstr(heading, " spread ") && !strstr(heading, "faults"), "%s", heading);
	cr_assert_not_null(strstr(heading, "syscalls"));
	free(heading);
	free(text);
	snprintf(run->cells[5].row, sizeof(run->cells[5].row), "32/25500us and more");
	text = tables_of(run, false);
	heading = heading_of(text, "coalescing");
	cr_assert(!strstr(heading, "spread") && !strstr(heading, "faults"), "%s", heading);
	free(heading);
	free(text);
	/* A fault that happened stays, whatever the width. */
	run->cells[8].summary[0].faults_minor = fixture_quantity(60, 60, 60);
	text = tables_of(run, false);
	heading = heading_of(text, "coalescing");
	cr_assert(!strstr(heading, "spread") && strstr(heading, "faults"), "%s", heading);
	cr_assert_leq(longest_line(text), 80);
	free(heading);
	free(text);
	run_free(run);
}

Test(report_tables, cells_that_differ_in_coalescing_have_different_names)
{
	struct run *run = run_new();
	struct cell *cell;
	char *text;

	fixture_cell(run, "userdrv-irq", "a group", 1);
	cell = fixture_cell(run, "userdrv-irq", "a group", 1);
	cell->workload.aggregation_threshold = 8;
	cell->workload.aggregation_ns = 100000;
	text = tables_of(run, false);
	line_of(line_of(text, "userdrv-irq 1/0 "), "userdrv-irq 8/100us ");
	free(text);
	run_free(run);
}

Test(report_tables, names_of_users_send_no_escape_codes_to_the_terminal)
{
	struct run *run = fixture_run_instructions();
	char *text;

	strcpy(run->cells[0].group, "\033]0;title\a \033[2J \x9b"
				    "31m");
	text = tables_of(run, false);
	for (const char *c = text; *c; c++)
		cr_assert(*c == '\n' || !iscntrl((unsigned char)*c));
	free(text);
	run_free(run);
}

Test(report_tables, colour_only_repeats_what_the_words_say)
{
	struct run *run = fixture_run_instructions();
	char *plain = tables_of(run, false), *colored = tables_of(run, true);
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

Test(report_csv, has_a_line_for_each_cell_and_pass_and_the_same_fields_in_each)
{
	struct run *run = fixture_run_instructions();
	char *text = csv_of(run);
	size_t lines = 0, expected = 1, fields = 0, first = 0;
	bool quoted = false;

	for (size_t i = 0; i < run->ncells; i++)
		expected += run->cells[i].npasses ? run->cells[i].npasses : 1;
	for (const char *c = text; *c; c++) {
		quoted ^= *c == '"';
		fields += *c == ',' && !quoted;
		if (*c != '\n' || quoted)
			continue;
		first = lines++ == 0 ? fields : first;
		cr_assert_eq(fields, first);
		fields = 0;
	}
	cr_assert_eq(lines, expected);
	cr_assert_not_null(strstr(text, ",latency_p99_9_insn,latency_p99_9_insn_low,"));
	cr_assert_not_null(strstr(text, "first-touch"));
	free(text);
	run_free(run);
}

Test(report_csv, has_the_queue_and_what_the_path_counted)
{
	struct run *run = fixture_run_queues();
	char *text = csv_of(run);

	cr_assert_not_null(strstr(text, ",group,row,path,"));
	cr_assert_not_null(strstr(text, ",numjobs,iodepth,iodepth_batch_submit,"
					"iodepth_batch_complete_min,"
					"aggregation_threshold,aggregation_time_ns,cache,"));
	cr_assert_not_null(strstr(text, ",8/100us,userdrv-irq,testbed:pmem/xfs,randread,4096,"
					"67108864,1,32,1,1,1,0,hot,"));
	cr_assert_not_null(strstr(text, ",wait_insn_per_io,"));
	cr_assert_not_null(strstr(text, ",doorbells_per_1000_ios,doorbells_per_1000_ios_low,"));
	cr_assert_not_null(strstr(text, ",1200,1200,1200,200,200,200,0,0,0,"));
	free(text);
	run_free(run);
}

Test(report_csv, quotes_what_would_break_a_line)
{
	struct run *run = run_new();
	char *text;

	strcpy(fixture_cell(run, "direct", "a group", 1)->workload.target, "file:/a \"b\",\nc");
	text = csv_of(run);
	cr_assert_not_null(strstr(text, ",\"file:/a \"\"b\"\",\nc\","));
	free(text);
	run_free(run);
}
