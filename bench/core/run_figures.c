// SPDX-License-Identifier: MIT
#include "core/run_figures.h"

#include "core/statistics.h"

#define NS_PER_S 1000000000u
#define PER_1000 1000u

uint64_t figure_ratio(uint64_t amount, uint64_t mul, uint64_t div)
{
	unsigned __int128 value = ((unsigned __int128)amount * mul + div / 2) / div;

	return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

const struct pass_result *figure_pass(const struct scope *scope, size_t i)
{
	const struct repetition *repetition = &scope->cell->repetitions[i];

	if (scope->pass >= repetition->npasses || repetition->pass[scope->pass].ios == 0)
		return NULL;
	return &repetition->pass[scope->pass];
}

enum sample figure_iops(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	(void)scope;
	if (!pass->duration)
		return SAMPLE_UNKNOWN;
	*value = figure_ratio(pass->ios, NS_PER_S, pass->duration);
	return SAMPLE_VALUE;
}

enum sample figure_bytes_per_s(const struct scope *scope, const struct pass_result *pass,
			       uint64_t *value)
{
	(void)scope;
	if (!pass->duration)
		return SAMPLE_UNKNOWN;
	*value = figure_ratio(pass->bytes, NS_PER_S, pass->duration);
	return SAMPLE_VALUE;
}

enum sample figure_latency(const struct scope *scope, const struct pass_result *pass,
			   uint64_t *value)
{
	if (!pass->latency || histogram_total(pass->latency) == 0)
		return SAMPLE_NONE;
	*value = histogram_percentile(pass->latency, scope->percentile_ppm);
	return SAMPLE_VALUE;
}

enum sample figure_cpu(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->thread, 1, pass->ios);
	return SAMPLE_VALUE;
}

/*
 * Does this pass wait for a device that interrupts? Later accesses to a mapping don't, however the
 * first ones got their pages, unless each is made durable or memory has no room to keep pages.
 */
static bool waits(const struct cell *cell, const struct pass_result *pass)
{
	return cell->clock_use == CLOCK_USE_MACHINE &&
	       (pass->kind != PASS_AGAIN || cell->workload.durability == DURABILITY_DATA ||
		cell->workload.cache == CACHE_PRESSED);
}

/*
 * The median of single operations is free of what surrounds the operations, but only some of the
 * first touches fault, and operations that are in flight together have no cost of their own (their
 * median is 0): those take the mean. An operation that sleeps can't be timed alone: there it is the
 * thread's CPU time, the loop included.
 */
uint64_t pass_thread_cost(const struct cell *cell, const struct pass_result *pass)
{
	if (!pass->ios)
		return 0;
	if (waits(cell, pass))
		return figure_ratio(pass->thread, 1, pass->ios);
	if (pass->kind == PASS_FIRST_TOUCH || !pass->op_median)
		return figure_ratio(pass->op_total, 1, pass->ios);
	return pass->op_median;
}

enum sample figure_irq(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	if (!pass->machine_known)
		return SAMPLE_UNKNOWN;
	*value = 0;
	/* Where the thread never slept, the rest of the machine was busy with something else. */
	if (waits(scope->cell, pass) && pass->machine > pass->thread)
		*value = figure_ratio(pass->machine - pass->thread, 1, pass->ios);
	return SAMPLE_VALUE;
}

/* It is in none of the other figures: thread, machine and operations were counted without it. */
enum sample figure_wait(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->wait, 1, pass->ios);
	return SAMPLE_VALUE;
}

enum sample figure_work(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	uint64_t cost = pass_thread_cost(scope->cell, pass);
	uint64_t copy = scope->copy.known ? scope->copy.median : 0;

	*value = cost > copy ? cost - copy : 0;
	return SAMPLE_VALUE;
}

enum sample figure_rank(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	uint64_t irq = 0;

	figure_work(scope, pass, value);
	if (scope->irq_known)
		figure_irq(scope, pass, &irq);
	*value += irq;
	return SAMPLE_VALUE;
}

enum sample figure_fault(const struct scope *scope, const struct pass_result *pass, uint64_t *value)
{
	(void)scope;
	*value = pass->fault_median;
	return pass->fault_median ? SAMPLE_VALUE : SAMPLE_NONE;
}

enum sample figure_faults_minor(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->faults_minor, PER_1000, pass->ios);
	return SAMPLE_VALUE;
}

enum sample figure_faults_major(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->faults_major, PER_1000, pass->ios);
	return SAMPLE_VALUE;
}

enum sample figure_switches(const struct scope *scope, const struct pass_result *pass,
			    uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->context_switches, PER_1000, pass->ios);
	return SAMPLE_VALUE;
}

enum sample figure_interrupts(const struct scope *scope, const struct pass_result *pass,
			      uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->interrupts, PER_1000, pass->ios);
	return pass->interrupts_known ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}

enum sample figure_device_bytes(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->device_bytes, PER_1000, pass->ios);
	return pass->device_known ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}

enum sample figure_flushes(const struct scope *scope, const struct pass_result *pass,
			   uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->flushes, PER_1000, pass->ios);
	return pass->device_known ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}

enum sample figure_doorbells(const struct scope *scope, const struct pass_result *pass,
			     uint64_t *value)
{
	(void)scope;
	*value = figure_ratio(pass->doorbells, PER_1000, pass->ios);
	return pass->doorbells ? SAMPLE_VALUE : SAMPLE_NONE;
}

enum sample figure_sleeps(const struct scope *scope, const struct pass_result *pass,
			  uint64_t *value)
{
	*value = figure_ratio(pass->sleeps, PER_1000, pass->ios);
	return scope->sleeps_counted ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}

enum sample figure_empty_looks(const struct scope *scope, const struct pass_result *pass,
			       uint64_t *value)
{
	*value = figure_ratio(pass->empty_looks, PER_1000, pass->ios);
	return scope->looks_counted ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}

enum sample figure_machine_counter(const struct scope *scope, const struct pass_result *pass,
				   uint64_t *value)
{
	const struct counted *count = &pass->machine_counters[scope->counter];

	*value = figure_ratio(count->value, PER_1000, pass->ios);
	return count->known ? SAMPLE_VALUE : SAMPLE_UNKNOWN;
}
