// SPDX-License-Identifier: MIT
/* From runs to verdicts and to what is printed of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/compare.h"

static struct run *new_run(const char *id, enum run_clock clock)
{
	struct run *run = run_new();

	snprintf(run->id, sizeof(run->id), "%s", id);
	snprintf(run->started_utc, sizeof(run->started_utc), "2026-11-23T01:00:00Z");
	run->clock = clock;
	run->complete = true;
	return run;
}

static struct cell *add_cell(struct run *run, const char *path)
{
	struct cell *cell;

	run->cells = memory_append(run->cells, run->ncells, sizeof(*run->cells));
	cell = &run->cells[run->ncells++];
	workload_defaults(&cell->workload);
	snprintf(cell->workload.path, sizeof(cell->workload.path), "%s", path);
	snprintf(cell->workload.target, sizeof(cell->workload.target), "testbed:pmem/xfs");
	snprintf(cell->group, sizeof(cell->group), "4k randread, hot, durability none");
	snprintf(cell->id, sizeof(cell->id), "%s 4k randread", path);
	cell->status = CELL_MEASURED;
	return cell;
}

/* Three boots of three repetitions; the repetitions of a boot lie around what it cost. */
static void add_boots(struct cell *cell, uint64_t first, uint64_t second, uint64_t third)
{
	const uint64_t costs[] = {first, second, third};

	for (unsigned int i = 0; i < 9; i++) {
		struct repetition *repetition = cell_add_repetition(cell, 1 + i / 3, i % 3);

		repetition->npasses = 1;
		repetition->pass[0].ios = 1000;
		repetition->pass[0].op_median = costs[i / 3] - 1 + i % 3;
		repetition->pass[0].machine_known = true;
	}
}

/* Nine repetitions of one second, IOPS within 1 % of @iops, all latencies @latency ns. */
static void add_rounds(struct cell *cell, uint64_t iops, uint64_t latency)
{
	for (unsigned int i = 0; i < 9; i++) {
		struct repetition *repetition = cell_add_repetition(cell, 0, i);
		struct pass_result *pass = &repetition->pass[0];

		repetition->npasses = 1;
		pass->ios = iops + iops * i / 1000;
		pass->duration = 1000000000;
		pass->latency = memory_zeroed(1, sizeof(*pass->latency));
		histogram_record(pass->latency, latency);
	}
}

static struct run *counted(const char *id, uint64_t buffered, uint64_t dax)
{
	struct run *run = new_run(id, RUN_CLOCK_INSTRUCTIONS);

	add_boots(add_cell(run, "buffered"), buffered, buffered, buffered);
	add_boots(add_cell(run, "dax"), dax, dax + 1, dax);
	run_summarize(run);
	return run;
}

static struct run *timed(const char *id, uint64_t iops)
{
	struct run *run = new_run(id, RUN_CLOCK_NS);

	add_rounds(add_cell(run, "userdrv-hybrid"), iops, 1000000000 / iops);
	run_summarize(run);
	return run;
}

static struct compare_side side(struct run **runs, size_t n)
{
	return (struct compare_side){runs, n};
}

static struct comparison compared(struct run **base, size_t nbase, struct run **new, size_t nnew)
{
	struct comparison c;
	struct error e;

	cr_assert_eq(comparison_make(&c, side(base, nbase), side(new, nnew), 0.03, &e), 0, "%s",
		     e.text);
	return c;
}

static char *tables_of(const struct comparison *c)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_compare_tables(out, c);
	fclose(out);
	return text;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0, width = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + 1;
		longest = width > longest ? width : longest;
	}
	return longest;
}

Test(comparison, of_counts_has_the_median_of_each_boot_as_its_unit)
{
	struct run *base = counted("0001", 2000, 2500), *new = counted("0002", 2000, 2700);
	struct comparison c = compared(&base, 1, &new, 1);
	const struct compare_item *item;

	cr_assert_eq(c.nfigures, 2);
	item = &c.figures[1].item;
	cr_assert_eq(item->nbase, 3);
	cr_assert_eq(item->nnew, 3);
	cr_assert_eq(item->base[0], 2500);
	cr_assert_eq(item->base[1], 2501);
	cr_assert_eq(item->base[2], 2500);
	cr_assert_eq(c.figures[0].item.verdict, COMPARE_SAME);
	cr_assert_eq(item->verdict, COMPARE_SLOWER);
	cr_assert_eq(comparison_count(&c, COMPARE_SLOWER), 1);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(comparison, of_times_has_the_run_as_its_unit_however_many_repetitions_there_are)
{
	struct run *base[] = {timed("0001", 10000), timed("0002", 10100)};
	struct run *new[] = {timed("0003", 10500)};
	struct comparison c = compared(base, 2, new, 1);

	cr_assert_eq(c.nfigures, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(c.figures[i].metric, METRIC_IOPS + i);
		cr_assert_eq(c.figures[i].item.nbase, 2);
		cr_assert_eq(c.figures[i].item.nnew, 1);
		cr_assert_eq(c.figures[i].item.verdict, COMPARE_UNDECIDED);
		cr_assert_eq(c.figures[i].item.higher_is_better, i == 0);
		cr_assert_geq(c.figures[i].item.noise, 0.02);
	}
	comparison_free(&c);
	run_free(base[0]);
	run_free(base[1]);
	run_free(new[0]);
}

/* Repetitions of one run agree within 1 %; that says nothing of the next run. */
Test(comparison, of_one_run_with_one_does_not_cry_wolf_at_5_percent)
{
	struct run *base = timed("0001", 10000), *new = timed("0002", 10500);
	struct run *far = timed("0003", 20000);
	struct comparison c = compared(&base, 1, &new, 1);

	cr_assert_eq(comparison_count(&c, COMPARE_UNDECIDED), 3);
	comparison_free(&c);
	c = compared(&base, 1, &far, 1);
	cr_assert_eq(comparison_count(&c, COMPARE_FASTER), 3);
	comparison_free(&c);
	run_free(base);
	run_free(new);
	run_free(far);
}

/* With three repetitions nobody knows how noisy the machine was. */
Test(comparison, of_runs_with_few_repetitions_assumes_much_noise)
{
	struct run *base = timed("0001", 10000), *new = timed("0002", 20000);
	struct comparison c;

	base->cells[0].nrepetitions = new->cells[0].nrepetitions = 3;
	run_summarize(base);
	run_summarize(new);
	c = compared(&base, 1, &new, 1);
	cr_assert_eq(comparison_count(&c, COMPARE_UNDECIDED), 3);
	comparison_free(&c);
	base->cells[0].nrepetitions = new->cells[0].nrepetitions = 9;
	run_free(base);
	run_free(new);
}

Test(comparison, asks_for_runs_not_for_boots)
{
	struct run *base = new_run("0001", RUN_CLOCK_INSTRUCTIONS);
	struct run *new = new_run("0002", RUN_CLOCK_INSTRUCTIONS);
	struct comparison c;

	add_boots(add_cell(base, "buffered"), 1000, 1060, 1120);
	add_boots(add_cell(new, "buffered"), 1020, 1080, 1010);
	run_summarize(base);
	run_summarize(new);
	c = compared(&base, 1, &new, 1);
	cr_assert_eq(c.figures[0].item.verdict, COMPARE_UNDECIDED);
	cr_assert_gt(c.figures[0].item.needed, 3);
	cr_assert_eq(comparison_runs_needed(&c, &c.figures[0]), (c.figures[0].item.needed + 2) / 3);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

static void is_refused(struct run *base, struct run *new, const char *why)
{
	struct comparison c;
	struct error e;

	cr_assert_eq(comparison_make(&c, side(&base, 1), side(&new, 1), 0.03, &e), -EINVAL);
	cr_assert(strstr(e.text, why), "%s", e.text);
	run_free(base);
	run_free(new);
}

Test(comparison, refuses_two_clocks_and_runs_without_a_cell_in_common)
{
	struct run *other = new_run("0003", RUN_CLOCK_INSTRUCTIONS);

	is_refused(counted("0001", 1, 1), timed("0002", 1), "clock");
	add_boots(add_cell(other, "direct"), 5, 5, 5);
	run_summarize(other);
	is_refused(counted("0001", 1, 1), other, "in common");
	is_refused(new_run("0001", RUN_CLOCK_NS), new_run("0002", RUN_CLOCK_NS), "in common");
}

static const char *why_missing(const struct comparison *c, const char *path)
{
	for (size_t i = 0; i < c->nmissing; i++)
		if (strcmp(c->missing[i].cell->workload.path, path) == 0)
			return c->missing[i].why;
	return "not missing";
}

Test(comparison, lists_what_only_one_side_has_measured)
{
	struct run *base = counted("0001", 2000, 2500), *new = counted("0002", 2000, 2500);
	struct comparison c;

	add_boots(add_cell(base, "direct"), 5000, 5000, 5000);
	add_boots(add_cell(new, "uring"), 6000, 6000, 6000);
	add_boots(add_cell(base, "mmap-dax"), 50, 50, 50);
	cell_set_status(add_cell(new, "mmap-dax"), CELL_UNAVAILABLE, NULL, "no DAX here");
	cell_set_status(&new->cells[0], CELL_REFUTED, NULL, "it lied");
	run_summarize(base);
	run_summarize(new);
	c = compared(&base, 1, &new, 1);
	cr_assert_eq(c.nfigures, 1);
	cr_assert_eq(c.nmissing, 4);
	cr_assert_str_eq(why_missing(&c, "direct"), "only in base");
	cr_assert_str_eq(why_missing(&c, "uring"), "only in new");
	cr_assert_str_eq(why_missing(&c, "mmap-dax"), "no figure in new");
	cr_assert_str_eq(why_missing(&c, "buffered"), "no figure in new");
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(comparison, takes_no_emulated_time_for_a_figure)
{
	struct run *base = timed("0001", 10000), *new = timed("0002", 20000);
	struct comparison c;
	struct error e;

	json_object_set_new(base->environment, "accelerator", json_string("tcg"));
	json_object_set_new(new->environment, "accelerator", json_string("tcg"));
	cr_assert_eq(comparison_make(&c, side(&base, 1), side(&new, 1), 0.03, &e), -EINVAL);
	run_free(base);
	run_free(new);
}

/* Boots of one side that don't agree: its mean isn't its median. */
Test(compare_tables, show_the_values_whose_quotient_is_the_ratio)
{
	struct run *base = counted("0001", 2000, 12140), *new = counted("0002", 2000, 12139);
	struct comparison c = compared(&base, 1, &new, 1);
	double *boots = (double *)c.figures[1].item.new;
	char *text;

	boots[0] = 12130;
	boots[1] = 12139;
	boots[2] = 12200;
	compare_judge(&c.figures[1].item, 1, 0.03);
	text = tables_of(&c);
	cr_assert(strstr(text, "path      metric      base     new  new/base "), "%s", text);
	cr_assert(strstr(text, "dax       work+irq  12,140  12,156     1.001 "), "%s", text);
	free(text);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(compare_tables, say_verdict_ratio_and_exit_status_within_80_columns)
{
	struct run *base = counted("0001", 2000, 2500), *new = counted("0002", 1000, 2700);
	struct comparison c = compared(&base, 1, &new, 1);
	char *text = tables_of(&c);

	cr_assert_leq(longest_line(text), 80, "%s", text);
	cr_assert(strstr(text, "base 0001, new 0002; clock instructions, threshold 3%\n"), "%s",
		  text);
	cr_assert(strstr(text, "ENV same\n"));
	cr_assert(strstr(text, "buffered  work+irq  2,000  1,000     0.500"), "%s", text);
	cr_assert(strstr(text, "FASTER\n"));
	cr_assert(strstr(text, "SLOWER\n"));
	cr_assert(strstr(text, "2 figures: 1 slower, 1 faster, 0 same, 0 undecided. exit 1\n"),
		  "%s", text);
	free(text);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(compare_tables, say_how_many_runs_an_answer_needs)
{
	struct run *base = timed("0001", 10000), *new = timed("0002", 10500);
	struct comparison c = compared(&base, 1, &new, 1);
	char *text = tables_of(&c);

	cr_assert_leq(longest_line(text), 80, "%s", text);
	cr_assert(strstr(text, "undecided ("), "%s", text);
	cr_assert(strstr(text, "runs on each side). exit 0\nnext: "), "%s", text);
	free(text);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(compare_tables, give_a_long_name_one_line_above_its_figures)
{
	struct run *runs[] = {new_run("0001", RUN_CLOCK_NS), new_run("0002", RUN_CLOCK_NS)};
	const char *at;
	size_t told = 0;
	struct comparison c;
	char *text;

	for (size_t i = 0; i < 2; i++) {
		struct cell *cell = add_cell(runs[i], "userdrv-hybrid");

		snprintf(cell->row, sizeof(cell->row), "and what tells these many rows apart here");
		add_rounds(cell, 10000, 100000);
		run_summarize(runs[i]);
	}
	c = compared(&runs[0], 1, &runs[1], 1);
	text = tables_of(&c);
	cr_assert_leq(longest_line(text), 80, "%s", text);
	for (at = text; (at = strstr(at, "userdrv-hybrid and")); at++)
		told++;
	cr_assert_eq(told, 1, "%s", text);
	free(text);
	comparison_free(&c);
	run_free(runs[0]);
	run_free(runs[1]);
}

static char *environment_line(struct run *base, struct run *new)
{
	struct comparison c = compared(&base, 1, &new, 1);
	char *text = tables_of(&c);

	comparison_free(&c);
	run_free(base);
	run_free(new);
	return text;
}

Test(compare_environment, names_the_one_change_under_test)
{
	struct run *base = counted("0001", 1, 1), *new = counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "kernel", json_string("6.1.0"));
	json_object_set_new(new->environment, "kernel", json_string("6.12.9"));
	json_object_set_new(base->environment, "kernel_build", json_string("#1"));
	json_object_set_new(new->environment, "kernel_build", json_string("#2"));
	json_object_set_new(new->environment, "memory", json_string("another number"));
	text = environment_line(base, new);
	cr_assert(strstr(text, "ENV same but kernel 6.1.0 -> 6.12.9 (the change under test)\n"),
		  "%s", text);
	free(text);
}

/* A load before the run, or how warm a disk became, changes each time. */
Test(compare_environment, does_not_name_what_is_never_the_same)
{
	struct run *base = counted("0001", 1, 1), *new = counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "load_average", json_string("0.10"));
	json_object_set_new(new->environment, "load_average", json_string("0.20"));
	json_object_set_new(base->targets, "nvme:S1",
			    json_pack("{s:{s:i,s:i}}", "device", "temperature_c_before", 40,
				      "temperature_c_after", 45));
	json_object_set_new(new->targets, "nvme:S1",
			    json_pack("{s:{s:i,s:i}}", "device", "temperature_c_before", 41,
				      "temperature_c_after", 50));
	text = environment_line(base, new);
	cr_assert(strstr(text, "ENV same\n"), "%s", text);
	free(text);
}

Test(compare_environment, warns_of_several_changes_and_looks_into_objects_and_targets)
{
	struct run *base = counted("0001", 1, 1), *new = counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "governor", json_string("powersave"));
	json_object_set_new(new->environment, "mitigations",
			    json_pack("{s:s}", "retbleed", "Vulnerable"));
	json_object_set_new(base->targets, "nvme:S1",
			    json_pack("{s:{s:s}}", "device", "firmware", "A"));
	json_object_set_new(new->targets, "nvme:S1",
			    json_pack("{s:{s:s}}", "device", "firmware", "B"));
	text = environment_line(base, new);
	cr_assert(strstr(text, "WARN ENV differs in more than one thing: governor powersave -> "
			       "unknown;"),
		  "%s", text);
	cr_assert(strstr(text, "mitigations retbleed unknown"), "%s", text);
	cr_assert(strstr(text, "firmware A -> B"), "%s", text);
	cr_assert_leq(longest_line(text), 80, "%s", text);
	free(text);
}

Test(compare_environment, shows_of_a_long_list_the_words_that_differ)
{
	struct run *base = counted("0001", 1, 1), *new = counted("0002", 1, 1);
	char *text;

	json_object_set_new(base->environment, "emulated_cpu",
			    json_string("qemu64,+aes,+avx,+clwb,+movbe,+popcnt,+xsave,+fma"));
	json_object_set_new(new->environment, "emulated_cpu",
			    json_string("qemu64,+aes,+avx,+clwb,+movbe,+popcnt,+xsave,+adx"));
	text = environment_line(base, new);
	cr_assert(strstr(text, "emulated_cpu -+fma ++adx (the change"), "%s", text);
	free(text);
}

Test(compare_json, has_every_figure_with_its_verdict)
{
	struct run *base = counted("0001", 2000, 2500), *new = counted("0002", 2000, 2700);
	struct comparison c = compared(&base, 1, &new, 1);
	json_t *json = report_compare_json(&c);
	json_t *figure = json_array_get(json_object_get(json, "figures"), 1);

	cr_assert_eq(json_array_size(json_object_get(json, "figures")), 2);
	cr_assert_eq(json_integer_value(json_object_get(json, "threshold_ppm")), 30000);
	cr_assert_str_eq(json_string_value(json_object_get(figure, "verdict")), "SLOWER");
	cr_assert_eq(json_integer_value(json_object_get(figure, "ratio_ppm")), 1079989, "%lld",
		     json_integer_value(json_object_get(figure, "ratio_ppm")));
	cr_assert_eq(json_integer_value(json_object_get(figure, "base_units")), 3);
	json_decref(json);
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(compare_csv, has_one_line_for_each_figure_and_for_each_cell_that_is_missing)
{
	struct run *base = counted("0001", 2000, 2500), *new = counted("0002", 2000, 2700);
	size_t lines = 0, size;
	struct comparison c;
	char *text, *rest = NULL;
	FILE *out = open_memstream(&text, &size);

	add_boots(add_cell(base, "direct"), 5000, 5000, 5000);
	run_summarize(base);
	c = compared(&base, 1, &new, 1);
	cr_assert_eq(report_compare_csv(out, &c), 0);
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
	comparison_free(&c);
	run_free(base);
	run_free(new);
}

Test(compare_groups, shows_each_cell_in_each_environment)
{
	struct run *runs[] = {counted("0001", 2000, 2500), counted("0002", 2100, 2500),
			      counted("0003", 3000, 2500)};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < 3; i++)
		json_object_set_new(runs[i]->environment, "kernel",
				    json_string(i < 2 ? "6.1.0" : "6.12.9"));
	report_compare_groups(out, side(runs, 3));
	fclose(out);
	cr_assert(strstr(text, "3 runs in 2 environments (env)\n"), "%s", text);
	cr_assert(strstr(text, "1: clock instructions, kernel 6.1.0; runs 0001 0002\n"), "%s",
		  text);
	cr_assert(strstr(text, "  1  work+irq      2,050      2,000      2,100     2\n"), "%s",
		  text);
	cr_assert(strstr(text, "  2  work+irq      3,000      3,000      3,000     1\n"), "%s",
		  text);
	cr_assert_leq(longest_line(text), 80);
	free(text);
	for (size_t i = 0; i < 3; i++)
		run_free(runs[i]);
}
