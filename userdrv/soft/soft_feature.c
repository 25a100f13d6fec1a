// SPDX-License-Identifier: MIT
/* Set Features and Get Features [5.21, 5.14]. */
#include "soft.h"

enum soft_feature { /* those which have no name in nvme_spec.h, as nobody uses them [5.21.1] */
		    FEATURE_ARBITRATION = 0x01,
		    FEATURE_POWER = 0x02,
		    FEATURE_TEMPERATURE = 0x04,
		    FEATURE_ERROR_RECOVERY = 0x05,
		    FEATURE_WRITE_ATOMICITY = 0x0a,
};

void soft_features_reset(struct soft *c)
{
	for (unsigned int i = 0; i < SOFT_NFEATURES; i++)
		c->features[i] = 0;
	c->features[FEATURE_TEMPERATURE] = 343;
	c->features[NVME_FEATURE_VOLATILE_WRITE_CACHE] = c->config.volatile_write_cache;
	c->features[NVME_FEATURE_NUMBER_OF_QUEUES] =
		(c->config.nqueues - 1) | (c->config.nqueues - 1) << 16;
}

static uint16_t invalid_field(void)
{
	return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
}

static bool known(const struct soft *c, uint32_t feature)
{
	switch (feature) {
	case FEATURE_ARBITRATION:
	case FEATURE_POWER:
	case FEATURE_TEMPERATURE:
	case FEATURE_ERROR_RECOVERY:
	case FEATURE_WRITE_ATOMICITY:
	case NVME_FEATURE_NUMBER_OF_QUEUES:
	case NVME_FEATURE_INTERRUPT_COALESCING:
	case NVME_FEATURE_VECTOR_CONFIGURATION:
	case NVME_FEATURE_ASYNC_EVENTS:
		return true;
	case NVME_FEATURE_VOLATILE_WRITE_CACHE:
		return c->config.volatile_write_cache;
	default:
		return false;
	}
}

/* Asks for 0's based numbers, gets what there is; only before any queue exists [5.21.1.7]. */
static uint16_t set_queues(struct soft *c, struct soft_command *command)
{
	uint32_t nsq = command->sqe.cdw11 & 0xffff, ncq = command->sqe.cdw11 >> 16;

	if (nsq == 0xffff || ncq == 0xffff)
		return invalid_field();
	for (unsigned int i = 1; i <= c->max_live; i++) {
		if (c->sq[i].live || c->cq[i].live)
			return soft_status(NVME_SCT_GENERIC, SOFT_SC_SEQUENCE);
	}
	if (nsq >= c->config.nqueues)
		nsq = c->config.nqueues - 1;
	if (ncq >= c->config.nqueues)
		ncq = c->config.nqueues - 1;
	c->features[NVME_FEATURE_NUMBER_OF_QUEUES] = nsq | ncq << 16;
	command->cqe.dw0 = nsq | ncq << 16;
	return 0;
}

static uint16_t set_vector(struct soft *c, uint32_t value)
{
	uint32_t vector = value & 0xffff;

	if (vector >= c->config.nvectors)
		return invalid_field();
	c->vectors[vector].immediate = value >> 16 & 1;
	return 0;
}

uint16_t soft_set_features(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint32_t feature = sqe->cdw10 & 0xff;

	if (!known(c, feature))
		return invalid_field();
	if (sqe->cdw10 >> 31) /* save */
		return soft_status(NVME_SCT_COMMAND, SOFT_SC_NOT_SAVEABLE);
	if (sqe->nsid && sqe->nsid != SOFT_ALL_NS)
		return soft_status(NVME_SCT_COMMAND, SOFT_SC_NOT_NS_SPECIFIC);
	switch (feature) {
	case NVME_FEATURE_NUMBER_OF_QUEUES:
		return set_queues(c, command);
	case NVME_FEATURE_VECTOR_CONFIGURATION:
		return set_vector(c, sqe->cdw11);
	case NVME_FEATURE_INTERRUPT_COALESCING:
		c->features[feature] = sqe->cdw11 & 0xffff;
		return 0;
	case NVME_FEATURE_VOLATILE_WRITE_CACHE:
		c->features[feature] = sqe->cdw11 & 1;
		return 0;
	default:
		c->features[feature] = sqe->cdw11;
		return 0;
	}
}

uint16_t soft_get_features(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint32_t feature = sqe->cdw10 & 0xff, vector = sqe->cdw11 & 0xffff;

	/* Only the current value: saving and selecting aren't offered (ONCS bit 4). */
	if (!known(c, feature) || (sqe->cdw10 >> 8 & 7))
		return invalid_field();
	if (feature != NVME_FEATURE_VECTOR_CONFIGURATION) {
		command->cqe.dw0 = c->features[feature];
		return 0;
	}
	if (vector >= c->config.nvectors)
		return invalid_field();
	command->cqe.dw0 = vector | (uint32_t)c->vectors[vector].immediate << 16;
	return 0;
}
