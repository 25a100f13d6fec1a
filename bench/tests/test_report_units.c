// SPDX-License-Identifier: MIT
/* What a number of a table is counted in, or per. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "report/columns.h"
#include "report/report.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

static void expect_unit(enum run_clock clock, const char *heading, const char *expected)
{
	const struct table_units units = {.latency = format_time_unit(50000),
					  .cpu = format_time_unit(500),
					  .confident = true};
	size_t n;
	const struct column *columns = columns_for(clock, &n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(columns[i].heading, heading) != 0)
			continue;
		cr_expect_str_eq(column_unit(&columns[i], &units), expected, "%s", heading);
		return;
	}
	cr_assert_fail("no column %s", heading);
}

Test(report_units, each_column_has_its_own)
{
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "work", "insn/IO");
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "95% CI", "insn/IO");
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "fault", "insn/fault");
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "faults", "per I/O");
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "syscalls", "per I/O");
	expect_unit(RUN_CLOCK_INSTRUCTIONS, "spread", "");
	expect_unit(RUN_CLOCK_NS, "kIOPS", "");
	expect_unit(RUN_CLOCK_NS, "95% CI", "");
	expect_unit(RUN_CLOCK_NS, "p99", "us");
	expect_unit(RUN_CLOCK_NS, "cpu", "per I/O");
	expect_unit(RUN_CLOCK_NS, "doorb", "per I/O");
	expect_unit(RUN_CLOCK_NS, "proof", "");
}

Test(report_units, what_one_fault_costs_is_not_said_to_be_per_io)
{
	struct run *run = fixture_run_instructions();
	char *text = fixture_tables(run);

	cr_assert(strstr(text, "instructions per I/O  per fault\n"), "%s", text);
	free(text);
	run_free(run);
}
