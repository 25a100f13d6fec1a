/* SPDX-License-Identifier: MIT */
/* What the files of `corrupt` share. */
#ifndef CORRUPT_H
#define CORRUPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kmod/pathfs/tools/image.h"

enum {
	MAX_BLOCKS = 4096, /* what is in use of the sample lies in these */
	MAX_INODES = 64,
	MAX_DIR_BLOCKS = 32,
	MAX_EXTENT_BLOCKS = 16,
	MAX_STEPS = 6,
	STEP_ROOM = 120,
};

/* A sound file system, what is where in it, and a copy of it that is changed. */
struct sample {
	uint64_t random;
	uint8_t *good;
	uint8_t *bad;
	uint32_t nblocks; /* read and written: up to the last block in use */
	uint32_t inodes[MAX_INODES];
	uint32_t nr_inodes;
	uint32_t dir_blocks[MAX_DIR_BLOCKS];
	uint32_t nr_dir_blocks;
	uint32_t extent_blocks[MAX_EXTENT_BLOCKS];
	uint32_t nr_extent_blocks;

	char steps[MAX_STEPS][STEP_ROOM]; /* what was changed, for people */
	int nr_steps;
};

/* corrupt_read.c */
/* Reads the file system on `device` and finds its parts. Returns 0 or a negative errno. */
int sample_read(struct sample *sample, const char *device);
const struct pathfs_super *sample_super(const struct sample *sample);
/* Both slots of an inode in `image`, which is `good` or `bad`. */
struct pathfs_inode *sample_slots(const struct sample *sample, uint8_t *image, uint32_t ino);

/* corrupt_sample.c */
uint32_t draw(struct sample *sample, uint32_t limit);
/* `bad` becomes `good` with one to four things wrong, half of them with right checksums. */
void sample_corrupt(struct sample *sample);

/* corrupt_use.c: every kind of operation, whatever it returns. Nothing is left open. */
void use_folder(struct sample *sample, const char *folder);

#endif
