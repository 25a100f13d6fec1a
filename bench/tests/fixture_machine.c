// SPDX-License-Identifier: MIT
#include "tests/fixture_machine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sysfs.h"
#include "tests/fixture_files.h"

static char *root;

void machine_command(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd '%s' && PATH=$PATH:/usr/sbin:/sbin && (%s) >log 2>&1",
		 root, command);
	cr_assert_eq(system(line), 0, "%s", command);
}

const char *machine_path(const char *path)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *buffer = paths[next++ % 4];

	snprintf(buffer, PATH_MAX, "%s%s", root, path);
	return buffer;
}

static void make_parents(const char *path)
{
	char command[400];

	snprintf(command, sizeof(command), "mkdir -p \"$(dirname './%.300s')\"", path);
	machine_command(command);
}

static void write_file(const char *path, const char *text, const char *mode)
{
	FILE *f;

	make_parents(path);
	f = fopen(machine_path(path), mode);
	cr_assert_not_null(f, "%s", path);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

void machine_file(const char *path, const char *text)
{
	write_file(path, text, "we");
}

void machine_append(const char *path, const char *text)
{
	write_file(path, text, "ae");
}

void machine_link(const char *path, const char *target)
{
	make_parents(path);
	cr_assert(symlink(target, machine_path(path)) == 0 || errno == EEXIST, "%s", path);
}

const char *machine_text(const char *path)
{
	static char text[4096];
	FILE *f = fopen(machine_path(path), "re");
	size_t n;

	cr_assert_not_null(f, "%s", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

void machine_make(void)
{
	root = fixture_folder_make();
	cr_assert_eq(chmod(root, 0755), 0);
	sysfs_root = root;
	machine_file("/proc/self/mountinfo", "25 1 8:1 / / rw - ext4 /dev/other rw\n");
	machine_file("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
	machine_command("mkdir -p sys/bus/pci/devices sys/class/nvme dev");
	machine_file("/sys/bus/pci/drivers_probe", "");
}

void machine_remove(void)
{
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	fixture_folder_remove(root);
}

void machine_become_nobody(void)
{
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
}

void machine_pci(const char *address, const char *class_code, const char *driver, int group)
{
	char path[200], target[200];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", address);
	machine_file(path, class_code);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", address);
	machine_file(path, "(null)\n");
	if (driver[0]) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
		machine_link(path, target);
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/unbind", driver);
		machine_file(path, "");
	}
	if (group >= 0) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
		snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
		machine_link(path, target);
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", group,
			 address);
		machine_file(path, "");
	}
}

void machine_controller(const char *address, int number, const char *serial)
{
	char path[200], text[80];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/nvme/nvme%d/x", address, number);
	machine_file(path, "");
	snprintf(path, sizeof(path), "/sys/class/nvme/nvme%d/serial", number);
	snprintf(text, sizeof(text), "%-20s\n", serial);
	machine_file(path, text);
	snprintf(path, sizeof(path), "/sys/class/nvme/nvme%d/state", number);
	machine_file(path, "live\n");
}

void machine_disk(const char *disk, const char *number)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/class/block/%s/dev", disk);
	machine_file(path, number);
	snprintf(path, sizeof(path), "/dev/%s", disk);
	machine_file(path, "");
	cr_assert_eq(truncate(machine_path(path), 16 << 20), 0);
}

void machine_namespace(int controller, const char *entry, const char *disk, const char *number)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/class/nvme/nvme%d/%s/x", controller, entry);
	machine_file(path, "");
	machine_disk(disk, number);
}
