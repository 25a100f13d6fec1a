// SPDX-License-Identifier: MIT
/*
 * The distribution of latency. Both axes are logarithmic: the lower one in time, the left one in
 * what is left to come (1 - p), so that p99.9 has as much room as p90; a tail that a linear axis
 * would press into one line is what these plots are looked at for.
 */
#include "report/plot_script.h"

#include <inttypes.h>
#include <math.h>

#include "report/colour.h"
#include "report/columns.h"

/* Up to p99.999; beyond that a run of minutes has too few I/Os to say anything. */
#define NINES_MAX 5.0

static const struct plot_geometry geometries[NPLOT_SIZES] = {
	[PLOT_WIDE] = {960, 0, 76, 24, 10, 62, 14, false},
	[PLOT_NARROW] = {340, 0, 58, 14, 8, 56, 12, false},
	[PLOT_PICTURE] = {960, 0, 76, 24, 40, 62, 14, true},
};
static const int graph_heights[NPLOT_SIZES] = {320, 260, 320};
/* How many names stand side by side below; the room that a row of them takes is left free. */
static const int key_columns[NPLOT_SIZES] = {3, 1, 3};

/* gnuplot multiplies these by the line's width. */
static const char *const dashes[] = {"", "8,3", "3,2", "8,3,2,3", "14,3", "5,2,2,2,2,2"};
#define NDASHES (sizeof(dashes) / sizeof(dashes[0]))

/* One path may have more rows than there are dashes: the next ones are drawn thinner. */
static double line_width(size_t index)
{
	return index < NDASHES ? 2 : index < 2 * NDASHES ? 1.2 : 0.7;
}

bool plot_latency_possible(enum run_clock clock, const struct group *group)
{
	if (clock != RUN_CLOCK_NS)
		return false;
	for (size_t i = 0; i < group->nfigures; i++)
		if (group->rows[i].pass->merged && histogram_total(group->rows[i].pass->merged))
			return true;
	return false;
}

struct range {
	double low, high, nines;
};

/* From the shortest to the longest latency, and as many nines as the I/Os carry. */
static struct range range_of(const struct group *group)
{
	struct range range = {INFINITY, 0, 2};

	for (size_t i = 0; i < group->nfigures; i++) {
		const struct histogram *h = group->rows[i].pass->merged;
		uint64_t total = h ? histogram_total(h) : 0;

		if (!total)
			continue;
		range.nines = fmax(range.nines, fmin(floor(log10((double)total)), NINES_MAX));
		range.low = fmin(range.low, fmax(1, (double)histogram_percentile(h, 0)));
		range.high = fmax(range.high, (double)histogram_percentile(h, 999990));
	}
	range.low *= 0.9;
	range.high = fmax(range.high * 1.1, range.low * 2);
	return range;
}

/* Steps of the distribution: latency in the table's unit, and -log10 of the share still to come. */
static void write_steps(FILE *script, const struct histogram *h, double unit, double nines)
{
	double total = (double)histogram_total(h), below = 0, written = -1;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double value, y;

		if (!h->count[i])
			continue;
		value = fmax(1, (double)histogram_bucket_value(i));
		if (written < 0)
			fprintf(script, "%.6f 0\n", value / unit);
		below += (double)h->count[i];
		y = below < total ? -log10(1 - below / total) : nines;
		/* Steps that are smaller than a pixel only make the file larger. */
		if (y - written < nines / 300 && below < total)
			continue;
		fprintf(script, "%.6f %.5f\n", value / unit, fmin(y, nines));
		written = y;
		if (y >= nines)
			break;
	}
}

/* "500 us", "1 ms": six decades in one unit would be rows of zeros. */
static void write_tic(FILE *script, double value, const struct time_unit *unit)
{
	double ns = round(value * (double)unit->ns);
	const char *name = "ns";

	for (size_t i = 0; i < 3 && ns >= 1000; i++) {
		static const char *const larger[] = {"us", "ms", "s"};

		ns /= 1000;
		name = larger[i];
	}
	fprintf(script, "'%.15g %s' %.6f", ns, name, value);
}

static void write_axes(FILE *script, const struct range *range, const struct time_unit *unit,
		       enum plot_size size, int height)
{
	static const char *const shares[] = {"p0", "p90", "p99", "p99.9", "p99.99", "p99.999"};
	double scale = (double)unit->ns, low = range->low / scale, high = range->high / scale;
	/* Few decades leave room for the twos and fives of each. */
	bool dense = high / low < (size == PLOT_NARROW ? 20 : 3000);
	bool every = high / low < (size == PLOT_NARROW ? 3 : 12);
	const char *join = "";

	fprintf(script, "set logscale x\nset xrange [%.6f:%.6f]\nset xtics (", low, high);
	for (double decade = pow(10, floor(log10(low))); decade <= high; decade *= 10)
		for (int digit = 1; digit <= 9; digit++) {
			bool rare = digit > 1 && digit != 2 && digit != 5;

			if (decade * digit < low || decade * digit > high ||
			    (digit > 1 && !dense) || (rare && !every))
				continue;
			fputs(join, script);
			write_tic(script, decade * digit, unit);
			join = ", ";
		}
	fprintf(script, ")\nset yrange [0:%.0f]\nset ytics ('p50' 0.30103", range->nines);
	for (int nines = 0; nines <= (int)range->nines; nines++)
		fprintf(script, ", '%s' %d", shares[nines], nines);
	fprintf(script,
		")\nset grid xtics ytics lt 1 lw 1 lc rgb '" PLOT_AXIS_COLOUR "'\n"
		"set xlabel 'latency (logarithmic)' offset 0,0.3\n"
		"set key at screen 0.5,%.5f center bottom horizontal Left reverse samplen 3 "
		"maxcols %d\n",
		4.0 / height, key_columns[size]);
}

void plot_latency(FILE *script, const struct group *group, enum plot_size size)
{
	const struct time_unit *unit = columns_units(group).latency;
	const struct range range = range_of(group);
	struct plot_geometry g = geometries[size];
	int columns = key_columns[size], height;
	const char *join = "";

	for (size_t i = 0; i < group->nfigures; i++) {
		const struct histogram *h = group->rows[i].pass->merged;

		if (!h || !histogram_total(h))
			continue;
		fprintf(script, "$latency%zu << END\n", i);
		write_steps(script, h, (double)unit->ns, range.nines);
		fputs("END\n", script);
	}
	g.bottom += ((int)group->nfigures + columns - 1) / columns * g.font * 8 / 5;
	height = g.top + graph_heights[size] + g.bottom;
	plot_write_terminal(script, &g, height);
	write_axes(script, &range, unit, size, height);
	if (size == PLOT_PICTURE)
		plot_write_title(script, group->name);
	fputs("plot ", script);
	for (size_t i = 0; i < group->nfigures; i++) {
		const struct row *row = &group->rows[i];

		if (!row->pass->merged || !histogram_total(row->pass->merged))
			continue;
		fprintf(script,
			"%s$latency%zu using 1:2 with fsteps linewidth %.1f linecolor rgb '%s'",
			join, i, line_width(i), colour_of_path(row->cell->workload.path));
		if (*dashes[i % NDASHES])
			fprintf(script, " dashtype (%s)", dashes[i % NDASHES]);
		fputs(" title '", script);
		plot_write_label(script, row->name);
		fputs("'", script);
		join = ", ";
	}
	fputs("\nset output\n", script);
}
