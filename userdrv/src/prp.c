// SPDX-License-Identifier: MIT
#include <errno.h>

#include "queue.h"

int ud_prp_build(const struct ud_iova_map *map, struct ud_request *r, struct nvme_sqe *sqe,
		 uintptr_t vaddr, uint32_t nbytes)
{
	uintptr_t offset = vaddr & UD_PAGE_MASK;
	uint32_t npages = (uint32_t)((offset + nbytes + UD_PAGE_MASK) >> UD_PAGE_SHIFT), i;
	uint64_t entry = ud_iova_entry(map, vaddr);

	if (!entry)
		return -EFAULT;
	/* PRP1: the first byte, anywhere in its page [4.3]. */
	sqe->prp1 = entry - UD_IOVA_PRESENT + offset;
	sqe->prp2 = 0;
	if (npages == 1)
		return 0;
	vaddr -= offset;
	/* PRP2: the second page, if it is the last one. */
	if (npages == 2) {
		entry = ud_iova_entry(map, vaddr + UD_PAGE_NBYTES);
		if (!entry)
			return -EFAULT;
		sqe->prp2 = entry - UD_IOVA_PRESENT;
		return 0;
	}
	/* Else the list of all pages after the first. */
	for (i = 0; i < npages - 1; i++) {
		entry = ud_iova_entry(map, vaddr + (uintptr_t)(i + 1) * UD_PAGE_NBYTES);
		if (!entry)
			return -EFAULT;
		r->list[i] = entry - UD_IOVA_PRESENT;
	}
	dma_stored(r->list, i * sizeof(*r->list));
	sqe->prp2 = r->list_iova;
	return 0;
}
