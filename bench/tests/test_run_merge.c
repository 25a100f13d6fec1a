// SPDX-License-Identifier: MIT
/* What boots become when their runs are put together. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_summary.h"

static void merges(struct run *into, const struct run *from)
{
	struct error e = {""};

	cr_assert_eq(run_merge(into, from, &e), 0, "%s", e.text);
}

Test(run_merge, appends_repetitions_with_their_boot_and_copies_histograms)
{
	struct run *into = fixture_run_of_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	struct run *from = fixture_run_of_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const uint64_t half[PASSES_MAX] = {900, 0};
	const struct cell *cell = &into->cells[0];
	struct pass_result *pass;

	fixture_add_exact(into, 1, 1000, 0);
	pass = fixture_add_exact(from, 2, 1002, 0);
	pass->wait = 5;
	pass->doorbells = 6;
	pass->sleeps = 7;
	pass->empty_looks = 8;
	pass->latency = calloc(1, sizeof(struct histogram));
	histogram_record(pass->latency, 5);
	cell_add_half_block(&from->cells[0], half);
	from->null_known = true;
	from->null_per_op = 40000;
	merges(into, from);
	run_free(from);
	cr_assert_eq(cell->nrepetitions, 2);
	cr_assert_eq(cell->repetitions[1].boot, 2);
	pass = &cell->repetitions[1].pass[0];
	cr_assert_eq(histogram_total(pass->latency), 1);
	cr_assert_eq(pass->wait, 5);
	cr_assert_eq(pass->doorbells, 6);
	cr_assert_eq(pass->sleeps, 7);
	cr_assert_eq(pass->empty_looks, 8);
	/* The first boot has no figure at half the block; the second keeps its own. */
	cr_assert_eq(cell->nhalf_block, 2);
	cr_assert_eq(cell->half_block[0][0], 0);
	cr_assert_eq(cell->half_block[0][1], 900);
	cr_assert_eq(into->boots, 2);
	cr_assert(into->null_known);
	cr_assert_eq(into->null_per_op, 40000);
	run_summarize(into);
	fixture_quantity_is(&cell->summary[0].copy, 204, 204, 204);
	run_free(into);
}

static void add_verdict(struct run *run, const char *claim, enum verdict verdict,
			const char *observed)
{
	cell_add_evidence(&run->cells[0], claim, "x", "y", PHASE_TIMED, verdict, "%s", observed);
}

Test(run_merge, keeps_the_worst_verdict_of_each_claim)
{
	struct run *into = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct cell *cell = &into->cells[0];

	add_verdict(into, "a", VERDICT_HELD, "first");
	add_verdict(into, "b", VERDICT_HELD, "first");
	add_verdict(into, "c", VERDICT_UNOBSERVED, "first");
	add_verdict(from, "a", VERDICT_HELD, "second");
	add_verdict(from, "b", VERDICT_UNOBSERVED, "second");
	add_verdict(from, "c", VERDICT_REFUTED, "second");
	cell_add_evidence(&from->cells[0], "a", "x", "y", PHASE_WITNESS, VERDICT_HELD, "seen");
	merges(into, from);
	run_free(from);
	cr_assert_eq(cell->nevidence, 4);
	cr_assert_str_eq(cell->evidence[0].observed, "first");
	cr_assert_eq(cell->evidence[1].verdict, VERDICT_UNOBSERVED);
	cr_assert_str_eq(cell->evidence[1].observed, "second");
	cr_assert_eq(cell->evidence[2].verdict, VERDICT_REFUTED);
	cr_assert_eq(cell->evidence[3].phase, PHASE_WITNESS);
	cr_assert_eq(cell->status, CELL_REFUTED);
	cr_assert_str_eq(cell->reason, "c: second, expected x");
	run_free(into);
}

Test(run_merge, keeps_the_worst_status)
{
	static const enum cell_status order[] = {CELL_PLANNED, CELL_MEASURED, CELL_UNAVAILABLE,
						 CELL_FAILED, CELL_REFUTED};
	unsigned int a, b;

	for (a = 0; a < 5; a++) {
		for (b = 0; b < 5; b++) {
			struct run *into = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
			struct run *from = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

			cell_set_status(&into->cells[0], order[a], NULL, "into");
			cell_set_status(&from->cells[0], order[b], "help", "from");
			merges(into, from);
			cr_assert_eq(into->cells[0].status, order[a > b ? a : b]);
			cr_assert_str_eq(into->cells[0].reason, b > a ? "from" : "into");
			run_free(into);
			run_free(from);
		}
	}
}

Test(run_merge, joins_warnings_targets_and_environment)
{
	struct run *into = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

	run_warn(into, "governor", NULL, "powersave");
	run_warn(from, "governor", NULL, "powersave");
	run_warn(from, "governor", "do this", "ondemand");
	json_object_set_new(from->environment, "kernel", json_string("6.1"));
	json_object_set_new(into->targets, "a", json_string("mine"));
	json_object_set_new(from->targets, "a", json_string("theirs"));
	json_object_set_new(from->targets, "b", json_string("theirs"));
	from->complete = false;
	merges(into, from);
	run_free(from);
	cr_assert_eq(into->nwarnings, 2);
	cr_assert_str_eq(into->warnings[1].text, "ondemand");
	cr_assert_str_eq(json_string_value(json_object_get(into->environment, "kernel")), "6.1");
	cr_assert_str_eq(json_string_value(json_object_get(into->targets, "a")), "mine");
	cr_assert_str_eq(json_string_value(json_object_get(into->targets, "b")), "theirs");
	cr_assert_not(into->complete);
	run_free(into);
}

static void does_not_merge(struct run *into, struct run *from, const char *part)
{
	struct error e = {""};

	cr_assert_eq(run_merge(into, from, &e), -EINVAL);
	cr_assert(strstr(e.text, part), "'%s' lacks '%s'", e.text, part);
}

Test(run_merge, refuses_runs_of_different_plans_clocks_or_the_same_boot)
{
	struct run *into = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = fixture_run_of_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

	from->clock = RUN_CLOCK_INSTRUCTIONS;
	does_not_merge(into, from, "one run counts nanoseconds");
	from->clock = RUN_CLOCK_NS;
	snprintf(from->cells[0].id, sizeof(from->cells[0].id), "b");
	does_not_merge(into, from, "('a' and 'b')");
	snprintf(from->cells[0].id, sizeof(from->cells[0].id), "a");
	fixture_add_pass(into, 2, 1);
	fixture_add_pass(from, 2, 1);
	does_not_merge(into, from, "boot 2 of 'a'");
	run_free(from);
	from = run_new();
	does_not_merge(into, from, "1 and 0 cells");
	run_free(from);
	cr_assert_eq(into->cells[0].nrepetitions, 1);
	run_free(into);
}
