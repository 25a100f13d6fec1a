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

/*
 * One column of an alias table (Walker's method): a block is drawn uniformly, and is then either
 * itself or, with the rest of the column, the one block that needed it.
 */
struct offsets_column {
	uint32_t itself; /* probability of staying, in 2^-32 */
	uint32_t alias;
};

/* Of blocks that are drawn unevenly: 8 bytes for each (and 20 while it is made). */
#define OFFSETS_ZIPF_BLOCKS (1u << 24)

struct offsets {
	struct random random;
	uint64_t base; /* first byte of the job's region */
	uint64_t bs, nblocks;
	uint64_t next; /* block (sequential) or index into order */
	bool uniform;  /* drawn with repetition, all alike */
	bool sequential;
	uint32_t *order;                /* each block once in random order, or NULL; owned */
	struct offsets_column *columns; /* drawn with repetition, not alike, or NULL; owned */
};

/* Blocks drawn with repetition; @order_once instead visits each once, then starts over. */
int offsets_init(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size, bool sequential,
		 bool order_once, uint64_t seed);
/*
 * Blocks drawn by Zipf's law: the block of rank k, from 1, comes k^-theta times as often as the
 * first, @thousandths of theta. Which block has which rank is random. -EFBIG: more than
 * OFFSETS_ZIPF_BLOCKS.
 */
int offsets_init_zipf(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size,
		      unsigned int thousandths, uint64_t seed);
void offsets_free(struct offsets *o);

/* A function of its own, so that the other sequences cost no more for this one. */
uint64_t offsets_next_zipf(struct offsets *o);

static inline uint64_t offsets_next(struct offsets *o)
{
	uint64_t block;

	if (o->uniform)
		return o->base + random_below(&o->random, o->nblocks) * o->bs;
	if (o->columns)
		return offsets_next_zipf(o);
	block = o->next;
	o->next = block + 1 == o->nblocks ? 0 : block + 1;
	if (o->order)
		block = o->order[block];
	return o->base + block * o->bs;
}

#endif
