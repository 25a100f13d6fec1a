/* SPDX-License-Identifier: MIT */
/* Runs made by hand that are compared, and one with another. */
#ifndef BYPASS_FIXTURE_COMPARE_H
#define BYPASS_FIXTURE_COMPARE_H

#include "report/compare.h"

struct run *fixture_run_empty(const char *id, enum run_clock clock);
/* A measured cell of no repetition; it is valid until the next is added. */
struct cell *fixture_add_cell(struct run *run, const char *path);
/* Three boots of three repetitions; the repetitions of a boot lie around what it cost. */
void fixture_add_boots(struct cell *cell, uint64_t first, uint64_t second, uint64_t third);
/* Nine repetitions of one second, IOPS within 1 % of @iops, all latencies @latency ns. */
void fixture_add_rounds(struct cell *cell, uint64_t iops, uint64_t latency);

/* Of instructions: what a read costs by path buffered and dax; the second boot of dax 1 more. */
struct run *fixture_run_counted(const char *id, uint64_t buffered, uint64_t dax);
/* Of nanoseconds: one cell, of userdrv-hybrid. */
struct run *fixture_run_timed(const char *id, uint64_t iops);

/* One run with one, which it takes; to be freed with fixture_compared_free(). */
struct compared {
	struct run *base, *new;
	struct comparison c;
};

struct compared *fixture_compared(struct run *base, struct run *new);
void fixture_compared_free(struct compared *two);

#endif
