// SPDX-License-Identifier: MIT
#include "tests/fixture_html.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "tests/fixture_files.h"

char *fixture_html(const struct run *run)
{
	char *folder = fixture_folder_make(), *path, *html;
	struct error e = {""};

	cr_assert_gt(asprintf(&path, "%s/report.html", folder), 0);
	cr_assert_eq(report_html(run, path, &e), 0, "%s", e.text);
	html = fixture_file_read(path);
	free(path);
	cr_assert_eq(fixture_folder_remove(folder), 1, "only the report is left behind");
	return html;
}

void fixture_html_check_nesting(const char *html)
{
	static const char *const never_closed[] = {"meta", "!DOCTYPE"};
	char open[64][16];
	size_t depth = 0;

	for (const char *c = html; (c = strchr(c, '<')); c++) {
		bool closes = c[1] == '/', skip = false;
		const char *name = c + 1 + closes, *end = strchr(c, '>');
		int length = (int)strcspn(name, " \t\n/>");

		cr_assert_not_null(end);
		for (size_t i = 0; i < sizeof(never_closed) / sizeof(never_closed[0]); i++)
			skip |= strncmp(name, never_closed[i], (size_t)length) == 0;
		if (skip || end[-1] == '/')
			continue;
		if (!closes) {
			cr_assert_lt(depth, 64);
			snprintf(open[depth++], sizeof(open[0]), "%.*s", length, name);
			continue;
		}
		cr_assert_gt(depth, 0, "at %.60s", c);
		depth--;
		cr_assert_eq(strncmp(open[depth], name, (size_t)length), 0,
			     "%s is open, closed is %.20s", open[depth], name);
	}
	cr_assert_eq(depth, 0);
}
