// SPDX-License-Identifier: MIT
/* The suites that come with bypass, each of them. Runs in the project's folder. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/runner.h"
#include "core/suite.h"

#define SUITES  "bench/suites"
#define SECONDS 1000000000ull

static int is_suite(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".ini") == 0;
}

static void for_each_suite(void (*judge)(const struct suite *suite))
{
	struct dirent **entries;
	int n = scandir(SUITES, &entries, is_suite, alphasort);

	cr_assert_gt(n, 0, SUITES " has no suites");
	for (int i = 0; i < n; i++) {
		struct suite *suite = NULL;
		struct error e = {""};

		*strrchr(entries[i]->d_name, '.') = '\0';
		cr_assert_eq(suite_load(&suite, SUITES, entries[i]->d_name, &e), 0, "%s", e.text);
		judge(suite);
		suite_free(suite);
		free(entries[i]);
	}
	free(entries);
}

static void has_a_budget(const struct suite *suite)
{
	cr_expect_gt(suite->budget_ns, 0, "%s has no budget=", suite->name);
}

Test(suite_files, each_says_how_long_it_may_take)
{
	for_each_suite(has_a_budget);
}

static void has_a_question(const struct suite *suite)
{
	cr_expect(strchr(suite->question, '?'), "%s asks nothing: %s", suite->name,
		  suite->question);
}

Test(suite_files, each_asks_a_question)
{
	for_each_suite(has_a_question);
}

static void has_enough_runs(const struct suite *suite)
{
	cr_expect_geq(suite->runs, 9, "%s: %u runs are too few to publish", suite->name,
		      suite->runs);
}

Test(suite_files, each_repeats_often_enough_to_be_published)
{
	for_each_suite(has_enough_runs);
}

static void can_be_planned(const struct suite *suite)
{
	struct run *run = run_new();
	struct error e = {""};

	cr_expect_eq(runner_plan(run, suite, &e), 0, "%s: %s", suite->name, e.text);
	/* Two cells of one id would be one to `bypass compare`. */
	for (size_t i = 0; i < run->ncells; i++) {
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(run->cells[i].id, run->cells[j].id, "%s", suite->name);
	}
	run_free(run);
}

Test(suite_files, each_makes_cells_with_names_of_their_own)
{
	for_each_suite(can_be_planned);
}

Test(suite_files, the_one_for_regressions_takes_five_minutes)
{
	struct suite *suite = NULL;
	struct error e = {""};

	cr_assert_eq(suite_load(&suite, SUITES, "regress", &e), 0, "%s", e.text);
	cr_assert_leq(suite->budget_ns, 300 * SECONDS);
	suite_free(suite);
}
