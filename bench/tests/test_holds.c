// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/holds.h"
#include "core/pattern.h"
#include "tests/fixture_machine.h"

#define IMAGE_NBYTES (16u << 20)

static struct holds holds;

TestSuite(holds, .init = machine_make, .fini = machine_remove);
TestSuite(holds_use, .init = machine_make, .fini = machine_remove);

/* Bytes at places of an image of 16 MiB. */
static void put(uint64_t at, const void *bytes, size_t nbytes)
{
	int fd = open(machine_path("/image"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	cr_assert(fd >= 0);
	cr_assert_eq(ftruncate(fd, IMAGE_NBYTES), 0);
	cr_assert_eq(pwrite(fd, bytes, nbytes, (off_t)at), (ssize_t)nbytes);
	close(fd);
}

static void make_with(const char *command)
{
	put(0, "", 1);
	machine_command(command);
}

static void expect_held(const char *what, const char *type)
{
	cr_assert_eq(device_holds(machine_path("/image"), &holds), 1, "%s: %s", what, holds.what);
	cr_assert_str_eq(holds.what, what);
	cr_assert_str_eq(holds.type, type);
}

static void expect_nothing(void)
{
	cr_assert_eq(device_holds(machine_path("/image"), &holds), 0, "%s", holds.what);
	cr_assert_str_eq(holds.type, "none");
}

Test(holds, zeros_are_nothing)
{
	put(0, "", 1);
	expect_nothing();
}

Test(holds, what_bypass_itself_laid_out_is_nothing)
{
	char *bytes = malloc(IMAGE_NBYTES);

	cr_assert_not_null(bytes);
	pattern_fill(bytes, IMAGE_NBYTES);
	pattern_stamp_block(bytes, IMAGE_NBYTES, 0, 1);
	put(0, bytes, IMAGE_NBYTES);
	free(bytes);
	expect_nothing();
}

Test(holds, ext4)
{
	make_with("mkfs.ext4 -q -F image");
	expect_held("an ext4 file system", "ext4");
}

Test(holds, xfs_and_a_damaged_xfs)
{
	make_with("truncate -s 400M image && mkfs.xfs -q -f image");
	expect_held("an xfs file system", "xfs");
	/* A byte of the UUID: the checksum of the superblock is wrong now. */
	machine_command("printf X | dd of=image bs=1 seek=33 conv=notrunc");
	expect_held("an xfs file system", "xfs");
}

Test(holds, swap)
{
	make_with("mkswap image");
	expect_held("swap", "swap");
}

Test(holds, luks)
{
	put(0, "LUKS\xba\xbe\0\1", 8);
	expect_held("an encrypted volume (crypto_LUKS)", "crypto_LUKS");
}

Test(holds, lvm)
{
	unsigned char label[512] = "LABELONE";

	label[8] = 1; /* in sector 1 */
	label[20] = 32;
	memcpy(label + 24, "LVM2 001", 8);
	put(512, label, sizeof(label));
	expect_held("a member of a volume (LVM2_member)", "LVM2_member");
}

Test(holds, md_raid)
{
	unsigned char superblock[256] = {0xfc, 0x4e, 0x2b, 0xa9, 1};

	superblock[144] = 8; /* super_offset: it knows where it lies */
	put(4096, superblock, sizeof(superblock));
	expect_held("a member of a volume (linux_raid_member)", "linux_raid_member");
}

Test(holds, bcache)
{
	unsigned char superblock[256] = {0};

	static const unsigned char magic[16] = {0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca,
						0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81};

	superblock[8] = 8;
	memcpy(superblock + 24, magic, sizeof(magic));
	put(4096, superblock, sizeof(superblock));
	expect_held("a signature of bcache", "bcache");
}

/* Of two, blkid's command line tells nothing. */
Test(holds, two_signatures_at_once_are_something)
{
	make_with("mkfs.ext4 -q -F image");
	put(0, "LUKS\xba\xbe\0\1", 8);
	cr_assert_eq(device_holds(machine_path("/image"), &holds), 1);
}

static void put_mbr(unsigned char type)
{
	unsigned char sector[512] = {0};

	sector[446 + 4] = type;
	sector[446 + 8] = 1;
	sector[446 + 13] = 0x40;
	sector[510] = 0x55;
	sector[511] = 0xaa;
	put(0, sector, sizeof(sector));
}

Test(holds, dos_partition_table)
{
	put_mbr(0x83);
	expect_held("a partition table (dos)", "dos");
}

static uint32_t crc32(const unsigned char *bytes, size_t nbytes)
{
	uint32_t crc = 0xffffffff;

	while (nbytes--) {
		crc ^= *bytes++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void put_u32(unsigned char *at, uint64_t number)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(number >> (8 * i));
}

/* A GPT without partitions [UEFI 2.10, 5.3.2], its header in block @block. */
static void put_gpt(uint32_t block, uint32_t other, uint32_t entries)
{
	static const unsigned char table[128 * 128];
	unsigned char header[512] = "EFI PART";

	put_u32(header + 8, 0x00010000);
	put_u32(header + 12, 92);
	put_u32(header + 24, block);
	put_u32(header + 32, other);
	put_u32(header + 40, 34);
	put_u32(header + 48, IMAGE_NBYTES / 512 - 34);
	put_u32(header + 72, entries);
	put_u32(header + 80, 128);
	put_u32(header + 84, 128);
	put_u32(header + 88, crc32(table, sizeof(table)));
	put_u32(header + 16, crc32(header, 92));
	put(block * 512ull, header, sizeof(header));
}

Test(holds, gpt)
{
	put_mbr(0xee);
	put_gpt(1, IMAGE_NBYTES / 512 - 1, 2);
	expect_held("a partition table (gpt)", "gpt");
}

Test(holds, the_backup_of_a_gpt_whose_begin_was_overwritten)
{
	put_gpt(IMAGE_NBYTES / 512 - 1, 1, IMAGE_NBYTES / 512 - 33);
	expect_held("a partition table (gpt)", "gpt");
}

Test(holds, a_gpt_whose_copies_are_both_damaged)
{
	put_mbr(0xee);
	expect_held("a partition table (PMBR)", "PMBR");
}

Test(holds, a_device_that_is_not_there_is_not_known_to_be_empty)
{
	cr_assert_eq(device_holds(machine_path("/nothing"), &holds), -ENOENT);
	cr_assert_str_eq(holds.type, "unknown");
}

Test(holds, a_device_without_bytes_is_not_known_to_be_empty)
{
	machine_file("/image", "");
	cr_assert_lt(device_holds(machine_path("/image"), &holds), 0);
	cr_assert_str_eq(holds.type, "unknown");
}

Test(holds, a_device_that_may_not_be_read_is_not_known_to_be_empty)
{
	put(0, "", 1);
	machine_command("chmod 0 image");
	machine_become_nobody();
	cr_assert_eq(device_holds(machine_path("/image"), &holds), -EACCES);
	cr_assert_str_eq(holds.what, "Permission denied");
}

/* ---- by what the kernel knows ---- */

static void make_disk(void)
{
	machine_controller("0000:00:04.0", 0, "S1");
	machine_namespace(0, "nvme0n1", "nvme0n1", "259:0\n");
}

static void add_partition(const char *disk, const char *partition, const char *number)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s/partition", disk, partition);
	machine_file(path, "1\n");
	machine_disk(partition, number);
}

static void add_holder(const char *disk, const char *holder, const char *number)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/class/block/%s/holders/%s", disk, holder);
	machine_file(path, "");
	machine_disk(holder, number);
}

static void expect_controller_holds(const char *device, const char *what)
{
	cr_assert_eq(controller_holds("nvme0", &holds), 1, "%s: %s", what, holds.what);
	cr_assert_str_eq(holds.device, device);
	cr_assert_str_eq(holds.what, what);
}

Test(holds_use, an_unused_disk)
{
	make_disk();
	cr_assert_eq(controller_holds("nvme0", &holds), 0, "%s", holds.what);
}

Test(holds_use, a_mounted_disk)
{
	make_disk();
	machine_append("/proc/self/mountinfo", "30 25 259:0 / /data rw - xfs /dev/x rw\n");
	expect_controller_holds("nvme0n1", "mounted on /data");
}

Test(holds_use, a_mount_with_a_device_number_of_its_own)
{
	make_disk();
	machine_append("/proc/self/mountinfo", "30 25 0:40 / /b rw - btrfs /dev/nvme0n1 rw\n");
	expect_controller_holds("nvme0n1", "mounted on /b");
}

Test(holds_use, a_mounted_partition)
{
	make_disk();
	add_partition("nvme0n1", "nvme0n1p1", "259:1\n");
	machine_append("/proc/self/mountinfo", "30 25 259:1 / /p rw - xfs /dev/x rw\n");
	expect_controller_holds("nvme0n1", "mounted on /p");
}

Test(holds_use, a_partition_that_nobody_uses)
{
	make_disk();
	add_partition("nvme0n1", "nvme0n1p1", "259:1\n");
	expect_controller_holds("nvme0n1", "a partition table (1 partition)");
}

Test(holds_use, a_holder)
{
	make_disk();
	add_holder("nvme0n1", "dm-0", "252:0\n");
	expect_controller_holds("nvme0n1", "held by dm-0");
}

Test(holds_use, a_mount_of_a_holder_of_a_partition)
{
	make_disk();
	add_partition("nvme0n1", "nvme0n1p1", "259:1\n");
	add_holder("nvme0n1p1", "md0", "9:0\n");
	add_holder("md0", "dm-0", "252:0\n");
	machine_append("/proc/self/mountinfo", "30 25 252:0 / /deep rw - ext4 /dev/x rw\n");
	expect_controller_holds("nvme0n1", "mounted on /deep");
}

Test(holds_use, active_swap)
{
	make_disk();
	machine_append("/proc/swaps", "/dev/nvme0n1 partition 1024 0 -2\n");
	expect_controller_holds("nvme0n1", "swap that is in use");
}

Test(holds_use, a_signature_on_the_second_namespace)
{
	make_disk();
	machine_namespace(0, "nvme0n2", "nvme0n2", "259:2\n");
	machine_command("mkswap dev/nvme0n2");
	expect_controller_holds("nvme0n2", "swap");
}

/* Of a disk with several controllers each has only a way to it, which has no node in /dev. */
Test(holds_use, a_disk_of_several_controllers)
{
	machine_controller("0000:00:04.0", 0, "S1");
	machine_namespace(0, "nvme3c0n1", "nvme3n1", "259:3\n");
	machine_command("mkswap dev/nvme3n1");
	expect_controller_holds("nvme3n1", "swap");
}

static void expect_unknown(const char *what)
{
	cr_assert_lt(controller_holds("nvme0", &holds), 0);
	cr_assert_str_eq(holds.what, what);
	cr_assert_str_eq(holds.type, "unknown");
}

Test(holds_use, a_controller_that_is_not_live_is_unknown)
{
	make_disk();
	machine_file("/sys/class/nvme/nvme0/state", "resetting\n");
	expect_unknown("the controller isn't live");
}

Test(holds_use, a_controller_without_namespaces_is_unknown)
{
	machine_controller("0000:00:04.0", 0, "S1");
	expect_unknown("the controller shows no namespace");
}

Test(holds_use, a_disk_without_a_node_is_unknown)
{
	make_disk();
	machine_command("rm dev/nvme0n1");
	expect_unknown("No such file or directory");
}

Test(holds_use, a_disk_is_unknown_where_mounts_can_not_be_read)
{
	make_disk();
	machine_command("rm proc/self/mountinfo");
	expect_unknown("No such file or directory");
}

/* LVM on LUKS on md on partitions is 4; a loop would be the kernel's mistake. */
Test(holds_use, holders_that_hold_each_other_come_to_an_end)
{
	make_disk();
	add_holder("nvme0n1", "dm-0", "252:0\n");
	add_holder("dm-0", "nvme0n1", "259:0\n");
	expect_unknown("too many devices stand on each other");
}

Test(holds_use, a_disk_is_unknown_where_its_holders_can_not_be_read)
{
	make_disk();
	machine_file("/sys/class/block/nvme0n1/holders", "no folder");
	expect_unknown("Not a directory");
}

Test(holds_use, a_disk_is_unknown_where_its_namespaces_can_not_be_read)
{
	make_disk();
	machine_command("chmod 0311 sys/class/nvme/nvme0");
	machine_become_nobody();
	expect_unknown("Permission denied");
}
