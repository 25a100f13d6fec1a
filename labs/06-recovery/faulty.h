/* SPDX-License-Identifier: MIT */
/*
 * What the checks of lab 6 stand on: the driver on a controller model that fails as planned, two
 * queue pairs, virtual time that passes in steps of a millisecond, and reads that count their ends.
 */
#ifndef FAULTY_H
#define FAULTY_H

#include <errno.h>
#include <string.h>

#include "engine/check.h"
#include "userdrv/soft/ud_soft.h"
#include "userdrv/src/controller.h"

#define MS               ((uint64_t)1000000)
#define IO_TIMEOUT_MS    100u
#define ABORT_TIMEOUT_MS 50u
#define ADMIN_TIMEOUT_MS 500u
#define NIOS_MAX         512u
#define BLOCK_NBYTES     512u

static struct ud_soft_config config;
static struct ud_transport *soft;
static struct ud_ctrlr *ctrlr;
static struct ud_qpair *queue, *other; /* queue 1, queue 2 */
static uint32_t queue_entries = 32;
static struct ud_ns *namespace;
static struct ud_dma memory;

/* ---- a model that tells of each wait, and may lie about the namespace's size ---- */

static struct ud_transport_ops model_ops, hooked_ops;
static void (*on_wait)(void);       /* before the driver lets time pass */
static uint64_t identified_nblocks; /* 0: the truth */

static void hooked_wait(struct ud_transport *t, uint64_t ns)
{
	if (on_wait)
		on_wait();
	model_ops.wait(t, ns);
}

static void say_size(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	(void)arg, (void)nsid;
	if (cns == NVME_CNS_NAMESPACE && identified_nblocks)
		((struct nvme_identify_namespace *)data)->nsze = identified_nblocks;
}

/* A register as the model has it. */
static inline uint32_t bar_read(uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)soft->bar + offset);
}

/* ---- reads that count their ends ---- */

static unsigned int ncalls[NIOS_MAX];
static int errors[NIOS_MAX];

static void done(void *arg, int error, uint16_t status, uint32_t result)
{
	size_t i = (size_t)(uintptr_t)arg;

	(void)status, (void)result;
	ncalls[i]++;
	errors[i] = error;
}

static ud_callback *callback = done;

/* Each read has its own block, and its own place in memory. */
static int submit_read(struct ud_qpair *to, unsigned int i)
{
	return ud_read(to, namespace, (uint8_t *)memory.vaddr + i * BLOCK_NBYTES, i, 1, 0, callback,
		       (void *)(uintptr_t)i);
}

static void submit_reads(unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++) {
		int err = submit_read(queue, i);

		LAB_EXPECT(!err, "a queue with room takes a read", "read %u: %s", i,
			   strerror(-err));
	}
}

/* Reads @first to @first + @n - 1 have ended once, with @error. */
static void expect_all(unsigned int first, unsigned int n, int error)
{
	for (unsigned int i = first; i < first + n; i++) {
		LAB_EXPECT(ncalls[i] == 1, "each read ends exactly once", "read %u ended %u times",
			   i, ncalls[i]);
		LAB_EXPECT(errors[i] == error, "it ends with the error that it met",
			   "read %u: %d (%s) instead of %d", i, errors[i], strerror(-errors[i]),
			   error);
	}
}

/* The same, but @one has met @error, and the others none. */
static inline void expect_one(unsigned int first, unsigned int n, unsigned int one, int error)
{
	for (unsigned int i = first; i < first + n; i++)
		expect_all(i, 1, i == one ? error : 0);
}

/* ---- the driver, its time, its faults ---- */

static inline void close_driver(void)
{
	(void)ud_qpair_destroy(queue);
	(void)ud_qpair_destroy(other);
	(void)ud_ctrlr_close(ctrlr);
}

/* As config says. Negative errno: the controller doesn't come up, and all is closed again. */
static inline int try_to_open(void)
{
	struct ud_qpair_options queue_options;
	struct ud_ctrlr_options options;
	int err;

	memset(ncalls, 0, sizeof(ncalls));
	memset(errors, 0, sizeof(errors));
	config.now_step_ns = 1000;
	config.on_identify = say_size;
	ud_ctrlr_options_init(&options);
	options.admin_timeout_ms = ADMIN_TIMEOUT_MS;
	options.io_timeout_ms = IO_TIMEOUT_MS;
	options.abort_timeout_ms = ABORT_TIMEOUT_MS;
	ud_qpair_options_init(&queue_options);
	queue_options.nentries = queue_entries;
	if (ud_soft_create(&config, &soft))
		lab_broken("there is no controller model");
	model_ops = *soft->ops;
	hooked_ops = model_ops;
	hooked_ops.wait = hooked_wait;
	soft->ops = &hooked_ops;
	err = ud_ctrlr_open(soft, &options, &ctrlr);
	if (err)
		return err;
	queue = other = NULL;
	namespace = ud_ctrlr_ns(ctrlr, 0);
	err = namespace ? ud_qpair_create(ctrlr, &queue_options, &queue) : -ENODEV;
	if (!err)
		err = ud_qpair_create(ctrlr, &queue_options, &other);
	if (!err)
		err = ud_dma_alloc(ctrlr, NIOS_MAX * BLOCK_NBYTES, UD_NODE_ANY, &memory);
	if (err)
		close_driver();
	return err;
}

static inline void open_driver(void)
{
	int err = try_to_open();

	LAB_EXPECT(!err, "the controller comes up: its admin commands end by the same code",
		   "it doesn't: %s", strerror(-err));
}

/* Lets @ms pass; after each the owner processes its queue pairs and looks at the clock. */
static inline void pass(unsigned int ms)
{
	for (; ms; ms--) {
		(void)ud_qpair_process(queue, 0);
		(void)ud_qpair_process(other, 0);
		ud_soft_advance(soft, MS);
		(void)ud_qpair_process(queue, 0);
		(void)ud_qpair_check(queue);
		(void)ud_qpair_process(other, 0);
		(void)ud_qpair_check(other);
	}
}

/* Command @nth of queue @sqid meets a fault. */
static inline void plan(enum ud_soft_fault_kind kind, uint16_t sqid, uint64_t nth, uint64_t delay)
{
	const struct ud_soft_fault fault = {
		.kind = kind, .sqid = sqid, .nth = nth, .delay_ns = delay};

	if (ud_soft_add_fault(soft, &fault))
		lab_broken("the model takes no fault");
}

/* From now on each admin command takes @ms. */
static inline void slow_admin(unsigned int ms)
{
	const struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_LATE,
					    .nth = ud_soft_commands(soft, 0),
					    .every = 1,
					    .delay_ns = ms * MS};

	if (ud_soft_add_fault(soft, &fault))
		lab_broken("the model takes no fault");
}

struct aborts {
	unsigned int n;   /* sent since the controller was last enabled */
	uint32_t dword10; /* of the last in the ring */
};

/* By what stands in the admin queue's ring, which doesn't wrap around in these checks. */
static inline struct aborts find_aborts(void)
{
	struct aborts aborts = {0};

	for (uint32_t i = 0; i < ctrlr->admin->nentries; i++) {
		if (ctrlr->admin->sq[i].opc != NVME_ADMIN_ABORT)
			continue;
		aborts.n++;
		aborts.dword10 = ctrlr->admin->sq[i].cdw10;
	}
	return aborts;
}

static inline struct ud_qpair_stats queue_stats(void)
{
	struct ud_qpair_stats stats;

	ud_qpair_get_stats(queue, &stats);
	return stats;
}

#endif
