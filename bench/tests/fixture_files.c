// SPDX-License-Identifier: MIT
#include "tests/fixture_files.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *fixture_folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *folder;

	cr_assert_gt(asprintf(&folder, "%s/bypass-test-XXXXXX", tmp && *tmp ? tmp : "/tmp"), 0);
	cr_assert_not_null(mkdtemp(folder));
	return folder;
}

size_t fixture_folder_count(const char *folder)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	size_t n = 0;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status, (void)kind, (void)where;
	return remove(path);
}

size_t fixture_folder_remove(char *folder)
{
	size_t n = fixture_folder_count(folder);

	cr_assert_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0, "%s", folder);
	free(folder);
	return n;
}

char *fixture_file_read(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(in);
	for (int c; (c = fgetc(in)) != EOF;)
		fputc(c, out);
	fclose(in);
	fclose(out);
	return text;
}
