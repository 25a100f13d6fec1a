// SPDX-License-Identifier: MIT
/* Admin commands: which, and Abort and Doorbell Buffer Config [5]. */
#include "soft.h"

/* [5.1]: dword 0 bit 0 says that the command was not aborted. */
static uint16_t abort_command(struct soft *c, struct soft_command *command)
{
	uint16_t sqid = (uint16_t)command->sqe.cdw10, cid = (uint16_t)(command->sqe.cdw10 >> 16);

	if (command->over_limit)
		return soft_status(NVME_SCT_COMMAND, NVME_SC_ABORT_LIMIT);
	command->cqe.dw0 = 1;
	if (sqid > c->config.nqueues || !c->sq[sqid].live)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	if (!sqid && soft_event_abort(c, cid)) {
		command->cqe.dw0 = 0;
		c->stats.aborted++;
		return 0;
	}
	for (size_t i = 0; i < c->nheap; i++) {
		struct soft_command *other = c->heap[i];

		if (other->sqid != sqid || other->sqe.cid != cid ||
		    other->fault.kind == UD_SOFT_FAULT_LOST)
			continue;
		soft_heap_remove(c, other);
		other->fault.kind = UD_SOFT_FAULT_NONE;
		c->stats.aborted++;
		command->cqe.dw0 = 0;
		soft_complete(c, other, NVME_SC_ABORT_REQUESTED);
		break;
	}
	return 0;
}

/* [5.7]: both buffers are one page, large enough for all doorbells. */
static uint16_t doorbell_buffer(struct soft *c, struct soft_command *command)
{
	size_t page = soft_page_nbytes(c);
	size_t nbytes = 2 * (c->config.nqueues + 1) * ((size_t)4 << c->config.dstrd);
	uint64_t shadow = command->sqe.prp1, event = command->sqe.prp2;

	if (!c->config.shadow_doorbells)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_OPCODE);
	if (shadow % page || event % page || nbytes > page)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	if (!soft_dma(c, command, shadow, nbytes, false) ||
	    !soft_dma(c, command, event, nbytes, true))
		return soft_status(NVME_SCT_GENERIC, NVME_SC_DATA_TRANSFER);
	c->shadow = true;
	c->shadow_iova = shadow;
	c->event_iova = event;
	return 0;
}

uint16_t soft_admin_execute(struct soft *c, struct soft_command *command)
{
	switch (command->sqe.opc) {
	case NVME_ADMIN_DELETE_SQ:
		return soft_admin_delete_sq(c, command);
	case NVME_ADMIN_CREATE_SQ:
		return soft_admin_create_sq(c, command);
	case NVME_ADMIN_GET_LOG_PAGE:
		return soft_get_log_page(c, command);
	case NVME_ADMIN_DELETE_CQ:
		return soft_admin_delete_cq(c, command);
	case NVME_ADMIN_CREATE_CQ:
		return soft_admin_create_cq(c, command);
	case NVME_ADMIN_IDENTIFY:
		return soft_identify(c, command);
	case NVME_ADMIN_ABORT:
		return abort_command(c, command);
	case NVME_ADMIN_SET_FEATURES:
		return soft_set_features(c, command);
	case NVME_ADMIN_GET_FEATURES:
		return soft_get_features(c, command);
	case NVME_ADMIN_ASYNC_EVENT:
		return soft_event_request(c, command);
	case NVME_ADMIN_DOORBELL_BUFFER:
		return doorbell_buffer(c, command);
	default:
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_OPCODE);
	}
}
