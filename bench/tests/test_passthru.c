// SPDX-License-Identifier: MIT
/*
 * Which targets take NVMe commands, and what is said of the others; on a machine made of files.
 * That commands move the right bytes is tried in the testbed, by testbed.sh.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths/passthru.h"
#include "tests/fixture_machine.h"

static struct target target;
static struct workload workload;
static struct unavailable why;
static struct error error;

static void set_up(void)
{
	machine_make();
	machine_file("/dev/ng0n1", "");
	machine_file("/sys/block/nvme0n1/queue/max_hw_sectors_kb", "512\n");
	machine_file("/sys/block/nvme0n1/queue/max_segments", "127\n");
	workload_defaults(&workload);
	strcpy(workload.path, "passthru");
	workload.bs = 4096;
	cr_assert_eq(target_parse(&target, "block:/dev/nvme0n1", &error), 0, "%s", error.text);
	target.device.known = true;
	strcpy(target.device.name, "nvme0n1");
	strcpy(target.device.part, "nvme0n1");
	target.device.logical_block = 512;
	target.device.polled = true;
}

TestSuite(passthru, .init = set_up, .fini = machine_remove);

static int probe(const char *path)
{
	memset(&why, 0, sizeof(why));
	return path_find(path)->probe(&workload, &target, &why);
}

static void refuses(const char *reason, const char *remedy)
{
	cr_assert_eq(probe("passthru"), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, reason), "%s", why.reason);
	cr_assert_not_null(strstr(why.remedy, remedy), "%s", why.remedy);
	cr_assert_eq(probe("passthru-iopoll"), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, reason), "%s", why.reason);
}

/* What is refused below is refused for its own reason, not because nothing works here. */
static void works_or_skip(void)
{
	if (probe("passthru-iopoll") != 0)
		cr_skip_test("%s; %s", why.reason, why.remedy);
	cr_assert_eq(probe("passthru"), 0, "%s", why.reason);
}

Test(passthru, takes_a_whole_nvme_disk)
{
	works_or_skip();
	strcpy(target.device.name, "nvme12n3");
	strcpy(target.device.part, "nvme12n3");
	refuses("no generic device", "5.13");
	machine_file("/dev/ng12n3", "");
	works_or_skip();
}

Test(passthru, to_a_file_says_that_commands_know_of_none)
{
	target.kind = TARGET_FILE;
	refuses("files", "block:");
}

/* Block 0 of a command is block 0 of the disk: that of a partition would be somebody else's. */
Test(passthru, to_a_partition_is_refused)
{
	strcpy(target.device.part, "nvme0n1p1");
	refuses("isn't a whole NVMe disk", "block:/dev/nvme0n1");
}

Test(passthru, to_another_kind_of_disk_is_refused)
{
	static const char *const others[] = {"sda", "dm-0", "nvme0c0n1", "nvme0n1x"};

	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		strcpy(target.device.name, others[i]);
		strcpy(target.device.part, others[i]);
		refuses("isn't a whole NVMe disk", "block:");
	}
	target.device.known = false;
	refuses("isn't a whole NVMe disk", "block:");
}

Test(passthru, without_the_right_to_open_the_device_says_sudo)
{
	cr_assert_eq(chmod(machine_path("/dev/ng0n1"), 0400), 0);
	machine_become_nobody();
	refuses("Permission denied", "sudo");
}

Test(passthru, of_part_of_a_logical_block_says_how_large_that_is)
{
	target.device.logical_block = 8192;
	refuses("8192", "bs=");
}

Test(passthru, of_more_than_a_command_moves_says_how_much_that_is)
{
	works_or_skip();
	workload.bs = 508u << 10;
	works_or_skip();
	workload.bs = 512u << 10;
	refuses("at most 508 KiB", "bs=508k");
	machine_file("/sys/block/nvme0n1/queue/max_hw_sectors_kb", "128\n");
	workload.bs = 256u << 10;
	refuses("at most 128 KiB", "bs=128k");
}

Test(passthru, polled_needs_a_driver_with_poll_queues)
{
	works_or_skip();
	target.device.polled = false;
	cr_assert_eq(probe("passthru"), 0);
	cr_assert_eq(probe("passthru-iopoll"), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "nvme0n1 has no poll queues"), "%s", why.reason);
	cr_assert_str_eq(why.remedy, "load nvme with poll_queues=1");
}

Test(passthru, commands_move_a_block_of_the_workload)
{
	struct nvme_uring_cmd command = passthru_command(&workload, 512, 3, false);

	cr_assert_eq(command.opcode, 2);
	cr_assert_eq(command.nsid, 3);
	cr_assert_eq(command.data_len, 4096);
	cr_assert_eq(command.cdw12, 7, "8 logical blocks, counted from 0");
	command = passthru_command(&workload, 4096, 1, true);
	cr_assert_eq(command.opcode, 1);
	cr_assert_eq(command.cdw12, 0);
}

Test(passthru, durable_writes_carry_fua_and_nothing_else_does)
{
	const uint32_t fua = 1u << 30;

	cr_assert_not(passthru_command(&workload, 512, 1, true).cdw12 & fua);
	workload.durability = DURABILITY_DATA;
	cr_assert(passthru_command(&workload, 512, 1, true).cdw12 & fua);
	cr_assert_not(passthru_command(&workload, 512, 1, false).cdw12 & fua);
}

/* Whatever has been said before: the disk that is written is the one that is open and claimed. */
Test(passthru, opens_no_device_for_a_target_that_is_no_nvme_disk)
{
	struct path_job job = {.workload = &workload, .target = &target, .fd = -1};

	target.fd = STDIN_FILENO;
	cr_assert_eq(path_find("passthru")->open(&job, &error), -ENODEV);
	cr_assert_not_null(strstr(error.text, "no whole NVMe disk"), "%s", error.text);
	cr_assert_eq(job.fd, -1);
}
