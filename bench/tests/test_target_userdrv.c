// SPDX-License-Identifier: MIT
/* Disks for our driver: what the text of a target says, and the controller model. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/pattern.h"
#include "core/soft_options.h"
#include "core/target_userdrv.h"

#define MIB (1ull << 20)

static struct target target;
static struct error error;

static void end(void)
{
	target_close(&target);
}

static int probe(const char *text)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target.kind, TARGET_USERDRV);
	return target_probe(&target, &error);
}

static void open_soft(const char *text, uint64_t size)
{
	cr_assert_eq(probe(text), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, size, true, &error), 0, "%s", error.text);
}

static void says(const char *words)
{
	cr_expect(strstr(error.text, words), "'%s' is not in: %s", words, error.text);
}

static void refuses(const char *text, const char *words)
{
	error.text[0] = '\0';
	cr_expect_lt(target_parse(&target, text, &error), 0, "%s was taken", text);
	says(words);
}

static void parses_as(const char *text, const char *canonical)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s: %s", text, error.text);
	cr_expect_eq(target.kind, TARGET_USERDRV);
	cr_expect_str_eq(target.text, canonical);
}

Test(target_userdrv, each_form_of_the_text_gets_its_kind)
{
	parses_as("soft:", "soft:");
	parses_as("soft:latency=10us,bs=4k", "soft:latency=10us,bs=4k");
	parses_as("pci:0000:00:04.0", "pci:0000:00:04.0");
	parses_as("pci:00:04.0", "pci:0000:00:04.0");
	parses_as("00:1F.2", "pci:0000:00:1f.2");
	parses_as("testbed:disk/vfio", "testbed:disk/vfio");
}

Test(target_userdrv, a_wrong_address_is_refused_with_a_right_one)
{
	refuses("pci:nvme0", "write one like 0000:01:00.0");
	refuses("pci:0000:00:ff.0", "no PCI address");
	refuses("pci:", "no PCI address");
}

Test(target_userdrv, a_wrong_option_of_soft_is_refused_with_a_right_one)
{
	refuses("soft:latancy=10us", "did you mean latency=10us?");
	refuses("soft:sz=1m", "did you mean size=64m?");
	refuses("soft:block=512", "did you mean bs=512?");
	refuses("soft:x", "there are latency=10us, size=64m and bs=512");
	refuses("soft:,", "has no option ''");
	refuses("soft:latency", "latency has no value");
	refuses("soft:latency=", "latency has no value");
	refuses("soft:latency=10ns", "latency: '10ns' is not a time");
	refuses("soft:latency=10", "counts seconds");
	refuses("soft:latency=gauss:1us:2us", "latency=uniform:5us:20us");
	refuses("soft:latency=uniform:1us", "latency=uniform:5us:20us");
	refuses("soft:latency=uniform:1us:2us:3us", "latency=uniform:5us:20us");
	refuses("soft:latency=uniform:1us:2us:3us:4us:5us", "latency=uniform:5us:20us");
	refuses("soft:latency=uniform:20us:5us", "goes backwards");
	refuses("soft:latency=long-tail:1us:1ms:0", "from 1 to 10000");
	refuses("soft:latency=long-tail:1us:1ms:-1", "from 1 to 10000");
	refuses("soft:latency=long-tail:1us:1ms:10001", "from 1 to 10000");
	refuses("soft:bs=1k", "write bs=512 or bs=4k");
	refuses("soft:size=2t", "1t or less");
	refuses("soft:size=0", "size of 0");
	refuses("soft:size=5k,bs=4k", "no whole number of blocks of 4096");
}

Test(target_userdrv, options_of_soft_are_what_the_model_gets)
{
	struct ud_soft_config config;

	cr_assert_eq(soft_options_parse("", &config, &error), 0);
	cr_expect_eq(config.latency.kind, UD_SOFT_LATENCY_FIXED);
	cr_expect_eq(config.latency.ns, 0u);
	cr_expect_eq(config.mode, UD_SOFT_THREADED);
	cr_expect_eq(config.namespaces[0].nblocks, 0u);
	cr_expect_eq(config.namespaces[0].block_nbytes, 512u);
	cr_assert_eq(soft_options_parse("latency=7us,size=1m,bs=4096", &config, &error), 0);
	cr_expect_eq(config.latency.ns, 7000u);
	cr_expect_eq(config.namespaces[0].nblocks, 256u);
	cr_assert_eq(soft_options_parse("bs=512,latency=uniform:5us:20us", &config, &error), 0);
	cr_expect_eq(config.latency.kind, UD_SOFT_LATENCY_UNIFORM);
	cr_expect_eq(config.latency.ns, 5000u);
	cr_expect_eq(config.latency.max_ns, 20000u);
	cr_assert_eq(soft_options_parse("latency=long-tail:10us:1ms:50", &config, &error), 0);
	cr_expect_eq(config.latency.kind, UD_SOFT_LATENCY_LONG_TAIL);
	cr_expect_eq(config.latency.max_ns, 1000000u);
	cr_expect_eq(config.latency.tail_per_10000, 50u);
}

Test(target_userdrv, what_is_laid_out_is_found_again, .fini = end)
{
	const char *what = NULL;
	uint64_t where = 0;

	open_soft("soft:size=4m", 3 * MIB + 1536);
	cr_expect_eq(target.size, 3 * MIB + 1536);
	cr_expect_not(target.foreign);
	cr_expect_eq(target_verify(&target, &where, &what), 0, "%s at %lu", what, where);
	cr_expect_eq(target_count_newest(&target), (int64_t)(3 * MIB / 512 + 3));
}

Test(target_userdrv, what_is_filled_once_more_is_of_the_newest_round, .fini = end)
{
	const char *what = NULL;
	uint64_t where = 0;

	open_soft("soft:size=4m", 3 * MIB);
	target.generation = 7;
	cr_expect_eq(target_count_newest(&target), 0);
	cr_expect_eq(target_fill(&target, MIB + 512, &error), 0, "%s", error.text);
	cr_expect_eq(target_count_newest(&target), (int64_t)(MIB / 512 + 1));
	cr_expect_eq(target_verify(&target, &where, &what), 0, "%s at %lu", what, where);
}

Test(target_userdrv, a_damaged_sector_is_noticed, .fini = end)
{
	const char *what = NULL;
	uint64_t where = 0;
	char block[4096];

	open_soft("soft:bs=4k", 4 * MIB);
	memset(block, 'x', sizeof(block));
	cr_assert_eq(target_userdrv_write(&target, block, sizeof(block), 2 * MIB), 4096);
	cr_expect_eq(target_verify(&target, &where, &what), -EILSEQ);
	cr_expect_eq(where, 2 * MIB);
}

Test(target_userdrv, any_bytes_can_be_read_and_whole_blocks_written, .fini = end)
{
	static char written[3 * MIB], read[3 * MIB];
	const uint64_t at = 3 * MIB - 4096;

	open_soft("soft:size=8m,bs=4k", 4 * MIB);
	for (size_t i = 0; i < sizeof(written); i++)
		written[i] = (char)(i * 7 + i / 4096);
	cr_assert_eq(target_userdrv_write(&target, written, sizeof(written), at),
		     (ssize_t)sizeof(written));
	cr_assert_eq(target_userdrv_read(&target, read, 2 * MIB + 77, at + 1001),
		     (ssize_t)(2 * MIB + 77));
	cr_expect_eq(memcmp(read, written + 1001, 2 * MIB + 77), 0);
	cr_expect_eq(target_userdrv_write(&target, written, 512, 0), -EINVAL);
	cr_expect_eq(target_userdrv_write(&target, written, 4096, 512), -EINVAL);
	cr_expect_eq(target_userdrv_write(&target, written, 4096, 8 * MIB), -EINVAL);
	/* As pread at the end of a file. */
	cr_expect_eq(target_userdrv_read(&target, read, 100, 8 * MIB - 10), 10);
	cr_expect_eq(target_userdrv_read(&target, read, 100, 8 * MIB), 0);
}

Test(target_userdrv, a_workload_that_doesnt_fit_is_refused, .fini = end)
{
	cr_assert_eq(probe("soft:size=1m"), 0);
	cr_expect_eq(target_open(&target, 2 * MIB, false, &error), -ENOSPC);
	says("has 1 MiB and the workload needs 2; give a smaller size=");
	cr_expect_null(target.userdrv);
	cr_assert_eq(probe("soft:bs=4k"), 0);
	cr_expect_eq(target_open(&target, MIB + 512, false, &error), -EINVAL);
	says("logical blocks of 4096 bytes");
}

Test(target_userdrv, without_a_size_the_model_is_as_large_as_the_workload, .fini = end)
{
	open_soft("soft:", 70 * MIB);
	cr_expect_eq(target.userdrv->ns->nbytes, 70 * MIB);
}

Test(target_userdrv, limits_are_the_same_before_and_after_opening, .fini = end)
{
	struct userdrv_limits before, after;

	cr_assert_eq(probe("soft:bs=4k"), 0);
	cr_assert(target_userdrv_limits(&target, &before));
	cr_assert_eq(target_open(&target, MIB, false, &error), 0);
	cr_assert(target_userdrv_limits(&target, &after));
	cr_expect_eq(before.block_nbytes, after.block_nbytes);
	cr_expect_eq(before.max_transfer_nbytes, after.max_transfer_nbytes);
	cr_expect_eq(before.max_entries, after.max_entries);
	cr_expect_eq(before.max_jobs, after.max_jobs);
	cr_expect_eq(before.max_vectors, after.max_vectors);
}

Test(target_userdrv, the_description_names_the_device, .fini = end)
{
	json_t *json, *device;

	open_soft("soft:latency=1us,bs=4k", MIB);
	json = target_describe(&target);
	device = json_object_get(json, "device");
	cr_expect_str_eq(json_string_value(json_object_get(json, "transport")), "soft");
	cr_expect_str_eq(json_string_value(json_object_get(json, "options")), "latency=1us,bs=4k");
	cr_expect_eq(json_integer_value(json_object_get(json, "size_bytes")), (json_int_t)MIB);
	cr_expect_eq(json_integer_value(json_object_get(device, "lba_bytes")), 4096);
	cr_expect_str_eq(json_string_value(json_object_get(device, "serial")),
			 ud_ctrlr_info(target.userdrv->ctrlr)->serial);
	json_decref(json);
}

Test(target_userdrv, a_target_that_never_opened_can_be_described_and_closed, .fini = end)
{
	json_t *json;

	cr_assert_eq(probe("soft:"), 0);
	json = target_describe(&target);
	cr_expect_eq(json_object_size(json), 0u);
	json_decref(json);
}

/* The model in the place of somebody's disk. */
static void open_somebodys(void)
{
	open_soft("soft:size=4m", 4 * MIB);
	snprintf(target.text, sizeof(target.text), "pci:0000:00:04.0");
	snprintf(target.device.pci, sizeof(target.device.pci), "0000:00:04.0");
}

Test(target_userdrv, somebodys_disk_is_read_but_not_written, .fini = end)
{
	open_somebodys();
	cr_expect_eq(target_userdrv_claim(&target, false, &error), 0);
	cr_expect(target.foreign);
	cr_expect_eq(target_fill(&target, MIB, &error), -EPERM);
	says("isn't ours");
	cr_expect_eq(target_userdrv_claim(&target, true, &error), -EPERM);
	says("add --allow-writes=");
	says(ud_ctrlr_info(target.userdrv->ctrlr)->serial);
	target_writable_serial = "another";
	cr_expect_eq(target_userdrv_claim(&target, true, &error), -EPERM);
	cr_expect(target.foreign);
}

Test(target_userdrv, an_empty_disk_is_ours_once_its_serial_number_was_given, .fini = end)
{
	open_somebodys();
	target_writable_serial = ud_ctrlr_info(target.userdrv->ctrlr)->serial;
	cr_expect_eq(target_userdrv_claim(&target, true, &error), 0, "%s", error.text);
	cr_expect_not(target.foreign);
}

static void write_bytes(uint64_t at, const void *bytes, size_t nbytes)
{
	char block[4096];

	cr_assert_eq(target_userdrv_read(&target, block, sizeof(block), at & ~4095ull), 4096);
	memcpy(block + (at & 4095), bytes, nbytes);
	cr_assert_eq(target_userdrv_write(&target, block, sizeof(block), at & ~4095ull), 4096);
}

Test(target_userdrv, a_disk_that_holds_swap_is_never_written, .fini = end)
{
	uint32_t version[3] = {1, 1023, 0};

	open_somebodys();
	target_writable_serial = ud_ctrlr_info(target.userdrv->ctrlr)->serial;
	write_bytes(1024, version, sizeof(version));
	write_bytes(4086, "SWAPSPACE2", 10);
	cr_expect_eq(target_userdrv_claim(&target, true, &error), -EEXIST);
	says("holds swap");
	cr_expect(target.foreign);
	cr_expect_eq(target_userdrv_claim(&target, false, &error), 0);
	cr_expect(target.foreign);
}

/* The superblock of md's format 1.0 is 8 to 12 KiB before the end [md.4]. */
Test(target_userdrv, what_stands_at_the_disks_end_is_found_too, .fini = end)
{
	const uint64_t at = 4 * MIB - 8192;
	uint32_t head[2] = {0xa92b4efc, 1};
	uint64_t super_offset = at / 512;
	char what[256] = "";

	open_somebodys();
	cr_expect_eq(target_userdrv_holds(&target, what, sizeof(what)), 0, "%s", what);
	write_bytes(at, head, sizeof(head));
	write_bytes(at + 144, &super_offset, sizeof(super_offset));
	cr_expect_eq(target_userdrv_holds(&target, what, sizeof(what)), 1);
	cr_expect(strstr(what, "linux_raid_member"), "%s", what);
}

Test(target_userdrv, a_lost_device_is_an_error_and_no_hang, .fini = end)
{
	char block[512];

	open_soft("soft:size=1m", MIB);
	ud_soft_set_gone(target.userdrv->soft);
	cr_expect_lt(target_userdrv_read(&target, block, sizeof(block), 0), 0);
}
