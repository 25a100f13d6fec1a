// SPDX-License-Identifier: MIT
/* Which cells are judged by SNIA's rule, and what of it is stored and shown. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/rows.h"
#include "tests/fixture_report.h"

/* A run by the clock ns of one cell, whose rounds made @iops I/Os in a second each. */
static struct run *run_of(const char *target, enum rw rw, const uint64_t *iops, size_t n)
{
	struct run *run = run_new();
	struct cell *cell;

	run->complete = true;
	run->clock = RUN_CLOCK_NS;
	run->cells = calloc(1, sizeof(*run->cells));
	run->ncells = 1;
	cell = &run->cells[0];
	snprintf(cell->id, sizeof(cell->id), "a");
	snprintf(cell->group, sizeof(cell->group), "4k randwrite");
	workload_defaults(&cell->workload);
	snprintf(cell->workload.path, sizeof(cell->workload.path), "direct");
	snprintf(cell->workload.target, sizeof(cell->workload.target), "%s", target);
	cell->workload.rw = rw;
	cell_set_status(cell, CELL_MEASURED, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		struct repetition *repetition = cell_add_repetition(cell, 0, (unsigned int)i);

		repetition->npasses = 1;
		repetition->pass[0].ios = iops[i];
		repetition->pass[0].duration = 1000000000;
	}
	run_summarize(run);
	return run;
}

static const uint64_t settling[] = {20000, 16000, 13000, 11000, 10000, 10000, 10000, 10000, 10000};
static const uint64_t settled[] = {10000, 10100, 9900, 10000, 10050, 9950, 10000, 10020, 9980};

Test(steady_state, is_judged_of_writes_to_a_device)
{
	static const char *const devices[] = {"block:/dev/sdz", "nvme:S1", "pci:0000:00:04.0",
					      "soft:latency=0", "nvme:S1/vfio"};

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct run *run = run_of(devices[i], RW_RANDWRITE, settled, 9);

		cr_assert_eq(run->cells[0].steady_state.verdict, STEADY_REACHED, "%s", devices[i]);
		cr_assert_gt(run->cells[0].steady_state.range_ppm, 0);
		cr_assert_leq(run->cells[0].steady_state.range_ppm, 200000);
		run_free(run);
	}
}

/* Of the first five rounds: 20000 - 10000 over an average of 14000; slope -2500 in each round. */
Test(steady_state, is_not_reached_by_a_disk_that_still_slows_down)
{
	struct run *run = run_of("nvme:S1", RW_WRITE, settling, 9);
	const struct steady_state *steady = &run->cells[0].steady_state;

	cr_assert_eq(steady->verdict, STEADY_NOT_REACHED);
	cr_assert_eq(steady->range_ppm, 714286);
	cr_assert_eq(steady->slope_ppm, 714286);
	run_free(run);
}

static void is_not_judged(struct run *run, const char *reason)
{
	const struct steady_state *steady = &run->cells[0].steady_state;

	run_summarize(run);
	cr_assert_eq(steady->verdict, STEADY_NOT_JUDGED);
	cr_assert(steady->reason && strstr(steady->reason, reason), "%s", steady->reason);
	run_free(run);
}

Test(steady_state, is_not_judged_of_anything_else_and_says_why)
{
	struct run *run = run_of("nvme:S1", RW_RANDWRITE, settling, 9);

	is_not_judged(run_of("nvme:S1", RW_RANDREAD, settling, 9), "nothing is written");
	is_not_judged(run_of("file:/tmp", RW_RANDWRITE, settling, 9), "file");
	is_not_judged(run_of("nvme:S1", RW_RANDWRITE, settling, 4), "fewer than five");
	run->boots = 3;
	is_not_judged(run, "boots");
	run = run_of("nvme:S1", RW_RANDWRITE, settling, 9);
	run->clock = RUN_CLOCK_INSTRUCTIONS;
	is_not_judged(run, "instructions");
	run = run_of("nvme:S1", RW_RANDWRITE, settling, 9);
	run->cells[0].repetitions[3].pass[0].ios = 0;
	is_not_judged(run, "no I/O");
}

static json_t *stored(const struct run *run)
{
	json_t *json = run_to_json(run);
	json_t *cell = json_array_get(json_object_get(json, "cells"), 0);
	json_t *steady = json_incref(json_object_get(cell, "steady_state"));

	json_decref(json);
	return steady;
}

Test(steady_state, is_stored_with_its_figures_or_its_reason)
{
	struct run *run = run_of("nvme:S1", RW_WRITE, settling, 9);
	json_t *steady = stored(run);

	cr_assert_str_eq(json_string_value(json_object_get(steady, "verdict")), "not steady");
	cr_assert_eq(json_integer_value(json_object_get(steady, "range_ppm")), 714286);
	cr_assert_eq(json_integer_value(json_object_get(steady, "slope_ppm")), 714286);
	json_decref(steady);
	run_free(run);
	run = run_of("nvme:S1", RW_READ, settling, 9);
	steady = stored(run);
	cr_assert_str_eq(json_string_value(json_object_get(steady, "verdict")), "not judged");
	cr_assert(json_is_string(json_object_get(steady, "reason")));
	cr_assert_null(json_object_get(steady, "range_ppm"));
	json_decref(steady);
	run_free(run);
}

Test(steady_state, is_noted_below_the_table_where_it_was_not_reached)
{
	struct run *run = run_of("nvme:S1", RW_WRITE, settling, 9);
	char *text = fixture_tables(run);

	cr_assert(strstr(text, "NOTE direct not steady"), "%s", text);
	cr_assert(strstr(text, "71%"), "%s", text);
	free(text);
	run_free(run);
	run = run_of("nvme:S1", RW_WRITE, settled, 9);
	text = fixture_tables(run);
	cr_assert_null(strstr(text, "NOTE"), "%s", text);
	cr_assert_null(cell_unsteady(&run->cells[0]));
	free(text);
	run_free(run);
}
