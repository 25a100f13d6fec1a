// SPDX-License-Identifier: MIT
/* First pass: each inode by itself. Second: no block belongs to two. */
#include "check_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the extents that can be believed, in order. */
static int take_extents(struct check *check, struct node *node, const struct pathfs_extent *extents,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct runs *map = &node->map;
		const struct run *last = map->count ? &map->run[map->count - 1] : NULL;
		uint64_t next = last ? (uint64_t)last->file_block + last->length : 0;
		const char *problem =
			pathfs_extent_problem(&check->image->super, &extents[i], next);
		int err;

		if (problem) {
			check_found(check, "inode %u: %s, cut off", node->ino, problem);
			node->changed = node->new_chain = true;
			continue;
		}
		err = runs_append(&node->map,
				  (struct run){
					  .file_block = le32_to_cpu(extents[i].file_block),
					  .block = le32_to_cpu(extents[i].block),
					  .length = le32_to_cpu(extents[i].length),
					  .flags = le32_to_cpu(extents[i].flags),
				  });
		if (err)
			return err;
	}
	return 0;
}

static bool list_is_sound(const struct pathfs_extent_block *list, const struct node *node,
			  uint32_t count)
{
	return le32_to_cpu(list->crc) == image_struct_crc(list, sizeof(*list)) &&
	       le32_to_cpu(list->ino) == node->ino && le32_to_cpu(list->count) == count;
}

static int take_chain(struct check *check, struct node *node, uint32_t left)
{
	uint32_t block = le32_to_cpu(node->slot.extent_block);

	while (left > 0) {
		uint32_t count = left < PATHFS_BLOCK_EXTENTS ? left : PATHFS_BLOCK_EXTENTS;
		struct pathfs_extent_block list;
		int err = -EUCLEAN;

		if (pathfs_in_data_region(&check->image->super, block, 1))
			err = image_read(check->image, block, 1, &list);
		if (err || !list_is_sound(&list, node, count)) {
			check_found(check, "inode %u: the last %u of its extents are lost",
				    node->ino, left);
			node->changed = node->new_chain = true;
			return err == -EUCLEAN ? 0 : err;
		}
		err = take_extents(check, node, list.extents, count);
		if (!err)
			err = runs_append(&node->chain, (struct run){.block = block, .length = 1});
		if (err)
			return err;
		left -= count;
		block = le32_to_cpu(list.next);
	}
	if (block) {
		check_found(check, "inode %u: its extents don't end", node->ino);
		node->changed = node->new_chain = true;
	}
	return 0;
}

static int take_map(struct check *check, struct node *node)
{
	uint32_t count = le32_to_cpu(node->slot.nr_extents);
	uint32_t here = count < PATHFS_INLINE_EXTENTS ? count : PATHFS_INLINE_EXTENTS;
	int err = take_extents(check, node, node->slot.extents, here);

	return err ? err : take_chain(check, node, count - here);
}

/* Fields that can be put right without guessing. */
static void correct_fields(struct check *check, struct node *node)
{
	struct pathfs_inode *slot = &node->slot;
	__le32 *nanoseconds[] = {&slot->atime_ns, &slot->mtime_ns, &slot->ctime_ns,
				 &slot->btime_ns};

	if (!pathfs_inode_problem(slot))
		return;
	check_found(check, "inode %u: %s, corrected", node->ino, pathfs_inode_problem(slot));
	node->changed = true;
	slot->flags &= cpu_to_le32(PATHFS_INODE_FLAGS);
	for (size_t i = 0; i < sizeof(nanoseconds) / sizeof(*nanoseconds); i++)
		if (le32_to_cpu(*nanoseconds[i]) >= 1000000000)
			*nanoseconds[i] = 0;
	if (le32_to_cpu(slot->nr_extents) > PATHFS_MAX_EXTENTS)
		slot->nr_extents = cpu_to_le32(PATHFS_MAX_EXTENTS);
	if (S_ISDIR(le16_to_cpu(slot->mode)))
		slot->size &= cpu_to_le64(~(uint64_t)(PATHFS_BLOCK_SIZE - 1));
	if (le64_to_cpu(slot->size) > (uint64_t)PATHFS_MAX_FILE_BLOCKS << PATHFS_BLOCK_BITS)
		slot->size = 0;
}

/* The blocks of a directory that are its own, one after the other, and no others. */
static int correct_dir(struct check *check, struct node *node)
{
	struct pathfs_dir_block block;
	struct runs map = {0};
	uint32_t size = node_size_blocks(node);
	uint32_t bad = 0;
	uint32_t end = node->map.count ? node->map.run[node->map.count - 1].file_block +
						 node->map.run[node->map.count - 1].length
				       : 0;

	for (uint32_t i = 0; i < size && i < end; i++) {
		uint32_t place = node_block(node, i);
		int err = place ? image_read(check->image, place, 1, &block) : 0;

		if (err) {
			free(map.run);
			return err;
		}
		if (!place || le32_to_cpu(block.magic) != PATHFS_DIR_MAGIC ||
		    le32_to_cpu(block.ino) != node->ino ||
		    block.generation != node->slot.generation) {
			bad++;
			continue;
		}
		err = runs_append(&map, (struct run){i - bad, place, 1, 0});
		if (err) {
			free(map.run);
			return err;
		}
	}
	if (map.count == size) {
		free(map.run);
		return 0;
	}
	check_found(check, "directory %u: %u of its blocks are lost", node->ino, size - map.count);
	free(node->map.run);
	node->map = map;
	node->slot.size = cpu_to_le64((uint64_t)map.count << PATHFS_BLOCK_BITS);
	node->changed = node->new_chain = true;
	return 0;
}

static bool is_zero(const void *data, size_t size)
{
	const uint8_t *byte = data;

	return !*byte && !memcmp(byte, byte + 1, size - 1);
}

/* A type that is known, and for a symlink a target. Nothing else makes an inode useless. */
static bool is_useless(const struct node *node)
{
	struct pathfs_inode typed = {.mode = node->slot.mode, .size = cpu_to_le64(1)};
	uint64_t size = le64_to_cpu(node->slot.size);
	uint16_t mode = le16_to_cpu(node->slot.mode);

	if (S_ISDIR(mode))
		return false;
	if (S_ISLNK(mode))
		return !size || size > PATHFS_SYMLINK_MAX || !node_block(node, 0);
	return pathfs_inode_problem(&typed);
}

static int free_if_useless(struct check *check, struct node *node)
{
	if (!is_useless(node))
		return 0;
	check_found(check, "inode %u: neither its type nor its contents make sense, freed",
		    node->ino);
	return check_free_node(check, node);
}

static int check_inode(struct check *check, uint32_t ino, const struct pathfs_inode *slots)
{
	int current = image_current_slot(slots, ino);
	struct node *node;
	int err;

	if (current < 0) {
		struct pathfs_inode zeros[PATHFS_SLOTS] = {0};

		/* Half written when it was made, and no name yet; or damaged for good. */
		check_found(check, "inode %u: both copies are damaged, freed", ino);
		return check->options->repair ? image_write_slots(check->image, ino, zeros) : 0;
	}
	if (!slots[current].mode)
		return 0;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->ino = ino;
	node->current = current;
	node->slot = slots[current];
	check->nodes[ino] = node;
	if (!S_ISLNK(le16_to_cpu(node->slot.mode)) && !is_useless(node))
		correct_fields(check, node);
	err = take_map(check, node);
	if (!err && node_is_dir(node))
		err = correct_dir(check, node);
	return err ? err : free_if_useless(check, node);
}

int check_inodes(struct check *check)
{
	struct pathfs_inode block[PATHFS_INODES_PER_BLOCK][PATHFS_SLOTS];
	uint32_t table = le32_to_cpu(check->image->super.inode_table);

	for (uint32_t i = 0; i < check->ninodes / PATHFS_INODES_PER_BLOCK; i++) {
		int err = image_read(check->image, table + i, 1, block);

		for (uint32_t j = 0; j < PATHFS_INODES_PER_BLOCK && !err; j++)
			if (!is_zero(block[j], sizeof(block[j])))
				err = check_inode(check, i * PATHFS_INODES_PER_BLOCK + j + 1,
						  block[j]);
		if (err)
			return err;
	}
	return 0;
}

static void take_chain_blocks(struct check *check, struct node *node)
{
	for (uint32_t i = 0; i < node->chain.count; i++) {
		if (image_bit(check->block_map, node->chain.run[i].block)) {
			/* What it says was read and holds; it only has to move. */
			check_found(check, "inode %u: its list of extents lies in another's block",
				    node->ino);
			node->changed = node->new_chain = true;
		}
		image_set_bit(check->block_map, node->chain.run[i].block);
	}
}

/* Keeps of each run what nobody else has. */
static int take_data_blocks(struct check *check, struct node *node)
{
	struct runs kept = {0};
	uint32_t lost = 0;

	for (uint32_t i = 0; i < node->map.count; i++) {
		struct run run = node->map.run[i];

		for (uint32_t j = 0; j < run.length; j++) {
			struct run *last = kept.count ? &kept.run[kept.count - 1] : NULL;
			int err = 0;

			if (image_bit(check->block_map, run.block + j)) {
				lost++;
				continue;
			}
			image_set_bit(check->block_map, run.block + j);
			/* Inside a run only: what were two runs stay two. */
			if (last && j > 0 && last->file_block + last->length == run.file_block + j)
				last->length++;
			else
				err = runs_append(&kept, (struct run){run.file_block + j,
								      run.block + j, 1, run.flags});
			if (err) {
				free(kept.run);
				return err;
			}
		}
	}
	if (lost) {
		check_found(check, "inode %u: %u of its blocks belong to another, cut off",
			    node->ino, lost);
		node->changed = node->new_chain = true;
	}
	free(node->map.run);
	node->map = kept;
	return 0;
}

/* Lists of extents first: they are checksummed, so whoever else claims their blocks is wrong. */
int check_blocks(struct check *check)
{
	int err = 0;

	for (uint32_t block = 0; block < check->data_start; block++)
		image_set_bit(check->block_map, block);
	for (uint32_t ino = 1; ino <= check->ninodes; ino++)
		if (check->nodes[ino])
			take_chain_blocks(check, check->nodes[ino]);
	for (uint32_t ino = 1; ino <= check->ninodes && !err; ino++) {
		struct node *node = check->nodes[ino];

		if (!node)
			continue;
		err = take_data_blocks(check, node);
		if (!err && node_is_dir(node))
			err = correct_dir(check, node);
		/* A symlink may have lost its target to another. */
		if (!err)
			err = free_if_useless(check, node);
	}
	return err;
}
