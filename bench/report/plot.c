// SPDX-License-Identifier: MIT
/*
 * Names come from users, and a gnuplot script is a program that can run commands. So no name goes
 * into it as it is: plot_write_label() lets through letters, digits and a few signs that mean
 * nothing inside single quotes, and everything else in a script is a number or a string of ours.
 */
#include "report/plot_script.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/colour.h"
#include "report/columns.h"
#include "report/format.h"

/* What a bar is made of, from the left. */
struct bar {
	double work, irq, copy, low, high;
};

static const struct plot_geometry geometries[NPLOT_SIZES] = {
	[PLOT_WIDE] = {960, 38, 0, 20, 8, 52, 14, false},
	[PLOT_NARROW] = {340, 50, 6, 12, 4, 46, 12, false},
	[PLOT_PICTURE] = {960, 38, 0, 20, 40, 58, 14, true},
};

void plot_write_label(FILE *script, const char *text)
{
	for (; *text; text++)
		fputc(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			     " .,:+-/()_",
			     *text)
			      ? *text
			      : '_',
		      script);
}

static bool bars_possible(enum run_clock clock, const struct group *group)
{
	for (size_t i = 0; i < group->nfigures; i++)
		if (row_metric(clock, &group->rows[i])->known)
			return true;
	return false;
}

static struct bar bar_of(enum run_clock clock, const struct row *row)
{
	const struct pass_summary *pass = row->pass;
	const struct quantity *rank = row_metric(clock, row);
	struct bar bar = {
		.work = (double)rank->median, .low = (double)rank->low, .high = (double)rank->high};

	if (!rank->known)
		return (struct bar){0};
	if (clock == RUN_CLOCK_NS)
		return bar;
	/* The medians of the parts may miss the median of their sum by a little: the sum counts. */
	if (pass->irq.known && pass->irq.median < rank->median)
		bar.irq = (double)pass->irq.median;
	bar.work -= bar.irq;
	if (pass->copy.known)
		bar.copy = (double)pass->copy.median;
	return bar;
}

/* The largest 1, 2 or 5 times a power of ten that gives at least @count steps up to @end. */
static uint64_t step_of(double end, unsigned int count)
{
	uint64_t step = 1;

	while (step < UINT64_MAX / 10 && end / (double)(step * 10) >= count)
		step *= 10;
	if (end / (double)(step * 5) >= count)
		return step * 5;
	return end / (double)(step * 2) >= count ? step * 2 : step;
}

void plot_write_terminal(FILE *script, const struct plot_geometry *g, int height)
{
	fputs("reset\n", script);
	/* Twice the pixels, for screens of today; a page's SVG has as many as the screen. */
	if (g->picture)
		fprintf(script,
			"set terminal pngcairo size %d,%d noenhanced font 'sans-serif,%d' "
			"fontscale 1.5 linewidth 2 background rgb 'white'\n",
			2 * g->width, 2 * height, g->font);
	else
		fprintf(script,
			"set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,%d'\n",
			g->width, height, g->font);
	fprintf(script,
		"set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
		"set tmargin at screen %.5f\nset bmargin at screen %.5f\n"
		"set tics scale 0\nset border 0\n"
		"set grid xtics lt 1 lw 1 lc rgb '" PLOT_AXIS_COLOUR "'\n",
		(double)g->left / g->width, 1.0 - (double)g->right / g->width,
		1.0 - (double)g->top / height, (double)g->bottom / height);
}

void plot_write_title(FILE *script, const char *title)
{
	fputs("set title '", script);
	plot_write_label(script, title);
	fputs("'\n", script);
}

static void write_value_tics(FILE *script, double end, unsigned int count)
{
	uint64_t step = step_of(end, count);
	char number[FORMAT_MAX];

	fputs("set xtics (", script);
	for (unsigned int i = 0; i < 16 && (double)i * (double)step <= end; i++) {
		format_count(number, sizeof(number), i * step);
		fprintf(script, "%s'%s' %" PRIu64 ".0", i ? ", " : "", number, i * step);
	}
	fputs(")\n", script);
}

static void write_box(FILE *script, double from, double to, double bottom, double top,
		      const char *fill, const char *colour)
{
	if (to > from)
		fprintf(script,
			"set object rectangle from %.1f,%.3f to %.1f,%.3f fillstyle %s border "
			"rgb '%s' fillcolor rgb '%s' linewidth 1\n",
			from, bottom, to, top, fill, colour, colour);
}

/* The numbers beside a bar: what is ranked, and copy, which isn't. */
static void write_value(FILE *script, enum run_clock clock, const struct row *row)
{
	const struct quantity *rank = row_metric(clock, row);
	char number[FORMAT_MAX];

	if (!rank->known) {
		fputc('-', script);
		return;
	}
	format_count(number, sizeof(number), rank->median);
	fputs(number, script);
	if (clock == RUN_CLOCK_INSTRUCTIONS && row->pass->copy.known && row->pass->copy.median) {
		format_count(number, sizeof(number), row->pass->copy.median);
		fprintf(script, " + %s copy", number);
	}
}

static void write_row(FILE *script, enum run_clock clock, const struct row *row, size_t index,
		      enum plot_size size)
{
	const struct bar bar = bar_of(clock, row);
	const char *colour = colour_of_path(row->cell->workload.path);
	double middle = -(double)index, half = 0.3;
	double work_end = bar.work, irq_end = bar.work + bar.irq, end = irq_end + bar.copy;

	if (size == PLOT_NARROW) {
		middle -= 0.2;
		half = 0.2;
	}
	write_box(script, 0, work_end, middle - half, middle + half, "solid 1", colour);
	write_box(script, work_end, irq_end, middle - half, middle + half, "pattern 4", colour);
	write_box(script, irq_end, end, middle - half, middle + half, "transparent solid 0.22",
		  colour);
	if (bar.high > bar.low)
		fprintf(script,
			"set arrow from %.1f,%.3f to %.1f,%.3f heads size graph %.4f,90 linewidth "
			"1.6 "
			"linecolor rgb '" PLOT_AXIS_COLOUR "' front\n",
			bar.low, middle, bar.high, middle, size == PLOT_NARROW ? 0.012 : 0.006);
	if (size == PLOT_NARROW) {
		fputs("set label '", script);
		plot_write_label(script, row->name);
		fputs(":  ", script);
		write_value(script, clock, row);
		fprintf(script, "' at 0,%.3f left offset -0.2,0\n", middle + 0.42);
		return;
	}
	fputs("set label '", script);
	plot_write_label(script, row->name);
	fprintf(script, "' at 0,%.3f right offset -1,0\nset label '", middle);
	write_value(script, clock, row);
	fprintf(script, "' at %.1f,%.3f left offset 1,0\n", bar.high > end ? bar.high : end,
		middle);
}

/* A picture has no legend beside it. */
static const char *bars_unit(enum run_clock clock, const struct group *group, enum plot_size size)
{
	static const char *const instructions[NPLOT_SIZES] = {
		[PLOT_WIDE] = "instructions per I/O; ranked by work + irq",
		[PLOT_NARROW] = "instructions per I/O",
		[PLOT_PICTURE] = "instructions per I/O: work (solid), irq (hatched), copy (pale); "
				 "ranked by work + irq",
	};

	if (clock != RUN_CLOCK_NS)
		return instructions[size];
	if (size != PLOT_PICTURE)
		return "I/Os per second";
	return columns_units(group).confident
		       ? "I/Os per second, median and its 95% interval"
		       : "I/Os per second, median and range of the repetitions";
}

static void bars(FILE *script, enum run_clock clock, const struct group *group, enum plot_size size)
{
	struct plot_geometry g = geometries[size];
	size_t longest = 0;
	double end = 1;

	for (size_t i = 0; i < group->nfigures; i++) {
		const struct bar bar = bar_of(clock, &group->rows[i]);
		double bar_end = bar.work + bar.irq + bar.copy;

		end = fmax(end, fmax(bar_end, bar.high));
		if (strlen(group->rows[i].name) > longest)
			longest = strlen(group->rows[i].name);
	}
	if (size != PLOT_NARROW) {
		/* The letters' mean width, and room at the right for the longest value. */
		g.left = (int)longest * g.font * 6 / 10 + 24;
		g.right = clock == RUN_CLOCK_INSTRUCTIONS ? 180 : 80;
	}
	plot_write_terminal(script, &g, g.top + g.bottom + g.row_height * (int)group->nfigures);
	fprintf(script, "set xrange [0:%.1f]\nset yrange [%.2f:0.5]\nunset ytics\nunset key\n", end,
		-(double)group->nfigures + 0.5);
	write_value_tics(script, end, size == PLOT_NARROW ? 2 : 4);
	fprintf(script, "set xlabel '%s' offset 0,%s\n", bars_unit(clock, group, size),
		size == PLOT_PICTURE ? "-0.1" : "0.3");
	if (size == PLOT_PICTURE)
		plot_write_title(script, group->name);
	for (size_t i = 0; i < group->nfigures; i++)
		write_row(script, clock, &group->rows[i], i, size);
	/* Something must be plotted for the rest to be drawn: a point outside of the range. */
	fputs("plot '+' using (-1):(1) every 100 with dots notitle\nset output\n", script);
}

const char *plot_name(enum plot_kind kind)
{
	return kind == PLOT_BARS ? "bars" : "latency";
}

bool plot_possible(enum plot_kind kind, enum run_clock clock, const struct group *group)
{
	return kind == PLOT_BARS ? bars_possible(clock, group)
				 : plot_latency_possible(clock, group);
}

void plot_draw(FILE *script, enum plot_kind kind, enum run_clock clock, const struct group *group,
	       enum plot_size size)
{
	if (kind == PLOT_BARS)
		bars(script, clock, group, size);
	else
		plot_latency(script, group, size);
}
