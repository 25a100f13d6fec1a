// SPDX-License-Identifier: MIT
/* Operations on a file's size and blocks, on what is durable or cached, and on what stays open. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "model.h"

void do_truncate(struct world *world)
{
	struct node *node = pick_file(world);
	size_t size = draw(world, one_in(world, 8) ? MAX_SIZE : 256 << 10);
	size_t old_size;
	int fd;

	if (!node)
		return;
	old_size = node->size;
	if (one_in(world, 2))
		size = draw(world, (uint32_t)node->size + 1);
	if (one_in(world, 3))
		size -= size % (one_in(world, 3) ? HUGE_PAGE : BLOCK);
	if (all_bytes(world) > MAX_BYTES || one_in(world, 20))
		size = 0;
	record(world, "truncate inode %lu (%zu bytes) to %zu", (unsigned long)node->ino, node->size,
	       size);
	fd = open_node(world, node, O_WRONLY | (!size && one_in(world, 2) ? O_TRUNC : 0));
	expect(world, "ftruncate", ftruncate(fd, (off_t)size), 0);
	close(fd);
	resize_node(node, size);
	verify_status(world, node);
	/* What was cut off must not come back. */
	verify_range(world, node, size < old_size ? size : old_size, BLOCK);
}

void do_fallocate(struct world *world)
{
	struct node *node = pick_file(world);
	int mode;
	size_t offset, length;
	int fd;

	if (!node || !world->nr_modes)
		return;
	mode = world->modes[draw(world, world->nr_modes)];
	offset = draw(world, one_in(world, 10) ? MAX_SIZE : (uint32_t)node->size + 8 * BLOCK);
	length = 1 + draw(world, one_in(world, 8) ? MAX_IO : 64 << 10);
	if (one_in(world, 3)) {
		offset -= offset % BLOCK;
		length += BLOCK - length % BLOCK;
	}
	if (offset + length > MAX_SIZE)
		return;
	record(world, "fallocate inode %lu (%zu bytes) mode %#x: %zu at %zu",
	       (unsigned long)node->ino, node->size, (unsigned int)mode, length, offset);
	fd = open_node(world, node, O_RDWR);
	expect(world, "fallocate", fallocate(fd, mode, (off_t)offset, (off_t)length), 0);
	close(fd);
	if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + length > node->size)
		resize_node(node, offset + length);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(node->data + offset, 0, length);
	verify_status(world, node);
	verify_range(world, node, offset, length);
	if (one_in(world, 8))
		verify_holes(world, node);
}

void do_sync(struct world *world)
{
	struct handle *handle = &world->handles[draw(world, HANDLES)];
	struct node *node = pick_file(world);
	int fd;

	if (handle->map && one_in(world, 2)) {
		record(world, "msync inode %lu", (unsigned long)handle->node->ino);
		expect(world, "msync",
		       msync(handle->map, MAX_SIZE, one_in(world, 4) ? MS_ASYNC : MS_SYNC), 0);
		return;
	}
	if (!node)
		return;
	record(world, "fsync inode %lu", (unsigned long)node->ino);
	fd = open_node(world, node, O_RDWR);
	switch (draw(world, 8)) {
	case 0:
		expect(world, "syncfs", syncfs(fd), 0);
		break;
	case 1:
		expect(world, "sync_file_range", sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE),
		       0);
		break;
	case 2 ... 4:
		expect(world, "fdatasync", fdatasync(fd), 0);
		break;
	default:
		expect(world, "fsync", fsync(fd), 0);
	}
	close(fd);
}

/* The next read comes from the medium. */
void do_drop_cache(struct world *world)
{
	struct node *node = pick_file(world);
	int fd;

	if (!node)
		return;
	record(world, "drop the cache of inode %lu", (unsigned long)node->ino);
	fd = open_node(world, node, O_RDONLY);
	expect(world, "fdatasync", fdatasync(fd), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	verify_range(world, node, draw(world, (uint32_t)node->size + 1), 64 << 10);
}

void do_open(struct world *world)
{
	uint32_t index = draw(world, HANDLES);
	struct handle *handle = &world->handles[index];
	struct node *node = pick_file(world);

	if (handle->node || !node)
		return;
	record(world, "open inode %lu and keep it", (unsigned long)node->ino);
	handle->fd = open_node(world, node, O_RDWR);
	handle->node = node;
	handle->map = draw(world, 3) ? map_node(world, handle->fd, index) : NULL;
	node->handles++;
}

static void close_handle(struct world *world, uint32_t index)
{
	struct handle *handle = &world->handles[index];
	struct node *node = handle->node;

	if (!node)
		return;
	/* Closed first, or the mapping: the file must outlive either. */
	if (one_in(world, 2))
		unmap_node(world, index);
	close(handle->fd);
	unmap_node(world, index);
	*handle = (struct handle){0};
	node->handles--;
	release_node(node);
}

void do_close(struct world *world)
{
	uint32_t index = draw(world, HANDLES);

	if (!world->handles[index].node)
		return;
	record(world, "close inode %lu", (unsigned long)world->handles[index].node->ino);
	close_handle(world, index);
}

void close_all(struct world *world)
{
	for (uint32_t i = 0; i < HANDLES; i++)
		close_handle(world, i);
}

static void probe_fallocate(struct world *world, int fd)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!fallocate(fd, modes[i], 0, BLOCK))
			world->modes[world->nr_modes++] = modes[i];
}

static void probe_direct(struct world *world, const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT);

	for (size_t align = 512; fd >= 0 && align <= BLOCK && !world->direct_align; align *= 2)
		if (pwrite(fd, world->source, align, (off_t)align) == (ssize_t)align)
			world->direct_align = align;
	if (fd >= 0)
		close(fd);
}

static void grow_direct(struct world *world, const char *path)
{
	int fd = open(path, O_WRONLY | O_DIRECT);

	(void)!pwrite(fd, world->source, BLOCK, 2 * BLOCK);
	close(fd);
}

/* Stores behind the end, lets the file grow, and looks. */
static bool clears_tail(struct world *world, const char *path, int way)
{
	int fd = open(path, O_RDWR | O_TRUNC);
	uint8_t *map = map_node(world, fd, HANDLES);
	uint8_t byte = 1;

	if (pwrite(fd, "x", 1, 0) == 1)
		map[100] = 1;
	if (way == 0)
		(void)!ftruncate(fd, 2 * BLOCK);
	else if (way == 1)
		(void)!pwrite(fd, "x", 1, 2 * BLOCK);
	else if (way == 2)
		(void)!fallocate(fd, 0, 0, 2 * BLOCK);
	else
		grow_direct(world, path);
	(void)!pread(fd, &byte, 1, 100);
	unmap_node(world, HANDLES);
	close(fd);
	return !byte;
}

/* What the file system hasn't is left out. */
void probe(struct world *world)
{
	char path[PATH_ROOM], other[PATH_ROOM];
	int fd;

	snprintf(path, sizeof(path), "%s/probe", world->root_path);
	snprintf(other, sizeof(other), "%s/probe2", world->root_path);
	fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0644);
	if (fd < 0)
		differ(world, "%s can't be made: %s", path, errno_name(errno));
	probe_fallocate(world, fd);
	close(fd);
	probe_direct(world, path);
	world->clears_tails = clears_tail(world, path, 0) && clears_tail(world, path, 1) &&
			      (!world->nr_modes || clears_tail(world, path, 2)) &&
			      (!world->direct_align || clears_tail(world, path, 3));
	world->has_noreplace = !renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE);
	if (world->has_noreplace && rename(other, path))
		differ(world, "rename back: %s", errno_name(errno));
	expect(world, "mkdir", mkdir(other, 0755), 0);
	world->has_exchange = !renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE);
	expect(world, "rmdir", rmdir(world->has_exchange ? path : other), 0);
	expect(world, "unlink", unlink(world->has_exchange ? other : path), 0);
	printf("%s: O_DIRECT %s (%zu), %u modes of fallocate, %s RENAME_NOREPLACE, %s "
	       "RENAME_EXCHANGE, %s behind the end when a file grows\n",
	       world->root_path, world->direct_align ? "yes" : "no", world->direct_align,
	       world->nr_modes, world->has_noreplace ? "has" : "no",
	       world->has_exchange ? "has" : "no", world->clears_tails ? "clears" : "not clear");
}
