/* SPDX-License-Identifier: MIT */
/* From what the workers and the kernel's counters saw to what a pass cost. */
#ifndef BYPASS_ACCOUNTING_H
#define BYPASS_ACCOUNTING_H

#include "core/evidence.h"
#include "core/repetition.h"
#include "core/worker.h"

/*
 * Fills @result (zeroed but for kind and start) from the @nworkers that just ended a pass. Sorts
 * the first one's samples.
 */
void account_pass(const struct repetition_context *c, const struct pass_facts *facts,
		  struct worker *const *workers, unsigned int nworkers, struct pass_result *result);
/* What the device and its interrupts were seen to do meanwhile: a part of account_pass. */
void account_device(const struct repetition_context *c, const struct pass_facts *facts,
		    struct pass_result *result);

#endif
