// SPDX-License-Identifier: MIT
/*
 * The kernel's older asynchronous I/O, with O_DIRECT (without it io_submit would do the whole
 * operation itself): io_submit gives all that was started, io_getevents sleeps until enough ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/interrupted.h"
#include "paths/file_io.h"

#define NS_PER_S 1000000000ull

/* Arrays of iodepth. */
struct aio {
	io_context_t context;
	struct iocb *iocbs; /* entry i is of job->ios[i] */
	struct io_event *events;
	struct iocb **pending; /* started and not yet given to the kernel */
	unsigned int npending;
};

static int probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	int ret = file_io_probe_direct(w, t, why);
	io_context_t context = NULL;

	if (ret)
		return ret;
	ret = io_setup(1, &context);
	if (ret == 0) {
		io_destroy(context);
		return 0;
	}
	if (ret == -EAGAIN) {
		snprintf(why->reason, sizeof(why->reason),
			 "all of the machine's asynchronous I/O (fs.aio-max-nr) is taken");
		snprintf(why->remedy, sizeof(why->remedy), "sudo sysctl fs.aio-max-nr=1048576");
	} else {
		snprintf(why->reason, sizeof(why->reason), "this kernel has no io_setup: %s",
			 strerror(-ret));
		snprintf(why->remedy, sizeof(why->remedy),
			 "a kernel with CONFIG_AIO, outside a container");
	}
	return -EOPNOTSUPP;
}

static void free_aio(struct aio *a)
{
	free(a->iocbs);
	free(a->events);
	free(a->pending);
	free(a);
}

static struct aio *make_aio(unsigned int iodepth)
{
	struct aio *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->iocbs = calloc(iodepth, sizeof(*a->iocbs));
	a->events = calloc(iodepth, sizeof(*a->events));
	a->pending = calloc(iodepth, sizeof(*a->pending));
	if (a->iocbs && a->events && a->pending)
		return a;
	free_aio(a);
	return NULL;
}

static int open_job(struct path_job *job, struct error *e)
{
	const unsigned int iodepth = job->workload->iodepth;
	struct aio *a;
	int ret = file_io_open(job, O_DIRECT, e);

	if (ret)
		return ret;
	a = make_aio(iodepth);
	ret = a ? io_setup((int)iodepth, &a->context) : -ENOMEM;
	if (ret) {
		if (a)
			free_aio(a);
		file_io_close(job);
		return error_set(e, ret,
				 "can't set up asynchronous I/O of %u operations: %s; give a "
				 "smaller iodepth=, or raise fs.aio-max-nr",
				 iodepth, strerror(-ret));
	}
	job->own = a;
	return 0;
}

static int start(struct path_job *job, struct path_io *io)
{
	struct aio *a = job->own;
	struct iocb *iocb = &a->iocbs[io - job->ios];

	if (io->write)
		io_prep_pwrite(iocb, job->fd, io->buffer, job->workload->bs, (long long)io->offset);
	else
		io_prep_pread(iocb, job->fd, io->buffer, job->workload->bs, (long long)io->offset);
	iocb->data = io;
	a->pending[a->npending++] = iocb;
	return 0;
}

/* The kernel may take fewer than it is given; the rest is given again. */
static int give(struct path_job *job)
{
	struct aio *a = job->own;
	unsigned int given = 0;

	while (given < a->npending) {
		int ret = io_submit(a->context, a->npending - given, a->pending + given);

		if (ret < 0)
			return ret;
		given += (unsigned int)ret;
	}
	a->npending = 0;
	return 0;
}

static void tell(struct path_job *job, const struct io_event *event)
{
	/* Unsigned in the structure, and a negative errno where it failed. */
	const long result = (long)event->res;
	int error = 0;

	if (result < 0)
		error = (int)result;
	else if ((uint64_t)result != job->workload->bs)
		error = -EIO;
	job->done(job, event->data, error);
}

static int reap(struct path_job *job, unsigned int min)
{
	struct aio *a = job->own;
	const unsigned int most = job->workload->iodepth;
	unsigned int ended = 0;
	int ret = give(job);

	if (ret)
		return ret;
	do {
		const uint64_t ns = min ? job->patience_ns : 0;
		struct timespec longest = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

		ret = io_getevents(a->context, min - ended, most, a->events, &longest);
		if (ret < 0 && ret != -EINTR)
			return ret;
		for (int i = 0; i < ret; i++)
			tell(job, &a->events[i]);
		if (ret > 0)
			ended += (unsigned int)ret;
	} while (ended < min && ret != 0 && !interrupted());
	return (int)ended;
}

static void close_job(struct path_job *job)
{
	struct aio *a = job->own;

	/* Waits until nothing is in flight: only then the buffers are the caller's again. */
	io_destroy(a->context);
	free_aio(a);
	job->own = NULL;
	file_io_close(job);
}

extern const struct path_ops path_libaio;
const struct path_ops path_libaio = {
	.name = "libaio",
	.description = "io_submit and io_getevents with O_DIRECT, interrupts",
	.api = "libaio",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_NO_CACHE | PATH_SLEEPS,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = probe,
	.open = open_job,
	.start = start,
	.give = give,
	.reap = reap,
	.close = close_job,
};
