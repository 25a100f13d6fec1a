// SPDX-License-Identifier: MIT
/*
 * The IOMMU: which memory the controller may touch, and at which addresses. Addresses are handed
 * out upwards and not used again while there are others, so that a late access to memory which
 * the driver has taken back is refused rather than lands in somebody else's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

/* The first mapping that ends above @iova. */
static size_t mapping_after(const struct soft *c, uint64_t iova)
{
	size_t low = 0, high = c->nmappings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct soft_mapping *m = &c->mappings[middle];

		if (m->iova + (m->nbytes - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does [@iova, @iova + @nbytes) lie in the range of valid addresses, and free? */
static bool iova_free(const struct soft *c, uint64_t iova, size_t nbytes)
{
	uint64_t last = iova + (nbytes - 1);
	size_t i;

	if (iova < c->config.iova_first || last < iova || last > c->config.iova_last)
		return false;
	i = mapping_after(c, iova);
	return i == c->nmappings || c->mappings[i].iova > last;
}

/* Behind the last one; when the range is used up, the first hole that is large enough. */
static int iova_choose(struct soft *c, size_t nbytes, uint64_t *iova)
{
	uint64_t gap = 0;
	size_t i;

	if (!c->config.iova_adjacent)
		gap = SOFT_PAGE_NBYTES * (1 + soft_random_below(&c->random_iova, 64));
	*iova = c->iova_next + gap;
	if (iova_free(c, *iova, nbytes))
		return 0;
	*iova = c->config.iova_first;
	for (i = 0; i <= c->nmappings; i++) {
		if (iova_free(c, *iova, nbytes))
			return 0;
		if (i < c->nmappings)
			*iova = c->mappings[i].iova + c->mappings[i].nbytes;
	}
	return -ENOSPC;
}

static int mappings_grow(struct soft *c)
{
	size_t room = c->mappings_room ? 2 * c->mappings_room : 64;
	struct soft_mapping *mappings;

	if (c->nmappings < c->mappings_room)
		return 0;
	mappings = reallocarray(c->mappings, room, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	c->mappings = mappings;
	c->mappings_room = room;
	return 0;
}

int soft_dma_map(struct soft *c, void *vaddr, size_t nbytes, uint64_t *iova)
{
	uint64_t chosen;
	size_t i;
	int rc;

	if (!nbytes || nbytes % SOFT_PAGE_NBYTES || (uintptr_t)vaddr % SOFT_PAGE_NBYTES)
		return -EINVAL;
	if (c->nmappings >= c->config.mapping_limit)
		return -ENOSPC;
	rc = mappings_grow(c);
	if (!rc)
		rc = iova_choose(c, nbytes, &chosen);
	if (rc)
		return rc;
	i = mapping_after(c, chosen);
	memmove(&c->mappings[i + 1], &c->mappings[i], (c->nmappings - i) * sizeof(*c->mappings));
	c->mappings[i] = (struct soft_mapping){.iova = chosen, .nbytes = nbytes, .vaddr = vaddr};
	c->nmappings++;
	c->iova_next = chosen + nbytes;
	*iova = chosen;
	return 0;
}

int soft_dma_unmap(struct soft *c, uint64_t iova, size_t nbytes)
{
	size_t i = mapping_after(c, iova);

	if (i == c->nmappings || c->mappings[i].iova != iova || c->mappings[i].nbytes != nbytes)
		return -EINVAL;
	c->stale[c->nstale++ % SOFT_NSTALE] = c->mappings[i];
	c->nmappings--;
	memmove(&c->mappings[i], &c->mappings[i + 1], (c->nmappings - i) * sizeof(*c->mappings));
	return 0;
}

static enum ud_soft_dma_reason refusal_reason(const struct soft *c, uint64_t iova)
{
	for (size_t i = 0; i < SOFT_NSTALE; i++) {
		const struct soft_mapping *m = &c->stale[i];

		if (m->nbytes && iova >= m->iova && iova - m->iova < m->nbytes)
			return UD_SOFT_DMA_STALE;
	}
	return UD_SOFT_DMA_UNMAPPED;
}

void soft_dma_refuse(struct soft *c, const struct soft_command *command, uint64_t iova,
		     size_t nbytes, bool write, enum ud_soft_dma_reason reason)
{
	if (c->stats.dma_faults < SOFT_DMA_FAULTS)
		c->dma_faults[c->stats.dma_faults] = (struct ud_soft_dma_fault){
			.reason = reason,
			.write = write,
			.sqid = command ? command->sqid : 0,
			.cid = command ? command->sqe.cid : 0,
			.iova = iova,
			.nbytes = nbytes,
			.time_ns = c->now_ns,
		};
	c->stats.dma_faults++;
	soft_trace(c, 'D', reason, nbytes);
}

/*
 * Where the driver's memory at @iova is. An access lies within one page, so within one mapping.
 */
uint8_t *soft_dma(struct soft *c, const struct soft_command *command, uint64_t iova, size_t nbytes,
		  bool write)
{
	size_t i = mapping_after(c, iova);
	const struct soft_mapping *m = &c->mappings[i];

	if (i < c->nmappings && iova >= m->iova && nbytes <= m->nbytes - (iova - m->iova))
		return m->vaddr + (iova - m->iova);
	soft_dma_refuse(c, command, iova, nbytes, write, refusal_reason(c, iova));
	return NULL;
}
