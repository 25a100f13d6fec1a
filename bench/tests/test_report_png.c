// SPDX-License-Identifier: MIT
/* The plots as files: whole or not there, and drawn by a gnuplot that no name can command. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report.h"
#include "tests/fixture_files.h"
#include "tests/fixture_run.h"

static unsigned int nwritten;
static char first[400];

static void count(const char *path)
{
	if (nwritten++ == 0)
		snprintf(first, sizeof(first), "%s", path);
}

static void expect_png(const char *path)
{
	static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	static const char end[] = "IEND\xae\x42\x60\x82";
	unsigned char head[8];
	char tail[8];
	FILE *in = fopen(path, "re");

	cr_assert_not_null(in, "%s", path);
	cr_assert_eq(fread(head, 1, 8, in), 8);
	cr_assert_arr_eq(head, signature, 8);
	cr_assert_eq(fseek(in, -8, SEEK_END), 0);
	cr_assert_eq(fread(tail, 1, 8, in), 8);
	cr_assert_arr_eq(tail, end, 8, "one picture, and all of it");
	fclose(in);
}

Test(report_png, each_group_has_a_file_for_each_of_its_plots)
{
	char *folder = fixture_folder_make(), path[400];
	struct run *run = fixture_run_ns();
	struct error e = {""};

	cr_assert_eq(report_png(run, folder, count, &e), 0, "%s", e.text);
	cr_assert_eq(nwritten, 2);
	snprintf(path, sizeof(path), "%s/plot-1-bars.png", folder);
	cr_assert_str_eq(first, path);
	expect_png(path);
	snprintf(path, sizeof(path), "%s/plot-1-latency.png", folder);
	expect_png(path);
	cr_assert_eq(fixture_folder_remove(folder), 2);
	run_free(run);
}

Test(report_png, instructions_have_bars_alone)
{
	char *folder = fixture_folder_make();
	struct run *run = fixture_run_instructions();
	struct error e = {""};

	cr_assert_eq(report_png(run, folder, count, &e), 0, "%s", e.text);
	expect_png(first);
	cr_assert_eq(fixture_folder_remove(folder), nwritten);
	run_free(run);
}

Test(report_png, no_name_reaches_gnuplot_as_a_command)
{
	static const char *const names[] = {
		"'\n!touch HIT\n'",
		"'; system('touch HIT') #",
		"\"; system(\"touch HIT\") #",
		"`touch HIT`",
	};
	char *folder = fixture_folder_make();

	cr_assert_eq(chdir(folder), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct run *run = fixture_run_ns();
		struct error e = {""};

		/* A group's name is the title of a picture. */
		for (size_t j = 0; j < run->ncells; j++)
			strcpy(run->cells[j].group, names[i]);
		cr_assert_eq(report_png(run, folder, count, &e), 0, "%s", e.text);
		run_free(run);
	}
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(fixture_folder_remove(folder), 2, "nothing but the plots was made");
}

Test(report_png, without_gnuplot_one_sentence_says_what_to_do_and_no_file_is_left)
{
	char *folder = fixture_folder_make();
	struct run *run = fixture_run_ns();
	struct error e = {""};

	setenv("PATH", "", 1);
	cr_assert_eq(report_png(run, folder, count, &e), -ENOENT);
	cr_assert_not_null(strstr(e.text, "do: apt-get install gnuplot-nox"), "%s", e.text);
	cr_assert_null(strchr(e.text, '\n'));
	cr_assert_eq(fixture_folder_remove(folder), 0);
	run_free(run);
}

Test(report_png, a_gnuplot_without_pngcairo_is_told_from_one_that_is_too_old)
{
	char *folder = fixture_folder_make(), fake[400];
	struct run *run = fixture_run_ns();
	struct error e = {""};
	FILE *out;

	snprintf(fake, sizeof(fake), "%s/gnuplot", folder);
	out = fopen(fake, "we");
	/* What gnuplot 5.4 says of a terminal that it was built without. */
	fputs("#!/bin/sh\necho '\n\nset terminal pngcairo\n             ^\n         line 1: "
	      "unknown or "
	      "ambiguous terminal type; type just '\"'set terminal'\"' for a list' >&2\nexit 1\n",
	      out);
	fclose(out);
	cr_assert_eq(chmod(fake, 0755), 0);
	setenv("PATH", folder, 1);
	cr_assert_eq(report_png(run, folder, count, &e), -EIO);
	cr_assert_not_null(strstr(e.text, "unknown or ambiguous terminal type"), "%s", e.text);
	cr_assert_not_null(strstr(e.text, "do: apt-get install gnuplot-nox"), "%s", e.text);
	cr_assert_null(strchr(e.text, '\n'));
	cr_assert_eq(fixture_folder_remove(folder), 1, "the fake alone");
	run_free(run);
}

Test(report_png, a_run_without_figures_has_nothing_to_draw)
{
	char *folder = fixture_folder_make();
	struct run *run = fixture_run_ns();
	struct error e = {""};

	for (size_t i = 0; i < run->ncells; i++)
		run->cells[i].clock_use = CLOCK_USE_FUNCTION;
	cr_assert_eq(report_png(run, folder, count, &e), -ENODATA);
	cr_assert_eq(nwritten, 0);
	cr_assert_eq(fixture_folder_remove(folder), 0);
	run_free(run);
}
