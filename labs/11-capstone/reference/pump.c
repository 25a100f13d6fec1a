// SPDX-License-Identifier: MIT
#include "pump.h"

#include <errno.h>
#include <stdlib.h>

#define PATIENCE_US 100u         /* the first completion of a batch waits so long for the last */
#define WAIT_NS     1000000000ul /* a wait that finds nothing is followed by another */

void pump_share(uint64_t npieces, unsigned int nparts, unsigned int part, uint64_t *first,
		uint64_t *end)
{
	uint64_t each = npieces / nparts, more = npieces % nparts;

	/* LAB 11.1: [*first, *end) of this part; `more` parts are larger by one => *first = *end = part * (each + more); */
	*first = part * each + (part < more ? part : more);
	*end = *first + each + (part < more);
	/* LAB end */
}

static int open_queue(struct pump *p, struct pump_queue *q, uint8_t *data)
{
	const size_t nbytes = (size_t)p->options.nblocks * p->ns->block_nbytes;
	struct ud_qpair_options options;
	int err = 0;

	q->pump = p;
	q->slots = calloc(p->options.depth, sizeof(*q->slots));
	if (!q->slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < p->options.depth; i++) {
		q->slots[i] = (struct pump_slot){q, q->free, data + i * nbytes, 0};
		q->free = &q->slots[i];
	}
	q->nfree = p->options.depth;
	ud_qpair_options_init(&options);
	options.nentries = p->options.depth + 1; /* a full ring can't be told from an empty one */
	/* LAB 11.2: a wait ends when a batch has come, or when its first completion gets old => */
	options.mode = UD_INTERRUPT;
	err = ud_set_coalescing(p->ctrlr, p->options.batch, PATIENCE_US);
	/* LAB end */
	return err ? err : ud_qpair_create(p->ctrlr, &options, &q->qpair);
}

int pump_open(struct ud_ctrlr *ctrlr, struct ud_ns *ns, const struct pump_options *options,
	      struct pump **pump)
{
	const size_t queue_nbytes = (size_t)options->depth * options->nblocks * ns->block_nbytes;
	struct pump *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->options = *options;
	p->ctrlr = ctrlr;
	p->ns = ns;
	p->npieces = ns->nblocks / options->nblocks;
	p->queues = calloc(options->nqueues, sizeof(*p->queues));
	err = p->queues ? ud_dma_alloc(ctrlr, options->nqueues * queue_nbytes, UD_NODE_DEVICE,
				       &p->memory)
			: -ENOMEM;
	for (unsigned int i = 0; i < options->nqueues && !err; i++)
		err = open_queue(p, &p->queues[i], (uint8_t *)p->memory.vaddr + i * queue_nbytes);
	if (err)
		pump_close(p);
	else
		*pump = p;
	return err;
}

void pump_close(struct pump *p)
{
	for (unsigned int i = 0; p->queues && i < p->options.nqueues; i++) {
		(void)ud_qpair_destroy(p->queues[i].qpair);
		free(p->queues[i].slots);
	}
	if (p->memory.vaddr)
		(void)ud_dma_free(p->ctrlr, &p->memory);
	free(p->queues);
	free(p);
}

static void on_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct pump_slot *slot = arg;
	struct pump_queue *q = slot->queue;

	(void)status, (void)result;
	/* LAB 11.3: the piece goes to the consumer, or the error is kept; the slot is free => */
	if (!error)
		q->consumer(q->arg, slot->piece, slot->data);
	else if (!q->error)
		q->error = error;
	slot->next = q->free;
	q->free = slot;
	q->nfree++;
	/* LAB end */
}

/* Submits as much as there is room for. Returns the first error. */
static int submit(struct pump_queue *q)
{
	const uint32_t nblocks = q->pump->options.nblocks;
	struct pump_slot *slot;
	int err = 0;

	/* LAB 11.4: a read for each free slot, as long as there are pieces => */
	while (q->free && q->next < q->end) {
		slot = q->free;
		slot->piece = q->next;
		err = ud_read(q->qpair, q->pump->ns, slot->data, slot->piece * nblocks, nblocks, 0,
			      on_done, slot);
		if (err)
			break;
		q->free = slot->next;
		q->nfree--;
		q->next++;
	}
	ud_qpair_ring(q->qpair);
	/* LAB end */
	return err;
}

int pump_run(struct pump *p, unsigned int queue, pump_consumer *consumer, void *arg)
{
	struct pump_queue *q = &p->queues[queue];
	int n;

	q->consumer = consumer;
	q->arg = arg;
	q->error = 0;
	pump_share(p->npieces, p->options.nqueues, queue, &q->next, &q->end);
	for (;;) {
		/* LAB 11.5: submit when it is worth a doorbell, wait, and end at the right moment => break; */
		/* Less than a batch can wait, as long as something is on its way. */
		if (!q->error && (q->nfree >= p->options.batch || !ud_qpair_outstanding(q->qpair)))
			q->error = submit(q);
		if (!ud_qpair_outstanding(q->qpair))
			break;
		n = ud_qpair_wait(q->qpair, WAIT_NS);
		if (n < 0 && !q->error)
			q->error = n;
		/* LAB end */
	}
	return q->error;
}
