// SPDX-License-Identifier: MIT
/*
 * Asynchronous events [5.2]: requests that the controller completes when something happens. An
 * event is kept until ud_ctrlr_process tells it, outside the admin queue's processing, so that the
 * callback may send admin commands (it has to: reading the log page rearms the event).
 */
#include <errno.h>

#include "controller.h"

static void event_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct ud_ctrlr *c = arg;

	(void)status;
	c->nevent_requests--;
	/* Canceled, or the controller doesn't want so many: not asked again. */
	if (error || c->nevents == UD_MAX_EVENTS)
		return;
	c->events[c->nevents++] = (struct ud_event){
		.type = result & 7,
		.info = (uint8_t)(result >> 8),
		.log_page = (uint8_t)(result >> 16),
	};
}

/* Sends as many requests as the controller takes. */
static int send_requests(struct ud_ctrlr *c)
{
	const struct nvme_sqe sqe = {.opc = NVME_ADMIN_ASYNC_EVENT};
	struct ud_request *r;
	int err;

	while (c->nevent_requests + c->nevents < c->event_limit) {
		r = ud_request_peek(c->admin);
		err = ud_raw(c->admin, &sqe, NULL, 0, event_done, c);
		if (err)
			return err;
		r->deadline_ns = UD_DEADLINE_NEVER;
		c->nevent_requests++;
	}
	ud_qpair_ring(c->admin);
	return 0;
}

int ud_events_arm(struct ud_ctrlr *c)
{
	/* [5.21.1.11]: which events. */
	int err = ud_set_feature(c, NVME_FEATURE_ASYNC_EVENTS, c->event_mask, NULL);

	return err ? err : send_requests(c);
}

int ud_ctrlr_enable_events(struct ud_ctrlr *c, uint32_t mask, ud_event_callback *callback,
			   void *arg)
{
	if (!callback)
		return -EINVAL;
	c->event_callback = callback;
	c->event_arg = arg;
	c->event_mask = mask;
	return ud_events_arm(c);
}

void ud_events_deliver(struct ud_ctrlr *c)
{
	struct ud_event events[UD_MAX_EVENTS];
	uint32_t n = c->nevents, i;

	if (!n)
		return;
	/* LAB 5.7: tell each event once, though a callback may bring more; then ask again => */
	for (i = 0; i < n; i++)
		events[i] = c->events[i];
	c->nevents = 0;
	for (i = 0; i < n; i++)
		c->event_callback(c->event_arg, events[i].type, events[i].info, events[i].log_page);
	if (!c->dead)
		(void)send_requests(c);
	/* LAB end */
}
