/* SPDX-License-Identifier: MIT */
/*
 * The measuring loop: one thread, one pass. Allocates nothing, makes no system call of its own.
 */
#ifndef BYPASS_WORKER_H
#define BYPASS_WORKER_H

#include <stdint.h>

#include "core/clock.h"
#include "core/histogram.h"
#include "core/offsets.h"
#include "core/pattern.h"
#include "paths/path.h"

/* Single durations kept beside the histogram on the instruction clock, for exact medians. */
#define WORKER_SAMPLES 65536u

struct worker {
	const struct path_ops *ops;
	const struct clock *clock;
	struct path_job job;
	struct offsets offsets;
	struct random mix; /* draws read or write for randrw */
	/* Of the pass that just ran: */
	struct histogram latency; /* in ticks */
	uint32_t *samples;        /* WORKER_SAMPLES of them, or NULL; owned */
	uint64_t nsamples;
	uint64_t ios, writes, errors;
	uint64_t op_ticks; /* sum over the single operations */
	uint64_t start_ticks, end_ticks;
	uint64_t cpu;               /* of this thread, in the clock's unit */
	int first_error;            /* negative errno of the first failed operation */
	struct pattern_fault fault; /* of the first sampled block that was wrong; what != NULL */
};

/* How long a pass lasts: until the first limit is met. */
struct pass_limits {
	uint64_t ios;   /* UINT64_MAX: no limit */
	uint64_t ticks; /* UINT64_MAX: no limit */
};

/*
 * Buffer, histogram, samples; the job isn't opened yet. Operations start at multiples of @stride
 * (normally the block size). -ENOMEM if there isn't enough memory.
 */
int worker_init(struct worker *w, const struct path_ops *ops, const struct clock *clock,
		const struct workload *workload, const struct target *target, unsigned int index,
		uint64_t stride, uint64_t seed);
/* Before the first pass: visit each block once, whatever the workload would do. */
int worker_visit_once(struct worker *w, uint64_t seed);
void worker_free(struct worker *w);
/* Runs one pass on the calling thread; results are in @w. */
void worker_pass(struct worker *w, const struct pass_limits *limits);
/* Sends SIGBUS of a mapping (a bad block, a file cut short) back to the pass it hit, as -EIO. */
void worker_catch_sigbus(void);

#endif
