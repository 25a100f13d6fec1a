// SPDX-License-Identifier: MIT
#include "core/repetition.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/accounting.h"
#include "core/evidence.h"
#include "core/interrupted.h"
#include "core/memory.h"
#include "core/observe.h"
#include "core/worker.h"

/* Operations before the clock starts, so that code, TLB and the file's metadata are warm. */
#define RAMP_IOS 64u
/* The witness shows what each operation does; a few thousand of them show it. */
#define WITNESS_IOS 4096u

struct job_thread {
	pthread_t thread;
	struct worker worker;
	struct pass_limits limits;
	struct start_gate *gate;
};

/* Held by the main thread until every job exists; then all start, or none does. */
struct start_gate {
	pthread_mutex_t lock;
	bool abandoned;
};

static void *job_main(void *argument)
{
	struct job_thread *job = argument;
	bool abandoned;

	pthread_mutex_lock(&job->gate->lock);
	abandoned = job->gate->abandoned;
	pthread_mutex_unlock(&job->gate->lock);
	if (!abandoned)
		worker_pass(&job->worker, &job->limits);
	return NULL;
}

/* One job runs on the calling thread: no thread is made, nothing else wakes up. */
static int run_jobs(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits)
{
	struct start_gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER};
	unsigned int started = 0;
	int ret = 0;

	if (njobs == 1) {
		worker_pass(&jobs[0].worker, limits);
		return 0;
	}
	pthread_mutex_lock(&gate.lock);
	while (started < njobs && !ret) {
		jobs[started].gate = &gate;
		jobs[started].limits = *limits;
		ret = -pthread_create(&jobs[started].thread, NULL, job_main, &jobs[started]);
		started += !ret;
	}
	gate.abandoned = ret != 0;
	pthread_mutex_unlock(&gate.lock);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(jobs[i].thread, NULL);
	return ret;
}

/* Of all jobs, since they were opened. */
static struct path_counters count(const struct path_ops *ops, const struct job_thread *jobs,
				  unsigned int njobs)
{
	struct path_counters sum = {.doorbells = 0};

	for (unsigned int i = 0; i < njobs && ops->count; i++) {
		struct path_counters one = {.doorbells = 0};

		ops->count(&jobs[i].worker.job, &one);
		sum.doorbells += one.doorbells;
		sum.sleeps += one.sleeps;
		sum.interrupts += one.interrupts;
		sum.resets += one.resets;
	}
	return sum;
}

static struct path_counters counted_since(const struct path_counters *before,
					  struct path_counters now)
{
	now.doorbells -= before->doorbells;
	now.sleeps -= before->sleeps;
	now.interrupts -= before->interrupts;
	now.resets -= before->resets;
	return now;
}

static int evict(const struct repetition_context *c, struct error *e)
{
	int ret = c->target->kind == TARGET_NULL ? 0 : target_evict(c->target);

	if (ret)
		error_set(e, ret, "can't empty the cache of %s: %s; try another target",
			  c->target->text, strerror(-ret));
	return ret;
}

static int prepare_cache(const struct repetition_context *c, struct error *e)
{
	/* Clean and empty first: then "hot" means the same pages in the same state every time. */
	int ret = evict(c, e);

	if (ret || c->cell->workload.cache == CACHE_COLD || !(c->ops->traits & PATH_PAGE_CACHE))
		return ret;
	ret = target_warm(c->target);
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
	struct pass_limits limits = {.ticks = UINT64_MAX};

	if (c->ops->traits & PATH_MAPPING)
		return 0;
	/* A cold pass visits each block once: leave it most of them. */
	limits.ios = ios < nblocks / 8 ? ios : nblocks / 8;
	if (w->ramp_ns && w->cache == CACHE_HOT) {
		limits.ios = UINT64_MAX;
		limits.ticks = clock_to_ticks(c->clock, w->ramp_ns);
	}
	if (limits.ios)
		run_jobs(jobs, njobs, &limits);
	return jobs[0].worker.ios;
}

static int first_failure(const struct repetition_context *c, struct job_thread *jobs,
			 unsigned int njobs, struct error *e)
{
	for (unsigned int i = 0; i < njobs; i++) {
		int ret = jobs[i].worker.first_error;

		if (ret)
			return error_set(
				e, ret,
				"%s on %s: an operation failed: %s; look at the kernel's log",
				c->ops->name, c->target->text, strerror(-ret));
	}
	if (interrupted())
		return error_set(e, -EINTR, "interrupted");
	return 0;
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
	const struct pass_limits none = {.ios = 0, .ticks = UINT64_MAX};

	start_counting(witness);
	run_jobs(jobs, 1, &none);
	stop_counting(witness);
	return witness->nsyscalls;
}

static struct quantity per_1000_ios(const struct tracepoint *t, uint64_t count, uint64_t ios)
{
	uint64_t value = (count * 1000 + ios / 2) / ios;

	return (struct quantity){t->fd >= 0, value, value, value};
}

/* The jobs' pass between two readings of all counters. */
static int run_observed(const struct repetition_context *c, struct job_thread *jobs,
			unsigned int njobs, const struct pass_limits *limits,
			struct pass_facts *facts, struct witness_facts *witness)
{
	uint64_t fixed = witness ? empty_pass_syscalls(jobs, witness) : 0;
	struct path_counters counted = count(c->ops, jobs, njobs);
	struct observation before, after;
	int ret;

	observe(&c->target->device, true, &before);
	if (witness)
		start_counting(witness);
	ret = run_jobs(jobs, njobs, limits);
	if (witness) {
		stop_counting(witness);
		witness->nsyscalls -= fixed < witness->nsyscalls ? fixed : witness->nsyscalls;
	}
	observe(&c->target->device, false, &after);
	facts->delta = observation_delta(&before, &after);
	facts->counters = counted_since(&counted, count(c->ops, jobs, njobs));
	return ret;
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

		most = most < WITNESS_IOS ? most : WITNESS_IOS;
		limits.ios = limits.ios < most ? limits.ios : most;
	}
	result->kind = kind;
	result->start = clock_raw_ns() - c->run_start_ns;
	ret = run_observed(c, jobs, njobs, &limits, &facts, witness);
	if (ret)
		return error_set(e, ret,
				 "can't start %u threads: %s; give a smaller numjobs=", njobs,
				 strerror(-ret));
	ret = first_failure(c, jobs, njobs, e);
	if (ret)
		return ret;
	account(c, &facts, jobs, njobs, result);
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
	int ret = first_failure(c, jobs, njobs, e);

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

static int run(const struct repetition_context *c, unsigned int njobs, struct repetition *into,
	       struct witness_facts *witness, struct error *e)
{
	const struct workload *w = &c->cell->workload;
	bool private = c->ops->traits & PATH_PRIVATE;
	struct job_thread *jobs = memory_zeroed(njobs, sizeof(*jobs));
	unsigned int ready = 0;
	int ret = prepare_cache(c, e);

	/* A private mapping's stores never reach the file: its generation stays. */
	if (!ret && rw_writes(w->rw) && !private)
		c->target->generation++;
	for (; ready < njobs && !ret; ready++) {
		struct worker *worker = &jobs[ready].worker;

		ret = worker_init(worker, c->ops, c->clock, w, c->target, ready, c->stride,
				  c->seed + ready * 0x9e3779b9ull);
		if (ret) {
			error_set(e, ret,
				  "out of memory for %u jobs of bs=%llu iodepth=%u; give a "
				  "smaller size=, bs=, iodepth= or numjobs=",
				  njobs, (unsigned long long)w->bs, w->iodepth);
			break;
		}
		/*
		 * The witness times nothing and counts system calls: the path waits in its own way,
		 * without naps of ours.
		 */
		if (witness)
			worker->patient = false;
		if (witness && worker_visit_once(worker, c->seed)) {
			worker_free(worker);
			ret = error_set(e, -ENOMEM,
					"out of memory for the order of %llu blocks; "
					"give a smaller size= or a larger bs=",
					(unsigned long long)(w->size / w->bs));
			break;
		}
		worker->job.generation = c->target->generation + (private && rw_writes(w->rw));
		ret = c->ops->open(&worker->job, e);
		if (ret)
			worker_free(worker);
		if (ret)
			break;
	}
	if (!ret)
		ret = run_passes(c, jobs, njobs, into, witness, e);
	for (unsigned int i = 0; i < ready; i++) {
		c->ops->close(&jobs[i].worker.job);
		worker_free(&jobs[i].worker);
	}
	free(jobs);
	return ret;
}

int repetition_timed(const struct repetition_context *c, struct repetition *into, struct error *e)
{
	return run(c, c->cell->workload.numjobs, into, NULL, e);
}

static void free_passes(struct repetition *r)
{
	for (unsigned int p = 0; p < PASSES_MAX; p++)
		free(r->pass[p].latency);
}

/* Our own file system names the branch that it takes (kmod/pathfs/trace.h). */
static void open_branch(const struct repetition_context *c, struct witness_facts *witness)
{
	enum { BUFFERED, DIRECT, DAX } branch = BUFFERED;
	const char *event = rw_writes(c->cell->workload.rw) ? "pathfs_write" : "pathfs_read";
	char filter[16];

	witness->branch.fd = -1;
	/* An asynchronous operation may be another thread's, and of a mixture each is only a part.
	 */
	if (strcmp(c->target->fs_type, "pathfs") != 0 || c->ops->start ||
	    c->cell->workload.rw == RW_RANDRW)
		return;
	if (c->ops->traits & PATH_DAX)
		branch = DAX;
	else if (c->ops->traits & PATH_NO_CACHE)
		branch = DIRECT;
	if (c->ops->traits & PATH_MAPPING)
		event = "pathfs_fault";
	/* A read of a page that is in the cache is mapped without asking the file system. */
	if ((c->ops->traits & PATH_MAPPING) && branch != DAX && !rw_writes(c->cell->workload.rw))
		return;
	snprintf(witness->branch_event, sizeof(witness->branch_event), "pathfs:%s", event);
	snprintf(filter, sizeof(filter), "branch == %d", branch);
	tracepoint_open(&witness->branch, witness->branch_event, filter);
}

int repetition_witness(const struct repetition_context *c, struct error *e)
{
	struct witness_facts witness = {.nwrites = 0};
	char filter[32];
	struct repetition scratch = {0};
	const char *what = NULL;
	uint64_t where = 0;
	int ret;

	/* Without a usable TSC reading the clock is a system call: the harness's, not the path's.
	 */
	snprintf(filter, sizeof(filter), "id != %d", SYS_clock_gettime);
	tracepoint_open(&witness.syscalls, "raw_syscalls:sys_enter", filter);
	/* 0x100 is VM_FAULT_NOPAGE: installed; a fallback to 4 KiB is 0x800. */
	tracepoint_open(&witness.pmd_faults, "fs_dax:dax_pmd_fault_done", "result & 0x100");
	tracepoint_open(&witness.flushes, "block:block_bio_queue", "rwbs ~ \"*F*\"");
	open_branch(c, &witness);
	/* The tracepoints count one thread: the first job alone. */
	ret = run(c, 1, &scratch, &witness, e);
	tracepoint_close(&witness.syscalls);
	tracepoint_close(&witness.pmd_faults);
	tracepoint_close(&witness.flushes);
	tracepoint_close(&witness.branch);
	free_passes(&scratch);
	if (ret || c->target->kind == TARGET_NULL || c->target->foreign) {
		if (!ret)
			evidence_data(c->cell, c->target, PHASE_WITNESS, NULL, 0);
		return ret;
	}
	ret = target_verify(c->target, &where, &what);
	if (ret && ret != -EILSEQ)
		return error_set(e, ret,
				 "can't read %s back to check it: %s; look at the kernel's log",
				 c->target->text, strerror(-ret));
	evidence_data(c->cell, c->target, PHASE_WITNESS, what, where);
	evidence_writes(c->cell, c->ops, witness.nwrites, target_count_newest(c->target));
	return 0;
}

/* By DMA, from and to the caller's pages: the CPU touches none of the bytes. */
static bool device_copies(const struct path_ops *ops, const struct target *t)
{
	return (ops->traits & PATH_USER_DRIVER) ||
	       ((ops->traits & PATH_NO_CACHE) && t->device.known && !t->device.memory);
}

int repetition_half_block(const struct repetition_context *c, uint64_t cost[PASSES_MAX],
			  struct error *e)
{
	struct repetition_context half = *c;
	struct repetition scratch = {0};
	struct cell cell = {.clock_use = c->cell->clock_use};
	int ret;

	cell.workload = c->cell->workload;
	cell.workload.bs /= 2;
	/* The same pages in the same order: half of each block, so that only the bytes are fewer.
	 */
	if (cell.workload.bs < PATTERN_SECTOR || cell.workload.access == ACCESS_TOUCH ||
	    device_copies(c->ops, c->target))
		return -EOPNOTSUPP;
	if (c->ops->probe) {
		struct unavailable why;

		if (c->ops->probe(&cell.workload, c->target, &why) != 0)
			return -EOPNOTSUPP;
	}
	half.cell = &cell;
	ret = run(&half, cell.workload.numjobs, &scratch, NULL, e);
	for (unsigned int p = 0; p < scratch.npasses && !ret; p++) {
		const struct pass_result *r = &scratch.pass[p];

		cost[p] = pass_thread_cost(&cell, r);
	}
	free_passes(&scratch);
	cell_release(&cell);
	return ret;
}
