// SPDX-License-Identifier: MIT
/* run_summarize and run_merge: what repetitions and boots become. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"

static struct run *run_with_cell(enum run_clock clock, enum clock_use use)
{
	struct run *run = run_new();

	run->clock = clock;
	run->complete = true;
	run->cells = calloc(1, sizeof(*run->cells));
	run->ncells = 1;
	snprintf(run->cells[0].id, sizeof(run->cells[0].id), "a");
	workload_defaults(&run->cells[0].workload);
	run->cells[0].clock_use = use;
	cell_set_status(&run->cells[0], CELL_MEASURED, NULL, NULL);
	return run;
}

static struct pass_result *add_pass(struct run *run, unsigned int boot, uint64_t ios)
{
	struct repetition *repetition = cell_add_repetition(&run->cells[0], boot, 0);

	repetition->npasses = 1;
	repetition->pass[0].ios = ios;
	return &repetition->pass[0];
}

/* An exact cell that took @cost for each of 1000 operations, and @irq outside of its thread. */
static void add_exact(struct run *run, unsigned int boot, uint64_t cost, uint64_t irq)
{
	struct pass_result *pass = add_pass(run, boot, 1000);

	pass->op_median = cost;
	pass->thread = (cost + 10) * 1000;
	pass->machine = pass->thread + irq * 1000;
	pass->machine_known = true;
}

static const struct pass_summary *summarized(struct run *run)
{
	run_summarize(run);
	return &run->cells[0].summary[0];
}

static void quantity_is(const struct quantity *q, uint64_t median, uint64_t low, uint64_t high)
{
	cr_assert(q->known);
	cr_assert_eq(q->median, median, "median %lu, expected %lu", q->median, median);
	cr_assert_eq(q->low, low, "low %lu, expected %lu", q->low, low);
	cr_assert_eq(q->high, high, "high %lu, expected %lu", q->high, high);
}

Test(run_summarize, gives_rates_as_median_and_second_to_eighth_of_nine)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass;
	unsigned int i;

	for (i = 1; i <= 9; i++) {
		pass = add_pass(run, 0, i * 1000);
		pass->duration = 1000000000;
		pass->bytes = pass->ios * 4096;
		pass->thread = pass->ios * 50;
	}
	s = summarized(run);
	quantity_is(&s->iops, 5000, 2000, 8000);
	quantity_is(&s->bytes_per_s, 5000 * 4096, 2000 * 4096, 8000 * 4096);
	quantity_is(&s->cpu, 50, 50, 50);
	cr_assert_eq(s->spread_ppm, 1600000);
	cr_assert_not(s->rank.known || s->work.known || s->copy.known || s->irq.known);
	run_free(run);
}

Test(run_summarize, takes_percentiles_from_all_operations_together_and_never_averages_them)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass;
	unsigned int i, boot;

	/* 100 fast operations in one repetition, 10 slow ones in the other. */
	for (boot = 0; boot < 2; boot++) {
		pass = add_pass(run, 0, 100);
		pass->duration = 1000;
		pass->latency = calloc(1, sizeof(*pass->latency));
		for (i = 0; i < (boot ? 10 : 100); i++)
			histogram_record(pass->latency, boot ? 200 : 100);
	}
	s = summarized(run);
	quantity_is(&s->latency[P50], 100, 100, 200);
	quantity_is(&s->latency[P99], 200, 100, 200);
	quantity_is(&s->latency[PMAX], 200, 100, 200);
	cr_assert_eq(histogram_total(s->merged), 110);
	run_free(run);
}

Test(run_summarize, widens_a_latency_interval_that_does_not_hold_its_point)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass;
	unsigned int i;

	/* One repetition of nine has so many operations that it decides; the interval is 2 to 8. */
	for (i = 0; i < 9; i++) {
		pass = add_pass(run, 0, 1);
		pass->latency = calloc(1, sizeof(*pass->latency));
		pass->latency->count[histogram_index(i ? 100 : 200)] = i ? 1 : 1000;
	}
	s = summarized(run);
	quantity_is(&s->latency[P50], 200, 100, 200);
	run_free(run);
}

Test(run_summarize, ranks_exact_paths_by_the_median_operation_alone)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;

	add_exact(run, 1, 2658, 30);
	add_exact(run, 1, 2658, 31);
	add_exact(run, 2, 2660, 30);
	s = summarized(run);
	quantity_is(&s->work, 2658, 2658, 2660);
	quantity_is(&s->irq, 0, 0, 0);
	quantity_is(&s->wait, 0, 0, 0);
	quantity_is(&s->rank, 2658, 2658, 2660);
	quantity_is(&s->cpu, 2668, 2668, 2670);
	cr_assert_not(s->copy.known);
	cr_assert_not(s->iops.known || s->bytes_per_s.known);
	cr_assert_eq(s->spread_ppm, 752);
	run_free(run);
}

Test(run_summarize, ranks_waiting_paths_by_the_mean_of_the_thread)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_MACHINE);
	const struct pass_summary *s;

	add_exact(run, 1, 2658, 2600);
	s = summarized(run);
	quantity_is(&s->work, 2668, 2668, 2668);
	quantity_is(&s->rank, 5268, 5268, 5268);
	run_free(run);
}

Test(run_summarize, takes_the_mean_where_only_some_accesses_fault)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;

	add_exact(run, 1, 8, 0);
	run->cells[0].repetitions[0].pass[0].kind = PASS_FIRST_TOUCH;
	run->cells[0].repetitions[0].pass[0].op_total = 640000;
	run->cells[0].repetitions[0].pass[0].fault_median = 4928;
	add_exact(run, 1, 8, 0);
	run->cells[0].repetitions[1].pass[0].kind = PASS_FIRST_TOUCH;
	run->cells[0].repetitions[1].pass[0].op_total = 640000;
	s = summarized(run);
	cr_assert_eq(s->kind, PASS_FIRST_TOUCH);
	quantity_is(&s->work, 640, 640, 640);
	/* The repetition without a fault says nothing about what one costs. */
	quantity_is(&s->fault, 4928, 4928, 4928);
	run_free(run);
}

Test(run_summarize, takes_twice_what_half_a_block_adds_for_copy_boot_by_boot)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const uint64_t half[3][PASSES_MAX] = {{2400, 0}, {2402, 0}, {2404, 0}};
	const struct pass_summary *s;
	unsigned int boot;

	for (boot = 0; boot < 3; boot++) {
		add_exact(run, boot + 1, 2656 + 2 * boot, 0);
		add_exact(run, boot + 1, 2656 + 2 * boot, 0);
		cell_add_half_block(&run->cells[0], half[boot]);
	}
	s = summarized(run);
	quantity_is(&s->copy, 512, 512, 512);
	quantity_is(&s->work, 2146, 2144, 2148);
	quantity_is(&s->rank, 2146, 2144, 2148);
	run_free(run);
}

Test(run_summarize, keeps_copy_between_nothing_and_all)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	uint64_t half[PASSES_MAX] = {10, 0};
	const struct pass_summary *s;

	add_exact(run, 1, 1000, 0);
	cell_add_half_block(&run->cells[0], half);
	s = summarized(run);
	quantity_is(&s->copy, 1000, 1000, 1000);
	quantity_is(&s->work, 0, 0, 0);
	run->cells[0].half_block[0][0] = 1200;
	s = summarized(run);
	quantity_is(&s->copy, 0, 0, 0);
	quantity_is(&s->work, 1000, 1000, 1000);
	run_free(run);
}

Test(run_summarize, ranks_by_work_alone_where_the_machine_was_not_observed)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;

	add_exact(run, 1, 1000, 50);
	add_exact(run, 1, 1000, 50);
	run->cells[0].repetitions[1].pass[0].machine_known = false;
	s = summarized(run);
	cr_assert_not(s->irq.known);
	quantity_is(&s->rank, 1000, 1000, 1000);
	run_free(run);
}

Test(run_summarize, does_not_take_less_than_nothing_for_interrupts)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_MACHINE);
	const struct pass_summary *s;

	add_exact(run, 1, 1000, 0);
	run->cells[0].repetitions[0].pass[0].machine = 5;
	s = summarized(run);
	quantity_is(&s->irq, 0, 0, 0);
	run_free(run);
}

Test(run_summarize, gives_no_figure_for_a_path_that_is_run_for_its_function)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_FUNCTION);
	const struct pass_summary *s;

	add_exact(run, 1, 1000, 50);
	s = summarized(run);
	cr_assert_not(s->work.known || s->irq.known || s->wait.known || s->copy.known);
	cr_assert_not(s->rank.known || s->fault.known || s->cpu.known || s->iops.known);
	run_free(run);
}

Test(run_summarize, counts_events_per_thousand_operations)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass = add_pass(run, 1, 500);

	pass->faults_minor = 500;
	pass->context_switches = 1;
	pass->device_known = true;
	pass->device_bytes = 500 * 4096;
	pass->flushes = 250;
	s = summarized(run);
	quantity_is(&s->faults_minor, 1000, 1000, 1000);
	quantity_is(&s->faults_major, 0, 0, 0);
	quantity_is(&s->context_switches, 2, 2, 2);
	quantity_is(&s->device_bytes, 4096000, 4096000, 4096000);
	quantity_is(&s->flushes, 500, 500, 500);
	cr_assert_not(s->interrupts.known);
	cr_assert_not(s->syscalls.known);
	run_free(run);
}

Test(run_summarize, counts_what_only_the_path_can_where_it_does)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass;

	add_pass(run, 1, 500);
	s = summarized(run);
	cr_assert_not(s->doorbells.known || s->sleeps.known || s->empty_looks.known);
	pass = &run->cells[0].repetitions[0].pass[0];
	pass->doorbells = 1000;
	pass->empty_looks = 2;
	s = summarized(run);
	quantity_is(&s->doorbells, 2000, 2000, 2000);
	quantity_is(&s->sleeps, 0, 0, 0);
	quantity_is(&s->empty_looks, 4, 4, 4);
	/* A path whose doorbells the kernel rings may sleep all the same. */
	pass->doorbells = pass->empty_looks = 0;
	pass->sleeps = 500;
	s = summarized(run);
	cr_assert_not(s->doorbells.known);
	quantity_is(&s->sleeps, 1000, 1000, 1000);
	/* On a clock on which nobody counts looks, none counted doesn't mean none. */
	cr_assert_not(s->empty_looks.known);
	add_pass(run, 1, 500)->empty_looks = 50;
	s = summarized(run);
	quantity_is(&s->sleeps, 500, 0, 1000);
	quantity_is(&s->empty_looks, 50, 0, 100);
	run_free(run);
}

Test(run_summarize, keeps_waiting_out_of_what_is_ranked)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;

	add_exact(run, 1, 200, 0);
	run->cells[0].repetitions[0].pass[0].wait = 7000500;
	s = summarized(run);
	quantity_is(&s->wait, 7001, 7001, 7001);
	quantity_is(&s->work, 200, 200, 200);
	quantity_is(&s->rank, 200, 200, 200);
	run_free(run);
	run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	add_exact(run, 0, 200, 0);
	run->cells[0].repetitions[0].pass[0].wait = 7000500;
	cr_assert_not(summarized(run)->wait.known);
	run_free(run);
}

Test(run_summarize, takes_the_mean_where_operations_in_flight_have_no_median)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const uint64_t half[PASSES_MAX] = {100, 0};
	const struct pass_summary *s;

	add_exact(run, 1, 0, 0);
	run->cells[0].workload.iodepth = 32;
	run->cells[0].repetitions[0].pass[0].op_total = 120000;
	cell_add_half_block(&run->cells[0], half);
	s = summarized(run);
	quantity_is(&s->copy, 40, 40, 40);
	quantity_is(&s->work, 80, 80, 80);
	quantity_is(&s->rank, 80, 80, 80);
	/* A path that sleeps is ranked by its thread at any depth. */
	run->cells[0].clock_use = CLOCK_USE_MACHINE;
	run->cells[0].repetitions[0].pass[0].thread = 300000;
	run->cells[0].repetitions[0].pass[0].machine = 400000;
	s = summarized(run);
	quantity_is(&s->irq, 100, 100, 100);
	quantity_is(&s->copy, 300, 300, 300);
	run_free(run);
}

Test(run_summarize, flags_outliers_and_keeps_them)
{
	struct run *run = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	unsigned int i;

	for (i = 0; i < 9; i++)
		add_exact(run, 1, i == 4 ? 1500 : 1000, 0);
	s = summarized(run);
	cr_assert_eq(s->outliers, 1);
	cr_assert_eq(s->spread_ppm, 500000);
	cr_assert_eq(run->cells[0].nrepetitions, 9);
	run_free(run);
}

Test(run_summarize, passes_over_repetitions_that_did_nothing)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;

	add_pass(run, 0, 0);
	s = summarized(run);
	cr_assert_eq(run->cells[0].npasses, 1);
	cr_assert_not(s->iops.known || s->cpu.known);
	add_pass(run, 0, 100)->duration = 1000000000;
	s = summarized(run);
	quantity_is(&s->iops, 100, 100, 100);
	run_free(run);
}

Test(run_summarize, does_not_wrap_around_on_counts_that_can_not_be)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	const struct pass_summary *s;
	struct pass_result *pass = add_pass(run, 0, INT64_MAX);

	pass->duration = 1;
	s = summarized(run);
	quantity_is(&s->iops, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	run_free(run);
}

Test(cell, that_was_refuted_stays_refuted)
{
	struct run *run = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct cell *cell = &run->cells[0];

	cell_add_evidence(cell, "the inode is DAX", "set", "statx", PHASE_TIMED, VERDICT_HELD,
			  "set");
	cr_assert_eq(cell->status, CELL_MEASURED);
	cell_add_evidence(cell, "no page fault", "0", "rusage", PHASE_TIMED, VERDICT_REFUTED,
			  "%d faults", 7);
	cr_assert_eq(cell->status, CELL_REFUTED);
	cr_assert_str_eq(cell->reason, "no page fault: 7 faults, expected 0");
	cell_set_status(cell, CELL_MEASURED, NULL, NULL);
	cr_assert_eq(cell->status, CELL_REFUTED);
	cr_assert_str_eq(cell->reason, "no page fault: 7 faults, expected 0");
	run_free(run);
}

static void merges(struct run *into, const struct run *from)
{
	struct error e = {""};

	cr_assert_eq(run_merge(into, from, &e), 0, "%s", e.text);
}

Test(run_merge, appends_repetitions_with_their_boot_and_copies_histograms)
{
	struct run *into = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	struct run *from = run_with_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	const uint64_t half[PASSES_MAX] = {900, 0};
	const struct cell *cell = &into->cells[0];

	add_exact(into, 1, 1000, 0);
	add_exact(from, 2, 1002, 0);
	from->cells[0].repetitions[0].pass[0].wait = 5;
	from->cells[0].repetitions[0].pass[0].doorbells = 6;
	from->cells[0].repetitions[0].pass[0].sleeps = 7;
	from->cells[0].repetitions[0].pass[0].empty_looks = 8;
	from->cells[0].repetitions[0].pass[0].latency = calloc(1, sizeof(struct histogram));
	histogram_record(from->cells[0].repetitions[0].pass[0].latency, 5);
	cell_add_half_block(&from->cells[0], half);
	from->null_known = true;
	from->null_per_op = 40000;
	merges(into, from);
	run_free(from);
	cr_assert_eq(cell->nrepetitions, 2);
	cr_assert_eq(cell->repetitions[1].boot, 2);
	cr_assert_eq(histogram_total(cell->repetitions[1].pass[0].latency), 1);
	cr_assert_eq(cell->repetitions[1].pass[0].wait, 5);
	cr_assert_eq(cell->repetitions[1].pass[0].doorbells, 6);
	cr_assert_eq(cell->repetitions[1].pass[0].sleeps, 7);
	cr_assert_eq(cell->repetitions[1].pass[0].empty_looks, 8);
	/* The first boot has no figure at half the block; the second keeps its own. */
	cr_assert_eq(cell->nhalf_block, 2);
	cr_assert_eq(cell->half_block[0][0], 0);
	cr_assert_eq(cell->half_block[0][1], 900);
	cr_assert_eq(into->boots, 2);
	cr_assert(into->null_known);
	cr_assert_eq(into->null_per_op, 40000);
	quantity_is(&summarized(into)->copy, 204, 204, 204);
	run_free(into);
}

static void add_verdict(struct run *run, const char *claim, enum verdict verdict,
			const char *observed)
{
	cell_add_evidence(&run->cells[0], claim, "x", "y", PHASE_TIMED, verdict, "%s", observed);
}

Test(run_merge, keeps_the_worst_verdict_of_each_claim)
{
	struct run *into = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
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
			struct run *into = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
			struct run *from = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

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
	struct run *into = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

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
	struct run *into = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);
	struct run *from = run_with_cell(RUN_CLOCK_NS, CLOCK_USE_EXACT);

	from->clock = RUN_CLOCK_INSTRUCTIONS;
	does_not_merge(into, from, "one run counts nanoseconds");
	from->clock = RUN_CLOCK_NS;
	snprintf(from->cells[0].id, sizeof(from->cells[0].id), "b");
	does_not_merge(into, from, "('a' and 'b')");
	snprintf(from->cells[0].id, sizeof(from->cells[0].id), "a");
	add_pass(into, 2, 1);
	add_pass(from, 2, 1);
	does_not_merge(into, from, "boot 2 of 'a'");
	run_free(from);
	from = run_new();
	does_not_merge(into, from, "1 and 0 cells");
	run_free(from);
	cr_assert_eq(into->cells[0].nrepetitions, 1);
	run_free(into);
}
