// SPDX-License-Identifier: MIT
/*
 * A whole disk or partition by the kernel's driver. It is written only where two things hold: it is
 * the testbed's disk or its serial number was typed, and nothing is on it. All others are only
 * read.
 */
#include "core/target_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/holds.h"
#include "core/pci_device.h"
#include "core/sysfs.h"

#define TESTBED_DISK "testbed:disk"

const char *target_writable_serial;

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool target_block_matches(const char *text)
{
	const size_t length = strlen(text), suffix = strlen("/vfio");

	if (length >= suffix && strcmp(text + length - suffix, "/vfio") == 0)
		return false; /* by our driver */
	if (strcmp(text, "/dev/shm") == 0 || begins_with(text, "/dev/shm/"))
		return false; /* a folder of files */
	return begins_with(text, "block:") || begins_with(text, "/dev/") ||
	       begins_with(text, "nvme:") || strcmp(text, TESTBED_DISK) == 0;
}

int target_block_parse(struct target *t, const char *text, struct error *e)
{
	t->kind = TARGET_BLOCK;
	snprintf(t->text, sizeof(t->text), "%s%s", begins_with(text, "/dev/") ? "block:" : "",
		 text);
	if (strcmp(t->text, "block:") == 0 || strcmp(t->text, "block:/dev/") == 0)
		return error_set(e, -EINVAL,
				 "target '%s' names no disk; write block:/dev/NAME, see `lsblk`",
				 text);
	if (begins_with(t->text, "block:") && !begins_with(t->text, "block:/dev/"))
		return error_set(e, -EINVAL,
				 "target '%s' is no disk's path; write block:/dev/NAME, see "
				 "`lsblk`, or file:PATH for a file",
				 text);
	if (strcmp(t->text, "nvme:") == 0)
		return error_set(e, -EINVAL,
				 "target '%s' names no disk; write nvme:SERIAL, see `lsblk -o "
				 "NAME,SERIAL`",
				 text);
	return 0;
}

/* The path of the disk, and what it is now: a link may lead elsewhere next time. */
static int find_path(const struct target *t, char *path, size_t size, struct error *e)
{
	char link[PATH_MAX], disk[64];
	int ret;

	if (strcmp(t->text, TESTBED_DISK) == 0) {
		sysfs_path(link, sizeof(link), "/testbed/disk/block");
		if (!realpath(link, path))
			return error_set(e, -ENOENT,
					 "%s is a medium of the testbed, which this machine isn't; "
					 "add --testbed",
					 t->text);
		return 0;
	}
	if (begins_with(t->text, "nvme:")) {
		ret = nvme_find_serial(t->text + 5, disk, sizeof(disk), e);
		if (!ret)
			sysfs_path(path, size, "/dev/%s", disk);
		return ret;
	}
	snprintf(path, size, "%s", t->text + strlen("block:"));
	return 0;
}

static void keep_path(struct target *t, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(t->folder, sizeof(t->folder), "%.*s", (int)(slash - path), path);
	snprintf(t->name, sizeof(t->name), "%s", slash + 1);
}

static void get_path(const struct target *t, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", t->folder, t->name);
}

/* Where the kernel knows it: of an NVMe disk with the controller, of a virtio disk with the disk.
 */
static void read_serial(const struct target *t, char *serial, size_t size)
{
	serial[0] = '\0';
	if (!t->device.known)
		return;
	if (!sysfs_read(serial, size, "/sys/block/%s/device/serial", t->device.name))
		sysfs_read(serial, size, "/sys/block/%s/serial", t->device.name);
}

static bool may_be_written(const struct target *t)
{
	char serial[64];

	if (strcmp(t->text, TESTBED_DISK) == 0)
		return true;
	read_serial(t, serial, sizeof(serial));
	return serial[0] && target_writable_serial && strcmp(serial, target_writable_serial) == 0;
}

static int open_to_read(const char *path, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return error_set(e, -errno,
				 "can't read %s: %s; run bypass with sudo, or do: sudo setfacl -m "
				 "u:$USER:r %s",
				 path, strerror(errno), path);
	return error_set(e, -errno, "can't read %s: %s; see `dmesg`, or name another disk", path,
			 strerror(errno));
}

int target_block_probe(struct target *t, struct error *e)
{
	char path[PATH_MAX];
	struct holds holds;
	struct stat st;
	int fd, ret;

	ret = find_path(t, path, sizeof(path), e);
	if (ret)
		return ret;
	if (stat(path, &st) != 0)
		return error_set(e, -errno, "%s: %s; name a disk or partition, see `lsblk`", path,
				 strerror(errno));
	if (!S_ISBLK(st.st_mode))
		return error_set(e, -ENOTBLK,
				 "%s is no block device; name a disk or partition, see `lsblk`",
				 path);
	keep_path(t, path);
	fd = open_to_read(path, e);
	if (fd < 0)
		return fd;
	ret = ioctl(fd, BLKGETSIZE64, &t->size) == 0 ? 0 : -errno;
	close(fd);
	if (ret || !t->size)
		return error_set(e, ret ? ret : -ENOMEDIUM,
				 "%s has no size%s%s; name a disk with a medium in it", path,
				 ret ? ": " : "", ret ? strerror(-ret) : "");
	device_find(&t->device, st.st_rdev);
	device_holds(path, &holds);
	snprintf(t->fs_type, sizeof(t->fs_type), "%s", holds.type);
	t->page_cache_file = true;
	t->foreign = !may_be_written(t);
	return 0;
}

static int refuse_contents(const char *path, int result, const struct holds *holds, struct error *e)
{
	if (result < 0)
		return error_set(e, result,
				 "whether %s is empty can't be told (%s), and a workload would "
				 "overwrite it; name a disk that is known to be empty",
				 path, holds->what);
	return error_set(e, -EBUSY,
			 "%s isn't empty (%s), and a workload would overwrite it; name an empty "
			 "disk",
			 path, holds->what);
}

/* A workload would write to a disk of which nobody said that it may. */
static int refuse_writes(const struct target *t, const char *path, struct error *e)
{
	struct holds holds;
	char serial[64];
	int ret = device_holds(path, &holds);

	if (ret)
		return refuse_contents(path, ret, &holds, e);
	read_serial(t, serial, sizeof(serial));
	if (!serial[0])
		return error_set(e, -EPERM,
				 "%s has no serial number by which --allow-writes could name it, "
				 "so it is only read; take rw=randread or a file on it",
				 path);
	if (target_writable_serial)
		return error_set(e, -EPERM,
				 "--allow-writes names serial number %s, but that of %s is %s; if "
				 "its contents may be lost, give --allow-writes=%s",
				 target_writable_serial, path, serial, serial);
	return error_set(e, -EPERM,
			 "%s is only read unless its serial number is given; if its contents may "
			 "be lost, add --allow-writes=%s",
			 path, serial);
}

static int open_foreign(struct target *t, const char *path, bool writes, struct error *e)
{
	t->foreign = true;
	if (writes)
		return refuse_writes(t, path, e);
	t->fd = open_to_read(path, e);
	return t->fd < 0 ? t->fd : 0;
}

/*
 * Claims the disk first and looks then, so that nobody can mount it in between. Where something is
 * on it, a workload that only reads can still have it.
 */
static int open_to_write(struct target *t, const char *path, uint64_t size, bool writes,
			 struct error *e)
{
	struct holds holds;
	int ret;

	t->fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (t->fd >= 0)
		ret = device_holds_claimed(t->fd, path, &holds);
	else if (errno == EBUSY)
		ret = device_holds(path, &holds);
	else
		return error_set(e, -errno,
				 "can't open %s for writing: %s; run bypass with sudo, and see "
				 "that the disk isn't write-protected",
				 path, strerror(errno));
	if (t->fd >= 0 && !ret) {
		t->foreign = false;
		return target_lay_out(t, size, e);
	}
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	if (writes)
		return refuse_contents(path, ret, &holds, e);
	return open_foreign(t, path, writes, e);
}

int target_block_open(struct target *t, uint64_t size, bool writes, struct error *e)
{
	char path[PATH_MAX];
	int ret;

	get_path(t, path, sizeof(path));
	if (t->size < size)
		return error_set(e, -EINVAL,
				 "%s has %llu bytes and the workload needs %llu; give a smaller "
				 "size= or another disk",
				 path, (unsigned long long)t->size, (unsigned long long)size);
	if (may_be_written(t))
		ret = open_to_write(t, path, size, writes, e);
	else
		ret = open_foreign(t, path, writes, e);
	if (ret) {
		if (t->fd >= 0)
			close(t->fd);
		t->fd = -1;
		return ret;
	}
	t->size = size;
	snprintf(t->proc_path, sizeof(t->proc_path), "/proc/self/fd/%d", t->fd);
	return 0;
}

void target_block_describe(const struct target *t, json_t *json)
{
	char path[PATH_MAX];

	get_path(t, path, sizeof(path));
	json_object_set_new(json, "file", json_string(path));
	json_object_set_new(json, "fs", json_string(t->fs_type));
	json_object_set_new(json, "size_bytes", json_integer((json_int_t)t->size));
	json_object_set_new(json, "device", device_describe(&t->device));
}
