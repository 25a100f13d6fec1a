/* SPDX-License-Identifier: MIT */
/*
 * What sysfs says of a PCI device (Documentation/ABI/testing/sysfs-bus-pci): whether it is an NVMe
 * controller, which driver holds it, which devices share its IOMMU group.
 */
#ifndef UD_PCI_H
#define UD_PCI_H

#include <stddef.h>
#include <stdint.h>

/* Mass storage, non-volatile memory, NVM Express I/O controller [NVMe 1.4, 2.1.5]. */
#define UD_PCI_CLASS_NVME 0x010802u

struct ud_pci_device {
	char address[16];    /* domain:bus:device.function, as sysfs writes it */
	uint32_t class_code; /* base class, sub-class, programming interface */
	char driver[32];     /* "" when none is bound */
	int iommu_group;     /* -1: no IOMMU translates for this device */
	int numa_node;       /* -1: unknown, or one node only */
};

/*
 * Reads @address ("0000:01:00.0"; the domain may be left out) into @device.
 * -EINVAL: no PCI address; -ENODEV: no such device.
 */
int ud_pci_read(const char *address, struct ud_pci_device *device);

/* Whether @driver leaves DMA of its device to user space: vfio-pci and its variants. */
int ud_pci_driver_is_vfio(const char *driver);

/*
 * Finds a device in @device's IOMMU group whose driver keeps the whole group from user space.
 * 1: found, in @other; 0: there is none.
 */
int ud_pci_group_intruder(const struct ud_pci_device *device, struct ud_pci_device *other);

#endif
