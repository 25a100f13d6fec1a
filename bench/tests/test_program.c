// SPDX-License-Identifier: MIT
#include "core/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void becomes(const char *text, const char *expected)
{
	char *found = program_in_text(text);

	cr_expect_str_eq(found, expected);
	free(found);
}

Test(program, has_its_usual_name_until_it_is_told_another)
{
	cr_assert_str_eq(program_name(), "bypass");
	program_set_name("build/bypass");
	cr_assert_str_eq(program_name(), "build/bypass");
	program_set_name("");
	cr_assert_str_eq(program_name(), "bypass");
	program_set_name(NULL);
	cr_assert_str_eq(program_name(), "bypass");
}

Test(program, recommends_commands_as_it_was_called)
{
	program_set_name("build/bypass");
	becomes("bypass run SUITE --testbed", "build/bypass run SUITE --testbed");
	becomes("see `bypass list targets`", "see `build/bypass list targets`");
	becomes("sudo bypass bind 0 and bypass unbind 0",
		"sudo build/bypass bind 0 and build/bypass unbind 0");
	becomes("do: bypass lab reset 3", "do: build/bypass lab reset 3");
	becomes("see `bypass --help`", "see `build/bypass --help`");
}

Test(program, leaves_its_name_where_no_command_follows)
{
	program_set_name("build/bypass");
	becomes("run bypass with sudo", "run bypass with sudo");
	becomes("bypass: no", "bypass: no");
	becomes("do build/bypass lab", "do build/bypass lab");
	becomes("bypass runs, bypass", "bypass runs, bypass");
	becomes("", "");
}
