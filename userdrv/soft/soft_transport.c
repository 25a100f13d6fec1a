// SPDX-License-Identifier: MIT
/* The model as a transport (src/transport.h): time, vectors, mapping. */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "soft.h"

static bool threaded(const struct soft *c)
{
	return c->config.mode == UD_SOFT_THREADED;
}

/* Stepped: to @end, stopping wherever something is due, or when @fd becomes readable. */
static bool run_until(struct soft *c, uint64_t end, int fd)
{
	uint64_t count;

	for (;;) {
		uint64_t due;

		soft_step(c);
		if (fd >= 0 && read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
			return true;
		due = soft_next_due(c);
		if (c->now_ns >= end)
			return false;
		c->now_ns = due < end ? due : end;
	}
}

static int transport_dma_map(struct ud_transport *t, void *vaddr, size_t nbytes, uint64_t *iova)
{
	struct soft *c = soft_of(t);
	int rc;

	soft_lock(c);
	rc = soft_dma_map(c, vaddr, nbytes, iova);
	soft_unlock(c);
	return rc;
}

static int transport_dma_unmap(struct ud_transport *t, uint64_t iova, size_t nbytes)
{
	struct soft *c = soft_of(t);
	int rc;

	soft_lock(c);
	rc = soft_dma_unmap(c, iova, nbytes);
	soft_unlock(c);
	return rc;
}

static int transport_vector_fd(struct ud_transport *t, unsigned int vector, int *fd)
{
	struct soft *c = soft_of(t);
	int rc = 0;

	if (vector >= c->config.nvectors)
		return -EINVAL;
	soft_lock(c);
	if (c->vectors[vector].fd < 0)
		c->vectors[vector].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->vectors[vector].fd < 0)
		rc = -errno;
	*fd = c->vectors[vector].fd;
	soft_unlock(c);
	return rc;
}

static uint64_t transport_now_ns(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	if (threaded(c))
		return soft_clock_ns();
	if (c->config.now_step_ns)
		(void)run_until(c, c->now_ns + c->config.now_step_ns, -1);
	return c->now_ns;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static uint64_t later(uint64_t now, uint64_t ns)
{
	return ns < UINT64_MAX - now ? now + ns : UINT64_MAX - 1;
}

static void transport_wait(struct ud_transport *t, uint64_t ns)
{
	struct soft *c = soft_of(t);

	if (threaded(c))
		sleep_ns(ns);
	else
		(void)run_until(c, later(c->now_ns, ns), -1);
}

static int poll_vector(int fd, uint64_t timeout_ns)
{
	uint64_t now = soft_clock_ns(), end = later(now, timeout_ns);
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	for (;;) {
		uint64_t left = end > now ? end - now : 0, count;
		struct timespec ts = {
			.tv_sec = (time_t)(left / 1000000000u),
			.tv_nsec = (long)(left % 1000000000u),
		};
		int rc = ppoll(&pfd, 1, &ts, NULL);

		if (rc < 0 && errno != EINTR)
			return -errno;
		if (read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
			return 1;
		now = soft_clock_ns();
		if (now >= end)
			return 0;
	}
}

static int transport_wait_vector(struct ud_transport *t, unsigned int vector, uint64_t timeout_ns)
{
	struct soft *c = soft_of(t);
	int fd, rc;

	if (vector >= c->config.nvectors)
		return -EINVAL;
	/* Without the lock where it is there already: waiting threads would starve each other. */
	fd = c->vectors[vector].fd;
	if (fd < 0) {
		rc = transport_vector_fd(t, vector, &fd);
		if (rc)
			return rc;
	}
	if (threaded(c))
		return poll_vector(fd, timeout_ns);
	return run_until(c, later(c->now_ns, timeout_ns), fd);
}

static void transport_close(struct ud_transport *t);

const struct ud_transport_ops soft_transport_ops = {
	.name = "soft",
	.dma_map = transport_dma_map,
	.dma_unmap = transport_dma_unmap,
	.vector_fd = transport_vector_fd,
	.now_ns = transport_now_ns,
	.wait = transport_wait,
	.wait_vector = transport_wait_vector,
	.close = transport_close,
};

static void transport_close(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	if (threaded(c))
		soft_thread_stop(c);
	soft_release(c);
}

void ud_soft_step(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	if (!threaded(c))
		soft_step(c);
}

void ud_soft_advance(struct ud_transport *t, uint64_t ns)
{
	transport_wait(t, ns);
}

uint64_t ud_soft_now(struct ud_transport *t)
{
	struct soft *c = soft_of(t);

	return threaded(c) ? soft_clock_ns() : c->now_ns;
}

uint64_t ud_soft_next(struct ud_transport *t)
{
	struct soft *c = soft_of(t);
	uint64_t due;

	soft_lock(c);
	due = soft_next_due(c);
	soft_unlock(c);
	return due;
}
