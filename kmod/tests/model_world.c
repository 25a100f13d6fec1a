// SPDX-License-Identifier: MIT
/* What should be there, in memory; the random choices; and what is said when something differs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "model.h"

enum { RECORDS = 20, RECORD_ROOM = 200 };

static char records[RECORDS][RECORD_ROOM];
static long recorded;

uint32_t draw(struct world *world, uint32_t limit)
{
	/* splitmix64 */
	uint64_t z = world->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % limit);
}

bool one_in(struct world *world, uint32_t n)
{
	return draw(world, n) == 0;
}

/* No byte is zero, so that a hole is never taken for data. */
void fill_random(struct world *world, uint8_t *bytes, size_t size)
{
	uint64_t word = (uint64_t)draw(world, UINT32_MAX) << 32 | draw(world, UINT32_MAX);
	size_t i = 0;

	for (; i + sizeof(word) <= size; i += sizeof(word)) {
		uint64_t stored = (word += 0x9e3779b97f4a7c15) | 0x0101010101010101;

		memcpy(bytes + i, &stored, sizeof(stored));
	}
	for (; i < size; i++)
		bytes[i] = (uint8_t)(word >> (i % 8 * 8)) | 1;
}

void record(struct world *world, const char *format, ...)
{
	char *text = records[recorded++ % RECORDS];
	va_list arguments;
	int start = snprintf(text, RECORD_ROOM, "%ld: ", world->step);

	va_start(arguments, format);
	vsnprintf(text + start, RECORD_ROOM - (size_t)start, format, arguments);
	va_end(arguments);
}

void differ(struct world *world, const char *format, ...)
{
	long first = recorded < RECORDS ? 0 : recorded - RECORDS;
	va_list arguments;

	fprintf(stderr, "the last operations:\n");
	for (long i = first; i < recorded; i++)
		fprintf(stderr, "  %s\n", records[i % RECORDS]);
	fprintf(stderr, "operation %ld: ", world->step);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	exit(1);
}

const char *errno_name(int error)
{
	return error ? strerrorname_np(error) : "success";
}

/* The call must have given `error`, 0 for success. Its own is in errno. */
void expect(struct world *world, const char *call, int result, int error)
{
	int got = result < 0 ? errno : 0;

	if (got != error)
		differ(world, "%s: expected %s, got %s", call, errno_name(error), errno_name(got));
}

/* Short ones, long ones, one of each length at the limit, and the last is too long. */
void make_names(struct world *world)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCXYZ0189._- ,~+\303\244\\\"";

	for (uint32_t i = 0; i < NAMES; i++) {
		size_t length = 1 + draw(world, one_in(world, 4) ? 254 : 12);

		if (i >= NAMES - 3)
			length = 254 + i - (NAMES - 3);
		for (size_t j = 0; j < length; j++)
			world->names[i][j] = characters[draw(world, sizeof(characters) - 1)];
		/* No two are the same. */
		world->names[i][0] = (char)('A' + i);
	}
}

struct node *new_node(struct world *world, mode_t type)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		differ(world, "this program has no memory left");
	node->type = type;
	if (type != S_IFREG)
		return node;
	node->data = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (node->data == MAP_FAILED)
		differ(world, "this program has no memory left");
	return node;
}

/* Frees it when nothing is left that leads to it. */
void release_node(struct node *node)
{
	if (node->links || node->handles)
		return;
	if (node->data)
		munmap(node->data, MAX_SIZE);
	free(node->target);
	free(node);
}

void resize_node(struct node *node, size_t size)
{
	if (size < node->size)
		memset(node->data + size, 0, node->size - size);
	/* In the same block it may be there, behind the new end; elsewhere it must be gone. */
	if (size / BLOCK != node->size / BLOCK)
		node->has_tail = false;
	node->size = size;
}

struct entry *find_entry(struct world *world, const struct node *folder, const char *name)
{
	for (int i = 0; i < MAX_ENTRIES; i++) {
		struct entry *entry = &world->entries[i];

		if (entry->node && entry->folder == folder && entry->name == name)
			return entry;
	}
	return NULL;
}

/* A name of the node; NULL: it has none. */
struct entry *entry_of(struct world *world, const struct node *node)
{
	for (int i = 0; i < MAX_ENTRIES; i++)
		if (world->entries[i].node == node)
			return &world->entries[i];
	return NULL;
}

void add_name(struct world *world, struct node *folder, const char *name, struct node *node)
{
	struct entry *entry = entry_of(world, NULL);

	*entry = (struct entry){.folder = folder, .name = name, .node = node};
	node->links++;
}

void remove_name(struct entry *entry)
{
	struct node *node = entry->node;

	entry->node = NULL;
	node->links--;
	release_node(node);
}

uint32_t count_entries(const struct world *world, const struct node *folder)
{
	uint32_t count = 0;

	for (int i = 0; i < MAX_ENTRIES; i++)
		count += world->entries[i].node && world->entries[i].folder == folder;
	return count;
}

/* Is `node` the folder, or in it, however deep? */
bool is_below(struct world *world, const struct node *node, const struct node *folder)
{
	while (node != folder && node != &world->root)
		node = entry_of(world, node)->folder;
	return node == folder;
}

/* Two paths can be in use at a time. */
const char *path_of(struct world *world, const struct node *folder, const char *name)
{
	static char paths[2][PATH_ROOM];
	static int turn;
	size_t at = PATH_ROOM - 1;
	size_t length = strlen(name);

	turn = !turn;
	for (;;) {
		const struct entry *entry;

		at -= length;
		memcpy(paths[turn] + at, name, length);
		paths[turn][--at] = '/';
		if (folder == &world->root)
			break;
		entry = entry_of(world, folder);
		name = entry->name;
		length = strlen(name);
		folder = entry->folder;
	}
	length = strlen(world->root_path);
	at -= length;
	memcpy(paths[turn] + at, world->root_path, length);
	return paths[turn] + at;
}

const char *node_path(struct world *world, const struct node *node)
{
	const struct entry *entry = entry_of(world, node);

	return node == &world->root ? world->root_path : path_of(world, entry->folder, entry->name);
}

struct node *pick_folder(struct world *world)
{
	struct entry *entry = one_in(world, 3) ? NULL : pick_entry(world, S_IFDIR);

	return entry ? entry->node : &world->root;
}

/* Any entry of that type, or of any if it is 0; NULL: there is none. */
struct entry *pick_entry(struct world *world, mode_t type)
{
	uint32_t first = draw(world, MAX_ENTRIES);

	for (uint32_t i = 0; i < MAX_ENTRIES; i++) {
		struct entry *entry = &world->entries[(first + i) % MAX_ENTRIES];

		if (entry->node && (!type || entry->node->type == type))
			return entry;
	}
	return NULL;
}

/* A file with a name, or one that is open and may have none; NULL: there is none. */
struct node *pick_file(struct world *world)
{
	struct entry *entry = pick_entry(world, S_IFREG);
	struct handle *handle = &world->handles[draw(world, HANDLES)];

	if (handle->node && draw(world, 5) < 2)
		return handle->node;
	return entry ? entry->node : NULL;
}

size_t all_bytes(const struct world *world)
{
	size_t bytes = 0;

	for (int i = 0; i < MAX_ENTRIES; i++)
		bytes += world->entries[i].node ? world->entries[i].node->size : 0;
	for (int i = 0; i < HANDLES; i++)
		bytes += world->handles[i].node ? world->handles[i].node->size : 0;
	return bytes;
}
