/* SPDX-License-Identifier: MIT */
/* Where the instructions go: a table of functions for each cell that was counted so. */
#ifndef BYPASS_REPORT_FUNCTIONS_H
#define BYPASS_REPORT_FUNCTIONS_H

#include <stdio.h>

#include "core/run.h"

/* As many as fit a screen with their heading. */
#define FUNCTIONS_SHOWN 16

/* The @most costliest functions of each pass; the others in one line. Nothing if none was counted.
 */
void report_functions(FILE *out, const struct run *run, size_t most);

#endif
