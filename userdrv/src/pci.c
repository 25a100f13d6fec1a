// SPDX-License-Identifier: MIT
#include "pci.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userdrv.h"

#define DEVICES "/sys/bus/pci/devices"

/* Strict, since the address becomes part of a path. */
int ud_pci_address(const char *text, char *address, size_t nbytes)
{
	unsigned int domain = 0, bus, slot, function;
	int used = 0;

	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return -EINVAL;
	if (sscanf(text, "%5x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &used) != 4 ||
	    text[used]) {
		domain = 0;
		used = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &used) != 3 || text[used])
			return -EINVAL;
	}
	if (slot > 31 || function > 7)
		return -EINVAL;
	snprintf(address, nbytes, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return 0;
}

/* The number in an attribute, or @fallback. */
static long read_number(const char *address, const char *attribute, long fallback)
{
	char path[128], text[32], *end;
	long number;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", address, attribute);
	file = fopen(path, "re");
	if (!file)
		return fallback;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	number = strtol(text, &end, 0);
	return end == text ? fallback : number;
}

/* The last part of what a link in the device's folder points to; "" when there is no such link. */
static void read_link_name(const char *address, const char *link, char *name, size_t nbytes)
{
	char path[128], target[256];
	const char *slash;
	ssize_t length;

	name[0] = 0;
	snprintf(path, sizeof(path), DEVICES "/%s/%s", address, link);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = 0;
	slash = strrchr(target, '/');
	snprintf(name, nbytes, "%s", slash ? slash + 1 : target);
}

int ud_pci_read(const char *address, struct ud_pci_device *device)
{
	char group[16];
	long class_code;
	int err;

	memset(device, 0, sizeof(*device));
	err = ud_pci_address(address, device->address, sizeof(device->address));
	if (err)
		return err;
	class_code = read_number(device->address, "class", -1);
	if (class_code < 0)
		return -ENODEV;
	device->class_code = (uint32_t)class_code;
	device->numa_node = (int)read_number(device->address, "numa_node", -1);
	read_link_name(device->address, "driver", device->driver, sizeof(device->driver));
	read_link_name(device->address, "iommu_group", group, sizeof(group));
	device->iommu_group = group[0] ? (int)strtol(group, NULL, 10) : -1;
	return 0;
}

/* Besides vfio-pci there are variants of it, all named so: mlx5-vfio-pci, nvme-vfio-pci, ... */
int ud_pci_driver_is_vfio(const char *driver)
{
	const size_t length = strlen(driver), suffix = strlen("vfio-pci");

	return length >= suffix && !strcmp(driver + length - suffix, "vfio-pci");
}

/*
 * "Viable" in Documentation/driver-api/vfio.rst: each device of the group has a vfio driver, none,
 * pci-stub, or one that does no DMA of its own.
 */
static int leaves_group_viable(const char *driver)
{
	return !driver[0] || ud_pci_driver_is_vfio(driver) || !strcmp(driver, "pci-stub") ||
	       !strcmp(driver, "pcieport");
}

int ud_pci_group_intruder(const struct ud_pci_device *device, struct ud_pci_device *other)
{
	const struct dirent *entry;
	char path[128];
	int found = 0;
	DIR *folder;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group/devices", device->address);
	folder = opendir(path);
	if (!folder)
		return 0;
	while (!found && (entry = readdir(folder)))
		found = !ud_pci_read(entry->d_name, other) && !leaves_group_viable(other->driver);
	closedir(folder);
	return found;
}
