// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/columns.h"
#include "report/describe.h"
#include "report/findings.h"
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
	char text[256] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");

	if (!stream)
		return;
	describe_how(run, stream);
	fclose(stream);
	html_text(out, text);
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
			fputs("; do: <code>", out);
			html_text(out, warning->remedy);
			fputs("</code>", out);
		}
		fputs("</p>\n", out);
	}
	fputs("</div>\n", out);
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
	write_warnings(out, run);
	fputs("</header>\n<main>\n", out);
}

static void write_reading(FILE *out, const struct run *run)
{
	size_t n;
	const struct column *columns = columns_for(run->clock, &n);

	fputs("<section class=\"reading\"><p><strong>How to read this.</strong> ", out);
	if (run->clock == RUN_CLOCK_INSTRUCTIONS)
		fputs("The clock counts <strong>instructions executed by the guest\xe2\x80\x99s "
		      "CPU</strong>, kernel included, one by one and exactly. It is not time: an "
		      "instruction that misses every cache counts as one, and a "
		      "device\xe2\x80\x99s "
		      "own delay counts as none. Paths are ranked by work + irq, fewest first; "
		      "copying the bytes and waiting for the device are shown beside it and not "
		      "ranked. ",
		      out);
	else
		fputs("The clock counts <strong>nanoseconds</strong>. Paths are ranked by I/Os per "
		      "second, the median of the repetitions; its interval comes from exact order "
		      "statistics, and paths whose intervals overlap can\xe2\x80\x99t be told "
		      "apart. Percentiles are taken over all repetitions together. ",
		      out);
	fputs("A path is ranked only if nothing that was observed contradicts that it was taken; "
	      "<em>held 6/7</em> says that of seven claims six were seen to hold and one "
	      "couldn\xe2\x80\x99t be observed on this machine.</p>\n"
	      "<details><summary>What the columns mean</summary><dl>\n",
	      out);
	for (size_t i = 0; i < n; i++)
		if (columns[i].meaning)
			fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", columns[i].heading,
				columns[i].meaning);
	fputs("</dl></details></section>\n", out);
}

static void write_contents(FILE *out, const struct run *run, const struct group *groups, size_t n)
{
	char finding[FINDING_MAX];

	if (n < 2)
		return;
	fputs("<nav aria-label=\"Findings\"><ol>\n", out);
	for (size_t i = 0; i < n; i++) {
		finding_sentence(run->clock, &groups[i], finding, sizeof(finding));
		fputs("<li><span class=\"over\">", out);
		html_text(out, groups[i].name);
		fprintf(out, "</span><a href=\"#group-%zu\">", i + 1);
		html_text(out, finding);
		fputs("</a></li>\n", out);
	}
	fputs("</ol></nav>\n", out);
}

static void write_circumstances(FILE *out, const struct run *run)
{
	fputs("<section class=\"group\"><h2>Where it was measured</h2>\n", out);
	if (json_object_size(run->targets) > 0) {
		fputs("<h3>Targets</h3>\n<div class=\"scroll\">", out);
		html_json(out, run->targets);
		fputs("</div>\n", out);
	}
	if (json_object_size(run->environment) > 0) {
		fputs("<h3>Machine</h3>\n<div class=\"scroll\">", out);
		html_json(out, run->environment);
		fputs("</div>\n", out);
	}
	if (run->argc > 0) {
		fputs("<h3>Command</h3>\n<p><code>", out);
		for (int i = 0; i < run->argc; i++) {
			fputs(i ? " " : "", out);
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
	write_reading(out, run);
	write_contents(out, run, groups, ngroups);
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

/* Writes @page beside @path and renames it: a reader never sees a half-written report. */
static int replace_file(const char *path, const char *page, size_t length, struct error *e)
{
	char *temporary = NULL;
	int result = 0, fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_set(e, -ENOMEM, "%s: not written: no memory", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		result = -errno;
		free(temporary);
		return error_set(e, result, "%s: can't be written: %s", path, strerror(-result));
	}
	while (length > 0 && result == 0) {
		ssize_t written = write(fd, page, length);

		if (written >= 0) {
			page += written;
			length -= (size_t)written;
		} else if (errno != EINTR) {
			result = -errno;
		}
	}
	/* mkostemp() makes the file private; a report is for showing. */
	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0) {
		unlink(temporary);
		error_set(e, result, "%s: can't be written: %s", path, strerror(-result));
	}
	free(temporary);
	return result;
}

int report_html(const struct run *run, const char *path, struct error *e)
{
	char *page = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&page, &length);
	int result;

	if (!out)
		return error_set(e, -ENOMEM, "%s: not written: no memory", path);
	result = write_page(out, run, e);
	if (fclose(out) != 0 && result == 0)
		result = error_set(e, -ENOMEM, "%s: not written: no memory", path);
	if (result == 0)
		result = replace_file(path, page, length, e);
	free(page);
	return result;
}
