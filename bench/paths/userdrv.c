// SPDX-License-Identifier: MIT
/*
 * Our own driver: each job has a queue pair of the controller to itself and rings its doorbells.
 * The controller stays with the thread that opened the target, which tends it while the jobs run.
 * Three ways to wait: look at the completion queue until something is there (poll), sleep until the
 * device's interrupt (irq), look for a while and then sleep (hybrid).
 *
 * The device moves the bytes from and to the job's buffer itself, which is DMA memory as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/interrupted.h"
#include "core/target_userdrv.h"
#include "paths/path.h"
#include "userdrv/soft/ud_soft.h"

#define LEAST_ENTRIES 16u
#define MAX_SPLITS    256u  /* requests of several commands that the driver takes at once */
#define LOOKS         4096u /* at the completion queue between two at the clock */

/* What a completion's callback is given. */
struct slot {
	struct path_job *job;
	struct path_io *io;
};

struct userdrv_job {
	struct ud_qpair *qpair;
	struct ud_ns *ns;
	ud_callback *ended;
	uint32_t nblocks; /* of an operation */
	uint32_t write_flags;
	uint8_t shift; /* block number = offset >> shift */
	bool hybrid;
	unsigned int nended; /* operations, all in all */
	/* Hybrid: */
	bool seen;                   /* something has ended since the wait began */
	uint64_t seen_ticks;         /* when the first of them did */
	struct ud_qpair_stats stats; /* when the last wait was over */
	struct slot slots[];         /* workload->iodepth, as job->ios */
};

static void ended(void *arg, int error, uint16_t status, uint32_t result)
{
	struct slot *slot = arg;
	struct path_job *job = slot->job;
	struct userdrv_job *own = job->own;

	(void)status, (void)result;
	own->nended++;
	job->done(job, slot->io, error);
}

static void ended_hybrid(void *arg, int error, uint16_t status, uint32_t result)
{
	struct path_job *job = ((struct slot *)arg)->job;
	struct userdrv_job *own = job->own;

	if (!own->seen) {
		own->seen = true;
		own->seen_ticks = clock_ticks(job->clock);
	}
	ended(arg, error, status, result);
}

static void ignore_done(struct path_job *job, struct path_io *io, int error)
{
	(void)job, (void)io, (void)error;
}

/* Of one operation. */
static uint64_t commands_of(const struct workload *w, const struct userdrv_limits *limits)
{
	return (w->bs + limits->max_transfer_nbytes - 1) / limits->max_transfer_nbytes;
}

/* How many of the workload's operations @limits lets be outstanding at once. */
static uint32_t most_at_once(const struct workload *w, const struct userdrv_limits *limits)
{
	uint64_t ncommands = commands_of(w, limits);
	uint64_t most = (limits->max_entries - 1) / ncommands;

	return (uint32_t)(ncommands > 1 && most > MAX_SPLITS ? MAX_SPLITS : most);
}

/* A queue pair for each job, and where they sleep a vector too. */
static int check_jobs(const struct workload *w, const struct userdrv_limits *limits, bool sleeps,
		      struct unavailable *why)
{
	unsigned int most = limits->max_jobs;

	if (sleeps && limits->max_vectors < most)
		most = limits->max_vectors;
	if (w->numjobs <= most)
		return 0;
	snprintf(why->reason, sizeof(why->reason),
		 "the controller has queues%s for %u jobs, and numjobs=%u asks for more",
		 sleeps ? " with interrupts" : "", most, w->numjobs);
	if (most)
		snprintf(why->remedy, sizeof(why->remedy), "numjobs=%u or less", most);
	else
		snprintf(why->remedy, sizeof(why->remedy),
			 sleeps ? "path=userdrv-poll" : "another controller");
	return -EOPNOTSUPP;
}

static int check_limits(const struct workload *w, const struct userdrv_limits *limits, bool sleeps,
			struct unavailable *why)
{
	uint32_t most = most_at_once(w, limits);

	if (w->bs % limits->block_nbytes) {
		snprintf(why->reason, sizeof(why->reason),
			 "the disk moves whole logical blocks of %u bytes", limits->block_nbytes);
		snprintf(why->remedy, sizeof(why->remedy), "bs= a multiple of %u",
			 limits->block_nbytes);
		return -EOPNOTSUPP;
	}
	if (w->iodepth > most) {
		snprintf(why->reason, sizeof(why->reason),
			 "a queue of this controller takes %u operations of bs=%llu at once, not "
			 "%u",
			 most, (unsigned long long)w->bs, w->iodepth);
		snprintf(why->remedy, sizeof(why->remedy),
			 most ? "iodepth=%u or less" : "a smaller bs=", most);
		return -EOPNOTSUPP;
	}
	return check_jobs(w, limits, sleeps, why);
}

static int probe(const struct workload *w, const struct target *t, bool sleeps,
		 struct unavailable *why)
{
	struct userdrv_limits limits;

	if (t->kind != TARGET_USERDRV) {
		snprintf(why->reason, sizeof(why->reason),
			 "our driver needs an NVMe disk without the kernel's driver, and %.120s is "
			 "none",
			 t->text);
		snprintf(why->remedy, sizeof(why->remedy),
			 "target=pci:ADDRESS after `sudo bypass bind ADDRESS`, or "
			 "target=soft:latency=10us");
		return -EOPNOTSUPP;
	}
	return target_userdrv_limits(t, &limits) ? check_limits(w, &limits, sleeps, why) : 0;
}

static int probe_poll(const struct workload *w, const struct target *t, struct unavailable *why)
{
	return probe(w, t, false, why);
}

static int probe_sleeping(const struct workload *w, const struct target *t, struct unavailable *why)
{
	return probe(w, t, true, why);
}

static bool wants_coalescing(const struct workload *w)
{
	return w->aggregation_threshold > 1 || w->aggregation_ns > 0;
}

/* A controller whose limits weren't known to the probe. */
static int check_open(const struct path_job *job, bool sleeps, struct userdrv_limits *limits,
		      struct error *e)
{
	struct unavailable why;

	target_userdrv_limits(job->target, limits);
	if (check_limits(job->workload, limits, sleeps, &why))
		return error_set(e, -EINVAL, "%s: %s; use %s", job->target->text, why.reason,
				 why.remedy);
	return 0;
}

static uint32_t entries_for(const struct workload *w, const struct userdrv_limits *limits)
{
	uint64_t ncommands = commands_of(w, limits);
	uint32_t n = LEAST_ENTRIES;

	/* One entry of a queue is always free, else full would look like empty [4.1]. */
	while (n < w->iodepth * ncommands + 1)
		n *= 2;
	return n < limits->max_entries ? n : limits->max_entries;
}

/* Each vector obeys unless it is told otherwise [5.21.1.9]. */
static int set_coalescing(struct ud_ctrlr *ctrlr, const struct workload *w)
{
	int ret = ud_set_coalescing(ctrlr, w->aggregation_threshold,
				    (unsigned int)(w->aggregation_ns / 1000));

	/* A controller that refuses coalesces nothing. */
	return ret == -EIO && !wants_coalescing(w) ? 0 : ret;
}

static int open_queues(struct path_job *job, enum ud_completion_mode mode,
		       const struct userdrv_limits *limits, struct error *e)
{
	struct userdrv_target *u = job->target->userdrv;
	struct userdrv_job *own = job->own;
	struct ud_qpair_options options;
	int ret = ud_dma_register(u->ctrlr, job->buffer, job->buffer_nbytes);

	if (ret)
		return error_set(e, ret,
				 "%s can't reach the buffer of %zu MiB: %s; raise the limit of "
				 "locked memory (ulimit -l unlimited) or give a smaller iodepth=",
				 job->target->text, job->buffer_nbytes >> 20, strerror(-ret));
	ud_qpair_options_init(&options);
	options.mode = mode;
	options.nentries = entries_for(job->workload, limits);
	if (job->placement && job->placement->asked && job->placement->memory_node >= 0)
		options.numa_node = job->placement->memory_node;
	ret = ud_qpair_create(u->ctrlr, &options, &own->qpair);
	if (!ret && mode != UD_POLL)
		ret = set_coalescing(u->ctrlr, job->workload);
	if (!ret)
		return 0;
	ud_qpair_destroy(own->qpair);
	ud_dma_unregister(u->ctrlr, job->buffer, job->buffer_nbytes);
	return error_set(
		e, ret, "%s gives no queue%s: %s; use path=userdrv-poll or leave aggregation_* out",
		job->target->text, mode == UD_POLL ? "" : " with such interrupts", strerror(-ret));
}

static int open_mode(struct path_job *job, enum ud_completion_mode mode, struct error *e)
{
	const struct workload *w = job->workload;
	struct userdrv_limits limits;
	struct userdrv_job *own;
	int ret = check_open(job, mode != UD_POLL, &limits, e);

	if (ret)
		return ret;
	own = calloc(1, sizeof(*own) + w->iodepth * sizeof(own->slots[0]));
	if (!own)
		return error_set(e, -ENOMEM, "out of memory for iodepth=%u; free some", w->iodepth);
	job->own = own;
	own->ns = job->target->userdrv->ns;
	own->shift = own->ns->block_shift;
	own->nblocks = (uint32_t)(w->bs >> own->shift);
	own->write_flags = w->durability == DURABILITY_DATA ? UD_FUA : 0;
	own->hybrid = mode == UD_HYBRID;
	own->ended = own->hybrid ? ended_hybrid : ended;
	for (unsigned int i = 0; i < w->iodepth; i++)
		own->slots[i].job = job;
	ret = open_queues(job, mode, &limits, e);
	if (ret) {
		free(own);
		job->own = NULL;
	}
	return ret;
}

static int open_poll(struct path_job *job, struct error *e)
{
	return open_mode(job, UD_POLL, e);
}

static int open_irq(struct path_job *job, struct error *e)
{
	return open_mode(job, UD_INTERRUPT, e);
}

static int open_hybrid(struct path_job *job, struct error *e)
{
	return open_mode(job, UD_HYBRID, e);
}

static int start(struct path_job *job, struct path_io *io)
{
	struct userdrv_job *own = job->own;
	struct slot *slot = &own->slots[io - job->ios];
	uint64_t slba = io->offset >> own->shift;

	slot->io = io;
	if (io->write)
		return ud_write(own->qpair, own->ns, io->buffer, slba, own->nblocks,
				own->write_flags, own->ended, slot);
	return ud_read(own->qpair, own->ns, io->buffer, slba, own->nblocks, 0, own->ended, slot);
}

/* Spinning in vain is no cost of the path: it is told apart. */
static int wait_hybrid(struct path_job *job)
{
	struct userdrv_job *own = job->own;
	struct ud_qpair_stats before = own->stats;
	uint64_t began;
	int n;

	ud_qpair_ring(own->qpair);
	own->seen = false;
	began = clock_ticks(job->clock);
	n = ud_qpair_wait(own->qpair, job->patience_ns);
	ud_qpair_get_stats(own->qpair, &own->stats);
	if (own->stats.sleeps != before.sleeps)
		job->spun += clock_to_ticks(job->clock, own->stats.spun_ns - before.spun_ns);
	else if (own->seen)
		job->spun += own->seen_ticks - began;
	return n;
}

static int give(struct path_job *job)
{
	struct userdrv_job *own = job->own;

	ud_qpair_ring(own->qpair);
	return 0;
}

static int reap(struct path_job *job, unsigned int min)
{
	struct userdrv_job *own = job->own;
	const unsigned int before = own->nended;
	int n;

	if (!min) {
		n = ud_qpair_process(own->qpair, 0);
		return n < 0 ? n : (int)(own->nended - before);
	}
	do {
		n = own->hybrid ? wait_hybrid(job) : ud_qpair_wait(own->qpair, job->patience_ns);
		if (n < 0)
			return n;
	} while (n && own->nended - before < min && !interrupted());
	return (int)(own->nended - before);
}

/* The queue and nothing else: even the clock may be a system call. */
static int reap_poll(struct path_job *job, unsigned int min)
{
	struct userdrv_job *own = job->own;
	const unsigned int before = own->nended;
	uint64_t looks = 0, deadline = 0;
	int n;

	for (;;) {
		n = ud_qpair_process(own->qpair, 0);
		if (n < 0)
			return n;
		if (own->nended - before >= min)
			break;
		if (++looks % LOOKS)
			continue;
		if (!deadline)
			deadline = clock_ticks(job->clock) +
				   clock_to_ticks(job->clock, job->patience_ns);
		if (interrupted() || clock_ticks(job->clock) > deadline)
			break;
	}
	return (int)(own->nended - before);
}

static void count(const struct path_job *job, struct path_counters *counters)
{
	const struct userdrv_target *u = job->target->userdrv;
	const struct userdrv_job *own = job->own;
	struct ud_soft_stats soft = {0};
	struct ud_qpair_stats stats;

	ud_qpair_get_stats(own->qpair, &stats);
	counters->doorbells = stats.sq_doorbells + stats.cq_doorbells;
	counters->sleeps = stats.sleeps;
	/* What is the controller's and not a queue's is told once, by the first job. */
	if (job->base)
		return;
	/* Those of a real controller are in /proc/interrupts. */
	if (u->soft)
		ud_soft_get_stats(u->soft, &soft);
	counters->interrupts = soft.interrupts;
	counters->resets = ud_ctrlr_nresets(u->ctrlr);
}

/* Time-outs and resets. A dead controller tells the jobs itself, by ending what they have. */
static void tend(const struct target *t)
{
	(void)ud_ctrlr_process(t->userdrv->ctrlr);
}

static void close_job(struct path_job *job)
{
	struct userdrv_target *u = job->target->userdrv;
	struct userdrv_job *own = job->own;

	/* What is still outstanding ends here, with nobody left who would want to know. */
	job->done = ignore_done;
	ud_qpair_destroy(own->qpair);
	ud_dma_unregister(u->ctrlr, job->buffer, job->buffer_nbytes);
	free(own);
	job->own = NULL;
}

extern const struct path_ops path_userdrv_poll, path_userdrv_irq, path_userdrv_hybrid;
const struct path_ops path_userdrv_poll = {
	.name = "userdrv-poll",
	.description = "our NVMe driver in this process, polling: no kernel",
	.api = "ud_read/ud_write",
	.cache = "bypassed",
	.completion = "polling",
	.traits = PATH_USER_DRIVER | PATH_POLLED,
	.clock_use = CLOCK_USE_EXACT,
	.probe = probe_poll,
	.open = open_poll,
	.start = start,
	.give = give,
	.reap = reap_poll,
	.count = count,
	.tend = tend,
	.close = close_job,
};

const struct path_ops path_userdrv_irq = {
	.name = "userdrv-irq",
	.description = "our NVMe driver in this process, asleep until an interrupt",
	.api = "ud_read/ud_write",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_USER_DRIVER | PATH_SLEEPS,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = probe_sleeping,
	.open = open_irq,
	.start = start,
	.give = give,
	.reap = reap,
	.count = count,
	.tend = tend,
	.close = close_job,
};

const struct path_ops path_userdrv_hybrid = {
	.name = "userdrv-hybrid",
	.description = "our NVMe driver in this process, looking for a while, then asleep",
	.api = "ud_read/ud_write",
	.cache = "bypassed",
	.completion = "hybrid",
	.traits = PATH_USER_DRIVER | PATH_SLEEPS,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = probe_sleeping,
	.open = open_hybrid,
	.start = start,
	.give = give,
	.reap = reap,
	.count = count,
	.tend = tend,
	.close = close_job,
};
