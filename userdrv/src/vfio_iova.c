// SPDX-License-Identifier: MIT
#include "vfio_iova.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull

/* Never given out: a PRP entry left at zero by mistake must fault in the IOMMU, not find memory. */
#define LOWEST 0x10000ull

static int reserve(struct ud_vfio_iova *iova, size_t capacity)
{
	struct ud_vfio_iova_range *holes;

	if (capacity <= iova->capacity)
		return 0;
	capacity *= 2;
	holes = realloc(iova->holes, capacity * sizeof(*holes));
	if (!holes)
		return -ENOMEM;
	iova->holes = holes;
	iova->capacity = capacity;
	return 0;
}

static void insert_hole(struct ud_vfio_iova *iova, size_t at, uint64_t first, uint64_t last)
{
	memmove(iova->holes + at + 1, iova->holes + at, (iova->count - at) * sizeof(*iova->holes));
	iova->holes[at] = (struct ud_vfio_iova_range){first, last};
	iova->count++;
}

static void remove_hole(struct ud_vfio_iova *iova, size_t at)
{
	iova->count--;
	memmove(iova->holes + at, iova->holes + at + 1, (iova->count - at) * sizeof(*iova->holes));
}

int ud_vfio_iova_init(struct ud_vfio_iova *iova, const struct ud_vfio_iova_range *ranges,
		      size_t count)
{
	memset(iova, 0, sizeof(*iova));
	iova->most = count;
	if (reserve(iova, count + 1))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t first = ranges[i].first > LOWEST ? ranges[i].first : LOWEST;
		uint64_t end = (ranges[i].last + 1) & ~(PAGE - 1); /* 0: 2 to the power of 64 */

		if (ranges[i].last < LOWEST || first > UINT64_MAX - (PAGE - 1))
			continue;
		first = (first + PAGE - 1) & ~(PAGE - 1);
		if (first <= end - 1)
			insert_hole(iova, iova->count, first, end - 1);
	}
	if (iova->count)
		return 0;
	ud_vfio_iova_destroy(iova);
	return -ENOSPC;
}

void ud_vfio_iova_destroy(struct ud_vfio_iova *iova)
{
	free(iova->holes);
	memset(iova, 0, sizeof(*iova));
}

/* First fit: what is free stays in few large pieces, so the first is nearly always the one. */
int ud_vfio_iova_get(struct ud_vfio_iova *iova, uint64_t nbytes, uint64_t alignment, uint64_t phase,
		     uint64_t *address)
{
	for (size_t i = 0; i < iova->count; i++) {
		struct ud_vfio_iova_range *hole = &iova->holes[i];
		const uint64_t skip = (phase - hole->first) & (alignment - 1);
		const uint64_t room = hole->last - hole->first; /* bytes, less one */
		uint64_t start, last;

		if (skip > room || nbytes - 1 > room - skip)
			continue;
		/* Room for the hole that giving this back may make, so that giving back can't fail.
		 */
		if (reserve(iova, iova->most + 1))
			return -ENOMEM;
		iova->most++;
		hole = &iova->holes[i];
		start = hole->first + skip;
		last = start + (nbytes - 1);
		*address = start;
		if (start == hole->first && last == hole->last) {
			remove_hole(iova, i);
		} else if (start == hole->first) {
			hole->first = last + 1;
		} else {
			if (last != hole->last)
				insert_hole(iova, i + 1, last + 1, hole->last);
			iova->holes[i].last = start - 1;
		}
		return 0;
	}
	return -ENOSPC;
}

void ud_vfio_iova_put(struct ud_vfio_iova *iova, uint64_t address, uint64_t nbytes)
{
	const uint64_t last = address + (nbytes - 1);
	size_t low = 0, high = iova->count;
	int joins_below, joins_above;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (iova->holes[middle].first < address)
			low = middle + 1;
		else
			high = middle;
	}
	/* The holes below end before @address, those from @low on begin behind @last. */
	joins_below = low > 0 && iova->holes[low - 1].last + 1 == address;
	joins_above = low < iova->count && last + 1 == iova->holes[low].first;
	if (joins_below && joins_above) {
		iova->holes[low - 1].last = iova->holes[low].last;
		remove_hole(iova, low);
	} else if (joins_below) {
		iova->holes[low - 1].last = last;
	} else if (joins_above) {
		iova->holes[low].first = address;
	} else {
		insert_hole(iova, low, address, last);
	}
	iova->most--;
}
