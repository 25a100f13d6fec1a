// SPDX-License-Identifier: MIT
/*
 * One group of the HTML report: what it shows, the plots and the table of numbers.
 */
#include "report/html_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/colour.h"
#include "report/columns.h"
#include "report/findings.h"
#include "report/gnuplot.h"
#include "report/plot.h"

/* The plots of a group, drawn by one gnuplot: a start costs more than a plot. */
struct plots {
	char *svg;
	bool drawn[NPLOT_KINDS];
};

static int draw(const struct run *run, const struct group *group, struct plots *plots,
		struct error *e)
{
	char *script;
	size_t length;
	FILE *stream = memory_stream(&script, &length);
	int result = 0;

	*plots = (struct plots){.svg = NULL};
	for (enum plot_kind kind = 0; kind < NPLOT_KINDS; kind++) {
		plots->drawn[kind] = plot_possible(kind, run->clock, group);
		for (enum plot_size size = 0; plots->drawn[kind] && size < NPLOT_PAGE_SIZES; size++)
			plot_draw(stream, kind, run->clock, group, size);
	}
	if (fclose(stream) != 0)
		memory_exhausted();
	if (length > 0)
		result = gnuplot_run(script, length, &plots->svg, NULL, e);
	free(script);
	return result;
}

/* One plot in both sizes; the style sheet shows the one that fits. */
static int write_plot(FILE *out, const struct plots *plots, enum plot_kind kind, size_t group,
		      struct error *e)
{
	static const char *const class[NPLOT_PAGE_SIZES] = {
		[PLOT_WIDE] = "wide", [PLOT_NARROW] = "narrow"};
	unsigned int first = kind == PLOT_LATENCY && plots->drawn[PLOT_BARS] ? NPLOT_PAGE_SIZES : 0;

	for (unsigned int size = 0; size < NPLOT_PAGE_SIZES; size++) {
		char prefix[64];

		snprintf(prefix, sizeof(prefix), "g%zu-%s-%s-", group + 1, plot_name(kind),
			 class[size]);
		fprintf(out, "<div class=\"%s\">", class[size]);
		if (gnuplot_inline_svg(out, plots->svg, first + size, prefix) < 0)
			return error_set(
				e, -EIO,
				"the report was not written: gnuplot drew fewer plots than "
				"it was asked for; do: gnuplot --version (5.2 or later is "
				"needed)");
		fputs("</div>\n", out);
	}
	return 0;
}

static void write_bars_key(FILE *out, enum run_clock clock, const struct group *group)
{
	bool irq = false, copy = false, interval = false;

	for (size_t i = 0; i < group->nfigures; i++) {
		const struct row *row = &group->rows[i];
		const struct quantity *metric = row_metric(clock, row);

		irq |= row->pass->irq.known && row->pass->irq.median > 0;
		copy |= row->pass->copy.known && row->pass->copy.median > 0;
		interval |= metric->known && metric->high > metric->low;
	}
	fputs("<ul class=\"key\">", out);
	if (clock == RUN_CLOCK_INSTRUCTIONS) {
		fputs("<li><i class=\"work\"></i>work</li>", out);
		if (irq)
			fputs("<li><i class=\"irq\"></i>irq</li>", out);
		if (copy)
			fputs("<li><i class=\"copy\"></i>copy, not ranked</li>", out);
	}
	if (interval)
		fprintf(out, "<li><i class=\"interval\"></i>%s</li>",
			columns_units(group).confident ? "95% interval of the median"
						       : "range of the repetitions");
	fputs("</ul>\n", out);
}

static int write_plots(FILE *out, const struct run *run, const struct group *group, size_t index,
		       const struct plots *plots, struct error *e)
{
	int result = 0;

	if (plots->drawn[PLOT_BARS]) {
		fprintf(out, "<figure class=\"plot\"><figcaption>%s</figcaption>\n",
			run->clock == RUN_CLOCK_NS
				? "I/Os per second: longer is better"
				: "Instructions that one I/O costs: shorter is better");
		write_bars_key(out, run->clock, group);
		result = write_plot(out, plots, PLOT_BARS, index, e);
		fputs("</figure>\n", out);
	}
	if (result == 0 && plots->drawn[PLOT_LATENCY]) {
		fputs("<figure class=\"plot\"><figcaption>Distribution of latency over all "
		      "repetitions: further left is better. Read p99 as: 99 of 100 I/Os took no "
		      "longer</figcaption>\n",
		      out);
		result = write_plot(out, plots, PLOT_LATENCY, index, e);
		fputs("</figure>\n", out);
	}
	return result;
}

static void write_table_head(FILE *out, enum run_clock clock, const struct group *group,
			     const struct table_units *units)
{
	size_t n;
	const struct column *columns = columns_for(clock, &n);
	char heading[FORMAT_MAX];
	const char *unit;

	fputs("<thead><tr><th scope=\"col\">path</th>", out);
	for (size_t i = 0; i < n; i++) {
		if (!column_shown(&columns[i], group, true))
			continue;
		column_heading(&columns[i], units, heading, sizeof(heading));
		fprintf(out, "<th scope=\"col\">%s", heading);
		unit = column_unit(&columns[i], units);
		if (*unit)
			fprintf(out, "<small>%s</small>", unit);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n", out);
}

static void write_apart(FILE *out, const char *heading)
{
	fprintf(out, "<tr class=\"apart\"><th colspan=\"99\">%s</th></tr>\n", heading);
}

static void write_table(FILE *out, enum run_clock clock, const struct group *group, size_t index)
{
	size_t n;
	const struct column *columns = columns_for(clock, &n);
	const struct table_units units = columns_units(group);
	char text[FORMAT_MAX];

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of numbers\">"
	      "<table class=\"numbers\">\n",
	      out);
	write_table_head(out, clock, group, &units);
	fputs("<tbody>\n", out);
	for (size_t row = 0; row < group->nrows; row++) {
		if (row == group->nfigures)
			write_apart(out, "emulated time: not a figure, not ranked");
		else if (row == group->nranked)
			write_apart(out, group_again_heading(group));
		fprintf(out,
			"<tr><th scope=\"row\"><span class=\"swatch\" style=\"background:%s\">"
			"</span>",
			colour_of_path(group->rows[row].cell->workload.path));
		html_cell_link(out, group, index, group->rows[row].cell, group->rows[row].name);
		fputs("</th>", out);
		for (size_t i = 0; i < n; i++) {
			if (!column_shown(&columns[i], group, true))
				continue;
			column_text(&columns[i], &group->rows[row], &units, text, sizeof(text));
			fputs("<td>", out);
			html_text(out, text);
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_unranked(FILE *out, const struct group *group, size_t index)
{
	bool first = true;

	for (size_t i = 0; i < group->ncells; i++) {
		const struct cell *cell = group->cells[i];
		const char *word = cell_state_word(cell);
		char name[CELL_NAME_MAX], *why;

		if (cell->status == CELL_MEASURED)
			continue;
		if (first)
			fputs("<h3>Not ranked</h3>\n<div class=\"scroll\"><table "
			      "class=\"unranked\"><tbody>\n",
			      out);
		first = false;
		fputs("<tr><th scope=\"row\">", out);
		group_cell_name(group, cell, name);
		html_cell_link(out, group, index, cell, name);
		fprintf(out, "</th><td class=\"state %s\">%s</td><td>",
			cell->status == CELL_PLANNED ? "NOTRUN" : word, word);
		why = cell_why(cell);
		html_text(out, why);
		free(why);
		fputs("</td></tr>\n", out);
	}
	if (!first)
		fputs("</tbody></table></div>\n", out);
}

static void write_note(FILE *out, const struct group *group, const struct cell *cell, char *text)
{
	char name[CELL_NAME_MAX];

	if (!text)
		return;
	group_cell_name(group, cell, name);
	fputs("<p class=\"note\">", out);
	html_text(out, name);
	fputc(' ', out);
	html_text(out, text);
	fputs("</p>\n", out);
	free(text);
}

static void write_notes(FILE *out, const struct group *group)
{
	for (size_t i = 0; i < group->ncells; i++) {
		write_note(out, group, group->cells[i], cell_refaults(group->cells[i]));
		write_note(out, group, group->cells[i], cell_unsteady(group->cells[i]));
		write_note(out, group, group->cells[i], cell_placement(group->cells[i]));
	}
}

int html_group(FILE *out, const struct run *run, const struct group *group, size_t index,
	       struct error *e)
{
	char finding[FINDING_MAX];
	struct plots plots;
	int result = draw(run, group, &plots, e);

	if (result < 0)
		return result;
	finding_sentence(run->clock, group, finding, sizeof(finding));
	fprintf(out, "<section class=\"group\" id=\"group-%zu\">\n<p class=\"over\">", index + 1);
	html_text(out, group->name);
	fputs("</p>\n<h2>", out);
	html_text(out, finding);
	fputs("</h2>\n", out);
	result = write_plots(out, run, group, index, &plots, e);
	free(plots.svg);
	if (group->nrows > 0)
		write_table(out, run->clock, group, index);
	write_unranked(out, group, index);
	write_notes(out, group);
	html_where(out, group);
	html_cells(out, run, group, index);
	fputs("</section>\n", out);
	return result;
}
