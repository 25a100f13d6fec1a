// SPDX-License-Identifier: MIT
#include "core/worker.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/interrupted.h"

#define BUFFER_ALIGN (2ul << 20)
/* One read in so many is checked whole while the clock runs; the witness checks every byte. */
#define CHECK_EVERY 64u
/* Between two looks of a patient worker: to spin on one emulated CPU only heats the host. */
#define NAP_NS 20000

static __thread sigjmp_buf sigbus_return;
static __thread volatile sig_atomic_t sigbus_armed;

static void on_sigbus(int signal)
{
	static const char text[] =
		"bypass: a mapped page can't be read any more (SIGBUS): the file "
		"was cut short or its medium failed; look at the kernel's log\n";

	if (sigbus_armed)
		siglongjmp(sigbus_return, 1);
	/* Nothing is left to do where even this can't be said. */
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(128 + signal);
}

void worker_catch_sigbus(void)
{
	struct sigaction action = {.sa_handler = on_sigbus};

	sigaction(SIGBUS, &action, NULL);
}

/* Called inside reap, where the clock runs: all that can be done later is. */
static void note_end(struct path_job *job, struct path_io *io, int error)
{
	struct worker *w = (struct worker *)((char *)job - offsetof(struct worker, job));

	w->ended[w->nended++] = (struct worker_ended){io, clock_ticks(w->clock), error};
}

static int init_ios(struct worker *w, unsigned int iodepth)
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

/* Touches every page, so that the measured loop takes no fault in its own memory. */
static int init_memory(struct worker *w)
{
	const struct workload *workload = w->job.workload;
	size_t used = workload->bs * workload->iodepth;
	/* Of several in flight none has a cost of its own. */
	bool sampled = w->clock->kind == RUN_CLOCK_INSTRUCTIONS && workload->iodepth == 1;

	w->job.buffer_nbytes = (used + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - 1);
	w->job.buffer = aligned_alloc(BUFFER_ALIGN, w->job.buffer_nbytes);
	if (sampled)
		w->samples = calloc(WORKER_SAMPLES, sizeof(*w->samples));
	if (!w->job.buffer || (sampled && !w->samples))
		return -ENOMEM;
	memset(w->job.buffer, 0, w->job.buffer_nbytes);
	if (w->samples)
		memset(w->samples, 0xff, WORKER_SAMPLES * sizeof(*w->samples));
	pattern_fill(w->job.buffer, used);
	return w->ops->start ? init_ios(w, workload->iodepth) : 0;
}

int worker_init(struct worker *w, const struct path_ops *ops, const struct clock *clock,
		const struct workload *workload, const struct target *target, unsigned int index,
		uint64_t stride, uint64_t seed)
{
	/*
	 * Each block once: a cold read must not meet a page that it brought in itself, and a first
	 * touch is one only once.
	 */
	bool once = workload->cache == CACHE_COLD || (ops->traits & PATH_MAPPING);
	int ret;

	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->clock = clock;
	w->job.workload = workload;
	w->job.target = target;
	w->job.base = index * workload->size;
	w->job.fd = -1;
	w->job.submit = ops->submit;
	w->job.clock = clock;
	w->mix.s = seed ^ 0x6d69786564ull;
	ret = offsets_init(&w->offsets, w->job.base, stride, workload->size,
			   !rw_random(workload->rw), once, seed);
	if (!ret)
		ret = init_memory(w);
	if (ret)
		worker_free(w);
	return ret;
}

int worker_visit_once(struct worker *w, uint64_t seed)
{
	struct offsets *o = &w->offsets;

	if (o->sequential || o->order)
		return 0;
	return offsets_init(o, o->base, o->bs, o->nblocks * o->bs, false, true, seed);
}

void worker_free(struct worker *w)
{
	offsets_free(&w->offsets);
	free(w->job.buffer);
	free(w->job.ios);
	free(w->free_ios);
	free(w->ended);
	free(w->samples);
	w->job.buffer = NULL;
	w->job.ios = NULL;
	w->free_ios = NULL;
	w->ended = NULL;
	w->samples = NULL;
}

static void check_block(struct worker *w, const void *block, uint64_t offset)
{
	const struct path_job *job = &w->job;
	const struct workload *workload = job->workload;

	if (w->fault.what || job->target->foreign || job->target->kind == TARGET_NULL)
		return;
	/* A touched block was not copied anywhere: look where it is. */
	if (workload->access == ACCESS_TOUCH && job->map)
		block = job->map + (offset - job->base);
	pattern_check(block, workload->bs, offset, job->generation, &w->fault);
}

static inline __attribute__((always_inline)) void
loop(struct worker *w, const struct pass_limits *limits, bool may_write, bool may_read)
{
	int (*const submit)(struct path_job *, uint64_t, bool) = w->job.submit;
	const struct clock *const clock = w->clock;
	const bool touch = w->job.workload->access == ACCESS_TOUCH;
	const size_t bs = w->job.workload->bs;
	uint64_t deadline = UINT64_MAX, ios = 0, total = 0, end;

	w->start_ticks = end = clock_ticks(clock);
	if (limits->ticks != UINT64_MAX)
		deadline = w->start_ticks + limits->ticks;
	while (ios < limits->ios && end < deadline && !interrupted()) {
		uint64_t offset = offsets_next(&w->offsets), start;
		bool write = may_write && (!may_read || (random_next(&w->mix) & 1));
		int ret;

		if (write && !touch)
			pattern_stamp_block(w->job.buffer, bs, offset, w->job.generation);
		start = clock_ticks(clock);
		ret = submit(&w->job, offset, write);
		end = clock_ticks(clock);
		if (__builtin_expect(ret != 0, 0)) {
			w->errors++;
			w->first_error = ret;
			break;
		}
		total += end - start;
		histogram_record(&w->latency, end - start);
		if (w->samples && ios < WORKER_SAMPLES)
			w->samples[ios] = (uint32_t)(end - start);
		w->writes += write;
		if (!write && ios % CHECK_EVERY == 0)
			check_block(w, w->job.buffer, offset);
		ios++;
	}
	w->end_ticks = end;
	w->ios = ios;
	w->op_ticks = total;
}

/* One copy of the loop for each kind of pass, so that the loop itself decides nothing twice. */
static __attribute__((noinline)) void loop_read(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, false, true);
}

static __attribute__((noinline)) void loop_write(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, true, false);
}

static __attribute__((noinline)) void loop_mixed(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, true, true);
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
static int look(struct worker *w, unsigned int min)
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
	if (in_vain) {
		w->empty_looks++;
		w->wait += ticks - spun;
	} else {
		w->op_ticks += ticks - spun;
	}
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

/* Starts all that there is room for. Returns how many it started. */
static uint64_t fill(struct worker *w, uint64_t most, uint64_t deadline)
{
	int (*const start)(struct path_job *, struct path_io *) = w->ops->start;
	const struct workload *workload = w->job.workload;
	const bool writes = rw_writes(workload->rw), mixed = writes && rw_reads(workload->rw);
	uint64_t started = 0;

	while (w->nfree && started < most && w->end_ticks < deadline && !w->errors &&
	       !interrupted()) {
		struct path_io *io = w->free_ios[w->nfree - 1];
		int ret;

		io->offset = offsets_next(&w->offsets);
		io->write = writes && (!mixed || (random_next(&w->mix) & 1));
		if (io->write)
			pattern_stamp_block(io->buffer, workload->bs, io->offset,
					    w->job.generation);
		io->start = clock_ticks(w->clock);
		ret = start(&w->job, io);
		w->end_ticks = clock_ticks(w->clock);
		w->op_ticks += w->end_ticks - io->start;
		if (__builtin_expect(ret != 0, 0)) {
			fail(w, ret);
			break;
		}
		w->not_given = true;
		w->nfree--;
		started++;
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
		if (!io->write && w->ios % CHECK_EVERY == 0)
			check_block(w, io->buffer, io->offset);
		w->ios++;
	}
	if (w->nended)
		op_ticks = w->op_ticks;
	w->nended = 0;
	return op_ticks;
}

static void loop_async(struct worker *w, const struct pass_limits *limits)
{
	const unsigned int iodepth = w->job.workload->iodepth;
	const unsigned int batch = w->job.workload->iodepth_batch_complete_min;
	uint64_t deadline = UINT64_MAX, left = limits->ios, op_ticks = 0;

	w->start_ticks = w->end_ticks = clock_ticks(w->clock);
	if (limits->ticks != UINT64_MAX)
		deadline = w->start_ticks + limits->ticks;
	for (;;) {
		unsigned int in_flight, min;
		int ret;

		left -= fill(w, left, deadline);
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

void worker_pass(struct worker *w, const struct pass_limits *limits)
{
	enum rw rw = w->job.workload->rw;
	uint64_t cpu;

	memset(&w->latency, 0, sizeof(w->latency));
	w->ios = w->writes = w->errors = w->op_ticks = w->wait = w->empty_looks = 0;
	w->first_error = 0;
	cpu = clock_thread_cpu();
	if (w->ops->start) {
		/* No jump out of this one: operations in flight would go on into the buffers. */
		loop_async(w, limits);
	} else if (sigsetjmp(sigbus_return, 1) == 0) {
		sigbus_armed = 1;
		if (!rw_writes(rw))
			loop_read(w, limits);
		else if (!rw_reads(rw))
			loop_write(w, limits);
		else
			loop_mixed(w, limits);
	} else {
		w->errors++;
		w->first_error = -EIO;
		w->end_ticks = clock_ticks(w->clock);
	}
	sigbus_armed = 0;
	w->cpu = clock_thread_cpu() - cpu;
	w->nsamples = w->ios < WORKER_SAMPLES ? w->ios : WORKER_SAMPLES;
	if (!w->samples)
		w->nsamples = 0;
}
