// SPDX-License-Identifier: MIT
/* From facts made by hand to verdicts. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/evidence.h"

#define PAGES 1024u
#define IOS   1000u
#define BS    4096u
#define BYTES ((uint64_t)IOS * BS)

#define NOTHING_SAID (-1)

static struct cell cell;
static struct target target;
static struct pass_facts facts;
static struct witness_facts witness;

/* An honest pass of reads from the page cache of a file on a disk; each test bends it. */
static void set_up(void)
{
	unsetenv("BYPASS_TESTBED");
	workload_defaults(&cell.workload);
	cell.workload.bs = BS;
	cell.workload.size = (uint64_t)PAGES * 4096;
	target.kind = TARGET_FILE;
	strcpy(target.text, "file:/somewhere");
	strcpy(target.fs_type, "ext4");
	strcpy(target.device.name, "sda");
	target.device.known = true;
	target.device.accounted = true;
	target.device.write_cache = true;
	facts.kind = PASS_ALL;
	facts.phase = PHASE_TIMED;
	facts.ios = IOS;
	facts.bytes = BYTES;
	facts.pages = PAGES;
	facts.resident_before = facts.resident_after = PAGES;
	facts.delta.storage_known = true;
	facts.delta.device.known = true;
	witness.syscalls.fd = witness.pmd_faults.fd = witness.flushes.fd = 3;
	witness.nsyscalls = IOS;
}

static void tear_down(void)
{
	cell_release(&cell);
}

TestSuite(evidence, .init = set_up, .fini = tear_down);

static void forget(void)
{
	struct workload w = cell.workload;

	cell_release(&cell);
	memset(&cell, 0, sizeof(cell));
	cell.workload = w;
}

/* Verdict of @claim, or NOTHING_SAID. */
static int verdict_of(const char *claim, enum phase phase)
{
	int verdict = NOTHING_SAID;

	for (size_t i = 0; i < cell.nevidence; i++) {
		const struct evidence *piece = &cell.evidence[i];

		if (strcmp(piece->claim, claim) != 0 || piece->phase != phase)
			continue;
		cr_assert_eq(verdict, NOTHING_SAID, "'%s' stands twice", claim);
		verdict = (int)piece->verdict;
		cr_assert_neq(piece->expected[0], '\0');
		cr_assert_neq(piece->observed[0], '\0');
		cr_assert_neq(piece->source[0], '\0');
	}
	return verdict;
}

/* A verdict that one fresh pass of @path gives to @claim. */
static int timed(const char *path, const char *claim)
{
	forget();
	evidence_timed(&cell, path_find(path), &target, &facts);
	return verdict_of(claim, PHASE_TIMED);
}

static int witnessed(const char *path, const char *claim)
{
	forget();
	evidence_witness(&cell, path_find(path), &target, &facts, &witness);
	return verdict_of(claim, PHASE_WITNESS);
}

static void make_cold(void)
{
	cell.workload.cache = CACHE_COLD;
	facts.resident_before = 0;
	facts.delta.storage_read = BYTES;
	facts.delta.device.read_bytes = BYTES;
	facts.delta.device.read_ios = IOS;
}

/* What a truthful O_DIRECT pass looks like. */
static void make_direct(void)
{
	facts.resident_before = facts.resident_after = 0;
	facts.delta.storage_read = BYTES;
	facts.delta.device.read_bytes = BYTES;
	facts.delta.device.read_ios = IOS;
}

static void make_dax(void)
{
	target.dax = true;
	facts.resident_before = facts.resident_after = 0;
}

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

Test(evidence, of_a_direct_write_needs_exactly_its_bytes_to_storage)
{
	make_direct();
	cell.workload.rw = RW_RANDWRITE;
	facts.writes = IOS;
	facts.delta.storage_read = 0;
	facts.delta.storage_written = BYTES;
	cr_assert_eq(timed("direct", to_storage), VERDICT_HELD);
	cr_assert_eq(verdict_of(from_storage, PHASE_TIMED), NOTHING_SAID);
	facts.delta.storage_written = BYTES / 2;
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
	facts.writes = 399;
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

Test(evidence, of_system_calls_needs_one_for_each_operation)
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

Test(evidence, of_loads_and_stores_forbids_system_calls)
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

Test(evidence, of_stores_made_durable_by_msync_needs_one_call_for_each_write)
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

Test(evidence, of_durable_writes_needs_a_flush_for_each)
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

Test(evidence, of_durable_writes_to_a_device_without_a_cache_needs_their_arrival)
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

Test(evidence, of_two_mib_entries_needs_the_fault_handler_to_have_installed_one)
{
	static const char huge[] = "the fault handler installed 2 MiB entries";

	facts.kind = PASS_FIRST_TOUCH;
	cr_assert_eq(witnessed("mmap-dax", huge), NOTHING_SAID);
	cell.workload.hugepage = true;
	cr_assert_eq(witnessed("mmap-dax", huge), VERDICT_REFUTED);
	witness.npmd_faults = 1;
	cr_assert_eq(witnessed("mmap-dax", huge), VERDICT_HELD);
}

Test(evidence, that_can_not_be_traced_is_unobserved_and_says_why)
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

Test(evidence, of_data_is_held_refuted_or_unknown)
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

Test(evidence, of_several_repetitions_keeps_the_worst_verdict_of_each_claim_once)
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

Test(evidence, of_the_same_claim_in_both_phases_stands_once_in_each)
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

Test(evidence, of_writes_needs_each_sector_of_the_round_in_the_file)
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

Test(evidence, of_writes_claims_nothing_of_a_private_mapping_or_a_read)
{
	struct cell private = {.workload = {.rw = RW_RANDWRITE, .bs = 4096}};
	struct cell reads = {.workload = {.rw = RW_RANDREAD, .bs = 4096}};

	writes(&private, "mmap-private", 10, 0);
	writes(&reads, "buffered", 0, 0);
	cr_assert_eq(private.nevidence + reads.nevidence, 0);
}
