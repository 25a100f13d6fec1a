/* SPDX-License-Identifier: MIT */
/*
 * What an NVMe controller itself has counted, in its SMART log [NVMe Base 1.4, 5.14.1.2]: the only
 * account of commands that the block layer doesn't see.
 */
#ifndef BYPASS_NVME_SMART_H
#define BYPASS_NVME_SMART_H

#include <stdbool.h>
#include <stdint.h>

struct nvme_smart {
	bool known;
	char why_not[128]; /* unless known: why, and how to get it */
	/* Commands that the controller completed, each counted singly. */
	uint64_t read_commands, write_commands;
};

/* Of the controller of @disk ("nvme0n1"). An admin command: none of the I/O queues is used. */
void nvme_smart_read(const char *disk, struct nvme_smart *smart);
/* After minus before; known only where both are. */
struct nvme_smart nvme_smart_delta(const struct nvme_smart *before, const struct nvme_smart *after);

#endif
