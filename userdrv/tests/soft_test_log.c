// SPDX-License-Identifier: MIT
/* The model's log pages [5.14] beyond what the driver reads of them, and events that wait for one.
 */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <string.h>

#define FIRMWARE_LOG     0x03u
#define RETAIN_EVENT     (1u << 15)
#define IDENTIFY_OF_CTRL 1u
#define NO_NAMESPACE     0xffffffffu

static struct raw raw;

static void set_up(void)
{
	raw_open(&raw, NULL);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_log, .init = set_up, .fini = tear_down);

static struct nvme_sqe log_page(uint32_t page, uint32_t nbytes, uint32_t offset)
{
	return (struct nvme_sqe){
		.opc = NVME_ADMIN_GET_LOG_PAGE,
		.nsid = NO_NAMESPACE,
		.prp1 = raw.buffer.iova,
		.cdw10 = page | (nbytes / 4 - 1) << 16,
		.cdw12 = offset,
	};
}

static unsigned int admin(struct nvme_sqe sqe)
{
	return raw_status(&raw.admin, sqe);
}

Test(soft_log, is_given_from_the_offset_on_and_no_further_than_asked)
{
	uint8_t whole[512];

	cr_assert_eq(admin(log_page(NVME_LOG_SMART, sizeof(whole), 0)), 0);
	memcpy(whole, raw.buffer.vaddr, sizeof(whole));
	memset(raw.buffer.vaddr, 0xee, 4096);
	/* The SMART log begins with the temperature, which isn't zero. */
	cr_assert_eq(admin(log_page(NVME_LOG_SMART, 8, 0)), 0);
	cr_assert_eq(memcmp(raw.buffer.vaddr, whole, 8), 0);
	cr_assert_eq(raw.buffer.vaddr[8], 0xee);
	memset(raw.buffer.vaddr, 0xee, 4096);
	cr_assert_eq(admin(log_page(NVME_LOG_SMART, 4096, 500)), 0);
	cr_assert_eq(memcmp(raw.buffer.vaddr, whole + 500, 12), 0);
	cr_assert_eq(raw.buffer.vaddr[12], 0xee, "the log ends there");
}

Test(soft_log, from_an_offset_beyond_its_end_or_within_a_dword_is_refused)
{
	cr_expect_eq(admin(log_page(NVME_LOG_SMART, 4, 516)), NVME_SC_INVALID_FIELD);
	cr_expect_eq(admin(log_page(NVME_LOG_SMART, 4, 2)), NVME_SC_INVALID_FIELD);
}

Test(soft_log, of_smart_is_the_controllers_not_a_namespaces)
{
	struct nvme_sqe sqe = log_page(NVME_LOG_SMART, 512, 0);

	sqe.nsid = 1;
	cr_expect_eq(admin(sqe), NVME_SC_INVALID_FIELD);
	sqe.nsid = 0;
	cr_expect_eq(admin(sqe), 0);
}

Test(soft_log, of_firmware_has_the_revision_that_identify_tells)
{
	struct nvme_sqe identify = {
		.opc = NVME_ADMIN_IDENTIFY, .prp1 = raw.buffer.iova, .cdw10 = IDENTIFY_OF_CTRL};
	char revision[8];

	cr_assert_eq(admin(identify), 0);
	memcpy(revision, raw.buffer.vaddr + 64, sizeof(revision));
	cr_assert_eq(admin(log_page(FIRMWARE_LOG, 512, 0)), 0);
	cr_expect_eq(raw.buffer.vaddr[0] & 7, 1, "slot 1 is active");
	cr_expect_eq(memcmp(raw.buffer.vaddr + 8, revision, sizeof(revision)), 0);
}

Test(soft_log, read_with_retain_leaves_its_events_masked)
{
	struct nvme_sqe request = {.opc = NVME_ADMIN_ASYNC_EVENT}, retaining;
	struct nvme_cqe cqe;

	raw_submit(&raw.admin, request);
	raw_submit(&raw.admin, request);
	raw_ring(&raw.admin);
	ud_soft_step(raw.t);
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_assert(raw_wait(&raw.admin, &cqe, 1000000));
	retaining = log_page(NVME_LOG_SMART, 512, 0);
	retaining.cdw10 |= RETAIN_EVENT;
	cr_assert_eq(admin(retaining), 0);
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_assert_not(raw_poll(&raw.admin, &cqe));
	cr_assert_eq(admin(log_page(NVME_LOG_SMART, 512, 0)), 0);
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_assert(raw_poll(&raw.admin, &cqe));
}

Test(soft_log, a_request_for_an_event_can_be_aborted)
{
	struct nvme_cqe cqe;
	uint16_t cid = raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});

	raw_ring(&raw.admin);
	ud_soft_step(raw.t);
	raw_submit(&raw.admin,
		   (struct nvme_sqe){.opc = NVME_ADMIN_ABORT, .cdw10 = (uint32_t)cid << 16});
	raw_ring(&raw.admin);
	cr_assert(raw_wait(&raw.admin, &cqe, 1000000));
	cr_expect_eq(cqe.cid, cid);
	cr_expect_eq(cqe.status >> 1 & 0x7ff, NVME_SC_ABORT_REQUESTED);
	cr_assert(raw_wait(&raw.admin, &cqe, 1000000));
	cr_expect_eq(cqe.dw0 & 1, 0, "it was aborted");
	ud_soft_event(raw.t, 1, 1, NVME_LOG_SMART);
	cr_expect_not(raw_poll(&raw.admin, &cqe), "nobody waits for it any more");
}
