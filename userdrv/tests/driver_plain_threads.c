// SPDX-License-Identifier: MIT
/*
 * For ThreadSanitizer, under which Criterion can't run: three threads with a queue pair each, of
 * each mode of completion, while the controller's thread resets, and commands are lost, get stuck
 * and are aborted. The driver is built with ThreadSanitizer, the model isn't: what passes between
 * those two is a matter of DMA and of the barriers in mmio.h, which it doesn't know.
 * Usage: driver_plain_threads [RESETS]. Silent and 0 when all is well.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../include/userdrv.h"
#include "../soft/ud_soft.h"

#define NTHREADS   3u
#define BETWEEN_NS 2000000ull /* resets */

struct worker {
	struct ud_ns *ns;
	struct ud_qpair *q;
	uint8_t *buf;
	pthread_t thread;
	unsigned long accepted, ended, wrong;
	bool stop, finished;
};

/* ThreadSanitizer asks for it by this name: memcpy, by which the model copies, doesn't count. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "ignore_interceptors_accesses=1";
}

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "driver_plain_threads: %s\n", what);
	exit(1);
}

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct worker *w = arg;

	(void)status, (void)result;
	w->ended++;
	w->wrong += error && error != -ECANCELED && error != -ETIMEDOUT;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int err;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		err = ud_read(w->q, w->ns, w->buf, w->accepted % 1000, 8, 0, done, w);
		w->accepted += !err;
		w->wrong += err && err != -EAGAIN;
		if (err || w->accepted % 8 == 0)
			(void)ud_qpair_wait(w->q, 100000);
	}
	while (ud_qpair_outstanding(w->q))
		(void)ud_qpair_wait(w->q, 1000000);
	__atomic_store_n(&w->finished, true, __ATOMIC_RELEASE);
	return NULL;
}

static struct ud_transport *model(void)
{
	static const struct ud_soft_fault faults[] = {
		{.kind = UD_SOFT_FAULT_LOST, .sqid = 1, .nth = 100, .every = 5000},
		{.kind = UD_SOFT_FAULT_STUCK, .sqid = 2, .nth = 100, .every = 700},
		{.kind = UD_SOFT_FAULT_STUCK, .sqid = 3, .nth = 150, .every = 900},
	};
	struct ud_soft_config config;
	struct ud_transport *soft;

	ud_soft_config_init(&config);
	config.mode = UD_SOFT_THREADED;
	config.latency.ns = 20000;
	config.ready_ns = 100000;
	config.faults = faults;
	config.nfaults = sizeof(faults) / sizeof(faults[0]);
	require(!ud_soft_create(&config, &soft), "no model");
	return soft;
}

/* The controller's thread: its own work, and memory that comes and goes. */
static void let_pass(struct ud_ctrlr *ctrlr, struct ud_transport *soft, uint64_t ns)
{
	uint64_t until = ud_soft_now(soft) + ns;
	struct ud_dma dma;

	do {
		require(!ud_ctrlr_process(ctrlr), "the controller died");
		soft->ops->wait(soft, ns / 10);
	} while (ud_soft_now(soft) < until);
	require(!ud_dma_alloc(ctrlr, 8192, UD_NODE_ANY, &dma) && !ud_dma_free(ctrlr, &dma),
		"no memory");
}

int main(int argc, char **argv)
{
	unsigned long nresets = argc > 1 ? strtoul(argv[1], NULL, 10) : 500, i;
	struct ud_transport *soft = model();
	struct worker workers[NTHREADS];
	struct ud_ctrlr_options options;
	struct ud_qpair_options queue;
	struct ud_ctrlr *ctrlr;
	struct ud_dma dma;

	ud_ctrlr_options_init(&options);
	options.io_timeout_ms = 20;
	options.abort_timeout_ms = 10;
	ud_qpair_options_init(&queue);
	require(!ud_ctrlr_open(soft, &options, &ctrlr), "no controller");
	require(!ud_dma_alloc(ctrlr, NTHREADS * 4096, UD_NODE_ANY, &dma), "no memory");
	for (i = 0; i < NTHREADS; i++) {
		workers[i] = (struct worker){.ns = ud_ctrlr_ns(ctrlr, 0),
					     .buf = (uint8_t *)dma.vaddr + i * 4096};
		queue.mode = (enum ud_completion_mode)i;
		require(!ud_qpair_create(ctrlr, &queue, &workers[i].q), "no queue pair");
		require(!pthread_create(&workers[i].thread, NULL, work, &workers[i]), "no thread");
	}
	for (i = 0; i < nresets; i++) {
		/* Every so often it is quiet for so long that late commands are aborted. */
		let_pass(ctrlr, soft, i % 25 ? BETWEEN_NS : 30 * BETWEEN_NS);
		require(!ud_ctrlr_reset(ctrlr), "it didn't come back");
	}
	for (i = 0; i < NTHREADS; i++) {
		__atomic_store_n(&workers[i].stop, true, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&workers[i].finished, __ATOMIC_ACQUIRE))
			let_pass(ctrlr, soft, BETWEEN_NS);
		(void)pthread_join(workers[i].thread, NULL);
		require(workers[i].ended == workers[i].accepted, "an I/O ended not once");
		require(workers[i].ended > 0 && !workers[i].wrong, "an unlikely error");
		require(!ud_qpair_destroy(workers[i].q), "destroy");
	}
	require(!ud_ctrlr_close(ctrlr), "close");
	return 0;
}
