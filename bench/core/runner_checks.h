/* SPDX-License-Identifier: MIT */
/* What the runner finds out about cells apart from their paths; runner.c. */
#ifndef BYPASS_RUNNER_CHECKS_H
#define BYPASS_RUNNER_CHECKS_H

#include "core/run.h"
#include "paths/path.h"

/* Can any path do @w in @run? As path_probe. */
int runner_probe(const struct run *run, const struct workload *w, struct unavailable *why);
/*
 * How often the threads of @pass slept for a completion: as the path counted, but no more often
 * than they left the CPU, since a wait that finds the interrupt there already doesn't sleep.
 */
uint64_t runner_sleeps(const struct path_ops *ops, const struct pass_result *pass);
/*
 * On a busy host the emulated disk may be done before the thread has gone to sleep, and the
 * instructions of sleeping and waking are then not executed: another path than the one that a disk
 * makes. Told by the sleeps, never by the figure. With several in flight one sleep ends several,
 * and a path that looks in vain first (hybrid) is meant to sleep less: nothing follows from that.
 */
bool runner_raced(const struct cell *cell, const struct path_ops *ops,
		  const struct repetition *repetition);
/*
 * Open loops whose target didn't keep up: a warning for each such cell, of all its repetitions
 * together.
 */
void runner_warn_saturated(struct run *run);

#endif
