// SPDX-License-Identifier: MIT
/*
 * Random fault plans: whatever the controller does, each I/O ends exactly once, nothing hangs,
 * nothing leaks. Usage: leak_plans [COUNT [FIRST_SEED]]; a seed repeats its plan exactly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

#define NIOS 200u

struct io {
	unsigned int ncalls;
};

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)error, (void)status, (void)result;
	((struct io *)arg)->ncalls++;
}

static void configure(struct ud_soft_config *config, uint64_t seed)
{
	ud_soft_config_init(config);
	config->seed = seed;
	config->mdts = 1 + seed % 4;
	config->now_step_ns = 5000;
	config->ready_timeout = 1;
	config->latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 1000, 100000, 0};
	config->random_faults = (struct ud_soft_random_faults){
		.per_10000 = seed % 5 ? 200 : 2000,
		.kinds = (1u << UD_SOFT_FAULT_KINDS) - 2,
		.limit = 1 + seed % 20,
		.max_delay_ns = 100000000,
		.admin = seed % 3 == 0,
	};
}

/* One I/O of any kind and size; accepted or not, its outcome is to be one. */
static void submit(struct ud_qpair *q, struct ud_ns *ns, uint8_t *buf, uint64_t random,
		   struct io *io)
{
	uint32_t nblocks = random % 8 ? 1 + (random >> 8) % 16 : 1 + (random >> 8) % 1000;
	unsigned int tries;
	int err = -EAGAIN;

	for (tries = 0; err == -EAGAIN && tries < 1000; tries++) {
		if ((random >> 32) & 1)
			err = ud_read(q, ns, buf, (random >> 40) % 1000, nblocks, 0, done, io);
		else
			err = ud_write(q, ns, buf, (random >> 40) % 1000, nblocks, UD_FUA, done,
				       io);
		if (err == -EAGAIN)
			(void)ud_qpair_wait(q, 1000000);
	}
	if (err)
		io->ncalls++; /* refused: no callback may come */
}

static int run(uint64_t seed)
{
	struct io ios[NIOS] = {{0}};
	struct ud_ctrlr_options options;
	struct ud_qpair_options queue;
	struct ud_soft_config config;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct ud_qpair *q;
	struct ud_dma dma;
	uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1;
	unsigned int i;

	configure(&config, seed);
	ud_ctrlr_options_init(&options);
	options.admin_timeout_ms = 100;
	options.io_timeout_ms = 50;
	options.abort_timeout_ms = 20;
	ud_qpair_options_init(&queue);
	queue.mode = (enum ud_completion_mode)(seed % 3);
	queue.nentries = 2 + seed % 40;
	if (ud_soft_create(&config, &soft))
		return 1;
	if (ud_ctrlr_open(soft, &options, &ctrlr))
		return 0;
	if (!ud_ctrlr_ns(ctrlr, 0) || ud_dma_alloc(ctrlr, 1 << 19, UD_NODE_ANY, &dma) ||
	    ud_qpair_create(ctrlr, &queue, &q)) {
		(void)ud_ctrlr_close(ctrlr);
		return 0;
	}
	for (i = 0; i < NIOS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		submit(q, ud_ctrlr_ns(ctrlr, 0), dma.vaddr, random, &ios[i]);
	}
	if (seed & 1)
		(void)ud_qpair_drain(q, 100000000000ull);
	(void)ud_qpair_destroy(q);
	(void)ud_ctrlr_close(ctrlr);
	for (i = 0; i < NIOS; i++)
		if (ios[i].ncalls != 1) {
			fprintf(stderr, "seed %lu: I/O %u ended %u times\n", (unsigned long)seed, i,
				ios[i].ncalls);
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1, end = seed + count;

	for (; seed < end; seed++)
		if (run(seed))
			return 1;
	printf("%lu fault plans: every I/O ended exactly once\n", count);
	return 0;
}
