// SPDX-License-Identifier: MIT
#include "core/repetition_jobs.h"

#include <errno.h>
#include <string.h>

#include "core/interrupted.h"

/* How often a path's device is tended while threads use it; it notices lost commands slower. */
#define TEND_NS 20000000

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

int jobs_run(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits)
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

struct path_counters jobs_count(const struct path_ops *ops, const struct job_thread *jobs,
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

struct path_counters jobs_counted_since(const struct path_counters *before,
					struct path_counters now)
{
	now.doorbells -= before->doorbells;
	now.sleeps -= before->sleeps;
	now.interrupts -= before->interrupts;
	now.resets -= before->resets;
	return now;
}

int jobs_first_failure(const struct repetition_context *c, struct job_thread *jobs,
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

void job_free(const struct repetition_context *c, struct job_thread *job)
{
	struct path_job *path_job = &job->worker.job;

	placement_release(&c->cell->placement, path_job->buffer, path_job->buffer_nbytes);
	worker_free(&job->worker);
}

int jobs_place_thread(const struct repetition_context *c, unsigned int njobs, cpu_set_t *saved,
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

int job_open(const struct repetition_context *c, struct job_thread *job, unsigned int index,
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
		job_free(c, job);
	return ret;
}
