/* SPDX-License-Identifier: MIT */
/*
 * Runs that were really made, as their figures were recorded once (data/same-runs-ns.txt and its
 * like), and the verdicts of core/compare.h on a choice of them.
 */
#ifndef BYPASS_FIXTURE_RECORD_H
#define BYPASS_FIXTURE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/compare.h"

#ifndef TEST_DATA
#define TEST_DATA "bench/tests/data"
#endif

#define RECORD_FIGURES_MAX 64
#define RECORD_UNITS_MAX   256
#define RECORD_THRESHOLD   0.03

struct figure {
	char metric[32], name[160];
	bool higher_is_better;
	double tolerance, noise; /* instructions */
	double value[RECORD_UNITS_MAX];
	double spread[RECORD_UNITS_MAX]; /* ns */
	size_t n;                        /* runs, or boots */
};

struct record {
	struct figure figure[RECORD_FIGURES_MAX];
	size_t n;
};

/* A choice of units on each side. */
struct sides {
	size_t base[RECORD_UNITS_MAX], new[RECORD_UNITS_MAX];
	size_t nbase, nnew;
};

/* Of the clock ns each value has its spread beside it, and three figures are of one cell. */
struct record *record_load(const char *path, bool ns);

/*
 * Judges the figures of @record, on the sides @s; figure @slowed (one of no figure: nothing) costs
 * NEW @factor times as much. Verdicts go to @verdicts, and how many units the answer "undecided"
 * asks for to @needed; each has room for all figures.
 */
void record_judge(const struct record *record, const struct sides *s, bool ns, size_t slowed,
		  double factor, enum compare_verdict *verdicts, size_t *needed);

/* The first @count units from @from on are BASE and the next NEW; or they take turns. */
struct sides sides_neighbours(size_t from, size_t count, bool in_turns);

#endif
