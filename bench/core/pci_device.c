// SPDX-License-Identifier: MIT
#include "core/pci_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sysfs.h"
#include "userdrv/include/userdrv.h"

#define DEVICES "/sys/bus/pci/devices"

/* Mass storage, non-volatile memory, NVM Express I/O controller [NVMe 1.4, 2.1.5]. */
#define CLASS_NVME 0x010802u

/* "nvme0", but neither "nvme0n1" nor "nvme-fabrics". */
static bool is_number_name(const char *name, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 && name[n] &&
	       strspn(name + n, "0123456789") == strlen(name + n);
}

static int is_controller(const struct dirent *entry)
{
	return is_number_name(entry->d_name, "nvme");
}

static void find_controller(struct pci_device *device)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, is_controller, DEVICES "/%s/nvme", device->address);

	if (count > 0) {
		snprintf(device->controller, sizeof(device->controller), "%.31s",
			 entries[0]->d_name);
		sysfs_read(device->serial, sizeof(device->serial), "/sys/class/nvme/%s/serial",
			   device->controller);
	}
	sysfs_free_entries(entries, count);
}

int pci_device_read(struct pci_device *device, const char *text, struct error *e)
{
	char line[32], group[16];

	memset(device, 0, sizeof(*device));
	if (ud_pci_address(text, device->address, sizeof(device->address)))
		return error_set(e, -EINVAL,
				 "'%.40s' is no PCI address; write one like 0000:01:00.0, see "
				 "`lspci -D`",
				 text);
	if (!sysfs_read(line, sizeof(line), DEVICES "/%s/class", device->address))
		return error_set(e, -ENODEV,
				 "there is no PCI device %s; `lspci -D` lists those there are",
				 device->address);
	device->class_code = (uint32_t)strtoul(line, NULL, 16);
	sysfs_read_link(device->driver, sizeof(device->driver), DEVICES "/%s/driver",
			device->address);
	device->iommu_group = -1;
	if (sysfs_read_link(group, sizeof(group), DEVICES "/%s/iommu_group", device->address))
		device->iommu_group = atoi(group);
	find_controller(device);
	return 0;
}

bool pci_device_is_nvme(const struct pci_device *device)
{
	return device->class_code == CLASS_NVME;
}

bool pci_driver_is_vfio(const char *driver)
{
	const size_t length = strlen(driver), suffix = strlen("vfio-pci");

	return length >= suffix && strcmp(driver + length - suffix, "vfio-pci") == 0;
}

/*
 * "Viable" in Documentation/driver-api/vfio.rst: each device of the group has a vfio driver, none,
 * or one that does no DMA of its own, as a bridge's.
 */
static bool leaves_group_viable(const char *driver)
{
	return !driver[0] || pci_driver_is_vfio(driver) || strcmp(driver, "pci-stub") == 0 ||
	       strcmp(driver, "pcieport") == 0;
}

bool pci_device_group_blocked(const struct pci_device *device, struct pci_device *other)
{
	struct dirent **entries;
	int count =
		sysfs_entries(&entries, NULL, DEVICES "/%s/iommu_group/devices", device->address);
	bool blocked = false;

	for (int i = 0; i < count && !blocked; i++)
		blocked = strcmp(entries[i]->d_name, device->address) != 0 &&
			  pci_device_read(other, entries[i]->d_name, NULL) == 0 &&
			  !leaves_group_viable(other->driver);
	sysfs_free_entries(entries, count);
	return blocked;
}

/*
 * The disk that a controller's entry stands for: nvme0n1 itself, and for nvme0c1n1, which is one of
 * the ways to a disk of several controllers and has no node in /dev, nvme0n1 too.
 */
static bool disk_name(const char *entry, char *disk, size_t size)
{
	unsigned int instance, controller, number;
	int used = 0;

	if (sscanf(entry, "nvme%un%u%n", &instance, &number, &used) == 2 && !entry[used]) {
		snprintf(disk, size, "nvme%un%u", instance, number);
		return true;
	}
	used = 0;
	if (sscanf(entry, "nvme%uc%un%u%n", &instance, &controller, &number, &used) == 3 &&
	    !entry[used]) {
		snprintf(disk, size, "nvme%un%u", instance, number);
		return true;
	}
	return false;
}

static int is_namespace(const struct dirent *entry)
{
	char disk[64];

	return disk_name(entry->d_name, disk, sizeof(disk));
}

int nvme_disks_find(struct nvme_disks *disks, const char *controller)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, is_namespace, "/sys/class/nvme/%s", controller);

	disks->count = 0;
	disks->names = NULL;
	if (count < 0)
		return count;
	disks->names = calloc((size_t)count + 1, sizeof(*disks->names));
	for (int i = 0; disks->names && i < count; i++) {
		disk_name(entries[i]->d_name, disks->names[i], sizeof(*disks->names));
		disks->count++;
	}
	sysfs_free_entries(entries, count);
	return disks->names ? 0 : -ENOMEM;
}

void nvme_disks_free(struct nvme_disks *disks)
{
	free(disks->names);
	*disks = (struct nvme_disks){0};
}

/* A disk of our driver's has no serial number that could be seen; it may be the one. */
static void suggest_unbind(char *text, size_t size)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, DEVICES);
	struct pci_device device;

	snprintf(text, size, "`lsblk -o NAME,SERIAL` lists the disks");
	for (int i = 0; i < count; i++) {
		if (pci_device_read(&device, entries[i]->d_name, NULL) ||
		    !pci_device_is_nvme(&device) || !pci_driver_is_vfio(device.driver))
			continue;
		snprintf(text, size,
			 "%s is bound to vfio-pci for our driver, and if it is that one, do: sudo "
			 "bypass unbind %s",
			 device.address, device.address);
		break;
	}
	sysfs_free_entries(entries, count);
}

static int first_disk(const char *serial, const char *controller, char *disk, size_t size,
		      struct error *e)
{
	struct nvme_disks disks;
	int ret = nvme_disks_find(&disks, controller);

	if (ret)
		return error_set(e, ret, "the disks of %s can't be listed: %s; see `dmesg`",
				 controller, strerror(-ret));
	if (disks.count)
		snprintf(disk, size, "%s", disks.names[0]);
	else
		ret = error_set(e, -ENODEV,
				"the NVMe controller %s with serial number %s has no disk (no "
				"namespace); make one with `nvme create-ns` and attach it",
				controller, serial);
	nvme_disks_free(&disks);
	return ret;
}

int nvme_find_serial(const char *serial, char *disk, size_t size, struct error *e)
{
	char found[64], known[512] = "", remedy[256];
	struct dirent **entries;
	int count = sysfs_entries(&entries, is_controller, "/sys/class/nvme");
	size_t n = 0;
	int ret = -ENODEV, i;

	for (i = 0; i < count; i++) {
		sysfs_read(found, sizeof(found), "/sys/class/nvme/%s/serial", entries[i]->d_name);
		if (strcmp(found, serial) == 0)
			break;
		if (n < sizeof(known))
			n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "",
					      found);
	}
	if (i < count) {
		ret = first_disk(serial, entries[i]->d_name, disk, size, e);
	} else {
		suggest_unbind(remedy, sizeof(remedy));
		error_set(e, ret, "no NVMe disk has serial number %s, only: %s; %s", serial,
			  known[0] ? known : "none is seen", remedy);
	}
	sysfs_free_entries(entries, count);
	return ret;
}
