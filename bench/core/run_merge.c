// SPDX-License-Identifier: MIT
/* Several boots of one plan become one run. */
#include "core/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static size_t count_boots(const struct cell *cell)
{
	unsigned int *boots = memory_zeroed(cell->nrepetitions, sizeof(*boots));
	size_t count = cell_boots(cell, boots);

	free(boots);
	return count;
}

static bool has_boot(const struct cell *cell, unsigned int boot)
{
	size_t i;

	for (i = 0; i < cell->nrepetitions; i++) {
		if (cell->repetitions[i].boot == boot)
			return true;
	}
	return false;
}

static int check_cell(const struct cell *into, const struct cell *from, struct error *e)
{
	size_t i;
	unsigned int boot;

	if (strcmp(into->id, from->id) != 0)
		return error_set(e, -EINVAL,
				 "the runs differ in their cells ('%s' and '%s'), so they can't be "
				 "merged; merge boots of one plan",
				 into->id, from->id);
	for (i = 0; i < from->nrepetitions; i++) {
		boot = from->repetitions[i].boot;
		if (boot && has_boot(into, boot))
			return error_set(e, -EINVAL,
					 "boot %u of '%s' is in both runs and would count twice; "
					 "merge each boot once",
					 boot, into->id);
	}
	return 0;
}

/* Everything that can go wrong is found here, so that a failed merge leaves @into as it was. */
static int check_runs(const struct run *into, const struct run *from, struct error *e)
{
	size_t i;
	int result;

	if (into->clock != from->clock)
		return error_set(e, -EINVAL,
				 "one run counts nanoseconds and the other instructions, so they "
				 "can't be merged; merge boots of one plan");
	if (into->ncells != from->ncells)
		return error_set(e, -EINVAL,
				 "the runs have %zu and %zu cells, so they can't be merged; merge "
				 "boots of one plan",
				 into->ncells, from->ncells);
	for (i = 0; i < into->ncells; i++) {
		result = check_cell(&into->cells[i], &from->cells[i], e);
		if (result)
			return result;
	}
	return 0;
}

static void merge_half_blocks(struct cell *into, const struct cell *from)
{
	uint64_t per_io[PASSES_MAX];
	size_t boots = count_boots(from);
	size_t i;
	unsigned int p;

	if (!into->nhalf_block && !from->nhalf_block)
		return;
	/* Entry i belongs to the i-th boot that has repetitions: keep the two in step. */
	memset(per_io, 0, sizeof(per_io));
	for (i = count_boots(into); into->nhalf_block < i;)
		cell_add_half_block(into, per_io);
	for (i = 0; i < boots; i++) {
		for (p = 0; p < PASSES_MAX; p++) {
			per_io[p] = 0;
			if (i < from->nhalf_block && from->half_block[p])
				per_io[p] = from->half_block[p][i];
		}
		cell_add_half_block(into, per_io);
	}
}

static void merge_repetitions(struct cell *into, const struct cell *from)
{
	struct repetition *copy;
	struct histogram *latency;
	size_t i;
	unsigned int p;

	for (i = 0; i < from->nrepetitions; i++) {
		copy = cell_add_repetition(into, 0, 0);
		*copy = from->repetitions[i];
		for (p = 0; p < PASSES_MAX; p++) {
			if (!copy->pass[p].latency)
				continue;
			latency = memory_zeroed(1, sizeof(*latency));
			*latency = *copy->pass[p].latency;
			copy->pass[p].latency = latency;
		}
	}
}

static void merge_evidence(struct cell *into, const struct cell *from)
{
	for (size_t i = 0; i < from->nevidence; i++) {
		struct evidence copy = from->evidence[i];

		copy.claim = memory_string(copy.claim);
		copy.expected = memory_string(copy.expected);
		copy.observed = memory_string(copy.observed);
		copy.source = memory_string(copy.source);
		cell_take_evidence(into, copy);
	}
}

static unsigned int status_weight(enum cell_status status)
{
	switch (status) {
	case CELL_REFUTED:
		return 4;
	case CELL_FAILED:
		return 3;
	case CELL_UNAVAILABLE:
		return 2;
	case CELL_MEASURED:
		return 1;
	case CELL_PLANNED:
		break;
	}
	return 0;
}

/* The counts of different boots are the same: those of the first one that has them. */
static void merge_functions(struct function_counts *into, const struct function_counts *from)
{
	if (into->ios || !from->ios)
		return;
	*into = *from;
	into->list = memory_zeroed(from->count, sizeof(*into->list));
	for (size_t i = 0; i < from->count; i++) {
		into->list[i] = from->list[i];
		into->list[i].name = memory_string(from->list[i].name);
		into->list[i].where = memory_string(from->list[i].where);
	}
}

/* Like all that is counted once for each boot: those of the first one that has them. */
static void merge_cpu_counters(struct cell *into, const struct cell *from)
{
	into->cpu_counters_user_only |= from->cpu_counters_user_only;
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		for (unsigned int p = 0; p < PASSES_MAX; p++) {
			if (!into->cpu_counters[p][i].known)
				into->cpu_counters[p][i] = from->cpu_counters[p][i];
		}
		if (!into->cpu_counters_why_not[i])
			into->cpu_counters_why_not[i] =
				memory_string(from->cpu_counters_why_not[i]);
	}
}

static void merge_cell(struct cell *into, const struct cell *from)
{
	/* Which count a cell is ranked on is known where its device is: not on a plan's host. */
	if (!into->nrepetitions)
		into->clock_use = from->clock_use;
	merge_half_blocks(into, from);
	merge_repetitions(into, from);
	merge_evidence(into, from);
	for (unsigned int p = 0; p < PASSES_MAX; p++) {
		if (!into->syscalls[p].known)
			into->syscalls[p] = from->syscalls[p];
		if (!into->pmd_faults[p].known)
			into->pmd_faults[p] = from->pmd_faults[p];
		merge_functions(&into->functions[p], &from->functions[p]);
	}
	merge_cpu_counters(into, from);
	/* Nodes are known where they are: not on a plan's host. */
	if (from->placement.asked)
		into->placement = from->placement;
	if (status_weight(from->status) <= status_weight(into->status))
		return;
	free(into->reason);
	free(into->remedy);
	into->status = from->status;
	into->reason = memory_string(from->reason);
	into->remedy = memory_string(from->remedy);
}

static void merge_warnings(struct run *into, const struct run *from)
{
	const struct warning *new;
	size_t i, j;

	for (i = 0; i < from->nwarnings; i++) {
		new = &from->warnings[i];
		for (j = 0; j < into->nwarnings; j++) {
			if (strcmp(into->warnings[j].code, new->code) == 0 &&
			    strcmp(into->warnings[j].text, new->text) == 0)
				break;
		}
		if (j == into->nwarnings)
			run_warn(into, new->code, new->remedy, "%s", new->text);
	}
}

static void merge_object(json_t **into, const json_t *from)
{
	json_t *copy = json_deep_copy(from);

	/* Add what is missing: what both have stays as @into saw it. */
	if (!copy || json_object_update_missing(*into, copy))
		memory_exhausted();
	json_decref(copy);
}

static unsigned int highest_boot(const struct run *run)
{
	unsigned int highest = run->boots;
	size_t i, r;

	for (i = 0; i < run->ncells; i++) {
		for (r = 0; r < run->cells[i].nrepetitions; r++) {
			if (run->cells[i].repetitions[r].boot > highest)
				highest = run->cells[i].repetitions[r].boot;
		}
	}
	return highest;
}

int run_merge(struct run *into, const struct run *from, struct error *e)
{
	unsigned int boots = highest_boot(from);
	int result = check_runs(into, from, e);
	size_t i;

	if (result)
		return result;
	for (i = 0; i < into->ncells; i++)
		merge_cell(&into->cells[i], &from->cells[i]);
	merge_warnings(into, from);
	if (json_object_size(into->environment) == 0)
		merge_object(&into->environment, from->environment);
	merge_object(&into->targets, from->targets);
	into->complete = into->complete && from->complete;
	into->boots = highest_boot(into) > boots ? highest_boot(into) : boots;
	if (!into->null_known) {
		into->null_known = from->null_known;
		into->null_per_op = from->null_per_op;
	}
	return 0;
}
