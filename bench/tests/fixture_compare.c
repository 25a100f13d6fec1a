// SPDX-License-Identifier: MIT
#include "tests/fixture_compare.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory.h"

struct run *fixture_run_empty(const char *id, enum run_clock clock)
{
	struct run *run = run_new();

	snprintf(run->id, sizeof(run->id), "%s", id);
	snprintf(run->started_utc, sizeof(run->started_utc), "2026-11-23T01:00:00Z");
	run->clock = clock;
	run->complete = true;
	return run;
}

struct cell *fixture_add_cell(struct run *run, const char *path)
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

void fixture_add_boots(struct cell *cell, uint64_t first, uint64_t second, uint64_t third)
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

void fixture_add_rounds(struct cell *cell, uint64_t iops, uint64_t latency)
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

struct run *fixture_run_counted(const char *id, uint64_t buffered, uint64_t dax)
{
	struct run *run = fixture_run_empty(id, RUN_CLOCK_INSTRUCTIONS);

	fixture_add_boots(fixture_add_cell(run, "buffered"), buffered, buffered, buffered);
	fixture_add_boots(fixture_add_cell(run, "dax"), dax, dax + 1, dax);
	run_summarize(run);
	return run;
}

struct run *fixture_run_timed(const char *id, uint64_t iops)
{
	struct run *run = fixture_run_empty(id, RUN_CLOCK_NS);

	fixture_add_rounds(fixture_add_cell(run, "userdrv-hybrid"), iops, 1000000000 / iops);
	run_summarize(run);
	return run;
}

struct compared *fixture_compared(struct run *base, struct run *new)
{
	struct compared *two = memory_zeroed(1, sizeof(*two));
	struct error e = {""};

	two->base = base;
	two->new = new;
	cr_assert_eq(comparison_make(&two->c, (struct compare_side){&two->base, 1},
				     (struct compare_side){&two->new, 1}, 0.03, &e),
		     0, "%s", e.text);
	return two;
}

void fixture_compared_free(struct compared *two)
{
	comparison_free(&two->c);
	run_free(two->base);
	run_free(two->new);
	free(two);
}
