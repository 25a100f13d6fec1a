// SPDX-License-Identifier: MIT
#include "core/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/counters.h"
#include "core/interrupted.h"
#include "core/offsets.h"
#include "core/pattern.h"
#include "core/target_kinds.h"

#define CHUNK (1u << 20)
/* Of memory that is to be short: read until something goes, 256 MiB of it at most. */
#define PRESS_PAGE          4096u
#define PRESS_PAGES_AT_ONCE 2048u
#define PRESS_PAGES_MAX     65536u
#define TESTBED_FOLDER      "/testbed"

int target_parse(struct target *t, const char *text, struct error *e)
{
	const char *rest;

	memset(t, 0, sizeof(*t));
	t->fd = -1;
	if (strlen(text) >= sizeof(t->text) - 8)
		return error_set(e, -ENAMETOOLONG,
				 "target '%.40s...' is too long: at most %zu bytes", text,
				 sizeof(t->text) - 9);
	if (strcmp(text, "null:") == 0) {
		t->kind = TARGET_NULL;
		snprintf(t->text, sizeof(t->text), "null:");
		return 0;
	}
	if (target_block_matches(text))
		return target_block_parse(t, text, e);
	if (target_userdrv_matches(text))
		return target_userdrv_parse(t, text, e);
	t->kind = TARGET_FILE;
	if (strncmp(text, "testbed:", 8) == 0) {
		rest = text + 8;
		if (!*rest || strstr(rest, ".."))
			return error_set(
				e, -EINVAL,
				"target '%s' names no medium; write testbed:MEDIUM/FS, see "
				"`bypass list targets`",
				text);
		snprintf(t->text, sizeof(t->text), "%.*s", (int)sizeof(t->text) - 1, text);
		snprintf(t->folder, sizeof(t->folder), "%s/%s", TESTBED_FOLDER, rest);
		return 0;
	}
	rest = strncmp(text, "file:", 5) == 0 ? text + 5 : text;
	if (!*rest)
		return error_set(e, -EINVAL, "target '%s' names no file; write file:PATH", text);
	if (rest == text && !strchr(text, '/'))
		return error_set(e, -EINVAL,
				 "unknown target '%s'; write file:PATH or testbed:MEDIUM/FS, see "
				 "`bypass list targets`",
				 text);
	if (strncmp(rest, "/dev/", 5) == 0 &&
	    !(strncmp(rest, "/dev/shm", 8) == 0 && (rest[8] == '/' || !rest[8])))
		return error_set(e, -EINVAL, "target '%s' is a device; write block:%s", text, rest);
	snprintf(t->text, sizeof(t->text), "file:%s", rest);
	snprintf(t->folder, sizeof(t->folder), "%s", rest);
	return 0;
}

/* The folder of a path that is a file; @name gets the last part. */
static void split_path(const char *path, char *folder, size_t size, const char **name)
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		snprintf(folder, size, ".");
		*name = path;
		return;
	}
	snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	*name = slash + 1;
}

/* The line of /proc/self/mountinfo for st_dev: file system type and options. */
static void find_mount(struct target *t, dev_t dev)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (!f)
		return;
	while (getline(&line, &size, f) > 0) {
		unsigned int maj, min;
		char options[256], type[32], super[256];
		const char *dash = strstr(line, " - ");

		if (!dash ||
		    sscanf(line, "%*d %*d %u:%u %*s %*s %255s", &maj, &min, options) != 3 ||
		    makedev(maj, min) != dev)
			continue;
		if (sscanf(dash, " - %31s %*s %255s", type, super) != 2)
			continue;
		snprintf(t->fs_type, sizeof(t->fs_type), "%s", type);
		snprintf(t->mount_options, sizeof(t->mount_options), "%.120s;%.120s", options,
			 super);
	}
	free(line);
	fclose(f);
}

/* In a chroot, mountinfo leaves out the file system that holds the root: its magic number tells. */
static void find_magic(struct target *t)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} known[] = {
		{EXT4_SUPER_MAGIC, "ext2/3/4"}, {XFS_SUPER_MAGIC, "xfs"},
		{BTRFS_SUPER_MAGIC, "btrfs"},   {F2FS_SUPER_MAGIC, "f2fs"},
		{TMPFS_MAGIC, "tmpfs"},         {OVERLAYFS_SUPER_MAGIC, "overlay"},
	};
	struct statfs fs;

	if (statfs(t->folder, &fs) != 0)
		return;
	snprintf(t->fs_type, sizeof(t->fs_type), "fs-0x%lx", (unsigned long)fs.f_type);
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if ((unsigned long)fs.f_type == known[i].magic)
			snprintf(t->fs_type, sizeof(t->fs_type), "%s", known[i].name);
	}
}

static int probe_existing(struct target *t, const struct stat *st, struct error *e)
{
	const char *path = t->folder, *name;
	char folder[256];

	if (S_ISDIR(st->st_mode)) {
		if (access(path, W_OK | X_OK) != 0)
			return error_set(e, -errno,
					 "can't make a file in %s: %s; name a folder that you may "
					 "write to",
					 path, strerror(errno));
		return 0;
	}
	if (!S_ISREG(st->st_mode))
		return error_set(e, -EINVAL, "%s is neither a folder nor a regular file; name one",
				 path);
	if (access(path, R_OK) != 0)
		return error_set(e, -errno, "can't read %s: %s; name a file that you may read",
				 path, strerror(errno));
	split_path(path, folder, sizeof(folder), &name);
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->folder, sizeof(t->folder), "%s", folder);
	t->foreign = true;
	t->size = (uint64_t)st->st_size;
	return 0;
}

/* Nothing is made in its place: where nothing is mounted that would be on another disk. */
static int say_missing(const struct target *t, int why, struct error *e)
{
	if (why == ENOENT)
		return error_set(e, -why, "%s doesn't exist; mount it, or give a folder that does",
				 t->folder);
	return error_set(e, -why, "can't look at %s: %s; give a folder that you may write to",
			 t->folder, strerror(why));
}

int target_probe(struct target *t, struct error *e)
{
	struct stat st;
	int ret;

	if (t->kind == TARGET_NULL)
		return 0;
	if (t->kind == TARGET_BLOCK)
		return target_block_probe(t, e);
	if (t->kind == TARGET_USERDRV)
		return target_userdrv_probe(t, e);
	if (stat(t->folder, &st) == 0) {
		ret = probe_existing(t, &st, e);
		if (ret)
			return ret;
	} else if (strncmp(t->text, "testbed:", 8) == 0 && getenv("BYPASS_TESTBED")) {
		return error_set(
			e, -ENOENT,
			"the testbed has no %s; xfs and ext4 are always there, pathfs after "
			"`make kmod`",
			t->text);
	} else if (strncmp(t->text, "testbed:", 8) == 0) {
		return error_set(
			e, -ENOENT,
			"%s is a medium of the testbed, which this machine isn't; add --testbed",
			t->text);
	} else {
		return say_missing(t, errno, e);
	}
	find_mount(t, st.st_dev);
	if (!t->fs_type[0])
		find_magic(t);
	device_find(&t->device, st.st_dev);
	t->page_cache_file = strcmp(t->fs_type, "tmpfs") != 0 && strcmp(t->fs_type, "ramfs") != 0;
	return 0;
}

static int check_space(const struct target *t, uint64_t size, struct error *e)
{
	struct statvfs vfs;
	uint64_t available;

	if (statvfs(t->folder, &vfs) != 0)
		return 0;
	available = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (available >= size)
		return 0;
	return error_set(e, -ENOSPC,
			 "%s has %llu MiB free and the workload needs %llu MiB; free some space or "
			 "give a smaller size=",
			 t->folder, (unsigned long long)(available >> 20),
			 (unsigned long long)((size + CHUNK - 1) >> 20));
}

static ssize_t read_target(const struct target *t, void *buffer, size_t nbytes, uint64_t at)
{
	ssize_t n;

	if (t->kind == TARGET_USERDRV)
		return target_userdrv_read(t, buffer, nbytes, at);
	n = pread(t->fd, buffer, nbytes, (off_t)at);
	return n < 0 ? -errno : n;
}

/*
 * Made by name and unlinked at once, not with O_TMPFILE, so that the file inherits the folder's
 * flags (the DAX flag) on every file system.
 */
static int make_file(struct target *t, struct error *e)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/.bypass-XXXXXX", t->folder);
	t->fd = mkostemp(path, O_CLOEXEC);
	if (t->fd < 0)
		return error_set(e, -errno,
				 "can't make a file in %s: %s; name a folder that you may "
				 "write to",
				 t->folder, strerror(errno));
	unlink(path);
	return 0;
}

static int open_foreign(struct target *t, uint64_t size, bool writes, struct error *e)
{
	char path[520];

	snprintf(path, sizeof(path), "%s/%s", t->folder, t->name);
	if (writes)
		return error_set(e, -EEXIST,
				 "%s exists and a workload would overwrite it; name a folder, in "
				 "which a file is made",
				 path);
	if (t->size < size)
		return error_set(
			e, -EINVAL,
			"%s has %llu bytes and the workload reads %llu; give a smaller size= "
			"or another file",
			path, (unsigned long long)t->size, (unsigned long long)size);
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return error_set(e, -errno, "can't open %s: %s; name a file that you may read",
				 path, strerror(errno));
	t->size = size;
	return 0;
}

int target_open(struct target *t, uint64_t size, bool writes, struct error *e)
{
	struct statx stx;
	int ret;

	if (t->kind == TARGET_NULL)
		return 0;
	if (t->kind == TARGET_BLOCK)
		return target_block_open(t, size, writes, e);
	if (t->kind == TARGET_USERDRV)
		return target_userdrv_open(t, size, writes, e);
	if (t->foreign)
		ret = open_foreign(t, size, writes, e);
	else
		ret = check_space(t, size, e);
	if (!ret && !t->foreign)
		ret = make_file(t, e);
	if (!ret && !t->foreign)
		ret = target_lay_out(t, size, e);
	if (ret) {
		target_close(t);
		return ret;
	}
	snprintf(t->proc_path, sizeof(t->proc_path), "/proc/self/fd/%d", t->fd);
	if (statx(t->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0)
		t->dax = stx.stx_attributes & STATX_ATTR_DAX;
	return 0;
}

void target_close(struct target *t)
{
	if (t->kind == TARGET_USERDRV)
		target_userdrv_close(t);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

json_t *target_describe(const struct target *t)
{
	json_t *json = json_object();

	if (t->kind == TARGET_NULL)
		return json;
	if (t->kind == TARGET_BLOCK) {
		target_block_describe(t, json);
		return json;
	}
	if (t->kind == TARGET_USERDRV) {
		target_userdrv_describe(t, json);
		return json;
	}
	json_object_set_new(json, "folder", json_string(t->folder));
	if (t->foreign)
		json_object_set_new(json, "file", json_string(t->name));
	json_object_set_new(json, "fs", json_string(t->fs_type));
	json_object_set_new(json, "mount_options", json_string(t->mount_options));
	json_object_set_new(json, "size_bytes", json_integer((json_int_t)t->size));
	json_object_set_new(json, "dax", json_boolean(t->dax));
	json_object_set_new(json, "device", device_describe(&t->device));
	return json;
}

int target_evict(struct target *t)
{
	if (t->kind == TARGET_USERDRV)
		return 0; /* no cache of the kernel's lies before it */
	/* Dirty pages can't be evicted: write them back first. */
	if (!t->foreign && fsync(t->fd) != 0)
		return -errno;
	return -posix_fadvise(t->fd, 0, 0, POSIX_FADV_DONTNEED);
}

int target_warm(struct target *t)
{
	char *buffer = malloc(CHUNK);
	int ret = 0;

	if (!buffer)
		return -ENOMEM;
	for (uint64_t at = 0; at < t->size && !ret; at += CHUNK) {
		if (pread(t->fd, buffer, CHUNK, (off_t)at) < 0)
			ret = -errno;
	}
	free(buffer);
	return ret;
}

static uint64_t reclaimed_pages(void)
{
	struct counted counts[NMACHINE_COUNTERS];

	machine_counters_read(counts);
	return counts[MACHINE_RECLAIMED_PAGES].value;
}

int target_press(struct target *t)
{
	struct random random = {.s = t->size};
	uint64_t before = UINT64_MAX, now;
	char page[PRESS_PAGE];
	int ret = 0;

	if (t->size < sizeof(page))
		return 0;
	/* Without it, neighbours would come in too, and more go than the pass finds gone. */
	posix_fadvise(t->fd, 0, 0, POSIX_FADV_RANDOM);
	for (unsigned int i = 0; i < PRESS_PAGES_MAX && !ret; i++) {
		uint64_t at = random_below(&random, t->size / sizeof(page)) * sizeof(page);

		if (i && i % PRESS_PAGES_AT_ONCE == 0) {
			/* What the kernel was still taking back for others ends in the first. */
			now = reclaimed_pages();
			if (now > before)
				break;
			before = now;
		}
		if (pread(t->fd, page, sizeof(page), (off_t)at) < 0)
			ret = -errno;
	}
	posix_fadvise(t->fd, 0, 0, POSIX_FADV_NORMAL);
	return ret;
}

/*
 * Of a file that the caller neither owns nor may write, mincore says "resident" of every page (see
 * can_do_mincore in the kernel): that is no answer.
 */
static bool residency_shown(const struct target *t)
{
	struct stat st;

	return geteuid() == 0 || (fstat(t->fd, &st) == 0 && st.st_uid == geteuid()) ||
	       access(t->proc_path, W_OK) == 0;
}

int64_t target_resident_pages(const struct target *t, uint64_t *total)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (t->size + page - 1) / page;
	unsigned char *vector;
	int64_t resident = 0;
	void *map;

	*total = pages;
	if (t->kind == TARGET_USERDRV)
		return -EOPNOTSUPP;
	if (!residency_shown(t))
		return -EPERM;
	map = mmap(NULL, t->size, PROT_READ, MAP_SHARED, t->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	vector = malloc(pages);
	if (!vector) {
		munmap(map, t->size);
		return -ENOMEM;
	}
	if (mincore(map, t->size, vector) != 0) {
		resident = -errno;
	} else {
		for (size_t i = 0; i < pages; i++)
			resident += vector[i] & 1;
	}
	free(vector);
	munmap(map, t->size);
	return resident;
}

int target_verify(struct target *t, uint64_t *where, const char **what)
{
	char *buffer = malloc(CHUNK);
	int ret = 0;

	if (!buffer)
		return -ENOMEM;
	for (uint64_t at = 0; at < t->size && !ret; at += CHUNK) {
		ssize_t n = read_target(t, buffer, CHUNK, at);
		struct pattern_fault fault;

		if (n < 0) {
			ret = (int)n;
			break;
		}
		if ((uint64_t)n > t->size - at)
			n = (ssize_t)(t->size - at);
		ret = pattern_check(buffer, (size_t)n, at, t->generation, &fault);
		if (!ret && (uint64_t)n < t->size - at && n < CHUNK) {
			fault = (struct pattern_fault){at + (uint64_t)n, "the end of the file"};
			ret = -EILSEQ;
		}
		if (ret) {
			*where = fault.offset;
			*what = fault.what;
		}
	}
	free(buffer);
	return ret;
}

int64_t target_count_newest(const struct target *t)
{
	char *buffer = malloc(CHUNK);
	int64_t newest = 0;

	if (!buffer)
		return -ENOMEM;
	for (uint64_t at = 0; at < t->size; at += CHUNK) {
		ssize_t n = read_target(t, buffer, CHUNK, at);

		if (n < 0) {
			newest = n;
			break;
		}
		if ((uint64_t)n > t->size - at)
			n = (ssize_t)(t->size - at);
		for (ssize_t i = 0; i + (ssize_t)PATTERN_SECTOR <= n; i += PATTERN_SECTOR) {
			const struct pattern_stamp *stamp =
				(const struct pattern_stamp *)(buffer + i);

			newest += stamp->generation == t->generation;
		}
	}
	free(buffer);
	return newest;
}
