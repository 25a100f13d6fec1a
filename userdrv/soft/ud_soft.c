// SPDX-License-Identifier: MIT
/* Creating, releasing and asking the model: the functions of ud_soft.h that aren't about time. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soft.h"

void ud_soft_config_init(struct ud_soft_config *config)
{
	*config = (struct ud_soft_config){
		.mode = UD_SOFT_STEPPED,
		.seed = 1,
		.nqueues = 4,
		.queue_entries = 1024,
		.mdts = 5,
		.ready_timeout = 20,
		.ready_ns = 1000000,
		.shutdown_ns = 1000000,
		.nvectors = 5,
		.abort_limit = 4,
		.event_limit = 4,
		.oncs = NVME_ONCS_COMPARE | NVME_ONCS_DSM | NVME_ONCS_WRITE_ZEROES,
		.volatile_write_cache = true,
		.nnamespaces = 1,
		.namespaces = {{.nblocks = 131072, .block_nbytes = 512}},
		.backing = UD_SOFT_SPARSE,
		.now_step_ns = 50,
		.idle_ns = 100000000,
		.nap_ns = 50000,
		.iova_first = 0x100000000,
		.iova_last = 0x7fffffffffff,
		.mapping_limit = 65535,
	};
}

static bool between(uint64_t value, uint64_t low, uint64_t high)
{
	return value >= low && value <= high;
}

static bool config_valid(const struct ud_soft_config *config)
{
	if (!between(config->nqueues, 1, SOFT_MAX_QUEUES - 1) ||
	    !between(config->queue_entries, 2, 65536) || config->mdts > 16 || config->dstrd > 10 ||
	    config->mpsmax > 4 || config->ready_timeout > 255 ||
	    config->nvectors > SOFT_MAX_VECTORS || !between(config->abort_limit, 1, 256) ||
	    !between(config->event_limit, 1, SOFT_MAX_EVENTS) ||
	    config->nnamespaces > UD_SOFT_MAX_NAMESPACES || config->nap_ns > 999999999 ||
	    config->iova_first % SOFT_PAGE_NBYTES || config->iova_last < config->iova_first)
		return false;
	for (unsigned int i = 0; i < config->nnamespaces; i++) {
		const struct ud_soft_namespace *ns = &config->namespaces[i];

		if (ns->block_nbytes != 512 && ns->block_nbytes != 4096 && ns->nblocks)
			return false;
		if (ns->nblocks > UINT64_MAX / 2 / 4096)
			return false;
	}
	return true;
}

static int bar_create(struct soft *c)
{
	size_t doorbells = 2 * ((size_t)c->config.nqueues + 1) * (4u << c->config.dstrd);
	size_t nbytes = (NVME_REG_DB + doorbells + SOFT_PAGE_NBYTES - 1) / SOFT_PAGE_NBYTES *
			SOFT_PAGE_NBYTES;
	void *bar;

	if (nbytes < 4 * SOFT_PAGE_NBYTES)
		nbytes = 4 * SOFT_PAGE_NBYTES; /* BAR0 is 16 KiB at least [2.1.10] */
	bar = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bar == MAP_FAILED)
		return -ENOMEM;
	c->transport.bar = bar;
	c->transport.bar_nbytes = nbytes;
	return 0;
}

static int faults_copy(struct soft *c)
{
	if (!c->config.nfaults)
		return 0;
	c->faults = calloc(c->config.nfaults, sizeof(*c->faults));
	if (!c->faults)
		return -ENOMEM;
	for (size_t i = 0; i < c->config.nfaults; i++)
		c->faults[i] = c->config.faults[i];
	c->nfaults = c->config.nfaults;
	return 0;
}

static int parts_create(struct soft *c)
{
	int rc = bar_create(c);

	if (!rc)
		rc = soft_backing_create(c);
	if (!rc)
		rc = faults_copy(c);
	if (rc)
		return rc;
	c->bounce = aligned_alloc(4096, 4096);
	c->sq[0].cids = calloc(65536 / 64, sizeof(*c->sq[0].cids));
	return c->bounce && c->sq[0].cids ? 0 : -ENOMEM;
}

/* Frees everything; the thread has ended. */
void soft_release(struct soft *c)
{
	for (unsigned int i = 0; i < SOFT_MAX_VECTORS; i++) {
		if (c->vectors[i].fd >= 0)
			(void)close(c->vectors[i].fd);
	}
	for (unsigned int i = 0; i < SOFT_MAX_QUEUES; i++)
		free(c->sq[i].cids);
	soft_heap_release(c);
	soft_backing_release(c);
	if (c->transport.bar)
		(void)munmap((void *)(uintptr_t)c->transport.bar, c->transport.bar_nbytes);
	free(c->mappings);
	free(c->segments);
	free(c->bounce);
	free(c->faults);
	free(c);
}

int ud_soft_create(const struct ud_soft_config *config, struct ud_transport **t)
{
	struct soft *c;
	uint64_t seed;
	int rc;

	if (config && !config_valid(config))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (config)
		c->config = *config;
	else
		ud_soft_config_init(&c->config);
	for (unsigned int i = 0; i < SOFT_MAX_VECTORS; i++)
		c->vectors[i].fd = -1;
	for (unsigned int i = 0; i < SOFT_MAX_QUEUES; i++)
		c->cq[i].waiting_end = &c->cq[i].waiting;
	seed = c->config.seed;
	c->random_latency = soft_random(&seed);
	c->random_fault = soft_random(&seed);
	c->random_iova = soft_random(&seed);
	c->iova_next = c->config.iova_first;
	c->now_ns = 1000000; /* so that 0 is never a time */
	c->transport.ops = &soft_transport_ops;
	c->transport.nvectors = c->config.nvectors;
	c->transport.numa_node = -1;
	rc = parts_create(c);
	if (!rc) {
		soft_registers_init(c);
		if (c->config.mode == UD_SOFT_THREADED)
			rc = soft_thread_start(c);
	}
	if (rc)
		soft_release(c);
	else
		*t = &c->transport;
	return rc;
}

void ud_soft_get_stats(struct ud_transport *t, struct ud_soft_stats *stats)
{
	struct soft *c = soft_of(t);

	soft_lock(c);
	c->stats.mappings = c->nmappings;
	*stats = c->stats;
	soft_unlock(c);
}

uint64_t ud_soft_dma_faults(struct ud_transport *t)
{
	struct ud_soft_stats stats;

	ud_soft_get_stats(t, &stats);
	return stats.dma_faults;
}

int ud_soft_dma_fault(struct ud_transport *t, size_t index, struct ud_soft_dma_fault *fault)
{
	struct soft *c = soft_of(t);
	int rc = -ENOENT;

	soft_lock(c);
	if (index < c->stats.dma_faults && index < SOFT_DMA_FAULTS) {
		*fault = c->dma_faults[index];
		rc = 0;
	}
	soft_unlock(c);
	return rc;
}

int ud_soft_add_fault(struct ud_transport *t, const struct ud_soft_fault *fault)
{
	struct soft *c = soft_of(t);
	struct ud_soft_fault *faults;
	int rc = -ENOMEM;

	soft_lock(c);
	faults = reallocarray(c->faults, c->nfaults + 1, sizeof(*faults));
	if (faults) {
		c->faults = faults;
		c->faults[c->nfaults++] = *fault;
		rc = 0;
	}
	soft_unlock(c);
	return rc;
}

uint64_t ud_soft_commands(struct ud_transport *t, uint16_t sqid)
{
	struct soft *c = soft_of(t);
	uint64_t n = 0;

	soft_lock(c);
	if (sqid == UD_SOFT_ANY_QUEUE)
		n = c->io_fetched;
	else if (sqid < SOFT_MAX_QUEUES)
		n = c->sq[sqid].fetched;
	soft_unlock(c);
	return n;
}

void ud_soft_set_fatal(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	soft_lock(c);
	soft_fail(c);
	soft_unlock(c);
}

void ud_soft_set_gone(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	soft_lock(c);
	soft_gone(c);
	soft_unlock(c);
}

void ud_soft_event(struct ud_transport *t, uint8_t type, uint8_t info, uint8_t log_page)
{
	struct soft *c = soft_of(t);

	soft_lock(c);
	soft_event_post(c, type, info, log_page);
	soft_unlock(c);
}

void *ud_soft_data(struct ud_transport *t, uint32_t nsid, size_t *nbytes)
{
	struct soft *c = soft_of(t);
	const struct ud_soft_namespace *ns = soft_namespace(c, nsid);

	if (!ns || !c->data[nsid - 1])
		return NULL;
	if (nbytes)
		*nbytes = ns->nblocks * ns->block_nbytes;
	return c->data[nsid - 1];
}
