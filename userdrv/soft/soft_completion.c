// SPDX-License-Identifier: MIT
/* Completion queues [4.1.2.1, 4.6], and how a fault changes what is written there. */
#include <stdlib.h>

#include "soft.h"

void soft_cq_clear(struct soft *c, struct soft_cq *cq)
{
	while (cq->waiting) {
		struct soft_command *command = cq->waiting;

		cq->waiting = command->next;
		soft_command_free(c, command);
	}
	cq->waiting_end = &cq->waiting;
}

/*
 * The entry at the tail, in two stores: the half with the phase bit last. A host that looks at the
 * phase and loads the rest later may not see the rest older than the phase.
 */
static void entry_write(struct soft *c, unsigned int cqid, struct soft_command *command)
{
	struct soft_cq *cq = &c->cq[cqid];
	struct nvme_cqe cqe = command->cqe;
	uint64_t *entry;

	entry = (uint64_t *)(void *)soft_dma(c, command, cq->iova + cq->tail * sizeof(cqe),
					     sizeof(cqe), true);
	if (!entry) {
		soft_fail(c);
		return;
	}
	cqe.sqhd = (uint16_t)c->sq[command->sqid].head;
	if (command->wrong_sqhd)
		cqe.sqhd = (uint16_t)soft_random(&c->random_fault);
	cqe.status = (uint16_t)(cqe.status | (cq->phase ^ command->stale_phase));
	if (c->config.on_completion)
		c->config.on_completion(c->config.hook_arg, command->sqid, &cqe);
	__atomic_store_n(entry, cqe.dw0 | (uint64_t)cqe.rsvd << 32, __ATOMIC_RELAXED);
	__atomic_store_n(entry + 1,
			 cqe.sqhd | (uint64_t)cqe.sqid << 16 | (uint64_t)cqe.cid << 32 |
				 (uint64_t)cqe.status << 48,
			 __ATOMIC_RELEASE);
	if (++cq->tail == cq->nentries) {
		cq->tail = 0;
		cq->phase = !cq->phase;
	}
	c->stats.completions++;
	soft_trace(c, 'c', (uint64_t)cqe.sqid << 16 | cqe.cid, cqe.status);
	soft_interrupt_completion(c, cqid);
}

static bool cq_full(const struct soft_cq *cq)
{
	return (cq->tail + 1) % cq->nentries == cq->head;
}

void soft_cq_drain(struct soft *c, unsigned int qid)
{
	struct soft_cq *cq = &c->cq[qid];

	while (cq->waiting && !cq_full(cq) && soft_running(c)) {
		struct soft_command *command = cq->waiting;

		cq->waiting = command->next;
		if (!cq->waiting)
			cq->waiting_end = &cq->waiting;
		entry_write(c, qid, command);
		soft_command_free(c, command);
	}
}

/* Writes @command's completion when there is room, and frees it. */
void soft_cq_post(struct soft *c, struct soft_command *command)
{
	unsigned int cqid = c->sq[command->sqid].cqid;
	struct soft_cq *cq = &c->cq[cqid];

	command->next = NULL;
	*cq->waiting_end = command;
	cq->waiting_end = &command->next;
	soft_cq_drain(c, cqid);
}

/* A copy of the completion, as one more. */
static struct soft_command *again(struct soft *c, const struct soft_command *command)
{
	struct soft_command *copy = soft_command_alloc(c);

	if (copy) {
		copy->sqid = command->sqid;
		copy->sqe.cid = command->sqe.cid;
		copy->cqe = command->cqe;
	}
	return copy;
}

/* An identifier that no outstanding command of the queue has (or any at all, if all are used). */
static uint16_t unknown_cid(struct soft *c, const struct soft_sq *sq)
{
	uint16_t cid = 0;

	for (int i = 0; i < 1000; i++) {
		cid = (uint16_t)soft_random(&c->random_fault);
		if (!(sq->cids[cid / 64] >> (cid % 64) & 1))
			break;
	}
	return cid;
}

static void lie(struct soft *c, struct soft_command *command)
{
	struct soft_sq *sq = &c->sq[command->sqid];
	struct soft_command *extra = NULL;

	switch (command->fault.kind) {
	case UD_SOFT_FAULT_DUPLICATE:
		extra = again(c, command);
		break;
	case UD_SOFT_FAULT_SPURIOUS:
		extra = again(c, command);
		if (extra)
			extra->cqe.cid = unknown_cid(c, sq);
		break;
	case UD_SOFT_FAULT_UNKNOWN_CID:
		command->cqe.cid = unknown_cid(c, sq);
		break;
	case UD_SOFT_FAULT_WRONG_SQID:
		command->cqe.sqid ^= (uint16_t)(1 + soft_random_below(&c->random_fault, 0xffff));
		break;
	case UD_SOFT_FAULT_WRONG_SQHD:
		command->wrong_sqhd = true;
		break;
	case UD_SOFT_FAULT_STALE_PHASE:
		command->stale_phase = true;
		break;
	default:
		break;
	}
	if (extra)
		soft_cq_post(c, extra);
}

/* Ends @command, which is no longer in the heap. */
void soft_complete(struct soft *c, struct soft_command *command, uint16_t status)
{
	struct soft_sq *sq = &c->sq[command->sqid];
	struct soft_command *held = sq->held == command ? NULL : sq->held;

	if (!command->cid_conflict)
		sq->cids[command->sqe.cid / 64] &= ~(1ull << (command->sqe.cid % 64));
	if (sq->held == command)
		sq->held = NULL;
	if (command->fault.kind == UD_SOFT_FAULT_LOST) {
		soft_command_free(c, command);
		return;
	}
	if (status)
		soft_log_error(c, command, status);
	command->cqe.sqid = command->sqid;
	command->cqe.cid = command->sqe.cid;
	command->cqe.status = (uint16_t)(status << 1);
	lie(c, command);
	soft_cq_post(c, command);
	if (held && sq->held == held && command->sequence > held->sequence) {
		sq->held = NULL;
		soft_heap_remove(c, held);
		held->due_ns = c->now_ns;
		(void)soft_heap_push(c, held); /* there is room: it was in there */
	}
}
