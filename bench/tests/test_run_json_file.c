// SPDX-License-Identifier: MIT
/* run.json as a file: written whole or not at all. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fixture_files.h"
#include "tests/fixture_run_json.h"

Test(run_json_file, is_written_whole_and_read_back)
{
	char *folder = fixture_folder_make(), path[200], again[200];
	struct run *run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS), *copy = NULL;
	char *first = fixture_run_text(run), *second;
	struct error e = {""};
	struct stat status;

	snprintf(path, sizeof(path), "%s/run.json", folder);
	snprintf(again, sizeof(again), "%s/again.json", folder);
	cr_assert_eq(run_write(run, path, &e), 0, "%s", e.text);
	cr_assert_eq(run_read(&copy, path, &e), 0, "%s", e.text);
	second = fixture_run_text(copy);
	cr_assert_str_eq(second, first);
	/* Over an old file, and through a link, which stays one. */
	cr_assert_eq(symlink("run.json", again), 0);
	cr_assert_eq(run_write(run, again, &e), 0, "%s", e.text);
	cr_assert_eq(fixture_folder_count(folder), 2);
	cr_assert_eq(lstat(again, &status), 0);
	cr_assert(S_ISLNK(status.st_mode));
	run_free(run);
	run_free(copy);
	free(first);
	free(second);
	fixture_folder_remove(folder);
}

Test(run_json_file, that_can_not_be_written_leaves_the_old_file_and_no_other)
{
	const struct rlimit small = {1000, RLIM_INFINITY};
	char *folder = fixture_folder_make(), path[200];
	struct run *run = fixture_run_full(RUN_CLOCK_NS);
	struct error e = {""};
	struct stat status;
	FILE *file;

	snprintf(path, sizeof(path), "%s/run.json", folder);
	file = fopen(path, "w");
	fputs("old", file);
	fclose(file);
	/* A limit on the size of files stands for a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_assert_eq(run_write(run, path, &e), -EFBIG);
	cr_assert(strstr(e.text, "File too large; free some space"), "%s", e.text);
	cr_assert_eq(fixture_folder_count(folder), 1);
	cr_assert_eq(stat(path, &status), 0);
	cr_assert_eq(status.st_size, 3);
	fixture_folder_remove(folder);
	cr_assert_eq(run_write(run, path, &e), -ENOENT);
	cr_assert(strstr(e.text, "create the folder first"), "%s", e.text);
	run_free(run);
}

Test(run_json_file, can_be_written_to_what_is_no_file)
{
	struct run *run = run_new();
	struct error e = {""};
	struct stat status;

	cr_assert_eq(run_write(run, "/dev/null", &e), 0, "%s", e.text);
	cr_assert_eq(stat("/dev/null", &status), 0);
	cr_assert(S_ISCHR(status.st_mode));
	cr_assert_eq(run_write(run, "/dev/full", &e), -ENOSPC);
	cr_assert_eq(run_write(run, "/tmp", &e), -EISDIR);
	run_free(run);
}

Test(run_json_file, that_is_no_json_is_refused_with_its_line)
{
	char path[] = "/tmp/test_run_json.XXXXXX";
	int fd = mkstemp(path);
	struct error e = {""};
	struct run *run = NULL;

	cr_assert_eq(write(fd, "{\n\"a\": 1,\n\"a\"", 13), 13);
	close(fd);
	cr_assert_eq(run_read(&run, path, &e), -EINVAL);
	cr_assert(strstr(e.text, ":3 is not JSON"), "%s", e.text);
	unlink(path);
	cr_assert_eq(run_read(&run, path, &e), -ENOENT);
	cr_assert_eq(run_read(&run, "/tmp", &e), -EINVAL);
}
