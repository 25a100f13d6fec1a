// SPDX-License-Identifier: MIT
#include "report/colour.h"

#include <stddef.h>
#include <string.h>

/*
 * Okabe and Ito's palette for the paths that most plots compare, Paul Tol's "muted" for the rest:
 * both keep apart for the usual colour deficiencies. Dark ones are lightened a little so that
 * they stand on a dark page too. Every plot names its paths in text as well.
 */
static const struct {
	const char *path, *colour;
} table[] = {
	{"buffered", "#e69f00"},     {"direct", "#0072b2"},       {"dax", "#009e73"},
	{"mmap-shared", "#cc79a7"},  {"mmap-private", "#aa4466"}, {"mmap-dax", "#56b4e9"},
	{"libaio", "#999933"},       {"uring", "#d55e00"},        {"uring-iopoll", "#cc6677"},
	{"uring-sqpoll", "#aa4499"}, {"passthru", "#6f63c4"},     {"passthru-iopoll", "#8f86d8"},
	{"userdrv-poll", "#1f8a4c"}, {"userdrv-irq", "#44aa99"},  {"userdrv-hybrid", "#7fb800"},
	{"spdk", "#a0622d"},         {"null", "#8a8f98"},
};

static const char *const others[] = {"#b8860b", "#4e79a7", "#9c6b98", "#3f908a", "#c4694c"};

const char *colour_of_path(const char *path)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].path, path) == 0)
			return table[i].colour;
	for (; *path; path++)
		sum = sum * 31 + (unsigned char)*path;
	return others[sum % (sizeof(others) / sizeof(others[0]))];
}
