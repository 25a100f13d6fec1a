// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "engine/project_place.h"

#define PLAN9 0x01021997
#define EXT4  0xef53

Test(place, a_windows_drive_is_refused_with_the_reason)
{
	struct error e = {""};

	cr_assert_eq(place_refuse("/mnt/c/bypass", PLAN9, "5.15.90.1-microsoft-standard-WSL2", &e),
		     -EINVAL);
	cr_assert(strstr(e.text, "/mnt/c/bypass is on a Windows drive"), "%s", e.text);
	cr_assert(strstr(e.text, "home folder in Linux"), "%s", e.text);
}

Test(place, the_disk_of_wsl2_and_the_share_of_a_testbed_are_not)
{
	struct error e = {""};

	cr_assert_eq(place_refuse("/home/me", EXT4, "5.15.90.1-microsoft-standard-WSL2", &e), 0);
	cr_assert_eq(place_refuse("/home/me", PLAN9, "6.1.0-30-amd64", &e), 0);
}
