/* SPDX-License-Identifier: MIT */
/* What the driver's tests share: a model, a controller on it, and I/O that counts its callbacks. */
#ifndef FIXTURE_DRIVER_H
#define FIXTURE_DRIVER_H

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

#define SECOND_NS 1000000000ull

struct driver {
	struct ud_soft_config config; /* change it before driver_open */
	struct ud_ctrlr_options options;
	struct ud_qpair_options queue;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_ns *ns; /* the first */
	struct ud_qpair *q;
	struct ud_dma dma; /* 4 MiB */
	uint8_t *buf;      /* of it */
};

/* How an I/O ended, and how often. */
struct outcome {
	unsigned int ncalls;
	int error;
	uint16_t status;
	uint32_t result;
};

/* Defaults with short time-outs. */
void driver_init(struct driver *d);
/* Model, controller, one queue pair, memory; asserts that all of it works. */
void driver_open(struct driver *d);
/* Asserts that the model refused nothing, and that the callback count of nothing is wrong. */
void driver_close(struct driver *d);
/* As driver_close, where faults of the plan make refusals legitimate. */
void driver_close_faulty(struct driver *d);

ud_callback outcome_done;
/* Waits for @o; asserts that exactly one callback came. Returns its error. */
int outcome_wait(struct driver *d, struct outcome *o);
/* Submits and waits; returns the error of either. */
int driver_read(struct driver *d, void *buf, uint64_t slba, uint32_t nblocks);
int driver_write(struct driver *d, const void *buf, uint64_t slba, uint32_t nblocks);
/* Bytes that tell where they belong. */
void fill_pattern(void *buf, size_t nbytes, uint32_t seed);
bool is_pattern(const void *buf, size_t nbytes, uint32_t seed);

#endif
