/* SPDX-License-Identifier: MIT */
/* A small pathfs in a file, for tests to damage and to have checked. */
#ifndef PATHFS_FIXTURE_IMAGE_H
#define PATHFS_FIXTURE_IMAGE_H

#include "kmod/pathfs/tools/image.h"

enum {
	DATA_START = 512,
	FILE_INO = 3,
	OTHER_INO = 4,
	DIR_INO = 5,
	LINK_INO = 6,
	FILE_BLOCK = DATA_START + 8,
	OTHER_BLOCK = DATA_START + 16,
	DIR_BLOCK = DATA_START + 24,
	LOST_FOUND_BLOCK = DATA_START + 32,
};

extern struct image image;
extern char image_path[];
/* What the last check said, a line for each finding. */
extern char all_reports[8192];

/*
 * Criterion's init and fini. The image has /file, /other and /folder, which has /folder/inner,
 * another name of /other; it is sound. The root's entries are lost+found and these, in this order.
 */
void image_populate(void);
void image_remove(void);

/* Returns the number of findings. */
unsigned int run_check(bool repair);
/* The damage is found, first by looking only; repaired; and nothing is found again. */
void expect_repair(const char *words);

/* The inode as it is, for the caller to change; and back into the same slot, with its checksum. */
struct pathfs_inode get_inode(uint32_t ino);
void put_inode(uint32_t ino, struct pathfs_inode inode);
void new_inode(uint32_t ino, uint16_t mode, uint32_t block, uint32_t nblocks);
void seal_slot(struct pathfs_inode *slot);
/* Neither of its copies is sound any more. */
void destroy_inode(uint32_t ino);

struct pathfs_dir_block get_dir(uint32_t block);
void put_dir(uint32_t block, const struct pathfs_dir_block *dir);
void name_entry(struct pathfs_dirent *entry, const char *name, uint32_t ino);
/* Puts a name into the root directory, or takes one out as the file system does. */
void set_root_entry(int index, const char *name, uint32_t ino);
void remove_root_entry(int index);
/* The inode that @name is in the directory block; 0: it isn't there. */
uint32_t find_name(uint32_t block, const char *name);

#endif
