// SPDX-License-Identifier: MIT
#include "tests/fixture_summary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct run *fixture_run_of_cell(enum run_clock clock, enum clock_use use)
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

struct pass_result *fixture_add_pass(struct run *run, unsigned int boot, uint64_t ios)
{
	struct repetition *repetition = cell_add_repetition(&run->cells[0], boot, 0);

	repetition->npasses = 1;
	repetition->pass[0].ios = ios;
	return &repetition->pass[0];
}

struct pass_result *fixture_add_exact(struct run *run, unsigned int boot, uint64_t cost,
				      uint64_t irq)
{
	struct pass_result *pass = fixture_add_pass(run, boot, 1000);

	pass->op_median = cost;
	pass->thread = (cost + 10) * 1000;
	pass->machine = pass->thread + irq * 1000;
	pass->machine_known = true;
	return pass;
}

void fixture_quantity_is(const struct quantity *q, uint64_t median, uint64_t low, uint64_t high)
{
	cr_assert(q->known);
	cr_assert_eq(q->median, median, "median %lu, expected %lu", q->median, median);
	cr_assert_eq(q->low, low, "low %lu, expected %lu", q->low, low);
	cr_assert_eq(q->high, high, "high %lu, expected %lu", q->high, high);
}
