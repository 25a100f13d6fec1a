// SPDX-License-Identifier: MIT
/* Every kind of I/O on a real or emulated device; see vfio_io.c. */
#include "vfio_io.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEPTH       32u
#define MOST_QPAIRS 8u

/* Sizes around what changes the shape of a PRP list: pages, the list's own page, MDTS. */
static bool sizes_are_right(struct io *io)
{
	static const uint32_t sizes[] = {4096,   8192,    12288,   65536,   524288,
					 528384, 1048576, 2097152, 2101248, 4194304};
	const uint32_t block_nbytes = io->ns->block_nbytes;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const uint64_t slba = 3 + i;
		const uint32_t nblocks = sizes[i] / block_nbytes;

		pattern_fill(io->dma.vaddr, sizes[i], i, slba * block_nbytes);
		if (io_write(io, slba, nblocks))
			return false;
		memset(io->dma.vaddr, 0, sizes[i]);
		if (io_read(io, slba, nblocks) ||
		    !pattern_holds(io->dma.vaddr, sizes[i], i, slba * block_nbytes))
			return false;
	}
	return true;
}

/* Buffers that begin in the middle of a page, up to and across a 2 MiB boundary. */
static bool offsets_are_right(struct io *io)
{
	static const uint32_t offsets[] = {512, 2048, 4092, (2u << 20) - 1024,
					   (4u << 20) - 65536 + 4};
	const uint32_t block_nbytes = io->ns->block_nbytes, nbytes = 262144;
	unsigned char *memory = io->dma.vaddr;

	for (unsigned int i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		unsigned char *buf = memory + offsets[i], *guard = buf + nbytes;
		const uint64_t slba = 100 + i;

		pattern_fill(memory, nbytes, i, slba * block_nbytes);
		if (io_write(io, slba, nbytes / block_nbytes))
			return false;
		memset(buf - 4, 0xa5, nbytes + 8);
		if (io_end(io, ud_read(io->qpair, io->ns, buf, slba, nbytes / block_nbytes, 0,
				       io_callback, io)))
			return false;
		if (buf[-1] != 0xa5 || guard[0] != 0xa5)
			return false;
		memmove(memory, buf, nbytes);
		if (!pattern_holds(memory, nbytes, i, slba * block_nbytes))
			return false;
	}
	return true;
}

static bool compare_is_right(struct io *io)
{
	pattern_fill(io->dma.vaddr, 65536, 5, 0);
	if (io_write(io, 0, 65536 / io->ns->block_nbytes))
		return false;
	if (io_end(io, ud_compare(io->qpair, io->ns, io->dma.vaddr, 0, 65536 / io->ns->block_nbytes,
				  io_callback, io)))
		return false;
	((char *)io->dma.vaddr)[40000] ^= 1;
	return io_end(io, ud_compare(io->qpair, io->ns, io->dma.vaddr, 0,
				     65536 / io->ns->block_nbytes, io_callback, io)) == -EIO &&
	       NVME_STATUS_SC(io->status) == NVME_SC_COMPARE_FAILURE;
}

static bool reads_zeros(struct io *io, uint64_t slba, uint32_t nblocks)
{
	const unsigned char *bytes = io->dma.vaddr;

	memset(io->dma.vaddr, 0xff, (size_t)nblocks * io->ns->block_nbytes);
	if (io_read(io, slba, nblocks))
		return false;
	for (size_t i = 0; i < (size_t)nblocks * io->ns->block_nbytes; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static bool write_zeroes_are_right(struct io *io)
{
	pattern_fill(io->dma.vaddr, 65536, 6, 0);
	return !io_write(io, 0, 65536 / io->ns->block_nbytes) &&
	       !io_end(io, ud_write_zeroes(io->qpair, io->ns, 1, 5, 0, io_callback, io)) &&
	       reads_zeros(io, 1, 5) && !io_read(io, 0, 1) &&
	       pattern_holds(io->dma.vaddr, io->ns->block_nbytes, 6, 0) && !io_read(io, 6, 1) &&
	       pattern_holds(io->dma.vaddr, io->ns->block_nbytes, 6, 6ull * io->ns->block_nbytes);
}

static bool deallocate_and_fua_are_right(struct io *io)
{
	const struct nvme_dsm_range ranges[] = {{0, 8, 256}, {0, 8, 1024}};

	pattern_fill(io->dma.vaddr, 65536, 7, 0);
	return !io_end(io, ud_deallocate(io->qpair, io->ns, ranges, 2, io_callback, io)) &&
	       !io_end(io,
		       ud_write(io->qpair, io->ns, io->dma.vaddr, 0, 8, UD_FUA, io_callback, io)) &&
	       !io_end(io, ud_flush(io->qpair, io->ns, io_callback, io)) && !io_read(io, 0, 8) &&
	       pattern_holds(io->dma.vaddr, 8ull * io->ns->block_nbytes, 7, 0);
}

static bool refusals_are_right(struct io *io)
{
	struct nvme_sqe beyond = {.opc = NVME_NVM_READ, .nsid = io->ns->nsid};
	static char stranger[8192] __attribute__((aligned(4096)));
	const uint64_t end = io->ns->nblocks;
	void *const buf = io->dma.vaddr;

	beyond.cdw10 = (uint32_t)end;
	beyond.cdw11 = (uint32_t)(end >> 32);
	return ud_read(io->qpair, io->ns, buf, end - 1, 2, 0, io_callback, io) == -EINVAL &&
	       ud_read(io->qpair, io->ns, buf, 0, 0, 0, io_callback, io) == -EINVAL &&
	       ud_read(io->qpair, io->ns, stranger, 0, 1, 0, io_callback, io) == -EFAULT &&
	       io_end(io, ud_raw(io->qpair, &beyond, buf, io->ns->block_nbytes, io_callback, io)) ==
		       -EIO &&
	       NVME_STATUS_SC(io->status) == NVME_SC_LBA_RANGE && !io_read(io, end - 1, 1);
}

/* Memory of the caller's own: ordinary pages, not huge ones. */
static bool registered_memory_is_right(struct io *io)
{
	const size_t nbytes = 3u << 20, used = 2u << 20;
	char *memory =
		mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool right;

	if (memory == MAP_FAILED || ud_dma_register(io->ctrlr, memory + 4096, used))
		return false;
	pattern_fill(memory + 4096, used, 8, 0);
	right = !io_end(io,
			ud_write(io->qpair, io->ns, memory + 4096, 0,
				 (uint32_t)(used / io->ns->block_nbytes), 0, io_callback, io)) &&
		!io_read(io, 0, (uint32_t)(used / io->ns->block_nbytes)) &&
		pattern_holds(io->dma.vaddr, used, 8, 0) &&
		!ud_dma_unregister(io->ctrlr, memory + 4096, used) &&
		ud_read(io->qpair, io->ns, memory + 4096, 0, 1, 0, io_callback, io) == -EFAULT;
	munmap(memory, nbytes);
	return right;
}

/* As -EAGAIN asks: process, until the queue pair has been set up again. */
static bool reset_is_right(struct io *io)
{
	const uint32_t nblocks = 4096 / io->ns->block_nbytes;
	int err = -EAGAIN;

	pattern_fill(io->dma.vaddr, 4096, 9, 0);
	if (io_write(io, 0, nblocks) || ud_ctrlr_reset(io->ctrlr))
		return false;
	memset(io->dma.vaddr, 0, 4096);
	for (unsigned int i = 0; i < 100 && err == -EAGAIN; i++) {
		ud_qpair_process(io->qpair, 0);
		err = ud_read(io->qpair, io->ns, io->dma.vaddr, 0, nblocks, 0, io_callback, io);
	}
	return !io_end(io, err) && pattern_holds(io->dma.vaddr, 4096, 9, 0);
}

/* ---- many at once ---- */

struct worker {
	struct io io;
	pthread_t thread;
	unsigned int number;
	unsigned int errors;
	bool right;
	int finished;
};

static void on_many(void *arg, int error, uint16_t status, uint32_t result)
{
	struct worker *worker = arg;

	(void)status;
	(void)result;
	worker->io.calls++;
	worker->errors += error != 0;
}

/* @count pages in one go, DEPTH of them outstanding; the queue pair's thread only. */
static bool move_many(struct worker *worker, bool write, unsigned int count)
{
	struct io *io = &worker->io;
	const uint32_t nblocks = 4096 / io->ns->block_nbytes;
	unsigned int submitted = 0;
	int err = 0;

	io->calls = 0;
	while (!err && io->calls < count) {
		while (!err && submitted < count && submitted - io->calls < DEPTH) {
			char *buf = (char *)io->dma.vaddr + (size_t)submitted * 4096;
			const uint64_t slba = (worker->number * 2048ull + submitted) * nblocks;

			err = write ? ud_write(io->qpair, io->ns, buf, slba, nblocks, 0, on_many,
					       worker)
				    : ud_read(io->qpair, io->ns, buf, slba, nblocks, 0, on_many,
					      worker);
			submitted += !err;
		}
		if (!err && ud_qpair_wait(io->qpair, IO_TIMEOUT_NS) <= 0)
			err = -ETIMEDOUT;
	}
	io->calls = 0;
	return !err && !worker->errors;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	const uint64_t position = worker->number * 2048ull * 4096;
	const size_t nbytes = 2048u * 4096;

	pattern_fill(worker->io.dma.vaddr, nbytes, worker->number, position);
	worker->right = move_many(worker, true, 2048);
	memset(worker->io.dma.vaddr, 0, nbytes);
	worker->right = worker->right && move_many(worker, false, 2048) &&
			pattern_holds(worker->io.dma.vaddr, nbytes, worker->number, position);
	__atomic_store_n(&worker->finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* One thread for each queue pair, this one for the controller: the header's thread rule. */
static bool many_are_right(struct ud_ctrlr *ctrlr, uint32_t nsid, enum ud_completion_mode mode,
			   unsigned int nqpairs)
{
	static struct worker workers[MOST_QPAIRS];
	bool right = nqpairs >= 1 && nqpairs <= MOST_QPAIRS;
	unsigned int started = 0;

	memset(workers, 0, sizeof(workers));
	while (right && started < nqpairs) {
		struct worker *worker = &workers[started];

		worker->number = started;
		right = !io_init(&worker->io, ctrlr, nsid, mode);
		started += right;
	}
	for (unsigned int i = 0; i < started; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	for (unsigned int i = 0; i < started; i++) {
		while (!__atomic_load_n(&workers[i].finished, __ATOMIC_ACQUIRE)) {
			ud_ctrlr_process(ctrlr);
			usleep(10000);
		}
		pthread_join(workers[i].thread, NULL);
	}
	for (unsigned int i = 0; i < started; i++) {
		right = right && workers[i].right;
		io_destroy(&workers[i].io);
	}
	return right;
}

void suite(struct checks *checks, struct ud_ctrlr *ctrlr, uint32_t nsid,
	   enum ud_completion_mode mode, unsigned int nqpairs)
{
	const struct ud_ctrlr_info *info = ud_ctrlr_info(ctrlr);
	struct io io;

	if (!check(checks, !io_init(&io, ctrlr, nsid, mode), "a queue pair and 8 MiB can be had"))
		return;
	printf("        blocks of %u bytes, MDTS %u, pages of %zu bytes%s%s\n", io.ns->block_nbytes,
	       info->max_transfer_nbytes, io.dma.page_nbytes, io.dma.notice ? ": " : "",
	       io.dma.notice ? io.dma.notice : "");
	check(checks, sizes_are_right(&io), "4 KiB to 4 MiB are read back as written");
	check(checks, offsets_are_right(&io), "a buffer may begin anywhere and cross 2 MiB");
	if (info->compare)
		check(checks, compare_is_right(&io), "compare tells equal from different");
	if (info->write_zeroes)
		check(checks, write_zeroes_are_right(&io), "write zeroes clears its blocks only");
	if (info->dataset_management)
		check(checks, deallocate_and_fua_are_right(&io), "deallocate, FUA and flush work");
	check(checks, refusals_are_right(&io), "bad requests are refused, and named by the device");
	check(checks, registered_memory_is_right(&io), "memory of the caller's own can be used");
	check(checks, reset_is_right(&io), "after a reset the queue pair works again");
	io_destroy(&io);
	check(checks, many_are_right(ctrlr, nsid, mode, nqpairs),
	      "2,048 I/Os on each queue pair, 32 at once, in threads of their own, are right");
}
