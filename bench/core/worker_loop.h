/* SPDX-License-Identifier: MIT */
/* Private to worker*.c: what the loops of synchronous and of asynchronous paths share. */
#ifndef BYPASS_WORKER_LOOP_H
#define BYPASS_WORKER_LOOP_H

#include "core/worker.h"

/* One read in so many is checked whole while the clock runs; the witness checks every byte. */
#define WORKER_CHECK_EVERY 64u

void worker_check_block(struct worker *w, const void *block, uint64_t offset);

static inline bool worker_draws_write(struct worker *w)
{
	return random_next(&w->mix) < w->write_below;
}

/* worker_async.c; between the two, worker_init fills in w->job. */
int worker_init_async(struct worker *w, unsigned int iodepth);
void worker_free_async(struct worker *w);
void worker_loop_async(struct worker *w, const struct pass_limits *limits);
/* The same where the workload says when operations start. */
void worker_loop_async_paced(struct worker *w, const struct pass_limits *limits);

/* The pass starts nothing more: what of an open loop is left undone, at the end of @deadline. */
static inline void worker_note_backlog(struct worker *w, uint64_t deadline)
{
	w->backlog = pace_backlog(&w->pace, w->end_ticks < deadline ? w->end_ticks : deadline);
}

/*
 * An open loop's pass lasts until the next operation would have been due, so that so many
 * operations took so many gaps.
 */
static inline void worker_end_open_loop(struct worker *w, uint64_t deadline)
{
	if (!pace_is_open_loop(&w->pace) || w->errors)
		return;
	if (w->pace.next > deadline)
		w->pace.next = deadline;
	w->end_ticks = pace_wait(&w->pace, w->clock);
}

#endif
