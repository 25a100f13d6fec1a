// SPDX-License-Identifier: MIT
/* From facts made by hand to verdicts: the untimed witness, data, and how verdicts add up. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_evidence.h"

TestSuite(witness, .init = evidence_set_up, .fini = evidence_tear_down);

static const char before_hot[] = "every page was in the page cache before";

Test(witness, of_system_calls_needs_one_for_each_operation)
{
	static const char one[] = "one system call per I/O";

	cr_assert_eq(witnessed("buffered", one), VERDICT_HELD);
	witness.nsyscalls = IOS + 2;
	cr_assert_eq(witnessed("buffered", one), VERDICT_HELD);
	witness.nsyscalls = IOS - 1;
	cr_assert_eq(witnessed("buffered", one), VERDICT_REFUTED);
	witness.nsyscalls = 2 * IOS;
	cr_assert_eq(witnessed("direct", one), VERDICT_REFUTED);
}

Test(witness, of_loads_and_stores_forbids_system_calls)
{
	static const char none[] = "no system call per I/O";

	facts.kind = PASS_AGAIN;
	witness.nsyscalls = 0;
	cr_assert_eq(witnessed("mmap-shared", none), VERDICT_HELD);
	witness.nsyscalls = IOS;
	cr_assert_eq(witnessed("mmap-shared", none), VERDICT_REFUTED);
	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(witnessed("mmap-shared", none), NOTHING_SAID);
}

Test(witness, of_stores_made_durable_by_msync_needs_one_call_for_each_write)
{
	static const char one[] = "one system call per I/O";

	facts.kind = PASS_AGAIN;
	facts.writes = IOS;
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	cr_assert_eq(witnessed("mmap-shared", one), VERDICT_HELD);
	witness.nsyscalls = 0;
	cr_assert_eq(witnessed("mmap-shared", one), VERDICT_REFUTED);
}

Test(witness, of_durable_writes_needs_a_flush_for_each)
{
	static const char flushed[] = "a flush or FUA went to the device with each write";

	cell.workload.rw = RW_RANDWRITE;
	facts.writes = IOS;
	cr_assert_eq(witnessed("direct", flushed), NOTHING_SAID);
	cell.workload.durability = DURABILITY_DATA;
	witness.nflushes = IOS;
	cr_assert_eq(witnessed("direct", flushed), VERDICT_HELD);
	witness.nflushes = IOS - 1;
	cr_assert_eq(witnessed("direct", flushed), VERDICT_REFUTED);
	cr_assert_eq(witnessed("buffered", flushed), VERDICT_REFUTED);
	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(witnessed("mmap-shared", flushed), VERDICT_REFUTED);
	/* A cache line that is flushed behind MAP_SYNC never becomes a request. */
	cell.workload.sync = true;
	cr_assert_eq(witnessed("mmap-dax", flushed), NOTHING_SAID);
	cr_assert_eq(verdict_of("the mapping is MAP_SYNC", PHASE_WITNESS), VERDICT_HELD);
}

Test(witness, of_durable_writes_of_a_ring_counts_the_flushes_of_kernel_threads)
{
	static const char flushed[] = "a flush or FUA went to the device with each write";

	setenv("BYPASS_TESTBED", "1", 1);
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	facts.writes = IOS;
	witness.nflushes = IOS - 10;
	facts.delta.device.flush_ios = 9;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_REFUTED);
	facts.delta.device.flush_ios = 10;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_HELD);
	/* One is enough for all in flight. */
	facts.delta.device.flush_ios = 5;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_REFUTED);
	cell.workload.iodepth = 2;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_HELD);
	/* Where others run, the disk's flushes may be theirs: too few are still too few. */
	unsetenv("BYPASS_TESTBED");
	cr_assert_eq(witnessed("uring", flushed), VERDICT_UNOBSERVED);
	facts.delta.device.flush_ios = 4;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_REFUTED);
	target.device.accounted = false;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_UNOBSERVED);
	witness.nflushes = IOS;
	cr_assert_eq(witnessed("uring", flushed), VERDICT_HELD);
}

Test(witness, of_durable_writes_to_a_device_without_a_cache_needs_their_arrival)
{
	static const char arrived[] = "each write arrived at a device without a volatile cache";

	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	target.device.write_cache = false;
	facts.writes = IOS;
	facts.delta.device.write_bytes = BYTES;
	cr_assert_eq(witnessed("direct", arrived), VERDICT_HELD);
	cr_assert_eq(verdict_of("a flush or FUA went to the device with each write", PHASE_WITNESS),
		     NOTHING_SAID);
	facts.delta.device.write_bytes = BYTES - BS;
	cr_assert_eq(witnessed("direct", arrived), VERDICT_REFUTED);
	target.device.accounted = false;
	facts.delta.device.write_bytes = BYTES;
	cr_assert_eq(witnessed("direct", arrived), VERDICT_UNOBSERVED);
	/* Data on DAX never arrive as requests. */
	target.device.accounted = true;
	cr_assert_eq(witnessed("dax", arrived), VERDICT_UNOBSERVED);
}

Test(witness, of_two_mib_entries_needs_the_fault_handler_to_have_installed_one)
{
	static const char huge[] = "the fault handler installed 2 MiB entries";

	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(witnessed("mmap-dax", huge), NOTHING_SAID);
	cell.workload.hugepage = true;
	cr_assert_eq(witnessed("mmap-dax", huge), VERDICT_REFUTED);
	witness.npmd_faults = 1;
	cr_assert_eq(witnessed("mmap-dax", huge), VERDICT_HELD);
}

Test(witness, that_can_not_be_traced_is_unobserved_and_says_why)
{
	struct tracepoint none = {.fd = -1, .why_not = "tracing needs root (tracefs)"};

	witness.syscalls = witness.pmd_faults = witness.flushes = none;
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	facts.writes = IOS;
	/* The numbers would be right. */
	witness.nflushes = IOS;
	witnessed("direct", "");
	cr_assert_eq(cell.nevidence, 2);
	for (size_t i = 0; i < cell.nevidence; i++) {
		cr_assert_eq(cell.evidence[i].verdict, VERDICT_UNOBSERVED);
		cr_assert_str_eq(cell.evidence[i].observed, none.why_not);
	}
	cr_assert_eq(cell.status, CELL_PLANNED);
}

Test(witness, of_data_is_held_refuted_or_unknown)
{
	static const char sampled[] = "sampled blocks had the right bytes";
	static const char whole[] = "every byte of the file is right";

	evidence_data(&cell, &target, PHASE_TIMED, NULL, 0);
	cr_assert_eq(verdict_of(sampled, PHASE_TIMED), VERDICT_HELD);
	evidence_data(&cell, &target, PHASE_WITNESS, "damaged bytes", 8192);
	cr_assert_eq(verdict_of(whole, PHASE_WITNESS), VERDICT_REFUTED);
	cr_assert_not_null(strstr(cell.reason, "damaged bytes at byte 8192"), "%s", cell.reason);
	forget();
	target.foreign = true;
	evidence_data(&cell, &target, PHASE_WITNESS, NULL, 0);
	cr_assert_eq(verdict_of(whole, PHASE_WITNESS), VERDICT_UNOBSERVED);
	forget();
	target.kind = TARGET_NULL;
	evidence_data(&cell, &target, PHASE_WITNESS, NULL, 0);
	cr_assert_eq(cell.nevidence, 0);
}

Test(witness, of_several_repetitions_keeps_the_worst_verdict_of_each_claim_once)
{
	size_t after_first;

	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	after_first = cell.nevidence;
	facts.resident_before = -ENOMEM;
	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	cr_assert_eq(verdict_of(before_hot, PHASE_TIMED), VERDICT_UNOBSERVED);
	facts.resident_before = 3;
	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	cr_assert_eq(verdict_of(before_hot, PHASE_TIMED), VERDICT_REFUTED);
	facts.resident_before = PAGES;
	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	cr_assert_eq(verdict_of(before_hot, PHASE_TIMED), VERDICT_REFUTED);
	cr_assert_eq(cell.nevidence, after_first);
	cr_assert_eq(cell.status, CELL_REFUTED);
	cr_assert_not_null(strstr(cell.reason, "3 of 1024"), "%s", cell.reason);
}

Test(witness, of_the_same_claim_in_both_phases_stands_once_in_each)
{
	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	facts.phase = PHASE_WITNESS;
	facts.resident_before = 0;
	evidence_timed(&cell, path_find("buffered"), &target, &facts);
	cr_assert_eq(verdict_of(before_hot, PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(verdict_of(before_hot, PHASE_WITNESS), VERDICT_REFUTED);
}

static enum verdict writes(struct cell *c, const char *path, uint64_t nwrites, int64_t newest)
{
	evidence_writes(c, path_find(path), nwrites, newest);
	return c->nevidence ? c->evidence[0].verdict : VERDICT_UNOBSERVED;
}

Test(witness, of_writes_needs_each_sector_of_the_round_in_the_file)
{
	struct cell good = {.workload = {.rw = RW_RANDWRITE, .bs = 4096}};
	struct cell lost = good, unread = good, touched = good;

	cr_assert_eq(writes(&good, "buffered", 10, 80), VERDICT_HELD);
	cr_assert_eq(good.nevidence, 1);
	cr_assert_eq(writes(&lost, "buffered", 10, 79), VERDICT_REFUTED);
	cr_assert_eq(lost.status, CELL_REFUTED);
	cr_assert_eq(writes(&unread, "buffered", 10, -EIO), VERDICT_UNOBSERVED);
	/* A touching store changes one stamp of each page. */
	touched.workload.access = ACCESS_TOUCH;
	cr_assert_eq(writes(&touched, "mmap-shared", 10, 10), VERDICT_HELD);
	cell_release(&good);
	cell_release(&lost);
	cell_release(&unread);
	cell_release(&touched);
}

Test(witness, of_writes_claims_nothing_of_a_private_mapping_or_a_read)
{
	struct cell private = {.workload = {.rw = RW_RANDWRITE, .bs = 4096}};
	struct cell reads = {.workload = {.rw = RW_RANDREAD, .bs = 4096}};

	writes(&private, "mmap-private", 10, 0);
	writes(&reads, "buffered", 0, 0);
	cr_assert_eq(private.nevidence + reads.nevidence, 0);
}

Test(witness, of_pathfs_needs_its_branch_in_each_operation)
{
	static const char direct[] = "pathfs took its direct branch";

	cr_assert_eq(witnessed("direct", direct), NOTHING_SAID);
	strcpy(witness.branch_event, "pathfs:pathfs_read");
	witness.nbranch = IOS;
	cr_assert_eq(witnessed("direct", direct), VERDICT_HELD);
	witness.nbranch = IOS - 1;
	cr_assert_eq(witnessed("direct", direct), VERDICT_REFUTED);
	witness.branch.fd = -1;
	witness.branch.why_not = "no tracefs";
	cr_assert_eq(witnessed("direct", direct), VERDICT_UNOBSERVED);
}

Test(witness, of_pathfs_needs_a_fault_of_a_mapping)
{
	static const char dax[] = "pathfs took its DAX branch";

	facts.kind = PASS_FIRST_TOUCH;
	strcpy(witness.branch_event, "pathfs:pathfs_fault");
	witness.nbranch = 1;
	cr_assert_eq(witnessed("mmap-dax", dax), VERDICT_HELD);
	witness.nbranch = 0;
	cr_assert_eq(witnessed("mmap-dax", dax), VERDICT_REFUTED);
	facts.kind = PASS_AGAIN;
	cr_assert_eq(witnessed("mmap-dax", dax), NOTHING_SAID);
}
