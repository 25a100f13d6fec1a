// SPDX-License-Identifier: MIT
/* A report's file is whole, or as it was. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "report/file.h"
#include "tests/fixture_files.h"

static void expect_text(const char *path, const char *expected)
{
	char *text = fixture_file_read(path);

	cr_assert_str_eq(text, expected);
	free(text);
}

Test(report_file, is_replaced_and_nothing_is_left_beside_it)
{
	char *folder = fixture_folder_make(), path[400];
	struct error e = {""};

	snprintf(path, sizeof(path), "%s/report.html", folder);
	cr_assert_eq(file_replace(path, "one", 3, &e), 0, "%s", e.text);
	expect_text(path, "one");
	cr_assert_eq(file_replace(path, "two", 3, &e), 0, "%s", e.text);
	expect_text(path, "two");
	cr_assert_eq(fixture_folder_remove(folder), 1);
}

Test(report_file, that_is_cut_short_leaves_the_one_that_was_there)
{
	const struct rlimit limit = {4096, 4096};
	char *folder = fixture_folder_make(), path[400], *large = calloc(1, 8192);
	struct error e = {""};

	snprintf(path, sizeof(path), "%s/report.html", folder);
	cr_assert_eq(file_replace(path, "one", 3, &e), 0, "%s", e.text);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(file_replace(path, large, 8192, &e), -EFBIG);
	cr_assert(strstr(e.text, "can't write "), "%s", e.text);
	cr_assert(strstr(e.text, "; copy run.json to a folder with room"), "%s", e.text);
	expect_text(path, "one");
	cr_assert_eq(fixture_folder_remove(folder), 1);
	free(large);
}

Test(report_file, that_has_no_folder_is_one_sentence)
{
	char path[5000];
	struct error e = {""};

	cr_assert_eq(file_replace("/nonexistent/report.html", "one", 3, &e), -ENOENT);
	cr_assert(strstr(e.text, "can't write /nonexistent/report.html: No such file"), "%s",
		  e.text);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_assert_eq(file_replace(path, "one", 3, &e), -ENAMETOOLONG);
}
