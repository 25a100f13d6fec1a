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
#include "core/worker_loop.h"
#include "vm/plugins/count_marks.h"

#define BUFFER_ALIGN (2ul << 20)

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
	return w->ops->start ? worker_init_async(w, workload->iodepth) : 0;
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
	w->job.patience_ns = PATH_PATIENCE_NS;
	w->mix.s = seed ^ 0x6d69786564ull;
	w->write_below = UINT64_MAX / 100 * (100 - workload->rwmixread);
	if (workload->zipf_thousandths)
		ret = offsets_init_zipf(&w->offsets, w->job.base, stride, workload->size,
					workload->zipf_thousandths, seed);
	else
		ret = offsets_init(&w->offsets, w->job.base, stride, workload->size,
				   !rw_random(workload->rw), once, seed);
	if (!ret)
		ret = pace_init(&w->pace, workload, clock, seed ^ 0x70616365ull);
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
	offsets_free(o);
	return offsets_init(o, o->base, o->bs, o->nblocks * o->bs, false, true, seed);
}

void worker_free(struct worker *w)
{
	offsets_free(&w->offsets);
	pace_free(&w->pace);
	worker_free_async(w);
	free(w->job.buffer);
	free(w->samples);
	w->job.buffer = NULL;
	w->samples = NULL;
}

void worker_check_block(struct worker *w, const void *block, uint64_t offset)
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

static inline __attribute__((always_inline)) void loop(struct worker *w,
						       const struct pass_limits *limits,
						       bool may_write, bool may_read, bool paced,
						       bool marked)
{
	int (*const submit)(struct path_job *, uint64_t, bool) = w->job.submit;
	const struct clock *const clock = w->clock;
	const bool touch = w->job.workload->access == ACCESS_TOUCH;
	const size_t bs = w->job.workload->bs;
	uint64_t deadline = UINT64_MAX, ios = 0, total = 0, end;

	w->start_ticks = end = clock_ticks(clock);
	if (limits->ticks != UINT64_MAX)
		deadline = w->start_ticks + limits->ticks;
	if (paced)
		pace_begin(&w->pace, end);
	while (ios < limits->ios && end < deadline && !interrupted()) {
		uint64_t offset, start, from;
		bool write;
		int ret;

		if (paced && w->pace.next >= deadline)
			break;
		offset = offsets_next(&w->offsets);
		write = may_write && (!may_read || worker_draws_write(w));
		if (write && !touch)
			pattern_stamp_block(w->job.buffer, bs, offset, w->job.generation);
		if (paced) {
			pace_wait(&w->pace, clock);
			if (interrupted())
				break;
		}
		if (marked)
			COUNT_MARK(COUNT_MARK_BEGIN);
		start = from = clock_ticks(clock);
		/* LAB 2.4: in an open loop: since when has the user been waiting? => */
		if (paced && pace_is_open_loop(&w->pace))
			from = w->pace.next;
		/* LAB end */
		ret = submit(&w->job, offset, write);
		end = clock_ticks(clock);
		if (marked)
			COUNT_MARK(COUNT_MARK_END);
		if (__builtin_expect(ret != 0, 0)) {
			w->errors++;
			w->first_error = ret;
			break;
		}
		if (paced) {
			pace_started(&w->pace);
			pace_ended(&w->pace, end);
		}
		total += end - start;
		histogram_record(&w->latency, end - from);
		if (w->samples && ios < WORKER_SAMPLES)
			w->samples[ios] = (uint32_t)(end - start);
		w->writes += write;
		if (!write && ios % WORKER_CHECK_EVERY == 0)
			worker_check_block(w, w->job.buffer, offset);
		ios++;
	}
	w->end_ticks = end;
	w->ios = ios;
	w->op_ticks = total;
	if (paced) {
		worker_note_backlog(w, deadline);
		worker_end_open_loop(w, deadline);
	}
}

/* One copy of the loop for each kind of pass, so that the loop itself decides nothing twice. */
static __attribute__((noinline)) void loop_read(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, false, true, false, false);
}

static __attribute__((noinline)) void loop_write(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, true, false, false, false);
}

static __attribute__((noinline)) void loop_mixed(struct worker *w, const struct pass_limits *limits)
{
	loop(w, limits, true, true, false, false);
}

/* This one waits, and can decide meanwhile. */
static __attribute__((noinline)) void loop_paced(struct worker *w, const struct pass_limits *limits)
{
	enum rw rw = w->job.workload->rw;

	loop(w, limits, rw_writes(rw), rw_reads(rw), true, false);
}

/* Between marks, which the other copies do without. */
static __attribute__((noinline)) void loop_marked(struct worker *w,
						  const struct pass_limits *limits)
{
	enum rw rw = w->job.workload->rw;

	loop(w, limits, rw_writes(rw), rw_reads(rw), false, true);
}

static bool is_paced(const struct worker *w, const struct pass_limits *limits)
{
	return pace_is_set(&w->pace) && !limits->at_once;
}

static void run_loop(struct worker *w, const struct pass_limits *limits)
{
	enum rw rw = w->job.workload->rw;

	if (is_paced(w, limits))
		loop_paced(w, limits);
	else if (w->marked)
		loop_marked(w, limits);
	else if (!rw_writes(rw))
		loop_read(w, limits);
	else if (!rw_reads(rw))
		loop_write(w, limits);
	else
		loop_mixed(w, limits);
}

void worker_pass(struct worker *w, const struct pass_limits *limits)
{
	uint64_t cpu;

	memset(&w->latency, 0, sizeof(w->latency));
	w->ios = w->writes = w->errors = w->op_ticks = w->wait = w->empty_looks = 0;
	w->backlog = 0;
	w->first_error = 0;
	cpu = clock_thread_cpu();
	if (w->ops->start) {
		/* No jump out of this one: operations in flight would go on into the buffers. */
		if (is_paced(w, limits))
			worker_loop_async_paced(w, limits);
		else
			worker_loop_async(w, limits);
	} else if (sigsetjmp(sigbus_return, 1) == 0) {
		sigbus_armed = 1;
		run_loop(w, limits);
	} else {
		w->errors++;
		w->first_error = -EIO;
		w->end_ticks = clock_ticks(w->clock);
	}
	sigbus_armed = 0;
	w->cpu = clock_thread_cpu() - cpu;
	if (is_paced(w, limits))
		w->cpu = pace_less(&w->pace, w->clock, w->cpu);
	w->nsamples = w->ios < WORKER_SAMPLES ? w->ios : WORKER_SAMPLES;
	if (!w->samples)
		w->nsamples = 0;
}
