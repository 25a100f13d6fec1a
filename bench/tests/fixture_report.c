// SPDX-License-Identifier: MIT
#include "tests/fixture_report.h"

#include <criterion/criterion.h>
#include <string.h>

#include "report/report.h"

char *fixture_report(int (*report)(FILE *out, const struct run *run), const struct run *run)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(report(out, run), 0);
	fclose(out);
	return text;
}

static int plain_tables(FILE *out, const struct run *run)
{
	report_tables(out, run, false);
	return 0;
}

char *fixture_tables(const struct run *run)
{
	return fixture_report(plain_tables, run);
}

const char *fixture_line(const char *text, const char *start)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, start, strlen(start)) == 0)
			return line;
	}
	cr_assert_fail("no line begins with '%s' in:\n%s", start, text);
	return NULL;
}

size_t fixture_longest_line(const char *text)
{
	size_t longest = 0, width = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80);
		if (width > longest)
			longest = width;
	}
	return longest;
}
