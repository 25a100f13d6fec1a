// SPDX-License-Identifier: MIT
#include "cli/probe.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/device.h"
#include "core/holds.h"
#include "core/pci_device.h"

#define PCI_DEVICES  "/sys/bus/pci/devices"
#define HUGE_PAGES   "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define NEEDED_BYTES (64ull << 20) /* queues, lists and buffers of the largest suite, with room */

/* A disk of the kernel's driver: as a block device, and as one that could be handed to ours. */
static void show_kernel_disk(const struct pci_device *device, const char *disk)
{
	char path[80], target[96];
	struct holds holds;

	snprintf(path, sizeof(path), "/dev/%s", disk);
	snprintf(target, sizeof(target), "block:%s", path);
	probe_show_target(target);
	snprintf(target, sizeof(target), "pci:%s", device->address);
	if (device_holds(path, &holds) == 0)
		printf("%-24s bind   empty\n  sudo bypass bind %s\n", target, device->address);
	else
		printf("%-24s no     %s: %s\n", target, holds.device, holds.what);
}

static void show_device(const char *address)
{
	struct nvme_disks disks = {0};
	struct pci_device device;
	char target[32];
	struct error e;

	if (pci_device_read(&device, address, &e) || !pci_device_is_nvme(&device))
		return;
	snprintf(target, sizeof(target), "pci:%s", device.address);
	if (pci_driver_is_vfio(device.driver)) {
		probe_show_target(target);
		return;
	}
	if (!device.controller[0] || nvme_disks_find(&disks, device.controller))
		return;
	for (unsigned int i = 0; i < disks.count; i++)
		show_kernel_disk(&device, disks.names[i]);
	nvme_disks_free(&disks);
}

void probe_show_nvme(void)
{
	struct dirent **entries;
	int n = scandir(PCI_DEVICES, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			show_device(entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	probe_show_target("soft:latency=10us");
}

static void need(const char *why, const char *remedy)
{
	printf("%-24s %s\n  %s\n", "userdrv-* on pci:", why, remedy);
}

static bool any_nvme(void)
{
	struct dirent **entries;
	int n = scandir(PCI_DEVICES, &entries, NULL, alphasort);
	bool found = false;

	for (int i = 0; i < n; i++) {
		struct pci_device device;
		struct error e;

		found = found || (entries[i]->d_name[0] != '.' &&
				  pci_device_read(&device, entries[i]->d_name, &e) == 0 &&
				  pci_device_is_nvme(&device));
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

static bool any_iommu(void)
{
	struct dirent **entries;
	int n = scandir("/sys/class/iommu", &entries, NULL, alphasort);

	for (int i = 0; i < n; i++)
		free(entries[i]);
	if (n >= 0)
		free(entries);
	return n > 2; /* "." and ".." are always there */
}

void probe_show_user_driver_needs(void)
{
	struct rlimit limit;
	char line[32], text[80];

	if (!any_nvme()) {
		need("this machine has no NVMe disk",
		     "bypass run irq-vs-poll --testbed, or --target=soft:latency=10us");
		return;
	}
	if (!any_iommu())
		need("no IOMMU is on",
		     "intel_iommu=on or amd_iommu=on on the kernel's command line");
	/* Root is asked, too, but not refused: CAP_IPC_LOCK lifts the limit. */
	if (geteuid() != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	    limit.rlim_cur < NEEDED_BYTES) {
		snprintf(text, sizeof(text), "memlock is %" PRIu64 " MiB, %llu MiB are wanted",
			 (uint64_t)limit.rlim_cur >> 20, NEEDED_BYTES >> 20);
		need(text, "ulimit -l unlimited");
	}
	if (read_line(HUGE_PAGES, line, sizeof(line)) && atol(line) == 0)
		need("no free huge pages: works with 4 KiB pages",
		     "sudo sysctl vm.nr_hugepages=64");
}
