// SPDX-License-Identifier: MIT
#include "report/colour.h"

#include <stddef.h>
#include <string.h>

/*
 * Okabe and Ito's palette for the paths that most plots compare. The others were searched for: each
 * is as far as can be from all that it is compared with, for the usual colour deficiencies too
 * (test_report_colour), and stands on a light and on a dark page. Every plot names its paths in
 * text as well.
 */
static const struct {
	const char *path, *colour;
} table[] = {
	{"buffered", "#e69f00"},     {"direct", "#0072b2"},       {"dax", "#009e73"},
	{"mmap-shared", "#cc79a7"},  {"mmap-private", "#8040e0"}, {"mmap-dax", "#56b4e9"},
	{"libaio", "#c04080"},       {"uring", "#d55e00"},        {"uring-iopoll", "#a0c060"},
	{"uring-sqpoll", "#c00020"}, {"passthru", "#8060e0"},     {"passthru-iopoll", "#4040e0"},
	{"userdrv-poll", "#60a060"}, {"userdrv-irq", "#a0a0e0"},  {"userdrv-hybrid", "#60c0c0"},
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
