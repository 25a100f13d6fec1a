// SPDX-License-Identifier: MIT
/* The model's registers and admin commands: what succeeds, and each refusal. */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define COMMAND(code) (NVME_SCT_COMMAND << 8 | (code))

static struct raw raw;

static void set_up(void)
{
	raw_open(&raw, NULL);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_admin, .init = set_up, .fini = tear_down);
TestSuite(soft_admin_configured, .fini = tear_down);

static unsigned int admin(struct nvme_sqe sqe)
{
	return raw_status(&raw.admin, sqe);
}

static unsigned int identify(uint32_t cns, uint32_t nsid)
{
	return admin((struct nvme_sqe){
		.opc = NVME_ADMIN_IDENTIFY,
		.nsid = nsid,
		.prp1 = raw.buffer.iova,
		.cdw10 = cns,
	});
}

static unsigned int create_cq(uint32_t cdw10, uint32_t cdw11, uint64_t prp1)
{
	return admin((struct nvme_sqe){
		.opc = NVME_ADMIN_CREATE_CQ, .prp1 = prp1, .cdw10 = cdw10, .cdw11 = cdw11});
}

static unsigned int create_sq(uint32_t cdw10, uint32_t cdw11, uint64_t prp1)
{
	return admin((struct nvme_sqe){
		.opc = NVME_ADMIN_CREATE_SQ, .prp1 = prp1, .cdw10 = cdw10, .cdw11 = cdw11});
}

static unsigned int delete_queue(uint8_t opc, uint16_t qid)
{
	return admin((struct nvme_sqe){.opc = opc, .cdw10 = qid});
}

static unsigned int feature(uint8_t opc, uint32_t cdw10, uint32_t cdw11, uint32_t *result)
{
	struct nvme_cqe cqe;
	unsigned int status = raw_do(
		&raw.admin, (struct nvme_sqe){.opc = opc, .cdw10 = cdw10, .cdw11 = cdw11}, &cqe);

	if (result)
		*result = cqe.dw0;
	return status & ~NVME_STATUS_DNR;
}

Test(soft_admin, identify_controller_says_what_was_configured)
{
	const struct nvme_identify_controller *id = (void *)raw.buffer.vaddr;

	cr_assert_eq(identify(NVME_CNS_CONTROLLER, 0), 0);
	cr_assert_eq(memcmp(id->sn, "SOFT0001            ", 20), 0);
	cr_assert_eq(id->mdts, 5);
	cr_assert_eq(id->nn, 1);
	cr_assert_eq(id->sqes, 0x66);
	cr_assert_eq(id->cqes, 0x44);
	cr_assert_eq(id->vwc & NVME_VWC_PRESENT, NVME_VWC_PRESENT);
}

Test(soft_admin, identify_namespace_gives_size_and_format)
{
	const struct nvme_identify_namespace *id = (void *)raw.buffer.vaddr;

	cr_assert_eq(identify(NVME_CNS_NAMESPACE, 1), 0);
	cr_assert_eq(id->nsze, 131072);
	cr_assert_eq(id->lbaf[id->flbas & 0xf].lbads, 9);
}

Test(soft_admin, identify_refuses_a_namespace_that_is_not_there)
{
	cr_assert_eq(identify(NVME_CNS_NAMESPACE, 0), NVME_SC_INVALID_NSID);
	cr_assert_eq(identify(NVME_CNS_NAMESPACE, 2), NVME_SC_INVALID_NSID);
	cr_assert_eq(identify(NVME_CNS_NAMESPACE_DESCRIPTORS, 2), NVME_SC_INVALID_NSID);
	cr_assert_eq(identify(NVME_CNS_ACTIVE_NAMESPACES, 0xffffffff), NVME_SC_INVALID_NSID);
	cr_assert_eq(identify(0x77, 0), NVME_SC_INVALID_FIELD);
}

Test(soft_admin_configured, the_active_list_leaves_inactive_namespaces_out)
{
	struct ud_soft_config config;
	const uint32_t *list;

	ud_soft_config_init(&config);
	config.nnamespaces = 3;
	config.namespaces[2] = (struct ud_soft_namespace){.nblocks = 8, .block_nbytes = 4096};
	raw_open(&raw, &config);
	list = (void *)raw.buffer.vaddr;
	cr_assert_eq(identify(NVME_CNS_ACTIVE_NAMESPACES, 0), 0);
	cr_assert(list[0] == 1 && list[1] == 3 && list[2] == 0);
	cr_assert_eq(identify(NVME_CNS_ACTIVE_NAMESPACES, 1), 0);
	cr_assert(list[0] == 3 && list[1] == 0);
	cr_assert_eq(identify(NVME_CNS_NAMESPACE, 2), 0);
	cr_assert_eq(list[0], 0, "an inactive namespace reads as zeros");
	cr_assert_eq(identify(NVME_CNS_NAMESPACE_DESCRIPTORS, 3), 0);
	cr_assert(raw.buffer.vaddr[0] == 1 && raw.buffer.vaddr[1] == 8);
}

Test(soft_admin, a_completion_queue_is_refused_for_each_wrong_parameter)
{
	struct raw_memory memory = raw_memory(&raw, 4096);
	uint32_t good = 7u << 16 | 1, pc = NVME_QUEUE_CONTIGUOUS;

	cr_assert_eq(create_cq(7u << 16, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(create_cq(7u << 16 | 5, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(create_cq(7u << 16 | 0xffff, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(create_cq(1, pc, memory.iova), COMMAND(NVME_SC_QUEUE_SIZE));
	cr_assert_eq(create_cq(1024u << 16 | 1, pc, memory.iova), COMMAND(NVME_SC_QUEUE_SIZE));
	cr_assert_eq(create_cq(good, 0, memory.iova), NVME_SC_INVALID_FIELD);
	cr_assert_eq(create_cq(good, pc, memory.iova + 64), NVME_SC_PRP_OFFSET);
	cr_assert_eq(create_cq(good, pc | NVME_CQ_INTERRUPTS | NVME_CQ_VECTOR(5), memory.iova),
		     COMMAND(NVME_SC_VECTOR_INVALID));
	cr_assert_eq(create_cq(good, pc, memory.iova), 0);
	cr_assert_eq(create_cq(good, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
}

Test(soft_admin, a_submission_queue_is_refused_for_each_wrong_parameter)
{
	struct raw_memory memory = raw_memory(&raw, 4096);
	uint32_t good = 7u << 16 | 1, pc = NVME_QUEUE_CONTIGUOUS | NVME_SQ_CQID(1);

	cr_assert_eq(create_sq(good, pc, memory.iova), COMMAND(NVME_SC_CQ_INVALID));
	cr_assert_eq(create_cq(good, NVME_QUEUE_CONTIGUOUS, memory.iova), 0);
	cr_assert_eq(create_sq(7u << 16, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(create_sq(good, NVME_QUEUE_CONTIGUOUS, memory.iova),
		     COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(create_sq(1, pc, memory.iova), COMMAND(NVME_SC_QUEUE_SIZE));
	cr_assert_eq(create_sq(good, NVME_SQ_CQID(1), memory.iova), NVME_SC_INVALID_FIELD);
	cr_assert_eq(create_sq(good, pc, memory.iova + 8), NVME_SC_PRP_OFFSET);
	cr_assert_eq(create_sq(good, pc, memory.iova), 0);
	cr_assert_eq(create_sq(good, pc, memory.iova), COMMAND(NVME_SC_QID_INVALID));
}

Test(soft_admin, a_completion_queue_is_deleted_only_after_its_submission_queues)
{
	struct raw_queue q;

	raw_queue_create(&raw, &q, 1, 8, -1);
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_CQ, 1), COMMAND(0x0c));
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_SQ, 0), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_SQ, 2), COMMAND(NVME_SC_QID_INVALID));
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_SQ, 1), 0);
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_CQ, 1), 0);
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_CQ, 1), COMMAND(NVME_SC_QID_INVALID));
}

Test(soft_admin_configured, deleting_a_submission_queue_completes_what_is_outstanding_as_aborted)
{
	struct ud_soft_config config;
	struct raw_queue q;
	struct nvme_cqe cqe;

	ud_soft_config_init(&config);
	config.latency.ns = 1000000000;
	raw_open(&raw, &config);
	raw_queue_create(&raw, &q, 1, 8, -1);
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert_eq(delete_queue(NVME_ADMIN_DELETE_SQ, 1), 0);
	for (int i = 0; i < 2; i++) {
		cr_assert(raw_poll(&q, &cqe));
		cr_assert_eq(cqe.status >> 1, NVME_SC_ABORT_SQ_DELETED);
	}
	cr_assert_eq(raw_stats(&raw).outstanding, 0);
}

Test(soft_admin, number_of_queues_is_limited_and_fixed_once_a_queue_exists)
{
	struct raw_queue q;
	uint32_t result;

	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, NVME_FEATURE_NUMBER_OF_QUEUES, 0x00630063,
			     &result),
		     0);
	cr_assert_eq(result, 0x00030003);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, NVME_FEATURE_NUMBER_OF_QUEUES, 0xffff, NULL),
		     NVME_SC_INVALID_FIELD);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, NVME_FEATURE_NUMBER_OF_QUEUES, 0, &result),
		     0);
	cr_assert_eq(create_cq(7u << 16 | 2, NVME_QUEUE_CONTIGUOUS, raw.buffer.iova),
		     COMMAND(NVME_SC_QID_INVALID), "only one queue was asked for");
	raw_queue_create(&raw, &q, 1, 8, -1);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, NVME_FEATURE_NUMBER_OF_QUEUES, 1, NULL),
		     0x0c);
}

Test(soft_admin, features_are_kept_until_a_reset)
{
	static const struct {
		uint32_t id, value, expected;
	} rows[] = {
		{NVME_FEATURE_INTERRUPT_COALESCING, 0x0a07, 0x0a07},
		{NVME_FEATURE_VOLATILE_WRITE_CACHE, 0, 0},
		{NVME_FEATURE_VECTOR_CONFIGURATION, 1u << 16 | 2, 1u << 16 | 2},
		{NVME_FEATURE_ASYNC_EVENTS, 0x1f, 0x1f},
	};
	uint32_t result;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, rows[i].id, rows[i].value, NULL), 0);
		cr_assert_eq(feature(NVME_ADMIN_GET_FEATURES, rows[i].id, rows[i].value & 0xffff,
				     &result),
			     0);
		cr_assert_eq(result, rows[i].expected);
	}
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	raw_enable(&raw);
	cr_assert_eq(
		feature(NVME_ADMIN_GET_FEATURES, NVME_FEATURE_VOLATILE_WRITE_CACHE, 0, &result), 0);
	cr_assert_eq(result, 1);
}

Test(soft_admin, features_that_are_not_there_are_refused)
{
	cr_assert_eq(feature(NVME_ADMIN_GET_FEATURES, 0x7f, 0, NULL), NVME_SC_INVALID_FIELD);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, 0x7f, 0, NULL), NVME_SC_INVALID_FIELD);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, NVME_FEATURE_VECTOR_CONFIGURATION, 5, NULL),
		     NVME_SC_INVALID_FIELD);
	cr_assert_eq(feature(NVME_ADMIN_SET_FEATURES, 1u << 31 | NVME_FEATURE_VOLATILE_WRITE_CACHE,
			     0, NULL),
		     COMMAND(0x0d));
}

static struct nvme_sqe log_page(uint32_t page, uint32_t ndwords)
{
	return (struct nvme_sqe){
		.opc = NVME_ADMIN_GET_LOG_PAGE,
		.nsid = 0xffffffff,
		.prp1 = raw.buffer.iova,
		.cdw10 = page | (ndwords - 1) << 16,
	};
}

Test(soft_admin, the_smart_log_counts_reads_and_writes)
{
	const struct nvme_smart_log *log = (void *)raw.buffer.vaddr;
	struct raw_queue q;

	raw_queue_create(&raw, &q, 1, 8, -1);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1)), 0);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE, 0, 1)), 0);
	cr_assert_eq(admin(log_page(NVME_LOG_SMART, 128)), 0);
	cr_assert_eq(log->host_read_commands[0], 3);
	cr_assert_eq(log->host_write_commands[0], 1);
	cr_assert_eq(log->data_units_read[0], 1);
}

Test(soft_admin, the_error_log_has_the_latest_first)
{
	const struct nvme_error_log_entry *log = (void *)raw.buffer.vaddr;
	uint16_t cid;

	admin((struct nvme_sqe){.opc = 0x7f});
	identify(0x77, 5);
	cid = raw.admin.cid;
	cr_assert_eq(admin(log_page(NVME_LOG_ERROR, 32)), 0);
	cr_assert_eq(log[0].cid, cid);
	cr_assert_eq(log[0].nsid, 5);
	cr_assert_eq(log[0].error_count, 2);
	cr_assert_eq(log[1].status >> 1 & 0xff, NVME_SC_INVALID_OPCODE);
}

Test(soft_admin, unknown_logs_opcodes_and_sgls_are_refused)
{
	cr_assert_eq(admin(log_page(0xc0, 4)), COMMAND(0x09));
	cr_assert_eq(admin((struct nvme_sqe){.opc = 0x7f}), NVME_SC_INVALID_OPCODE);
	cr_assert_eq(admin((struct nvme_sqe){.opc = NVME_ADMIN_IDENTIFY, .flags = 0x40}),
		     NVME_SC_INVALID_FIELD);
	cr_assert_eq(admin((struct nvme_sqe){.opc = NVME_ADMIN_DOORBELL_BUFFER}),
		     NVME_SC_INVALID_OPCODE, "not offered");
}

static unsigned int abort_command(uint16_t sqid, uint16_t cid, uint32_t *result)
{
	struct nvme_cqe cqe;
	unsigned int status = raw_do(
		&raw.admin,
		(struct nvme_sqe){.opc = NVME_ADMIN_ABORT, .cdw10 = (uint32_t)cid << 16 | sqid},
		&cqe);

	*result = cqe.dw0;
	return status;
}

Test(soft_admin_configured, abort_ends_an_outstanding_command_and_says_when_there_is_none)
{
	struct ud_soft_config config;
	struct raw_queue q;
	struct nvme_cqe cqe;
	uint32_t result;
	uint16_t cid;

	ud_soft_config_init(&config);
	config.latency.ns = 1000000000;
	raw_open(&raw, &config);
	raw_queue_create(&raw, &q, 1, 8, -1);
	cid = raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert_eq(abort_command(1, 4711, &result), 0);
	cr_assert_eq(result, 1);
	cr_assert_eq(abort_command(1, cid, &result), 0);
	cr_assert_eq(result, 0);
	cr_assert(raw_poll(&q, &cqe));
	cr_assert_eq(cqe.status >> 1, NVME_SC_ABORT_REQUESTED);
	cr_assert_eq(cqe.cid, cid);
}

Test(soft_admin_configured, aborts_beyond_the_limit_are_refused)
{
	struct ud_soft_config config;
	struct nvme_cqe cqe;

	ud_soft_config_init(&config);
	config.abort_limit = 1;
	config.admin_latency.ns = 1000;
	raw_open(&raw, &config);
	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ABORT});
	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ABORT});
	raw_ring(&raw.admin);
	cr_assert(raw_wait(&raw.admin, &cqe, 10000));
	cr_assert_eq(cqe.status >> 1, 0);
	cr_assert(raw_wait(&raw.admin, &cqe, 10000));
	cr_assert_eq(cqe.status >> 1 & 0x7ff, COMMAND(NVME_SC_ABORT_LIMIT));
}

Test(soft_admin, an_event_completes_one_request_and_is_masked_until_its_log_is_read)
{
	struct nvme_sqe request = {.opc = NVME_ADMIN_ASYNC_EVENT};
	struct nvme_cqe cqe;

	raw_submit(&raw.admin, request);
	raw_submit(&raw.admin, request);
	raw_ring(&raw.admin);
	cr_assert_not(raw_wait(&raw.admin, &cqe, 1000000));
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_assert(raw_poll(&raw.admin, &cqe));
	cr_assert_eq(cqe.dw0, 1u | 1u << 8 | (uint32_t)NVME_LOG_SMART << 16);
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_assert_not(raw_poll(&raw.admin, &cqe), "masked");
	cr_assert_eq(admin(log_page(NVME_LOG_SMART, 128)), 0);
	ud_soft_event(raw.t, 1, 2, NVME_LOG_SMART);
	cr_assert(raw_poll(&raw.admin, &cqe));
}

Test(soft_admin, event_requests_beyond_the_limit_are_refused)
{
	struct nvme_cqe cqe;

	for (int i = 0; i < 5; i++)
		raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});
	raw_ring(&raw.admin);
	cr_assert(raw_poll(&raw.admin, &cqe));
	cr_assert_eq(cqe.status >> 1 & 0x7ff, COMMAND(NVME_SC_AER_LIMIT));
	cr_assert_not(raw_poll(&raw.admin, &cqe));
}

Test(soft_admin, a_doorbell_out_of_range_is_refused_with_an_event)
{
	struct nvme_cqe cqe;

	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});
	raw_ring(&raw.admin);
	raw_write(&raw, NVME_REG_DB, RAW_ADMIN_ENTRIES);
	ud_soft_step(raw.t);
	cr_assert(raw_poll(&raw.admin, &cqe));
	cr_assert_eq(cqe.dw0, 1u << 8 | (uint32_t)NVME_LOG_ERROR << 16);
	raw_write(&raw, NVME_REG_DB + 4, (raw.admin.head + 3) % RAW_ADMIN_ENTRIES);
	raw_write(&raw, NVME_REG_DB + 4 * 8, 1);
	ud_soft_step(raw.t);
	cr_assert_eq(raw_stats(&raw).bad_doorbells, 3, "beyond the tail; no such queue");
}

Test(soft_admin, becoming_ready_takes_the_configured_time)
{
	raw_write(&raw, NVME_REG_CC, 0);
	ud_soft_advance(raw.t, 999999);
	cr_assert_eq(raw_read(&raw, NVME_REG_CSTS), NVME_CSTS_RDY);
	ud_soft_advance(raw.t, 1);
	cr_assert_eq(raw_read(&raw, NVME_REG_CSTS), 0);
}

Test(soft_admin, shutdown_is_reported_and_stops_fetching)
{
	struct nvme_cqe cqe;

	raw_write(&raw, NVME_REG_CC, raw_read(&raw, NVME_REG_CC) | NVME_CC_SHN_NORMAL);
	ud_soft_step(raw.t);
	cr_assert_eq(NVME_CSTS_SHST(raw_read(&raw, NVME_REG_CSTS)), 1);
	ud_soft_advance(raw.t, 1000000);
	cr_assert_eq(NVME_CSTS_SHST(raw_read(&raw, NVME_REG_CSTS)), NVME_CSTS_SHST_DONE);
	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});
	raw_ring(&raw.admin);
	cr_assert_not(raw_wait(&raw.admin, &cqe, 1000000));
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	raw_enable(&raw);
	cr_assert_eq(identify(NVME_CNS_CONTROLLER, 0), 0, "a reset brings it back");
}

Test(soft_admin, enabling_with_a_page_size_that_is_not_offered_is_fatal)
{
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	raw_write(&raw, NVME_REG_CC, NVME_CC_EN | NVME_CC_MPS(1));
	ud_soft_step(raw.t);
	cr_assert_eq(raw_read(&raw, NVME_REG_CSTS), NVME_CSTS_CFS);
}

Test(soft_create, a_configuration_out_of_range_is_refused)
{
	struct ud_soft_config config;
	struct ud_transport *t;

	ud_soft_config_init(&config);
	config.nqueues = 0;
	cr_assert_eq(ud_soft_create(&config, &t), -EINVAL);
	ud_soft_config_init(&config);
	config.namespaces[0].block_nbytes = 520;
	cr_assert_eq(ud_soft_create(&config, &t), -EINVAL);
}

Test(soft_admin, admin_queues_at_a_misaligned_address_are_fatal_and_recorded)
{
	raw_write(&raw, NVME_REG_CC, 0);
	cr_assert(raw_wait_csts(&raw, NVME_CSTS_RDY, 0, 10000000));
	raw_write(&raw, NVME_REG_ASQ, (uint32_t)raw.admin.sq.iova + 64);
	raw_write(&raw, NVME_REG_CC, NVME_CC_EN);
	ud_soft_step(raw.t);
	cr_assert_eq(raw_read(&raw, NVME_REG_CSTS), NVME_CSTS_CFS);
	cr_assert_eq(ud_soft_dma_faults(raw.t), 1);
}
