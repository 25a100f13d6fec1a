/* SPDX-License-Identifier: MIT */
/* A part of check.c: everything at once, by chance. */
#ifndef CHECK_PLANS_H
#define CHECK_PLANS_H

#include <errno.h>

#include "faulty.h"

#define NPLANS 1000u
#define NIOS   60u

static void configure_plan(unsigned int seed)
{
	ud_soft_config_init(&config);
	config.seed = seed;
	config.mdts = 1 + seed % 4;
	config.ready_timeout = 1;
	config.latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 1000, 100000, 0};
	config.random_faults = (struct ud_soft_random_faults){
		.per_10000 = seed % 5 ? 500 : 2000,
		.kinds = (1u << UD_SOFT_FAULT_KINDS) - 2,
		.limit = 1 + seed % 20,
		.max_delay_ns = 100 * MS,
		.admin = seed % 3 == 0,
	};
}

/* Of any size; what is refused may not be called back. */
static void submit_planned(unsigned int seed, unsigned int i, uint64_t random)
{
	uint32_t nblocks = random % 8 ? 1 + (random >> 8) % 16 : 1 + (random >> 8) % 500;
	int err = -EAGAIN;

	for (unsigned int tries = 0; err == -EAGAIN; tries++) {
		if ((random >> 32) & 1)
			err = ud_read(queue, namespace, memory.vaddr, (random >> 40) % 1000,
				      nblocks, 0, done, (void *)(uintptr_t)i);
		else
			err = ud_write(queue, namespace, memory.vaddr, (random >> 40) % 1000,
				       nblocks, UD_FUA, done, (void *)(uintptr_t)i);
		if (err == -EAGAIN)
			pass(1);
		LAB_EXPECT(tries < 5000, "a full queue has room again, or the controller is dead",
			   "plan %u: for 5 s I/O %u was refused", seed, i);
	}
	if (err)
		ncalls[i]++;
}

/* False: the faults kept the controller from coming up. */
static bool run_plan(unsigned int seed)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1;

	configure_plan(seed);
	queue_entries = 2 + seed % 40;
	if (try_to_open())
		return false;
	for (unsigned int i = 0; i < NIOS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		submit_planned(seed, i, random);
	}
	/* The others end when the queue pair is destroyed. */
	for (unsigned int ms = 0; seed % 2 && ud_qpair_outstanding(queue) && ms < 5000; ms++)
		pass(1);
	LAB_EXPECT(seed % 2 == 0 || !ud_qpair_outstanding(queue),
		   "whatever the controller does, after a while nothing is outstanding",
		   "plan %u: 5 s later %u commands are", seed, ud_qpair_outstanding(queue));
	close_driver();
	for (unsigned int i = 0; i < NIOS; i++)
		LAB_EXPECT(ncalls[i] == 1, "each I/O ends exactly once",
			   "plan %u: I/O %u ended %u times", seed, i, ncalls[i]);
	return true;
}

static void check_plans(void)
{
	unsigned int nup = 0;

	ud_soft_config_init(&config);
	lab_step("no fault at all");
	open_driver();
	close_driver();
	for (unsigned int seed = 1; seed <= NPLANS; seed++) {
		lab_step("fault plan %u: %u reads and writes", seed, NIOS);
		nup += run_plan(seed);
	}
	LAB_EXPECT(nup > NPLANS / 2, "under most plans the controller comes up", "%u of %u times",
		   nup, NPLANS);
}

#endif
