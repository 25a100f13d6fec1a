/* SPDX-License-Identifier: MIT */
/* Shared by the parts of vfio_io, which runs the driver on a device in the testbed. */
#ifndef VFIO_IO_H
#define VFIO_IO_H

#include "../include/userdrv.h"
#include "vfio_check.h"

#define IO_TIMEOUT_NS 20000000000ull
#define IO_BUF_NBYTES (8u << 20)
#define IO_ERROR_LOST 1 /* io.error before the callback */

/* One queue pair and a buffer. */
struct io {
	struct ud_ctrlr *ctrlr;
	struct ud_ns *ns;
	struct ud_qpair *qpair;
	struct ud_dma dma;
	unsigned int calls; /* of the callback */
	int error;
	uint16_t status;
};

/* The controller at @pci, with SGLs or without; or NULL and a sentence on stderr. */
struct ud_ctrlr *io_open(const char *pci, bool sgl);
/* Namespace @nsid, a queue pair completed by @mode and a buffer. */
int io_init(struct io *io, struct ud_ctrlr *ctrlr, uint32_t nsid, enum ud_completion_mode mode);
void io_destroy(struct io *io);
/*
 * Ends what a submission (@err is what it returned) began: 0, or the error of either. The
 * callback must have come exactly once, else -EPROTO.
 */
int io_end(struct io *io, int err);
void io_callback(void *arg, int error, uint16_t status, uint32_t result);

int io_read(struct io *io, uint64_t slba, uint32_t nblocks);
int io_write(struct io *io, uint64_t slba, uint32_t nblocks);

/* Bytes that tell where they belong: word i of the disk is a hash of @seed and i. */
void pattern_fill(void *buf, size_t nbytes, uint64_t seed, uint64_t position);
bool pattern_holds(const void *buf, size_t nbytes, uint64_t seed, uint64_t position);

/* vfio_suite.c: every kind of I/O, by @mode on @nqpairs queue pairs at once. */
void suite(struct checks *checks, struct ud_ctrlr *ctrlr, uint32_t nsid,
	   enum ud_completion_mode mode, unsigned int nqpairs);

#endif
