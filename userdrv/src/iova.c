// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "iova.h"

#define MID_INDEX(vaddr) (((vaddr) >> 21) & ((1u << UD_IOVA_MID_BITS) - 1))
#define LOW_INDEX(vaddr) (((vaddr) >> 12) & ((1u << UD_IOVA_LOW_BITS) - 1))

struct ud_iova_map *ud_iova_map_create(void)
{
	struct ud_iova_map *map = calloc(1, sizeof(*map));
	size_t i;

	if (!map)
		return NULL;
	map->empty_low = calloc(1, sizeof(*map->empty_low));
	map->empty_mid = calloc(1, sizeof(*map->empty_mid));
	if (!map->empty_low || !map->empty_mid) {
		free(map->empty_low);
		free(map->empty_mid);
		free(map);
		return NULL;
	}
	for (i = 0; i < 1u << UD_IOVA_MID_BITS; i++)
		map->empty_mid->low[i] = map->empty_low;
	for (i = 0; i < 1u << UD_IOVA_TOP_BITS; i++)
		map->mid[i] = map->empty_mid;
	return map;
}

void ud_iova_map_free(struct ud_iova_map *map)
{
	size_t i, j;

	if (!map)
		return;
	for (i = 0; i < 1u << UD_IOVA_TOP_BITS; i++) {
		if (map->mid[i] == map->empty_mid)
			continue;
		for (j = 0; j < 1u << UD_IOVA_MID_BITS; j++)
			if (map->mid[i]->low[j] != map->empty_low)
				free(map->mid[i]->low[j]);
		free(map->mid[i]);
	}
	free(map->empty_mid);
	free(map->empty_low);
	free(map);
}

/* The low table for @vaddr, made when it isn't there; NULL: no memory. */
static struct ud_iova_low *low_table(struct ud_iova_map *map, uintptr_t vaddr)
{
	struct ud_iova_mid *mid = map->mid[vaddr >> 34];
	struct ud_iova_low *low;
	size_t i;

	if (mid == map->empty_mid) {
		mid = malloc(sizeof(*mid));
		if (!mid)
			return NULL;
		for (i = 0; i < 1u << UD_IOVA_MID_BITS; i++)
			mid->low[i] = map->empty_low;
		/* Other threads walk the table: it must be filled before they can find it. */
		__atomic_store_n(&map->mid[vaddr >> 34], mid, __ATOMIC_RELEASE);
	}
	low = mid->low[MID_INDEX(vaddr)];
	if (low == map->empty_low) {
		low = calloc(1, sizeof(*low));
		if (!low)
			return NULL;
		__atomic_store_n(&mid->low[MID_INDEX(vaddr)], low, __ATOMIC_RELEASE);
	}
	return low;
}

int ud_iova_insert(struct ud_iova_map *map, uintptr_t vaddr, size_t nbytes, uint64_t iova)
{
	struct ud_iova_low *low;
	size_t done;

	if ((vaddr + nbytes) >> UD_IOVA_ADDR_BITS)
		return -EINVAL;
	for (done = 0; done < nbytes; done += UD_PAGE_MASK + 1) {
		low = low_table(map, vaddr + done);
		if (!low) {
			ud_iova_remove(map, vaddr, done);
			return -ENOMEM;
		}
		__atomic_store_n(&low->page[LOW_INDEX(vaddr + done)],
				 (iova + done) | UD_IOVA_PRESENT, __ATOMIC_RELEASE);
	}
	return 0;
}

void ud_iova_remove(struct ud_iova_map *map, uintptr_t vaddr, size_t nbytes)
{
	struct ud_iova_low *low;
	size_t done;

	for (done = 0; done < nbytes; done += UD_PAGE_MASK + 1) {
		low = map->mid[(vaddr + done) >> 34]->low[MID_INDEX(vaddr + done)];
		if (low != map->empty_low)
			__atomic_store_n(&low->page[LOW_INDEX(vaddr + done)], 0, __ATOMIC_RELEASE);
	}
}
