// SPDX-License-Identifier: MIT
/*
 * Opening and closing a device in the order that the kernel's Documentation/driver-api/vfio.rst
 * prescribes: container, group, the group into the container, an IOMMU for the container, memory,
 * the device.
 */
#include "../include/userdrv.h"
#include "vfio_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CONTAINER "/dev/vfio/vfio"

/* What the smallest user maps: the queues and one huge page of data. */
#define TRIAL_NBYTES (2u << 20)

struct sentence {
	char *text;
	size_t nbytes;
};

/* Passes @err on. */
__attribute__((format(printf, 3, 4))) static int refuse(const struct sentence *why, int err,
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, why->nbytes, format, arguments);
	va_end(arguments);
	return err;
}

int ud_vfio_ioctl(int fd, unsigned long request, void *argument)
{
	const int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

const char *ud_vfio_capability(const void *info, size_t nbytes, uint32_t first, uint16_t id)
{
	struct vfio_info_cap_header header;

	for (uint32_t offset = first; offset && offset + sizeof(header) <= nbytes;
	     offset = header.next) {
		memcpy(&header, (const char *)info + offset, sizeof(header));
		if (header.id == id)
			return (const char *)info + offset;
	}
	return NULL;
}

static int check_device(const char *address, struct ud_pci_device *pci, const struct sentence *why)
{
	const int err = ud_pci_read(address, pci);

	if (err == -EINVAL)
		return refuse(why, err,
			      "'%.40s' isn't a PCI address like 0000:01:00.0; list the NVMe "
			      "controllers with: lspci -D -d ::0108",
			      address);
	if (err)
		return refuse(why, err,
			      "there is no PCI device %s; list the NVMe controllers with: lspci -D "
			      "-d ::0108",
			      pci->address);
	if (pci->class_code != UD_PCI_CLASS_NVME)
		return refuse(why, -ENXIO,
			      "%s isn't an NVMe controller (its class is 0x%06" PRIx32
			      ", not 0x%06x); list them with: lspci -D -d ::0108",
			      pci->address, pci->class_code, UD_PCI_CLASS_NVME);
	if (pci->iommu_group < 0)
		return refuse(why, -EOPNOTSUPP,
			      "no IOMMU stands between %s and memory; turn VT-d or AMD-Vi on in "
			      "the firmware and boot with intel_iommu=on (AMD: on by itself)",
			      pci->address);
	if (!ud_pci_driver_is_vfio(pci->driver))
		return refuse(why, -ENOTCONN,
			      "%s is bound to %s, not to vfio-pci; do: sudo bypass bind %s",
			      pci->address, pci->driver[0] ? pci->driver : "no driver",
			      pci->address);
	return 0;
}

static int open_container(struct ud_vfio *vfio, const struct sentence *why)
{
	vfio->container = open(CONTAINER, O_RDWR | O_CLOEXEC);
	if (vfio->container < 0 && (errno == EACCES || errno == EPERM))
		return refuse(why, -EACCES,
			      CONTAINER
			      " may not be opened by this user; do: sudo chmod 666 " CONTAINER);
	if (vfio->container < 0)
		return refuse(why, -EOPNOTSUPP,
			      "there is no " CONTAINER " (%s); do: sudo modprobe vfio-pci, and "
			      "boot with intel_iommu=on if that fails",
			      strerror(errno));
	if (ioctl(vfio->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return refuse(why, -EOPNOTSUPP,
			      "this kernel's VFIO isn't version %d; use another kernel",
			      VFIO_API_VERSION);
	if (ioctl(vfio->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return refuse(why, -EOPNOTSUPP,
			      "the kernel has no type1 IOMMU driver for VFIO; do: sudo modprobe "
			      "vfio_iommu_type1");
	return 0;
}

static int refuse_group(const struct ud_vfio *vfio, const char *path, int err,
			const struct sentence *why)
{
	switch (err) {
	case -EBUSY:
		return refuse(why, -EBUSY,
			      "another process uses %s or its IOMMU group %d; end it (sudo fuser "
			      "-v %s names it)",
			      vfio->pci.address, vfio->pci.iommu_group, path);
	case -EACCES:
		return refuse(why, -EACCES,
			      "%s, the way to %s, may not be opened by this user; do: sudo chown "
			      "$USER %s",
			      path, vfio->pci.address, path);
	case -ENOENT: /* or it is there as noiommu-N, in which no memory is safe */
	case -EPERM:
		return refuse(why, -EOPNOTSUPP,
			      "VFIO has no IOMMU for %s (no usable %s); turn it on in the firmware "
			      "and boot with intel_iommu=on",
			      vfio->pci.address, path);
	default:
		return refuse(why, err, "%s can't be opened: %s; see dmesg", path, strerror(-err));
	}
}

static int open_group(struct ud_vfio *vfio, const struct sentence *why)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	struct ud_pci_device other;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/dev/vfio/%d", vfio->pci.iommu_group);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->group < 0)
		return refuse_group(vfio, path, -errno, why);
	err = ud_vfio_ioctl(vfio->group, VFIO_GROUP_GET_STATUS, &status);
	if (!err && !(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		if (!ud_pci_group_intruder(&vfio->pci, &other))
			return refuse(why, -ENOTUNIQ,
				      "IOMMU group %d, to which %s belongs, has a device that the "
				      "kernel uses; put %s into another slot",
				      vfio->pci.iommu_group, vfio->pci.address, vfio->pci.address);
		return refuse(why, -ENOTUNIQ,
			      "%s shares IOMMU group %d with %s, which driver %s has; unbind that "
			      "one too (echo %s | sudo tee /sys/bus/pci/drivers/%s/unbind) or use "
			      "another slot",
			      vfio->pci.address, vfio->pci.iommu_group, other.address, other.driver,
			      other.address, other.driver);
	}
	if (!err)
		err = ud_vfio_ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container);
	return err ? refuse_group(vfio, path, err, why) : 0;
}

static int set_iommu(struct ud_vfio *vfio, const struct sentence *why)
{
	int err = ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ? -errno : 0;

	if (err == -EPERM)
		return refuse(why, -EOPNOTSUPP,
			      "the IOMMU of %s can't keep its interrupts apart; turn interrupt "
			      "remapping on in the firmware, or, on a computer of your own, do: "
			      "sudo modprobe vfio_iommu_type1 allow_unsafe_interrupts=1",
			      vfio->pci.address);
	if (!err)
		err = ud_vfio_dma_init(vfio);
	if (err)
		return refuse(why, err, "the IOMMU of %s can't be used: %s; see dmesg",
			      vfio->pci.address, strerror(-err));
	return 0;
}

/* A limit that is too low is told here, with its remedy, and not by the first allocation. */
static int try_to_lock(struct ud_vfio *vfio, const struct sentence *why)
{
	struct rlimit limit = {0};
	uint64_t iova;
	void *memory;
	int err;

	memory = mmap(NULL, TRIAL_NBYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED)
		return refuse(why, -ENOMEM, "no memory for %s; end other programs",
			      vfio->pci.address);
	err = ud_vfio_dma_map(&vfio->transport, memory, TRIAL_NBYTES, &iova);
	if (!err)
		err = ud_vfio_dma_unmap(&vfio->transport, iova, TRIAL_NBYTES);
	munmap(memory, TRIAL_NBYTES);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (err == -ENOMEM)
		return refuse(why, err,
			      "memory that %s reaches must be locked, and this process may lock "
			      "%" PRIu64 " KiB; raise that limit: ulimit -l unlimited (as root, or "
			      "in /etc/security/limits.conf)",
			      vfio->pci.address, (uint64_t)limit.rlim_cur / 1024);
	if (err)
		return refuse(why, err, "no memory can be mapped for %s: %s; see dmesg",
			      vfio->pci.address, strerror(-err));
	return 0;
}

static int open_device(struct ud_vfio *vfio, const struct sentence *why)
{
	int err;

	vfio->device = ud_vfio_ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, vfio->pci.address);
	err = vfio->device < 0 ? vfio->device : 0;
	if (err == -EBUSY)
		return refuse(why, err, "another process uses %s; end it", vfio->pci.address);
	if (err)
		return refuse(why, err, "%s doesn't let itself be opened: %s; see dmesg",
			      vfio->pci.address, strerror(-err));
	err = ud_vfio_map_registers(vfio);
	if (err)
		return refuse(why, err,
			      "the registers of %s can't be mapped: %s; see dmesg for who else "
			      "claims BAR 0",
			      vfio->pci.address, strerror(-err));
	err = ud_vfio_count_vectors(vfio);
	if (!err)
		err = ud_vfio_set_bus_master(vfio, true);
	if (err)
		return refuse(why, err, "%s can't be set up: %s; see dmesg", vfio->pci.address,
			      strerror(-err));
	return 0;
}

/*
 * First nothing may come from the device any more, neither interrupt nor DMA; then it goes (the
 * kernel resets it), then its group, and with the container all mappings.
 */
static void vfio_close(struct ud_transport *transport)
{
	struct ud_vfio *vfio = ud_vfio_of(transport);

	if (vfio->device >= 0) {
		ud_vfio_set_bus_master(vfio, false);
		ud_vfio_release_vectors(vfio);
		if (transport->bar)
			munmap((void *)transport->bar, transport->bar_nbytes);
		close(vfio->device);
	}
	if (vfio->group >= 0)
		close(vfio->group);
	if (vfio->container >= 0)
		close(vfio->container);
	ud_vfio_iova_destroy(&vfio->iova);
	free(vfio);
}

static void vfio_wait(struct ud_transport *transport, uint64_t ns)
{
	const struct timespec pause = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	(void)transport;
	/* A signal ends it early; the driver looks at the clock anyway. */
	nanosleep(&pause, NULL);
}

static const struct ud_transport_ops vfio_ops = {
	.name = "vfio",
	.dma_map = ud_vfio_dma_map,
	.dma_unmap = ud_vfio_dma_unmap,
	.vector_fd = ud_vfio_vector_fd,
	.now_ns = ud_vfio_now_ns,
	.wait = vfio_wait,
	.wait_vector = ud_vfio_wait_vector,
	.close = vfio_close,
};

/*
 * What @reason explains:
 *	-EINVAL     no PCI address
 *	-ENODEV     no such device
 *	-ENXIO      not an NVMe controller
 *	-EOPNOTSUPP no IOMMU, or one that isn't turned on
 *	-ENOTCONN   not bound to vfio-pci
 *	-ENOTUNIQ   the kernel uses another device of the same IOMMU group
 *	-EBUSY      another process has it
 *	-EACCES     no permission
 *	-ENOMEM     the memlock limit is too low, or no memory
 *	else        what the kernel said where it shouldn't have
 */
int ud_vfio_open(const char *pci, struct ud_transport **transport, char *reason,
		 size_t reason_nbytes)
{
	const struct sentence sentence = {reason, reason ? reason_nbytes : 0};
	struct ud_vfio *vfio = calloc(1, sizeof(*vfio));
	int err;

	if (!vfio)
		return refuse(&sentence, -ENOMEM, "no memory for %.40s; end other programs", pci);
	vfio->transport.ops = &vfio_ops;
	vfio->container = vfio->group = vfio->device = -1;
	err = check_device(pci, &vfio->pci, &sentence);
	if (!err)
		err = open_container(vfio, &sentence);
	if (!err)
		err = open_group(vfio, &sentence);
	if (!err)
		err = set_iommu(vfio, &sentence);
	if (!err)
		err = try_to_lock(vfio, &sentence);
	if (!err)
		err = open_device(vfio, &sentence);
	if (err) {
		vfio_close(&vfio->transport);
		return err;
	}
	vfio->transport.numa_node = vfio->pci.numa_node;
	*transport = &vfio->transport;
	return 0;
}
