// SPDX-License-Identifier: MIT
/*
 * The seeds of the fuzz targets: one that a parser turns down at its first field leads a fuzzer
 * nowhere. Those meant to be wrong are named so.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/suite.h"

#define CORPUS "bench/tests/corpus"

static int is_valid_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strncmp(entry->d_name, "wrong", 5) != 0 &&
	       strncmp(entry->d_name, "mangled", 7) != 0;
}

/* Hands each seed of @folder to @check; at least @least there are. */
static void each_seed(const char *folder, int least, void (*check)(const char *path))
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_valid_seed, alphasort);

	cr_assert_geq(n, least, "%s", folder);
	for (int i = 0; i < n; i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		check(path);
		free(entries[i]);
	}
	free(entries);
}

static void is_run(const char *path)
{
	struct run *run;
	struct error e = {""};

	cr_assert_eq(run_read(&run, path, &e), 0, "%s: %s", path, e.text);
	run_free(run);
}

static void is_suite(const char *path)
{
	static char text[1 << 16];
	struct suite *suite;
	struct error e = {""};
	FILE *f = fopen(path, "re");
	size_t n;

	cr_assert_not_null(f, "%s", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	cr_assert_eq(suite_parse(&suite, path, text, &e), 0, "%s: %s", path, e.text);
	suite_free(suite);
}

Test(corpus, every_seed_of_run_json_is_a_run)
{
	each_seed(CORPUS "/run_json", 4, is_run);
}

Test(corpus, every_seed_of_compare_is_a_run)
{
	each_seed(CORPUS "/compare", 3, is_run);
}

Test(corpus, every_seed_of_suites_that_is_not_wrong_is_a_suite)
{
	each_seed(CORPUS "/suite", 3, is_suite);
}
