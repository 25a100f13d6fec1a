// SPDX-License-Identifier: MIT
/* The file system's answers against the model's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "model.h"

enum { MAX_SPLICE = 64 << 10 };

/* `got` may be changed: by the lie that proves that a difference is seen. */
void verify_bytes(struct world *world, const struct node *node, const char *way, uint8_t *got,
		  size_t offset, size_t length)
{
	const uint8_t *wanted = node->data + offset;

	if (length && world->lie > 0 && --world->lie == 0)
		got[length / 2] ^= 0x10;
	if (!memcmp(got, wanted, length))
		return;
	for (size_t i = 0; i < length; i++) {
		size_t end = i;

		if (got[i] == wanted[i])
			continue;
		while (end < length && got[end] != wanted[end])
			end++;
		differ(world,
		       "%s %zu bytes at %zu, file of %zu: bytes %zu to %zu expected %02x %02x..., "
		       "got %02x %02x...",
		       way, length, offset, node->size, offset + i, offset + end - 1, wanted[i],
		       i + 1 < length ? wanted[i + 1] : 0, got[i], i + 1 < length ? got[i + 1] : 0);
	}
}

/* How many of `length` bytes at `offset` the file has. */
static size_t within(const struct node *node, size_t offset, size_t length)
{
	size_t left = offset < node->size ? node->size - offset : 0;

	return left < length ? left : length;
}

static void verify_read(struct world *world, const struct node *node, const char *way, ssize_t got,
			size_t offset, size_t length)
{
	size_t wanted = within(node, offset, length);

	if (got < 0)
		differ(world, "%s %zu bytes at %zu: %s", way, length, offset, errno_name(errno));
	if ((size_t)got != wanted)
		differ(world, "%s %zu bytes at %zu, file of %zu: expected %zu bytes, got %zd", way,
		       length, offset, node->size, wanted, got);
	verify_bytes(world, node, way, world->check, offset, wanted);
}

static void read_direct(struct world *world, const struct node *node, size_t offset, size_t length)
{
	size_t align = world->direct_align;
	int fd = open_node(world, node, O_RDONLY | O_DIRECT);

	length += offset % align;
	offset -= offset % align;
	length = (length + align - 1) / align * align;
	if (length > MAX_IO)
		length = MAX_IO;
	verify_read(world, node, "read with O_DIRECT",
		    pread(fd, world->check, length, (off_t)offset), offset, length);
	close(fd);
}

static void read_vector(struct world *world, const struct node *node, size_t offset, size_t length)
{
	size_t first = length / 3;
	struct iovec parts[2] = {{world->check, first}, {world->check + first, length - first}};
	int fd = open_node(world, node, O_RDONLY);

	verify_read(world, node, "preadv", preadv(fd, parts, 2, (off_t)offset), offset, length);
	close(fd);
}

static void read_splice(struct world *world, const struct node *node, size_t offset, size_t length)
{
	int fd = open_node(world, node, O_RDONLY);
	size_t done = 0;
	int pipes[2];

	length = length < MAX_SPLICE ? length : MAX_SPLICE;
	if (pipe(pipes))
		differ(world, "this program gets no pipe");
	while (done < length) {
		loff_t position = (loff_t)(offset + done);
		ssize_t moved = splice(fd, &position, pipes[1], NULL, length - done, 0);

		if (moved < 0)
			differ(world, "splice: %s", errno_name(errno));
		if (!moved || read(pipes[0], world->check + done, (size_t)moved) != moved)
			break;
		done += (size_t)moved;
	}
	verify_read(world, node, "splice", (ssize_t)done, offset, length);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}

/* The rest of the last page is loaded, too: it must be zeros. */
static void read_map(struct world *world, const struct node *node, size_t offset, size_t length)
{
	size_t end = node->has_tail ? node->size : (node->size + BLOCK - 1) / BLOCK * BLOCK;
	const uint8_t *map = NULL;
	const char *way = "a load through a mapping that was there";
	bool made = false;

	if (offset >= end)
		return;
	length = length < end - offset ? length : end - offset;
	for (int i = 0; i < HANDLES; i++)
		if (world->handles[i].node == node && world->handles[i].map)
			map = world->handles[i].map;
	if (!map || one_in(world, 3)) {
		int fd = open_node(world, node, O_RDWR);

		map = map_node(world, fd, HANDLES);
		close(fd);
		made = true;
		way = "a load through a new mapping";
	}
	memcpy(world->check, map + offset, length);
	if (made)
		unmap_node(world, HANDLES);
	verify_bytes(world, node, way, world->check, offset, length);
}

static void read_somehow(struct world *world, const struct node *node, size_t offset, size_t length)
{
	int fd;

	switch (draw(world, 12)) {
	case 0 ... 2:
		if (world->direct_align) {
			read_direct(world, node, offset, length);
			return;
		}
		break;
	case 3 ... 7:
		read_map(world, node, offset, length);
		return;
	case 8:
		read_vector(world, node, offset, length);
		return;
	case 9:
		read_splice(world, node, offset, length);
		return;
	}
	fd = open_node(world, node, O_RDONLY);
	verify_read(world, node, "read", pread(fd, world->check, length, (off_t)offset), offset,
		    length);
	close(fd);
}

/* These bytes and some around them, read in one of the ways, now and then by another process. */
void verify_range(struct world *world, struct node *node, size_t offset, size_t length)
{
	size_t before = offset < BLOCK ? offset : BLOCK;
	int status;
	pid_t pid;

	offset -= before;
	length += before + BLOCK;
	length = length < MAX_IO ? length : MAX_IO;
	if (!one_in(world, 60)) {
		read_somehow(world, node, offset, length);
		return;
	}
	pid = fork();
	if (pid == 0) {
		record(world, "(read by another process)");
		read_somehow(world, node, offset, length);
		_exit(0);
	}
	/* Its choices are not seen here: the same seed still gives the same ones. */
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		differ(world, "this program gets no other process");
	if (status)
		exit(1);
}

void verify_status(struct world *world, struct node *node)
{
	const struct entry *entry = entry_of(world, node);
	struct statx status;
	int error;

	for (int i = 0; i <= HANDLES; i++) {
		if (i == HANDLES) {
			if (!entry)
				return;
			error = statx(AT_FDCWD, node_path(world, node), AT_SYMLINK_NOFOLLOW,
				      STATX_BASIC_STATS, &status);
		} else {
			if (world->handles[i].node != node)
				continue;
			error = statx(world->handles[i].fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS,
				      &status);
		}
		if (error)
			differ(world, "statx: %s", errno_name(errno));
		if ((status.stx_mode & S_IFMT) != node->type || status.stx_ino != node->ino)
			differ(world, "statx: expected inode %lu, type %o, got %lu, type %o",
			       (unsigned long)node->ino, node->type, (unsigned long)status.stx_ino,
			       status.stx_mode & S_IFMT);
		if ((status.stx_mode & 07777) != node->permissions)
			differ(world, "statx: expected mode %o, got %o", node->permissions,
			       status.stx_mode & 07777);
		if (node->type == S_IFDIR)
			continue;
		if (status.stx_size != node->size || status.stx_nlink != node->links)
			differ(world, "statx: expected size %zu, %u links, got %llu, %u links",
			       node->size, node->links, (unsigned long long)status.stx_size,
			       status.stx_nlink);
		if (world->dax && node->type == S_IFREG &&
		    !(status.stx_attributes & STATX_ATTR_DAX))
			differ(world, "statx: expected a DAX file, it isn't one");
	}
}

static void verify_dirent(struct world *world, const struct node *folder,
			  const struct dirent *dirent, uint64_t *seen)
{
	for (int i = 0; i < MAX_ENTRIES; i++) {
		const struct entry *entry = &world->entries[i];

		if (!entry->node || entry->folder != folder || strcmp(entry->name, dirent->d_name))
			continue;
		if (*seen & 1ULL << i)
			differ(world, "readdir gives %s twice", dirent->d_name);
		if (dirent->d_ino != entry->node->ino)
			differ(world, "readdir: expected inode %lu for %s, got %lu",
			       (unsigned long)entry->node->ino, dirent->d_name,
			       (unsigned long)dirent->d_ino);
		if (dirent->d_type != DT_UNKNOWN && dirent->d_type != IFTODT(entry->node->type))
			differ(world, "readdir: wrong type of %s", dirent->d_name);
		*seen |= 1ULL << i;
		return;
	}
	if (folder != &world->root || strcmp(dirent->d_name, "lost+found"))
		differ(world, "readdir gives %s, which should not be there", dirent->d_name);
}

void verify_folder(struct world *world, struct node *folder)
{
	DIR *dir = opendir(node_path(world, folder));
	const struct dirent *dirent;
	uint64_t seen = 0;
	int dots = 0;

	if (!dir)
		differ(world, "opendir: %s", errno_name(errno));
	while ((dirent = readdir(dir))) {
		if (!strcmp(dirent->d_name, ".") || !strcmp(dirent->d_name, ".."))
			dots++;
		else
			verify_dirent(world, folder, dirent, &seen);
	}
	closedir(dir);
	if (dots != 2)
		differ(world, "readdir gives . and .. %d times, expected 2", dots);
	for (int i = 0; i < MAX_ENTRIES; i++)
		if (world->entries[i].node && world->entries[i].folder == folder &&
		    !(seen & 1ULL << i))
			differ(world, "readdir doesn't give %s", world->entries[i].name);
}

/* Finds where data are or are not; those can't be told exactly, but what has data is no hole. */
void verify_holes(struct world *world, struct node *node)
{
	int fd = open_node(world, node, O_RDONLY);
	size_t at = 0;

	while (at < node->size) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno != ENXIO)
			differ(world, "SEEK_DATA from %zu: %s", at, errno_name(errno));
		if (data < 0)
			data = (off_t)node->size;
		if ((size_t)data < at || (size_t)data > node->size)
			differ(world, "SEEK_DATA from %zu, file of %zu: got %ld", at, node->size,
			       (long)data);
		for (; at < (size_t)data; at++)
			if (node->data[at])
				differ(world, "SEEK_DATA says %ld, but there are data at %zu",
				       (long)data, at);
		if (at == node->size)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole <= data || (size_t)hole > node->size)
			differ(world, "SEEK_HOLE from %ld, file of %zu: got %ld", (long)data,
			       node->size, (long)hole);
		at = (size_t)hole;
	}
	if (lseek(fd, (off_t)node->size, SEEK_DATA) >= 0 || errno != ENXIO)
		differ(world, "SEEK_DATA at the end of the file: expected ENXIO");
	close(fd);
}

static void verify_symlink(struct world *world, const struct node *node)
{
	ssize_t got = readlink(node_path(world, node), (char *)world->check, PATH_ROOM);

	if (got != (ssize_t)node->size || memcmp(world->check, node->target, node->size))
		differ(world, "readlink: expected %zu bytes, got %zd, or others", node->size, got);
}

static void verify_whole(struct world *world, struct node *node)
{
	verify_status(world, node);
	if (node->type == S_IFDIR)
		verify_folder(world, node);
	else if (node->type == S_IFLNK)
		verify_symlink(world, node);
	else
		for (size_t at = 0; at < node->size + 1; at += MAX_IO - 2 * BLOCK)
			verify_range(world, node, at, MAX_IO);
}

void verify_all(struct world *world)
{
	record(world, "(compare everything)");
	verify_folder(world, &world->root);
	for (int i = 0; i < MAX_ENTRIES; i++)
		if (world->entries[i].node)
			verify_whole(world, world->entries[i].node);
	for (int i = 0; i < HANDLES; i++)
		if (world->handles[i].node)
			verify_whole(world, world->handles[i].node);
}

void do_holes(struct world *world)
{
	struct node *node = pick_file(world);

	if (!node)
		return;
	record(world, "SEEK_DATA and SEEK_HOLE through %lu", (unsigned long)node->ino);
	verify_holes(world, node);
}

void do_list(struct world *world)
{
	struct entry *entry = pick_entry(world, 0);

	record(world, "readdir, stat");
	verify_folder(world, pick_folder(world));
	if (entry && entry->node->type != S_IFREG)
		verify_whole(world, entry->node);
}
