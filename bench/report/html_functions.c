// SPDX-License-Identifier: MIT
/*
 * Where the instructions go: pictures and tables of what --functions counted. Widths are per cent
 * of the page, so that one drawing does for every screen; a letter is never scaled.
 */
#include "report/html_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "report/functions.h"
#include "report/layers.h"

#define BAR_HEIGHT 28
/* Pixels: a page, a telephone, a letter at most, and what is free beside a word. */
#define WIDE   1070
#define NARROW 320
#define LETTER 8
#define BESIDE 10
/* A function with fewer of 1000 instructions has no box of its own: it would be under a pixel. */
#define BOX_PER_1000 4
/* Off by more than 1 % is explained. */
#define OFF_PPM_MAX 10000

/* A pass whose functions were counted. */
struct counted_row {
	const struct function_counts *counts;
	const char *name;
	uint64_t sum[NLAYERS];
};

/* Those of @group; the caller frees them. */
static struct counted_row *counted_rows(const struct group *group, size_t *n)
{
	struct counted_row *rows = calloc(group->nrows + 1, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; rows && i < group->nrows; i++) {
		const struct row *row = &group->rows[i];
		const struct function_counts *counts =
			&row->cell->functions[row->pass - row->cell->summary];

		if (!counts->ios || !counts->insn_per_1000_ios)
			continue;
		rows[*n].counts = counts;
		rows[*n].name = row->name;
		layers_sum(counts, rows[*n].sum);
		++*n;
	}
	return rows;
}

static void write_count(FILE *out, uint64_t per_1000)
{
	char number[FORMAT_MAX];

	format_exact(number, sizeof(number), (per_1000 + 500) / 1000);
	fputs(number, out);
}

/* A box from @from to @from + @count of @all. @text is its name, shown if there is room for it. */
static void write_box(FILE *out, uint64_t from, uint64_t count, uint64_t all, unsigned int row,
		      const char *colour, const char *text)
{
	double left = 100.0 * (double)from / (double)all;
	double width = 100.0 * (double)count / (double)all;
	double need = (double)strlen(text) * LETTER + BESIDE;

	fprintf(out, "<svg x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" height=\"%d\"><title>", left,
		row * BAR_HEIGHT, width, BAR_HEIGHT);
	html_text(out, text);
	fputs(": ", out);
	write_count(out, count);
	fprintf(out, "</title><rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>", colour);
	if (width * WIDE >= need * 100) {
		fprintf(out, "<text%s x=\"5\" y=\"19\">",
			width * NARROW >= need * 100 ? "" : " class=\"thin\"");
		html_text(out, text);
		fputs("</text>", out);
	}
	fputs("</svg>", out);
}

/* What a reader who sees no picture gets. */
static void open_picture(FILE *out, unsigned int height, const char *name, const uint64_t *sum)
{
	const char *join = ": ";

	fprintf(out,
		"<svg class=\"layers\" width=\"100%%\" height=\"%u\" role=\"img\" aria-label=\"",
		height);
	html_text(out, name);
	for (unsigned int i = 0; i < NLAYERS; i++) {
		if (!sum[i])
			continue;
		fprintf(out, "%s%s ", join, layer_name((enum layer)i));
		write_count(out, sum[i]);
		join = ", ";
	}
	fputs("\">", out);
}

static void write_layers(FILE *out, const uint64_t *sum, uint64_t all)
{
	uint64_t from = 0;

	for (unsigned int i = 0; i < NLAYERS; i++) {
		if (sum[i])
			write_box(out, from, sum[i], all, 0, layer_colour((enum layer)i),
				  layer_name((enum layer)i));
		from += sum[i];
	}
}

static void write_layer_table(FILE *out, const struct counted_row *rows, size_t n)
{
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Instructions by "
	      "layer\"><table class=\"numbers by-layer\"><thead><tr><th scope=\"col\">layer</th>",
	      out);
	for (size_t row = 0; row < n; row++) {
		fputs("<th scope=\"col\">", out);
		html_text(out, rows[row].name);
		fputs("<small>insn/IO</small></th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (unsigned int i = 0; i < NLAYERS; i++) {
		uint64_t any = 0;

		for (size_t row = 0; row < n; row++)
			any += rows[row].sum[i];
		if (!any)
			continue;
		fprintf(out,
			"<tr><th scope=\"row\"><span class=\"swatch\" style=\"background:%s\">"
			"</span>%s</th>",
			layer_colour((enum layer)i), layer_name((enum layer)i));
		for (size_t row = 0; row < n; row++) {
			fputs("<td>", out);
			write_count(out, rows[row].sum[i]);
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("<tr><th scope=\"row\">all</th>", out);
	for (size_t row = 0; row < n; row++) {
		fputs("<td>", out);
		write_count(out, rows[row].counts->insn_per_1000_ios);
		fputs("</td>", out);
	}
	fputs("</tr></tbody></table></div>\n", out);
}

void html_where(FILE *out, const struct group *group)
{
	uint64_t most = 0;
	size_t n;
	struct counted_row *rows = counted_rows(group, &n);

	if (n == 0) {
		free(rows);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].counts->insn_per_1000_ios > most)
			most = rows[i].counts->insn_per_1000_ios;
	fputs("<h3>Where the instructions go</h3>\n<figure class=\"where\"><figcaption>Every "
	      "instruction of the I/Os of one repetition, copying included, looking in vain not; "
	      "by layer, from the caller to the device</figcaption>\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		fputs("<p class=\"over\">", out);
		html_text(out, rows[i].name);
		fputs(": ", out);
		write_count(out, rows[i].counts->insn_per_1000_ios);
		fputs("</p>\n", out);
		open_picture(out, BAR_HEIGHT, rows[i].name, rows[i].sum);
		write_layers(out, rows[i].sum, most);
		fputs("</svg>\n", out);
	}
	fputs("</figure>\n", out);
	write_layer_table(out, rows, n);
	free(rows);
}

/* Under each layer its functions; those that are too small for a box of their own are one. */
static void write_boxes(FILE *out, const struct function_counts *counts, const uint64_t *sum)
{
	uint64_t all = counts->insn_per_1000_ios, from = 0, least = all * BOX_PER_1000 / 1000;

	for (unsigned int layer = 0; layer < NLAYERS; layer++) {
		uint64_t end = from + sum[layer];
		size_t others = 0;
		char text[48];

		for (size_t i = 0; i < counts->count; i++) {
			const struct function_count *f = &counts->list[i];

			if (layer_of(f->name, f->where) != layer)
				continue;
			if (f->insn_per_1000_ios < least) {
				others++;
				continue;
			}
			write_box(out, from, f->insn_per_1000_ios, all, 1,
				  layer_colour((enum layer)layer), f->name);
			from += f->insn_per_1000_ios;
		}
		snprintf(text, sizeof(text), "%zu smaller", others);
		if (others && end > from)
			write_box(out, from, end - from, all, 1, layer_colour((enum layer)layer),
				  text);
		from = end;
	}
}

static void write_check(FILE *out, const struct cell *cell, unsigned int pass, const uint64_t *sum)
{
	struct functions_check check;
	char counted[FORMAT_MAX], figure[FORMAT_MAX], off[FORMAT_MAX];

	if (!functions_check(cell, pass, &check))
		return;
	format_exact(counted, sizeof(counted), check.counted);
	format_exact(figure, sizeof(figure), check.figure);
	format_spread(off, sizeof(off), check.off_ppm);
	fprintf(out,
		"<p class=\"note\">%s instructions per I/O were counted in one repetition of "
		"%" PRIu64 " I/Os%s; the figure of this path, work + irq + copy, is %s: %s apart.",
		counted, cell->functions[pass].ios, sum[LAYER_IDLE] ? ", idle left out" : "",
		figure, off);
	if (check.off_ppm > OFF_PPM_MAX)
		fprintf(out,
			" That repetition is none of those that the figure is the median of, and a "
			"mean, in which what is rare counts too%s.",
			sum[LAYER_IDLE] ? "; and the figure has nothing that is executed around "
					  "the halt of an idle processor, of which names tell "
					  "but a part"
					: "");
	fputs("</p>\n", out);
}

static void write_function_table(FILE *out, const struct function_counts *counts)
{
	size_t n = counts->count < FUNCTIONS_SHOWN ? counts->count : FUNCTIONS_SHOWN;
	uint64_t others = counts->insn_per_1000_ios;

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Costliest "
	      "functions\"><table class=\"functions\"><thead><tr><th>function</th><th>insn/IO</th>"
	      "<th>layer</th><th>in</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		const struct function_count *f = &counts->list[i];

		fputs("<tr><td><code>", out);
		html_text(out, f->name);
		fputs("</code></td><td>", out);
		write_count(out, f->insn_per_1000_ios);
		fprintf(out, "</td><td>%s</td><td>", layer_name(layer_of(f->name, f->where)));
		html_text(out, f->where);
		fputs("</td></tr>\n", out);
		others -= f->insn_per_1000_ios < others ? f->insn_per_1000_ios : others;
	}
	if (n < counts->count) {
		fprintf(out, "<tr><td>%zu other functions</td><td>", counts->count - n);
		write_count(out, others);
		fputs("</td><td></td><td></td></tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void html_functions(FILE *out, const struct cell *cell, unsigned int pass, const char *name)
{
	const struct function_counts *counts = &cell->functions[pass];
	uint64_t sum[NLAYERS];

	if (!counts->ios || !counts->insn_per_1000_ios)
		return;
	layers_sum(counts, sum);
	fputs("<h4>Where the instructions go: ", out);
	html_text(out, name);
	fputs("</h4>\n<figure class=\"where\">", out);
	open_picture(out, 2 * BAR_HEIGHT, name, sum);
	write_layers(out, sum, counts->insn_per_1000_ios);
	write_boxes(out, counts, sum);
	fputs("</svg></figure>\n", out);
	write_check(out, cell, pass, sum);
	write_function_table(out, counts);
}
