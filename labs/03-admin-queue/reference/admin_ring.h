/* SPDX-License-Identifier: MIT */
/*
 * The smallest admin queue [4.1]: two rings, their doorbells, and nothing else. No time-outs, no
 * requests, no recovery: what the driver builds on top is in userdrv/src/queue.c.
 */
#ifndef ADMIN_RING_H
#define ADMIN_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "userdrv/include/nvme_spec.h"

struct admin_ring {
	volatile void *bar; /* BAR0 */
	uint32_t stride;    /* bytes from one doorbell to the next: 4 << CAP.DSTRD [3.1.1] */
	uint32_t nentries;  /* of both rings; at most nentries - 1 commands may be outstanding */
	struct nvme_sqe *sq;
	struct nvme_cqe *cq;
	uint32_t tail;  /* entry that the next command goes to */
	uint32_t head;  /* entry that the next completion comes to */
	uint32_t phase; /* of completions that are new: 1 at first [4.6] */
	uint16_t cid;   /* identifier of the last command */
};

/*
 * Puts @command into the submission queue, with the next identifier, and tells the controller.
 * Returns the identifier. The caller sees to it that there is room.
 */
uint16_t admin_ring_submit(struct admin_ring *ring, const struct nvme_sqe *command);

/*
 * Takes one completion, if there is a new one, copies it to @completion, phase bit and all, and
 * gives its entry back to the controller. False: there is none; never waits.
 */
bool admin_ring_poll(struct admin_ring *ring, struct nvme_cqe *completion);

#endif
