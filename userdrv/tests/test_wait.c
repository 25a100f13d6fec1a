// SPDX-License-Identifier: MIT
/* Completion by polling, by interrupt and by both. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fixture_driver.h"

static void read_many(struct driver *d, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		cr_assert_eq(driver_read(d, d->buf, i, 8), 0);
}

static void open_waiting(struct driver *d, enum ud_completion_mode mode, uint32_t latency_ns)
{
	driver_init(d);
	d->config.latency.ns = latency_ns;
	d->queue.mode = mode;
	driver_open(d);
}

Test(wait, polls_without_an_interrupt)
{
	struct ud_soft_stats before, after;
	struct ud_qpair_stats stats;
	struct driver d;

	open_waiting(&d, UD_POLL, 10000);
	ud_soft_get_stats(d.soft, &before);
	read_many(&d, 100);
	ud_soft_get_stats(d.soft, &after);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(after.interrupts, before.interrupts);
	cr_expect_eq(stats.sleeps, 0);
	cr_expect_eq(ud_qpair_fd(d.q), -ENOTSUP);
	cr_expect_eq(ud_qpair_ack(d.q), -ENOTSUP);
	driver_close(&d);
}

Test(wait, polls_where_the_clock_stands_until_somebody_waits)
{
	struct driver d;

	driver_init(&d);
	d.config.latency.ns = 10000;
	d.config.now_step_ns = 0;
	driver_open(&d);
	read_many(&d, 100);
	driver_close(&d);
}

Test(wait, sleeps_for_each_completion_by_interrupt)
{
	struct ud_soft_stats before, after;
	struct ud_qpair_stats stats;
	struct driver d;

	open_waiting(&d, UD_INTERRUPT, 10000);
	ud_soft_get_stats(d.soft, &before);
	read_many(&d, 100);
	ud_soft_get_stats(d.soft, &after);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(after.interrupts - before.interrupts, 100);
	cr_expect_geq(stats.sleeps, 90);
	cr_expect_eq(stats.spun_ns, 0);
	driver_close(&d);
}

Test(wait, spins_and_does_not_sleep_for_what_comes_soon)
{
	struct ud_qpair_stats stats;
	struct driver d;

	open_waiting(&d, UD_HYBRID, 5000);
	read_many(&d, 100);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(stats.sleeps, 0);
	cr_expect_eq(stats.spun_ns, 0, "it wasn't in vain");
	driver_close(&d);
}

Test(wait, sleeps_after_spinning_for_what_comes_late)
{
	struct ud_qpair_stats stats;
	struct driver d;

	open_waiting(&d, UD_HYBRID, 500000);
	read_many(&d, 100);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_geq(stats.sleeps, 100);
	/* 20 us each, and what 64 looks between two looks at the clock may add. */
	cr_expect_geq(stats.spun_ns, 100 * 20000ul);
	cr_expect_leq(stats.spun_ns, 100 * 30000ul);
	driver_close(&d);
}

Test(wait, learns_not_to_spin_for_what_comes_late)
{
	struct ud_qpair_stats before, after;
	struct driver d;
	uint64_t start;

	driver_init(&d);
	d.config.latency.ns = 500000;
	d.queue.mode = UD_HYBRID;
	d.queue.learn = true;
	driver_open(&d);
	read_many(&d, 20);
	ud_qpair_get_stats(d.q, &before);
	start = ud_soft_now(d.soft);
	read_many(&d, 100);
	ud_qpair_get_stats(d.q, &after);
	/* Once in 64 it tries. */
	cr_expect_leq(after.spun_ns - before.spun_ns, 2 * 30000ul);
	cr_expect_lt(ud_soft_now(d.soft) - start, 100 * 600000ul);
	driver_close(&d);
}

Test(wait, does_not_sleep_with_a_completion_already_there)
{
	struct outcome o = {0};
	struct ud_qpair_stats stats;
	struct driver d;

	driver_init(&d);
	d.queue.mode = UD_HYBRID;
	driver_open(&d);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), 0);
	ud_qpair_ring(d.q);
	ud_soft_advance(d.soft, 100000);
	/* Its signal is consumed: only the queue itself tells. */
	(void)d.soft->ops->wait_vector(d.soft, 1, 0);
	cr_expect_eq(ud_qpair_wait(d.q, SECOND_NS), 1);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(stats.sleeps, 0);
	driver_close(&d);
}

Test(wait, ends_in_time_with_nothing_completed)
{
	struct outcome o = {0};
	struct driver d;
	uint64_t start;
	int mode;

	for (mode = UD_POLL; mode <= UD_HYBRID; mode++) {
		open_waiting(&d, mode, 50000000);
		cr_expect_eq(ud_qpair_wait(d.q, SECOND_NS), 0); /* nothing outstanding */
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), 0);
		start = ud_soft_now(d.soft);
		cr_expect_eq(ud_qpair_wait(d.q, 2000000), 0);
		cr_expect_geq(ud_soft_now(d.soft) - start, 2000000);
		cr_expect_lt(ud_soft_now(d.soft) - start, 10000000);
		driver_close(&d);
	}
}

Test(wait, joins_an_event_loop_by_its_eventfd)
{
	struct pollfd pollfd = {.events = POLLIN};
	struct outcome o = {0};
	struct driver d;

	driver_init(&d);
	d.queue.mode = UD_INTERRUPT;
	driver_open(&d);
	pollfd.fd = ud_qpair_fd(d.q);
	cr_assert_geq(pollfd.fd, 0);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), 0);
	ud_qpair_ring(d.q);
	cr_expect_eq(poll(&pollfd, 1, 0), 0);
	ud_soft_advance(d.soft, 100000);
	cr_expect_eq(poll(&pollfd, 1, 0), 1);
	cr_expect_eq(ud_qpair_ack(d.q), 1);
	cr_expect_eq(poll(&pollfd, 1, 0), 0);
	cr_expect_eq(o.ncalls, 1);
	driver_close(&d);
}

Test(wait, finds_a_lost_command_in_every_mode)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_LOST, .sqid = 1};
	struct driver d;
	int mode;

	for (mode = UD_POLL; mode <= UD_HYBRID; mode++) {
		driver_init(&d);
		d.config.faults = &fault;
		d.config.nfaults = 1;
		d.queue.mode = mode;
		driver_open(&d);
		cr_expect_eq(driver_read(&d, d.buf, 0, 1), -ETIMEDOUT);
		driver_close_faulty(&d);
	}
}

Test(wait, gives_no_vector_to_two_queue_pairs)
{
	struct ud_qpair *q;
	struct driver d;

	driver_init(&d);
	d.config.nvectors = 1;
	d.queue.mode = UD_INTERRUPT;
	driver_open(&d);
	cr_expect_eq(ud_qpair_create(d.ctrlr, &d.queue, &q), -ENOSPC);
	read_many(&d, 10);
	driver_close(&d);
}

static void ignore_signal(int number)
{
	(void)number;
}

struct disturber {
	pthread_t victim;
	volatile bool stop;
};

static void *disturb(void *arg)
{
	struct disturber *disturber = arg;

	while (!disturber->stop) {
		pthread_kill(disturber->victim, SIGUSR1);
		usleep(200);
	}
	return NULL;
}

Test(wait, survives_signals_while_it_sleeps)
{
	struct disturber disturber = {.victim = pthread_self()};
	struct sigaction action = {.sa_handler = ignore_signal};
	pthread_t thread;
	struct driver d;

	driver_init(&d);
	d.config.mode = UD_SOFT_THREADED;
	d.config.latency.ns = 1000000;
	d.options.io_timeout_ms = 10000;
	d.options.admin_timeout_ms = 10000;
	d.queue.mode = UD_INTERRUPT;
	driver_open(&d);
	sigaction(SIGUSR1, &action, NULL);
	cr_assert_eq(pthread_create(&thread, NULL, disturb, &disturber), 0);
	read_many(&d, 200);
	disturber.stop = true;
	pthread_join(thread, NULL);
	driver_close(&d);
}

Test(wait, loses_no_wake_up_of_a_controller_in_another_thread)
{
	struct driver d;
	int mode;

	for (mode = UD_POLL; mode <= UD_HYBRID; mode++) {
		driver_init(&d);
		d.config.mode = UD_SOFT_THREADED;
		/* About as long as it spins: completions come just before, in and after sleeping.
		 */
		d.config.latency =
			(struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 10000, 40000, 0};
		d.options.io_timeout_ms = 5000;
		d.options.admin_timeout_ms = 5000;
		d.queue.mode = mode;
		driver_open(&d);
		read_many(&d, 3000);
		cr_expect_eq(ud_ctrlr_nresets(d.ctrlr), 0);
		driver_close(&d);
	}
}
