// SPDX-License-Identifier: MIT
/* cache=pressed: who may have it, and what proves that memory was short. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/repetition.h"
#include "core/runner_checks.h"
#include "fio/engine.h"
#include "fio/job.h"
#include "tests/fixture_evidence.h"
#include "tests/fixture_machine.h"

static const char fits[] = "the file does not fit into memory";
static const char reclaimed[] = "pages were reclaimed";
static const char storage_read[] = "storage was read";

static void set_up(void)
{
	machine_make();
	machine_file("/proc/meminfo", "MemTotal:         500000 kB\nMemFree:   1 kB\n");
	evidence_set_up();
	setenv("BYPASS_TESTBED", "1", 1);
	strcpy(cell.workload.target, "file:/somewhere");
	cell.workload.cache = CACHE_PRESSED;
	facts.resident_before = PAGES / 2;
	facts.delta.storage_read = BYTES / 2;
	facts.delta.machine[MACHINE_RECLAIMED_PAGES] = (struct counted){true, 100};
}

static void tear_down(void)
{
	evidence_tear_down();
	machine_remove();
}

TestSuite(pressed, .init = set_up, .fini = tear_down);

static int check(const char *path, struct error *e)
{
	strcpy(cell.workload.path, path);
	return workload_check(&cell.workload, e);
}

Test(pressed, is_for_paths_of_the_page_cache_and_for_the_one_that_leaves_it_alone)
{
	static const char *const may[] = {"buffered", "mmap-shared", "mmap-private", "direct"};
	static const char *const may_not[] = {"dax", "mmap-dax", "userdrv-poll", "uring-passthru",
					      "fio:psync"};
	struct error e;

	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		cr_assert_eq(check(may[i], &e), 0, "%s: %s", may[i], e.text);
	for (size_t i = 0; i < sizeof(may_not) / sizeof(may_not[0]); i++) {
		if (!path_find(may_not[i]))
			continue;
		cr_assert_eq(check(may_not[i], &e), -EINVAL, "%s", may_not[i]);
		cr_assert_not_null(strstr(e.text, "cache=pressed"), "%s", e.text);
	}
}

Test(pressed, is_nothing_that_fio_can_do)
{
	struct unavailable why;

	cell.workload.cache = CACHE_HOT;
	cr_assert_eq(fio_job_check(&cell.workload, fio_engine_of("buffered"), &why), 0);
	cell.workload.cache = CACHE_PRESSED;
	cr_assert_eq(fio_job_check(&cell.workload, fio_engine_of("buffered"), &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "fill memory"));
}

Test(pressed, needs_a_file_of_four_fifths_of_memory)
{
	const struct run run = {.clock = RUN_CLOCK_NS};
	struct unavailable why;

	/* 500,000 KiB: 80 % are 400,000. */
	cell.workload.size = 400000ull << 10;
	cr_assert_eq(runner_probe(&run, &cell.workload, &why), 0);
	cell.workload.size -= 4096;
	cr_assert_eq(runner_probe(&run, &cell.workload, &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "would press nothing"), "%s", why.reason);
	cr_assert_not_null(strstr(why.remedy, "size=391m"), "%s", why.remedy);
	cell.workload.size = 200000ull << 10;
	cell.workload.numjobs = 2;
	cr_assert_eq(runner_probe(&run, &cell.workload, &why), 0);
	machine_file("/proc/meminfo", "nonsense\n");
	cr_assert_eq(runner_probe(&run, &cell.workload, &why), -EOPNOTSUPP);
}

Test(pressed, has_no_part_that_is_proportional_to_the_bytes)
{
	struct clock clock;
	struct target nothing;
	struct repetition_context c = {.clock = &clock, .cell = &cell, .target = &nothing};
	uint64_t cost[PASSES_MAX];
	struct error e;

	clock_init(&clock, RUN_CLOCK_NS);
	c.ops = path_find("null");
	c.stride = cell.workload.bs;
	cr_assert_eq(target_parse(&nothing, "null:", &e), 0);
	cell.workload.number_ios = 10;
	cr_assert_eq(repetition_half_block(&c, cost, &e), -EOPNOTSUPP);
	cell.workload.cache = CACHE_HOT;
	cr_assert_eq(repetition_half_block(&c, cost, &e), 0, "%s", e.text);
}

Test(pressed, later_accesses_wait_too_and_cost_what_the_thread_used)
{
	const struct pass_result pass = {
		.kind = PASS_AGAIN, .ios = 10, .op_median = 400, .thread = 90000};

	cell.clock_use = CLOCK_USE_MACHINE;
	cr_assert_eq(pass_thread_cost(&cell, &pass), 9000);
	cell.workload.cache = CACHE_COLD;
	cr_assert_eq(pass_thread_cost(&cell, &pass), 400);
}

Test(pressed, is_refuted_where_the_whole_file_was_in_memory)
{
	cr_assert_eq(timed("buffered", fits), VERDICT_HELD);
	facts.resident_before = PAGES;
	cr_assert_eq(timed("buffered", fits), VERDICT_REFUTED);
	facts.resident_before = -EPERM;
	cr_assert_eq(timed("buffered", fits), VERDICT_UNOBSERVED);
}

Test(pressed, is_refuted_where_nothing_was_read_from_storage)
{
	cr_assert_eq(timed("mmap-shared", storage_read), VERDICT_HELD);
	facts.delta.storage_read = 0;
	cr_assert_eq(timed("mmap-shared", storage_read), VERDICT_REFUTED);
	cell.workload.rw = RW_RANDWRITE;
	cr_assert_eq(timed("buffered", storage_read), NOTHING_SAID);
}

Test(pressed, is_refuted_where_nothing_was_reclaimed_but_only_where_nobody_else_is)
{
	cr_assert_eq(timed("buffered", reclaimed), VERDICT_HELD);
	facts.delta.machine[MACHINE_RECLAIMED_PAGES].value = 0;
	cr_assert_eq(timed("buffered", reclaimed), VERDICT_REFUTED);
	unsetenv("BYPASS_TESTBED");
	cr_assert_eq(timed("buffered", reclaimed), VERDICT_UNOBSERVED);
	facts.delta.machine[MACHINE_RECLAIMED_PAGES].known = false;
	cr_assert_eq(timed("buffered", reclaimed), VERDICT_UNOBSERVED);
}

Test(pressed, claims_nothing_of_a_full_or_an_empty_cache)
{
	static const char *const others[] = {
		"every page was in the page cache before", "no page was in the page cache before",
		"served from the page cache", "no fault waited for the device",
		"faults read the device"};

	facts.kind = PASS_FIRST_TOUCH;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cr_assert_eq(timed("buffered", others[i]), NOTHING_SAID, "%s", others[i]);
		cr_assert_eq(timed("mmap-shared", others[i]), NOTHING_SAID, "%s", others[i]);
	}
	facts.kind = PASS_AGAIN;
	cr_assert_eq(timed("mmap-shared", "later accesses do not fault"), NOTHING_SAID);
}
