// SPDX-License-Identifier: MIT
/* Puts wrong things into the fields of a sound file system's parts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "corrupt.h"

struct field {
	const char *name;
	size_t offset;
	size_t size;
};

#define FIELD(structure, member)                                                                   \
	{                                                                                          \
#member, offsetof(struct structure, member),                                       \
			sizeof(((struct structure *)0)->member)                                    \
	}

static const struct field super_fields[] = {
	FIELD(pathfs_super, magic),        FIELD(pathfs_super, version),
	FIELD(pathfs_super, block_size),   FIELD(pathfs_super, nblocks),
	FIELD(pathfs_super, ninodes),      FIELD(pathfs_super, block_bitmap),
	FIELD(pathfs_super, inode_bitmap), FIELD(pathfs_super, inode_table),
	FIELD(pathfs_super, data_start),   {0}};
static const struct field state_fields[] = {FIELD(pathfs_state, clean),
					    FIELD(pathfs_state, free_blocks),
					    FIELD(pathfs_state, free_inodes),
					    FIELD(pathfs_state, block_bitmap_crc),
					    FIELD(pathfs_state, inode_bitmap_crc),
					    {0}};
static const struct field inode_fields[] = {FIELD(pathfs_inode, ino),
					    FIELD(pathfs_inode, sequence),
					    FIELD(pathfs_inode, generation),
					    FIELD(pathfs_inode, mode),
					    FIELD(pathfs_inode, nlink),
					    FIELD(pathfs_inode, nlink),
					    FIELD(pathfs_inode, flags),
					    FIELD(pathfs_inode, uid),
					    FIELD(pathfs_inode, gid),
					    FIELD(pathfs_inode, size),
					    FIELD(pathfs_inode, size),
					    FIELD(pathfs_inode, atime),
					    FIELD(pathfs_inode, mtime),
					    FIELD(pathfs_inode, atime_ns),
					    FIELD(pathfs_inode, mtime_ns),
					    FIELD(pathfs_inode, ctime_ns),
					    FIELD(pathfs_inode, btime_ns),
					    FIELD(pathfs_inode, nr_extents),
					    FIELD(pathfs_inode, extent_block),
					    FIELD(pathfs_inode, rdev),
					    {0}};
static const struct field extent_fields[] = {FIELD(pathfs_extent, file_block),
					     FIELD(pathfs_extent, block),
					     FIELD(pathfs_extent, length),
					     FIELD(pathfs_extent, flags),
					     {0}};
static const struct field extent_block_fields[] = {FIELD(pathfs_extent_block, ino),
						   FIELD(pathfs_extent_block, next),
						   FIELD(pathfs_extent_block, count),
						   {0}};
static const struct field dir_block_fields[] = {FIELD(pathfs_dir_block, magic),
						FIELD(pathfs_dir_block, ino),
						FIELD(pathfs_dir_block, generation),
						{0}};
static const struct field dirent_fields[] = {FIELD(pathfs_dirent, ino),
					     FIELD(pathfs_dirent, ino),
					     FIELD(pathfs_dirent, generation),
					     FIELD(pathfs_dirent, name_crc),
					     FIELD(pathfs_dirent, name_len),
					     FIELD(pathfs_dirent, name),
					     {0}};

uint32_t draw(struct sample *sample, uint32_t limit)
{
	/* splitmix64 */
	uint64_t z = sample->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return limit ? (uint32_t)((z ^ z >> 31) % limit) : 0;
}

static void note(struct sample *sample, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct sample *sample, const char *format, ...)
{
	va_list arguments;

	if (sample->nr_steps == MAX_STEPS)
		return;
	va_start(arguments, format);
	vsnprintf(sample->steps[sample->nr_steps++], STEP_ROOM, format, arguments);
	va_end(arguments);
}

static void *bad_block(const struct sample *sample, uint32_t block)
{
	return sample->bad + (size_t)block * PATHFS_BLOCK_SIZE;
}

/* Values at which arithmetic and checks break, those of this file system among them. */
static uint64_t edge_value(struct sample *sample, uint64_t old)
{
	static const uint64_t values[] = {0,
					  1,
					  2,
					  3,
					  255,
					  256,
					  511,
					  512,
					  4095,
					  4096,
					  4097,
					  32768,
					  65535,
					  262144,
					  262145,
					  0x7fffffff,
					  0x80000000,
					  0xfffffffd,
					  0xfffffffe,
					  0xffffffff,
					  0x100000000,
					  0xfffffffe000,
					  0xfffffffe001,
					  0x7fffffffffffffff,
					  0x8000000000000000,
					  UINT64_MAX};
	const struct pathfs_super *super = sample_super(sample);

	switch (draw(sample, 8)) {
	case 0:
		return old ^ 1ULL << draw(sample, 32);
	case 1:
		return old + draw(sample, 5) - 2;
	case 2: /* a block of data, or just outside */
		return le32_to_cpu(super->data_start) + draw(sample, sample->nblocks) - 1;
	case 3:
		return le32_to_cpu(super->nblocks) + draw(sample, 3) - 1;
	case 4:
		return sample->inodes[draw(sample, sample->nr_inodes)];
	case 5:
		return (uint64_t)draw(sample, UINT32_MAX) << draw(sample, 16);
	default:
		return values[draw(sample, sizeof(values) / sizeof(*values))];
	}
}

static void change_field(struct sample *sample, const char *what, void *structure,
			 const struct field *fields)
{
	uint32_t count = 0;
	const struct field *field;
	__le64 value = 0;
	size_t size;

	while (fields[count].name)
		count++;
	field = &fields[draw(sample, count)];
	size = field->size < sizeof(value) ? field->size : sizeof(value);
	memcpy(&value, (uint8_t *)structure + field->offset, size);
	value = cpu_to_le64(edge_value(sample, le64_to_cpu(value)));
	memcpy((uint8_t *)structure + field->offset, &value, size);
	note(sample, "%s: %s = %#llx", what, field->name, (unsigned long long)le64_to_cpu(value));
}

/* Half of the time: then the change must be found, if at all, by what it says. */
static void fix(struct sample *sample, void *structure, size_t size)
{
	__le32 crc = cpu_to_le32(image_struct_crc(structure, size));

	if (draw(sample, 2))
		return;
	memcpy(structure, &crc, sizeof(crc));
	note(sample, "(checksum right)");
}

static struct pathfs_inode *any_slot(struct sample *sample, char *name, size_t room)
{
	uint32_t ino = sample->inodes[draw(sample, sample->nr_inodes)];
	struct pathfs_inode *slots = sample_slots(sample, sample->bad, ino);
	int current = image_current_slot(slots, ino);

	/* Mostly the one that counts. */
	if (current < 0 || draw(sample, 6) == 0)
		current = (int)draw(sample, 2);
	snprintf(name, room, "inode %u", ino);
	return &slots[current];
}

static void corrupt_inode(struct sample *sample)
{
	char name[32];
	struct pathfs_inode *slot = any_slot(sample, name, sizeof(name));

	change_field(sample, name, slot, inode_fields);
	fix(sample, slot, sizeof(*slot));
}

static void corrupt_extent(struct sample *sample)
{
	char name[32];
	struct pathfs_inode *slot = any_slot(sample, name, sizeof(name));
	uint32_t count = le32_to_cpu(slot->nr_extents);

	if (count == 0 || count > PATHFS_INLINE_EXTENTS)
		count = PATHFS_INLINE_EXTENTS;
	change_field(sample, name, &slot->extents[draw(sample, count)], extent_fields);
	fix(sample, slot, sizeof(*slot));
}

static void corrupt_extent_block(struct sample *sample)
{
	struct pathfs_extent_block *block;

	if (!sample->nr_extent_blocks)
		return;
	block = bad_block(sample, sample->extent_blocks[draw(sample, sample->nr_extent_blocks)]);
	if (draw(sample, 2))
		change_field(sample, "extent block", block, extent_block_fields);
	else
		change_field(sample, "extent block, extent",
			     &block->extents[draw(sample, PATHFS_BLOCK_EXTENTS)], extent_fields);
	fix(sample, block, sizeof(*block));
}

/* An entry in use, or any if that one isn't found soon. */
static struct pathfs_dirent *any_dirent(struct sample *sample)
{
	struct pathfs_dirent *entry = NULL;

	for (int i = 0; i < 20 && (!entry || !entry->ino); i++) {
		struct pathfs_dir_block *block =
			bad_block(sample, sample->dir_blocks[draw(sample, sample->nr_dir_blocks)]);

		entry = &block->entries[draw(sample, PATHFS_BLOCK_DIRENTS)];
	}
	return entry;
}

static void corrupt_dirent(struct sample *sample)
{
	struct pathfs_dirent *entry = any_dirent(sample);

	change_field(sample, "directory entry", entry, dirent_fields);
	if (draw(sample, 2))
		return;
	entry->name_crc = cpu_to_le32(image_name_crc(entry->name, entry->name_len));
	note(sample, "(checksum right)");
}

static void corrupt_dir_block(struct sample *sample)
{
	change_field(sample, "directory block",
		     bad_block(sample, sample->dir_blocks[draw(sample, sample->nr_dir_blocks)]),
		     dir_block_fields);
}

/* All is well formed, but a name leads to another inode: loops of folders, too many names. */
static void corrupt_tree(struct sample *sample)
{
	struct pathfs_dirent *entry = any_dirent(sample);
	uint32_t ino = sample->inodes[draw(sample, sample->nr_inodes)];
	struct pathfs_inode *slots = sample_slots(sample, sample->bad, ino);
	int current = image_current_slot(slots, ino);

	if (current < 0)
		return;
	entry->ino = cpu_to_le32(ino);
	entry->generation = slots[current].generation;
	note(sample, "an entry names inode %u", ino);
}

/* The blocks of one inode are another's, too. */
static void corrupt_sharing(struct sample *sample)
{
	char to[32], from[32];
	struct pathfs_inode *victim = any_slot(sample, to, sizeof(to));
	const struct pathfs_inode *source = any_slot(sample, from, sizeof(from));

	memcpy(victim->extents, source->extents, sizeof(victim->extents));
	victim->nr_extents = source->nr_extents;
	victim->extent_block = source->extent_block;
	if (draw(sample, 2))
		victim->size = source->size;
	victim->crc = cpu_to_le32(image_struct_crc(victim, sizeof(*victim)));
	note(sample, "%s has the blocks of %s, and its checksum is right", to, from);
}

static void corrupt_links(struct sample *sample)
{
	char name[32];
	struct pathfs_inode *slot = any_slot(sample, name, sizeof(name));
	uint32_t links = draw(sample, 3) ? 1 + draw(sample, 3) : UINT32_MAX - draw(sample, 2);

	slot->nlink = cpu_to_le32(links);
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
	note(sample, "%s has %u links, and its checksum is right", name, links);
}

static void corrupt_super(struct sample *sample)
{
	change_field(sample, "superblock", sample->bad, super_fields);
	fix(sample, sample->bad, sizeof(struct pathfs_super));
}

static void corrupt_state(struct sample *sample)
{
	uint8_t *state = sample->bad + PATHFS_STATE_OFFSET;

	change_field(sample, "state", state, state_fields);
	fix(sample, state, sizeof(struct pathfs_state));
}

static uint32_t map_crc(const struct sample *sample, uint32_t first, uint32_t end)
{
	return image_crc(~0U, bad_block(sample, first), (size_t)(end - first) * PATHFS_BLOCK_SIZE);
}

/* What is in use counts as free, or the other way round. */
static void corrupt_bitmap(struct sample *sample)
{
	const struct pathfs_super *super = sample_super(sample);
	uint32_t block_bitmap = le32_to_cpu(super->block_bitmap);
	uint32_t inode_bitmap = le32_to_cpu(super->inode_bitmap);
	uint32_t inode_table = le32_to_cpu(super->inode_table);
	struct pathfs_state *state = (struct pathfs_state *)(sample->bad + PATHFS_STATE_OFFSET);
	bool inodes = draw(sample, 2);
	uint8_t *map = bad_block(sample, inodes ? inode_bitmap : block_bitmap);
	uint32_t first = draw(sample, inodes ? 80 : sample->nblocks);

	for (uint32_t bit = first; bit < first + 8; bit++)
		if (draw(sample, 2))
			map[bit / 8] ^= (uint8_t)(1 << bit % 8);
	note(sample, "%s bitmap changed from bit %u", inodes ? "inode" : "block", first);
	state->block_bitmap_crc = cpu_to_le32(map_crc(sample, block_bitmap, inode_bitmap));
	state->inode_bitmap_crc = cpu_to_le32(map_crc(sample, inode_bitmap, inode_table));
	fix(sample, state, sizeof(*state));
}

/*
 * Any word, also where the format has no field, and of any inode, also one that isn't in use; as if
 * the checksum had been made of it.
 */
static void corrupt_word(struct sample *sample)
{
	uint32_t ino = 1 + draw(sample, MAX_INODES);
	uint8_t *structure = (uint8_t *)&sample_slots(sample, sample->bad, ino)[draw(sample, 2)];
	size_t size = sizeof(struct pathfs_inode);
	__le32 *word;

	if (sample->nr_extent_blocks && draw(sample, 3) == 0) {
		structure = bad_block(
			sample, sample->extent_blocks[draw(sample, sample->nr_extent_blocks)]);
		size = sizeof(struct pathfs_extent_block);
		ino = 0;
	}
	word = (__le32 *)structure + 1 + draw(sample, (uint32_t)(size / sizeof(*word)) - 1);
	*word = cpu_to_le32((uint32_t)edge_value(sample, le32_to_cpu(*word)));
	note(sample, "%s %u: word %zu = %#x", ino ? "inode" : "extent block", ino,
	     (size_t)((uint8_t *)word - structure) / sizeof(*word), le32_to_cpu(*word));
	fix(sample, structure, size);
}

static void corrupt_bytes(struct sample *sample)
{
	size_t at = (size_t)draw(sample, sample->nblocks) * PATHFS_BLOCK_SIZE;
	uint32_t start = draw(sample, PATHFS_BLOCK_SIZE);
	uint32_t length = draw(sample, 3) ? 1 + draw(sample, 8) : PATHFS_BLOCK_SIZE;

	for (uint32_t i = start; i < PATHFS_BLOCK_SIZE && i < start + length; i++)
		sample->bad[at + i] = (uint8_t)draw(sample, 256);
	note(sample, "%u random bytes at %zu", length, at + start);
}

void sample_corrupt(struct sample *sample)
{
	static void (*const ways[])(struct sample * sample) = {
		corrupt_inode,        corrupt_inode,     corrupt_inode,   corrupt_extent,
		corrupt_extent,       corrupt_dirent,    corrupt_dirent,  corrupt_tree,
		corrupt_extent_block, corrupt_dir_block, corrupt_sharing, corrupt_links,
		corrupt_bitmap,       corrupt_bytes,     corrupt_word};

	memcpy(sample->bad, sample->good, (size_t)sample->nblocks * PATHFS_BLOCK_SIZE);
	sample->nr_steps = 0;
	/* These are mostly refused at once: few. */
	if (draw(sample, 15) == 0)
		corrupt_super(sample);
	if (draw(sample, 15) == 0)
		corrupt_state(sample);
	for (uint32_t i = 1 + draw(sample, 3); i > 0; i--)
		ways[draw(sample, sizeof(ways) / sizeof(*ways))](sample);
}
