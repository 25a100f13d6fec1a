// SPDX-License-Identifier: MIT
/* NVM commands [6] on the namespaces' memory. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "soft.h"

int soft_backing_create(struct soft *c)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	if (c->config.backing == UD_SOFT_NONE)
		return 0;
	if (c->config.backing == UD_SOFT_RAM)
		flags |= MAP_POPULATE;
	for (unsigned int i = 0; i < c->config.nnamespaces; i++) {
		const struct ud_soft_namespace *ns = &c->config.namespaces[i];
		void *data;

		if (!ns->nblocks)
			continue;
		data = mmap(NULL, ns->nblocks * ns->block_nbytes, PROT_READ | PROT_WRITE, flags, -1,
			    0);
		if (data == MAP_FAILED)
			return -ENOMEM;
		c->data[i] = data;
	}
	return 0;
}

void soft_backing_release(struct soft *c)
{
	for (unsigned int i = 0; i < c->config.nnamespaces; i++) {
		const struct ud_soft_namespace *ns = &c->config.namespaces[i];

		if (c->data[i])
			(void)munmap(c->data[i], ns->nblocks * ns->block_nbytes);
	}
}

/* An active namespace, or NULL. */
const struct ud_soft_namespace *soft_namespace(const struct soft *c, uint32_t nsid)
{
	if (!nsid || nsid > c->config.nnamespaces || !c->config.namespaces[nsid - 1].nblocks)
		return NULL;
	return &c->config.namespaces[nsid - 1];
}

static bool range_valid(const struct ud_soft_namespace *ns, uint64_t slba, uint64_t nblocks)
{
	return slba <= ns->nblocks && nblocks <= ns->nblocks - slba;
}

/* The memory of a range; NULL without backing. */
static uint8_t *range_data(const struct soft *c, uint32_t nsid, uint64_t slba)
{
	uint8_t *data = c->data[nsid - 1];

	return data ? data + slba * c->config.namespaces[nsid - 1].block_nbytes : NULL;
}

static void range_zero(struct soft *c, uint32_t nsid, uint64_t slba, uint64_t nblocks)
{
	uint8_t *data = range_data(c, nsid, slba);

	if (data)
		memset(data, 0, nblocks * c->config.namespaces[nsid - 1].block_nbytes);
}

/* A command over a range of blocks [6.9, 6.15]: 0, or why not. */
struct soft_range {
	uint32_t nsid;
	uint64_t slba, nblocks;
	size_t nbytes;
};

static uint16_t range_decode(const struct soft *c, const struct nvme_sqe *sqe, bool transfers,
			     struct soft_range *range)
{
	const struct ud_soft_namespace *ns = soft_namespace(c, sqe->nsid);

	if (!ns)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_NSID);
	range->nsid = sqe->nsid;
	range->slba = sqe->cdw10 | (uint64_t)sqe->cdw11 << 32;
	range->nblocks = (sqe->cdw12 & 0xffff) + 1;
	range->nbytes = range->nblocks * ns->block_nbytes;
	if (transfers && c->config.mdts &&
	    range->nbytes > (size_t)SOFT_PAGE_NBYTES << c->config.mdts)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	if (!range_valid(ns, range->slba, range->nblocks))
		return soft_status(NVME_SCT_GENERIC, NVME_SC_LBA_RANGE);
	return 0;
}

static uint16_t read_blocks(struct soft *c, struct soft_command *command)
{
	struct soft_range range;
	const uint8_t *data;
	uint16_t status = range_decode(c, &command->sqe, true, &range);

	if (status)
		return status;
	data = range_data(c, range.nsid, range.slba);
	status = soft_data_walk(c, command, range.nbytes, true);
	if (status)
		return status;
	for (size_t i = 0; i < c->nsegments; i++) {
		size_t nbytes = c->segments[i].nbytes;

		if (!data) {
			memset(c->segments[i].vaddr, 0, nbytes);
			continue;
		}
		memcpy(c->segments[i].vaddr, data, nbytes);
		data += nbytes;
	}
	c->stats.reads++;
	c->stats.bytes_read += range.nbytes;
	return 0;
}

static uint16_t write_blocks(struct soft *c, struct soft_command *command)
{
	struct soft_range range;
	uint8_t *data;
	uint16_t status = range_decode(c, &command->sqe, true, &range);

	if (status)
		return status;
	data = range_data(c, range.nsid, range.slba);
	if (data)
		status = soft_from_host(c, command, data, range.nbytes);
	else
		status = soft_data_walk(c, command, range.nbytes, false);
	if (status)
		return status;
	c->stats.writes++;
	c->stats.bytes_written += range.nbytes;
	if (command->sqe.cdw12 & NVME_RW_FUA)
		c->stats.fua_writes++;
	return 0;
}

static bool zeros(const uint8_t *data, size_t nbytes)
{
	for (size_t i = 0; i < nbytes; i++) {
		if (data[i])
			return false;
	}
	return true;
}

static uint16_t compare(struct soft *c, struct soft_command *command)
{
	struct soft_range range;
	const uint8_t *data;
	uint16_t status = range_decode(c, &command->sqe, true, &range);

	if (!status)
		status = soft_data_walk(c, command, range.nbytes, false);
	if (status)
		return status;
	data = range_data(c, range.nsid, range.slba);
	for (size_t i = 0; i < c->nsegments; i++) {
		const struct soft_segment *s = &c->segments[i];

		if (data ? memcmp(s->vaddr, data, s->nbytes) : !zeros(s->vaddr, s->nbytes))
			return soft_status(NVME_SCT_MEDIA, NVME_SC_COMPARE_FAILURE);
		if (data)
			data += s->nbytes;
	}
	c->stats.compares++;
	return 0;
}

static uint16_t write_zeroes(struct soft *c, struct soft_command *command)
{
	struct soft_range range;
	uint16_t status = range_decode(c, &command->sqe, false, &range);

	if (status)
		return status;
	range_zero(c, range.nsid, range.slba, range.nblocks);
	c->stats.write_zeroes++;
	return 0;
}

/* Dataset Management [6.7]: all ranges are checked before one is deallocated. */
static uint16_t dataset_management(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	const struct ud_soft_namespace *ns = soft_namespace(c, sqe->nsid);
	const struct nvme_dsm_range *ranges = (const struct nvme_dsm_range *)(void *)c->bounce;
	uint32_t n = (sqe->cdw10 & 0xff) + 1;
	uint16_t status;

	if (!ns)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_NSID);
	status = soft_from_host(c, command, c->bounce, n * sizeof(*ranges));
	if (status)
		return status;
	for (uint32_t i = 0; i < n; i++) {
		if (!range_valid(ns, ranges[i].slba, ranges[i].nlb))
			return soft_status(NVME_SCT_GENERIC, NVME_SC_LBA_RANGE);
	}
	if (!(sqe->cdw11 & NVME_DSM_DEALLOCATE))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		range_zero(c, sqe->nsid, ranges[i].slba, ranges[i].nlb);
	c->stats.deallocates++;
	return 0;
}

static uint16_t flush(struct soft *c, const struct nvme_sqe *sqe)
{
	if (sqe->nsid != SOFT_ALL_NS && !soft_namespace(c, sqe->nsid))
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_NSID);
	c->stats.flushes++;
	return 0;
}

uint16_t soft_io_execute(struct soft *c, struct soft_command *command)
{
	uint16_t oncs = c->config.oncs;

	switch (command->sqe.opc) {
	case NVME_NVM_FLUSH:
		return flush(c, &command->sqe);
	case NVME_NVM_WRITE:
		return write_blocks(c, command);
	case NVME_NVM_READ:
		return read_blocks(c, command);
	case NVME_NVM_COMPARE:
		if (oncs & NVME_ONCS_COMPARE)
			return compare(c, command);
		break;
	case NVME_NVM_WRITE_ZEROES:
		if (oncs & NVME_ONCS_WRITE_ZEROES)
			return write_zeroes(c, command);
		break;
	case NVME_NVM_DATASET_MANAGEMENT:
		if (oncs & NVME_ONCS_DSM)
			return dataset_management(c, command);
		break;
	default:
		break;
	}
	return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_OPCODE);
}
