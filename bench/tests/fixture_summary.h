/* SPDX-License-Identifier: MIT */
/* A run of one measured cell of one pass, for tests of what its repetitions become. */
#ifndef BYPASS_FIXTURE_SUMMARY_H
#define BYPASS_FIXTURE_SUMMARY_H

#include "core/run.h"

struct run *fixture_run_of_cell(enum run_clock clock, enum clock_use use);
/* One more repetition of the cell; its pass is valid until the next is added. */
struct pass_result *fixture_add_pass(struct run *run, unsigned int boot, uint64_t ios);
/* One that took @cost for each of 1000 operations, and @irq outside of its thread. */
struct pass_result *fixture_add_exact(struct run *run, unsigned int boot, uint64_t cost,
				      uint64_t irq);
void fixture_quantity_is(const struct quantity *q, uint64_t median, uint64_t low, uint64_t high);

#endif
