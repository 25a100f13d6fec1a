// SPDX-License-Identifier: MIT
/* Last pass: link counts, changed inodes, bitmaps. */
#include "check_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void check_links(struct check *check)
{
	for (uint32_t ino = 1; ino <= check->ninodes; ino++) {
		struct node *node = check->nodes[ino];

		if (!node || le32_to_cpu(node->slot.nlink) == node->links)
			continue;
		check_found(check, "inode %u: %u links, but %u names; corrected", ino,
			    le32_to_cpu(node->slot.nlink), node->links);
		node->slot.nlink = cpu_to_le32(node->links);
		node->changed = true;
	}
}

static struct pathfs_extent disk_extent(const struct run *run)
{
	return (struct pathfs_extent){
		.file_block = cpu_to_le32(run->file_block),
		.block = cpu_to_le32(run->block),
		.length = cpu_to_le32(run->length),
		.flags = cpu_to_le32(run->flags),
	};
}

/* The extents that the slot has no room for, to new blocks; from the last to the first. */
static int write_chain(struct check *check, struct node *node)
{
	uint32_t count = node->map.count;
	uint32_t next = 0;

	while (count > PATHFS_INLINE_EXTENTS) {
		uint32_t here = (count - PATHFS_INLINE_EXTENTS - 1) % PATHFS_BLOCK_EXTENTS + 1;
		struct pathfs_extent_block list = {
			.ino = cpu_to_le32(node->ino),
			.next = cpu_to_le32(next),
			.count = cpu_to_le32(here),
		};
		uint32_t block = check_take_block(check);
		int err;

		if (!block)
			return -ENOSPC;
		for (uint32_t i = 0; i < here; i++)
			list.extents[i] = disk_extent(&node->map.run[count - here + i]);
		list.crc = cpu_to_le32(image_struct_crc(&list, sizeof(list)));
		err = image_write(check->image, block, 1, &list);
		if (err)
			return err;
		next = block;
		count -= here;
	}
	node->slot.extent_block = cpu_to_le32(next);
	return 0;
}

static int write_node(struct check *check, struct node *node)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	struct pathfs_inode *slot = &node->slot;
	int err = image_read_slots(check->image, node->ino, slots);

	if (!err && node->new_chain)
		err = write_chain(check, node);
	if (err)
		return err;
	slot->ino = cpu_to_le32(node->ino);
	slot->sequence = cpu_to_le64(le64_to_cpu(slot->sequence) + 1);
	slot->nr_extents = cpu_to_le32(node->map.count);
	memset(slot->extents, 0, sizeof(slot->extents));
	for (uint32_t i = 0; i < node->map.count && i < PATHFS_INLINE_EXTENTS; i++)
		slot->extents[i] = disk_extent(&node->map.run[i]);
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
	slots[!node->current] = *slot;
	return image_write_slots(check->image, node->ino, slots);
}

/* What is in use, now that it is known who has what. */
static void make_bitmaps(struct check *check)
{
	memset(check->block_map, 0, image_map_size(check->nblocks));
	for (uint32_t block = 0; block < check->data_start; block++)
		image_set_bit(check->block_map, block);
	for (uint32_t ino = 1; ino <= check->ninodes; ino++) {
		const struct node *node = check->nodes[ino];

		if (!node)
			continue;
		image_set_bit(check->inode_map, ino - 1);
		for (uint32_t i = 0; i < node->chain.count; i++)
			image_set_bit(check->block_map, node->chain.run[i].block);
		for (uint32_t i = 0; i < node->map.count; i++)
			for (uint32_t j = 0; j < node->map.run[i].length; j++)
				image_set_bit(check->block_map, node->map.run[i].block + j);
	}
}

/* The chain of an inode that was written anew; its old one is not in use. */
static int read_new_chain(struct check *check, struct node *node)
{
	uint32_t block = le32_to_cpu(node->slot.extent_block);

	node->chain.count = 0;
	while (block) {
		struct pathfs_extent_block list;
		int err = runs_append(&node->chain, (struct run){.block = block, .length = 1});

		if (!err)
			err = image_read(check->image, block, 1, &list);
		if (err)
			return err;
		block = le32_to_cpu(list.next);
	}
	return 0;
}

static int write_nodes(struct check *check)
{
	int err = 0;

	for (uint32_t ino = 1; ino <= check->ninodes && !err; ino++) {
		struct node *node = check->nodes[ino];

		if (!node || !node->changed)
			continue;
		err = write_node(check, node);
		if (!err && node->new_chain)
			err = read_new_chain(check, node);
	}
	return err ? err : image_sync(check->image);
}

static int compare_map(struct check *check, uint32_t place, const uint8_t *map, uint32_t nbits,
		       const char *what)
{
	size_t size = image_map_size(nbits);
	uint8_t *stored = malloc(size);
	uint32_t wrong = 0;
	int err = stored ? image_read(check->image, place, size / PATHFS_BLOCK_SIZE, stored)
			 : -ENOMEM;

	for (uint32_t bit = 0; bit < nbits && !err; bit++)
		wrong += image_bit(stored, bit) != image_bit(map, bit);
	if (wrong)
		check_found(check, "the bitmap of %s has %u wrong bits, made anew", what, wrong);
	free(stored);
	return err;
}

static int compare_crc(struct check *check, const struct pathfs_state *state)
{
	if (le32_to_cpu(state->block_bitmap_crc) !=
		    image_crc(~0U, check->block_map, image_map_size(check->nblocks)) ||
	    le32_to_cpu(state->inode_bitmap_crc) !=
		    image_crc(~0U, check->inode_map, image_map_size(check->ninodes)))
		check_found(check, "the checksums of the bitmaps are wrong, corrected");
	return 0;
}

int check_write(struct check *check)
{
	const struct pathfs_super *super = &check->image->super;
	struct pathfs_state state;
	int err = 0;

	if (check->options->repair)
		err = write_nodes(check);
	make_bitmaps(check);
	if (!err)
		err = image_read_state(check->image, &state);
	if (err)
		return err;
	if (!image_state_is_clean(&state)) {
		check_found(check, "it was not unmounted; its bitmaps are made anew");
	} else {
		err = compare_map(check, le32_to_cpu(super->block_bitmap), check->block_map,
				  check->nblocks, "blocks");
		if (!err)
			err = compare_map(check, le32_to_cpu(super->inode_bitmap), check->inode_map,
					  check->ninodes, "inodes");
		if (!err)
			err = compare_crc(check, &state);
	}
	if (!err && check->findings && check->options->repair)
		err = image_write_clean(check->image, check->block_map, check->inode_map);
	return err;
}
