/* SPDX-License-Identifier: MIT */
/* What evidence.c and evidence_completion.c share. */
#ifndef BYPASS_EVIDENCE_PARTS_H
#define BYPASS_EVIDENCE_PARTS_H

#include <stdlib.h>

#include "core/evidence.h"

/* Counters of the whole machine say something certain only where nothing else runs. */
static inline bool evidence_alone(void)
{
	return getenv("BYPASS_TESTBED") != NULL;
}

static inline enum verdict evidence_verdict(bool ok)
{
	return ok ? VERDICT_HELD : VERDICT_REFUTED;
}

/* Pages of the file in the page cache; negative: could not be told. */
void evidence_residency(struct cell *cell, const struct pass_facts *f, const char *claim,
			int64_t resident, uint64_t expected);
/* What the disk's own counters say; see evidence_alone(). */
void evidence_device(struct cell *cell, const struct target *t, const struct pass_facts *f,
		     const char *claim, uint64_t low, uint64_t high, const char *expected);

/* evidence_completion.c: interrupts, and which driver the device has. */
void evidence_completion(struct cell *cell, const struct path_ops *ops, const struct target *t,
			 const struct pass_facts *f);
/* NVMe commands that the block layer doesn't account, by the controller's own. */
void evidence_commands(struct cell *cell, const struct pass_facts *f);
void evidence_syscalls(struct cell *cell, const struct path_ops *ops, const struct pass_facts *f,
		       const struct witness_facts *x);

#endif
