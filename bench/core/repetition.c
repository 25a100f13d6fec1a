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
#include "core/placement.h"
#include "core/tool.h"
#include "core/worker.h"
#include "vm/plugins/count_marks.h"

/* Operations before the clock starts, so that code, TLB and the file's metadata are warm. */
#define RAMP_IOS 64u
/* The witness shows what each operation does; a few thousand of them show it. */
#define WITNESS_IOS 4096u
/* Counted exactly: more of the same would tell nothing new. */
#define FUNCTIONS_IOS 1000u
/* How often a path's device is tended while threads use it; it notices lost commands slower. */
#define TEND_NS 20000000

struct job_thread {
	pthread_t thread;
	struct worker worker;
	struct pass_limits limits;
	struct start_gate *gate;
	unsigned int index;
	struct placement_seen seen;
};

/* Held by the main thread until every job exists; then all start, or none does. */
struct start_gate {
	pthread_mutex_t lock;
	bool abandoned;
};

static void placed_pass(struct job_thread *job, const struct pass_limits *limits)
{
	const struct placement *placement = job->worker.job.placement;

	if (placement)
		placement_see_thread(&job->seen, true);
	worker_pass(&job->worker, limits);
	if (placement)
		placement_see_thread(&job->seen, false);
}

static void *job_main(void *argument)
{
	struct job_thread *job = argument;
	bool abandoned;

	pthread_mutex_lock(&job->gate->lock);
	abandoned = job->gate->abandoned;
	pthread_mutex_unlock(&job->gate->lock);
	if (job->worker.job.placement)
		placement_pin(job->worker.job.placement, job->index);
	if (!abandoned)
		placed_pass(job, &job->limits);
	return NULL;
}

/* Until it has ended; meanwhile this thread has what it opened to look after. */
static void join_job(const struct job_thread *job)
{
	const struct worker *w = &job->worker;
	struct timespec until;

	if (!w->ops->tend) {
		pthread_join(job->thread, NULL);
		return;
	}
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TEND_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_clockjoin_np(job->thread, NULL, CLOCK_MONOTONIC, &until) == 0)
			return;
		w->ops->tend(w->job.target);
	}
}

/* One job runs on the calling thread: no thread is made, nothing else wakes up. */
static int run_jobs(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits)
{
	struct start_gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER};
	unsigned int started = 0;
	int ret = 0;

	if (njobs == 1) {
		placed_pass(&jobs[0], limits);
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
		join_job(&jobs[i]);
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
	if (!ret && c->cell->workload.cache == CACHE_PRESSED)
		ret = target_press(c->target);
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
	const struct pass_limits none = {.ios = 0, .ticks = UINT64_MAX, .at_once = true};

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
	struct nvme_smart executed, executed_before;
	int ret;

	if (c->ops->traits & PATH_PASSTHRU)
		nvme_smart_read(c->target->device.name, &executed_before);
	observe(&c->target->device, true, &before);
	if (witness)
		start_counting(witness);
	if (c->counting)
		cpu_counters_start(&c->counting->counters);
	ret = run_jobs(jobs, njobs, limits);
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
	ret = run_observed(c, jobs, njobs, &limits, &facts, witness);
	if (ret)
		return error_set(e, ret,
				 "can't start %u threads: %s; give a smaller numjobs=", njobs,
				 strerror(-ret));
	ret = first_failure(c, jobs, njobs, e);
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

/* Before the path is opened: what it registers with a device must not move any more. */
static int place_job(const struct repetition_context *c, struct job_thread *job, unsigned int index,
		     struct error *e)
{
	const struct placement *p = &c->cell->placement;
	int ret;

	job->index = index;
	if (!p->asked)
		return 0;
	job->worker.job.placement = p;
	ret = placement_bind(p, job->worker.job.buffer, job->worker.job.buffer_nbytes);
	return ret ? error_set(e, ret,
			       "can't move %zu MiB to node %d: %s; free some memory there, or give "
			       "another numa_mem_policy=",
			       job->worker.job.buffer_nbytes >> 20, p->memory_node, strerror(-ret))
		   : 0;
}

static void free_job(const struct repetition_context *c, struct job_thread *job)
{
	struct path_job *path_job = &job->worker.job;

	placement_release(&c->cell->placement, path_job->buffer, path_job->buffer_nbytes);
	worker_free(&job->worker);
}

/* The one job runs on this thread; several are pinned when they start. */
static int place_thread(const struct repetition_context *c, unsigned int njobs, cpu_set_t *saved,
			struct error *e)
{
	const struct placement *p = &c->cell->placement;
	int ret = placement_enter(p, saved);

	if (ret)
		return error_set(e, ret,
				 "can't run on the processors of node %d: %s; give another "
				 "numa_cpu_nodes=",
				 p->cpu_node, strerror(-ret));
	if (njobs == 1)
		placement_pin(p, 0);
	return 0;
}

static int open_job(const struct repetition_context *c, struct job_thread *job, unsigned int index,
		    unsigned int njobs, bool witness, struct error *e)
{
	const struct workload *w = &c->cell->workload;
	bool private = (c->ops->traits & PATH_PRIVATE) && rw_writes(w->rw);
	struct worker *worker = &job->worker;
	int ret = worker_init(worker, c->ops, c->clock, w, c->target, index, c->stride,
			      c->seed + index * 0x9e3779b9ull);

	if (ret)
		return error_set(e, ret,
				 "out of memory for %u jobs of bs=%llu iodepth=%u; give a "
				 "smaller size=, bs=, iodepth= or numjobs=",
				 njobs, (unsigned long long)w->bs, w->iodepth);
	/*
	 * The witness times nothing and counts system calls: the path waits in its own way, without
	 * naps of ours.
	 */
	if (witness)
		worker->patient = false;
	if (witness && worker_visit_once(worker, c->seed))
		ret = error_set(e, -ENOMEM,
				"out of memory for the order of %llu blocks; "
				"give a smaller size= or a larger bs=",
				(unsigned long long)(w->size / w->bs));
	worker->job.generation = c->target->generation + private;
	if (!ret)
		ret = place_job(c, job, index, e);
	if (!ret)
		ret = c->ops->open(&worker->job, e);
	if (ret)
		free_job(c, job);
	return ret;
}

static int run(const struct repetition_context *c, unsigned int njobs, struct repetition *into,
	       struct witness_facts *witness, struct error *e)
{
	struct job_thread *jobs = memory_zeroed(njobs, sizeof(*jobs));
	unsigned int ready = 0;
	cpu_set_t saved;
	int ret = place_thread(c, njobs, &saved, e);

	if (ret) {
		free(jobs);
		return ret;
	}
	ret = prepare_cache(c, e);
	/* A private mapping's stores never reach the file: its generation stays. */
	if (!ret && rw_writes(c->cell->workload.rw) && !(c->ops->traits & PATH_PRIVATE))
		c->target->generation++;
	while (ready < njobs && !ret) {
		ret = open_job(c, &jobs[ready], ready, njobs, witness != NULL, e);
		ready += !ret;
	}
	if (!ret)
		ret = run_passes(c, jobs, njobs, into, witness, e);
	for (unsigned int i = 0; i < ready; i++) {
		c->ops->close(&jobs[i].worker.job);
		free_job(c, &jobs[i]);
	}
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

	if (c->ops->traits & PATH_TOOL) {
		evidence_tool_witness(c->cell);
		return 0;
	}
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

static void keep_counts(struct cell *cell, const struct counting *counting,
			const struct repetition *repetition)
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		const char *why_not = counting->counters.why_not[i];

		free(cell->cpu_counters_why_not[i]);
		cell->cpu_counters_why_not[i] = memory_string(why_not);
		for (unsigned int p = 0; p < repetition->npasses; p++) {
			const struct counted *count = &counting->counts[p][i];
			uint64_t ios = repetition->pass[p].ios;
			uint64_t value = ios ? (count->value * 1000 + ios / 2) / ios : 0;

			cell->cpu_counters[p][i] = (struct quantity){
				!why_not && count->known && ios, value, value, value};
		}
	}
	cell->cpu_counters_user_only = counting->counters.user_only;
}

int repetition_counted(const struct repetition_context *c, struct error *e)
{
	struct counting counting = {.counters = {.user_only = false}};
	struct cell cell = {.clock_use = c->cell->clock_use,
			    .workload = c->cell->workload,
			    .placement = c->cell->placement};
	struct repetition_context counted = *c;
	struct repetition scratch = {0};
	int ret = 0;

	counted.cell = &cell;
	counted.counting = &counting;
	if (c->ops->traits & PATH_TOOL) {
		for (unsigned int i = 0; i < NCPU_COUNTERS; i++)
			counting.counters.why_not[i] = "another program's threads do the I/O";
	} else {
		if (cpu_counters_open(&counting.counters, cpu_events))
			ret = run(&counted, cell.workload.numjobs, &scratch, NULL, e);
		cpu_counters_close(&counting.counters);
	}
	if (!ret)
		keep_counts(c->cell, &counting, &scratch);
	free_passes(&scratch);
	cell_release(&cell);
	return ret;
}

/* By DMA, from and to the caller's pages: the CPU touches none of the bytes. */
static bool device_copies(const struct path_ops *ops, const struct target *t)
{
	return (ops->traits & PATH_USER_DRIVER) ||
	       ((ops->traits & PATH_NO_CACHE) && t->device.known && !t->device.memory);
}

int repetition_functions(const struct repetition_context *c, struct error *e)
{
	struct repetition scratch = {0};
	int ret;

	if (c->ops->traits & PATH_TOOL)
		return 0;
	ret = run(c, 1, &scratch, NULL, e);
	free_passes(&scratch);
	return ret;
}

int repetition_half_block(const struct repetition_context *c, uint64_t cost[PASSES_MAX],
			  struct error *e)
{
	struct repetition_context half = *c;
	struct repetition scratch = {0};
	struct cell cell = {.clock_use = c->cell->clock_use, .placement = c->cell->placement};
	int ret;

	cell.workload = c->cell->workload;
	cell.workload.bs /= 2;
	/* The same pages in the same order: half of each block, so that only the bytes are fewer.
	 */
	if (cell.workload.bs < PATTERN_SECTOR || cell.workload.access == ACCESS_TOUCH ||
	    /* What memory has to take back differs each time, by more than the bytes cost. */
	    cell.workload.cache == CACHE_PRESSED || device_copies(c->ops, c->target))
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
