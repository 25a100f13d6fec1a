// SPDX-License-Identifier: MIT
/* Rows of NVMe disks: each as a block device and as one that could be handed to our driver. */
#include "cli/probe.h"

#include <stdio.h>

#include "core/holds.h"
#include "core/pci_device.h"
#include "core/sysfs.h"

/* A disk of the kernel's driver. */
static bool show_kernel_disk(struct probe *p, const struct pci_device *device, const char *disk)
{
	char path[80], target[96], text[256] = "empty";
	struct holds holds = {"", "", ""};
	int held;
	bool readable;

	snprintf(path, sizeof(path), "/dev/%s", disk);
	held = device_holds(path, &holds);
	if (held)
		snprintf(text, sizeof(text), "%s; writes refused", holds.what);
	snprintf(target, sizeof(target), "block:%s", path);
	readable = probe_show_target(p, target, text);
	snprintf(target, sizeof(target), "pci:%s", device->address);
	if (held == 0 && device->iommu_group < 0) {
		probe_row(target, "no", "empty, but no IOMMU translates for it");
	} else if (held == 0) {
		probe_row(target, "bind", "empty");
		snprintf(text, sizeof(text), "sudo bypass bind %s", device->address);
		probe_below(text);
	} else {
		snprintf(text, sizeof(text), "%s: %s", holds.device[0] ? holds.device : path,
			 holds.what);
		probe_row(target, "no", text);
	}
	return readable;
}

static bool show_kernel_disks(struct probe *p, const struct pci_device *device)
{
	struct nvme_disks disks = {0};
	bool readable = false;

	if (!device->controller[0] || nvme_disks_find(&disks, device->controller))
		return false;
	for (unsigned int i = 0; i < disks.count; i++)
		readable = show_kernel_disk(p, device, disks.names[i]) || readable;
	nvme_disks_free(&disks);
	return readable;
}

void probe_show_nvme(struct probe *p)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, "/sys/bus/pci/devices");

	for (int i = 0; i < count; i++) {
		struct pci_device device;
		enum nvme_found found;
		char target[32];

		if (pci_device_read(&device, entries[i]->d_name, NULL) ||
		    !pci_device_is_nvme(&device))
			continue;
		snprintf(target, sizeof(target), "pci:%s", device.address);
		if (pci_driver_is_vfio(device.driver)) {
			probe_show_target(p, target, NULL);
			found = NVME_OURS;
		} else {
			found = show_kernel_disks(p, &device) ? NVME_READABLE : NVME_UNREADABLE;
		}
		p->nvme = found > p->nvme ? found : p->nvme;
	}
	sysfs_free_entries(entries, count);
	probe_show_target(p, "soft:latency=10us", NULL);
}
