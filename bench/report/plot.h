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

/* Ranked rows as horizontal bars with their intervals: IOPS, or work + irq and, beside it, copy. */
void plot_bars(FILE *script, enum run_clock clock, const struct group *group, enum plot_size size);
bool plot_bars_possible(enum run_clock clock, const struct group *group);

/* Distribution of latency over a logarithmic axis, one line for each ranked row. */
void plot_latency(FILE *script, const struct group *group, enum plot_size size);
bool plot_latency_possible(enum run_clock clock, const struct group *group);

/* The dash pattern of the @index-th line, as the script has it; the legend draws the same. */
const char *plot_dashes(size_t index);

#endif
