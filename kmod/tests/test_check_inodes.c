// SPDX-License-Identifier: MIT
/* fsck.pathfs on damaged inodes and extents: found, repaired, and gone. */
#include <criterion/criterion.h>

#include "fixture_image.h"

TestSuite(check_inodes, .init = image_populate, .fini = image_remove);

Test(check_inodes, a_cross_linked_block_stays_with_one_file)
{
	struct pathfs_inode inode = get_inode(OTHER_INO);

	inode.extents[0].block = cpu_to_le32(FILE_BLOCK + 1);
	put_inode(OTHER_INO, inode);
	expect_repair("belong to another");
	inode = get_inode(FILE_INO);
	cr_assert_eq(le32_to_cpu(inode.extents[0].length), 2);
	inode = get_inode(OTHER_INO);
	cr_assert_eq(le32_to_cpu(inode.nr_extents), 1);
	cr_assert_eq(le32_to_cpu(inode.extents[0].file_block), 1);
	cr_assert_eq(le32_to_cpu(inode.extents[0].block), FILE_BLOCK + 2);
}

Test(check_inodes, a_symlink_whose_target_belongs_to_a_file_is_freed)
{
	struct pathfs_inode inode;

	new_inode(LINK_INO, S_IFLNK | 0777, FILE_BLOCK, 1);
	inode = get_inode(LINK_INO);
	inode.size = cpu_to_le64(5);
	put_inode(LINK_INO, inode);
	set_root_entry(4, "link", LINK_INO);
	expect_repair("neither its type nor its contents make sense");
	cr_assert_eq(find_name(DATA_START, "link"), 0);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(check_inodes, an_extent_outside_the_data_region_is_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.extents[0].block = cpu_to_le32(3); /* the inode table */
	put_inode(FILE_INO, inode);
	expect_repair("outside the data region");
	cr_assert_eq(get_inode(FILE_INO).nr_extents, 0);
}

Test(check_inodes, extents_that_overlap_in_the_file_are_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.nr_extents = cpu_to_le32(2);
	inode.extents[1] = inode.extents[0];
	inode.extents[1].block = cpu_to_le32(FILE_BLOCK + 100);
	put_inode(FILE_INO, inode);
	expect_repair("out of order");
}

Test(check_inodes, an_extent_of_absurd_length_is_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.extents[0].length = cpu_to_le32(0xffffffff);
	put_inode(FILE_INO, inode);
	expect_repair("cut off");
}

Test(check_inodes, a_damaged_list_of_extents_is_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.nr_extents = cpu_to_le32(PATHFS_INLINE_EXTENTS + 3);
	for (uint32_t i = 0; i < PATHFS_INLINE_EXTENTS; i++)
		inode.extents[i] = (struct pathfs_extent){
			.file_block = cpu_to_le32(i * 2),
			.block = cpu_to_le32(DATA_START + 1000 + i * 2),
			.length = cpu_to_le32(1),
		};
	inode.extent_block = cpu_to_le32(DATA_START + 900);
	put_inode(FILE_INO, inode);
	expect_repair("the last 3 of its extents are lost");
	cr_assert_eq(le32_to_cpu(get_inode(FILE_INO).nr_extents), PATHFS_INLINE_EXTENTS);
}

Test(check_inodes, an_inode_with_one_torn_copy_is_its_other_copy)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	cr_assert_eq(image_read_slots(&image, FILE_INO, slots), 0);
	int current = image_current_slot(slots, FILE_INO);
	slots[!current] = slots[current];
	slots[!current].sequence = cpu_to_le64(le64_to_cpu(slots[current].sequence) + 1);
	slots[!current].size = cpu_to_le64(1);
	cr_assert_eq(image_write_slots(&image, FILE_INO, slots), 0);
	cr_assert_eq(run_check(true), 0, "%s", all_reports);
	cr_assert_eq(le64_to_cpu(get_inode(FILE_INO).size), 2 * PATHFS_BLOCK_SIZE);
}

Test(check_inodes, after_the_last_sequence_number_comes_0)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	cr_assert_eq(image_read_slots(&image, FILE_INO, slots), 0);
	int current = image_current_slot(slots, FILE_INO);
	slots[!current] = slots[current];
	slots[current].sequence = cpu_to_le64(UINT64_MAX);
	seal_slot(&slots[current]);
	slots[!current].sequence = 0;
	slots[!current].flags = cpu_to_le32(PATHFS_INODE_DAX);
	seal_slot(&slots[!current]);
	cr_assert_eq(image_write_slots(&image, FILE_INO, slots), 0);
	cr_assert_eq(run_check(true), 0, "%s", all_reports);
	cr_assert_eq(le32_to_cpu(get_inode(FILE_INO).flags), PATHFS_INODE_DAX);
}

Test(check_inodes, an_inode_with_both_copies_damaged_is_freed_and_loses_its_name)
{
	destroy_inode(FILE_INO);
	expect_repair("both copies are damaged");
	cr_assert_eq(find_name(DATA_START, "file"), 0);
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
}

Test(check_inodes, an_inode_of_unknown_type_is_freed)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.mode = cpu_to_le16(0xf1ff);
	put_inode(FILE_INO, inode);
	expect_repair("neither its type");
	cr_assert_eq(find_name(DATA_START, "file"), 0);
}

Test(check_inodes, impossible_fields_are_corrected)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.flags = cpu_to_le32(0xffffffff);
	inode.mtime_ns = cpu_to_le32(0xffffffff);
	put_inode(FILE_INO, inode);
	expect_repair("corrected");
	cr_assert_eq(le32_to_cpu(get_inode(FILE_INO).flags), PATHFS_INODE_FLAGS);
}
