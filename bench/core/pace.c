// SPDX-License-Identifier: MIT
#include "core/pace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/interrupted.h"

#define NGAPS (1u << PACE_GAP_BITS)
/* A signal that another thread took ends no nap here. */
#define LONGEST_NAP_NS 100000000u
#define LOOK_NS        5000u

/*
 * Equally likely gaps whose distribution is the exponential one, in as many steps, and whose mean
 * is exactly the one asked for: to draw one is a random number and a load. Gaps that were drawn
 * beforehand, one after the other, would repeat and have a mean of their own.
 */
static void fill_gaps(uint64_t *gaps, double mean)
{
	double sum = 0, rounding = 0;

	for (unsigned int i = 0; i < NGAPS; i++)
		sum -= log((i + 0.5) / NGAPS);
	for (unsigned int i = 0; i < NGAPS; i++) {
		double gap = -log((i + 0.5) / NGAPS) * mean * NGAPS / sum + rounding;

		gaps[i] = (uint64_t)gap;
		rounding = gap - (double)gaps[i];
	}
}

int pace_init(struct pace *p, const struct workload *w, const struct clock *clock, uint64_t seed)
{
	double gap;

	memset(p, 0, sizeof(*p));
	p->random.s = seed;
	p->think = clock_to_ticks(clock, w->thinktime_ns);
	p->spin = clock_to_ticks(clock, PACE_SPIN_NS);
	p->look = clock_to_ticks(clock, LOOK_NS);
	if (!w->rate_iops)
		return 0;
	gap = (double)clock->ticks_per_s * 65536 / (double)w->rate_iops;
	p->gap = (uint64_t)gap;
	if (w->rate_process != RATE_POISSON)
		return 0;
	p->gaps = malloc(NGAPS * sizeof(*p->gaps));
	if (!p->gaps)
		return -ENOMEM;
	fill_gaps(p->gaps, gap);
	return 0;
}

void pace_free(struct pace *p)
{
	free(p->gaps);
	p->gaps = NULL;
}

void pace_begin(struct pace *p, uint64_t now)
{
	p->next = now;
	p->part = p->spun = p->nap_cpu = 0;
	if (p->gaps)
		pace_started(p);
}

static void nap(struct pace *p, const struct clock *clock, uint64_t ticks)
{
	const uint64_t ns = clock_from_ticks(clock, ticks), cpu = clock_thread_cpu();
	const struct timespec span = {
		.tv_nsec = (long)(ns < LONGEST_NAP_NS ? ns : LONGEST_NAP_NS),
	};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
	p->nap_cpu += clock_thread_cpu() - cpu;
}

uint64_t pace_wait(struct pace *p, const struct clock *clock)
{
	uint64_t now = clock_ticks(clock), last;

	while (now + p->spin < p->next && !interrupted()) {
		nap(p, clock, p->next - p->spin - now);
		now = clock_ticks(clock);
	}
	while (now < p->next && !interrupted()) {
		last = now;
		now = clock_ticks(clock);
		pace_looked(p, last, now);
	}
	return now;
}

uint64_t pace_backlog(const struct pace *p, uint64_t now)
{
	/* LAB 2.6: one was due at next, and then one each gap; the one due now isn't late => return 0; */
	if (!p->gap || p->next >= now)
		return 0;
	return (uint64_t)((((unsigned __int128)(now - p->next) << 16) + p->gap - 1) / p->gap);
	/* LAB end */
}

uint64_t pace_less(const struct pace *p, const struct clock *clock, uint64_t cpu)
{
	uint64_t waited = p->nap_cpu + clock_from_ticks(clock, p->spun);

	return cpu > waited ? cpu - waited : 0;
}
