// SPDX-License-Identifier: MIT
/* The CSV: the same fields in each line, and nothing that breaks one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

Test(report_csv, has_a_line_for_each_cell_and_pass_and_the_same_fields_in_each)
{
	struct run *run = fixture_run_instructions();
	char *text = fixture_report(report_csv, run);
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
	char *text = fixture_report(report_csv, run);

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
	text = fixture_report(report_csv, run);
	cr_assert_not_null(strstr(text, ",\"file:/a \"\"b\"\",\nc\","));
	free(text);
	run_free(run);
}
