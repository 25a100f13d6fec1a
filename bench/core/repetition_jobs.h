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

struct start_gate;

struct job_thread {
	pthread_t thread;
	struct worker worker;
	struct pass_limits limits;
	struct start_gate *gate;
	unsigned int index;
	struct placement_seen seen;
};

/* Moves the calling thread, on which a single job runs; several are pinned when they start. */
int jobs_place_thread(const struct repetition_context *c, unsigned int njobs, cpu_set_t *saved,
		      struct error *e);
int job_open(const struct repetition_context *c, struct job_thread *job, unsigned int index,
	     unsigned int njobs, bool witness, struct error *e);
/* Of a job whose path was closed, or never opened. */
void job_free(const struct repetition_context *c, struct job_thread *job);
/* One job runs on the calling thread: no thread is made, nothing else wakes up. */
int jobs_run(struct job_thread *jobs, unsigned int njobs, const struct pass_limits *limits);
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
