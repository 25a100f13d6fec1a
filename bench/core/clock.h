/* SPDX-License-Identifier: MIT */
/*
 * The clock of the measuring loop: the time stamp counter where it can be trusted, read in line.
 *
 * On the instruction clock the emulated CPU's counter advances by one for each instruction
 * executed, so a difference of ticks is a number of instructions. On hardware a tick is a fixed
 * fraction of a second, found by calibration against CLOCK_MONOTONIC_RAW.
 */
#ifndef BYPASS_CLOCK_H
#define BYPASS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/run.h"

struct clock {
	enum run_clock kind;
	bool tsc;             /* ticks are TSC ticks, else nanoseconds of CLOCK_MONOTONIC_RAW */
	uint64_t ticks_per_s; /* not used on the instruction clock */
	/* Where the calibration began, for clock_drift_ppm(). */
	uint64_t first_ticks, first_ns;
};

static inline uint64_t clock_raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/*
 * Not ordered against the measured operation by a fence: a system call or a fault is long enough
 * for the few tens of cycles that the processor may look ahead not to matter, and a fence would
 * cost more than a mapped load, the shortest thing measured here.
 */
static inline uint64_t clock_ticks(const struct clock *clock)
{
#ifdef __x86_64__
	if (clock->tsc)
		return __builtin_ia32_rdtsc();
#else
	(void)clock;
#endif
	return clock_raw_ns();
}

/* CPU time of the calling thread, kernel included: instructions on the instruction clock, else ns.
 */
uint64_t clock_thread_cpu(void);

/* Chooses and calibrates (about 20 ms on the nanosecond clock). */
void clock_init(struct clock *clock, enum run_clock kind);
/* How far the calibration and the whole run since then disagree, in parts per million. */
uint32_t clock_drift_ppm(const struct clock *clock);
/* Ticks to the clock's unit: nanoseconds, or instructions. */
uint64_t clock_from_ticks(const struct clock *clock, uint64_t ticks);
uint64_t clock_to_ticks(const struct clock *clock, uint64_t ns);
/* Does the kernel itself say that the TSC runs at one rate and never stops? */
bool clock_tsc_invariant(void);

#endif
