// SPDX-License-Identifier: MIT
#include "core/holds.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/pci_device.h"
#include "core/sysfs.h"

/* Devices on devices on devices: LVM on LUKS on md on partitions is 4. */
#define DEEPEST 16

__attribute__((format(printf, 3, 4))) static int found(struct holds *h, const char *type,
						       const char *format, ...)
{
	va_list args;

	snprintf(h->type, sizeof(h->type), "%s", type);
	va_start(args, format);
	vsnprintf(h->what, sizeof(h->what), format, args);
	va_end(args);
	return 1;
}

static int unknown(struct holds *h, int error, const char *why)
{
	found(h, "unknown", "%s", why);
	return error;
}

/* Of a path such as /dev/mapper/x, which is a link to /dev/dm-0, the last name. */
static bool is_path_of(const char *path, const char *disk)
{
	char resolved[PATH_MAX];
	const char *slash;

	if (strncmp(path, "/dev/", 5) != 0)
		return false;
	if (!realpath(path, resolved))
		snprintf(resolved, sizeof(resolved), "%s", path);
	slash = strrchr(resolved, '/');
	return strcmp(slash + 1, disk) == 0;
}

/*
 * /proc/self/mountinfo: "36 35 259:1 /root /mount/point options - type source options". btrfs has a
 * device number of its own there (0:N), so the source is compared as well.
 */
static int find_mount(const char *disk, struct holds *h)
{
	char path[PATH_MAX], number[32], *line = NULL;
	size_t size = 0;
	int ret = 0;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/self/mountinfo");
	f = fopen(path, "re");
	if (!f)
		return unknown(h, -errno, strerror(errno));
	if (!sysfs_read(number, sizeof(number), "/sys/class/block/%s/dev", disk))
		ret = unknown(h, -ENODEV, "its device number can't be read");
	while (!ret && getline(&line, &size, f) > 0) {
		char device[32], point[128], source[256];
		const char *dash = strstr(line, " - ");

		if (sscanf(line, "%*d %*d %31s %*s %127s", device, point) != 2)
			continue;
		if (!dash || sscanf(dash, " - %*s %255s", source) != 1)
			source[0] = '\0';
		if (strcmp(device, number) == 0 || is_path_of(source, disk))
			ret = found(h, "mounted", "mounted on %s", point);
	}
	free(line);
	fclose(f);
	return ret;
}

static int find_swap(const char *disk, struct holds *h)
{
	char path[PATH_MAX], *line = NULL, used[256];
	size_t size = 0;
	int ret = 0;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/swaps");
	f = fopen(path, "re");
	if (!f) /* a kernel without swap */
		return errno == ENOENT ? 0 : unknown(h, -errno, strerror(errno));
	while (!ret && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%255s", used) == 1 && is_path_of(used, disk))
			ret = found(h, "swap", "swap that is in use");
	}
	free(line);
	fclose(f);
	return ret;
}

static int find_use(const char *disk, unsigned int depth, struct holds *h);

/* What the holders are used for says more than that they are there. */
static int find_holder(const char *disk, unsigned int depth, struct holds *h)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, "/sys/class/block/%s/holders", disk);
	int ret = 0;

	if (count < 0)
		return unknown(h, count, strerror(-count));
	for (int i = 0; i < count && !ret; i++)
		ret = find_use(entries[i]->d_name, depth + 1, h);
	if (count && !ret)
		ret = found(h, "held", "held by %s", entries[0]->d_name);
	sysfs_free_entries(entries, count);
	return ret;
}

static int find_partition(const char *disk, unsigned int depth, struct holds *h)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, "/sys/class/block/%s", disk);
	unsigned int partitions = 0;
	int ret = 0;

	if (count < 0)
		return unknown(h, count, strerror(-count));
	for (int i = 0; i < count && !ret; i++) {
		if (!sysfs_exists("/sys/class/block/%s/%s/partition", disk, entries[i]->d_name))
			continue;
		partitions++;
		ret = find_use(entries[i]->d_name, depth + 1, h);
	}
	sysfs_free_entries(entries, count);
	if (partitions && !ret)
		ret = found(h, "partitions", "a partition table (%u partition%s)", partitions,
			    partitions == 1 ? "" : "s");
	return ret;
}

/* By what the kernel knows, without reading the disk. */
static int find_use(const char *disk, unsigned int depth, struct holds *h)
{
	int ret;

	if (depth > DEEPEST)
		return unknown(h, -ELOOP, "too many devices stand on each other");
	ret = find_mount(disk, h);
	if (!ret)
		ret = find_swap(disk, h);
	if (!ret)
		ret = find_holder(disk, depth, h);
	if (!ret)
		ret = find_partition(disk, depth, h);
	return ret;
}

static const char *value(blkid_probe probe, const char *name)
{
	const char *data;

	return blkid_probe_lookup_value(probe, name, &data, NULL) ? "" : data;
}

/* "an xfs", "a btrfs": vowels, and consonants that are spelled out and begin with one. */
static const char *article(const char *name)
{
	static const char *const spelled[] = {"xfs", "f2fs", "ntfs", "hfs", "hfsplus"};

	for (unsigned int i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
		if (strcmp(name, spelled[i]) == 0)
			return "an";
	}
	return strchr("aeio", name[0]) ? "an" : "a";
}

static int describe_signature(blkid_probe probe, struct holds *h)
{
	const char *type = value(probe, "TYPE"), *usage = value(probe, "USAGE");
	const char *suffix = strrchr(type, '_');

	if (!type[0])
		return found(h, value(probe, "PTTYPE"), "a partition table (%s)",
			     value(probe, "PTTYPE"));
	if (strcmp(type, "swap") == 0)
		return found(h, type, "swap");
	if (strcmp(usage, "crypto") == 0)
		return found(h, type, "an encrypted volume (%s)", type);
	if (strcmp(usage, "raid") == 0 || (suffix && strcmp(suffix, "_member") == 0))
		return found(h, type, "a member of a volume (%s)", type);
	if (strcmp(usage, "filesystem") == 0)
		return found(h, type, "%s %s file system", article(type), type);
	return found(h, type, "a signature of %s", type);
}

/*
 * 0: found; 1: nothing; negative: it failed. A damaged superblock and a backup GPT without the
 * first one count too: better refuse once too often. Not libblkid's "safe" probing, for which two
 * things at once are nothing.
 */
static int probe_signatures(blkid_probe probe, int fd)
{
	if (blkid_probe_set_device(probe, fd, 0, 0) || blkid_probe_enable_superblocks(probe, 1) ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
							     BLKID_SUBLKS_BADCSUM) ||
	    blkid_probe_enable_partitions(probe, 1) ||
	    blkid_probe_set_partitions_flags(probe, BLKID_PARTS_FORCE_GPT))
		return -EIO;
	return blkid_do_probe(probe);
}

static int find_signature(int fd, struct holds *h)
{
	blkid_probe probe;
	char sector[512];
	int ret = 0;

	/* What can't be read must not look empty, whatever libblkid makes of it. */
	switch (pread(fd, sector, sizeof(sector), 0)) {
	case sizeof(sector):
		break;
	case -1:
		return unknown(h, -errno, strerror(errno));
	default:
		return unknown(h, -ENOMEDIUM, "it has no sector that could be read");
	}
	probe = blkid_new_probe();
	if (!probe)
		return unknown(h, -ENOMEM, "out of memory");
	switch (probe_signatures(probe, fd)) {
	case 0:
		ret = describe_signature(probe, h);
		break;
	case 1:
		break;
	default:
		ret = unknown(h, -EIO, "libblkid can't read it");
	}
	blkid_free_probe(probe);
	return ret;
}

static void begin(struct holds *h, const char *device)
{
	snprintf(h->device, sizeof(h->device), "%.63s", device);
	snprintf(h->what, sizeof(h->what), "nothing");
	snprintf(h->type, sizeof(h->type), "none");
}

/* A block device's name in sysfs, which another name in /dev (by-id, mapper) doesn't show. */
static int find_disk_use(const struct stat *st, struct holds *h)
{
	char disk[64];

	if (!S_ISBLK(st->st_mode))
		return 0;
	if (!sysfs_read_link(disk, sizeof(disk), "/sys/dev/block/%u:%u", major(st->st_rdev),
			     minor(st->st_rdev)))
		return unknown(h, -ENODEV, "sysfs doesn't know it");
	return find_use(disk, 0, h);
}

int device_holds_claimed(int fd, const char *block_device, struct holds *h)
{
	struct stat st;
	int ret;

	begin(h, block_device);
	if (fstat(fd, &st) != 0)
		return unknown(h, -errno, strerror(errno));
	ret = find_disk_use(&st, h);
	return ret ? ret : find_signature(fd, h);
}

/* O_EXCL fails where a mount, a dm or md device, swap or a careful program has claimed the disk. */
static int claim_and_look(const char *path, struct holds *h)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC), ret;

	if (fd < 0 && errno == EBUSY)
		return found(h, "claimed", "in use by somebody who claimed it");
	if (fd < 0)
		return unknown(h, -errno, strerror(errno));
	ret = find_signature(fd, h);
	close(fd);
	return ret;
}

int device_holds(const char *block_device, struct holds *h)
{
	struct stat st;
	int ret;

	begin(h, block_device);
	if (stat(block_device, &st) != 0)
		return unknown(h, -errno, strerror(errno));
	ret = find_disk_use(&st, h);
	return ret ? ret : claim_and_look(block_device, h);
}

static int disk_holds(const char *disk, struct holds *h)
{
	char path[PATH_MAX];
	int ret;

	begin(h, disk);
	ret = find_use(disk, 0, h);
	if (ret)
		return ret;
	sysfs_path(path, sizeof(path), "/dev/%s", disk);
	return claim_and_look(path, h);
}

int controller_holds(const char *controller, struct holds *h)
{
	struct nvme_disks disks;
	char state[32];
	int ret;

	begin(h, controller);
	sysfs_read(state, sizeof(state), "/sys/class/nvme/%s/state", controller);
	if (strcmp(state, "live") != 0)
		return unknown(h, -ENODEV, "the controller isn't live");
	ret = nvme_disks_find(&disks, controller);
	if (ret)
		return unknown(h, ret, strerror(-ret));
	if (!disks.count)
		ret = unknown(h, -ENODEV, "the controller shows no namespace");
	for (unsigned int i = 0; i < disks.count && !ret; i++)
		ret = disk_holds(disks.names[i], h);
	nvme_disks_free(&disks);
	return ret;
}
