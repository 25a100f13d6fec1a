/* SPDX-License-Identifier: MIT */
/* NVMe commands of io_uring: which there are, and whether a target takes them. */
#ifndef BYPASS_PASSTHRU_H
#define BYPASS_PASSTHRU_H

#include <linux/nvme_ioctl.h>

#include "paths/ring.h"

/* An entry has room for the command, and a completion for its second result. */
#define PASSTHRU_RING_FLAGS (IORING_SETUP_SQE128 | IORING_SETUP_CQE32)

/*
 * The namespace's generic character device: nvme0n1 -> /dev/ng0n1. False where @device isn't the
 * whole of an NVMe disk.
 */
bool passthru_device(const struct device *device, char *path, size_t size);
/* As path probe; @flags of the ring beside those above. */
int passthru_probe_flags(const struct workload *w, const struct target *t, unsigned int flags,
			 struct unavailable *why);
/* Moves a block of the workload; less the buffer and the first logical block. */
struct nvme_uring_cmd passthru_command(const struct workload *w, uint32_t logical_block,
				       uint32_t nsid, bool write);

#endif
