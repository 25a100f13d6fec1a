/* SPDX-License-Identifier: MIT */
/*
 * What a reader should know before the figures, each with what to do about it: a code for programs,
 * a text and a remedy, in run.json and on top of every report. docs/method.md lists them.
 */
#ifndef BYPASS_WARNINGS_H
#define BYPASS_WARNINGS_H

#include "core/run.h"

/* What follows from run->environment (environment_record). */
void warn_about_machine(struct run *run);
/* Of the clock that the run was timed with: is it the TSC, and how far was its calibration off? */
void warn_about_clock(struct run *run, bool tsc, uint32_t drift_ppm);
/* Too few repetitions, too short, too noisy: of a whole run with summaries, after all its boots. */
void warn_about_result(struct run *run);

#endif
