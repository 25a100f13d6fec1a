// SPDX-License-Identifier: MIT
/*
 * Random operations on a file system, compared with a model in memory.
 *
 *   operations SEED COUNT FOLDER [DEVICE TYPE OPTIONS]
 *
 * With a device, FOLDER is its mount point and is now and then unmounted and mounted again. The
 * same seed does the same operations.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NAMES = 12,
	FOLDERS = 3,
	MAX_SIZE = 3 << 20,
	MAX_IO = 96 << 10,
	BLOCK = 4096,
};

/* What a file should hold. Names that are links share it. */
struct model {
	int links;
	size_t size;
	uint8_t data[MAX_SIZE];
};

struct world {
	uint64_t random;
	const char *folder;
	char **mount; /* device, type, options; or NULL */
	struct model *files[NAMES];
	struct model *models; /* as many: in use while they have links */
	uint8_t *buffer;      /* aligned, MAX_IO */
	long step;
};

static uint32_t draw(struct world *world, uint32_t limit)
{
	/* splitmix64 */
	uint64_t z = world->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static void fail(const struct world *world, const char *what, int name) __attribute__((noreturn));

static void fail(const struct world *world, const char *what, int name)
{
	fprintf(stderr, "step %ld, file %d: %s (errno: %s)\n", world->step, name, what,
		strerror(errno));
	exit(1);
}

static const char *path_of(const struct world *world, int name)
{
	static char paths[2][4096];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/folder%d/file%d", world->folder,
		 name % FOLDERS, name);
	return paths[turn];
}

static int open_file(struct world *world, int name, int flags)
{
	int fd = open(path_of(world, name), flags, 0644);

	if (fd < 0)
		fail(world, "can't be opened", name);
	return fd;
}

static void fill(struct world *world, size_t size)
{
	uint8_t byte = (uint8_t)draw(world, 256);

	for (size_t i = 0; i < size; i++)
		world->buffer[i] = (uint8_t)(byte + i * 7 + i / 251);
}

/* Offset and size, whole blocks if asked. */
static void draw_range(struct world *world, bool whole_blocks, size_t *offset, size_t *size)
{
	*offset = draw(world, MAX_SIZE - MAX_IO);
	*size = 1 + draw(world, MAX_IO - 1);
	if (draw(world, 4) == 0)
		*size = 1 + draw(world, 600);
	if (whole_blocks) {
		*offset = *offset / BLOCK * BLOCK;
		*size = (*size + BLOCK - 1) / BLOCK * BLOCK;
	}
}

static void grow(struct model *file, size_t end)
{
	if (end > file->size)
		file->size = end;
}

static void do_write(struct world *world, int name, int flags)
{
	struct model *file = world->files[name];
	size_t offset, size;
	int fd = open_file(world, name, O_RDWR | flags);

	draw_range(world, flags & O_DIRECT, &offset, &size);
	if (draw(world, 3) == 0)
		offset = flags & O_DIRECT ? file->size / BLOCK * BLOCK : file->size;
	if (offset > MAX_SIZE - MAX_IO)
		offset = 0;
	fill(world, size);
	if (pwrite(fd, world->buffer, size, (off_t)offset) != (ssize_t)size)
		fail(world, "write", name);
	memcpy(file->data + offset, world->buffer, size);
	grow(file, offset + size);
	close(fd);
}

static void check_bytes(struct world *world, int name, const uint8_t *got, size_t offset,
			size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (got[i] == world->files[name]->data[offset + i])
			continue;
		fprintf(stderr, "byte %zu (read of %zu at %zu, file of %zu) is %02x, not %02x\n",
			offset + i, size, offset, world->files[name]->size, got[i],
			world->files[name]->data[offset + i]);
		errno = 0;
		fail(world, "wrong data", name);
	}
}

static void do_read(struct world *world, int name, int flags)
{
	const struct model *file = world->files[name];
	size_t offset, size, expected;
	int fd = open_file(world, name, O_RDONLY | flags);
	ssize_t got;

	draw_range(world, flags & O_DIRECT, &offset, &size);
	expected = offset >= file->size ? 0 : file->size - offset;
	expected = expected < size ? expected : size;
	got = pread(fd, world->buffer, size, (off_t)offset);
	if (got != (ssize_t)expected)
		fail(world, "read of a wrong length", name);
	check_bytes(world, name, world->buffer, offset, expected);
	close(fd);
}

static void do_map(struct world *world, int name, bool write)
{
	struct model *file = world->files[name];
	size_t offset, size;
	int fd = open_file(world, name, O_RDWR);
	uint8_t *map;

	draw_range(world, false, &offset, &size);
	if (!file->size) {
		close(fd);
		return;
	}
	offset %= file->size;
	if (offset + size > file->size)
		size = file->size - offset;
	map = mmap(NULL, file->size, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail(world, "mmap", name);
	if (write) {
		fill(world, size);
		memcpy(map + offset, world->buffer, size);
		memcpy(file->data + offset, world->buffer, size);
		if (draw(world, 4) == 0 && msync(map, file->size, MS_SYNC))
			fail(world, "msync", name);
	} else {
		check_bytes(world, name, map + offset, offset, size);
	}
	munmap(map, file->size);
	close(fd);
}

static void do_truncate(struct world *world, int name)
{
	struct model *file = world->files[name];
	size_t size = draw(world, MAX_SIZE);

	if (draw(world, 2))
		size = draw(world, (uint32_t)file->size + 1);
	if (truncate(path_of(world, name), (off_t)size))
		fail(world, "truncate", name);
	if (size < file->size)
		memset(file->data + size, 0, file->size - size);
	file->size = size;
}

static void do_fallocate(struct world *world, int name)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
	struct model *file = world->files[name];
	int mode = modes[draw(world, 5)];
	size_t offset, size;
	int fd = open_file(world, name, O_RDWR);

	draw_range(world, draw(world, 2), &offset, &size);
	if (fallocate(fd, mode, (off_t)offset, (off_t)size))
		fail(world, "fallocate", name);
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(file, offset + size);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(file->data + offset, 0, size);
	close(fd);
}

static void drop(struct world *world, int name)
{
	if (world->files[name])
		world->files[name]->links--;
	world->files[name] = NULL;
}

static void do_create(struct world *world, int name)
{
	struct model *file = world->models;

	while (file->links)
		file++;
	memset(file, 0, sizeof(*file));
	file->links = 1;
	world->files[name] = file;
	close(open_file(world, name, O_CREAT | O_EXCL | O_WRONLY));
}

static void do_unlink(struct world *world, int name)
{
	if (unlink(path_of(world, name)))
		fail(world, "unlink", name);
	drop(world, name);
}

static void do_rename(struct world *world, int name)
{
	int other = (int)draw(world, NAMES);

	if (rename(path_of(world, name), path_of(world, other)))
		fail(world, "rename", name);
	if (world->files[other] == world->files[name])
		return; /* two links of one file: nothing happens */
	drop(world, other);
	world->files[other] = world->files[name];
	world->files[name] = NULL;
}

static void do_link(struct world *world, int name)
{
	int other = (int)draw(world, NAMES);

	if (world->files[other])
		return;
	if (link(path_of(world, name), path_of(world, other)))
		fail(world, "link", name);
	world->files[other] = world->files[name];
	world->files[name]->links++;
}

static void do_fsync(struct world *world, int name)
{
	int fd = open_file(world, name, O_RDWR);

	if (draw(world, 2) ? fsync(fd) : fdatasync(fd))
		fail(world, "fsync", name);
	close(fd);
}

/* Data and holes end where they should: what SEEK_HOLE calls a hole is zeros. */
static void do_seek(struct world *world, int name)
{
	const struct model *file = world->files[name];
	int fd = open_file(world, name, O_RDONLY);
	off_t at = 0;

	while (at < (off_t)file->size) {
		off_t data = lseek(fd, at, SEEK_DATA);

		if (data < 0 && errno != ENXIO)
			fail(world, "SEEK_DATA", name);
		if (data < 0)
			data = (off_t)file->size;
		for (; at < data; at++)
			if (file->data[at])
				fail(world, "data in a hole", name);
		if (at >= (off_t)file->size)
			break;
		at = lseek(fd, at, SEEK_HOLE);
		if (at < 0)
			fail(world, "SEEK_HOLE", name);
	}
	close(fd);
}

static void check_all(struct world *world)
{
	for (int name = 0; name < NAMES; name++) {
		const struct model *file = world->files[name];
		struct stat status;
		uint8_t *map;
		int fd;

		if (!file) {
			if (!lstat(path_of(world, name), &status))
				fail(world, "is there and shouldn't", name);
			continue;
		}
		if (stat(path_of(world, name), &status) || status.st_size != (off_t)file->size ||
		    status.st_nlink != (nlink_t)file->links)
			fail(world, "wrong size or number of links", name);
		if (!file->size)
			continue;
		fd = open_file(world, name, O_RDONLY);
		map = mmap(NULL, file->size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			fail(world, "mmap", name);
		check_bytes(world, name, map, 0, file->size);
		munmap(map, file->size);
		close(fd);
	}
}

static void do_remount(struct world *world)
{
	if (!world->mount) {
		sync();
		return;
	}
	if (umount(world->folder))
		fail(world, "umount", -1);
	if (mount(world->mount[0], world->folder, world->mount[1], 0, world->mount[2]))
		fail(world, "mount", -1);
	check_all(world);
}

static void step(struct world *world)
{
	int name = (int)draw(world, NAMES);
	uint32_t what = draw(world, 1000);

	if (what < 4)
		do_remount(world);
	else if (!world->files[name])
		do_create(world, name);
	else if (what < 180)
		do_write(world, name, 0);
	else if (what < 320)
		do_write(world, name, O_DIRECT);
	else if (what < 440)
		do_read(world, name, 0);
	else if (what < 530)
		do_read(world, name, O_DIRECT);
	else if (what < 660)
		do_map(world, name, true);
	else if (what < 730)
		do_map(world, name, false);
	else if (what < 790)
		do_truncate(world, name);
	else if (what < 880)
		do_fallocate(world, name);
	else if (what < 910)
		do_rename(world, name);
	else if (what < 930)
		do_link(world, name);
	else if (what < 950)
		do_unlink(world, name);
	else if (what < 960)
		do_seek(world, name);
	else
		do_fsync(world, name);
}

int main(int argc, char **argv)
{
	static struct model models[NAMES];
	struct world world = {.models = models};
	long count;

	if (argc != 4 && argc != 7) {
		fprintf(stderr, "usage: operations SEED COUNT FOLDER [DEVICE TYPE OPTIONS]\n");
		return 2;
	}
	world.random = strtoull(argv[1], NULL, 10);
	count = strtol(argv[2], NULL, 10);
	world.folder = argv[3];
	world.mount = argc == 7 ? argv + 4 : NULL;
	if (posix_memalign((void **)&world.buffer, BLOCK, MAX_IO + BLOCK))
		return 2;
	for (int i = 0; i < FOLDERS; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/folder%d", world.folder, i);
		if (mkdir(path, 0755))
			fail(&world, "mkdir", i);
	}
	for (world.step = 0; world.step < count; world.step++)
		step(&world);
	check_all(&world);
	do_remount(&world);
	printf("%ld operations\n", count);
	return 0;
}
