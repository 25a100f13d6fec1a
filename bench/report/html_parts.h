/* SPDX-License-Identifier: MIT */
/*
 * The parts of the HTML report; only html*.c includes this.
 */
#ifndef BYPASS_REPORT_HTML_PARTS_H
#define BYPASS_REPORT_HTML_PARTS_H

#include <stddef.h>
#include <stdio.h>

#include "core/error.h"
#include "core/run.h"
#include "report/rows.h"

/* The style sheet. */
extern const char html_css[];

/* @text as it may stand between tags or in a quoted attribute; NULL writes a dash. */
void html_text(FILE *out, const char *text);
/* The same for text whose lines are to stay lines, in <pre>. */
void html_lines(FILE *out, const char *text);
/* A JSON value; objects and arrays become definition tables. */
void html_json(FILE *out, const json_t *value);
/* The findings of @groups, each with a link to its section; nothing of one group alone. */
void html_answers(FILE *out, const struct run *run, const struct group *groups, size_t n);
/* By how many instructions each layer takes part in the counted passes of @group; or nothing. */
void html_where(FILE *out, const struct group *group);
/* The counted functions of pass @pass of @cell, which is called @name; or nothing. */
void html_functions(FILE *out, const struct cell *cell, unsigned int pass, const char *name);
/* A card for each cell of group @index. */
void html_cells(FILE *out, const struct run *run, const struct group *group, size_t index);
/* @name, as a link to the card of @cell of group @index. */
void html_cell_link(FILE *out, const struct group *group, size_t index, const struct cell *cell,
		    const char *name);
/* The section of group @index (from 0): finding, plots, numbers, proofs. */
int html_group(FILE *out, const struct run *run, const struct group *group, size_t index,
	       struct error *e);

#endif
