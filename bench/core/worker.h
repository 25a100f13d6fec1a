/* SPDX-License-Identifier: MIT */
/*
 * The measuring loop: one thread, one pass. Allocates nothing, makes no system call of its own but
 * the naps of a patient wait (see worker.patient) and of one for an operation's start
 * (core/pace.h).
 *
 * A path with submit does one operation after the other. A path with start and reap has
 * workload->iodepth of them in flight; those that the limit, a failure or a signal finds in flight
 * are still waited for, since until they end they own their buffers.
 */
#ifndef BYPASS_WORKER_H
#define BYPASS_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/histogram.h"
#include "core/offsets.h"
#include "core/pace.h"
#include "core/pattern.h"
#include "paths/path.h"

/* Single durations kept beside the histogram on the instruction clock, for exact medians. */
#define WORKER_SAMPLES 65536u

/* An operation that ended in the current reap. */
struct worker_ended {
	struct path_io *io;
	uint64_t end; /* ticks */
	int error;    /* 0 or a negative errno */
};

struct worker {
	const struct path_ops *ops;
	const struct clock *clock;
	struct path_job job;
	struct offsets offsets;
	struct pace pace;
	struct random mix;    /* draws read or write for randrw: */
	uint64_t write_below; /* a number below that is a write */
	/* Asynchronous paths, NULL and 0 on the others; room for workload->iodepth each; owned: */
	struct path_io **free_ios; /* a stack */
	unsigned int nfree;
	struct worker_ended *ended;
	unsigned int nended;
	bool not_given; /* something was started and the path not asked to reap since */
	/*
	 * Polled paths on the instruction clock: the loop looks, and naps when nothing has ended,
	 * so that the waiting can be counted apart. Without it the path waits in its own way.
	 */
	bool patient;
	bool marked; /* each operation lies between marks, for vm/plugins/instruction_counts.c */
	/* Of the pass that just ran: */
	struct histogram latency; /* in ticks */
	uint32_t *samples;        /* WORKER_SAMPLES, or NULL (ns clock; several in flight); owned */
	uint64_t nsamples;
	uint64_t ios, writes, errors;
	uint64_t backlog; /* open loop: due and not started when the pass was over */
	/*
	 * Sum over the single operations. Of an asynchronous path: spent in start and in reap, less
	 * @wait. What the loop itself does (offsets, stamps, recording) is in neither.
	 */
	uint64_t op_ticks;
	uint64_t wait;        /* ticks of looking in vain and, of a patient worker, of its naps */
	uint64_t empty_looks; /* of a patient worker */
	uint64_t start_ticks, end_ticks;
	uint64_t cpu;    /* of this thread, in the clock's unit; no waiting for a start */
	int first_error; /* negative errno of the first failed operation */
	struct pattern_fault fault; /* of the first sampled block that was wrong; what != NULL */
};

/* How long a pass lasts: until the first limit is met. */
struct pass_limits {
	uint64_t ios;   /* UINT64_MAX: no limit */
	uint64_t ticks; /* UINT64_MAX: no limit */
	bool at_once;   /* one operation after the other, whatever the workload's rate or pauses */
};

/*
 * Buffers, histogram, samples; the job isn't opened yet. Operations start at multiples of @stride
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
