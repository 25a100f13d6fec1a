// SPDX-License-Identifier: MIT
#include "core/accounting.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define WINSORIZED_PART 200u

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * The sum with the largest one in 200 (at least one) counted as the next smaller one: a timer
 * interrupt falls into one operation in some thousands and is twenty times as large.
 */
static uint64_t winsorized_sum(const uint32_t *sorted, uint64_t n)
{
	uint64_t spared = (n + WINSORIZED_PART - 1) / WINSORIZED_PART, sum = 0;

	if (spared >= n)
		spared = 0;
	for (uint64_t i = 0; i < n - spared; i++)
		sum += sorted[i];
	return sum + spared * sorted[n - spared - 1];
}

/* Exact median of the single operations, and of the @nfaults costliest of them: those that faulted.
 */
static void exact_medians(struct worker *w, uint64_t nfaults, struct pass_result *result)
{
	uint64_t n = w->nsamples;

	if (!w->samples || !n)
		return;
	qsort(w->samples, n, sizeof(*w->samples), compare_u32);
	if (n == result->ios)
		result->op_total = winsorized_sum(w->samples, n);
	result->op_median = w->samples[n / 2];
	if (nfaults > n)
		nfaults = n;
	if (nfaults)
		result->fault_median = w->samples[n - nfaults + nfaults / 2];
}

static uint64_t less(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

/*
 * On one emulated CPU, elapsed minus idle is everything that it executed, for whomever, and less
 * the looks in vain it is what the operations cost. @idle and @wait overlap nowhere where the path
 * itself waits: it spins first (wait) and sleeps then (idle).
 *
 * A patient worker's naps are in both, since they are part of its waiting and the CPU idles in
 * them: what is shown as wait is without the idling. So nothing is subtracted from the machine's
 * count there, nor from the thread's CPU time: both are the sum of the stretches in which the
 * operations were started and found, which contain no waiting. What a kernel's worker thread does
 * meanwhile is not in them.
 */
static void account_cpu(const struct repetition_context *c, const struct worker *first,
			const struct observation *delta, struct pass_result *result)
{
	if (c->clock->kind != RUN_CLOCK_INSTRUCTIONS)
		return;
	if (first->patient) {
		if (delta->idle_known)
			result->wait = less(result->wait, delta->idle);
		result->thread = result->machine = result->op_total;
		result->machine_known = true;
		return;
	}
	result->thread = less(result->thread, result->wait);
	result->machine_known = delta->idle_known;
	if (result->machine_known)
		result->machine = less(less(result->duration, delta->idle), result->wait);
}

void account_device(const struct repetition_context *c, const struct pass_facts *facts,
		    struct pass_result *result)
{
	const struct observation *delta = &facts->delta;

	result->interrupts_known = delta->interrupts_known;
	result->interrupts = delta->interrupts;
	result->device_known = delta->device.known && c->target->device.accounted;
	result->device_bytes = delta->device.read_bytes + delta->device.write_bytes;
	result->device_ios = delta->device.read_ios + delta->device.write_ios;
	result->flushes = delta->device.flush_ios;
	memcpy(result->machine_counters, delta->machine, sizeof(result->machine_counters));
}

void account_pass(const struct repetition_context *c, const struct pass_facts *facts,
		  struct worker *const *workers, unsigned int nworkers, struct pass_result *result)
{
	const struct observation *delta = &facts->delta;
	uint64_t start = UINT64_MAX, end = 0;
	bool own;

	result->latency = memory_zeroed(1, sizeof(*result->latency));
	for (unsigned int i = 0; i < nworkers; i++) {
		struct worker *w = workers[i];

		result->ios += w->ios;
		result->bytes += w->ios * c->cell->workload.bs;
		result->errors += w->errors;
		result->backlog += w->backlog;
		result->backlog_known = pace_is_open_loop(&w->pace);
		result->thread += w->cpu;
		result->op_total += clock_from_ticks(c->clock, w->op_ticks);
		result->wait += clock_from_ticks(c->clock, w->wait);
		result->empty_looks += w->empty_looks;
		histogram_add(result->latency, &w->latency);
		start = w->start_ticks < start ? w->start_ticks : start;
		end = w->end_ticks > end ? w->end_ticks : end;
	}
	if (c->clock->kind == RUN_CLOCK_NS)
		histogram_rescale(result->latency, 1000000000, c->clock->ticks_per_s);
	result->duration = clock_from_ticks(c->clock, end - start);
	result->faults_minor = delta->faults_minor;
	result->faults_major = delta->faults_major;
	result->context_switches = delta->voluntary_switches + delta->involuntary_switches;
	/*
	 * No kernel sees the interrupts of a controller model, the path does. The evidence gets the
	 * two apart, to name the source.
	 */
	own = c->target->kind == TARGET_USERDRV && !c->target->device.pci[0] &&
	      !delta->interrupts_known && c->ops->count;
	account_device(c, facts, result);
	if (own) {
		result->interrupts_known = true;
		result->interrupts = facts->counters.interrupts;
	}
	result->doorbells = facts->counters.doorbells;
	result->sleeps = facts->counters.sleeps;
	account_cpu(c, workers[0], delta, result);
	exact_medians(workers[0], delta->faults_minor + delta->faults_major, result);
}
