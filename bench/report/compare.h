/* SPDX-License-Identifier: MIT */
/*
 * Runs beside runs: what `bypass compare` shows. The judging is in core/compare.h; here are the
 * figures that it is given and the words that it gets.
 */
#ifndef BYPASS_REPORT_COMPARE_H
#define BYPASS_REPORT_COMPARE_H

#include <stdio.h>
#include <jansson.h>

#include "core/compare.h"
#include "core/error.h"
#include "core/run.h"

/* The runs of one side; borrowed, with their summaries. */
struct compare_side {
	struct run *const *runs;
	size_t n;
};

enum compare_metric {
	METRIC_IOPS,
	METRIC_P50,
	METRIC_P99,
	METRIC_COST, /* work + irq: clock of instructions */
	NMETRICS,
};

/* One figure that both sides have. */
struct compare_figure {
	const struct cell *cell; /* of the first run of BASE that measured it */
	unsigned int pass;
	enum compare_metric metric;
	double spread;            /* of the repetitions, see compare_assume_noise() */
	struct compare_item item; /* owns its values */
};

/* A cell that can't be compared. */
struct compare_missing {
	const struct cell *cell;
	const char *why; /* a constant */
};

struct comparison {
	enum run_clock clock;
	double threshold;
	struct compare_side base, new;
	struct compare_figure *figures;
	size_t nfigures;
	struct compare_missing *missing;
	size_t nmissing;
};

/*
 * Cells are matched by their id. 0; -EINVAL if the clocks differ or the sides have no figure in
 * common. The runs must outlive @c; comparison_free() releases it.
 */
int comparison_make(struct comparison *c, struct compare_side base, struct compare_side new,
		    double threshold, struct error *e);
void comparison_free(struct comparison *c);
size_t comparison_count(const struct comparison *c, enum compare_verdict verdict);
/* Runs on each side that an undecided figure needs; above COMPARE_UNITS_MAX: more than that. */
size_t comparison_runs_needed(const struct comparison *c, const struct compare_figure *figure);

/* What boots of one thing may differ by, by the clock of instructions: less is no difference. */
unsigned int compare_tolerance_percent(const struct cell *cell, enum pass_kind kind);

/*
 * What differs in the environments and targets and may explain a difference: a list of {"key",
 * "base", "new"}, each value the text of one run or of several, joined. A new reference.
 */
json_t *compare_environments(struct compare_side base, struct compare_side new);

const char *compare_metric_name(enum compare_metric metric); /* "IOPS", "p50", "p99", "work+irq" */
const char *compare_pass_word(const struct compare_figure *figure); /* "", " first", " again" */

/* At most 80 columns. */
void report_compare_tables(FILE *out, const struct comparison *c);
/* One line for each figure; -EIO if it could not be written. */
int report_compare_csv(FILE *out, const struct comparison *c);
json_t *report_compare_json(const struct comparison *c);
/*
 * More than two runs and no sides: the medians of each cell for each environment (clock, kernel
 * build, QEMU, CPU), without a verdict.
 */
void report_compare_groups(FILE *out, struct compare_side runs);

#endif
