// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "paths/path.h"
#include "report/colour.h"
#include "report/columns.h"
#include "report/describe.h"
#include "report/file.h"
#include "report/html_parts.h"

static void write_head(FILE *out, const struct run *run)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"generator\" content=\"bypass\">\n<title>",
	      out);
	html_text(out, run->question ? run->question : run->suite);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", html_css);
}

static void write_how(FILE *out, const struct run *run)
{
	char *text;
	size_t size;
	FILE *stream = memory_stream(&text, &size);

	describe_how(run, stream);
	fclose(stream);
	html_text(out, text);
	free(text);
}

static void write_warnings(FILE *out, const struct run *run)
{
	if (run->nwarnings == 0 && run->complete)
		return;
	fputs("<div class=\"warnings\" role=\"note\">\n", out);
	if (!run->complete)
		fputs("<p><strong>Partial.</strong> The run ended before all of its cells were "
		      "measured.</p>\n",
		      out);
	for (size_t i = 0; i < run->nwarnings; i++) {
		const struct warning *warning = &run->warnings[i];

		fputs("<p><strong>Warning.</strong> ", out);
		html_text(out, warning->text ? warning->text : warning->code);
		if (warning->remedy) {
			fputs("; do: ", out);
			html_text(out, warning->remedy);
		}
		fputs("</p>\n", out);
	}
	fputs("</div>\n", out);
}

/* What all numbers are, before the first of them. */
static void write_clock(FILE *out, enum run_clock clock)
{
	fputs(clock == RUN_CLOCK_INSTRUCTIONS
		      ? "<p class=\"clock\">The clock counts <strong>instructions executed by the "
			"guest\xe2\x80\x99s CPU</strong>, kernel included, one by one and exactly: "
			"fewer is better. It is not time.</p>\n"
		      : "<p class=\"clock\">The clock counts <strong>nanoseconds</strong>: more "
			"I/Os "
			"per second are better.</p>\n",
	      out);
}

static void write_title(FILE *out, const struct run *run)
{
	fputs("<header>\n<p class=\"over\">bypass, suite ", out);
	html_text(out, run->suite);
	fputs(", run ", out);
	html_text(out, run->id);
	fputs(", ", out);
	html_text(out, run->started_utc);
	fputs("</p>\n<h1>", out);
	html_text(out, run->question ? run->question : run->suite);
	fputs("</h1>\n<p class=\"how\">", out);
	write_how(out, run);
	fputs("</p>\n", out);
	write_clock(out, run->clock);
	write_warnings(out, run);
	fputs("</header>\n<main>\n", out);
}

static bool has_mappings(const struct run *run)
{
	for (size_t i = 0; i < run->ncells; i++)
		if (run->cells[i].npasses > 1)
			return true;
	return false;
}

static bool is_first_of_its_path(const struct run *run, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(run->cells[i].workload.path, run->cells[index].workload.path) == 0)
			return false;
	return true;
}

static void write_paths(FILE *out, const struct run *run)
{
	fputs("<h3>Paths</h3>\n<dl>\n", out);
	for (size_t i = 0; i < run->ncells; i++) {
		const struct path_ops *path = path_find(run->cells[i].workload.path);

		if (!path || !is_first_of_its_path(run, i))
			continue;
		fprintf(out,
			"<dt><span class=\"swatch\" style=\"background:%s\"></span>%s</dt><dd>",
			colour_of_path(path->name), path->name);
		html_text(out, path->description);
		fputs("</dd>\n", out);
	}
	fputs("</dl>\n", out);
	if (has_mappings(run))
		fputs("<p>A mapping has two rows: <em>first</em> are the accesses that bring pages "
		      "into the mapping, by page faults; <em>again</em> are the same accesses once "
		      "they are there, which no kernel sees unless each write is made durable by "
		      "msync. They are not ranked.</p>\n",
		      out);
}

static bool is_shown(const struct column *column, const struct group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (column_shown(column, &groups[i], true))
			return true;
	return false;
}

static void write_columns(FILE *out, enum run_clock clock, const struct group *groups, size_t n)
{
	size_t ncolumns;
	const struct column *columns = columns_for(clock, &ncolumns);

	fputs("<h3>Columns</h3>\n<dl>\n", out);
	for (size_t i = 0; i < ncolumns; i++)
		if (columns[i].meaning && is_shown(&columns[i], groups, n))
			fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", columns[i].heading,
				columns[i].meaning);
	fputs("</dl>\n", out);
}

static void write_reading(FILE *out, const struct run *run, const struct group *groups, size_t n)
{
	fputs("<section class=\"reading\"><details><summary>How to read this</summary>\n<p>", out);
	if (run->clock == RUN_CLOCK_INSTRUCTIONS)
		fputs("An instruction that misses every cache counts as one, and a "
		      "device\xe2\x80\x99s own delay counts as none. Paths are ranked by work + "
		      "irq; "
		      "copying the bytes and waiting for the device are shown beside it and not "
		      "ranked. Paths whose difference is smaller than what two boots of one path "
		      "may differ by are not told apart. ",
		      out);
	else
		fputs("Paths are ranked by I/Os per second, the median of the repetitions; its "
		      "interval comes from exact order statistics, and paths whose intervals "
		      "overlap can\xe2\x80\x99t be told apart. Percentiles are taken over all "
		      "repetitions together. ",
		      out);
	fputs("A path is ranked only if nothing that was observed contradicts that it was taken; "
	      "<em>held 6/7</em> says that of seven claims six were seen to hold and one "
	      "couldn\xe2\x80\x99t be observed on this machine.</p>\n",
	      out);
	write_paths(out, run);
	write_columns(out, run->clock, groups, n);
	fputs("</details></section>\n", out);
}

static void write_circumstances(FILE *out, const struct run *run)
{
	fputs("<section class=\"group\"><h2>Where it was measured</h2>\n", out);
	if (json_object_size(run->targets) > 0) {
		fputs("<details><summary>Targets</summary><div class=\"scroll\">", out);
		html_json(out, run->targets);
		fputs("</div></details>\n", out);
	}
	if (json_object_size(run->environment) > 0) {
		fputs("<details><summary>Machine</summary><div class=\"scroll\">", out);
		html_json(out, run->environment);
		fputs("</div></details>\n", out);
	}
	if (run->argc > 0) {
		fputs("<h3>Command</h3>\n<p><code>bypass", out);
		for (int i = 0; i < run->argc; i++) {
			fputc(' ', out);
			html_text(out, run->argv[i]);
		}
		fputs("</code></p>\n", out);
	}
	fputs("</section>\n", out);
}

static int write_page(FILE *out, const struct run *run, struct error *e)
{
	struct group *groups = NULL;
	size_t ngroups = 0;
	int result = groups_make(run, &groups, &ngroups);

	if (result < 0)
		return error_set(e, result, "the report was not written: no memory");
	write_head(out, run);
	write_title(out, run);
	html_answers(out, run, groups, ngroups);
	write_reading(out, run, groups, ngroups);
	for (size_t i = 0; i < ngroups && result == 0; i++)
		result = html_group(out, run, &groups[i], i, e);
	write_circumstances(out, run);
	fputs("</main>\n<footer>\n<p>The harness itself, measured with the null path: ", out);
	describe_null(run, out);
	fputs(". It is in every number here and was not subtracted.</p>\n</footer>\n</body>\n"
	      "</html>\n",
	      out);
	groups_free(groups, ngroups);
	return result;
}

int report_html(const struct run *run, const char *path, struct error *e)
{
	char *page;
	size_t length;
	FILE *out = memory_stream(&page, &length);
	int result = write_page(out, run, e);

	if (fclose(out) != 0)
		memory_exhausted();
	if (result == 0)
		result = file_replace(path, page, length, e);
	free(page);
	return result;
}
