/* SPDX-License-Identifier: MIT */
/* Runs for the tests of run.json. */
#ifndef BYPASS_FIXTURE_RUN_JSON_H
#define BYPASS_FIXTURE_RUN_JSON_H

#include "core/run.h"

/* A run with something in every member, summarized. */
struct run *fixture_run_full(enum run_clock clock);
/* Its run.json; malloc'd. */
char *fixture_run_text(const struct run *run);

#endif
