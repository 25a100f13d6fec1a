/* SPDX-License-Identifier: MIT */
/*
 * HTML reports, for tests of what is in them. All assert that it works.
 */
#ifndef BYPASS_FIXTURE_HTML_H
#define BYPASS_FIXTURE_HTML_H

#include <stddef.h>

#include "core/run.h"

/* A folder for one test; fixture_folder_remove() empties, removes and frees it. */
char *fixture_folder_make(void);
/* Returns how many files were in it. */
size_t fixture_folder_remove(char *folder);
/* The text of a file; malloc'd. */
char *fixture_file_read(const char *path);
/* The report of @run; malloc'd. */
char *fixture_html(const struct run *run);
/* Every element that is opened is closed, in order; void elements aside. */
void fixture_html_check_nesting(const char *html);

#endif
