// SPDX-License-Identifier: MIT
/*
 * Threaded mode: a thread that steps the model again and again. The lock is for what other
 * threads do rarely (mapping, arming, statistics); a stepped model never touches it.
 */
#include <errno.h>
#include <time.h>

#include "soft.h"

uint64_t soft_clock_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * The polling thread takes the lock again at once, so callers announce themselves and it sleeps
 * while there are any. (Yielding to them in a loop instead was seen to starve it for seconds
 * afterwards, on two CPUs and kernel 6.18.)
 */
void soft_lock(struct soft *c)
{
	if (c->config.mode != UD_SOFT_THREADED)
		return;
	atomic_fetch_add(&c->lock_wanted, 1);
	(void)pthread_mutex_lock(&c->lock);
}

void soft_unlock(struct soft *c)
{
	if (c->config.mode != UD_SOFT_THREADED)
		return;
	if (atomic_fetch_sub(&c->lock_wanted, 1) == 1)
		(void)pthread_cond_signal(&c->lock_unwanted);
	(void)pthread_mutex_unlock(&c->lock);
}

static void nap(const struct soft *c)
{
	const struct timespec ts = {.tv_nsec = (long)c->config.nap_ns};

	(void)nanosleep(&ts, NULL);
}

/* Leaves more of the core to its other thread. */
static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void *run(void *arg)
{
	struct soft *c = arg;

	while (!atomic_load_explicit(&c->stop, memory_order_relaxed)) {
		bool idle;

		(void)pthread_mutex_lock(&c->lock);
		while (atomic_load_explicit(&c->lock_wanted, memory_order_relaxed))
			(void)pthread_cond_wait(&c->lock_unwanted, &c->lock);
		c->now_ns = soft_clock_ns();
		soft_step(c);
		idle = c->config.nap_ns && soft_next_due(c) == SOFT_NEVER &&
		       c->now_ns - c->last_doorbell_ns > c->config.idle_ns;
		(void)pthread_mutex_unlock(&c->lock);
		if (idle)
			nap(c);
		else
			relax();
	}
	return NULL;
}

int soft_thread_start(struct soft *c)
{
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->lock_unwanted, NULL);
	c->now_ns = soft_clock_ns();
	c->last_doorbell_ns = c->now_ns;
	if (pthread_create(&c->thread, NULL, run, c)) {
		(void)pthread_cond_destroy(&c->lock_unwanted);
		(void)pthread_mutex_destroy(&c->lock);
		return -EAGAIN;
	}
	return 0;
}

void soft_thread_stop(struct soft *c)
{
	atomic_store(&c->stop, true);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->lock_unwanted);
	(void)pthread_mutex_destroy(&c->lock);
}
