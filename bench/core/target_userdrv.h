/* SPDX-License-Identifier: MIT */
/* A disk that our own driver drives: what the paths userdrv-* and target_userdrv*.c share. */
#ifndef BYPASS_TARGET_USERDRV_H
#define BYPASS_TARGET_USERDRV_H

#include "core/target_kinds.h"
#include "userdrv/include/userdrv.h"

/*
 * All of it belongs to the thread that opened the target, but for the queue pairs that it makes for
 * the jobs: see userdrv.h.
 */
struct userdrv_target {
	struct ud_ctrlr *ctrlr;
	struct ud_ns *ns;          /* the first one that takes I/O */
	struct ud_transport *soft; /* the model, for its counters; NULL: a real controller */
	/* For all that isn't measured: laying out, reading back. */
	struct ud_qpair *service;
	struct ud_dma bounce;
	int piece_error; /* of the service's I/O that ended last */
};

/* What bounds the I/Os that the target takes. */
struct userdrv_limits {
	uint32_t block_nbytes;        /* of a logical block */
	uint32_t max_transfer_nbytes; /* of a command; larger I/Os are split */
	uint32_t max_entries;         /* of a queue; one less may be outstanding */
	unsigned int max_jobs;        /* queue pairs, without the service's */
	unsigned int max_vectors;     /* for jobs that sleep */
};

/* False: not known before the controller is open. */
bool target_userdrv_limits(const struct target *t, struct userdrv_limits *limits);

/*
 * Decides of an open target whether it is ours to write: a model, the testbed's disk, or one whose
 * serial number was given with --allow-writes and that holds nothing. Any other is foreign;
 * negative errno if @writes then.
 */
int target_userdrv_claim(struct target *t, bool writes, struct error *e);

/* ---- target_vfio.c: disks bound to vfio-pci ------------------------------------------- */

/*
 * Fills device.pci from the target's text (for nvme:SERIAL/vfio by asking each disk that is bound
 * to vfio-pci) and checks that our driver may have that device; doesn't open it.
 */
int target_vfio_probe(struct target *t, struct error *e);
/* The medium of the testbed that is for drivers of ours. */
bool target_is_testbed_disk(const struct target *t);

/* ---- target_userdrv_io.c -------------------------------------------------------------- */

int target_userdrv_open_service(struct userdrv_target *u);
/*
 * Looks for file systems, partition tables and the like in the first and the last MiB of the
 * namespace. 1: @what names it; 0: there is none; negative errno: it can't be told, @what says why.
 */
int target_userdrv_holds(const struct target *t, char *what, size_t nbytes);

#endif
