// SPDX-License-Identifier: MIT
/*
 * Uses what is mounted in every way, whatever comes back. Stores go through system calls, since a
 * mapping may rightly give SIGBUS, which as a system call is EFAULT. Files stay open and mapped
 * until the end, so that two that claim the same blocks are used at the same time.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "corrupt.h"

enum {
	MAX_OPEN = 16,
	MAX_NAMES = 60,
	MAX_DEPTH = 5,
	BUFFER = 64 << 10,
	MAP = 256 << 10,
	PATH_ROOM = 2048
};

struct use {
	struct sample *sample;
	const char *root;
	uint8_t *buffer; /* aligned */
	int names;
	bool change_names;
	int nr_open;
	int fds[MAX_OPEN];
	uint8_t *maps[MAX_OPEN];
};

static void keep(struct use *use, int fd)
{
	uint8_t *map = mmap(NULL, MAP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (use->nr_open == MAX_OPEN || map == MAP_FAILED) {
		if (map != MAP_FAILED)
			munmap(map, MAP);
		close(fd);
		return;
	}
	use->fds[use->nr_open] = fd;
	use->maps[use->nr_open++] = map;
}

/* A pipe's end reads into the mapping and writes from it. */
static void touch_maps(struct use *use)
{
	int pipes[2];

	if (pipe(pipes))
		return;
	for (int i = 0; i < use->nr_open; i++) {
		size_t at = (size_t)draw(use->sample, MAP / 4096) * 4096;

		if (write(pipes[1], use->maps[i], 16) == 16)
			(void)!read(pipes[0], use->maps[i], 16);
		if (write(pipes[1], use->buffer, 16) == 16)
			if (read(pipes[0], use->maps[i] + at, 16) != 16)
				(void)!read(pipes[0], use->buffer, 16);
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void close_all(struct use *use)
{
	touch_maps(use);
	for (int i = 0; i < use->nr_open; i++) {
		if (draw(use->sample, 2))
			(void)!fsync(use->fds[i]);
		if (draw(use->sample, 2))
			(void)!ftruncate(use->fds[i], draw(use->sample, 100000));
		munmap(use->maps[i], MAP);
		close(use->fds[i]);
	}
	use->nr_open = 0;
}

static void read_file(struct use *use, int fd)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[50];
	} fiemap = {.map = {.fm_length = UINT64_MAX, .fm_extent_count = 50}};
	off_t end = lseek(fd, 0, SEEK_END);
	off_t at = 0;

	for (off_t from = 0; from < 4 * BUFFER; from += BUFFER)
		(void)!pread(fd, use->buffer, BUFFER, from);
	(void)!pread(fd, use->buffer, BUFFER, end - 5000);
	for (int i = 0; i < 40 && at >= 0; i++)
		at = lseek(fd, at, i % 2 ? SEEK_HOLE : SEEK_DATA);
	(void)ioctl(fd, FS_IOC_FIEMAP, &fiemap);
}

static void write_file(struct use *use, int fd)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE};
	struct sample *sample = use->sample;

	for (int i = 0; i < 6; i++) {
		off_t at = draw(sample, draw(sample, 2) ? 20000 : 1 << 20);
		off_t length = 1 + draw(sample, 30000);

		switch (draw(sample, 5)) {
		case 0:
			(void)!ftruncate(fd, at);
			break;
		case 1:
			(void)!fallocate(fd, modes[draw(sample, 4)], at, length);
			break;
		case 2:
			(void)!fsync(fd);
			break;
		default:
			(void)!pwrite(fd, use->buffer, (size_t)length, at);
		}
	}
	if (draw(sample, 3) == 0)
		(void)!pwrite(fd, use->buffer, 100, lseek(fd, 0, SEEK_END));
}

static void use_file(struct use *use, const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	int direct = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_DIRECT);

	if (direct >= 0) {
		(void)!pread(direct, use->buffer, 8192, 4096);
		(void)!pwrite(direct, use->buffer, 8192, draw(use->sample, 30) * 4096);
		close(direct);
	}
	if (fd < 0)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	read_file(use, fd);
	write_file(use, fd);
	keep(use, fd);
	if (draw(use->sample, 4) == 0)
		touch_maps(use);
}

/* Names are moved about, within a folder and to the root, and removed. */
static void change_name(struct use *use, const char *name, const char *other)
{
	char elsewhere[PATH_ROOM];

	snprintf(elsewhere, sizeof(elsewhere), "%s/moved%u", use->root, draw(use->sample, 6));
	switch (draw(use->sample, 8)) {
	case 0:
		(void)!rename(name, other);
		break;
	case 1:
		(void)!rename(name, elsewhere);
		break;
	case 2:
		(void)!link(name, other);
		break;
	case 3:
		(void)!link(name, elsewhere);
		break;
	case 4:
		(void)!rmdir(name);
		break;
	case 5 ... 6:
		(void)!unlink(name);
		break;
	}
}

static void walk(struct use *use, const char *path, int depth)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return;
	while (use->names < MAX_NAMES && (entry = readdir(dir))) {
		char name[PATH_ROOM], other[PATH_ROOM];
		struct stat status;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		snprintf(other, sizeof(other), "%s/other%d", path, use->names++);
		if (lstat(name, &status))
			continue;
		if (S_ISLNK(status.st_mode))
			(void)!readlink(name, (char *)use->buffer, BUFFER);
		if (S_ISDIR(status.st_mode) && depth < MAX_DEPTH)
			walk(use, name, depth + 1);
		if (S_ISREG(status.st_mode))
			use_file(use, name);
		if (use->change_names)
			change_name(use, name, other);
	}
	closedir(dir);
}

/* New names until a directory gets a new block. */
static void make_new(struct use *use)
{
	char path[PATH_ROOM];

	for (int i = 0; i < 18; i++) {
		snprintf(path, sizeof(path), "%s/new%d", use->root, i);
		if (i == 0)
			(void)!mkdir(path, 0755);
		else if (i == 1)
			(void)!symlink("nowhere", path);
		else
			close(open(path, O_CREAT | O_WRONLY, 0644));
	}
	use_file(use, path);
}

void use_folder(struct sample *sample, const char *folder)
{
	struct use use = {.sample = sample, .root = folder};
	struct statfs statfs_buffer;

	if (posix_memalign((void **)&use.buffer, 4096, BUFFER))
		exit(2);
	memset(use.buffer, 0x5a, BUFFER);
	(void)!statfs(folder, &statfs_buffer);
	/* First without, so that many inodes are in memory when names change. */
	for (int i = 0; i < 2; i++) {
		use.names = 0;
		use.change_names = i;
		walk(&use, folder, 0);
		make_new(&use);
	}
	close_all(&use);
	free(use.buffer);
}
