/* SPDX-License-Identifier: MIT */
/* Private to repetition*.c: the threads of a repetition, and how it is run. */
#ifndef BYPASS_REPETITION_JOBS_H
#define BYPASS_REPETITION_JOBS_H

#include <pthread.h>
#include <sched.h>

#include "core/evidence.h"
#include "core/placement.h"
#include "core/repetition.h"
#include "core/worker.h"

/*
 * Several jobs have a thread each, for the whole repetition: a path is opened, used and closed by
 * one and the same, since an io_uring may belong to the thread that made it. A single job is the
 * calling thread's: no thread is made, nothing else wakes up.
 */
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int nthreads;
	unsigned int busy; /* have a task that hasn't ended */
};

struct job_thread {
	struct crew *crew; /* NULL: the calling thread */
	pthread_t thread;
	void (*task)(struct job_thread *job); /* NULL: it waits for one; under the crew's lock */
	bool left;
	struct worker worker;
	struct pass_limits limits;
	struct error *e; /* of open */
	int opened;      /* what open returned */
	unsigned int index;
	struct placement_seen seen;
};

/* Moves the calling thread, on which a single job runs; several are pinned before they open. */
int jobs_place_thread(const struct repetition_context *c, unsigned int njobs, cpu_set_t *saved,
		      struct error *e);
/* Makes the threads of @njobs jobs, zeroed; dismiss ends them, also those of a failure. */
int jobs_gather(struct crew *crew, struct job_thread *jobs, unsigned int njobs, struct error *e);
void jobs_dismiss(struct crew *crew, struct job_thread *jobs);
int job_open(const struct repetition_context *c, struct job_thread *job, unsigned int index,
	     unsigned int njobs, bool witness, struct error *e);
/* Of one that was opened. */
void job_close(const struct repetition_context *c, struct job_thread *job);
/* A pass of each, all at once. */
void jobs_run(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits);
/* What went wrong in the pass that just ended, with a sentence; 0: nothing. */
int jobs_first_failure(const struct repetition_context *c, struct job_thread *jobs,
		       unsigned int njobs, struct error *e);
/* Of all jobs, since they were opened. */
struct path_counters jobs_count(const struct path_ops *ops, const struct job_thread *jobs,
				unsigned int njobs);
struct path_counters jobs_counted_since(const struct path_counters *before,
					struct path_counters now);

/* One repetition of @njobs jobs into @into; @witness: untimed, with what is traced. */
int repetition_run(const struct repetition_context *c, unsigned int njobs, struct repetition *into,
		   struct witness_facts *witness, struct error *e);

#endif
