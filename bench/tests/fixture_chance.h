/* SPDX-License-Identifier: MIT */
/* Seeded chance, the same on every machine, for tests that count how often something happens. */
#ifndef BYPASS_FIXTURE_CHANCE_H
#define BYPASS_FIXTURE_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

/* From 0 to below 1. */
double chance_uniform(struct chance *c);
/* Mean 0, standard deviation 1. */
double chance_normal(struct chance *c);
/* From 0 to @n - 1. */
size_t chance_below(struct chance *c, size_t n);
/*
 * How often something of probability @p may happen in @n trials before a test calls it too often:
 * three standard deviations above the mean.
 */
size_t chance_most(double p, size_t n);

#endif
