// SPDX-License-Identifier: MIT
#include "core/offsets.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void init_region(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size, uint64_t seed)
{
	memset(o, 0, sizeof(*o));
	o->random.s = seed;
	o->base = base;
	o->bs = bs;
	o->nblocks = size / bs;
}

int offsets_init(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size, bool sequential,
		 bool order_once, uint64_t seed)
{
	init_region(o, base, bs, size, seed);
	o->sequential = sequential;
	o->uniform = !sequential && !order_once;
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

/* @weights of the blocks, by Zipf's law and in random order; together as many as there are. */
static void draw_weights(struct offsets *o, double *weights, double theta)
{
	double sum = 0;

	for (uint64_t i = 0; i < o->nblocks; i++) {
		uint64_t j = random_below(&o->random, i + 1);
		double weight = pow((double)(i + 1), -theta);

		sum += weight;
		weights[i] = weights[j];
		weights[j] = weight;
	}
	for (uint64_t i = 0; i < o->nblocks; i++)
		weights[i] *= (double)o->nblocks / sum;
}

/* A probability of 1 is one of 2^32 too little, and its column is its own alias for that. */
static uint32_t in_32_bits(double probability)
{
	return probability >= 1 ? UINT32_MAX : (uint32_t)(probability * 0x1p32);
}

/*
 * Vose's way: a column that its own block doesn't fill gets the rest from one that has too much,
 * until none has. @lists holds the blocks with too little from its front and the others from its
 * end.
 */
static void fill_columns(struct offsets *o, double *weights, uint32_t *lists)
{
	uint64_t few = 0, many = o->nblocks;

	for (uint64_t i = 0; i < o->nblocks; i++) {
		if (weights[i] < 1)
			lists[few++] = (uint32_t)i;
		else
			lists[--many] = (uint32_t)i;
	}
	while (few && many < o->nblocks) {
		uint32_t poor = lists[--few], rich = lists[many];

		o->columns[poor] = (struct offsets_column){in_32_bits(weights[poor]), rich};
		weights[rich] -= 1 - weights[poor];
		if (weights[rich] < 1) {
			many++;
			lists[few++] = rich;
		}
	}
	/* What is left is full, but for the rounding of the sums. */
	while (few) {
		uint32_t block = lists[--few];

		o->columns[block] = (struct offsets_column){UINT32_MAX, block};
	}
	for (; many < o->nblocks; many++)
		o->columns[lists[many]] = (struct offsets_column){UINT32_MAX, lists[many]};
}

int offsets_init_zipf(struct offsets *o, uint64_t base, uint64_t bs, uint64_t size,
		      unsigned int thousandths, uint64_t seed)
{
	double *weights;
	uint32_t *lists;

	init_region(o, base, bs, size, seed);
	if (o->nblocks > OFFSETS_ZIPF_BLOCKS)
		return -EFBIG;
	o->columns = malloc(o->nblocks * sizeof(*o->columns));
	weights = malloc(o->nblocks * sizeof(*weights));
	lists = malloc(o->nblocks * sizeof(*lists));
	if (o->columns && weights && lists) {
		draw_weights(o, weights, thousandths / 1000.0);
		fill_columns(o, weights, lists);
	}
	free(weights);
	free(lists);
	if (o->columns && weights && lists)
		return 0;
	offsets_free(o);
	return -ENOMEM;
}

/* One random number: its product with the number of columns is the column and the place in it. */
uint64_t offsets_next_zipf(struct offsets *o)
{
	unsigned __int128 product = (unsigned __int128)random_next(&o->random) * o->nblocks;
	uint64_t block = (uint64_t)(product >> 64);
	const struct offsets_column *column = &o->columns[block];

	if ((uint32_t)((uint64_t)product >> 32) >= column->itself)
		block = column->alias;
	return o->base + block * o->bs;
}

void offsets_free(struct offsets *o)
{
	free(o->order);
	free(o->columns);
	o->order = NULL;
	o->columns = NULL;
}
