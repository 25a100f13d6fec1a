// SPDX-License-Identifier: MIT
/* Commands on a good controller: what is written is what is read. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "fixture_driver.h"

#define HUGE ((size_t)2 << 20)

Test(io, reads_what_it_wrote)
{
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	fill_pattern(d.buf, 4096, 1);
	cr_assert_eq(driver_write(&d, d.buf, 8, 8), 0);
	cr_assert_eq(driver_read(&d, d.buf + 8192, 8, 8), 0);
	cr_expect(is_pattern(d.buf + 8192, 4096, 1));
	driver_close(&d);
}

Test(io, reads_what_it_wrote_in_blocks_of_4_kib)
{
	struct driver d;

	driver_init(&d);
	d.config.namespaces[0] = (struct ud_soft_namespace){1000, 4096};
	driver_open(&d);
	cr_assert_eq(d.ns->block_nbytes, 4096);
	fill_pattern(d.buf, 40960, 2);
	cr_assert_eq(driver_write(&d, d.buf, 990, 10), 0);
	cr_assert_eq(driver_read(&d, d.buf + 65536, 990, 10), 0);
	cr_expect(is_pattern(d.buf + 65536, 40960, 2));
	driver_close(&d);
}

Test(io, moves_transfers_of_every_length_from_every_offset_in_a_page)
{
	static const uint32_t offsets[] = {0, 4, 512, 2048, 3584, 4092};
	struct driver d;
	uint32_t nblocks, i;

	driver_init(&d);
	driver_open(&d);
	for (nblocks = 1; nblocks <= 256; nblocks += nblocks < 20 ? 1 : 59) {
		for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
			uint8_t *from = d.buf + offsets[i], *to = d.buf + (1 << 20) + offsets[i];
			size_t nbytes = nblocks * 512ul;

			fill_pattern(from, nbytes, nblocks * 7 + i);
			memset(to - (offsets[i] ? 4 : 0), 0xee, nbytes + 8);
			cr_assert_eq(driver_write(&d, from, 100, nblocks), 0);
			cr_assert_eq(driver_read(&d, to, 100, nblocks), 0);
			cr_assert(is_pattern(to, nbytes, nblocks * 7 + i), "%u blocks, offset %u",
				  nblocks, offsets[i]);
			cr_assert_eq(to[nbytes], 0xee);
			cr_assert(!offsets[i] || to[-1] == 0xee);
		}
	}
	driver_close(&d);
}

Test(io, keeps_the_prp_lists_of_outstanding_requests_apart)
{
	struct outcome outcomes[31] = {{0}};
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.queue.nentries = 32;
	d.config.latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 1000, 90000, 0};
	driver_open(&d);
	/* 128 KiB from the middle of a page: the longest list, in every request at once. */
	for (i = 0; i < 31; i++)
		fill_pattern(d.buf + i * 131072ul + 2048, 131072, i);
	for (i = 0; i < 31; i++)
		cr_assert_eq(ud_write(d.q, d.ns, d.buf + i * 131072ul + 2048, i * 256ul, 256, 0,
				      outcome_done, &outcomes[i]),
			     0);
	/* Each pattern has overwritten the last 2 KiB of its own only: neighbours touch. */
	cr_assert_eq(ud_qpair_drain(d.q, SECOND_NS), 0);
	for (i = 0; i < 31; i++) {
		cr_assert_eq(outcomes[i].ncalls, 1);
		cr_assert_eq(outcomes[i].error, 0);
		memset(d.buf, 0, 131072);
		cr_assert_eq(driver_read(&d, d.buf, i * 256ul, 256), 0);
		cr_assert(is_pattern(d.buf, 131072, i), "request %u", i);
	}
	driver_close(&d);
}

Test(io, splits_what_is_larger_than_mdts_and_completes_it_once)
{
	struct ud_soft_stats stats;
	struct driver d;

	driver_init(&d);
	d.config.mdts = 1; /* 8 KiB */
	d.queue.nentries = 4;
	driver_open(&d);
	fill_pattern(d.buf, 1000 * 512, 5);
	cr_assert_eq(driver_write(&d, d.buf, 3, 1000), 0);
	ud_soft_get_stats(d.soft, &stats);
	cr_expect_eq(stats.writes, 63); /* 62.5 */
	cr_assert_eq(driver_read(&d, d.buf + HUGE + 512, 3, 1000), 0);
	cr_expect(is_pattern(d.buf + HUGE + 512, 1000 * 512, 5));
	driver_close(&d);
}

Test(io, splits_by_its_own_limit_where_the_controller_has_none)
{
	struct driver d;

	driver_init(&d);
	d.config.mdts = 0;
	driver_open(&d);
	cr_expect_eq(ud_ctrlr_info(d.ctrlr)->max_transfer_nbytes, HUGE);
	/* 2 MiB from inside a page: the longest list that there is, 512 entries. */
	fill_pattern(d.buf + 512, HUGE, 6);
	cr_assert_eq(driver_write(&d, d.buf + 512, 0, 4096), 0);
	memset(d.buf, 0, 2 * HUGE);
	cr_assert_eq(driver_read(&d, d.buf + 512, 0, 4096), 0);
	cr_expect(is_pattern(d.buf + 512, HUGE, 6));
	cr_assert_eq(driver_read(&d, d.buf, 0, 8192), 0);
	driver_close(&d);
}

Test(io, crosses_a_2_mib_page_whose_neighbour_is_elsewhere_for_the_device)
{
	struct driver d;
	uint64_t left, right;
	uint8_t *memory;

	driver_init(&d);
	driver_open(&d);
	memory = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(memory, MAP_FAILED);
	memory = (uint8_t *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	/* The right half first, so that the left one can't end where it begins. */
	cr_assert_eq(ud_dma_register(d.ctrlr, memory + HUGE, HUGE), 0);
	cr_assert_eq(ud_dma_register(d.ctrlr, memory, HUGE), 0);
	cr_assert_eq(ud_dma_iova(d.ctrlr, memory + HUGE - 4096, &left), 0);
	cr_assert_eq(ud_dma_iova(d.ctrlr, memory + HUGE, &right), 0);
	cr_assert_neq(left + 4096, right);
	fill_pattern(memory + HUGE - 32768, 65536, 9);
	cr_assert_eq(driver_write(&d, memory + HUGE - 32768, 0, 128), 0);
	cr_assert_eq(driver_read(&d, d.buf, 0, 128), 0);
	cr_expect(is_pattern(d.buf, 65536, 9));
	/* Two pages, one on each side: PRP2 is no list. */
	cr_assert_eq(driver_read(&d, memory + HUGE - 2048, 0, 8), 0);
	cr_expect(is_pattern(memory + HUGE - 2048, 4096, 9));
	cr_assert_eq(ud_dma_unregister(d.ctrlr, memory, HUGE), 0);
	cr_assert_eq(ud_dma_unregister(d.ctrlr, memory + HUGE, HUGE), 0);
	driver_close(&d);
}

Test(io, wraps_both_rings_many_times)
{
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.queue.nentries = 3;
	driver_open(&d);
	for (i = 0; i < 1000; i++) {
		fill_pattern(d.buf, 512, i);
		cr_assert_eq(driver_write(&d, d.buf, i, 1), 0);
		cr_assert_eq(driver_read(&d, d.buf + 4096, i, 1), 0);
		cr_assert(is_pattern(d.buf + 4096, 512, i));
	}
	driver_close(&d);
}

Test(io, fills_the_largest_queue_to_its_last_entry)
{
	struct outcome o = {0};
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.config.mdts = 1;
	d.queue.nentries = 1024;
	driver_open(&d);
	cr_assert_eq(ud_ctrlr_info(d.ctrlr)->max_entries, 1024);
	for (i = 0; i < 1023; i++)
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o), 0);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), -EAGAIN);
	cr_assert_eq(ud_qpair_outstanding(d.q), 1023);
	cr_assert_eq(ud_qpair_drain(d.q, SECOND_NS), 0);
	cr_assert_eq(o.ncalls, 1023);
	driver_close(&d);
}

Test(io, has_queues_of_65536_entries_where_the_controller_has)
{
	struct outcome o = {0};
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.config.queue_entries = 65536;
	d.config.mdts = 1;
	d.queue.nentries = 65536;
	driver_open(&d);
	for (i = 0; i < 65535; i++)
		cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done, &o), 0);
	cr_assert_eq(ud_read(d.q, d.ns, d.buf, 0, 1, 0, outcome_done, &o), -EAGAIN);
	cr_assert_eq(ud_qpair_drain(d.q, 10 * SECOND_NS), 0);
	cr_assert_eq(o.ncalls, 65535);
	driver_close(&d);
}

Test(io, refuses_what_is_not_in_the_namespace_or_not_dma_memory)
{
	struct outcome o = {0};
	uint8_t stack[512];
	struct driver d;
	uint64_t n;

	driver_init(&d);
	driver_open(&d);
	n = d.ns->nblocks;
	cr_expect_eq(ud_read(d.q, d.ns, d.buf, n, 1, 0, outcome_done, &o), -EINVAL);
	cr_expect_eq(ud_read(d.q, d.ns, d.buf, n - 1, 2, 0, outcome_done, &o), -EINVAL);
	cr_expect_eq(ud_read(d.q, d.ns, d.buf, UINT64_MAX, 2, 0, outcome_done, &o), -EINVAL);
	cr_expect_eq(ud_read(d.q, d.ns, d.buf, 0, 0, 0, outcome_done, &o), -EINVAL);
	cr_expect_eq(ud_read(d.q, d.ns, d.buf + 2, 0, 1, 0, outcome_done, &o), -EINVAL);
	cr_expect_eq(ud_read(d.q, d.ns, stack, 0, 1, 0, outcome_done, &o), -EFAULT);
	cr_expect_eq(ud_read(d.q, d.ns, NULL, 0, 1, 0, outcome_done, &o), -EFAULT);
	cr_expect_eq(ud_read(d.q, d.ns, (void *)~(uintptr_t)4095, 0, 1, 0, outcome_done, &o),
		     -EFAULT);
	/* Its last page isn't ours. */
	cr_expect_eq(ud_read(d.q, d.ns, d.buf + d.dma.nbytes - 4096, 0, 9, 0, outcome_done, &o),
		     -EFAULT);
	cr_expect_eq(ud_qpair_outstanding(d.q), 0);
	cr_expect_eq(driver_read(&d, d.buf, n - 1, 1), 0);
	cr_expect_eq(o.ncalls, 0);
	driver_close(&d);
}

Test(io, flushes_compares_zeroes_deallocates_and_forces_unit_access)
{
	struct nvme_dsm_range ranges[256];
	struct outcome o[8] = {{0}};
	struct ud_soft_stats stats;
	struct driver d;
	unsigned int i;

	driver_init(&d);
	driver_open(&d);
	fill_pattern(d.buf, 4096, 3);
	cr_assert_eq(ud_write(d.q, d.ns, d.buf, 0, 8, UD_FUA, outcome_done, &o[0]), 0);
	cr_assert_eq(outcome_wait(&d, &o[0]), 0);
	cr_assert_eq(ud_flush(d.q, d.ns, outcome_done, &o[1]), 0);
	cr_assert_eq(outcome_wait(&d, &o[1]), 0);
	cr_assert_eq(ud_compare(d.q, d.ns, d.buf, 0, 8, outcome_done, &o[2]), 0);
	cr_assert_eq(outcome_wait(&d, &o[2]), 0);
	d.buf[4095] ^= 1;
	cr_assert_eq(ud_compare(d.q, d.ns, d.buf, 0, 8, outcome_done, &o[3]), 0);
	cr_assert_eq(outcome_wait(&d, &o[3]), -EIO);
	cr_expect_str_eq(ud_status_string(o[3].status), "Compare Failure");
	cr_assert_eq(ud_write_zeroes(d.q, d.ns, 1, 1, 0, outcome_done, &o[4]), 0);
	cr_assert_eq(outcome_wait(&d, &o[4]), 0);
	cr_assert_eq(driver_read(&d, d.buf, 1, 1), 0);
	for (i = 0; i < 512; i++)
		cr_assert_eq(d.buf[i], 0);
	/* More than 65,536 blocks is more than one command. */
	cr_assert_eq(ud_write_zeroes(d.q, d.ns, 0, 131072, 0, outcome_done, &o[5]), 0);
	cr_assert_eq(outcome_wait(&d, &o[5]), 0);
	for (i = 0; i < 256; i++)
		ranges[i] = (struct nvme_dsm_range){.nlb = 2, .slba = i * 4};
	cr_assert_eq(ud_deallocate(d.q, d.ns, ranges, 256, outcome_done, &o[6]), 0);
	cr_assert_eq(ud_deallocate(d.q, d.ns, ranges, 256, outcome_done, &o[7]), -EAGAIN);
	cr_assert_eq(outcome_wait(&d, &o[6]), 0);
	cr_assert_eq(ud_deallocate(d.q, d.ns, ranges, 3, outcome_done, &o[7]), 0);
	cr_assert_eq(outcome_wait(&d, &o[7]), 0);
	ranges[0].slba = d.ns->nblocks;
	cr_assert_eq(ud_deallocate(d.q, d.ns, ranges, 1, outcome_done, &o[7]), -EINVAL);
	ud_soft_get_stats(d.soft, &stats);
	cr_expect_eq(stats.fua_writes, 1);
	cr_expect_eq(stats.flushes, 1);
	cr_expect_eq(stats.write_zeroes, 3);
	cr_expect_eq(stats.deallocates, 2);
	driver_close(&d);
}

Test(io, uses_several_namespaces_by_several_queue_pairs)
{
	struct ud_qpair *q[3];
	struct outcome o[4] = {{0}};
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.config.nnamespaces = 2;
	d.config.namespaces[1] = (struct ud_soft_namespace){500, 4096};
	driver_open(&d);
	cr_assert_eq(ud_ctrlr_info(d.ctrlr)->nns, 2);
	for (i = 0; i < 3; i++)
		cr_assert_eq(ud_qpair_create(d.ctrlr, &d.queue, &q[i]), 0);
	cr_assert_eq(ud_qpair_create(d.ctrlr, &d.queue, &q[0]), -ENOSPC);
	for (i = 0; i < 3; i++) {
		fill_pattern(d.buf + i * 4096, 4096, i);
		cr_assert_eq(ud_write(q[i], ud_ctrlr_ns(d.ctrlr, 1), d.buf + i * 4096, i, 1, 0,
				      outcome_done, &o[i]),
			     0);
	}
	for (i = 0; i < 3; i++) {
		cr_assert_eq(ud_qpair_drain(q[i], SECOND_NS), 0);
		cr_assert_eq(o[i].ncalls, 1);
		cr_assert_eq(o[i].error, 0);
	}
	cr_assert_eq(ud_read(d.q, ud_ctrlr_find_ns(d.ctrlr, 2), d.buf + 65536, 0, 3, 0,
			     outcome_done, &o[3]),
		     0);
	cr_assert_eq(outcome_wait(&d, &o[3]), 0);
	for (i = 0; i < 3; i++)
		cr_expect(is_pattern(d.buf + 65536 + i * 4096, 4096, i));
	cr_assert_eq(driver_read(&d, d.buf, 0, 8), 0);
	cr_expect_eq(d.buf[0], 0); /* the other namespace has nothing of it */
	for (i = 0; i < 3; i++)
		cr_assert_eq(ud_qpair_destroy(q[i]), 0);
	driver_close(&d);
}

Test(io, rings_twice_for_each_io_at_depth_1)
{
	struct ud_qpair_stats stats;
	struct driver d;
	uint32_t i;

	driver_init(&d);
	driver_open(&d);
	for (i = 0; i < 500; i++)
		cr_assert_eq(driver_read(&d, d.buf, i, 8), 0);
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(stats.completions, 500);
	cr_expect_leq(stats.sq_doorbells + stats.cq_doorbells, 1000);
	driver_close(&d);
}

Test(io, rings_twice_for_each_burst_of_32)
{
	struct outcome o = {0};
	struct ud_qpair_stats stats;
	struct driver d;
	uint32_t burst, i;

	driver_init(&d);
	driver_open(&d);
	for (burst = 0; burst < 100; burst++) {
		for (i = 0; i < 32; i++)
			cr_assert_eq(ud_read(d.q, d.ns, d.buf, i, 8, 0, outcome_done, &o), 0);
		ud_qpair_ring(d.q);
		ud_soft_step(d.soft);
		cr_assert_eq(ud_qpair_process(d.q, 0), 32);
	}
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_eq(stats.completions, 3200);
	cr_expect_lt((stats.sq_doorbells + stats.cq_doorbells) * 4, stats.completions);
	driver_close(&d);
}

Test(io, works_with_shadow_doorbells)
{
	struct ud_qpair_stats stats;
	struct driver d;
	uint32_t i;

	driver_init(&d);
	d.config.shadow_doorbells = true;
	d.options.shadow_doorbells = true;
	d.queue.nentries = 7;
	driver_open(&d);
	cr_assert(ud_ctrlr_info(d.ctrlr)->shadow_doorbells);
	for (i = 0; i < 300; i++) {
		fill_pattern(d.buf, 512, i);
		cr_assert_eq(driver_write(&d, d.buf, i, 1), 0);
		cr_assert_eq(driver_read(&d, d.buf + 4096, i, 1), 0);
		cr_assert(is_pattern(d.buf + 4096, 512, i));
	}
	ud_qpair_get_stats(d.q, &stats);
	cr_expect_leq(stats.sq_doorbells + stats.cq_doorbells, 1200);
	cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
	(void)ud_qpair_process(d.q, 0);
	cr_assert_eq(driver_read(&d, d.buf, 0, 1), 0);
	driver_close(&d);
}
