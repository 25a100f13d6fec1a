// SPDX-License-Identifier: MIT
/* From runs to verdicts: what is compared with what, and how often. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/fixture_compare.h"

Test(comparison, of_counts_has_the_median_of_each_boot_as_its_unit)
{
	struct compared *two = fixture_compared(fixture_run_counted("0001", 2000, 2500),
						fixture_run_counted("0002", 2000, 2700));
	const struct compare_item *item;

	cr_assert_eq(two->c.nfigures, 2);
	item = &two->c.figures[1].item;
	cr_assert_eq(item->nbase, 3);
	cr_assert_eq(item->nnew, 3);
	cr_assert_eq(item->base[0], 2500);
	cr_assert_eq(item->base[1], 2501);
	cr_assert_eq(item->base[2], 2500);
	cr_assert_eq(two->c.figures[0].item.verdict, COMPARE_SAME);
	cr_assert_eq(item->verdict, COMPARE_SLOWER);
	cr_assert_eq(comparison_count(&two->c, COMPARE_SLOWER), 1);
	fixture_compared_free(two);
}

Test(comparison, of_times_has_the_run_as_its_unit_however_many_repetitions_there_are)
{
	struct run *base[] = {fixture_run_timed("0001", 10000), fixture_run_timed("0002", 10100)};
	struct run *new[] = {fixture_run_timed("0003", 10500)};
	struct comparison c;
	struct error e;

	cr_assert_eq(comparison_make(&c, (struct compare_side){base, 2},
				     (struct compare_side){new, 1}, 0.03, &e),
		     0, "%s", e.text);
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
	struct compared *two = fixture_compared(fixture_run_timed("0001", 10000),
						fixture_run_timed("0002", 10500));

	cr_assert_eq(comparison_count(&two->c, COMPARE_UNDECIDED), 3);
	fixture_compared_free(two);
	two = fixture_compared(fixture_run_timed("0001", 10000), fixture_run_timed("0003", 20000));
	cr_assert_eq(comparison_count(&two->c, COMPARE_FASTER), 3);
	fixture_compared_free(two);
}

/* With three repetitions nobody knows how noisy the machine was. */
Test(comparison, of_runs_with_few_repetitions_assumes_much_noise)
{
	struct run *base = fixture_run_timed("0001", 10000),
		   *new = fixture_run_timed("0002", 20000);
	struct compared *two;

	base->cells[0].nrepetitions = new->cells[0].nrepetitions = 3;
	run_summarize(base);
	run_summarize(new);
	two = fixture_compared(base, new);
	cr_assert_eq(comparison_count(&two->c, COMPARE_UNDECIDED), 3);
	base->cells[0].nrepetitions = new->cells[0].nrepetitions = 9;
	fixture_compared_free(two);
}

Test(comparison, asks_for_runs_not_for_boots)
{
	struct run *base = fixture_run_empty("0001", RUN_CLOCK_INSTRUCTIONS);
	struct run *new = fixture_run_empty("0002", RUN_CLOCK_INSTRUCTIONS);
	struct compared *two;

	fixture_add_boots(fixture_add_cell(base, "buffered"), 1000, 1060, 1120);
	fixture_add_boots(fixture_add_cell(new, "buffered"), 1020, 1080, 1010);
	run_summarize(base);
	run_summarize(new);
	two = fixture_compared(base, new);
	cr_assert_eq(two->c.figures[0].item.verdict, COMPARE_UNDECIDED);
	cr_assert_gt(two->c.figures[0].item.needed, 3);
	cr_assert_eq(comparison_runs_needed(&two->c, &two->c.figures[0]),
		     (two->c.figures[0].item.needed + 2) / 3);
	fixture_compared_free(two);
}

static void is_refused(struct run *base, struct run *new, const char *why)
{
	struct comparison c;
	struct error e;

	cr_assert_eq(comparison_make(&c, (struct compare_side){&base, 1},
				     (struct compare_side){&new, 1}, 0.03, &e),
		     -EINVAL);
	cr_assert(strstr(e.text, why), "%s", e.text);
	run_free(base);
	run_free(new);
}

Test(comparison, refuses_two_clocks_and_runs_without_a_cell_in_common)
{
	struct run *other = fixture_run_empty("0003", RUN_CLOCK_INSTRUCTIONS);

	is_refused(fixture_run_counted("0001", 1, 1), fixture_run_timed("0002", 1), "clock");
	fixture_add_boots(fixture_add_cell(other, "direct"), 5, 5, 5);
	run_summarize(other);
	is_refused(fixture_run_counted("0001", 1, 1), other, "in common");
	is_refused(fixture_run_empty("0001", RUN_CLOCK_NS), fixture_run_empty("0002", RUN_CLOCK_NS),
		   "in common");
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
	struct run *base = fixture_run_counted("0001", 2000, 2500),
		   *new = fixture_run_counted("0002", 2000, 2500);
	struct compared *two;

	fixture_add_boots(fixture_add_cell(base, "direct"), 5000, 5000, 5000);
	fixture_add_boots(fixture_add_cell(new, "uring"), 6000, 6000, 6000);
	fixture_add_boots(fixture_add_cell(base, "mmap-dax"), 50, 50, 50);
	cell_set_status(fixture_add_cell(new, "mmap-dax"), CELL_UNAVAILABLE, NULL, "no DAX here");
	cell_set_status(&new->cells[0], CELL_REFUTED, NULL, "it lied");
	run_summarize(base);
	run_summarize(new);
	two = fixture_compared(base, new);
	cr_assert_eq(two->c.nfigures, 1);
	cr_assert_eq(two->c.nmissing, 4);
	cr_assert_str_eq(why_missing(&two->c, "direct"), "only in base");
	cr_assert_str_eq(why_missing(&two->c, "uring"), "only in new");
	cr_assert_str_eq(why_missing(&two->c, "mmap-dax"), "no figure in new");
	cr_assert_str_eq(why_missing(&two->c, "buffered"), "no figure in new");
	fixture_compared_free(two);
}

Test(comparison, takes_no_emulated_time_for_a_figure)
{
	struct run *base = fixture_run_timed("0001", 10000),
		   *new = fixture_run_timed("0002", 20000);

	json_object_set_new(base->environment, "accelerator", json_string("tcg"));
	json_object_set_new(new->environment, "accelerator", json_string("tcg"));
	is_refused(base, new, "in common");
}
