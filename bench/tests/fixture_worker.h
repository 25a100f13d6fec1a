/* SPDX-License-Identifier: MIT */
/* The measuring loop on a file of a few blocks, and a device in memory below it. */
#ifndef BYPASS_FIXTURE_WORKER_H
#define BYPASS_FIXTURE_WORKER_H

#include "core/worker.h"

#define LOOP_BS      4096u
#define LOOP_NBLOCKS 64u
#define DEVICE_DEPTH 8u

extern struct worker_fixture {
	struct clock clock;
	struct workload workload;
	struct target target;
	struct worker worker;
} loop;

/* Criterion's init and fini: on the clock of nanoseconds, reading at random, and no path yet. */
void loop_set_up(void);
void loop_tear_down(void);
/* Begins anew, on @ops, with the workload as it is now; the seed is always the same. */
void loop_use(const struct path_ops *ops);
void loop_pass(uint64_t ios);
void loop_pass_of_ticks(uint64_t ticks);
/* What a read leaves in its buffer: the block of @offset. */
void loop_fill(void *buffer, uint64_t offset);
void loop_each_block_once(const unsigned int *seen);

/* A device that answers in an order of its own. */
extern struct worker_device {
	struct path_io *queue[DEVICE_DEPTH];
	unsigned int n, most;                    /* in flight; the most that ever were */
	unsigned int starts, ends, looks, waits; /* waits: looks with a minimum */
	unsigned int largest_min, wrong, gives;
	unsigned int seen[LOOP_NBLOCKS];
	unsigned int vain, vain_left; /* so many looks find nothing after each that found some */
	unsigned int one_by_one;
	unsigned int fail_start_at, fail_end_at, break_at, interrupt_at, refuse_at;
	unsigned int starts_at_failure;
	unsigned int rounds, ends_at_start; /* rounds: starts that came right after an end */
	uint64_t nap_ns;                    /* a look takes so long */
	bool spins;                         /* ... and says that it was looking in vain */
	bool damage;
	struct random random;
} device;

extern const struct path_ops device_sleeping, device_polled;

int device_start(struct path_job *job, struct path_io *io);
int device_reap(struct path_job *job, unsigned int min);
/* The loop begins anew on the device, which is as new. */
void device_use(const struct path_ops *ops, enum run_clock kind, unsigned int iodepth);
/* Whatever happened: nothing is left in flight, and nothing was done that must not be. */
void device_all_came_back(void);

#endif
