// SPDX-License-Identifier: MIT
/* pathfs-dump: what is on the medium, for people. */
#include "image.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"usage: pathfs-dump DEVICE [INODE...]\n\n"
	"Print the superblock and the state of a pathfs, and of each inode named both slots, its\n"
	"extents, and a directory's names. Without numbers: one line for each inode in use.\n";

static void print_super(const struct image *image, const struct pathfs_state *state)
{
	const struct pathfs_super *super = &image->super;

	printf("super: version %u, %u blocks, %u inodes, label \"%.32s\"\n",
	       le32_to_cpu(super->version), le32_to_cpu(super->nblocks),
	       le32_to_cpu(super->ninodes), super->label);
	printf("       block bitmap %u, inode bitmap %u, inode table %u, data %u\n",
	       le32_to_cpu(super->block_bitmap), le32_to_cpu(super->inode_bitmap),
	       le32_to_cpu(super->inode_table), le32_to_cpu(super->data_start));
	if (image_state_is_clean(state))
		printf("state: clean, %u blocks free, %u inodes free\n",
		       le32_to_cpu(state->free_blocks), le32_to_cpu(state->free_inodes));
	else
		printf("state: not clean: mounted, or was not unmounted\n");
}

static const char *type_name(const struct pathfs_inode *slot)
{
	switch (le16_to_cpu(slot->mode) & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
	case S_IFBLK:
		return "device";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return slot->mode ? "unknown" : "free";
	}
}

static void print_line(uint32_t ino, const struct pathfs_inode *slot)
{
	printf("inode %u: %s %04o, %u links, %llu bytes, %u extents, generation %u%s\n", ino,
	       type_name(slot), le16_to_cpu(slot->mode) & 07777, le32_to_cpu(slot->nlink),
	       (unsigned long long)le64_to_cpu(slot->size), le32_to_cpu(slot->nr_extents),
	       le32_to_cpu(slot->generation),
	       le32_to_cpu(slot->flags) & PATHFS_INODE_DAX ? ", dax" : "");
}

static void print_time(const char *name, __le64 seconds, __le32 nanoseconds)
{
	time_t time = (time_t)le64_to_cpu(seconds);
	struct tm tm;
	char text[32] = "?";

	if (gmtime_r(&time, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("  %s %s.%09u UTC\n", name, text, le32_to_cpu(nanoseconds));
}

static void print_name(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		putchar(isprint((unsigned char)name[i]) ? name[i] : '?');
}

static void print_dir_block(struct image *image, uint64_t place)
{
	struct pathfs_dir_block block;

	if (image_read(image, place, 1, &block))
		return;
	for (uint32_t i = 0; i < PATHFS_BLOCK_DIRENTS; i++) {
		const struct pathfs_dirent *entry = &block.entries[i];

		if (!entry->ino)
			continue;
		printf("    %u (generation %u) ", le32_to_cpu(entry->ino),
		       le32_to_cpu(entry->generation));
		print_name(entry->name, entry->name_len);
		printf("%s\n", image_name_is_sound(entry) ? "" : " (damaged)");
	}
}

/* Returns false if the extent makes no sense: then those after it are not looked for. */
static bool print_extent(struct image *image, const struct pathfs_extent *extent, bool directory)
{
	const char *problem = pathfs_extent_problem(&image->super, extent, 0);
	uint32_t block = le32_to_cpu(extent->block);
	uint32_t length = le32_to_cpu(extent->length);

	printf("  file block %u: %u blocks from %u%s%s%s\n", le32_to_cpu(extent->file_block),
	       length, block,
	       le32_to_cpu(extent->flags) & PATHFS_EXTENT_UNWRITTEN ? ", unwritten" : "",
	       problem ? "; " : "", problem ? problem : "");
	for (uint32_t i = 0; directory && !problem && i < length; i++)
		print_dir_block(image, (uint64_t)block + i);
	return !problem;
}

static void print_extents(struct image *image, const struct pathfs_inode *slot)
{
	bool directory = S_ISDIR(le16_to_cpu(slot->mode));
	uint32_t left = le32_to_cpu(slot->nr_extents);
	uint32_t next = le32_to_cpu(slot->extent_block);
	uint32_t i;

	for (i = 0; i < left && i < PATHFS_INLINE_EXTENTS; i++)
		if (!print_extent(image, &slot->extents[i], directory))
			return;
	for (left -= i; left > 0 && pathfs_in_data_region(&image->super, next, 1); left -= i) {
		struct pathfs_extent_block list;

		printf("  list of extents in block %u\n", next);
		if (image_read(image, next, 1, &list) ||
		    le32_to_cpu(list.crc) != image_struct_crc(&list, sizeof(list)) || !list.count) {
			printf("  (damaged)\n");
			return;
		}
		for (i = 0; i < left && i < le32_to_cpu(list.count) && i < PATHFS_BLOCK_EXTENTS;
		     i++)
			if (!print_extent(image, &list.extents[i], directory))
				return;
		next = le32_to_cpu(list.next);
	}
}

static int print_inode(struct image *image, uint32_t ino)
{
	struct pathfs_inode slots[PATHFS_SLOTS];
	int current;
	int err;

	err = image_read_slots(image, ino, slots);
	if (err)
		return err;
	current = image_current_slot(slots, ino);
	for (int i = 0; i < PATHFS_SLOTS; i++)
		printf("slot %d: sequence %llu%s\n", i,
		       (unsigned long long)le64_to_cpu(slots[i].sequence),
		       i == current                   ? ", current"
		       : current < 0 || !slots[i].crc ? ", not valid"
						      : "");
	if (current < 0)
		return 0;
	print_line(ino, &slots[current]);
	print_time("atime", slots[current].atime, slots[current].atime_ns);
	print_time("mtime", slots[current].mtime, slots[current].mtime_ns);
	print_time("ctime", slots[current].ctime, slots[current].ctime_ns);
	print_time("btime", slots[current].btime, slots[current].btime_ns);
	print_extents(image, &slots[current]);
	return 0;
}

static int print_all(struct image *image)
{
	for (uint32_t ino = 1; ino <= le32_to_cpu(image->super.ninodes); ino++) {
		struct pathfs_inode slots[PATHFS_SLOTS];
		int err = image_read_slots(image, ino, slots);
		int current;

		if (err)
			return err;
		current = image_current_slot(slots, ino);
		if (current >= 0 && slots[current].mode)
			print_line(ino, &slots[current]);
	}
	return 0;
}

static int dump(struct image *image, char **numbers, int count)
{
	struct pathfs_state state;
	int err = image_read_state(image, &state);

	if (err)
		return err;
	print_super(image, &state);
	if (!count)
		return print_all(image);
	for (int i = 0; i < count && !err; i++) {
		unsigned long ino = strtoul(numbers[i], NULL, 10);

		if (ino == 0 || ino > le32_to_cpu(image->super.ninodes)) {
			snprintf(image->problem, sizeof(image->problem),
				 "there is no inode %.32s; they are 1 to %u", numbers[i],
				 le32_to_cpu(image->super.ninodes));
			return -EINVAL;
		}
		err = print_inode(image, (uint32_t)ino);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct image image;
	int err;

	if (argc < 2 || argv[1][0] == '-') {
		fputs(usage, argc == 2 && !strcmp(argv[1], "-h") ? stdout : stderr);
		return argc == 2 && !strcmp(argv[1], "-h") ? EXIT_SUCCESS : 2;
	}
	err = image_open(&image, argv[1], false);
	if (!err)
		err = dump(&image, argv + 2, argc - 2);
	if (err)
		fprintf(stderr, "pathfs-dump: %s\n", image.problem);
	image_close(&image);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
