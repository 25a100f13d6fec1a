// SPDX-License-Identifier: MIT
/* Operations on names, with the error that each must give when it can't be done. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "model.h"

/* A place for a name, which may be taken. */
struct place {
	struct node *folder;
	const char *name;
	struct entry *entry; /* NULL: nothing has the name */
	int error;           /* of making something new there */
	char text[24];       /* of the place, for the record */
};

static void describe(struct world *world, struct place *place)
{
	snprintf(place->text, sizeof(place->text), "%.1s/%.1s(%zu)%s",
		 place->folder == &world->root ? "." : entry_of(world, place->folder)->name,
		 place->name, strlen(place->name), place->entry ? "*" : "");
}

static struct place pick_place(struct world *world)
{
	struct place place = {.folder = pick_folder(world)};

	place.name = world->names[draw(world, one_in(world, 50) ? NAMES : NAMES - 1)];
	place.entry = find_entry(world, place.folder, place.name);
	if (place.entry)
		place.error = EEXIST;
	if (strlen(place.name) > 255)
		place.error = ENAMETOOLONG;
	describe(world, &place);
	return place;
}

static struct place place_of(struct world *world, struct entry *entry)
{
	struct place place = {.folder = entry->folder, .name = entry->name, .entry = entry};

	describe(world, &place);
	return place;
}

static bool is_full(struct world *world)
{
	return !entry_of(world, NULL);
}

static uint32_t count_folders(const struct world *world)
{
	uint32_t count = 0;

	for (int i = 0; i < MAX_ENTRIES; i++)
		count += world->entries[i].node && world->entries[i].node->type == S_IFDIR;
	return count;
}

static void made(struct world *world, const struct place *place, struct node *node)
{
	struct stat status;

	add_name(world, place->folder, place->name, node);
	if (lstat(path_of(world, place->folder, place->name), &status))
		differ(world, "what was made isn't there: %s", errno_name(errno));
	node->ino = status.st_ino;
	node->permissions = status.st_mode & 07777;
	verify_status(world, node);
}

void do_create(struct world *world)
{
	struct place place = pick_place(world);
	int fd;

	if (is_full(world))
		return;
	record(world, "create %s", place.text);
	fd = open(path_of(world, place.folder, place.name), O_CREAT | O_EXCL | O_WRONLY, 0644);
	expect(world, "open with O_CREAT and O_EXCL", fd, place.error);
	if (fd < 0)
		return;
	close(fd);
	made(world, &place, new_node(world, S_IFREG));
}

void do_mkdir(struct world *world)
{
	struct place place = pick_place(world);

	if (is_full(world) || count_folders(world) >= MAX_FOLDERS)
		return;
	record(world, "mkdir %s", place.text);
	expect(world, "mkdir", mkdir(path_of(world, place.folder, place.name), 0755), place.error);
	if (!place.error)
		made(world, &place, new_node(world, S_IFDIR));
}

void do_symlink(struct world *world)
{
	struct place place = pick_place(world);
	size_t length = 1 + draw(world, one_in(world, 4) ? 4094 : 60);
	struct node *node;
	char *target;

	if (is_full(world))
		return;
	target = malloc(length + 1);
	if (!target)
		differ(world, "this program has no memory left");
	fill_random(world, (uint8_t *)target, length);
	target[length] = 0;
	record(world, "symlink %s -> %zu bytes", place.text, length);
	expect(world, "symlink", symlink(target, path_of(world, place.folder, place.name)),
	       place.error);
	if (place.error) {
		free(target);
		return;
	}
	node = new_node(world, S_IFLNK);
	node->target = target;
	node->size = length;
	made(world, &place, node);
}

void do_link(struct world *world)
{
	struct place place = pick_place(world);
	struct entry *entry = pick_entry(world, 0);
	int error = place.error;

	if (!entry || is_full(world))
		return;
	if (!error && entry->node->type == S_IFDIR)
		error = EPERM;
	record(world, "link %s to %s", place.text, place_of(world, entry).text);
	expect(world, "link",
	       link(path_of(world, entry->folder, entry->name),
		    path_of(world, place.folder, place.name)),
	       error);
	if (error)
		return;
	add_name(world, place.folder, place.name, entry->node);
	verify_status(world, entry->node);
}

void do_unlink(struct world *world)
{
	struct place place = pick_place(world);
	struct entry *entry = one_in(world, 4) ? place.entry : pick_entry(world, 0);
	int error = ENOENT;

	if (entry) {
		place = place_of(world, entry);
		error = entry->node->type == S_IFDIR ? EISDIR : 0;
	} else if (place.error == ENAMETOOLONG) {
		error = place.error;
	}
	record(world, "unlink %s", place.text);
	expect(world, "unlink", unlink(path_of(world, place.folder, place.name)), error);
	if (error)
		return;
	remove_name(entry);
	verify_folder(world, place.folder);
}

void do_rmdir(struct world *world)
{
	struct entry *entry = pick_entry(world, one_in(world, 6) ? 0 : S_IFDIR);
	struct place place;
	int error = 0;

	if (!entry)
		return;
	place = place_of(world, entry);
	if (entry->node->type != S_IFDIR)
		error = ENOTDIR;
	else if (count_entries(world, entry->node))
		error = ENOTEMPTY;
	record(world, "rmdir %s", place.text);
	expect(world, "rmdir", rmdir(path_of(world, place.folder, place.name)), error);
	if (error)
		return;
	remove_name(entry);
	verify_folder(world, place.folder);
}

/* In the order in which the kernel looks. `to` is not too long. */
static int rename_error(struct world *world, const struct place *from, const struct place *to,
			unsigned int flags)
{
	const struct node *moved = from->entry->node;
	const struct node *replaced = to->entry ? to->entry->node : NULL;

	if (flags == RENAME_NOREPLACE && replaced)
		return EEXIST;
	if (flags == RENAME_EXCHANGE && !replaced)
		return ENOENT;
	/* Into itself, or over a folder that it is in. */
	if (moved->type == S_IFDIR && is_below(world, to->folder, moved))
		return EINVAL;
	if (replaced && replaced->type == S_IFDIR && is_below(world, from->folder, replaced))
		return flags == RENAME_EXCHANGE ? EINVAL : ENOTEMPTY;
	if (!replaced || replaced == moved || flags == RENAME_EXCHANGE)
		return 0;
	if (moved->type == S_IFDIR && replaced->type != S_IFDIR)
		return ENOTDIR;
	if (moved->type != S_IFDIR && replaced->type == S_IFDIR)
		return EISDIR;
	if (replaced->type == S_IFDIR && count_entries(world, replaced))
		return ENOTEMPTY;
	return 0;
}

static void rename_in_model(struct world *world, const struct place *from, const struct place *to,
			    unsigned int flags)
{
	struct node *moved = from->entry->node;
	struct node *replaced = to->entry ? to->entry->node : NULL;

	if (moved == replaced)
		return;
	if (flags == RENAME_EXCHANGE && to->entry) {
		from->entry->node = replaced;
		to->entry->node = moved;
		verify_status(world, replaced);
		return;
	}
	if (replaced)
		remove_name(to->entry);
	from->entry->folder = to->folder;
	from->entry->name = to->name;
}

void do_rename(struct world *world)
{
	struct entry *entry = pick_entry(world, one_in(world, 3) ? S_IFDIR : 0);
	struct place to = pick_place(world);
	struct entry *other = pick_entry(world, 0);
	unsigned int flags = 0;
	struct place from;
	struct node *folder, *moved;
	int error;

	if (!entry)
		return;
	moved = entry->node;
	if (one_in(world, 3))
		to = place_of(world, other);
	if (world->has_noreplace && one_in(world, 5))
		flags = RENAME_NOREPLACE;
	else if (world->has_exchange && one_in(world, 3))
		flags = RENAME_EXCHANGE;
	from = place_of(world, entry);
	folder = from.folder;
	error = to.error == ENAMETOOLONG ? ENAMETOOLONG : rename_error(world, &from, &to, flags);
	record(world, "rename %s to %s flags %u", from.text, to.text, flags);
	expect(world, "rename",
	       renameat2(AT_FDCWD, path_of(world, from.folder, from.name), AT_FDCWD,
			 path_of(world, to.folder, to.name), flags),
	       error);
	if (error)
		return;
	rename_in_model(world, &from, &to, flags);
	verify_status(world, moved);
	verify_folder(world, folder);
	verify_folder(world, to.folder);
}

void do_attributes(struct world *world)
{
	struct entry *entry = pick_entry(world, 0);
	struct timespec times[2] = {{.tv_sec = draw(world, 2000000000), .tv_nsec = 1},
				    {.tv_sec = draw(world, 2000000000)}};
	struct stat status;
	const char *path;

	if (!entry || entry->node->type == S_IFLNK)
		return;
	times[1].tv_nsec = draw(world, 1000000000);
	path = path_of(world, entry->folder, entry->name);
	entry->node->permissions = draw(world, 01000);
	record(world, "chmod %o and utimensat %s", (unsigned int)entry->node->permissions,
	       place_of(world, entry).text);
	expect(world, "chmod", chmod(path, entry->node->permissions), 0);
	expect(world, "utimensat", utimensat(AT_FDCWD, path, times, 0), 0);
	expect(world, "stat", stat(path, &status), 0);
	if (status.st_mtim.tv_sec != times[1].tv_sec || status.st_mtim.tv_nsec != times[1].tv_nsec)
		differ(world, "mtime: expected %ld.%09ld, got %ld.%09ld", (long)times[1].tv_sec,
		       times[1].tv_nsec, (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	verify_status(world, entry->node);
}
