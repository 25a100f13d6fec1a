// SPDX-License-Identifier: MIT
/* A queue pair in each of several threads, and the controller's thread beside them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "fixture_driver.h"

#define NTHREADS 3u

struct worker {
	struct driver *d;
	struct ud_qpair *q;
	uint8_t *buf;
	pthread_t thread;
	unsigned long completed, canceled, other;
	bool stop, ended;
};

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct worker *w = arg;

	(void)status, (void)result;
	if (!error)
		w->completed++;
	else if (error == -ECANCELED || error == -ETIMEDOUT)
		w->canceled++;
	else
		w->other++;
}

/* Goes on until it was told to stop and has completed something. */
static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned long accepted = 0;
	int err;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE) || !w->completed) {
		err = ud_read(w->q, w->d->ns, w->buf, accepted % 1000, 8, 0, done, w);
		if (!err)
			accepted++;
		if (err || accepted % 8 == 0)
			(void)ud_qpair_wait(w->q, 1000000);
	}
	while (ud_qpair_outstanding(w->q))
		(void)ud_qpair_wait(w->q, 1000000);
	cr_expect_eq(w->completed + w->canceled + w->other, accepted);
	__atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

static void stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
}

static bool ended(struct worker *w)
{
	return __atomic_load_n(&w->ended, __ATOMIC_ACQUIRE);
}

/* The controller's thread goes on with its own work: commands that are lost end by it. */
static void join(struct driver *d, struct worker *w)
{
	stop(w);
	while (!ended(w)) {
		cr_assert_eq(ud_ctrlr_process(d->ctrlr), 0);
		d->soft->ops->wait(d->soft, 100000);
	}
	pthread_join(w->thread, NULL);
}

/* @nresets resets, one after each @between_ns. */
static void run(struct driver *d, unsigned int nresets, uint64_t between_ns, struct worker *workers)
{
	struct ud_qpair_stats stats;
	unsigned int i, round;
	uint64_t until;

	d->config.mode = UD_SOFT_THREADED;
	d->config.latency.ns = 20000;
	d->options.io_timeout_ms = 5000;
	d->options.admin_timeout_ms = 5000;
	driver_open(d);
	for (i = 0; i < NTHREADS; i++) {
		workers[i] = (struct worker){.d = d, .buf = d->buf + i * 65536ul};
		d->queue.mode = (enum ud_completion_mode)i;
		cr_assert_eq(ud_qpair_create(d->ctrlr, &d->queue, &workers[i].q), 0);
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (round = 0; round <= nresets; round++) {
		until = ud_soft_now(d->soft) + between_ns;
		while (ud_soft_now(d->soft) < until) {
			cr_assert_eq(ud_ctrlr_process(d->ctrlr), 0);
			d->soft->ops->wait(d->soft, between_ns / 1000);
		}
		if (round < nresets)
			cr_assert_eq(ud_ctrlr_reset(d->ctrlr), 0);
	}
	for (i = 0; i < NTHREADS; i++) {
		join(d, &workers[i]);
		ud_qpair_get_stats(workers[i].q, &stats);
		cr_expect_eq(stats.timeouts, 0);
		cr_expect_eq(stats.bad_completions, 0);
		cr_expect_eq(workers[i].other, 0);
	}
}

Test(threads, each_have_a_queue_pair_without_disturbing_each_other)
{
	struct worker workers[NTHREADS];
	struct driver d;
	unsigned int i;

	driver_init(&d);
	run(&d, 0, 100000000, workers);
	for (i = 0; i < NTHREADS; i++) {
		cr_expect_eq(workers[i].canceled, 0);
		cr_assert_eq(ud_qpair_destroy(workers[i].q), 0);
	}
	driver_close(&d);
}

static void expect_works_on(unsigned int nresets, uint64_t between_ns)
{
	struct worker workers[NTHREADS];
	struct driver d;
	unsigned int i;

	driver_init(&d);
	run(&d, nresets, between_ns, workers);
	for (i = 0; i < NTHREADS; i++)
		cr_assert_eq(ud_qpair_destroy(workers[i].q), 0);
	driver_close_faulty(&d);
}

Test(threads, go_on_after_resets_by_the_controllers_thread)
{
	expect_works_on(3, 100000000);
}

/*
 * A reset comes upon queue pairs that are just being emptied or brought back. A queue pair that
 * takes the one for the other loses what it submits next, which only its time-out ends.
 */
Test(threads, lose_nothing_to_resets_in_quick_succession)
{
	expect_works_on(2000, 200000);
}
