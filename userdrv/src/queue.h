/* SPDX-License-Identifier: MIT */
/*
 * A queue pair [4.1]: a ring of commands which the driver fills, a ring of completions which the
 * controller fills, and one request for each command that may be outstanding.
 *
 * Invariants:
 * - There are nentries - 1 requests, so there is always room in both rings: a command that was
 *   completed was fetched before, with all that were submitted before it, so entries that are not
 *   yet fetched are a part of the outstanding ones. The completion's queue head isn't needed, and
 *   a controller that lies in it changes nothing.
 * - A request is in the free list, or its tag has UD_TAG_LIVE. Only a live one can be completed.
 * - Only the owner writes to it, but for @stopped: the controller's thread sets UD_DOWN (again when
 *   the reset is over, so that nobody goes by what was true before it), the owner
 *   ends everything and sets UD_DRAINED, the controller's thread creates the queues again and sets
 *   UD_RUNNING, or UD_DEAD at any time. One word, so that neither takes an old state for a new one.
 */
#ifndef UD_QUEUE_H
#define UD_QUEUE_H

#include "../include/userdrv.h"
#include "iova.h"
#include "mmio.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define UD_TAG_LIVE 0x10000u

/* Of deadline_ns: values that are no time. */
#define UD_DEADLINE_UNSEEN  0u         /* the clock starts when the queue pair is next checked */
#define UD_DEADLINE_EXPIRED 1u         /* passed; the command is being aborted */
#define UD_DEADLINE_NEVER   UINT64_MAX /* asynchronous event requests */

#define UD_CHECK_PERIOD 1024u /* calls of ud_qpair_process between two looks at the clock */

struct ud_request {
	ud_callback *callback;
	void *arg;
	struct ud_request *next; /* in the free list */
	uint64_t deadline_ns;
	uint64_t *list;     /* its own part of the list memory: PRPs, or DSM ranges */
	uint64_t list_iova; /* a part never crosses a page */
	/*
	 * The command identifier, and UD_TAG_LIVE. Low bits: index of this request; the bits that
	 * are left count its uses, so that a second completion of an earlier use doesn't match.
	 */
	uint32_t tag;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct ud_request) == 64, "a request is one cache line");

/* A request larger than one command may be: see split.c. */
struct ud_split {
	ud_callback *callback; /* the caller's */
	void *arg;
	struct ud_qpair *qpair;
	struct ud_ns *ns;
	uintptr_t vaddr;      /* of the next command; 0: without data */
	uint64_t slba;        /* of the next command */
	uint32_t nblocks;     /* not yet submitted */
	uint32_t chunk;       /* blocks of one command */
	uint32_t outstanding; /* commands */
	uint32_t flags;
	int error; /* the first */
	uint16_t status;
	uint8_t opcode;
	struct ud_split *next; /* in the free list */
};

enum ud_stopped {
	UD_RUNNING = 0,
	UD_DOWN,    /* the controller was reset: the owner cancels everything */
	UD_DRAINED, /* nothing is outstanding: the controller's thread brings it back */
	UD_DEAD,    /* the controller is dead: cancel, for ever */
};

struct ud_qpair {
	/* Submission. */
	struct nvme_sqe *sq;
	struct ud_request *free; /* last in, first out: the warmest is used next */
	const struct ud_iova_map *iova;
	uint32_t sq_tail;
	uint32_t sq_rung; /* tail that the controller knows */
	uint32_t nentries;
	uint32_t outstanding;
	uint32_t stopped; /* enum ud_stopped */
	uint32_t qid;
	volatile uint32_t *sq_doorbell;
	bool sgl; /* long data pointers by SGL where that is shorter */

	/* Completion. */
	struct nvme_cqe *cq;
	uint32_t cq_head;
	uint32_t phase; /* of entries that are new: 1, then 0, changing at each wrap [4.6] */
	struct ud_request *requests;
	uint32_t index_mask; /* low bits of a command identifier */
	uint32_t countdown;  /* to the next look at the clock */
	volatile uint32_t *cq_doorbell;
	struct ud_qpair_stats stats;

	/* Shadow doorbells [5.7, annex B.5]; NULL: not in use. */
	volatile uint32_t *sq_shadow, *cq_shadow;
	volatile uint32_t *sq_event, *cq_event;

	/* Time. */
	uint64_t next_check_ns;
	uint64_t learned_ns; /* mean time until a completion came, for UD_HYBRID */
	uint32_t nwaits;

	/* For the controller's thread: what this one found, and when. */
	uint32_t expired; /* tag of a command that is late, or 0 */
	uint64_t expired_ns;
	/* The controller's thread's own. */
	uint32_t aborted; /* tag that an abort was sent for, or 0 */
	uint64_t abort_deadline_ns;

	/* Rarely used. */
	struct ud_ctrlr *ctrlr;
	struct ud_qpair_options options;
	struct ud_dma memory; /* both rings and the lists */
	uint64_t sq_iova, cq_iova;
	struct ud_split *split_free;
	struct ud_split *splits;
	struct ud_request *dsm_owner; /* uses dsm_ranges, while it is live with dsm_tag */
	uint32_t dsm_tag;
	struct nvme_dsm_range *dsm_ranges; /* one page */
	uint64_t dsm_iova;
	uint32_t list_nbytes; /* of one request's part */
	int vector;           /* -1: none */
	int fd;               /* eventfd of the vector, or -1 */
};

/* A request that is free, or NULL; it stays in the list until ud_submit. */
static inline struct ud_request *ud_request_peek(const struct ud_qpair *q)
{
	return q->free;
}

/* Where the next command is to be written. */
static inline struct nvme_sqe *ud_sqe_next(const struct ud_qpair *q)
{
	return &q->sq[q->sq_tail];
}

static inline uint32_t ud_stopped(const struct ud_qpair *q)
{
	return __atomic_load_n(&q->stopped, __ATOMIC_RELAXED);
}

static inline bool ud_ns_usable(const struct ud_ns *ns)
{
	return __atomic_load_n(&ns->usable, __ATOMIC_RELAXED);
}

/* The command in ud_sqe_next is complete: takes @r, which ud_request_peek gave, for it. */
static inline void ud_submit(struct ud_qpair *q, struct ud_request *r, ud_callback *callback,
			     void *arg)
{
	uint32_t tail = q->sq_tail + 1;

	q->free = r->next;
	r->callback = callback;
	r->arg = arg;
	r->deadline_ns = UD_DEADLINE_UNSEEN;
	r->tag |= UD_TAG_LIVE;
	q->outstanding++;
	dma_stored(&q->sq[q->sq_tail], sizeof(struct nvme_sqe));
	q->sq_tail = tail == q->nentries ? 0 : tail;
}

/* -EAGAIN or -ENODEV: why nothing can be submitted to a queue pair that is stopped. */
int ud_stopped_error(const struct ud_qpair *q);

/* Allocates the rings and requests of queue @qid. -EINVAL, -ENOMEM, -ENOSPC. */
int ud_qpair_alloc(struct ud_ctrlr *c, uint32_t qid, const struct ud_qpair_options *options,
		   struct ud_qpair **qpair);
void ud_qpair_free(struct ud_qpair *q);
/* As after creation: rings empty and zeroed, phase 1. Requests must be free. */
void ud_qpair_rewind(struct ud_qpair *q);
/* Ends all that is outstanding with @error (@expired_error what had timed out); no device access.
 */
void ud_qpair_cancel(struct ud_qpair *q, int error, int expired_error);
/* Completes what is done, and rings for nothing that was submitted. */
void ud_qpair_reap(struct ud_qpair *q);
/* Ends live request @r: frees it, then calls back. */
void ud_request_finish(struct ud_qpair *q, struct ud_request *r, int error, uint16_t status,
		       uint32_t result);

/* split.c */
int ud_split_alloc(struct ud_qpair *q);
int ud_split_start(struct ud_qpair *q, struct ud_ns *ns, uint8_t opcode, uintptr_t vaddr,
		   uint64_t slba, uint32_t nblocks, uint32_t flags, ud_callback *callback,
		   void *arg);
/* io.c: one command, checked but for the namespace's end. */
int ud_io_submit(struct ud_qpair *q, struct ud_ns *ns, uint8_t opcode, uintptr_t vaddr,
		 uint64_t slba, uint32_t nblocks, uint32_t flags, ud_callback *callback, void *arg);

/*
 * prp.c: writes the data pointer of @sqe for @nbytes at @vaddr, all further pages than the second
 * into @r's list [4.3]. -EFAULT: a page isn't mapped.
 */
int ud_prp_build(const struct ud_iova_map *map, struct ud_request *r, struct nvme_sqe *sqe,
		 uintptr_t vaddr, uint32_t nbytes);

/*
 * sgl.c: the same as one SGL descriptor [4.4], where PRPs would need a list and the device sees the
 * memory in one piece. False: it doesn't, and nothing was written.
 */
bool ud_sgl_build(const struct ud_iova_map *map, struct nvme_sqe *sqe, uintptr_t vaddr,
		  uint32_t nbytes);

#endif
