// SPDX-License-Identifier: MIT
/* The fault plan, resets, and that a seed repeats everything. */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <string.h>

static struct raw raw;
static struct raw_queue q;

static void open_with(const struct ud_soft_config *config)
{
	raw_open(&raw, config);
	raw_queue_create(&raw, &q, 1, 64, 1);
}

static void set_up(void)
{
	open_with(NULL);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_fault, .init = set_up, .fini = tear_down);
TestSuite(soft_fault_configured, .fini = tear_down);

/* For the second command from now of queue 1. */
static void plan(enum ud_soft_fault_kind kind, uint16_t status, uint64_t delay_ns)
{
	struct ud_soft_fault fault = {
		.kind = kind,
		.sqid = 1,
		.status = status,
		.nth = ud_soft_commands(raw.t, 1) + 1,
		.delay_ns = delay_ns,
	};

	cr_assert_eq(ud_soft_add_fault(raw.t, &fault), 0);
}

/* Three reads; the completions that come within 1 ms. */
static size_t three_reads(struct nvme_cqe *cqes, size_t room, uint16_t *cids)
{
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		cids[i] = raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	while (n < room && raw_wait(&q, &cqes[n], 1000000))
		n++;
	return n;
}

static struct nvme_cqe cqes[8];
static uint16_t cids[3];

Test(soft_fault, an_error_status_comes_back_and_nothing_is_executed)
{
	uint16_t status = NVME_SCT_MEDIA << 8 | NVME_SC_READ_ERROR;

	plan(UD_SOFT_FAULT_STATUS, status, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
	cr_assert(cqes[0].status >> 1 == 0 && cqes[1].status >> 1 == status);
	cr_assert_eq(raw_stats(&raw).reads, 2);
	cr_assert_eq(raw_stats(&raw).faults, 1);
}

Test(soft_fault, a_lost_command_never_completes_and_is_not_found_by_an_abort)
{
	struct nvme_cqe cqe;

	plan(UD_SOFT_FAULT_LOST, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 2);
	cr_assert(cqes[0].cid == cids[0] && cqes[1].cid == cids[2]);
	raw_do(&raw.admin,
	       (struct nvme_sqe){.opc = NVME_ADMIN_ABORT, .cdw10 = (uint32_t)cids[1] << 16 | 1},
	       &cqe);
	cr_assert_eq(cqe.dw0, 1);
}

Test(soft_fault, a_stuck_command_is_ended_by_an_abort)
{
	struct nvme_cqe cqe;

	plan(UD_SOFT_FAULT_STUCK, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 2);
	raw_do(&raw.admin,
	       (struct nvme_sqe){.opc = NVME_ADMIN_ABORT, .cdw10 = (uint32_t)cids[1] << 16 | 1},
	       &cqe);
	cr_assert_eq(cqe.dw0, 0);
	cr_assert(raw_poll(&q, &cqe));
	cr_assert_eq(cqe.cid, cids[1]);
}

Test(soft_fault, a_late_command_completes_after_its_delay)
{
	uint64_t begin = ud_soft_now(raw.t);

	plan(UD_SOFT_FAULT_LATE, 0, 500000);
	cr_assert_eq(three_reads(cqes, 3, cids), 3);
	cr_assert_eq(cqes[2].cid, cids[1]);
	cr_assert_geq(ud_soft_now(raw.t) - begin, 500000);
}

Test(soft_fault, a_duplicated_completion_comes_twice)
{
	plan(UD_SOFT_FAULT_DUPLICATE, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 4);
	cr_assert(cqes[1].cid == cids[1] && cqes[2].cid == cids[1] && cqes[3].cid == cids[2]);
}

Test(soft_fault, a_reordered_command_completes_after_the_next)
{
	plan(UD_SOFT_FAULT_REORDER, 0, 1000000000);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
	cr_assert(cqes[1].cid == cids[2] && cqes[2].cid == cids[1]);
}

Test(soft_fault, an_unknown_identifier_takes_the_place_of_the_right_one)
{
	plan(UD_SOFT_FAULT_UNKNOWN_CID, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
	cr_assert(cqes[1].cid != cids[0] && cqes[1].cid != cids[1] && cqes[1].cid != cids[2]);
}

Test(soft_fault, a_spurious_completion_comes_before_the_right_one)
{
	plan(UD_SOFT_FAULT_SPURIOUS, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 4);
	cr_assert(cqes[1].cid != cids[1] && cqes[2].cid == cids[1]);
}

Test(soft_fault, a_wrong_queue_or_head_is_reported)
{
	plan(UD_SOFT_FAULT_WRONG_SQID, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
	cr_assert_neq(cqes[1].sqid, 1);
	plan(UD_SOFT_FAULT_WRONG_SQHD, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
	cr_assert_neq(cqes[1].sqhd, cqes[0].sqhd, "the right head is the same for all three");
}

Test(soft_fault, a_stale_phase_hides_a_completion)
{
	plan(UD_SOFT_FAULT_STALE_PHASE, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 1);
	cr_assert_eq(raw_stats(&raw).completions - raw_stats(&raw).admin_commands, 3);
}

Test(soft_fault, a_fatal_status_stops_everything_until_a_reset)
{
	plan(UD_SOFT_FAULT_FATAL, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 0);
	cr_assert(raw_read(&raw, NVME_REG_CSTS) & NVME_CSTS_CFS);
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY | NVME_CSTS_CFS, 0, 10000000));
	raw_enable(&raw);
	raw_queue_create(&raw, &q, 1, 64, 1);
	cr_assert_eq(three_reads(cqes, 8, cids), 3);
}

Test(soft_fault, a_device_that_is_gone_reads_as_ones_for_ever)
{
	plan(UD_SOFT_FAULT_GONE, 0, 0);
	cr_assert_eq(three_reads(cqes, 8, cids), 0);
	cr_assert_eq(raw_read(&raw, NVME_REG_CSTS), NVME_CSTS_GONE);
	raw_write(&raw, NVME_REG_CC, 0);
	ud_soft_advance(raw.t, 1000000);
	cr_assert_eq(raw_read(&raw, NVME_REG_CC), 0xffffffff);
}

Test(soft_fault_configured, a_controller_may_never_become_ready)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_NOT_READY, .nth = 1};
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.faults = &fault;
	config.nfaults = 1;
	open_with(&config);
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	raw_write(&raw, NVME_REG_CC, NVME_CC_EN);
	cr_assert_not(raw_wait_csts(&raw, NVME_CSTS_RDY, NVME_CSTS_RDY, 10000000000));
}

static struct nvme_sqe identify(void)
{
	return (struct nvme_sqe){
		.opc = NVME_ADMIN_IDENTIFY, .prp1 = raw.buffer.iova, .cdw10 = NVME_CNS_CONTROLLER};
}

Test(soft_fault, identify_data_can_be_spoiled)
{
	uint8_t good[4096];

	cr_assert_eq(raw_status(&raw.admin, identify()), 0);
	memcpy(good, raw.buffer.vaddr, 4096);
	ud_soft_add_fault(raw.t,
			  &(struct ud_soft_fault){.kind = UD_SOFT_FAULT_BAD_IDENTIFY, .nth = 1});
	cr_assert_eq(raw_status(&raw.admin, identify()), 0);
	cr_assert_neq(memcmp(good, raw.buffer.vaddr, 4096), 0);
	cr_assert_eq(raw_status(&raw.admin, identify()), 0);
	cr_assert_arr_eq(good, raw.buffer.vaddr, 4096);
}

static void lie_about_mdts(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	struct nvme_identify_controller *id = data;

	cr_assert(arg == &raw && cns == NVME_CNS_CONTROLLER && !nsid);
	id->mdts = 0xff;
}

static void lie_about_status(void *arg, uint16_t sqid, struct nvme_cqe *cqe)
{
	if (arg == &raw && sqid == 1)
		cqe->status |= NVME_SC_INTERNAL << 1;
}

Test(soft_fault_configured, hooks_change_identify_data_and_completions)
{
	const struct nvme_identify_controller *id;
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.on_identify = lie_about_mdts;
	config.on_completion = lie_about_status;
	config.hook_arg = &raw;
	open_with(&config);
	id = (const void *)raw.buffer.vaddr;
	cr_assert_eq(raw_status(&raw.admin, identify()), 0);
	cr_assert_eq(id->mdts, 0xff);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1)), NVME_SC_INTERNAL);
}

Test(soft_fault_configured, a_reset_drops_what_is_outstanding)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.latency.ns = 1000000;
	open_with(&config);
	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});
	raw_ring(&raw.admin);
	for (int i = 0; i < 5; i++)
		raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert_eq(raw_stats(&raw).outstanding, 6);
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	cr_assert_eq(raw_stats(&raw).outstanding, 0);
	ud_soft_advance(raw.t, 10000000);
	cr_assert_eq(raw_stats(&raw).reads, 0);
	raw_enable(&raw);
	raw_queue_create(&raw, &q, 1, 64, 1);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1)), 0);
}

static void every_fault(struct ud_soft_config *config, uint64_t seed)
{
	ud_soft_config_init(config);
	config->seed = seed;
	config->latency = (struct ud_soft_latency){.kind = UD_SOFT_LATENCY_LONG_TAIL,
						   .ns = 5000,
						   .max_ns = 1000000,
						   .tail_per_10000 = 500};
	config->random_faults = (struct ud_soft_random_faults){
		.per_10000 = 500,
		.kinds = ~(UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_FATAL) |
			   UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_GONE) |
			   UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_NOT_READY)),
		.max_delay_ns = 100000,
	};
}

static struct ud_soft_stats run_of(uint64_t seed)
{
	struct ud_soft_config config;
	struct ud_soft_stats stats;
	struct nvme_cqe cqe;

	every_fault(&config, seed);
	open_with(&config);
	for (int i = 0; i < 500; i++) {
		raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, (uint64_t)i, 1));
		raw_ring(&q);
		ud_soft_advance(raw.t, 3000);
		(void)raw_poll(&q, &cqe);
	}
	ud_soft_advance(raw.t, 10000000);
	stats = raw_stats(&raw);
	return stats;
}

Test(soft_fault_configured, the_same_seed_gives_the_same_trace)
{
	struct ud_soft_stats first = run_of(7), second, third;
	uint64_t iova = q.sq.iova;

	raw_close(&raw);
	second = run_of(7);
	cr_assert_eq(memcmp(&first, &second, sizeof(first)), 0);
	cr_assert_eq(q.sq.iova, iova);
	cr_assert_gt(first.faults, 5);
	raw_close(&raw);
	third = run_of(8);
	cr_assert_neq(first.trace, third.trace);
	cr_assert_neq(q.sq.iova, iova);
}
