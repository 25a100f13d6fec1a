/* SPDX-License-Identifier: MIT */
/*
 * A pump: reads all of a namespace, in pieces, by as many queue pairs as you like, and hands each
 * piece to a function. It is made of the driver's public functions alone.
 *
 * Each queue pair reads its own share of the pieces and is run by one thread (pump_run), which may
 * be another one for each. The thread that opened the controller opens and closes the pump.
 */
#ifndef PUMP_H
#define PUMP_H

#include "userdrv/include/userdrv.h"

struct pump_options {
	unsigned int nqueues; /* queue pairs */
	unsigned int depth;   /* reads in flight, at most, of each */
	unsigned int batch;   /* reads that share a doorbell and an interrupt, at most @depth */
	uint32_t nblocks;     /* of one piece; the namespace's last blocks may be no piece */
};

/* Called in the thread that runs the queue pair; @data is the pump's again when it returns. */
typedef void pump_consumer(void *arg, uint64_t piece, const void *data);

/* A read in flight, or free to become one. */
struct pump_slot {
	struct pump_queue *queue;
	struct pump_slot *next; /* in the list of free ones */
	uint8_t *data;
	uint64_t piece;
};

struct pump_queue {
	struct pump *pump;
	struct ud_qpair *qpair;
	struct pump_slot *slots; /* owned: as many as the depth */
	struct pump_slot *free;
	unsigned int nfree;
	uint64_t next, end; /* pieces that are still to be submitted: [next, end) */
	int error;          /* the first, or 0 */
	pump_consumer *consumer;
	void *arg;
};

struct pump {
	struct pump_options options;
	struct ud_ctrlr *ctrlr;
	struct ud_ns *ns;
	struct ud_dma memory;      /* of all slots */
	struct pump_queue *queues; /* owned */
	uint64_t npieces;
};

/* The pieces of part @part, of @nparts that differ by one at most: [*first, *end). */
void pump_share(uint64_t npieces, unsigned int nparts, unsigned int part, uint64_t *first,
		uint64_t *end);

/* 0, or what the driver says; then nothing is left open. */
int pump_open(struct ud_ctrlr *ctrlr, struct ud_ns *ns, const struct pump_options *options,
	      struct pump **pump);
/*
 * Reads the share of queue pair @queue and hands each piece over once, in any order. Returns when
 * nothing is in flight any more: 0, or the first error, after which nothing more is submitted.
 */
int pump_run(struct pump *pump, unsigned int queue, pump_consumer *consumer, void *arg);
void pump_close(struct pump *pump);

#endif
