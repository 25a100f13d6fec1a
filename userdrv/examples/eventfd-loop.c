// SPDX-License-Identifier: MIT
/*
 * The driver in somebody else's event loop: epoll waits for completions (an eventfd) and for a
 * timer, and could wait for sockets as well. Reads only. Usage: eventfd-loop soft:|pci:ADDRESS
 */
#include "target.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define DEPTH   8u
#define READS   1000u
#define TICK_NS 500000000 /* well below the driver's I/O time-out, as ud_qpair_check asks */

struct loop {
	struct ud_qpair *qpair;
	struct ud_ns *ns;
	struct ud_dma dma;
	unsigned int submitted, completed, failed, wakeups;
};

static void on_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct loop *loop = arg;

	(void)result;
	loop->completed++;
	if (error && !loop->failed++)
		fprintf(stderr, "a read failed: %s\n",
			status ? ud_status_string(status) : strerror(-error));
}

/* Tops the queue up and rings once for all of it. All read into one buffer: nobody looks at it. */
static int submit(struct loop *loop)
{
	int err = 0;

	while (!err && loop->submitted < READS && loop->submitted - loop->completed < DEPTH) {
		err = ud_read(loop->qpair, loop->ns, loop->dma.vaddr,
			      loop->submitted % loop->ns->nblocks, 1, 0, on_done, loop);
		loop->submitted += !err;
	}
	ud_qpair_ring(loop->qpair);
	return err;
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int handle(struct loop *loop, int fd, int timer)
{
	uint64_t expirations;

	if (fd != timer) {
		loop->wakeups++;
		return ud_qpair_ack(loop->qpair);
	}
	/* A command that the controller lost makes no event: the clock must be looked at. */
	if (read(timer, &expirations, sizeof(expirations)) < 0)
		return -1;
	return ud_qpair_check(loop->qpair);
}

static int run_loop(struct loop *loop, int epoll, int timer)
{
	const struct itimerspec tick = {{0, TICK_NS}, {0, TICK_NS}};
	struct epoll_event event;
	int err;

	if (watch(epoll, ud_qpair_fd(loop->qpair)) || watch(epoll, timer) ||
	    timerfd_settime(timer, 0, &tick, NULL))
		return -1;
	err = submit(loop);
	while (!err && loop->completed < READS) {
		if (epoll_wait(epoll, &event, 1, -1) < 1)
			continue; /* a signal */
		err = handle(loop, event.data.fd, timer);
		if (err >= 0)
			err = submit(loop);
	}
	return err;
}

static int run(struct ud_ctrlr *ctrlr)
{
	struct loop loop = {.ns = ud_ctrlr_ns(ctrlr, 0)};
	struct ud_qpair_options options;
	int epoll, timer, err;

	ud_qpair_options_init(&options);
	options.mode = UD_INTERRUPT;
	options.nentries = 2 * DEPTH;
	if (!loop.ns || !loop.ns->usable ||
	    ud_dma_alloc(ctrlr, loop.ns->block_nbytes, UD_NODE_DEVICE, &loop.dma) ||
	    ud_qpair_create(ctrlr, &options, &loop.qpair)) {
		fprintf(stderr, "no namespace, memory or queue with interrupts to use\n");
		return 1;
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	err = run_loop(&loop, epoll, timer);
	printf("%u reads, %u failed, %u wake-ups\n", loop.completed, loop.failed, loop.wakeups);
	ud_qpair_destroy(loop.qpair); /* calls back what is outstanding, while @loop exists */
	close(timer);
	close(epoll);
	return err || loop.failed;
}

int main(int argc, char **argv)
{
	struct ud_ctrlr *ctrlr;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: eventfd-loop soft:|pci:ADDRESS\n");
		return 2;
	}
	ctrlr = target_open(argv[1]);
	if (!ctrlr)
		return 1;
	status = run(ctrlr);
	return ud_ctrlr_close(ctrlr) ? 1 : status;
}
