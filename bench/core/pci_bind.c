// SPDX-License-Identifier: MIT
#include "core/pci_bind.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/holds.h"
#include "core/interrupted.h"
#include "core/sysfs.h"

#define DEVICES "/sys/bus/pci/devices"
#define DRIVERS "/sys/bus/pci/drivers"

/* For the kernel's driver to reset the controller and find its namespaces. */
#define DISK_TIMEOUT_S 10

extern char **environ;

static int read_nvme(struct pci_device *device, const char *address, struct error *e)
{
	int ret = pci_device_read(device, address, e);

	if (ret)
		return ret;
	if (!pci_device_is_nvme(device))
		return error_set(e, -ENODEV,
				 "%s isn't an NVMe controller (its class is 0x%06x, not 0x010802); "
				 "`lspci -D -d ::0108` lists those there are",
				 device->address, device->class_code);
	return 0;
}

static int check_permission(const struct pci_device *device, const char *command, struct error *e)
{
	char path[PATH_MAX];

	sysfs_path(path, sizeof(path), DEVICES "/%s/driver_override", device->address);
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
		return 0;
	return error_set(e, -errno, "changing the driver of %s: %s; do: sudo bypass %s %s",
			 device->address, strerror(errno), command, device->address);
}

static int check_iommu(const struct pci_device *device, struct error *e)
{
	struct pci_device other;

	if (device->iommu_group < 0)
		return error_set(e, -ENOTSUP,
				 "no IOMMU translates for %s, and without one the device could "
				 "overwrite any memory; turn VT-d or AMD-Vi on in the firmware and "
				 "boot with intel_iommu=on or amd_iommu=on",
				 device->address);
	if (pci_device_group_blocked(device, &other))
		return error_set(e, -EBUSY,
				 "%s shares IOMMU group %d with %s, which driver %s has, and "
				 "vfio-pci needs the whole group; unbind that device too, or put "
				 "the disk into another slot",
				 device->address, device->iommu_group, other.address, other.driver);
	return 0;
}

/* It may be built in, or loaded already. */
static int load_vfio_pci(struct error *e)
{
	char *argv[] = {(char[]){"modprobe"}, (char[]){"vfio-pci"}, NULL};
	int status, ret;
	pid_t pid;

	if (sysfs_exists(DRIVERS "/vfio-pci"))
		return 0;
	ret = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (ret == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (sysfs_exists(DRIVERS "/vfio-pci"))
		return 0;
	return error_set(
		e, -ENOENT,
		"this kernel has no vfio-pci, and `modprobe vfio-pci` doesn't bring it%s%s; "
		"install the modules of the running kernel (CONFIG_VFIO_PCI)",
		ret ? ": " : "", ret ? strerror(ret) : "");
}

static int check_empty(const struct pci_device *device, struct error *e)
{
	struct holds holds;
	int ret;

	if (strcmp(device->driver, "nvme") != 0)
		return error_set(
			e, -EBUSY,
			"%s has %s%s, so what is on the disk can't be told; give it to the "
			"kernel's nvme first: sudo bypass unbind %s",
			device->address, device->driver[0] ? "driver " : "no driver",
			device->driver, device->address);
	ret = controller_holds(device->controller, &holds);
	if (ret > 0)
		return error_set(
			e, -EBUSY,
			"%s isn't empty (%s: %s), and such a disk isn't taken away from the "
			"kernel; name another, or clear it yourself: wipefs -a",
			device->address, holds.device, holds.what);
	if (ret)
		return error_set(
			e, ret,
			"whether %s is empty can't be told (%s: %s), and such a disk isn't "
			"taken away from the kernel; see `dmesg`, or name another",
			device->address, holds.device, holds.what);
	return 0;
}

/* Any driver whose table has the device takes it, where @override is "\n"; else only that one. */
static int give(const struct pci_device *device, const char *driver, const char *override)
{
	int ret = sysfs_write(override, DEVICES "/%s/driver_override", device->address);

	if (!ret && driver[0])
		ret = sysfs_write(device->address, DRIVERS "/%s/unbind", driver);
	if (!ret)
		ret = sysfs_write(device->address, "/sys/bus/pci/drivers_probe");
	return ret;
}

static void read_driver(const struct pci_device *device, char *driver, size_t size)
{
	sysfs_read_link(driver, size, DEVICES "/%s/driver", device->address);
}

static int bind_or_put_back(const struct pci_device *device, struct error *e)
{
	char driver[32];
	int ret = give(device, device->driver, "vfio-pci");

	read_driver(device, driver, sizeof(driver));
	if (!ret && strcmp(driver, "vfio-pci") == 0)
		return 0;
	give(device, strcmp(driver, device->driver) == 0 ? "" : driver, "\n");
	read_driver(device, driver, sizeof(driver));
	return error_set(e, ret ? ret : -EIO,
			 "vfio-pci didn't take %s%s%s, and it now has %s%s; `dmesg` says why",
			 device->address, ret ? ": " : "", ret ? strerror(-ret) : "",
			 driver[0] ? "driver " : "no driver", driver);
}

int pci_bind(const char *address, struct pci_bound *bound, struct error *e)
{
	struct pci_device *device = &bound->before;
	int ret;

	memset(bound, 0, sizeof(*bound));
	ret = read_nvme(device, address, e);
	if (ret)
		return ret;
	snprintf(bound->node, sizeof(bound->node), "/dev/vfio/%d", device->iommu_group);
	if (pci_driver_is_vfio(device->driver) && device->iommu_group >= 0) {
		bound->already = true;
		return 0;
	}
	ret = check_permission(device, "bind", e);
	if (!ret)
		ret = check_iommu(device, e);
	if (!ret)
		ret = load_vfio_pci(e);
	if (!ret)
		ret = check_empty(device, e);
	if (!ret)
		ret = bind_or_put_back(device, e);
	return ret;
}

static int is_process(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]) != 0;
}

/* A process that has @node open, or 0. */
static int find_user(const char *node)
{
	struct dirent **processes, **files;
	int nprocesses = sysfs_entries(&processes, is_process, "/proc"), pid = 0;

	for (int i = 0; i < nprocesses && !pid; i++) {
		const char *process = processes[i]->d_name;
		int nfiles = sysfs_entries(&files, NULL, "/proc/%s/fd", process);

		for (int j = 0; j < nfiles && !pid; j++) {
			char path[PATH_MAX], target[64];
			ssize_t n;

			sysfs_path(path, sizeof(path), "/proc/%s/fd/%s", process, files[j]->d_name);
			n = readlink(path, target, sizeof(target) - 1);
			target[n < 0 ? 0 : n] = '\0';
			if (strcmp(target, node) == 0)
				pid = atoi(process);
		}
		sysfs_free_entries(files, nfiles);
	}
	sysfs_free_entries(processes, nprocesses);
	return pid;
}

/* The kernel would wait for that process in the middle of unbinding, and cannot be interrupted. */
static int check_unused(const struct pci_device *device, struct error *e)
{
	char node[64];
	int pid;

	if (!pci_driver_is_vfio(device->driver) || device->iommu_group < 0)
		return 0;
	snprintf(node, sizeof(node), "/dev/vfio/%d", device->iommu_group);
	pid = find_user(node);
	if (!pid)
		return 0;
	return error_set(e, -EBUSY,
			 "process %d has %s open and may be using %s; end it first: kill %d", pid,
			 node, device->address, pid);
}

static bool find_disk(const struct pci_device *device, char *disk, size_t size)
{
	struct nvme_disks disks;
	struct pci_device now;

	disk[0] = '\0';
	if (pci_device_read(&now, device->address, NULL) || !now.controller[0] ||
	    nvme_disks_find(&disks, now.controller))
		return false;
	if (disks.count && sysfs_exists("/dev/%s", disks.names[0]))
		snprintf(disk, size, "%s", disks.names[0]);
	nvme_disks_free(&disks);
	return disk[0];
}

static int wait_for_disk(const struct pci_device *device, char *disk, size_t size, struct error *e)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

	for (int i = 0; i < DISK_TIMEOUT_S * 20 && !interrupted(); i++) {
		if (find_disk(device, disk, size))
			return 0;
		nanosleep(&pause, NULL);
	}
	if (interrupted())
		return error_set(e, -EINTR, "interrupted while waiting for the disk of %s",
				 device->address);
	return error_set(e, -ETIMEDOUT,
			 "driver nvme has %s, but no disk of it appeared within %d s; `dmesg` says "
			 "why",
			 device->address, DISK_TIMEOUT_S);
}

int pci_unbind(const char *address, struct pci_bound *bound, struct error *e)
{
	struct pci_device *device = &bound->before;
	char driver[32];
	int ret;

	memset(bound, 0, sizeof(*bound));
	ret = read_nvme(device, address, e);
	if (ret)
		return ret;
	if (strcmp(device->driver, "nvme") == 0) {
		bound->already = true;
		return wait_for_disk(device, bound->disk, sizeof(bound->disk), e);
	}
	if (device->driver[0] && !pci_driver_is_vfio(device->driver))
		return error_set(e, -EBUSY,
				 "%s is bound to %s, not to vfio-pci; unbind it as that driver's "
				 "manual says",
				 device->address, device->driver);
	ret = check_permission(device, "unbind", e);
	if (!ret)
		ret = check_unused(device, e);
	if (ret)
		return ret;
	ret = give(device, device->driver, "\n");
	read_driver(device, driver, sizeof(driver));
	if (ret || strcmp(driver, "nvme") != 0)
		return error_set(e, ret ? ret : -EIO,
				 "driver nvme didn't take %s%s%s; do: sudo modprobe nvme, and see "
				 "`dmesg`",
				 device->address, ret ? ": " : "", ret ? strerror(-ret) : "");
	return wait_for_disk(device, bound->disk, sizeof(bound->disk), e);
}
