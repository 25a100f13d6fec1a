// SPDX-License-Identifier: MIT
/* What is printed of a comparison: tables, what differs around the runs, JSON, CSV, groups. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_compare.h"
#include "tests/fixture_report.h"

static char *tables_of(const struct comparison *c)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_compare_tables(out, c);
	fclose(out);
	return text;
}

/* Boots of one side that don't agree: its mean isn't its median. */
Test(compare_tables, show_the_values_whose_quotient_is_the_ratio)
{
	struct run *base = fixture_run_counted("0001", 2000, 12140),
		   *new = fixture_run_counted("0002", 2000, 12139);
	struct compared *two = fixture_compared(base, new);
	double *boots = (double *)two->c.figures[1].item.new;
	char *text;

	boots[0] = 12130;
	boots[1] = 12139;
	boots[2] = 12200;
	compare_judge(&two->c.figures[1].item, 1, 0.03);
	text = tables_of(&two->c);
	cr_assert(strstr(text, "path      metric      base     new  new/base "), "%s", text);
	cr_assert(strstr(text, "dax       work+irq  12,140  12,156     1.001 "), "%s", text);
	free(text);
	fixture_compared_free(two);
}

Test(compare_tables, say_verdict_ratio_and_exit_status_within_80_columns)
{
	struct compared *two = fixture_compared(fixture_run_counted("0001", 2000, 2500),
						fixture_run_counted("0002", 1000, 2700));
	char *text = tables_of(&two->c);

	cr_assert_leq(fixture_longest_line(text), 80, "%s", text);
	cr_assert(strstr(text, "base 0001, new 0002; clock instructions, threshold 3%\n"), "%s",
		  text);
	cr_assert(strstr(text, "ENV same\n"));
	cr_assert(strstr(text, "buffered  work+irq  2,000  1,000     0.500"), "%s", text);
	cr_assert(strstr(text, "FASTER\n"));
	cr_assert(strstr(text, "SLOWER\n"));
	cr_assert(strstr(text, "2 figures: 1 slower, 1 faster, 0 same, 0 undecided. exit 1\n"),
		  "%s", text);
	free(text);
	fixture_compared_free(two);
}

Test(compare_tables, say_how_many_runs_an_answer_needs)
{
	struct compared *two = fixture_compared(fixture_run_timed("0001", 10000),
						fixture_run_timed("0002", 10500));
	char *text = tables_of(&two->c);

	cr_assert_leq(fixture_longest_line(text), 80, "%s", text);
	cr_assert(strstr(text, "undecided ("), "%s", text);
	cr_assert(strstr(text, "runs on each side). exit 0\nnext: "), "%s", text);
	free(text);
	fixture_compared_free(two);
}

Test(compare_tables, give_a_long_name_one_line_above_its_figures)
{
	struct run *runs[] = {fixture_run_empty("0001", RUN_CLOCK_NS),
			      fixture_run_empty("0002", RUN_CLOCK_NS)};
	const char *at;
	size_t told = 0;
	struct compared *two;
	char *text;

	for (size_t i = 0; i < 2; i++) {
		struct cell *cell = fixture_add_cell(runs[i], "userdrv-hybrid");

		snprintf(cell->row, sizeof(cell->row), "and what tells these many rows apart here");
		fixture_add_rounds(cell, 10000, 100000);
		run_summarize(runs[i]);
	}
	two = fixture_compared(runs[0], runs[1]);
	text = tables_of(&two->c);
	cr_assert_leq(fixture_longest_line(text), 80, "%s", text);
	for (at = text; (at = strstr(at, "userdrv-hybrid and")); at++)
		told++;
	cr_assert_eq(told, 1, "%s", text);
	free(text);
	fixture_compared_free(two);
}

/* The tables of two runs, which it takes. */
static char *tables_of_two(struct run *base, struct run *new)
{
	struct compared *two = fixture_compared(base, new);
	char *text = tables_of(&two->c);

	fixture_compared_free(two);
	return text;
}

Test(compare_environment, names_the_one_change_under_test)
{
	struct run *base = fixture_run_counted("0001", 1, 1),
		   *new = fixture_run_counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "kernel", json_string("6.1.0"));
	json_object_set_new(new->environment, "kernel", json_string("6.12.9"));
	json_object_set_new(base->environment, "kernel_build", json_string("#1"));
	json_object_set_new(new->environment, "kernel_build", json_string("#2"));
	json_object_set_new(new->environment, "memory", json_string("another number"));
	text = tables_of_two(base, new);
	cr_assert(strstr(text, "ENV same but kernel 6.1.0 -> 6.12.9 (the change under test)\n"),
		  "%s", text);
	free(text);
}

/* A load before the run, or how warm a disk became, changes each time. */
Test(compare_environment, does_not_name_what_is_never_the_same)
{
	struct run *base = fixture_run_counted("0001", 1, 1),
		   *new = fixture_run_counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "load_average", json_string("0.10"));
	json_object_set_new(new->environment, "load_average", json_string("0.20"));
	json_object_set_new(base->targets, "nvme:S1",
			    json_pack("{s:{s:i,s:i}}", "device", "temperature_c_before", 40,
				      "temperature_c_after", 45));
	json_object_set_new(new->targets, "nvme:S1",
			    json_pack("{s:{s:i,s:i}}", "device", "temperature_c_before", 41,
				      "temperature_c_after", 50));
	text = tables_of_two(base, new);
	cr_assert(strstr(text, "ENV same\n"), "%s", text);
	free(text);
}

Test(compare_environment, warns_of_several_changes_and_looks_into_objects_and_targets)
{
	struct run *base = fixture_run_counted("0001", 1, 1),
		   *new = fixture_run_counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "governor", json_string("powersave"));
	json_object_set_new(new->environment, "mitigations",
			    json_pack("{s:s}", "retbleed", "Vulnerable"));
	json_object_set_new(base->targets, "nvme:S1",
			    json_pack("{s:{s:s}}", "device", "firmware", "A"));
	json_object_set_new(new->targets, "nvme:S1",
			    json_pack("{s:{s:s}}", "device", "firmware", "B"));
	text = tables_of_two(base, new);
	cr_assert(strstr(text, "WARN ENV differs in more than one thing: governor powersave -> "
			       "unknown;"),
		  "%s", text);
	cr_assert(strstr(text, "mitigations retbleed unknown"), "%s", text);
	cr_assert(strstr(text, "firmware A -> B"), "%s", text);
	cr_assert_leq(fixture_longest_line(text), 80, "%s", text);
	free(text);
}

Test(compare_environment, shows_of_a_long_list_the_words_that_differ)
{
	struct run *base = fixture_run_counted("0001", 1, 1),
		   *new = fixture_run_counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "emulated_cpu",
			    json_string("qemu64,+aes,+avx,+clwb,+movbe,+popcnt,+xsave,+fma"));
	json_object_set_new(new->environment, "emulated_cpu",
			    json_string("qemu64,+aes,+avx,+clwb,+movbe,+popcnt,+xsave,+adx"));
	text = tables_of_two(base, new);
	cr_assert(strstr(text, "emulated_cpu -+fma ++adx (the change"), "%s", text);
	free(text);
}

Test(compare_json, has_every_figure_with_its_verdict)
{
	struct compared *two = fixture_compared(fixture_run_counted("0001", 2000, 2500),
						fixture_run_counted("0002", 2000, 2700));
	json_t *json = report_compare_json(&two->c);
	json_t *figure = json_array_get(json_object_get(json, "figures"), 1);

	cr_assert_eq(json_array_size(json_object_get(json, "figures")), 2);
	cr_assert_eq(json_integer_value(json_object_get(json, "threshold_ppm")), 30000);
	cr_assert_str_eq(json_string_value(json_object_get(figure, "verdict")), "SLOWER");
	cr_assert_eq(json_integer_value(json_object_get(figure, "ratio_ppm")), 1079989, "%lld",
		     json_integer_value(json_object_get(figure, "ratio_ppm")));
	cr_assert_eq(json_integer_value(json_object_get(figure, "base_units")), 3);
	json_decref(json);
	fixture_compared_free(two);
}

Test(compare_csv, has_one_line_for_each_figure_and_for_each_cell_that_is_missing)
{
	struct run *base = fixture_run_counted("0001", 2000, 2500),
		   *new = fixture_run_counted("0002", 2000, 2700);
	size_t lines = 0, size;
	struct compared *two;
	char *text, *rest = NULL;
	FILE *out = open_memstream(&text, &size);

	fixture_add_boots(fixture_add_cell(base, "direct"), 5000, 5000, 5000);
	run_summarize(base);
	two = fixture_compared(base, new);
	cr_assert_eq(report_compare_csv(out, &two->c), 0);
	fclose(out);
	cr_assert(strstr(text, "\"dax 4k randread\",all,work+irq,2500,2700,3,3,1079989,"), "%s",
		  text);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t commas = 0;

		for (const char *at = line; *at; at++)
			commas += *at == ',';
		cr_assert_eq(commas, 14, "%s", line);
		lines++;
	}
	cr_assert_eq(lines, 4);
	free(text);
	fixture_compared_free(two);
}

Test(compare_groups, shows_each_cell_in_each_environment)
{
	struct run *runs[] = {fixture_run_counted("0001", 2000, 2500),
			      fixture_run_counted("0002", 2100, 2500),
			      fixture_run_counted("0003", 3000, 2500)};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < 3; i++)
		json_object_set_new(runs[i]->environment, "kernel",
				    json_string(i < 2 ? "6.1.0" : "6.12.9"));
	report_compare_groups(out, (struct compare_side){runs, 3});
	fclose(out);
	cr_assert(strstr(text, "3 runs in 2 environments (env)\n"), "%s", text);
	cr_assert(strstr(text, "1: clock instructions, kernel 6.1.0; runs 0001 0002\n"), "%s",
		  text);
	cr_assert(strstr(text, "  1  work+irq      2,050      2,000      2,100     2\n"), "%s",
		  text);
	cr_assert(strstr(text, "  2  work+irq      3,000      3,000      3,000     1\n"), "%s",
		  text);
	cr_assert_leq(fixture_longest_line(text), 80);
	free(text);
	for (size_t i = 0; i < 3; i++)
		run_free(runs[i]);
}
