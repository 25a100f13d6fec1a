// SPDX-License-Identifier: MIT
/* Which PCI device a target's text means, and whether our driver may have it. */
#include "core/target_userdrv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/pci_device.h"
#include "core/sysfs.h"

#define DEVICES      "/sys/bus/pci/devices"
#define TESTBED_DISK "testbed:disk/vfio"
#define NVME         "nvme:"
/* The smallest cell locks a buffer of 2 MiB, the service's as well, and the queues. */
#define LEAST_LOCKED (6ull << 20)

bool target_is_testbed_disk(const struct target *t)
{
	return strcmp(t->text, TESTBED_DISK) == 0;
}

static int read_testbed(const struct target *t, struct pci_device *device, struct error *e)
{
	char address[32];

	if (!sysfs_read(address, sizeof(address), "/testbed/disk/pci"))
		return error_set(
			e, -ENOENT,
			"%s is a medium of the testbed, which this machine isn't; add --testbed",
			t->text);
	return pci_device_read(device, address, e);
}

/*
 * A disk without the kernel's driver shows its serial number to nobody but the driver that opens
 * it. False with why in @e, where that can't be done, and without where it is another disk's.
 */
static bool has_serial(const char *pci, const char *serial, struct error *e)
{
	struct ud_transport *transport;
	struct ud_ctrlr *ctrlr;
	char reason[512];
	bool same;

	if (ud_vfio_open(pci, &transport, reason, sizeof(reason))) {
		error_set(e, 0, "%s may be it, but %s", pci, reason);
		return false;
	}
	if (ud_ctrlr_open(transport, NULL, &ctrlr)) {
		error_set(e, 0, "%s may be it, but its controller doesn't start; see dmesg", pci);
		return false;
	}
	same = strcmp(ud_ctrlr_info(ctrlr)->serial, serial) == 0;
	ud_ctrlr_close(ctrlr);
	return same;
}

/* Those of the kernel's driver first: they needn't be opened. */
static bool find_serial(const char *serial, bool vfio, struct pci_device *device, struct error *e)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, DEVICES);
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		if (pci_device_read(device, entries[i]->d_name, NULL) ||
		    !pci_device_is_nvme(device) || pci_driver_is_vfio(device->driver) != vfio)
			continue;
		found = vfio ? has_serial(device->address, serial, e)
			     : strcmp(device->serial, serial) == 0;
	}
	sysfs_free_entries(entries, count);
	return found;
}

/* "nvme:SERIAL/vfio" */
static int read_serial(const struct target *t, struct pci_device *device, struct error *e)
{
	struct error doubt = {""};
	char serial[64];

	snprintf(serial, sizeof(serial), "%.*s",
		 (int)(strrchr(t->text, '/') - t->text - strlen(NVME)), t->text + strlen(NVME));
	if (find_serial(serial, false, device, NULL) || find_serial(serial, true, device, &doubt))
		return 0;
	return error_set(e, -ENODEV, "no NVMe disk here has the serial number %s%s%.700s", serial,
			 doubt.text[0] ? "; " : "; `bypass list targets` shows those there are",
			 doubt.text);
}

static int read_device(const struct target *t, struct pci_device *device, struct error *e)
{
	if (target_is_testbed_disk(t))
		return read_testbed(t, device, e);
	if (strncmp(t->text, NVME, strlen(NVME)) == 0)
		return read_serial(t, device, e);
	return pci_device_read(device, strchr(t->text, ':') + 1, e);
}

static int check_driver(const struct pci_device *device, struct error *e)
{
	struct pci_device other;

	if (!pci_device_is_nvme(device))
		return error_set(e, -ENXIO,
				 "%s isn't an NVMe controller (its class is 0x%06x); `lspci -D -d "
				 "::0108` lists those there are",
				 device->address, device->class_code);
	if (device->iommu_group < 0)
		return error_set(e, -EOPNOTSUPP,
				 "no IOMMU stands between %s and memory; turn VT-d or AMD-Vi on in "
				 "the firmware and boot with intel_iommu=on",
				 device->address);
	if (!pci_driver_is_vfio(device->driver))
		return error_set(e, -EBUSY,
				 "%s is bound to %s, not to vfio-pci; do: sudo bypass bind %s",
				 device->address, device->driver[0] ? device->driver : "no driver",
				 device->address);
	if (pci_device_group_blocked(device, &other))
		return error_set(e, -EBUSY,
				 "%s shares IOMMU group %d with %s, which driver %s has; unbind "
				 "that one too or use another slot",
				 device->address, device->iommu_group, other.address, other.driver);
	return 0;
}

static int check_permission(const struct pci_device *device, struct error *e)
{
	struct rlimit limit;
	char path[PATH_MAX];

	sysfs_path(path, sizeof(path), "/dev/vfio/%d", device->iommu_group);
	if (access(path, R_OK | W_OK) != 0 && errno == ENOENT)
		return error_set(e, -EOPNOTSUPP,
				 "VFIO has no IOMMU for %s (there is no %s); boot with "
				 "intel_iommu=on",
				 device->address, path);
	if (access(path, R_OK | W_OK) != 0)
		return error_set(e, -errno,
				 "%s, the way to %s, can't be opened: %s; do: sudo chown $USER %s",
				 path, device->address, strerror(errno), path);
	if (geteuid() != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	    limit.rlim_cur < LEAST_LOCKED)
		return error_set(e, -ENOMEM,
				 "memory that %s reaches must be locked, and this process may lock "
				 "%llu KiB; raise that limit: ulimit -l unlimited (as root, or in "
				 "/etc/security/limits.conf)",
				 device->address, (unsigned long long)limit.rlim_cur / 1024);
	return 0;
}

int target_vfio_probe(struct target *t, struct error *e)
{
	struct pci_device device = {0};
	int ret = read_device(t, &device, e);

	if (!ret)
		ret = check_driver(&device, e);
	if (!ret)
		ret = check_permission(&device, e);
	if (!ret)
		snprintf(t->device.pci, sizeof(t->device.pci), "%s", device.address);
	return ret;
}
