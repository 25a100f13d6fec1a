// SPDX-License-Identifier: MIT
#include "core/offsets.h"

#include <errno.h>
#include <string.h>

int offsets_init(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size, bool sequential,
		 bool order_once, uint64_t seed)
{
	memset(o, 0, sizeof(*o));
	o->random.s = seed;
	o->base = base;
	o->bs = bs;
	o->nblocks = size / bs;
	o->sequential = sequential;
	if (sequential || !order_once)
		return 0;
	if (o->nblocks > UINT32_MAX)
		return -EFBIG;
	o->order = malloc(o->nblocks * sizeof(*o->order));
	if (!o->order)
		return -ENOMEM;
	/* Fisher-Yates, inside out. */
	for (uint64_t i = 0; i < o->nblocks; i++) {
		uint64_t j = random_below(&o->random, i + 1);

		o->order[i] = o->order[j];
		o->order[j] = (uint32_t)i;
	}
	return 0;
}

void offsets_free(struct offsets *o)
{
	free(o->order);
	o->order = NULL;
}
