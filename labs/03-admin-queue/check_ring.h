/* SPDX-License-Identifier: MIT */
/* A part of check.c: the checks of the smallest admin queue. */
#ifndef CHECK_RING_H
#define CHECK_RING_H

#include <inttypes.h>

#include "bare.h"
#include "reference/admin_ring.h"

static struct admin_ring ring;

static void ready_ring(unsigned int dstrd)
{
	int err;

	ud_soft_config_init(&config);
	config.dstrd = dstrd;
	bare_driver();
	lab_step("CAP.DSTRD = %u; rings of %u entries each", dstrd, RING_ENTRIES);
	leave_enabled(0);
	put32(NVME_REG_CC, 0);
	ud_soft_advance(soft, 10 * MS);
	put32(NVME_REG_CC, NVME_CC_EN | NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4));
	ud_soft_advance(soft, 10 * MS);
	err = !(look32(NVME_REG_CSTS) & NVME_CSTS_RDY);
	if (err)
		lab_broken("the model doesn't get ready");
	ring = (struct admin_ring){.bar = soft->bar,
				   .stride = 4u << dstrd,
				   .nentries = RING_ENTRIES,
				   .sq = admin.sq,
				   .cq = admin.cq,
				   .phase = 1};
}

/* Identify controller, into the page behind the rings. */
static struct nvme_sqe identify_command(void)
{
	return (struct nvme_sqe){.opc = NVME_ADMIN_IDENTIFY,
				 .prp1 = rings_iova + 2 * PAGE_NBYTES,
				 .cdw10 = NVME_CNS_CONTROLLER};
}

static void expect_submitted(uint32_t tail, const struct nvme_sqe *command, uint16_t cid)
{
	uint32_t next = (tail + 1) % RING_ENTRIES;
	struct nvme_sqe expected = *command;

	expected.cid = cid;
	LAB_EXPECT(submission.nrings == 1 && !submission.nothers,
		   "the submission doorbell of queue 0, at 0x1000, is written once",
		   "it was written %u times, other doorbells %u times (last 0x%x)",
		   submission.nrings, submission.nothers, submission.where);
	LAB_EXPECT(memcmp(&submission.at_ring, &expected, sizeof(expected)) == 0,
		   "when the doorbell is rung the tail's entry has the command and its identifier",
		   "entry %u had opcode 0x%x, identifier %u, PRP1 0x%" PRIx64 ", dword 10 0x%x",
		   tail, submission.at_ring.opc, submission.at_ring.cid, submission.at_ring.prp1,
		   submission.at_ring.cdw10);
	LAB_EXPECT(submission.barrier &&
			   memcmp(&submission.at_barrier, &expected, sizeof(expected)) == 0,
		   "between writing the whole command and its doorbell stands dma_wmb()",
		   submission.barrier ? "what is behind the barrier still wrote to the command"
				      : "there was none");
	LAB_EXPECT(submission.value == next && ring.tail == next,
		   "the doorbell has the new tail: the entry that the next command goes to",
		   "doorbell %u, tail %u instead of %u", submission.value, ring.tail, next);
}

static void submit_and_expect(unsigned int n)
{
	uint32_t tail = n % RING_ENTRIES;
	struct nvme_sqe command = identify_command();
	struct ud_soft_stats stats;
	struct nvme_cqe completion = {0};
	uint16_t cid;

	lab_step("command %u", n);
	memset(&submission, 0, sizeof(submission));
	submission.entry = &ring.sq[tail];
	memset(&ring.sq[tail], 0xee, sizeof(struct nvme_sqe));
	cid = admin_ring_submit(&ring, &command);
	expect_submitted(tail, &command, cid);
	submission.entry = NULL;
	ud_soft_advance(soft, 1000);
	LAB_EXPECT(admin_ring_poll(&ring, &completion) && completion.cid == cid &&
			   completion.status >> 1 == 0,
		   "the controller completes the command", "status 0x%x, identifier %u, sent as %u",
		   completion.status >> 1, completion.cid, cid);
	ud_soft_step(soft);
	ud_soft_get_stats(soft, &stats);
	LAB_EXPECT(stats.admin_commands == n + 1, "the controller fetches each command once",
		   "%" PRIu64 " fetched, %u sent", stats.admin_commands, n + 1);
}

static void check_submit(void)
{
	uint16_t first, second;
	struct nvme_sqe command;

	ready_ring(0);
	for (unsigned int n = 0; n < 3 * RING_ENTRIES + 1; n++)
		submit_and_expect(n);
	lab_step("two commands at once");
	command = identify_command();
	first = admin_ring_submit(&ring, &command);
	second = admin_ring_submit(&ring, &command);
	LAB_EXPECT(first != second, "two that are outstanding have two identifiers [4.2]",
		   "both have %u", first);
	end_bare_driver();
}

static void expect_nothing(const char *when)
{
	struct nvme_cqe completion;

	LAB_EXPECT(!admin_ring_poll(&ring, &completion),
		   "an entry of another round of the ring isn't a completion",
		   "%s one was taken, at entry %u", when, ring.head);
}

static void expect_consumed(uint32_t head)
{
	LAB_EXPECT(consumption.nrings == 1 && !consumption.nothers,
		   "the completion doorbell of queue 0, one stride behind the other, is written "
		   "once for each completion",
		   "0x%x was to be written: it was %u times, others %u times (last 0x%x)",
		   NVME_REG_DB + ring.stride, consumption.nrings, consumption.nothers,
		   consumption.where);
	LAB_EXPECT(consumption.value == head,
		   "the doorbell has the new head: the entry that the next completion comes to",
		   "%u instead of %u", consumption.value, head);
	LAB_EXPECT(seen.nread_barriers > 0,
		   "between the load of the phase bit and that of the rest stands dma_rmb()",
		   "there was none");
}

static void take_one(unsigned int n, uint16_t cid)
{
	struct nvme_cqe completion = {0};
	bool taken;

	memset(&consumption, 0, sizeof(consumption));
	seen.nread_barriers = 0;
	taken = admin_ring_poll(&ring, &completion);
	LAB_EXPECT(taken, "a completion is there, and is taken",
		   "completion %u: none; the entry has status and phase 0x%04x, the ring phase %u",
		   n, ring.cq[n % RING_ENTRIES].status, ring.phase);
	LAB_EXPECT(completion.cid == cid && completion.status >> 1 == 0,
		   "it is copied: identifier and status are of the command",
		   "completion %u: identifier %u, sent as %u, status 0x%x", n, completion.cid, cid,
		   completion.status >> 1);
	expect_consumed((n + 1) % RING_ENTRIES);
	ud_soft_step(soft);
}

static void poll_rounds(unsigned int dstrd)
{
	struct nvme_sqe command;
	uint16_t cids[2];

	ready_ring(dstrd);
	expect_nothing("before any command was sent");
	command = identify_command();
	for (unsigned int n = 0; n < 20 * RING_ENTRIES; n += 2) {
		lab_step("commands %u and %u", n, n + 1);
		cids[0] = admin_ring_submit(&ring, &command);
		expect_nothing("before the controller had looked");
		cids[1] = admin_ring_submit(&ring, &command);
		ud_soft_advance(soft, 1000);
		take_one(n, cids[0]);
		take_one(n + 1, cids[1]);
		expect_nothing("when all had been taken");
	}
	end_bare_driver();
}

static void check_poll(void)
{
	poll_rounds(0);
	poll_rounds(3);
}

#endif
