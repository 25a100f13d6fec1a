/* SPDX-License-Identifier: MIT */
/* Private to suite.c: what inih gets silently wrong, found before it runs. */
#ifndef BYPASS_SUITE_SCAN_H
#define BYPASS_SUITE_SCAN_H

#include <stddef.h>

#include "core/error.h"

/* On which line the n-th key stands; inih's handler isn't told. */
struct suite_lines {
	unsigned int *key_line;
	size_t nkeys;
};

/*
 * Refuses, naming file and line, every text that inih would cut, join, or pass over. On success and
 * on failure the caller frees lines->key_line.
 */
int suite_scan(struct suite_lines *lines, const char *name, const char *text, struct error *e);

#endif
