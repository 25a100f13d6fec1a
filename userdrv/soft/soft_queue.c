// SPDX-License-Identifier: MIT
/* Doorbells [3.1.24, 3.1.25, 7.13], fetching commands and running those that are due. */
#include <stdlib.h>
#include <string.h>

#include "soft.h"

static size_t doorbell_offset(const struct soft *c, unsigned int qid, bool completion)
{
	return (2 * (size_t)qid + completion) * (4u << c->config.dstrd);
}

/*
 * The value that the host stored, if it has since the last look. Exchanged for the idle
 * value, so that no store is lost between looking and marking.
 */
static bool doorbell_take(struct soft *c, unsigned int qid, bool completion, uint32_t *value)
{
	volatile uint8_t *bar = c->transport.bar;
	volatile uint32_t *doorbell =
		(volatile uint32_t *)(bar + NVME_REG_DB + doorbell_offset(c, qid, completion));

	if (__atomic_load_n(doorbell, __ATOMIC_ACQUIRE) == UD_SOFT_DOORBELL_IDLE)
		return false;
	*value = __atomic_exchange_n(doorbell, UD_SOFT_DOORBELL_IDLE, __ATOMIC_ACQ_REL);
	if (completion)
		c->stats.cq_doorbells++;
	else
		c->stats.sq_doorbells++;
	return true;
}

void soft_doorbells_idle(struct soft *c)
{
	for (unsigned int i = 0; i <= c->config.nqueues; i++) {
		soft_write32(c, NVME_REG_DB + doorbell_offset(c, i, false), UD_SOFT_DOORBELL_IDLE);
		soft_write32(c, NVME_REG_DB + doorbell_offset(c, i, true), UD_SOFT_DOORBELL_IDLE);
	}
}

/* Shadow doorbell or event index of a queue [7.13]; NULL: the driver took the buffer away. */
static uint32_t *shadow_slot(struct soft *c, uint64_t iova, unsigned int qid, bool completion,
			     bool write)
{
	return (uint32_t *)(void *)soft_dma(c, NULL, iova + doorbell_offset(c, qid, completion), 4,
					    write);
}

/* An asynchronous event of type error: invalid register (0), invalid value (1) [5.2, figure 147].
 */
static void doorbell_refuse(struct soft *c, uint8_t info)
{
	c->stats.bad_doorbells++;
	soft_event_post(c, 0, info, NVME_LOG_ERROR);
}

static void head_set(struct soft *c, unsigned int qid, uint32_t value)
{
	struct soft_cq *cq = &c->cq[qid];
	uint32_t used;

	if (!cq->live) {
		doorbell_refuse(c, 0);
		return;
	}
	used = (cq->tail + cq->nentries - cq->head) % cq->nentries;
	if (value >= cq->nentries || (value + cq->nentries - cq->head) % cq->nentries > used) {
		doorbell_refuse(c, 1);
		return;
	}
	cq->head = value;
	soft_interrupt_consumed(c, qid);
	soft_cq_drain(c, qid);
}

static void tail_set(struct soft *c, unsigned int qid, uint32_t value)
{
	struct soft_sq *sq = &c->sq[qid];

	if (!sq->live)
		doorbell_refuse(c, 0);
	else if (value >= sq->nentries)
		doorbell_refuse(c, 1);
	else
		sq->tail = value;
}

/*
 * Shadow tail: accepted when the host also rang the doorbell, or when it needn't have since the
 * event index was not passed. Else the host has forgotten to ring, and a real controller sleeps.
 */
static void shadow_tail(struct soft *c, unsigned int qid, bool rung)
{
	struct soft_sq *sq = &c->sq[qid];
	uint32_t *shadow = shadow_slot(c, c->shadow_iova, qid, false, false);
	uint32_t *event = shadow_slot(c, c->event_iova, qid, false, true);
	uint32_t tail, passed, moved;

	while (shadow && event) {
		tail = __atomic_load_n(shadow, __ATOMIC_SEQ_CST);
		if (tail == sq->tail)
			return;
		if (tail >= sq->nentries) {
			doorbell_refuse(c, 1);
			return;
		}
		passed = (*event % sq->nentries + sq->nentries - sq->tail) % sq->nentries;
		moved = (tail + sq->nentries - sq->tail) % sq->nentries;
		if (!rung && passed < moved)
			return;
		sq->tail = tail;
		/*
		 * The host stores its tail, then loads this; here this is stored, then the tail
		 * loaded: one of the two sees the other. So what is found now needed no ring.
		 */
		__atomic_store_n(event, tail, __ATOMIC_SEQ_CST);
		rung = true;
	}
}

static void shadow_head(struct soft *c, unsigned int qid)
{
	uint32_t *shadow = shadow_slot(c, c->shadow_iova, qid, true, false);
	uint32_t head;

	if (!shadow)
		return;
	head = __atomic_load_n(shadow, __ATOMIC_ACQUIRE);
	if (head != c->cq[qid].head)
		head_set(c, qid, head);
}

static void shadow_step(struct soft *c, unsigned int qid, bool rung)
{
	if (c->cq[qid].live)
		shadow_head(c, qid);
	if (c->sq[qid].live)
		shadow_tail(c, qid, rung);
}

/* Did the host ring anything? */
bool soft_doorbells_step(struct soft *c)
{
	/* Registers of queues that don't exist are looked at only where time doesn't matter. */
	unsigned int last = c->config.mode == UD_SOFT_STEPPED ? c->config.nqueues : c->max_live;
	bool any = false;
	uint32_t value;

	for (unsigned int i = 0; i <= last && soft_running(c); i++) {
		bool shadow = c->shadow && i > 0, rung;

		if (doorbell_take(c, i, true, &value)) {
			any = true;
			if (!shadow)
				head_set(c, i, value);
		}
		rung = doorbell_take(c, i, false, &value);
		any |= rung;
		if (rung && !shadow)
			tail_set(c, i, value);
		if (shadow)
			shadow_step(c, i, rung);
	}
	return any;
}

static bool cid_take(struct soft_sq *sq, uint16_t cid)
{
	uint64_t bit = 1ull << (cid % 64);

	if (sq->cids[cid / 64] & bit)
		return false;
	sq->cids[cid / 64] |= bit;
	return true;
}

static void limits_count(struct soft *c, struct soft_command *command)
{
	if (command->sqid || command->sqe.opc != NVME_ADMIN_ABORT)
		return;
	command->counted_abort = true;
	command->over_limit = ++c->naborts > c->config.abort_limit;
}

/* One entry of queue @qid [7.2]. */
static void fetch(struct soft *c, unsigned int qid)
{
	struct soft_sq *sq = &c->sq[qid];
	struct soft_command *command = soft_command_alloc(c);
	const uint8_t *entry;

	if (!command) {
		soft_fail(c);
		return;
	}
	command->sqid = (uint16_t)qid;
	entry = soft_dma(c, command, sq->iova + sq->head * sizeof(struct nvme_sqe),
			 sizeof(struct nvme_sqe), false);
	if (!entry) {
		soft_command_free(c, command);
		soft_fail(c);
		return;
	}
	memcpy(&command->sqe, entry, sizeof(command->sqe));
	sq->head = (sq->head + 1) % sq->nentries;
	command->cid_conflict = !cid_take(sq, command->sqe.cid);
	limits_count(c, command);
	if (qid)
		c->stats.io_commands++;
	else
		c->stats.admin_commands++;
	soft_trace(c, 'f', qid, (uint64_t)command->sqe.cid << 8 | command->sqe.opc);
	soft_fault_choose(c, command);
	command->due_ns =
		c->now_ns + soft_latency(c, qid ? &c->config.latency : &c->config.admin_latency);
	if (command->fault.kind == UD_SOFT_FAULT_STUCK)
		command->due_ns = SOFT_NEVER;
	else
		command->due_ns += command->fault.delay_ns;
	if (soft_heap_push(c, command)) {
		soft_command_free(c, command);
		soft_fail(c);
	}
}

/* Round robin [4.13.1]. */
void soft_fetch_all(struct soft *c)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned int i = 0; i <= c->max_live; i++) {
			if (!soft_running(c))
				return;
			if (!c->sq[i].live || c->sq[i].head == c->sq[i].tail)
				continue;
			fetch(c, i);
			more = true;
		}
	}
}

static uint16_t execute(struct soft *c, struct soft_command *command)
{
	if (command->fault.kind == UD_SOFT_FAULT_STATUS)
		return command->fault.status & 0x7fff;
	if (command->cid_conflict)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_CID_CONFLICT);
	/* Fused operations aren't offered, nor are SGLs for admin commands [4.2, 4.4]. */
	if (command->sqe.flags & ~(c->config.sgl && command->sqid ? NVME_SQE_SGL : 0u))
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	return command->sqid ? soft_io_execute(c, command) : soft_admin_execute(c, command);
}

void soft_run_due(struct soft *c)
{
	while (soft_running(c) && c->nheap && c->heap[0]->due_ns <= c->now_ns) {
		struct soft_command *command = c->heap[0];
		uint16_t status;

		soft_heap_remove(c, command);
		status = execute(c, command);
		if (status != SOFT_NO_STATUS)
			soft_complete(c, command, status);
	}
}
