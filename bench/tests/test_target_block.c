// SPDX-License-Identifier: MIT
/*
 * The suite target_block_disk is for the testbed, where bind-testbed.sh runs it: it needs a disk of
 * which everything may be lost. BYPASS_TEST_SERIAL is its serial number.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pattern.h"
#include "core/pci_device.h"
#include "core/target.h"
#include "core/target_kinds.h"
#include "tests/fixture_machine.h"

#define SIZE (3u << 20)

static struct target target;
static struct error error;

static void expect_sentence(const char *words)
{
	cr_assert_not_null(strstr(error.text, words), "no '%s' in: %s", words, error.text);
}

Test(target_block, which_texts_name_a_disk)
{
	static const struct {
		const char *text;
		bool disk;
	} texts[] = {
		{"block:/dev/sda", true},
		{"/dev/nvme0n1", true},
		{"/dev/disk/by-id/x", true},
		{"nvme:S64GN1", true},
		{"testbed:disk", true},
		{"block:", true},
		{"/dev/shm", false},
		{"/dev/shm/x", false},
		{"/dev/shmem", true},
		{"nvme:S64GN1/vfio", false},
		{"testbed:disk/vfio", false},
		{"testbed:pmem/xfs", false},
		{"file:/dev/sda", false},
		{"/tmp", false},
		{"pci:0000:00:04.0", false},
		{"testbed:disks", false},
		{"null:", false},
	};

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(target_block_matches(texts[i].text), texts[i].disk, "%s",
			     texts[i].text);
}

Test(target_block, the_kind_is_added_to_a_path)
{
	cr_assert_eq(target_parse(&target, "/dev/nvme0n1", &error), 0);
	cr_assert_str_eq(target.text, "block:/dev/nvme0n1");
	cr_assert_eq(target.kind, TARGET_BLOCK);
	cr_assert_eq(target_parse(&target, "nvme:S1", &error), 0);
	cr_assert_str_eq(target.text, "nvme:S1");
}

Test(target_block, a_text_that_names_no_disk_is_refused)
{
	cr_assert_eq(target_parse(&target, "block:", &error), -EINVAL);
	expect_sentence("write block:/dev/NAME");
	cr_assert_eq(target_parse(&target, "/dev/", &error), -EINVAL);
	expect_sentence("write block:/dev/NAME");
	cr_assert_eq(target_parse(&target, "block:image", &error), -EINVAL);
	expect_sentence("or file:PATH for a file");
	cr_assert_eq(target_parse(&target, "nvme:", &error), -EINVAL);
	expect_sentence("write nvme:SERIAL");
}

static int probe(const char *text)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	return target_probe(&target, &error);
}

Test(target_block, what_is_no_block_device_is_refused, .init = machine_make, .fini = machine_remove)
{
	cr_assert_eq(probe("/dev/null"), -ENOTBLK);
	expect_sentence("/dev/null is no block device; name a disk or partition, see `lsblk`");
	cr_assert_eq(probe("/dev/no-such-disk"), -ENOENT);
	expect_sentence("/dev/no-such-disk: No such file");
	cr_assert_eq(probe("testbed:disk"), -ENOENT);
	expect_sentence("testbed:disk is a medium of the testbed, which this machine isn't; add "
			"--testbed");
	cr_assert_eq(probe("nvme:S1"), -ENODEV);
	expect_sentence("no NVMe disk has serial number S1, only: none is seen");
}

/* In the machine of files the disk is a file, and its name is in the refusal. */
Test(target_block, a_serial_number_leads_to_the_disk, .init = machine_make, .fini = machine_remove)
{
	machine_controller("0000:00:04.0", 0, "S1");
	machine_namespace(0, "nvme0n1", "nvme0n1", "259:0\n");
	cr_assert_eq(probe("nvme:S1"), -ENOTBLK);
	expect_sentence("/dev/nvme0n1 is no block device");
}

/* ---- with a disk ---- */

static char disk[80]; /* its path */
static const char *serial;

static void find_disk(void)
{
	char name[64];

	serial = getenv("BYPASS_TEST_SERIAL");
	if (!serial)
		cr_skip_test("needs the testbed");
	cr_assert_eq(nvme_find_serial(serial, name, sizeof(name), &error), 0, "%s", error.text);
	snprintf(disk, sizeof(disk), "/dev/%s", name);
	cr_assert_eq(probe(disk), 0, "%s", error.text);
}

static void close_disk(void)
{
	target_close(&target);
}

TestSuite(target_block_disk, .init = find_disk, .fini = close_disk);

static void read_disk(void *bytes, size_t nbytes, off_t at)
{
	int fd = open(disk, O_RDONLY | O_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(pread(fd, bytes, nbytes, at), (ssize_t)nbytes);
	close(fd);
}

static void write_disk(const void *bytes, size_t nbytes, off_t at)
{
	int fd = open(disk, O_WRONLY | O_SYNC | O_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(pwrite(fd, bytes, nbytes, at), (ssize_t)nbytes);
	close(fd);
}

Test(target_block_disk, is_found_by_path_and_by_serial_number)
{
	char text[100];

	cr_assert(target.device.known);
	cr_assert_str_eq(target.device.name, disk + strlen("/dev/"));
	cr_assert_str_eq(target.fs_type, "none");
	cr_assert_eq(target.size, 256ull << 20);
	cr_assert(target.foreign);
	snprintf(text, sizeof(text), "nvme:%s", serial);
	cr_assert_eq(probe(text), 0, "%s", error.text);
	cr_assert_eq(target.size, 256ull << 20);
}

Test(target_block_disk, is_only_read_without_its_serial_number)
{
	char before[4096], after[4096], words[100];

	read_disk(before, sizeof(before), 0);
	cr_assert_eq(target_open(&target, SIZE, true, &error), -EPERM);
	snprintf(words, sizeof(words), "add --allow-writes=%s", serial);
	expect_sentence(words);
	target_writable_serial = "another";
	cr_assert_eq(target_open(&target, SIZE, true, &error), -EPERM);
	expect_sentence("--allow-writes names serial number another, but that of /dev/nvme");
	cr_assert_eq(target_open(&target, SIZE, false, &error), 0, "%s", error.text);
	cr_assert(target.foreign);
	cr_assert_eq(target.size, SIZE);
	cr_assert_eq(write(target.fd, "x", 1), -1);
	read_disk(after, sizeof(after), 0);
	cr_assert_arr_eq(before, after, sizeof(before));
}

Test(target_block_disk, is_laid_out_with_its_serial_number_and_not_one_byte_further)
{
	char behind[4096], after[4096], *bytes = malloc(SIZE);
	struct pattern_fault fault;

	memset(behind, 0x5e, sizeof(behind));
	write_disk(behind, sizeof(behind), SIZE);
	target_writable_serial = serial;
	cr_assert_eq(target_open(&target, SIZE, true, &error), 0, "%s", error.text);
	cr_assert_not(target.foreign);
	cr_assert_eq(target.generation, 1);
	read_disk(bytes, SIZE, 0);
	cr_assert_eq(pattern_check(bytes, SIZE, 0, 1, &fault), 0);
	read_disk(after, sizeof(after), SIZE);
	cr_assert_arr_eq(behind, after, sizeof(behind));
	free(bytes);
	target_close(&target);
	/* What it left behind is no obstacle for the next run. */
	cr_assert_eq(probe(disk), 0);
	cr_assert_str_eq(target.fs_type, "none");
	cr_assert_eq(target_open(&target, SIZE, true, &error), 0, "%s", error.text);
}

Test(target_block_disk, is_nobody_elses_while_it_is_open)
{
	char *block = aligned_alloc(4096, 4096);
	int fd;

	target_writable_serial = serial;
	cr_assert_eq(target_open(&target, SIZE, true, &error), 0, "%s", error.text);
	cr_assert_eq(open(disk, O_RDONLY | O_EXCL | O_CLOEXEC), -1);
	cr_assert_eq(errno, EBUSY);
	fd = open(target.proc_path, O_RDWR | O_DIRECT | O_CLOEXEC);
	cr_assert(fd >= 0, "%s: %s", target.proc_path, strerror(errno));
	cr_assert_eq(pread(fd, block, 4096, 4096), 4096);
	cr_assert_eq(pwrite(fd, block, 4096, 4096), 4096);
	close(fd);
	free(block);
}

Test(target_block_disk, with_something_on_it_is_never_written)
{
	static const char nothing[8];
	char after[8];

	target_writable_serial = serial;
	write_disk("LUKS\xba\xbe\0\1", 8, 0);
	cr_expect_eq(target_open(&target, SIZE, true, &error), -EBUSY);
	cr_expect_not_null(strstr(error.text, "isn't empty (an encrypted volume (crypto_LUKS)), "
					      "and a workload would overwrite it"),
			   "%s", error.text);
	cr_expect_eq(target_open(&target, SIZE, false, &error), 0, "%s", error.text);
	cr_expect(target.foreign);
	read_disk(after, sizeof(after), 0);
	cr_expect_arr_eq(after, "LUKS\xba\xbe\0\1", 8);
	write_disk(nothing, sizeof(nothing), 0);
}

Test(target_block_disk, somebody_elses_claim_is_respected)
{
	int fd = open(disk, O_RDONLY | O_EXCL | O_CLOEXEC);

	cr_assert(fd >= 0);
	target_writable_serial = serial;
	cr_assert_eq(target_open(&target, SIZE, true, &error), -EBUSY);
	expect_sentence("isn't empty (in use by somebody who claimed it)");
	close(fd);
}

Test(target_block_disk, is_not_larger_than_it_is)
{
	target_writable_serial = serial;
	cr_assert_eq(target_open(&target, 1ull << 40, false, &error), -EINVAL);
	expect_sentence("has 268435456 bytes and the workload needs 1099511627776");
}

Test(target_block_disk, may_not_be_readable)
{
	cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(probe(disk), -EACCES);
	expect_sentence("run bypass with sudo, or do: sudo setfacl -m u:$USER:r /dev/nvme");
	cr_assert_eq(seteuid(0), 0);
}

Test(target_block_disk, of_the_testbed_needs_no_serial_number)
{
	cr_assert_eq(mkdir("/testbed", 0755) && errno != EEXIST, 0);
	cr_assert_eq(mkdir("/testbed/disk", 0755) && errno != EEXIST, 0);
	cr_assert_eq(symlink(disk, "/testbed/disk/block") && errno != EEXIST, 0);
	cr_assert_eq(probe("testbed:disk"), 0, "%s", error.text);
	cr_assert_not(target.foreign);
	cr_assert_eq(target_open(&target, SIZE, true, &error), 0, "%s", error.text);
	cr_assert_str_eq(target.text, "testbed:disk");
}

Test(target_block_disk, is_described)
{
	json_t *json = target_describe(&target), *device;

	cr_assert_str_eq(json_string_value(json_object_get(json, "file")), disk);
	cr_assert_eq(json_integer_value(json_object_get(json, "size_bytes")), 256 << 20);
	device = json_object_get(json, "device");
	cr_assert_str_eq(json_string_value(json_object_get(device, "serial")), serial);
	json_decref(json);
}
