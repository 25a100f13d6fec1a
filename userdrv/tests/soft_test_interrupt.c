// SPDX-License-Identifier: MIT
/* Interrupts of the model, and their coalescing, in virtual time. */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct raw raw;
static struct raw_queue q;

static void set_up(void)
{
	raw_open(&raw, NULL);
	raw_queue_create(&raw, &q, 1, 64, 1);
	cr_assert_eq(raw_interrupts(&raw, 1), 0);
	cr_assert_eq(raw_interrupts(&raw, 0), 0);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_interrupt, .init = set_up, .fini = tear_down);

static void reads(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
}

static void reap(void)
{
	struct nvme_cqe cqe;

	while (raw_poll(&q, &cqe))
		;
}

/* Threshold 0's based, time in units of 100 us. */
static void coalesce(uint32_t threshold, uint32_t time)
{
	cr_assert_eq(
		raw_status(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_SET_FEATURES,
							 .cdw10 = NVME_FEATURE_INTERRUPT_COALESCING,
							 .cdw11 = threshold | time << 8}),
		0);
}

Test(soft_interrupt, each_completion_signals_its_vector)
{
	reads(3);
	cr_assert_eq(raw_interrupts(&raw, 1), 3);
	cr_assert_eq(raw_interrupts(&raw, 2), 0);
	cr_assert_eq(raw_stats(&raw).interrupts, 3);
}

Test(soft_interrupt, a_queue_without_interrupts_signals_nothing)
{
	struct raw_queue polled;

	raw_queue_create(&raw, &polled, 2, 8, -1);
	raw_interrupts(&raw, 0);
	cr_assert_eq(raw_status(&polled, raw_rw(&raw, NVME_NVM_READ, 0, 1)), 0);
	cr_assert_eq(raw_interrupts(&raw, 0) + raw_interrupts(&raw, 1), 0);
}

Test(soft_interrupt, the_threshold_raises_one_interrupt_for_many_completions)
{
	coalesce(3, 255);
	reads(3);
	cr_assert_eq(raw_interrupts(&raw, 1), 0);
	reads(1);
	cr_assert_eq(raw_interrupts(&raw, 1), 1);
	reads(12);
	cr_assert_eq(raw_interrupts(&raw, 1), 3);
}

Test(soft_interrupt, the_aggregation_time_runs_from_the_first_completion)
{
	coalesce(31, 2);
	reads(1);
	ud_soft_advance(raw.t, 100000);
	reads(1);
	ud_soft_advance(raw.t, 99999);
	cr_assert_eq(raw_interrupts(&raw, 1), 0);
	ud_soft_advance(raw.t, 1);
	cr_assert_eq(raw_interrupts(&raw, 1), 1);
	ud_soft_advance(raw.t, 1000000);
	cr_assert_eq(raw_interrupts(&raw, 1), 0, "both were told");
}

Test(soft_interrupt, completions_that_were_polled_are_not_told)
{
	coalesce(31, 2);
	reads(4);
	reap();
	ud_soft_advance(raw.t, 1000000);
	cr_assert_eq(raw_interrupts(&raw, 1), 0);
}

Test(soft_interrupt, without_a_time_nothing_is_coalesced)
{
	coalesce(31, 0);
	reads(2);
	cr_assert_eq(raw_interrupts(&raw, 1), 2);
}

Test(soft_interrupt, a_vector_can_be_taken_out_of_coalescing)
{
	coalesce(31, 255);
	cr_assert_eq(
		raw_status(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_SET_FEATURES,
							 .cdw10 = NVME_FEATURE_VECTOR_CONFIGURATION,
							 .cdw11 = 1u << 16 | 1}),
		0);
	reads(2);
	cr_assert_eq(raw_interrupts(&raw, 1), 2);
}

Test(soft_interrupt, the_admin_queue_is_never_coalesced)
{
	coalesce(31, 255);
	raw_interrupts(&raw, 0);
	coalesce(31, 255);
	cr_assert_eq(raw_interrupts(&raw, 0), 1);
}

Test(soft_interrupt, waiting_for_a_vector_ends_when_it_is_due_or_at_the_time_out)
{
	const struct ud_transport_ops *ops = raw.t->ops;
	uint64_t begin;

	coalesce(31, 2);
	reads(1);
	begin = ud_soft_now(raw.t);
	cr_assert_eq(ops->wait_vector(raw.t, 1, 10000000), 1);
	cr_assert_eq(ud_soft_now(raw.t) - begin, 200000);
	cr_assert_eq(ops->wait_vector(raw.t, 1, 5000), 0);
	cr_assert_eq(ud_soft_now(raw.t) - begin, 205000);
	cr_assert_eq(ops->wait_vector(raw.t, 5, 5000), -EINVAL);
}
