// SPDX-License-Identifier: MIT
#include "make.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BLOCKS_PER_INODE 16

static uint32_t round_up(uint64_t value, uint32_t multiple)
{
	return (uint32_t)((value + multiple - 1) / multiple * multiple);
}

static uint32_t map_blocks(uint32_t nbits)
{
	return (uint32_t)(image_map_size(nbits) / PATHFS_BLOCK_SIZE);
}

static int plan(struct image *image, const struct make_options *options)
{
	struct pathfs_super *super = &image->super;
	uint64_t nblocks = image->device_blocks < UINT32_MAX ? image->device_blocks : UINT32_MAX;
	uint64_t ninodes = options->ninodes ? options->ninodes : nblocks / BLOCKS_PER_INODE;
	uint64_t end_of_table;
	uint32_t inode_bitmap, inode_table;

	if (ninodes < PATHFS_MIN_INODES)
		ninodes = PATHFS_MIN_INODES;
	ninodes = round_up(ninodes, PATHFS_INODES_PER_BLOCK);
	inode_bitmap = 1 + map_blocks((uint32_t)nblocks);
	inode_table = inode_bitmap + map_blocks((uint32_t)ninodes);
	end_of_table = inode_table + ninodes / PATHFS_INODES_PER_BLOCK;
	if (round_up(end_of_table, PATHFS_HUGE_BLOCKS) + PATHFS_HUGE_BLOCKS > nblocks) {
		snprintf(image->problem, sizeof(image->problem),
			 "it is too small: %llu KiB, and 2 MiB must remain for data",
			 (unsigned long long)nblocks * (PATHFS_BLOCK_SIZE / 1024));
		return -ENOSPC;
	}
	memset(super, 0, sizeof(*super));
	super->magic = cpu_to_le32(PATHFS_MAGIC);
	super->version = cpu_to_le32(PATHFS_VERSION);
	super->block_size = cpu_to_le32(PATHFS_BLOCK_SIZE);
	super->nblocks = cpu_to_le32((uint32_t)nblocks);
	super->ninodes = cpu_to_le32((uint32_t)ninodes);
	super->block_bitmap = cpu_to_le32(1);
	super->inode_bitmap = cpu_to_le32(inode_bitmap);
	super->inode_table = cpu_to_le32(inode_table);
	super->data_start = cpu_to_le32(round_up(end_of_table, PATHFS_HUGE_BLOCKS));
	if (options->label)
		memcpy(super->label, options->label, strnlen(options->label, sizeof(super->label)));
	if (getrandom(super->uuid, sizeof(super->uuid), 0) != sizeof(super->uuid))
		return -EIO;
	/* Version 4, variant 1: a random UUID. */
	super->uuid[6] = (uint8_t)((super->uuid[6] & 0x0f) | 0x40);
	super->uuid[8] = (uint8_t)((super->uuid[8] & 0x3f) | 0x80);
	super->crc = cpu_to_le32(image_struct_crc(super, sizeof(*super)));
	return 0;
}

/* Zeros over all metadata; the superblock goes first, so that a half-made file system isn't one. */
static int wipe(struct image *image)
{
	enum { CHUNK = 256 };
	uint32_t end = le32_to_cpu(image->super.data_start);
	uint8_t *zeros = calloc(CHUNK, PATHFS_BLOCK_SIZE);
	int err = zeros ? 0 : -ENOMEM;

	for (uint32_t block = 0; block < end && !err; block += CHUNK)
		err = image_write(image, block, end - block < CHUNK ? end - block : CHUNK, zeros);
	free(zeros);
	return err;
}

static int write_directory(struct image *image, uint32_t ino, uint16_t permissions, uint32_t block)
{
	struct pathfs_inode slots[PATHFS_SLOTS] = {0};
	struct pathfs_inode *slot = &slots[0];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	slot->ino = cpu_to_le32(ino);
	slot->sequence = cpu_to_le64(1);
	slot->generation = cpu_to_le32(1);
	slot->mode = cpu_to_le16(S_IFDIR | permissions);
	slot->nlink = cpu_to_le32(1);
	slot->atime = slot->mtime = slot->ctime = slot->btime = cpu_to_le64((uint64_t)now.tv_sec);
	if (block) {
		slot->size = cpu_to_le64(PATHFS_BLOCK_SIZE);
		slot->nr_extents = cpu_to_le32(1);
		slot->extents[0].block = cpu_to_le32(block);
		slot->extents[0].length = cpu_to_le32(1);
	}
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
	return image_write_slots(image, ino, slots);
}

/* The root has one name: lost+found, where fsck puts files that have none. */
static int write_root(struct image *image)
{
	static const char name[] = "lost+found";
	uint32_t place = le32_to_cpu(image->super.data_start);
	struct pathfs_dir_block block = {
		.magic = cpu_to_le32(PATHFS_DIR_MAGIC),
		.ino = cpu_to_le32(PATHFS_ROOT_INO),
		.generation = cpu_to_le32(1),
	};
	struct pathfs_dirent *entry = &block.entries[0];
	int err;

	entry->ino = cpu_to_le32(PATHFS_LOST_FOUND_INO);
	entry->generation = cpu_to_le32(1);
	entry->name_len = sizeof(name) - 1;
	memcpy(entry->name, name, sizeof(name) - 1);
	entry->name_crc = cpu_to_le32(image_name_crc(name, sizeof(name) - 1));
	err = image_write(image, place, 1, &block);
	if (!err)
		err = write_directory(image, PATHFS_ROOT_INO, 0755, place);
	return err ? err : write_directory(image, PATHFS_LOST_FOUND_INO, 0700, 0);
}

int make_filesystem(struct image *image, const struct make_options *options)
{
	uint8_t *block_map = NULL;
	uint8_t *inode_map = NULL;
	int err = plan(image, options);

	if (err)
		return err;
	block_map = calloc(1, image_map_size(le32_to_cpu(image->super.nblocks)));
	inode_map = calloc(1, image_map_size(le32_to_cpu(image->super.ninodes)));
	if (!block_map || !inode_map) {
		err = -ENOMEM;
		goto out;
	}
	for (uint32_t block = 0; block <= le32_to_cpu(image->super.data_start); block++)
		image_set_bit(block_map, block);
	image_set_bit(inode_map, PATHFS_ROOT_INO - 1);
	image_set_bit(inode_map, PATHFS_LOST_FOUND_INO - 1);
	err = wipe(image);
	if (!err)
		err = write_root(image);
	if (!err)
		err = image_write_clean(image, block_map, inode_map);
out:
	free(block_map);
	free(inode_map);
	return err;
}
