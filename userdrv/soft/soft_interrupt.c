// SPDX-License-Identifier: MIT
/* MSI-X as eventfds [7.5.1.3] and interrupt coalescing [5.21.1.8, 5.21.1.9]. */
#include <unistd.h>

#include "soft.h"

#define TIME_UNIT_NS 100000u /* of the aggregation time */

static void raise_vector(struct soft *c, struct soft_vector *vector)
{
	uint64_t one = 1;

	vector->pending = 0;
	vector->deadline = SOFT_NEVER;
	if (vector->fd < 0)
		return;
	c->stats.interrupts++;
	soft_trace(c, 'i', (uint64_t)(vector - c->vectors), 0);
	/* Fails only when the counter is full: then it is signalled anyway. */
	if (write(vector->fd, &one, sizeof(one)) < 0)
		return;
}

/*
 * A completion was written to @cqid. The admin queue isn't coalesced. The threshold is 0's
 * based; without a time there would be no end to waiting, so no time means at once.
 */
void soft_interrupt_completion(struct soft *c, unsigned int cqid)
{
	const struct soft_cq *cq = &c->cq[cqid];
	struct soft_vector *vector = &c->vectors[cq->vector];
	uint32_t feature = c->features[NVME_FEATURE_INTERRUPT_COALESCING];
	uint32_t threshold = (feature & 0xff) + 1, time = feature >> 8 & 0xff;

	if (!cq->interrupts)
		return;
	vector->pending++;
	if (!cqid || vector->immediate || !time || vector->pending >= threshold) {
		raise_vector(c, vector);
		return;
	}
	if (vector->deadline == SOFT_NEVER)
		vector->deadline = c->now_ns + (uint64_t)time * TIME_UNIT_NS;
}

void soft_interrupts_step(struct soft *c)
{
	for (unsigned int i = 0; i < c->config.nvectors; i++) {
		if (c->vectors[i].deadline <= c->now_ns)
			raise_vector(c, &c->vectors[i]);
	}
}

/* The host has seen everything on the vector: there is nothing left to tell. */
void soft_interrupt_consumed(struct soft *c, unsigned int cqid)
{
	struct soft_vector *vector = &c->vectors[c->cq[cqid].vector];

	if (!c->cq[cqid].interrupts || !vector->pending)
		return;
	for (unsigned int i = 0; i <= c->max_live; i++) {
		const struct soft_cq *cq = &c->cq[i];

		if (cq->live && cq->interrupts && cq->vector == c->cq[cqid].vector &&
		    cq->head != cq->tail)
			return;
	}
	vector->pending = 0;
	vector->deadline = SOFT_NEVER;
}

void soft_interrupts_reset(struct soft *c)
{
	for (unsigned int i = 0; i < SOFT_MAX_VECTORS; i++) {
		c->vectors[i].immediate = false;
		c->vectors[i].pending = 0;
		c->vectors[i].deadline = SOFT_NEVER;
	}
}
