// SPDX-License-Identifier: MIT
/* The verdicts on a terminal. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/program.h"
#include "core/statistics.h"
#include "report/compare.h"
#include "report/format.h"
#include "report/rows.h"

#define WIDTH    80
#define NCOLUMNS 6
/* A longer value of the environment is shown by the words that differ. */
#define VALUE_MAX 40

struct line {
	char name[CELL_NAME_MAX];
	char text[NCOLUMNS][FORMAT_MAX];
};

static const char *const headings[NCOLUMNS] = {"metric",   "base",   "new",
					       "new/base", "95% CI", "verdict (runs)"};

static void wrap(FILE *out, size_t indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void wrap(FILE *out, size_t indent, const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	text = memory_vformat(format, list);
	va_end(list);
	format_wrap(out, 0, indent, text);
	free(text);
}

static void value_text(enum compare_metric metric, double value, char *out, size_t size)
{
	uint64_t whole = value < 1e19 ? (uint64_t)(value + 0.5) : UINT64_MAX;
	const struct time_unit *unit = format_time_unit(whole);

	if (metric == METRIC_IOPS || metric == METRIC_COST) {
		format_count(out, size, whole);
		return;
	}
	format_scaled(out, size, whole, unit->ns);
	snprintf(out + strlen(out), size - strlen(out), "%s", unit->name);
}

static void ratio_text(double ratio, char *out, size_t size)
{
	snprintf(out, size, ratio < 0.9995e4 ? "%.*f" : ">%.*f", ratio < 9.9995 ? 3 : 0,
		 ratio < 0.9995e4 ? ratio : 9999);
}

static void verdict_text(const struct comparison *c, const struct compare_figure *figure, char *out,
			 size_t size)
{
	size_t runs = comparison_runs_needed(c, figure);

	if (figure->item.verdict != COMPARE_UNDECIDED)
		snprintf(out, size, "%s", compare_verdict_name(figure->item.verdict));
	else if (runs > COMPARE_UNITS_MAX)
		snprintf(out, size, "undecided (>%d)", COMPARE_UNITS_MAX);
	else
		snprintf(out, size, "undecided (%zu)", runs);
}

/* The cells of @figure's group that are compared, in a group as the other reports have it. */
static struct group group_of(const struct comparison *c, const struct cell *cell)
{
	struct group group = {.name = cell->group, .durability = cell->workload.durability};

	group.cells = memory_zeroed(c->nfigures, sizeof(*group.cells));
	for (size_t i = 0; i < c->nfigures; i++) {
		const struct cell *other = c->figures[i].cell;

		if (strcmp(other->group, cell->group) == 0 &&
		    (!group.ncells || group.cells[group.ncells - 1] != other))
			group.cells[group.ncells++] = other;
	}
	return group;
}

/*
 * The value of one side whose quotient is the ratio: few units are compared by the means of their
 * logarithms. Many are compared by ranks, whose ratio is no quotient: there it is the median.
 */
static double middle(const struct compare_item *item, const double *values, size_t n)
{
	double sum = 0;

	if (item->method == COMPARE_BY_RANKS)
		return statistics_middle(values, n);
	for (size_t i = 0; i < n; i++)
		sum += log(values[i]);
	return exp(sum / (double)n);
}

static void fill(struct line *line, const struct comparison *c, const struct group *group,
		 const struct compare_figure *figure)
{
	const struct compare_item *item = &figure->item;
	char low[FORMAT_MAX / 2], high[FORMAT_MAX / 2];

	group_cell_name(group, figure->cell, line->name);
	strncat(line->name, compare_pass_word(figure), sizeof(line->name) - strlen(line->name) - 1);
	snprintf(line->text[0], FORMAT_MAX, "%s", compare_metric_name(figure->metric));
	value_text(figure->metric, middle(item, item->base, item->nbase), line->text[1],
		   FORMAT_MAX);
	value_text(figure->metric, middle(item, item->new, item->nnew), line->text[2], FORMAT_MAX);
	ratio_text(item->ratio, line->text[3], FORMAT_MAX);
	ratio_text(item->low, low, sizeof(low));
	ratio_text(item->high, high, sizeof(high));
	snprintf(line->text[4], FORMAT_MAX, strcmp(low, high) ? "%s-%s" : "%s", low, high);
	verdict_text(c, figure, line->text[5], FORMAT_MAX);
}

/* The first columns are words and stand left, the numbers right, the verdict left again. */
static void write_line(FILE *out, const char *name, size_t name_width,
		       const char text[][FORMAT_MAX], const size_t *width)
{
	size_t used = format_width(name);

	format_plain(out, name);
	if (used > name_width) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", (int)(name_width - used), "");
	fprintf(out, "  %-*s", (int)width[0], text[0]);
	for (size_t i = 1; i + 1 < NCOLUMNS; i++)
		fprintf(out, "  %*s", (int)width[i], text[i]);
	fprintf(out, "  %s\n", text[NCOLUMNS - 1]);
}

static void write_lines(FILE *out, const char *heading, const struct line *lines, size_t n)
{
	char head[NCOLUMNS][FORMAT_MAX];
	size_t width[NCOLUMNS], name_width = strlen("path"), rest = 0;

	for (size_t i = 0; i < NCOLUMNS; i++) {
		snprintf(head[i], FORMAT_MAX, "%s", headings[i]);
		width[i] = strlen(head[i]);
		for (size_t k = 0; k < n; k++)
			if (strlen(lines[k].text[i]) > width[i])
				width[i] = strlen(lines[k].text[i]);
		rest += width[i] + 2;
	}
	for (size_t k = 0; k < n; k++)
		if (format_width(lines[k].name) > name_width)
			name_width = format_width(lines[k].name);
	if (name_width + rest > WIDTH)
		name_width = rest < WIDTH ? WIDTH - rest : 0;
	fputc('\n', out);
	format_wrap(out, 0, 2, heading);
	write_line(out, name_width < strlen("path") ? "" : "path", name_width, head, width);
	for (size_t k = 0; k < n; k++) {
		bool told = k > 0 && format_width(lines[k].name) > name_width &&
			    strcmp(lines[k].name, lines[k - 1].name) == 0;

		/* A name that has a line of its own stands above all of its figures. */
		write_line(out, told ? "" : lines[k].name, name_width, lines[k].text, width);
	}
}

static void write_group(FILE *out, const struct comparison *c, size_t first)
{
	const struct cell *cell = c->figures[first].cell;
	struct group group = group_of(c, cell);
	struct line *lines = memory_zeroed(c->nfigures, sizeof(*lines));
	size_t n = 0;

	for (size_t i = first; i < c->nfigures; i++)
		if (strcmp(c->figures[i].cell->group, cell->group) == 0)
			fill(&lines[n++], c, &group, &c->figures[i]);
	write_lines(out, cell->group, lines, n);
	free(lines);
	free(group.cells);
}

static bool is_first_of_group(const struct comparison *c, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(c->figures[i].cell->group, c->figures[at].cell->group) == 0)
			return false;
	return true;
}

/* Whether the text from @word to its end is a word of @text. */
static bool has_word(const char *text, const char *word, size_t length)
{
	static const char separators[] = " ,;|";

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t n = strcspn(text, separators);

		if (n == length && strncmp(text, word, n) == 0)
			return true;
		text += n;
	}
	return false;
}

static void write_words(FILE *out, const char *text, const char *other, char sign)
{
	static const char separators[] = " ,;|";

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t n = strcspn(text, separators);

		if (!has_word(other, text, n))
			fprintf(out, " %c%.*s", sign, (int)n, text);
		text += n;
	}
}

static char *difference_text(const json_t *list)
{
	char *text = NULL;
	size_t size, i;
	json_t *each;
	FILE *stream = memory_stream(&text, &size);

	json_array_foreach((json_t *)list, i, each)
	{
		const char *base = json_string_value(json_object_get(each, "base"));
		const char *new = json_string_value(json_object_get(each, "new"));

		fprintf(stream, "%s%s", i ? "; " : "",
			json_string_value(json_object_get(each, "key")));
		if (strlen(base) <= VALUE_MAX && strlen(new) <= VALUE_MAX) {
			fprintf(stream, " %s -> %s", base, new);
		} else {
			write_words(stream, base, new, '-');
			write_words(stream, new, base, '+');
		}
	}
	fclose(stream);
	return text;
}

static void write_environment(FILE *out, const struct comparison *c)
{
	json_t *list = compare_environments(c->base, c->new);
	char *text = difference_text(list);

	if (json_array_size(list) == 0)
		fputs("ENV same\n", out);
	else if (json_array_size(list) == 1)
		wrap(out, 4, "ENV same but %s (the change under test)", text);
	else
		wrap(out, 4, "WARN ENV differs in more than one thing: %s", text);
	free(text);
	json_decref(list);
}

static void write_side(FILE *out, const char *name, struct compare_side side)
{
	fprintf(out, "%s %s", name, side.runs[0]->id);
	if (side.n > 1)
		fprintf(out, " and %zu more", side.n - 1);
}

static void write_missing(FILE *out, const struct comparison *c)
{
	for (size_t i = 0; i < c->nmissing; i++) {
		if (i == 0)
			fputs("\nnot compared:\n", out);
		wrap(out, 4, "  %s: %s", c->missing[i].cell->id, c->missing[i].why);
	}
}

static size_t most_runs_needed(const struct comparison *c)
{
	size_t most = 0;

	for (size_t i = 0; i < c->nfigures; i++) {
		size_t runs = comparison_runs_needed(c, &c->figures[i]);

		if (c->figures[i].item.verdict == COMPARE_UNDECIDED && runs > most)
			most = runs;
	}
	return most;
}

static void write_result(FILE *out, const struct comparison *c)
{
	size_t slower = comparison_count(c, COMPARE_SLOWER);
	size_t faster = comparison_count(c, COMPARE_FASTER);
	size_t undecided = comparison_count(c, COMPARE_UNDECIDED);
	size_t runs = most_runs_needed(c);
	char *next;

	fprintf(out, "\n%zu figure%s: %zu slower, %zu faster, %zu same, %zu undecided", c->nfigures,
		c->nfigures == 1 ? "" : "s", slower, faster, comparison_count(c, COMPARE_SAME),
		undecided);
	if (undecided && runs > COMPARE_UNITS_MAX)
		fprintf(out, "\n(need more than %d runs on each side)", COMPARE_UNITS_MAX);
	else if (undecided)
		fprintf(out, "\n(need %zu runs on each side)", runs);
	fprintf(out, ". exit %d\n", slower + faster > 0);
	if (!undecided)
		return;
	next = program_in_text("next: run both in turns; bypass compare BASE1,BASE2,... "
			       "NEW1,NEW2,...");
	format_wrap(out, 0, 2, next);
	free(next);
}

void report_compare_tables(FILE *out, const struct comparison *c)
{
	write_side(out, "base", c->base);
	write_side(out, ", new", c->new);
	fprintf(out, "; clock %s, threshold %g%%\n",
		c->clock == RUN_CLOCK_NS ? "ns" : "instructions", c->threshold * 100);
	write_environment(out, c);
	for (size_t i = 0; i < c->nfigures; i++)
		if (is_first_of_group(c, i))
			write_group(out, c, i);
	write_missing(out, c);
	write_result(out, c);
}
