// SPDX-License-Identifier: MIT
/* What a guest says: whose it is, and what of it counts. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "engine/transcript.h"

enum { CHECKS = 3 };

static struct section sections[CHECKS];

static void read_all(const char *text)
{
	transcript_read(text, "@n", sections, CHECKS);
}

static void copied(const struct section *section, const char *log, const char *observations)
{
	char *texts[2];
	size_t sizes[2];
	FILE *files[2];

	for (int i = 0; i < 2; i++)
		files[i] = memory_stream(&texts[i], &sizes[i]);
	section_copy(section, files[0], files[1]);
	for (int i = 0; i < 2; i++)
		fclose(files[i]);
	cr_assert_str_eq(texts[0], log);
	cr_assert_str_eq(texts[1], observations);
	free(texts[0]);
	free(texts[1]);
}

Test(transcript, a_section_is_what_stands_between_its_marks)
{
	read_all("noise\n@n begin 1\n|step: a\n@n end 1 0\n@n begin 0\n|b\n@n end 0 77\n");
	cr_assert(sections[1].ended && sections[1].status == 0);
	cr_assert(sections[0].ended && sections[0].status == 77);
	cr_assert(!sections[2].begun);
	copied(&sections[1], "step: a\n", "");
	copied(&sections[0], "b\n", "");
}

Test(transcript, a_guest_that_died_leaves_a_section_open)
{
	read_all("@n begin 0\n|a\n@n end 0 0\n@n begin 2\n|step: last");
	cr_assert(sections[2].begun && !sections[2].ended && !sections[2].hung);
	copied(&sections[2], "step: last\n", "");
}

Test(transcript, a_check_that_hung_has_no_status)
{
	read_all("@n begin 0\n|a\n@n hung 0\n");
	cr_assert(sections[0].hung && !sections[0].ended);
}

Test(transcript, what_a_check_prints_is_no_mark)
{
	read_all("@n begin 0\n|@n end 0 0\n|@m end 0 0\n@n end 0 1\n");
	cr_assert(sections[0].ended);
	cr_assert_eq(sections[0].status, 1);
}

Test(transcript, marks_that_do_not_follow_are_nothing)
{
	read_all(
		"@n end 0 0\n@n begin 7\n@n begin 1\n@n begin 0\n@n end 2 0\n@n end 1\n@n end 1 x\n"
		"@n end 1 -1\n@n end 1 3\n@n begin 1\n@n end 1 0\n@n hung\n@nend 2 0\n");
	cr_assert(sections[1].ended);
	cr_assert_eq(sections[1].status, 3);
	cr_assert(!sections[0].begun && !sections[2].begun);
}

Test(transcript, an_observation_is_a_key_and_a_value)
{
	read_all("@n begin 0\n|observe size 4096\n|observe\n|observe size\n|observe a/b 1\n"
		 "| observe x 1\n|observe key two words\n@n end 0 0\n");
	copied(&sections[0],
	       "observe size 4096\nobserve\nobserve size\nobserve a/b 1\n observe x 1\n"
	       "observe key two words\n",
	       "observe size 4096\nobserve key two words\n");
}

Test(transcript, control_characters_go)
{
	read_all("@n begin 0\n|observe a \033[2J\001x\ty\r\n@n end 0 0\n");
	copied(&sections[0], "observe a ?[2J?x y\n", "observe a ?[2J?x y\n");
}
