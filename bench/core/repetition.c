// SPDX-License-Identifier: MIT
#include "core/repetition_jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/accounting.h"
#include "core/interrupted.h"
#include "core/memory.h"
#include "core/observe.h"
#include "core/tool.h"
#include "vm/plugins/count_marks.h"

/* Operations before the clock starts, so that code, TLB and the file's metadata are warm. */
#define RAMP_IOS 64u
/* The witness shows what each operation does; a few thousand of them show it. */
#define WITNESS_IOS 4096u
/* How often a file is read into the page cache until all of it is there. */
#define WARM_TRIES 3u
/* Counted exactly: more of the same would tell nothing new. */
#define FUNCTIONS_IOS 1000u

static int evict(const struct repetition_context *c, struct error *e)
{
	int ret = c->target->kind == TARGET_NULL ? 0 : target_evict(c->target);

	if (ret)
		error_set(e, ret, "can't empty the cache of %s: %s; try another target",
			  c->target->text, strerror(-ret));
	return ret;
}

/*
 * Where memory is short, pages of what was read go while the rest of it is being read: then once
 * more. The evidence says whether it helped.
 */
static int warm(struct target *t)
{
	uint64_t total = 0;
	int64_t resident = -1;
	int ret = 0;

	for (unsigned int i = 0; i < WARM_TRIES && !ret && resident < (int64_t)total; i++) {
		ret = target_warm(t);
		resident = target_resident_pages(t, &total);
		if (resident < 0)
			break;
	}
	return ret;
}

static int prepare_cache(const struct repetition_context *c, struct error *e)
{
	/* Clean and empty first: then "hot" means the same pages in the same state every time. */
	int ret = evict(c, e);

	if (ret || c->cell->workload.cache == CACHE_COLD || !(c->ops->traits & PATH_PAGE_CACHE))
		return ret;
	if (c->cell->workload.cache == CACHE_PRESSED) {
		ret = target_warm(c->target);
		if (!ret)
			ret = target_press(c->target);
	} else {
		ret = warm(c->target);
	}
	if (ret)
		error_set(e, ret, "can't read %s into the page cache: %s; try another target",
			  c->target->text, strerror(-ret));
	return ret;
}

static struct pass_limits limits_of(const struct repetition_context *c, const struct worker *w,
				    enum pass_kind kind, uint64_t visited)
{
	const struct workload *workload = &c->cell->workload;
	bool once = kind == PASS_FIRST_TOUCH || workload->cache == CACHE_COLD;
	struct pass_limits limits = {.ios = UINT64_MAX, .ticks = UINT64_MAX};

	if (workload->runtime_ns)
		limits.ticks = clock_to_ticks(c->clock, workload->runtime_ns);
	if (workload->number_ios)
		limits.ios = workload->number_ios;
	else if (!workload->time_based || once)
		limits.ios = w->offsets.nblocks;
	if (once && limits.ios > w->offsets.nblocks - visited)
		limits.ios = w->offsets.nblocks - visited;
	return limits;
}

/* Untimed operations before the pass. A first touch can't be rehearsed. */
static uint64_t ramp(const struct repetition_context *c, struct job_thread *jobs,
		     unsigned int njobs)
{
	const struct workload *w = &c->cell->workload;
	uint64_t ios = RAMP_IOS, nblocks = jobs[0].worker.offsets.nblocks;
	struct pass_limits limits = {.ticks = UINT64_MAX, .at_once = true};

	if (c->ops->traits & PATH_MAPPING)
		return 0;
	/* A cold pass visits each block once: leave it most of them. */
	limits.ios = ios < nblocks / 8 ? ios : nblocks / 8;
	if (w->ramp_ns && w->cache == CACHE_HOT) {
		/* Long enough for the queue to be as the workload makes it. */
		limits = (struct pass_limits){
			.ios = UINT64_MAX,
			.ticks = clock_to_ticks(c->clock, w->ramp_ns),
		};
	}
	if (limits.ios)
		jobs_run(jobs, njobs, &limits);
	return jobs[0].worker.ios;
}

struct passes {
	enum pass_kind kind[PASSES_MAX];
	unsigned int n;
};

static struct passes passes_of(const struct path_ops *ops)
{
	if (ops->traits & PATH_MAPPING)
		return (struct passes){{PASS_FIRST_TOUCH, PASS_AGAIN}, 2};
	return (struct passes){{PASS_ALL}, 1};
}

static void start_counting(const struct witness_facts *witness)
{
	tracepoint_start(&witness->syscalls);
	tracepoint_start(&witness->pmd_faults);
	tracepoint_start(&witness->flushes);
	tracepoint_start(&witness->branch);
}

static void stop_counting(struct witness_facts *witness)
{
	witness->nbranch = tracepoint_stop(&witness->branch);
	witness->nflushes = tracepoint_stop(&witness->flushes);
	witness->npmd_faults = tracepoint_stop(&witness->pmd_faults);
	witness->nsyscalls = tracepoint_stop(&witness->syscalls);
}

/* System calls of starting and stopping the counters and reading clocks: a pass of no operations.
 */
static uint64_t empty_pass_syscalls(struct job_thread *jobs, struct witness_facts *witness)
{
	const struct pass_limits none = {.ios = 0, .ticks = UINT64_MAX, .at_once = true};

	start_counting(witness);
	jobs_run(jobs, 1, &none);
	stop_counting(witness);
	return witness->nsyscalls;
}

static struct quantity per_1000_ios(const struct tracepoint *t, uint64_t count, uint64_t ios)
{
	uint64_t value = (count * 1000 + ios / 2) / ios;

	return (struct quantity){t->fd >= 0, value, value, value};
}

/* The jobs' pass between two readings of all counters. */
static void run_observed(const struct repetition_context *c, struct job_thread *jobs,
			 unsigned int njobs, const struct pass_limits *limits,
			 struct pass_facts *facts, struct witness_facts *witness)
{
	uint64_t fixed = witness ? empty_pass_syscalls(jobs, witness) : 0;
	struct path_counters counted = jobs_count(c->ops, jobs, njobs);
	struct observation before, after;
	struct nvme_smart executed, executed_before;

	if (c->ops->traits & PATH_PASSTHRU)
		nvme_smart_read(c->target->device.name, &executed_before);
	observe(&c->target->device, true, &before);
	if (witness)
		start_counting(witness);
	if (c->counting)
		cpu_counters_start(&c->counting->counters);
	jobs_run(jobs, njobs, limits);
	if (c->counting)
		cpu_counters_stop(&c->counting->counters,
				  c->counting->counts[facts->kind == PASS_AGAIN]);
	if (witness) {
		stop_counting(witness);
		witness->nsyscalls -= fixed < witness->nsyscalls ? fixed : witness->nsyscalls;
	}
	observe(&c->target->device, false, &after);
	facts->delta = observation_delta(&before, &after);
	if (c->ops->traits & PATH_PASSTHRU) {
		nvme_smart_read(c->target->device.name, &executed);
		facts->smart = nvme_smart_delta(&executed_before, &executed);
	}
	facts->counters = jobs_counted_since(&counted, jobs_count(c->ops, jobs, njobs));
}

static void account(const struct repetition_context *c, const struct pass_facts *facts,
		    struct job_thread *jobs, unsigned int njobs, struct pass_result *result)
{
	struct worker **workers = memory_zeroed(njobs, sizeof(struct worker *));

	for (unsigned int i = 0; i < njobs; i++)
		workers[i] = &jobs[i].worker;
	account_pass(c, facts, workers, njobs, result);
	free(workers);
}

static void check_placement(const struct repetition_context *c, struct job_thread *jobs,
			    unsigned int njobs, enum phase phase)
{
	const struct placement *p = &c->cell->placement;

	for (unsigned int i = 0; i < njobs && p->asked; i++) {
		struct path_job *job = &jobs[i].worker.job;
		int ret = 0;

		if (p->memory_node >= 0)
			ret = placement_see_memory(p, job->buffer, job->buffer_nbytes,
						   &jobs[i].seen);
		evidence_placement(c->cell, phase, &jobs[i].seen, njobs, ret);
	}
}

/*
 * What the plugin counted in the pass that just ended, beside what the clock said of it: where the
 * path sleeps, elapsed less idle, since the operations' own ticks go on while the CPU idles.
 */
static int read_functions(const struct repetition_context *c, const struct worker *w,
			  const struct pass_result *result, struct error *e)
{
	struct function_counts *counts = &c->cell->functions[result->kind == PASS_AGAIN];
	const bool sleeps = c->cell->clock_use == CLOCK_USE_MACHINE && !w->patient;
	uint64_t clock = clock_from_ticks(c->clock, w->op_ticks);
	int ret;

	COUNT_MARK(COUNT_MARK_WRITE);
	if (!w->ios)
		return 0;
	if (sleeps && result->machine_known)
		clock = result->machine;
	ret = functions_read(counts, c->counts, c->symbols, w->ios, e);
	if (!ret)
		counts->clock_insn_per_1000_ios = clock * 1000 / w->ios;
	return ret;
}

/* What happens around each pass; @witness is NULL in the timed kind. */
static int one_pass(const struct repetition_context *c, struct job_thread *jobs, unsigned int njobs,
		    enum pass_kind kind, uint64_t visited, struct pass_result *result,
		    struct witness_facts *witness, struct error *e)
{
	struct pass_limits limits = limits_of(c, &jobs[0].worker, kind, visited);
	struct pass_facts facts = {.kind = kind, .phase = PHASE_TIMED};
	int ret;

	if (c->target->kind != TARGET_NULL && kind != PASS_AGAIN)
		facts.resident_before = target_resident_pages(c->target, &facts.pages);
	if (witness) {
		uint64_t most = jobs[0].worker.offsets.nblocks;

		/* It times nothing: what each operation does is the same whenever it starts. */
		limits.at_once = true;
		most = most < WITNESS_IOS ? most : WITNESS_IOS;
		limits.ios = limits.ios < most ? limits.ios : most;
	}
	if (c->counts) {
		limits.ios = limits.ios < FUNCTIONS_IOS ? limits.ios : FUNCTIONS_IOS;
		jobs[0].worker.marked = true;
		COUNT_MARK(COUNT_MARK_ARM);
	}
	result->kind = kind;
	result->start = clock_raw_ns() - c->run_start_ns;
	run_observed(c, jobs, njobs, &limits, &facts, witness);
	ret = jobs_first_failure(c, jobs, njobs, e);
	if (ret)
		return ret;
	account(c, &facts, jobs, njobs, result);
	if (c->counts)
		ret = read_functions(c, &jobs[0].worker, result, e);
	if (ret)
		return ret;
	facts.ios = result->ios;
	facts.bytes = result->bytes;
	for (unsigned int i = 0; i < njobs; i++)
		facts.writes += jobs[i].worker.writes;
	if (c->target->kind != TARGET_NULL && kind != PASS_AGAIN)
		facts.resident_after = target_resident_pages(c->target, &facts.pages);
	if (witness && facts.ios) {
		unsigned int pass = kind == PASS_AGAIN;

		c->cell->syscalls[pass] =
			per_1000_ios(&witness->syscalls, witness->nsyscalls, facts.ios);
		c->cell->pmd_faults[pass] =
			per_1000_ios(&witness->pmd_faults, witness->npmd_faults, facts.ios);
	}
	check_placement(c, jobs, njobs, facts.phase);
	if (witness && kind != PASS_AGAIN)
		witness->nwrites = facts.writes;
	if (witness)
		evidence_witness(c->cell, c->ops, c->target, &facts, witness);
	else
		evidence_timed(c->cell, c->ops, c->target, &facts);
	return 0;
}

static void check_samples(const struct repetition_context *c, const struct job_thread *jobs,
			  unsigned int njobs)
{
	const struct pattern_fault *fault = &jobs[0].worker.fault;

	for (unsigned int i = 0; i < njobs && !fault->what; i++)
		fault = &jobs[i].worker.fault;
	if (rw_reads(c->cell->workload.rw))
		evidence_data(c->cell, c->target, PHASE_TIMED, fault->what, fault->offset);
}

static int run_passes(const struct repetition_context *c, struct job_thread *jobs,
		      unsigned int njobs, struct repetition *into, struct witness_facts *witness,
		      struct error *e)
{
	struct passes passes = passes_of(c->ops);
	/* The witness is not timed, so nothing has to be warm; each of its writes is to be found.
	 */
	uint64_t visited = witness ? 0 : ramp(c, jobs, njobs);
	int ret = jobs_first_failure(c, jobs, njobs, e);

	/* What the operations before the clock brought in must go again. */
	if (!ret && visited && c->cell->workload.cache == CACHE_COLD)
		ret = evict(c, e);

	for (unsigned int p = 0; p < passes.n && !ret; p++) {
		for (unsigned int i = 0; i < njobs && passes.kind[p] == PASS_AGAIN; i++) {
			/* The same blocks, in the same order, and only those touched before. */
			jobs[i].worker.offsets.next = 0;
			jobs[i].worker.offsets.nblocks = jobs[i].worker.ios;
		}
		ret = one_pass(c, jobs, njobs, passes.kind[p], visited, &into->pass[p], witness, e);
		if (!ret)
			into->npasses = p + 1;
	}
	if (!ret)
		check_samples(c, jobs, njobs);
	return ret;
}

int repetition_run(const struct repetition_context *c, unsigned int njobs, struct repetition *into,
		   struct witness_facts *witness, struct error *e)
{
	struct job_thread *jobs = memory_zeroed(njobs, sizeof(*jobs));
	unsigned int ready = 0;
	struct crew crew = {.nthreads = 0};
	cpu_set_t saved;
	int ret = jobs_place_thread(c, njobs, &saved, e);

	if (ret) {
		free(jobs);
		return ret;
	}
	ret = jobs_gather(&crew, jobs, njobs, e);
	if (!ret)
		ret = prepare_cache(c, e);
	/* A private mapping's stores never reach the file: its generation stays. */
	if (!ret && rw_writes(c->cell->workload.rw) && !(c->ops->traits & PATH_PRIVATE))
		c->target->generation++;
	while (ready < njobs && !ret) {
		ret = job_open(c, &jobs[ready], ready, njobs, witness != NULL, e);
		ready += !ret;
	}
	if (!ret)
		ret = run_passes(c, jobs, njobs, into, witness, e);
	for (unsigned int i = 0; i < ready; i++)
		job_close(c, &jobs[i]);
	jobs_dismiss(&crew, jobs);
	placement_leave(&c->cell->placement, &saved);
	free(jobs);
	return ret;
}

/* Another program does the pass; what is around it is as for every path. */
static int run_tool(const struct repetition_context *c, struct repetition *into, struct error *e)
{
	struct pass_facts facts = {.kind = PASS_ALL, .phase = PHASE_TIMED};
	struct pass_result *result = &into->pass[0];
	struct tool_report report = {.writes = 0};
	struct observation before, after;
	int ret = prepare_cache(c, e);

	if (ret)
		return ret;
	facts.resident_before = target_resident_pages(c->target, &facts.pages);
	result->kind = facts.kind;
	result->start = clock_raw_ns() - c->run_start_ns;
	observe(&c->target->device, true, &before);
	ret = tool_repetition(c, result, &report, e);
	observe(&c->target->device, false, &after);
	if (ret)
		return ret;
	facts.kind = result->kind;
	facts.ios = result->ios;
	facts.bytes = result->bytes;
	facts.writes = report.writes;
	facts.delta = observation_delta(&before, &after);
	facts.delta.faults_minor = result->faults_minor;
	facts.delta.faults_major = result->faults_major;
	facts.resident_after = target_resident_pages(c->target, &facts.pages);
	account_device(c, &facts, result);
	evidence_tool(c->cell, c->ops, c->target, &facts, result, &report);
	into->npasses = 1;
	return 0;
}

int repetition_timed(const struct repetition_context *c, struct repetition *into, struct error *e)
{
	if (c->ops->traits & PATH_TOOL)
		return run_tool(c, into, e);
	return repetition_run(c, c->cell->workload.numjobs, into, NULL, e);
}
