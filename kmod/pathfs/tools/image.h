/* SPDX-License-Identifier: MIT */
/*
 * A pathfs on a device or in a file, seen from user space. Functions return 0 or a negative errno;
 * a sentence of why is in image->problem, for main to print.
 */
#ifndef PATHFS_IMAGE_H
#define PATHFS_IMAGE_H

#include <stdint.h>
#include "kmod/pathfs/pathfs_format.h"

struct image {
	int fd;
	uint64_t device_blocks;
	struct pathfs_super super; /* as on the medium: little-endian, checked */
	char problem[256];
};

/* Exclusive for writing: a device that is mounted is refused. Doesn't look at what is on it. */
int image_open_device(struct image *image, const char *path, bool write);
/* The same, and reads the superblock, which must be sound. */
int image_open(struct image *image, const char *path, bool write);
void image_close(struct image *image);

/* Whole blocks, all of them or an error. */
int image_read(struct image *image, uint64_t block, uint64_t count, void *data);
int image_write(struct image *image, uint64_t block, uint64_t count, const void *data);
/* What was written is durable. */
int image_sync(struct image *image);

/* One inode's two slots. `ino` is in range. */
int image_read_slots(struct image *image, uint32_t ino, struct pathfs_inode slots[PATHFS_SLOTS]);
int image_write_slots(struct image *image, uint32_t ino,
		      const struct pathfs_inode slots[PATHFS_SLOTS]);
/* Which of two slots is the inode; -1: none is valid. A free inode that was never used has none. */
int image_current_slot(const struct pathfs_inode slots[PATHFS_SLOTS], uint32_t ino);

int image_read_state(struct image *image, struct pathfs_state *state);
bool image_state_is_clean(const struct pathfs_state *state);
/* Writes both bitmaps (whole blocks) and then the state that says that they hold. */
int image_write_clean(struct image *image, const uint8_t *block_map, const uint8_t *inode_map);
/* Bytes of a bitmap for so many bits, in whole blocks. */
size_t image_map_size(uint32_t nbits);

/* CRC-32C as in pathfs_format.h. */
uint32_t image_crc(uint32_t seed, const void *data, size_t size);
uint32_t image_struct_crc(const void *structure, size_t size);
uint32_t image_name_crc(const char *name, uint8_t length);
bool image_name_is_sound(const struct pathfs_dirent *entry);

static inline bool image_bit(const uint8_t *map, uint32_t bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

static inline void image_set_bit(uint8_t *map, uint32_t bit)
{
	map[bit / 8] |= (uint8_t)(1 << bit % 8);
}

#endif
