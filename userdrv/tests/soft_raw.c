// SPDX-License-Identifier: MIT
#include "soft_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void raw_require(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "raw driver: %s\n", what);
	abort();
}

struct raw_memory raw_memory(struct raw *raw, size_t nbytes)
{
	struct raw_memory memory = {.nbytes = nbytes};

	memory.vaddr =
		mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	raw_require(memory.vaddr != MAP_FAILED, "mmap");
	raw_require(!raw->t->ops->dma_map(raw->t, memory.vaddr, nbytes, &memory.iova), "dma_map");
	return memory;
}

uint32_t raw_read(struct raw *raw, size_t offset)
{
	return __atomic_load_n((volatile uint32_t *)((volatile uint8_t *)raw->t->bar + offset),
			       __ATOMIC_ACQUIRE);
}

void raw_write(struct raw *raw, size_t offset, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)((volatile uint8_t *)raw->t->bar + offset), value,
			 __ATOMIC_RELEASE);
}

bool raw_wait_csts(struct raw *raw, uint32_t mask, uint32_t value, uint64_t ns)
{
	uint64_t end = ud_soft_now(raw->t) + ns;

	while ((raw_read(raw, NVME_REG_CSTS) & mask) != value) {
		if (ud_soft_now(raw->t) >= end)
			return false;
		raw->t->ops->wait(raw->t, 100000);
	}
	return true;
}

void raw_queue_memory(struct raw *raw, struct raw_queue *q, uint16_t qid, uint32_t nentries)
{
	*q = (struct raw_queue){
		.raw = raw,
		.qid = qid,
		.nentries = nentries,
		.phase = true,
		.cid = 100,
		.sq = raw_memory(raw, (nentries * 64 + 4095) / 4096 * 4096),
		.cq = raw_memory(raw, (nentries * 16 + 4095) / 4096 * 4096),
	};
}

void raw_create(struct raw *raw, const struct ud_soft_config *config)
{
	*raw = (struct raw){0};
	raw_require(!ud_soft_create(config, &raw->t), "create");
	raw->dstrd = NVME_CAP_DSTRD((uint64_t)raw_read(raw, 4) << 32);
	raw->buffer = raw_memory(raw, RAW_BUFFER_NBYTES);
	raw->lists = raw_memory(raw, 16 * 4096);
}

void raw_enable(struct raw *raw)
{
	raw_queue_memory(raw, &raw->admin, 0, RAW_ADMIN_ENTRIES);
	raw_write(raw, NVME_REG_AQA, (RAW_ADMIN_ENTRIES - 1) << 16 | (RAW_ADMIN_ENTRIES - 1));
	raw_write(raw, NVME_REG_ASQ, (uint32_t)raw->admin.sq.iova);
	raw_write(raw, NVME_REG_ASQ + 4, (uint32_t)(raw->admin.sq.iova >> 32));
	raw_write(raw, NVME_REG_ACQ, (uint32_t)raw->admin.cq.iova);
	raw_write(raw, NVME_REG_ACQ + 4, (uint32_t)(raw->admin.cq.iova >> 32));
	raw_write(raw, NVME_REG_CC, NVME_CC_EN | NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4));
	raw_require(raw_wait_csts(raw, NVME_CSTS_RDY, NVME_CSTS_RDY, 1000000000), "not ready");
}

void raw_open(struct raw *raw, const struct ud_soft_config *config)
{
	raw_create(raw, config);
	raw_enable(raw);
}

void raw_close(struct raw *raw)
{
	raw->t->ops->close(raw->t);
}

static size_t doorbell(const struct raw_queue *q, unsigned int completion)
{
	return NVME_REG_DB + (2u * q->qid + completion) * (4u << q->raw->dstrd);
}

uint16_t raw_submit(struct raw_queue *q, struct nvme_sqe sqe)
{
	sqe.cid = ++q->cid;
	memcpy(q->sq.vaddr + q->tail * sizeof(sqe), &sqe, sizeof(sqe));
	q->tail = (q->tail + 1) % q->nentries;
	return sqe.cid;
}

void raw_ring(struct raw_queue *q)
{
	raw_write(q->raw, doorbell(q, 0), q->tail);
	ud_soft_step(q->raw->t);
}

bool raw_poll(struct raw_queue *q, struct nvme_cqe *cqe)
{
	const uint64_t *entry = (const uint64_t *)(const void *)(q->cq.vaddr + q->head * 16);
	uint64_t high = __atomic_load_n(entry + 1, __ATOMIC_ACQUIRE), low;

	if ((high >> 48 & NVME_CQE_PHASE) != q->phase)
		return false;
	low = __atomic_load_n(entry, __ATOMIC_RELAXED);
	memcpy(cqe, &low, 8);
	memcpy((uint8_t *)cqe + 8, &high, 8);
	if (++q->head == q->nentries) {
		q->head = 0;
		q->phase = !q->phase;
	}
	raw_write(q->raw, doorbell(q, 1), q->head);
	ud_soft_step(q->raw->t);
	return true;
}

bool raw_wait(struct raw_queue *q, struct nvme_cqe *cqe, uint64_t ns)
{
	uint64_t end = ud_soft_now(q->raw->t) + ns;

	while (!raw_poll(q, cqe)) {
		if (ud_soft_now(q->raw->t) >= end)
			return false;
		ud_soft_advance(q->raw->t, 1000);
	}
	return true;
}

unsigned int raw_do(struct raw_queue *q, struct nvme_sqe sqe, struct nvme_cqe *cqe)
{
	uint16_t cid = raw_submit(q, sqe);

	raw_ring(q);
	if (!raw_wait(q, cqe, 1000000000))
		return 0xffff;
	raw_require(cqe->cid == cid && cqe->sqid == q->qid, "another completion came");
	return cqe->status >> 1;
}

unsigned int raw_status(struct raw_queue *q, struct nvme_sqe sqe)
{
	struct nvme_cqe cqe;

	return raw_do(q, sqe, &cqe) & ~NVME_STATUS_DNR;
}

void raw_queue_create(struct raw *raw, struct raw_queue *q, uint16_t qid, uint32_t nentries,
		      int vector)
{
	struct nvme_sqe cq, sq;

	raw_queue_memory(raw, q, qid, nentries);
	cq = (struct nvme_sqe){
		.opc = NVME_ADMIN_CREATE_CQ,
		.prp1 = q->cq.iova,
		.cdw10 = (nentries - 1) << 16 | qid,
		.cdw11 = NVME_QUEUE_CONTIGUOUS |
			 (vector < 0 ? 0 : NVME_CQ_INTERRUPTS | NVME_CQ_VECTOR(vector)),
	};
	sq = (struct nvme_sqe){
		.opc = NVME_ADMIN_CREATE_SQ,
		.prp1 = q->sq.iova,
		.cdw10 = (nentries - 1) << 16 | qid,
		.cdw11 = NVME_QUEUE_CONTIGUOUS | NVME_SQ_CQID(qid),
	};
	raw_require(!raw_status(&raw->admin, cq), "create completion queue");
	raw_require(!raw_status(&raw->admin, sq), "create submission queue");
}

struct nvme_sqe raw_rw(const struct raw *raw, uint8_t opc, uint64_t slba, uint32_t nblocks)
{
	return (struct nvme_sqe){
		.opc = opc,
		.nsid = 1,
		.prp1 = raw->buffer.iova,
		.prp2 = raw->buffer.iova + 4096,
		.cdw10 = (uint32_t)slba,
		.cdw11 = (uint32_t)(slba >> 32),
		.cdw12 = nblocks - 1,
	};
}

struct ud_soft_stats raw_stats(struct raw *raw)
{
	struct ud_soft_stats stats;

	ud_soft_get_stats(raw->t, &stats);
	return stats;
}

uint64_t raw_interrupts(struct raw *raw, unsigned int vector)
{
	uint64_t count = 0;
	int fd;

	raw_require(!raw->t->ops->vector_fd(raw->t, vector, &fd), "vector_fd");
	return read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count) ? count : 0;
}
