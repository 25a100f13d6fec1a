// SPDX-License-Identifier: MIT
/* The HTML report: what users name can do no harm, and a report is whole or not there. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "report/report.h"
#include "tests/fixture_files.h"
#include "tests/fixture_html.h"
#include "tests/fixture_run.h"

Test(report_html, a_script_in_a_name_is_text)
{
	struct run *run = fixture_run_instructions();
	char *html;

	snprintf(run->cells[0].workload.target, sizeof(run->cells[0].workload.target),
		 "file:/tmp/<script>alert(1)</script>\"'&");
	strcpy(run->cells[0].group, "<script>alert(2)</script>");
	strcpy(run->cells[0].workload.path, "<script>alert(3)");
	json_object_set_new(run->targets, "file:/tmp/<script>alert(4)</script>\"'&",
			    json_string("<script>alert(5)</script>"));
	run_warn(run, "x", "<script>alert(6)</script>", "<script>alert(7)</script>");
	free(run->question);
	run->question = memory_string("</title><script>alert(8)</script>");
	cell_add_evidence(&run->cells[0], "<script>", "<script>", "<script>", PHASE_TIMED,
			  VERDICT_HELD, "<script>");
	html = fixture_html(run);
	cr_assert_null(strstr(html, "<script"));
	cr_assert_not_null(strstr(html, "&lt;script&gt;alert(5)&lt;/script&gt;"));
	cr_assert_not_null(strstr(html, "file:/tmp/&lt;script&gt;alert(4)&lt;/script&gt;&quot;&#39;"
					"&amp;"));
	free(html);
	run_free(run);
}

Test(report_html, no_name_reaches_gnuplot_as_a_command)
{
	static const char *const names[] = {
		"'\n!touch HIT\n'",
		"'; system('touch HIT') #",
		"\"; system(\"touch HIT\") #",
		"`touch HIT`",
		"$(touch HIT)",
		"x\\\n!touch HIT\n",
		"' . system(\"x\") .'",
		"\nEND\n!touch HIT\n",
		"@macro '|touch HIT'",
		"<touch HIT",
		"a'b\"c\\d|e;f#g{h}i^j%k",
	};
	char *folder = fixture_folder_make(), *path;
	struct run *run = fixture_run_ns();
	struct error e = {""};
	char group[sizeof(run->cells[0].group)];

	strcpy(group, run->cells[0].group);
	cr_assert_eq(chdir(folder), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cell *cell = fixture_cell(run, names[i], group, 1);

		fixture_ns_numbers(cell, 5000 + i * 500, 50000);
		snprintf(cell->workload.target, sizeof(cell->workload.target), "%s", names[i]);
	}
	cr_assert_gt(asprintf(&path, "%s/report.html", folder), 0);
	cr_assert_eq(report_html(run, path, &e), 0, "%s", e.text);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(fixture_folder_remove(folder), 1, "nothing but the report was made");
	free(path);
	run_free(run);
}

Test(report_html, shows_waiting_doorbells_and_polls_where_there_are_any)
{
	static const char *const headings[] = {
		"<th scope=\"col\">wait<", "<th scope=\"col\">doorb<", "<th scope=\"col\">sleeps<",
		"<th scope=\"col\">polls<"};
	struct run *run = fixture_run_queues();
	char *html = fixture_html(run);

	for (size_t i = 0; i < 4; i++)
		cr_assert_not_null(strstr(html, headings[i]), "%s", headings[i]);
	cr_assert_not_null(strstr(html, "userdrv-irq 32/25500us</a></th>"));
	cr_assert_not_null(strstr(html, "4k randread, QD32, hot"));
	free(html);
	run_free(run);
	run = fixture_run_instructions();
	html = fixture_html(run);
	for (size_t i = 0; i < 4; i++)
		cr_assert_null(strstr(html, headings[i]), "%s", headings[i]);
	free(html);
	run_free(run);
}

Test(report_html, nothing_is_fetched_from_elsewhere)
{
	struct run *runs[] = {fixture_run_instructions(), fixture_run_ns()};
	static const char *const forbidden[] = {"http:", "https:", "src=",    "@import",
						"<link", "//",     "<script", "<iframe"};

	for (size_t i = 0; i < 2; i++) {
		char *html = fixture_html(runs[i]);

		for (size_t j = 0; j < sizeof(forbidden) / sizeof(forbidden[0]); j++)
			cr_assert_null(strstr(html, forbidden[j]), "%s", forbidden[j]);
		free(html);
		run_free(runs[i]);
	}
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

Test(report_html, every_id_is_unique_and_every_reference_has_its_id)
{
	struct run *run = fixture_run_instructions();
	char *html = fixture_html(run), *ids[4096];
	size_t n = 0, references = 0;

	for (char *c = html; *c; c++)
		if ((strncmp(c, " id=\"", 5) == 0 || strncmp(c, " id='", 5) == 0) && n < 4096)
			ids[n++] = strndup(c + 5, strcspn(c + 5, "\"'"));
	cr_assert_gt(n, 10);
	qsort(ids, n, sizeof(ids[0]), compare_text);
	for (size_t i = 1; i < n; i++)
		cr_assert_str_neq(ids[i - 1], ids[i]);
	for (char *c = html; (c = strstr(c, "#g")); c++) {
		char *name = c + 1, *id;

		if (c[-1] != '"' && c[-1] != '\'' && c[-1] != '(')
			continue;
		id = strndup(name, strcspn(name, "\"')"));
		cr_assert_not_null(bsearch(&id, ids, n, sizeof(ids[0]), compare_text), "%s", id);
		free(id);
		references++;
	}
	cr_assert_gt(references, 3);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(html);
	run_free(run);
}

Test(report_html, every_element_is_closed_in_order)
{
	struct run *runs[] = {fixture_run_instructions(), fixture_run_ns(), run_new()};

	for (size_t i = 0; i < 3; i++) {
		char *html = fixture_html(runs[i]);

		fixture_html_check_nesting(html);
		free(html);
		run_free(runs[i]);
	}
}

Test(report_html, the_axis_of_latency_has_a_unit_at_each_number)
{
	struct run *run = fixture_run_ns();
	char *html = fixture_html(run);

	cr_expect_not_null(strstr(html, ">100 us<"));
	cr_expect_null(strstr(html, ">100<"));
	free(html);
	run_free(run);
}

Test(report_html, findings_stand_on_top_and_lead_to_their_groups)
{
	struct run *run = fixture_run_instructions();
	char *html = fixture_html(run), *answer = strstr(html, "<nav"), *end;

	cr_assert_not_null(answer);
	end = strstr(answer, "</nav>");
	cr_assert_lt(answer, strstr(html, "<section"), "before everything else");
	for (size_t group = 1; group <= 3; group++) {
		char link[32];

		snprintf(link, sizeof(link), "href=\"#group-%zu\"", group);
		cr_expect(strstr(answer, link) && strstr(answer, link) < end, "%s", link);
	}
	cr_expect_not_null(strstr(answer, "<strong>dax</strong> executes 3,174 instructions"));
	cr_expect_lt(strstr(html, "The clock counts "), answer, "what it counts comes first");
	cr_expect_null(strstr(answer, "class=\"more\""), "three are no more than four");
	free(html);
	run_free(run);
}

static size_t count(const char *text, const char *end, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word)) && text++ < end)
		n++;
	return n;
}

Test(report_html, four_findings_are_in_sight_one_of_each_section_first)
{
	static const char *const groups[] = {"read: 1",  "read: 2",  "read: 3", "read: 4",
					     "write: 1", "write: 2", "fault: 1"};
	struct run *run = run_new();
	char *html, *answer, *more, *end;

	run->clock = RUN_CLOCK_INSTRUCTIONS;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		fixture_cell(run, "dax", groups[i], 1)->summary[0].rank =
			fixture_quantity(2000, 2000, 2000);
	html = fixture_html(run);
	fixture_html_check_nesting(html);
	answer = strstr(html, "<nav");
	more = strstr(answer, "<details class=\"more\"><summary>and 3 more</summary>");
	cr_assert_not_null(more);
	end = strstr(more, "</nav>");
	cr_expect_eq(count(answer, more, "<li>"), 4);
	cr_expect_eq(count(more, end, "<li>"), 3);
	/* Three sections, and the first of what is left. */
	cr_expect(strstr(answer, ">read: 1<") < more && strstr(answer, ">read: 2<") < more &&
		  strstr(answer, ">write: 1<") < more && strstr(answer, ">fault: 1<") < more);
	free(html);
	run_free(run);
}

Test(report_html, a_second_pass_over_a_mapping_stands_apart_in_the_table)
{
	struct run *run = fixture_run_instructions();
	char *html = fixture_html(run), *table = strstr(html, "<table class=\"numbers\">"), *apart;

	apart = strstr(table, "<tr class=\"apart\"><th colspan=\"99\">once mapped, not ranked<");
	cr_assert_not_null(apart);
	cr_expect_gt(strstr(table, ">mmap-dax again<"), apart);
	cr_expect_lt(strstr(table, ">uring<"), apart);
	free(html);
	run_free(run);
}

Test(report_html, a_reason_for_no_finding_is_said_once_for_all_its_groups)
{
	struct run *run = fixture_run_instructions();
	char *html, *answer;
	size_t reasons = 0;

	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].clock_use = CLOCK_USE_FUNCTION;
	html = fixture_html(run);
	answer = strstr(html, "<nav");
	*strstr(answer, "</nav>") = '\0';
	for (char *c = answer; (c = strstr(c, "Emulated time")); c++)
		reasons++;
	cr_expect_eq(reasons, 1);
	cr_expect_not_null(strstr(answer, "href=\"#group-3\""));
	free(html);
	run_free(run);
}

Test(report_html, a_group_has_its_plots_in_two_sizes)
{
	struct run *run = fixture_run_ns();
	char *html = fixture_html(run);
	size_t plots = 0;

	for (char *c = html; (c = strstr(c, "<svg")); c++)
		plots++;
	cr_assert_eq(plots, 4, "bars and latency, wide and narrow");
	free(html);
	run_free(run);
}

Test(report_html, without_gnuplot_one_sentence_says_what_to_do_and_no_file_is_left)
{
	char *folder = fixture_folder_make(), *path;
	struct run *run = fixture_run_ns();
	struct error e = {""};

	cr_assert_gt(asprintf(&path, "%s/report.html", folder), 0);
	setenv("PATH", "", 1);
	cr_assert_eq(report_html(run, path, &e), -ENOENT);
	cr_assert_not_null(strstr(e.text, "gnuplot"));
	cr_assert_not_null(strstr(e.text, "do: apt-get install gnuplot-nox"));
	cr_assert_null(strchr(e.text, '\n'));
	cr_assert_eq(fixture_folder_remove(folder), 0);
	free(path);
	run_free(run);
}

Test(report_html, a_gnuplot_that_fails_leaves_the_old_report_alone)
{
	char *folder = fixture_folder_make(), *path, *fake, *html;
	struct run *run = fixture_run_ns();
	struct error e = {""};
	FILE *out;

	cr_assert_gt(asprintf(&path, "%s/report.html", folder), 0);
	cr_assert_gt(asprintf(&fake, "%s/gnuplot", folder), 0);
	out = fopen(path, "w");
	fputs("old", out);
	fclose(out);
	out = fopen(fake, "w");
	fputs("#!/bin/sh\necho 'line 1: no such terminal' >&2\nexit 3\n", out);
	fclose(out);
	cr_assert_eq(chmod(fake, 0755), 0);
	setenv("PATH", folder, 1);
	cr_assert_eq(report_html(run, path, &e), -EIO);
	cr_assert_not_null(strstr(e.text, "status 3: line 1: no such terminal"), "%s", e.text);
	html = fixture_file_read(path);
	cr_assert_str_eq(html, "old");
	cr_assert_eq(fixture_folder_remove(folder), 2, "the old report and the fake");
	free(html);
	free(fake);
	free(path);
	run_free(run);
}

Test(report_html, a_folder_that_is_not_there_is_named)
{
	struct run *run = run_new();
	struct error e = {""};

	cr_assert_eq(report_html(run, "/nowhere/report.html", &e), -ENOENT);
	cr_assert_not_null(strstr(e.text, "/nowhere/report.html"));
	run_free(run);
}

Test(report_html, a_refuted_cell_is_in_no_plot_and_no_table_of_numbers)
{
	struct run *run = fixture_run_ns();
	char *html = fixture_html(run);

	cr_assert_null(strstr(html, "99,000"), "the bar's number");
	cr_assert_null(strstr(html, "<td>99.0</td>"), "the table's kIOPS");
	cr_assert_not_null(strstr(html, "observed 1.00 interrupts per I/O, expected 0"));
	free(html);
	run_free(run);
}

Test(report_html, emulated_time_is_named_and_not_drawn)
{
	struct run *run = fixture_run_ns();
	char *html;

	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].clock_use = CLOCK_USE_FUNCTION;
	html = fixture_html(run);
	cr_assert_not_null(strstr(html, "<h2>Emulated time: not a figure</h2>"));
	cr_assert_null(strstr(html, "<svg"));
	free(html);
	run_free(run);
}
