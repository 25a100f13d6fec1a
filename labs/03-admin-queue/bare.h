/* SPDX-License-Identifier: MIT */
/*
 * What the checks of lab 3 stand on: a controller model whose waits can be listened to, a driver
 * that has no more than registers and the memory of an admin queue, and a record of what the
 * student's code did to the registers.
 */
#ifndef BARE_H
#define BARE_H

#ifndef UD_RECORD /* as lab.ini says of the student's code */
#define UD_RECORD
#endif
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "userdrv/soft/ud_soft.h"
#include "userdrv/src/controller.h"

#define PAGE_NBYTES  4096u
#define RING_ENTRIES 4u
#define MS           ((uint64_t)1000000)

static struct ud_soft_config config;
static struct ud_transport *soft;

/* ---- a model whose transport tells of each wait ---- */

static struct ud_transport_ops model_ops, hooked_ops;
static void (*on_wait)(void); /* before the driver lets time pass */
static unsigned int nwaits;

static void hooked_wait(struct ud_transport *t, uint64_t ns)
{
	nwaits++;
	if (on_wait)
		on_wait();
	model_ops.wait(t, ns);
}

static void create_model(void)
{
	int err;

	config.now_step_ns = 1000;
	err = ud_soft_create(&config, &soft);
	if (err)
		lab_broken("there is no controller model: %s", strerror(-err));
	model_ops = *soft->ops;
	hooked_ops = model_ops;
	hooked_ops.wait = hooked_wait;
	soft->ops = &hooked_ops;
	nwaits = 0;
	on_wait = NULL;
}

static void close_model(void)
{
	soft->ops->close(soft);
	soft = NULL;
}

/* Registers as the model has them, without a trace in the record. */
static uint32_t look32(uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)soft->bar + offset);
}

static uint64_t look64(uint32_t offset)
{
	return look32(offset) | (uint64_t)look32(offset + 4) << 32;
}

static void put32(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((volatile uint8_t *)soft->bar + offset) = value;
}

/* ---- a driver that has nothing but registers and the memory of an admin queue ---- */

static struct ud_ctrlr ctrlr;
static struct ud_qpair admin;
static struct ud_dma rings; /* submission, completion, data: a page each */
static uint64_t rings_iova;

static void bare_driver(void)
{
	int err;

	create_model();
	rings = (struct ud_dma){.vaddr = aligned_alloc(PAGE_NBYTES, 3 * PAGE_NBYTES),
				.nbytes = 3 * PAGE_NBYTES};
	if (!rings.vaddr)
		lab_broken("there is no memory for the queue");
	memset(rings.vaddr, 0, rings.nbytes);
	err = soft->ops->dma_map(soft, rings.vaddr, rings.nbytes, &rings_iova);
	if (err)
		lab_broken("the queue can't be mapped: %s", strerror(-err));
	admin = (struct ud_qpair){
		.ctrlr = &ctrlr,
		.nentries = UD_ADMIN_ENTRIES,
		.sq = rings.vaddr,
		.cq = (struct nvme_cqe *)(void *)((uint8_t *)rings.vaddr + PAGE_NBYTES),
		.sq_iova = rings_iova,
		.cq_iova = rings_iova + PAGE_NBYTES,
	};
	ctrlr = (struct ud_ctrlr){.transport = soft, .cap = look64(NVME_REG_CAP), .admin = &admin};
}

static void end_bare_driver(void)
{
	close_model();
	free(rings.vaddr);
}

/* ---- what the student's code did to registers (userdrv/src/mmio.h) ---- */

static struct {
	bool enabled_once;  /* CC.EN was written as 1 */
	bool barrier;       /* before that, behind the last store to the other registers */
	uint32_t cc;        /* what was written with it */
	uint32_t aqa;       /* what the controller knew at that moment */
	uint64_t asq, acq;  /* the same */
	bool ready_seen;    /* the last load of CSTS had RDY */
	bool cleared_early; /* CC.EN was cleared while the controller was getting ready */
	unsigned int nread_barriers;
} seen;

/* Of the submission ring: what the tail's entry held at the barrier before its doorbell. */
static struct {
	const struct nvme_sqe *entry;        /* where the command is expected */
	struct nvme_sqe at_barrier, at_ring; /* what was there */
	bool barrier;
	unsigned int nrings, nothers; /* the right doorbell, any other register */
	uint32_t value, where;
} submission;

static struct {
	unsigned int nrings, nothers;
	uint32_t value, where;
} consumption;

static uint32_t bar_offset(const volatile void *address)
{
	return (uint32_t)((const volatile uint8_t *)address - (const volatile uint8_t *)soft->bar);
}

static void record_cc(uint32_t cc)
{
	if ((cc & NVME_CC_EN) && !seen.enabled_once) {
		seen.enabled_once = true;
		seen.cc = cc;
		seen.aqa = look32(NVME_REG_AQA);
		seen.asq = look64(NVME_REG_ASQ);
		seen.acq = look64(NVME_REG_ACQ);
	}
	if (!(cc & NVME_CC_EN) && (look32(NVME_REG_CC) & NVME_CC_EN) && !seen.ready_seen)
		seen.cleared_early = true;
}

static void record_ring(uint32_t offset, uint32_t value, uint32_t stride)
{
	if (offset == NVME_REG_DB) {
		submission.nrings++;
		submission.value = value;
		if (submission.entry)
			submission.at_ring = *submission.entry;
	} else if (offset == NVME_REG_DB + stride) {
		consumption.nrings++;
		consumption.value = value;
	}
	if (offset != NVME_REG_DB) {
		submission.nothers++;
		submission.where = offset;
	}
	if (offset != NVME_REG_DB + stride) {
		consumption.nothers++;
		consumption.where = offset;
	}
}

static void record_write(const volatile void *address, uint32_t value)
{
	uint32_t offset = bar_offset(address);

	if (offset == NVME_REG_CC)
		record_cc(value);
	else if (offset < NVME_REG_DB && !seen.enabled_once)
		seen.barrier = false;
	if (offset >= NVME_REG_DB)
		record_ring(offset, value, 4u << NVME_CAP_DSTRD(look64(NVME_REG_CAP)));
}

void ud_record(enum ud_record_kind kind, const volatile void *address, uint64_t value)
{
	switch (kind) {
	case UD_RECORD_DMA_WMB:
	case UD_RECORD_FULL_MB:
		if (!seen.enabled_once)
			seen.barrier = true;
		submission.barrier = true;
		if (submission.entry)
			submission.at_barrier = *submission.entry;
		break;
	case UD_RECORD_DMA_RMB:
		seen.nread_barriers++;
		break;
	case UD_RECORD_MMIO_READ:
		if (bar_offset(address) == NVME_REG_CSTS)
			seen.ready_seen = (uint32_t)value & NVME_CSTS_RDY;
		break;
	case UD_RECORD_MMIO_WRITE:
		record_write(address, (uint32_t)value);
		break;
	default:
		break;
	}
}

static void forget_record(void)
{
	memset(&seen, 0, sizeof(seen));
}

/* As somebody left it who didn't shut down. */
static inline void leave_enabled(uint64_t ns)
{
	put32(NVME_REG_AQA, (RING_ENTRIES - 1) << 16 | (RING_ENTRIES - 1));
	put32(NVME_REG_ASQ, (uint32_t)rings_iova);
	put32(NVME_REG_ASQ + 4, (uint32_t)(rings_iova >> 32));
	put32(NVME_REG_ACQ, (uint32_t)(rings_iova + PAGE_NBYTES));
	put32(NVME_REG_ACQ + 4, (uint32_t)((rings_iova + PAGE_NBYTES) >> 32));
	put32(NVME_REG_CC, NVME_CC_EN | NVME_CC_SHN_NORMAL | NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4));
	ud_soft_step(soft);
	ud_soft_advance(soft, ns);
	forget_record();
}

#endif
