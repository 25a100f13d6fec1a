// SPDX-License-Identifier: MIT
/*
 * One I/O after the other on the stepped model, for cost.sh, which has callgrind count the driver's
 * instructions: in ud_read, ud_qpair_ring and ud_qpair_process, less those in the callback.
 * Usage: cost DEPTH COUNT; random reads of 4 KiB. Prints "N I/Os, N doorbell writes".
 */
#include <stdio.h>
#include <stdlib.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

static unsigned long ndone;

void cost_callback(void *arg, int error, uint16_t status, uint32_t result);

/* Not static: callgrind knows it by its name. */
void cost_callback(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)arg, (void)status, (void)result;
	if (error)
		abort();
	ndone++;
}

static void require(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "cost: %s: error %d\n", what, err);
		exit(1);
	}
}

static void run(struct ud_transport *soft, struct ud_qpair *q, struct ud_ns *ns, uint8_t *buf,
		unsigned long depth, unsigned long count)
{
	uint64_t random = 88172645463325252ull;
	unsigned long i, n;

	for (n = 0; n < count; n += depth) {
		for (i = 0; i < depth; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			require(ud_read(q, ns, buf + i * 4096, (random & 0x3fff) * 8, 8, 0,
					cost_callback, NULL),
				"read");
		}
		ud_qpair_ring(q);
		ud_soft_step(soft);
		if (ud_qpair_process(q, 0) != (int)depth)
			require(-1, "not all were completed by one step");
	}
}

int main(int argc, char **argv)
{
	struct ud_qpair_options options;
	struct ud_qpair_stats stats;
	struct ud_soft_config config;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_qpair *q;
	struct ud_dma dma;
	unsigned long depth = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (!depth || depth > 1023 || !count || count % depth) {
		fprintf(stderr, "usage: cost DEPTH COUNT, COUNT a multiple of DEPTH\n");
		return 2;
	}
	ud_soft_config_init(&config);
	config.backing = UD_SOFT_NONE;
	ud_qpair_options_init(&options);
	options.nentries = (uint32_t)depth + 1;
	require(ud_soft_create(&config, &soft), "model");
	require(ud_ctrlr_open(soft, NULL, &ctrlr), "controller");
	require(ud_dma_alloc(ctrlr, depth * 4096, UD_NODE_ANY, &dma), "memory");
	require(ud_qpair_create(ctrlr, &options, &q), "queue pair");
	run(soft, q, ud_ctrlr_ns(ctrlr, 0), dma.vaddr, depth, count);
	ud_qpair_get_stats(q, &stats);
	printf("%lu I/Os, %lu doorbell writes\n", ndone,
	       (unsigned long)(stats.sq_doorbells + stats.cq_doorbells));
	require(ud_qpair_destroy(q), "destroy");
	require(ud_ctrlr_close(ctrlr), "close");
	return 0;
}
