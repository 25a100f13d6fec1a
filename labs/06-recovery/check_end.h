/* SPDX-License-Identifier: MIT */
/* A part of check.c: how the owner ends requests. */
#ifndef CHECK_END_H
#define CHECK_END_H

#include <errno.h>
#include <inttypes.h>

#include "faulty.h"

/* ---- drain ---- */

static unsigned int state_in_callback[NIOS_MAX];
static bool die_in_callback;

static void done_and_look(void *arg, int error, uint16_t status, uint32_t result)
{
	size_t i = (size_t)(uintptr_t)arg;

	state_in_callback[i] = queue->stopped;
	/* As the controller's thread does it, at any time. */
	if (die_in_callback && i == 2)
		(void)ud_ctrlr_die(ctrlr);
	done(arg, error, status, result);
}

/* 8 reads, of which the third was late when the controller was reset. */
static void reset_with_a_late_read(void)
{
	open_driver();
	lab_step("8 reads, the third is lost and late; the controller is reset");
	plan(UD_SOFT_FAULT_LOST, 1, 0, 0);
	callback = done_and_look;
	submit_reads(2, 1);
	callback = done;
	pass(IO_TIMEOUT_MS + 20);
	callback = done_and_look;
	submit_reads(0, 2);
	submit_reads(3, 5);
	callback = done;
	ud_qpair_ring(queue);
	ud_soft_step(soft);
	if (ud_ctrlr_reset(ctrlr))
		lab_broken("the model can't be reset");
}

static void expect_drained(void)
{
	int n = ud_qpair_process(queue, 0);

	LAB_EXPECT(n == 8, "process returns how many it has ended", "%d instead of 8", n);
	expect_all(0, 2, -ECANCELED);
	expect_all(2, 1, -ETIMEDOUT);
	expect_all(3, 5, -ECANCELED);
	for (unsigned int i = 0; i < 8; i++)
		LAB_EXPECT(state_in_callback[i] == UD_DOWN || die_in_callback,
			   "while there are requests to end the queue pair isn't handed back",
			   "in the callback of read %u its state was %u", i, state_in_callback[i]);
}

static void expect_dead(void)
{
	int n;

	open_driver();
	lab_step("8 reads; the device is unplugged");
	submit_reads(0, 8);
	ud_qpair_ring(queue);
	ud_soft_set_gone(soft);
	(void)ud_ctrlr_process(ctrlr);
	n = ud_qpair_process(queue, 0);
	expect_all(0, 8, -ENODEV);
	LAB_EXPECT(n == 8, "process returns how many it has ended", "%d instead of 8", n);
	n = ud_qpair_process(queue, 0);
	LAB_EXPECT(n == -ENODEV, "a dead queue pair with nothing outstanding is -ENODEV", "%d", n);
	close_driver();
}

static void check_drain(void)
{
	ud_soft_config_init(&config);
	config.latency.ns = 50 * MS;
	reset_with_a_late_read();
	expect_drained();
	LAB_EXPECT(queue->sq_tail == 0 && queue->cq_head == 0 && queue->phase == 1,
		   "both rings begin anew, as the controller's do", "tail %u, head %u, phase %u",
		   queue->sq_tail, queue->cq_head, queue->phase);
	LAB_EXPECT(queue->stopped == UD_RUNNING,
		   "what the owner has drained is created again by the controller's thread",
		   "its state is %u", queue->stopped);
	lab_step("a read after that");
	submit_reads(8, 1);
	pass(70);
	expect_all(8, 1, 0);
	close_driver();
	die_in_callback = true;
	reset_with_a_late_read();
	lab_step("while the owner ends them the controller dies");
	expect_drained();
	LAB_EXPECT(queue->stopped == UD_DEAD, "what has died meanwhile stays dead",
		   "its state is %u", queue->stopped);
	close_driver();
	die_in_callback = false;
	expect_dead();
}

/* ---- once ---- */

static unsigned int nsubmitted, nto_submit;
static uint32_t outstanding_in_callback;

static uint8_t pattern(unsigned int block, size_t byte)
{
	return (uint8_t)((block * BLOCK_NBYTES + byte) * 2654435761u >> 13);
}

static void submit_next(void)
{
	int err;

	memset((uint8_t *)memory.vaddr + nsubmitted * BLOCK_NBYTES, 0xee, BLOCK_NBYTES);
	err = submit_read(queue, nsubmitted);
	LAB_EXPECT(!err, "when its callback is called a request is free, and can be used again",
		   "in the callback of a read, read %u: %s", nsubmitted, strerror(-err));
	nsubmitted++;
}

/* The next read has the request of the one that has just ended. */
static void done_and_next(void *arg, int error, uint16_t status, uint32_t result)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;
	const uint8_t *buffer = (uint8_t *)memory.vaddr + i * BLOCK_NBYTES;

	done(arg, error, status, result);
	for (size_t b = 0; b < BLOCK_NBYTES; b++)
		LAB_EXPECT(buffer[b] == pattern(i, b),
			   "a read has its data when it ends: it was ended by its own completion",
			   "read %u, byte %zu is 0x%02x instead of 0x%02x", i, b, buffer[b],
			   pattern(i, b));
	outstanding_in_callback = queue->outstanding;
	if (nsubmitted < nto_submit)
		submit_next();
}

static void fill_medium(void)
{
	uint8_t *medium = ud_soft_data(soft, 1, NULL);

	for (unsigned int i = 0; i < NIOS_MAX; i++) {
		for (size_t b = 0; b < BLOCK_NBYTES; b++)
			medium[i * BLOCK_NBYTES + b] = pattern(i, b);
	}
}

static void expect_no_duplicates(void)
{
	const struct ud_soft_fault twice = {.kind = UD_SOFT_FAULT_DUPLICATE, .sqid = 1, .every = 1};

	open_driver();
	fill_medium();
	lab_step("100 reads, the next from the callback of the last; each is completed twice");
	if (ud_soft_add_fault(soft, &twice))
		lab_broken("the model takes no fault");
	callback = done_and_next;
	nsubmitted = 0;
	nto_submit = 100;
	submit_next();
	pass(700);
	expect_all(0, 100, 0);
	LAB_EXPECT(queue_stats().bad_completions >= 99, "the second completion of each is nobody's",
		   "%" PRIu64 " were found", queue_stats().bad_completions);
	LAB_EXPECT(outstanding_in_callback == 0,
		   "in its callback a request isn't outstanding any more", "%u are",
		   outstanding_in_callback);
	callback = done;
	close_driver();
}

/* Identifiers have 16 bits: with one request they come round after 32,768 uses. */
static void expect_identifiers_that_come_round(void)
{
	open_driver();
	lab_step("40,000 reads through one request");
	for (unsigned int i = 0; i < 40000; i++) {
		ncalls[0] = 0;
		submit_reads(0, 1);
		for (unsigned int tries = 0; !ncalls[0] && tries < 10; tries++) {
			(void)ud_qpair_process(queue, 0);
			ud_soft_step(soft);
		}
		LAB_EXPECT(ncalls[0] == 1, "each read ends exactly once", "read %u ended %u times",
			   i, ncalls[0]);
		LAB_EXPECT(!(queue->requests[0].tag & UD_TAG_LIVE),
			   "a request that has ended isn't live", "after read %u its tag is 0x%x",
			   i, queue->requests[0].tag);
	}
	lab_step("a reset, when nothing is outstanding");
	(void)ud_ctrlr_reset(ctrlr);
	(void)ud_qpair_process(queue, 0);
	LAB_EXPECT(ncalls[0] == 1, "what has ended doesn't end again", "it ended %u times",
		   ncalls[0]);
	close_driver();
}

static void check_once(void)
{
	ud_soft_config_init(&config);
	queue_entries = 2;
	config.latency.ns = 5 * MS;
	expect_no_duplicates();
	config.latency.ns = 0;
	expect_identifiers_that_come_round();
}

#endif
