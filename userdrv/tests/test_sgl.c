// SPDX-License-Identifier: MIT
/* Data pointers as SGLs [4.4]: where they replace a PRP list, and only there. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_driver.h"

static void open_with(struct driver *d, bool offered, bool wanted)
{
	driver_init(d);
	d->config.sgl = offered;
	d->options.sgl = wanted;
	driver_open(d);
	cr_assert_eq(ud_ctrlr_info(d->ctrlr)->sgl, offered && wanted);
}

/* Writes, reads back and compares @nblocks at @buf; gives how many SGLs the controller was given.
 */
static uint64_t sgls_of(struct driver *d, uint8_t *buf, uint32_t nblocks)
{
	struct ud_soft_stats before, after;
	size_t nbytes = (size_t)nblocks * 512;

	ud_soft_get_stats(d->soft, &before);
	fill_pattern(buf, nbytes, nblocks);
	cr_assert_eq(driver_write(d, buf, 7, nblocks), 0);
	memset(buf, 0, nbytes);
	cr_assert_eq(driver_read(d, buf, 7, nblocks), 0);
	cr_assert(is_pattern(buf, nbytes, nblocks));
	ud_soft_get_stats(d->soft, &after);
	return after.sgl_commands - before.sgl_commands;
}

Test(sgl, is_used_when_it_is_both_offered_and_wanted)
{
	struct driver d;
	int offered, wanted;

	for (offered = 0; offered <= 1; offered++)
		for (wanted = 0; wanted <= 1; wanted++) {
			open_with(&d, offered, wanted);
			cr_expect_eq(sgls_of(&d, d.buf, 64), offered && wanted ? 2 : 0);
			driver_close(&d);
		}
}

Test(sgl, replaces_a_list_and_not_two_addresses)
{
	struct driver d;

	open_with(&d, true, true);
	cr_expect_eq(sgls_of(&d, d.buf, 1), 0);
	cr_expect_eq(sgls_of(&d, d.buf, 8), 0);
	cr_expect_eq(sgls_of(&d, d.buf, 16), 0, "two whole pages");
	cr_expect_eq(sgls_of(&d, d.buf + 2048, 12), 0, "two, from the middle of one");
	cr_expect_eq(sgls_of(&d, d.buf + 2048, 13), 2, "three");
	cr_expect_eq(sgls_of(&d, d.buf, 17), 2);
	cr_expect_eq(sgls_of(&d, d.buf + 4, 256), 2, "at a multiple of four");
	cr_expect_eq(sgls_of(&d, d.buf, 1000), 8, "in commands of 128 KiB");
	driver_close(&d);
}

Test(sgl, is_for_memory_that_the_device_sees_in_one_piece)
{
	struct driver d;
	uint8_t *memory;

	open_with(&d, true, true);
	/* Two mappings side by side here, with a gap between them there. */
	cr_assert_eq(ud_dma_free(d.ctrlr, &d.dma), 0);
	memory = aligned_alloc(4096, 65536);
	cr_assert_not_null(memory);
	cr_assert_eq(ud_dma_register(d.ctrlr, memory, 32768), 0);
	cr_assert_eq(ud_dma_register(d.ctrlr, memory + 32768, 32768), 0);
	cr_expect_eq(sgls_of(&d, memory, 64), 2);
	cr_expect_eq(sgls_of(&d, memory + 32768, 64), 2);
	cr_expect_eq(sgls_of(&d, memory, 128), 0);
	cr_expect_eq(ud_read(d.q, d.ns, memory + 32768, 0, 128, 0, NULL, NULL), -EFAULT);
	cr_assert_eq(ud_dma_unregister(d.ctrlr, memory, 32768), 0);
	cr_assert_eq(ud_dma_unregister(d.ctrlr, memory + 32768, 32768), 0);
	cr_assert_eq(ud_dma_alloc(d.ctrlr, 4096, UD_NODE_ANY, &d.dma), 0);
	free(memory);
	driver_close(&d);
}

/* Where the driver's own page table goes on in another part: every 2 MiB. */
Test(sgl, and_a_list_may_cross_2_mib)
{
	const uintptr_t unit = 2u << 20;
	struct driver d;
	uint8_t *boundary;
	int wanted;

	for (wanted = 0; wanted <= 1; wanted++) {
		open_with(&d, true, wanted);
		boundary = d.buf + (unit - (uintptr_t)d.buf % unit);
		cr_expect_eq(sgls_of(&d, boundary - 65536 + 4, 256), wanted ? 2 : 0);
		cr_expect_eq(sgls_of(&d, boundary - 4096 - 4, 256), wanted ? 2 : 0);
		driver_close(&d);
	}
}

Test(sgl, is_used_after_a_reset_too)
{
	struct driver d;

	open_with(&d, true, true);
	cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
	(void)ud_qpair_process(d.q, 0);
	cr_assert_eq(ud_ctrlr_process(d.ctrlr), 0);
	cr_expect_eq(sgls_of(&d, d.buf, 64), 2);
	driver_close(&d);
}
