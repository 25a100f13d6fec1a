// SPDX-License-Identifier: MIT
/* Where runs are kept, in trees made of folders: a source tree, one of another's, an installed one.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/results.h"
#include "tests/fixture_machine.h"

static void begin(void)
{
	machine_make();
	machine_command("mkdir -p tree && chmod 755 . tree");
	setenv("HOME", "/home/somebody", 1);
	unsetenv("XDG_DATA_HOME");
}

TestSuite(results, .init = begin, .fini = machine_remove);

static void kept_in(const char *expected)
{
	char results[600];

	results_default(machine_path("/tree"), results, sizeof(results));
	cr_assert_str_eq(results, expected);
}

Test(results, of_a_source_tree_are_kept_in_it)
{
	kept_in(machine_path("/tree/results"));
	machine_command("mkdir tree/results");
	kept_in(machine_path("/tree/results"));
}

Test(results, of_an_installed_tree_are_the_users)
{
	cr_assert_not(results_installed(machine_path("/tree")));
	machine_command("touch tree/INSTALLED");
	cr_assert(results_installed(machine_path("/tree")));
	kept_in("/home/somebody/.local/share/bypass/results");
	setenv("XDG_DATA_HOME", "/data", 1);
	kept_in("/data/bypass/results");
	/* The specification of these variables: a relative path is ignored. */
	setenv("XDG_DATA_HOME", "data", 1);
	kept_in("/home/somebody/.local/share/bypass/results");
	setenv("HOME", "", 1);
	kept_in(machine_path("/tree/results"));
	unsetenv("HOME");
	kept_in(machine_path("/tree/results"));
}

Test(results, of_somebody_elses_tree_are_the_users)
{
	machine_command("chmod 555 tree");
	machine_become_nobody();
	kept_in("/home/somebody/.local/share/bypass/results");
}

Test(results, of_a_tree_with_somebody_elses_results_are_the_users)
{
	machine_command("mkdir tree/results && chmod 555 tree/results && chmod 777 tree");
	machine_become_nobody();
	kept_in("/home/somebody/.local/share/bypass/results");
}

Test(results, makes_the_folders_above)
{
	char folder[600];
	struct error e;

	cr_assert_eq(results_new(machine_path("/a/b/results"), folder, sizeof(folder), &e), 0, "%s",
		     e.text);
	cr_assert_str_eq(folder, machine_path("/a/b/results/0001"));
	cr_assert_eq(access(folder, W_OK), 0);
}

Test(results, that_cannot_be_made_name_the_folder)
{
	char folder[600];
	struct error e;

	machine_file("/a", "");
	cr_assert_lt(results_new(machine_path("/a/b/results"), folder, sizeof(folder), &e), 0);
	cr_assert_not_null(strstr(e.text, machine_path("/a/b/results")), "%s", e.text);
}

/* What @name is found to be, from the folder with tree/ in it; "" if nothing. */
static const char *found(const char *name)
{
	static char path[700];
	struct error e;

	cr_assert_eq(chdir(machine_path("")), 0);
	return results_find("tree/results", name, path, sizeof(path), &e) ? "" : path;
}

Test(results, a_run_is_found_by_its_folder)
{
	machine_command("mkdir -p tree/results/0007 tree/results/reference/quick 0007/quick &&"
			" touch tree/results/0007/run.json tree/results/reference/quick/run.json"
			" 0007/quick/run.json && ln -s 0007 tree/results/last");
	cr_assert_str_eq(found("@last"), "tree/results/last/run.json");
	cr_assert_str_eq(found("reference/quick"), "tree/results/reference/quick/run.json");
	cr_assert_str_eq(found("0007/quick"), "0007/quick/run.json");
	cr_assert_str_eq(found("0007/quick/run.json"), "0007/quick/run.json");
	machine_command("rm -r 0007");
	cr_assert_str_eq(found("0007"), "tree/results/0007/run.json");
	cr_assert_str_eq(found("0008"), "");
	cr_assert_str_eq(found("reference/slow"), "");
}
