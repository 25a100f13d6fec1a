/* SPDX-License-Identifier: MIT */
/* What the runner finds out about cells apart from their paths; runner.c. */
#ifndef BYPASS_RUNNER_CHECKS_H
#define BYPASS_RUNNER_CHECKS_H

#include "core/run.h"
#include "paths/path.h"

/* Can any path do @w in @run? As path_probe. */
int runner_probe(const struct run *run, const struct workload *w, struct unavailable *why);
/*
 * Open loops whose target didn't keep up: a warning for each such cell, of all its repetitions
 * together.
 */
void runner_warn_saturated(struct run *run);

#endif
