/* SPDX-License-Identifier: MIT */
/*
 * Shared by the parts of the vfio transport: vfio.c opens and closes, vfio_dma.c maps memory,
 * vfio_device.c has the device's registers, configuration space and interrupts.
 */
#ifndef UD_VFIO_PRIVATE_H
#define UD_VFIO_PRIVATE_H

#include "pci.h"
#include "transport.h"
#include "vfio_iova.h"

#include <stdbool.h>

struct ud_vfio {
	struct ud_transport transport;
	struct ud_pci_device pci;
	int container; /* the IOMMU's address space */
	int group;     /* the devices that can't be told apart by the IOMMU */
	int device;
	struct ud_vfio_iova iova;
	uint32_t mappings_left; /* how many more the kernel allows */
	bool msix_enabled;
	int *eventfds; /* one for each vector, or -1: not armed */
};

static inline struct ud_vfio *ud_vfio_of(struct ud_transport *transport)
{
	return (struct ud_vfio *)transport; /* it is the first member */
}

/* As ioctl(), but fails with a negative errno. */
int ud_vfio_ioctl(int fd, unsigned long request, void *argument);

/*
 * Where capability @id begins in an info structure, or NULL: a chain of headers, each with the
 * offset of the next. @nbytes is what the kernel filled in, @first the offset of the first header.
 * Kernels put it after 20 bytes, where its 64-bit fields aren't aligned: copy it.
 */
const char *ud_vfio_capability(const void *info, size_t nbytes, uint32_t first, uint16_t id);

/* vfio_dma.c. The container must have its IOMMU by then. */
int ud_vfio_dma_init(struct ud_vfio *vfio);
int ud_vfio_dma_map(struct ud_transport *transport, void *vaddr, size_t nbytes, uint64_t *iova);
int ud_vfio_dma_unmap(struct ud_transport *transport, uint64_t iova, size_t nbytes);

/* vfio_device.c. They need the device's descriptor. */
int ud_vfio_map_registers(struct ud_vfio *vfio);
int ud_vfio_set_bus_master(struct ud_vfio *vfio, bool enable);
int ud_vfio_count_vectors(struct ud_vfio *vfio);
void ud_vfio_release_vectors(struct ud_vfio *vfio);
int ud_vfio_vector_fd(struct ud_transport *transport, unsigned int vector, int *fd);
int ud_vfio_wait_vector(struct ud_transport *transport, unsigned int vector, uint64_t timeout_ns);
uint64_t ud_vfio_now_ns(struct ud_transport *transport);

#endif
