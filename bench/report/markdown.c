// SPDX-License-Identifier: MIT
/*
 * GitHub-flavoured Markdown, for an issue or a notebook: the sentences of the HTML report and the
 * columns of the terminal.
 */
#include "report/markdown.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/columns.h"
#include "report/describe.h"
#include "report/findings.h"
#include "report/functions.h"
#include "report/report.h"

/* What @describe writes, as text. */
static void write_described(FILE *out, const json_t *value,
			    void (*describe)(const json_t *value, FILE *out))
{
	char *text;
	size_t size;
	FILE *stream = memory_stream(&text, &size);

	describe(value, stream);
	fclose(stream);
	markdown_text(out, text);
	free(text);
}

static void write_title(FILE *out, const struct run *run)
{
	fputs("# ", out);
	markdown_text(out, run->question ? run->question : run->suite);
	fputs("\n\nbypass, suite ", out);
	markdown_text(out, run->suite);
	fputs(", run ", out);
	markdown_text(out, run->id);
	fputs(", ", out);
	markdown_text(out, run->started_utc);
	fputs(": ", out);
	describe_how(run, out);
	fputs(".\n", out);
}

static void write_answers(FILE *out, const struct run *run, const struct group *groups, size_t n)
{
	char finding[FINDING_MAX];

	fputs("\n## Answers\n\n", out);
	for (size_t i = 0; i < n; i++) {
		finding_sentence(run->clock, &groups[i], finding, sizeof(finding));
		fputs("- **", out);
		markdown_text(out, groups[i].name);
		fputs("**: ", out);
		markdown_text(out, finding);
		fputs(".\n", out);
	}
}

static void write_heading(FILE *out, const struct column *column, const struct table_units *units)
{
	const char *unit = column_unit(column, units);
	char heading[FORMAT_MAX];

	column_heading(column, units, heading, sizeof(heading));
	fprintf(out, *unit ? " %s (%s) |" : " %s |", heading, unit);
}

static void write_table_head(FILE *out, enum run_clock clock, const struct group *group,
			     const struct table_units *units)
{
	size_t n;
	const struct column *columns = columns_for(clock, &n);

	fputs("\n| path |", out);
	for (size_t i = 0; i < n; i++) {
		if (column_shown(&columns[i], group, false))
			write_heading(out, &columns[i], units);
	}
	fputs("\n| --- |", out);
	for (size_t i = 0; i < n; i++) {
		if (column_shown(&columns[i], group, false))
			fputs(" ---: |", out);
	}
	fputc('\n', out);
}

/* Rows @first to @end - 1 of @group; columns are those that the whole group has. */
static void write_table(FILE *out, enum run_clock clock, const struct group *group, size_t first,
			size_t end)
{
	const struct table_units units = columns_units(group);
	char text[FORMAT_MAX];
	size_t n;
	const struct column *columns = columns_for(clock, &n);

	if (first == end)
		return;
	write_table_head(out, clock, group, &units);
	for (size_t row = first; row < end; row++) {
		fputs("| ", out);
		markdown_text(out, group->rows[row].name);
		fputs(" |", out);
		for (size_t i = 0; i < n; i++) {
			if (!column_shown(&columns[i], group, false))
				continue;
			column_text(&columns[i], &group->rows[row], &units, text, sizeof(text));
			fprintf(out, " %s |", text);
		}
		fputc('\n', out);
	}
}

static void write_unranked(FILE *out, const struct group *group)
{
	bool first = true;

	for (size_t i = 0; i < group->ncells; i++) {
		const struct cell *cell = group->cells[i];
		char name[CELL_NAME_MAX], *why;

		if (cell->status == CELL_MEASURED)
			continue;
		if (first)
			fputs("\n| not ranked | state | why |\n| --- | --- | --- |\n", out);
		first = false;
		group_cell_name(group, cell, name);
		fputs("| ", out);
		markdown_text(out, name);
		fprintf(out, " | %s | ", cell_state_word(cell));
		why = cell_why(cell);
		markdown_text(out, why);
		fputs(" |\n", out);
		free(why);
	}
}

static void write_note(FILE *out, const struct group *group, const struct cell *cell, char *text)
{
	char name[CELL_NAME_MAX];

	if (!text)
		return;
	group_cell_name(group, cell, name);
	fputs("\nNote: ", out);
	markdown_text(out, name);
	fputc(' ', out);
	markdown_text(out, text);
	fputs("\n", out);
	free(text);
}

static void write_group(FILE *out, const struct run *run, const struct group *group)
{
	fputs("\n## ", out);
	markdown_text(out, group->name);
	fputc('\n', out);
	write_table(out, run->clock, group, 0, group->nranked);
	if (group->nfigures > group->nranked) {
		const char *heading = group_again_heading(group);

		fprintf(out, "\n%c%s.\n", toupper((unsigned char)heading[0]), heading + 1);
	}
	write_table(out, run->clock, group, group->nranked, group->nfigures);
	if (group->nrows > group->nfigures)
		fputs("\nEmulated time: not a figure; in the order of the suite, not ranked.\n",
		      out);
	write_table(out, run->clock, group, group->nfigures, group->nrows);
	write_unranked(out, group);
	for (size_t i = 0; i < group->ncells; i++) {
		write_note(out, group, group->cells[i], cell_refaults(group->cells[i]));
		write_note(out, group, group->cells[i], cell_unsteady(group->cells[i]));
		write_note(out, group, group->cells[i], cell_placement(group->cells[i]));
	}
}

static void write_environment(FILE *out, const struct run *run)
{
	const char *key;
	json_t *value;

	fputs("\n## Environment\n\n| what | found |\n| --- | --- |\n", out);
	json_object_foreach(run->targets, key, value)
	{
		fputs("| ", out);
		markdown_text(out, key);
		fputs(" | ", out);
		write_described(out, value, describe_target);
		fputs(" |\n", out);
	}
	json_object_foreach(run->environment, key, value)
	{
		fputs("| ", out);
		markdown_text(out, key);
		fputs(" | ", out);
		write_described(out, value, describe_json);
		fputs(" |\n", out);
	}
	fputs("| null path, in every figure | ", out);
	describe_null(run, out);
	fputs(" |\n", out);
	if (run->argc > 0)
		fputs("| command | bypass", out);
	for (int i = 0; i < run->argc; i++) {
		fputc(' ', out);
		markdown_text(out, run->argv[i]);
	}
	if (run->argc > 0)
		fputs(" |\n", out);
}

static void write_warnings(FILE *out, const struct run *run)
{
	if (!run->nwarnings && run->complete)
		return;
	fputs("\n## Warnings\n\n", out);
	if (!run->complete)
		fputs("- Partial: the run ended before all of its cells were measured.\n", out);
	for (size_t i = 0; i < run->nwarnings; i++) {
		const struct warning *warning = &run->warnings[i];

		fputs("- ", out);
		markdown_text(out, warning->text ? warning->text : warning->code);
		if (warning->remedy) {
			fputs("; do: ", out);
			markdown_text(out, warning->remedy);
		}
		fputc('\n', out);
	}
}

int report_markdown(FILE *out, const struct run *run)
{
	struct group *groups = NULL;
	size_t ngroups = 0;

	if (groups_make(run, &groups, &ngroups) < 0)
		return -ENOMEM;
	write_title(out, run);
	write_answers(out, run, groups, ngroups);
	for (size_t i = 0; i < ngroups; i++)
		write_group(out, run, &groups[i]);
	groups_free(groups, ngroups);
	markdown_functions(out, run);
	write_environment(out, run);
	write_warnings(out, run);
	return 0;
}
