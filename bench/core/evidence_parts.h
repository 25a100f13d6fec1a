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

/* evidence_completion.c: interrupts, and which driver the device has. */
void evidence_completion(struct cell *cell, const struct path_ops *ops, const struct target *t,
			 const struct pass_facts *f);
void evidence_syscalls(struct cell *cell, const struct path_ops *ops, const struct pass_facts *f,
		       const struct witness_facts *x);

#endif
