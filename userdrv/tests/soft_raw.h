/* SPDX-License-Identifier: MIT */
/*
 * The least of a driver, to test the model by itself: it checks nothing, so that a test can do
 * what a good driver never would. Criterion assertions are the only errors.
 */
#ifndef SOFT_RAW_H
#define SOFT_RAW_H

#include "../soft/ud_soft.h"

#define RAW_ADMIN_ENTRIES 32u
#define RAW_BUFFER_NBYTES (1u << 20)

struct raw_memory {
	uint8_t *vaddr;
	uint64_t iova;
	size_t nbytes;
};

struct raw_queue {
	struct raw *raw;
	uint16_t qid;
	uint32_t nentries, tail, head;
	bool phase;
	uint16_t cid; /* of the last command */
	struct raw_memory sq, cq;
};

struct raw {
	struct ud_transport *t;
	unsigned int dstrd;
	struct raw_queue admin;
	struct raw_memory buffer; /* data */
	struct raw_memory lists;  /* PRP lists */
};

/* Aborts with @what unless it holds: also in programs that aren't Criterion's. */
void raw_require(bool holds, const char *what);

/* Memory of its own mapping; lives until the test's process ends. */
struct raw_memory raw_memory(struct raw *raw, size_t nbytes);

void raw_create(struct raw *raw, const struct ud_soft_config *config); /* not enabled */
void raw_enable(struct raw *raw);                                      /* until CSTS.RDY */
void raw_open(struct raw *raw, const struct ud_soft_config *config);   /* both */
void raw_close(struct raw *raw);
uint32_t raw_read(struct raw *raw, size_t offset);
void raw_write(struct raw *raw, size_t offset, uint32_t value);
bool raw_wait_csts(struct raw *raw, uint32_t mask, uint32_t value, uint64_t ns);

/* Queue memory without creating it; creating it on vector @vector, or < 0: without interrupts. */
void raw_queue_memory(struct raw *raw, struct raw_queue *q, uint16_t qid, uint32_t nentries);
void raw_queue_create(struct raw *raw, struct raw_queue *q, uint16_t qid, uint32_t nentries,
		      int vector);

/* Puts a command into the queue; the identifier is the next one. Returns it. */
uint16_t raw_submit(struct raw_queue *q, struct nvme_sqe sqe);
void raw_ring(struct raw_queue *q);
/* Takes a completion when there is one, and rings its doorbell. */
bool raw_poll(struct raw_queue *q, struct nvme_cqe *cqe);
/* The next completion within @ns. */
bool raw_wait(struct raw_queue *q, struct nvme_cqe *cqe, uint64_t ns);
/* Submits, waits; gives the status field without the phase bit, 0xffff: none within 1 s. */
unsigned int raw_do(struct raw_queue *q, struct nvme_sqe sqe, struct nvme_cqe *cqe);
/* The same without bit DNR. */
unsigned int raw_status(struct raw_queue *q, struct nvme_sqe sqe);

/* Read or write of blocks at the buffer's begin. */
struct nvme_sqe raw_rw(const struct raw *raw, uint8_t opc, uint64_t slba, uint32_t nblocks);
struct ud_soft_stats raw_stats(struct raw *raw);
/* The eventfd's count, 0: not signalled. */
uint64_t raw_interrupts(struct raw *raw, unsigned int vector);

#endif
