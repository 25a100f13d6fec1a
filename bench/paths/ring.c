// SPDX-License-Identifier: MIT
#include "paths/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "core/interrupted.h"
#include "paths/file_io.h"

#define NS_PER_S 1000000000ull

static void explain_missing(unsigned int flags, struct unavailable *why)
{
	const char *what = "waits with a time-out", *since = "5.11";

	if (flags & IORING_SETUP_SQE128) {
		what = "takes NVMe commands";
		since = "5.19";
	} else if (flags & IORING_SETUP_IOPOLL) {
		what = "polls";
	} else if (flags & IORING_SETUP_SQPOLL) {
		what = "submits by a thread of its own";
	}
	snprintf(why->reason, sizeof(why->reason), "this kernel has no io_uring that %s", what);
	snprintf(why->remedy, sizeof(why->remedy), "Linux %s or later, with CONFIG_IO_URING",
		 since);
}

int ring_probe(unsigned int flags, struct unavailable *why)
{
	struct io_uring uring;
	int ret = io_uring_queue_init(1, &uring, flags);
	bool waits = ret == 0 && (uring.features & IORING_FEAT_EXT_ARG);

	if (ret == 0)
		io_uring_queue_exit(&uring);
	if (waits)
		return 0;
	if (ret == -EPERM) {
		snprintf(why->reason, sizeof(why->reason),
			 "io_uring is forbidden here, by kernel.io_uring_disabled or by a "
			 "container's rules");
		snprintf(why->remedy, sizeof(why->remedy),
			 "sudo sysctl kernel.io_uring_disabled=0, outside a container");
	} else if (ret == 0 || ret == -ENOSYS || ret == -EINVAL) {
		explain_missing(flags, why);
	} else {
		snprintf(why->reason, sizeof(why->reason), "io_uring can't be set up: %s",
			 strerror(-ret));
		snprintf(why->remedy, sizeof(why->remedy),
			 "a higher limit of locked memory (ulimit -l)");
	}
	return -EOPNOTSUPP;
}

int ring_probe_poll_queues(const struct target *t, struct unavailable *why)
{
	if (t->device.polled)
		return 0;
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

/*
 * All of the job's buffers at once, each as one of its own: of a registered buffer the kernel may
 * look at every page for an operation on one of them (blk_rq_map_user_bvec).
 */
static int register_buffers(const struct path_job *job, struct ring *r, struct error *e)
{
	const struct workload *w = job->workload;
	struct iovec *buffers = calloc(w->iodepth, sizeof(*buffers));
	int ret = -ENOMEM;

	for (unsigned int i = 0; i < w->iodepth && buffers; i++)
		buffers[i] = (struct iovec){job->ios[i].buffer, w->bs};
	if (buffers)
		ret = io_uring_register_buffers(&r->uring, buffers, w->iodepth);
	free(buffers);
	if (ret)
		return error_set(e, ret,
				 "can't register %llu KiB of buffers with the kernel: %s; raise "
				 "the limit of locked memory (ulimit -l) or leave fixedbufs out",
				 (unsigned long long)(w->bs * w->iodepth) >> 10, strerror(-ret));
	r->read_opcode = IORING_OP_READ_FIXED;
	r->write_opcode = IORING_OP_WRITE_FIXED;
	return 0;
}

static int register_file(const struct path_job *job, struct ring *r, struct error *e)
{
	int ret = io_uring_register_files(&r->uring, &job->fd, 1);

	if (ret)
		return error_set(e, ret,
				 "can't register the file with the kernel: %s; leave registerfiles "
				 "out",
				 strerror(-ret));
	r->fd = 0;
	r->flags = IOSQE_FIXED_FILE;
	return 0;
}

/*
 * The thread that waits is the only one that uses the ring, so what a completion leaves to do is
 * done in its next call (Linux 6.1): before, the interrupt had to break into whatever it did. The
 * kernel says in the ring's memory that there is something to do.
 */
static int make_ring(unsigned int entries, struct io_uring *uring, unsigned int flags)
{
	const unsigned int deferred =
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	int ret = -EINVAL;

	if (!(flags & (IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL)))
		ret = io_uring_queue_init(entries, uring, flags | deferred);
	return ret == -EINVAL ? io_uring_queue_init(entries, uring, flags) : ret;
}

static int set_up(const struct path_job *job, struct ring *r, unsigned int flags, struct error *e)
{
	const struct workload *w = job->workload;
	/*
	 * The kernel's thread gives entries back only after it has told of completions: with twice
	 * as many there is always one left.
	 */
	unsigned int entries = flags & IORING_SETUP_SQPOLL ? 2 * w->iodepth : w->iodepth;
	int ret = make_ring(entries, &r->uring, flags);

	if (ret)
		return error_set(e, ret,
				 "can't make an io_uring of %u entries: %s; give a smaller "
				 "iodepth=",
				 entries, strerror(-ret));
	r->fd = job->fd;
	r->read_opcode = IORING_OP_READ;
	r->write_opcode = IORING_OP_WRITE;
	if (w->fixedbufs)
		ret = register_buffers(job, r, e);
	if (!ret && w->registerfiles)
		ret = register_file(job, r, e);
	if (ret)
		io_uring_queue_exit(&r->uring);
	return ret;
}

int ring_open(struct path_job *job, struct ring *r, unsigned int flags, struct error *e)
{
	int ret = set_up(job, r, flags, e);

	if (ret) {
		free(r);
		file_io_close(job);
		return ret;
	}
	job->own = r;
	return 0;
}

int ring_open_direct(struct path_job *job, unsigned int flags, struct error *e)
{
	struct ring *r;
	int ret = file_io_open(job, O_DIRECT, e);

	if (ret)
		return ret;
	r = calloc(1, sizeof(*r));
	if (!r) {
		file_io_close(job);
		return error_set(e, -ENOMEM, "out of memory for an io_uring; free some");
	}
	r->complete = (int)job->workload->bs;
	return ring_open(job, r, flags, e);
}

int ring_start(struct path_job *job, struct path_io *io)
{
	struct ring *r = job->own;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_rw(io->write ? r->write_opcode : r->read_opcode, sqe, r->fd, io->buffer,
			 (unsigned int)job->workload->bs, io->offset);
	ring_finish_entry(job, r, sqe, io);
	return 0;
}

unsigned int ring_take(struct path_job *job)
{
	struct ring *r = job->own;
	const int complete = r->complete;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&r->uring, head, cqe)
	{
		int error = cqe->res == complete ? 0 : cqe->res < 0 ? cqe->res : -EIO;

		job->done(job, io_uring_cqe_get_data(cqe), error);
		n++;
	}
	io_uring_cq_advance(&r->uring, n);
	r->in_flight -= n;
	return n;
}

/*
 * One io_uring_enter submits and waits, unless a signal ends it early. liburing leaves it out where
 * nothing was started and enough completions are there.
 */
int ring_give(struct path_job *job)
{
	struct ring *r = job->own;
	int ret = io_uring_submit(&r->uring);

	/* Interrupted, or no room until something is taken: reap gives it. */
	return ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN ? ret : 0;
}

int ring_reap_asleep(struct path_job *job, unsigned int min)
{
	struct __kernel_timespec longest = {
		.tv_sec = (long long)(job->patience_ns / NS_PER_S),
		.tv_nsec = (long long)(job->patience_ns % NS_PER_S),
	};
	struct io_uring *uring = &((struct ring *)job->own)->uring;
	unsigned int ended = 0;
	int ret;

	do {
		struct io_uring_cqe *first;

		if (ended >= min)
			ret = io_uring_submit(uring);
		else
			ret = io_uring_submit_and_wait_timeout(uring, &first, min - ended, &longest,
							       NULL);
		ended += ring_take(job);
		if (ret < 0 && ret != -EINTR && ret != -ETIME)
			return ret;
	} while (ended < min && ret != -ETIME && !interrupted());
	return (int)ended;
}

static uint64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t ring_deadline(const struct path_job *job)
{
	return coarse_ns() + job->patience_ns;
}

bool ring_too_late(uint64_t deadline)
{
	return coarse_ns() > deadline;
}

/*
 * io_uring_enter polls the driver's queue until enough have ended. It comes back early when the
 * scheduler wants the CPU, so that a device which never answers doesn't hold it for ever.
 */
int ring_reap_polled(struct path_job *job, unsigned int min)
{
	struct io_uring *uring = &((struct ring *)job->own)->uring;
	unsigned int ended = 0;
	uint64_t deadline = 0;

	for (;;) {
		/* With nothing to wait for it has to be told to look at all. */
		int ret = min ? io_uring_submit_and_wait(uring, min - ended)
			      : io_uring_submit_and_get_events(uring);

		ended += ring_take(job);
		if (ret < 0 && ret != -EINTR)
			return ret;
		if (ended >= min || interrupted())
			return (int)ended;
		if (!deadline)
			deadline = ring_deadline(job);
		else if (ring_too_late(deadline))
			return (int)ended;
	}
}

/* A device still writes into the buffers of reads that are in flight, whoever owns these by then.
 */
static void drain(struct ring *r)
{
	while (r->in_flight) {
		int ret = io_uring_submit_and_wait(&r->uring, 1);
		unsigned int n = io_uring_cq_ready(&r->uring);

		io_uring_cq_advance(&r->uring, n);
		r->in_flight -= n;
		if (ret < 0 && ret != -EINTR)
			return;
	}
}

void ring_close(struct path_job *job)
{
	struct ring *r = job->own;

	drain(r);
	io_uring_queue_exit(&r->uring);
	free(r);
	job->own = NULL;
	file_io_close(job);
}
