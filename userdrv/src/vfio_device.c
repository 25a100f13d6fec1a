// SPDX-License-Identifier: MIT
#include "vfio_private.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Registers and the first doorbells: without them there is no controller [NVMe 1.4, 3.1]. */
#define REGISTERS_NBYTES 0x2000u

/* More vectors than any machine gives queues to; each costs the kernel an interrupt of its own. */
#define VECTORS_MOST 256u

#define SECOND_NS 1000000000ull

static struct vfio_region_info *region_info(int device, uint32_t index)
{
	struct vfio_region_info size = {.argsz = sizeof(size), .index = index};
	struct vfio_region_info *info;

	if (ud_vfio_ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &size))
		return NULL;
	info = calloc(1, size.argsz);
	if (!info)
		return NULL;
	info->argsz = size.argsz;
	info->index = index;
	if (ud_vfio_ioctl(device, VFIO_DEVICE_GET_REGION_INFO, info)) {
		free(info);
		return NULL;
	}
	return info;
}

/*
 * How far from its beginning BAR0 may be mapped. A kernel before 4.16 leaves out the pages of the
 * MSI-X table, which only it may write; the registers and doorbells come before that table.
 */
static uint64_t mappable_nbytes(const struct vfio_region_info *info)
{
	struct vfio_region_info_cap_sparse_mmap head;
	struct vfio_region_sparse_mmap_area area;
	const char *at = NULL;
	uint64_t end = 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return 0;
	if (info->flags & VFIO_REGION_INFO_FLAG_CAPS)
		at = ud_vfio_capability(info, info->argsz, info->cap_offset,
					VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	if (!at)
		return info->size;
	memcpy(&head, at, sizeof(head));
	for (uint32_t i = 0; i < head.nr_areas; i++) {
		memcpy(&area, at + sizeof(head) + i * sizeof(area), sizeof(area));
		if (area.offset == end)
			end += area.size;
	}
	return end;
}

int ud_vfio_map_registers(struct ud_vfio *vfio)
{
	struct vfio_region_info *info = region_info(vfio->device, VFIO_PCI_BAR0_REGION_INDEX);
	uint64_t nbytes;
	void *bar;
	int err = 0;

	if (!info)
		return -EIO;
	nbytes = mappable_nbytes(info);
	if (nbytes < REGISTERS_NBYTES) {
		free(info);
		return -EIO;
	}
	bar = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED, vfio->device,
		   (off_t)info->offset);
	if (bar == MAP_FAILED) {
		err = -errno;
	} else {
		vfio->transport.bar = bar;
		vfio->transport.bar_nbytes = nbytes;
	}
	free(info);
	return err;
}

/*
 * A PCI function may read and write memory only while it is bus master, and a new one isn't. Its
 * interrupt pin is turned off in the same breath: a completion of the admin queue would raise it as
 * long as MSI-X is off [NVMe 1.4, 7.5.1], and nobody would answer.
 */
int ud_vfio_set_bus_master(struct ud_vfio *vfio, bool enable)
{
	struct vfio_region_info *info = region_info(vfio->device, VFIO_PCI_CONFIG_REGION_INDEX);
	uint16_t command;
	off_t offset;

	if (!info)
		return -EIO;
	offset = (off_t)info->offset + PCI_COMMAND;
	free(info);
	if (pread(vfio->device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	if (enable)
		command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
	else
		command &= (uint16_t)~PCI_COMMAND_MASTER;
	if (pwrite(vfio->device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	return 0;
}

int ud_vfio_count_vectors(struct ud_vfio *vfio)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX};
	unsigned int count = 0;

	if (!ud_vfio_ioctl(vfio->device, VFIO_DEVICE_GET_IRQ_INFO, &info) &&
	    info.flags & VFIO_IRQ_INFO_EVENTFD)
		count = info.count < VECTORS_MOST ? info.count : VECTORS_MOST;
	vfio->eventfds = malloc((count + 1) * sizeof(*vfio->eventfds));
	if (!vfio->eventfds)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		vfio->eventfds[i] = -1;
	vfio->transport.nvectors = count;
	return 0;
}

/*
 * Connects @count vectors from @start with @fds (-1: with nothing). Above 0: the kernel has only so
 * many interrupts left, and did nothing.
 */
static int set_eventfds(const struct ud_vfio *vfio, unsigned int start, unsigned int count,
			const int *fds)
{
	const size_t nbytes = sizeof(struct vfio_irq_set) + count * sizeof(*fds);
	struct vfio_irq_set *set = calloc(1, nbytes);
	int result;

	if (!set)
		return -ENOMEM;
	set->argsz = (uint32_t)nbytes;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->start = start;
	set->count = count;
	memcpy(set->data, fds, count * sizeof(*fds));
	result = ud_vfio_ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return result;
}

/*
 * MSI-X is turned on for all vectors at once, since the kernel can't add any later without turning
 * it off in between (VFIO_IRQ_INFO_NORESIZE), and only when the first is wanted, so that a program
 * which polls has none. A completion queue is created after its vector was armed: QEMU 7.2 drops
 * the interrupts of one that was created while MSI-X was off.
 */
static int enable_msix(struct ud_vfio *vfio)
{
	int result = set_eventfds(vfio, 0, vfio->transport.nvectors, vfio->eventfds);

	if (result > 0) {
		vfio->transport.nvectors = (unsigned int)result;
		result = set_eventfds(vfio, 0, vfio->transport.nvectors, vfio->eventfds);
	}
	if (result)
		return result < 0 ? result : -ENOSPC;
	vfio->msix_enabled = true;
	return 0;
}

int ud_vfio_vector_fd(struct ud_transport *transport, unsigned int vector, int *fd)
{
	struct ud_vfio *vfio = ud_vfio_of(transport);
	int event, err;

	if (vector < transport->nvectors && !vfio->msix_enabled) {
		err = enable_msix(vfio);
		if (err)
			return err;
	}
	if (vector >= transport->nvectors)
		return -EINVAL;
	if (vfio->eventfds[vector] < 0) {
		event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (event < 0)
			return -errno;
		err = set_eventfds(vfio, vector, 1, &event);
		if (err) {
			close(event);
			return err < 0 ? err : -ENOSPC;
		}
		vfio->eventfds[vector] = event;
	}
	*fd = vfio->eventfds[vector];
	return 0;
}

void ud_vfio_release_vectors(struct ud_vfio *vfio)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	if (vfio->msix_enabled)
		ud_vfio_ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, &set); /* no vector: MSI-X off */
	for (unsigned int i = 0; vfio->eventfds && i < vfio->transport.nvectors; i++) {
		if (vfio->eventfds[i] >= 0)
			close(vfio->eventfds[i]);
	}
	free(vfio->eventfds);
}

/* CLOCK_MONOTONIC is read in the vDSO: no system call (vdso(7)). */
uint64_t ud_vfio_now_ns(struct ud_transport *transport)
{
	struct timespec now;

	(void)transport;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

int ud_vfio_wait_vector(struct ud_transport *transport, unsigned int vector, uint64_t timeout_ns)
{
	const struct ud_vfio *vfio = ud_vfio_of(transport);
	const uint64_t start = ud_vfio_now_ns(transport);
	uint64_t passed = 0, signals;

	if (vector >= transport->nvectors || vfio->eventfds[vector] < 0)
		return -EINVAL;
	for (;;) {
		struct pollfd pollfd = {.fd = vfio->eventfds[vector], .events = POLLIN};
		const uint64_t left = timeout_ns > passed ? timeout_ns - passed : 0;
		const struct timespec timeout = {(time_t)(left / SECOND_NS),
						 (long)(left % SECOND_NS)};
		const int ready = ppoll(&pollfd, 1, &timeout, NULL);

		if (ready == 0)
			return 0;
		if (ready > 0 && read(pollfd.fd, &signals, sizeof(signals)) == sizeof(signals))
			return 1;
		/* A signal for the process, or another reader was faster: sleep for the rest. */
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		passed = ud_vfio_now_ns(transport) - start;
	}
}
