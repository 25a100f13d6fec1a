/* SPDX-License-Identifier: MIT */
/* Where runs are kept: results/0001/run.json and so on; results/last names the newest. */
#ifndef BYPASS_RESULTS_H
#define BYPASS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/*
 * The folder that holds bench/ and vm/, found from the program's own place: the source tree, or
 * PREFIX/lib/bypass.
 */
int results_project_root(char *root, size_t size, struct error *e);
/* Whether `make install` made @root: what isn't in there can't be built there. */
bool results_installed(const char *root);
/*
 * Where runs are kept if nobody says otherwise: results/ of a source tree that this user may write
 * to, else bypass/results in $XDG_DATA_HOME or ~/.local/share. Makes nothing.
 */
void results_default(const char *root, char *results, size_t size);
/*
 * Makes the next free numbered folder in @results, and what is missing of the folders above it; its
 * path goes to @folder.
 */
int results_new(const char *results, char *folder, size_t size, struct error *e);
/* Points results/last at @folder. */
void results_set_last(const char *results, const char *folder);
/* "@last", a folder here or in @results ("7" or "reference/quick"), a run.json -> its path. */
int results_find(const char *results, const char *name, char *path, size_t size, struct error *e);

#endif
