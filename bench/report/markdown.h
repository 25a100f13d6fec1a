/* SPDX-License-Identifier: MIT */
/* Text of a run inside the Markdown report; only markdown*.c and its test include this. */
#ifndef BYPASS_REPORT_MARKDOWN_H
#define BYPASS_REPORT_MARKDOWN_H

#include <stdio.h>

#include "core/run.h"

/*
 * @text on one line, as it may stand in a paragraph or a field of a table: whoever wrote it, it is
 * text and no markup. NULL and "" write a dash.
 */
void markdown_text(FILE *out, const char *text);
/* The costliest functions of each pass that was counted; nothing if none was. */
void markdown_functions(FILE *out, const struct run *run);

#endif
