// SPDX-License-Identifier: MIT
/* Scatter gather lists [4.4]: where a command's data are, by the types that all must know. */
#include <string.h>

#include "soft.h"

#define MAX_SEGMENTS 256u /* a list that leads back into itself ends here */

/* The type, in the upper four bits of a descriptor's last byte [4.4.1]; the subtype is 0. */
enum {
	DATA_BLOCK = 0x00,
	SEGMENT = 0x20,
	LAST_SEGMENT = 0x30,
};

struct descriptor {
	uint64_t address;
	uint32_t nbytes;
	uint8_t rsvd[3];
	uint8_t type;
};

_Static_assert(sizeof(struct descriptor) == 16, "SGL descriptor [4.4.1]");

static uint16_t generic(unsigned int code)
{
	return soft_status(NVME_SCT_GENERIC, code);
}

/* A data block may be longer than a page. */
static uint16_t block_add(struct soft *c, const struct soft_command *command,
			  const struct descriptor *block, size_t *left, bool write)
{
	uint64_t at = block->address, end = at + block->nbytes;
	uint16_t status = 0;

	/* More than the data isn't offered (SGLS, bit 18). */
	if (block->nbytes > *left)
		return generic(SOFT_SC_SGL_LENGTH);
	while (!status && at < end) {
		size_t nbytes = SOFT_PAGE_NBYTES - at % SOFT_PAGE_NBYTES;

		if (nbytes > end - at)
			nbytes = end - at;
		status = soft_segment_add(c, command, at, nbytes, write);
		at += nbytes;
		*left -= nbytes;
	}
	return status;
}

/* The @n descriptors of a segment, the last of which may lead to the next one. */
static uint16_t segment_walk(struct soft *c, const struct soft_command *command,
			     struct descriptor *next, size_t *left, bool write)
{
	const struct descriptor segment = *next;
	uint16_t status = 0;

	next->nbytes = 0;
	if (!segment.nbytes || segment.nbytes % sizeof(*next))
		return generic(SOFT_SC_SGL_SEGMENT);
	for (uint32_t at = 0; !status && at < segment.nbytes; at += sizeof(*next)) {
		const uint8_t *from =
			soft_dma(c, command, segment.address + at, sizeof(*next), false);

		if (!from)
			return generic(NVME_SC_DATA_TRANSFER);
		memcpy(next, from, sizeof(*next));
		if (next->type == DATA_BLOCK)
			status = block_add(c, command, next, left, write);
		else if (next->type != SEGMENT && next->type != LAST_SEGMENT)
			status = generic(SOFT_SC_SGL_TYPE);
		else if (segment.type == LAST_SEGMENT || at + sizeof(*next) != segment.nbytes)
			status = generic(SOFT_SC_SGL_SEGMENT);
	}
	if (!status && segment.type == SEGMENT && next->type == DATA_BLOCK)
		status = generic(SOFT_SC_SGL_SEGMENT); /* it should have been called the last */
	return status;
}

uint16_t soft_sgl_walk(struct soft *c, const struct soft_command *command, size_t nbytes,
		       bool write)
{
	struct descriptor next;
	uint16_t status = 0;
	unsigned int n;

	memcpy(&next, &command->sqe.prp1, sizeof(next));
	if (next.type == DATA_BLOCK)
		status = block_add(c, command, &next, &nbytes, write);
	for (n = 0; !status && next.type != DATA_BLOCK; n++) {
		if (next.type != SEGMENT && next.type != LAST_SEGMENT)
			return generic(SOFT_SC_SGL_TYPE);
		if (n == MAX_SEGMENTS)
			return generic(SOFT_SC_SGL_COUNT);
		status = segment_walk(c, command, &next, &nbytes, write);
	}
	if (!status && nbytes)
		return generic(SOFT_SC_SGL_LENGTH);
	c->stats.sgl_commands += !status;
	return status;
}
