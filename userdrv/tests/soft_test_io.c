// SPDX-License-Identifier: MIT
/* I/O commands of the model: data, PRPs, the DMA fence, queues that wrap. */
#include "soft_raw.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct raw raw;
static struct raw_queue q;

static void open_with(const struct ud_soft_config *config)
{
	raw_open(&raw, config);
	raw_queue_create(&raw, &q, 1, 8, -1);
}

static void set_up(void)
{
	open_with(NULL);
}

static void tear_down(void)
{
	raw_close(&raw);
}

TestSuite(soft_io, .init = set_up, .fini = tear_down);
TestSuite(soft_io_configured, .fini = tear_down);

static void pattern(uint8_t *data, size_t nbytes, unsigned int seed)
{
	for (size_t i = 0; i < nbytes; i++)
		data[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

Test(soft_io, what_is_written_is_read_back)
{
	uint8_t expected[8192];

	pattern(expected, sizeof(expected), 1);
	memcpy(raw.buffer.vaddr, expected, sizeof(expected));
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE, 100, 16)), 0);
	memset(raw.buffer.vaddr, 0, sizeof(expected));
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 100, 16)), 0);
	cr_assert_arr_eq(raw.buffer.vaddr, expected, sizeof(expected));
	cr_assert_arr_eq((uint8_t *)ud_soft_data(raw.t, 1, NULL) + 51200, expected, 8192);
}

Test(soft_io_configured, namespaces_of_both_formats_are_separate)
{
	struct ud_soft_config config;
	struct nvme_sqe sqe;

	ud_soft_config_init(&config);
	config.nnamespaces = 2;
	config.namespaces[1] = (struct ud_soft_namespace){.nblocks = 16, .block_nbytes = 4096};
	open_with(&config);
	memset(raw.buffer.vaddr, 0x55, 4096);
	sqe = raw_rw(&raw, NVME_NVM_WRITE, 15, 1);
	sqe.nsid = 2;
	cr_assert_eq(raw_status(&q, sqe), 0);
	cr_assert_eq(((uint8_t *)ud_soft_data(raw.t, 2, NULL))[15 * 4096 + 4095], 0x55);
	cr_assert_eq(((uint8_t *)ud_soft_data(raw.t, 1, NULL))[15 * 512], 0);
	sqe.cdw10 = 16;
	cr_assert_eq(raw_status(&q, sqe), NVME_SC_LBA_RANGE);
}

Test(soft_io_configured, without_backing_reads_give_zeros)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.backing = UD_SOFT_NONE;
	config.namespaces[0].nblocks = 1ull << 40;
	open_with(&config);
	memset(raw.buffer.vaddr, 0x55, 4096);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE, 1ull << 39, 8)), 0);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 1ull << 39, 8)), 0);
	cr_assert_eq(raw.buffer.vaddr[0] | raw.buffer.vaddr[4095], 0);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_COMPARE, 0, 8)), 0);
}

Test(soft_io, ranges_beyond_the_namespace_and_beyond_mdts_are_refused)
{
	struct nvme_sqe sqe = raw_rw(&raw, NVME_NVM_READ, 131071, 2);

	cr_assert_eq(raw_status(&q, sqe), NVME_SC_LBA_RANGE);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, UINT64_MAX, 2)), NVME_SC_LBA_RANGE);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 257)), NVME_SC_INVALID_FIELD);
	sqe.nsid = 2;
	cr_assert_eq(raw_status(&q, sqe), NVME_SC_INVALID_NSID);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, 0x42, 0, 1)), NVME_SC_INVALID_OPCODE);
}

Test(soft_io, compare_tells_equal_from_different)
{
	pattern(raw.buffer.vaddr, 4096, 3);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE, 0, 8)), 0);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_COMPARE, 0, 8)), 0);
	raw.buffer.vaddr[4095] ^= 1;
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_COMPARE, 0, 8)),
		     NVME_SCT_MEDIA << 8 | NVME_SC_COMPARE_FAILURE);
}

Test(soft_io, write_zeroes_and_deallocate_leave_zeros)
{
	uint8_t *data = ud_soft_data(raw.t, 1, NULL);
	struct nvme_dsm_range range = {.nlb = 2, .slba = 20};
	struct nvme_sqe dsm = {
		.opc = NVME_NVM_DATASET_MANAGEMENT,
		.nsid = 1,
		.prp1 = raw.buffer.iova,
		.cdw11 = NVME_DSM_DEALLOCATE,
	};

	memset(data, 0x55, 65536);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE_ZEROES, 10, 2)), 0);
	cr_assert(data[10 * 512 - 1] && !data[10 * 512] && !data[12 * 512 - 1] && data[12 * 512]);
	memcpy(raw.buffer.vaddr, &range, sizeof(range));
	cr_assert_eq(raw_status(&q, dsm), 0);
	cr_assert(data[20 * 512 - 1] && !data[20 * 512] && !data[22 * 512 - 1] && data[22 * 512]);
	range.slba = 131071;
	memcpy(raw.buffer.vaddr, &range, sizeof(range));
	cr_assert_eq(raw_status(&q, dsm), NVME_SC_LBA_RANGE);
}

Test(soft_io_configured, optional_commands_that_are_not_offered_are_refused)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.oncs = 0;
	open_with(&config);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_COMPARE, 0, 1)), NVME_SC_INVALID_OPCODE);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_WRITE_ZEROES, 0, 1)),
		     NVME_SC_INVALID_OPCODE);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_DATASET_MANAGEMENT, 0, 1)),
		     NVME_SC_INVALID_OPCODE);
}

Test(soft_io, flushes_and_fua_are_counted)
{
	struct nvme_sqe fua = raw_rw(&raw, NVME_NVM_WRITE, 0, 1);

	fua.cdw12 |= NVME_RW_FUA;
	cr_assert_eq(raw_status(&q, fua), 0);
	cr_assert_eq(raw_status(&q, (struct nvme_sqe){.opc = NVME_NVM_FLUSH, .nsid = 1}), 0);
	cr_assert_eq(raw_status(&q, (struct nvme_sqe){.opc = NVME_NVM_FLUSH, .nsid = 0xffffffff}),
		     0);
	cr_assert_eq(raw_stats(&raw).fua_writes, 1);
	cr_assert_eq(raw_stats(&raw).flushes, 2);
}

/* PRP cases [4.3]; pages are numbers of pages of the buffer, lists begin at offset list_at. */
struct prp_case {
	const char *name;
	size_t offset; /* of the data in the first page */
	uint32_t nblocks;
	size_t list_at;     /* in the memory for lists; 0: no list is used */
	size_t prp2_offset; /* added to PRP 2 */
	unsigned int expected;
};

static const struct prp_case prp_cases[] = {
	{"one page", 0, 8, 0, 0, 0},
	{"part of a page at an offset", 512, 7, 0, 0, 0},
	{"two pages", 0, 16, 0, 0, 0},
	{"one page of data over two pages", 2048, 8, 0, 0, 0},
	{"an offset that is a multiple of 4 only", 4, 8, 0, 0, 0},
	{"an odd offset", 2, 8, 0, 0, NVME_SC_PRP_OFFSET},
	{"second page with an offset", 0, 16, 0, 512, NVME_SC_PRP_OFFSET},
	{"a list of two", 0, 24, 4096, 0, 0},
	{"a list, data at an offset", 1024, 256, 4096, 0, 0},
	{"a list that begins inside a page", 0, 256, 4096 + 256, 0, 0},
	{"a list that ends at the page's end", 0, 256, 8192 - 31 * 8, 0, 0},
	{"a list chained after the first entry", 0, 256, 8192 - 2 * 8, 0, 0},
	{"a list whose first entry is a chain", 0, 256, 8192 - 8, 0, 0},
	{"a list at an address that isn't a multiple of 8", 0, 24, 4096, 4, NVME_SC_PRP_OFFSET},
};

/* Pages of data in an order that no contiguous access could get right. */
static uint64_t page_iova(size_t i)
{
	return raw.buffer.iova + ((i * 37 + 5) % 64) * 4096;
}

static uint8_t *data_at(size_t offset)
{
	return raw.buffer.vaddr + (page_iova(offset / 4096) - raw.buffer.iova) + offset % 4096;
}

static void list_write(size_t at, size_t npages)
{
	for (size_t i = 0; i < npages; i++) {
		bool chain = at % 4096 == 4088 && i + 1 < npages;
		uint64_t next = at / 4096 * 4096 + 8192, entry;

		entry = chain ? raw.lists.iova + next : page_iova(1 + i);
		memcpy(raw.lists.vaddr + at, &entry, 8);
		at += 8;
		if (chain) {
			at = next;
			i--;
		}
	}
}

static void prp_case_run(const struct prp_case *p)
{
	size_t nbytes = (size_t)p->nblocks * 512;
	size_t npages = (p->offset + nbytes + 4095) / 4096;
	struct nvme_sqe sqe = raw_rw(&raw, NVME_NVM_READ, 0, p->nblocks);
	const uint8_t *disk = ud_soft_data(raw.t, 1, NULL);
	uint64_t faults = ud_soft_dma_faults(raw.t);

	memset(raw.buffer.vaddr, 0, RAW_BUFFER_NBYTES);
	sqe.prp1 = page_iova(0) + p->offset;
	sqe.prp2 = 0xdead000; /* not to be looked at when one page is enough */
	if (p->list_at) {
		list_write(p->list_at, npages - 1);
		sqe.prp2 = raw.lists.iova + p->list_at + p->prp2_offset;
	} else if (npages == 2) {
		sqe.prp2 = page_iova(1) + p->prp2_offset;
	}
	cr_assert_eq(raw_status(&q, sqe), p->expected, "%s", p->name);
	cr_assert_eq(ud_soft_dma_faults(raw.t) - faults, p->expected ? 1 : 0, "%s", p->name);
	for (size_t i = 0; !p->expected && i < nbytes; i++)
		cr_assert_eq(*data_at(p->offset + i), disk[i], "%s: byte %zu", p->name, i);
}

Test(soft_io, prps_follow_the_rules_of_the_specification)
{
	pattern(ud_soft_data(raw.t, 1, NULL), 256 * 512, 9);
	for (size_t i = 0; i < sizeof(prp_cases) / sizeof(prp_cases[0]); i++)
		prp_case_run(&prp_cases[i]);
}

Test(soft_io, the_device_cannot_touch_what_is_not_mapped)
{
	struct nvme_sqe sqe = raw_rw(&raw, NVME_NVM_READ, 0, 1);
	struct ud_soft_dma_fault fault;

	sqe.prp1 = (uint64_t)(uintptr_t)raw.buffer.vaddr; /* a virtual address is no IOVA */
	cr_assert_eq(raw_status(&q, sqe), NVME_SC_DATA_TRANSFER);
	sqe.prp1 = raw.buffer.iova + RAW_BUFFER_NBYTES; /* one page too far */
	cr_assert_eq(raw_status(&q, sqe), NVME_SC_DATA_TRANSFER);
	cr_assert_eq(ud_soft_dma_faults(raw.t), 2);
	cr_assert_eq(ud_soft_dma_fault(raw.t, 1, &fault), 0);
	cr_assert_eq(fault.reason, UD_SOFT_DMA_UNMAPPED);
	cr_assert_eq(fault.iova, sqe.prp1);
	cr_assert_eq(fault.cid, q.cid);
	cr_assert_eq(fault.sqid, 1);
	cr_assert(fault.write);
	cr_assert_eq(ud_soft_dma_fault(raw.t, 2, &fault), -ENOENT);
}

Test(soft_io_configured, memory_taken_back_while_a_read_is_under_way_is_not_written)
{
	struct ud_soft_config config;
	struct ud_soft_dma_fault fault;
	struct raw_memory memory;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;

	ud_soft_config_init(&config);
	config.latency.ns = 10000;
	open_with(&config);
	memory = raw_memory(&raw, 4096);
	memory.vaddr[0] = 0x55;
	sqe = raw_rw(&raw, NVME_NVM_READ, 0, 1);
	sqe.prp1 = memory.iova;
	raw_submit(&q, sqe);
	raw_ring(&q);
	cr_assert_eq(raw.t->ops->dma_unmap(raw.t, memory.iova, 4096), 0);
	cr_assert(raw_wait(&q, &cqe, 100000));
	cr_assert_eq(cqe.status >> 1 & 0x7ff, NVME_SC_DATA_TRANSFER);
	cr_assert_eq(memory.vaddr[0], 0x55);
	cr_assert_eq(ud_soft_dma_fault(raw.t, 0, &fault), 0);
	cr_assert_eq(fault.reason, UD_SOFT_DMA_STALE);
}

Test(soft_io, a_queue_whose_memory_is_taken_back_is_fatal)
{
	cr_assert_eq(raw.t->ops->dma_unmap(raw.t, q.sq.iova, q.sq.nbytes), 0);
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert(raw_read(&raw, NVME_REG_CSTS) & NVME_CSTS_CFS);
	cr_assert_eq(ud_soft_dma_faults(raw.t), 1);
}

Test(soft_io, mapping_refuses_what_an_iommu_refuses)
{
	const struct ud_transport_ops *ops = raw.t->ops;
	uint64_t iova;

	cr_assert_eq(ops->dma_map(raw.t, raw.buffer.vaddr + 8, 4096, &iova), -EINVAL);
	cr_assert_eq(ops->dma_map(raw.t, raw.buffer.vaddr, 100, &iova), -EINVAL);
	cr_assert_eq(ops->dma_map(raw.t, raw.buffer.vaddr, 0, &iova), -EINVAL);
	cr_assert_eq(ops->dma_unmap(raw.t, raw.buffer.iova, 4096), -EINVAL, "only a part");
	cr_assert_eq(ops->dma_unmap(raw.t, 0x1000, 4096), -EINVAL);
}

Test(soft_io_configured, mappings_end_at_the_limit_and_at_the_last_address)
{
	struct ud_soft_config config;
	struct raw_memory memory;
	uint64_t iova;

	ud_soft_config_init(&config);
	config.iova_adjacent = true;
	config.iova_last = config.iova_first + RAW_BUFFER_NBYTES + (16 + 3) * 4096 - 1;
	config.mapping_limit = 4;
	raw_create(&raw, &config);
	memory = raw_memory(&raw, 2 * 4096);
	cr_assert_eq(raw.t->ops->dma_map(raw.t, memory.vaddr, 2 * 4096, &iova), -ENOSPC);
	cr_assert_eq(raw.t->ops->dma_map(raw.t, memory.vaddr, 4096, &iova), 0);
	cr_assert_eq(raw.t->ops->dma_unmap(raw.t, memory.iova, 2 * 4096), 0);
	cr_assert_eq(raw.t->ops->dma_map(raw.t, memory.vaddr, 4096, &iova), 0, "the hole is used");
	cr_assert_eq(iova, memory.iova);
	cr_assert_eq(raw.t->ops->dma_map(raw.t, memory.vaddr, 4096, &iova), -ENOSPC, "the limit");
}

Test(soft_io, the_phase_bit_turns_each_time_the_queue_wraps)
{
	for (int i = 0; i < 100; i++)
		cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1)), 0);
	cr_assert_eq(raw_stats(&raw).reads, 100);
	cr_assert_eq(q.phase, 100 / 8 % 2 == 0);
}

Test(soft_io, a_full_completion_queue_holds_completions_back)
{
	struct raw_queue small;
	struct nvme_sqe create = {
		.opc = NVME_ADMIN_CREATE_CQ, .cdw10 = 1u << 16 | 2, .cdw11 = NVME_QUEUE_CONTIGUOUS};
	struct nvme_cqe cqe;
	int n = 0;

	raw_queue_memory(&raw, &small, 2, 8);
	create.prp1 = small.cq.iova;
	cr_assert_eq(raw_status(&raw.admin, create), 0);
	create = (struct nvme_sqe){.opc = NVME_ADMIN_CREATE_SQ,
				   .prp1 = small.sq.iova,
				   .cdw10 = 7u << 16 | 2,
				   .cdw11 = NVME_QUEUE_CONTIGUOUS | NVME_SQ_CQID(2)};
	cr_assert_eq(raw_status(&raw.admin, create), 0);
	for (int i = 0; i < 7; i++)
		raw_submit(&small, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&small);
	cr_assert_eq(raw_stats(&raw).outstanding, 6, "a queue of two holds one");
	small.nentries = 2; /* from here only the completion queue is used */
	while (raw_poll(&small, &cqe))
		n++;
	cr_assert_eq(n, 7);
}

Test(soft_io, the_same_identifier_twice_is_refused)
{
	struct nvme_cqe cqe;

	ud_soft_add_fault(raw.t, &(struct ud_soft_fault){.kind = UD_SOFT_FAULT_STUCK, .sqid = 1});
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	q.cid--;
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	raw_ring(&q);
	cr_assert(raw_poll(&q, &cqe));
	cr_assert_eq(cqe.status >> 1 & 0x7ff, NVME_SC_CID_CONFLICT);
}

Test(soft_io_configured, shadow_doorbells_need_a_ring_only_past_the_event_index)
{
	struct ud_soft_config config;
	volatile uint32_t *tail, *event;
	struct nvme_cqe cqe;

	ud_soft_config_init(&config);
	config.shadow_doorbells = true;
	open_with(&config);
	cr_assert_eq(raw_status(&raw.admin, (struct nvme_sqe){.opc = NVME_ADMIN_DOORBELL_BUFFER,
							      .prp1 = raw.lists.iova,
							      .prp2 = raw.lists.iova + 4096}),
		     0);
	tail = (volatile uint32_t *)(void *)raw.lists.vaddr + 2;
	event = (volatile uint32_t *)(void *)(raw.lists.vaddr + 4096) + 2;
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	*tail = 1;
	ud_soft_step(raw.t);
	cr_assert_not(raw_poll(&q, &cqe), "the event index was passed, and nobody rang");
	raw_ring(&q);
	cr_assert(raw_poll(&q, &cqe));
	cr_assert_eq(*event, 1);
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	*tail = 2;
	raw_write(&raw, NVME_REG_DB + 8, 2);
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	*tail = 3; /* not past the event index since the last ring: needs none */
	ud_soft_step(raw.t);
	cr_assert(raw_poll(&q, &cqe) && raw_poll(&q, &cqe));
	cr_assert_eq(*event, 3);
	*event = 7; /* as a device does that will look by itself for a while */
	raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
	*tail = 4;
	ud_soft_step(raw.t);
	cr_assert(raw_poll(&q, &cqe));
}

Test(soft_io_configured, a_stride_of_doorbells_is_kept_to)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.dstrd = 10;
	open_with(&config);
	cr_assert_eq(raw_status(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1)), 0);
	cr_assert_eq(raw_stats(&raw).bad_doorbells, 0);
	cr_assert_geq(raw.t->bar_nbytes, 0x1000 + 2 * 5 * 4096);
}

Test(soft_io, addresses_for_the_device_are_not_virtual_and_leave_gaps)
{
	struct raw_memory first = raw_memory(&raw, 4096), second = raw_memory(&raw, 4096);

	cr_assert_neq(first.iova, (uint64_t)(uintptr_t)first.vaddr);
	cr_assert_geq(second.iova, first.iova + 2 * 4096);
	cr_assert_eq(second.iova % 4096, 0);
}

/* Shortest and longest of 1000 reads, one after the other. */
static void latencies(const struct ud_soft_latency *latency, uint64_t *shortest, uint64_t *longest)
{
	struct ud_soft_config config;
	struct nvme_cqe cqe;

	ud_soft_config_init(&config);
	config.latency = *latency;
	open_with(&config);
	*shortest = UINT64_MAX;
	*longest = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t begin = ud_soft_now(raw.t), ns;

		raw_submit(&q, raw_rw(&raw, NVME_NVM_READ, 0, 1));
		raw_ring(&q);
		while (!raw_poll(&q, &cqe))
			ud_soft_advance(raw.t, ud_soft_next(raw.t) - ud_soft_now(raw.t));
		ns = ud_soft_now(raw.t) - begin;
		*shortest = ns < *shortest ? ns : *shortest;
		*longest = ns > *longest ? ns : *longest;
	}
}

Test(soft_io_configured, latencies_follow_the_model_exactly_in_virtual_time)
{
	struct ud_soft_latency latency = {.kind = UD_SOFT_LATENCY_FIXED, .ns = 10000};
	uint64_t shortest, longest;

	latencies(&latency, &shortest, &longest);
	cr_assert(shortest == 10000 && longest == 10000);
	raw_close(&raw);
	latency.kind = UD_SOFT_LATENCY_UNIFORM;
	latency.max_ns = 20000;
	latencies(&latency, &shortest, &longest);
	cr_assert(shortest >= 10000 && shortest < 10100 && longest > 19900 && longest <= 20000);
	raw_close(&raw);
	latency.kind = UD_SOFT_LATENCY_LONG_TAIL;
	latency.max_ns = 1000000;
	latency.tail_per_10000 = 1000;
	latencies(&latency, &shortest, &longest);
	cr_assert(shortest == 10000 && longest > 100000 && longest <= 1000000);
}
