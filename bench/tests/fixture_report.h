/* SPDX-License-Identifier: MIT */
/* What is written of a run, as text. Texts are malloc'd. */
#ifndef BYPASS_FIXTURE_REPORT_H
#define BYPASS_FIXTURE_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "core/run.h"

/* What @report writes, such as report_csv(); it must succeed. */
char *fixture_report(int (*report)(FILE *out, const struct run *run), const struct run *run);
/* The tables of the terminal, without colour. */
char *fixture_tables(const struct run *run);

/* Where the line that begins with @start begins in @text; fails the test if nowhere. */
const char *fixture_line(const char *text, const char *start);
/* In columns of the terminal. */
size_t fixture_longest_line(const char *text);

#endif
