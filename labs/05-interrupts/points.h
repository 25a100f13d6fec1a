/* SPDX-License-Identifier: MIT */
/*
 * A part of check.c: a controller model in virtual time, a queue pair on it, and points. All that a
 * wait does outside the queue passes through the transport's functions; each of their calls begins
 * and ends at a point. They are hooked here, so that a command can be made to end at any of these
 * points, and looks and sleeps are counted.
 */
#ifndef LABS_POINTS_H
#define LABS_POINTS_H

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "engine/check.h"
#include "userdrv/src/queue.h"
#include "userdrv/soft/ud_soft.h"

#define US            1000u
#define MS            1000000u
#define SECOND        1000000000ull
#define MAX_COMMANDS  64u
#define LONGEST_SLEEP (2 * SECOND)
#define MOST_LOOKS    5000u /* in one wait, where few are enough */

static struct ud_soft_config config;    /* of the next model */
static struct ud_qpair_options options; /* of the next queue pair */
static struct ud_transport *soft;
static struct ud_ctrlr *ctrlr;
static struct ud_qpair *queue;
static struct ud_ns *namespace;
static struct ud_dma memory;
static unsigned int ncalls[MAX_COMMANDS], ncalled;
static int errors[MAX_COMMANDS];

/* The transport's functions as the driver sees them, and what they saw of the present wait. */
static struct ud_transport_ops hooked;
static const struct ud_transport_ops *model;
static uint32_t countdown; /* the queue pair's, which each look makes less by one */
static struct {
	unsigned long looks, clocks, sleeps;
	unsigned int points; /* begins and ends of calls of the transport */
} seen;
static unsigned int end_at; /* at which point commands end; 0: when they will */
static uint64_t ended_ns;   /* when they did */
static uint64_t leap_ns;    /* longer than a command takes */
static int failure;         /* of the next sleep */

/* No call of the driver changes it but ud_qpair_process, which counts down to its next check. */
static void count_looks(void)
{
	seen.looks += (countdown - queue->countdown) % UD_CHECK_PERIOD;
	countdown = queue->countdown;
}

static void point(void)
{
	count_looks();
	if (++seen.points != end_at)
		return;
	ud_soft_advance(soft, leap_ns);
	ended_ns = ud_soft_now(soft);
}

static bool signalled(const struct ud_qpair *q)
{
	struct pollfd pollfd = {.fd = q->fd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

/* Is there an entry that nobody has taken? */
static bool completed(const struct ud_qpair *q)
{
	return (q->cq[q->cq_head].status & NVME_CQE_PHASE) == q->phase;
}

static uint64_t hooked_now(struct ud_transport *t)
{
	uint64_t now;

	seen.clocks++;
	point();
	now = model->now_ns(t);
	LAB_EXPECT(queue->options.mode != UD_INTERRUPT || seen.looks < MOST_LOOKS,
		   "a queue pair in interrupt mode sleeps where there is nothing to be seen",
		   "it looked %lu times in one wait and slept %lu times", seen.looks, seen.sleeps);
	return now;
}

static int hooked_wait_vector(struct ud_transport *t, unsigned int vector, uint64_t timeout_ns)
{
	int ret;

	point();
	LAB_EXPECT(vector == (unsigned int)queue->vector, "it sleeps on its own vector",
		   "on vector %d instead of %d", (int)vector, queue->vector);
	if (timeout_ns) {
		seen.sleeps++;
		LAB_EXPECT(timeout_ns <= LONGEST_SLEEP,
			   "nobody sleeps longer than the caller's time-out",
			   "a sleep of %" PRIu64 " ns", timeout_ns);
		LAB_EXPECT(
			!completed(queue) || signalled(queue),
			"whoever sleeps has looked at the queue after the signal was last consumed",
			"it goes to sleep at %" PRIu64 " ns of virtual time with a completion in "
			"entry %u that nobody will signal any more: a lost wake-up",
			ud_soft_now(soft), queue->cq_head);
	}
	ret = failure ? failure : model->wait_vector(t, vector, timeout_ns);
	failure = 0;
	point();
	return ret;
}

static void watch(void)
{
	memset(&seen, 0, sizeof(seen));
	countdown = queue->countdown;
}

static void hook(void)
{
	model = soft->ops;
	hooked = *model;
	hooked.now_ns = hooked_now;
	hooked.wait_vector = hooked_wait_vector;
	soft->ops = &hooked;
	end_at = 0;
	watch();
}

/* A model where each look at the clock lets @step_ns pass (0: time passes in sleep alone). */
static void prepare(enum ud_completion_mode mode, uint64_t step_ns, uint64_t latency_ns)
{
	ud_soft_config_init(&config);
	config.now_step_ns = step_ns;
	config.latency.ns = latency_ns;
	ud_qpair_options_init(&options);
	options.mode = mode;
}

static struct ud_qpair *create(void)
{
	static const char *const modes[] = {"polls", "sleeps", "is hybrid"};
	struct ud_qpair *q;
	int err = ud_qpair_create(ctrlr, &options, &q);

	LAB_EXPECT(!err, "the controller takes the queue pair", "one that %s: %s",
		   modes[options.mode], strerror(-err));
	return q;
}

static void open_controller(void)
{
	struct ud_ctrlr_options limits;
	int err;

	ud_ctrlr_options_init(&limits);
	limits.admin_timeout_ms = 500;
	limits.io_timeout_ms = 100;
	limits.abort_timeout_ms = 50;
	err = ud_soft_create(&config, &soft);
	if (!err)
		err = ud_ctrlr_open(soft, &limits, &ctrlr);
	if (!err)
		err = ud_dma_alloc(ctrlr, MAX_COMMANDS * UD_PAGE_NBYTES, UD_NODE_ANY, &memory);
	if (err)
		lab_broken("the controller model doesn't come up: %s", strerror(-err));
	namespace = ud_ctrlr_ns(ctrlr, 0);
	leap_ns = config.latency.ns;
}

static void open_queue(void)
{
	open_controller();
	queue = create();
	hook();
}

static void close_all(void)
{
	soft->ops = model;
	(void)ud_qpair_destroy(queue);
	(void)ud_ctrlr_close(ctrlr);
}

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	size_t i = (size_t)(uintptr_t)arg;

	(void)status, (void)result;
	ncalls[i]++;
	errors[i] = error;
	ncalled++;
}

/* Submits @n reads, numbers 0 to @n - 1, to @q. */
static void submit(struct ud_qpair *q, unsigned int n)
{
	memset(ncalls, 0, sizeof(ncalls));
	ncalled = 0;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *buffer = (uint8_t *)memory.vaddr + (size_t)i * UD_PAGE_NBYTES;
		int err = ud_read(q, namespace, buffer, i, 1, 0, done, (void *)(uintptr_t)i);

		if (err)
			lab_broken("a read isn't taken: %s", strerror(-err));
	}
	ud_qpair_ring(q);
}

static void expect_one_call(const char *what)
{
	for (unsigned int i = 0; i < ncalled; i++)
		LAB_EXPECT(ncalls[i] == 1, "each command ends once",
			   "%s: command %u ended %u times", what, i, ncalls[i]);
}

/* One read and one wait for it, which must find it. */
static void read_once(const char *what)
{
	int n;

	submit(queue, 1);
	watch();
	n = ud_qpair_wait(queue, SECOND);
	count_looks();
	LAB_EXPECT(n == 1 && ncalled == 1, "ud_qpair_wait returns how many were completed, here 1",
		   "%s: it returned %d after %u callbacks, at %" PRIu64 " ns", what, n, ncalled,
		   ud_soft_now(soft));
	expect_one_call(what);
}

#endif
