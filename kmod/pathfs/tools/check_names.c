// SPDX-License-Identifier: MIT
/* Third pass: from the root to every name; then what has none goes to lost+found or is freed. */
#include "check_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*entry_visitor)(struct check *check, struct node *dir, struct pathfs_dirent *entry);

/* Visits each entry in use; writes a block back if the visitor freed one. */
static int for_each_entry(struct check *check, struct node *dir, entry_visitor visit)
{
	struct pathfs_dir_block block;
	int err = 0;

	for (uint32_t i = 0; i < node_size_blocks(dir) && !err; i++) {
		uint32_t place = node_block(dir, i);
		bool changed = false;

		err = image_read(check->image, place, 1, &block);
		for (uint32_t j = 0; j < PATHFS_BLOCK_DIRENTS && !err; j++) {
			struct pathfs_dirent *entry = &block.entries[j];

			if (!entry->ino)
				continue;
			err = visit(check, dir, entry);
			changed = changed || !entry->ino;
		}
		if (!err && changed && check->options->repair)
			err = image_write(check->image, place, 1, &block);
	}
	return err;
}

/* What an entry names, or NULL. */
static struct node *named_node(const struct check *check, const struct pathfs_dirent *entry)
{
	uint32_t ino = le32_to_cpu(entry->ino);
	struct node *node;

	if (ino > check->ninodes || !image_name_is_sound(entry))
		return NULL;
	node = check->nodes[ino];
	return node && node->slot.generation == entry->generation ? node : NULL;
}

static bool is_dots(const struct pathfs_dirent *entry)
{
	return entry->name[0] == '.' &&
	       (entry->name_len == 1 || (entry->name_len == 2 && entry->name[1] == '.'));
}

static void remove_entry(struct check *check, const struct node *dir, struct pathfs_dirent *entry,
			 const char *reason)
{
	check_found(check, "directory %u: an entry for inode %u removed: %s", dir->ino,
		    le32_to_cpu(entry->ino), reason);
	entry->ino = 0;
	entry->generation = 0;
	entry->name_crc = 0;
}

/* Counts a name, or removes it. */
static int count_entry(struct check *check, struct node *dir, struct pathfs_dirent *entry)
{
	struct node *node = named_node(check, entry);

	if (!image_name_is_sound(entry) || is_dots(entry))
		remove_entry(check, dir, entry, "its name is damaged");
	else if (!node)
		remove_entry(check, dir, entry, "there is no such inode");
	else if (node_is_dir(node) && node->links)
		remove_entry(check, dir, entry, "that directory has a name already");
	else
		node->links++;
	return 0;
}

struct name {
	uint32_t file_block;
	uint32_t index;
	uint8_t length;
	char text[PATHFS_NAME_MAX + 1];
};

static int compare_names(const void *left, const void *right)
{
	const struct name *a = left;
	const struct name *b = right;
	int order = strcmp(a->text, b->text);

	if (order)
		return order;
	if (a->file_block != b->file_block)
		return a->file_block < b->file_block ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static int remove_duplicate(struct check *check, const struct node *dir, const struct name *name)
{
	uint32_t place = node_block(dir, name->file_block);
	struct pathfs_dir_block block;
	struct node *node;
	int err = image_read(check->image, place, 1, &block);

	if (err)
		return err;
	node = named_node(check, &block.entries[name->index]);
	if (node && node->links)
		node->links--;
	remove_entry(check, dir, &block.entries[name->index], "that name is there twice");
	return check->options->repair ? image_write(check->image, place, 1, &block) : 0;
}

/* All names of a directory, sorted: equal ones are neighbours. */
static int check_duplicates(struct check *check, const struct node *dir)
{
	uint32_t nblocks = node_size_blocks(dir);
	struct name *names = calloc((size_t)nblocks * PATHFS_BLOCK_DIRENTS + 1, sizeof(*names));
	struct pathfs_dir_block block;
	size_t count = 0;
	int err = names ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < nblocks && !err; i++) {
		err = image_read(check->image, node_block(dir, i), 1, &block);
		for (uint32_t j = 0; j < PATHFS_BLOCK_DIRENTS && !err; j++) {
			const struct pathfs_dirent *entry = &block.entries[j];

			if (!entry->ino || !named_node(check, entry))
				continue;
			names[count].file_block = i;
			names[count].index = j;
			memcpy(names[count++].text, entry->name, entry->name_len);
		}
	}
	if (!err)
		qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count && !err; i++)
		if (!strcmp(names[i - 1].text, names[i].text))
			err = remove_duplicate(check, dir, &names[i]);
	free(names);
	return err;
}

/* A directory that has a name, and all below it. A list, not recursion: depth has no limit. */
static int walk(struct check *check, uint32_t ino)
{
	uint32_t *list = malloc(((size_t)check->ninodes + 1) * sizeof(*list));
	bool *listed = calloc((size_t)check->ninodes + 1, sizeof(*listed));
	size_t count = 0;
	int err = list && listed ? 0 : -ENOMEM;

	if (!err) {
		list[count++] = ino;
		listed[ino] = true;
	}
	for (size_t next = 0; next < count && !err; next++) {
		struct node *dir = check->nodes[list[next]];
		struct pathfs_dir_block block;

		err = for_each_entry(check, dir, count_entry);
		if (!err)
			err = check_duplicates(check, dir);
		for (uint32_t i = 0; i < node_size_blocks(dir) && !err; i++) {
			err = image_read(check->image, node_block(dir, i), 1, &block);
			for (uint32_t j = 0; j < PATHFS_BLOCK_DIRENTS && !err; j++) {
				const struct node *node = named_node(check, &block.entries[j]);

				if (!block.entries[j].ino || !node || !node_is_dir(node) ||
				    listed[node->ino])
					continue;
				list[count++] = node->ino;
				listed[node->ino] = true;
			}
		}
	}
	free(list);
	free(listed);
	return err;
}

/* A new block at the end of a directory; what it has beyond its end makes room. */
static int append_block(struct check *check, struct node *dir, struct pathfs_dir_block *block,
			uint32_t *place)
{
	uint32_t size = node_size_blocks(dir);
	struct runs *map = &dir->map;

	while (map->count && map->run[map->count - 1].file_block >= size)
		map->count--;
	if (map->count &&
	    map->run[map->count - 1].file_block + map->run[map->count - 1].length > size)
		map->run[map->count - 1].length = size - map->run[map->count - 1].file_block;
	*place = check_take_block(check);
	if (!*place)
		return -ENOSPC;
	memset(block, 0, sizeof(*block));
	block->magic = cpu_to_le32(PATHFS_DIR_MAGIC);
	block->ino = cpu_to_le32(dir->ino);
	block->generation = dir->slot.generation;
	dir->slot.size = cpu_to_le64((uint64_t)(size + 1) << PATHFS_BLOCK_BITS);
	dir->changed = dir->new_chain = true;
	return runs_append(map, (struct run){size, *place, 1, 0});
}

/* In a free place, or in a new block. */
static int add_entry(struct check *check, struct node *dir, struct node *node, const char *name)
{
	struct pathfs_dir_block block;
	struct pathfs_dirent *entry = NULL;
	uint32_t place = 0;
	int err;

	for (uint32_t i = 0; i < node_size_blocks(dir) && !entry; i++) {
		place = node_block(dir, i);
		err = image_read(check->image, place, 1, &block);
		if (err)
			return err;
		for (uint32_t j = 0; j < PATHFS_BLOCK_DIRENTS && !entry; j++)
			entry = block.entries[j].ino ? NULL : &block.entries[j];
	}
	if (!entry) {
		err = append_block(check, dir, &block, &place);
		if (err)
			return err;
		entry = &block.entries[0];
	}
	memset(entry, 0, sizeof(*entry));
	entry->ino = cpu_to_le32(node->ino);
	entry->generation = node->slot.generation;
	entry->name_len = (uint8_t)strlen(name);
	memcpy(entry->name, name, entry->name_len);
	entry->name_crc = cpu_to_le32(image_name_crc(name, entry->name_len));
	node->links++;
	return image_write(check->image, place, 1, &block);
}

static int has_name(struct check *check, const struct node *dir, const char *name, bool *found)
{
	struct pathfs_dir_block block;

	*found = false;
	for (uint32_t i = 0; i < node_size_blocks(dir) && !*found; i++) {
		int err = image_read(check->image, node_block(dir, i), 1, &block);

		if (err)
			return err;
		for (uint32_t j = 0; j < PATHFS_BLOCK_DIRENTS && !*found; j++)
			*found = block.entries[j].ino &&
				 block.entries[j].name_len == strlen(name) &&
				 !memcmp(block.entries[j].name, name, strlen(name));
	}
	return 0;
}

/* The name that is wanted, or if something has it, the first that is free with a number behind. */
static int add_entry_as(struct check *check, struct node *dir, struct node *node,
			const char *wanted)
{
	char name[32];
	bool taken;
	int err;

	snprintf(name, sizeof(name), "%s", wanted);
	for (uint32_t number = 1;; number++) {
		err = has_name(check, dir, name, &taken);
		if (err || !taken)
			break;
		snprintf(name, sizeof(name), "%s.%u", wanted, number);
	}
	return err ? err : add_entry(check, dir, node, name);
}

/* Whoever needs it gets lost+found, made anew if somebody removed it, and with a name. */
static int need_lost_found(struct check *check)
{
	struct node *node;
	int err = 0;

	if (!check->nodes[PATHFS_LOST_FOUND_INO])
		err = check_new_dir(check, PATHFS_LOST_FOUND_INO, 0700);
	node = check->nodes[PATHFS_LOST_FOUND_INO];
	if (!err && !node->links)
		err = add_entry_as(check, check->nodes[PATHFS_ROOT_INO], node, "lost+found");
	return err;
}

/* If it lost its name, what is in it isn't lost. */
static int keep_lost_found(struct check *check)
{
	struct node *node = check->nodes[PATHFS_LOST_FOUND_INO];
	int err = 0;

	if (!node || node->links || !node->slot.size)
		return 0;
	check_found(check, "lost+found has no name, put back into the root directory");
	if (check->options->repair)
		err = need_lost_found(check);
	else
		node->links++;
	return err ? err : walk(check, PATHFS_LOST_FOUND_INO);
}

/* An inode that nothing names: nobody misses it if it is empty or was being removed. */
static int adopt(struct check *check, struct node *node)
{
	bool removed = !node->slot.nlink;
	uint32_t ino = node->ino;
	char name[16];
	int err;

	if (removed || (!node->slot.size && !node->map.count)) {
		check_found(check, "inode %u: %s, freed", ino,
			    removed ? "removed while it was open" : "empty and without a name");
		return check_free_node(check, node);
	}
	check_found(check, "inode %u: it has no name, put into lost+found as #%u", ino, ino);
	if (!check->options->repair) {
		node->links++;
		return 0;
	}
	err = need_lost_found(check);
	snprintf(name, sizeof(name), "#%u", ino);
	if (!err)
		err = add_entry_as(check, check->nodes[PATHFS_LOST_FOUND_INO], node, name);
	if (!err && node_is_dir(node))
		err = walk(check, ino);
	return err;
}

static int note_named(struct check *check, struct node *dir, struct pathfs_dirent *entry)
{
	const struct node *node = named_node(check, entry);

	if (node && node != dir)
		image_set_bit(check->named_by_lost, node->ino);
	return 0;
}

/*
 * Directories that no lost one names come first, so that a lost tree is put back as one tree; then
 * the rest, which can be rings; then files.
 */
static int adopt_all(struct check *check)
{
	int err = 0;

	check->named_by_lost = calloc(1, (size_t)check->ninodes / 8 + 1);
	if (!check->named_by_lost)
		return -ENOMEM;
	for (uint32_t ino = 1; ino <= check->ninodes && !err; ino++)
		if (check->nodes[ino] && node_is_dir(check->nodes[ino]) &&
		    !check->nodes[ino]->links)
			err = for_each_entry(check, check->nodes[ino], note_named);
	for (int round = 0; round < 3; round++) {
		for (uint32_t ino = 1; ino <= check->ninodes && !err; ino++) {
			struct node *node = check->nodes[ino];

			if (!node || node->links || ino == PATHFS_LOST_FOUND_INO)
				continue;
			if ((round < 2 && !node_is_dir(node)) ||
			    (round == 0 && image_bit(check->named_by_lost, ino)))
				continue;
			err = adopt(check, node);
		}
	}
	return err;
}

/* Nothing else can be under these two numbers. */
static int make_anew(struct check *check, uint32_t ino, uint16_t permissions, const char *what)
{
	check_found(check, "%s, made anew", what);
	return check_new_dir(check, ino, permissions);
}

int check_names(struct check *check)
{
	const struct node *root = check->nodes[PATHFS_ROOT_INO];
	struct node *lost_found = check->nodes[PATHFS_LOST_FOUND_INO];
	int err = 0;

	if (!root || !node_is_dir(root))
		err = make_anew(check, PATHFS_ROOT_INO, 0755, "the root directory is lost");
	if (!err && lost_found && !node_is_dir(lost_found))
		err = make_anew(check, PATHFS_LOST_FOUND_INO, 0700, "lost+found isn't a directory");
	if (err)
		return err;
	/* Its name is the mount point. */
	check->nodes[PATHFS_ROOT_INO]->links = 1;
	err = walk(check, PATHFS_ROOT_INO);
	if (!err)
		err = keep_lost_found(check);
	if (!err)
		err = adopt_all(check);
	lost_found = check->nodes[PATHFS_LOST_FOUND_INO];
	if (!err && lost_found && !lost_found->links) {
		check_found(check, "inode %u: empty and without a name, freed", lost_found->ino);
		err = check_free_node(check, lost_found);
	}
	return err;
}
