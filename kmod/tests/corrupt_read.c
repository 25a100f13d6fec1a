// SPDX-License-Identifier: MIT
/* Reads a sound file system and finds its parts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "corrupt.h"

const struct pathfs_super *sample_super(const struct sample *sample)
{
	return (const struct pathfs_super *)sample->good;
}

struct pathfs_inode *sample_slots(const struct sample *sample, uint8_t *image, uint32_t ino)
{
	uint32_t table = le32_to_cpu(sample_super(sample)->inode_table);

	return (struct pathfs_inode *)(image + (size_t)table * PATHFS_BLOCK_SIZE +
				       (size_t)(ino - 1) * PATHFS_INODE_SIZE);
}

/* Notes the directory blocks among the extents, and the extent blocks. */
static void find_blocks(struct sample *sample, const struct pathfs_inode *slot)
{
	uint32_t next = le32_to_cpu(slot->extent_block);
	bool is_dir = S_ISDIR(le16_to_cpu(slot->mode));
	uint32_t count = le32_to_cpu(slot->nr_extents);

	for (uint32_t i = 0; is_dir && i < count && i < PATHFS_INLINE_EXTENTS; i++) {
		uint32_t first = le32_to_cpu(slot->extents[i].block);

		for (uint32_t j = 0; j < le32_to_cpu(slot->extents[i].length); j++)
			if (sample->nr_dir_blocks < MAX_DIR_BLOCKS)
				sample->dir_blocks[sample->nr_dir_blocks++] = first + j;
	}
	while (next && sample->nr_extent_blocks < MAX_EXTENT_BLOCKS) {
		const struct pathfs_extent_block *block =
			(const struct pathfs_extent_block *)(sample->good +
							     (size_t)next * PATHFS_BLOCK_SIZE);

		sample->extent_blocks[sample->nr_extent_blocks++] = next;
		next = le32_to_cpu(block->next);
	}
}

static void find_parts(struct sample *sample)
{
	uint32_t ninodes = le32_to_cpu(sample_super(sample)->ninodes);

	for (uint32_t ino = 1; ino <= ninodes && sample->nr_inodes < MAX_INODES; ino++) {
		const struct pathfs_inode *slots = sample_slots(sample, sample->good, ino);
		int current = image_current_slot(slots, ino);

		if (current < 0 || !slots[current].mode)
			continue;
		sample->inodes[sample->nr_inodes++] = ino;
		find_blocks(sample, &slots[current]);
	}
}

/* Aligned, as direct I/O wants it; NULL: there is no memory. */
static uint8_t *allocate_blocks(uint32_t nblocks)
{
	void *blocks;

	if (posix_memalign(&blocks, PATHFS_BLOCK_SIZE, (size_t)nblocks * PATHFS_BLOCK_SIZE))
		return NULL;
	return blocks;
}

int sample_read(struct sample *sample, const char *device)
{
	struct image image;
	int err = image_open(&image, device, false);
	uint32_t last = MAX_BLOCKS - 1;

	if (err) {
		fprintf(stderr, "corrupt: %s\n", image.problem);
		return err;
	}
	sample->good = allocate_blocks(MAX_BLOCKS);
	sample->bad = allocate_blocks(MAX_BLOCKS);
	err = sample->good && sample->bad ? image_read(&image, 0, MAX_BLOCKS, sample->good)
					  : -ENOMEM;
	image_close(&image);
	if (err)
		return err;
	while (!image_bit(sample->good + PATHFS_BLOCK_SIZE, last))
		last--;
	sample->nblocks = last + 1;
	find_parts(sample);
	return sample->nr_dir_blocks ? 0 : -EUCLEAN;
}
