// SPDX-License-Identifier: MIT
/* mkfs.pathfs and fsck.pathfs on images: each kind of damage is found, repaired, and gone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kmod/pathfs/tools/check.h"
#include "kmod/pathfs/tools/make.h"

enum {
	DATA_START = 512, /* of the image below */
	FILE_INO = 3,
	OTHER_INO = 4,
	DIR_INO = 5,
	FILE_BLOCK = DATA_START + 8,
	OTHER_BLOCK = DATA_START + 16,
	LINK_INO = 6,
	DIR_BLOCK = DATA_START + 24,
	LOST_FOUND_BLOCK = DATA_START + 32,
};

static char path[] = "/tmp/pathfs-test-XXXXXX";
static struct image image;
static char last_report[512];
static char all_reports[8192];

static void note(void *context, const char *sentence)
{
	size_t used = strlen(all_reports);

	(void)context;
	snprintf(last_report, sizeof(last_report), "%s", sentence);
	snprintf(all_reports + used, sizeof(all_reports) - used, "%s\n", sentence);
}

static unsigned int run_check(bool repair)
{
	struct check_options options = {.repair = repair, .report = note};
	unsigned int findings = 0;

	last_report[0] = all_reports[0] = '\0';
	cr_assert_eq(check_filesystem(&image, &options, &findings), 0, "%s", image.problem);
	return findings;
}

static void make_image(void)
{
	struct make_options options = {.ninodes = 64, .label = "test"};
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert_eq(ftruncate(fd, 16 << 20), 0);
	close(fd);
	cr_assert_eq(image_open_device(&image, path, true), 0);
	cr_assert_eq(make_filesystem(&image, &options), 0);
}

static void remove_image(void)
{
	image_close(&image);
	unlink(path);
}

static void seal(struct pathfs_inode *slot)
{
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
}

/* Reads the inode as it is, lets the caller change it, writes it into the same slot. */
static struct pathfs_inode get_inode(uint32_t ino)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	int current;

	cr_assert_eq(image_read_slots(&image, ino, slots), 0);
	current = image_current_slot(slots, ino);
	if (current < 0)
		return (struct pathfs_inode){.ino = 0};
	return slots[current];
}

static void put_inode(uint32_t ino, struct pathfs_inode inode)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	int current;

	cr_assert_eq(image_read_slots(&image, ino, slots), 0);
	current = image_current_slot(slots, ino);
	inode.ino = cpu_to_le32(ino);
	seal(&inode);
	slots[current < 0 ? 0 : current] = inode;
	cr_assert_eq(image_write_slots(&image, ino, slots), 0);
}

static void new_inode(uint32_t ino, uint16_t mode, uint32_t block, uint32_t nblocks)
{
	struct pathfs_inode inode = {
		.sequence = cpu_to_le64(1),
		.generation = cpu_to_le32(ino + 100),
		.mode = cpu_to_le16(mode),
		.nlink = cpu_to_le32(1),
		.size = cpu_to_le64((uint64_t)nblocks * PATHFS_BLOCK_SIZE),
		.nr_extents = cpu_to_le32(nblocks ? 1 : 0),
	};

	inode.extents[0].block = cpu_to_le32(nblocks ? block : 0);
	inode.extents[0].length = cpu_to_le32(nblocks);
	put_inode(ino, inode);
}

static struct pathfs_dir_block get_dir(uint32_t block)
{
	struct pathfs_dir_block dir;

	cr_assert_eq(image_read(&image, block, 1, &dir), 0);
	return dir;
}

static void put_dir(uint32_t block, const struct pathfs_dir_block *dir)
{
	cr_assert_eq(image_write(&image, block, 1, dir), 0);
}

static void name_entry(struct pathfs_dirent *entry, const char *name, uint32_t ino)
{
	memset(entry, 0, sizeof(*entry));
	entry->ino = cpu_to_le32(ino);
	entry->generation = cpu_to_le32(ino + 100);
	entry->name_len = (uint8_t)strlen(name);
	memcpy(entry->name, name, strlen(name));
	entry->name_crc = cpu_to_le32(image_name_crc(name, entry->name_len));
}

static uint32_t find_name(uint32_t block, const char *name)
{
	struct pathfs_dir_block dir = get_dir(block);

	for (int i = 0; i < PATHFS_BLOCK_DIRENTS; i++)
		if (dir.entries[i].ino && dir.entries[i].name_len == strlen(name) &&
		    !memcmp(dir.entries[i].name, name, strlen(name)))
			return le32_to_cpu(dir.entries[i].ino);
	return 0;
}

/* /file, /other and /folder, which has /folder/inner, another name of /other; sound. */
static void populate(void)
{
	struct pathfs_dir_block root, folder = {0};
	struct pathfs_inode inode;

	make_image();
	new_inode(FILE_INO, S_IFREG | 0644, FILE_BLOCK, 2);
	new_inode(OTHER_INO, S_IFREG | 0644, OTHER_BLOCK, 2);
	new_inode(DIR_INO, S_IFDIR | 0755, DIR_BLOCK, 1);
	inode = get_inode(OTHER_INO);
	inode.nlink = cpu_to_le32(2);
	put_inode(OTHER_INO, inode);
	root = get_dir(DATA_START);
	name_entry(&root.entries[1], "file", FILE_INO);
	name_entry(&root.entries[2], "other", OTHER_INO);
	name_entry(&root.entries[3], "folder", DIR_INO);
	put_dir(DATA_START, &root);
	folder.magic = cpu_to_le32(PATHFS_DIR_MAGIC);
	folder.ino = cpu_to_le32(DIR_INO);
	folder.generation = cpu_to_le32(DIR_INO + 100);
	name_entry(&folder.entries[0], "inner", OTHER_INO);
	put_dir(DIR_BLOCK, &folder);
	/* Only the bitmaps are still those of an empty file system. */
	cr_assert_gt(run_check(true), 0);
	cr_assert_eq(run_check(true), 0, "%s", all_reports);
}

/* The damage is found, first by looking only; repaired; and nothing is found again. */
static void expect_repair(const char *words)
{
	unsigned int looked = run_check(false);

	cr_assert_gt(looked, 0, "nothing found");
	cr_assert(strstr(all_reports, words), "no \"%s\" in: %s", words, all_reports);
	cr_assert_gt(run_check(true), 0, "looking only has repaired");
	cr_assert(strstr(all_reports, words), "no \"%s\" in: %s", words, all_reports);
	cr_assert_eq(run_check(true), 0, "found again: %s", all_reports);
}

TestSuite(tools, .init = populate, .fini = remove_image);

Test(tools, a_new_file_system_is_clean)
{
	struct make_options options = {0};

	cr_assert_eq(make_filesystem(&image, &options), 0);
	cr_assert_eq(run_check(false), 0, "%s", all_reports);
}

Test(tools, data_begin_at_a_multiple_of_2_mib)
{
	cr_assert_eq(le32_to_cpu(image.super.data_start) % PATHFS_HUGE_BLOCKS, 0);
	cr_assert_eq(le32_to_cpu(image.super.data_start), DATA_START);
}

Test(tools, a_device_too_small_is_refused_with_a_reason)
{
	struct make_options options = {0};

	image.device_blocks = 600;
	cr_assert_eq(make_filesystem(&image, &options), -ENOSPC);
	cr_assert(strstr(image.problem, "too small"));
}

Test(tools, a_superblock_with_a_wrong_checksum_is_refused)
{
	struct image other;
	uint8_t block[PATHFS_BLOCK_SIZE];

	cr_assert_eq(image_read(&image, 0, 1, block), 0);
	block[offsetof(struct pathfs_super, uuid)] ^= 1;
	cr_assert_eq(image_write(&image, 0, 1, block), 0);
	cr_assert_eq(image_open(&other, path, false), -EUCLEAN);
	cr_assert(strstr(other.problem, "checksum"), "%s", other.problem);
}

Test(tools, a_superblock_larger_than_its_device_is_refused)
{
	struct image other;

	cr_assert_eq(truncate(path, 8 << 20), 0);
	cr_assert_eq(image_open(&other, path, false), -EUCLEAN);
	cr_assert(strstr(other.problem, "larger"), "%s", other.problem);
}

Test(tools, looking_only_changes_nothing)
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

Test(tools, wrong_bitmaps_are_made_anew)
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

Test(tools, a_file_system_that_was_not_unmounted_gets_new_bitmaps)
{
	uint8_t block[PATHFS_BLOCK_SIZE];

	cr_assert_eq(image_read(&image, 0, 1, block), 0);
	memset(block + PATHFS_STATE_OFFSET, 0, sizeof(struct pathfs_state));
	cr_assert_eq(image_write(&image, 0, 1, block), 0);
	expect_repair("not unmounted");
}

Test(tools, a_cross_linked_block_stays_with_one_file)
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

Test(tools, a_symlink_whose_target_belongs_to_a_file_is_freed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);
	struct pathfs_inode inode;

	new_inode(LINK_INO, S_IFLNK | 0777, FILE_BLOCK, 1);
	inode = get_inode(LINK_INO);
	inode.size = cpu_to_le64(5);
	put_inode(LINK_INO, inode);
	name_entry(&root.entries[4], "link", LINK_INO);
	put_dir(DATA_START, &root);
	expect_repair("neither its type nor its contents make sense");
	cr_assert_eq(find_name(DATA_START, "link"), 0);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(tools, an_extent_outside_the_data_region_is_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.extents[0].block = cpu_to_le32(3); /* the inode table */
	put_inode(FILE_INO, inode);
	expect_repair("outside the data region");
	cr_assert_eq(get_inode(FILE_INO).nr_extents, 0);
}

Test(tools, extents_that_overlap_in_the_file_are_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.nr_extents = cpu_to_le32(2);
	inode.extents[1] = inode.extents[0];
	inode.extents[1].block = cpu_to_le32(FILE_BLOCK + 100);
	put_inode(FILE_INO, inode);
	expect_repair("out of order");
}

Test(tools, an_extent_of_absurd_length_is_cut_off)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.extents[0].length = cpu_to_le32(0xffffffff);
	put_inode(FILE_INO, inode);
	expect_repair("cut off");
}

Test(tools, a_damaged_list_of_extents_is_cut_off)
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

Test(tools, an_inode_with_one_torn_copy_is_its_other_copy)
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

Test(tools, after_the_last_sequence_number_comes_0)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	cr_assert_eq(image_read_slots(&image, FILE_INO, slots), 0);
	int current = image_current_slot(slots, FILE_INO);
	slots[!current] = slots[current];
	slots[current].sequence = cpu_to_le64(UINT64_MAX);
	seal(&slots[current]);
	slots[!current].sequence = 0;
	slots[!current].flags = cpu_to_le32(PATHFS_INODE_DAX);
	seal(&slots[!current]);
	cr_assert_eq(image_write_slots(&image, FILE_INO, slots), 0);
	cr_assert_eq(run_check(true), 0, "%s", all_reports);
	cr_assert_eq(le32_to_cpu(get_inode(FILE_INO).flags), PATHFS_INODE_DAX);
}

Test(tools, an_inode_with_both_copies_damaged_is_freed_and_loses_its_name)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	memset(slots, 0x5a, sizeof(slots));
	cr_assert_eq(image_write_slots(&image, FILE_INO, slots), 0);
	expect_repair("both copies are damaged");
	cr_assert_eq(find_name(DATA_START, "file"), 0);
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
}

Test(tools, an_inode_of_unknown_type_is_freed)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.mode = cpu_to_le16(0xf1ff);
	put_inode(FILE_INO, inode);
	expect_repair("neither its type");
	cr_assert_eq(find_name(DATA_START, "file"), 0);
}

Test(tools, impossible_fields_are_corrected)
{
	struct pathfs_inode inode = get_inode(FILE_INO);

	inode.flags = cpu_to_le32(0xffffffff);
	inode.mtime_ns = cpu_to_le32(0xffffffff);
	put_inode(FILE_INO, inode);
	expect_repair("corrected");
	cr_assert_eq(le32_to_cpu(get_inode(FILE_INO).flags), PATHFS_INODE_FLAGS);
}

Test(tools, a_file_without_a_name_is_put_into_lost_found)
{
	struct pathfs_dir_block root = get_dir(DATA_START);
	uint32_t block;

	root.entries[1].ino = 0;
	put_dir(DATA_START, &root);
	expect_repair("put into lost+found as #3");
	block = le32_to_cpu(get_inode(PATHFS_LOST_FOUND_INO).extents[0].block);
	cr_assert_eq(find_name(block, "#3"), FILE_INO);
	cr_assert_eq(le64_to_cpu(get_inode(FILE_INO).size), 2 * PATHFS_BLOCK_SIZE);
}

Test(tools, a_lost_directory_keeps_what_is_in_it)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	root.entries[3].ino = 0;
	root.entries[2].ino = 0;
	put_dir(DATA_START, &root);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DIR_BLOCK, "inner"), OTHER_INO);
	cr_assert_eq(le32_to_cpu(get_inode(OTHER_INO).nlink), 1);
}

Test(tools, directories_that_contain_each_other_are_put_back)
{
	struct pathfs_dir_block root = get_dir(DATA_START);
	struct pathfs_dir_block folder = get_dir(DIR_BLOCK);

	root.entries[3].ino = 0;
	put_dir(DATA_START, &root);
	name_entry(&folder.entries[1], "self", DIR_INO);
	put_dir(DIR_BLOCK, &folder);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DIR_BLOCK, "self"), 0);
}

Test(tools, lost_found_is_made_anew_when_it_is_needed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);
	struct pathfs_inode free_inode = get_inode(PATHFS_LOST_FOUND_INO);

	root.entries[0].ino = 0;
	root.entries[1].ino = 0;
	put_dir(DATA_START, &root);
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

static void remove_root_entry(int index)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	memset(&root.entries[index], 0, sizeof(root.entries[index]));
	put_dir(DATA_START, &root);
}

Test(tools, a_file_named_lost_found_keeps_its_name)
{
	struct pathfs_dir_block root;

	remove_root_entry(1);
	remove_root_entry(3);
	root = get_dir(DATA_START);
	name_entry(&root.entries[0], "lost+found", FILE_INO);
	put_dir(DATA_START, &root);
	expect_repair("put into lost+found as #5");
	cr_assert_eq(find_name(DATA_START, "lost+found"), FILE_INO);
	cr_assert_eq(find_name(DATA_START, "lost+found.1"), PATHFS_LOST_FOUND_INO);
}

Test(tools, a_name_that_lost_found_has_already_is_not_given_again)
{
	remove_root_entry(1);
	put_into_lost_found("#3", OTHER_INO);
	expect_repair("put into lost+found as #3");
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3"), OTHER_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3.1"), FILE_INO);
}

Test(tools, lost_found_without_a_name_keeps_what_is_in_it)
{
	remove_root_entry(0);
	remove_root_entry(1);
	put_into_lost_found("kept", FILE_INO);
	expect_repair("lost+found has no name");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "kept"), FILE_INO);
	cr_assert_eq(find_name(LOST_FOUND_BLOCK, "#3"), 0);
}

Test(tools, lost_found_that_is_a_file_is_made_anew)
{
	new_inode(PATHFS_LOST_FOUND_INO, S_IFREG | 0644, LOST_FOUND_BLOCK, 1);
	remove_root_entry(1);
	expect_repair("lost+found isn't a directory");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
}

Test(tools, lost_found_that_is_a_file_without_a_name_is_made_anew)
{
	new_inode(PATHFS_LOST_FOUND_INO, S_IFREG | 0644, LOST_FOUND_BLOCK, 1);
	remove_root_entry(0);
	remove_root_entry(1);
	expect_repair("lost+found isn't a directory");
	cr_assert_eq(find_name(DATA_START, "lost+found"), PATHFS_LOST_FOUND_INO);
}

Test(tools, a_file_removed_while_open_is_freed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);
	struct pathfs_inode inode = get_inode(FILE_INO);

	root.entries[1].ino = 0;
	put_dir(DATA_START, &root);
	inode.nlink = 0;
	put_inode(FILE_INO, inode);
	expect_repair("removed while it was open");
	cr_assert_eq(get_inode(FILE_INO).mode, 0);
}

Test(tools, an_entry_that_names_nothing_is_removed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[4], "ghost", 40);
	name_entry(&root.entries[5], "beyond", 4000);
	put_dir(DATA_START, &root);
	expect_repair("there is no such inode");
	cr_assert_eq(find_name(DATA_START, "ghost"), 0);
	cr_assert_eq(find_name(DATA_START, "beyond"), 0);
}

Test(tools, an_entry_for_an_earlier_use_of_an_inode_is_removed)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[4], "earlier", FILE_INO);
	root.entries[4].generation = cpu_to_le32(1);
	put_dir(DATA_START, &root);
	expect_repair("there is no such inode");
	cr_assert_eq(find_name(DATA_START, "earlier"), 0);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(tools, a_torn_entry_is_removed_and_its_neighbours_stay)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	root.entries[1].name[2] ^= 0x20;
	put_dir(DATA_START, &root);
	expect_repair("its name is damaged");
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
}

Test(tools, a_name_that_is_there_twice_is_removed_once)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[4], "other", FILE_INO);
	put_dir(DATA_START, &root);
	expect_repair("that name is there twice");
	cr_assert_eq(find_name(DATA_START, "other"), OTHER_INO);
	cr_assert_eq(find_name(DATA_START, "file"), FILE_INO);
}

Test(tools, a_directory_has_one_name)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[4], "again", DIR_INO);
	put_dir(DATA_START, &root);
	expect_repair("has a name already");
}

Test(tools, a_wrong_link_count_is_corrected)
{
	struct pathfs_inode inode = get_inode(OTHER_INO);

	inode.nlink = cpu_to_le32(1);
	put_inode(OTHER_INO, inode);
	expect_repair("1 links, but 2 names");
	cr_assert_eq(le32_to_cpu(get_inode(OTHER_INO).nlink), 2);
}

Test(tools, a_directory_block_that_is_not_its_own_is_cut_off)
{
	struct pathfs_dir_block folder = get_dir(DIR_BLOCK);

	folder.ino = cpu_to_le32(44);
	put_dir(DIR_BLOCK, &folder);
	expect_repair("1 of its blocks are lost");
	cr_assert_eq(get_inode(DIR_INO).size, 0);
}

Test(tools, a_lost_root_is_made_anew_and_its_files_are_kept)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	memset(slots, 0x5a, sizeof(slots));
	cr_assert_eq(image_write_slots(&image, PATHFS_ROOT_INO, slots), 0);
	expect_repair("the root directory is lost");
	cr_assert_neq(get_inode(FILE_INO).mode, 0);
	cr_assert_neq(get_inode(DIR_INO).mode, 0);
}

/* Any bytes at all: a check ends, and what it leaves is clean. */
Test(tools, random_damage_is_repaired, .timeout = 120)
{
	uint32_t end = DIR_BLOCK + 1;
	uint8_t *good = malloc((size_t)end * PATHFS_BLOCK_SIZE);
	unsigned int seed = 1;

	cr_assert_eq(image_read(&image, 0, end, good), 0);
	for (int round = 0; round < 300; round++) {
		/* Back to the sound image, then up to 40 bytes of the metadata. */
		cr_assert_eq(image_write(&image, 0, end, good), 0);
		for (int i = rand_r(&seed) % 40; i >= 0; i--) {
			uint32_t blocks[] = {1, 2, 3, 3, 4, 4, DATA_START, DATA_START, DIR_BLOCK};
			uint32_t block = blocks[rand_r(&seed) % 9];
			uint8_t bytes[PATHFS_BLOCK_SIZE];

			cr_assert_eq(image_read(&image, block, 1, bytes), 0);
			bytes[rand_r(&seed) % PATHFS_BLOCK_SIZE] = (uint8_t)rand_r(&seed);
			cr_assert_eq(image_write(&image, block, 1, bytes), 0);
		}
		run_check(true);
		cr_assert_eq(run_check(true), 0, "round %d: %s", round, all_reports);
	}
	free(good);
}

/* Nonsense with a right checksum: what a fuzzer that knows the format makes. */
Test(tools, random_inodes_with_right_checksums_are_repaired, .timeout = 120)
{
	uint32_t end = DIR_BLOCK + 1;
	uint8_t *good = malloc((size_t)end * PATHFS_BLOCK_SIZE);
	unsigned int seed = 2;

	cr_assert_eq(image_read(&image, 0, end, good), 0);
	for (int round = 0; round < 300; round++) {
		cr_assert_eq(image_write(&image, 0, end, good), 0);
		for (uint32_t ino = 1; ino <= DIR_INO; ino++) {
			struct pathfs_inode inode = get_inode(ino);
			uint8_t *bytes = (uint8_t *)&inode;

			for (int i = rand_r(&seed) % 4; i > 0; i--)
				bytes[16 + rand_r(&seed) % 160] = (uint8_t)rand_r(&seed);
			put_inode(ino, inode);
		}
		run_check(true);
		cr_assert_eq(run_check(true), 0, "round %d: %s", round, all_reports);
	}
	free(good);
}
