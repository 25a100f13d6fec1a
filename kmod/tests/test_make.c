// SPDX-License-Identifier: MIT
/* mkfs.pathfs, and superblocks that no tool takes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fixture_image.h"
#include "kmod/pathfs/tools/make.h"

TestSuite(make, .init = image_populate, .fini = image_remove);

Test(make, a_new_file_system_is_clean)
{
	struct make_options options = {0};

	cr_assert_eq(make_filesystem(&image, &options), 0);
	cr_assert_eq(run_check(false), 0, "%s", all_reports);
}

Test(make, data_begin_at_a_multiple_of_2_mib)
{
	cr_assert_eq(le32_to_cpu(image.super.data_start) % PATHFS_HUGE_BLOCKS, 0);
	cr_assert_eq(le32_to_cpu(image.super.data_start), DATA_START);
}

Test(make, a_device_too_small_is_refused_with_a_reason)
{
	struct make_options options = {0};

	image.device_blocks = 600;
	cr_assert_eq(make_filesystem(&image, &options), -ENOSPC);
	cr_assert(strstr(image.problem, "too small"));
}

Test(make, a_superblock_with_a_wrong_checksum_is_refused)
{
	struct image other;
	uint8_t block[PATHFS_BLOCK_SIZE];

	cr_assert_eq(image_read(&image, 0, 1, block), 0);
	block[offsetof(struct pathfs_super, uuid)] ^= 1;
	cr_assert_eq(image_write(&image, 0, 1, block), 0);
	cr_assert_eq(image_open(&other, image_path, false), -EUCLEAN);
	cr_assert(strstr(other.problem, "checksum"), "%s", other.problem);
}

Test(make, a_superblock_larger_than_its_device_is_refused)
{
	struct image other;

	cr_assert_eq(truncate(image_path, 8 << 20), 0);
	cr_assert_eq(image_open(&other, image_path, false), -EUCLEAN);
	cr_assert(strstr(other.problem, "larger"), "%s", other.problem);
}
