/* SPDX-License-Identifier: MIT */
/*
 * gnuplot scripts for the plots of a group.
 */
#ifndef BYPASS_REPORT_PLOT_H
#define BYPASS_REPORT_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/rows.h"

/*
 * On a page every plot is drawn twice, for a wide one and for a telephone: one drawing scaled to
 * both would have letters too small for the one or too large for the other. As a picture it stands
 * alone: it has a title, and is PNG.
 */
enum plot_size {
	PLOT_WIDE,
	PLOT_NARROW,
	NPLOT_PAGE_SIZES,
	PLOT_PICTURE = NPLOT_PAGE_SIZES,
	NPLOT_SIZES,
};

enum plot_kind {
	/* Rows as horizontal bars with their intervals: IOPS, or work + irq and, beside it, copy.
	 */
	PLOT_BARS,
	/* Distribution of latency over a logarithmic axis, one line for each row. */
	PLOT_LATENCY,
	NPLOT_KINDS,
};

/* In a word, for names of files and elements. */
const char *plot_name(enum plot_kind kind);
/* Whether the figures of @group make a plot of that kind. */
bool plot_possible(enum plot_kind kind, enum run_clock clock, const struct group *group);
/* Writes the commands that draw it. */
void plot_draw(FILE *script, enum plot_kind kind, enum run_clock clock, const struct group *group,
	       enum plot_size size);

#endif
