/* SPDX-License-Identifier: MIT */
/* One repetition of one cell: cache state, threads, passes, counters, evidence. */
#ifndef BYPASS_REPETITION_H
#define BYPASS_REPETITION_H

#include "core/clock.h"
#include "core/run.h"
#include "core/target.h"
#include "paths/path.h"

/* Of repetition_counted. */
struct counting {
	struct cpu_counters counters;
	struct counted counts[PASSES_MAX][NCPU_COUNTERS];
};

struct repetition_context {
	const struct clock *clock;
	const struct path_ops *ops;
	struct cell *cell;
	struct target *target; /* opened */
	uint64_t stride;       /* between the offsets of operations: the block size */
	uint64_t seed;
	uint64_t run_start_ns;
	/*
	 * Where vm/plugins/instruction_counts.c writes, and the names for its addresses; NULL: the
	 * instructions aren't counted by function.
	 */
	const char *counts;
	const struct symbols *symbols;
	struct counting *counting; /* NULL: the processor's events aren't counted */
};

/* The timed kind: fills @into. 0, -EINTR, or what went wrong with a sentence. */
int repetition_timed(const struct repetition_context *c, struct repetition *into, struct error *e);
/* Untimed: system calls, huge faults and flushes counted by tracing, every byte checked. */
int repetition_witness(const struct repetition_context *c, struct error *e);
/*
 * Untimed: the processor's events, into the cell. Where none can be counted it only notes why and
 * runs nothing.
 */
int repetition_counted(const struct repetition_context *c, struct error *e);
/* Untimed: instructions by function of some of one job's operations, into the cell. */
int repetition_functions(const struct repetition_context *c, struct error *e);
/* Cost per I/O at half the block size for the copy column; -EOPNOTSUPP where that can't be had. */
int repetition_half_block(const struct repetition_context *c, uint64_t cost[PASSES_MAX],
			  struct error *e);

#endif
