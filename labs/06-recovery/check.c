// SPDX-License-Identifier: MIT
/* The checks of lab 6: the student's recovery, against a controller model that fails as planned. */
#include "check_end.h"
#include "check_plans.h"
#include "faulty.h"

#include <errno.h>
#include <inttypes.h>

/* ---- late ---- */

/* A quiet second, then a read: its time begins when it is first looked at. */
static void expect_clock_from_first_look(void)
{
	open_driver();
	lab_step("nothing happens for 1 s, then a read that takes 20 ms");
	plan(UD_SOFT_FAULT_LATE, 1, 0, 20 * MS);
	pass(1000);
	submit_reads(0, 1);
	pass(30);
	LAB_EXPECT(ncalls[0] == 1 && errors[0] == 0, "the read succeeds",
		   "it was called back %u times, with %d", ncalls[0], errors[0]);
	LAB_EXPECT(queue_stats().timeouts == 0,
		   "the time of a command begins when a check first sees it",
		   "%" PRIu64 " time-outs were counted", queue_stats().timeouts);
	close_driver();
}

static void expect_late_in_time(void)
{
	open_driver();
	lab_step("8 reads; the fourth is stuck; the time-out is %u ms", IO_TIMEOUT_MS);
	plan(UD_SOFT_FAULT_STUCK, 1, 3, 0);
	submit_reads(0, 8);
	pass(IO_TIMEOUT_MS - 10);
	LAB_EXPECT(queue_stats().timeouts == 0 && ncalls[3] == 0, "nothing is late before its time",
		   "after %u ms %" PRIu64 " time-outs", IO_TIMEOUT_MS - 10, queue_stats().timeouts);
	pass(30);
	LAB_EXPECT(queue_stats().timeouts == 1,
		   "when its time is over one command is late, and is counted once",
		   "%" PRIu64 " time-outs", queue_stats().timeouts);
	expect_one(0, 8, 3, -ETIMEDOUT);
	lab_step("1 s later");
	pass(1000);
	LAB_EXPECT(queue_stats().timeouts == 1, "a request that has ended isn't late any more",
		   "%" PRIu64 " time-outs", queue_stats().timeouts);
	close_driver();
}

/* A request with a lower index than the one that is being aborted gets late, too. */
static void expect_one_after_the_other(void)
{
	uint32_t first;

	open_driver();
	lab_step("reads 0 and 1, which is stuck; then 2, in the request of 0, is stuck, too; each "
		 "Abort takes 30 ms");
	slow_admin(30);
	plan(UD_SOFT_FAULT_LATE, 1, 0, 20 * MS);
	plan(UD_SOFT_FAULT_STUCK, 1, 1, 0);
	plan(UD_SOFT_FAULT_STUCK, 1, 2, 0);
	submit_reads(0, 2);
	pass(25);
	submit_reads(2, 1);
	pass(80);
	first = queue->expired;
	LAB_EXPECT(first, "read 1 is late", "after 105 ms no command is");
	/* Its abort is on its way now, and not yet done. */
	pass(25);
	LAB_EXPECT(queue_stats().timeouts == 2, "read 2 is late, too", "%" PRIu64 " time-outs",
		   queue_stats().timeouts);
	LAB_EXPECT(queue->expired == first,
		   "the one that is being aborted stays the one until it has ended",
		   "tag 0x%x, then 0x%x", first, queue->expired);
	pass(100);
	expect_all(1, 2, -ETIMEDOUT);
	close_driver();
}

static void check_late(void)
{
	ud_soft_config_init(&config);
	config.latency.ns = MS;
	expect_clock_from_first_look();
	expect_late_in_time();
	expect_one_after_the_other();
}

/* ---- abort ---- */

static void expect_abort(unsigned int number, uint32_t dword10, const char *what)
{
	struct aborts aborts = find_aborts();

	LAB_EXPECT(aborts.n == number, "one Abort is sent for a late command", "%s: %u were", what,
		   aborts.n);
	LAB_EXPECT(aborts.dword10 == dword10,
		   "dword 10 has the command's identifier in its upper half and its queue's in the "
		   "lower [5.1]",
		   "%s: 0x%08x instead of 0x%08x", what, aborts.dword10, dword10);
}

static void expect_aborts(void)
{
	uint32_t expected;

	open_driver();
	lab_step("20 reads, so that identifiers have changed; then one that is stuck");
	submit_reads(0, 10);
	pass(30);
	submit_reads(10, 10);
	pass(30);
	plan(UD_SOFT_FAULT_STUCK, 1, 20, 0);
	submit_reads(20, 1);
	expected = (uint32_t)queue->sq[queue->sq_tail - 1].cid << 16 | queue->qid;
	pass(IO_TIMEOUT_MS + 40);
	expect_abort(1, expected, "queue 1");
	expect_all(20, 1, -ETIMEDOUT);
	LAB_EXPECT(ud_ctrlr_nresets(ctrlr) == 0, "what an abort ends needs no reset",
		   "%" PRIu64 " resets", ud_ctrlr_nresets(ctrlr));
	lab_step("a read is stuck in each of two queue pairs, and each Abort takes 10 ms");
	slow_admin(10);
	plan(UD_SOFT_FAULT_STUCK, 1, 21, 0);
	plan(UD_SOFT_FAULT_STUCK, 2, 0, 0);
	submit_reads(21, 1);
	if (submit_read(other, 22))
		lab_broken("queue 2 takes no read");
	pass(IO_TIMEOUT_MS + 5);
	LAB_EXPECT(find_aborts().n == 2, "while an Abort is outstanding no other is sent",
		   "%u were sent for the two", find_aborts().n - 1);
	pass(60);
	expect_all(21, 2, -ETIMEDOUT);
	LAB_EXPECT(find_aborts().n == 3 && ud_ctrlr_nresets(ctrlr) == 0,
		   "in the end both were aborted", "%u Aborts, %" PRIu64 " resets",
		   find_aborts().n - 1, ud_ctrlr_nresets(ctrlr));
	close_driver();
}

static void expect_abort_times(void)
{
	open_driver();
	lab_step("a read is lost: no Abort finds it");
	plan(UD_SOFT_FAULT_LOST, 1, 0, 0);
	submit_reads(0, 1);
	pass(IO_TIMEOUT_MS + ABORT_TIMEOUT_MS - 20);
	LAB_EXPECT(find_aborts().n == 1 && !ctrlr->aborting && !ncalls[0],
		   "one Abort is sent for it, and none after that",
		   "%u were, and the read was called back %u times", find_aborts().n, ncalls[0]);
	pass(60);
	expect_all(0, 1, -ETIMEDOUT);
	close_driver();
	open_driver();
	lab_step("the Abort itself is lost, though it ends its command");
	plan(UD_SOFT_FAULT_STUCK, 1, 0, 0);
	plan(UD_SOFT_FAULT_LOST, 0, ud_soft_commands(soft, 0), 0);
	submit_reads(0, 1);
	pass(IO_TIMEOUT_MS + 20);
	LAB_EXPECT(ctrlr->aborting, "an Abort is outstanding until its completion comes",
		   "aborting is false");
	pass(ADMIN_TIMEOUT_MS);
	LAB_EXPECT(ud_ctrlr_nresets(ctrlr) == 1,
		   "an Abort that doesn't end in admin_timeout_ms leads to a reset, or it would be "
		   "the last",
		   "%" PRIu64 " resets", ud_ctrlr_nresets(ctrlr));
	close_driver();
}

static void check_abort(void)
{
	ud_soft_config_init(&config);
	config.latency.ns = MS;
	expect_aborts();
	expect_abort_times();
}

/* ---- decide ---- */

static void expect_resets(uint64_t n, const char *when)
{
	LAB_EXPECT(ud_ctrlr_nresets(ctrlr) == n, "a reset is for what an abort didn't end in time",
		   "%s: %" PRIu64 " resets instead of %" PRIu64, when, ud_ctrlr_nresets(ctrlr), n);
}

static void expect_abort_that_helps(void)
{
	open_driver();
	lab_step("a read is stuck, and an abort ends it");
	plan(UD_SOFT_FAULT_STUCK, 1, 0, 0);
	submit_reads(0, 2);
	pass(IO_TIMEOUT_MS + 40);
	LAB_EXPECT(find_aborts().n == 1, "a late command is aborted", "%u Aborts were sent",
		   find_aborts().n);
	expect_one(0, 2, 0, -ETIMEDOUT);
	pass(500);
	expect_resets(0, "500 ms later");
	close_driver();
}

static void expect_abort_that_does_not_help(void)
{
	open_driver();
	lab_step("a read is lost; from the abort to the reset %u ms may pass", ABORT_TIMEOUT_MS);
	plan(UD_SOFT_FAULT_LOST, 1, 0, 0);
	submit_reads(0, 2);
	for (unsigned int ms = 0; ms < 200 && !find_aborts().n; ms++)
		pass(1);
	LAB_EXPECT(find_aborts().n == 1, "a late command is aborted", "it never was");
	pass(ABORT_TIMEOUT_MS - 10);
	expect_resets(0, "10 ms before the abort's time is over");
	pass(30);
	expect_resets(1, "20 ms after it");
	expect_one(0, 2, 0, -ETIMEDOUT);
	lab_step("1 s later");
	pass(1000);
	expect_resets(1, "with nothing late");
	close_driver();
}

static void expect_end_by_itself(void)
{
	open_driver();
	lab_step("a read is late, and completes before its abort does");
	plan(UD_SOFT_FAULT_LATE, 1, 0, (IO_TIMEOUT_MS + 20) * MS);
	slow_admin(40);
	submit_reads(0, 2);
	pass(500);
	expect_all(0, 2, 0);
	expect_resets(0, "it had ended by itself");
	LAB_EXPECT(!queue->aborted, "nothing is being aborted then", "tag 0x%x is", queue->aborted);
	close_driver();
}

static void expect_owner_that_sleeps(void)
{
	uint64_t sent;

	open_driver();
	lab_step("a read is stuck; its owner sleeps 1 s after the abort was sent");
	plan(UD_SOFT_FAULT_STUCK, 1, 0, 0);
	submit_reads(0, 2);
	for (unsigned int ms = 0; ms < 200 && !find_aborts().n; ms++)
		pass(1);
	sent = ud_soft_now(soft);
	ud_soft_advance(soft, 1000 * MS);
	lab_step("the controller's thread looks, %" PRIu64 " ms after the abort",
		 (ud_soft_now(soft) - sent) / MS);
	(void)ud_ctrlr_process(ctrlr);
	expect_resets(0, "the abort has ended it; only its owner hasn't looked since");
	pass(30);
	expect_one(0, 2, 0, -ETIMEDOUT);
	expect_resets(0, "in the end");
	close_driver();
}

static void check_decide(void)
{
	ud_soft_config_init(&config);
	config.latency.ns = MS;
	expect_abort_that_helps();
	expect_abort_that_does_not_help();
	expect_end_by_itself();
	expect_owner_that_sleeps();
}

/* ---- reset ---- */

static const char *early; /* what was seen too early */
static unsigned int disables, enables;

/* The driver waits for the controller: what does it believe meanwhile? */
static void watch_reset(void)
{
	bool enabled = bar_read(NVME_REG_CC) & NVME_CC_EN;
	bool ready = bar_read(NVME_REG_CSTS) & NVME_CSTS_RDY;

	disables += !enabled && ready;
	enables += enabled && !ready;
	if (!enabled && ready && queue->stopped != UD_RUNNING)
		early = "the queue pair was stopped";
	if (!enabled && ready && ncalls[8])
		early = "an admin command was ended";
	/* The owner, in another thread, does its part at once. */
	if (enabled && !ready && queue->stopped == UD_DOWN)
		(void)ud_qpair_process(queue, 0);
}

/* Reads 0 to 7 are outstanding, and 8 stands for an admin command that never ends. */
static void reset_with_reads_outstanding(void)
{
	const struct nvme_sqe event = {.opc = NVME_ADMIN_ASYNC_EVENT};
	int err;

	lab_step("8 reads and an event request are outstanding; ud_ctrlr_reset");
	submit_reads(0, 8);
	ud_qpair_ring(queue);
	err = ud_raw(ctrlr->admin, &event, NULL, 0, done, (void *)(uintptr_t)8);
	if (err)
		lab_broken("the admin queue takes no command: %s", strerror(-err));
	ud_qpair_ring(ctrlr->admin);
	ud_soft_step(soft);
	on_wait = watch_reset;
	early = NULL;
	disables = enables = 0;
	err = ud_ctrlr_reset(ctrlr);
	on_wait = NULL;
	LAB_EXPECT(!err, "the controller is reset", "%d", err);
}

static void check_reset_of_working(void)
{
	open_driver();
	reset_with_reads_outstanding();
	LAB_EXPECT(disables && enables && (bar_read(NVME_REG_CSTS) & NVME_CSTS_RDY),
		   "it is disabled, and enabled again", "CSTS 0x%x", bar_read(NVME_REG_CSTS));
	LAB_EXPECT(!early,
		   "nothing is taken back while the controller may still write to it: before "
		   "CSTS.RDY is 0",
		   "%s before that", early);
	LAB_EXPECT(ncalls[8] == 1 && errors[8] == -ECANCELED,
		   "what the admin queue had ends with -ECANCELED", "%u calls, %d", ncalls[8],
		   errors[8]);
	LAB_EXPECT(queue->stopped == UD_DOWN,
		   "an owner that was quick is sent through it once more: since then the "
		   "namespaces may have been found changed",
		   "the queue pair's state is %u", queue->stopped);
	LAB_EXPECT(ud_ctrlr_nresets(ctrlr) == 1, "it is counted", "%" PRIu64,
		   ud_ctrlr_nresets(ctrlr));
	(void)ud_qpair_process(queue, 0);
	expect_all(0, 8, -ECANCELED);
	lab_step("a read after the reset; then the namespace changes, and a second reset");
	ncalls[0] = 0;
	submit_reads(0, 1);
	pass(70);
	expect_all(0, 1, 0);
	identified_nblocks = 1000;
	LAB_EXPECT(!ud_ctrlr_reset(ctrlr) && ud_ctrlr_nresets(ctrlr) == 2, "it can be reset again",
		   "%" PRIu64 " resets", ud_ctrlr_nresets(ctrlr));
	LAB_EXPECT(!namespace->usable, "after a reset namespaces are identified again",
		   "one that has another size is still used");
	identified_nblocks = 0;
	close_driver();
}

static void count_event(void *arg, uint8_t type, uint8_t info, uint8_t log_page)
{
	(void)type, (void)info, (void)log_page;
	++*(unsigned int *)arg;
}

static void check_reset_forgets_nothing(void)
{
	unsigned int nevents = 0;

	open_driver();
	lab_step("events are asked for; a reset; an event");
	if (ud_ctrlr_enable_events(ctrlr, 0xff, count_event, &nevents))
		lab_broken("the model has no events");
	LAB_EXPECT(!ud_ctrlr_reset(ctrlr), "the controller is reset", "it isn't");
	ud_soft_event(soft, 1, 0, NVME_LOG_SMART);
	pass(5);
	LAB_EXPECT(nevents == 1, "what a reset makes the controller forget is configured again",
		   "%u events were told", nevents);
	close_driver();
}

static void check_reset_that_fails(enum ud_soft_fault_kind kind, const char *what)
{
	int err;

	open_driver();
	lab_step("%s; 8 reads are outstanding", what);
	plan(kind, 0, kind == UD_SOFT_FAULT_NOT_READY ? 1 : 0, 0);
	submit_reads(0, 8);
	err = ud_ctrlr_reset(ctrlr);
	LAB_EXPECT(err == -ENODEV, "a controller that can't be reset is dead: -ENODEV", "%d", err);
	err = ud_read(queue, namespace, memory.vaddr, 0, 1, 0, done, (void *)(uintptr_t)9);
	LAB_EXPECT(err == -ENODEV, "a dead controller takes no command", "%d", err);
	(void)ud_qpair_process(queue, 0);
	expect_all(0, 8, -ENODEV);
	close_driver();
}

static void check_reset(void)
{
	ud_soft_config_init(&config);
	config.latency.ns = 50 * MS;
	check_reset_of_working();
	config.latency.ns = 0;
	check_reset_forgets_nothing();
	config.latency.ns = 50 * MS;
	config.ready_timeout = 1;
	check_reset_that_fails(UD_SOFT_FAULT_NOT_READY, "CSTS.RDY won't come back");
	check_reset_that_fails(UD_SOFT_FAULT_STUCK_READY, "CSTS.RDY won't follow CC.EN");
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"late", check_late},   {"abort", check_abort}, {"decide", check_decide},
		{"reset", check_reset}, {"drain", check_drain}, {"once", check_once},
		{"plans", check_plans}, {NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
