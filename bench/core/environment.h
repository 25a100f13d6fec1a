/* SPDX-License-Identifier: MIT */
/* What was measured on: everything that a reader of the figures would have to ask for. */
#ifndef BYPASS_ENVIRONMENT_H
#define BYPASS_ENVIRONMENT_H

#include "core/run.h"

/* Fills run->environment and adds the warnings that follow from it. */
void environment_record(struct run *run);
/* The clock that this machine is to be measured with: instructions inside such a testbed, else ns.
 */
enum run_clock environment_clock(void);

#endif
