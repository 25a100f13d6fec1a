/* SPDX-License-Identifier: MIT */
/*
 * From the program's addresses to the device's: a page table of three levels, as a processor has
 * it, walked by three loads. An entry is the device's address of one 4 KiB page, with bit 0 set;
 * 0 means that the page isn't mapped. Levels that hold nothing all point to one empty table, so
 * that a walk has no test in it. Nothing is assumed of neighbouring pages: a PRP list is a copy of
 * a stretch of this table.
 *
 * Written by the controller's thread, read by all owners of queue pairs; tables are only added
 * while the controller is open, never taken away.
 */
#ifndef UD_IOVA_H
#define UD_IOVA_H

#include <stddef.h>
#include <stdint.h>

#define UD_IOVA_PRESENT   1u
#define UD_PAGE_SHIFT     12
#define UD_PAGE_MASK      ((uintptr_t)4095)
#define UD_IOVA_LOW_BITS  9  /* a table for 2 MiB */
#define UD_IOVA_MID_BITS  13 /* a table for 16 GiB */
#define UD_IOVA_TOP_BITS  13
#define UD_IOVA_ADDR_BITS 47 /* what Linux gives to programs that don't ask for more */

struct ud_iova_low {
	uint64_t page[1u << UD_IOVA_LOW_BITS]; /* device address | UD_IOVA_PRESENT, or 0 */
};

struct ud_iova_mid {
	struct ud_iova_low *low[1u << UD_IOVA_MID_BITS];
};

struct ud_iova_map {
	struct ud_iova_mid *mid[1u << UD_IOVA_TOP_BITS];
	struct ud_iova_mid *empty_mid;
	struct ud_iova_low *empty_low;
};

/* The entry of the page that has @vaddr. */
static inline uint64_t ud_iova_entry(const struct ud_iova_map *map, uintptr_t vaddr)
{
	const struct ud_iova_mid *mid;
	const struct ud_iova_low *low;

	if (__builtin_expect(vaddr >> UD_IOVA_ADDR_BITS != 0, 0))
		return 0;
	mid = __atomic_load_n(&map->mid[vaddr >> 34], __ATOMIC_RELAXED);
	low = __atomic_load_n(&mid->low[(vaddr >> 21) & ((1u << UD_IOVA_MID_BITS) - 1)],
			      __ATOMIC_RELAXED);
	return __atomic_load_n(&low->page[(vaddr >> 12) & ((1u << UD_IOVA_LOW_BITS) - 1)],
			       __ATOMIC_RELAXED);
}

/*
 * Where the entry of the page that has @vaddr lies, and how many entries lie there one after the
 * other, this one included: those up to the end of its table. Long buffers are walked by it.
 */
static inline const uint64_t *ud_iova_entries(const struct ud_iova_map *map, uintptr_t vaddr,
					      uint32_t *n)
{
	uint32_t index = (uint32_t)(vaddr >> UD_PAGE_SHIFT) & ((1u << UD_IOVA_LOW_BITS) - 1);
	const struct ud_iova_low *low = map->empty_low;
	const struct ud_iova_mid *mid;

	if (__builtin_expect(vaddr >> UD_IOVA_ADDR_BITS == 0, 1)) {
		mid = __atomic_load_n(&map->mid[vaddr >> 34], __ATOMIC_RELAXED);
		low = __atomic_load_n(&mid->low[(vaddr >> 21) & ((1u << UD_IOVA_MID_BITS) - 1)],
				      __ATOMIC_RELAXED);
	}
	*n = (1u << UD_IOVA_LOW_BITS) - index;
	return &low->page[index];
}

/* NULL: no memory. */
struct ud_iova_map *ud_iova_map_create(void);
void ud_iova_map_free(struct ud_iova_map *map);
/* Whole pages. -ENOMEM: nothing was entered; -EINVAL: not an address of this program. */
int ud_iova_insert(struct ud_iova_map *map, uintptr_t vaddr, size_t nbytes, uint64_t iova);
void ud_iova_remove(struct ud_iova_map *map, uintptr_t vaddr, size_t nbytes);

#endif
