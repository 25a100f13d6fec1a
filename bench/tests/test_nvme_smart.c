// SPDX-License-Identifier: MIT
/* What is said where there is no SMART log; that it counts commands is tried in the testbed. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/nvme_smart.h"
#include "tests/fixture_machine.h"

TestSuite(smart, .init = machine_make, .fini = machine_remove);

static void refuses(const char *words)
{
	struct nvme_smart smart = {.known = true, .read_commands = 7};

	nvme_smart_read("nvme0n1", &smart);
	cr_assert_not(smart.known);
	cr_assert_eq(smart.read_commands, 0);
	cr_assert_not_null(strstr(smart.why_not, words), "%s", smart.why_not);
}

Test(smart, of_no_nvme_disk_is_unknown)
{
	refuses("nvme0n1 isn't the disk of one NVMe controller");
}

Test(smart, of_a_disk_with_several_controllers_is_unknown)
{
	machine_link("/sys/block/nvme0n1/device", "../../nvme-subsystem/nvme-subsys0");
	refuses("one NVMe controller");
}

Test(smart, that_cannot_be_read_says_why)
{
	machine_link("/sys/block/nvme0n1/device", "../../nvme/nvme0");
	refuses("/dev/nvme0 can't be read: No such file");
	/* A file that is no controller. */
	machine_file("/dev/nvme0", "");
	refuses("/dev/nvme0 can't be read: Inappropriate ioctl");
}

Test(smart, delta_is_known_where_both_are)
{
	struct nvme_smart before = {.known = true, .read_commands = 5, .write_commands = 1};
	struct nvme_smart after = {.known = true, .read_commands = 9, .write_commands = 2};
	struct nvme_smart delta = nvme_smart_delta(&before, &after);

	cr_assert(delta.known);
	cr_assert_eq(delta.read_commands, 4);
	cr_assert_eq(delta.write_commands, 1);
	before = (struct nvme_smart){.why_not = "before"};
	delta = nvme_smart_delta(&before, &after);
	cr_assert_not(delta.known);
	cr_assert_str_eq(delta.why_not, "before");
	before = after;
	after = (struct nvme_smart){.why_not = "after"};
	delta = nvme_smart_delta(&before, &after);
	cr_assert_not(delta.known);
	cr_assert_str_eq(delta.why_not, "after");
}
