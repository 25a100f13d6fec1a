// SPDX-License-Identifier: MIT
/* fsck.pathfs on the whole of an image: what it may change, bitmaps, and any damage at all. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_image.h"

TestSuite(check, .init = image_populate, .fini = image_remove);

Test(check, looking_only_changes_nothing)
{
	struct pathfs_inode inode = get_inode(FILE_INO);
	uint8_t *before = malloc(16 << 20), *after = malloc(16 << 20);

	inode.nlink = cpu_to_le32(7);
	put_inode(FILE_INO, inode);
	cr_assert_eq(image_read(&image, 0, 4096, before), 0);
	cr_assert_eq(run_check(false), 1);
	cr_assert_eq(image_read(&image, 0, 4096, after), 0);
	cr_assert_eq(memcmp(before, after, 16 << 20), 0);
	free(before);
	free(after);
}

Test(check, wrong_bitmaps_are_made_anew)
{
	uint8_t block[PATHFS_BLOCK_SIZE];
	uint32_t place = le32_to_cpu(image.super.block_bitmap);

	cr_assert_eq(image_read(&image, place, 1, block), 0);
	block[FILE_BLOCK / 8] = 0;
	block[400] ^= 0xff;
	cr_assert_eq(image_write(&image, place, 1, block), 0);
	expect_repair("the bitmap of blocks has");
	cr_assert_eq(image_read(&image, place, 1, block), 0);
	cr_assert(image_bit(block, FILE_BLOCK));
}

Test(check, a_file_system_that_was_not_unmounted_gets_new_bitmaps)
{
	uint8_t block[PATHFS_BLOCK_SIZE];

	cr_assert_eq(image_read(&image, 0, 1, block), 0);
	memset(block + PATHFS_STATE_OFFSET, 0, sizeof(struct pathfs_state));
	cr_assert_eq(image_write(&image, 0, 1, block), 0);
	expect_repair("not unmounted");
}

/* Rounds of @damage to the sound image: a check ends, and what it leaves is clean. */
static void expect_repair_of_any(unsigned int seed, void (*damage)(unsigned int *seed))
{
	uint32_t end = DIR_BLOCK + 1;
	uint8_t *good = malloc((size_t)end * PATHFS_BLOCK_SIZE);

	cr_assert_eq(image_read(&image, 0, end, good), 0);
	for (int round = 0; round < 300; round++) {
		cr_assert_eq(image_write(&image, 0, end, good), 0);
		damage(&seed);
		run_check(true);
		cr_assert_eq(run_check(true), 0, "round %d: %s", round, all_reports);
	}
	free(good);
}

/* Up to 40 bytes of the metadata. */
static void damage_bytes(unsigned int *seed)
{
	static const uint32_t blocks[] = {1, 2, 3, 3, 4, 4, DATA_START, DATA_START, DIR_BLOCK};
	uint8_t bytes[PATHFS_BLOCK_SIZE];

	for (int i = rand_r(seed) % 40; i >= 0; i--) {
		uint32_t block = blocks[rand_r(seed) % 9];

		cr_assert_eq(image_read(&image, block, 1, bytes), 0);
		bytes[rand_r(seed) % PATHFS_BLOCK_SIZE] = (uint8_t)rand_r(seed);
		cr_assert_eq(image_write(&image, block, 1, bytes), 0);
	}
}

Test(check, random_damage_is_repaired, .timeout = 120)
{
	expect_repair_of_any(1, damage_bytes);
}

/* Nonsense with a right checksum: what a fuzzer that knows the format makes. */
static void damage_inodes(unsigned int *seed)
{
	for (uint32_t ino = 1; ino <= DIR_INO; ino++) {
		struct pathfs_inode inode = get_inode(ino);
		uint8_t *bytes = (uint8_t *)&inode;

		for (int i = rand_r(seed) % 4; i > 0; i--)
			bytes[16 + rand_r(seed) % 160] = (uint8_t)rand_r(seed);
		put_inode(ino, inode);
	}
}

Test(check, random_inodes_with_right_checksums_are_repaired, .timeout = 120)
{
	expect_repair_of_any(2, damage_inodes);
}
