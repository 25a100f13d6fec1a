// SPDX-License-Identifier: MIT
/* Registers, enabling and resetting [3.1, 7.3, 7.6], and what a step does. */
#include <string.h>

#include "soft.h"

uint32_t soft_read32(struct soft *c, size_t offset)
{
	const volatile uint8_t *bar = c->transport.bar;

	return __atomic_load_n((const volatile uint32_t *)(bar + offset), __ATOMIC_ACQUIRE);
}

/* In two halves as hosts may write it so [3.1]. */
uint64_t soft_read64(struct soft *c, size_t offset)
{
	return soft_read32(c, offset) | (uint64_t)soft_read32(c, offset + 4) << 32;
}

void soft_write32(struct soft *c, size_t offset, uint32_t value)
{
	volatile uint8_t *bar = c->transport.bar;

	__atomic_store_n((volatile uint32_t *)(bar + offset), value, __ATOMIC_RELEASE);
}

static void set_csts(struct soft *c, uint32_t csts)
{
	c->csts = csts;
	soft_write32(c, NVME_REG_CSTS, csts);
}

void soft_registers_init(struct soft *c)
{
	const struct ud_soft_config *config = &c->config;
	uint64_t cap = (config->queue_entries - 1) | 1ull << 16 | /* CQR */
		       (uint64_t)config->ready_timeout << 24 | (uint64_t)config->dstrd << 32 |
		       1ull << 37 | /* CSS: NVM */
		       (uint64_t)config->mpsmax << 52;

	soft_write32(c, NVME_REG_CAP, (uint32_t)cap);
	soft_write32(c, NVME_REG_CAP + 4, (uint32_t)(cap >> 32));
	soft_write32(c, NVME_REG_VS, 0x10400);
	set_csts(c, 0);
	c->ready_due = SOFT_NEVER;
	c->shutdown_due = SOFT_NEVER;
	soft_reset_queues(c);
}

/* All that a controller reset forgets [7.3.2]. */
void soft_reset_queues(struct soft *c)
{
	while (c->nheap) {
		struct soft_command *command = c->heap[c->nheap - 1];

		c->nheap--;
		soft_command_free(c, command);
	}
	soft_events_reset(c);
	for (unsigned int i = 0; i <= c->max_live; i++) {
		if (c->sq[i].cids)
			memset(c->sq[i].cids, 0, 65536 / 8);
		c->sq[i].live = false;
		c->sq[i].held = NULL;
		soft_cq_clear(c, &c->cq[i]);
		c->cq[i].live = false;
		c->cq[i].nsqs = 0;
	}
	c->max_live = 0;
	c->shadow = false;
	soft_interrupts_reset(c);
	soft_features_reset(c);
	soft_doorbells_idle(c);
}

void soft_fail(struct soft *c)
{
	if (c->state == SOFT_GONE)
		return;
	c->state = SOFT_FAILED;
	c->ready_due = SOFT_NEVER;
	set_csts(c, c->csts | NVME_CSTS_CFS);
	soft_trace(c, 'F', 0, 0);
}

static void bar_fill_ones(struct soft *c)
{
	for (size_t i = 0; i < c->transport.bar_nbytes; i += 4)
		soft_write32(c, i, NVME_CSTS_GONE);
}

/* A surprise removal: every load gives ones, and stores are lost at the next step. */
void soft_gone(struct soft *c)
{
	c->state = SOFT_GONE;
	c->ready_due = SOFT_NEVER;
	c->shutdown_due = SOFT_NEVER;
	bar_fill_ones(c);
	soft_trace(c, 'G', 0, 0);
}

static bool admin_queues_valid(struct soft *c)
{
	uint32_t aqa = soft_read32(c, NVME_REG_AQA);
	uint64_t asq = soft_read64(c, NVME_REG_ASQ), acq = soft_read64(c, NVME_REG_ACQ);
	size_t page = soft_page_nbytes(c);

	if (!(aqa & 0xfff) || !(aqa >> 16 & 0xfff)) /* at least 2 entries [3.1.8] */
		return false;
	if (asq % page)
		soft_dma_refuse(c, NULL, asq, 64, false, UD_SOFT_DMA_MISALIGNED);
	if (acq % page)
		soft_dma_refuse(c, NULL, acq, 16, true, UD_SOFT_DMA_MISALIGNED);
	if (asq % page || acq % page)
		return false;
	c->sq[0] = (struct soft_sq){
		.live = true,
		.nentries = (aqa & 0xfff) + 1,
		.iova = asq,
		.cids = c->sq[0].cids,
		.fetched = c->sq[0].fetched,
	};
	c->cq[0].live = true;
	c->cq[0].phase = true;
	c->cq[0].interrupts = c->config.nvectors > 0;
	c->cq[0].vector = 0;
	c->cq[0].nentries = (aqa >> 16 & 0xfff) + 1;
	c->cq[0].head = 0;
	c->cq[0].tail = 0;
	c->cq[0].nsqs = 1;
	c->cq[0].iova = acq;
	return true;
}

/* CC.EN 0 to 1 [3.1.5, 7.6.1]. */
static void enable(struct soft *c)
{
	uint32_t mps = c->cc >> 7 & 0xf, css = c->cc >> 4 & 7, ams = c->cc >> 11 & 7;

	soft_reset_queues(c);
	c->shut_down = false;
	c->shutdown_due = SOFT_NEVER;
	set_csts(c, 0);
	c->state = SOFT_ENABLING;
	if (mps > c->config.mpsmax || css || ams || !admin_queues_valid(c)) {
		soft_fail(c);
		return;
	}
	c->ready_due = soft_fault_not_ready(c) ? SOFT_NEVER : c->now_ns + c->config.ready_ns;
	c->enables++;
}

/* CC.EN 1 to 0: whatever is outstanding never completes [7.3.2]. */
static void disable(struct soft *c)
{
	soft_reset_queues(c);
	c->state = SOFT_DISABLING;
	c->shutdown_due = SOFT_NEVER;
	c->ready_due = soft_fault_stuck_ready(c) ? SOFT_NEVER : c->now_ns + c->config.ready_ns;
	c->stats.resets++;
	set_csts(c, c->csts & ~NVME_CSTS_CFS);
}

static void shutdown_begin(struct soft *c)
{
	c->shut_down = true;
	c->shutdown_due = c->now_ns + c->config.shutdown_ns;
	set_csts(c, (c->csts & ~(3u << 2)) | 1u << 2);
}

static void cc_changed(struct soft *c, uint32_t cc)
{
	uint32_t old = c->cc;

	c->cc = cc;
	soft_trace(c, 'C', old, cc);
	if ((cc & NVME_CC_EN) && !(old & NVME_CC_EN))
		enable(c);
	else if (!(cc & NVME_CC_EN) && (old & NVME_CC_EN))
		disable(c);
	/* A notification is a change of SHN; clearing it doesn't take it back [3.1.5]. */
	if ((cc & NVME_CC_SHN_MASK) && !(old & NVME_CC_SHN_MASK))
		shutdown_begin(c);
}

static void registers_step(struct soft *c)
{
	uint32_t cc = soft_read32(c, NVME_REG_CC);

	if (cc != c->cc)
		cc_changed(c, cc);
	if (c->ready_due <= c->now_ns) {
		c->ready_due = SOFT_NEVER;
		if (c->state == SOFT_ENABLING) {
			c->state = SOFT_READY;
			set_csts(c, c->csts | NVME_CSTS_RDY);
		} else {
			c->state = SOFT_DISABLED;
			c->shut_down = false;
			set_csts(c, 0);
		}
	}
	if (c->shutdown_due <= c->now_ns) {
		c->shutdown_due = SOFT_NEVER;
		set_csts(c, (c->csts & ~(3u << 2)) | NVME_CSTS_SHST_DONE << 2);
	}
}

/* Everything that is due at now_ns. */
void soft_step(struct soft *c)
{
	if (c->state == SOFT_GONE) {
		bar_fill_ones(c);
		return;
	}
	registers_step(c);
	if (!soft_running(c))
		return;
	if (soft_doorbells_step(c))
		c->last_doorbell_ns = c->now_ns;
	if (!c->shut_down)
		soft_fetch_all(c);
	soft_run_due(c);
	soft_interrupts_step(c);
}

uint64_t soft_next_due(const struct soft *c)
{
	uint64_t due = c->ready_due < c->shutdown_due ? c->ready_due : c->shutdown_due;

	if (!soft_running(c))
		return due;
	if (c->nheap && c->heap[0]->due_ns < due)
		due = c->heap[0]->due_ns;
	for (unsigned int i = 0; i < c->config.nvectors; i++) {
		if (c->vectors[i].deadline < due)
			due = c->vectors[i].deadline;
	}
	return due;
}
