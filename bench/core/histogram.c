// SPDX-License-Identifier: MIT
#include "core/histogram.h"

#include <string.h>

#define PARTS 1000000u

uint64_t histogram_bucket_low(unsigned int index)
{
	unsigned int shift;

	if (index < 2 * HISTOGRAM_SUB)
		return index;
	shift = index / HISTOGRAM_SUB - 1;
	return (uint64_t)(HISTOGRAM_SUB + index % HISTOGRAM_SUB) << shift;
}

uint64_t histogram_bucket_value(unsigned int index)
{
	uint64_t low = histogram_bucket_low(index);
	uint64_t width = index < 2 * HISTOGRAM_SUB ? 1 : histogram_bucket_low(index + 1) - low;

	return low + (width - 1) / 2;
}

uint64_t histogram_total(const struct histogram *h)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->count[i];
	return total;
}

void histogram_add(struct histogram *into, const struct histogram *from)
{
	/* LAB 2.1: as if one histogram had seen the values of both => */
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->count[i] += from->count[i];
	/* LAB end */
}

uint64_t histogram_percentile(const struct histogram *h, uint32_t parts_per_million)
{
	/* LAB 2.2: the value of the smallest bucket at or below which so many lie (nearest rank) => return 0; */
	/* 128 bits: the number of values times a million may not fit into 64. */
	unsigned __int128 scaled = (unsigned __int128)histogram_total(h) * parts_per_million;
	uint64_t rank = (uint64_t)((scaled + PARTS - 1) / PARTS);
	uint64_t seen = 0;
	uint64_t value = 0;
	unsigned int i;

	if (rank == 0)
		rank = 1;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		value = histogram_bucket_value(i);
		seen += h->count[i];
		if (seen >= rank)
			break;
	}
	return value;
	/* LAB end */
}

void histogram_rescale(struct histogram *h, uint64_t mul, uint64_t div)
{
	struct histogram scaled;
	unsigned __int128 value;
	unsigned int i;

	memset(&scaled, 0, sizeof(scaled));
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		/* To the nearest: short durations would lose up to a whole unit. */
		value = ((unsigned __int128)histogram_bucket_value(i) * mul + div / 2) / div;
		if (value > UINT64_MAX)
			value = UINT64_MAX;
		scaled.count[histogram_index((uint64_t)value)] += h->count[i];
	}
	*h = scaled;
}
