// SPDX-License-Identifier: MIT
/*
 * The order of stores, which x86 can't show by failing: the driver is built with UD_RECORD and
 * each access is watched. Before a doorbell, a barrier must follow the last store to DMA memory;
 * before a completion is loaded, a barrier must follow the look at its phase bit.
 */
#ifndef UD_RECORD /* the Makefile says so for the whole driver */
#define UD_RECORD
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"
#include "../src/mmio.h"

static bool store_pending, load_allowed;
static unsigned long ndoorbells, nloads, nwrong;
static const volatile char *bar;

void ud_record(enum ud_record_kind kind, const volatile void *address, uint64_t value)
{
	(void)value;
	switch (kind) {
	case UD_RECORD_DMA_STORE:
		store_pending = true;
		break;
	case UD_RECORD_DMA_WMB:
	case UD_RECORD_FULL_MB:
		store_pending = false;
		break;
	case UD_RECORD_DMA_RMB:
		load_allowed = true;
		break;
	case UD_RECORD_DMA_LOAD:
		nloads++;
		nwrong += !load_allowed;
		load_allowed = false;
		break;
	case UD_RECORD_MMIO_WRITE:
		/* Even and odd doorbells: submission and completion [3.1.24]. */
		if ((const volatile char *)address < bar + NVME_REG_DB)
			break;
		if ((((const volatile char *)address - bar) / 4) % 2)
			break;
		ndoorbells++;
		nwrong += store_pending;
		break;
	case UD_RECORD_MMIO_READ:
		break;
	}
}

int main(void)
{
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_qpair *q;
	struct ud_dma dma;
	unsigned int i;

	if (ud_soft_create(NULL, &soft))
		return 1;
	bar = (const volatile char *)soft->bar;
	if (ud_ctrlr_open(soft, NULL, &ctrlr) || ud_qpair_create(ctrlr, NULL, &q) ||
	    ud_dma_alloc(ctrlr, 1 << 20, UD_NODE_ANY, &dma))
		return 1;
	for (i = 0; i < 100; i++) {
		if (ud_write(q, ud_ctrlr_ns(ctrlr, 0), dma.vaddr, i, 1 + i * 2, 0, NULL, NULL))
			return 1;
		if (i % 5 == 0 && ud_qpair_drain(q, 1000000000))
			return 1;
	}
	if (ud_qpair_destroy(q) || ud_ctrlr_close(ctrlr))
		return 1;
	printf("%lu submission doorbells, %lu completions, %lu in the wrong order\n", ndoorbells,
	       nloads, nwrong);
	return nwrong || ndoorbells < 20 || nloads < 100;
}
