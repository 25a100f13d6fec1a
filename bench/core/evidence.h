/* SPDX-License-Identifier: MIT */
/*
 * No number without proof of its path. What a path promises (its traits) and what the workload asks
 * for are turned into claims; each is compared with what the kernel counted during the measurement.
 *
 * A claim that is contradicted refutes the cell. One that can't be observed here is recorded as
 * such with the reason, never as held. Counters of the whole machine may refute only in the
 * testbed, where nothing else runs; elsewhere they only corroborate.
 */
#ifndef BYPASS_EVIDENCE_H
#define BYPASS_EVIDENCE_H

#include "core/nvme_smart.h"
#include "core/observe.h"
#include "core/placement.h"
#include "core/run.h"
#include "core/target.h"
#include "paths/path.h"

struct pass_facts {
	enum pass_kind kind;
	enum phase phase;
	uint64_t ios, writes, bytes;
	struct observation delta;
	/* Pages of the file in the page cache; negative: could not be told. */
	int64_t resident_before, resident_after;
	uint64_t pages;
	struct path_counters counters; /* after minus before, all jobs */
	struct nvme_smart smart;       /* the same; of PATH_PASSTHRU only */
};

/* Counts of the witness repetition; a tracepoint whose fd is -1 could not be counted. */
struct witness_facts {
	struct tracepoint syscalls, pmd_faults, flushes;
	uint64_t nsyscalls, npmd_faults, nflushes;
	/* pathfs only: times that it took the branch which the path should; "" elsewhere. */
	char branch_event[32];
	struct tracepoint branch;
	uint64_t nbranch;
	uint64_t nwrites; /* of distinct blocks */
};

void evidence_timed(struct cell *cell, const struct path_ops *ops, const struct target *t,
		    const struct pass_facts *facts);
void evidence_witness(struct cell *cell, const struct path_ops *ops, const struct target *t,
		      const struct pass_facts *facts, const struct witness_facts *witness);
/* @sampled_only: from the samples of a timed pass; @what NULL: all right. */
void evidence_data(struct cell *cell, const struct target *t, enum phase phase, const char *what,
		   uint64_t where);

/*
 * Did a job's thread and its buffer lie where the cell's placement says? @memory_known: 0, or the
 * negative errno for which the buffer's pages are not known. evidence_placement.c.
 */
void evidence_placement(struct cell *cell, enum phase phase, const struct placement_seen *seen,
			unsigned int njobs, int memory_known);

/*
 * Did each write arrive? @newest: sectors of the file that carry the generation of the witness's
 * @writes of distinct blocks; negative errno if they could not be counted.
 */
void evidence_writes(struct cell *cell, const struct path_ops *ops, uint64_t writes,
		     int64_t newest);

#endif
