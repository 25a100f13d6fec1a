// SPDX-License-Identifier: MIT
#include "tests/fixture_chance.h"

#include <math.h>

/* SplitMix64. */
static uint64_t next(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

double chance_uniform(struct chance *c)
{
	return (double)(next(c) >> 11) * 0x1p-53;
}

double chance_normal(struct chance *c)
{
	/* Box and Muller; 1 - u is never 0. */
	double radius = sqrt(-2 * log(1 - chance_uniform(c)));

	return radius * cos(2 * 3.14159265358979323846 * chance_uniform(c));
}

size_t chance_below(struct chance *c, size_t n)
{
	return (size_t)(chance_uniform(c) * (double)n);
}

size_t chance_most(double p, size_t n)
{
	return (size_t)ceil(p * (double)n + 3 * sqrt(p * (1 - p) * (double)n));
}
