/* SPDX-License-Identifier: MIT */
/*
 * The columns of the tables of results, on the terminal and in HTML: defined once, so that both
 * show the same numbers under the same names.
 */
#ifndef BYPASS_REPORT_COLUMNS_H
#define BYPASS_REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/format.h"
#include "report/rows.h"

enum column_form {
	COLUMN_COUNT,    /* whole number */
	COLUMN_KILO,     /* in thousands */
	COLUMN_INTERVAL, /* low-high, whole numbers */
	COLUMN_KILO_INTERVAL,
	COLUMN_MEGA,    /* in millions: MB/s */
	COLUMN_LATENCY, /* in the table's latency unit */
	COLUMN_CPU,     /* in the table's CPU unit */
	COLUMN_PER_IO,  /* events per I/O */
	COLUMN_FAULTS,  /* minor + major per I/O */
	COLUMN_SPREAD,
	COLUMN_OUTLIERS,
	COLUMN_PROOF,
};

struct column {
	const char *heading;
	const char *over; /* unit above neighbouring columns on the terminal, or NULL */
	enum column_form form;
	size_t quantity; /* offset of the struct quantity in struct pass_summary */
	enum {
		SHOW_ALWAYS,   /* on the terminal and in HTML */
		SHOW_IF_ROOM,  /* the same, but a table that is too wide leaves the last one out */
		SHOW_IF_KNOWN, /* both, when a row of the table knows more than 0 */
		SHOW_IN_HTML,  /* HTML only, when a row of the table knows it */
	} show;
	const char *meaning;
};

/* The units of one table: one for its latencies and one for its CPU times. */
struct table_units {
	const struct time_unit *latency, *cpu;
	bool confident; /* enough repetitions for the intervals to be 95 % ones */
};

const struct column *columns_for(enum run_clock clock, size_t *n);
struct table_units columns_units(const struct group *group);
/* Whether @column belongs into the table of @group. */
bool column_shown(const struct column *column, const struct group *group, bool html);
/* Whether a terminal table that is too wide may do without @column: the HTML table has it. */
bool column_is_spared(const struct column *column, const struct group *group);
void column_heading(const struct column *column, const struct table_units *units, char *out,
		    size_t size);
/* What a number of @column is counted in or per, where the heading doesn't say it; or "". */
const char *column_unit(const struct column *column, const struct table_units *units);
/* The text of one field; "-" where the number isn't known. At most FORMAT_MAX bytes. */
void column_text(const struct column *column, const struct row *row,
		 const struct table_units *units, char *out, size_t size);

#endif
