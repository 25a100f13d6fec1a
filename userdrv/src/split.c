// SPDX-License-Identifier: MIT
/*
 * Requests that one command can't carry. As many commands as there is room for are submitted at
 * once; each that completes submits the next, in the place that it has just left. So a request of
 * any size gets through a queue of any depth, and there is always a command outstanding until the
 * last one has completed, or one failed: then no more are submitted.
 */
#include <errno.h>
#include <stdlib.h>

#include "controller.h"
#include "queue.h"

#define MAX_SPLITS       256u /* requests being split at once; more: -EAGAIN */
#define MAX_PLAIN_BLOCKS 65536u

int ud_split_alloc(struct ud_qpair *q)
{
	uint32_t n = q->nentries - 1 < MAX_SPLITS ? q->nentries - 1 : MAX_SPLITS;

	q->splits = calloc(n, sizeof(*q->splits));
	if (!q->splits)
		return -ENOMEM;
	while (n-- > 0) {
		q->splits[n].next = q->split_free;
		q->split_free = &q->splits[n];
	}
	return 0;
}

static void split_done(void *arg, int error, uint16_t status, uint32_t result);

/* Submits commands until nothing is left or one is refused; gives why it was. */
static int split_push(struct ud_split *s)
{
	uint32_t nblocks;
	int err;

	while (s->nblocks) {
		nblocks = s->nblocks < s->chunk ? s->nblocks : s->chunk;
		err = ud_io_submit(s->qpair, s->ns, s->opcode, s->vaddr, s->slba, nblocks, s->flags,
				   split_done, s);
		if (err)
			return err;
		s->outstanding++;
		s->nblocks -= nblocks;
		s->slba += nblocks;
		if (s->vaddr)
			s->vaddr += (uintptr_t)nblocks << s->ns->block_shift;
	}
	return 0;
}

static void split_free(struct ud_split *s)
{
	s->next = s->qpair->split_free;
	s->qpair->split_free = s;
}

/* One of the commands has ended. */
static void split_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct ud_split *s = arg;
	int err;

	s->outstanding--;
	if (error && !s->error) {
		s->error = error;
		s->status = status;
	}
	if (!s->error && s->nblocks) {
		err = split_push(s);
		/* Full is no error while a command is outstanding whose end will bring us back. */
		if (err && (err != -EAGAIN || !s->outstanding))
			s->error = err == -EAGAIN ? -ECANCELED : err;
	}
	if (s->outstanding || (s->nblocks && !s->error))
		return;
	split_free(s);
	s->callback(s->arg, s->error, s->status, result);
}

int ud_split_start(struct ud_qpair *q, struct ud_ns *ns, uint8_t opcode, uintptr_t vaddr,
		   uint64_t slba, uint32_t nblocks, uint32_t flags, ud_callback *callback,
		   void *arg)
{
	struct ud_split *s = q->split_free;
	int err;

	if (!s)
		return -EAGAIN;
	q->split_free = s->next;
	s->callback = callback;
	s->arg = arg;
	s->qpair = q;
	s->ns = ns;
	s->vaddr = vaddr;
	s->slba = slba;
	s->nblocks = nblocks;
	s->chunk = opcode == NVME_NVM_WRITE_ZEROES ? MAX_PLAIN_BLOCKS : ns->max_blocks;
	s->outstanding = 0;
	s->flags = flags;
	s->error = 0;
	s->status = 0;
	s->opcode = opcode;
	err = split_push(s);
	if (err && !s->outstanding) {
		split_free(s);
		return err;
	}
	if (err && err != -EAGAIN)
		s->error = err; /* told when what was submitted has ended */
	return 0;
}
