// SPDX-License-Identifier: MIT
/*
 * io_uring with O_DIRECT, two ways: completions by the device's interrupt (uring), or looked for by
 * the kernel on the driver's poll queues, which have no interrupt (uring-iopoll).
 *
 * Each job has a ring of its own with as many entries as it has operations in flight, with the
 * default flags, as fio's engine of this name has it: no registered buffers or files, no kernel
 * thread, and none of the flags that only newer kernels know.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/interrupted.h"
#include "paths/file_io.h"

#define LONGEST_WAIT_S 1

struct uring {
	struct io_uring ring;
	unsigned int in_flight; /* started and not yet ended */
};

/* Is there an io_uring for us, and one that can wait with a time-out? */
static int ring_probe(unsigned int flags, struct unavailable *why)
{
	struct io_uring ring;
	int ret = io_uring_queue_init(1, &ring, flags);
	bool waits = ret == 0 && (ring.features & IORING_FEAT_EXT_ARG);

	if (ret == 0)
		io_uring_queue_exit(&ring);
	if (waits)
		return 0;
	if (ret == -EPERM) {
		snprintf(why->reason, sizeof(why->reason),
			 "io_uring is forbidden here, by kernel.io_uring_disabled or by a "
			 "container's rules");
		snprintf(why->remedy, sizeof(why->remedy),
			 "sudo sysctl kernel.io_uring_disabled=0, outside a container");
	} else if (ret == 0 || ret == -ENOSYS || ret == -EINVAL) {
		snprintf(why->reason, sizeof(why->reason), "this kernel has no io_uring that %s",
			 flags & IORING_SETUP_IOPOLL ? "polls" : "waits with a time-out");
		snprintf(why->remedy, sizeof(why->remedy),
			 "Linux 5.11 or later, with CONFIG_IO_URING");
	} else {
		snprintf(why->reason, sizeof(why->reason), "io_uring can't be set up: %s",
			 strerror(-ret));
		snprintf(why->remedy, sizeof(why->remedy),
			 "a higher limit of locked memory (ulimit -l)");
	}
	return -EOPNOTSUPP;
}

static int uring_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	int ret = file_io_probe_direct(w, t, why);

	return ret ? ret : ring_probe(0, why);
}

static int iopoll_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	int ret = file_io_probe_direct(w, t, why);

	if (!ret)
		ret = ring_probe(IORING_SETUP_IOPOLL, why);
	if (ret || t->device.polled)
		return ret;
	if (!t->device.known)
		snprintf(why->reason, sizeof(why->reason),
			 "there is no disk under %s whose driver could poll", t->text);
	else
		snprintf(why->reason, sizeof(why->reason), "the driver of %s has no poll queues",
			 t->device.name);
	if (strncmp(t->device.name, "nvme", 4) == 0)
		snprintf(why->remedy, sizeof(why->remedy), "load nvme with poll_queues=1");
	else
		snprintf(why->remedy, sizeof(why->remedy),
			 "a target on an NVMe disk, nvme loaded with poll_queues=1");
	return -EOPNOTSUPP;
}

static int ring_open(struct path_job *job, unsigned int flags, struct error *e)
{
	struct uring *u;
	int ret = file_io_open(job, O_DIRECT, e);

	if (ret)
		return ret;
	u = calloc(1, sizeof(*u));
	ret = u ? io_uring_queue_init(job->workload->iodepth, &u->ring, flags) : -ENOMEM;
	if (ret) {
		free(u);
		file_io_close(job);
		return error_set(e, ret,
				 "can't make an io_uring of %u entries: %s; give a smaller "
				 "iodepth=",
				 job->workload->iodepth, strerror(-ret));
	}
	job->own = u;
	return 0;
}

static int uring_open(struct path_job *job, struct error *e)
{
	return ring_open(job, 0, e);
}

static int iopoll_open(struct path_job *job, struct error *e)
{
	return ring_open(job, IORING_SETUP_IOPOLL, e);
}

static int ring_start(struct path_job *job, struct path_io *io)
{
	struct uring *u = job->own;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	unsigned int nbytes = (unsigned int)job->workload->bs;

	if (!sqe)
		return -EBUSY;
	if (io->write)
		io_uring_prep_write(sqe, job->fd, io->buffer, nbytes, io->offset);
	else
		io_uring_prep_read(sqe, job->fd, io->buffer, nbytes, io->offset);
	io_uring_sqe_set_data(sqe, io);
	u->in_flight++;
	return 0;
}

/* All that lie in the completion ring, which is memory of ours: no system call. */
static unsigned int take_completions(struct path_job *job)
{
	struct uring *u = job->own;
	const int nbytes = (int)job->workload->bs;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe)
	{
		int error = cqe->res == nbytes ? 0 : cqe->res < 0 ? cqe->res : -EIO;

		job->done(job, io_uring_cqe_get_data(cqe), error);
		n++;
	}
	io_uring_cq_advance(&u->ring, n);
	u->in_flight -= n;
	return n;
}

/*
 * One io_uring_enter submits and waits, unless a signal ends it early. liburing leaves it out where
 * nothing was started and enough completions are there.
 */
static int uring_reap(struct path_job *job, unsigned int min)
{
	struct __kernel_timespec longest = {.tv_sec = LONGEST_WAIT_S};
	struct io_uring *ring = &((struct uring *)job->own)->ring;
	unsigned int ended = 0;
	int ret;

	do {
		struct io_uring_cqe *first;

		if (ended >= min)
			ret = io_uring_submit(ring);
		else
			ret = io_uring_submit_and_wait_timeout(ring, &first, min - ended, &longest,
							       NULL);
		ended += take_completions(job);
		if (ret < 0 && ret != -EINTR && ret != -ETIME)
			return ret;
	} while (ended < min && ret != -ETIME && !interrupted());
	return (int)ended;
}

static uint64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * io_uring_enter polls the driver's queue until enough have ended. It comes back early when the
 * scheduler wants the CPU, so that a device which never answers doesn't hold it for ever.
 */
static int iopoll_reap(struct path_job *job, unsigned int min)
{
	struct io_uring *ring = &((struct uring *)job->own)->ring;
	unsigned int ended = 0;
	uint64_t deadline = 0;

	for (;;) {
		/* With nothing to wait for it has to be told to look at all. */
		int ret = min ? io_uring_submit_and_wait(ring, min - ended)
			      : io_uring_submit_and_get_events(ring);

		ended += take_completions(job);
		if (ret < 0 && ret != -EINTR)
			return ret;
		if (ended >= min || interrupted())
			return (int)ended;
		if (!deadline)
			deadline = coarse_ns() + LONGEST_WAIT_S * 1000000000ull;
		else if (coarse_ns() > deadline)
			return (int)ended;
	}
}

/* A device still writes into the buffers of reads that are in flight, whoever owns these by then.
 */
static void drain(struct uring *u)
{
	while (u->in_flight) {
		int ret = io_uring_submit_and_wait(&u->ring, 1);
		unsigned int n = io_uring_cq_ready(&u->ring);

		io_uring_cq_advance(&u->ring, n);
		u->in_flight -= n;
		if (ret < 0 && ret != -EINTR)
			return;
	}
}

static void ring_close(struct path_job *job)
{
	struct uring *u = job->own;

	drain(u);
	io_uring_queue_exit(&u->ring);
	free(u);
	job->own = NULL;
	file_io_close(job);
}

/* A write's completion is left to a kernel thread, so the machine's count is the whole. */
extern const struct path_ops path_uring, path_uring_iopoll;
const struct path_ops path_uring = {
	.name = "uring",
	.description = "io_uring with O_DIRECT: many operations for one call, interrupts",
	.api = "io_uring",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_NO_CACHE | PATH_SLEEPS | PATH_RING,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = uring_probe,
	.open = uring_open,
	.start = ring_start,
	.reap = uring_reap,
	.close = ring_close,
};

const struct path_ops path_uring_iopoll = {
	.name = "uring-iopoll",
	.description = "io_uring with O_DIRECT, the kernel polls the disk: no interrupt",
	.api = "io_uring",
	.cache = "bypassed",
	.completion = "polling",
	.traits = PATH_NO_CACHE | PATH_POLLED | PATH_RING,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = iopoll_probe,
	.open = iopoll_open,
	.start = ring_start,
	.reap = iopoll_reap,
	.close = ring_close,
};
