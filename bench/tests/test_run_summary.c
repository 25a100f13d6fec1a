// SPDX-License-Identifier: MIT
/* What the repetitions of a cell become in its summary. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/fixture_summary.h"

/* Of instructions, which are exact, unless a test says otherwise; @s is what it comes to. */
static struct run *run;
static struct cell *cell;
static const struct pass_summary *s;

static void set_up(void)
{
	run = fixture_run_of_cell(RUN_CLOCK_INSTRUCTIONS, CLOCK_USE_EXACT);
	cell = &run->cells[0];
	s = &cell->summary[0];
}

static void tear_down(void)
{
	run_free(run);
}

TestSuite(run_summarize, .init = set_up, .fini = tear_down);

Test(run_summarize, gives_rates_as_median_and_second_to_eighth_of_nine)
{
	struct pass_result *pass;
	unsigned int i;

	run->clock = RUN_CLOCK_NS;
	for (i = 1; i <= 9; i++) {
		pass = fixture_add_pass(run, 0, i * 1000);
		pass->duration = 1000000000;
		pass->bytes = pass->ios * 4096;
		pass->thread = pass->ios * 50;
	}
	run_summarize(run);
	fixture_quantity_is(&s->iops, 5000, 2000, 8000);
	fixture_quantity_is(&s->bytes_per_s, 5000 * 4096, 2000 * 4096, 8000 * 4096);
	fixture_quantity_is(&s->cpu, 50, 50, 50);
	cr_assert_eq(s->spread_ppm, 1600000);
	cr_assert_not(s->rank.known || s->work.known || s->copy.known || s->irq.known);
}

Test(run_summarize, takes_percentiles_from_all_operations_together_and_never_averages_them)
{
	struct pass_result *pass;
	unsigned int i, boot;

	run->clock = RUN_CLOCK_NS;
	/* 100 fast operations in one repetition, 10 slow ones in the other. */
	for (boot = 0; boot < 2; boot++) {
		pass = fixture_add_pass(run, 0, 100);
		pass->duration = 1000;
		pass->latency = calloc(1, sizeof(*pass->latency));
		for (i = 0; i < (boot ? 10 : 100); i++)
			histogram_record(pass->latency, boot ? 200 : 100);
	}
	run_summarize(run);
	fixture_quantity_is(&s->latency[P50], 100, 100, 200);
	fixture_quantity_is(&s->latency[P99], 200, 100, 200);
	fixture_quantity_is(&s->latency[PMAX], 200, 100, 200);
	cr_assert_eq(histogram_total(s->merged), 110);
}

Test(run_summarize, widens_a_latency_interval_that_does_not_hold_its_point)
{
	struct pass_result *pass;
	unsigned int i;

	run->clock = RUN_CLOCK_NS;
	/* One repetition of nine has so many operations that it decides; the interval is 2 to 8. */
	for (i = 0; i < 9; i++) {
		pass = fixture_add_pass(run, 0, 1);
		pass->latency = calloc(1, sizeof(*pass->latency));
		pass->latency->count[histogram_index(i ? 100 : 200)] = i ? 1 : 1000;
	}
	run_summarize(run);
	fixture_quantity_is(&s->latency[P50], 200, 100, 200);
}

Test(run_summarize, ranks_exact_paths_by_the_median_operation_alone)
{
	fixture_add_exact(run, 1, 2658, 30);
	fixture_add_exact(run, 1, 2658, 31);
	fixture_add_exact(run, 2, 2660, 30);
	run_summarize(run);
	fixture_quantity_is(&s->work, 2658, 2658, 2660);
	fixture_quantity_is(&s->irq, 0, 0, 0);
	fixture_quantity_is(&s->wait, 0, 0, 0);
	fixture_quantity_is(&s->rank, 2658, 2658, 2660);
	fixture_quantity_is(&s->cpu, 2668, 2668, 2670);
	cr_assert_not(s->copy.known);
	cr_assert_not(s->iops.known || s->bytes_per_s.known);
	cr_assert_eq(s->spread_ppm, 752);
}

Test(run_summarize, ranks_waiting_paths_by_the_mean_of_the_thread)
{
	cell->clock_use = CLOCK_USE_MACHINE;
	fixture_add_exact(run, 1, 2658, 2600);
	run_summarize(run);
	fixture_quantity_is(&s->work, 2668, 2668, 2668);
	fixture_quantity_is(&s->rank, 5268, 5268, 5268);
}

Test(run_summarize, takes_the_mean_where_only_some_accesses_fault)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pass_result *pass = fixture_add_exact(run, 1, 8, 0);

		pass->kind = PASS_FIRST_TOUCH;
		pass->op_total = 640000;
		pass->fault_median = i ? 0 : 4928;
	}
	run_summarize(run);
	cr_assert_eq(s->kind, PASS_FIRST_TOUCH);
	fixture_quantity_is(&s->work, 640, 640, 640);
	/* The repetition without a fault says nothing about what one costs. */
	fixture_quantity_is(&s->fault, 4928, 4928, 4928);
}

Test(run_summarize, takes_twice_what_half_a_block_adds_for_copy_boot_by_boot)
{
	const uint64_t half[3][PASSES_MAX] = {{2400, 0}, {2402, 0}, {2404, 0}};
	unsigned int boot;

	for (boot = 0; boot < 3; boot++) {
		fixture_add_exact(run, boot + 1, 2656 + 2 * boot, 0);
		fixture_add_exact(run, boot + 1, 2656 + 2 * boot, 0);
		cell_add_half_block(cell, half[boot]);
	}
	run_summarize(run);
	fixture_quantity_is(&s->copy, 512, 512, 512);
	fixture_quantity_is(&s->work, 2146, 2144, 2148);
	fixture_quantity_is(&s->rank, 2146, 2144, 2148);
}

Test(run_summarize, keeps_copy_between_nothing_and_all)
{
	uint64_t half[PASSES_MAX] = {10, 0};

	fixture_add_exact(run, 1, 1000, 0);
	cell_add_half_block(cell, half);
	run_summarize(run);
	fixture_quantity_is(&s->copy, 1000, 1000, 1000);
	fixture_quantity_is(&s->work, 0, 0, 0);
	cell->half_block[0][0] = 1200;
	run_summarize(run);
	fixture_quantity_is(&s->copy, 0, 0, 0);
	fixture_quantity_is(&s->work, 1000, 1000, 1000);
}

Test(run_summarize, ranks_by_work_alone_where_the_machine_was_not_observed)
{
	fixture_add_exact(run, 1, 1000, 50);
	fixture_add_exact(run, 1, 1000, 50)->machine_known = false;
	run_summarize(run);
	cr_assert_not(s->irq.known);
	fixture_quantity_is(&s->rank, 1000, 1000, 1000);
}

Test(run_summarize, does_not_take_less_than_nothing_for_interrupts)
{
	cell->clock_use = CLOCK_USE_MACHINE;
	fixture_add_exact(run, 1, 1000, 0)->machine = 5;
	run_summarize(run);
	fixture_quantity_is(&s->irq, 0, 0, 0);
}

Test(run_summarize, gives_no_figure_for_a_path_that_is_run_for_its_function)
{
	cell->clock_use = CLOCK_USE_FUNCTION;
	fixture_add_exact(run, 1, 1000, 50);
	run_summarize(run);
	cr_assert_not(s->work.known || s->irq.known || s->wait.known || s->copy.known);
	cr_assert_not(s->rank.known || s->fault.known || s->cpu.known || s->iops.known);
}

Test(run_summarize, counts_events_per_thousand_operations)
{
	struct pass_result *pass = fixture_add_pass(run, 1, 500);

	pass->faults_minor = 500;
	pass->context_switches = 1;
	pass->device_known = true;
	pass->device_bytes = 500 * 4096;
	pass->flushes = 250;
	run_summarize(run);
	fixture_quantity_is(&s->faults_minor, 1000, 1000, 1000);
	fixture_quantity_is(&s->faults_major, 0, 0, 0);
	fixture_quantity_is(&s->context_switches, 2, 2, 2);
	fixture_quantity_is(&s->device_bytes, 4096000, 4096000, 4096000);
	fixture_quantity_is(&s->flushes, 500, 500, 500);
	cr_assert_not(s->interrupts.known);
	cr_assert_not(s->syscalls.known);
}

Test(run_summarize, counts_what_only_the_path_can_where_it_does)
{
	struct pass_result *pass = fixture_add_pass(run, 1, 500);

	run->clock = RUN_CLOCK_NS;
	run_summarize(run);
	cr_assert_not(s->doorbells.known || s->sleeps.known || s->empty_looks.known);
	pass->doorbells = 1000;
	pass->empty_looks = 2;
	run_summarize(run);
	fixture_quantity_is(&s->doorbells, 2000, 2000, 2000);
	fixture_quantity_is(&s->sleeps, 0, 0, 0);
	fixture_quantity_is(&s->empty_looks, 4, 4, 4);
	/* A path whose doorbells the kernel rings may sleep all the same. */
	pass->doorbells = pass->empty_looks = 0;
	pass->sleeps = 500;
	run_summarize(run);
	cr_assert_not(s->doorbells.known);
	fixture_quantity_is(&s->sleeps, 1000, 1000, 1000);
	/* On a clock on which nobody counts looks, none counted doesn't mean none. */
	cr_assert_not(s->empty_looks.known);
	fixture_add_pass(run, 1, 500)->empty_looks = 50;
	run_summarize(run);
	fixture_quantity_is(&s->sleeps, 500, 0, 1000);
	fixture_quantity_is(&s->empty_looks, 50, 0, 100);
}

Test(run_summarize, keeps_waiting_out_of_what_is_ranked)
{
	fixture_add_exact(run, 1, 200, 0)->wait = 7000500;
	run_summarize(run);
	fixture_quantity_is(&s->wait, 7001, 7001, 7001);
	fixture_quantity_is(&s->work, 200, 200, 200);
	fixture_quantity_is(&s->rank, 200, 200, 200);
	run->clock = RUN_CLOCK_NS;
	run_summarize(run);
	cr_assert_not(s->wait.known);
}

Test(run_summarize, takes_the_mean_where_operations_in_flight_have_no_median)
{
	struct pass_result *pass = fixture_add_exact(run, 1, 0, 0);
	const uint64_t half[PASSES_MAX] = {100, 0};

	cell->workload.iodepth = 32;
	pass->op_total = 120000;
	cell_add_half_block(cell, half);
	run_summarize(run);
	fixture_quantity_is(&s->copy, 40, 40, 40);
	fixture_quantity_is(&s->work, 80, 80, 80);
	fixture_quantity_is(&s->rank, 80, 80, 80);
	/* A path that sleeps is ranked by its thread at any depth. */
	cell->clock_use = CLOCK_USE_MACHINE;
	pass->thread = 300000;
	pass->machine = 400000;
	run_summarize(run);
	fixture_quantity_is(&s->irq, 100, 100, 100);
	fixture_quantity_is(&s->copy, 300, 300, 300);
}

Test(run_summarize, flags_outliers_and_keeps_them)
{
	unsigned int i;

	for (i = 0; i < 9; i++)
		fixture_add_exact(run, 1, i == 4 ? 1500 : 1000, 0);
	run_summarize(run);
	cr_assert_eq(s->outliers, 1);
	cr_assert_eq(s->spread_ppm, 500000);
	cr_assert_eq(cell->nrepetitions, 9);
}

Test(run_summarize, passes_over_repetitions_that_did_nothing)
{
	run->clock = RUN_CLOCK_NS;
	fixture_add_pass(run, 0, 0);
	run_summarize(run);
	cr_assert_eq(cell->npasses, 1);
	cr_assert_not(s->iops.known || s->cpu.known);
	fixture_add_pass(run, 0, 100)->duration = 1000000000;
	run_summarize(run);
	fixture_quantity_is(&s->iops, 100, 100, 100);
}

Test(run_summarize, does_not_wrap_around_on_counts_that_can_not_be)
{
	struct pass_result *pass = fixture_add_pass(run, 0, INT64_MAX);

	run->clock = RUN_CLOCK_NS;
	pass->duration = 1;
	run_summarize(run);
	fixture_quantity_is(&s->iops, UINT64_MAX, UINT64_MAX, UINT64_MAX);
}
