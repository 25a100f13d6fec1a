// SPDX-License-Identifier: MIT
/* From facts made by hand to verdicts: what is observed while the clock runs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_evidence.h"

TestSuite(evidence, .init = evidence_set_up, .fini = evidence_tear_down);

static const char before_hot[] = "every page was in the page cache before";
static const char before_cold[] = "no page was in the page cache before";
static const char from_cache[] = "served from the page cache";
static const char storage_read[] = "storage was read";
static const char block_read[] = "the block layer read the bytes";
static const char no_page_left[] = "left no page in the page cache";
static const char from_storage[] = "each byte came from storage";
static const char to_storage[] = "each byte went to storage";
static const char block_saw[] = "the block layer saw the bytes";
static const char by_interrupt[] = "completion came by interrupt";
static const char is_dax[] = "the inode is DAX";
static const char not_read[] = "nothing was read through the block layer";
static const char not_seen[] = "the block layer did not see the data";
static const char faulted[] = "first touches faulted";
static const char no_later[] = "later accesses do not fault";

Test(evidence, of_a_hot_cell_needs_every_page_in_the_cache)
{
	setenv("BYPASS_TESTBED", "1", 1);
	cr_assert_eq(timed("buffered", before_hot), VERDICT_HELD);
	facts.resident_before = PAGES - 1;
	cr_assert_eq(timed("buffered", before_hot), VERDICT_REFUTED);
	cr_assert_eq(cell.status, CELL_REFUTED);
	cr_assert_not_null(strstr(cell.reason, before_hot));
}

Test(evidence, of_a_hot_read_is_refuted_by_one_byte_from_storage)
{
	setenv("BYPASS_TESTBED", "1", 1);
	cr_assert_eq(timed("buffered", from_cache), VERDICT_HELD);
	facts.delta.storage_read = 1;
	cr_assert_eq(timed("buffered", from_cache), VERDICT_REFUTED);
}

Test(evidence, of_a_hot_cell_lets_others_take_one_page_in_a_hundred_where_others_run)
{
	facts.resident_before = PAGES - PAGES / 100;
	facts.delta.storage_read = BYTES / 100;
	cr_assert_eq(timed("buffered", before_hot), VERDICT_HELD);
	cr_assert_eq(verdict_of(from_cache, PHASE_TIMED), VERDICT_HELD);
	facts.resident_before--;
	facts.delta.storage_read++;
	cr_assert_eq(timed("buffered", before_hot), VERDICT_REFUTED);
	cr_assert_eq(verdict_of(from_cache, PHASE_TIMED), VERDICT_REFUTED);
}

Test(evidence, of_an_empty_cache_lets_others_bring_nothing_in)
{
	make_cold();
	facts.resident_before = 1;
	cr_assert_eq(timed("buffered", before_cold), VERDICT_REFUTED);
	make_direct();
	facts.resident_after = 1;
	cr_assert_eq(timed("direct", no_page_left), VERDICT_REFUTED);
}

Test(evidence, of_a_hot_write_says_nothing_of_what_was_read)
{
	cell.workload.rw = RW_RANDWRITE;
	cr_assert_eq(timed("buffered", before_hot), VERDICT_HELD);
	cr_assert_eq(verdict_of(from_cache, PHASE_TIMED), NOTHING_SAID);
}

Test(evidence, of_a_cold_cell_needs_an_empty_cache)
{
	make_cold();
	cr_assert_eq(timed("buffered", before_cold), VERDICT_HELD);
	cr_assert_eq(cell.status, CELL_PLANNED);
	facts.resident_before = 1;
	cr_assert_eq(timed("buffered", before_cold), VERDICT_REFUTED);
}

Test(evidence, of_a_cold_read_needs_all_its_bytes_from_storage)
{
	make_cold();
	cr_assert_eq(timed("buffered", storage_read), VERDICT_HELD);
	/* Readahead may bring more. */
	facts.delta.storage_read = 3 * BYTES;
	cr_assert_eq(timed("buffered", storage_read), VERDICT_HELD);
	facts.delta.storage_read = BYTES - 1;
	cr_assert_eq(timed("buffered", storage_read), VERDICT_REFUTED);
}

Test(evidence, that_residency_can_not_be_told_is_unobserved_and_says_why)
{
	facts.resident_before = -EPERM;
	cr_assert_eq(timed("buffered", before_hot), VERDICT_UNOBSERVED);
	cr_assert_not_null(strstr(cell.evidence[0].observed, "own it or run as root"));
	make_cold();
	facts.resident_before = -ENOMEM;
	cr_assert_eq(timed("buffered", before_cold), VERDICT_UNOBSERVED);
	cr_assert_not_null(strstr(cell.evidence[0].observed, strerror(ENOMEM)));
	cr_assert_eq(cell.status, CELL_PLANNED);
}

Test(evidence, without_io_accounting_is_unobserved_and_never_held)
{
	facts.delta.storage_known = false;
	cr_assert_eq(timed("buffered", from_cache), VERDICT_UNOBSERVED);
	make_cold();
	facts.delta.storage_known = false;
	cr_assert_eq(timed("buffered", storage_read), VERDICT_UNOBSERVED);
	cr_assert_eq(timed("direct", from_storage), VERDICT_UNOBSERVED);
	make_dax();
	cr_assert_eq(timed("dax", not_read), VERDICT_UNOBSERVED);
	cr_assert_eq(cell.status, CELL_PLANNED);
}

Test(evidence, of_a_direct_read_needs_a_cache_that_stayed_empty)
{
	make_direct();
	cr_assert_eq(timed("direct", no_page_left), VERDICT_HELD);
	cr_assert_eq(cell.status, CELL_PLANNED);
	facts.resident_after = 1;
	cr_assert_eq(timed("direct", no_page_left), VERDICT_REFUTED);
	cr_assert_not_null(strstr(cell.reason, no_page_left));
}

Test(evidence, of_a_direct_read_needs_exactly_its_bytes_from_storage)
{
	make_direct();
	cr_assert_eq(timed("direct", from_storage), VERDICT_HELD);
	facts.delta.storage_read = BYTES - 512;
	cr_assert_eq(timed("direct", from_storage), VERDICT_REFUTED);
	/* More means that the page cache read ahead. */
	facts.delta.storage_read = BYTES + 4096;
	cr_assert_eq(timed("direct", from_storage), VERDICT_REFUTED);
}

Test(evidence, of_a_direct_write_needs_its_bytes_to_storage_and_allows_some_metadata)
{
	make_direct();
	cell.workload.rw = RW_RANDWRITE;
	facts.writes = IOS;
	facts.delta.storage_read = 0;
	facts.delta.storage_written = BYTES;
	cr_assert_eq(timed("direct", to_storage), VERDICT_HELD);
	cr_assert_eq(verdict_of(from_storage, PHASE_TIMED), NOTHING_SAID);
	facts.delta.storage_written = BYTES + 4096;
	cr_assert_eq(timed("direct", to_storage), VERDICT_HELD);
	facts.delta.storage_written = BYTES - 4096;
	cr_assert_eq(timed("direct", to_storage), VERDICT_REFUTED);
	facts.delta.storage_written = 2 * BYTES;
	cr_assert_eq(timed("direct", to_storage), VERDICT_REFUTED);
}

Test(evidence, of_direct_reads_and_writes_counts_each_kind_alone)
{
	make_direct();
	cell.workload.rw = RW_RANDRW;
	facts.writes = 400;
	facts.delta.storage_read = 600ull * BS;
	facts.delta.storage_written = 400ull * BS;
	cr_assert_eq(timed("direct", from_storage), VERDICT_HELD);
	cr_assert_eq(verdict_of(to_storage, PHASE_TIMED), VERDICT_HELD);
	facts.writes = 401;
	cr_assert_eq(timed("direct", from_storage), VERDICT_REFUTED);
	cr_assert_eq(verdict_of(to_storage, PHASE_TIMED), VERDICT_REFUTED);
}

Test(evidence, of_a_counter_of_the_whole_machine_refutes_in_the_testbed_only)
{
	make_direct();
	facts.delta.device.read_bytes = 0;
	cr_assert_eq(timed("direct", block_saw), VERDICT_UNOBSERVED);
	cr_assert_eq(cell.status, CELL_PLANNED);
	setenv("BYPASS_TESTBED", "1", 1);
	cr_assert_eq(timed("direct", block_saw), VERDICT_REFUTED);
	cr_assert_eq(cell.status, CELL_REFUTED);
	make_cold();
	facts.delta.device.read_bytes = BYTES - 1;
	cr_assert_eq(timed("buffered", block_read), VERDICT_REFUTED);
	unsetenv("BYPASS_TESTBED");
	cr_assert_eq(timed("buffered", block_read), VERDICT_UNOBSERVED);
}

Test(evidence, of_a_counter_of_the_whole_machine_corroborates_everywhere)
{
	make_direct();
	cr_assert_eq(timed("direct", block_saw), VERDICT_HELD);
	make_cold();
	cr_assert_eq(timed("buffered", block_read), VERDICT_HELD);
}

Test(evidence, of_a_disk_that_counts_nothing_is_unobserved_and_names_the_switch)
{
	make_dax();
	setenv("BYPASS_TESTBED", "1", 1);
	target.device.accounted = false;
	/* Zero bytes is what is expected: still no proof. */
	cr_assert_eq(timed("dax", not_seen), VERDICT_UNOBSERVED);
	for (size_t i = 0; i < cell.nevidence; i++) {
		if (strcmp(cell.evidence[i].claim, not_seen) == 0)
			cr_assert_not_null(
				strstr(cell.evidence[i].observed, "/sys/block/sda/queue/iostats"));
	}
	make_direct();
	facts.delta.device.read_bytes = 0;
	cr_assert_eq(timed("direct", block_saw), VERDICT_UNOBSERVED);
}

Test(evidence, without_a_disk_is_unobserved)
{
	make_dax();
	target.device.known = false;
	facts.delta.device.known = false;
	cr_assert_eq(timed("dax", not_seen), VERDICT_UNOBSERVED);
	cr_assert_eq(timed("direct", block_saw), VERDICT_UNOBSERVED);
}

Test(evidence, of_interrupts_is_claimed_only_of_a_device_that_has_vectors_of_its_own)
{
	make_direct();
	cr_assert_eq(timed("direct", by_interrupt), NOTHING_SAID);
}

Test(evidence, of_interrupts_decides_in_the_testbed_only)
{
	make_direct();
	facts.delta.interrupts_known = true;
	facts.delta.interrupts = IOS;
	cr_assert_eq(timed("direct", by_interrupt), VERDICT_UNOBSERVED);
	setenv("BYPASS_TESTBED", "1", 1);
	cr_assert_eq(timed("direct", by_interrupt), VERDICT_HELD);
	facts.delta.interrupts = 0;
	cr_assert_eq(timed("direct", by_interrupt), VERDICT_REFUTED);
	facts.delta.interrupts = IOS / 2;
	cr_assert_eq(timed("direct", by_interrupt), VERDICT_REFUTED);
}

Test(evidence, of_dax_needs_a_dax_inode)
{
	make_dax();
	cr_assert_eq(timed("dax", is_dax), VERDICT_HELD);
	cr_assert_eq(cell.status, CELL_PLANNED);
	target.dax = false;
	cr_assert_eq(timed("dax", is_dax), VERDICT_REFUTED);
	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(timed("mmap-dax", is_dax), VERDICT_REFUTED);
}

Test(evidence, of_dax_is_refuted_by_the_page_cache_and_by_the_block_layer)
{
	make_dax();
	facts.resident_before = 1;
	cr_assert_eq(timed("dax", before_cold), VERDICT_REFUTED);
	facts.resident_before = 0;
	facts.delta.storage_read = 4096;
	cr_assert_eq(timed("dax", not_read), VERDICT_REFUTED);
	facts.delta.storage_read = 0;
	setenv("BYPASS_TESTBED", "1", 1);
	facts.delta.device.read_bytes = BYTES;
	cr_assert_eq(timed("dax", not_seen), VERDICT_REFUTED);
	/* Metadata do go through the block layer. */
	facts.delta.device.read_bytes = BYTES / 10;
	cr_assert_eq(timed("dax", not_seen), VERDICT_HELD);
}

Test(evidence, of_a_first_touch_needs_a_fault)
{
	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(timed("mmap-shared", faulted), VERDICT_REFUTED);
	facts.delta.faults_minor = 1;
	cr_assert_eq(timed("mmap-shared", faulted), VERDICT_HELD);
}

Test(evidence, of_a_hot_mapping_has_no_major_fault_and_of_a_cold_one_at_least_one)
{
	setenv("BYPASS_TESTBED", "1", 1);
	facts.kind = PASS_FIRST_TOUCH;
	facts.delta.faults_minor = IOS;
	cr_assert_eq(timed("mmap-shared", "no fault waited for the device"), VERDICT_HELD);
	facts.delta.faults_major = 1;
	cr_assert_eq(timed("mmap-shared", "no fault waited for the device"), VERDICT_REFUTED);
	make_cold();
	cr_assert_eq(timed("mmap-shared", "faults read the device"), VERDICT_HELD);
	facts.delta.faults_major = 0;
	cr_assert_eq(timed("mmap-shared", "faults read the device"), VERDICT_REFUTED);
}

Test(evidence, of_a_populated_mapping_forbids_faults)
{
	static const char populated[] = "populated: the first touch does not fault";

	facts.kind = PASS_FIRST_TOUCH;
	cell.workload.populate = true;
	cr_assert_eq(timed("mmap-shared", populated), VERDICT_HELD);
	cr_assert_eq(verdict_of(faulted, PHASE_TIMED), NOTHING_SAID);
	facts.delta.faults_minor = IOS;
	cr_assert_eq(timed("mmap-shared", populated), VERDICT_REFUTED);
}

Test(evidence, of_later_accesses_forbids_more_than_one_fault_in_a_hundred)
{
	facts.kind = PASS_AGAIN;
	facts.delta.faults_minor = 1 + IOS / 100;
	cr_assert_eq(timed("mmap-shared", no_later), VERDICT_HELD);
	facts.delta.faults_minor++;
	cr_assert_eq(timed("mmap-shared", no_later), VERDICT_REFUTED);
}

Test(evidence, of_later_accesses_is_not_claimed_where_they_must_fault)
{
	facts.kind = PASS_AGAIN;
	facts.delta.faults_minor = IOS;
	cell.workload.rw = RW_RANDRW;
	cr_assert_eq(timed("mmap-shared", no_later), NOTHING_SAID);
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	cr_assert_eq(timed("mmap-shared", no_later), NOTHING_SAID);
	/* MAP_SYNC flushes cache lines: no page is protected again. */
	cell.workload.sync = true;
	make_dax();
	cr_assert_eq(timed("mmap-dax", no_later), VERDICT_REFUTED);
}

Test(evidence, of_dax_faults_tells_four_kib_from_two_mib)
{
	make_dax();
	facts.kind = PASS_FIRST_TOUCH;
	facts.delta.faults_minor = BYTES / 4096;
	cr_assert_eq(timed("mmap-dax", "a fault maps 4 KiB"), VERDICT_HELD);
	facts.delta.faults_minor = 2;
	cr_assert_eq(timed("mmap-dax", "a fault maps 4 KiB"), VERDICT_REFUTED);
	cell.workload.hugepage = true;
	cr_assert_eq(timed("mmap-dax", "a fault maps 2 MiB"), VERDICT_HELD);
	facts.delta.faults_minor = BYTES / 4096;
	cr_assert_eq(timed("mmap-dax", "a fault maps 2 MiB"), VERDICT_REFUTED);
}

Test(evidence, of_nothing_claims_nothing)
{
	evidence_timed(&cell, path_find("null"), &target, &facts);
	cr_assert_eq(cell.nevidence, 0);
}

Test(evidence, of_a_cell_that_kept_every_promise_leaves_it_unrefuted)
{
	static const char *const paths[] = {"buffered", "direct", "dax", "mmap-shared"};

	setenv("BYPASS_TESTBED", "1", 1);
	for (unsigned int i = 0; i < 4; i++) {
		forget();
		memset(&facts.delta, 0, sizeof(facts.delta));
		facts.delta.storage_known = facts.delta.device.known = true;
		facts.resident_before = facts.resident_after = PAGES;
		facts.kind = i == 3 ? PASS_FIRST_TOUCH : PASS_ALL;
		facts.delta.faults_minor = i == 3 ? 64 : 0;
		target.dax = i == 2;
		if (i == 1)
			make_direct();
		if (i == 2)
			make_dax();
		evidence_timed(&cell, path_find(paths[i]), &target, &facts);
		cr_assert_gt(cell.nevidence, 0);
		cr_assert_neq(cell.status, CELL_REFUTED, "%s: %s", paths[i], cell.reason);
	}
}

Test(evidence, that_refutes_a_cell_does_so_for_good)
{
	cell_set_status(&cell, CELL_MEASURED, NULL, NULL);
	cell_add_evidence(&cell, "the inode is DAX", "set", "statx", PHASE_TIMED, VERDICT_HELD,
			  "set");
	cr_assert_eq(cell.status, CELL_MEASURED);
	cell_add_evidence(&cell, "no page fault", "0", "rusage", PHASE_TIMED, VERDICT_REFUTED,
			  "%d faults", 7);
	cr_assert_eq(cell.status, CELL_REFUTED);
	cr_assert_str_eq(cell.reason, "no page fault: 7 faults, expected 0");
	cell_set_status(&cell, CELL_MEASURED, NULL, NULL);
	cr_assert_eq(cell.status, CELL_REFUTED);
	cr_assert_str_eq(cell.reason, "no page fault: 7 faults, expected 0");
}
