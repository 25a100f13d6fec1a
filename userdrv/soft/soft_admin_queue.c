// SPDX-License-Identifier: MIT
/* Creating and deleting I/O queues [5.3 to 5.6]. */
#include <stdlib.h>

#include "soft.h"

static uint16_t qid_invalid(void)
{
	return soft_status(NVME_SCT_COMMAND, NVME_SC_QID_INVALID);
}

static uint16_t invalid_field(void)
{
	return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
}

/* Number of Queues as set, or what there is [5.21.1.7]; 0's based. */
static unsigned int queues_allowed(const struct soft *c, bool completion)
{
	uint32_t feature = c->features[NVME_FEATURE_NUMBER_OF_QUEUES];

	return (completion ? feature >> 16 : feature & 0xffff) + 1;
}

/* What both kinds of queue ask of size, place and CC's entry sizes. */
static uint16_t memory_check(struct soft *c, const struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint32_t nentries = (sqe->cdw10 >> 16) + 1;

	if (nentries < 2 || nentries > c->config.queue_entries)
		return soft_status(NVME_SCT_COMMAND, NVME_SC_QUEUE_SIZE);
	if (!(sqe->cdw11 & NVME_QUEUE_CONTIGUOUS)) /* CAP.CQR */
		return invalid_field();
	if ((c->cc >> 16 & 0xf) != 6 || (c->cc >> 20 & 0xf) != 4)
		return invalid_field();
	if (sqe->prp1 % soft_page_nbytes(c)) {
		soft_dma_refuse(c, command, sqe->prp1, 0, false, UD_SOFT_DMA_MISALIGNED);
		return soft_status(NVME_SCT_GENERIC, NVME_SC_PRP_OFFSET);
	}
	return 0;
}

uint16_t soft_admin_create_cq(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint16_t qid = (uint16_t)sqe->cdw10, vector = (uint16_t)(sqe->cdw11 >> 16);
	bool interrupts = sqe->cdw11 & NVME_CQ_INTERRUPTS;
	struct soft_cq *cq = &c->cq[qid < SOFT_MAX_QUEUES ? qid : 0];
	uint16_t status;

	if (!qid || qid > queues_allowed(c, true) || cq->live)
		return qid_invalid();
	status = memory_check(c, command);
	if (status)
		return status;
	if (interrupts && vector >= c->config.nvectors)
		return soft_status(NVME_SCT_COMMAND, NVME_SC_VECTOR_INVALID);
	/* QEMU 7.2, for one, drops the interrupts of a queue that was created too early. */
	c->stats.unarmed_queues += interrupts && c->vectors[vector].fd < 0;
	*cq = (struct soft_cq){
		.live = true,
		.phase = true,
		.interrupts = interrupts,
		.vector = interrupts ? vector : 0,
		.nentries = (sqe->cdw10 >> 16) + 1,
		.iova = sqe->prp1,
	};
	cq->waiting_end = &cq->waiting;
	if (qid > c->max_live)
		c->max_live = qid;
	return 0;
}

uint16_t soft_admin_create_sq(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint16_t qid = (uint16_t)sqe->cdw10, cqid = (uint16_t)(sqe->cdw11 >> 16);
	struct soft_sq *sq = &c->sq[qid < SOFT_MAX_QUEUES ? qid : 0];
	uint16_t status;

	if (!qid || qid > queues_allowed(c, false) || sq->live)
		return qid_invalid();
	if (!cqid || cqid > queues_allowed(c, true))
		return qid_invalid();
	if (!c->cq[cqid].live)
		return soft_status(NVME_SCT_COMMAND, NVME_SC_CQ_INVALID);
	status = memory_check(c, command);
	if (status)
		return status;
	if (!sq->cids)
		sq->cids = calloc(65536 / 64, sizeof(*sq->cids));
	if (!sq->cids)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INTERNAL);
	*sq = (struct soft_sq){
		.live = true,
		.cqid = cqid,
		.nentries = (sqe->cdw10 >> 16) + 1,
		.iova = sqe->prp1,
		.cids = sq->cids,
		.fetched = sq->fetched,
	};
	c->cq[cqid].nsqs++;
	if (qid > c->max_live)
		c->max_live = qid;
	return 0;
}

/* Refused while a submission queue completes there [5.5]. */
uint16_t soft_admin_delete_cq(struct soft *c, struct soft_command *command)
{
	uint16_t qid = (uint16_t)command->sqe.cdw10;

	if (!qid || qid > c->config.nqueues || !c->cq[qid].live)
		return qid_invalid();
	if (c->cq[qid].nsqs)
		return soft_status(NVME_SCT_COMMAND, SOFT_SC_QUEUE_DELETION);
	soft_cq_clear(c, &c->cq[qid]);
	c->cq[qid].live = false;
	return 0;
}

static struct soft_command *outstanding_of(const struct soft *c, uint16_t sqid)
{
	for (size_t i = 0; i < c->nheap; i++) {
		if (c->heap[i]->sqid == sqid)
			return c->heap[i];
	}
	return NULL;
}

/* The queue's outstanding commands complete first, as aborted [5.6, 7.4.1]. */
uint16_t soft_admin_delete_sq(struct soft *c, struct soft_command *command)
{
	uint16_t qid = (uint16_t)command->sqe.cdw10;
	struct soft_command *other;

	if (!qid || qid > c->config.nqueues || !c->sq[qid].live)
		return qid_invalid();
	while ((other = outstanding_of(c, qid))) {
		soft_heap_remove(c, other);
		other->fault.kind = UD_SOFT_FAULT_NONE;
		c->stats.aborted++;
		soft_complete(c, other, NVME_SC_ABORT_SQ_DELETED);
	}
	c->sq[qid].live = false;
	c->cq[c->sq[qid].cqid].nsqs--;
	return 0;
}
