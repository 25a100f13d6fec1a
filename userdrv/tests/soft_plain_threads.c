// SPDX-License-Identifier: MIT
/*
 * A plain program, as Criterion doesn't run under ThreadSanitizer and lets a leak pass: two
 * threads read through a queue pair each from a threaded model, while the main thread maps memory
 * and looks at the statistics; then a stepped model is closed with commands outstanding.
 * Silent and 0 when all is well.
 */
#include "soft_raw.h"

#include <pthread.h>
#include <unistd.h>
#include <string.h>
#include <sys/mman.h>

#define NREADS 10000u

struct reader {
	struct raw_queue q;
	struct raw_memory buffer;
	pthread_t thread;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;

	for (uint32_t i = 0; i < NREADS; i++) {
		struct nvme_sqe sqe = raw_rw(reader->q.raw, NVME_NVM_READ, i % 1024, 1);
		struct nvme_cqe cqe;
		uint32_t found;

		sqe.prp1 = reader->buffer.iova;
		raw_submit(&reader->q, sqe);
		raw_ring(&reader->q);
		while (!raw_poll(&reader->q, &cqe))
			(void)usleep(10);
		memcpy(&found, reader->buffer.vaddr, 4);
		raw_require(cqe.status >> 1 == 0 && found == i % 1024, "the wrong block");
	}
	return NULL;
}

static void threaded(void)
{
	struct reader readers[2];
	struct ud_soft_config config;
	struct raw raw;

	ud_soft_config_init(&config);
	config.mode = UD_SOFT_THREADED;
	raw_create(&raw, &config);
	for (uint32_t i = 0; i < 1024; i++)
		memcpy((uint8_t *)ud_soft_data(raw.t, 1, NULL) + (size_t)i * 512, &i, 4);
	raw_enable(&raw);
	for (uint16_t i = 0; i < 2; i++) {
		raw_queue_create(&raw, &readers[i].q, (uint16_t)(i + 1), 64, i + 1);
		readers[i].buffer = raw_memory(&raw, 4096);
	}
	for (int i = 0; i < 2; i++)
		raw_require(!pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]),
			    "pthread_create");
	for (int i = 0; i < 100; i++) {
		struct raw_memory memory = raw_memory(&raw, 4096);

		raw_require(!raw.t->ops->dma_unmap(raw.t, memory.iova, 4096), "dma_unmap");
		raw_require(!munmap(memory.vaddr, 4096), "munmap");
	}
	for (int i = 0; i < 2; i++)
		(void)pthread_join(readers[i].thread, NULL);
	raw_require(raw_stats(&raw).reads == (uint64_t)2 * NREADS, "reads lost");
	raw_require(!ud_soft_dma_faults(raw.t), "DMA faults");
	raw_close(&raw);
}

static void stepped(void)
{
	struct ud_soft_config config;
	struct raw_queue q;
	struct raw raw;

	ud_soft_config_init(&config);
	config.latency.ns = 1000000;
	raw_open(&raw, &config);
	raw_queue_create(&raw, &q, 1, 64, 1);
	raw_submit(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_ASYNC_EVENT});
	raw_ring(&raw.admin);
	for (int i = 0; i < 10; i++)
		raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	raw_require(raw_stats(&raw).outstanding == 11, "not outstanding");
	raw_close(&raw);
}

int main(void)
{
	threaded();
	stepped();
	return 0;
}
