/* SPDX-License-Identifier: MIT */
/*
 * What the driver needs of the way to a controller, and nothing more: BAR0 as memory, DMA memory,
 * an eventfd for each vector, and time. Three implementations: vfio (src/vfio.c), soft
 * (soft/, a controller model in this process) and, later, vfio-user.
 *
 * Registers and doorbells are plain loads and stores into @bar for all of them (mmio.h): a doorbell
 * on the I/O path costs one store and no call. A model notices what was stored when it is stepped,
 * or by its own thread.
 *
 * Thread rule: one thread at a time for everything but now_ns and wait_vector, which any thread
 * that owns a queue pair may call.
 */
#ifndef UD_TRANSPORT_H
#define UD_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

struct ud_transport;

struct ud_transport_ops {
	const char *name; /* "vfio", "soft" */
	/*
	 * Makes @nbytes at @vaddr (both multiples of 4096) readable and writable by the device and
	 * gives the address that the device uses for the first byte; the range is contiguous there.
	 * -ENOSPC: no more mappings or addresses; -ENOMEM: the memlock limit; -EINVAL: misaligned.
	 */
	int (*dma_map)(struct ud_transport *t, void *vaddr, size_t nbytes, uint64_t *iova);
	/* Takes exactly what one dma_map gave. */
	int (*dma_unmap)(struct ud_transport *t, uint64_t iova, size_t nbytes);
	/*
	 * Arms vector @vector (below nvectors) and gives the eventfd that it signals; the transport
	 * owns it. -EINVAL: no such vector.
	 */
	int (*vector_fd)(struct ud_transport *t, unsigned int vector, int *fd);
	/* Monotonic; virtual in a stepped model. */
	uint64_t (*now_ns)(struct ud_transport *t);
	/*
	 * Lets about @ns pass while the driver waits for a register or a completion: sleeps, or
	 * steps the model. Never on the I/O path.
	 */
	void (*wait)(struct ud_transport *t, uint64_t ns);
	/*
	 * Sleeps until @vector's eventfd is signalled or @timeout_ns have passed; consumes the
	 * signal. 1: signalled, 0: time-out, negative errno else (EINTR is handled inside).
	 */
	int (*wait_vector)(struct ud_transport *t, unsigned int vector, uint64_t timeout_ns);
	/* Resets nothing: the driver has shut the controller down. Frees @t. */
	void (*close)(struct ud_transport *t);
};

/* Embedded first in each implementation's own structure. */
struct ud_transport {
	const struct ud_transport_ops *ops;
	volatile void *bar; /* BAR0 */
	size_t bar_nbytes;
	unsigned int nvectors; /* MSI-X vectors that can be armed; 0: polling only */
	int numa_node;         /* of the device, or -1 */
};

#endif
