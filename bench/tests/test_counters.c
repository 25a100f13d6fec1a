// SPDX-License-Identifier: MIT
/* Counters of the machine, from files made by hand; counters of threads, with events that every
 * kernel has in place of the processor's.
 */
#include <criterion/criterion.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "core/counters.h"
#include "core/observe.h"
#include "core/repetition.h"
#include "tests/fixture_machine.h"

#define PAGES 64u

static struct counted counts[NMACHINE_COUNTERS];

TestSuite(counters, .init = machine_make, .fini = machine_remove);

Test(counters, of_the_machine_are_sums_over_cpus_and_over_who_reclaimed)
{
	machine_file("/proc/interrupts",
		     "            CPU0       CPU1\n"
		     "  24:         70          2   PCI-MSI 65536-edge      nvme0q0\n"
		     " RES:          9          9   Rescheduling interrupts\n"
		     " TLB:        100         23   TLB shootdowns\n");
	machine_file("/proc/stat", "cpu  1 2 3\nintr 4711 9 8 7\nctxt 815\nbtime 1\n");
	machine_file("/proc/vmstat", "nr_free_pages 9\npgsteal_kswapd 10\npgsteal_direct 20\n"
				     "pgsteal_khugepaged 3\npgsteal_anon 11\npgsteal_file 22\n"
				     "pgscan_kswapd 1000\n");
	machine_counters_read(counts);
	cr_assert(counts[MACHINE_TLB_SHOOTDOWNS].known);
	cr_assert_eq(counts[MACHINE_TLB_SHOOTDOWNS].value, 123);
	cr_assert_eq(counts[MACHINE_INTERRUPTS].value, 4711);
	cr_assert_eq(counts[MACHINE_CONTEXT_SWITCHES].value, 815);
	cr_assert_eq(counts[MACHINE_RECLAIMED_PAGES].value, 33);
}

Test(counters, that_the_kernel_does_not_show_are_unknown_and_have_a_reason)
{
	machine_file("/proc/interrupts", "  24:   70   PCI-MSI 65536-edge   TLB:\n");
	machine_file("/proc/stat", "cpu  1 2 3\n");
	machine_file("/proc/vmstat", "nr_free_pages 9\n");
	machine_counters_read(counts);
	for (unsigned int i = 0; i < NMACHINE_COUNTERS; i++) {
		cr_assert_not(counts[i].known, "%s", machine_counter_name(i));
		cr_assert_neq(machine_counter_why_not(i)[0], '\0');
	}
}

Test(counters, of_a_pass_are_known_only_where_they_were_before_and_after_it)
{
	struct observation before = {.idle = 0}, after = {.idle = 0}, delta;

	before.machine[MACHINE_INTERRUPTS] = (struct counted){true, 100};
	after.machine[MACHINE_INTERRUPTS] = (struct counted){true, 130};
	after.machine[MACHINE_TLB_SHOOTDOWNS] = (struct counted){true, 5};
	delta = observation_delta(&before, &after);
	cr_assert(delta.machine[MACHINE_INTERRUPTS].known);
	cr_assert_eq(delta.machine[MACHINE_INTERRUPTS].value, 30);
	cr_assert_not(delta.machine[MACHINE_TLB_SHOOTDOWNS].known);
}

/* In the order of enum cpu_counter: two that are counted, one unknown type, one unknown number. */
static const struct cpu_event stand_in[NCPU_COUNTERS] = {
	[CPU_CYCLES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
	[CPU_INSTRUCTIONS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
	[CPU_CACHE_MISSES] = {0x7ffffff0, 0},
	[CPU_DTLB_MISSES] = {PERF_TYPE_SOFTWARE, 0x7fff},
};

static void *touch_pages(void *unused)
{
	char *pages = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	(void)unused;
	madvise(pages, PAGES * 4096, MADV_NOHUGEPAGE);
	for (unsigned int i = 0; i < PAGES; i++)
		((volatile char *)pages)[(size_t)i * 4096] = 1;
	munmap(pages, PAGES * 4096);
	return NULL;
}

static void touch_in_a_thread(void)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, touch_pages, NULL), 0);
	pthread_join(thread, NULL);
}

Test(counters, of_threads_count_those_that_start_meanwhile_and_nothing_outside)
{
	struct counted cpu[NCPU_COUNTERS];
	struct cpu_counters c;

	if (cpu_counters_open(&c, stand_in) == 0)
		cr_skip_test("perf_event_open is not permitted here");
	touch_in_a_thread();
	cpu_counters_start(&c);
	touch_in_a_thread();
	cpu_counters_stop(&c, cpu);
	cr_assert(cpu[CPU_CYCLES].known);
	cr_assert_geq(cpu[CPU_CYCLES].value, PAGES);
	/* Its stack and a few pages of the library are its own, too. */
	cr_assert_lt(cpu[CPU_CYCLES].value, 2 * PAGES);
	cr_assert(cpu[CPU_INSTRUCTIONS].known);
	cr_assert_gt(cpu[CPU_INSTRUCTIONS].value, 0);
	touch_in_a_thread();
	cpu_counters_start(&c);
	cpu_counters_stop(&c, cpu);
	cr_assert_lt(cpu[CPU_CYCLES].value, PAGES, "each count begins at 0");
	cpu_counters_close(&c);
}

Test(counters, of_threads_that_do_not_exist_say_why)
{
	struct counted cpu[NCPU_COUNTERS];
	struct cpu_counters c;

	cpu_counters_open(&c, stand_in);
	cpu_counters_start(&c);
	cpu_counters_stop(&c, cpu);
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++)
		cr_assert_eq(cpu[i].known, c.why_not[i] == NULL, "%s", cpu_counter_name(i));
	cr_assert_not_null(c.why_not[CPU_CACHE_MISSES]);
	cr_assert_not_null(c.why_not[CPU_DTLB_MISSES]);
	cpu_counters_close(&c);
}

Test(counters, of_a_cell_are_known_or_have_a_reason)
{
	struct clock clock;
	struct cell cell = {.reason = NULL};
	struct target target = {.kind = TARGET_NULL};
	struct repetition_context c = {
		.clock = &clock, .cell = &cell, .target = &target, .seed = 1};
	struct error e;

	clock_init(&clock, RUN_CLOCK_NS);
	workload_defaults(&cell.workload);
	cell.workload.number_ios = 100;
	c.stride = cell.workload.bs;
	c.ops = path_find("null");
	cr_assert_eq(target_parse(&target, "null:", &e), 0);
	cr_assert_eq(repetition_counted(&c, &e), 0);
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++)
		cr_assert_eq(cell.cpu_counters[0][i].known, cell.cpu_counters_why_not[i] == NULL);
	cr_assert_eq(cell.nevidence, 0);
	c.ops = path_find("fio:psync");
	cr_assert_eq(repetition_counted(&c, &e), 0);
	cr_assert_not(cell.cpu_counters[0][CPU_CYCLES].known);
	cr_assert_not_null(strstr(cell.cpu_counters_why_not[CPU_CYCLES], "another program"));
	cell_release(&cell);
}
