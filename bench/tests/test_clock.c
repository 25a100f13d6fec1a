// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/clock.h"

#define STRETCH_NS 50000000ull

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static struct clock at_rate(uint64_t ticks_per_s)
{
	return (struct clock){.kind = RUN_CLOCK_NS, .tsc = true, .ticks_per_s = ticks_per_s};
}

Test(clock, nanoseconds_survive_the_way_to_ticks_and_back_to_within_a_tick)
{
	static const uint64_t rates[] = {1000000000, 2596123457, 3999999999, 24000000};
	static const uint64_t times[] = {0,       1,         999,           1000000,
					 1234567, 999999999, 3600000000000, 1ull << 55};

	for (unsigned int r = 0; r < 4; r++) {
		struct clock clock = at_rate(rates[r]);
		uint64_t tick = 1000000000 / rates[r] + 1;

		for (unsigned int t = 0; t < 8; t++) {
			uint64_t back = clock_from_ticks(&clock, clock_to_ticks(&clock, times[t]));

			cr_assert_leq(distance(back, times[t]), tick, "%lu at %lu Hz: %lu",
				      times[t], rates[r], back);
		}
	}
}

Test(clock, one_second_is_its_rate_in_ticks)
{
	struct clock clock = at_rate(2596123457);

	cr_assert_eq(clock_to_ticks(&clock, 1000000000), 2596123457);
	cr_assert_eq(clock_from_ticks(&clock, 2596123457), 1000000000);
}

Test(clock, of_instructions_counts_each_tick_as_one)
{
	struct clock clock;

	clock_init(&clock, RUN_CLOCK_INSTRUCTIONS);
	cr_assert_eq(clock_from_ticks(&clock, 0), 0);
	cr_assert_eq(clock_from_ticks(&clock, 123456789), 123456789);
	cr_assert_eq(clock_drift_ppm(&clock), 0);
}

/* Both clocks at about the same moment, however long we were descheduled between two tries. */
static void read_both(const struct clock *clock, uint64_t *ticks, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < 100; i++) {
		uint64_t before = clock_raw_ns(), between = clock_ticks(clock),
			 after = clock_raw_ns();

		if (after - before < best) {
			best = after - before;
			*ticks = between;
			*ns = before + (after - before) / 2;
		}
	}
}

Test(clock, agrees_with_the_kernel_to_a_thousandth_over_fifty_milliseconds)
{
	uint64_t ticks, ns, ticks_later, ns_later, measured;
	struct clock clock;

	clock_init(&clock, RUN_CLOCK_NS);
	read_both(&clock, &ticks, &ns);
	while (clock_raw_ns() - ns < STRETCH_NS)
		;
	read_both(&clock, &ticks_later, &ns_later);
	measured = clock_from_ticks(&clock, ticks_later - ticks);
	cr_assert_leq(distance(measured, ns_later - ns) * 1000, ns_later - ns,
		      "%lu ns by ticks, %lu ns by the kernel", measured, ns_later - ns);
	cr_assert_leq(clock_drift_ppm(&clock), 1000);
}

Test(clock, without_invariant_tsc_ticks_in_nanoseconds)
{
	struct clock clock = {.kind = RUN_CLOCK_NS, .tsc = false, .ticks_per_s = 1000000000};
	uint64_t before = clock_raw_ns(), ticks = clock_ticks(&clock), after = clock_raw_ns();

	cr_assert(before <= ticks && ticks <= after);
	cr_assert_eq(clock_from_ticks(&clock, 12345), 12345);
	cr_assert_eq(clock_drift_ppm(&clock), 0);
}

Test(clock, never_goes_back)
{
	struct clock clock;
	uint64_t last = 0;

	clock_init(&clock, RUN_CLOCK_NS);
	for (unsigned int i = 0; i < 1000000; i++) {
		uint64_t now = clock_ticks(&clock);

		cr_assert_geq(now, last);
		last = now;
	}
}

Test(clock, of_a_thread_counts_its_cpu_time_and_not_its_sleep)
{
	struct timespec nap = {.tv_nsec = 50000000};
	uint64_t start = clock_thread_cpu(), slept;
	volatile unsigned int sink = 0;

	nanosleep(&nap, NULL);
	slept = clock_thread_cpu() - start;
	cr_assert_lt(slept, 50000000);
	while (clock_thread_cpu() - start <= slept)
		sink++;
}
