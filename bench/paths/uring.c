// SPDX-License-Identifier: MIT
/*
 * io_uring with O_DIRECT, two ways: completions by the device's interrupt (uring), or looked for by
 * the kernel on the driver's poll queues, which have no interrupt (uring-iopoll). As fio's engine
 * of this name: no kernel thread, and buffers and file registered only where the workload asks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "paths/file_io.h"
#include "paths/ring.h"

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
	return ret ? ret : ring_probe_poll_queues(t, why);
}

static int uring_open(struct path_job *job, struct error *e)
{
	return ring_open_direct(job, 0, e);
}

static int iopoll_open(struct path_job *job, struct error *e)
{
	return ring_open_direct(job, IORING_SETUP_IOPOLL, e);
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
	.give = ring_give,
	.reap = ring_reap_asleep,
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
	.give = ring_give,
	.reap = ring_reap_polled,
	.close = ring_close,
};
