/* SPDX-License-Identifier: MIT */
/*
 * The sequence of block offsets of one job: the same code for every path, so that two cells differ
 * in the path alone. No division and no allocation once started.
 */
#ifndef BYPASS_OFFSETS_H
#define BYPASS_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
	uint64_t s;
};

/* splitmix64: one multiplication chain, full period, good enough to choose blocks and orders. */
static inline uint64_t random_next(struct random *r)
{
	uint64_t z = (r->s += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A number below @n: the high half of the product, so no division. */
static inline uint64_t random_below(struct random *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)random_next(r) * n) >> 64);
}

struct offsets {
	struct random random;
	uint64_t base; /* first byte of the job's region */
	uint64_t bs, nblocks;
	uint64_t next; /* block (sequential) or index into order */
	bool sequential;
	uint32_t *order; /* each block once in random order, or NULL; owned */
};

/* Blocks drawn with repetition; @order_once instead visits each once, then starts over. */
int offsets_init(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size, bool sequential,
		 bool order_once, uint64_t seed);
void offsets_free(struct offsets *o);

static inline uint64_t offsets_next(struct offsets *o)
{
	uint64_t block;

	if (!o->sequential && !o->order)
		return o->base + random_below(&o->random, o->nblocks) * o->bs;
	block = o->next;
	o->next = block + 1 == o->nblocks ? 0 : block + 1;
	if (o->order)
		block = o->order[block];
	return o->base + block * o->bs;
}

#endif
