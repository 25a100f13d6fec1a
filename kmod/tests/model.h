/* SPDX-License-Identifier: MIT */
/* What the files of `model` share: what a file system should hold, and the random choices. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum {
	BLOCK = 4096,
	HUGE_PAGE = 2 << 20,
	MAX_SIZE = 8 << 20,
	MAX_IO = 3 << 20,
	MAX_BYTES = 64 << 20, /* of all files together: the guest has little memory */
	MAX_ENTRIES = 40,
	MAX_FOLDERS = 8,
	NAMES = 28,
	HANDLES = 6,
	NAME_ROOM = 257, /* one name is a byte too long */
	PATH_ROOM = 4096,
};

/* An inode as it should be. `data` has MAX_SIZE bytes, zeros behind `size`. */
struct node {
	mode_t type; /* S_IFREG, S_IFDIR or S_IFLNK */
	mode_t permissions;
	unsigned int links; /* names; with neither names nor handles it is freed */
	unsigned int handles;
	ino_t ino;
	size_t size;
	bool has_tail; /* something was stored behind the end, in the last page */
	uint8_t *data;
	char *target; /* of a symlink */
};

/* A name. An unused entry has no node. */
struct entry {
	struct node *folder;
	const char *name; /* one of world->names */
	struct node *node;
};

/* A file that stays open, perhaps without a name, and mapped. */
struct handle {
	int fd;
	struct node *node; /* NULL: unused */
	uint8_t *map;      /* shared, MAX_SIZE bytes; NULL: none */
};

struct world {
	uint64_t random;
	const char *root_path;
	const char *remount; /* command; NULL: none */
	long step;
	bool dax;
	bool in_child; /* the next I/O is another process's */

	/* What the file system has, found out at the start. */
	bool has_exchange;
	bool has_noreplace;
	bool clears_tails;   /* a file that grows shows nothing of what was stored behind its end */
	size_t direct_align; /* 0: no O_DIRECT */
	int modes[8];        /* of fallocate */
	uint32_t nr_modes;

	struct node root;
	struct entry entries[MAX_ENTRIES];
	struct handle handles[HANDLES];
	uint8_t *areas[HANDLES + 1]; /* addresses for mappings, multiples of 2 MiB */
	char names[NAMES][NAME_ROOM];
	uint8_t *source; /* aligned, MAX_IO each */
	uint8_t *check;
	long lie; /* countdown to a byte that is read wrong; -1: never */
};

/* model_world.c: choices, the record of operations, nodes and names in memory */
uint32_t draw(struct world *world, uint32_t limit);
bool one_in(struct world *world, uint32_t n);
void fill_random(struct world *world, uint8_t *bytes, size_t size);
void record(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void differ(struct world *world, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
const char *errno_name(int error);
void expect(struct world *world, const char *call, int result, int error);
void make_names(struct world *world);
struct node *new_node(struct world *world, mode_t type);
void release_node(struct node *node);
void resize_node(struct node *node, size_t size);
struct entry *find_entry(struct world *world, const struct node *folder, const char *name);
struct entry *entry_of(struct world *world, const struct node *node);
void add_name(struct world *world, struct node *folder, const char *name, struct node *node);
void remove_name(struct entry *entry);
uint32_t count_entries(const struct world *world, const struct node *folder);
bool is_below(struct world *world, const struct node *node, const struct node *folder);
const char *path_of(struct world *world, const struct node *folder, const char *name);
const char *node_path(struct world *world, const struct node *node);
struct node *pick_folder(struct world *world);
struct entry *pick_entry(struct world *world, mode_t type);
struct node *pick_file(struct world *world);
size_t all_bytes(const struct world *world);

/* model_names.c: operations on names */
void do_create(struct world *world);
void do_mkdir(struct world *world);
void do_symlink(struct world *world);
void do_link(struct world *world);
void do_unlink(struct world *world);
void do_rmdir(struct world *world);
void do_rename(struct world *world);
void do_attributes(struct world *world);

/* model_file.c: operations on what files hold */
int open_node(struct world *world, const struct node *node, int flags);
void do_write(struct world *world);
void do_map_write(struct world *world);
void do_copy(struct world *world);
void do_private(struct world *world);
void do_read(struct world *world);
void do_touch_beyond(struct world *world);
void do_store_beyond(struct world *world);

/* model_space.c: size, blocks, durability, and what stays open */
void do_truncate(struct world *world);
void do_fallocate(struct world *world);
void do_sync(struct world *world);
void do_drop_cache(struct world *world);
void do_open(struct world *world);
void do_close(struct world *world);
void close_all(struct world *world);
void probe(struct world *world);

/* model_map.c: mappings, and the signal of an access behind the end */
void make_areas(struct world *world);
uint8_t *map_node(struct world *world, int fd, uint32_t area);
void unmap_node(struct world *world, uint32_t area);
bool faults(const uint8_t *byte);

/* model_verify.c: the file system's answers against the model's */
void verify_range(struct world *world, struct node *node, size_t offset, size_t length);
void verify_bytes(struct world *world, const struct node *node, const char *way, uint8_t *got,
		  size_t offset, size_t length);
void verify_status(struct world *world, struct node *node);
void verify_folder(struct world *world, struct node *folder);
void verify_holes(struct world *world, struct node *node);
void verify_all(struct world *world);
void do_holes(struct world *world);
void do_list(struct world *world);

#endif
