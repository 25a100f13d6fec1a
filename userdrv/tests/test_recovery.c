// SPDX-License-Identifier: MIT
/* Commands that don't come back, controllers that fail: every I/O ends once, by its right name. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fixture_driver.h"

#define NIOS 16u

/* Opens with a fault for the @nth I/O command; then NIOS reads at once, and waits for all. */
static void run_with_fault(struct driver *d, struct ud_soft_fault fault, struct outcome *o)
{
	unsigned int i, waits;

	driver_init(d);
	d->config.latency.ns = 10000;
	driver_open(d);
	fault.sqid = 1;
	cr_assert_eq(ud_soft_add_fault(d->soft, &fault), 0);
	memset(o, 0, NIOS * sizeof(*o));
	for (i = 0; i < NIOS; i++)
		cr_assert_eq(
			ud_read(d->q, d->ns, d->buf + i * 4096, i * 8, 8, 0, outcome_done, &o[i]),
			0);
	for (waits = 0; ud_qpair_outstanding(d->q) && waits < 1000; waits++)
		if (ud_qpair_wait(d->q, SECOND_NS) < 0)
			break;
	for (i = 0; i < NIOS; i++)
		cr_assert_eq(o[i].ncalls, 1, "I/O %u: %u callbacks", i, o[i].ncalls);
}

/* After a reset: process brings the queue pair back, and it works. */
static void expect_works(struct driver *d)
{
	unsigned int tries;
	int err = -EAGAIN;

	for (tries = 0; tries < 10 && err == -EAGAIN; tries++) {
		(void)ud_qpair_process(d->q, 0);
		err = driver_read(d, d->buf, 0, 8);
	}
	cr_expect_eq(err, 0, "error %d", err);
}

static unsigned int count(const struct outcome *o, int error)
{
	unsigned int i, n = 0;

	for (i = 0; i < NIOS; i++)
		n += o[i].error == error;
	return n;
}

/* No I/O fails of @fault, and nothing else comes of it. */
static void expect_no_harm(struct ud_soft_fault fault)
{
	struct outcome o[NIOS];
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_eq(count(o, 0), NIOS);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 0);
	expect_works(&d);
	driver_close(&d);
}

/* I/O 5, and no other, ends by its time-out; then the queue pair works. */
static void expect_one_times_out(struct driver *d, enum ud_soft_fault_kind kind)
{
	struct ud_soft_fault fault = {.kind = kind, .nth = 5};
	struct outcome o[NIOS];

	run_with_fault(d, fault, o);
	cr_expect_eq(o[5].error, -ETIMEDOUT);
	cr_expect_eq(count(o, 0), NIOS - 1);
	expect_works(d);
}

Test(recovery, reports_a_refused_command_with_its_status)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STATUS, .nth = 3};
	struct outcome o[NIOS];
	struct driver d;

	fault.status = NVME_SCT_MEDIA << 8 | NVME_SC_READ_ERROR | NVME_STATUS_DNR;
	run_with_fault(&d, fault, o);
	cr_expect_eq(o[3].error, -EIO);
	cr_expect_eq(NVME_STATUS_SC(o[3].status), NVME_SC_READ_ERROR);
	cr_expect_str_eq(ud_status_string(o[3].status), "Unrecovered Read Error");
	cr_expect_eq(count(o, 0), NIOS - 1);
	driver_close(&d);
}

Test(recovery, aborts_a_stuck_command_without_a_reset)
{
	struct driver d;

	expect_one_times_out(&d, UD_SOFT_FAULT_STUCK);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 0);
	driver_close(&d);
}

Test(recovery, resets_the_controller_when_an_abort_does_not_help)
{
	struct driver d;

	expect_one_times_out(&d, UD_SOFT_FAULT_LOST);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 1);
	driver_close(&d);
}

/* The abort ends its command, but its own completion never comes: it isn't the last one. */
Test(recovery, goes_on_to_end_stuck_commands_after_an_abort_was_lost)
{
	struct ud_soft_fault lost = {.kind = UD_SOFT_FAULT_LOST};
	struct ud_soft_fault stuck = {.kind = UD_SOFT_FAULT_STUCK, .sqid = 1, .every = 1};
	struct outcome o = {0};
	struct driver d;
	int tries;

	driver_init(&d);
	driver_open(&d);
	lost.nth = ud_soft_commands(d.soft, 0);
	cr_assert(!ud_soft_add_fault(d.soft, &lost) && !ud_soft_add_fault(d.soft, &stuck));
	cr_expect_eq(driver_read(&d, d.buf, 0, 1), -ETIMEDOUT);
	cr_expect_eq(ud_soft_commands(d.soft, 0), lost.nth + 1);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), 0);
	for (tries = 0; !o.ncalls && tries < 20; tries++)
		(void)ud_qpair_wait(d.q, SECOND_NS / 10);
	cr_expect_eq(o.ncalls, 1);
	cr_expect_eq(o.error, -ETIMEDOUT);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 1);
	driver_close_faulty(&d);
}

Test(recovery, accepts_a_late_completion)
{
	expect_no_harm(
		(struct ud_soft_fault){.kind = UD_SOFT_FAULT_LATE, .nth = 2, .delay_ns = 50000000});
}

Test(recovery, ends_a_command_once_that_completes_while_it_is_being_aborted)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_LATE, .nth = 2};
	struct outcome o[NIOS];
	struct driver d;

	fault.delay_ns = 110000000;
	run_with_fault(&d, fault, o);
	cr_expect_eq(count(o, 0) + count(o, -ETIMEDOUT), NIOS);
	expect_works(&d);
	driver_close_faulty(&d);
}

Test(recovery, drops_the_second_of_two_completions)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_DUPLICATE, .nth = 2, .every = 3};
	struct ud_qpair_stats stats;
	struct outcome o[NIOS];
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_eq(count(o, 0), NIOS);
	expect_works(&d);
	(void)ud_qpair_process(d.q, 0);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_geq(stats.bad_completions, 5);
	driver_close_faulty(&d);
}

Test(recovery, takes_completions_in_any_order)
{
	expect_no_harm((struct ud_soft_fault){
		.kind = UD_SOFT_FAULT_REORDER, .every = 2, .delay_ns = 1000000});
}

Test(recovery, drops_completions_of_no_command)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_SPURIOUS, .nth = 4};
	struct ud_qpair_stats stats;
	struct outcome o[NIOS];
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_eq(count(o, 0), NIOS);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(stats.bad_completions, 1);
	driver_close_faulty(&d);
}

Test(recovery, times_out_a_command_whose_completion_has_an_unknown_identifier)
{
	struct driver d;

	expect_one_times_out(&d, UD_SOFT_FAULT_UNKNOWN_CID);
	driver_close_faulty(&d);
}

Test(recovery, times_out_a_command_whose_completion_names_another_queue)
{
	struct driver d;

	expect_one_times_out(&d, UD_SOFT_FAULT_WRONG_SQID);
	driver_close_faulty(&d);
}

Test(recovery, does_not_care_for_a_wrong_queue_head)
{
	expect_no_harm((struct ud_soft_fault){.kind = UD_SOFT_FAULT_WRONG_SQHD, .every = 1});
}

Test(recovery, recovers_from_a_completion_with_a_stale_phase_bit)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STALE_PHASE, .nth = 4};
	struct outcome o[NIOS];
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_eq(count(o, 0) + count(o, -ETIMEDOUT) + count(o, -ECANCELED), NIOS);
	cr_expect_geq(count(o, -ETIMEDOUT), 1);
	expect_works(&d);
	driver_close_faulty(&d);
}

Test(recovery, resets_a_controller_with_fatal_status)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_FATAL, .nth = 6};
	struct outcome o[NIOS];
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 1);
	cr_expect_geq(count(o, -ECANCELED), 1);
	cr_expect_eq(count(o, 0) + count(o, -ECANCELED), NIOS);
	expect_works(&d);
	driver_close(&d);
}

Test(recovery, ends_everything_when_the_device_is_gone)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_GONE, .nth = 6};
	struct outcome o[NIOS];
	struct outcome late = {0};
	struct driver d;

	run_with_fault(&d, fault, o);
	cr_expect_geq(count(o, -ENODEV), 1);
	cr_expect_eq(count(o, 0) + count(o, -ENODEV), NIOS);
	cr_expect_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &late), -ENODEV);
	cr_expect_eq(ud_qpair_process(d.q, 0), -ENODEV);
	cr_expect_eq(ud_ctrlr_process(d.ctrlr), -ENODEV);
	cr_expect_eq(ud_ctrlr_reset(d.ctrlr), -ENODEV);
	cr_expect_eq(ud_qpair_create(d.ctrlr, NULL, &d.q), -ENODEV);
	cr_expect_eq(late.ncalls, 0);
	cr_expect_eq(ud_ctrlr_close(d.ctrlr), -ENODEV);
}

Test(recovery, gives_up_a_controller_that_is_not_ready_after_a_reset)
{
	struct ud_soft_fault lost = {.kind = UD_SOFT_FAULT_LOST, .nth = 1};
	struct ud_soft_fault not_ready = {.kind = UD_SOFT_FAULT_NOT_READY, .nth = 1};
	struct outcome o[NIOS] = {{0}};
	struct driver d;
	unsigned int i;

	driver_init(&d);
	lost.sqid = 1;
	driver_open(&d);
	cr_assert_eq(ud_soft_add_fault(d.soft, &lost), 0);
	cr_assert_eq(ud_soft_add_fault(d.soft, &not_ready), 0);
	for (i = 0; i < NIOS; i++)
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o[i]), 0);
	cr_expect_eq(ud_qpair_drain(d.q, 100 * SECOND_NS), 0);
	cr_expect_eq(o[1].error, -ENODEV);
	cr_expect_eq(count(o, 0), NIOS - 1);
	cr_expect_eq(driver_read(&d, d.buf, 0, 1), -ENODEV);
	driver_close_faulty(&d);
}

Test(recovery, does_not_hang_in_opening_a_controller_that_is_never_ready)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_NOT_READY};
	struct driver d;

	driver_init(&d);
	d.config.faults = &fault;
	d.config.nfaults = 1;
	cr_assert_eq(ud_soft_create(&d.config, &d.soft), 0);
	cr_assert_eq(ud_ctrlr_open(d.soft, &d.options, &d.ctrlr), -ETIMEDOUT);
}

Test(recovery, ends_a_lost_admin_command_by_a_reset)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_LOST};
	struct nvme_smart_log log;
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	fault.nth = ud_soft_commands(d.soft, 0);
	cr_assert_eq(ud_soft_add_fault(d.soft, &fault), 0);
	cr_expect_eq(ud_get_smart_log(d.ctrlr, &log), -ETIMEDOUT);
	cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 1);
	cr_expect_eq(ud_get_smart_log(d.ctrlr, &log), 0);
	expect_works(&d);
	driver_close(&d);
}

Test(recovery, ends_with_an_error_where_a_reset_meets_a_lost_admin_command)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_LOST};
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	fault.nth = ud_soft_commands(d.soft, 0);
	cr_assert_eq(ud_soft_add_fault(d.soft, &fault), 0);
	cr_expect_eq(ud_ctrlr_reset(d.ctrlr), -ENODEV);
	cr_expect_eq(driver_read(&d, d.buf, 0, 1), -ENODEV);
	driver_close_faulty(&d);
}

Test(recovery, cancels_what_is_outstanding_at_a_reset_that_the_caller_asked_for)
{
	struct outcome o[NIOS] = {{0}};
	struct driver d;
	unsigned int i;

	driver_init(&d);
	d.config.latency.ns = 50000000;
	driver_open(&d);
	for (i = 0; i < NIOS; i++)
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o[i]), 0);
	ud_qpair_ring(d.q);
	cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
	cr_expect_eq(ud_qpair_process(d.q, 0), NIOS);
	cr_expect_eq(count(o, -ECANCELED), NIOS);
	expect_works(&d);
	driver_close(&d);
}

Test(recovery, cancels_what_is_outstanding_when_a_queue_pair_is_destroyed)
{
	struct outcome o[NIOS] = {{0}};
	struct driver d;
	unsigned int i;

	driver_init(&d);
	d.config.latency.ns = 50000000;
	driver_open(&d);
	for (i = 0; i < NIOS - 1; i++)
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o[i]), 0);
	ud_qpair_ring(d.q);
	ud_soft_step(d.soft);
	/* The last one isn't rung for. */
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o[i]), 0);
	driver_close(&d);
	for (i = 0; i < NIOS; i++)
		cr_expect_eq(o[i].ncalls, 1);
	cr_expect_eq(count(o, -ECANCELED), NIOS);
}

Test(recovery, ends_a_split_request_once_when_one_of_its_commands_fails)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STATUS, .nth = 7, .sqid = 1};
	struct outcome o = {0};
	struct driver d;

	driver_init(&d);
	d.config.mdts = 1;
	d.queue.nentries = 4;
	fault.status = NVME_SC_INTERNAL;
	d.config.faults = &fault;
	d.config.nfaults = 1;
	driver_open(&d);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1000, 0, outcome_done, &o), 0);
	cr_expect_eq(outcome_wait(&d, &o), -EIO);
	cr_expect_eq(o.status, NVME_SC_INTERNAL);
	cr_expect_eq(ud_qpair_outstanding(d.q), 0);
	expect_works(&d);
	driver_close(&d);
}

Test(recovery, cancels_a_split_request_once_at_a_reset)
{
	struct outcome o = {0};
	struct driver d;

	driver_init(&d);
	d.config.mdts = 1;
	d.config.latency.ns = 1000000;
	d.queue.nentries = 4;
	driver_open(&d);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1000, 0, outcome_done, &o), 0);
	cr_expect_gt(ud_qpair_wait(d.q, SECOND_NS), 0);
	cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
	cr_expect_gt(ud_qpair_process(d.q, 0), 0);
	cr_expect_eq(o.ncalls, 1);
	cr_expect_eq(o.error, -ECANCELED);
	expect_works(&d);
	driver_close(&d);
}
