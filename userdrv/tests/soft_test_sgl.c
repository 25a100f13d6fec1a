// SPDX-License-Identifier: MIT
/* The model's SGLs [4.4]: what it takes, and by which name it refuses the rest. */
#include <criterion/criterion.h>
#include <string.h>

#include "soft_raw.h"

#define SEGMENT      0x20u
#define LAST_SEGMENT 0x30u

static struct raw raw;
static struct raw_queue q;

static void open_model(bool offered)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.sgl = offered;
	raw_open(&raw, &config);
	raw_queue_create(&raw, &q, 1, 64, -1);
	memset(raw.buffer.vaddr, 0x5a, 65536);
}

/* A descriptor as the two halves of 8 bytes that it has in a command. */
struct halves {
	uint64_t address, rest;
};

static struct halves descriptor(uint64_t address, uint32_t nbytes, unsigned int type)
{
	return (struct halves){address, nbytes | (uint64_t)type << 56};
}

static struct nvme_sqe command(struct halves d, uint32_t nblocks)
{
	struct nvme_sqe sqe = raw_rw(&raw, NVME_NVM_WRITE, 0, nblocks);

	sqe.flags = NVME_SQE_SGL;
	sqe.prp1 = d.address;
	sqe.prp2 = d.rest;
	return sqe;
}

/* Status of a write of @nblocks whose data are what the @n descriptors at @list say. */
static unsigned int write_list(const struct halves *list, unsigned int n, unsigned int type,
			       uint32_t nblocks)
{
	memcpy(raw.lists.vaddr, list, n * sizeof(*list));
	return raw_status(&q, command(descriptor(raw.lists.iova, n * 16, type), nblocks));
}

Test(soft_sgl, is_refused_where_it_is_not_offered)
{
	open_model(false);
	cr_expect_eq(raw_status(&q, command(descriptor(raw.buffer.iova, 512, 0), 1)),
		     NVME_SC_INVALID_FIELD);
}

Test(soft_sgl, of_one_block_is_as_long_as_the_data)
{
	open_model(true);
	cr_expect_eq(raw_status(&q, command(descriptor(raw.buffer.iova + 4, 65536, 0), 128)), 0);
	cr_expect_eq(((uint8_t *)ud_soft_data(raw.t, 1, NULL))[65530], 0x5a);
	cr_expect_eq(raw_status(&q, command(descriptor(raw.buffer.iova, 512, 0), 2)), 0x0f);
	cr_expect_eq(raw_status(&q, command(descriptor(raw.buffer.iova, 1024, 0), 1)), 0x0f);
	cr_expect_eq(raw_stats(&raw).sgl_commands, 1);
	cr_expect_eq(raw_stats(&raw).dma_faults, 0);
}

Test(soft_sgl, meets_the_iommu_at_each_page)
{
	open_model(true);
	cr_expect_eq(raw_status(&q, command(descriptor(raw.buffer.iova + RAW_BUFFER_NBYTES - 4096,
						       8192, 0),
					    16)),
		     NVME_SC_DATA_TRANSFER);
	cr_expect_eq(raw_stats(&raw).dma_faults, 1);
}

Test(soft_sgl, may_be_a_list_of_segments)
{
	uint64_t at;

	open_model(true);
	at = raw.buffer.iova;
	const struct halves two[] = {descriptor(at + 8192, 512, 0), descriptor(at, 512, 0)};
	const struct halves chain[] = {descriptor(at, 512, 0),
				       descriptor(raw.lists.iova + 32, 16, LAST_SEGMENT),
				       descriptor(at + 512, 512, 0)};

	memset(raw.buffer.vaddr + 8192, 0x11, 512);
	cr_expect_eq(write_list(two, 2, LAST_SEGMENT, 2), 0);
	cr_expect_eq(((uint8_t *)ud_soft_data(raw.t, 1, NULL))[0], 0x11);
	cr_expect_eq(((uint8_t *)ud_soft_data(raw.t, 1, NULL))[512], 0x5a);
	memcpy(raw.lists.vaddr, chain, sizeof(chain));
	cr_expect_eq(raw_status(&q, command(descriptor(raw.lists.iova, 32, SEGMENT), 2)), 0);
	cr_expect_eq(write_list(two, 2, SEGMENT, 2), 0x0d, "the last, but not called so");
	cr_expect_eq(write_list(chain, 2, LAST_SEGMENT, 2), 0x0d, "called the last, but isn't");
	cr_expect_eq(write_list(two, 2, 0x10, 2), 0x11, "a bit bucket for a write");
}

Test(soft_sgl, that_leads_back_into_itself_ends)
{
	open_model(true);
	const struct halves circle = descriptor(raw.lists.iova, 16, SEGMENT);

	cr_expect_eq(write_list(&circle, 1, SEGMENT, 1), 0x0e);
}
