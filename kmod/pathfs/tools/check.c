// SPDX-License-Identifier: MIT
#include "check_internal.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_found(struct check *check, const char *format, ...)
{
	char sentence[512];
	va_list arguments;

	check->findings++;
	if (!check->options->report)
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	check->options->report(check->options->context, sentence);
}

int runs_append(struct runs *runs, struct run run)
{
	if (runs->count == runs->room) {
		uint32_t room = runs->room ? runs->room * 2 : 4;
		struct run *bigger = realloc(runs->run, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		runs->run = bigger;
		runs->room = room;
	}
	runs->run[runs->count++] = run;
	return 0;
}

uint32_t node_size_blocks(const struct node *node)
{
	return (uint32_t)(le64_to_cpu(node->slot.size) >> PATHFS_BLOCK_BITS);
}

bool node_is_dir(const struct node *node)
{
	return S_ISDIR(le16_to_cpu(node->slot.mode));
}

uint32_t node_block(const struct node *node, uint32_t file_block)
{
	for (uint32_t i = 0; i < node->map.count; i++) {
		const struct run *run = &node->map.run[i];

		if (file_block >= run->file_block && file_block < run->file_block + run->length)
			return run->flags & PATHFS_EXTENT_UNWRITTEN
				       ? 0
				       : run->block + (file_block - run->file_block);
	}
	return 0;
}

static void free_node(struct node *node)
{
	if (!node)
		return;
	free(node->map.run);
	free(node->chain.run);
	free(node);
}

int check_free_node(struct check *check, struct node *node)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	struct pathfs_inode *slot = &slots[!node->current];
	int err = 0;

	if (check->options->repair) {
		err = image_read_slots(check->image, node->ino, slots);
		if (err)
			return err;
		memset(slot, 0, sizeof(*slot));
		slot->ino = cpu_to_le32(node->ino);
		slot->sequence = cpu_to_le64(le64_to_cpu(node->slot.sequence) + 1);
		slot->generation = node->slot.generation;
		slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
		err = image_write_slots(check->image, node->ino, slots);
	}
	check->nodes[node->ino] = NULL;
	free_node(node);
	return err;
}

int check_new_dir(struct check *check, uint32_t ino, uint16_t permissions)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	struct node *node;
	int current;
	int err = image_read_slots(check->image, ino, slots);

	if (err)
		return err;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	current = image_current_slot(slots, ino);
	node->ino = ino;
	node->current = current < 0 ? 1 : current;
	node->slot.generation = cpu_to_le32(1);
	if (current >= 0) {
		node->slot.generation = slots[current].generation;
		node->slot.sequence = slots[current].sequence;
	}
	node->slot.mode = cpu_to_le16(S_IFDIR | permissions);
	node->slot.nlink = cpu_to_le32(1);
	node->changed = true;
	free_node(check->nodes[ino]);
	check->nodes[ino] = node;
	return 0;
}

uint32_t check_take_block(struct check *check)
{
	for (uint32_t block = check->data_start; block < check->nblocks; block++) {
		if (image_bit(check->block_map, block))
			continue;
		image_set_bit(check->block_map, block);
		return block;
	}
	return 0;
}

static int run_passes(struct check *check)
{
	int err = check_inodes(check);

	if (!err)
		err = check_blocks(check);
	if (!err)
		err = check_names(check);
	if (err)
		return err;
	check_links(check);
	return check_write(check);
}

int check_filesystem(struct image *image, const struct check_options *options,
		     unsigned int *findings)
{
	struct check check = {
		.image = image,
		.options = options,
		.nblocks = le32_to_cpu(image->super.nblocks),
		.ninodes = le32_to_cpu(image->super.ninodes),
		.data_start = le32_to_cpu(image->super.data_start),
	};
	int err = -ENOMEM;

	check.nodes = calloc((size_t)check.ninodes + 1, sizeof(struct node *));
	check.block_map = calloc(1, image_map_size(check.nblocks));
	check.inode_map = calloc(1, image_map_size(check.ninodes));
	if (check.nodes && check.block_map && check.inode_map)
		err = run_passes(&check);
	for (uint32_t ino = 1; check.nodes && ino <= check.ninodes; ino++)
		free_node(check.nodes[ino]);
	free(check.nodes);
	free(check.block_map);
	free(check.inode_map);
	free(check.named_by_lost);
	*findings = check.findings;
	return err;
}
