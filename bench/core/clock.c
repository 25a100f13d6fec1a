// SPDX-License-Identifier: MIT
#include "core/clock.h"

#include <stdio.h>
#include <string.h>

#define CALIBRATION_NS 20000000ull

uint64_t clock_thread_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

bool clock_tsc_invariant(void)
{
	char line[8192];
	bool invariant = false;
	FILE *f = fopen("/proc/cpuinfo", "re");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5) == 0) {
			invariant = strstr(line, " constant_tsc") && strstr(line, " nonstop_tsc");
			break;
		}
	}
	fclose(f);
	return invariant;
}

/*
 * One pair of readings of both clocks. The time stamp counter is read on both sides of the system
 * clock and the closest of several tries is kept, so that being descheduled between the two
 * doesn't pass for drift.
 */
static void read_pair(const struct clock *clock, uint64_t *ticks, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t before = clock_ticks(clock);
		uint64_t now = clock_raw_ns();
		uint64_t after = clock_ticks(clock);

		if (after - before < best) {
			best = after - before;
			*ticks = before + (after - before) / 2;
			*ns = now;
		}
	}
}

void clock_init(struct clock *clock, enum run_clock kind)
{
	uint64_t ticks, ns;

	clock->kind = kind;
	clock->ticks_per_s = 1000000000;
#ifdef __x86_64__
	/* On the instruction clock the counter is the point, whatever the CPU flags say. */
	clock->tsc = kind == RUN_CLOCK_INSTRUCTIONS || clock_tsc_invariant();
#else
	clock->tsc = false;
#endif
	read_pair(clock, &clock->first_ticks, &clock->first_ns);
	if (kind == RUN_CLOCK_INSTRUCTIONS || !clock->tsc)
		return;
	do
		read_pair(clock, &ticks, &ns);
	while (ns - clock->first_ns < CALIBRATION_NS);
	clock->ticks_per_s = (uint64_t)((unsigned __int128)(ticks - clock->first_ticks) *
					1000000000 / (ns - clock->first_ns));
}

uint32_t clock_drift_ppm(const struct clock *clock)
{
	uint64_t ticks, ns, expected, difference;

	if (clock->kind == RUN_CLOCK_INSTRUCTIONS || !clock->tsc)
		return 0;
	read_pair(clock, &ticks, &ns);
	ns -= clock->first_ns;
	expected = clock_from_ticks(clock, ticks - clock->first_ticks);
	difference = expected > ns ? expected - ns : ns - expected;
	return ns ? (uint32_t)((unsigned __int128)difference * 1000000 / ns) : 0;
}

uint64_t clock_from_ticks(const struct clock *clock, uint64_t ticks)
{
	if (clock->kind == RUN_CLOCK_INSTRUCTIONS)
		return ticks;
	return (uint64_t)((unsigned __int128)ticks * 1000000000 / clock->ticks_per_s);
}

uint64_t clock_to_ticks(const struct clock *clock, uint64_t ns)
{
	unsigned __int128 ticks = (unsigned __int128)ns * clock->ticks_per_s / 1000000000;

	/* Far enough away never to come, and near enough to be added to a reading. */
	return ticks > UINT64_MAX / 4 ? UINT64_MAX / 4 : (uint64_t)ticks;
}
