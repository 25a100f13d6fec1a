// SPDX-License-Identifier: MIT
/* fsck.pathfs on damaged directories and link counts: found, repaired, and gone. */
#include <criterion/criterion.h>

#include "fixture_image.h"

TestSuite(check_names, .init = image_populate, .fini = image_remove);

Test(check_names, a_file_removed_while_open_is_freed)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	remove_root_entry(1);
	inode.nlink = 0;
	put_inode(FILE_INO, inode);
	expect_repair("removed while it was open");
	cr_assert_eq(get_inode(FILE_INO).mode, 0);
}

Test(check_names, an_entry_that_names_nothing_is_removed)
{
	set_root_entry(4, "ghost", 40);
	set_root_entry(5, "beyond", 4000);
	expect_repair("there is no such inode");
	cr_assert_eq(find_name(DATA_START, "ghost"), 0);
	cr_assert_eq(find_name(DATA_START, "beyond"), 0);
}

Test(check_names, an_entry_for_an_earlier_use_of_an_inode_is_removed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[4], "earlier", FILE_INO);
	root.entries[4].generation = cpu_to_le32(1);
	put_dir(DATA_START, &root);
	expect_repair("there is no such inode");
	cr_assert_eq(find_name(DATA_START, "earlier"), 0);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(check_names, a_torn_entry_is_removed_and_its_neighbours_stay)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	root.entries[1].name[2] ^= 0x20;
	put_dir(DATA_START, &root);
	expect_repair("its name is damaged");
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
}

Test(check_names, a_name_that_is_there_twice_is_removed_once)
{
	set_root_entry(4, "other", FILE_INO);
	expect_repair("that name is there twice");
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(check_names, a_directory_has_one_name)
{
	set_root_entry(4, "again", DIR_INO);
	expect_repair("has a name already");
}

Test(check_names, a_wrong_link_count_is_corrected)
{
	struct pathfs_inode inode = get_inode(OTHER_INO);

	inode.nlink = cpu_to_le32(1);
	put_inode(OTHER_INO, inode);
	expect_repair("1 links, but 2 names");
	cr_assert_eq(le32_to_cpu(get_inode(OTHER_INO).nlink), 2);
}

Test(check_names, a_directory_block_that_is_not_its_own_is_cut_off)
{
	struct pathfs_dir_block folder = get_dir(DIR_BLOCK);

	folder.ino = cpu_to_le32(44);
	put_dir(DIR_BLOCK, &folder);
	expect_repair("1 of its blocks are lost");
	cr_assert_eq(get_inode(DIR_INO).size, 0);
}

Test(check_names, a_lost_root_is_made_anew_and_its_files_are_kept)
{
	destroy_inode(PATHFS_ROOT_INO);
	expect_repair("the root directory is lost");
	cr_assert_neq(get_inode(FILE_INO).mode, 0);
	cr_assert_neq(get_inode(DIR_INO).mode, 0);
}
