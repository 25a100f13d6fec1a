// SPDX-License-Identifier: MIT
/* The language of the markers: what is cut, what is put together again, what is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/markers.h"

static const char source[] = "int first(void)\n"
			     "{\n"
			     "\t/* LAB 3.1: say one => return 0; */\n"
			     "\treturn 1;\n"
			     "\t/* LAB end */\n"
			     "}\n"
			     "/* LAB 4.1: write second */\n"
			     "int second(void)\n"
			     "{\n"
			     "\treturn 2;\n"
			     "}\n"
			     "/* LAB end */\n"
			     "int last;\n";

static void parsed(struct marked *m, const char *name, const char *text)
{
	struct error e = {""};

	cr_assert_eq(marked_parse(m, name, text, &e), 0, "%s", e.text);
}

static void refused(const char *text, const char *sentence)
{
	struct marked m;
	struct error e = {""};

	cr_assert_eq(marked_parse(&m, "x.c", text, &e), -EINVAL, "%s", text);
	cr_assert(strstr(e.text, sentence), "%s", e.text);
}

Test(markers, name_lab_and_region_task_and_stub)
{
	struct marked m;

	parsed(&m, "x.c", source);
	cr_assert_eq(m.count, 2);
	cr_assert_str_eq(m.regions[0].id, "3.1");
	cr_assert_eq(m.regions[0].lab, 3);
	cr_assert_str_eq(m.regions[0].text, "say one");
	cr_assert_str_eq(m.regions[0].stub, "return 0;");
	cr_assert_eq(m.regions[0].line, 4);
	cr_assert_str_eq(m.regions[1].stub, "");
	cr_assert_eq(marked_count(&m, 3), 1);
	cr_assert_eq(marked_count(&m, 5), 0);
	cr_assert_null(marked_find(&m, "3.2"));
	marked_free(&m);
}

Test(markers, leave_a_stub_and_the_task_and_no_marker_of_another_lab)
{
	struct marked m;
	char *cut;

	parsed(&m, "x.c", source);
	cut = marked_cut(&m, 3);
	cr_assert_str_eq(cut, "int first(void)\n"
			      "{\n"
			      "\t/* LAB 3.1: say one */\n"
			      "\treturn 0;\n"
			      "\t/* LAB end */\n"
			      "}\n"
			      "int second(void)\n"
			      "{\n"
			      "\treturn 2;\n"
			      "}\n"
			      "int last;\n");
	free(cut);
	cut = marked_solution(&m, 3);
	cr_assert(strstr(cut, "say one */\n\treturn 1;\n"));
	free(cut);
	marked_free(&m);
}

Test(markers, bring_a_students_lines_into_the_reference)
{
	static const char *const ids[] = {"3.1"};
	struct marked reference, student;
	char *cut, *theirs, *spliced;
	struct error e;

	parsed(&reference, "ref.c", source);
	cut = marked_cut(&reference, 3);
	parsed(&student, "mine.c", cut);
	theirs = marked_with(&student, "3.1", "\treturn 7;\n");
	marked_free(&student);
	parsed(&student, "mine.c", theirs);
	cr_assert_eq(marked_splice(&reference, &student, ids, 1, &spliced, &e), 0);
	cr_assert(strstr(spliced, "#line 4 \"mine.c\"\n\treturn 7;\n#line 5 \"ref.c\"\n"));
	cr_assert(strstr(spliced, "\treturn 2;\n"));
	cr_assert_null(strstr(spliced, "return 1;"));
	free(cut);
	free(theirs);
	free(spliced);
	marked_free(&student);
	marked_free(&reference);
}

Test(markers, that_a_student_lost_are_named)
{
	static const char *const ids[] = {"3.1"};
	struct marked reference, student;
	struct error e;
	char *spliced;

	parsed(&reference, "ref.c", source);
	parsed(&student, "mine.c", "int first(void)\n{\n\treturn 1;\n}\n");
	cr_assert_eq(marked_splice(&reference, &student, ids, 1, &spliced, &e), -EINVAL);
	cr_assert(strstr(e.text, "mine.c has lost its line '/* LAB 3.1"), "%s", e.text);
	cr_assert(strstr(e.text, "bypass lab reset 3"), "%s", e.text);
	marked_free(&student);
	marked_free(&reference);
}

Test(markers, that_are_none_are_refused_with_their_line)
{
	refused("\n/* LAB 3: x */\n/* LAB end */\n", "x.c:2: a marker is");
	refused("/* LAB 3.1 x */\n/* LAB end */\n", "x.c:1: a marker is");
	refused("/* LAB 3.1: */\n/* LAB end */\n", "says what is to be done");
	refused("/* LAB 3.1: => return; */\n/* LAB end */\n", "says what is to be done");
	refused("/* LAB 3.1: x */ int a;\n/* LAB end */\n", "nothing behind");
	refused("/* LAB 3.1: x\n */\n/* LAB end */\n", "nothing behind");
	refused("/* LAB end */\n", "a region ends that didn't begin");
	refused("/* LAB 3.1: x */\n", "x.c:1: the region has no end");
	refused("/* LAB 3.1: x */\n/* LAB 3.2: y */\n/* LAB end */\n", "x.c:2: a region begins");
	refused("/* LAB 3.1: x */\n/* LAB end */\n/* LAB 3.1: y */\n/* LAB end */\n",
		"x.c:3: two regions have the same number");
	refused("/* LAB 99999.1: x */\n/* LAB end */\n", "a marker is");
}

Test(markers, may_be_absent_and_the_last_line_unfinished)
{
	struct marked m;
	char *cut;

	parsed(&m, "x.c", "");
	cut = marked_cut(&m, 1);
	cr_assert_str_eq(cut, "");
	free(cut);
	marked_free(&m);
	parsed(&m, "x.c", "int a;\n/* LAB 1.1: b */\nint b;\n/* LAB end */");
	cut = marked_cut(&m, 1);
	cr_assert_str_eq(cut, "int a;\n/* LAB 1.1: b */\n/* LAB end */");
	free(cut);
	cut = marked_cut(&m, 2);
	cr_assert_str_eq(cut, "int a;\nint b;\n");
	free(cut);
	marked_free(&m);
}

Test(markers, a_tree_for_students_has_stubs_and_no_markers)
{
	struct marked m;
	char *stubs;

	parsed(&m, "x.c", source);
	stubs = marked_stubs(&m);
	cr_assert_str_eq(stubs, "int first(void)\n"
				"{\n"
				"\t/* lab 3.1: say one */\n"
				"\treturn 0;\n"
				"}\n"
				"/* lab 4.1: write second */\n"
				"int last;\n");
	free(stubs);
	marked_free(&m);
}
