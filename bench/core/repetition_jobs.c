// SPDX-License-Identifier: MIT
#include "core/repetition_jobs.h"

#include <errno.h>
#include <string.h>

#include "core/interrupted.h"

/* How often a path's device is tended while threads use it; it notices lost commands slower. */
#define TEND_NS 20000000

static void run_pass(struct job_thread *job)
{
	const struct placement *placement = job->worker.job.placement;

	if (placement)
		placement_see_thread(&job->seen, true);
	worker_pass(&job->worker, &job->limits);
	if (placement)
		placement_see_thread(&job->seen, false);
}

static void open_path(struct job_thread *job)
{
	if (job->crew && job->worker.job.placement)
		placement_pin(job->worker.job.placement, job->index);
	job->opened = job->worker.ops->open(&job->worker.job, job->e);
}

static void close_path(struct job_thread *job)
{
	job->worker.ops->close(&job->worker.job);
}

static void leave(struct job_thread *job)
{
	job->left = true;
}

static void *job_main(void *argument)
{
	struct job_thread *job = argument;
	struct crew *crew = job->crew;

	pthread_mutex_lock(&crew->lock);
	while (!job->left) {
		while (!job->task)
			pthread_cond_wait(&crew->changed, &crew->lock);
		pthread_mutex_unlock(&crew->lock);
		job->task(job);
		pthread_mutex_lock(&crew->lock);
		job->task = NULL;
		if (--crew->busy == 0)
			pthread_cond_broadcast(&crew->changed);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Until all have ended; where there is something to tend, this thread does so meanwhile. */
static void wait_for(struct crew *crew, const struct worker *tended)
{
	struct timespec until;

	while (crew->busy) {
		if (!tended || !tended->ops->tend) {
			pthread_cond_wait(&crew->changed, &crew->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TEND_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_clockwait(&crew->changed, &crew->lock, CLOCK_MONOTONIC, &until))
			tended->ops->tend(tended->job.target);
	}
}

/* @task on each job's thread, all at once. @tended: whose path may need it; NULL: none. */
static void carry_out(struct job_thread *jobs, unsigned int njobs,
		      void (*task)(struct job_thread *), const struct worker *tended)
{
	struct crew *crew = jobs[0].crew;

	if (!crew) {
		task(&jobs[0]);
		return;
	}
	pthread_mutex_lock(&crew->lock);
	crew->busy = njobs;
	for (unsigned int i = 0; i < njobs; i++)
		jobs[i].task = task;
	pthread_cond_broadcast(&crew->changed);
	wait_for(crew, tended);
	pthread_mutex_unlock(&crew->lock);
}

int jobs_gather(struct crew *crew, struct job_thread *jobs, unsigned int njobs, struct error *e)
{
	int ret = 0;

	*crew = (struct crew){.lock = PTHREAD_MUTEX_INITIALIZER,
			      .changed = PTHREAD_COND_INITIALIZER};
	for (unsigned int i = 0; i < njobs && njobs > 1 && !ret; i++) {
		jobs[i].crew = crew;
		ret = -pthread_create(&jobs[i].thread, NULL, job_main, &jobs[i]);
		crew->nthreads += !ret;
	}
	return ret == 0 ? 0
			: error_set(e, ret,
				    "can't start %u threads: %s; give a smaller numjobs=", njobs,
				    strerror(-ret));
}

void jobs_dismiss(struct crew *crew, struct job_thread *jobs)
{
	if (crew->nthreads)
		carry_out(jobs, crew->nthreads, leave, NULL);
	for (unsigned int i = 0; i < crew->nthreads; i++)
		pthread_join(jobs[i].thread, NULL);
}

void jobs_run(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits)
{
	for (unsigned int i = 0; i < njobs; i++)
		jobs[i].limits = *limits;
	carry_out(jobs, njobs, run_pass, &jobs[0].worker);
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

static void free_job(const struct repetition_context *c, struct job_thread *job)
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
	if (!ret) {
		job->e = e;
		carry_out(job, 1, open_path, NULL);
		ret = job->opened;
	}
	if (ret)
		free_job(c, job);
	return ret;
}

void job_close(const struct repetition_context *c, struct job_thread *job)
{
	carry_out(job, 1, close_path, NULL);
	free_job(c, job);
}
