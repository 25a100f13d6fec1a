/* SPDX-License-Identifier: MIT */
/* Folders and files of a test's own. All assert that it works. */
#ifndef BYPASS_FIXTURE_FILES_H
#define BYPASS_FIXTURE_FILES_H

#include <stddef.h>

/* An empty folder below $TMPDIR; fixture_folder_remove() empties, removes and frees it. */
char *fixture_folder_make(void);
/* How many entries it has. */
size_t fixture_folder_count(const char *folder);
/* Returns how many entries were in it. */
size_t fixture_folder_remove(char *folder);
/* The text of a file; malloc'd. */
char *fixture_file_read(const char *path);

#endif
