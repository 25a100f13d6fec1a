// SPDX-License-Identifier: MIT
/* Creating and deleting queue pairs: what the controller is told [5.3 to 5.6]. */
#include <errno.h>

#include "controller.h"

#define DEFAULT_ENTRIES 128u
#define DEFAULT_SPIN_NS 20000u

void ud_qpair_options_init(struct ud_qpair_options *options)
{
	*options = (struct ud_qpair_options){
		.mode = UD_POLL,
		.nentries = DEFAULT_ENTRIES,
		.spin_ns = DEFAULT_SPIN_NS,
		.numa_node = UD_NODE_DEVICE,
	};
}

static bool vector_used(const struct ud_ctrlr *c, int vector)
{
	unsigned int qid;

	for (qid = 1; qid <= UD_MAX_QPAIRS; qid++)
		if (c->qpairs[qid] && c->qpairs[qid]->vector == vector)
			return true;
	return false;
}

/*
 * A vector for this queue pair alone, so that nobody else consumes its signal. Vector 0 is the
 * admin queue's too, which we poll: it comes last.
 */
static int take_vector(struct ud_ctrlr *c, struct ud_qpair *q)
{
	int vector, n = (int)c->info.nvectors;

	for (vector = 1; vector <= n; vector++) {
		if (vector_used(c, vector % n))
			continue;
		q->vector = vector % n;
		return c->transport->ops->vector_fd(c->transport, (unsigned int)q->vector, &q->fd);
	}
	return -ENOSPC;
}

/* The completion queue first: the submission queue names it. */
int ud_create_queues(struct ud_qpair *q)
{
	struct ud_ctrlr *c = q->ctrlr;
	const uint32_t id_and_size = (q->nentries - 1) << 16 | q->qid;
	struct nvme_sqe sqe = {.opc = NVME_ADMIN_CREATE_CQ, .prp1 = q->cq_iova};
	int err;

	/* Create I/O Completion Queue [5.3]. */
	sqe.cdw10 = id_and_size;
	sqe.cdw11 = NVME_QUEUE_CONTIGUOUS;
	/* LAB 5.1: a queue pair that has a vector has it raised by its completions [5.3] => */
	if (q->vector >= 0)
		sqe.cdw11 |= NVME_CQ_INTERRUPTS | NVME_CQ_VECTOR((uint32_t)q->vector);
	/* LAB end */
	err = ud_admin_scratch(c, &sqe, 0, NULL, NULL);
	if (err)
		return err;
	/* Create I/O Submission Queue [5.4]. */
	sqe = (struct nvme_sqe){.opc = NVME_ADMIN_CREATE_SQ, .prp1 = q->sq_iova};
	sqe.cdw10 = id_and_size;
	sqe.cdw11 = NVME_QUEUE_CONTIGUOUS | NVME_SQ_CQID(q->qid);
	err = ud_admin_scratch(c, &sqe, 0, NULL, NULL);
	if (err == -EIO) {
		sqe = (struct nvme_sqe){.opc = NVME_ADMIN_DELETE_CQ, .cdw10 = q->qid};
		(void)ud_admin_scratch(c, &sqe, 0, NULL, NULL);
	}
	return err;
}

/* Delete I/O Submission Queue [5.6], then Completion Queue [5.5]: in this order. */
void ud_delete_queues(struct ud_qpair *q)
{
	struct nvme_sqe sqe = {.opc = NVME_ADMIN_DELETE_SQ, .cdw10 = q->qid};
	struct ud_ctrlr *c = q->ctrlr;

	if (ud_admin_scratch(c, &sqe, 0, NULL, NULL)) {
		/* Only a reset makes sure that the queues' memory isn't used any more. */
		(void)ud_ctrlr_reset(c);
		return;
	}
	/* The commands that this has ended are in the completion queue now. */
	ud_qpair_reap(q);
	sqe = (struct nvme_sqe){.opc = NVME_ADMIN_DELETE_CQ, .cdw10 = q->qid};
	if (ud_admin_scratch(c, &sqe, 0, NULL, NULL))
		(void)ud_ctrlr_reset(c);
}

/* Where this queue pair's doorbells are in the two pages [5.7]: as in the BAR. */
static void use_shadow(struct ud_qpair *q)
{
	struct ud_ctrlr *c = q->ctrlr;
	uint32_t offset = 2 * q->qid * c->doorbell_stride;
	uint8_t *shadow = c->shadow.vaddr;

	if (!c->info.shadow_doorbells || offset + 2 * c->doorbell_stride > UD_PAGE_NBYTES)
		return;
	q->sq_shadow = (volatile uint32_t *)(void *)(shadow + offset);
	q->cq_shadow = (volatile uint32_t *)(void *)(shadow + offset + c->doorbell_stride);
	q->sq_event = (volatile uint32_t *)(void *)(shadow + UD_PAGE_NBYTES + offset);
	q->cq_event = (volatile uint32_t *)(void *)(shadow + UD_PAGE_NBYTES + offset +
						    c->doorbell_stride);
	ud_qpair_rewind(q);
}

/* Doorbell Buffer Config [5.7]; a reset forgets it. Not for the admin queue. */
int ud_configure_shadow(struct ud_ctrlr *c)
{
	struct nvme_sqe sqe = {.opc = NVME_ADMIN_DOORBELL_BUFFER};
	int err;

	if (!c->shadow.vaddr) {
		err = ud_dma_alloc(c, 2 * UD_PAGE_NBYTES, UD_NODE_DEVICE, &c->shadow);
		if (err)
			return err;
	}
	err = ud_dma_iova(c, c->shadow.vaddr, &sqe.prp1);
	if (err)
		return err;
	sqe.prp2 = sqe.prp1 + UD_PAGE_NBYTES;
	return ud_admin_scratch(c, &sqe, 0, NULL, NULL);
}

int ud_qpair_create(struct ud_ctrlr *c, const struct ud_qpair_options *options,
		    struct ud_qpair **qpair)
{
	struct ud_qpair_options o;
	struct ud_qpair *q;
	uint32_t qid = 1;
	int err;

	if (c->dead)
		return -ENODEV;
	ud_qpair_options_init(&o);
	if (o.nentries > c->info.max_entries)
		o.nentries = c->info.max_entries;
	if (options)
		o = *options;
	if (o.nentries < 2 || o.nentries > c->info.max_entries || (unsigned int)o.mode > UD_HYBRID)
		return -EINVAL;
	while (qid <= c->info.nqpairs && c->qpairs[qid])
		qid++;
	if (qid > c->info.nqpairs)
		return -ENOSPC;
	err = ud_qpair_alloc(c, qid, &o, &q);
	if (err)
		return err;
	use_shadow(q);
	q->sgl = c->info.sgl;
	if (o.mode != UD_POLL)
		err = take_vector(c, q);
	if (!err)
		err = ud_create_queues(q);
	if (err) {
		ud_qpair_free(q);
		return err;
	}
	c->qpairs[qid] = q;
	*qpair = q;
	return 0;
}

int ud_qpair_destroy(struct ud_qpair *q)
{
	struct ud_ctrlr *c;
	bool running;

	if (!q)
		return 0;
	c = q->ctrlr;
	running = !ud_stopped(q);
	/* From here callbacks can't submit. */
	__atomic_store_n(&q->stopped, c->dead ? UD_DEAD : UD_DOWN, __ATOMIC_RELEASE);
	if (running && !c->dead)
		ud_delete_queues(q);
	/* Whatever the controller did, it ends here. */
	ud_qpair_cancel(q, c->dead ? -ENODEV : -ECANCELED, -ETIMEDOUT);
	c->qpairs[q->qid] = NULL;
	ud_qpair_free(q);
	return 0;
}
