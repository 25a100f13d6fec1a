// SPDX-License-Identifier: MIT
#include "core/worker.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/interrupted.h"

#define BUFFER_ALIGN (2ul << 20)
/* One read in so many is checked whole while the clock runs; the witness checks every byte. */
#define CHECK_EVERY 64u

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

int worker_init(struct worker *w, const struct path_ops *ops, const struct clock *clock,
		const struct workload *workload, const struct target *target, unsigned int index,
		uint64_t stride, uint64_t seed)
{
	size_t nbytes = (workload->bs + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - 1);
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
	w->mix.s = seed ^ 0x6d69786564ull;
	ret = offsets_init(&w->offsets, w->job.base, stride, workload->size,
			   !rw_random(workload->rw), once, seed);
	if (ret)
		return ret;
	w->job.buffer = aligned_alloc(BUFFER_ALIGN, nbytes);
	if (clock->kind == RUN_CLOCK_INSTRUCTIONS)
		w->samples = calloc(WORKER_SAMPLES, sizeof(*w->samples));
	if (!w->job.buffer || (clock->kind == RUN_CLOCK_INSTRUCTIONS && !w->samples)) {
		worker_free(w);
		return -ENOMEM;
	}
	/* Touches every page, so that the measured loop takes no fault in its own memory. */
	memset(w->job.buffer, 0, nbytes);
	if (w->samples)
		memset(w->samples, 0xff, WORKER_SAMPLES * sizeof(*w->samples));
	pattern_fill(w->job.buffer, workload->bs);
	return 0;
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
	free(w->samples);
	w->job.buffer = NULL;
	w->samples = NULL;
}

static void check_block(struct worker *w, uint64_t offset)
{
	const struct path_job *job = &w->job;
	const struct workload *workload = job->workload;
	const void *block = job->buffer;

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
			check_block(w, offset);
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

void worker_pass(struct worker *w, const struct pass_limits *limits)
{
	enum rw rw = w->job.workload->rw;
	uint64_t cpu;

	memset(&w->latency, 0, sizeof(w->latency));
	w->ios = w->writes = w->errors = w->op_ticks = 0;
	w->first_error = 0;
	cpu = clock_thread_cpu();
	if (sigsetjmp(sigbus_return, 1) == 0) {
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
}
