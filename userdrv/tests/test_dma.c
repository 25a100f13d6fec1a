// SPDX-License-Identifier: MIT
/* DMA memory: allocated, registered, found again, given back. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/mman.h>

#include "fixture_driver.h"

#define HUGE ((size_t)2 << 20)

static uint8_t *anonymous(size_t nbytes)
{
	uint8_t *memory =
		mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

Test(dma, is_zeroed_whole_pages_and_says_why_they_are_not_huge)
{
	struct ud_dma small, large;
	struct driver d;
	size_t i;

	driver_init(&d);
	driver_open(&d);
	cr_assert_eq(ud_dma_alloc(d.ctrlr, 5000, UD_NODE_DEVICE, &small), 0);
	cr_expect_eq(small.nbytes, 8192);
	cr_expect_eq(small.page_nbytes, 4096);
	cr_expect_null(small.notice);
	for (i = 0; i < small.nbytes; i++)
		cr_assert_eq(((uint8_t *)small.vaddr)[i], 0);
	cr_assert_eq(ud_dma_alloc(d.ctrlr, HUGE + 1, 0, &large), 0);
	cr_expect_eq(large.nbytes, 2 * HUGE);
	cr_expect((large.page_nbytes == HUGE) == (large.notice == NULL));
	cr_expect_eq(large.numa_node, 0);
	cr_expect_eq(ud_dma_alloc(d.ctrlr, 0, 0, &small), -EINVAL);
	driver_close(&d); /* frees what is left */
}

Test(dma, is_given_back_once)
{
	struct ud_soft_stats before, after;
	struct ud_dma dma, copy;
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	ud_soft_get_stats(d.soft, &before);
	cr_assert_eq(ud_dma_alloc(d.ctrlr, 4096, UD_NODE_ANY, &dma), 0);
	copy = dma;
	cr_expect_eq(ud_dma_free(d.ctrlr, &dma), 0);
	cr_expect_eq(ud_dma_free(d.ctrlr, &dma), -EINVAL);
	cr_expect_eq(ud_dma_free(d.ctrlr, &copy), -EINVAL);
	ud_soft_get_stats(d.soft, &after);
	cr_expect_eq(before.mappings, after.mappings);
	driver_close(&d);
}

Test(dma, registers_memory_of_the_caller_and_refuses_what_is_not_whole_or_twice)
{
	struct driver d;
	uint8_t *memory = anonymous(16 * 4096);
	uint64_t iova;

	driver_init(&d);
	driver_open(&d);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory + 4096, 4 * 4096), 0);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory, 2 * 4096), -EEXIST);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory + 4 * 4096, 2 * 4096), -EEXIST);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory + 1, 4096), -EINVAL);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory, 100), -EINVAL);
	cr_expect_eq(ud_dma_register(d.ctrlr, NULL, 4096), -EINVAL);
	cr_expect_eq(ud_dma_register(d.ctrlr, memory, 0), -EINVAL);
	cr_expect_eq(ud_dma_register(d.ctrlr, (void *)(UINTPTR_MAX & ~4095ul), 8192), -EINVAL);
	cr_expect_eq(ud_dma_register(d.ctrlr, (void *)(1ul << 50), 4096), -EINVAL);
	cr_expect_eq(ud_dma_iova(d.ctrlr, memory + 4097, &iova), 0);
	cr_expect_eq(iova & 4095, 1);
	cr_expect_eq(ud_dma_iova(d.ctrlr, memory, &iova), -EFAULT);
	cr_expect_eq(driver_read(&d, memory + 4096, 0, 32), 0);
	cr_expect_eq(driver_read(&d, memory + 4096, 0, 33), -EFAULT);
	cr_expect_eq(ud_dma_unregister(d.ctrlr, memory + 4096, 4096), -EINVAL);
	cr_expect_eq(ud_dma_unregister(d.ctrlr, memory + 4096, 4 * 4096), 0);
	cr_expect_eq(driver_read(&d, memory + 4096, 0, 1), -EFAULT);
	driver_close(&d);
}

Test(dma, is_mapped_in_pieces_where_no_range_of_addresses_is_long_enough)
{
	uint8_t *memory = anonymous(41 * HUGE);
	struct ud_soft_stats before, after;
	struct driver d;
	unsigned int n, i;

	driver_init(&d);
	d.config.iova_adjacent = true;
	d.config.iova_last = d.config.iova_first + 16 * HUGE - 1;
	driver_open(&d);
	memory = (uint8_t *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	/* All addresses are taken, in pieces of 2 MiB; then each second piece is given back. */
	for (n = 0; n < 16; n++)
		if (ud_dma_register(d.ctrlr, memory + n * HUGE, HUGE))
			break;
	cr_assert(n >= 8 && n < 16);
	for (i = 0; i < n; i += 2)
		cr_assert_eq(ud_dma_unregister(d.ctrlr, memory + i * HUGE, HUGE), 0);
	ud_soft_get_stats(d.soft, &before);
	cr_assert_eq(ud_dma_register(d.ctrlr, memory + 20 * HUGE, 2 * HUGE), 0);
	ud_soft_get_stats(d.soft, &after);
	cr_expect_eq(after.mappings, before.mappings + 2);
	fill_pattern(memory + 20 * HUGE, 2 * HUGE, 8);
	cr_expect_eq(driver_write(&d, memory + 20 * HUGE, 0, 8192), 0);
	cr_expect_eq(driver_read(&d, d.buf, 0, 8192), 0);
	cr_expect(is_pattern(d.buf, 2 * HUGE, 8));
	cr_expect_eq(ud_dma_unregister(d.ctrlr, memory + 20 * HUGE, 2 * HUGE), 0);
	/* Where even pieces find no room, nothing stays. */
	cr_expect_eq(ud_dma_register(d.ctrlr, memory + 20 * HUGE, 20 * HUGE), -ENOSPC);
	ud_soft_get_stats(d.soft, &after);
	cr_expect_eq(after.mappings, before.mappings);
	driver_close(&d);
}

Test(dma, leaves_nothing_behind_when_the_mapping_limit_is_reached)
{
	struct ud_soft_stats before, after;
	struct ud_dma dma[64];
	struct driver d;
	unsigned int n;
	int err = 0;

	driver_init(&d);
	d.config.mapping_limit = 20;
	driver_open(&d);
	for (n = 0; n < 64; n++) {
		err = ud_dma_alloc(d.ctrlr, 4096, UD_NODE_ANY, &dma[n]);
		if (err)
			break;
	}
	cr_expect_eq(err, -ENOSPC);
	ud_soft_get_stats(d.soft, &before);
	cr_expect_eq(before.mappings, 20);
	cr_expect_eq(ud_qpair_create(d.ctrlr, NULL, &d.q), -ENOSPC);
	ud_soft_get_stats(d.soft, &after);
	cr_expect_eq(before.mappings, after.mappings);
	cr_expect_eq(ud_dma_free(d.ctrlr, &dma[0]), 0);
	cr_expect_eq(ud_ctrlr_close(d.ctrlr), 0);
}
