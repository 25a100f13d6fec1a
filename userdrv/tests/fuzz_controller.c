// SPDX-License-Identifier: MIT
/*
 * A controller that lies: the input changes bytes of the Identify data and of completions, in the
 * order in which they come; behind its end the controller is honest. Whatever it says, the driver
 * reads and writes its own memory only (ASan), ends each I/O exactly once, and comes to an end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

#define NIOS       24u
#define BUF_NBYTES (256u << 10)

struct input {
	const uint8_t *at, *end;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes);

static uint8_t take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static void lie_identify(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	struct input *in = arg;
	uint8_t *bytes = data;

	(void)cns, (void)nsid;
	for (unsigned int n = take(in) % 16; n; n--) {
		unsigned int offset = take(in);

		offset = (offset << 8 | take(in)) % 4096;
		bytes[offset] = take(in);
	}
}

static void lie_completion(void *arg, uint16_t sqid, struct nvme_cqe *cqe)
{
	struct input *in = arg;
	uint8_t kind = take(in);

	(void)sqid;
	if (kind & 0x80)
		((uint8_t *)cqe)[kind % sizeof(*cqe)] ^= take(in);
}

static void count(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)error, (void)status, (void)result;
	++*(unsigned int *)arg;
}

static void do_io(struct ud_ctrlr *ctrlr, struct ud_qpair *q, const struct ud_dma *dma)
{
	unsigned int ncalls[NIOS] = {0};
	struct ud_ns *ns = ud_ctrlr_ns(ctrlr, 0);
	bool accepted[NIOS] = {false};

	for (unsigned int i = 0; ns && ns->usable && i < NIOS; i++) {
		uint32_t most = BUF_NBYTES / ns->block_nbytes,
			 nblocks = 1 + i * 7 % (most ? most : 1);

		if (!most)
			break;
		if (i % 3)
			accepted[i] = !ud_read(q, ns, dma->vaddr, i, nblocks, 0, count, &ncalls[i]);
		else
			accepted[i] =
				!ud_write(q, ns, dma->vaddr, i, nblocks, 0, count, &ncalls[i]);
		if (i % 4 == 3)
			(void)ud_qpair_wait(q, 1000000);
	}
	(void)ud_qpair_drain(q, 10000000000ull);
	(void)ud_qpair_destroy(q);
	for (unsigned int i = 0; i < NIOS; i++) {
		if (ncalls[i] != accepted[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
	struct input in = {data, data + nbytes};
	struct ud_ctrlr_options options;
	struct ud_qpair_options queue;
	struct ud_soft_config config;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_qpair *q;
	struct ud_dma dma;

	ud_soft_config_init(&config);
	config.now_step_ns = 5000;
	config.ready_timeout = 1;
	config.on_identify = lie_identify;
	config.on_completion = lie_completion;
	config.hook_arg = &in;
	ud_ctrlr_options_init(&options);
	options.admin_timeout_ms = 50;
	options.io_timeout_ms = 20;
	options.abort_timeout_ms = 10;
	options.nqpairs = 2;
	ud_qpair_options_init(&queue);
	queue.nentries = 16;
	if (ud_soft_create(&config, &soft))
		return 0;
	if (ud_ctrlr_open(soft, &options, &ctrlr))
		return 0;
	if (!ud_dma_alloc(ctrlr, BUF_NBYTES, UD_NODE_ANY, &dma) &&
	    !ud_qpair_create(ctrlr, &queue, &q))
		do_io(ctrlr, q, &dma);
	(void)ud_ctrlr_close(ctrlr);
	return 0;
}
