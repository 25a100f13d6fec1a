// SPDX-License-Identifier: MIT
/* From facts made by hand to verdicts: interrupts, system calls, and which driver has the device.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_evidence.h"

static const char by_interrupt[] = "completion came by interrupt";
static const char without[] = "completion came without interrupt";
static const char at_most_one[] = "at most one system call per I/O";
static const char none[] = "no system call per I/O";
static const char to_sleep[] = "system calls only to sleep";
static const char not_the_kernels[] = "the kernel's NVMe driver doesn't have the device";
static const char not_read[] = "nothing was read through the block layer";
static const char not_written[] = "nothing was written through the block layer";

/* What our driver's three ways promise. */
static const struct path_ops spins = {.name = "spins", .traits = PATH_USER_DRIVER | PATH_POLLED};
static const struct path_ops sleeps = {.name = "sleeps", .traits = PATH_USER_DRIVER | PATH_SLEEPS};
static const struct path_ops both = {.name = "both",
				     .traits = PATH_USER_DRIVER | PATH_POLLED | PATH_SLEEPS};

static void set_up(void)
{
	evidence_set_up();
	make_direct();
	setenv("BYPASS_TESTBED", "1", 1);
	facts.delta.interrupts_known = true;
}

TestSuite(completion, .init = set_up, .fini = evidence_tear_down);

static void make_user_driver(const char *driver)
{
	memset(&facts.delta, 0, sizeof(facts.delta));
	unsetenv("BYPASS_TESTBED");
	memset(&target.device, 0, sizeof(target.device));
	target.kind = TARGET_USERDRV;
	strcpy(target.device.pci, "0000:00:04.0");
	strcpy(facts.delta.pci_driver, driver);
	facts.delta.storage_known = true;
	facts.delta.interrupts_known = true;
}

Test(completion, of_a_polled_path_is_refuted_by_interrupts)
{
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_HELD);
	cr_assert_eq(verdict_of(by_interrupt, PHASE_TIMED), NOTHING_SAID);
	cr_assert_eq(cell.status, CELL_PLANNED);
	/* A journal is written through other queues now and then. */
	facts.delta.interrupts = 1 + IOS / 100;
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_HELD);
	facts.delta.interrupts++;
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_REFUTED);
	cr_assert_eq(cell.status, CELL_REFUTED);
}

Test(completion, of_a_polled_path_with_many_in_flight_is_refuted_by_one_interrupt_for_each_batch)
{
	cell.workload.iodepth = 256;
	facts.delta.interrupts = IOS / 256;
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_REFUTED);
}

Test(completion, without_interrupts_is_proved_everywhere_and_contradicted_in_the_testbed_only)
{
	unsetenv("BYPASS_TESTBED");
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_HELD);
	facts.delta.interrupts = IOS;
	cr_assert_eq(timed("uring-iopoll", without), VERDICT_UNOBSERVED);
	cr_assert_eq(cell.status, CELL_PLANNED);
}

Test(completion, by_interrupt_needs_one_for_as_many_as_were_in_flight)
{
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_REFUTED);
	facts.delta.interrupts = IOS;
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_HELD);
	facts.delta.interrupts = IOS / 8;
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_REFUTED);
	cell.workload.iodepth = 8;
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_HELD);
	facts.delta.interrupts = IOS / 8 / 2;
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_REFUTED);
	/* In all jobs together. */
	cell.workload.numjobs = 2;
	cr_assert_eq(timed("uring", by_interrupt), VERDICT_HELD);
}

Test(completion, by_interrupt_can_be_told_of_once_for_as_many_as_the_controller_gathers)
{
	make_user_driver("vfio-pci");
	facts.delta.interrupts = IOS / 16;
	cr_assert_eq(timed_on(&sleeps, by_interrupt), VERDICT_REFUTED);
	cell.workload.aggregation_threshold = 16;
	cr_assert_eq(timed_on(&sleeps, by_interrupt), VERDICT_HELD);
}

Test(completion, of_our_polling_driver_is_refuted_by_an_interrupt_on_any_machine)
{
	make_user_driver("vfio-pci");
	cr_assert_eq(timed_on(&spins, without), VERDICT_HELD);
	facts.delta.interrupts = IOS;
	cr_assert_eq(timed_on(&spins, without), VERDICT_REFUTED);
}

Test(completion, of_our_driver_that_looks_and_then_sleeps_leaves_interrupts_on)
{
	make_user_driver("vfio-pci");
	facts.delta.interrupts = IOS;
	cr_assert_eq(timed_on(&both, by_interrupt), VERDICT_HELD);
	cr_assert_eq(verdict_of(without, PHASE_TIMED), NOTHING_SAID);
	facts.delta.interrupts = 0;
	cr_assert_eq(timed_on(&both, by_interrupt), VERDICT_REFUTED);
}

Test(completion, of_a_model_is_told_by_what_the_model_counted)
{
	make_user_driver("");
	target.device.pci[0] = '\0';
	facts.delta.interrupts_known = false;
	cr_assert_eq(timed_on(&sleeps, by_interrupt), VERDICT_REFUTED);
	cr_assert_eq(verdict_of(not_the_kernels, PHASE_TIMED), NOTHING_SAID);
	cr_assert_eq(timed_on(&spins, without), VERDICT_HELD);
	facts.counters.interrupts = IOS;
	cr_assert_eq(timed_on(&sleeps, by_interrupt), VERDICT_HELD);
	cr_assert_eq(timed_on(&spins, without), VERDICT_REFUTED);
}

Test(completion, of_a_device_whose_vectors_can_not_be_told_claims_nothing)
{
	make_user_driver("vfio-pci");
	facts.delta.interrupts_known = false;
	cr_assert_eq(timed_on(&sleeps, by_interrupt), NOTHING_SAID);
	cr_assert_eq(timed_on(&spins, without), NOTHING_SAID);
}

Test(completion, of_our_driver_needs_the_device_to_be_bound_to_vfio)
{
	make_user_driver("vfio-pci");
	cr_assert_eq(timed_on(&spins, not_the_kernels), VERDICT_HELD);
	strcpy(facts.delta.pci_driver, "nvme");
	cr_assert_eq(timed_on(&spins, not_the_kernels), VERDICT_REFUTED);
	facts.delta.pci_driver[0] = '\0';
	cr_assert_eq(timed_on(&spins, not_the_kernels), VERDICT_REFUTED);
	/* The block layer's paths need the other one, and say so by their bytes. */
	target.kind = TARGET_BLOCK;
	cr_assert_eq(timed("direct", not_the_kernels), NOTHING_SAID);
}

Test(completion, of_our_driver_is_refuted_by_bytes_in_the_block_layer)
{
	make_user_driver("vfio-pci");
	cr_assert_eq(timed_on(&spins, not_read), VERDICT_HELD);
	cr_assert_eq(verdict_of(not_written, PHASE_TIMED), NOTHING_SAID);
	facts.delta.storage_read = BYTES;
	cr_assert_eq(timed_on(&spins, not_read), VERDICT_REFUTED);
	facts.writes = IOS;
	cr_assert_eq(timed_on(&spins, not_written), VERDICT_HELD);
	cr_assert_eq(verdict_of(not_read, PHASE_TIMED), NOTHING_SAID);
	facts.delta.storage_written = BYTES;
	cr_assert_eq(timed_on(&spins, not_written), VERDICT_REFUTED);
}

Test(completion, takes_at_most_one_system_call_for_each_io_of_a_ring)
{
	cr_assert_eq(witnessed("uring", at_most_one), VERDICT_HELD);
	witness.nsyscalls = IOS + 3;
	cr_assert_eq(witnessed("uring", at_most_one), VERDICT_REFUTED);
	/* How often the kernel leaves off polling is no promise of the path. */
	cr_assert_eq(witnessed("uring-iopoll", at_most_one), NOTHING_SAID);
	cr_assert_eq(cell.status, CELL_PLANNED);
}

Test(completion, takes_a_system_call_for_as_many_as_a_ring_has_room_for)
{
	witness.nsyscalls = IOS / 8;
	cr_assert_eq(witnessed("uring", at_most_one), VERDICT_REFUTED);
	cell.workload.iodepth = 8;
	cr_assert_eq(witnessed("uring", at_most_one), VERDICT_HELD);
}

Test(completion, by_our_polling_driver_takes_no_system_call)
{
	make_user_driver("vfio-pci");
	witness.nsyscalls = 2;
	cr_assert_eq(witnessed_on(&spins, none), VERDICT_HELD);
	witness.nsyscalls = 3;
	cr_assert_eq(witnessed_on(&spins, none), VERDICT_REFUTED);
}

Test(completion, by_our_sleeping_driver_takes_system_calls_for_its_sleeps_alone)
{
	make_user_driver("vfio-pci");
	facts.counters.sleeps = IOS / 2;
	witness.nsyscalls = IOS;
	cr_assert_eq(witnessed_on(&sleeps, to_sleep), VERDICT_HELD);
	cr_assert_eq(witnessed_on(&both, to_sleep), VERDICT_HELD);
	facts.counters.sleeps = 0;
	cr_assert_eq(witnessed_on(&sleeps, to_sleep), VERDICT_REFUTED);
}

static const char executed[] = "the device executed one command for each I/O";
static const char no_page[] = "left no page in the page cache";
static const char unseen[] = "the block layer saw none of the bytes";

/* What a truthful pass of NVMe commands of ours looks like. */
static void make_passthru(void)
{
	facts.delta.storage_read = 0;
	memset(&facts.delta.device, 0, sizeof(facts.delta.device));
	facts.delta.device.known = true;
	facts.delta.interrupts = IOS;
	facts.smart = (struct nvme_smart){.known = true, .read_commands = IOS};
}

Test(completion, of_nvme_commands_is_proved_by_the_device_and_by_an_idle_block_layer)
{
	make_passthru();
	cr_assert_eq(timed("passthru", executed), VERDICT_HELD);
	cr_assert_eq(verdict_of(unseen, PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(verdict_of(not_read, PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(verdict_of(by_interrupt, PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(verdict_of(no_page, PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(cell.status, CELL_PLANNED);
	/* What a direct path is proved by would refute this one. */
	cr_assert_eq(verdict_of("the block layer saw the bytes", PHASE_TIMED), NOTHING_SAID);
	cr_assert_eq(timed("direct", executed), NOTHING_SAID);
	facts.resident_after = 1;
	cr_assert_eq(timed("passthru", no_page), VERDICT_REFUTED);
}

Test(completion, of_nvme_commands_that_the_device_did_not_execute_is_refuted)
{
	make_passthru();
	facts.smart.read_commands = IOS - 1;
	cr_assert_eq(timed("passthru", executed), VERDICT_REFUTED);
	facts.smart.read_commands = IOS + 1;
	cr_assert_eq(timed("passthru-iopoll", executed), VERDICT_REFUTED);
	/* Reads are no writes. */
	facts.smart.read_commands = IOS;
	facts.writes = IOS / 2;
	cr_assert_eq(timed("passthru", executed), VERDICT_REFUTED);
	facts.smart.read_commands = facts.smart.write_commands = IOS / 2;
	cr_assert_eq(timed("passthru", executed), VERDICT_HELD);
}

Test(completion, of_nvme_commands_beside_those_of_others_is_not_refuted)
{
	make_passthru();
	unsetenv("BYPASS_TESTBED");
	cr_assert_eq(timed("passthru", executed), VERDICT_HELD);
	facts.smart.read_commands = IOS + 5;
	cr_assert_eq(timed("passthru", executed), VERDICT_UNOBSERVED);
	facts.smart.known = false;
	strcpy(facts.smart.why_not, "no log");
	cr_assert_eq(timed("passthru", executed), VERDICT_UNOBSERVED);
}

Test(completion, of_nvme_commands_is_refuted_by_bytes_in_the_block_layer)
{
	make_passthru();
	facts.delta.device.read_bytes = BS;
	cr_assert_eq(timed("passthru", unseen), VERDICT_REFUTED);
	facts.delta.storage_read = BS;
	cr_assert_eq(timed("passthru", not_read), VERDICT_REFUTED);
}

/* The block layer's account, in which they aren't, is no measure of how many there were. */
Test(completion, of_nvme_commands_needs_an_interrupt_for_each)
{
	make_passthru();
	facts.delta.interrupts = IOS / 2;
	cr_assert_eq(timed("passthru", by_interrupt), VERDICT_REFUTED);
	cr_assert_eq(timed("passthru-iopoll", without), VERDICT_REFUTED);
	facts.delta.interrupts = 0;
	cr_assert_eq(timed("passthru-iopoll", without), VERDICT_HELD);
}

Test(completion, of_durable_nvme_commands_is_nowhere_counted)
{
	static const char flushed[] = "a flush or FUA went to the device with each write";

	make_passthru();
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.durability = DURABILITY_DATA;
	facts.writes = IOS;
	cr_assert_eq(witnessed("passthru", flushed), VERDICT_UNOBSERVED);
	target.device.write_cache = false;
	cr_assert_eq(witnessed("passthru", flushed), VERDICT_UNOBSERVED);
}

Test(completion, by_libaio_takes_two_system_calls_for_as_many_as_are_in_flight)
{
	static const char at_most_two[] = "at most two system calls per I/O";

	witness.nsyscalls = 2 * IOS;
	cr_assert_eq(witnessed("libaio", at_most_two), VERDICT_HELD);
	witness.nsyscalls = 2 * IOS + 3;
	cr_assert_eq(witnessed("libaio", at_most_two), VERDICT_REFUTED);
	witness.nsyscalls = 2 * IOS / 8;
	cr_assert_eq(witnessed("libaio", at_most_two), VERDICT_REFUTED);
	cell.workload.iodepth = 8;
	cr_assert_eq(witnessed("libaio", at_most_two), VERDICT_HELD);
}

Test(completion, in_small_batches_may_take_a_call_more_to_give_each_of_them)
{
	static const char at_most_two[] = "at most two system calls per I/O";
	static const char at_most_three[] = "at most three system calls per I/O";

	cell.workload.iodepth = 8;
	cell.workload.iodepth_batch_submit = 1;
	witness.nsyscalls = IOS + 7;
	cr_assert_eq(witnessed("uring", at_most_two), VERDICT_HELD);
	witness.nsyscalls = 2 * IOS + 3;
	cr_assert_eq(witnessed("uring", at_most_two), VERDICT_REFUTED);
	cr_assert_eq(witnessed("libaio", at_most_three), VERDICT_HELD);
	cell.workload.iodepth_batch_submit = 8;
	witness.nsyscalls = IOS + 7;
	cr_assert_eq(witnessed("uring", at_most_one), VERDICT_REFUTED);
}

Test(completion, by_the_kernels_thread_takes_next_to_no_system_calls)
{
	static const char fewer[] = "fewer system calls than I/Os";

	witness.nsyscalls = 0;
	cr_assert_eq(witnessed("uring-sqpoll", fewer), VERDICT_HELD);
	cr_assert_eq(verdict_of(at_most_one, PHASE_WITNESS), NOTHING_SAID);
	witness.nsyscalls = IOS / 10;
	cr_assert_eq(witnessed("uring-sqpoll", fewer), VERDICT_HELD);
	witness.nsyscalls = IOS;
	cr_assert_eq(witnessed("uring-sqpoll", fewer), VERDICT_REFUTED);
}
