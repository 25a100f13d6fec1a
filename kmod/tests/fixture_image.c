// SPDX-License-Identifier: MIT
#include "fixture_image.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmod/pathfs/tools/check.h"
#include "kmod/pathfs/tools/make.h"

char image_path[] = "/tmp/pathfs-test-XXXXXX";
struct image image;
char all_reports[8192];

static void note(void *context, const char *sentence)
{
	size_t used = strlen(all_reports);

	(void)context;
	snprintf(all_reports + used, sizeof(all_reports) - used, "%s\n", sentence);
}

unsigned int run_check(bool repair)
{
	struct check_options options = {.repair = repair, .report = note};
	unsigned int findings = 0;

	all_reports[0] = '\0';
	cr_assert_eq(check_filesystem(&image, &options, &findings), 0, "%s", image.problem);
	return findings;
}

static void make_image(void)
{
	struct make_options options = {.ninodes = 64, .label = "test"};
	int fd = mkstemp(image_path);

	cr_assert(fd >= 0);
	cr_assert_eq(ftruncate(fd, 16 << 20), 0);
	close(fd);
	cr_assert_eq(image_open_device(&image, image_path, true), 0);
	cr_assert_eq(make_filesystem(&image, &options), 0);
}

void image_remove(void)
{
	image_close(&image);
	unlink(image_path);
}

void seal_slot(struct pathfs_inode *slot)
{
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
}

struct pathfs_inode get_inode(uint32_t ino)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	int current;

	cr_assert_eq(image_read_slots(&image, ino, slots), 0);
	current = image_current_slot(slots, ino);
	if (current < 0)
		return (struct pathfs_inode){.ino = 0};
	return slots[current];
}

void put_inode(uint32_t ino, struct pathfs_inode inode)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	int current;

	cr_assert_eq(image_read_slots(&image, ino, slots), 0);
	current = image_current_slot(slots, ino);
	inode.ino = cpu_to_le32(ino);
	seal_slot(&inode);
	slots[current < 0 ? 0 : current] = inode;
	cr_assert_eq(image_write_slots(&image, ino, slots), 0);
}

void new_inode(uint32_t ino, uint16_t mode, uint32_t block, uint32_t nblocks)
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

void destroy_inode(uint32_t ino)
{
	struct pathfs_inode slots[PATHFS_SLOTS];

	memset(slots, 0x5a, sizeof(slots));
	cr_assert_eq(image_write_slots(&image, ino, slots), 0);
}

struct pathfs_dir_block get_dir(uint32_t block)
{
	struct pathfs_dir_block dir;

	cr_assert_eq(image_read(&image, block, 1, &dir), 0);
	return dir;
}

void put_dir(uint32_t block, const struct pathfs_dir_block *dir)
{
	cr_assert_eq(image_write(&image, block, 1, dir), 0);
}

void name_entry(struct pathfs_dirent *entry, const char *name, uint32_t ino)
{
	memset(entry, 0, sizeof(*entry));
	entry->ino = cpu_to_le32(ino);
	entry->generation = cpu_to_le32(ino + 100);
	entry->name_len = (uint8_t)strlen(name);
	memcpy(entry->name, name, strlen(name));
	entry->name_crc = cpu_to_le32(image_name_crc(name, entry->name_len));
}

void set_root_entry(int index, const char *name, uint32_t ino)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	name_entry(&root.entries[index], name, ino);
	put_dir(DATA_START, &root);
}

void remove_root_entry(int index)
{
	struct pathfs_dir_block root = get_dir(DATA_START);

	root.entries[index].ino = 0;
	put_dir(DATA_START, &root);
}

uint32_t find_name(uint32_t block, const char *name)
{
	struct pathfs_dir_block dir = get_dir(block);

	for (int i = 0; i < PATHFS_BLOCK_DIRENTS; i++)
		if (dir.entries[i].ino && dir.entries[i].name_len == strlen(name) &&
		    !memcmp(dir.entries[i].name, name, strlen(name)))
			return le32_to_cpu(dir.entries[i].ino);
	return 0;
}

void image_populate(void)
{
	struct pathfs_dir_block folder = {0};
	struct pathfs_inode inode;

	make_image();
	new_inode(FILE_INO, S_IFREG | 0644, FILE_BLOCK, 2);
	new_inode(OTHER_INO, S_IFREG | 0644, OTHER_BLOCK, 2);
	new_inode(DIR_INO, S_IFDIR | 0755, DIR_BLOCK, 1);
	inode = get_inode(OTHER_INO);
	inode.nlink = cpu_to_le32(2);
	put_inode(OTHER_INO, inode);
	set_root_entry(1, "file", FILE_INO);
	set_root_entry(2, "other", OTHER_INO);
	set_root_entry(3, "folder", DIR_INO);
	folder.magic = cpu_to_le32(PATHFS_DIR_MAGIC);
	folder.ino = cpu_to_le32(DIR_INO);
	folder.generation = cpu_to_le32(DIR_INO + 100);
	name_entry(&folder.entries[0], "inner", OTHER_INO);
	put_dir(DIR_BLOCK, &folder);
	/* Only the bitmaps are still those of an empty file system. */
	cr_assert_gt(run_check(true), 0);
	cr_assert_eq(run_check(true), 0, "%s", all_reports);
}

void expect_repair(const char *words)
{
	unsigned int looked = run_check(false);

	cr_assert_gt(looked, 0, "nothing found");
	cr_assert(strstr(all_reports, words), "no \"%s\" in: %s", words, all_reports);
	cr_assert_gt(run_check(true), 0, "looking only has repaired");
	cr_assert(strstr(all_reports, words), "no \"%s\" in: %s", words, all_reports);
	cr_assert_eq(run_check(true), 0, "found again: %s", all_reports);
}
