/* SPDX-License-Identifier: MIT */
/* A controller, as its own thread sees it; shared by controller.c, admin.c, recovery.c, dma.c. */
#ifndef UD_CONTROLLER_H
#define UD_CONTROLLER_H

#include <pthread.h>

#include "../include/userdrv.h"
#include "iova.h"
#include "queue.h"
#include "transport.h"

#define UD_ADMIN_ENTRIES 32u
#define UD_MAX_EVENTS    4u         /* asynchronous event requests outstanding */
#define UD_MAX_TRANSFER  (2u << 20) /* of one command: its PRP list is then one page */

/* One DMA mapping: what one dma_map gave. */
struct ud_region {
	uintptr_t vaddr;
	size_t nbytes;
	uint64_t iova;
	uintptr_t group; /* first address of the registration that it is a part of */
	bool owned;      /* allocated here: unmapped from the program too */
	struct ud_region *next;
};

struct ud_event {
	uint8_t type, info, log_page;
};

struct ud_ctrlr {
	struct ud_transport *transport;
	struct ud_ctrlr_options options;
	struct ud_ctrlr_info info;
	pthread_t thread; /* the controller's: see userdrv.h */
	uint64_t cap;
	uint32_t doorbell_stride; /* bytes from one doorbell to the next */
	bool dead;                /* nothing more is asked of the device */
	bool settling;            /* opening, resetting or closing: a time-out ends it */
	bool tending;             /* in ud_ctrlr_process: no second one inside it */
	uint64_t nresets;
	uint32_t nreturns_failed; /* queue pairs that weren't brought back, one after the other */

	struct ud_iova_map *iova;
	struct ud_region *regions;

	struct ud_qpair *admin;
	struct ud_qpair *qpairs[UD_MAX_QPAIRS + 1]; /* by qid; [0] isn't used */
	struct ud_dma scratch;                      /* data of admin commands, one page */
	struct ud_dma shadow;                       /* two pages: shadow doorbells, event indexes */
	struct ud_ns *namespaces;

	/* The one abort that may be outstanding [5.1], and when it must have ended. */
	bool aborting;
	uint64_t aborting_until_ns;

	/* Asynchronous events [5.2]. */
	ud_event_callback *event_callback;
	void *event_arg;
	uint32_t event_mask;
	uint8_t event_limit; /* AERL + 1, at most UD_MAX_EVENTS */
	uint32_t nevent_requests;
	struct ud_event events[UD_MAX_EVENTS]; /* arrived, not yet told */
	uint32_t nevents;
};

static inline volatile uint32_t *ud_register(const struct ud_ctrlr *c, uint32_t offset)
{
	return (volatile uint32_t *)((volatile uint8_t *)c->transport->bar + offset);
}

static inline uint64_t ud_now_ns(const struct ud_ctrlr *c)
{
	return c->transport->ops->now_ns(c->transport);
}

static inline void ud_let_pass(const struct ud_ctrlr *c, uint64_t ns)
{
	c->transport->ops->wait(c->transport, ns);
}

/* controller.c */
/* Clears CC.EN and waits for CSTS.RDY to follow [7.3.2]. -ENODEV, -ETIMEDOUT. */
int ud_ctrlr_disable(struct ud_ctrlr *c);
/* From disabled to ready, with an empty admin queue [7.6.1]. */
int ud_ctrlr_enable(struct ud_ctrlr *c);
/* Number of queues, shadow doorbells, event requests: what a reset forgets. */
int ud_ctrlr_configure(struct ud_ctrlr *c);

/* admin.c */
/* As ud_admin, with the data in the scratch page already; waits. */
int ud_admin_scratch(struct ud_ctrlr *c, const struct nvme_sqe *sqe, uint32_t nbytes,
		     uint32_t *result, uint16_t *status);
int ud_admin_identify(struct ud_ctrlr *c, uint8_t cns, uint32_t nsid);
int ud_set_number_of_queues(struct ud_ctrlr *c, unsigned int wanted, unsigned int *granted);
int ud_create_queues(struct ud_qpair *q);
void ud_delete_queues(struct ud_qpair *q);
int ud_configure_shadow(struct ud_ctrlr *c);

/* event.c */
int ud_events_arm(struct ud_ctrlr *c);
void ud_events_deliver(struct ud_ctrlr *c);

/* namespace.c */
int ud_namespaces_identify(struct ud_ctrlr *c, uint32_t nn);
/* After a reset: those that aren't what they were can't be used any more. */
int ud_namespaces_check(struct ud_ctrlr *c);

/* recovery.c */
bool ud_ctrlr_is_gone(const struct ud_ctrlr *c);
/* Nothing works any more: everything outstanding ends with -ENODEV. Returns -ENODEV. */
int ud_ctrlr_die(struct ud_ctrlr *c);

/* dma.c */
void ud_dma_free_all(struct ud_ctrlr *c);

/* controller.c: copies @from (of @size, not terminated) to @to (of @size + 1), trimmed. */
void ud_copy_string(char *to, const char *from, size_t size);

#endif
