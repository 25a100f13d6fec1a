// SPDX-License-Identifier: MIT
/* The model with a thread of its own, in real time. Also run under ThreadSanitizer. */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct raw raw;
static struct raw_queue q;

static void open_with(uint64_t latency_ns)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.mode = UD_SOFT_THREADED;
	config.latency.ns = latency_ns;
	raw_create(&raw, &config);
	for (uint32_t i = 0; i < 1024; i++)
		memcpy((uint8_t *)ud_soft_data(raw.t, 1, NULL) + i * 512, &i, 4);
	raw_enable(&raw);
	raw_queue_create(&raw, &q, 1, 64, 1);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_thread, .fini = tear_down);

/* One read of block @n % 1024, spinning. */
static void read_one(uint32_t n)
{
	struct nvme_cqe cqe;
	uint32_t found;

	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, n % 1024, 1));
	raw_ring(&q);
	while (!raw_poll(&q, &cqe))
		(void)usleep(10);
	memcpy(&found, raw.buffer.vaddr, 4);
	cr_assert_eq(cqe.status >> 1, 0);
	cr_assert_eq(found, n % 1024);
}

Test(soft_thread, ten_thousand_reads_bring_the_right_blocks)
{
	open_with(0);
	for (uint32_t i = 0; i < 10000; i++)
		read_one(i);
	cr_assert_eq(raw_stats(&raw).reads, 10000);
	cr_assert_eq(ud_soft_dma_faults(raw.t), 0);
}

Test(soft_thread, a_read_takes_at_least_the_latency)
{
	uint64_t begin;

	open_with(50000);
	begin = ud_soft_now(raw.t);
	for (uint32_t i = 0; i < 100; i++)
		read_one(i);
	cr_assert_geq(ud_soft_now(raw.t) - begin, 100 * 50000);
}

Test(soft_thread, a_completion_wakes_who_sleeps_on_the_vector)
{
	struct nvme_cqe cqe;

	open_with(100000);
	cr_assert_eq(raw_interrupts(&raw, 1), 0);
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert_eq(raw.t->ops->wait_vector(raw.t, 1, 1000000000), 1);
	cr_assert(raw_poll(&q, &cqe));
	cr_assert_eq(raw.t->ops->wait_vector(raw.t, 1, 1000000), 0);
}

Test(soft_thread, memory_is_mapped_and_unmapped_while_the_thread_works)
{
	open_with(0);
	for (uint32_t i = 0; i < 200; i++) {
		struct raw_memory memory = raw_memory(&raw, 4096);

		read_one(i);
		cr_assert_eq(raw.t->ops->dma_unmap(raw.t, memory.iova, 4096), 0);
	}
	cr_assert_eq(raw_stats(&raw).mappings, 6);
}
