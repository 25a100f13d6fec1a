/* SPDX-License-Identifier: MIT */
/*
 * Which addresses a device may be given: an allocator of I/O virtual addresses (IOVA) over the
 * ranges that the IOMMU can translate. It keeps what is free, in order, and knows no kernel.
 * One thread at a time.
 */
#ifndef UD_VFIO_IOVA_H
#define UD_VFIO_IOVA_H

#include <stddef.h>
#include <stdint.h>

/* Both ends belong to it, as in the kernel's: a range may end with the last address there is. */
struct ud_vfio_iova_range {
	uint64_t first;
	uint64_t last;
};

struct ud_vfio_iova {
	struct ud_vfio_iova_range *holes; /* free, ascending, never touching each other */
	size_t count;
	size_t capacity;
	size_t most; /* holes that there can be: ranges, and one more for each range given out */
};

/* @ranges ascend and don't overlap. -ENOMEM; -ENOSPC: they hold no page. */
int ud_vfio_iova_init(struct ud_vfio_iova *iova, const struct ud_vfio_iova_range *ranges,
		      size_t count);
void ud_vfio_iova_destroy(struct ud_vfio_iova *iova);

/*
 * Takes @nbytes (a multiple of 4096, not 0) at an address that equals @phase modulo @alignment (a
 * power of two, at least 4096). -ENOSPC: no hole is large enough; -ENOMEM.
 */
int ud_vfio_iova_get(struct ud_vfio_iova *iova, uint64_t nbytes, uint64_t alignment, uint64_t phase,
		     uint64_t *address);

/* Gives back exactly what one ud_vfio_iova_get took. Can't fail. */
void ud_vfio_iova_put(struct ud_vfio_iova *iova, uint64_t address, uint64_t nbytes);

#endif
