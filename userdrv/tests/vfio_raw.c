// SPDX-License-Identifier: MIT
/*
 * The vfio transport alone, without the driver: registers, DMA, an Identify by hand, an interrupt.
 * Usage, in the testbed: vfio_raw PCI-ADDRESS (bound to vfio-pci)
 */
#include "../include/userdrv.h"
#include "../src/transport.h"
#include "vfio_check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define ENTRIES    4u
#define ASQ_OFFSET 0u
#define ACQ_OFFSET 4096u
#define ID_OFFSET  8192u
#define NBYTES     (2u << 20)
#define LIMIT_MS   5000u

struct raw {
	struct checks checks;
	struct ud_transport *transport;
	unsigned char *memory;
	uint64_t iova;
};

static volatile uint32_t *reg32(const struct raw *raw, size_t offset)
{
	return (volatile uint32_t *)((volatile char *)raw->transport->bar + offset);
}

static uint64_t read64(const struct raw *raw, size_t offset)
{
	return *reg32(raw, offset) | (uint64_t)*reg32(raw, offset + 4) << 32;
}

static void write64(const struct raw *raw, size_t offset, uint64_t value)
{
	*reg32(raw, offset) = (uint32_t)value;
	*reg32(raw, offset + 4) = (uint32_t)(value >> 32);
}

static bool becomes_ready(const struct raw *raw, uint32_t ready)
{
	for (unsigned int ms = 0; ms < LIMIT_MS; ms++) {
		if ((*reg32(raw, NVME_REG_CSTS) & NVME_CSTS_RDY) == ready)
			return true;
		raw->transport->ops->wait(raw->transport, 1000000);
	}
	return false;
}

static bool map_memory(struct raw *raw)
{
	raw->memory =
		mmap(NULL, NBYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return raw->memory != MAP_FAILED &&
	       !raw->transport->ops->dma_map(raw->transport, raw->memory, NBYTES, &raw->iova);
}

/* [7.6.1], the steps of initialisation. */
static bool enable(struct raw *raw)
{
	*reg32(raw, NVME_REG_CC) = 0;
	if (!becomes_ready(raw, 0))
		return false;
	*reg32(raw, NVME_REG_AQA) = (ENTRIES - 1) << 16 | (ENTRIES - 1);
	write64(raw, NVME_REG_ASQ, raw->iova + ASQ_OFFSET);
	write64(raw, NVME_REG_ACQ, raw->iova + ACQ_OFFSET);
	*reg32(raw, NVME_REG_CC) = NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4) | NVME_CC_EN;
	return becomes_ready(raw, NVME_CSTS_RDY);
}

static void submit_identify(struct raw *raw, uint16_t cid, uint64_t data)
{
	struct nvme_sqe *sqe = (struct nvme_sqe *)(raw->memory + ASQ_OFFSET) + cid % ENTRIES;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opc = NVME_ADMIN_IDENTIFY;
	sqe->cid = cid;
	sqe->prp1 = data;
	sqe->cdw10 = NVME_CNS_CONTROLLER;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* the entry before its doorbell */
	*reg32(raw, NVME_REG_DB) = (cid + 1) % ENTRIES;
}

/* The status field of command @cid's completion, or -1 when none came. */
static int completion_status(struct raw *raw, uint16_t cid)
{
	volatile struct nvme_cqe *cqe =
		(volatile struct nvme_cqe *)(raw->memory + ACQ_OFFSET) + cid % ENTRIES;

	for (unsigned int ms = 0; ms < LIMIT_MS; ms++) {
		if (cqe->status & NVME_CQE_PHASE)
			return cqe->cid == cid ? cqe->status >> 1 : -1;
		raw->transport->ops->wait(raw->transport, 1000000);
	}
	return -1;
}

/*
 * Before the controller is enabled: QEMU 7.2 drops the interrupts of a completion queue, the admin
 * queue too, that was created while MSI-X was off.
 */
static void test_arming(struct raw *raw)
{
	struct ud_transport *t = raw->transport;
	int fd = -1, again = -1;

	check(&raw->checks, !t->ops->vector_fd(t, 0, &fd) && fd >= 0, "vector 0 can be armed");
	check(&raw->checks, !t->ops->vector_fd(t, 0, &again) && again == fd,
	      "armed twice, it has the same eventfd");
	check(&raw->checks, t->ops->vector_fd(t, t->nvectors, &fd) == -EINVAL,
	      "a vector that the device doesn't have is refused");
}

static void test_identify(struct raw *raw)
{
	const struct nvme_identify_controller *id = (void *)(raw->memory + ID_OFFSET);
	struct ud_transport *t = raw->transport;

	submit_identify(raw, 0, raw->iova + ID_OFFSET);
	check(&raw->checks, completion_status(raw, 0) == 0, "Identify by polling completes well");
	check(&raw->checks, id->sqes == 0x66 && id->nn > 0,
	      "the identify data are in memory that was mapped");
	printf("        serial %.20s, model %.40s, %u vectors\n", id->sn, id->mn, t->nvectors);

	check(&raw->checks, t->ops->wait_vector(t, 0, LIMIT_MS * 1000000ull) == 1,
	      "its completion fired the eventfd of vector 0");
	submit_identify(raw, 1, raw->iova + ID_OFFSET);
	check(&raw->checks, t->ops->wait_vector(t, 0, LIMIT_MS * 1000000ull) == 1,
	      "a sleeping thread is woken by a completion");
	check(&raw->checks, completion_status(raw, 1) == 0, "Identify by interrupt completes well");
	check(&raw->checks, t->ops->wait_vector(t, 0, 1000000) == 0,
	      "the signal was consumed: the next wait times out");

	/* QEMU reports success all the same; vfio-testbed.sh looks for the IOMMU's own message. */
	submit_identify(raw, 2, 0);
	check(&raw->checks, t->ops->wait_vector(t, 0, LIMIT_MS * 1000000ull) == 1,
	      "a command with address 0, which is never mapped, ends too");
}

static void on_alarm(int number)
{
	(void)number;
}

static void test_interrupted_wait(struct raw *raw)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct ud_transport *t = raw->transport;
	uint64_t start, passed;
	int result;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	start = t->ops->now_ns(t);
	result = t->ops->wait_vector(t, 0, 200000000);
	passed = t->ops->now_ns(t) - start;
	setitimer(ITIMER_REAL, &never, NULL);
	check(&raw->checks, result == 0 && passed >= 200000000 && passed < 2000000000,
	      "a wait interrupted by signals every 5 ms lasts its 200 ms");
}

/* As many mappings as the kernel allows (dma_entry_limit), each of one page of the same memory. */
static void test_mapping_limit(struct raw *raw, unsigned int limit)
{
	struct ud_transport *t = raw->transport;
	uint64_t *iova = calloc(limit + 1, sizeof(*iova));
	unsigned int count = 0;
	bool right = true;
	int err = 0;

	if (!iova)
		exit(1);
	while (count <= limit) {
		err = t->ops->dma_map(t, raw->memory, 4096, &iova[count]);
		if (err)
			break;
		right = right && iova[count] % 4096 == 0 && iova[count] >> 20 != 0xfee;
		count++;
	}
	check(&raw->checks, right && err == -ENOSPC && count == limit - 1,
	      "mappings beyond the kernel's limit are refused with -ENOSPC");
	printf("        %u of %u pages were mapped\n", count, limit);
	err = 0;
	while (count)
		err = err ? err : t->ops->dma_unmap(t, iova[--count], 4096);
	check(&raw->checks,
	      !err && !t->ops->dma_map(t, raw->memory, 4096, iova) &&
		      !t->ops->dma_unmap(t, iova[0], 4096),
	      "after all were unmapped, one can be mapped again");
	free(iova);
}

static void test_mapping(struct raw *raw)
{
	struct ud_transport *t = raw->transport;
	uint64_t iova;

	check(&raw->checks, (raw->iova ^ (uintptr_t)raw->memory) % (2u << 20) == 0,
	      "2 MiB of memory have the same offset in a huge page for the device");
	check(&raw->checks,
	      t->ops->dma_map(t, raw->memory + 1, 4096, &iova) == -EINVAL &&
		      t->ops->dma_map(t, raw->memory, 100, &iova) == -EINVAL &&
		      t->ops->dma_map(t, raw->memory, 0, &iova) == -EINVAL,
	      "memory that isn't whole pages is refused with -EINVAL");
	check(&raw->checks, t->ops->dma_map(t, (void *)4096, 4096, &iova) < 0,
	      "an address where there is no memory is refused");
	check(&raw->checks, t->ops->dma_unmap(t, 0x7000000000, 4096) == -EINVAL,
	      "unmapping what isn't mapped is refused with -EINVAL");
}

int main(int argc, char **argv)
{
	struct raw raw = {0};
	char why[512] = "";
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: vfio_raw PCI-ADDRESS [MAPPING-LIMIT]\n");
		return 2;
	}
	err = ud_vfio_open(argv[1], &raw.transport, why, sizeof(why));
	if (err) {
		fprintf(stderr, "%s: %s\n", strerror(-err), why);
		return 1;
	}
	printf("        CAP 0x%016llx VS 0x%08x CSTS 0x%08x, BAR of %zu bytes, NUMA node %d\n",
	       (unsigned long long)read64(&raw, NVME_REG_CAP), *reg32(&raw, NVME_REG_VS),
	       *reg32(&raw, NVME_REG_CSTS), raw.transport->bar_nbytes, raw.transport->numa_node);
	check(&raw.checks, NVME_CAP_CSS(read64(&raw, NVME_REG_CAP)) & 1,
	      "the registers are mapped: CAP offers the NVM command set");
	test_arming(&raw);
	if (check(&raw.checks, map_memory(&raw), "2 MiB of memory are mapped for the device") &&
	    check(&raw.checks, enable(&raw), "the controller becomes ready after a reset")) {
		test_identify(&raw);
		test_interrupted_wait(&raw);
		test_mapping(&raw);
		if (argc > 2)
			test_mapping_limit(&raw, (unsigned int)atoi(argv[2]));
	}
	raw.transport->ops->close(raw.transport);
	return checks_end(&raw.checks);
}
