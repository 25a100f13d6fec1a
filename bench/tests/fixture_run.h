/* SPDX-License-Identifier: MIT */
/*
 * Runs made by hand, for tests of what reads runs. Summaries are filled in directly, so that a
 * test knows every number that it will see. Release them with run_free().
 */
#ifndef BYPASS_FIXTURE_RUN_H
#define BYPASS_FIXTURE_RUN_H

#include "core/run.h"

/*
 * Instructions, 9 runs of 3 boots: reads with seven measured paths (a mapping with two passes),
 * one refuted, one unavailable, one failed; writes without and with durability.
 */
struct run *fixture_run_instructions(void);
/* Nanoseconds, 9 runs: reads with histograms, overlapping intervals; one refuted cell. */
struct run *fixture_run_ns(void);

/*
 * Instructions, 9 runs of 3 boots: reads of a disk at depth 1 and 32 by kernel and user driver,
 * which rings doorbells and may wait; and one table that a suite's rows= makes of four coalescings.
 */
struct run *fixture_run_queues(void);

/*
 * Recorded in the testbed, with functions: 4k randread of buffered, direct, dax and mmap-dax (two
 * passes) on pmem, with xfs.
 */
struct run *fixture_run_recorded(void);

/* Appends a measured cell without numbers; it is valid until the next is added. */
struct cell *fixture_cell(struct run *run, const char *path, const char *group,
			  unsigned int npasses);
struct quantity fixture_quantity(uint64_t median, uint64_t low, uint64_t high);
/* Gives @cell nine repetitions' I/Os per second of about @iops and latencies to match. */
void fixture_ns_numbers(struct cell *cell, uint64_t iops, uint64_t latency_ns);

#endif
