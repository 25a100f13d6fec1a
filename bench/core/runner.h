/* SPDX-License-Identifier: MIT */
/*
 * Runs the cells of a suite on this kernel: probe, set-up, repetitions in a seeded random order,
 * evidence. The result is a struct run; an interrupted one is valid and says that it is partial.
 */
#ifndef BYPASS_RUNNER_H
#define BYPASS_RUNNER_H

#include "core/run.h"
#include "core/suite.h"

struct runner_options {
	enum run_clock clock;
	unsigned int runs; /* repetitions of each cell here */
	unsigned int boot; /* 0 natively, else 1.. in the testbed */
	bool quiet;        /* no progress */
	/*
	 * Where vm/plugins/instruction_counts.c writes, to count by function, too; or NULL.
	 */
	const char *counts;
};

/* Fills @run->cells from the suite; nothing is run yet. Unknown paths and targets are errors. */
int runner_plan(struct run *run, const struct suite *suite, struct error *e);
/*
 * Runs them. Cells that can't run or fail say so in their status and don't stop the others.
 * -EINTR if interrupted: what was measured stays in @run, and run->complete is false.
 */
int runner_execute(struct run *run, const struct runner_options *options, struct error *e);
/*
 * Bytes that the run will write to all its targets (layout and workload), for --dry-run; *@memory:
 * those of them that controller models in this process keep in memory.
 */
uint64_t runner_bytes_written(const struct run *run, unsigned int runs, uint64_t *memory);

#endif
