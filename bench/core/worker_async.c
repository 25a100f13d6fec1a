// SPDX-License-Identifier: MIT
/* The measuring loop of the paths that have several operations in flight. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "core/interrupted.h"
#include "core/worker_loop.h"
#include "vm/plugins/count_marks.h"

/* Between two looks of a patient worker: to spin on one emulated CPU only heats the host. */
#define NAP_NS 20000

/* Called inside reap, where the clock runs: all that can be done later is. */
static void note_end(struct path_job *job, struct path_io *io, int error)
{
	struct worker *w = (struct worker *)((char *)job - offsetof(struct worker, job));

	w->ended[w->nended++] = (struct worker_ended){io, clock_ticks(w->clock), error};
}

int worker_init_async(struct worker *w, unsigned int iodepth)
{
	w->job.ios = calloc(iodepth, sizeof(*w->job.ios));
	w->free_ios = calloc(iodepth, sizeof(struct path_io *));
	w->ended = calloc(iodepth, sizeof(*w->ended));
	if (!w->job.ios || !w->free_ios || !w->ended)
		return -ENOMEM;
	for (unsigned int i = 0; i < iodepth; i++) {
		w->job.ios[i].buffer = (char *)w->job.buffer + i * w->job.workload->bs;
		w->free_ios[w->nfree++] = &w->job.ios[i];
	}
	w->job.done = note_end;
	w->patient = w->clock->kind == RUN_CLOCK_INSTRUCTIONS &&
		     (w->ops->traits & (PATH_POLLED | PATH_SLEEPS)) == PATH_POLLED;
	return 0;
}

void worker_free_async(struct worker *w)
{
	free(w->job.ios);
	free(w->free_ios);
	free(w->ended);
	w->job.ios = NULL;
	w->free_ios = NULL;
	w->ended = NULL;
}

static void fail(struct worker *w, int error)
{
	w->errors++;
	if (!w->first_error)
		w->first_error = error;
}

/*
 * Asks once and adds the ticks to what the operations cost, or to the waiting. A look that gave the
 * path's operations to the device has done something even where it found nothing, and on a device
 * that answers faster the same instructions are the operation's too.
 */
static int look_unmarked(struct worker *w, unsigned int min, bool *vain)
{
	const uint64_t spun_before = w->job.spun, start = clock_ticks(w->clock);
	const unsigned int before = w->nended;
	const int ret = w->ops->reap(&w->job, min);
	const bool in_vain = w->patient && w->nended == before && !w->not_given;
	uint64_t ticks, spun;

	w->end_ticks = clock_ticks(w->clock);
	w->not_given = false;
	ticks = w->end_ticks - start;
	/* Some paths have it from another clock, which may be a tick ahead. */
	spun = w->job.spun - spun_before;
	spun = spun < ticks ? spun : ticks;
	w->wait += spun;
	*vain = in_vain;
	if (in_vain) {
		w->empty_looks++;
		w->wait += ticks - spun;
	} else {
		w->op_ticks += ticks - spun;
	}
	return ret;
}

static int look(struct worker *w, unsigned int min)
{
	bool vain;
	int ret;

	if (w->marked)
		COUNT_MARK(COUNT_MARK_BEGIN);
	ret = look_unmarked(w, min, &vain);
	if (w->marked && vain)
		COUNT_MARK(COUNT_MARK_END_VAIN);
	else if (w->marked)
		COUNT_MARK(COUNT_MARK_END);
	return ret;
}

/* A signal ends the nap, not the wait: the caller stops starting, and comes again. */
static int look_and_nap(struct worker *w, unsigned int min)
{
	static const struct timespec nap = {.tv_nsec = NAP_NS};

	for (;;) {
		int ret = look(w, 0);
		uint64_t start;

		if (ret < 0 || w->nended >= min)
			return ret;
		start = clock_ticks(w->clock);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
		w->wait += clock_ticks(w->clock) - start;
		if (interrupted())
			return ret;
	}
}

/* Starts one; there is room for it. False if it can't be started. @due: since when, or 0: now. */
static inline bool start_one(struct worker *w, uint64_t due)
{
	const struct workload *workload = w->job.workload;
	const bool writes = rw_writes(workload->rw), mixed = writes && rw_reads(workload->rw);
	struct path_io *io = w->free_ios[w->nfree - 1];
	uint64_t start;
	int ret;

	io->offset = offsets_next(&w->offsets);
	io->write = writes && (!mixed || worker_draws_write(w));
	if (io->write)
		pattern_stamp_block(io->buffer, workload->bs, io->offset, w->job.generation);
	if (w->marked)
		COUNT_MARK(COUNT_MARK_BEGIN);
	start = clock_ticks(w->clock);
	io->start = due ? due : start;
	ret = w->ops->start(&w->job, io);
	w->end_ticks = clock_ticks(w->clock);
	if (w->marked)
		COUNT_MARK(COUNT_MARK_END);
	w->op_ticks += w->end_ticks - start;
	if (__builtin_expect(ret != 0, 0)) {
		fail(w, ret);
		return false;
	}
	w->not_given = true;
	w->nfree--;
	return true;
}

/* Gives the device what was started, since more will be. */
static void give(struct worker *w)
{
	uint64_t start;
	int ret;

	if (w->marked)
		COUNT_MARK(COUNT_MARK_BEGIN);
	start = clock_ticks(w->clock);
	ret = w->ops->give(&w->job);
	w->end_ticks = clock_ticks(w->clock);
	if (w->marked)
		COUNT_MARK(COUNT_MARK_END);
	w->op_ticks += w->end_ticks - start;
	w->not_given = false;
	if (__builtin_expect(ret != 0, 0))
		fail(w, ret);
}

/*
 * Starts all that there is room for, and gives it to the device @at_once at a time; the last of
 * them are given when the device is looked at. Returns how many it started.
 */
static uint64_t fill(struct worker *w, uint64_t most, uint64_t deadline, unsigned int at_once)
{
	unsigned int batch = 0;
	uint64_t started = 0;

	while (w->nfree && started < most && w->end_ticks < deadline && !w->errors &&
	       !interrupted()) {
		if (batch == at_once) {
			give(w);
			batch = 0;
			continue;
		}
		if (!start_one(w, 0))
			break;
		started++;
		batch++;
	}
	return started;
}

/* @op_ticks: what operations had cost when the last ones ended; returns what they have now. */
static uint64_t record_ended(struct worker *w, uint64_t op_ticks)
{
	for (unsigned int i = 0; i < w->nended; i++) {
		const struct worker_ended *ended = &w->ended[i];
		struct path_io *io = ended->io;

		w->free_ios[w->nfree++] = io;
		if (__builtin_expect(ended->error != 0, 0)) {
			fail(w, ended->error);
			continue;
		}
		histogram_record(&w->latency, ended->end - io->start);
		/* Kept with one in flight only: then these ticks are this operation's. */
		if (w->samples && w->ios < WORKER_SAMPLES)
			w->samples[w->ios] = (uint32_t)(w->op_ticks - op_ticks);
		w->writes += io->write;
		if (!io->write && w->ios % WORKER_CHECK_EVERY == 0)
			worker_check_block(w, io->buffer, io->offset);
		w->ios++;
	}
	if (w->nended)
		op_ticks = w->op_ticks;
	w->nended = 0;
	return op_ticks;
}

void worker_loop_async(struct worker *w, const struct pass_limits *limits)
{
	const unsigned int iodepth = w->job.workload->iodepth;
	const unsigned int batch = w->job.workload->iodepth_batch_complete_min;
	const unsigned int submit = w->job.workload->iodepth_batch_submit;
	const unsigned int at_once = submit ? submit : iodepth;
	uint64_t deadline = UINT64_MAX, left = limits->ios, op_ticks = 0;

	w->start_ticks = w->end_ticks = clock_ticks(w->clock);
	if (limits->ticks != UINT64_MAX)
		deadline = w->start_ticks + limits->ticks;
	for (;;) {
		unsigned int in_flight, min;
		int ret;

		left -= fill(w, left, deadline, at_once);
		in_flight = iodepth - w->nfree;
		if (!in_flight)
			break;
		min = batch < in_flight ? batch : in_flight;
		ret = w->patient ? look_and_nap(w, min) : look(w, min);
		op_ticks = record_ended(w, op_ticks);
		if (__builtin_expect(ret < 0, 0)) {
			/* Nothing more will end: close gets the buffers back from the device. */
			fail(w, ret);
			break;
		}
	}
}

/* Starts what is due, as far as there is room. Returns how many it started. */
static uint64_t fill_due(struct worker *w, uint64_t most, uint64_t deadline)
{
	struct pace *p = &w->pace;
	uint64_t started = 0;

	/* LAB 2.5: each that is due by now, while there is room; its latency counts since it was due => */
	while (w->nfree && started < most && p->next <= w->end_ticks && p->next < deadline &&
	       w->end_ticks < deadline && !w->errors && !interrupted() &&
	       start_one(w, pace_is_open_loop(p) ? p->next : 0)) {
		pace_started(p);
		started++;
	}
	/* LAB end */
	return started;
}

/*
 * Some are in flight, and there is time until the next start. A path that polls is looked at. One
 * that sleeps does so until shortly before that, and is then looked at, so that the start isn't
 * late: this looking is none of its costs.
 */
static int look_until_due(struct worker *w)
{
	struct pace *p = &w->pace;
	const uint64_t from = w->end_ticks;
	const bool sleeps = w->ops->traits & PATH_SLEEPS;
	int ret;

	if (sleeps && p->next > from + p->spin) {
		uint64_t ns = clock_from_ticks(w->clock, p->next - p->spin - from);

		w->job.patience_ns = ns < PATH_PATIENCE_NS ? ns : PATH_PATIENCE_NS;
		ret = look(w, 1);
		w->job.patience_ns = PATH_PATIENCE_NS;
		return ret;
	}
	ret = look(w, 0);
	if (sleeps && !w->nended)
		pace_looked(p, from, w->end_ticks);
	return ret;
}

static void note_ends(struct worker *w)
{
	for (unsigned int i = 0; i < w->nended; i++)
		pace_ended(&w->pace, w->ended[i].end);
}

void worker_loop_async_paced(struct worker *w, const struct pass_limits *limits)
{
	const unsigned int iodepth = w->job.workload->iodepth;
	const unsigned int batch = w->job.workload->iodepth_batch_complete_min;
	uint64_t deadline = UINT64_MAX, left = limits->ios, op_ticks = 0;
	bool over = false;
	int ret = 0;

	w->start_ticks = w->end_ticks = clock_ticks(w->clock);
	if (limits->ticks != UINT64_MAX)
		deadline = w->start_ticks + limits->ticks;
	pace_begin(&w->pace, w->start_ticks);
	while (ret >= 0) {
		unsigned int in_flight;

		left -= fill_due(w, left, deadline);
		in_flight = iodepth - w->nfree;
		if (!over && (!left || w->errors || interrupted() || w->end_ticks >= deadline ||
			      w->pace.next >= deadline)) {
			over = true;
			worker_note_backlog(w, deadline);
		}
		if (!in_flight) {
			if (over)
				break;
			w->end_ticks = pace_wait(&w->pace, w->clock);
			continue;
		}
		if (over || !w->nfree)
			ret = look(w, batch < in_flight ? batch : in_flight);
		else
			ret = look_until_due(w);
		note_ends(w);
		op_ticks = record_ended(w, op_ticks);
	}
	if (__builtin_expect(ret < 0, 0))
		/* Nothing more will end: close gets the buffers back from the device. */
		fail(w, ret);
	worker_end_open_loop(w, deadline);
}
