// SPDX-License-Identifier: MIT
/* What a reset finds: namespaces that aren't what they were, a controller that no longer follows.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fixture_driver.h"

#define READY_UNIT_NS 500000000ull /* of CAP.TO */

/* How the second namespace looks to Identify from now on. */
struct change {
	bool gone;
	uint64_t nblocks; /* 0: as it is */
	uint8_t format;   /* 1: blocks of 4096 */
	uint8_t uuid;     /* last byte; 0: as it is */
};

static void lie(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	const struct change *change = arg;
	struct nvme_identify_namespace *id = data;

	if (nsid != 2)
		return;
	if (cns == NVME_CNS_NAMESPACE && change->gone)
		memset(data, 0, 4096);
	if (cns == NVME_CNS_NAMESPACE && change->nblocks)
		id->nsze = change->nblocks;
	if (cns == NVME_CNS_NAMESPACE && change->format)
		id->flbas = change->format;
	/* The model's descriptors: EUI-64 in 12 bytes, then the UUID in 20. */
	if (cns == NVME_CNS_NAMESPACE_DESCRIPTORS && change->uuid)
		((uint8_t *)data)[31] = change->uuid;
}

static void open_two(struct driver *d, struct change *change)
{
	driver_init(d);
	d->config.nnamespaces = 2;
	d->config.namespaces[1] = d->config.namespaces[0];
	d->config.on_identify = lie;
	d->config.hook_arg = change;
	driver_open(d);
}

static void reset(struct driver *d)
{
	cr_assert_eq(ud_ctrlr_reset(d->ctrlr), 0);
	(void)ud_qpair_process(d->q, 0);
	cr_assert_eq(ud_ctrlr_process(d->ctrlr), 0);
}

static int read_block(struct driver *d, struct ud_ns *ns)
{
	struct outcome o = {0};
	int err = ud_read(d->q, ns, d->buf, 0, 1, 0, outcome_done, &o);

	return err ? err : outcome_wait(d, &o);
}

Test(reset, keeps_namespaces_that_are_what_they_were)
{
	struct change change = {0};
	struct ud_ns before, *ns;
	struct driver d;

	open_two(&d, &change);
	before = *ud_ctrlr_ns(d.ctrlr, 1);
	reset(&d);
	ns = ud_ctrlr_ns(d.ctrlr, 1);
	cr_expect(ns->usable && ns->nblocks == before.nblocks && ns->nbytes == before.nbytes);
	cr_expect(ns->nsid == 2 && ns->block_nbytes == before.block_nbytes);
	cr_expect_eq(read_block(&d, ns), 0);
	driver_close(&d);
}

Test(reset, takes_a_namespace_that_changed_out_of_use_and_no_other)
{
	static const struct change changes[] = {
		{.gone = true}, {.nblocks = 1000}, {.nblocks = 1u << 20},
		{.format = 1},  {.uuid = 9},
	};
	const struct nvme_dsm_range range = {.nlb = 1};
	struct change change;
	struct driver d;
	struct ud_ns *ns;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		change = (struct change){0};
		open_two(&d, &change);
		ns = ud_ctrlr_ns(d.ctrlr, 1);
		cr_assert_eq(read_block(&d, ns), 0);
		change = changes[i];
		cr_expect_eq(read_block(&d, ns), 0, "before a reset nobody asks");
		reset(&d);
		cr_expect_eq(read_block(&d, ns), -ENOTSUP, "change %zu", i);
		cr_expect_eq(ud_compare(d.q, ns, d.buf, 0, 1, NULL, NULL), -ENOTSUP);
		cr_expect_eq(ud_write_zeroes(d.q, ns, 0, 1, 0, NULL, NULL), -ENOTSUP);
		cr_expect_eq(ud_deallocate(d.q, ns, &range, 1, NULL, NULL), -ENOTSUP);
		cr_expect(!ns->usable && !ns->nblocks);
		cr_expect_eq(ns, ud_ctrlr_find_ns(d.ctrlr, 2));
		cr_expect_eq(driver_read(&d, d.buf, 0, 1), 0, "the first is untouched");
		/* For ever: offsets into it were lost. */
		change = (struct change){0};
		reset(&d);
		cr_expect_eq(read_block(&d, ns), -ENOTSUP);
		driver_close(&d);
	}
}

Test(reset, needs_one_call_of_process_or_wait_where_one_thread_does_all)
{
	struct outcome o = {0};
	struct driver d;
	int by_wait;

	for (by_wait = 0; by_wait <= 1; by_wait++) {
		driver_init(&d);
		driver_open(&d);
		cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
		cr_expect_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), -EAGAIN);
		cr_expect_eq(by_wait ? ud_qpair_wait(d.q, SECOND_NS) : ud_qpair_process(d.q, 0), 0);
		cr_expect_eq(driver_read(&d, d.buf, 0, 1), 0);
		cr_expect_eq(o.ncalls, 0);
		driver_close(&d);
	}
}

Test(reset, comes_upon_vectors_that_are_armed)
{
	struct ud_soft_stats before, after;
	struct driver d;
	int mode;

	for (mode = UD_INTERRUPT; mode <= UD_HYBRID; mode++) {
		driver_init(&d);
		d.config.latency.ns = 100000;
		d.queue.mode = mode;
		driver_open(&d);
		cr_expect_eq(driver_read(&d, d.buf, 0, 1), 0);
		reset(&d);
		ud_soft_get_stats(d.soft, &before);
		cr_expect_eq(driver_read(&d, d.buf, 0, 1), 0);
		ud_soft_get_stats(d.soft, &after);
		cr_expect_eq(after.interrupts, before.interrupts + 1);
		/* Asserts that no completion queue was created before its vector was armed. */
		driver_close(&d);
	}
}

/* Registers are there as ever, but CSTS.RDY follows CC.EN no more. */
Test(reset, ends_in_a_few_times_the_controllers_own_time_out)
{
	static const enum ud_soft_fault_kind kinds[] = {UD_SOFT_FAULT_NOT_READY,
							UD_SOFT_FAULT_STUCK_READY};
	struct ud_soft_fault fault = {.every = 1};
	struct outcome o = {0};
	struct driver d;
	uint64_t start;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		driver_init(&d);
		d.config.latency.ns = SECOND_NS;
		d.config.ready_timeout = 4;
		d.config.now_step_ns = 10000;
		o = (struct outcome){0};
		driver_open(&d);
		fault.kind = kinds[i];
		cr_assert_eq(ud_soft_add_fault(d.soft, &fault), 0);
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), 0);
		ud_qpair_ring(d.q);
		start = ud_soft_now(d.soft);
		cr_expect_eq(ud_ctrlr_reset(d.ctrlr), -ENODEV);
		cr_expect_lt(ud_soft_now(d.soft) - start, 3 * 4 * READY_UNIT_NS);
		cr_expect_geq(ud_soft_now(d.soft) - start, 4 * READY_UNIT_NS);
		cr_expect_eq(outcome_wait(&d, &o), -ENODEV);
		cr_expect_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, NULL, NULL), -ENODEV);
		cr_expect_eq(ud_qpair_destroy(d.q), 0);
		cr_expect_eq(ud_ctrlr_close(d.ctrlr), -ENODEV);
	}
}

/* The time-outs of open, which comes upon a controller that somebody left enabled, or broken. */
Test(reset, cannot_hang_in_open_either)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STUCK_READY};
	struct driver d;

	driver_init(&d);
	d.config.faults = &fault;
	d.config.nfaults = 1;
	cr_assert_eq(ud_soft_create(&d.config, &d.soft), 0);
	/* As if a program had been killed: enabled and ready, with queues that lead nowhere. */
	((volatile uint32_t *)d.soft->bar)[NVME_REG_AQA / 4] = 31u << 16 | 31u;
	((volatile uint32_t *)d.soft->bar)[NVME_REG_CC / 4] =
		NVME_CC_EN | NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4);
	ud_soft_advance(d.soft, 10000000);
	cr_assert_eq(((volatile uint32_t *)d.soft->bar)[NVME_REG_CSTS / 4], NVME_CSTS_RDY);
	cr_expect_eq(ud_ctrlr_open(d.soft, &d.options, &d.ctrlr), -ETIMEDOUT);
}
