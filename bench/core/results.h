/* SPDX-License-Identifier: MIT */
/* Where runs are kept: results/0001/run.json and so on; results/last names the newest. */
#ifndef BYPASS_RESULTS_H
#define BYPASS_RESULTS_H

#include <stddef.h>

#include "core/error.h"

/* The folder that holds bench/ and vm/ (build tree), found from the program's own place. */
int results_project_root(char *root, size_t size, struct error *e);
/* Makes the next free numbered folder in @results; its path goes to @folder. */
int results_new(const char *results, char *folder, size_t size, struct error *e);
/* Points results/last at @folder. */
void results_set_last(const char *results, const char *folder);
/* "@last", a number, a folder or a run.json -> the path of the run.json. */
int results_find(const char *results, const char *name, char *path, size_t size, struct error *e);

#endif
