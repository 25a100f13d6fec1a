// SPDX-License-Identifier: MIT
/* Asynchronous events [5.2]. */
#include "soft.h"

static void report(struct soft *c)
{
	while (c->nevents && c->nevent_requests) {
		struct soft_command *command = c->event_requests[--c->nevent_requests];
		uint32_t event = c->events[0];

		c->nevents--;
		for (unsigned int i = 0; i < c->nevents; i++)
			c->events[i] = c->events[i + 1];
		c->events_masked |= 1u << (event & 7);
		command->cqe.dw0 = event;
		soft_complete(c, command, NVME_SC_SUCCESS);
	}
}

/* A request that waits for an event; SOFT_NO_STATUS: its completion comes later. */
uint16_t soft_event_request(struct soft *c, struct soft_command *command)
{
	if (c->nevent_requests >= c->config.event_limit)
		return soft_status(NVME_SCT_COMMAND, NVME_SC_AER_LIMIT);
	c->event_requests[c->nevent_requests++] = command;
	report(c);
	return SOFT_NO_STATUS;
}

/* Lost when its type is masked: the host hasn't yet read the log page of the last one. */
void soft_event_post(struct soft *c, uint8_t type, uint8_t info, uint8_t log_page)
{
	if (!soft_running(c) || (c->events_masked & 1u << (type & 7)) ||
	    c->nevents == SOFT_MAX_EVENTS)
		return;
	c->events[c->nevents++] = (type & 7u) | (uint32_t)info << 8 | (uint32_t)log_page << 16;
	report(c);
}

/* Reading a log page without Retain Asynchronous Event lets its events come again [5.14]. */
void soft_event_unmask(struct soft *c, uint8_t log_page)
{
	if (log_page == NVME_LOG_ERROR)
		c->events_masked &= ~(1u << 0);
	else if (log_page == NVME_LOG_SMART)
		c->events_masked &= ~(1u << 1);
}

bool soft_event_abort(struct soft *c, uint16_t cid)
{
	for (unsigned int i = 0; i < c->nevent_requests; i++) {
		struct soft_command *command = c->event_requests[i];

		if (command->sqe.cid != cid)
			continue;
		c->event_requests[i] = c->event_requests[--c->nevent_requests];
		soft_complete(c, command, NVME_SC_ABORT_REQUESTED);
		return true;
	}
	return false;
}

void soft_events_reset(struct soft *c)
{
	while (c->nevent_requests)
		soft_command_free(c, c->event_requests[--c->nevent_requests]);
	c->nevents = 0;
	c->events_masked = 0;
}
