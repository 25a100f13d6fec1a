// SPDX-License-Identifier: MIT
/* What the tables recommend can be typed as it stands; what is kept is the same for everybody. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/program.h"
#include "report/report.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

static struct run *run_with_remedies(void)
{
	struct run *run = fixture_run_ns();

	for (size_t i = 0; i < run->ncells; i++) {
		if (run->cells[i].status != CELL_REFUTED)
			continue;
		free(run->cells[i].reason);
		free(run->cells[i].remedy);
		run->cells[i].status = CELL_UNAVAILABLE;
		run->cells[i].reason = memory_string("no disk");
		run->cells[i].remedy = memory_string("bypass run X --testbed");
	}
	run_warn(run, "test", "sudo bypass bind 0000:01:00.0", "a warning");
	return run;
}

Test(report_typed, tables_name_the_program_as_it_was_called)
{
	struct run *run = run_with_remedies();
	char *text;

	program_set_name("./bp");
	text = fixture_tables(run);
	cr_assert(strstr(text, "no disk; ./bp run X --testbed\n"), "the remedy of a path\n%s",
		  text);
	cr_assert(strstr(text, "sudo ./bp bind 0000:01:00.0"), "and of a warning\n%s", text);
	cr_assert_not(strstr(text, "bypass run"), "%s", text);
	free(text);
	run_free(run);
}

Test(report_typed, a_kept_report_names_it_as_the_manual_does)
{
	struct run *run = run_with_remedies();
	char *text;

	program_set_name("./bp");
	text = fixture_report(report_markdown, run);
	cr_assert(strstr(text, "bypass run X"), "%s", text);
	cr_assert_not(strstr(text, "./bp"), "%s", text);
	free(text);
	run_free(run);
}
