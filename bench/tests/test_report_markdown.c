// SPDX-License-Identifier: MIT
/* The Markdown report: the table's numbers, and no name that is more than text. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/markdown.h"
#include "report/report.h"
#include "tests/fixture_files.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

static void expect_golden(const struct run *run, const char *path)
{
	char *text = fixture_report(report_markdown, run), *golden;

	if (getenv("BYPASS_GOLDEN")) {
		FILE *out = fopen(path, "we");

		cr_assert_not_null(out, "%s", path);
		fputs(text, out);
		fclose(out);
	}
	golden = fixture_file_read(path);
	cr_assert_str_eq(text, golden,
			 "%s is not what is written now; if that is right, do: BYPASS_GOLDEN=1 "
			 "build/asan/test_report_markdown",
			 path);
	free(golden);
	free(text);
}

Test(report_markdown, of_a_run_by_the_clock_of_nanoseconds)
{
	struct run *run = fixture_run_ns();

	expect_golden(run, "bench/tests/data/report-ns.md");
	run_free(run);
}

Test(report_markdown, of_a_run_by_the_clock_of_instructions)
{
	struct run *run = fixture_run_instructions();

	expect_golden(run, "bench/tests/data/report-instructions.md");
	run_free(run);
}

/* The line that begins with @start, alone. */
static char *line_of(const char *text, const char *start)
{
	const char *line = fixture_line(text, start);

	return strndup(line, strcspn(line, "\n"));
}

/* What column_text() wrote stands in both, in the same order. */
Test(report_markdown, has_the_numbers_of_the_terminals_table)
{
	struct run *run = fixture_run_ns();
	char *markdown = fixture_report(report_markdown, run), *row, *line, *word, *rest;
	char *terminal = fixture_tables(run);

	line = line_of(terminal, "userdrv-poll ");
	row = line_of(markdown, "| userdrv-poll |");
	rest = row;
	for (word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		rest = strstr(rest, word);
		cr_assert_not_null(rest, "'%s' of the terminal is not in: %s", word, row);
		rest += strlen(word);
	}
	free(row);
	free(line);
	free(terminal);
	free(markdown);
	run_free(run);
}

static char *escaped(const char *text)
{
	char *result;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	markdown_text(out, text);
	fclose(out);
	return result;
}

Test(report_markdown, escapes_what_would_be_markup)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"4k randread, hot (QD32): 1/2", "4k randread, hot (QD32): 1/2"},
		{"a|b", "a\\|b"},
		{"a\\|b", "a\\\\\\|b"},
		{"<b>&amp;", "&lt;b&gt;&amp;amp;"},
		{"a\nb\tc", "a b c"},
		{"a\r\n\033[31mb\x7f", "a? ?\\[31mb?"},
		{"*a* _b_ `c` ~~d~~ #1 ![e](f) $g$",
		 "\\*a\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~ \\#1 \\!\\[e\\](f) \\$g\\$"},
		{"poll_queues=1 _x y_ __z__", "poll_queues=1 \\_x y\\_ \\_\\_z\\_\\_"},
		{"see https://x.org or www.x.org, Www.x",
		 "see https&#58;//x.org or &#119;ww.x.org, &#87;ww.x"},
		{"gr\xc3\xbc\xc3\x9f \xff", "gr\xc3\xbc\xc3\x9f ?"},
		{"", "-"},
		{NULL, "-"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = escaped(cases[i].text);

		cr_assert_str_eq(text, cases[i].expected);
		free(text);
	}
}

#define HOSTILE "x|y\n# Heading\n\n<script>alert(1)</script>|`code`|[a](javascript:b)\n| z | z |\n"

static void make_hostile(struct run *run)
{
	static char argument[] = HOSTILE, *argv[] = {argument};

	free(run->question);
	run->question = memory_string(HOSTILE);
	free(run->suite);
	run->suite = memory_string(HOSTILE);
	for (size_t i = 0; i < run->ncells; i++) {
		struct cell *cell = &run->cells[i];

		snprintf(cell->group, sizeof(cell->group), "%.60s", HOSTILE);
		snprintf(cell->row, sizeof(cell->row), "%s", HOSTILE);
		snprintf(cell->workload.target, sizeof(cell->workload.target), "%s", HOSTILE);
		if (cell->reason) {
			free(cell->reason);
			cell->reason = memory_string(HOSTILE);
		}
		if (cell->remedy) {
			free(cell->remedy);
			cell->remedy = memory_string(HOSTILE);
		}
		for (size_t j = 0; j < cell->nevidence; j++) {
			free(cell->evidence[j].observed);
			cell->evidence[j].observed = memory_string(HOSTILE);
		}
	}
	json_object_set_new(run->targets, HOSTILE, json_string(HOSTILE));
	json_object_set_new(run->environment, HOSTILE, json_string(HOSTILE));
	run_warn(run, "x", HOSTILE, HOSTILE);
	run->argc = 1;
	run->argv = argv;
}

/* Fields of a line of a table: bars without a backslash before them. */
static size_t bars(const char *line, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\\')
			i++;
		else
			n += line[i] == '|';
	}
	return n;
}

Test(report_markdown, hostile_names_make_no_line_no_field_and_no_tag)
{
	struct run *run = fixture_run_ns();
	int argc = run->argc;
	char **argv = run->argv, *text;
	size_t expected = 0, headings = 0;

	make_hostile(run);
	text = fixture_report(report_markdown, run);
	cr_assert_null(strchr(text, '<'), "no tag: %s", text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n"), n = bars(line, length);

		headings += *line == '#';
		if (*line != '|') {
			cr_assert_eq(n, 0, "%.*s", (int)length, line);
			expected = 0;
			continue;
		}
		expected = expected ? expected : n;
		cr_assert_eq(n, expected, "%.*s", (int)length, line);
	}
	cr_assert_eq(headings, 5, "title, answers, the group, environment, warnings");
	free(text);
	run->argc = argc;
	run->argv = argv;
	run_free(run);
}

Test(report_markdown, a_partial_run_says_so_and_a_good_one_has_no_warnings)
{
	struct run *run = run_new();
	char *text;

	run->complete = true;
	text = fixture_report(report_markdown, run);
	cr_assert_null(strstr(text, "## Warnings"));
	free(text);
	run->complete = false;
	text = fixture_report(report_markdown, run);
	cr_assert_not_null(strstr(text, "\n- Partial: "));
	free(text);
	run_free(run);
}

Test(report_markdown, emulated_time_is_apart_and_not_ranked)
{
	struct run *run = fixture_run_ns();
	char *text, *row;

	run->cells[0].clock_use = CLOCK_USE_FUNCTION;
	text = fixture_report(report_markdown, run);
	row = strstr(text, "\nEmulated time: not a figure");
	cr_assert_not_null(row);
	cr_assert_not_null(strstr(row, run->cells[0].workload.path));
	free(text);
	run_free(run);
}

Test(report_markdown, counted_functions_have_tables)
{
	struct run *run = fixture_run_recorded();
	char *text = fixture_report(report_markdown, run);

	cr_assert_not_null(strstr(text, "\n| function | insn/IO | share | in |\n"));
	cr_assert_not_null(strstr(text, " | 100.0 % | - |\n"));
	free(text);
	run_free(run);
}
