// SPDX-License-Identifier: MIT
/* fsck.pathfs finds a place for what has lost its name. */
#include <criterion/criterion.h>

#include "fixture_image.h"

TestSuite(lost_found, .init = image_populate, .fini = image_remove);

Test(lost_found, a_file_without_a_name_is_put_into_lost_found)
{
	uint32_t block;

	remove_root_entry(1);
	expect_repair("put into lost+found as #3");
	block = le32_to_cpu(get_inode(PATHFS_LOST_FOUND_INO).extents[0].block);
	cr_assert_eq(find_name(block, "#3"), FILE_INO);
	cr_assert_eq(le64_to_cpu(get_inode(FILE_INO).size), 2 * PATHFS_BLOCK_SIZE);
}

Test(lost_found, a_lost_directory_keeps_what_is_in_it)
{
	remove_root_entry(3);
	remove_root_entry(2);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DIR_BLOCK, "inner"), OTHER_INO);
	cr_assert_eq(le32_to_cpu(get_inode(OTHER_INO).nlink), 1);
}

Test(lost_found, directories_that_contain_each_other_are_put_back)
{
	struct pathfs_dir_block folder = get_dir(DIR_BLOCK);

	remove_root_entry(3);
	name_entry(&folder.entries[1], "self", DIR_INO);
	put_dir(DIR_BLOCK, &folder);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DIR_BLOCK, "self"), 0);
}

Test(lost_found, lost_found_is_made_anew_when_it_is_needed)
{
	struct pathfs_inode free_inode = get_inode(PATHFS_LOST_FOUND_INO);

	remove_root_entry(0);
	remove_root_entry(1);
	free_inode.mode = 0;
	free_inode.sequence = cpu_to_le64(9);
	put_inode(PATHFS_LOST_FOUND_INO, free_inode);
	expect_repair("put into lost+found as #3");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
}

/* Gives lost+found a block with one name. */
static void put_into_lost_found(const char *name, uint32_t ino)
{
	struct pathfs_inode inode = get_inode(PATHFS_LOST_FOUND_INO);
	struct pathfs_dir_block block = {.magic = cpu_to_le32(PATHFS_DIR_MAGIC),
					 .ino = cpu_to_le32(PATHFS_LOST_FOUND_INO),
					 .generation = inode.generation};

	name_entry(&block.entries[0], name, ino);
	put_dir(LOST_FOUND_BLOCK, &block);
	inode.size = cpu_to_le64(PATHFS_BLOCK_SIZE);
	inode.nr_extents = cpu_to_le32(1);
	inode.extents[0].block = cpu_to_le32(LOST_FOUND_BLOCK);
	inode.extents[0].length = cpu_to_le32(1);
	put_inode(PATHFS_LOST_FOUND_INO, inode);
}

Test(lost_found, a_file_named_lost_found_keeps_its_name)
{
	remove_root_entry(1);
	remove_root_entry(3);
	set_root_entry(0, "lost+found", FILE_INO);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DATA_START, "lost+found"), FILE_INO);
	cr_assert_eq(find_name(DATA_START, "lost+found.1"), PATHFS_LOST_FOUND_INO);
}

Test(lost_found, a_name_that_lost_found_has_already_is_not_given_again)
{
	remove_root_entry(1);
	put_into_lost_found("#3", OTHER_INO);
	expect_repair("put into lost+found as #3");
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3"), OTHER_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3.1"), FILE_INO);
}

Test(lost_found, lost_found_without_a_name_keeps_what_is_in_it)
{
	remove_root_entry(0);
	remove_root_entry(1);
	put_into_lost_found("kept", FILE_INO);
	expect_repair("lost+found has no name");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "kept"), FILE_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3"), 0);
}

Test(lost_found, lost_found_that_is_a_file_is_made_anew)
{
	new_inode(PATHFS_LOST_FOUND_INO, S_IFREG | 0644, LOST_FOUND_BLOCK, 1);
	remove_root_entry(1);
	expect_repair("lost+found isn't a directory");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
}

Test(lost_found, lost_found_that_is_a_file_without_a_name_is_made_anew)
{
	new_inode(PATHFS_LOST_FOUND_INO, S_IFREG | 0644, LOST_FOUND_BLOCK, 1);
	remove_root_entry(0);
	remove_root_entry(1);
	expect_repair("lost+found isn't a directory");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
}
