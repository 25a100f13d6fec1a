// SPDX-License-Identifier: MIT
/* The checks of lab 4: the student's queues and PRPs, against the controller model. */
#ifndef UD_RECORD /* as lab.ini says of the student's code */
#define UD_RECORD
#endif
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/check.h"
#include "userdrv/src/queue.h"
#include "userdrv/soft/ud_soft.h"

#define BUFFER_NBYTES ((size_t)1 << 20)
#define ENTRIES       8u

static struct ud_soft_config config;
static struct ud_transport *soft;
static struct ud_ctrlr *ctrlr;
static struct ud_qpair *queue;
static struct ud_ns *namespace;
static struct ud_dma memory;
static unsigned int ncalls[1024];
static int errors[1024];

/* What the student's queue.c did, in order (userdrv/src/mmio.h). */
static bool barrier_since_doorbell;
static unsigned long doorbells, doorbells_without_barrier;
static const volatile uint32_t *sq_doorbell;

void ud_record(enum ud_record_kind kind, const volatile void *address, uint64_t value)
{
	(void)value;
	if (kind == UD_RECORD_DMA_WMB || kind == UD_RECORD_FULL_MB)
		barrier_since_doorbell = true;
	if (kind != UD_RECORD_MMIO_WRITE || address != sq_doorbell)
		return;
	doorbells++;
	doorbells_without_barrier += !barrier_since_doorbell;
	barrier_since_doorbell = false;
}

static void open_controller(uint32_t entries)
{
	struct ud_ctrlr_options options;
	struct ud_qpair_options queue_options;
	int err;

	config.now_step_ns = 1000;
	ud_ctrlr_options_init(&options);
	options.admin_timeout_ms = 500;
	options.io_timeout_ms = 100;
	options.abort_timeout_ms = 50;
	ud_qpair_options_init(&queue_options);
	queue_options.nentries = entries;
	lab_step("a controller model, a queue pair of %u entries", entries);
	err = ud_soft_create(&config, &soft);
	if (!err)
		err = ud_ctrlr_open(soft, &options, &ctrlr);
	LAB_EXPECT(!err, "the controller comes up: its admin queue works by the same code",
		   "ud_ctrlr_open: %s", strerror(-err));
	namespace = ud_ctrlr_ns(ctrlr, 0);
	err = ud_qpair_create(ctrlr, &queue_options, &queue);
	LAB_EXPECT(!err && namespace, "the queue pair is created", "ud_qpair_create: %s",
		   strerror(-err));
	err = ud_dma_alloc(ctrlr, BUFFER_NBYTES, UD_NODE_ANY, &memory);
	if (err)
		lab_broken("no memory for I/O: %s", strerror(-err));
	sq_doorbell = queue->sq_doorbell;
}

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	size_t i = (size_t)(uintptr_t)arg;

	(void)status, (void)result;
	ncalls[i]++;
	errors[i] = error;
}

/* Polls until @n callbacks have come in all, or nothing more comes. */
static void wait_for_calls(size_t first, size_t n)
{
	for (unsigned int tries = 0; tries < 20000; tries++) {
		size_t called = 0;

		for (size_t i = first; i < first + n; i++)
			called += ncalls[i] > 0;
		if (called == n)
			return;
		(void)ud_qpair_process(queue, 0);
		ud_soft_step(soft);
	}
	lab_wrong("each command that was submitted ends", "one of %zu never did", n);
}

static int transfer(bool write, void *buffer, uint64_t slba, uint32_t nblocks)
{
	int err;

	ncalls[0] = 0;
	err = write ? ud_write(queue, namespace, buffer, slba, nblocks, 0, done, NULL)
		    : ud_read(queue, namespace, buffer, slba, nblocks, 0, done, NULL);
	if (err)
		return err;
	wait_for_calls(0, 1);
	return errors[0];
}

static void expect_no_dma_fault(const char *what)
{
	struct ud_soft_dma_fault fault;

	if (!ud_soft_dma_faults(soft) || ud_soft_dma_fault(soft, 0, &fault))
		return;
	lab_wrong("the controller reaches mapped memory only, at addresses that PRPs may have",
		  "%s: it went to I/O address 0x%" PRIx64 ", %" PRIu64 " bytes, which is %s", what,
		  fault.iova, fault.nbytes,
		  fault.reason == UD_SOFT_DMA_MISALIGNED ? "not the begin of a page"
							 : "mapped to nothing");
}

/* Writes and reads back through a buffer at @offset, and looks at what the medium has. */
static void round_trip(size_t offset, uint32_t nblocks)
{
	uint32_t block = namespace->block_nbytes;
	size_t nbytes = (size_t)nblocks * block;
	uint8_t *buffer = (uint8_t *)memory.vaddr + offset;
	const uint8_t *medium = ud_soft_data(soft, 1, NULL);
	char what[80];
	int err;

	snprintf(what, sizeof(what), "%zu bytes at offset %zu of a page", nbytes, offset % 4096);
	lab_step("write %s", what);
	for (size_t i = 0; i < nbytes; i++)
		buffer[i] = (uint8_t)((i + offset) * 2654435761u >> 13);
	err = transfer(true, buffer, 64, nblocks);
	expect_no_dma_fault(what);
	LAB_EXPECT(!err, "the command succeeds", "%s: %s", what, strerror(-err));
	for (size_t i = 0; i < nbytes; i++)
		LAB_EXPECT(medium[64 * block + i] == buffer[i],
			   "the medium has the bytes of the buffer, each in its place",
			   "%s: byte %zu is 0x%02x instead of 0x%02x", what, i,
			   medium[64 * block + i], buffer[i]);
	lab_step("read it back");
	memset(buffer, 0, nbytes);
	err = transfer(false, buffer, 64, nblocks);
	expect_no_dma_fault(what);
	LAB_EXPECT(!err && memcmp(buffer, medium + 64 * block, nbytes) == 0,
		   "the buffer has the medium's bytes", "%s: they differ (%s)", what,
		   strerror(-err));
}

static void check_list(void)
{
	ud_soft_config_init(&config);
	open_controller(ENTRIES);
	/* Whole pages, from three on: then there is a list, and nothing else is special. */
	for (uint32_t npages = 3; npages <= 32; npages++)
		round_trip(0, npages * 8);
	lab_step("a buffer that isn't mapped beyond its first page");
	{
		static uint8_t outside[16384] __attribute__((aligned(4096)));
		int err = ud_read(queue, namespace, outside, 0, 24, 0, done, NULL);

		LAB_EXPECT(err == -EFAULT, "memory that isn't mapped is refused with -EFAULT", "%d",
			   err);
	}
}

static void check_prp(void)
{
	static const uint32_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 24, 64, 255, 256};
	static const size_t offsets[] = {0, 4, 512, 2048, 3584, 4092};

	ud_soft_config_init(&config);
	open_controller(ENTRIES);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++)
			round_trip(8192 + offsets[j], lengths[i]);
	}
}

static void check_order(void)
{
	ud_soft_config_init(&config);
	open_controller(ENTRIES);
	doorbells = doorbells_without_barrier = 0;
	barrier_since_doorbell = false;
	for (unsigned int i = 0; i < 20; i++) {
		lab_step("read block %u", i);
		transfer(false, memory.vaddr, i, 1);
	}
	LAB_EXPECT(doorbells >= 20, "each read rings the submission doorbell",
		   "%lu doorbells for 20 reads", doorbells);
	LAB_EXPECT(!doorbells_without_barrier,
		   "between writing a command and ringing its doorbell stands dma_wmb(); on some "
		   "processors the controller would otherwise fetch what was there before",
		   "%lu of %lu doorbells had none before them", doorbells_without_barrier,
		   doorbells);
}

/* More in flight than fit the ring, in any order, many times around. */
static void check_reap(void)
{
	unsigned int submitted = 0;

	ud_soft_config_init(&config);
	config.random_faults =
		(struct ud_soft_random_faults){.per_10000 = 3000,
					       .kinds = UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_REORDER),
					       .max_delay_ns = 5000};
	open_controller(ENTRIES);
	lab_step("1,000 reads, up to 7 in flight, which end in any order");
	while (submitted < 1000) {
		int err = ud_read(queue, namespace,
				  (uint8_t *)memory.vaddr + (submitted % 128) * 4096, submitted, 1,
				  0, done, (void *)(uintptr_t)submitted);

		if (!err) {
			submitted++;
			continue;
		}
		LAB_EXPECT(err == -EAGAIN, "a full queue says -EAGAIN", "%s", strerror(-err));
		for (unsigned int tries = 0; ud_qpair_process(queue, 3) == 0; tries++) {
			ud_soft_step(soft);
			LAB_EXPECT(tries < 20000, "something in a full queue ends",
				   "after %u reads nothing ended any more", submitted);
		}
	}
	wait_for_calls(0, 1000);
	for (unsigned int i = 0; i < 1000; i++) {
		LAB_EXPECT(ncalls[i] == 1, "each read ends once", "read %u ended %u times", i,
			   ncalls[i]);
		LAB_EXPECT(errors[i] == 0, "each read succeeds", "read %u: %s", i,
			   strerror(-errors[i]));
	}
	lab_step("three reads are done; at most one completion is asked for");
	for (unsigned int i = 1000; i < 1003; i++)
		(void)ud_read(queue, namespace, memory.vaddr, 0, 1, 0, done, (void *)(uintptr_t)i);
	ud_qpair_ring(queue);
	for (unsigned int i = 0; i < 100; i++)
		ud_soft_step(soft);
	{
		int n = ud_qpair_process(queue, 1);

		LAB_EXPECT(n == 1, "no more than max completions are taken", "%d", n);
	}
	wait_for_calls(1000, 3);
	lab_step("a read that the controller fails");
	{
		const struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STATUS,
						    .sqid = UD_SOFT_ANY_QUEUE,
						    .status = 0x0281, /* unrecovered read error */
						    .nth = ud_soft_commands(soft, 1)};
		int err = ud_soft_add_fault(soft, &fault);

		if (err)
			lab_broken("the model takes no fault: %s", strerror(-err));
		err = transfer(false, memory.vaddr, 0, 1);
		LAB_EXPECT(err == -EIO, "its callback gets -EIO", "%d", err);
	}
}

static void check_strangers(void)
{
	struct ud_qpair_stats stats;

	ud_soft_config_init(&config);
	config.random_faults =
		(struct ud_soft_random_faults){.per_10000 = 2500,
					       .kinds = UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_DUPLICATE) |
							UD_SOFT_FAULT_BIT(UD_SOFT_FAULT_SPURIOUS)};
	open_controller(64);
	lab_step("500 reads; the controller completes some twice, and some that never were");
	for (unsigned int i = 0; i < 500; i++) {
		while (ud_read(queue, namespace, memory.vaddr, i, 1, 0, done,
			       (void *)(uintptr_t)i) == -EAGAIN) {
			ud_soft_step(soft);
			(void)ud_qpair_process(queue, 0);
		}
	}
	wait_for_calls(0, 500);
	for (unsigned int i = 0; i < 500; i++)
		LAB_EXPECT(ncalls[i] == 1, "each read ends once, whatever the controller says",
			   "read %u ended %u times", i, ncalls[i]);
	ud_qpair_get_stats(queue, &stats);
	LAB_EXPECT(stats.bad_completions > 0,
		   "completions that belong to no command are counted in stats.bad_completions",
		   "0 were counted");
}

static void check_again(void)
{
	ud_soft_config_init(&config);
	open_controller(ENTRIES);
	/* Entries of both phases lie in the ring. */
	for (unsigned int i = 0; i < 2 * ENTRIES - 3; i++)
		transfer(false, memory.vaddr, i, 1);
	lab_step("%u reads, then the queue begins anew as after a reset", 2 * ENTRIES - 3);
	ud_qpair_rewind(queue);
	LAB_EXPECT(queue->sq_tail == 0 && queue->cq_head == 0 && queue->sq_rung == 0,
		   "both rings begin at entry 0", "tail %u, head %u", queue->sq_tail,
		   queue->cq_head);
	LAB_EXPECT(queue->phase == 1, "the first round of a new queue has phase 1 [4.6]", "%u",
		   queue->phase);
	for (unsigned int i = 0; i < queue->nentries; i++)
		LAB_EXPECT((queue->cq[i].status & 1) != 1,
			   "no entry of the completion queue has the phase of a new one",
			   "entry %u has", i);
	{
		int n = ud_qpair_process(queue, 0);

		LAB_EXPECT(n == 0, "nothing has ended, for nothing was submitted", "%d", n);
	}
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"list", check_list},
		{"prp", check_prp},
		{"order", check_order},
		{"reap", check_reap},
		{"strangers", check_strangers},
		{"again", check_again},
		{NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
