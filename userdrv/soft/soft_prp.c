// SPDX-License-Identifier: MIT
/* Physical region pages: where a command's data are [4.3]. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

uint16_t soft_segment_add(struct soft *c, const struct soft_command *command, uint64_t iova,
			  size_t nbytes, bool write)
{
	uint8_t *vaddr = soft_dma(c, command, iova, nbytes, write);

	if (!vaddr)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_DATA_TRANSFER);
	if (c->nsegments == c->segments_room) {
		size_t room = c->segments_room ? 2 * c->segments_room : 64;
		struct soft_segment *segments = reallocarray(c->segments, room, sizeof(*segments));

		if (!segments)
			return soft_status(NVME_SCT_GENERIC, NVME_SC_INTERNAL);
		c->segments = segments;
		c->segments_room = room;
	}
	c->segments[c->nsegments++] = (struct soft_segment){.vaddr = vaddr, .nbytes = nbytes};
	return 0;
}

static uint16_t misaligned(struct soft *c, const struct soft_command *command, uint64_t iova,
			   size_t nbytes, bool write)
{
	soft_dma_refuse(c, command, iova, nbytes, write, UD_SOFT_DMA_MISALIGNED);
	return soft_status(NVME_SCT_GENERIC, NVME_SC_PRP_OFFSET);
}

/*
 * A list: each entry is a page, but the last entry of a page of the list is the next page of the
 * list when more than one page of data is left. The first list may begin inside a page, at a
 * multiple of 8; the others begin at a page.
 */
static uint16_t walk_list(struct soft *c, const struct soft_command *command, uint64_t list,
			  size_t left, bool write)
{
	size_t page = soft_page_nbytes(c);

	if (list % 8)
		return misaligned(c, command, list, 8, false);
	while (left) {
		size_t wanted = (left + page - 1) / page;
		size_t room = (page - list % page) / 8;
		size_t n = wanted < room ? wanted : room;
		const uint8_t *entries = soft_dma(c, command, list, n * 8, false);

		if (!entries)
			return soft_status(NVME_SCT_GENERIC, NVME_SC_DATA_TRANSFER);
		for (size_t i = 0; i < n; i++) {
			bool chain = i == room - 1 && left > page;
			size_t nbytes = left < page ? left : page;
			uint64_t entry;
			uint16_t status;

			memcpy(&entry, entries + i * 8, 8);
			if (entry % page)
				return misaligned(c, command, entry, nbytes, write);
			if (chain) {
				list = entry;
				break;
			}
			status = soft_segment_add(c, command, entry, nbytes, write);
			if (status)
				return status;
			left -= nbytes;
		}
	}
	return 0;
}

/* @write: the controller writes to the host's memory. */
static uint16_t prp_walk(struct soft *c, const struct soft_command *command, size_t nbytes,
			 bool write)
{
	size_t page = soft_page_nbytes(c);
	uint64_t prp1 = command->sqe.prp1, prp2 = command->sqe.prp2;
	size_t first = page - prp1 % page;
	uint16_t status;

	if (first > nbytes)
		first = nbytes;
	if (prp1 % 4)
		return misaligned(c, command, prp1, first, write);
	status = soft_segment_add(c, command, prp1, first, write);
	nbytes -= first;
	if (status || !nbytes)
		return status;
	if (nbytes > page)
		return walk_list(c, command, prp2, nbytes, write);
	if (prp2 % page)
		return misaligned(c, command, prp2, nbytes, write);
	return soft_segment_add(c, command, prp2, nbytes, write);
}

uint16_t soft_data_walk(struct soft *c, const struct soft_command *command, size_t nbytes,
			bool write)
{
	c->nsegments = 0;
	if (!nbytes)
		return 0;
	if (command->sqe.flags & NVME_SQE_SGL)
		return soft_sgl_walk(c, command, nbytes, write);
	return prp_walk(c, command, nbytes, write);
}

uint16_t soft_to_host(struct soft *c, const struct soft_command *command, const void *data,
		      size_t nbytes)
{
	uint16_t status = soft_data_walk(c, command, nbytes, true);
	const uint8_t *from = data;

	for (size_t i = 0; !status && i < c->nsegments; i++) {
		memcpy(c->segments[i].vaddr, from, c->segments[i].nbytes);
		from += c->segments[i].nbytes;
	}
	return status;
}

uint16_t soft_from_host(struct soft *c, const struct soft_command *command, void *data,
			size_t nbytes)
{
	uint16_t status = soft_data_walk(c, command, nbytes, false);
	uint8_t *to = data;

	for (size_t i = 0; !status && i < c->nsegments; i++) {
		memcpy(to, c->segments[i].vaddr, c->segments[i].nbytes);
		to += c->segments[i].nbytes;
	}
	return status;
}
