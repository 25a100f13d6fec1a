// SPDX-License-Identifier: MIT
/* Queue pairs: their memory, submission's doorbell, and completion. The hot half of the driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "queue.h"

#define SMALLEST_LIST_NBYTES 256u

static uint32_t power_of_two_from(uint32_t value)
{
	uint32_t power = 1;

	while (power < value)
		power <<= 1;
	return power;
}

static size_t whole_pages(size_t nbytes)
{
	return (nbytes + UD_PAGE_MASK) & ~(size_t)UD_PAGE_MASK;
}

static void noop(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)arg, (void)error, (void)status, (void)result;
}

int ud_stopped_error(const struct ud_qpair *q)
{
	return ud_stopped(q) == UD_DEAD ? -ENODEV : -EAGAIN;
}

/* Gives each request its part of the list memory, and puts it into the free list. */
static void init_requests(struct ud_qpair *q, uint8_t *lists, uint64_t lists_iova)
{
	struct ud_request *r;
	uint32_t i;

	for (i = q->nentries - 1; i-- > 0;) {
		r = &q->requests[i];
		r->tag = i;
		r->list = (uint64_t *)(lists + (size_t)i * q->list_nbytes);
		r->list_iova = lists_iova + (uint64_t)i * q->list_nbytes;
		r->callback = noop;
		r->next = q->free;
		q->free = r;
	}
}

/* Rings, a page for DSM ranges and the lists, in one piece of DMA memory. */
static int alloc_memory(struct ud_qpair *q)
{
	size_t sq_nbytes = whole_pages(q->nentries * sizeof(struct nvme_sqe));
	size_t cq_nbytes = whole_pages(q->nentries * sizeof(struct nvme_cqe));
	size_t lists_nbytes = (size_t)(q->nentries - 1) * q->list_nbytes;
	size_t nbytes = sq_nbytes + cq_nbytes + UD_PAGE_NBYTES + lists_nbytes;
	uint8_t *vaddr;
	uint64_t iova;
	int err;

	err = ud_dma_alloc(q->ctrlr, nbytes, q->options.numa_node, &q->memory);
	if (err)
		return err;
	vaddr = q->memory.vaddr;
	err = ud_dma_iova(q->ctrlr, vaddr, &iova);
	if (err)
		return err;
	q->sq = (struct nvme_sqe *)vaddr;
	q->sq_iova = iova;
	q->cq = (struct nvme_cqe *)(vaddr + sq_nbytes);
	q->cq_iova = iova + sq_nbytes;
	q->dsm_ranges = (struct nvme_dsm_range *)(vaddr + sq_nbytes + cq_nbytes);
	q->dsm_iova = q->cq_iova + cq_nbytes;
	init_requests(q, vaddr + sq_nbytes + cq_nbytes + UD_PAGE_NBYTES,
		      q->dsm_iova + UD_PAGE_NBYTES);
	return 0;
}

int ud_qpair_alloc(struct ud_ctrlr *c, uint32_t qid, const struct ud_qpair_options *options,
		   struct ud_qpair **qpair)
{
	/* Admin commands have one page of data. */
	uint32_t most_pages = qid ? c->options.max_transfer_nbytes / UD_PAGE_NBYTES : 1;
	struct ud_qpair *q;
	int err = -ENOMEM;

	q = aligned_alloc(64, (sizeof(*q) + 63) & ~(size_t)63);
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->ctrlr = c;
	q->qid = qid;
	q->options = *options;
	q->nentries = options->nentries;
	q->iova = c->iova;
	q->vector = -1;
	q->fd = -1;
	/* Doorbells [3.1.24, 3.1.25]: submission and completion in turn, one stride apart. */
	q->sq_doorbell = ud_register(c, NVME_REG_DB + 2 * qid * c->doorbell_stride);
	q->cq_doorbell = ud_register(c, NVME_REG_DB + (2 * qid + 1) * c->doorbell_stride);
	/*
	 * A transfer of n pages touches n + 1 when it begins inside a page, and the first isn't in
	 * the list: n entries. A power of two, so that no list crosses a page and has to be
	 * chained.
	 */
	q->list_nbytes = power_of_two_from(most_pages * (uint32_t)sizeof(uint64_t));
	if (q->list_nbytes < SMALLEST_LIST_NBYTES)
		q->list_nbytes = SMALLEST_LIST_NBYTES;
	/*
	 * A power of two above the last request's index, so that FFFFh, which the error log uses
	 * for "no command", is never an identifier.
	 */
	q->index_mask = power_of_two_from(q->nentries) - 1;
	q->requests = aligned_alloc(64, (q->index_mask + 1) * sizeof(*q->requests));
	if (!q->requests)
		goto free_qpair;
	memset(q->requests, 0, (q->index_mask + 1) * sizeof(*q->requests));
	err = alloc_memory(q);
	if (err)
		goto free_qpair;
	err = ud_split_alloc(q);
	if (err)
		goto free_qpair;
	ud_qpair_rewind(q);
	*qpair = q;
	return 0;

free_qpair:
	ud_qpair_free(q);
	return err;
}

void ud_qpair_free(struct ud_qpair *q)
{
	if (q->memory.vaddr)
		(void)ud_dma_free(q->ctrlr, &q->memory);
	free(q->splits);
	free(q->requests);
	free(q);
}

void ud_qpair_rewind(struct ud_qpair *q)
{
	/* LAB 4.5: both rings empty, and no entry that could be taken for a completion => */
	memset(q->sq, 0, q->nentries * sizeof(*q->sq));
	/* Phase bits of an earlier life would look like completions [4.6]. */
	memset(q->cq, 0, q->nentries * sizeof(*q->cq));
	q->sq_tail = 0;
	q->sq_rung = 0;
	q->cq_head = 0;
	q->phase = 1;
	/* LAB end */
	q->countdown = UD_CHECK_PERIOD;
	__atomic_store_n(&q->expired, 0, __ATOMIC_RELAXED);
	if (q->sq_shadow) {
		*q->sq_shadow = 0;
		*q->cq_shadow = 0;
		*q->sq_event = 0;
		*q->cq_event = 0;
	}
}

void ud_request_finish(struct ud_qpair *q, struct ud_request *r, int error, uint16_t status,
		       uint32_t result)
{
	/* LAB 6.6: free again, under another identifier, before its owner hears of it => */
	/* Another use of the request has another identifier; the sum stays in 16 bits. */
	r->tag = (uint16_t)(r->tag + q->index_mask + 1);
	r->next = q->free;
	q->free = r;
	q->outstanding--;
	r->callback(r->arg, error, status, result);
	/* LAB end */
}

void ud_qpair_cancel(struct ud_qpair *q, int error, int expired_error)
{
	struct ud_request *r;
	uint32_t i;

	/* Callbacks can't submit meanwhile: the queue pair is stopped. */
	for (i = 0; i < q->nentries - 1; i++) {
		r = &q->requests[i];
		if (r->tag & UD_TAG_LIVE)
			ud_request_finish(
				q, r, r->deadline_ns == UD_DEADLINE_EXPIRED ? expired_error : error,
				0, 0);
	}
	q->sq_rung = q->sq_tail;
}

/*
 * Shadow doorbells [annex B.5]: the value goes to memory, and to the register only when the
 * controller asked to be woken at a value that has been passed. True: ring the register.
 */
static bool shadow_ring(volatile uint32_t *shadow, const volatile uint32_t *event, uint32_t value)
{
	uint32_t old = *shadow, at;

	*shadow = value;
	dma_stored(shadow, sizeof(*shadow));
	/* Else both could look before either has stored, and the command would lie there. */
	dma_mb();
	at = *event;
	dma_loaded(event, sizeof(*event));
	return (uint16_t)(value - at - 1) < (uint16_t)(value - old);
}

static void ring_completion(struct ud_qpair *q)
{
	if (unlikely(q->cq_shadow) && !shadow_ring(q->cq_shadow, q->cq_event, q->cq_head))
		return;
	q->stats.cq_doorbells++;
	mmio_write32(q->cq_doorbell, q->cq_head);
}

static void ring_submission(struct ud_qpair *q)
{
	q->sq_rung = q->sq_tail;
	/* LAB 4.3: the controller must see the commands before it sees that there are more => */
	dma_wmb();
	/* LAB end */
	if (unlikely(q->sq_shadow) && !shadow_ring(q->sq_shadow, q->sq_event, q->sq_tail))
		return;
	q->stats.sq_doorbells++;
	mmio_write32(q->sq_doorbell, q->sq_tail);
}

void ud_qpair_ring(struct ud_qpair *q)
{
	if (q->sq_tail != q->sq_rung)
		ring_submission(q);
}

/* A completion that isn't plain success: which error is it? */
static int completion_error(const struct ud_request *r, uint16_t status)
{
	if (!status)
		return 0;
	if (r->deadline_ns == UD_DEADLINE_EXPIRED && NVME_STATUS_SCT(status) == NVME_SCT_GENERIC &&
	    NVME_STATUS_SC(status) == NVME_SC_ABORT_REQUESTED)
		return -ETIMEDOUT;
	if (NVME_STATUS_SCT(status) == NVME_SCT_GENERIC &&
	    NVME_STATUS_SC(status) == NVME_SC_ABORT_SQ_DELETED)
		return -ECANCELED;
	return -EIO;
}

/* Consumes up to @max new entries of the completion queue [4.1.2, 7.2.1]. */
static inline uint32_t reap(struct ud_qpair *q, uint32_t max)
{
	uint32_t head = q->cq_head, phase = q->phase, index_mask = q->index_mask, n = 0;
	const struct nvme_cqe *cqe;
	struct ud_request *r;
	uint64_t high; /* sqhd, sqid, cid and status in one load: nothing is looked at twice */
	uint32_t result;
	uint16_t cid, status;

	/* LAB 4.4: take each new completion, at most max of them, and finish its request => return 0; */
	do {
		cqe = &q->cq[head];
		high = __atomic_load_n((const uint64_t *)(const void *)&cqe->sqhd,
				       __ATOMIC_RELAXED);
		if (((high >> 48) & NVME_CQE_PHASE) != phase)
			break;
		dma_rmb();
		result = *(const volatile uint32_t *)&cqe->dw0;
		dma_loaded(cqe, sizeof(*cqe));
		if (++head == q->nentries) {
			head = 0;
			phase ^= 1;
		}
		n++;
		cid = (uint16_t)(high >> 32);
		r = &q->requests[cid & index_mask];
		if (unlikely(r->tag != (cid | UD_TAG_LIVE) || (uint16_t)(high >> 16) != q->qid)) {
			q->stats.bad_completions++;
			continue;
		}
		status = (uint16_t)(high >> 49);
		ud_request_finish(q, r, unlikely(status) ? completion_error(r, status) : 0, status,
				  result);
	} while (n < max);
	q->cq_head = head;
	q->phase = phase;
	return n;
	/* LAB end */
}

int ud_qpair_process(struct ud_qpair *q, uint32_t max)
{
	uint32_t n;

	if (unlikely(ud_stopped(q)))
		return ud_qpair_check(q);
	if (max - 1 >= q->nentries)
		max = q->nentries;
	/* First, so that the controller works while completions are handled. */
	if (q->sq_tail != q->sq_rung)
		ring_submission(q);
	n = reap(q, max);
	if (n) {
		q->stats.completions += n;
		ring_completion(q);
		/* What callbacks have submitted. */
		if (q->sq_tail != q->sq_rung)
			ring_submission(q);
	}
	if (unlikely(--q->countdown == 0)) {
		q->countdown = UD_CHECK_PERIOD;
		if (ud_now_ns(q->ctrlr) >= q->next_check_ns)
			return (int)n + ud_qpair_check(q);
	}
	return (int)n;
}

void ud_qpair_reap(struct ud_qpair *q)
{
	uint32_t n = reap(q, q->nentries);

	q->stats.completions += n;
	if (n)
		ring_completion(q);
}

uint32_t ud_qpair_outstanding(const struct ud_qpair *q)
{
	return q->outstanding;
}

uint16_t ud_qpair_id(const struct ud_qpair *q)
{
	return (uint16_t)q->qid;
}

int ud_qpair_fd(const struct ud_qpair *q)
{
	return q->fd >= 0 ? q->fd : -ENOTSUP;
}

void ud_qpair_get_stats(const struct ud_qpair *q, struct ud_qpair_stats *stats)
{
	*stats = q->stats;
	stats->completions -= stats->bad_completions;
}
