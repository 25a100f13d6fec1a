// SPDX-License-Identifier: MIT
/*
 * Random reads of 4 KiB for a while: how many a second, how long one takes. Reads only.
 * Usage: perf soft:|pci:ADDRESS [poll|interrupt|hybrid [DEPTH [SECONDS]]]
 */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_NBYTES 4096u
#define MAX_DEPTH   1024u
#define WAIT_NS     1000000000ull

struct perf;

struct slot {
	struct perf *perf;
	void *buf;
	uint64_t start_ns;
};

struct perf {
	struct ud_qpair *qpair;
	struct ud_ns *ns;
	uint32_t nblocks; /* of one read */
	uint64_t nplaces; /* to read from */
	uint64_t end_ns;
	uint64_t count, errors;
	uint64_t sum_ns, max_ns;
	uint64_t random;
	struct slot slots[MAX_DEPTH];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* xorshift64: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003. */
static uint64_t next_random(struct perf *perf)
{
	perf->random ^= perf->random << 13;
	perf->random ^= perf->random >> 7;
	perf->random ^= perf->random << 17;
	return perf->random;
}

static void on_done(void *arg, int error, uint16_t status, uint32_t result);

static void submit(struct slot *slot)
{
	struct perf *perf = slot->perf;
	/* Scaled, not divided: right for up to 2^32 places, which are 16 TiB. */
	const uint64_t slba = ((next_random(perf) >> 32) * perf->nplaces >> 32) * perf->nblocks;

	slot->start_ns = now_ns();
	if (ud_read(perf->qpair, perf->ns, slot->buf, slba, perf->nblocks, 0, on_done, slot))
		perf->errors++;
}

static void on_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct slot *slot = arg;
	struct perf *perf = slot->perf;
	const uint64_t end_ns = now_ns(), took_ns = end_ns - slot->start_ns;

	(void)status, (void)result;
	perf->count++;
	perf->errors += error != 0;
	perf->sum_ns += took_ns;
	perf->max_ns = took_ns > perf->max_ns ? took_ns : perf->max_ns;
	if (end_ns < perf->end_ns && !error)
		submit(slot);
}

static int run(struct ud_ctrlr *ctrlr, enum ud_completion_mode mode, unsigned int depth,
	       double seconds)
{
	static struct perf perf = {.random = 88172645463325252ull};
	struct ud_ns *ns = ud_ctrlr_ns(ctrlr, 0);
	struct ud_qpair_options options;
	struct ud_qpair_stats stats;
	struct ud_dma dma;
	uint64_t start_ns;
	double took_s;
	int err;

	ud_qpair_options_init(&options);
	options.mode = mode;
	options.nentries = depth + 1; /* a full ring can't be told from an empty one */
	if (!ns || !ns->usable || ns->nbytes < READ_NBYTES || ns->block_nbytes > READ_NBYTES ||
	    ud_dma_alloc(ctrlr, (size_t)depth * READ_NBYTES, UD_NODE_DEVICE, &dma) ||
	    ud_qpair_create(ctrlr, &options, &perf.qpair)) {
		fprintf(stderr, "perf: no namespace, memory or queue for depth %u\n", depth);
		return 1;
	}
	perf.ns = ns;
	perf.nblocks = READ_NBYTES / ns->block_nbytes;
	perf.nplaces = ns->nblocks / perf.nblocks;
	start_ns = now_ns();
	perf.end_ns = start_ns + (uint64_t)(seconds * 1e9);
	for (unsigned int i = 0; i < depth; i++) {
		perf.slots[i] = (struct slot){&perf, (char *)dma.vaddr + i * READ_NBYTES, 0};
		submit(&perf.slots[i]);
	}
	do {
		err = ud_qpair_wait(perf.qpair, WAIT_NS);
	} while (err >= 0 && ud_qpair_outstanding(perf.qpair));
	took_s = (double)(now_ns() - start_ns) / 1e9;
	ud_qpair_get_stats(perf.qpair, &stats);
	if (perf.count)
		printf("%.0f reads/s; latency mean %.1f us, max %.1f us; %.2f sleeps per read; "
		       "%llu errors\n",
		       (double)perf.count / took_s, (double)perf.sum_ns / 1e3 / (double)perf.count,
		       (double)perf.max_ns / 1e3, (double)stats.sleeps / (double)perf.count,
		       (unsigned long long)perf.errors);
	ud_qpair_destroy(perf.qpair);
	return err < 0 || perf.errors || !perf.count;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = {"poll", "interrupt", "hybrid"};
	const unsigned long depth = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	const double seconds = argc > 4 ? strtod(argv[4], NULL) : 1;
	struct ud_ctrlr *ctrlr;
	unsigned int mode = 0;
	int status;

	while (argc > 2 && mode < 3 && strcmp(argv[2], modes[mode]) != 0)
		mode++;
	if (argc < 2 || argc > 5 || mode == 3 || !depth || depth > MAX_DEPTH || !(seconds > 0)) {
		fprintf(stderr, "usage: perf soft:|pci:ADDRESS [poll|interrupt|hybrid [DEPTH "
				"[SECONDS]]]\n");
		return 2;
	}
	ctrlr = target_open(argv[1]);
	if (!ctrlr)
		return 1;
	status = run(ctrlr, (enum ud_completion_mode)mode, (unsigned int)depth, seconds);
	return ud_ctrlr_close(ctrlr) ? 1 : status;
}
