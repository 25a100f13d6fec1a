/* SPDX-License-Identifier: MIT */
/* Hands an NVMe device to vfio-pci, and so to our driver, and back to the kernel's driver. */
#ifndef BYPASS_PCI_BIND_H
#define BYPASS_PCI_BIND_H

#include <stdbool.h>

#include "core/error.h"
#include "core/pci_device.h"

struct pci_bound {
	bool already;             /* nothing had to be done */
	struct pci_device before; /* as it was found: driver, serial number */
	char node[64];            /* bound: /dev/vfio/GROUP */
	char disk[64];            /* unbound: the first disk, "nvme0n1" */
};

/*
 * Both take an address as pci_device_read does. On failure the sentence is in @e, and the device is
 * with the driver that it had.
 */
int pci_bind(const char *address, struct pci_bound *bound, struct error *e);
int pci_unbind(const char *address, struct pci_bound *bound, struct error *e);

#endif
