// SPDX-License-Identifier: MIT
/* Rows of targets: each path's own probe is asked, and what it says against it is kept. */
#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/holds.h"
#include "core/memory.h"
#include "core/program.h"
#include "core/sysfs.h"
#include "core/target.h"
#include "report/format.h"

#define NAME_WIDTH  24
#define STATE_WIDTH 6

void probe_row(const char *what, const char *state, const char *text)
{
	size_t column = NAME_WIDTH + 1 + STATE_WIDTH + 1;
	char *words = program_in_text(text);

	format_plain(stdout, what);
	/* A longer name has a line of its own. */
	if (format_width(what) > NAME_WIDTH)
		printf("\n%*s", NAME_WIDTH, "");
	else
		printf("%*s", (int)(NAME_WIDTH - format_width(what)), "");
	printf(" %-*s ", STATE_WIDTH, state);
	format_wrap(stdout, column, column, words);
	free(words);
}

void probe_below(const char *text)
{
	char *command = program_in_text(text);

	fputs("  ", stdout);
	format_wrap(stdout, 2, 2, command);
	free(command);
}

/* Whether files made in that folder would not be DAX, although the device could: false where it
 * can't be told. */
static bool dax_is_off(const struct target *t)
{
	struct fsxattr attributes;
	bool off = false;
	int fd;

	if (t->kind != TARGET_FILE)
		return true;
	if (strstr(t->mount_options, "dax=never"))
		return true;
	if (strstr(t->mount_options, "dax=always"))
		return false;
	fd = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0)
		off = !(attributes.fsx_xflags & FS_XFLAG_DAX);
	close(fd);
	return off;
}

static int probe_path(const struct path_ops *ops, const struct target *t, struct unavailable *why)
{
	struct workload w;
	int ret;

	workload_defaults(&w);
	snprintf(w.path, sizeof(w.path), "%s", ops->name);
	ret = path_probe(ops, &w, t, why);
	if (ret || !(ops->traits & PATH_DAX) || !dax_is_off(t))
		return ret;
	snprintf(why->reason, sizeof(why->reason), "new files in %.150s are not DAX", t->folder);
	if (strstr(t->mount_options, "dax=never"))
		snprintf(why->remedy, sizeof(why->remedy),
			 "sudo umount /dev/%s && sudo mount -o dax=always /dev/%s %.100s",
			 t->device.part, t->device.part, t->folder);
	else
		snprintf(why->remedy, sizeof(why->remedy), "sudo xfs_io -c 'chattr +x' %.150s",
			 t->folder);
	return -EOPNOTSUPP;
}

/* How much the answer of @ops about @t says of the machine: the more it is like what it needs. */
static unsigned int likeness(const struct path_ops *ops, const struct target *t)
{
	if (t->kind == TARGET_USERDRV)
		return ops->traits & PATH_USER_DRIVER ? 4 : 0;
	if (ops->traits & PATH_DAX)
		return t->device.dax ? 3 : 1;
	if (t->kind == TARGET_BLOCK)
		return 3;
	return t->device.known ? 2 : 1;
}

/* Names of the paths that can run on @t: the caller frees them. */
static char *ready_paths(struct probe *p, const struct target *t)
{
	char *names;
	size_t size;
	FILE *stream = memory_stream(&names, &size);

	for (unsigned int i = 0; i < PROBE_PATHS_MAX && path_table[i]; i++) {
		const struct path_ops *ops = path_table[i];
		struct unavailable why = {"", ""};

		if (ops->traits & PATH_NOTHING)
			continue;
		if (!probe_path(ops, t, &why)) {
			fprintf(stream, "%s ", ops->name);
			p->path[i].ready = true;
		} else if (likeness(ops, t) > p->path[i].likeness) {
			p->path[i].likeness = likeness(ops, t);
			p->path[i].why = why;
		}
	}
	fclose(stream);
	return names;
}

static void describe_holds(const struct target *t, char *text, size_t size)
{
	if (t->kind == TARGET_USERDRV)
		snprintf(text, size, "%s", t->device.pci[0] ? "bound to vfio-pci" : "a model");
	else
		snprintf(text, size, "%s%s%s", t->fs_type, t->device.known ? " on " : "",
			 t->device.known ? t->device.part : "");
}

bool probe_show_target(struct probe *p, const char *text, const char *holds)
{
	char described[256], *paths;
	struct target t;
	struct error e;

	if (target_parse(&t, text, &e) || target_probe(&t, &e)) {
		probe_row(text, "no", e.text);
		return false;
	}
	describe_holds(&t, described, sizeof(described));
	probe_row(t.text, "ready", holds ? holds : described);
	paths = ready_paths(p, &t);
	probe_below(paths);
	free(paths);
	return true;
}

/* Mounts on a device that can do DAX, and the testbed's media; each device once. */
static void show_mounts(struct probe *p)
{
	char path[300], seen[64] = "", *line = NULL;
	size_t size = 0;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/self/mountinfo");
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0) {
		unsigned int maj, min;
		char point[200], text[224];
		struct device device;

		if (sscanf(line, "%*d %*d %u:%u %*s %199s", &maj, &min, point) != 3 || !maj)
			continue;
		device_find(&device, makedev(maj, min));
		if (!device.known || !(device.dax || strncmp(point, "/testbed/", 9) == 0))
			continue;
		if (strncmp(point, "/testbed/.", 10) == 0 ||
		    (strcmp(device.part, seen) == 0 && !getenv("BYPASS_TESTBED")))
			continue;
		snprintf(seen, sizeof(seen), "%s", device.part);
		snprintf(text, sizeof(text), "file:%s", point);
		probe_show_target(p, text, NULL);
		if (!p->unwritable[0] && device.dax && access(point, W_OK | X_OK) != 0)
			snprintf(p->unwritable, sizeof(p->unwritable), "%s", point);
	}
	free(line);
	if (f)
		fclose(f);
}

/* The namespace that @disk is made of: itself, or what a layer above it (pfn0.0, btt0.0) names. */
static void find_namespace(const char *disk, char *name, size_t size)
{
	if (!sysfs_read(name, size, "/sys/block/%s/device/namespace", disk))
		sysfs_read_link(name, size, "/sys/block/%s/device", disk);
}

/* A command for @held, what a disk of persistent memory holds; "" where none is safe. */
static void pmem_command(const char *disk, bool maps, int held, const struct holds *holds,
			 char *command, size_t size)
{
	char name[64];

	command[0] = '\0';
	if (held < 0) {
		snprintf(command, size, "run bypass with sudo");
	} else if (!maps && held == 0) {
		find_namespace(disk, name, sizeof(name));
		snprintf(command, size, "sudo ndctl create-namespace -f -m fsdax -e %s",
			 name[0] ? name : "NAMESPACE");
	} else if (held == 0) {
		snprintf(command, size,
			 "sudo mkfs.xfs -m reflink=0 /dev/%s && sudo mount -o dax=always /dev/%s "
			 "/mnt",
			 disk, disk);
	} else if (maps && (strcmp(holds->type, "xfs") == 0 || strcmp(holds->type, "ext4") == 0)) {
		snprintf(command, size, "sudo mount -o dax=always /dev/%s /mnt", disk);
	}
}

/* Persistent memory that no row of a mount shows, and what would make one, if nothing is lost. */
static void show_pmem(struct probe *p, const char *disk)
{
	char device[80], target[96], text[256], command[256], dax[8];
	struct holds holds = {"", "", ""};
	bool maps;
	int held;

	p->pmem = true;
	snprintf(device, sizeof(device), "/dev/%s", disk);
	snprintf(target, sizeof(target), "block:%s", device);
	held = device_holds(device, &holds);
	maps = sysfs_read(dax, sizeof(dax), "/sys/block/%s/queue/dax", disk) && dax[0] == '1';
	if (maps && strcmp(holds.type, "mounted") == 0)
		return;
	snprintf(text, sizeof(text), "%s%s", held == 0 ? "empty" : holds.what,
		 maps ? "" : "; not in mode fsdax, so it can't be mapped");
	pmem_command(disk, maps, held, &holds, command, sizeof(command));
	probe_row(target, maps && held >= 0 && command[0] ? "mount" : "no", text);
	if (command[0])
		probe_below(command);
}

static int starts_as_pmem(const struct dirent *entry)
{
	return strncmp(entry->d_name, "pmem", 4) == 0;
}

void probe_show_memory(struct probe *p)
{
	struct dirent **entries;
	int count;

	show_mounts(p);
	count = sysfs_entries(&entries, starts_as_pmem, "/sys/block");
	for (int i = 0; i < count; i++)
		show_pmem(p, entries[i]->d_name);
	sysfs_free_entries(entries, count);
}
