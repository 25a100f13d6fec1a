/* SPDX-License-Identifier: MIT */
/*
 * A suite: one question and the cells that answer it, from an INI file (read by inih).
 *
 *   [suite]              question= (needed), runs= (repetitions, default 9), rows= (options whose
 *                        values tell the rows of one table apart, instead of the tables), budget=
 *                        (how long it may take), memory= and numa= (RAM and memory nodes of the
 *                        testbed that it needs)
 *   [global]             options of every cell, fio's names (see workload.h)
 *   [any other section]  options of its cells; `each.NAME=a,b,c` sweeps NAME over values, several
 *                        sweeps multiply; the section is the heading in tables
 */
#ifndef BYPASS_SUITE_H
#define BYPASS_SUITE_H

#include <stddef.h>

#include "core/error.h"
#include "core/workload.h"

struct suite_cell {
	char section[64];
	struct workload workload;
};

#define SUITE_ROWS_MAX 8

struct suite {
	char name[64]; /* file name without folder and .ini */
	char *question;
	unsigned int runs;
	uint64_t budget_ns;               /* 0: not said */
	uint64_t memory_nbytes;           /* of the testbed; 0: as usual */
	unsigned int numa;                /* memory nodes of the testbed; 0: as usual */
	const char *rows[SUITE_ROWS_MAX]; /* options with numbers; static strings */
	size_t nrows;
	struct suite_cell *cells;
	size_t ncells;
};

/*
 * Loads @name: a path if it contains '/' or ends in ".ini", else @folder/@name.ini. Errors name the
 * file and the line. What inih would get silently wrong is an error: a section name of 50 or more
 * characters, a line of 200 or more, a key without a value, an unknown option, a duplicate section
 * or key, an indented line, a comment behind a value. A suite expands to at most 4096 cells, in the
 * order of the file, later sweeps varying fastest; two sections may have the same cell. Every cell
 * passes workload_check, but for its target, which may come from the command line. [global] stands
 * before the sections and can't sweep.
 */
int suite_load(struct suite **suite, const char *folder, const char *name, struct error *e);
/* Parses @text (NUL-terminated) as suite file @name: what suite_load does after reading; fuzzed. */
int suite_parse(struct suite **suite, const char *name, const char *text, struct error *e);
/*
 * Sets an option on every cell (from the command line); cells of a section that become equal are
 * merged. Call workload_check for each cell after the last override. On failure @suite is
 * unchanged.
 */
int suite_override(struct suite *suite, const char *option, const char *value, struct error *e);
/*
 * Keeps the first of equal cells under several headings: sections that differed in their targets
 * say the same twice once one target was given for all.
 */
void suite_merge_sections(struct suite *suite);
void suite_free(struct suite *suite);

#endif
