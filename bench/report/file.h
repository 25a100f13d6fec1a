/* SPDX-License-Identifier: MIT */
#ifndef BYPASS_REPORT_FILE_H
#define BYPASS_REPORT_FILE_H

#include <stddef.h>

#include "core/error.h"

/* All of @data, from where @fd is. 0 or a negative errno. */
int file_write(int fd, const char *data, size_t length);
/*
 * Writes @data beside @path and renames it: a reader never sees half of it. 0 or a negative errno
 * with a sentence.
 */
int file_replace(const char *path, const char *data, size_t length, struct error *e);

#endif
