// SPDX-License-Identifier: MIT
/* Every way from open to close, for LeakSanitizer: good, failing half-way, reset, lost, gone. */
#include <stdio.h>
#include <stdlib.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

static unsigned int ncallbacks;

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)arg, (void)error, (void)status, (void)result;
	ncallbacks++;
}

static void fail(const char *what)
{
	fprintf(stderr, "leak_lifecycle: %s\n", what);
	exit(1);
}

static void live(const struct ud_soft_fault *fault, bool reset, bool destroy)
{
	struct ud_ctrlr_options options;
	struct ud_soft_config config;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_qpair *q;
	struct ud_dma dma;
	unsigned int i;

	ud_soft_config_init(&config);
	ud_ctrlr_options_init(&options);
	config.faults = fault;
	config.nfaults = fault ? 1 : 0;
	config.now_step_ns = 1000;
	options.admin_timeout_ms = 200;
	options.io_timeout_ms = 50;
	options.abort_timeout_ms = 20;
	if (ud_soft_create(&config, &soft))
		fail("no model");
	if (ud_ctrlr_open(soft, &options, &ctrlr))
		return;
	ncallbacks = 0;
	/* A refused Identify leaves no namespace. */
	if (ud_ctrlr_ns(ctrlr, 0) && ud_qpair_create(ctrlr, NULL, &q) == 0) {
		if (ud_dma_alloc(ctrlr, 1 << 20, UD_NODE_ANY, &dma))
			fail("no memory");
		for (i = 0; i < 20; i++)
			if (ud_read(q, ud_ctrlr_ns(ctrlr, 0), dma.vaddr, 0, 1000, 0, done, NULL))
				ncallbacks++;
		(void)ud_qpair_wait(q, 1000000000);
		if (reset)
			(void)ud_ctrlr_reset(ctrlr);
		else
			(void)ud_qpair_drain(q, 10000000000ull);
		if (destroy)
			(void)ud_qpair_destroy(q);
		(void)ud_ctrlr_close(ctrlr);
		if (ncallbacks != 20)
			fail("an I/O didn't end exactly once");
		return;
	}
	(void)ud_ctrlr_close(ctrlr);
}

int main(void)
{
	static const enum ud_soft_fault_kind kinds[] = {
		UD_SOFT_FAULT_STATUS, UD_SOFT_FAULT_LOST, UD_SOFT_FAULT_STUCK,
		UD_SOFT_FAULT_FATAL,  UD_SOFT_FAULT_GONE, UD_SOFT_FAULT_NOT_READY,
	};
	struct ud_soft_fault fault = {.status = NVME_SC_INTERNAL};
	unsigned int i, nth;

	for (i = 0; i < 4; i++)
		live(NULL, i & 1, i & 2);
	/* Each of the first admin commands, then an I/O, meets each fault. */
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fault.kind = kinds[i];
		for (nth = 0; nth < 10; nth++) {
			fault.sqid = 0;
			fault.nth = nth;
			live(&fault, nth & 1, nth & 2);
			fault.sqid = 1;
			live(&fault, nth & 1, nth & 2);
		}
	}
	return 0;
}
