/* SPDX-License-Identifier: MIT */
/*
 * What the scripts of all plots have in common; only plot*.c includes this.
 */
#ifndef BYPASS_REPORT_PLOT_SCRIPT_H
#define BYPASS_REPORT_PLOT_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/plot.h"

/* Readable on white and on black. */
#define PLOT_AXIS_COLOUR "#808890"

/* Pixels. A narrow plot has each name above its bar, a wide one beside it. */
struct plot_geometry {
	int width, row_height, left, right, top, bottom, font;
	bool picture; /* PNG: pixels, each of which is four */
};

/* The plots of PLOT_LATENCY. */
bool plot_latency_possible(enum run_clock clock, const struct group *group);
void plot_latency(FILE *script, const struct group *group, enum plot_size size);
/* @text between single quotes: all but letters, digits and a few harmless signs become '_'. */
void plot_write_label(FILE *script, const char *text);
/* Begins a plot: nothing is left of the one before. */
void plot_write_terminal(FILE *script, const struct plot_geometry *g, int height);
/* Above a picture. */
void plot_write_title(FILE *script, const char *title);

#endif
