/* SPDX-License-Identifier: MIT */
/*
 * Is NEW different from BASE? Numbers in, verdicts out; docs/method.md, "Comparing two runs", says
 * why it is done so and how often it errs.
 */
#ifndef BYPASS_COMPARE_H
#define BYPASS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* Of all that is compared at once, the chance of any false alarm. */
#define COMPARE_ALPHA 0.05
/* Weight of the assumed noise, in degrees of freedom: as if it came from five measured units. */
#define COMPARE_PRIOR_DF 4
/* No plan goes further than this. */
#define COMPARE_UNITS_MAX 999

enum compare_verdict {
	COMPARE_SAME,
	COMPARE_FASTER,
	COMPARE_SLOWER,
	COMPARE_UNDECIDED,
};

enum compare_method {
	COMPARE_BY_SPREAD, /* few units: Student's t, their spread at least the assumed noise */
	COMPARE_BY_RANKS,  /* enough units for Mann-Whitney to decide */
};

/*
 * One figure of one cell, to be compared. A unit is what was measured independently: a run by the
 * clock of nanoseconds, a boot by that of instructions.
 */
struct compare_item {
	/* Given: */
	const double *base, *new; /* one positive value for each unit */
	size_t nbase, nnew;       /* at least 1 */
	double noise;             /* assumed standard deviation between units, of the logarithm */
	double tolerance;         /* as a share: what units of one kind may differ by; no finding */
	double quantum; /* medians this close are the same, whatever the noise; 0: none are */
	bool higher_is_better;
	/* Filled by compare_judge(): */
	double ratio, low, high; /* new / base and its 95 % interval */
	double p, p_holm;        /* of the test, and corrected for the number of items */
	enum compare_method method;
	enum compare_verdict verdict;
	size_t needed; /* undecided: units on each side that are likely to decide it */
};

/*
 * Judges all of @items together: their number decides how strong the evidence of each must be.
 * @threshold is the smallest difference that matters, as a share.
 */
void compare_judge(struct compare_item *items, size_t n, double threshold);

/*
 * Units on each side with which, in four of five cases, the interval of two sides alike lies within
 * @margin, and a difference of @effect (both of logarithms) is found among @ntests tests, if units
 * vary with standard deviation @sd. At most COMPARE_UNITS_MAX + 1, which stands for "more".
 */
size_t compare_units_needed(double sd, double margin, double effect, size_t ntests);

/*
 * The noise to assume for @n items of one metric by the clock of nanoseconds: the largest of
 * @least, of the item's own @spread and of the median of all of them, since the repetitions of one
 * cell may all have fallen into a quiet moment. @spread is half the width of the repetitions'
 * interval, of the logarithm: twice what it would say of a run, were the repetitions independent.
 */
void compare_assume_noise(struct compare_item *items, const double *spread, size_t n, double least);

/* "3%", "0.5%" or "3": per cent, from 0 to 1000. 0 or -EINVAL. */
int compare_parse_threshold(const char *text, double *threshold, struct error *e);

const char *compare_verdict_name(enum compare_verdict verdict); /* "same", "FASTER", ... */
const char *compare_method_name(enum compare_method method);    /* "spread", "ranks" */

#endif
