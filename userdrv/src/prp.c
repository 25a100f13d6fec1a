// SPDX-License-Identifier: MIT
#include <errno.h>

#include "queue.h"

/* A copy of the page table, as far as @npages pages from @vaddr on. */
static int build_list(const struct ud_iova_map *map, uint64_t *list, uintptr_t vaddr,
		      uint32_t npages)
{
	const uint64_t *entries;
	uint64_t entry;
	uint32_t n, i;

	/* LAB 4.1: one entry for each page, from the map; -EFAULT where a page isn't mapped => return -ENOSYS; */
	while (npages) {
		entries = ud_iova_entries(map, vaddr, &n);
		if (n > npages)
			n = npages;
		for (i = 0; i < n; i++) {
			entry = __atomic_load_n(&entries[i], __ATOMIC_RELAXED);
			if (!entry)
				return -EFAULT;
			list[i] = entry - UD_IOVA_PRESENT;
		}
		list += n;
		npages -= n;
		vaddr += (uintptr_t)n * UD_PAGE_NBYTES;
	}
	return 0;
	/* LAB end */
}

int ud_prp_build(const struct ud_iova_map *map, struct ud_request *r, struct nvme_sqe *sqe,
		 uintptr_t vaddr, uint32_t nbytes)
{
	uintptr_t offset = vaddr & UD_PAGE_MASK;
	uint32_t npages = (uint32_t)((offset + nbytes + UD_PAGE_MASK) >> UD_PAGE_SHIFT);
	uint64_t entry = ud_iova_entry(map, vaddr);

	if (!entry)
		return -EFAULT;
	/* LAB 4.2: prp1, and prp2 for two pages or, with the list of 4.1, for more => return -ENOSYS; */
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
	if (build_list(map, r->list, vaddr + UD_PAGE_NBYTES, npages - 1))
		return -EFAULT;
	dma_stored(r->list, (npages - 1) * sizeof(*r->list));
	sqe->prp2 = r->list_iova;
	return 0;
	/* LAB end */
}
