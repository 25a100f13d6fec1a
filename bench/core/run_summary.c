// SPDX-License-Identifier: MIT
/*
 * From repetitions to what is reported of them: of each figure (run_figures.h) the median over the
 * repetitions with its order-statistic interval.
 */
#include "core/run_figures.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/statistics.h"
#include "core/target_kinds.h"

static const uint32_t percentile_ppm[NPERCENTILES] = {
	[P50] = 500000,   [P90] = 900000,    [P99] = 990000,
	[P99_9] = 999000, [P99_99] = 999900, [PMAX] = 1000000,
};

/* Median and interval of @values, which get sorted. */
static struct quantity quantity_of(uint64_t *values, size_t n)
{
	struct quantity q = {false, 0, 0, 0};
	struct median_interval interval;

	if (n == 0)
		return q;
	interval = statistics_median_interval((unsigned int)n);
	q.known = true;
	q.median = statistics_median(values, n);
	q.low = values[interval.low_rank - 1];
	q.high = values[interval.high_rank - 1];
	return q;
}

/* Leaves the values in scope->values, sorted if the quantity is known. */
static struct quantity over_repetitions(struct scope *scope, figure f)
{
	const struct quantity unknown = {false, 0, 0, 0};
	const struct pass_result *pass;
	enum sample sample;
	uint64_t value = 0;
	size_t i;

	scope->nvalues = 0;
	for (i = 0; i < scope->cell->nrepetitions; i++) {
		pass = figure_pass(scope, i);
		if (!pass)
			continue;
		sample = f(scope, pass, &value);
		if (sample == SAMPLE_UNKNOWN)
			return unknown;
		if (sample == SAMPLE_VALUE)
			scope->values[scope->nvalues++] = value;
	}
	return quantity_of(scope->values, scope->nvalues);
}

/* Nothing counted is 0 in every repetition; a path that rings doorbells counts its sleeps too. */
static void find_counted(struct scope *scope)
{
	const struct pass_result *pass;

	scope->sleeps_counted = scope->looks_counted = false;
	for (size_t i = 0; i < scope->cell->nrepetitions; i++) {
		pass = figure_pass(scope, i);
		if (!pass)
			continue;
		scope->sleeps_counted |= pass->doorbells || pass->sleeps;
		scope->looks_counted |= pass->empty_looks > 0;
	}
}

static void merge_latencies(struct scope *scope, struct pass_summary *summary)
{
	const struct pass_result *pass;
	size_t i;

	for (i = 0; i < scope->cell->nrepetitions; i++) {
		pass = figure_pass(scope, i);
		if (!pass || !pass->latency)
			continue;
		if (!summary->merged)
			summary->merged = memory_zeroed(1, sizeof(*summary->merged));
		histogram_add(summary->merged, pass->latency);
	}
}

/*
 * The point is the percentile of all operations together: percentiles are never averaged. The
 * repetitions' own percentiles say how far it can be trusted.
 */
static void summarize_latency(struct scope *scope, struct pass_summary *summary)
{
	struct quantity *q;
	unsigned int p;

	merge_latencies(scope, summary);
	for (p = 0; p < NPERCENTILES; p++) {
		scope->percentile_ppm = percentile_ppm[p];
		q = &summary->latency[p];
		*q = over_repetitions(scope, figure_latency);
		if (!q->known)
			continue;
		q->median = histogram_percentile(summary->merged, percentile_ppm[p]);
		if (q->median < q->low)
			q->low = q->median;
		if (q->median > q->high)
			q->high = q->median;
	}
}

/* The median of what one I/O cost its thread in boot @boot; false if none of it was measured. */
static bool boot_cost(struct scope *scope, unsigned int boot, uint64_t *scratch, uint64_t *cost)
{
	const struct pass_result *pass;
	size_t i, n = 0;

	for (i = 0; i < scope->cell->nrepetitions; i++) {
		pass = figure_pass(scope, i);
		if (pass && scope->cell->repetitions[i].boot == boot)
			scratch[n++] = pass_thread_cost(scope->cell, pass);
	}
	*cost = statistics_median(scratch, n);
	return n > 0;
}

/*
 * What is proportional to the bytes: twice what the second half of the block adds. Compared within
 * one boot, since boots may differ by a constant.
 */
static struct quantity copy_cost(struct scope *scope)
{
	const struct cell *cell = scope->cell;
	unsigned int *boots = memory_zeroed(cell->nrepetitions, sizeof(*boots));
	uint64_t *scratch = memory_zeroed(cell->nrepetitions, sizeof(*scratch));
	size_t nboots = cell_boots(cell, boots);
	const uint64_t *half = cell->half_block[scope->pass];
	struct quantity copy;
	uint64_t cost, added;
	size_t i, n = 0;

	for (i = 0; half && i < nboots && i < cell->nhalf_block; i++) {
		if (!half[i] || !boot_cost(scope, boots[i], scratch, &cost))
			continue;
		added = cost > half[i] ? cost - half[i] : 0;
		scope->values[n++] = added > cost / 2 ? cost : 2 * added;
	}
	copy = quantity_of(scope->values, n);
	free(boots);
	free(scratch);
	return copy;
}

static void summarize_instructions(struct scope *scope, struct pass_summary *summary)
{
	if (scope->cell->clock_use == CLOCK_USE_FUNCTION)
		return;
	/*
	 * Two accesses of half a page fault once between them, so a first touch can't be compared
	 * with itself at half the size: it copies what the pass after it does, computed before.
	 */
	summary->copy = summary->kind == PASS_FIRST_TOUCH ? scope->copy : copy_cost(scope);
	scope->copy = summary->copy;
	summary->irq = over_repetitions(scope, figure_irq);
	scope->irq_known = summary->irq.known;
	summary->wait = over_repetitions(scope, figure_wait);
	summary->work = over_repetitions(scope, figure_work);
	summary->fault = over_repetitions(scope, figure_fault);
	summary->cpu = over_repetitions(scope, figure_cpu);
}

static void summarize_events(struct scope *scope, struct pass_summary *summary)
{
	summary->faults_minor = over_repetitions(scope, figure_faults_minor);
	summary->faults_major = over_repetitions(scope, figure_faults_major);
	summary->interrupts = over_repetitions(scope, figure_interrupts);
	summary->context_switches = over_repetitions(scope, figure_switches);
	summary->device_bytes = over_repetitions(scope, figure_device_bytes);
	summary->flushes = over_repetitions(scope, figure_flushes);
	find_counted(scope);
	summary->doorbells = over_repetitions(scope, figure_doorbells);
	summary->sleeps = over_repetitions(scope, figure_sleeps);
	summary->empty_looks = over_repetitions(scope, figure_empty_looks);
	for (unsigned int i = 0; i < NMACHINE_COUNTERS; i++) {
		scope->counter = (enum machine_counter)i;
		summary->machine_counters[i] = over_repetitions(scope, figure_machine_counter);
	}
}

/* How far the values of the figure computed last lie apart. */
static void summarize_spread(const struct scope *scope, const struct quantity *q,
			     struct pass_summary *summary)
{
	bool *outlier;
	uint64_t spread;

	if (!q->known)
		return;
	outlier = memory_zeroed(scope->nvalues, sizeof(*outlier));
	summary->outliers = (uint32_t)statistics_outliers(scope->values, scope->nvalues, outlier);
	free(outlier);
	if (q->median) {
		spread = figure_ratio(scope->values[scope->nvalues - 1] - scope->values[0], 1000000,
				      q->median);
		summary->spread_ppm = spread > UINT32_MAX ? UINT32_MAX : (uint32_t)spread;
	}
}

static void summarize_pass(struct scope *scope, struct pass_summary *summary)
{
	summarize_latency(scope, summary);
	summarize_events(scope, summary);
	if (scope->run->clock == RUN_CLOCK_NS) {
		summary->bytes_per_s = over_repetitions(scope, figure_bytes_per_s);
		summary->cpu = over_repetitions(scope, figure_cpu);
		summary->iops = over_repetitions(scope, figure_iops);
		summarize_spread(scope, &summary->iops, summary);
		return;
	}
	summarize_instructions(scope, summary);
	if (scope->cell->clock_use == CLOCK_USE_FUNCTION)
		return;
	summary->rank = over_repetitions(scope, figure_rank);
	summarize_spread(scope, &summary->rank, summary);
}

size_t cell_ranked_values(const struct run *run, const struct cell *cell, unsigned int pass,
			  uint64_t *values, unsigned int *boots)
{
	const struct pass_summary *summary = &cell->summary[pass];
	const struct scope scope = {.run = run,
				    .cell = cell,
				    .pass = pass,
				    .copy = summary->copy,
				    .irq_known = summary->irq.known};
	size_t n = 0;

	for (size_t i = 0; summary->rank.known && i < cell->nrepetitions; i++) {
		const struct pass_result *result = figure_pass(&scope, i);

		if (!result || figure_rank(&scope, result, &values[n]) != SAMPLE_VALUE)
			continue;
		boots[n++] = cell->repetitions[i].boot;
	}
	return n;
}

/* Why SNIA's rule says nothing of @cell; NULL if it does. */
static const char *not_judged(const struct run *run, const struct cell *cell)
{
	if (run->clock != RUN_CLOCK_NS)
		return "the clock counts instructions";
	if (!rw_writes(cell->workload.rw))
		return "nothing is written";
	if (!target_block_matches(cell->workload.target) &&
	    !target_userdrv_matches(cell->workload.target))
		return "the target is a file, not a device";
	if (run->boots)
		return "the repetitions are of several boots";
	if (cell->nrepetitions < STATISTICS_STEADY_ROUNDS)
		return "fewer than five repetitions";
	return NULL;
}

/* The repetitions of a write cell follow one another: they are its rounds. */
static void judge_steady_state(const struct run *run, struct cell *cell)
{
	uint64_t *rounds = memory_zeroed(cell->nrepetitions, sizeof(*rounds));
	struct scope scope = {.run = run, .cell = cell};
	struct statistics_steady steady;
	size_t n = 0;

	cell->steady_state = (struct steady_state){.reason = not_judged(run, cell)};
	for (size_t i = 0; !cell->steady_state.reason && i < cell->nrepetitions; i++) {
		const struct pass_result *pass = figure_pass(&scope, i);

		if (!pass || figure_iops(&scope, pass, &rounds[n++]) != SAMPLE_VALUE)
			cell->steady_state.reason = "a repetition completed no I/O";
	}
	if (!cell->steady_state.reason) {
		steady = statistics_steady_state(rounds, n);
		cell->steady_state.verdict = steady.steady ? STEADY_REACHED : STEADY_NOT_REACHED;
		cell->steady_state.range_ppm = steady.range_ppm;
		cell->steady_state.slope_ppm = steady.slope_ppm;
	}
	free(rounds);
}

static void summarize_cell(const struct run *run, struct cell *cell)
{
	struct scope scope;
	size_t i;
	unsigned int p;

	for (p = 0; p < PASSES_MAX; p++)
		free(cell->summary[p].merged);
	memset(cell->summary, 0, sizeof(cell->summary));
	cell->npasses = 0;
	memset(&scope, 0, sizeof(scope));
	scope.run = run;
	scope.cell = cell;
	scope.values = memory_zeroed(cell->nrepetitions, sizeof(*scope.values));
	for (i = 0; i < cell->nrepetitions; i++) {
		/* A repetition that broke off may have fewer passes than the others. */
		for (p = cell->npasses; p < cell->repetitions[i].npasses; p++)
			cell->summary[p].kind = cell->repetitions[i].pass[p].kind;
		if (cell->npasses < p)
			cell->npasses = p;
	}
	/* Backwards: a first touch copies what the same accesses copy again later. */
	for (p = cell->npasses; p-- > 0;) {
		scope.pass = p;
		summarize_pass(&scope, &cell->summary[p]);
		cell->summary[p].syscalls = cell->syscalls[p];
		cell->summary[p].pmd_faults = cell->pmd_faults[p];
		memcpy(cell->summary[p].cpu_counters, cell->cpu_counters[p],
		       sizeof(cell->cpu_counters[p]));
	}
	judge_steady_state(run, cell);
	free(scope.values);
}

void run_summarize(struct run *run)
{
	size_t i;

	for (i = 0; i < run->ncells; i++)
		summarize_cell(run, &run->cells[i]);
}
