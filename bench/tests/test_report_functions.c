// SPDX-License-Identifier: MIT
/* The table of functions on the terminal, from a run that was recorded in the testbed. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/functions.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

/* What is printed of @run; to be freed. */
static char *printed(const struct run *run, size_t most)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	report_functions(out, run, most);
	fclose(out);
	return text;
}

static char *printed_of_recorded(size_t most)
{
	struct run *run = fixture_run_recorded();
	char *text = printed(run, most);

	run_free(run);
	return text;
}

static void shows(const char *text, const char *line)
{
	cr_expect(strstr(text, line), "no '%s' in:\n%s", line, text);
}

Test(report_functions, the_costliest_have_instructions_and_their_share_of_all)
{
	char *text = printed_of_recorded(3);

	shows(text, "\nbuffered: instructions per I/O by function, 1000 I/Os\n");
	shows(text, "\n       527   24.4 %  copy_user_generic_string                 kernel\n"
		    "       187    8.7 %  filemap_read                             kernel\n"
		    "       122    5.6 %  filemap_get_read_batch                   kernel\n");
	free(text);
}

Test(report_functions, the_others_are_one_line_so_that_all_add_up)
{
	char *text = printed_of_recorded(3);

	/* 2,157,329 - 527,000 - 186,775 - 121,771 of a thousand reads. */
	shows(text, "\n     1,322   61.3 %  274 other functions");
	shows(text, "\n     2,157 100.0 %  all; the clock says 2,157 of the same I/Os\n");
	free(text);
}

Test(report_functions, where_all_are_shown_there_are_no_others)
{
	char *text = printed_of_recorded(1000);

	cr_expect_null(strstr(text, "other functions"), "%s", text);
	shows(text, " xfs_bmapi_read ");
	free(text);
}

Test(report_functions, a_sum_that_is_not_the_clocks_is_shown_beside_it)
{
	char *text = printed_of_recorded(1);

	shows(text, "\n     5,606 100.0 %  all; the clock says 5,605 of the same I/Os\n");
	free(text);
}

Test(report_functions, a_mapping_has_a_table_for_each_pass)
{
	char *text = printed_of_recorded(1);

	shows(text, "\nmmap-dax first-touch: instructions per I/O by function, 1000 I/Os\n");
	shows(text, "\nmmap-dax again: instructions per I/O by function, 1000 I/Os\n");
	free(text);
}

Test(report_functions, every_line_fits_a_terminal)
{
	char *text = printed_of_recorded(1000);

	cr_expect_leq(fixture_longest_line(text), 80, "%s", text);
	free(text);
}

Test(report_functions, of_a_run_that_counted_none_nothing_is_printed)
{
	struct run *run = fixture_run_instructions();
	char *text = printed(run, 16);

	cr_expect_str_eq(text, "");
	free(text);
	run_free(run);
}
