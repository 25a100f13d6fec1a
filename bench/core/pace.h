/* SPDX-License-Identifier: MIT */
/*
 * When a job's operations start, where the workload says so: the intended starts of an open loop
 * (rate_iops), the pauses of a closed one (thinktime), and the waiting for either.
 */
#ifndef BYPASS_PACE_H
#define BYPASS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/offsets.h"
#include "core/workload.h"

/*
 * Whoever sleeps wakes late: by the kernel's timer slack of 50 us, and a CPU that has to come out
 * of an idle state. So the last stretch before a start is spent looking at the clock.
 */
#define PACE_SPIN_NS  100000u
#define PACE_GAP_BITS 16u /* of the table of random gaps: 512 KiB */

struct pace {
	uint64_t next;  /* ticks: nothing starts before */
	uint64_t part;  /* what @next is too early by, in 2^-16 ticks */
	uint64_t gap;   /* open loop: mean between two intended starts, 2^-16 ticks; 0: closed */
	uint64_t *gaps; /* poisson: 1 << PACE_GAP_BITS of them, all equally likely; owned */
	struct random random;
	uint64_t think; /* ticks from an end to the next start; closed loop */
	uint64_t spin;  /* PACE_SPIN_NS in ticks */
	uint64_t look;  /* between two looks at the clock; further apart, somebody else ran */
	/* Of the pass, what the waiting took of the thread's CPU time: */
	uint64_t spun;    /* ticks, looking at the clock */
	uint64_t nap_cpu; /* going to sleep and waking up, in the unit of clock_thread_cpu */
};

/* -ENOMEM. */
int pace_init(struct pace *p, const struct workload *w, const struct clock *clock, uint64_t seed);
void pace_free(struct pace *p);

/* Does the workload say when operations start? */
static inline bool pace_is_set(const struct pace *p)
{
	return p->gap || p->think;
}

static inline bool pace_is_open_loop(const struct pace *p)
{
	return p->gap != 0;
}

/* An operation was started that was due at @next: when the one after it is. */
static inline void pace_started(struct pace *p)
{
	if (!p->gap)
		return;
	p->part += p->gaps ? p->gaps[random_next(&p->random) >> (64 - PACE_GAP_BITS)] : p->gap;
	p->next += p->part >> 16;
	p->part &= 0xffff;
}

static inline void pace_ended(struct pace *p, uint64_t end)
{
	if (p->think)
		p->next = end + p->think;
}

/* The thread has looked in vain from @from to @to, in ticks: no cost of an operation. */
static inline void pace_looked(struct pace *p, uint64_t from, uint64_t to)
{
	if (to - from < p->look)
		p->spun += to - from;
}

/* A pass begins @now: with an operation, but at a random moment where the gaps are. */
void pace_begin(struct pace *p, uint64_t now);
/*
 * Waits until @next, or interrupted(): asleep while that is far, then looking at the clock. Gives
 * the time.
 */
uint64_t pace_wait(struct pace *p, const struct clock *clock);
/* Operations that were due @now and not started; open loop. */
uint64_t pace_backlog(const struct pace *p, uint64_t now);
/* Takes what was waited in this pass off the thread's CPU time @cpu. */
uint64_t pace_less(const struct pace *p, const struct clock *clock, uint64_t cpu);

#endif
