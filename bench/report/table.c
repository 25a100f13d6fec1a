// SPDX-License-Identifier: MIT
/*
 * The terminal tables. Columns are as wide as what stands in them, and 80 in all: where a name
 * is too long for that, it gets a line of its own.
 */
#include "report/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/program.h"
#include "report/columns.h"
#include "report/describe.h"
#include "report/format.h"
#include "report/rows.h"

#define WIDTH       80
#define COLUMNS_MAX 24
/* Of a row that isn't ranked: "UNAVAIL" and two spaces, and the longest name beside it. */
#define STATE_WIDTH       9
#define UNRANKED_NAME_MAX 24
#define TARGETS_ABOVE_MAX 3

static const char *const bold = "\033[1m", *const red = "\033[31m", *const yellow = "\033[33m";

struct page {
	FILE *out;
	bool color;
};

/* One group's table while it is laid out. */
struct layout {
	const struct column *column[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	size_t n, name_width, gap;
	struct table_units units;
};

static void paint(const struct page *page, const char *code, const char *text)
{
	if (page->color)
		fputs(code, page->out);
	format_plain(page->out, text);
	if (page->color)
		fputs("\033[0m", page->out);
}

/* Wraps what printf would have written; what it tells to type is typed as this program was. */
__attribute__((format(printf, 4, 5))) static void wrap(FILE *out, size_t column, size_t indent,
						       const char *format, ...)
{
	char *text, *typed;
	va_list list;

	va_start(list, format);
	text = memory_vformat(format, list);
	va_end(list);
	typed = program_in_text(text);
	format_wrap(out, column, indent, typed);
	free(typed);
	free(text);
}

static void write_question(const struct page *page, const struct run *run)
{
	char *how;
	size_t size, width;
	FILE *stream = memory_stream(&how, &size);

	describe_how(run, stream);
	fclose(stream);
	width = format_width(run->suite ? run->suite : "cell") + 2 +
		format_width(run->question ? run->question : "");
	paint(page, bold, run->suite ? run->suite : "cell");
	fputs(": ", page->out);
	if (width + 3 + format_width(how) <= WIDTH) {
		format_plain(page->out, run->question ? run->question : "");
		fprintf(page->out, "%*s%s\n", (int)(WIDTH - width - format_width(how)), "", how);
	} else {
		format_wrap(page->out, width - format_width(run->question ? run->question : ""), 2,
			    run->question ? run->question : "");
		fputs("  ", page->out);
		format_wrap(page->out, 2, 2, how);
	}
	free(how);
}

static void write_targets(const struct page *page, const struct run *run)
{
	const char *target;
	json_t *value;

	json_object_foreach(run->targets, target, value)
	{
		char *text;
		size_t size;
		FILE *stream = memory_stream(&text, &size);

		describe_target(value, stream);
		fclose(stream);
		wrap(page->out, 0, 2, "%s: %s", target, text);
		free(text);
	}
}

/* Who reads wants the first result in sight: many targets stand below the tables. */
static bool targets_stand_above(const struct run *run)
{
	return json_object_size(run->targets) <= TARGETS_ABOVE_MAX;
}

static void write_machine(const struct page *page, const struct run *run)
{
	const char *kernel = json_string_value(json_object_get(run->environment, "kernel"));

	if (targets_stand_above(run))
		write_targets(page, run);
	wrap(page->out, 0, 2, "kernel %s", kernel ? kernel : "-");
	for (size_t i = 0; i < run->nwarnings; i++) {
		const struct warning *warning = &run->warnings[i];

		paint(page, yellow, "WARN ");
		wrap(page->out, 5, 5, "%s%s%s", warning->text ? warning->text : warning->code,
		     warning->remedy ? "; do: " : "", warning->remedy ? warning->remedy : "");
	}
}

static size_t table_width(const struct layout *layout)
{
	size_t width = layout->name_width + layout->gap * layout->n;

	for (size_t i = 0; i < layout->n; i++)
		width += layout->width[i];
	return width;
}

/* Takes out the last column that may be missed; false if none may. */
static bool leave_out(struct layout *layout, const struct group *group)
{
	size_t at = layout->n;

	while (at > 0 && !column_is_spared(layout->column[at - 1], group))
		at--;
	if (at == 0)
		return false;
	for (; at < layout->n; at++) {
		layout->column[at - 1] = layout->column[at];
		layout->width[at - 1] = layout->width[at];
	}
	layout->n--;
	return true;
}

/* Narrower gaps first, then fewer columns, and then the longest names get a line of their own. */
static void fit(struct layout *layout, const struct group *group)
{
	size_t width;

	for (layout->gap = 3; layout->gap > 1 && table_width(layout) > WIDTH;)
		layout->gap--;
	while (table_width(layout) > WIDTH && leave_out(layout, group))
		;
	width = table_width(layout) - layout->name_width;
	if (layout->name_width + width > WIDTH)
		layout->name_width = width < WIDTH ? WIDTH - width : 0;
}

static void lay_out(struct layout *layout, enum run_clock clock, const struct group *group)
{
	size_t n;
	const struct column *columns = columns_for(clock, &n);
	char text[FORMAT_MAX];

	*layout = (struct layout){.name_width = strlen("path"), .units = columns_units(group)};
	for (size_t i = 0; i < n; i++) {
		size_t *width = &layout->width[layout->n];

		if (columns[i].show == SHOW_IN_HTML || !column_shown(&columns[i], group, false))
			continue;
		layout->column[layout->n++] = &columns[i];
		column_heading(&columns[i], &layout->units, text, sizeof(text));
		*width = strlen(text);
		for (size_t row = 0; row < group->nrows; row++) {
			column_text(&columns[i], &group->rows[row], &layout->units, text,
				    sizeof(text));
			if (strlen(text) > *width)
				*width = strlen(text);
		}
	}
	for (size_t row = 0; row < group->nrows; row++)
		if (format_width(group->rows[row].name) > layout->name_width)
			layout->name_width = format_width(group->rows[row].name);
	fit(layout, group);
}

/*
 * The units that stand over several columns, each ending where its last column ends. Returns the
 * column at which the first begins, and writes nothing if @out is NULL.
 */
static size_t write_units(FILE *out, const struct layout *layout, size_t at)
{
	size_t end = layout->name_width, first = WIDTH;

	for (size_t i = 0; i < layout->n; i++) {
		const char *over = layout->column[i]->over;
		const char *unit = "";
		size_t length;

		end += layout->gap + layout->width[i];
		if (!over || (i + 1 < layout->n && layout->column[i + 1]->over &&
			      strcmp(layout->column[i + 1]->over, over) == 0))
			continue;
		if (layout->column[i]->form == COLUMN_LATENCY)
			unit = layout->units.latency->name;
		length = strlen(over) + (*unit ? 1 + strlen(unit) : 0);
		if (first == WIDTH)
			first = end > length ? end - length : 0;
		if (out) {
			/* Two spaces, or two units would read as one. */
			size_t begin = at ? at + 2 : 0;

			if (end > begin + length)
				begin = end - length;

			at += (size_t)fprintf(out, "%*s%s%s%s", (int)(begin - at), "", over,
					      *unit ? " " : "", unit);
		}
	}
	return first;
}

static void write_heading(const struct page *page, const struct layout *layout,
			  const struct group *group)
{
	size_t width = format_width(group->name), units_begin = write_units(NULL, layout, 0);
	char text[FORMAT_MAX];
	bool emulated = group->nfigures == 0 && group->nrows > 0;

	fputc('\n', page->out);
	if (page->color)
		fputs(bold, page->out);
	if (group->nrows > 0 && !emulated && width + 2 <= units_begin) {
		format_plain(page->out, group->name);
	} else {
		format_wrap(page->out, 0, 2, group->name);
		width = 0;
	}
	if (page->color)
		fputs("\033[0m", page->out);
	if (emulated)
		fputs("emulated time: not a figure; in the order of the suite, not ranked\n",
		      page->out);
	if (group->nrows == 0) {
		if (width)
			fputc('\n', page->out);
		return;
	}
	write_units(page->out, layout, width);
	fprintf(page->out, "\n%-*s", (int)layout->name_width, "path");
	for (size_t i = 0; i < layout->n; i++) {
		column_heading(layout->column[i], &layout->units, text, sizeof(text));
		fprintf(page->out, "%*s", (int)(layout->gap + layout->width[i]), text);
	}
	fputc('\n', page->out);
}

static void write_row(const struct page *page, const struct layout *layout, const struct row *row)
{
	size_t width = format_width(row->name);
	char text[FORMAT_MAX];

	format_plain(page->out, row->name);
	if (width > layout->name_width) {
		fputc('\n', page->out);
		width = 0;
	}
	fprintf(page->out, "%*s", (int)(layout->name_width - width), "");
	for (size_t i = 0; i < layout->n; i++) {
		column_text(layout->column[i], row, &layout->units, text, sizeof(text));
		fprintf(page->out, "%*s", (int)(layout->gap + layout->width[i]), text);
	}
	fputc('\n', page->out);
}

/* Whether the same is told in @group, of any path: before @cell, if that is in it. */
static bool was_told(const struct group *group, const struct cell *cell, const char *why)
{
	bool told = false;

	for (size_t i = 0; i < group->ncells && group->cells[i] != cell && !told; i++) {
		char *text;

		if (group->cells[i]->status != cell->status)
			continue;
		text = cell_why(group->cells[i]);
		told = text && strcmp(text, why) == 0;
		free(text);
	}
	return told;
}

/* What a table above told is told again without its remedy. */
static void shorten_why(const struct group *groups, size_t current, const struct cell *cell,
			char *why)
{
	size_t n = strlen(why), end = cell->remedy ? strlen(cell->remedy) + strlen("; ") : 0;

	for (size_t i = 0; i < current; i++) {
		if (n > end && was_told(&groups[i], cell, why)) {
			why[n - end] = '\0';
			return;
		}
	}
}

static void write_unranked_cell(const struct page *page, const struct group *groups, size_t current,
				const struct cell *cell, size_t name_width)
{
	const char *word = cell_state_word(cell);
	size_t column = name_width + 2;
	char name[CELL_NAME_MAX];
	char *why = cell_why(cell);

	group_cell_name(&groups[current], cell, name);
	format_plain(page->out, name);
	if (format_width(name) > name_width)
		fprintf(page->out, "\n%*s", (int)column, "");
	else
		fprintf(page->out, "%*s", (int)(column - format_width(name)), "");
	paint(page, cell->status == CELL_UNAVAILABLE ? yellow : red, word);
	fprintf(page->out, "%*s", (int)(STATE_WIDTH - strlen(word)), "");
	column += STATE_WIDTH;
	if (why && was_told(&groups[current], cell, why)) {
		fputs("as above\n", page->out);
	} else {
		if (why)
			shorten_why(groups, current, cell, why);
		wrap(page->out, column, column, "%s", why ? why : "-");
	}
	free(why);
}

static void write_unranked(const struct page *page, const struct group *groups, size_t current)
{
	const struct group *group = &groups[current];
	size_t name_width = 0;
	bool first = true;
	char name[CELL_NAME_MAX];

	for (size_t i = 0; i < group->ncells; i++) {
		size_t width;

		if (group->cells[i]->status == CELL_MEASURED)
			continue;
		group_cell_name(group, group->cells[i], name);
		width = format_width(name);
		/* A longer name has a line of its own and leaves the others their room. */
		if (width > name_width && width <= UNRANKED_NAME_MAX)
			name_width = width;
	}
	for (size_t i = 0; i < group->ncells; i++) {
		if (group->cells[i]->status == CELL_MEASURED)
			continue;
		if (first)
			fputs("not ranked:\n", page->out);
		first = false;
		write_unranked_cell(page, groups, current, group->cells[i], name_width);
	}
}

static void write_note(const struct page *page, const struct group *group, const struct cell *cell,
		       char *text)
{
	char name[CELL_NAME_MAX];

	if (!text)
		return;
	group_cell_name(group, cell, name);
	paint(page, yellow, "NOTE ");
	wrap(page->out, 5, 5, "%s %s", name, text);
	free(text);
}

static void write_notes(const struct page *page, const struct group *group)
{
	for (size_t i = 0; i < group->ncells; i++) {
		write_note(page, group, group->cells[i], cell_refaults(group->cells[i]));
		write_note(page, group, group->cells[i], cell_unsteady(group->cells[i]));
		write_note(page, group, group->cells[i], cell_placement(group->cells[i]));
	}
}

static void write_group(const struct page *page, const struct run *run, const struct group *groups,
			size_t current)
{
	const struct group *group = &groups[current];
	struct layout layout;

	lay_out(&layout, run->clock, group);
	write_heading(page, &layout, group);
	for (size_t i = 0; i < group->nrows; i++) {
		if (i == group->nfigures && i > 0)
			fputs("emulated time, not a figure, not ranked:\n", page->out);
		else if (i == group->nranked && i < group->nfigures)
			fprintf(page->out, "%s:\n", group_again_heading(group));
		write_row(page, &layout, &group->rows[i]);
	}
	write_unranked(page, groups, current);
	write_notes(page, group);
}

void report_tables(FILE *out, const struct run *run, bool color)
{
	const struct page page = {.out = out, .color = color};
	struct group *groups = NULL;
	size_t ngroups = 0;

	write_question(&page, run);
	write_machine(&page, run);
	if (groups_make(run, &groups, &ngroups) < 0) {
		fputs("no memory for the tables\n", out);
		return;
	}
	for (size_t i = 0; i < ngroups; i++)
		write_group(&page, run, groups, i);
	groups_free(groups, ngroups);
	if (!targets_stand_above(run)) {
		fputc('\n', out);
		write_targets(&page, run);
	}
	describe_unobserved(run, out);
	fputs("\nnull path ", out);
	describe_null(run, out);
	fputc('\n', out);
}
