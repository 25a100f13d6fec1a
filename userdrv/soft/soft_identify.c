// SPDX-License-Identifier: MIT
/* Identify [5.15]. */
#include <stdio.h>
#include <string.h>

#include "soft.h"

/* Text in the specification's manner: padded with spaces, not terminated [1.5]. */
static void text(char *field, size_t nbytes, const char *value)
{
	size_t length = strlen(value);

	memset(field, ' ', nbytes);
	memcpy(field, value, length < nbytes ? length : nbytes);
}

static void controller(const struct soft *c, struct nvme_identify_controller *id)
{
	const struct ud_soft_config *config = &c->config;

	text(id->sn, sizeof(id->sn), "SOFT0001");
	text(id->mn, sizeof(id->mn), "bypass soft controller");
	text(id->fr, sizeof(id->fr), "1.0");
	id->mdts = (uint8_t)config->mdts;
	id->cntlid = 1;
	id->ver = 0x10400;
	id->rsvd84[111 - 84] = 1; /* CNTRLTYPE: I/O controller */
	id->oacs = config->shadow_doorbells ? NVME_OACS_DOORBELL_BUFFER : 0;
	id->acl = (uint8_t)(config->abort_limit - 1);
	id->aerl = (uint8_t)(config->event_limit - 1);
	id->frmw = 1 | 1 << 1; /* one firmware slot, read only */
	id->lpa = 1 << 2;      /* Get Log Page with offset and long length */
	id->elpe = SOFT_NERRORS - 1;
	id->rsvd264[2] = 343 & 0xff; /* WCTEMP: 70 degrees Celsius */
	id->rsvd264[3] = 343 >> 8;
	id->rsvd264[4] = 353 & 0xff; /* CCTEMP: 80 */
	id->rsvd264[5] = 353 >> 8;
	id->sqes = 0x66;
	id->cqes = 0x44;
	id->nn = config->nnamespaces;
	id->oncs = config->oncs;
	id->sgls = config->sgl ? 1 : 0;
	id->vwc = config->volatile_write_cache ? NVME_VWC_PRESENT : 0;
	/* SUBNQN at byte 768 [7.9]. */
	(void)snprintf((char *)id->rsvd540 + (768 - 540), 256,
		       "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-%012x", 0x50f7u);
}

static void namespace(const struct soft *c, uint32_t nsid, struct nvme_identify_namespace *id)
{
	const struct ud_soft_namespace *ns = &c->config.namespaces[nsid - 1];

	if (!ns->nblocks)
		return;
	id->nsze = ns->nblocks;
	id->ncap = ns->nblocks;
	id->nuse = ns->nblocks;
	id->nlbaf = 1;
	id->flbas = ns->block_nbytes == 4096;
	id->lbaf[0].lbads = 9;
	id->lbaf[1].lbads = 12;
}

static void active_list(const struct soft *c, uint32_t above, uint8_t *data)
{
	size_t n = 0;

	for (uint32_t nsid = 1; nsid <= c->config.nnamespaces; nsid++) {
		if (nsid <= above || !c->config.namespaces[nsid - 1].nblocks)
			continue;
		memcpy(data + 4 * n, &nsid, 4);
		n++;
	}
}

/* EUI-64 and UUID [5.15.2.3]: type, length, two reserved bytes, value. */
static void descriptors(uint32_t nsid, uint8_t *data)
{
	data[0] = 1;
	data[1] = 8;
	data[4 + 7] = (uint8_t)nsid;
	data[4] = 0x02; /* locally administered */
	data += 12;
	data[0] = 3;
	data[1] = 16;
	data[4 + 6] = 0x40; /* version 4 */
	data[4 + 8] = 0x80;
	data[4 + 15] = (uint8_t)nsid;
}

static uint16_t fill(struct soft *c, const struct nvme_sqe *sqe, uint8_t *data)
{
	uint16_t invalid_nsid = soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_NSID);
	bool valid = sqe->nsid && sqe->nsid <= c->config.nnamespaces;

	switch (sqe->cdw10 & 0xff) {
	case NVME_CNS_NAMESPACE:
		if (!valid)
			return invalid_nsid;
		namespace(c, sqe->nsid, (struct nvme_identify_namespace *)(void *)data);
		return 0;
	case NVME_CNS_CONTROLLER:
		controller(c, (struct nvme_identify_controller *)(void *)data);
		return 0;
	case NVME_CNS_ACTIVE_NAMESPACES:
		if (sqe->nsid >= 0xfffffffe)
			return invalid_nsid;
		active_list(c, sqe->nsid, data);
		return 0;
	case NVME_CNS_NAMESPACE_DESCRIPTORS:
		if (!valid || !c->config.namespaces[sqe->nsid - 1].nblocks)
			return invalid_nsid;
		descriptors(sqe->nsid, data);
		return 0;
	default:
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	}
}

/* Some bytes, or all of them, replaced by chance. */
static void spoil(struct soft *c, uint8_t *data)
{
	uint64_t n = soft_random_below(&c->random_fault, 4) ? 1 + soft_random(&c->random_fault) % 64
							    : 4096;

	for (uint64_t i = 0; i < n; i++) {
		size_t at = n == 4096 ? i : soft_random_below(&c->random_fault, 600);

		data[at] = (uint8_t)soft_random(&c->random_fault);
	}
}

uint16_t soft_identify(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint16_t status;

	memset(c->bounce, 0, 4096);
	status = fill(c, sqe, c->bounce);
	if (status)
		return status;
	if (soft_fault_bad_identify(c))
		spoil(c, c->bounce);
	if (c->config.on_identify)
		c->config.on_identify(c->config.hook_arg, (uint8_t)sqe->cdw10, sqe->nsid,
				      c->bounce);
	return soft_to_host(c, command, c->bounce, 4096);
}
