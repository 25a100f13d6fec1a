// SPDX-License-Identifier: MIT
#include "queue.h"

/* Whether the @npages pages from @vaddr on have the addresses from @address on, for the device. */
static bool contiguous(const struct ud_iova_map *map, uintptr_t vaddr, uint32_t npages,
		       uint64_t address)
{
	const uint64_t *entries;
	uint32_t n, i;

	while (npages) {
		entries = ud_iova_entries(map, vaddr, &n);
		if (n > npages)
			n = npages;
		for (i = 0; i < n; i++, address += UD_PAGE_NBYTES)
			if (__atomic_load_n(&entries[i], __ATOMIC_RELAXED) !=
			    (address | UD_IOVA_PRESENT))
				return false;
		npages -= n;
		vaddr += (uintptr_t)n * UD_PAGE_NBYTES;
	}
	return true;
}

bool ud_sgl_build(const struct ud_iova_map *map, struct nvme_sqe *sqe, uintptr_t vaddr,
		  uint32_t nbytes)
{
	uintptr_t offset = vaddr & UD_PAGE_MASK;
	uint32_t npages = (uint32_t)((offset + nbytes + UD_PAGE_MASK) >> UD_PAGE_SHIFT);
	uint64_t first = ud_iova_entry(map, vaddr) & ~(uint64_t)UD_IOVA_PRESENT;

	/* Two pages fit in the command as PRPs, which every controller takes. */
	if (npages <= 2 || !contiguous(map, vaddr, npages, first))
		return false;
	/* SGL data block descriptor: address, length in four bytes, type 0 in the last. */
	sqe->prp1 = first + offset;
	sqe->prp2 = nbytes;
	sqe->flags |= NVME_SQE_SGL;
	return true;
}
