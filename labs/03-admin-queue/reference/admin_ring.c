// SPDX-License-Identifier: MIT
#include "admin_ring.h"

#include "userdrv/src/mmio.h"

/* A register, by its offset into BAR0. */
static inline volatile uint32_t *bar_register(const struct admin_ring *ring, uint32_t offset)
{
	return (volatile uint32_t *)((volatile uint8_t *)ring->bar + offset);
}

uint16_t admin_ring_submit(struct admin_ring *ring, const struct nvme_sqe *command)
{
	/* LAB 3.4: the command into the tail's entry, with an identifier; then ring => */
	struct nvme_sqe *entry = &ring->sq[ring->tail];

	*entry = *command;
	entry->cid = ++ring->cid;
	/* The doorbell says how far the ring is filled: the first entry that isn't. */
	if (++ring->tail == ring->nentries)
		ring->tail = 0;
	/* Else the controller could fetch what lay in the entry before. */
	dma_wmb();
	mmio_write32(bar_register(ring, NVME_REG_DB), ring->tail);
	/* LAB end */
	return ring->cid;
}

bool admin_ring_poll(struct admin_ring *ring, struct nvme_cqe *completion)
{
	/* LAB 3.5: the head's completion, if it is of this round; give its entry back => return false; */
	const struct nvme_cqe *entry = &ring->cq[ring->head];

	if ((*(const volatile uint16_t *)&entry->status & NVME_CQE_PHASE) != ring->phase)
		return false;
	/* Else the rest could have been loaded before it was there. */
	dma_rmb();
	*completion = *entry;
	if (++ring->head == ring->nentries) {
		ring->head = 0;
		ring->phase ^= 1;
	}
	mmio_write32(bar_register(ring, NVME_REG_DB + ring->stride), ring->head);
	return true;
	/* LAB end */
}
