/* SPDX-License-Identifier: MIT */
/*
 * gnuplot as a child process: a script in, SVG or PNG out.
 */
#ifndef BYPASS_REPORT_GNUPLOT_H
#define BYPASS_REPORT_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#include "core/error.h"

/*
 * Runs @script and returns what it drew in *@drawing: malloc'd, one document after the other, a NUL
 * behind the last. Of how many bytes is left in *@nbytes, unless that is NULL. -ENOENT with a
 * sentence if there is no gnuplot, -EIO with its own complaint if it failed.
 */
int gnuplot_run(const char *script, size_t length, char **drawing, size_t *nbytes, struct error *e);

/*
 * Writes document @index of @svg as an element of an HTML page: without prologue and titles, and
 * with @prefix before each id, since gnuplot gives the same ids to all that it draws. -ENOENT if
 * there is no such document.
 */
int gnuplot_inline_svg(FILE *out, const char *svg, unsigned int index, const char *prefix);

#endif
