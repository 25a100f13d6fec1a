/* SPDX-License-Identifier: MIT */
/*
 * What sysfs says of an NVMe device, as a PCI function (Documentation/ABI/testing/sysfs-bus-pci)
 * and as the disks that the kernel's driver makes of it.
 */
#ifndef BYPASS_PCI_DEVICE_H
#define BYPASS_PCI_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct pci_device {
	char address[16];    /* domain:bus:device.function, as sysfs writes it */
	uint32_t class_code; /* base class, sub-class, programming interface */
	char driver[32];     /* "" when none is bound */
	int iommu_group;     /* -1: no IOMMU translates for this device */
	char controller[32]; /* "nvme0" while the kernel's driver has it, or "" */
	char serial[64];     /* "" unless the kernel's driver has it */
};

/* Names of block devices below /dev; freed with nvme_disks_free. */
struct nvme_disks {
	unsigned int count;
	char (*names)[64];
};

/*
 * Reads @text, an address such as "0000:01:00.0"; the domain may be left out.
 * -EINVAL: no PCI address; -ENODEV: no such device; each with a sentence.
 */
int pci_device_read(struct pci_device *device, const char *text, struct error *e);
bool pci_device_is_nvme(const struct pci_device *device);
/* vfio-pci, or one of its variants, which are named so: nvme-vfio-pci. */
bool pci_driver_is_vfio(const char *driver);
/*
 * Whether a device in @device's IOMMU group has a driver that keeps the whole group from user
 * space; it is left in @other.
 */
bool pci_device_group_blocked(const struct pci_device *device, struct pci_device *other);

/* The disks of a controller ("nvme0"), by namespace number. 0 or a negative errno. */
int nvme_disks_find(struct nvme_disks *disks, const char *controller);
void nvme_disks_free(struct nvme_disks *disks);
/* The first disk of the controller with that serial number. -ENODEV with a sentence. */
int nvme_find_serial(const char *serial, char *disk, size_t size, struct error *e);

#endif
