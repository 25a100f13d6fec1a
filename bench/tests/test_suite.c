// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/suite.h"
#include "tests/fixture_files.h"

#define SUITE "[suite]\nquestion=Why?\n"

static struct suite *parsed(const char *text)
{
	struct suite *suite = NULL;
	struct error e = {""};

	cr_assert_eq(suite_parse(&suite, "x", text, &e), 0, "%s", e.text);
	return suite;
}

static void refuses(const char *text, const char *part)
{
	struct suite *suite = NULL;
	struct error e = {""};

	cr_assert_eq(suite_parse(&suite, "x", text, &e), -EINVAL, "%s", text);
	cr_assert(strstr(e.text, part), "'%s' lacks '%s'", e.text, part);
	cr_assert_null(suite);
}

static void cell_is(const struct suite *suite, size_t i, const char *section, const char *path,
		    uint64_t bs)
{
	cr_assert_lt(i, suite->ncells);
	cr_assert_str_eq(suite->cells[i].section, section, "cell %zu", i);
	cr_assert_str_eq(suite->cells[i].workload.path, path, "cell %zu", i);
	cr_assert_eq(suite->cells[i].workload.bs, bs, "cell %zu", i);
}

Test(suite, expands_sections_in_order_and_later_sweeps_fastest)
{
	struct suite *suite = parsed(SUITE "runs=5\n"
					   "[global]\nsize=1g\ntarget=file:/tmp/x\n"
					   "[sizes]\neach.path=direct, buffered\neach.bs=4k,64k\n"
					   "[one]\npath=dax\nbs=8k\n");

	cr_assert_str_eq(suite->name, "x");
	cr_assert_str_eq(suite->question, "Why?");
	cr_assert_eq(suite->runs, 5);
	cr_assert_eq(suite->ncells, 5);
	cell_is(suite, 0, "sizes", "direct", 4096);
	cell_is(suite, 1, "sizes", "direct", 65536);
	cell_is(suite, 2, "sizes", "buffered", 4096);
	cell_is(suite, 3, "sizes", "buffered", 65536);
	cell_is(suite, 4, "one", "dax", 8192);
	cr_assert_eq(suite->cells[4].workload.size, 1 << 30);
	suite_free(suite);
}

Test(suite, repeats_nine_times_unless_it_says_otherwise)
{
	struct suite *suite = parsed(SUITE "[a]\npath=direct\n");

	cr_assert_eq(suite->runs, 9);
	suite_free(suite);
	refuses("[suite]\nquestion=Why?\nruns=0\n[a]\npath=direct\n", "x.ini:3: runs");
	refuses("[suite]\nquestion=Why?\nruns=1001\n[a]\npath=direct\n", "1 to 1000");
	refuses("[suite]\nquestion=Why?\nruns=9x\n[a]\npath=direct\n", "x.ini:3: runs");
}

Test(suite, says_how_long_it_takes_and_what_testbed_it_needs)
{
	struct suite *suite = parsed(SUITE "budget=5m\nmemory=512m\nnuma=2\n[a]\npath=direct\n");

	cr_assert_eq(suite->budget_ns, 300ull * 1000000000);
	cr_assert_eq(suite->memory_nbytes, 512ull << 20);
	cr_assert_eq(suite->numa, 2);
	suite_free(suite);
	suite = parsed(SUITE "[a]\npath=direct\n");
	cr_assert_eq(suite->budget_ns, 0);
	cr_assert_eq(suite->memory_nbytes, 0);
	cr_assert_eq(suite->numa, 0);
	suite_free(suite);
	refuses(SUITE "budget=soon\n[a]\npath=direct\n", "x.ini:3: budget: 'soon' is no time");
	refuses(SUITE "budget=0\n[a]\npath=direct\n", "budget: '0' is no time");
	refuses(SUITE "memory=1k\n[a]\npath=direct\n", "memory: '1k' is no size");
	refuses(SUITE "numa=9\n[a]\npath=direct\n", "numa: '9' is no number of memory nodes");
	refuses(SUITE "numa=22\n[a]\npath=direct\n", "numa: '22' is no number of memory nodes");
	refuses(SUITE "[a]\npath=direct\nbudget=5m\n", "budget= belongs in [suite]");
}

Test(suite, names_the_options_that_tell_rows_apart)
{
	struct suite *suite = parsed(SUITE "rows = aggregation_threshold , bs\n[a]\npath=direct\n");

	cr_assert_eq(suite->nrows, 2);
	cr_assert_str_eq(suite->rows[0], "aggregation_threshold");
	cr_assert_str_eq(suite->rows[1], "bs");
	suite_free(suite);
	suite = parsed(SUITE "[a]\npath=direct\n");
	cr_assert_eq(suite->nrows, 0);
	suite_free(suite);
	refuses(SUITE "rows=bs,depth\n[a]\npath=direct\n", "x.ini:3: rows: 'depth' is no option");
	refuses(SUITE "rows=rw\n[a]\npath=direct\n", "'rw' is no option with a number");
	refuses(SUITE "rows=bs,,size\n[a]\npath=direct\n", "rows: '' is no option");
	refuses(SUITE "rows=bs,bs\n[a]\npath=direct\n", "x.ini:3: rows has bs twice");
	refuses(SUITE "rows=bs,size,numjobs,iodepth,number_ios,runtime,ramp_time,"
		      "aggregation_time,aggregation_threshold\n[a]\npath=direct\n",
		"x.ini:3: rows has more than 8");
	refuses(SUITE "[a]\npath=direct\nrows=bs\n", "rows= belongs in [suite]");
}

Test(suite, may_have_comments_blank_lines_a_byte_order_mark_and_windows_line_ends)
{
	struct suite *suite = parsed("\xef\xbb\xbf; one\r\n# two\r\n\r\n[suite]\r\n"
				     "question = What is it?\r\n  # indented\r\n[a]\r\n"
				     "path = direct\r\n");

	cr_assert_str_eq(suite->question, "What is it?");
	cr_assert_str_eq(suite->cells[0].workload.path, "direct");
	suite_free(suite);
}

Test(suite, names_file_and_line_of_what_is_wrong)
{
	refuses(SUITE "[a]\npath=direct\nbs=4q\n", "x.ini:5: bs: '4q'");
	refuses(SUITE "[a]\npath=direct\nblocksize=4k\n", "x.ini:5: unknown option 'blocksize'");
	refuses(SUITE "[a]\npath=direct\neach.bs=4k,no\n", "x.ini:5: bs: 'no'");
	refuses(SUITE "[a]\npath=direct\nbs=2m\nsize=1m\n", "[a] bs=2097152 is larger");
}

Test(suite, refuses_a_section_name_that_inih_would_cut)
{
	char text[256];

	snprintf(text, sizeof(text), SUITE "[%050d]\npath=direct\n", 1);
	refuses(text, "x.ini:3: the section's name has 50");
	snprintf(text, sizeof(text), SUITE "[%049d]\npath=direct\n", 1);
	suite_free(parsed(text));
}

Test(suite, refuses_a_line_that_inih_would_split)
{
	char text[512];

	snprintf(text, sizeof(text), "[suite]\nquestion=%0191d\n[a]\npath=direct\n", 1);
	refuses(text, "x.ini:2: the line has 200");
	/* The longest that is allowed arrives whole, and line numbers after it are right. */
	snprintf(text, sizeof(text), "[suite]\nquestion=%0190d\n[a]\npath=direct\nbs=x\n", 1);
	refuses(text, "x.ini:5");
	snprintf(text, sizeof(text), "[suite]\nquestion=%0190d\n[a]\npath=direct\n", 1);
	{
		struct suite *suite = parsed(text);

		cr_assert_eq(strlen(suite->question), 190);
		suite_free(suite);
	}
}

Test(suite, refuses_a_key_without_a_value)
{
	refuses(SUITE "[a]\npath=direct\ntime_based\n", "x.ini:5: a key needs a value");
	refuses(SUITE "[a]\npath=direct\nbs=\n", "x.ini:5: the value is empty");
	refuses(SUITE "[a]\npath=direct\n=4k\n", "x.ini:5: the name before '='");
	refuses(SUITE "[a]\npath:direct\n", "x.ini:4: ':'");
}

Test(suite, refuses_duplicate_sections_and_keys)
{
	refuses(SUITE "[a]\npath=direct\n[a]\npath=dax\n", "x.ini:5: section [a] is there twice");
	refuses(SUITE "[a]\npath=direct\npath=dax\n", "x.ini:5: path is set twice");
	refuses(SUITE "[a]\npath=direct\neach.path=dax,direct\n", "x.ini:5: path is set twice");
}

Test(suite, refuses_lines_that_inih_would_join_or_pass_over)
{
	refuses(SUITE "[a]\npath=direct\n  bs=4k\n", "x.ini:5: the line begins with a blank");
	refuses(SUITE "[a] b\npath=direct\n", "x.ini:3: nothing may follow");
	refuses(SUITE "[a\npath=direct\n", "x.ini:3: the section's closing ]");
	refuses(SUITE "[]\npath=direct\n", "x.ini:3: a section's name");
	refuses(SUITE "[ a]\npath=direct\n", "x.ini:3: a section's name");
	refuses(SUITE "[a]\n[b]\npath=direct\n", "x.ini:3: section [a] is empty");
	refuses(SUITE "[b]\npath=direct\n[a]\n", "x.ini:5: section [a] is empty");
	refuses("bs=4k\n" SUITE "[a]\npath=direct\n", "x.ini:1: an option stands before");
	refuses(SUITE "[a]\npath=dir\001ect\n", "x.ini:4: the line has a control");
}

Test(suite, refuses_a_comment_behind_a_value)
{
	refuses(SUITE "[a]\npath=direct ; why\n", "x.ini:4: a comment needs a line of its own");
	refuses(SUITE "[a]\npath=direct # why\n", "x.ini:4: a comment needs a line of its own");
	suite_free(parsed("[suite]\nquestion=a;b#c\n[a]\npath=direct\n"));
}

Test(suite, refuses_sweeps_that_make_no_sense)
{
	refuses(SUITE "[a]\neach.path=direct,,dax\n", "x.ini:4: each.path has an empty value");
	refuses(SUITE "[a]\npath=dax\neach.bs=4k,4096\n", "x.ini:5: each.bs has the same value");
	refuses(SUITE "[global]\neach.bs=4k,8k\n[a]\npath=dax\n", "x.ini:4: [global] can't sweep");
	refuses(SUITE "[a]\npath=dax\n[global]\nbs=4k\n", "x.ini:5: [global] must stand before");
	refuses(SUITE "[a]\npath=dax\neach.=1\n", "x.ini:5: unknown option ''");
}

Test(suite, refuses_what_is_not_complete)
{
	refuses("", "x.ini has no question");
	refuses(SUITE, "x.ini has no cells");
	refuses("[suite]\nruns=3\n[a]\npath=direct\n", "x.ini has no question");
	refuses(SUITE "[a]\nbs=4k\n", "[a] no path");
	refuses(SUITE "bs=4k\n[a]\npath=direct\n", "x.ini:3: [suite] has no 'bs'");
}

/* "path=dax\neach.numjobs=1,..,@jobs\neach.number_ios=1,..,@ios\n", within the length of a line */
static void sweep_text(char *text, size_t room, unsigned int jobs, unsigned int ios)
{
	unsigned int i;

	snprintf(text, room, SUITE "[a]\npath=dax\neach.numjobs=1");
	for (i = 2; i <= jobs; i++)
		snprintf(text + strlen(text), room - strlen(text), ",%u", i);
	strncat(text, "\neach.number_ios=1", room - strlen(text) - 1);
	for (i = 2; i <= ios; i++)
		snprintf(text + strlen(text), room - strlen(text), ",%u", i);
	strncat(text, "\neach.cache=hot,cold\n", room - strlen(text) - 1);
}

Test(suite, expands_to_at_most_4096_cells)
{
	char text[1024];
	struct suite *suite;

	sweep_text(text, sizeof(text), 64, 32);
	suite = parsed(text);
	cr_assert_eq(suite->ncells, 4096);
	suite_free(suite);
	sweep_text(text, sizeof(text), 64, 33);
	refuses(text, "more than 4096 cells");
	sweep_text(text, sizeof(text), 60, 33);
	strncat(text,
		"[b]\npath=dax\neach.bs=1k,2k\neach.size=1m,2m,3m,4m,5m,6m,7m,8m,9m\n"
		"each.rw=read,write,randread,randwrite\neach.cache=hot,cold\n",
		sizeof(text) - strlen(text) - 1);
	refuses(text, "more than 4096 cells");
}

Test(suite, keeps_the_same_cell_under_two_headings)
{
	struct suite *suite = parsed(SUITE "[a]\npath=dax\n[b]\npath=dax\n");

	cr_assert_eq(suite->ncells, 2);
	suite_free(suite);
}

Test(suite, merges_cells_of_a_section_that_an_override_makes_equal)
{
	struct suite *suite = parsed(SUITE "[a]\neach.path=dax,direct\neach.bs=4k,8k,16k\n"
					   "[b]\npath=dax\n");
	struct error e = {""};

	cr_assert_eq(suite_override(suite, "bs", "4k", &e), 0);
	cr_assert_eq(suite->ncells, 3);
	cell_is(suite, 0, "a", "dax", 4096);
	cell_is(suite, 1, "a", "direct", 4096);
	cell_is(suite, 2, "b", "dax", 4096);
	cr_assert_eq(suite_override(suite, "bs", "x", &e), -EINVAL);
	cr_assert_eq(suite->ncells, 3);
	cell_is(suite, 0, "a", "dax", 4096);
	suite_free(suite);
}

Test(suite, keeps_the_first_of_equal_cells_when_sections_are_merged)
{
	struct suite *suite = parsed(SUITE "[a]\npath=dax\n[b]\neach.path=dax,direct\n");

	suite_merge_sections(suite);
	cr_assert_eq(suite->ncells, 2);
	cell_is(suite, 0, "a", "dax", 4096);
	cell_is(suite, 1, "b", "direct", 4096);
	suite_free(suite);
}

static void write_file(const char *folder, const char *name, const char *text, size_t length)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, length, file), length);
	fclose(file);
}

Test(suite, is_found_by_name_in_its_folder_or_by_path)
{
	static const char text[] = SUITE "[a]\npath=direct\n";
	char *folder = fixture_folder_make(), path[256];
	struct suite *suite;
	struct error e = {""};

	write_file(folder, "ladder.ini", text, strlen(text));
	write_file(folder, "zero.ini", "a\0b", 3);
	cr_assert_eq(suite_load(&suite, folder, "ladder", &e), 0, "%s", e.text);
	cr_assert_str_eq(suite->name, "ladder");
	suite_free(suite);
	snprintf(path, sizeof(path), "%s/ladder.ini", folder);
	cr_assert_eq(suite_load(&suite, "/nowhere", path, &e), 0, "%s", e.text);
	cr_assert_str_eq(suite->name, "ladder");
	suite_free(suite);
	cr_assert_eq(suite_load(&suite, folder, "leader", &e), -ENOENT);
	cr_assert(strstr(e.text, "give one of ladder, zero"), "%s", e.text);
	cr_assert_eq(suite_load(&suite, "/nowhere", "leader", &e), -ENOENT);
	cr_assert_eq(suite_load(&suite, folder, "zero", &e), -EINVAL);
	cr_assert(strstr(e.text, "zero byte"), "%s", e.text);
	fixture_folder_remove(folder);
}
