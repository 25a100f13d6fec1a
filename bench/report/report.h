/* SPDX-License-Identifier: MIT */
/*
 * What a run looks like to people and to spreadsheets. All functions only read the run, whose
 * summaries must be there (run_summarize() or run_read()).
 */
#ifndef BYPASS_REPORT_H
#define BYPASS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/error.h"
#include "core/run.h"

/*
 * The terminal tables: at most 80 columns, plain words. Pass @color only for a terminal without
 * NO_COLOR; colour repeats what the words say.
 */
void report_tables(FILE *out, const struct run *run, bool color);

/*
 * One self-contained HTML file: inline style and SVG (drawn by gnuplot), no script, nothing from
 * elsewhere. @path appears whole or not at all. -ENOENT and a sentence when gnuplot isn't
 * installed, -EIO when it failed, else what the file system said.
 */
int report_html(const struct run *run, const char *path, struct error *e);

/*
 * The plots of the HTML report as files in @folder, plot-1-bars.png and so on: for each one that
 * was written @written is called with its path. -ENODATA if there is nothing to draw, or as
 * report_html(); what was written before stays.
 */
int report_png(const struct run *run, const char *folder, void (*written)(const char *path),
	       struct error *e);

/*
 * The answers, the tables, where it was measured and the warnings, in Markdown as GitHub has it.
 * What a name says is never markup. 0 or -ENOMEM.
 */
int report_markdown(FILE *out, const struct run *run);

/* One line per cell and pass after a line of column names, units in the names; RFC 4180 quoting. */
int report_csv(FILE *out, const struct run *run);

/*
 * The form of fio's --output-format=json+, for what was made to read that: one job for each cell
 * and pass that was measured, its repetitions together. For runs on the ns clock only.
 */
int report_fio_json(FILE *out, const struct run *run);

#endif
