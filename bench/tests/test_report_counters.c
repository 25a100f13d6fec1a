// SPDX-License-Identifier: MIT
/* `bypass report --counters`: what stands in the tables, and what is said of what doesn't. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/counters.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

static int counters(FILE *out, const struct run *run)
{
	report_counters(out, run);
	return 0;
}

static unsigned int times(const char *text, const char *words)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		n++;
	return n;
}

/* Two cells of one group: what the machine and, if @cpu, the processor counted. */
static struct run *run_of_two(bool cpu)
{
	static const char *const paths[] = {"buffered", "direct"};
	struct run *run = run_new();

	for (unsigned int i = 0; i < 2; i++) {
		struct cell *cell = fixture_cell(run, paths[i], "4k randread", 1);
		struct pass_summary *summary = &cell->summary[0];

		fixture_ns_numbers(cell, 1000, 1000000);
		summary->machine_counters[MACHINE_RECLAIMED_PAGES] =
			fixture_quantity(2500, 2500, 2500);
		for (unsigned int c = 0; c < NCPU_COUNTERS; c++) {
			if (cpu)
				summary->cpu_counters[c] = fixture_quantity(7000, 7000, 7000);
			else
				cell->cpu_counters_why_not[c] = strdup("no such counter here");
		}
	}
	return run;
}

Test(report_counters, that_are_not_available_are_named_once_with_their_reason)
{
	struct run *run = run_of_two(false);
	char *text = fixture_report(counters, run);

	cr_assert_eq(times(text, "no cycles: no such counter here"), 1, "%s", text);
	cr_assert_eq(times(text, "no dtlb_misses: no such counter here"), 1, "%s", text);
	cr_assert_eq(times(text, "no tlb_shootdowns: "), 1, "%s", text);
	cr_assert_eq(times(text, "no reclaimed_pages"), 0, "%s", text);
	cr_assert_null(strstr(text, "dTLB misses"), "a column without a figure: %s", text);
	cr_assert_not_null(strstr(text, "reclaimed pages"), "%s", text);
	cr_assert_eq(times(text, " 2.5"), 2, "%s", text);
	free(text);
	run_free(run);
}

Test(report_counters, of_user_space_alone_say_so)
{
	struct run *run = run_of_two(true);
	char *text = fixture_report(counters, run);

	cr_assert_null(strstr(text, "user space only"));
	cr_assert_null(strstr(text, "no cycles"));
	cr_assert_eq(times(text, "  7"), 2 * NCPU_COUNTERS, "%s", text);
	free(text);
	run->cells[1].cpu_counters_user_only = true;
	text = fixture_report(counters, run);
	cr_assert_eq(times(text, "user space only"), 1, "%s", text);
	free(text);
	run_free(run);
}

Test(report_counters, are_not_in_the_tables_that_everybody_gets)
{
	struct run *run = run_of_two(true);
	char *text = fixture_tables(run);

	cr_assert_null(strstr(text, "reclaimed"), "%s", text);
	cr_assert_null(strstr(text, "NOTE"), "%s", text);
	free(text);
	run_free(run);
}

Test(report_counters, stand_beside_a_note_of_where_a_cell_was_placed)
{
	struct run *run = run_of_two(true);
	char *text;

	run->cells[0].placement = (struct placement){true, 0, 1, 0, 21};
	run->cells[1].placement = (struct placement){true, 1, 1, 1, 10};
	text = fixture_tables(run);
	cr_assert_not_null(strstr(text, "NOTE buffered threads on node 0, buffers on node 1"), "%s",
			   text);
	cr_assert_not_null(strstr(text, "remote"), "%s", text);
	cr_assert_not_null(strstr(text, "device on node 1: local"), "%s", text);
	free(text);
	run_free(run);
}
